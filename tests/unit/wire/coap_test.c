/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/coap.h"

#include "tests/unit/wire/bytes.h"

static int parse(struct bytes datagram, struct gw_coap_message *message) {
  return gw_coap_parse(datagram.data, datagram.size, message);
}

static int parse_hex(const char *hex) {
  struct gw_coap_message message;
  struct bytes datagram = bytes_from_hex(hex);
  int status = parse(datagram, &message);
  bytes_free(datagram);
  return status;
}

/* Every option has one encoding only, so a parsed message written again is the
 * same datagram: the strongest check a codec can have. */
static void assert_rewrites_to_itself(const struct gw_coap_message *message,
                                      struct bytes datagram) {
  uint8_t *again = malloc(datagram.size);
  struct gw_coap_writer writer;
  struct gw_coap_option_iterator iterator = {0};
  struct gw_coap_option option;
  gw_coap_writer_begin(&writer, again, datagram.size, message->type, message->code,
                       message->message_id, message->token, message->token_length);
  while (gw_coap_option_next(message, &iterator, &option)) {
    gw_coap_writer_option(&writer, option.number, option.value, option.length);
  }
  assert_int_equal(iterator.offset, message->options_size);
  gw_coap_writer_payload(&writer, message->payload, message->payload_size);
  assert_bytes_equal(again, gw_coap_writer_finish(&writer), datagram);
  free(again);
}

/* ---- What must be refused ---- */

TEST(datagram_shorter_than_a_header_is_truncated) {
  assert_int_equal(parse_hex(""), GW_ERR_TRUNCATED);
  assert_int_equal(parse_hex("40"), GW_ERR_TRUNCATED);
  assert_int_equal(parse_hex("40 01 00"), GW_ERR_TRUNCATED);
}

TEST(version_other_than_one_is_malformed) {
  assert_int_equal(parse_hex("00 01 00 01"), GW_ERR_MALFORMED);
  assert_int_equal(parse_hex("80 01 00 01"), GW_ERR_MALFORMED);
  assert_int_equal(parse_hex("c0 01 00 01"), GW_ERR_MALFORMED);
  assert_int_equal(parse_hex("40 01 00 01"), GW_OK);
}

TEST(token_lengths_nine_to_fifteen_are_malformed_even_with_the_bytes_there) {
  for (unsigned length = 0; length <= 15; length++) {
    uint8_t datagram[4 + 15] = {(uint8_t)(0x40 | length), 1, 0, 1};
    struct gw_coap_message message;
    struct bytes exact = bytes_copy(datagram, 4 + length);
    assert_int_equal(parse(exact, &message), length <= 8 ? GW_OK : GW_ERR_MALFORMED);
    bytes_free(exact);
  }
}

TEST(token_beyond_the_end_is_truncated) {
  assert_int_equal(parse_hex("44 01 00 01 01 02 03"), GW_ERR_TRUNCATED);
  assert_int_equal(parse_hex("48 01 00 01"), GW_ERR_TRUNCATED);
}

TEST(empty_message_with_token_option_or_payload_is_malformed) {
  assert_int_equal(parse_hex("40 00 12 34"), GW_OK);
  assert_int_equal(parse_hex("41 00 12 34 aa"), GW_ERR_MALFORMED);
  assert_int_equal(parse_hex("41 00 12 34"), GW_ERR_MALFORMED);
  assert_int_equal(parse_hex("40 00 12 34 ff 01"), GW_ERR_MALFORMED);
  assert_int_equal(parse_hex("40 00 12 34 60"), GW_ERR_MALFORMED);
  assert_int_equal(parse_hex("60 00 12 34 00"), GW_ERR_MALFORMED);
}

TEST(payload_marker_without_a_payload_is_malformed) {
  assert_int_equal(parse_hex("40 01 00 01 ff"), GW_ERR_MALFORMED);
  assert_int_equal(parse_hex("40 01 00 01 b1 61 ff"), GW_ERR_MALFORMED);
  assert_int_equal(parse_hex("40 01 00 01 ff 00"), GW_OK);
}

