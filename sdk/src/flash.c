/* SPDX-License-Identifier: Apache-2.0 */
/* Models on raw flash. Nothing here is learned from what an erased or torn unit
 * reads as: such a unit may read as erased, or as what was meant, today, and as
 * something else tomorrow. So no unit is programmed that may have been under way
 * when power failed, no byte of a slot beyond the durable prefix is kept, and a
 * state is not acted upon before it surely stays (settle). */
#include "godwit/flash.h"

#include <string.h>

#include "journal.h"

#define UNIT_MAX 32u /* records begin at multiples of it */
#define STATE_BYTES ((GODWIT_JOURNAL_SIZE + UNIT_MAX - 1u) / UNIT_MAX * UNIT_MAX)
#define SEALS 2u
#define SEALED_BYTES (STATE_BYTES + SEALS * GODWIT_PROGRESS_SIZE)
#define COPY_BYTES 256u
#define NOT_OPEN UINT32_MAX

_Static_assert(SEALED_BYTES <= GODWIT_FLASH_PAGE_MIN, "a page holds a sealed state");
_Static_assert(GODWIT_PROGRESS_SIZE % UNIT_MAX == 0, "records begin at units");

static struct godwit_flash *flash_of(struct godwit_medium *medium) {
  return (struct godwit_flash *)(void *)medium; /* its first member */
}

static int read_at(const struct godwit_flash *flash, uint32_t offset, void *data, size_t size) {
  return flash->config.read(flash->config.arg, offset, data, size);
}

static int program_at(const struct godwit_flash *flash, uint32_t offset, const void *data,
                      size_t size) {
  return flash->config.program(flash->config.arg, offset, data, size);
}

static int erase_at(const struct godwit_flash *flash, uint32_t offset) {
  return flash->config.erase(flash->config.arg, offset);
}

static int sync_all(const struct godwit_flash *flash) {
  return flash->config.sync != NULL ? flash->config.sync(flash->config.arg) : GODWIT_OK;
}

/* Journal -------------------------------------------------------------------- */

static uint32_t page_offset(const struct godwit_flash *flash, uint32_t page) {
  return flash->config.journal.offset + page * flash->config.journal_page_bytes;
}

/* A state is followed by two seals: progress records that say nothing new. When
 * power fails, what was being programmed is in doubt, and nothing else. So one
 * seal says that its state is surely whole, and with two the first one sure too.
 * A state that cannot show a seal does not count while there is one that can. */
struct scan {
  uint32_t found_offset; /* of the newest state */
  bool is_found, is_sealed;
  bool has_answered; /* the flash, at least once */
  bool has_record;   /* at least the beginning of one */
};

static bool read_record(const struct godwit_flash *flash, uint32_t offset, struct scan *scan,
                        const char magic[4], uint8_t *bytes, size_t size) {
  if (read_at(flash, offset, bytes, 4) < 0) return false;
  scan->has_answered = true;
  if (memcmp(bytes, magic, 4) != 0) return false;
  scan->has_record = true;
  return read_at(flash, offset, bytes, size) == GODWIT_OK;
}

/* Brings the state, which was written as `since`, up to the progress records from
 * `at` to `end`: how many there are. */
static unsigned read_progress(const struct godwit_flash *flash, uint32_t at, uint32_t end,
                              struct scan *scan, uint32_t since, struct godwit_store_state *state) {
  uint8_t bytes[GODWIT_PROGRESS_SIZE];
  unsigned count = 0;
  for (; at + sizeof bytes <= end; at += UNIT_MAX) {
    if (!read_record(flash, at, scan, "GWP2", bytes, sizeof bytes)) continue;
    if (godwit_progress_decode(bytes, since, state) == GODWIT_OK) count++;
  }
  return count;
}

/* The newest state of all pages. A unit that cannot be read, or a torn record,
 * costs that record and no other: the search goes on behind it. */
static void find_state(const struct godwit_flash *flash, struct scan *scan,
                       struct godwit_store_state *out) {
  struct godwit_store_state state;
  uint8_t bytes[STATE_BYTES];
  uint32_t end = page_offset(flash, flash->page_count);
  for (uint32_t at = page_offset(flash, 0); at + SEALED_BYTES <= end; at += UNIT_MAX) {
    if (!read_record(flash, at, scan, "GWJ2", bytes, sizeof bytes)) continue;
    if (godwit_journal_decode(bytes, sizeof bytes, &state) < 0) continue;
    uint32_t since = state.generation;
    bool is_sealed =
        read_progress(flash, at + STATE_BYTES, at + SEALED_BYTES, scan, since, &state) > 0;
    bool is_newer = (int32_t)(since - out->generation) > 0;
    if (is_sealed == scan->is_sealed && scan->is_found ? is_newer : is_sealed >= scan->is_sealed) {
      *out = state;
      out->generation = since;
      scan->is_found = true;
      scan->is_sealed = is_sealed;
      scan->found_offset = at;
    }
    at += STATE_BYTES - UNIT_MAX;
  }
}

