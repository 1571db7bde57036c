/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/description.h"

#include "tests/unit/wire/bytes.h"

static const uint8_t signature[] = {0x84, 0x01, 0x02};

/* Everything that can be said. */
static struct gw_description whole(void) {
  struct gw_description description = {
      .signature = signature,
      .signature_size = sizeof signature,
      .offer_count = 2,
      .offer = {{.encoding = GW_ENCODING_DELTA, .size_bytes = 700, .id = {1, 2, 3, 4, 5, 6, 7, 8}},
                {.encoding = GW_ENCODING_COMPRESSED, .size_bytes = 70000, .id = {9}}},
      .policy = {.spread_s = 600, .shadow_windows = 500, .confirm_after_s = 3600},
      .key_epoch = 2,
  };
  memset(description.offer[0].base, 0xBB, GW_DIGEST_SIZE);
  return description;
}

static const char whole_hex[] =
    "a4 01 43 840102"
    "   02 82 a4 01 02 02 19 02bc 03 48 0102030405060708"
    "            04 5820 bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
    "         a3 01 01 02 1a 00011170 03 48 0900000000000000"
    "   03 a3 01 19 0258 02 19 01f4 06 19 0e10"
    "   04 02";

static int parse_hex(const char *hex, struct gw_description *out) {
  struct bytes input = bytes_from_hex(hex);
  int status = gw_description_parse(input.data, input.size, out);
  bytes_free(input);
  return status;
}

static int status_of(const char *hex) {
  struct gw_description description;
  return parse_hex(hex, &description);
}

TEST(encoded_it_is_these_bytes) {
  uint8_t buffer[GW_DESCRIPTION_SIZE_MAX];
  const struct gw_description description = whole();
  struct bytes expected = bytes_from_hex(whole_hex);
  assert_bytes_equal(buffer, gw_description_encode(&description, buffer, sizeof buffer), expected);
  bytes_free(expected);
}

TEST(nothing_to_say_is_an_empty_map_and_reads_so) {
  uint8_t buffer[4];
  struct gw_description description = {.offer_count = 0};
  assert_int_equal(gw_description_encode(&description, buffer, sizeof buffer), 1);
  assert_int_equal(buffer[0], 0xA0);
  memset(&description, 0xFF, sizeof description);
  assert_int_equal(parse_hex("a0", &description), GW_OK);
  assert_null(description.signature);
  assert_int_equal(description.offer_count, 0);
  assert_int_equal(description.policy.spread_s, 0);
  assert_int_equal(description.key_epoch, 0);
}

TEST(parsed_it_is_what_was_said) {
  struct bytes input = bytes_from_hex(whole_hex);
  struct gw_description description;
  assert_int_equal(gw_description_parse(input.data, input.size, &description), GW_OK);
  assert_int_equal(description.signature_size, sizeof signature);
  assert_memory_equal(description.signature, signature, sizeof signature);
  assert_int_equal(description.offer_count, 2);
  assert_int_equal(description.offer[0].encoding, GW_ENCODING_DELTA);
  assert_int_equal(description.offer[0].size_bytes, 700);
  assert_int_equal(description.offer[0].id[7], 8);
  assert_int_equal(description.offer[0].base[31], 0xBB);
  assert_int_equal(description.offer[1].encoding, GW_ENCODING_COMPRESSED);
  assert_int_equal(description.offer[1].base[0], 0);
  assert_int_equal(description.policy.spread_s, 600);
  assert_int_equal(description.policy.shadow_windows, 500);
  assert_int_equal(description.policy.shadow_s, 0);
  assert_int_equal(description.policy.confirm_after_s, 3600);
  assert_int_equal(description.key_epoch, 2);
  bytes_free(input);
}

TEST(parsed_without_offers_it_is_the_rest_of_what_was_said) {
  struct bytes input = bytes_from_hex(whole_hex);
  struct gw_description all, plain;
  assert_int_equal(gw_description_parse(input.data, input.size, &all), GW_OK);
  assert_int_equal(gw_description_parse_plain(input.data, input.size, &plain), GW_OK);
  assert_int_equal(plain.offer_count, 0);
  assert_ptr_equal(plain.signature, all.signature);
  assert_int_equal(plain.signature_size, all.signature_size);
  assert_memory_equal(&plain.policy, &all.policy, sizeof all.policy);
  assert_int_equal(plain.key_epoch, all.key_epoch);
  bytes_free(input);
}

