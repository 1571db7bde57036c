/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_SERVER_REST_ACCOUNT_FIXTURE_H
#define TESTS_UNIT_SERVER_REST_ACCOUNT_FIXTURE_H
/* People for tests of REST: accounts with a session, members with a role. */
#include "server/core/account.h"
#include "server/core/organization.h"
#include "tests/unit/server/rest/rest_fixture.h"

/* By a session (token) or an API key (key), or neither: a stranger. */
struct person {
  char token[SRV_TOKEN_LENGTH + 1];
  char key[SRV_API_KEY_LENGTH + 1];
  char account_id[SRV_ID_LENGTH + 1];
  char session_id[SRV_ID_LENGTH + 1];
  char member_id[SRV_ID_LENGTH + 1];
};

/* An account with a session. organization NULL: a member nowhere. project "":
 * of all of it. */
struct person make_person(struct rest_fixture *fixture, const char *email, bool server_admin,
                          const char *organization, const char *project, enum srv_role role);
/* project "": of the whole server. scopes "": all. */
struct person make_key(struct rest_fixture *fixture, const char *project, enum srv_role role,
                       const char *scopes, int64_t expires_us);
void make_organization(struct rest_fixture *fixture, const char *id);
void make_project(struct rest_fixture *fixture, const char *id, const char *organization);
/* With the cookie, or the key, and the right CSRF token. */
const struct rest_answer *person_call(struct rest_fixture *fixture, const struct person *person,
                                      const char *method, const char *url, const char *body);
#endif
