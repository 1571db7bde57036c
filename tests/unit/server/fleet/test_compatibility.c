/* SPDX-License-Identifier: Apache-2.0 */
#include "server/core/compatibility.h"
#include "server/core/fleet.h"
#include "server/core/internal.h"
#include "server/core/profile.h"
#include "tests/unit/server/core/core_fixture.h"

static struct core_fixture f;
static struct srv_blueprint_fit fits[8];
static size_t fit_count;

static void keep_fit(void *context, const struct srv_blueprint_fit *fit) {
  (void)context;
  fits[fit_count++] = *fit;
}

static void ask(const struct srv_artifact *artifact) {
  fit_count = 0;
  assert_ok(f.core, srv_core_artifact_fit(f.core, artifact, keep_fit, NULL));
}

static struct srv_artifact a_model(const char *info, uint32_t size_bytes) {
  struct srv_artifact artifact = {.project_id = P, .is_model = true, .size_bytes = size_bytes};
  snprintf(artifact.model_info, sizeof(artifact.model_info), "%s", info);
  return artifact;
}

/* ops: two names at most. */
static void say_hello(const struct srv_device *device, uint32_t arena, uint32_t slot,
                      const char *first_op, const char *second_op) {
  struct gw_hello hello = {.arena_bytes = arena, .slot_bytes = slot};
  const char *const ops[] = {first_op, second_op};
  struct srv_device_ref ref = ref_of(device);
  for (size_t i = 0; i < 2 && ops[i] != NULL; i++) {
    hello.op[hello.op_count++] =
        (struct gw_hello_op){.name = ops[i], .name_length = (uint16_t)strlen(ops[i])};
  }
  assert_ok(f.core, srv_core_device_hello(f.core, &ref, &hello));
}

static void expect_reason(const char *reason) {
  assert_int_equal(fits[0].cannot, 1);
  assert_int_equal(fits[0].reason_count, 1);
  assert_string_equal(fits[0].reason[0].text, reason);
}

#define INFO                                                                     \
  "{\"arenaBytes\":13008,\"ops\":[{\"name\":\"ADD\",\"version\":1,\"count\":2}," \
  "{\"name\":\"CONV_2D\",\"version\":3,\"count\":1}]}"

TEST(of_a_device_that_said_nothing_nothing_is_concluded) {
  core_fixture_begin(&f);
  make_device(&f, "d", NULL, NULL);
  struct srv_artifact model = a_model(INFO, 30000);
  ask(&model);
  assert_int_equal(fit_count, 1);
  assert_string_equal(fits[0].blueprint_id, "");
  assert_int_equal(fits[0].unknown, 1);
  assert_int_equal(fits[0].can + fits[0].cannot, 0);
  core_fixture_end(&f);
}

TEST(each_thing_that_a_device_lacks_is_named_in_words) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  struct srv_artifact model = a_model(INFO, 30000);
  say_hello(&device, 8192, 60000, "ADD", "CONV_2D");
  ask(&model);
  expect_reason("needs 13,008 bytes of arena, it has 8,192");
  say_hello(&device, 65536, 20000, "ADD", "CONV_2D");
  ask(&model);
  expect_reason("30,000 bytes, its slot holds 20,000");
  say_hello(&device, 65536, 60000, "ADD", "CONV_2D_BIG"); /* no part of a name will do */
  ask(&model);
  expect_reason("needs op CONV_2D, not in its runtime");
  say_hello(&device, 13008, 30000, "CONV_2D", "ADD");
  ask(&model);
  assert_int_equal(fits[0].can, 1);
  assert_int_equal(fits[0].reason_count, 0);
  core_fixture_end(&f);
}

