/* SPDX-License-Identifier: Apache-2.0 */
/* Calls over HTTP: the device is the core's, the waiting is the connection's. */
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/server/rest/http_fixture.h"

static struct http_fixture f;
static struct srv_core *core;
static struct srv_device device;
static struct srv_device_ref ref;

#define CALL PP "/devices/d/rpc"

static void begin(void) {
  http_begin(&f);
  core = f.base.core.core;
  device = make_device(&f.base.core, "d", NULL, NULL);
  ref = rest_ref_of(&device);
}

static void begin_listening(void) {
  begin();
  srv_core_device_online(core, &ref);
  srv_core_rpc_listening(core, &ref, true);
}

static int call(const char *body) {
  int fd = http_connect(&f);
  http_send(&f, fd, "POST", CALL, body);
  return fd;
}

/* Turns the loop until the device has something to hear; its id. */
static const char *wait_for_call(void) {
  static char id[SRV_ID_LENGTH + 1];
  for (int turn = 0; turn < 1000; turn++) {
    http_turn(&f, 20);
    const struct srv_rpc_call *current = srv_core_rpc_current(core, &ref);
    if (current == NULL) continue;
    memcpy(id, current->id, sizeof(id));
    return id;
  }
  fail_msg("no call came");
  return NULL;
}

static void expect(int fd, int status, const char *words) {
  struct http_answer answer = http_read(&f, fd);
  if (answer.status != status || strstr((char *)answer.body, words) == NULL) {
    fail_msg("%d %s, not %d \"%s\"", answer.status, (char *)answer.body, status, words);
  }
  http_free(&answer);
}

TEST(a_call_waits_for_the_devices_answer_and_brings_it_back) {
  begin_listening();
  int fd = call("{\"method\":\"add\",\"params\":[1,\"two\",3.5,null]}");
  const char *id = wait_for_call();
  const struct srv_rpc_call *current = srv_core_rpc_current(core, &ref);
  assert_string_equal(current->method, "add");
  assert_string_equal(current->params, "[1.0,\"two\",3.5,null]");
  srv_core_rpc_delivered(core, &ref, id);
  assert_ok(core, srv_core_rpc_answer(core, &ref, id, 0, "{\"sum\":3.5}"));
  /* A loop that sleeps until REST needs it wakes up now. */
  struct pollfd wait = {.fd = srv_rest_fd(f.rest), .events = POLLIN};
  assert_true(srv_rest_timeout_ms(f.rest) == 0 || poll(&wait, 1, 0) == 1);
  /* Where clients of this API look, and where those of the original do. */
  expect(fd, 200,
         "{\"data\":{\"statusCode\":0,\"detail\":{\"sum\":3.5}},\"statusCode\":0,"
         "\"detail\":{\"sum\":3.5}}");
  http_end(&f);
}

TEST(what_a_device_refuses_comes_back_with_its_code) {
  begin_listening();
  int fd = call("{\"method\":\"nope\"}");
  const char *id = wait_for_call();
  assert_string_equal(srv_core_rpc_current(core, &ref)->params, "[]");
  assert_ok(core, srv_core_rpc_answer(core, &ref, id, 12, NULL));
  expect(fd, 200, "{\"data\":{\"statusCode\":12,\"detail\":null}");
  http_end(&f);
}

TEST(others_are_served_while_a_call_waits) {
  begin_listening();
  int waiting = call("{\"method\":\"slow\"}");
  const char *id = wait_for_call();
  int fd = http_connect(&f);
  http_send(&f, fd, "GET", PP "/devices/d", NULL);
  expect(fd, 200, "online");
  int second = call("{\"method\":\"next\"}");
  for (int turn = 0; turn < 5; turn++) http_turn(&f, 5);
  assert_ok(core, srv_core_rpc_answer(core, &ref, id, 0, "1"));
  expect(waiting, 200, "\"detail\":1");
  assert_ok(core, srv_core_rpc_answer(core, &ref, wait_for_call(), 0, "2"));
  expect(second, 200, "\"detail\":2");
  http_end(&f);
}

