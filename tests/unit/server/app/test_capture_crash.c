/* SPDX-License-Identifier: Apache-2.0 */
/* kill -9 while a device streams, small messages and uploads in blocks: what
 * was acknowledged is there, byte for byte, and no file is left over. */
#include <dirent.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "server/core/objects.h"
#include "server/store/folder.h"
#include "tests/support/dtls_client.h"
#include "tests/unit/server/app/server_process.h"
#include "wire/block.h"
#include "wire/coap.h"

#define ROUNDS 12
#define BLOCK_SIZE 1024
#define BLOCK_SZX 6
#define LARGE_BLOCKS 6
#define PROJECT SRV_DEFAULT_PROJECT

static struct server_process s;

/* Shared with the device's process: what the server has said 2.04 to. */
struct acknowledged {
  volatile int small, large;
  volatile bool server_gone;
};

static size_t fill(uint8_t *out, bool large, int number) {
  size_t size = large ? LARGE_BLOCKS * BLOCK_SIZE : 100;
  uint32_t value = (uint32_t)number * 2654435761u + (large ? 7 : 1);
  for (size_t i = 0; i < size; i++) {
    value = value * 1664525u + 1013904223u;
    out[i] = (uint8_t)(value >> 24);
  }
  return size;
}

static void path_of(char path[32], bool large, int number) {
  snprintf(path, 32, "%s/%d", large ? "large" : "small", number);
}

/* --- the device ---------------------------------------------------------------------- */

static uint64_t now_ms;

static void read_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  now_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void send_request(struct dtls_client *client, uint16_t message_id, const char *path,
                         int64_t block1, const uint8_t *payload, size_t size) {
  uint8_t buffer[BLOCK_SIZE + 128];
  char uri[48];
  struct gw_coap_writer writer;
  snprintf(uri, sizeof(uri), ".s/%s", path);
  gw_coap_writer_begin(&writer, buffer, sizeof(buffer), GW_COAP_CON, GW_COAP_POST, message_id,
                       (const uint8_t *)path, 4);
  gw_coap_writer_path(&writer, uri);
  gw_coap_writer_option_uint(&writer, GW_COAP_OPT_CONTENT_FORMAT, 42);
  if (block1 >= 0) gw_coap_writer_option_uint(&writer, GW_COAP_OPT_BLOCK1, (uint32_t)block1);
  gw_coap_writer_payload(&writer, payload, size);
  int length = gw_coap_writer_finish(&writer);
  if (length <= 0) _exit(3);
  dtls_client_send(client, buffer, (size_t)length);
}

/* The code of the answer; 0 when the server is gone. */
static int wait_answer(struct dtls_client *client, const struct acknowledged *done,
                       uint16_t message_id) {
  uint8_t datagram[2048];
  struct gw_coap_message message;
  while (!done->server_gone) {
    read_clock();
    int size = dtls_client_receive(client, datagram, sizeof(datagram));
    if (size < 0) return 0;
    if (size == 0) {
      usleep(200);
    } else if (gw_coap_parse(datagram, (size_t)size, &message) == GW_OK &&
               message.message_id == message_id && message.type == GW_COAP_ACK) {
      return message.code;
    }
  }
  return 0;
}

/* True when the server said that it has all of it. */
static bool send_capture(struct dtls_client *client, const struct acknowledged *done, bool large,
                         int number) {
  static uint8_t content[LARGE_BLOCKS * BLOCK_SIZE];
  static uint16_t message_id;
  char path[32];
  size_t size = fill(content, large, number);
  path_of(path, large, number);
  unsigned blocks = large ? LARGE_BLOCKS : 1;
  for (unsigned i = 0; i < blocks; i++) {
    bool last = i + 1 == blocks;
    int64_t block1 = large ? (int64_t)(i << 4 | (last ? 0u : 8u) | BLOCK_SZX) : -1;
    send_request(client, ++message_id, path, block1, content + i * BLOCK_SIZE,
                 large ? BLOCK_SIZE : size);
    int code = wait_answer(client, done, message_id);
    if (code == 0) return false;
    if (code != (last ? GW_COAP_CHANGED : GW_COAP_CONTINUE)) _exit(4);
  }
  return true;
}

