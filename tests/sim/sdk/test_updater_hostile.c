/* SPDX-License-Identifier: Apache-2.0 */
/* Servers that mean no good, or are broken in a way that lasts: the device goes
 * on with what it has, says why, costs next to nothing, and is updated as soon
 * as the server is right again. */
#include <string.h>

#include "godwit/trust.h"
#include "tests/sim/sdk/device.h"
#include "tests/sim/sdk/world.h"
#include "tests/support/test.h"

#define MINUTE_MS 60000u
#define HOUR_MS (60u * MINUTE_MS)
#define BYTES_HOUR 65536u /* of questions, reports and blocks that nobody needs */

static struct device device;

static void begin(void) {
  device_begin(&device);
  device.client_config.keepalive_ms = HOUR_MS;
}

static void come_up(void) {
  device_come_up(&device, "1.0.0");
  device_run_for(&device, MINUTE_MS);
}

/* Hours in which nothing comes of the release. */
static void assert_cheap_for(unsigned hours) {
  uint64_t before = device_bytes_on_the_air(&device);
  for (unsigned minute = 0; minute < hours * 60; minute++) {
    device_run_for(&device, MINUTE_MS);
    world_server.report_count = 0;
  }
  printf("%u hours: %llu bytes, %u failures\n", hours,
         (unsigned long long)(device_bytes_on_the_air(&device) - before),
         device.events[GODWIT_EVENT_FAILED]);
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
  assert_true(device.events[GODWIT_EVENT_FAILED] > 0);
  assert_true(device_bytes_on_the_air(&device) - before <= (uint64_t)hours * BYTES_HOUR);
}

TEST(description_of_several_blocks_is_taken_for_none) {
  static uint8_t huge[2000];
  begin();
  come_up();
  world_server_put(GW_DESCRIPTION_PATH "model@1.1.0", 60, huge, sizeof huge);
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", 5 * MINUTE_MS); /* as without one */
}

TEST(server_that_answers_all_but_blocks_is_asked_now_and_then) {
  begin();
  come_up();
  world_server.mute = true;
  world_server_release("1.1.0", NULL, 0);
  assert_cheap_for(6);
  world_server.mute = false;
  device_run_until_version(&device, "1.1.0", 2 * HOUR_MS);
}

TEST(block_that_never_comes_costs_little) {
  begin();
  come_up();
  world_server.mute_block = 5;
  world_server_release("1.1.0", NULL, 0);
  assert_cheap_for(6);
  world_server.mute_block = 0;
  device_run_until_version(&device, "1.1.0", 2 * HOUR_MS);
}

/* Signatures, without the arithmetic ------------------------------------------- */

static struct {
  uint32_t epoch;
  int keyset_status, status; /* what checking comes to */
  bool for_keyset;
  unsigned keysets;
} trust;

static void trust_begin(struct godwit_trust *it, const struct gw_component *component,
                        const uint8_t *signature, size_t size) {
  (void)it, (void)component, (void)signature, (void)size;
  trust.for_keyset = false;
}
static void trust_begin_keyset(struct godwit_trust *it, const uint8_t *message, size_t size) {
  (void)it, (void)message;
  trust.for_keyset = true;
  trust.keysets++;
  trust.keyset_status = size > 0 ? GODWIT_OK : GODWIT_ERR_UNTRUSTED;
}
static int trust_step(struct godwit_trust *it, struct godwit_trust_result *result) {
  (void)it;
  memset(result, 0, sizeof *result);
  if (trust.for_keyset) {
    if (trust.keyset_status == GODWIT_OK) trust.epoch++;
    return trust.keyset_status;
  }
  if (trust.status != GODWIT_ERR_UNTRUSTED || trust.epoch == 2) {
    return trust.epoch == 2 ? GODWIT_OK : trust.status;
  }
  result->detail = GW_DETAIL_KEY_UNKNOWN;
  return trust.status;
}
static void trust_cancel(struct godwit_trust *it) { (void)it; }
static uint32_t trust_epoch(const struct godwit_trust *it) { return (void)it, trust.epoch; }
static const struct godwit_trust_ops trust_ops = {
    .begin = trust_begin,
    .begin_keyset = trust_begin_keyset,
    .step = trust_step,
    .cancel = trust_cancel,
    .epoch = trust_epoch,
};

static void begin_signed(int status) {
  static struct godwit_trust nothing;
  memset(&trust, 0, sizeof trust);
  trust.epoch = 2;
  begin();
  device.updater_config.trust_ops = &trust_ops;
  device.updater_config.trust = &nothing;
  come_up();
  trust.epoch = 1;
  trust.status = status;
  device_describe("1.1.0", &(struct gw_description){.key_epoch = 2});
}

TEST(keyset_that_could_not_be_had_once_is_asked_for_again) {
  begin_signed(GODWIT_ERR_UNTRUSTED);
  world_server.deaf_to = GW_KEYSET_PATH "2";
  world_server_release("1.1.0", NULL, 0);
  assert_cheap_for(3);
  assert_int_equal(device.last_failure.detail, GW_DETAIL_KEY_UNKNOWN);
  world_server.deaf_to = NULL;
  world_server_put(GW_KEYSET_PATH "2", 60, "set", 3);
  device_run_until_version(&device, "1.1.0", 2 * HOUR_MS);
}

TEST(signature_that_there_is_no_memory_for_is_told_and_tried_now_and_then) {
  begin_signed(GODWIT_ERR_NO_MEMORY);
  device_describe("1.1.0", &(struct gw_description){.key_epoch = 1});
  world_server_release("1.1.0", NULL, 0);
  assert_cheap_for(3);
  trust.epoch = 2;
  device_run_until_version(&device, "1.1.0", 2 * HOUR_MS);
}

/* Releases that come too fast ---------------------------------------------------- */

TEST(two_bad_models_in_a_row_do_not_cost_the_one_that_has_proved_itself) {
  begin();
  device_publish("1.2.0", 9000);
  come_up(); /* and is confirmed */
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  world_server_release("1.2.0", NULL, 0); /* before 1.1.0 is confirmed */
  device_run_until_version(&device, "1.2.0", 8000);
  world_network.down = true;
  for (int i = 0; i < 10; i++) { /* each takes the device down within seconds */
    device_boot(&device);
    assert_string_not_equal(device.running, "");
    device_run_for(&device, 5000);
  }
  device_assert_runs(&device, "1.0.0", DEVICE_SIZE_1);
}
