/* SPDX-License-Identifier: Apache-2.0 */
#include "server/core/fleet.h"
#include "server/core/internal.h"
#include "tests/unit/server/core/core_fixture.h"

static struct core_fixture f;

static void report(const struct srv_device *device, const char *package, const char *version,
                   const char *target, uint8_t state, uint8_t reason) {
  struct gw_report words = {.state = state, .reason = reason};
  struct srv_device_ref ref = ref_of(device);
  snprintf(words.package, sizeof(words.package), "%s", package);
  snprintf(words.version, sizeof(words.version), "%s", version);
  snprintf(words.target, sizeof(words.target), "%s", target);
  assert_ok(f.core, srv_core_report(f.core, &ref, &words));
}

static struct srv_rollout rollout_of(const struct srv_release *release) {
  struct srv_rollout rollout;
  assert_ok(f.core, srv_core_release_rollout(f.core, release, &rollout));
  return rollout;
}

static void expect_state(const struct srv_release *release, enum srv_rollout_state state) {
  struct srv_rollout rollout = rollout_of(release);
  assert_int_equal(rollout.targets, 1);
  for (int i = 0; i < SRV_ROLLOUT_STATES; i++) {
    if (rollout.states[i] != (i == (int)state)) {
      fail_msg("%d in state %s", (int)rollout.states[i],
               srv_rollout_state_name((enum srv_rollout_state)i));
    }
  }
}

TEST(a_device_goes_from_waiting_to_updated) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  struct srv_release release = make_release(&f, make_artifact(&f, "model", "2.0.0").id, NULL, NULL);
  expect_state(&release, SRV_ROLLOUT_WAITING);
  report(&device, "model", "1.0.0", "2.0.0", GW_OTA_DOWNLOADING, GW_OTA_READY);
  expect_state(&release, SRV_ROLLOUT_DOWNLOADING);
  report(&device, "model", "1.0.0", "2.0.0", GW_OTA_DOWNLOADED, GW_OTA_READY);
  expect_state(&release, SRV_ROLLOUT_DOWNLOADED);
  report(&device, "model", "1.0.0", "2.0.0", GW_OTA_UPDATING, GW_OTA_READY);
  expect_state(&release, SRV_ROLLOUT_UPDATING);
  report(&device, "model", "1.0.0", "2.0.0", GW_OTA_IDLE, GW_OTA_INTEGRITY_CHECK_FAILED);
  expect_state(&release, SRV_ROLLOUT_FAILED);
  assert_int_equal(rollout_of(&release).failures[GW_OTA_INTEGRITY_CHECK_FAILED], 1);
  report(&device, "model", "2.0.0", "", GW_OTA_IDLE, GW_OTA_UPDATED_SUCCESSFULLY);
  expect_state(&release, SRV_ROLLOUT_UPDATED);
  core_fixture_end(&f);
}

TEST(what_is_said_of_another_version_says_nothing_of_this_release) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  struct srv_release release = make_release(&f, make_artifact(&f, "model", "2.0.0").id, NULL, NULL);
  report(&device, "model", "1.0.0", "1.5.0", GW_OTA_DOWNLOADING, GW_OTA_READY);
  expect_state(&release, SRV_ROLLOUT_WAITING);
  report(&device, "model", "1.0.0", "1.5.0", GW_OTA_IDLE, GW_OTA_IO);
  expect_state(&release, SRV_ROLLOUT_WAITING);
  report(&device, "other", "2.0.0", "", GW_OTA_IDLE, GW_OTA_READY);
  expect_state(&release, SRV_ROLLOUT_WAITING);
  report(&device, "model", "2.0.0", "1.5.0", GW_OTA_DOWNLOADING, GW_OTA_IO);
  expect_state(&release, SRV_ROLLOUT_UPDATED); /* it runs it, whatever else it tries */
  core_fixture_end(&f);
}

TEST(a_reason_beyond_those_known_is_a_failure_too) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  struct srv_release release = make_release(&f, make_artifact(&f, "model", "2.0.0").id, NULL, NULL);
  report(&device, "model", "1.0.0", "2.0.0", GW_OTA_IDLE, 200);
  expect_state(&release, SRV_ROLLOUT_FAILED);
  assert_int_equal(rollout_of(&release).failures[SRV_REASONS - 1], 1);
  core_fixture_end(&f);
}

