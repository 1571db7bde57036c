/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_PKI_H
#define TESTS_SUPPORT_PKI_H
/* Keys, CAs, certificates and requests for tests, made on the spot: right ones
 * and each kind of wrong one. Texts are PEM. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PKI_NOW_S INT64_C(1700000000) /* the core fixture's clock */
#define PKI_DAY_S 86400

struct pki_certificate {
  char subject[384]; /* "CN=a,O=b", as it was asked for */
  char certificate[4096], key[512];
  size_t der_size;
  uint8_t der[2048];
};

/* Zero is a plain choice for each; subject is all that must be set. */
struct pki_wish {
  const char *subject;                  /* "CN=d,O=default" */
  const struct pki_certificate *issuer; /* NULL: self-signed */
  bool is_ca;
  bool no_usage; /* neither basicConstraints nor keyUsage */
  bool p384;
  int64_t from_s, to_s;                 /* 0: a day around PKI_NOW_S, to PKI_NOW_S + 365 days */
  const struct pki_certificate *key_of; /* NULL: a new key */
  size_t padding;                       /* bytes of an extension that nobody knows */
};
void pki_make(struct pki_certificate *out, struct pki_wish wish);
/* certificate of `first` with that of `second` behind it, in first. */
void pki_append(struct pki_certificate *first, const struct pki_certificate *second);

/* A PKCS#10 request for the key of `key`; returns its size. */
size_t pki_request(uint8_t out[2048], const char *subject, const struct pki_certificate *key);
#endif
