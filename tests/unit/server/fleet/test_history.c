/* SPDX-License-Identifier: Apache-2.0 */
#include "server/core/fleet_internal.h"
#include "tests/unit/server/core/core_fixture.h"

#define MINUTE INT64_C(60000000)
#define DAY (1440 * MINUTE)

static struct core_fixture f;
static int64_t begin_us;
static char seen[1024];

static void write_change(void *context, const struct srv_fleet_change *change) {
  (void)context;
  size_t used = strlen(seen);
  snprintf(seen + used, sizeof(seen) - used, "%d:%s=%d ",
           (int)((change->time_us - begin_us) / MINUTE), change->version, (int)change->count);
}

static const char *history(const char *package) {
  seen[0] = 0;
  assert_ok(f.core, srv_core_fleet_history(f.core, P, package, INT64_MAX, write_change, NULL));
  return seen;
}

static void begin(void) {
  core_fixture_begin(&f);
  begin_us = f.now_us;
}

static void pass(int64_t time_us) {
  f.now_us += time_us;
  do srv_core_tick(f.core);
  while (srv_core_has_work(f.core));
}

static void report(const struct srv_device *device, const char *version) {
  struct gw_report words = {.package = "model"};
  struct srv_device_ref ref = ref_of(device);
  strcpy(words.version, version);
  assert_ok(f.core, srv_core_report(f.core, &ref, &words));
}

TEST(a_count_is_written_down_when_it_has_changed) {
  begin();
  struct srv_device a = make_device(&f, "a", NULL, NULL), b = make_device(&f, "b", NULL, NULL);
  pass(0); /* the devices are read */
  report(&a, "1.0.0");
  report(&b, "1.0.0");
  pass(MINUTE);
  assert_string_equal(history("model"), "1:1.0.0=2 ");
  report(&a, "2.0.0");
  pass(MINUTE); /* too soon after the last time */
  assert_string_equal(history("model"), "1:1.0.0=2 ");
  pass(10 * MINUTE);
  assert_string_equal(history("model"), "1:1.0.0=2 12:1.0.0=1 12:2.0.0=1 ");
  pass(10 * MINUTE);
  pass(10 * MINUTE); /* nothing has changed */
  assert_string_equal(history("model"), "1:1.0.0=2 12:1.0.0=1 12:2.0.0=1 ");
  assert_string_equal(history("other"), "");
  core_fixture_end(&f);
}

TEST(a_version_that_nobody_runs_any_more_is_written_down_as_gone) {
  begin();
  struct srv_device a = make_device(&f, "a", NULL, NULL);
  pass(0);
  report(&a, "1.0.0");
  pass(MINUTE);
  assert_ok(f.core, srv_core_delete_device(f.core, P, a.id));
  pass(20 * MINUTE);
  assert_string_equal(history("model"), "1:1.0.0=1 21:1.0.0=0 ");
  pass(20 * MINUTE);
  assert_string_equal(history("model"), "1:1.0.0=1 21:1.0.0=0 ");
  core_fixture_end(&f);
}

TEST(of_a_project_that_has_gone_nothing_is_known_or_written_any_more) {
  begin();
  struct srv_project project = {.id = "second", .name = "Second"};
  struct srv_device device = {.project_id = "second", .name = "a", .enabled = true};
  assert_ok(f.core, srv_core_create_project(f.core, &project));
  assert_ok(f.core, srv_core_create_device(f.core, &device));
  pass(0);
  report(&device, "1.0.0");
  pass(10 * MINUTE);
  assert_ok(f.core, srv_core_delete_device(f.core, "second", device.id));
  assert_ok(f.core, srv_core_delete_project(f.core, "second"));
  for (const struct srv_fleet *each = f.core->fleets.first; each != NULL; each = each->next) {
    assert_string_not_equal(each->project_id, "second");
  }
  pass(10 * MINUTE);
  core_fixture_end(&f);
}