TEST(a_device_that_is_not_here_is_503_at_once_and_says_which_way) {
  begin();
  expect(call("{\"method\":\"a\"}"), 503, "\"reason\":\"offline\"");
  srv_core_device_online(core, &ref);
  expect(call("{\"method\":\"a\"}"), 503, "\"reason\":\"not_listening\"");
  http_end(&f);
}

TEST(a_device_that_goes_while_it_is_asked_is_503) {
  begin_listening();
  int fd = call("{\"method\":\"a\"}");
  srv_core_rpc_delivered(core, &ref, wait_for_call());
  srv_core_device_offline(core, &ref);
  expect(fd, 503, "it had heard the call");
  http_end(&f);
}

TEST(a_deleted_device_answers_no_more_and_its_caller_is_told) {
  begin_listening();
  int fd = call("{\"method\":\"a\"}");
  wait_for_call();
  assert_ok(core, srv_core_delete_device(core, P, device.id));
  expect(fd, 503, "\"reason\":\"gone\"");
  http_end(&f);
}

TEST(time_outs_are_504_and_say_whether_the_device_had_heard_it) {
  begin_listening();
  int fd = call("{\"method\":\"a\",\"timeout\":0.1}");
  wait_for_call();
  f.base.core.now_us += 99000;
  http_turn(&f, 5);
  assert_non_null(srv_core_rpc_current(core, &ref));
  f.base.core.now_us += 1000;
  expect(fd, 504, "\"delivered\":false");
  fd = call("{\"method\":\"a\"}");
  srv_core_rpc_delivered(core, &ref, wait_for_call());
  f.base.core.now_us += 10000000; /* what it is when the caller does not say */
  expect(fd, 504, "\"delivered\":true");
  assert_null(srv_core_rpc_current(core, &ref));
  http_end(&f);
}

TEST(a_client_that_hangs_up_takes_its_call_back) {
  begin_listening();
  int fd = call("{\"method\":\"a\"}");
  wait_for_call();
  close(fd);
  for (int turn = 0; turn < 1000 && srv_core_rpc_current(core, &ref) != NULL; turn++) {
    http_turn(&f, 20);
  }
  assert_null(srv_core_rpc_current(core, &ref));
  fd = call("{\"method\":\"b\"}"); /* all is well */
  assert_ok(core, srv_core_rpc_answer(core, &ref, wait_for_call(), 0, NULL));
  expect(fd, 200, "data");
  http_end(&f);
}

TEST(a_server_that_stops_tells_those_who_wait) {
  begin_listening();
  int first = call("{\"method\":\"a\"}"), second = call("{\"method\":\"b\"}");
  wait_for_call();
  for (int turn = 0; turn < 5; turn++) http_turn(&f, 5);
  srv_rest_destroy(f.rest);
  f.rest = NULL;
  assert_null(srv_core_rpc_current(core, &ref));
  for (int i = 0; i < 2; i++) {
    char text[1024] = "";
    int fd = i == 0 ? first : second;
    assert_true(recv(fd, text, sizeof(text) - 1, 0) > 0);
    if (strstr(text, "503") == NULL || strstr(text, "stopping") == NULL) fail_msg("%s", text);
    close(fd);
  }
  http_end(&f);
}

TEST(what_a_client_sends_behind_its_call_waits_its_turn) {
  char text[512];
  const char *body = "{\"method\":\"a\"}";
  begin_listening();
  int fd = http_connect(&f);
  snprintf(text, sizeof(text),
           "POST " CALL
           " HTTP/1.1\r\nhost: localhost\r\nx-api-key: %s\r\ncontent-length: %zu\r\n\r\n%s",
           f.base.key, strlen(body), body);
  assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
  const char *id = wait_for_call();
  http_send(&f, fd, "GET", "/healthz", NULL);
  for (int turn = 0; turn < 5; turn++) http_turn(&f, 5);
  char byte;
  assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
  assert_ok(core, srv_core_rpc_answer(core, &ref, id, 0, "\"done\""));
  struct http_answer answer = http_read(&f, fd); /* both: the second is in the first's body */
  const char *first = strstr((char *)answer.body, "\"detail\":\"done\"");
  const char *second = strstr((char *)answer.body, "{\"status\":\"ok\"}");
  assert_true(first != NULL && second != NULL && first < second);
  http_free(&answer);
  http_end(&f);
}