TEST(reserved_nibble_fifteen_in_delta_or_length_is_malformed) {
  assert_int_equal(parse_hex("40 01 00 01 f0"), GW_ERR_MALFORMED);
  assert_int_equal(parse_hex("40 01 00 01 f1 61"), GW_ERR_MALFORMED);
  assert_int_equal(parse_hex("40 01 00 01 0f"), GW_ERR_MALFORMED);
  assert_int_equal(parse_hex("40 01 00 01 bf 61 61 61"), GW_ERR_MALFORMED);
  assert_int_equal(parse_hex("40 01 00 01 df 00"), GW_ERR_MALFORMED);
}

TEST(extension_bytes_beyond_the_end_are_truncated) {
  assert_int_equal(parse_hex("40 01 00 01 d0"), GW_ERR_TRUNCATED);
  assert_int_equal(parse_hex("40 01 00 01 e0"), GW_ERR_TRUNCATED);
  assert_int_equal(parse_hex("40 01 00 01 e0 00"), GW_ERR_TRUNCATED);
  assert_int_equal(parse_hex("40 01 00 01 0d"), GW_ERR_TRUNCATED);
  assert_int_equal(parse_hex("40 01 00 01 0e"), GW_ERR_TRUNCATED);
  assert_int_equal(parse_hex("40 01 00 01 0e 00"), GW_ERR_TRUNCATED);
  assert_int_equal(parse_hex("40 01 00 01 ee 00 00 00"), GW_ERR_TRUNCATED);
}

TEST(option_value_beyond_the_end_is_truncated) {
  assert_int_equal(parse_hex("40 01 00 01 b2 61"), GW_ERR_TRUNCATED);
  assert_int_equal(parse_hex("40 01 00 01 bd 00 61"), GW_ERR_TRUNCATED);
  assert_int_equal(parse_hex("40 01 00 01 be ff ff 61"),
                   GW_ERR_MALFORMED); /* 65804 bytes: over 16 bits */
  assert_int_equal(parse_hex("40 01 00 01 be fe f2 61"), GW_ERR_TRUNCATED); /* 65535 */
}

TEST(option_numbers_above_65535_are_malformed) {
  assert_int_equal(parse_hex("40 01 00 01 e0 fe f2"), GW_OK);            /* 269 + 65266 = 65535 */
  assert_int_equal(parse_hex("40 01 00 01 e0 fe f3"), GW_ERR_MALFORMED); /* 65536 in one step */
  assert_int_equal(parse_hex("40 01 00 01 e0 ff ff"), GW_ERR_MALFORMED); /* 65804 */
  assert_int_equal(parse_hex("40 01 00 01 e0 fe f2 10"), GW_ERR_MALFORMED); /* 65535 + 1 */
  assert_int_equal(parse_hex("40 01 00 01 e0 fe f2 00"), GW_OK);            /* 65535 again */
  assert_int_equal(parse_hex("40 01 00 01 e0 fe f1 10"), GW_OK);
  assert_int_equal(parse_hex("40 01 00 01 e0 80 00 e0 80 00"), GW_ERR_MALFORMED);
}

/* RFC 7252 table 1 with sections 4.2 and 4.3, once more and differently. */
static bool is_allowed(enum gw_coap_type type, unsigned code) {
  bool empty = code == 0;
  bool request = code >= 1 && code <= 31;
  bool response = code >= 64 && code <= 191;
  switch (type) {
    case GW_COAP_CON:
    case GW_COAP_NON:
      return empty || request || response;
    case GW_COAP_ACK:
      return empty || response;
    default:
      return empty;
  }
}

