/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_KEY_STORE_H
#define CLI_KEY_STORE_H
/* A publisher's keys, ECDSA on P-256: in a PEM file (PKCS#8, with a passphrase
 * or without), or in a token behind PKCS#11, named by its URL ("pkcs11:token=...")
 * and never seen here. GnuTLS does the arithmetic and forgets its secrets.
 * Passphrase and PIN: GODWIT_KEY_PASSPHRASE and GODWIT_KEY_PIN, else asked for. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/sign1.h"

struct cli_session;

#define CLI_KEY_ID_HEX_SIZE (2u * GW_KEY_ID_SIZE + 1u)

struct cli_key {
  void *private_key; /* GnuTLS's; NULL: only the public half is at hand */
  struct cli_session *session;
  uint8_t point[GW_KEY_SIZE]; /* the public key: x and y */
  uint8_t id[GW_KEY_ID_SIZE];
  char id_hex[CLI_KEY_ID_HEX_SIZE];
};

/* A new key in a new file, mode 0600. CLI_FAILED, printed, for a file that is
 * there. Close it. */
int cli_key_create(struct cli_session *session, const char *path, bool passphrase,
                   struct cli_key *out);
/* A private key, in a file or a token. Close it after CLI_OK. */
int cli_key_open(struct cli_session *session, const char *name, struct cli_key *out);
/* Its public half is enough: a file of either, or a token. Close it. */
int cli_key_open_public(struct cli_session *session, const char *name, struct cli_key *out);
void cli_key_close(struct cli_key *key);

/* r and s of the ECDSA signature over data's SHA-256. */
int cli_key_sign(const struct cli_key *key, const void *data, size_t size,
                 uint8_t signature[GW_SIGNATURE_SIZE]);
bool cli_key_verifies(const uint8_t point[GW_KEY_SIZE], const void *data, size_t size,
                      const uint8_t signature[GW_SIGNATURE_SIZE]);
/* PEM of the public key, malloc'd; NULL without memory. */
char *cli_key_public_pem(const uint8_t point[GW_KEY_SIZE]);
void cli_key_id_of(const uint8_t point[GW_KEY_SIZE], uint8_t id[GW_KEY_ID_SIZE]);
void cli_key_hex(const uint8_t *bytes, size_t size, char *hex);
void cli_sha256(const void *data, size_t size, uint8_t digest[32]);
#endif
