/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sign1.h"

#include "tests/support/test.h"

static uint8_t signature[GW_SIGNATURE_SIZE];
static const struct gw_sign1 sample = {.key_id = (const uint8_t *)"keyident",
                                       .payload = (const uint8_t *)"hello",
                                       .payload_size = 5,
                                       .signature = signature};
static uint8_t buffer[GW_SIGN1_SIZE_MAX + 8];
static struct gw_sign1 out;

static size_t encoded(void) {
  memset(signature, 0xCC, sizeof signature);
  int size = gw_sign1_encode(&sample, buffer, sizeof buffer);
  assert_true(size > 0);
  return (size_t)size;
}

TEST(encoded_it_is_these_bytes) {
  static const uint8_t head[] = {0x84, 0x43, 0xA1, 0x01, 0x26, 0xA1, 0x04, 0x48,
                                 'k',  'e',  'y',  'i',  'd',  'e',  'n',  't',
                                 0x45, 'h',  'e',  'l',  'l',  'o',  0x58, 0x40};
  assert_int_equal(encoded(), sizeof head + GW_SIGNATURE_SIZE);
  assert_memory_equal(buffer, head, sizeof head);
  assert_int_equal(buffer[sizeof head], 0xCC);
}

TEST(a_message_comes_back_as_it_was) {
  size_t size = encoded();
  assert_int_equal(gw_sign1_parse(buffer, size, &out), GW_OK);
  assert_memory_equal(out.key_id, "keyident", GW_KEY_ID_SIZE);
  assert_int_equal(out.payload_size, 5);
  assert_memory_equal(out.payload, "hello", 5);
  assert_memory_equal(out.signature, signature, sizeof signature);
}

TEST(tag_18_may_stand_before_it_and_no_other_tag) {
  size_t size = encoded();
  memmove(buffer + 1, buffer, size);
  buffer[0] = 0xD2;
  assert_int_equal(gw_sign1_parse(buffer, size + 1, &out), GW_OK);
  buffer[0] = 0xD1; /* COSE_Mac0 */
  assert_int_equal(gw_sign1_parse(buffer, size + 1, &out), GW_ERR_UNSUPPORTED);
  buffer[0] = 0xD2;
  memmove(buffer + 1, buffer, size + 1);
  assert_int_equal(gw_sign1_parse(buffer, size + 2, &out), GW_ERR_UNSUPPORTED);
}

TEST(cut_anywhere_it_is_refused) {
  size_t size = encoded();
  for (size_t cut = 0; cut < size; cut++) {
    assert_true(gw_sign1_parse(buffer, cut, &out) < 0);
  }
  assert_int_equal(gw_sign1_parse(buffer, size + 1, &out), GW_ERR_MALFORMED);
}

TEST(another_algorithm_is_refused) {
  size_t size = encoded();
  buffer[4] = 0x27; /* EdDSA */
  assert_int_equal(gw_sign1_parse(buffer, size, &out), GW_ERR_UNSUPPORTED);
}

TEST(a_message_without_kid_is_refused) {
  size_t size = encoded();
  buffer[6] = 0x05;
  assert_int_equal(gw_sign1_parse(buffer, size, &out), GW_ERR_MISSING);
}

TEST(a_kid_of_another_length_is_refused) {
  static const uint8_t short_kid[] = {0x84, 0x43, 0xA1, 0x01, 0x26, 0xA1, 0x04, 0x47};
  encoded();
  memcpy(buffer, short_kid, sizeof short_kid);
  assert_true(gw_sign1_parse(buffer, 87, &out) < 0);
}

TEST(other_unprotected_headers_are_skipped) {
  uint8_t wider[GW_SIGN1_SIZE_MAX];
  size_t size = encoded();
  memcpy(wider, buffer, 5);
  memcpy(wider + 5, "\xA3\x05\x41x\x04\x48keyident\x18\x63\x01", 17);
  memcpy(wider + 22, buffer + 16, size - 16);
  assert_int_equal(gw_sign1_parse(wider, size + 6, &out), GW_OK);
  assert_memory_equal(out.key_id, "keyident", GW_KEY_ID_SIZE);
}

TEST(a_payload_beyond_the_limit_is_refused_both_ways) {
  uint8_t payload[GW_SIGN1_PAYLOAD_MAX + 1] = {0};
  struct gw_sign1 large = sample;
  large.payload = payload;
  large.payload_size = sizeof payload;
  assert_int_equal(gw_sign1_encode(&large, buffer, sizeof buffer), GW_ERR_TOO_LONG);
  large.payload_size--;
  int size = gw_sign1_encode(&large, buffer, sizeof buffer);
  assert_true(size > 0 && (size_t)size < GW_SIGN1_SIZE_MAX);
  assert_int_equal(gw_sign1_parse(buffer, (size_t)size, &out), GW_OK);
  assert_int_equal(out.payload_size, GW_SIGN1_PAYLOAD_MAX);
}

TEST(each_buffer_that_is_too_small_is_said) {
  size_t size = encoded();
  for (size_t room = 0; room < size; room++) {
    assert_int_equal(gw_sign1_encode(&sample, buffer, room), GW_ERR_NO_SPACE);
  }
}

/* RFC 9052 4.4, with the payload's head for each length of length. */
TEST(the_prefix_is_that_of_a_sig_structure) {
  static const uint8_t expected[] = {0x84, 0x6A, 'S',  'i',  'g',  'n',  'a',  't', 'u', 'r',
                                     'e',  '1',  0x43, 0xA1, 0x01, 0x26, 0x4B, 'g', 'o', 'd',
                                     'w',  'i',  't',  ' ',  'k',  'e',  'y',  's'};
  uint8_t prefix[GW_SIGN1_PREFIX_MAX];
  assert_int_equal(gw_sign1_prefix(GW_SIGN1_FOR_KEYS, 23, prefix), sizeof expected + 1);
  assert_memory_equal(prefix, expected, sizeof expected);
  assert_int_equal(prefix[sizeof expected], 0x57);
  assert_int_equal(gw_sign1_prefix(GW_SIGN1_FOR_KEYS, 24, prefix), sizeof expected + 2);
  assert_memory_equal(prefix + sizeof expected, "\x58\x18", 2);
  assert_int_equal(gw_sign1_prefix(GW_SIGN1_FOR_ARTIFACT, 256, prefix), sizeof expected + 7);
  assert_memory_equal(prefix + sizeof expected + 4, "\x59\x01\x00", 3);
}