/* Erases the page behind the newest one, or one of those behind it that has not
 * failed yet; never the newest one itself. */
static int turn_page(struct godwit_flash *flash, uint32_t attempt) {
  uint32_t page = (flash->newest_page + 1u + attempt) % flash->page_count;
  uint32_t end = page_offset(flash, page + 1);
  int status = GODWIT_OK;
  for (uint32_t at = page_offset(flash, page); status == GODWIT_OK && at < end;
       at += flash->config.erase_bytes) {
    status = erase_at(flash, at);
  }
  flash->page = page;
  flash->page_end = 0;
  return status;
}

/* What was written can be read: flash wears out. */
static int verify(const struct godwit_flash *flash, uint32_t offset, const uint8_t *data,
                  size_t size) {
  uint8_t there[UNIT_MAX];
  for (size_t at = 0; at < size; at += sizeof there) {
    int status = read_at(flash, offset + (uint32_t)at, there, sizeof there);
    if (status < 0) return status;
    if (memcmp(there, data + at, sizeof there) != 0) return GODWIT_ERR_IO;
  }
  return GODWIT_OK;
}

static int append(struct godwit_flash *flash, const uint8_t *record, uint32_t size) {
  uint32_t at = page_offset(flash, flash->page) + flash->page_end;
  if (flash->page_end + size > flash->config.journal_page_bytes) return GODWIT_ERR_NO_SPACE;
  int status = program_at(flash, at, record, size);
  if (status == GODWIT_OK) status = sync_all(flash);
  if (status == GODWIT_OK) status = verify(flash, at, record, size);
  flash->page_end = status == GODWIT_OK ? flash->page_end + size : flash->config.journal_page_bytes;
  return status;
}

static int write_sealed(struct godwit_flash *flash, const uint8_t *state, const uint8_t *seal) {
  if (flash->page_end + SEALED_BYTES > flash->config.journal_page_bytes) return GODWIT_ERR_NO_SPACE;
  int status = append(flash, state, STATE_BYTES);
  for (unsigned i = 0; i < SEALS && status == GODWIT_OK; i++) {
    status = append(flash, seal, GODWIT_PROGRESS_SIZE);
  }
  return status;
}

static int write_state(struct godwit_medium *medium, const struct godwit_store_state *state) {
  struct godwit_flash *flash = flash_of(medium);
  uint8_t bytes[STATE_BYTES] = {0};
  uint8_t seal[GODWIT_PROGRESS_SIZE];
  godwit_journal_encode(state, bytes);
  godwit_progress_encode(state, state->generation, seal);
  int status = write_sealed(flash, bytes, seal);
  for (uint32_t attempt = 0; status < 0 && attempt + 1u < flash->page_count; attempt++) {
    status = turn_page(flash, attempt);
    if (status == GODWIT_OK) status = write_sealed(flash, bytes, seal);
  }
  if (status < 0) {
    flash->page_end = flash->config.journal_page_bytes;
    return status;
  }
  flash->newest_page = flash->page;
  flash->since = state->generation;
  return GODWIT_OK;
}

static int write_progress(struct godwit_medium *medium, const struct godwit_store_state *state) {
  struct godwit_flash *flash = flash_of(medium);
  uint8_t bytes[GODWIT_PROGRESS_SIZE];
  godwit_progress_encode(state, flash->since, bytes);
  int status = append(flash, bytes, sizeof bytes);
  return status < 0 ? write_state(medium, state) : status;
}

static int read_journal(struct godwit_flash *flash, struct godwit_store_state *out) {
  struct scan scan = {0};
  memset(out, 0, sizeof *out);
  find_state(flash, &scan, out);
  if (scan.is_found) {
    uint32_t page_bytes = flash->config.journal_page_bytes;
    flash->newest_page = (scan.found_offset - page_offset(flash, 0)) / page_bytes;
    unsigned count =
        read_progress(flash, scan.found_offset + STATE_BYTES,
                      page_offset(flash, flash->newest_page + 1), &scan, out->generation, out);
    out->generation += 2; /* above one that cannot be read today, and perhaps tomorrow */
    /* In doubt: it is written once more before anybody acts on it. Where that
     * fails, it is tried again at the next start. */
    if (count < SEALS) (void)write_state(&flash->medium, out);
    return GODWIT_OK;
  }
  if (!scan.has_answered) return GODWIT_ERR_IO;
  return scan.has_record ? GODWIT_ERR_FORMAT : GODWIT_ERR_NOT_FOUND;
}

