/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/config_file.h"
#include "cli/session.h"

/* One setting: its names in the three places, and where it is kept. */
struct setting {
  const char *option;
  const char *environment;
  const char *key;
  char *value;
  size_t size;
  enum cli_source *source;
};
#define SETTING_COUNT 3

static void settings_of(struct cli_config *config, struct setting setting[SETTING_COUNT]) {
  setting[0] = (struct setting){"url",       "GODWIT_URL",       "url",
                                config->url, sizeof config->url, &config->url_source};
  setting[1] = (struct setting){"api-key",       "GODWIT_API_KEY",       "api-key",
                                config->api_key, sizeof config->api_key, &config->api_key_source};
  setting[2] = (struct setting){"project",       "GODWIT_PROJECT",       "project",
                                config->project, sizeof config->project, &config->project_source};
}

const char *cli_source_name(enum cli_source source) {
  static const char *const name[] = {"the default", "the config file", "the environment",
                                     "the command line", "standard input"};
  return name[source];
}

static int check(struct cli_session *session, const struct setting *setting, const char *value,
                 enum cli_source source) {
  size_t length = strlen(value);
  if (length == 0 || length >= setting->size) {
    return cli_misuse(session, "%s from %s has %zu characters, 1 to %zu are possible; correct it",
                      setting->key, cli_source_name(source), length, setting->size - 1);
  }
  for (size_t i = 0; i < length; i++) {
    /* A line break in a key would end its HTTP header and start another. */
    if ((unsigned char)value[i] <= ' ' || value[i] == 0x7f) {
      return cli_misuse(session, "%s from %s has a space or control character in it; correct it",
                        setting->key, cli_source_name(source));
    }
  }
  return CLI_OK;
}

static int set(struct cli_session *session, struct setting *setting, const char *value,
               enum cli_source source) {
  int status = check(session, setting, value, source);
  if (status != CLI_OK) return status;
  memcpy(setting->value, value, strlen(value) + 1);
  *setting->source = source;
  return CLI_OK;
}

int cli_config_ask_api_key(struct cli_session *session) {
  struct cli_config *config = &session->config;
  struct setting setting[SETTING_COUNT];
  settings_of(config, setting);
  int status = cli_read_secret(session, "API key", config->api_key, sizeof config->api_key);
  config->api_key_source = CLI_FROM_INPUT;
  return status == CLI_OK ? check(session, &setting[1], config->api_key, CLI_FROM_INPUT) : status;
}

/* What the file has of the profile, on top of the defaults. */
static int take_profile(struct cli_session *session, struct setting *setting,
                        const struct cli_config_file *file) {
  struct cli_config *config = &session->config;
  const char *text;
  for (size_t i = 0; i < SETTING_COUNT; i++) {
    text = cli_config_file_get(file, config->profile, setting[i].key);
    int status = text != NULL ? set(session, &setting[i], text, CLI_FROM_FILE) : CLI_OK;
    if (status != CLI_OK) return status;
  }
  text = cli_config_file_get(file, config->profile, "session");
  snprintf(config->session, sizeof config->session, "%s", text != NULL ? text : "");
  text = cli_config_file_get(file, config->profile, "csrf");
  snprintf(config->csrf, sizeof config->csrf, "%s", text != NULL ? text : "");
  return CLI_OK;
}

static int choose_profile(struct cli_session *session, const struct cli_config_file *file) {
  struct cli_config *config = &session->config;
  const char *named = cli_option(session, "profile");
  bool is_login = strcmp(session->parsed.command->path, "login") == 0;
  if (named == NULL) named = getenv("GODWIT_PROFILE");
  config->profile_named = named != NULL && named[0] != 0;
  if (!config->profile_named) named = file->active[0] != 0 ? file->active : CLI_PROFILE_DEFAULT;
  if (!cli_profile_name_is_good(named)) {
    return cli_misuse(session, "a profile's name has letters, digits, '.', '_' and '-', not '%s'",
                      named);
  }
  if (config->profile_named && !is_login && strcmp(named, CLI_PROFILE_DEFAULT) != 0 &&
      !cli_config_file_has(file, named)) {
    return cli_misuse(session,
                      "there is no profile '%s'; `godwit login --profile %s` makes it, `godwit "
                      "profile list` shows those that are there",
                      named, named);
  }
  snprintf(config->profile, sizeof config->profile, "%s", named);
  return CLI_OK;
}

