/* SPDX-License-Identifier: Apache-2.0 */
/* HTTPS by the real server: files that are not right, certificates that change
 * while connections go on. */
#include <curl/curl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/pki.h"
#include "tests/unit/server/app/server_process.h"

static struct server_process s;
static struct pki_certificate ca, good, other, loose;
static char cert_path[600], key_path[600], ca_path[600];

#define PP "/v1/projects/default"

static void write_text(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  assert_int_equal(fclose(file), 0);
}

static struct pki_wish wish(const char *subject, const struct pki_certificate *issuer, int days) {
  int64_t now_s = time(NULL);
  return (struct pki_wish){.subject = subject,
                           .issuer = issuer,
                           .is_ca = issuer == NULL,
                           .from_s = now_s - 100 * PKI_DAY_S,
                           .to_s = now_s + (int64_t)days * PKI_DAY_S + 3600};
}

/* A CA that the client trusts, and a certificate of it, good for that long. */
static void make_files(int days) {
  snprintf(cert_path, sizeof(cert_path), "%s/cert.pem", test_temporary_folder());
  snprintf(key_path, sizeof(key_path), "%s/key.pem", test_temporary_folder());
  snprintf(ca_path, sizeof(ca_path), "%s/ca.pem", test_temporary_folder());
  pki_make(&ca, wish("CN=test CA", NULL, 1000));
  pki_make(&good, wish("CN=localhost,O=first", &ca, days));
  write_text(ca_path, ca.certificate);
  write_text(cert_path, good.certificate);
  write_text(key_path, good.key);
}

static const char **arguments(void) {
  static const char *list[] = {"--tls-cert", cert_path, "--tls-key", key_path, NULL};
  return list;
}

static void begin(void) {
  make_files(300);
  s.ca_path = ca_path;
  server_start(&s, NULL, arguments());
}

/* Hangs until the test's time-out when it is never said. */
static void wait_for_words(const char *words) {
  for (;;) {
    char *said = server_errors(&s);
    bool found = strstr(said, words) != NULL;
    free(said);
    if (found) return;
    usleep(10000);
  }
}

static void hang_up(const char *words) {
  assert_int_equal(kill(s.pid, SIGHUP), 0);
  wait_for_words(words);
}

/* --- a connection by hand ----------------------------------------------------------------- */

static CURL *connect_tls(void) {
  char url[64];
  CURL *curl = curl_easy_init();
  snprintf(url, sizeof(url), "https://localhost:%d", s.http_port);
  curl_easy_setopt(curl, CURLOPT_URL, url);
  curl_easy_setopt(curl, CURLOPT_CAINFO, ca_path);
  curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  assert_int_equal(curl_easy_perform(curl), CURLE_OK);
  return curl;
}

static void ask(CURL *curl, const char *path) {
  char text[512];
  size_t sent;
  snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nhost: localhost\r\nx-api-key: %s\r\n\r\n", path,
           s.key);
  assert_int_equal(curl_easy_send(curl, text, strlen(text), &sent), CURLE_OK);
  assert_int_equal(sent, strlen(text));
}

/* Reads until the words have come; hangs until the time-out when they do not. */
static void expect(CURL *curl, const char *words) {
  static char text[65536];
  size_t length = 0;
  text[0] = 0;
  while (strstr(text, words) == NULL) {
    size_t got = 0;
    CURLcode code = curl_easy_recv(curl, text + length, sizeof(text) - 1 - length, &got);
    if (code == CURLE_AGAIN) {
      usleep(2000);
      continue;
    }
    if (code != CURLE_OK || got == 0) fail_msg("no \"%s\" in: %s", words, text);
    length += got;
    text[length] = 0;
  }
}

/* --- files -------------------------------------------------------------------------------- */

static void expect_refused(const char *cert, const char *key, const char *words) {
  make_files(300);
  if (cert != NULL) write_text(cert_path, cert);
  if (key != NULL) write_text(key_path, key);
  memset(&s, 0, sizeof(s));
  assert_int_equal(server_run(&s, NULL, arguments()), 1);
  char *said = server_errors(&s);
  if (strstr(said, words) == NULL) fail_msg("no \"%s\" in: %s", words, said);
  free(said);
  unlink(s.errors_path);
}

