/* SPDX-License-Identifier: Apache-2.0 */
#include "server/core/internal.h"
#include "tests/unit/server/core/core_fixture.h"

static struct core_fixture f;
static struct srv_blueprint blueprint;
static struct srv_device device;
static struct srv_device_ref ref;
static struct srv_device_settings got;

static void begin(void) {
  core_fixture_begin(&f);
  blueprint = make_blueprint(&f, "b");
  device = make_device(&f, "d", blueprint.id, NULL);
  ref = ref_of(&device);
  f.told[0] = 0;
}

static void end(void) { core_fixture_end(&f); }

enum level { PROJECT, BLUEPRINT, DEVICE };

static struct srv_setting setting_of(enum level level, const char *key, uint8_t type,
                                     const char *value) {
  struct srv_setting setting = {.project_id = P, .type = type};
  snprintf(setting.key, sizeof(setting.key), "%s", key);
  snprintf(setting.value, sizeof(setting.value), "%s", value);
  if (level == BLUEPRINT) strcpy(setting.blueprint_id, blueprint.id);
  if (level == DEVICE) strcpy(setting.device_id, device.id);
  return setting;
}

static struct srv_setting add(enum level level, const char *key, uint8_t type, const char *value) {
  struct srv_setting setting = setting_of(level, key, type, value);
  assert_ok(f.core, srv_core_create_setting(f.core, &setting));
  return setting;
}

static int try_add(enum level level, const char *key, uint8_t type, const char *value) {
  struct srv_setting setting = setting_of(level, key, type, value);
  return srv_core_create_setting(f.core, &setting);
}

static const char *value_of(const char *key) {
  assert_ok(f.core, srv_core_settings(f.core, &ref, &got));
  for (size_t i = 0; i < got.count; i++) {
    if (strcmp(got.setting[i].key, key) == 0) return got.setting[i].value;
  }
  return "";
}

static int64_t version(void) {
  assert_ok(f.core, srv_core_settings(f.core, &ref, &got));
  return got.version;
}

TEST(a_value_of_another_type_is_refused) {
  static const struct {
    uint8_t type;
    const char *value;
  } bad[] = {{SRV_SETTING_INTEGER, "1.5"},
             {SRV_SETTING_INTEGER, "1.0"},
             {SRV_SETTING_INTEGER, "\"1\""},
             {SRV_SETTING_INTEGER, "true"},
             {SRV_SETTING_INTEGER, "null"},
             {SRV_SETTING_INTEGER, ""},
             {SRV_SETTING_INTEGER, "9223372036854775808"},
             {SRV_SETTING_INTEGER, "[1]"},
             {SRV_SETTING_FLOAT, "\"x\""},
             {SRV_SETTING_FLOAT, "NaN"},
             {SRV_SETTING_FLOAT, "1e999"},
             {SRV_SETTING_FLOAT, "false"},
             {SRV_SETTING_BOOL, "1"},
             {SRV_SETTING_BOOL, "\"true\""},
             {SRV_SETTING_STRING, "1"},
             {SRV_SETTING_STRING, "text"},
             {SRV_SETTING_STRING, "{}"},
             {SRV_SETTING_STRING, "\"\\u0000\""},
             {4, "1"},
             {255, "1"},
             {SRV_SETTING_STRING, "\"\xff\""}};
  begin();
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    if (try_add(PROJECT, "K", bad[i].type, bad[i].value) != SRV_ERR_INVALID) {
      fail_msg("type %d: %s", bad[i].type, bad[i].value);
    }
  }
  assert_true(version() == 0);
  assert_string_equal(f.told, "");
  end();
}

TEST(values_are_kept_in_one_form_and_floats_stay_floats) {
  begin();
  add(PROJECT, "I", SRV_SETTING_INTEGER, " -9223372036854775808 ");
  add(PROJECT, "F", SRV_SETTING_FLOAT, "3");
  add(PROJECT, "G", SRV_SETTING_FLOAT, "0.10");
  add(PROJECT, "B", SRV_SETTING_BOOL, "true");
  add(PROJECT, "S", SRV_SETTING_STRING, "\"\\u00e9\"");
  assert_string_equal(value_of("I"), "-9223372036854775808");
  assert_string_equal(value_of("F"), "3.0");
  assert_string_equal(value_of("G"), "0.1");
  assert_string_equal(value_of("B"), "true");
  assert_string_equal(value_of("S"), "\"\xc3\xa9\"");
  assert_string_equal(got.setting[0].key, "B"); /* in order of keys */
  assert_string_equal(got.setting[4].key, "S");
  end();
}

