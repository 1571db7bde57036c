/* SPDX-License-Identifier: Apache-2.0 */
/* From a request's parts to a handler's answer. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/core/changes.h"
#include "server/core/json.h"
#include "server/rest/internal.h"

/* --- errors ---------------------------------------------------------------------- */

struct outcome {
  int status;
  int http_status;
  int code; /* of the error object: gRPC's numbers */
};
static const struct outcome outcomes[] = {
    {SRV_ERR_INVALID, 400, 3},  {SRV_ERR_NOT_FOUND, 404, 5}, {SRV_ERR_EXISTS, 409, 6},
    {SRV_ERR_IN_USE, 409, 9},   {SRV_ERR_FORBIDDEN, 403, 7}, {SRV_ERR_TOO_LARGE, 413, 8},
    {SRV_ERR_NO_SPACE, 507, 8}, {SRV_ERR_MODEL, 422, 3},     {SRV_ERR_BUSY, 503, 14},
    {SRV_ERR_IO, 500, 13},      {SRV_ERR_INTERNAL, 500, 13},
};
#define CODE_UNAUTHENTICATED 16
#define CODE_UNIMPLEMENTED 12
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct outcome *outcome_of(int status) {
  for (size_t i = 0; i < COUNT_OF(outcomes); i++) {
    if (outcomes[i].status == status) return &outcomes[i];
  }
  return &outcomes[COUNT_OF(outcomes) - 1];
}

int srv_request_fail(struct srv_request *request, int status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(request->error, sizeof(request->error), format, arguments);
  va_end(arguments);
  request->http_status = outcome_of(status)->http_status;
  request->error_code = outcome_of(status)->code;
  return status;
}

int srv_request_fail_http(struct srv_request *request, int http_status, int code,
                          const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(request->error, sizeof(request->error), format, arguments);
  va_end(arguments);
  request->http_status = http_status;
  request->error_code = code;
  return SRV_ERR_INVALID;
}

int srv_request_fail_core(struct srv_request *request, int status) {
  if (status == SRV_OK) return SRV_OK;
  return srv_request_fail(request, status, "%s", srv_core_error(request->core));
}

int srv_request_fail_field(struct srv_request *request, const char *name, const char *what) {
  snprintf(request->error_field, sizeof(request->error_field), "%s", name);
  return srv_request_fail(request, SRV_ERR_INVALID, "%s: %s", name, what);
}

/* --- text ------------------------------------------------------------------------ */

static int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

bool srv_url_decode(char *text) {
  char *out = text;
  for (const char *in = text; *in != 0; in++) {
    if (*in != '%') {
      *out++ = *in;
      continue;
    }
    int high = hex_value(in[1]);
    int low = high < 0 ? -1 : hex_value(in[2]);
    if (low < 0 || (high == 0 && low == 0)) return false;
    *out++ = (char)(high * 16 + low);
    in += 2;
  }
  *out = 0;
  return true;
}

static bool parse_fraction(const char **text, int64_t *out_us) {
  int64_t unit = 100000;
  if (**text != '.') return true;
  (*text)++;
  if (**text < '0' || **text > '9') return false;
  for (; **text >= '0' && **text <= '9'; (*text)++, unit /= 10) *out_us += (**text - '0') * unit;
  return true;
}

static bool parse_offset(const char *text, int64_t *out_us) {
  int hours, minutes, used = 0;
  char sign;
  if ((text[0] == 'Z' || text[0] == 'z') && text[1] == 0) return true;
  if (sscanf(text, "%c%2d:%2d%n", &sign, &hours, &minutes, &used) != 3 || text[used] != 0) {
    return false;
  }
  if ((sign != '+' && sign != '-') || hours < 0 || minutes < 0) return false;
  int64_t offset_us = ((int64_t)hours * 60 + minutes) * 60 * 1000000;
  *out_us += sign == '+' ? -offset_us : offset_us;
  return true;
}

bool srv_time_parse(const char *text, int64_t *out_us) {
  struct tm parts = {0};
  int used = 0;
  if (sscanf(text, "%4d-%2d-%2d%*1[Tt ]%2d:%2d:%2d%n", &parts.tm_year, &parts.tm_mon,
             &parts.tm_mday, &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &used) != 6 ||
      used == 0) {
    return false;
  }
  if (parts.tm_year < 1970 || parts.tm_mon < 1 || parts.tm_mon > 12 || parts.tm_mday < 1 ||
      parts.tm_mday > 31 || parts.tm_hour < 0 || parts.tm_hour > 23 || parts.tm_min < 0 ||
      parts.tm_min > 59 || parts.tm_sec < 0 || parts.tm_sec > 60) {
    return false;
  }
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  *out_us = (int64_t)timegm(&parts) * 1000000;
  const char *rest = text + used;
  return parse_fraction(&rest, out_us) && parse_offset(rest, out_us);
}

/* --- routing ------------------------------------------------------------------------ */

/* Cuts the path into decoded segments; false when it cannot be anyone's. */
static bool split_path(struct srv_request *request, const char *url) {
  const char *part = url;
  while (*part == '/') {
    part++;
    size_t length = strcspn(part, "/");
    if (*part == 0) break; /* a slash at the end */
    if (length > SRV_SEGMENT_MAX || request->segment_count == SRV_SEGMENTS_MAX) return false;
    char *segment = request->segment[request->segment_count++];
    memcpy(segment, part, length);
    segment[length] = 0;
    if (length == 0 || !srv_url_decode(segment)) return false;
    part += length;
  }
  return *part == 0;
}

/* The next segment of a pattern: its length, 0 at the end. */
static size_t next_segment(const char **pattern) {
  if (**pattern != '/') return 0;
  (*pattern)++;
  return strcspn(*pattern, "/");
}

/* "{path...}" */
static bool takes_rest(const char *pattern, size_t length) {
  return length > 5 && pattern[0] == '{' && memcmp(pattern + length - 4, "...}", 4) == 0;
}

