/* SPDX-License-Identifier: Apache-2.0 */
/* kill -9 while shorter forms of artifacts are made: what a row names is there,
 * whole, and no file is left over. */
#include <dirent.h>
#include <mbedtls/sha256.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "server/core/objects.h"
#include "server/store/folder.h"
#include "tests/unit/server/app/server_process.h"

#define PP "/v1/projects/default"
#define ROUNDS 15
#define CONTENT_SIZE 30000

static struct server_process s;
static struct srv_folder folder;

/* Small numbers around zero, as weights are: half of it is air. */
static void make_artifact(int number) {
  static uint8_t content[CONTENT_SIZE];
  char path[128];
  uint32_t value = (uint32_t)number * 2654435761u + 1;
  for (size_t i = 0; i < CONTENT_SIZE; i++) {
    value = value * 1664525u + 1013904223u;
    content[i] = (uint8_t)(value >> 28);
  }
  snprintf(path, sizeof(path), PP "/artifacts?package=fw&version=1.0.%d&forceBinary=true", number);
  struct http_request request = {.method = "POST",
                                 .path = path,
                                 .body = content,
                                 .size = CONTENT_SIZE,
                                 .content_type = "application/octet-stream"};
  const struct http_answer *answer = http_send(&s, &request);
  http_expect(answer, 200);
  char body[256];
  snprintf(body, sizeof(body), "{\"artifactIds\":[\"%s\"],\"rollout\":true}",
           json_string_value(json_object_get(json_object_get(answer->document, "data"), "id")));
  http_expect(http_json(&s, "POST", PP "/releases", body), 200);
}

static size_t count_files(const char *path) {
  size_t count = 0;
  DIR *handle = opendir(path);
  assert_non_null(handle);
  for (struct dirent *entry; (entry = readdir(handle)) != NULL;) {
    char child[800];
    if (entry->d_name[0] == '.') continue;
    assert_true(snprintf(child, sizeof(child), "%s/%s", path, entry->d_name) < (int)sizeof(child));
    count += entry->d_type == DT_DIR ? count_files(child) : 1;
  }
  closedir(handle);
  return count;
}

struct rows {
  size_t ready, count;
  struct srv_offer offer[64];
};

static void keep_row(void *context, const void *row) {
  struct rows *rows = context;
  assert_true(rows->count < 64);
  rows->offer[rows->count] = *(const struct srv_offer *)row;
  rows->ready += rows->offer[rows->count++].state == SRV_OFFER_READY;
}

/* Each row's bytes are those of its digest, and nothing else is there. */
static size_t check_all(void) {
  static struct rows rows;
  char path[600], error[SRV_ERROR_MAX];
  struct srv_core *core = NULL;
  struct srv_query query = {0};
  uint64_t artifacts = 0;
  snprintf(path, sizeof(path), "%s/data", test_temporary_folder());
  if (srv_folder_open(&folder, path, error) != SRV_OK) fail_msg("%s", error);
  struct srv_core_config config = {.store = folder.store, .blobs = folder.blobs};
  if (srv_core_create(&core, &config, error) != SRV_OK) fail_msg("%s", error);
  rows.count = rows.ready = 0;
  assert_int_equal(srv_core_list(core, SRV_OFFER, &query, keep_row, &rows, NULL), SRV_OK);
  assert_int_equal(srv_core_list(core, SRV_ARTIFACT, &query, NULL, NULL, &artifacts), SRV_OK);
  for (size_t i = 0; i < rows.count; i++) {
    struct srv_blob_view view;
    if (rows.offer[i].state != SRV_OFFER_READY) continue;
    assert_int_equal(folder.blobs->ops->open(folder.blobs, rows.offer[i].digest,
                                             rows.offer[i].size_bytes, &view),
                     SRV_OK); /* it compares size and digest */
    folder.blobs->ops->release(folder.blobs, &view);
  }
  snprintf(path, sizeof(path), "%s/data/blobs", test_temporary_folder());
  assert_int_equal(count_files(path), artifacts + rows.ready);
  srv_core_destroy(core);
  srv_folder_close(&folder);
  return rows.ready;
}

static size_t ready_of(int number) {
  char path[128];
  snprintf(path, sizeof(path), PP "/artifacts?package=fw&version=1.0.%d", number);
  const struct http_answer *answer = http_json(&s, NULL, path, NULL);
  json_t *row = json_array_get(json_object_get(answer->document, "list"), 0);
  snprintf(path, sizeof(path), PP "/artifacts/%s", json_string_value(json_object_get(row, "id")));
  answer = http_json(&s, NULL, path, NULL);
  json_t *data = json_object_get(answer->document, "data");
  json_t *first = json_array_get(json_object_get(data, "encodings"), 0);
  const char *state = json_string_value(json_object_get(first, "state"));
  return state != NULL && strcmp(state, "ready") == 0;
}

TEST(fifteen_kills_leave_no_half_offer_and_no_file_over_and_all_are_made_in_the_end) {
  for (int round = 0; round < ROUNDS; round++) {
    server_start(&s, NULL, NULL);
    make_artifact(round);
    usleep(test_random() % 60000);
    server_kill(&s);
    check_all();
  }
  server_start(&s, NULL, NULL);
  for (int number = 0; number < ROUNDS; number++) {
    for (int i = 0; ready_of(number) == 0 && i < 2000; i++) usleep(20000);
    assert_int_equal(ready_of(number), 1);
  }
  server_stop(&s);
  assert_int_equal(check_all(), ROUNDS);
}
