/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_SRC_LABELS_H
#define RUNTIME_SRC_LABELS_H
/* The header line that may stand before the flatbuffer; the public side of
 * labels is in wit/wit.h, the bytes are in docs/spec/model.md. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes in front of the flatbuffer, 0 where there is no header line; false
 * where one begins and does not end. */
bool wit_labels_header_size(const uint8_t *file, size_t size, size_t *header_size);
#endif
