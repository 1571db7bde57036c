/* SPDX-License-Identifier: Apache-2.0 */
#include "server/core/signing.h"

#include <stdio.h>
#include <string.h>

#include <mbedtls/ecdsa.h>
#include <mbedtls/sha256.h>

#include "server/core/internal.h"
#include "wire/statement.h"

#define MEMBER_SIZE 32u /* of a coordinate, r or s */

/* --- rows --------------------------------------------------------------------- */

static int get(struct srv_core *core, enum srv_kind kind, const struct srv_query *query,
               void *row) {
  int status = core->store->ops->get(core->store, kind, query, row);
  return status == SRV_ERR_NOT_FOUND ? status : srv_fail_store(core, status);
}

int srv_core_find_signature(struct srv_core *core, const char *artifact_id,
                            struct srv_artifact_signature *out) {
  struct srv_query query = {0};
  srv_query_text(&query, "artifact_id", SRV_EQUALS, artifact_id);
  int status = get(core, SRV_ARTIFACT_SIGNATURE, &query, out);
  if (status == SRV_ERR_NOT_FOUND) srv_fail(core, status, "the artifact is not signed");
  return status;
}

int srv_core_artifact_signature(struct srv_core *core, const char *artifact_id,
                                const uint8_t **message, size_t *size) {
  int status = srv_core_find_signature(core, artifact_id, &core->signature_lent);
  if (status != SRV_OK) return status;
  *message = core->signature_lent.message;
  *size = core->signature_lent.message_size;
  return SRV_OK;
}

static int newest_keyset(struct srv_core *core, const char *project_id, struct srv_keyset *out) {
  struct srv_query query = {.newest_first = true};
  srv_query_text(&query, "project_id", SRV_EQUALS, project_id);
  return get(core, SRV_KEYSET, &query, out);
}

int srv_core_key_epoch(struct srv_core *core, const char *project_id, uint32_t *epoch) {
  struct srv_keyset newest;
  *epoch = 0;
  int status = newest_keyset(core, project_id, &newest);
  if (status == SRV_OK) *epoch = newest.epoch;
  return status == SRV_ERR_NOT_FOUND ? SRV_OK : status;
}

int srv_core_keyset(struct srv_core *core, const char *project_id, uint32_t epoch,
                    struct srv_keyset *out) {
  struct srv_query query = {0};
  srv_query_text(&query, "project_id", SRV_EQUALS, project_id);
  srv_query_number(&query, "epoch", SRV_EQUALS, epoch);
  int status = get(core, SRV_KEYSET, &query, out);
  if (status == SRV_ERR_NOT_FOUND)
    srv_fail(core, status, "the project has no keyset of epoch %u", (unsigned)epoch);
  return status;
}

int srv_describe_signature(struct srv_core *core, const char *project_id, const char *artifact_id,
                           struct gw_description *out) {
  int status = srv_core_key_epoch(core, project_id, &out->key_epoch);
  if (status != SRV_OK) return status;
  status = srv_core_artifact_signature(core, artifact_id, &out->signature, &out->signature_size);
  return status == SRV_ERR_NOT_FOUND ? SRV_OK : status;
}

/* --- arithmetic ------------------------------------------------------------------ */

static void to_hex(const uint8_t id[GW_KEY_ID_SIZE], char hex[2 * GW_KEY_ID_SIZE + 1]) {
  static const char digit[] = "0123456789abcdef";
  for (size_t i = 0; i < GW_KEY_ID_SIZE; i++) {
    hex[2 * i] = digit[id[i] >> 4];
    hex[2 * i + 1] = digit[id[i] & 15];
  }
  hex[2 * (size_t)GW_KEY_ID_SIZE] = 0;
}

void srv_key_id(const uint8_t key[GW_KEY_SIZE], char hex[2 * GW_KEY_ID_SIZE + 1]) {
  uint8_t digest[GW_DIGEST_SIZE];
  mbedtls_sha256(key, GW_KEY_SIZE, digest, 0);
  to_hex(digest, hex);
}

static const uint8_t *find_key(const struct gw_keyset *keyset, const uint8_t id[GW_KEY_ID_SIZE]) {
  uint8_t digest[GW_DIGEST_SIZE];
  for (size_t i = 0; i < keyset->key_count; i++) {
    mbedtls_sha256(keyset->key[i], GW_KEY_SIZE, digest, 0);
    if (memcmp(digest, id, GW_KEY_ID_SIZE) == 0) return keyset->key[i];
  }
  return NULL;
}

static int read_point(const mbedtls_ecp_group *group, const uint8_t key[GW_KEY_SIZE],
                      mbedtls_ecp_point *point) {
  uint8_t sec1[1 + GW_KEY_SIZE] = {0x04}; /* uncompressed */
  memcpy(sec1 + 1, key, GW_KEY_SIZE);
  int result = mbedtls_ecp_point_read_binary(group, point, sec1, sizeof sec1);
  return result == 0 ? mbedtls_ecp_check_pubkey(group, point) : result;
}

