/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/micro_speech/device/recognizer.h"

#include <string.h>

const struct recognizer_config recognizer_default_config = {
    .hop_rows = 2,
    .average_windows = 12,
    .decide_ms = 320,
    .suppression_ms = 800,
    .unknown_hold_ms = 500,
    .keyword_threshold = 110,
    .unknown_threshold = 140,
    .release_threshold = 85,
};

#define NOT_NOW UINT64_MAX

static uint16_t clamp(uint16_t value, uint16_t low, uint16_t high) {
  return value < low ? low : value > high ? high : value;
}

static void forget_scores(struct recognizer *recognizer) {
  memset(recognizer->history, 0, sizeof recognizer->history);
  memset(recognizer->history_sum, 0, sizeof recognizer->history_sum);
  recognizer->history_count = 0;
  recognizer->history_next = 0;
  recognizer->armed = UINT32_MAX;
  recognizer->unknown_since_ms = NOT_NOW;
  recognizer->candidate.score = 0;
}

void recognizer_init(struct recognizer *recognizer, const struct recognizer_config *config) {
  memset(recognizer, 0, sizeof *recognizer);
  recognizer->config = config ? *config : recognizer_default_config;
  struct recognizer_config *own = &recognizer->config;
  own->hop_rows = clamp(own->hop_rows, 1, WIT_AUDIO_MODEL_ROWS);
  own->average_windows = clamp(own->average_windows, 1, RECOGNIZER_AVERAGE_MAX);
  recognizer->rows_until_due = WIT_AUDIO_MODEL_ROWS;
  forget_scores(recognizer);
}

bool recognizer_set_labels(struct recognizer *recognizer, size_t label_count) {
  if (label_count < RECOGNIZER_FIRST_KEYWORD || label_count > RECOGNIZER_LABELS_MAX) return false;
  recognizer->label_count = label_count;
  forget_scores(recognizer);
  return true;
}

void recognizer_set_hop(struct recognizer *recognizer, uint16_t rows) {
  uint16_t hop = clamp(rows, 1, WIT_AUDIO_MODEL_ROWS);
  bool has_begun = recognizer->row_count >= WIT_AUDIO_MODEL_ROWS;
  recognizer->config.hop_rows = hop;
  if (has_begun && recognizer->rows_until_due > hop) recognizer->rows_until_due = hop;
}

bool recognizer_push_row(struct recognizer *recognizer, const int8_t row[WIT_AUDIO_CHANNELS]) {
  memcpy(recognizer->ring[recognizer->row_count % WIT_AUDIO_MODEL_ROWS], row, WIT_AUDIO_CHANNELS);
  recognizer->row_count++;
  if (--recognizer->rows_until_due > 0) return false;
  recognizer->rows_until_due = recognizer->config.hop_rows;
  return true;
}

void recognizer_window(const struct recognizer *recognizer, int8_t out[RECOGNIZER_WINDOW_BYTES]) {
  size_t oldest = (size_t)(recognizer->row_count % WIT_AUDIO_MODEL_ROWS);
  size_t rows_to_end = WIT_AUDIO_MODEL_ROWS - oldest;
  memcpy(out, recognizer->ring[oldest], rows_to_end * WIT_AUDIO_CHANNELS);
  memcpy(out + rows_to_end * WIT_AUDIO_CHANNELS, recognizer->ring[0], oldest * WIT_AUDIO_CHANNELS);
}

uint64_t recognizer_time_ms(const struct recognizer *recognizer) {
  return recognizer->row_count * RECOGNIZER_ROW_MS;
}

static void remember_scores(struct recognizer *recognizer, const int8_t *scores) {
  uint8_t *slot = recognizer->history[recognizer->history_next];
  for (size_t label = 0; label < recognizer->label_count; label++) {
    recognizer->history_sum[label] -= slot[label];
    slot[label] = (uint8_t)(scores[label] + 128);
    recognizer->history_sum[label] += slot[label];
  }
  uint16_t windows = recognizer->config.average_windows;
  recognizer->history_next = (uint16_t)((recognizer->history_next + 1) % windows);
  if (recognizer->history_count < windows) recognizer->history_count++;
}

