/* SPDX-License-Identifier: Apache-2.0 */
/* State, settings, calls and logs on the real core: what operators change
 * reaches the device, what the device says reaches the disk or who waits. */
#include <stdlib.h>

#include "tests/unit/server/core/core_fixture.h"
#include "tests/unit/server/gateway/fixture.h"
#include "tests/unit/wire/bytes.h"

static struct core_fixture server;
static struct fixture fixture, *f = &fixture;
static struct answer answer;
static struct srv_device device;
static struct srv_device_ref ref;
static struct dtls_client *client;

static void up(void) {
  core_fixture_begin(&server);
  gateway_stand(f, (struct srv_gateway_config){.port = 0}, server.core);
  device = make_device(&server, "d", NULL, NULL);
  ref = ref_of(&device);
  struct srv_credential credential = {.project_id = P, .identity = "d@default", .key_size = 6};
  strcpy(credential.device_id, device.id);
  memcpy(credential.key, "secret", 6);
  assert_ok(server.core, srv_core_create_credential(server.core, &credential));
  client =
      client_up_with(f, (struct dtls_client_config){.server_port = srv_gateway_port(f->gateway),
                                                    .identity = "d@default",
                                                    .psk = "secret",
                                                    .now_ms = &f->now_ms});
}

static void down(void) {
  dtls_client_destroy(client);
  srv_gateway_destroy(f->gateway);
  core_fixture_end(&server);
}

static void assert_payload(const char *hex) {
  struct bytes wanted = bytes_from_hex(hex);
  assert_code(GW_COAP_CONTENT, answer);
  assert_int_equal(wanted.size, answer.message.payload_size);
  assert_memory_equal(wanted.data, answer.message.payload, wanted.size);
  bytes_free(wanted);
}

static void observe(const char *path, int accept) {
  struct ask ask = ask_get(path);
  ask.observe = 0;
  ask.accept = accept;
  ask.token = path;
  client_exchange(f, client, &ask, &answer);
  assert_code(GW_COAP_CONTENT, answer);
}

static void notified(const char *hex) {
  client_wait(f, client, &answer);
  assert_payload(hex);
  client_send_empty(client, GW_COAP_ACK, answer.message.message_id);
  gateway_settle(f);
}

static uint8_t post(const char *path, int format, const char *hex) {
  struct bytes bytes = bytes_from_hex(hex);
  struct ask ask = ask_post(path, format, bytes.data, bytes.size);
  client_exchange(f, client, &ask, &answer);
  bytes_free(bytes);
  return answer.message.code;
}

/* ---- state ---- */

static void assert_state(const char *wanted, const char *path) {
  char *json;
  assert_ok(server.core, srv_core_state_get(server.core, &ref, path, &json));
  assert_string_equal(wanted, json);
  free(json);
}

TEST(what_the_operator_sets_is_pushed_to_who_observes_a_part_of_it) {
  up();
  observe(".d/a/b", GW_COAP_FORMAT_JSON);
  assert_payload("'null'");
  assert_ok(server.core, srv_core_state_set(server.core, &ref, "a", "{\"b\":1.0}", 9, false));
  notified("'1.0'");
  assert_ok(server.core, srv_core_state_set(server.core, &ref, "other", "1", 1, false));
  assert_silence(f, client);
  assert_ok(server.core, srv_core_state_delete(server.core, &ref, "a"));
  notified("'null'");
  down();
}

TEST(what_the_device_sets_is_on_the_disk_with_its_kinds_of_numbers) {
  up();
  assert_int_equal(GW_COAP_CHANGED,
                   post(".d/cfg", GW_COAP_FORMAT_CBOR,
                        "BF 61 'n' 01 61 'f' FB 3FF0000000000000 61 'b' 42 0102 FF"));
  srv_gateway_destroy(f->gateway);
  core_fixture_restart(&server);
  char *json;
  assert_ok(server.core, srv_core_state_get(server.core, &ref, "cfg/f", &json));
  assert_string_equal("1.0", json);
  free(json);
  assert_state("1", "cfg/n");
  assert_state("\"AQI=\"", "cfg/b");
  dtls_client_destroy(client);
  core_fixture_end(&server);
}

TEST(a_document_beyond_its_limit_is_refused_and_stays_as_it_was) {
  char value[1024], path[32];
  up();
  memset(value, 'x', sizeof value);
  value[0] = value[sizeof value - 1] = '"';
  unsigned refused = 0;
  for (int i = 0; i < 20; i++) {
    snprintf(path, sizeof path, ".d/k%d", i);
    struct ask ask = ask_post(path, GW_COAP_FORMAT_JSON, value, sizeof value);
    client_exchange(f, client, &ask, &answer);
    refused += answer.message.code == GW_COAP_REQUEST_TOO_LARGE;
    if (answer.message.code != GW_COAP_REQUEST_TOO_LARGE) assert_code(GW_COAP_CHANGED, answer);
  }
  assert_int_equal(5, refused); /* fifteen of 1,030 bytes fit */
  down();
}

/* ---- settings ---- */

