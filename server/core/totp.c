/* SPDX-License-Identifier: Apache-2.0 */
#include "server/core/totp.h"

#include <assert.h>
#include <string.h>

#include "server/core/sha1.h"

#define BLOCK_SIZE 64 /* of SHA-1 */
#define MODULUS 1000000u

int64_t srv_totp_step(int64_t time_us) { return time_us / 1000000 / SRV_TOTP_STEP_S; }

/* RFC 2104; texts of at most 20 bytes, keys of at most one block. */
static void hmac_sha1(const uint8_t *key, size_t key_size, const uint8_t *text, size_t text_size,
                      uint8_t out[SRV_SHA1_SIZE]) {
  uint8_t block[BLOCK_SIZE + SRV_SHA1_SIZE] = {0};
  assert(key_size <= BLOCK_SIZE && text_size <= SRV_SHA1_SIZE);
  memset(block, 0x36, BLOCK_SIZE);
  for (size_t i = 0; i < key_size; i++) block[i] ^= key[i];
  memcpy(block + BLOCK_SIZE, text, text_size);
  srv_sha1(block, BLOCK_SIZE + text_size, out);
  memset(block, 0x5c, BLOCK_SIZE);
  for (size_t i = 0; i < key_size; i++) block[i] ^= key[i];
  memcpy(block + BLOCK_SIZE, out, SRV_SHA1_SIZE);
  srv_sha1(block, BLOCK_SIZE + SRV_SHA1_SIZE, out);
  explicit_bzero(block, sizeof(block));
}

uint32_t srv_totp_code(const uint8_t *secret, size_t size, int64_t step) {
  uint8_t counter[8], mac[SRV_SHA1_SIZE];
  for (int i = 0; i < 8; i++) counter[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
  hmac_sha1(secret, size, counter, sizeof(counter), mac);
  const uint8_t *at = mac + (mac[SRV_SHA1_SIZE - 1] & 0x0f);
  uint32_t number = ((uint32_t)(at[0] & 0x7f) << 24) | ((uint32_t)at[1] << 16) |
                    ((uint32_t)at[2] << 8) | (uint32_t)at[3];
  return number % MODULUS;
}

/* Six digits; blanks between them, as apps show them, do not count. */
static bool read_code(const char *text, uint32_t *out) {
  size_t digits = 0;
  *out = 0;
  for (; *text != 0; text++) {
    if (*text == ' ') continue;
    if (*text < '0' || *text > '9' || digits++ == SRV_TOTP_DIGITS) return false;
    *out = *out * 10 + (uint32_t)(*text - '0');
  }
  return digits == SRV_TOTP_DIGITS;
}

int64_t srv_totp_match(const uint8_t *secret, size_t size, const char *code, int64_t now_us,
                       int64_t last_step) {
  uint32_t number;
  int64_t now = srv_totp_step(now_us), found = -1;
  if (size == 0 || !read_code(code, &number)) return -1;
  for (int64_t step = now - 1; step <= now + 1; step++) { /* all three, always */
    bool same = srv_totp_code(secret, size, step) == number;
    if (same && step > last_step && found < 0) found = step;
  }
  return found;
}

void srv_base32_encode(const uint8_t *data, size_t size, char *out) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  uint32_t bits = 0;
  unsigned count = 0;
  for (size_t i = 0; i < size; i++) {
    bits = (bits << 8) | data[i];
    for (count += 8; count >= 5; count -= 5) *out++ = digits[(bits >> (count - 5)) & 31];
  }
  if (count > 0) *out++ = digits[(bits << (5 - count)) & 31];
  *out = 0;
}
