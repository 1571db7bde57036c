/* SPDX-License-Identifier: Apache-2.0 */
/* The SDK on its POSIX port against the real gateway, which runs in a process
 * of its own with a core in memory. After init, the SDK calls malloc never. */
#include <stdlib.h>

#include "godwit/log.h"
#include "godwit/rpc.h"
#include "godwit/settings.h"
#include "godwit/state.h"
#include "godwit/stream.h"
#include "godwit/folder.h"
#include "godwit/updater.h"
#include "sdk/platform/clock.h"
#include "tests/support/test.h"
#include "tests/unit/sdk/gateway_process.h"

/* --wrap: every call from code linked into this test comes here. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void __wrap_free(void *memory);

/* volatile: the compiler knows that libc's malloc would not look at them. */
static volatile bool malloc_forbidden;
static volatile unsigned malloc_calls;

static void note_call(void) {
  if (malloc_forbidden) malloc_calls++;
}
void *__wrap_malloc(size_t size) {
  note_call();
  return __real_malloc(size);
}
void *__wrap_calloc(size_t count, size_t size) {
  note_call();
  return __real_calloc(count, size);
}
void *__wrap_realloc(void *memory, size_t size) {
  note_call();
  return __real_realloc(memory, size);
}
void __wrap_free(void *memory) {
  note_call();
  __real_free(memory);
}

/* The device ------------------------------------------------------------------- */

static _Alignas(16) uint8_t memory[GODWIT_CLIENT_MEMORY_BYTES];
static _Alignas(16) uint8_t slot[2][GATEWAY_MODEL_BYTES];
static uint16_t gateway_port;
static struct godwit_client *client;
static struct godwit_folder models;
static struct godwit_store store;
static struct godwit_updater updater;
static unsigned activations;

static int load(void *arg, const struct godwit_model *candidate) {
  (void)arg;
  return candidate->size == GATEWAY_MODEL_BYTES &&
                 memcmp(candidate->data, gateway_model(), GATEWAY_MODEL_BYTES) == 0
             ? GODWIT_OK
             : GODWIT_ERR_MODEL;
}

static void activate(void *arg, const struct godwit_model *next) {
  (void)arg;
  (void)next;
  activations++;
}

static void boot(const char *psk) {
  static char folder[256];
  snprintf(folder, sizeof folder, "%s/sd", test_temporary_folder());
  assert_int_equal(
      godwit_client_init(&client, &(struct godwit_client_config){.host = "127.0.0.1",
                                                                 .port = gateway_port,
                                                                 .psk_identity = "d1@p",
                                                                 .psk = psk,
                                                                 .psk_size = strlen(psk),
                                                                 .memory = memory,
                                                                 .memory_size = sizeof memory,
                                                                 .keepalive_ms = 500,
                                                                 .response_timeout_ms = 3000,
                                                                 .backoff_min_ms = 50}),
      GODWIT_OK);
  godwit_folder_init(&models, folder);
  assert_int_equal(godwit_store_init(&store, &(struct godwit_store_config){.medium = &models.medium,
                                                                           .package = "model"}),
                   GODWIT_OK);
  assert_int_equal(
      godwit_updater_init(
          &updater, &(struct godwit_updater_config){.client = client,
                                                    .store = &store,
                                                    .slot = {{slot[0], GATEWAY_MODEL_BYTES},
                                                             {slot[1], GATEWAY_MODEL_BYTES}},
                                                    .ops = {.load = load, .activate = activate}}),
      GODWIT_OK);
  (void)godwit_updater_start(&updater);
}

static bool is_done(void) {
  return strcmp(godwit_updater_version(&updater), "1.0.0") == 0 &&
         godwit_client_state(client) == GODWIT_CLIENT_CONNECTED &&
         godwit_ota_reports_pending(client) == 0;
}

static void run_until_done(void) {
  uint64_t end_ms = godwit_platform_now_ms() + 60000;
  while (!is_done()) {
    assert_true(godwit_platform_now_ms() < end_ms);
    godwit_updater_poll(&updater);
    godwit_client_wait(client, godwit_updater_next_timeout_ms(&updater));
  }
}

TEST(model_arrives_from_the_real_gateway_without_one_malloc) {
  gateway_port = gateway_start(0);
  malloc_forbidden = true;
  boot("secret-1");
  run_until_done();
  godwit_updater_deinit(&updater);
  godwit_client_deinit(client);
  malloc_forbidden = false;
  assert_int_equal(malloc_calls, 0);
  assert_int_equal(activations, 1);
  malloc_forbidden = true; /* the wrap itself works */
  void *volatile memory_of_ours = malloc(1);
  free(memory_of_ours);
  malloc_forbidden = false;
  assert_int_equal(malloc_calls, 2);
}

