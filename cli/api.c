/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/api.h"

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
#include <errno.h>
#include <string.h>

#include "cli/output.h"
#include "cli/words.h"

#define PAGE_SIZE 1000 /* the server's largest */
#define PAGES_MAX 10000

/* --- addresses -------------------------------------------------------------- */

static void add(struct cli_address *address, const char *text, size_t length) {
  if (address->overflow || length >= sizeof address->text - address->length) {
    address->overflow = true;
    return;
  }
  memcpy(address->text + address->length, text, length);
  address->length += length;
  address->text[address->length] = 0;
}

/* RFC 3986 2.3: all but the unreserved characters are percent-encoded. */
static void add_escaped(struct cli_address *address, const char *text) {
  static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  for (; *text != 0; text++) {
    char code[4];
    if (strchr(plain, *text) != NULL) {
      add(address, text, 1);
    } else {
      snprintf(code, sizeof code, "%%%02X", (unsigned)(unsigned char)*text);
      add(address, code, 3);
    }
  }
}

void cli_address_plain(struct cli_address *address, const char *text) {
  add(address, text, strlen(text));
}

void cli_address_step(struct cli_address *address, const char *segment) {
  add(address, "/", 1);
  /* "." and ".." would be taken as steps of the path itself. */
  if (strcmp(segment, ".") == 0 || strcmp(segment, "..") == 0) address->overflow = true;
  add_escaped(address, segment);
}

void cli_address_query(struct cli_address *address, const char *name, const char *value) {
  if (value == NULL) return;
  add(address, address->has_query ? "&" : "?", 1);
  address->has_query = true;
  cli_address_plain(address, name);
  add(address, "=", 1);
  add_escaped(address, value);
}

void cli_address_init_plain(struct cli_address *address, const char *text) {
  memset(address, 0, sizeof *address);
  cli_address_plain(address, "/v1/");
  cli_address_plain(address, text);
}

void cli_address_init(struct cli_address *address, const struct cli_session *session,
                      const char *collection) {
  cli_address_init_plain(address, "projects");
  cli_address_step(address, session->config.project);
  cli_address_plain(address, collection);
}

/* --- replies ---------------------------------------------------------------- */

static int explain_refusal(struct cli_session *session, long status, const char *message) {
  const struct cli_config *config = &session->config;
  if (status == 401 && config->api_key[0] == 0 && config->session[0] != 0) {
    return cli_fail(session,
                    "the sign-in at %s has ended; sign in again with `godwit login --email`",
                    config->url);
  }
  if (status == 401 && config->api_key[0] == 0) {
    return cli_fail(session,
                    "%s wants an API key and none is set; `godwit server` printed one when it "
                    "first started: keep it with `godwit login`, or set GODWIT_API_KEY; with an "
                    "account, `godwit login --email`",
                    config->url);
  }
  if (status == 401) {
    return cli_fail(session,
                    "%s does not know the API key from %s; set another with `godwit login` or "
                    "GODWIT_API_KEY",
                    config->url, cli_source_name(config->api_key_source));
  }
  if (status == 403 && config->api_key[0] == 0) {
    return cli_fail(session, "this account may not do this: %s", message);
  }
  if (status == 403) {
    return cli_fail(session, "the API key from %s may not do this: %s",
                    cli_source_name(config->api_key_source), message);
  }
  /* Busy, or a device that does not answer: the message says all. */
  if (status == 503 || status == 504) return cli_fail(session, "%s", message);
  if (status >= 500) {
    return cli_fail(session, "the server failed: %s; look at its log", message);
  }
  return cli_fail(session, "%s", message);
}

static int refused(struct cli_session *session, const struct cli_http_reply *reply) {
  json_t *body = reply->size > 0 ? json_loadb(reply->body, reply->size, 0, NULL) : NULL;
  const char *message = json_string_value(json_object_get(body, "message"));
  int status;
  if (message != NULL) {
    status = explain_refusal(session, reply->status, message);
  } else if (reply->status == 401) {
    status = explain_refusal(session, 401, "");
  } else {
    status =
        cli_fail(session,
                 "%s answered HTTP %ld with no Godwit error: is it a Godwit server? Check the "
                 "URL, which is from %s",
                 session->config.url, reply->status, cli_source_name(session->config.url_source));
  }
  json_decref(body);
  return status;
}

