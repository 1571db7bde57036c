/* SPDX-License-Identifier: Apache-2.0 */
/* What published clients send for each path, byte for byte, and what they are
 * answered. N: the present SDK on libcoap (tokens of eight bytes), O: release
 * 0.14 (shorter ones, CBOR of indefinite length), Z: Zephyr (Accept on POST and
 * DELETE, an empty NON now and then). Options stand in their clients' order. */
#include "tests/support/fake_core.h"
#include "tests/unit/server/gateway/fixture.h"
#include "tests/unit/wire/bytes.h"

static struct fixture *f;
static struct dtls_client *client;

static void up(void) {
  f = gateway_up();
  client = client_up(f, 0);
}

static void down(void) {
  dtls_client_destroy(client);
  gateway_down(f);
}

static void send_hex(const char *hex) {
  struct bytes bytes = bytes_from_hex(hex);
  dtls_client_send(client, bytes.data, bytes.size);
  bytes_free(bytes);
  gateway_settle(f);
}

static void expect(const char *hex) {
  uint8_t got[2048];
  struct bytes wanted = bytes_from_hex(hex);
  int size = dtls_client_receive(client, got, sizeof got);
  if (size <= 0) fail_msg("no answer where \"%s\" should be", hex);
  assert_int_equal(wanted.size, size);
  assert_memory_equal(wanted.data, got, wanted.size);
  bytes_free(wanted);
}

static void say(const char *request, const char *answer) {
  send_hex(request);
  expect(answer);
  assert_silence(f, client);
}

/* ---- streams ---- */

static const struct fake_capture *last_capture(void) {
  assert_true(f->fake->capture_count > 0);
  return &f->fake->capture[(f->fake->capture_count - 1) % FAKE_CAPTURES_MAX];
}

TEST(n_streams_a_json_message) {
  up();
  say("48 02 1001 68B359ACC6E3F178 B2 '.s' 06 'sensor' 11 32 FF '{\"t\":21.5}'",
      "68 44 1001 68B359ACC6E3F178");
  assert_string_equal("sensor", last_capture()->path);
  assert_int_equal(50, last_capture()->format);
  assert_int_equal(10, last_capture()->size);
  assert_memory_equal("{\"t\":21.5}", last_capture()->first, 10);
  down();
}

TEST(n_streams_to_the_root_path) {
  up();
  say("48 02 1002 68B359ACC6E3F179 B2 '.s' 11 3C FF A1 61 'a' 01", "68 44 1002 68B359ACC6E3F179");
  assert_string_equal("", last_capture()->path);
  assert_int_equal(60, last_capture()->format);
  down();
}

TEST(o_streams_with_a_token_of_four_bytes_and_an_indefinite_map) {
  up();
  say("44 02 0203 01020304 B2 '.s' 04 'temp' 11 3C FF BF 61 't' FA 41AC0000 FF",
      "64 44 0203 01020304");
  assert_string_equal("temp", last_capture()->path);
  down();
}

TEST(zephyr_streams_with_accept_on_post_and_octets) {
  up();
  say("48 02 4711 1122334455667788 B2 '.s' 05 'audio' 11 2A 51 3C FF 00FF00FF",
      "68 44 4711 1122334455667788");
  assert_int_equal(42, last_capture()->format);
  assert_int_equal(4, last_capture()->size);
  down();
}

/* One block of 1,024 bytes (or fewer) after the given head. */
static void send_block(const char *head, uint8_t fill, size_t size) {
  uint8_t message[1400];
  struct bytes bytes = bytes_from_hex(head);
  memcpy(message, bytes.data, bytes.size);
  message[bytes.size] = 0xFF;
  memset(message + bytes.size + 1, fill, size);
  dtls_client_send(client, message, bytes.size + 1 + size);
  bytes_free(bytes);
  gateway_settle(f);
}