static unsigned answers;

static void note_answer(struct godwit_client *of, int status, uint8_t code, void *arg) {
  (void)of, (void)code, (void)arg;
  if (status == GODWIT_OK) answers++;
}

static int read_zeros(void *arg, uint64_t offset, void *data, size_t size) {
  (void)arg, (void)offset;
  memset(data, 0, size);
  return GODWIT_OK;
}

static void note_value(struct godwit_client *of, const struct godwit_response *response,
                       void *arg) {
  double value;
  (void)godwit_state_payload_as_double(response, &value);
  note_answer(of, response->status, response->code, arg);
}

TEST(everything_else_of_the_contract_needs_no_malloc_either) {
  static struct godwit_stream_upload upload = {
      .path = "audio", .size_bytes = 20000, .read = read_zeros, .done = note_answer};
  static struct godwit_stream_message message;
  static struct godwit_state_change change;
  static struct godwit_state_reading reading;
  static struct godwit_settings settings;
  static struct godwit_rpc rpc;
  static uint8_t lines[512];
  static struct godwit_remote_log log = {.buffer = lines, .buffer_size = sizeof lines};
  gateway_port = gateway_start(0);
  malloc_calls = 0;
  malloc_forbidden = true;
  boot("secret-1");
  assert_int_equal(godwit_stream_upload(client, &upload), GODWIT_OK);
  assert_int_equal(godwit_settings_start(&settings, client, NULL, 0), GODWIT_OK);
  assert_int_equal(godwit_rpc_start(&rpc, client, NULL, 0), GODWIT_OK);
  assert_int_equal(godwit_log_to_server(client, &log, GODWIT_LOG_INFO), GODWIT_OK);
  run_until_done();
  assert_int_equal(godwit_stream_send(client, &message, "t", 50, "1", 1, note_answer, NULL), 0);
  assert_int_equal(godwit_state_set_double_async(client, &change, "t", 0.1, note_answer, NULL), 0);
  assert_int_equal(godwit_state_get(client, &reading, "t", 50, note_value, NULL), 0);
  uint64_t end_ms = godwit_platform_now_ms() + 60000;
  while (answers < 4 || log.internal.used > 0) {
    assert_true(godwit_platform_now_ms() < end_ms);
    godwit_updater_poll(&updater);
    godwit_client_wait(client, 100);
  }
  godwit_log_to_server_stop(&log);
  godwit_updater_deinit(&updater);
  godwit_client_deinit(client);
  malloc_forbidden = false;
  assert_int_equal(malloc_calls, 0);
}

TEST(gateway_gives_the_session_a_connection_id) {
  gateway_port = gateway_start(0);
  boot("secret-1");
  run_until_done();
  assert_true(godwit_client_has_connection_id(client));
  godwit_client_network_changed(client);
  uint64_t end_ms = godwit_platform_now_ms() + 1500; /* three keepalives over the new socket */
  while (godwit_platform_now_ms() < end_ms) {
    godwit_updater_poll(&updater);
    godwit_client_wait(client, 100);
  }
  struct godwit_client_stats stats;
  godwit_client_stats(client, &stats);
  assert_int_equal(stats.connects, 1);
  assert_int_equal(stats.sessions_lost, 0);
}

TEST(killed_gateway_that_returns_is_found_again) {
  gateway_port = gateway_start(0);
  boot("secret-1");
  run_until_done();
  gateway_stop();
  gateway_start(gateway_port);
  uint64_t end_ms = godwit_platform_now_ms() + 60000;
  struct godwit_client_stats stats = {0};
  while (stats.connects < 2) {
    assert_true(godwit_platform_now_ms() < end_ms);
    godwit_updater_poll(&updater);
    godwit_client_wait(client, godwit_updater_next_timeout_ms(&updater));
    godwit_client_stats(client, &stats);
  }
  run_until_done();
}

TEST(wrong_key_is_refused_credentials) {
  gateway_port = gateway_start(0);
  boot("secret-2");
  uint64_t end_ms = godwit_platform_now_ms() + 60000;
  while (godwit_client_last_error(client) == GODWIT_OK) {
    assert_true(godwit_platform_now_ms() < end_ms);
    godwit_updater_poll(&updater);
    godwit_client_wait(client, godwit_updater_next_timeout_ms(&updater));
  }
  assert_int_equal(godwit_client_last_error(client), GODWIT_ERR_CREDENTIALS);
}