static _Noreturn void stream_until_killed(struct acknowledged *done) {
  read_clock();
  struct dtls_client_config config = {.server_port = (uint16_t)s.coap_port,
                                      .identity = "device",
                                      .psk = "secret",
                                      .now_ms = &now_ms};
  struct dtls_client *client = dtls_client_create(&config);
  int status = 0;
  while (status == 0 && !done->server_gone) {
    read_clock();
    status = dtls_client_handshake(client);
    if (status == 0) usleep(200);
  }
  while (status == 1 && !done->server_gone) {
    if (!send_capture(client, done, false, done->small)) break;
    done->small++;
    if (!send_capture(client, done, true, done->large)) break;
    done->large++;
  }
  while (!done->server_gone) usleep(1000);
  _exit(0);
}

/* --- what is there -------------------------------------------------------------------- */

static struct srv_folder folder;

static struct srv_core *open_core(void) {
  char path[600], error[SRV_ERROR_MAX];
  struct srv_core *core = NULL;
  snprintf(path, sizeof(path), "%s/data", test_temporary_folder());
  if (srv_folder_open(&folder, path, error) != SRV_OK) fail_msg("%s", error);
  struct srv_core_config config = {.store = folder.store, .blobs = folder.blobs};
  if (srv_core_create(&core, &config, error) != SRV_OK) fail_msg("%s", error);
  return core;
}

static void close_core(struct srv_core *core) {
  srv_core_destroy(core);
  srv_folder_close(&folder);
}

static void make_device(void) {
  struct srv_core *core = open_core();
  struct srv_device device = {.project_id = PROJECT, .name = "device", .enabled = true};
  struct srv_credential credential = {.identity = "device", .key_size = 6};
  memcpy(credential.key, "secret", 6);
  assert_int_equal(srv_core_provision(core, &device, &credential), SRV_OK);
  close_core(core);
}

static void check_bytes(struct srv_core *core, const struct srv_capture *capture, bool large,
                        int number) {
  static uint8_t expected[LARGE_BLOCKS * BLOCK_SIZE];
  struct srv_blob_view view;
  size_t size = fill(expected, large, number);
  if (srv_core_open_capture(core, capture, &view) != SRV_OK) fail_msg("%s", srv_core_error(core));
  assert_int_equal(view.size, size);
  assert_memory_equal(view.data, expected, size);
  srv_core_release_blob(core, &view);
}

static void check_capture(struct srv_core *core, bool large, int number) {
  char path[32];
  struct srv_capture capture;
  struct srv_query query = {0};
  path_of(path, large, number);
  srv_query_text(&query, "path", SRV_EQUALS, path);
  if (folder.store->ops->get(folder.store, SRV_CAPTURE, &query, &capture) != SRV_OK) {
    fail_msg("%s was acknowledged and is gone", path);
  }
  check_bytes(core, &capture, large, number);
}

static size_t count_blobs(const char *path) {
  size_t count = 0;
  DIR *handle = opendir(path);
  assert_non_null(handle);
  for (struct dirent *entry; (entry = readdir(handle)) != NULL;) {
    char child[800];
    if (entry->d_name[0] == '.') continue;
    assert_true(snprintf(child, sizeof(child), "%s/%s", path, entry->d_name) < (int)sizeof(child));
    count += entry->d_type == DT_DIR ? count_blobs(child) : 1;
  }
  closedir(handle);
  return count;
}

static void check_all(const struct acknowledged *done) {
  char path[600];
  struct srv_core *core = open_core();
  for (int i = 0; i < done->small; i++) check_capture(core, false, i);
  for (int i = 0; i < done->large; i++) check_capture(core, true, i);
  /* The last large one may be there unacknowledged; its file then is too. */
  snprintf(path, sizeof(path), "%s/data/blobs", test_temporary_folder());
  size_t blobs = count_blobs(path);
  assert_true(blobs == (size_t)done->large || blobs == (size_t)done->large + 1);
  close_core(core);
}

/* So that each round has something to lose, however slow the machine is. */
static void wait_for_first(const struct acknowledged *done, int before) {
  for (int i = 0; done->small == before && i < 60000; i++) usleep(1000);
}

TEST(twelve_kills_lose_no_capture_that_was_acknowledged_and_leave_no_file_over) {
  struct acknowledged *done =
      mmap(NULL, sizeof(*done), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  make_device();
  for (int round = 0; round < ROUNDS; round++) {
    int status, before = done->small;
    server_start(&s, NULL, NULL);
    done->server_gone = false;
    pid_t device = fork();
    if (device == 0) stream_until_killed(done);
    wait_for_first(done, before);
    usleep(test_random() % 60000);
    server_kill(&s);
    done->server_gone = true;
    assert_int_equal(waitpid(device, &status, 0), device);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
  }
  check_all(done);
  assert_true(done->small >= ROUNDS && done->large > 0);
}
