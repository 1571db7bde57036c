/* SPDX-License-Identifier: Apache-2.0 */
#include "journal.h"

#include <string.h>

#define VERSION_BYTES 16u /* zero-padded, without a NUL when full */
#define ENTRY_BYTES (VERSION_BYTES + GW_DIGEST_SIZE + 8u)
#define REJECTION_BYTES (VERSION_BYTES + GW_DIGEST_SIZE + 4u)
#define TRUST_BYTES (12u + GODWIT_TRUST_KEYS_MAX * GODWIT_TRUST_KEY_SIZE)
#define FLAG_NAMED_BY_DIGEST 1u
#define FLAG_CONFIRMED 2u
#define FLAGS_ALL 3u
#define SIZE_MAX_BYTES 0x7FFFFFFFu /* as in the manifest */

_Static_assert(VERSION_BYTES == GW_VERSION_MAX, "the journal's versions are the manifest's");
_Static_assert(GODWIT_JOURNAL_1_SIZE ==
                   8u + 4u * ENTRY_BYTES + 8u + GODWIT_STORE_REJECTED_MAX * REJECTION_BYTES + 4u,
               "docs/spec/store.md");
_Static_assert(GODWIT_JOURNAL_SIZE == GODWIT_JOURNAL_1_SIZE + 3u * 4u + GW_OFFER_ID_SIZE +
                                          GODWIT_CHECKPOINT_MAX + 4u + 12u +
                                          GODWIT_TRUST_KEYS_MAX * GODWIT_TRUST_KEY_SIZE + 16u,
               "docs/spec/store.md");

static void put_u32(uint8_t *bytes, uint32_t value) {
  for (unsigned i = 0; i < 4; i++) bytes[i] = (uint8_t)(value >> (8u * i));
}

static uint32_t get_u32(const uint8_t *bytes) {
  return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
         (uint32_t)bytes[3] << 24;
}

/* The last four bytes are the checksum of the others. */
static void put_checksum(uint8_t *bytes, size_t size) {
  put_u32(bytes + size - 4u, godwit_crc32(bytes, size - 4u));
}

static bool checks(const uint8_t *bytes, size_t size, const char magic[4]) {
  return memcmp(bytes, magic, 4) == 0 &&
         get_u32(bytes + size - 4u) == godwit_crc32(bytes, size - 4u);
}

