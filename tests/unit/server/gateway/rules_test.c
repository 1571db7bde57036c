/* SPDX-License-Identifier: Apache-2.0 */
/* The ten rules that real clients depend on, each by its number, over real DTLS. */
#include "tests/support/fake_core.h"
#include "tests/unit/server/gateway/fixture.h"

#include <stdlib.h>

#include "wire/cbor.h"
#include "wire/manifest.h"
#include "wire/report.h"

#define MODEL_SIZE 26977u /* of the published example's model: 26 blocks and a part */

static uint8_t model[MODEL_SIZE];

static void give_model(struct fixture *f) {
  for (size_t i = 0; i < sizeof model; i++) model[i] = (uint8_t)test_random();
  f->fake->blob = model;
  f->fake->blob_size = sizeof model;
}

static struct ask ask_manifest(int observe) {
  struct ask ask = ask_get(".u/desired");
  ask.observe = observe;
  ask.accept = GW_COAP_FORMAT_CBOR;
  return ask;
}

static struct ask ask_report(uint8_t buffer[GW_REPORT_SIZE_MAX]) {
  struct gw_report report = {
      .state = GW_OTA_DOWNLOADING, .package = "model", .version = "0.9.0", .target = "1.0.0"};
  int size = gw_report_encode(&report, buffer, GW_REPORT_SIZE_MAX);
  assert_true(size > 0);
  return ask_post(".u/c/model", GW_COAP_FORMAT_CBOR, buffer, (size_t)size);
}

