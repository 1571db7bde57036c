/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_APP_VIRTUAL_PROCESS_H
#define SERVER_APP_VIRTUAL_PROCESS_H
/* One child process that gets a secret on its standard input and complains on
 * its standard error: in a group of its own (Ctrl-C in the server's terminal is
 * not for it), a little less urgent than the server, with no descriptor and no
 * blocked signal of the server's. */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "server/core/limits.h"

struct virtual_process {
  pid_t pid;      /* 0: none */
  int errors_fd;  /* its standard error; -1: closed */
  char line[256]; /* the last it said there, perhaps not whole yet */
  size_t line_length;
  char last_line[256];
};

void virtual_process_init(struct virtual_process *process);
/* arguments: NULL-terminated. SRV_ERR_IO with a reason; a program that cannot be
 * run is seen by virtual_process_has_ended. */
int virtual_process_start(struct virtual_process *process, const char *program,
                          const char *const *arguments, const void *secret, size_t secret_size,
                          char error[SRV_ERROR_MAX]);
/* Reads what it says, into the log at level debug as `name`. True: it has ended
 * and is buried, pid is 0, and why says how. Never waits. */
bool virtual_process_has_ended(struct virtual_process *process, const char *name,
                               char why[SRV_ERROR_MAX]);
#endif
