/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cli/run.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "tests/support/test.h"

#define WORDS_MAX 1100

/* The parent's: in a child, test_temporary_folder() would make another. */
static const char *folder;

static void redirect(const char *name, int descriptor, int flags) {
  char path[1200];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  int file = open(path, flags, 0600);
  if (file < 0 || dup2(file, descriptor) < 0) _exit(99);
  close(file);
}

static void put(const char *name, const char *text) {
  char path[1200];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static void get(const char *name, char *text, size_t size) {
  char path[1200];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  text[fread(text, 1, size - 1, file)] = 0;
  fclose(file);
}

/* argv[0] and copies of the words: cli_main may change what it is given. */
static int make_argv(const char *const *words, char *argv[WORDS_MAX + 2]) {
  static char name[] = "godwit";
  int argc = 0;
  argv[argc++] = name;
  while (*words != NULL && argc <= WORDS_MAX) argv[argc++] = strdup(*words++);
  argv[argc] = NULL;
  return argc;
}

_Noreturn static void be_godwit(const char *const *words) {
  char *argv[WORDS_MAX + 2];
  int argc = make_argv(words, argv);
  setenv("HOME", folder, 1);
  int status = cli_main(argc, argv);
  for (int i = 1; i < argc; i++) free(argv[i]);
  exit(status); /* not _exit: leaks are looked for on the way */
}

_Noreturn static void be_godwit_with_files(const char *const *words) {
  redirect("in", STDIN_FILENO, O_RDONLY);
  redirect("out", STDOUT_FILENO, O_WRONLY | O_CREAT | O_TRUNC);
  redirect("err", STDERR_FILENO, O_WRONLY | O_CREAT | O_TRUNC);
  be_godwit(words);
}

const struct run *run_cli_at_terminal(const char *typed, const char *const *words) {
  static struct run run;
  int terminal, status;
  size_t used = 0;
  folder = test_temporary_folder();
  fflush(NULL);
  pid_t child = forkpty(&terminal, NULL, NULL, NULL);
  assert_true(child >= 0);
  if (child == 0) be_godwit(words);
  assert_int_equal(write(terminal, typed, strlen(typed)), strlen(typed));
  /* Reading ends with EIO when the child has gone. */
  for (ssize_t got; used < sizeof run.out - 1; used += (size_t)got) {
    got = read(terminal, run.out + used, sizeof run.out - 1 - used);
    if (got <= 0) break;
  }
  run.out[used] = run.err[0] = 0;
  close(terminal);
  assert_int_equal(waitpid(child, &status, 0), child);
  run.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return &run;
}

const struct run *run_cli_with_input(const char *input, const char *const *words) {
  static struct run run;
  int status;
  folder = test_temporary_folder();
  put("in", input);
  fflush(NULL);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) be_godwit_with_files(words);
  assert_int_equal(waitpid(child, &status, 0), child);
  run.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  get("out", run.out, sizeof run.out);
  get("err", run.err, sizeof run.err);
  return &run;
}

const struct run *run_cli(const char *const *words) { return run_cli_with_input("", words); }

void check_status(const struct run *run, int expected, const char *file, int line) {
  if (run->status == expected) return;
  print_error("exit code %d, not %d; it wrote:\n%s%s", run->status, expected, run->out, run->err);
  _fail(file, line);
}

void check_contains(const char *text, const char *part, const char *file, int line) {
  if (strstr(text, part) != NULL) return;
  print_error("'%s' is not in:\n%s\n", part, text);
  _fail(file, line);
}

void check_error(const struct run *run, const char *text, const char *file, int line) {
  const char *end = strchr(run->err, '\n');
  check_contains(run->err, text, file, line);
  if (strncmp(run->err, "godwit:", 7) == 0 && end != NULL && end[1] == 0) return;
  print_error("not one line of godwit's:\n%s", run->err);
  _fail(file, line);
}

json_t *run_json(const struct run *run) {
  json_error_t error;
  assert_status(run, CLI_OK);
  json_t *document = json_loads(run->out, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
  if (document == NULL) fail_msg("%s in:\n%s", error.text, run->out);
  return document;
}

/* --- the fake server ---------------------------------------------------------- */

#define LOG_MAX (64 * 1024)

struct fake {
  pid_t child;
  size_t used;
  char log[LOG_MAX];
};

/* Reads one request, its body by Content-Length; into the log. */
static void take_request(struct fake *fake, int connection) {
  size_t start = fake->used, body = 0;
  for (;;) {
    ssize_t got = read(connection, fake->log + fake->used, LOG_MAX - 1 - fake->used);
    if (got <= 0) return;
    fake->used += (size_t)got;
    fake->log[fake->used] = 0;
    const char *end = strstr(fake->log + start, "\r\n\r\n");
    if (end == NULL) continue;
    const char *length = strcasestr(fake->log + start, "content-length:");
    if (length != NULL && length < end) body = strtoul(length + 15, NULL, 10);
    if (fake->used - (size_t)(end + 4 - fake->log) >= body) return;
  }
}

_Noreturn static void serve(struct fake *fake, int listener, const char *const *replies) {
  prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves none behind */
  for (;;) {
    int connection = accept(listener, NULL, NULL);
    if (connection < 0) _exit(1);
    take_request(fake, connection);
    for (size_t sent = 0, size = strlen(*replies); sent < size;) {
      ssize_t count = send(connection, *replies + sent, size - sent, MSG_NOSIGNAL);
      if (count <= 0) break;
      sent += (size_t)count;
    }
    shutdown(connection, SHUT_RDWR);
    close(connection);
    if (replies[1] != NULL) replies++;
  }
}

struct fake *fake_start(const char *const *replies) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  char url[64];
  struct fake *fake =
      mmap(NULL, sizeof *fake, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_ptr_not_equal(fake, MAP_FAILED);
  assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(listener, 8), 0);
  assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) serve(fake, listener, replies);
  fake->child = child; /* shared memory: not the child's 0 */
  close(listener);
  snprintf(url, sizeof url, "http://127.0.0.1:%u", ntohs(address.sin_port));
  setenv("GODWIT_URL", url, 1);
  return fake;
}

void fake_stop(struct fake *fake) {
  kill(fake->child, SIGKILL);
  waitpid(fake->child, NULL, 0);
  munmap(fake, sizeof *fake);
}

const char *fake_requests(const struct fake *fake) { return fake->log; }

const char *reply(const char *status, const char *body) {
  static char text[8][4096];
  static unsigned next;
  char *out = text[next++ % 8];
  snprintf(out, sizeof text[0],
           "HTTP/1.1 %s\r\ncontent-type: application/json\r\nconnection: close\r\n"
           "content-length: %zu\r\n\r\n%s",
           status, strlen(body), body);
  return out;
}
