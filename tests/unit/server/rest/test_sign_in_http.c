/* SPDX-License-Identifier: Apache-2.0 */
/* Signing in over a socket: a thread hashes, the loop serves others meanwhile. */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/core/account.h"
#include "server/core/session.h"
#include "tests/unit/server/rest/account_fixture.h"
#include "tests/unit/server/rest/http_fixture.h"

static struct http_fixture f;
#define MAIL "ada@example.com"
#define PASSWORD "godwit flies far"
#define BODY "{\"email\":\"" MAIL "\",\"password\":\"" PASSWORD "\"}"

static void begin(struct srv_rest_config config) {
  static char hash[SRV_PASSWORD_HASH_MAX + 1];
  http_begin_with(&f, config);
  struct person ada = make_person(&f.base, MAIL, false, "default", "", SRV_ROLE_ADMIN);
  if (hash[0] == 0) assert_true(srv_password_hash(PASSWORD, hash));
  assert_ok(f.base.core.core, srv_core_set_password(f.base.core.core, ada.account_id, hash, ""));
}

/* Without a key; headers: whole lines. */
static int ask(const char *method, const char *path, const char *headers, const char *body) {
  char text[4096];
  int fd = http_connect(&f);
  int length = snprintf(text, sizeof(text),
                        "%s %s HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n%s"
                        "content-length: %zu\r\n\r\n%s",
                        method, path, headers, strlen(body), body);
  assert_int_equal(send(fd, text, (size_t)length, MSG_NOSIGNAL), length);
  return fd;
}

static struct http_answer call(const char *method, const char *path, const char *headers,
                               const char *body) {
  return http_read(&f, ask(method, path, headers, body));
}

static void expect(struct http_answer answer, int status, const char *head) {
  if (answer.status != status) fail_msg("%d: %s", answer.status, (char *)answer.body);
  if (head != NULL && strstr(answer.head, head) == NULL) fail_msg("%s", answer.head);
  http_free(&answer);
}

/* "cookie: ...\r\nx-csrf-token: ...\r\n" of a session that has begun. */
static void headers_of(const struct http_answer *answer, char out[512]) {
  char token[SRV_TOKEN_LENGTH + 1], csrf[SRV_TOKEN_LENGTH + 1];
  const char *cookie = strstr(answer->head, "godwit_session=");
  assert_non_null(cookie);
  assert_true(srv_cookie_token(cookie, token));
  srv_session_csrf(token, csrf);
  assert_non_null(strstr((char *)answer->body, csrf));
  snprintf(out, 512, "cookie: a=b; godwit_session=%s\r\nx-csrf-token: %s\r\n", token, csrf);
}

TEST(signing_in_sets_a_cookie_that_opens_what_follows) {
  char headers[512];
  begin((struct srv_rest_config){0});
  struct http_answer answer = call("POST", "/v1/session", "user-agent: browser/1\r\n", BODY);
  assert_int_equal(answer.status, 200);
  headers_of(&answer, headers);
  http_free(&answer);
  expect(call("POST", PP "/tags", headers, "{\"name\":\"t\"}"), 200, NULL);
  *strstr(headers, "x-csrf") = 0; /* without the token a page of another site could do it */
  expect(call("POST", PP "/tags", headers, "{\"name\":\"u\"}"), 403, NULL);
  expect(call("GET", PP "/tags", headers, ""), 200, NULL);
  expect(call("GET", PP "/tags", "", ""), 401, NULL);
  answer = call("GET", "/v1/account/sessions", headers, "");
  assert_non_null(strstr((char *)answer.body, "\"address\":\"127.0.0.1\""));
  assert_non_null(strstr((char *)answer.body, "\"userAgent\":\"browser/1\""));
  http_free(&answer);
  http_end(&f);
}

TEST(others_are_served_while_a_password_is_hashed) {
  begin((struct srv_rest_config){0});
  int first = ask("POST", "/v1/session", "", BODY);
  for (int turn = 0; turn < 3; turn++) http_turn(&f, 0);
  int second = ask("GET", "/healthz", "", "");
  struct http_answer answer = http_read(&f, second);
  assert_int_equal(answer.status, 200);
  http_free(&answer);
  expect(http_read(&f, first), 200, "set-cookie: godwit_session=");
  http_end(&f);
}

TEST(many_who_sign_in_at_once_are_all_answered) {
  begin((struct srv_rest_config){0});
  int fds[12];
  for (int i = 0; i < 12; i++) {
    char body[128];
    snprintf(body, sizeof(body), "{\"email\":\"%d@example.com\",\"password\":\"wrong one\"}", i);
    fds[i] = ask("POST", "/v1/session", "", body);
  }
  for (int i = 0; i < 12; i++) expect(http_read(&f, fds[i]), 401, NULL);
  http_end(&f);
}

