/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/utf8.h"

/* The first byte says how many follow, and has the upper bits of the code point. */
static unsigned count_following(uint8_t first) {
  if (first < 0xC0) return 0;
  return first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
}

/* RFC 3629: the shortest form, no surrogate, nothing above U+10FFFF. */
static bool is_code_point(uint32_t point, unsigned following) {
  static const uint32_t first_of[] = {0, 0x80, 0x800, 0x10000};
  return point >= first_of[following] && point <= 0x10FFFF && point - 0xD800u >= 0x800u;
}

bool gw_utf8_is_valid(const uint8_t *text, size_t size) {
  for (const uint8_t *end = text + size; text < end;) {
    uint8_t first = *text++;
    unsigned following = count_following(first);
    if ((first >= 0x80 && following == 0) || first >= 0xF8) return false;
    uint32_t point = following == 0 ? first : first & (0x3Fu >> following);
    for (unsigned i = 0; i < following; i++) {
      if (text == end || (*text & 0xC0u) != 0x80u) return false;
      point = point << 6 | (*text++ & 0x3Fu);
    }
    if (!is_code_point(point, following)) return false;
  }
  return true;
}
