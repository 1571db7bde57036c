/* SPDX-License-Identifier: Apache-2.0 */
/* The SDK on its POSIX port against the real gateway, which runs in a process
 * of its own with a core in memory. After init, the SDK calls malloc never. */
#include <mbedtls/sha256.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "godwit/updater.h"
#include "sdk/platform/clock.h"
#include "sdk/src/pool.h"
#include "server/gateway/gateway.h"
#include "tests/support/fake_core.h"
#include "tests/support/test.h"

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

#define MODEL_BYTES 20000u
static uint8_t model[MODEL_BYTES];

/* The server's process --------------------------------------------------------- */

static struct gateway {
  pid_t process;
  uint16_t port;
} gateway;

static void serve(int tell, uint16_t port) {
  static struct srv_core core;
  struct srv_gateway *served;
  char error[160];
  /* A fork of a process that has had a client: its mbedTLS asks the pools. */
  godwit_pool_set_outside(calloc, free);
  fake_core_init(&core);
  core.blob = model;
  core.blob_size = sizeof model;
  core.manifest.component[0].size_bytes = sizeof model;
  mbedtls_sha256(model, sizeof model, core.manifest.component[0].digest, 0);
  const struct srv_gateway_config config = {.bind_address = "127.0.0.1", .port = port};
  if (srv_gateway_create(&served, &config, &core, error, sizeof error) != SRV_OK) {
    fprintf(stderr, "%s\n", error);
    _exit(1);
  }
  port = srv_gateway_port(served);
  if (write(tell, &port, sizeof port) != (ssize_t)sizeof port) _exit(1);
  for (;;) {
    struct pollfd entry = {.fd = srv_gateway_fd(served), .events = POLLIN};
    (void)poll(&entry, 1, srv_gateway_timeout_ms(served));
    srv_gateway_run(served);
  }
}

static void stop_gateway(void) {
  if (gateway.process <= 0) return;
  kill(gateway.process, SIGKILL);
  waitpid(gateway.process, NULL, 0);
  gateway.process = 0;
}

static void start_gateway(uint16_t port) {
  int ends[2];
  for (size_t i = 0; i < sizeof model; i++) model[i] = (uint8_t)(i * 131 + i / 256);
  assert_int_equal(pipe(ends), 0);
  gateway.process = fork();
  assert_true(gateway.process >= 0);
  if (gateway.process == 0) {
    alarm(100); /* never outlives a test that died */
    serve(ends[1], port);
  }
  close(ends[1]);
  atexit(stop_gateway);
  assert_int_equal(read(ends[0], &gateway.port, sizeof gateway.port), sizeof gateway.port);
  close(ends[0]);
}

/* The device ------------------------------------------------------------------- */

static _Alignas(16) uint8_t memory[GODWIT_CLIENT_MEMORY_BYTES];
static _Alignas(16) uint8_t slot[2][MODEL_BYTES];
static struct godwit_client *client;
static struct godwit_store store;
static struct godwit_updater updater;
static unsigned activations;

static int load(void *arg, const struct godwit_model *candidate) {
  (void)arg;
  return candidate->size == sizeof model && memcmp(candidate->data, model, sizeof model) == 0
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
                                                                 .port = gateway.port,
                                                                 .psk_identity = "d1@p",
                                                                 .psk = psk,
                                                                 .psk_size = strlen(psk),
                                                                 .memory = memory,
                                                                 .memory_size = sizeof memory,
                                                                 .keepalive_ms = 500,
                                                                 .response_timeout_ms = 3000,
                                                                 .backoff_min_ms = 50}),
      GODWIT_OK);
  assert_int_equal(godwit_store_init(
                       &store, &(struct godwit_store_config){.volume = folder, .package = "model"}),
                   GODWIT_OK);
  assert_int_equal(godwit_updater_init(&updater,
                                       &(struct godwit_updater_config){
                                           .client = client,
                                           .store = &store,
                                           .slot = {{slot[0], MODEL_BYTES}, {slot[1], MODEL_BYTES}},
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
  start_gateway(0);
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

TEST(gateway_gives_the_session_a_connection_id) {
  start_gateway(0);
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
  start_gateway(0);
  boot("secret-1");
  run_until_done();
  uint16_t port = gateway.port;
  stop_gateway();
  start_gateway(port);
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
  start_gateway(0);
  boot("secret-2");
  uint64_t end_ms = godwit_platform_now_ms() + 60000;
  while (godwit_client_last_error(client) == GODWIT_OK) {
    assert_true(godwit_platform_now_ms() < end_ms);
    godwit_updater_poll(&updater);
    godwit_client_wait(client, godwit_updater_next_timeout_ms(&updater));
  }
  assert_int_equal(godwit_client_last_error(client), GODWIT_ERR_CREDENTIALS);
}
