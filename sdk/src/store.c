/* SPDX-License-Identifier: Apache-2.0 */
#include "godwit/store.h"

#include <string.h>

#include "godwit/log.h"
#include "journal.h"
#include "mbedtls/sha256.h"
#include "platform/storage.h"

#define JOURNAL_EVERY_BYTES 4096u
#define BLOCK_MAX 1024u   /* resume at a multiple: any block size divides it */
#define SPARE_BYTES 4096u /* free space that is left for the journal and the volume itself */
#define CHECK_CHUNK 512u  /* on the stack, where a model is only checked */
/* Names ---------------------------------------------------------------------- */

void godwit_store_file_name(const struct godwit_store *store,
                            const struct godwit_store_entry *entry,
                            char name[GODWIT_STORE_NAME_MAX + 1]) {
  const uint8_t *d = entry->digest;
  if (entry->named_by_digest) {
    godwit_format(name, GODWIT_STORE_NAME_MAX + 1, "%s_%s~%02x%02x%02x%02x", store->package,
                  entry->version, d[0], d[1], d[2], d[3]);
  } else {
    godwit_format(name, GODWIT_STORE_NAME_MAX + 1, "%s_%s", store->package, entry->version);
  }
}

static bool is_empty(const struct godwit_store_entry *entry) { return entry->version[0] == '\0'; }

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

/* Would the two share a file? Volumes such as FAT do not tell case apart. */
static bool share_file(const struct godwit_store *store, const struct godwit_store_entry *a,
                       const struct godwit_store_entry *b) {
  char name_a[GODWIT_STORE_NAME_MAX + 1];
  char name_b[GODWIT_STORE_NAME_MAX + 1];
  if (is_empty(a) || is_empty(b)) return false;
  godwit_store_file_name(store, a, name_a);
  godwit_store_file_name(store, b, name_b);
  size_t i = 0;
  while (name_a[i] != '\0' && lower(name_a[i]) == lower(name_b[i])) i++;
  return lower(name_a[i]) == lower(name_b[i]);
}

static int remove_file(const struct godwit_store *store, const struct godwit_store_entry *entry) {
  char name[GODWIT_STORE_NAME_MAX + 1];
  if (is_empty(entry)) return GODWIT_OK;
  godwit_store_file_name(store, entry, name);
  return godwit_platform_storage_remove(store->volume, name);
}

static void clear(struct godwit_store_entry *entry) { memset(entry, 0, sizeof *entry); }

/* Journal -------------------------------------------------------------------- */

static void journal_name(const struct godwit_store *store, unsigned copy,
                         char name[GODWIT_STORE_NAME_MAX + 1]) {
  godwit_format(name, GODWIT_STORE_NAME_MAX + 1, "%s.journal%u", store->package, copy);
}

/* Makes `next` the state, durably: the older copy is overwritten, so the newer
 * one stays whole whatever happens. On failure the state is as before. */