uint32_t godwit_crc32(const uint8_t *data, size_t size) {
  uint32_t crc = 0xFFFFFFFFu;
  for (size_t i = 0; i < size; i++) {
    crc ^= data[i];
    for (unsigned bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
  }
  return ~crc;
}

static void put_version(uint8_t *bytes, const char *version) {
  memset(bytes, 0, VERSION_BYTES);
  for (size_t i = 0; i < VERSION_BYTES && version[i] != '\0'; i++) bytes[i] = (uint8_t)version[i];
}

static int get_version(const uint8_t *bytes, char version[GW_VERSION_MAX + 1]) {
  memcpy(version, bytes, VERSION_BYTES);
  version[VERSION_BYTES] = '\0';
  for (size_t i = strlen(version); i < VERSION_BYTES; i++) {
    if (bytes[i] != 0) return GODWIT_ERR_FORMAT;
  }
  /* It becomes a file name. */
  return version[0] == '\0' || godwit_store_version_is_safe(version) ? GODWIT_OK
                                                                     : GODWIT_ERR_FORMAT;
}

static void put_entry(uint8_t *bytes, const struct godwit_store_entry *entry) {
  memset(bytes, 0, ENTRY_BYTES);
  put_version(bytes, entry->version);
  memcpy(bytes + 16, entry->digest, GW_DIGEST_SIZE);
  put_u32(bytes + 48, entry->size_bytes);
  bytes[52] = (uint8_t)((entry->named_by_digest ? FLAG_NAMED_BY_DIGEST : 0u) |
                        (entry->confirmed ? FLAG_CONFIRMED : 0u));
  bytes[53] = entry->slot;
}

static int get_entry(const uint8_t *bytes, struct godwit_store_entry *entry) {
  memcpy(entry->digest, bytes + 16, GW_DIGEST_SIZE);
  entry->size_bytes = get_u32(bytes + 48);
  entry->named_by_digest = (bytes[52] & FLAG_NAMED_BY_DIGEST) != 0;
  entry->confirmed = (bytes[52] & FLAG_CONFIRMED) != 0;
  entry->slot = bytes[53];
  if (bytes[52] > FLAGS_ALL || entry->size_bytes > SIZE_MAX_BYTES) {
    return GODWIT_ERR_FORMAT;
  }
  return get_version(bytes, entry->version);
}

static void put_trust(uint8_t *at, const struct godwit_trust_state *trust) {
  put_u32(at, trust->epoch);
  put_u32(at + 4, trust->floor);
  at[8] = trust->key_count;
  memcpy(at + 12, trust->key, sizeof trust->key);
}

void godwit_journal_encode(const struct godwit_store_state *state,
                           uint8_t bytes[GODWIT_JOURNAL_SIZE]) {
  memset(bytes, 0, GODWIT_JOURNAL_SIZE);
  memcpy(bytes, "GWJ2", 4);
  put_u32(bytes + 4, state->generation);
  uint8_t *at = bytes + 8;
  put_entry(at, &state->active);
  put_entry(at + ENTRY_BYTES, &state->previous);
  put_entry(at + 2 * ENTRY_BYTES, &state->incoming);
  put_entry(at + 3 * ENTRY_BYTES, &state->discarded);
  at += 4 * ENTRY_BYTES;
  put_u32(at, state->incoming_bytes);
  at[4] = state->incoming_attempts;
  at[5] = state->active_starts;
  at[6] = state->incoming_encoding;
  at[7] = state->incoming_checkpoint_size;
  at += 8;
  for (unsigned i = 0; i < GODWIT_STORE_REJECTED_MAX; i++, at += REJECTION_BYTES) {
    put_version(at, state->rejected[i].version);
    memcpy(at + 16, state->rejected[i].digest, GW_DIGEST_SIZE);
    at[48] = state->rejected[i].reason;
    at[49] = state->rejected[i].detail;
  }
  put_u32(at, state->active.sequence);
  put_u32(at + 4, state->previous.sequence);
  put_u32(at + 8, state->incoming.sequence);
  memcpy(at + 12, state->incoming_offer, GW_OFFER_ID_SIZE);
  memcpy(at + 20, state->incoming_checkpoint, GODWIT_CHECKPOINT_MAX);
  put_u32(at + 52, state->scratch_bytes);
  put_trust(at + 56, &state->trust);
  at += 56 + TRUST_BYTES;
  put_u32(at, state->active.floor);
  put_u32(at + 4, state->active.confirm_after_s);
  put_u32(at + 8, state->incoming.floor);
  put_u32(at + 12, state->incoming.confirm_after_s);
  put_checksum(bytes, GODWIT_JOURNAL_SIZE);
}

static int get_models(const uint8_t *at, struct godwit_store_state *out) {
  int status = get_entry(at, &out->active);
  if (status == GODWIT_OK) status = get_entry(at + ENTRY_BYTES, &out->previous);
  if (status == GODWIT_OK) status = get_entry(at + 2 * ENTRY_BYTES, &out->incoming);
  if (status == GODWIT_OK) status = get_entry(at + 3 * ENTRY_BYTES, &out->discarded);
  return status;
}

static int get_trust(const uint8_t *at, struct godwit_trust_state *out) {
  out->epoch = get_u32(at);
  out->floor = get_u32(at + 4);
  out->key_count = at[8];
  memcpy(out->key, at + 12, sizeof out->key);
  return out->key_count <= GODWIT_TRUST_KEYS_MAX ? GODWIT_OK : GODWIT_ERR_FORMAT;
}

/* What GWJ1 does not have. */
static int get_rest(const uint8_t *at, struct godwit_store_state *out) {
  out->active.sequence = get_u32(at);
  out->previous.sequence = get_u32(at + 4);
  out->incoming.sequence = get_u32(at + 8);
  memcpy(out->incoming_offer, at + 12, GW_OFFER_ID_SIZE);
  memcpy(out->incoming_checkpoint, at + 20, GODWIT_CHECKPOINT_MAX);
  out->scratch_bytes = get_u32(at + 52);
  const uint8_t *terms = at + 56 + TRUST_BYTES;
  out->active.floor = get_u32(terms);
  out->active.confirm_after_s = get_u32(terms + 4);
  out->incoming.floor = get_u32(terms + 8);
  out->incoming.confirm_after_s = get_u32(terms + 12);
  return get_trust(at + 56, &out->trust);
}

static bool is_consistent(const struct godwit_store_state *state) {
  return state->incoming_bytes <= state->incoming.size_bytes &&
         state->scratch_bytes <= state->incoming_bytes &&
         state->incoming_checkpoint_size <= GODWIT_CHECKPOINT_MAX;
}

int godwit_journal_decode(const uint8_t *bytes, size_t size, struct godwit_store_state *out) {
  memset(out, 0, sizeof *out);
  bool has_rest = size >= GODWIT_JOURNAL_SIZE && checks(bytes, GODWIT_JOURNAL_SIZE, "GWJ2");
  if (!has_rest &&
      (size < GODWIT_JOURNAL_1_SIZE || !checks(bytes, GODWIT_JOURNAL_1_SIZE, "GWJ1"))) {
    return GODWIT_ERR_FORMAT;
  }
  out->generation = get_u32(bytes + 4);
  const uint8_t *at = bytes + 8;
  if (get_models(at, out) < 0) return GODWIT_ERR_FORMAT;
  at += 4 * ENTRY_BYTES;
  out->incoming_bytes = get_u32(at);
  out->incoming_attempts = at[4];
  out->active_starts = at[5];
  out->incoming_encoding = at[6];
  out->incoming_checkpoint_size = at[7];
  at += 8;
  for (unsigned i = 0; i < GODWIT_STORE_REJECTED_MAX; i++, at += REJECTION_BYTES) {
    if (get_version(at, out->rejected[i].version) < 0) return GODWIT_ERR_FORMAT;
    memcpy(out->rejected[i].digest, at + 16, GW_DIGEST_SIZE);
    out->rejected[i].reason = at[48];
    if (has_rest) out->rejected[i].detail = at[49];
  }
  if (has_rest && get_rest(at, out) < 0) return GODWIT_ERR_FORMAT;
  return is_consistent(out) ? GODWIT_OK : GODWIT_ERR_FORMAT;
}

void godwit_progress_encode(const struct godwit_store_state *state, uint32_t since,
                            uint8_t bytes[GODWIT_PROGRESS_SIZE]) {
  memset(bytes, 0, GODWIT_PROGRESS_SIZE);
  memcpy(bytes, "GWP2", 4);
  put_u32(bytes + 4, state->generation);
  put_u32(bytes + 8, since);
  put_u32(bytes + 12, state->incoming_bytes);
  put_u32(bytes + 16, state->scratch_bytes);
  bytes[20] = state->incoming_checkpoint_size;
  memcpy(bytes + 24, state->incoming_checkpoint, GODWIT_CHECKPOINT_MAX);
  put_checksum(bytes, GODWIT_PROGRESS_SIZE);
}

int godwit_progress_decode(const uint8_t bytes[GODWIT_PROGRESS_SIZE], uint32_t since,
                           struct godwit_store_state *state) {
  uint32_t generation = get_u32(bytes + 4), whole = get_u32(bytes + 12),
           scratch = get_u32(bytes + 16);
  if (!checks(bytes, GODWIT_PROGRESS_SIZE, "GWP2") || get_u32(bytes + 8) != since ||
      (int32_t)(generation - state->generation) <= 0 || whole > state->incoming.size_bytes ||
      scratch > whole || bytes[20] > GODWIT_CHECKPOINT_MAX) {
    return GODWIT_ERR_FORMAT;
  }
  state->generation = generation;
  state->incoming_bytes = whole;
  state->scratch_bytes = scratch;
  state->incoming_checkpoint_size = bytes[20];
  memcpy(state->incoming_checkpoint, bytes + 24, GODWIT_CHECKPOINT_MAX);
  return GODWIT_OK;
}
