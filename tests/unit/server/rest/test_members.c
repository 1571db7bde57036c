/* SPDX-License-Identifier: Apache-2.0 */
/* Organisations, members, invitations, API keys with limits. */
#include <string.h>

#include "tests/unit/server/rest/account_fixture.h"

static struct rest_fixture f;
#define O "/v1/organizations/default"

static struct person admin, root;
static void begin(void) {
  rest_begin(&f);
  f.context.public_url = "https://models.example.com/godwit/";
  admin = make_person(&f, "ada@example.com", false, "default", "", SRV_ROLE_ADMIN);
  root = make_person(&f, "root@example.com", true, NULL, "", SRV_ROLE_NONE);
}

static const struct rest_answer *as_admin(const char *method, const char *url, const char *body) {
  return person_call(&f, &admin, method, url, body);
}

TEST(the_organization_default_exists_and_projects_are_in_it) {
  begin();
  const struct rest_answer *answer = as_admin("GET", "/v1/organizations", NULL);
  rest_expect(answer, 200);
  assert_int_equal(rest_number(answer, "total"), 1);
  assert_string_equal(rest_text(answer, "list.0.id"), "default");
  answer = as_admin("GET", PP, NULL);
  assert_string_equal(rest_text(answer, "data.organizationId"), "default");
  rest_end(&f);
}

TEST(an_admin_of_an_organization_makes_projects_there_and_nowhere_else) {
  begin();
  make_organization(&f, "others");
  rest_expect(as_admin("POST", "/v1/projects", "{\"name\":\"Mine\"}"), 200);
  rest_expect(
      as_admin("POST", "/v1/projects", "{\"name\":\"Theirs\",\"organizationId\":\"others\"}"), 404);
  rest_expect(person_call(&f, &root, "POST", "/v1/projects",
                          "{\"name\":\"Theirs\",\"organizationId\":\"others\"}"),
              200);
  rest_expect(person_call(&f, &root, "POST", "/v1/projects",
                          "{\"name\":\"x\",\"organizationId\":\"nowhere\"}"),
              404);
  const struct rest_answer *answer = as_admin("GET", "/v1/projects", NULL);
  assert_int_equal(rest_number(answer, "total"), 2); /* default and mine */
  rest_expect(as_admin("DELETE", "/v1/projects/mine", NULL), 200);
  rest_expect(as_admin("DELETE", "/v1/projects/theirs", NULL), 404);
  rest_end(&f);
}

TEST(an_organization_goes_when_it_is_empty_and_default_never) {
  begin();
  rest_expect(person_call(&f, &root, "POST", "/v1/organizations", "{\"name\":\"My Others\"}"), 200);
  make_project(&f, "theirs", "my-others");
  rest_expect_error(person_call(&f, &root, "DELETE", "/v1/organizations/my-others", NULL), 409, 9,
                    "has 1 project");
  rest_expect(person_call(&f, &root, "DELETE", "/v1/projects/theirs", NULL), 200);
  rest_expect(person_call(&f, &root, "PATCH", "/v1/organizations/my-others", "{\"name\":\"Ours\"}"),
              200);
  rest_expect(person_call(&f, &root, "DELETE", "/v1/organizations/my-others", NULL), 200);
  rest_expect(person_call(&f, &root, "DELETE", PP, NULL), 200);
  rest_expect_error(person_call(&f, &root, "DELETE", O, NULL), 409, 9, "stays");
  rest_end(&f);
}

