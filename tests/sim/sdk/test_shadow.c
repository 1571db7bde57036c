/* SPDX-License-Identifier: Apache-2.0 */
/* Two models side by side on a device: who takes over, what the server hears,
 * over lost links and lost power. */
#include <string.h>

#include "godwit/shadow.h"
#include "tests/sim/sdk/device.h"
#include "tests/sim/sdk/world.h"
#include "tests/support/test.h"
#include "wire/coap.h"

#define MINUTE_MS 60000u
#define WINDOW_MS 100u
#define PATH ".gw/shadow"
#define SIZE 3000u

enum { SILENCE, YES, NO };

static struct device device;
static struct godwit_shadow shadow;
static struct godwit_shadow_config config;
static unsigned asked_for_labels;

static void name_labels(void *arg, const struct godwit_model *active,
                        const struct godwit_model *candidate, struct gw_shadow_labels *labels) {
  (void)arg;
  assert_string_equal(active->version, "1.0.0");
  assert_string_equal(candidate->version, "2.0.0");
  asked_for_labels++;
  gw_shadow_label_add(labels, "silence", 7);
  gw_shadow_label_add(labels, "yes", 3);
  gw_shadow_label_add(labels, "no", 3);
}

static void power_on(void) {
  device_boot(&device);
  config.client = device.client;
  godwit_shadow_init(&shadow, &config);
  device.updater.config.shadow = &godwit_shadow_side_by_side;
  device.updater.config.shadow_arg = &shadow;
}

/* 1.0.0 is in service; what a test sets in config before counts. */
static void boot(void) {
  world_reset(test_random() * 2654435761u);
  device_prepare(&device);
  config.labels = name_labels;
  asked_for_labels = 0;
  device_publish("1.0.0", SIZE);
  world_server_release("1.0.0", NULL, 0);
  power_on();
  device_run_until_version(&device, "1.0.0", 10 * MINUTE_MS);
  device_run_until_idle(&device, MINUTE_MS);
}

static void release(const struct gw_policy *policy) {
  uint8_t bytes[GW_DESCRIPTION_SIZE_MAX];
  struct gw_description description = {.policy = *policy};
  int size = gw_description_encode(&description, bytes, sizeof bytes);
  assert_true(size > 0);
  world_server_put(GW_DESCRIPTION_PATH "model@2.0.0", GW_COAP_FORMAT_CBOR, bytes, (size_t)size);
  device_publish("2.0.0", SIZE);
  world_server_release("2.0.0", NULL, 0);
}

static const struct gw_policy hundred_windows = {.shadow_windows = 100, .agreement_permille = 900};

static bool both_run(struct device *of) {
  struct godwit_model candidate;
  return godwit_updater_candidate(&of->updater, &candidate);
}

static void run_until_both(void) { device_run_until(&device, both_run, 10 * MINUTE_MS); }

/* The application: one window after another. True while both run. */
static bool hear(unsigned windows, uint16_t active, uint16_t candidate) {
  const struct gw_shadow_sample sample = {{active, 900, 1000}, {candidate, 800, 1500}};
  while (windows-- > 0) {
    struct godwit_model model;
    if (!godwit_updater_candidate(&device.updater, &model)) return false;
    assert_string_equal(model.version, "2.0.0");
    assert_string_equal(device.running, "1.0.0");
    godwit_updater_compare(&device.updater, &sample);
    device_run_for(&device, WINDOW_MS);
  }
  return both_run(&device);
}

static const struct gw_shadow_report *told(void) {
  static struct gw_shadow_report report;
  memset(&report, 0, sizeof report);
  for (size_t i = 0; i < world_server.post_count; i++) {
    const struct world_post *post = &world_server.post[i];
    if (strcmp(post->path, PATH) != 0) continue;
    assert_int_equal(post->method, GW_COAP_POST);
    assert_int_equal(post->format, GODWIT_FORMAT_CBOR);
    assert_int_equal(gw_shadow_report_parse(post->data, post->size, &report), GW_OK);
  }
  return &report;
}

static void assert_told(enum gw_shadow_verdict verdict, uint8_t reason, uint32_t compared) {
  const struct gw_shadow_report *report = told();
  assert_string_equal(report->package, "model");
  assert_string_equal(report->active, "1.0.0");
  assert_string_equal(report->candidate, "2.0.0");
  assert_string_equal(gw_shadow_verdict_name(report->verdict),
                      gw_shadow_verdict_name((uint8_t)verdict));
  assert_string_equal(gw_shadow_reason_name(report->reason), gw_shadow_reason_name(reason));
  assert_int_equal(report->summary.compared, compared);
}

