/* SPDX-License-Identifier: Apache-2.0 */
/* What a release and an application may ask of the updater: waiting, tests, two
 * models side by side, a time in service, and the way back. */
#include <string.h>

#include "tests/sim/sdk/device.h"
#include "tests/sim/sdk/world.h"
#include "tests/support/test.h"

#define MINUTE_MS 60000u
#define HOUR_MS (60u * MINUTE_MS)

static struct device device;

static void begin(void) { device_begin(&device); }

static void come_up_with(const char *version) {
  begin();
  device_come_up(&device, version);
  device_run_for(&device, MINUTE_MS); /* and is confirmed */
}

static void assert_refused(uint8_t reason, uint8_t detail) {
  const struct gw_report *report = &world_server.report[world_server.report_count - 1];
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  assert_int_equal(device.last_failure.reason, reason);
  assert_int_equal(device.last_failure.detail, detail);
  assert_int_equal(report->state, GW_OTA_IDLE);
  assert_int_equal(report->reason, reason);
  assert_int_equal(report->detail, detail);
  assert_string_equal(report->version, "1.0.0");
  assert_string_equal(report->target, "1.1.0");
}

/* When and whether ----------------------------------------------------------------- */

TEST(download_begins_at_a_random_moment_of_the_time_that_the_release_gives) {
  uint64_t least_ms = UINT64_MAX, most_ms = 0;
  for (int i = 0; i < 30; i++) {
    come_up_with("1.0.0");
    device_describe("1.1.0", &(struct gw_description){.policy = {.spread_s = 600}});
    uint64_t released_ms = world_now_ms();
    world_server_release("1.1.0", NULL, 0);
    device_run_until_version(&device, "1.1.0", 11 * MINUTE_MS);
    uint64_t took_ms = world_now_ms() - released_ms;
    if (took_ms < least_ms) least_ms = took_ms;
    if (took_ms > most_ms) most_ms = took_ms;
  }
  assert_in_range(least_ms, 0, 120000);
  assert_in_range(most_ms, 480000, 601000);
}

TEST(device_has_a_random_wait_of_its_own_for_servers_that_ask_for_none) {
  uint64_t most_ms = 0;
  for (int i = 0; i < 10; i++) {
    begin();
    device.updater_config.spread_ms = 100000;
    world_server_release("1.0.0", NULL, 0);
    device_boot(&device);
    device_run_until_version(&device, "1.0.0", 102000);
    if (device.last_swap.manifest_to_swap_ms > most_ms) {
      most_ms = device.last_swap.manifest_to_swap_ms;
    }
  }
  assert_in_range(most_ms, 50000, 102000);
}

TEST(download_waits_for_the_application) {
  come_up_with("1.0.0");
  device.no_download = true;
  size_t blocks = world_server.blocks;
  world_server_release("1.1.0", NULL, 0);
  device_run_for(&device, HOUR_MS);
  assert_int_equal(world_server.blocks, blocks);
  assert_int_equal(device.events[GODWIT_EVENT_DEFERRED], 1);
  device.no_download = false;
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
}

TEST(download_stops_where_the_application_says_so_and_goes_on_there) {
  come_up_with("1.0.0");
  world_network.travel_ms = 400;
  size_t blocks = world_server.blocks;
  world_server_release("1.1.0", NULL, 0);
  while (device.updater.fetched_bytes < 4096) device_run_for(&device, 100);
  device.no_download = true;
  device_run_for(&device, HOUR_MS);
  size_t paused = world_server.blocks;
  device_run_for(&device, HOUR_MS);
  assert_int_equal(world_server.blocks, paused);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  device.no_download = false;
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  assert_in_range(world_server.blocks - blocks, 22, 22 + 16); /* a window twice at most */
  assert_in_range(device.last_start.bytes_done, 1024, DEVICE_SIZE_2);
}

TEST(swap_waits_for_the_application_and_the_old_model_goes_on) {
  come_up_with("1.0.0");
  device.no_swap = true;
  world_server_release("1.1.0", NULL, 0);
  device_run_for(&device, HOUR_MS);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  assert_int_equal(device.events[GODWIT_EVENT_DEFERRED], 1);
  assert_true(godwit_updater_is_busy(&device.updater));
  device.no_swap = false;
  device_run_until_version(&device, "1.1.0", 2000);
}

TEST(swap_that_waits_over_many_restarts_is_no_crash) {
  come_up_with("1.0.0");
  device.no_swap = true;
  world_server_release("1.1.0", NULL, 0);
  for (int i = 0; i < 10; i++) {
    device_run_for(&device, HOUR_MS);
    device_boot(&device);
  }
  assert_int_equal(world_server.whole_downloads, 2);
  device.no_swap = false;
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
}

