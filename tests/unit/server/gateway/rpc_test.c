/* SPDX-License-Identifier: Apache-2.0 */
/* `.rpc` and `.rpc/status`: each call is heard once, whatever is lost. */
#include "tests/support/fake_core.h"
#include "tests/unit/server/gateway/fixture.h"
#include "tests/unit/wire/bytes.h"

#define ID_1 "000000000000000000000001"
#define ID_2 "000000000000000000000002"

static struct fixture *f;
static struct dtls_client *client;
static struct answer answer;

static void up(void) {
  f = gateway_up();
  client = client_up(f, 0);
}

static void down(void) {
  dtls_client_destroy(client);
  gateway_down(f);
}

static void listen_for_calls(struct dtls_client *who) {
  struct ask ask = ask_get(".rpc");
  ask.observe = 0;
  ask.token = "rpc";
  ask.accept = GW_COAP_FORMAT_CBOR;
  client_exchange(f, who, &ask, &answer);
  assert_code(GW_COAP_CONTENT, answer);
  assert_int_equal(3, answer.message.payload_size);
  assert_memory_equal("\x62OK", answer.message.payload, 3);
}

static void assert_call(const char *id) {
  assert_int_equal(GW_COAP_CON, answer.message.type);
  assert_code(GW_COAP_CONTENT, answer);
  assert_memory_equal("\xA3\x62id\x78\x18", answer.message.payload, 6);
  assert_memory_equal(id, answer.message.payload + 6, 24);
}

static void hear(struct dtls_client *who, const char *id) {
  client_wait(f, who, &answer);
  assert_call(id);
}

static void acknowledge(struct dtls_client *who) {
  client_send_empty(who, GW_COAP_ACK, answer.message.message_id);
  gateway_settle(f);
}

static uint8_t reply(const char *hex) {
  struct bytes bytes = bytes_from_hex(hex);
  struct ask ask = ask_post(".rpc/status", GW_COAP_FORMAT_CBOR, bytes.data, bytes.size);
  client_exchange(f, client, &ask, &answer);
  bytes_free(bytes);
  return answer.message.code;
}

static uint8_t reply_to(const char *id, unsigned status) {
  char hex[96];
  snprintf(hex, sizeof hex, "A2 62 'id' 78 18 '%s' 6A 'statusCode' %02X", id, status);
  return reply(hex);
}

TEST(a_get_without_observe_hears_ok_and_never_a_call) {
  up();
  struct ask ask = ask_get(".rpc");
  fake_core_call(f->fake, ID_1, "m", "[]");
  client_exchange(f, client, &ask, &answer);
  assert_int_equal(3, answer.message.payload_size);
  assert_silence(f, client);
  assert_int_equal(-1, f->fake->listening);
  down();
}

TEST(a_call_that_waits_already_follows_the_ok) {
  up();
  fake_core_call(f->fake, ID_1, "m", "[]");
  listen_for_calls(client);
  hear(client, ID_1);
  acknowledge(client);
  assert_true(f->fake->call.delivered);
  down();
}

TEST(after_a_call_nothing_is_said_until_the_next) {
  up();
  listen_for_calls(client);
  fake_core_call(f->fake, ID_1, "m", "[]");
  hear(client, ID_1);
  acknowledge(client);
  assert_int_equal(GW_COAP_CHANGED, reply_to(ID_1, 0));
  fake_core_call(f->fake, NULL, NULL, NULL);
  assert_silence(f, client);
  fake_core_call(f->fake, ID_2, "m", "[]");
  hear(client, ID_2);
  down();
}

TEST(a_call_is_repeated_until_it_is_acknowledged_and_then_never_again) {
  up();
  listen_for_calls(client);
  fake_core_call(f->fake, ID_1, "m", "[]");
  for (int i = 0; i < 3; i++) hear(client, ID_1);
  assert_false(f->fake->call.delivered);
  acknowledge(client);
  gateway_pass_ms(f, 15000);
  assert_silence(f, client);
  listen_for_calls(client); /* renewed, as clients do now and then */
  assert_silence(f, client);
  down();
}

TEST(a_call_without_its_acknowledgement_is_heard_in_the_next_session_and_one_with_it_is_not) {
  up();
  listen_for_calls(client);
  fake_core_call(f->fake, ID_1, "m", "[]");
  hear(client, ID_1);
  dtls_client_close_notify(client);
  gateway_settle(f);
  assert_int_equal(0, f->fake->listening);
  dtls_client_destroy(client);
  client = client_up(f, 0);
  listen_for_calls(client);
  assert_int_equal(1, f->fake->listening);
  hear(client, ID_1);
  acknowledge(client);
  struct dtls_client *later = client_up(f, 0);
  listen_for_calls(later);
  assert_silence(f, later);
  dtls_client_destroy(later);
  down();
}

TEST(a_call_that_is_given_up_is_not_repeated) {
  up();
  listen_for_calls(client);
  fake_core_call(f->fake, ID_1, "m", "[]");
  hear(client, ID_1);
  fake_core_call(f->fake, NULL, NULL, NULL); /* timed out */
  gateway_pass_ms(f, 15000);
  assert_silence(f, client);
  assert_int_equal(1, gateway_stats(f).sessions);
  fake_core_call(f->fake, ID_2, "m", "[]");
  hear(client, ID_2);
  down();
}

