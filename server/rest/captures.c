/* SPDX-License-Identifier: Apache-2.0 */
/* Captures: what devices sent on their stream paths; and the same rows in the
 * shape of Golioth's LightDB Stream. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/core/json.h"
#include "server/rest/internal.h"

#define LABELLED_AT_ONCE_MAX 1000

#define FORMAT_JSON 50u /* CoAP's number: what a device says of JSON */

/* --- lists ----------------------------------------------------------------------------- */

/* "": has none. Any text that is one is greater than this. */
#define LEAST_LABEL "\x01"

static int add_labelled(struct srv_request *request, struct srv_query *query) {
  const char *label = srv_query_value(request, "label");
  const char *labelled = srv_query_value(request, "labelled");
  if (label != NULL && label[0] == 0) labelled = "false";
  if (labelled == NULL) return SRV_OK;
  if (strcmp(labelled, "false") == 0) {
    srv_query_text(query, "label", SRV_EQUALS, "");
  } else if (strcmp(labelled, "true") == 0) {
    srv_query_text(query, "label", SRV_AT_LEAST, LEAST_LABEL);
  } else {
    return srv_request_fail_field(request, "labelled", "must be true or false");
  }
  return SRV_OK;
}

int srv_capture_query(struct srv_request *request, struct srv_query *query) {
  srv_query_text(query, "project_id", SRV_EQUALS, request->project.id);
  /* A capture that says no score has -1, which is at most anything. */
  if (srv_query_value(request, "scoreMax") != NULL &&
      srv_query_value(request, "scoreMin") == NULL) {
    srv_query_number(query, "score_permille", SRV_AT_LEAST, 0);
  }
  return add_labelled(request, query);
}

/* Captures of a page are mostly of a few devices: the last one's name is kept,
 * for one request (one thread). */
static struct {
  char id[SRV_ID_LENGTH + 1];
  char name[SRV_NAME_MAX + 1];
} last;

static void add_device_name(struct srv_request *request, json_t *object) {
  struct srv_device device;
  const char *id = json_string_value(json_object_get(object, "deviceId"));
  if (strcmp(last.id, id) != 0) {
    last.name[0] = 0;
    snprintf(last.id, sizeof(last.id), "%s", id);
    if (srv_core_find(request->core, SRV_DEVICE, request->project.id, id, &device) == SRV_OK) {
      snprintf(last.name, sizeof(last.name), "%s", device.name);
    }
  }
  json_object_set_new(object, "deviceName", srv_encode_text(last.name));
}

static int answer_capture(struct srv_request *request, const struct srv_capture *capture) {
  json_t *object = srv_encode_capture(capture);
  last.id[0] = 0;
  add_device_name(request, object);
  return srv_answer_data(request, object);
}

/* The id before this one, in hex; false when it is no id. */
static bool step_back(char id[SRV_ID_LENGTH + 1]) {
  static const char digits[] = "0123456789abcdef";
  if (strlen(id) != SRV_ID_LENGTH || strspn(id, digits) != SRV_ID_LENGTH) return false;
  for (size_t i = SRV_ID_LENGTH; i-- > 0;) {
    if (id[i] != '0') {
      id[i] = digits[strchr(digits, id[i]) - digits - 1];
      return true;
    }
    id[i] = 'f';
  }
  return false; /* all zeros: nothing is before it */
}

/* The token is the id of the last capture of the page before. */
static int add_token(struct srv_request *request, struct srv_query *query,
                     char id[SRV_ID_LENGTH + 1]) {
  const char *token = srv_query_value(request, "pageToken");
  if (token == NULL || token[0] == 0) return SRV_OK;
  snprintf(id, SRV_ID_LENGTH + 1, "%.*s", SRV_ID_LENGTH, token);
  if (strlen(token) != SRV_ID_LENGTH || !step_back(id)) {
    return srv_request_fail_field(request, "pageToken", "is none that was given out");
  }
  srv_query_text(query, "id", SRV_AT_MOST, id);
  return SRV_OK;
}

