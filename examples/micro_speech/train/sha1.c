/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/micro_speech/train/sha1.h"

#include <string.h>

static uint32_t rotate(uint32_t x, unsigned bits) { return x << bits | x >> (32 - bits); }

static void add_block(uint32_t state[5], const uint8_t block[64]) {
  uint32_t w[80], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
  for (size_t i = 0; i < 16; i++) {
    w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
           (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
  }
  for (size_t i = 16; i < 80; i++) {
    w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  }
  for (size_t i = 0; i < 80; i++) {
    uint32_t f, k;
    if (i < 20) {
      f = (b & c) | (~b & d), k = 0x5A827999;
    } else if (i < 40) {
      f = b ^ c ^ d, k = 0x6ED9EBA1;
    } else if (i < 60) {
      f = (b & c) | (b & d) | (c & d), k = 0x8F1BBCDC;
    } else {
      f = b ^ c ^ d, k = 0xCA62C1D6;
    }
    uint32_t next = rotate(a, 5) + f + e + k + w[i];
    e = d, d = c, c = rotate(b, 30), b = a, a = next;
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

void sha1(const void *data, size_t size, uint8_t digest[20]) {
  uint32_t state[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
  const uint8_t *bytes = data;
  size_t left = size;
  for (; left >= 64; left -= 64, bytes += 64) add_block(state, bytes);

  uint8_t tail[128] = {0};
  if (left > 0) memcpy(tail, bytes, left);
  tail[left] = 0x80;
  size_t tail_size = left < 56 ? 64 : 128;
  for (size_t i = 0; i < 8; i++) {
    tail[tail_size - 1 - i] = (uint8_t)((uint64_t)size * 8 >> (8 * i));
  }
  add_block(state, tail);
  if (tail_size == 128) add_block(state, tail + 64);
  for (size_t i = 0; i < 20; i++) digest[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}
