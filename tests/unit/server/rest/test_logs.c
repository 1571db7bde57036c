/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/rest/rest_fixture.h"

static struct rest_fixture f;
static struct srv_device first, second;

static void say(const struct srv_device *device, enum srv_device_log_level level,
                const char *module, const char *message, const char *fields) {
  struct srv_device_ref ref = rest_ref_of(device);
  assert_ok(f.core.core, srv_core_device_log(f.core.core, &ref, level, module, message, fields));
  f.core.now_us += 1000000;
}

static void begin(void) {
  rest_begin(&f);
  first = make_device(&f.core, "first", NULL, NULL);
  second = make_device(&f.core, "second", NULL, NULL);
  say(&first, SRV_DEVICE_INFO, "net", "connected", "");
  say(&first, SRV_DEVICE_ERROR, "flash", "Cannot write", "{\"sector\":7}");
  say(&second, SRV_DEVICE_WARN, "net", "weak signal", "");
  say(&second, SRV_DEVICE_DEBUG, "net", "ping", "");
}

static json_int_t total_of(const char *query) {
  char url[256];
  snprintf(url, sizeof(url), PP "/logs?%s", query);
  const struct rest_answer *answer = rest_call(&f, "GET", url, NULL);
  rest_expect(answer, 200);
  return rest_number(answer, "total");
}

TEST(logs_come_newest_first_in_the_words_of_the_original) {
  begin();
  const struct rest_answer *answer = rest_call(&f, "GET", PP "/logs", NULL);
  rest_expect(answer, 200);
  assert_int_equal(rest_number(answer, "total"), 4);
  assert_string_equal(rest_text(answer, "list.0.message"), "ping");
  assert_string_equal(rest_text(answer, "list.2.level"), "ERROR");
  assert_string_equal(rest_text(answer, "list.2.module"), "flash");
  assert_string_equal(rest_text(answer, "list.2.deviceId"), first.id);
  assert_string_equal(rest_text(answer, "list.2.device_id"), first.id);
  assert_int_equal(rest_number(answer, "list.2.metadata.sector"), 7);
  assert_string_equal(rest_text(answer, "list.3.timestamp"), "2023-11-14T22:13:20.000000Z");
  assert_true(json_is_object(rest_value(answer, "list.3.metadata")));
  rest_end(&f);
}

TEST(each_filter_of_logs_narrows) {
  begin();
  assert_int_equal(total_of("deviceId=first"), 2);
  assert_int_equal(total_of("deviceId=first,second"), 4);
  assert_int_equal(total_of("level=error"), 1);
  assert_int_equal(total_of("level=WARN"), 2);
  assert_int_equal(total_of("level=warning"), 2);
  assert_int_equal(total_of("level=2"), 3);
  assert_int_equal(total_of("level=debug"), 4);
  assert_int_equal(total_of("module=net"), 3);
  assert_int_equal(total_of("term=CANNOT"), 1);
  assert_int_equal(total_of("start=2023-11-14T22:13:22Z"), 2);
  assert_int_equal(total_of("end=2023-11-14T22:13:20Z"), 1);
  assert_int_equal(
      rest_number(rest_call(&f, "GET", PP "/devices/second/logs?level=warn", NULL), "total"), 1);
  rest_end(&f);
}

TEST(pages_of_logs_follow_each_other_by_token_while_more_lines_come) {
  begin();
  const struct rest_answer *answer = rest_call(&f, "GET", PP "/logs?limit=2", NULL);
  assert_int_equal(json_array_size(rest_value(answer, "list")), 2);
  char url[128];
  snprintf(url, sizeof(url), PP "/logs?limit=2&pageToken=%s", rest_text(answer, "nextPageToken"));
  say(&first, SRV_DEVICE_INFO, "net", "another", "");
  answer = rest_call(&f, "GET", url, NULL);
  assert_string_equal(rest_text(answer, "list.0.message"), "Cannot write");
  assert_string_equal(rest_text(answer, "list.1.message"), "connected");
  rest_end(&f);
}

TEST(filters_of_logs_that_mean_nothing_are_400) {
  begin();
  static const char *const bad[] = {"level=loud",      "level=",         "level=-1",
                                    "deviceId=nobody", "start=now",      "pageToken=x",
                                    "limit=0",         "perPage=100000", "level=verylonglevel"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    char url[128];
    snprintf(url, sizeof(url), PP "/logs?%s", bad[i]);
    rest_expect_error(rest_call(&f, "GET", url, NULL), 400, 3, "");
  }
  rest_end(&f);
}

TEST(logs_of_other_projects_and_unknown_devices_are_not_shown) {
  begin();
  struct rest_others others = rest_make_others(&f);
  say(&others.device, SRV_DEVICE_ERROR, "x", "secret", "");
  assert_int_equal(total_of("term=secret"), 0);
  rest_expect_error(rest_call(&f, "GET", PP "/devices/theirs/logs", NULL), 404, 5, "device");
  rest_expect_error(rest_call(&f, "GET", PP "/devices/nobody/logs", NULL), 404, 5, "device");
  rest_end(&f);
}
