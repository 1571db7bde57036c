/* SPDX-License-Identifier: Apache-2.0 */
/* CBOR and JSON into each other; the input comes from devices. */
#include "server/gateway/internal.h"
#include "tests/unit/wire/bytes.h"

static char *json_of_cbor(const char *hex) {
  struct bytes bytes = bytes_from_hex(hex);
  json_t *value = convert_from_cbor(bytes.data, bytes.size);
  bytes_free(bytes);
  char *text = value == NULL ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
  json_decref(value);
  return text;
}

static void assert_json(const char *wanted, const char *hex) {
  char *text = json_of_cbor(hex);
  if (text == NULL) fail_msg("refused: %s", hex);
  assert_string_equal(wanted, text);
  free(text);
}

static void assert_refused(const char *hex) {
  char *text = json_of_cbor(hex);
  if (text != NULL) fail_msg("%s became %s", hex, text);
}

static void assert_cbor(const char *hex, const char *json) {
  uint8_t got[256];
  struct bytes wanted = bytes_from_hex(hex);
  json_t *value = convert_from_json((const uint8_t *)json, strlen(json));
  assert_non_null(value);
  assert_int_equal(wanted.size, convert_to_cbor(value, got, sizeof got));
  assert_memory_equal(wanted.data, got, wanted.size);
  for (size_t room = 0; room < wanted.size; room++)
    assert_int_equal(GW_ERR_NO_SPACE, convert_to_cbor(value, got, room));
  json_decref(value);
  bytes_free(wanted);
}

TEST(integers_stay_integers_and_floats_floats_from_cbor) {
  assert_json("0", "00");
  assert_json("-1", "20");
  assert_json("9223372036854775807", "1B 7FFFFFFFFFFFFFFF");
  assert_json("-9223372036854775808", "3B 7FFFFFFFFFFFFFFF");
  assert_json("1.0", "F9 3C00");
  assert_json("1.0", "FA 3F800000");
  assert_json("1.0", "FB 3FF0000000000000");
  assert_json("[-0.0,1.5]", "82 F9 8000 F9 3E00");
}

TEST(what_json_has_no_number_for_is_null) {
  assert_json("[null,null,null]", "83 F9 7E00 F9 7C00 FB FFF0000000000000");
  assert_json("[null,null,true,false]", "84 F6 F7 F5 F4");
}

TEST(integers_beyond_64_bits_signed_are_refused_and_not_rounded) {
  assert_refused("1B 8000000000000000");
  assert_refused("3B 8000000000000000");
  assert_refused("A1 61 'a' 1B FFFFFFFFFFFFFFFF");
}

TEST(bytes_become_base64_and_keep_their_key) {
  assert_json("{\"b\":\"\"}", "A1 61 'b' 40");
  assert_json("{\"b\":\"AA==\"}", "A1 61 'b' 41 00");
  assert_json("{\"b\":\"//8=\"}", "A1 61 'b' 42 FFFF");
  assert_json("{\"b\":\"TWFu\"}", "A1 61 'b' 43 'Man'");
  assert_json("{\"b\":\"TWFuTQ==\"}", "A1 61 'b' 44 'ManM'");
}

TEST(maps_and_arrays_of_both_lengths_and_tags_are_read) {
  assert_json("{\"a\":[1,{\"b\":\"c\"}]}", "BF 61 'a' 9F 01 BF 61 'b' C1 61 'c' FF FF FF");
  assert_json("[]", "80");
  assert_json("{}", "A0");
}

TEST(a_key_that_is_no_text_or_comes_twice_is_refused) {
  assert_refused("A1 01 02");
  assert_refused("A1 41 'a' 02");
  assert_refused("A2 61 'a' 01 61 'a' 02");
  assert_refused("BF 61 'a' 01 61 'b' 02 61 'a' 03 FF");
  assert_refused("A1 62 6100 01");
}

TEST(text_with_a_nul_or_not_utf8_is_refused) {
  assert_refused("62 6100");
  assert_refused("62 C328");
  assert_refused("A1 61 FF 01");
}

TEST(what_is_not_one_whole_item_is_refused) {
  assert_refused("");
  assert_refused("A1 61 'a'");
  assert_refused("82 01");
  assert_refused("9F 01");
  assert_refused("01 02");
  assert_refused("FF");
  assert_refused("BF 61 'a' FF");
  assert_refused("7F 61 'a' FF");
  assert_refused("9B FFFFFFFFFFFFFFFF 00");
}

TEST(sixteen_levels_pass_and_one_more_does_not) {
  uint8_t cbor[18];
  char json[40] = "";
  memset(cbor, 0x81, sizeof cbor);
  cbor[16] = 0x01;
  json_t *value = convert_from_cbor(cbor, 17);
  assert_non_null(value);
  json_decref(value);
  cbor[16] = 0x81;
  cbor[17] = 0x01;
  assert_null(convert_from_cbor(cbor, 18));
  for (int i = 0; i < 17; i++) strcat(json, "[");
  for (int i = 0; i < 17; i++) strcat(json, "]");
  assert_null(convert_from_json((const uint8_t *)json, 34));
  value = convert_from_json((const uint8_t *)json + 1, 32);
  assert_non_null(value);
  json_decref(value);
}

TEST(json_becomes_cbor_with_its_kinds_of_numbers) {
  assert_cbor("01", "1");
  assert_cbor("3B 7FFFFFFFFFFFFFFF", "-9223372036854775808");
  assert_cbor("FB 3FF0000000000000", "1.0");
  assert_cbor("FB 4024000000000000", "1e1");
  assert_cbor("A2 61 'a' 82 F5 F6 61 'b' 62 C3A9", "{\"a\":[true,null],\"b\":\"\u00e9\"}");
}

static void assert_printed(const char *wanted, const char *json) {
  uint8_t got[64];
  size_t size = strlen(wanted);
  json_t *value = convert_from_json((const uint8_t *)json, strlen(json));
  assert_non_null(value);
  assert_int_equal(size, convert_to_json(value, got, size));
  assert_memory_equal(wanted, got, size);
  assert_int_equal(GW_ERR_NO_SPACE, convert_to_json(value, got, size - 1));
  json_decref(value);
}

TEST(a_number_is_written_with_the_digits_that_it_was_read_with) {
  assert_printed("0.1", "0.1");
  assert_printed("[-0.0,1e+300,3]", "[ -0.0, 1e300, 3 ]");
}

TEST(json_that_is_none_is_refused) {
  static const char *const bad[] = {
      "",      "{",           "[1,]",      "{\"a\":1,\"a\":2}",   "nul",
      "1 2",   "\"\\u0000\"", "NaN",       "{\"\\u0000\":1}",     "'a'",
      "1e999", "\xff",        "\"\xc3(\"", "99999999999999999999"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    json_t *value = convert_from_json((const uint8_t *)bad[i], strlen(bad[i]));
    if (value != NULL) fail_msg("\"%s\" passed", bad[i]);
  }
}
