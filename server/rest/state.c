/* SPDX-License-Identifier: Apache-2.0 */
/* A device's state: one JSON document, read and written by path. */
#include <stdlib.h>
#include <string.h>

#include "server/core/json.h"
#include "server/rest/internal.h"

/* "" for the whole document. */
static const char *path_of(const struct srv_request *request) {
  const char *path = srv_path_argument(request, "path");
  return path == NULL ? "" : path;
}

static int answer_state(struct srv_request *request, const struct srv_device_ref *ref) {
  char *json = NULL;
  int status = srv_core_state_get(request->core, ref, path_of(request), &json);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  json_t *value = srv_json_of(json);
  srv_etag_note_text(request, json);
  free(json);
  return srv_answer_data(request, value);
}

int srv_get_state(struct srv_request *request) {
  struct srv_device device;
  struct srv_device_ref ref;
  int status = srv_device_of_path(request, &device, &ref);
  return status == SRV_OK ? answer_state(request, &ref) : status;
}

/* Is it still what If-Match says? */
static int check_unchanged(struct srv_request *request, const struct srv_device_ref *ref) {
  char *json = NULL;
  if (request->if_match == NULL) return SRV_OK;
  int status = srv_core_state_get(request->core, ref, path_of(request), &json);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  status = srv_etag_check_text(request, "state", json);
  free(json);
  return status;
}

static int write_state(struct srv_request *request, bool merge) {
  struct srv_device device;
  struct srv_device_ref ref;
  int status = srv_device_of_path(request, &device, &ref);
  if (status == SRV_OK) status = check_unchanged(request, &ref);
  if (status != SRV_OK) return status;
  char *text = srv_json_text(request->body);
  if (text == NULL) return srv_request_fail(request, SRV_ERR_INTERNAL, "out of memory");
  status = srv_core_state_set(request->core, &ref, path_of(request), text, strlen(text), merge);
  free(text);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  return answer_state(request, &ref);
}

int srv_set_state(struct srv_request *request) { return write_state(request, false); }

int srv_merge_state(struct srv_request *request) { return write_state(request, true); }

int srv_delete_state(struct srv_request *request) {
  struct srv_device device;
  struct srv_device_ref ref;
  int status = srv_device_of_path(request, &device, &ref);
  if (status == SRV_OK) status = check_unchanged(request, &ref);
  if (status != SRV_OK) return status;
  status = srv_core_state_delete(request->core, &ref, path_of(request));
  return status == SRV_OK ? srv_answer_empty(request) : srv_request_fail_core(request, status);
}
