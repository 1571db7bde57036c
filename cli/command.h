/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H
/* Every command of the CLI is declared once, in the table of commands.c: its
 * words, arguments, options, help, examples and the function that does it.
 * Parsing, --help, "did you mean", bash completion and docs/guide/cli.md all
 * read that table; nothing about a command is written anywhere else.
 *
 * All of it is static data; parsing borrows argv. */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Exit codes, the same for every command. */
enum cli_exit {
  CLI_OK = 0,
  CLI_FAILED = 1, /* the server or the input said no */
  CLI_USAGE = 2,  /* the command line was wrong */
};

#define CLI_ARGUMENTS_MAX 1001 /* of one call: a label and the captures of one request */
#define CLI_OPTIONS_MAX 64     /* options given in one call, repeated ones counted each */

struct cli_session;

enum cli_complete { CLI_COMPLETE_NOTHING, CLI_COMPLETE_FILE };

struct cli_argument {
  const char *name; /* as in the usage line, "DEVICE"; NULL ends the list */
  const char *help;
  bool optional;
  bool repeats; /* one or more; only for the last one */
  enum cli_complete complete;
};

struct cli_option {
  const char *name;  /* without the dashes; NULL ends the list */
  const char *value; /* what it takes, "NAME"; NULL for a switch */
  const char *help;
  bool repeats;
  bool required;
  enum cli_complete complete;
};

struct cli_command {
  const char *path;                        /* the words, "release rollout on" */
  const char *summary;                     /* one line, in lists of commands */
  const char *details;                     /* further sentences for --help, NULL for none */
  const struct cli_argument *arguments;    /* NULL for none */
  const struct cli_option *options;        /* NULL for none; see cli_global_options */
  const char *const *examples;             /* NULL-terminated, at least one */
  bool local;                              /* needs no server */
  int (*run)(struct cli_session *session); /* exit code; NULL: lives elsewhere in the binary */
};

/* The table, and its end. */
extern const struct cli_command cli_commands[];
extern const size_t cli_command_count;
/* What a first word ("artifact") is about: for headings. NULL when unknown. */
const char *cli_noun_summary(const char *noun, size_t length);

/* Taken by every command. */
extern const struct cli_option cli_global_options[];

/* A command line taken apart; the pointers are argv's. */
struct cli_parsed {
  const struct cli_command *command; /* NULL: help for `prefix` was asked for */
  const char *prefix[4];             /* words that lead to no command yet: "device", "tag" */
  size_t prefix_count;
  bool help;
  const char *argument[CLI_ARGUMENTS_MAX];
  size_t argument_count;
  struct {
    const struct cli_option *option;
    const char *value; /* NULL for a switch */
  } option[CLI_OPTIONS_MAX];
  size_t option_count;
};

/* CLI_OK, or CLI_USAGE with one line on `err` that says what was wrong and
 * what was perhaps meant. */
int cli_parse(struct cli_parsed *parsed, int argc, char **argv, FILE *err);

/* Value of the last --name given; NULL when it was not. */
const char *cli_parsed_value(const struct cli_parsed *parsed, const char *name);
bool cli_parsed_has(const struct cli_parsed *parsed, const char *name);

/* Edit distance with transpositions; for "did you mean". */
size_t cli_distance(const char *a, const char *b);
#endif
