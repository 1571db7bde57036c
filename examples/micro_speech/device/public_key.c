/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/micro_speech/device/public_key.h"

#include <stdio.h>
#include <string.h>

#define INFO_SIZE 91 /* of a P-256 key: 27 bytes that are always the same, then the point */

static int hex_digit(char c) {
  const char *digits = "0123456789abcdef", *at = NULL;
  if (c >= 'A' && c <= 'F') c = (char)(c - 'A' + 'a');
  if (c != 0) at = strchr(digits, c);
  return at ? (int)(at - digits) : -1;
}

static bool read_hex(const char *text, uint8_t key[PUBLIC_KEY_SIZE]) {
  if (strlen(text) != 2 * PUBLIC_KEY_SIZE) return false;
  for (size_t i = 0; i < PUBLIC_KEY_SIZE; i++) {
    int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    key[i] = (uint8_t)(high << 4 | low);
  }
  return true;
}

/* Bytes decoded; anything that is no digit of base64 is passed over. */
static size_t read_base64(const char *text, size_t length, uint8_t *out, size_t room) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  uint32_t bits = 0;
  unsigned held = 0;
  size_t size = 0;
  for (size_t i = 0; i < length && size < room; i++) {
    const char *at = text[i] ? strchr(digits, text[i]) : NULL;
    if (!at) continue;
    bits = bits << 6 | (uint32_t)(at - digits);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out[size++] = (uint8_t)(bits >> held);
  }
  return size;
}

static bool read_pem(const char *text, uint8_t key[PUBLIC_KEY_SIZE]) {
  static const char head[] = "-----BEGIN PUBLIC KEY-----";
  uint8_t info[INFO_SIZE + 1];
  const char *from = strstr(text, head);
  const char *to = from ? strstr(from + sizeof head - 1, "-----END") : NULL;
  if (!to) return false;
  from += sizeof head - 1;
  if (read_base64(from, (size_t)(to - from), info, sizeof info) != INFO_SIZE) return false;
  if (info[INFO_SIZE - PUBLIC_KEY_SIZE - 1] != 4) return false; /* not both coordinates */
  memcpy(key, info + INFO_SIZE - PUBLIC_KEY_SIZE, PUBLIC_KEY_SIZE);
  return true;
}

bool public_key_read(const char *text, uint8_t key[PUBLIC_KEY_SIZE]) {
  char pem[1024];
  if (read_hex(text, key)) return true;
  FILE *file = fopen(text, "r");
  if (!file) return false;
  size_t size = fread(pem, 1, sizeof pem - 1, file);
  fclose(file);
  pem[size] = 0;
  return read_pem(pem, key);
}