TEST(a_blueprint_speaks_for_devices_that_do_not) {
  core_fixture_begin(&f);
  struct srv_blueprint small = make_blueprint(&f, "small");
  make_blueprint(&f, "empty");
  small.arena_bytes = 1000;
  assert_ok(f.core, srv_core_update_blueprint(f.core, &small));
  make_device(&f, "silent", small.id, NULL);
  struct srv_device speaks = make_device(&f, "speaks", small.id, NULL);
  say_hello(&speaks, 65536, 0, NULL, NULL);
  struct srv_artifact model = a_model(INFO, 30000);
  ask(&model);
  assert_int_equal(fit_count, 2); /* by name; nobody is without one */
  assert_string_equal(fits[0].blueprint_name, "empty");
  assert_int_equal(fits[0].devices, 0);
  assert_string_equal(fits[1].blueprint_name, "small");
  assert_int_equal(fits[1].devices, 2);
  assert_int_equal(fits[1].can, 1);
  assert_int_equal(fits[1].cannot, 1);
  assert_string_equal(fits[1].reason[0].text, "needs 13,008 bytes of arena, it has 1,000");
  core_fixture_end(&f);
}

TEST(what_is_no_model_needs_its_place_only) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  struct srv_artifact binary = {.project_id = P, .size_bytes = 500};
  say_hello(&device, 1, 1000, "ADD", NULL);
  ask(&binary);
  assert_int_equal(fits[0].can, 1);
  binary.size_bytes = 1001;
  ask(&binary);
  assert_int_equal(fits[0].cannot, 1);
  core_fixture_end(&f);
}

TEST(models_described_by_an_older_server_are_judged_by_the_names_of_their_ops) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  say_hello(&device, 65536, 60000, "ADD", NULL);
  struct srv_artifact model =
      a_model("{\"arenaBytes\":100,\"operators\":[\"ADD\",\"SOFTMAX\"]}", 1000);
  ask(&model);
  expect_reason("needs op SOFTMAX, not in its runtime");
  model = a_model("{\"arenaBytes\":\"many\",\"ops\":[7,{\"name\":8},null]}", 1000);
  ask(&model); /* a row that somebody has written to */
  assert_int_equal(fits[0].unknown, 1);
  core_fixture_end(&f);
}

TEST(a_release_that_devices_cannot_run_is_refused_by_name) {
  core_fixture_begin(&f);
  struct srv_device small = make_device(&f, "kitchen", NULL, NULL);
  make_device(&f, "silent", NULL, NULL);
  struct srv_artifact artifact = make_artifact(&f, "model", "1.0.0"); /* a binary of 20 bytes */
  struct srv_release release = {.project_id = P, .rollout = true, .artifact_count = 1};
  strcpy(release.artifact_id[0], artifact.id);
  assert_ok(f.core, srv_core_check_release_fit(f.core, &release));
  say_hello(&small, 0, 10, NULL, NULL);
  assert_int_equal(srv_core_check_release_fit(f.core, &release), SRV_ERR_IN_USE);
  assert_non_null(strstr(srv_core_error(f.core), "1 device cannot run this: \"kitchen\" ("));
  assert_non_null(strstr(srv_core_error(f.core), "its slot holds 10"));
  uint64_t counts[SRV_VERDICTS];
  assert_ok(f.core, srv_core_preview_release(f.core, &release, 0, 0, NULL, NULL, counts));
  assert_int_equal(counts[SRV_VERDICT_INCOMPATIBLE], 1);
  assert_int_equal(counts[SRV_VERDICT_UPDATE], 1);
  /* Filters that leave it out. */
  struct srv_tag tag = make_tag(&f, "beta");
  strcpy(release.device_tag_id[release.device_tag_count++], tag.id);
  assert_ok(f.core, srv_core_check_release_fit(f.core, &release));
  core_fixture_end(&f);
}

TEST(a_refusal_of_many_devices_names_two_and_stays_one_line) {
  core_fixture_begin(&f);
  struct srv_release release = {.project_id = P, .rollout = true, .artifact_count = 1};
  strcpy(release.artifact_id[0], make_artifact(&f, "model", "1.0.0").id);
  for (int i = 0; i < 5; i++) {
    char name[SRV_NAME_MAX + 1];
    snprintf(name, sizeof(name), "%u%050d", (unsigned)i % 10, 0);
    struct srv_device device = make_device(&f, name, NULL, NULL);
    say_hello(&device, 0, 10, NULL, NULL);
  }
  assert_int_equal(srv_core_check_release_fit(f.core, &release), SRV_ERR_IN_USE);
  assert_non_null(strstr(srv_core_error(f.core), "5 devices cannot run this"));
  assert_non_null(strstr(srv_core_error(f.core), "\"force\"")); /* what to do is not cut off */
  core_fixture_end(&f);
}
