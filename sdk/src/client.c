/* SPDX-License-Identifier: Apache-2.0 */
#include "client_internal.h"

#include <string.h>

#include "godwit/log.h"
#include "godwit/pki.h"
#include "mbedtls/platform_util.h"
#include "platform/clock.h"
#include "platform/datagram.h"
#include "platform/random.h"

#define TIMEOUT_MAX_MS 60000u
#define SETTLED_MS 20000u   /* a session that lasted so long was a good one */
#define MOVE_PAUSE_MS 1000u /* between two changes of socket within one session */

/* The pool gets what the client leaves of the memory; a handshake with a
 * pre-shared key takes 9.7 KB of it on a 64-bit machine. */
_Static_assert(sizeof(struct godwit_client) + 16u * 1024u <= GODWIT_CLIENT_MEMORY_BYTES,
               "GODWIT_CLIENT_MEMORY_BYTES is too small for client and pool");

uint32_t godwit_client_random(void) {
  uint32_t value = 0;
  /* Used to spread time-outs and to begin counters: without entropy the
   * handshake fails anyway. */
  (void)godwit_platform_random(&value, sizeof value);
  return value;
}

static uint32_t or_default(uint32_t value, uint32_t fallback) { return value ? value : fallback; }

static void fill_defaults(struct godwit_client_config *config) {
  if (config->port == 0) config->port = GODWIT_DEFAULT_PORT;
  config->keepalive_ms = or_default(config->keepalive_ms, 20000);
  config->response_timeout_ms = or_default(config->response_timeout_ms, 10000);
  config->handshake_timeout_ms = or_default(config->handshake_timeout_ms, 15000);
  config->backoff_min_ms = or_default(config->backoff_min_ms, 1000);
  config->backoff_max_ms = or_default(config->backoff_max_ms, 300000);
  config->observe_refresh_ms = or_default(config->observe_refresh_ms, 6u * 3600u * 1000u);
  if (config->block_szx == 0) config->block_szx = GW_BLOCK_SZX_MAX;
}

static bool is_text_of(const char *text, size_t length_max) {
  if (text == NULL || text[0] == '\0') return false;
  for (size_t i = 0; i <= length_max; i++) {
    if (text[i] == '\0') return true;
  }
  return false;
}

static bool is_psk(const char *identity, const void *psk, size_t psk_size) {
  return is_text_of(identity, GODWIT_IDENTITY_MAX) && psk != NULL && psk_size > 0 &&
         psk_size <= GODWIT_PSK_MAX;
}

static int check_config(const struct godwit_client_config *config) {
  if (!is_text_of(config->host, GODWIT_HOST_MAX)) return GODWIT_ERR_ARGUMENT;
  const struct godwit_certificate *certificate = config->certificate;
  size_t memory_size = GODWIT_CLIENT_MEMORY_BYTES;
  if (certificate != NULL) {
    if (config->psk_identity != NULL || config->psk != NULL || certificate->method == NULL) {
      return GODWIT_ERR_ARGUMENT;
    }
    memory_size = certificate->method->memory_size;
  } else if (!is_psk(config->psk_identity, config->psk, config->psk_size)) {
    return GODWIT_ERR_ARGUMENT;
  }
  if (config->block_szx > GW_BLOCK_SZX_MAX || config->memory == NULL) return GODWIT_ERR_ARGUMENT;
  return config->memory_size < memory_size ? GODWIT_ERR_NO_MEMORY : GODWIT_OK;
}

static void copy_secrets_and_strings(struct godwit_client *client,
                                     const struct godwit_client_config *config) {
  memcpy(client->host, config->host, strlen(config->host) + 1);
  client->config = *config;
  if (config->certificate == NULL) {
    memcpy(client->identity, config->psk_identity, strlen(config->psk_identity) + 1);
    memcpy(client->psk, config->psk, config->psk_size);
  } else {
    client->config.psk_size = 0;
  }
  client->config.host = client->host;
  client->config.psk_identity = client->identity;
  client->config.psk = client->psk;
  fill_defaults(&client->config);
}

