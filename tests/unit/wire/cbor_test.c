/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/cbor.h"

#include <math.h>

#include "tests/unit/wire/bytes.h"

static int read_hex(const char *hex, struct gw_cbor_item *item) {
  static struct bytes input; /* strings borrow it */
  struct gw_cbor_reader reader;
  bytes_free(input);
  input = bytes_from_hex(hex);
  gw_cbor_reader_init(&reader, input.data, input.size);
  int status = gw_cbor_read(&reader, item);
  if (status != GW_OK) assert_int_equal(reader.offset, 0);
  return status;
}

static int skip_hex(const char *hex) {
  struct gw_cbor_reader reader;
  struct bytes input = bytes_from_hex(hex);
  gw_cbor_reader_init(&reader, input.data, input.size);
  int status = gw_cbor_skip(&reader);
  assert_int_equal(reader.offset, status == GW_OK ? input.size : 0);
  bytes_free(input);
  return status;
}

/* ---- What must be refused ---- */

TEST(truncated_heads_and_strings_are_truncated) {
  static const char *const inputs[] = {
      "",
      "18",
      "19",
      "19 01",
      "1a 010203",
      "1b 01020304050607",
      "38",
      "58",
      "59 00",
      "41",
      "42 00",
      "58 02 00",
      "5a 00000001",
      "61",
      "78 05 'abc'",
      "98",
      "b9 00",
      "c0",
      "d8",
      "d8 18",
      "c0 c1",
      "f8",
      "f9",
      "f9 00",
      "fa 000000",
      "fb 00000000000000",
  };
  struct gw_cbor_item item;
  for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
    assert_int_equal(read_hex(inputs[i], &item), GW_ERR_TRUNCATED);
  }
}

TEST(lengths_far_beyond_the_input_are_truncated_and_never_wrap) {
  static const char *const inputs[] = {
      "5a ffffffff 00",
      "5b 0000000100000000 00",
      "5b ffffffffffffffff 00",
      "7b ffffffffffffffff 00",
      "9a ffffffff 00",
      "9b ffffffffffffffff 00",
      "9b 8000000000000000 00",
      "bb 8000000000000000 00 00",
      "bb ffffffffffffffff 00 00",
      "82 00",
      "a1 00",
      "a2 00 00 00",
      "ba 7fffffff 00",
  };
  struct gw_cbor_item item;
  for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
    assert_int_equal(read_hex(inputs[i], &item), GW_ERR_TRUNCATED);
  }
}

TEST(reserved_additional_information_is_malformed_in_every_major_type) {
  for (unsigned major = 0; major < 8; major++) {
    for (unsigned info = 28; info <= 30; info++) {
      uint8_t input[9] = {(uint8_t)(major << 5 | info)};
      struct gw_cbor_reader reader;
      struct gw_cbor_item item;
      gw_cbor_reader_init(&reader, input, sizeof input);
      assert_int_equal(gw_cbor_read(&reader, &item), GW_ERR_MALFORMED);
    }
  }
}

TEST(indefinite_numbers_and_tags_are_malformed) {
  struct gw_cbor_item item;
  assert_int_equal(read_hex("1f", &item), GW_ERR_MALFORMED);
  assert_int_equal(read_hex("3f", &item), GW_ERR_MALFORMED);
  assert_int_equal(read_hex("df 00", &item), GW_ERR_MALFORMED);
}

TEST(strings_in_chunks_are_unsupported) {
  struct gw_cbor_item item;
  assert_int_equal(read_hex("5f 41 00 ff", &item), GW_ERR_UNSUPPORTED);
  assert_int_equal(read_hex("7f 61 61 ff", &item), GW_ERR_UNSUPPORTED);
  assert_int_equal(skip_hex("81 7f 61 61 ff"), GW_ERR_UNSUPPORTED);
}

