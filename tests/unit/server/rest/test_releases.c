/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/rest/rest_fixture.h"

static struct rest_fixture f;
static char artifact[2][32];

static void begin_with_artifacts(void) {
  rest_begin(&f);
  for (int i = 0; i < 2; i++) {
    char url[128];
    snprintf(url, sizeof(url), PP "/artifacts?package=model&version=1.%d.0&forceBinary=true", i);
    const struct rest_answer *answer = rest_upload(&f, url, url, strlen(url));
    rest_expect(answer, 200);
    snprintf(artifact[i], sizeof(artifact[i]), "%s", rest_text(answer, "data.id"));
  }
  rest_expect(rest_call(&f, "POST", PP "/tags", "{\"name\":\"beta\"}"), 200);
  rest_expect(rest_call(&f, "POST", PP "/blueprints", "{\"name\":\"board\"}"), 200);
}

static const struct rest_answer *create(const char *more, int index) {
  char body[512];
  snprintf(body, sizeof(body), "{\"artifactIds\":[\"%s\"]%s}", artifact[index], more);
  return rest_call(&f, "POST", PP "/releases", body);
}

TEST(a_release_has_the_shape_that_clients_know) {
  begin_with_artifacts();
  const struct rest_answer *answer = create(
      ",\"releaseTags\":[\"v1\"],\"deviceTagIds\":[\"beta\"],\"blueprintId\":\"board\","
      "\"rollout\":true",
      0);
  rest_expect(answer, 200);
  assert_string_equal(rest_text(answer, "data.sequenceNumber"), "1700000000");
  assert_string_equal(rest_text(answer, "data.releaseTags.0"), "v1");
  assert_int_equal(strlen(rest_text(answer, "data.deviceTagIds.0")), 24);
  assert_string_equal(rest_text(answer, "data.artifactIds.0"), artifact[0]);
  assert_true(json_is_true(rest_value(answer, "data.rollout")));
  rest_end(&f);
}

TEST(put_with_rollout_alone_switches_it_and_keeps_the_rest) {
  begin_with_artifacts();
  const struct rest_answer *answer = create(",\"releaseTags\":[\"v1\"]", 0);
  char url[128];
  snprintf(url, sizeof(url), PP "/releases/%s", rest_text(answer, "data.id"));
  f.core.told[0] = 0;
  answer = rest_call(&f, "PUT", url, "{\"rollout\":true}");
  rest_expect(answer, 200);
  assert_true(json_is_true(rest_value(answer, "data.rollout")));
  assert_string_equal(rest_text(answer, "data.releaseTags.0"), "v1");
  assert_string_equal(f.core.told, "manifest default *;");
  rest_expect(rest_call(&f, "PATCH", url, "{\"rollout\":false,\"addReleaseTag\":[\"v2\"]}"), 200);
  answer = rest_call(&f, "GET", url, NULL);
  assert_true(json_is_false(rest_value(answer, "data.rollout")));
  assert_int_equal(json_array_size(rest_value(answer, "data.releaseTags")), 2);
  rest_end(&f);
}

TEST(releases_that_could_not_work_are_refused) {
  begin_with_artifacts();
  rest_expect_error(rest_call(&f, "POST", PP "/releases", "{\"artifactIds\":[]}"), 400, 3,
                    "at least one");
  rest_expect_error(rest_call(&f, "POST", PP "/releases", "{\"artifactIds\":[\"no\"]}"), 400, 3,
                    "no artifact");
  char body[256];
  snprintf(body, sizeof(body), "{\"artifactIds\":[\"%s\",\"%s\"]}", artifact[0], artifact[1]);
  rest_expect_error(rest_call(&f, "POST", PP "/releases", body), 400, 3, "two artifacts");
  rest_expect_error(create(",\"deviceTagIds\":[\"no\"]", 0), 400, 3, "no tag");
  rest_expect(create(",\"releaseTags\":[\"v1\"]", 0), 200);
  rest_expect_error(create(",\"releaseTags\":[\"v1\"]", 1), 409, 6,
                    "already exists with same release tag");
  strcpy(body, "{\"artifactIds\":[");
  for (int i = 0; i < 9; i++) strcat(strcat(body, i == 0 ? "" : ","), "\"x\"");
  strcat(body, "]}");
  rest_expect(rest_call(&f, "POST", PP "/releases", body), 400);
  rest_end(&f);
}

TEST(releases_are_listed_newest_first_and_filtered) {
  begin_with_artifacts();
  rest_expect(create(",\"releaseTags\":[\"v1\"],\"rollout\":true", 0), 200);
  rest_expect(create(",\"releaseTags\":[\"v2\"],\"deviceTagIds\":[\"beta\"]", 1), 200);
  const struct rest_answer *answer = rest_call(&f, "GET", PP "/releases", NULL);
  assert_string_equal(rest_text(answer, "list.0.releaseTags.0"), "v2");
  answer = rest_call(&f, "GET", PP "/releases?rollout=true", NULL);
  assert_int_equal(rest_number(answer, "total"), 1);
  assert_string_equal(rest_text(answer, "list.0.releaseTags.0"), "v1");
  answer = rest_call(&f, "GET", PP "/releases?deviceTags=beta&releaseTags=v2", NULL);
  assert_int_equal(rest_number(answer, "total"), 1);
  char url[128];
  snprintf(url, sizeof(url), PP "/releases/%s", rest_text(answer, "list.0.id"));
  rest_expect(rest_call(&f, "DELETE", url, NULL), 200);
  rest_expect(rest_call(&f, "GET", url, NULL), 404);
  rest_end(&f);
}

TEST(a_release_that_devices_do_not_get_says_why) {
  begin_with_artifacts();
  char body[256], url[128];
  const struct rest_answer *answer =
      rest_upload(&f, PP "/artifacts?package=other&version=3.0.0&forceBinary=true", "bytes", 5);
  rest_expect(answer, 200);
  struct srv_artifact other;
  assert_ok(f.core.core,
            srv_core_find(f.core.core, SRV_ARTIFACT, P, rest_text(answer, "data.id"), &other));
  snprintf(body, sizeof(body), "{\"artifactIds\":[\"%s\",\"%s\"],\"rollout\":true}", artifact[0],
           other.id);
  answer = rest_call(&f, "POST", PP "/releases", body);
  rest_expect(answer, 200);
  snprintf(url, sizeof(url), PP "/releases/%s", rest_text(answer, "data.id"));
  answer = rest_call(&f, "GET", url, NULL);
  assert_null(rest_value(answer, "data.problem"));
  struct srv_store *store = f.core.folder.store;
  strcpy(other.package, "model"); /* behind the core's back */
  assert_int_equal(store->ops->begin(store), SRV_OK);
  assert_int_equal(store->ops->update(store, SRV_ARTIFACT, &other), SRV_OK);
  assert_int_equal(store->ops->commit(store), SRV_OK);
  answer = rest_call(&f, "GET", url, NULL);
  rest_expect(answer, 200);
  assert_non_null(strstr(rest_text(answer, "data.problem"), "two artifacts"));
  rest_end(&f);
}
