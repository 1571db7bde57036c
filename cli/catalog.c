/* SPDX-License-Identifier: Apache-2.0 */
/* The small objects that others refer to: projects, blueprints, tags, API keys. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/api.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "cli/words.h"

/* POSTs and shows what came back, or with --json that itself. */
static int create(struct cli_session *session, const char *what, const struct cli_address *address,
                  json_t *body) {
  json_t *data;
  int status = cli_api_send(session, "POST", address, body, &data);
  if (status != CLI_OK) return status;
  if (session->json) {
    cli_print_json(session, data);
  } else {
    cli_fact(session, what, "%s", cli_text(data, "name"));
    cli_fact(session, "id", "%s", cli_text(data, "id"));
  }
  json_decref(data);
  return CLI_OK;
}

static int delete_named(struct cli_session *session, const struct cli_kind *kind) {
  struct cli_address address;
  char id[CLI_ID_MAX + 1];
  const char *name = cli_argument(session, 0);
  int status = cli_find_id(session, kind, name, id);
  if (status != CLI_OK) return status;
  cli_address_init(&address, session, kind->collection);
  cli_address_step(&address, id);
  return cli_delete(session, &address, kind->what, name);
}

static json_t *body_with_name(struct cli_session *session) {
  json_t *body = json_object();
  json_object_set_new(body, "name", json_string(cli_argument(session, 0)));
  return body;
}

/* --- projects ----------------------------------------------------------------- */

int cli_project_create(struct cli_session *session) {
  struct cli_address address;
  json_t *body = body_with_name(session);
  cli_body_option(session, body, "id", "id");
  cli_address_init_plain(&address, "projects");
  return create(session, "project", &address, body);
}

int cli_project_list(struct cli_session *session) {
  static const struct cli_column columns[] = {{"PROJECT", "id", CLI_CELL_TEXT},
                                              {"NAME", "name", CLI_CELL_TEXT},
                                              {"CREATED", "createdAt", CLI_CELL_TIME},
                                              {0}};
  struct cli_address address;
  cli_address_init_plain(&address, "projects");
  return cli_list(session, &address, columns);
}

int cli_project_delete(struct cli_session *session) {
  struct cli_address address;
  cli_address_init_plain(&address, "projects");
  cli_address_step(&address, cli_argument(session, 0));
  return cli_delete(session, &address, "project", cli_argument(session, 0));
}

int cli_project_show(struct cli_session *session) {
  struct cli_address address;
  json_t *data;
  const char *id = cli_argument(session, 0);
  cli_address_init_plain(&address, "projects");
  cli_address_step(&address, id != NULL ? id : session->config.project);
  int status = cli_api_get(session, &address, &data);
  if (status != CLI_OK) return status;
  if (session->json) {
    cli_print_json(session, data);
  } else {
    cli_fact(session, "project", "%s", cli_text(data, "id"));
    cli_fact(session, "name", "%s", cli_text(data, "name"));
    char time[64];
    cli_fact(session, "created", "%s",
             cli_format_time(time, sizeof time, cli_text(data, "createdAt")));
  }
  json_decref(data);
  return CLI_OK;
}

/* --- blueprints ----------------------------------------------------------------- */

int cli_blueprint_create(struct cli_session *session) {
  struct cli_address address;
  json_t *body = body_with_name(session);
  cli_body_option(session, body, "platform", "platform");
  cli_body_option(session, body, "boardId", "board");
  cli_address_init(&address, session, "/blueprints");
  return create(session, "blueprint", &address, body);
}

int cli_blueprint_list(struct cli_session *session) {
  static const struct cli_column columns[] = {{"BLUEPRINT", "name", CLI_CELL_TEXT},
                                              {"PLATFORM", "platform", CLI_CELL_TEXT},
                                              {"BOARD", "boardId", CLI_CELL_TEXT},
                                              {"ID", "id", CLI_CELL_TEXT},
                                              {0}};
  struct cli_address address;
  cli_address_init(&address, session, "/blueprints");
  return cli_list(session, &address, columns);
}

/* A whole number of bytes, for what devices of the blueprint have. */
static int add_bytes(struct cli_session *session, json_t *body, const char *member,
                     const char *option) {
  const char *text = cli_option(session, option);
  if (text == NULL) return CLI_OK;
  int status = cli_check_count(session, option, text, 0, 0x7fffffff);
  if (status == CLI_OK) json_object_set_new(body, member, json_integer(atol(text)));
  return status;
}

static int change_named(struct cli_session *session, const struct cli_kind *kind, json_t *body) {
  static const struct cli_column facts[] = {{"name", "name", CLI_CELL_TEXT},
                                            {"id", "id", CLI_CELL_TEXT},
                                            {"platform", "platform", CLI_CELL_TEXT},
                                            {"board", "boardId", CLI_CELL_TEXT},
                                            {"arena", "arenaBytes", CLI_CELL_TEXT},
                                            {"model at most", "modelBytesMax", CLI_CELL_TEXT},
                                            {0}};
  struct cli_address address;
  char id[CLI_ID_MAX + 1];
  int status = cli_find_id(session, kind, cli_argument(session, 0), id);
  if (status != CLI_OK) {
    json_decref(body);
    return status;
  }
  cli_address_init(&address, session, kind->collection);
  cli_address_step(&address, id);
  return cli_send_and_show(session, "PATCH", &address, body, facts);
}

