/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log as REST shows it. */
#include "tests/unit/server/rest/rest_fixture.h"

static struct rest_fixture f;

static void expect_total(const char *url, int total) {
  const struct rest_answer *answer = rest_call(&f, "GET", url, NULL);
  rest_expect(answer, 200);
  if (rest_number(answer, "total") != total) {
    fail_msg("%s: %d, not %d", url, (int)rest_number(answer, "total"), total);
  }
}

TEST(a_request_that_changes_something_is_written_down_with_the_key_that_made_it) {
  rest_begin(&f);
  rest_expect(rest_call(&f, "POST", PP "/tags", "{\"name\":\"kitchen\"}"), 200);
  rest_expect(rest_call(&f, "PATCH", PP "/tags/kitchen", "{\"name\":\"hall\"}"), 200);
  rest_expect(rest_call(&f, "GET", PP "/tags/hall", NULL), 200);
  const struct rest_answer *answer = rest_call(&f, "GET", PP "/audit", NULL);
  rest_expect(answer, 200);
  assert_int_equal(rest_number(answer, "total"), 2);
  assert_string_equal(rest_text(answer, "list.0.action"), "update");
  assert_string_equal(rest_text(answer, "list.0.kind"), "tag");
  assert_string_equal(rest_text(answer, "list.0.objectName"), "hall");
  assert_string_equal(rest_text(answer, "list.0.projectId"), "default");
  assert_string_equal(rest_text(answer, "list.0.actor.type"), "apiKey");
  assert_string_equal(rest_text(answer, "list.0.actor.name"), "test");
  assert_int_equal(strlen(rest_text(answer, "list.0.actor.id")), SRV_ID_LENGTH);
  assert_string_equal(rest_text(answer, "list.0.before.name"), "kitchen");
  assert_string_equal(rest_text(answer, "list.0.after.name"), "hall");
  assert_string_equal(rest_text(answer, "list.0.time"), "2023-11-14T22:13:20.000000Z");
  assert_true(json_is_null(rest_value(answer, "list.1.before")));
  rest_end(&f);
}

TEST(a_request_that_fails_is_not_written_down) {
  rest_begin(&f);
  rest_expect(rest_call(&f, "POST", PP "/tags", "{\"name\":\"no spaces\"}"), 400);
  rest_expect(rest_call(&f, "DELETE", PP "/tags/nothing", NULL), 404);
  rest_expect(rest_call(&f, "POST", PP "/tags", "{}"), 400);
  expect_total(PP "/audit", 0);
  rest_end(&f);
}

TEST(what_devices_do_after_a_request_is_not_put_down_to_who_asked) {
  rest_begin(&f);
  struct srv_device device = make_device(&f.core, "a", NULL, NULL);
  rest_expect(rest_call(&f, "POST", PP "/tags", "{\"name\":\"kitchen\"}"), 200);
  struct srv_device_ref ref = ref_of(&device);
  assert_ok(f.core.core, srv_core_state_set(f.core.core, &ref, "on", "true", 4, false));
  expect_total(PP "/audit", 1);
  rest_end(&f);
}

TEST(the_log_is_filtered_and_paged) {
  rest_begin(&f);
  for (int i = 0; i < 3; i++) {
    char body[32];
    snprintf(body, sizeof(body), "{\"name\":\"t%d\"}", i);
    rest_expect(rest_call(&f, "POST", PP "/tags", body), 200);
    f.core.now_us += 1000000;
  }
  rest_expect(rest_call(&f, "POST", PP "/devices", "{\"name\":\"a\"}"), 200);
  rest_expect(rest_call(&f, "DELETE", PP "/tags/t0", NULL), 200);
  expect_total(PP "/audit", 5);
  expect_total(PP "/audit?kind=tag", 4);
  expect_total(PP "/audit?kind=tag,device", 5);
  expect_total(PP "/audit?action=delete", 1);
  expect_total(PP "/audit?kind=release", 0);
  expect_total(PP "/audit?start=2023-11-14T22:13:21Z&end=2023-11-14T22:13:22Z", 2);
  const struct rest_answer *answer = rest_call(&f, "GET", PP "/audit?limit=2", NULL);
  char url[128], object[64], actor[64];
  snprintf(object, sizeof(object), "%s", rest_text(answer, "list.0.objectId"));
  snprintf(actor, sizeof(actor), "%s", rest_text(answer, "list.0.actor.id"));
  snprintf(url, sizeof(url), PP "/audit?limit=2&pageToken=%s", rest_text(answer, "nextPageToken"));
  answer = rest_call(&f, "GET", url, NULL);
  assert_string_equal(rest_text(answer, "list.0.objectName"), "t2");
  assert_int_equal(json_array_size(rest_value(answer, "list")), 2);
  snprintf(url, sizeof(url), PP "/audit?objectId=%s", object);
  expect_total(url, 2);
  snprintf(url, sizeof(url), PP "/audit?actorId=%s", actor);
  expect_total(url, 5);
  expect_total(PP "/audit?actorId=somebody", 0);
  rest_expect(rest_call(&f, "GET", PP "/audit?start=yesterday", NULL), 400);
  rest_end(&f);
}

