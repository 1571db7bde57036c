/* SPDX-License-Identifier: Apache-2.0 */
/* `.gw/a/PKG@VER` and `.gw/e/ID`, on a core that answers as the test asked. */
#include "wire/description.h"

#include "tests/support/fake_core.h"
#include "tests/unit/server/gateway/fixture.h"

#define SIZE 5000u

static uint8_t encoded[SIZE];
static struct answer answer;

static void expect(struct fixture *f, struct dtls_client *client, const char *path, uint8_t code) {
  struct ask ask = ask_get(path);
  client_exchange(f, client, &ask, &answer);
  assert_code(code, answer);
  if (code >= GW_COAP_BAD_REQUEST) assert_int_equal(0, answer.message.payload_size);
}

static struct gw_description full_description(void) {
  static uint8_t signature[300];
  struct gw_description out = {.signature = signature,
                               .signature_size = sizeof signature,
                               .offer_count = GW_OFFERS_MAX,
                               .policy = {UINT32_MAX, UINT32_MAX, UINT32_MAX, 1000, UINT32_MAX, 1},
                               .key_epoch = UINT32_MAX};
  for (size_t i = 0; i < GW_OFFERS_MAX; i++)
    out.offer[i] = (struct gw_offer){.encoding = GW_ENCODING_DELTA, .size_bytes = UINT32_MAX};
  return out;
}

TEST(a_description_is_one_datagram_even_when_it_is_full) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  struct gw_description got;
  f->fake->description = full_description();
  expect(f, client, ".gw/a/model@1.0.0", GW_COAP_CONTENT);
  assert_int_equal(GW_COAP_FORMAT_CBOR, answer.format);
  assert_int_equal(-1, answer.block2);
  assert_int_equal(GW_OK,
                   gw_description_parse(answer.message.payload, answer.message.payload_size, &got));
  assert_int_equal(GW_OFFERS_MAX, got.offer_count);
  assert_int_equal(300, got.signature_size);
  assert_true(got.policy.spread_s == UINT32_MAX && got.key_epoch == UINT32_MAX);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(of_an_artifact_without_anything_special_the_description_is_an_empty_map) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  expect(f, client, ".gw/a/model@1.0.0", GW_COAP_CONTENT);
  assert_int_equal(1, answer.message.payload_size);
  assert_int_equal(0xA0, answer.message.payload[0]);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(what_is_no_artifacts_name_is_not_found_and_the_cores_trouble_is_told) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  static const char *const names[] = {
      ".gw/a",  ".gw/a/", ".gw/a/model", ".gw/a/model@", ".gw/a/model@2.0.0", ".gw/a/model@1.0.0/x",
      ".gw/b/x"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    expect(f, client, names[i], GW_COAP_NOT_FOUND);
  f->fake->describe_status = SRV_ERR_IO;
  expect(f, client, ".gw/a/model@1.0.0", GW_COAP_INTERNAL_ERROR);
  f->fake->describe_status = SRV_ERR_BUSY;
  expect(f, client, ".gw/a/model@1.0.0", GW_COAP_SERVICE_UNAVAILABLE);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(an_offer_is_served_from_any_block_and_tells_how_far_it_is) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  static uint8_t got[SIZE];
  for (size_t i = 0; i < SIZE; i++) encoded[i] = (uint8_t)test_random();
  f->fake->blob = encoded;
  f->fake->blob_size = SIZE;
  size_t size = client_download(f, client, ".gw/e/" FAKE_OFFER, 6, 2, got, sizeof got);
  assert_int_equal(SIZE - 2048, size);
  assert_memory_equal(encoded + 2048, got, size);
  assert_int_equal(SIZE, f->fake->offer_progress);
  struct ask ask = ask_get(".gw/e/" FAKE_OFFER); /* in any order, each on its own */
  ask.block2 = 1 << 4 | 6;
  client_exchange(f, client, &ask, &answer);
  assert_code(GW_COAP_CONTENT, answer);
  assert_memory_equal(encoded + 1024, answer.message.payload, 1024);
  assert_int_equal(2048, f->fake->offer_progress);
  assert_int_equal(0, f->fake->blobs_open);
  ask.block2 = 5 << 4 | 6; /* beyond the end */
  client_exchange(f, client, &ask, &answer);
  assert_code(GW_COAP_BAD_REQUEST, answer);
  assert_int_equal(0, f->fake->blobs_open);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(an_unknown_offer_is_not_found_and_none_is_written) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  expect(f, client, ".gw/e/ffffffffffffffff", GW_COAP_NOT_FOUND);
  struct ask ask = ask_post(".gw/e/" FAKE_OFFER, GW_COAP_FORMAT_OCTETS, "x", 1);
  client_exchange(f, client, &ask, &answer);
  assert_code(GW_COAP_METHOD_NOT_ALLOWED, answer);
  dtls_client_destroy(client);
  gateway_down(f);
}
