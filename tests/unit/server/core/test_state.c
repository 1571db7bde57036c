/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "tests/unit/server/core/core_fixture.h"

static struct core_fixture f;
static struct srv_device_ref ref;

static void begin(void) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  ref = ref_of(&device);
  f.told[0] = 0;
}

static void end(void) { core_fixture_end(&f); }

static int set(const char *path, const char *json) {
  return srv_core_state_set(f.core, &ref, path, json, strlen(json), false);
}

static int merge(const char *path, const char *json) {
  return srv_core_state_set(f.core, &ref, path, json, strlen(json), true);
}

#define assert_state(path, expected)                                   \
  do {                                                                 \
    char *json_ = NULL;                                                \
    assert_ok(f.core, srv_core_state_get(f.core, &ref, path, &json_)); \
    assert_string_equal(json_, expected);                              \
    free(json_);                                                       \
  } while (0)

TEST(what_is_no_json_is_refused_and_changes_nothing) {
  begin();
  assert_ok(f.core, set("", "{\"a\":1}"));
  f.told[0] = 0;
  const char *const bad[] = {"",
                             "{",
                             "{\"a\":1",
                             "nul",
                             "{\"a\":1}x",
                             "{a:1}",
                             "{\"a\":1,}",
                             "\"\\u0000\"",
                             "\"\xff\"",
                             "[1",
                             "1e999",
                             "99999999999999999999",
                             "{\"a\":1,\"a\":2}"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    if (set("b", bad[i]) != SRV_ERR_INVALID) fail_msg("taken: %s", bad[i]);
    if (merge("", bad[i]) != SRV_ERR_INVALID) fail_msg("merged: %s", bad[i]);
  }
  assert_int_equal(set("", "[1]"), SRV_ERR_INVALID);
  assert_int_equal(set("", "5"), SRV_ERR_INVALID);
  assert_int_equal(merge("a", "5"), SRV_ERR_INVALID);
  assert_state("", "{\"a\":1}");
  assert_string_equal(f.told, "");
  end();
}

TEST(bad_paths_are_refused_by_every_call) {
  begin();
  char *json = NULL;
  char deep[64] = "", too_long[600];
  for (int i = 0; i < SRV_DEVICE_STATE_DEPTH_MAX + 1; i++) strcat(deep, i == 0 ? "a" : "/a");
  memset(too_long, 'a', sizeof(too_long));
  too_long[sizeof(too_long) - 1] = 0;
  const char *const bad[] = {"/", "/a", "a/", "a//b", "\xff", deep, too_long};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    assert_int_equal(set(bad[i], "1"), SRV_ERR_INVALID);
    assert_int_equal(merge(bad[i], "{}"), SRV_ERR_INVALID);
    assert_int_equal(srv_core_state_delete(f.core, &ref, bad[i]), SRV_ERR_INVALID);
    assert_int_equal(srv_core_state_get(f.core, &ref, bad[i], &json), SRV_ERR_INVALID);
    assert_null(json);
  }
  end();
}

TEST(what_is_not_there_is_null_and_can_be_deleted) {
  begin();
  assert_state("", "null");
  assert_state("a/b", "null");
  assert_ok(f.core, srv_core_state_delete(f.core, &ref, "a/b"));
  assert_ok(f.core, srv_core_state_delete(f.core, &ref, ""));
  assert_state("", "null");
  assert_string_equal(f.told, "");
  end();
}

TEST(values_are_set_got_and_deleted_by_path_over_a_restart) {
  begin();
  assert_ok(f.core, set("desired/led/color", "\"red\""));
  assert_ok(f.core, set("desired/led/level", "0.1"));
  assert_ok(f.core, set("count", "-7"));
  core_fixture_restart(&f);
  assert_state("", "{\"desired\":{\"led\":{\"color\":\"red\",\"level\":0.1}},\"count\":-7}");
  assert_state("desired/led/color", "\"red\"");
  assert_state("desired/led/color/x", "null");
  assert_ok(f.core, srv_core_state_delete(f.core, &ref, "desired/led/color"));
  assert_state("desired", "{\"led\":{\"level\":0.1}}");
  assert_ok(f.core, set("count", "null"));
  assert_state("", "{\"desired\":{\"led\":{\"level\":0.1}}}");
  assert_ok(f.core, srv_core_state_delete(f.core, &ref, ""));
  assert_state("", "{}");
  end();
}

TEST(objects_are_made_on_the_way_in_place_of_what_can_hold_no_name) {
  begin();
  assert_ok(f.core, set("a", "5"));
  assert_ok(f.core, set("a/b/c", "true"));
  assert_state("", "{\"a\":{\"b\":{\"c\":true}}}");
  assert_ok(f.core, merge("a/b/c", "{\"d\":1}"));
  assert_state("a/b", "{\"c\":{\"d\":1}}");
  end();
}

