/* SPDX-License-Identifier: Apache-2.0 */
/* Artifacts that come smaller: compressed, or as the difference to a model that
 * the device has; and everything that can be wrong with that. The forms are made
 * by the server's own encoder. */
#include <stdlib.h>
#include <string.h>

#include "mbedtls/sha256.h"
#include "server/core/patch.h"
#include "tests/sim/sdk/device.h"
#include "tests/sim/sdk/world.h"
#include "tests/support/test.h"

#define MINUTE_MS 60000u
#define HOUR_MS (60u * MINUTE_MS)
#define SIZE 24000u

static struct device device;
static uint8_t old_model[SIZE], new_model[SIZE + 128];

/* Weights: bell-shaped, and in the new model a few of them moved a little. */
static void make_models(void) {
  uint32_t state = 12345;
  for (size_t i = 0; i < sizeof new_model; i++) {
    int sum = 0;
    for (int k = 0; k < 4; k++) {
      state = state * 1664525u + 1013904223u;
      sum += (int)(state >> 28);
    }
    if (i < SIZE) old_model[i] = (uint8_t)(sum - 30);
    new_model[i] = (uint8_t)(sum - 30 + ((state >> 8) % 20 == 0));
  }
}

static void digest_of(const void *data, size_t size, uint8_t digest[32]) {
  assert_int_equal(mbedtls_sha256(data, size, digest, 0), 0);
}

/* Puts a form of new_model on the server; base NULL: compressed. */
static struct gw_offer offer(const uint8_t *base, size_t base_size, bool corrupt) {
  struct gw_offer made = {.encoding = base ? GW_ENCODING_DELTA : GW_ENCODING_COMPRESSED};
  uint8_t *form, digest[32];
  size_t size;
  assert_int_equal(srv_patch_encode(base, base_size, new_model, sizeof new_model, &form, &size), 0);
  assert_true(size < sizeof new_model);
  digest_of(form, size, digest);
  memcpy(made.id, digest, sizeof made.id);
  made.size_bytes = (uint32_t)size;
  if (base) digest_of(base, base_size, made.base);
  if (corrupt) form[size / 2] ^= 0x55;
  char name[20];
  for (int i = 0; i < 8; i++) snprintf(name + 2 * i, 3, "%02x", made.id[i]);
  world_server_add(name, form, size);
  free(form);
  return made;
}

static void describe(const struct gw_offer *offers, size_t count) {
  struct gw_description description = {.offer_count = count};
  memcpy(description.offer, offers, count * sizeof *offers);
  device_describe("1.1.0", &description);
}

static void come_up(bool one_slot) {
  world_reset(test_random());
  make_models();
  device_prepare(&device);
  device.one_slot = one_slot;
  world_server_add("model@1.0.0", old_model, sizeof old_model);
  world_server_add("model@1.1.0", new_model, sizeof new_model);
  world_server_release("1.0.0", NULL, 0);
  device_boot(&device);
  device_run_until_version(&device, "1.0.0", MINUTE_MS);
  device_run_for(&device, MINUTE_MS);
}

static uint64_t bytes_in(void) {
  struct godwit_client_stats stats;
  godwit_client_stats(device.client, &stats);
  return stats.bytes_in;
}

static void assert_runs_new(void) {
  assert_string_equal(device.running, "1.1.0");
  assert_int_equal(device.running_size, sizeof new_model);
  assert_memory_equal(device.running_data, new_model, sizeof new_model);
}

static unsigned reports_of(uint8_t detail) {
  unsigned count = 0;
  for (size_t i = 0; i < world_server.report_count; i++) {
    count += world_server.report[i].detail == detail;
  }
  return count;
}

TEST(delta_against_the_running_model_is_taken_and_little_is_fetched) {
  come_up(false);
  struct gw_offer offers[] = {offer(old_model, sizeof old_model, false), offer(NULL, 0, false)};
  describe(offers, 2);
  uint64_t before = bytes_in();
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  assert_runs_new();
  assert_in_range(bytes_in() - before, offers[0].size_bytes, offers[0].size_bytes * 3 / 2 + 2000);
  assert_in_range(offers[0].size_bytes, 1, SIZE / 3);
}

