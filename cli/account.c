/* SPDX-License-Identifier: Apache-2.0 */
/* Who may do what: the own account, organisations and their members. */
#include <string.h>

#include "cli/api.h"
#include "cli/output.h"
#include "cli/verbs.h"

static const struct cli_column account_facts[] = {{"e-mail", "email", CLI_CELL_TEXT},
                                                  {"name", "name", CLI_CELL_TEXT},
                                                  {"id", "id", CLI_CELL_TEXT},
                                                  {"server admin", "serverAdmin", CLI_CELL_TEXT},
                                                  {"two steps", "totpEnabled", CLI_CELL_TEXT},
                                                  {"password", "hasPassword", CLI_CELL_TEXT},
                                                  {0}};

int cli_account_show(struct cli_session *session) {
  struct cli_address address;
  json_t *data;
  cli_address_init_plain(&address, "account");
  int status = cli_api_get(session, &address, &data);
  return status == CLI_OK ? cli_record(session, data, account_facts) : status;
}

/* Secrets are read, never typed into a command line that others can see. */
static int add_secret(struct cli_session *session, json_t *body, const char *prompt,
                      const char *member) {
  char text[1026];
  int status = cli_read_secret(session, prompt, text, sizeof text);
  if (status == CLI_OK) json_object_set_new(body, member, json_string(text));
  explicit_bzero(text, sizeof text);
  return status;
}

int cli_account_set(struct cli_session *session) {
  struct cli_address address;
  json_t *body = json_object();
  int status = CLI_OK;
  cli_body_option(session, body, "name", "name");
  cli_body_option(session, body, "email", "email");
  if (cli_switch(session, "password") && cli_switch(session, "current")) {
    status = add_secret(session, body, "current password", "currentPassword");
  }
  if (status == CLI_OK && cli_switch(session, "password")) {
    status = add_secret(session, body, "new password", "password");
  }
  if (status == CLI_OK && json_object_size(body) == 0) {
    status = cli_misuse(session, "nothing to change; give --name, --email or --password");
  }
  if (status != CLI_OK) {
    json_decref(body);
    return status;
  }
  cli_address_init_plain(&address, "account");
  return cli_send_and_show(session, "PATCH", &address, body, account_facts);
}

int cli_account_sessions(struct cli_session *session) {
  static const struct cli_column columns[] = {{"SIGNED IN", "createdAt", CLI_CELL_TIME},
                                              {"LAST USED", "lastUsed", CLI_CELL_TIME},
                                              {"ADDRESS", "address", CLI_CELL_TEXT},
                                              {"THIS", "current", CLI_CELL_TEXT},
                                              {"ID", "id", CLI_CELL_TEXT},
                                              {0}};
  struct cli_address address;
  cli_address_init_plain(&address, "account/sessions");
  return cli_list(session, &address, columns);
}

int cli_account_sign_out(struct cli_session *session) {
  struct cli_address address;
  cli_address_init_plain(&address, "account/sessions");
  cli_address_step(&address, cli_argument(session, 0));
  return cli_delete(session, &address, "session", cli_argument(session, 0));
}

/* --- organisations ---------------------------------------------------------------- */

static const struct cli_column organization_facts[] = {
    {"organisation", "id", CLI_CELL_TEXT}, {"name", "name", CLI_CELL_TEXT}, {0}};

static void organization_address(struct cli_address *address, const char *id) {
  cli_address_init_plain(address, "organizations");
  cli_address_step(address, id);
}

int cli_organization_list(struct cli_session *session) {
  static const struct cli_column columns[] = {{"ORGANISATION", "id", CLI_CELL_TEXT},
                                              {"NAME", "name", CLI_CELL_TEXT},
                                              {"CREATED", "createdAt", CLI_CELL_TIME},
                                              {0}};
  struct cli_address address;
  cli_address_init_plain(&address, "organizations");
  return cli_list(session, &address, columns);
}

int cli_organization_create(struct cli_session *session) {
  struct cli_address address;
  json_t *body = json_object();
  json_object_set_new(body, "name", json_string(cli_argument(session, 0)));
  cli_body_option(session, body, "id", "id");
  cli_address_init_plain(&address, "organizations");
  return cli_send_and_show(session, "POST", &address, body, organization_facts);
}

