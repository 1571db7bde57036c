/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_APP_APP_H
#define SERVER_APP_APP_H
/* `godwit server`: folder, core, gateway and REST in one process and one
 * thread. Exit codes: 0 stopped by a signal, 1 it could not run, 2 the command
 * line was wrong. */

/* argv[0] is "server" or the like; options follow. */
int srv_app_main(int argc, char **argv);
#endif