TEST(a_key_is_a_name) {
  begin();
  const char *const bad[] = {"", "a b", "a/b", "a.b", "\xc3\xa9", "a\n", "a:"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    assert_int_equal(try_add(PROJECT, bad[i], SRV_SETTING_INTEGER, "1"), SRV_ERR_INVALID);
  }
  assert_int_equal(try_add(PROJECT, "LOOP_DELAY-s_2", SRV_SETTING_INTEGER, "1"), SRV_OK);
  end();
}

TEST(a_level_that_is_not_there_is_not_found) {
  begin();
  struct srv_setting setting = setting_of(PROJECT, "K", SRV_SETTING_INTEGER, "1");
  strcpy(setting.blueprint_id, "0123456789abcdef01234567");
  assert_int_equal(srv_core_create_setting(f.core, &setting), SRV_ERR_NOT_FOUND);
  setting = setting_of(PROJECT, "K", SRV_SETTING_INTEGER, "1");
  strcpy(setting.device_id, "0123456789abcdef01234567");
  assert_int_equal(srv_core_create_setting(f.core, &setting), SRV_ERR_NOT_FOUND);
  setting = setting_of(DEVICE, "K", SRV_SETTING_INTEGER, "1");
  strcpy(setting.blueprint_id, blueprint.id);
  assert_int_equal(srv_core_create_setting(f.core, &setting), SRV_ERR_INVALID);
  setting = setting_of(DEVICE, "K", SRV_SETTING_INTEGER, "1");
  strcpy(setting.project_id, "elsewhere");
  assert_int_equal(srv_core_create_setting(f.core, &setting), SRV_ERR_NOT_FOUND);
  end();
}

TEST(the_nearest_level_wins_and_gives_way_when_it_is_deleted) {
  begin();
  add(PROJECT, "K", SRV_SETTING_INTEGER, "1");
  assert_string_equal(value_of("K"), "1");
  struct srv_setting on_device = add(DEVICE, "K", SRV_SETTING_INTEGER, "3");
  assert_string_equal(value_of("K"), "3");
  struct srv_setting on_blueprint = add(BLUEPRINT, "K", SRV_SETTING_INTEGER, "2");
  assert_string_equal(value_of("K"), "3");
  assert_int_equal(got.count, 1);
  core_fixture_restart(&f);
  assert_string_equal(value_of("K"), "3");
  assert_ok(f.core, srv_core_delete_setting(f.core, P, on_device.id));
  assert_string_equal(value_of("K"), "2");
  assert_ok(f.core, srv_core_delete_setting(f.core, P, on_blueprint.id));
  assert_string_equal(value_of("K"), "1");
  assert_int_equal(srv_core_delete_setting(f.core, P, on_blueprint.id), SRV_ERR_NOT_FOUND);
  end();
}

TEST(another_devices_and_blueprints_settings_do_not_apply) {
  begin();
  struct srv_device other = make_device(&f, "other", NULL, NULL);
  add(BLUEPRINT, "K", SRV_SETTING_INTEGER, "2");
  add(DEVICE, "L", SRV_SETTING_INTEGER, "3");
  ref = ref_of(&other);
  assert_string_equal(value_of("K"), "");
  assert_string_equal(value_of("L"), "");
  assert_true(version() == 0);
  end();
}

TEST(a_key_has_one_type_at_all_levels) {
  begin();
  add(PROJECT, "K", SRV_SETTING_INTEGER, "1");
  assert_int_equal(try_add(DEVICE, "K", SRV_SETTING_STRING, "\"x\""), SRV_ERR_INVALID);
  assert_int_equal(try_add(PROJECT, "K", SRV_SETTING_INTEGER, "1"), SRV_ERR_EXISTS);
  struct srv_setting on_device = add(DEVICE, "K", SRV_SETTING_INTEGER, "2");
  on_device.type = SRV_SETTING_BOOL;
  strcpy(on_device.value, "true");
  assert_int_equal(srv_core_update_setting(f.core, &on_device), SRV_ERR_INVALID);
  struct srv_setting alone = add(PROJECT, "L", SRV_SETTING_INTEGER, "1");
  alone.type = SRV_SETTING_BOOL;
  strcpy(alone.value, "true");
  assert_ok(f.core, srv_core_update_setting(f.core, &alone));
  assert_string_equal(value_of("L"), "true");
  end();
}

