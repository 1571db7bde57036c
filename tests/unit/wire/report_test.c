/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/report.h"

#include "tests/unit/wire/bytes.h"

static int parse_hex(const char *hex, struct gw_report *report) {
  struct bytes input = bytes_from_hex(hex);
  int status = gw_report_parse(input.data, input.size, report);
  bytes_free(input);
  return status;
}

static int status_of(const char *hex) {
  struct gw_report report;
  return parse_hex(hex, &report);
}

static const struct gw_report downloading = {
    .state = GW_OTA_DOWNLOADING, .package = "model", .version = "0.9.0", .target = "1.0.0"};
static const char downloading_hex[] =
    "bf 6173 01 6172 00 63706b67 656d6f64656c 6176 65302e392e30 6174 65312e302e30 ff";

TEST(encodes_the_very_bytes_of_the_published_sdk) {
  uint8_t buffer[GW_REPORT_SIZE_MAX];
  struct bytes expected = bytes_from_hex(downloading_hex);
  assert_bytes_equal(buffer, gw_report_encode(&downloading, buffer, sizeof buffer), expected);
  bytes_free(expected);
}

TEST(empty_strings_are_omitted) {
  uint8_t buffer[GW_REPORT_SIZE_MAX];
  struct gw_report report = {.state = GW_OTA_IDLE, .package = "main", .version = "1.0.0"};
  struct bytes expected = bytes_from_hex("bf 6173 00 6172 00 63'pkg' 64'main' 6176 65'1.0.0' ff");
  assert_bytes_equal(buffer, gw_report_encode(&report, buffer, sizeof buffer), expected);
  bytes_free(expected);
  report = (struct gw_report){.state = GW_OTA_UPDATING, .reason = GW_OTA_AWAIT_RETRY};
  expected = bytes_from_hex("bf 6173 03 6172 0b ff");
  assert_bytes_equal(buffer, gw_report_encode(&report, buffer, sizeof buffer), expected);
  bytes_free(expected);
}

TEST(longest_report_takes_the_documented_size) {
  uint8_t buffer[GW_REPORT_SIZE_MAX + 1];
  struct gw_report report = {.state = 255, .reason = 255, .detail = 255};
  memset(report.package, 'p', GW_PACKAGE_MAX);
  memset(report.version, 'v', GW_VERSION_MAX);
  memset(report.target, 't', GW_VERSION_MAX);
  assert_int_equal(gw_report_encode(&report, buffer, sizeof buffer), 73);
  memset(report.version, 'v', GW_REPORT_VERSION_MAX);
  memset(report.target, 't', GW_REPORT_VERSION_MAX);
  assert_int_equal(gw_report_encode(&report, buffer, sizeof buffer), GW_REPORT_SIZE_MAX);
  struct gw_report again;
  assert_int_equal(gw_report_parse(buffer, GW_REPORT_SIZE_MAX, &again), GW_OK);
  assert_string_equal(again.version, report.version);
  report.version[GW_REPORT_VERSION_MAX] = 'v';
  assert_int_equal(gw_report_encode(&report, buffer, sizeof buffer), GW_ERR_TOO_LONG);
  report.version[0] = '\0';
  report.target[GW_REPORT_VERSION_MAX] = 't';
  assert_int_equal(gw_report_encode(&report, buffer, sizeof buffer), GW_ERR_TOO_LONG);
  report.target[0] = '\0';
  report.package[GW_PACKAGE_MAX] = 'p';
  assert_int_equal(gw_report_encode(&report, buffer, sizeof buffer), GW_ERR_TOO_LONG);
}

TEST(encode_never_passes_the_end_of_its_buffer) {
  for (size_t size = 0; size < 36; size++) {
    struct bytes buffer = bytes_room(size);
    int status = gw_report_encode(&downloading, buffer.data, size);
    assert_int_equal(status, size < 34 ? GW_ERR_NO_SPACE : 34);
    bytes_free(buffer);
  }
}

static void assert_is_downloading(const char *hex) {
  struct gw_report report;
  assert_int_equal(parse_hex(hex, &report), GW_OK);
  assert_int_equal(report.state, GW_OTA_DOWNLOADING);
  assert_int_equal(report.reason, GW_OTA_READY);
  assert_string_equal(report.package, "model");
  assert_string_equal(report.version, "0.9.0");
  assert_string_equal(report.target, "1.0.0");
}

