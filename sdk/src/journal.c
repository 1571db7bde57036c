/* SPDX-License-Identifier: Apache-2.0 */
#include "journal.h"

#include <string.h>

#define VERSION_BYTES 16u /* zero-padded, without a NUL when full */
#define ENTRY_BYTES (VERSION_BYTES + GW_DIGEST_SIZE + 8u)
#define REJECTION_BYTES (VERSION_BYTES + GW_DIGEST_SIZE + 4u)
#define TRUST_BYTES (12u + GODWIT_TRUST_KEYS_MAX * GODWIT_TRUST_KEY_SIZE)
#define FLAG_NAMED_BY_DIGEST 1u
#define FLAG_CONFIRMED 2u
#define SIZE_MAX_BYTES 0x7FFFFFFFu /* as in the manifest */

_Static_assert(VERSION_BYTES == GW_VERSION_MAX, "the journal's versions are the manifest's");
_Static_assert(GODWIT_JOURNAL_1_SIZE ==
                   8u + 4u * ENTRY_BYTES + 8u + GODWIT_STORE_REJECTED_MAX * REJECTION_BYTES + 4u,
               "docs/spec/store.md");
_Static_assert(GODWIT_JOURNAL_SIZE == GODWIT_JOURNAL_1_SIZE + 3u * 4u + GW_OFFER_ID_SIZE +
                                          GODWIT_CHECKPOINT_MAX + 4u + TRUST_BYTES + 24u,
               "docs/spec/store.md");

