/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/rest/http_fixture.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

void http_begin(struct http_fixture *fixture) {
  http_begin_with(fixture, (struct srv_rest_config){0});
}

void http_begin_with(struct http_fixture *fixture, struct srv_rest_config config) {
  char error[SRV_ERROR_MAX];
  rest_begin(&fixture->base);
  config.core = fixture->base.core.core;
  config.version = "0.0.0";
  if (srv_rest_create(&fixture->rest, &config, error) != SRV_OK) fail_msg("%s", error);
}

void http_end(struct http_fixture *fixture) {
  srv_rest_destroy(fixture->rest);
  rest_end(&fixture->base);
}

int http_connect(const struct http_fixture *fixture) {
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons(srv_rest_port(fixture->rest)),
                                .sin_addr = {htonl(INADDR_LOOPBACK)}};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
  return fd;
}

void http_send(const struct http_fixture *fixture, int fd, const char *method, const char *path,
               const char *body) {
  char text[4096];
  int length = snprintf(
      text, sizeof(text),
      "%s %s HTTP/1.1\r\nhost: localhost\r\nx-api-key: %s\r\nconnection: close\r\n"
      "content-length: %zu\r\n\r\n%s",
      method, path, fixture->base.key, body == NULL ? 0 : strlen(body), body == NULL ? "" : body);
  assert_true(length > 0 && (size_t)length < sizeof(text));
  assert_int_equal(send(fd, text, (size_t)length, MSG_NOSIGNAL), length);
}

static int shorter(int a, int b) { return a < 0 || b < a ? b : a; }

void http_turn(struct http_fixture *fixture, int timeout_ms) {
  struct srv_core *core = fixture->base.core.core;
  struct pollfd wait = {.fd = srv_rest_fd(fixture->rest), .events = POLLIN};
  int due_ms = srv_rest_timeout_ms(fixture->rest);
  timeout_ms = shorter(due_ms, timeout_ms);
  timeout_ms = shorter(srv_core_rpc_timeout_ms(core), timeout_ms);
  assert_true(poll(&wait, 1, timeout_ms) >= 0);
  srv_rest_run(fixture->rest);
  srv_core_tick(core);
}

static uint8_t *read_until_closed(struct http_fixture *fixture, int fd, size_t *size) {
  size_t capacity = 65536;
  uint8_t *bytes = malloc(capacity + 1);
  *size = 0;
  for (int turn = 0; turn < 100000; turn++) {
    ssize_t length = recv(fd, bytes + *size, capacity - *size, MSG_DONTWAIT);
    if (length == 0) {
      bytes[*size] = 0;
      return bytes;
    }
    if (length > 0) *size += (size_t)length;
    if (length < 0) http_turn(fixture, 20);
    if (capacity - *size > 4096) continue;
    capacity *= 2;
    uint8_t *grown = realloc(bytes, capacity + 1);
    if (grown == NULL) break;
    bytes = grown;
  }
  fail_msg("the connection was not closed, or memory is out");
  return bytes;
}

/* In place; *complete says whether the last chunk was there. */
static size_t join_chunks(uint8_t *body, size_t size, bool *complete) {
  size_t in = 0, out = 0;
  *complete = false;
  while (in < size) {
    char *end;
    size_t length = strtoul((char *)body + in, &end, 16);
    in = (size_t)((uint8_t *)end - body) + 2;
    if (length == 0) {
      *complete = true;
      break;
    }
    if (in + length > size) length = size > in ? size - in : 0;
    memmove(body + out, body + in, length);
    out += length;
    in += length + 2;
  }
  return out;
}

struct http_answer http_read(struct http_fixture *fixture, int fd) {
  struct http_answer answer = {.complete = true};
  size_t size;
  uint8_t *bytes = read_until_closed(fixture, fd, &size);
  close(fd);
  char *end = strstr((char *)bytes, "\r\n\r\n");
  if (end == NULL) {
    fail_msg("no answer: %s", (char *)bytes);
    return answer; /* not reached */
  }
  answer.head = strndup((char *)bytes, (size_t)(end - (char *)bytes));
  answer.status = atoi(answer.head + strlen("HTTP/1.1 "));
  answer.size = size - (size_t)(end + 4 - (char *)bytes);
  answer.body = calloc(1, answer.size + 1);
  memcpy(answer.body, end + 4, answer.size);
  free(bytes);
  const char *announced = strcasestr(answer.head, "content-length: ");
  if (strcasestr(answer.head, "transfer-encoding: chunked") != NULL) {
    answer.size = join_chunks(answer.body, answer.size, &answer.complete);
  } else if (announced != NULL) {
    answer.complete = strtoul(announced + 16, NULL, 10) == answer.size;
  }
  answer.body[answer.size] = 0;
  return answer;
}

void http_free(struct http_answer *answer) {
  free(answer->head);
  free(answer->body);
}
