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
  struct srv_head head;             /* of each request: cookie, address... */
};

void rest_begin(struct rest_fixture *fixture);
void rest_end(struct rest_fixture *fixture);

/* The last answer: HTTP status and document, valid until the next call. */
struct rest_answer {
  int status;
  json_t *document;
  const char *message; /* of an error, else "" */
  uint8_t *bytes;      /* of a blob or a stream, else NULL; a NUL behind them */
  size_t size;
  char bytes_type[SRV_CONTENT_TYPE_MAX + 1];
  char bytes_name[128];
  char cookie[192]; /* what it sets; "": nothing */
  unsigned retry_after_s;
};

/* url: path and query, encoded. body NULL: none. Uses the fixture's key. */
const struct rest_answer *rest_call(struct rest_fixture *fixture, const char *method,
                                    const char *url, const char *body);
const struct rest_answer *rest_call_as(struct rest_fixture *fixture, const char *key,
                                       const char *method, const char *url, const char *body);
/* Uploads bytes in the body. */
const struct rest_answer *rest_upload(struct rest_fixture *fixture, const char *url,
                                      const void *data, size_t size);

/* Fails the test unless the answer is what GET /v1/openapi.json says of the route;
 * the calls above do it themselves. path: the route's. */
void rest_check_described(const char *method, const char *path, int status, const json_t *document);

/* As ref_of, in whatever project it is. */
struct srv_device_ref rest_ref_of(const struct srv_device *device);
/* A capture as the device sends it; with what the model took it for and its
 * score in 1/255, unless heard is NULL. The id comes back, for four calls. */
const char *rest_capture(struct rest_fixture *fixture, const struct srv_device *device,
                         const char *path, const void *data, size_t size, const char *heard,
                         uint8_t score);
/* A WAV file's head and some samples: differs by seed. */
#define REST_WAV_SIZE 1000
void rest_make_wav(uint8_t wav[REST_WAV_SIZE], unsigned seed);
/* A device of another project, which has one capture and one setting. */
struct rest_others {
  struct srv_device device;
  char capture_id[SRV_ID_LENGTH + 1];
  char setting_id[SRV_ID_LENGTH + 1];
};
struct rest_others rest_make_others(struct rest_fixture *fixture);

/* Fails the test unless that is the answer. */
void rest_expect(const struct rest_answer *answer, int status);
void rest_expect_error(const struct rest_answer *answer, int status, int code, const char *words);
/* Text at a path like "data.metadata.status" or "list.0.name"; "" when absent. */
const char *rest_text(const struct rest_answer *answer, const char *path);
json_int_t rest_number(const struct rest_answer *answer, const char *path);
json_t *rest_value(const struct rest_answer *answer, const char *path);

#define PP "/v1/projects/default"
#endif
