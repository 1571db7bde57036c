/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/utf8.h"

#include "tests/unit/wire/bytes.h"

static bool is_valid(const char *hex) {
  struct bytes text = bytes_from_hex(hex);
  bool valid = gw_utf8_is_valid(text.data, text.size);
  bytes_free(text);
  return valid;
}

TEST(first_and_last_sequence_of_each_length_is_valid) {
  assert_true(is_valid(""));
  assert_true(is_valid("00 7f c280 dfbf e0a080 ed9fbf ee8080 efbfbf f0908080 f48fbfbf"));
  assert_true(is_valid("'Schl' c3bc 'ssel ' e282ac ' ' f09f9089"));
}

TEST(overlong_forms_surrogates_and_values_above_10ffff_are_not) {
  static const char *const bad[] = {
      "80",          "bf",          "c0 80",       "c1 bf",    "e0 80 80",
      "e0 9f bf",    "f0 80 80 80", "f0 8f bf bf", "ed a0 80", "ed bf bf",
      "f4 90 80 80", "f5 80 80 80", "fe",          "ff",       "f8 88 80 80 80",
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_false(is_valid(bad[i]));
}

TEST(sequence_cut_short_or_continued_by_something_else_is_not) {
  static const char *const bad[] = {
      "c3",       "e2",       "e2 82",       "f0",          "f0 9f",       "f0 9f 90", "c3 28",
      "e2 28 a1", "e2 82 28", "f0 28 8c bc", "f0 9f 28 bc", "f0 9f 90 28", "c3 c3",    "61 c3",
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_false(is_valid(bad[i]));
}

/* Encodes a code point by the book; any value below 2^21. */
static size_t encode(uint32_t point, uint8_t out[4]) {
  if (point < 0x80) return out[0] = (uint8_t)point, 1;
  if (point < 0x800) {
    out[0] = (uint8_t)(0xC0 | point >> 6);
    out[1] = (uint8_t)(0x80 | (point & 63));
    return 2;
  }
  if (point < 0x10000) {
    out[0] = (uint8_t)(0xE0 | point >> 12);
    out[1] = (uint8_t)(0x80 | (point >> 6 & 63));
    out[2] = (uint8_t)(0x80 | (point & 63));
    return 3;
  }
  out[0] = (uint8_t)(0xF0 | point >> 18);
  out[1] = (uint8_t)(0x80 | (point >> 12 & 63));
  out[2] = (uint8_t)(0x80 | (point >> 6 & 63));
  out[3] = (uint8_t)(0x80 | (point & 63));
  return 4;
}

TEST(exactly_the_unicode_scalar_values_are_valid) {
  for (uint32_t point = 0; point < 0x200000; point++) {
    uint8_t text[4];
    size_t size = encode(point, text);
    bool scalar = point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF);
    if (gw_utf8_is_valid(text, size) != scalar) fail_msg("U+%04X", (unsigned)point);
  }
}
