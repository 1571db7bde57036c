/* SPDX-License-Identifier: Apache-2.0 */
/* Who may call which route: the whole table with every kind of principal, held
 * against docs/spec/rights.md, which is what people read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/server/rest/account_fixture.h"

static struct rest_fixture f;

/* --- docs/spec/rights.md ---------------------------------------------------------- */

static const char *const right_words[] = {
    [SRV_RIGHT_SERVER] = "admin of the server",
    [SRV_RIGHT_OWN] = "admin of the organization",
    [SRV_RIGHT_ADMIN] = "admin",
    [SRV_RIGHT_OPERATE] = "operator",
    [SRV_RIGHT_VIEW] = "viewer",
    [SRV_RIGHT_SELF] = "whoever is signed in",
    [SRV_RIGHT_OPEN] = "anybody",
};

static char *read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) fail_msg("cannot open %s", path);
  char *text = calloc(1, 256 * 1024);
  size_t size = fread(text, 1, 256 * 1024 - 1, file);
  text[size] = 0;
  fclose(file);
  return text;
}

static void table_line(const struct srv_route *route, char out[256]) {
  snprintf(out, 256, "| %s | `%s` | %s | %s |\n", route->method, route->path, route->group,
           right_words[route->right]);
}

/* Written where a person can copy it from. */
static void write_table(const char *path) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  for (size_t i = 0; i < srv_route_count; i++) {
    char line[256];
    table_line(&srv_routes[i], line);
    fputs(line, file);
  }
  fclose(file);
}

TEST(the_document_of_rights_lists_every_route_as_it_is) {
  char *text = read_file(RIGHTS_DOCUMENT), table[512];
  size_t lines = 0;
  snprintf(table, sizeof(table), "%s/rights-table.md", RIGHTS_OUTPUT);
  write_table(table);
  for (size_t i = 0; i < srv_route_count; i++) {
    char line[256];
    table_line(&srv_routes[i], line);
    if (strstr(text, line) == NULL) {
      fail_msg("docs/spec/rights.md lacks this line:\n%sthe whole table is in %s", line, table);
    }
  }
  for (const char *at = strstr(text, "| `/"); at != NULL; at = strstr(at + 1, "| `/")) lines++;
  if (lines != srv_route_count) {
    fail_msg("docs/spec/rights.md has %zu routes, there are %zu; the whole table is in %s", lines,
             srv_route_count, table);
  }
  free(text);
}

/* --- every route, everybody ------------------------------------------------------------ */

enum {
  STRANGER,
  VIEWER,
  OPERATOR,
  ADMIN,
  ADMIN_OF_SECOND,
  NOWHERE,
  OWN_VIEWER,
  OWN_OPERATOR,
  OWN_ADMIN,
  OTHERS_ADMIN,
  SERVER_ADMIN,
  KEY_VIEWER,
  KEY_OPERATOR,
  KEY_ADMIN,
  KEY_OF_SECOND,
  SERVER_KEY_VIEWER,
  SERVER_KEY_OPERATOR,
  SERVER_KEY_ADMIN,
  KEY_EXPIRED,
  KEY_DISABLED,
  PERSON_COUNT,
};

/* May they, of what project "default" or organization "default" has? By the words
 * of the document: a(nybody), s(igned in), v, o, adm(i)n, own(e)r, server (x). */