/* In the server's words: there is no key that could be wrong. */
static int refused_sign_in(struct cli_session *session, const struct cli_http_reply *reply) {
  json_t *body = reply->size > 0 ? json_loadb(reply->body, reply->size, 0, NULL) : NULL;
  const char *message = json_string_value(json_object_get(body, "message"));
  int status = message == NULL ? refused(session, reply) : cli_fail(session, "%s", message);
  json_decref(body);
  return status;
}

static int send_request(struct cli_session *session, const struct cli_address *address,
                        struct cli_http_request *request, struct cli_http_reply *reply) {
  memset(reply, 0, sizeof *reply);
  if (address->overflow) {
    return cli_misuse(session, "a name is too long or cannot be part of an address; correct it");
  }
  request->path = address->text;
  int status = cli_http_send(session, request, reply);
  if (status != CLI_OK) return status;
  if (reply->status >= 200 && reply->status < 300) return CLI_OK;
  status = refused(session, reply);
  cli_http_reply_free(reply);
  return status;
}

/* The reply's document; JSON null for an empty reply. Frees the reply. */
static int take_document(struct cli_session *session, struct cli_http_reply *reply,
                         json_t **document) {
  json_error_t error;
  *document = reply->size == 0
                  ? json_null()
                  : json_loadb(reply->body, reply->size, JSON_REJECT_DUPLICATES, &error);
  cli_http_reply_free(reply);
  if (*document != NULL) return CLI_OK;
  return cli_fail(session, "%s answered with something that is no JSON (%s): check the URL",
                  session->config.url, error.text);
}

/* Takes "data" out of a document. */
static int take_data(struct cli_session *session, json_t *document, json_t **data) {
  if (json_is_null(document)) {
    *data = document;
    return CLI_OK;
  }
  json_t *found = json_object_get(document, "data");
  *data = json_incref(found);
  json_decref(document);
  if (found != NULL) return CLI_OK;
  return cli_fail(session, "%s answered without \"data\": is it a Godwit server? Check the URL",
                  session->config.url);
}

static int exchange(struct cli_session *session, const struct cli_address *address,
                    struct cli_http_request *request, json_t **data) {
  struct cli_http_reply reply;
  json_t *document;
  *data = NULL;
  int status = send_request(session, address, request, &reply);
  if (status == CLI_OK) status = take_document(session, &reply, &document);
  return status == CLI_OK ? take_data(session, document, data) : status;
}

int cli_api_get(struct cli_session *session, const struct cli_address *address, json_t **data) {
  struct cli_http_request request = {.method = "GET"};
  return exchange(session, address, &request, data);
}

int cli_api_raw(struct cli_session *session, const char *method, const struct cli_address *address,
                const void *bytes, size_t size, const char *content_type, char **text) {
  struct cli_http_request request = {.method = method,
                                     .body = bytes,
                                     .body_size = size,
                                     .content_type = content_type,
                                     .progress = true};
  struct cli_http_reply reply;
  *text = NULL;
  int status = send_request(session, address, &request, &reply);
  if (status != CLI_OK) return status;
  *text = strdup(reply.body != NULL ? reply.body : "");
  cli_http_reply_free(&reply);
  return *text != NULL ? CLI_OK : cli_fail(session, "no memory for the reply; free some");
}

int cli_api_stream(struct cli_session *session, const struct cli_address *address,
                   bool (*take)(void *context, const char *data, size_t size), void *context) {
  struct cli_http_request request = {.method = "GET", .take = take, .take_context = context};
  struct cli_http_reply reply;
  int status = send_request(session, address, &request, &reply);
  cli_http_reply_free(&reply);
  return status;
}

int cli_api_send(struct cli_session *session, const char *method, const struct cli_address *address,
                 json_t *body, json_t **data) {
  struct cli_http_request request = {.method = method, .content_type = "application/json"};
  char *text = NULL;
  *data = NULL;
  if (body != NULL) {
    text = json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(body);
    if (text == NULL) return cli_misuse(session, "a text is no UTF-8; correct it");
    request.body = text;
    request.body_size = strlen(text);
  }
  int status = exchange(session, address, &request, data);
  if (text != NULL) explicit_bzero(text, strlen(text)); /* device keys go this way */
  free(text);
  return status;
}