/* Its ACK was lost, its answer was not. */
TEST(a_late_acknowledgement_is_not_that_of_the_next_call) {
  up();
  listen_for_calls(client);
  fake_core_call(f->fake, ID_1, "m", "[]");
  hear(client, ID_1);
  uint16_t first = answer.message.message_id;
  assert_int_equal(GW_COAP_CHANGED, reply_to(ID_1, 0));
  fake_core_call(f->fake, ID_2, "m", "[]");
  client_send_empty(client, GW_COAP_ACK, first);
  gateway_settle(f);
  assert_false(f->fake->call.delivered);
  hear(client, ID_2);
  acknowledge(client);
  assert_true(f->fake->call.delivered);
  down();
}

TEST(an_answer_nobody_asked_for_is_not_found_and_nothing_happens) {
  up();
  listen_for_calls(client);
  fake_core_call(f->fake, ID_1, "m", "[]");
  assert_int_equal(GW_COAP_NOT_FOUND, reply_to(ID_2, 0));
  assert_int_equal(GW_COAP_NOT_FOUND,
                   reply("A2 62 'id' 78 19 '0000000000000000000000001' 6A 'statusCode' 00"));
  assert_int_equal(GW_COAP_NOT_FOUND, reply("A2 62 'id' 60 6A 'statusCode' 00"));
  assert_int_equal(0, f->fake->answers);
  assert_string_equal(ID_1, f->fake->call.id);
  assert_int_equal(GW_COAP_CHANGED, reply_to(ID_1, 0));
  assert_int_equal(GW_COAP_NOT_FOUND, reply_to(ID_1, 0)); /* again: too late */
  assert_int_equal(1, f->fake->answers);
  down();
}

TEST(a_copy_of_an_answer_gets_what_the_first_got) {
  up();
  fake_core_call(f->fake, ID_1, "m", "[]");
  static const char json[] = "{\"id\":\"" ID_1 "\",\"status\":3,\"detail\":null}";
  struct ask ask = ask_post(".rpc/status", GW_COAP_FORMAT_JSON, json, sizeof json - 1);
  for (int i = 0; i < 3; i++) {
    client_exchange(f, client, &ask, &answer);
    assert_code(GW_COAP_CHANGED, answer);
  }
  assert_int_equal(1, f->fake->answers);
  assert_int_equal(3, f->fake->answer_status);
  assert_string_equal("null", f->fake->answer_detail);
  down();
}

/* 800 control characters of CBOR are 4800 bytes of JSON. */
TEST(an_answer_whose_detail_is_too_long_ends_the_call_all_the_same) {
  static uint8_t cbor[1024] = "\xA3\x62id\x78\x18" ID_1
                              "\x6AstatusCode\x05\x66"
                              "detail\x79\x03\x20";
  const size_t head = 3 + 3 + 24 + 11 + 1 + 7 + 3;
  up();
  fake_core_call(f->fake, ID_1, "m", "[]");
  memset(cbor + head, 1, 800);
  struct ask ask = ask_post(".rpc/status", GW_COAP_FORMAT_CBOR, cbor, head + 800);
  client_exchange(f, client, &ask, &answer);
  assert_code(GW_COAP_REQUEST_TOO_LARGE, answer);
  assert_int_equal(1, f->fake->answers);
  assert_int_equal(5, f->fake->answer_status);
  assert_string_equal("", f->fake->answer_detail);
  down();
}

TEST(an_answer_of_another_shape_is_bad) {
  static const char *const bad[] = {
      "A0",
      "A1 6A 'statusCode' 00",
      "A1 62 'id' 78 18 '" ID_1 "'",
      "A2 62 'id' 01 6A 'statusCode' 00",
      "A2 62 'id' 78 18 '" ID_1 "' 6A 'statusCode' 20",
      "A2 62 'id' 78 18 '" ID_1 "' 6A 'statusCode' 61 '0'",
      "A2 62 'id' 78 18 '" ID_1 "' 6A 'statusCode' 1B 0000000100000000",
      "81 78 18 '" ID_1 "'",
  };
  up();
  fake_core_call(f->fake, ID_1, "m", "[]");
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    assert_int_equal(GW_COAP_BAD_REQUEST, reply(bad[i]));
  assert_int_equal(0, f->fake->answers);
  down();
}

TEST(the_core_knows_whether_any_session_listens) {
  up();
  listen_for_calls(client);
  struct dtls_client *other = client_up(f, 0);
  listen_for_calls(other);
  dtls_client_close_notify(other);
  gateway_settle(f);
  assert_int_equal(1, f->fake->listening);
  struct ask cancel = ask_get(".rpc");
  cancel.observe = 1;
  cancel.token = "rpc";
  client_exchange(f, client, &cancel, &answer);
  assert_int_equal(0, f->fake->listening);
  dtls_client_destroy(other);
  down();
}

TEST(a_reset_to_a_call_ends_listening) {
  up();
  listen_for_calls(client);
  fake_core_call(f->fake, ID_1, "m", "[]");
  hear(client, ID_1);
  client_send_empty(client, GW_COAP_RST, answer.message.message_id);
  gateway_settle(f);
  assert_int_equal(0, f->fake->listening);
  assert_false(f->fake->call.delivered);
  down();
}