TEST(each_type_carries_only_the_codes_it_may) {
  for (unsigned type = 0; type < 4; type++) {
    for (unsigned code = 0; code < 256; code++) {
      uint8_t datagram[4] = {(uint8_t)(0x40 | type << 4), (uint8_t)code, 0, 1};
      struct gw_coap_message message;
      int status = gw_coap_parse(datagram, sizeof datagram, &message);
      assert_int_equal(status,
                       is_allowed((enum gw_coap_type)type, code) ? GW_OK : GW_ERR_MALFORMED);
    }
  }
}

TEST(refused_message_still_tells_type_and_id_for_a_reset) {
  struct gw_coap_message message;
  struct bytes datagram = bytes_from_hex("40 01 ab cd ff");
  assert_int_equal(parse(datagram, &message), GW_ERR_MALFORMED);
  assert_int_equal(message.type, GW_COAP_CON);
  assert_int_equal(message.message_id, 0xabcd);
  bytes_free(datagram);
  datagram = bytes_from_hex("5f 01 12 34");
  assert_int_equal(parse(datagram, &message), GW_ERR_MALFORMED);
  assert_int_equal(message.type, GW_COAP_NON);
  assert_int_equal(message.message_id, 0x1234);
  bytes_free(datagram);
}

TEST(message_cut_at_any_byte_is_refused_or_read_as_what_is_there) {
  const char *const messages[] = {
      "48 01 ab cd 68b359acc6e3f178 60 52 '.u' 07 'desired' 61 3c",
      "48 01 ab ce 68b359acc6e3f178 b2 '.u' 01 'c' 0b 'model@1.1.0' 61 2a 61 06",
      "64 45 12 34 01020304 61 05 61 3c ff a0",
      "40 02 00 01 bd 10 '.s23456789012345678901234567' d1 03 3c ff 00",
  };
  for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
    struct bytes whole = bytes_from_hex(messages[i]);
    struct gw_coap_message message;
    assert_int_equal(parse(whole, &message), GW_OK);
    for (size_t size = 0; size < whole.size; size++) {
      struct bytes part = bytes_copy(whole.data, size);
      int status = parse(part, &message);
      if (status == GW_OK) assert_rewrites_to_itself(&message, part);
      if (status != GW_OK) assert_true(status == GW_ERR_TRUNCATED || status == GW_ERR_MALFORMED);
      bytes_free(part);
    }
    bytes_free(whole);
  }
}

/* ---- What must be read ---- */

TEST(reads_the_piggybacked_example_of_rfc_7252) { /* appendix A, figure 16 */
  struct gw_coap_message message;
  char path[32];
  struct bytes request = bytes_from_hex("40 01 7d 34 bb 'temperature'");
  assert_int_equal(parse(request, &message), GW_OK);
  assert_int_equal(message.type, GW_COAP_CON);
  assert_int_equal(message.code, GW_COAP_GET);
  assert_int_equal(message.message_id, 0x7d34);
  assert_int_equal(gw_coap_path(&message, path, sizeof path), 11);
  assert_string_equal(path, "temperature");
  assert_null(message.payload);
  bytes_free(request);
  struct bytes response = bytes_from_hex("60 45 7d 34 ff '22.3 C'");
  assert_int_equal(parse(response, &message), GW_OK);
  assert_int_equal(message.type, GW_COAP_ACK);
  assert_int_equal(message.code, GW_COAP_CONTENT);
  assert_int_equal(message.payload_size, 6);
  assert_memory_equal(message.payload, "22.3 C", 6);
  bytes_free(response);
}