static void hash_message(const struct gw_sign1 *message, const char *context,
                         uint8_t hash[GW_DIGEST_SIZE]) {
  uint8_t bytes[GW_SIGN1_PREFIX_MAX + GW_SIGN1_PAYLOAD_MAX];
  size_t prefix = gw_sign1_prefix(context, message->payload_size, bytes);
  memcpy(bytes + prefix, message->payload, message->payload_size);
  mbedtls_sha256(bytes, prefix + message->payload_size, hash, 0);
}

/* signature NULL: is the key a point of the curve? */
static bool verify(const uint8_t key[GW_KEY_SIZE], const uint8_t hash[GW_DIGEST_SIZE],
                   const uint8_t *signature) {
  mbedtls_ecp_group group;
  mbedtls_ecp_point point;
  mbedtls_mpi r, s;
  mbedtls_ecp_group_init(&group);
  mbedtls_ecp_point_init(&point);
  mbedtls_mpi_init(&r);
  mbedtls_mpi_init(&s);
  int result = mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_SECP256R1);
  if (result == 0) result = read_point(&group, key, &point);
  if (result == 0 && signature != NULL) {
    result = mbedtls_mpi_read_binary(&r, signature, MEMBER_SIZE);
    if (result == 0) result = mbedtls_mpi_read_binary(&s, signature + MEMBER_SIZE, MEMBER_SIZE);
    if (result == 0) result = mbedtls_ecdsa_verify(&group, hash, GW_DIGEST_SIZE, &point, &r, &s);
  }
  mbedtls_mpi_free(&s);
  mbedtls_mpi_free(&r);
  mbedtls_ecp_point_free(&point);
  mbedtls_ecp_group_free(&group);
  return result == 0;
}

static int check_signed_by(struct srv_core *core, const struct gw_sign1 *message,
                           const char *context, const struct gw_keyset *keyset) {
  uint8_t hash[GW_DIGEST_SIZE];
  char id[2 * GW_KEY_ID_SIZE + 1];
  to_hex(message->key_id, id);
  const uint8_t *key = find_key(keyset, message->key_id);
  if (key == NULL)
    return srv_fail(core, SRV_ERR_INVALID,
                    "signed by key %s, which is not in the project's keyset of epoch %u: devices "
                    "would refuse it; sign with a key of that set, or add this one to it first "
                    "(godwit key rotate)",
                    id, (unsigned)keyset->epoch);
  hash_message(message, context, hash);
  if (verify(key, hash, message->signature)) return SRV_OK;
  return srv_fail(core, SRV_ERR_INVALID,
                  "the signature is not key %s's: the message was changed after it was signed; "
                  "sign again",
                  id);
}

/* --- artifacts ----------------------------------------------------------------------- */

static int check_project_of(struct srv_core *core, const char *named, const char *project_id) {
  if (named[0] == 0 || strcmp(named, project_id) == 0) return SRV_OK;
  return srv_fail(core, SRV_ERR_INVALID,
                  "signed for project \"%s\", not for \"%s\": sign it for this one, or for any",
                  named, project_id);
}

static int check_statement(struct srv_core *core, const struct gw_statement *statement,
                           const struct srv_artifact *artifact) {
  if (strcmp(statement->package, artifact->package) != 0 ||
      strcmp(statement->version, artifact->version) != 0)
    return srv_fail(core, SRV_ERR_INVALID, "the signature is of %s@%s, the artifact is %s@%s",
                    statement->package, statement->version, artifact->package, artifact->version);
  if (memcmp(statement->digest, artifact->digest, GW_DIGEST_SIZE) != 0 ||
      statement->size_bytes != artifact->size_bytes)
    return srv_fail(core, SRV_ERR_INVALID,
                    "the signature is of other bytes than the artifact's: sign the file that was "
                    "uploaded (godwit artifact sign)");
  return check_project_of(core, statement->project, artifact->project_id);
}

/* What devices would say of it, as far as that is known here. */
static int check_believed(struct srv_core *core, const struct gw_sign1 *message,
                          const struct gw_statement *statement, const char *project_id) {
  struct srv_keyset newest;
  struct gw_keyset keyset;
  int status = newest_keyset(core, project_id, &newest);
  if (status != SRV_OK) return status == SRV_ERR_NOT_FOUND ? SRV_OK : status;
  status = srv_keyset_content(&newest, &keyset);
  if (status != SRV_OK) return srv_fail(core, status, "the newest keyset cannot be read");
  status = check_signed_by(core, message, GW_SIGN1_FOR_ARTIFACT, &keyset);
  if (status != SRV_OK || statement->sequence >= keyset.floor) return status;
  return srv_fail(core, SRV_ERR_INVALID,
                  "its sequence number is %u, and the keyset of epoch %u refuses all below %u: "
                  "sign with a larger one",
                  (unsigned)statement->sequence, (unsigned)keyset.epoch, (unsigned)keyset.floor);
}

