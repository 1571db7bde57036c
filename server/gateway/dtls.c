/* SPDX-License-Identifier: Apache-2.0 */
/* A session's life. mbedTLS holds the DTLS state; its "network" is one
 * datagram that we hand it (session->incoming) and the socket's queue.
 *
 *   ClientHello without cookie  -> HelloVerifyRequest, nothing kept (hello.c)
 *   ClientHello with cookie     -> SESSION_HANDSHAKE, beside any open session
 *                                  of that address, which stays until the new
 *                                  one is proved
 *   Finished                    -> SESSION_OPEN, takes the address
 *   alert, silence, revocation  -> SESSION_DEAD, freed after the batch
 */
#define MBEDTLS_ALLOW_PRIVATE_ACCESS /* in_window_top: see move_if_newer */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/platform_util.h>

#include "server/core/log.h"
#include "server/core/pki.h"
#include "server/gateway/internal.h"
#include "wire/record.h"

#define CONTENT_HANDSHAKE 22u
#define MTU 1400u               /* certificate flights are cut to this; our messages are shorter */
#define SEEN_INTERVAL_MS 60000u /* how fine the core's lastSeen is */
/* Strangers cause these lines: a flood of them must not fill the disk. */
#define LOG_WINDOW_MS 10000u
#define LOG_LINES_PER_WINDOW 50u
/* First retransmission of a flight; doubles up to the handshake's own limit. */
#define FLIGHT_TIMEOUT_MIN_MS 1000u
#define FLIGHT_TIMEOUT_MAX_MS 16000u

/* ---- what mbedTLS calls ---- */

static int read_incoming(void *context, unsigned char *buffer, size_t size) {
  struct session *session = context;
  const uint8_t *datagram = session->incoming;
  session->incoming = NULL;
  if (datagram == NULL || session->incoming_size > size) return MBEDTLS_ERR_SSL_WANT_READ;
  memcpy(buffer, datagram, session->incoming_size);
  return (int)session->incoming_size;
}

static int write_outgoing(void *context, const unsigned char *data, size_t size) {
  struct session *session = context;
  udp_send(session->gateway->udp, &session->path, data, size);
  session->sent_ms = session->gateway->now_ms;
  return (int)size;
}

static void set_flight_timer(void *context, uint32_t intermediate_ms, uint32_t final_ms) {
  struct session *session = context;
  uint64_t now_ms = session->gateway->now_ms;
  session->flight_intermediate_ms = final_ms == 0 ? 0 : now_ms + intermediate_ms;
  session->flight_final_ms = final_ms == 0 ? 0 : now_ms + final_ms;
}

static int get_flight_timer(void *context) {
  const struct session *session = context;
  uint64_t now_ms = session->gateway->now_ms;
  if (session->flight_final_ms == 0) return -1;
  if (now_ms >= session->flight_final_ms) return 2;
  return now_ms >= session->flight_intermediate_ms ? 1 : 0;
}

/* Identities come from strangers: only what prints, and not too much of it. */
static void printable(char *text, size_t text_size, const uint8_t *data, size_t size) {
  size_t length = size < text_size - 1 ? size : text_size - 1;
  for (size_t i = 0; i < length; i++) text[i] = isprint(data[i]) ? (char)data[i] : '?';
  text[length] = '\0';
}

bool gateway_may_log(struct srv_gateway *gateway) {
  if (gateway->now_ms - gateway->log_window_ms >= LOG_WINDOW_MS) {
    if (gateway->log_skipped > 0)
      srv_log(SRV_LOG_WARNING, "gateway",
              "%u more lines about refused handshakes were left out; the status counts them",
              gateway->log_skipped);
    gateway->log_window_ms = gateway->now_ms;
    gateway->log_lines = gateway->log_skipped = 0;
  }
  bool room = gateway->log_lines < LOG_LINES_PER_WINDOW;
  *(room ? &gateway->log_lines : &gateway->log_skipped) += 1;
  return room;
}

