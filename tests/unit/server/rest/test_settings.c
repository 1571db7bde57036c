/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/rest/rest_fixture.h"

static struct rest_fixture f;
static struct srv_device device;
static struct srv_blueprint blueprint;

static void begin(void) {
  rest_begin(&f);
  blueprint = make_blueprint(&f.core, "board");
  device = make_device(&f.core, "d", blueprint.id, NULL);
}

static const struct rest_answer *create(const char *body) {
  return rest_call(&f, "POST", PP "/settings", body);
}

/* Made, and its id, for the next call. */
static const char *made(const char *body) {
  static char id[SRV_ID_LENGTH + 1];
  const struct rest_answer *answer = create(body);
  rest_expect(answer, 200);
  snprintf(id, sizeof(id), "%s", rest_text(answer, "data.id"));
  return id;
}

static const struct rest_answer *call_one(const char *method, const char *id, const char *body) {
  char url[128];
  snprintf(url, sizeof(url), PP "/settings/%s", id);
  return rest_call(&f, method, url, body);
}

TEST(a_setting_of_each_type_is_made_and_shown) {
  static const struct {
    const char *body, *type, *value;
  } cases[] = {
      {"{\"key\":\"A\",\"dataType\":\"integer\",\"value\":-5}", "integer", "-5"},
      {"{\"key\":\"B\",\"dataType\":\"float\",\"value\":1.5}", "float", "1.5"},
      {"{\"key\":\"C\",\"dataType\":\"boolean\",\"value\":true}", "boolean", "true"},
      {"{\"key\":\"D\",\"dataType\":\"string\",\"value\":\"x\"}", "string", "\"x\""},
      {"{\"key\":\"E\",\"value\":7}", "integer", "7"},
      {"{\"key\":\"F\",\"value\":0.25}", "float", "0.25"},
      {"{\"key\":\"G\",\"value\":false}", "boolean", "false"},
      {"{\"key\":\"H\",\"value\":\"\"}", "string", "\"\""},
  };
  begin();
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    const struct rest_answer *answer = create(cases[i].body);
    rest_expect(answer, 200);
    assert_string_equal(rest_text(answer, "data.dataType"), cases[i].type);
    assert_string_equal(rest_text(answer, "data.level"), "project");
    assert_null(rest_value(answer, "data.deviceId")); /* clients ask whether it is there */
    json_t *wanted = json_loads(cases[i].value, JSON_DECODE_ANY, NULL);
    assert_true(json_equal(rest_value(answer, "data.value"), wanted));
    json_decref(wanted);
  }
  const struct rest_answer *list = rest_call(&f, "GET", PP "/settings", NULL);
  assert_int_equal(rest_number(list, "total"), 8);
  assert_int_equal(rest_number(rest_call(&f, "GET", PP "/settings?key=E", NULL), "total"), 1);
  rest_end(&f);
}

TEST(settings_of_the_wrong_type_or_name_are_refused_by_field) {
  static const struct {
    const char *body;
    int status;
    const char *words;
  } cases[] = {
      {"{\"value\":1}", 400, "key"},
      {"{\"key\":\"A\"}", 400, "value"},
      {"{\"key\":\"A\",\"value\":null}", 400, "value"},
      {"{\"key\":\"A\",\"value\":[1]}", 400, "value"},
      {"{\"key\":\"A\",\"value\":{}}", 400, "value"},
      {"{\"key\":7,\"value\":1}", 400, "key"},
      {"{\"key\":\"a b\",\"value\":1}", 400, "63 of"},
      {"{\"key\":\"a/b\",\"value\":1}", 400, "63 of"},
      {"{\"key\":\"\",\"value\":1}", 400, "63 of"},
      {"{\"key\":\"A\",\"value\":\"1\",\"dataType\":\"integer\"}", 400, ""},
      {"{\"key\":\"A\",\"value\":1.5,\"dataType\":\"integer\"}", 400, ""},
      {"{\"key\":\"A\",\"value\":1,\"dataType\":\"boolean\"}", 400, ""},
      {"{\"key\":\"A\",\"value\":1,\"dataType\":\"string\"}", 400, ""},
      {"{\"key\":\"A\",\"value\":1,\"dataType\":\"number\"}", 400, "dataType"},
      {"{\"key\":\"A\",\"value\":1,\"deviceId\":\"nobody\"}", 400, "deviceId"},
      {"{\"key\":\"A\",\"value\":1,\"blueprintId\":\"none\"}", 400, "blueprintId"},
      {"{\"key\":\"A\",\"value\":1,\"deviceId\":\"d\",\"blueprintId\":\"board\"}", 400, "not both"},
      {"{\"key\":\"A\",\"value\":99999999999999999999}", 400, "JSON"},
  };
  begin();
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    const struct rest_answer *answer = create(cases[i].body);
    if (answer->status != cases[i].status) fail_msg("%s: %d", cases[i].body, answer->status);
    rest_expect_error(answer, cases[i].status, 3, cases[i].words);
  }
  assert_int_equal(rest_number(rest_call(&f, "GET", PP "/settings", NULL), "total"), 0);
  char large[700];
  snprintf(large, sizeof(large), "{\"key\":\"A\",\"value\":\"%0600d\"}", 0);
  rest_expect_error(create(large), 413, 8, "value");
  rest_end(&f);
}

