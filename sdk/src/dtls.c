/* SPDX-License-Identifier: Apache-2.0 */
#include "dtls.h"

#include <string.h>

#include "godwit/status.h"
#include "platform/clock.h"
#include "platform/datagram.h"
#include "platform/random.h"
#include "wire/record.h"

#define HANDSHAKE_RESEND_MS 1000u /* RFC 6347 4.2.4.1; doubles */

/* What the published servers speak, cheapest first. */
static const int psk_suites[] = {
    MBEDTLS_TLS_PSK_WITH_AES_128_GCM_SHA256, MBEDTLS_TLS_PSK_WITH_AES_128_CCM_8,
    MBEDTLS_TLS_PSK_WITH_AES_128_CCM, MBEDTLS_TLS_PSK_WITH_AES_128_CBC_SHA256, 0};

int godwit_dtls_random(void *context, unsigned char *data, size_t size) {
  (void)context;
  return godwit_platform_random(data, size) == 0 ? 0 : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

static int send_datagram(void *context, const unsigned char *data, size_t size) {
  struct godwit_dtls *dtls = context;
  dtls->datagrams_out++;
  dtls->bytes_out += size;
  int status = godwit_platform_datagram_send(dtls->socket, data, size);
  if (status < 0) dtls->socket_error = status;
  /* A datagram that the socket refused is a datagram lost: retransmission and
   * the client's own time-outs decide what follows. */
  return (int)size;
}

static int receive_datagram(void *context, unsigned char *data, size_t size) {
  struct godwit_dtls *dtls = context;
  int received = godwit_platform_datagram_receive(dtls->socket, data, size);
  if (received <= 0) {
    if (received < 0) dtls->socket_error = received;
    return MBEDTLS_ERR_SSL_WANT_READ;
  }
  dtls->datagrams_in++;
  dtls->bytes_in += (uint64_t)received;
  /* What is no record at all is not worth a word to mbedTLS; the next datagram
   * is read at the next poll. */
  size_t whole = gw_record_whole(data, (size_t)received, 0);
  return whole > 0 ? (int)whole : MBEDTLS_ERR_SSL_WANT_READ;
}

static void set_timer(void *context, uint32_t intermediate_ms, uint32_t final_ms) {
  struct godwit_dtls *dtls = context;
  dtls->timer.start_ms = godwit_platform_now_ms();
  dtls->timer.intermediate_ms = intermediate_ms;
  dtls->timer.final_ms = final_ms;
}

/* -1 off, 0 running, 1 intermediate delay over, 2 final delay over. */
static int get_timer(void *context) {
  const struct godwit_dtls *dtls = context;
  if (dtls->timer.final_ms == 0) return -1;
  uint64_t passed_ms = godwit_platform_now_ms() - dtls->timer.start_ms;
  if (passed_ms >= dtls->timer.final_ms) return 2;
  return passed_ms >= dtls->timer.intermediate_ms ? 1 : 0;
}

static int use_psk(struct godwit_dtls *dtls, const struct godwit_dtls_config *config) {
  mbedtls_ssl_conf_ciphersuites(&dtls->config, psk_suites);
  return mbedtls_ssl_conf_psk(&dtls->config, config->psk, config->psk_size,
                              (const unsigned char *)config->identity, strlen(config->identity));
}

static int configure(struct godwit_dtls *dtls, const struct godwit_dtls_config *config) {
  int result =
      mbedtls_ssl_config_defaults(&dtls->config, MBEDTLS_SSL_IS_CLIENT,
                                  MBEDTLS_SSL_TRANSPORT_DATAGRAM, MBEDTLS_SSL_PRESET_DEFAULT);
  if (result != 0) return result;
  mbedtls_ssl_conf_rng(&dtls->config, godwit_dtls_random, NULL);
  /* The time-out doubles from the first value and stops beyond the second, so
   * the sum of all waits is about twice the second: hence the half. */
  uint32_t last_ms = config->handshake_timeout_ms / 2;
  mbedtls_ssl_conf_handshake_timeout(
      &dtls->config, last_ms < HANDSHAKE_RESEND_MS ? last_ms : HANDSHAKE_RESEND_MS, last_ms);
  result = dtls->method == NULL ? use_psk(dtls, config)
                                : dtls->method->configure(dtls, config->certificate);
  if (result != 0) return result;
  /* Length 0: the server need not name us, our socket is ours alone. */
  return mbedtls_ssl_conf_cid(&dtls->config, 0, MBEDTLS_SSL_UNEXPECTED_CID_IGNORE);
}

static int prepare(struct godwit_dtls *dtls, const struct godwit_dtls_config *config) {
  int result = configure(dtls, config);
  if (result == 0) result = mbedtls_ssl_setup(&dtls->ssl, &dtls->config);
  const char *name = dtls->method == NULL
                         ? config->server_name
                         : dtls->method->expected_name(config->certificate, config->host);
  /* NULL is a word too: without any, mbedTLS would not verify at all. */
  if (result == 0) result = mbedtls_ssl_set_hostname(&dtls->ssl, name);
  if (result == 0 && config->offer_connection_id) {
    const unsigned char none = 0; /* mbedTLS copies from it, if only 0 bytes */
    result = mbedtls_ssl_set_cid(&dtls->ssl, MBEDTLS_SSL_CID_ENABLED, &none, 0);
  }
  return result;
}

int godwit_dtls_begin(struct godwit_dtls *dtls, int socket,
                      const struct godwit_dtls_config *config) {
  struct godwit_pool *before = godwit_pool_enter(dtls->pool);
  mbedtls_ssl_init(&dtls->ssl);
  mbedtls_ssl_config_init(&dtls->config);
  dtls->socket = socket;
  dtls->socket_error = GODWIT_OK;
  dtls->timer.final_ms = 0;
  dtls->open = true;
  dtls->connection_id = false;
  dtls->method = config->method;
  dtls->credentials = NULL;
  int result = prepare(dtls, config);
  mbedtls_ssl_set_bio(&dtls->ssl, dtls, send_datagram, receive_datagram, NULL);
  mbedtls_ssl_set_timer_cb(&dtls->ssl, dtls, set_timer, get_timer);
  godwit_pool_leave(before);
  if (result == 0) return GODWIT_OK;
  godwit_dtls_end(dtls, false);
  /* The only way in which setting up can fail: what is given was checked. */
  return GODWIT_ERR_NO_MEMORY;
}

static bool peer_gave_connection_id(struct godwit_dtls *dtls) {
  int enabled = MBEDTLS_SSL_CID_DISABLED;
  size_t length = 0;
  unsigned char id[MBEDTLS_SSL_CID_OUT_LEN_MAX];
  return mbedtls_ssl_get_peer_cid(&dtls->ssl, &enabled, id, &length) == 0 &&
         enabled == MBEDTLS_SSL_CID_ENABLED && length > 0;
}

/* What a handshake has come to; anything else is GODWIT_ERR_CONNECTION. */
static const struct {
  int16_t result;
  int8_t status;
} outcomes[] = {
    {0, GODWIT_OK},
    {MBEDTLS_ERR_SSL_WANT_READ, 1},
    {MBEDTLS_ERR_SSL_WANT_WRITE, 1},
    {MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE, GODWIT_ERR_CREDENTIALS},
    {MBEDTLS_ERR_X509_CERT_VERIFY_FAILED, GODWIT_ERR_UNTRUSTED},
    {MBEDTLS_ERR_SSL_BAD_CERTIFICATE, GODWIT_ERR_UNTRUSTED},
    {MBEDTLS_ERR_SSL_ALLOC_FAILED, GODWIT_ERR_NO_MEMORY},
    {MBEDTLS_ERR_MPI_ALLOC_FAILED, GODWIT_ERR_NO_MEMORY},
    {MBEDTLS_ERR_PK_ALLOC_FAILED, GODWIT_ERR_NO_MEMORY},
    {MBEDTLS_ERR_ECP_ALLOC_FAILED, GODWIT_ERR_NO_MEMORY},
    {MBEDTLS_ERR_X509_ALLOC_FAILED, GODWIT_ERR_NO_MEMORY},
    {MBEDTLS_ERR_SSL_TIMEOUT, GODWIT_ERR_TIMEOUT},
};

static int status_of(int result) {
  for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
    if (outcomes[i].result == result) return outcomes[i].status;
  }
  return GODWIT_ERR_CONNECTION;
}