TEST(a_release_of_two_packages_is_done_when_both_are_and_failed_when_one_is) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  struct srv_release release = {.project_id = P, .rollout = true, .artifact_count = 2};
  strcpy(release.artifact_id[0], make_artifact(&f, "main", "2.0.0").id);
  strcpy(release.artifact_id[1], make_artifact(&f, "model", "3.0.0").id);
  assert_ok(f.core, srv_core_create_release(f.core, &release));
  report(&device, "main", "2.0.0", "", GW_OTA_IDLE, GW_OTA_READY);
  expect_state(&release, SRV_ROLLOUT_WAITING);
  report(&device, "model", "1.0.0", "3.0.0", GW_OTA_DOWNLOADING, GW_OTA_READY);
  expect_state(&release, SRV_ROLLOUT_DOWNLOADING);
  report(&device, "main", "1.0.0", "2.0.0", GW_OTA_IDLE, GW_OTA_OUT_OF_RAM);
  expect_state(&release, SRV_ROLLOUT_FAILED);
  report(&device, "main", "2.0.0", "", GW_OTA_IDLE, GW_OTA_READY);
  report(&device, "model", "3.0.0", "", GW_OTA_IDLE, GW_OTA_READY);
  expect_state(&release, SRV_ROLLOUT_UPDATED);
  core_fixture_end(&f);
}

TEST(a_newer_release_takes_the_devices_and_switching_it_off_gives_them_back) {
  core_fixture_begin(&f);
  struct srv_tag beta = make_tag(&f, "beta");
  make_device(&f, "plain", NULL, NULL);
  make_device(&f, "tagged", NULL, beta.id);
  struct srv_release first = make_release(&f, make_artifact(&f, "model", "1.0.0").id, NULL, NULL);
  struct srv_release second =
      make_release(&f, make_artifact(&f, "model", "2.0.0").id, NULL, beta.id);
  assert_int_equal(rollout_of(&first).targets, 1);
  assert_int_equal(rollout_of(&first).superseded, 1);
  assert_int_equal(rollout_of(&second).targets, 1);
  assert_int_equal(rollout_of(&second).superseded, 0);
  second.rollout = false;
  assert_ok(f.core, srv_core_update_release(f.core, &second));
  assert_int_equal(rollout_of(&first).targets, 2);
  assert_int_equal(rollout_of(&first).superseded, 0);
  assert_int_equal(rollout_of(&second).targets, 0);
  core_fixture_end(&f);
}

TEST(a_device_that_is_disabled_gets_nothing) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  struct srv_release release = make_release(&f, make_artifact(&f, "model", "1.0.0").id, NULL, NULL);
  assert_int_equal(rollout_of(&release).targets, 1);
  device.enabled = false;
  assert_ok(f.core, srv_core_update_device(f.core, &device));
  assert_int_equal(rollout_of(&release).targets, 0);
  core_fixture_end(&f);
}

TEST(who_is_online_is_counted_as_it_comes_and_goes) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  struct srv_device_ref ref = ref_of(&device);
  struct srv_release release = make_release(&f, make_artifact(&f, "model", "1.0.0").id, NULL, NULL);
  struct srv_fleet_totals totals;
  assert_ok(f.core, srv_core_fleet_totals(f.core, P, &totals));
  assert_int_equal(totals.never_seen, 1);
  srv_core_device_online(f.core, &ref);
  assert_int_equal(rollout_of(&release).online, 1);
  srv_core_device_online(f.core, &ref); /* another sign of life */
  assert_ok(f.core, srv_core_fleet_totals(f.core, P, &totals));
  assert_int_equal(totals.online, 1);
  assert_int_equal(totals.never_seen, 0);
  srv_core_device_offline(f.core, &ref);
  assert_int_equal(rollout_of(&release).online, 0);
  core_fixture_restart(&f);
  assert_ok(f.core, srv_core_fleet_totals(f.core, P, &totals));
  assert_int_equal(totals.total, 1);
  assert_int_equal(totals.never_seen, 0);
  core_fixture_end(&f);
}