TEST(a_client_that_hangs_up_while_its_password_is_hashed_harms_nobody) {
  begin((struct srv_rest_config){0});
  for (int i = 0; i < 4; i++) {
    int fd = ask("POST", "/v1/session", "", BODY);
    for (int turn = 0; turn < 3; turn++) http_turn(&f, 0);
    close(fd);
  }
  expect(call("POST", "/v1/session", "", BODY), 200, NULL);
  http_end(&f);
}

TEST(a_server_that_stops_while_a_password_is_hashed_ends_cleanly) {
  begin((struct srv_rest_config){0});
  int fd = ask("POST", "/v1/session", "", BODY);
  for (int turn = 0; turn < 3; turn++) http_turn(&f, 0);
  http_end(&f);
  close(fd);
}

static const char wrong[] = "{\"email\":\"" MAIL "\",\"password\":\"wrong one\"}";

TEST(who_guesses_too_often_is_told_when_to_come_again) {
  begin((struct srv_rest_config){0});
  for (int i = 0; i < 5; i++) expect(call("POST", "/v1/session", "", wrong), 401, NULL);
  expect(call("POST", "/v1/session", "", BODY), 429, "retry-after: 1");
  http_end(&f);
}

TEST(what_a_client_says_of_where_it_is_does_not_count) {
  begin((struct srv_rest_config){0});
  for (int i = 0; i < 5; i++) {
    char header[64];
    snprintf(header, sizeof(header), "x-forwarded-for: 198.51.100.%d\r\n", i);
    expect(call("POST", "/v1/session", header, wrong), 401, NULL);
  }
  expect(call("POST", "/v1/session", "x-forwarded-for: 198.51.100.9\r\n", BODY), 429, NULL);
  http_end(&f);
}

TEST(what_the_proxy_says_counts_where_the_operator_has_named_one) {
  begin((struct srv_rest_config){.public_url = "https://localhost"});
  for (int i = 0; i < 5; i++) {
    /* What the client itself put there does not count. */
    char header[96];
    snprintf(header, sizeof(header), "x-forwarded-for: 203.0.113.%d, 198.51.100.1\r\n", i);
    expect(call("POST", "/v1/session", header, wrong), 401, NULL);
  }
  expect(call("POST", "/v1/session", "x-forwarded-for: 198.51.100.1\r\n", BODY), 429, NULL);
  expect(call("POST", "/v1/session", "x-forwarded-for: 198.51.100.2\r\n", BODY), 200, "; Secure");
  http_end(&f);
}

TEST(a_proxy_that_adds_a_line_of_its_own_is_heard_and_the_clients_line_is_not) {
  begin((struct srv_rest_config){.public_url = "https://localhost"});
  for (int i = 0; i < 5; i++) {
    char header[128];
    snprintf(header, sizeof(header),
             "x-forwarded-for: 203.0.113.%d\r\nX-Forwarded-For: 198.51.100.1\r\n", i);
    expect(call("POST", "/v1/session", header, wrong), 401, NULL);
  }
  expect(call("POST", "/v1/session", "x-forwarded-for: 198.51.100.1\r\n", BODY), 429, NULL);
  http_end(&f);
}

TEST(an_address_of_ipv4_is_itself_on_a_socket_of_ipv6) {
  int fd = socket(AF_INET6, SOCK_STREAM, 0);
  if (fd < 0) skip(); /* a machine without IPv6 */
  close(fd);
  begin((struct srv_rest_config){.bind_address = "::", .public_url = "http://localhost"});
  struct http_answer answer = call("POST", "/v1/session", "", BODY);
  char headers[512];
  assert_int_equal(answer.status, 200);
  headers_of(&answer, headers);
  http_free(&answer);
  answer = call("GET", "/v1/account/sessions", headers, "");
  assert_non_null(strstr((char *)answer.body, "\"address\":\"127.0.0.1\""));
  http_free(&answer);
  /* So a proxy on this machine is known as one. */
  expect(call("POST", "/v1/session", "x-forwarded-for: 198.51.100.7\r\n", BODY), 200, NULL);
  answer = call("GET", "/v1/account/sessions", headers, "");
  assert_non_null(strstr((char *)answer.body, "\"address\":\"198.51.100.7\""));
  http_free(&answer);
  http_end(&f);
}

/* So many that theirs are not worked off before the loop turns again. */
static void keep_the_thread_busy(void) {
  for (int i = 0; i < 8; i++) {
    char body[128];
    snprintf(body, sizeof(body), "{\"email\":\"%d@example.com\",\"password\":\"wrong one\"}", i);
    ask("POST", "/v1/session", "", body); /* closed with the process */
  }
  for (int turn = 0; turn < 3; turn++) http_turn(&f, 0);
}

TEST(a_password_that_is_changed_while_it_is_hashed_signs_nobody_in) {
  begin((struct srv_rest_config){0});
  struct srv_core *core = f.base.core.core;
  struct srv_account ada;
  char hash[SRV_PASSWORD_HASH_MAX + 1];
  assert_true(srv_password_hash("another long one", hash));
  assert_ok(core, srv_core_find_account(core, MAIL, &ada));
  keep_the_thread_busy();
  int fd = ask("POST", "/v1/session", "", BODY);
  for (int turn = 0; turn < 3; turn++) http_turn(&f, 0);
  assert_ok(core, srv_core_set_password(core, ada.id, hash, ""));
  expect(http_read(&f, fd), 401, NULL);
  http_end(&f);
}