int godwit_client_init(struct godwit_client **out, const struct godwit_client_config *config) {
  if (out == NULL || config == NULL) return GODWIT_ERR_ARGUMENT;
  int status = check_config(config);
  if (status < 0) return status;
  size_t shift = (size_t)(-(uintptr_t)config->memory & (_Alignof(max_align_t) - 1));
  struct godwit_client *client = (void *)((uint8_t *)config->memory + shift);
  memset(client, 0, sizeof *client);
  copy_secrets_and_strings(client, config);
  uint8_t *rest = (uint8_t *)(client + 1);
  godwit_pool_init(&client->pool, rest,
                   config->memory_size - (size_t)(rest - (uint8_t *)config->memory));
  client->dtls.pool = &client->pool;
  client->dtls.socket = -1;
  client->state = GODWIT_CLIENT_STOPPED;
  client->next_message_id = (uint16_t)godwit_client_random();
  if (config->certificate != NULL) {
    status = config->certificate->method->check(&client->pool, config->certificate);
    if (status < 0) {
      godwit_pool_deinit(&client->pool);
      return status;
    }
  }
  *out = client;
  return GODWIT_OK;
}

/* Services ------------------------------------------------------------------ */

void godwit_client_remove_service(struct godwit_client *client, struct godwit_service *service) {
  for (struct godwit_service **link = &client->services; *link != NULL; link = &(*link)->next) {
    if (*link != service) continue;
    *link = service->next;
    return;
  }
}

bool godwit_client_has_service(const struct godwit_client *client,
                               const struct godwit_service *service) {
  const struct godwit_service *each = client->services;
  while (each != NULL && each != service) each = each->next;
  return each != NULL;
}

int godwit_client_add_service(struct godwit_client *client, struct godwit_service *service) {
  struct godwit_service **link = &client->services;
  if (client->ending || godwit_client_has_service(client, service)) return GODWIT_ERR_STATE;
  while (*link != NULL) link = &(*link)->next;
  service->next = NULL;
  *link = service;
  return GODWIT_OK;
}

/* One that is due is told to be due no more before it runs, so that looking anew
 * after each comes to an end: they add and remove each other. */
static void run_services(struct godwit_client *client, uint64_t now_ms) {
  struct godwit_service *service = client->services;
  while (service != NULL && client->state == GODWIT_CLIENT_CONNECTED) {
    if (service->due_ms > now_ms) {
      service = service->next;
      continue;
    }
    service->due_ms = UINT64_MAX;
    service->run(client, GODWIT_OK, service->arg);
    service = client->services;
  }
}

static void cancel_services(struct godwit_client *client) {
  while (client->services != NULL) {
    struct godwit_service *service = client->services;
    godwit_client_remove_service(client, service);
    service->run(client, GODWIT_ERR_CANCELLED, service->arg);
  }
}

uint32_t godwit_client_pause_ms(unsigned refusals) {
  unsigned doublings = refusals > 6 ? 6 : refusals > 0 ? refusals - 1 : 0;
  uint32_t half_ms = 500u << doublings;
  return half_ms + godwit_client_random() % (half_ms + 1);
}

bool godwit_client_is_busy_code(uint8_t code) {
  return code == GW_COAP_TOO_MANY_REQUESTS || (code >> 5) == 5;
}

uint64_t godwit_client_again_ms(const struct godwit_client *client,
                                const struct godwit_response *response, uint8_t *refusals,
                                unsigned refusals_max) {
  int status = response->status;
  bool lost = status == GODWIT_ERR_CONNECTION || status == GODWIT_ERR_TIMEOUT;
  if (lost && client->state != GODWIT_CLIENT_CONNECTED) return 0;
  bool busy = status == GODWIT_ERR_RESPONSE && godwit_client_is_busy_code(response->code);
  if ((lost || busy) && ++*refusals < refusals_max) {
    return godwit_platform_now_ms() + godwit_client_pause_ms(*refusals);
  }
  *refusals = 0;
  return UINT64_MAX;
}

int godwit_client_join_path(char *out, size_t size, const char *prefix, const char *path) {
  if (path == NULL) return GODWIT_ERR_ARGUMENT;
  while (*path == '/') path++;
  size_t prefix_size = strlen(prefix), path_size = strlen(path);
  if (prefix_size + path_size >= size) return GODWIT_ERR_ARGUMENT;
  memcpy(out, prefix, prefix_size);
  memcpy(out + prefix_size, path, path_size + 1);
  return GODWIT_OK;
}

static uint64_t next_service_ms(const struct godwit_client *client) {
  uint64_t due_ms = UINT64_MAX;
  for (const struct godwit_service *each = client->services; each != NULL; each = each->next) {
    if (each->due_ms < due_ms) due_ms = each->due_ms;
  }
  return due_ms;
}

