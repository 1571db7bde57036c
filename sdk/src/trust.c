/* SPDX-License-Identifier: Apache-2.0 */
#include "godwit/trust.h"

#include <string.h>

#include "client_internal.h"
#include "godwit/store.h"
#include "mbedtls/ecdsa.h"
#include "mbedtls/platform.h"
#include "mbedtls/sha256.h"
#include "pool.h"
#include "wire/report.h"
#include "wire/sign1.h"
#include "wire/statement.h"

#if !defined(MBEDTLS_ECP_RESTARTABLE) || !defined(MBEDTLS_ECP_DP_SECP256R1_ENABLED)
#error "mbedTLS needs MBEDTLS_ECP_RESTARTABLE and P-256: a signature in one go leaves a device deaf"
#endif

#define MEMBER_SIZE 32u /* of a coordinate, r or s */

/* Multiplications in the field a step: mbedTLS cannot stop within fewer. On a
 * Cortex-M4 at -Os a signature is 21 million instructions, and the longest of
 * its 32 steps 1.3 million: 21 ms at 64 MHz, 8 ms at 168. */
#define STEP_OPERATIONS 160u

/* What is begun. It lies in the pool with all that mbedTLS allocates for it,
 * and holds nothing secret. */
struct godwit_trust_work {
  mbedtls_ecp_group group;
  mbedtls_ecp_point key;
  mbedtls_mpi r, s;
  mbedtls_ecdsa_restart_ctx restart;
  uint8_t hash[GW_DIGEST_SIZE];
  bool for_keyset;
  union {
    struct gw_statement statement;
    struct gw_keyset keyset;
  };
};

/* The keys in use ------------------------------------------------------------- */

struct keys {
  uint32_t epoch;
  size_t count;
  const uint8_t (*key)[GW_KEY_SIZE];
};

static struct keys keys_in_use(const struct godwit_trust *trust) {
  const struct godwit_trust_state *journal = &trust->store->state.trust;
  if (journal->key_count > 0 && journal->epoch >= trust->config.epoch) {
    return (struct keys){journal->epoch, journal->key_count, journal->key};
  }
  return (struct keys){trust->config.epoch, trust->config.key_count, trust->config.key};
}

uint32_t godwit_trust_epoch(const struct godwit_trust *trust) { return keys_in_use(trust).epoch; }

static void digest_of(const void *head, size_t head_size, const void *body, size_t body_size,
                      uint8_t digest[GW_DIGEST_SIZE]) {
  mbedtls_sha256_context sha;
  mbedtls_sha256_init(&sha);
  mbedtls_sha256_starts(&sha, 0);
  mbedtls_sha256_update(&sha, head, head_size);
  mbedtls_sha256_update(&sha, body, body_size);
  mbedtls_sha256_finish(&sha, digest);
  mbedtls_sha256_free(&sha);
}

/* The key that the message names, NULL when it is none of ours. */
static const uint8_t *find_key(const struct keys *keys, const uint8_t key_id[GW_KEY_ID_SIZE]) {
  uint8_t digest[GW_DIGEST_SIZE];
  for (size_t i = 0; i < keys->count; i++) {
    digest_of(keys->key[i], GW_KEY_SIZE, NULL, 0, digest);
    if (memcmp(digest, key_id, GW_KEY_ID_SIZE) == 0) return keys->key[i];
  }
  return NULL;
}

/* The memory ------------------------------------------------------------------- */

/* In the pool's: */
static void release(struct godwit_trust_work *work) {
  mbedtls_ecdsa_restart_free(&work->restart);
  mbedtls_mpi_free(&work->s);
  mbedtls_mpi_free(&work->r);
  mbedtls_ecp_point_free(&work->key);
  mbedtls_ecp_group_free(&work->group);
  mbedtls_free(work);
}

static int create(struct godwit_trust_work **out) {
  struct godwit_trust_work *work = mbedtls_calloc(1, sizeof *work);
  if (work == NULL) return GODWIT_ERR_NO_MEMORY;
  mbedtls_ecp_group_init(&work->group);
  mbedtls_ecp_point_init(&work->key);
  mbedtls_mpi_init(&work->r);
  mbedtls_mpi_init(&work->s);
  mbedtls_ecdsa_restart_init(&work->restart);
  *out = work;
  if (mbedtls_ecp_group_load(&work->group, MBEDTLS_ECP_DP_SECP256R1) == 0) return GODWIT_OK;
  release(work);
  return GODWIT_ERR_NO_MEMORY;
}

