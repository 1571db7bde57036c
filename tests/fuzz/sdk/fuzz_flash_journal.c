/* SPDX-License-Identifier: Apache-2.0 */
// clang-format off
// fuzz-link: sdk/src/flash.c sdk/src/journal.c sdk/src/log.c sdk/src/status.c sdk/src/store.c
// fuzz-link: sdk/src/store_name.c
// fuzz-link: build/deps/mbedtls/library/sha256.c build/deps/mbedtls/library/platform.c
// fuzz-link: build/deps/mbedtls/library/platform_util.c
// clang-format on
/* A journal on flash that holds anything: the store comes up, does what it is
 * asked, stays inside its regions, programs nothing twice, and reads back what it
 * wrote. Input: bytes of the journal region, the rest as erased. Checksums of
 * whatever begins as a record are put right first. The first byte chooses what is
 * asked. */
#include <stdlib.h>
#include <string.h>

#include "godwit/flash.h"
#include "platform/log.h"
#include "sdk/src/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ERASE 1024u
#define UNIT 8u
#define PAGES 3u
#define SLOT_BLOCKS 4u
#define BLOCKS (PAGES + 1u + 2u * SLOT_BLOCKS)

static uint8_t bytes[BLOCKS * ERASE];
static bool is_programmed[BLOCKS * ERASE / UNIT];

void godwit_platform_log(enum godwit_log_level level, const char *line) {
  (void)level;
  (void)line;
}

static void check(int condition) {
  if (!condition) abort();
}

static int flash_read(void *arg, uint32_t offset, void *data, size_t size) {
  (void)arg;
  check(offset <= sizeof bytes && size <= sizeof bytes - offset);
  memcpy(data, bytes + offset, size);
  return 0;
}

static int flash_program(void *arg, uint32_t offset, const void *data, size_t size) {
  (void)arg;
  check(offset <= sizeof bytes && size <= sizeof bytes - offset);
  check(offset % UNIT == 0 && size % UNIT == 0);
  for (size_t i = offset / UNIT; i < (offset + size) / UNIT; i++) {
    check(!is_programmed[i]);
    is_programmed[i] = true;
  }
  memcpy(bytes + offset, data, size);
  return 0;
}

static int flash_erase(void *arg, uint32_t offset) {
  (void)arg;
  check(offset < sizeof bytes && offset % ERASE == 0);
  memset(bytes + offset, 0xFF, ERASE);
  memset(is_programmed + offset / UNIT, 0, ERASE / UNIT);
  return 0;
}

static void put_checksum(uint8_t *record, size_t size) {
  uint32_t crc = godwit_crc32(record, size - 4);
  for (unsigned i = 0; i < 4; i++) record[size - 4 + i] = (uint8_t)(crc >> (8 * i));
}

/* A fuzzer would not get past them. */
static void put_checksums_right(void) {
  for (size_t at = 0; at + GODWIT_JOURNAL_SIZE <= PAGES * ERASE; at += 32) {
    if (memcmp(bytes + at, "GWJ2", 4) == 0) put_checksum(bytes + at, GODWIT_JOURNAL_SIZE);
    if (memcmp(bytes + at, "GWJ1", 4) == 0) put_checksum(bytes + at, GODWIT_JOURNAL_1_SIZE);
  }
  for (size_t at = 0; at + GODWIT_PROGRESS_SIZE <= PAGES * ERASE; at += 32) {
    if (memcmp(bytes + at, "GWP2", 4) == 0) put_checksum(bytes + at, GODWIT_PROGRESS_SIZE);
  }
}

static void power_on(struct godwit_flash *flash, struct godwit_store *store) {
  godwit_flash_init(flash, &(struct godwit_flash_config){
                               .read = flash_read,
                               .program = flash_program,
                               .erase = flash_erase,
                               .erase_bytes = ERASE,
                               .program_bytes = UNIT,
                               .journal = {0, PAGES * ERASE},
                               .scratch = {PAGES * ERASE, ERASE},
                               .slot = {{(PAGES + 1) * ERASE, SLOT_BLOCKS * ERASE},
                                        {(PAGES + 1 + SLOT_BLOCKS) * ERASE, SLOT_BLOCKS * ERASE}},
                               .slot_count = 2,
                           });
  check(godwit_store_init(store, &(struct godwit_store_config){.medium = &flash->medium,
                                                               .package = "model",
                                                               .journal_every_bytes = 512}) ==
        GODWIT_OK);
}

