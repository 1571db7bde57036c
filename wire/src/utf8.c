/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/utf8.h"

static bool is_continuation(uint8_t byte) { return (byte & 0xC0u) == 0x80u; }

/* RFC 3629 section 4: what the second byte may be depends on the first; that
 * alone shuts out overlong forms, surrogates and values above U+10FFFF. */
static bool second_byte_fits(uint8_t first, uint8_t second) {
  switch (first) {
    case 0xE0:
      return second >= 0xA0;
    case 0xED:
      return second <= 0x9F;
    case 0xF0:
      return second >= 0x90;
    case 0xF4:
      return second <= 0x8F;
    default:
      return true;
  }
}

/* Bytes in the sequence that `first` begins; 0 when it begins none. */
static size_t sequence_size(uint8_t first) {
  if (first < 0x80) return 1;
  if (first < 0xC2) return 0;
  if (first < 0xE0) return 2;
  if (first < 0xF0) return 3;
  return first < 0xF5 ? 4 : 0;
}

static bool is_sequence(const uint8_t *text, size_t size) {
  if (size > 1 && !second_byte_fits(text[0], text[1])) return false;
  for (size_t i = 1; i < size; i++) {
    if (!is_continuation(text[i])) return false;
  }
  return true;
}

bool gw_utf8_is_valid(const uint8_t *text, size_t size) {
  for (size_t at = 0; at < size;) {
    size_t length = sequence_size(text[at]);
    if (length == 0 || length > size - at || !is_sequence(text + at, length)) return false;
    at += length;
  }
  return true;
}