void godwit_trust_cancel(struct godwit_trust *trust) {
  if (trust->work != NULL) release(trust->work); /* freed memory finds its pool */
  trust->work = NULL;
  trust->begun = GODWIT_ERR_STATE;
}

/* x || y to a point of the curve. 0, or mbedTLS's error. */
static int read_point(const mbedtls_ecp_group *group, const uint8_t key[GW_KEY_SIZE],
                      mbedtls_ecp_point *point) {
  uint8_t sec1[1 + GW_KEY_SIZE] = {0x04}; /* uncompressed */
  memcpy(sec1 + 1, key, GW_KEY_SIZE);
  int result = mbedtls_ecp_point_read_binary(group, point, sec1, sizeof sec1);
  return result == 0 ? mbedtls_ecp_check_pubkey(group, point) : result;
}

/* Beginning --------------------------------------------------------------------- */

static int refuse(struct godwit_trust *trust, uint8_t detail) {
  trust->begun_detail = detail;
  return GODWIT_ERR_UNTRUSTED;
}

static bool is_for_project(const struct godwit_trust *trust, const char *project) {
  const char *ours = trust->config.project;
  return project[0] == 0 || ours == NULL || strcmp(project, ours) == 0;
}

static bool is_of(const struct godwit_trust *trust, const struct gw_statement *statement,
                  const struct gw_component *component) {
  return strcmp(statement->package, component->package) == 0 &&
         strcmp(statement->version, component->version) == 0 &&
         memcmp(statement->digest, component->digest, GW_DIGEST_SIZE) == 0 &&
         statement->size_bytes == component->size_bytes &&
         is_for_project(trust, statement->project);
}

/* Fills work from a message whose payload is understood already. */
static int load(struct godwit_trust *trust, const struct gw_sign1 *message, const char *context) {
  struct godwit_trust_work *work = trust->work;
  uint8_t prefix[GW_SIGN1_PREFIX_MAX];
  struct keys keys = keys_in_use(trust);
  const uint8_t *key = find_key(&keys, message->key_id);
  if (key == NULL) return refuse(trust, GW_DETAIL_KEY_UNKNOWN);
  size_t prefix_size = gw_sign1_prefix(context, message->payload_size, prefix);
  digest_of(prefix, prefix_size, message->payload, message->payload_size, work->hash);
  bool loaded =
      read_point(&work->group, key, &work->key) == 0 &&
      mbedtls_mpi_read_binary(&work->r, message->signature, MEMBER_SIZE) == 0 &&
      mbedtls_mpi_read_binary(&work->s, message->signature + MEMBER_SIZE, MEMBER_SIZE) == 0;
  return loaded ? GODWIT_OK : GODWIT_ERR_NO_MEMORY; /* the key was one when it came to us */
}

/* With the pool entered and work created. */
static int begin_artifact(struct godwit_trust *trust, const struct gw_component *component,
                          const uint8_t *signature, size_t size) {
  struct gw_sign1 message;
  struct gw_statement *statement = &trust->work->statement;
  if (gw_sign1_parse(signature, size, &message) != GW_OK ||
      gw_statement_parse(message.payload, message.payload_size, statement) != GW_OK ||
      !is_of(trust, statement, component)) {
    return refuse(trust, GW_DETAIL_SIGNATURE_WRONG);
  }
  return load(trust, &message, GW_SIGN1_FOR_ARTIFACT);
}

static int begin_keyset(struct godwit_trust *trust, const uint8_t *data, size_t size) {
  struct gw_sign1 message;
  struct gw_keyset *keyset = &trust->work->keyset;
  trust->work->for_keyset = true;
  if (gw_sign1_parse(data, size, &message) != GW_OK ||
      gw_keyset_parse(message.payload, message.payload_size, keyset) != GW_OK ||
      !is_for_project(trust, keyset->project)) {
    return refuse(trust, GW_DETAIL_SIGNATURE_WRONG);
  }
  uint32_t epoch = godwit_trust_epoch(trust);
  if (keyset->epoch <= epoch) return refuse(trust, GW_DETAIL_TOO_OLD);
  if (keyset->epoch != epoch + 1) return refuse(trust, GW_DETAIL_KEY_UNKNOWN);
  return load(trust, &message, GW_SIGN1_FOR_KEYS);
}