int godwit_dtls_handshake(struct godwit_dtls *dtls) {
  struct godwit_pool *before = godwit_pool_enter(dtls->pool);
  int result = mbedtls_ssl_handshake(&dtls->ssl);
  if (result == 0) {
    dtls->connection_id = peer_gave_connection_id(dtls);
    if (dtls->method != NULL) dtls->method->release(dtls);
  }
  godwit_pool_leave(before);
  int status = status_of(result);
  /* Nobody listens: no use in waiting for the whole time-out. */
  if (status == 1 && godwit_dtls_take_socket_error(dtls) < 0) status = GODWIT_ERR_CONNECTION;
  return status;
}

uint32_t godwit_dtls_timeout_ms(const struct godwit_dtls *dtls, uint64_t now_ms) {
  if (dtls->timer.final_ms == 0) return UINT32_MAX;
  uint64_t due_ms = dtls->timer.start_ms + dtls->timer.final_ms;
  return due_ms <= now_ms ? 0 : (uint32_t)(due_ms - now_ms);
}

int godwit_dtls_send(struct godwit_dtls *dtls, const void *data, size_t size) {
  struct godwit_pool *before = godwit_pool_enter(dtls->pool);
  int result = mbedtls_ssl_write(&dtls->ssl, data, size);
  godwit_pool_leave(before);
  return result == (int)size ? GODWIT_OK : GODWIT_ERR_CONNECTION;
}