TEST(an_invitation_makes_an_account_and_shows_its_link_once) {
  begin();
  char url[160], token[80];
  const struct rest_answer *answer =
      as_admin("POST", O "/members",
               "{\"email\":\"Bob@example.com\",\"name\":\"Bob\",\"role\":\"operator\"}");
  rest_expect(answer, 200);
  const char *link = rest_text(answer, "data.link");
  assert_memory_equal(link, "https://models.example.com/godwit/#/link/", 41);
  snprintf(token, sizeof(token), "{\"token\":\"%s\"}", link + 41);
  assert_true(json_is_true(rest_value(answer, "data.invited")));
  snprintf(url, sizeof(url), O "/members/%s", rest_text(answer, "data.id"));
  answer = as_admin("GET", O "/members", NULL);
  assert_int_equal(rest_number(answer, "total"), 2);
  assert_string_equal(rest_text(answer, "list.1.email"), "bob@example.com");
  assert_string_equal(rest_text(answer, "list.1.role"), "operator");
  assert_null(rest_value(answer, "list.1.link"));
  rest_expect(rest_call_as(&f, NULL, "POST", "/v1/session/link", token), 200);
  /* Once more, though in a narrower place: the account is there already. */
  answer = as_admin("POST", O "/members",
                    "{\"email\":\"bob@example.com\",\"role\":\"admin\",\"projectId\":\"default\"}");
  rest_expect(answer, 200);
  assert_true(json_is_null(rest_value(answer, "data.link")));
  rest_expect_error(
      as_admin("POST", O "/members", "{\"email\":\"bob@example.com\",\"role\":\"viewer\"}"), 409, 6,
      "member");
  rest_end(&f);
}

TEST(an_invitation_that_makes_no_sense_leaves_nothing_behind) {
  begin();
  make_organization(&f, "others");
  make_project(&f, "theirs", "others");
  static const char *const bodies[] = {
      "{\"email\":\"bob@example.com\"}",
      "{\"role\":\"viewer\"}",
      "{\"email\":\"bob@example.com\",\"role\":\"king\"}",
      "{\"email\":\"bob@example.com\",\"role\":\"none\"}",
      "{\"email\":\"bob\",\"role\":\"viewer\"}",
      "{\"email\":\"bob@example.com\",\"role\":\"viewer\",\"projectId\":\"theirs\"}",
      "{\"email\":\"bob@example.com\",\"role\":\"viewer\",\"projectId\":\"nowhere\"}",
      "{\"email\":\"bob@example.com\",\"role\":\"viewer\",\"name\":\"a\\u0007b\"}"};
  for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
    rest_expect(as_admin("POST", O "/members", bodies[i]), 400);
  }
  struct srv_account account;
  assert_int_equal(srv_core_find_account(f.core.core, "bob@example.com", &account),
                   SRV_ERR_NOT_FOUND);
  rest_end(&f);
}

TEST(only_an_admin_of_the_server_makes_another) {
  begin();
  static const char body[] =
      "{\"email\":\"bob@example.com\",\"role\":\"viewer\",\"serverAdmin\":true}";
  rest_expect(as_admin("POST", O "/members", body), 403);
  struct srv_account account;
  assert_int_equal(srv_core_find_account(f.core.core, "bob@example.com", &account),
                   SRV_ERR_NOT_FOUND);
  rest_expect(person_call(&f, &root, "POST", O "/members", body), 200);
  assert_ok(f.core.core, srv_core_find_account(f.core.core, "bob@example.com", &account));
  assert_true(account.server_admin);
  rest_end(&f);
}

TEST(a_member_of_one_project_is_told_that_the_organization_needs_more) {
  begin();
  struct person bob =
      make_person(&f, "bob@example.com", false, "default", "default", SRV_ROLE_ADMIN);
  rest_expect(person_call(&f, &bob, "GET", O, NULL), 200);
  rest_expect_error(person_call(&f, &bob, "GET", O "/members", NULL), 403, 7, "single projects");
  rest_expect_error(person_call(&f, &bob, "POST", "/v1/projects", "{\"name\":\"x\"}"), 403, 7,
                    "single projects");
  struct person eve = make_person(&f, "eve@example.com", false, NULL, "", SRV_ROLE_NONE);
  rest_expect_error(person_call(&f, &eve, "GET", O "/members", NULL), 404, 5, "member of");
  rest_end(&f);
}

TEST(the_last_admin_of_an_organization_stays_one) {
  begin();
  char url[128];
  snprintf(url, sizeof(url), O "/members/%s", admin.member_id);
  rest_expect_error(as_admin("PATCH", url, "{\"role\":\"operator\"}"), 409, 9, "last admin");
  rest_expect_error(as_admin("PATCH", url, "{\"projectId\":\"default\"}"), 409, 9, "last admin");
  rest_expect_error(as_admin("DELETE", url, NULL), 409, 9, "last admin");
  rest_expect_error(person_call(&f, &root, "DELETE", url, NULL), 409, 9, "last admin");
  /* An admin of one project there is none of it. */
  make_person(&f, "bob@example.com", false, "default", "default", SRV_ROLE_ADMIN);
  rest_expect(as_admin("DELETE", url, NULL), 409);
  make_person(&f, "eve@example.com", false, "default", "", SRV_ROLE_ADMIN);
  rest_expect(as_admin("DELETE", url, NULL), 200);
  rest_expect(as_admin("GET", "/v1/account", NULL), 401); /* and the account with it */
  rest_end(&f);
}

