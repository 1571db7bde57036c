/* SPDX-License-Identifier: Apache-2.0 */
/* What is about the server itself: login and status. */
#include <string.h>

#include "cli/api.h"
#include "cli/output.h"
#include "cli/verbs.h"

int cli_login(struct cli_session *session) {
  struct cli_config *config = &session->config;
  struct cli_address address;
  json_t *list;
  /* Without a key on the command line or in the environment, a new one is
   * asked for: keeping the old one is no login. */
  if (config->api_key_source < CLI_FROM_ENVIRONMENT) {
    int status = cli_config_ask_api_key(session);
    if (status != CLI_OK) return status;
  }
  if (!cli_switch(session, "no-check")) {
    cli_address_init(&address, session, "/tags");
    int status = cli_api_list(session, &address, &list);
    if (status != CLI_OK) return status;
    json_decref(list);
  }
  int status = cli_config_save(session);
  if (status != CLI_OK) return status;
  if (session->json) {
    json_t *document = json_pack("{s:s, s:s, s:s}", "url", config->url, "project", config->project,
                                 "file", config->file);
    cli_print_json(session, document);
    json_decref(document);
  } else {
    cli_fact(session, "server", "%s", config->url);
    cli_fact(session, "project", "%s", config->project);
    cli_fact(session, "kept in", "%s", config->file);
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