TEST(a_detail_comes_last_and_is_left_out_where_there_is_none) {
  uint8_t buffer[GW_REPORT_SIZE_MAX];
  struct gw_report report = {.reason = GW_OTA_UPDATE_FAILED, .detail = GW_DETAIL_TEST_OUTPUT};
  struct bytes expected = bytes_from_hex("bf 6173 00 6172 08 61'd' 0b ff");
  assert_bytes_equal(buffer, gw_report_encode(&report, buffer, sizeof buffer), expected);
  bytes_free(expected);
  assert_int_equal(parse_hex("a2 61'r' 05 61'd' 05", &report), GW_OK);
  assert_int_equal(report.detail, GW_DETAIL_DIGEST_WRONG);
  assert_int_equal(parse_hex("a1 66'detail' 18 ff", &report), GW_OK);
  assert_int_equal(report.detail, 255);
  assert_int_equal(parse_hex("a0", &report), GW_OK);
  assert_int_equal(report.detail, GW_DETAIL_NONE);
}

TEST(details_have_names) {
  assert_string_equal(gw_ota_detail_name(GW_DETAIL_NONE), "");
  assert_string_equal(gw_ota_detail_name(GW_DETAIL_SIGNATURE_MISSING), "SIGNATURE_MISSING");
  assert_string_equal(gw_ota_detail_name(GW_DETAIL_TEST_MISSING), "TEST_MISSING");
  assert_string_equal(gw_ota_detail_name(GW_DETAIL_TEST_MISSING + 1), "UNKNOWN");
}

TEST(short_and_long_names_in_any_order_read_alike) {
  assert_is_downloading(downloading_hex);
  assert_is_downloading("a5 61's' 01 61'r' 00 63'pkg' 65'model' 61'v' 65'0.9.0' 61't' 65'1.0.0'");
  assert_is_downloading(
      "a5 65'state' 01 66'reason' 00 67'package' 65'model' 67'version' 65'0.9.0' 66'target' "
      "65'1.0.0'");
  assert_is_downloading(
      "bf 61't' 65'1.0.0' 67'version' 65'0.9.0' 63'pkg' 65'model' 65'state' 01 ff");
}

TEST(absent_fields_have_their_defaults) {
  struct gw_report report;
  assert_int_equal(parse_hex("a0", &report), GW_OK);
  assert_int_equal(report.state, 0);
  assert_int_equal(report.reason, 0);
  assert_string_equal(report.package, "main");
  assert_string_equal(report.version, "");
  assert_string_equal(report.target, "");
  assert_int_equal(parse_hex("a1 63'pkg' 60", &report), GW_OK);
  assert_string_equal(report.package, "main");
}

TEST(unknown_keys_are_skipped) {
  assert_is_downloading(
      "bf 00 f6 61's' 01 62'ss' 82 01 02 61'r' 00 a1 00 00 9f ff 63'pkg' 65'model' 61'v' 65'0.9.0' "
      "61't' 65'1.0.0' 61'x' bf ff ff");
}

TEST(states_and_reasons_of_tomorrow_pass_and_those_above_255_do_not) {
  struct gw_report report;
  assert_int_equal(parse_hex("a2 61's' 18 c8 61'r' 18 ff", &report), GW_OK);
  assert_int_equal(report.state, 200);
  assert_int_equal(report.reason, 255);
  assert_int_equal(status_of("a1 61's' 19 0100"), GW_ERR_TOO_LONG);
  assert_int_equal(status_of("a1 61'r' 1b ffffffffffffffff"), GW_ERR_TOO_LONG);
}

TEST(bad_reports_are_refused_each_with_its_error) {
  assert_int_equal(status_of(""), GW_ERR_TRUNCATED);
  assert_int_equal(status_of("80"), GW_ERR_MALFORMED);
  assert_int_equal(status_of("f6"), GW_ERR_MALFORMED);
  assert_int_equal(status_of("a1 61's' 20"), GW_ERR_MALFORMED);
  assert_int_equal(status_of("a1 61's' 61'1'"), GW_ERR_MALFORMED);
  assert_int_equal(status_of("a1 63'pkg' 05"), GW_ERR_MALFORMED);
  assert_int_equal(status_of("a1 63'pkg' f6"), GW_ERR_MALFORMED);
  assert_int_equal(status_of("a1 63'pkg' 62 6100"), GW_ERR_MALFORMED);
  assert_int_equal(status_of("a1 61'v' 61 ff"), GW_ERR_MALFORMED);
  assert_int_equal(status_of("a1 63'pkg' 71 'a2345678901234567'"), GW_ERR_TOO_LONG);
  assert_int_equal(status_of("a1 61'v' 78 2f '12345678901234567890123456789012345678901234567'"),
                   GW_ERR_TOO_LONG);
  assert_int_equal(status_of("a1 61'x' 7f 61'a' ff"), GW_ERR_UNSUPPORTED);
  assert_int_equal(status_of("a2 61's' 01 61's' 02"), GW_ERR_MALFORMED);
  assert_int_equal(status_of("a2 61's' 01 65'state' 01"), GW_ERR_MALFORMED);
  assert_int_equal(status_of("a0 00"), GW_ERR_MALFORMED);
  assert_int_equal(status_of("bf 61's' ff"), GW_ERR_MALFORMED);
}