TEST(in_place_the_old_model_is_not_taken_down_before_the_application_agrees) {
  begin();
  device.one_slot = true;
  device_come_up(&device, "1.0.0");
  device.no_swap = true;
  world_server_release("1.1.0", NULL, 0);
  device_run_for(&device, 24 * HOUR_MS);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  assert_int_equal(device.discards, 0);
  device.no_swap = false;
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
}

TEST(release_withdrawn_while_the_swap_waits_changes_nothing) {
  come_up_with("1.0.0");
  device.no_swap = true;
  world_server_release("1.1.0", NULL, 0);
  device_run_for(&device, MINUTE_MS);
  unsigned discards = device.discards;
  world_server_release("1.0.0", NULL, 0);
  device_run_for(&device, MINUTE_MS);
  device.no_swap = false;
  device_run_for(&device, MINUTE_MS);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  assert_int_equal(device.discards, discards + 1); /* the candidate */
  assert_false(godwit_updater_is_busy(&device.updater));
}

/* Test ------------------------------------------------------------------------------ */

TEST(self_test_takes_its_steps_between_which_the_old_model_works) {
  come_up_with("1.0.0");
  device.test_steps = 9;
  device.tests = 0;
  device.waits = 0;
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  assert_int_equal(device.tests, 10);
  assert_int_equal(device.waits, 10);
}

