/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_SIGNER_H
#define TESTS_SUPPORT_SIGNER_H
/* A publisher's key for tests, the same for the same number, and what it signs:
 * right messages, from which a test makes each kind of wrong one. mbedTLS must
 * have a heap: godwit_pool_set_outside(calloc, free) where the SDK is linked. */
#include "wire/keyset.h"
#include "wire/statement.h"

struct signer {
  uint8_t secret[32];
  uint8_t key[GW_KEY_SIZE];
  uint8_t id[GW_KEY_ID_SIZE];
};

void signer_make(struct signer *signer, uint8_t number);
/* A COSE_Sign1; its size. */
size_t signer_sign(const struct signer *signer, const char *context, const uint8_t *payload,
                   size_t payload_size, uint8_t out[GW_SIGN1_SIZE_MAX]);
size_t signer_sign_statement(const struct signer *signer, const struct gw_statement *statement,
                             uint8_t out[GW_SIGN1_SIZE_MAX]);
/* A keyset of these signers' keys. keyset's own keys are not looked at. */
size_t signer_sign_keyset(const struct signer *signer, struct gw_keyset keyset,
                          const struct signer *const *members, uint8_t member_count,
                          uint8_t out[GW_SIGN1_SIZE_MAX]);
/* What that artifact's signature says. */
struct gw_statement statement_of(const struct gw_component *component, uint32_t sequence,
                                 uint32_t floor);
#endif
