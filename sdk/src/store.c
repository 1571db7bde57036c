/* SPDX-License-Identifier: Apache-2.0 */
#include "godwit/store.h"

#include <string.h>

#include "godwit/log.h"
#include "mbedtls/sha256.h"

#define JOURNAL_EVERY_BYTES 16384u /* one window of 16 blocks */
#define BLOCK_MAX 1024u            /* resume at a multiple: any block size divides it */
#define CHECK_CHUNK 512u           /* on the stack, where a model is only checked */

static bool is_empty(const struct godwit_store_entry *entry) { return entry->version[0] == '\0'; }

static void clear(struct godwit_store_entry *entry) { memset(entry, 0, sizeof *entry); }

/* Journal -------------------------------------------------------------------- */

/* What state.incoming_bytes claims is on the medium before the journal says so. */
static int sync_incoming(struct godwit_store *store) {
  const struct godwit_store_state *state = &store->state;
  if (is_empty(&state->incoming) || state->incoming_bytes <= store->durable_bytes) return GODWIT_OK;
  return store->medium->ops->sync(store->medium, state);
}

/* Makes `next` the state, durably. On failure the state is as before. */
static int write_journal(struct godwit_store *store, struct godwit_store_state *next) {
  int status = sync_incoming(store);
  /* Counted for a write that fails too: it may turn out to be on the medium. */
  next->generation = ++store->state.generation;
  if (status == GODWIT_OK) status = store->medium->ops->write_state(store->medium, next);
  if (status < 0) {
    godwit_log(GODWIT_LOG_ERROR, "store: writing the journal of %s: %s", store->package,
               godwit_status_name(status));
    return status;
  }
  store->state = *next;
  store->durable_bytes = next->incoming_bytes;
  if (store->discarded_is_removed) { /* that sync has made the removal final */
    clear(&store->state.discarded);
    store->discarded_is_removed = false;
  }
  return GODWIT_OK;
}

/* Deleting: a removal may reach the medium later than the journal that no
 * longer names the file, and a file without a name would stay for ever. So the
 * journal names it as discarded until a sync after the removal; init removes it
 * again. A removal that fails is repeated by the next init. */

static void remove_discarded(struct godwit_store *store) {
  const struct godwit_medium_ops *ops = store->medium->ops;
  if (is_empty(&store->state.discarded)) return;
  store->discarded_is_removed =
      ops->remove == NULL || ops->remove(store->medium, &store->state) == GODWIT_OK;
}

/* There is room for one discarded file: the one before must be final. */
static int begin_change(struct godwit_store *store, struct godwit_store_state *next) {
  if (!is_empty(&store->state.discarded)) {
    if (!store->discarded_is_removed) remove_discarded(store);
    *next = store->state;
    int status = store->discarded_is_removed ? write_journal(store, next) : GODWIT_ERR_IO;
    if (status < 0) return status;
  }
  *next = store->state;
  return GODWIT_OK;
}

static void discard(const struct godwit_store *store, struct godwit_store_state *next,
                    struct godwit_store_entry *entry) {
  if (!is_empty(entry) && store->medium->ops->remove != NULL) next->discarded = *entry;
  clear(entry);
}

/* What the journal says of the incoming model beyond its entry. */
static void forget_incoming(struct godwit_store_state *next) {
  clear(&next->incoming);
  next->incoming_bytes = 0;
  next->incoming_attempts = 0;
  next->incoming_checkpoint_size = 0;
  next->scratch_bytes = 0;
}

static void discard_incoming(const struct godwit_store *store, struct godwit_store_state *next) {
  discard(store, next, &next->incoming);
  forget_incoming(next);
}

static int end_change(struct godwit_store *store, struct godwit_store_state *next) {
  int status = write_journal(store, next);
  if (status == GODWIT_OK) remove_discarded(store);
  return status;
}

