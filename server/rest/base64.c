/* SPDX-License-Identifier: Apache-2.0 */
#include "server/rest/internal.h"

static int value_of(char character) {
  if (character >= 'A' && character <= 'Z') return character - 'A';
  if (character >= 'a' && character <= 'z') return character - 'a' + 26;
  if (character >= '0' && character <= '9') return character - '0' + 52;
  if (character == '+' || character == '-') return 62;
  if (character == '/' || character == '_') return 63;
  return -1;
}

static bool is_space(char character) {
  return character == '\n' || character == '\r' || character == ' ' || character == '\t';
}

int srv_base64_decode(const char *in, size_t length, uint8_t *out, size_t *size) {
  uint32_t bits = 0;
  unsigned bit_count = 0;
  size_t digits = 0, padding = 0;
  *size = 0;
  for (size_t i = 0; i < length; i++) {
    if (is_space(in[i])) continue;
    if (in[i] == '=') {
      padding++;
      continue;
    }
    int value = value_of(in[i]);
    if (value < 0 || padding > 0) return SRV_ERR_INVALID;
    digits++;
    bits = bits << 6 | (uint32_t)value;
    bit_count += 6;
    if (bit_count < 8) continue;
    bit_count -= 8;
    out[(*size)++] = (uint8_t)(bits >> bit_count);
  }
  bool whole = digits % 4 != 1 && (padding == 0 || (digits + padding) % 4 == 0) && padding < 3;
  return whole ? SRV_OK : SRV_ERR_INVALID;
}
