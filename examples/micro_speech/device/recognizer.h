/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MICRO_SPEECH_RECOGNIZER_H
#define MICRO_SPEECH_RECOGNIZER_H
/* From feature rows to words: keeps the last second of features, says when the
 * model is due, smooths its scores over several windows and reports a word
 * once. It runs no model and knows no names, only label indices: index 0 is
 * silence, 1 is "any other word", from 2 on are keywords.
 *
 *   wit_audio_frontend_push() -> recognizer_push_row() --due--> recognizer_window()
 *     -> the model -> recognizer_push_scores() -> struct recognizer_detection
 *
 * Swapping the model: call recognizer_set_labels() between two windows. It
 * forgets scores, never features, so that the new model hears the second of
 * audio that the old one was hearing.
 *
 * Memory: one plain struct, the caller's. One thread at a time. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wit_audio/frontend.h"

#define RECOGNIZER_LABELS_MAX 16
#define RECOGNIZER_AVERAGE_MAX 32
#define RECOGNIZER_ROW_MS 20
#define RECOGNIZER_WINDOW_BYTES (WIT_AUDIO_MODEL_ROWS * WIT_AUDIO_CHANNELS)

enum { RECOGNIZER_SILENCE = 0, RECOGNIZER_UNKNOWN = 1, RECOGNIZER_FIRST_KEYWORD = 2 };

struct recognizer_config {
  uint16_t hop_rows;        /* run the model once every so many rows, 1..49 */
  uint16_t average_windows; /* scores averaged, 1..RECOGNIZER_AVERAGE_MAX */
  uint16_t decide_ms;       /* once a keyword passes its threshold, wait so long for a better one */
  uint16_t suppression_ms;  /* after a word, nothing is reported for so long */
  uint16_t unknown_hold_ms; /* "unknown" must last so long without a keyword to be reported */
  uint8_t keyword_threshold; /* averaged score that reports, in 1/255 */
  uint8_t unknown_threshold; /* likewise for label 1; 0: never report it */
  uint8_t release_threshold; /* a label must fall below before it can be reported again */
};
/* What the bundled models were tuned with. */
extern const struct recognizer_config recognizer_default_config;

struct recognizer_detection {
  size_t label;     /* RECOGNIZER_UNKNOWN or a keyword, never silence */
  uint8_t score;    /* averaged, in 1/255 */
  uint64_t time_ms; /* of audio since recognizer_init, end of the window with that score */
};

struct recognizer {
  struct recognizer_config config;
  int8_t ring[WIT_AUDIO_MODEL_ROWS][WIT_AUDIO_CHANNELS];
  uint64_t row_count; /* rows ever pushed; the next goes to ring[row_count % 49] */
  uint16_t rows_until_due;
  size_t label_count;
  uint8_t history[RECOGNIZER_AVERAGE_MAX][RECOGNIZER_LABELS_MAX];
  uint32_t history_sum[RECOGNIZER_LABELS_MAX];
  uint16_t history_count;
  uint16_t history_next;
  uint32_t armed; /* bit per label: may be reported */
  uint64_t quiet_until_ms;
  struct recognizer_detection candidate; /* score 0: none */
  uint64_t decided_at_ms;                /* when the candidate is to be reported */
  uint64_t unknown_since_ms;             /* UINT64_MAX: not now */
};

/* Forgets everything. config NULL: the default one. */
void recognizer_init(struct recognizer *recognizer, const struct recognizer_config *config);

/* The model that follows gives `label_count` scores (2..RECOGNIZER_LABELS_MAX;
 * false otherwise, and nothing changes). Forgets scores, keeps features. */
bool recognizer_set_labels(struct recognizer *recognizer, size_t label_count);

/* Runs the model once every so many rows from now on: seldom in a quiet room,
 * where there is nothing to recognise. Clamped as config.hop_rows is. */
void recognizer_set_hop(struct recognizer *recognizer, uint16_t rows);

/* One row of the front end. True: the model is due on recognizer_window(); the
 * first time once a whole second was heard, then every hop_rows. */
bool recognizer_push_row(struct recognizer *recognizer, const int8_t row[WIT_AUDIO_CHANNELS]);

/* The last 49 rows in order of time: the model's input as it is. */
void recognizer_window(const struct recognizer *recognizer, int8_t out[RECOGNIZER_WINDOW_BYTES]);

/* The model's scores for that window (label_count int8, scale 1/256, zero point
 * -128, as TensorFlow Lite's softmax gives them). True: *detection is a word
 * just recognised. */
bool recognizer_push_scores(struct recognizer *recognizer, const int8_t *scores,
                            struct recognizer_detection *detection);

/* The label other than silence with the best averaged score, whether or not it
 * will be reported. *score 0: none. */
void recognizer_best_word(const struct recognizer *recognizer, size_t *label, uint8_t *score);

/* Time of audio heard so far. */
uint64_t recognizer_time_ms(const struct recognizer *recognizer);
#endif
