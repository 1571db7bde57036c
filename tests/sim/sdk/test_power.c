/* SPDX-License-Identifier: Apache-2.0 */
/* Power is cut at every single change of the medium, files or flash, during a
 * device's life of three updates and a rollback. What was not synced then is there,
 * or not, or in parts. The device must come up with the model from before or after
 * the step, byte for byte, and finish its life as if nothing had happened. */
#include <string.h>

#include "godwit/flash.h"
#include "tests/sim/sdk/device.h"
#include "tests/sim/sdk/flash_sim.h"
#include "tests/sim/sdk/world.h"
#include "tests/support/test.h"

#define LIMIT_MS (30u * 60000u)
#define ROUNDS 6 /* each cut is torn in as many different ways */

static const struct stage {
  const char *version;
  size_t size;
} stages[] = {
    {"1.0.0", 5000}, {"1.1.0", 6 * 1024}, {"1.2.0", 2500}, {"1.1.0", 6 * 1024}, {"1.3.0", 3000},
};
#define STAGES (sizeof stages / sizeof stages[0])

static struct device device;
/* Outlive longjmp. */
static size_t stage;
static long cuts_left;
static jmp_buf cut;

/* The medium ---------------------------------------------------------------------- */

static const struct flash_shape *shape; /* NULL: a folder */
static struct godwit_flash flash;

static long operations_so_far(void) {
  return shape != NULL ? flash_sim.operations : world_medium.operations;
}

static void cut_at(long operation) {
  flash_sim.cut_at = shape != NULL ? operation : 0;
  world_medium.cut_at = shape != NULL ? 0 : operation;
}

static void power_on(void) {
  if (shape == NULL) {
    world_medium_power_on();
  } else {
    flash_sim_power_on();
  }
}

static void boot(void) {
  if (shape != NULL) {
    struct godwit_flash_config config = flash_sim_config();
    memset(&flash, 0xEE, sizeof flash);
    godwit_flash_init(&flash, &config);
    device.store_config.medium = &flash.medium;
  }
  device_boot(&device);
}

/* Life ----------------------------------------------------------------------------- */

static void begin(uint32_t seed, bool one_slot) {
  world_reset(seed);
  device_prepare(&device);
  device.one_slot = one_slot;
  device.store_config.journal_every_bytes = 2048;
  for (size_t i = 0; i < STAGES; i++) device_publish(stages[i].version, stages[i].size);
  world_medium.on_cut = &cut;
  if (shape != NULL) {
    flash_sim_reset(shape, seed);
    flash_sim.on_cut = &cut;
  }
  stage = 0;
}

static void assert_comes_up_with_old_or_new(long at) {
  const struct stage *before = stage > 0 ? &stages[stage - 1] : NULL;
  const struct stage *after = &stages[stage];
  if (strcmp(device.running, after->version) == 0) {
    device_assert_runs(&device, after->version, after->size);
  } else if (before != NULL) {
    if (strcmp(device.running, before->version) != 0) {
      fail_msg("cut at operation %ld in stage %zu: came up with \"%s\"", at, stage, device.running);
    }
    device_assert_runs(&device, before->version, before->size);
  } else {
    assert_string_equal(device.running, "");
  }
}

static void live(void) {
  for (; stage < STAGES; stage++) {
    world_server_release(stages[stage].version, NULL, 0);
    device_run_until_version(&device, stages[stage].version, LIMIT_MS);
    device_assert_runs(&device, stages[stage].version, stages[stage].size);
  }
}

/* One life with a cut at operation `at`, and a further one `again` operations
 * after the restart (0: none). Returns the operations it took. */
static long live_with_cut(uint32_t seed, long at, long again, bool one_slot) {
  begin(seed, one_slot);
  cut_at(at);
  cuts_left = again;
  static volatile bool was_cut;
  was_cut = false;
  if (setjmp(cut) != 0) {
    was_cut = true;
    power_on();
    cut_at(cuts_left > 0 ? operations_so_far() + cuts_left : 0);
    cuts_left = 0;
  }
  /* A new run of the firmware, the first one or after a cut. */
  boot();
  if (was_cut) assert_comes_up_with_old_or_new(at);
  live();
  const struct stage *last = &stages[STAGES - 1];
  device_run_until_idle(&device, LIMIT_MS);
  device_assert_runs(&device, last->version, last->size);
  /* The last start of all finds it too, and nothing has been left lying about. */
  cut_at(0);
  boot();
  device_assert_runs(&device, last->version, last->size);
  if (world_medium_file_count() > 4) fail_msg("cut at %ld: left:%s", at, world_medium_names());
  return operations_so_far();
}

static void cut_everywhere(bool one_slot, unsigned rounds) {
  uint32_t seed = test_random();
  long operations = live_with_cut(seed, 0, 0, one_slot);
  assert_in_range(operations, 40, 400);
  for (long at = 1; at <= operations; at++) {
    for (uint32_t round = 0; round < rounds; round++) {
      live_with_cut(seed + 7919u * round + (uint32_t)at, at, 0, one_slot);
    }
  }
  printf("%ld cuts, each torn in %u ways\n", operations, rounds);
}

TEST(power_cut_at_every_change_of_the_medium_leaves_old_or_new_model) {
  cut_everywhere(false, ROUNDS);
}

TEST(power_cut_at_every_change_of_the_medium_with_one_slot) { cut_everywhere(true, ROUNDS); }

TEST(second_power_cut_during_the_recovery_from_the_first) {
  uint32_t seed = test_random();
  long operations = live_with_cut(seed, 0, 0, false);
  for (long at = 1; at <= operations; at += 3) {
    for (long again = 1; again <= 9; again += 2) {
      live_with_cut(seed + (uint32_t)(at * 31 + again), at, again, false);
    }
  }
}

TEST(power_cut_at_every_change_of_flash_leaves_old_or_new_model) {
  shape = &flash_shapes[0];
  cut_everywhere(false, 2);
}

TEST(power_cut_at_every_change_of_flash_with_three_slots_and_one_in_memory) {
  shape = &flash_shapes[3];
  cut_everywhere(true, 1);
}

TEST(second_power_cut_on_flash_during_the_recovery_from_the_first) {
  shape = &flash_shapes[1];
  uint32_t seed = test_random();
  long operations = live_with_cut(seed, 0, 0, false);
  for (long at = 1; at <= operations; at += 3) {
    for (long again = 1; again <= 9; again += 2) {
      live_with_cut(seed + (uint32_t)(at * 31 + again), at, again, false);
    }
  }
}
