/* SPDX-License-Identifier: Apache-2.0 */
/* Single-op models against outputs of TensorFlow Lite Micro's reference
 * kernels: all of ../shared/data/ops for the ops that wit has, and a selection
 * that comes with the project. */
#include <stdlib.h>

#include "tests/golden/runtime/run.h"
#include "tests/support/test.h"

/* The ops, how many models their folders have, and how many of them pass. What
 * does not must be in `refused`. Loss of coverage shows as another number. */
static const struct {
  const char *op;
  unsigned models;
} supported[] = {
    {"ADD", 48},
    {"AVERAGE_POOL_2D", 26},
    {"CONCATENATION", 27},
    {"CONV_2D", 64},
    {"DEPTHWISE_CONV_2D", 64},
    {"DEQUANTIZE", 21},
    {"FULLY_CONNECTED", 60},
    {"LOGISTIC", 26},
    {"MAX_POOL_2D", 26},
    {"MEAN", 40},
    {"MUL", 40},
    {"PAD", 16},
    {"QUANTIZE", 40},
    {"RELU", 27},
    {"RELU6", 25},
    {"RESHAPE", 31},
    {"SOFTMAX", 40},
    {"TANH", 26},
};

/* Models of supported ops that wit refuses, and why. */
static const struct {
  const char *model, *why;
} refused[] = {
    {"add_094", "has an ABS too"},
};

static bool is_refused(const char *model) {
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
    if (strcmp(refused[i].model, model) == 0) return true;
  }
  return false;
}

struct golden {
  uint8_t *data;
  size_t size, at;
};

static uint32_t golden_u32(struct golden *g) {
  uint32_t value;
  assert_true(g->at + 4 <= g->size);
  memcpy(&value, g->data + g->at, 4);
  g->at += 4;
  return value;
}

static struct tolerance tolerance_of(const json_t *model) {
  const json_t *t = json_object_get(model, "tolerance");
  return (struct tolerance){
      .exact = strcmp(json_text(t, "kind"), "exact") == 0,
      .ulp = json_number_value(json_object_get(t, "max_ulp")),
      .absolute = json_number_value(json_object_get(t, "abs")),
      .relative = json_number_value(json_object_get(t, "rel")),
  };
}

static bool *skip_of(const json_t *model, size_t size) {
  bool *skip = calloc(size + 1, sizeof *skip);
  size_t index;
  json_t *range;
  json_array_foreach(json_object_get(model, "undefined_ranges"), index, range) {
    json_int_t begin = json_integer_value(json_array_get(range, 0));
    json_int_t end = json_integer_value(json_array_get(range, 1));
    for (json_int_t i = begin; i < end && (size_t)i < size; i++) skip[i] = true;
  }
  return skip;
}

#define SIZES_MAX 16

/* Runs all seeds and steps; the count of elements that differ. */
static size_t check_golden(const uint8_t *file, size_t file_size, size_t offset, struct golden *g,
                           const json_t *model, int *status, char *message) {
  struct tolerance tolerance = tolerance_of(model);
  bool *skip = skip_of(model, g->size);
  size_t wrong = 0;
  assert_memory_equal(g->data, "OPG1", 4);
  g->at = 4;
  uint32_t seeds = golden_u32(g), steps = golden_u32(g);
  uint32_t inputs = golden_u32(g), outputs = golden_u32(g);
  uint32_t sizes[SIZES_MAX] = {0};
  assert_true(inputs + outputs <= SIZES_MAX);
  for (uint32_t i = 0; i < inputs + outputs; i++) sizes[i] = golden_u32(g);
  g->at += 4 * (size_t)seeds * steps;
  for (uint32_t seed = 0; seed < seeds && !*status; seed++) {
    struct run run;
    *status = run_open_at(&run, file, file_size, offset);
    strcpy(message, run.error.message);
    for (uint32_t step = 0; step < steps && !*status; step++) {
      for (uint32_t i = 0; i < inputs; i++) {
        struct wit_tensor *tensor = wit_interpreter_input(run.interpreter, i);
        assert_int_equal(tensor->size_bytes, sizes[i]);
        memcpy(tensor->data, g->data + g->at, sizes[i]);
        g->at += sizes[i];
      }
      *status = wit_interpreter_invoke(run.interpreter, &run.error);
      for (uint32_t i = 0; i < outputs; i++) {
        struct wit_tensor *tensor = wit_interpreter_output(run.interpreter, i);
        assert_int_equal(tensor->size_bytes, sizes[inputs + i]);
        wrong += compare_output(tensor->type, tensor->data, g->data + g->at, sizes[inputs + i],
                                &tolerance, skip + g->at);
        g->at += sizes[inputs + i];
      }
    }
    run_close(&run);
  }
  free(skip);
  return wrong;
}

static bool passes(const char *folder, const json_t *model, size_t offset) {
  struct golden golden = {0};
  size_t size;
  char path[1200], message[128] = "";
  snprintf(path, sizeof path, "%s/%s", folder, json_text(model, "model"));
  uint8_t *file = test_read_file(path, &size);
  snprintf(path, sizeof path, "%s/%s", folder, json_text(model, "golden"));
  golden.data = test_read_file(path, &golden.size);
  int status = WIT_OK;
  size_t wrong = check_golden(file, size, offset, &golden, model, &status, message);
  if (status || wrong) {
    printf("%s: %s %s, %zu elements differ | %s | %s\n", json_text(model, "name"),
           wit_status_name(status), message, wrong, json_text(model, "description"),
           json_text(model, "options"));
  }
  free(file);
  free(golden.data);
  return status == WIT_OK && wrong == 0;
}

/* One folder of models; the count that it has, all of them judged. */
static unsigned check_folder(const char *folder, size_t offset) {
  char path[1200];
  snprintf(path, sizeof path, "%s/manifest.json", folder);
  json_t *manifest = read_json(path), *model;
  size_t index;
  unsigned failed = 0, left_out = 0;
  json_array_foreach(json_object_get(manifest, "models"), index, model) {
    bool expected = !is_refused(json_text(model, "name"));
    bool passed = passes(folder, model, offset);
    if (passed != expected) failed++;
    if (!expected) left_out++;
  }
  printf("%s: %zu models, %u left out\n", folder, index, left_out);
  json_decref(manifest);
  assert_int_equal(failed, 0);
  return (unsigned)index;
}

TEST(all_goldens_of_the_supported_ops_pass) {
  for (size_t i = 0; i < sizeof supported / sizeof supported[0]; i++) {
    char folder[64];
    snprintf(folder, sizeof folder, "ops/%s", supported[i].op);
    assert_int_equal(check_folder(test_shared_data(folder), 0), supported[i].models);
  }
}

static unsigned check_selection(size_t offset) {
  unsigned models = 0;
  for (size_t i = 0; i < sizeof supported / sizeof supported[0]; i++) {
    char folder[512];
    snprintf(folder, sizeof folder, "%s/tests/golden/runtime/ops/%s", GODWIT_SOURCE_DIR,
             supported[i].op);
    models += check_folder(folder, offset);
  }
  return models;
}

TEST(the_selection_of_goldens_that_comes_with_the_project_passes) {
  assert_int_equal(check_selection(0), 130);
}

TEST(the_selection_passes_from_unaligned_addresses) {
  /* 41 bytes: behind the header line of four labels. */
  static const size_t offsets[] = {1, 2, 4, 8, 41};
  for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) check_selection(offsets[i]);
}
