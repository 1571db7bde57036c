/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/rest/rest_fixture.h"

static struct rest_fixture f;

static void report(const char *device_id, uint8_t state, uint8_t reason, const char *package) {
  struct srv_device_ref ref = {.project_id = "default"};
  strcpy(ref.device_id, device_id);
  struct gw_report said = {.state = state, .reason = reason, .version = "1.0.0", .target = "1.1.0"};
  strcpy(said.package, package);
  assert_ok(f.core.core, srv_core_report(f.core.core, &ref, &said));
  f.core.now_us += 1000000;
}

static void begin_with_reports(void) {
  rest_begin(&f);
  struct srv_device a = make_device(&f.core, "a", NULL, NULL);
  struct srv_device b = make_device(&f.core, "b", NULL, NULL);
  report(a.id, GW_OTA_DOWNLOADING, GW_OTA_READY, "model");
  report(a.id, GW_OTA_DOWNLOADED, GW_OTA_READY, "model");
  report(b.id, GW_OTA_IDLE, GW_OTA_INTEGRITY_CHECK_FAILED, "main");
}

TEST(ota_events_are_newest_first_in_the_shape_that_clients_know) {
  begin_with_reports();
  const struct rest_answer *answer = rest_call(&f, "GET", PP "/ota-events", NULL);
  rest_expect(answer, 200);
  assert_int_equal(rest_number(answer, "total"), 3);
  assert_string_equal(rest_text(answer, "list.0.packageId"), "main");
  assert_string_equal(rest_text(answer, "list.0.eventType"), "IDLE");
  assert_int_equal(rest_number(answer, "list.0.status"), GW_OTA_INTEGRITY_CHECK_FAILED);
  assert_string_equal(rest_text(answer, "list.0.currentVersion"), "1.0.0");
  assert_string_equal(rest_text(answer, "list.0.targetVersion"), "1.1.0");
  assert_string_equal(rest_text(answer, "list.0.timestamp"), "2023-11-14T22:13:22.000000Z");
  assert_string_equal(rest_text(answer, "list.1.eventType"), "DOWNLOADED");
  rest_expect(rest_call(&f, "GET",
                        "/v1/organizations/default"
                        "/projects/default/ota-events",
                        NULL),
              200);
  rest_end(&f);
}

TEST(ota_events_are_filtered_and_paged_by_token) {
  begin_with_reports();
  struct {
    const char *query;
    int total;
  } const cases[] = {{"deviceId=a", 2},
                     {"packageId=main", 1},
                     {"eventType=DOWNLOADED", 1},
                     {"eventType=2", 1},
                     {"status=5", 1},
                     {"status=INTEGRITY_CHECK_FAILURE", 1},
                     {"startTime=2023-11-14T22:13:21Z", 2},
                     {"endTime=2023-11-14T22:13:21Z", 2},
                     {"startTime=2023-11-14T22:13:21Z&endTime=2023-11-14T22:13:21Z&deviceId=a", 1}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char url[192];
    snprintf(url, sizeof(url), PP "/ota-events?%s", cases[i].query);
    const struct rest_answer *answer = rest_call(&f, "GET", url, NULL);
    rest_expect(answer, 200);
    if (rest_number(answer, "total") != cases[i].total) fail_msg("%s", cases[i].query);
  }
  const struct rest_answer *answer = rest_call(&f, "GET", PP "/ota-events?limit=2", NULL);
  assert_int_equal(json_array_size(rest_value(answer, "list")), 2);
  char url[128];
  snprintf(url, sizeof(url), PP "/ota-events?limit=2&pageToken=%s",
           rest_text(answer, "nextPageToken"));
  answer = rest_call(&f, "GET", url, NULL);
  assert_int_equal(json_array_size(rest_value(answer, "list")), 1);
  assert_string_equal(rest_text(answer, "list.0.eventType"), "DOWNLOADING");
  assert_string_equal(rest_text(answer, "nextPageToken"), "");
  rest_expect(rest_call(&f, "GET", PP "/ota-events?eventType=SLEEPING", NULL), 400);
  rest_expect(rest_call(&f, "GET", PP "/ota-events?startTime=yesterday", NULL), 400);
  rest_expect(rest_call(&f, "GET", PP "/ota-events?pageToken=x", NULL), 400);
  rest_expect(rest_call(&f, "GET", PP "/ota-events?deviceId=nobody", NULL), 400);
  rest_end(&f);
}

TEST(the_firmware_log_is_the_same_in_the_older_shape) {
  begin_with_reports();
  const struct rest_answer *answer =
      rest_call(&f, "GET", PP "/firmware/logs?deviceId=b&state=IDLE", NULL);
  rest_expect(answer, 200);
  assert_int_equal(rest_number(answer, "total"), 1);
  assert_string_equal(rest_text(answer, "list.0.reasonCode"), "5");
  assert_string_equal(rest_text(answer, "list.0.package"), "main");
  rest_end(&f);
}

TEST(a_device_shows_the_last_word_about_each_package_and_its_presence) {
  begin_with_reports();
  const struct rest_answer *answer = rest_call(&f, "GET", PP "/devices/a", NULL);
  rest_expect(answer, 200);
  assert_string_equal(rest_text(answer, "data.metadata.update.model.state"), "DOWNLOADED");
  assert_string_equal(rest_text(answer, "data.metadata.update.model.target"), "1.1.0");
  struct srv_device_ref ref = {.project_id = "default"};
  strcpy(ref.device_id, rest_text(answer, "data.id"));
  srv_core_device_online(f.core.core, &ref);
  answer = rest_call(&f, "GET", PP "/devices?deviceName=a", NULL);
  assert_string_equal(rest_text(answer, "list.0.metadata.status"), "online");
  assert_string_equal(rest_text(answer, "list.0.status"), "online");
  rest_end(&f);
}
