/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/rest/rest_fixture.h"

static struct rest_fixture f;

#define BYTES(text) text, strlen(text)

TEST(an_artifact_goes_up_as_bytes_and_comes_down_as_they_were) {
  rest_begin(&f);
  const struct rest_answer *answer =
      rest_upload(&f, PP "/artifacts?package=fw&version=1.0.0&forceBinary=true", BYTES("abc"));
  rest_expect(answer, 200);
  assert_string_equal(rest_text(answer, "data.package"), "fw");
  assert_string_equal(rest_text(answer, "data.version"), "1.0.0");
  assert_string_equal(rest_text(answer, "data.size"), "3");
  assert_string_equal(rest_text(answer, "data.binaryInfo.digests.sha256.digest"),
                      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert_string_equal(rest_text(answer, "data.binaryInfo.type"), "binary");

  struct srv_request request;
  char url[128];
  snprintf(url, sizeof(url), PP "/artifacts/%s/content", rest_text(answer, "data.id"));
  srv_request_begin(&request, &f.context, "GET", url);
  assert_int_equal(srv_request_authorize(&request, f.key), SRV_OK);
  assert_int_equal(srv_request_run(&request), SRV_OK);
  assert_int_equal(request.blob.size, 3);
  assert_memory_equal(request.blob.data, "abc", 3);
  assert_string_equal(request.bytes_name, "fw-1.0.0.bin");
  srv_request_end(&request);
  rest_end(&f);
}

TEST(an_artifact_goes_up_as_base64_in_json) {
  rest_begin(&f);
  const struct rest_answer *answer =
      rest_call(&f, "POST", "/v1/artifacts",
                "{\"projectId\":\"default\",\"content\":\"YWJj\",\"version\":\"1.0.0\","
                "\"binary\":true}");
  rest_expect(answer, 200);
  assert_string_equal(rest_text(answer, "data.package"), "main");
  assert_string_equal(rest_text(answer, "data.size"), "3");
  rest_expect_error(rest_call(&f, "POST", "/v1/artifacts",
                              "{\"projectId\":\"default\",\"content\":\"YWJj\","
                              "\"version\":\"1.0.0\",\"binary\":true}"),
                    409, 6, "artifact already exists");
  rest_expect_error(rest_call(&f, "POST", "/v1/artifacts",
                              "{\"projectId\":\"default\",\"content\":\"***\","
                              "\"version\":\"1.0.1\",\"binary\":true}"),
                    400, 3, "base64");
  rest_expect_error(rest_call(&f, "POST", "/v1/artifacts",
                              "{\"projectId\":\"no\",\"content\":\"YWJj\",\"version\":\"1.0.1\"}"),
                    404, 5, "project");
  rest_end(&f);
}

TEST(uploads_with_bad_names_are_refused_before_their_bytes_are_read) {
  rest_begin(&f);
  struct {
    const char *query, *words;
  } const cases[] = {
      {"", "semantic version"},
      {"version=1.0", "semantic version"},
      {"version=1.0.0-alpha.12345", "longer than 16 bytes"},
      {"version=1.0.0&package=a-package-name-too-long", "longer than 16 bytes"},
      {"version=1.0.0&package=Upper", "package"},
      {"version=1.0.0&package=..%2f..%2fx", "package"},
      {"version=1.0.0&blueprintId=no", "blueprint"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char url[160];
    snprintf(url, sizeof(url), PP "/artifacts?%s", cases[i].query);
    rest_expect_error(rest_upload(&f, url, BYTES("x")), 400, 3, cases[i].words);
  }
  rest_expect_error(rest_upload(&f, PP "/artifacts?version=1.0.0", "", 0), 400, 3, "empty");
  rest_end(&f);
}

TEST(a_file_that_is_no_model_is_422_with_the_reason) {
  rest_begin(&f);
  const char *url = PP "/artifacts?package=model&version=1.0.0";
  rest_expect_error(rest_upload(&f, url, BYTES("hello")), 422, 3, "binary");
  rest_expect(rest_upload(&f, url, BYTES("hello again, this is a longer text but no model")), 422);
  assert_int_equal(rest_number(rest_call(&f, "GET", PP "/artifacts", NULL), "total"), 0);
  rest_end(&f);
}

TEST(a_model_is_described_and_a_truncated_one_is_refused) {
  rest_begin(&f);
  size_t size;
  uint8_t *model = test_read_file(test_shared_data("golden/models/golioth_yn.bin"), &size);
  const struct rest_answer *answer =
      rest_upload(&f, PP "/artifacts?package=model&version=1.0.0", model, size);
  if (strstr(answer->message, "without the runtime") != NULL) test_skip("no runtime in this build");
  rest_expect(answer, 200);
  assert_string_equal(rest_text(answer, "data.binaryInfo.type"), "tflite");
  assert_int_equal(json_array_size(rest_value(answer, "data.model.labels")), 4);
  assert_string_equal(rest_text(answer, "data.model.labels.2"), "yes");
  assert_string_equal(rest_text(answer, "data.model.inputs.0.type"), "int8");
  assert_true(rest_number(answer, "data.model.arenaBytes") > 0);
  rest_expect_error(rest_upload(&f, PP "/artifacts?package=model&version=1.0.1", model, size / 2),
                    422, 3, "");
  /* One label too many for its output: "GLTHBEGIN;a;silence;...". */
  uint8_t *wrong = malloc(size + 2);
  memcpy(wrong, model, 10);
  memcpy(wrong + 10, "a;", 2);
  memcpy(wrong + 12, model + 10, size - 10);
  assert_memory_equal(wrong, "GLTHBEGIN;a;", 12);
  rest_expect_error(rest_upload(&f, PP "/artifacts?package=model&version=1.0.2", wrong, size + 2),
                    422, 3, "label");
  free(wrong);
  free(model);
  rest_end(&f);
}

TEST(corrupt_models_are_refused_and_never_crash_the_server) {
  rest_begin(&f);
  size_t size;
  uint8_t *model = test_read_file(test_shared_data("golden/models/golioth_yn.bin"), &size);
  for (int round = 0; round < 300; round++) {
    uint8_t *copy = malloc(size);
    memcpy(copy, model, size);
    for (int k = 0; k < 4; k++) copy[test_random() % size] = (uint8_t)test_random();
    char url[128];
    snprintf(url, sizeof(url), PP "/artifacts?package=model&version=1.0.%d", round);
    const struct rest_answer *answer = rest_upload(&f, url, copy, size);
    assert_true(answer->status == 200 || answer->status == 422);
    if (answer->status == 422) assert_true(strlen(answer->message) > 0);
    free(copy);
  }
  free(model);
  rest_end(&f);
}

TEST(artifacts_are_filtered_by_package_version_and_ids) {
  rest_begin(&f);
  rest_upload(&f, PP "/artifacts?package=a&version=1.0.0&forceBinary=true", BYTES("1"));
  rest_upload(&f, PP "/artifacts?package=a&version=1.0.0%2Bb1&forceBinary=true", BYTES("2"));
  const struct rest_answer *answer =
      rest_upload(&f, PP "/artifacts?package=b&version=1.0.0&forceBinary=true", BYTES("3"));
  char url[256];
  snprintf(url, sizeof(url), PP "/artifacts?ids=%s&ids=x", rest_text(answer, "data.id"));
  assert_int_equal(rest_number(rest_call(&f, "GET", url, NULL), "total"), 1);
  assert_int_equal(rest_number(rest_call(&f, "GET", PP "/artifacts?package=a", NULL), "total"), 2);
  assert_int_equal(
      rest_number(rest_call(&f, "GET", PP "/artifacts?version=1.0.0%2Bb1", NULL), "total"), 1);
  rest_end(&f);
}

TEST(an_artifact_in_a_release_keeps_its_blueprint_and_is_not_deleted) {
  rest_begin(&f);
  rest_call(&f, "POST", PP "/blueprints", "{\"name\":\"board\"}");
  const struct rest_answer *answer =
      rest_upload(&f, PP "/artifacts?package=a&version=1.0.0&forceBinary=true", BYTES("1"));
  char url[128], body[128];
  snprintf(url, sizeof(url), PP "/artifacts/%s", rest_text(answer, "data.id"));
  snprintf(body, sizeof(body), "{\"artifactIds\":[\"%s\"]}", rest_text(answer, "data.id"));
  rest_expect(rest_call(&f, "PATCH", url, "{\"blueprintId\":\"board\"}"), 200);
  rest_expect(rest_call(&f, "PATCH", url, "{\"blueprintId\":\"\"}"), 200);
  rest_expect(rest_call(&f, "POST", PP "/releases", body), 200);
  rest_expect_error(rest_call(&f, "PATCH", url, "{\"blueprintId\":\"board\"}"), 409, 9,
                    "artifact in use");
  rest_expect_error(rest_call(&f, "DELETE", url, NULL), 409, 9, "artifact in use");
  rest_end(&f);
}