TEST(failed_self_tests_are_refused_with_what_failed) {
  const struct {
    int status;
    uint8_t reason, detail;
  } cases[] = {
      {GODWIT_ERR_MODEL, GW_OTA_UPDATE_FAILED, GW_DETAIL_TEST_OUTPUT},
      {GODWIT_ERR_TIMEOUT, GW_OTA_UPDATE_FAILED, GW_DETAIL_TEST_TIME},
      {GODWIT_ERR_NO_MEMORY, GW_OTA_OUT_OF_RAM, GW_DETAIL_ARENA_TOO_SMALL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    for (int one_slot = 0; one_slot < 2; one_slot++) {
      begin();
      device.one_slot = one_slot;
      world_server_release("1.0.0", NULL, 0);
      device_boot(&device);
      device_run_until_version(&device, "1.0.0", MINUTE_MS);
      device.test_status = cases[i].status;
      world_server_release("1.1.0", NULL, 0);
      device_run_for(&device, HOUR_MS);
      assert_refused(cases[i].reason, cases[i].detail);
      assert_true(device.last_failure.is_final);
    }
  }
}

TEST(failed_loads_are_refused_with_what_failed) {
  const struct {
    int status;
    uint8_t reason, detail;
  } cases[] = {
      {GODWIT_ERR_NO_MEMORY, GW_OTA_OUT_OF_RAM, GW_DETAIL_ARENA_TOO_SMALL},
      {GODWIT_ERR_FORMAT, GW_OTA_UPDATE_FAILED, GW_DETAIL_MODEL_INVALID},
      {GODWIT_ERR_UNSUPPORTED, GW_OTA_UNSUPPORTED_PACKAGE_TYPE, GW_DETAIL_OP_UNSUPPORTED},
      {GODWIT_ERR_ARGUMENT, GW_OTA_UPDATE_FAILED, GW_DETAIL_INTERFACE_WRONG},
      {GODWIT_ERR_MODEL, GW_OTA_UPDATE_FAILED, GW_DETAIL_NONE},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    come_up_with("1.0.0");
    device.load_status = cases[i].status;
    world_server_release("1.1.0", NULL, 0);
    device_run_for(&device, HOUR_MS);
    assert_refused(cases[i].reason, cases[i].detail);
    device_boot(&device); /* and is remembered with its detail */
    device_run_for(&device, MINUTE_MS);
    assert_refused(cases[i].reason, cases[i].detail);
  }
}

TEST(model_without_a_self_test_is_refused_only_where_one_is_required) {
  static uint8_t bytes[5000] = "untested model";
  for (int required = 0; required < 2; required++) {
    begin();
    device.updater_config.require_test = required;
    world_server_release("1.0.0", NULL, 0);
    device_boot(&device);
    device_run_until_version(&device, "1.0.0", MINUTE_MS);
    world_server_add("model@1.2.0", bytes, sizeof bytes);
    world_server_release("1.2.0", NULL, 0);
    device_run_for(&device, HOUR_MS);
    assert_string_equal(device.running, required ? "1.0.0" : "1.2.0");
    assert_int_equal(device.last_failure.detail, required ? GW_DETAIL_TEST_MISSING : 0);
  }
}

TEST(rolling_back_tests_nothing_again) {
  come_up_with("1.0.0");
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  device.test_status = GODWIT_ERR_MODEL;
  world_server_release("1.0.0", NULL, 0);
  device_run_until_version(&device, "1.0.0", MINUTE_MS);
}

/* Memory for one --------------------------------------------------------------------- */

TEST(candidate_that_does_not_fit_beside_the_old_model_takes_its_place) {
  come_up_with("1.0.0");
  device.fits_alone = true;
  unsigned loads = device.loads;
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  assert_int_equal(device.loads, loads + 2);
  device_assert_runs(&device, "1.1.0", DEVICE_SIZE_2);
}

TEST(old_model_comes_back_when_the_one_that_took_its_place_fails_its_test) {
  come_up_with("1.0.0");
  device.fits_alone = true;
  device.test_status = GODWIT_ERR_MODEL;
  world_server_release("1.1.0", NULL, 0);
  device_run_for(&device, HOUR_MS);
  assert_refused(GW_OTA_UPDATE_FAILED, GW_DETAIL_TEST_OUTPUT);
}

/* Side by side ------------------------------------------------------------------------- */

static void begin_shadow(void) {
  begin();
  device.with_shadow = true;
  device_come_up(&device, "1.0.0");
  device.shadow_status = 1;
  device_describe("1.1.0", &(struct gw_description){.policy = {.shadow_windows = 100}});
  world_server_release("1.1.0", NULL, 0);
  device_run_for(&device, MINUTE_MS);
}

TEST(candidate_runs_beside_the_old_model_until_it_is_judged) {
  struct godwit_model candidate;
  begin_shadow();
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  assert_int_equal(device.events[GODWIT_EVENT_SHADOW_STARTED], 1);
  assert_true(godwit_updater_candidate(&device.updater, &candidate));
  assert_string_equal(candidate.version, "1.1.0");
  assert_memory_equal(candidate.data, device_model_bytes("1.1.0", DEVICE_SIZE_2), DEVICE_SIZE_2);
  godwit_updater_compare(&device.updater, NULL);
  assert_int_equal(device.compared, 1);
  device_run_for(&device, 10 * HOUR_MS);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  device.shadow_status = GODWIT_OK;
  device_run_until_version(&device, "1.1.0", 2000);
  assert_false(godwit_updater_candidate(&device.updater, &candidate));
  assert_int_equal(device.shadow_ended, 1);
}

TEST(candidate_that_does_badly_beside_the_old_model_is_refused) {
  begin_shadow();
  device.shadow_status = GODWIT_ERR_MODEL;
  device_run_for(&device, HOUR_MS);
  assert_refused(GW_OTA_UPDATE_FAILED, GW_DETAIL_SHADOW);
  assert_int_equal(device.shadow_ended, 1);
  assert_int_equal(device.shadow_begun, 1);
}

TEST(another_release_ends_a_run_side_by_side) {
  begin_shadow();
  device_publish("1.2.0", 9000);
  world_server_release("1.2.0", NULL, 0);
  device_run_until_version(&device, "1.2.0", MINUTE_MS);
  assert_int_equal(device.shadow_ended, device.shadow_begun);
}

TEST(power_cut_while_two_run_side_by_side_begins_that_again_without_a_download) {
  begin_shadow();
  size_t blocks = world_server.blocks;
  for (int i = 0; i < 6; i++) {
    device_boot(&device);
    device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
    device_run_for(&device, MINUTE_MS);
    assert_int_equal(device.shadow_begun, i + 2);
  }
  assert_int_equal(world_server.blocks, blocks);
  device.shadow_status = GODWIT_OK;
  device_run_until_version(&device, "1.1.0", 2000);
}

TEST(one_slot_has_no_room_for_two_and_swaps_without) {
  begin();
  device.one_slot = true;
  device.with_shadow = true;
  device.shadow_status = 1;
  device_come_up(&device, "1.0.0");
  device_describe("1.1.0", &(struct gw_description){.policy = {.shadow_windows = 100}});
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  assert_int_equal(device.shadow_begun, 0);
}

/* In service --------------------------------------------------------------------------- */

TEST(release_may_ask_for_a_longer_time_in_service_over_restarts_too) {
  come_up_with("1.0.0");
  device_describe("1.1.0", &(struct gw_description){.policy = {.confirm_after_s = 3600}});
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  device_run_for(&device, HOUR_MS / 2);
  assert_false(device.store.state.active.confirmed);
  world_network.down = true; /* the release is not heard of again */
  device_boot(&device);
  device_run_for(&device, HOUR_MS / 2);
  assert_false(device.store.state.active.confirmed);
  device_run_for(&device, HOUR_MS / 2 + MINUTE_MS);
  assert_true(device.store.state.active.confirmed);
  assert_int_equal(device.events[GODWIT_EVENT_CONFIRMED], 2);
}

TEST(application_gives_a_bad_model_back_and_the_old_one_returns_at_once) {
  come_up_with("1.0.0");
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  size_t before = world_server.report_count;
  size_t blocks = world_server.blocks;
  assert_int_equal(godwit_updater_revert(&device.updater), GODWIT_OK);
  device_run_until_version(&device, "1.0.0", 1000);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  device_run_for(&device, 24 * HOUR_MS);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  assert_int_equal(world_server.blocks, blocks);
  assert_int_equal(device.last_revert.detail, GW_DETAIL_REVERTED);
  const struct gw_report *report = &world_server.report[world_server.report_count - 1];
  assert_true(world_server.report_count > before);
  assert_int_equal(report->reason, GW_OTA_UPDATE_FAILED);
  assert_int_equal(report->detail, GW_DETAIL_REVERTED);
  assert_string_equal(report->version, "1.0.0");
  assert_string_equal(report->target, "1.1.0");
}

TEST(model_given_back_stays_away_over_a_power_cut_before_the_old_one_is_back) {
  come_up_with("1.0.0");
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  assert_int_equal(godwit_updater_revert(&device.updater), GODWIT_OK);
  device_boot(&device); /* not one poll in between */
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  assert_int_equal(device.last_revert.detail, GW_DETAIL_REVERTED);
  device_run_for(&device, HOUR_MS);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
}

TEST(without_a_previous_model_there_is_nothing_to_give_back_for) {
  come_up_with("1.0.0");
  assert_int_equal(godwit_updater_revert(&device.updater), GODWIT_ERR_NOT_FOUND);
  device_run_for(&device, HOUR_MS);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
}

TEST(previous_model_that_is_gone_leaves_the_running_one_at_work) {
  come_up_with("1.0.0");
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  world_medium_put("model_1.0.0", "short", 5);
  assert_int_equal(godwit_updater_revert(&device.updater), GODWIT_OK);
  device_run_for(&device, HOUR_MS);
  device_assert_runs(&device, "1.1.0", DEVICE_SIZE_2);
  device_boot(&device);
  device_assert_runs(&device, "1.1.0", DEVICE_SIZE_2);
}

TEST(giving_back_works_in_place_and_without_a_network) {
  begin();
  device.one_slot = true;
  device_come_up(&device, "1.0.0");
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  world_network.down = true;
  device.no_swap = true; /* going back asks nobody */
  assert_int_equal(godwit_updater_revert(&device.updater), GODWIT_OK);
  device_run_for(&device, 1000);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
}

TEST(model_that_crashes_in_service_is_reported_as_that) {
  come_up_with("1.0.0");
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  for (int start = 0; start < 4; start++) {
    device_run_for(&device, 1000);
    device_boot(&device);
  }
  device_run_for(&device, MINUTE_MS);
  assert_refused(GW_OTA_UPDATE_FAILED, GW_DETAIL_CRASHED);
  assert_int_equal(device.last_revert.detail, GW_DETAIL_CRASHED);
}

/* Without slots -------------------------------------------------------------------------- */

TEST(package_that_is_not_loaded_is_read_from_the_store) {
  begin();
  device.no_slots = true;
  device_come_up(&device, "1.0.0");
  assert_memory_equal(device.read_back, device_model_bytes("1.0.0", DEVICE_SIZE_1) + 1000, 100);
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  assert_memory_equal(device.read_back, device_model_bytes("1.1.0", DEVICE_SIZE_2) + 1000, 100);
  world_server_release("1.0.0", NULL, 0);
  device_run_until_version(&device, "1.0.0", MINUTE_MS);
  device_boot(&device);
  assert_string_equal(device.running, "1.0.0");
}

/* Descriptions that are no help ------------------------------------------------------------ */

TEST(description_that_is_garbage_is_taken_for_none) {
  come_up_with("1.0.0");
  const char *garbage[] = {"", "\xff\xff", "\xa1\x01", "nonsense", "\xa1\x02\x9f"};
  for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
    world_server_put(GW_DESCRIPTION_PATH "model@1.1.0", 60, garbage[i], strlen(garbage[i]));
    world_server_release(i % 2 ? "1.0.0" : "1.1.0", NULL, 0);
    device_run_until_version(&device, i % 2 ? "1.0.0" : "1.1.0", MINUTE_MS);
  }
}

TEST(server_that_does_not_answer_for_descriptions_is_asked_twice) {
  come_up_with("1.0.0");
  world_server.deaf_to = GW_DESCRIPTION_PATH "model@1.1.0";
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", 5 * MINUTE_MS);
}
