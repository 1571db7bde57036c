/* SPDX-License-Identifier: Apache-2.0 */
/* What wears out, decays or is configured wrongly. Power cuts are in
 * test_store_power.c. */
#include <string.h>

#include "godwit/flash.h"
#include "godwit/folder.h"
#include "mbedtls/sha256.h"
#include "tests/sim/sdk/flash_sim.h"
#include "tests/sim/sdk/store_life.h"
#include "tests/sim/sdk/world.h"
#include "tests/support/test.h"

static struct godwit_flash flash;
static struct godwit_store store;
static uint8_t model[64 * 1024];

static int open_store(const struct godwit_flash_config *config) {
  memset(&flash, 0xEE, sizeof flash);
  memset(&store, 0xEE, sizeof store);
  godwit_flash_init(&flash, config);
  return godwit_store_init(
      &store, &(struct godwit_store_config){
                  .medium = &flash.medium, .package = "model", .journal_every_bytes = 2048});
}

static void power_on(void) {
  struct godwit_flash_config config = flash_sim_config();
  flash_sim_power_on();
  assert_int_equal(open_store(&config), GODWIT_OK);
}

static void begin_with(const struct flash_shape *shape) {
  flash_sim_reset(shape, test_random());
  power_on();
}

static struct gw_component component(const char *version, uint32_t size) {
  struct gw_component made = {.package = "model", .size_bytes = size};
  snprintf(made.version, sizeof made.version, "%s", version);
  for (size_t i = 0; i < size; i++) model[i] = (uint8_t)(i * 31 + i / 253 + (size_t)version[2]);
  mbedtls_sha256(model, size, made.digest, 0);
  return made;
}

static void write_all(uint32_t from, uint32_t size) {
  for (uint32_t at = from; at < size; at += 1024) {
    uint32_t part = size - at < 1024 ? size - at : 1024;
    assert_int_equal(godwit_store_write(&store, at, model + at, part), GODWIT_OK);
    assert_int_equal(godwit_store_progress(&store, at + part, NULL, 0), GODWIT_OK);
  }
}

static void install(const char *version, uint32_t size) {
  struct gw_component made = component(version, size);
  uint32_t offset;
  assert_int_equal(godwit_store_begin(&store, &made, GW_ENCODING_NONE, NULL, &offset), GODWIT_OK);
  write_all(offset, size);
  assert_int_equal(godwit_store_finish(&store), GODWIT_OK);
  assert_int_equal(godwit_store_read(&store, &store.state.incoming, NULL, 0), GODWIT_OK);
  assert_int_equal(godwit_store_commit(&store), GODWIT_OK);
  assert_int_equal(godwit_store_confirm(&store, 0), GODWIT_OK);
}

static void assert_runs(const char *version) {
  assert_string_equal(store.state.active.version, version);
  assert_int_equal(godwit_store_read(&store, &store.state.active, NULL, 0), GODWIT_OK);
}

/* Wear ------------------------------------------------------------------------------- */

TEST(journal_pages_wear_within_one_of_each_other) {
  for (size_t i = 0; i < flash_shape_count; i++) {
    const struct flash_shape *shape = &flash_shapes[i];
    begin_with(shape);
    const struct godwit_flash_config config = flash.config;
    for (unsigned n = 0; n < 300; n++) {
      if (n % 50 == 49) power_on();
      assert_int_equal(godwit_store_set_trust(&store, &store.state.trust), GODWIT_OK);
      unsigned least = UINT32_MAX, most = 0;
      for (uint32_t at = 0; at < config.journal.size_bytes; at += config.erase_bytes) {
        unsigned erases = flash_sim_erases(config.journal.offset + at);
        if (erases < least) least = erases;
        if (erases > most) most = erases;
      }
      if (most > least + 1) fail_msg("%s: %u and %u erases", shape->name, least, most);
    }
    /* And seldom: as many states as fit go into a page. */
    unsigned states_a_page = config.journal_page_bytes / GODWIT_FLASH_PAGE_MIN;
    assert_in_range(flash_sim_erases(config.journal.offset), 1,
                    300 / states_a_page / shape->journal_pages + 8);
  }
}