int godwit_dtls_receive(struct godwit_dtls *dtls, void *data, size_t size) {
  struct godwit_pool *before = godwit_pool_enter(dtls->pool);
  int result = mbedtls_ssl_read(&dtls->ssl, data, size);
  /* One record is one message: what did not fit is no part of the next. */
  uint8_t rest[16];
  while (result > 0 && mbedtls_ssl_get_bytes_avail(&dtls->ssl) > 0) {
    if (mbedtls_ssl_read(&dtls->ssl, rest, sizeof rest) <= 0) break;
    result = (int)size;
  }
  godwit_pool_leave(before);
  if (result > 0) return result;
  return result == MBEDTLS_ERR_SSL_WANT_READ ? 0 : GODWIT_ERR_CONNECTION;
}

int godwit_dtls_take_socket_error(struct godwit_dtls *dtls) {
  int error = dtls->socket_error;
  dtls->socket_error = GODWIT_OK;
  return error;
}

void godwit_dtls_move(struct godwit_dtls *dtls, int socket) {
  godwit_platform_datagram_close(dtls->socket);
  dtls->socket = socket;
  dtls->socket_error = GODWIT_OK;
}

bool godwit_dtls_has_connection_id(const struct godwit_dtls *dtls) { return dtls->connection_id; }

void godwit_dtls_end(struct godwit_dtls *dtls, bool notify) {
  if (!dtls->open) return;
  struct godwit_pool *before = godwit_pool_enter(dtls->pool);
  if (notify) (void)mbedtls_ssl_close_notify(&dtls->ssl);
  mbedtls_ssl_free(&dtls->ssl);
  mbedtls_ssl_config_free(&dtls->config);
  if (dtls->method != NULL) dtls->method->release(dtls);
  godwit_pool_leave(before);
  if (dtls->socket >= 0) godwit_platform_datagram_close(dtls->socket);
  dtls->socket = -1;
  dtls->open = false;
}
