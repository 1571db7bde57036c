/* SPDX-License-Identifier: Apache-2.0 */
/* What only real HTTP shows; the routes themselves: tests/unit/server/rest. */
#include <arpa/inet.h>
#include <dirent.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/unit/server/app/server_process.h"

static struct server_process s;

#define PP "/v1/projects/default"
#define UPLOAD PP "/artifacts?package=fw&version=1.0.0&forceBinary=true"

static struct http_request upload_of(const char *path, const void *data, size_t size) {
  return (struct http_request){.method = "POST",
                               .path = path,
                               .body = data,
                               .size = size,
                               .content_type = "application/octet-stream"};
}

/* A raw connection that times out rather than hang. */
static int connect_raw(void) {
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)s.http_port),
                                .sin_addr = {htonl(INADDR_LOOPBACK)}};
  struct timeval timeout = {.tv_sec = 30};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
  return fd;
}

static void send_raw(int fd, const char *text) {
  assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Reads until `wanted` has come or the connection ends. */
static void expect_raw(int fd, const char *wanted) {
  static char text[8192];
  size_t length = 0;
  text[0] = 0;
  while (strstr(text, wanted) == NULL) {
    ssize_t got = recv(fd, text + length, sizeof(text) - 1 - length, 0);
    if (got <= 0) fail_msg("no \"%s\" in: %s", wanted, text);
    length += (size_t)got;
    text[length] = 0;
  }
}

static size_t unfinished_uploads(void) {
  char path[600];
  size_t count = 0;
  snprintf(path, sizeof(path), "%s/blobs/tmp", s.data);
  DIR *folder = opendir(path);
  assert_non_null(folder);
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) count += entry->d_name[0] != '.';
  closedir(folder);
  return count;
}

TEST(bytes_go_up_and_come_down_the_same) {
  server_start(&s, NULL, NULL);
  size_t size = 3 * 1024 * 1024 + 17;
  uint8_t *bytes = malloc(size);
  for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)(i * 2654435761u >> 13);
  struct http_request request = upload_of(UPLOAD, bytes, size);
  const struct http_answer *answer = http_send(&s, &request);
  http_expect(answer, 200);
  char path[128];
  const char *id =
      json_string_value(json_object_get(json_object_get(answer->document, "data"), "id"));
  snprintf(path, sizeof(path), PP "/artifacts/%s/content", id);
  answer = http_json(&s, NULL, path, NULL);
  http_expect(answer, 200);
  assert_int_equal(answer->size, size);
  assert_memory_equal(answer->body, bytes, size);
  assert_non_null(strcasestr(answer->headers, "content-type: application/octet-stream"));
  assert_non_null(strcasestr(answer->headers, "filename=\"fw-1.0.0.bin\""));
  answer = http_json(&s, "HEAD", path, NULL);
  http_expect(answer, 200);
  assert_int_equal(answer->size, 0);
  free(bytes);
  server_stop(&s);
}

TEST(an_upload_in_chunks_without_a_length_is_taken) {
  server_start(&s, NULL, NULL);
  struct http_request request = upload_of(UPLOAD, "some bytes", 10);
  request.chunked = true;
  const struct http_answer *answer = http_send(&s, &request);
  http_expect(answer, 200);
  assert_non_null(strstr(answer->body, "\"size\":\"10\""));
  server_stop(&s);
}

TEST(an_upload_beyond_the_limit_is_413_with_and_without_a_length) {
  server_start(&s, NULL, NULL);
  size_t size = 64 * 1024 * 1024 + 1;
  char *bytes = calloc(1, size);
  struct http_request request = upload_of(UPLOAD, bytes, size);
  const struct http_answer *answer = http_send(&s, &request);
  http_expect(answer, 413);
  assert_non_null(strstr(answer->body, "at most 67108864 bytes"));
  request.chunked = true;
  http_expect(http_send(&s, &request), 413);
  assert_int_equal(unfinished_uploads(), 0);
  free(bytes);
  server_stop(&s);
}

TEST(a_json_body_beyond_the_limit_is_413) {
  server_start(&s, NULL, NULL);
  size_t size = 1024 * 1024 + 1;
  char *bytes = malloc(size);
  memset(bytes, ' ', size);
  struct http_request request = upload_of(PP "/tags", bytes, size);
  request.content_type = "application/json";
  http_expect(http_send(&s, &request), 413);
  request.chunked = true;
  http_expect(http_send(&s, &request), 413);
  free(bytes);
  server_stop(&s);
}

TEST(an_artifact_too_large_for_json_is_413_and_told_the_other_way) {
  server_start(&s, NULL, NULL);
  size_t size = 23 * 1024 * 1024;
  char *bytes = malloc(size);
  memset(bytes, 'A', size);
  struct http_request request = upload_of("/v1/artifacts", bytes, size);
  request.content_type = "application/json";
  const struct http_answer *answer = http_send(&s, &request);
  http_expect(answer, 413);
  assert_non_null(strstr(answer->body, "/v1/projects/{project}/artifacts"));
  free(bytes);
  server_stop(&s);
}

