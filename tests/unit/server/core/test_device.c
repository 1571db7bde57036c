/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/core/core_fixture.h"

static struct core_fixture f;

static int find_psk(const char *identity, struct srv_psk *psk) {
  return srv_core_find_psk(f.core, (const uint8_t *)identity, strlen(identity), psk);
}

static struct srv_credential make_credential(const struct srv_device *device, const char *identity,
                                             const char *key) {
  struct srv_credential credential = {.project_id = P, .key_size = strlen(key)};
  strcpy(credential.device_id, device->id);
  strcpy(credential.identity, identity);
  memcpy(credential.key, key, strlen(key));
  assert_ok(f.core, srv_core_create_credential(f.core, &credential));
  return credential;
}

TEST(a_device_is_found_by_each_of_its_identities) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "kitchen", NULL, NULL);
  make_credential(&device, "kitchen@default", "secret");
  make_credential(&device, "spare", "other");
  struct srv_psk psk;
  assert_ok(f.core, find_psk("kitchen@default", &psk));
  assert_string_equal(psk.device.device_id, device.id);
  assert_string_equal(psk.device.project_id, P);
  assert_int_equal(psk.key_size, 6);
  assert_memory_equal(psk.key, "secret", 6);
  assert_ok(f.core, find_psk("spare", &psk));
  core_fixture_end(&f);
}

TEST(an_unknown_empty_or_oversize_identity_is_nobody) {
  core_fixture_begin(&f);
  struct srv_psk psk;
  char longest[SRV_IDENTITY_MAX + 2];
  memset(longest, 'a', sizeof(longest) - 1);
  longest[sizeof(longest) - 1] = 0;
  assert_int_equal(find_psk("nobody", &psk), SRV_ERR_NOT_FOUND);
  assert_int_equal(find_psk("", &psk), SRV_ERR_NOT_FOUND);
  assert_int_equal(find_psk(longest, &psk), SRV_ERR_NOT_FOUND);
  assert_int_equal(srv_core_find_psk(f.core, (const uint8_t *)"a\0b", 3, &psk), SRV_ERR_NOT_FOUND);
  core_fixture_end(&f);
}

TEST(an_identity_belongs_to_one_device_of_the_whole_server) {
  core_fixture_begin(&f);
  struct srv_device a = make_device(&f, "a", NULL, NULL), b = make_device(&f, "b", NULL, NULL);
  make_credential(&a, "me", "k");
  struct srv_credential twin = {.project_id = P, .identity = "me", .key_size = 1};
  strcpy(twin.device_id, b.id);
  assert_int_equal(srv_core_create_credential(f.core, &twin), SRV_ERR_EXISTS);
  core_fixture_end(&f);
}

TEST(a_key_of_no_bytes_is_refused) {
  core_fixture_begin(&f);
  struct srv_device a = make_device(&f, "a", NULL, NULL);
  struct srv_credential credential = {.project_id = P, .identity = "me", .key_size = 0};
  strcpy(credential.device_id, a.id);
  assert_int_equal(srv_core_create_credential(f.core, &credential), SRV_ERR_INVALID);
  core_fixture_end(&f);
}

TEST(a_disabled_device_is_forbidden_and_its_session_revoked) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "a", NULL, NULL);
  make_credential(&device, "me", "k");
  device.enabled = false;
  f.told[0] = 0;
  assert_ok(f.core, srv_core_update_device(f.core, &device));
  char expected[64];
  snprintf(expected, sizeof(expected), "revoked default %s;", device.id);
  assert_string_equal(f.told, expected);
  struct srv_psk psk;
  assert_int_equal(find_psk("me", &psk), SRV_ERR_FORBIDDEN);
  core_fixture_end(&f);
}

TEST(a_deleted_credential_or_device_ends_the_session_and_the_key) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "a", NULL, NULL);
  struct srv_credential first = make_credential(&device, "one", "k");
  make_credential(&device, "two", "k");
  struct srv_psk psk;
  char expected[96];
  snprintf(expected, sizeof(expected), "revoked-credential %s %s;", first.id, device.id);
  assert_ok(f.core, srv_core_delete_credential(f.core, P, device.id, first.id));
  assert_string_equal(f.told, expected); /* sessions by the other one stay */
  assert_int_equal(find_psk("one", &psk), SRV_ERR_NOT_FOUND);
  assert_ok(f.core, find_psk("two", &psk));
  f.told[0] = 0;
  assert_ok(f.core, srv_core_delete_device(f.core, P, "a"));
  assert_non_null(strstr(f.told, "revoked"));
  assert_int_equal(find_psk("two", &psk), SRV_ERR_NOT_FOUND);
  core_fixture_end(&f);
}

