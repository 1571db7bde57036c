/* SPDX-License-Identifier: Apache-2.0 */
/* Projects, blueprints, tags, API keys, and what is about the server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/core/pki.h"
#include "server/rest/internal.h"
#include "server/rest/tls.h"

static void query_project(const struct srv_request *request, struct srv_query *query) {
  srv_query_text(query, "project_id", SRV_EQUALS, request->project.id);
}

/* The object that the path names. */
static int find(struct srv_request *request, enum srv_kind kind, const char *argument, void *row) {
  return srv_find_of_path(request, kind, argument, row);
}

static int answer(struct srv_request *request, int status, json_t *(*encode)(const void *),
                  const void *row) {
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  return srv_answer_data(request, encode(row));
}

static int answer_deleted(struct srv_request *request, int status) {
  return status == SRV_OK ? srv_answer_empty(request) : srv_request_fail_core(request, status);
}

/* --- the server ------------------------------------------------------------------- */

int srv_get_health(struct srv_request *request) {
  request->answer = json_pack("{s:s}", "status", "ok");
  return SRV_OK;
}

int srv_get_openapi(struct srv_request *request) {
  static json_t *document; /* made once: it is large, and the same for everybody */
  if (document == NULL) document = srv_openapi(request->context->version);
  if (document == NULL) return srv_request_fail(request, SRV_ERR_INTERNAL, "out of memory");
  request->answer = json_incref(document);
  return SRV_OK;
}

static json_t *encode_gateway(const struct srv_gateway_stats *stats) {
  json_t *object = json_object();
  const struct {
    const char *name;
    uint64_t value;
  } facts[] = {
      {"sessions", stats->sessions},
      {"observers", stats->observers},
      {"handshakesOk", stats->handshakes_ok},
      {"handshakesFailed", stats->handshakes_failed},
      {"datagramsIn", stats->datagrams_in},
      {"datagramsOut", stats->datagrams_out},
      {"bytesIn", stats->bytes_in},
      {"bytesOut", stats->bytes_out},
      {"malformed", stats->malformed},
      {"duplicates", stats->duplicates},
      {"notifications", stats->notifications},
      {"retransmissions", stats->retransmissions},
      {"rateLimited", stats->rate_limited},
      {"uploadsOpen", stats->uploads_open},
      {"uploadsFinished", stats->uploads_finished},
      {"uploadsDropped", stats->uploads_dropped},
  };
  for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
    json_object_set_new(object, facts[i].name, json_integer((json_int_t)facts[i].value));
  }
  return object;
}

struct counts {
  struct srv_request *request;
  size_t project_count;
  char project_id[SRV_PAGE_SIZE_MAX][SRV_NAME_MAX + 1];
};

static bool sees_project(const struct srv_request *request, const void *row) {
  const struct srv_project *project = row;
  return srv_rights_role(&request->principal, project->id, project->organization_id) !=
         SRV_ROLE_NONE;
}

static void keep_seen(void *context, const void *row) {
  struct counts *counts = context;
  const struct srv_project *project = row;
  if (counts->project_count == SRV_PAGE_SIZE_MAX || !sees_project(counts->request, row)) return;
  memcpy(counts->project_id[counts->project_count++], project->id, sizeof(project->id));
}

static int count_rows(struct srv_request *request, enum srv_kind kind, const char *project_id,
                      uint64_t *total) {
  struct srv_query query = {0};
  uint64_t count = 0;
  if (project_id != NULL) srv_query_text(&query, "project_id", SRV_EQUALS, project_id);
  int status = srv_core_list(request->core, kind, &query, NULL, NULL, &count);
  *total += count;
  return srv_request_fail_core(request, status);
}

/* Of all projects, or of those that the principal sees. */
/* null without TLS. */
static json_t *encode_tls(struct srv_request *request) {
  const struct srv_tls_facts *facts = request->context->tls;
  if (facts == NULL) return json_null();
  int64_t days = srv_tls_days_left(facts, srv_core_now_us(request->core));
  return json_pack("{s:o, s:o, s:o, s:I}", "subject", srv_encode_text(facts->subject), "notBefore",
                   srv_encode_time(facts->not_before_us), "notAfter",
                   srv_encode_time(facts->not_after_us), "daysLeft", (json_int_t)days);
}

static int add_count(struct srv_request *request, const struct counts *seen, json_t *counts,
                     const char *name, enum srv_kind kind) {
  uint64_t total = 0;
  int status = SRV_OK;
  if (request->principal.server_role != SRV_ROLE_NONE) {
    status = count_rows(request, kind, NULL, &total);
  }
  for (size_t i = 0; i < seen->project_count && status == SRV_OK; i++) {
    status = count_rows(request, kind, seen->project_id[i], &total);
  }
  json_object_set_new(counts, name, json_integer((json_int_t)total));
  return status;
}