void godwit_client_deinit(struct godwit_client *client) {
  if (client == NULL) return;
  client->ending = true;
  godwit_client_stop(client);
  godwit_exchange_cancel_all(client, GODWIT_ERR_CANCELLED);
  cancel_services(client);
  godwit_pool_deinit(&client->pool);
  mbedtls_platform_zeroize(client, sizeof *client);
}

static void enter_state(struct godwit_client *client, enum godwit_client_state state, int status) {
  client->state = state;
  if (client->config.on_state != NULL) {
    client->config.on_state(client, state, status, client->config.arg);
  }
}

/* Doubles with each failure; spread over the upper half, so that a fleet does
 * not return to a restarted server in one moment. */
static uint32_t backoff_ms(const struct godwit_client *client) {
  uint32_t wait_ms = client->config.backoff_min_ms;
  for (unsigned i = 1; i < client->failures && wait_ms < client->config.backoff_max_ms; i++) {
    wait_ms = wait_ms > UINT32_MAX / 2 ? UINT32_MAX : wait_ms * 2;
  }
  if (wait_ms > client->config.backoff_max_ms) wait_ms = client->config.backoff_max_ms;
  return wait_ms - wait_ms / 2 + godwit_client_random() % (wait_ms / 2 + 1);
}

static void wait_and_retry(struct godwit_client *client, int status) {
  client->last_error = status;
  if (client->failures < 32) client->failures++;
  uint32_t wait_ms = backoff_ms(client);
  client->wait_until_ms = godwit_platform_now_ms() + wait_ms;
  godwit_log(GODWIT_LOG_WARN, "client: %s: %s; next attempt in %u ms", client->host,
             godwit_status_name(status), (unsigned)wait_ms);
  enter_state(client, GODWIT_CLIENT_WAITING, status);
}

void godwit_client_lose_session(struct godwit_client *client, int status) {
  client->stats.sessions_lost++;
  /* Otherwise a server that takes connections and nothing else would see a new
   * handshake each second. */
  if (godwit_platform_now_ms() - client->connected_ms >= SETTLED_MS) client->failures = 0;
  godwit_dtls_end(&client->dtls, true);
  wait_and_retry(client, status);
  godwit_exchange_end_session(client, status);
}

static void fail_attempt(struct godwit_client *client, int status) {
  client->stats.connect_failures++;
  if (status == GODWIT_ERR_CREDENTIALS) client->use_first = !client->use_first;
  godwit_dtls_end(&client->dtls, false);
  wait_and_retry(client, status);
}

void godwit_client_start(struct godwit_client *client) {
  if (client->state != GODWIT_CLIENT_STOPPED) return;
  client->failures = 0;
  client->wait_until_ms = godwit_platform_now_ms();
  enter_state(client, GODWIT_CLIENT_WAITING, GODWIT_OK);
}

void godwit_client_stop(struct godwit_client *client) {
  if (client->state == GODWIT_CLIENT_STOPPED) return;
  godwit_dtls_end(&client->dtls, client->state == GODWIT_CLIENT_CONNECTED);
  enter_state(client, GODWIT_CLIENT_STOPPED, GODWIT_OK);
  godwit_exchange_end_session(client, GODWIT_ERR_CONNECTION);
}

static bool is_address_literal(const char *host) {
  if (strchr(host, ':') != NULL) return true;
  for (; *host != '\0'; host++) {
    if (*host != '.' && (*host < '0' || *host > '9')) return false;
  }
  return true;
}

/* Which of the two keys: the newer one first; the other after a refusal. */
static bool uses_next_psk(const struct godwit_client *client) {
  return client->next_psk_size > 0 && !client->use_first;
}

int godwit_client_set_psk(struct godwit_client *client, const char *identity, const void *psk,
                          size_t psk_size) {
  if (!is_psk(identity, psk, psk_size)) return GODWIT_ERR_ARGUMENT;
  /* Not merely tried: one that was refused must not take the place of the one
   * that worked. */
  bool next_in_use = client->next_psk_size > 0 && client->next_has_worked;
  if (next_in_use || client->config.psk_size == 0) { /* what is in use becomes the first */
    memcpy(client->identity, next_in_use ? client->next_identity : identity,
           strlen(next_in_use ? client->next_identity : identity) + 1);
    memcpy(client->psk, next_in_use ? client->next_psk : psk,
           next_in_use ? client->next_psk_size : psk_size);
    client->config.psk_size = next_in_use ? client->next_psk_size : psk_size;
    client->in_session_first = true;
    client->next_has_worked = false;
    client->next_psk_size = 0;
    if (!next_in_use) return GODWIT_OK;
  }
  memcpy(client->next_identity, identity, strlen(identity) + 1);
  memcpy(client->next_psk, psk, psk_size);
  client->next_psk_size = psk_size;
  client->use_first = false;
  return GODWIT_OK;
}