TEST(each_prefix_is_refused) {
  struct bytes input = bytes_from_hex(whole_hex);
  struct gw_description description;
  for (size_t size = 0; size < input.size; size++) {
    struct bytes part = bytes_room(size);
    if (size > 0) memcpy(part.data, input.data, size);
    assert_true(gw_description_parse(part.data, size, &description) < 0);
    assert_true(gw_description_parse_plain(part.data, size, &description) < 0);
    bytes_free(part);
  }
  bytes_free(input);
}

TEST(each_size_that_is_too_small_is_said) {
  const struct gw_description description = whole();
  struct bytes expected = bytes_from_hex(whole_hex);
  for (size_t size = 0; size < expected.size; size++) {
    struct bytes room = bytes_room(size);
    assert_int_equal(gw_description_encode(&description, room.data, size), GW_ERR_NO_SPACE);
    bytes_free(room);
  }
  bytes_free(expected);
}

TEST(more_than_a_datagram_holds_is_not_encoded) {
  static uint8_t buffer[2 * GW_DESCRIPTION_SIZE_MAX];
  static const uint8_t long_signature[GW_DESCRIPTION_SIZE_MAX];
  struct gw_description description = {.signature = long_signature,
                                       .signature_size = sizeof long_signature};
  assert_int_equal(gw_description_encode(&description, buffer, sizeof buffer), GW_ERR_NO_SPACE);
  description = (struct gw_description){.offer_count = GW_OFFERS_MAX + 1};
  assert_int_equal(gw_description_encode(&description, buffer, sizeof buffer), GW_ERR_TOO_LONG);
}

TEST(what_it_does_not_know_is_skipped) {
  struct gw_description description;
  assert_int_equal(parse_hex("a3 00 81 01 04 05 61'x' a1 01 02", &description), GW_OK);
  assert_int_equal(description.key_epoch, 5);
  /* an encoding and a policy of tomorrow */
  assert_int_equal(parse_hex("a2 02 81 a4 01 18 63 02 01 03 48 0000000000000000 07 f6"
                             "   03 a2 01 02 18 1f 03",
                             &description),
                   GW_OK);
  assert_int_equal(description.offer[0].encoding, 99);
  assert_int_equal(description.policy.spread_s, 2);
}

TEST(what_is_wrong_is_refused) {
  assert_int_equal(status_of("80"), GW_ERR_MALFORMED);
  assert_int_equal(status_of("a2 04 01 04 01"), GW_ERR_MALFORMED);
  assert_int_equal(status_of("a1 04 20"), GW_ERR_MALFORMED);
  assert_int_equal(status_of("a1 04 1b 0000000100000000"), GW_ERR_TOO_LONG);
  assert_int_equal(status_of("a1 01 40"), GW_ERR_MALFORMED);      /* an empty signature */
  assert_int_equal(status_of("a1 01 63'abc'"), GW_ERR_MALFORMED); /* text */
  assert_int_equal(status_of("a1 02 a0"), GW_ERR_MALFORMED);
  assert_int_equal(status_of("a1 02 81 a2 01 01 02 01"), GW_ERR_MISSING); /* no id */
  assert_int_equal(status_of("a1 02 81 a3 01 01 02 01 03 47 00000000000000"), GW_ERR_MALFORMED);
  assert_int_equal(status_of("a1 02 81 a3 01 02 02 01 03 48 0000000000000000"),
                   GW_ERR_MISSING); /* a delta without its base */
  assert_int_equal(status_of("a1 02 85 a0 a0 a0 a0 a0"), GW_ERR_MISSING);
  assert_int_equal(status_of("a0 00"), GW_ERR_MALFORMED); /* something behind the end */
}

TEST(offers_beyond_the_limit_are_refused) {
  assert_int_equal(status_of("a1 02 85"
                             "a3 01 01 02 01 03 48 0000000000000000"
                             "a3 01 01 02 01 03 48 0000000000000000"
                             "a3 01 01 02 01 03 48 0000000000000000"
                             "a3 01 01 02 01 03 48 0000000000000000"
                             "a3 01 01 02 01 03 48 0000000000000000"),
                   GW_ERR_TOO_LONG);
}