static int add_counts(struct srv_request *request, json_t *counts) {
  struct srv_query query = {0};
  struct counts *seen = calloc(1, sizeof(*seen));
  if (seen == NULL) return srv_request_fail(request, SRV_ERR_INTERNAL, "out of memory");
  seen->request = request;
  int status = SRV_OK;
  if (request->principal.server_role == SRV_ROLE_NONE) {
    status = srv_request_fail_core(
        request, srv_core_list(request->core, SRV_PROJECT, &query, keep_seen, seen, NULL));
  }
  if (status == SRV_OK) status = add_count(request, seen, counts, "devices", SRV_DEVICE);
  if (status == SRV_OK) status = add_count(request, seen, counts, "artifacts", SRV_ARTIFACT);
  if (status == SRV_OK) status = add_count(request, seen, counts, "releases", SRV_RELEASE);
  free(seen);
  return status;
}

/* A project's key sees what is the project's, and nothing of the gateway, which
 * counts for all. */
int srv_get_status(struct srv_request *request) {
  const struct srv_rest_context *context = request->context;
  json_t *counts = json_object();
  int status = add_counts(request, counts);
  if (status != SRV_OK) {
    json_decref(counts);
    return status;
  }
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  json_t *data = json_pack("{s:s, s:o, s:I, s:o, s:o}", "version", context->version, "startedAt",
                           srv_encode_time(context->started_us), "uptimeSeconds",
                           (json_int_t)(now.tv_sec - context->started_monotonic_s), "objects",
                           counts, "tls", encode_tls(request));
  if (context->gateway_stats != NULL && request->principal.server_role > 0) {
    struct srv_gateway_stats stats = {0};
    context->gateway_stats(context->gateway_context, &stats);
    json_object_set_new(data, "gateway", encode_gateway(&stats));
  }
  return srv_answer_data(request, data);
}

/* --- projects ----------------------------------------------------------------------- */

int srv_list_projects(struct srv_request *request) {
  struct srv_query query = {0};
  if (request->principal.server_role != SRV_ROLE_NONE) {
    return srv_answer_list(request, &query, srv_encode_project, NULL);
  }
  return srv_answer_seen(request, SRV_PROJECT, &query, sees_project, srv_encode_project);
}

/* "My Project" -> "my-project" */
void srv_make_slug(const char *name, char *out, size_t size) {
  size_t length = 0;
  for (; *name != 0 && length + 1 < size; name++) {
    char c = *name;
    if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
    bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    if (plain) {
      out[length++] = c;
    } else if (length > 0 && out[length - 1] != '-') {
      out[length++] = '-';
    }
  }
  while (length > 0 && out[length - 1] == '-') length--;
  out[length] = 0;
}

/* For admins of the organisation that it is to be in. */
static int read_organization(struct srv_request *request, struct srv_project *project) {
  size_t size = sizeof(project->organization_id);
  int status = srv_body_text(request, "organizationId", project->organization_id, size);
  if (status != SRV_OK) return status;
  if (project->organization_id[0] == 0) {
    snprintf(project->organization_id, size, "%s", SRV_DEFAULT_ORGANIZATION);
  }
  return srv_request_require_of(request, SRV_RIGHT_OWN, project->organization_id);
}

int srv_create_project(struct srv_request *request) {
  struct srv_project project = {0};
  int status = read_organization(request, &project);
  if (status == SRV_OK) status = srv_body_text(request, "name", project.name, sizeof(project.name));
  if (status == SRV_OK) status = srv_body_text(request, "id", project.id, sizeof(project.id));
  if (status != SRV_OK) return status;
  if (project.id[0] == 0) srv_make_slug(project.name, project.id, sizeof(project.id));
  status = srv_core_create_project(request->core, &project);
  return answer(request, status, srv_encode_project, &project);
}

int srv_get_project(struct srv_request *request) {
  return srv_answer_data(request, srv_encode_project(&request->project));
}

int srv_update_project(struct srv_request *request) {
  struct srv_project project = request->project;
  int status = srv_body_text(request, "name", project.name, sizeof(project.name));
  if (status == SRV_OK) status = srv_body_bool(request, "autoProvision", &project.auto_provision);
  if (status == SRV_OK) {
    status = srv_body_number(request, "autoProvisionMax", &project.auto_provision_max);
  }
  if (status == SRV_OK) {
    status = srv_body_number(request, "certificateDays", &project.certificate_days);
  }
  if (status != SRV_OK) return status;
  status = srv_core_update_project(request->core, &project);
  return answer(request, status, srv_encode_project, &project);
}

