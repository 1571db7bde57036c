/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_SERVER_APP_SERVER_PROCESS_H
#define TESTS_UNIT_SERVER_APP_SERVER_PROCESS_H
/* `godwit server` as a child process on free ports, and a client for it. */
#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "tests/support/test.h"

struct server_process {
  pid_t pid;
  char data[512];
  char key[64]; /* kept over restarts; "" until one was printed */
  int http_port, coap_port;
  char output[8192]; /* what this start has printed */
  char errors_path[600];
  long file_size_limit; /* of files it writes: a full disk. 0: none */
  const char *ca_path;  /* HTTPS, to localhost, trusting this PEM file; NULL: plain HTTP */
};

/* Starts on data (NULL: "data" in the test's folder) with further arguments
 * (NULL-terminated; NULL: none) and waits until it is ready. */
void server_start(struct server_process *server, const char *data, const char *const *arguments);
/* The same, for one that is expected to end by itself: its exit code. What it
 * said on stderr is in the file errors_path. */
int server_run(struct server_process *server, const char *data, const char *const *arguments);
void server_kill(struct server_process *server);
/* SIGTERM; fails the test unless it exits with 0 (and without leaks). */
void server_stop(struct server_process *server);
/* Whole text of errors_path; the caller's. */
char *server_errors(const struct server_process *server);

struct http_answer {
  long status; /* 0: no answer */
  char *body;  /* NUL-terminated; valid until the next call */
  size_t size;
  json_t *document; /* when the body is JSON */
  char headers[2048];
};

struct http_request {
  const char *method; /* NULL: GET */
  const char *path;
  const void *body;
  size_t size;
  const char *content_type; /* NULL: none is sent */
  const char *key;          /* NULL: the server's; "": none */
  const char *header;       /* one more, "name: value" */
  bool chunked;
};
const struct http_answer *http_send(const struct server_process *server,
                                    const struct http_request *request);
const struct http_answer *http_json(const struct server_process *server, const char *method,
                                    const char *path, const char *body);
void http_expect(const struct http_answer *answer, long status);
#endif
