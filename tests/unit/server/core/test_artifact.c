/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/server/core/core_fixture.h"

static struct core_fixture f;

static int create(const char *package, const char *version, const char *content, bool binary) {
  struct srv_artifact artifact = {.project_id = P};
  snprintf(artifact.package, sizeof(artifact.package), "%s", package);
  snprintf(artifact.version, sizeof(artifact.version), "%s", version);
  return srv_core_create_artifact(f.core, &artifact, content, strlen(content), binary);
}

static uint64_t artifact_count(void) {
  struct srv_query query = {0};
  uint64_t total = 0;
  assert_ok(f.core, srv_core_list(f.core, SRV_ARTIFACT, &query, NULL, NULL, &total));
  return total;
}

TEST(a_version_that_is_no_semantic_version_is_refused) {
  core_fixture_begin(&f);
  static const char *const bad[] = {"",       "1",      "1.0",    "v1.0.0", "1.0.0.0",
                                    "01.0.0", "1.0.0-", "1.0.0 ", "latest", "../1.0.0"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    assert_int_equal(create("model", bad[i], "x", true), SRV_ERR_INVALID);
    assert_non_null(strstr(srv_core_error(f.core), "semantic version"));
  }
  assert_int_equal(artifact_count(), 0);
  core_fixture_end(&f);
}

TEST(a_package_of_other_characters_is_refused) {
  core_fixture_begin(&f);
  static const char *const bad[] = {"", "Model", "a b", "a@b", "a/b", "\xc3\xa9"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    assert_int_equal(create(bad[i], "1.0.0", "x", true), SRV_ERR_INVALID);
  }
  core_fixture_end(&f);
}

TEST(the_same_package_and_version_twice_is_refused_and_the_first_stays) {
  core_fixture_begin(&f);
  assert_ok(f.core, create("model", "1.0.0", "first", true));
  assert_int_equal(create("model", "1.0.0", "second", true), SRV_ERR_EXISTS);
  assert_non_null(strstr(srv_core_error(f.core), "artifact already exists"));
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  struct srv_device_ref ref = ref_of(&device);
  struct srv_blob_view view;
  assert_ok(f.core, srv_core_open_blob(f.core, &ref, "model", "1.0.0", &view));
  assert_int_equal(view.size, 5);
  assert_memory_equal(view.data, "first", 5);
  srv_core_release_blob(f.core, &view);
  core_fixture_end(&f);
}

TEST(an_artifact_of_no_bytes_is_refused) {
  core_fixture_begin(&f);
  assert_int_equal(create("model", "1.0.0", "", true), SRV_ERR_INVALID);
  core_fixture_end(&f);
}

TEST(what_is_no_model_is_refused_unless_it_is_called_binary) {
  core_fixture_begin(&f);
  assert_int_equal(create("model", "1.0.0", "this is no model", false), SRV_ERR_MODEL);
  assert_true(strlen(srv_core_error(f.core)) > 0);
  assert_int_equal(artifact_count(), 0);
  assert_ok(f.core, create("model", "1.0.0", "this is no model", true));
  core_fixture_end(&f);
}

TEST(an_upload_comes_in_pieces_and_is_there_after_a_restart) {
  core_fixture_begin(&f);
  struct srv_upload *upload;
  struct srv_artifact artifact = {.project_id = P, .package = "main", .version = "0.0.1"};
  assert_ok(f.core, srv_core_upload_begin(f.core, &upload));
  for (int i = 0; i < 100; i++) assert_ok(f.core, srv_core_upload_append(upload, "0123456789", 10));
  assert_ok(f.core, srv_core_upload_finish(upload, &artifact, true));
  assert_int_equal(artifact.size_bytes, 1000);
  assert_false(artifact.is_model);
  core_fixture_restart(&f);
  struct srv_blob_view view;
  assert_ok(f.core, srv_core_open_artifact(f.core, &artifact, &view));
  assert_int_equal(view.size, 1000);
  assert_memory_equal(view.data + 990, "0123456789", 10);
  srv_core_release_blob(f.core, &view);
  core_fixture_end(&f);
}