static bool path_fits(const struct srv_request *request, const char *pattern) {
  size_t index = 0, length;
  for (; (length = next_segment(&pattern)) > 0; pattern += length, index++) {
    if (index == request->segment_count) return false;
    const char *segment = request->segment[index];
    if (takes_rest(pattern, length)) return true;
    if (pattern[0] == '{') continue;
    if (strlen(segment) != length || memcmp(segment, pattern, length) != 0) return false;
  }
  return index == request->segment_count;
}

/* Segments that {path...} stands for. False: they are no path, as one of them
 * holds a '/', or too long. */
static bool join_rest(struct srv_request *request) {
  const char *pattern = request->route->path;
  size_t length, first = 0, used = 0;
  for (; (length = next_segment(&pattern)) > 0; pattern += length, first++) {
    if (takes_rest(pattern, length)) break;
  }
  for (size_t i = first; length > 0 && i < request->segment_count; i++) {
    const char *segment = request->segment[i];
    size_t size = strlen(segment);
    if (strchr(segment, '/') != NULL || used + size + 1 > SRV_REST_OF_PATH_MAX) return false;
    if (used > 0) request->rest_of_path[used++] = '/';
    memcpy(request->rest_of_path + used, segment, size + 1);
    used += size;
  }
  return true;
}

/* /v1/organizations/{organization}/projects/{project}... is the project's own
 * path, as clients of the original write it. */
static void strip_organization(struct srv_request *request) {
  if (request->segment_count < 5 || strcmp(request->segment[1], "organizations") != 0 ||
      strcmp(request->segment[3], "projects") != 0 || strlen(request->segment[2]) > SRV_NAME_MAX) {
    return;
  }
  memcpy(request->within, request->segment[2], sizeof(request->within));
  request->segment_count -= 2;
  memmove(request->segment[1], request->segment[3],
          (request->segment_count - 1) * sizeof(request->segment[0]));
}

void srv_request_begin(struct srv_request *request, const struct srv_rest_context *context,
                       const char *method, const char *url) {
  memset(request, 0, sizeof(*request));
  request->context = context;
  request->core = context->core;
  request->http_status = 200;
  if (strcmp(method, "HEAD") == 0) method = "GET";
  if (!split_path(request, url)) return;
  strip_organization(request);
  for (size_t i = 0; i < srv_route_count && request->route == NULL; i++) {
    if (!path_fits(request, srv_routes[i].path)) continue;
    request->path_known = true;
    if (strcmp(srv_routes[i].method, method) == 0) request->route = &srv_routes[i];
  }
  if (request->route != NULL && !join_rest(request)) {
    request->route = NULL;
    request->path_known = false;
  }
}

const char *srv_path_argument(const struct srv_request *request, const char *name) {
  const char *pattern = request->route->path;
  size_t length, name_length = strlen(name);
  for (size_t i = 0; (length = next_segment(&pattern)) > 0; pattern += length, i++) {
    if (length < name_length + 2 || pattern[0] != '{' ||
        memcmp(pattern + 1, name, name_length) != 0) {
      continue;
    }
    if (length == name_length + 2) return request->segment[i];
    if (takes_rest(pattern, length)) return request->rest_of_path;
  }
  return NULL;
}

int srv_request_add_query(struct srv_request *request, char *name, char *value) {
  if (request->query_count == SRV_QUERY_MAX) {
    return srv_request_fail(request, SRV_ERR_INVALID, "more than %d query parameters",
                            SRV_QUERY_MAX);
  }
  if (!srv_url_decode(name) || !srv_url_decode(value)) {
    return srv_request_fail(request, SRV_ERR_INVALID,
                            "the query holds a '%%' that does not begin two hex digits");
  }
  request->query[request->query_count++] = (struct srv_pair){.name = name, .value = value};
  return SRV_OK;
}

const char *srv_query_value(const struct srv_request *request, const char *name) {
  for (size_t i = 0; i < request->query_count; i++) {
    if (strcmp(request->query[i].name, name) == 0) return request->query[i].value;
  }
  return NULL;
}

/* --- who may ----------------------------------------------------------------------- */

static bool is_read(const struct srv_request *request) {
  return strcmp(request->route->method, "GET") == 0;
}

static int fail_stranger(struct srv_request *request, const char *why) {
  return srv_request_fail_http(request, 401, CODE_UNAUTHENTICATED, "%s", why);
}

/* Takes as long wherever they differ. */
static bool is_same_token(const char *a, const char *b) {
  unsigned difference = 0;
  for (size_t i = 0; i < SRV_TOKEN_LENGTH; i++) difference |= (unsigned)(a[i] ^ b[i]);
  return difference == 0;
}

/* A page of another site can make a browser send the cookie, but cannot read
 * this. */
static int check_csrf(struct srv_request *request, const char *token) {
  char wanted[SRV_TOKEN_LENGTH + 1];
  const char *given = request->head.csrf;
  srv_session_csrf(token, wanted);
  if (given != NULL && strlen(given) == SRV_TOKEN_LENGTH && is_same_token(given, wanted)) {
    return SRV_OK;
  }
  return srv_request_fail(request, SRV_ERR_FORBIDDEN,
                          "a change by a browser needs the header x-csrf-token with csrfToken of "
                          "GET /v1/session; programs use an API key");
}

static int identify_by_key(struct srv_request *request, const char *key) {
  int status =
      srv_core_identify_api_key(request->core, key, request->head.address, &request->principal);
  if (status == SRV_ERR_FORBIDDEN) return fail_stranger(request, srv_core_error(request->core));
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  snprintf(request->pass.key, sizeof(request->pass.key), "%s", key);
  return SRV_OK;
}

static int identify_by_token(struct srv_request *request, const char *token) {
  int status = srv_core_identify_session(request->core, token, request->head.address,
                                         &request->principal, &request->session);
  if (status == SRV_ERR_FORBIDDEN) return fail_stranger(request, srv_core_error(request->core));
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  memcpy(request->pass.token, token, sizeof(request->pass.token));
  return SRV_OK;
}

