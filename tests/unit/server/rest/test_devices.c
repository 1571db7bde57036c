/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/rest/rest_fixture.h"

static struct rest_fixture f;

static void begin_with_tags(void) {
  rest_begin(&f);
  rest_expect(rest_call(&f, "POST", PP "/tags", "{\"name\":\"beta\"}"), 200);
  rest_expect(rest_call(&f, "POST", PP "/tags", "{\"name\":\"lab\"}"), 200);
  rest_expect(rest_call(&f, "POST", PP "/blueprints", "{\"name\":\"board\"}"), 200);
}

TEST(a_device_has_the_shape_that_clients_know) {
  begin_with_tags();
  const struct rest_answer *answer =
      rest_call(&f, "POST", PP "/devices",
                "{\"name\":\"kitchen\",\"hardwareIds\":[\"aa:bb\"],\"tagIds\":[\"beta\"],"
                "\"blueprintId\":\"board\"}");
  rest_expect(answer, 200);
  assert_int_equal(strlen(rest_text(answer, "data.id")), 24);
  assert_string_equal(rest_text(answer, "data.hardwareIds.0"), "aa:bb");
  assert_int_equal(strlen(rest_text(answer, "data.tagIds.0")), 24);
  assert_int_equal(strlen(rest_text(answer, "data.blueprintId")), 24);
  assert_true(json_is_true(rest_value(answer, "data.enabled")));
  assert_string_equal(rest_text(answer, "data.createdAt"), "2023-11-14T22:13:20.000000Z");
  assert_string_equal(rest_text(answer, "data.metadata.status"), "-");
  assert_true(json_is_null(rest_value(answer, "data.metadata.lastSeenOnline")));
  assert_true(json_is_object(rest_value(answer, "data.metadata.update")));
  rest_end(&f);
}

TEST(a_patch_adds_and_removes_tags_and_hardware_ids_and_leaves_the_rest) {
  begin_with_tags();
  rest_expect(rest_call(&f, "POST", PP "/devices",
                        "{\"name\":\"d\",\"tagIds\":[\"beta\"],\"blueprintId\":\"board\"}"),
              200);
  const struct rest_answer *answer = rest_call(
      &f, "PATCH", PP "/devices/d",
      "{\"addTagId\":[\"lab\",\"beta\"],\"addHardwareId\":\"h1\",\"removeHardwareId\":[\"none\"]}");
  rest_expect(answer, 200);
  assert_int_equal(json_array_size(rest_value(answer, "data.tagIds")), 2);
  assert_int_equal(json_array_size(rest_value(answer, "data.hardwareIds")), 1);
  assert_string_not_equal(rest_text(answer, "data.blueprintId"), "");
  answer = rest_call(&f, "PATCH", PP "/devices/d",
                     "{\"removeTagId\":[\"beta\"],\"removeHardwareId\":[\"h1\"]}");
  rest_expect(answer, 200);
  assert_int_equal(json_array_size(rest_value(answer, "data.tagIds")), 1);
  assert_int_equal(json_array_size(rest_value(answer, "data.hardwareIds")), 0);
  answer = rest_call(&f, "PUT", PP "/devices/d", "{\"blueprintId\":\"\",\"tagIds\":[]}");
  rest_expect(answer, 200);
  assert_string_equal(rest_text(answer, "data.blueprintId"), "");
  assert_int_equal(json_array_size(rest_value(answer, "data.tagIds")), 0);
  assert_string_equal(rest_text(answer, "data.name"), "d");
  rest_end(&f);
}

TEST(a_body_that_names_an_unknown_tag_or_blueprint_is_400_and_changes_nothing) {
  begin_with_tags();
  rest_expect_error(rest_call(&f, "POST", PP "/devices", "{\"name\":\"d\",\"tagIds\":[\"no\"]}"),
                    400, 3, "no tag \"no\"");
  rest_expect_error(rest_call(&f, "POST", PP "/devices", "{\"name\":\"d\",\"blueprintId\":\"no\"}"),
                    400, 3, "no blueprint \"no\"");
  assert_int_equal(rest_number(rest_call(&f, "GET", PP "/devices", NULL), "total"), 0);
  rest_end(&f);
}

