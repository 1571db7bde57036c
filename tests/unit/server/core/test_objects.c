/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "server/core/session.h"
#include "tests/unit/server/core/core_fixture.h"

static struct core_fixture f;

TEST(a_new_folder_has_the_default_project_and_keeps_just_one) {
  core_fixture_begin(&f);
  core_fixture_restart(&f);
  struct srv_query query = {0};
  uint64_t total = 0;
  assert_ok(f.core, srv_core_list(f.core, SRV_PROJECT, &query, NULL, NULL, &total));
  assert_int_equal(total, 1);
  struct srv_project project;
  assert_ok(f.core, srv_core_find(f.core, SRV_PROJECT, "", SRV_DEFAULT_PROJECT, &project));
  core_fixture_end(&f);
}

TEST(a_project_id_that_is_no_slug_is_refused) {
  core_fixture_begin(&f);
  static const char *const bad[] = {"", "Upper", "a@b", "a/b", "sp ace", "../x"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    struct srv_project project = {.name = "x"};
    strcpy(project.id, bad[i]);
    assert_int_equal(srv_core_create_project(f.core, &project), SRV_ERR_INVALID);
  }
  core_fixture_end(&f);
}

TEST(a_project_is_deleted_only_when_it_is_empty) {
  core_fixture_begin(&f);
  make_tag(&f, "beta");
  assert_int_equal(srv_core_delete_project(f.core, P), SRV_ERR_IN_USE);
  assert_non_null(strstr(srv_core_error(f.core), "not empty"));
  struct srv_project project = {.id = "second", .name = "Second"};
  assert_ok(f.core, srv_core_create_project(f.core, &project));
  assert_int_equal(srv_core_create_project(f.core, &project), SRV_ERR_EXISTS);
  assert_ok(f.core, srv_core_delete_project(f.core, "second"));
  assert_int_equal(srv_core_delete_project(f.core, "second"), SRV_ERR_NOT_FOUND);
  core_fixture_end(&f);
}

TEST(objects_are_found_by_id_and_by_name_within_their_project) {
  core_fixture_begin(&f);
  struct srv_tag tag = make_tag(&f, "beta"), got;
  struct srv_project other = {.id = "other", .name = "other"};
  assert_ok(f.core, srv_core_create_project(f.core, &other));
  assert_ok(f.core, srv_core_find(f.core, SRV_TAG, P, tag.id, &got));
  assert_ok(f.core, srv_core_find(f.core, SRV_TAG, P, "beta", &got));
  assert_string_equal(got.id, tag.id);
  assert_int_equal(srv_core_find(f.core, SRV_TAG, "other", tag.id, &got), SRV_ERR_NOT_FOUND);
  assert_int_equal(srv_core_find(f.core, SRV_TAG, "other", "beta", &got), SRV_ERR_NOT_FOUND);
  core_fixture_end(&f);
}

TEST(a_tag_name_has_a_small_alphabet) {
  core_fixture_begin(&f);
  static const char *const bad[] = {"", "a b", "a/b", "a,b", "\xc3\xa9"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    struct srv_tag tag = {.project_id = P};
    strcpy(tag.name, bad[i]);
    assert_int_equal(srv_core_create_tag(f.core, &tag), SRV_ERR_INVALID);
  }
  core_fixture_end(&f);
}

TEST(a_tag_that_a_release_or_device_has_is_not_deleted) {
  core_fixture_begin(&f);
  struct srv_tag tag = make_tag(&f, "beta");
  struct srv_device device = make_device(&f, "d", NULL, tag.id);
  assert_int_equal(srv_core_delete_tag(f.core, P, "beta"), SRV_ERR_IN_USE);
  assert_non_null(strstr(srv_core_error(f.core), "1 device has it"));
  assert_ok(f.core, srv_core_delete_device(f.core, P, device.id));
  assert_ok(f.core, srv_core_delete_tag(f.core, P, "beta"));
  core_fixture_end(&f);
}

TEST(a_blueprint_that_an_artifact_has_is_not_deleted) {
  core_fixture_begin(&f);
  struct srv_blueprint blueprint = make_blueprint(&f, "board");
  struct srv_artifact artifact = {.project_id = P, .package = "model", .version = "1.0.0"};
  strcpy(artifact.blueprint_id, blueprint.id);
  assert_ok(f.core, srv_core_create_artifact(f.core, &artifact, "x", 1, true));
  assert_int_equal(srv_core_delete_blueprint(f.core, P, blueprint.id), SRV_ERR_IN_USE);
  assert_ok(f.core, srv_core_delete_artifact(f.core, P, artifact.id));
  assert_ok(f.core, srv_core_delete_blueprint(f.core, P, "board"));
  core_fixture_end(&f);
}

TEST(an_api_key_is_known_by_its_hash_only) {
  core_fixture_begin(&f);
  char text[SRV_API_KEY_LENGTH + 1];
  struct srv_api_key key = {.project_id = P, .name = "ci"};
  struct srv_principal who;
  assert_ok(f.core, srv_core_create_api_key(f.core, &key, text));
  assert_int_equal(strlen(text), SRV_API_KEY_LENGTH);
  core_fixture_restart(&f);
  assert_ok(f.core, srv_core_identify_api_key(f.core, text, "", &who));
  assert_string_equal(who.id, key.id);
  assert_string_equal(who.grant[0].project_id, P);
  text[10] ^= 1;
  assert_int_equal(srv_core_identify_api_key(f.core, text, "", &who), SRV_ERR_FORBIDDEN);
  assert_int_equal(srv_core_identify_api_key(f.core, "", "", &who), SRV_ERR_FORBIDDEN);
  core_fixture_end(&f);
  /* Nowhere on the disk. */
  char command[700];
  text[10] ^= 1;
  snprintf(command, sizeof(command), "grep -rq '%s' '%s'", text, test_temporary_folder());
  assert_int_not_equal(system(command), 0);
}

TEST(a_disabled_api_key_opens_nothing) {
  core_fixture_begin(&f);
  char text[SRV_API_KEY_LENGTH + 1];
  struct srv_api_key key = {.name = "ci"};
  struct srv_principal who;
  assert_ok(f.core, srv_core_create_api_key(f.core, &key, text));
  key.enabled = false;
  assert_ok(f.core, srv_core_update_api_key(f.core, &key));
  assert_int_equal(srv_core_identify_api_key(f.core, text, "", &who), SRV_ERR_FORBIDDEN);
  assert_ok(f.core, srv_core_delete_api_key(f.core, "", key.id));
  core_fixture_end(&f);
}
