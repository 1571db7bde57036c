/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sdk/gateway_process.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mbedtls/sha256.h"
#include "sdk/src/pool.h"
#include "server/gateway/gateway.h"
#include "tests/support/fake_core.h"
#include "tests/support/test.h"

static pid_t process;

const uint8_t *gateway_model(void) {
  static uint8_t model[GATEWAY_MODEL_BYTES];
  for (size_t i = 0; i < sizeof model; i++) model[i] = (uint8_t)(i * 131 + i / 256);
  return model;
}

_Noreturn static void serve(int tell, uint16_t port) {
  static struct srv_core core;
  struct srv_gateway *gateway;
  char error[160];
  /* A fork of a process that has had a client: its mbedTLS asks the pools. */
  godwit_pool_set_outside(calloc, free);
  fake_core_init(&core);
  core.blob = gateway_model();
  core.blob_size = GATEWAY_MODEL_BYTES;
  core.manifest.component[0].size_bytes = GATEWAY_MODEL_BYTES;
  mbedtls_sha256(core.blob, core.blob_size, core.manifest.component[0].digest, 0);
  const struct srv_gateway_config config = {.bind_address = "127.0.0.1", .port = port};
  if (srv_gateway_create(&gateway, &config, &core, error, sizeof error) != SRV_OK) {
    fprintf(stderr, "%s\n", error);
    _exit(1);
  }
  port = srv_gateway_port(gateway);
  if (write(tell, &port, sizeof port) != (ssize_t)sizeof port) _exit(1);
  for (;;) {
    struct pollfd entry = {.fd = srv_gateway_fd(gateway), .events = POLLIN};
    (void)poll(&entry, 1, srv_gateway_timeout_ms(gateway));
    srv_gateway_run(gateway);
  }
}

void gateway_stop(void) {
  if (process <= 0) return;
  kill(process, SIGKILL);
  waitpid(process, NULL, 0);
  process = 0;
}

uint16_t gateway_start(uint16_t port) {
  static bool registered;
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  process = fork();
  assert_true(process >= 0);
  if (process == 0) {
    alarm(100); /* never outlives a test that died */
    serve(ends[1], port);
  }
  close(ends[1]);
  if (!registered) atexit(gateway_stop);
  registered = true;
  assert_int_equal(read(ends[0], &port, sizeof port), sizeof port);
  close(ends[0]);
  return port;
}
