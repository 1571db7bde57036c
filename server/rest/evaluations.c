/* SPDX-License-Identifier: Apache-2.0 */
/* How good an artifact was found: reports that are made elsewhere (godwit model
 * evaluate) and kept with it. */
#include <stdlib.h>
#include <string.h>

#include "server/rest/internal.h"

static int find_artifact(struct srv_request *request, struct srv_artifact *artifact) {
  return srv_find_of_path(request, SRV_ARTIFACT, "artifact", artifact);
}

int srv_list_evaluations(struct srv_request *request) {
  struct srv_query query = {.newest_first = true};
  struct srv_artifact artifact;
  int status = find_artifact(request, &artifact);
  if (status != SRV_OK) return status;
  srv_query_text(&query, "artifact_id", SRV_EQUALS, artifact.id);
  return srv_answer_list(request, &query, srv_encode_evaluation, NULL);
}

static int answer_with_report(struct srv_request *request,
                              const struct srv_evaluation *evaluation) {
  json_t *object = srv_encode_evaluation(evaluation);
  json_object_set_new(object, "report", srv_json_of(evaluation->report));
  return srv_answer_data(request, object);
}

/* 64 KiB each: on the heap. */
static struct srv_evaluation *new_evaluation(struct srv_request *request) {
  struct srv_evaluation *evaluation = calloc(1, sizeof(*evaluation));
  if (evaluation == NULL) srv_request_fail(request, SRV_ERR_INTERNAL, "out of memory");
  return evaluation;
}

static int create(struct srv_request *request, struct srv_evaluation *evaluation) {
  struct srv_artifact artifact;
  int status = find_artifact(request, &artifact);
  if (status != SRV_OK) return status;
  memcpy(evaluation->project_id, artifact.project_id, sizeof(evaluation->project_id));
  memcpy(evaluation->artifact_id, artifact.id, sizeof(evaluation->artifact_id));
  status = srv_body_text(request, "dataset", evaluation->dataset, sizeof(evaluation->dataset));
  if (status == SRV_OK) {
    status = srv_body_json(request, "report", evaluation->report, sizeof(evaluation->report));
  }
  if (status != SRV_OK) return status;
  status = srv_core_create_evaluation(request->core, evaluation);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  return answer_with_report(request, evaluation);
}

int srv_create_evaluation(struct srv_request *request) {
  struct srv_evaluation *evaluation = new_evaluation(request);
  if (evaluation == NULL) return SRV_ERR_INTERNAL;
  int status = create(request, evaluation);
  free(evaluation);
  return status;
}

/* Of this artifact, not only of this project. */
static int find_evaluation(struct srv_request *request, struct srv_evaluation *evaluation) {
  struct srv_artifact artifact;
  int status = find_artifact(request, &artifact);
  if (status == SRV_OK)
    status = srv_find_of_path(request, SRV_EVALUATION, "evaluation", evaluation);
  if (status != SRV_OK || strcmp(evaluation->artifact_id, artifact.id) == 0) return status;
  return srv_request_fail(request, SRV_ERR_NOT_FOUND, "there is no evaluation \"%s\" of %s@%s",
                          evaluation->id, artifact.package, artifact.version);
}

int srv_get_evaluation(struct srv_request *request) {
  struct srv_evaluation *evaluation = new_evaluation(request);
  if (evaluation == NULL) return SRV_ERR_INTERNAL;
  int status = find_evaluation(request, evaluation);
  if (status == SRV_OK) status = answer_with_report(request, evaluation);
  free(evaluation);
  return status;
}

int srv_delete_evaluation(struct srv_request *request) {
  struct srv_evaluation *evaluation = new_evaluation(request);
  if (evaluation == NULL) return SRV_ERR_INTERNAL;
  int status = find_evaluation(request, evaluation);
  if (status == SRV_OK) {
    status = srv_core_delete_evaluation(request->core, request->project.id, evaluation->id);
    status = status == SRV_OK ? srv_answer_empty(request) : srv_request_fail_core(request, status);
  }
  free(evaluation);
  return status;
}

static void keep_summary(void *context, const void *row) {
  *(json_t **)context = srv_encode_evaluation(row);
}

void srv_add_latest_evaluation(struct srv_request *request, json_t *artifact) {
  struct srv_query query = {.newest_first = true, .limit = 1};
  json_t *summary = NULL;
  srv_query_text(&query, "artifact_id", SRV_EQUALS,
                 json_string_value(json_object_get(artifact, "id")));
  int status = srv_core_list(request->core, SRV_EVALUATION, &query, keep_summary, &summary, NULL);
  if (status == SRV_OK && summary != NULL) {
    json_object_set_new(artifact, "latestEvaluation", summary);
  }
}
