/* SPDX-License-Identifier: Apache-2.0 */
/* Scalars as JSON: against libc's strtod, which rounds correctly. */
#include "sdk/src/json.h"

#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "godwit/status.h"
#include "tests/support/test.h"

static char text[400];

static const char *write_double(double value) {
  int size = godwit_json_write_double(text, sizeof text - 1, value);
  assert_in_range(size, 1, sizeof text - 1);
  text[size] = '\0';
  return text;
}

static double read_double(const char *from) {
  double value = -1;
  assert_int_equal(godwit_json_read_double((const uint8_t *)from, strlen(from), &value), GODWIT_OK);
  return value;
}

TEST(doubles_are_written_with_the_fewest_digits) {
  assert_string_equal(write_double(0.0), "0.0");
  assert_string_equal(write_double(-0.0), "-0.0");
  assert_string_equal(write_double(1), "1.0");
  assert_string_equal(write_double(-1), "-1.0");
  assert_string_equal(write_double(0.1), "0.1");
  assert_string_equal(write_double(0.1 + 0.2), "0.30000000000000004");
  assert_string_equal(write_double(21.5), "21.5");
  assert_string_equal(write_double(123456789), "123456789.0");
  assert_string_equal(write_double(1e21), "1e21");
  assert_string_equal(write_double(1e20), "100000000000000000000.0");
  assert_string_equal(write_double(1.5e300), "1.5e300");
  assert_string_equal(write_double(0.00001), "0.00001");
  assert_string_equal(write_double(0.000001), "0.000001");
  assert_string_equal(write_double(0.0000001), "1e-7");
  assert_string_equal(write_double(5e-324), "5e-324");
  assert_string_equal(write_double(DBL_MAX), "1.7976931348623157e308");
  assert_string_equal(write_double(DBL_MIN), "2.2250738585072014e-308");
  assert_string_equal(write_double(9007199254740993.0), "9007199254740992.0");
}

static double random_double(void) {
  uint64_t bits = (uint64_t)test_random() << 32 | test_random();
  double value;
  memcpy(&value, &bits, sizeof value);
  return isfinite(value) ? value : 1.0;
}

TEST(any_double_comes_back_bit_by_bit_and_no_shorter_text_would) {
  for (int i = 0; i < 20000; i++) {
    double value = i % 2 ? random_double() : (double)(int32_t)test_random() / 1000;
    write_double(value);
    double libc = strtod(text, NULL), ours = read_double(text);
    assert_memory_equal(&libc, &value, sizeof value);
    assert_memory_equal(&ours, &value, sizeof value);
    int digits = 0;
    char shorter[64];
    for (const char *at = text; *at != '\0' && *at != 'e'; at++) digits += *at >= '0' && *at <= '9';
    if (digits > 17) continue; /* zeros around the point */
    for (int precision = 1; precision < 17; precision++) {
      snprintf(shorter, sizeof shorter, "%.*e", precision - 1, value);
      if (strtod(shorter, NULL) != value) continue;
      char *end = strchr(shorter, 'e');
      while (end[-1] == '0') end--; /* its own digits that say nothing */
      int least = precision;
      assert_true(digits <= least + 6); /* zeros in front and behind of the point */
      break;
    }
  }
}

TEST(any_text_is_read_as_libc_reads_it) {
  char random_text[64];
  for (int i = 0; i < 20000; i++) {
    uint64_t mantissa = (uint64_t)test_random() << 32 | test_random();
    mantissa >>= test_random() % 64;
    snprintf(random_text, sizeof random_text, "%s%llu.%ue%d", i % 2 ? "-" : "",
             (unsigned long long)mantissa % 10000000000000ull, test_random() % 100000,
             (int)(test_random() % 640) - 340);
    double libc = strtod(random_text, NULL), ours;
    int status = godwit_json_read_double((uint8_t *)random_text, strlen(random_text), &ours);
    if (isinf(libc)) {
      assert_int_equal(status, GODWIT_ERR_FORMAT);
    } else {
      assert_int_equal(status, GODWIT_OK);
      assert_memory_equal(&ours, &libc, sizeof ours);
    }
  }
  static const char *const edges[] = {"9007199254740993",
                                      "9007199254740992.5",
                                      "2.2250738585072011e-308",
                                      "4.9406564584124654e-324",
                                      "2.4703282292062327e-324",
                                      "2.4703282292062328e-324",
                                      "1e-400",
                                      "0e999",
                                      "1e22",
                                      "1e23",
                                      "1.7976931348623157e308",
                                      "1.7976931348623158e308",
                                      "0.000000000000000000000000000001",
                                      "123456789012345678901234567890",
                                      "8.5e-320",
                                      "1E+2",
                                      "-0",
                                      "  7\n"};
  for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
    double libc = strtod(edges[i], NULL), ours = read_double(edges[i]);
    assert_memory_equal(&ours, &libc, sizeof ours);
  }
}

