/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H
/* One run of one command: what was typed, where the server is, where output
 * goes. Owned by cli_main; commands borrow it. One thread. */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/config.h"

struct cli_http; /* http.h */

struct cli_session {
  struct cli_parsed parsed;
  struct cli_config config;
  struct cli_http *http; /* made on first use */
  FILE *out;             /* results: tables, or with --json one document */
  FILE *err;             /* errors, questions, progress */
  bool json;
  bool out_colour; /* a terminal, and NO_COLOR is not set */
  bool err_colour;
  bool err_terminal; /* may show progress */
};

/* Prints "godwit: artifact upload: MESSAGE" in one line, control characters
 * made visible; returns CLI_FAILED or CLI_USAGE. MESSAGE ends with what to do:
 * "...; do this". */
int cli_fail(struct cli_session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int cli_misuse(struct cli_session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Likewise, but the run goes on. */
void cli_warn(struct cli_session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The option's or argument's text; NULL when not given. */
const char *cli_option(const struct cli_session *session, const char *name);
bool cli_switch(const struct cli_session *session, const char *name);
const char *cli_argument(const struct cli_session *session, size_t index);

/* Asks before something is deleted. CLI_OK to go on: --yes, or "y" typed at a
 * terminal. Without a terminal, --yes is demanded. */
int cli_confirm(struct cli_session *session, const char *what, const char *name);

/* Reads one line of a secret from standard input, unseen where that is a
 * terminal (`prompt` is shown there). CLI_OK with a non-empty line in `text`. */
int cli_read_secret(struct cli_session *session, const char *prompt, char *text, size_t size);

/* The whole file in malloc'd memory. Prints the error. */
int cli_read_file(struct cli_session *session, const char *path, size_t size_max, void **data,
                  size_t *size);
#endif