TEST(a_setting_reaches_the_device_and_its_status_is_kept) {
  static struct srv_settings_status status;
  char hex[160];
  up();
  observe(".c", GW_COAP_FORMAT_CBOR);
  struct srv_setting setting = {.project_id = P, .type = SRV_SETTING_FLOAT};
  strcpy(setting.key, "GAIN");
  strcpy(setting.value, "2");
  assert_ok(server.core, srv_core_create_setting(server.core, &setting));
  static struct srv_device_settings now;
  assert_ok(server.core, srv_core_settings(server.core, &ref, &now));
  assert_true(now.version > UINT32_MAX); /* eight bytes: microseconds */
  snprintf(hex, sizeof hex,
           "A2 67 'version' 1B %016llX 68 'settings' A1 64 'GAIN' FB 4000000000000000",
           (unsigned long long)now.version);
  notified(hex);
  assert_int_equal(
      GW_COAP_CHANGED,
      post(".c/status", GW_COAP_FORMAT_JSON,
           "'{\"version\":7,\"errors\":[{\"setting_key\":\"GAIN\",\"error_code\":4}]}'"));
  assert_ok(server.core, srv_core_get_settings_status(server.core, device.id, &status));
  assert_int_equal(7, status.version);
  assert_non_null(strstr(status.errors, "GAIN"));
  assert_ok(server.core, srv_core_delete_setting(server.core, P, setting.id));
  client_wait(f, client, &answer);
  assert_int_equal(0xA0, answer.message.payload[answer.message.payload_size - 1]);
  down();
}

/* ---- calls ---- */

static struct srv_rpc_result result;
static unsigned done_count;
static char detail[64];

static void on_done(void *context, const struct srv_rpc_result *got) {
  (void)context;
  done_count++;
  result = *got;
  snprintf(detail, sizeof detail, "%s", got->detail != NULL ? got->detail : "");
}

static int call(char id[SRV_ID_LENGTH + 1]) {
  return srv_core_rpc_call(server.core, &ref, "multiply", "[7,6]", 5000, on_done, NULL, id);
}

static void expect_call(const char *id) {
  char hex[200];
  snprintf(hex, sizeof hex,
           "A3 62 'id' 78 18 '%s' 66 'method' 68 'multiply' "
           "66 'params' 82 FB 401C000000000000 FB 4018000000000000",
           id);
  notified(hex);
}

static uint8_t answer_call(const char *id) {
  char hex[160];
  snprintf(hex, sizeof hex, "BF 62 'id' 78 18 '%s' 66 'detail' 18 2A 6A 'statusCode' 00 FF", id);
  return post(".rpc/status", GW_COAP_FORMAT_CBOR, hex);
}

TEST(a_call_reaches_the_device_and_its_answer_who_asked) {
  char id[SRV_ID_LENGTH + 1];
  up();
  done_count = 0;
  assert_ok(server.core, call(id));
  assert_int_equal(1, done_count);
  assert_int_equal(SRV_RPC_NOT_LISTENING, result.outcome);
  observe(".rpc", GW_COAP_FORMAT_CBOR);
  assert_payload("62 'OK'");
  assert_ok(server.core, call(id));
  expect_call(id);
  assert_int_equal(GW_COAP_CHANGED, answer_call(id));
  assert_int_equal(2, done_count);
  assert_int_equal(SRV_RPC_ANSWERED, result.outcome);
  assert_true(result.delivered);
  assert_string_equal("42", detail);
  assert_silence(f, client);
  assert_int_equal(GW_COAP_NOT_FOUND, answer_call(id));
  assert_int_equal(2, done_count);
  down();
}

TEST(calls_are_heard_one_after_the_other) {
  char one[SRV_ID_LENGTH + 1], two[SRV_ID_LENGTH + 1];
  up();
  done_count = 0;
  observe(".rpc", GW_COAP_FORMAT_CBOR);
  assert_ok(server.core, call(one));
  assert_ok(server.core, call(two));
  expect_call(one);
  assert_silence(f, client);
  assert_int_equal(GW_COAP_NOT_FOUND, answer_call(two)); /* it has not heard that one */
  assert_int_equal(GW_COAP_CHANGED, answer_call(one));
  expect_call(two);
  assert_int_equal(GW_COAP_CHANGED, answer_call(two));
  assert_int_equal(2, done_count);
  down();
}

TEST(who_called_a_device_that_goes_hears_of_it) {
  char id[SRV_ID_LENGTH + 1];
  up();
  done_count = 0;
  observe(".rpc", GW_COAP_FORMAT_CBOR);
  assert_ok(server.core, call(id));
  expect_call(id);
  dtls_client_close_notify(client); /* the device goes: who asked hears of it */
  gateway_settle(f);
  assert_int_equal(1, done_count);
  assert_int_equal(SRV_RPC_GONE, result.outcome);
  assert_true(result.delivered);
  assert_ok(server.core, call(id));
  assert_int_equal(SRV_RPC_OFFLINE, result.outcome);
  down();
}

/* ---- logs ---- */

static void take_log(void *context, const void *row) {
  *(struct srv_device_log *)context = *(const struct srv_device_log *)row;
}

TEST(a_log_line_is_on_the_disk_and_is_no_capture) {
  static struct srv_device_log line;
  struct srv_query query = {0};
  uint64_t captures = 0;
  up();
  assert_int_equal(
      GW_COAP_CHANGED,
      post(".s/logs", GW_COAP_FORMAT_CBOR,
           "A4 65 'level' 64 'warn' 66 'module' 64 'main' 63 'msg' 65 'hello' 61 'n' 01"));
  srv_gateway_destroy(f->gateway);
  core_fixture_restart(&server);
  assert_ok(server.core, srv_core_list(server.core, SRV_DEVICE_LOG, &query, take_log, &line, NULL));
  assert_int_equal(SRV_DEVICE_WARN, line.level);
  assert_string_equal("main", line.module);
  assert_string_equal("hello", line.message);
  assert_string_equal("{\"n\":1}", line.fields);
  assert_ok(server.core, srv_core_list(server.core, SRV_CAPTURE, &query, NULL, NULL, &captures));
  assert_int_equal(0, captures);
  dtls_client_destroy(client);
  core_fixture_end(&server);
}
