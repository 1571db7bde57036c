/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/rest/rest_fixture.h"

#include "tests/support/openapi.h"

static struct rest_answer last;

void rest_begin(struct rest_fixture *fixture) {
  memset(fixture, 0, sizeof(*fixture));
  core_fixture_begin(&fixture->core);
  fixture->context =
      (struct srv_rest_context){.core = fixture->core.core, .version = "0.0.0", .started_us = 1};
  struct srv_api_key key = {.name = "test"};
  assert_ok(fixture->core.core, srv_core_create_api_key(fixture->core.core, &key, fixture->key));
}

void rest_end(struct rest_fixture *fixture) {
  free(last.bytes);
  last.bytes = NULL;
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

/* In odd pieces, so that they meet every boundary. */
static void read_stream(struct srv_answer_stream *stream) {
  size_t capacity = 4096;
  long length;
  last.bytes = malloc(capacity);
  last.size = 0;
  while ((length = stream->read(stream->context, (char *)last.bytes + last.size, 777)) > 0) {
    last.size += (size_t)length;
    if (last.size + 777 < capacity) continue;
    capacity *= 2;
    last.bytes = realloc(last.bytes, capacity);
  }
  if (length < 0) fail_msg("the stream was cut off after %zu bytes", last.size);
  last.bytes[last.size] = 0;
}

static void keep_bytes(struct srv_request *request) {
  free(last.bytes);
  last.bytes = NULL;
  last.size = 0;
  memcpy(last.bytes_type, request->bytes_type, sizeof(last.bytes_type));
  memcpy(last.bytes_name, request->bytes_name, sizeof(last.bytes_name));
  if (request->has_blob) {
    last.size = request->blob.size;
    last.bytes = calloc(1, last.size + 1);
    if (last.size > 0) memcpy(last.bytes, request->blob.data, last.size);
  }
  if (request->stream.context != NULL) read_stream(&request->stream);
}

void rest_check_described(const char *method, const char *path, int status,
                          const json_t *document) {
  static json_t *description; /* made once a process */
  char problem[512] = "";
  if (description == NULL) description = srv_openapi("0.0.0");
  if (!openapi_check(description, method, path, status, document, problem)) {
    char *text = json_dumps(document, JSON_INDENT(1));
    fail_msg("%s %s %d is not as described: %s\n%.2000s", method, path, status, problem, text);
    free(text);
  }
}

static const struct rest_answer *call(struct rest_fixture *fixture, const char *key,
                                      const char *method, const char *url, const void *data,
                                      size_t size) {
  static struct srv_request request;
  char *path = strdup(url);
  char *query = strchr(path, '?');
  if (query != NULL) *query++ = 0;
  srv_request_begin(&request, &fixture->context, method, path);
  request.head = fixture->head;
  int status = query == NULL ? SRV_OK : add_query(&request, query);
  if (status == SRV_OK) status = srv_request_authorize(&request, key);
  if (status == SRV_OK) status = give_body(&request, data, size);
  if (status == SRV_OK) srv_request_run(&request);
  json_decref(last.document);
  last.status = request.http_status;
  last.retry_after_s = request.retry_after_s;
  memcpy(last.cookie, request.set_cookie, sizeof(last.cookie));
  last.document = NULL;
  if (request.error[0] != 0 || request.answer != NULL) {
    last.document = srv_request_take_document(&request);
  }
  if (last.document != NULL && request.route != NULL) {
    rest_check_described(request.route->method, request.route->path, last.status, last.document);
  }
  keep_bytes(&request);
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

/* --- captures -------------------------------------------------------------------- */

static size_t make_head(uint8_t *head, const char *heard, uint8_t score, size_t content_size) {
  static const uint8_t model[] = "\xa3\x65model\x6bmodel@1.0.0\x65heard";
  size_t size = sizeof(model) - 1, length = strlen(heard);
  memcpy(head, model, size);
  head[size++] = (uint8_t)(0x60 + length);
  memcpy(head + size, heard, length);
  size += length;
  memcpy(head + size, "\x65score\x18", 7);
  size += 7;
  head[size++] = score;
  head[size++] = 0x59;
  head[size++] = (uint8_t)(content_size >> 8);
  head[size++] = (uint8_t)content_size;
  return size;
}

struct srv_device_ref rest_ref_of(const struct srv_device *device) {
  struct srv_device_ref ref;
  memcpy(ref.project_id, device->project_id, sizeof(ref.project_id));
  memcpy(ref.device_id, device->id, sizeof(ref.device_id));
  return ref;
}

static void keep_newest(void *context, const void *row) { memcpy(context, row, SRV_ID_LENGTH + 1); }

const char *rest_capture(struct rest_fixture *fixture, const struct srv_device *device,
                         const char *path, const void *data, size_t size, const char *heard,
                         uint8_t score) {
  static char ids[4][SRV_ID_LENGTH + 1];
  static unsigned next;
  char *id = ids[next++ % 4];
  struct srv_core *core = fixture->core.core;
  struct srv_device_ref ref = rest_ref_of(device);
  struct srv_capture_upload *upload;
  uint8_t head[128];
  unsigned format = heard == NULL ? SRV_FORMAT_NONE : SRV_FORMAT_CBOR_SEQUENCE;
  assert_ok(core, srv_core_capture_begin(core, &ref, path, (uint16_t)format, &upload));
  if (heard != NULL) {
    size_t head_size = make_head(head, heard, score, size);
    assert_ok(core, srv_core_capture_append(upload, head, head_size));
  }
  assert_ok(core, srv_core_capture_append(upload, data, size));
  assert_ok(core, srv_core_capture_finish(upload));
  struct srv_query query = {.newest_first = true, .limit = 1};
  assert_ok(core, srv_core_list(core, SRV_CAPTURE, &query, keep_newest, id, NULL));
  fixture->core.now_us += 1000000;
  return id;
}

void rest_make_wav(uint8_t wav[REST_WAV_SIZE], unsigned seed) {
  static const uint8_t head[44] =
      "RIFF\xe0\x03\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80\x3e\0\0"
      "\0\x7d\0\0\2\0\x10\0data\xbc\x03\0";
  memcpy(wav, head, sizeof(head));
  for (size_t i = sizeof(head); i < REST_WAV_SIZE; i++) wav[i] = (uint8_t)(i * 7 + seed * 13);
}

struct rest_others rest_make_others(struct rest_fixture *fixture) {
  struct rest_others others = {0};
  struct srv_core *core = fixture->core.core;
  struct srv_project project = {.id = "others", .name = "others"};
  struct srv_setting setting = {
      .project_id = "others", .key = "K", .type = SRV_SETTING_INTEGER, .value = "1"};
  others.device = (struct srv_device){.project_id = "others", .name = "theirs", .enabled = true};
  assert_ok(core, srv_core_create_project(core, &project));
  assert_ok(core, srv_core_create_device(core, &others.device));
  assert_ok(core, srv_core_create_setting(core, &setting));
  memcpy(others.setting_id, setting.id, sizeof(setting.id));
  strcpy(others.capture_id, rest_capture(fixture, &others.device, "a", "hi", 2, NULL, 0));
  return others;
}