TEST(simple_values_are_malformed_below_32_and_unsupported_otherwise) {
  struct gw_cbor_item item;
  for (unsigned value = 0; value < 256; value++) {
    char hex[8];
    snprintf(hex, sizeof hex, "f8 %02x", value);
    assert_int_equal(read_hex(hex, &item), value < 32 ? GW_ERR_MALFORMED : GW_ERR_UNSUPPORTED);
  }
  for (unsigned value = 0; value < 20; value++) {
    char hex[8];
    snprintf(hex, sizeof hex, "%02x", 0xe0 | value);
    assert_int_equal(read_hex(hex, &item), GW_ERR_UNSUPPORTED);
  }
}

TEST(break_where_a_value_belongs_is_malformed) {
  struct gw_cbor_item item;
  assert_int_equal(read_hex("c1 ff", &item), GW_ERR_MALFORMED); /* a tag of nothing */
  assert_int_equal(skip_hex("ff"), GW_ERR_MALFORMED);
  assert_int_equal(skip_hex("81 ff"), GW_ERR_MALFORMED);
  assert_int_equal(skip_hex("a1 00 ff"), GW_ERR_MALFORMED);
  assert_int_equal(skip_hex("bf 00 ff"), GW_ERR_MALFORMED); /* a key and no value */
  assert_int_equal(skip_hex("bf 00 00 ff"), GW_OK);
  assert_int_equal(skip_hex("9f c1 ff"), GW_ERR_MALFORMED); /* a tag of nothing */
}

TEST(missing_break_is_truncated) {
  assert_int_equal(skip_hex("9f"), GW_ERR_TRUNCATED);
  assert_int_equal(skip_hex("9f 00"), GW_ERR_TRUNCATED);
  assert_int_equal(skip_hex("bf"), GW_ERR_TRUNCATED);
  assert_int_equal(skip_hex("bf 00"), GW_ERR_TRUNCATED);
  assert_int_equal(skip_hex("bf 00 00"), GW_ERR_TRUNCATED);
}

static int skip_nested(const char *opening, unsigned depth, const char *closing) {
  char hex[4096] = "";
  for (unsigned i = 0; i < depth; i++) strcat(hex, opening);
  strcat(hex, "00");
  for (unsigned i = 0; i < depth; i++) strcat(hex, closing);
  return skip_hex(hex);
}

TEST(containers_nest_as_deep_as_the_limit_and_no_deeper) {
  assert_int_equal(skip_nested("81", GW_CBOR_DEPTH_MAX, ""), GW_OK);
  assert_int_equal(skip_nested("81", GW_CBOR_DEPTH_MAX + 1, ""), GW_ERR_UNSUPPORTED);
  assert_int_equal(skip_nested("a100", GW_CBOR_DEPTH_MAX, ""), GW_OK);
  assert_int_equal(skip_nested("a100", GW_CBOR_DEPTH_MAX + 1, ""), GW_ERR_UNSUPPORTED);
  assert_int_equal(skip_nested("9f", GW_CBOR_DEPTH_MAX, "ff"), GW_OK);
  assert_int_equal(skip_nested("bf00", GW_CBOR_DEPTH_MAX + 1, "ff"), GW_ERR_UNSUPPORTED);
  assert_int_equal(skip_nested("81", 1000, ""), GW_ERR_UNSUPPORTED);
  assert_int_equal(skip_nested("bf00", 500, "ff"), GW_ERR_UNSUPPORTED);
}

TEST(a_million_tags_cost_no_stack) {
  size_t size = 1000000;
  uint8_t *input = malloc(size);
  struct gw_cbor_reader reader;
  struct gw_cbor_item item;
  memset(input, 0xC1, size);
  gw_cbor_reader_init(&reader, input, size);
  assert_int_equal(gw_cbor_read(&reader, &item), GW_ERR_TRUNCATED);
  input[size - 1] = 0x07;
  assert_int_equal(gw_cbor_read(&reader, &item), GW_OK);
  assert_int_equal(item.uint, 7);
  free(input);
}