int srv_core_sign_artifact(struct srv_core *core, const struct srv_artifact *artifact,
                           const uint8_t *bytes, size_t size, struct srv_artifact_signature *out) {
  struct gw_sign1 message;
  struct gw_statement statement;
  if (size > sizeof out->message || gw_sign1_parse(bytes, size, &message) != GW_OK ||
      gw_statement_parse(message.payload, message.payload_size, &statement) != GW_OK)
    return srv_fail(core, SRV_ERR_INVALID,
                    "this is no signature of an artifact (COSE_Sign1, ES256): make one with "
                    "godwit key sign");
  int status = check_statement(core, &statement, artifact);
  if (status == SRV_OK) status = check_believed(core, &message, &statement, artifact->project_id);
  if (status != SRV_OK) return status;
  memset(out, 0, sizeof *out);
  memcpy(out->artifact_id, artifact->id, sizeof out->artifact_id);
  memcpy(out->project_id, artifact->project_id, sizeof out->project_id);
  to_hex(message.key_id, out->signer);
  out->sequence = statement.sequence;
  out->floor = statement.floor;
  memcpy(out->message, bytes, size);
  out->message_size = size;
  out->created_us = srv_now_us(core);
  status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  status = srv_fail_store(core, core->store->ops->put(core->store, SRV_ARTIFACT_SIGNATURE, out));
  return srv_transaction_end(core, status);
}

int srv_core_unsign_artifact(struct srv_core *core, const struct srv_artifact *artifact) {
  struct srv_query query = {0};
  srv_query_text(&query, "artifact_id", SRV_EQUALS, artifact->id);
  int status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  status = core->store->ops->remove(core->store, SRV_ARTIFACT_SIGNATURE, &query);
  if (status == SRV_ERR_NOT_FOUND)
    srv_fail(core, status, "the artifact is not signed");
  else
    status = srv_fail_store(core, status);
  return srv_transaction_end(core, status);
}

/* --- keysets -------------------------------------------------------------------------- */

int srv_keyset_content(const struct srv_keyset *row, struct gw_keyset *out) {
  struct gw_sign1 message;
  bool well = gw_sign1_parse(row->message, row->message_size, &message) == GW_OK &&
              gw_keyset_parse(message.payload, message.payload_size, out) == GW_OK;
  return well ? SRV_OK : SRV_ERR_INTERNAL;
}

static int check_keys(struct srv_core *core, const struct gw_keyset *keyset) {
  for (size_t i = 0; i < keyset->key_count; i++) {
    if (!verify(keyset->key[i], NULL, NULL))
      return srv_fail(core, SRV_ERR_INVALID, "key %zu of the set is no public key of P-256", i + 1);
  }
  return SRV_OK;
}

static int check_follows(struct srv_core *core, const struct gw_sign1 *message,
                         const struct gw_keyset *keyset, const char *project_id) {
  struct srv_keyset newest;
  struct gw_keyset before;
  int status = newest_keyset(core, project_id, &newest);
  if (status == SRV_ERR_NOT_FOUND) {
    /* Its own keys are all that is known; what signed it may be one of them. */
    if (find_key(keyset, message->key_id) == NULL) return SRV_OK;
    return check_signed_by(core, message, GW_SIGN1_FOR_KEYS, keyset);
  }
  if (status != SRV_OK) return status;
  status = srv_keyset_content(&newest, &before);
  if (status != SRV_OK) return srv_fail(core, status, "the newest keyset cannot be read");
  if (keyset->epoch != newest.epoch + 1)
    return srv_fail(core, SRV_ERR_INVALID,
                    "it is of epoch %u, the project's next is %u: devices take each set in turn, "
                    "and none twice",
                    (unsigned)keyset->epoch, (unsigned)newest.epoch + 1);
  return check_signed_by(core, message, GW_SIGN1_FOR_KEYS, &before);
}

static int insert_keyset(struct srv_core *core, struct srv_keyset *row) {
  int status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  srv_make_id(core, row->id);
  row->created_us = srv_now_us(core);
  status = srv_fail_store(core, core->store->ops->insert(core->store, SRV_KEYSET, row));
  return srv_transaction_end(core, status);
}

int srv_core_add_keyset(struct srv_core *core, const char *project_id, const uint8_t *bytes,
                        size_t size, struct srv_keyset *out) {
  struct gw_sign1 message;
  struct gw_keyset keyset;
  if (size > sizeof out->message || gw_sign1_parse(bytes, size, &message) != GW_OK ||
      gw_keyset_parse(message.payload, message.payload_size, &keyset) != GW_OK)
    return srv_fail(core, SRV_ERR_INVALID,
                    "this is no signed keyset (COSE_Sign1, ES256): make one with godwit key "
                    "rotate");
  int status = check_project_of(core, keyset.project, project_id);
  if (status == SRV_OK) status = check_keys(core, &keyset);
  if (status == SRV_OK) status = check_follows(core, &message, &keyset, project_id);
  if (status != SRV_OK) return status;
  memset(out, 0, sizeof *out);
  snprintf(out->project_id, sizeof out->project_id, "%s", project_id);
  out->epoch = keyset.epoch;
  out->floor = keyset.floor;
  to_hex(message.key_id, out->signer);
  memcpy(out->message, bytes, size);
  out->message_size = size;
  return insert_keyset(core, out);
}
