/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_KEYSET_H
#define WIRE_KEYSET_H
/* Which keys may sign from now on: the payload of a COSE_Sign1 (wire/sign1.h)
 * that a key of the set before has signed. Sets are numbered (epochs) and
 * applied one after the other; each is complete: a key that is not in it is
 * revoked. `.gw/k/EPOCH`, docs/spec/wire.md. */
#include "wire/sign1.h"
#include "wire/statement.h"

#define GW_KEYSET_KEYS_MAX 3u

struct gw_keyset {
  uint32_t epoch;    /* from 1 on: the one it follows, plus 1 */
  uint32_t floor;    /* nothing signed with a lesser sequence is taken any more; 0: as it was */
  uint8_t key_count; /* 1 to GW_KEYSET_KEYS_MAX, all different */
  uint8_t key[GW_KEYSET_KEYS_MAX][GW_KEY_SIZE];
  char project[GW_PROJECT_MAX + 1]; /* "": any */
};

/* Bytes written, GW_ERR_NO_SPACE, GW_ERR_TOO_LONG, GW_ERR_MISSING for epoch 0
 * or no key, GW_ERR_MALFORMED for a key twice. */
int gw_keyset_encode(const struct gw_keyset *keyset, uint8_t *buffer, size_t size);
/* Errors as gw_statement_parse, and as above. Whether a key is a point of the
 * curve is for who uses it. */
int gw_keyset_parse(const uint8_t *data, size_t size, struct gw_keyset *out);
#endif
