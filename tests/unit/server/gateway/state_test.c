/* SPDX-License-Identifier: Apache-2.0 */
/* `.d/PATH`: what the device may ask and say, and what it is told. */
#include "tests/support/fake_core.h"
#include "tests/unit/server/gateway/fixture.h"

#include <stdlib.h>

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

static uint8_t code_of(struct ask ask) {
  client_exchange(f, client, &ask, &answer);
  return answer.message.code;
}

static uint8_t set(const char *path, const char *json) {
  return code_of(ask_post(path, GW_COAP_FORMAT_JSON, json, strlen(json)));
}

static void assert_payload(int format, const void *payload, size_t size) {
  assert_int_equal(format, answer.format);
  assert_int_equal(size, answer.message.payload_size);
  assert_memory_equal(payload, answer.message.payload, size);
}

static uint8_t observe(const char *path, const char *token, int accept) {
  struct ask ask = ask_get(path);
  ask.observe = 0;
  ask.token = token;
  ask.accept = accept;
  return code_of(ask);
}

TEST(what_is_not_there_is_null_in_the_format_asked_for) {
  up();
  struct ask ask = ask_get(".d/x");
  assert_int_equal(GW_COAP_CONTENT, code_of(ask));
  assert_payload(GW_COAP_FORMAT_JSON, "null", 4);
  ask = ask_get(".d");
  ask.accept = GW_COAP_FORMAT_CBOR;
  assert_int_equal(GW_COAP_CONTENT, code_of(ask));
  assert_payload(GW_COAP_FORMAT_CBOR, "\xF6", 1);
  ask = ask_get(".d/x");
  ask.accept = 12345;
  assert_int_equal(GW_COAP_CONTENT, code_of(ask));
  assert_payload(GW_COAP_FORMAT_JSON, "null", 4);
  down();
}

TEST(a_payload_that_does_not_parse_or_has_no_format_changes_nothing) {
  up();
  assert_int_equal(GW_COAP_CHANGED, set(".d/x", "1"));
  assert_int_equal(GW_COAP_BAD_REQUEST, set(".d/x", "{\"a\":1,\"a\":2}"));
  assert_int_equal(GW_COAP_BAD_REQUEST, set(".d/x", ""));
  assert_int_equal(GW_COAP_BAD_REQUEST,
                   code_of(ask_post(".d/x", GW_COAP_FORMAT_CBOR, "\x9F\x01", 2)));
  assert_int_equal(GW_COAP_UNSUPPORTED_FORMAT, code_of(ask_post(".d/x", -1, "2", 1)));
  assert_int_equal(GW_COAP_UNSUPPORTED_FORMAT,
                   code_of(ask_post(".d/x", GW_COAP_FORMAT_OCTETS, "2", 1)));
  struct ask block = ask_post(".d/x", GW_COAP_FORMAT_JSON, "1234567890123456", 16);
  block.block1 = 8;
  assert_int_equal(GW_COAP_REQUEST_TOO_LARGE, code_of(block));
  assert_string_equal("1", f->fake->state[0].json);
  down();
}

TEST(a_write_that_the_core_refuses_or_the_disk_loses_is_no_success) {
  up();
  f->fake->state_status = SRV_ERR_TOO_LARGE;
  assert_int_equal(GW_COAP_REQUEST_TOO_LARGE, set(".d/x", "1"));
  struct ask delete = ask_get(".d/x");
  delete.method = GW_COAP_DELETE;
  f->fake->state_status = SRV_ERR_IO;
  assert_int_equal(GW_COAP_INTERNAL_ERROR, code_of(delete));
  assert_int_equal(GW_COAP_INTERNAL_ERROR, code_of(ask_get(".d/x")));
  f->fake->state_status = SRV_OK;
  f->fake->commit_status = SRV_ERR_IO;
  assert_int_equal(GW_COAP_INTERNAL_ERROR, set(".d/x", "1"));
  down();
}

TEST(put_sets_and_delete_deletes) {
  up();
  struct ask put = ask_post(".d/a/b", GW_COAP_FORMAT_CBOR, "\xFB\x3F\xF0\0\0\0\0\0\0", 9);
  put.method = GW_COAP_PUT;
  assert_int_equal(GW_COAP_CHANGED, code_of(put));
  assert_string_equal("a/b", f->fake->state[0].path);
  assert_string_equal("1.0", f->fake->state[0].json);
  struct ask delete = ask_get(".d/a/b");
  delete.method = GW_COAP_DELETE;
  assert_int_equal(GW_COAP_DELETED, code_of(delete));
  assert_null(f->fake->state[0].json);
  down();
}

TEST(observers_of_two_paths_are_each_told_of_their_own) {
  up();
  assert_int_equal(GW_COAP_CONTENT, observe(".d/a", "oa", GW_COAP_FORMAT_JSON));
  assert_int_equal(GW_COAP_CONTENT, observe(".d/b", "ob", GW_COAP_FORMAT_CBOR));
  struct srv_device_ref ref = {.project_id = "p", .device_id = "0"};
  assert_int_equal(SRV_OK, srv_core_state_set(f->fake, &ref, "b", "[1]", 3, false)); /* as REST */
  client_wait(f, client, &answer);
  assert_memory_equal("ob", answer.message.token, 2);
  assert_payload(GW_COAP_FORMAT_CBOR, "\x81\x01", 2);
  client_send_empty(client, GW_COAP_ACK, answer.message.message_id);
  assert_silence(f, client);
  assert_int_equal(SRV_OK, srv_core_state_delete(f->fake, &ref, "b"));
  client_wait(f, client, &answer);
  assert_payload(GW_COAP_FORMAT_CBOR, "\xF6", 1);
  down();
}

