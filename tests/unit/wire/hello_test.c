/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/hello.h"

#include <string.h>

#include "tests/support/test.h"

#define BYTES(...) ((const uint8_t[]){__VA_ARGS__}), sizeof((const uint8_t[]){__VA_ARGS__})

static struct gw_hello hello;
static uint8_t buffer[GW_HELLO_SIZE_MAX + 8];

/* {"b": "pi", "s": "godwit/1", "r": "wit/1", "o": [3, "MyOp"], "a": 4096, "l": 65536} */
static const uint8_t whole[] = {
    0xBF, 0x61, 'b',  0x62, 'p',  'i',  0x61, 's',  0x68, 'g',  'o',  'd',  'w',  'i',  't', '/',
    '1',  0x61, 'r',  0x65, 'w',  'i',  't',  '/',  '1',  0x61, 'o',  0x82, 0x03, 0x64, 'M', 'y',
    'O',  'p',  0x61, 'a',  0x19, 0x10, 0x00, 0x61, 'l',  0x1A, 0x00, 0x01, 0x00, 0x00, 0xFF};

static const struct gw_hello_words whole_words = {
    .board = "pi",
    .sdk = "godwit/1",
    .runtime = "wit/1",
    .op_code = (const uint16_t[]){3},
    .op_code_count = 1,
    .op_name = (const char *const[]){"MyOp"},
    .op_name_count = 1,
    .arena_bytes = 4096,
    .slot_bytes = 65536,
};

TEST(encoded_it_is_these_bytes) {
  int size = gw_hello_encode(&whole_words, buffer, sizeof buffer);
  assert_int_equal(size, sizeof whole);
  assert_memory_equal(buffer, whole, sizeof whole);
}

TEST(what_is_not_known_is_left_out) {
  assert_int_equal(gw_hello_encode(&(struct gw_hello_words){.board = ""}, buffer, sizeof buffer),
                   2);
  assert_memory_equal(buffer, "\xBF\xFF", 2);
}

TEST(each_size_that_is_too_small_is_said) {
  for (size_t size = 0; size < sizeof whole; size++) {
    assert_int_equal(gw_hello_encode(&whole_words, buffer, size), GW_ERR_NO_SPACE);
  }
}

TEST(words_beyond_the_limits_are_not_encoded) {
  char text[GW_HELLO_TEXT_MAX + 2];
  uint16_t codes[GW_HELLO_OPS_MAX + 1] = {0};
  memset(text, 'x', sizeof text - 1);
  text[sizeof text - 1] = 0;
  const char *const names[] = {text};
  const struct gw_hello_words bad[] = {
      {.board = text},
      {.sdk = text},
      {.runtime = text},
      {.op_code = codes, .op_code_count = GW_HELLO_OPS_MAX + 1},
      {.op_name = names, .op_name_count = 1},
      {.op_code = codes, .op_code_count = GW_HELLO_OPS_MAX, .op_name = names, .op_name_count = 1}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_int_equal(gw_hello_encode(&bad[i], buffer, sizeof buffer), GW_ERR_TOO_LONG);
  }
  text[GW_HELLO_TEXT_MAX] = 0;
  assert_true(gw_hello_encode(&bad[0], buffer, sizeof buffer) > 0);
}

TEST(parsed_it_is_what_was_said) {
  assert_int_equal(gw_hello_parse(whole, sizeof whole, &hello), GW_OK);
  assert_string_equal(hello.board, "pi");
  assert_string_equal(hello.sdk, "godwit/1");
  assert_string_equal(hello.runtime, "wit/1");
  assert_int_equal(hello.arena_bytes, 4096);
  assert_int_equal(hello.slot_bytes, 65536);
  assert_int_equal(hello.op_count, 2);
  assert_null(hello.op[0].name);
  assert_int_equal(hello.op[0].code, 3);
  assert_int_equal(hello.op[1].name_length, 4);
  assert_memory_equal(hello.op[1].name, "MyOp", 4);
}

TEST(nothing_said_is_all_right) {
  assert_int_equal(gw_hello_parse(BYTES(0xA0), &hello), GW_OK);
  assert_string_equal(hello.board, "");
  assert_int_equal(hello.op_count, 0);
}

