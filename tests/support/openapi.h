/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_OPENAPI_H
#define TESTS_SUPPORT_OPENAPI_H
/* Answers held against GET /v1/openapi.json: the subset of JSON Schema 2020-12
 * that the document uses. An object with declared members must have no other
 * (whatever the document says to clients), so that a member nobody described
 * fails the test that meets it. */
#include <jansson.h>
#include <stdbool.h>

/* The answer to method on a route's path ("/v1/projects/{project}") with that
 * HTTP status. False: problem says where and what. */
bool openapi_check(const json_t *description, const char *method, const char *path, int status,
                   const json_t *answer, char problem[512]);
/* The rules of OpenAPI 3.1 that matter: every reference leads somewhere, operation
 * ids are unique, path parameters are those of the path, only keywords are used
 * that openapi_check checks. */
bool openapi_check_description(const json_t *description, char problem[512]);
#endif