TEST(an_update_changes_the_value_and_never_the_place) {
  begin();
  struct srv_setting setting = add(PROJECT, "K", SRV_SETTING_INTEGER, "1");
  struct srv_setting moved = setting;
  strcpy(moved.device_id, device.id);
  assert_int_equal(srv_core_update_setting(f.core, &moved), SRV_ERR_INVALID);
  moved = setting;
  strcpy(moved.key, "L");
  assert_int_equal(srv_core_update_setting(f.core, &moved), SRV_ERR_INVALID);
  strcpy(setting.value, "x");
  assert_int_equal(srv_core_update_setting(f.core, &setting), SRV_ERR_INVALID);
  strcpy(setting.value, "2");
  f.now_us += 5;
  assert_ok(f.core, srv_core_update_setting(f.core, &setting));
  assert_string_equal(value_of("K"), "2");
  assert_true(setting.updated_us == f.now_us && setting.created_us == f.now_us - 5);
  end();
}

TEST(the_version_rises_with_each_change_that_could_matter_even_when_the_clock_goes_back) {
  begin();
  int64_t last = version();
  assert_true(last == 0);
  struct srv_setting a = add(PROJECT, "A", SRV_SETTING_INTEGER, "1");
  assert_true(version() > last);
  last = version();
  add(BLUEPRINT, "B", SRV_SETTING_INTEGER, "1"); /* in the same microsecond */
  assert_true(version() > last);
  last = version();
  f.now_us -= INT64_C(3600) * 1000000;
  struct srv_setting c = add(DEVICE, "C", SRV_SETTING_INTEGER, "1");
  assert_true(version() > last);
  last = version();
  strcpy(a.value, "2");
  assert_ok(f.core, srv_core_update_setting(f.core, &a));
  assert_true(version() > last);
  last = version();
  assert_ok(f.core, srv_core_update_setting(f.core, &a)); /* nothing changed */
  assert_true(version() == last);
  assert_ok(f.core, srv_core_delete_setting(f.core, P, c.id));
  assert_true(version() > last);
  end();
}

TEST(a_device_that_moves_to_another_blueprint_sees_its_settings_under_a_newer_version) {
  begin();
  add(BLUEPRINT, "K", SRV_SETTING_INTEGER, "2");
  int64_t last = version();
  f.told[0] = 0;
  device.blueprint_id[0] = 0;
  assert_ok(f.core, srv_core_update_device(f.core, &device));
  assert_string_equal(value_of("K"), "");
  assert_true(version() > last);
  assert_non_null(strstr(f.told, device.id));
  last = version();
  strcpy(device.blueprint_id, blueprint.id);
  assert_ok(f.core, srv_core_update_device(f.core, &device));
  assert_string_equal(value_of("K"), "2");
  assert_true(version() > last);
  end();
}

TEST(who_is_told_follows_from_the_level) {
  begin();
  char expected[64];
  snprintf(expected, sizeof(expected), "manifest default %s;", device.id);
  add(DEVICE, "C", SRV_SETTING_INTEGER, "1");
  assert_string_equal(f.told, expected);
  f.told[0] = 0;
  add(BLUEPRINT, "C", SRV_SETTING_INTEGER, "1");
  assert_string_equal(f.told, "manifest default *;");
  f.told[0] = 0;
  add(PROJECT, "C", SRV_SETTING_INTEGER, "1");
  assert_string_equal(f.told, "manifest default *;");
  end();
}

/* A text value of that many bytes of CBOR text. */
static const char *text_of(size_t size) {
  static char text[SRV_SETTING_VALUE_MAX + 1];
  assert_true(size + 2 <= SRV_SETTING_VALUE_MAX);
  memset(text, 'x', size + 2);
  text[0] = text[size + 1] = '"';
  text[size + 2] = 0;
  return text;
}

