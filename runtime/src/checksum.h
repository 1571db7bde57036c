/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_SRC_CHECKSUM_H
#define RUNTIME_SRC_CHECKSUM_H
/* CRC-32 (polynomial 0xEDB88320, as in zlib) in pieces:
 * wit_checksum_end(wit_checksum_add(WIT_CHECKSUM_BEGIN, data, size)). */
#include <stddef.h>
#include <stdint.h>

#define WIT_CHECKSUM_BEGIN 0xffffffffu

uint32_t wit_checksum_add(uint32_t checksum, const uint8_t *data, size_t size);
static inline uint32_t wit_checksum_end(uint32_t checksum) { return ~checksum; }
#endif