TEST(rule_1_every_component_carries_keys_one_to_six_and_nothing_after) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  struct answer answer;
  fake_core_release(f->fake, "1.0.0", 3);
  struct ask ask = ask_manifest(-1);
  client_exchange(f, client, &ask, &answer);

  struct gw_cbor_reader reader;
  struct gw_cbor_item item;
  gw_cbor_reader_init(&reader, answer.message.payload, answer.message.payload_size);
  gw_cbor_read(&reader, &item);
  assert_int_equal(GW_CBOR_MAP, item.type);
  for (int i = 0; i < 4; i++) gw_cbor_skip(&reader); /* 1: sequence, 2: hash */
  gw_cbor_read(&reader, &item);
  assert_int_equal(3, item.uint);
  gw_cbor_read(&reader, &item);
  assert_int_equal(GW_CBOR_ARRAY, item.type);
  assert_int_equal(3, item.size);
  for (int component = 0; component < 3; component++) {
    gw_cbor_read(&reader, &item);
    assert_int_equal(GW_CBOR_MAP, item.type);
    assert_int_equal(6, item.size);
    for (uint64_t key = 1; key <= 6; key++) {
      gw_cbor_read(&reader, &item);
      assert_int_equal(key, item.uint);
      gw_cbor_read(&reader, &item);
    }
    assert_true(item.type == GW_CBOR_TEXT && item.size <= 7);
  }
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(rule_2_no_release_is_a_map_without_components_never_null) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  struct answer answer;
  struct gw_manifest manifest;
  f->fake->manifest.component_count = 0;
  struct ask ask = ask_manifest(-1);
  client_exchange(f, client, &ask, &answer);
  assert_code(GW_COAP_CONTENT, answer);
  assert_true(answer.message.payload_size > 0);
  assert_int_equal(5, answer.message.payload[0] >> 5); /* a map */
  assert_int_equal(
      GW_OK, gw_manifest_parse(answer.message.payload, answer.message.payload_size, &manifest));
  assert_int_equal(0, manifest.component_count);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(rule_3_a_manifest_that_clients_would_reject_is_an_error_not_a_payload) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  struct answer answer;
  memset(f->fake->manifest.component[0].package, 'x', GW_PACKAGE_MAX + 1); /* 17, no NUL */
  struct ask ask = ask_manifest(-1);
  client_exchange(f, client, &ask, &answer);
  assert_code(GW_COAP_INTERNAL_ERROR, answer);
  assert_int_equal(0, answer.message.payload_size);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(rule_4_the_block_size_is_the_clients_in_every_block) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  static uint8_t got[MODEL_SIZE];
  give_model(f);
  for (uint8_t szx = 0; szx <= GW_BLOCK_SZX_MAX; szx += 2) { /* client_download compares SZX */
    memset(got, 0, sizeof got);
    assert_int_equal(MODEL_SIZE,
                     client_download(f, client, ".u/c/model@1.0.0", szx, 0, got, sizeof got));
    assert_memory_equal(model, got, MODEL_SIZE);
  }
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(rule_5_every_confirmable_request_gets_one_piggybacked_answer) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  struct answer answer;
  uint8_t buffer[GW_REPORT_SIZE_MAX];
  give_model(f);
  struct ask asks[] = {ask_manifest(-1),   ask_manifest(0),    ask_get(".u/c/model@1.0.0"),
                       ask_report(buffer), ask_get("nowhere"), ask_get("")};
  asks[5].method = GW_COAP_DELETE;
  for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++) {
    client_send(client, &asks[i]);
    gateway_settle(f);
    assert_true(client_poll(client, &answer));
    assert_int_equal(GW_COAP_ACK, answer.message.type);
    assert_int_equal(asks[i].message_id, answer.message.message_id);
    assert_true(answer.message.code != GW_COAP_EMPTY);
    assert_memory_equal("tok", answer.message.token, 3);
    assert_silence(f, client);
  }
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(rule_6_a_delete_without_path_is_answered_with_its_token) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  static const uint8_t request[] = {0x48, GW_COAP_DELETE, 0x12, 0x34, 0, 0, 0, 0, 0, 0, 0, 0};
  struct answer answer;
  dtls_client_send(client, request, sizeof request);
  client_wait(f, client, &answer);
  assert_code(GW_COAP_DELETED, answer);
  assert_int_equal(0x1234, answer.message.message_id);
  assert_int_equal(8, answer.message.token_length);
  assert_memory_equal(request + 4, answer.message.token, 8);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(rule_7_an_empty_non_is_answered_with_a_reset_of_its_message_id) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  struct answer answer;
  client_send_empty(client, GW_COAP_NON, 0xBEEF);
  gateway_settle(f);
  assert_true(client_poll(client, &answer));
  assert_int_equal(GW_COAP_RST, answer.message.type);
  assert_int_equal(0xBEEF, answer.message.message_id);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(rule_7_a_silent_session_is_pinged_before_thirty_seconds_and_both_answers_count) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  struct answer answer;
  enum gw_coap_type answers[] = {GW_COAP_ACK, GW_COAP_RST};
  for (int i = 0; i < 20; i++) { /* 10 minutes: longer than the idle time-out */
    uint64_t before_ms = f->now_ms;
    client_wait(f, client, &answer);
    assert_true(f->now_ms - before_ms < 30000);
    assert_true(answer.message.type == GW_COAP_CON && answer.message.code == GW_COAP_EMPTY);
    client_send_empty(client, answers[i % 2], answer.message.message_id);
    gateway_settle(f);
  }
  assert_int_equal(1, gateway_stats(f).sessions);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(rule_8_accept_never_makes_a_request_fail) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  struct answer answer;
  uint8_t buffer[GW_REPORT_SIZE_MAX];
  give_model(f);
  struct ask block = ask_get(".u/c/model@1.0.0");
  block.accept = GW_COAP_FORMAT_JSON; /* old clients do */
  client_exchange(f, client, &block, &answer);
  assert_code(GW_COAP_CONTENT, answer);
  assert_int_equal(GW_COAP_FORMAT_OCTETS, answer.format);
  struct ask report = ask_report(buffer);
  report.accept = GW_COAP_FORMAT_CBOR;
  client_exchange(f, client, &report, &answer);
  assert_code(GW_COAP_CHANGED, answer);
  struct ask check = ask_get("");
  check.method = GW_COAP_DELETE;
  check.accept = 12345;
  client_exchange(f, client, &check, &answer);
  assert_code(GW_COAP_DELETED, answer);
  struct ask manifest = ask_manifest(-1);
  manifest.accept = 12345;
  client_exchange(f, client, &manifest, &answer);
  assert_code(GW_COAP_CONTENT, answer);
  assert_int_equal(GW_COAP_FORMAT_CBOR, answer.format);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(rule_9_equal_tokens_of_two_sessions_are_two_observations) {
  struct fixture *f = gateway_up();
  struct dtls_client *clients[2] = {client_up(f, 0), client_up(f, 1)};
  struct answer answer;
  struct ask ask = ask_manifest(0);
  for (int i = 0; i < 2; i++) client_exchange(f, clients[i], &ask, &answer);
  assert_int_equal(2, gateway_stats(f).observers);
  struct ask cancel = ask_manifest(1);
  client_exchange(f, clients[0], &cancel, &answer);
  assert_int_equal(1, gateway_stats(f).observers);
  fake_core_release(f->fake, "1.1.0", 1);
  client_wait(f, clients[1], &answer);
  assert_memory_equal("tok", answer.message.token, 3);
  assert_silence(f, clients[0]);
  for (int i = 0; i < 2; i++) dtls_client_destroy(clients[i]);
  gateway_down(f);
}

TEST(rule_10_a_notification_of_eight_components_is_one_datagram_without_block2) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  struct answer answer;
  struct gw_manifest manifest;
  struct ask ask = ask_manifest(0);
  client_exchange(f, client, &ask, &answer);
  fake_core_release(f->fake, "1.1.0", GW_MANIFEST_COMPONENTS_MAX);
  client_wait(f, client, &answer);
  assert_code(GW_COAP_CONTENT, answer);
  assert_int_equal(-1, answer.block2);
  assert_true(answer.message.payload_size <= 1024);
  assert_int_equal(
      GW_OK, gw_manifest_parse(answer.message.payload, answer.message.payload_size, &manifest));
  assert_int_equal(GW_MANIFEST_COMPONENTS_MAX, manifest.component_count);
  dtls_client_destroy(client);
  gateway_down(f);
}
