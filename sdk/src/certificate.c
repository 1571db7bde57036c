/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates as a client's credentials. Nothing else of the SDK refers to
 * this file: it is linked where an application names the method. */
#include <string.h>

#include "client_internal.h"
#include "dtls.h"
#include "godwit/pki.h"
#include "mbedtls/pk.h"
#include "mbedtls/platform.h"
#include "mbedtls/x509_crt.h"

static const int certificate_suites[] = {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                                         MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CCM,
                                         MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8, 0};

/* In the client's pool, from begin to the end of the handshake. */
struct state {
  mbedtls_x509_crt chain, ca;
  mbedtls_pk_context key;
};

static void state_free(struct state *state) {
  mbedtls_pk_free(&state->key);
  mbedtls_x509_crt_free(&state->ca);
  mbedtls_x509_crt_free(&state->chain);
}

static int parse(struct state *state, const struct godwit_certificate *certificate) {
  mbedtls_x509_crt_init(&state->chain);
  mbedtls_x509_crt_init(&state->ca);
  mbedtls_pk_init(&state->key);
  int result = mbedtls_x509_crt_parse(&state->chain, certificate->chain, certificate->chain_size);
  if (result == 0) {
    result = mbedtls_pk_parse_key(&state->key, certificate->key, certificate->key_size, NULL, 0,
                                  godwit_dtls_random, NULL);
  }
  if (result == 0 && certificate->ca != NULL) {
    result = mbedtls_x509_crt_parse(&state->ca, certificate->ca, certificate->ca_size);
  }
  return result;
}

static bool has_fields(const struct godwit_certificate *certificate) {
  return certificate->chain != NULL && certificate->chain_size > 0 && certificate->key != NULL &&
         certificate->key_size > 0 &&
         (certificate->ca != NULL && certificate->ca_size > 0) != certificate->insecure_any_server;
}

/* In the pool that is entered, or will be at the handshake: what cannot be used
 * is found now and not at each attempt. */
static int check(struct godwit_pool *pool, const struct godwit_certificate *certificate) {
  struct state state;
  if (!has_fields(certificate)) return GODWIT_ERR_ARGUMENT;
  struct godwit_pool *before = godwit_pool_enter(pool);
  int result = parse(&state, certificate);
  if (result == 0) {
    result = mbedtls_pk_check_pair(&state.chain.pk, &state.key, godwit_dtls_random, NULL);
  }
  state_free(&state);
  godwit_pool_leave(before);
  if (result == 0) return GODWIT_OK;
  bool memory = result == MBEDTLS_ERR_X509_ALLOC_FAILED || result == MBEDTLS_ERR_PK_ALLOC_FAILED;
  return memory ? GODWIT_ERR_NO_MEMORY : GODWIT_ERR_ARGUMENT;
}

/* Of a calendar's fields; days are counted from March, so that a leap day is the
 * last of its year. */
static int64_t seconds_of(const mbedtls_x509_time *time) {
  int64_t year = time->mon <= 2 ? time->year - 1 : time->year;
  int64_t month = time->mon <= 2 ? time->mon + 9 : time->mon - 3;
  int64_t days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 +
                 time->day - 1 - 719468;
  return ((days * 24 + time->hour) * 60 + time->min) * 60 + time->sec;
}

static int check_time(void *context, mbedtls_x509_crt *crt, int depth, uint32_t *flags) {
  const struct godwit_certificate *certificate = context;
  (void)depth;
  int64_t now_s = certificate->unix_time_s == NULL ? 0 : certificate->unix_time_s(certificate->arg);
  if (now_s == 0) return 0;
  if (now_s > seconds_of(&crt->valid_to)) *flags |= MBEDTLS_X509_BADCERT_EXPIRED;
  if (now_s < seconds_of(&crt->valid_from)) *flags |= MBEDTLS_X509_BADCERT_FUTURE;
  return 0;
}

static int configure(struct godwit_dtls *dtls, const struct godwit_certificate *certificate) {
  struct state *state = mbedtls_calloc(1, sizeof *state);
  if (state == NULL) return MBEDTLS_ERR_SSL_ALLOC_FAILED;
  dtls->credentials = state;
  int result = parse(state, certificate);
  if (result == 0) {
    result = mbedtls_ssl_conf_own_cert(&dtls->config, &state->chain, &state->key);
  }
  mbedtls_ssl_conf_ciphersuites(&dtls->config, certificate_suites);
  mbedtls_ssl_conf_authmode(&dtls->config, certificate->insecure_any_server
                                               ? MBEDTLS_SSL_VERIFY_NONE
                                               : MBEDTLS_SSL_VERIFY_REQUIRED);
  mbedtls_ssl_conf_ca_chain(&dtls->config, &state->ca, NULL);
  mbedtls_ssl_conf_verify(&dtls->config, check_time, (void *)(uintptr_t)certificate);
  return result;
}

/* Which name the server's certificate must bear; mbedTLS sends it as SNI as
 * well, which is the name that was asked for all the same. */
static const char *expected_name(const struct godwit_certificate *certificate, const char *host) {
  if (certificate->any_server_name || certificate->insecure_any_server) return NULL;
  return certificate->server_name != NULL ? certificate->server_name : host;
}

/* The handshake is over, well or not: nothing of it is needed any more. The
 * config's list of own certificates points here, but is not followed again. */
static void release(struct godwit_dtls *dtls) {
  if (dtls->credentials == NULL) return;
  state_free(dtls->credentials);
  mbedtls_free(dtls->credentials);
  dtls->credentials = NULL;
}

const struct godwit_credential_method godwit_certificate_method = {
    .memory_size = GODWIT_CLIENT_CERTIFICATE_MEMORY_BYTES,
    .check = check,
    .configure = configure,
    .expected_name = expected_name,
    .release = release,
};

int godwit_client_set_certificate(struct godwit_client *client,
                                  const struct godwit_certificate *certificate) {
  if (certificate == NULL) {
    if (client->config.psk_size == 0) return GODWIT_ERR_STATE;
    client->config.certificate = NULL;
    return GODWIT_OK;
  }
  if (certificate->method != &godwit_certificate_method) return GODWIT_ERR_ARGUMENT;
  if (client->config.memory_size < GODWIT_CLIENT_CERTIFICATE_MEMORY_BYTES)
    return GODWIT_ERR_NO_MEMORY;
  int status = check(&client->pool, certificate);
  if (status == GODWIT_OK) client->config.certificate = certificate;
  return status;
}