static const struct {
  const char *name;
  const char *of_project;
  const char *of_organization;
} expected[PERSON_COUNT] = {
    [STRANGER] = {"a stranger", "a", "a"},
    [VIEWER] = {"a viewer of the project", "asv", "as"},
    [OPERATOR] = {"an operator of the project", "asvo", "as"},
    [ADMIN] = {"an admin of the project", "asvoi", "as"},
    [ADMIN_OF_SECOND] = {"an admin of another project there", "as", "as"},
    [NOWHERE] = {"an account that is a member nowhere", "as", "as"},
    [OWN_VIEWER] = {"a viewer of the organization", "asv", "asv"},
    [OWN_OPERATOR] = {"an operator of the organization", "asvo", "asvo"},
    [OWN_ADMIN] = {"an admin of the organization", "asvoie", "asvoie"},
    [OTHERS_ADMIN] = {"an admin of another organization", "as", "as"},
    [SERVER_ADMIN] = {"an admin of the server", "asvoiex", "asvoiex"},
    [KEY_VIEWER] = {"a viewer's key", "asv", "as"},
    [KEY_OPERATOR] = {"an operator's key", "asvo", "as"},
    [KEY_ADMIN] = {"an admin's key", "asvoi", "as"},
    [KEY_OF_SECOND] = {"an admin's key of another project", "as", "as"},
    [SERVER_KEY_VIEWER] = {"a viewer's key of the server", "asv", "asv"},
    [SERVER_KEY_OPERATOR] = {"an operator's key of the server", "asvo", "asvo"},
    [SERVER_KEY_ADMIN] = {"an admin's key of the server", "asvoiex", "asvoiex"},
    [KEY_EXPIRED] = {"a key that has expired", "a", "a"},
    [KEY_DISABLED] = {"a key that is disabled", "a", "a"},
};
static const char right_letters[] = {
    [SRV_RIGHT_SERVER] = 'x',  [SRV_RIGHT_OWN] = 'e',  [SRV_RIGHT_ADMIN] = 'i',
    [SRV_RIGHT_OPERATE] = 'o', [SRV_RIGHT_VIEW] = 'v', [SRV_RIGHT_SELF] = 's',
    [SRV_RIGHT_OPEN] = 'a',
};