/* component NULL: a keyset. */
static void begin(struct godwit_trust *trust, const struct gw_component *component,
                  const uint8_t *data, size_t size) {
  godwit_trust_cancel(trust);
  struct godwit_pool *before = godwit_pool_enter(&trust->config.client->pool);
  trust->begun = create(&trust->work);
  if (trust->begun == GODWIT_OK) {
    trust->begun = component != NULL ? begin_artifact(trust, component, data, size)
                                     : begin_keyset(trust, data, size);
  }
  godwit_pool_leave(before);
}

void godwit_trust_begin(struct godwit_trust *trust, const struct gw_component *component,
                        const uint8_t *signature, size_t size) {
  if (size > 0 && keys_in_use(trust).count > 0) {
    begin(trust, component, signature, size);
    return;
  }
  godwit_trust_cancel(trust);
  trust->begun = trust->config.require_signature ? refuse(trust, GW_DETAIL_SIGNATURE_MISSING)
                                                 : GODWIT_OK; /* without work: unsigned */
}

void godwit_trust_begin_keyset(struct godwit_trust *trust, const uint8_t *message, size_t size) {
  begin(trust, NULL, message, size);
}

/* Going on ------------------------------------------------------------------------- */

/* 1, GODWIT_OK, GODWIT_ERR_NO_MEMORY or GODWIT_ERR_UNTRUSTED. */
static int verify_slice(struct godwit_trust_work *work) {
  mbedtls_ecp_set_max_ops(STEP_OPERATIONS);
  int result = mbedtls_ecdsa_verify_restartable(&work->group, work->hash, sizeof work->hash,
                                                &work->key, &work->r, &work->s, &work->restart);
  mbedtls_ecp_set_max_ops(0); /* handshakes know nothing of slices */
  switch (result) {
    case 0:
      return GODWIT_OK;
    case MBEDTLS_ERR_ECP_IN_PROGRESS:
      return 1;
    case MBEDTLS_ERR_MPI_ALLOC_FAILED:
    case MBEDTLS_ERR_ECP_ALLOC_FAILED:
      return GODWIT_ERR_NO_MEMORY;
    default:
      return GODWIT_ERR_UNTRUSTED;
  }
}

static int accept_artifact(const struct godwit_trust *trust, const struct gw_statement *statement,
                           struct godwit_trust_result *result) {
  if (statement->sequence < trust->store->state.trust.floor) {
    result->detail = GW_DETAIL_TOO_OLD;
    return GODWIT_ERR_UNTRUSTED;
  }
  result->sequence = statement->sequence;
  result->floor = statement->floor;
  /* From the first signed model on that is in service, no unsigned one comes
   * back: it would be that of sequence 0. */
  if (result->floor == 0 && trust->config.require_signature) result->floor = 1;
  return GODWIT_OK;
}

/* The way back is kept while it may still be needed. */
static int drop_too_old(struct godwit_store *store) {
  const struct godwit_store_state *state = &store->state;
  if (state->previous.version[0] == 0 || !state->active.confirmed) return GODWIT_OK;
  if (state->previous.sequence >= state->trust.floor) return GODWIT_OK;
  return godwit_store_drop_previous(store);
}

static int accept_keyset(struct godwit_trust *trust, struct godwit_trust_work *work) {
  struct godwit_trust_state next = trust->store->state.trust;
  const struct gw_keyset *keyset = &work->keyset;
  for (size_t i = 0; i < keyset->key_count; i++) {
    int result = read_point(&work->group, keyset->key[i], &work->key);
    if (result == MBEDTLS_ERR_MPI_ALLOC_FAILED) return GODWIT_ERR_NO_MEMORY;
    if (result != 0) return GODWIT_ERR_UNTRUSTED;
  }
  next.epoch = keyset->epoch;
  next.key_count = keyset->key_count;
  memset(next.key, 0, sizeof next.key);
  memcpy(next.key, keyset->key, keyset->key_count * sizeof keyset->key[0]);
  if (keyset->floor > next.floor) next.floor = keyset->floor;
  int status = godwit_store_set_trust(trust->store, &next);
  return status == GODWIT_OK ? drop_too_old(trust->store) : status;
}

