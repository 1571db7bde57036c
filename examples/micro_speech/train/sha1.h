/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRAIN_SHA1_H
#define TRAIN_SHA1_H
#include <stddef.h>
#include <stdint.h>

/* SHA-1 (RFC 3174), only to split speakers the same way everywhere. */
void sha1(const void *data, size_t size, uint8_t digest[20]);
#endif
