/* SPDX-License-Identifier: Apache-2.0 */
/* What devices said about their updates, newest first. */
#include <stdio.h>
#include <stdlib.h>

#include "server/rest/internal.h"

int srv_list_firmware_logs(struct srv_request *request) {
  struct srv_query query = {.newest_first = true};
  srv_query_text(&query, "project_id", SRV_EQUALS, request->project.id);
  return srv_answer_list(request, &query, srv_encode_firmware_log, NULL);
}

/* The token is the id of the last event of the page before. */
static int read_token(struct srv_request *request, struct srv_query *query) {
  char *end;
  const char *token = srv_query_value(request, "pageToken");
  if (token == NULL || token[0] == 0) return SRV_OK;
  long long id = strtoll(token, &end, 10);
  if (*end != 0 || id < 1) {
    return srv_request_fail(request, SRV_ERR_INVALID, "pageToken: is none that was given out");
  }
  srv_query_number(query, "id", SRV_AT_MOST, id - 1);
  return SRV_OK;
}

/* limit, the newer name, is perPage. */
static void apply_limit(struct srv_request *request) {
  for (size_t i = 0; i < request->query_count; i++) {
    char first = request->query[i].name[0];
    if (first == 'l' && srv_query_value(request, "perPage") == NULL &&
        srv_query_value(request, "limit") == request->query[i].value) {
      request->query[i].name = "perPage";
    }
  }
}

void srv_add_next_token(struct srv_request *request) {
  const json_t *list = json_object_get(request->answer, "list");
  json_int_t per_page = json_integer_value(json_object_get(request->answer, "perPage"));
  size_t count = json_array_size(list);
  json_t *token = NULL;
  if (count > 0 && count == (size_t)per_page) {
    token = json_incref(json_object_get(json_array_get(list, count - 1), "id"));
  }
  json_object_set_new(request->answer, "nextPageToken", token == NULL ? json_string("") : token);
}

int srv_answer_newest(struct srv_request *request, struct srv_query *query,
                      json_t *(*encode)(const void *row)) {
  query->newest_first = true;
  if (request->project.id[0] != 0) {
    srv_query_text(query, "project_id", SRV_EQUALS, request->project.id);
  }
  apply_limit(request);
  int status = read_token(request, query);
  if (status == SRV_OK) status = srv_answer_list(request, query, encode, NULL);
  if (status == SRV_OK) srv_add_next_token(request);
  return status;
}

int srv_list_ota_events(struct srv_request *request) {
  struct srv_query query = {0};
  return srv_answer_newest(request, &query, srv_encode_event);
}