TEST(reads_a_block_request_of_a_published_client) {
  struct gw_coap_message message;
  uint32_t value;
  char path[64];
  struct bytes datagram =
      bytes_from_hex("48 01 ab ce 68b359acc6e3f178 b2 '.u' 01 'c' 0b 'model@1.1.0' 61 2a 61 26");
  assert_int_equal(parse(datagram, &message), GW_OK);
  assert_int_equal(message.token_length, 8);
  assert_int_equal(message.token[7], 0x78);
  assert_int_equal(gw_coap_path(&message, path, sizeof path), 16);
  assert_string_equal(path, ".u/c/model@1.1.0");
  assert_true(gw_coap_option_uint(&message, GW_COAP_OPT_ACCEPT, &value));
  assert_int_equal(value, GW_COAP_FORMAT_OCTETS);
  assert_true(gw_coap_option_uint(&message, GW_COAP_OPT_BLOCK2, &value));
  assert_int_equal(value, 0x26);
  assert_false(gw_coap_option_uint(&message, GW_COAP_OPT_OBSERVE, &value));
  bytes_free(datagram);
}

TEST(keepalive_of_libcoap_clients_is_a_delete_without_a_path) {
  struct gw_coap_message message;
  char path[8];
  struct bytes datagram = bytes_from_hex("48 04 00 07 0000000000000000");
  assert_int_equal(parse(datagram, &message), GW_OK);
  assert_int_equal(message.code, GW_COAP_DELETE);
  assert_int_equal(message.token_length, 8);
  assert_int_equal(gw_coap_path(&message, path, sizeof path), 0);
  assert_string_equal(path, "");
  bytes_free(datagram);
}

TEST(keepalive_of_zephyr_clients_is_an_empty_non_confirmable_message) {
  struct gw_coap_message message;
  struct bytes datagram = bytes_from_hex("50 00 12 34");
  assert_int_equal(parse(datagram, &message), GW_OK);
  assert_int_equal(message.type, GW_COAP_NON);
  assert_int_equal(message.code, GW_COAP_EMPTY);
  assert_int_equal(message.message_id, 0x1234);
  bytes_free(datagram);
}

TEST(option_numbers_and_lengths_survive_at_each_encoding_boundary) {
  static const unsigned edges[] = {0,   1,   12,  13,  14,  255,   256,
                                   268, 269, 270, 524, 525, 65534, 65535};
  static uint8_t value[65535];
  static uint8_t buffer[70000];
  for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
    for (size_t k = 0; k < sizeof edges / sizeof edges[0]; k++) {
      struct gw_coap_writer writer;
      struct gw_coap_message message;
      struct gw_coap_option option;
      gw_coap_writer_begin(&writer, buffer, sizeof buffer, GW_COAP_CON, GW_COAP_GET, 1, NULL, 0);
      gw_coap_writer_option(&writer, (uint16_t)edges[i], value, edges[k]);
      struct bytes datagram = bytes_copy(buffer, (size_t)gw_coap_writer_finish(&writer));
      assert_int_equal(parse(datagram, &message), GW_OK);
      assert_true(gw_coap_option_find(&message, (uint16_t)edges[i], &option));
      assert_int_equal(option.length, edges[k]);
      assert_rewrites_to_itself(&message, datagram);
      bytes_free(datagram);
    }
  }
}

TEST(find_returns_the_first_of_several_and_misses_the_absent) {
  struct gw_coap_message message;
  struct gw_coap_option option;
  struct bytes datagram = bytes_from_hex("40 01 00 01 b1 61 01 62 01 63 61 3c");
  assert_int_equal(parse(datagram, &message), GW_OK);
  assert_true(gw_coap_option_find(&message, GW_COAP_OPT_URI_PATH, &option));
  assert_int_equal(option.value[0], 'a');
  assert_true(gw_coap_option_find(&message, GW_COAP_OPT_ACCEPT, &option));
  assert_false(gw_coap_option_find(&message, GW_COAP_OPT_OBSERVE, &option));
  assert_false(gw_coap_option_find(&message, GW_COAP_OPT_CONTENT_FORMAT, &option));
  assert_false(gw_coap_option_find(&message, GW_COAP_OPT_SIZE1, &option));
  bytes_free(datagram);
}