TEST(a_batch_of_reports_that_is_undone_is_not_counted) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  struct srv_release release = make_release(&f, make_artifact(&f, "model", "2.0.0").id, NULL, NULL);
  report(&device, "model", "1.0.0", "2.0.0", GW_OTA_DOWNLOADING, GW_OTA_READY);
  expect_state(&release, SRV_ROLLOUT_DOWNLOADING);
  core_fixture_fill_disk(&f, true);
  srv_core_batch_begin(f.core);
  report(&device, "model", "2.0.0", "", GW_OTA_IDLE, GW_OTA_UPDATED_SUCCESSFULLY);
  expect_state(&release, SRV_ROLLOUT_UPDATED);
  assert_int_equal(srv_core_batch_commit(f.core), SRV_ERR_NO_SPACE);
  core_fixture_fill_disk(&f, false);
  expect_state(&release, SRV_ROLLOUT_DOWNLOADING);
  core_fixture_end(&f);
}

TEST(a_change_that_is_refused_changes_no_count) {
  core_fixture_begin(&f);
  struct srv_tag beta = make_tag(&f, "beta");
  struct srv_device first = make_device(&f, "first", NULL, NULL);
  make_device(&f, "second", NULL, NULL);
  struct srv_release release =
      make_release(&f, make_artifact(&f, "model", "1.0.0").id, NULL, beta.id);
  assert_int_equal(rollout_of(&release).targets, 0);
  strcpy(first.name, "second");
  strcpy(first.tag_id[first.tag_count++], beta.id);
  assert_int_equal(srv_core_update_device(f.core, &first), SRV_ERR_EXISTS);
  assert_int_equal(rollout_of(&release).targets, 0);
  assert_int_equal(rollout_of(&release).superseded, 0);
  core_fixture_end(&f);
}

/* --- previews ----------------------------------------------------------------------- */

static void count_shown(void *context, const struct srv_preview_device *device) {
  (void)device;
  (*(size_t *)context)++;
}

TEST(a_preview_says_what_becomes_of_each_device_and_stores_nothing) {
  core_fixture_begin(&f);
  struct srv_device current = make_device(&f, "current", NULL, NULL);
  make_device(&f, "old", NULL, NULL);
  struct srv_device off = make_device(&f, "off", NULL, NULL);
  off.enabled = false;
  assert_ok(f.core, srv_core_update_device(f.core, &off));
  report(&current, "model", "2.0.0", "", GW_OTA_IDLE, GW_OTA_READY);
  struct srv_release release = {.project_id = P, .artifact_count = 1};
  strcpy(release.artifact_id[0], make_artifact(&f, "model", "2.0.0").id);
  uint64_t counts[SRV_VERDICTS];
  size_t shown = 0;
  assert_ok(f.core, srv_core_preview_release(f.core, &release, 0, 1, count_shown, &shown, counts));
  assert_int_equal(shown, 1); /* one a page */
  assert_int_equal(counts[SRV_VERDICT_SAME], 1);
  assert_int_equal(counts[SRV_VERDICT_UPDATE], 1);
  assert_int_equal(counts[SRV_VERDICT_SUPERSEDED], 0);
  struct srv_query query = {0};
  uint64_t releases;
  assert_ok(f.core, srv_core_list(f.core, SRV_RELEASE, &query, NULL, NULL, &releases));
  assert_int_equal(releases, 0);
  core_fixture_end(&f);
}

TEST(a_preview_in_the_place_of_an_older_release_tells_who_gets_a_newer_one) {
  core_fixture_begin(&f);
  struct srv_tag beta = make_tag(&f, "beta");
  make_device(&f, "plain", NULL, NULL);
  make_device(&f, "tagged", NULL, beta.id);
  struct srv_release older = make_release(&f, make_artifact(&f, "model", "1.0.0").id, NULL, NULL);
  make_release(&f, make_artifact(&f, "model", "2.0.0").id, NULL, beta.id);
  uint64_t counts[SRV_VERDICTS];
  assert_ok(f.core, srv_core_preview_release(f.core, &older, 0, 0, NULL, NULL, counts));
  assert_int_equal(counts[SRV_VERDICT_UPDATE], 1);
  assert_int_equal(counts[SRV_VERDICT_SUPERSEDED], 1);
  older.id[0] = 0; /* the same again, as a new one */
  assert_ok(f.core, srv_core_preview_release(f.core, &older, 0, 0, NULL, NULL, counts));
  assert_int_equal(counts[SRV_VERDICT_UPDATE], 2);
  core_fixture_end(&f);
}

