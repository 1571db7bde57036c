/* SPDX-License-Identifier: Apache-2.0 */
/* Settings, state and calls: what is sent is what was typed, with its type, or
 * nothing is. */
#include <stdlib.h>

#include "tests/support/test.h"
#include "tests/unit/cli/run.h"

#define DEVICE "6561f3a2c0ffee00000000aa"
#define LIST(elements) "{\"list\":[" elements "],\"page\":0,\"perPage\":1000,\"total\":1}"
#define SETTING(value, type)                                                                       \
  "{\"id\":\"6561f3a2c0ffee00000000cc\",\"key\":\"GAIN\",\"value\":" value ",\"dataType\":\"" type \
  "\",\"level\":\"project\"}"
#define DATA(value) "{\"data\":" value "}"

static void forget_environment(void) {
  unsetenv("GODWIT_API_KEY");
  unsetenv("GODWIT_PROJECT");
  unsetenv("XDG_CONFIG_HOME");
  setenv("GODWIT_URL", "http://127.0.0.1:1", 1); /* nobody there */
}

/* --- settings ------------------------------------------------------------------------------ */

TEST(values_that_are_not_what_they_look_like_are_not_sent) {
  static const struct {
    const char *value, *error;
  } wrong[] = {
      {".5", "'.5' is no number that JSON knows; write it as 7 or 0.5, or a text as '\".5\"'"},
      {"007", "is no number that JSON knows"},
      {"+5", "is no number that JSON knows"},
      {"5.", "is no number that JSON knows"},
      {"0x10", "is no number that JSON knows"},
      {"-.5", "is no number that JSON knows"},
      {"99999999999999999999", "is no number that JSON knows"},
      {"\"on", "is no JSON"},
      {"{\"a\":", "is no JSON"},
      {"{\"a\":1}", "a setting is a number, true, false or a text"},
      {"[1]", "a setting is a number, true, false or a text"},
      {"null", "a setting is a number, true, false or a text"},
      {"\xff", "no UTF-8"},
  };
  const char *replies[] = {reply("200 OK", LIST("")), NULL};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    forget_environment();
    struct fake *fake = fake_start(replies);
    const struct run *run = RUN("setting", "set", "GAIN", wrong[i].value);
    assert_status(run, CLI_USAGE);
    assert_error(run, wrong[i].error);
    assert_null(strstr(fake_requests(fake), "POST"));
    fake_stop(fake);
  }
}

TEST(a_value_keeps_its_type_on_the_way) {
  static const struct {
    const char *words[8];
    const char *sent;
  } typed[] = {
      {{"setting", "set", "GAIN", "5"}, "{\"value\":5,\"key\":\"GAIN\"}"},
      {{"setting", "set", "GAIN", "-5"}, "{\"value\":-5,\"key\":\"GAIN\"}"},
      {{"setting", "set", "GAIN", "--", "-5"}, "{\"value\":-5,\"key\":\"GAIN\"}"},
      {{"setting", "set", "GAIN", "true"}, "{\"value\":true,"},
      {{"setting", "set", "GAIN", "True"}, "{\"value\":\"True\","},
      {{"setting", "set", "GAIN", "1.0.0"}, "{\"value\":\"1.0.0\","},
      {{"setting", "set", "GAIN", "\"5\""}, "{\"value\":\"5\","},
      {{"setting", "set", "GAIN", "5", "--type", "string"},
       "{\"value\":\"5\",\"dataType\":\"string\","},
      {{"setting", "set", "GAIN", "{\"a\":1}", "--type", "string"},
       "{\"value\":\"{\\\"a\\\":1}\","},
      {{"setting", "set", "GAIN", "0.5", "--type", "float"},
       "{\"value\":0.5,\"dataType\":\"float\""},
  };
  const char *replies[] = {reply("200 OK", LIST("")),
                           reply("200 OK", DATA(SETTING("5", "integer"))), NULL};
  for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++) {
    forget_environment();
    struct fake *fake = fake_start(replies);
    const struct run *run = run_cli(typed[i].words);
    assert_status(run, CLI_OK);
    assert_contains(fake_requests(fake),
                    "GET /v1/projects/default/settings?key=GAIN&level=project&");
    assert_contains(fake_requests(fake), typed[i].sent);
    assert_contains(run->out, "GAIN  5      integer  project  -\n");
    fake_stop(fake);
  }
}