uint32_t godwit_crc32(const uint8_t *data, size_t size) {
  uint32_t crc = 0xFFFFFFFFu;
  for (size_t i = 0; i < size; i++) {
    crc ^= data[i];
    for (unsigned bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
  }
  return ~crc;
}

/* Layout --------------------------------------------------------------------- */

/* Goes over the bytes, and either writes what the fields hold or reads it: so
 * that the layout stands once. */
struct cursor {
  uint8_t *at;
  bool writes;
  bool is_bad; /* what was read is not to be believed */
};

static void go_raw(struct cursor *cursor, void *data, size_t size) {
  if (cursor->writes) {
    memcpy(cursor->at, data, size);
  } else {
    memcpy(data, cursor->at, size);
  }
  cursor->at += size;
}

static void go_byte(struct cursor *cursor, uint8_t *value) { go_raw(cursor, value, 1); }

/* Little-endian. */
static void go_word(struct cursor *cursor, uint32_t *value) {
  uint8_t bytes[4];
  for (unsigned i = 0; i < 4; i++) bytes[i] = (uint8_t)(*value >> (8u * i));
  go_raw(cursor, bytes, 4);
  *value = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

/* Becomes a file name, and is compared as text. */
static void go_version(struct cursor *cursor, char version[GW_VERSION_MAX + 1]) {
  size_t length = cursor->writes ? strlen(version) : VERSION_BYTES;
  uint8_t *at = cursor->at;
  go_raw(cursor, version, length);
  cursor->at = at + VERSION_BYTES;
  if (cursor->writes) return;
  version[VERSION_BYTES] = '\0';
  length = strlen(version);
  for (size_t i = length; i < VERSION_BYTES; i++) cursor->is_bad |= at[i] != 0;
  cursor->is_bad |= length > 0 && !godwit_store_version_is_safe(version);
}

static void go_entry(struct cursor *cursor, struct godwit_store_entry *entry) {
  uint8_t flags = (uint8_t)((entry->named_by_digest ? FLAG_NAMED_BY_DIGEST : 0u) |
                            (entry->confirmed ? FLAG_CONFIRMED : 0u));
  go_version(cursor, entry->version);
  go_raw(cursor, entry->digest, GW_DIGEST_SIZE);
  go_word(cursor, &entry->size_bytes);
  go_byte(cursor, &flags);
  go_byte(cursor, &entry->slot);
  cursor->at += 2;
  entry->named_by_digest = (flags & FLAG_NAMED_BY_DIGEST) != 0;
  entry->confirmed = (flags & FLAG_CONFIRMED) != 0;
  cursor->is_bad |=
      flags > (FLAG_NAMED_BY_DIGEST | FLAG_CONFIRMED) || entry->size_bytes > SIZE_MAX_BYTES;
}

static void go_rejection(struct cursor *cursor, struct godwit_store_rejection *rejected) {
  go_version(cursor, rejected->version);
  go_raw(cursor, rejected->digest, GW_DIGEST_SIZE);
  go_byte(cursor, &rejected->reason);
  go_byte(cursor, &rejected->detail);
  cursor->at += 2;
}

/* A state in the order of its bytes. */
enum kind { WORD, RAW, GAP, ENTRY, REJECTION };
struct field {
  uint16_t at; /* in struct godwit_store_state */
  uint8_t kind;
  uint8_t size; /* RAW, GAP */
};
#define FIELD(kind, member, size) \
  { offsetof(struct godwit_store_state, member), kind, size }
#define FIELD_WORD(member) FIELD(WORD, member, 4)
#define FIELD_RAW(member) \
  FIELD(RAW, member, sizeof((const struct godwit_store_state *)NULL)->member)

#define FIELDS_1 14u /* that GWJ1 has; a state has all */
static const struct field fields[] = {
    FIELD_WORD(generation),
    FIELD(ENTRY, active, 0),
    FIELD(ENTRY, previous, 0),
    FIELD(ENTRY, incoming, 0),
    FIELD(ENTRY, discarded, 0),
    FIELD_WORD(incoming_bytes),
    FIELD_RAW(incoming_attempts),
    FIELD_RAW(active_starts),
    FIELD_RAW(incoming_encoding),
    FIELD_RAW(incoming_checkpoint_size),
    FIELD(REJECTION, rejected[0], 0),
    FIELD(REJECTION, rejected[1], 0),
    FIELD(REJECTION, rejected[2], 0),
    FIELD(REJECTION, rejected[3], 0),

    FIELD_WORD(active.sequence),
    FIELD_WORD(previous.sequence),
    FIELD_WORD(incoming.sequence),
    FIELD_RAW(incoming_offer),
    FIELD_RAW(incoming_checkpoint),
    FIELD_WORD(scratch_bytes),
    FIELD_WORD(trust.epoch),
    FIELD_WORD(trust.floor),
    FIELD_RAW(trust.key_count),
    FIELD(GAP, trust.key, 3),
    FIELD_RAW(trust.key),
    FIELD_WORD(active.floor),
    FIELD_WORD(active.confirm_after_s),
    FIELD_WORD(previous.floor),
    FIELD_WORD(previous.confirm_after_s),
    FIELD_WORD(incoming.floor),
    FIELD_WORD(incoming.confirm_after_s),
};
#define FIELDS (sizeof fields / sizeof fields[0])
_Static_assert(GODWIT_STORE_REJECTED_MAX == 4, "each has its line");

static void go_state(struct cursor *cursor, struct godwit_store_state *state, size_t count) {
  for (const struct field *field = fields; field < fields + count; field++) {
    void *value = (uint8_t *)state + field->at;
    switch ((enum kind)field->kind) {
      case WORD:
        go_word(cursor, value);
        break;
      case RAW:
        go_raw(cursor, value, field->size);
        break;
      case GAP:
        cursor->at += field->size;
        break;
      case ENTRY:
        go_entry(cursor, value);
        break;
      case REJECTION:
        go_rejection(cursor, value);
        break;
    }
  }
}

static bool is_consistent(const struct godwit_store_state *state) {
  return state->incoming_bytes <= state->incoming.size_bytes &&
         state->scratch_bytes <= state->incoming_bytes &&
         state->incoming_checkpoint_size <= GODWIT_CHECKPOINT_MAX &&
         state->trust.key_count <= GODWIT_TRUST_KEYS_MAX;
}

/* Records -------------------------------------------------------------------- */

/* The last four bytes are the checksum of the others. */
static void go_checksum(struct cursor *cursor, uint8_t *bytes, size_t size) {
  uint32_t is = godwit_crc32(bytes, size - 4u), says = is;
  cursor->at = bytes + size - 4u;
  go_word(cursor, &says);
  cursor->is_bad |= is != says;
}

static struct cursor begin_writing(uint8_t *bytes, size_t size, const char magic[4]) {
  memset(bytes, 0, size);
  memcpy(bytes, magic, 4);
  return (struct cursor){.at = bytes + 4, .writes = true};
}

/* The cursor only reads then; it is one type for both ways. */
static struct cursor begin_reading(const uint8_t *bytes, size_t size, const char magic[4]) {
  struct cursor cursor = {.is_bad = memcmp(bytes, magic, 4) != 0};
  if (!cursor.is_bad) go_checksum(&cursor, (uint8_t *)bytes, size);
  cursor.at = (uint8_t *)bytes + 4;
  return cursor;
}

void godwit_journal_encode(const struct godwit_store_state *state,
                           uint8_t bytes[GODWIT_JOURNAL_SIZE]) {
  struct cursor cursor = begin_writing(bytes, GODWIT_JOURNAL_SIZE, "GWJ2");
  struct godwit_store_state *from = (struct godwit_store_state *)state; /* stays as it is */
  go_state(&cursor, from, FIELDS);
  go_checksum(&cursor, bytes, GODWIT_JOURNAL_SIZE);
}

int godwit_journal_decode(const uint8_t *bytes, size_t size, struct godwit_store_state *out) {
  memset(out, 0, sizeof *out);
  if (size < GODWIT_JOURNAL_1_SIZE) return GODWIT_ERR_FORMAT;
  struct cursor cursor = begin_reading(bytes, GODWIT_JOURNAL_1_SIZE, "GWJ1");
  bool has_rest = cursor.is_bad;
  if (has_rest) {
    if (size < GODWIT_JOURNAL_SIZE) return GODWIT_ERR_FORMAT;
    cursor = begin_reading(bytes, GODWIT_JOURNAL_SIZE, "GWJ2");
  }
  if (cursor.is_bad) return GODWIT_ERR_FORMAT;
  go_state(&cursor, out, has_rest ? FIELDS : FIELDS_1);
  return !cursor.is_bad && is_consistent(out) ? GODWIT_OK : GODWIT_ERR_FORMAT;
}

struct progress {
  uint32_t generation, since, whole_bytes, scratch_bytes;
  uint8_t checkpoint_size;
};

static void go_progress(struct cursor *cursor, struct progress *progress, uint8_t *checkpoint) {
  go_word(cursor, &progress->generation);
  go_word(cursor, &progress->since);
  go_word(cursor, &progress->whole_bytes);
  go_word(cursor, &progress->scratch_bytes);
  go_byte(cursor, &progress->checkpoint_size);
  cursor->at += 3;
  go_raw(cursor, checkpoint, GODWIT_CHECKPOINT_MAX);
}

void godwit_progress_encode(const struct godwit_store_state *state, uint32_t since,
                            uint8_t bytes[GODWIT_PROGRESS_SIZE]) {
  struct cursor cursor = begin_writing(bytes, GODWIT_PROGRESS_SIZE, "GWP2");
  struct progress progress = {state->generation, since, state->incoming_bytes, state->scratch_bytes,
                              state->incoming_checkpoint_size};
  go_progress(&cursor, &progress, (uint8_t *)state->incoming_checkpoint); /* stays as it is */
  go_checksum(&cursor, bytes, GODWIT_PROGRESS_SIZE);
}

int godwit_progress_decode(const uint8_t bytes[GODWIT_PROGRESS_SIZE], uint32_t since,
                           struct godwit_store_state *state) {
  struct progress progress = {0};
  uint8_t checkpoint[GODWIT_CHECKPOINT_MAX];
  struct cursor cursor = begin_reading(bytes, GODWIT_PROGRESS_SIZE, "GWP2");
  if (cursor.is_bad) return GODWIT_ERR_FORMAT;
  go_progress(&cursor, &progress, checkpoint);
  if (progress.since != since || (int32_t)(progress.generation - state->generation) < 0 ||
      progress.whole_bytes > state->incoming.size_bytes ||
      progress.scratch_bytes > progress.whole_bytes ||
      progress.checkpoint_size > GODWIT_CHECKPOINT_MAX) {
    return GODWIT_ERR_FORMAT;
  }
  state->generation = progress.generation;
  state->incoming_bytes = progress.whole_bytes;
  state->scratch_bytes = progress.scratch_bytes;
  state->incoming_checkpoint_size = progress.checkpoint_size;
  memcpy(state->incoming_checkpoint, checkpoint, sizeof checkpoint);
  return GODWIT_OK;
}