/* An API key counts before a cookie: whoever sends one means it. */
static int identify(struct srv_request *request, const char *key) {
  char token[SRV_TOKEN_LENGTH + 1];
  if (key != NULL && key[0] != 0) return identify_by_key(request, key);
  if (srv_cookie_token(request->head.cookie, token)) {
    int status = identify_by_token(request, token);
    if (status == SRV_OK && !is_read(request)) status = check_csrf(request, token);
    explicit_bzero(token, sizeof(token));
    return status;
  }
  return fail_stranger(request,
                       "this needs an API key: send it in the header x-api-key, or sign in");
}

void srv_request_identify(struct srv_request *request) {
  char token[SRV_TOKEN_LENGTH + 1];
  int status = SRV_ERR_FORBIDDEN;
  if (request->api_key != NULL && request->api_key[0] != 0) {
    status = identify_by_key(request, request->api_key);
  } else if (srv_cookie_token(request->head.cookie, token)) {
    status = identify_by_token(request, token);
  }
  if (status == SRV_OK) return;
  memset(&request->principal, 0, sizeof(request->principal));
  request->error[0] = 0;
  request->http_status = 200;
}

static bool has_project_in(const struct srv_principal *principal, const char *organization_id) {
  for (size_t i = 0; i < principal->grant_count; i++) {
    if (strcmp(principal->grant[i].organization_id, organization_id) == 0) return true;
  }
  return false;
}

static int fail_place(struct srv_request *request, const char *project_id,
                      const char *organization_id) {
  bool is_key = request->principal.type == SRV_PRINCIPAL_API_KEY;
  if (is_key && project_id[0] != 0) {
    return srv_request_fail(request, SRV_ERR_FORBIDDEN, "this API key is for another project");
  }
  if (is_key) {
    return srv_request_fail(request, SRV_ERR_FORBIDDEN,
                            "this API key is for one project: this needs an account of the "
                            "organization, or a key of the whole server");
  }
  if (project_id[0] != 0) {
    return srv_request_fail(request, SRV_ERR_NOT_FOUND,
                            "there is no project \"%s\" that this account is a member of",
                            project_id);
  }
  if (has_project_in(&request->principal, organization_id)) {
    return srv_request_fail(
        request, SRV_ERR_FORBIDDEN,
        "this account is a member of single projects only: this needs a role in "
        "all of the organization");
  }
  return srv_request_fail(request, SRV_ERR_NOT_FOUND,
                          "there is no organization \"%s\" that this account is a member of",
                          organization_id);
}

static int fail_role(struct srv_request *request, enum srv_right right) {
  const char *who =
      request->principal.type == SRV_PRINCIPAL_API_KEY ? "this API key" : "this account";
  if (right == SRV_RIGHT_SERVER) {
    return srv_request_fail(request, SRV_ERR_FORBIDDEN,
                            "%s may not do this: it needs an admin of the whole server", who);
  }
  if (right == SRV_RIGHT_OWN) {
    return srv_request_fail(request, SRV_ERR_FORBIDDEN,
                            "%s may not do this: it needs an admin of the organization", who);
  }
  return srv_request_fail(request, SRV_ERR_FORBIDDEN, "%s may not do this: it needs the role %s",
                          who, srv_role_name(srv_role_needed(right)));
}

/* May it, there? */
static int check_right(struct srv_request *request, enum srv_right right, const char *project_id,
                       const char *organization_id) {
  switch (srv_rights_allow(&request->principal, right, project_id, organization_id,
                           request->route->group, is_read(request))) {
    case SRV_ALLOWED:
      return SRV_OK;
    case SRV_DENIED_STRANGER:
      return fail_stranger(request, "sign in, or send an API key in the header x-api-key");
    case SRV_DENIED_SCOPE:
      return srv_request_fail(request, SRV_ERR_FORBIDDEN,
                              "the scopes of this API key leave this out: it needs \"%s%s\"",
                              request->route->group, is_read(request) ? ":read" : "");
    case SRV_DENIED_PLACE:
      return fail_place(request, project_id, organization_id);
    default:
      return fail_role(request, right);
  }
}

/* The project by its id, with its organisation. Whoever may not see it does not
 * learn whether it is there. */
static int enter_project(struct srv_request *request, enum srv_right right,
                         const char *project_id) {
  struct srv_project *project = &request->project;
  int status = srv_core_find(request->core, SRV_PROJECT, "", project_id, project);
  bool elsewhere = status == SRV_OK && request->within[0] != 0 &&
                   strcmp(project->organization_id, request->within) != 0;
  if (status == SRV_ERR_NOT_FOUND || elsewhere) {
    memset(project, 0, sizeof(*project));
    if (request->principal.server_role == SRV_ROLE_NONE) {
      status = check_right(request, right, project_id, "");
      return status != SRV_OK ? status : fail_place(request, project_id, "");
    }
    return srv_request_fail(request, SRV_ERR_NOT_FOUND, "there is no project \"%s\"%s%s%s",
                            project_id, elsewhere ? " in organization \"" : "",
                            elsewhere ? request->within : "", elsewhere ? "\"" : "");
  }
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  status = check_right(request, right, project->id, project->organization_id);
  if (status == SRV_OK) srv_etag_note(request, SRV_PROJECT, project);
  return status;
}

static int enter_organization(struct srv_request *request, const char *organization_id) {
  struct srv_organization *organization = &request->organization;
  int status = check_right(request, request->route->right, "", organization_id);
  if (status != SRV_OK) return status;
  status = srv_core_find(request->core, SRV_ORGANIZATION, "", organization_id, organization);
  if (status == SRV_OK) srv_etag_note(request, SRV_ORGANIZATION, organization);
  return srv_request_fail_core(request, status);
}

int srv_request_require(struct srv_request *request, enum srv_right right, const char *project_id) {
  if (project_id[0] == 0) return check_right(request, right, "", "");
  return enter_project(request, right, project_id);
}

int srv_request_require_of(struct srv_request *request, enum srv_right right,
                           const char *organization_id) {
  return check_right(request, right, "", organization_id);
}