TEST(who_was_a_member_only_of_what_is_deleted_goes_with_it) {
  begin();
  make_organization(&f, "others");
  make_project(&f, "mine", "default");
  struct person bob = make_person(&f, "bob@example.com", false, "default", "mine", SRV_ROLE_VIEWER);
  struct person eve = make_person(&f, "eve@example.com", false, "others", "", SRV_ROLE_ADMIN);
  struct person both = make_person(&f, "jo@example.com", false, "default", "mine", SRV_ROLE_VIEWER);
  struct srv_member member = {.organization_id = "others", .role = SRV_ROLE_VIEWER};
  memcpy(member.account_id, both.account_id, sizeof(member.account_id));
  assert_ok(f.core.core, srv_core_create_member(f.core.core, &member));
  rest_expect(as_admin("DELETE", "/v1/projects/mine", NULL), 200);
  rest_expect(person_call(&f, &bob, "GET", "/v1/account", NULL), 401);
  rest_expect(person_call(&f, &both, "GET", "/v1/account", NULL), 200);
  rest_expect(person_call(&f, &root, "DELETE", "/v1/organizations/others", NULL), 200);
  rest_expect(person_call(&f, &eve, "GET", "/v1/account", NULL), 401);
  rest_expect(person_call(&f, &both, "GET", "/v1/account", NULL), 401);
  rest_end(&f);
}

TEST(the_last_admin_of_the_server_stays_one) {
  begin();
  struct srv_account account;
  struct srv_core *core = f.core.core;
  assert_ok(core, srv_core_get_account(core, root.account_id, &account));
  account.server_admin = false;
  assert_int_equal(srv_core_update_account(core, &account), SRV_ERR_IN_USE);
  make_person(&f, "second@example.com", true, NULL, "", SRV_ROLE_NONE);
  assert_ok(core, srv_core_update_account(core, &account));
  rest_end(&f);
}

TEST(another_role_holds_at_once_and_ends_the_sessions) {
  begin();
  struct person bob =
      make_person(&f, "bob@example.com", false, "default", "default", SRV_ROLE_OPERATOR);
  char url[128];
  rest_expect(person_call(&f, &bob, "POST", PP "/tags", "{\"name\":\"t\"}"), 200);
  snprintf(url, sizeof(url), O "/members/%s", bob.member_id);
  rest_expect(as_admin("PATCH", url, "{\"role\":\"viewer\"}"), 200);
  rest_expect(person_call(&f, &bob, "GET", PP "/tags", NULL), 401);
  struct srv_session session;
  assert_ok(f.core.core, srv_core_create_session(f.core.core, bob.account_id, false, "", "",
                                                 bob.token, &session));
  rest_expect(person_call(&f, &bob, "GET", PP "/tags", NULL), 200);
  rest_expect(person_call(&f, &bob, "POST", PP "/tags", "{\"name\":\"u\"}"), 403);
  rest_expect(as_admin("DELETE", url, NULL), 200);
  rest_expect(person_call(&f, &bob, "GET", PP "/tags", NULL), 401);
  rest_expect(as_admin("DELETE", url, NULL), 404);
  rest_end(&f);
}

