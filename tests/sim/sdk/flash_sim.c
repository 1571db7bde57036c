/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sdk/flash_sim.h"

#include <string.h>

#include "godwit/status.h"
#include "tests/support/test.h"

#define FLASH_BASE 0x10000u /* offsets are not from 0 */
#define FLASH_MAX (1536u * 1024u)
#define BLOCKS_MAX 4096u

const struct flash_shape flash_shapes[] = {
    {"4 KB pages, 8-byte units",
     4096,
     8,
     0,
     2,
     1,
     2,
     {4, 4},
     0xFF,
     1024,
     {9000, 11000, 2500, 12288, 5001}},
    {"2 KB pages, 8-byte units",
     2048,
     8,
     0,
     3,
     1,
     2,
     {6, 6},
     0xFF,
     1024,
     {5000, 7168, 2500, 11111, 4096}},
    {"128 KB sectors, 32-byte units",
     131072,
     32,
     0,
     2,
     1,
     2,
     {2, 2},
     0xFF,
     8192,
     {140000, 150016, 9000, 131072, 170001}},
    {"SPI NOR, 4 KB, bytes",
     4096,
     1,
     0,
     4,
     1,
     3,
     {4, 4, 4},
     0xFF,
     1024,
     {9000, 11001, 2503, 12288, 5001}},
    {"512-byte pages, 2-byte units",
     512,
     2,
     0,
     2,
     1,
     2,
     {16, 12},
     0x00,
     256,
     {3000, 5120, 777, 6000, 2048}},
    {"4 KB pages, no scratch block",
     4096,
     4,
     0,
     2,
     0,
     2,
     {4, 4},
     0xFF,
     1024,
     {9000, 11000, 2500, 12288, 5001}},
    {"512-byte pages, large journal pages",
     512,
     16,
     2048,
     3,
     1,
     2,
     {20, 20},
     0xFF,
     512,
     {3000, 9000, 777, 6000, 2048}},
};
const size_t flash_shape_count = sizeof flash_shapes / sizeof flash_shapes[0];

struct flash_sim flash_sim;

enum unit_is { ERASED, PROGRAMMED, UNSURE, DECAYED };
static uint8_t unit_is[FLASH_MAX]; /* by unit */
static uint8_t fate[FLASH_MAX];    /* of unsure units: what they are at this start */
static uint8_t now[FLASH_MAX];     /* what is read of sure units, and what was meant */
static uint8_t before[FLASH_MAX];  /* unsure units: what was there */
static unsigned erases[BLOCKS_MAX];
static size_t used_bytes;
static struct godwit_flash_config regions;
static uint32_t random_state;

enum fate { AS_MEANT, AS_BEFORE, AS_ERASED, GARBAGE, ECC_ERROR, FATES };

static uint32_t roll(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 17;
  random_state ^= random_state << 5;
  return random_state;
}

/* Layout: scratch, slot 1, journal, slot 0, slot 2, ... with a hole between any
 * two, so that a step over a border lands in nothing. */
static struct godwit_flash_region next_region(uint32_t *at, uint32_t blocks) {
  uint32_t erase_bytes = flash_sim.shape->erase_bytes;
  struct godwit_flash_region region = {*at, blocks * erase_bytes};
  *at += region.size_bytes + (blocks > 0 ? erase_bytes : 0);
  return region;
}

static int sim_read(void *arg, uint32_t offset, void *data, size_t size);
static int sim_program(void *arg, uint32_t offset, const void *data, size_t size);
static int sim_erase(void *arg, uint32_t offset);
static int sim_sync(void *arg);

static uint32_t page_bytes(const struct flash_shape *shape) {
  if (shape->journal_page_bytes != 0) return shape->journal_page_bytes;
  uint32_t bytes = shape->erase_bytes;
  while (bytes < GODWIT_FLASH_PAGE_MIN) bytes += shape->erase_bytes;
  return bytes;
}

