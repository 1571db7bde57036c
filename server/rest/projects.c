/* SPDX-License-Identifier: Apache-2.0 */
/* Projects, blueprints, tags, API keys, and what is about the server. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "server/rest/internal.h"

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
  request->answer = srv_openapi(request->context->version);
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

static int add_count(struct srv_request *request, json_t *counts, const char *name,
                     enum srv_kind kind) {
  struct srv_query query = {0};
  uint64_t total = 0;
  const struct srv_principal *principal = &request->principal;
  const char *project_id = principal->server_role > 0 ? "" : principal->grant[0].project_id;
  if (project_id[0] != 0) srv_query_text(&query, "project_id", SRV_EQUALS, project_id);
  int status = srv_core_list(request->core, kind, &query, NULL, NULL, &total);
  json_object_set_new(counts, name, json_integer((json_int_t)total));
  return srv_request_fail_core(request, status);
}

/* A project's key sees what is the project's, and nothing of the gateway, which
 * counts for all. */
int srv_get_status(struct srv_request *request) {
  const struct srv_rest_context *context = request->context;
  json_t *counts = json_object();
  int status = add_count(request, counts, "devices", SRV_DEVICE);
  if (status == SRV_OK) status = add_count(request, counts, "artifacts", SRV_ARTIFACT);
  if (status == SRV_OK) status = add_count(request, counts, "releases", SRV_RELEASE);
  if (status != SRV_OK) {
    json_decref(counts);
    return status;
  }
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  json_t *data =
      json_pack("{s:s, s:o, s:I, s:o}", "version", context->version, "startedAt",
                srv_encode_time(context->started_us), "uptimeSeconds",
                (json_int_t)(now.tv_sec - context->started_monotonic_s), "objects", counts);
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
  if (request->principal.server_role == SRV_ROLE_NONE) {
    srv_query_text(&query, "id", SRV_EQUALS, request->principal.grant[0].project_id);
  }
  return srv_answer_list(request, &query, srv_encode_project, NULL);
}

/* "My Project" -> "my-project" */
static void make_slug(const char *name, char *out, size_t size) {
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

int srv_create_project(struct srv_request *request) {
  struct srv_project project = {0};
  int status = srv_request_require(request, SRV_RIGHT_SERVER, "");
  if (status == SRV_OK) status = srv_body_text(request, "name", project.name, sizeof(project.name));
  if (status == SRV_OK) status = srv_body_text(request, "id", project.id, sizeof(project.id));
  if (status != SRV_OK) return status;
  if (project.id[0] == 0) make_slug(project.name, project.id, sizeof(project.id));
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
  return request->principal.server_role > 0;
}

struct key_list {
  const struct srv_request *request;
  json_t *list;
  uint64_t skip, take, total;
};

/* Keys of the project and, for who has one, of the whole server. They are few:
 * all are read and the page is cut here. */
static void append_key(void *context, const void *row) {
  struct key_list *keys = context;
  const struct srv_api_key *key = row;
  bool of_server = key->project_id[0] == 0;
  if (of_server && !sees_server_keys(keys->request)) return;
  if (!of_server && strcmp(key->project_id, keys->request->project.id) != 0) return;
  uint64_t index = keys->total++;
  if (index < keys->skip || json_array_size(keys->list) >= keys->take) return;
  json_array_append_new(keys->list, srv_encode_api_key(key));
}

int srv_list_api_keys(struct srv_request *request) {
  struct srv_query query = {0};
  uint64_t page = 0, per_page = 0;
  int status = srv_page_from_parameters(request, &page, &per_page);
  if (status != SRV_OK) return status;
  struct key_list keys = {
      .request = request, .list = json_array(), .skip = page * per_page, .take = per_page};
  status = srv_core_list(request->core, SRV_API_KEY, &query, append_key, &keys, NULL);
  if (status != SRV_OK) {
    json_decref(keys.list);
    return srv_request_fail_core(request, status);
  }
  request->answer = json_pack("{s:o, s:I, s:I, s:I}", "list", keys.list, "page", (json_int_t)page,
                              "perPage", (json_int_t)per_page, "total", (json_int_t)keys.total);
  return SRV_OK;
}

int srv_create_api_key(struct srv_request *request) {
  struct srv_api_key key = {0};
  char text[SRV_API_KEY_LENGTH + 1];
  bool of_server = false;
  srv_body_bool(request, "server", &of_server);
  if (of_server && !sees_server_keys(request)) {
    return srv_request_fail(request, SRV_ERR_FORBIDDEN,
                            "only a key of the whole server can make another one");
  }
  if (!of_server) memcpy(key.project_id, request->project.id, sizeof(key.project_id));
  int status = srv_body_text(request, "name", key.name, sizeof(key.name));
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