TEST(an_admin_of_one_organization_throws_nobody_out_of_another) {
  begin();
  make_organization(&f, "others");
  struct person eve = make_person(&f, "eve@example.com", false, "others", "", SRV_ROLE_ADMIN);
  char url[160];
  for (int who = 0; who < 2; who++) {
    const struct person *victim = who == 0 ? &eve : &root;
    const struct rest_answer *answer =
        person_call(&f, &root, "POST", O "/members",
                    who == 0 ? "{\"email\":\"eve@example.com\",\"role\":\"viewer\"}"
                             : "{\"email\":\"root@example.com\",\"role\":\"viewer\"}");
    rest_expect(answer, 200);
    snprintf(url, sizeof(url), O "/members/%s", rest_text(answer, "data.id"));
    rest_expect(as_admin("PATCH", url, "{\"role\":\"operator\"}"), 200);
    rest_expect(person_call(&f, victim, "GET", "/v1/account", NULL), 200);
    rest_expect(person_call(&f, victim, "POST", PP "/tags",
                            who == 0 ? "{\"name\":\"a\"}" : "{\"name\":\"b\"}"),
                200);
    rest_expect(as_admin("DELETE", url, NULL), 200);
    rest_expect(person_call(&f, victim, "GET", "/v1/account", NULL), 200);
  }
  rest_expect(person_call(&f, &eve, "GET", PP "/tags", NULL), 404);
  rest_end(&f);
}

TEST(members_of_another_organization_are_not_there) {
  begin();
  make_organization(&f, "others");
  struct person eve = make_person(&f, "eve@example.com", false, "others", "", SRV_ROLE_ADMIN);
  char url[160];
  snprintf(url, sizeof(url), O "/members/%s", eve.member_id);
  rest_expect(as_admin("PATCH", url, "{\"role\":\"viewer\"}"), 404);
  rest_expect(as_admin("DELETE", url, NULL), 404);
  snprintf(url, sizeof(url), O "/members/%s/link", eve.member_id);
  rest_expect(as_admin("POST", url, NULL), 404);
  rest_expect(as_admin("GET", "/v1/organizations/others", NULL), 404);
  rest_expect(as_admin("GET", "/v1/organizations/others/members", NULL), 404);
  rest_end(&f);
}

TEST(a_link_is_no_way_into_other_organizations) {
  begin();
  make_organization(&f, "others");
  struct person eve = make_person(&f, "eve@example.com", false, "others", "", SRV_ROLE_ADMIN);
  struct srv_member member = {.organization_id = "default", .role = SRV_ROLE_VIEWER};
  char url[160];
  memcpy(member.account_id, eve.account_id, sizeof(member.account_id));
  assert_ok(f.core.core, srv_core_create_member(f.core.core, &member));
  snprintf(url, sizeof(url), O "/members/%s/link", member.id);
  rest_expect_error(as_admin("POST", url, NULL), 403, 7, "ask an admin of the server");
  rest_expect(person_call(&f, &root, "POST", url, NULL), 200);
  /* Nor to be an admin of the server. */
  memcpy(member.account_id, root.account_id, sizeof(member.account_id));
  assert_ok(f.core.core, srv_core_create_member(f.core.core, &member));
  snprintf(url, sizeof(url), O "/members/%s/link", member.id);
  rest_expect(as_admin("POST", url, NULL), 403);
  struct person bob =
      make_person(&f, "bob@example.com", false, "default", "default", SRV_ROLE_OPERATOR);
  snprintf(url, sizeof(url), O "/members/%s/link", bob.member_id);
  const struct rest_answer *answer = as_admin("POST", url, NULL);
  rest_expect(answer, 200);
  assert_non_null(strstr(rest_text(answer, "data.link"), "/#/link/"));
  rest_end(&f);
}

/* --- API keys ------------------------------------------------------------------------------ */

static struct person key_of(const struct rest_answer *answer) {
  struct person key = {0};
  rest_expect(answer, 200);
  snprintf(key.key, sizeof(key.key), "%s", rest_text(answer, "data.key"));
  return key;
}

TEST(a_key_has_a_role_scopes_and_an_end) {
  begin();
  struct person key = key_of(as_admin("POST", PP "/apikeys",
                                      "{\"name\":\"ci\",\"role\":\"operator\","
                                      "\"scopes\":[\"devices\",\"tags:read\"],"
                                      "\"expiresAt\":\"2023-11-15T00:00:00Z\"}"));
  rest_expect(person_call(&f, &key, "POST", PP "/devices", "{\"name\":\"d\"}"), 200);
  rest_expect(person_call(&f, &key, "GET", PP "/tags", NULL), 200);
  rest_expect_error(person_call(&f, &key, "POST", PP "/tags", "{\"name\":\"t\"}"), 403, 7,
                    "it needs \"tags\"");
  rest_expect(person_call(&f, &key, "GET", PP "/releases", NULL), 403);
  const struct rest_answer *answer = as_admin("GET", PP "/apikeys", NULL);
  assert_string_equal(rest_text(answer, "list.0.role"), "operator");
  assert_string_equal(rest_text(answer, "list.0.scopes.1"), "tags:read");
  assert_string_equal(rest_text(answer, "list.0.expiresAt"), "2023-11-15T00:00:00.000000Z");
  f.core.now_us = INT64_C(1700006400) * 1000000;
  rest_expect_error(person_call(&f, &key, "GET", PP "/devices", NULL), 401, 16, "expired");
  rest_end(&f);
}