struct godwit_flash_config flash_sim_config(void) {
  const struct flash_shape *shape = flash_sim.shape;
  uint32_t erase_bytes = shape->erase_bytes, at = (FLASH_BASE / erase_bytes + 1) * erase_bytes;
  struct godwit_flash_config config = {
      .arg = &flash_sim,
      .read = sim_read,
      .program = sim_program,
      .erase = sim_erase,
      .sync = shape->slot_count == 3 ? sim_sync : NULL,
      .erase_bytes = erase_bytes,
      .program_bytes = shape->program_bytes,
      .journal_page_bytes = shape->journal_page_bytes,
      .slot_count = shape->slot_count,
  };
  config.scratch = next_region(&at, shape->scratch_blocks);
  config.slot[1] = next_region(&at, shape->slot_blocks[1]);
  config.journal = next_region(&at, shape->journal_pages * page_bytes(shape) / erase_bytes);
  config.slot[0] = next_region(&at, shape->slot_blocks[0]);
  for (unsigned i = 2; i < shape->slot_count; i++) {
    config.slot[i] = next_region(&at, shape->slot_blocks[i]);
  }
  assert_true(at <= FLASH_MAX && at / erase_bytes < BLOCKS_MAX);
  return config;
}

static bool is_within(const struct godwit_flash_region *region, uint32_t offset, size_t size) {
  return offset >= region->offset && offset - region->offset <= region->size_bytes &&
         size <= region->size_bytes - (offset - region->offset);
}

static void check_range(const char *what, uint32_t offset, size_t size) {
  bool inside =
      is_within(&regions.journal, offset, size) || is_within(&regions.scratch, offset, size);
  for (unsigned i = 0; i < regions.slot_count; i++) {
    inside |= is_within(&regions.slot[i], offset, size);
  }
  if (!inside) {
    fail_msg("%s: %s of %zu bytes at %u is outside every region", flash_sim.shape->name, what, size,
             offset);
  }
}

void flash_sim_reset(const struct flash_shape *shape, uint32_t seed) {
  memset(&flash_sim, 0, sizeof flash_sim);
  flash_sim.shape = shape;
  random_state = seed != 0 ? seed : 1;
  regions = flash_sim_config();
  const struct godwit_flash_region *last = &regions.slot[shape->slot_count > 2 ? 2 : 0];
  used_bytes = last->offset + last->size_bytes;
  memset(now, shape->erased_value, used_bytes);
  /* Blank from the factory, or with what another program left there. */
  memset(unit_is, roll() % 2 ? ERASED : PROGRAMMED, used_bytes / shape->program_bytes);
  memset(erases, 0, sizeof erases);
}

void flash_sim_power_on(void) {
  size_t units = used_bytes / flash_sim.shape->program_bytes;
  bool alike = roll() % 2; /* all of them as meant today, and none tomorrow */
  uint8_t common = (uint8_t)(roll() % FATES);
  for (size_t i = 0; i < units; i++) {
    if (unit_is[i] == UNSURE) fate[i] = alike ? common : (uint8_t)(roll() % FATES);
  }
}

static int read_unit(size_t unit, uint8_t *data) {
  uint32_t size = flash_sim.shape->program_bytes;
  size_t at = unit * size;
  if (unit_is[unit] == DECAYED) return GODWIT_ERR_IO;
  if (unit_is[unit] != UNSURE) {
    memcpy(data, now + at, size);
    return 0;
  }
  switch (fate[unit]) {
    case AS_MEANT:
      memcpy(data, now + at, size);
      return 0;
    case AS_BEFORE:
      memcpy(data, before + at, size);
      return 0;
    case AS_ERASED:
      memset(data, flash_sim.shape->erased_value, size);
      return 0;
    case GARBAGE: /* another one each time */
      for (uint32_t i = 0; i < size; i++) data[i] = (uint8_t)roll();
      return 0;
    default:
      return GODWIT_ERR_IO;
  }
}

static int sim_read(void *arg, uint32_t offset, void *data, size_t size) {
  assert_ptr_equal(arg, &flash_sim);
  check_range("read", offset, size);
  if (flash_sim.broken) return GODWIT_ERR_IO;
  uint8_t unit[32];
  uint32_t unit_bytes = flash_sim.shape->program_bytes;
  for (size_t done = 0; done < size;) {
    uint32_t at = offset + (uint32_t)done, inside = at % unit_bytes;
    size_t part = unit_bytes - inside < size - done ? unit_bytes - inside : size - done;
    if (read_unit(at / unit_bytes, unit) < 0) return GODWIT_ERR_IO;
    memcpy((uint8_t *)data + done, unit + inside, part);
    done += part;
  }
  return 0;
}

