/* SPDX-License-Identifier: Apache-2.0 */
/* Two people edit the same thing: the second is told. */
#include <sys/socket.h>

#include "tests/unit/server/rest/http_fixture.h"

static struct http_fixture f;

/* One exchange with headers of its own. */
static struct http_answer call(const char *method, const char *path, const char *headers,
                               const char *body) {
  char text[2048];
  int fd = http_connect(&f);
  int length = snprintf(text, sizeof(text),
                        "%s %s HTTP/1.1\r\nhost: localhost\r\nx-api-key: %s\r\n"
                        "connection: close\r\n%scontent-length: %zu\r\n\r\n%s",
                        method, path, f.base.key, headers, body == NULL ? 0 : strlen(body),
                        body == NULL ? "" : body);
  assert_int_equal(send(fd, text, (size_t)length, MSG_NOSIGNAL), length);
  return http_read(&f, fd);
}

/* The ETag of an answer, quotes and all; "" when there is none. */
static const char *etag_of(const struct http_answer *answer) {
  static char etags[4][64];
  static unsigned next;
  char *out = etags[next++ % 4];
  const char *at = strcasestr(answer->head, "\r\netag: ");
  out[0] = 0;
  if (at != NULL) sscanf(at + 8, "%63[^\r]", out);
  return out;
}

static const char *get_etag(const char *path) {
  struct http_answer answer = call("GET", path, "", NULL);
  if (answer.status != 200) fail_msg("%s: %d %s", path, answer.status, (char *)answer.body);
  const char *etag = etag_of(&answer);
  http_free(&answer);
  return etag;
}

static void expect_status(int status, const char *method, const char *path, const char *headers,
                          const char *body) {
  struct http_answer answer = call(method, path, headers, body);
  if (answer.status != status) {
    fail_msg("%s %s: %d, not %d: %s", method, path, answer.status, status, (char *)answer.body);
  }
  http_free(&answer);
}

static const char *if_match(const char *etag) {
  static char header[128];
  snprintf(header, sizeof(header), "if-match: %s\r\n", etag);
  return header;
}

static const char *if_none_match(const char *etag) {
  static char header[128];
  snprintf(header, sizeof(header), "if-none-match: %s\r\n", etag);
  return header;
}

TEST(of_two_editors_the_second_is_told_and_by_whom) {
  http_begin(&f);
  expect_status(200, "POST", PP "/tags", "", "{\"name\":\"kitchen\"}");
  const char *seen = get_etag(PP "/tags/kitchen");
  struct srv_tag tag;
  assert_ok(f.base.core.core, srv_core_find(f.base.core.core, SRV_TAG, P, "kitchen", &tag));
  char path[96];
  snprintf(path, sizeof(path), PP "/tags/%s", tag.id);
  struct http_answer first = call("PATCH", path, if_match(seen), "{\"name\":\"hall\"}");
  assert_int_equal(first.status, 200);
  assert_string_equal(etag_of(&first), get_etag(path)); /* he need not read it again */
  assert_string_not_equal(etag_of(&first), seen);
  http_free(&first);
  struct http_answer second = call("PATCH", path, if_match(seen), "{\"name\":\"cellar\"}");
  assert_int_equal(second.status, 412);
  json_t *document = json_loads((char *)second.body, 0, NULL);
  assert_int_equal(json_integer_value(json_object_get(document, "code")), 9);
  const char *message = json_string_value(json_object_get(document, "message"));
  assert_string_equal(message, "the tag was changed meanwhile by test; read it again");
  const json_t *detail = json_array_get(json_object_get(document, "details"), 0);
  assert_string_equal(json_string_value(json_object_get(detail, "reason")), "changed");
  assert_string_equal(json_string_value(json_object_get(json_object_get(detail, "actor"), "type")),
                      "apiKey");
  json_decref(document);
  http_free(&second);
  assert_ok(f.base.core.core, srv_core_find(f.base.core.core, SRV_TAG, P, tag.id, &tag));
  assert_string_equal(tag.name, "hall");
  expect_status(412, "DELETE", path, if_match(seen), NULL);
  expect_status(200, "DELETE", path, if_match(get_etag(path)), NULL);
  http_end(&f);
}

