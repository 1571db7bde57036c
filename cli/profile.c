/* SPDX-License-Identifier: Apache-2.0 */
/* `godwit profile`: servers and logins by name, in the config file. */
#include <string.h>

#include "cli/api.h"
#include "cli/config_file.h"
#include "cli/output.h"
#include "cli/verbs.h"

static int read_file(struct cli_session *session, struct cli_config_file *file) {
  cli_config_find_file(&session->config);
  return cli_config_file_read(session, file);
}

static const char *active_of(const struct cli_config_file *file) {
  return file->active[0] != 0 ? file->active : CLI_PROFILE_DEFAULT;
}

static const char *or_default(const char *text, const char *fallback) {
  return text != NULL ? text : fallback;
}

/* How it gets in, never with what. */
static const char *way_in(const struct cli_config_file *file, const char *profile) {
  if (cli_config_file_get(file, profile, "session") != NULL) return "account";
  return cli_config_file_get(file, profile, "api-key") != NULL ? "API key" : "none";
}

static void say(struct cli_session *session, const char *what, const char *profile) {
  if (session->json) {
    fputs("{}\n", session->out);
  } else {
    cli_fact(session, what, "profile %s", profile);
  }
}

static json_t *describe(const struct cli_config_file *file, const char *profile) {
  return json_pack(
      "{s:s, s:b, s:s, s:s, s:s}", "name", profile, "active", strcmp(profile, active_of(file)) == 0,
      "url", or_default(cli_config_file_get(file, profile, "url"), CLI_URL_DEFAULT), "project",
      or_default(cli_config_file_get(file, profile, "project"), CLI_PROJECT_DEFAULT), "login",
      way_in(file, profile));
}

/* One of each, in the file's order. */
static json_t *all_of(const struct cli_config_file *file) {
  json_t *list = json_array();
  for (size_t i = 0; i < file->count; i++) {
    bool seen = false;
    for (size_t k = 0; k < i && !seen; k++) {
      seen = strcmp(file->entry[k].profile, file->entry[i].profile) == 0;
    }
    if (!seen) json_array_append_new(list, describe(file, file->entry[i].profile));
  }
  return list;
}

static void print_table(struct cli_session *session, const json_t *list) {
  static const char *const heading[] = {"PROFILE", "IN USE", "SERVER", "PROJECT", "LOGIN"};
  struct cli_table table;
  json_t *row;
  size_t i;
  cli_table_init(&table, heading, sizeof heading / sizeof heading[0]);
  json_array_foreach(list, i, row) {
    cli_table_add(&table, cli_text(row, "name"));
    cli_table_add(&table, json_is_true(json_object_get(row, "active")) ? "yes" : "no");
    cli_table_add(&table, cli_text(row, "url"));
    cli_table_add(&table, cli_text(row, "project"));
    cli_table_add(&table, cli_text(row, "login"));
  }
  cli_table_print(session, &table);
}

int cli_profile_list(struct cli_session *session) {
  struct cli_config_file file;
  int status = read_file(session, &file);
  if (status == CLI_OK) {
    json_t *list = all_of(&file);
    if (session->json) {
      cli_print_json(session, list);
    } else {
      print_table(session, list);
    }
    json_decref(list);
  }
  cli_config_file_end(&file);
  return status;
}

static int demand(struct cli_session *session, const struct cli_config_file *file,
                  const char *profile) {
  if (cli_config_file_has(file, profile)) return CLI_OK;
  return cli_misuse(session, "there is no profile '%s'; `godwit profile list` shows them", profile);
}

int cli_profile_use(struct cli_session *session) {
  struct cli_config_file file;
  const char *profile = cli_argument(session, 0);
  int status = read_file(session, &file);
  if (status == CLI_OK) status = demand(session, &file, profile);
  if (status == CLI_OK) {
    snprintf(file.active, sizeof file.active, "%s", profile);
    status = cli_config_file_write(session, &file);
  }
  if (status == CLI_OK) say(session, "in use", profile);
  cli_config_file_end(&file);
  return status;
}

int cli_profile_delete(struct cli_session *session) {
  struct cli_config_file file;
  const char *profile = cli_argument(session, 0);
  int status = read_file(session, &file);
  if (status == CLI_OK) status = demand(session, &file, profile);
  if (status == CLI_OK) status = cli_confirm(session, "profile", profile);
  if (status == CLI_OK) {
    cli_config_file_remove(&file, profile);
    status = cli_config_file_write(session, &file);
  }
  if (status == CLI_OK) say(session, "deleted", profile);
  cli_config_file_end(&file);
  return status;
}
