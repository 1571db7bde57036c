/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/micro_speech/device/listener.h"

#include <stdalign.h>

#include "tests/unit/examples/device/models.h"

#define SECOND 16000

static alignas(16) uint8_t arena[2][8192];
static struct wit_model_pair pair;
static struct listener listener;
static uint8_t *bytes[2];
static struct listener_heard heard[64];
static size_t heard_count;

static void on_heard(void *context, const struct listener_heard *word) {
  (void)context;
  assert_true(heard_count < 64);
  heard[heard_count++] = *word;
}

static void init(void) {
  static const struct wit_model_contract contract = {1960, 2, WIT_MODEL_LABELS_MAX, NULL};
  wit_model_init(&pair, &contract, arena[0], arena[1], sizeof arena[0]);
  listener_init(&listener, &pair);
  heard_count = 0;
}

static void use(unsigned slot, const struct decided_model *model) {
  struct wit_error error;
  size_t size;
  free(bytes[slot]);
  bytes[slot] = make_decided_model(model, &size);
  assert_int_equal(wit_model_prepare(&pair, slot, "1.0.0", bytes[slot], size, &error), WIT_OK);
  wit_model_activate(&pair, slot);
  listener_model_changed(&listener);
}

/* In pieces of an odd size, as a driver would give them. */
static void push(size_t samples) {
  static const int16_t quiet[173];
  while (samples > 0) {
    size_t part = samples < 173 ? samples : 173;
    listener_push(&listener, quiet, part, on_heard, NULL);
    samples -= part;
  }
}

static void release(void) {
  free(bytes[0]);
  free(bytes[1]);
}

static const struct decided_model says_yes = {1960, 4, {"silence", "unknown", "yes", "no"}, 2};
static const struct decided_model says_go = {
    1960, 6, {"silence", "unknown", "yes", "no", "stop", "go"}, 5};

TEST(without_a_model_windows_are_due_and_nothing_is_heard) {
  init();
  push(3 * SECOND);
  assert_true(listener.counts.windows_due > 0);
  assert_int_equal(listener.counts.windows_no_model, listener.counts.windows_due);
  assert_int_equal(listener.counts.windows_missed, 0);
  assert_int_equal(heard_count, 0);
}

TEST(no_window_is_due_before_a_second_was_heard) {
  init();
  push(SECOND * 9 / 10);
  assert_int_equal(listener.counts.windows_due, 0);
}

TEST(each_window_that_is_due_is_evaluated) {
  init();
  use(0, &says_yes);
  push(10 * SECOND);
  /* 50 rows a second but for the first 30 ms window, every second row once 49 are there */
  assert_int_equal(listener.counts.windows_due, (499 - 49) / 2 + 1);
  assert_int_equal(listener.counts.windows_evaluated, listener.counts.windows_due);
  release();
}

TEST(a_word_carries_its_label_and_place_in_the_stream) {
  init();
  use(0, &says_yes);
  push(2 * SECOND);
  assert_int_equal(heard_count, 1);
  assert_string_equal(heard[0].label, "yes");
  assert_true(heard[0].keyword);
  assert_in_range(heard[0].end_sample, SECOND, 2 * SECOND);
  release();
}

TEST(a_swap_between_two_windows_misses_none) {
  init();
  use(0, &says_yes);
  push(2 * SECOND + 77);
  use(1, &says_go);
  push(2 * SECOND);
  assert_int_equal(listener.counts.windows_missed, 0);
  assert_int_equal(listener.counts.windows_evaluated, listener.counts.windows_due);
  assert_int_equal(heard_count, 2);
  assert_string_equal(heard[1].label, "go");
  release();
}

TEST(after_a_swap_the_first_window_is_due_without_another_second_of_audio) {
  init();
  use(0, &says_yes);
  push(2 * SECOND);
  uint64_t due = listener.counts.windows_due;
  use(1, &says_go);
  push(SECOND / 10);
  assert_true(listener.counts.windows_due > due);
  release();
}

TEST(lost_samples_are_windows_missed) {
  init();
  use(0, &says_yes);
  push(2 * SECOND);
  uint64_t due = listener.counts.windows_due;
  listener_lost(&listener, SECOND);
  assert_int_equal(listener.counts.windows_missed, 25);
  assert_int_equal(listener.counts.windows_due, due + 25);
  assert_int_equal(listener.samples, 3 * SECOND);
  release();
}

TEST(many_small_losses_add_up_to_windows_missed) {
  init();
  use(0, &says_yes);
  for (int i = 0; i < 64; i++) listener_lost(&listener, 100);
  assert_int_equal(listener.counts.windows_missed, 10);
  release();
}

TEST(samples_lost_without_a_model_are_not_called_missed) {
  init();
  listener_lost(&listener, SECOND);
  assert_int_equal(listener.counts.windows_missed, 0);
  assert_int_equal(listener.counts.windows_no_model, 25);
}

static struct listener_window windows[1024];
static size_t window_count;
static void on_window(void *context, const struct listener_window *window) {
  assert_ptr_equal(context, &window_count);
  assert_true(window_count < 1024);
  windows[window_count++] = *window;
}

TEST(each_window_is_told_with_its_best_word_and_its_score) {
  init();
  use(0, &says_yes);
  listener_watch_windows(&listener, on_window, &window_count);
  push(3 * SECOND);
  assert_int_equal(window_count, listener.counts.windows_evaluated);
  assert_true(windows[0].score < 50); /* averaged: one window alone says little */
  for (size_t i = 12; i < window_count; i++) {
    assert_string_equal(windows[i].label, "yes");
    assert_true(windows[i].score > 240);
  }
  release();
}

TEST(silence_is_not_a_word_however_sure_the_model_is_of_it) {
  static const struct decided_model says_silence = {
      1960, 4, {"silence", "unknown", "yes", "no"}, 0};
  init();
  use(0, &says_silence);
  listener_watch_windows(&listener, on_window, &window_count);
  push(3 * SECOND);
  assert_true(window_count > 12);
  for (size_t i = 0; i < window_count; i++) {
    assert_string_not_equal(windows[i].label, "silence");
    assert_true(windows[i].score < 5);
  }
  release();
}

TEST(a_word_says_how_long_ago_its_score_was_best) {
  init();
  use(0, &says_yes);
  push(2 * SECOND);
  assert_int_equal(heard_count, 1);
  assert_in_range(heard[0].peak_ago_ms, 0, 320); /* decide_ms */
  assert_non_null(heard[0].window);
  release();
}
