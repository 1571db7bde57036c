/* SPDX-License-Identifier: Apache-2.0 */
#include <mbedtls/sha256.h>

#include "tests/unit/server/core/core_fixture.h"
#include "wire/cbor.h"

static struct core_fixture f;

TEST(a_device_without_a_release_gets_an_empty_manifest) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  assert_string_equal(version_for(&f, &device), "");
  core_fixture_end(&f);
}

TEST(a_release_without_filters_is_for_every_device) {
  core_fixture_begin(&f);
  struct srv_tag tag = make_tag(&f, "beta");
  struct srv_blueprint blueprint = make_blueprint(&f, "board");
  struct srv_device plain = make_device(&f, "plain", NULL, NULL);
  struct srv_device both = make_device(&f, "both", blueprint.id, tag.id);
  make_release(&f, make_artifact(&f, "model", "1.0.0").id, NULL, NULL);
  assert_string_equal(version_for(&f, &plain), "1.0.0");
  assert_string_equal(version_for(&f, &both), "1.0.0");
  core_fixture_end(&f);
}

TEST(filters_narrow_by_blueprint_and_by_every_tag) {
  core_fixture_begin(&f);
  struct srv_tag beta = make_tag(&f, "beta"), lab = make_tag(&f, "lab");
  struct srv_blueprint board = make_blueprint(&f, "board"), other = make_blueprint(&f, "other");
  struct srv_device none = make_device(&f, "none", NULL, NULL);
  struct srv_device fits_board = make_device(&f, "board", board.id, NULL);
  struct srv_device one_tag = make_device(&f, "one tag", board.id, beta.id);
  struct srv_device both_tags = make_device(&f, "both tags", board.id, beta.id);
  strcpy(both_tags.tag_id[both_tags.tag_count++], lab.id);
  assert_ok(f.core, srv_core_update_device(f.core, &both_tags));
  struct srv_device wrong_board = make_device(&f, "wrong board", other.id, beta.id);

  make_release(&f, make_artifact(&f, "model", "1.0.0").id, board.id, NULL);
  struct srv_release release =
      make_release(&f, make_artifact(&f, "model", "2.0.0").id, board.id, beta.id);
  struct srv_release strict = {
      .project_id = P, .rollout = true, .artifact_count = 1, .device_tag_count = 2};
  strcpy(strict.artifact_id[0], make_artifact(&f, "model", "3.0.0").id);
  strcpy(strict.device_tag_id[0], beta.id);
  strcpy(strict.device_tag_id[1], lab.id);
  assert_ok(f.core, srv_core_create_release(f.core, &strict));

  assert_string_equal(version_for(&f, &none), "");
  assert_string_equal(version_for(&f, &wrong_board), "");
  assert_string_equal(version_for(&f, &fits_board), "1.0.0");
  assert_string_equal(version_for(&f, &one_tag), "2.0.0");
  assert_string_equal(version_for(&f, &both_tags), "3.0.0");
  (void)release;
  core_fixture_end(&f);
}

TEST(the_highest_sequence_number_wins_and_switching_it_off_rolls_back) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  struct srv_artifact newer = make_artifact(&f, "model", "2.0.0");
  struct srv_artifact older = make_artifact(&f, "model", "1.0.0");
  make_release(&f, newer.id, NULL, NULL);
  struct srv_release second = make_release(&f, older.id, NULL, NULL);
  assert_string_equal(version_for(&f, &device),
                      "1.0.0"); /* the later one, not the higher version */
  second.rollout = false;
  f.told[0] = 0;
  assert_ok(f.core, srv_core_update_release(f.core, &second));
  assert_string_equal(f.told, "manifest default *;");
  assert_string_equal(version_for(&f, &device), "2.0.0");
  second.rollout = true;
  assert_ok(f.core, srv_core_update_release(f.core, &second));
  assert_string_equal(version_for(&f, &device), "1.0.0");
  assert_ok(f.core, srv_core_delete_release(f.core, P, second.id));
  assert_string_equal(version_for(&f, &device), "2.0.0");
  core_fixture_restart(&f);
  assert_string_equal(version_for(&f, &device), "2.0.0");
  core_fixture_end(&f);
}

TEST(a_release_with_rollout_off_changes_nothing_and_tells_nobody) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  struct srv_release release = {.project_id = P, .artifact_count = 1};
  strcpy(release.artifact_id[0], make_artifact(&f, "model", "1.0.0").id);
  f.told[0] = 0;
  assert_ok(f.core, srv_core_create_release(f.core, &release));
  assert_string_equal(f.told, "");
  assert_string_equal(version_for(&f, &device), "");
  core_fixture_end(&f);
}