static bool cuts(void) {
  flash_sim.operations++;
  return flash_sim.cut_at != 0 && flash_sim.operations == flash_sim.cut_at;
}

static bool fails(void) {
  return flash_sim.broken || (flash_sim.fail_at != 0 && flash_sim.operations == flash_sim.fail_at);
}

static void power_off(void) { longjmp(*flash_sim.on_cut, 1); }

static void make_unsure(size_t unit, const uint8_t *meant) {
  uint32_t size = flash_sim.shape->program_bytes;
  size_t at = unit * size;
  memcpy(before + at, now + at, size);
  memcpy(now + at, meant, size);
  unit_is[unit] = UNSURE;
  fate[unit] = (uint8_t)(roll() % FATES);
}

static int sim_program(void *arg, uint32_t offset, const void *data, size_t size) {
  assert_ptr_equal(arg, &flash_sim);
  check_range("program", offset, size);
  uint32_t unit_bytes = flash_sim.shape->program_bytes;
  if (offset % unit_bytes != 0 || size % unit_bytes != 0 || size == 0) {
    fail_msg("%s: program of %zu bytes at %u is not of whole units", flash_sim.shape->name, size,
             offset);
  }
  size_t first = offset / unit_bytes, count = size / unit_bytes;
  for (size_t i = first; i < first + count; i++) {
    if (unit_is[i] != ERASED) {
      fail_msg("%s: unit at %zu is programmed, but it is %s", flash_sim.shape->name, i * unit_bytes,
               unit_is[i] == PROGRAMMED ? "programmed already" : "not surely erased");
    }
  }
  bool cut = cuts(), failed = fails();
  size_t whole = cut || failed ? roll() % (count + 1) : count;
  for (size_t i = 0; i < count; i++) {
    const uint8_t *meant = (const uint8_t *)data + i * unit_bytes;
    if (i < whole) {
      memcpy(now + (first + i) * unit_bytes, meant, unit_bytes);
      unit_is[first + i] = PROGRAMMED;
    } else if (i == whole || roll() % 2) {
      make_unsure(first + i, meant);
    }
  }
  if (cut) power_off();
  return failed ? GODWIT_ERR_IO : 0;
}

static int sim_erase(void *arg, uint32_t offset) {
  assert_ptr_equal(arg, &flash_sim);
  uint32_t bytes = flash_sim.shape->erase_bytes, unit_bytes = flash_sim.shape->program_bytes;
  check_range("erase", offset, bytes);
  if (offset % bytes != 0) fail_msg("%s: erase at %u", flash_sim.shape->name, offset);
  uint8_t blank[32];
  memset(blank, flash_sim.shape->erased_value, sizeof blank);
  bool cut = cuts(), failed = fails();
  erases[offset / bytes]++;
  for (size_t i = offset / unit_bytes; i < (offset + bytes) / unit_bytes; i++) {
    if (cut || failed) {
      make_unsure(i, blank);
    } else {
      memcpy(now + i * unit_bytes, blank, unit_bytes);
      unit_is[i] = ERASED;
    }
  }
  if (cut && roll() % 3 == 0) { /* it looks perfect, but is not */
    memset(fate + offset / unit_bytes, AS_MEANT, bytes / unit_bytes);
  }
  if (cut) power_off();
  return failed ? GODWIT_ERR_IO : 0;
}

static int sim_sync(void *arg) {
  assert_ptr_equal(arg, &flash_sim);
  if (cuts()) power_off();
  return fails() ? GODWIT_ERR_IO : 0;
}

unsigned flash_sim_erases(uint32_t offset) { return erases[offset / flash_sim.shape->erase_bytes]; }

void flash_sim_decay(uint32_t offset) {
  unit_is[offset / flash_sim.shape->program_bytes] = DECAYED;
}

void flash_sim_put(uint32_t offset, const void *data, size_t size) {
  memcpy(now + offset, data, size);
  uint32_t unit_bytes = flash_sim.shape->program_bytes;
  for (size_t at = offset; at < offset + size; at += unit_bytes) {
    unit_is[at / unit_bytes] = PROGRAMMED;
  }
}

bool flash_sim_is_programmed(uint32_t offset) {
  return unit_is[offset / flash_sim.shape->program_bytes] == PROGRAMMED;
}

void flash_sim_get(uint32_t offset, void *data, size_t size) { memcpy(data, now + offset, size); }