TEST(a_key_of_nonsense_is_refused_by_field) {
  begin();
  static const char *const bodies[][2] = {
      {"{\"name\":\"k\",\"role\":\"king\"}", "role"},
      {"{\"name\":\"k\",\"scopes\":[\"nothing\"]}", "scopes"},
      {"{\"name\":\"k\",\"scopes\":[\"devices:write\"]}", "scopes"},
      {"{\"name\":\"k\",\"scopes\":[\"devices,tags\"]}", "scopes"},
      {"{\"name\":\"k\",\"scopes\":[\"\"]}", "scopes"},
      {"{\"name\":\"k\",\"expiresAt\":\"tomorrow\"}", "expiresAt"},
      {"{\"name\":\"k\",\"expiresAt\":\"2020-01-01T00:00:00Z\"}", "expiresAt"}};
  for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
    rest_expect_error(as_admin("POST", PP "/apikeys", bodies[i][0]), 400, 3, bodies[i][1]);
  }
  const struct rest_answer *answer = as_admin("GET", PP "/apikeys", NULL);
  assert_int_equal(rest_number(answer, "total"), 0);
  rest_end(&f);
}

TEST(a_limited_key_makes_no_key_without_its_limits) {
  begin();
  struct person scoped =
      key_of(as_admin("POST", PP "/apikeys", "{\"name\":\"a\",\"scopes\":[\"apikeys\"]}"));
  struct person passing = key_of(
      as_admin("POST", PP "/apikeys", "{\"name\":\"b\",\"expiresAt\":\"2030-01-01T00:00:00Z\"}"));
  rest_expect_error(person_call(&f, &scoped, "POST", PP "/apikeys", "{\"name\":\"c\"}"), 403, 7,
                    "makes no other keys");
  rest_expect(person_call(&f, &passing, "POST", PP "/apikeys", "{\"name\":\"c\"}"), 403);
  rest_expect(as_admin("POST", PP "/apikeys", "{\"name\":\"c\",\"server\":true}"), 403);
  rest_expect(person_call(&f, &root, "POST", PP "/apikeys", "{\"name\":\"c\",\"server\":true}"),
              200);
  const struct rest_answer *answer = as_admin("GET", PP "/apikeys", NULL);
  assert_int_equal(rest_number(answer, "total"), 2); /* not the server's */
  rest_end(&f);
}

TEST(somebody_of_another_organization_is_not_taken_for_the_one_who_is_invited) {
  begin();
  make_organization(&f, "others");
  make_person(&f, "ceo@example.com", false, "others", "", SRV_ROLE_VIEWER);
  static const char body[] = "{\"email\":\"CEO@example.com\",\"role\":\"admin\"}";
  const struct rest_answer *answer = as_admin("POST", O "/members", body);
  rest_expect_error(answer, 409, 6, "ask an admin of the server");
  rest_expect(person_call(&f, &root, "POST", O "/members", body), 200);
  /* From then on it is one of us, in each project. */
  rest_expect(as_admin("POST", O "/members",
                       "{\"email\":\"ceo@example.com\",\"role\":\"viewer\","
                       "\"projectId\":\"default\"}"),
              200);
  rest_end(&f);
}

