/* SPDX-License-Identifier: Apache-2.0 */
/* Signing in and out, one's own account, one-time codes, sessions. */
#include <string.h>

#include "server/core/totp.h"
#include "server/core/changes.h"
#include "tests/unit/server/rest/account_fixture.h"

static struct rest_fixture f;
#define MAIL "ada@example.com"
#define PASSWORD "godwit flies far"
#define HOUR (INT64_C(3600) * 1000000)

/* Ada, admin of "default", with a password; a session of hers. */
static struct person begin(void) {
  static char hash[SRV_PASSWORD_HASH_MAX + 1]; /* made once a process */
  rest_begin(&f);
  struct person ada = make_person(&f, MAIL, false, "default", "", SRV_ROLE_ADMIN);
  if (hash[0] == 0) assert_true(srv_password_hash(PASSWORD, hash));
  assert_ok(f.core.core, srv_core_set_password(f.core.core, ada.account_id, hash, ada.session_id));
  return ada;
}

static const struct rest_answer *sign_in(const char *email, const char *password,
                                         const char *code) {
  char body[512];
  snprintf(body, sizeof(body), "{\"email\":\"%s\",\"password\":\"%s\"%s%s%s}", email, password,
           code == NULL ? "" : ",\"code\":\"", code == NULL ? "" : code, code == NULL ? "" : "\"");
  f.head = (struct srv_head){.address = "192.0.2.1", .user_agent = "test/1.0\x01<b>"};
  const struct rest_answer *answer = rest_call_as(&f, NULL, "POST", "/v1/session", body);
  f.head = (struct srv_head){0};
  return answer;
}

/* Whose cookie the answer sets. */
static struct person person_of(const struct rest_answer *answer) {
  struct person person = {0};
  assert_true(srv_cookie_token(answer->cookie, person.token));
  return person;
}

TEST(a_password_signs_in_with_a_cookie_that_scripts_and_other_sites_cannot_use) {
  begin();
  const struct rest_answer *answer = sign_in("ADA@example.com", PASSWORD, NULL);
  rest_expect(answer, 200);
  assert_non_null(strstr(answer->cookie, "; HttpOnly"));
  assert_non_null(strstr(answer->cookie, "; SameSite=Strict"));
  assert_non_null(strstr(answer->cookie, "; Path=/;"));
  assert_null(strstr(answer->cookie, "Secure")); /* plain HTTP here */
  assert_string_equal(rest_text(answer, "data.account.email"), MAIL);
  assert_string_equal(rest_text(answer, "data.memberships.0.role"), "admin");
  assert_string_equal(rest_text(answer, "data.memberships.0.organizationId"), "default");
  assert_int_equal(strlen(rest_text(answer, "data.csrfToken")), SRV_TOKEN_LENGTH);
  struct person ada = person_of(answer);
  assert_null(strstr(rest_text(answer, "data.csrfToken"), ada.token));
  rest_expect(person_call(&f, &ada, "GET", PP "/devices", NULL), 200);
  rest_expect(person_call(&f, &ada, "POST", PP "/tags", "{\"name\":\"t\"}"), 200);
  answer = person_call(&f, &ada, "GET", "/v1/session", NULL);
  assert_true(json_is_true(rest_value(answer, "data.signedIn")));
  assert_true(json_is_false(rest_value(answer, "data.needsSetup")));
  rest_end(&f);
}

TEST(behind_tls_the_cookie_stays_there) {
  struct person ada = begin();
  struct srv_link link;
  char token[SRV_TOKEN_LENGTH + 1], body[128];
  assert_ok(f.core.core, srv_core_create_link(f.core.core, ada.account_id, 0, token, &link));
  snprintf(body, sizeof(body), "{\"token\":\"%s\"}", token);
  f.head.is_secure = true;
  const struct rest_answer *answer = rest_call_as(&f, NULL, "POST", "/v1/session/link", body);
  rest_expect(answer, 200);
  assert_non_null(strstr(answer->cookie, "; Secure"));
  rest_end(&f);
}