TEST(delta_against_the_previous_model_is_taken_too) {
  come_up(false);
  device_publish("1.0.5", 9000);
  world_server_release("1.0.5", NULL, 0);
  device_run_until_version(&device, "1.0.5", MINUTE_MS);
  struct gw_offer made = offer(old_model, sizeof old_model, false);
  describe(&made, 1);
  size_t blocks = world_server.blocks;
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  assert_runs_new();
  assert_in_range(world_server.blocks - blocks, 1, made.size_bytes / 1024 + 4);
}

TEST(compressed_form_is_taken_where_the_base_is_another) {
  come_up(false);
  uint8_t other[SIZE];
  memcpy(other, old_model, sizeof other);
  other[3] ^= 1;
  struct gw_offer offers[] = {offer(other, sizeof other, false), offer(NULL, 0, false)};
  describe(offers, 2);
  uint64_t before = bytes_in();
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  assert_runs_new();
  assert_true(bytes_in() - before > offers[1].size_bytes);
  assert_int_equal(reports_of(GW_DETAIL_DELTA_WRONG), 0);
}

TEST(base_that_was_tampered_with_on_the_medium_is_noticed_before_a_byte_is_fetched) {
  come_up(false);
  struct gw_offer made = offer(old_model, sizeof old_model, false);
  describe(&made, 1);
  uint8_t tampered[SIZE];
  memcpy(tampered, old_model, sizeof tampered);
  tampered[5000] ^= 4;
  world_medium_put("model_1.0.0", tampered, sizeof tampered);
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  assert_runs_new();
  assert_int_equal(device.last_start.bytes_total, sizeof new_model);
}

TEST(form_that_does_not_decode_is_told_and_the_whole_is_taken) {
  come_up(false);
  struct gw_offer made = offer(NULL, 0, true);
  describe(&made, 1);
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  assert_runs_new();
  assert_int_equal(reports_of(GW_DETAIL_DELTA_WRONG), 1);
  assert_int_equal(device.events[GODWIT_EVENT_FAILED], 0);
}

TEST(offer_that_is_gone_means_the_whole) {
  come_up(false);
  struct gw_offer made = offer(NULL, 0, false);
  made.id[0] ^= 1;
  describe(&made, 1);
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  assert_runs_new();
}

TEST(offer_that_is_larger_than_the_model_or_of_an_unknown_kind_is_passed_over) {
  come_up(false);
  struct gw_offer offers[] = {{.encoding = 9, .size_bytes = 10},
                              {.encoding = GW_ENCODING_COMPRESSED, .size_bytes = 1000000}};
  describe(offers, 2);
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  assert_runs_new();
}

static bool is_half_there(struct device *of) { return of->store.durable_bytes >= SIZE / 2; }
static bool has_begun(struct device *of) { return of->store.durable_bytes >= 2048; }

TEST(form_is_resumed_over_a_restart_where_the_journal_says) {
  for (int delta = 0; delta < 2; delta++) {
    come_up(false);
    struct gw_offer made =
        delta ? offer(old_model, sizeof old_model, false) : offer(NULL, 0, false);
    describe(&made, 1);
    device.store.journal_every_bytes = 2048;
    device.updater.config.window_blocks = 1;
    world_network.travel_ms = 300;
    size_t blocks = world_server.blocks;
    world_server_release("1.1.0", NULL, 0);
    device_run_until(&device, delta ? has_begun : is_half_there, MINUTE_MS);
    device.store_config.journal_every_bytes = 2048;
    device_boot(&device);
    device_run_until_version(&device, "1.1.0", HOUR_MS);
    assert_runs_new();
    assert_true(device.last_start.bytes_done >= 2048);
    assert_in_range(world_server.blocks - blocks, 1, made.size_bytes / 1024 + 1 + 16 + 2);
  }
}

TEST(whole_that_was_begun_goes_on_unless_a_form_is_less_than_half_of_the_rest) {
  for (int delta = 0; delta < 2; delta++) {
    come_up(false);
    struct gw_offer made = /* compressed: more than half of it, the delta: a few blocks */
        delta ? offer(old_model, sizeof old_model, false) : offer(NULL, 0, false);
    world_network.travel_ms = 300;
    device.updater.config.window_blocks = 1;
    world_server_release("1.1.0", NULL, 0);
    while (device.store.state.incoming_bytes < 4096) device_run_for(&device, 100);
    describe(&made, 1); /* the server has made it by now */
    device.store_config.journal_every_bytes = 1024;
    world_server_release("1.0.0", NULL, 0);
    device_run_for(&device, 2000);
    size_t blocks = world_server.blocks;
    world_server_release("1.1.0", NULL, 0);
    device_run_until_version(&device, "1.1.0", HOUR_MS);
    assert_runs_new();
    size_t fetched = world_server.blocks - blocks;
    assert_true(delta ? fetched < 10 : fetched > 10);
    assert_int_equal(device.last_start.bytes_done > 0, !delta);
  }
}

