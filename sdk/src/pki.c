/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, certificate requests, renewal. */
#include "godwit/pki.h"

#include <string.h>

#include "client_internal.h"
#include "dtls.h"
#include "mbedtls/ecp.h"
#include "mbedtls/pk.h"
#include "mbedtls/platform_util.h"
#include "mbedtls/x509_crt.h"
#include "mbedtls/x509_csr.h"

#define SUBJECT_MAX (2u * 3u * GODWIT_PKI_NAME_MAX + sizeof "CN=,O=")

/* mbedTLS works in the caller's memory from begin to end. */
struct work {
  struct godwit_pool pool;
  struct godwit_pool *before;
};

static int begin(struct work *work, void *memory, size_t memory_size) {
  if (memory == NULL || memory_size < GODWIT_PKI_MEMORY_BYTES) return GODWIT_ERR_NO_MEMORY;
  godwit_pool_init(&work->pool, memory, memory_size);
  work->before = godwit_pool_enter(&work->pool);
  return GODWIT_OK;
}

/* Key material has lain there. */
static void end(struct work *work, void *memory, size_t memory_size) {
  godwit_pool_leave(work->before);
  godwit_pool_deinit(&work->pool);
  mbedtls_platform_zeroize(memory, memory_size);
}

static int status_of(int result) {
  switch (result) {
    case MBEDTLS_ERR_MPI_ALLOC_FAILED:
    case MBEDTLS_ERR_PK_ALLOC_FAILED:
    case MBEDTLS_ERR_X509_ALLOC_FAILED:
    case MBEDTLS_ERR_ASN1_ALLOC_FAILED:
    case MBEDTLS_ERR_ASN1_BUF_TOO_SMALL:
      return GODWIT_ERR_NO_MEMORY;
    case MBEDTLS_ERR_SSL_INTERNAL_ERROR: /* of godwit_dtls_random */
    case MBEDTLS_ERR_ECP_RANDOM_FAILED:
      return GODWIT_ERR_IO;
    default:
      return GODWIT_ERR_ARGUMENT;
  }
}

/* mbedTLS writes at the end of a buffer. */
static int to_front(uint8_t *buffer, size_t buffer_size, int size) {
  if (size <= 0) return size == 0 ? GODWIT_ERR_ARGUMENT : status_of(size);
  memmove(buffer, buffer + buffer_size - (size_t)size, (size_t)size);
  return size;
}

int godwit_pki_make_key(void *memory, size_t memory_size, uint8_t key[GODWIT_PKI_KEY_MAX]) {
  struct work work;
  mbedtls_pk_context pk;
  int status = begin(&work, memory, memory_size);
  if (status < 0) return status;
  mbedtls_pk_init(&pk);
  int result = mbedtls_pk_setup(&pk, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
  if (result == 0) {
    result =
        mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(pk), godwit_dtls_random, NULL);
  }
  if (result == 0) result = mbedtls_pk_write_key_der(&pk, key, GODWIT_PKI_KEY_MAX);
  mbedtls_pk_free(&pk);
  end(&work, memory, memory_size);
  return to_front(key, GODWIT_PKI_KEY_MAX, result);
}

/* Every byte as \HH, so that none is syntax to mbedTLS. */
static char *append_escaped(char *out, const char *text) {
  static const char digit[] = "0123456789ABCDEF";
  for (; *text != '\0'; text++) {
    *out++ = '\\';
    *out++ = digit[(uint8_t)*text >> 4];
    *out++ = digit[(uint8_t)*text & 15];
  }
  *out = '\0';
  return out;
}

static bool is_name(const char *text) {
  if (text == NULL || text[0] == '\0') return false;
  for (size_t i = 0; i <= GODWIT_PKI_NAME_MAX; i++) {
    if (text[i] == '\0') return true;
  }
  return false;
}

static int write_csr(const uint8_t *key, size_t key_size, const char *subject,
                     uint8_t csr[GODWIT_PKI_CSR_MAX]) {
  mbedtls_pk_context pk;
  mbedtls_x509write_csr writer;
  mbedtls_pk_init(&pk);
  mbedtls_x509write_csr_init(&writer);
  mbedtls_x509write_csr_set_md_alg(&writer, MBEDTLS_MD_SHA256);
  mbedtls_x509write_csr_set_key(&writer, &pk);
  int result = mbedtls_pk_parse_key(&pk, key, key_size, NULL, 0, godwit_dtls_random, NULL);
  if (result == 0) result = mbedtls_x509write_csr_set_subject_name(&writer, subject);
  if (result == 0) {
    result = mbedtls_x509write_csr_der(&writer, csr, GODWIT_PKI_CSR_MAX, godwit_dtls_random, NULL);
  }
  mbedtls_x509write_csr_free(&writer);
  mbedtls_pk_free(&pk);
  return result;
}

