/* SPDX-License-Identifier: Apache-2.0 */
#include "server/core/fleet.h"
#include "server/core/internal.h"
#include "server/core/profile.h"
#include "tests/unit/server/rest/rest_fixture.h"

static struct rest_fixture f;

#define CORE (&f.core)
#define MODEL GODWIT_SOURCE_DIR "/examples/micro_speech/models/yes_no.tflite"

static const struct rest_answer *get(const char *url) { return rest_call(&f, "GET", url, NULL); }

static const struct rest_answer *post(const char *url, const char *body) {
  return rest_call(&f, "POST", url, body);
}

static const struct rest_answer *upload_model(const char *url) {
  size_t size;
  uint8_t *bytes = test_read_file(MODEL, &size);
  const struct rest_answer *answer = rest_upload(&f, url, bytes, size);
  free(bytes);
  return answer;
}

static void report(const struct srv_device *device, const char *version, const char *target,
                   uint8_t state, uint8_t reason) {
  struct gw_report words = {.state = state, .reason = reason, .package = "model"};
  struct srv_device_ref ref = ref_of(device);
  strcpy(words.version, version);
  strcpy(words.target, target);
  assert_ok(f.core.core, srv_core_report(f.core.core, &ref, &words));
}

static void say_hello(const struct srv_device *device, uint32_t arena_bytes) {
  struct gw_hello hello = {.arena_bytes = arena_bytes};
  struct srv_device_ref ref = ref_of(device);
  assert_ok(f.core.core, srv_core_device_hello(f.core.core, &ref, &hello));
}

/* --- overview --------------------------------------------------------------------------- */

TEST(the_overview_of_an_empty_project_is_all_zeros) {
  rest_begin(&f);
  const struct rest_answer *answer = get(PP "/overview");
  rest_expect(answer, 200);
  assert_int_equal(rest_number(answer, "data.devices.total"), 0);
  assert_int_equal(json_array_size(rest_value(answer, "data.packages")), 0);
  assert_int_equal(json_array_size(rest_value(answer, "data.rollouts")), 0);
  assert_int_equal(json_array_size(rest_value(answer, "data.failures")), 0);
  assert_int_equal(rest_number(answer, "data.captures.total"), 0);
  assert_true(json_is_true(rest_value(answer, "data.complete")));
  rest_end(&f);
}

TEST(the_overview_shows_versions_rollouts_failures_and_captures) {
  rest_begin(&f);
  struct srv_device a = make_device(CORE, "a", NULL, NULL), b = make_device(CORE, "b", NULL, NULL);
  struct srv_device_ref ref = ref_of(&a);
  make_device(CORE, "c", NULL, NULL);
  struct srv_release release =
      make_release(CORE, make_artifact(CORE, "model", "2.0.0").id, NULL, NULL);
  srv_core_device_online(f.core.core, &ref);
  report(&a, "2.0.0", "", GW_OTA_IDLE, GW_OTA_UPDATED_SUCCESSFULLY);
  report(&b, "1.0.0", "2.0.0", GW_OTA_IDLE, GW_OTA_OUT_OF_RAM);
  report(&b, "1.0.0", "2.0.0", GW_OTA_DOWNLOADING, GW_OTA_READY);
  rest_capture(&f, &a, "audio", "bytes", 5, NULL, 0);
  const struct rest_answer *answer = get(PP "/overview");
  rest_expect(answer, 200);
  assert_int_equal(rest_number(answer, "data.devices.total"), 3);
  assert_int_equal(rest_number(answer, "data.devices.online"), 1);
  assert_int_equal(rest_number(answer, "data.devices.neverSeen"), 2);
  assert_string_equal(rest_text(answer, "data.packages.0.versions.0.version"), "2.0.0");
  assert_int_equal(rest_number(answer, "data.packages.0.versions.0.count"), 1);
  assert_int_equal(rest_number(answer, "data.packages.0.versions.0.online"), 1);
  assert_int_equal(rest_number(answer, "data.packages.0.unknown"), 1);
  assert_string_equal(rest_text(answer, "data.rollouts.0.releaseId"), release.id);
  assert_int_equal(rest_number(answer, "data.rollouts.0.states.updated"), 1);
  assert_int_equal(rest_number(answer, "data.rollouts.0.states.downloading"), 1);
  assert_int_equal(rest_number(answer, "data.rollouts.0.states.waiting"), 1);
  assert_int_equal(json_array_size(rest_value(answer, "data.failures")), 1);
  assert_string_equal(rest_text(answer, "data.failures.0.deviceName"), "b");
  assert_string_equal(rest_text(answer, "data.failures.0.message"), "OUT_OF_RAM");
  assert_int_equal(rest_number(answer, "data.captures.total"), 1);
  assert_int_equal(rest_number(answer, "data.captures.unlabelled"), 1);
  rest_end(&f);
}

