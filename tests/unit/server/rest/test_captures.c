/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/rest/rest_fixture.h"

static struct rest_fixture f;
static struct srv_device kitchen, hall;

static void begin(void) {
  rest_begin(&f);
  kitchen = make_device(&f.core, "kitchen", NULL, NULL);
  hall = make_device(&f.core, "hall", NULL, NULL);
}

static void end(void) { rest_end(&f); }

__attribute__((format(printf, 3, 4))) static const struct rest_answer *callf(const char *method,
                                                                             const char *body,
                                                                             const char *format,
                                                                             ...) {
  char url[640];
  va_list arguments;
  int used = snprintf(url, sizeof(url), "%s/", PP);
  va_start(arguments, format);
  vsnprintf(url + used, sizeof(url) - (size_t)used, format, arguments);
  va_end(arguments);
  return rest_call(&f, method, url, body);
}

#define GET_ONE(id) callf("GET", NULL, "captures/%s", id)
#define BYTES(text) text, strlen(text)

static json_int_t total_of(const char *query) {
  const struct rest_answer *answer = callf("GET", NULL, "captures?%s", query);
  rest_expect(answer, 200);
  return rest_number(answer, "total");
}

#define LABEL_OF_65 "01234567890123456789012345678901234567890123456789012345678901234"

TEST(a_capture_is_shown_with_all_that_its_device_said) {
  uint8_t wav[REST_WAV_SIZE];
  begin();
  rest_make_wav(wav, 1);
  const char *id = rest_capture(&f, &kitchen, "audio/yes", wav, sizeof(wav), "yes", 204);
  const struct rest_answer *answer = GET_ONE(id);
  rest_expect(answer, 200);
  assert_string_equal(rest_text(answer, "data.id"), id);
  assert_string_equal(rest_text(answer, "data.deviceId"), kitchen.id);
  assert_string_equal(rest_text(answer, "data.deviceName"), "kitchen");
  assert_string_equal(rest_text(answer, "data.path"), "audio/yes");
  assert_string_equal(rest_text(answer, "data.contentType"), "audio/wav");
  assert_int_equal(rest_number(answer, "data.size"), sizeof(wav));
  assert_int_equal(strlen(rest_text(answer, "data.digest")), 64);
  assert_string_equal(rest_text(answer, "data.model.package"), "model");
  assert_string_equal(rest_text(answer, "data.model.version"), "1.0.0");
  assert_string_equal(rest_text(answer, "data.heard"), "yes");
  assert_true(json_real_value(rest_value(answer, "data.score")) == 0.8);
  assert_string_equal(rest_text(answer, "data.label"), "");
  assert_string_equal(rest_text(answer, "data.time"), "2023-11-14T22:13:20.000000Z");
  assert_true(json_is_null(rest_value(answer, "data.labelledAt")));
  assert_string_equal(rest_text(answer, "data.provenance.heard"), "yes");
  end();
}

TEST(a_capture_without_provenance_says_no_score) {
  begin();
  const char *id = rest_capture(&f, &kitchen, "a", BYTES("hello"), NULL, 0);
  const struct rest_answer *answer = GET_ONE(id);
  assert_true(json_is_null(rest_value(answer, "data.score")));
  assert_null(rest_value(answer, "data.provenance"));
  end();
}

TEST(captures_are_listed_newest_first_and_each_filter_narrows) {
  uint8_t wav[REST_WAV_SIZE];
  char query[512];
  begin();
  rest_make_others(&f);
  rest_make_wav(wav, 1);
  const char *first = rest_capture(&f, &kitchen, "audio", wav, sizeof(wav), "yes", 51);
  const char *second = rest_capture(&f, &hall, "audio", wav, sizeof(wav), "no", 204);
  const char *third = rest_capture(&f, &hall, "text", BYTES("hello"), NULL, 0);
  rest_expect(callf("PATCH", "{\"label\":\"yes\"}", "captures/%s", first), 200);

  const struct rest_answer *answer = callf("GET", NULL, "captures?%s", "perPage=2");
  rest_expect(answer, 200);
  assert_int_equal(rest_number(answer, "total"), 3); /* not the other project's */
  assert_string_equal(rest_text(answer, "list.0.id"), third);
  assert_string_equal(rest_text(answer, "list.1.id"), second);
  assert_string_equal(rest_text(answer, "list.1.deviceName"), "hall");

  assert_int_equal(total_of("deviceId=hall"), 2);
  assert_int_equal(total_of("deviceId=hall,kitchen"), 3);
  assert_int_equal(total_of("path=text"), 1);
  assert_int_equal(total_of("contentType=audio/wav"), 2);
  assert_int_equal(total_of("modelVersion=1.0.0&modelPackage=model"), 2);
  assert_int_equal(total_of("modelVersion=2.0.0"), 0);
  assert_int_equal(total_of("heard=yes,no"), 2);
  assert_int_equal(total_of("heard=no"), 1);
  assert_int_equal(total_of("label=yes"), 1);
  assert_int_equal(total_of("label="), 2);
  assert_int_equal(total_of("labelled=false"), 2);
  assert_int_equal(total_of("labelled=true"), 1);
  assert_int_equal(total_of("scoreMin=0.5"), 1);
  assert_int_equal(total_of("scoreMin=0.1&scoreMax=0.5"), 1);
  assert_int_equal(total_of("scoreMax=1"), 2); /* one says no score */
  assert_int_equal(total_of("start=2023-11-14T22:13:22Z"), 2);
  assert_int_equal(total_of("end=2023-11-14T22:13:21Z"), 1);
  snprintf(query, sizeof(query), "ids=%s,%s", first, third);
  assert_int_equal(total_of(query), 2);
  snprintf(query, sizeof(query),
           "ids=%s&deviceId=kitchen&path=audio&contentType=audio/wav&modelPackage=model&"
           "modelVersion=1.0.0&heard=yes&label=yes&labelled=true&scoreMin=0&scoreMax=1",
           first);
  assert_int_equal(total_of(query), 1);
  end();
}

