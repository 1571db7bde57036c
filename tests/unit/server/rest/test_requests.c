/* SPDX-License-Identifier: Apache-2.0 */
/* Routing, keys, bodies, queries: what every route has in common. */
#include "tests/unit/server/rest/rest_fixture.h"

static struct rest_fixture f;

TEST(a_path_that_nobody_has_is_404_as_an_error_object) {
  rest_begin(&f);
  static const char *const paths[] = {"/",
                                      "/v1",
                                      "/v1/nothing",
                                      "/v2/projects",
                                      (PP "/devices/a/b/c"),
                                      "/v1//projects",
                                      "/healthz/x",
                                      "/v1/a/b/c/d/e/f/g/h/i/j/k"};
  for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
    rest_expect_error(rest_call(&f, "GET", paths[i], NULL), 404, 5, "nothing at this path");
  }
  rest_end(&f);
}

TEST(a_known_path_with_another_method_is_405) {
  rest_begin(&f);
  rest_expect_error(rest_call(&f, "DELETE", PP "/devices", NULL), 405, 12, "method");
  rest_expect_error(rest_call(&f, "BREW", PP "/devices", NULL), 405, 12, "method");
  rest_end(&f);
}

TEST(without_a_key_only_health_and_the_description_answer) {
  rest_begin(&f);
  rest_expect(rest_call_as(&f, NULL, "GET", "/healthz", NULL), 200);
  rest_expect(rest_call_as(&f, NULL, "GET", "/v1/openapi.json", NULL), 200);
  for (size_t i = 0; i < srv_route_count; i++) {
    if (srv_routes[i].right == SRV_RIGHT_OPEN) continue;
    rest_expect_error(rest_call_as(&f, NULL, srv_routes[i].method, srv_routes[i].path, NULL), 401,
                      16, "API key");
    rest_expect_error(rest_call_as(&f, "wrong", srv_routes[i].method, srv_routes[i].path, NULL),
                      401, 16, "not valid");
  }
  rest_end(&f);
}

TEST(a_projects_key_opens_that_project_only) {
  rest_begin(&f);
  rest_expect(rest_call(&f, "POST", "/v1/projects", "{\"name\":\"Other Place\"}"), 200);
  const struct rest_answer *answer = rest_call(&f, "POST", PP "/apikeys", "{\"name\":\"ci\"}");
  rest_expect(answer, 200);
  char key[64];
  snprintf(key, sizeof(key), "%s", rest_text(answer, "data.key"));
  rest_expect(rest_call_as(&f, key, "GET", PP "/devices", NULL), 200);
  rest_expect_error(rest_call_as(&f, key, "GET", "/v1/projects/other-place/devices", NULL), 403, 7,
                    "another project");
  rest_expect_error(rest_call_as(&f, key, "POST", "/v1/projects", "{\"name\":\"x\"}"), 403, 7,
                    "whole server");
  rest_expect_error(
      rest_call_as(&f, key, "POST", PP "/apikeys", "{\"name\":\"x\",\"server\":true}"), 403, 7,
      "whole server");
  rest_expect_error(rest_call_as(&f, key, "POST", "/v1/artifacts",
                                 "{\"projectId\":\"other-place\",\"content\":\"eA==\","
                                 "\"version\":\"1.0.0\"}"),
                    403, 7, "another project");
  answer = rest_call_as(&f, key, "GET", "/v1/projects", NULL);
  rest_expect(answer, 200);
  assert_int_equal(rest_number(answer, "total"), 1);
  assert_string_equal(rest_text(answer, "list.0.id"), "default");
  answer = rest_call_as(&f, key, "GET", PP "/apikeys", NULL);
  assert_int_equal(rest_number(answer, "total"), 1); /* the server's key is not shown */
  rest_end(&f);
}