TEST(a_level_has_a_key_once) {
  begin();
  rest_expect(create("{\"key\":\"A\",\"value\":1}"), 200);
  rest_expect_error(create("{\"key\":\"A\",\"value\":2}"), 409, 6, "A");
  rest_expect(create("{\"key\":\"A\",\"value\":2,\"deviceId\":\"d\"}"), 200);
  rest_expect(create("{\"key\":\"A\",\"value\":3,\"blueprintId\":\"board\"}"), 200);
  rest_expect_error(create("{\"key\":\"A\",\"value\":4,\"deviceId\":\"d\"}"), 409, 6, "A");
  assert_int_equal(rest_number(rest_call(&f, "GET", PP "/settings?level=project", NULL), "total"),
                   1);
  const struct rest_answer *answer = rest_call(&f, "GET", PP "/settings?level=device", NULL);
  assert_int_equal(rest_number(answer, "total"), 1);
  assert_string_equal(rest_text(answer, "list.0.deviceId"), device.id);
  answer = rest_call(&f, "GET", PP "/settings?level=blueprint", NULL);
  assert_string_equal(rest_text(answer, "list.0.blueprintId"), blueprint.id);
  answer = rest_call(&f, "GET", PP "/settings?deviceId=d", NULL);
  assert_int_equal(rest_number(answer, "list.0.value"), 2);
  rest_expect_error(rest_call(&f, "GET", PP "/settings?level=town", NULL), 400, 3, "level");
  rest_end(&f);
}

TEST(a_value_changes_and_key_and_level_do_not) {
  begin();
  const char *id = made("{\"key\":\"A\",\"value\":1,\"deviceId\":\"d\"}");
  /* As clients of the original send it: everything again. */
  char body[128];
  snprintf(body, sizeof(body),
           "{\"key\":\"A\",\"dataType\":\"integer\",\"value\":2,\"deviceId\":\"%s\"}", device.id);
  const struct rest_answer *answer = call_one("PUT", id, body);
  rest_expect(answer, 200);
  assert_int_equal(rest_number(answer, "data.value"), 2);
  assert_int_equal(rest_number(call_one("PATCH", id, "{\"value\":3}"), "data.value"), 3);
  rest_expect_error(call_one("PATCH", id, "{\"value\":\"x\"}"), 400, 3, "");
  rest_expect_error(call_one("PATCH", id, "{\"key\":\"B\"}"), 400, 3, "key");
  rest_expect_error(call_one("PATCH", id, "{\"deviceId\":\"\"}"), 400, 3, "deviceId");
  rest_expect_error(call_one("PATCH", id, "{\"deviceId\":\"\",\"blueprintId\":\"board\"}"), 400, 3,
                    "deviceId");
  answer = call_one("PATCH", id, "{\"dataType\":\"string\",\"value\":\"x\"}");
  assert_string_equal(rest_text(answer, "data.value"), "x");
  assert_string_equal(rest_text(call_one("GET", id, NULL), "data.dataType"), "string");
  rest_expect(call_one("DELETE", id, NULL), 200);
  rest_expect_error(call_one("GET", id, NULL), 404, 5, "setting");
  rest_expect_error(call_one("DELETE", id, NULL), 404, 5, "setting");
  rest_end(&f);
}

