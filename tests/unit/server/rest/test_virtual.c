/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual devices, as somebody runs them who is the test; what devices say of
 * themselves; example models. */
#include "server/core/profile.h"
#include "tests/unit/server/rest/rest_fixture.h"

#define VP PP "/virtual-devices"

static struct rest_fixture f;
static unsigned looks;
static struct srv_rest_virtual_status now_is;

static void look_now(void *context) {
  assert_ptr_equal(context, &looks);
  looks++;
}

static bool status(void *context, const char *device_id, struct srv_rest_virtual_status *out) {
  assert_ptr_equal(context, &looks);
  assert_int_equal(strlen(device_id), SRV_ID_LENGTH);
  *out = now_is;
  return true;
}

static bool example(size_t index, struct srv_rest_example *out) {
  if (index > 0) return false;
  *out = (struct srv_rest_example){"a.tflite", (const uint8_t *)"TFL3", 4};
  return true;
}

static void begin(void) {
  rest_begin(&f);
  looks = 0;
  now_is = (struct srv_rest_virtual_status){.running = true, .started_us = f.core.now_us};
  f.context.virtual_devices = (struct srv_rest_virtual_devices){&looks, look_now, status};
  f.context.example = example;
}

TEST(one_is_made_looked_after_and_shown) {
  begin();
  const struct rest_answer *answer = rest_call(&f, "POST", VP, "{\"name\":\"kitchen\"}");
  rest_expect(answer, 200);
  assert_int_equal(looks, 1);
  assert_string_equal(rest_text(answer, "data.deviceName"), "kitchen");
  assert_string_equal(rest_text(answer, "data.startedAt"), "2023-11-14T22:13:20.000000Z");
  assert_true(json_is_true(rest_value(answer, "data.running")));
  assert_true(json_is_null(rest_value(answer, "data.lastError")));
  now_is = (struct srv_rest_virtual_status){.restarts = 3, .last_error = "signal 9"};
  answer = rest_call(&f, "GET", VP, NULL);
  rest_expect(answer, 200);
  assert_int_equal(rest_number(answer, "total"), 1);
  assert_true(json_is_false(rest_value(answer, "list.0.running")));
  assert_true(json_is_null(rest_value(answer, "list.0.startedAt")));
  assert_int_equal(rest_number(answer, "list.0.restarts"), 3);
  assert_string_equal(rest_text(answer, "list.0.lastError"), "signal 9");
  assert_string_equal(rest_text(answer, "list.0.deviceName"), "kitchen");
  rest_expect(rest_call(&f, "GET", PP "/devices/kitchen", NULL), 200);
  rest_end(&f);
}

TEST(deleted_the_device_goes_too_and_only_virtual_ones_go) {
  begin();
  rest_expect(rest_call(&f, "POST", VP, "{}"), 200);
  rest_expect(rest_call(&f, "POST", PP "/devices", "{\"name\":\"real\"}"), 200);
  rest_expect_error(rest_call(&f, "DELETE", VP "/real", NULL), 404, 5, "no virtual device");
  rest_expect_error(rest_call(&f, "DELETE", VP "/nobody", NULL), 404, 5, "nobody");
  rest_expect(rest_call(&f, "GET", PP "/devices/real", NULL), 200);
  rest_expect(rest_call(&f, "DELETE", VP "/virtual-1", NULL), 200);
  assert_int_equal(looks, 2);
  rest_expect(rest_call(&f, "GET", PP "/devices/virtual-1", NULL), 404);
  assert_int_equal(rest_number(rest_call(&f, "GET", VP, NULL), "total"), 0);
  rest_end(&f);
}

TEST(a_project_sees_its_own_only) {
  begin();
  rest_expect(rest_call(&f, "POST", "/v1/projects", "{\"id\":\"other\",\"name\":\"other\"}"), 200);
  rest_expect(rest_call(&f, "POST", VP, "{}"), 200);
  const char *others = "/v1/projects/other/virtual-devices";
  assert_int_equal(rest_number(rest_call(&f, "GET", others, NULL), "total"), 0);
  rest_expect(rest_call(&f, "DELETE", "/v1/projects/other/virtual-devices/virtual-1", NULL), 404);
  rest_end(&f);
}

TEST(what_is_wrong_with_a_name_is_said_and_nothing_is_made) {
  begin();
  rest_expect(rest_call(&f, "POST", PP "/devices", "{\"name\":\"taken\"}"), 200);
  rest_expect(rest_call(&f, "POST", VP, "{\"name\":\"taken\"}"), 409);
  rest_expect(rest_call(&f, "POST", VP, "{\"name\":\"a/b\"}"), 400);
  rest_expect(rest_call(&f, "POST", VP, "{\"name\":7}"), 400);
  assert_int_equal(looks, 0);
  assert_int_equal(rest_number(rest_call(&f, "GET", VP, NULL), "total"), 0);
  rest_end(&f);
}

TEST(a_server_that_runs_none_says_why_and_still_deletes) {
  begin();
  rest_expect(rest_call(&f, "POST", VP, "{}"), 200);
  memset(&f.context.virtual_devices, 0, sizeof f.context.virtual_devices);
  rest_expect_error(rest_call(&f, "POST", VP, "{}"), 403, 7, "--no-virtual-devices");
  const struct rest_answer *answer = rest_call(&f, "GET", VP, NULL);
  assert_true(json_is_false(rest_value(answer, "list.0.running")));
  assert_non_null(strstr(rest_text(answer, "list.0.lastError"), "without them"));
  rest_expect(rest_call(&f, "DELETE", VP "/virtual-1", NULL), 200);
  rest_end(&f);
}

TEST(an_example_model_is_for_everybody) {
  begin();
  const struct rest_answer *answer = rest_call_as(&f, NULL, "GET", "/examples/a.tflite", NULL);
  rest_expect(answer, 200);
  assert_int_equal(answer->size, 4);
  assert_memory_equal(answer->bytes, "TFL3", 4);
  assert_string_equal(answer->bytes_name, "a.tflite");
  rest_expect(rest_call_as(&f, NULL, "GET", "/examples/b.tflite", NULL), 404);
  rest_expect(rest_call_as(&f, NULL, "GET", "/examples/..%2fa.tflite", NULL), 404);
  f.context.example = NULL;
  rest_expect(rest_call_as(&f, NULL, "GET", "/examples/a.tflite", NULL), 404);
  rest_end(&f);
}

TEST(a_devices_profile_is_what_it_said_and_null_before) {
  begin();
  struct srv_device device = make_device(&f.core, "d", NULL, NULL);
  struct srv_device_ref ref = rest_ref_of(&device);
  const struct rest_answer *answer = rest_call(&f, "GET", PP "/devices/d", NULL);
  assert_true(json_is_null(rest_value(answer, "data.metadata.profile")));
  struct gw_hello hello = {.board = "pi", .runtime = "wit/1", .arena_bytes = 9, .op_count = 2};
  hello.op[1].code = 3;
  assert_ok(f.core.core, srv_core_device_hello(f.core.core, &ref, &hello));
  answer = rest_call(&f, "GET", PP "/devices", NULL);
  assert_string_equal(rest_text(answer, "list.0.metadata.profile.board"), "pi");
  assert_string_equal(rest_text(answer, "list.0.metadata.profile.sdk"), "");
  assert_string_equal(rest_text(answer, "list.0.metadata.profile.ops.1"), "CONV_2D");
  assert_int_equal(rest_number(answer, "list.0.metadata.profile.arenaBytes"), 9);
  assert_int_equal(rest_number(answer, "list.0.metadata.profile.slotBytes"), 0);
  rest_end(&f);
}
