/* SPDX-License-Identifier: Apache-2.0 */
/* Two people edit the same thing: the second is told. GET of one object says its
 * ETag, which is the row's stamp (core/changes.h): what people change, not when
 * a device was last seen. A PUT, PATCH or DELETE with If-Match is done only while
 * the object is still that one. One place for every object route: those whose
 * path ends in COLLECTION/{name}. */
#include <stdlib.h>
#include <string.h>

#include "server/core/changes.h"
#include "server/rest/internal.h"
#include "server/rest/static.h"
#include "server/store/schema.h"

#define CODE_FAILED_PRECONDITION 9 /* gRPC's */

static const struct {
  const char *collection;
  enum srv_kind kind;
} collections[] = {
    {"projects", SRV_PROJECT},         {"devices", SRV_DEVICE},
    {"blueprints", SRV_BLUEPRINT},     {"tags", SRV_TAG},
    {"artifacts", SRV_ARTIFACT},       {"releases", SRV_RELEASE},
    {"captures", SRV_CAPTURE},         {"settings", SRV_SETTING},
    {"certificates", SRV_CERTIFICATE}, {"revoked-certificates", SRV_REVOKED_CERTIFICATE},
    {"apikeys", SRV_API_KEY},          {"credentials", SRV_CREDENTIAL},
    {"evaluations", SRV_EVALUATION},   {"organizations", SRV_ORGANIZATION},
};

/* The kind of the object that the route's path ends in, and the path's text for
 * it. SRV_KIND_COUNT: it ends in something else. */
static enum srv_kind object_of_path(const struct srv_request *request, const char **text) {
  const char *path = request->route->path;
  const char *last = strrchr(path, '/');
  if (last == NULL || last[1] != '{' || strstr(last, "...}") != NULL) return SRV_KIND_COUNT;
  const char *collection = last;
  while (collection > path && collection[-1] != '/') collection--;
  size_t length = (size_t)(last - collection);
  *text = request->segment[request->segment_count - 1];
  for (size_t i = 0; i < sizeof(collections) / sizeof(collections[0]); i++) {
    if (strlen(collections[i].collection) == length &&
        memcmp(collections[i].collection, collection, length) == 0) {
      return collections[i].kind;
    }
  }
  return SRV_KIND_COUNT;
}

static void set_etag(struct srv_request *request, enum srv_kind kind, const void *row) {
  snprintf(request->etag, sizeof(request->etag), "\"%016llx\"",
           (unsigned long long)srv_row_stamp(kind, row));
}

void srv_etag_note(struct srv_request *request, enum srv_kind kind, const void *row) {
  const char *text;
  if (object_of_path(request, &text) == kind) set_etag(request, kind, row);
}

/* False: it is not there, which the handler says better. */
static bool read_object(struct srv_request *request, enum srv_kind kind, const char *text) {
  void *row = malloc(srv_table_of(kind)->row_size);
  if (row == NULL) return false;
  int status = srv_core_find(request->core, kind, request->project.id, text, row);
  if (status == SRV_ERR_NOT_FOUND && kind == SRV_API_KEY) { /* one of the whole server */
    status = srv_core_find(request->core, kind, "", text, row);
  }
  if (status == SRV_OK) {
    set_etag(request, kind, row);
    memcpy(request->object_id, row, strnlen(row, SRV_NAME_MAX) + 1);
    explicit_bzero(row, srv_table_of(kind)->row_size);
  }
  free(row);
  return status == SRV_OK;
}

static int fail_changed(struct srv_request *request, enum srv_kind kind) {
  struct srv_actor actor;
  const char *title = srv_kind_title(kind);
  if (srv_core_last_actor(request->core, kind, request->object_id, &actor) != SRV_OK) {
    request->error_detail = json_pack("{s:s}", "reason", "changed");
    return srv_request_fail_http(request, 412, CODE_FAILED_PRECONDITION,
                                 "the %s was changed meanwhile; read it again", title);
  }
  request->error_detail = json_pack("{s:s, s:{s:o, s:o, s:o}}", "reason", "changed", "actor",
                                    "type", srv_encode_text(actor.type), "id",
                                    srv_encode_text(actor.id), "name", srv_encode_text(actor.name));
  return srv_request_fail_http(request, 412, CODE_FAILED_PRECONDITION,
                               "the %s was changed meanwhile by %s; read it again", title,
                               actor.name[0] == 0 ? actor.type : actor.name);
}

static bool is_get(const struct srv_request *request) {
  return strcmp(request->route->method, "GET") == 0;
}

int srv_etag_check(struct srv_request *request) {
  const char *text;
  if (request->if_match == NULL || strcmp(request->route->method, "POST") == 0) return SRV_OK;
  enum srv_kind kind = object_of_path(request, &text);
  if (kind == SRV_KIND_COUNT || !read_object(request, kind, text)) return SRV_OK;
  if (srv_etag_matches(request->if_match, request->etag, false)) return SRV_OK;
  return fail_changed(request, kind);
}

void srv_etag_note_text(struct srv_request *request, const char *text) {
  uint64_t hash = 14695981039346656037u; /* FNV-1a */
  for (; *text != 0; text++) hash = (hash ^ (uint8_t)*text) * 1099511628211u;
  snprintf(request->etag, sizeof(request->etag), "\"%016llx\"", (unsigned long long)hash);
}

int srv_etag_check_text(struct srv_request *request, const char *what, const char *text) {
  if (request->if_match == NULL) return SRV_OK;
  srv_etag_note_text(request, text);
  if (srv_etag_matches(request->if_match, request->etag, false)) return SRV_OK;
  request->error_detail = json_pack("{s:s}", "reason", "changed");
  return srv_request_fail_http(request, 412, CODE_FAILED_PRECONDITION,
                               "the %s was changed meanwhile; read it again", what);
}

void srv_etag_finish(struct srv_request *request) {
  const char *method = request->route->method, *text;
  if (strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0) {
    enum srv_kind kind = object_of_path(request, &text);
    if (kind == SRV_KIND_COUNT) return;
    request->etag[0] = 0;
    read_object(request, kind, text);
    return;
  }
  if (!is_get(request)) request->etag[0] = 0;
  if (request->etag[0] == 0 || request->if_none_match == NULL) return;
  if (!srv_etag_matches(request->if_none_match, request->etag, true)) return;
  request->http_status = 304;
  json_decref(request->answer);
  request->answer = NULL;
}