TEST(settings_that_do_not_fit_one_datagram_are_refused_at_the_level_that_would_break_it) {
  begin();
  add(PROJECT, "P", SRV_SETTING_STRING, text_of(400));
  add(BLUEPRINT, "B", SRV_SETTING_STRING, text_of(400));
  int64_t last = version();
  assert_int_equal(try_add(DEVICE, "D", SRV_SETTING_STRING, text_of(300)), SRV_ERR_TOO_LARGE);
  assert_int_equal(try_add(PROJECT, "Q", SRV_SETTING_STRING, text_of(300)), SRV_ERR_TOO_LARGE);
  assert_int_equal(try_add(BLUEPRINT, "C", SRV_SETTING_STRING, text_of(300)), SRV_ERR_TOO_LARGE);
  assert_true(version() == last);
  assert_int_equal(got.count, 2);
  add(DEVICE, "P", SRV_SETTING_STRING, text_of(400)); /* in place of the project's: it fits */
  add(DEVICE, "B", SRV_SETTING_STRING, text_of(5));
  assert_int_equal(strlen(value_of("B")), 7);
  end();
}

TEST(a_projects_setting_is_measured_with_the_largest_device_there_is) {
  begin();
  add(DEVICE, "D", SRV_SETTING_STRING, text_of(300));
  add(BLUEPRINT, "B", SRV_SETTING_STRING, text_of(300));
  struct srv_device other = make_device(&f, "other", NULL, NULL);
  struct srv_setting setting = setting_of(PROJECT, "O", SRV_SETTING_STRING, text_of(500));
  strcpy(setting.device_id, other.id);
  assert_ok(f.core, srv_core_create_setting(f.core, &setting)); /* alone: other has no blueprint */
  add(PROJECT, "P", SRV_SETTING_STRING, text_of(300));
  assert_int_equal(try_add(PROJECT, "Q", SRV_SETTING_STRING, text_of(100)), SRV_ERR_TOO_LARGE);
  /* Moved to the blueprint, the other one would have too many as well. */
  strcpy(other.blueprint_id, blueprint.id);
  assert_int_equal(srv_core_update_device(f.core, &other), SRV_ERR_TOO_LARGE);
  end();
}

TEST(a_device_has_at_most_sixty_four_keys) {
  begin();
  for (int i = 0; i < SRV_SETTINGS_MAX; i++) {
    char key[16];
    snprintf(key, sizeof(key), "K%d", i);
    add(i % 2 == 0 ? PROJECT : DEVICE, key, SRV_SETTING_INTEGER, "1");
  }
  assert_int_equal(try_add(BLUEPRINT, "L", SRV_SETTING_INTEGER, "1"), SRV_ERR_TOO_LARGE);
  add(BLUEPRINT, "K0", SRV_SETTING_INTEGER, "2"); /* a key that counts already */
  assert_ok(f.core, srv_core_settings(f.core, &ref, &got));
  assert_int_equal(got.count, SRV_SETTINGS_MAX);
  assert_string_equal(value_of("K0"), "2");
  end();
}

TEST(a_value_longer_than_a_setting_is_refused) {
  begin();
  struct srv_setting setting = setting_of(PROJECT, "K", SRV_SETTING_STRING, "");
  /* Each of these grows when it is written in its one form. */
  strcpy(setting.value, "\"");
  for (int i = 0; i < 84; i++) strcat(setting.value, "\\u001f");
  strcat(setting.value, "\"");
  assert_ok(f.core, srv_core_create_setting(f.core, &setting));
  assert_ok(f.core, srv_core_delete_setting(f.core, P, setting.id));
  memset(setting.value, '\x7f', sizeof(setting.value) - 1);
  setting.value[0] = setting.value[sizeof(setting.value) - 2] = '"';
  int status = srv_core_create_setting(f.core, &setting);
  assert_true(status == SRV_OK || status == SRV_ERR_TOO_LARGE);
  end();
}

