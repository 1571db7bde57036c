/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/help.h"
#include "cli/http.h"
#include "cli/session.h"
#include "cli/verbs.h"

int cli_completion_bash(struct cli_session *session) {
  cli_completion_of_bash(session->out);
  return CLI_OK;
}

int cli_completion_zsh(struct cli_session *session) {
  cli_completion_of_zsh(session->out);
  return CLI_OK;
}

int cli_completion_fish(struct cli_session *session) {
  cli_completion_of_fish(session->out);
  return CLI_OK;
}

int cli_reference(struct cli_session *session) {
  cli_help_reference(session->out);
  return CLI_OK;
}

static bool wants_colour(int descriptor) {
  const char *no_colour = getenv("NO_COLOR"), *terminal = getenv("TERM");
  return isatty(descriptor) && (no_colour == NULL || no_colour[0] == 0) &&
         (terminal == NULL || strcmp(terminal, "dumb") != 0);
}

static int run(struct cli_session *session) {
  const struct cli_command *command = session->parsed.command;
  if (command->run == NULL) {
    return cli_misuse(session, "is another part of this program; put it first: `godwit %s ...`",
                      command->path);
  }
  int status = command->local ? CLI_OK : cli_config_load(session);
  if (status == CLI_OK) status = command->run(session);
  cli_http_close(session);
  explicit_bzero(session->config.api_key, sizeof session->config.api_key);
  explicit_bzero(session->config.session, sizeof session->config.session);
  return status;
}

/* Results that did not reach the disk or the pipe are no success. */
static int finish(struct cli_session *session, int status) {
  if (fflush(session->out) == 0 && !ferror(session->out)) return status;
  return cli_fail(session, "cannot write the output; is the disk full?");
}

/* `godwit help device create` is `godwit device create --help`, and nothing at
 * all is `godwit --help`. */
static int parse_help(struct cli_parsed *parsed, int argc, char **argv) {
  static char help[] = "--help";
  char *word[16];
  int count = 0;
  word[count++] = argc > 0 ? argv[0] : help;
  for (int i = 2; i < argc && count < 15; i++) word[count++] = argv[i];
  word[count++] = help;
  return cli_parse(parsed, count, word, stderr);
}

int cli_main(int argc, char **argv) {
  struct cli_session session = {.out = stdout, .err = stderr};
  session.out_colour = wants_colour(STDOUT_FILENO);
  session.err_colour = wants_colour(STDERR_FILENO);
  session.err_terminal = isatty(STDERR_FILENO) != 0;
  bool help = argc < 2 || strcmp(argv[1], "help") == 0;
  int status = help ? parse_help(&session.parsed, argc, argv)
                    : cli_parse(&session.parsed, argc, argv, stderr);
  if (status != CLI_OK) return status;
  session.json = cli_switch(&session, "json");
  if (session.parsed.help) {
    cli_help(session.out, &session.parsed);
    return finish(&session, CLI_OK);
  }
  return finish(&session, run(&session));
}
