// clang-format off
// fuzz-link: wire mbedtls server/rest/[a-gi-r]*.c server/rest/se*.c server/rest/sc*.c server/rest/state.c server/rest/tar.c server/rest/v*.c server/rest/host.c server/core/[a-ln-z]*.c server/core/model_check_none.c server/core/model_ops_none.c server/store/s[cq]*.c -ljansson -lgnutls -lz -largon2 -lpthread
// clang-format on
/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTP request as an operator's tool, a browser or anyone on the network
 * sends it: "METHOD URL\nBODY", or "METHOD URL\tCOOKIE\tCSRF\tETAGS\nBODY" for one
 * that comes with a cookie instead of a key (unless it is empty), and with ETAGS
 * in If-Match and If-None-Match. Routing, decoding, JSON, every handler and the rules of
 * the core run; behind them stands a store in which nearly everything is. */
#include <stdlib.h>
#include <string.h>

#include "server/core/internal.h"
#include "server/rest/internal.h"
#include "server/rest/live.h"
#include "server/store/schema.h"
#include "server/store/sql.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t fuzz_now_us(void *context) {
  (void)context;
  return INT64_C(1700000000) * 1000000;
}

/* --- a store that says yes ---------------------------------------------------- */

static int yes(struct srv_store *store) {
  (void)store;
  return SRV_OK;
}

static void nothing(struct srv_store *store) { (void)store; }

static int write_row(struct srv_store *store, enum srv_kind kind, const void *row) {
  (void)store;
  (void)kind;
  return ((const char *)row)[0] == 'x' ? SRV_ERR_EXISTS : SRV_OK;
}

/* Statements are built as a real store would, for the builder's sake. */
static int ignore_value(void *context, int index, const struct srv_sql_value *value) {
  (void)context;
  (void)index;
  (void)value;
  return SRV_OK;
}

static void build(enum srv_kind kind, const struct srv_query *query) {
  static const struct srv_sql_dialect dialect = {.marker = '?', .find_function = "instr"};
  static struct srv_sql sql;
  srv_sql_init(&sql, &dialect);
  srv_sql_select(&sql, srv_table_of(kind), query);
  srv_sql_each_parameter(srv_table_of(kind), query, ignore_value, NULL);
}

/* What handlers parse again. */
static void fill_content(enum srv_kind kind, void *row) {
  if (kind == SRV_CAPTURE) {
    struct srv_capture *capture = row;
    strcpy(capture->label, "yes");
    strcpy(capture->content_type, "application/json");
    capture->size_bytes = (uint32_t)(capture->inline_size = 7);
    memcpy(capture->inline_bytes, "{\"a\":1}", 7);
  } else if (kind == SRV_SETTING) {
    strcpy(((struct srv_setting *)row)->key, "KEY");
    strcpy(((struct srv_setting *)row)->value, "1");
  } else if (kind == SRV_DEVICE_STATE) {
    strcpy(((struct srv_device_document *)row)->document, "{\"a\":{\"b\":[1,2]}}");
  } else if (kind == SRV_SETTINGS_STATUS) {
    strcpy(((struct srv_settings_status *)row)->errors, "[{\"setting_key\":\"KEY\"}]");
  } else if (kind == SRV_EVALUATION) {
    strcpy(((struct srv_evaluation *)row)->report, "{\"accuracy\":0.5}");
  }
}

/* An admin of the server, whose session has just begun; no password, which takes
 * time, but codes. */
static void fill_account(enum srv_kind kind, void *row) {
  if (kind == SRV_ACCOUNT) {
    strcpy(((struct srv_account *)row)->email, "ada@example.com");
    ((struct srv_account *)row)->server_admin = true;
  } else if (kind == SRV_LOGIN) {
    ((struct srv_login *)row)->totp_secret_size = SRV_TOTP_SECRET_SIZE;
  } else if (kind == SRV_SESSION) {
    struct srv_session *session = row;
    strcpy(session->account_id, "0123456789abcdef01234567");
    session->created_us = session->last_used_us = fuzz_now_us(NULL);
    session->by_link = true;
  } else if (kind == SRV_MEMBER) {
    struct srv_member *member = row;
    strcpy(member->organization_id, "default");
    strcpy(member->account_id, "0123456789abcdef01234567");
    member->role = SRV_ROLE_ADMIN;
  }
}