int srv_list_captures(struct srv_request *request) {
  struct srv_query query = {.newest_first = true};
  char newest[SRV_ID_LENGTH + 1];
  int status = srv_capture_query(request, &query);
  if (status == SRV_OK) status = add_token(request, &query, newest);
  last.id[0] = 0;
  if (status == SRV_OK) {
    status = srv_answer_list(request, &query, srv_encode_capture, add_device_name);
  }
  if (status == SRV_OK) srv_add_next_token(request);
  return status;
}

/* --- one of them -------------------------------------------------------------------------- */

static int find_capture(struct srv_request *request, struct srv_capture *capture) {
  return srv_find_of_path(request, SRV_CAPTURE, "capture", capture);
}

int srv_get_capture(struct srv_request *request) {
  struct srv_capture capture;
  int status = find_capture(request, &capture);
  return status == SRV_OK ? answer_capture(request, &capture) : status;
}

int srv_get_capture_content(struct srv_request *request) {
  struct srv_capture capture;
  int status = find_capture(request, &capture);
  if (status != SRV_OK) return status;
  const char *type = srv_safe_content_type(capture.content_type);
  snprintf(request->bytes_type, sizeof(request->bytes_type), "%s", type);
  status = srv_core_open_capture(request->core, &capture, &request->blob);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  request->has_blob = true;
  snprintf(request->bytes_name, sizeof(request->bytes_name), "%s%s", capture.id,
           srv_extension_of(type, &request->blob));
  return SRV_OK;
}

int srv_update_capture(struct srv_request *request) {
  struct srv_capture capture;
  char label[SRV_LABEL_MAX + 1];
  int status = find_capture(request, &capture);
  if (status != SRV_OK) return status;
  if (!srv_body_has(request, "label")) return answer_capture(request, &capture);
  status = srv_body_text(request, "label", label, sizeof(label));
  if (status != SRV_OK) return status;
  status = srv_core_label_capture(request->core, &capture, label);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  return answer_capture(request, &capture);
}

int srv_delete_capture(struct srv_request *request) {
  struct srv_capture capture;
  int status = find_capture(request, &capture);
  if (status != SRV_OK) return status;
  status = srv_core_delete_capture(request->core, request->project.id, capture.id);
  return status == SRV_OK ? srv_answer_empty(request) : srv_request_fail_core(request, status);
}

/* --- many of them ---------------------------------------------------------------------------- */

struct labelling {
  size_t count;
  char id[LABELLED_AT_ONCE_MAX][SRV_SEGMENT_MAX + 1];
  char label_before[LABELLED_AT_ONCE_MAX][SRV_LABEL_MAX + 1];
};

/* Are they all there? Before the first is touched. */
static int find_all(struct srv_request *request, struct labelling *labelling) {
  struct srv_capture capture;
  for (size_t i = 0; i < labelling->count; i++) {
    int status =
        srv_core_find(request->core, SRV_CAPTURE, request->project.id, labelling->id[i], &capture);
    if (status != SRV_OK) return srv_request_fail_core(request, status);
    memcpy(labelling->label_before[i], capture.label, sizeof(capture.label));
  }
  return SRV_OK;
}

static int label_one(struct srv_request *request, const char *id, const char *label) {
  struct srv_capture capture;
  int status = srv_core_find(request->core, SRV_CAPTURE, request->project.id, id, &capture);
  return status == SRV_OK ? srv_core_label_capture(request->core, &capture, label) : status;
}

/* One batch, so that they reach the disk together; what was done before one
 * failed is undone in the same batch. */