#define UPLOAD_N(mid) "48 02 " mid " 68B359ACC6E3F180 B2 '.s' 05 'audio' 11 2A "

TEST(n_uploads_in_blocks_with_its_keepalive_in_between) {
  up();
  send_block(UPLOAD_N("2000") "D1 02 0E", 1, 1024); /* NUM 0, M, SZX 6 */
  expect("68 5F 2000 68B359ACC6E3F180 D1 0E 0E");
  say("48 04 2001 0000000000000000", "68 42 2001 0000000000000000");
  send_block(UPLOAD_N("2002") "D1 02 1E", 2, 1024);
  expect("68 5F 2002 68B359ACC6E3F180 D1 0E 1E");
  assert_int_equal(0, f->fake->capture_count);
  send_block(UPLOAD_N("2003") "D1 02 26", 3, 500);
  expect("68 44 2003 68B359ACC6E3F180 D1 0E 26");
  assert_int_equal(1, f->fake->capture_count);
  assert_int_equal(2548, last_capture()->size);
  assert_string_equal("audio", last_capture()->path);
  down();
}

TEST(n_repeats_its_sequence_of_tokens_for_the_next_upload) {
  up();
  for (int i = 0; i < 3; i++) {
    char head[2][96];
    snprintf(head[0], sizeof head[0],
             "48 02 30%02d 68B359ACC6E3F180 B2 '.s' 05 'audio' 11 2A D1 02 0E", i * 2);
    snprintf(head[1], sizeof head[1],
             "48 02 30%02d 68B359ACC6E3F180 B2 '.s' 05 'audio' 11 2A D1 02 16", i * 2 + 1);
    struct answer answer;
    send_block(head[0], (uint8_t)i, 1024);
    assert_true(client_poll(client, &answer));
    assert_code(GW_COAP_CONTINUE, answer);
    send_block(head[1], (uint8_t)i, 16);
    assert_true(client_poll(client, &answer));
    assert_code(GW_COAP_CHANGED, answer);
  }
  assert_int_equal(3, f->fake->capture_count);
  down();
}

#define UPLOAD_O(mid) "44 02 " mid " 0A0B0C0D B2 '.s' 05 'audio' 11 2A "

TEST(o_repeats_a_failed_block_for_ever_and_nothing_comes_of_it) {
  up();
  send_block(UPLOAD_O("5000") "D1 02 0E", 1, 1024);
  expect("64 5F 5000 0A0B0C0D D1 0E 0E");
  f->fake->capture_append_status = SRV_ERR_NO_SPACE;
  send_block(UPLOAD_O("5001") "D1 02 1E", 2, 1024);
  expect("64 A3 5001 0A0B0C0D"); /* 5.03 */
  f->fake->capture_append_status = SRV_OK;
  for (int i = 0; i < 50; i++) {
    char head[96], answer[64];
    snprintf(head, sizeof head, "44 02 60%02d 0A0B0C0D B2 '.s' 05 'audio' 11 2A D1 02 1E", i);
    snprintf(answer, sizeof answer, "64 88 60%02d 0A0B0C0D", i); /* 4.08 */
    send_block(head, 2, 1024);
    expect(answer);
  }
  assert_int_equal(0, f->fake->capture_count);
  assert_int_equal(0, f->fake->captures_open);
  send_block(UPLOAD_O("7000") "D1 02 0E", 1, 1024); /* its next upload works */
  expect("64 5F 7000 0A0B0C0D D1 0E 0E");
  down();
}

TEST(o_repeats_its_last_block_when_the_disk_was_full_at_the_commit) {
  up();
  send_block(UPLOAD_O("5000") "D1 02 0E", 1, 1024);
  expect("64 5F 5000 0A0B0C0D D1 0E 0E");
  f->fake->commit_status = SRV_ERR_NO_SPACE;
  send_block(UPLOAD_O("5001") "D1 02 16", 2, 24);
  expect("64 A0 5001 0A0B0C0D"); /* 5.00 */
  f->fake->commit_status = SRV_OK;
  send_block(UPLOAD_O("5002") "D1 02 16", 2, 24);
  expect("64 88 5002 0A0B0C0D"); /* its bytes are gone: never a 2.04 */
  down();
}

