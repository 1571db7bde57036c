/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CLI_H
#define CLI_CLI_H
/* The operator's commands. Talks REST only; exit codes: 0 done, 1 the server
 * or the input said no, 2 the command line was wrong. */

/* argv[0] is the program, argv[1] the noun ("artifact"). */
int cli_main(int argc, char **argv);
#endif