TEST(a_change_of_the_project_is_no_reason_to_look_at_state) {
  up();
  observe(".d/a", "oa", GW_COAP_FORMAT_JSON);
  set(".d/a", "1");
  client_wait(f, client, &answer);
  client_send_empty(client, GW_COAP_ACK, answer.message.message_id);
  gateway_settle(f);
  f->fake->state[0].json[0] = '2'; /* behind everybody's back */
  f->fake->listener.observed_changed(f->fake->listener.context, "p", NULL);
  assert_silence(f, client);
  f->fake->listener.observed_changed(f->fake->listener.context, "p", "0");
  client_wait(f, client, &answer);
  assert_payload(GW_COAP_FORMAT_JSON, "2", 1);
  down();
}

TEST(another_session_of_the_device_hears_what_the_device_sets) {
  up();
  assert_int_equal(GW_COAP_CONTENT, observe(".d/a", "oa", GW_COAP_FORMAT_JSON));
  struct dtls_client *other = client_up(f, 0);
  struct ask ask = ask_post(".d/a", GW_COAP_FORMAT_JSON, "7", 1);
  client_exchange(f, other, &ask, &answer);
  assert_code(GW_COAP_CHANGED, answer);
  client_wait(f, client, &answer);
  assert_payload(GW_COAP_FORMAT_JSON, "7", 1);
  dtls_client_destroy(other);
  down();
}

TEST(the_same_token_for_another_path_is_another_observation) {
  up();
  observe(".d/a", "t", GW_COAP_FORMAT_JSON);
  observe(".d/b", "t", GW_COAP_FORMAT_JSON);
  assert_int_equal(1, gateway_stats(f).observers);
  set(".d/a", "1");
  assert_silence(f, client);
  set(".d/b", "2");
  client_wait(f, client, &answer);
  assert_payload(GW_COAP_FORMAT_JSON, "2", 1);
  down();
}

/* 1,500 numbers: 3,001 bytes of JSON, more of CBOR. */
static void give_large(void) {
  static char json[4096];
  struct srv_device_ref ref = {.project_id = "p", .device_id = "0"};
  strcpy(json, "[");
  for (int i = 0; i < 1500; i++) strcat(json, i == 1499 ? "1]" : "1,");
  assert_int_equal(SRV_OK, srv_core_state_set(f->fake, &ref, "a", json, strlen(json), false));
}

TEST(a_large_state_comes_in_blocks_and_its_notification_is_the_first) {
  static uint8_t got[8192];
  up();
  assert_int_equal(GW_COAP_CONTENT, observe(".d/a", "oa", GW_COAP_FORMAT_JSON));
  give_large();
  client_wait(f, client, &answer);
  assert_int_equal(1024, answer.message.payload_size);
  assert_int_equal(0x0E, answer.block2); /* NUM 0, M, SZX 6 */
  client_send_empty(client, GW_COAP_ACK, answer.message.message_id);
  assert_int_equal(3001, client_download(f, client, ".d/a", 6, 0, got, sizeof got));
  assert_memory_equal("[1,1,", got, 5);
  struct ask ask = ask_get(".d/a"); /* without Block2 */
  ask.accept = GW_COAP_FORMAT_CBOR;
  assert_int_equal(GW_COAP_CONTENT, code_of(ask));
  assert_int_equal(0x0E, answer.block2);
  down();
}

/* The longest state as CBOR: each "0.0," becomes nine bytes. */
TEST(the_worst_state_of_all_fits_as_cbor) {
  static char json[SRV_DEVICE_STATE_MAX + 1];
  static uint8_t got[SRV_DEVICE_STATE_MAX * 3];
  struct srv_device_ref ref = {.project_id = "p", .device_id = "0"};
  size_t length = 0, count = 0;
  up();
  json[length++] = '[';
  while (length + 4 < sizeof json) {
    memcpy(json + length, "0.0,", 4);
    length += 4;
    count++;
  }
  json[length - 1] = ']';
  assert_int_equal(SRV_OK, srv_core_state_set(f->fake, &ref, "a", json, length, false));
  struct ask ask = ask_get(".d/a");
  ask.accept = GW_COAP_FORMAT_CBOR;
  size_t size = 0;
  bool more = true;
  for (uint32_t num = 0; more; num++) {
    ask.message_id = (uint16_t)(20000 + num);
    ask.block2 = gw_block_encode((struct gw_block){.num = num, .szx = 6});
    assert_int_equal(GW_COAP_CONTENT, code_of(ask));
    memcpy(got + size, answer.message.payload, answer.message.payload_size);
    size += answer.message.payload_size;
    more = (answer.block2 & 8) != 0;
  }
  assert_int_equal(3 + count * 9, size);
  assert_int_equal(0x99, got[0]);
  down();
}