TEST(each_kind_of_object_has_an_etag_that_its_change_changes) {
  http_begin(&f);
  struct core_fixture *core = &f.base.core;
  struct srv_tag tag = make_tag(core, "kitchen");
  make_blueprint(core, "board");
  make_device(core, "a", NULL, tag.id);
  struct srv_artifact artifact = make_artifact(core, "model", "1.0.0");
  struct srv_release release = make_release(core, artifact.id, NULL, NULL);
  struct srv_setting setting = {
      .project_id = P, .key = "GAIN", .type = SRV_SETTING_INTEGER, .value = "3"};
  assert_ok(core->core, srv_core_create_setting(core->core, &setting));
  struct srv_device free_device = make_device(core, "b", NULL, NULL);
  const char *capture_id = rest_capture(&f.base, &free_device, "audio", "bytes", 5, NULL, 0);
  struct {
    const char *collection, *id, *body;
  } const cases[] = {{"tags", "kitchen", "{\"name\":\"kitchen2\"}"},
                     {"blueprints", "board", "{\"platform\":\"x\"}"},
                     {"devices", "a", "{\"enabled\":false}"},
                     {"releases", release.id, "{\"rollout\":false}"},
                     {"settings", setting.id, "{\"value\":4}"},
                     {"captures", capture_id, "{\"label\":\"yes\"}"}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char path[128], wrong[] = "\"0123456789abcdef\"";
    snprintf(path, sizeof(path), PP "/%s/%s", cases[i].collection, cases[i].id);
    const char *before = get_etag(path);
    assert_int_equal(strlen(before), 18);
    assert_string_equal(before, get_etag(path));
    expect_status(412, "PUT", path, if_match(wrong), cases[i].body);
    assert_string_equal(before, get_etag(path));
    expect_status(200, "PUT", path, if_match(before), cases[i].body);
    if (i > 0) assert_string_not_equal(before, get_etag(path)); /* the tag has another name */
  }
  const char *project = get_etag(PP);
  expect_status(200, "PATCH", PP, if_match(project), "{\"name\":\"Other\"}");
  expect_status(412, "PATCH", PP, if_match(project), "{\"name\":\"Third\"}");
  const char *artifact_etag;
  char path[128];
  snprintf(path, sizeof(path), PP "/artifacts/%s", artifact.id);
  artifact_etag = get_etag(path);
  assert_int_equal(strlen(artifact_etag), 18);
  http_end(&f);
}

TEST(what_is_not_known_to_be_there_is_not_found_whatever_it_should_match) {
  http_begin(&f);
  expect_status(404, "PATCH", PP "/tags/nothing", if_match("\"x\""), "{\"name\":\"a\"}");
  expect_status(404, "DELETE", PP "/devices/nothing", if_match("*"), NULL);
  http_end(&f);
}

TEST(if_match_takes_lists_and_a_star_and_no_weak_tags) {
  http_begin(&f);
  make_device(&f.base.core, "a", NULL, NULL);
  char header[160];
  const char *etag = get_etag(PP "/devices/a");
  expect_status(200, "PATCH", PP "/devices/a", "if-match: *\r\n", "{}");
  snprintf(header, sizeof(header), "if-match: \"other\" , %s,\"third\"\r\n", etag);
  expect_status(200, "PATCH", PP "/devices/a", header, "{}");
  snprintf(header, sizeof(header), "if-match: W/%s\r\n", etag);
  expect_status(412, "PATCH", PP "/devices/a", header, "{}");
  expect_status(412, "PATCH", PP "/devices/a", "if-match: \"\"\r\n", "{}");
  expect_status(412, "PATCH", PP "/devices/a", "if-match: ,,,\r\n", "{}");
  expect_status(200, "PATCH", PP "/devices/a", "", "{}"); /* nobody has to say it */
  http_end(&f);
}

