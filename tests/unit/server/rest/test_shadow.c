/* SPDX-License-Identifier: Apache-2.0 */
/* Two models side by side: what a release and a device show of them. */
#include "server/core/shadow.h"
#include "tests/unit/server/rest/rest_fixture.h"

enum { SILENCE, YES, NO, STOP };

static struct rest_fixture f;
static struct srv_device kitchen, hall;
static struct srv_artifact artifact;
static struct srv_release release;

static void begin(void) {
  rest_begin(&f);
  kitchen = make_device(&f.core, "kitchen", NULL, NULL);
  hall = make_device(&f.core, "hall", NULL, NULL);
  artifact = make_artifact(&f.core, "model", "1.1.0");
  release = make_release(&f.core, artifact.id, NULL, NULL);
}

static struct gw_shadow_report new_report(void) {
  struct gw_shadow_report report = {
      .package = "model", .active = "1.0.0", .candidate = "1.1.0", .elapsed_s = 20};
  gw_shadow_label_add(&report.labels, "silence", 7);
  gw_shadow_label_add(&report.labels, "yes", 3);
  gw_shadow_label_add(&report.labels, "no", 3);
  gw_shadow_label_add(&report.labels, "stop", 2);
  return report;
}

static void add(struct gw_shadow_report *report, uint16_t active, uint16_t candidate, int count) {
  struct gw_shadow_sample sample = {{active, 500, 1000}, {candidate, 1000, 3000}};
  while (count-- > 0) gw_shadow_add(&report->summary, &report->labels, &sample);
}

static void say(const struct srv_device *device, const struct gw_shadow_report *report) {
  struct srv_device_ref ref = ref_of(device);
  f.core.now_us += 1000000;
  assert_ok(f.core.core, srv_core_shadow_report(f.core.core, &ref, report));
}

static const struct rest_answer *ask(const char *group, const char *id) {
  char url[160];
  snprintf(url, sizeof url, PP "/%s/%s/shadow", group, id);
  return rest_call(&f, "GET", url, NULL);
}

static double real(const struct rest_answer *answer, const char *path) {
  return json_number_value(rest_value(answer, path));
}

TEST(a_release_shows_what_all_devices_found) {
  struct gw_shadow_report report = new_report();
  begin();
  add(&report, SILENCE, SILENCE, 88);
  add(&report, YES, YES, 9);
  add(&report, YES, NO, 1);
  add(&report, SILENCE, STOP, 2);
  gw_shadow_add_skipped(&report.summary);
  say(&kitchen, &report);
  report.verdict = GW_SHADOW_FAIL;
  report.reason = GW_SHADOW_AGREEMENT;
  add(&report, YES, NO, 9);
  add(&report, SILENCE, YES, 1);
  say(&hall, &report);

  const struct rest_answer *answer = ask("releases", release.id);
  rest_expect(answer, 200);
  assert_int_equal(rest_number(answer, "data.devices"), 2);
  assert_int_equal(rest_number(answer, "data.devicesMerged"), 2);
  assert_int_equal(json_array_size(rest_value(answer, "data.timesBelowUs")), 15);
  assert_int_equal(rest_number(answer, "data.timesBelowUs.1"), 128);
  assert_int_equal(json_array_size(rest_value(answer, "data.pairs")), 1);
  assert_string_equal(rest_text(answer, "data.pairs.0.activeVersion"), "1.0.0");
  assert_string_equal(rest_text(answer, "data.pairs.0.candidateVersion"), "1.1.0");
  assert_int_equal(rest_number(answer, "data.pairs.0.compared"), 210);
  assert_int_equal(rest_number(answer, "data.pairs.0.skipped"), 2);
  assert_int_equal(rest_number(answer, "data.pairs.0.onlyCandidateKnows"), 4);
  assert_int_equal(rest_number(answer, "data.pairs.0.heard"), 30);
  assert_true(real(answer, "data.pairs.0.agreement") == 18.0 / 30);
  assert_true(real(answer, "data.pairs.0.latencyRatio") == 3);
  assert_int_equal(rest_number(answer, "data.pairs.0.verdicts.more"), 1);
  assert_int_equal(rest_number(answer, "data.pairs.0.verdicts.fail"), 1);
  assert_int_equal(rest_number(answer, "data.pairs.0.failures.AGREEMENT"), 1);
  assert_int_equal(rest_number(answer, "data.pairs.0.active.meanUs"), 1000);
  assert_int_equal(rest_number(answer, "data.pairs.0.candidate.times.6"), 210);
  assert_true(real(answer, "data.pairs.0.active.meanConfidence") == 0.5);
  assert_int_equal(rest_number(answer, "data.pairs.0.candidate.confidences.9"), 30);
  assert_string_equal(rest_text(answer, "data.pairs.0.labels.3.name"), "stop");
  assert_false(json_is_true(rest_value(answer, "data.pairs.0.labels.3.active")));
  assert_string_equal(rest_text(answer, "data.pairs.0.disagreements.0.active"), "yes");
  assert_string_equal(rest_text(answer, "data.pairs.0.disagreements.0.candidate"), "no");
  assert_int_equal(rest_number(answer, "data.pairs.0.disagreements.0.count"), 11);
  assert_int_equal(rest_number(answer, "data.pairs.0.otherDisagreements"), 0);
  rest_end(&f);
}

TEST(what_nobody_compared_is_empty) {
  begin();
  const struct rest_answer *answer = ask("releases", release.id);
  rest_expect(answer, 200);
  assert_int_equal(rest_number(answer, "data.devices"), 0);
  assert_int_equal(json_array_size(rest_value(answer, "data.pairs")), 0);
  rest_expect(ask("releases", "000000000000000000000000"), 404);
  rest_expect(ask("devices", "nobody"), 404);
  rest_end(&f);
}

TEST(a_comparison_without_a_window_divides_by_nothing) {
  struct gw_shadow_report report = new_report();
  begin();
  say(&kitchen, &report);
  const struct rest_answer *answer = ask("releases", release.id);
  assert_true(json_is_null(rest_value(answer, "data.pairs.0.agreement")));
  assert_true(json_is_null(rest_value(answer, "data.pairs.0.agreementAll")));
  assert_true(json_is_null(rest_value(answer, "data.pairs.0.latencyRatio")));
  assert_true(json_is_null(rest_value(answer, "data.pairs.0.active.meanUs")));
  assert_true(json_is_null(rest_value(answer, "data.pairs.0.candidate.meanConfidence")));
  rest_end(&f);
}

TEST(a_device_shows_its_own_comparisons) {
  struct gw_shadow_report report = new_report();
  begin();
  add(&report, YES, YES, 5);
  report.verdict = GW_SHADOW_PASS;
  say(&kitchen, &report);
  strcpy(report.active, "0.9.0");
  say(&hall, &report);
  const struct rest_answer *answer = ask("devices", "kitchen");
  rest_expect(answer, 200);
  assert_int_equal(json_array_size(rest_value(answer, "data.pairs")), 1);
  assert_string_equal(rest_text(answer, "data.pairs.0.activeVersion"), "1.0.0");
  assert_int_equal(rest_number(answer, "data.pairs.0.verdicts.pass"), 1);
  assert_int_equal(rest_number(answer, "data.pairs.0.elapsedSeconds"), 20);
  answer = ask("releases", release.id);
  assert_int_equal(json_array_size(rest_value(answer, "data.pairs")), 2);
  assert_string_equal(rest_text(answer, "data.pairs.0.activeVersion"), "0.9.0");
  rest_end(&f);
}