/* Over the full number of windows even while fewer were seen: one window alone,
 * just after a start or a swap, does not decide. */
static uint8_t average(const struct recognizer *recognizer, size_t label) {
  return (uint8_t)(recognizer->history_sum[label] / recognizer->config.average_windows);
}

static void rearm_released(struct recognizer *recognizer) {
  for (size_t label = RECOGNIZER_UNKNOWN; label < recognizer->label_count; label++) {
    if (average(recognizer, label) < recognizer->config.release_threshold) {
      recognizer->armed |= 1u << label;
    }
  }
}

static size_t best_label(const struct recognizer *recognizer) {
  size_t best = RECOGNIZER_SILENCE;
  for (size_t label = 1; label < recognizer->label_count; label++) {
    if (recognizer->history_sum[label] > recognizer->history_sum[best]) best = label;
  }
  return best;
}

void recognizer_best_word(const struct recognizer *recognizer, size_t *label, uint8_t *score) {
  size_t best = RECOGNIZER_UNKNOWN;
  for (size_t i = best + 1; i < recognizer->label_count; i++) {
    if (recognizer->history_sum[i] > recognizer->history_sum[best]) best = i;
  }
  *label = best;
  *score = average(recognizer, best);
}

/* "Unknown" is also what the first half of a keyword looks like, so it has to
 * last; keywords are reported at once. */
static bool unknown_lasts(struct recognizer *recognizer, size_t best, uint64_t now_ms) {
  const struct recognizer_config *config = &recognizer->config;
  if (best != RECOGNIZER_UNKNOWN || config->unknown_threshold == 0 ||
      average(recognizer, best) < config->unknown_threshold) {
    recognizer->unknown_since_ms = NOT_NOW;
    return false;
  }
  if (recognizer->unknown_since_ms == NOT_NOW) recognizer->unknown_since_ms = now_ms;
  return now_ms - recognizer->unknown_since_ms >= config->unknown_hold_ms;
}

/* Keeps the best keyword since the first one passed its threshold. */
static void consider_keyword(struct recognizer *recognizer, size_t best, uint64_t now_ms) {
  struct recognizer_detection *candidate = &recognizer->candidate;
  uint8_t score = average(recognizer, best);
  if (best < RECOGNIZER_FIRST_KEYWORD || score < recognizer->config.keyword_threshold ||
      !(recognizer->armed >> best & 1)) {
    return;
  }
  if (candidate->score == 0) recognizer->decided_at_ms = now_ms + recognizer->config.decide_ms;
  if (score > candidate->score) {
    *candidate = (struct recognizer_detection){.label = best, .score = score, .time_ms = now_ms};
  }
}

static bool report(struct recognizer *recognizer, const struct recognizer_detection *what,
                   uint64_t now_ms, struct recognizer_detection *out) {
  *out = *what;
  recognizer->armed &= ~(1u << what->label);
  recognizer->quiet_until_ms = now_ms + recognizer->config.suppression_ms;
  recognizer->unknown_since_ms = NOT_NOW;
  recognizer->candidate.score = 0;
  return true;
}

bool recognizer_push_scores(struct recognizer *recognizer, const int8_t *scores,
                            struct recognizer_detection *detection) {
  remember_scores(recognizer, scores);
  rearm_released(recognizer);
  uint64_t now_ms = recognizer_time_ms(recognizer);
  size_t best = best_label(recognizer);
  bool unknown = unknown_lasts(recognizer, best, now_ms);
  if (now_ms < recognizer->quiet_until_ms) return false;
  consider_keyword(recognizer, best, now_ms);
  if (recognizer->candidate.score > 0) {
    if (now_ms < recognizer->decided_at_ms) return false;
    return report(recognizer, &recognizer->candidate, now_ms, detection);
  }
  if (!unknown || !(recognizer->armed >> best & 1)) return false;
  struct recognizer_detection found = {
      .label = best, .score = average(recognizer, best), .time_ms = now_ms};
  return report(recognizer, &found, now_ms, detection);
}
