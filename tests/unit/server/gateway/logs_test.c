/* SPDX-License-Identifier: Apache-2.0 */
/* `logs` and `.s/logs`. */
#include "tests/support/fake_core.h"
#include "tests/unit/server/gateway/fixture.h"

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

static uint8_t post(const char *path, const char *json) {
  struct ask ask = ask_post(path, GW_COAP_FORMAT_JSON, json, strlen(json));
  client_exchange(f, client, &ask, &answer);
  return answer.message.code;
}

TEST(levels_are_words_or_zephyrs_numbers) {
  static const struct {
    const char *level;
    enum srv_device_log_level wanted;
  } cases[] = {{"\"error\"", SRV_DEVICE_ERROR},  {"\"warn\"", SRV_DEVICE_WARN},
               {"\"warning\"", SRV_DEVICE_WARN}, {"\"INFO\"", SRV_DEVICE_INFO},
               {"\"debug\"", SRV_DEVICE_DEBUG},  {"1", SRV_DEVICE_ERROR},
               {"2", SRV_DEVICE_WARN},           {"3", SRV_DEVICE_INFO},
               {"4", SRV_DEVICE_DEBUG},          {"-7", SRV_DEVICE_ERROR},
               {"99", SRV_DEVICE_DEBUG}};
  up();
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char json[64];
    snprintf(json, sizeof json, "{\"level\":%s,\"msg\":\"x\"}", cases[i].level);
    assert_int_equal(GW_COAP_CHANGED, post(i % 2 ? "logs" : ".s/logs", json));
    assert_int_equal(cases[i].wanted, f->fake->log_level);
    assert_int_equal(i + 1, f->fake->log_count);
  }
  down();
}

TEST(what_is_missing_has_a_default) {
  up();
  assert_int_equal(GW_COAP_CHANGED, post("logs", "{}"));
  assert_int_equal(SRV_DEVICE_INFO, f->fake->log_level);
  assert_string_equal("", f->fake->log_module);
  assert_string_equal("", f->fake->log_message);
  assert_string_equal("", f->fake->log_fields);
  down();
}

TEST(a_line_of_another_shape_is_bad_and_not_kept) {
  static const char *const bad[] = {"[]",
                                    "1",
                                    "\"x\"",
                                    "{\"level\":\"loud\"}",
                                    "{\"level\":1.5}",
                                    "{\"msg\":1}",
                                    "{\"module\":null}",
                                    "{\"msg\":\"a\",\"msg\":1}",
                                    "{"};
  up();
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_int_equal(GW_COAP_BAD_REQUEST, post("logs", bad[i]));
    assert_int_equal(GW_COAP_BAD_REQUEST, post(".s/logs", bad[i]));
  }
  struct ask ask = ask_post("logs", -1, "{}", 2);
  client_exchange(f, client, &ask, &answer);
  assert_code(GW_COAP_UNSUPPORTED_FORMAT, answer);
  assert_int_equal(0, f->fake->log_count);
  down();
}

TEST(fields_beyond_the_limit_are_left_out_from_the_end) {
  char json[1300] = "{\"msg\":\"x\",\"keep\":1,\"long\":\"";
  size_t length = strlen(json);
  memset(json + length, 'a', 1060);
  strcpy(json + length + 1060, "\"}");
  up();
  assert_int_equal(GW_COAP_CHANGED, post("logs", json));
  assert_string_equal("{\"keep\":1}", f->fake->log_fields);
  down();
}
