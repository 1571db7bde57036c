/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/pki.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <mbedtls/ecp.h>
#include <mbedtls/pem.h>
#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>
#include <mbedtls/x509_csr.h>

#include "tests/support/test.h"

static int random_bytes(void *context, unsigned char *out, size_t size) {
  (void)context;
  return getrandom(out, size, 0) == (ssize_t)size ? 0 : -1;
}

static void load_key(mbedtls_pk_context *key, const struct pki_certificate *from) {
  mbedtls_pk_init(key);
  assert_int_equal(0, mbedtls_pk_parse_key(key, (const uint8_t *)from->key, strlen(from->key) + 1,
                                           NULL, 0, random_bytes, NULL));
}

static void new_key(mbedtls_pk_context *key, bool p384) {
  mbedtls_pk_init(key);
  assert_int_equal(0, mbedtls_pk_setup(key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)));
  assert_int_equal(0,
                   mbedtls_ecp_gen_key(p384 ? MBEDTLS_ECP_DP_SECP384R1 : MBEDTLS_ECP_DP_SECP256R1,
                                       mbedtls_pk_ec(*key), random_bytes, NULL));
}

static void time_text(char out[16], int64_t seconds) {
  struct tm utc;
  time_t time = (time_t)seconds;
  gmtime_r(&time, &utc);
  strftime(out, 16, "%Y%m%d%H%M%S", &utc);
}

static void set_extensions(mbedtls_x509write_cert *writer, const struct pki_wish *wish) {
  static const uint8_t zeros[4096];
  if (!wish->no_usage) {
    assert_int_equal(0, mbedtls_x509write_crt_set_basic_constraints(writer, wish->is_ca, -1));
    assert_int_equal(0, mbedtls_x509write_crt_set_key_usage(
                            writer, wish->is_ca ? MBEDTLS_X509_KU_KEY_CERT_SIGN
                                                : MBEDTLS_X509_KU_DIGITAL_SIGNATURE));
  }
  if (wish->padding > 0)
    assert_int_equal(
        0, mbedtls_x509write_crt_set_extension(writer, "\x2a\x03\x04", 3, 0, zeros, wish->padding));
}

void pki_make(struct pki_certificate *out, struct pki_wish wish) {
  mbedtls_x509write_cert writer;
  mbedtls_pk_context key, issuer_key;
  char from[16], to[16];
  uint8_t serial[8], buffer[8192];
  size_t written;
  memset(out, 0, sizeof *out);
  snprintf(out->subject, sizeof out->subject, "%s", wish.subject);
  if (wish.key_of != NULL)
    load_key(&key, wish.key_of);
  else
    new_key(&key, wish.p384);
  assert_int_equal(0, mbedtls_pk_write_key_pem(&key, (uint8_t *)out->key, sizeof out->key));
  load_key(&issuer_key, wish.issuer != NULL ? wish.issuer : out);
  time_text(from, wish.from_s != 0 ? wish.from_s : PKI_NOW_S - PKI_DAY_S);
  time_text(to, wish.to_s != 0 ? wish.to_s : PKI_NOW_S + 365 * PKI_DAY_S);
  mbedtls_x509write_crt_init(&writer);
  mbedtls_x509write_crt_set_md_alg(&writer, MBEDTLS_MD_SHA256);
  mbedtls_x509write_crt_set_subject_key(&writer, &key);
  mbedtls_x509write_crt_set_issuer_key(&writer, &issuer_key);
  assert_int_equal(0, mbedtls_x509write_crt_set_subject_name(&writer, wish.subject));
  assert_int_equal(0, mbedtls_x509write_crt_set_issuer_name(
                          &writer, wish.issuer != NULL ? wish.issuer->subject : wish.subject));
  assert_int_equal(0, random_bytes(NULL, serial, sizeof serial));
  serial[0] = 0x41;
  assert_int_equal(0, mbedtls_x509write_crt_set_serial_raw(&writer, serial, sizeof serial));
  assert_int_equal(0, mbedtls_x509write_crt_set_validity(&writer, from, to));
  set_extensions(&writer, &wish);
  int size = mbedtls_x509write_crt_der(&writer, buffer, sizeof buffer, random_bytes, NULL);
  assert_true(size > 0);
  const uint8_t *der = buffer + sizeof buffer - size;
  out->der_size = (size_t)size;
  if (out->der_size <= sizeof out->der) memcpy(out->der, der, out->der_size);
  assert_int_equal(
      0, mbedtls_pem_write_buffer("-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n",
                                  der, (size_t)size, (uint8_t *)out->certificate,
                                  sizeof out->certificate, &written));
  mbedtls_x509write_crt_free(&writer);
  mbedtls_pk_free(&issuer_key);
  mbedtls_pk_free(&key);
}

void pki_append(struct pki_certificate *first, const struct pki_certificate *second) {
  size_t length = strlen(first->certificate);
  assert_true(length + strlen(second->certificate) < sizeof first->certificate);
  strcpy(first->certificate + length, second->certificate);
}

size_t pki_request(uint8_t out[2048], const char *subject, const struct pki_certificate *key) {
  mbedtls_x509write_csr writer;
  mbedtls_pk_context pk;
  load_key(&pk, key);
  mbedtls_x509write_csr_init(&writer);
  mbedtls_x509write_csr_set_md_alg(&writer, MBEDTLS_MD_SHA256);
  mbedtls_x509write_csr_set_key(&writer, &pk);
  assert_int_equal(0, mbedtls_x509write_csr_set_subject_name(&writer, subject));
  int size = mbedtls_x509write_csr_der(&writer, out, 2048, random_bytes, NULL);
  assert_true(size > 0);
  memmove(out, out + 2048 - size, (size_t)size);
  mbedtls_x509write_csr_free(&writer);
  mbedtls_pk_free(&pk);
  return (size_t)size;
}