TEST(download_erases_each_block_of_its_slot_once) {
  begin_with(&flash_shapes[0]);
  const struct godwit_flash_config config = flash.config;
  install("1.0.0", 12000);
  uint32_t slot = config.slot[store.state.active.slot].offset;
  for (uint32_t at = 0; at < 12288; at += 4096) assert_int_equal(flash_sim_erases(slot + at), 1);
  assert_int_equal(flash_sim_erases(slot + 12288), 0);
  assert_int_equal(flash_sim_erases(config.scratch.offset), 0);
  assert_in_range(flash_sim_erases(config.journal.offset), 1, 2);
}

TEST(slots_take_turns) {
  begin_with(&flash_shapes[3]); /* three */
  uint8_t slots[6];
  char version[8];
  for (unsigned i = 0; i < 6; i++) {
    snprintf(version, sizeof version, "1.%u.0", i);
    install(version, 5000);
    slots[i] = store.state.active.slot;
  }
  assert_memory_equal(slots, "\1\2\0\1\2\0", 6);
  assert_string_equal(store.state.previous.version, "1.4.0");
}

/* Split at commit, so that the active model has yet to prove itself. */
static void install_unconfirmed(const char *version, uint32_t size) {
  struct gw_component made = component(version, size);
  uint32_t offset;
  assert_int_equal(godwit_store_begin(&store, &made, GW_ENCODING_NONE, NULL, &offset), GODWIT_OK);
  write_all(offset, size);
  assert_int_equal(godwit_store_finish(&store), GODWIT_OK);
  assert_int_equal(godwit_store_commit(&store), GODWIT_OK);
}

/* Two releases that take the device down, one right behind the other. */
TEST(two_slots_keep_the_model_that_has_proved_itself_until_the_next_one_has) {
  uint32_t offset;
  begin_with(&flash_shapes[0]);
  assert_int_equal(flash.config.slot_count, 2);
  install("1.0.0", 5000);
  install_unconfirmed("1.1.0", 5000);
  struct gw_component next = component("1.2.0", 5000);
  for (int start = 0; start < 2; start++, power_on()) {
    assert_false(godwit_store_may_begin(&store, &next));
    assert_int_equal(godwit_store_begin(&store, &next, GW_ENCODING_NONE, NULL, &offset),
                     GODWIT_ERR_NO_SPACE);
    assert_string_equal(store.state.previous.version, "1.0.0");
    assert_int_equal(godwit_store_read(&store, &store.state.previous, NULL, 0), GODWIT_OK);
  }
  assert_int_equal(godwit_store_confirm(&store, 0), GODWIT_OK);
  assert_true(godwit_store_may_begin(&store, &next));
  assert_int_equal(godwit_store_begin(&store, &next, GW_ENCODING_NONE, NULL, &offset), GODWIT_OK);
  assert_string_equal(store.state.previous.version, "");
}

TEST(three_slots_take_the_next_model_beside_both) {
  begin_with(&flash_shapes[3]);
  install("1.0.0", 5000);
  install_unconfirmed("1.1.0", 5000);
  struct gw_component next = component("1.2.0", 5000);
  assert_true(godwit_store_may_begin(&store, &next));
}

/* What goes bad ------------------------------------------------------------------------ */

/* ECC finds an error in any unit of the journal: the device comes up with the
 * state that was written last or, where it is that one's, the one before. */
TEST(decayed_unit_of_the_journal_costs_one_state_at_most) {
  for (size_t i = 0; i < flash_shape_count; i++) {
    if (flash_shapes[i].erase_bytes > 4096) continue;
    for (unsigned unit = 0;; unit++) {
      flash_sim_reset(&flash_shapes[i], 7);
      power_on();
      install("1.0.0", 2000);
      install("1.1.0", 2000);
      const struct godwit_flash_config config = flash.config;
      const struct godwit_store_state last = store.state;
      uint32_t step = config.program_bytes < 8 ? 8 : config.program_bytes;
      if (unit * step >= config.journal.size_bytes) break;
      uint32_t at = config.journal.offset + unit * step;
      flash_sim_decay(at);
      power_on();
      assert_runs("1.1.0");
      assert_in_range(store.state.generation, last.generation + 1, last.generation + 2);
      if (!flash_sim_is_programmed(at)) continue;
      install("1.2.0", 2000); /* and life goes on */
      power_on();
      assert_runs("1.2.0");
    }
  }
}