TEST(an_upload_beyond_the_limit_is_too_large) {
  core_fixture_begin(&f);
  struct srv_upload *upload;
  static uint8_t megabyte[1024 * 1024];
  assert_ok(f.core, srv_core_upload_begin(f.core, &upload));
  for (int i = 0; i < 64; i++) {
    assert_ok(f.core, srv_core_upload_append(upload, megabyte, sizeof(megabyte)));
  }
  assert_int_equal(srv_core_upload_append(upload, "x", 1), SRV_ERR_TOO_LARGE);
  srv_core_upload_abort(upload);
  core_fixture_end(&f);
}

TEST(an_artifact_in_a_release_is_not_deleted_and_without_it_its_bytes_go) {
  core_fixture_begin(&f);
  struct srv_artifact artifact = make_artifact(&f, "model", "1.0.0");
  struct srv_release release = make_release(&f, artifact.id, NULL, NULL);
  assert_int_equal(srv_core_delete_artifact(f.core, P, artifact.id), SRV_ERR_IN_USE);
  assert_non_null(strstr(srv_core_error(f.core), "artifact in use"));
  assert_ok(f.core, srv_core_delete_release(f.core, P, release.id));
  assert_ok(f.core, srv_core_delete_artifact(f.core, P, artifact.id));
  struct srv_blob_view view;
  assert_int_equal(srv_core_open_artifact(f.core, &artifact, &view), SRV_ERR_IO);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  struct srv_device_ref ref = ref_of(&device);
  assert_int_equal(srv_core_open_blob(f.core, &ref, "model", "1.0.0", &view), SRV_ERR_NOT_FOUND);
  core_fixture_end(&f);
}

TEST(the_name_of_a_deleted_artifact_never_stands_for_other_bytes) {
  core_fixture_begin(&f);
  struct srv_artifact artifact = {.project_id = P, .package = "model", .version = "1.0.0"};
  assert_ok(f.core, srv_core_create_artifact(f.core, &artifact, "first", 5, true));
  assert_ok(f.core, srv_core_delete_artifact(f.core, P, artifact.id));
  core_fixture_restart(&f);
  assert_int_equal(srv_core_create_artifact(f.core, &artifact, "other", 5, true), SRV_ERR_EXISTS);
  assert_non_null(strstr(srv_core_error(f.core), "another version"));
  assert_ok(f.core, srv_core_create_artifact(f.core, &artifact, "first", 5, true));
  core_fixture_end(&f);
}

TEST(bytes_that_two_artifacts_share_stay_until_the_last_is_deleted) {
  core_fixture_begin(&f);
  struct srv_artifact a = {.project_id = P, .package = "model", .version = "1.0.0"};
  struct srv_artifact b = {.project_id = P, .package = "model", .version = "2.0.0"};
  assert_ok(f.core, srv_core_create_artifact(f.core, &a, "same", 4, true));
  assert_ok(f.core, srv_core_create_artifact(f.core, &b, "same", 4, true));
  assert_ok(f.core, srv_core_delete_artifact(f.core, P, a.id));
  struct srv_blob_view view;
  assert_ok(f.core, srv_core_open_artifact(f.core, &b, &view));
  srv_core_release_blob(f.core, &view);
  core_fixture_restart(&f); /* the sweep keeps it as well */
  assert_ok(f.core, srv_core_open_artifact(f.core, &b, &view));
  srv_core_release_blob(f.core, &view);
  core_fixture_end(&f);
}

