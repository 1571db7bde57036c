/* SPDX-License-Identifier: Apache-2.0 */
/* bench_gateway [SESSIONS]: what the gateway costs, on the real core and SQLite.
 * Server and load are two processes, pinned to a core each where there are two;
 * the server's own CPU time is what counts, since rates swing with whatever
 * else the machine does. */
#include <ftw.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "server/core/objects.h"
#include "server/core/offers.h"
#include "server/core/patch.h"
#include "server/gateway/gateway.h"
#include "server/store/folder.h"
#include "tests/support/dtls_client.h"
#include "tests/support/test.h"
#include "wire/block.h"
#include "wire/coap.h"

#define ARTIFACT_SIZE 20480u
#define BLOCKS (ARTIFACT_SIZE / 1024)
#define ACTIVE 64u /* transfers and handshakes at once */
#define TRANSFERS 2000u

/* ---- the server's process ---- */

struct report {
  struct srv_gateway_stats stats;
  double cpu_s;
  size_t heap_bytes, resident_bytes;
};

static struct srv_folder folder;
static struct srv_core *core;
static char artifact_id[2][SRV_ID_LENGTH + 1];

static void must(int status, const char *what) {
  if (status == SRV_OK) return;
  fprintf(stderr, "%s: %s\n", what, core != NULL ? srv_core_error(core) : "cannot start");
  _exit(1);
}

static void pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  sched_setaffinity(0, sizeof set, &set); /* on one core it fails, and so be it */
}

static void add_artifact(int index) {
  static uint8_t bytes[ARTIFACT_SIZE];
  struct srv_artifact artifact = {.project_id = SRV_DEFAULT_PROJECT, .package = "model"};
  snprintf(artifact.version, sizeof artifact.version, "1.%d.0", index);
  memset(bytes, index + 1, sizeof bytes);
  must(srv_core_create_artifact(core, &artifact, bytes, sizeof bytes, true), "artifact");
  memcpy(artifact_id[index], artifact.id, sizeof artifact.id);
}

static void roll_out(int index) {
  struct srv_release release = {
      .project_id = SRV_DEFAULT_PROJECT, .rollout = true, .artifact_count = 1};
  memcpy(release.artifact_id[0], artifact_id[index], sizeof release.artifact_id[0]);
  must(srv_core_create_release(core, &release), "release");
}

static void add_devices(unsigned count) {
  srv_core_batch_begin(core);
  for (unsigned i = 0; i < count; i++) {
    struct srv_device device = {.project_id = SRV_DEFAULT_PROJECT, .enabled = true};
    struct srv_credential credential = {.project_id = SRV_DEFAULT_PROJECT, .key_size = 6};
    snprintf(device.name, sizeof device.name, "device-%u", i);
    must(srv_core_create_device(core, &device), "device");
    memcpy(credential.device_id, device.id, sizeof device.id);
    snprintf(credential.identity, sizeof credential.identity, "%u@default", i);
    memcpy(credential.key, "secret", 6);
    must(srv_core_create_credential(core, &credential), "credential");
  }
  must(srv_core_batch_commit(core), "devices");
}

/* So that there is something to describe. */
static void make_offers(void) {
  for (int i = 0; i < 100; i++) {
    struct pollfd done = {.fd = srv_core_offers_fd(core), .events = POLLIN};
    srv_core_tick(core);
    poll(&done, 1, srv_core_offers_busy(core) ? 10000 : 20);
  }
}