TEST(a_credential_of_another_device_is_not_deleted) {
  core_fixture_begin(&f);
  struct srv_device a = make_device(&f, "a", NULL, NULL), b = make_device(&f, "b", NULL, NULL);
  struct srv_credential credential = make_credential(&a, "me", "k");
  assert_int_equal(srv_core_delete_credential(f.core, P, b.id, credential.id), SRV_ERR_NOT_FOUND);
  struct srv_psk psk;
  assert_ok(f.core, find_psk("me", &psk));
  core_fixture_end(&f);
}

TEST(a_device_of_unknown_blueprint_or_tag_is_refused) {
  core_fixture_begin(&f);
  struct srv_device device = {.project_id = P, .name = "d", .blueprint_id = "nothing"};
  assert_int_equal(srv_core_create_device(f.core, &device), SRV_ERR_INVALID);
  assert_non_null(strstr(srv_core_error(f.core), "nothing"));
  device.blueprint_id[0] = 0;
  device.tag_count = 1;
  strcpy(device.tag_id[0], "nothing");
  assert_int_equal(srv_core_create_device(f.core, &device), SRV_ERR_INVALID);
  core_fixture_end(&f);
}

TEST(two_devices_of_one_name_are_refused) {
  core_fixture_begin(&f);
  make_device(&f, "d", NULL, NULL);
  struct srv_device device = {.project_id = P, .name = "d"};
  assert_int_equal(srv_core_create_device(f.core, &device), SRV_ERR_EXISTS);
  assert_string_equal(srv_core_error(f.core), "device \"d\" already exists");
  core_fixture_end(&f);
}

TEST(a_device_name_with_a_slash_or_control_character_is_refused) {
  core_fixture_begin(&f);
  static const char *const bad[] = {"", "a/b", "a\nb", "\x7f"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    struct srv_device device = {.project_id = P};
    strcpy(device.name, bad[i]);
    assert_int_equal(srv_core_create_device(f.core, &device), SRV_ERR_INVALID);
  }
  core_fixture_end(&f);
}

TEST(changing_a_devices_tags_or_blueprint_tells_its_manifest_changed_and_a_rename_does_not) {
  core_fixture_begin(&f);
  struct srv_tag tag = make_tag(&f, "beta");
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  strcpy(device.name, "renamed");
  assert_ok(f.core, srv_core_update_device(f.core, &device));
  assert_string_equal(f.told, "");
  strcpy(device.tag_id[0], tag.id);
  device.tag_count = 1;
  assert_ok(f.core, srv_core_update_device(f.core, &device));
  char expected[64];
  snprintf(expected, sizeof(expected), "manifest default %s;", device.id);
  assert_string_equal(f.told, expected);
  core_fixture_end(&f);
}

TEST(presence_is_shown_at_once_and_survives_a_restart_as_offline) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  struct srv_device_ref ref = ref_of(&device);
  struct srv_device_state now;
  assert_ok(f.core, srv_core_device_state(f.core, device.id, &now));
  assert_false(now.online);
  assert_true(now.last_seen_online_us == 0);
  int64_t came = f.now_us;
  srv_core_device_online(f.core, &ref);
  assert_ok(f.core, srv_core_device_state(f.core, device.id, &now));
  assert_true(now.online);
  assert_true(now.last_seen_online_us == came);
  f.now_us += 1000000;
  core_fixture_restart(&f);
  assert_ok(f.core, srv_core_device_state(f.core, device.id, &now));
  assert_false(now.online);
  assert_true(now.last_seen_online_us == came);
  assert_true(now.last_seen_offline_us == came + 1000000);
  core_fixture_end(&f);
}

TEST(a_thousand_devices_come_and_go_and_the_deleted_one_is_forgotten) {
  core_fixture_begin(&f);
  static struct srv_device device[1000];
  srv_core_batch_begin(f.core);
  for (int i = 0; i < 1000; i++) {
    char name[16];
    snprintf(name, sizeof(name), "d%d", i);
    device[i] = make_device(&f, name, NULL, NULL);
    struct srv_device_ref ref = ref_of(&device[i]);
    srv_core_device_online(f.core, &ref);
  }
  assert_ok(f.core, srv_core_batch_commit(f.core));
  assert_ok(f.core, srv_core_delete_device(f.core, P, device[7].id));
  f.now_us += 60 * 1000000;
  srv_core_tick(f.core);
  for (int i = 0; i < 1000; i += 2) {
    struct srv_device_ref ref = ref_of(&device[i]);
    srv_core_device_offline(f.core, &ref);
  }
  struct srv_device_state now;
  assert_ok(f.core, srv_core_device_state(f.core, device[998].id, &now));
  assert_false(now.online);
  assert_true(now.last_seen_offline_us == f.now_us);
  assert_ok(f.core, srv_core_device_state(f.core, device[999].id, &now));
  assert_true(now.online);
  core_fixture_end(&f);
}
