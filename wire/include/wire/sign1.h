/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_SIGN1_H
#define WIRE_SIGN1_H
/* COSE_Sign1 (RFC 9052) as Godwit uses it: ECDSA on P-256 with SHA-256 (ES256),
 * one key, the payload inside. This is the envelope only: what is signed is a
 * statement (wire/statement.h) or a keyset (wire/keyset.h), and the arithmetic
 * is the caller's. docs/spec/wire.md has the bytes.
 *
 *   [ h'a10126', { 4: kid }, payload, signature ]
 *
 * with tag 18 before it or without. kid is a hint which key to try, never
 * trusted: it is not signed. A parsed message borrows its bytes. */
#include <stddef.h>
#include <stdint.h>

#include "wire/status.h"

#define GW_KEY_SIZE 64u       /* a public key: x and y, each 32 bytes, big-endian */
#define GW_KEY_ID_SIZE 8u     /* first bytes of the SHA-256 of such a key */
#define GW_SIGNATURE_SIZE 64u /* r and s, each 32 bytes, big-endian */
#define GW_SIGN1_PAYLOAD_MAX 320u
#define GW_SIGN1_SIZE_MAX 408u /* with the longest payload, and the tag */
#define GW_SIGN1_PREFIX_MAX 48u

/* What a signature is for: goes into what is signed, not into the message, so
 * that no statement can ever be read as a keyset. */
#define GW_SIGN1_FOR_ARTIFACT "godwit artifact"
#define GW_SIGN1_FOR_KEYS "godwit keys"

struct gw_sign1 {
  const uint8_t *key_id; /* GW_KEY_ID_SIZE bytes */
  const uint8_t *payload;
  size_t payload_size;      /* 1 to GW_SIGN1_PAYLOAD_MAX */
  const uint8_t *signature; /* GW_SIGNATURE_SIZE bytes */
};

/* GW_ERR_UNSUPPORTED: another algorithm, a header that would have to be
 * understood, another tag; GW_ERR_MISSING: no kid; GW_ERR_TOO_LONG: a longer
 * payload; GW_ERR_MALFORMED also for bytes behind the end and for a kid or
 * signature of another size. Other unprotected headers are skipped. */
int gw_sign1_parse(const uint8_t *data, size_t size, struct gw_sign1 *out);

/* Without a tag. Bytes written, GW_ERR_NO_SPACE, GW_ERR_TOO_LONG. */
int gw_sign1_encode(const struct gw_sign1 *message, uint8_t *buffer, size_t size);

/* What is hashed is RFC 9052's Sig_structure, which ends with the payload:
 * writes the bytes before it, so that nobody needs a copy in one piece.
 * Returns how many. context: one of the two above. */
size_t gw_sign1_prefix(const char *context, size_t payload_size,
                       uint8_t prefix[GW_SIGN1_PREFIX_MAX]);
#endif
