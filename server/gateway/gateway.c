/* SPDX-License-Identifier: Apache-2.0 */
/* The loop. One run: read what has come in batches, each between begin and
 * commit of the core; then revocations, changes, timers; then send. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/core/log.h"
#include "server/gateway/internal.h"

/* Per run, so that the others in the loop get their turn. */
#define BATCHES_PER_RUN 8u
#define TIMERS_PER_RUN 1024u
#define CHANGES_PER_RUN 256u

#define DEFAULT_SESSIONS_MAX 100000u
#define DEFAULT_SESSIONS_PER_DEVICE 8u
#define DEFAULT_HANDSHAKES_MAX 4096u
#define DEFAULT_HANDSHAKE_TIMEOUT_S 30u
#define DEFAULT_IDLE_TIMEOUT_S 600u
#define DEFAULT_KEEPALIVE_S 20u
#define DEFAULT_REQUESTS_PER_SECOND 200u
#define DEFAULT_UPLOADS_MAX 1024u

static uint64_t monotonic_ms(void *context) {
  struct timespec now;
  (void)context;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void read_clock(struct srv_gateway *gateway) {
  gateway->now_ms = gateway->config.now_ms(gateway->config.now_context);
}

/* ---- what the core tells; it only leaves marks, the next run acts ---- */

static void on_observed_changed(void *context, const char *project_id, const char *device_id) {
  struct srv_gateway *gateway = context;
  if (device_id != NULL) {
    const struct device *device = table_device_find(&gateway->table, project_id, device_id);
    if (device == NULL) return;
    for (struct session *s = device->sessions; s != NULL; s = s->device_next)
      observe_mark(s, false);
    return;
  }
  for (struct session *s = gateway->table.open_list.first; s != NULL; s = s->list_next)
    if (s->observations != NULL && strcmp(s->device->ref.project_id, project_id) == 0)
      observe_mark(s, true);
}

static void on_device_revoked(void *context, const char *project_id, const char *device_id) {
  struct srv_gateway *gateway = context;
  struct device *device = table_device_find(&gateway->table, project_id, device_id);
  if (device == NULL) return;
  device->revoked = true;
  gateway->revocations = true;
}

static void on_credential_revoked(void *context, const char *project_id, const char *device_id,
                                  const char *credential_id) {
  struct srv_gateway *gateway = context;
  const struct device *device = table_device_find(&gateway->table, project_id, device_id);
  if (device == NULL) return;
  for (struct session *s = device->sessions; s != NULL; s = s->device_next)
    if (strcmp(s->credential_id, credential_id) == 0) s->revoked = gateway->revocations = true;
  for (struct session *s = gateway->table.handshake_list.first; s != NULL; s = s->list_next)
    if (s->device == device && strcmp(s->credential_id, credential_id) == 0)
      s->revoked = gateway->revocations = true;
}

/* ---- life ---- */

static void fill_defaults(struct srv_gateway_config *config) {
  if (config->sessions_max == 0) config->sessions_max = DEFAULT_SESSIONS_MAX;
  if (config->sessions_per_device == 0) config->sessions_per_device = DEFAULT_SESSIONS_PER_DEVICE;
  if (config->handshakes_max == 0) config->handshakes_max = DEFAULT_HANDSHAKES_MAX;
  if (config->handshake_timeout_s == 0) config->handshake_timeout_s = DEFAULT_HANDSHAKE_TIMEOUT_S;
  if (config->idle_timeout_s == 0) config->idle_timeout_s = DEFAULT_IDLE_TIMEOUT_S;
  if (config->keepalive_s == 0) config->keepalive_s = DEFAULT_KEEPALIVE_S;
  if (config->requests_per_second == 0) config->requests_per_second = DEFAULT_REQUESTS_PER_SECOND;
  if (config->uploads_max == 0) config->uploads_max = DEFAULT_UPLOADS_MAX;
  if (config->now_ms == NULL) config->now_ms = monotonic_ms;
}

static void release(struct srv_gateway *gateway) {
  timers_free(&gateway->timers);
  table_free(&gateway->table);
  udp_close(gateway->udp);
  dtls_deinit(gateway);
  free(gateway);
}

static int init_table(struct srv_gateway *gateway, char *error, size_t error_size) {
  uint64_t key[2];
  for (int i = 0; i < 2; i++)
    key[i] = (uint64_t)gateway_random(gateway) << 32 | gateway_random(gateway);
  if (table_init(&gateway->table, key[0], key[1])) return SRV_OK;
  snprintf(error, error_size, "out of memory for the gateway's session table");
  return SRV_ERR_INTERNAL;
}

int srv_gateway_create(struct srv_gateway **out, const struct srv_gateway_config *config,
                       struct srv_core *core, char *error, size_t error_size) {
  *out = NULL;
  struct srv_gateway *gateway = calloc(1, sizeof *gateway);
  if (gateway == NULL) {
    snprintf(error, error_size, "out of memory for the gateway");
    return SRV_ERR_INTERNAL;
  }
  gateway->config = *config;
  gateway->core = core;
  fill_defaults(&gateway->config);
  int status = dtls_init(gateway, error, error_size);
  if (status == SRV_OK) status = init_table(gateway, error, error_size);
  if (status == SRV_OK)
    status = udp_open(&gateway->udp, config->bind_address, config->port, error, error_size);
  if (status != SRV_OK) {
    release(gateway);
    return status;
  }
  read_clock(gateway);
  srv_core_set_listener(core,
                        &(struct srv_core_listener){.context = gateway,
                                                    .observed_changed = on_observed_changed,
                                                    .device_revoked = on_device_revoked,
                                                    .credential_revoked = on_credential_revoked});
  *out = gateway;
  return SRV_OK;
}

void srv_gateway_destroy(struct srv_gateway *gateway) {
  if (gateway == NULL) return;
  srv_core_set_listener(gateway->core, NULL);
  srv_core_batch_begin(gateway->core);
  while (gateway->table.open_list.first != NULL) session_end(gateway->table.open_list.first, true);
  while (gateway->table.handshake_list.first != NULL)
    session_end(gateway->table.handshake_list.first, false);
  csr_end_commands(gateway);
  orphans_timer(gateway, true);
  srv_core_batch_commit(gateway->core); /* which logs its own failure */
  dtls_reap(gateway);
  release(gateway);
}

int srv_gateway_fd(const struct srv_gateway *gateway) { return udp_fd(gateway->udp); }
uint16_t srv_gateway_port(const struct srv_gateway *gateway) { return udp_port(gateway->udp); }

/* ---- the loop ---- */

static void begin_batch(struct srv_gateway *gateway) { srv_core_batch_begin(gateway->core); }

static void end_batch(struct srv_gateway *gateway) {
  coap_send_waiting(gateway, srv_core_batch_commit(gateway->core) == SRV_OK);
  udp_flush(gateway->udp);
  dtls_reap(gateway);
}

static int run_socket(struct srv_gateway *gateway) {
  for (unsigned round = 0; round < BATCHES_PER_RUN; round++) {
    int count = udp_receive(gateway->udp);
    if (count < 0) {
      srv_log(SRV_LOG_ERROR, "gateway", "cannot read the UDP socket: %s", strerror(-count));
      return SRV_ERR_IO;
    }
    if (count == 0) return SRV_OK;
    read_clock(gateway);
    begin_batch(gateway);
    for (int i = 0; i < count; i++) {
      size_t size;
      struct udp_path path;
      const uint8_t *datagram = udp_received(gateway->udp, i, &size, &path);
      dtls_receive(gateway, datagram, size, &path);
    }
    end_batch(gateway);
    if (count < (int)UDP_BATCH) return SRV_OK;
  }
  return SRV_OK;
}

static struct session *session_of(struct timer *timer) {
  return (struct session *)(void *)((uint8_t *)timer - offsetof(struct session, timer));
}

static bool timer_is_due(const struct srv_gateway *gateway) {
  const struct timer *first = timers_first(&gateway->timers);
  return first != NULL && first->due_ms <= gateway->now_ms;
}

static bool has_work(const struct srv_gateway *gateway) {
  return gateway->changed_first != NULL || gateway->revocations || timer_is_due(gateway) ||
         csr_due_ms(gateway) <= gateway->now_ms || orphans_due_ms(gateway) <= gateway->now_ms;
}

static void run_own_work(struct srv_gateway *gateway) {
  begin_batch(gateway);
  dtls_end_revoked(gateway);
  for (unsigned i = 0; i < TIMERS_PER_RUN && timer_is_due(gateway); i++)
    dtls_timer(session_of(timers_first(&gateway->timers)));
  orphans_timer(gateway, false);
  observe_run(gateway, CHANGES_PER_RUN);
  if (csr_due_ms(gateway) <= gateway->now_ms) csr_run(gateway);
  end_batch(gateway);
}

int srv_gateway_run(struct srv_gateway *gateway) {
  read_clock(gateway);
  int status = run_socket(gateway);
  if (has_work(gateway)) run_own_work(gateway);
  return status;
}

int srv_gateway_timeout_ms(struct srv_gateway *gateway) {
  read_clock(gateway);
  if (has_work(gateway)) return 0;
  const struct timer *first = timers_first(&gateway->timers);
  uint64_t due_ms = csr_due_ms(gateway);
  if (orphans_due_ms(gateway) < due_ms) due_ms = orphans_due_ms(gateway);
  if (first != NULL && first->due_ms < due_ms) due_ms = first->due_ms;
  if (due_ms == TIMER_NEVER) return -1;
  uint64_t wait_ms = due_ms - gateway->now_ms;
  return wait_ms > INT32_MAX ? INT32_MAX : (int)wait_ms;
}

void srv_gateway_stats(const struct srv_gateway *gateway, struct srv_gateway_stats *out) {
  const struct udp_counters *udp = udp_counters(gateway->udp);
  *out = gateway->stats;
  out->datagrams_in = udp->datagrams_in;
  out->datagrams_out = udp->datagrams_out;
  out->bytes_in = udp->bytes_in;
  out->bytes_out = udp->bytes_out;
  out->datagrams_dropped += udp->send_drops;
  out->sessions = gateway->table.open_list.count;
  out->handshakes = gateway->table.handshake_list.count;
}