TEST(sequence_numbers_rise_within_a_second_with_a_clock_set_back_and_over_deletions) {
  core_fixture_begin(&f);
  struct srv_artifact artifact = make_artifact(&f, "model", "1.0.0");
  struct srv_release first = make_release(&f, artifact.id, NULL, NULL);
  struct srv_release second = make_release(&f, artifact.id, NULL, NULL);
  assert_int_equal(first.sequence_number, 1700000000);
  assert_int_equal(second.sequence_number, 1700000001);
  assert_ok(f.core, srv_core_delete_release(f.core, P, second.id));
  f.now_us -= INT64_C(3600) * 1000000;
  struct srv_release third = make_release(&f, artifact.id, NULL, NULL);
  assert_int_equal(third.sequence_number, 1700000002);
  f.now_us += INT64_C(7200) * 1000000;
  struct srv_release fourth = make_release(&f, artifact.id, NULL, NULL);
  assert_int_equal(fourth.sequence_number, 1700003600);
  /* An update keeps it. */
  f.now_us += 5000000;
  assert_ok(f.core, srv_core_update_release(f.core, &fourth));
  assert_int_equal(fourth.sequence_number, 1700003600);
  core_fixture_end(&f);
}

TEST(a_sequence_number_beyond_31_bits_is_refused) {
  core_fixture_begin(&f);
  struct srv_artifact artifact = make_artifact(&f, "model", "1.0.0");
  f.now_us = (INT64_C(1) << 31) * 1000000;
  struct srv_release release = {.project_id = P, .artifact_count = 1};
  strcpy(release.artifact_id[0], artifact.id);
  assert_int_equal(srv_core_create_release(f.core, &release), SRV_ERR_INTERNAL);
  core_fixture_end(&f);
}

TEST(the_manifest_names_each_artifact_with_digest_size_and_path) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  struct srv_artifact model = make_artifact(&f, "model", "1.2.3-rc.1+b5");
  struct srv_artifact firmware = make_artifact(&f, "main", "0.1.0");
  struct srv_release release = {.project_id = P, .rollout = true, .artifact_count = 2};
  strcpy(release.artifact_id[0], model.id);
  strcpy(release.artifact_id[1], firmware.id);
  assert_ok(f.core, srv_core_create_release(f.core, &release));
  struct gw_manifest manifest;
  struct srv_device_ref ref = ref_of(&device);
  assert_ok(f.core, srv_core_manifest(f.core, &ref, &manifest));
  assert_int_equal(manifest.sequence_number, release.sequence_number);
  assert_int_equal(manifest.component_count, 2);
  assert_string_equal(manifest.component[0].uri, "/.u/c/model@1.2.3-rc.1+b5");
  assert_int_equal(manifest.component[0].size_bytes, model.size_bytes);
  assert_memory_equal(manifest.component[0].digest, model.digest, GW_DIGEST_SIZE);
  assert_string_equal(manifest.component[1].package, "main");
  assert_string_equal(manifest.component[1].type, "default");
  core_fixture_end(&f);
}

TEST(the_manifests_digest_is_sha256_over_its_encoded_component_list) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  make_release(&f, make_artifact(&f, "model", "1.0.0").id, NULL, NULL);
  struct gw_manifest manifest;
  struct srv_device_ref ref = ref_of(&device);
  assert_ok(f.core, srv_core_manifest(f.core, &ref, &manifest));
  uint8_t encoded[GW_MANIFEST_SIZE_MAX], expected[GW_DIGEST_SIZE];
  int size = gw_manifest_encode(&manifest, encoded, sizeof(encoded));
  assert_true(size > 0);
  /* The list is what follows key 3 and ends the map: 81 a6 01 65 "model". */
  static const uint8_t head[] = {0x81, 0xa6, 0x01, 0x65, 'm', 'o', 'd', 'e', 'l'};
  const uint8_t *list = memmem(encoded, (size_t)size, head, sizeof(head));
  assert_non_null(list);
  assert_int_equal(list[-1], 3);
  mbedtls_sha256(list, (size_t)(encoded + size - list), expected, 0);
  assert_memory_equal(manifest.digest, expected, GW_DIGEST_SIZE);
  core_fixture_end(&f);
}

static void expect_refused(struct srv_release release, int status, const char *words) {
  release.id[0] = 0;
  assert_int_equal(srv_core_create_release(f.core, &release), status);
  if (strstr(srv_core_error(f.core), words) == NULL) fail_msg("%s", srv_core_error(f.core));
}