TEST(a_wrong_password_and_an_unknown_email_are_refused_in_the_same_words) {
  begin();
  char message[256];
  const struct rest_answer *answer = sign_in(MAIL, "not her password", NULL);
  rest_expect_error(answer, 401, 16, "wrong");
  assert_string_equal(answer->cookie, "");
  snprintf(message, sizeof(message), "%s", answer->message);
  rest_expect_error(sign_in("bob@example.com", PASSWORD, NULL), 401, 16, message);
  rest_expect_error(sign_in("", PASSWORD, NULL), 401, 16, message);
  rest_expect(sign_in(MAIL, "", NULL), 401);
  rest_end(&f);
}

TEST(a_page_of_another_site_signs_nobody_in) {
  begin();
  f.head.fetch_site = "cross-site";
  rest_expect_error(rest_call_as(&f, NULL, "POST", "/v1/session",
                                 "{\"email\":\"" MAIL "\",\"password\":\"" PASSWORD "\"}"),
                    403, 7, "another site");
  rest_expect(rest_call_as(&f, NULL, "POST", "/v1/session/link", "{\"token\":\"x\"}"), 403);
  /* Another port of this machine, or another name below the same domain. */
  f.head.fetch_site = "same-site";
  rest_expect(rest_call_as(&f, NULL, "POST", "/v1/session",
                           "{\"email\":\"" MAIL "\",\"password\":\"" PASSWORD "\"}"),
              403);
  f.head.fetch_site = "same-origin";
  rest_expect(rest_call_as(&f, NULL, "POST", "/v1/session",
                           "{\"email\":\"" MAIL "\",\"password\":\"" PASSWORD "\"}"),
              200);
  rest_end(&f);
}

TEST(an_account_without_a_password_has_none_that_fits) {
  begin();
  make_person(&f, "bob@example.com", false, "default", "", SRV_ROLE_VIEWER);
  rest_expect(sign_in("bob@example.com", "", NULL), 401);
  rest_expect(sign_in("bob@example.com", PASSWORD, NULL), 401);
  rest_end(&f);
}

TEST(who_guesses_is_told_to_wait_even_with_the_right_password) {
  begin();
  for (int i = 0; i < 5; i++) rest_expect(sign_in(MAIL, "not her password", NULL), 401);
  const struct rest_answer *answer = sign_in(MAIL, PASSWORD, NULL);
  rest_expect_error(answer, 429, 8, "try again in 1 second");
  assert_int_equal(answer->retry_after_s, 1);
  f.core.now_us += 1000000;
  rest_expect(sign_in(MAIL, PASSWORD, NULL), 200);
  for (int i = 0; i < 5; i++) rest_expect(sign_in(MAIL, "not her password", NULL), 401);
  rest_expect(sign_in(MAIL, PASSWORD, NULL), 429);
  rest_end(&f);
}

TEST(who_guesses_from_ipv4_keeps_no_other_address_of_ipv4_waiting) {
  begin();
  struct srv_core *core = f.core.core;
  for (int i = 0; i < 6; i++) srv_core_sign_in_wait_s(core, MAIL, "::ffff:198.51.100.1");
  assert_true(srv_core_sign_in_wait_s(core, MAIL, "::ffff:198.51.100.1") > 0);
  assert_true(srv_core_sign_in_wait_s(core, MAIL, "198.51.100.1") > 0);
  assert_int_equal(srv_core_sign_in_wait_s(core, MAIL, "::ffff:198.51.100.2"), 0);
  rest_end(&f);
}

TEST(a_cookie_is_found_among_others_and_nothing_else_is_taken_for_one) {
  char token[SRV_TOKEN_LENGTH + 1], wanted[SRV_TOKEN_LENGTH + 1], header[512];
  memset(wanted, 'a', SRV_TOKEN_LENGTH);
  wanted[SRV_TOKEN_LENGTH] = 0;
  static const char *const around[][2] = {
      {"", ""}, {"x=1; ", "; y=2"}, {"x;", ";"}, {";; ;", "  ; z"}};
  for (size_t i = 0; i < 4; i++) {
    snprintf(header, sizeof(header), "%sgodwit_session=%s%s", around[i][0], wanted, around[i][1]);
    assert_true(srv_cookie_token(header, token));
    assert_string_equal(token, wanted);
  }
  static const char *const bad[] = {
      "",
      ";",
      "godwit_session",
      "godwit_session=",
      "godwit_session=aaaa",
      "xgodwit_session=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
      "godwit_session=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
      "godwit_session=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaA",
      "godwit_session=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    if (srv_cookie_token(bad[i], token)) fail_msg("%s", bad[i]);
  }
  assert_false(srv_cookie_token(NULL, token));
}

