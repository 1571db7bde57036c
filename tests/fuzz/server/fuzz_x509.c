/* SPDX-License-Identifier: Apache-2.0 */
// fuzz-link: wire mbedtls server/core/x509.c
/* What strangers put into certificates and requests, and operators into texts
 * about them. First byte: 0 a certificate in DER, 1 a request in DER, 2 a serial
 * number, 3 a fingerprint. What is read is whole, printable and of one shape. */
#include <stdlib.h>
#include <string.h>

#include <mbedtls/x509_csr.h>

#include "server/core/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition) {
  if (!condition) abort();
}

static void check_name(const char *name) {
  size_t length = strlen(name);
  check(length <= SRV_NAME_MAX);
  for (size_t i = 0; i < length; i++) check((unsigned char)name[i] >= 0x20 && name[i] != 0x7f);
}

static void check_hex(const char *text, size_t max) {
  check(strlen(text) > 0 && strlen(text) <= max);
  check(strspn(text, "0123456789abcdef") == strlen(text));
}

static void take_certificate(const uint8_t *data, size_t size) {
  mbedtls_x509_crt crt;
  struct srv_peer_certificate peer;
  mbedtls_x509_crt_init(&crt);
  if (mbedtls_x509_crt_parse_der(&crt, data, size) == 0) {
    const char *problem = srv_x509_read_peer(&crt, &peer);
    check_name(peer.project_id);
    check_name(peer.certificate_id);
    check(problem != NULL || (peer.project_id[0] != '\0' && peer.certificate_id[0] != '\0'));
    if (problem == NULL) check_hex(peer.serial_number, SRV_SERIAL_MAX);
  }
  mbedtls_x509_crt_free(&crt);
}

static void take_request(const uint8_t *data, size_t size) {
  mbedtls_x509_csr csr;
  char project[SRV_NAME_MAX + 1], id[SRV_NAME_MAX + 1];
  mbedtls_x509_csr_init(&csr);
  if (mbedtls_x509_csr_parse_der(&csr, data, size) == 0 &&
      srv_x509_subject(&csr.subject, true, project, id) == NULL) {
    check_name(project);
    check_name(id);
    check(id[0] != '\0');
  }
  mbedtls_x509_csr_free(&csr);
}

static void take_text(const uint8_t *data, size_t size, bool serial) {
  char *text = malloc(size + 1), out[GW_DIGEST_HEX_SIZE + 1], again[GW_DIGEST_HEX_SIZE + 1];
  if (size > 0) memcpy(text, data, size);
  text[size] = '\0';
  if (serial && srv_x509_serial_parse(text, out)) {
    check_hex(out, SRV_SERIAL_MAX);
    check(srv_x509_serial_parse(out, again) && strcmp(out, again) == 0);
  } else if (!serial && srv_x509_fingerprint_parse(text, out)) {
    check_hex(out, GW_DIGEST_HEX_SIZE);
    check(srv_x509_fingerprint_parse(out, again) && strcmp(out, again) == 0);
  }
  free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  uint8_t *copy = malloc(size); /* its end is where the sanitizer looks */
  memcpy(copy, data + 1, size - 1);
  switch (data[0] & 3) {
    case 0:
      take_certificate(copy, size - 1);
      break;
    case 1:
      take_request(copy, size - 1);
      break;
    default:
      take_text(copy, size - 1, (data[0] & 1) == 0);
      break;
  }
  free(copy);
  return 0;
}