TEST(a_candidate_that_agrees_takes_over_and_the_server_is_told) {
  boot();
  release(&hundred_windows);
  run_until_both();
  assert_int_equal(asked_for_labels, 1);
  assert_true(hear(95, YES, YES));
  assert_false(hear(5, YES, NO));
  device_run_until_version(&device, "2.0.0", MINUTE_MS);
  device_run_for(&device, MINUTE_MS);
  assert_told(GW_SHADOW_PASS, GW_SHADOW_AS_ASKED, 100);
  assert_int_equal(gw_shadow_agreement(&told()->summary), 950);
  assert_int_equal(world_server_posts(PATH), 1);
}

TEST(a_candidate_that_does_not_agree_never_takes_over_and_is_not_tried_again) {
  boot();
  size_t reports = world_server.report_count;
  release(&hundred_windows);
  run_until_both();
  assert_false(hear(11, YES, NO)); /* beyond hope */
  device_run_for(&device, 24 * 60 * MINUTE_MS);
  assert_string_equal(device.running, "1.0.0");
  assert_told(GW_SHADOW_FAIL, GW_SHADOW_AGREEMENT, 11);
  const struct gw_report *last = &world_server.report[world_server.report_count - 1];
  bool said = false;
  for (size_t i = reports; i < world_server.report_count; i++) {
    const struct gw_report *report = &world_server.report[i];
    if (report->reason != GW_OTA_UPDATE_FAILED) continue;
    said = true;
    assert_int_equal(report->detail, GW_DETAIL_SHADOW);
  }
  assert_true(said);
  assert_string_equal(last->version, "1.0.0");
  assert_int_equal(world_server.whole_downloads, 2);
}

TEST(without_a_wish_of_the_release_it_takes_over_at_once) {
  boot();
  release(&(struct gw_policy){0});
  device_run_until_version(&device, "2.0.0", 10 * MINUTE_MS);
  device_run_for(&device, 10 * MINUTE_MS);
  assert_int_equal(asked_for_labels, 0);
  assert_int_equal(world_server_posts(PATH), 0);
}

TEST(the_first_model_of_a_device_has_nothing_to_run_beside) {
  world_reset(test_random() * 2654435761u);
  device_prepare(&device);
  power_on();
  release(&hundred_windows);
  device_run_until_version(&device, "2.0.0", 10 * MINUTE_MS);
  assert_int_equal(asked_for_labels, 0);
}

TEST(the_application_may_ask_for_it_where_the_release_does_not) {
  static const struct gw_policy own = {.shadow_windows = 10, .agreement_permille = 500};
  config.policy = &own;
  boot();
  release(&(struct gw_policy){0});
  run_until_both();
  assert_false(hear(10, YES, YES));
  device_run_until_version(&device, "2.0.0", MINUTE_MS);
}

static enum gw_shadow_verdict never(void *arg, const struct gw_shadow_summary *summary,
                                    enum gw_shadow_verdict by_policy) {
  (void)arg;
  (void)by_policy;
  return summary->compared < 20 ? GW_SHADOW_MORE : GW_SHADOW_FAIL;
}

TEST(the_application_decides_against_the_policy) {
  config.decide = never;
  boot();
  release(&(struct gw_policy){.shadow_windows = 10, .agreement_permille = 100});
  run_until_both();
  assert_true(hear(19, YES, YES));
  assert_false(hear(1, YES, YES));
  device_run_for(&device, 10 * MINUTE_MS);
  assert_string_equal(device.running, "1.0.0");
  assert_told(GW_SHADOW_FAIL, GW_SHADOW_APPLICATION, 20);
}

static enum gw_shadow_verdict undecided(void *arg, const struct gw_shadow_summary *summary,
                                        enum gw_shadow_verdict by_policy) {
  (void)arg;
  (void)summary;
  (void)by_policy;
  return GW_SHADOW_MORE;
}

TEST(an_application_that_cannot_decide_does_not_hold_the_update_up_for_ever) {
  config.decide = undecided;
  boot();
  release(&hundred_windows);
  run_until_both();
  assert_true(hear(200, YES, YES));
  device_run_for(&device, GW_SHADOW_LONGEST_S * 1000ull);
  device_run_until_version(&device, "2.0.0", MINUTE_MS);
}