int godwit_store_init(struct godwit_store *store, const struct godwit_store_config *config) {
  if (!godwit_store_package_is_safe(config->package)) return GODWIT_ERR_ARGUMENT;
  memset(store, 0, sizeof *store);
  store->medium = config->medium;
  memcpy(store->package, config->package, strlen(config->package) + 1);
  store->journal_every_bytes =
      config->journal_every_bytes ? config->journal_every_bytes : JOURNAL_EVERY_BYTES;
  int status = store->medium->ops->mount(store->medium, store->package, &store->state);
  if (status == GODWIT_ERR_FORMAT) {
    godwit_log(GODWIT_LOG_ERROR, "store: no journal of %s is readable, starting with none",
               store->package);
  }
  if (status < 0 && status != GODWIT_ERR_FORMAT && status != GODWIT_ERR_NOT_FOUND) return status;
  store->durable_bytes = store->state.incoming_bytes;
  remove_discarded(store);
  return GODWIT_OK;
}

/* Incoming ------------------------------------------------------------------- */

static bool is_component(const struct godwit_store_entry *entry,
                         const struct gw_component *component) {
  return strcmp(entry->version, component->version) == 0 &&
         entry->size_bytes == component->size_bytes &&
         memcmp(entry->digest, component->digest, GW_DIGEST_SIZE) == 0;
}

int godwit_store_drop_previous(struct godwit_store *store) {
  struct godwit_store_state next;
  if (is_empty(&store->state.previous)) return GODWIT_OK;
  int status = begin_change(store, &next);
  if (status < 0) return status;
  discard(store, &next, &next.previous);
  return end_change(store, &next);
}

int godwit_store_abandon(struct godwit_store *store) {
  struct godwit_store_state next;
  if (is_empty(&store->state.incoming)) return GODWIT_OK;
  int status = begin_change(store, &next);
  if (status < 0) return status;
  discard_incoming(store, &next);
  return end_change(store, &next);
}

/* The active model has yet to prove itself, and the previous one has: it is all that
 * there is to go back to. */
static bool needs_previous(const struct godwit_store_state *state) {
  return !is_empty(&state->previous) && state->previous.confirmed && !is_empty(&state->active) &&
         !state->active.confirmed;
}

/* May give up the previous model: a rollback is worth less than the update. */
static int place(struct godwit_store *store, struct godwit_store_entry *entry) {
  struct godwit_medium *medium = store->medium;
  bool takes_previous = false;
  int status = medium->ops->place(medium, &store->state, entry, &takes_previous);
  if (status < 0 || !takes_previous) return status;
  status = needs_previous(&store->state) ? GODWIT_ERR_NO_SPACE : godwit_store_drop_previous(store);
  if (status < 0) return status;
  status = medium->ops->place(medium, &store->state, entry, &takes_previous);
  return status >= 0 && takes_previous ? GODWIT_ERR_NO_SPACE : status;
}

/* A new incoming model, which replaces any other; its form is not set yet. A
 * file that the journal did not know is taken over when it could be the whole
 * model. */
static int begin_new(struct godwit_store *store, const struct gw_component *component,
                     struct godwit_store_state *next) {
  struct godwit_store_entry entry = {.size_bytes = component->size_bytes};
  memcpy(entry.version, component->version, strlen(component->version) + 1);
  memcpy(entry.digest, component->digest, GW_DIGEST_SIZE);
  int status = godwit_store_abandon(store);
  if (status == GODWIT_OK) status = place(store, &entry);
  if (status < 0) return status;
  *next = store->state;
  next->incoming = entry;
  next->incoming_bytes = status == 1 ? component->size_bytes : 0;
  return GODWIT_OK;
}