int cli_api_delete(struct cli_session *session, const struct cli_address *address) {
  struct cli_http_request request = {.method = "DELETE"};
  struct cli_http_reply reply;
  int status = send_request(session, address, &request, &reply);
  cli_http_reply_free(&reply);
  return status;
}

/* {"details": [{"reason": "code"}]}: the account wants a code as well. */
static bool wants_code(const struct cli_http_reply *reply) {
  json_t *body = reply->size > 0 ? json_loadb(reply->body, reply->size, 0, NULL) : NULL;
  const json_t *detail = json_array_get(json_object_get(body, "details"), 0);
  bool wanted = reply->status == 401 && strcmp(cli_text(detail, "reason"), "code") == 0;
  json_decref(body);
  return wanted;
}

static int take_sign_in(struct cli_session *session, struct cli_http_reply *reply) {
  struct cli_config *config = &session->config;
  json_t *document, *data;
  char cookie[CLI_TOKEN_MAX];
  memcpy(cookie, reply->session, sizeof cookie);
  int status = take_document(session, reply, &document);
  if (status == CLI_OK) status = take_data(session, document, &data);
  if (status != CLI_OK) return status;
  snprintf(config->session, sizeof config->session, "%s", cookie);
  snprintf(config->csrf, sizeof config->csrf, "%s", cli_text(data, "csrfToken"));
  json_decref(data);
  explicit_bzero(cookie, sizeof cookie);
  if (config->session[0] != 0 && config->csrf[0] != 0) return CLI_OK;
  return cli_fail(session, "%s signed in without a session: is a proxy taking cookies away?",
                  config->url);
}

int cli_api_sign_in(struct cli_session *session, const char *route, json_t *body, char reason[16]) {
  struct cli_address address;
  struct cli_http_reply reply;
  char *text = json_dumps(body, JSON_COMPACT);
  json_decref(body);
  reason[0] = 0;
  if (text == NULL) return cli_misuse(session, "a text is no UTF-8; correct it");
  struct cli_http_request request = {.method = "POST",
                                     .body = text,
                                     .body_size = strlen(text),
                                     .content_type = "application/json"};
  cli_address_init_plain(&address, route);
  request.path = address.text;
  int status = cli_http_send(session, &request, &reply);
  explicit_bzero(text, strlen(text));
  free(text);
  if (status != CLI_OK) return status;
  if (reply.status >= 200 && reply.status < 300) {
    status = take_sign_in(session, &reply);
  } else if (wants_code(&reply)) {
    strcpy(reason, "code");
    status = CLI_FAILED;
  } else {
    status = refused_sign_in(session, &reply);
  }
  explicit_bzero(reply.session, sizeof reply.session);
  cli_http_reply_free(&reply);
  return status;
}

int cli_delete(struct cli_session *session, const struct cli_address *address, const char *what,
               const char *name) {
  int status = cli_confirm(session, what, name);
  if (status == CLI_OK) status = cli_api_delete(session, address);
  if (status != CLI_OK) return status;
  if (session->json) {
    fputs("{}\n", session->out);
  } else {
    cli_fact(session, "deleted", "%s %s", what, name);
  }
  return CLI_OK;
}

int cli_api_upload(struct cli_session *session, const struct cli_address *address,
                   const void *bytes, size_t size, json_t **data) {
  struct cli_http_request request = {.method = "POST",
                                     .body = bytes,
                                     .body_size = size,
                                     .content_type = "application/octet-stream",
                                     .progress = true};
  return exchange(session, address, &request, data);
}

int cli_api_download(struct cli_session *session, const struct cli_address *address, FILE *sink,
                     size_t *size) {
  struct cli_http_request request = {.method = "GET", .progress = true, .sink = sink};
  struct cli_http_reply reply;
  int status = send_request(session, address, &request, &reply);
  if (status == CLI_OK) *size = reply.sunk;
  cli_http_reply_free(&reply);
  return status;
}

int cli_api_download_counted(struct cli_session *session, const struct cli_address *address,
                             FILE *sink, long long (*count)(void *context), void *context,
                             const char *counted) {
  struct cli_http_request request = {.method = "GET",
                                     .progress = true,
                                     .sink = sink,
                                     .sink_max = CLI_EXPORT_MAX,
                                     .count = count,
                                     .count_context = context,
                                     .counted = counted};
  struct cli_http_reply reply;
  int status = send_request(session, address, &request, &reply);
  cli_http_reply_free(&reply);
  return status;
}

