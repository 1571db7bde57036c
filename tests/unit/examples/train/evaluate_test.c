/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include <stdlib.h>

#include "examples/micro_speech/train/evaluate.h"
#include "examples/micro_speech/train/random.h"

#define CLIPS 6

static struct dataset dataset;

/* Clips of noise; label i % 3, the last two held back. */
static void make_dataset(void) {
  struct random random = random_stream(1, 0);
  dataset.clip = calloc(CLIPS, sizeof *dataset.clip);
  assert_non_null(dataset.clip);
  dataset.clip_count = CLIPS;
  for (size_t i = 0; i < CLIPS; i++) {
    dataset.clip[i].label = (uint8_t)(i % 3);
    dataset.clip[i].held_back = i >= CLIPS - 2;
    for (size_t s = 0; s < DATASET_CLIP_SAMPLES; s++) {
      dataset.clip[i].samples[s] = (int16_t)((int)random_below(&random, 2000) - 1000);
    }
  }
}

static void make_list(struct playlist *playlist, bool held_back) {
  make_dataset();
  assert_true(playlist_make(playlist, &dataset, held_back, 1));
}

static void end(struct playlist *playlist) {
  playlist_free(playlist);
  free(dataset.clip);
}

TEST(nothing_to_count_is_zero_per_cent) {
  struct confusion confusion = {.label_count = 4};
  assert_true(confusion_keywords_right(&confusion) == 0);
  assert_true(confusion_all_right(&confusion) == 0);
}

TEST(shares_count_what_was_heard_right) {
  struct confusion confusion = {.label_count = 4};
  for (int i = 0; i < 3; i++) confusion_add(&confusion, 2, 2);
  confusion_add(&confusion, 2, 1);
  for (int i = 0; i < 4; i++) confusion_add(&confusion, 1, 3);
  assert_true(confusion_label_right(&confusion, 2) == 75);
  assert_true(confusion_label_right(&confusion, 1) == 0);
  assert_true(confusion_keywords_right(&confusion) == 75);
  assert_true(confusion_all_right(&confusion) == 37.5f);
}

TEST(playlist_holds_the_held_back_or_all_others) {
  struct playlist playlist;
  make_list(&playlist, true);
  assert_int_equal(playlist.count, 2);
  for (size_t i = 0; i < 2; i++) assert_true(playlist.clip[i]->held_back);
  end(&playlist);
  make_list(&playlist, false);
  assert_int_equal(playlist.count, CLIPS - 2);
  end(&playlist);
}

/* 49 rows begin in a clip and end in it; the 50th reaches into the next. */
TEST(streaming_windows_hold_the_rows_that_lie_inside_their_clip) {
  static int8_t streamed[CLIPS][NET_INPUT_BYTES];
  struct wit_audio_frontend frontend;
  struct playlist playlist;
  make_list(&playlist, false);
  playlist_windows(&playlist, true, streamed);
  int16_t *samples = calloc(playlist.count + 1, DATASET_CLIP_SAMPLES * sizeof *samples);
  assert_non_null(samples);
  for (size_t i = 0; i < playlist.count; i++) {
    memcpy(samples + i * DATASET_CLIP_SAMPLES, playlist.clip[i]->samples,
           sizeof playlist.clip[i]->samples);
  }
  wit_audio_frontend_init(&frontend);
  for (size_t row = 0; row < 50 * playlist.count - 1; row++) {
    int8_t features[NET_INPUT_COLUMNS];
    wit_audio_frontend_window(&frontend, samples + row * WIT_AUDIO_STEP_SAMPLES, features);
    if (row % 50 == 49) continue;
    assert_memory_equal(streamed[row / 50] + row % 50 * NET_INPUT_COLUMNS, features,
                        sizeof features);
  }
  free(samples);
  end(&playlist);
}

TEST(windows_of_single_clips_do_not_depend_on_the_clip_before) {
  static int8_t windows[CLIPS][NET_INPUT_BYTES], again[CLIPS][NET_INPUT_BYTES];
  struct playlist playlist;
  make_list(&playlist, false);
  playlist_windows(&playlist, false, windows);
  playlist.clip++; /* the same without the first */
  playlist.count--;
  playlist_windows(&playlist, false, again);
  playlist.clip--;
  assert_memory_equal(again[0], windows[1], sizeof again[0]);
  end(&playlist);
}

/* Says unknown to everything, and counts how often it was asked. */
static bool always_unknown(void *context, const int8_t window[NET_INPUT_BYTES], int8_t *scores) {
  (void)window;
  memset(scores, -128, 3);
  scores[1] = 127;
  (*(size_t *)context)++;
  return true;
}

static bool refuses(void *context, const int8_t window[NET_INPUT_BYTES], int8_t *scores) {
  (void)context;
  (void)window;
  (void)scores;
  return false;
}

TEST(every_clip_is_classified_once) {
  struct playlist playlist;
  struct confusion confusion;
  size_t calls = 0;
  make_list(&playlist, false);
  assert_true(evaluate_clips(&playlist, 3, false, always_unknown, &calls, &confusion));
  assert_int_equal(calls, CLIPS - 2);
  assert_true(confusion_label_right(&confusion, 1) == 100);
  assert_true(confusion_keywords_right(&confusion) == 0);
  end(&playlist);
}

TEST(stream_without_a_keyword_leaves_noise_silent_and_words_unknown) {
  struct playlist playlist;
  struct confusion confusion;
  size_t calls = 0;
  make_list(&playlist, false);
  assert_true(evaluate_stream(&playlist, 3, always_unknown, &calls, &confusion));
  assert_true(calls > 50 * playlist.count / 2);
  assert_true(confusion_label_right(&confusion, 0) == 100);
  assert_true(confusion_label_right(&confusion, 1) == 100);
  assert_true(confusion_label_right(&confusion, 2) == 0);
  end(&playlist);
}

TEST(model_that_fails_ends_the_measurement) {
  struct playlist playlist;
  struct confusion confusion;
  make_list(&playlist, false);
  assert_false(evaluate_clips(&playlist, 3, false, refuses, NULL, &confusion));
  assert_false(evaluate_stream(&playlist, 3, refuses, NULL, &confusion));
  end(&playlist);
}
