/* SPDX-License-Identifier: Apache-2.0 */
/* kill -9 at any moment: what was acknowledged is there, and whole. */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/server/app/server_process.h"

#define PP "/v1/projects/default"
#define ROUNDS 20
#define CONTENT_SIZE 20000

static struct server_process s;

/* Shared with the writing process: what the server has said 200 to. */
struct acknowledged {
  int tags, artifacts;
  bool server_gone;
};

static void fill(uint8_t *content, int number) {
  uint32_t value = (uint32_t)number * 2654435761u + 1;
  for (int i = 0; i < CONTENT_SIZE; i++) {
    value = value * 1664525u + 1013904223u;
    content[i] = (uint8_t)(value >> 24);
  }
}

static long make_tag(int number) {
  char body[64];
  snprintf(body, sizeof(body), "{\"name\":\"t%d\"}", number);
  return http_json(&s, "POST", PP "/tags", body)->status;
}

static long make_artifact(int number) {
  static uint8_t content[CONTENT_SIZE];
  char path[128];
  fill(content, number);
  snprintf(path, sizeof(path), PP "/artifacts?package=fw&version=1.0.%d&forceBinary=true", number);
  struct http_request request = {.method = "POST",
                                 .path = path,
                                 .body = content,
                                 .size = CONTENT_SIZE,
                                 .content_type = "application/octet-stream"};
  return http_send(&s, &request)->status;
}

/* Writes until the server is gone. A number whose answer was lost may be there
 * or not: the next life meets it as "already exists", which is as good. */
static _Noreturn void write_until_killed(struct acknowledged *done) {
  for (;;) {
    long status = make_tag(done->tags);
    if (status == 0) break;
    if (status != 200 && status != 409) _exit(1);
    done->tags++;
    status = make_artifact(done->artifacts);
    if (status == 0) break;
    if (status != 200 && status != 409) _exit(2);
    done->artifacts++;
  }
  done->server_gone = true;
  _exit(0);
}

static json_int_t total_of(const char *path) {
  const struct http_answer *answer = http_json(&s, NULL, path, NULL);
  http_expect(answer, 200);
  return json_integer_value(json_object_get(answer->document, "total"));
}

static void check_artifact(int number) {
  static uint8_t expected[CONTENT_SIZE];
  char path[128];
  snprintf(path, sizeof(path), PP "/artifacts?package=fw&version=1.0.%d", number);
  const struct http_answer *answer = http_json(&s, NULL, path, NULL);
  json_t *row = json_array_get(json_object_get(answer->document, "list"), 0);
  if (row == NULL) fail_msg("artifact %d was acknowledged and is gone", number);
  snprintf(path, sizeof(path), PP "/artifacts/%s/content",
           json_string_value(json_object_get(row, "id")));
  answer = http_json(&s, NULL, path, NULL);
  http_expect(answer, 200);
  fill(expected, number);
  assert_int_equal(answer->size, CONTENT_SIZE);
  assert_memory_equal(answer->body, expected, CONTENT_SIZE);
}

static void check_all(const struct acknowledged *done) {
  assert_true(total_of(PP "/tags?perPage=1") >= done->tags);
  assert_true(total_of(PP "/artifacts?perPage=1") >= done->artifacts);
  /* Each has its entry in the audit log, and no entry is without its object. */
  assert_int_equal(total_of(PP "/audit?kind=tag&perPage=1"), total_of(PP "/tags?perPage=1"));
  assert_int_equal(total_of(PP "/audit?kind=artifact&perPage=1"),
                   total_of(PP "/artifacts?perPage=1"));
  for (int i = 0; i < done->tags; i++) {
    char path[64];
    snprintf(path, sizeof(path), PP "/tags/t%d", i);
    http_expect(http_json(&s, NULL, path, NULL), 200);
  }
  for (int i = 0; i < done->artifacts; i++) check_artifact(i);
}

TEST(twenty_kills_at_random_moments_lose_nothing_that_was_acknowledged) {
  struct acknowledged *done =
      mmap(NULL, sizeof(*done), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  for (int round = 0; round < ROUNDS; round++) {
    int status, before = done->tags;
    server_start(&s, NULL, NULL);
    done->server_gone = false;
    pid_t writer = fork();
    if (writer == 0) write_until_killed(done);
    usleep(test_random() % 60000);
    server_kill(&s);
    assert_int_equal(waitpid(writer, &status, 0), writer);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_true(done->server_gone);
    assert_true(done->tags >= before);
  }
  server_start(&s, NULL, NULL);
  check_all(done);
  assert_true(done->tags > 0);
  server_stop(&s);
}
