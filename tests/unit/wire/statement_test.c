/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/statement.h"

#include "tests/support/test.h"

static const struct gw_statement sample = {.sequence = 7,
                                           .floor = 5,
                                           .package = "model",
                                           .version = "1.1.0",
                                           .digest = {1, 2, 3},
                                           .size_bytes = 18712,
                                           .project = "default"};
static uint8_t buffer[GW_SIGN1_PAYLOAD_MAX];

static size_t encoded(const struct gw_statement *statement) {
  int size = gw_statement_encode(statement, buffer, sizeof buffer);
  assert_true(size > 0);
  return (size_t)size;
}

TEST(encoded_it_is_these_bytes) {
  static const uint8_t head[] = {0xA8, 0x01, 0x01, 0x02, 0x07, 0x03, 0x65, 'm', 'o',
                                 'd',  'e',  'l',  0x04, 0x65, '1',  '.',  '1', '.',
                                 '0',  5,    0x58, 0x20, 1,    2,    3};
  static const uint8_t tail[] = {0x06, 0x19, 0x49, 0x18, 0x07, 0x05, 0x08, 0x67,
                                 'd',  'e',  'f',  'a',  'u',  'l',  't'};
  assert_int_equal(encoded(&sample), sizeof head + 29 + sizeof tail);
  assert_memory_equal(buffer, head, sizeof head);
  assert_memory_equal(buffer + sizeof head + 29, tail, sizeof tail);
}

TEST(a_statement_comes_back_as_it_was) {
  struct gw_statement out;
  assert_int_equal(gw_statement_parse(buffer, encoded(&sample), &out), GW_OK);
  assert_int_equal(out.sequence, sample.sequence);
  assert_int_equal(out.floor, sample.floor);
  assert_string_equal(out.package, sample.package);
  assert_string_equal(out.version, sample.version);
  assert_memory_equal(out.digest, sample.digest, sizeof out.digest);
  assert_int_equal(out.size_bytes, sample.size_bytes);
  assert_string_equal(out.project, sample.project);
}

TEST(floor_and_project_may_be_absent) {
  struct gw_statement out, bare = sample;
  bare.floor = 0;
  memset(bare.project, 0, sizeof bare.project);
  assert_int_equal(gw_statement_parse(buffer, encoded(&bare), &out), GW_OK);
  assert_int_equal(buffer[0], 0xA6);
  assert_int_equal(out.floor, 0);
  assert_string_equal(out.project, "");
  assert_string_equal(out.version, "1.1.0");
}

TEST(the_longest_one_fits_a_message) {
  struct gw_statement longest = {
      .sequence = UINT32_MAX, .floor = UINT32_MAX, .size_bytes = INT32_MAX};
  memset(longest.package, 'p', GW_PACKAGE_MAX);
  memset(longest.version, 'v', GW_VERSION_MAX);
  memset(longest.project, 'j', GW_PROJECT_MAX);
  assert_true(encoded(&longest) <= GW_SIGN1_PAYLOAD_MAX);
}

TEST(what_cannot_be_meant_is_not_encoded) {
  struct gw_statement bad = sample;
  bad.sequence = 0;
  assert_int_equal(gw_statement_encode(&bad, buffer, sizeof buffer), GW_ERR_MISSING);
  bad = sample;
  bad.floor = bad.sequence + 1; /* it would refuse itself */
  assert_int_equal(gw_statement_encode(&bad, buffer, sizeof buffer), GW_ERR_MISSING);
  bad = sample;
  bad.version[0] = 0;
  assert_int_equal(gw_statement_encode(&bad, buffer, sizeof buffer), GW_ERR_MISSING);
  bad = sample;
  memset(bad.package, 'x', sizeof bad.package);
  assert_int_equal(gw_statement_encode(&bad, buffer, sizeof buffer), GW_ERR_TOO_LONG);
}

TEST(cut_anywhere_it_is_refused) {
  struct gw_statement out;
  size_t size = encoded(&sample);
  for (size_t cut = 0; cut < size; cut++) assert_true(gw_statement_parse(buffer, cut, &out) < 0);
  buffer[size] = 0;
  assert_int_equal(gw_statement_parse(buffer, size + 1, &out), GW_ERR_MALFORMED);
}

TEST(each_required_key_is_missed) {
  struct gw_statement out;
  size_t size = encoded(&sample), offsets[] = {1, 3, 5, 12, 19, 54};
  for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
    uint8_t old = buffer[offsets[i]];
    assert_int_equal(old, i + 1);
    buffer[offsets[i]] = 0x17; /* a key that nobody knows */
    assert_int_equal(gw_statement_parse(buffer, size, &out), GW_ERR_MISSING);
    buffer[offsets[i]] = old;
  }
}

TEST(another_structure_is_refused_and_an_unknown_key_is_not) {
  struct gw_statement out;
  size_t size = encoded(&sample);
  buffer[2] = 2;
  assert_int_equal(gw_statement_parse(buffer, size, &out), GW_ERR_UNSUPPORTED);
  buffer[2] = 1;
  buffer[0] = 0xA9;
  memcpy(buffer + size, "\x09\x82\x01\x02", 4);
  assert_int_equal(gw_statement_parse(buffer, size + 4, &out), GW_OK);
}

TEST(a_key_that_comes_twice_is_refused) {
  struct gw_statement out;
  size_t size = encoded(&sample);
  buffer[0] = 0xA9;
  memcpy(buffer + size, "\x02\x63", 2);
  assert_true(gw_statement_parse(buffer, size + 2, &out) < 0);
}