TEST(a_wrong_content_type_is_415_and_says_which_is_right) {
  server_start(&s, NULL, NULL);
  struct http_request request = upload_of(PP "/tags", "name=x", 6);
  request.content_type = "application/x-www-form-urlencoded";
  const struct http_answer *answer = http_send(&s, &request);
  http_expect(answer, 415);
  assert_non_null(strstr(answer->body, "application/json"));
  request = upload_of(UPLOAD, "--x", 3);
  request.content_type = "multipart/form-data; boundary=x";
  answer = http_send(&s, &request);
  http_expect(answer, 415);
  assert_non_null(strstr(answer->body, "application/octet-stream"));
  request = upload_of(PP "/tags", "{\"name\":\"t\"}", 12);
  request.content_type = "Application/JSON; charset=utf-8";
  http_expect(http_send(&s, &request), 200);
  server_stop(&s);
}

TEST(a_key_may_come_as_a_bearer_token_and_none_is_401) {
  char header[128];
  server_start(&s, NULL, NULL);
  snprintf(header, sizeof(header), "authorization: bearer %s", s.key);
  struct http_request request = {.path = PP "/tags", .key = "", .header = header};
  http_expect(http_send(&s, &request), 200);
  request.header = "authorization: Basic eDp5";
  const struct http_answer *answer = http_send(&s, &request);
  http_expect(answer, 401);
  assert_non_null(strcasestr(answer->headers, "www-authenticate: Bearer"));
  server_stop(&s);
}

TEST(a_refused_upload_is_answered_before_it_is_sent_when_the_client_asks) {
  char text[512];
  server_start(&s, NULL, NULL);
  int fd = connect_raw();
  snprintf(text, sizeof(text),
           "POST " PP
           "/artifacts?version=nonsense HTTP/1.1\r\nhost: localhost\r\nx-api-key: %s\r\n"
           "content-length: 1000000\r\nexpect: 100-continue\r\n\r\n",
           s.key);
  send_raw(fd, text);
  expect_raw(fd, "semantic version");
  close(fd);
  server_stop(&s);
}

TEST(an_upload_that_breaks_off_leaves_nothing) {
  char text[512];
  server_start(&s, NULL, NULL);
  int fd = connect_raw();
  snprintf(text, sizeof(text),
           "POST " UPLOAD
           " HTTP/1.1\r\nhost: localhost\r\nx-api-key: %s\r\ncontent-length: 1000\r\n\r\n"
           "only the beginning",
           s.key);
  send_raw(fd, text);
  while (unfinished_uploads() == 0) http_json(&s, NULL, "/healthz", NULL);
  close(fd);
  while (unfinished_uploads() > 0) http_json(&s, NULL, "/healthz", NULL);
  const struct http_answer *answer = http_json(&s, NULL, PP "/artifacts", NULL);
  assert_int_equal(json_integer_value(json_object_get(answer->document, "total")), 0);
  server_stop(&s);
}

TEST(what_is_no_http_gets_an_error_or_the_door_and_the_server_goes_on) {
  static const char *const junk[] = {"\r\n\r\n",
                                     "GET\r\n\r\n",
                                     "\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
                                     "GET /healthz HTTP/9.9\r\n\r\n",
                                     "POST /v1/artifacts HTTP/1.1\r\ncontent-length: -5\r\n\r\n",
                                     "GET /%%%%/%00 HTTP/1.1\r\nhost: localhost\r\n\r\n"};
  server_start(&s, NULL, NULL);
  for (size_t i = 0; i < sizeof(junk) / sizeof(junk[0]); i++) {
    int fd = connect_raw();
    send_raw(fd, junk[i]);
    close(fd);
    http_expect(http_json(&s, NULL, "/healthz", NULL), 200);
  }
  server_stop(&s);
}

TEST(many_connections_at_once_are_all_answered) {
  enum { COUNT = 100 };
  int fd[COUNT];
  server_start(&s, NULL, NULL);
  for (int i = 0; i < COUNT; i++) fd[i] = connect_raw();
  for (int i = 0; i < COUNT; i++)
    send_raw(fd[i], "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n");
  for (int i = 0; i < COUNT; i++) {
    expect_raw(fd[i], "{\"status\":\"ok\"}");
    close(fd[i]);
  }
  server_stop(&s);
}

TEST(a_connection_goes_on_after_an_error) {
  server_start(&s, NULL, NULL);
  int fd = connect_raw();
  send_raw(fd, "POST /v1/projects HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{}");
  expect_raw(fd, "x-api-key");
  send_raw(fd, "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n");
  expect_raw(fd, "{\"status\":\"ok\"}");
  close(fd);
  server_stop(&s);
}

TEST(the_status_shows_the_gateway) {
  server_start(&s, NULL, NULL);
  const struct http_answer *answer = http_json(&s, NULL, "/v1/status", NULL);
  http_expect(answer, 200);
  json_t *data = json_object_get(answer->document, "data");
  assert_true(json_is_integer(json_object_get(json_object_get(data, "gateway"), "sessions")));
  server_stop(&s);
}