TEST(page_that_cannot_be_written_is_passed_over) {
  const struct flash_shape *shape = &flash_shapes[3]; /* four pages */
  for (long nth = 1; nth < 12; nth++) {
    begin_with(shape);
    install("1.0.0", 2000);
    uint32_t generation = store.state.generation;
    for (unsigned i = 0; i < 8; i++) {
      if (i == 3) flash_sim.fail_at = flash_sim.operations + nth;
      assert_int_equal(godwit_store_set_trust(&store, &store.state.trust), GODWIT_OK);
    }
    assert_int_equal(store.state.generation, generation + 8);
    power_on();
    assert_int_equal(store.state.generation, generation + 8 + 2); /* as after any start */
    assert_runs("1.0.0");
  }
}

TEST(flash_that_does_not_answer_is_an_error_and_not_an_empty_store) {
  begin_with(&flash_shapes[0]);
  install("1.0.0", 2000);
  struct godwit_flash_config config = flash_sim_config();
  flash_sim.broken = true;
  assert_int_equal(open_store(&config), GODWIT_ERR_IO);
  flash_sim.broken = false;
  power_on();
  assert_runs("1.0.0");
  flash_sim.broken = true;
  uint32_t generation = store.state.generation;
  assert_int_equal(godwit_store_confirm(&store, 3), GODWIT_ERR_IO);
  assert_int_equal(store.state.trust.floor, 0);
  assert_true(store.state.generation > generation); /* never used twice */
  flash_sim.broken = false;
  assert_int_equal(godwit_store_confirm(&store, 3), GODWIT_OK);
  power_on();
  assert_int_equal(store.state.trust.floor, 3);
}

TEST(blank_flash_and_that_of_another_program_are_an_empty_store) {
  for (unsigned i = 0; i < 20; i++) {
    begin_with(&flash_shapes[i % flash_shape_count]);
    assert_string_equal(store.state.active.version, "");
    assert_int_equal(store.state.generation, 0);
  }
}

TEST(flipped_bit_in_a_slot_is_found_and_the_previous_model_is_whole) {
  begin_with(&flash_shapes[0]);
  install("1.0.0", 9000);
  install("1.1.0", 9000);
  uint8_t byte;
  uint32_t at = flash.config.slot[store.state.active.slot].offset + 4711;
  flash_sim_get(at, &byte, 1);
  byte ^= 0x20;
  flash_sim_put(at, &byte, 1);
  power_on();
  assert_int_equal(godwit_store_read(&store, &store.state.active, NULL, 0), GODWIT_ERR_INTEGRITY);
  assert_int_equal(godwit_store_drop_active(&store), GODWIT_OK);
  power_on();
  assert_runs("1.0.0");
}

TEST(decayed_unit_in_what_is_being_downloaded_costs_the_download_and_does_not_stall_it) {
  for (uint32_t at = 4096; at < 7168; at += 512) { /* in the block that has to be mended */
    begin_with(&flash_shapes[0]);
    install("1.0.0", 2000);
    struct gw_component made = component("1.1.0", 12000);
    uint32_t offset;
    assert_int_equal(godwit_store_begin(&store, &made, GW_ENCODING_NONE, NULL, &offset), GODWIT_OK);
    assert_int_equal(godwit_store_write(&store, 0, model, 7168), GODWIT_OK);
    assert_int_equal(godwit_store_progress(&store, 7168, NULL, 0), GODWIT_OK);
    power_on();
    flash_sim_decay(flash.config.slot[store.state.incoming.slot].offset + at);
    assert_int_equal(godwit_store_begin(&store, &made, GW_ENCODING_NONE, NULL, &offset), GODWIT_OK);
    assert_int_equal(offset, 0);
    write_all(0, 12000);
    assert_int_equal(godwit_store_finish(&store), GODWIT_OK);
    power_on();
    assert_int_equal(godwit_store_read(&store, &store.state.incoming, NULL, 0), GODWIT_OK);
  }
}

/* Room --------------------------------------------------------------------------------- */

TEST(model_that_fits_no_slot_is_refused_and_costs_nothing) {
  begin_with(&flash_shapes[0]);
  install("1.0.0", 9000);
  install("1.1.0", 9000);
  struct gw_component made = component("1.2.0", 4 * 4096 + 1);
  uint32_t offset;
  assert_int_equal(godwit_store_begin(&store, &made, GW_ENCODING_NONE, NULL, &offset),
                   GODWIT_ERR_NO_SPACE);
  assert_string_equal(store.state.previous.version, "1.0.0");
  install("1.3.0", 4 * 4096);
  assert_string_equal(store.state.previous.version, "1.1.0");
}

