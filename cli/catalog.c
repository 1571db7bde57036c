/* SPDX-License-Identifier: Apache-2.0 */
/* The small objects that others refer to: projects, blueprints, tags, API keys. */
#include <string.h>

#include "cli/api.h"
#include "cli/output.h"
#include "cli/verbs.h"

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

static void set_option(struct cli_session *session, json_t *body, const char *member,
                       const char *option) {
  if (cli_option(session, option) == NULL) return;
  json_object_set_new(body, member, json_string(cli_option(session, option)));
}

/* --- projects ----------------------------------------------------------------- */

int cli_project_create(struct cli_session *session) {
  struct cli_address address;
  json_t *body = body_with_name(session);
  set_option(session, body, "id", "id");
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
  set_option(session, body, "platform", "platform");
  set_option(session, body, "boardId", "board");
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

int cli_tag_delete(struct cli_session *session) { return delete_named(session, &cli_kind_tag); }

/* --- API keys ----------------------------------------------------------------------- */

int cli_api_key_create(struct cli_session *session) {
  struct cli_address address;
  json_t *data;
  json_t *body = body_with_name(session);
  if (cli_switch(session, "server")) json_object_set_new(body, "server", json_true());
  cli_address_init(&address, session, "/apikeys");
  int status = cli_api_send(session, "POST", &address, body, &data);
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
                                              {"CREATED", "createdAt", CLI_CELL_TIME},
                                              {"ID", "id", CLI_CELL_TEXT},
                                              {0}};
  struct cli_address address;
  cli_address_init(&address, session, "/apikeys");
  return cli_list(session, &address, columns);
}

int cli_api_key_delete(struct cli_session *session) {
  return delete_named(session, &cli_kind_api_key);
}