/* ---- state ---- */

TEST(n_sets_state_of_each_type_as_json_and_gets_it_back) {
  static const struct {
    const char *mid, *hex, *json;
  } values[] = {{"3001", "'42'", "42"},
                {"3002", "'true'", "true"},
                {"3003", "'21.500000'", "21.5"},
                {"3004", "'\"on\"'", "\"on\""}};
  up();
  for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
    char request[160], answer[96];
    snprintf(request, sizeof request, "48 02 %s 68B359ACC6E3F190 B2 '.d' 05 'value' 11 32 FF %s",
             values[i].mid, values[i].hex);
    snprintf(answer, sizeof answer, "68 44 %s 68B359ACC6E3F190", values[i].mid);
    say(request, answer);
    assert_string_equal("value", f->fake->state[0].path);
    assert_string_equal(values[i].json, f->fake->state[0].json);
  }
  say("48 01 3005 68B359ACC6E3F191 B2 '.d' 05 'value' 61 32",
      "68 45 3005 68B359ACC6E3F191 C1 32 FF '\"on\"'");
  say("48 01 3006 68B359ACC6E3F192 B2 '.d' 05 'value' 61 3C",
      "68 45 3006 68B359ACC6E3F192 C1 3C FF 62 'on'");
  say("48 04 3007 68B359ACC6E3F193 B2 '.d' 05 'value'", "68 42 3007 68B359ACC6E3F193");
  say("48 01 3008 68B359ACC6E3F194 B2 '.d' 05 'value' 61 32",
      "68 45 3008 68B359ACC6E3F194 C1 32 FF 'null'");
  say("48 01 3009 68B359ACC6E3F195 B2 '.d' 05 'value' 61 3C",
      "68 45 3009 68B359ACC6E3F195 C1 3C FF F6");
  down();
}

TEST(o_sets_state_as_an_indefinite_map_and_zephyr_deletes_it_with_accept) {
  up();
  say("44 02 3101 01020304 B2 '.d' 03 'cfg' 11 3C FF BF 61 'n' 20 61 'f' FB 3FF0000000000000 FF",
      "64 44 3101 01020304");
  assert_string_equal("{\"n\":-1,\"f\":1.0}", f->fake->state[0].json);
  say("48 04 3102 1122334455667788 B2 '.d' 03 'cfg' 61 3C", "68 42 3102 1122334455667788");
  assert_null(f->fake->state[0].json);
  down();
}

TEST(n_observes_state_and_is_told_of_a_change) {
  struct answer answer;
  up();
  send_hex("48 01 3201 68B359ACC6E3F1A0 60 52 '.d' 05 'value' 61 32");
  expect("68 45 3201 68B359ACC6E3F1A0 61 01 61 32 FF 'null'");
  say("48 02 3202 68B359ACC6E3F1A1 B2 '.d' 05 'other' 11 32 FF '1'", "68 44 3202 68B359ACC6E3F1A1");
  send_hex("48 02 3203 68B359ACC6E3F1A2 B2 '.d' 05 'value' 11 32 FF '1.5'");
  expect("68 44 3203 68B359ACC6E3F1A2");
  assert_true(client_poll(client, &answer)); /* its own change, too */
  assert_int_equal(GW_COAP_CON, answer.message.type);
  assert_code(GW_COAP_CONTENT, answer);
  assert_int_equal(2, answer.observe);
  assert_int_equal(GW_COAP_FORMAT_JSON, answer.format);
  assert_memory_equal("1.5", answer.message.payload, 3);
  down();
}

/* ---- settings ---- */