static void make_everybody(struct person people[PERSON_COUNT]) {
  rest_begin(&f);
  int64_t soon = f.core.now_us + 1000000;
  make_project(&f, "second", "default");
  make_organization(&f, "others");
  make_project(&f, "theirs", "others");
  memset(people, 0, PERSON_COUNT * sizeof(people[0]));
#define MEMBER(who, organization, project, role) \
  people[who] = make_person(&f, #who "@example.com", false, organization, project, role)
  MEMBER(VIEWER, "default", "default", SRV_ROLE_VIEWER);
  MEMBER(OPERATOR, "default", "default", SRV_ROLE_OPERATOR);
  MEMBER(ADMIN, "default", "default", SRV_ROLE_ADMIN);
  MEMBER(ADMIN_OF_SECOND, "default", "second", SRV_ROLE_ADMIN);
  MEMBER(NOWHERE, NULL, "", SRV_ROLE_NONE);
  MEMBER(OWN_VIEWER, "default", "", SRV_ROLE_VIEWER);
  MEMBER(OWN_OPERATOR, "default", "", SRV_ROLE_OPERATOR);
  MEMBER(OWN_ADMIN, "default", "", SRV_ROLE_ADMIN);
  MEMBER(OTHERS_ADMIN, "others", "", SRV_ROLE_ADMIN);
  people[SERVER_ADMIN] = make_person(&f, "root@example.com", true, NULL, "", SRV_ROLE_NONE);
  people[KEY_VIEWER] = make_key(&f, "default", SRV_ROLE_VIEWER, "", 0);
  people[KEY_OPERATOR] = make_key(&f, "default", SRV_ROLE_OPERATOR, "", 0);
  people[KEY_ADMIN] = make_key(&f, "default", SRV_ROLE_ADMIN, "", 0);
  people[KEY_OF_SECOND] = make_key(&f, "second", SRV_ROLE_ADMIN, "", 0);
  people[SERVER_KEY_VIEWER] = make_key(&f, "", SRV_ROLE_VIEWER, "", 0);
  people[SERVER_KEY_OPERATOR] = make_key(&f, "", SRV_ROLE_OPERATOR, "", 0);
  people[SERVER_KEY_ADMIN] = make_key(&f, "", SRV_ROLE_ADMIN, "", 0);
  people[KEY_EXPIRED] = make_key(&f, "default", SRV_ROLE_ADMIN, "", soon);
  people[KEY_DISABLED] = make_key(&f, "default", SRV_ROLE_ADMIN, "", 0);
  f.core.now_us = soon;
  struct srv_api_key key;
  struct srv_core *core = f.core.core;
  assert_ok(core,
            srv_core_find(core, SRV_API_KEY, "default", people[KEY_DISABLED].account_id, &key));
  key.enabled = false;
  assert_ok(core, srv_core_update_api_key(core, &key));
}

/* "/v1/projects/{project}/devices/{device}" -> "/v1/projects/default/devices/x" */
static void fill_path(const char *pattern, const char *project, const char *organization,
                      char out[256]) {
  size_t length = 0;
  while (*pattern != 0) {
    if (*pattern != '{') {
      out[length++] = *pattern++;
      continue;
    }
    const char *value = "x";
    if (strncmp(pattern, "{project}", 9) == 0) value = project;
    if (strncmp(pattern, "{organization}", 14) == 0) value = organization;
    length += (size_t)sprintf(out + length, "%s", value);
    pattern = strchr(pattern, '}') + 1;
  }
  out[length] = 0;
}

/* Only whether it may: the handler does not run. 200: it may. */
static int try_route(const struct srv_route *route, const char *path, const struct person *person) {
  static struct srv_request request;
  char cookie[128], csrf[SRV_TOKEN_LENGTH + 1];
  srv_request_begin(&request, &f.context, route->method, path);
  assert_ptr_equal(request.route, route);
  if (person->token[0] != 0) {
    snprintf(cookie, sizeof(cookie), "godwit_session=%s", person->token);
    srv_session_csrf(person->token, csrf);
    request.head = (struct srv_head){.cookie = cookie, .csrf = csrf};
  }
  srv_request_authorize(&request, person->key[0] != 0 ? person->key : NULL);
  int status = request.http_status;
  srv_request_end(&request);
  return status;
}

static void check_route(const struct srv_route *route, const struct person *people) {
  char path[256];
  bool of_project = strstr(route->path, "{project}") != NULL;
  fill_path(route->path, "default", "default", path);
  for (int who = 0; who < PERSON_COUNT; who++) {
    const char *letters = of_project ? expected[who].of_project : expected[who].of_organization;
    bool may = strchr(letters, right_letters[route->right]) != NULL;
    int status = try_route(route, path, &people[who]);
    if ((status == 200) != may) {
      fail_msg("%s %s by %s: %d, although the table says %s", route->method, route->path,
               expected[who].name, status, may ? "yes" : "no");
    }
    if (!may && status != 401 && status != 403 && status != 404) {
      fail_msg("%s %s by %s is refused with %d", route->method, route->path, expected[who].name,
               status);
    }
    bool is_nobody = who == STRANGER || who == KEY_EXPIRED || who == KEY_DISABLED;
    if (!may && is_nobody != (status == 401)) {
      fail_msg("%s %s by %s is refused with %d", route->method, route->path, expected[who].name,
               status);
    }
  }
}

TEST(every_route_lets_in_whom_the_table_says_and_nobody_else) {
  struct person people[PERSON_COUNT];
  make_everybody(people);
  for (size_t i = 0; i < srv_route_count; i++) check_route(&srv_routes[i], people);
  rest_end(&f);
}

TEST(every_project_route_is_as_closed_by_way_of_the_organization) {
  struct person people[PERSON_COUNT];
  make_everybody(people);
  for (size_t i = 0; i < srv_route_count; i++) {
    const struct srv_route *route = &srv_routes[i];
    char direct[256], path[512];
    if (strncmp(route->path, "/v1/projects/{project}", 22) != 0) continue;
    fill_path(route->path, "default", "", direct);
    for (int who = 0; who < PERSON_COUNT; who++) {
      int status = try_route(route, direct, &people[who]);
      snprintf(path, sizeof(path), "/v1/organizations/default%s", direct + 3);
      assert_int_equal(try_route(route, path, &people[who]), status);
      snprintf(path, sizeof(path), "/v1/organizations/others%s", direct + 3);
      status = try_route(route, path, &people[who]);
      if (status != 401 && status != 403 && status != 404) {
        fail_msg("%s %s by %s: %d, although the project is not there", route->method, path,
                 expected[who].name, status);
      }
    }
  }
  rest_end(&f);
}

/* Held against words here, not against the table: a route that is given away in
 * the table would agree with the document made from it. */
TEST(what_lets_others_in_is_changed_by_admins_only) {
  static const char *const groups[] = {"credentials", "certificates", "apikeys", "members"};
  size_t found = 0;
  for (size_t i = 0; i < srv_route_count; i++) {
    const struct srv_route *route = &srv_routes[i];
    for (size_t k = 0; k < sizeof(groups) / sizeof(groups[0]); k++) {
      if (strcmp(route->group, groups[k]) != 0 || strcmp(route->method, "GET") == 0) continue;
      found++;
      if (srv_role_needed(route->right) < SRV_ROLE_ADMIN) {
        fail_msg("%s %s needs no admin", route->method, route->path);
      }
    }
  }
  assert_true(found >= 16);
}

TEST(an_operator_makes_no_key_not_even_one_of_an_operator) {
  rest_begin(&f);
  struct person people[] = {
      make_person(&f, "o@example.com", false, "default", "", SRV_ROLE_OPERATOR),
      make_person(&f, "p@example.com", false, "default", "default", SRV_ROLE_OPERATOR),
      make_key(&f, "default", SRV_ROLE_OPERATOR, "", 0),
      make_key(&f, "", SRV_ROLE_OPERATOR, "", 0)};
  static const char *const bodies[] = {"{\"name\":\"k\"}", "{\"name\":\"k\",\"role\":\"operator\"}",
                                       "{\"name\":\"k\",\"server\":true}"};
  for (size_t i = 0; i < sizeof(people) / sizeof(people[0]); i++) {
    for (size_t k = 0; k < sizeof(bodies) / sizeof(bodies[0]); k++) {
      rest_expect(person_call(&f, &people[i], "POST", "/v1/projects/default/apikeys", bodies[k]),
                  403);
    }
  }
  rest_end(&f);
}

TEST(scopes_leave_out_every_group_that_they_do_not_name) {
  rest_begin(&f);
  struct person key = make_key(&f, "", SRV_ROLE_ADMIN, "devices,artifacts:read", 0);
  size_t allowed = 0;
  for (size_t i = 0; i < srv_route_count; i++) {
    const struct srv_route *route = &srv_routes[i];
    char path[256];
    fill_path(route->path, "default", "default", path);
    bool is_read = strcmp(route->method, "GET") == 0;
    bool named =
        strcmp(route->group, "devices") == 0 || (strcmp(route->group, "artifacts") == 0 && is_read);
    bool may = named || route->right == SRV_RIGHT_OPEN;
    int status = try_route(route, path, &key);
    if (status != (may ? 200 : 403)) fail_msg("%s %s: %d", route->method, route->path, status);
    allowed += named;
  }
  assert_true(allowed >= 8);
  rest_end(&f);
}

TEST(a_scope_that_only_begins_like_a_group_opens_nothing) {
  struct srv_principal key = {.type = SRV_PRINCIPAL_API_KEY, .server_role = SRV_ROLE_ADMIN};
  static const char *const scopes[] = {"device",        "devicess", "devices:rea",
                                       "devices:reads", ":read",    "tags:read"};
  for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
    snprintf(key.scopes, sizeof(key.scopes), "%s", scopes[i]);
    assert_int_equal(srv_rights_allow(&key, SRV_RIGHT_VIEW, "p", "o", "devices", true),
                     SRV_DENIED_SCOPE);
  }
  snprintf(key.scopes, sizeof(key.scopes), "tags,devices:read");
  assert_int_equal(srv_rights_allow(&key, SRV_RIGHT_VIEW, "p", "o", "devices", true), SRV_ALLOWED);
  assert_int_equal(srv_rights_allow(&key, SRV_RIGHT_OPERATE, "p", "o", "devices", false),
                   SRV_DENIED_SCOPE);
}

