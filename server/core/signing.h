/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_SIGNING_H
#define SERVER_CORE_SIGNING_H
/* Signatures of artifacts and the keysets of a project (wire/sign1.h): made
 * where the publisher's key is, kept here, handed to devices as they came. The
 * server holds no key, and devices do not believe it: what is checked here
 * spares people mistakes, nothing more. The rules of core.h hold. */
#include "server/core/core.h"
#include "server/core/types.h"
#include "wire/keyset.h"

/* --- the gateway's ---------------------------------------------------------- */

/* The artifact's signature: COSE_Sign1, borrowed until the next call.
 * SRV_ERR_NOT_FOUND: it has none. */
int srv_core_artifact_signature(struct srv_core *core, const char *artifact_id,
                                const uint8_t **message, size_t *size);
/* Of the project's newest keyset; 0: it has none. */
int srv_core_key_epoch(struct srv_core *core, const char *project_id, uint32_t *epoch);
int srv_core_keyset(struct srv_core *core, const char *project_id, uint32_t epoch,
                    struct srv_keyset *out);

/* --- the operator's ----------------------------------------------------------- */

/* Keeps the signature of an artifact, instead of the one before. SRV_ERR_INVALID,
 * with what to do: no such message; of other bytes, another package, version or
 * project; and, once the project has keysets, by a key that the newest does not
 * have, wrong, or below its floor. */
int srv_core_sign_artifact(struct srv_core *core, const struct srv_artifact *artifact,
                           const uint8_t *message, size_t size, struct srv_artifact_signature *out);
int srv_core_find_signature(struct srv_core *core, const char *artifact_id,
                            struct srv_artifact_signature *out);
int srv_core_unsign_artifact(struct srv_core *core, const struct srv_artifact *artifact);

/* Keeps the project's next keyset: devices fetch it before their next download.
 * It is the newest plus 1, signed by a key of the newest; the first one may have
 * any number, as only devices know what is built into them. SRV_ERR_INVALID with
 * what to do. */
int srv_core_add_keyset(struct srv_core *core, const char *project_id, const uint8_t *message,
                        size_t size, struct srv_keyset *out);
/* What it says. Its bytes have been checked when they came. */
int srv_keyset_content(const struct srv_keyset *row, struct gw_keyset *out);
/* Hex of a public key's id. */
void srv_key_id(const uint8_t key[GW_KEY_SIZE], char hex[2 * GW_KEY_ID_SIZE + 1]);
#endif