TEST(the_last_point_of_the_history_is_of_now_before_anything_is_written_down) {
  rest_begin(&f);
  struct srv_device device = make_device(CORE, "a", NULL, NULL);
  report(&device, "1.0.0", "", GW_OTA_IDLE, 0);
  const struct rest_answer *answer = get(PP "/overview/history?package=model&points=2");
  rest_expect(answer, 200);
  assert_int_equal(json_object_size(rest_value(answer, "data.points.0.counts")), 0);
  assert_int_equal(
      json_integer_value(json_object_get(rest_value(answer, "data.points.1.counts"), "1.0.0")), 1);
  rest_end(&f);
}

TEST(history_is_a_line_of_points_that_know_what_was_last_known) {
  rest_begin(&f);
  struct srv_fleet_sample row = {.project_id = P, .package = "model", .count = 3};
  const struct srv_store_ops *ops = f.core.folder.store->ops;
  row.time_us = INT64_C(1700000000) * 1000000;
  strcpy(row.version, "1.0.0");
  assert_int_equal(ops->insert(f.core.folder.store, SRV_FLEET_SAMPLE, &row), SRV_OK);
  row.count = 0;
  row.time_us += INT64_C(3600) * 1000000;
  assert_int_equal(ops->insert(f.core.folder.store, SRV_FLEET_SAMPLE, &row), SRV_OK);
  const struct rest_answer *answer =
      get(PP
          "/overview/history?package=model&points=3&start=2023-11-14T21:13:20Z&end="
          "2023-11-14T23:13:20Z"); /* an hour before, then, an hour after */
  rest_expect(answer, 200);
  assert_int_equal(json_array_size(rest_value(answer, "data.points")), 3);
  assert_int_equal(json_object_size(rest_value(answer, "data.points.0.counts")), 0);
  assert_int_equal(
      json_integer_value(json_object_get(rest_value(answer, "data.points.1.counts"), "1.0.0")), 3);
  assert_int_equal(
      json_integer_value(json_object_get(rest_value(answer, "data.points.2.counts"), "1.0.0")), 0);
  assert_string_equal(rest_text(answer, "data.versions.0"), "1.0.0");
  answer = get(PP
               "/overview/history?package=model&points=5&start=2023-11-14T21:13:20Z&end="
               "2023-11-15T01:13:20Z"); /* gone: said once */
  assert_int_equal(json_object_size(rest_value(answer, "data.points.2.counts")), 1);
  assert_int_equal(json_object_size(rest_value(answer, "data.points.3.counts")), 0);
  assert_string_equal(rest_text(answer, "data.versions.0"), "1.0.0");
  answer = get(PP "/overview/history?package=model&points=1");
  rest_expect(answer, 200);
  /* Nobody says that they run it: the last point is of now, whatever was written down. */
  assert_int_equal(
      json_integer_value(json_object_get(rest_value(answer, "data.points.0.counts"), "1.0.0")), 0);
  rest_expect_error(get(PP "/overview/history"), 400, 3, "package");
  rest_expect_error(get(PP "/overview/history?package=a&points=501"), 400, 3, "points");
  rest_expect_error(get(PP "/overview/history?package=a&points=0"), 400, 3, "points");
  rest_expect_error(get(PP "/overview/history?package=a&start=yesterday"), 400, 3, "start");
  rest_expect_error(
      get(PP "/overview/history?package=a&start=2024-01-02T00:00:00Z&end=2024-01-01T00:00:00Z"),
      400, 3, "after");
  rest_end(&f);
}