TEST(large_model_goes_where_it_fits_when_slots_differ) {
  begin_with(&flash_shapes[4]); /* 8 KB and 6 KB */
  install("1.0.0", 5000);
  assert_int_equal(store.state.active.slot, 1);
  install("1.1.0", 8000);
  assert_int_equal(store.state.active.slot, 0);
  struct gw_component made = component("1.2.0", 7000); /* only where the active one lies */
  uint32_t offset;
  assert_int_equal(godwit_store_begin(&store, &made, GW_ENCODING_NONE, NULL, &offset),
                   GODWIT_ERR_NO_SPACE);
  assert_string_equal(store.state.previous.version, "1.0.0");
}

/* Writing ------------------------------------------------------------------------------ */

TEST(writes_that_break_the_contract_are_refused) {
  begin_with(&flash_shapes[0]);
  struct gw_component made = component("1.0.0", 5001);
  uint32_t offset;
  assert_int_equal(godwit_store_write(&store, 0, model, 64), GODWIT_ERR_STATE);
  assert_int_equal(godwit_store_progress(&store, 0, NULL, 0), GODWIT_ERR_STATE);
  assert_int_equal(godwit_store_finish(&store), GODWIT_ERR_STATE);
  assert_int_equal(godwit_store_begin(&store, &made, GW_ENCODING_NONE, NULL, &offset), GODWIT_OK);
  assert_int_equal(godwit_store_write(&store, 4, model, 64), GODWIT_ERR_ARGUMENT);
  assert_int_equal(godwit_store_write(&store, 4992, model, 10), GODWIT_ERR_ARGUMENT);
  assert_int_equal(godwit_store_write(&store, UINT32_MAX - 31, model, 64), GODWIT_ERR_ARGUMENT);
  assert_int_equal(godwit_store_write(&store, 4992, model + 4992, 9), GODWIT_OK);
  assert_int_equal(godwit_store_progress(&store, 5002, NULL, 0), GODWIT_ERR_ARGUMENT);
  assert_int_equal(godwit_store_progress(&store, 1024, model, 33), GODWIT_ERR_ARGUMENT);
  assert_int_equal(godwit_store_finish(&store), GODWIT_ERR_STATE);
  power_on(); /* what the journal has is no licence to write */
  assert_int_equal(godwit_store_write(&store, 0, model, 64), GODWIT_ERR_STATE);
}

TEST(another_form_of_the_same_model_begins_anew_and_a_whole_one_does_not) {
  static const uint8_t offer[GW_OFFER_ID_SIZE] = {1}, other[GW_OFFER_ID_SIZE] = {2};
  begin_with(&flash_shapes[0]);
  struct gw_component made = component("1.0.0", 9000);
  uint32_t offset;
  assert_int_equal(godwit_store_begin(&store, &made, GW_ENCODING_DELTA, offer, &offset), GODWIT_OK);
  assert_int_equal(godwit_store_write(&store, 0, model, 5120), GODWIT_OK);
  assert_int_equal(godwit_store_progress(&store, 5120, "state", 5), GODWIT_OK);
  power_on();
  assert_int_equal(godwit_store_begin(&store, &made, GW_ENCODING_DELTA, offer, &offset), GODWIT_OK);
  assert_int_equal(offset, 5120);
  assert_int_equal(store.state.incoming_checkpoint_size, 5);
  assert_memory_equal(store.state.incoming_checkpoint, "state", 5);
  assert_int_equal(godwit_store_begin(&store, &made, GW_ENCODING_DELTA, other, &offset), GODWIT_OK);
  assert_int_equal(offset, 0);
  assert_int_equal(store.state.incoming_checkpoint_size, 0);
  write_all(0, 9000);
  power_on();
  assert_int_equal(godwit_store_begin(&store, &made, GW_ENCODING_NONE, NULL, &offset), GODWIT_OK);
  assert_int_equal(offset, 0); /* 8,192 were journalled, of another form */
  write_all(0, 9000);
  assert_int_equal(godwit_store_finish(&store), GODWIT_OK);
  power_on();
  assert_int_equal(godwit_store_begin(&store, &made, GW_ENCODING_DELTA, offer, &offset), GODWIT_OK);
  assert_int_equal(offset, 9000);
}