TEST(releases_that_devices_could_not_take_are_refused_with_the_reason) {
  core_fixture_begin(&f);
  struct srv_artifact a = make_artifact(&f, "model", "1.0.0");
  struct srv_artifact b = make_artifact(&f, "model", "1.1.0");
  struct srv_release release = {.project_id = P};
  expect_refused(release, SRV_ERR_INVALID, "at least one artifact");
  release.artifact_count = 1;
  strcpy(release.artifact_id[0], "nothing");
  expect_refused(release, SRV_ERR_INVALID, "no artifact \"nothing\"");
  release.artifact_count = 2;
  strcpy(release.artifact_id[0], a.id);
  strcpy(release.artifact_id[1], b.id);
  expect_refused(release, SRV_ERR_INVALID, "two artifacts of package \"model\"");
  release.artifact_count = 1;
  release.device_tag_count = 1;
  strcpy(release.device_tag_id[0], "nothing");
  expect_refused(release, SRV_ERR_INVALID, "no tag \"nothing\"");
  release.device_tag_count = 0;
  strcpy(release.blueprint_id, "nothing");
  expect_refused(release, SRV_ERR_INVALID, "no blueprint \"nothing\"");
  core_fixture_end(&f);
}

/* Five components of the longest names and a sixth whose package has `length`
 * bytes: around the 1,024 that a manifest may have. */
static int create_release_of_six(struct core_fixture *fixture, struct srv_release *release,
                                 unsigned length) {
  static const char letters[] = "abcdefghijklmnop";
  static const uint8_t bytes[300]; /* a size of three bytes in CBOR */
  char package[GW_PACKAGE_MAX + 1];
  *release = (struct srv_release){.project_id = P, .rollout = true};
  for (unsigned i = 0; i < 6; i++) {
    if (i < 5) snprintf(package, sizeof(package), "package-%02u-no-%02u", length % 100, i);
    if (i == 5) snprintf(package, sizeof(package), "%.*s", (int)length, letters);
    struct srv_artifact artifact = {.project_id = P, .version = "10.10.10-alpha.1"};
    strcpy(artifact.package, package);
    assert_ok(fixture->core,
              srv_core_create_artifact(fixture->core, &artifact, bytes, sizeof(bytes), true));
    strcpy(release->artifact_id[release->artifact_count++], artifact.id);
  }
  return srv_core_create_release(fixture->core, release);
}

TEST(a_release_that_is_accepted_fits_a_datagram_with_its_sequence_number) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  struct srv_device_ref ref = ref_of(&device);
  struct srv_release release;
  int accepted = 0;
  for (unsigned length = 1; length <= GW_PACKAGE_MAX; length++) {
    struct gw_manifest manifest;
    uint8_t encoded[GW_MANIFEST_SIZE_MAX];
    if (create_release_of_six(&f, &release, length) != SRV_OK) continue;
    accepted++;
    assert_ok(f.core, srv_core_manifest(f.core, &ref, &manifest));
    assert_int_equal(manifest.component_count, 6);
    assert_true(gw_manifest_encode(&manifest, encoded, sizeof(encoded)) > 0);
    /* And changed, it is measured again with the number that it keeps. */
    assert_ok(f.core, srv_core_update_release(f.core, &release));
    assert_ok(f.core, srv_core_manifest(f.core, &ref, &manifest));
  }
  assert_in_range(accepted, 5, GW_PACKAGE_MAX - 1); /* some fit, some do not */
  core_fixture_end(&f);
}

TEST(eight_components_of_the_longest_names_do_or_do_not_fit_a_datagram_but_never_break_one) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  struct srv_release release = {.project_id = P, .rollout = true};
  for (unsigned i = 0; i < SRV_RELEASE_ARTIFACTS_MAX; i++) {
    char package[GW_PACKAGE_MAX + 1];
    snprintf(package, sizeof(package), "package-name-%03u", i);
    strcpy(release.artifact_id[release.artifact_count++],
           make_artifact(&f, package, "10.10.10-alpha.1").id);
  }
  int status = srv_core_create_release(f.core, &release);
  if (status == SRV_OK) {
    struct gw_manifest manifest;
    uint8_t encoded[GW_MANIFEST_SIZE_MAX];
    struct srv_device_ref ref = ref_of(&device);
    assert_ok(f.core, srv_core_manifest(f.core, &ref, &manifest));
    assert_true(gw_manifest_encode(&manifest, encoded, sizeof(encoded)) > 0);
  } else {
    assert_int_equal(status, SRV_ERR_INVALID);
    assert_non_null(strstr(srv_core_error(f.core), "one datagram"));
    assert_string_equal(version_for(&f, &device), "");
  }
  core_fixture_end(&f);
}

