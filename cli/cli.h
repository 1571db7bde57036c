/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CLI_H
#define CLI_CLI_H
/* The operator's commands. Talks REST only; exit codes: 0 done, 1 the server
 * or the input said no, 2 the command line was wrong. */

struct cli_option;
/* What `godwit server` takes, said by the part that is the server, for manual
 * pages and completion. Borrowed; ends with a row without a name. */
void cli_set_server_options(const struct cli_option *options);

/* argv[0] is the program, argv[1] the noun ("artifact"). */
int cli_main(int argc, char **argv);
#endif