TEST(without_a_scratch_block_a_download_goes_on_at_an_erase_block) {
  begin_with(&flash_shapes[5]);
  struct gw_component made = component("1.0.0", 12000);
  uint32_t offset;
  assert_int_equal(godwit_store_begin(&store, &made, GW_ENCODING_NONE, NULL, &offset), GODWIT_OK);
  assert_int_equal(godwit_store_write(&store, 0, model, 7168), GODWIT_OK);
  assert_int_equal(godwit_store_progress(&store, 7168, NULL, 0), GODWIT_OK);
  power_on();
  assert_int_equal(godwit_store_begin(&store, &made, GW_ENCODING_NONE, NULL, &offset), GODWIT_OK);
  assert_int_equal(offset, 4096);
  write_all(offset, 12000);
  assert_int_equal(godwit_store_finish(&store), GODWIT_OK);
  assert_int_equal(godwit_store_read(&store, &store.state.incoming, NULL, 0), GODWIT_OK);
}

TEST(reading_beyond_a_model_is_refused_and_nothing_is_mapped) {
  begin_with(&flash_shapes[0]);
  install("1.0.0", 5000);
  uint8_t data[64];
  const struct godwit_store_entry *active = &store.state.active;
  assert_int_equal(godwit_store_read_at(&store, active, 4990, data, 10), GODWIT_OK);
  assert_memory_equal(data, model + 4990, 10);
  assert_int_equal(godwit_store_read_at(&store, active, 4990, data, 11), GODWIT_ERR_ARGUMENT);
  assert_int_equal(godwit_store_read_at(&store, active, 5001, data, 0), GODWIT_ERR_ARGUMENT);
  assert_null(godwit_store_map(&store, active));
  struct godwit_store_entry elsewhere = *active;
  elsewhere.slot = 2;
  assert_int_equal(godwit_store_read(&store, &elsewhere, NULL, 0), GODWIT_ERR_NOT_FOUND);
}

/* Trust -------------------------------------------------------------------------------- */

TEST(floor_never_falls_and_drops_a_previous_model_below_it) {
  begin_with(&flash_shapes[0]);
  install("1.0.0", 2000);
  install("1.1.0", 2000);
  assert_int_equal(godwit_store_confirm(&store, 5), GODWIT_OK);
  assert_string_equal(store.state.previous.version, "");
  assert_int_equal(godwit_store_confirm(&store, 4), GODWIT_OK);
  assert_int_equal(store.state.trust.floor, 5);
  uint32_t generation = store.state.generation;
  assert_int_equal(godwit_store_confirm(&store, 0), GODWIT_OK);
  assert_int_equal(store.state.generation, generation); /* nothing to write */
  struct godwit_trust_state trust = store.state.trust;
  trust.key_count = 4;
  assert_int_equal(godwit_store_set_trust(&store, &trust), GODWIT_ERR_ARGUMENT);
}

/* Configuration ------------------------------------------------------------------------ */

static int open_with(void (*spoil)(struct godwit_flash_config *config)) {
  struct godwit_flash_config config = flash_sim_config();
  spoil(&config);
  return open_store(&config);
}
static void no_erase_size(struct godwit_flash_config *config) { config->erase_bytes = 0; }
static void odd_unit(struct godwit_flash_config *config) { config->program_bytes = 6; }
static void large_unit(struct godwit_flash_config *config) { config->program_bytes = 64; }
static void one_slot(struct godwit_flash_config *config) { config->slot_count = 1; }
static void five_slots(struct godwit_flash_config *config) { config->slot_count = 5; }
static void one_page(struct godwit_flash_config *config) { config->journal.size_bytes = 4096; }
static void crooked_slot(struct godwit_flash_config *config) { config->slot[1].offset += 8; }
static void crooked_scratch(struct godwit_flash_config *config) { config->scratch.size_bytes = 8; }
static void slot_over_the_end(struct godwit_flash_config *config) {
  config->slot[0].offset = UINT32_MAX - 4095;
  config->slot[0].size_bytes = 8192;
}
static void short_page(struct godwit_flash_config *config) { config->journal_page_bytes = 512; }
static void crooked_page(struct godwit_flash_config *config) { config->journal_page_bytes = 6144; }

TEST(configurations_that_make_no_sense_are_refused) {
  static void (*const spoils[])(struct godwit_flash_config *) = {
      no_erase_size, odd_unit,        large_unit,        one_slot,   five_slots,   one_page,
      crooked_slot,  crooked_scratch, slot_over_the_end, short_page, crooked_page,
  };
  begin_with(&flash_shapes[0]);
  for (size_t i = 0; i < sizeof spoils / sizeof spoils[0]; i++) {
    if (open_with(spoils[i]) != GODWIT_ERR_ARGUMENT) fail_msg("configuration %zu is taken", i);
  }
}