TEST(a_device_gets_the_bytes_made_for_its_blueprint_else_those_for_any) {
  core_fixture_begin(&f);
  struct srv_blueprint board = make_blueprint(&f, "board");
  struct srv_device on_board = make_device(&f, "on board", board.id, NULL);
  struct srv_device other = make_device(&f, "other", NULL, NULL);
  struct srv_artifact artifact = {.project_id = P, .package = "model", .version = "1.0.0"};
  strcpy(artifact.blueprint_id, board.id);
  assert_ok(f.core, srv_core_create_artifact(f.core, &artifact, "board", 5, true));
  struct srv_blob_view view;
  struct srv_device_ref ref = ref_of(&other);
  assert_ok(f.core, srv_core_open_blob(f.core, &ref, "model", "1.0.0", &view));
  assert_memory_equal(view.data, "board", 5); /* better than nothing: the digest decides */
  srv_core_release_blob(f.core, &view);
  assert_ok(f.core, create("model", "1.0.0", "any", true));
  assert_ok(f.core, srv_core_open_blob(f.core, &ref, "model", "1.0.0", &view));
  assert_memory_equal(view.data, "any", 3);
  srv_core_release_blob(f.core, &view);
  ref = ref_of(&on_board);
  assert_ok(f.core, srv_core_open_blob(f.core, &ref, "model", "1.0.0", &view));
  assert_memory_equal(view.data, "board", 5);
  srv_core_release_blob(f.core, &view);
  core_fixture_end(&f);
}

TEST(an_artifact_whose_file_is_gone_is_our_error_and_not_not_found) {
  core_fixture_begin(&f);
  char path[700], hex[GW_DIGEST_HEX_SIZE + 1];
  struct srv_artifact artifact = make_artifact(&f, "model", "1.0.0");
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  struct srv_device_ref ref = ref_of(&device);
  struct srv_blob_view view;
  gw_digest_to_hex(artifact.digest, hex);
  snprintf(path, sizeof(path), "%s/data/blobs/%.2s/%s", test_temporary_folder(), hex, hex);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(srv_core_open_blob(f.core, &ref, "model", "1.0.0", &view), SRV_ERR_IO);
  assert_int_equal(srv_core_open_artifact(f.core, &artifact, &view), SRV_ERR_IO);
  assert_non_null(strstr(srv_core_error(f.core), "cannot read model@1.0.0"));
  assert_non_null(strstr(srv_core_error(f.core), "backup"));
  core_fixture_end(&f);
}

TEST(another_projects_artifact_is_not_found) {
  core_fixture_begin(&f);
  make_artifact(&f, "model", "1.0.0");
  struct srv_project project = {.id = "other", .name = "other"};
  assert_ok(f.core, srv_core_create_project(f.core, &project));
  struct srv_device device = {.project_id = "other", .name = "spy"};
  assert_ok(f.core, srv_core_create_device(f.core, &device));
  struct srv_device_ref ref = {.project_id = "other"};
  strcpy(ref.device_id, device.id);
  struct srv_blob_view view;
  assert_int_equal(srv_core_open_blob(f.core, &ref, "model", "1.0.0", &view), SRV_ERR_NOT_FOUND);
  core_fixture_end(&f);
}

TEST(a_full_disk_refuses_an_upload_with_a_clear_error_and_keeps_serving) {
  signal(SIGXFSZ, SIG_IGN);
  core_fixture_begin(&f);
  struct srv_artifact artifact = make_artifact(&f, "model", "1.0.0");
  struct rlimit limit;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
  rlim_t before = limit.rlim_cur;
  limit.rlim_cur = 64 * 1024;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
  char *big = malloc(128 * 1024);
  memset(big, 'x', 128 * 1024);
  big[128 * 1024 - 1] = 0;
  assert_int_equal(create("model", "2.0.0", big, true), SRV_ERR_NO_SPACE);
  assert_non_null(strstr(srv_core_error(f.core), "disk is full"));
  struct srv_blob_view view;
  assert_ok(f.core, srv_core_open_artifact(f.core, &artifact, &view));
  srv_core_release_blob(f.core, &view);
  limit.rlim_cur = before;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
  assert_ok(f.core, create("model", "2.0.0", big, true));
  free(big);
  core_fixture_end(&f);
}