TEST(pages_of_captures_follow_each_other_by_token_while_more_arrive) {
  char ids[5][SRV_ID_LENGTH + 1], token[SRV_ID_LENGTH + 1];
  begin();
  for (int i = 0; i < 5; i++) strcpy(ids[i], rest_capture(&f, &hall, "a", BYTES("x"), NULL, 0));
  const struct rest_answer *answer = callf("GET", NULL, "captures?perPage=2");
  assert_string_equal(rest_text(answer, "list.0.id"), ids[4]);
  strcpy(token, rest_text(answer, "nextPageToken"));
  rest_capture(&f, &hall, "a", BYTES("new"), NULL, 0);
  answer = callf("GET", NULL, "captures?perPage=2&pageToken=%s", token);
  assert_string_equal(rest_text(answer, "list.0.id"), ids[2]);
  assert_string_equal(rest_text(answer, "list.1.id"), ids[1]);
  strcpy(token, rest_text(answer, "nextPageToken"));
  answer = callf("GET", NULL, "captures?perPage=2&pageToken=%s", token);
  assert_int_equal(json_array_size(rest_value(answer, "list")), 1);
  assert_string_equal(rest_text(answer, "list.0.id"), ids[0]);
  assert_string_equal(rest_text(answer, "nextPageToken"), "");
  static const char *const bad[] = {"x", "0123456789abcdef0123456", "000000000000000000000000",
                                    "0123456789abcdef012345678"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    rest_expect_error(callf("GET", NULL, "captures?pageToken=%s", bad[i]), 400, 3, "pageToken");
  }
  end();
}