TEST(files_that_are_not_right_are_told_at_the_start_by_name) {
  make_files(300);
  pki_make(&loose, wish("CN=localhost", NULL, 10));
  expect_refused("", NULL, "cert.pem: holds no PEM certificate chain");
  expect_refused("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", NULL,
                 "cert.pem: holds no PEM certificate chain");
  expect_refused(NULL, "junk", "key.pem: holds no PEM private key");
  expect_refused(NULL, loose.key, "is not the key of the first certificate in --tls-cert");
  expect_refused(
      NULL, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
      "key.pem: has a passphrase");
  char *large = malloc(300 * 1024);
  memset(large, 'x', 300 * 1024 - 1);
  large[300 * 1024 - 1] = 0;
  expect_refused(large, NULL, "cert.pem: is too large");
  free(large);
  make_files(300);
  unlink(key_path);
  memset(&s, 0, sizeof(s));
  assert_int_equal(server_run(&s, NULL, arguments()), 1);
  unlink(s.errors_path);
  assert_int_equal(mkdir(key_path, 0700), 0);
  assert_int_equal(server_run(&s, NULL, arguments()), 1);
  char *said = server_errors(&s);
  assert_non_null(strstr(said, "key.pem: is no file"));
  free(said);
  /* Nobody writes into it: it is not waited for. */
  assert_int_equal(rmdir(key_path), 0);
  unlink(s.errors_path);
  assert_int_equal(mkfifo(key_path, 0600), 0);
  assert_int_equal(server_run(&s, NULL, arguments()), 1);
  said = server_errors(&s);
  assert_non_null(strstr(said, "key.pem: is no file"));
  free(said);
}

TEST(an_end_that_is_near_is_warned_of_and_an_end_that_is_past_is_an_error) {
  static const struct {
    int days;
    const char *words; /* NULL: nothing is said */
  } cases[] = {{15, NULL}, {13, "ends in 13 days"}, {0, "ends in 0 days"}, {-3, "has expired"}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    make_files(cases[i].days);
    memset(&s, 0, sizeof(s));
    server_start(&s, NULL, arguments());
    char *said = server_errors(&s);
    const char *wanted = cases[i].words == NULL ? "the TLS certificate" : cases[i].words;
    assert_int_equal(strstr(said, wanted) != NULL, cases[i].words != NULL);
    free(said);
    server_stop(&s);
    unlink(s.errors_path);
  }
}

/* --- serving -------------------------------------------------------------------------------- */

TEST(https_serves_console_and_api_and_says_until_when) {
  begin();
  assert_non_null(strstr(s.output, "\"http\":\"https://127.0.0.1:"));
  const struct http_answer *answer = http_json(&s, NULL, "/v1/status", NULL);
  http_expect(answer, 200);
  json_t *tls = json_object_get(json_object_get(answer->document, "data"), "tls");
  assert_int_equal(json_integer_value(json_object_get(tls, "daysLeft")), 300);
  assert_non_null(strstr(json_string_value(json_object_get(tls, "subject")), "localhost"));
  /* Another program on this machine's localhost may have no TLS. */
  assert_null(strcasestr(answer->headers, "strict-transport-security"));
  struct http_request request = {.path = "/healthz", .header = "host: models.example"};
  answer = http_send(&s, &request);
  http_expect(answer, 200);
  assert_non_null(strcasestr(answer->headers, "strict-transport-security: max-age=31536000"));
  http_expect(http_json(&s, NULL, "/", NULL), 200);
  http_expect(http_json(&s, "POST", PP "/tags", "{\"name\":\"kitchen\"}"), 200);
  server_stop(&s);
}

TEST(bytes_of_megabytes_go_up_and_come_down_by_tls) {
  begin();
  size_t size = 5 * 1024 * 1024 + 3;
  char path[200];
  uint8_t *bytes = malloc(size);
  for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)(i * 2654435761u >> 11);
  struct http_request request = {.method = "POST",
                                 .path = PP "/artifacts?version=1.0.0&forceBinary=true",
                                 .body = bytes,
                                 .size = size,
                                 .content_type = "application/octet-stream"};
  const struct http_answer *answer = http_send(&s, &request);
  http_expect(answer, 200);
  snprintf(path, sizeof(path), PP "/artifacts/%s/content",
           json_string_value(json_object_get(json_object_get(answer->document, "data"), "id")));
  answer = http_json(&s, NULL, path, NULL);
  assert_int_equal(answer->size, size);
  assert_memory_equal(answer->body, bytes, size);
  free(bytes);
  server_stop(&s);
}