TEST(numbers_name_elements_of_an_array) {
  begin();
  assert_ok(f.core, set("list", "[10,{\"a\":1},30]"));
  assert_state("list/0", "10");
  assert_state("list/1/a", "1");
  assert_state("list/3", "null");
  assert_ok(f.core, set("list/1/a", "2"));
  assert_ok(f.core, set("list/3", "40"));
  assert_state("list", "[10,{\"a\":2},30,40]");
  const char *const bad[] = {"list/5",  "list/-1", "list/01", "list/a", "list/99999999999999999999",
                             "list/5/a"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    assert_int_equal(set(bad[i], "1"), SRV_ERR_INVALID);
  }
  assert_ok(f.core, srv_core_state_delete(f.core, &ref, "list/0"));
  assert_state("list", "[{\"a\":2},30,40]");
  end();
}

TEST(a_merge_replaces_members_and_null_removes_them) {
  begin();
  assert_ok(f.core, set("a", "{\"x\":1,\"y\":{\"deep\":1},\"z\":3}"));
  assert_ok(f.core, merge("a", "{\"x\":null,\"y\":{\"other\":2},\"w\":4}"));
  assert_state("a", "{\"y\":{\"other\":2},\"z\":3,\"w\":4}");
  assert_ok(f.core, merge("", "{\"b\":1}"));
  assert_ok(f.core, merge("new/place", "{\"c\":1}"));
  assert_state("new", "{\"place\":{\"c\":1}}");
  end();
}

TEST(each_change_is_told_once_for_that_device_and_no_change_is_not) {
  begin();
  char expected[64];
  snprintf(expected, sizeof(expected), "manifest default %s;", ref.device_id);
  assert_ok(f.core, set("a", "1"));
  assert_string_equal(f.told, expected);
  f.told[0] = 0;
  assert_ok(f.core, set("a", "1"));
  assert_ok(f.core, merge("", "{\"a\":1}"));
  assert_ok(f.core, srv_core_state_delete(f.core, &ref, "b"));
  assert_string_equal(f.told, "");
  assert_ok(f.core, srv_core_state_delete(f.core, &ref, "a"));
  assert_string_equal(f.told, expected);
  end();
}

TEST(a_document_that_would_be_too_large_or_too_deep_is_refused_and_stays) {
  begin();
  static char text[SRV_DEVICE_STATE_MAX + 10];
  memset(text, 'a', sizeof(text));
  text[0] = '"';
  size_t fits = SRV_DEVICE_STATE_MAX - strlen("{\"a\":}");
  text[fits - 1] = '"';
  assert_ok(f.core, srv_core_state_set(f.core, &ref, "a", text, fits, false));
  assert_int_equal(set("b", "1"), SRV_ERR_TOO_LARGE);
  assert_state("b", "null");
  assert_int_equal(srv_core_state_set(f.core, &ref, "a", text, sizeof(text), false),
                   SRV_ERR_TOO_LARGE);
  assert_ok(f.core, srv_core_state_delete(f.core, &ref, ""));
  const char *fourteen = "a/a/a/a/a/a/a/a/a/a/a/a/a/a";
  assert_int_equal(set(fourteen, "[[[1]]]"), SRV_ERR_INVALID);
  assert_ok(f.core, set(fourteen, "[[1]]"));
  memset(text, '[', sizeof(text));
  assert_int_equal(srv_core_state_set(f.core, &ref, "x", text, 16000, false), SRV_ERR_INVALID);
  end();
}

TEST(brackets_inside_a_text_are_no_depth) {
  begin();
  assert_ok(f.core, set("a", "\"[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[\""));
  assert_state("a", "\"[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[\"");
  end();
}

TEST(numbers_come_back_as_short_as_they_were_and_floats_stay_floats) {
  begin();
  assert_ok(f.core, set("n", "[0.1,1.0,-0.0,1e300,21.5,0.30000000000000004,9007199254740993]"));
  assert_state("n", "[0.1,1.0,-0.0,1e+300,21.5,0.30000000000000004,9007199254740993]");
  end();
}

TEST(the_state_of_a_deleted_device_goes_and_cannot_be_set) {
  begin();
  assert_ok(f.core, set("a", "1"));
  assert_ok(f.core, srv_core_delete_device(f.core, P, ref.device_id));
  assert_int_equal(set("a", "2"), SRV_ERR_NOT_FOUND);
  assert_state("", "null");
  end();
}

TEST(a_full_disk_leaves_the_old_state_and_tells_nobody) {
  signal(SIGXFSZ, SIG_IGN);
  begin();
  assert_ok(f.core, set("a", "1"));
  f.told[0] = 0;
  struct rlimit limit;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
  limit.rlim_cur = 4096;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
  assert_int_equal(set("a", "2"), SRV_ERR_NO_SPACE);
  limit.rlim_cur = RLIM_INFINITY;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
  assert_state("a", "1");
  assert_string_equal(f.told, "");
  end();
}