int godwit_pki_make_csr(void *memory, size_t memory_size, const uint8_t *key, size_t key_size,
                        const char *project, const char *name, uint8_t csr[GODWIT_PKI_CSR_MAX]) {
  struct work work;
  char subject[SUBJECT_MAX];
  if (!is_name(project) || !is_name(name)) return GODWIT_ERR_ARGUMENT;
  memcpy(subject, "CN=", 4);
  char *rest = append_escaped(subject + 3, name);
  memcpy(rest, ",O=", 4);
  append_escaped(rest + 3, project);
  int status = begin(&work, memory, memory_size);
  if (status < 0) return status;
  int result = write_csr(key, key_size, subject, csr);
  end(&work, memory, memory_size);
  return to_front(csr, GODWIT_PKI_CSR_MAX, result);
}

/* --- renewal ------------------------------------------------------------------------ */

/* Is this, whole, a certificate of our new key? */
static bool is_of_key(struct godwit_pki_renewal *renewal) {
  struct work work;
  mbedtls_pk_context pk;
  mbedtls_x509_crt crt;
  if (begin(&work, renewal->memory, renewal->memory_size) < 0) return false;
  mbedtls_pk_init(&pk);
  mbedtls_x509_crt_init(&crt);
  int result = mbedtls_x509_crt_parse_der(&crt, renewal->certificate, renewal->certificate_size);
  if (result == 0) {
    result = mbedtls_pk_parse_key(&pk, renewal->key, renewal->key_size, NULL, 0, godwit_dtls_random,
                                  NULL);
  }
  if (result == 0) result = mbedtls_pk_check_pair(&crt.pk, &pk, godwit_dtls_random, NULL);
  mbedtls_x509_crt_free(&crt);
  mbedtls_pk_free(&pk);
  end(&work, renewal->memory, renewal->memory_size);
  return result == 0;
}

static int on_response(struct godwit_client *client, const struct godwit_response *response,
                       void *arg) {
  struct godwit_pki_renewal *renewal = arg;
  int status = response->status;
  renewal->code = response->code;
  if (status == GODWIT_OK) {
    renewal->certificate_size = response->payload_size;
    if (response->payload_size > GODWIT_PKI_CERTIFICATE_MAX) renewal->certificate_size = 0;
    if (renewal->certificate_size > 0) {
      memcpy(renewal->certificate, response->payload, renewal->certificate_size);
    }
    /* One that came in several blocks is cut here and no certificate. */
    if (!is_of_key(renewal)) status = GODWIT_ERR_FORMAT;
  }
  if (status != GODWIT_OK) renewal->certificate_size = 0;
  if (renewal->done != NULL) renewal->done(client, renewal, status, renewal->arg);
  return 0;
}

static int prepare(struct godwit_pki_renewal *renewal) {
  if (renewal->key_size == 0) {
    int size = godwit_pki_make_key(renewal->memory, renewal->memory_size, renewal->key);
    if (size < 0) return size;
    renewal->key_size = (size_t)size;
    renewal->csr_size = 0;
  }
  if (renewal->csr_size > 0) return GODWIT_OK;
  int size = godwit_pki_make_csr(renewal->memory, renewal->memory_size, renewal->key,
                                 renewal->key_size, renewal->project, renewal->name, renewal->csr);
  if (size < 0) return size;
  renewal->csr_size = (size_t)size;
  return GODWIT_OK;
}

int godwit_pki_renew(struct godwit_client *client, struct godwit_pki_renewal *renewal) {
  if (client->state != GODWIT_CLIENT_CONNECTED) return GODWIT_ERR_CONNECTION;
  if (godwit_exchange_has_request(client, &renewal->request)) return GODWIT_ERR_STATE;
  int status = prepare(renewal);
  if (status < 0) return status;
  renewal->certificate_size = 0;
  renewal->code = 0;
  renewal->request = (struct godwit_request){.method = GODWIT_POST,
                                             .path = "/v1/csr",
                                             .content_format = GODWIT_FORMAT_OCTETS,
                                             .accept = GODWIT_FORMAT_OCTETS,
                                             .payload = renewal->csr,
                                             .payload_size = renewal->csr_size,
                                             .on_response = on_response,
                                             .arg = renewal};
  return godwit_client_request(client, &renewal->request);
}
