/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_PROVENANCE_H
#define SERVER_CORE_PROVENANCE_H
/* What a device says about a capture: the map that stands before the content
 * in Content-Format 63 (docs/spec/wire.md 11). A pure function over bytes. */
#include <stddef.h>
#include <stdint.h>

#include "server/core/types.h"

/* The map and the head of the byte string behind it. More is refused: a device
 * that never ends its map is not waited for. */
#define SRV_PROVENANCE_HEAD_MAX 2048

#define SRV_PROVENANCE_MORE 1 /* all good so far, the head is not complete */

/* Reads the head of a sequence. SRV_OK: provenance, model_package,
 * model_version, heard, score_permille and device_time_us are filled,
 * *head_size bytes were the head, *content_size follow. SRV_ERR_INVALID, and
 * *reason says why. Reads it from its beginning each time. */
int srv_provenance_read(const uint8_t *data, size_t size, struct srv_capture *out,
                        size_t *head_size, uint64_t *content_size, const char **reason);
#endif