TEST(a_session_ends_by_signing_out_and_its_cookie_is_taken_away) {
  struct person ada = begin();
  const struct rest_answer *answer = person_call(&f, &ada, "DELETE", "/v1/session", NULL);
  rest_expect(answer, 200);
  assert_non_null(strstr(answer->cookie, "godwit_session=; "));
  assert_non_null(strstr(answer->cookie, "Max-Age=0"));
  rest_expect_error(person_call(&f, &ada, "GET", PP "/devices", NULL), 401, 16, "sign in again");
  answer = person_call(&f, &ada, "GET", "/v1/session", NULL);
  rest_expect(answer, 200); /* open: it says that nobody is signed in */
  assert_true(json_is_false(rest_value(answer, "data.signedIn")));
  assert_true(json_is_null(rest_value(answer, "data.csrfToken")));
  rest_end(&f);
}

TEST(who_signs_in_again_in_the_same_browser_leaves_no_session_behind) {
  struct person ada = begin(), again;
  char cookie[128];
  snprintf(cookie, sizeof(cookie), "godwit_session=%s", ada.token);
  f.head = (struct srv_head){.cookie = cookie, .address = "192.0.2.1"};
  const struct rest_answer *answer = rest_call_as(
      &f, NULL, "POST", "/v1/session", "{\"email\":\"" MAIL "\",\"password\":\"" PASSWORD "\"}");
  rest_expect(answer, 200);
  again = person_of(answer);
  assert_string_not_equal(again.token, ada.token);
  rest_expect(person_call(&f, &ada, "GET", "/v1/account", NULL), 401);
  answer = person_call(&f, &again, "GET", "/v1/account/sessions", NULL);
  assert_int_equal(rest_number(answer, "total"), 1);
  rest_end(&f);
}

TEST(a_session_ends_after_twelve_idle_hours) {
  struct person ada = begin();
  f.core.now_us += 12 * HOUR - 1;
  rest_expect(person_call(&f, &ada, "GET", "/v1/account", NULL), 200);
  f.core.now_us += 12 * HOUR;
  rest_expect(person_call(&f, &ada, "GET", "/v1/account", NULL), 401);
  rest_end(&f);
}

TEST(a_session_in_use_ends_after_thirty_days) {
  struct person ada = begin();
  for (int hours = 0; hours < 30 * 24; hours += 10) {
    rest_expect(person_call(&f, &ada, "GET", "/v1/account", NULL), 200);
    f.core.now_us += 10 * HOUR;
    srv_core_tick(f.core.core);
  }
  rest_expect(person_call(&f, &ada, "GET", "/v1/account", NULL), 401);
  rest_end(&f);
}

TEST(a_session_survives_a_restart_with_when_it_was_last_used) {
  struct person ada = begin();
  f.core.now_us += 11 * HOUR;
  rest_expect(person_call(&f, &ada, "GET", "/v1/account", NULL), 200);
  core_fixture_restart(&f.core);
  f.context.core = f.core.core;
  f.core.now_us += 11 * HOUR;
  rest_expect(person_call(&f, &ada, "GET", "/v1/account", NULL), 200);
  rest_end(&f);
}

TEST(asking_again_whether_a_session_holds_does_not_keep_it_alive) {
  struct person ada = begin();
  struct srv_pass pass = {0};
  static struct srv_request request;
  memcpy(pass.token, ada.token, sizeof(pass.token));
  for (int hours = 0; hours < 24; hours++) {
    srv_request_begin(&request, &f.context, "GET", PP "/devices");
    int status = srv_request_enter(&request, &pass);
    srv_request_end(&request);
    assert_int_equal(status == SRV_OK, hours < 12);
    f.core.now_us += HOUR;
  }
  rest_end(&f);
}

