/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRAIN_MODEL_H
#define TRAIN_MODEL_H
/* A finished keyword model, run by wit as a device runs it. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "examples/micro_speech/train/dataset.h"
#include "examples/micro_speech/train/net.h"
#include "wit/wit.h"

struct model {
  struct wit_model file;
  struct wit_interpreter *interpreter;
  void *arena;
  size_t arena_used;
  size_t label_count;
  char label[DATASET_LABELS_MAX][DATASET_NAME_MAX + 1];
};

/* Takes any int8 model with a window's bytes in and one score a label out.
 * Borrows `data`. On failure prints why and returns false. */
bool model_open(struct model *model, const void *data, size_t size);
void model_close(struct model *model);

/* A classify_function (evaluate.h); context is the model. */
bool model_classify(void *context, const int8_t window[NET_INPUT_BYTES], int8_t *scores);
#endif
