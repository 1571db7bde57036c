/* SPDX-License-Identifier: Apache-2.0 */
/* What the self-test of the example's models notices, and how much of it the
 * outputs alone would. */
#include <stdlib.h>

#include "tests/support/bad_models.h"
#include "tests/support/test.h"
#include "wit/self_test.h"

static uint8_t *load(const char *name, size_t *size) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", MODELS, name);
  return test_read_file(path, size);
}

/* Opened, prepared and tested as a device does: the first status that is none of
 * WIT_OK. */
static int judge(const uint8_t *file, size_t size, struct wit_self_test_report *report) {
  static _Alignas(16) uint8_t arena[64 * 1024];
  struct wit_model model;
  struct wit_interpreter *interpreter;
  struct wit_error error;
  memset(report, 0, sizeof *report);
  int status = wit_model_open(&model, file, size, &error);
  if (!status) status = wit_model_check_labels(&model, &error);
  if (!status) {
    status = wit_interpreter_init(&interpreter, &model, &wit_ops_all, arena, sizeof arena, &error);
  }
  if (!status) status = wit_self_test_run(interpreter, &model, NULL, report, &error);
  return status;
}

static int judge_bad(enum bad_model kind, const uint8_t *good, size_t size, size_t amount,
                     uint32_t seed) {
  struct wit_self_test_report report;
  size_t bad_size;
  uint8_t *bad = bad_model_make(kind, good, size, amount, seed, &bad_size);
  int status = judge(bad, bad_size, &report);
  free(bad);
  return status;
}

static const char *const models[] = {"yes_no.tflite", "yes_no_stop_go.tflite"};

TEST(the_packed_models_of_the_example_pass) {
  for (int i = 0; i < 2; i++) {
    struct wit_self_test_report report;
    size_t size;
    uint8_t *good = load(models[i], &size);
    assert_int_equal(judge(good, size, &report), WIT_OK);
    assert_true(report.case_count >= 12);
    assert_int_equal(report.cases_passed, report.case_count);
    free(good);
  }
}

TEST(each_kind_of_bad_model_is_noticed_for_what_it_is) {
  static const int expected[BAD_MODEL_KINDS] = {
      [BAD_MODEL_FLIPPED_WEIGHTS] = WIT_ERR_TEST_OUTPUT,
      [BAD_MODEL_SWAPPED_LABELS] = WIT_ERR_TEST_OUTPUT,
      [BAD_MODEL_WRONG_SCALE] = WIT_ERR_TEST_OUTPUT,
      [BAD_MODEL_WRONG_SHAPE] = WIT_ERR_NO_TEST, /* the application's own check comes first */
      [BAD_MODEL_TRUNCATED] = WIT_ERR_TRUNCATED,
      [BAD_MODEL_TOO_BIG] = WIT_OK, /* of no harm where there is room */
      [BAD_MODEL_UNKNOWN_OP] = WIT_ERR_UNSUPPORTED_OP,
      [BAD_MODEL_NO_TEST] = WIT_ERR_NO_TEST,
      [BAD_MODEL_BROKEN_TEST] = WIT_ERR_MALFORMED,
      [BAD_MODEL_ARENA] = WIT_ERR_TEST_ARENA,
  };
  for (int i = 0; i < 2; i++) {
    size_t size;
    uint8_t *good = load(models[i], &size);
    for (int kind = 0; kind < BAD_MODEL_KINDS; kind++) {
      int status = judge_bad((enum bad_model)kind, good, size, 0, 1);
      if (status != expected[kind]) {
        fail_msg("%s of %s: %s", bad_model_name((enum bad_model)kind), models[i],
                 wit_status_name(status));
      }
    }
    free(good);
  }
}

static const size_t amounts[] = {1, 16, 256};
#define AMOUNTS (sizeof amounts / sizeof amounts[0])

TEST(flipped_weights_are_noticed_however_few) {
  size_t size;
  uint8_t *good = load(models[0], &size);
  for (size_t i = 0; i < AMOUNTS; i++) {
    for (uint32_t seed = 1; seed <= 200; seed++) {
      int status = judge_bad(BAD_MODEL_FLIPPED_WEIGHTS, good, size, amounts[i], seed);
      if (status != WIT_ERR_TEST_OUTPUT) fail_msg("%zu flips, seed %u", amounts[i], seed);
    }
  }
  free(good);
}

/* The model says that it was packed with the weights that it has: only what comes
 * out can tell. */
static void forge_checksum(uint8_t *file, size_t size) {
  struct wit_model model;
  const uint8_t *test;
  uint32_t checksum;
  size_t test_size;
  assert_int_equal(wit_model_open(&model, file, size, NULL), WIT_OK);
  assert_int_equal(wit_graph_checksum(&model, &checksum, NULL), WIT_OK);
  assert_true(wit_model_metadata(&model, WIT_SELF_TEST_METADATA, &test, &test_size));
  for (int i = 0; i < 4; i++) file[test - file + 4 + i] = (uint8_t)(checksum >> 8 * i);
}

/* Of `tries` seeds those that the outputs tell; *clips: those that clips tell. */
static unsigned told_by_outputs(const uint8_t *good, size_t size, enum bad_model kind,
                                size_t amount, unsigned tries) {
  unsigned told = 0;
  for (uint32_t seed = 1; seed <= tries; seed++) {
    struct wit_self_test_report report;
    size_t bad_size;
    uint8_t *bad = bad_model_make(kind, good, size, amount, seed, &bad_size);
    forge_checksum(bad, bad_size);
    int status = judge(bad, bad_size, &report);
    assert_true(status == WIT_OK || status == WIT_ERR_TEST_OUTPUT);
    told += status == WIT_ERR_TEST_OUTPUT;
    free(bad);
  }
  return told;
}

TEST(a_forged_checksum_leaves_the_outputs_to_tell) {
  const char *text = getenv("GODWIT_FLIP_TRIES");
  unsigned tries = text != NULL ? (unsigned)strtoul(text, NULL, 10) : 20;
  for (int i = 0; i < 2; i++) {
    size_t size;
    uint8_t *good = load(models[i], &size);
    unsigned told[AMOUNTS];
    for (size_t k = 0; k < AMOUNTS; k++) {
      told[k] = told_by_outputs(good, size, BAD_MODEL_FLIPPED_WEIGHTS, amounts[k], tries);
      printf("%s: %zu weights flipped, told by outputs alone: %u of %u\n", models[i], amounts[k],
             told[k], tries);
    }
    assert_int_equal(told[2], tries);
    assert_true(told[1] * 10 >= tries * 9);
    assert_int_equal(told_by_outputs(good, size, BAD_MODEL_WRONG_SCALE, 0, 1), 1);
    free(good);
  }
}
