/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/keyset.h"

#include "tests/support/test.h"

static uint8_t buffer[GW_SIGN1_PAYLOAD_MAX];

static struct gw_keyset of_keys(uint8_t count) {
  struct gw_keyset keyset = {.epoch = 2, .floor = 9, .key_count = count, .project = "default"};
  for (unsigned i = 0; i < count && i < GW_KEYSET_KEYS_MAX; i++)
    memset(keyset.key[i], (int)(i + 1), GW_KEY_SIZE);
  return keyset;
}

TEST(a_keyset_comes_back_as_it_was) {
  for (uint8_t count = 1; count <= GW_KEYSET_KEYS_MAX; count++) {
    struct gw_keyset keyset = of_keys(count), out;
    int size = gw_keyset_encode(&keyset, buffer, sizeof buffer);
    assert_true(size > 0);
    assert_int_equal(gw_keyset_parse(buffer, (size_t)size, &out), GW_OK);
    assert_int_equal(out.epoch, keyset.epoch);
    assert_int_equal(out.floor, keyset.floor);
    assert_int_equal(out.key_count, keyset.key_count);
    assert_memory_equal(out.key, keyset.key, sizeof out.key);
    assert_string_equal(out.project, keyset.project);
  }
}

TEST(the_longest_one_fits_a_message) {
  struct gw_keyset keyset = of_keys(GW_KEYSET_KEYS_MAX);
  keyset.epoch = keyset.floor = UINT32_MAX;
  memset(keyset.project, 'p', GW_PROJECT_MAX);
  assert_true(gw_keyset_encode(&keyset, buffer, sizeof buffer) > 0);
}

TEST(what_cannot_be_meant_is_not_encoded) {
  struct gw_keyset bad = of_keys(0);
  assert_int_equal(gw_keyset_encode(&bad, buffer, sizeof buffer), GW_ERR_MISSING);
  bad = of_keys(1);
  bad.epoch = 0;
  assert_int_equal(gw_keyset_encode(&bad, buffer, sizeof buffer), GW_ERR_MISSING);
  bad = of_keys(GW_KEYSET_KEYS_MAX + 1);
  assert_int_equal(gw_keyset_encode(&bad, buffer, sizeof buffer), GW_ERR_TOO_LONG);
  bad = of_keys(3);
  memcpy(bad.key[2], bad.key[0], GW_KEY_SIZE);
  assert_int_equal(gw_keyset_encode(&bad, buffer, sizeof buffer), GW_ERR_MALFORMED);
}

TEST(cut_anywhere_it_is_refused) {
  struct gw_keyset keyset = of_keys(3), out;
  int size = gw_keyset_encode(&keyset, buffer, sizeof buffer);
  for (int cut = 0; cut < size; cut++) assert_true(gw_keyset_parse(buffer, (size_t)cut, &out) < 0);
  assert_int_equal(gw_keyset_parse(buffer, (size_t)size + 1, &out), GW_ERR_MALFORMED);
}

TEST(four_keys_no_key_and_a_key_twice_are_refused) {
  struct gw_keyset keyset = of_keys(2), out;
  uint8_t *key[2] = {buffer + 8, buffer + 8 + 66};
  int size = gw_keyset_encode(&keyset, buffer, sizeof buffer);
  assert_memory_equal(buffer, "\xA5\x01\x01\x02\x02\x03\x82\x58\x40", 9);
  memcpy(key[1] + 1, key[0] + 1, GW_KEY_SIZE);
  assert_int_equal(gw_keyset_parse(buffer, (size_t)size, &out), GW_ERR_MALFORMED);
  assert_int_equal(gw_keyset_parse((const uint8_t *)"\xA3\x01\x01\x02\x02\x03\x80", 7, &out),
                   GW_ERR_MISSING);
  size_t four = 7;
  for (unsigned i = 0; i < 4; i++, four += 66) {
    memcpy(buffer + four, "\x58\x40", 2);
    memset(buffer + four + 2, (int)i, GW_KEY_SIZE);
  }
  memcpy(buffer, "\xA3\x01\x01\x02\x02\x03\x84", 7);
  assert_int_equal(gw_keyset_parse(buffer, four, &out), GW_ERR_TOO_LONG);
}