TEST(what_is_no_number_is_refused) {
  static const char *const bad[] = {"1.",    ".5",   "01",  "-",     "+1",       "1e",
                                    "1e+",   "0x10", "1 2", "NaN",   "Infinity", "1e309",
                                    "\"1\"", "true", "--1", "1.5.5", "[1]"};
  double number;
  int64_t integer;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    const uint8_t *bytes = (const uint8_t *)bad[i];
    assert_int_equal(godwit_json_read_double(bytes, strlen(bad[i]), &number), GODWIT_ERR_FORMAT);
    assert_int_equal(godwit_json_read_int(bytes, strlen(bad[i]), &integer), GODWIT_ERR_FORMAT);
  }
  assert_int_equal(godwit_json_write_double(text, sizeof text, NAN), GODWIT_ERR_ARGUMENT);
  assert_int_equal(godwit_json_write_double(text, sizeof text, -INFINITY), GODWIT_ERR_ARGUMENT);
}

TEST(null_and_nothing_are_not_found) {
  static const char *const nothing[] = {"", " ", "null", " null\n"};
  double number;
  int64_t integer;
  bool boolean;
  for (size_t i = 0; i < 4; i++) {
    const uint8_t *bytes = (const uint8_t *)nothing[i];
    size_t size = strlen(nothing[i]);
    assert_int_equal(godwit_json_read_double(bytes, size, &number), GODWIT_ERR_NOT_FOUND);
    assert_int_equal(godwit_json_read_int(bytes, size, &integer), GODWIT_ERR_NOT_FOUND);
    assert_int_equal(godwit_json_read_bool(bytes, size, &boolean), GODWIT_ERR_NOT_FOUND);
    assert_int_equal(godwit_json_read_string(bytes, size, text, sizeof text), GODWIT_ERR_NOT_FOUND);
  }
  assert_int_equal(godwit_json_read_int(NULL, 0, &integer), GODWIT_ERR_NOT_FOUND);
}

TEST(integers_reach_both_ends_and_no_further) {
  static const int64_t values[] = {0, 1, -1, 42, INT64_MAX, INT64_MIN};
  int64_t value;
  for (size_t i = 0; i < 6; i++) {
    int size = godwit_json_write_int(text, sizeof text, values[i]);
    assert_int_equal(godwit_json_read_int((uint8_t *)text, (size_t)size, &value), GODWIT_OK);
    assert_true(value == values[i]);
  }
  static const char *const bad[] = {
      "9223372036854775808", "-9223372036854775809", "1.0", "1e2", "92233720368547758070", "00"};
  for (size_t i = 0; i < 6; i++) {
    assert_int_equal(godwit_json_read_int((const uint8_t *)bad[i], strlen(bad[i]), &value),
                     GODWIT_ERR_FORMAT);
  }
}

TEST(strings_come_back_whatever_they_hold) {
  static const char *const strings[] = {"",
                                        "plain",
                                        "\"quoted\" \\ back",
                                        "line\nand\ttab\x01",
                                        "gr\xc3\xbc\xc3\x9f",
                                        "\xf0\x9f\x90\xa6"};
  char back[64];
  for (size_t i = 0; i < 6; i++) {
    int size = godwit_json_write_string(text, sizeof text, strings[i]);
    assert_true(size > 0);
    assert_int_equal(godwit_json_read_string((uint8_t *)text, (size_t)size, back, sizeof back),
                     GODWIT_OK);
    assert_string_equal(back, strings[i]);
  }
  assert_int_equal(godwit_json_write_string(text, sizeof text, "\xff"), GODWIT_ERR_ARGUMENT);
  assert_int_equal(godwit_json_write_string(text, 4, "abc"), GODWIT_ERR_NO_MEMORY);
  assert_int_equal(godwit_json_write_string(text, 5, "abc"), 5);
}

static int read_string(const char *from, char *back, size_t size) {
  return godwit_json_read_string((const uint8_t *)from, strlen(from), back, size);
}

TEST(escapes_are_read_and_broken_ones_refused) {
  char back[16];
  assert_int_equal(read_string("\"\\u00e9\\ud83d\\udc26\\/\\b\"", back, sizeof back), GODWIT_OK);
  assert_string_equal(back, "\xc3\xa9\xf0\x9f\x90\xa6/\b");
  static const char *const bad[] = {
      "\"",          "\"\\\"",      "\"\\x\"",  "\"\\u12\"", "\"\\ud83d\"", "\"\\ud83d\\u0041\"",
      "\"\\udc26\"", "\"\\u0000\"", "\"a\"b\"", "\"\xff\"",  "\"\n\"",      "abc",
      "\"\\u12g4\""};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_int_equal(read_string(bad[i], back, sizeof back), GODWIT_ERR_FORMAT);
  }
  assert_int_equal(read_string("\"123456789012345\"", back, sizeof back), GODWIT_OK);
  assert_int_equal(read_string("\"1234567890123456\"", back, sizeof back), GODWIT_ERR_NO_MEMORY);
  assert_int_equal(read_string("\"\"", back, 0), GODWIT_ERR_NO_MEMORY);
}