/* Journals what is wanted, where the journal does not say so already. */
static int begin_form(struct godwit_store *store, const struct gw_component *component,
                      uint8_t encoding, const uint8_t offer[GW_OFFER_ID_SIZE]) {
  struct godwit_store_state next;
  const struct godwit_store_state *state = &store->state;
  bool same_form = state->incoming_encoding == encoding &&
                   memcmp(state->incoming_offer, offer, GW_OFFER_ID_SIZE) == 0;
  if (!is_component(&state->incoming, component)) {
    int status = begin_new(store, component, &next);
    if (status < 0) return status;
  } else {
    bool is_whole = state->incoming_bytes == state->incoming.size_bytes;
    if (same_form || is_whole) return GODWIT_OK;
    next = *state;
    next.incoming_bytes = 0;
    next.scratch_bytes = 0;
  }
  next.incoming_checkpoint_size = 0;
  next.incoming_encoding = encoding;
  memcpy(next.incoming_offer, offer, GW_OFFER_ID_SIZE);
  return write_journal(store, &next);
}

static int make_durable(struct godwit_store *store) {
  struct godwit_store_state *state = &store->state;
  if (state->incoming_bytes == store->durable_bytes) return GODWIT_OK;
  int status = sync_incoming(store);
  if (status < 0) return status;
  state->generation++;
  status = store->medium->ops->write_progress(store->medium, state);
  if (status == GODWIT_OK) store->durable_bytes = state->incoming_bytes;
  return status;
}

/* What the journal shall say before anything below it may be written anew. */
static int go_on_from(struct godwit_store *store, uint32_t from) {
  if (from == 0) {
    store->state.incoming_checkpoint_size = 0;
    store->state.scratch_bytes = 0;
  }
  store->state.incoming_bytes = from;
  return make_durable(store);
}

bool godwit_store_may_begin(const struct godwit_store *store,
                            const struct gw_component *component) {
  const struct godwit_store_state *state = &store->state;
  struct godwit_store_entry entry = {.size_bytes = component->size_bytes};
  bool takes_previous = false;
  if (!needs_previous(state) || is_component(&state->incoming, component)) return true;
  memcpy(entry.version, component->version, sizeof entry.version);
  memcpy(entry.digest, component->digest, sizeof entry.digest);
  (void)store->medium->ops->place(store->medium, state, &entry, &takes_previous);
  return !takes_previous;
}

int godwit_store_begin(struct godwit_store *store, const struct gw_component *component,
                       uint8_t encoding, const uint8_t *offer_id, uint32_t *offset) {
  static const uint8_t no_offer[GW_OFFER_ID_SIZE];
  struct godwit_store_state *state = &store->state;
  if (!godwit_store_version_is_safe(component->version)) return GODWIT_ERR_UNSUPPORTED;
  if (strcmp(component->package, store->package) != 0) return GODWIT_ERR_ARGUMENT;
  int status = make_durable(store); /* what came since: begin may be called in mid-download */
  if (status == GODWIT_OK) {
    status = begin_form(store, component, encoding, offer_id != NULL ? offer_id : no_offer);
  }
  if (status < 0) return status;
  uint32_t from = state->incoming_bytes;
  if (encoding == GW_ENCODING_NONE && from < state->incoming.size_bytes) from -= from % BLOCK_MAX;
  status = go_on_from(store, from);
  if (status == GODWIT_OK) status = store->medium->ops->open(store->medium, state, &from);
  if (status == GODWIT_OK) status = go_on_from(store, from);
  *offset = from;
  return status;
}

void godwit_store_set_terms(struct godwit_store *store, uint32_t sequence, uint32_t floor,
                            uint32_t confirm_after_s) {
  struct godwit_store_entry *incoming = &store->state.incoming;
  incoming->sequence = sequence;
  incoming->floor = floor;
  incoming->confirm_after_s = confirm_after_s;
}