TEST(a_get_with_the_etag_it_has_is_answered_without_a_body) {
  http_begin(&f);
  make_device(&f.base.core, "a", NULL, NULL);
  const char *etag = get_etag(PP "/devices/a");
  struct http_answer answer = call("GET", PP "/devices/a", if_none_match(etag), NULL);
  assert_int_equal(answer.status, 304);
  assert_int_equal(answer.size, 0);
  assert_string_equal(etag_of(&answer), etag);
  http_free(&answer);
  expect_status(200, "PATCH", PP "/devices/a", "", "{\"enabled\":false}");
  expect_status(200, "GET", PP "/devices/a", if_none_match(etag), NULL);
  http_end(&f);
}

TEST(what_only_the_device_does_changes_no_etag) {
  http_begin(&f);
  struct srv_device device = make_device(&f.base.core, "a", NULL, NULL);
  struct srv_device_ref ref = ref_of(&device);
  const char *before = get_etag(PP "/devices/a");
  struct gw_report report = {.state = GW_OTA_IDLE, .package = "model", .version = "1.0.0"};
  srv_core_device_online(f.base.core.core, &ref);
  assert_ok(f.base.core.core, srv_core_report(f.base.core.core, &ref, &report));
  f.base.core.now_us += 60 * 1000000;
  srv_core_tick(f.base.core.core);
  assert_string_equal(before, get_etag(PP "/devices/a"));
  http_end(&f);
}

TEST(of_two_editors_of_a_state_the_second_is_told) {
  http_begin(&f);
  struct srv_device device = make_device(&f.base.core, "a", NULL, NULL);
  struct srv_device_ref ref = ref_of(&device);
  expect_status(200, "POST", PP "/devices/a/data", "", "{\"lamp\":{\"on\":false},\"x\":1}");
  const char *whole = get_etag(PP "/devices/a/data"), *lamp = get_etag(PP "/devices/a/data/lamp");
  assert_int_equal(strlen(whole), 18);
  assert_string_not_equal(whole, lamp);
  assert_ok(f.base.core.core, srv_core_state_set(f.base.core.core, &ref, "x", "2", 1, false));
  expect_status(412, "PATCH", PP "/devices/a/data", if_match(whole), "{\"x\":3}");
  expect_status(412, "POST", PP "/devices/a/data", if_match(whole), "{}");
  expect_status(412, "DELETE", PP "/devices/a/data", if_match(whole), NULL);
  struct http_answer answer =
      call("PATCH", PP "/devices/a/data/lamp", if_match(lamp), "{\"on\":true}");
  assert_int_equal(answer.status, 200); /* the device changed another member */
  assert_string_equal(etag_of(&answer), get_etag(PP "/devices/a/data/lamp"));
  http_free(&answer);
  expect_status(412, "DELETE", PP "/devices/a/data/lamp", if_match(lamp), NULL);
  const char *now = get_etag(PP "/devices/a/data/lamp");
  expect_status(304, "GET", PP "/devices/a/data/lamp", if_none_match(now), NULL);
  expect_status(200, "DELETE", PP "/devices/a/data/lamp", if_match(now), NULL);
  http_end(&f);
}

TEST(lists_errors_bytes_and_sub_routes_have_no_etag) {
  http_begin(&f);
  make_device(&f.base.core, "a", NULL, NULL);
  static const char *const paths[] = {PP "/devices",
                                      PP "/tags",
                                      PP "/devices/nobody",
                                      PP "/devices/a/credentials",
                                      PP "/devices/a/settings",
                                      PP "/devices/a/stream",
                                      "/v1/status"};
  for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
    struct http_answer answer = call("GET", paths[i], "", NULL);
    if (etag_of(&answer)[0] != 0) fail_msg("%s has an ETag", paths[i]);
    http_free(&answer);
  }
  expect_status(200, "GET", PP "/devices", "if-none-match: *\r\n", NULL);
  http_end(&f);
}
