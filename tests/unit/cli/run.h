/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_CLI_RUN_H
#define TESTS_UNIT_CLI_RUN_H
/* Runs `godwit WORDS` in a process of its own, with a home folder of its own
 * and nothing of the environment but what the test sets with setenv. */
#include <jansson.h>
#include <stdint.h>

#include "cli/command.h"

struct run {
  int status; /* exit code; 128 + signal where it was killed */
  char out[256 * 1024];
  char err[16 * 1024];
};

/* Static storage, good until the next call. words end with NULL. */
const struct run *run_cli(const char *const *words);
#define RUN(...) run_cli((const char *const[]){__VA_ARGS__, NULL})
/* With text on standard input. */
const struct run *run_cli_with_input(const char *input, const char *const *words);

/* At a terminal, where `typed` waits to be read; both outputs come in `out`,
 * lines end with CR LF. */
const struct run *run_cli_at_terminal(const char *typed, const char *const *words);

/* Fails the test with both outputs unless the exit code is this. */
#define assert_status(run, expected) check_status(run, expected, __FILE__, __LINE__)
void check_status(const struct run *run, int expected, const char *file, int line);
/* Fails unless the error output is one line that holds the text. */
#define assert_error(run, text) check_error(run, text, __FILE__, __LINE__)
void check_error(const struct run *run, const char *text, const char *file, int line);
#define assert_contains(text, part) check_contains(text, part, __FILE__, __LINE__)
void check_contains(const char *text, const char *part, const char *file, int line);
/* The one JSON document of --json; the caller's to json_decref. */
json_t *run_json(const struct run *run);

/* A server that says what it was told to say: reply after reply, each to one
 * connection, then it repeats the last one. It keeps what it was asked. */
struct fake;
struct fake *fake_start(
    const char *const *replies); /* raw HTTP, NULL-terminated; sets GODWIT_URL */
void fake_stop(struct fake *fake);
const char *fake_requests(const struct fake *fake); /* one after the other, headers and bodies */
/* "HTTP/1.1 STATUS\r\n..." around a JSON body; static storage, eight in turn. */
const char *reply(const char *status, const char *body);
#endif
