/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "tests/support/test.h"
#include "tests/unit/runtime/models.h"

static uint8_t *model_with(const char *entry, const char *text, struct wit_model *model) {
  struct tflite_writer *writer = classifier_writer();
  size_t size;
  if (entry != NULL) tflite_writer_add_metadata(writer, entry, text, strlen(text));
  uint8_t *file = finish_model(writer, &size);
  assert_int_equal(wit_model_open(model, file, size, NULL), WIT_OK);
  return file;
}

/* The threshold of `label`; -1: none. */
static float threshold(const char *text, size_t label) {
  struct wit_model model;
  float score = -1;
  uint8_t *file = model_with("godwit.thresholds", text, &model);
  bool found = wit_model_threshold(&model, label, &score);
  assert_int_equal(found, score != -1);
  free(file);
  return score;
}

TEST(thresholds_are_read_by_label_and_empty_lines_leave_it_to_the_application) {
  assert_true(threshold("\n0.5\n\n0.875\n", 0) == -1);
  assert_true(threshold("\n0.5\n\n0.875\n", 1) == 0.5f);
  assert_true(threshold("\n0.5\n\n0.875\n", 2) == -1);
  assert_true(threshold("\n0.5\n\n0.875\n", 3) == 0.875f);
  assert_true(threshold("\n0.5\n\n0.875\n", 4) == -1);
  assert_true(threshold("\n0.5\n\n0.875", 3) == 0.875f);
  assert_true(threshold("1", 0) == 1);
}

TEST(thresholds_that_are_no_scores_say_nothing) {
  static const char *const wrong[] = {"",
                                      "0",
                                      "1.01",
                                      "-0.5",
                                      "0.5.5",
                                      "5e-1",
                                      "half",
                                      "..",
                                      ".",
                                      "0.50000000000",
                                      " 0.5",
                                      "0,5",
                                      "99999999999999999999"};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    assert_true(threshold(wrong[i], 0) == -1);
  }
}

TEST(a_model_without_thresholds_leaves_them_all_to_the_application) {
  struct wit_model model;
  float score = 0.25f;
  uint8_t *file = model_with(NULL, NULL, &model);
  assert_false(wit_model_threshold(&model, 0, &score));
  assert_true(score == 0.25f);
  free(file);
}

static bool takes(const char *text, const char *name) {
  struct wit_model model;
  uint8_t *file = model_with(text != NULL ? "godwit.frontend" : NULL, text, &model);
  bool result = wit_model_takes_frontend(&model, name);
  free(file);
  return result;
}

TEST(a_model_takes_the_front_end_that_it_names_or_any_where_it_names_none) {
  assert_true(takes("name=micro_speech\nrate=16000\n", "micro_speech"));
  assert_true(takes("rate=16000\nname=micro_speech", "micro_speech"));
  assert_false(takes("name=mfcc\n", "micro_speech"));
  assert_false(takes("name=micro_speech2\n", "micro_speech"));
  assert_false(takes("name=\n", "micro_speech"));
  assert_true(takes("rate=8000\n", "micro_speech"));
  assert_true(takes("", "micro_speech"));
  assert_true(takes(NULL, "micro_speech"));
}
