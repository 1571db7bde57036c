/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/micro_speech/device/listener.h"

#include <string.h>

void listener_init(struct listener *listener, struct wit_model_pair *models) {
  memset(listener, 0, sizeof *listener);
  wit_audio_frontend_init(&listener->frontend);
  recognizer_init(&listener->recognizer, NULL);
  listener->models = models;
}

void listener_model_changed(struct listener *listener) {
  const struct wit_model_slot *slot = listener->models->active;
  if (slot) recognizer_set_labels(&listener->recognizer, slot->label_count);
}

void listener_watch_windows(struct listener *listener, listener_window_fn on_window,
                            void *context) {
  listener->on_window = on_window;
  listener->on_window_context = context;
}

void listener_watch_looks(struct listener *listener, listener_look_fn on_look,
                          uint64_t (*now_us)(void), void *context) {
  listener->on_look = on_look;
  listener->now_us = now_us;
  listener->on_look_context = context;
}

static void tell_window(const struct listener *listener, const int8_t *window) {
  size_t label;
  struct listener_window told = {.window = window};
  if (!listener->on_window) return;
  recognizer_best_word(&listener->recognizer, &label, &told.score);
  told.label = listener->models->active->label[label];
  listener->on_window(listener->on_window_context, &told);
}

static void report(const struct listener *listener, const struct recognizer_detection *detection,
                   const int8_t *window, listener_heard_fn heard, void *context) {
  const struct wit_model_slot *slot = listener->models->active;
  struct listener_heard word = {
      .keyword = detection->label >= RECOGNIZER_FIRST_KEYWORD,
      .score = detection->score,
      .end_sample = listener->samples,
      .peak_ago_ms = (uint32_t)(recognizer_time_ms(&listener->recognizer) - detection->time_ms),
      .window = window,
  };
  memcpy(word.label, slot->label[detection->label], sizeof word.label);
  heard(context, &word);
}

static uint64_t clock_us(const struct listener *listener) {
  return listener->on_look ? listener->now_us() : 0;
}

static void evaluate_window(struct listener *listener, listener_heard_fn heard, void *context) {
  listener->counts.windows_due++;
  if (!listener->models->active) {
    listener->counts.windows_no_model++;
    return;
  }
  int8_t window[RECOGNIZER_WINDOW_BYTES];
  int8_t scores[WIT_MODEL_LABELS_MAX];
  recognizer_window(&listener->recognizer, window);
  struct listener_look look = {.window = window, .scores = scores, .time_us = clock_us(listener)};
  if (!wit_model_run(listener->models, window, scores)) {
    listener->counts.windows_missed++;
    return;
  }
  look.time_us = clock_us(listener) - look.time_us;
  listener->counts.windows_evaluated++;
  struct recognizer_detection detection;
  bool is_word = recognizer_push_scores(&listener->recognizer, scores, &detection);
  tell_window(listener, window);
  if (is_word) report(listener, &detection, window, heard, context);
  if (listener->on_look) listener->on_look(listener->on_look_context, &look);
}

void listener_push(struct listener *listener, const int16_t *samples, size_t count,
                   listener_heard_fn heard, void *context) {
  while (count > 0) {
    size_t consumed;
    int8_t row[WIT_AUDIO_CHANNELS];
    bool complete = wit_audio_frontend_push(&listener->frontend, samples, count, &consumed, row);
    samples += consumed;
    count -= consumed;
    listener->samples += consumed;
    if (complete && recognizer_push_row(&listener->recognizer, row)) {
      evaluate_window(listener, heard, context);
    }
  }
}

void listener_lost(struct listener *listener, uint64_t count) {
  uint64_t per_window = (uint64_t)listener->recognizer.config.hop_rows * WIT_AUDIO_STEP_SAMPLES;
  listener->samples += count;
  listener->lost_samples_unaccounted += count;
  uint64_t windows = listener->lost_samples_unaccounted / per_window;
  listener->lost_samples_unaccounted -= windows * per_window;
  listener->counts.windows_due += windows;
  if (listener->models->active) {
    listener->counts.windows_missed += windows;
  } else {
    listener->counts.windows_no_model += windows;
  }
}