static void check_entry(const struct godwit_store_entry *entry) {
  check(memchr(entry->version, '\0', sizeof entry->version) != NULL);
  check(entry->version[0] == '\0' || godwit_store_version_is_safe(entry->version));
}

static void check_state(const struct godwit_store_state *state) {
  check_entry(&state->active);
  check_entry(&state->previous);
  check_entry(&state->incoming);
  check(state->incoming_bytes <= state->incoming.size_bytes);
  check(state->trust.key_count <= GODWIT_TRUST_KEYS_MAX);
}

static void check_same(const struct godwit_store_state *a, const struct godwit_store_state *b) {
  uint8_t bytes_a[GODWIT_JOURNAL_SIZE], bytes_b[GODWIT_JOURNAL_SIZE];
  godwit_journal_encode(a, bytes_a);
  godwit_journal_encode(b, bytes_b);
  check(memcmp(bytes_a, bytes_b, sizeof bytes_a) == 0);
}

/* Goes on with what the journal says is coming, or begins another. */
static void download(struct godwit_store *store, bool same) {
  static const uint8_t data[1024] = {1};
  struct gw_component component = {.package = "model", .version = "9.9.9", .size_bytes = 3001};
  const struct godwit_store_state *state = &store->state;
  uint32_t offset;
  uint8_t encoding = GW_ENCODING_NONE;
  uint8_t offer[GW_OFFER_ID_SIZE] = {0};
  if (same && state->incoming.version[0] != '\0') {
    memcpy(component.version, state->incoming.version, sizeof component.version);
    memcpy(component.digest, state->incoming.digest, sizeof component.digest);
    component.size_bytes = state->incoming.size_bytes;
    encoding = state->incoming_encoding;
    memcpy(offer, state->incoming_offer, sizeof offer);
  }
  if (godwit_store_begin(store, &component, encoding, offer, &offset) < 0) return;
  check(offset <= component.size_bytes && state->incoming_bytes == offset);
  for (; offset % UNIT == 0 && offset < component.size_bytes; offset += sizeof data) {
    uint32_t left = component.size_bytes - offset;
    uint32_t part = left < sizeof data ? left : (uint32_t)sizeof data;
    check(godwit_store_write(store, offset, data, part) == GODWIT_OK);
    check(godwit_store_progress(store, offset + part, NULL, 0) == GODWIT_OK);
  }
  if (godwit_store_finish(store) == GODWIT_OK) (void)godwit_store_commit(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct godwit_flash flash;
  struct godwit_store store;
  if (size < 1) return 0;
  uint8_t wish = data[0];
  data++;
  size--;
  memset(bytes, 0xFF, sizeof bytes);
  memset(is_programmed, 1, sizeof is_programmed); /* nothing is surely erased */
  memcpy(bytes, data, size < PAGES * ERASE ? size : PAGES * ERASE);
  put_checksums_right();
  power_on(&flash, &store);
  check_state(&store.state);
  (void)godwit_store_read(&store, &store.state.active, NULL, 0);
  (void)godwit_store_start(&store);
  if (wish & 1) download(&store, true);
  if (wish & 2) (void)godwit_store_swap_back(&store);
  if (wish & 4) (void)godwit_store_confirm(&store, wish);
  if (wish & 8) download(&store, false);
  if (wish & 16) (void)godwit_store_drop_active(&store);
  check_state(&store.state);
  struct godwit_store_state before = store.state;
  const bool is_journalled = store.durable_bytes == before.incoming_bytes;
  const bool is_written = flash.page_end != ERASE;
  power_on(&flash, &store);
  check_state(&store.state);
  before.generation += 2;                                /* as at any start */
  memset(&before.discarded, 0, sizeof before.discarded); /* goes with the first write */
  memset(&store.state.discarded, 0, sizeof before.discarded);
  if (is_written && is_journalled) check_same(&store.state, &before);
  return 0;
}