/* Takes "list" out of a document. */
static int take_list(struct cli_session *session, json_t *document, json_t **list) {
  json_t *found = json_object_get(document, "list");
  *list = json_is_array(found) ? json_incref(found) : NULL;
  json_decref(document);
  if (*list != NULL) return CLI_OK;
  return cli_fail(session, "%s answered without a \"list\": is it a Godwit server? Check the URL",
                  session->config.url);
}

int cli_api_document(struct cli_session *session, const struct cli_address *address,
                     json_t **document) {
  struct cli_http_request request = {.method = "GET"};
  struct cli_http_reply reply;
  *document = NULL;
  int status = send_request(session, address, &request, &reply);
  return status == CLI_OK ? take_document(session, &reply, document) : status;
}

int cli_api_page(struct cli_session *session, const struct cli_address *address, json_t **list) {
  json_t *document;
  *list = NULL;
  int status = cli_api_document(session, address, &document);
  return status == CLI_OK ? take_list(session, document, list) : status;
}

/* By the token of the page before where there is one: it leads on whatever came
 * meanwhile, and a number would give a row twice. */
static int get_page(struct cli_session *session, const struct cli_address *address, unsigned page,
                    const char *token, json_t **document) {
  struct cli_address paged = *address;
  char number[16];
  snprintf(number, sizeof number, "%u", page);
  cli_address_query(&paged, token[0] != 0 ? "pageToken" : "page", token[0] != 0 ? token : number);
  snprintf(number, sizeof number, "%u", (unsigned)PAGE_SIZE);
  cli_address_query(&paged, "perPage", number);
  return cli_api_document(session, &paged, document);
}

int cli_api_list(struct cli_session *session, const struct cli_address *address, json_t **list) {
  char token[CLI_ID_MAX + 1] = "";
  *list = json_array();
  int status = CLI_OK;
  for (unsigned page = 0; page < PAGES_MAX && status == CLI_OK; page++) {
    json_t *document, *part;
    status = get_page(session, address, page, token, &document);
    if (status != CLI_OK) break;
    bool by_token = json_object_get(document, "nextPageToken") != NULL;
    snprintf(token, sizeof token, "%s", cli_text(document, "nextPageToken"));
    json_int_t total = json_integer_value(json_object_get(document, "total"));
    status = take_list(session, document, &part);
    if (status != CLI_OK) break;
    bool last = json_array_size(part) == 0 || (by_token && token[0] == 0);
    json_array_extend(*list, part);
    json_decref(part);
    if (last || (!by_token && (json_int_t)json_array_size(*list) >= total)) break;
  }
  if (status == CLI_OK) return CLI_OK;
  json_decref(*list);
  *list = NULL;
  return status;
}

int cli_api_download_file(struct cli_session *session, const struct cli_address *address,
                          const char *path, long long expected) {
  char partial[4096];
  size_t size = 0;
  if ((size_t)snprintf(partial, sizeof partial, "%s.part", path) >= sizeof partial) {
    return cli_misuse(session, "the path of the output file is too long; shorten it");
  }
  FILE *file = fopen(partial, "wb");
  if (file == NULL) {
    return cli_fail(session, "cannot create %s: %s; choose another --output", partial,
                    strerror(errno));
  }
  int status = cli_api_download(session, address, file, &size);
  bool written = fclose(file) == 0;
  if (status == CLI_OK && !written) {
    status = cli_fail(session, "cannot write %s: %s; free some space", partial, strerror(errno));
  } else if (status == CLI_OK && expected >= 0 && (long long)size != expected) {
    status = cli_fail(session, "the server sent %zu of %lld bytes; try again", size, expected);
  } else if (status == CLI_OK && rename(partial, path) != 0) {
    status = cli_fail(session, "cannot rename %s to %s: %s; choose another --output", partial, path,
                      strerror(errno));
  }
  if (status != CLI_OK) (void)unlink(partial);
  return status;
}

/* --- tables ------------------------------------------------------------------- */

#define DIGEST_SHOWN 16 /* digits that tell one from another */