TEST(after_a_restart_only_what_differs_from_the_record_is_written) {
  begin();
  struct srv_device a = make_device(&f, "a", NULL, NULL), b = make_device(&f, "b", NULL, NULL);
  pass(0);
  report(&a, "1.0.0");
  report(&b, "2.0.0");
  pass(MINUTE);
  assert_string_equal(history("model"), "1:1.0.0=1 1:2.0.0=1 ");
  core_fixture_restart(&f);
  pass(0);
  report(&b, "1.0.0");
  pass(20 * MINUTE);
  assert_string_equal(history("model"), "1:1.0.0=1 1:2.0.0=1 21:1.0.0=2 21:2.0.0=0 ");
  core_fixture_end(&f);
}

TEST(what_is_older_than_a_year_and_a_bit_is_taken_away) {
  begin();
  struct srv_device a = make_device(&f, "a", NULL, NULL);
  pass(0);
  report(&a, "1.0.0");
  pass(MINUTE);
  assert_string_not_equal(history("model"), "");
  report(&a, "2.0.0");
  pass(401 * DAY);
  assert_null(strstr(history("model"), "1.0.0=1"));
  assert_non_null(strstr(history("model"), "2.0.0=1"));
  core_fixture_end(&f);
}

TEST(the_versions_of_a_fleet_that_invents_them_are_followed_up_to_a_limit) {
  begin();
  struct srv_device device[300];
  struct srv_query query = {0};
  uint64_t rows;
  for (int i = 0; i < 300; i++) {
    char name[16];
    snprintf(name, sizeof(name), "d%d", i);
    device[i] = make_device(&f, name, NULL, NULL);
  }
  pass(0);
  for (int i = 0; i < 300; i++) {
    char version[16];
    snprintf(version, sizeof(version), "1.0.%d", i);
    report(&device[i], version);
  }
  pass(MINUTE);
  assert_ok(f.core, srv_core_list(f.core, SRV_FLEET_SAMPLE, &query, NULL, NULL, &rows));
  assert_true(rows <= 256);
  pass(20 * MINUTE);
  assert_ok(f.core, srv_core_list(f.core, SRV_FLEET_SAMPLE, &query, NULL, NULL, &rows));
  assert_true(rows <= 256);
  core_fixture_end(&f);
}

TEST(captures_are_tallied_by_the_store_itself) {
  begin();
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  struct srv_capture row = {.project_id = P, .score_permille = -1};
  struct srv_capture_tally tally;
  struct srv_query query = {0};
  const struct srv_store_ops *ops = f.folder.store->ops;
  strcpy(row.device_id, device.id);
  srv_query_text(&query, "project_id", SRV_EQUALS, P);
  for (int i = 0; i < 5; i++) {
    snprintf(row.id, sizeof(row.id), "%024d", i);
    strcpy(row.label, i == 0 ? "yes" : "");
    assert_int_equal(ops->insert(f.folder.store, SRV_CAPTURE, &row), SRV_OK);
  }
  assert_int_equal(ops->get(f.folder.store, SRV_CAPTURE_TALLY, &query, &tally), SRV_OK);
  assert_int_equal(tally.total, 5);
  assert_int_equal(tally.unlabelled, 4);
  assert_ok(f.core, srv_core_label_capture(f.core, &row, "no"));
  assert_int_equal(ops->get(f.folder.store, SRV_CAPTURE_TALLY, &query, &tally), SRV_OK);
  assert_int_equal(tally.unlabelled, 3);
  assert_ok(f.core, srv_core_label_capture(f.core, &row, "yes"));
  assert_ok(f.core, srv_core_label_capture(f.core, &row, ""));
  assert_int_equal(ops->get(f.folder.store, SRV_CAPTURE_TALLY, &query, &tally), SRV_OK);
  assert_int_equal(tally.unlabelled, 4);
  assert_ok(f.core, srv_core_delete_capture(f.core, P, row.id));
  assert_int_equal(ops->get(f.folder.store, SRV_CAPTURE_TALLY, &query, &tally), SRV_OK);
  assert_int_equal(tally.total, 4);
  assert_ok(f.core, srv_core_delete_device(f.core, P, device.id)); /* with all of them */
  assert_int_equal(ops->get(f.folder.store, SRV_CAPTURE_TALLY, &query, &tally), SRV_OK);
  assert_int_equal(tally.total, 0);
  assert_int_equal(tally.unlabelled, 0);
  core_fixture_end(&f);
}
