/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong for a while, and how the updater leaves it behind: no state
 * that only a restart ends, and no verdict on a model that did nothing wrong. */
#include <string.h>

#include "tests/sim/sdk/device.h"
#include "tests/sim/sdk/world.h"
#include "tests/support/test.h"

#define MINUTE_MS 60000u
#define HOUR_MS (60u * MINUTE_MS)

static struct device device;

static void begin(void) {
  device_begin(&device);
  device_publish("1.2.0", 9000);
}

static void come_up(void) {
  device_come_up(&device, "1.0.0");
  device_run_for(&device, MINUTE_MS); /* and is confirmed */
}

static void update(void) {
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
}

/* Going back --------------------------------------------------------------------- */

TEST(medium_that_fails_while_a_model_is_given_back_is_asked_again) {
  begin();
  come_up();
  update();
  assert_int_equal(godwit_updater_revert(&device.updater), GODWIT_OK);
  world_medium.broken = true;
  device_run_for(&device, MINUTE_MS);
  device_assert_runs(&device, "1.1.0", DEVICE_SIZE_2);
  world_medium.broken = false;
  device_run_until_version(&device, "1.0.0", HOUR_MS);
  assert_int_equal(device.last_revert.detail, GW_DETAIL_REVERTED);
  world_server_release("1.2.0", NULL, 0); /* and the next release is taken as any other */
  device_run_until_version(&device, "1.2.0", MINUTE_MS);
  assert_int_equal(device.events[GODWIT_EVENT_REVERTED], 1);
}

TEST(release_that_comes_while_going_back_waits_for_its_turn) {
  begin();
  come_up();
  update();
  assert_int_equal(godwit_updater_revert(&device.updater), GODWIT_OK);
  world_medium.broken = true;
  device_run_for(&device, MINUTE_MS);
  world_server_release("1.2.0", NULL, 0);
  device_run_for(&device, MINUTE_MS);
  world_medium.broken = false;
  device_run_until_version(&device, "1.2.0", HOUR_MS);
  assert_int_equal(device.events[GODWIT_EVENT_REVERTED], 1);
}

TEST(previous_model_that_cannot_be_loaded_any_more_costs_neither_of_the_two) {
  begin();
  come_up();
  update();
  device.load_status = GODWIT_ERR_FORMAT;
  assert_int_equal(godwit_updater_revert(&device.updater), GODWIT_OK);
  device_run_for(&device, MINUTE_MS);
  device_assert_runs(&device, "1.1.0", DEVICE_SIZE_2);
  world_network.down = true;
  device_boot(&device);
  device_assert_runs(&device, "1.1.0", DEVICE_SIZE_2);
}

/* Media that fail for a while ----------------------------------------------------- */

TEST(load_that_fails_on_the_medium_again_and_again_is_no_crash) {
  begin();
  come_up();
  device.load_status = GODWIT_ERR_IO;
  world_server_release("1.1.0", NULL, 0);
  device_run_for(&device, 24 * HOUR_MS);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  assert_int_equal(device.last_failure.reason, GW_OTA_IO);
  assert_false(device.last_failure.is_final);
  device.load_status = GODWIT_OK;
  device_run_until_version(&device, "1.1.0", 2 * HOUR_MS);
}

TEST(medium_that_fails_at_the_start_condemns_no_stored_model) {
  begin();
  come_up();
  world_network.down = true;
  device.last_run[0] = '\0';
  device.load_status = GODWIT_ERR_IO;
  device_boot(&device);
  assert_int_equal(device.start_status, GODWIT_ERR_IO);
  device.load_status = GODWIT_OK;
  device_boot(&device);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
}

TEST(release_that_comes_and_goes_while_its_candidate_is_tried_is_no_crash) {
  begin();
  device.with_shadow = true;
  device.shadow_status = 1;
  come_up();
  device_describe("1.1.0", &(struct gw_description){.policy = {.shadow_windows = 100}});
  for (unsigned i = 1; i <= 5; i++) {
    world_server_release("1.1.0", NULL, 0);
    for (int wait = 0; wait < 100 && device.shadow_begun < i; wait++) device_run_for(&device, 100);
    assert_int_equal(device.shadow_begun, i);
    world_server_release("1.0.0", NULL, 0);
    device_run_until_idle(&device, MINUTE_MS);
  }
  device.shadow_status = GODWIT_OK;
  update();
}

TEST(model_whose_file_is_gone_is_told_as_that_when_the_one_before_takes_its_place) {
  begin();
  come_up();
  device.load_status = GODWIT_ERR_FORMAT;
  world_server_release("1.2.0", NULL, 0); /* refused, for another reason, long ago */
  device_run_for(&device, MINUTE_MS);
  device.load_status = GODWIT_OK;
  update();
  device_run_for(&device, MINUTE_MS);
  world_medium_put("model_1.1.0", "rust", 4);
  world_network.down = true;
  device_boot(&device);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  assert_int_equal(device.last_revert.reason, GW_OTA_INTEGRITY_CHECK_FAILED);
  assert_int_equal(device.last_revert.detail, GW_DETAIL_DIGEST_WRONG);
}

/* Answers that are none ------------------------------------------------------------- */

static bool is_asking(struct device *d) { return d->updater.request.internal.phase != 0; }

TEST(sessions_that_end_are_no_answer_to_the_question_for_a_description) {
  begin();
  come_up();
  device_describe("1.1.0", &(struct gw_description){.policy = {.confirm_after_s = 77}});
  world_server_release("1.1.0", NULL, 0);
  for (int i = 0; i < 3; i++) { /* the question is under way when the network goes */
    device_run_until(&device, is_asking, HOUR_MS);
    world_network.down = true;
    device_run_for(&device, 5 * MINUTE_MS);
    assert_false(device_is_connected(&device));
    world_network.down = false;
  }
  device_run_until_version(&device, "1.1.0", HOUR_MS);
  assert_int_equal(device.store.state.active.confirm_after_s, 77);
}