TEST(filters_that_mean_nothing_are_400_by_name) {
  begin();
  static const char *const cases[][2] = {
      {"scoreMin=2", "scoreMin"},      {"scoreMax=-1", "scoreMax"},    {"scoreMin=nan", "scoreMin"},
      {"scoreMin=0.5x", "scoreMin"},   {"labelled=maybe", "labelled"}, {"start=yesterday", "start"},
      {"deviceId=nobody", "deviceId"}, {"perPage=0", "perPage"},       {"page=-1", "page"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    const struct rest_answer *answer = callf("GET", NULL, "captures?%s", cases[i][0]);
    rest_expect_error(answer, 400, 3, cases[i][1]);
    assert_string_equal(rest_text(answer, "details.0.field"), cases[i][1]);
  }
  end();
}

TEST(content_comes_back_byte_for_byte_and_is_never_what_a_browser_runs) {
  static const char html[] = "<html><script>alert(1)</script></html>";
  static const char svg[] = "<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>";
  uint8_t wav[REST_WAV_SIZE], large[20000];
  begin();
  rest_make_wav(wav, 1);
  const struct rest_answer *answer =
      callf("GET", NULL, "captures/%s/content",
            rest_capture(&f, &kitchen, "a", wav, sizeof(wav), "yes", 1));
  rest_expect(answer, 200);
  assert_int_equal(answer->size, sizeof(wav));
  assert_memory_equal(answer->bytes, wav, sizeof(wav));
  assert_string_equal(answer->bytes_type, "audio/wav");
  assert_string_equal(answer->bytes_name + SRV_ID_LENGTH, ".wav");

  answer = callf("GET", NULL, "captures/%s/content",
                 rest_capture(&f, &kitchen, "a", BYTES(html), NULL, 0));
  assert_string_equal(answer->bytes_type, "text/plain");
  answer = callf("GET", NULL, "captures/%s/content",
                 rest_capture(&f, &kitchen, "a", BYTES(svg), NULL, 0));
  assert_string_equal(answer->bytes_type, "text/plain");

  memset(large, 0xff, sizeof(large)); /* a file of its own */
  answer = callf("GET", NULL, "captures/%s/content",
                 rest_capture(&f, &kitchen, "a", large, sizeof(large), NULL, 0));
  assert_int_equal(answer->size, sizeof(large));
  assert_memory_equal(answer->bytes, large, sizeof(large));
  assert_string_equal(answer->bytes_name + SRV_ID_LENGTH, ".bin");

  assert_string_equal(srv_safe_content_type("text/html"), "application/octet-stream");
  assert_string_equal(srv_safe_content_type("image/svg+xml"), "application/octet-stream");
  assert_string_equal(srv_safe_content_type("application/javascript"), "application/octet-stream");
  assert_string_equal(srv_safe_content_type("text/plain; charset=x"), "application/octet-stream");
  assert_string_equal(srv_safe_content_type("image/png"), "image/png");
  end();
}

TEST(a_label_is_given_changed_and_taken_away) {
  begin();
  const char *id = rest_capture(&f, &kitchen, "a", BYTES("hi"), NULL, 0);
  const struct rest_answer *answer = callf("PATCH", "{\"label\":\"turn left\"}", "captures/%s", id);
  rest_expect(answer, 200);
  assert_string_equal(rest_text(answer, "data.label"), "turn left");
  assert_true(strlen(rest_text(answer, "data.labelledAt")) > 0);
  answer = callf("PUT",
                 "{\"label\":\"\xc3\xbc"
                 "ber\"}",
                 "captures/%s", id);
  assert_string_equal(rest_text(answer, "data.label"),
                      "\xc3\xbc"
                      "ber");
  rest_expect(callf("PATCH", "{}", "captures/%s", id), 200); /* as it was */
  assert_string_equal(rest_text(GET_ONE(id), "data.label"),
                      "\xc3\xbc"
                      "ber");
  answer = callf("PATCH", "{\"label\":null}", "captures/%s", id);
  assert_string_equal(rest_text(answer, "data.label"), "");
  assert_true(json_is_null(rest_value(answer, "data.labelledAt")));
  end();
}

TEST(labels_that_are_no_folder_names_are_400) {
  static const char *const bad[] = {"../x",  "a/b", ".hidden", " a",  "a ", "a\\\\b",
                                    "a\\nb", "a:b", "*",       "a,b", "..", LABEL_OF_65};
  begin();
  const char *id = rest_capture(&f, &kitchen, "a", BYTES("hi"), NULL, 0);
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    char body[160];
    snprintf(body, sizeof(body), "{\"label\":\"%s\"}", bad[i]);
    rest_expect_error(callf("PATCH", body, "captures/%s", id), 400, 3, "label");
    snprintf(body, sizeof(body), "{\"label\":\"%s\",\"ids\":[\"%s\"]}", bad[i], id);
    rest_expect_error(callf("POST", body, "captures/%s", "label"), 400, 3, "label");
  }
  rest_expect_error(callf("PATCH", "{\"label\":7}", "captures/%s", id), 400, 3, "label");
  assert_string_equal(rest_text(GET_ONE(id), "data.label"), "");
  end();
}

TEST(many_captures_get_a_label_all_of_them_or_none) {
  char body[256];
  begin();
  struct rest_others others = rest_make_others(&f);
  const char *first = rest_capture(&f, &kitchen, "a", BYTES("1"), NULL, 0);
  const char *second = rest_capture(&f, &kitchen, "a", BYTES("2"), NULL, 0);

  snprintf(body, sizeof(body), "{\"ids\":[\"%s\",\"%s\",\"nothere\"],\"label\":\"go\"}", first,
           second);
  rest_expect_error(callf("POST", body, "captures/%s", "label"), 404, 5, "nothere");
  snprintf(body, sizeof(body), "{\"ids\":[\"%s\",\"%s\"],\"label\":\"go\"}", first,
           others.capture_id);
  rest_expect_error(callf("POST", body, "captures/%s", "label"), 404, 5, others.capture_id);
  assert_int_equal(total_of("labelled=true"), 0);

  snprintf(body, sizeof(body), "{\"ids\":[\"%s\",\"%s\"],\"label\":\"go\"}", first, second);
  const struct rest_answer *answer = callf("POST", body, "captures/%s", "label");
  rest_expect(answer, 200);
  assert_int_equal(rest_number(answer, "data.count"), 2);
  assert_int_equal(total_of("label=go"), 2);
  snprintf(body, sizeof(body), "{\"ids\":[\"%s\"],\"label\":\"\"}", first);
  rest_expect(callf("POST", body, "captures/%s", "label"), 200);
  assert_int_equal(total_of("label=go"), 1);
  rest_expect_error(callf("POST", "{\"label\":\"go\"}", "captures/%s", "label"), 400, 3, "ids");
  rest_expect_error(callf("POST", "{\"ids\":[]}", "captures/%s", "label"), 400, 3, "label");
  end();
}