TEST(a_key_is_shown_once_and_cannot_lock_itself_out) {
  rest_begin(&f);
  const struct rest_answer *answer = rest_call(&f, "GET", PP "/apikeys", NULL);
  rest_expect(answer, 200);
  assert_string_equal(rest_text(answer, "list.0.name"), "test");
  assert_null(rest_value(answer, "list.0.key"));
  char url[128];
  snprintf(url, sizeof(url), PP "/apikeys/%s", rest_text(answer, "list.0.id"));
  rest_expect_error(rest_call(&f, "DELETE", url, NULL), 409, 9, "cannot delete itself");
  rest_expect_error(rest_call(&f, "PATCH", url, "{\"enabled\":false}"), 409, 9,
                    "cannot disable itself");
  rest_expect(rest_call(&f, "PATCH", url, "{\"name\":\"renamed\"}"), 200);
  rest_end(&f);
}

TEST(an_unknown_project_is_404_by_name) {
  rest_begin(&f);
  rest_expect_error(rest_call(&f, "GET", "/v1/projects/nowhere/devices", NULL), 404, 5,
                    "no project \"nowhere\"");
  rest_end(&f);
}

TEST(a_body_that_is_no_json_object_is_400_and_says_where) {
  rest_begin(&f);
  static const char *const bodies[] = {"{",
                                       "[1]",
                                       "\"x\"",
                                       "null",
                                       "{\"name\":\"a\",}",
                                       "{\"name\":\"a\",\"name\":\"b\"}",
                                       "{\"name\":\"\\ud800\"}",
                                       "{\"name\":\"\xff\"}",
                                       "{\"name\":\"a\\u0000b\"}"};
  for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
    rest_expect_error(rest_call(&f, "POST", PP "/tags", bodies[i]), 400, 3, "JSON");
  }
  rest_end(&f);
}

TEST(a_deeply_nested_body_is_400) {
  rest_begin(&f);
  static char body[200001];
  memset(body, '[', sizeof(body) - 1);
  rest_expect_error(rest_call(&f, "POST", PP "/tags", body), 400, 3, "JSON");
  rest_end(&f);
}

TEST(a_body_of_very_many_values_is_400_before_it_takes_memory) {
  rest_begin(&f);
  static char body[200100] = "{\"name\":\"t\",\"x\":[1";
  char *end = body + strlen(body);
  for (int i = 0; i < 49000; i++) end = stpcpy(end, ",1");
  strcpy(end, "]}");
  rest_expect(rest_call(&f, "POST", PP "/tags", body), 200);
  for (int i = 0; i < 1000; i++) end = stpcpy(end, ",1");
  strcpy(end, "]}");
  rest_expect_error(rest_call(&f, "POST", PP "/tags", body), 400, 3, "more than 50000 values");
  end = stpcpy(body, "{\"name\":\"u\",\"x\":\""); /* what is inside of a string is no value */
  for (int i = 0; i < 49000; i++) end = stpcpy(end, i % 2 == 0 ? "\\\"" : "[,");
  strcpy(end, "\"}");
  rest_expect(rest_call(&f, "POST", PP "/tags", body), 200);
  rest_end(&f);
}

TEST(a_member_of_the_wrong_type_or_missing_is_400_and_named) {
  rest_begin(&f);
  const struct rest_answer *answer = rest_call(&f, "POST", PP "/devices", "{}");
  rest_expect_error(answer, 400, 3, "name: is missing");
  assert_string_equal(rest_text(answer, "details.0.field"), "name");
  rest_expect_error(rest_call(&f, "POST", PP "/devices", NULL), 400, 3, "name: is missing");
  rest_expect_error(rest_call(&f, "POST", PP "/devices", "{\"name\":null}"), 400, 3, "is missing");
  rest_expect_error(rest_call(&f, "POST", PP "/devices", "{\"name\":5}"), 400, 3,
                    "must be a string");
  rest_expect_error(rest_call(&f, "POST", PP "/devices", "{\"name\":\"a\",\"enabled\":\"yes\"}"),
                    400, 3, "true or false");
  rest_expect_error(rest_call(&f, "POST", PP "/devices", "{\"name\":\"a\",\"tagIds\":[1]}"), 400, 3,
                    "list of strings");
  rest_expect_error(rest_call(&f, "POST", PP "/devices", "{\"name\":\"a\",\"tagIds\":{}}"), 400, 3,
                    "list of strings");
  rest_end(&f);
}

