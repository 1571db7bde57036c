/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sdk/world.h"

#include <stdlib.h>
#include <string.h>

#include "godwit/status.h"
#include "sdk/platform/clock.h"
#include "sdk/platform/datagram.h"
#include "sdk/platform/log.h"
#include "sdk/platform/random.h"
#include "tests/sim/sdk/world_internal.h"
#include "tests/support/test.h"

#define IN_FLIGHT_MAX 256
#define TRAVEL_MS 10u
#define SOCKETS_MAX 4096
#define HEADERS_SIZE 28u /* IPv4 and UDP */

static uint64_t now_ms;
static uint32_t random_state;
static char log_text[1 << 16]; /* "\nLINE\nLINE..." */
static size_t log_length;

struct world_network world_network;

static struct datagram {
  bool used;
  bool to_server;
  int handle;
  uint64_t due_ms;
  uint64_t order;
  size_t size;
  uint8_t data[WORLD_DATAGRAM_MAX];
} in_flight[IN_FLIGHT_MAX];
static uint64_t next_order;
static uint64_t line_free_us[2]; /* each way: when the last datagram has left */
static bool socket_open[SOCKETS_MAX];

void world_reset(uint32_t seed) {
  random_state = seed ? seed : 1;
  now_ms = 1000000;
  log_length = 0;
  log_text[0] = '\0';
  world_network_reset();
  world_medium_reset();
  world_server_reset();
}

uint32_t world_random(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 17;
  random_state ^= random_state << 5;
  return random_state;
}

uint64_t world_now_ms(void) { return now_ms; }
void world_advance_ms(uint64_t ms) { now_ms += ms; }
uint64_t godwit_platform_now_ms(void) { return now_ms; }

int godwit_platform_random(void *buffer, size_t size) {
  uint8_t *at = buffer;
  while (size-- > 0) *at++ = (uint8_t)(world_random() >> 7);
  return 0;
}

unsigned world_log_lines(const char *beginning) {
  unsigned count = 0;
  size_t length = strlen(beginning);
  for (const char *at = log_text; (at = strchr(at, '\n')) != NULL;) {
    at++;
    if (strncmp(at, beginning, length) == 0) count++;
  }
  return count;
}

void godwit_platform_log(enum godwit_log_level level, const char *line) {
  if (log_length + strlen(line) + 2 < sizeof log_text) {
    log_length +=
        (size_t)snprintf(log_text + log_length, sizeof log_text - log_length, "\n%s", line);
  }
  if (getenv("WORLD_LOG") != NULL) printf("%8llu %d %s\n", (unsigned long long)now_ms, level, line);
}

/* Network --------------------------------------------------------------------- */

void world_network_reset(void) {
  memset(&world_network, 0, sizeof world_network);
  world_network.travel_ms = TRAVEL_MS;
  memset(in_flight, 0, sizeof in_flight);
  memset(line_free_us, 0, sizeof line_free_us);
  memset(socket_open, 0, sizeof socket_open);
}

void world_network_power_on(void) { memset(socket_open, 0, sizeof socket_open); }

/* When it has left the narrowest part of the way: UINT64_MAX, it finds no room
 * there. */
static uint64_t leave_us(bool to_server, size_t size) {
  uint64_t now_us = now_ms * 1000u, *free_us = &line_free_us[to_server];
  if (world_network.rate == 0) return now_us;
  uint64_t takes_us = (size + HEADERS_SIZE) * UINT64_C(1000000) / world_network.rate;
  if (*free_us < now_us) *free_us = now_us;
  uint64_t waiting = (*free_us - now_us) * world_network.rate / 1000000u;
  if (waiting > world_network.queue) {
    world_network.queue_drops++;
    return UINT64_MAX;
  }
  return *free_us += takes_us;
}

static void put_in_flight(bool to_server, int handle, const void *data, size_t size) {
  assert_true(size <= WORLD_DATAGRAM_MAX);
  uint64_t left_us = leave_us(to_server, size);
  if (left_us == UINT64_MAX) return;
  if (!to_server) world_network.bytes_to_device += size + HEADERS_SIZE;
  for (size_t i = 0; i < IN_FLIGHT_MAX; i++) {
    struct datagram *datagram = &in_flight[i];
    if (datagram->used) continue;
    bool late = world_random() % 100 < world_network.reorder_percent;
    *datagram = (struct datagram){.used = true,
                                  .to_server = to_server,
                                  .handle = handle,
                                  .due_ms = (left_us + 999u) / 1000u + world_network.travel_ms +
                                            (late ? world_random() % 3000 : 0),
                                  .order = next_order++,
                                  .size = size};
    memcpy(datagram->data, data, size);
    return;
  }
  fail_msg("more than %d datagrams in flight: somebody floods", IN_FLIGHT_MAX);
}