static int load_file(struct cli_session *session, struct setting *setting) {
  struct cli_config_file file;
  int status = cli_config_file_read(session, &file);
  if (status == CLI_OK) status = choose_profile(session, &file);
  if (status == CLI_OK) status = take_profile(session, setting, &file);
  cli_config_file_end(&file);
  return status;
}

void cli_config_find_file(struct cli_config *config) {
  const char *folder = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
  int length = -1;
  if (folder != NULL && folder[0] == '/') {
    length = snprintf(config->file, sizeof config->file, "%s/godwit/config", folder);
  } else if (home != NULL && home[0] != 0) {
    length = snprintf(config->file, sizeof config->file, "%s/.config/godwit/config", home);
  }
  if (length < 0 || (size_t)length >= sizeof config->file) config->file[0] = 0;
}

static int check_url(struct cli_session *session) {
  char *url = session->config.url;
  size_t length = strlen(url);
  while (length > 0 && url[length - 1] == '/') url[--length] = 0;
  const char *host = NULL;
  if (strncasecmp(url, "http://", 7) == 0) host = url + 7;
  if (strncasecmp(url, "https://", 8) == 0) host = url + 8;
  if (host != NULL && *host != 0 && *host != '/' && strpbrk(host, "?#@") == NULL) return CLI_OK;
  return cli_misuse(session,
                    "url '%s' from %s is no server's address; it looks like " CLI_URL_DEFAULT, url,
                    cli_source_name(session->config.url_source));
}

/* What the file has is for the file's server: whoever is named by --url or
 * GODWIT_URL instead must not get it. */
static void forget_login(struct cli_config *config) {
  explicit_bzero(config->session, sizeof config->session);
  explicit_bzero(config->csrf, sizeof config->csrf);
  if (config->api_key_source != CLI_FROM_FILE) return;
  explicit_bzero(config->api_key, sizeof config->api_key);
  config->api_key_source = CLI_FROM_DEFAULT;
}

int cli_config_load(struct cli_session *session) {
  struct cli_config *config = &session->config;
  struct setting setting[SETTING_COUNT];
  memset(config, 0, sizeof *config);
  strcpy(config->url, CLI_URL_DEFAULT);
  strcpy(config->project, CLI_PROJECT_DEFAULT);
  settings_of(config, setting);
  cli_config_find_file(config);
  int status = load_file(session, setting);
  char signed_in_at[sizeof config->url];
  snprintf(signed_in_at, sizeof signed_in_at, "%s", config->url);
  for (size_t i = 0; i < SETTING_COUNT && status == CLI_OK; i++) {
    const char *option = cli_option(session, setting[i].option);
    const char *environment = getenv(setting[i].environment);
    if (option != NULL && strcmp(option, "-") != 0) {
      status = set(session, &setting[i], option, CLI_FROM_OPTION);
    } else if (environment != NULL && environment[0] != 0) {
      status = set(session, &setting[i], environment, CLI_FROM_ENVIRONMENT);
    }
  }
  if (status == CLI_OK) status = check_url(session);
  if (strcmp(config->url, signed_in_at) != 0) forget_login(config);
  return status;
}

int cli_config_save(struct cli_session *session) {
  const struct cli_config *config = &session->config;
  struct cli_config_file file;
  int status = cli_config_file_read(session, &file);
  if (status == CLI_OK) {
    char active[CLI_PROFILE_MAX];
    strcpy(active, file.active);
    cli_config_file_remove(&file, config->profile);
    strcpy(file.active, active);
    bool good = cli_config_file_add(&file, config->profile, "url", config->url) &&
                cli_config_file_add(&file, config->profile, "project", config->project) &&
                cli_config_file_add(&file, config->profile, "api-key", config->api_key) &&
                cli_config_file_add(&file, config->profile, "session", config->session) &&
                cli_config_file_add(&file, config->profile, "csrf", config->csrf);
    status = good ? cli_config_file_write(session, &file)
                  : cli_fail(session, "%s is full; delete profiles with `godwit profile delete`",
                             config->file);
  }
  cli_config_file_end(&file);
  return status;
}
