/* SPDX-License-Identifier: Apache-2.0 */
/* Artifacts: two ways up (base64 in JSON, the bytes themselves), one down. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/rest/fleet.h"

static int find_artifact(struct srv_request *request, struct srv_artifact *artifact) {
  return srv_find_of_path(request, SRV_ARTIFACT, "artifact", artifact);
}

/* What is known of it beside its row. */
static void add_what_is_known(struct srv_request *request, json_t *artifact) {
  srv_add_latest_evaluation(request, artifact);
  srv_add_signature(request, artifact);
}

int srv_list_artifacts(struct srv_request *request) {
  struct srv_query query = {0};
  srv_query_text(&query, "project_id", SRV_EQUALS, request->project.id);
  return srv_answer_list(request, &query, srv_encode_artifact, add_what_is_known);
}

int srv_get_artifact(struct srv_request *request) {
  struct srv_artifact artifact;
  int status = find_artifact(request, &artifact);
  if (status != SRV_OK) return status;
  json_t *object = srv_encode_artifact(&artifact);
  add_what_is_known(request, object);
  status = srv_add_encodings(request, &artifact, object);
  if (status == SRV_OK) return srv_answer_data(request, object);
  json_decref(object);
  return status;
}

int srv_get_artifact_content(struct srv_request *request) {
  struct srv_artifact artifact;
  int status = find_artifact(request, &artifact);
  if (status != SRV_OK) return status;
  snprintf(request->bytes_name, sizeof(request->bytes_name), "%s-%s%s", artifact.package,
           artifact.version, artifact.is_model ? ".tflite" : ".bin");
  status = srv_core_open_artifact(request->core, &artifact, &request->blob);
  request->has_blob = status == SRV_OK;
  return srv_request_fail_core(request, status);
}

int srv_update_artifact(struct srv_request *request) {
  struct srv_artifact artifact;
  int status = find_artifact(request, &artifact);
  if (status == SRV_OK) {
    status = srv_body_reference(request, "blueprintId", SRV_BLUEPRINT, artifact.blueprint_id);
  }
  if (status != SRV_OK) return status;
  status = srv_core_update_artifact(request->core, &artifact);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  return srv_answer_data(request, srv_encode_artifact(&artifact));
}

int srv_delete_artifact(struct srv_request *request) {
  int status = srv_core_delete_artifact(request->core, request->project.id,
                                        srv_path_argument(request, "artifact"));
  return status == SRV_OK ? srv_answer_empty(request) : srv_request_fail_core(request, status);
}

/* --- the bytes themselves ---------------------------------------------------------- */

static int copy_parameter(struct srv_request *request, const char *name, char *out, size_t size) {
  const char *value = srv_query_value(request, name);
  if (value == NULL || strlen(value) < size) {
    snprintf(out, size, "%s", value == NULL ? "" : value);
    return SRV_OK;
  }
  return srv_request_fail(request, SRV_ERR_INVALID, "%s: is longer than %zu bytes", name, size - 1);
}

static int read_parameters(struct srv_request *request, struct srv_artifact *artifact) {
  const char *blueprint = srv_query_value(request, "blueprintId");
  memset(artifact, 0, sizeof(*artifact));
  memcpy(artifact->project_id, request->project.id, sizeof(artifact->project_id));
  int status = copy_parameter(request, "package", artifact->package, sizeof(artifact->package));
  if (status == SRV_OK) {
    status = copy_parameter(request, "version", artifact->version, sizeof(artifact->version));
  }
  if (status != SRV_OK) return status;
  if (artifact->package[0] == 0) snprintf(artifact->package, sizeof(artifact->package), "main");
  if (blueprint == NULL || blueprint[0] == 0) return SRV_OK;
  return srv_resolve(request, SRV_BLUEPRINT, blueprint, "blueprintId", artifact->blueprint_id);
}

int srv_check_upload(struct srv_request *request) {
  struct srv_artifact artifact;
  if (request->route->handle == srv_inspect_model) return SRV_OK; /* nothing gets a name */
  int status = read_parameters(request, &artifact);
  if (status != SRV_OK) return status;
  return srv_request_fail_core(request, srv_core_check_artifact(request->core, &artifact));
}

static bool is_true(const char *text) {
  return text != NULL && (strcmp(text, "true") == 0 || strcmp(text, "1") == 0);
}

int srv_upload_artifact(struct srv_request *request) {
  struct srv_artifact artifact;
  struct srv_upload *upload = request->upload;
  int status = read_parameters(request, &artifact);
  if (status != SRV_OK) return status;
  if (upload == NULL) {
    return srv_request_fail(request, SRV_ERR_INVALID,
                            "the body is empty: send the artifact's bytes");
  }
  bool binary = is_true(srv_query_value(request, "forceBinary"));
  request->upload = NULL; /* ended by finish, whatever comes of it */
  status = srv_core_upload_finish(upload, &artifact, binary);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  return srv_answer_data(request, srv_encode_artifact(&artifact));
}

/* --- base64 in JSON ------------------------------------------------------------------- */

/* No project in this path: it is in the body. */
static int find_project(struct srv_request *request) {
  char project_id[SRV_NAME_MAX + 1] = "";
  int status = srv_body_text(request, "projectId", project_id, sizeof(project_id));
  if (status != SRV_OK) return status;
  return srv_request_require(request, SRV_RIGHT_OPERATE, project_id);
}

static int read_body(struct srv_request *request, struct srv_artifact *artifact, bool *binary) {
  memset(artifact, 0, sizeof(*artifact));
  memcpy(artifact->project_id, request->project.id, sizeof(artifact->project_id));
  snprintf(artifact->package, sizeof(artifact->package), "main");
  *binary = false;
  int status = srv_body_text(request, "package", artifact->package, sizeof(artifact->package));
  if (status == SRV_OK) {
    status = srv_body_text(request, "version", artifact->version, sizeof(artifact->version));
  }
  if (status == SRV_OK) {
    status = srv_body_reference(request, "blueprintId", SRV_BLUEPRINT, artifact->blueprint_id);
  }
  if (status == SRV_OK) status = srv_body_bool(request, "binary", binary);
  return status;
}

static int store_content(struct srv_request *request, struct srv_artifact *artifact, bool binary) {
  const json_t *content = json_object_get(request->body, "content");
  size_t size, length = json_string_length(content);
  uint8_t *bytes = malloc(length / 4 * 3 + 4);
  if (bytes == NULL) return srv_request_fail(request, SRV_ERR_INTERNAL, "out of memory");
  int status = srv_base64_decode(json_string_value(content), length, bytes, &size);
  if (status != SRV_OK) {
    srv_request_fail(request, status, "content: is no base64");
  } else {
    status = srv_request_fail_core(
        request, srv_core_create_artifact(request->core, artifact, bytes, size, binary));
  }
  free(bytes);
  return status;
}

int srv_create_artifact(struct srv_request *request) {
  struct srv_artifact artifact;
  bool binary;
  int status = find_project(request);
  if (status == SRV_OK) status = read_body(request, &artifact, &binary);
  if (status == SRV_OK) {
    status = srv_request_fail_core(request, srv_core_check_artifact(request->core, &artifact));
  }
  if (status == SRV_OK) status = store_content(request, &artifact, binary);
  if (status != SRV_OK) return status;
  return srv_answer_data(request, srv_encode_artifact(&artifact));
}