TEST(keys_that_nobody_knows_are_passed_over) {
  /* {"x": [1, {}], 7: "y", "a": 5} */
  assert_int_equal(
      gw_hello_parse(BYTES(0xA3, 0x61, 'x', 0x82, 0x01, 0xA0, 0x07, 0x61, 'y', 0x61, 'a', 0x05),
                     &hello),
      GW_OK);
  assert_int_equal(hello.arena_bytes, 5);
}

TEST(every_cut_is_noticed) {
  for (size_t size = 0; size < sizeof whole; size++) {
    assert_int_not_equal(gw_hello_parse(whole, size, &hello), GW_OK);
  }
}

TEST(what_is_wrong_is_refused) {
  static const struct {
    uint8_t data[16];
    size_t size;
    int status;
  } cases[] = {
      {{0x80}, 1, GW_ERR_MALFORMED},                                   /* no map */
      {{0xA0, 0x00}, 2, GW_ERR_MALFORMED},                             /* something behind it */
      {{0xA1, 0x61, 'b', 0x01}, 4, GW_ERR_MALFORMED},                  /* a board of a number */
      {{0xA1, 0x61, 'a', 0x20}, 4, GW_ERR_MALFORMED},                  /* an arena of -1 */
      {{0xA1, 0x61, 'a', 0x61, '1'}, 5, GW_ERR_MALFORMED},             /* of text */
      {{0xA2, 0x61, 'a', 0x01, 0x61, 'a', 0x01}, 7, GW_ERR_MALFORMED}, /* twice */
      {{0xA1, 0x61, 'o', 0x03}, 4, GW_ERR_MALFORMED},                  /* ops that are no list */
      {{0xA1, 0x61, 'o', 0x81, 0x20}, 5, GW_ERR_MALFORMED},            /* an op of -1 */
      {{0xA1, 0x61, 'o', 0x81, 0x80}, 5, GW_ERR_MALFORMED},            /* an op of a list */
      {{0xA1, 0x61, 'o', 0x81, 0x60}, 5, GW_ERR_MALFORMED},            /* an op without name */
      {{0xA1, 0x61, 'o', 0x81, 0x61, ','}, 6, GW_ERR_MALFORMED},
      {{0xA1, 0x61, 'o', 0x81, 0x61, ' '}, 6, GW_ERR_MALFORMED},
      {{0xA1, 0x61, 'o', 0x81, 0x62, 0xC3, 0xA4}, 7, GW_ERR_MALFORMED}, /* beyond ASCII */
      {{0xA1, 0x61, 'o', 0x81, 0x1A, 0, 1, 0, 0}, 9, GW_ERR_TOO_LONG},  /* an op of 65536 */
      {{0xA1, 0x61, 'a', 0x1B, 0, 0, 0, 1, 0, 0, 0, 0}, 12, GW_ERR_TOO_LONG},
      {{0xA1, 0x61, 'b', 0x61, 0xFF}, 5, GW_ERR_MALFORMED}, /* no UTF-8 */
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    assert_int_equal(gw_hello_parse(cases[i].data, cases[i].size, &hello), cases[i].status);
  }
}

TEST(too_many_ops_and_too_long_a_message_are_refused) {
  static uint8_t data[GW_HELLO_SIZE_MAX + 1];
  memcpy(data, "\xA1\x61o\x98\xC1", 5); /* 193 ops */
  assert_int_equal(gw_hello_parse(data, 5 + 193, &hello), GW_ERR_TOO_LONG);
  memcpy(data, "\xA1\x61o\x98\xC0", 5);
  assert_int_equal(gw_hello_parse(data, 5 + 192, &hello), GW_OK);
  assert_int_equal(hello.op_count, 192);
  /* {"x": bytes}, as long as may be, and one more */
  memcpy(data, "\xA1\x61x\x59\x03\xFA", 6);
  assert_int_equal(gw_hello_parse(data, GW_HELLO_SIZE_MAX, &hello), GW_OK);
  data[5]++;
  assert_int_equal(gw_hello_parse(data, GW_HELLO_SIZE_MAX + 1, &hello), GW_ERR_TOO_LONG);
}