int godwit_store_write(struct godwit_store *store, uint32_t offset, const void *data, size_t size) {
  const struct godwit_store_state *state = &store->state;
  struct godwit_medium *medium = store->medium;
  uint32_t total = state->incoming.size_bytes;
  if (is_empty(&state->incoming)) return GODWIT_ERR_STATE;
  if (offset > total || size > total - offset) return GODWIT_ERR_ARGUMENT;
  if (size == 0) return GODWIT_OK;
  /* It leaves a gap: what is whole is made durable first, so that a cut voids what
   * is beyond the gap, or what came since the last record, but never both. */
  bool leaves_gap = state->incoming_encoding == GW_ENCODING_NONE && offset > state->incoming_bytes;
  int status =
      leaves_gap && state->incoming_bytes > store->durable_bytes ? make_durable(store) : GODWIT_OK;
  if (status == GODWIT_OK) status = medium->ops->write(medium, state, offset, data, size);
  if (status != GODWIT_ERR_NO_SPACE || is_empty(&state->previous) || needs_previous(state)) {
    return status;
  }
  status = godwit_store_drop_previous(store);
  return status < 0 ? status : medium->ops->write(medium, state, offset, data, size);
}

int godwit_store_progress(struct godwit_store *store, uint32_t bytes_whole, const void *checkpoint,
                          size_t checkpoint_size) {
  struct godwit_store_state *state = &store->state;
  if (is_empty(&state->incoming)) return GODWIT_ERR_STATE;
  if (bytes_whole < state->incoming_bytes || bytes_whole > state->incoming.size_bytes ||
      checkpoint_size > GODWIT_CHECKPOINT_MAX) {
    return GODWIT_ERR_ARGUMENT;
  }
  state->incoming_bytes = bytes_whole;
  state->incoming_checkpoint_size = (uint8_t)checkpoint_size;
  if (checkpoint_size > 0) memcpy(state->incoming_checkpoint, checkpoint, checkpoint_size);
  return bytes_whole - store->durable_bytes < store->journal_every_bytes ? GODWIT_OK
                                                                         : make_durable(store);
}

int godwit_store_finish(struct godwit_store *store) {
  const struct godwit_store_state *state = &store->state;
  if (is_empty(&state->incoming) || state->incoming_bytes != state->incoming.size_bytes) {
    return GODWIT_ERR_STATE;
  }
  return make_durable(store);
}

/* Reading -------------------------------------------------------------------- */

int godwit_store_read_at(const struct godwit_store *store, const struct godwit_store_entry *entry,
                         uint32_t offset, void *data, size_t size) {
  if (offset > entry->size_bytes || size > entry->size_bytes - offset) return GODWIT_ERR_ARGUMENT;
  int taken = store->medium->ops->read(store->medium, entry, offset, data, size);
  if (taken < 0) return taken;
  return (size_t)taken == size ? GODWIT_OK : GODWIT_ERR_INTEGRITY;
}

const void *godwit_store_map(const struct godwit_store *store,
                             const struct godwit_store_entry *entry) {
  const struct godwit_medium_ops *ops = store->medium->ops;
  return ops->map != NULL && !is_empty(entry) ? ops->map(store->medium, entry) : NULL;
}

static mbedtls_sha256_context *hash_of(struct godwit_store_reader *reader) {
  _Static_assert(sizeof(mbedtls_sha256_context) <= sizeof reader->hash, "SHA-256 context");
  return (mbedtls_sha256_context *)(void *)reader->hash;
}

int godwit_store_reader_open(struct godwit_store_reader *reader, const struct godwit_store *store,
                             const struct godwit_store_entry *entry, void *memory,
                             size_t memory_size) {
  if (is_empty(entry)) return GODWIT_ERR_NOT_FOUND;
  if (memory != NULL && entry->size_bytes > memory_size) return GODWIT_ERR_NO_MEMORY;
  *reader =
      (struct godwit_store_reader){.store = store, .entry = *entry, .memory = memory, .open = true};
  mbedtls_sha256_init(hash_of(reader));
  return mbedtls_sha256_starts(hash_of(reader), 0) == 0 ? GODWIT_OK : GODWIT_ERR_IO;
}