TEST(the_list_of_sessions_shows_which_one_asks_and_each_can_be_ended) {
  struct person ada = begin();
  struct person other = person_of(sign_in(MAIL, PASSWORD, NULL));
  const struct rest_answer *answer = person_call(&f, &ada, "GET", "/v1/account/sessions", NULL);
  assert_int_equal(rest_number(answer, "total"), 2);
  assert_true(json_is_true(rest_value(answer, "list.1.current")));
  assert_string_equal(rest_text(answer, "list.0.address"), "192.0.2.1");
  assert_string_equal(rest_text(answer, "list.0.userAgent"), "test/1.0<b>");
  char url[128];
  snprintf(url, sizeof(url), "/v1/account/sessions/%s", rest_text(answer, "list.0.id"));
  rest_expect(person_call(&f, &ada, "DELETE", url, NULL), 200);
  rest_expect(person_call(&f, &other, "GET", "/v1/account", NULL), 401);
  rest_expect(person_call(&f, &ada, "DELETE", url, NULL), 404);
  struct person bob = make_person(&f, "bob@example.com", false, NULL, "", SRV_ROLE_NONE);
  snprintf(url, sizeof(url), "/v1/account/sessions/%s", ada.session_id);
  rest_expect(person_call(&f, &bob, "DELETE", url, NULL), 404); /* not his */
  rest_expect(person_call(&f, &ada, "GET", "/v1/account", NULL), 200);
  rest_end(&f);
}

TEST(the_session_unused_for_longest_gives_way_to_one_too_many) {
  struct person ada = begin();
  struct srv_core *core = f.core.core;
  char token[SRV_TOKEN_LENGTH + 1];
  struct srv_session session;
  for (unsigned i = 0; i < SRV_SESSIONS_PER_ACCOUNT; i++) {
    f.core.now_us += 1000000;
    assert_ok(core, srv_core_create_session(core, ada.account_id, false, "", "", token, &session));
  }
  const struct rest_answer *answer = person_call(&f, &ada, "GET", "/v1/account", NULL);
  rest_expect(answer, 401);
  rest_end(&f);
}

/* --- the account ------------------------------------------------------------------------- */

TEST(a_new_password_needs_the_old_one_and_ends_the_other_sessions) {
  struct person ada = begin();
  struct person other = person_of(sign_in(MAIL, PASSWORD, NULL));
  rest_expect_error(
      person_call(&f, &ada, "PATCH", "/v1/account", "{\"password\":\"another long one\"}"), 400, 3,
      "currentPassword: is missing");
  rest_expect_error(person_call(&f, &ada, "PATCH", "/v1/account",
                                "{\"password\":\"another long one\",\"currentPassword\":\"x\"}"),
                    403, 7, "currentPassword");
  rest_expect_error(person_call(&f, &ada, "PATCH", "/v1/account",
                                "{\"password\":\"short\",\"currentPassword\":\"" PASSWORD "\"}"),
                    400, 3, "at least 10 characters");
  rest_expect(person_call(&f, &other, "GET", "/v1/account", NULL), 200);
  rest_expect(
      person_call(&f, &ada, "PATCH", "/v1/account",
                  "{\"password\":\"another long one\",\"currentPassword\":\"" PASSWORD "\"}"),
      200);
  rest_expect(person_call(&f, &ada, "GET", "/v1/account", NULL), 200);
  rest_expect(person_call(&f, &other, "GET", "/v1/account", NULL), 401);
  rest_expect(sign_in(MAIL, PASSWORD, NULL), 401);
  rest_expect(sign_in(MAIL, "another long one", NULL), 200);
  rest_end(&f);
}

TEST(an_open_browser_is_no_way_to_guess_the_password) {
  struct person ada = begin();
  int refused = 0;
  for (int i = 0; i < 10; i++) {
    refused += person_call(&f, &ada, "PATCH", "/v1/account",
                           "{\"email\":\"eve@example.com\",\"currentPassword\":\"guess\"}")
                   ->status == 429;
  }
  assert_int_equal(refused, 5);
  rest_end(&f);
}