TEST(one_device_has_no_more_calls_waiting_than_its_limit) {
  begin_listening();
  int waiting[SRV_RPC_PENDING_PER_DEVICE];
  for (size_t i = 0; i < SRV_RPC_PENDING_PER_DEVICE; i++) {
    waiting[i] = call("{\"method\":\"a\"}");
    for (int turn = 0; turn < 3; turn++) http_turn(&f, 5);
  }
  expect(call("{\"method\":\"a\"}"), 503, "\"reason\":\"busy\"");
  for (size_t i = 0; i < SRV_RPC_PENDING_PER_DEVICE; i++) close(waiting[i]);
  http_end(&f);
}

TEST(calls_that_wait_leave_half_of_the_connections_to_others) {
  enum { WAITING = 256, DEVICES = WAITING / SRV_RPC_PENDING_PER_DEVICE };
  static int waiting[WAITING];
  char name[32], url[64];
  begin();
  for (int i = 0; i < DEVICES; i++) {
    snprintf(name, sizeof(name), "d%d", i);
    struct srv_device each = make_device(&f.base.core, name, NULL, NULL);
    struct srv_device_ref each_ref = rest_ref_of(&each);
    srv_core_device_online(core, &each_ref);
    srv_core_rpc_listening(core, &each_ref, true);
  }
  for (int i = 0; i < WAITING; i++) {
    snprintf(url, sizeof(url), PP "/devices/d%d/rpc", i % DEVICES);
    waiting[i] = http_connect(&f);
    http_send(&f, waiting[i], "POST", url, "{\"method\":\"a\"}");
    http_turn(&f, 1);
  }
  for (int turn = 0; turn < 10; turn++) http_turn(&f, 5);
  srv_core_device_online(core, &ref);
  srv_core_rpc_listening(core, &ref, true);
  expect(call("{\"method\":\"a\"}"), 503, "256 calls wait");
  f.base.core.now_us += 10000000;
  for (int i = 0; i < WAITING; i++) expect(waiting[i], 504, "timed_out");
  int fd = call("{\"method\":\"a\"}");
  assert_ok(core, srv_core_rpc_answer(core, &ref, wait_for_call(), 0, NULL));
  expect(fd, 200, "data");
  http_end(&f);
}

TEST(calls_that_make_no_sense_are_refused) {
  char large[2000];
  begin_listening();
  expect(call("{}"), 400, "method");
  expect(call("{\"method\":7}"), 400, "method");
  expect(call("{\"method\":\"\"}"), 400, "message");
  expect(call("{\"method\":\"a\",\"params\":{\"x\":1}}"), 400, "params");
  expect(call("{\"method\":\"a\",\"params\":\"x\"}"), 400, "params");
  expect(call("{\"method\":\"a\",\"timeout\":61}"), 400, "timeout");
  expect(call("{\"method\":\"a\",\"timeout\":0}"), 400, "timeout");
  expect(call("{\"method\":\"a\",\"timeout\":\"1\"}"), 400, "timeout");
  snprintf(large, sizeof(large), "{\"method\":\"%064d\"}", 0);
  expect(call(large), 400, "method");
  snprintf(large, sizeof(large), "{\"method\":\"a\",\"params\":[\"%01000d\"]}", 0);
  expect(call(large), 413, "message");
  int fd = http_connect(&f);
  http_send(&f, fd, "POST", PP "/devices/nobody/rpc", "{\"method\":\"a\"}");
  expect(fd, 404, "device");
  http_end(&f);
}

TEST(a_device_of_another_project_cannot_be_called) {
  begin();
  struct rest_others others = rest_make_others(&f.base);
  struct srv_device_ref their_ref = rest_ref_of(&others.device);
  srv_core_device_online(core, &their_ref);
  srv_core_rpc_listening(core, &their_ref, true);
  char url[128];
  snprintf(url, sizeof(url), PP "/devices/%s/rpc", others.device.id);
  int fd = http_connect(&f);
  http_send(&f, fd, "POST", url, "{\"method\":\"a\"}");
  expect(fd, 404, "device");
  assert_null(srv_core_rpc_current(core, &their_ref));
  http_end(&f);
}