static int read_chunk(struct godwit_store_reader *reader, size_t size) {
  uint8_t chunk[CHECK_CHUNK];
  uint8_t *into = chunk;
  if (reader->memory != NULL) {
    into = reader->memory + reader->offset;
  } else if (size > sizeof chunk) {
    size = sizeof chunk;
  }
  int status = godwit_store_read_at(reader->store, &reader->entry, reader->offset, into, size);
  if (status < 0) return status;
  if (mbedtls_sha256_update(hash_of(reader), into, size) != 0) return GODWIT_ERR_IO;
  reader->offset += (uint32_t)size;
  return (int)size;
}

static int compare_digest(struct godwit_store_reader *reader) {
  uint8_t digest[GW_DIGEST_SIZE];
  if (mbedtls_sha256_finish(hash_of(reader), digest) != 0) return GODWIT_ERR_IO;
  return memcmp(digest, reader->entry.digest, sizeof digest) == 0 ? GODWIT_OK
                                                                  : GODWIT_ERR_INTEGRITY;
}

int godwit_store_reader_step(struct godwit_store_reader *reader, size_t step_bytes) {
  while (step_bytes > 0 && reader->offset < reader->entry.size_bytes) {
    size_t left = reader->entry.size_bytes - reader->offset;
    int taken = read_chunk(reader, left < step_bytes ? left : step_bytes);
    if (taken < 0) return taken;
    step_bytes -= (size_t)taken;
  }
  return reader->offset < reader->entry.size_bytes ? 1 : compare_digest(reader);
}

void godwit_store_reader_close(struct godwit_store_reader *reader) {
  if (reader->open) mbedtls_sha256_free(hash_of(reader));
  reader->open = false;
}

int godwit_store_read(const struct godwit_store *store, const struct godwit_store_entry *entry,
                      void *memory, size_t memory_size) {
  struct godwit_store_reader reader;
  int status = godwit_store_reader_open(&reader, store, entry, memory, memory_size);
  if (status < 0) return status;
  status = godwit_store_reader_step(&reader, SIZE_MAX);
  godwit_store_reader_close(&reader);
  return status;
}

/* Deciding ------------------------------------------------------------------- */

int godwit_store_try(struct godwit_store *store) {
  if (is_empty(&store->state.incoming)) return GODWIT_ERR_STATE;
  if (store->state.incoming_attempts >= GODWIT_STORE_ATTEMPTS_MAX) return GODWIT_ERR_MODEL;
  struct godwit_store_state next = store->state;
  next.incoming_attempts++;
  return write_journal(store, &next);
}

int godwit_store_clear_tries(struct godwit_store *store) {
  struct godwit_store_state next = store->state;
  if (next.incoming_attempts == 0) return GODWIT_OK;
  next.incoming_attempts = 0;
  return write_journal(store, &next);
}

int godwit_store_start(struct godwit_store *store) {
  struct godwit_store_state next = store->state;
  if (is_empty(&next.active)) return GODWIT_ERR_NOT_FOUND;
  if (next.active.confirmed) return GODWIT_OK;
  if (next.active_starts >= GODWIT_STORE_ATTEMPTS_MAX) return GODWIT_ERR_MODEL;
  next.active_starts++;
  return write_journal(store, &next);
}

int godwit_store_confirm(struct godwit_store *store, uint32_t floor) {
  struct godwit_store_state next;
  const struct godwit_store_state *state = &store->state;
  if (floor < state->trust.floor) floor = state->trust.floor;
  bool is_confirmed = is_empty(&state->active) || state->active.confirmed;
  if (is_confirmed && floor == state->trust.floor) return GODWIT_OK;
  int status = begin_change(store, &next);
  if (status < 0) return status;
  next.active.confirmed = !is_empty(&next.active);
  next.active_starts = 0;
  next.trust.floor = floor;
  if (next.previous.sequence < floor) discard(store, &next, &next.previous);
  return end_change(store, &next);
}