int srv_request_require_unlimited(struct srv_request *request) {
  struct srv_api_key own;
  const struct srv_principal *principal = &request->principal;
  if (principal->type != SRV_PRINCIPAL_API_KEY) return SRV_OK;
  const char *project_id = principal->grant_count > 0 ? principal->grant[0].project_id : "";
  int status = srv_core_find(request->core, SRV_API_KEY, project_id, principal->id, &own);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  if (own.scopes[0] == 0 && own.expires_us == 0) return SRV_OK;
  return srv_request_fail(request, SRV_ERR_FORBIDDEN,
                          "an API key with scopes or an expiry makes no other keys and lets nobody "
                          "in: use an account, or a key without");
}

bool srv_is_scope(const char *text) {
  size_t length = strcspn(text, ":");
  if (text[length] != 0 && strcmp(text + length, ":read") != 0) return false;
  for (size_t i = 0; i < srv_route_count; i++) {
    const char *group = srv_routes[i].group;
    if (strlen(group) == length && memcmp(group, text, length) == 0) return true;
  }
  return false;
}

static int enter_place(struct srv_request *request) {
  const char *project_id = srv_path_argument(request, "project");
  const char *organization_id = srv_path_argument(request, "organization");
  if (project_id != NULL) return enter_project(request, request->route->right, project_id);
  if (organization_id != NULL) return enter_organization(request, organization_id);
  return check_right(request, request->route->right, "", "");
}

int srv_request_authorize(struct srv_request *request, const char *key) {
  if (request->route == NULL && request->path_known) {
    return srv_request_fail_http(request, 405, CODE_UNIMPLEMENTED,
                                 "this path does not take that method");
  }
  if (request->route == NULL) {
    return srv_request_fail(request, SRV_ERR_NOT_FOUND,
                            "there is nothing at this path; GET /v1/openapi.json lists what is");
  }
  request->api_key = key;
  if (request->route->right == SRV_RIGHT_OPEN) return SRV_OK;
  int status = identify(request, key);
  return status == SRV_OK ? enter_place(request) : status;
}

/* It is only asked whether it still may: nobody is here. */
int srv_request_enter(struct srv_request *request, const struct srv_pass *pass) {
  int status = SRV_ERR_FORBIDDEN;
  request->head.address = NULL;
  if (pass->key[0] != 0) status = identify_by_key(request, pass->key);
  if (pass->token[0] != 0) status = identify_by_token(request, pass->token);
  return status == SRV_OK ? enter_place(request) : status;
}

int srv_request_enter_again(struct srv_request *request) {
  struct srv_principal *principal = &request->principal;
  const char *address = request->head.address;
  struct srv_pass pass = request->pass;
  if (request->route->right == SRV_RIGHT_OPEN) return SRV_OK;
  int status = srv_request_enter(request, &pass);
  explicit_bzero(&pass, sizeof(pass));
  request->head.address = address;
  snprintf(principal->address, sizeof(principal->address), "%s", address == NULL ? "" : address);
  return status;
}

/* --- who changes things ------------------------------------------------------------------ */

void srv_request_set_actor(struct srv_request *request) {
  struct srv_actor actor = {0};
  const struct srv_principal *principal = &request->principal;
  if (principal->type == SRV_PRINCIPAL_NOBODY) {
    srv_core_set_actor(request->core, NULL);
    return;
  }
  bool is_key = principal->type == SRV_PRINCIPAL_API_KEY;
  snprintf(actor.type, sizeof(actor.type), "%s", is_key ? "apiKey" : "account");
  memcpy(actor.id, principal->id, sizeof(actor.id));
  snprintf(actor.name, sizeof(actor.name), "%s", principal->name);
  snprintf(actor.address, sizeof(actor.address), "%s", principal->address);
  srv_core_set_actor(request->core, &actor);
}

/* --- passwords, which take time ------------------------------------------------------------ */

/* The session that asked may have been ended meanwhile, from elsewhere: what it
 * asked for is not done any more. */
static int check_session_again(struct srv_request *request) {
  struct srv_principal principal;
  if (request->pass.token[0] == 0) return SRV_OK;
  int status = srv_core_identify_session(request->core, request->pass.token, NULL, &principal,
                                         &request->session);
  if (status == SRV_ERR_FORBIDDEN) return fail_stranger(request, srv_core_error(request->core));
  return srv_request_fail_core(request, status);
}

static void on_hashed(void *context, const struct srv_password_job *job) {
  struct srv_request *request = context;
  request->waiting = false;
  request->password_ticket = 0;
  if (check_session_again(request) == SRV_OK) {
    srv_request_set_actor(request);
    request->then(request, job);
    srv_core_set_actor(request->core, NULL);
  }
  if (request->wake != NULL) request->wake(request->wake_context);
}

int srv_request_hash(struct srv_request *request, struct srv_password_job *job,
                     int (*then)(struct srv_request *request, const struct srv_password_job *job)) {
  struct srv_passwords *passwords = request->context->passwords;
  if (passwords == NULL) {
    srv_password_work(job);
    return then(request, job);
  }
  request->then = then;
  job->done = on_hashed;
  job->context = request;
  request->password_ticket = srv_passwords_submit(passwords, job);
  explicit_bzero(job, sizeof(*job));
  if (request->password_ticket == 0) {
    request->retry_after_s = 2;
    return srv_request_fail(request, SRV_ERR_BUSY, "many sign in just now: try again in a moment");
  }
  request->waiting = true;
  return SRV_OK;
}

/* --- the body -------------------------------------------------------------------------- */

/* How many values, at most: what ends or begins one, outside of strings. A
 * value of two bytes takes a hundred in memory, and its time. */
static size_t count_values(const char *text, size_t size) {
  size_t count = 1;
  bool in_string = false;
  for (size_t i = 0; i < size; i++) {
    if (in_string && text[i] == '\\') {
      i++; /* whatever is escaped, it ends nothing; it may be past the end */
    } else if (text[i] == '"') {
      in_string = !in_string;
    } else if (!in_string && strchr(",:[{", text[i]) != NULL) {
      count++;
    }
  }
  return count;
}

