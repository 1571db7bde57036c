/* SPDX-License-Identifier: Apache-2.0 */
/* `.gw/k/EPOCH`, on a core that answers as the test asked. */
#include "tests/support/fake_core.h"
#include "tests/unit/server/gateway/fixture.h"

static struct answer answer;

static void expect(struct fixture *f, struct dtls_client *client, const char *path, uint8_t code) {
  struct ask ask = ask_get(path);
  client_exchange(f, client, &ask, &answer);
  assert_code(code, answer);
  if (code >= GW_COAP_BAD_REQUEST) assert_int_equal(0, answer.message.payload_size);
}

TEST(a_keyset_is_handed_out_as_it_was_signed_in_one_datagram) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  struct srv_keyset *keyset = &f->fake->keyset;
  keyset->epoch = UINT32_MAX;
  keyset->message_size = sizeof keyset->message;
  for (size_t i = 0; i < sizeof keyset->message; i++) keyset->message[i] = (uint8_t)(i * 31);
  expect(f, client, ".gw/k/4294967295", GW_COAP_CONTENT);
  assert_int_equal(GW_COAP_FORMAT_OCTETS, answer.format);
  assert_int_equal(-1, answer.block2);
  assert_int_equal(sizeof keyset->message, answer.message.payload_size);
  assert_memory_equal(keyset->message, answer.message.payload, sizeof keyset->message);
  expect(f, client, ".gw/k/1", GW_COAP_NOT_FOUND);
  assert_int_equal(1, f->fake->keyset_asked);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(what_is_no_epoch_is_not_found_and_the_core_is_not_asked) {
  static const char *const paths[] = {
      ".gw/k",    ".gw/k/",   ".gw/k/0",  ".gw/k/01",         ".gw/k/-1",
      ".gw/k/+1", ".gw/k/ 1", ".gw/k/1x", ".gw/k/4294967296", ".gw/k/18446744073709551617",
      ".gw/k/1/2"};
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
    expect(f, client, paths[i], GW_COAP_NOT_FOUND);
  assert_int_equal(0, f->fake->keyset_asked);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(only_get_is_for_keysets_and_the_cores_trouble_is_told) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  struct ask ask = ask_get(".gw/k/1");
  ask.method = GW_COAP_POST;
  client_exchange(f, client, &ask, &answer);
  assert_code(GW_COAP_METHOD_NOT_ALLOWED, answer);
  f->fake->keyset_status = SRV_ERR_IO;
  expect(f, client, ".gw/k/1", GW_COAP_INTERNAL_ERROR);
  dtls_client_destroy(client);
  gateway_down(f);
}
