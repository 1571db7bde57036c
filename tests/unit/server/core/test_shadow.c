/* SPDX-License-Identifier: Apache-2.0 */
/* Two models side by side: what devices say of them, brought together. */
#include "server/core/shadow.h"
#include "tests/unit/server/core/core_fixture.h"

enum { SILENCE, YES, NO };

static struct core_fixture f;
static struct srv_device device[3];
static struct srv_shadow_pairs pairs;

static void begin(void) {
  static const char *const names[] = {"a", "b", "c"};
  core_fixture_begin(&f);
  for (int i = 0; i < 3; i++) device[i] = make_device(&f, names[i], NULL, NULL);
}

static void end(void) { core_fixture_end(&f); }

static struct gw_shadow_report report_of(const char *active, const char *candidate, int agreed,
                                         int disagreed) {
  struct gw_shadow_report report = {.package = "model", .verdict = GW_SHADOW_PASS};
  snprintf(report.active, sizeof report.active, "%s", active);
  snprintf(report.candidate, sizeof report.candidate, "%s", candidate);
  gw_shadow_label_add(&report.labels, "silence", 7);
  gw_shadow_label_add(&report.labels, "yes", 3);
  gw_shadow_label_add(&report.labels, "no", 3);
  struct gw_shadow_sample same = {{YES, 900, 1000}, {YES, 800, 1500}};
  struct gw_shadow_sample other = {{YES, 900, 1000}, {NO, 800, 1500}};
  while (agreed-- > 0) gw_shadow_add(&report.summary, &report.labels, &same);
  while (disagreed-- > 0) gw_shadow_add(&report.summary, &report.labels, &other);
  return report;
}

static int say(const struct srv_device *who, const struct gw_shadow_report *report) {
  struct srv_device_ref ref = ref_of(who);
  f.now_us += 1000000;
  return srv_core_shadow_report(f.core, &ref, report);
}

static void must_say(const struct srv_device *who, const struct gw_shadow_report *report) {
  assert_ok(f.core, say(who, report));
}

static void ask(const char *candidate) {
  assert_ok(f.core, srv_core_shadow_of_candidate(f.core, P, "model", candidate, &pairs));
}

TEST(what_devices_compared_is_added_up_over_a_restart) {
  struct gw_shadow_report first = report_of("1.0.0", "1.1.0", 9, 1);
  struct gw_shadow_report second = report_of("1.0.0", "1.1.0", 5, 5);
  begin();
  second.verdict = GW_SHADOW_FAIL;
  second.reason = GW_SHADOW_AGREEMENT;
  must_say(&device[0], &first);
  must_say(&device[1], &second);
  core_fixture_restart(&f);
  ask("1.1.0");
  assert_int_equal(pairs.count, 1);
  const struct srv_shadow_pair *pair = &pairs.pair[0];
  assert_int_equal(pair->devices, 2);
  assert_int_equal(pair->sums.summary.compared, 20);
  assert_int_equal(gw_shadow_agreement(&pair->sums.summary), 700);
  assert_int_equal(pair->sums.summary.pair[0].count, 6);
  assert_int_equal(pair->verdicts[GW_SHADOW_PASS], 1);
  assert_int_equal(pair->verdicts[GW_SHADOW_FAIL], 1);
  assert_int_equal(pair->failures[GW_SHADOW_AGREEMENT], 1);
  assert_true(pair->time_us == f.now_us);
  end();
}

TEST(a_later_word_of_the_same_pair_replaces_the_one_before) {
  struct gw_shadow_report report = report_of("1.0.0", "1.1.0", 10, 0);
  begin();
  must_say(&device[0], &report);
  report = report_of("1.0.0", "1.1.0", 20, 0);
  must_say(&device[0], &report);
  must_say(&device[0], &report);
  ask("1.1.0");
  assert_int_equal(pairs.device_rows, 1);
  assert_int_equal(pairs.pair[0].sums.summary.compared, 20);
  end();
}

