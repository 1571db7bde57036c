/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_HELP_H
#define CLI_HELP_H
/* Everything that is written from the command table: help, the reference that
 * is docs/guide/cli.md, and bash completion. */
#include <stdio.h>

#include "cli/command.h"

/* Help for the command that was parsed, for a noun, or for all of it. */
void cli_help(FILE *out, const struct cli_parsed *parsed);
/* The whole of docs/guide/cli.md. */
void cli_help_reference(FILE *out);
void cli_help_completion(FILE *out);
#endif