TEST(more_tags_or_hardware_ids_than_a_device_has_room_for_are_400) {
  begin_with_tags();
  rest_expect_error(rest_call(&f, "POST", PP "/devices",
                              "{\"name\":\"d\",\"hardwareIds\":[\"1\",\"2\",\"3\",\"4\",\"5\"]}"),
                    400, 3, "more than 4");
  rest_end(&f);
}

TEST(devices_are_filtered_by_name_term_tags_blueprint_hardware_and_enabled) {
  begin_with_tags();
  rest_call(&f, "POST", PP "/devices",
            "{\"name\":\"alpha\",\"tagIds\":[\"beta\",\"lab\"],\"hardwareIds\":[\"h,1\"]}");
  rest_call(
      &f, "POST", PP "/devices",
      "{\"name\":\"Alpine\",\"tagIds\":[\"beta\"],\"blueprintId\":\"board\",\"enabled\":false}");
  rest_call(&f, "POST", PP "/devices", "{\"name\":\"gamma\"}");
  struct {
    const char *query;
    int total;
  } const cases[] = {
      {"", 3},
      {"deviceName=alpha", 1},
      {"term=alp", 2},
      {"term=%25", 0},
      {"tags=beta", 2},
      {"tags=beta&tags=lab", 1},
      {"tags=beta,lab", 1},
      {"blueprintId=board", 1},
      {"blueprintId=", 3}, /* as if it were not there */
      {"enabled=false", 1},
      {"enabled=true&term=alp", 1},
      {"ids=nothing", 0},
      {"unknown=1", 3},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char url[128];
    snprintf(url, sizeof(url), PP "/devices?%s", cases[i].query);
    const struct rest_answer *answer = rest_call(&f, "GET", url, NULL);
    rest_expect(answer, 200);
    if (rest_number(answer, "total") != cases[i].total) {
      fail_msg("%s: %lld", cases[i].query, (long long)rest_number(answer, "total"));
    }
  }
  rest_expect_error(rest_call(&f, "GET", PP "/devices?tags=nothing", NULL), 400, 3, "nothing");
  rest_expect_error(rest_call(&f, "GET", PP "/devices?enabled=perhaps", NULL), 400, 3,
                    "true or false");
  rest_end(&f);
}

TEST(a_credential_lets_the_device_in_until_it_is_deleted) {
  begin_with_tags();
  rest_call(&f, "POST", PP "/devices", "{\"name\":\"d\"}");
  const struct rest_answer *answer =
      rest_call(&f, "POST", PP "/devices/d/credentials",
                "{\"type\":\"PRE_SHARED_KEY\",\"identity\":\"d@default\",\"preSharedKey\":\"k\"}");
  rest_expect(answer, 200);
  char url[160];
  snprintf(url, sizeof(url), PP "/devices/d/credentials/%s", rest_text(answer, "data.id"));
  struct srv_psk psk;
  assert_ok(f.core.core, srv_core_find_psk(f.core.core, (const uint8_t *)"d@default", 9, &psk));
  answer = rest_call(&f, "GET", PP "/devices/d/credentials", NULL);
  assert_int_equal(rest_number(answer, "total"), 1);
  assert_string_equal(rest_text(answer, "list.0.type"), "PRE_SHARED_KEY");
  assert_string_equal(rest_text(answer, "list.0.preSharedKey"), "k");
  rest_expect(rest_call(&f, "DELETE", url, NULL), 200);
  rest_expect(rest_call(&f, "DELETE", url, NULL), 404);
  assert_int_equal(srv_core_find_psk(f.core.core, (const uint8_t *)"d@default", 9, &psk),
                   SRV_ERR_NOT_FOUND);
  rest_end(&f);
}