TEST(a_name_changes_without_the_password_and_an_email_with_it) {
  struct person ada = begin();
  make_person(&f, "bob@example.com", false, NULL, "", SRV_ROLE_NONE);
  const struct rest_answer *answer =
      person_call(&f, &ada, "PATCH", "/v1/account", "{\"name\":\"Ada ♥ \\u202eevoL\"}");
  rest_expect(answer, 200);
  rest_expect(person_call(&f, &ada, "PATCH", "/v1/account", "{\"email\":\"a@b.c\"}"), 400);
  rest_expect_error(
      person_call(&f, &ada, "PATCH", "/v1/account",
                  "{\"email\":\"bob@example.com\",\"currentPassword\":\"" PASSWORD "\"}"),
      409, 6, "another account");
  static const char *const wrong[] = {"", "ada", "@b.c", "ada@", "a b@c.d", "a@b@c", "<a@b.c>"};
  for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
    char body[128];
    snprintf(body, sizeof(body), "{\"email\":\"%s\",\"currentPassword\":\"" PASSWORD "\"}",
             wrong[i]);
    rest_expect_error(person_call(&f, &ada, "PATCH", "/v1/account", body), 400, 3, "email");
  }
  rest_expect(person_call(&f, &ada, "PATCH", "/v1/account",
                          "{\"email\":\"Ada@Home.example\",\"currentPassword\":\"" PASSWORD "\"}"),
              200);
  rest_expect(sign_in("ada@home.example", PASSWORD, NULL), 200);
  rest_end(&f);
}

TEST(an_api_key_has_no_account) {
  begin();
  rest_expect_error(rest_call(&f, "GET", "/v1/account", NULL), 403, 7, "for people");
  rest_expect_error(rest_call(&f, "PATCH", "/v1/account", "{\"name\":\"x\"}"), 403, 7, "people");
  rest_expect(rest_call(&f, "DELETE", "/v1/session", NULL), 400);
  const struct rest_answer *answer = rest_call(&f, "GET", "/v1/session", NULL);
  assert_string_equal(rest_text(answer, "data.apiKey.role"), "admin");
  assert_true(json_is_null(rest_value(answer, "data.account")));
  assert_string_equal(answer->cookie, "");
  rest_end(&f);
}

TEST(a_key_sent_beside_a_cookie_counts) {
  struct person ada = begin();
  struct person key = make_key(&f, "default", SRV_ROLE_VIEWER, "", 0);
  char cookie[128];
  snprintf(cookie, sizeof(cookie), "godwit_session=%s", ada.token);
  f.head.cookie = cookie;
  rest_expect(rest_call_as(&f, key.key, "GET", PP "/devices", NULL), 200);
  rest_expect(rest_call_as(&f, key.key, "POST", PP "/tags", "{\"name\":\"t\"}"), 403);
  rest_expect(rest_call_as(&f, "gdw_wrong", "GET", PP "/devices", NULL), 401);
  rest_end(&f);
}

/* --- links ---------------------------------------------------------------------------------- */

static const struct rest_answer *use_link(const char *token) {
  char body[128];
  snprintf(body, sizeof(body), "{\"token\":\"%s\"}", token);
  return rest_call_as(&f, NULL, "POST", "/v1/session/link", body);
}

TEST(a_link_signs_in_once_and_sets_a_password_without_the_old_one) {
  struct person ada = begin();
  struct srv_link link;
  char token[SRV_TOKEN_LENGTH + 1];
  struct srv_core *core = f.core.core;
  assert_ok(core, srv_core_create_link(core, ada.account_id, SRV_LINK_LIFE_US, token, &link));
  const struct rest_answer *answer = use_link(token);
  rest_expect(answer, 200);
  struct person again = person_of(answer);
  rest_expect_error(use_link(token), 401, 16, "used already");
  rest_expect(person_call(&f, &again, "PATCH", "/v1/account", "{\"password\":\"a brand new one\"}"),
              200);
  rest_expect(sign_in(MAIL, "a brand new one", NULL), 200);
  /* From now on it is a session as any other. */
  rest_expect(person_call(&f, &again, "PATCH", "/v1/account", "{\"password\":\"yet another one\"}"),
              400);
  rest_end(&f);
}

TEST(a_link_that_lies_about_ends_when_a_password_is_set) {
  struct person ada = begin();
  struct srv_core *core = f.core.core;
  struct srv_link link;
  char token[SRV_TOKEN_LENGTH + 1], body[128];
  assert_ok(core, srv_core_create_link(core, ada.account_id, SRV_LINK_LIFE_US, token, &link));
  rest_expect(
      person_call(&f, &ada, "PATCH", "/v1/account",
                  "{\"password\":\"another long one\",\"currentPassword\":\"" PASSWORD "\"}"),
      200);
  snprintf(body, sizeof(body), "{\"token\":\"%s\"}", token);
  rest_expect(rest_call_as(&f, NULL, "POST", "/v1/session/link", body), 401);
  rest_end(&f);
}