TEST(form_is_resumed_over_lost_links) {
  come_up(false);
  struct gw_offer made = offer(NULL, 0, false);
  describe(&made, 1);
  world_server.deaf_after_blocks = 9;
  size_t blocks = world_server.blocks;
  world_server_release("1.1.0", NULL, 0);
  device_run_for(&device, 3 * MINUTE_MS);
  assert_true(world_server.deaf);
  world_server_restart();
  world_server.deaf = false;
  device_run_until_version(&device, "1.1.0", HOUR_MS);
  assert_runs_new();
  assert_in_range(world_server.blocks - blocks, 1, made.size_bytes / 1024 + 1 + 2 * 16);
  assert_int_equal(reports_of(GW_DETAIL_DELTA_WRONG), 0);
}

/* A model that differs from the old one in a few bytes comes in one block: made at
 * once, it would deafen a small processor for a second. */
TEST(a_form_is_decoded_in_steps_that_leave_time_to_listen) {
  come_up(false);
  memcpy(new_model, old_model, sizeof old_model);
  memset(new_model + SIZE, 7, sizeof new_model - SIZE);
  new_model[100] ^= 1;
  world_server_add("model@1.1.0", new_model, sizeof new_model);
  struct gw_offer made = offer(old_model, sizeof old_model, false);
  assert_in_range(made.size_bytes, 1, 1024);
  describe(&made, 1);
  world_server_release("1.1.0", NULL, 0);
  long most = 0;
  unsigned steps = 0;
  while (strcmp(device.running, "1.1.0") != 0) {
    long before = world_medium.operations;
    godwit_updater_poll(&device.updater);
    long changes = world_medium.operations - before;
    if (changes > most) most = changes;
    steps += device.updater.is_decoding;
    world_step(world_now_ms() + 1000, godwit_updater_next_timeout_ms(&device.updater));
    assert_true(steps < 10000);
  }
  assert_runs_new();
  assert_in_range(steps, sizeof new_model / 512 - 2, sizeof new_model / 512 + 2);
  assert_in_range(most, 1, 8); /* writes of 256 bytes; the journal; other files at the swap */
}

TEST(form_arrives_over_a_link_that_loses_repeats_and_reorders) {
  for (int i = 0; i < 20; i++) {
    come_up(false);
    struct gw_offer made =
        i % 2 ? offer(old_model, sizeof old_model, false) : offer(NULL, 0, false);
    describe(&made, 1);
    world_network.loss_percent = 20;
    world_network.duplicate_percent = 10;
    world_network.reorder_percent = 30;
    world_server_release("1.1.0", NULL, 0);
    device_run_until_version(&device, "1.1.0", 6 * HOUR_MS);
    assert_runs_new();
    assert_int_equal(reports_of(GW_DETAIL_DELTA_WRONG), 0);
  }
}

TEST(one_slot_decodes_where_it_is_given_memory_and_takes_the_whole_otherwise) {
  static uint8_t work[GODWIT_UPDATER_WORK_BYTES + 2048];
  for (int given = 0; given < 2; given++) {
    come_up(true);
    if (given) {
      device.updater_config.work_memory = work;
      device.updater_config.work_bytes = sizeof work;
      device_boot(&device);
      device_run_until_idle(&device, MINUTE_MS);
    }
    struct gw_offer made = offer(old_model, sizeof old_model, false);
    describe(&made, 1);
    size_t blocks = world_server.blocks;
    world_server_release("1.1.0", NULL, 0);
    device_run_until_version(&device, "1.1.0", MINUTE_MS);
    assert_runs_new();
    size_t fetched = world_server.blocks - blocks;
    assert_true(given ? fetched < 12 : fetched >= sizeof new_model / 1024);
  }
}

TEST(device_without_the_decoder_takes_the_whole) {
  come_up(false);
  device.updater_config.patch = NULL;
  device_boot(&device);
  struct gw_offer made = offer(NULL, 0, false);
  describe(&made, 1);
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  assert_runs_new();
}