TEST(an_artifact_made_for_a_blueprint_narrows_its_release_to_it) {
  core_fixture_begin(&f);
  struct srv_blueprint board = make_blueprint(&f, "board"), other = make_blueprint(&f, "other");
  struct srv_device fits = make_device(&f, "fits", board.id, NULL);
  struct srv_device does_not = make_device(&f, "does not", other.id, NULL);
  struct srv_artifact artifact = {.project_id = P, .package = "model", .version = "1.0.0"};
  strcpy(artifact.blueprint_id, board.id);
  assert_ok(f.core, srv_core_create_artifact(f.core, &artifact, "x", 1, true));
  make_release(&f, artifact.id, NULL, NULL);
  assert_string_equal(version_for(&f, &fits), "1.0.0");
  assert_string_equal(version_for(&f, &does_not), "");
  struct srv_release release = {.project_id = P, .artifact_count = 1};
  strcpy(release.artifact_id[0], artifact.id);
  strcpy(release.blueprint_id, other.id);
  expect_refused(release, SRV_ERR_INVALID, "another blueprint");
  core_fixture_end(&f);
}

TEST(a_release_tag_is_unique_in_its_project) {
  core_fixture_begin(&f);
  struct srv_release release = {.project_id = P, .artifact_count = 1, .release_tag_count = 1};
  strcpy(release.artifact_id[0], make_artifact(&f, "model", "1.0.0").id);
  strcpy(release.release_tag[0], "v1");
  assert_ok(f.core, srv_core_create_release(f.core, &release));
  assert_ok(f.core, srv_core_update_release(f.core, &release)); /* its own */
  expect_refused(release, SRV_ERR_EXISTS, "already exists with same release tag");
  core_fixture_end(&f);
}

TEST(a_manifest_for_a_deleted_device_is_not_found) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  struct srv_device_ref ref = ref_of(&device);
  assert_ok(f.core, srv_core_delete_device(f.core, P, device.id));
  struct gw_manifest manifest;
  assert_int_equal(srv_core_manifest(f.core, &ref, &manifest), SRV_ERR_NOT_FOUND);
  core_fixture_end(&f);
}

/* Behind the core's back: the artifact's package becomes the other one's. */
static void rename_package(const struct srv_artifact *artifact, const char *package) {
  struct srv_artifact changed = *artifact;
  struct srv_store *store = f.folder.store;
  snprintf(changed.package, sizeof(changed.package), "%s", package);
  assert_int_equal(store->ops->begin(store), SRV_OK);
  assert_int_equal(store->ops->update(store, SRV_ARTIFACT, &changed), SRV_OK);
  assert_int_equal(store->ops->commit(store), SRV_OK);
}

TEST(a_release_that_fits_no_more_is_left_out_and_the_others_go_on) {
  core_fixture_begin(&f);
  char problem[SRV_ERROR_MAX];
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  struct srv_release good = make_release(&f, make_artifact(&f, "model", "1.0.0").id, NULL, NULL);
  struct srv_artifact model = make_artifact(&f, "model", "2.0.0");
  struct srv_artifact other = make_artifact(&f, "other", "3.0.0");
  struct srv_release broken = {.rollout = true, .artifact_count = 2};
  strcpy(broken.project_id, P);
  strcpy(broken.artifact_id[0], model.id);
  strcpy(broken.artifact_id[1], other.id);
  assert_ok(f.core, srv_core_create_release(f.core, &broken));
  assert_ok(f.core, srv_core_release_problem(f.core, &broken, problem));
  assert_string_equal(problem, "");
  rename_package(&other, "model");
  core_fixture_restart(&f);
  assert_string_equal(version_for(&f, &device), "1.0.0");
  assert_ok(f.core, srv_core_release_problem(f.core, &broken, problem));
  assert_non_null(strstr(problem, "two artifacts of package \"model\""));
  assert_ok(f.core, srv_core_release_problem(f.core, &good, problem));
  assert_string_equal(problem, "");
  assert_int_equal(srv_core_update_release(f.core, &broken), SRV_ERR_INVALID);
  broken.rollout = false;
  assert_ok(f.core, srv_core_update_release(f.core, &broken));
  core_fixture_end(&f);
}