/* --- rollouts ----------------------------------------------------------------------------- */

TEST(a_rollout_and_its_devices_say_the_same) {
  rest_begin(&f);
  char url[128];
  struct srv_device a = make_device(CORE, "kitchen", NULL, NULL);
  make_device(CORE, "garden", NULL, NULL);
  struct srv_release release =
      make_release(CORE, make_artifact(CORE, "model", "2.0.0").id, NULL, NULL);
  report(&a, "1.0.0", "2.0.0", GW_OTA_IDLE, GW_OTA_IO);
  snprintf(url, sizeof(url), PP "/releases/%s/rollout", release.id);
  const struct rest_answer *answer = get(url);
  rest_expect(answer, 200);
  assert_int_equal(rest_number(answer, "data.targets"), 2);
  assert_int_equal(rest_number(answer, "data.states.failed"), 1);
  assert_string_equal(rest_text(answer, "data.failures.0.reason"), "IO");
  assert_int_equal(rest_number(answer, "data.failures.0.reasonCode"), GW_OTA_IO);
  snprintf(url, sizeof(url), PP "/releases/%s/devices?state=failed", release.id);
  answer = get(url);
  rest_expect(answer, 200);
  assert_int_equal(rest_number(answer, "total"), 1);
  assert_string_equal(rest_text(answer, "list.0.deviceName"), "kitchen");
  assert_string_equal(rest_text(answer, "list.0.reason"), "IO");
  assert_string_equal(rest_text(answer, "list.0.version"), "1.0.0");
  assert_string_equal(rest_text(answer, "list.0.target"), "2.0.0");
  assert_string_equal(rest_text(answer, "list.0.status"), "-");
  assert_true(json_is_null(rest_value(answer, "list.0.percent")));
  snprintf(url, sizeof(url), PP "/releases/%s/devices?term=GARD", release.id);
  assert_int_equal(rest_number(get(url), "total"), 1);
  snprintf(url, sizeof(url), PP "/releases/%s/devices?state=lost", release.id);
  rest_expect_error(get(url), 400, 3, "state");
  rest_expect(get(PP "/releases/000000000000000000000000/rollout"), 404);
  rest_end(&f);
}

TEST(a_download_under_way_shows_its_percent) {
  rest_begin(&f);
  char url[128];
  struct srv_device a = make_device(CORE, "a", NULL, NULL);
  struct srv_device_ref ref = ref_of(&a);
  struct srv_release release =
      make_release(CORE, make_artifact(CORE, "model", "2.0.0").id, NULL, NULL);
  srv_core_device_online(f.core.core, &ref);
  report(&a, "1.0.0", "2.0.0", GW_OTA_DOWNLOADING, GW_OTA_READY);
  srv_core_download_progress(f.core.core, &ref, "model", "2.0.0", 300, 1200);
  snprintf(url, sizeof(url), PP "/releases/%s/devices", release.id);
  const struct rest_answer *answer = get(url);
  assert_string_equal(rest_text(answer, "list.0.state"), "downloading");
  assert_int_equal(rest_number(answer, "list.0.percent"), 25);
  rest_end(&f);
}

