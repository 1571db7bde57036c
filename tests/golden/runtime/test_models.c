/* SPDX-License-Identifier: Apache-2.0 */
/* Whole models against outputs of TensorFlow Lite Micro's reference kernels. */
#include <stdlib.h>

#include "tests/golden/runtime/run.h"
#include "tests/support/test.h"

/* Models that must run; a model that has only supported ops and is not here
 * fails the test too, so that the list stays what the runtime can do. */
static const char *const expected[] = {
    "hello_world_float",
    "hello_world_int8",
    "micro_speech_quantized",
    "person_detect",
    "golioth_yn",
    "golioth_ynsg",
    "mlperf_kws_ref_model_int8",
    "mlperf_ad01_int8",
    "seanet_quantize0",
    "seanet_add0",
    "seanet_add2",
    "seanet_add4",
    "seanet_add6",
    "seanet_add8",
    "seanet_add10",
    "seanet_add12",
    "seanet_add14",
    "seanet_add16",
    "seanet_conv0",
    "seanet_conv2",
    "seanet_conv4",
    "seanet_conv6",
    "seanet_conv8",
    "seanet_conv10",
    "seanet_conv12",
    "seanet_conv14",
    "seanet_conv16",
    "seanet_conv18",
    "seanet_conv20",
    "seanet_pad0",
    "seanet_pad2",
    "seanet_pad4",
    "seanet_pad6",
    "seanet_pad8",
    "seanet_pad10",
    "seanet_pad12",
    "seanet_pad14",
    "seanet_pad16",
    "seanet_pad18",
};

static uint8_t *read_golden(const char *file, size_t *size) {
  char path[512];
  snprintf(path, sizeof path, "golden/%s", file);
  return test_read_file(test_shared_data(path), size);
}

static void feed(const json_t *entry, struct wit_interpreter *interpreter) {
  size_t size, index = (size_t)json_integer_value(json_object_get(entry, "index"));
  uint8_t *data = read_golden(json_text(entry, "file"), &size);
  struct wit_tensor *tensor = wit_interpreter_input(interpreter, index);
  assert_non_null(tensor);
  assert_int_equal(tensor->size_bytes, size);
  memcpy(tensor->data, data, size);
  free(data);
}

static size_t check(const json_t *entry, struct wit_interpreter *interpreter) {
  static const struct tolerance near = {.absolute = 1e-6, .relative = 1e-5};
  size_t size, index = (size_t)json_integer_value(json_object_get(entry, "index"));
  uint8_t *golden = read_golden(json_text(entry, "file"), &size);
  struct wit_tensor *tensor = wit_interpreter_output(interpreter, index);
  assert_non_null(tensor);
  assert_int_equal(tensor->size_bytes, size);
  size_t wrong = compare_output(tensor->type, tensor->data, golden, size, &near, NULL);
  free(golden);
  return wrong;
}

/* One seed; the count of output elements that differ. */
static size_t run_seed(const json_t *seed, const uint8_t *file, size_t size, size_t *arena) {
  struct run run;
  size_t wrong = 0, index;
  json_t *entry;
  if (run_open(&run, file, size)) fail_msg("%s", run.error.message);
  *arena = wit_interpreter_arena_used(run.interpreter);
  json_int_t steps = json_integer_value(json_object_get(seed, "steps"));
  for (json_int_t step = 0; step < steps; step++) {
    json_array_foreach(json_object_get(seed, "inputs"), index, entry) {
      if (json_integer_value(json_object_get(entry, "step")) == step) feed(entry, run.interpreter);
    }
    assert_int_equal(wit_interpreter_invoke(run.interpreter, &run.error), WIT_OK);
    json_array_foreach(json_object_get(seed, "outputs"), index, entry) {
      if (json_integer_value(json_object_get(entry, "step")) == step) {
        wrong += check(entry, run.interpreter);
      }
    }
  }
  run_close(&run);
  return wrong;
}

static bool is_expected(const char *name) {
  for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
    if (strcmp(expected[i], name) == 0) return true;
  }
  return false;
}

/* Whether the model ran; it must be in the list exactly then. */
static bool check_model(const json_t *model) {
  const char *name = json_text(model, "name");
  size_t size, index, arena = 0, wrong = 0;
  json_t *seed;
  struct run run;
  uint8_t *file = read_golden(json_text(model, "file"), &size);
  int status = run_open(&run, file, size);
  if (status) printf("left out %s: %s\n", name, run.error.message);
  run_close(&run);
  if (status != WIT_OK && status != WIT_ERR_UNSUPPORTED_OP) fail_msg("%s is refused", name);
  if (status == WIT_OK) {
    json_array_foreach(json_object_get(model, "runs"), index, seed) {
      wrong += run_seed(seed, file, size, &arena);
    }
    size_t reference = (size_t)json_integer_value(json_object_get(model, "arena_used_x86_64"));
    printf("ran %s: arena %zu bytes, the reference %zu\n", name, arena, reference);
    if (wrong) fail_msg("%s: %zu elements differ", name, wrong);
    if (arena > reference) fail_msg("%s needs more arena than the reference", name);
  }
  free(file);
  if (is_expected(name) != (status == WIT_OK)) fail_msg("%s: the list in this file is wrong", name);
  return status == WIT_OK;
}

TEST(golden_models_give_the_reference_outputs) {
  json_t *manifest = read_json(test_shared_data("golden/manifest.json")), *model;
  size_t index, ran = 0;
  json_array_foreach(json_object_get(manifest, "models"), index, model) ran += check_model(model);
  printf("%zu models ran, %zu left out for ops that wit has not\n", ran, index - ran);
  assert_int_equal(ran, sizeof expected / sizeof expected[0]);
  json_decref(manifest);
}