static void fill_row(enum srv_kind kind, void *row) {
  memset(row, 0, srv_table_of(kind)->row_size);
  if (kind == SRV_API_KEY) {
    ((struct srv_api_key *)row)->enabled = true;
    ((struct srv_api_key *)row)->role = SRV_ROLE_ADMIN;
  } else if (kind == SRV_ORGANIZATION) {
    strcpy(((struct srv_organization *)row)->id, "default");
  } else if (kind == SRV_PROJECT) {
    strcpy(((struct srv_project *)row)->id, "default");
  } else if (kind == SRV_DEVICE_STATE) {
    strcpy(((struct srv_device_document *)row)->document, "{\"a\":[1,{\"b\":0.5}],\"c\":{}}");
  } else if (kind == SRV_SETTING) {
    strcpy(((struct srv_setting *)row)->id, "0123456789abcdef01234567");
    strcpy(((struct srv_setting *)row)->value, "1");
  } else if (kind == SRV_DEVICE_LOG) {
    strcpy(((struct srv_device_log *)row)->fields, "{\"a\":[1]}");
  } else if (kind != SRV_OTA_EVENT) {
    strcpy(row, "0123456789abcdef01234567"); /* the id is first in each */
  }
  fill_content(kind, row);
  fill_account(kind, row);
}

/* What begins with 'x' is not there, and neither is what is checked for
 * duplicates. */
static int get_row(struct srv_store *store, enum srv_kind kind, const struct srv_query *query,
                   void *row) {
  build(kind, query);
  for (size_t i = 0; i < query->condition_count; i++) {
    const char *text = query->condition[i].text;
    bool duplicate_check = strcmp(query->condition[i].column, "version") == 0 ||
                           strcmp(query->condition[i].column, "release_label") == 0;
    if (duplicate_check || (text != NULL && text[0] == 'x')) {
      strcpy(store->error, "not there");
      return SRV_ERR_NOT_FOUND;
    }
  }
  fill_row(kind, row);
  return SRV_OK;
}

static int list_rows(struct srv_store *store, enum srv_kind kind, const struct srv_query *query,
                     srv_row_visitor visit, void *context, uint64_t *total) {
  (void)store;
  build(kind, query);
  if (total != NULL) *total = visit == NULL ? 0 : 1;
  if (visit == NULL) return SRV_OK;
  void *row = calloc(1, srv_table_of(kind)->row_size);
  if (row == NULL) return SRV_ERR_INTERNAL;
  fill_row(kind, row);
  visit(context, row);
  free(row);
  return SRV_OK;
}

static int remove_rows(struct srv_store *store, enum srv_kind kind, const struct srv_query *query) {
  (void)store;
  build(kind, query);
  return SRV_OK;
}

static const struct srv_store_ops store_ops = {.begin = yes,
                                               .commit = yes,
                                               .rollback = nothing,
                                               .insert = write_row,
                                               .update = write_row,
                                               .put = write_row,
                                               .get = get_row,
                                               .list = list_rows,
                                               .remove = remove_rows,
                                               .close = nothing};

/* --- and a place for blobs that has none ------------------------------------------ */

static int no_begin(struct srv_blobs *blobs, struct srv_blob_writer **writer) {
  (void)writer;
  strcpy(blobs->error, "no space");
  return SRV_ERR_NO_SPACE;
}

static int no_open(struct srv_blobs *blobs, const uint8_t digest[GW_DIGEST_SIZE], size_t size_bytes,
                   struct srv_blob_view *view) {
  (void)digest;
  (void)size_bytes;
  (void)view;
  strcpy(blobs->error, "not there");
  return SRV_ERR_NOT_FOUND;
}

static int no_remove(struct srv_blobs *blobs, const uint8_t digest[GW_DIGEST_SIZE]) {
  (void)blobs;
  (void)digest;
  return SRV_OK;
}

static int no_sweep(struct srv_blobs *blobs,
                    bool (*keep)(void *context, const uint8_t digest[GW_DIGEST_SIZE]),
                    void *context) {
  (void)blobs;
  (void)keep;
  (void)context;
  return SRV_OK;
}

static uint64_t endless_room(struct srv_blobs *blobs) {
  (void)blobs;
  return UINT64_MAX;
}

static const struct srv_blobs_ops blobs_ops = {.begin = no_begin,
                                               .room = endless_room,
                                               .open = no_open,
                                               .remove = no_remove,
                                               .sweep = no_sweep};

/* --- the request --------------------------------------------------------------------- */

