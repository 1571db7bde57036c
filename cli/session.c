/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "cli/output.h"

#define MESSAGE_MAX 2048 /* a server's error text plus ours */

static void complain(struct cli_session *session, const char *kind, const char *format,
                     va_list arguments) {
  char message[MESSAGE_MAX], clean[MESSAGE_MAX];
  vsnprintf(message, sizeof message, format, arguments);
  cli_printable(clean, sizeof clean, message);
  const char *path = session->parsed.command != NULL ? session->parsed.command->path : "";
  fflush(session->out);
  fprintf(session->err, "%sgodwit:%s %s%s%s%s\n", session->err_colour ? "\033[1;31m" : "",
          session->err_colour ? "\033[0m" : "", path, *path ? ": " : "", kind, clean);
}

int cli_fail(struct cli_session *session, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  complain(session, "", format, arguments);
  va_end(arguments);
  return CLI_FAILED;
}

int cli_misuse(struct cli_session *session, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  complain(session, "", format, arguments);
  va_end(arguments);
  return CLI_USAGE;
}

void cli_warn(struct cli_session *session, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  complain(session, "warning: ", format, arguments);
  va_end(arguments);
}

const char *cli_option(const struct cli_session *session, const char *name) {
  return cli_parsed_value(&session->parsed, name);
}

bool cli_switch(const struct cli_session *session, const char *name) {
  return cli_parsed_has(&session->parsed, name);
}

const char *cli_argument(const struct cli_session *session, size_t index) {
  return index < session->parsed.argument_count ? session->parsed.argument[index] : NULL;
}

int cli_confirm(struct cli_session *session, const char *what, const char *name) {
  if (cli_switch(session, "yes")) return CLI_OK;
  if (!isatty(STDIN_FILENO)) {
    return cli_misuse(session, "this deletes %s %s, and there is no terminal to ask on; add --yes",
                      what, name);
  }
  char clean[256], answer[16];
  cli_printable(clean, sizeof clean, name);
  fprintf(session->err, "delete %s %s? [y/N] ", what, clean);
  fflush(session->err);
  if (fgets(answer, sizeof answer, stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y')) {
    return CLI_OK;
  }
  return cli_fail(session, "left %s %s as it is", what, name);
}

static bool read_line(char *text, size_t size) {
  if (fgets(text, (int)size, stdin) == NULL) return false;
  size_t length = strcspn(text, "\r\n");
  /* A line that fills the buffer without an end was longer than it. */
  bool whole = text[length] != 0 || length + 1 < size;
  text[length] = 0;
  return whole && length > 0;
}

/* The terminal as it was, for the handler: Ctrl-C must not leave it mute. */
static struct termios terminal_before;

static void restore_terminal(int signal_number) {
  tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

int cli_read_secret(struct cli_session *session, const char *prompt, char *text, size_t size) {
  struct termios seen, unseen;
  bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &seen) == 0;
  if (terminal) {
    unseen = seen;
    unseen.c_lflag &= ~(tcflag_t)ECHO;
    fprintf(session->err, "%s: ", prompt);
    fflush(session->err);
    terminal_before = seen;
    signal(SIGINT, restore_terminal);
    signal(SIGTERM, restore_terminal);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen);
  }
  bool got = read_line(text, size);
  if (terminal) {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &seen);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    fputc('\n', session->err);
  }
  if (got) return CLI_OK;
  return cli_misuse(session, "no %s on standard input, or one over %zu characters; give one line",
                    prompt, size - 2);
}

static int read_all(struct cli_session *session, const char *path, FILE *file, size_t size,
                    void **data) {
  /* One byte more than needed: never malloc(0). */
  uint8_t *bytes = malloc(size + 1);
  if (bytes == NULL) return cli_fail(session, "no memory for the %zu bytes of %s", size, path);
  if (fread(bytes, 1, size, file) != size) {
    free(bytes);
    return cli_fail(session, "reading %s: %s; check the file", path,
                    ferror(file) ? strerror(errno) : "it became shorter meanwhile");
  }
  *data = bytes;
  return CLI_OK;
}

int cli_read_file(struct cli_session *session, const char *path, size_t size_max, void **data,
                  size_t *size) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    return cli_fail(session, "cannot open %s: %s; check the path", path, strerror(errno));
  }
  struct stat info;
  int status;
  if (fstat(fileno(file), &info) != 0 || !S_ISREG(info.st_mode)) {
    status = cli_fail(session, "%s is not a file; name one", path);
  } else if ((unsigned long long)info.st_size > size_max) {
    status = cli_fail(session, "%s has %lld bytes, at most %zu can be sent; send a smaller file",
                      path, (long long)info.st_size, size_max);
  } else {
    *size = (size_t)info.st_size;
    status = read_all(session, path, file, *size, data);
  }
  fclose(file);
  return status;
}
