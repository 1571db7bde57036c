/* SPDX-License-Identifier: Apache-2.0 */
/* Evaluations: how good an artifact was found on a dataset, kept beside it. */
#include <string.h>

#include "server/core/internal.h"
#include "server/core/json.h"

static int check(struct srv_core *core, const struct srv_evaluation *evaluation) {
  int status = srv_check_title(core, "dataset", evaluation->dataset);
  if (status != SRV_OK) return status;
  json_t *report = srv_json_parse(evaluation->report, strlen(evaluation->report));
  bool good = json_is_object(report);
  json_decref(report);
  if (good) return SRV_OK;
  return srv_fail(core, SRV_ERR_INVALID, "an evaluation's report must be a JSON object");
}

static int check_artifact(struct srv_core *core, const struct srv_evaluation *evaluation) {
  struct srv_artifact artifact;
  return srv_get_by_id(core, SRV_ARTIFACT, evaluation->project_id, evaluation->artifact_id,
                       &artifact);
}

static void query_artifact(struct srv_query *query, const char *artifact_id) {
  srv_query_text(query, "artifact_id", SRV_EQUALS, artifact_id);
}

/* The oldest gives way. */
static int prune(struct srv_core *core, const char *artifact_id) {
  struct srv_evaluation oldest; /* 64 KiB: the main thread's stack has it */
  uint64_t count = 0;
  int status = srv_count(core, SRV_EVALUATION, "artifact_id", SRV_EQUALS, artifact_id, &count);
  if (status != SRV_OK || count <= SRV_EVALUATIONS_PER_ARTIFACT) return status;
  struct srv_query query = {0};
  query_artifact(&query, artifact_id);
  status = core->store->ops->get(core->store, SRV_EVALUATION, &query, &oldest);
  if (status != SRV_OK) return srv_fail_store(core, status);
  return srv_remove_by_id(core, SRV_EVALUATION, oldest.id);
}

int srv_core_create_evaluation(struct srv_core *core, struct srv_evaluation *evaluation) {
  int status = check(core, evaluation);
  if (status == SRV_OK) status = check_artifact(core, evaluation);
  if (status == SRV_OK) status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  srv_make_id(core, evaluation->id);
  evaluation->created_us = srv_now_us(core);
  status = srv_fail_store(core, core->store->ops->insert(core->store, SRV_EVALUATION, evaluation));
  if (status == SRV_OK) status = prune(core, evaluation->artifact_id);
  return srv_transaction_end(core, status);
}

int srv_core_delete_evaluation(struct srv_core *core, const char *project_id, const char *id) {
  struct srv_evaluation evaluation;
  int status = srv_get_by_id(core, SRV_EVALUATION, project_id, id, &evaluation);
  if (status == SRV_OK) status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  return srv_transaction_end(core, srv_remove_by_id(core, SRV_EVALUATION, id));
}