TEST(n_registers_for_settings_with_an_observation_and_a_get_for_each_key) {
  up();
  f->fake->settings =
      (struct srv_device_settings){.version = 1700000001,
                                   .count = 2,
                                   .setting = {{.key = "LOOP_DELAY_S", .type = 0, .value = "5"},
                                               {.key = "GAIN", .type = 1, .value = "2"}}};
#define SETTINGS                                                                    \
  "A2 67 'version' 1A 6553F101 68 'settings' A2 6C 'LOOP_DELAY_S' 05 64 'GAIN' FB " \
  "4000000000000000"
  say("48 01 4001 68B359ACC6E3F1B0 60 52 '.c' 61 3C",
      "68 45 4001 68B359ACC6E3F1B0 61 01 61 3C FF " SETTINGS);
  say("48 01 4002 68B359ACC6E3F1B1 B2 '.c' 61 3C",
      "68 45 4002 68B359ACC6E3F1B1 C1 3C FF " SETTINGS);
  say("48 02 4003 68B359ACC6E3F1B2 B2 '.c' 06 'status' 11 3C FF A1 67 'version' 1A 6553F101",
      "68 44 4003 68B359ACC6E3F1B2");
  assert_int_equal(1700000001, f->fake->settings_status_version);
  assert_string_equal("[]", f->fake->settings_errors);
  down();
}

TEST(o_refuses_a_setting_in_indefinite_maps) {
  up();
  say("44 02 4101 01020304 B2 '.c' 06 'status' 11 3C FF BF 67 'version' 05 66 'errors' 9F BF "
      "6B 'setting_key' 64 'GAIN' 6A 'error_code' 04 FF FF FF",
      "64 44 4101 01020304");
  assert_int_equal(5, f->fake->settings_status_version);
  assert_string_equal("[{\"setting_key\":\"GAIN\",\"error_code\":4}]", f->fake->settings_errors);
  down();
}

TEST(no_settings_are_an_empty_map_and_never_ok) {
  up();
  say("48 01 4201 68B359ACC6E3F1B0 60 52 '.c' 61 3C",
      "68 45 4201 68B359ACC6E3F1B0 61 01 61 3C FF A2 67 'version' 00 68 'settings' A0");
  down();
}

/* ---- calls ---- */

#define CALL_ID "0123456789abcdef01234567"

/* Takes the notification of a call and acknowledges it. */
static void expect_call(const char *payload_hex) {
  struct answer answer;
  struct bytes payload = bytes_from_hex(payload_hex);
  assert_true(client_poll(client, &answer));
  assert_int_equal(GW_COAP_CON, answer.message.type);
  assert_code(GW_COAP_CONTENT, answer);
  assert_int_equal(GW_COAP_FORMAT_CBOR, answer.format);
  assert_int_equal(payload.size, answer.message.payload_size);
  assert_memory_equal(payload.data, answer.message.payload, payload.size);
  bytes_free(payload);
  client_send_empty(client, GW_COAP_ACK, answer.message.message_id);
  gateway_settle(f);
}

TEST(n_observes_calls_hears_ok_then_a_call_and_answers_it) {
  up();
  say("48 01 5001 68B359ACC6E3F1C0 60 54 '.rpc' 61 3C",
      "68 45 5001 68B359ACC6E3F1C0 61 01 61 3C FF 62 'OK'");
  assert_int_equal(1, f->fake->listening);
  fake_core_call(f->fake, CALL_ID, "multiply", "[7.0,1.0]");
  gateway_settle(f);
  expect_call("A3 62 'id' 78 18 '" CALL_ID
              "' 66 'method' 68 'multiply' 66 'params' 82 FB 401C000000000000 "
              "FB 3FF0000000000000");
  assert_true(f->fake->call.delivered);
  /* The SDK writes indefinite maps. */
  say("48 02 5002 68B359ACC6E3F1C1 B4 '.rpc' 06 'status' 11 3C FF BF 62 'id' 78 18 '" CALL_ID
      "' 66 'detail' BF 65 'value' FB 401C000000000000 FF 6A 'statusCode' 00 FF",
      "68 44 5002 68B359ACC6E3F1C1");
  assert_int_equal(1, f->fake->answers);
  assert_int_equal(0, f->fake->answer_status);
  assert_string_equal("{\"value\":7.0}", f->fake->answer_detail);
  assert_silence(f, client); /* no "OK" after it */
  down();
}

