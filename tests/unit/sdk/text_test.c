/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "sdk/src/text.h"
#include "tests/support/test.h"

TEST(a_text_ends_where_the_next_one_goes) {
  char text[16];
  char *end = godwit_text_add(text, "model");
  assert_ptr_equal(end, text + 5);
  assert_string_equal(text, "model");
  end = godwit_text_add(end, "");
  assert_ptr_equal(end, text + 5);
  godwit_text_add(end, "_1");
  assert_string_equal(text, "model_1");
}

TEST(each_byte_is_two_digits) {
  static const uint8_t bytes[] = {0x00, 0x09, 0xA0, 0xFF};
  char text[2 * sizeof bytes + 1];
  char *end = godwit_text_add_hex(text, bytes, sizeof bytes);
  assert_string_equal(text, "0009a0ff");
  assert_ptr_equal(end, text + 8);
  assert_ptr_equal(godwit_text_add_hex(text, bytes, 0), text);
  assert_string_equal(text, "");
}

TEST(a_number_has_no_leading_zeros) {
  char text[16];
  godwit_text_add_number(text, 0);
  assert_string_equal(text, "0");
  godwit_text_add_number(text, 10);
  assert_string_equal(text, "10");
  godwit_text_add_number(text, UINT32_MAX);
  assert_string_equal(text, "4294967295");
}
