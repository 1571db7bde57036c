/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_SERVER_REST_HTTP_FIXTURE_H
#define TESTS_UNIT_SERVER_REST_HTTP_FIXTURE_H
/* A REST server on a socket, its loop turned by the test. */
#include "server/rest/rest.h"
#include "tests/unit/server/rest/rest_fixture.h"

struct http_fixture {
  struct rest_fixture base;
  struct srv_rest *rest;
};

void http_begin(struct http_fixture *fixture);
/* core and version are filled in. */
void http_begin_with(struct http_fixture *fixture, struct srv_rest_config config);
void http_end(struct http_fixture *fixture);

int http_connect(const struct http_fixture *fixture);
/* With the key, a host and "connection: close". body NULL: none. */
void http_send(const struct http_fixture *fixture, int fd, const char *method, const char *path,
               const char *body);
/* Once, without waiting longer than that; calls time out by the core's clock,
 * which is the test's. */
void http_turn(struct http_fixture *fixture, int timeout_ms);

/* Turns the loop until the server closes the connection; then closes fd. */
struct http_answer {
  int status;
  char *head; /* NUL-terminated */
  uint8_t *body;
  size_t size;
  bool complete; /* the body has its announced or chunked end */
};
struct http_answer http_read(struct http_fixture *fixture, int fd);
void http_free(struct http_answer *answer);
#endif