TEST(o_answers_a_call_without_detail_and_zephyr_with_accept) {
  up();
  fake_core_call(f->fake, CALL_ID, "reboot", "[]");
  say("44 02 5101 01020304 B4 '.rpc' 06 'status' 11 3C FF BF 62 'id' 78 18 '" CALL_ID
      "' 6A 'statusCode' 05 FF",
      "64 44 5101 01020304");
  assert_int_equal(5, f->fake->answer_status);
  assert_string_equal("", f->fake->answer_detail);
  fake_core_call(f->fake, CALL_ID, "reboot", "[]");
  say("48 02 5102 1122334455667788 B4 '.rpc' 06 'status' 11 3C 51 3C FF A2 62 'id' 78 18 '" CALL_ID
      "' 66 'status' 0D",
      "68 44 5102 1122334455667788");
  assert_int_equal(13, f->fake->answer_status);
  down();
}

/* ---- logs ---- */

static void expect_log(enum srv_device_log_level level, const char *module, const char *message,
                       const char *fields) {
  assert_int_equal(level, f->fake->log_level);
  assert_string_equal(module, f->fake->log_module);
  assert_string_equal(message, f->fake->log_message);
  assert_string_equal(fields, f->fake->log_fields);
}

TEST(o_logs_to_its_old_path) {
  up();
  say("44 02 6001 01020304 B4 'logs' 11 3C FF BF 65 'level' 64 'warn' 66 'module' 64 'main' "
      "63 'msg' 65 'hello' FF",
      "64 44 6001 01020304");
  expect_log(SRV_DEVICE_WARN, "main", "hello", "");
  assert_int_equal(0, f->fake->capture_count);
  down();
}

TEST(n_logs_to_the_stream_and_it_is_no_capture) {
  up();
  say("48 02 6101 68B359ACC6E3F1D0 B2 '.s' 04 'logs' 11 3C FF A3 65 'level' 65 'error' "
      "66 'module' 63 'ota' 63 'msg' 67 'no room'",
      "68 44 6101 68B359ACC6E3F1D0");
  expect_log(SRV_DEVICE_ERROR, "ota", "no room", "");
  assert_int_equal(0, f->fake->capture_count);
  down();
}

TEST(zephyr_logs_with_fields_of_its_own) {
  up();
  say("48 02 6201 1122334455667788 B2 '.s' 04 'logs' 11 3C 51 3C FF A5 65 'level' 65 'debug' "
      "66 'module' 64 'main' 64 'func' 64 'loop' 63 'msg' 62 'hi' 66 'uptime' 19 1388",
      "68 44 6201 1122334455667788");
  expect_log(SRV_DEVICE_DEBUG, "main", "hi", "{\"func\":\"loop\",\"uptime\":5000}");
  down();
}

/* ---- what is heard in between ---- */

TEST(zephyrs_keepalive_between_blocks_is_answered_and_disturbs_nothing) {
  up();
  send_block("48 02 7001 1122334455667788 B2 '.s' 03 'img' 11 2A 51 3C A1 0E", 1, 1024);
  expect("68 5F 7001 1122334455667788 D1 0E 0E");
  say("50 00 7002", "70 00 7002");
  send_block("48 02 7003 1122334455667788 B2 '.s' 03 'img' 11 2A 51 3C A1 16", 1, 24);
  expect("68 44 7003 1122334455667788 D1 0E 16");
  assert_int_equal(1048, last_capture()->size);
  down();
}