/* Mounting ------------------------------------------------------------------- */

static bool is_region(const struct godwit_flash_config *config,
                      const struct godwit_flash_region *region) {
  return (region->offset | region->size_bytes) % config->erase_bytes == 0 &&
         region->size_bytes <= UINT32_MAX - region->offset;
}

static bool is_sound(const struct godwit_flash_config *config) {
  if (config->erase_bytes == 0 || config->program_bytes == 0 ||
      UNIT_MAX % config->program_bytes != 0 || config->erase_bytes % UNIT_MAX != 0) {
    return false;
  }
  if (config->slot_count < 2 || config->slot_count > GODWIT_FLASH_SLOTS_MAX) return false;
  bool sound = is_region(config, &config->journal) && is_region(config, &config->scratch);
  for (unsigned i = 0; i < config->slot_count; i++) sound &= is_region(config, &config->slot[i]);
  uint32_t page_bytes = config->journal_page_bytes;
  return sound && page_bytes >= GODWIT_FLASH_PAGE_MIN && page_bytes % config->erase_bytes == 0 &&
         config->journal.size_bytes / 2u >= page_bytes;
}

static bool has(const struct godwit_flash_config *config, const struct godwit_store_entry *entry) {
  return entry->slot < config->slot_count &&
         entry->size_bytes <= config->slot[entry->slot].size_bytes;
}

static int mount(struct godwit_medium *medium, const char *package,
                 struct godwit_store_state *out) {
  struct godwit_flash *flash = flash_of(medium);
  struct godwit_flash_config *config = &flash->config;
  (void)package; /* the journal is one package's */
  if (config->journal_page_bytes == 0 && config->erase_bytes != 0) {
    uint32_t blocks = (GODWIT_FLASH_PAGE_MIN - 1u) / config->erase_bytes + 1u;
    config->journal_page_bytes = blocks * config->erase_bytes;
  }
  if (!is_sound(config)) return GODWIT_ERR_ARGUMENT;
  flash->page_count = config->journal.size_bytes / config->journal_page_bytes;
  flash->newest_page = flash->page_count - 1u;
  flash->page_end = config->journal_page_bytes;
  flash->written_end = NOT_OPEN;
  int status = read_journal(flash, out);
  if (!has(config, &out->incoming)) { /* the slots were others then: it begins anew */
    memset(&out->incoming, 0, sizeof out->incoming);
    out->incoming_bytes = 0;
    out->scratch_bytes = 0;
  }
  return status;
}

/* Models --------------------------------------------------------------------- */

static bool is_in(const struct godwit_store_entry *entry, unsigned slot) {
  return entry->version[0] != '\0' && entry->slot == slot;
}

static int place(struct godwit_medium *medium, const struct godwit_store_state *state,
                 struct godwit_store_entry *entry, bool *takes_previous) {
  const struct godwit_flash_config *config = &flash_of(medium)->config;
  *takes_previous = false;
  for (unsigned i = 1; i <= config->slot_count; i++) { /* in turns: they wear alike */
    unsigned slot = (state->active.slot + i) % config->slot_count;
    if (config->slot[slot].size_bytes < entry->size_bytes || is_in(&state->active, slot)) continue;
    if (is_in(&state->previous, slot)) {
      *takes_previous = true;
      continue;
    }
    *takes_previous = false;
    entry->slot = (uint8_t)slot;
    return GODWIT_OK;
  }
  return *takes_previous ? GODWIT_OK : GODWIT_ERR_NO_SPACE;
}

static int copy(const struct godwit_flash *flash, uint32_t to, uint32_t from, uint32_t size) {
  uint8_t bytes[COPY_BYTES];
  int status = GODWIT_OK;
  for (uint32_t at = 0; status == GODWIT_OK && at < size; at += sizeof bytes) {
    uint32_t part = size - at < sizeof bytes ? size - at : (uint32_t)sizeof bytes;
    status = read_at(flash, from + at, bytes, part);
    if (status == GODWIT_OK) status = program_at(flash, to + at, bytes, part);
  }
  return status < 0 ? status : sync_all(flash);
}

static int write_scratch_state(struct godwit_flash *flash, struct godwit_store_state *state,
                               uint32_t scratch_bytes) {
  state->scratch_bytes = scratch_bytes;
  state->generation++;
  return write_progress(&flash->medium, state);
}

/* Erases the block that the durable prefix ends in, but for its part of the
 * prefix, which survives in the scratch block meanwhile: once the journal says
 * that it is there, however often power fails from here on. */