TEST(a_limited_key_lets_nobody_in_who_could_do_more) {
  begin();
  struct person keys[] = {make_key(&f, "", SRV_ROLE_ADMIN, "members", 0),
                          make_key(&f, "", SRV_ROLE_ADMIN, "", f.core.now_us + 1000000)};
  struct person bob = make_person(&f, "bob@example.com", false, "default", "", SRV_ROLE_VIEWER);
  char url[160], link[176];
  snprintf(url, sizeof(url), O "/members/%s", bob.member_id);
  snprintf(link, sizeof(link), "%s/link", url);
  for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
    rest_expect(person_call(&f, &keys[i], "GET", O "/members", NULL), 200);
    rest_expect_error(person_call(&f, &keys[i], "POST", O "/members",
                                  "{\"email\":\"eve@example.com\",\"role\":\"admin\","
                                  "\"serverAdmin\":true}"),
                      403, 7, "lets nobody in");
    rest_expect(person_call(&f, &keys[i], "PATCH", url, "{\"role\":\"admin\"}"), 403);
    rest_expect(person_call(&f, &keys[i], "POST", link, NULL), 403);
  }
  rest_expect(person_call(&f, &keys[0], "DELETE", url, NULL), 200); /* to take is not to give */
  rest_end(&f);
}

TEST(a_disabled_or_deleted_key_is_out_at_once) {
  begin();
  const struct rest_answer *answer = as_admin("POST", PP "/apikeys", "{\"name\":\"a\"}");
  char url[128];
  snprintf(url, sizeof(url), PP "/apikeys/%s", rest_text(answer, "data.id"));
  struct person key = key_of(answer);
  rest_expect(person_call(&f, &key, "GET", PP "/devices", NULL), 200);
  rest_expect(as_admin("PATCH", url, "{\"enabled\":false}"), 200);
  rest_expect(person_call(&f, &key, "GET", PP "/devices", NULL), 401);
  rest_expect(as_admin("PATCH", url, "{\"enabled\":true}"), 200);
  rest_expect(person_call(&f, &key, "GET", PP "/devices", NULL), 200);
  rest_expect(as_admin("DELETE", url, NULL), 200);
  rest_expect(person_call(&f, &key, "GET", PP "/devices", NULL), 401);
  rest_end(&f);
}

TEST(a_device_key_is_shown_to_admins_only) {
  begin();
  struct srv_device device = make_device(&f.core, "d", NULL, NULL);
  char url[128];
  snprintf(url, sizeof(url), PP "/devices/%s/credentials", device.id);
  rest_expect(as_admin("POST", url, "{\"identity\":\"d@default\",\"preSharedKey\":\"s3cret\"}"),
              200);
  const struct rest_answer *answer = as_admin("GET", url, NULL);
  assert_string_equal(rest_text(answer, "list.0.preSharedKey"), "s3cret");
  struct person operators[] = {
      make_person(&f, "bob@example.com", false, "default", "default", SRV_ROLE_OPERATOR),
      make_person(&f, "eve@example.com", false, "default", "", SRV_ROLE_VIEWER),
      make_key(&f, "default", SRV_ROLE_OPERATOR, "", 0), make_key(&f, "", SRV_ROLE_VIEWER, "", 0)};
  for (size_t i = 0; i < 4; i++) {
    answer = person_call(&f, &operators[i], "GET", url, NULL);
    rest_expect(answer, 200);
    assert_string_equal(rest_text(answer, "list.0.identity"), "d@default");
    assert_true(json_is_null(rest_value(answer, "list.0.preSharedKey")));
    rest_expect(
        person_call(&f, &operators[i], "POST", url, "{\"identity\":\"x\",\"preSharedKey\":\"y\"}"),
        403);
  }
  rest_end(&f);
}

TEST(status_counts_what_one_may_see) {
  begin();
  make_device(&f.core, "d", NULL, NULL);
  struct rest_others others = rest_make_others(&f);
  (void)others;
  struct person bob =
      make_person(&f, "bob@example.com", false, "default", "default", SRV_ROLE_VIEWER);
  struct person nobody = make_person(&f, "eve@example.com", false, NULL, "", SRV_ROLE_NONE);
  assert_int_equal(
      rest_number(person_call(&f, &bob, "GET", "/v1/status", NULL), "data.objects.devices"), 1);
  assert_int_equal(
      rest_number(person_call(&f, &admin, "GET", "/v1/status", NULL), "data.objects.devices"), 2);
  assert_int_equal(
      rest_number(person_call(&f, &nobody, "GET", "/v1/status", NULL), "data.objects.devices"), 0);
  rest_end(&f);
}
