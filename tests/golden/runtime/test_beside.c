/* SPDX-License-Identifier: Apache-2.0 */
/* Golden models that share an arena with another, or that were packed: what comes
 * out is what came out alone and bare. */
#include <stdlib.h>

#include "cli/model_metadata.h"
#include "tests/golden/runtime/run.h"
#include "tests/support/test.h"
#include "wit/self_test.h"

static const char *const models[] = {
    "hello_world_int8.tflite", "hello_world_float.tflite", "micro_speech_quantized.tflite",
    "golioth_yn.bin",          "golioth_ynsg.bin",         "mlperf_kws_ref_model_int8.tflite",
    "mlperf_ad01_int8.tflite", "person_detect.tflite",     "seanet_conv0.tflite",
    "seanet_add0.tflite"};
#define MODELS (sizeof models / sizeof models[0])

static uint8_t *load(const char *name, size_t *size) {
  char path[512];
  snprintf(path, sizeof path, "golden/models/%s", name);
  return test_read_file(test_shared_data(path), size);
}

static void fill(struct wit_interpreter *interpreter, uint32_t seed) {
  struct wit_tensor *tensor;
  for (size_t i = 0; (tensor = wit_interpreter_input(interpreter, i)); i++) {
    for (size_t k = 0; k < tensor->size_bytes; k++) {
      seed = seed * 1664525u + 1013904223u;
      /* Floats: the upper byte of each stays small, so that none is a NaN. */
      bool is_exponent = tensor->type == WIT_FLOAT32 && k % 4 == 3;
      ((uint8_t *)tensor->data)[k] = is_exponent ? 0x3f : (uint8_t)(seed >> 24);
    }
  }
}

static uint32_t sum_of(uint32_t sum, const void *data, size_t size) {
  for (size_t i = 0; i < size; i++) sum = (sum ^ ((const uint8_t *)data)[i]) * 16777619u;
  return sum;
}

/* Fills, runs, and sums up all outputs. */
static uint32_t run_once(struct wit_interpreter *interpreter, uint32_t seed) {
  struct wit_tensor *tensor;
  uint32_t sum = 2166136261u;
  fill(interpreter, seed);
  assert_int_equal(wit_interpreter_invoke(interpreter, NULL), WIT_OK);
  for (size_t i = 0; (tensor = wit_interpreter_output(interpreter, i)); i++) {
    sum = sum_of(sum, tensor->data, tensor->size_bytes);
  }
  return sum;
}

struct expected {
  struct run run; /* holds the file */
  uint32_t sum[3];
};

static struct expected expect(const char *name) {
  struct expected expected;
  size_t size;
  uint8_t *file = load(name, &size);
  if (run_open(&expected.run, file, size) != WIT_OK) {
    fail_msg("%s: %s", name, expected.run.error.message);
  }
  for (uint32_t i = 0; i < 3; i++) expected.sum[i] = run_once(expected.run.interpreter, i + 1);
  free(file);
  return expected;
}

/* In turns, in exactly the bytes that both need. */
static void check_pair(const char *name_a, const char *name_b) {
  struct expected a = expect(name_a), b = expect(name_b);
  struct wit_interpreter *first, *second;
  struct wit_two two;
  assert_int_equal(wit_plan_two(&a.run.model, &b.run.model, &wit_ops_all, &two, NULL), WIT_OK);
  void *arena = aligned_alloc(WIT_ARENA_ALIGNMENT, two.together_bytes);
  assert_int_equal(
      wit_interpreter_init(&first, &a.run.model, &wit_ops_all, arena, two.together_bytes, NULL),
      WIT_OK);
  assert_int_equal(wit_interpreter_init_beside(&second, &b.run.model, &wit_ops_all, arena,
                                               two.together_bytes, first, NULL),
                   WIT_OK);
  for (uint32_t i = 0; i < 3; i++) {
    assert_int_equal(run_once(first, i + 1), a.sum[i]);
    assert_int_equal(run_once(second, i + 1), b.sum[i]);
  }
  printf("%s beside %s: %zu bytes together, %zu apart, %zu and %zu alone\n", name_a, name_b,
         two.together_bytes, two.apart_bytes, two.alone_bytes[0], two.alone_bytes[1]);
  free(arena);
  run_close(&a.run);
  run_close(&b.run);
}

TEST(golden_models_beside_one_another_say_what_they_say_alone) {
  for (size_t i = 0; i < MODELS; i++) check_pair(models[i], models[(i + 1) % MODELS]);
  check_pair("person_detect.tflite", "person_detect.tflite");
  check_pair("golioth_yn.bin", "golioth_ynsg.bin");
}

TEST(golden_models_compute_the_same_after_packing) {
  static const struct cli_metadata_entry entries[] = {{"godwit.arena", "123456", 6}};
  for (size_t i = 0; i < MODELS; i++) {
    struct expected bare = expect(models[i]);
    struct run packed;
    uint8_t *file, *body;
    size_t size, body_size;
    uint32_t checksum[2];
    assert_null(cli_model_add_metadata(&bare.run.model, entries, 1, &file, &size));
    assert_int_equal(run_open(&packed, file, size), WIT_OK);
    for (uint32_t k = 0; k < 3; k++) {
      assert_int_equal(run_once(packed.interpreter, k + 1), bare.sum[k]);
    }
    assert_int_equal(wit_graph_checksum(&bare.run.model, &checksum[0], NULL), WIT_OK);
    assert_int_equal(wit_graph_checksum(&packed.model, &checksum[1], NULL), WIT_OK);
    assert_int_equal(checksum[0], checksum[1]);
    assert_true(cli_model_body(&packed.model, &body, &body_size));
    assert_int_equal(body_size, bare.run.model.file_size);
    assert_memory_equal(body, bare.run.model.file, body_size);
    free(body);
    free(file);
    run_close(&packed);
    run_close(&bare.run);
  }
}