TEST(a_project_shows_its_own_changes_and_the_server_all) {
  rest_begin(&f);
  rest_expect(rest_call(&f, "POST", "/v1/projects", "{\"name\":\"Second\",\"id\":\"second\"}"),
              200);
  rest_expect(rest_call(&f, "POST", "/v1/projects/second/tags", "{\"name\":\"theirs\"}"), 200);
  rest_expect(rest_call(&f, "POST", PP "/tags", "{\"name\":\"ours\"}"), 200);
  expect_total(PP "/audit", 1);
  expect_total("/v1/projects/second/audit", 2);
  expect_total("/v1/audit", 3);
  struct srv_api_key key = {.project_id = P, .name = "project"};
  char text[SRV_API_KEY_LENGTH + 1];
  assert_ok(f.core.core, srv_core_create_api_key(f.core.core, &key, text));
  rest_expect(rest_call_as(&f, text, "GET", "/v1/audit", NULL), 403);
  rest_expect(rest_call_as(&f, text, "GET", "/v1/projects/second/audit", NULL), 403);
  rest_expect(rest_call_as(&f, text, "GET", PP "/audit", NULL), 200);
  rest_end(&f);
}

TEST(a_viewer_and_an_operator_do_not_see_the_log) {
  rest_begin(&f);
  for (uint8_t role = SRV_ROLE_VIEWER; role <= SRV_ROLE_OPERATOR; role++) {
    struct srv_api_key key = {.project_id = P, .name = "role", .role = role};
    char text[SRV_API_KEY_LENGTH + 1];
    assert_ok(f.core.core, srv_core_create_api_key(f.core.core, &key, text));
    rest_expect(rest_call_as(&f, text, "GET", PP "/audit", NULL), 403);
  }
  rest_end(&f);
}

TEST(a_call_of_a_device_is_written_down_without_its_parameters) {
  rest_begin(&f);
  make_device(&f.core, "a", NULL, NULL);
  rest_expect(rest_call(&f, "POST", PP "/devices/a/rpc",
                        "{\"method\":\"unlock\",\"params\":[\"hunter22\"]}"),
              503); /* it is offline; it was asked for all the same */
  const struct rest_answer *answer = rest_call(&f, "GET", PP "/audit?action=call", NULL);
  assert_int_equal(rest_number(answer, "total"), 1);
  assert_string_equal(rest_text(answer, "list.0.objectName"), "a");
  assert_string_equal(rest_text(answer, "list.0.after.method"), "unlock");
  assert_true(json_is_null(rest_value(answer, "list.0.after.params")) ||
              rest_value(answer, "list.0.after.params") == NULL);
  rest_end(&f);
}

TEST(a_secret_that_was_sent_is_not_in_the_log) {
  rest_begin(&f);
  rest_expect(rest_call(&f, "POST", PP "/devices", "{\"name\":\"a\"}"), 200);
  rest_expect(rest_call(&f, "POST", PP "/devices/a/credentials",
                        "{\"identity\":\"a@default\",\"preSharedKey\":\"hunter22\"}"),
              200);
  const struct rest_answer *answer = rest_call(&f, "GET", PP "/audit", NULL);
  char *text = json_dumps(answer->document, 0);
  assert_non_null(strstr(text, "a@default"));
  assert_non_null(strstr(text, "***"));
  assert_null(strstr(text, "hunter22"));
  assert_null(strstr(text, "68756e7465723232")); /* as hex */
  free(text);
  rest_end(&f);
}
