/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/rest/rest_fixture.h"

static struct rest_answer last;

void rest_begin(struct rest_fixture *fixture) {
  memset(fixture, 0, sizeof(*fixture));
  core_fixture_begin(&fixture->core);
  fixture->context = (struct srv_rest_context){.core = fixture->core.core, .version = "0.0.0"};
  struct srv_api_key key = {.name = "test"};
  assert_ok(fixture->core.core, srv_core_create_api_key(fixture->core.core, &key, fixture->key));
}

void rest_end(struct rest_fixture *fixture) {
  json_decref(last.document);
  last.document = NULL;
  core_fixture_end(&fixture->core);
}

static int add_query(struct srv_request *request, char *query) {
  for (char *pair = strtok(query, "&"); pair != NULL; pair = strtok(NULL, "&")) {
    char *value = strchr(pair, '=');
    if (value != NULL) *value++ = 0;
    int status = srv_request_add_query(request, pair, value == NULL ? pair + strlen(pair) : value);
    if (status != SRV_OK) return status;
  }
  return SRV_OK;
}

static int give_body(struct srv_request *request, const void *data, size_t size) {
  if ((request->route->flags & SRV_ROUTE_UPLOAD) == 0) {
    return srv_request_set_body(request, data, size);
  }
  int status = srv_check_upload(request);
  if (status != SRV_OK || size == 0) return status;
  assert_ok(request->core, srv_core_upload_begin(request->core, &request->upload));
  return srv_request_fail_core(request, srv_core_upload_append(request->upload, data, size));
}

static const struct rest_answer *call(struct rest_fixture *fixture, const char *key,
                                      const char *method, const char *url, const void *data,
                                      size_t size) {
  static struct srv_request request;
  char *path = strdup(url);
  char *query = strchr(path, '?');
  if (query != NULL) *query++ = 0;
  srv_request_begin(&request, &fixture->context, method, path);
  int status = query == NULL ? SRV_OK : add_query(&request, query);
  if (status == SRV_OK) status = srv_request_authorize(&request, key);
  if (status == SRV_OK) status = give_body(&request, data, size);
  if (status == SRV_OK) srv_request_run(&request);
  json_decref(last.document);
  last.status = request.http_status;
  last.document = NULL;
  if (request.error[0] != 0 || request.answer != NULL) {
    last.document = srv_request_take_document(&request);
  }
  last.message = json_string_value(json_object_get(last.document, "message"));
  if (last.message == NULL) last.message = "";
  srv_request_end(&request);
  free(path);
  return &last;
}

const struct rest_answer *rest_call_as(struct rest_fixture *fixture, const char *key,
                                       const char *method, const char *url, const char *body) {
  return call(fixture, key, method, url, body, body == NULL ? 0 : strlen(body));
}

const struct rest_answer *rest_call(struct rest_fixture *fixture, const char *method,
                                    const char *url, const char *body) {
  return rest_call_as(fixture, fixture->key, method, url, body);
}

const struct rest_answer *rest_upload(struct rest_fixture *fixture, const char *url,
                                      const void *data, size_t size) {
  return call(fixture, fixture->key, "POST", url, data, size);
}

void rest_expect(const struct rest_answer *answer, int status) {
  if (answer->status != status) fail_msg("%d, not %d: %s", answer->status, status, answer->message);
}

void rest_expect_error(const struct rest_answer *answer, int status, int code, const char *words) {
  rest_expect(answer, status);
  assert_int_equal(rest_number(answer, "code"), code);
  assert_true(json_is_array(json_object_get(answer->document, "details")));
  if (strstr(answer->message, words) == NULL)
    fail_msg("\"%s\" has no \"%s\"", answer->message, words);
}

json_t *rest_value(const struct rest_answer *answer, const char *path) {
  json_t *value = answer->document;
  char copy[128];
  snprintf(copy, sizeof(copy), "%s", path);
  for (char *step = strtok(copy, "."); step != NULL; step = strtok(NULL, ".")) {
    value = json_is_array(value) ? json_array_get(value, strtoul(step, NULL, 10))
                                 : json_object_get(value, step);
  }
  return value;
}

const char *rest_text(const struct rest_answer *answer, const char *path) {
  const char *text = json_string_value(rest_value(answer, path));
  return text == NULL ? "" : text;
}

json_int_t rest_number(const struct rest_answer *answer, const char *path) {
  return json_integer_value(rest_value(answer, path));
}