TEST(journal_for_other_slots_loses_the_download_and_not_more) {
  flash_sim_reset(&flash_shapes[3], 3);
  power_on();
  install("1.0.0", 2000);
  install("1.1.0", 2000); /* in slot 2 */
  install("1.2.0", 2000); /* in slot 0 */
  struct gw_component made = component("1.3.0", 9000);
  uint32_t offset;
  assert_int_equal(godwit_store_begin(&store, &made, GW_ENCODING_NONE, NULL, &offset), GODWIT_OK);
  write_all(0, 8192);
  struct godwit_flash_config config = flash_sim_config();
  config.slot[1].size_bytes = 4096; /* where it is being written */
  assert_int_equal(open_store(&config), GODWIT_OK);
  assert_runs("1.2.0");
  assert_string_equal(store.state.incoming.version, "");
  assert_int_equal(godwit_store_begin(&store, &made, GW_ENCODING_NONE, NULL, &offset), GODWIT_OK);
  assert_int_equal(offset, 0);
}

/* Folder ------------------------------------------------------------------------------- */

static struct godwit_folder folder;

static void open_folder(void) {
  godwit_folder_init(&folder, WORLD_VOLUME);
  assert_int_equal(godwit_store_init(&store, &(struct godwit_store_config){.medium = &folder.medium,
                                                                           .package = "model"}),
                   GODWIT_OK);
}

TEST(folder_takes_writes_in_any_order) {
  world_reset(1);
  open_folder();
  struct gw_component made = component("1.0.0", 5001);
  uint32_t offset;
  assert_int_equal(godwit_store_begin(&store, &made, GW_ENCODING_NONE, NULL, &offset), GODWIT_OK);
  assert_int_equal(godwit_store_write(&store, 4096, model + 4096, 905), GODWIT_OK);
  assert_int_equal(godwit_store_write(&store, 2048, model + 2048, 1024), GODWIT_OK);
  assert_int_equal(godwit_store_write(&store, 0, model, 2048), GODWIT_OK);
  assert_int_equal(godwit_store_write(&store, 3072, model + 3072, 1024), GODWIT_OK);
  assert_int_equal(godwit_store_progress(&store, 5001, NULL, 0), GODWIT_OK);
  assert_int_equal(godwit_store_finish(&store), GODWIT_OK);
  assert_int_equal(godwit_store_read(&store, &store.state.incoming, NULL, 0), GODWIT_OK);
  size_t size;
  assert_memory_equal(world_medium_file("model_1.0.0", &size), model, 5001);
  assert_int_equal(size, 5001);
}

TEST(journal_as_earlier_releases_wrote_it_goes_on) {
  /* what an update to 1.0.0 left: copies 0 and 1, generations 4 and 5 */
  world_reset(1);
  struct gw_component made = component("1.0.0", 3000);
  uint8_t bytes[452] =
      "GWJ1\5\0\0\0"
      "1.0.0";
  memcpy(bytes + 24, made.digest, 32);
  memcpy(bytes + 56, "\xB8\x0B\0\0\2", 5);
  uint32_t crc = 0xFFFFFFFFu;
  for (size_t i = 0; i < 448; i++) {
    crc ^= bytes[i];
    for (unsigned bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
  }
  for (unsigned i = 0; i < 4; i++) bytes[448 + i] = (uint8_t)(~crc >> 8 * i);
  world_medium_put("model_1.0.0", model, 3000);
  world_medium_put("model.journal1", bytes, sizeof bytes);
  open_folder();
  assert_runs("1.0.0");
  assert_true(store.state.active.confirmed);
  install("1.1.0", 2000);
  open_folder();
  assert_runs("1.1.0");
  assert_string_equal(store.state.previous.version, "1.0.0");
  assert_int_equal(store.state.trust.epoch, 0);
}

TEST(path_that_is_too_long_is_refused) {
  char path[GODWIT_FOLDER_PATH_MAX + 2];
  memset(path, 'x', sizeof path - 1);
  path[sizeof path - 1] = '\0';
  godwit_folder_init(&folder, path);
  assert_int_equal(godwit_store_init(&store, &(struct godwit_store_config){.medium = &folder.medium,
                                                                           .package = "model"}),
                   GODWIT_ERR_ARGUMENT);
}