TEST(each_version_in_service_is_a_pair_of_its_own) {
  struct gw_shadow_report old = report_of("0.9.0", "1.1.0", 1, 1);
  struct gw_shadow_report recent = report_of("1.0.0", "1.1.0", 3, 1);
  struct gw_shadow_report other = report_of("1.0.0", "1.2.0", 3, 1);
  begin();
  must_say(&device[0], &old);
  must_say(&device[1], &recent);
  must_say(&device[2], &other);
  ask("1.1.0");
  assert_int_equal(pairs.count, 2);
  assert_string_equal(pairs.pair[0].sums.active, "1.0.0"); /* spoken of last */
  assert_string_equal(pairs.pair[1].sums.active, "0.9.0");
  ask("1.3.0");
  assert_int_equal(pairs.count, 0);
  end();
}

TEST(another_project_and_another_package_are_not_asked) {
  struct gw_shadow_report report = report_of("1.0.0", "1.1.0", 3, 1);
  struct srv_project project = {.id = "other", .name = "other"};
  begin();
  assert_ok(f.core, srv_core_create_project(f.core, &project));
  must_say(&device[0], &report);
  assert_ok(f.core, srv_core_shadow_of_candidate(f.core, "other", "model", "1.1.0", &pairs));
  assert_int_equal(pairs.count, 0);
  assert_ok(f.core, srv_core_shadow_of_candidate(f.core, P, "main", "1.1.0", &pairs));
  assert_int_equal(pairs.count, 0);
  end();
}

TEST(pairs_of_a_device_with_other_labels_are_counted_and_not_named) {
  struct gw_shadow_report report = report_of("1.0.0", "1.1.0", 3, 1), renamed = report;
  begin();
  snprintf(renamed.labels.label[YES].name, sizeof renamed.labels.label[YES].name, "oui");
  must_say(&device[0], &renamed);
  must_say(&device[1], &report);
  ask("1.1.0");
  assert_int_equal(pairs.pair[0].devices, 2);
  assert_string_equal(pairs.pair[0].sums.labels.label[YES].name, "yes");
  assert_int_equal(pairs.pair[0].sums.summary.pair[0].count, 1);
  assert_int_equal(gw_shadow_other_pairs(&pairs.pair[0].sums.summary), 1);
  end();
}

TEST(a_device_cannot_fill_the_disk_with_comparisons) {
  char version[16];
  begin();
  for (unsigned i = 0; i < SRV_SHADOWS_PER_DEVICE + 3; i++) {
    snprintf(version, sizeof version, "1.%u.0", i);
    struct gw_shadow_report report = report_of("1.0.0", version, 3, 1);
    must_say(&device[0], &report);
  }
  assert_ok(f.core, srv_core_shadow_of_device(f.core, device[0].id, &pairs));
  assert_int_equal(pairs.device_rows, SRV_SHADOWS_PER_DEVICE);
  ask("1.2.0");
  assert_int_equal(pairs.count, 0); /* the oldest have gone */
  ask("1.3.0");
  assert_int_equal(pairs.count, 1);
  end();
}

TEST(a_device_takes_its_comparisons_with_it) {
  struct gw_shadow_report report = report_of("1.0.0", "1.1.0", 3, 1);
  begin();
  must_say(&device[0], &report);
  assert_ok(f.core, srv_core_delete_device(f.core, P, device[0].id));
  ask("1.1.0");
  assert_int_equal(pairs.count, 0);
  end();
}

TEST(names_that_no_artifact_can_have_are_refused) {
  struct gw_shadow_report report = report_of("one", "1.1.0", 3, 1);
  begin();
  assert_int_equal(say(&device[0], &report), SRV_ERR_INVALID);
  report = report_of("1.0.0", "1.1", 3, 1);
  assert_int_equal(say(&device[0], &report), SRV_ERR_INVALID);
  report = report_of("1.0.0", "1.1.0", 3, 1);
  report.package[0] = '\n';
  assert_int_equal(say(&device[0], &report), SRV_ERR_INVALID);
  report = report_of("1.0.0", "1.1.0", 3, 1);
  report.labels.label[YES].name[1] = '\033';
  assert_int_equal(say(&device[0], &report), SRV_ERR_INVALID);
  ask("1.1.0");
  assert_int_equal(pairs.count, 0);
  end();
}
