/* SPDX-License-Identifier: Apache-2.0 */
/* What is about the server itself: login, logout and status. */
#include <string.h>

#include "cli/api.h"
#include "cli/config_file.h"
#include "cli/output.h"
#include "cli/verbs.h"

/* "http://host/#/link/TOKEN" or the token itself. */
static const char *token_of(const char *link) {
  const char *mark = strstr(link, "/#/link/");
  return mark != NULL ? mark + strlen("/#/link/") : link;
}

static int sign_in_by_link(struct cli_session *session, const char *link) {
  char line[CLI_URL_MAX], reason[16];
  if (strcmp(link, "-") == 0) {
    int status = cli_read_secret(session, "link", line, sizeof line);
    if (status != CLI_OK) return status;
    link = line;
  }
  return cli_api_sign_in(session, "session/link", json_pack("{s:s}", "token", token_of(link)),
                         reason);
}

/* The code may be given, else it is asked for, unseen as the password is. */
static int sign_in_by_password(struct cli_session *session, const char *email) {
  char password[1026], code[64] = "", reason[16];
  const char *given = cli_option(session, "code");
  int status = cli_read_secret(session, "password", password, sizeof password);
  if (status != CLI_OK) return status;
  if (given != NULL) snprintf(code, sizeof code, "%s", given);
  for (;;) {
    json_t *body = json_pack("{s:s, s:s}", "email", email, "password", password);
    if (body == NULL) {
      status = cli_misuse(session, "e-mail and password are no UTF-8; correct them");
      break;
    }
    if (code[0] != 0) json_object_set_new(body, "code", json_string(code));
    status = cli_api_sign_in(session, "session", body, reason);
    if (reason[0] == 0) break;
    if (code[0] != 0) {
      status = cli_fail(session, "that code is wrong or was used before; wait for the next one");
      break;
    }
    status = cli_read_secret(session, "code", code, sizeof code);
    if (status != CLI_OK) break;
  }
  explicit_bzero(password, sizeof password);
  return status;
}

static int check_key(struct cli_session *session) {
  struct cli_address address;
  json_t *list;
  if (cli_switch(session, "no-check")) return CLI_OK;
  cli_address_init(&address, session, "/tags");
  int status = cli_api_list(session, &address, &list);
  if (status == CLI_OK) json_decref(list);
  return status;
}

/* Without a key on the command line or in the environment, a new one is asked
 * for: keeping the old one is no login. */
static int take_key(struct cli_session *session) {
  struct cli_config *config = &session->config;
  int status = CLI_OK;
  if (config->api_key_source < CLI_FROM_ENVIRONMENT) status = cli_config_ask_api_key(session);
  if (status == CLI_OK) status = check_key(session);
  config->session[0] = config->csrf[0] = 0;
  return status;
}

static int get_in(struct cli_session *session) {
  const char *email = cli_option(session, "email"), *link = cli_option(session, "link");
  if (email == NULL && link == NULL) return take_key(session);
  if (email != NULL && link != NULL) return cli_misuse(session, "give --email or --link, not both");
  session->config.api_key[0] = 0;
  session->config.session[0] = session->config.csrf[0] = 0;
  return email != NULL ? sign_in_by_password(session, email) : sign_in_by_link(session, link);
}

int cli_login(struct cli_session *session) {
  struct cli_config *config = &session->config;
  int status = get_in(session);
  if (status == CLI_OK) status = cli_config_save(session);
  if (status != CLI_OK) return status;
  if (session->json) {
    json_t *document = json_pack("{s:s, s:s, s:s, s:s}", "url", config->url, "project",
                                 config->project, "profile", config->profile, "file", config->file);
    cli_print_json(session, document);
    json_decref(document);
  } else {
    cli_fact(session, "server", "%s", config->url);
    cli_fact(session, "project", "%s", config->project);
    if (config->profile_named) cli_fact(session, "profile", "%s", config->profile);
    cli_fact(session, "kept in", "%s", config->file);
  }
  return CLI_OK;
}

int cli_logout(struct cli_session *session) {
  struct cli_config *config = &session->config;
  struct cli_config_file file;
  struct cli_address address;
  int status = cli_config_file_read(session, &file);
  if (status == CLI_OK && !cli_config_file_has(&file, config->profile)) {
    status = cli_fail(session, "there is no login to forget; `godwit profile list` shows them");
  }
  if (status == CLI_OK && config->session[0] != 0) {
    cli_address_init_plain(&address, "session");
    /* Ended or not, it is forgotten here. */
    (void)cli_api_delete(session, &address);
  }
  if (status == CLI_OK) {
    cli_config_file_remove(&file, config->profile);
    status = cli_config_file_write(session, &file);
  }
  cli_config_file_end(&file);
  if (status != CLI_OK) return status;
  if (session->json) {
    fputs("{}\n", session->out);
  } else {
    cli_fact(session, "forgotten", "the login at %s", config->url);
  }
  return CLI_OK;
}

/* Whatever the server says of itself: "gateway.sessions  3". */
static void add_facts(struct cli_table *table, const char *prefix, json_t *object) {
  const char *key;
  json_t *value;
  json_object_foreach(object, key, value) {
    char name[128], time[64];
    snprintf(name, sizeof name, "%s%s%s", prefix, prefix[0] != 0 ? "." : "", key);
    if (json_is_object(value)) {
      add_facts(table, name, value);
      continue;
    }
    cli_table_add(table, name);
    if (json_is_string(value)) {
      cli_table_add(table, cli_format_time(time, sizeof time, json_string_value(value)));
    } else if (json_is_integer(value)) {
      cli_table_addf(table, "%lld", (long long)json_integer_value(value));
    } else if (json_is_real(value)) {
      cli_table_addf(table, "%g", json_real_value(value));
    } else {
      cli_table_add(table, json_is_true(value) ? "yes" : json_is_false(value) ? "no" : NULL);
    }
  }
}

int cli_status(struct cli_session *session) {
  static const char *const heading[] = {"SERVER", NULL};
  struct cli_table table;
  struct cli_address address;
  json_t *data;
  cli_address_init_plain(&address, "status");
  int status = cli_api_get(session, &address, &data);
  if (status != CLI_OK) return status;
  if (session->json) {
    cli_print_json(session, data);
  } else {
    cli_table_init(&table, heading, 2);
    table.heading[1] = session->config.url;
    add_facts(&table, "", data);
    cli_table_print(session, &table);
  }
  json_decref(data);
  return CLI_OK;
}