TEST(a_change_by_a_browser_needs_the_csrf_token_on_every_route) {
  rest_begin(&f);
  struct person admin = make_person(&f, "a@example.com", true, NULL, "", SRV_ROLE_NONE);
  struct person other = make_person(&f, "b@example.com", true, NULL, "", SRV_ROLE_NONE);
  char cookie[128], foreign[SRV_TOKEN_LENGTH + 1];
  srv_session_csrf(other.token, foreign);
  snprintf(cookie, sizeof(cookie), "godwit_session=%s", admin.token);
  const char *const wrong[] = {NULL, "", "x", foreign};
  for (size_t i = 0; i < srv_route_count; i++) {
    const struct srv_route *route = &srv_routes[i];
    char path[256];
    if (strcmp(route->method, "GET") == 0 || route->right == SRV_RIGHT_OPEN) continue;
    fill_path(route->path, "default", "default", path);
    for (size_t k = 0; k < sizeof(wrong) / sizeof(wrong[0]); k++) {
      static struct srv_request request;
      srv_request_begin(&request, &f.context, route->method, path);
      request.head = (struct srv_head){.cookie = cookie, .csrf = wrong[k]};
      srv_request_authorize(&request, NULL);
      if (request.http_status != 403)
        fail_msg("%s %s: %d", route->method, path, request.http_status);
      assert_non_null(strstr(request.error, "x-csrf-token"));
      srv_request_end(&request);
    }
    assert_int_equal(try_route(route, path, &admin), 200);
  }
  rest_end(&f);
}