TEST(the_list_of_all_credentials_says_no_key) {
  begin_with_tags();
  rest_call(&f, "POST", PP "/provisioning", "{\"name\":\"a\",\"preSharedKey\":\"sesame\"}");
  rest_call(&f, "POST", PP "/provisioning", "{\"name\":\"b\",\"preSharedKey\":\"sesame\"}");
  const struct rest_answer *answer = rest_call(&f, "GET", PP "/credentials?deviceId=a", NULL);
  assert_int_equal(rest_number(answer, "total"), 1);
  assert_string_equal(rest_text(answer, "list.0.identity"), "a@default");
  answer = rest_call(&f, "GET", PP "/credentials?lastUsedBefore=1970-01-01T00:00:00Z", NULL);
  assert_int_equal(rest_number(answer, "total"), 2);
  char *text = json_dumps(answer->document, 0);
  assert_null(strstr(text, "sesame"));
  free(text);
  answer = rest_call(&f, "GET", PP "/credentials?deviceId=nobody", NULL);
  rest_expect_error(answer, 400, 3, "nobody");
  rest_end(&f);
}

TEST(credentials_that_cannot_work_are_refused) {
  begin_with_tags();
  rest_call(&f, "POST", PP "/devices", "{\"name\":\"d\"}");
  rest_expect_error(rest_call(&f, "POST", PP "/devices/d/credentials",
                              "{\"identity\":\"i\",\"preSharedKey\":\"\"}"),
                    400, 3, "1 to 64 bytes");
  rest_expect_error(rest_call(&f, "POST", PP "/devices/d/credentials",
                              "{\"identity\":\"\",\"preSharedKey\":\"k\"}"),
                    400, 3, "identity");
  rest_expect_error(rest_call(&f, "POST", PP "/devices/d/credentials",
                              "{\"type\":\"ASYMMETRIC_KEY_PAIR\",\"identity\":\"i\","
                              "\"preSharedKey\":\"k\"}"),
                    400, 3, "PRE_SHARED_KEY");
  rest_expect_error(rest_call(&f, "POST", PP "/devices/nobody/credentials",
                              "{\"identity\":\"i\",\"preSharedKey\":\"k\"}"),
                    404, 5, "nobody");
  char body[256];
  snprintf(body, sizeof(body), "{\"identity\":\"i\",\"preSharedKey\":\"%065d\"}", 0);
  rest_expect_error(rest_call(&f, "POST", PP "/devices/d/credentials", body), 400, 3, "64 bytes");
  rest_end(&f);
}

TEST(a_credential_can_be_added_by_the_devices_id_in_the_body) {
  begin_with_tags();
  rest_call(&f, "POST", PP "/devices", "{\"name\":\"d\"}");
  rest_expect(rest_call(&f, "POST", PP "/credentials",
                        "{\"deviceId\":\"d\",\"identity\":\"i\",\"preSharedKey\":\"k\"}"),
              200);
  rest_expect_error(
      rest_call(&f, "POST", PP "/credentials", "{\"identity\":\"j\",\"preSharedKey\":\"k\"}"), 400,
      3, "deviceId");
  rest_expect_error(rest_call(&f, "POST", PP "/credentials",
                              "{\"deviceId\":\"d\",\"identity\":\"i\",\"preSharedKey\":\"k\"}"),
                    409, 6, "already exists");
  rest_end(&f);
}

TEST(provisioning_makes_a_device_and_its_key_or_neither) {
  begin_with_tags();
  const struct rest_answer *answer =
      rest_call(&f, "POST", PP "/provisioning", "{\"name\":\"d1\",\"tagIds\":[\"beta\"]}");
  rest_expect(answer, 200);
  assert_string_equal(rest_text(answer, "data.identity"), "d1@default");
  assert_int_equal(strlen(rest_text(answer, "data.preSharedKey")), 32);
  assert_int_equal(strlen(rest_text(answer, "data.deviceId")), 24);
  rest_expect_error(
      rest_call(&f, "POST", PP "/provisioning", "{\"name\":\"d2\",\"identity\":\"d1@default\"}"),
      409, 6, "d1@default");
  rest_expect(rest_call(&f, "GET", PP "/devices/d2", NULL), 404);
  answer = rest_call(&f, "POST", PP "/devices/d1/provisioning",
                     "{\"identity\":\"second\",\"preSharedKey\":\"given\"}");
  rest_expect(answer, 200);
  assert_string_equal(rest_text(answer, "data.preSharedKey"), "given");
  assert_int_equal(rest_number(rest_call(&f, "GET", PP "/devices/d1/credentials", NULL), "total"),
                   2);
  rest_end(&f);
}
