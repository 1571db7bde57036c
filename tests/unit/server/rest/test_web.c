/* SPDX-License-Identifier: Apache-2.0 */
/* What a browser relies on: the headers of every kind of answer, names that are
 * not ours, and answers to bodies that are too large. */
#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/server/rest/http_fixture.h"

static struct http_fixture f;

static void send_text(int fd, const char *text) {
  assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static struct http_answer ask(const char *method, const char *path, const char *body) {
  int fd = http_connect(&f);
  http_send(&f, fd, method, path, body);
  return http_read(&f, fd);
}

/* A request with headers of one's own, each with its CRLF. */
static struct http_answer ask_with(const char *method, const char *path, const char *headers) {
  char text[2048];
  int fd = http_connect(&f);
  snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nconnection: close\r\n%s\r\n", method, path,
           headers);
  send_text(fd, text);
  return http_read(&f, fd);
}

static const char *header_of(const struct http_answer *answer, const char *name) {
  static char value[1024];
  char wanted[96];
  snprintf(wanted, sizeof(wanted), "\r\n%s: ", name);
  const char *at = strcasestr(answer->head, wanted);
  if (at == NULL) return NULL;
  at += strlen(wanted);
  snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, "\r"), at);
  return value;
}

static void expect_header(const struct http_answer *answer, const char *name, const char *wanted) {
  const char *value = header_of(answer, name);
  if (value == NULL) fail_msg("no %s in\n%s", name, answer->head);
  if (wanted != NULL && strcmp(value, wanted) != 0) fail_msg("%s: %s", name, value);
}

/* --- headers -------------------------------------------------------------------------- */

#define DATA_POLICY "default-src 'none'; frame-ancestors 'none'"
#define BYTES_POLICY "default-src 'none'; frame-ancestors 'none'; sandbox"
#define FILE_POLICY                                                                        \
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "  \
  "media-src 'self' blob:; font-src 'self'; connect-src 'self'; worker-src 'self' blob:; " \
  "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

static void upload_one(char path[160]) {
  const struct rest_answer *made = rest_upload(
      &f.base, PP "/artifacts?package=fw&version=1.0.0&forceBinary=true", "some bytes", 10);
  rest_expect(made, 200);
  snprintf(path, 160, PP "/artifacts/%s/content", rest_text(made, "data.id"));
}

TEST(every_kind_of_answer_has_the_headers_that_keep_a_browser_out_of_trouble) {
  char content[160];
  http_begin(&f);
  upload_one(content);
  const struct {
    const char *method, *path, *body;
    int status;
    const char *policy; /* NULL: has a nonce, or is looked at elsewhere */
    const char *cache;
  } kinds[] = {
      {"GET", "/", NULL, 200, NULL, "no-cache"},
      {"HEAD", "/", NULL, 200, NULL, "no-cache"},
      {"GET", "/nothing", NULL, 404, FILE_POLICY, "no-store"},
      {"GET", "/v1/docs", NULL, 302, FILE_POLICY, "no-store"},
      {"GET", "/healthz", NULL, 200, DATA_POLICY, "no-store"},
      {"GET", PP "/devices", NULL, 200, DATA_POLICY, "no-store"},
      {"POST", PP "/tags", "{\"name\":\"a\"}", 200, DATA_POLICY, "no-store"},
      {"POST", PP "/tags", "{", 400, DATA_POLICY, "no-store"},
      {"GET", PP "/devices/none", NULL, 404, DATA_POLICY, "no-store"},
      {"GET", "/v1/nothing", NULL, 404, DATA_POLICY, "no-store"},
      {"PATCH", "/healthz", "{}", 405, DATA_POLICY, "no-store"},
      {"POST", "/nothing", "{}", 404, DATA_POLICY, "no-store"},
      {"GET", content, NULL, 200, BYTES_POLICY, "no-store"},
      {"GET", PP "/captures/export", NULL, 200, BYTES_POLICY, "no-store"},
  };
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    struct http_answer answer = ask(kinds[i].method, kinds[i].path, kinds[i].body);
    if (answer.status != kinds[i].status) fail_msg("%s: %d", kinds[i].path, answer.status);
    expect_header(&answer, "content-security-policy", kinds[i].policy);
    expect_header(&answer, "cache-control", kinds[i].cache);
    expect_header(&answer, "x-content-type-options", "nosniff");
    expect_header(&answer, "x-frame-options", "DENY");
    expect_header(&answer, "referrer-policy", "no-referrer");
    expect_header(&answer, "cross-origin-opener-policy", "same-origin");
    expect_header(&answer, "cross-origin-resource-policy", "same-origin");
    expect_header(&answer, "permissions-policy", NULL);
    assert_non_null(strstr(header_of(&answer, "permissions-policy"), "microphone=()"));
    assert_null(header_of(&answer, "strict-transport-security")); /* it is plain HTTP */
    assert_null(header_of(&answer, "access-control-allow-origin"));
    assert_null(header_of(&answer, "server"));
    http_free(&answer);
  }
  http_end(&f);
}