static void travel(bool to_server, int handle, const void *data, size_t size) {
  world_network.datagrams++;
  if (world_network.down || world_random() % 100 < world_network.loss_percent) return;
  put_in_flight(to_server, handle, data, size);
  if (world_random() % 100 < world_network.duplicate_percent) {
    put_in_flight(to_server, handle, data, size);
  }
}

static size_t take(bool to_server, int handle, int *from, uint8_t *data, size_t size) {
  struct datagram *best = NULL;
  for (size_t i = 0; i < IN_FLIGHT_MAX; i++) {
    struct datagram *each = &in_flight[i];
    if (!each->used || each->to_server != to_server || each->due_ms > now_ms) continue;
    if (!to_server && each->handle != handle) continue;
    if (best == NULL || each->due_ms < best->due_ms ||
        (each->due_ms == best->due_ms && each->order < best->order)) {
      best = each;
    }
  }
  if (best == NULL) return 0;
  best->used = false;
  if (from != NULL) *from = best->handle;
  if (size > best->size) size = best->size;
  memcpy(data, best->data, size);
  return size;
}

void world_network_send_to_device(int handle, const void *data, size_t size) {
  travel(false, handle, data, size);
}

void world_network_forge(const void *data, size_t size) {
  put_in_flight(false, (int)world_network.opened - 1, data, size);
}

size_t world_network_take_for_server(int *from, uint8_t *data, size_t size) {
  return take(true, 0, from, data, size);
}

uint64_t world_network_next_ms(void) {
  uint64_t next_ms = UINT64_MAX;
  for (size_t i = 0; i < IN_FLIGHT_MAX; i++) {
    /* Nobody takes what is addressed to a closed socket. */
    bool wanted = in_flight[i].to_server || socket_open[in_flight[i].handle];
    if (in_flight[i].used && wanted && in_flight[i].due_ms < next_ms) next_ms = in_flight[i].due_ms;
  }
  return next_ms;
}

int godwit_platform_datagram_open(const char *host, uint16_t port) {
  assert_string_equal(host, WORLD_HOST);
  assert_int_equal(port, 5684);
  if (world_network.dumb) return GODWIT_DATAGRAM_PENDING;
  int handle = (int)world_network.opened++;
  assert_true(handle < SOCKETS_MAX);
  socket_open[handle] = true;
  if (world_network.useless) {
    world_network.useless = false;
  }
  return handle;
}

int godwit_platform_datagram_send(int handle, const void *data, size_t size) {
  assert_true(socket_open[handle]);
  if (world_network.useless) return GODWIT_ERR_IO;
  if (world_network.refused) return GODWIT_ERR_CONNECTION;
  travel(true, handle, data, size);
  return 0;
}

int godwit_platform_datagram_receive(int handle, void *data, size_t size) {
  assert_true(socket_open[handle]);
  if (world_network.useless) return GODWIT_ERR_IO;
  return (int)take(false, handle, NULL, data, size);
}

void godwit_platform_datagram_close(int handle) {
  assert_true(socket_open[handle]);
  socket_open[handle] = false;
}

void godwit_platform_datagram_wait(int handle, uint32_t timeout_ms) {
  (void)handle;
  world_step(now_ms + timeout_ms, timeout_ms);
}

/* Time ------------------------------------------------------------------------- */

void world_step(uint64_t limit_ms, uint32_t device_timeout_ms) {
  world_server_run();
  uint64_t next_ms = world_network_next_ms();
  uint64_t device_ms = now_ms + device_timeout_ms;
  uint64_t server_ms = world_server_next_ms();
  if (device_ms < next_ms) next_ms = device_ms;
  if (server_ms < next_ms) next_ms = server_ms;
  if (next_ms > limit_ms) next_ms = limit_ms;
  /* At least a little, so that nobody who is always due stops the clock. */
  now_ms = next_ms > now_ms ? next_ms : now_ms + (device_timeout_ms == 0 ? 0 : 1);
  if (device_timeout_ms == 0 && world_random() % 8 == 0) now_ms++;
  world_server_run();
}
