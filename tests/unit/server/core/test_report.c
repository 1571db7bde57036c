/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <sys/resource.h>

#include "tests/unit/server/core/core_fixture.h"

static struct core_fixture f;

static struct gw_report report_of(uint8_t state, uint8_t reason, const char *package) {
  struct gw_report report = {
      .state = state, .reason = reason, .version = "1.0.0", .target = "1.1.0"};
  snprintf(report.package, sizeof(report.package), "%s", package);
  return report;
}

static uint64_t event_count(const char *device_id) {
  struct srv_query query = {0};
  uint64_t total = 0;
  srv_query_text(&query, "device_id", SRV_EQUALS, device_id);
  assert_ok(f.core, srv_core_list(f.core, SRV_OTA_EVENT, &query, NULL, NULL, &total));
  return total;
}

TEST(a_report_is_the_devices_state_and_an_event) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  struct srv_device_ref ref = ref_of(&device);
  struct gw_report report = report_of(GW_OTA_DOWNLOADING, GW_OTA_READY, "model");
  assert_ok(f.core, srv_core_report(f.core, &ref, &report));
  report = report_of(GW_OTA_IDLE, GW_OTA_INTEGRITY_CHECK_FAILED, "model");
  f.now_us += 1000;
  assert_ok(f.core, srv_core_report(f.core, &ref, &report));
  core_fixture_restart(&f);
  struct srv_device_state now;
  assert_ok(f.core, srv_core_device_state(f.core, device.id, &now));
  assert_int_equal(now.status_count, 1);
  assert_string_equal(now.status[0].package, "model");
  assert_int_equal(now.status[0].state, GW_OTA_IDLE);
  assert_int_equal(now.status[0].reason, GW_OTA_INTEGRITY_CHECK_FAILED);
  assert_string_equal(now.status[0].target, "1.1.0");
  assert_true(now.status[0].time_us == f.now_us);
  assert_int_equal(event_count(device.id), 2);
  core_fixture_end(&f);
}

TEST(a_report_is_newer_than_the_last_sign_of_life) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  struct srv_device_ref ref = ref_of(&device);
  struct gw_report report = report_of(GW_OTA_IDLE, GW_OTA_READY, "model");
  int64_t came = f.now_us;
  srv_core_device_online(f.core, &ref);
  f.now_us += 7 * 1000000;
  assert_ok(f.core, srv_core_report(f.core, &ref, &report));
  core_fixture_restart(&f);
  struct srv_device_state now;
  assert_ok(f.core, srv_core_device_state(f.core, device.id, &now));
  assert_true(now.last_report_us == came + 7 * 1000000);
  assert_true(now.last_seen_online_us == came);
  core_fixture_end(&f);
}

TEST(a_version_longer_than_an_artifacts_is_kept_whole) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  struct srv_device_ref ref = ref_of(&device);
  struct gw_report report = report_of(GW_OTA_IDLE, GW_OTA_READY, "main");
  memset(report.version, 'v', GW_REPORT_VERSION_MAX); /* firmware names itself as it likes */
  memset(report.target, 't', GW_REPORT_VERSION_MAX);
  assert_ok(f.core, srv_core_report(f.core, &ref, &report));
  core_fixture_restart(&f);
  struct srv_device_state now;
  assert_ok(f.core, srv_core_device_state(f.core, device.id, &now));
  assert_string_equal(now.status[0].version, report.version);
  assert_string_equal(now.status[0].target, report.target);
  core_fixture_end(&f);
}

TEST(history_is_bounded_for_each_package_and_keeps_the_newest) {
  core_fixture_begin(&f); /* keeps 8 */
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  struct srv_device_ref ref = ref_of(&device);
  struct gw_report once = report_of(0, 0, "main");
  assert_ok(f.core, srv_core_report(f.core, &ref, &once));
  for (int i = 0; i < 100; i++) {
    struct gw_report report = report_of((uint8_t)(i % 4), (uint8_t)i, "model");
    assert_ok(f.core, srv_core_report(f.core, &ref, &report));
    assert_true(event_count(device.id) <= 1 + 8 + 3);
  }
  struct srv_ota_event newest;
  struct srv_query query = {.newest_first = true};
  assert_int_equal(f.folder.store->ops->get(f.folder.store, SRV_OTA_EVENT, &query, &newest),
                   SRV_OK);
  assert_int_equal(newest.reason, 99);
  srv_query_text(&query, "package", SRV_EQUALS, "main");
  assert_int_equal(f.folder.store->ops->get(f.folder.store, SRV_OTA_EVENT, &query, &newest),
                   SRV_OK);
  core_fixture_end(&f);
}