static void measure(const struct srv_gateway *gateway, struct report *out) {
  struct timespec cpu;
  long pages = 0;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  srv_gateway_stats(gateway, &out->stats);
  out->cpu_s = (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9;
  out->heap_bytes = mallinfo2().uordblks;
  FILE *statm = fopen("/proc/self/statm", "r");
  if (statm == NULL || fscanf(statm, "%*d %ld", &pages) != 1) pages = 0;
  if (statm != NULL) fclose(statm);
  out->resident_bytes = (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void serve(int control, const char *path, unsigned devices) {
  char error[SRV_ERROR_MAX] = "";
  struct srv_gateway *gateway;
  pin(0);
  if (srv_folder_open(&folder, path, error) != SRV_OK) must(SRV_ERR_IO, error);
  struct srv_core_config core_config = {
      .store = folder.store, .blobs = folder.blobs, .encode = srv_patch_encode};
  if (srv_core_create(&core, &core_config, error) != SRV_OK) must(SRV_ERR_IO, error);
  add_devices(devices);
  add_artifact(0);
  add_artifact(1);
  roll_out(0);
  make_offers();
  struct srv_gateway_config config = {.bind_address = "127.0.0.1"};
  must(srv_gateway_create(&gateway, &config, core, error, sizeof error), error);
  uint16_t port = srv_gateway_port(gateway);
  if (write(control, &port, sizeof port) != sizeof port) _exit(1);
  for (;;) {
    struct pollfd ready[] = {{.fd = srv_gateway_fd(gateway), .events = POLLIN},
                             {.fd = control, .events = POLLIN}};
    char command;
    struct report report;
    poll(ready, 2, srv_gateway_timeout_ms(gateway));
    srv_gateway_run(gateway);
    if (ready[1].revents == 0) continue;
    if (read(control, &command, 1) != 1) _exit(0);
    if (command == 'r') {
      roll_out(1);
      continue;
    }
    measure(gateway, &report);
    if (write(control, &report, sizeof report) != sizeof report) _exit(1);
  }
}

/* ---- the load ---- */

static int control;
static uint64_t now_ms;
static double clock_s(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  now_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct report ask_server(void) {
  struct report report;
  if (write(control, "m", 1) != 1 || read(control, &report, sizeof report) != sizeof report)
    exit(1);
  return report;
}

static void request(struct dtls_client *client, uint16_t message_id, const char *path, bool observe,
                    int64_t block2) {
  uint8_t buffer[256];
  struct gw_coap_writer w;
  gw_coap_writer_begin(&w, buffer, sizeof buffer, GW_COAP_CON, GW_COAP_GET, message_id,
                       (const uint8_t *)"tokn", 4);
  if (observe) gw_coap_writer_option_uint(&w, GW_COAP_OPT_OBSERVE, 0);
  gw_coap_writer_path(&w, path);
  if (block2 >= 0) gw_coap_writer_option_uint(&w, GW_COAP_OPT_BLOCK2, (uint32_t)block2);
  dtls_client_send(client, buffer, (size_t)gw_coap_writer_finish(&w));
}

static bool receive(struct dtls_client *client, struct gw_coap_message *message) {
  static uint8_t buffer[2048];
  int size = dtls_client_receive(client, buffer, sizeof buffer);
  return size > 0 && gw_coap_parse(buffer, (size_t)size, message) == GW_OK;
}

static void handshakes(struct dtls_client **clients, unsigned count, uint16_t port) {
  static char identity[16];
  struct dtls_client_config config = {
      .server_port = port, .identity = identity, .psk = "secret", .now_ms = &now_ms};
  unsigned started = 0, done = 0;
  bool *finished = calloc(count, sizeof *finished);
  unsigned first = 0;
  while (done < count) {
    clock_s();
    while (started < count && started - done < ACTIVE) {
      snprintf(identity, sizeof identity, "%u@default", started);
      clients[started++] = dtls_client_create(&config);
    }
    for (unsigned i = first; i < started; i++) {
      if (finished[i]) continue;
      int result = dtls_client_handshake(clients[i]);
      if (result < 0) {
        fprintf(stderr, "handshake %u failed: -0x%x\n", i, (unsigned)-result);
        exit(1);
      }
      finished[i] = result == 1;
      done += finished[i];
    }
    while (first < started && finished[first]) first++;
  }
  free(finished);
}

static void observe_all(struct dtls_client **clients, unsigned count) {
  struct gw_coap_message message;
  for (unsigned base = 0; base < count; base += ACTIVE) {
    unsigned end = base + ACTIVE < count ? base + ACTIVE : count;
    for (unsigned i = base; i < end; i++) request(clients[i], 1, ".u/desired", true, -1);
    for (unsigned i = base; i < end; i++)
      while (!receive(clients[i], &message)) clock_s();
  }
}

static void take_notifications(struct dtls_client **clients, unsigned count) {
  struct gw_coap_message message;
  for (unsigned i = 0; i < count; i++) {
    while (!receive(clients[i], &message)) clock_s();
    uint8_t ack[4] = {0x60, 0, (uint8_t)(message.message_id >> 8), (uint8_t)message.message_id};
    dtls_client_send(clients[i], ack, sizeof ack);
  }
}

static void download(struct dtls_client **clients, unsigned active) {
  struct gw_coap_message message;
  static unsigned next[ACTIVE]; /* block; of a transfer that starts anew at its end */
  static uint16_t message_id[ACTIVE];
  unsigned finished = 0, running = active;
  for (unsigned i = 0; i < active; i++) {
    next[i] = 0;
    message_id[i] = 2;
    request(clients[i], 2, ".u/c/model@1.0.0", false, 6);
  }
  while (running > 0) {
    for (unsigned i = 0; i < active; i++) {
      if (next[i] > BLOCKS || !receive(clients[i], &message)) continue;
      if (message.type != GW_COAP_ACK) continue; /* a ping */
      if (++next[i] == BLOCKS) {
        finished++;
        next[i] = finished + running > TRANSFERS ? BLOCKS + 1 : 0;
      }
      if (next[i] > BLOCKS)
        running--;
      else
        request(clients[i], ++message_id[i], ".u/c/model@1.0.0", false, next[i] << 4 | 6);
    }
  }
}

#define DESCRIPTIONS 50u /* of each client */
static void describe(struct dtls_client **clients, unsigned active) {
  struct gw_coap_message message;
  static unsigned asked[ACTIVE];
  unsigned running = active;
  for (unsigned i = 0; i < active; i++) {
    asked[i] = 1;
    request(clients[i], 30000, ".gw/a/model@1.0.0", false, -1);
  }
  while (running > 0) {
    for (unsigned i = 0; i < active; i++) {
      if (asked[i] > DESCRIPTIONS || !receive(clients[i], &message)) continue;
      if (message.type != GW_COAP_ACK) continue;
      if (++asked[i] > DESCRIPTIONS)
        running--;
      else
        request(clients[i], (uint16_t)(30000 + asked[i]), ".gw/a/model@1.0.0", false, -1);
    }
  }
}

static void row(const char *what, double count, struct report before, struct report after,
                double seconds) {
  double cpu_s = after.cpu_s - before.cpu_s;
  printf("%-34s %9.0f  %8.1f us CPU each  %9.0f /s\n", what, count, cpu_s / count * 1e6,
         count / seconds);
  fflush(stdout);
}

static void run(unsigned count, uint16_t port) {
  struct dtls_client **clients = calloc(count, sizeof(struct dtls_client *));
  struct report before = ask_server(), after;
  struct report empty = before;
  double start = clock_s();
  handshakes(clients, count, port);
  after = ask_server();
  row("handshakes", count, before, after, clock_s() - start);

  before = after;
  start = clock_s();
  observe_all(clients, count);
  after = ask_server();
  row("observe registrations", count, before, after, clock_s() - start);
  printf("%-34s %9.1f  KB heap, %.1f KB resident\n", "memory of a session, observing",
         (double)(after.heap_bytes - empty.heap_bytes) / 1024 / count,
         (double)(after.resident_bytes - empty.resident_bytes) / 1024 / count);

  before = after;
  start = clock_s();
  if (write(control, "r", 1) != 1) exit(1);
  take_notifications(clients, count);
  after = ask_server();
  row("notifications of a rollout", count, before, after, clock_s() - start);

  unsigned active = count < ACTIVE ? count : ACTIVE;
  before = after;
  start = clock_s();
  download(clients, active);
  after = ask_server();
  row("blocks of 1024 bytes", (double)(after.stats.requests - before.stats.requests), before, after,
      clock_s() - start);
  before = after;
  start = clock_s();
  describe(clients, active);
  after = ask_server();
  row("descriptions", (double)(after.stats.requests - before.stats.requests), before, after,
      clock_s() - start);
  printf("%-34s %9llu  retransmissions, %llu datagrams dropped\n", "in all",
         (unsigned long long)after.stats.retransmissions,
         (unsigned long long)after.stats.datagrams_dropped);
  for (unsigned i = 0; i < count; i++) dtls_client_destroy(clients[i]);
  free(clients);
}

static int remove_entry(const char *path, const struct stat *status, int flag, struct FTW *ftw) {
  (void)status, (void)flag, (void)ftw;
  return remove(path);
}

int main(int argc, char **argv) {
  int pair[2], status = 0;
  uint16_t port;
  long count = argc > 1 ? atol(argv[1]) : 1000;
  if (count < 1 || count > 20000) {
    fprintf(stderr, "usage: bench_gateway [SESSIONS, 1 to 20000]\n");
    return 2;
  }
  char path[] = "/tmp/godwit-bench-XXXXXX";
  if (mkdtemp(path) == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return 1;
  pid_t server = fork();
  if (server == 0) {
    close(pair[0]);
    serve(pair[1], path, (unsigned)count);
  }
  close(pair[1]);
  control = pair[0];
  pin(1);
  printf("%ld devices are made ...\n", count);
  fflush(stdout);
  if (read(control, &port, sizeof port) != sizeof port) return 1;
  run((unsigned)count, port);
  close(control);
  waitpid(server, &status, 0);
  nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
  return 0;
}