int srv_delete_project(struct srv_request *request) {
  return answer_deleted(request, srv_core_delete_project(request->core, request->project.id));
}

/* --- blueprints ---------------------------------------------------------------------- */

static int read_blueprint(struct srv_request *request, struct srv_blueprint *blueprint) {
  int status = srv_body_text(request, "name", blueprint->name, sizeof(blueprint->name));
  if (status == SRV_OK) {
    status = srv_body_text(request, "platform", blueprint->platform, sizeof(blueprint->platform));
  }
  if (status == SRV_OK) {
    status = srv_body_text(request, "boardId", blueprint->board_id, sizeof(blueprint->board_id));
  }
  if (status == SRV_OK) status = srv_body_number(request, "arenaBytes", &blueprint->arena_bytes);
  if (status == SRV_OK) {
    status = srv_body_number(request, "modelBytesMax", &blueprint->model_bytes_max);
  }
  return status;
}

int srv_list_blueprints(struct srv_request *request) {
  struct srv_query query = {0};
  query_project(request, &query);
  return srv_answer_list(request, &query, srv_encode_blueprint, NULL);
}

int srv_create_blueprint(struct srv_request *request) {
  struct srv_blueprint blueprint = {0};
  memcpy(blueprint.project_id, request->project.id, sizeof(blueprint.project_id));
  int status = read_blueprint(request, &blueprint);
  if (status != SRV_OK) return status;
  status = srv_core_create_blueprint(request->core, &blueprint);
  return answer(request, status, srv_encode_blueprint, &blueprint);
}

int srv_get_blueprint(struct srv_request *request) {
  struct srv_blueprint blueprint;
  int status = find(request, SRV_BLUEPRINT, "blueprint", &blueprint);
  return status == SRV_OK ? srv_answer_data(request, srv_encode_blueprint(&blueprint)) : status;
}

int srv_update_blueprint(struct srv_request *request) {
  struct srv_blueprint blueprint;
  int status = find(request, SRV_BLUEPRINT, "blueprint", &blueprint);
  if (status == SRV_OK) status = read_blueprint(request, &blueprint);
  if (status != SRV_OK) return status;
  status = srv_core_update_blueprint(request->core, &blueprint);
  return answer(request, status, srv_encode_blueprint, &blueprint);
}

int srv_delete_blueprint(struct srv_request *request) {
  return answer_deleted(request,
                        srv_core_delete_blueprint(request->core, request->project.id,
                                                  srv_path_argument(request, "blueprint")));
}

/* --- tags ------------------------------------------------------------------------------ */

int srv_list_tags(struct srv_request *request) {
  struct srv_query query = {0};
  query_project(request, &query);
  return srv_answer_list(request, &query, srv_encode_tag, NULL);
}

int srv_create_tag(struct srv_request *request) {
  struct srv_tag tag = {0};
  memcpy(tag.project_id, request->project.id, sizeof(tag.project_id));
  int status = srv_body_text(request, "name", tag.name, sizeof(tag.name));
  if (status != SRV_OK) return status;
  return answer(request, srv_core_create_tag(request->core, &tag), srv_encode_tag, &tag);
}

int srv_get_tag(struct srv_request *request) {
  struct srv_tag tag;
  int status = find(request, SRV_TAG, "tag", &tag);
  return status == SRV_OK ? srv_answer_data(request, srv_encode_tag(&tag)) : status;
}

int srv_update_tag(struct srv_request *request) {
  struct srv_tag tag;
  int status = find(request, SRV_TAG, "tag", &tag);
  if (status == SRV_OK) status = srv_body_text(request, "name", tag.name, sizeof(tag.name));
  if (status != SRV_OK) return status;
  return answer(request, srv_core_update_tag(request->core, &tag), srv_encode_tag, &tag);
}

int srv_delete_tag(struct srv_request *request) {
  return answer_deleted(request, srv_core_delete_tag(request->core, request->project.id,
                                                     srv_path_argument(request, "tag")));
}

/* --- API keys ----------------------------------------------------------------------------- */

static bool sees_server_keys(const struct srv_request *request) {
  return request->principal.server_role == SRV_ROLE_ADMIN;
}

/* Keys of the project and, for who has one, of the whole server. */
static bool sees_key(const struct srv_request *request, const void *row) {
  const struct srv_api_key *key = row;
  if (key->project_id[0] == 0) return sees_server_keys(request);
  return strcmp(key->project_id, request->project.id) == 0;
}

int srv_list_api_keys(struct srv_request *request) {
  const struct srv_query query = {0};
  return srv_answer_seen(request, SRV_API_KEY, &query, sees_key, srv_encode_api_key);
}

