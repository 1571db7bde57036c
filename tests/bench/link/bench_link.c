/* SPDX-License-Identifier: Apache-2.0 */
/* bench_link [SEEDS [KILOBYTES]]: how long a download takes over links of all
 * kinds, one block at a time and with several under way: the real client and the
 * real gateway, with DTLS between them, over a link model in virtual time. So a
 * download of minutes takes a fraction of a second here, and the same seed gives
 * the same times. Each figure is the median over the seeds.
 *
 * Link model, each way: datagrams wait in a queue of so many bytes for a line of so
 * many bits a second (IP and UDP headers included), or are dropped; then some are
 * lost by chance; the others arrive after half a round trip. */
#include <arpa/inet.h>
#include <ftw.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "godwit/ota.h"
#include "mbedtls/platform.h"
#include "platform/clock.h"
#include "platform/datagram.h"
#include "platform/log.h"
#include "platform/random.h"
#include "platform/storage.h"
#include "sdk/src/pool.h"
#include "server/core/objects.h"
#include "server/gateway/gateway.h"
#include "server/store/folder.h"

#define SEEDS_MAX 25
#define SEEDS_DEFAULT 5
#define SIZE_DEFAULT (300u * 1024u)
#define SIZE_MAX_BYTES (1024u * 1024u)
#define HEADERS_SIZE 28u /* IPv4 and UDP */
#define DATAGRAM_MAX 2048u
#define IN_FLIGHT_MAX 512u
#define START_US UINT64_C(1000000000)

static void die(const char *what) {
  fprintf(stderr, "bench_link: %s\n", what);
  exit(1);
}

static void must(int status, const char *what) {
  if (status != 0) die(what);
}

/* ---- time and chance ---- */

static uint64_t now_us = START_US;
static uint32_t random_state = 1;

static uint32_t chance(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 17;
  random_state ^= random_state << 5;
  return random_state;
}

static uint64_t gateway_now_ms(void *context) {
  (void)context;
  return now_us / 1000;
}

uint64_t godwit_platform_now_ms(void) { return now_us / 1000; }

int godwit_platform_random(void *buffer, size_t size) {
  uint8_t *at = buffer;
  while (size-- > 0) *at++ = (uint8_t)(chance() >> 9);
  return 0;
}

void godwit_platform_log(enum godwit_log_level level, const char *line) {
  if (getenv("BENCH_LOG") != NULL) printf("%10.3f %d %s\n", (double)now_us / 1e6, level, line);
}

/* ---- the link ---- */

struct link {
  const char *name;
  unsigned rtt_ms, loss_percent;
  unsigned rate;  /* bits a second; 0: any */
  unsigned queue; /* bytes */
};

static const struct link *link_now;
static struct datagram {
  bool used, to_server;
  uint64_t due_us, order;
  size_t size;
  uint8_t data[DATAGRAM_MAX];
} in_flight[IN_FLIGHT_MAX];
static uint64_t next_order, line_free_us[2];
static unsigned dropped;

static bool passes_line(bool to_server, size_t size, uint64_t *left_us) {
  uint64_t *free_us = &line_free_us[to_server];
  *left_us = now_us;
  if (link_now->rate == 0) return true;
  if (*free_us < now_us) *free_us = now_us;
  uint64_t waiting = (*free_us - now_us) * link_now->rate / 8000000u;
  if (waiting > link_now->queue) {
    dropped++;
    return false;
  }
  *free_us += (size + HEADERS_SIZE) * UINT64_C(8000000) / link_now->rate;
  *left_us = *free_us;
  return true;
}

static void put(bool to_server, const void *data, size_t size) {
  uint64_t left_us;
  if (size > DATAGRAM_MAX) die("a datagram is too long");
  if (!passes_line(to_server, size, &left_us) || chance() % 100 < link_now->loss_percent) return;
  for (size_t i = 0; i < IN_FLIGHT_MAX; i++) {
    struct datagram *each = &in_flight[i];
    if (each->used) continue;
    *each = (struct datagram){.used = true,
                              .to_server = to_server,
                              .due_us = left_us + link_now->rtt_ms * 500u,
                              .order = next_order++,
                              .size = size};
    memcpy(each->data, data, size);
    return;
  }
  die("too much in flight: somebody floods");
}