TEST(settings_of_another_project_are_not_there) {
  begin();
  struct rest_others others = rest_make_others(&f);
  char body[128];
  rest_expect_error(call_one("GET", others.setting_id, NULL), 404, 5, "setting");
  rest_expect_error(call_one("PUT", others.setting_id, "{\"value\":2}"), 404, 5, "setting");
  rest_expect_error(call_one("DELETE", others.setting_id, NULL), 404, 5, "setting");
  snprintf(body, sizeof(body), "{\"key\":\"A\",\"value\":1,\"deviceId\":\"%s\"}", others.device.id);
  rest_expect_error(create(body), 400, 3, "deviceId");
  rest_expect_error(rest_call(&f, "GET", PP "/devices/theirs/settings", NULL), 404, 5, "device");
  assert_int_equal(rest_number(rest_call(&f, "GET", PP "/settings", NULL), "total"), 0);
  rest_end(&f);
}

TEST(a_device_has_the_nearest_level_of_each_key) {
  begin();
  made("{\"key\":\"A\",\"value\":1}");
  made("{\"key\":\"B\",\"value\":1}");
  made("{\"key\":\"C\",\"value\":1}");
  made("{\"key\":\"B\",\"value\":2,\"blueprintId\":\"board\"}");
  made("{\"key\":\"C\",\"value\":2,\"blueprintId\":\"board\"}");
  made("{\"key\":\"C\",\"value\":3,\"deviceId\":\"d\"}");
  const struct rest_answer *answer = rest_call(&f, "GET", PP "/devices/d/settings", NULL);
  rest_expect(answer, 200);
  assert_int_equal(rest_number(answer, "total"), 3);
  static const char *const levels[] = {"project", "blueprint", "device"};
  for (size_t i = 0; i < 3; i++) {
    json_t *row = json_array_get(rest_value(answer, "list"), i);
    const char *key = json_string_value(json_object_get(row, "key"));
    assert_string_equal(json_string_value(json_object_get(row, "level")), levels[key[0] - 'A']);
    assert_int_equal(json_integer_value(json_object_get(row, "value")), key[0] - 'A' + 1);
  }
  assert_false(json_is_true(rest_value(answer, "data.inSync")));
  assert_true(json_is_null(rest_value(answer, "data.reported")));
  rest_end(&f);
}

TEST(what_the_device_said_of_its_settings_is_shown) {
  begin();
  struct srv_device_ref ref = ref_of(&device);
  made("{\"key\":\"A\",\"value\":1}");
  const struct rest_answer *answer = rest_call(&f, "GET", PP "/devices/d/settings", NULL);
  json_int_t version = rest_number(answer, "data.version");
  assert_true(version > 0);

  const char *errors = "[{\"setting_key\":\"A\",\"error_code\":4}]";
  assert_ok(f.core.core, srv_core_settings_status(f.core.core, &ref, version, errors));
  answer = rest_call(&f, "GET", PP "/devices/d/settings", NULL);
  assert_false(json_is_true(rest_value(answer, "data.inSync")));
  assert_string_equal(rest_text(answer, "data.reported.errors.0.key"), "A");
  assert_int_equal(rest_number(answer, "data.reported.errors.0.code"), 4);
  assert_string_equal(rest_text(answer, "data.reported.errors.0.name"), "VALUE_OUT_OF_RANGE");

  assert_ok(f.core.core, srv_core_settings_status(f.core.core, &ref, version, "[]"));
  answer = rest_call(&f, "GET", PP "/devices/d/settings", NULL);
  assert_true(json_is_true(rest_value(answer, "data.inSync")));
  assert_int_equal(rest_number(answer, "data.reported.version"), version);
  assert_true(strlen(rest_text(answer, "data.reported.time")) > 0);

  made("{\"key\":\"B\",\"value\":1}"); /* it does not know of this one yet */
  answer = rest_call(&f, "GET", PP "/devices/d/settings", NULL);
  assert_false(json_is_true(rest_value(answer, "data.inSync")));
  rest_end(&f);
}