TEST(a_device_cannot_fill_the_disk_with_package_names) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  struct srv_device_ref ref = ref_of(&device);
  for (int i = 0; i < SRV_DEVICE_PACKAGES_MAX + 5; i++) {
    char package[GW_PACKAGE_MAX + 1];
    snprintf(package, sizeof(package), "p%d", i);
    struct gw_report report = report_of(0, 0, package);
    int status = srv_core_report(f.core, &ref, &report);
    assert_int_equal(status, i < SRV_DEVICE_PACKAGES_MAX ? SRV_OK : SRV_ERR_INVALID);
  }
  core_fixture_end(&f);
}

TEST(a_report_of_a_deleted_device_is_not_found) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  struct srv_device_ref ref = ref_of(&device);
  assert_ok(f.core, srv_core_delete_device(f.core, P, device.id));
  struct gw_report report = report_of(0, 0, "model");
  assert_int_equal(srv_core_report(f.core, &ref, &report), SRV_ERR_NOT_FOUND);
  core_fixture_end(&f);
}

TEST(reports_of_one_batch_are_there_after_its_commit) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  struct srv_device_ref ref = ref_of(&device);
  srv_core_batch_begin(f.core);
  for (int i = 0; i < 5; i++) {
    struct gw_report report = report_of(1, (uint8_t)i, "model");
    assert_ok(f.core, srv_core_report(f.core, &ref, &report));
  }
  struct srv_device_ref nobody = {.project_id = P, .device_id = "nobody"};
  struct gw_report report = report_of(1, 0, "model");
  assert_int_equal(srv_core_report(f.core, &nobody, &report), SRV_ERR_NOT_FOUND);
  assert_ok(f.core, srv_core_batch_commit(f.core));
  core_fixture_restart(&f);
  assert_int_equal(event_count(device.id), 5); /* one bad report undoes itself only */
  core_fixture_end(&f);
}

TEST(listeners_are_told_after_the_batch_is_committed_and_once) {
  core_fixture_begin(&f);
  struct srv_artifact artifact = make_artifact(&f, "model", "1.0.0");
  f.told[0] = 0;
  srv_core_batch_begin(f.core);
  make_release(&f, artifact.id, NULL, NULL);
  make_release(&f, artifact.id, NULL, NULL);
  assert_string_equal(f.told, "");
  assert_ok(f.core, srv_core_batch_commit(f.core));
  assert_string_equal(f.told, "manifest default *;");
  core_fixture_end(&f);
}

TEST(a_batch_that_the_full_disk_refuses_fails_at_commit_and_tells_nobody) {
  signal(SIGXFSZ, SIG_IGN);
  core_fixture_begin(&f);
  struct srv_artifact artifact = make_artifact(&f, "model", "1.0.0");
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  struct rlimit limit;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
  rlim_t before = limit.rlim_cur;
  limit.rlim_cur = 4096;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
  f.told[0] = 0;
  srv_core_batch_begin(f.core);
  struct srv_release release = {.project_id = P, .rollout = true, .artifact_count = 1};
  strcpy(release.artifact_id[0], artifact.id);
  int status = srv_core_create_release(f.core, &release);
  int committed = srv_core_batch_commit(f.core);
  assert_true(status == SRV_ERR_NO_SPACE || committed == SRV_ERR_NO_SPACE);
  assert_string_equal(f.told, "");
  limit.rlim_cur = before;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
  assert_string_equal(version_for(&f, &device), "");
  make_release(&f, artifact.id, NULL, NULL);
  assert_string_equal(version_for(&f, &device), "1.0.0");
  core_fixture_end(&f);
}