TEST(a_session_that_ends_while_a_password_is_hashed_changes_nothing_any_more) {
  begin((struct srv_rest_config){0});
  struct srv_core *core = f.base.core.core;
  struct srv_account ada;
  char headers[512], all[640];
  struct http_answer answer = call("POST", "/v1/session", "", BODY);
  headers_of(&answer, headers);
  http_free(&answer);
  snprintf(all, sizeof(all), "%scontent-type: application/json\r\n", headers);
  assert_ok(core, srv_core_find_account(core, MAIL, &ada));
  keep_the_thread_busy();
  int fd = ask("PATCH", "/v1/account", all,
               "{\"password\":\"of a thief now\",\"currentPassword\":\"" PASSWORD "\"}");
  for (int turn = 0; turn < 3; turn++) http_turn(&f, 0);
  assert_ok(core, srv_core_end_sessions(core, ada.id, ""));
  expect(http_read(&f, fd), 401, NULL);
  expect(call("POST", "/v1/session", "", BODY), 200, NULL);
  http_end(&f);
}

/* All of the request but the end of its body. */
static int begin_slowly(const char *path, const char *headers, const char *body) {
  char text[1024];
  int fd = http_connect(&f);
  int length = snprintf(text, sizeof(text),
                        "POST %s HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n%s"
                        "content-length: %zu\r\n\r\n%.4s",
                        path, headers, strlen(body), body);
  assert_int_equal(send(fd, text, (size_t)length, MSG_NOSIGNAL), length);
  for (int turn = 0; turn < 5; turn++) http_turn(&f, 0);
  return fd;
}

static void end_slowly(int fd, const char *body, int status) {
  ssize_t length = (ssize_t)strlen(body + 4);
  assert_int_equal(send(fd, body + 4, (size_t)length, MSG_NOSIGNAL), length);
  expect(http_read(&f, fd), status, NULL);
}

TEST(a_body_that_comes_after_its_sender_was_shown_out_changes_nothing) {
  static const char path[] = "/v1/projects/default/apikeys", body[] = "{\"name\":\"late\"}";
  static const char bytes[] = "some bytes";
  static const char upload[] = "/v1/projects/default/artifacts?version=1.0.0&binary=true";
  char headers[512];
  begin((struct srv_rest_config){0});
  struct srv_account ada;
  struct http_answer answer = call("POST", "/v1/session", "", BODY);
  headers_of(&answer, headers);
  http_free(&answer);
  end_slowly(begin_slowly(path, headers, body), body, 200);
  int fds[] = {begin_slowly(path, headers, body), begin_slowly(upload, headers, bytes)};
  assert_ok(f.base.core.core, srv_core_find_account(f.base.core.core, MAIL, &ada));
  assert_ok(f.base.core.core, srv_core_end_sessions(f.base.core.core, ada.id, ""));
  end_slowly(fds[0], body, 401);
  end_slowly(fds[1], bytes, 401);
  http_end(&f);
}

/* Turns the loop until the stream has said that, or has ended. */
static bool hears(int fd, char *heard, size_t size, const char *words) {
  size_t length = strlen(heard);
  for (int turn = 0; turn < 500 && strstr(heard, words) == NULL; turn++) {
    http_turn(&f, 10);
    ssize_t more = recv(fd, heard + length, size - 1 - length, MSG_DONTWAIT);
    if (more == 0) return strstr(heard, words) != NULL;
    if (more > 0) length += (size_t)more;
    heard[length] = 0;
  }
  return strstr(heard, words) != NULL;
}

TEST(events_come_by_cookie_and_end_when_one_signs_out) {
  char headers[512], cookie[256], heard[16384] = "";
  begin((struct srv_rest_config){.live_heartbeat_ms = 20});
  struct http_answer answer = call("POST", "/v1/session", "", BODY);
  headers_of(&answer, headers);
  http_free(&answer);
  snprintf(cookie, sizeof(cookie), "%.*s", (int)(strstr(headers, "x-csrf") - headers), headers);
  int fd = ask("GET", PP "/live", cookie, "");
  assert_true(hears(fd, heard, sizeof(heard), "event: hello"));
  expect(call("POST", PP "/tags", headers, "{\"name\":\"t\"}"), 200, NULL);
  assert_true(hears(fd, heard, sizeof(heard), "\"kind\":\"tag\""));
  expect(call("DELETE", "/v1/session", headers, ""), 200, "Max-Age=0");
  assert_true(hears(fd, heard, sizeof(heard), "\r\n0\r\n\r\n"));
  close(fd);
  expect(call("GET", PP "/live", cookie, ""), 401, NULL);
  http_end(&f);
}