const char *godwit_client_psk_identity(const struct godwit_client *client) {
  if (client->config.certificate != NULL) return "";
  bool next =
      client->state == GODWIT_CLIENT_CONNECTED ? !client->in_session_first : uses_next_psk(client);
  return next ? client->next_identity : client->identity;
}

static void begin_handshake(struct godwit_client *client, int socket) {
  const struct godwit_certificate *certificate = client->config.certificate;
  bool next = uses_next_psk(client);
  client->in_session_first = !next;
  const struct godwit_dtls_config config = {
      .server_name = is_address_literal(client->host) ? NULL : client->host,
      .identity = next ? client->next_identity : client->identity,
      .psk = next ? client->next_psk : client->psk,
      .psk_size = next ? client->next_psk_size : client->config.psk_size,
      .host = client->host,
      .certificate = certificate,
      .method = certificate == NULL ? NULL : certificate->method,
      .offer_connection_id = !client->config.no_connection_id,
      .handshake_timeout_ms = client->config.handshake_timeout_ms,
  };
  int status = godwit_dtls_begin(&client->dtls, socket, &config);
  if (status < 0) fail_attempt(client, status);
}

/* Name look-up may take several polls; it shares the handshake's time-out. */
static void open_socket(struct godwit_client *client, uint64_t now_ms) {
  int socket = godwit_platform_datagram_open(client->host, client->config.port);
  if (socket >= 0) {
    begin_handshake(client, socket);
  } else if (socket != GODWIT_DATAGRAM_PENDING) {
    fail_attempt(client, socket);
  } else if (now_ms - client->connect_ms >= client->config.handshake_timeout_ms) {
    fail_attempt(client, GODWIT_ERR_TIMEOUT);
  }
}

static void enter_connected(struct godwit_client *client, uint64_t now_ms) {
  client->stats.connects++;
  client->connected_ms = now_ms;
  client->refusals = 0;
  client->use_first = false; /* the next time, the newer key first again */
  client->next_has_worked = client->config.certificate == NULL && !client->in_session_first;
  client->received_ms = now_ms;
  client->last_error = GODWIT_OK;
  godwit_log(GODWIT_LOG_INFO, "client: connected to %s port %u%s", client->host,
             (unsigned)client->config.port,
             godwit_dtls_has_connection_id(&client->dtls) ? ", connection id" : "");
  godwit_exchange_begin_session(client);
  enter_state(client, GODWIT_CLIENT_CONNECTED, GODWIT_OK);
}

static void run_connecting(struct godwit_client *client, uint64_t now_ms) {
  if (!client->dtls.open) {
    open_socket(client, now_ms);
    if (!client->dtls.open) return;
  }
  int status = godwit_dtls_handshake(&client->dtls);
  if (status == GODWIT_OK) {
    enter_connected(client, now_ms);
  } else if (status < 0) {
    fail_attempt(client, status);
  }
}

/* The session goes on over a new socket: with Connection ID the server knows
 * us by it, not by our address. */
static bool move_session(struct godwit_client *client, uint64_t now_ms) {
  if (!godwit_dtls_has_connection_id(&client->dtls)) return false;
  int socket = godwit_platform_datagram_open(client->host, client->config.port);
  if (socket < 0) return false;
  client->moved_ms = now_ms;
  godwit_dtls_move(&client->dtls, socket);
  godwit_exchange_ping(client);
  return true;
}

/* Two refusals without a sign of life between them: nobody is there. One
 * could be the port's word on a datagram of long ago. */
static void heed_socket(struct godwit_client *client, uint64_t now_ms) {
  int error = godwit_dtls_take_socket_error(&client->dtls);
  if (error == GODWIT_ERR_CONNECTION) {
    if (++client->refusals >= 2) {
      godwit_client_lose_session(client, GODWIT_ERR_CONNECTION);
    } else {
      godwit_exchange_ping(client);
    }
  } else if (error < 0) {
    bool recently = client->moved_ms != 0 && now_ms - client->moved_ms < MOVE_PAUSE_MS;
    if (!recently && !move_session(client, now_ms)) godwit_client_lose_session(client, error);
  }
}

