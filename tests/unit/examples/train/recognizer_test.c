/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include "examples/micro_speech/device/recognizer.h"

#define LABELS 4 /* silence, unknown, yes, no */

static const struct recognizer_config config = {.hop_rows = 5,
                                                .average_windows = 4,
                                                .suppression_ms = 500,
                                                .unknown_hold_ms = 600,
                                                .keyword_threshold = 150,
                                                .unknown_threshold = 150,
                                                .release_threshold = 80};

static struct recognizer recognizer;

static void start(void) {
  static const int8_t row[WIT_AUDIO_CHANNELS];
  recognizer_init(&recognizer, &config);
  assert_true(recognizer_set_labels(&recognizer, LABELS));
  for (int i = 0; i < WIT_AUDIO_MODEL_ROWS - 1; i++) recognizer_push_row(&recognizer, row);
}

/* Rows up to the next window, whose scores are all for one label; true when a
 * word is reported. */
static bool hear(size_t label, struct recognizer_detection *detection) {
  static const int8_t row[WIT_AUDIO_CHANNELS];
  int8_t scores[RECOGNIZER_LABELS_MAX];
  memset(scores, -128, sizeof scores);
  scores[label] = 127;
  while (!recognizer_push_row(&recognizer, row)) {
  }
  return recognizer_push_scores(&recognizer, scores, detection);
}

/* How often `label` is reported in so many windows; anything else fails. */
static int count(size_t label, int windows, size_t expected) {
  struct recognizer_detection detection;
  int reported = 0;
  for (int i = 0; i < windows; i++) {
    if (!hear(label, &detection)) continue;
    assert_int_equal(detection.label, expected);
    reported++;
  }
  return reported;
}

TEST(too_few_or_too_many_labels_change_nothing) {
  start();
  assert_false(recognizer_set_labels(&recognizer, 1));
  assert_false(recognizer_set_labels(&recognizer, RECOGNIZER_LABELS_MAX + 1));
  assert_int_equal(recognizer.label_count, LABELS);
}

TEST(absurd_configuration_is_brought_into_range) {
  static const struct recognizer_config absurd = {.hop_rows = 0, .average_windows = 65535};
  recognizer_init(&recognizer, &absurd);
  assert_int_equal(recognizer.config.hop_rows, 1);
  assert_int_equal(recognizer.config.average_windows, RECOGNIZER_AVERAGE_MAX);
}

TEST(first_window_is_due_after_49_rows_then_every_hop) {
  static const int8_t row[WIT_AUDIO_CHANNELS];
  recognizer_init(&recognizer, &config);
  for (int i = 1; i <= 100; i++) {
    bool due = recognizer_push_row(&recognizer, row);
    assert_int_equal(due, i >= 49 && (i - 49) % 5 == 0);
  }
  assert_int_equal(recognizer_time_ms(&recognizer), 2000);
}

TEST(window_holds_the_last_49_rows_in_order) {
  int8_t window[RECOGNIZER_WINDOW_BYTES], row[WIT_AUDIO_CHANNELS];
  recognizer_init(&recognizer, &config);
  for (int i = 0; i < 120; i++) {
    memset(row, i, sizeof row);
    recognizer_push_row(&recognizer, row);
    recognizer_window(&recognizer, window);
    for (int back = 0; back < 49 && back <= i; back++) {
      assert_int_equal(window[(48 - back) * WIT_AUDIO_CHANNELS], (int8_t)(i - back));
    }
  }
}

TEST(one_window_alone_does_not_decide) {
  start();
  assert_int_equal(count(2, 1, 2), 0);
  assert_int_equal(count(0, 20, 0), 0);
}

TEST(word_that_lasts_is_reported_once) {
  start();
  assert_int_equal(count(2, 30, 2), 1);
}

TEST(detection_carries_label_score_and_time) {
  struct recognizer_detection detection;
  start();
  while (!hear(3, &detection)) {
  }
  assert_int_equal(detection.label, 3);
  assert_true(detection.score >= config.keyword_threshold);
  assert_int_equal(detection.time_ms, recognizer_time_ms(&recognizer));
}

TEST(word_said_again_after_a_pause_is_reported_again) {
  start();
  assert_int_equal(count(2, 6, 2), 1);
  assert_int_equal(count(0, 8, 0), 0);
  assert_int_equal(count(2, 6, 2), 1);
}

TEST(another_word_at_once_is_suppressed_then_reported) {
  struct recognizer_detection detection;
  start();
  while (!hear(2, &detection)) {
  }
  uint64_t first_ms = detection.time_ms;
  while (!hear(3, &detection)) {
  }
  assert_int_equal(detection.label, 3);
  assert_true(detection.time_ms >= first_ms + config.suppression_ms);
}

TEST(better_keyword_within_the_time_to_decide_wins) {
  struct recognizer_detection detection = {0};
  start();
  recognizer.config.decide_ms = 500;
  for (int i = 0; i < 3; i++) assert_false(hear(2, &detection)); /* 3 of 4: passes */
  bool reported = false;
  for (int i = 0; i < 8 && !reported; i++) reported = hear(3, &detection);
  assert_true(reported);
  assert_int_equal(detection.label, 3);
  assert_true(detection.time_ms <= recognizer_time_ms(&recognizer));
}

TEST(time_to_decide_delays_a_word_but_loses_it_not) {
  struct recognizer_detection detection;
  start();
  recognizer.config.decide_ms = 300;
  for (int i = 0; i < 4; i++) assert_false(hear(2, &detection));
  bool reported = false; /* the word is over, its time to decide is not */
  for (int i = 0; i < 4 && !reported; i++) reported = hear(0, &detection);
  assert_true(reported);
  assert_int_equal(detection.label, 2);
}

TEST(silence_is_never_reported) {
  start();
  assert_int_equal(count(RECOGNIZER_SILENCE, 100, 0), 0);
}

TEST(unknown_has_to_last) {
  start();
  assert_int_equal(count(RECOGNIZER_UNKNOWN, 6, 1), 0);
  assert_int_equal(count(RECOGNIZER_UNKNOWN, 20, 1), 1);
}

TEST(unknown_before_a_keyword_is_not_reported) {
  start();
  assert_int_equal(count(RECOGNIZER_UNKNOWN, 5, 1), 0);
  assert_int_equal(count(2, 6, 2), 1);
}

TEST(unknown_threshold_of_zero_silences_it) {
  struct recognizer_config quiet = config;
  start();
  quiet.unknown_threshold = 0;
  recognizer.config = quiet;
  assert_int_equal(count(RECOGNIZER_UNKNOWN, 100, 1), 0);
}

TEST(new_labels_forget_scores_but_not_features) {
  int8_t before[RECOGNIZER_WINDOW_BYTES], after[RECOGNIZER_WINDOW_BYTES], row[WIT_AUDIO_CHANNELS];
  struct recognizer_detection detection;
  start();
  memset(row, 42, sizeof row);
  recognizer_push_row(&recognizer, row);
  hear(2, &detection);
  hear(2, &detection);
  recognizer_window(&recognizer, before);
  assert_true(recognizer_set_labels(&recognizer, 6));
  recognizer_window(&recognizer, after);
  assert_memory_equal(after, before, sizeof before);
  assert_false(hear(2, &detection)); /* the third in a row, had nothing been forgotten */
  assert_false(hear(2, &detection));
}