static struct datagram *first_due(bool to_server) {
  struct datagram *best = NULL;
  for (size_t i = 0; i < IN_FLIGHT_MAX; i++) {
    struct datagram *each = &in_flight[i];
    if (!each->used || each->to_server != to_server || each->due_us > now_us) continue;
    if (best == NULL || each->order < best->order) best = each;
  }
  return best;
}

static uint64_t next_arrival_us(void) {
  uint64_t next_us = UINT64_MAX;
  for (size_t i = 0; i < IN_FLIGHT_MAX; i++) {
    if (in_flight[i].used && in_flight[i].due_us < next_us) next_us = in_flight[i].due_us;
  }
  return next_us;
}

/* ---- the device's port ---- */

int godwit_platform_datagram_open(const char *host, uint16_t port) {
  (void)host, (void)port;
  return 0;
}
int godwit_platform_datagram_send(int handle, const void *data, size_t size) {
  (void)handle;
  put(true, data, size);
  return 0;
}
int godwit_platform_datagram_receive(int handle, void *data, size_t size) {
  (void)handle;
  struct datagram *datagram = first_due(false);
  if (datagram == NULL) return 0;
  datagram->used = false;
  if (size > datagram->size) size = datagram->size;
  memcpy(data, datagram->data, size);
  return (int)size;
}
void godwit_platform_datagram_close(int handle) { (void)handle; }
void godwit_platform_datagram_wait(int handle, uint32_t timeout_ms) {
  (void)handle, (void)timeout_ms;
}

/* ---- the server ---- */

static struct srv_folder folder;
static struct srv_core *core;
static struct srv_gateway *gateway;
static int proxy; /* a socket of ours, which is the device to the gateway */
static uint8_t model[SIZE_MAX_BYTES];

static void start_server(const char *path, size_t size) {
  char error[SRV_ERROR_MAX] = "";
  must(srv_folder_open(&folder, path, error), error);
  struct srv_core_config core_config = {.store = folder.store, .blobs = folder.blobs};
  must(srv_core_create(&core, &core_config, error), error);
  struct srv_device device = {.project_id = SRV_DEFAULT_PROJECT, .enabled = true, .name = "device"};
  must(srv_core_create_device(core, &device), "no device");
  struct srv_credential credential = {
      .project_id = SRV_DEFAULT_PROJECT, .identity = "device@default", .key_size = 6};
  memcpy(credential.device_id, device.id, sizeof device.id);
  memcpy(credential.key, "secret", 6);
  must(srv_core_create_credential(core, &credential), "no credential");
  struct srv_artifact artifact = {
      .project_id = SRV_DEFAULT_PROJECT, .package = "model", .version = "1.0.0"};
  for (size_t i = 0; i < size; i++) model[i] = (uint8_t)chance();
  must(srv_core_create_artifact(core, &artifact, model, size, true), "no artifact");
  struct srv_release release = {
      .project_id = SRV_DEFAULT_PROJECT, .rollout = true, .artifact_count = 1};
  memcpy(release.artifact_id[0], artifact.id, sizeof artifact.id);
  must(srv_core_create_release(core, &release), "no release");
  struct srv_gateway_config config = {.bind_address = "127.0.0.1", .now_ms = gateway_now_ms};
  must(srv_gateway_create(&gateway, &config, core, error, sizeof error), error);
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons(srv_gateway_port(gateway)),
                                .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
  proxy = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (proxy < 0 || connect(proxy, (struct sockaddr *)&address, sizeof address) != 0)
    die("no socket");
}

static void stop_server(void) {
  srv_gateway_destroy(gateway);
  srv_core_destroy(core);
  srv_folder_close(&folder);
  close(proxy);
}

/* Loopback hands over at once: what the gateway sends is there when it returns. */
static void run_server(void) {
  uint8_t data[DATAGRAM_MAX];
  struct datagram *datagram;
  ssize_t size;
  while ((datagram = first_due(true)) != NULL) {
    datagram->used = false;
    if (send(proxy, datagram->data, datagram->size, 0) < 0) die("cannot send to the gateway");
  }
  must(srv_gateway_run(gateway), "the gateway failed");
  while ((size = recv(proxy, data, sizeof data, 0)) > 0) put(false, data, (size_t)size);
}

