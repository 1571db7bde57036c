/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_X509_H
#define SERVER_CORE_X509_H
/* What the server reads from X.509 certificates, as texts and numbers. Pure
 * functions over what mbedTLS has parsed; no core, no store, no clock. The
 * gateway uses them inside a handshake, the core for uploads and CSRs. */
#include <mbedtls/x509_crt.h>

#include "server/core/types.h"

/* The subject of a device's certificate: O is the project, CN the certificate
 * id. NULL, or what is wrong with it: absent, given twice, longer than
 * SRV_NAME_MAX, with a NUL or control character. An absent O leaves project
 * empty where `project_optional`. */
const char *srv_x509_subject(const mbedtls_x509_name *subject, bool project_optional,
                             char project[SRV_NAME_MAX + 1], char id[SRV_NAME_MAX + 1]);
void srv_x509_fingerprint(const mbedtls_x509_crt *certificate, uint8_t out[GW_DIGEST_SIZE]);
/* SHA-256 of what the CA signed. Two certificates may differ in fingerprint and
 * be the same here: whoever holds one can write its ECDSA signature (r, s) as
 * (r, n - s), which is as right. What must not be evaded goes by this one. */
void srv_x509_signed_digest(const mbedtls_x509_crt *certificate, uint8_t out[GW_DIGEST_SIZE]);
/* Lower-case hex without leading zeros, "0" at least; what is longer than RFC
 * 5280 allows is cut. */
void srv_x509_serial(const mbedtls_x509_crt *certificate, char out[SRV_SERIAL_MAX + 1]);
/* "AB:0C" or "0xab0c" in the same shape; false when it is no such number. */
bool srv_x509_serial_parse(const char *text, char out[SRV_SERIAL_MAX + 1]);
/* "AB:CD..." of 32 bytes as lower-case hex without colons. */
bool srv_x509_fingerprint_parse(const char *text, char out[GW_DIGEST_HEX_SIZE + 1]);
int64_t srv_x509_time_us(const mbedtls_x509_time *time);

/* A client's certificate whose chain was found right. */
struct srv_peer_certificate {
  char project_id[SRV_NAME_MAX + 1];     /* O */
  char certificate_id[SRV_NAME_MAX + 1]; /* CN */
  char serial_number[SRV_SERIAL_MAX + 1];
  uint8_t fingerprint[GW_DIGEST_SIZE];
  uint8_t signed_digest[GW_DIGEST_SIZE];
  uint8_t ca_fingerprint[GW_DIGEST_SIZE]; /* of the trusted CA at the end of its chain */
  int64_t not_before_us, not_after_us;
};
/* All but ca_fingerprint. NULL, or what is wrong. */
const char *srv_x509_read_peer(const mbedtls_x509_crt *certificate,
                               struct srv_peer_certificate *out);

/* --- making them (x509_write.c) ---------------------------------------------- */

/* The system's random numbers, as mbedTLS asks for them. */
int srv_x509_random(void *context, unsigned char *out, size_t size);
/* A new P-256 key into an initialised context. 0 or mbedTLS's error. */
int srv_x509_make_key(mbedtls_pk_context *key);

#define SRV_X509_DER_ROOM (SRV_CERTIFICATE_MAX + 512)
struct srv_x509_issue {
  const char *project, *id; /* subject: O ("" for none) and CN */
  const char *issuer_project, *issuer_id;
  mbedtls_pk_context *subject_key, *issuer_key;
  int64_t not_before_us, not_after_us;
  bool is_ca;
  bool is_server;                     /* of this server itself, not a device's */
  const mbedtls_x509_san_list *names; /* NULL for none */
};
/* A certificate with a random serial number: DER at the start of out; its size
 * or mbedTLS's error. */
int srv_x509_write(const struct srv_x509_issue *issue, uint8_t out[SRV_X509_DER_ROOM]);

/* A self-signed certificate and its key for the server's end of DTLS, as PEM
 * with NUL: for servers that are given none. Names: "godwit", "localhost" and
 * the machine's. SRV_OK or SRV_ERR_INTERNAL. */
#define SRV_X509_PEM_MAX 2048
int srv_x509_make_identity(char certificate[SRV_X509_PEM_MAX], char key[SRV_X509_PEM_MAX]);
#endif
