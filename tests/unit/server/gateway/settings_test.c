/* SPDX-License-Identifier: Apache-2.0 */
/* `.c` and `.c/status`. */
#include "server/core/types.h"
#include "tests/support/fake_core.h"
#include "tests/unit/server/gateway/fixture.h"
#include "tests/unit/wire/bytes.h"

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

static void assert_payload(const char *hex) {
  struct bytes wanted = bytes_from_hex(hex);
  assert_int_equal(wanted.size, answer.message.payload_size);
  assert_memory_equal(wanted.data, answer.message.payload, wanted.size);
  bytes_free(wanted);
}

static void change(const char *key, uint8_t type, const char *value) {
  struct srv_device_setting *setting = &f->fake->settings.setting[0];
  f->fake->settings.version++;
  f->fake->settings.count = 1;
  setting->type = type;
  snprintf(setting->key, sizeof setting->key, "%s", key);
  snprintf(setting->value, sizeof setting->value, "%s", value);
  f->fake->listener.observed_changed(f->fake->listener.context, "p", "0");
}

TEST(each_type_keeps_its_kind_and_a_change_is_told) {
  static const struct {
    uint8_t type;
    const char *value, *hex;
  } cases[] = {{SRV_SETTING_INTEGER, "-5", "24"},
               {SRV_SETTING_FLOAT, "3", "FB 4008000000000000"},
               {SRV_SETTING_FLOAT, "0.5", "FB 3FE0000000000000"},
               {SRV_SETTING_BOOL, "true", "F5"},
               {SRV_SETTING_STRING, "\"5\"", "61 '5'"}};
  up();
  struct ask ask = ask_get(".c");
  ask.observe = 0;
  ask.accept = GW_COAP_FORMAT_CBOR;
  client_exchange(f, client, &ask, &answer);
  assert_payload("A2 67 'version' 00 68 'settings' A0");
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char hex[96];
    change("K", cases[i].type, cases[i].value);
    client_wait(f, client, &answer);
    snprintf(hex, sizeof hex, "A2 67 'version' 0%zu 68 'settings' A1 61 'K' %s", i + 1,
             cases[i].hex);
    assert_payload(hex);
    client_send_empty(client, GW_COAP_ACK, answer.message.message_id);
    assert_silence(f, client);
  }
  down();
}

TEST(settings_as_json_for_who_wants_them) {
  up();
  change("GAIN", SRV_SETTING_FLOAT, "2");
  struct ask ask = ask_get(".c");
  ask.accept = GW_COAP_FORMAT_JSON;
  client_exchange(f, client, &ask, &answer);
  assert_int_equal(GW_COAP_FORMAT_JSON, answer.format);
  static const char wanted[] = "{\"version\":1,\"settings\":{\"GAIN\":2.0}}";
  assert_int_equal(sizeof wanted - 1, answer.message.payload_size);
  assert_memory_equal(wanted, answer.message.payload, sizeof wanted - 1);
  down();
}

static uint8_t status(int format, const char *hex) {
  struct bytes bytes = bytes_from_hex(hex);
  struct ask ask = ask_post(".c/status", format, bytes.data, bytes.size);
  client_exchange(f, client, &ask, &answer);
  bytes_free(bytes);
  return answer.message.code;
}

TEST(a_status_of_another_shape_is_bad) {
  static const char *const bad[] = {
      "A0",
      "80",
      "A1 67 'version' 61 '1'",
      "A1 67 'version' FB 3FF0000000000000",
      "A2 67 'version' 01 66 'errors' 01",
      "A2 67 'version' 01 66 'errors' 81 01",
      "A2 67 'version' 01 66 'errors' 81 A1 6B 'setting_key' 61 'k'",
      "A2 67 'version' 01 66 'errors' 81 A2 6B 'setting_key' 01 6A 'error_code' 01",
      "A2 67 'version' 01 66 'errors' 81 A2 6B 'setting_key' 61 'k' 6A 'error_code' 61 '1'",
      "A2 67 'version' 01 67 'version' 02",
      "A1 67 'version'",
  };
  up();
  f->fake->settings_status_version = -1;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    assert_int_equal(GW_COAP_BAD_REQUEST, status(GW_COAP_FORMAT_CBOR, bad[i]));
  assert_int_equal(GW_COAP_UNSUPPORTED_FORMAT, status(-1, "A1 67 'version' 01"));
  assert_int_equal(-1, f->fake->settings_status_version);
  down();
}

TEST(a_status_keeps_the_errors_and_nothing_else) {
  up();
  assert_int_equal(GW_COAP_CHANGED,
                   status(GW_COAP_FORMAT_CBOR,
                          "A3 67 'version' 09 61 'x' 01 66 'errors' 82 A2 6B 'setting_key' 61 'k' "
                          "6A 'error_code' 01 A3 6B 'setting_key' 61 'l' 6A 'error_code' 06 61 'y' "
                          "F5"));
  assert_int_equal(9, f->fake->settings_status_version);
  assert_string_equal(
      "[{\"setting_key\":\"k\",\"error_code\":1},"
      "{\"setting_key\":\"l\",\"error_code\":6}]",
      f->fake->settings_errors);
  assert_int_equal(GW_COAP_CHANGED,
                   status(GW_COAP_FORMAT_JSON, "'{\"version\":10,\"errors\":null}'"));
  assert_string_equal("[]", f->fake->settings_errors);
  down();
}