TEST(a_preview_of_what_could_be_no_release_is_refused) {
  core_fixture_begin(&f);
  uint64_t counts[SRV_VERDICTS];
  struct srv_release release = {.project_id = P};
  assert_int_equal(srv_core_preview_release(f.core, &release, 0, 0, NULL, NULL, counts),
                   SRV_ERR_INVALID);
  release.artifact_count = 2;
  strcpy(release.artifact_id[0], make_artifact(&f, "model", "1.0.0").id);
  strcpy(release.artifact_id[1], make_artifact(&f, "model", "2.0.0").id);
  assert_int_equal(srv_core_preview_release(f.core, &release, 0, 0, NULL, NULL, counts),
                   SRV_ERR_INVALID);
  release.artifact_count = 1;
  strcpy(release.device_tag_id[release.device_tag_count++], "000000000000000000000000");
  assert_int_equal(srv_core_preview_release(f.core, &release, 0, 0, NULL, NULL, counts),
                   SRV_ERR_NOT_FOUND);
  core_fixture_end(&f);
}

/* --- a large fleet -------------------------------------------------------------------- */

TEST(a_large_fleet_is_read_in_slices_and_says_so) {
  core_fixture_begin(&f);
  struct srv_release release = make_release(&f, make_artifact(&f, "model", "1.0.0").id, NULL, NULL);
  srv_core_batch_begin(f.core);
  for (int i = 0; i < 3000; i++) {
    char name[16];
    snprintf(name, sizeof(name), "d%d", i);
    make_device(&f, name, NULL, NULL);
  }
  assert_ok(f.core, srv_core_batch_commit(f.core));
  core_fixture_restart(&f);
  f.core->fleets.read_now = 0;
  f.core->fleets.count_now = 500;
  f.core->fleets.count_slice = 500;
  struct srv_fleet_totals totals;
  struct srv_device_filter filter = {0};
  char ids[1][SRV_ID_LENGTH + 1];
  size_t count;
  uint64_t total;
  assert_ok(f.core, srv_core_fleet_totals(f.core, P, &totals));
  assert_false(totals.complete);
  assert_int_equal(totals.total, SRV_FLEET_SLICE);
  assert_int_equal(srv_core_select_devices(f.core, P, &filter, 0, 1, ids, &count, &total),
                   SRV_ERR_BUSY);
  assert_true(srv_core_has_work(f.core));
  int turns = 0;
  while (srv_core_has_work(f.core)) {
    srv_core_tick(f.core);
    assert_true(++turns < 100);
  }
  assert_true(turns > 3);
  assert_ok(f.core, srv_core_fleet_totals(f.core, P, &totals));
  assert_true(totals.complete);
  assert_int_equal(totals.total, 3000);
  assert_false(rollout_of(&release).complete); /* one slice of it */
  while (srv_core_has_work(f.core)) srv_core_tick(f.core);
  assert_true(rollout_of(&release).complete);
  assert_int_equal(rollout_of(&release).targets, 3000);
  assert_false(srv_core_has_work(f.core));
  core_fixture_end(&f);
}

TEST(two_projects_keep_their_devices_apart) {
  core_fixture_begin(&f);
  struct srv_project other = {.id = "other", .name = "other"};
  assert_ok(f.core, srv_core_create_project(f.core, &other));
  make_device(&f, "d", NULL, NULL);
  struct srv_device theirs = {.project_id = "other", .name = "d", .enabled = true};
  assert_ok(f.core, srv_core_create_device(f.core, &theirs));
  struct srv_release release = make_release(&f, make_artifact(&f, "model", "1.0.0").id, NULL, NULL);
  struct srv_fleet_totals totals;
  assert_int_equal(rollout_of(&release).targets, 1);
  assert_ok(f.core, srv_core_fleet_totals(f.core, "other", &totals));
  assert_int_equal(totals.total, 1);
  assert_ok(f.core, srv_core_delete_device(f.core, "other", theirs.id));
  assert_ok(f.core, srv_core_fleet_totals(f.core, "other", &totals));
  assert_int_equal(totals.total, 0);
  assert_int_equal(rollout_of(&release).targets, 1);
  core_fixture_end(&f);
}