int godwit_store_set_trust(struct godwit_store *store, const struct godwit_trust_state *trust) {
  struct godwit_store_state next = store->state;
  if (trust->key_count > GODWIT_TRUST_KEYS_MAX) return GODWIT_ERR_ARGUMENT;
  next.trust = *trust;
  return write_journal(store, &next);
}

/* The way back leads to a model that has proved itself, where there is one: not
 * to one that gives way before it has. */
static void push_back(struct godwit_store *store, struct godwit_store_state *next) {
  if (next->previous.confirmed && !next->active.confirmed) {
    discard(store, next, &next->active);
  } else {
    discard(store, next, &next->previous);
    next->previous = next->active;
  }
}

int godwit_store_commit(struct godwit_store *store) {
  struct godwit_store_state next;
  if (is_empty(&store->state.incoming)) return GODWIT_ERR_STATE;
  int status = begin_change(store, &next);
  if (status < 0) return status;
  push_back(store, &next);
  next.active = next.incoming;
  next.active_starts = 0;
  forget_incoming(&next);
  return end_change(store, &next);
}

int godwit_store_swap_back(struct godwit_store *store) {
  if (is_empty(&store->state.previous)) return GODWIT_ERR_NOT_FOUND;
  struct godwit_store_state next = store->state;
  next.active = store->state.previous;
  next.previous = store->state.active;
  next.active_starts = 0;
  return write_journal(store, &next);
}

int godwit_store_drop_active(struct godwit_store *store) {
  struct godwit_store_state next;
  if (is_empty(&store->state.active)) return GODWIT_OK;
  int status = begin_change(store, &next);
  if (status < 0) return status;
  discard(store, &next, &next.active);
  next.active = next.previous;
  next.active_starts = 0;
  clear(&next.previous);
  return end_change(store, &next);
}

static void remember(struct godwit_store_state *state, const char *version,
                     const uint8_t digest[GW_DIGEST_SIZE], uint8_t reason) {
  unsigned at = 0;
  while (at < GODWIT_STORE_REJECTED_MAX - 1 &&
         memcmp(state->rejected[at].digest, digest, GW_DIGEST_SIZE) != 0) {
    at++;
  }
  memmove(&state->rejected[1], &state->rejected[0], at * sizeof state->rejected[0]);
  struct godwit_store_rejection *rejection = &state->rejected[0];
  memset(rejection, 0, sizeof *rejection);
  memcpy(rejection->version, version, strlen(version) + 1);
  memcpy(rejection->digest, digest, GW_DIGEST_SIZE);
  rejection->reason = reason;
}

int godwit_store_reject(struct godwit_store *store, const char *version,
                        const uint8_t digest[GW_DIGEST_SIZE], uint8_t reason, uint8_t detail) {
  struct godwit_store_state next;
  if (!godwit_store_version_is_safe(version)) return GODWIT_ERR_UNSUPPORTED;
  int status = begin_change(store, &next);
  if (status < 0) return status;
  remember(&next, version, digest, reason);
  next.rejected[0].detail = detail;
  bool is_incoming =
      !is_empty(&next.incoming) && memcmp(next.incoming.digest, digest, GW_DIGEST_SIZE) == 0;
  if (is_incoming) discard_incoming(store, &next);
  return end_change(store, &next);
}

const struct godwit_store_rejection *godwit_store_find_rejection(
    const struct godwit_store *store, const uint8_t digest[GW_DIGEST_SIZE]) {
  for (unsigned i = 0; i < GODWIT_STORE_REJECTED_MAX; i++) {
    const struct godwit_store_rejection *rejection = &store->state.rejected[i];
    if (rejection->version[0] != '\0' && memcmp(rejection->digest, digest, GW_DIGEST_SIZE) == 0) {
      return rejection;
    }
  }
  return NULL;
}