int srv_request_set_body(struct srv_request *request, const void *data, size_t size) {
  json_error_t error;
  if (size == 0) return SRV_OK;
  if ((request->route->flags & SRV_ROUTE_COSE) != 0) request->body = srv_body_of_cose(data, size);
  if (request->body != NULL) return SRV_OK;
  if (count_values(data, size) > SRV_BODY_VALUES_MAX) {
    return srv_request_fail(request, SRV_ERR_INVALID, "the body's JSON has more than %d values",
                            SRV_BODY_VALUES_MAX);
  }
  bool any = (request->route->flags & SRV_ROUTE_VALUE) != 0;
  request->body =
      json_loadb(data, size, JSON_REJECT_DUPLICATES | (any ? JSON_DECODE_ANY : 0), &error);
  if (request->body == NULL) {
    return srv_request_fail(request, SRV_ERR_INVALID, "the body is no JSON: line %d: %s",
                            error.line, error.text);
  }
  if (any || json_is_object(request->body)) return SRV_OK;
  return srv_request_fail(request, SRV_ERR_INVALID, "the body is JSON, but no object {...}");
}

static bool is_text_list(const json_t *value) {
  size_t i;
  json_t *element;
  if (json_is_string(value)) return true;
  if (!json_is_array(value)) return false;
  json_array_foreach(value, i, element) {
    if (!json_is_string(element)) return false;
  }
  return true;
}

static int check_field(struct srv_request *request, const struct srv_field *field) {
  const json_t *value = json_object_get(request->body, field->name);
  if (value == NULL || json_is_null(value)) {
    return field->required ? srv_request_fail_field(request, field->name, "is missing") : SRV_OK;
  }
  switch (field->type) {
    case SRV_FIELD_TEXT:
      if (!json_is_string(value))
        return srv_request_fail_field(request, field->name, "must be a string");
      break;
    case SRV_FIELD_BOOL:
      if (!json_is_boolean(value))
        return srv_request_fail_field(request, field->name, "must be true or false");
      break;
    case SRV_FIELD_TEXTS:
      if (!is_text_list(value)) {
        return srv_request_fail_field(request, field->name, "must be a list of strings");
      }
      break;
    case SRV_FIELD_NUMBER:
      if (!json_is_number(value)) {
        return srv_request_fail_field(request, field->name, "must be a number");
      }
      break;
    case SRV_FIELD_LIST:
      if (!json_is_array(value)) {
        return srv_request_fail_field(request, field->name, "must be a list [...]");
      }
      break;
    case SRV_FIELD_OBJECT:
      if (!json_is_object(value)) {
        return srv_request_fail_field(request, field->name, "must be an object {...}");
      }
      break;
    case SRV_FIELD_ANY:
      break;
  }
  return SRV_OK;
}

/* What the handler writes is by whoever asks. */
static int run_as_principal(struct srv_request *request) {
  srv_request_set_actor(request);
  int status = request->route->handle(request);
  srv_core_set_actor(request->core, NULL);
  return status;
}

static int run(struct srv_request *request) {
  int status = srv_etag_check(request);
  if (status != SRV_OK) return status;
  status = run_as_principal(request);
  if (status == SRV_OK) srv_etag_finish(request);
  return status;
}

int srv_request_run(struct srv_request *request) {
  const struct srv_field *fields = request->route->body;
  if (fields != NULL && request->body == NULL) request->body = json_object();
  for (; fields != NULL && fields->name != NULL; fields++) {
    int status = check_field(request, fields);
    if (status != SRV_OK) return status;
  }
  if ((request->route->flags & SRV_ROUTE_VALUE) != 0 && request->body == NULL) {
    return srv_request_fail(request, SRV_ERR_INVALID,
                            "the body is empty: send a JSON value, like 42, \"on\" or {...}");
  }
  if (!is_read(request)) return run(request);
  srv_core_begin_reading(request->core);
  int status = run(request);
  srv_core_end_reading(request->core);
  return status;
}

bool srv_body_has(const struct srv_request *request, const char *name) {
  return json_object_get(request->body, name) != NULL;
}

static int copy_text(struct srv_request *request, const char *name, const json_t *value, char *out,
                     size_t size) {
  char what[64];
  size_t length = json_string_length(value);
  if (length >= size) {
    snprintf(what, sizeof(what), "is longer than %zu bytes", size - 1);
    return srv_request_fail_field(request, name, what);
  }
  if (length != strlen(json_string_value(value)))
    return srv_request_fail_field(request, name, "holds a NUL");
  memcpy(out, json_string_value(value), length + 1);
  return SRV_OK;
}

int srv_body_text(struct srv_request *request, const char *name, char *out, size_t size) {
  const json_t *value = json_object_get(request->body, name);
  if (value == NULL) return SRV_OK;
  if (json_is_null(value)) {
    out[0] = 0;
    return SRV_OK;
  }
  return copy_text(request, name, value, out, size);
}

int srv_body_bool(struct srv_request *request, const char *name, bool *out) {
  const json_t *value = json_object_get(request->body, name);
  if (value != NULL && !json_is_null(value)) *out = json_is_true(value);
  return SRV_OK;
}

int srv_body_json(struct srv_request *request, const char *name, char *out, size_t size) {
  const json_t *value = json_object_get(request->body, name);
  if (value == NULL) return SRV_OK;
  int status = srv_json_print(value, out, size);
  if (status == SRV_OK) return SRV_OK;
  if (status != SRV_ERR_TOO_LARGE) return srv_request_fail(request, status, "out of memory");
  snprintf(request->error_field, sizeof(request->error_field), "%s", name);
  return srv_request_fail(request, status, "%s: has more than %zu bytes as JSON", name, size - 1);
}

/* Element index of a list, or the text that stands for a list of one. */
static const json_t *list_element(const json_t *value, size_t index) {
  if (json_is_string(value)) return index == 0 ? value : NULL;
  return json_array_get(value, index);
}