static void add_cell(struct cli_table *table, const json_t *row, const struct cli_column *column) {
  char time[64];
  const json_t *value = json_object_get(row, column->member);
  const char *text = cli_text(row, column->member);
  if (json_is_boolean(value)) {
    cli_table_add(table, json_is_true(value) ? "yes" : "no");
  } else if (column->cell == CLI_CELL_DIGEST && strlen(text) > DIGEST_SHOWN) {
    cli_table_addf(table, "%.*s...", DIGEST_SHOWN, text);
  } else if (column->cell == CLI_CELL_TIME) {
    cli_table_add(table, cli_format_time(time, sizeof time, text));
  } else if (value == NULL || json_is_null(value) || json_is_string(value)) {
    cli_table_add(table, text);
  } else {
    char *line = cli_json_line(value);
    cli_table_add(table, line);
    free(line);
  }
}

static void print_rows(struct cli_session *session, const json_t *rows,
                       const struct cli_column *columns) {
  const char *heading[CLI_COLUMNS_MAX];
  struct cli_table table;
  json_t *row;
  size_t i, count = 0;
  for (; columns[count].heading != NULL; count++) heading[count] = columns[count].heading;
  cli_table_init(&table, heading, count);
  json_array_foreach(rows, i, row) {
    for (size_t column = 0; column < count; column++) add_cell(&table, row, &columns[column]);
  }
  cli_table_print(session, &table);
}

int cli_list(struct cli_session *session, const struct cli_address *address,
             const struct cli_column *columns) {
  json_t *rows;
  int status = cli_api_list(session, address, &rows);
  if (status != CLI_OK) return status;
  if (session->json) {
    cli_print_json(session, rows);
  } else {
    print_rows(session, rows, columns);
  }
  json_decref(rows);
  return CLI_OK;
}

int cli_list_newest(struct cli_session *session, const struct cli_address *address,
                    const char *limit, const struct cli_column *columns) {
  struct cli_address paged = *address;
  json_t *rows;
  cli_address_query(&paged, "perPage", limit != NULL ? limit : "50");
  int status = cli_api_page(session, &paged, &rows);
  if (status != CLI_OK) return status;
  if (session->json) {
    cli_print_json(session, rows);
  } else {
    print_rows(session, rows, columns);
  }
  json_decref(rows);
  return CLI_OK;
}

static void print_fact(struct cli_session *session, const json_t *data,
                       const struct cli_column *column) {
  char time[64];
  const json_t *value = json_object_get(data, column->member);
  if (value == NULL || json_is_null(value)) return;
  if (json_is_boolean(value)) {
    cli_fact(session, column->heading, "%s", json_is_true(value) ? "yes" : "no");
  } else if (json_is_string(value)) {
    const char *text = json_string_value(value);
    if (column->cell == CLI_CELL_TIME) text = cli_format_time(time, sizeof time, text);
    if (text[0] != 0) cli_fact(session, column->heading, "%s", text);
  } else {
    char *text = cli_json_line(value);
    if (text != NULL) cli_fact(session, column->heading, "%s", text);
    free(text);
  }
}

int cli_record(struct cli_session *session, json_t *data, const struct cli_column *columns) {
  if (session->json) {
    cli_print_json(session, data);
  } else {
    for (; columns->heading != NULL; columns++) print_fact(session, data, columns);
  }
  json_decref(data);
  return CLI_OK;
}

int cli_send_and_show(struct cli_session *session, const char *method,
                      const struct cli_address *address, json_t *body,
                      const struct cli_column *columns) {
  json_t *data;
  int status = cli_api_send(session, method, address, body, &data);
  return status == CLI_OK ? cli_record(session, data, columns) : status;
}

void cli_body_option(struct cli_session *session, json_t *body, const char *member,
                     const char *option) {
  const char *text = cli_option(session, option);
  if (text != NULL) json_object_set_new(body, member, json_string(text));
}

/* --- objects by name ---------------------------------------------------------- */

const struct cli_kind cli_kind_device = {"device", "/devices", "deviceName",
                                         "godwit device create"};
const struct cli_kind cli_kind_blueprint = {"blueprint", "/blueprints", "blueprintName",
                                            "godwit blueprint create"};
const struct cli_kind cli_kind_tag = {"tag", "/tags", "tagName", "godwit tag create"};
const struct cli_kind cli_kind_api_key = {"API key", "/apikeys", NULL, "godwit apikey create"};

static bool text_is(const json_t *object, const char *member, const char *text) {
  return strcmp(cli_text(object, member), text) == 0;
}