TEST(next_refuses_what_is_no_container) {
  struct gw_cbor_reader reader;
  struct gw_cbor_item item = {.type = GW_CBOR_UINT, .size = 3};
  size_t index = 0;
  gw_cbor_reader_init(&reader, "\x00", 1);
  assert_int_equal(gw_cbor_next(&reader, &item, &index), GW_ERR_MALFORMED);
}

TEST(text_copy_refuses_other_types_long_text_nul_and_bad_utf8) {
  struct gw_cbor_item item;
  char text[4];
  assert_int_equal(read_hex("43 'abc'", &item), GW_OK);
  assert_int_equal(gw_cbor_text_copy(&item, text, sizeof text), GW_ERR_MALFORMED);
  assert_int_equal(read_hex("64 'abcd'", &item), GW_OK);
  assert_int_equal(gw_cbor_text_copy(&item, text, sizeof text), GW_ERR_TOO_LONG);
  assert_int_equal(gw_cbor_text_copy(&item, text, 0), GW_ERR_TOO_LONG);
  assert_int_equal(read_hex("63 61 00 62", &item), GW_OK);
  assert_int_equal(gw_cbor_text_copy(&item, text, sizeof text), GW_ERR_MALFORMED);
  assert_int_equal(read_hex("62 c3 28", &item), GW_OK);
  assert_int_equal(gw_cbor_text_copy(&item, text, sizeof text), GW_ERR_MALFORMED);
  assert_int_equal(read_hex("63 'abc'", &item), GW_OK);
  assert_int_equal(gw_cbor_text_copy(&item, text, sizeof text), GW_OK);
  assert_string_equal(text, "abc");
  assert_int_equal(read_hex("60", &item), GW_OK);
  assert_int_equal(gw_cbor_text_copy(&item, text, 1), GW_OK);
  assert_string_equal(text, "");
}

TEST(read_uint_refuses_other_types_and_values_above_the_limit) {
  static const struct {
    const char *hex;
    int status;
  } cases[] = {{"18 64", GW_OK},
               {"18 65", GW_ERR_TOO_LONG},
               {"1b ffffffffffffffff", GW_ERR_TOO_LONG},
               {"20", GW_ERR_MALFORMED},
               {"61 31", GW_ERR_MALFORMED},
               {"fb 3ff0000000000000", GW_ERR_MALFORMED},
               {"18", GW_ERR_TRUNCATED}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct gw_cbor_reader reader;
    uint64_t value;
    struct bytes input = bytes_from_hex(cases[i].hex);
    gw_cbor_reader_init(&reader, input.data, input.size);
    assert_int_equal(gw_cbor_read_uint(&reader, 100, &value), cases[i].status);
    bytes_free(input);
  }
}

/* ---- What must be read (RFC 8949 appendix A) ---- */