TEST(a_body_in_chunks_beyond_the_limit_is_413_by_tls_too) {
  begin();
  size_t size = 8 * 1024 * 1024;
  char *bytes = malloc(size);
  memset(bytes, ' ', size);
  struct http_request request = {.method = "POST",
                                 .path = PP "/tags",
                                 .body = bytes,
                                 .size = size,
                                 .content_type = "application/json",
                                 .chunked = true};
  const struct http_answer *answer = http_send(&s, &request);
  http_expect(answer, 413);
  assert_non_null(strstr(answer->body, "larger than 1048576 bytes"));
  free(bytes);
  http_expect(http_json(&s, NULL, "/healthz", NULL), 200);
  server_stop(&s);
}

TEST(live_events_come_by_tls) {
  begin();
  CURL *curl = connect_tls();
  ask(curl, PP "/live");
  expect(curl, "event: hello");
  for (int i = 0; i < 3; i++) {
    char body[64];
    snprintf(body, sizeof(body), "{\"name\":\"tag%d\"}", i);
    http_expect(http_json(&s, "POST", PP "/blueprints", body), 200);
    expect(curl, "event: change");
  }
  curl_easy_cleanup(curl);
  server_stop(&s);
}

TEST(a_client_without_tls_gets_the_door_and_the_server_goes_on) {
  begin();
  const char *path = s.ca_path;
  s.ca_path = NULL;
  assert_int_equal(http_json(&s, NULL, "/healthz", NULL)->status, 0);
  s.ca_path = path;
  http_expect(http_json(&s, NULL, "/healthz", NULL), 200);
  server_stop(&s);
}

/* --- SIGHUP ------------------------------------------------------------------------------- */

TEST(a_new_certificate_is_for_new_connections_and_old_ones_go_on) {
  begin();
  CURL *before = connect_tls();
  ask(before, "/healthz");
  expect(before, "{\"status\":\"ok\"}");
  for (int i = 0; i < 3; i++) {
    pki_make(&ca, wish("CN=next CA", NULL, 1000));
    pki_make(&other, wish("CN=localhost,O=next", &ca, 100 + i));
    write_text(cert_path, other.certificate);
    write_text(key_path, other.key);
    assert_int_equal(kill(s.pid, SIGHUP), 0);
    write_text(ca_path, ca.certificate);
    /* Only the new CA is trusted: an answer means the new certificate. */
    for (;;) {
      const struct http_answer *answer = http_json(&s, NULL, "/v1/status", NULL);
      json_t *tls = json_object_get(json_object_get(answer->document, "data"), "tls");
      if (json_integer_value(json_object_get(tls, "daysLeft")) == 100 + i) break;
      usleep(10000);
    }
    ask(before, "/healthz");
    expect(before, "{\"status\":\"ok\"}");
  }
  curl_easy_cleanup(before);
  server_stop(&s);
}

TEST(without_tls_a_service_that_is_told_to_reload_goes_on) {
  server_start(&s, NULL, NULL);
  hang_up("SIGHUP: there is no TLS certificate to read again");
  http_expect(http_json(&s, NULL, "/healthz", NULL), 200);
  server_stop(&s);
}

TEST(a_certificate_that_cannot_be_used_leaves_the_one_before_in_use) {
  begin();
  pki_make(&other, wish("CN=localhost,O=next", &ca, 100));
  write_text(cert_path, other.certificate); /* its key has not come yet */
  hang_up("is not the key of the first certificate");
  http_expect(http_json(&s, NULL, "/healthz", NULL), 200);
  unlink(cert_path);
  hang_up("No such file or directory; everything stays as it was");
  http_expect(http_json(&s, NULL, "/healthz", NULL), 200);
  write_text(cert_path, other.certificate);
  write_text(key_path, other.key);
  hang_up("the TLS certificate was read again");
  const struct http_answer *answer = http_json(&s, NULL, "/v1/status", NULL);
  json_t *tls = json_object_get(json_object_get(answer->document, "data"), "tls");
  assert_int_equal(json_integer_value(json_object_get(tls, "daysLeft")), 100);
  server_stop(&s);
}
