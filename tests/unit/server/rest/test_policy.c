/* SPDX-License-Identifier: Apache-2.0 */
/* What a release asks of devices, what an artifact is offered as, and why an
 * update failed, as REST shows them. */
#include "server/core/offers.h"

#include <poll.h>

#include "tests/unit/server/rest/rest_fixture.h"

static struct rest_fixture f;
static struct srv_artifact artifact;

static void begin(void) {
  rest_begin(&f);
  artifact = make_artifact(&f.core, "model", "1.0.0");
}

static const struct rest_answer *create(const char *policy) {
  char body[512];
  snprintf(body, sizeof(body), "{\"artifactIds\":[\"%s\"],\"rollout\":true%s%s}", artifact.id,
           policy[0] == 0 ? "" : ",\"policy\":", policy);
  return rest_call(&f, "POST", PP "/releases", body);
}

static bool is_null(const struct rest_answer *answer, const char *path) {
  return json_is_null(rest_value(answer, path));
}

TEST(a_release_without_a_policy_shows_one_that_asks_nothing) {
  begin();
  const struct rest_answer *answer = create("");
  rest_expect(answer, 200);
  assert_true(is_null(answer, "data.policy.spreadSeconds"));
  assert_true(is_null(answer, "data.policy.shadow"));
  assert_true(is_null(answer, "data.policy.confirmSeconds"));
  rest_end(&f);
}

TEST(a_policy_comes_back_as_it_was_given) {
  begin();
  const struct rest_answer *answer = create(
      "{\"spreadSeconds\":0,\"confirmSeconds\":3600,\"shadow\":{\"windows\":500,"
      "\"seconds\":60,\"agreement\":0.905,\"latency\":1.5}}");
  rest_expect(answer, 200);
  char url[128];
  snprintf(url, sizeof(url), PP "/releases/%s", rest_text(answer, "data.id"));
  answer = rest_call(&f, "GET", url, NULL);
  assert_int_equal(rest_number(answer, "data.policy.spreadSeconds"), 0); /* at once, not null */
  assert_false(is_null(answer, "data.policy.spreadSeconds"));
  assert_int_equal(rest_number(answer, "data.policy.confirmSeconds"), 3600);
  assert_int_equal(rest_number(answer, "data.policy.shadow.windows"), 500);
  assert_int_equal(rest_number(answer, "data.policy.shadow.seconds"), 60);
  assert_true(json_real_value(rest_value(answer, "data.policy.shadow.agreement")) == 0.905);
  assert_true(json_real_value(rest_value(answer, "data.policy.shadow.latency")) == 1.5);
  rest_end(&f);
}

TEST(an_update_without_a_policy_keeps_it_null_takes_it_away_another_replaces_it) {
  begin();
  const struct rest_answer *answer = create("{\"confirmSeconds\":60,\"spreadSeconds\":5}");
  char url[128];
  snprintf(url, sizeof(url), PP "/releases/%s", rest_text(answer, "data.id"));
  answer = rest_call(&f, "PUT", url, "{\"rollout\":false}");
  assert_int_equal(rest_number(answer, "data.policy.confirmSeconds"), 60);
  answer = rest_call(&f, "PATCH", url, "{\"policy\":{\"spreadSeconds\":7}}");
  assert_int_equal(rest_number(answer, "data.policy.spreadSeconds"), 7);
  assert_true(is_null(answer, "data.policy.confirmSeconds")); /* replaced as a whole */
  answer = rest_call(&f, "PUT", url, "{\"policy\":null}");
  assert_true(is_null(answer, "data.policy.spreadSeconds"));
  rest_end(&f);
}

TEST(a_policy_that_means_nothing_is_refused_by_the_name_of_its_member) {
  static const struct {
    const char *policy, *named;
  } wrong[] = {
      {"7", "policy"},
      {"{\"spreadSecond\":7}", "policy.spreadSecond"},
      {"{\"spreadSeconds\":-1}", "policy.spreadSeconds"},
      {"{\"spreadSeconds\":1.5}", "policy.spreadSeconds"},
      {"{\"spreadSeconds\":\"10m\"}", "policy.spreadSeconds"},
      {"{\"spreadSeconds\":2592001}", "policy.spreadSeconds"},
      {"{\"confirmSeconds\":0}", "policy.confirmSeconds"},
      {"{\"confirmSeconds\":99999999999}", "policy.confirmSeconds"},
      {"{\"shadow\":true}", "policy.shadow"},
      {"{\"shadow\":{}}", "policy.shadow"},
      {"{\"shadow\":{\"agreement\":0.9}}", "policy.shadow"},
      {"{\"shadow\":{\"windows\":0}}", "policy.shadow.windows"},
      {"{\"shadow\":{\"windows\":10,\"agreement\":1.1}}", "policy.shadow.agreement"},
      {"{\"shadow\":{\"windows\":10,\"agreement\":0}}", "policy.shadow.agreement"},
      {"{\"shadow\":{\"windows\":10,\"latency\":\"2x\"}}", "policy.shadow.latency"},
      {"{\"shadow\":{\"windows\":10,\"latency\":1e9}}", "policy.shadow.latency"},
      {"{\"shadow\":{\"windows\":10,\"share\":1}}", "policy.shadow.share"},
  };
  begin();
  for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
    rest_expect_error(create(wrong[i].policy), 400, 3, wrong[i].named);
  }
  const struct rest_answer *answer = rest_call(&f, "GET", PP "/releases", NULL);
  assert_int_equal(rest_number(answer, "total"), 0);
  rest_end(&f);
}