TEST(a_link_ends_after_a_day_and_with_the_next_one) {
  struct person ada = begin();
  struct srv_link link;
  char first[SRV_TOKEN_LENGTH + 1], second[SRV_TOKEN_LENGTH + 1];
  struct srv_core *core = f.core.core;
  assert_ok(core, srv_core_create_link(core, ada.account_id, SRV_LINK_LIFE_US, first, &link));
  assert_ok(core, srv_core_create_link(core, ada.account_id, SRV_LINK_LIFE_US, second, &link));
  rest_expect(use_link(first), 401);
  f.core.now_us += SRV_LINK_LIFE_US;
  rest_expect(use_link(second), 401);
  rest_expect(use_link(""), 401);
  rest_expect(use_link("nonsense"), 401);
  rest_end(&f);
}

TEST(a_new_server_needs_setup_until_somebody_has_a_password) {
  rest_begin(&f);
  struct srv_account admin, same;
  struct srv_core *core = f.core.core;
  const struct rest_answer *answer = rest_call_as(&f, NULL, "GET", "/v1/session", NULL);
  assert_true(json_is_true(rest_value(answer, "data.needsSetup")));
  assert_ok(core, srv_core_first_admin(core, &admin));
  assert_ok(core, srv_core_first_admin(core, &same));
  assert_string_equal(admin.id, same.id);
  assert_true(admin.server_admin);
  struct srv_link link;
  char token[SRV_TOKEN_LENGTH + 1];
  assert_ok(core, srv_core_create_link(core, admin.id, 0, token, &link));
  f.core.now_us += 1000 * HOUR; /* until used */
  struct person person = person_of(use_link(token));
  answer = person_call(&f, &person, "PATCH", "/v1/account",
                       "{\"email\":\"" MAIL "\",\"name\":\"Ada\",\"password\":\"" PASSWORD "\"}");
  rest_expect(answer, 200);
  answer = rest_call_as(&f, NULL, "GET", "/v1/session", NULL);
  assert_true(json_is_false(rest_value(answer, "data.needsSetup")));
  rest_expect(sign_in(MAIL, PASSWORD, NULL), 200);
  rest_end(&f);
}

/* --- one-time codes ----------------------------------------------------------------------------
 */

/* The code of now, by the secret in the store: as the app has it. */
static const char *code_now(const char *account_id, int64_t ahead) {
  static char code[8];
  struct srv_login login;
  assert_ok(f.core.core, srv_core_get_login(f.core.core, account_id, &login));
  int64_t step = srv_totp_step(f.core.now_us) + ahead;
  snprintf(code, sizeof(code), "%06u",
           (unsigned)srv_totp_code(login.totp_secret, login.totp_secret_size, step));
  return code;
}

static const struct rest_answer *confirm(const struct person *person, const char *code) {
  char body[64];
  snprintf(body, sizeof(body), "{\"code\":\"%s\"}", code);
  return person_call(&f, person, "POST", "/v1/account/totp/confirm", body);
}

/* Ada, who also needs a code. recovery: the first of her recovery codes. */
static struct person begin_with_codes(char recovery[32]) {
  struct person ada = begin();
  /* Whoever finds her browser open cannot lock her out. */
  rest_expect_error(person_call(&f, &ada, "POST", "/v1/account/totp", NULL), 400, 3, "password");
  rest_expect(person_call(&f, &ada, "POST", "/v1/account/totp", "{\"password\":\"no\"}"), 403);
  const struct rest_answer *answer =
      person_call(&f, &ada, "POST", "/v1/account/totp", "{\"password\":\"" PASSWORD "\"}");
  rest_expect(answer, 200);
  assert_int_equal(strlen(rest_text(answer, "data.secret")), 32);
  assert_non_null(strstr(rest_text(answer, "data.uri"), "otpauth://totp/Godwit:ada%40example.com"));
  assert_non_null(strstr(rest_text(answer, "data.uri"), rest_text(answer, "data.secret")));
  rest_expect(sign_in(MAIL, PASSWORD, NULL), 200); /* nothing counts before it is confirmed */
  rest_expect_error(confirm(&ada, "000000"), 400, 3, "code");
  answer = confirm(&ada, code_now(ada.account_id, 0));
  rest_expect(answer, 200);
  assert_int_equal(json_array_size(rest_value(answer, "data.recoveryCodes")), SRV_RECOVERY_CODES);
  snprintf(recovery, 32, "%s", rest_text(answer, "data.recoveryCodes.0"));
  return ada;
}

