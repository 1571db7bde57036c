/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GODWIT_TRUST_H
#define GODWIT_TRUST_H
/* Whose models this device takes: ECDSA P-256 signatures of the publisher, made
 * off the server, so that whoever has the server still cannot push a model.
 * The device holds up to three public keys; a set of keys is replaced by a
 * message that a key of the set before has signed; nothing that was signed with
 * a lesser sequence number than the floor is taken. Bytes: docs/spec/wire.md;
 * what it protects from and what not: docs/guide/signing.md.
 *
 * An application fills in a config, and gives the trust to its updater
 * (godwit/updater.h), which calls the rest. Only who names godwit_trust_p256
 * links any of this.
 *
 * Memory: the objects are the caller's. The arithmetic takes 6.4 KB of the
 * client's memory from begin to the last step: there is room for it in
 * GODWIT_CLIENT_MEMORY_BYTES while a session is open.
 * Time: a signature is 21 million instructions on a Cortex-M4. They are done in 32
 * slices of at most 1.3 million, one a call of godwit_trust_step, so that a
 * device goes on listening meanwhile; godwit_trust_check does all at once.
 * Threads: as godwit/client.h. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "godwit/status.h"
#include "wire/keyset.h"
#include "wire/manifest.h"

struct godwit_client;
struct godwit_store;

/* Zero-initialise. Everything is borrowed until the trust is used no more. */
struct godwit_trust_config {
  const uint8_t (*key)[GW_KEY_SIZE]; /* built in: `godwit key c-header` writes them */
  size_t key_count;                  /* 0 to 3; 0: every signature goes for none */
  uint32_t epoch;                    /* of the set these keys are; 0: no keyset was ever signed */
  bool require_signature;            /* refuse what is unsigned; false protects from nothing but
                                        mistakes, since a signature can be left out */
  const char *project;          /* what is signed for another is refused; NULL: not looked at */
  struct godwit_client *client; /* in whose memory the arithmetic is done */
};

/* Private to trust.c. */
struct godwit_trust_work;

struct godwit_trust {
  struct godwit_trust_config config;
  struct godwit_store *store;
  struct godwit_trust_work *work; /* NULL: nothing begun */
  int begun;                      /* what begin came to: the first step says it */
  uint8_t begun_detail;
};

/* What a step that did not return 1 says. */
struct godwit_trust_result {
  uint32_t sequence; /* of a checked artifact; 0: it is unsigned, and that is allowed */
  uint32_t floor;    /* to be raised to when it is confirmed (godwit_store_confirm); 0: as is.
                        At least 1 where signatures are required: no unsigned one comes back */
  uint8_t detail;    /* enum gw_ota_detail with GODWIT_ERR_UNTRUSTED */
};

/* How the updater reaches this file without linking it. */
struct godwit_trust_ops {
  void (*begin)(struct godwit_trust *trust, const struct gw_component *component,
                const uint8_t *signature, size_t size);
  void (*begin_keyset)(struct godwit_trust *trust, const uint8_t *message, size_t size);
  int (*step)(struct godwit_trust *trust, struct godwit_trust_result *result);
  void (*cancel)(struct godwit_trust *trust);
  uint32_t (*epoch)(const struct godwit_trust *trust);
};
extern const struct godwit_trust_ops godwit_trust_p256;

/* The keys in use are those of the journal where its epoch is newer than the
 * ones built in. GODWIT_ERR_ARGUMENT for no client, more than three keys, one that is no
 * point of the curve, a project that is too long, or signatures required and no
 * keys; GODWIT_ERR_NO_MEMORY when the client has none left. */
int godwit_trust_init(struct godwit_trust *trust, struct godwit_store *store,
                      const struct godwit_trust_config *config);

/* Of the keys in use: the next keyset wanted is this plus 1. */
uint32_t godwit_trust_epoch(const struct godwit_trust *trust);

/* Begins to check the artifact that the manifest promises against its signature
 * (wire/description.h; NULL and 0: it has none). Nothing that is given needs to
 * live on. What was begun before is dropped. */
void godwit_trust_begin(struct godwit_trust *trust, const struct gw_component *component,
                        const uint8_t *signature, size_t size);
/* The same for a keyset message (`.gw/k/EPOCH`). The last step writes the
 * journal: afterwards the new keys are in use, over reboots too, and a previous
 * model below a floor that it raised is gone. */
void godwit_trust_begin_keyset(struct godwit_trust *trust, const uint8_t *message, size_t size);
/* Goes on. 1: call again. GODWIT_OK: it may be taken, or is in use.
 * GODWIT_ERR_UNTRUSTED: no, and result->detail says why:
 *   SIGNATURE_MISSING  none, and signatures are required
 *   SIGNATURE_WRONG    not by that key, of another artifact or project, or no such message
 *   KEY_UNKNOWN        by none of the keys in use; or a keyset that does not follow them
 *   TOO_OLD            below the floor; or a keyset that was applied before
 * GODWIT_ERR_NO_MEMORY: the client needs its memory now (it connects): begin
 * again later. GODWIT_ERR_IO: the journal could not be written.
 * GODWIT_ERR_STATE: nothing was begun. */
int godwit_trust_step(struct godwit_trust *trust, struct godwit_trust_result *result);
/* Drops what was begun. Before the client's memory goes. */
void godwit_trust_cancel(struct godwit_trust *trust);

/* Begin and all steps: blocks for the time of a signature. */
int godwit_trust_check(struct godwit_trust *trust, const struct gw_component *component,
                       const uint8_t *signature, size_t size, uint32_t *sequence, uint32_t *floor,
                       uint8_t *detail);
int godwit_trust_apply_keyset(struct godwit_trust *trust, const uint8_t *message, size_t size);
#endif