int cli_find(struct cli_session *session, const struct cli_kind *kind, const char *name_or_id,
             json_t **object) {
  struct cli_address address;
  json_t *list, *element;
  size_t i, found = 0;
  *object = NULL;
  cli_address_init(&address, session, kind->collection);
  if (!cli_is_id(name_or_id) && kind->filter != NULL) {
    cli_address_query(&address, kind->filter, name_or_id);
  }
  if (cli_is_id(name_or_id)) {
    cli_address_step(&address, name_or_id);
    return cli_api_get(session, &address, object);
  }
  int status = cli_api_list(session, &address, &list);
  if (status != CLI_OK) return status;
  json_array_foreach(list, i, element) {
    if (!text_is(element, "name", name_or_id)) continue;
    found++;
    if (*object == NULL) *object = json_incref(element);
  }
  json_decref(list);
  if (found == 1) return CLI_OK;
  json_decref(*object);
  *object = NULL;
  if (found > 1) {
    return cli_fail(session, "%zu %ss are named '%s'; name it by its id", found, kind->what,
                    name_or_id);
  }
  return cli_fail(session, "there is no %s '%s' in project %s; make one with `%s`", kind->what,
                  name_or_id, session->config.project, kind->create);
}

int cli_find_id(struct cli_session *session, const struct cli_kind *kind, const char *name_or_id,
                char id[CLI_ID_MAX + 1]) {
  json_t *object;
  int status = cli_find(session, kind, name_or_id, &object);
  if (status != CLI_OK) return status;
  snprintf(id, CLI_ID_MAX + 1, "%s", cli_text(object, "id"));
  json_decref(object);
  if (id[0] != 0) return CLI_OK;
  return cli_fail(session, "the server gave the %s no id; check the URL", kind->what);
}

int cli_find_options(struct cli_session *session, const struct cli_kind *kind, const char *option,
                     json_t **ids) {
  *ids = json_array();
  for (size_t i = 0; i < session->parsed.option_count; i++) {
    char id[CLI_ID_MAX + 1];
    if (strcmp(session->parsed.option[i].option->name, option) != 0) continue;
    int status = cli_find_id(session, kind, session->parsed.option[i].value, id);
    if (status != CLI_OK) {
      json_decref(*ids);
      *ids = NULL;
      return status;
    }
    json_array_append_new(*ids, json_string(id));
  }
  return CLI_OK;
}

/* The only one of `list`, or an error that says how to be clearer. Takes list. */
static int take_only(struct cli_session *session, json_t *list, const char *what, const char *text,
                     const char *create, json_t **only) {
  size_t count = json_array_size(list);
  *only = count == 1 ? json_incref(json_array_get(list, 0)) : NULL;
  json_decref(list);
  if (count == 1) return CLI_OK;
  if (count > 1) {
    return cli_fail(session, "%zu %ss are called '%s'; name it by its id", count, what, text);
  }
  return cli_fail(session, "there is no %s '%s' in project %s; make one with `%s`", what, text,
                  session->config.project, create);
}

static bool blueprint_fits(const json_t *artifact, const char *blueprint_id) {
  const char *own = cli_text(artifact, "blueprintId");
  return blueprint_id == NULL || own[0] == 0 || strcmp(own, blueprint_id) == 0;
}

int cli_find_artifact(struct cli_session *session, const char *text, const char *blueprint_id,
                      json_t **artifact) {
  struct cli_address address;
  const char *at = strrchr(text, '@');
  char package[128];
  json_t *list, *element;
  size_t i;
  *artifact = NULL;
  cli_address_init(&address, session, "/artifacts");
  if (at == NULL && cli_is_id(text)) {
    cli_address_step(&address, text);
    return cli_api_get(session, &address, artifact);
  }
  if (at == NULL || at == text || at[1] == 0 || (size_t)(at - text) >= sizeof package) {
    return cli_misuse(session,
                      "'%s' is no artifact; write PACKAGE@VERSION, for example "
                      "model@1.0.0, or its id",
                      text);
  }
  snprintf(package, sizeof package, "%.*s", (int)(at - text), text);
  cli_address_query(&address, "package", package);
  cli_address_query(&address, "version", at + 1);
  int status = cli_api_list(session, &address, &list);
  if (status != CLI_OK) return status;
  json_t *fitting = json_array();
  /* One made for the very blueprint wins over one for all. */
  for (int exact = 1; exact >= 0 && json_array_size(fitting) == 0; exact--) {
    json_array_foreach(list, i, element) {
      if (!text_is(element, "package", package) || !text_is(element, "version", at + 1)) continue;
      bool own = blueprint_id != NULL && text_is(element, "blueprintId", blueprint_id);
      if (exact ? own : blueprint_fits(element, blueprint_id)) json_array_append(fitting, element);
    }
  }
  json_decref(list);
  return take_only(session, fitting, "artifact", text, "godwit artifact upload", artifact);
}