TEST(every_field_given_twice_is_malformed) {
  assert_int_equal(status_of("a2 61's' 01 65'state' 01"), GW_ERR_MALFORMED);
  assert_int_equal(status_of("a2 61'r' 01 66'reason' 01"), GW_ERR_MALFORMED);
  assert_int_equal(status_of("a2 63'pkg' 61'a' 67'package' 61'a'"), GW_ERR_MALFORMED);
  assert_int_equal(status_of("a2 61'v' 61'1' 67'version' 61'1'"), GW_ERR_MALFORMED);
  assert_int_equal(status_of("a2 61't' 61'1' 66'target' 61'1'"), GW_ERR_MALFORMED);
  assert_int_equal(status_of("a2 61'x' 61'1' 61'x' 61'1'"), GW_OK); /* not ours to judge */
}

TEST(key_that_cannot_be_skipped_is_refused) {
  assert_int_equal(status_of("a1 81 7f 61'a' ff 00"), GW_ERR_UNSUPPORTED);
  assert_int_equal(status_of("a1 81 ff 00"), GW_ERR_MALFORMED);
}

TEST(report_cut_at_any_byte_is_truncated) {
  struct bytes whole = bytes_from_hex(downloading_hex);
  for (size_t size = 0; size < whole.size; size++) {
    struct bytes part = bytes_copy(whole.data, size);
    struct gw_report report;
    assert_int_equal(gw_report_parse(part.data, part.size, &report), GW_ERR_TRUNCATED);
    bytes_free(part);
  }
  bytes_free(whole);
}

static void random_text(char *text, size_t max) {
  size_t length = test_random() % (max + 1);
  for (size_t i = 0; i < length; i++) text[i] = (char)('!' + test_random() % 94);
  text[length] = '\0';
}

TEST(random_reports_come_back_and_mutated_ones_do_no_harm) {
  for (int round = 0; round < 20000; round++) {
    uint8_t buffer[GW_REPORT_SIZE_MAX];
    struct gw_report again;
    struct gw_report report = {.state = (uint8_t)test_random(), .reason = (uint8_t)test_random()};
    random_text(report.package, GW_PACKAGE_MAX);
    random_text(report.version, GW_REPORT_VERSION_MAX);
    random_text(report.target, GW_REPORT_VERSION_MAX);
    int size = gw_report_encode(&report, buffer, sizeof buffer);
    assert_true(size > 0);
    struct bytes input = bytes_copy(buffer, (size_t)size);
    assert_int_equal(gw_report_parse(input.data, input.size, &again), GW_OK);
    assert_int_equal(again.state, report.state);
    assert_int_equal(again.reason, report.reason);
    assert_string_equal(again.package, report.package[0] ? report.package : "main");
    assert_string_equal(again.version, report.version);
    assert_string_equal(again.target, report.target);
    input.data[test_random() % input.size] = (uint8_t)test_random();
    if (gw_report_parse(input.data, input.size, &again) == GW_OK) {
      assert_true(gw_report_encode(&again, buffer, sizeof buffer) > 0);
    }
    bytes_free(input);
  }
}

TEST(names_of_states_and_reasons_follow_their_numbers) {
  assert_string_equal(gw_ota_state_name(GW_OTA_IDLE), "IDLE");
  assert_string_equal(gw_ota_state_name(GW_OTA_UPDATING), "UPDATING");
  assert_string_equal(gw_ota_state_name(4), "UNKNOWN");
  assert_string_equal(gw_ota_reason_name(GW_OTA_READY), "READY");
  assert_string_equal(gw_ota_reason_name(GW_OTA_INTEGRITY_CHECK_FAILED), "INTEGRITY_CHECK_FAILURE");
  assert_string_equal(gw_ota_reason_name(GW_OTA_IO), "IO");
  assert_string_equal(gw_ota_reason_name(GW_OTA_AWAIT_RETRY), "AWAIT_RETRY");
  assert_string_equal(gw_ota_reason_name(12), "UNKNOWN");
  assert_string_equal(gw_ota_reason_name(255), "UNKNOWN");
}