static void log_refusal(const struct session *session, const uint8_t *identity, size_t size,
                        const char *why) {
  char name[SRV_IDENTITY_MAX + 1], from[UDP_PATH_TEXT_SIZE];
  if (!gateway_may_log(session->gateway)) return;
  printable(name, sizeof name, identity, size);
  srv_log(SRV_LOG_INFO, "gateway", "refused '%s' from %s: %s", name,
          udp_path_text(&session->path, from), why);
}

/* Non-zero makes mbedTLS send unknown_psk_identity. */
static int find_psk(void *context, mbedtls_ssl_context *ssl, const unsigned char *identity,
                    size_t size) {
  struct srv_gateway *gateway = context;
  struct session *session = mbedtls_ssl_get_user_data_p(ssl);
  struct srv_psk psk;
  int status = srv_core_find_psk(gateway->core, identity, size, &psk);
  if (status == SRV_ERR_FORBIDDEN) /* known, but switched off: what Golioth sends */
    mbedtls_ssl_send_alert_message(ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                   MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED);
  if (status != SRV_OK) {
    log_refusal(session, identity, size,
                status == SRV_ERR_FORBIDDEN   ? "the device is disabled"
                : status == SRV_ERR_NOT_FOUND ? "no credential has this identity"
                                              : srv_core_error(gateway->core));
    return -1;
  }
  int result = mbedtls_ssl_set_hs_psk(ssl, psk.key, psk.key_size);
  if (result == 0) {
    table_device_release(&gateway->table, session->device);
    session->device = table_device_acquire(&gateway->table, &psk.device);
    memcpy(session->credential_id, psk.credential_id, sizeof session->credential_id);
    if (session->device == NULL) result = -1;
  }
  mbedtls_platform_zeroize(&psk, sizeof psk);
  return result;
}

/* ---- a client's certificate ----
 *
 * Its subject says which project (O), and only that project's CAs are looked at.
 * All of this runs inside mbedtls_ssl_handshake of gateway->shaking, before the
 * client has proved that the key is its own: nothing is written here, see admit. */

struct peer {
  struct srv_peer_certificate certificate;
  const char *problem; /* what is wrong with its subject, else NULL */
  bool has_top;        /* ca_fingerprint is set */
  uint32_t flags;      /* of the whole chain: MBEDTLS_X509_BADCERT_... */
};

static void log_certificate(const struct session *session, const char *why) {
  char name[2 * SRV_NAME_MAX + 2];
  const struct srv_peer_certificate *certificate = &session->peer->certificate;
  int length =
      snprintf(name, sizeof name, "%s@%s", certificate->certificate_id, certificate->project_id);
  log_refusal(session, (const uint8_t *)name, (size_t)length, why);
}

static void add_candidate(void *context, const uint8_t *der, size_t size) {
  mbedtls_x509_crt_parse_der(context, der, size);
}

/* Candidates for whoever signed `child`; the first child of a handshake is the
 * client's own certificate. mbedTLS frees them. */
static int find_cas(void *context, mbedtls_x509_crt const *child, mbedtls_x509_crt **out) {
  struct srv_gateway *gateway = context;
  struct session *session = gateway->shaking;
  *out = NULL;
  if (session->peer == NULL) {
    session->peer = calloc(1, sizeof *session->peer);
    if (session->peer == NULL) return MBEDTLS_ERR_X509_ALLOC_FAILED;
    session->peer->problem = srv_x509_read_peer(child, &session->peer->certificate);
  }
  if (session->peer->problem != NULL) return 0;
  mbedtls_x509_crt *cas = calloc(1, sizeof *cas);
  if (cas == NULL) return MBEDTLS_ERR_X509_ALLOC_FAILED;
  mbedtls_x509_crt_init(cas);
  srv_core_each_ca(gateway->core, session->peer->certificate.project_id, add_candidate, cas);
  *out = cas;
  return 0;
}

static bool is_valid_now(const struct srv_gateway *gateway, const mbedtls_x509_crt *certificate) {
  int64_t now_us = srv_core_now_us(gateway->core);
  return now_us >= srv_x509_time_us(&certificate->valid_from) &&
         now_us <= srv_x509_time_us(&certificate->valid_to);
}