TEST(a_preview_lists_each_device_with_a_verdict) {
  rest_begin(&f);
  char body[256];
  struct srv_device a = make_device(CORE, "a", NULL, NULL);
  make_device(CORE, "b", NULL, NULL);
  report(&a, "2.0.0", "", GW_OTA_IDLE, GW_OTA_READY);
  struct srv_artifact artifact = make_artifact(CORE, "model", "2.0.0");
  snprintf(body, sizeof(body), "{\"artifactIds\":[\"%s\"],\"perPage\":1,\"page\":1}", artifact.id);
  const struct rest_answer *answer = post(PP "/releases/preview", body);
  rest_expect(answer, 200);
  assert_int_equal(rest_number(answer, "total"), 2);
  assert_int_equal(rest_number(answer, "counts.same"), 1);
  assert_int_equal(rest_number(answer, "counts.update"), 1);
  assert_int_equal(json_array_size(rest_value(answer, "list")), 1);
  assert_string_equal(rest_text(answer, "list.0.deviceName"), "b");
  assert_string_equal(rest_text(answer, "list.0.verdict"), "update");
  snprintf(body, sizeof(body), "{\"artifactIds\":[\"%s\"],\"page\":0}", artifact.id);
  answer = post(PP "/releases/preview", body);
  assert_string_equal(rest_text(answer, "list.0.verdict"), "same");
  assert_string_equal(rest_text(answer, "list.0.current.model"), "2.0.0");
  rest_expect(post(PP "/releases/preview", "{}"), 400);
  rest_expect(post(PP "/releases/preview", "{\"artifactIds\":[]}"), 400);
  rest_expect(post(PP "/releases/preview", "{\"artifactIds\":[\"nothing\"]}"), 400);
  rest_end(&f);
}

TEST(a_rollout_to_devices_that_cannot_run_it_is_refused_unless_it_is_meant) {
  rest_begin(&f);
  char body[256], url[128];
  struct srv_device device = make_device(CORE, "kitchen", NULL, NULL);
  const struct rest_answer *answer = upload_model(PP "/artifacts?package=model&version=1.0.0");
  rest_expect(answer, 200);
  char artifact_id[SRV_ID_LENGTH + 1];
  snprintf(artifact_id, sizeof(artifact_id), "%s", rest_text(answer, "data.id"));
  say_hello(&device, 100);
  snprintf(body, sizeof(body), "{\"artifactIds\":[\"%s\"],\"rollout\":true}", artifact_id);
  answer = post(PP "/releases", body);
  rest_expect_error(answer, 409, 9, "\"kitchen\" (needs");
  snprintf(body, sizeof(body), "{\"artifactIds\":[\"%s\"]}", artifact_id);
  answer = post(PP "/releases", body); /* to be rolled out later */
  rest_expect(answer, 200);
  snprintf(url, sizeof(url), PP "/releases/%s", rest_text(answer, "data.id"));
  rest_expect_error(rest_call(&f, "PATCH", url, "{\"rollout\":true}"), 409, 9, "kitchen");
  rest_expect(rest_call(&f, "PATCH", url, "{\"rollout\":true,\"force\":true}"), 200);
  rest_expect(rest_call(&f, "PATCH", url, "{\"addReleaseTag\":[\"v1\"]}"), 200); /* as it was */
  rest_expect(rest_call(&f, "PATCH", url, "{\"rollout\":false}"), 200);
  rest_end(&f);
}

/* --- many at once ------------------------------------------------------------------------ */