static int label_all(struct srv_request *request, const struct labelling *labelling,
                     const char *label) {
  int status = SRV_OK;
  size_t done = 0;
  srv_core_batch_begin(request->core);
  for (; done < labelling->count && status == SRV_OK; done++) {
    status = label_one(request, labelling->id[done], label);
  }
  if (status != SRV_OK) {
    srv_request_fail_core(request, status);
    for (size_t i = 0; i + 1 < done; i++) {
      label_one(request, labelling->id[i], labelling->label_before[i]);
    }
  }
  int committed = srv_core_batch_commit(request->core);
  if (status == SRV_OK) status = srv_request_fail_core(request, committed);
  return status;
}

static int label_captures(struct srv_request *request, struct labelling *labelling) {
  char label[SRV_LABEL_MAX + 1] = "";
  int status = srv_body_text(request, "label", label, sizeof(label));
  if (status == SRV_OK) {
    status = srv_body_texts(request, "ids", labelling->id[0], sizeof(labelling->id[0]),
                            LABELLED_AT_ONCE_MAX, &labelling->count);
  }
  if (status == SRV_OK) status = find_all(request, labelling);
  if (status == SRV_OK) status = label_all(request, labelling, label);
  if (status != SRV_OK) return status;
  return srv_answer_data(
      request, json_pack("{s:I, s:s}", "count", (json_int_t)labelling->count, "label", label));
}

int srv_label_captures(struct srv_request *request) {
  struct labelling *labelling = calloc(1, sizeof(*labelling));
  if (labelling == NULL) return srv_request_fail(request, SRV_ERR_INTERNAL, "out of memory");
  int status = label_captures(request, labelling);
  free(labelling);
  return status;
}

/* --- as LightDB Stream -------------------------------------------------------------------------
 */

int srv_list_stream(struct srv_request *request) {
  struct srv_query query = {.newest_first = true};
  struct srv_device device;
  struct srv_device_ref ref;
  int status = srv_device_of_path(request, &device, &ref);
  if (status != SRV_OK) return status;
  srv_query_text(&query, "device_id", SRV_EQUALS, device.id);
  return srv_answer_list(request, &query, srv_encode_stream_entry, NULL);
}

static void keep_data(void *context, const void *row) {
  json_t *entry = srv_encode_stream_entry(row);
  *(json_t **)context = json_incref(json_object_get(entry, "data"));
  json_decref(entry);
}

/* The newest value of a path, null for none. */
int srv_get_stream_path(struct srv_request *request) {
  struct srv_query query = {.newest_first = true, .limit = 1};
  struct srv_device device;
  struct srv_device_ref ref;
  json_t *data = NULL;
  int status = srv_device_of_path(request, &device, &ref);
  if (status != SRV_OK) return status;
  srv_query_text(&query, "device_id", SRV_EQUALS, device.id);
  srv_query_text(&query, "path", SRV_EQUALS, srv_path_argument(request, "path"));
  status = srv_core_list(request->core, SRV_CAPTURE, &query, keep_data, &data, NULL);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  return srv_answer_data(request, data == NULL ? json_null() : data);
}

static int store_message(struct srv_request *request, const struct srv_device_ref *ref,
                         const char *path, const char *text) {
  struct srv_capture_upload *upload;
  int status = srv_core_capture_begin(request->core, ref, path, FORMAT_JSON, &upload);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  status = srv_core_capture_append(upload, text, strlen(text));
  if (status != SRV_OK) {
    srv_request_fail_core(request, status);
    srv_core_capture_abort(upload);
    return status;
  }
  return srv_request_fail_core(request, srv_core_capture_finish(upload));
}

/* As if the device had sent it. */
int srv_post_stream(struct srv_request *request) {
  struct srv_device device;
  struct srv_device_ref ref;
  const char *path = srv_path_argument(request, "path");
  int status = srv_device_of_path(request, &device, &ref);
  if (status != SRV_OK) return status;
  char *text = srv_json_text(request->body);
  if (text == NULL) return srv_request_fail(request, SRV_ERR_INTERNAL, "out of memory");
  status = store_message(request, &ref, path == NULL ? "" : path, text);
  free(text);
  return status == SRV_OK ? srv_answer_empty(request) : status;
}
