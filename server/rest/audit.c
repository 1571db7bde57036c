/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log, newest first: of a project, or of the whole server. */
#include "server/rest/internal.h"

static void set_text(json_t *object, const char *name, const char *text) {
  json_object_set_new(object, name, srv_encode_text(text));
}

static json_t *encode_actor(const struct srv_audit *audit) {
  json_t *actor = json_object();
  set_text(actor, "type", audit->actor_type);
  set_text(actor, "id", audit->actor_id);
  set_text(actor, "name", audit->actor_name);
  set_text(actor, "address", audit->actor_address);
  return actor;
}

json_t *srv_encode_audit(const void *row) {
  const struct srv_audit *audit = row;
  char id[24];
  snprintf(id, sizeof(id), "%lld", (long long)audit->id);
  json_t *object = json_object();
  set_text(object, "id", id);
  json_object_set_new(object, "time", srv_encode_time(audit->time_us));
  json_object_set_new(object, "actor", encode_actor(audit));
  set_text(object, "action", audit->action);
  set_text(object, "kind", audit->kind);
  set_text(object, "objectId", audit->object_id);
  set_text(object, "objectName", audit->object_name);
  set_text(object, "projectId", audit->project_id);
  json_object_set_new(object, "before", srv_json_of(audit->before));
  json_object_set_new(object, "after", srv_json_of(audit->after));
  return object;
}

int srv_list_audit(struct srv_request *request) {
  struct srv_query query = {0};
  return srv_answer_newest(request, &query, srv_encode_audit);
}