/* ---- one download ---- */

static struct {
  _Alignas(16) uint8_t memory[GODWIT_CLIENT_MEMORY_BYTES];
  struct godwit_client *client;
  struct godwit_ota_download download;
  uint8_t got[SIZE_MAX_BYTES];
  size_t bytes, repeated;
  bool done;
  int status;
} t;

static int take(struct godwit_ota_download *download, uint32_t offset, const uint8_t *data,
                size_t size, void *arg) {
  (void)download, (void)arg;
  memcpy(t.got + offset, data, size);
  t.bytes += size;
  return GODWIT_OK;
}

static void note_end(struct godwit_ota_download *download, int status, void *arg) {
  (void)download, (void)arg;
  t.done = true;
  t.status = status;
}

/* Everything that is due; then the clock moves to what is next. */
static void step(void) {
  godwit_client_poll(t.client);
  if (t.done) return;
  run_server();
  uint64_t next_us = now_us + godwit_client_next_timeout_ms(t.client) * UINT64_C(1000);
  uint64_t arrival_us = next_arrival_us();
  int server_ms = srv_gateway_timeout_ms(gateway);
  if (server_ms >= 0 && now_us + (uint64_t)server_ms * 1000u < next_us)
    next_us = now_us + (uint64_t)server_ms * 1000u;
  if (arrival_us < next_us) next_us = arrival_us;
  if (next_us > now_us) now_us = next_us;
}

static void connect_device(uint32_t seed) {
  static const struct link good = {.name = "good", .rtt_ms = 1};
  random_state = seed;
  memset(&t, 0, sizeof t);
  memset(in_flight, 0, sizeof in_flight);
  memset(line_free_us, 0, sizeof line_free_us);
  link_now = &good;
  const struct godwit_client_config config = {.host = "127.0.0.1",
                                              .psk_identity = "device@default",
                                              .psk = "secret",
                                              .psk_size = 6,
                                              .memory = t.memory,
                                              .memory_size = sizeof t.memory,
                                              .response_timeout_ms = 30000};
  must(godwit_client_init(&t.client, &config), "no client");
  godwit_client_start(t.client);
  while (godwit_client_state(t.client) != GODWIT_CLIENT_CONNECTED) step();
}

struct result {
  double seconds;
  unsigned requests, dropped, resumed;
};

static struct result download_over(const struct link *link, uint32_t seed, unsigned window,
                                   size_t size) {
  struct result result = {.seconds = 0};
  struct srv_gateway_stats before, after;
  connect_device(seed);
  link_now = link;
  dropped = 0;
  srv_gateway_stats(gateway, &before);
  uint64_t began_us = now_us;
  struct godwit_ota_download_config config = {.path = "/.u/c/model@1.0.0",
                                              .size_bytes = (uint32_t)size,
                                              .window_blocks = window,
                                              .on_block = take,
                                              .on_done = note_end};
  for (;; result.resumed++) { /* a bad link may cost the session */
    t.done = false;
    while (godwit_client_state(t.client) != GODWIT_CLIENT_CONNECTED) step();
    config.offset = t.download.bytes_whole / 1024u * 1024u;
    must(godwit_ota_download_begin(t.client, &t.download, &config), "no download");
    while (!t.done) step();
    if (t.status == GODWIT_OK) break;
    if (t.status != GODWIT_ERR_CONNECTION && t.status != GODWIT_ERR_TIMEOUT) die("it failed");
  }
  result.seconds = (double)(now_us - began_us) / 1e6;
  srv_gateway_stats(gateway, &after);
  result.requests = (unsigned)(after.requests - before.requests);
  result.dropped = dropped;
  if (memcmp(t.got, model, size) != 0) die("other bytes arrived than were sent");
  godwit_client_deinit(t.client);
  return result;
}

static int by_seconds(const void *a, const void *b) {
  double x = ((const struct result *)a)->seconds, y = ((const struct result *)b)->seconds;
  return x < y ? -1 : x > y;
}

