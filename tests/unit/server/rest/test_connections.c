/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that are there only to take others' places: a REST server on a
 * socket, its loop turned by the test. */
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/rest/rest.h"
#include "tests/unit/server/core/core_fixture.h"

static struct core_fixture f;
static struct srv_rest *rest;

static void begin(struct srv_rest_config config) {
  char error[SRV_ERROR_MAX];
  core_fixture_begin(&f);
  config.core = f.core;
  config.version = "0.0.0";
  if (srv_rest_create(&rest, &config, error) != SRV_OK) fail_msg("%s", error);
}

static void end(void) {
  srv_rest_destroy(rest);
  core_fixture_end(&f);
}

static int connect_client(void) {
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons(srv_rest_port(rest)),
                                .sin_addr = {htonl(INADDR_LOOPBACK)}};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
  return fd;
}

static void send_text(int fd, const char *text) {
  assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Turns the loop until the client can read; what recv then says. */
static ssize_t read_client(int fd, char *text, size_t size) {
  for (int turn = 0; turn < 10000; turn++) {
    struct pollfd wait[] = {{.fd = fd, .events = POLLIN},
                            {.fd = srv_rest_fd(rest), .events = POLLIN}};
    int timeout_ms = srv_rest_timeout_ms(rest);
    assert_true(poll(wait, 2, timeout_ms < 0 ? 10000 : timeout_ms) >= 0);
    srv_rest_run(rest);
    if (wait[0].revents != 0) return recv(fd, text, size, 0);
  }
  fail_msg("nothing came");
  return -1;
}

static void expect_answer(int fd, const char *request, const char *start) {
  char text[1024] = "";
  send_text(fd, request);
  assert_true(read_client(fd, text, sizeof(text) - 1) > 0);
  if (strncmp(text, start, strlen(start)) != 0) fail_msg("no \"%s\": %s", start, text);
}

static void expect_closed(int fd) {
  char byte;
  assert_true(read_client(fd, &byte, 1) <= 0);
}

TEST(a_connection_that_says_nothing_or_half_a_head_is_closed) {
  begin((struct srv_rest_config){.idle_timeout_s = 1});
  int silent = connect_client(), half = connect_client();
  send_text(half, "GET /healthz HTTP/1.1\r\nhost:");
  expect_closed(silent);
  expect_closed(half);
  close(silent);
  close(half);
  end();
}

TEST(one_address_cannot_take_every_connection) {
  begin((struct srv_rest_config){.connections_per_address = 2});
  int first = connect_client(), second = connect_client(), third = connect_client();
  expect_answer(first, "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n", "HTTP/1.1 200");
  expect_answer(second, "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n", "HTTP/1.1 200");
  expect_closed(third);
  close(first);
  close(second);
  close(third);
  end();
}

TEST(a_request_without_a_host_is_refused) {
  begin((struct srv_rest_config){0});
  int fd = connect_client();
  expect_answer(fd, "GET /healthz HTTP/1.1\r\n\r\n", "HTTP/1.1 400");
  close(fd);
  end();
}
