/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_SERVER_REST_FIXTURE_H
#define TESTS_UNIT_SERVER_REST_FIXTURE_H
/* Requests without sockets: what http.c does, from memory. */
#include <stdlib.h>

#include "server/rest/internal.h"
#include "tests/unit/server/core/core_fixture.h"

struct rest_fixture {
  struct core_fixture core;
  struct srv_rest_context context;
  char key[SRV_API_KEY_LENGTH + 1]; /* of the whole server */
};

void rest_begin(struct rest_fixture *fixture);
void rest_end(struct rest_fixture *fixture);

/* The last answer: HTTP status and document, valid until the next call. */
struct rest_answer {
  int status;
  json_t *document;
  const char *message; /* of an error, else "" */
};

/* url: path and query, encoded. body NULL: none. Uses the fixture's key. */
const struct rest_answer *rest_call(struct rest_fixture *fixture, const char *method,
                                    const char *url, const char *body);
const struct rest_answer *rest_call_as(struct rest_fixture *fixture, const char *key,
                                       const char *method, const char *url, const char *body);
/* Uploads bytes in the body. */
const struct rest_answer *rest_upload(struct rest_fixture *fixture, const char *url,
                                      const void *data, size_t size);

/* Fails the test unless that is the answer. */
void rest_expect(const struct rest_answer *answer, int status);
void rest_expect_error(const struct rest_answer *answer, int status, int code, const char *words);
/* Text at a path like "data.metadata.status" or "list.0.name"; "" when absent. */
const char *rest_text(const struct rest_answer *answer, const char *path);
json_int_t rest_number(const struct rest_answer *answer, const char *path);
json_t *rest_value(const struct rest_answer *answer, const char *path);

#define PP "/v1/projects/default"
#endif