TEST(with_codes_on_the_password_alone_does_not_sign_in) {
  char recovery[32];
  struct person ada = begin_with_codes(recovery);
  const struct rest_answer *answer = sign_in(MAIL, PASSWORD, NULL);
  rest_expect_error(answer, 401, 16, "code");
  assert_string_equal(rest_text(answer, "details.0.reason"), "code");
  assert_string_equal(answer->cookie, "");
  answer = sign_in(MAIL, "not her password", code_now(ada.account_id, 1));
  rest_expect(answer, 401);
  assert_string_equal(rest_text(answer, "details.0.reason"), ""); /* it says nothing of codes */
  rest_expect(sign_in(MAIL, PASSWORD, "000000"), 401);
  rest_expect(sign_in(MAIL, PASSWORD, code_now(ada.account_id, 1)), 200);
  rest_expect(sign_in(MAIL, PASSWORD, code_now(ada.account_id, 1)), 401); /* once */
  rest_end(&f);
}

TEST(codes_cannot_be_guessed_for_long) {
  char recovery[32];
  begin_with_codes(recovery);
  for (int i = 0; i < 5; i++) rest_expect(sign_in(MAIL, PASSWORD, "000000"), 401);
  rest_expect(sign_in(MAIL, PASSWORD, "000000"), 429);
  rest_end(&f);
}

TEST(a_recovery_code_signs_in_once_however_it_is_typed) {
  char recovery[32], typed[32] = "";
  begin_with_codes(recovery);
  for (const char *c = recovery; *c != 0; c++) {
    if (*c == '-') continue;
    typed[strlen(typed)] = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
  }
  rest_expect(sign_in(MAIL, PASSWORD, typed), 200);
  rest_expect(sign_in(MAIL, PASSWORD, typed), 401);
  rest_expect(sign_in(MAIL, PASSWORD, recovery), 401);
  rest_end(&f);
}

TEST(codes_are_switched_off_with_the_password_only) {
  char recovery[32];
  struct person ada = begin_with_codes(recovery);
  rest_expect(person_call(&f, &ada, "POST", "/v1/account/totp", "{\"password\":\"" PASSWORD "\"}"),
              409);
  rest_expect(person_call(&f, &ada, "DELETE", "/v1/account/totp", NULL), 400);
  rest_expect(person_call(&f, &ada, "DELETE", "/v1/account/totp", "{\"password\":\"no\"}"), 403);
  rest_expect(sign_in(MAIL, PASSWORD, NULL), 401);
  rest_expect(
      person_call(&f, &ada, "DELETE", "/v1/account/totp", "{\"password\":\"" PASSWORD "\"}"), 200);
  rest_expect(sign_in(MAIL, PASSWORD, NULL), 200);
  rest_expect(confirm(&ada, "000000"), 409); /* nothing to confirm */
  rest_end(&f);
}

/* --- what is kept of it --------------------------------------------------------------------------
 */

TEST(signing_in_and_failing_to_stand_in_the_audit_log_without_a_secret) {
  struct person ada = begin();
  struct person root = make_person(&f, "root@example.com", true, NULL, "", SRV_ROLE_NONE);
  sign_in(MAIL, "not her password", NULL);
  sign_in("nobody@example.com", "whatever it is", NULL);
  rest_expect(sign_in(MAIL, PASSWORD, NULL), 200);
  person_call(&f, &ada, "PATCH", "/v1/account",
              "{\"password\":\"another long one\",\"currentPassword\":\"" PASSWORD "\"}");
  const struct rest_answer *answer = person_call(&f, &root, "GET", "/v1/audit", NULL);
  rest_expect(answer, 200);
  char *text = json_dumps(answer->document, 0);
  assert_non_null(strstr(text, "\"signIn\""));
  assert_non_null(strstr(text, "\"signInFailed\""));
  assert_non_null(strstr(text, "\"setPassword\""));
  assert_non_null(strstr(text, "192.0.2.1"));
  assert_null(strstr(text, "nobody@example.com")); /* a stranger's invention */
  assert_null(strstr(text, "password\":"));
  assert_null(strstr(text, "argon2"));
  assert_null(strstr(text, PASSWORD));
  assert_null(strstr(text, "another long one"));
  free(text);
  rest_end(&f);
}

