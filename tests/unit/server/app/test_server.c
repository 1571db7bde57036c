/* SPDX-License-Identifier: Apache-2.0 */
/* Starting, stopping, and what the machine may refuse. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/server/app/server_process.h"

static struct server_process s, second;

#define PP "/v1/projects/default"

TEST(the_first_start_prints_a_key_that_works_and_the_second_start_none) {
  server_start(&s, NULL, NULL);
  assert_int_equal(strlen(s.key), 44);
  http_expect(http_json(&s, NULL, "/healthz", NULL), 200);
  http_expect(http_json(&s, NULL, PP "/devices", NULL), 200);
  server_stop(&s);
  server_start(&s, NULL, NULL);
  assert_null(strstr(s.output, "apiKey"));
  http_expect(http_json(&s, NULL, PP "/devices", NULL), 200);
  server_stop(&s);
}

TEST(another_key_can_be_made_when_the_first_is_lost) {
  server_start(&s, NULL, NULL);
  char first[64];
  strcpy(first, s.key);
  server_stop(&s);
  server_start(&s, NULL, (const char *[]){"--new-api-key", NULL});
  assert_string_not_equal(s.key, first);
  http_expect(http_json(&s, NULL, "/v1/projects", NULL), 200);
  server_stop(&s);
}

TEST(ports_json_tells_the_ports_while_it_runs_and_is_gone_after) {
  char path[600];
  server_start(&s, NULL, NULL);
  snprintf(path, sizeof(path), "%s/ports.json", s.data);
  json_t *ports = json_load_file(path, 0, NULL);
  assert_int_equal(json_integer_value(json_object_get(ports, "httpPort")), s.http_port);
  assert_int_equal(json_integer_value(json_object_get(ports, "coapPort")), s.coap_port);
  assert_int_equal(json_integer_value(json_object_get(ports, "pid")), s.pid);
  json_decref(ports);
  server_stop(&s);
  assert_int_not_equal(access(path, F_OK), 0);
}

static void expect_private(const char *name) {
  char path[600];
  struct stat info;
  snprintf(path, sizeof(path), "%s/%s", s.data, name);
  assert_int_equal(stat(path, &info), 0);
  if ((info.st_mode & 077) != 0) fail_msg("%s is open to others: %o", path, info.st_mode);
}

TEST(the_database_is_closed_to_others_even_in_a_folder_that_is_not) {
  char folder[512];
  snprintf(folder, sizeof(folder), "%s/open", test_temporary_folder());
  assert_int_equal(mkdir(folder, 0755), 0);
  server_start(&s, folder, NULL);
  expect_private("godwit.db");
  expect_private("godwit.db-wal");
  expect_private("blobs");
  expect_private("ports.json");
  server_stop(&s);
}

TEST(a_second_server_on_the_folder_says_who_has_it_and_does_no_harm) {
  char expected[64];
  server_start(&s, NULL, NULL);
  assert_int_equal(server_run(&second, NULL, NULL), 1);
  char *errors = server_errors(&second);
  snprintf(expected, sizeof(expected), "another godwit server (pid %d) uses", (int)s.pid);
  if (strstr(errors, expected) == NULL) fail_msg("%s", errors);
  assert_non_null(strstr(errors, "--data another folder"));
  free(errors);
  http_expect(http_json(&s, "POST", PP "/tags", "{\"name\":\"t\"}"), 200);
  server_stop(&s);
}

/* A port that is taken for as long as the socket lives. */
static int take_port(int type, int *port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof(address);
  int fd = socket(AF_INET, type, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
  if (type == SOCK_STREAM) assert_int_equal(listen(fd, 1), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
  *port = ntohs(address.sin_port);
  return fd;
}

TEST(a_taken_http_port_is_one_line_that_says_what_to_do) {
  int port;
  char text[8];
  int fd = take_port(SOCK_STREAM, &port);
  snprintf(text, sizeof(text), "%d", port);
  assert_int_equal(server_run(&s, NULL,
                              (const char *[]){"--http-port", text, "--coap-port", "0",
                                               "--coap-bind", "127.0.0.1", NULL}),
                   1);
  char *errors = server_errors(&s);
  assert_non_null(strstr(errors, text));
  assert_non_null(strstr(errors, "--http-port"));
  assert_null(strstr(s.output, "apiKey")); /* not used up by a start that failed */
  free(errors);
  close(fd);
  server_start(&s, NULL, NULL);
  assert_int_equal(strlen(s.key), 44);
  server_stop(&s);
}

TEST(a_taken_coap_port_is_one_line_that_says_what_to_do) {
  int port;
  char text[8];
  int fd = take_port(SOCK_DGRAM, &port);
  snprintf(text, sizeof(text), "%d", port);
  assert_int_equal(server_run(&s, NULL,
                              (const char *[]){"--http-port", "0", "--coap-port", text,
                                               "--coap-bind", "127.0.0.1", NULL}),
                   1);
  char *errors = server_errors(&s);
  assert_non_null(strstr(errors, text));
  free(errors);
  close(fd);
}

TEST(an_address_that_is_none_is_refused) {
  assert_int_equal(server_run(&s, NULL,
                              (const char *[]){"--http-port", "0", "--coap-port", "0",
                                               "--http-bind", "nowhere", NULL}),
                   1);
  char *errors = server_errors(&s);
  assert_non_null(strstr(errors, "--http-bind nowhere"));
  free(errors);
}

TEST(secrets_are_in_no_log_at_any_level) {
  static const char secret[] = "a-pre-shared-key-of-mine";
  server_start(&s, NULL, (const char *[]){"--log-level", "debug", NULL});
  http_expect(http_json(&s, "POST", PP "/devices", "{\"name\":\"d\"}"), 200);
  http_expect(http_json(&s, "POST", PP "/devices/d/credentials",
                        "{\"identity\":\"i\",\"preSharedKey\":\"a-pre-shared-key-of-mine\"}"),
              200);
  http_expect(http_json(&s, NULL, PP "/devices/d/credentials", NULL), 200);
  http_expect(http_json(&s, "POST", PP "/devices/d/credentials",
                        "{\"identity\":7,\"preSharedKey\":\"a-pre-shared-key-of-mine\"}"),
              400);
  server_stop(&s);
  char *errors = server_errors(&s);
  assert_non_null(strstr(errors, "credentials")); /* the level is what it should be */
  assert_null(strstr(errors, secret));
  assert_null(strstr(errors, s.key));
  free(errors);
}

TEST(each_line_of_a_json_log_is_json_whatever_a_client_sends) {
  server_start(&s, NULL, (const char *[]){"--log-level", "debug", NULL});
  http_json(&s, NULL, "/v1/\"quoted\"\\%0a%22", NULL);
  http_json(&s, "BR\"EW", "/v1/x", NULL);
  server_stop(&s);
  char *errors = server_errors(&s), *rest = errors;
  int lines = 0;
  for (char *line; (line = strtok_r(rest, "\n", &rest)) != NULL; lines++) {
    json_t *object = json_loads(line, 0, NULL);
    if (object == NULL) fail_msg("%s", line);
    json_decref(object);
  }
  assert_true(lines > 0);
  free(errors);
}

TEST(as_many_files_as_the_system_allows_may_be_open_whatever_the_shell_said) {
  struct rlimit limit, raised;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
  rlim_t before = limit.rlim_cur;
  limit.rlim_cur = 64;
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
  server_start(&s, NULL, NULL);
  assert_int_equal(prlimit(s.pid, RLIMIT_NOFILE, NULL, &raised), 0);
  assert_true(raised.rlim_cur == limit.rlim_max);
  server_stop(&s);
  limit.rlim_cur = before;
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

TEST(a_full_disk_is_507_for_writers_while_readers_are_served_and_nothing_is_lost) {
  server_start(&s, NULL, NULL);
  http_expect(http_json(&s, "POST", PP "/tags", "{\"name\":\"before\"}"), 200);
  server_stop(&s);
  s.file_size_limit = 200 * 1024;
  server_start(&s, NULL, NULL);
  long status = 200;
  int made = 0;
  for (; status == 200 && made < 3000; made++) {
    char body[64];
    snprintf(body, sizeof(body), "{\"name\":\"t%d\"}", made);
    status = http_json(&s, "POST", PP "/tags", body)->status;
  }
  assert_int_equal(status, 507);
  const struct http_answer *answer = http_json(&s, NULL, PP "/tags?perPage=1", NULL);
  http_expect(answer, 200);
  assert_int_equal(json_integer_value(json_object_get(answer->document, "total")), made);
  static char big[300 * 1024];
  struct http_request upload = {.method = "POST",
                                .path = PP "/artifacts?version=1.0.0&forceBinary=true",
                                .body = big,
                                .size = sizeof(big),
                                .content_type = "application/octet-stream"};
  answer = http_send(&s, &upload);
  http_expect(answer, 507);
  assert_non_null(strstr(answer->body, "disk is full"));
  server_stop(&s);
  s.file_size_limit = 0;
  server_start(&s, NULL, NULL);
  http_expect(http_json(&s, NULL, PP "/tags/before", NULL), 200);
  http_expect(http_json(&s, "POST", PP "/tags", "{\"name\":\"after\"}"), 200);
  answer = http_json(&s, NULL, PP "/tags?perPage=1", NULL);
  assert_int_equal(json_integer_value(json_object_get(answer->document, "total")), made + 1);
  server_stop(&s);
}
