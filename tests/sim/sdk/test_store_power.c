/* SPDX-License-Identifier: Apache-2.0 */
/* Power is cut at every single write, erase and sync of a store's life: updates
 * whole and decoded, a refusal, a rollback, keys and floor that change. What was
 * under way then is there, or not, or in parts, or different at each look. The
 * store must come up with the state from before or after the step, whole, and
 * finish its life as if nothing had happened. One cut everywhere; two in a row
 * sampled by seed. GODWIT_TEST_SEED=N repeats a run. */
#include <string.h>

#include "godwit/flash.h"
#include "godwit/folder.h"
#include "tests/sim/sdk/flash_sim.h"
#include "tests/sim/sdk/store_life.h"
#include "tests/sim/sdk/world.h"
#include "tests/support/test.h"

static struct life life;
static struct godwit_flash flash;
static struct godwit_folder folder;
static jmp_buf cut;
static volatile long cuts_left; /* outlives longjmp */
static char where[128];

/* Flash ----------------------------------------------------------------------------- */

static const struct flash_shape *shape;

static struct godwit_medium *flash_on(void) {
  struct godwit_flash_config config = flash_sim_config();
  memset(&flash, 0xEE, sizeof flash);
  flash_sim_power_on();
  godwit_flash_init(&flash, &config);
  return &flash.medium;
}

static void begin_flash(uint32_t seed, uint32_t fate, long cut_at) {
  flash_sim_reset(shape, fate);
  flash_sim.cut_at = cut_at;
  flash_sim.on_cut = &cut;
  life_begin(&life, seed);
  life.power_on = flash_on;
  life.block_bytes = shape->block_bytes;
  memcpy(life.sizes, shape->sizes, sizeof life.sizes);
  life.journal_every_bytes = 3 * shape->block_bytes;
  life.loss_max = 1024 + (shape->scratch_blocks == 0 ? shape->erase_bytes : 0);
  life.loses_decoder = shape->scratch_blocks == 0;
}

/* One life with a cut at operation `at`, and another `again` operations after
 * the restart (0: none). Returns the operations it took. */
static long live_on_flash(uint32_t seed, uint32_t fate, long at, long again) {
  cuts_left = again;
  snprintf(where, sizeof where, "%s, seed %u/%u, cut at %ld and %ld", shape->name, seed, fate, at,
           again);
  begin_flash(seed, fate, at);
  if (setjmp(cut) != 0) {
    flash_sim.cut_at = cuts_left > 0 ? flash_sim.operations + cuts_left : 0;
    cuts_left = 0;
  }
  life_boot(&life, where);
  life_live(&life);
  flash_sim.cut_at = 0;
  life_check_end(&life);
  return flash_sim.operations;
}

static void cut_everywhere(size_t which, unsigned rounds, unsigned pairs) {
  shape = &flash_shapes[which];
  uint32_t seed;
  long operations;
  do { /* a life in which a large sector is mended takes a thousand: those are sampled below */
    seed = test_random();
    operations = live_on_flash(seed, seed, 0, 0);
  } while (operations > 400);
  assert_true(operations > 80);
  for (long at = 1; at <= operations; at++) {
    for (unsigned round = 0; round < rounds; round++) {
      live_on_flash(seed, seed + 7919u * round + (uint32_t)at, at, 0);
    }
  }
  for (unsigned i = 0; i < pairs; i++) {
    uint32_t roll = test_random();
    live_on_flash(roll, roll + i, 1 + roll % operations, 1 + roll / 4096 % 24);
  }
  printf("%s: %ld operations, each cut in %u ways, %u pairs of cuts\n", shape->name, operations,
         rounds, pairs);
}

TEST(flash_of_4_kb_pages_comes_up_with_old_or_new) { cut_everywhere(0, 3, 500); }
TEST(flash_of_2_kb_pages_comes_up_with_old_or_new) { cut_everywhere(1, 3, 500); }
TEST(flash_of_128_kb_sectors_comes_up_with_old_or_new) { cut_everywhere(2, 1, 60); }
TEST(flash_of_spi_nor_comes_up_with_old_or_new) { cut_everywhere(3, 2, 300); }
TEST(flash_of_512_byte_pages_comes_up_with_old_or_new) { cut_everywhere(4, 3, 500); }
TEST(flash_without_a_scratch_block_comes_up_with_old_or_new) { cut_everywhere(5, 2, 300); }
TEST(flash_with_large_journal_pages_comes_up_with_old_or_new) { cut_everywhere(6, 2, 300); }

/* Folder ---------------------------------------------------------------------------- */

static struct godwit_medium *folder_on(void) {
  memset(&folder, 0xEE, sizeof folder);
  godwit_folder_init(&folder, WORLD_VOLUME);
  return &folder.medium;
}

static long live_in_folder(uint32_t seed, uint32_t fate, long at, long again) {
  static const uint32_t sizes[5] = {9000, 11000, 2500, 12288, 5001};
  cuts_left = again;
  snprintf(where, sizeof where, "folder, seed %u/%u, cut at %ld and %ld", seed, fate, at, again);
  world_reset(fate);
  world_medium.cut_at = at;
  world_medium.on_cut = &cut;
  life_begin(&life, seed);
  life.power_on = folder_on;
  life.block_bytes = 1024;
  memcpy(life.sizes, sizes, sizeof life.sizes);
  life.journal_every_bytes = 3 * 1024;
  life.loss_max = 1024;
  life.loses_decoder = false;
  if (setjmp(cut) != 0) {
    world_medium_power_on();
    world_medium.cut_at = cuts_left > 0 ? world_medium.operations + cuts_left : 0;
    cuts_left = 0;
  }
  life_boot(&life, where);
  life_live(&life);
  world_medium.cut_at = 0;
  life_check_end(&life);
  if (world_medium_file_count() > 4) fail_msg("%s: left:%s", where, world_medium_names());
  return world_medium.operations;
}

TEST(folder_comes_up_with_old_or_new) {
  uint32_t seed = test_random();
  long operations = live_in_folder(seed, seed, 0, 0);
  assert_in_range(operations, 80, 4000);
  for (long at = 1; at <= operations; at++) {
    for (unsigned round = 0; round < 3; round++) {
      live_in_folder(seed, seed + 7919u * round + (uint32_t)at, at, 0);
    }
  }
  for (uint32_t i = 0; i < 500; i++) {
    uint32_t roll = test_random();
    live_in_folder(roll, roll + i, 1 + roll % operations, 1 + roll / 4096 % 24);
  }
  printf("folder: %ld operations, each cut in 3 ways, 500 pairs of cuts\n", operations);
}
