/* SPDX-License-Identifier: Apache-2.0 */
#include "server/app/virtual_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/core/log.h"
#include "server/core/status.h"

#define NICE 5

/* --- in the child, before it is another program ------------------------------------ */

static void close_all_above_standard_error(void) {
#ifdef SYS_close_range
  if (syscall(SYS_close_range, 3u, ~0u, 0u) == 0) return;
#endif
  long max = sysconf(_SC_OPEN_MAX);
  for (int fd = 3; fd < max && fd < 65536; fd++) close(fd);
}

static void reset_signals(void) {
  sigset_t none;
  sigemptyset(&none);
  signal(SIGPIPE, SIG_DFL);
  signal(SIGXFSZ, SIG_DFL);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The server has threads: until exec nothing may be called that takes a lock. */
static void complain(const char *program, const char *why) {
  const char *const words[] = {"cannot run ", program, ": ", why != NULL ? why : "?", "\n"};
  for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
    ssize_t written = write(STDERR_FILENO, words[i], strlen(words[i]));
    (void)written;
  }
}

static _Noreturn void become(const char *program, const char *const *arguments, int in, int err) {
  int out = open("/dev/null", O_WRONLY);
  if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0) {
    _exit(127);
  }
  close_all_above_standard_error();
  reset_signals();
  setpgid(0, 0);
  setpriority(PRIO_PROCESS, 0, NICE);
  execv(program, (char *const *)(uintptr_t)arguments);
  complain(program, strerrordesc_np(errno));
  _exit(127);
}

/* --- in the server --------------------------------------------------------------------- */

void virtual_process_init(struct virtual_process *process) {
  *process = (struct virtual_process){.errors_fd = -1};
}

static void close_pair(int pair[2]) {
  if (pair[0] >= 0) close(pair[0]);
  if (pair[1] >= 0) close(pair[1]);
}

/* A pipe holds far more than a secret: the write does not wait. A child that is
 * gone already is seen when it is buried. */
static void hand_over(int fd, const void *secret, size_t secret_size) {
  ssize_t written = write(fd, secret, secret_size);
  (void)written;
}

int virtual_process_start(struct virtual_process *process, const char *program,
                          const char *const *arguments, const void *secret, size_t secret_size,
                          char error[SRV_ERROR_MAX]) {
  int input[2] = {-1, -1}, errors[2] = {-1, -1};
  pid_t pid = -1;
  if (pipe2(input, O_CLOEXEC) == 0 && pipe2(errors, O_CLOEXEC) == 0) pid = fork();
  if (pid == 0) become(program, arguments, input[0], errors[1]);
  if (pid < 0) {
    snprintf(error, SRV_ERROR_MAX, "cannot start a process: %s", strerror(errno));
    close_pair(input);
    close_pair(errors);
    return SRV_ERR_IO;
  }
  virtual_process_init(process);
  process->pid = pid;
  process->errors_fd = errors[0];
  fcntl(errors[0], F_SETFL, O_NONBLOCK);
  close(errors[1]);
  hand_over(input[1], secret, secret_size);
  close_pair(input);
  return SRV_OK;
}

static void end_line(struct virtual_process *process, const char *name) {
  process->line[process->line_length] = 0;
  if (process->line_length == 0) return;
  memcpy(process->last_line, process->line, process->line_length + 1);
  process->line_length = 0;
  srv_log(SRV_LOG_DEBUG, "virtual", "%s: %s", name, process->last_line);
}

static void take_bytes(struct virtual_process *process, const char *name, const char *bytes,
                       size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (bytes[i] == '\n') {
      end_line(process, name);
    } else if (process->line_length < sizeof(process->line) - 1) { /* else cut */
      bool printable = bytes[i] >= ' ' && bytes[i] <= '~';
      process->line[process->line_length++] = printable ? bytes[i] : '?';
    }
  }
}

static void read_errors(struct virtual_process *process, const char *name) {
  char bytes[1024];
  ssize_t count;
  if (process->errors_fd < 0) return;
  for (int turns = 0; turns < 16; turns++) { /* one that only shouts does not hold us up */
    count = read(process->errors_fd, bytes, sizeof(bytes));
    if (count <= 0) return;
    take_bytes(process, name, bytes, (size_t)count);
  }
}

static void describe_end(const struct virtual_process *process, int status,
                         char why[SRV_ERROR_MAX]) {
  const char *line = process->last_line;
  const char *colon = line[0] != 0 ? ": " : "";
  if (WIFSIGNALED(status)) {
    snprintf(why, SRV_ERROR_MAX, "its process was ended by signal %d", WTERMSIG(status));
  } else {
    snprintf(why, SRV_ERROR_MAX, "its process ended with exit code %d%s%.180s", WEXITSTATUS(status),
             colon, line);
  }
}

bool virtual_process_has_ended(struct virtual_process *process, const char *name,
                               char why[SRV_ERROR_MAX]) {
  int status = 0;
  read_errors(process, name);
  if (waitpid(process->pid, &status, WNOHANG) == 0) return false;
  read_errors(process, name); /* its last words */
  end_line(process, name);
  describe_end(process, status, why);
  close(process->errors_fd);
  virtual_process_init(process);
  return true;
}