static const struct srv_store_ops *real_ops;
static unsigned gets_of_who; /* look-ups of who somebody is */

static int counted_get(struct srv_store *store, enum srv_kind kind, const struct srv_query *query,
                       void *row) {
  gets_of_who += kind == SRV_API_KEY || kind == SRV_SESSION || kind == SRV_ACCOUNT;
  return real_ops->get(store, kind, query, row);
}

TEST(who_somebody_is_is_looked_up_once_and_again_after_a_change) {
  static struct srv_store_ops counted;
  struct person ada = begin();
  struct person key = make_key(&f, "default", SRV_ROLE_VIEWER, "", 0);
  struct srv_store *store = f.core.folder.store;
  real_ops = store->ops;
  counted = *real_ops;
  counted.get = counted_get;
  store->ops = &counted;
  gets_of_who = 0;
  rest_expect(person_call(&f, &ada, "GET", PP "/tags", NULL), 200);
  rest_expect(person_call(&f, &key, "GET", PP "/tags", NULL), 200);
  assert_true(gets_of_who >= 2); /* or nothing is counted here */
  gets_of_who = 0;
  for (int i = 0; i < 10; i++) {
    rest_expect(person_call(&f, &ada, "GET", PP "/tags", NULL), 200);
    rest_expect(person_call(&f, &key, "GET", PP "/tags", NULL), 200);
  }
  assert_int_equal(gets_of_who, 0);
  make_person(&f, "bob@example.com", false, "default", "", SRV_ROLE_VIEWER);
  gets_of_who = 0;
  rest_expect(person_call(&f, &ada, "GET", PP "/tags", NULL), 200);
  assert_true(gets_of_who > 0);
  store->ops = real_ops;
  rest_end(&f);
}

TEST(two_keys_that_share_a_place_in_memory_do_not_write_at_every_request) {
  begin();
  /* More than there are places: every request is a stranger to its place. */
  static struct person keys[600];
  srv_core_batch_begin(f.core.core);
  for (size_t i = 0; i < 600; i++) keys[i] = make_key(&f, "default", SRV_ROLE_VIEWER, "", 0);
  assert_ok(f.core.core, srv_core_batch_commit(f.core.core));
  f.head.address = "192.0.2.1";
  uint64_t written = 0;
  for (int round = 0; round < 3; round++) {
    for (size_t i = 0; i < 600; i++) {
      rest_expect(rest_call_as(&f, keys[i].key, "GET", "/v1/projects", NULL), 200);
    }
    f.core.now_us += 1000000;
    srv_core_tick(f.core.core);
    struct srv_query used = {0};
    srv_query_number(&used, "last_used_us", SRV_AT_LEAST, f.core.now_us - 1500000);
    assert_ok(f.core.core, srv_core_list(f.core.core, SRV_API_KEY, &used, NULL, NULL, &written));
    if (round > 0) assert_int_equal(written, 0); /* the minute is not over */
  }
  rest_end(&f);
}

TEST(when_a_key_was_last_used_is_written_once_a_minute) {
  begin();
  struct person key = make_key(&f, "default", SRV_ROLE_VIEWER, "", 0);
  char url[128];
  f.head.address = "192.0.2.1";
  rest_expect(rest_call_as(&f, key.key, "GET", PP "/devices", NULL), 200);
  f.core.now_us += 60 * INT64_C(1000000);
  srv_core_tick(f.core.core);
  snprintf(url, sizeof(url), PP "/apikeys");
  const struct rest_answer *answer = rest_call(&f, "GET", url, NULL);
  const char *used = NULL;
  for (size_t i = 0; i < json_array_size(rest_value(answer, "list")); i++) {
    json_t *row = json_array_get(rest_value(answer, "list"), i);
    if (strcmp(json_string_value(json_object_get(row, "id")), key.account_id) == 0) {
      used = json_string_value(json_object_get(row, "lastUsed"));
    }
  }
  assert_non_null(used);
  assert_string_equal(used, "2023-11-14T22:13:20.000000Z");
  rest_end(&f);
}