TEST(many_devices_are_changed_by_ids_or_by_a_filter) {
  rest_begin(&f);
  char body[256];
  struct srv_tag beta = make_tag(CORE, "beta");
  struct srv_blueprint board = make_blueprint(CORE, "board");
  struct srv_device a = make_device(CORE, "kitchen a", NULL, NULL);
  make_device(CORE, "kitchen b", NULL, beta.id);
  make_device(CORE, "garden", NULL, NULL);
  snprintf(body, sizeof(body), "{\"ids\":[\"%s\",\"garden\"],\"blueprintId\":\"board\"}", a.id);
  const struct rest_answer *answer = post(PP "/devices/bulk", body);
  rest_expect(answer, 200);
  assert_int_equal(rest_number(answer, "data.matched"), 2);
  assert_int_equal(rest_number(answer, "data.updated"), 2);
  answer = post(PP "/devices/bulk",
                "{\"filter\":{\"term\":\"kitchen\"},\"addTagId\":[\"beta\"],\"enabled\":false}");
  rest_expect(answer, 200);
  assert_int_equal(rest_number(answer, "data.matched"), 2);
  assert_int_equal(rest_number(answer, "data.updated"), 2);
  assert_int_equal(rest_number(answer, "data.remaining"), 0);
  assert_int_equal(rest_number(get(PP "/devices?tags=beta&enabled=false"), "total"), 2);
  snprintf(body, sizeof(body), "{\"filter\":{\"blueprintId\":\"%s\"},\"removeTagId\":\"beta\"}",
           board.id);
  answer = post(PP "/devices/bulk", body);
  assert_int_equal(rest_number(answer, "data.matched"), 2);
  assert_int_equal(rest_number(answer, "data.updated"), 1); /* the garden has none */
  assert_int_equal(rest_number(get(PP "/devices?tags=beta"), "total"), 1);
  rest_end(&f);
}

TEST(a_change_of_many_that_is_not_clear_changes_nothing) {
  rest_begin(&f);
  make_tag(CORE, "beta");
  make_device(CORE, "a", NULL, NULL);
  static const char *const unclear[] = {
      "{}",
      "{\"addTagId\":[\"beta\"]}",
      "{\"ids\":[\"a\"]}",
      "{\"ids\":[\"a\"],\"filter\":{},\"addTagId\":[\"beta\"]}",
      "{\"filter\":{\"terms\":\"a\"},\"addTagId\":[\"beta\"]}",
      "{\"filter\":{\"term\":7},\"addTagId\":[\"beta\"]}",
      "{\"filter\":{\"tags\":[7]},\"addTagId\":[\"beta\"]}",
      "{\"filter\":{\"tags\":[\"nobody\"]},\"addTagId\":[\"beta\"]}",
      "{\"filter\":{\"enabled\":\"yes\"},\"addTagId\":[\"beta\"]}",
      "{\"ids\":[\"a\",\"nobody\"],\"addTagId\":[\"beta\"]}",
      "{\"ids\":[\"a\"],\"addTagId\":[\"nobody\"]}",
      "{\"ids\":[\"a\"],\"blueprintId\":\"nobody\"}",
  };
  for (size_t i = 0; i < sizeof(unclear) / sizeof(unclear[0]); i++) {
    const struct rest_answer *answer = post(PP "/devices/bulk", unclear[i]);
    if (answer->status != 400) fail_msg("%s: %d", unclear[i], answer->status);
  }
  assert_int_equal(rest_number(get(PP "/devices?tags=beta"), "total"), 0);
  rest_end(&f);
}

TEST(a_change_by_ids_names_no_more_devices_than_one_call_changes) {
  rest_begin(&f);
  json_t *ids = json_array();
  for (unsigned i = 0; i <= SRV_BULK_MAX; i++) {
    char name[16];
    snprintf(name, sizeof(name), "d%u", i);
    make_device(CORE, name, NULL, NULL);
    json_array_append_new(ids, json_string(name));
  }
  json_t *body = json_pack("{s:O, s:b}", "ids", ids, "enabled", 0);
  char *text = json_dumps(body, JSON_COMPACT);
  rest_expect_error(post(PP "/devices/bulk", text), 400, 3, "ids: more than 400");
  free(text);
  json_array_remove(ids, 0);
  text = json_dumps(body, JSON_COMPACT);
  const struct rest_answer *answer = post(PP "/devices/bulk", text);
  rest_expect(answer, 200);
  assert_int_equal(rest_number(answer, "data.updated"), SRV_BULK_MAX);
  free(text);
  json_decref(body);
  json_decref(ids);
  rest_end(&f);
}