static void run(struct godwit_client *client) {
  uint64_t now_ms = godwit_platform_now_ms();
  if (client->state == GODWIT_CLIENT_WAITING && now_ms >= client->wait_until_ms) {
    client->connect_ms = now_ms;
    enter_state(client, GODWIT_CLIENT_CONNECTING, GODWIT_OK);
  }
  if (client->state == GODWIT_CLIENT_CONNECTING) run_connecting(client, now_ms);
  if (client->state == GODWIT_CLIENT_CONNECTED) {
    godwit_ota_send_reports(client);
    run_services(client, now_ms);
  }
  if (client->state == GODWIT_CLIENT_CONNECTED) godwit_exchange_run(client, now_ms);
  if (client->state == GODWIT_CLIENT_CONNECTED) heed_socket(client, now_ms);
}

void godwit_client_poll(struct godwit_client *client) {
  if (client->in_poll) return;
  client->in_poll = true;
  run(client);
  client->in_poll = false;
}

uint32_t godwit_client_next_timeout_ms(const struct godwit_client *client) {
  uint64_t now_ms = godwit_platform_now_ms();
  uint64_t due_ms = now_ms + TIMEOUT_MAX_MS;
  switch (client->state) {
    case GODWIT_CLIENT_STOPPED:
      break;
    case GODWIT_CLIENT_WAITING:
      due_ms = client->wait_until_ms;
      break;
    case GODWIT_CLIENT_CONNECTING:
      /* A name look-up has no socket to wait on. */
      due_ms = now_ms + (client->dtls.open ? godwit_dtls_timeout_ms(&client->dtls, now_ms) : 20u);
      break;
    case GODWIT_CLIENT_CONNECTED:
      due_ms = godwit_exchange_due_ms(client);
      if (client->ota.report_count > 0 && !client->ota.report_sent &&
          client->ota.report_not_before_ms < due_ms) {
        due_ms = client->ota.report_not_before_ms;
      }
      if (next_service_ms(client) < due_ms) due_ms = next_service_ms(client);
      break;
  }
  if (due_ms <= now_ms) return 0;
  return due_ms - now_ms > TIMEOUT_MAX_MS ? TIMEOUT_MAX_MS : (uint32_t)(due_ms - now_ms);
}

int godwit_client_socket(const struct godwit_client *client) { return client->dtls.socket; }

void godwit_client_wait(struct godwit_client *client, uint32_t timeout_ms) {
  uint32_t due_ms = godwit_client_next_timeout_ms(client);
  godwit_platform_datagram_wait(client->dtls.socket, due_ms < timeout_ms ? due_ms : timeout_ms);
}

enum godwit_client_state godwit_client_state(const struct godwit_client *client) {
  return client->state;
}

const char *godwit_client_state_name(enum godwit_client_state state) {
  static const char *const names[] = {"STOPPED", "WAITING", "CONNECTING", "CONNECTED"};
  return (unsigned)state < sizeof names / sizeof names[0] ? names[state] : "UNKNOWN";
}

bool godwit_client_has_connection_id(const struct godwit_client *client) {
  return client->state == GODWIT_CLIENT_CONNECTED && godwit_dtls_has_connection_id(&client->dtls);
}

int godwit_client_last_error(const struct godwit_client *client) { return client->last_error; }

void godwit_client_network_changed(struct godwit_client *client) {
  uint64_t now_ms = godwit_platform_now_ms();
  switch (client->state) {
    case GODWIT_CLIENT_STOPPED:
      return;
    case GODWIT_CLIENT_WAITING:
      break;
    case GODWIT_CLIENT_CONNECTING:
      fail_attempt(client, GODWIT_ERR_CONNECTION);
      break;
    case GODWIT_CLIENT_CONNECTED:
      if (move_session(client, now_ms)) return;
      godwit_client_lose_session(client, GODWIT_ERR_CONNECTION);
      break;
  }
  client->failures = 0;
  client->wait_until_ms = now_ms;
}

void godwit_client_stats(const struct godwit_client *client, struct godwit_client_stats *out) {
  *out = client->stats;
  out->datagrams_in = client->dtls.datagrams_in;
  out->datagrams_out = client->dtls.datagrams_out;
  out->bytes_in = client->dtls.bytes_in;
  out->bytes_out = client->dtls.bytes_out;
  out->pool_peak_bytes = client->pool.peak;
}
