/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/core/core_fixture.h"

static struct core_fixture f;
static struct srv_artifact artifact;

static void begin(void) {
  core_fixture_begin(&f);
  artifact = make_artifact(&f, "model", "1.0.0");
}

static struct srv_evaluation evaluation_of(const char *dataset, const char *report) {
  struct srv_evaluation evaluation = {.project_id = P};
  strcpy(evaluation.artifact_id, artifact.id);
  snprintf(evaluation.dataset, sizeof(evaluation.dataset), "%s", dataset);
  snprintf(evaluation.report, sizeof(evaluation.report), "%s", report);
  return evaluation;
}

static uint64_t count(void) {
  struct srv_query query = {0};
  uint64_t total = 0;
  assert_ok(f.core, srv_core_list(f.core, SRV_EVALUATION, &query, NULL, NULL, &total));
  return total;
}

TEST(a_report_that_is_no_object_or_of_no_artifact_is_refused) {
  begin();
  const char *const bad[] = {"", "[]", "1", "{", "{}{}"};
  struct srv_evaluation evaluation;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    evaluation = evaluation_of("d", bad[i]);
    assert_int_equal(srv_core_create_evaluation(f.core, &evaluation), SRV_ERR_INVALID);
  }
  evaluation = evaluation_of("", "{}");
  assert_int_equal(srv_core_create_evaluation(f.core, &evaluation), SRV_ERR_INVALID);
  evaluation = evaluation_of("a/b", "{}");
  assert_int_equal(srv_core_create_evaluation(f.core, &evaluation), SRV_ERR_INVALID);
  evaluation = evaluation_of("d", "{}");
  evaluation.artifact_id[0] = 'x';
  assert_int_equal(srv_core_create_evaluation(f.core, &evaluation), SRV_ERR_NOT_FOUND);
  assert_int_equal(count(), 0);
  core_fixture_end(&f);
}

TEST(an_evaluation_is_kept_beside_its_artifact_and_goes_with_it) {
  begin();
  struct srv_evaluation evaluation = evaluation_of("test set", "{\"accuracy\": 0.9}");
  assert_ok(f.core, srv_core_create_evaluation(f.core, &evaluation));
  core_fixture_restart(&f);
  struct srv_evaluation got;
  assert_ok(f.core, srv_core_find(f.core, SRV_EVALUATION, P, evaluation.id, &got));
  assert_string_equal(got.report, "{\"accuracy\": 0.9}");
  assert_string_equal(got.dataset, "test set");
  assert_true(got.created_us == f.now_us);
  assert_int_equal(srv_core_delete_evaluation(f.core, "elsewhere", got.id), SRV_ERR_NOT_FOUND);
  assert_ok(f.core, srv_core_delete_evaluation(f.core, P, got.id));
  assert_int_equal(srv_core_delete_evaluation(f.core, P, got.id), SRV_ERR_NOT_FOUND);
  assert_ok(f.core, srv_core_create_evaluation(f.core, &evaluation));
  assert_ok(f.core, srv_core_delete_artifact(f.core, P, artifact.id));
  assert_int_equal(count(), 0);
  core_fixture_end(&f);
}

TEST(the_oldest_evaluation_of_an_artifact_gives_way) {
  begin();
  for (int i = 0; i < SRV_EVALUATIONS_PER_ARTIFACT + 3; i++) {
    char dataset[16];
    snprintf(dataset, sizeof(dataset), "%d", i);
    struct srv_evaluation evaluation = evaluation_of(dataset, "{}");
    assert_ok(f.core, srv_core_create_evaluation(f.core, &evaluation));
  }
  assert_int_equal(count(), SRV_EVALUATIONS_PER_ARTIFACT);
  struct srv_evaluation oldest;
  struct srv_query query = {0};
  assert_int_equal(f.folder.store->ops->get(f.folder.store, SRV_EVALUATION, &query, &oldest),
                   SRV_OK);
  assert_string_equal(oldest.dataset, "3");
  core_fixture_end(&f);
}