TEST(a_page_of_elsewhere_is_not_invited) {
  http_begin(&f);
  struct http_answer answer = ask_with("OPTIONS", PP "/devices",
                                       "host: localhost\r\norigin: https://evil.example\r\n"
                                       "access-control-request-method: POST\r\n");
  assert_int_equal(answer.status, 405);
  assert_null(strcasestr(answer.head, "access-control"));
  http_free(&answer);
  http_end(&f);
}

TEST(behind_a_tls_proxy_browsers_are_told_to_stay_with_tls_but_not_for_localhost) {
  http_begin_with(&f, (struct srv_rest_config){.public_url = "https://models.example/fleet"});
  struct http_answer answer = ask_with("GET", "/healthz", "host: models.example\r\n");
  assert_int_equal(answer.status, 200);
  expect_header(&answer, "strict-transport-security", "max-age=31536000");
  http_free(&answer);
  answer = ask_with("GET", "/healthz", "host: localhost:8080\r\n");
  assert_null(header_of(&answer, "strict-transport-security"));
  http_free(&answer);
  http_end(&f);
}

/* --- names ------------------------------------------------------------------------------ */

TEST(a_page_whose_name_points_here_is_not_taken_for_us) {
  static const char *const names[] = {"own", "also.example", NULL};
  http_begin_with(&f, (struct srv_rest_config){.public_url = "http://models.example:8080",
                                               .host_names = names});
  static const struct {
    const char *host;
    int status;
  } cases[] = {{"evil.example", 421},
               {"evil.example:8080", 421},
               {"localhost.evil.example", 421},
               {"127.0.0.1.evil.example", 421},
               {"10.0.0.1", 421},
               {"xmodels.example", 421},
               {"", 421},
               {"a b", 421},
               {"localhost", 200},
               {"LOCALHOST:1", 200},
               {"127.0.0.1:8080", 200},
               {"[::1]", 200},
               {"models.example", 200},
               {"Models.Example.:80", 200},
               {"own", 200},
               {"also.example:8080", 200}};
  static const char *const paths[] = {"/healthz", "/", "/v1/openapi.json", "/nothing"};
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    for (size_t k = 0; k < sizeof(paths) / sizeof(paths[0]); k++) {
      char headers[128];
      int wanted = cases[i].status == 200 && k == 3 ? 404 : cases[i].status;
      snprintf(headers, sizeof(headers), "host: %s\r\n", cases[i].host);
      struct http_answer answer = ask_with("GET", paths[k], headers);
      if (answer.status != wanted) fail_msg("%s %s: %d", cases[i].host, paths[k], answer.status);
      if (wanted == 421) assert_non_null(strstr((char *)answer.body, "--public-url"));
      http_free(&answer);
    }
  }
  http_end(&f);
}

TEST(a_name_that_is_none_is_refused_at_the_start) {
  char error[SRV_ERROR_MAX];
  static const char *const names[] = {"a b", NULL};
  struct srv_rest *rest;
  rest_begin(&f.base);
  struct srv_rest_config config = {.core = f.base.core.core, .version = "0", .host_names = names};
  assert_int_equal(srv_rest_create(&rest, &config, error), SRV_ERR_INVALID);
  assert_non_null(strstr(error, "--http-host a b"));
  config.host_names = NULL;
  config.public_url = "https://";
  assert_int_equal(srv_rest_create(&rest, &config, error), SRV_ERR_INVALID);
  assert_non_null(strstr(error, "--public-url"));
  rest_end(&f.base);
}

/* --- connections --------------------------------------------------------------------------- */

TEST(a_connection_serves_one_file_after_another) {
  http_begin(&f);
  int fd = http_connect(&f);
  for (int i = 0; i < 3; i++) {
    send_text(fd, "HEAD / HTTP/1.1\r\nhost: localhost\r\n\r\n");
    char text[2048] = "";
    size_t length = 0;
    for (int turn = 0; turn < 1000 && strstr(text, "\r\n\r\n") == NULL; turn++) {
      ssize_t got = recv(fd, text + length, sizeof(text) - 1 - length, MSG_DONTWAIT);
      if (got == 0) fail_msg("it was closed after %d", i);
      if (got > 0) length += (size_t)got;
      text[length] = 0;
      if (got < 0) http_turn(&f, 20);
    }
    assert_non_null(strstr(text, "HTTP/1.1 200"));
    assert_null(strcasestr(text, "connection: close"));
  }
  close(fd);
  http_end(&f);
}