TEST(members_that_nobody_knows_are_ignored) {
  rest_begin(&f);
  rest_expect(rest_call(&f, "POST", PP "/devices", "{\"name\":\"a\",\"cohortId\":7,\"x\":{}}"),
              200);
  rest_end(&f);
}

TEST(a_name_that_is_too_long_is_400_and_never_cut) {
  rest_begin(&f);
  char body[128];
  snprintf(body, sizeof(body), "{\"name\":\"%065d\"}", 0);
  rest_expect_error(rest_call(&f, "POST", PP "/devices", body), 400, 3, "longer than 64 bytes");
  snprintf(body, sizeof(body), "{\"name\":\"%064d\"}", 0);
  rest_expect(rest_call(&f, "POST", PP "/devices", body), 200);
  rest_end(&f);
}

TEST(encoded_path_segments_are_decoded_once_and_never_cut_the_path) {
  rest_begin(&f);
  rest_expect(rest_call(&f, "POST", PP "/devices", "{\"name\":\"my kitchen %41\"}"), 200);
  rest_expect(rest_call(&f, "GET", PP "/devices/my%20kitchen%20%2541", NULL), 200);
  static const char *const bad[] = {PP "/devices/..%2f..%2fetc%2fpasswd",
                                    PP "/devices/%2e%2e",
                                    PP "/devices/..",
                                    PP "/devices/%00",
                                    PP "/devices/%4",
                                    PP "/devices/%zz",
                                    PP "/devices/%",
                                    PP "/artifacts/..%2f..%2fgodwit.db/content",
                                    "/v1/projects/..%2fx/devices"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    rest_expect(rest_call(&f, "GET", bad[i], NULL), 404);
  }
  rest_end(&f);
}

TEST(pages_are_counted_from_zero_and_checked) {
  rest_begin(&f);
  for (int i = 0; i < 5; i++) {
    char body[64];
    snprintf(body, sizeof(body), "{\"name\":\"t%d\"}", i);
    rest_expect(rest_call(&f, "POST", PP "/tags", body), 200);
  }
  const struct rest_answer *answer = rest_call(&f, "GET", PP "/tags?page=1&perPage=2", NULL);
  rest_expect(answer, 200);
  assert_int_equal(json_array_size(rest_value(answer, "list")), 2);
  assert_string_equal(rest_text(answer, "list.0.name"), "t2");
  assert_int_equal(rest_number(answer, "page"), 1);
  assert_int_equal(rest_number(answer, "perPage"), 2);
  assert_int_equal(rest_number(answer, "total"), 5);
  static const char *const bad[] = {"page=-1",
                                    "page=x",
                                    "page=",
                                    "perPage=0",
                                    "perPage=1001",
                                    "perPage=99999999999999999999",
                                    "page=9223372036854775806",
                                    "page=%zz"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    char url[128];
    snprintf(url, sizeof(url), PP "/tags?%s", bad[i]);
    rest_expect(rest_call(&f, "GET", url, NULL), 400);
  }
  rest_end(&f);
}

TEST(more_query_parameters_than_allowed_are_400) {
  rest_begin(&f);
  char url[1024] = PP "/tags?";
  for (int i = 0; i < 40; i++) strcat(url, "ids=x&");
  rest_expect_error(rest_call(&f, "GET", url, NULL), 400, 3, "query parameters");
  rest_end(&f);
}

/* Appends `&name=value,value,...`. */
static void add_filter(char *url, const char *name, const char *value, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (i == 0) strcat(strcat(strcat(url, "&"), name), "=");
    strcat(strcat(url, i == 0 ? "" : ","), value);
  }
}