static int finish(struct godwit_trust *trust, struct godwit_trust_result *result) {
  struct godwit_trust_work *work = trust->work;
  return work->for_keyset ? accept_keyset(trust, work)
                          : accept_artifact(trust, &work->statement, result);
}

static int step(struct godwit_trust *trust, struct godwit_trust_result *result) {
  int status = verify_slice(trust->work);
  return status == GODWIT_OK ? finish(trust, result) : status;
}

int godwit_trust_step(struct godwit_trust *trust, struct godwit_trust_result *result) {
  memset(result, 0, sizeof *result);
  int status = trust->begun;
  if (status == GODWIT_OK && trust->work != NULL) {
    struct godwit_pool *before = godwit_pool_enter(&trust->config.client->pool);
    trust->begun_detail = GW_DETAIL_SIGNATURE_WRONG;
    status = step(trust, result);
    godwit_pool_leave(before);
    if (status == 1) return status;
  }
  if (status == GODWIT_ERR_UNTRUSTED && result->detail == 0) result->detail = trust->begun_detail;
  godwit_trust_cancel(trust);
  return status;
}

/* In one go ------------------------------------------------------------------------- */

static int run(struct godwit_trust *trust, struct godwit_trust_result *result) {
  int status;
  do status = godwit_trust_step(trust, result);
  while (status == 1);
  return status;
}

int godwit_trust_check(struct godwit_trust *trust, const struct gw_component *component,
                       const uint8_t *signature, size_t size, uint32_t *sequence, uint32_t *floor,
                       uint8_t *detail) {
  struct godwit_trust_result result;
  godwit_trust_begin(trust, component, signature, size);
  int status = run(trust, &result);
  *sequence = result.sequence;
  *floor = result.floor;
  *detail = result.detail;
  return status;
}

int godwit_trust_apply_keyset(struct godwit_trust *trust, const uint8_t *message, size_t size) {
  struct godwit_trust_result result;
  godwit_trust_begin_keyset(trust, message, size);
  return run(trust, &result);
}

/* Laying it out --------------------------------------------------------------------- */

static int check_keys(const struct godwit_trust_config *config) {
  struct godwit_trust_work *work;
  int status = create(&work);
  if (status != GODWIT_OK) return status;
  for (size_t i = 0; i < config->key_count && status == GODWIT_OK; i++) {
    int result = read_point(&work->group, config->key[i], &work->key);
    if (result == MBEDTLS_ERR_MPI_ALLOC_FAILED)
      status = GODWIT_ERR_NO_MEMORY;
    else if (result != 0)
      status = GODWIT_ERR_ARGUMENT;
  }
  release(work);
  return status;
}

int godwit_trust_init(struct godwit_trust *trust, struct godwit_store *store,
                      const struct godwit_trust_config *config) {
  memset(trust, 0, sizeof *trust);
  trust->config = *config;
  trust->store = store;
  trust->begun = GODWIT_ERR_STATE;
  if (config->client == NULL || config->key_count > GW_KEYSET_KEYS_MAX) return GODWIT_ERR_ARGUMENT;
  if (config->project != NULL && strlen(config->project) > GW_PROJECT_MAX)
    return GODWIT_ERR_ARGUMENT;
  if (config->require_signature && keys_in_use(trust).count == 0) return GODWIT_ERR_ARGUMENT;
  struct godwit_pool *before = godwit_pool_enter(&config->client->pool);
  int status = check_keys(config);
  godwit_pool_leave(before);
  return status;
}

const struct godwit_trust_ops godwit_trust_p256 = {
    .begin = godwit_trust_begin,
    .begin_keyset = godwit_trust_begin_keyset,
    .step = godwit_trust_step,
    .cancel = godwit_trust_cancel,
    .epoch = godwit_trust_epoch,
};