TEST(settings_go_with_their_level_and_hold_the_project) {
  begin();
  add(BLUEPRINT, "B", SRV_SETTING_INTEGER, "1");
  add(DEVICE, "D", SRV_SETTING_INTEGER, "1");
  assert_int_equal(srv_core_delete_blueprint(f.core, P, blueprint.id), SRV_ERR_IN_USE);
  assert_ok(f.core, srv_core_delete_device(f.core, P, device.id));
  assert_ok(f.core, srv_core_delete_blueprint(f.core, P, blueprint.id));
  struct srv_query query = {0};
  uint64_t total = 1;
  assert_ok(f.core, srv_core_list(f.core, SRV_SETTING, &query, NULL, NULL, &total));
  assert_int_equal(total, 0);
  assert_ok(f.core, srv_core_list(f.core, SRV_SETTINGS_VERSION, &query, NULL, NULL, &total));
  assert_int_equal(total, 0);
  struct srv_setting setting = add(PROJECT, "P", SRV_SETTING_INTEGER, "1");
  assert_int_equal(srv_core_delete_project(f.core, P), SRV_ERR_IN_USE);
  assert_ok(f.core, srv_core_delete_setting(f.core, P, setting.id));
  assert_ok(f.core, srv_core_delete_project(f.core, P));
  end();
}

TEST(a_change_that_is_undone_is_not_remembered) {
  begin();
  add(PROJECT, "K", SRV_SETTING_INTEGER, "1");
  int64_t last = version();
  srv_core_batch_begin(f.core);
  add(PROJECT, "L", SRV_SETTING_INTEGER, "2");
  assert_string_equal(value_of("L"), "2"); /* seen from inside, and kept ready */
  f.core->pending_failure = SRV_ERR_NO_SPACE;
  assert_int_equal(srv_core_batch_commit(f.core), SRV_ERR_NO_SPACE);
  assert_string_equal(value_of("L"), "");
  assert_string_equal(value_of("K"), "1");
  assert_true(version() == last);
  end();
}

TEST(many_blueprints_do_not_mix_their_settings) {
  begin();
  static struct srv_device devices[SRV_LEVELS_CACHED * 3];
  for (int i = 0; i < SRV_LEVELS_CACHED * 3; i++) {
    char name[16];
    snprintf(name, sizeof(name), "b%d", i);
    blueprint = make_blueprint(&f, name);
    snprintf(name, sizeof(name), "d%d", i);
    devices[i] = make_device(&f, name, blueprint.id, NULL);
    snprintf(name, sizeof(name), "%d", i);
    add(BLUEPRINT, "K", SRV_SETTING_INTEGER, name);
  }
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < SRV_LEVELS_CACHED * 3; i++) {
      char expected[16];
      snprintf(expected, sizeof(expected), "%d", i);
      ref = ref_of(&devices[i]);
      assert_string_equal(value_of("K"), expected);
    }
  }
  end();
}

TEST(what_a_device_says_of_its_settings_is_kept) {
  begin();
  struct srv_settings_status row;
  assert_int_equal(srv_core_get_settings_status(f.core, device.id, &row), SRV_ERR_NOT_FOUND);
  const char *const bad[] = {"", "{}", "[", "1", "[]x"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    assert_int_equal(srv_core_settings_status(f.core, &ref, 1, bad[i]), SRV_ERR_INVALID);
  }
  static char too_long[SRV_SETTINGS_ERRORS_MAX + 2];
  memset(too_long, ' ', sizeof(too_long) - 1);
  too_long[0] = '[';
  too_long[sizeof(too_long) - 2] = ']';
  assert_int_equal(srv_core_settings_status(f.core, &ref, 1, too_long), SRV_ERR_TOO_LARGE);
  assert_ok(f.core, srv_core_settings_status(f.core, &ref, 7, "[{\"setting_key\":\"K\"}]"));
  core_fixture_restart(&f);
  assert_ok(f.core, srv_core_get_settings_status(f.core, device.id, &row));
  assert_true(row.version == 7 && row.time_us == f.now_us);
  assert_string_equal(row.errors, "[{\"setting_key\":\"K\"}]");
  assert_ok(f.core, srv_core_delete_device(f.core, P, device.id));
  assert_int_equal(srv_core_settings_status(f.core, &ref, 8, "[]"), SRV_ERR_NOT_FOUND);
  end();
}