static int fail_count(struct srv_request *request, const char *name, size_t max) {
  char what[64];
  snprintf(what, sizeof(what), "more than %zu", max);
  return srv_request_fail_field(request, name, what);
}

int srv_body_texts(struct srv_request *request, const char *name, char *out, size_t size,
                   size_t max, size_t *count) {
  const json_t *value = json_object_get(request->body, name), *element;
  if (value == NULL) return SRV_OK;
  *count = 0;
  while ((element = list_element(value, *count)) != NULL) {
    if (*count == max) return fail_count(request, name, max);
    int status = copy_text(request, name, element, out + *count * size, size);
    if (status != SRV_OK) return status;
    (*count)++;
  }
  return SRV_OK;
}

int srv_find_of_path(struct srv_request *request, enum srv_kind kind, const char *argument,
                     void *row) {
  int status = srv_core_find(request->core, kind, request->project.id,
                             srv_path_argument(request, argument), row);
  if (status == SRV_OK) srv_etag_note(request, kind, row);
  return srv_request_fail_core(request, status);
}

int srv_device_of_path(struct srv_request *request, struct srv_device *device,
                       struct srv_device_ref *ref) {
  int status = srv_find_of_path(request, SRV_DEVICE, "device", device);
  if (status != SRV_OK) return status;
  memcpy(ref->project_id, device->project_id, sizeof(ref->project_id));
  memcpy(ref->device_id, device->id, sizeof(ref->device_id));
  return SRV_OK;
}

int srv_resolve(struct srv_request *request, enum srv_kind kind, const char *text,
                const char *field, char out[SRV_ID_LENGTH + 1]) {
  struct srv_artifact row; /* larger than any other with an id */
  _Static_assert(sizeof(row) >= sizeof(struct srv_device), "room for any row");
  _Static_assert(sizeof(row) >= sizeof(struct srv_release), "room for any row");
  int status = srv_core_find(request->core, kind, request->project.id, text, &row);
  if (status == SRV_ERR_NOT_FOUND)
    return srv_request_fail_field(request, field, srv_core_error(request->core));
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  memcpy(out, &row, SRV_ID_LENGTH + 1); /* the id comes first in each */
  return SRV_OK;
}

int srv_body_reference(struct srv_request *request, const char *name, enum srv_kind kind,
                       char out[SRV_ID_LENGTH + 1]) {
  char text[SRV_SEGMENT_MAX + 1] = "";
  if (!srv_body_has(request, name)) return SRV_OK;
  int status = srv_body_text(request, name, text, sizeof(text));
  if (status != SRV_OK) return status;
  out[0] = 0;
  return text[0] == 0 ? SRV_OK : srv_resolve(request, kind, text, name, out);
}

/* One element of a list member: resolved when it names an object. */
static int read_element(struct srv_request *request, const char *name, enum srv_kind kind,
                        const json_t *element, char *out, size_t size) {
  char text[SRV_SEGMENT_MAX + 1];
  if (kind == SRV_KIND_COUNT) return copy_text(request, name, element, out, size);
  int status = copy_text(request, name, element, text, sizeof(text));
  return status == SRV_OK ? srv_resolve(request, kind, text, name, out) : status;
}

int srv_body_references(struct srv_request *request, const char *name, enum srv_kind kind,
                        char *out, size_t max, size_t *count) {
  if (!srv_body_has(request, name)) return SRV_OK;
  *count = 0;
  return srv_body_add(request, name, kind, out, SRV_ID_LENGTH + 1, max, count);
}

static size_t find_text(const char *list, size_t size, size_t count, const char *text) {
  size_t i = 0;
  while (i < count && strcmp(list + i * size, text) != 0) i++;
  return i;
}

int srv_body_add(struct srv_request *request, const char *name, enum srv_kind kind, char *list,
                 size_t size, size_t max, size_t *count) {
  const json_t *value = json_object_get(request->body, name), *element;
  for (size_t i = 0; (element = list_element(value, i)) != NULL; i++) {
    char text[SRV_SEGMENT_MAX + 1];
    int status = read_element(request, name, kind, element, text, size);
    if (status != SRV_OK) return status;
    if (find_text(list, size, *count, text) < *count) continue;
    if (*count == max) return fail_count(request, name, max);
    memcpy(list + (*count)++ * size, text, size);
  }
  return SRV_OK;
}

int srv_body_remove(struct srv_request *request, const char *name, enum srv_kind kind, char *list,
                    size_t size, size_t *count) {
  const json_t *value = json_object_get(request->body, name), *element;
  for (size_t i = 0; (element = list_element(value, i)) != NULL; i++) {
    char text[SRV_SEGMENT_MAX + 1];
    int status = read_element(request, name, kind, element, text, size);
    if (status != SRV_OK) return status;
    size_t at = find_text(list, size, *count, text);
    if (at == *count) continue;
    memmove(list + at * size, list + (at + 1) * size, (*count - at - 1) * size);
    (*count)--;
  }
  return SRV_OK;
}

/* --- answers ------------------------------------------------------------------------------ */

int srv_answer_data(struct srv_request *request, json_t *data) {
  request->answer = json_pack("{s:o}", "data", data);
  return request->answer != NULL ? SRV_OK
                                 : srv_request_fail(request, SRV_ERR_INTERNAL, "out of memory");
}

int srv_answer_empty(struct srv_request *request) {
  request->answer = json_object();
  return SRV_OK;
}

static int parse_number(struct srv_request *request, const char *name, const char *text,
                        int64_t *out) {
  char *end;
  *out = strtoll(text, &end, 10);
  if (text[0] >= '0' && text[0] <= '9' && *end == 0 && *out < INT64_MAX) return SRV_OK;
  return srv_request_fail_field(request, name, "must be a number, 0 or more");
}