TEST(a_change_of_policy_stands_in_the_audit_log) {
  begin();
  const struct rest_answer *answer = create("{\"confirmSeconds\":60}");
  char url[128];
  snprintf(url, sizeof(url), PP "/releases/%s", rest_text(answer, "data.id"));
  rest_expect(rest_call(&f, "PUT", url, "{\"policy\":{\"confirmSeconds\":120}}"), 200);
  answer = rest_call(&f, "GET", "/v1/audit?kind=release&action=update", NULL);
  rest_expect(answer, 200);
  char *text = json_dumps(answer->document, JSON_COMPACT);
  assert_non_null(strstr(text, "120"));
  free(text);
  rest_end(&f);
}

TEST(a_preview_says_over_how_long_devices_would_begin) {
  char name[16], body[256];
  begin();
  for (int i = 0; i < 60; i++) {
    snprintf(name, sizeof(name), "d%d", i);
    make_device(&f.core, name, NULL, NULL);
  }
  snprintf(body, sizeof(body), "{\"artifactIds\":[\"%s\"]}", artifact.id);
  const struct rest_answer *answer = rest_call(&f, "POST", PP "/releases/preview", body);
  rest_expect(answer, 200);
  assert_int_equal(rest_number(answer, "spread.seconds"), 2); /* 60 at 50 in a second */
  assert_int_equal(rest_number(answer, "spread.devices"), 60);
  assert_true(json_is_true(rest_value(answer, "spread.automatic")));
  snprintf(body, sizeof(body), "{\"artifactIds\":[\"%s\"],\"policy\":{\"spreadSeconds\":600}}",
           artifact.id);
  answer = rest_call(&f, "POST", PP "/releases/preview", body);
  assert_int_equal(rest_number(answer, "spread.seconds"), 600);
  assert_true(json_is_false(rest_value(answer, "spread.automatic")));
  answer = create("");
  char url[128];
  snprintf(url, sizeof(url), PP "/releases/%s/rollout", rest_text(answer, "data.id"));
  assert_int_equal(rest_number(rest_call(&f, "GET", url, NULL), "data.spreadSeconds"), 2);
  rest_end(&f);
}

/* --- encodings ------------------------------------------------------------------------- */

static int half(const uint8_t *base, size_t base_size, const uint8_t *result, size_t result_size,
                uint8_t **out, size_t *out_size) {
  (void)base;
  *out_size = base_size > 0 ? 3 : result_size / 2;
  *out = malloc(*out_size);
  memcpy(*out, result + 1, *out_size);
  return 0;
}

static void settle(void) {
  for (int idle = 0; idle < 20; idle++) {
    srv_core_tick(f.core.core);
    f.core.now_us += 1000000;
    struct pollfd wait = {.fd = srv_core_offers_fd(f.core.core), .events = POLLIN};
    if (!srv_core_offers_busy(f.core.core)) continue;
    assert_int_equal(poll(&wait, 1, 60000), 1);
    idle = 0;
  }
}

static void report(const struct srv_device *device, const char *version, const char *target,
                   uint8_t state, uint8_t reason, uint8_t detail) {
  struct srv_device_ref ref = ref_of(device);
  struct gw_report said = {.state = state, .reason = reason, .detail = detail, .package = "model"};
  snprintf(said.version, sizeof(said.version), "%s", version);
  snprintf(said.target, sizeof(said.target), "%s", target);
  assert_ok(f.core.core, srv_core_report(f.core.core, &ref, &said));
}