int cli_blueprint_set(struct cli_session *session) {
  json_t *body = json_object();
  cli_body_option(session, body, "name", "name");
  cli_body_option(session, body, "platform", "platform");
  cli_body_option(session, body, "boardId", "board");
  int status = add_bytes(session, body, "arenaBytes", "arena");
  if (status == CLI_OK) status = add_bytes(session, body, "modelBytesMax", "model-bytes");
  if (status == CLI_OK && json_object_size(body) == 0) {
    status =
        cli_misuse(session, "nothing to change; `godwit blueprint set --help` says what can be");
  }
  if (status != CLI_OK) {
    json_decref(body);
    return status;
  }
  return change_named(session, &cli_kind_blueprint, body);
}

int cli_blueprint_delete(struct cli_session *session) {
  return delete_named(session, &cli_kind_blueprint);
}

/* --- tags ------------------------------------------------------------------------- */

int cli_tag_create(struct cli_session *session) {
  struct cli_address address;
  cli_address_init(&address, session, "/tags");
  return create(session, "tag", &address, body_with_name(session));
}

int cli_tag_list(struct cli_session *session) {
  static const struct cli_column columns[] = {
      {"TAG", "name", CLI_CELL_TEXT}, {"ID", "id", CLI_CELL_TEXT}, {0}};
  struct cli_address address;
  cli_address_init(&address, session, "/tags");
  return cli_list(session, &address, columns);
}

int cli_tag_rename(struct cli_session *session) {
  return change_named(session, &cli_kind_tag, json_pack("{s:s}", "name", cli_argument(session, 1)));
}

int cli_tag_delete(struct cli_session *session) { return delete_named(session, &cli_kind_tag); }

/* --- API keys ----------------------------------------------------------------------- */

/* Role, scopes, end: what the key is good for. */
static int add_key_limits(struct cli_session *session, json_t *body) {
  json_t *scopes = json_array();
  if (cli_switch(session, "server")) json_object_set_new(body, "server", json_true());
  cli_body_option(session, body, "role", "role");
  for (size_t i = 0; i < session->parsed.option_count; i++) {
    if (strcmp(session->parsed.option[i].option->name, "scope") != 0) continue;
    json_array_append_new(scopes, json_string(session->parsed.option[i].value));
  }
  if (json_array_size(scopes) > 0) json_object_set(body, "scopes", scopes);
  json_decref(scopes);
  const char *days = cli_option(session, "days");
  if (days == NULL) return CLI_OK;
  int status = cli_check_count(session, "days", days, 1, 36500);
  if (status != CLI_OK) return status;
  time_t end = time(NULL) + (time_t)atol(days) * 86400;
  struct tm parts;
  char text[40];
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&end, &parts));
  json_object_set_new(body, "expiresAt", json_string(text));
  return CLI_OK;
}

int cli_api_key_create(struct cli_session *session) {
  struct cli_address address;
  json_t *data;
  json_t *body = body_with_name(session);
  int status = add_key_limits(session, body);
  if (status != CLI_OK) {
    json_decref(body);
    return status;
  }
  cli_address_init(&address, session, "/apikeys");
  status = cli_api_send(session, "POST", &address, body, &data);
  if (status != CLI_OK) return status;
  if (session->json) {
    cli_print_json(session, data);
  } else {
    cli_fact(session, "API key", "%s", cli_text(data, "name"));
    cli_fact(session, "id", "%s", cli_text(data, "id"));
    cli_fact(session, "key", "%s", cli_text(data, "apiKey"));
    fputs("The key is not shown again.\n", session->err);
  }
  json_decref(data);
  return CLI_OK;
}

int cli_api_key_list(struct cli_session *session) {
  static const struct cli_column columns[] = {{"API KEY", "name", CLI_CELL_TEXT},
                                              {"ROLE", "role", CLI_CELL_TEXT},
                                              {"SCOPES", "scopes", CLI_CELL_TEXT},
                                              {"ENABLED", "enabled", CLI_CELL_TEXT},
                                              {"ENDS", "expiresAt", CLI_CELL_TIME},
                                              {"LAST USED", "lastUsed", CLI_CELL_TIME},
                                              {"CREATED", "createdAt", CLI_CELL_TIME},
                                              {"ID", "id", CLI_CELL_TEXT},
                                              {0}};
  struct cli_address address;
  cli_address_init(&address, session, "/apikeys");
  return cli_list(session, &address, columns);
}

static int switch_key(struct cli_session *session, int on) {
  static const struct cli_column facts[] = {
      {"API key", "name", CLI_CELL_TEXT}, {"enabled", "enabled", CLI_CELL_TEXT}, {0}};
  struct cli_address address;
  char id[CLI_ID_MAX + 1];
  int status = cli_find_id(session, &cli_kind_api_key, cli_argument(session, 0), id);
  if (status != CLI_OK) return status;
  cli_address_init(&address, session, "/apikeys");
  cli_address_step(&address, id);
  return cli_send_and_show(session, "PATCH", &address, json_pack("{s:b}", "enabled", on), facts);
}

int cli_api_key_enable(struct cli_session *session) { return switch_key(session, 1); }

int cli_api_key_disable(struct cli_session *session) { return switch_key(session, 0); }

int cli_api_key_delete(struct cli_session *session) {
  return delete_named(session, &cli_kind_api_key);
}