TEST(of_many_devices_one_that_refuses_leaves_all_as_they_were) {
  rest_begin(&f);
  struct srv_tag beta = make_tag(CORE, "beta");
  make_device(CORE, "first", NULL, NULL);
  struct srv_device full = make_device(CORE, "full", NULL, NULL);
  for (int i = 0; i < SRV_DEVICE_TAGS_MAX; i++) {
    char name[16];
    snprintf(name, sizeof(name), "t%d", i);
    strcpy(full.tag_id[full.tag_count++], make_tag(CORE, name).id);
  }
  assert_ok(f.core.core, srv_core_update_device(f.core.core, &full));
  rest_expect_error(post(PP "/devices/bulk", "{\"filter\":{},\"addTagId\":[\"beta\"]}"), 400, 3,
                    "\"full\" would have more than 32 tags");
  assert_int_equal(rest_number(get(PP "/devices?tags=beta"), "total"), 0);
  (void)beta;
  rest_end(&f);
}

TEST(one_call_changes_as_many_as_may_be_and_says_what_is_left) {
  rest_begin(&f);
  make_tag(CORE, "beta");
  srv_core_batch_begin(f.core.core);
  for (unsigned i = 0; i < SRV_BULK_MAX + 5; i++) {
    char name[16];
    snprintf(name, sizeof(name), "d%u", i);
    make_device(CORE, name, NULL, NULL);
  }
  assert_ok(f.core.core, srv_core_batch_commit(f.core.core));
  do srv_core_tick(f.core.core); /* a fleet of this size is read in turns */
  while (srv_core_has_work(f.core.core));
  const char *body = "{\"filter\":{},\"addTagId\":[\"beta\"]}";
  const struct rest_answer *answer = post(PP "/devices/bulk", body);
  rest_expect(answer, 200);
  assert_int_equal(rest_number(answer, "data.matched"), SRV_BULK_MAX + 5);
  assert_int_equal(rest_number(answer, "data.updated"), SRV_BULK_MAX);
  assert_int_equal(rest_number(answer, "data.remaining"), 5);
  answer = post(PP "/devices/bulk", body);
  assert_int_equal(rest_number(answer, "data.updated"), 5);
  assert_int_equal(rest_number(answer, "data.remaining"), 0);
  rest_end(&f);
}

/* --- lists --------------------------------------------------------------------------------- */

TEST(devices_are_listed_by_presence_version_and_in_the_order_asked_for) {
  rest_begin(&f);
  struct srv_device b = make_device(CORE, "b", NULL, NULL), a = make_device(CORE, "a", NULL, NULL);
  struct srv_device_ref ref = ref_of(&a);
  report(&b, "1.0.0", "", GW_OTA_IDLE, GW_OTA_READY);
  srv_core_device_online(f.core.core, &ref);
  assert_string_equal(rest_text(get(PP "/devices?status=online"), "list.0.name"), "a");
  assert_string_equal(rest_text(get(PP "/devices?status=offline"), "list.0.name"), "b");
  assert_string_equal(rest_text(get(PP "/devices?version=model@1.0.0"), "list.0.name"), "b");
  assert_int_equal(rest_number(get(PP "/devices?version=model"), "total"), 1);
  assert_int_equal(rest_number(get(PP "/devices?version=model@2.0.0"), "total"), 0);
  assert_string_equal(rest_text(get(PP "/devices?sort=name"), "list.0.name"), "a");
  assert_string_equal(rest_text(get(PP "/devices?sort=name&order=desc"), "list.0.name"), "b");
  assert_string_equal(rest_text(get(PP "/devices?sort=createdAt"), "list.0.name"), "b");
  assert_string_equal(rest_text(get(PP "/devices?sort=lastReport&order=desc"), "list.0.name"), "a");
  assert_string_equal(rest_text(get(PP "/devices?perPage=1&page=1"), "list.0.name"), "a");
  rest_expect_error(get(PP "/devices?status=asleep"), 400, 3, "status");
  rest_expect_error(get(PP "/devices?sort=size"), 400, 3, "sort");
  rest_expect_error(get(PP "/devices?order=up"), 400, 3, "order");
  rest_expect_error(get(PP "/devices?version=@1"), 400, 3, "version");
  rest_expect_error(get(PP "/devices?hardwareId=x&sort=name"), 400, 3, "hardwareId");
  rest_expect(get(PP "/devices?hardwareId=x"), 200);
  rest_end(&f);
}