int srv_page_from_parameters(struct srv_request *request, uint64_t *page, uint64_t *per_page) {
  const char *page_text = srv_query_value(request, "page");
  const char *per_page_text = srv_query_value(request, "perPage");
  int64_t number = 0, size = SRV_PAGE_SIZE_DEFAULT;
  int status = SRV_OK;
  if (page_text != NULL) status = parse_number(request, "page", page_text, &number);
  if (status == SRV_OK && per_page_text != NULL) {
    status = parse_number(request, "perPage", per_page_text, &size);
  }
  if (status != SRV_OK) return status;
  if (size < 1 || size > SRV_PAGE_SIZE_MAX)
    return srv_request_fail_field(request, "perPage", "1 to 1000");
  if (number > INT64_MAX / SRV_PAGE_SIZE_MAX)
    return srv_request_fail_field(request, "page", "is too large");
  *page = (uint64_t)number;
  *per_page = (uint64_t)size;
  return SRV_OK;
}

/* A state or reason by name or number. */
static int parse_named(struct srv_request *request, const char *name, const char *text,
                       const char *(*name_of)(uint8_t), int64_t *out) {
  for (unsigned i = 0; i < 16; i++) {
    if (strcmp(name_of((uint8_t)i), text) != 0) continue;
    *out = (int64_t)i;
    return SRV_OK;
  }
  if (text[0] < '0' || text[0] > '9')
    return srv_request_fail_field(request, name, "there is no such name");
  return parse_number(request, name, text, out);
}

/* "WARN", "warn", "warning" or its number. */
static int parse_level(struct srv_request *request, const char *name, const char *text,
                       int64_t *out) {
  char upper[8];
  size_t i = 0;
  for (; i < sizeof(upper) - 1 && text[i] != 0; i++) {
    upper[i] = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 'a' + 'A' : text[i]);
  }
  upper[i] = 0;
  if (strcmp(upper, "WARNING") == 0) upper[4] = 0;
  for (uint8_t level = 0; i > 0 && text[i] == 0 && level <= SRV_DEVICE_DEBUG; level++) {
    if (strcmp(srv_device_log_level_name(level), upper) != 0) continue;
    *out = level;
    return SRV_OK;
  }
  if (text[0] < '0' || text[0] > '9')
    return srv_request_fail_field(request, name, "must be error, warn, info or debug");
  return parse_number(request, name, text, out);
}

/* 0 to 1, in thousandths. */
static int parse_share(struct srv_request *request, const char *name, const char *text,
                       int64_t *out) {
  char *end;
  double value = strtod(text, &end);
  if ((text[0] < '0' || text[0] > '9') || *end != 0 || !(value >= 0 && value <= 1)) {
    return srv_request_fail_field(request, name, "must be a number from 0 to 1, like 0.35");
  }
  *out = (int64_t)(value * 1000 + 0.5);
  return SRV_OK;
}

static int parse_scalar(struct srv_request *request, const struct srv_parameter *parameter,
                        const char *text, int64_t *out) {
  switch (parameter->type) {
    case SRV_PARAMETER_BOOL:
      *out = strcmp(text, "true") == 0;
      if (*out != 0 || strcmp(text, "false") == 0) return SRV_OK;
      return srv_request_fail_field(request, parameter->name, "must be true or false");
    case SRV_PARAMETER_TIME:
      if (srv_time_parse(text, out)) return SRV_OK;
      return srv_request_fail_field(request, parameter->name,
                                    "must be a time like 2026-11-22T09:00:00Z");
    case SRV_PARAMETER_STATE:
      return parse_named(request, parameter->name, text, gw_ota_state_name, out);
    case SRV_PARAMETER_REASON:
      return parse_named(request, parameter->name, text, gw_ota_reason_name, out);
    case SRV_PARAMETER_LEVEL:
      return parse_level(request, parameter->name, text, out);
    case SRV_PARAMETER_SHARE:
      return parse_share(request, parameter->name, text, out);
    default:
      return parse_number(request, parameter->name, text, out);
  }
}

/* Text values live in the request's query: resolved ids are written over the
 * names, which are longer or as long. Lists are joined in a buffer of ours. */
struct joined {
  char text[SRV_QUERY_VALUE_MAX + 1];
};

static int append_value(struct srv_request *request, const struct srv_parameter *parameter,
                        const char *value, size_t length, struct joined *joined) {
  char part[SRV_SEGMENT_MAX + 1], id[SRV_ID_LENGTH + 1];
  const char *text = part;
  if (length == 0) return SRV_OK;
  if (length > SRV_SEGMENT_MAX)
    return srv_request_fail_field(request, parameter->name, "is too long");
  memcpy(part, value, length);
  part[length] = 0;
  if (parameter->resolve != SRV_KIND_COUNT) {
    int status = srv_resolve(request, parameter->resolve, part, parameter->name, id);
    if (status != SRV_OK) return status;
    text = id;
  }
  size_t used = strlen(joined->text);
  int written = snprintf(joined->text + used, sizeof(joined->text) - used, "%s%s",
                         used == 0 ? "" : ",", text);
  if (written > 0 && (size_t)written < sizeof(joined->text) - used) return SRV_OK;
  return srv_request_fail_field(request, parameter->name, "is too long");
}

static int fail_room(struct srv_request *request, const struct srv_parameter *parameter) {
  char what[64];
  snprintf(what, sizeof(what), "more than %d values in the filters together", SRV_AMONG_MAX);
  return srv_request_fail_field(request, parameter->name, what);
}

/* tags=a&tags=b and tags=a,b are the same. room: values that the request's
 * filters may still have, all of them together: a statement has an end. */
static int join_values(struct srv_request *request, const struct srv_parameter *parameter,
                       struct joined *joined, size_t *room) {
  joined->text[0] = 0;
  for (size_t i = 0; i < request->query_count; i++) {
    if (strcmp(request->query[i].name, parameter->name) != 0) continue;
    for (const char *part = request->query[i].value; part != NULL;) {
      size_t length = parameter->match == SRV_AMONG || parameter->match == SRV_HAS
                          ? strcspn(part, ",")
                          : strlen(part);
      if (length > 0 && (*room)-- == 0) return fail_room(request, parameter);
      int status = append_value(request, parameter, part, length, joined);
      if (status != SRV_OK) return status;
      part = part[length] == ',' ? part + length + 1 : NULL;
    }
    if (parameter->match != SRV_AMONG && parameter->match != SRV_HAS) break;
  }
  return SRV_OK;
}