static int add_query(struct srv_request *request, char *query) {
  char *rest = query;
  for (char *pair; (pair = strtok_r(rest, "&", &rest)) != NULL;) {
    char *value = strchr(pair, '=');
    if (value != NULL) *value++ = 0;
    if (value == NULL) value = pair + strlen(pair);
    int status = srv_request_add_query(request, pair, value);
    if (status != SRV_OK) return status;
  }
  return SRV_OK;
}

static int give_body(struct srv_request *request, const char *body, size_t size) {
  if ((request->route->flags & SRV_ROUTE_UPLOAD) != 0) return srv_check_upload(request);
  return srv_request_set_body(request, body, size);
}

/* Part of a stream: the store's one row may come again and again. */
static void drain(struct srv_request *request) {
  char bytes[1000];
  if (request->stream.context == NULL) return;
  for (int i = 0; i < 100; i++) {
    if (request->stream.read(request->stream.context, bytes, sizeof(bytes)) <= 0) break;
  }
}

/* Hashing a password takes as long as ten thousand requests. */
static bool hashes(const struct srv_request *request) {
  return request->route != NULL && request->route->handle == srv_sign_in;
}

/* Cuts "URL\tCOOKIE\tCSRF\tETAGS": with a cookie there is no key. */
static const char *take_head(struct srv_request *request, char *url) {
  char *cookie = strchr(url, '\t');
  if (cookie == NULL) return "key";
  *cookie++ = 0;
  char *csrf = strchr(cookie, '\t');
  if (csrf != NULL) *csrf++ = 0;
  char *etags = csrf == NULL ? NULL : strchr(csrf, '\t');
  if (etags != NULL) *etags++ = 0;
  request->if_match = request->if_none_match = etags;
  if (cookie[0] == 0) return "key";
  request->head = (struct srv_head){.cookie = cookie,
                                    .csrf = csrf,
                                    .address = "192.0.2.1",
                                    .user_agent = cookie,
                                    .host = "localhost"};
  return NULL;
}

static void run(const struct srv_rest_context *context, char *head, const char *body, size_t size) {
  static struct srv_request request;
  char *url = strchr(head, ' ');
  if (url == NULL) return;
  *url++ = 0;
  static struct srv_request probe;
  memset(&probe, 0, sizeof(probe));
  const char *key = take_head(&probe, url);
  char *query = strchr(url, '?');
  if (query != NULL) *query++ = 0;
  srv_request_begin(&request, context, head, url);
  if (key == NULL) request.head = probe.head;
  request.if_match = probe.if_match;
  request.if_none_match = probe.if_none_match;
  if (hashes(&request)) return;
  int status = query == NULL ? SRV_OK : add_query(&request, query);
  if (status == SRV_OK) status = srv_request_authorize(&request, key);
  if (status == SRV_OK) status = give_body(&request, body, size);
  if (status == SRV_OK) status = srv_request_run(&request);
  /* Either an answer or an error that says something, never neither. */
  if ((status == SRV_OK) != (request.error[0] == 0)) abort();
  if (status == SRV_OK && (request.has_blob || request.stream.context != NULL)) {
    drain(&request);
    srv_request_end(&request);
    return;
  }
  if (request.waiting) abort();     /* no device is ever here */
  if (request.http_status == 304) { /* neither answer nor error */
    if (request.answer != NULL) abort();
    srv_request_end(&request);
    return;
  }
  json_t *document = srv_request_take_document(&request);
  char *text = json_dumps(document, JSON_COMPACT);
  if (text == NULL) abort();
  free(text);
  json_decref(document);
  srv_request_end(&request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct srv_store store = {.ops = &store_ops};
  static struct srv_blobs blobs = {.ops = &blobs_ops};
  static struct srv_core *core;
  char error[SRV_ERROR_MAX];
  struct srv_core_config config = {.store = &store, .blobs = &blobs, .now_us = fuzz_now_us};
  if (core == NULL && srv_core_create(&core, &config, error) != SRV_OK) abort();
  static struct srv_rest_context context = {.version = "0"};
  context.core = core;
  if (context.live == NULL && srv_live_create(&context.live, &context, 0) != SRV_OK) abort();
  const uint8_t *end = memchr(data, '\n', size);
  size_t head_size = end == NULL ? size : (size_t)(end - data);
  char *head = malloc(head_size + 1);
  if (head == NULL) return 0;
  memcpy(head, data, head_size);
  head[head_size] = 0;
  const char *body = end == NULL ? "" : (const char *)end + 1;
  run(&context, head, body, end == NULL ? 0 : size - head_size - 1);
  free(head);
  return 0;
}
