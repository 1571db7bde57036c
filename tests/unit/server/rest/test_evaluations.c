/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/rest/rest_fixture.h"

static struct rest_fixture f;
static struct srv_artifact artifact;
static char url[256];

static const char *of(const struct srv_artifact *which, const char *rest) {
  snprintf(url, sizeof(url), PP "/artifacts/%s/evaluations%s%s", which->id, rest[0] == 0 ? "" : "/",
           rest);
  return url;
}

static void begin(void) {
  rest_begin(&f);
  artifact = make_artifact(&f.core, "model", "1.0.0");
}

static const char *made(const char *body) {
  static char ids[2][SRV_ID_LENGTH + 1];
  static unsigned next;
  char *id = ids[next++ % 2];
  const struct rest_answer *answer = rest_call(&f, "POST", of(&artifact, ""), body);
  rest_expect(answer, 200);
  snprintf(id, SRV_ID_LENGTH + 1, "%s", rest_text(answer, "data.id"));
  f.core.now_us += 1000000;
  return id;
}

#define LONG_NAME               \
  "{\"report\":{},\"dataset\":" \
  "\"01234567890123456789012345678901234567890123456789012345678901234\"}"

TEST(an_evaluation_is_kept_with_its_artifact) {
  begin();
  const char *id = made(
      "{\"dataset\":\"kitchen\",\"report\":{\"accuracy\":0.875,\"clips\":80,"
      "\"accuracyInterval\":[0.8,0.9],\"more\":[1,{\"a\":0.1}]}}");
  const struct rest_answer *answer = rest_call(&f, "GET", of(&artifact, id), NULL);
  rest_expect(answer, 200);
  assert_string_equal(rest_text(answer, "data.dataset"), "kitchen");
  assert_string_equal(rest_text(answer, "data.artifactId"), artifact.id);
  assert_true(json_real_value(rest_value(answer, "data.accuracy")) == 0.875);
  assert_true(json_real_value(rest_value(answer, "data.report.more.1.a")) == 0.1);
  assert_int_equal(rest_number(answer, "data.clips"), 80);
  answer = rest_call(&f, "GET", of(&artifact, ""), NULL);
  assert_int_equal(rest_number(answer, "total"), 1);
  assert_string_equal(rest_text(answer, "list.0.id"), id);
  assert_null(rest_value(answer, "list.0.report"));
  rest_end(&f);
}

TEST(an_artifact_shows_its_newest_evaluation) {
  char path[128];
  begin();
  snprintf(path, sizeof(path), PP "/artifacts/%s", artifact.id);
  assert_null(rest_value(rest_call(&f, "GET", path, NULL), "data.latestEvaluation"));
  made("{\"dataset\":\"old\",\"report\":{\"accuracy\":0.5}}");
  made("{\"dataset\":\"new\",\"report\":{\"accuracy\":0.75}}");
  const struct rest_answer *answer = rest_call(&f, "GET", path, NULL);
  assert_string_equal(rest_text(answer, "data.latestEvaluation.dataset"), "new");
  assert_true(json_real_value(rest_value(answer, "data.latestEvaluation.accuracy")) == 0.75);
  assert_true(strlen(rest_text(answer, "data.latestEvaluation.createdAt")) > 0);
  assert_string_equal(rest_text(rest_call(&f, "GET", of(&artifact, ""), NULL), "list.0.dataset"),
                      "new");
  answer = rest_call(&f, "GET", PP "/artifacts", NULL);
  assert_string_equal(rest_text(answer, "list.0.latestEvaluation.dataset"), "new");
  rest_end(&f);
}

TEST(reports_that_are_none_are_refused) {
  static const char *const bad[] = {
      "{\"report\":{}}",
      "{\"dataset\":\"d\"}",
      "{\"dataset\":\"d\",\"report\":[]}",
      "{\"dataset\":\"d\",\"report\":\"{}\"}",
      "{\"dataset\":7,\"report\":{}}",
      "{\"dataset\":\"\",\"report\":{}}",
      LONG_NAME, /* NOLINT(bugprone-suspicious-missing-comma) */
      "[]",
  };
  begin();
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    const struct rest_answer *answer = rest_call(&f, "POST", of(&artifact, ""), bad[i]);
    if (answer->status != 400) fail_msg("%s: %d", bad[i], answer->status);
  }
  char *large = malloc(70000);
  snprintf(large, 70000, "{\"dataset\":\"d\",\"report\":{\"a\":\"%066000d\"}}", 0);
  rest_expect_error(rest_call(&f, "POST", of(&artifact, ""), large), 413, 8, "report");
  free(large);
  assert_int_equal(rest_number(rest_call(&f, "GET", of(&artifact, ""), NULL), "total"), 0);
  rest_end(&f);
}

TEST(a_report_without_accuracy_has_none) {
  begin();
  const char *id = made("{\"dataset\":\"d\",\"report\":{\"accuracy\":\"high\"}}");
  const struct rest_answer *answer = rest_call(&f, "GET", of(&artifact, id), NULL);
  assert_true(json_is_null(rest_value(answer, "data.accuracy")));
  rest_end(&f);
}

TEST(an_evaluation_is_found_by_its_own_artifact_only) {
  begin();
  struct srv_artifact other = make_artifact(&f.core, "model", "1.1.0");
  struct srv_artifact nowhere = {.id = "0123456789abcdef01234567"};
  const char *id = made("{\"dataset\":\"d\",\"report\":{}}");
  rest_expect_error(rest_call(&f, "GET", of(&other, id), NULL), 404, 5, "evaluation");
  rest_expect_error(rest_call(&f, "DELETE", of(&other, id), NULL), 404, 5, "evaluation");
  rest_expect_error(rest_call(&f, "GET", of(&nowhere, id), NULL), 404, 5, "artifact");
  rest_expect_error(rest_call(&f, "GET", of(&nowhere, ""), NULL), 404, 5, "artifact");
  rest_expect_error(rest_call(&f, "POST", of(&nowhere, ""), "{\"dataset\":\"d\",\"report\":{}}"),
                    404, 5, "artifact");
  rest_expect(rest_call(&f, "DELETE", of(&artifact, id), NULL), 200);
  rest_expect_error(rest_call(&f, "DELETE", of(&artifact, id), NULL), 404, 5, "evaluation");
  rest_end(&f);
}