TEST(more_captures_than_can_be_labelled_at_once_are_400) {
  begin();
  json_t *ids = json_array();
  for (int i = 0; i < 1001; i++) json_array_append_new(ids, json_string("0123"));
  json_t *body = json_pack("{s:o, s:s}", "ids", ids, "label", "go");
  char *text = json_dumps(body, 0);
  rest_expect_error(callf("POST", text, "captures/%s", "label"), 400, 3, "more than 1000");
  free(text);
  json_decref(body);
  end();
}

TEST(a_deleted_capture_is_gone) {
  begin();
  const char *id = rest_capture(&f, &kitchen, "a", BYTES("hi"), NULL, 0);
  rest_expect(callf("DELETE", NULL, "captures/%s", id), 200);
  rest_expect_error(callf("DELETE", NULL, "captures/%s", id), 404, 5, "capture");
  rest_expect_error(GET_ONE(id), 404, 5, "capture");
  rest_expect_error(callf("GET", NULL, "captures/%s/content", id), 404, 5, "capture");
  end();
}

TEST(captures_of_another_project_are_not_there) {
  begin();
  struct rest_others others = rest_make_others(&f);
  rest_expect_error(GET_ONE(others.capture_id), 404, 5, "capture");
  rest_expect_error(callf("GET", NULL, "captures/%s/content", others.capture_id), 404, 5, "");
  rest_expect_error(callf("PATCH", "{\"label\":\"a\"}", "captures/%s", others.capture_id), 404, 5,
                    "");
  rest_expect_error(callf("DELETE", NULL, "captures/%s", others.capture_id), 404, 5, "");
  rest_expect_error(callf("GET", NULL, "devices/%s/stream", others.device.id), 404, 5, "");
  rest_expect(rest_call(&f, "GET", "/v1/projects/others/captures", NULL), 200);
  end();
}

TEST(a_stream_shows_values_as_they_were_sent) {
  begin();
  rest_capture(&f, &kitchen, "temp", BYTES("23.5"), NULL, 0);
  rest_capture(&f, &kitchen, "log", BYTES("hello you"), NULL, 0);
  rest_capture(&f, &kitchen, "obj", BYTES("{\"a\":[1,2]}"), NULL, 0);
  rest_capture(&f, &kitchen, "raw", "\xff\xfe\x00\x01", 4, NULL, 0);
  rest_capture(&f, &hall, "temp", BYTES("1"), NULL, 0);
  const struct rest_answer *answer = callf("GET", NULL, "devices/%s/stream", "kitchen");
  rest_expect(answer, 200);
  assert_int_equal(rest_number(answer, "total"), 4);
  assert_true(json_is_null(rest_value(answer, "list.0.data")));
  assert_int_equal(rest_number(answer, "list.1.data.a.1"), 2);
  assert_string_equal(rest_text(answer, "list.2.data"), "hello you");
  assert_true(json_real_value(rest_value(answer, "list.3.data")) == 23.5);
  assert_string_equal(rest_text(answer, "list.3.path"), "temp");
  assert_string_equal(rest_text(answer, "list.3.deviceId"), kitchen.id);
  answer = callf("GET", NULL, "devices/%s/stream/obj", "kitchen");
  assert_int_equal(rest_number(answer, "data.a.0"), 1);
  answer = callf("GET", NULL, "devices/%s/stream/not/there", "kitchen");
  rest_expect(answer, 200);
  assert_true(json_is_null(rest_value(answer, "data")));
  end();
}

TEST(a_value_can_be_put_on_a_stream_from_here) {
  begin();
  rest_expect(callf("POST", "{\"t\":1}", "devices/%s/stream/room/one", "kitchen"), 200);
  rest_expect(callf("POST", "[1]", "devices/%s/stream", "kitchen"), 200);
  const struct rest_answer *answer = callf("GET", NULL, "devices/%s/stream/room/one", "kitchen");
  assert_int_equal(rest_number(answer, "data.t"), 1);
  rest_expect_error(callf("POST", NULL, "devices/%s/stream", "kitchen"), 400, 3, "empty");
  rest_expect_error(callf("POST", "1", "devices/%s/stream/a/../b", "kitchen"), 400, 3, "..");
  rest_expect_error(callf("POST", "1", "devices/%s/stream/a%%2fb", "kitchen"), 404, 5, "");
  rest_expect_error(callf("POST", "1", "devices/%s/stream", "nobody"), 404, 5, "device");
  end();
}