static int write_journal(struct godwit_store *store, struct godwit_store_state *next) {
  uint8_t bytes[GODWIT_JOURNAL_SIZE];
  char name[GODWIT_STORE_NAME_MAX + 1];
  next->generation = store->state.generation + 1;
  godwit_journal_encode(next, bytes);
  journal_name(store, store->next_copy, name);
  int status = godwit_platform_storage_write(store->volume, name, 0, bytes, sizeof bytes);
  if (status == GODWIT_OK) status = godwit_platform_storage_sync(store->volume, name);
  if (status < 0) {
    godwit_log(GODWIT_LOG_ERROR, "store: writing %s on %s: %s", name, store->volume,
               godwit_status_name(status));
    return status;
  }
  store->state = *next;
  store->next_copy ^= 1u;
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
  const struct godwit_store_state *state = &store->state;
  const struct godwit_store_entry *discarded = &state->discarded;
  if (is_empty(discarded)) return;
  bool in_use = share_file(store, discarded, &state->active) ||
                share_file(store, discarded, &state->previous) ||
                share_file(store, discarded, &state->incoming);
  store->discarded_is_removed = in_use || remove_file(store, discarded) == GODWIT_OK;
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

static void discard(struct godwit_store_state *next, struct godwit_store_entry *entry) {
  if (!is_empty(entry)) next->discarded = *entry;
  clear(entry);
}

static void discard_incoming(struct godwit_store_state *next) {
  discard(next, &next->incoming);
  next->incoming_bytes = 0;
  next->incoming_attempts = 0;
}

static int end_change(struct godwit_store *store, struct godwit_store_state *next) {
  int status = write_journal(store, next);
  if (status == GODWIT_OK) remove_discarded(store);
  return status;
}

static int read_copy(const struct godwit_store *store, unsigned copy,
                     struct godwit_store_state *out) {
  uint8_t bytes[GODWIT_JOURNAL_SIZE];
  char name[GODWIT_STORE_NAME_MAX + 1];
  journal_name(store, copy, name);
  int size = godwit_platform_storage_read(store->volume, name, 0, bytes, sizeof bytes);
  if (size < 0) return size;
  return godwit_journal_decode(bytes, (size_t)size, out);
}

static int read_journal(struct godwit_store *store) {
  struct godwit_store_state other = {0};
  int status0 = read_copy(store, 0, &store->state);
  int status1 = read_copy(store, 1, &other);
  /* A medium that does not answer is not an empty one: starting anew would
   * overwrite what it holds. */
  if (status0 == GODWIT_ERR_IO || status1 == GODWIT_ERR_IO) return GODWIT_ERR_IO;
  bool newer = (int32_t)(other.generation - store->state.generation) > 0;
  if (status1 == GODWIT_OK && (status0 < 0 || newer)) {
    store->state = other;
    store->next_copy = 0;
  } else if (status0 == GODWIT_OK) {
    store->next_copy = 1;
  } else {
    memset(&store->state, 0, sizeof store->state);
    store->next_copy = 0;
    if (status0 == GODWIT_ERR_FORMAT || status1 == GODWIT_ERR_FORMAT) {
      godwit_log(GODWIT_LOG_ERROR,
                 "store: %s: no copy of the journal of %s is readable, "
                 "starting with none",
                 store->volume, store->package);
    }
  }
  return GODWIT_OK;
}

int godwit_store_init(struct godwit_store *store, const struct godwit_store_config *config) {
  if (config->volume == NULL || config->package == NULL) return GODWIT_ERR_ARGUMENT;
  if (strlen(config->volume) > GODWIT_STORE_VOLUME_MAX) return GODWIT_ERR_ARGUMENT;
  if (!godwit_store_package_is_safe(config->package)) return GODWIT_ERR_ARGUMENT;
  memset(store, 0, sizeof *store);
  memcpy(store->volume, config->volume, strlen(config->volume) + 1);
  memcpy(store->package, config->package, strlen(config->package) + 1);
  store->journal_every_bytes =
      config->journal_every_bytes ? config->journal_every_bytes : JOURNAL_EVERY_BYTES;
  int status = godwit_platform_storage_mount(store->volume);
  if (status == GODWIT_OK) status = read_journal(store);
  if (status == GODWIT_OK) remove_discarded(store);
  return status;
}

/* Incoming ------------------------------------------------------------------- */

static bool is_component(const struct godwit_store_entry *entry,
                         const struct gw_component *component) {
  return strcmp(entry->version, component->version) == 0 &&
         entry->size_bytes == component->size_bytes &&
         memcmp(entry->digest, component->digest, GW_DIGEST_SIZE) == 0;
}

static int64_t file_size(const struct godwit_store *store, const struct godwit_store_entry *entry) {
  char name[GODWIT_STORE_NAME_MAX + 1];
  godwit_store_file_name(store, entry, name);
  return godwit_platform_storage_size(store->volume, name);
}

int godwit_store_drop_previous(struct godwit_store *store) {
  struct godwit_store_state next;
  if (is_empty(&store->state.previous)) return GODWIT_OK;
  int status = begin_change(store, &next);
  if (status < 0) return status;
  discard(&next, &next.previous);
  return end_change(store, &next);
}

int godwit_store_abandon(struct godwit_store *store) {
  struct godwit_store_state next;
  if (is_empty(&store->state.incoming)) return GODWIT_OK;
  int status = begin_change(store, &next);
  if (status < 0) return status;
  discard_incoming(&next);
  store->incoming_written = 0;
  return end_change(store, &next);
}

static int name_incoming(const struct godwit_store *store, struct godwit_store_entry *entry) {
  entry->named_by_digest = false;
  const struct godwit_store_entry *active = &store->state.active;
  const struct godwit_store_entry *previous = &store->state.previous;
  if (!share_file(store, entry, active) && !share_file(store, entry, previous)) return GODWIT_OK;
  entry->named_by_digest = true;
  bool taken = share_file(store, entry, active) || share_file(store, entry, previous);
  return taken ? GODWIT_ERR_STATE : GODWIT_OK;
}

/* Journals a new incoming model, which replaces any other. A file that the
 * journal did not know is taken over when it could be the whole model. */
static int begin_new(struct godwit_store *store, const struct gw_component *component) {
  struct godwit_store_state next;
  int status = godwit_store_abandon(store);
  if (status < 0) return status;
  next = store->state;
  memcpy(next.incoming.version, component->version, strlen(component->version) + 1);
  memcpy(next.incoming.digest, component->digest, GW_DIGEST_SIZE);
  next.incoming.size_bytes = component->size_bytes;
  status = name_incoming(store, &next.incoming);
  if (status < 0) return status;
  bool whole = file_size(store, &next.incoming) == (int64_t)component->size_bytes;
  next.incoming_bytes = whole ? component->size_bytes : 0;
  return write_journal(store, &next);
}

/* Where to go on: what the journal says, unless the file is not there. */
static uint32_t resume_offset(const struct godwit_store *store) {
  const struct godwit_store_state *state = &store->state;
  int64_t size = file_size(store, &state->incoming);
  if (size < (int64_t)state->incoming_bytes) return 0;
  if (state->incoming_bytes == state->incoming.size_bytes) return state->incoming_bytes;
  return state->incoming_bytes - state->incoming_bytes % BLOCK_MAX;
}

/* May delete the previous model: a rollback is worth less than the update. */
static int make_room(struct godwit_store *store, uint32_t bytes) {
  if (godwit_platform_storage_free(store->volume) >= (int64_t)bytes + SPARE_BYTES) {
    return GODWIT_OK;
  }
  int status = godwit_store_drop_previous(store);
  if (status < 0) return status;
  bool fits = godwit_platform_storage_free(store->volume) >= (int64_t)bytes + SPARE_BYTES;
  return fits ? GODWIT_OK : GODWIT_ERR_NO_SPACE;
}

int godwit_store_begin(struct godwit_store *store, const struct gw_component *component,
                       uint32_t *offset) {
  if (!godwit_store_version_is_safe(component->version)) return GODWIT_ERR_UNSUPPORTED;
  if (strcmp(component->package, store->package) != 0) return GODWIT_ERR_ARGUMENT;
  int status = GODWIT_OK;
  if (!is_component(&store->state.incoming, component)) status = begin_new(store, component);
  if (status < 0) return status;
  uint32_t from = resume_offset(store);
  status = make_room(store, component->size_bytes - from);
  if (status < 0) return status;
  store->state.incoming_bytes = from;
  store->incoming_written = 0;
  *offset = from;
  return GODWIT_OK;
}

static int make_durable(struct godwit_store *store) {
  char name[GODWIT_STORE_NAME_MAX + 1];
  godwit_store_file_name(store, &store->state.incoming, name);
  int status = godwit_platform_storage_sync(store->volume, name);
  if (status < 0) return status;
  struct godwit_store_state next = store->state;
  next.incoming_bytes += store->incoming_written;
  status = write_journal(store, &next);
  if (status == GODWIT_OK) store->incoming_written = 0;
  return status;
}

int godwit_store_append(struct godwit_store *store, const void *data, size_t size) {
  char name[GODWIT_STORE_NAME_MAX + 1];
  const struct godwit_store_entry *incoming = &store->state.incoming;
  uint32_t offset = store->state.incoming_bytes + store->incoming_written;
  if (is_empty(incoming) || size > incoming->size_bytes - offset) return GODWIT_ERR_STATE;
  godwit_store_file_name(store, incoming, name);
  int status = godwit_platform_storage_write(store->volume, name, offset, data, size);
  if (status == GODWIT_ERR_NO_SPACE && !is_empty(&store->state.previous)) {
    status = godwit_store_drop_previous(store);
    if (status == GODWIT_OK) {
      status = godwit_platform_storage_write(store->volume, name, offset, data, size);
    }
  }
  if (status < 0) return status;
  store->incoming_written += (uint32_t)size;
  return store->incoming_written >= store->journal_every_bytes ? make_durable(store) : GODWIT_OK;
}

int godwit_store_finish(struct godwit_store *store) {
  char name[GODWIT_STORE_NAME_MAX + 1];
  const struct godwit_store_entry *incoming = &store->state.incoming;
  if (is_empty(incoming)) return GODWIT_ERR_STATE;
  if (store->state.incoming_bytes + store->incoming_written != incoming->size_bytes) {
    return GODWIT_ERR_STATE;
  }
  godwit_store_file_name(store, incoming, name);
  int64_t size = godwit_platform_storage_size(store->volume, name);
  int status = size < 0 ? (int)size : GODWIT_OK;
  if (size > (int64_t)incoming->size_bytes) { /* an older, longer file of that name */
    status = godwit_platform_storage_truncate(store->volume, name, incoming->size_bytes);
  }
  return status < 0 ? status : make_durable(store);
}

/* Reading -------------------------------------------------------------------- */

static mbedtls_sha256_context *hash_of(struct godwit_store_reader *reader) {
  _Static_assert(sizeof(mbedtls_sha256_context) <= sizeof reader->hash, "SHA-256 context");
  return (mbedtls_sha256_context *)(void *)reader->hash;
}

int godwit_store_reader_open(struct godwit_store_reader *reader, const struct godwit_store *store,
                             const struct godwit_store_entry *entry, void *memory,
                             size_t memory_size) {
  if (is_empty(entry)) return GODWIT_ERR_NOT_FOUND;
  if (memory != NULL && entry->size_bytes > memory_size) return GODWIT_ERR_NO_MEMORY;
  int64_t size = file_size(store, entry);
  if (size < 0) return (int)size;
  if (size != (int64_t)entry->size_bytes) return GODWIT_ERR_INTEGRITY;
  *reader =
      (struct godwit_store_reader){.store = store, .entry = *entry, .memory = memory, .open = true};
  mbedtls_sha256_init(hash_of(reader));
  return mbedtls_sha256_starts(hash_of(reader), 0) == 0 ? GODWIT_OK : GODWIT_ERR_IO;
}

static int read_chunk(struct godwit_store_reader *reader, const char *name, size_t size) {
  uint8_t chunk[CHECK_CHUNK];
  uint8_t *into = chunk;
  if (reader->memory != NULL) {
    into = reader->memory + reader->offset;
  } else if (size > sizeof chunk) {
    size = sizeof chunk;
  }
  int taken = godwit_platform_storage_read(reader->store->volume, name, reader->offset, into, size);
  if (taken <= 0) return taken < 0 ? taken : GODWIT_ERR_INTEGRITY;
  if (mbedtls_sha256_update(hash_of(reader), into, (size_t)taken) != 0) return GODWIT_ERR_IO;
  reader->offset += (uint32_t)taken;
  return taken;
}

static int compare_digest(struct godwit_store_reader *reader) {
  uint8_t digest[GW_DIGEST_SIZE];
  if (mbedtls_sha256_finish(hash_of(reader), digest) != 0) return GODWIT_ERR_IO;
  return memcmp(digest, reader->entry.digest, sizeof digest) == 0 ? GODWIT_OK
                                                                  : GODWIT_ERR_INTEGRITY;
}

int godwit_store_reader_step(struct godwit_store_reader *reader, size_t step_bytes) {
  char name[GODWIT_STORE_NAME_MAX + 1];
  godwit_store_file_name(reader->store, &reader->entry, name);
  while (step_bytes > 0 && reader->offset < reader->entry.size_bytes) {
    size_t left = reader->entry.size_bytes - reader->offset;
    int taken = read_chunk(reader, name, left < step_bytes ? left : step_bytes);
    if (taken < 0) return taken;
    step_bytes -= (size_t)taken < step_bytes ? (size_t)taken : step_bytes;
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

int godwit_store_start(struct godwit_store *store) {
  struct godwit_store_state next = store->state;
  if (is_empty(&next.active)) return GODWIT_ERR_NOT_FOUND;
  if (next.active.confirmed) return GODWIT_OK;
  if (next.active_starts >= GODWIT_STORE_ATTEMPTS_MAX) return GODWIT_ERR_MODEL;
  next.active_starts++;
  return write_journal(store, &next);
}

int godwit_store_confirm(struct godwit_store *store) {
  struct godwit_store_state next = store->state;
  if (is_empty(&next.active) || next.active.confirmed) return GODWIT_OK;
  next.active.confirmed = true;
  next.active_starts = 0;
  return write_journal(store, &next);
}

int godwit_store_commit(struct godwit_store *store) {
  struct godwit_store_state next;
  if (is_empty(&store->state.incoming)) return GODWIT_ERR_STATE;
  int status = begin_change(store, &next);
  if (status < 0) return status;
  discard(&next, &next.previous);
  next.previous = next.active;
  next.active = next.incoming;
  next.active_starts = 0;
  clear(&next.incoming);
  next.incoming_bytes = 0;
  next.incoming_attempts = 0;
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
  discard(&next, &next.active);
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
                        const uint8_t digest[GW_DIGEST_SIZE], uint8_t reason) {
  struct godwit_store_state next;
  if (!godwit_store_version_is_safe(version)) return GODWIT_ERR_UNSUPPORTED;
  int status = begin_change(store, &next);
  if (status < 0) return status;
  remember(&next, version, digest, reason);
  bool is_incoming =
      !is_empty(&next.incoming) && memcmp(next.incoming.digest, digest, GW_DIGEST_SIZE) == 0;
  if (is_incoming) {
    discard_incoming(&next);
    store->incoming_written = 0;
  }
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