TEST(option_integers_take_leading_zeros_and_at_most_four_bytes) {
  static const struct {
    const char *datagram;
    bool readable;
    uint32_t value;
  } cases[] = {
      {"40 01 00 01 60", true, 0},
      {"40 01 00 01 61 00", true, 0},
      {"40 01 00 01 61 ff", true, 255},
      {"40 01 00 01 63 00 00 01", true, 1},
      {"40 01 00 01 63 12 34 56", true, 0x123456},
      {"40 01 00 01 64 ff ff ff ff", true, 0xffffffff},
      {"40 01 00 01 65 00 00 00 00 01", false, 0},
      {"40 01 00 01", false, 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct gw_coap_message message;
    uint32_t value = 0;
    struct bytes datagram = bytes_from_hex(cases[i].datagram);
    assert_int_equal(parse(datagram, &message), GW_OK);
    assert_int_equal(gw_coap_option_uint(&message, GW_COAP_OPT_OBSERVE, &value), cases[i].readable);
    if (cases[i].readable) assert_int_equal(value, cases[i].value);
    bytes_free(datagram);
  }
}

static uint16_t unknown_in(const char *hex) {
  struct gw_coap_message message;
  struct bytes datagram = bytes_from_hex(hex);
  assert_int_equal(parse(datagram, &message), GW_OK);
  uint16_t number = gw_coap_unknown_critical_option(&message);
  bytes_free(datagram);
  return number;
}

TEST(critical_options_of_the_contract_are_known) {
  assert_int_equal(unknown_in("40 01 00 01"), 0);
  /* Uri-Host, Uri-Port, two Uri-Path, Uri-Query, Accept, Block2, Block1 */
  assert_int_equal(unknown_in("40 01 00 01 31 68 42 1633 41 61 01 62 41 63 21 3c 61 06 41 06"), 0);
}

TEST(accept_that_makes_no_sense_is_no_reason_to_refuse) { /* rule 8 */
  assert_int_equal(unknown_in("40 01 00 01 b2 '.u' 01 'c' 0b 'model@1.1.0' 61 32 61 06"), 0);
  assert_int_equal(unknown_in("40 02 00 01 b2 '.u' 01 'c' 05 'model' 11 3c 51 3c ff a0"), 0);
  assert_int_equal(unknown_in("40 04 00 01 b2 '.d' 01 'x' 61 32"), 0);
}

TEST(critical_options_outside_the_contract_are_named) {
  assert_int_equal(unknown_in("40 01 00 01 10"), 1);     /* If-Match */
  assert_int_equal(unknown_in("40 01 00 01 50"), 5);     /* If-None-Match */
  assert_int_equal(unknown_in("40 01 00 01 90"), 9);     /* OSCORE */
  assert_int_equal(unknown_in("40 01 00 01 d0 16"), 35); /* Proxy-Uri */
  assert_int_equal(unknown_in("40 01 00 01 d0 1a"), 39); /* Proxy-Scheme */
  assert_int_equal(unknown_in("40 01 00 01 e0 fe f2"), 65535);
}

TEST(elective_options_outside_the_contract_are_ignored) {
  assert_int_equal(unknown_in("40 01 00 01 41 aa"), 0);    /* ETag */
  assert_int_equal(unknown_in("40 01 00 01 d1 03 10"), 0); /* Hop-Limit, 16 */
  assert_int_equal(unknown_in("40 01 00 01 d1 2f 01"), 0); /* Size1, 60 */
  assert_int_equal(unknown_in("40 01 00 01 e0 fe f1"), 0); /* 65534 */
}

TEST(known_critical_option_too_long_or_repeated_counts_as_unknown) {
  assert_int_equal(unknown_in("40 01 00 01 d3 04 000001"), 17);   /* Accept of three bytes */
  assert_int_equal(unknown_in("40 01 00 01 d4 0a 00000006"), 23); /* Block2 of four */
  assert_int_equal(unknown_in("40 01 00 01 d1 04 3c 01 3c"), 17); /* Accept twice */
  assert_int_equal(unknown_in("40 01 00 01 d1 0a 06 01 16"), 23); /* Block2 twice */
  assert_int_equal(unknown_in("40 01 00 01 31 61 01 62"), 3);     /* Uri-Host twice */
}

static int path_of(const char *hex, char *path, size_t size) {
  struct gw_coap_message message;
  struct bytes datagram = bytes_from_hex(hex);
  assert_int_equal(parse(datagram, &message), GW_OK);
  int length = gw_coap_path(&message, path, size);
  bytes_free(datagram);
  return length;
}

TEST(path_segments_that_would_change_meaning_are_malformed) {
  char path[64];
  assert_int_equal(path_of("40 01 00 01 b3 'a/b'", path, sizeof path), GW_ERR_MALFORMED);
  assert_int_equal(path_of("40 01 00 01 b3 61 00 62", path, sizeof path), GW_ERR_MALFORMED);
  assert_int_equal(path_of("40 01 00 01 b2 '.u' 01 '.'", path, sizeof path), GW_ERR_MALFORMED);
  assert_int_equal(path_of("40 01 00 01 b2 '.u' 02 '..'", path, sizeof path), GW_ERR_MALFORMED);
  assert_int_equal(path_of("40 01 00 01 b2 c0 af", path, sizeof path), GW_ERR_MALFORMED);
  assert_int_equal(path_of("40 01 00 01 b3 '...'", path, sizeof path), 3);
  assert_int_equal(path_of("40 01 00 01 b2 '.s'", path, sizeof path), 2);
}

TEST(path_needs_room_for_its_nul) {
  const char *request = "40 01 00 01 b2 '.u' 07 'desired'"; /* ".u/desired": 10 */
  for (size_t size = 0; size < 16; size++) {
    struct bytes path = bytes_copy("0123456789abcdef", size);
    int length = path_of(request, (char *)path.data, size);
    assert_int_equal(length, size > 10 ? 10 : GW_ERR_NO_SPACE);
    if (length > 0) assert_string_equal((char *)path.data, ".u/desired");
    bytes_free(path);
  }
  char exact[3];
  assert_int_equal(path_of("40 01 00 01 b2 '.s'", exact, 3), 2);
  assert_int_equal(path_of("40 01 00 01 b2 '.s'", exact, 2), GW_ERR_NO_SPACE);
  char none[1];
  assert_int_equal(path_of("40 01 00 01", none, 0), GW_ERR_NO_SPACE);
  assert_int_equal(path_of("40 01 00 01", none, 1), 0);
}

TEST(path_skips_options_before_and_after_it) {
  char path[64];
  assert_int_equal(path_of("40 01 00 01 60 51 61 01 62 61 3c", path, sizeof path), 3);
  assert_string_equal(path, "a/b");
}

/* ---- Writing ---- */

static int write_example(uint8_t *buffer, size_t size) {
  static const uint8_t token[] = {0x68, 0xb3, 0x59, 0xac, 0xc6, 0xe3, 0xf1, 0x78};
  struct gw_coap_writer writer;
  gw_coap_writer_begin(&writer, buffer, size, GW_COAP_CON, GW_COAP_POST, 0xabcd, token, 8);
  gw_coap_writer_path(&writer, "/.u/c/model");
  gw_coap_writer_option_uint(&writer, GW_COAP_OPT_CONTENT_FORMAT, GW_COAP_FORMAT_CBOR);
  gw_coap_writer_option_uint(&writer, GW_COAP_OPT_BLOCK1, 0);
  gw_coap_writer_payload(&writer, "\xa0", 1);
  return gw_coap_writer_finish(&writer);
}

TEST(writes_the_bytes_of_a_report_request) {
  uint8_t buffer[64];
  struct bytes expected =
      bytes_from_hex("48 02 ab cd 68b359acc6e3f178 b2 '.u' 01 'c' 05 'model' 11 3c d0 02 ff a0");
  assert_bytes_equal(buffer, write_example(buffer, sizeof buffer), expected);
  bytes_free(expected);
}

TEST(writer_never_passes_the_end_of_its_buffer) {
  uint8_t whole[64];
  size_t needed = (size_t)write_example(whole, sizeof whole);
  for (size_t size = 0; size < needed; size++) {
    struct bytes buffer = bytes_copy(whole, size);
    assert_int_equal(write_example(buffer.data, size), GW_ERR_NO_SPACE);
    bytes_free(buffer);
  }
  struct bytes buffer = bytes_copy(whole, needed);
  assert_int_equal(write_example(buffer.data, needed), needed);
  bytes_free(buffer);
}

TEST(writer_keeps_its_first_error) {
  uint8_t buffer[64] = {0};
  struct gw_coap_writer writer;
  gw_coap_writer_begin(&writer, buffer, sizeof buffer, GW_COAP_CON, GW_COAP_GET, 1, buffer, 9);
  gw_coap_writer_option(&writer, 5, "x", 1);
  gw_coap_writer_option(&writer, 4, "x", 1);
  assert_int_equal(gw_coap_writer_finish(&writer), GW_ERR_TOO_LONG);
}

TEST(options_out_of_order_or_behind_the_payload_are_refused) {
  uint8_t buffer[64];
  struct gw_coap_writer writer;
  gw_coap_writer_begin(&writer, buffer, sizeof buffer, GW_COAP_CON, GW_COAP_GET, 1, NULL, 0);
  gw_coap_writer_option(&writer, 11, "x", 1);
  gw_coap_writer_option(&writer, 6, "x", 1);
  assert_int_equal(gw_coap_writer_finish(&writer), GW_ERR_ORDER);
  gw_coap_writer_begin(&writer, buffer, sizeof buffer, GW_COAP_CON, GW_COAP_GET, 1, NULL, 0);
  gw_coap_writer_payload(&writer, "x", 1);
  gw_coap_writer_option(&writer, 11, "x", 1);
  assert_int_equal(gw_coap_writer_finish(&writer), GW_ERR_ORDER);
  gw_coap_writer_begin(&writer, buffer, sizeof buffer, GW_COAP_CON, GW_COAP_GET, 1, NULL, 0);
  gw_coap_writer_payload(&writer, "x", 1);
  gw_coap_writer_payload(&writer, "y", 1);
  assert_int_equal(gw_coap_writer_finish(&writer), GW_ERR_ORDER);
  gw_coap_writer_begin(&writer, buffer, sizeof buffer, GW_COAP_CON, GW_COAP_GET, 1, NULL, 0);
  gw_coap_writer_option(&writer, 11, buffer, 65536);
  assert_int_equal(gw_coap_writer_finish(&writer), GW_ERR_TOO_LONG);
}

TEST(empty_payload_writes_no_marker) {
  uint8_t buffer[8];
  struct gw_coap_writer writer;
  gw_coap_writer_begin(&writer, buffer, sizeof buffer, GW_COAP_ACK, GW_COAP_CHANGED, 1, NULL, 0);
  gw_coap_writer_payload(&writer, NULL, 0);
  assert_int_equal(gw_coap_writer_finish(&writer), 4);
}

TEST(path_writer_splits_at_slashes_and_skips_empty_segments) {
  static const char *const spellings[] = {"/.u/desired", ".u/desired", "//.u//desired/"};
  struct bytes expected = bytes_from_hex("40 01 00 01 b2 '.u' 07 'desired'");
  for (size_t i = 0; i < 3; i++) {
    uint8_t buffer[32];
    struct gw_coap_writer writer;
    gw_coap_writer_begin(&writer, buffer, sizeof buffer, GW_COAP_CON, GW_COAP_GET, 1, NULL, 0);
    gw_coap_writer_path(&writer, spellings[i]);
    assert_bytes_equal(buffer, gw_coap_writer_finish(&writer), expected);
  }
  bytes_free(expected);
}

TEST(option_integers_are_written_in_their_shortest_form) {
  static const struct {
    uint32_t value;
    const char *datagram;
  } cases[] = {
      {0, "40 01 00 01 60"},
      {1, "40 01 00 01 61 01"},
      {255, "40 01 00 01 61 ff"},
      {256, "40 01 00 01 62 01 00"},
      {65536, "40 01 00 01 63 010000"},
      {0x01000000, "40 01 00 01 64 01000000"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    uint8_t buffer[16];
    struct gw_coap_writer writer;
    struct bytes expected = bytes_from_hex(cases[i].datagram);
    gw_coap_writer_begin(&writer, buffer, sizeof buffer, GW_COAP_CON, GW_COAP_GET, 1, NULL, 0);
    gw_coap_writer_option_uint(&writer, GW_COAP_OPT_OBSERVE, cases[i].value);
    assert_bytes_equal(buffer, gw_coap_writer_finish(&writer), expected);
    bytes_free(expected);
  }
}

TEST(code_text_reads_class_dot_detail) {
  char text[5];
  assert_string_equal(gw_coap_code_text(GW_COAP_CONTENT, text), "2.05");
  assert_string_equal(gw_coap_code_text(GW_COAP_CONTINUE, text), "2.31");
  assert_string_equal(gw_coap_code_text(GW_COAP_TOO_MANY_REQUESTS, text), "4.29");
  assert_string_equal(gw_coap_code_text(GW_COAP_EMPTY, text), "0.00");
  assert_string_equal(gw_coap_code_text(255, text), "7.31");
}

/* ---- By seed ---- */

static size_t write_random_message(uint8_t *buffer, size_t size) {
  uint8_t noise[64];
  struct gw_coap_writer writer;
  for (size_t i = 0; i < sizeof noise; i++) noise[i] = (uint8_t)test_random();
  gw_coap_writer_begin(&writer, buffer, size, (enum gw_coap_type)(test_random() % 2),
                       (uint8_t)(1 + test_random() % 31), (uint16_t)test_random(), noise,
                       test_random() % 9);
  uint32_t number = 0;
  for (uint32_t count = test_random() % 8; count > 0; count--) {
    number += test_random() % (test_random() % 4 ? 20 : 9000);
    if (number > 65535) break;
    gw_coap_writer_option(&writer, (uint16_t)number, noise, test_random() % sizeof noise);
  }
  gw_coap_writer_payload(&writer, noise, test_random() % sizeof noise);
  int length = gw_coap_writer_finish(&writer);
  assert_true(length >= 4);
  return (size_t)length;
}

TEST(random_messages_come_back_byte_for_byte) {
  for (int round = 0; round < 20000; round++) {
    uint8_t buffer[1024];
    struct gw_coap_message message;
    struct bytes datagram = bytes_copy(buffer, write_random_message(buffer, sizeof buffer));
    assert_int_equal(parse(datagram, &message), GW_OK);
    assert_rewrites_to_itself(&message, datagram);
    bytes_free(datagram);
  }
}

TEST(mutated_messages_are_refused_or_come_back_byte_for_byte) {
  int refused = 0;
  for (int round = 0; round < 50000; round++) {
    uint8_t buffer[1024];
    struct gw_coap_message message;
    size_t size = write_random_message(buffer, sizeof buffer);
    for (uint32_t hits = 1 + test_random() % 4; hits > 0; hits--) {
      buffer[test_random() % size] = (uint8_t)test_random();
    }
    struct bytes datagram = bytes_copy(buffer, size - test_random() % 4);
    if (parse(datagram, &message) == GW_OK) {
      char path[256];
      assert_rewrites_to_itself(&message, datagram);
      (void)gw_coap_path(&message, path, sizeof path);
      (void)gw_coap_unknown_critical_option(&message);
    } else {
      refused++;
    }
    bytes_free(datagram);
  }
  assert_true(refused > 1000);
}
