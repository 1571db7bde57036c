/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/rest/rest_fixture.h"

static struct rest_fixture f;

#define DATA PP "/devices/d/data"

static void begin(void) {
  rest_begin(&f);
  make_device(&f.core, "d", NULL, NULL);
}

static json_t *data_of(const struct rest_answer *answer) {
  rest_expect(answer, 200);
  return rest_value(answer, "data");
}

TEST(state_is_null_until_somebody_sets_it) {
  begin();
  assert_true(json_is_null(data_of(rest_call(&f, "GET", DATA, NULL))));
  assert_true(json_is_null(data_of(rest_call(&f, "GET", DATA "/a/b", NULL))));
  rest_expect(rest_call(&f, "DELETE", DATA "/a/b", NULL), 200);
  rest_end(&f);
}

TEST(a_value_of_any_type_is_set_at_a_path_and_read_back) {
  static const char *const values[] = {"42",   "-1",     "1.5",       "\"on\"",
                                       "true", "[1,[]]", "{\"b\":2}", "\"\\u00e9\""};
  begin();
  for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
    json_t *wanted = json_loads(values[i], JSON_DECODE_ANY, NULL);
    assert_true(json_equal(data_of(rest_call(&f, "POST", DATA "/desired/x", values[i])), wanted));
    assert_true(json_equal(data_of(rest_call(&f, "GET", DATA "/desired/x", NULL)), wanted));
    json_decref(wanted);
  }
  rest_expect(rest_call(&f, "POST", DATA "/desired/x", "null"), 200);
  assert_true(json_is_null(data_of(rest_call(&f, "GET", DATA "/desired/x", NULL))));
  rest_end(&f);
}

TEST(put_replaces_patch_merges_and_delete_removes) {
  begin();
  rest_expect(rest_call(&f, "PUT", DATA, "{\"a\":{\"x\":1,\"y\":2},\"b\":3}"), 200);
  rest_expect(rest_call(&f, "PATCH", DATA "/a", "{\"y\":null,\"z\":4}"), 200);
  const struct rest_answer *answer = rest_call(&f, "GET", DATA, NULL);
  assert_int_equal(rest_number(answer, "data.a.x"), 1);
  assert_null(rest_value(answer, "data.a.y"));
  assert_int_equal(rest_number(answer, "data.a.z"), 4);
  assert_int_equal(rest_number(answer, "data.b"), 3);
  rest_expect(rest_call(&f, "PUT", DATA "/a", "{\"n\":1}"), 200);
  answer = rest_call(&f, "GET", DATA, NULL);
  assert_null(rest_value(answer, "data.a.x"));
  rest_expect(rest_call(&f, "DELETE", DATA "/a", NULL), 200);
  answer = rest_call(&f, "GET", DATA, NULL);
  assert_null(rest_value(answer, "data.a"));
  assert_int_equal(rest_number(answer, "data.b"), 3);
  rest_end(&f);
}

TEST(a_change_is_told_to_the_devices_observers) {
  begin();
  f.core.told[0] = 0;
  rest_expect(rest_call(&f, "POST", DATA "/desired", "1"), 200);
  assert_non_null(strstr(f.core.told, "default"));
  rest_end(&f);
}

TEST(state_that_is_no_json_too_deep_or_too_large_is_refused_and_changes_nothing) {
  char large[20000];
  begin();
  rest_expect(rest_call(&f, "POST", DATA, "{\"a\":1}"), 200);
  rest_expect_error(rest_call(&f, "POST", DATA, "{\"a\":"), 400, 3, "no JSON");
  rest_expect_error(rest_call(&f, "POST", DATA, "{\"a\":1,\"a\":2}"), 400, 3, "no JSON");
  rest_expect_error(rest_call(&f, "POST", DATA, NULL), 400, 3, "empty");
  memset(large, 'x', sizeof(large));
  large[0] = large[sizeof(large) - 2] = '"';
  large[sizeof(large) - 1] = 0;
  rest_expect_error(rest_call(&f, "POST", DATA "/b", large), 413, 8, "");
  rest_expect(rest_call(&f, "POST", DATA "/b",
                        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"),
              400);
  rest_expect_error(rest_call(&f, "PATCH", DATA, "7"), 400, 3, "");
  assert_int_equal(rest_number(rest_call(&f, "GET", DATA, NULL), "data.a"), 1);
  assert_null(rest_value(rest_call(&f, "GET", DATA, NULL), "data.b"));
  rest_end(&f);
}

TEST(paths_of_state_are_as_deep_as_documents_and_no_deeper) {
  begin();
  rest_expect(rest_call(&f, "POST", DATA "/1/2/3/4/5/6/7/8/9/10/11/12", "1"), 200);
  rest_expect(rest_call(&f, "POST", DATA "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", "1"), 400);
  rest_expect(
      rest_call(&f, "POST", DATA "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22", "1"),
      404);
  rest_expect(rest_call(&f, "GET", DATA "//a", NULL), 404);
  rest_expect(rest_call(&f, "GET", DATA "/a%2Fb", NULL), 404);
  rest_expect(rest_call(&f, "GET", DATA "/a%zz", NULL), 404);
  rest_expect(rest_call(&f, "GET", DATA "/", NULL), 200); /* a slash at the end: all of it */
  rest_expect(rest_call(&f, "POST", DATA "/caf%C3%A9", "1"), 200);
  assert_int_equal(rest_number(rest_call(&f, "GET", DATA, NULL), "data.caf\xc3\xa9"), 1);
  rest_end(&f);
}

TEST(state_of_unknown_devices_and_other_projects_is_not_there) {
  char url[128];
  begin();
  struct rest_others others = rest_make_others(&f);
  static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
  for (size_t i = 0; i < 5; i++) {
    rest_expect_error(rest_call(&f, methods[i], PP "/devices/nobody/data", "{}"), 404, 5, "device");
    snprintf(url, sizeof(url), PP "/devices/%s/data/a", others.device.id);
    rest_expect_error(rest_call(&f, methods[i], url, "{}"), 404, 5, "device");
  }
  rest_end(&f);
}