TEST(a_setting_that_is_there_is_changed_and_no_other) {
  const char *replies[] = {
      reply("200 OK",
            LIST("{\"id\":\"6561f3a2c0ffee00000000dd\",\"key\":\"OTHER\"}," SETTING("1", "float"))),
      reply("200 OK", DATA(SETTING("0.1", "float"))), NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  const struct run *run = RUN("setting", "set", "GAIN", "0.1");
  assert_status(run, CLI_OK);
  assert_contains(run->out, "GAIN  0.1    float  project  -\n");
  assert_contains(fake_requests(fake),
                  "PATCH /v1/projects/default/settings/6561f3a2c0ffee00000000cc ");
  fake_stop(fake);
}

TEST(two_levels_at_once_and_a_setting_that_is_not_there_are_refused) {
  const char *replies[] = {reply("200 OK", LIST("{\"id\":\"x\",\"key\":\"OTHER\"}")), NULL};
  forget_environment();
  assert_error(RUN("setting", "set", "GAIN", "5", "--device", "a", "--blueprint", "b"),
               "--device and --blueprint are two levels; drop one");
  struct fake *fake = fake_start(replies);
  const struct run *run = RUN("setting", "delete", "GAIN", "--yes");
  assert_status(run, CLI_FAILED);
  assert_error(run, "there is no setting 'GAIN' at that level; see `godwit setting list`");
  assert_null(strstr(fake_requests(fake), "DELETE"));
  fake_stop(fake);
}

TEST(a_device_that_refused_a_setting_is_quoted) {
  const char *replies[] = {
      reply("200 OK", LIST("{\"id\":\"" DEVICE "\",\"name\":\"kitchen\"}")),
      reply(
          "200 OK",
          "{\"list\":[" SETTING(
              "5",
              "integer") "],\"data\":{\"version\":2,\"inSync\":false,"
                         "\"reported\":{\"version\":2,\"time\":\"2026-11-22T09:00:00Z\",\"errors\":"
                         "[{\"key\":\"GAIN\",\"code\":2,\"name\":\"KEY_\\u001bNO\"}]}}}"),
      NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  const struct run *run = RUN("device", "settings", "kitchen");
  assert_status(run, CLI_OK);
  assert_contains(run->out, "device        does not have them all, said 2026-11-22 09:00:00Z\n");
  assert_contains(run->out, "refused       GAIN: KEY_?NO\n");
  fake_stop(fake);
}

/* --- state ------------------------------------------------------------------------------------ */

#define KITCHEN reply("200 OK", LIST("{\"id\":\"" DEVICE "\",\"name\":\"kitchen\"}"))

TEST(state_that_is_no_json_or_has_no_path_is_refused) {
  const char *replies[] = {KITCHEN, NULL};
  forget_environment();
  assert_error(RUN("state", "set", "kitchen", "lamp", "on"),
               "'on' is no JSON (invalid token near 'on'); texts need quotes");
  assert_error(RUN("state", "set", "kitchen", "lamp", "{\"a\":1,\"a\":2}"), "is no JSON");
  assert_error(RUN("state", "set", "kitchen", "lamp"), "JSON is missing");
  struct fake *fake = fake_start(replies);
  assert_error(RUN("state", "get", "kitchen", "a//b"), "write it as a/b");
  assert_error(RUN("state", "get", "kitchen", "a/../b"), "cannot be part of an address");
  assert_error(RUN("state", "set", "kitchen", "a/../b", "1"), "cannot be part of an address");
  assert_null(strstr(fake_requests(fake), "/data"));
  fake_stop(fake);
}

TEST(a_change_of_state_shows_what_is_there_afterwards) {
  const char *replies[] = {KITCHEN, reply("200 OK", DATA("{\"on\":true,\"gain\":0.1}")), NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  const struct run *run = RUN("state", "merge", "kitchen", "/desired/a b/", "{\"on\":true}");
  assert_status(run, CLI_OK);
  assert_string_equal(run->out, "{\n  \"on\": true,\n  \"gain\": 0.1\n}\n");
  assert_contains(fake_requests(fake),
                  "PATCH /v1/projects/default/devices/" DEVICE "/data/desired/a%20b ");
  fake_stop(fake);
  fake = fake_start(replies);
  assert_string_equal(RUN("state", "set", "kitchen", "/", "-7")->err, "");
  assert_contains(fake_requests(fake), "PUT /v1/projects/default/devices/" DEVICE "/data ");
  assert_contains(fake_requests(fake), "\r\n\r\n-7");
  fake_stop(fake);
}

TEST(long_texts_of_a_state_are_shown_whole_and_harmless) {
  static char text[12000], raw[13000];
  const char *replies[] = {KITCHEN, raw, NULL};
  memset(text, 'x', sizeof text - 1);
  snprintf(raw, sizeof raw,
           "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"data\":{\"a\":\"\xC2\x9B%s\"}}", text);
  forget_environment();
  struct fake *fake = fake_start(replies);
  const struct run *run = RUN("state", "get", "kitchen");
  assert_status(run, CLI_OK);
  assert_int_equal(strlen(run->out), strlen("{\n  \"a\": \"?\"\n}\n") + sizeof text - 1);
  fake_stop(fake);
}

/* --- calls ------------------------------------------------------------------------------------ */

TEST(calls_that_cannot_be_meant_are_not_made) {
  static const struct {
    const char *words[8];
    const char *error;
  } wrong[] = {
      {{"rpc", "kitchen"}, "METHOD is missing"},
      {{"rpc", "kitchen", "\xff"}, "the method is no UTF-8"},
      {{"rpc", "kitchen", "move", "\xff"}, "a value is no UTF-8"},
      {{"rpc", "kitchen", "move", "{\"a\":1,\"a\":2}"}, "is no JSON (duplicate object key"},
      {{"rpc", "kitchen", "move", "[1,"}, "is no JSON"},
      {{"rpc", "kitchen", "move", ".5"}, "is no number that JSON knows"},
      {{"rpc", "kitchen", "move", "--timeout", "0"}, "0.1 to 60 seconds are possible"},
      {{"rpc", "kitchen", "move", "--timeout", "61"}, "0.1 to 60"},
      {{"rpc", "kitchen", "move", "--timeout", "nan"}, "0.1 to 60"},
      {{"rpc", "kitchen", "move", "--timeout", "5s"}, "0.1 to 60"},
      {{"rpc", "kitchen", "move", "-x"}, "options have two dashes"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    forget_environment();
    const struct run *run = run_cli(wrong[i].words);
    assert_status(run, CLI_USAGE);
    assert_error(run, wrong[i].error);
  }
}

TEST(parameters_go_out_in_order_and_with_their_types) {
  const char *replies[] = {
      KITCHEN, reply("200 OK", DATA("{\"statusCode\":0,\"detail\":{\"v\":0.1}}")), NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  const struct run *run = RUN("rpc", "kitchen", "move", "-5", "-0.5", "fast", "\"7\"",
                              "{\"a\":null}", "12:30", "--timeout", "2", "--", "--x");
  assert_status(run, CLI_OK);
  assert_string_equal(run->out, "status        0 OK\ndetail        {\"v\": 0.1}\n");
  assert_contains(fake_requests(fake), "/devices/" DEVICE "/rpc ");
  assert_contains(fake_requests(fake),
                  "{\"params\":[-5,-0.5,\"fast\",\"7\",{\"a\":null},\"12:30\","
                  "\"--x\"],\"method\":\"move\",\"timeout\":2.0}");
  fake_stop(fake);
}

TEST(only_a_device_that_answered_zero_is_success) {
  static const struct {
    const char *status, *body;
    const char *said;
  } answers[] = {
      {"200 OK", DATA("{\"statusCode\":5,\"detail\":null}"), "5 NOT_FOUND: the device has no such"},
      {"200 OK", DATA("{\"statusCode\":-1,\"detail\":null}"), "-1 a status of its own"},
      {"200 OK", DATA("{\"detail\":{}}"), "answered without a statusCode"},
      {"200 OK", DATA("{\"statusCode\":\"0\"}"), "answered without a statusCode"},
      {"503 Service Unavailable", "{\"message\":\"the device is offline\"}",
       "rpc: the device is offline\n"},
      {"504 Gateway Timeout", "{\"message\":\"the device has not answered in time\"}",
       "rpc: the device has not answered in time\n"},
  };
  for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
    const char *replies[] = {KITCHEN, reply(answers[i].status, answers[i].body), NULL};
    forget_environment();
    struct fake *fake = fake_start(replies);
    const struct run *run = RUN("rpc", "kitchen", "move");
    assert_status(run, CLI_FAILED);
    assert_contains(run->out[0] != 0 ? run->out : run->err, answers[i].said);
    fake_stop(fake);
  }
}

TEST(a_long_answer_is_shown_whole_in_one_line) {
  static char detail[3001], body[3100];
  memset(detail, 'd', sizeof detail - 1);
  snprintf(body, sizeof body, "{\"data\":{\"statusCode\":0,\"detail\":\"a\\nb%s\"}}", detail);
  const char *replies[] = {KITCHEN, reply("200 OK", body), NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  const struct run *run = RUN("rpc", "kitchen", "read");
  assert_status(run, CLI_OK);
  assert_int_equal(strlen(run->out),
                   strlen("status        0 OK\ndetail        \"a\\nb\"\n") + 3000);
  fake_stop(fake);
}
