/* SPDX-License-Identifier: Apache-2.0 */
/* The console's files, with a console of three files (console/ beside this). */
#include <stdlib.h>
#include <zlib.h>

#include "server/rest/static.h"
#include "tests/support/test.h"

#define SCRIPT "/assets/app-1a2b3c4d.js"

static struct srv_static_answer get(const char *path, const char *accepts, const char *known) {
  struct srv_static_answer answer;
  if (!srv_static_serve(path, accepts, known, &answer)) fail_msg("%s is one of the API", path);
  return answer;
}

static char *sample(const char *name, size_t *size) {
  char path[512];
  snprintf(path, sizeof(path), "%s/tests/unit/server/rest/console/%s", GODWIT_SOURCE_DIR, name);
  return (char *)test_read_file(path, size);
}

TEST(a_path_that_is_not_in_the_table_is_nothing_however_it_climbs) {
  static const char *const paths[] = {"/index.htm",
                                      "/assets",
                                      "/assets/",
                                      "//index.html",
                                      "/assets/../index.html",
                                      "/../../etc/passwd",
                                      "/%2e%2e/etc/passwd",
                                      "/assets/app-1a2b3c4d.js/",
                                      "/Assets/app-1a2b3c4d.js",
                                      "/v2/status",
                                      "/v1x",
                                      ""};
  for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
    struct srv_static_answer answer = get(paths[i], "gzip", NULL);
    if (answer.status != 404) fail_msg("%s: %d", paths[i], answer.status);
    assert_null(answer.owned);
    assert_string_equal(answer.type, "text/html; charset=utf-8");
    assert_string_equal(answer.cache, "no-store");
  }
}

TEST(paths_of_the_api_are_left_to_it) {
  static const char *const paths[] = {
      "/healthz",         "/examples/x.tflite",           "/v1",        "/v1/",
      "/v1/openapi.json", "/v1/projects/default/devices", "/v1/nothing"};
  struct srv_static_answer answer;
  for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
    if (srv_static_serve(paths[i], NULL, NULL, &answer)) fail_msg("%s", paths[i]);
  }
}

TEST(the_documents_page_is_a_place_in_the_console) {
  struct srv_static_answer answer = get("/v1/docs", NULL, NULL);
  assert_int_equal(answer.status, 302);
  assert_string_equal(answer.location, "../#/api"); /* of /v1/docs: /#/api */
}

TEST(the_page_has_another_nonce_each_time_wherever_it_is_wanted) {
  assert_true(srv_static_has_console());
  char before[SRV_NONCE_LENGTH + 1] = "";
  for (int i = 0; i < 50; i++) {
    struct srv_static_answer answer = get(i % 2 == 0 ? "/" : "/index.html", "gzip", "*");
    assert_int_equal(answer.status, 200);
    assert_false(answer.is_packed);
    assert_string_equal(answer.etag, "");
    assert_string_equal(answer.cache, "no-cache");
    assert_int_equal(strlen(answer.nonce), SRV_NONCE_LENGTH);
    assert_string_not_equal(answer.nonce, before);
    memcpy(before, answer.nonce, sizeof(before));
    const char *page = (const char *)answer.bytes;
    assert_int_equal(strlen(page), answer.size);
    assert_null(strstr(page, "__CSP_NONCE__"));
    const char *first = strstr(page, answer.nonce);
    assert_non_null(first);
    assert_non_null(strstr(first + 1, answer.nonce));
    assert_non_null(strstr(page, "</html>"));
    free(answer.owned);
  }
}

TEST(a_file_goes_compressed_to_who_can_read_it_and_plain_to_others) {
  static const char *const refuse[] = {
      NULL, "", "identity", "br", "gzip;q=0", "gzip; q=0.0, br", "x-gzip2"};
  static const char *const accept[] = {"gzip", "GZIP", "br, gzip", "deflate,gzip;q=0.5", "*"};
  size_t size;
  char *wanted = sample("assets/app-1a2b3c4d.js", &size);
  for (size_t i = 0; i < sizeof(refuse) / sizeof(refuse[0]); i++) {
    struct srv_static_answer answer = get(SCRIPT, refuse[i], NULL);
    if (answer.is_packed) fail_msg("'%s'", refuse[i] == NULL ? "" : refuse[i]);
    assert_int_equal(answer.size, size);
    assert_memory_equal(answer.bytes, wanted, size);
    free(answer.owned);
  }
  for (size_t i = 0; i < sizeof(accept) / sizeof(accept[0]); i++) {
    struct srv_static_answer answer = get(SCRIPT, accept[i], NULL);
    if (!answer.is_packed) fail_msg("'%s'", accept[i]);
    assert_true(answer.size < size);
    assert_memory_equal(answer.bytes, "\x1f\x8b\x08\x00\x00\x00\x00\x00", 8); /* no time in it */
    assert_null(answer.owned);
  }
  free(wanted);
}

TEST(types_and_caching_follow_the_name) {
  struct srv_static_answer script = get(SCRIPT, "gzip", NULL),
                           icon = get("/icon.svg", "gzip", NULL);
  assert_string_equal(script.type, "text/javascript; charset=utf-8");
  assert_string_equal(script.cache, "public, max-age=31536000, immutable");
  assert_string_equal(icon.type, "image/svg+xml");
  assert_string_equal(icon.cache, "no-cache");
}

TEST(what_a_client_has_already_is_not_sent_again) {
  char list[128];
  struct srv_static_answer packed = get(SCRIPT, "gzip", NULL), plain = get(SCRIPT, NULL, NULL);
  assert_string_not_equal(packed.etag, plain.etag); /* they are different bytes */
  free(plain.owned);
  snprintf(list, sizeof(list), "\"x\", W/%s ,\"y\"", packed.etag);
  const char *const same[] = {packed.etag, list, "*"};
  for (size_t i = 0; i < 3; i++) {
    struct srv_static_answer answer = get(SCRIPT, "gzip", same[i]);
    assert_int_equal(answer.status, 304);
    assert_int_equal(answer.size, 0);
    assert_string_equal(answer.etag, packed.etag);
  }
  static const char *const other[] = {"", "\"x\"", "\"", ",", "W/", "x"};
  for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
    assert_int_equal(get(SCRIPT, "gzip", other[i]).status, 200);
  }
  assert_int_equal(get(SCRIPT, "gzip", plain.etag).status, 200);
}