int cli_organization_rename(struct cli_session *session) {
  struct cli_address address;
  json_t *body = json_object();
  json_object_set_new(body, "name", json_string(cli_argument(session, 1)));
  organization_address(&address, cli_argument(session, 0));
  return cli_send_and_show(session, "PATCH", &address, body, organization_facts);
}

int cli_organization_delete(struct cli_session *session) {
  struct cli_address address;
  organization_address(&address, cli_argument(session, 0));
  return cli_delete(session, &address, "organisation", cli_argument(session, 0));
}

/* --- members ----------------------------------------------------------------------- */

static const struct cli_column member_facts[] = {{"member", "email", CLI_CELL_TEXT},
                                                 {"name", "name", CLI_CELL_TEXT},
                                                 {"role", "role", CLI_CELL_TEXT},
                                                 {"project", "projectId", CLI_CELL_TEXT},
                                                 {"link", "link", CLI_CELL_TEXT},
                                                 {"good until", "expiresAt", CLI_CELL_TIME},
                                                 {0}};

static void members_address(struct cli_session *session, struct cli_address *address) {
  const char *organization = cli_option(session, "organization");
  organization_address(address, organization != NULL ? organization : "default");
  cli_address_plain(address, "/members");
}

/* By e-mail or id. One e-mail may be a member of several projects: then --project
 * tells them apart. */
static int find_member(struct cli_session *session, struct cli_address *address) {
  const char *name = cli_argument(session, 0), *project = cli_option(session, "of-project");
  json_t *list, *row;
  size_t i, found = 0;
  char id[CLI_ID_MAX + 1] = "";
  members_address(session, address);
  int status = cli_api_list(session, address, &list);
  if (status != CLI_OK) return status;
  json_array_foreach(list, i, row) {
    bool fits = strcmp(cli_text(row, "email"), name) == 0 || strcmp(cli_text(row, "id"), name) == 0;
    if (fits && project != NULL) fits = strcmp(cli_text(row, "projectId"), project) == 0;
    if (!fits) continue;
    snprintf(id, sizeof id, "%s", cli_text(row, "id"));
    found++;
  }
  json_decref(list);
  if (found == 1) {
    cli_address_step(address, id);
    return CLI_OK;
  }
  if (found > 1) {
    return cli_fail(session,
                    "'%s' is a member more than once; name one with --of-project or its id", name);
  }
  return cli_fail(session, "there is no member '%s'; `godwit member list` shows them", name);
}

int cli_member_list(struct cli_session *session) {
  static const struct cli_column columns[] = {{"MEMBER", "email", CLI_CELL_TEXT},
                                              {"NAME", "name", CLI_CELL_TEXT},
                                              {"ROLE", "role", CLI_CELL_TEXT},
                                              {"PROJECT", "projectId", CLI_CELL_TEXT},
                                              {"TWO STEPS", "totpEnabled", CLI_CELL_TEXT},
                                              {"LAST HERE", "lastUsed", CLI_CELL_TIME},
                                              {0}};
  struct cli_address address;
  members_address(session, &address);
  return cli_list(session, &address, columns);
}

int cli_member_invite(struct cli_session *session) {
  struct cli_address address;
  json_t *body = json_object();
  json_object_set_new(body, "email", json_string(cli_argument(session, 0)));
  cli_body_option(session, body, "role", "role");
  cli_body_option(session, body, "name", "name");
  cli_body_option(session, body, "projectId", "of-project");
  members_address(session, &address);
  int status = cli_send_and_show(session, "POST", &address, body, member_facts);
  if (status == CLI_OK && !session->json) {
    fputs("Send the link to them yourself; it works once, and is not shown again.\n", session->err);
  }
  return status;
}

int cli_member_set(struct cli_session *session) {
  struct cli_address address;
  int status = find_member(session, &address);
  if (status != CLI_OK) return status;
  json_t *body = json_object();
  cli_body_option(session, body, "role", "role");
  return cli_send_and_show(session, "PATCH", &address, body, member_facts);
}

int cli_member_link(struct cli_session *session) {
  struct cli_address address;
  int status = find_member(session, &address);
  if (status != CLI_OK) return status;
  cli_address_plain(&address, "/link");
  return cli_send_and_show(session, "POST", &address, NULL, member_facts);
}

int cli_member_remove(struct cli_session *session) {
  struct cli_address address;
  int status = find_member(session, &address);
  if (status != CLI_OK) return status;
  return cli_delete(session, &address, "member", cli_argument(session, 0));
}