TEST(integers_of_rfc_8949_read_and_write) {
  static const struct {
    uint64_t argument;
    bool negative;
    const char *hex;
  } cases[] = {
      {0, false, "00"},
      {1, false, "01"},
      {10, false, "0a"},
      {23, false, "17"},
      {24, false, "1818"},
      {25, false, "1819"},
      {100, false, "1864"},
      {255, false, "18ff"},
      {256, false, "190100"},
      {1000, false, "1903e8"},
      {65535, false, "19ffff"},
      {65536, false, "1a00010000"},
      {1000000, false, "1a000f4240"},
      {UINT32_MAX, false, "1affffffff"},
      {1ull << 32, false, "1b0000000100000000"},
      {1000000000000, false, "1b000000e8d4a51000"},
      {UINT64_MAX, false, "1bffffffffffffffff"},
      {0, true, "20"},
      {9, true, "29"},
      {99, true, "3863"},
      {999, true, "3903e7"},
      {INT64_MAX, true, "3b7fffffffffffffff"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct gw_cbor_item item;
    struct gw_cbor_writer writer;
    uint8_t buffer[16];
    assert_int_equal(read_hex(cases[i].hex, &item), GW_OK);
    assert_int_equal(item.type, cases[i].negative ? GW_CBOR_NEGATIVE : GW_CBOR_UINT);
    assert_true(item.uint == cases[i].argument);
    gw_cbor_writer_init(&writer, buffer, sizeof buffer);
    if (cases[i].negative) gw_cbor_write_int(&writer, -1 - (int64_t)cases[i].argument);
    if (!cases[i].negative) gw_cbor_write_uint(&writer, cases[i].argument);
    struct bytes expected = bytes_from_hex(cases[i].hex);
    assert_bytes_equal(buffer, gw_cbor_writer_finish(&writer), expected);
    bytes_free(expected);
  }
}

TEST(signed_writer_takes_both_signs) {
  uint8_t buffer[32];
  struct gw_cbor_writer writer;
  gw_cbor_writer_init(&writer, buffer, sizeof buffer);
  gw_cbor_write_int(&writer, 0);
  gw_cbor_write_int(&writer, INT64_MAX);
  gw_cbor_write_int(&writer, -1);
  gw_cbor_write_int(&writer, INT64_MIN);
  struct bytes expected = bytes_from_hex("00 1b7fffffffffffffff 20 3b7fffffffffffffff");
  assert_bytes_equal(buffer, gw_cbor_writer_finish(&writer), expected);
  bytes_free(expected);
}

TEST(integers_in_longer_forms_than_needed_read_the_same) {
  struct gw_cbor_item item;
  static const char *const forms[] = {"05", "1805", "190005", "1a00000005", "1b0000000000000005"};
  for (size_t i = 0; i < 5; i++) {
    assert_int_equal(read_hex(forms[i], &item), GW_OK);
    assert_int_equal(item.uint, 5);
  }
}

TEST(floats_of_rfc_8949_read_in_all_three_sizes) {
  static const struct {
    const char *hex;
    double value;
  } cases[] = {
      {"f90000", 0.0},
      {"f98000", -0.0},
      {"f93c00", 1.0},
      {"f93e00", 1.5},
      {"f97bff", 65504.0},
      {"f90001", 5.960464477539063e-8},
      {"f98001", -5.960464477539063e-8},
      {"f903ff", 6.097555160522461e-5},
      {"f90400", 0.00006103515625},
      {"f9c400", -4.0},
      {"f97c00", INFINITY},
      {"f9fc00", -INFINITY},
      {"fa47c35000", 100000.0},
      {"fa7f7fffff", 3.4028234663852886e+38},
      {"fa7f800000", INFINITY},
      {"fa00000001", 1.401298464324817e-45},
      {"fb3ff199999999999a", 1.1},
      {"fb7e37e43c8800759c", 1.0e+300},
      {"fbc010666666666666", -4.1},
      {"fbfff0000000000000", -INFINITY},
  };
  struct gw_cbor_item item;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    assert_int_equal(read_hex(cases[i].hex, &item), GW_OK);
    assert_int_equal(item.type, GW_CBOR_FLOAT);
    assert_true(gw_cbor_number(&item) == cases[i].value);
    assert_int_equal(signbit(gw_cbor_number(&item)) != 0, signbit(cases[i].value) != 0);
  }
  static const char *const nans[] = {"f97e00", "fa7fc00000", "fb7ff8000000000000"};
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(read_hex(nans[i], &item), GW_OK);
    assert_true(isnan(gw_cbor_number(&item)));
  }
}

/* The decoder that RFC 8949 appendix D gives, for all 65536 halves. */
static double half_of_the_rfc(unsigned half) {
  int exponent = half >> 10 & 0x1f;
  double fraction = half & 0x3ff;
  double value = exponent == 0    ? ldexp(fraction, -24)
                 : exponent != 31 ? ldexp(fraction + 1024, exponent - 25)
                 : fraction == 0  ? INFINITY
                                  : NAN;
  return half & 0x8000 ? -value : value;
}

