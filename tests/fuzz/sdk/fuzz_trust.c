/* SPDX-License-Identifier: Apache-2.0 */
// fuzz-link: wire mbedtls sdk/src/trust.c sdk/src/pool.c
/* What a server sends as signature or keyset (first byte: 0 or 1), to a device
 * with one key. It is refused, unless it says just what that key once signed;
 * nothing but that changes the journal; and all memory is given back. */
#include <stdlib.h>
#include <string.h>

#include "godwit/store.h"
#include "godwit/trust.h"
#include "sdk/src/client_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The signer number 1 of tests/support/signer.h, and what it has signed: the
 * examples of docs/spec/wire.md. */
static const uint8_t key[1][GW_KEY_SIZE] = {
    {0x6F, 0xF0, 0x3B, 0x94, 0x92, 0x41, 0xCE, 0x1D, 0xAD, 0xD4, 0x35, 0x19, 0xE6,
     0x96, 0x0E, 0x0A, 0x85, 0xB4, 0x1A, 0x69, 0xA0, 0x5C, 0x32, 0x81, 0x03, 0xAA,
     0x2B, 0xCE, 0x15, 0x94, 0xCA, 0x16, 0x3C, 0x4F, 0x75, 0x3A, 0x55, 0xBF, 0x01,
     0xDC, 0x53, 0xF6, 0xC0, 0xB0, 0xC7, 0xEE, 0xE7, 0x8B, 0x40, 0xC6, 0xFF, 0x7D,
     0x25, 0xA9, 0x6E, 0x22, 0x82, 0xB9, 0x89, 0xCE, 0xF7, 0x1C, 0x14, 0x4A}};
static struct gw_component component = {
    .package = "model", .version = "1.1.0", .size_bytes = 18712};

static _Alignas(16) uint8_t memory[16384];
static struct godwit_client client;
static struct godwit_store store;
static unsigned writes;

static void check(int condition) {
  if (!condition) abort();
}

int godwit_store_set_trust(struct godwit_store *s, const struct godwit_trust_state *state) {
  writes++;
  s->state.trust = *state;
  return GODWIT_OK;
}

int godwit_store_drop_previous(struct godwit_store *s) {
  (void)s;
  abort(); /* there is none */
}

static void try_artifact(struct godwit_trust *trust, const uint8_t *message, size_t size) {
  uint32_t sequence, lowest;
  uint8_t detail;
  int status = godwit_trust_check(trust, &component, message, size, &sequence, &lowest, &detail);
  if (status == GODWIT_OK) {
    check(sequence == 1790000000u && lowest == 1780000000u);
  } else {
    check(status == GODWIT_ERR_UNTRUSTED && sequence == 0 && lowest == 0 && detail != 0);
  }
  check(writes == 0);
}

static void try_keyset(struct godwit_trust *trust, const uint8_t *message, size_t size) {
  int status = godwit_trust_apply_keyset(trust, message, size);
  check(status == GODWIT_OK || status == GODWIT_ERR_UNTRUSTED);
  check(writes == (status == GODWIT_OK));
  check(godwit_trust_epoch(trust) == (status == GODWIT_OK));
  if (status == GODWIT_OK) check(store.state.trust.key_count == 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct godwit_trust trust;
  const struct godwit_trust_config config = {.key = key,
                                             .key_count = 1,
                                             .require_signature = true,
                                             .project = "default",
                                             .client = &client};
  if (size == 0) return 0;
  for (unsigned i = 0; i < GW_DIGEST_SIZE; i++) component.digest[i] = (uint8_t)(i * 7 + 1);
  memset(&store, 0, sizeof store);
  writes = 0;
  godwit_pool_init(&client.pool, memory, sizeof memory);
  check(godwit_trust_init(&trust, &store, &config) == GODWIT_OK);
  if (data[0] == 0) try_artifact(&trust, data + 1, size - 1);
  if (data[0] == 1) try_keyset(&trust, data + 1, size - 1);
  check(client.pool.used == 0);
  godwit_pool_deinit(&client.pool);
  return 0;
}