static bool release_is_called(const json_t *release, const char *text) {
  char number[24];
  json_t *name;
  size_t i;
  snprintf(number, sizeof number, "%lld",
           (long long)json_integer_value(json_object_get(release, "sequenceNumber")));
  if (strcmp(number, text) == 0 || text_is(release, "sequenceNumber", text)) return true;
  json_array_foreach(json_object_get(release, "releaseTags"), i, name) {
    if (json_is_string(name) && strcmp(json_string_value(name), text) == 0) return true;
  }
  return false;
}

int cli_find_release(struct cli_session *session, const char *text, json_t **release) {
  struct cli_address address;
  json_t *list, *element;
  size_t i;
  *release = NULL;
  cli_address_init(&address, session, "/releases");
  if (cli_is_id(text)) {
    cli_address_step(&address, text);
    return cli_api_get(session, &address, release);
  }
  int status = cli_api_list(session, &address, &list);
  if (status != CLI_OK) return status;
  json_t *fitting = json_array();
  json_array_foreach(list, i, element) {
    if (release_is_called(element, text)) json_array_append(fitting, element);
  }
  json_decref(list);
  return take_only(session, fitting, "release", text, "godwit release create", release);
}

static int list_all(struct cli_session *session, const char *collection, json_t **list) {
  struct cli_address address;
  cli_address_init(&address, session, collection);
  return cli_api_list(session, &address, list);
}

int cli_names_load(struct cli_session *session, struct cli_names *names) {
  *names = (struct cli_names){0};
  int status = list_all(session, "/blueprints", &names->blueprints);
  return status == CLI_OK ? list_all(session, "/tags", &names->tags) : status;
}

int cli_names_load_with_artifacts(struct cli_session *session, struct cli_names *names) {
  int status = cli_names_load(session, names);
  return status == CLI_OK ? list_all(session, "/artifacts", &names->artifacts) : status;
}

void cli_names_free(struct cli_names *names) {
  json_decref(names->blueprints);
  json_decref(names->tags);
  json_decref(names->artifacts);
}

/* --- reading what came -------------------------------------------------------- */

const char *cli_text(const json_t *object, const char *member) {
  const char *text = json_string_value(json_object_get(object, member));
  return text != NULL ? text : "";
}

static const json_t *with_id(const json_t *list, const char *id) {
  json_t *element;
  size_t i;
  json_array_foreach(list, i, element) {
    if (text_is(element, "id", id)) return element;
  }
  return NULL;
}

const char *cli_name_in(const json_t *list, const char *id) {
  const char *name = cli_text(with_id(list, id), "name");
  return name[0] != 0 ? name : id;
}

static void join(char *out, size_t size, const char *text) {
  size_t used = strlen(out);
  snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "", text);
}

const char *cli_join(char *out, size_t size, const json_t *ids, const json_t *list) {
  json_t *id;
  size_t i;
  out[0] = 0;
  json_array_foreach(ids, i, id) {
    const char *text = json_string_value(id);
    if (text != NULL) join(out, size, list != NULL ? cli_name_in(list, text) : text);
  }
  return out;
}

const char *cli_join_artifacts(char *out, size_t size, const json_t *ids, const json_t *artifacts) {
  json_t *id;
  size_t i;
  out[0] = 0;
  json_array_foreach(ids, i, id) {
    char name[256];
    const char *text = json_string_value(id);
    const json_t *artifact = text != NULL ? with_id(artifacts, text) : NULL;
    if (artifact != NULL) {
      snprintf(name, sizeof name, "%s@%s", cli_text(artifact, "package"),
               cli_text(artifact, "version"));
    }
    if (text != NULL) join(out, size, artifact != NULL ? name : text);
  }
  return out;
}