TEST(every_half_precision_float_reads_as_the_rfc_says) {
  for (unsigned half = 0; half < 65536; half++) {
    uint8_t input[3] = {0xF9, (uint8_t)(half >> 8), (uint8_t)half};
    struct gw_cbor_reader reader;
    struct gw_cbor_item item;
    gw_cbor_reader_init(&reader, input, sizeof input);
    assert_int_equal(gw_cbor_read(&reader, &item), GW_OK);
    double expected = half_of_the_rfc(half);
    double number = gw_cbor_number(&item);
    bool same = isnan(expected) ? isnan(number) : number == expected;
    if (!same || signbit(number) != signbit(expected)) fail_msg("half %04x", half);
  }
}

TEST(bools_nulls_strings_and_containers_read) {
  struct gw_cbor_item item;
  assert_int_equal(read_hex("f4", &item), GW_OK);
  assert_true(item.type == GW_CBOR_BOOL && item.uint == 0);
  assert_int_equal(read_hex("f5", &item), GW_OK);
  assert_true(item.type == GW_CBOR_BOOL && item.uint == 1);
  assert_int_equal(read_hex("f6", &item), GW_OK);
  assert_int_equal(item.type, GW_CBOR_NULL);
  assert_int_equal(read_hex("f7", &item), GW_OK);
  assert_int_equal(item.type, GW_CBOR_NULL);
  assert_int_equal(read_hex("44 01020304", &item), GW_OK);
  assert_true(item.type == GW_CBOR_BYTES && item.size == 4 && item.data[3] == 4);
  assert_int_equal(read_hex("64 'IETF'", &item), GW_OK);
  assert_true(gw_cbor_text_equals(&item, "IETF"));
  assert_false(gw_cbor_text_equals(&item, "IET"));
  assert_false(gw_cbor_text_equals(&item, "IETFx"));
  assert_int_equal(read_hex("44 'IETF'", &item), GW_OK);
  assert_false(gw_cbor_text_equals(&item, "IETF")); /* bytes, not text */
  assert_int_equal(read_hex("83 01 02 03", &item), GW_OK);
  assert_true(item.type == GW_CBOR_ARRAY && item.size == 3 && !item.indefinite);
  assert_int_equal(read_hex("a2 01 02 03 04", &item), GW_OK);
  assert_true(item.type == GW_CBOR_MAP && item.size == 2 && !item.indefinite);
  assert_int_equal(read_hex("bf ff", &item), GW_OK);
  assert_true(item.type == GW_CBOR_MAP && item.indefinite);
  assert_int_equal(read_hex("ff", &item), GW_OK);
  assert_int_equal(item.type, GW_CBOR_BREAK);
}

TEST(tags_are_passed_over) {
  struct gw_cbor_item item;
  assert_int_equal(read_hex("c1 1a 514b67b0", &item), GW_OK);
  assert_int_equal(item.uint, 1363896240);
  assert_int_equal(read_hex("d9 d9f7 d8 20 63 'abc'", &item), GW_OK);
  assert_true(gw_cbor_text_equals(&item, "abc"));
}

TEST(definite_and_indefinite_containers_iterate_alike) {
  static const char *const forms[] = {"83 01 02 03", "9f 01 02 03 ff"};
  for (size_t i = 0; i < 2; i++) {
    struct bytes input = bytes_from_hex(forms[i]);
    struct gw_cbor_reader reader;
    struct gw_cbor_item array;
    struct gw_cbor_item element;
    size_t index = 0;
    gw_cbor_reader_init(&reader, input.data, input.size);
    assert_int_equal(gw_cbor_read(&reader, &array), GW_OK);
    for (unsigned expected = 1; expected <= 3; expected++) {
      assert_int_equal(gw_cbor_next(&reader, &array, &index), 1);
      assert_int_equal(index, expected);
      assert_int_equal(gw_cbor_read(&reader, &element), GW_OK);
      assert_int_equal(element.uint, expected);
    }
    assert_int_equal(gw_cbor_next(&reader, &array, &index), 0);
    assert_int_equal(reader.offset, input.size);
    bytes_free(input);
  }
}

