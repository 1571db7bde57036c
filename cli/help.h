/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_HELP_H
#define CLI_HELP_H
/* Everything that is written from the command table: help, the reference that
 * is docs/guide/cli.md, manual pages, and completion for shells. */
#include <stdio.h>

#include "cli/command.h"

/* Help for the command that was parsed, for a noun, or for all of it. */
void cli_help(FILE *out, const struct cli_parsed *parsed);
/* The whole of docs/guide/cli.md. */
void cli_help_reference(FILE *out);
/* completion.c */
void cli_completion_of_bash(FILE *out);
void cli_completion_of_zsh(FILE *out);
void cli_completion_of_fish(FILE *out);
/* manual.c: the page of all commands of a noun; NULL: godwit(1), which names
 * them all. roff(7) in man(7)'s macros. */
void cli_manual_page(FILE *out, const char *noun);

/* What they share. */
extern const char cli_help_introduction[];
extern const char cli_help_environment[];
const struct cli_option *cli_options_of(const struct cli_command *command);     /* never NULL */
const struct cli_argument *cli_arguments_of(const struct cli_command *command); /* likewise */
void cli_help_usage(FILE *out, const struct cli_command *command); /* "godwit device show DEVICE" */
const char *cli_option_term(char *out, size_t size, const struct cli_option *option);
size_t cli_noun_length(const struct cli_command *command); /* of its first word */
bool cli_same_noun(const struct cli_command *a, const struct cli_command *b);
#endif