TEST(a_hundred_filter_values_fit_a_statement_and_more_are_400) {
  rest_begin(&f);
  char url[4096];
  rest_expect(rest_call(&f, "POST", PP "/tags", "{\"name\":\"t\"}"), 200);
  for (size_t more = 0; more < 2; more++) {
    strcpy(url, PP "/releases?rollout=true&ids=x");
    add_filter(url, "releaseTags", "x", 1);
    add_filter(url, "deviceTags", "t", 98 + more);
    const struct rest_answer *answer = rest_call(&f, "GET", url, NULL);
    if (more == 0) rest_expect(answer, 200);
    if (more == 1) rest_expect_error(answer, 400, 3, "more than 100 values");
    strcpy(url, PP "/devices?enabled=true&ids=x&term=x");
    add_filter(url, "hardwareId", "x", 97 + more);
    add_filter(url, "tags", "t", 1);
    answer = rest_call(&f, "GET", url, NULL);
    if (more == 0) rest_expect(answer, 200);
    if (more == 1) rest_expect_error(answer, 400, 3, "more than 100 values");
  }
  rest_end(&f);
}

TEST(times_are_read_as_rfc_3339) {
  int64_t us;
  assert_true(srv_time_parse("1970-01-01T00:00:01Z", &us));
  assert_true(us == 1000000);
  assert_true(srv_time_parse("2026-11-22T09:00:00.123456789+01:30", &us));
  assert_true(us == INT64_C(1795332600123456));
  assert_true(srv_time_parse("2026-11-22 09:00:00Z", &us));
  static const char *const bad[] = {"",
                                    "now",
                                    "2026-11-22",
                                    "2026-13-01T00:00:00Z",
                                    "2026-11-22T25:00:00Z",
                                    "2026-11-22T09:00:00",
                                    "2026-11-22T09:00:00Zx",
                                    "2026-11-22T09:00:00.Z",
                                    "2026-11-22T09:00:00+1",
                                    "0000-00-00T00:00:00Z"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    if (srv_time_parse(bad[i], &us)) fail_msg("%s", bad[i]);
  }
}

TEST(base64_is_decoded_in_both_alphabets_and_refused_when_broken) {
  struct {
    const char *in, *out;
  } const good[] = {{"", ""},
                    {"Zg==", "f"},
                    {"Zm8=", "fo"},
                    {"Zm9v", "foo"},
                    {"Zm9vYg", "foob"},
                    {"Zm9v\nYmFy", "foobar"},
                    {"+/+/", "\xfb\xff\xbf"},
                    {"-_-_", "\xfb\xff\xbf"}};
  uint8_t out[64];
  size_t size;
  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
    assert_int_equal(srv_base64_decode(good[i].in, strlen(good[i].in), out, &size), SRV_OK);
    assert_int_equal(size, strlen(good[i].out));
    assert_memory_equal(out, good[i].out, size);
  }
  static const char *const bad[] = {
      "Z", "Zm9vY", "Zm9v*", "Zg=", "Zg===", "=Zg", "Zg==Zg==", "===="};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    if (srv_base64_decode(bad[i], strlen(bad[i]), out, &size) == SRV_OK) fail_msg("%s", bad[i]);
  }
}

TEST(a_project_is_made_by_name_and_deleted_when_empty) {
  rest_begin(&f);
  const struct rest_answer *answer =
      rest_call(&f, "POST", "/v1/projects", "{\"name\":\"  My  Greenhouse! \"}");
  rest_expect(answer, 200);
  assert_string_equal(rest_text(answer, "data.id"), "my-greenhouse");
  rest_expect_error(rest_call(&f, "POST", "/v1/projects", "{\"name\":\"my greenhouse\"}"), 409, 6,
                    "already exists");
  rest_expect_error(rest_call(&f, "POST", "/v1/projects", "{\"name\":\"\\u00e9\"}"), 400, 3,
                    "project id");
  rest_expect(rest_call(&f, "PATCH", "/v1/projects/my-greenhouse", "{\"name\":\"G\"}"), 200);
  rest_expect(rest_call(&f, "POST", "/v1/projects/my-greenhouse/tags", "{\"name\":\"t\"}"), 200);
  rest_expect_error(rest_call(&f, "DELETE", "/v1/projects/my-greenhouse", NULL), 409, 9,
                    "not empty");
  rest_expect(rest_call(&f, "DELETE", "/v1/projects/my-greenhouse/tags/t", NULL), 200);
  rest_expect(rest_call(&f, "DELETE", "/v1/projects/my-greenhouse", NULL), 200);
  rest_end(&f);
}