TEST(whole_documents_are_skipped_and_every_cut_of_them_is_truncated) {
  static const char *const documents[] = {
      "a2 01 82 02 03 63 'key' bf 61 'a' f6 61 'b' fb 3ff199999999999a ff",
      "9f 80 a0 9f ff bf ff 40 60 f4 c1 00 f9 3c00 ff",
      "84 1b ffffffffffffffff 3a 00010000 45 0102030405 78 18 'abcdefghijklmnopqrstuvwx'",
  };
  for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
    struct bytes whole = bytes_from_hex(documents[i]);
    assert_int_equal(skip_hex(documents[i]), GW_OK);
    for (size_t size = 0; size < whole.size; size++) {
      struct bytes part = bytes_copy(whole.data, size);
      struct gw_cbor_reader reader;
      gw_cbor_reader_init(&reader, part.data, part.size);
      assert_int_equal(gw_cbor_skip(&reader), GW_ERR_TRUNCATED);
      assert_int_equal(reader.offset, 0);
      bytes_free(part);
    }
    bytes_free(whole);
  }
}

TEST(random_bytes_never_move_the_reader_past_the_end) {
  for (int round = 0; round < 200000; round++) {
    uint8_t noise[32];
    struct gw_cbor_reader reader;
    for (size_t i = 0; i < sizeof noise; i++) noise[i] = (uint8_t)test_random();
    struct bytes input = bytes_copy(noise, test_random() % sizeof noise);
    gw_cbor_reader_init(&reader, input.data, input.size);
    int status = gw_cbor_skip(&reader);
    assert_true(status == GW_OK ? reader.offset <= input.size : reader.offset == 0);
    bytes_free(input);
  }
}

/* ---- Writing ---- */

static int write_document(void *buffer, size_t size) {
  struct gw_cbor_writer writer;
  gw_cbor_writer_init(&writer, buffer, size);
  gw_cbor_write_map(&writer, 2);
  gw_cbor_write_text(&writer, "list");
  gw_cbor_write_array(&writer, 4);
  gw_cbor_write_bool(&writer, true);
  gw_cbor_write_bool(&writer, false);
  gw_cbor_write_null(&writer);
  gw_cbor_write_double(&writer, 1.1);
  gw_cbor_write_uint(&writer, 7);
  gw_cbor_write_map_indefinite(&writer);
  gw_cbor_write_bytes(&writer, "\x01\x02", 2);
  gw_cbor_write_int(&writer, -500);
  gw_cbor_write_break(&writer);
  return gw_cbor_writer_finish(&writer);
}

TEST(writer_makes_the_expected_bytes) {
  uint8_t buffer[64];
  struct bytes expected =
      bytes_from_hex("a2 64 'list' 84 f5 f4 f6 fb3ff199999999999a 07 bf 42 0102 3901f3 ff");
  assert_bytes_equal(buffer, write_document(buffer, sizeof buffer), expected);
  bytes_free(expected);
}

TEST(writer_stops_at_the_end_of_every_buffer_that_is_too_small) {
  uint8_t whole[64];
  size_t needed = (size_t)write_document(whole, sizeof whole);
  for (size_t size = 0; size < needed; size++) {
    struct bytes buffer = bytes_copy(whole, size);
    assert_int_equal(write_document(buffer.data, size), GW_ERR_NO_SPACE);
    bytes_free(buffer);
  }
}

TEST(writer_without_a_buffer_counts) {
  uint8_t whole[64];
  assert_int_equal(write_document(NULL, SIZE_MAX), write_document(whole, sizeof whole));
}

TEST(status_names_are_distinct_and_never_null) {
  for (int a = GW_ERR_ORDER; a <= GW_OK; a++) {
    for (int b = a + 1; b <= GW_OK; b++) {
      assert_string_not_equal(gw_status_name(a), gw_status_name(b));
    }
  }
  assert_string_equal(gw_status_name(-99), "unknown status");
  assert_string_equal(gw_status_name(17), "ok");
}