static struct result median(const struct link *link, unsigned seeds, unsigned window, size_t size) {
  struct result results[SEEDS_MAX];
  for (unsigned i = 0; i < seeds; i++) results[i] = download_over(link, i + 1, window, size);
  qsort(results, seeds, sizeof results[0], by_seconds);
  return results[seeds / 2];
}

/* ---- all of them ---- */

static const struct link links[] = {
    {"5 ms", 5, 0, 0, 0},
    {"5 ms, 1 % lost", 5, 1, 0, 0},
    {"100 ms, 1 Mbit/s", 100, 0, 1000000, 65536},
    {"100 ms, 1 Mbit/s, 5 % lost", 100, 5, 1000000, 65536},
    {"500 ms", 500, 0, 0, 0},
    {"500 ms, 1 % lost", 500, 1, 0, 0},
    {"500 ms, 5 % lost", 500, 5, 0, 0},
    {"500 ms, 20 % lost", 500, 20, 0, 0},
    {"1 s, 20 kbit/s (NB-IoT)", 1000, 0, 20000, 8192},
    {"1 s, 20 kbit/s, 5 % lost", 1000, 5, 20000, 8192},
    {"1 s, 5 kbit/s, queue 4 KB", 1000, 0, 5000, 4096},
    {"1 s, 5 kbit/s, queue 2 KB", 1000, 0, 5000, 2048},
    {"1 s, 5 kbit/s, 2 KB, 5 % lost", 1000, 5, 5000, 2048},
};

static void print_row(const struct link *link, unsigned seeds, size_t size) {
  struct result one = median(link, seeds, 1, size), many = median(link, seeds, 0, size);
  unsigned blocks = (unsigned)((size + 1023) / 1024);
  double least = link->rate > 0 ? (double)(size + blocks * 68u) * 8 / link->rate : 0;
  printf("| %-29s | %8.1f | %8.1f | %5.1f | %6.1f | %5.1f | %5u |", link->name, one.seconds,
         many.seconds, one.seconds / many.seconds, 100.0 * one.requests / blocks - 100,
         100.0 * many.requests / blocks - 100, many.dropped);
  if (least > 0)
    printf(" %3.0f %% |\n", 100 * least / many.seconds);
  else
    printf("     – |\n");
  fflush(stdout);
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *level) {
  (void)info, (void)type, (void)level;
  return remove(path);
}

static void *outside_calloc(size_t count, size_t size) { return calloc(count, size); }
static void outside_free(void *memory) { free(memory); }

int main(int argc, char **argv) {
  long seeds = argc > 1 ? atol(argv[1]) : SEEDS_DEFAULT;
  long kilobytes = argc > 2 ? atol(argv[2]) : (long)(SIZE_DEFAULT / 1024u);
  if (seeds < 1 || seeds > SEEDS_MAX || kilobytes < 1 || kilobytes > 1024) {
    fprintf(stderr, "usage: bench_link [SEEDS, 1 to %d [KILOBYTES, 1 to 1024]]\n", SEEDS_MAX);
    return 2;
  }
  char path[] = "/tmp/godwit-bench-XXXXXX";
  if (mkdtemp(path) == NULL) die("no temporary folder");
  /* One mbedTLS for both ends: the client's memory comes from its pool, the
   * gateway's from the heap. */
  mbedtls_platform_set_calloc_free(godwit_pool_calloc, godwit_pool_free);
  godwit_pool_set_outside(outside_calloc, outside_free);
  start_server(path, (size_t)kilobytes * 1024u);
  printf(
      "%ld KB, median of %ld seeds; s: one block at a time, and up to %u under way;\n"
      "requests beyond one a block in %%; dropped in the queue; use of the line\n\n",
      kilobytes, seeds, (unsigned)GODWIT_OTA_WINDOW_MAX);
  printf(
      "| link                          | one, s   | many, s  | gain  | one +%% | +%%    | drops | "
      "line  |\n"
      "|---|---|---|---|---|---|---|---|\n");
  for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
    print_row(&links[i], (unsigned)seeds, (size_t)kilobytes * 1024u);
  stop_server();
  nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
  return 0;
}
