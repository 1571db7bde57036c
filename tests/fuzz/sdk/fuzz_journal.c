/* SPDX-License-Identifier: Apache-2.0 */
// fuzz-link: sdk/src/journal.c sdk/src/store_name.c
/* A journal that is read is safe to act on, and written back reads the same.
 * The checksum is put right first: a fuzzer would not get past it. */
#include <stdlib.h>
#include <string.h>

#include "sdk/src/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition) {
  if (!condition) abort();
}

static void check_entry(const struct godwit_store_entry *entry) {
  check(memchr(entry->version, '\0', sizeof entry->version) != NULL);
  check(entry->version[0] == '\0' || godwit_store_version_is_safe(entry->version));
  check(entry->size_bytes <= 0x7FFFFFFFu);
}

static int same_entry(const struct godwit_store_entry *a, const struct godwit_store_entry *b) {
  return strcmp(a->version, b->version) == 0 && memcmp(a->digest, b->digest, GW_DIGEST_SIZE) == 0 &&
         a->size_bytes == b->size_bytes && a->named_by_digest == b->named_by_digest &&
         a->confirmed == b->confirmed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct godwit_store_state state, again;
  uint8_t bytes[GODWIT_JOURNAL_SIZE] = {'G', 'W', 'J', '2'};
  (void)godwit_journal_decode(data, size, &state);
  size_t room = sizeof bytes - 8;
  memcpy(bytes + 4, data, size < room ? size : room);
  uint32_t crc = godwit_crc32(bytes, sizeof bytes - 4);
  for (unsigned i = 0; i < 4; i++) bytes[sizeof bytes - 4 + i] = (uint8_t)(crc >> (8 * i));
  if (godwit_journal_decode(bytes, sizeof bytes, &state) < 0) return 0;
  check_entry(&state.active);
  check_entry(&state.previous);
  check_entry(&state.incoming);
  check_entry(&state.discarded);
  check(state.incoming_bytes <= state.incoming.size_bytes);
  check(state.scratch_bytes <= state.incoming_bytes);
  check(state.incoming_checkpoint_size <= GODWIT_CHECKPOINT_MAX);
  check(state.trust.key_count <= GODWIT_TRUST_KEYS_MAX);
  uint8_t written[GODWIT_JOURNAL_SIZE];
  godwit_journal_encode(&state, written);
  check(godwit_journal_decode(written, sizeof written, &again) == GODWIT_OK);
  check(same_entry(&again.active, &state.active));
  check(same_entry(&again.previous, &state.previous));
  check(same_entry(&again.incoming, &state.incoming));
  check(same_entry(&again.discarded, &state.discarded));
  check(again.incoming_bytes == state.incoming_bytes && again.generation == state.generation);
  return 0;
}