TEST(tags_and_blueprints_are_found_by_name_and_their_use_is_told) {
  rest_begin(&f);
  rest_expect(rest_call(&f, "POST", PP "/tags", "{\"name\":\"beta\"}"), 200);
  rest_expect(rest_call(&f, "POST", PP "/blueprints", "{\"name\":\"board\",\"platform\":\"esp\"}"),
              200);
  const struct rest_answer *answer = rest_call(&f, "GET", PP "/blueprints/board", NULL);
  assert_string_equal(rest_text(answer, "data.platform"), "esp");
  rest_expect(rest_call(&f, "PUT", PP "/blueprints/board", "{\"boardId\":\"b1\"}"), 200);
  answer = rest_call(&f, "GET", PP "/blueprints?boardId=b1", NULL);
  assert_int_equal(rest_number(answer, "total"), 1);
  assert_string_equal(rest_text(answer, "list.0.platform"), "esp");
  rest_expect_error(rest_call(&f, "POST", PP "/tags", "{\"name\":\"beta\"}"), 409, 6,
                    "already exists");
  rest_expect_error(rest_call(&f, "POST", PP "/tags", "{\"name\":\"be ta\"}"), 400, 3,
                    "only use characters");
  rest_expect(rest_call(&f, "POST", PP "/devices",
                        "{\"name\":\"d\",\"tagIds\":[\"beta\"],\"blueprintId\":\"board\"}"),
              200);
  rest_expect_error(rest_call(&f, "DELETE", PP "/tags/beta", NULL), 409, 9, "1 device has it");
  rest_expect_error(rest_call(&f, "DELETE", PP "/blueprints/board", NULL), 409, 9, "in use");
  rest_expect(rest_call(&f, "DELETE", PP "/devices/d", NULL), 200);
  rest_expect(rest_call(&f, "DELETE", PP "/tags/beta", NULL), 200);
  rest_expect(rest_call(&f, "GET", PP "/tags/beta", NULL), 404);
  rest_end(&f);
}

TEST(status_counts_what_there_is) {
  rest_begin(&f);
  rest_expect(rest_call(&f, "POST", PP "/devices", "{\"name\":\"d\"}"), 200);
  const struct rest_answer *answer = rest_call(&f, "GET", "/v1/status", NULL);
  rest_expect(answer, 200);
  assert_int_equal(rest_number(answer, "data.objects.devices"), 1);
  assert_string_equal(rest_text(answer, "data.version"), "0.0.0");
  rest_end(&f);
}

static void count_sessions(void *context, struct srv_gateway_stats *out) {
  (void)context;
  out->sessions = 7;
}

TEST(status_shows_a_projects_key_its_project_only) {
  rest_begin(&f);
  f.context.gateway_stats = count_sessions;
  rest_expect(rest_call(&f, "POST", PP "/devices", "{\"name\":\"d\"}"), 200);
  struct srv_project project = {.id = "other", .name = "other"};
  assert_ok(f.core.core, srv_core_create_project(f.core.core, &project));
  char text[SRV_API_KEY_LENGTH + 1];
  struct srv_api_key key = {.name = "other", .project_id = "other"};
  assert_ok(f.core.core, srv_core_create_api_key(f.core.core, &key, text));
  const struct rest_answer *answer = rest_call_as(&f, text, "GET", "/v1/status", NULL);
  rest_expect(answer, 200);
  assert_non_null(rest_value(answer, "data.objects.devices"));
  assert_int_equal(rest_number(answer, "data.objects.devices"), 0);
  assert_null(rest_value(answer, "data.gateway"));
  answer = rest_call(&f, "GET", "/v1/status", NULL);
  assert_int_equal(rest_number(answer, "data.objects.devices"), 1);
  assert_int_equal(rest_number(answer, "data.gateway.sessions"), 7);
  rest_end(&f);
}

TEST(a_name_that_is_no_utf8_is_not_found_in_words) {
  rest_begin(&f);
  rest_expect_error(rest_call(&f, "GET", PP "/tags/%FF%C3x", NULL), 404, 5,
                    "there is no tag \"??x\"");
  rest_end(&f);
}
