/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRAIN_EVALUATE_H
#define TRAIN_EVALUATE_H
/* How often a model is right. Two ways of looking at the same clips: each by
 * itself with a fresh front end, or one after the other through a front end
 * that is never reset, as a device hears them. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "examples/micro_speech/train/dataset.h"
#include "examples/micro_speech/train/net.h"

struct confusion {
  size_t count[DATASET_LABELS_MAX][DATASET_LABELS_MAX]; /* [is][was heard as] */
  size_t label_count;
};

void confusion_add(struct confusion *confusion, size_t is, size_t heard);
/* In per cent; 0 where there is nothing to count. */
float confusion_keywords_right(const struct confusion *confusion);
float confusion_all_right(const struct confusion *confusion);
float confusion_label_right(const struct confusion *confusion, size_t label);
void confusion_print(const struct confusion *confusion, const char *const *labels, FILE *out);

/* The clips to listen to, in the order of a stream. */
struct playlist {
  const struct clip **clip;
  size_t count;
};
/* The held-back clips, or all others, shuffled by `seed`. False without memory. */
bool playlist_make(struct playlist *playlist, const struct dataset *dataset, bool held_back,
                   uint64_t seed);
void playlist_free(struct playlist *playlist);

/* The feature window of each clip. */
void playlist_windows(const struct playlist *playlist, bool streaming,
                      int8_t (*windows)[NET_INPUT_BYTES]);

/* Index of the largest. */
size_t best_score(const int8_t *scores, size_t count);

/* Gives one score a label for a window; false when the model fails. */
typedef bool classify_function(void *context, const int8_t window[NET_INPUT_BYTES], int8_t *scores);

/* Listens to the playlist clip by clip. False when the model fails or memory
 * ran out. */
bool evaluate_clips(const struct playlist *playlist, size_t label_count, bool streaming,
                    classify_function *classify, void *context, struct confusion *confusion);

/* Listens to one endless stream through the recogniser, as a device does, with
 * 0.7 s of a quiet room after each clip. A keyword that is reported while a clip
 * or its echo in the window lasts is what was heard; a background clip without
 * one is silence, any other clip without one counts as unknown. */
bool evaluate_stream(const struct playlist *playlist, size_t label_count,
                     classify_function *classify, void *context, struct confusion *confusion);
#endif
