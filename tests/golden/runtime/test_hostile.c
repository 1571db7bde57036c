/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are wrong on purpose: refused, or run without touching a byte
 * outside model and arena (the sanitizers watch). */
#include <stdlib.h>

#include "tests/golden/runtime/run.h"
#include "tests/support/test.h"

/* Opens, prepares and, where that is accepted, runs with zeros. */
static int try_file(const uint8_t *file, size_t size, struct wit_error *error) {
  struct run run;
  int status = run_open(&run, file, size);
  if (!status) {
    struct wit_tensor *tensor;
    for (size_t i = 0; (tensor = wit_interpreter_input(run.interpreter, i)); i++) {
      memset(tensor->data, 0, tensor->size_bytes);
    }
    status = wit_interpreter_invoke(run.interpreter, &run.error);
  }
  *error = run.error;
  run_close(&run);
  return status;
}

static bool is_in(const char *const *list, size_t count, const char *name) {
  for (size_t i = 0; i < count; i++) {
    if (strcmp(list[i], name) == 0) return true;
  }
  return false;
}

/* Runs one model of a manifest; what is not refused must be in `tolerated`. */
static int judge(const char *folder, const json_t *model, const char *const *tolerated,
                 size_t tolerated_count) {
  char path[1200];
  size_t size;
  struct wit_error error;
  const char *name = json_text(model, "name");
  snprintf(path, sizeof path, "%s/%s", folder, json_text(model, "model"));
  uint8_t *file = test_read_file(path, &size);
  int status = try_file(file, size, &error);
  free(file);
  if (status != WIT_ERR_UNSUPPORTED_OP) {
    printf("%s: %s\n", name, status ? error.message : "runs");
  }
  if (status && !error.message[0]) fail_msg("%s: refused without a word", name);
  if ((status == WIT_OK) != is_in(tolerated, tolerated_count, name)) {
    fail_msg("%s: %s", name, status ? error.message : "was not refused");
  }
  return status;
}

/* Matters of policy: kernels do not differ by operator version. */
static const char *const tolerated_errors[] = {"op_version_99"};

static size_t judge_errors(const char *folder, const char *manifest_path, size_t *unsupported) {
  json_t *manifest = read_json(manifest_path), *model;
  size_t index;
  *unsupported = 0;
  json_array_foreach(manifest, index, model) {
    int status = judge(folder, model, tolerated_errors,
                       sizeof tolerated_errors / sizeof tolerated_errors[0]);
    *unsupported += status == WIT_ERR_UNSUPPORTED_OP;
  }
  printf("%zu models, %zu of them refused for an op that wit has not\n", index, *unsupported);
  json_decref(manifest);
  return index;
}

TEST(models_with_planted_errors_are_refused) {
  size_t unsupported;
  const char *folder = test_shared_data("ops/errors");
  size_t models = judge_errors(folder, test_shared_data("ops/errors/errors.json"), &unsupported);
  assert_int_equal(models, 190);
}

TEST(the_planted_errors_that_come_with_the_project_are_refused) {
  size_t unsupported;
  const char *folder = GODWIT_SOURCE_DIR "/tests/golden/runtime/errors";
  assert_int_equal(
      judge_errors(folder, GODWIT_SOURCE_DIR "/tests/golden/runtime/errors/errors.json",
                   &unsupported),
      117);
  assert_int_equal(unsupported, 0);
}

TEST(models_that_the_reference_rejects_are_refused_or_run) {
  static const char *const wider[] = {
      "quantize_056",
      "quantize_061",
      "quantize_064",      /* to uint8 */
      "concatenation_049", /* 11 inputs */
      "pad_011",
      "pad_012", /* int64 paddings */
      "depthwise_conv_2d_021",
      "depthwise_conv_2d_067", /* bias index -1 */
  };
  json_t *manifest = read_json(test_shared_data("ops/rejected/rejected.json")), *model;
  size_t index, models = 0;
  json_array_foreach(manifest, index, model) {
    if (!json_object_get(model, "model")) continue;
    judge(test_shared_data("ops/rejected"), model, wider, sizeof wider / sizeof wider[0]);
    models++;
  }
  assert_true(models > 100);
  json_decref(manifest);
}

static unsigned hex_digit(char c) { return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10); }

static size_t patch(const json_t *entry, uint8_t *file, size_t size) {
  json_t *truncate = json_object_get(entry, "truncate");
  if (truncate) return (size_t)json_integer_value(truncate);
  size_t offset = (size_t)json_integer_value(json_object_get(entry, "offset"));
  const char *hex = json_text(entry, "hex");
  for (size_t i = 0; hex[2 * i]; i++) {
    assert_true(offset + i < size);
    file[offset + i] = (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
  }
  return size;
}

TEST(corrupted_models_are_refused_or_run) {
  json_t *manifest = read_json(test_shared_data("golden/corrupt.json")), *set, *entry;
  const char *name;
  size_t size, index, total = 0;
  char path[512];
  snprintf(path, sizeof path, "golden/%s", json_text(manifest, "base"));
  uint8_t *base = test_read_file(test_shared_data(path), &size);
  uint8_t *file = malloc(size);
  json_object_foreach(json_object_get(manifest, "sets"), name, set) {
    size_t refused = 0, ran = 0;
    json_array_foreach(set, index, entry) {
      struct wit_error error;
      memcpy(file, base, size);
      if (try_file(file, patch(entry, file, size), &error)) {
        assert_true(error.message[0] != 0);
        refused++;
      } else {
        ran++;
      }
    }
    total += refused + ran;
    printf("%s: %zu refused, %zu ran\n", name, refused, ran);
  }
  assert_int_equal(total, 898);
  free(base);
  free(file);
  json_decref(manifest);
}