static void make_many(size_t count) {
  srv_core_batch_begin(f.core.core);
  for (size_t i = 0; i < count; i++) {
    char name[24];
    snprintf(name, sizeof(name), "d%zu", i);
    make_device(CORE, name, NULL, NULL);
  }
  assert_ok(f.core.core, srv_core_batch_commit(f.core.core));
}

TEST(while_a_large_fleet_is_read_the_store_answers_what_it_can) {
  rest_begin(&f);
  make_many(350);
  core_fixture_restart(CORE);
  f.context.core = f.core.core;
  f.core.core->fleets.read_now = 0; /* each request reads a hundred */
  f.core.core->fleets.slice = 1;
  const struct rest_answer *answer = get(PP "/devices?term=d34");
  rest_expect(answer, 200);
  assert_int_equal(rest_number(answer, "total"), 11); /* d34, d340 to d349 */
  rest_expect_error(get(PP "/devices?sort=name"), 503, 14, "still being read");
  answer = get(PP "/overview");
  rest_expect(answer, 200);
  assert_true(json_is_false(rest_value(answer, "data.complete")));
  assert_int_equal(rest_number(answer, "data.devices.total"), 300);
  answer = get(PP "/devices?sort=name&order=desc");
  rest_expect(answer, 200); /* now it is */
  assert_int_equal(rest_number(answer, "total"), 350);
  assert_string_equal(rest_text(answer, "list.0.name"), "d99");
  rest_end(&f);
}

TEST(a_page_of_hundreds_has_each_device_once_and_in_order) {
  rest_begin(&f);
  make_many(350);
  const struct rest_answer *answer = get(PP "/devices?perPage=340&sort=createdAt&order=desc");
  rest_expect(answer, 200);
  assert_int_equal(json_array_size(rest_value(answer, "list")), 340);
  for (size_t i = 0; i < 340; i++) {
    char name[24];
    snprintf(name, sizeof(name), "d%zu", 349 - i);
    const json_t *device = json_array_get(rest_value(answer, "list"), i);
    assert_string_equal(json_string_value(json_object_get(device, "name")), name);
  }
  rest_end(&f);
}

/* --- models ---------------------------------------------------------------------------------- */

TEST(a_model_is_shown_before_it_is_stored) {
  rest_begin(&f);
  struct srv_device small = make_device(CORE, "small", NULL, NULL);
  say_hello(&small, 100);
  make_device(CORE, "silent", NULL, NULL);
  const struct rest_answer *answer = upload_model(PP "/models/inspect");
  rest_expect(answer, 200);
  assert_true(json_is_true(rest_value(answer, "data.isModel")));
  assert_true(json_is_null(rest_value(answer, "data.problem")));
  assert_int_equal(rest_number(answer, "data.size"), 26944);
  assert_int_equal(strlen(rest_text(answer, "data.digest")), 64);
  assert_true(rest_number(answer, "data.arenaBytes") > 1000);
  assert_true(json_array_size(rest_value(answer, "data.labels")) >= 2);
  assert_string_equal(rest_text(answer, "data.inputs.0.type"), "int8");
  assert_true(rest_number(answer, "data.ops.0.count") >= 1);
  assert_true(json_array_size(rest_value(answer, "data.layers")) >= 2);
  assert_int_equal(rest_number(answer, "data.selfTest.cases"), 12);
  assert_int_equal(rest_number(answer, "data.selfTest.tolerance"), 0);
  assert_int_equal(rest_number(answer, "data.compatibility.0.devices"), 2);
  assert_int_equal(rest_number(answer, "data.compatibility.0.cannotRun"), 1);
  assert_int_equal(rest_number(answer, "data.compatibility.0.unknown"), 1);
  assert_non_null(strstr(rest_text(answer, "data.compatibility.0.reasons.0.reason"),
                         "bytes of arena, it has 100"));
  assert_int_equal(rest_number(get(PP "/artifacts"), "total"), 0);
  rest_end(&f);
}