/* Where the joined texts of one request live until its query has run. */
static struct joined *joined_texts(void) {
  static struct joined texts[SRV_CONDITIONS_MAX]; /* one thread, one request at a time */
  return texts;
}

int srv_query_from_parameters(struct srv_request *request, struct srv_query *query) {
  struct joined *texts = joined_texts();
  size_t room = SRV_AMONG_MAX;
  const struct srv_parameter *parameter = request->route->parameters;
  for (; parameter != NULL && parameter->name != NULL; parameter++) {
    const char *value = srv_query_value(request, parameter->name);
    if (parameter->column == NULL || value == NULL) continue;
    if (query->condition_count == SRV_CONDITIONS_MAX) {
      return srv_request_fail(request, SRV_ERR_INVALID, "too many filters");
    }
    int64_t number = 0;
    int status;
    if (parameter->type == SRV_PARAMETER_TEXT) {
      struct joined *joined = &texts[query->condition_count];
      status = join_values(request, parameter, joined, &room);
      if (status == SRV_OK && (joined->text[0] != 0 || value[0] != 0)) {
        srv_query_text(query, parameter->column, parameter->match, joined->text);
      }
    } else {
      status = parse_scalar(request, parameter, value, &number);
      if (status == SRV_OK) srv_query_number(query, parameter->column, parameter->match, number);
    }
    if (status != SRV_OK) return status;
  }
  return SRV_OK;
}

struct list_builder {
  json_t *list;
  json_t *(*encode)(const void *row);
};

static void append_row(void *context, const void *row) {
  struct list_builder *builder = context;
  json_array_append_new(builder->list, builder->encode(row));
}

int srv_answer_list(struct srv_request *request, struct srv_query *query,
                    json_t *(*encode)(const void *row),
                    void (*enrich)(struct srv_request *request, json_t *object)) {
  uint64_t page = 0, per_page = 0, total = 0;
  struct list_builder builder = {.encode = encode};
  int status = srv_page_from_parameters(request, &page, &per_page);
  if (status == SRV_OK) status = srv_query_from_parameters(request, query);
  if (status != SRV_OK) return status;
  query->offset = page * per_page;
  query->limit = per_page;
  builder.list = json_array();
  status = srv_core_list(request->core, request->route->kind, query, append_row, &builder, &total);
  if (status != SRV_OK) {
    json_decref(builder.list);
    return srv_request_fail_core(request, status);
  }
  size_t i;
  json_t *object;
  if (enrich != NULL) {
    json_array_foreach(builder.list, i, object) { enrich(request, object); }
  }
  request->answer =
      json_pack("{s:o, s:I, s:I, s:I}", "list", builder.list, "page", (json_int_t)page, "perPage",
                (json_int_t)per_page, "total", (json_int_t)total);
  return SRV_OK;
}

struct seen_list {
  const struct srv_request *request;
  bool (*is_seen)(const struct srv_request *request, const void *row);
  json_t *(*encode)(const void *row);
  json_t *list;
  uint64_t skip, take, total;
};

static void append_seen(void *context, const void *row) {
  struct seen_list *seen = context;
  if (!seen->is_seen(seen->request, row)) return;
  uint64_t index = seen->total++;
  if (index < seen->skip || json_array_size(seen->list) >= seen->take) return;
  json_array_append_new(seen->list, seen->encode(row));
}

int srv_answer_seen(struct srv_request *request, enum srv_kind kind, const struct srv_query *query,
                    bool (*is_seen)(const struct srv_request *request, const void *row),
                    json_t *(*encode)(const void *row)) {
  uint64_t page = 0, per_page = 0;
  int status = srv_page_from_parameters(request, &page, &per_page);
  if (status != SRV_OK) return status;
  struct seen_list seen = {.request = request,
                           .is_seen = is_seen,
                           .encode = encode,
                           .list = json_array(),
                           .skip = page * per_page,
                           .take = per_page};
  status = srv_core_list(request->core, kind, query, append_seen, &seen, NULL);
  if (status != SRV_OK) {
    json_decref(seen.list);
    return srv_request_fail_core(request, status);
  }
  request->answer = json_pack("{s:o, s:I, s:I, s:I}", "list", seen.list, "page", (json_int_t)page,
                              "perPage", (json_int_t)per_page, "total", (json_int_t)seen.total);
  return SRV_OK;
}

/* A message may repeat a path that is no UTF-8, or end within a character. */
static json_t *message_of(struct srv_request *request) {
  json_t *message = json_string(request->error);
  if (message != NULL) return message;
  for (char *c = request->error; *c != 0; c++) {
    if ((unsigned char)*c >= 0x80) *c = '?';
  }
  return json_string(request->error);
}

json_t *srv_request_take_document(struct srv_request *request) {
  if (request->error[0] == 0) {
    json_t *answer = request->answer;
    request->answer = NULL;
    return answer;
  }
  json_t *details = json_array();
  if (request->error_field[0] != 0) {
    json_array_append_new(details, json_pack("{s:s}", "field", request->error_field));
  }
  if (request->error_detail != NULL) json_array_append(details, request->error_detail);
  return json_pack("{s:i, s:o, s:o}", "code", request->error_code, "message", message_of(request),
                   "details", details);
}

void srv_request_end(struct srv_request *request) {
  srv_core_upload_abort(request->upload);
  request->upload = NULL;
  explicit_bzero(&request->pass, sizeof(request->pass));
  explicit_bzero(request->set_cookie, sizeof(request->set_cookie));
  json_decref(request->body);
  json_decref(request->answer);
  json_decref(request->error_detail);
  request->body = request->answer = request->error_detail = NULL;
  srv_request_stop_waiting(request);
  if (request->has_blob) srv_core_release_blob(request->core, &request->blob);
  if (request->stream.context != NULL) request->stream.close(request->stream.context);
  request->has_blob = false;
  request->stream.context = NULL;
}