/* Writes what it can, as a client does that has not looked for an answer yet. */
static size_t pour(int fd, size_t size) {
  static char zeros[65536];
  size_t sent = 0;
  for (int turn = 0; turn < 20000 && sent < size; turn++) {
    size_t length = size - sent < sizeof(zeros) ? size - sent : sizeof(zeros);
    ssize_t got = send(fd, zeros, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (got > 0) sent += (size_t)got;
    if (got < 0 && errno != EAGAIN) return sent;
    http_turn(&f, 0);
  }
  return sent;
}

TEST(an_upload_of_gigabytes_is_refused_by_its_length_and_the_sender_hears_why) {
  static const char *const urls[] = {PP "/artifacts?version=1.0.0", PP "/tags", "/v1/artifacts"};
  http_begin(&f);
  for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
    char text[512];
    int fd = http_connect(&f);
    snprintf(text, sizeof(text),
             "POST %s HTTP/1.1\r\nhost: localhost\r\nx-api-key: %s\r\n"
             "content-type: application/%s\r\ncontent-length: 2147483648\r\n\r\n",
             urls[i], f.base.key, i == 0 ? "octet-stream" : "json");
    send_text(fd, text);
    size_t poured = pour(fd, 8 * 1024 * 1024); /* it goes on sending, as curl may */
    assert_int_equal(poured, 8 * 1024 * 1024);
    struct http_answer answer = http_read(&f, fd);
    if (answer.status != 413) fail_msg("%s: %d", urls[i], answer.status);
    assert_true(answer.complete);
    expect_header(&answer, "connection", "close");
    assert_non_null(strstr((char *)answer.body, "bytes"));
    http_free(&answer);
  }
  http_end(&f);
}

/* Chunks of 64 KiB without an end, until the client hears something or all are
 * sent. */
static void pour_chunks(int fd, size_t count) {
  static char chunk[8 + 65536 + 2];
  memset(chunk, ' ', sizeof(chunk));
  memcpy(chunk, "10000\r\n", 7);
  memcpy(chunk + 7 + 65536, "\r\n", 2);
  size_t size = 7 + 65536 + 2;
  for (size_t i = 0; i < count; i++) {
    for (size_t sent = 0; sent < size;) {
      ssize_t got = send(fd, chunk + sent, size - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (got > 0) sent += (size_t)got;
      if (got < 0 && errno != EAGAIN) return;
      http_turn(&f, 0);
    }
  }
}

TEST(a_body_in_chunks_is_refused_at_the_limit_and_the_sender_hears_why) {
  http_begin(&f);
  for (int with_key = 0; with_key < 2; with_key++) {
    char text[512];
    int fd = http_connect(&f);
    snprintf(text, sizeof(text),
             "POST " PP
             "/tags HTTP/1.1\r\nhost: localhost\r\nx-api-key: %s\r\n"
             "transfer-encoding: chunked\r\n\r\n",
             with_key ? f.base.key : "none");
    send_text(fd, text);
    pour_chunks(fd, 200); /* 12 MiB; the limit is one */
    struct http_answer answer = http_read(&f, fd);
    assert_int_equal(answer.status, with_key ? 413 : 401);
    assert_true(answer.complete);
    expect_header(&answer, "connection", "close");
    expect_header(&answer, "content-type", "application/json");
    expect_header(&answer, "content-security-policy", DATA_POLICY);
    expect_header(&answer, "x-frame-options", "DENY");
    json_t *document = json_loadb((char *)answer.body, answer.size, 0, NULL);
    assert_non_null(document);
    rest_check_described("POST", "/v1/projects/{project}/tags", answer.status, document);
    json_decref(document);
    http_free(&answer);
  }
  http_end(&f);
}

TEST(a_client_that_asks_first_is_told_before_it_sends) {
  http_begin(&f);
  char text[512];
  int fd = http_connect(&f);
  snprintf(text, sizeof(text),
           "POST " PP
           "/artifacts?version=1.0.0 HTTP/1.1\r\nhost: localhost\r\nx-api-key: %s\r\n"
           "content-type: application/octet-stream\r\nexpect: 100-continue\r\n"
           "content-length: 2147483648\r\n\r\n",
           f.base.key);
  send_text(fd, text);
  struct http_answer answer = http_read(&f, fd);
  assert_int_equal(answer.status, 413);
  assert_null(strstr(answer.head, "100 Continue"));
  http_free(&answer);
  http_end(&f);
}

TEST(a_connection_that_goes_on_sending_is_cut_in_the_end) {
  http_begin(&f);
  char text[512];
  int fd = http_connect(&f);
  snprintf(text, sizeof(text),
           "POST " PP
           "/tags HTTP/1.1\r\nhost: localhost\r\nx-api-key: %s\r\n"
           "content-length: 2147483648\r\n\r\n",
           f.base.key);
  send_text(fd, text);
  size_t poured = pour(fd, (size_t)512 * 1024 * 1024);
  assert_true(poured < (size_t)64 * 1024 * 1024);
  close(fd);
  http_end(&f);
}

TEST(a_refusal_of_a_small_body_leaves_the_connection_open) {
  http_begin(&f);
  int fd = http_connect(&f);
  send_text(fd, "POST " PP "/tags HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{}");
  send_text(fd, "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
  struct http_answer answer = http_read(&f, fd);
  assert_int_equal(answer.status, 401);
  assert_non_null(strstr((char *)answer.body, "HTTP/1.1 200"));
  http_free(&answer);
  http_end(&f);
}
