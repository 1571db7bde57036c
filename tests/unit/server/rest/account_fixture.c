/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/rest/account_fixture.h"

struct person make_person(struct rest_fixture *fixture, const char *email, bool server_admin,
                          const char *organization, const char *project, enum srv_role role) {
  struct srv_core *core = fixture->core.core;
  struct person person = {0};
  struct srv_account account = {.server_admin = server_admin};
  struct srv_session session;
  snprintf(account.email, sizeof(account.email), "%s", email);
  assert_ok(core, srv_core_create_account(core, &account));
  memcpy(person.account_id, account.id, sizeof(account.id));
  if (organization != NULL) {
    struct srv_member member = {.role = (uint8_t)role};
    snprintf(member.organization_id, sizeof(member.organization_id), "%s", organization);
    snprintf(member.project_id, sizeof(member.project_id), "%s", project);
    memcpy(member.account_id, account.id, sizeof(account.id));
    assert_ok(core, srv_core_create_member(core, &member));
    memcpy(person.member_id, member.id, sizeof(member.id));
  }
  assert_ok(core, srv_core_create_session(core, account.id, false, "192.0.2.1", "a browser",
                                          person.token, &session));
  memcpy(person.session_id, session.id, sizeof(session.id));
  return person;
}

struct person make_key(struct rest_fixture *fixture, const char *project, enum srv_role role,
                       const char *scopes, int64_t expires_us) {
  struct srv_core *core = fixture->core.core;
  struct person person = {0};
  struct srv_api_key key = {.name = "key", .role = (uint8_t)role, .expires_us = expires_us};
  snprintf(key.project_id, sizeof(key.project_id), "%s", project);
  snprintf(key.scopes, sizeof(key.scopes), "%s", scopes);
  assert_ok(core, srv_core_create_api_key(core, &key, person.key));
  memcpy(person.account_id, key.id, sizeof(key.id));
  return person;
}

void make_organization(struct rest_fixture *fixture, const char *id) {
  struct srv_organization organization = {0};
  snprintf(organization.id, sizeof(organization.id), "%s", id);
  snprintf(organization.name, sizeof(organization.name), "%s", id);
  assert_ok(fixture->core.core, srv_core_create_organization(fixture->core.core, &organization));
}

void make_project(struct rest_fixture *fixture, const char *id, const char *organization) {
  struct srv_project project = {0};
  snprintf(project.id, sizeof(project.id), "%s", id);
  snprintf(project.name, sizeof(project.name), "%s", id);
  snprintf(project.organization_id, sizeof(project.organization_id), "%s", organization);
  assert_ok(fixture->core.core, srv_core_create_project(fixture->core.core, &project));
}

const struct rest_answer *person_call(struct rest_fixture *fixture, const struct person *person,
                                      const char *method, const char *url, const char *body) {
  char cookie[128], csrf[SRV_TOKEN_LENGTH + 1];
  if (person->key[0] != 0) return rest_call_as(fixture, person->key, method, url, body);
  if (person->token[0] == 0) return rest_call_as(fixture, NULL, method, url, body);
  snprintf(cookie, sizeof(cookie), "other=1; godwit_session=%s", person->token);
  srv_session_csrf(person->token, csrf);
  fixture->head = (struct srv_head){.cookie = cookie, .csrf = csrf, .address = "192.0.2.1"};
  const struct rest_answer *answer = rest_call_as(fixture, NULL, method, url, body);
  fixture->head = (struct srv_head){0};
  return answer;
}
