/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H
/* Where the server is and how to be let in: option, else environment
 * (GODWIT_URL, GODWIT_API_KEY, GODWIT_PROJECT), else the file that `godwit
 * login` writes ($XDG_CONFIG_HOME or ~/.config, then godwit/config, see
 * config_file.h), else the default. The file holds several profiles: --profile,
 * else GODWIT_PROFILE, else the one of `godwit profile use`. */
#include <stdbool.h>
#include <stddef.h>

struct cli_session;

#define CLI_URL_MAX 512
#define CLI_API_KEY_MAX 256
#define CLI_PROJECT_MAX 128
#define CLI_PATH_MAX 4096
#define CLI_PROFILE_MAX 64
#define CLI_TOKEN_MAX 192

#define CLI_URL_DEFAULT "http://127.0.0.1:8080"
#define CLI_PROJECT_DEFAULT "default"

/* The later, the stronger. */
enum cli_source {
  CLI_FROM_DEFAULT,
  CLI_FROM_FILE,
  CLI_FROM_ENVIRONMENT,
  CLI_FROM_OPTION,
  CLI_FROM_INPUT
};

struct cli_config {
  char url[CLI_URL_MAX];         /* no slash at the end */
  char api_key[CLI_API_KEY_MAX]; /* "" when there is none; wiped at the end */
  char project[CLI_PROJECT_MAX];
  /* A signed-in account instead of an API key: the session's cookie and the
   * token that changes must carry. From the file only; wiped at the end. */
  char session[CLI_TOKEN_MAX];
  char csrf[CLI_TOKEN_MAX];
  char profile[CLI_PROFILE_MAX];
  bool profile_named; /* by option or environment */
  enum cli_source url_source, api_key_source, project_source;
  char file[CLI_PATH_MAX]; /* the config file's path, "" without a home */
};

/* Fills session->config. A broken file or value is an error, printed. */
int cli_config_load(struct cli_session *session);
/* Reads the API key from the terminal or standard input; one that no header
 * could carry is refused. */
int cli_config_ask_api_key(struct cli_session *session);
/* Keeps the values as this run's profile. */
int cli_config_save(struct cli_session *session);
/* Fills config->file: for commands that need no server. */
void cli_config_find_file(struct cli_config *config);
/* How a message names the source: "the environment", ... */
const char *cli_source_name(enum cli_source source);
#endif