TEST(an_artifact_shows_in_which_forms_it_is_offered) {
  core_fixture_encode = half;
  begin();
  struct srv_device device = make_device(&f.core, "d", NULL, NULL);
  report(&device, "1.0.0", "", GW_OTA_IDLE, GW_OTA_READY, 0);
  struct srv_artifact next = make_artifact(&f.core, "model", "1.1.0");
  char url[128];
  snprintf(url, sizeof(url), PP "/artifacts/%s", next.id);
  const struct rest_answer *answer = rest_call(&f, "GET", url, NULL);
  assert_int_equal(json_array_size(rest_value(answer, "data.encodings")), 0);
  make_release(&f.core, next.id, NULL, NULL);
  answer = rest_call(&f, "GET", url, NULL);
  rest_expect(answer, 200);
  assert_string_equal(rest_text(answer, "data.encodings.0.state"), "pending");
  assert_true(is_null(answer, "data.encodings.0.size"));
  settle();
  answer = rest_call(&f, "GET", url, NULL);
  assert_string_equal(rest_text(answer, "data.encodings.0.encoding"), "compressed");
  assert_string_equal(rest_text(answer, "data.encodings.0.state"), "ready");
  assert_int_equal(rest_number(answer, "data.encodings.0.size"), next.size_bytes / 2);
  assert_int_equal(rest_number(answer, "data.encodings.0.percent"), 50);
  assert_true(is_null(answer, "data.encodings.0.baseVersion"));
  assert_string_equal(rest_text(answer, "data.encodings.1.encoding"), "delta");
  assert_string_equal(rest_text(answer, "data.encodings.1.baseVersion"), "1.0.0");
  assert_int_equal(rest_number(answer, "data.encodings.1.size"), 3);
  rest_end(&f);
}

/* --- why ---------------------------------------------------------------------------------- */

TEST(what_a_device_said_of_a_failure_stands_with_event_device_and_rollout) {
  begin();
  char url[128];
  struct srv_device device = make_device(&f.core, "kitchen", NULL, NULL);
  struct srv_device silent = make_device(&f.core, "garden", NULL, NULL);
  struct srv_artifact next = make_artifact(&f.core, "model", "1.1.0");
  struct srv_release release = make_release(&f.core, next.id, NULL, NULL);
  report(&device, "1.0.0", "1.1.0", GW_OTA_IDLE, GW_OTA_UPDATE_FAILED, GW_DETAIL_TEST_OUTPUT);
  report(&silent, "1.0.0", "1.1.0", GW_OTA_IDLE, GW_OTA_UPDATE_FAILED, GW_DETAIL_NONE);
  snprintf(url, sizeof(url), PP "/devices/%s", device.id);
  const struct rest_answer *answer = rest_call(&f, "GET", url, NULL);
  const char *name = gw_ota_detail_name(GW_DETAIL_TEST_OUTPUT);
  assert_string_equal(rest_text(answer, "data.metadata.update.model.detail"), name);
  snprintf(url, sizeof(url), PP "/releases/%s/rollout", release.id);
  answer = rest_call(&f, "GET", url, NULL);
  assert_int_equal(rest_number(answer, "data.failures.0.count"), 2);
  assert_int_equal(json_array_size(rest_value(answer, "data.failures.0.details")), 1);
  assert_string_equal(rest_text(answer, "data.failures.0.details.0.detail"), name);
  assert_int_equal(rest_number(answer, "data.failures.0.details.0.count"), 1);
  snprintf(url, sizeof(url), PP "/releases/%s/devices?term=kitchen", release.id);
  assert_string_equal(rest_text(rest_call(&f, "GET", url, NULL), "list.0.detail"), name);
  snprintf(url, sizeof(url), PP "/releases/%s/devices?term=garden", release.id);
  assert_string_equal(rest_text(rest_call(&f, "GET", url, NULL), "list.0.detail"), "");
  answer = rest_call(&f, "GET", PP "/overview", NULL);
  assert_string_equal(rest_text(answer, "data.failures.1.detail"), name);
  rest_end(&f);
}

TEST(a_detail_that_this_server_does_not_know_is_counted_as_unknown) {
  begin();
  char url[128];
  struct srv_device device = make_device(&f.core, "kitchen", NULL, NULL);
  struct srv_artifact next = make_artifact(&f.core, "model", "1.1.0");
  struct srv_release release = make_release(&f.core, next.id, NULL, NULL);
  report(&device, "1.0.0", "1.1.0", GW_OTA_IDLE, GW_OTA_UPDATE_FAILED, 250);
  snprintf(url, sizeof(url), PP "/releases/%s/rollout", release.id);
  const struct rest_answer *answer = rest_call(&f, "GET", url, NULL);
  assert_string_equal(rest_text(answer, "data.failures.0.details.0.detail"), "UNKNOWN");
  rest_end(&f);
}
