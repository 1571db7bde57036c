/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/common/wit_model.h"

#include <stdalign.h>

#include "tests/unit/examples/device/models.h"

static alignas(16) uint8_t arena[2][8192];
static struct wit_model_pair pair;
static struct wit_error error;
static uint8_t *bytes[2];

static const struct wit_model_contract contract = {1960, 2, WIT_MODEL_LABELS_MAX, NULL};
static const struct decided_model yes_no = {1960, 4, {"silence", "unknown", "yes", "no"}, 2};

static void init(void) { wit_model_init(&pair, &contract, arena[0], arena[1], sizeof arena[0]); }

static int prepare(unsigned slot, const struct decided_model *model) {
  size_t size;
  free(bytes[slot]);
  bytes[slot] = make_decided_model(model, &size);
  return wit_model_prepare(&pair, slot, "1.0.0", bytes[slot], size, &error);
}

static void release(void) {
  free(bytes[0]);
  free(bytes[1]);
}

static void refuses(const struct decided_model *model, int status, const char *reason) {
  init();
  assert_int_equal(prepare(0, model), status);
  if (!strstr(error.message, reason)) fail_msg("'%s' does not say '%s'", error.message, reason);
  assert_null(pair.slot[0].interpreter);
  release();
}

TEST(garbage_is_refused) {
  init();
  assert_true(wit_model_prepare(&pair, 0, "9.9.9", "garbage, not a model", 20, &error) < 0);
  assert_null(pair.slot[0].interpreter);
}
TEST(a_model_of_another_input_is_refused) {
  struct decided_model model = yes_no;
  model.input_bytes = 1000;
  refuses(&model, WIT_ERR_ARGUMENT, "input is 1000 bytes of int8, this application gives 1960");
}
TEST(a_model_for_another_front_end_is_refused) {
  static alignas(16) uint8_t large[2][16384];
  static const struct wit_model_contract wants[] = {
      {1960, 2, WIT_MODEL_LABELS_MAX, "mfcc"}, {1960, 2, WIT_MODEL_LABELS_MAX, "micro_speech"}};
  size_t size;
  uint8_t *file =
      test_read_file(GODWIT_SOURCE_DIR "/examples/micro_speech/models/yes_no.tflite", &size);
  wit_model_init(&pair, &wants[0], large[0], large[1], sizeof large[0]);
  assert_int_equal(wit_model_prepare(&pair, 0, "1.0.0", file, size, &error), WIT_ERR_ARGUMENT);
  assert_non_null(strstr(error.message, "another front end than mfcc"));
  wit_model_init(&pair, &wants[1], large[0], large[1], sizeof large[0]);
  assert_int_equal(wit_model_prepare(&pair, 0, "1.0.0", file, size, &error), WIT_OK);
  free(file);
}
TEST(a_model_of_too_few_scores_is_refused) {
  refuses(&(struct decided_model){1960, 1, {"yes"}, 0}, WIT_ERR_ARGUMENT, "output is 1 bytes");
}
TEST(a_model_whose_labels_disagree_with_its_scores_is_refused) {
  refuses(&(struct decided_model){1960, 4, {"silence", "unknown", "yes"}, 2}, WIT_ERR_LABELS, "");
}
TEST(a_model_without_labels_is_refused) {
  refuses(&(struct decided_model){1960, 4, {NULL}, 2}, WIT_ERR_LABELS, "no labels");
}
TEST(a_model_that_needs_more_arena_says_how_much) {
  wit_model_init(&pair, &contract, arena[0], arena[1], 256);
  assert_int_equal(prepare(0, &yes_no), WIT_ERR_ARENA);
  assert_true(error.arena_needed_bytes > 256);
  release();
}

TEST(without_an_active_model_nothing_runs) {
  int8_t input[1960] = {0}, scores[16];
  init();
  assert_false(wit_model_run(&pair, input, scores));
  assert_int_equal(prepare(0, &yes_no), WIT_OK); /* prepared is not active */
  assert_false(wit_model_run(&pair, input, scores));
  release();
}

TEST(a_refused_candidate_leaves_the_active_model_at_work) {
  int8_t input[1960] = {0}, scores[16];
  init();
  assert_int_equal(prepare(0, &yes_no), WIT_OK);
  wit_model_activate(&pair, 0);
  struct decided_model bad = yes_no;
  bad.input_bytes = 8;
  assert_true(prepare(1, &bad) < 0);
  assert_true(wit_model_run(&pair, input, scores));
  assert_true(scores[2] > 100);
  release();
}

TEST(activating_the_other_slot_swaps_labels_and_scores) {
  int8_t input[1960] = {0}, scores[16];
  init();
  assert_int_equal(prepare(0, &yes_no), WIT_OK);
  wit_model_activate(&pair, 0);
  struct decided_model four = {1960, 6, {"silence", "unknown", "yes", "no", "stop", "go"}, 4};
  assert_int_equal(prepare(1, &four), WIT_OK);
  assert_true(wit_model_run(&pair, input, scores));
  assert_string_equal(pair.active->label[2], "yes");
  wit_model_activate(&pair, 1);
  assert_true(wit_model_run(&pair, input, scores));
  assert_int_equal(pair.active->label_count, 6);
  assert_string_equal(pair.active->label[4], "stop");
  assert_true(scores[4] > 100);
  release();
}

TEST(discarding_the_active_model_leaves_none) {
  int8_t input[1960] = {0}, scores[16];
  init();
  assert_int_equal(prepare(0, &yes_no), WIT_OK);
  wit_model_activate(&pair, 0);
  wit_model_discard(&pair, 0);
  assert_false(wit_model_run(&pair, input, scores));
  release();
}
