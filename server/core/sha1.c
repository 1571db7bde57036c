/* SPDX-License-Identifier: Apache-2.0 */
#include "server/core/sha1.h"

#include <assert.h>
#include <string.h>

#define BLOCK_SIZE 64

static uint32_t rotate(uint32_t value, unsigned bits) {
  return value << bits | value >> (32 - bits);
}

/* FIPS 180-4, 6.1.2. */
static void add_block(uint32_t state[5], const uint8_t *block) {
  uint32_t word[80];
  for (size_t i = 0; i < 16; i++) {
    const uint8_t *bytes = block + 4 * i;
    word[i] =
        (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
  }
  for (size_t i = 16; i < 80; i++) {
    word[i] = rotate(word[i - 3] ^ word[i - 8] ^ word[i - 14] ^ word[i - 16], 1);
  }
  static const uint32_t constant[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
  for (size_t i = 0; i < 80; i++) {
    uint32_t mix = i < 20              ? (b & c) | (~b & d)
                   : i >= 40 && i < 60 ? (b & c) | (b & d) | (c & d)
                                       : b ^ c ^ d;
    uint32_t next = rotate(a, 5) + mix + e + constant[i / 20] + word[i];
    e = d;
    d = c;
    c = rotate(b, 30);
    b = a;
    a = next;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
}

void srv_sha1(const void *data, size_t size, uint8_t digest[SRV_SHA1_SIZE]) {
  uint8_t padded[4 * BLOCK_SIZE] = {0};
  uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  assert(size <= SRV_SHA1_TEXT_MAX);
  memcpy(padded, data, size);
  padded[size] = 0x80;
  size_t end = (size + 1 + 8 + BLOCK_SIZE - 1) / BLOCK_SIZE * BLOCK_SIZE;
  padded[end - 2] = (uint8_t)(size * 8 >> 8);
  padded[end - 1] = (uint8_t)(size * 8);
  for (size_t i = 0; i < end; i += BLOCK_SIZE) add_block(state, padded + i);
  for (size_t i = 0; i < SRV_SHA1_SIZE; i++)
    digest[i] = (uint8_t)(state[i / 4] >> (24 - i % 4 * 8));
}