TEST(what_is_no_model_is_said_to_be_none_and_why) {
  rest_begin(&f);
  const struct rest_answer *answer = rest_upload(&f, PP "/models/inspect", "not a model", 11);
  rest_expect(answer, 200);
  assert_true(json_is_false(rest_value(answer, "data.isModel")));
  assert_non_null(strstr(rest_text(answer, "data.problem"), "not a TensorFlow Lite model"));
  assert_int_equal(rest_number(answer, "data.size"), 11);
  rest_expect(rest_upload(&f, PP "/models/inspect", "", 0), 400);
  rest_end(&f);
}

TEST(a_model_cut_short_anywhere_is_a_problem_and_no_crash) {
  rest_begin(&f);
  size_t size;
  uint8_t *bytes = test_read_file(MODEL, &size);
  for (size_t length = 1; length < size; length += 997) {
    const struct rest_answer *answer = rest_upload(&f, PP "/models/inspect", bytes, length);
    rest_expect(answer, 200);
    assert_true(json_is_false(rest_value(answer, "data.isModel")));
  }
  free(bytes);
  rest_end(&f);
}

TEST(a_stored_model_says_the_same_as_before_it_was_stored) {
  rest_begin(&f);
  char url[128];
  json_t *before = json_incref(rest_value(upload_model(PP "/models/inspect"), "data"));
  json_object_del(before, "compatibility");
  const struct rest_answer *answer = upload_model(PP "/artifacts?package=model&version=1.0.0");
  rest_expect(answer, 200);
  assert_true(json_equal(before, rest_value(answer, "data.model")));
  json_decref(before);
  snprintf(url, sizeof(url), PP "/artifacts/%s/compatibility", rest_text(answer, "data.id"));
  make_device(CORE, "silent", NULL, NULL);
  answer = get(url);
  rest_expect(answer, 200);
  assert_int_equal(rest_number(answer, "data.compatibility.0.unknown"), 1);
  rest_expect(get(PP "/artifacts/000000000000000000000000/compatibility"), 404);
  rest_end(&f);
}

TEST(a_blueprint_keeps_what_its_boards_have) {
  rest_begin(&f);
  const struct rest_answer *answer =
      post(PP "/blueprints", "{\"name\":\"board\",\"arenaBytes\":65536}");
  rest_expect(answer, 200);
  assert_int_equal(rest_number(answer, "data.arenaBytes"), 65536);
  assert_int_equal(rest_number(answer, "data.modelBytesMax"), 0);
  char url[128];
  snprintf(url, sizeof(url), PP "/blueprints/%s", rest_text(answer, "data.id"));
  answer = rest_call(&f, "PATCH", url, "{\"modelBytesMax\":30000}");
  assert_int_equal(rest_number(answer, "data.arenaBytes"), 65536);
  assert_int_equal(rest_number(answer, "data.modelBytesMax"), 30000);
  rest_expect(rest_call(&f, "PATCH", url, "{\"arenaBytes\":-1}"), 400);
  rest_end(&f);
}