/* A list of scopes: each must be a group that there is, alone or with ":read". */
static int read_scopes(struct srv_request *request, struct srv_api_key *key) {
  char scope[SRV_SCOPES_PER_KEY][SRV_NAME_MAX + 1];
  size_t count = 0, length = 0;
  int status =
      srv_body_texts(request, "scopes", scope[0], sizeof(scope[0]), SRV_SCOPES_PER_KEY, &count);
  for (size_t i = 0; i < count && status == SRV_OK; i++) {
    if (!srv_is_scope(scope[i])) {
      return srv_request_fail_field(request, "scopes",
                                    "must be of groups of the API, like \"devices\" or "
                                    "\"devices:read\"; docs/spec/rights.md lists them");
    }
    int written = snprintf(key->scopes + length, sizeof(key->scopes) - length, "%s%s",
                           i == 0 ? "" : ",", scope[i]);
    length += (size_t)written;
    if (length >= sizeof(key->scopes)) {
      return srv_request_fail_field(request, "scopes", "are too many");
    }
  }
  return status;
}

static int read_key(struct srv_request *request, struct srv_api_key *key) {
  char role_text[16] = "admin", expires[64] = "";
  enum srv_role role = SRV_ROLE_ADMIN;
  int status = srv_body_text(request, "name", key->name, sizeof(key->name));
  if (status == SRV_OK) status = srv_body_text(request, "role", role_text, sizeof(role_text));
  if (status == SRV_OK && role_text[0] != 0 && !srv_role_parse(role_text, &role)) {
    return srv_request_fail_field(request, "role", "must be viewer, operator or admin");
  }
  key->role = (uint8_t)role;
  if (status == SRV_OK) status = read_scopes(request, key);
  if (status == SRV_OK) status = srv_body_text(request, "expiresAt", expires, sizeof(expires));
  if (status == SRV_OK && expires[0] != 0 && !srv_time_parse(expires, &key->expires_us)) {
    return srv_request_fail_field(request, "expiresAt", "must be a time like 2027-01-31T00:00:00Z");
  }
  return status;
}

int srv_create_api_key(struct srv_request *request) {
  struct srv_api_key key = {0};
  char text[SRV_API_KEY_LENGTH + 1];
  bool of_server = false;
  srv_body_bool(request, "server", &of_server);
  if (of_server && !sees_server_keys(request)) {
    return srv_request_fail(request, SRV_ERR_FORBIDDEN,
                            "only an admin or a key of the whole server can make such a key");
  }
  if (!of_server) memcpy(key.project_id, request->project.id, sizeof(key.project_id));
  int status = srv_request_require_unlimited(request);
  if (status == SRV_OK) status = read_key(request, &key);
  if (status != SRV_OK) return status;
  status = srv_core_create_api_key(request->core, &key, text);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  json_t *data = srv_encode_api_key(&key);
  json_object_set_new(data, "key", json_string(text));
  json_object_set_new(data, "apiKey", json_string(text));
  explicit_bzero(text, sizeof(text));
  return srv_answer_data(request, data);
}

static int find_key(struct srv_request *request, struct srv_api_key *key) {
  const char *id = srv_path_argument(request, "apikey");
  int status = srv_core_find(request->core, SRV_API_KEY, request->project.id, id, key);
  if (status == SRV_ERR_NOT_FOUND && sees_server_keys(request)) {
    status = srv_core_find(request->core, SRV_API_KEY, "", id, key);
  }
  return srv_request_fail_core(request, status);
}

int srv_update_api_key(struct srv_request *request) {
  struct srv_api_key key;
  int status = find_key(request, &key);
  if (status == SRV_OK) status = srv_body_text(request, "name", key.name, sizeof(key.name));
  if (status != SRV_OK) return status;
  srv_body_bool(request, "enabled", &key.enabled);
  if (!key.enabled && strcmp(key.id, request->principal.id) == 0) {
    return srv_request_fail(request, SRV_ERR_IN_USE, "a key cannot disable itself");
  }
  return answer(request, srv_core_update_api_key(request->core, &key), srv_encode_api_key, &key);
}

int srv_delete_api_key(struct srv_request *request) {
  struct srv_api_key key;
  int status = find_key(request, &key);
  if (status != SRV_OK) return status;
  if (strcmp(key.id, request->principal.id) == 0) {
    return srv_request_fail(request, SRV_ERR_IN_USE,
                            "a key cannot delete itself: use another one, so that nobody is "
                            "locked out");
  }
  return answer_deleted(request, srv_core_delete_api_key(request->core, key.project_id, key.id));
}