/* The chain is right: is it somebody whom we let in? */
static uint32_t check_peer(struct srv_gateway *gateway, const struct session *session) {
  int status = srv_core_check_certificate(gateway->core, &session->peer->certificate);
  if (status == SRV_OK) return 0;
  log_certificate(session, srv_core_error(gateway->core));
  return status == SRV_ERR_REVOKED ? MBEDTLS_X509_BADCERT_REVOKED : MBEDTLS_X509_BADCERT_OTHER;
}

static const char *chain_problem(uint32_t flags) {
  if ((flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0)
    return "no CA of its project signed the certificate";
  if ((flags & MBEDTLS_X509_BADCERT_EXPIRED) != 0)
    return "a certificate of its chain is expired or not valid yet";
  return "a certificate of its chain uses a key, signature or extension that is not taken";
}

/* Called from the CA at the end of the chain (or what came in its place) down
 * to the client's certificate, depth 0. The flags become the alert. */
static int verify_certificate(void *context, mbedtls_x509_crt *certificate, int depth,
                              uint32_t *flags) {
  struct srv_gateway *gateway = context;
  const struct session *session = gateway->shaking;
  struct peer *peer = session->peer;
  if (!peer->has_top) {
    srv_x509_fingerprint(certificate, peer->certificate.ca_fingerprint);
    peer->has_top = true;
  }
  if (!is_valid_now(gateway, certificate)) *flags |= MBEDTLS_X509_BADCERT_EXPIRED;
  peer->flags |= *flags;
  if (depth > 0) return 0;
  if (peer->problem != NULL) {
    *flags |= MBEDTLS_X509_BADCERT_OTHER;
    log_certificate(session, peer->problem);
  } else if (peer->flags != 0) {
    log_certificate(session, chain_problem(peer->flags));
  } else {
    *flags |= check_peer(gateway, session);
  }
  return 0;
}

/* The client has proved its key: now the device may be made, named, noted. */
static bool admit(struct session *session) {
  struct srv_gateway *gateway = session->gateway;
  struct srv_device_ref device;
  if (session->peer == NULL) return session->device != NULL;
  int status = srv_core_admit_certificate(gateway->core, &session->peer->certificate, &device,
                                          session->credential_id);
  if (status != SRV_OK) log_certificate(session, srv_core_error(gateway->core));
  free(session->peer);
  session->peer = NULL;
  session->is_certificate = true;
  if (status == SRV_OK) session->device = table_device_acquire(&gateway->table, &device);
  if (session->device != NULL) {
    session->admitted_next = gateway->admitted;
    gateway->admitted = session;
  }
  return session->device != NULL;
}

/* dtls_receive has checked the cookie before a session existed. */
static int cookie_was_checked(void *context, const unsigned char *cookie, size_t cookie_size,
                              const unsigned char *id, size_t id_size) {
  (void)context, (void)cookie, (void)cookie_size, (void)id, (void)id_size;
  return 0;
}

static int cookie_is_never_written(void *context, unsigned char **p, unsigned char *end,
                                   const unsigned char *id, size_t id_size) {
  (void)context, (void)p, (void)end, (void)id, (void)id_size;
  return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

/* ---- configuration ---- */

static const int suites[] = {MBEDTLS_TLS_PSK_WITH_AES_128_GCM_SHA256,
                             MBEDTLS_TLS_PSK_WITH_AES_128_CCM_8,
                             MBEDTLS_TLS_PSK_WITH_AES_128_CCM,
                             MBEDTLS_TLS_PSK_WITH_AES_128_CBC_SHA256,
                             MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                             MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CCM,
                             MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8,
                             0};

static int parse_identity(struct srv_gateway *gateway, const char *certificate, const char *key,
                          char *error, size_t error_size) {
  int result = mbedtls_x509_crt_parse(&gateway->certificate, (const unsigned char *)certificate,
                                      strlen(certificate) + 1);
  if (result != 0) {
    snprintf(error, error_size,
             "the DTLS certificate cannot be read (-0x%04x): PEM, EC P-256 or P-384, the "
             "server's own first",
             (unsigned)(result < 0 ? -result : result));
    return SRV_ERR_INVALID;
  }
  result = mbedtls_pk_parse_key(&gateway->key, (const unsigned char *)key, strlen(key) + 1, NULL, 0,
                                mbedtls_ctr_drbg_random, &gateway->random);
  if (result != 0 || !mbedtls_pk_can_do(&gateway->key, MBEDTLS_PK_ECDSA)) {
    snprintf(error, error_size,
             "the DTLS key cannot be read (-0x%04x): PEM without a pass phrase, EC P-256 or P-384",
             (unsigned)-result);
    return SRV_ERR_INVALID;
  }
  if (mbedtls_pk_check_pair(&gateway->certificate.pk, &gateway->key, mbedtls_ctr_drbg_random,
                            &gateway->random) != 0) {
    snprintf(error, error_size, "the DTLS key is not that of the DTLS certificate");
    return SRV_ERR_INVALID;
  }
  return SRV_OK;
}

/* Chains longer than a handshake message would fail with each client. */
static int check_chain_size(const struct srv_gateway *gateway, char *error, size_t error_size) {
  size_t size = 0;
  for (const mbedtls_x509_crt *c = &gateway->certificate; c != NULL; c = c->next)
    size += c->raw.len + 3;
  if (size + 64 <= MBEDTLS_SSL_OUT_CONTENT_LEN) return SRV_OK;
  snprintf(error, error_size,
           "the DTLS certificate and its chain have %zu bytes; at most %u fit a handshake message",
           size, MBEDTLS_SSL_OUT_CONTENT_LEN - 64u);
  return SRV_ERR_TOO_LARGE;
}

static int set_identity(struct srv_gateway *gateway, char *error, size_t error_size) {
  char certificate[SRV_X509_PEM_MAX] = "", key[SRV_X509_PEM_MAX] = "";
  const struct srv_gateway_config *config = &gateway->config;
  int status;
  if (config->certificate != NULL && config->key != NULL) {
    status = parse_identity(gateway, config->certificate, config->key, error, error_size);
  } else {
    snprintf(error, error_size, "a certificate for DTLS could not be made");
    status = srv_x509_make_identity(certificate, key);
    if (status == SRV_OK) status = parse_identity(gateway, certificate, key, error, error_size);
    mbedtls_platform_zeroize(key, sizeof key);
  }
  if (status == SRV_OK) status = check_chain_size(gateway, error, error_size);
  if (status != SRV_OK) return status;
  return mbedtls_ssl_conf_own_cert(&gateway->ssl_config, &gateway->certificate, &gateway->key) == 0
             ? SRV_OK
             : SRV_ERR_INTERNAL;
}

int dtls_init(struct srv_gateway *gateway, char *error, size_t error_size) {
  mbedtls_ssl_config *config = &gateway->ssl_config;
  mbedtls_entropy_init(&gateway->entropy);
  mbedtls_ctr_drbg_init(&gateway->random);
  mbedtls_ssl_config_init(config);
  mbedtls_x509_crt_init(&gateway->certificate);
  mbedtls_pk_init(&gateway->key);
  int result = mbedtls_ctr_drbg_seed(&gateway->random, mbedtls_entropy_func, &gateway->entropy,
                                     (const unsigned char *)"godwit gateway", 14);
  if (result == 0)
    result = mbedtls_ctr_drbg_random(&gateway->random, gateway->cookie_secret, HELLO_SECRET_SIZE);
  if (result == 0)
    result = mbedtls_ssl_config_defaults(
        config, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_DATAGRAM, MBEDTLS_SSL_PRESET_DEFAULT);
  if (result == 0)
    result = mbedtls_ssl_conf_cid(config, CID_SIZE, MBEDTLS_SSL_UNEXPECTED_CID_IGNORE);
  if (result != 0) {
    snprintf(error, error_size, "cannot set up DTLS: mbedTLS error -0x%04x", (unsigned)-result);
    return SRV_ERR_INTERNAL;
  }
  mbedtls_ssl_conf_rng(config, mbedtls_ctr_drbg_random, &gateway->random);
  mbedtls_ssl_conf_ciphersuites(config, suites);
  mbedtls_ssl_conf_psk_cb(config, find_psk, gateway);
  mbedtls_ssl_conf_dtls_cookies(config, cookie_is_never_written, cookie_was_checked, gateway);
  mbedtls_ssl_conf_handshake_timeout(config, FLIGHT_TIMEOUT_MIN_MS, FLIGHT_TIMEOUT_MAX_MS);
  /* Of clients without a pre-shared key only. */
  mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_REQUIRED);
  mbedtls_ssl_conf_ca_cb(config, find_cas, gateway);
  mbedtls_ssl_conf_verify(config, verify_certificate, gateway);
  return set_identity(gateway, error, error_size);
}

void dtls_deinit(struct srv_gateway *gateway) {
  mbedtls_ssl_config_free(&gateway->ssl_config);
  mbedtls_x509_crt_free(&gateway->certificate);
  mbedtls_pk_free(&gateway->key);
  mbedtls_ctr_drbg_free(&gateway->random);
  mbedtls_entropy_free(&gateway->entropy);
  mbedtls_platform_zeroize(gateway->cookie_secret, sizeof gateway->cookie_secret);
}

uint32_t gateway_random(struct srv_gateway *gateway) {
  uint32_t value = 0;
  mbedtls_ctr_drbg_random(&gateway->random, (unsigned char *)&value, sizeof value);
  return value;
}

/* ---- birth and death ---- */

static void session_free(struct session *session) {
  struct srv_gateway *gateway = session->gateway;
  timers_clear(&gateway->timers, &session->timer);
  mbedtls_ssl_free(&session->ssl);
  table_device_release(&gateway->table, session->device);
  free(session->peer);
  free(session);
}

static int session_setup(struct srv_gateway *gateway, struct session *session) {
  int result = mbedtls_ctr_drbg_random(&gateway->random, session->cid, CID_SIZE);
  if (result == 0) result = mbedtls_ssl_setup(&session->ssl, &gateway->ssl_config);
  if (result == 0)
    result = mbedtls_ssl_set_cid(&session->ssl, MBEDTLS_SSL_CID_ENABLED, session->cid, CID_SIZE);
  if (result != 0) return result;
  mbedtls_ssl_set_user_data_p(&session->ssl, session);
  mbedtls_ssl_set_bio(&session->ssl, session, write_outgoing, read_incoming, NULL);
  mbedtls_ssl_set_timer_cb(&session->ssl, session, set_flight_timer, get_flight_timer);
  mbedtls_ssl_set_mtu(&session->ssl, MTU);
  return 0;
}

static struct session *session_create(struct srv_gateway *gateway, const struct udp_path *path,
                                      const struct client_hello *hello) {
  struct session_table *table = &gateway->table;
  size_t count = table->open_list.count + table->handshake_list.count + table->dead_list.count;
  if (!timers_reserve(&gateway->timers, count + 1)) return NULL;
  struct session *session = calloc(1, sizeof *session);
  if (session == NULL) return NULL;
  session->gateway = gateway;
  session->path = *path;
  session->started_ms = session->received_ms = session->sent_ms = gateway->now_ms;
  memcpy(session->client_random, hello->random, HELLO_RANDOM_SIZE);
  mbedtls_ssl_init(&session->ssl);
  if (session_setup(gateway, session) != 0) {
    session_free(session);
    return NULL;
  }
  session->next_message_id = (uint16_t)gateway_random(gateway);
  table_add_handshake(table, session);
  return session;
}

void session_end(struct session *session, bool polite) {
  struct srv_gateway *gateway = session->gateway;
  if (session->state == SESSION_DEAD) return;
  bool was_open = session->state == SESSION_OPEN;
  if (polite && was_open) mbedtls_ssl_close_notify(&session->ssl);
  coap_forget_session(session);
  table_bury(&gateway->table, session);
  timers_clear(&gateway->timers, &session->timer);
  if (was_open && session->device->sessions == NULL)
    srv_core_device_offline(gateway->core, &session->device->ref);
}

void dtls_reap(struct srv_gateway *gateway) {
  struct session *session;
  while ((session = table_take_dead(&gateway->table)) != NULL) session_free(session);
}

static void end_revoked_in(const struct session_list *list) {
  for (struct session *s = list->first, *next; s != NULL; s = next) {
    next = s->list_next;
    if (s->revoked || (s->device != NULL && s->device->revoked)) session_end(s, true);
  }
}

void dtls_end_revoked(struct srv_gateway *gateway) {
  if (!gateway->revocations) return;
  gateway->revocations = false;
  end_revoked_in(&gateway->table.open_list);
  end_revoked_in(&gateway->table.handshake_list);
}

void dtls_committed(struct srv_gateway *gateway, bool saved) {
  for (struct session *s = gateway->admitted; s != NULL && !saved; s = s->admitted_next)
    s->revoked = gateway->revocations = true;
  gateway->admitted = NULL;
}

/* Somebody else proved to be at this session's address. Without a Connection
 * ID it cannot be reached any more; with one it may turn up elsewhere. */
static void address_lost(struct session *previous) {
  if (previous == NULL) return;
  if (previous->has_cid)
    previous->quiet = true;
  else
    session_end(previous, false);
}

/* ---- records ---- */

void session_send(struct session *session, const uint8_t *message, size_t size) {
  if (session->state != SESSION_OPEN) return;
  /* Fails only for want of memory or a datagram beyond the MTU; the peer then
   * sees a lost datagram. */
  mbedtls_ssl_write(&session->ssl, message, size);
}

static void tell_online(struct session *session) {
  struct srv_gateway *gateway = session->gateway;
  session->told_ms = gateway->now_ms;
  srv_core_device_online(gateway->core, &session->device->ref);
  srv_core_credential_used(gateway->core, &session->device->ref, session->credential_id,
                           session->is_certificate);
}

static void log_failure(const struct session *session, int result) {
  char from[UDP_PATH_TEXT_SIZE];
  if (!gateway_may_log(session->gateway)) return;
  srv_log(SRV_LOG_INFO, "gateway", "handshake with %s failed: %s (-0x%04x)",
          udp_path_text(&session->path, from),
          result == MBEDTLS_ERR_SSL_INVALID_MAC           ? "wrong pre-shared key"
          : result == MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY    ? "identity refused"
          : result == MBEDTLS_ERR_SSL_TIMEOUT             ? "no answer"
          : result == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED ? "certificate refused"
                                                          : "protocol error",
          (unsigned)-result);
}

/* Where mbedTLS falls silent, the client would wait for its own time-out. */
static void alert_failure(struct session *session, int result) {
  if (result == MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE)
    mbedtls_ssl_send_alert_message(&session->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                   MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE);
  else if (result == MBEDTLS_ERR_ECP_VERIFY_FAILED) /* not the key of its certificate */
    mbedtls_ssl_send_alert_message(&session->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                   MBEDTLS_SSL_ALERT_MSG_DECRYPT_ERROR);
}

static void handshake_failed(struct session *session, int result) {
  alert_failure(session, result);
  session->gateway->stats.handshakes_failed++;
  log_failure(session, result);
  session_end(session, false);
}

static void end_most_silent(const struct device *device) {
  struct session *silent = device->sessions;
  for (struct session *s = device->sessions; s != NULL; s = s->device_next)
    if (s->received_ms <= silent->received_ms) silent = s; /* of equals the oldest, which is last */
  session_end(silent, true);
}

static size_t session_count(const struct device *device) {
  size_t count = 0;
  for (const struct session *s = device->sessions; s != NULL; s = s->device_next) count++;
  return count;
}

static void session_opened(struct session *session) {
  struct srv_gateway *gateway = session->gateway;
  int cid_enabled = MBEDTLS_SSL_CID_DISABLED;
  if (!admit(session)) { /* refused between certificate and Finished, or no disk */
    mbedtls_ssl_send_alert_message(&session->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                   MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED);
    handshake_failed(session, MBEDTLS_ERR_X509_CERT_VERIFY_FAILED);
    return;
  }
  mbedtls_ssl_get_peer_cid(&session->ssl, &cid_enabled, NULL, NULL);
  session->has_cid = cid_enabled == MBEDTLS_SSL_CID_ENABLED;
  gateway->stats.handshakes_ok++;
  if (session_count(session->device) >= gateway->config.sessions_per_device)
    end_most_silent(session->device);
  address_lost(table_open(&gateway->table, session));
  tell_online(session);
}

/* One step; false when there is no open session afterwards. */
static bool shake_hands(struct session *session) {
  int result;
  session->gateway->shaking = session;
  do { /* once more when a due retransmission kept mbedTLS from reading */
    result = mbedtls_ssl_handshake(&session->ssl);
  } while (result == MBEDTLS_ERR_SSL_WANT_READ && session->incoming != NULL);
  if (result == MBEDTLS_ERR_SSL_WANT_READ) return false;
  if (result == 0)
    session_opened(session);
  else
    handshake_failed(session, result);
  return session->state == SESSION_OPEN;
}

/* RFC 9146 6: a record moves its session only when it is authentic, which
 * mbedTLS has just found, and newer than all before, which the top of its
 * replay window tells: a replayed or delayed record cannot call it back. */
static void move_if_newer(struct session *session, const struct udp_path *path,
                          uint64_t top_before) {
  if (session->ssl.in_window_top <= top_before) return;
  memcpy(session->path.local, path->local, sizeof path->local);
  if (udp_path_same_peer(&session->path, path) && session->by_address) return;
  session->gateway->stats.address_changes++;
  address_lost(table_move(&session->gateway->table, session, path));
}

/* A record was authentic: the peer lives, whatever it says. */
static void note_life(struct session *session) {
  session->received_ms = session->gateway->now_ms;
  session->quiet = false;
  gw_retransmit_stop(&session->ping);
  observe_wake(session);
  if (session->received_ms - session->told_ms >= SEEN_INTERVAL_MS) tell_online(session);
}

static void read_records(struct session *session, const struct udp_path *path) {
  uint8_t message[MBEDTLS_SSL_IN_CONTENT_LEN];
  while (session->state == SESSION_OPEN) {
    uint64_t top = session->ssl.in_window_top;
    int result = mbedtls_ssl_read(&session->ssl, message, sizeof message);
    if (result > 0) {
      move_if_newer(session, path, top);
      note_life(session);
      coap_receive(session, message, (size_t)result);
    } else if (result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE) {
      if (session->incoming == NULL) return;
    } else if (result == 0 || result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY ||
               result == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) {
      session_end(session, result != MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE);
    } else {
      session_end(session, true);
    }
  }
}

static void feed(struct session *session, const uint8_t *datagram, size_t size,
                 const struct udp_path *path) {
  session->incoming = datagram;
  session->incoming_size = size;
  if (session->state == SESSION_OPEN || shake_hands(session)) read_records(session, path);
  session->incoming = NULL;
  dtls_schedule(session);
}

/* ---- datagrams ---- */

static void answer_hello(struct srv_gateway *gateway, const struct udp_path *path,
                         const struct client_hello *hello) {
  uint8_t cookie[HELLO_COOKIE_SIZE], message[HELLO_VERIFY_SIZE];
  hello_cookie_make(gateway->cookie_secret, (uint32_t)(gateway->now_ms / 1000), path, hello,
                    cookie);
  hello_verify_write(hello, cookie, message);
  udp_send(gateway->udp, path, message, sizeof message);
  gateway->stats.hellos++;
}

/* The oldest half-open handshake gives way: an honest one takes two round
 * trips, so a flood has to be very fast to push it out. */
static bool room_for_handshake(struct srv_gateway *gateway) {
  struct session_table *table = &gateway->table;
  if (table->handshake_list.count >= gateway->config.handshakes_max)
    handshake_failed(table->handshake_list.first, MBEDTLS_ERR_SSL_TIMEOUT);
  return table->open_list.count + table->handshake_list.count < gateway->config.sessions_max;
}

static bool same_hello(const struct session *session, const struct client_hello *hello) {
  return session != NULL && memcmp(session->client_random, hello->random, HELLO_RANDOM_SIZE) == 0;
}

static void receive_hello(struct srv_gateway *gateway, const uint8_t *datagram, size_t size,
                          const struct udp_path *path) {
  struct client_hello hello;
  if (!hello_parse(datagram, size, &hello)) {
    gateway->stats.datagrams_dropped++;
    return;
  }
  if (!hello_cookie_check(gateway->cookie_secret, (uint32_t)(gateway->now_ms / 1000), path,
                          &hello)) {
    answer_hello(gateway, path, &hello);
    return;
  }
  if (same_hello(table_find_open(&gateway->table, path), &hello)) return; /* a late duplicate */
  struct session *session = table_find_handshake(&gateway->table, path);
  if (session != NULL && !same_hello(session, &hello)) { /* the peer has started anew */
    session_end(session, false);
    session = NULL;
  }
  if (session == NULL && room_for_handshake(gateway))
    session = session_create(gateway, path, &hello);
  if (session == NULL) {
    gateway->stats.datagrams_dropped++;
    return;
  }
  feed(session, datagram, size, path);
}

static struct session *find_session(struct srv_gateway *gateway, const uint8_t *datagram,
                                    size_t size, const struct udp_path *path) {
  if (datagram[0] == GW_RECORD_TLS12_CID) {
    if (size < GW_RECORD_HEADER_SIZE + CID_SIZE) return NULL;
    struct session *session = table_find_cid(&gateway->table, datagram + 11);
    bool elsewhere = session != NULL && !udp_path_same_peer(&session->path, path);
    return elsewhere && session->state == SESSION_HANDSHAKE ? NULL : session;
  }
  struct session *open = table_find_open(&gateway->table, path);
  struct session *handshake = table_find_handshake(&gateway->table, path);
  if (open == NULL || handshake == NULL) return open != NULL ? open : handshake;
  bool plaintext = datagram[3] == 0 && datagram[4] == 0;
  return plaintext || datagram[0] == CONTENT_HANDSHAKE ? handshake : open;
}

void dtls_receive(struct srv_gateway *gateway, const uint8_t *datagram, size_t size,
                  const struct udp_path *path) {
  size = gw_record_whole(datagram, size, CID_SIZE);
  if (hello_is_client_hello(datagram, size)) {
    receive_hello(gateway, datagram, size, path);
    return;
  }
  struct session *session =
      size > GW_RECORD_HEADER_SIZE ? find_session(gateway, datagram, size, path) : NULL;
  if (session == NULL)
    gateway->stats.datagrams_dropped++;
  else
    feed(session, datagram, size, path);
}

/* ---- timers ---- */

static uint64_t earlier(uint64_t a, uint64_t b) { return a < b ? a : b; }

static uint64_t due_ms(const struct session *session) {
  const struct srv_gateway_config *config = &session->gateway->config;
  if (session->state == SESSION_DEAD) return TIMER_NEVER;
  if (session->state == SESSION_OPEN)
    return earlier(session->received_ms + config->idle_timeout_s * UINT64_C(1000),
                   coap_due_ms(session));
  uint64_t limit = session->started_ms + config->handshake_timeout_s * UINT64_C(1000);
  return session->flight_final_ms == 0 ? limit : earlier(limit, session->flight_final_ms);
}

void dtls_schedule(struct session *session) {
  uint64_t due = due_ms(session);
  if (session->timer.position == 0 || due < session->timer.due_ms)
    timers_set(&session->gateway->timers, &session->timer, due);
}

static void handshake_timer(struct session *session) {
  const struct srv_gateway *gateway = session->gateway;
  if (gateway->now_ms >= session->started_ms + gateway->config.handshake_timeout_s * UINT64_C(1000))
    handshake_failed(session, MBEDTLS_ERR_SSL_TIMEOUT);
  else if (session->flight_final_ms != 0 && gateway->now_ms >= session->flight_final_ms)
    shake_hands(session);
}

void dtls_timer(struct session *session) {
  struct srv_gateway *gateway = session->gateway;
  if (session->state == SESSION_HANDSHAKE)
    handshake_timer(session);
  else if (gateway->now_ms >=
           session->received_ms + gateway->config.idle_timeout_s * UINT64_C(1000))
    session_end(session, true);
  else
    coap_timer(session);
  timers_set(&gateway->timers, &session->timer, due_ms(session));
}