TEST(a_sensor_that_says_nothing_does_not_hold_the_update_up_for_ever) {
  boot();
  release(&hundred_windows);
  run_until_both();
  device_run_for(&device, GW_SHADOW_LONGEST_S * 1000ull - MINUTE_MS);
  assert_true(both_run(&device));
  assert_int_equal(world_server_posts(PATH), 0); /* nothing new, nothing told */
  device_run_until_version(&device, "2.0.0", 2 * MINUTE_MS);
}

TEST(windows_without_time_for_the_candidate_are_counted) {
  boot();
  release(&hundred_windows);
  run_until_both();
  for (int i = 0; i < 3; i++) godwit_shadow_skipped(&shadow);
  godwit_shadow_missed(&shadow, 2);
  assert_false(hear(100, YES, YES));
  device_run_for(&device, MINUTE_MS);
  assert_int_equal(told()->summary.skipped, 3);
  assert_int_equal(told()->summary.missed, 2);
  godwit_shadow_skipped(&shadow); /* over: harmless */
  assert_int_equal(shadow.report.summary.skipped, 3);
}

TEST(the_server_hears_of_it_once_a_minute) {
  boot();
  release(&(struct gw_policy){.shadow_s = 600, .agreement_permille = 900});
  run_until_both();
  assert_true(hear(3100, YES, YES)); /* 310 s */
  assert_int_equal(world_server_posts(PATH), 5);
  assert_int_equal(told()->verdict, GW_SHADOW_MORE);
  assert_in_range(told()->summary.compared, 2990, 3010);
  assert_in_range(told()->elapsed_s, 299, 300);
}

TEST(what_came_of_it_is_told_once_the_link_is_back) {
  boot();
  release(&hundred_windows);
  run_until_both();
  world_network.down = true;
  assert_false(hear(100, YES, YES));
  device_run_for(&device, 30 * MINUTE_MS);
  assert_string_equal(device.running, "2.0.0");
  assert_int_equal(world_server_posts(PATH), 0);
  world_network.down = false;
  device_run_for(&device, 10 * MINUTE_MS);
  assert_told(GW_SHADOW_PASS, GW_SHADOW_AS_ASKED, 100);
}

TEST(a_busy_server_is_told_later_and_one_that_does_not_know_it_is_left_alone) {
  boot();
  release(&hundred_windows);
  run_until_both();
  world_server.post_code = GW_COAP_SERVICE_UNAVAILABLE;
  world_server.post_code_times = 2;
  assert_false(hear(100, YES, YES));
  device_run_for(&device, 10 * MINUTE_MS);
  assert_told(GW_SHADOW_PASS, GW_SHADOW_AS_ASKED, 100);

  boot();
  release(&hundred_windows);
  run_until_both();
  world_server.post_code = GW_COAP_NOT_FOUND;
  world_server.post_code_times = 100;
  assert_false(hear(100, YES, YES));
  device_run_for(&device, 24 * 60 * MINUTE_MS);
  assert_string_equal(device.running, "2.0.0");
  assert_int_equal(world_server.post_code_times, 99);
}

TEST(after_a_power_cut_it_begins_anew_and_nothing_is_fetched_twice) {
  boot();
  release(&hundred_windows);
  run_until_both();
  assert_true(hear(60, YES, YES));
  godwit_client_deinit(device.client);
  world_medium_power_on();
  power_on();
  assert_string_equal(device.running, "1.0.0");
  run_until_both();
  assert_int_equal(shadow.report.summary.compared, 0);
  assert_false(hear(100, YES, YES));
  device_run_until_version(&device, "2.0.0", MINUTE_MS);
  assert_int_equal(world_server.whole_downloads, 2);
}

TEST(a_newer_manifest_ends_it) {
  boot();
  release(&hundred_windows);
  run_until_both();
  assert_true(hear(60, YES, YES));
  world_server_release("1.0.0", NULL, 0);
  device_run_for(&device, 10 * MINUTE_MS);
  assert_false(both_run(&device));
  assert_string_equal(device.running, "1.0.0");
  assert_told(GW_SHADOW_MORE, GW_SHADOW_AS_ASKED, 60);
}

TEST(a_client_that_ends_takes_nothing_with_it) {
  boot();
  release(&hundred_windows);
  run_until_both();
  assert_true(hear(10, YES, YES));
  godwit_updater_deinit(&device.updater);
  godwit_client_deinit(device.client);
  assert_false(shadow.is_running);
}