static int repair(struct godwit_flash *flash, struct godwit_store_state *state, uint32_t good_at,
                  uint32_t good) {
  uint32_t scratch = flash->config.scratch.offset;
  int status = GODWIT_OK;
  if (state->scratch_bytes != good) {
    status = erase_at(flash, scratch);
    if (status == GODWIT_OK) status = copy(flash, scratch, good_at, good);
    if (status == GODWIT_OK) status = write_scratch_state(flash, state, good);
  }
  if (status == GODWIT_OK) status = erase_at(flash, good_at);
  if (status == GODWIT_OK) status = copy(flash, good_at, scratch, good);
  if (status == GODWIT_OK) status = write_scratch_state(flash, state, 0);
  return status;
}

static int open_incoming(struct godwit_medium *medium, struct godwit_store_state *state,
                         uint32_t *from) {
  struct godwit_flash *flash = flash_of(medium);
  const struct godwit_flash_config *config = &flash->config;
  uint32_t slot = config->slot[state->incoming.slot].offset;
  bool is_clean = *from > 0 && flash->written_end <= *from;
  if (is_clean || *from == state->incoming.size_bytes) return GODWIT_OK;
  if (flash->written_end == NOT_OPEN) {
    /* What was read at the start may stand in a unit that power has left half
     * programmed, and be gone the next time. It is about to be acted on. */
    state->generation++;
    int status = write_state(medium, state);
    if (status < 0) return status;
  }
  uint32_t good = *from % config->erase_bytes;
  if (good % config->program_bytes != 0 || (good > 0 && config->scratch.size_bytes == 0)) {
    bool is_plain = state->incoming_encoding == GW_ENCODING_NONE;
    *from = is_plain ? *from - good : 0; /* a decoder goes on from its checkpoint only */
    good = 0;
  }
  flash->erased_end = *from + (good > 0 ? config->erase_bytes - good : 0);
  if (good > 0 && repair(flash, state, slot + *from - good, good) < 0) {
    /* A unit has decayed, or wears out: not to be stuck at it, all of it anew. */
    *from = 0;
    flash->erased_end = 0;
  }
  flash->written_end = *from;
  return GODWIT_OK;
}

static int write_incoming(struct godwit_medium *medium, const struct godwit_store_state *state,
                          uint32_t offset, const void *data, size_t size) {
  struct godwit_flash *flash = flash_of(medium);
  const struct godwit_flash_config *config = &flash->config;
  uint32_t slot = config->slot[state->incoming.slot].offset;
  uint32_t end = offset + (uint32_t)size;
  if (flash->written_end == NOT_OPEN) return GODWIT_ERR_STATE;
  if (offset % config->program_bytes != 0) return GODWIT_ERR_ARGUMENT;
  int status = GODWIT_OK;
  for (; flash->erased_end < end; flash->erased_end += config->erase_bytes) {
    status = erase_at(flash, slot + flash->erased_end);
    if (status < 0) return status;
  }
  if (end > flash->written_end) flash->written_end = end;
  size_t rest = size % config->program_bytes; /* only at the end of the model */
  size_t whole = size - rest;
  if (whole > 0) status = program_at(flash, slot + offset, data, whole);
  if (status < 0 || rest == 0) return status;
  uint8_t unit[UNIT_MAX] = {0};
  memcpy(unit, (const uint8_t *)data + whole, rest);
  return program_at(flash, slot + offset + (uint32_t)whole, unit, config->program_bytes);
}

static int sync_incoming(struct godwit_medium *medium, const struct godwit_store_state *state) {
  (void)state;
  return sync_all(flash_of(medium));
}

static int read_entry(struct godwit_medium *medium, const struct godwit_store_entry *entry,
                      uint32_t offset, void *data, size_t size) {
  const struct godwit_flash *flash = flash_of(medium);
  if (!has(&flash->config, entry)) return GODWIT_ERR_NOT_FOUND;
  int status = read_at(flash, flash->config.slot[entry->slot].offset + offset, data, size);
  return status < 0 ? status : (int)size;
}

static const void *map_entry(struct godwit_medium *medium, const struct godwit_store_entry *entry) {
  const struct godwit_flash_config *config = &flash_of(medium)->config;
  if (config->mapped == NULL || !has(config, entry)) return NULL;
  return (const uint8_t *)config->mapped + config->slot[entry->slot].offset;
}

void godwit_flash_init(struct godwit_flash *flash, const struct godwit_flash_config *config) {
  static const struct godwit_medium_ops ops = {
      .mount = mount,
      .write_state = write_state,
      .write_progress = write_progress,
      .place = place,
      .open = open_incoming,
      .write = write_incoming,
      .sync = sync_incoming,
      .read = read_entry,
      .map = map_entry,
  };
  memset(flash, 0, sizeof *flash);
  flash->medium.ops = &ops;
  flash->config = *config;
}
