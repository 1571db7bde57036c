/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXAMPLES_COMMON_WIT_MODEL_H
#define EXAMPLES_COMMON_WIT_MODEL_H
/* Two models in memory, one of them at work: how an application takes a new
 * TensorFlow Lite classifier without stopping the old one.
 *
 *   load the file into wit_model_pair_spare() -> wit_model_slot_prepare()
 *     -> wit_model_pair_activate(): from the next window on, the new model.
 *
 * Preparing verifies the file, checks that it is the kind of model that this
 * application feeds, plans its memory and runs it once; the active model is
 * untouched all the while, and stays where anything is wrong. Activating is one
 * assignment.
 *
 * Memory: the caller gives each slot room for a file and an arena, nothing is
 * allocated. One thread. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wit/wit.h"

#define WIT_MODEL_LABELS_MAX 16
#define WIT_MODEL_LABEL_MAX 23  /* bytes of a label; longer ones are cut */
#define WIT_MODEL_VERSION_MAX 16

/* What the application puts in and expects out: one int8 tensor each. */
struct wit_model_shape {
  size_t input_bytes;  /* 1960: 49 rows of 40 features */
  size_t labels_min;
  size_t labels_max;   /* at most WIT_MODEL_LABELS_MAX */
};

struct wit_model_slot {
  uint8_t *file; /* caller's; 16-byte alignment not needed */
  size_t file_max;
  void *arena; /* caller's, aligned to WIT_ARENA_ALIGNMENT */
  size_t arena_max;

  size_t file_size;
  char version[WIT_MODEL_VERSION_MAX + 1];
  struct wit_model model;
  struct wit_interpreter *interpreter; /* NULL: nothing usable in this slot */
  size_t arena_used;
  size_t label_count;
  char label[WIT_MODEL_LABELS_MAX][WIT_MODEL_LABEL_MAX + 1];
};

struct wit_model_pair {
  struct wit_model_slot slot[2];
  struct wit_model_slot *active; /* NULL on a fresh device */
  struct wit_model_shape shape;
};

/* Gives the pair its memory; nothing is active. */
void wit_model_pair_init(struct wit_model_pair *pair, const struct wit_model_shape *shape,
                         uint8_t *file[2], size_t file_max, void *arena[2], size_t arena_max);

/* The model at work, NULL when there is none yet. */
struct wit_model_slot *wit_model_pair_active(struct wit_model_pair *pair);

/* The slot that is not at work. Its file buffer may be written to; what it held
 * is no longer usable from here on. */
struct wit_model_slot *wit_model_pair_spare(struct wit_model_pair *pair);

/* `size` bytes of a model now stand in slot->file. Verifies, plans, and runs it
 * once. On failure error->message says why and the slot is unusable. */
int wit_model_slot_prepare(struct wit_model_slot *slot, const struct wit_model_shape *shape,
                           const char *version, size_t size, struct wit_error *error);

/* Puts a prepared slot to work. */
void wit_model_pair_activate(struct wit_model_pair *pair, struct wit_model_slot *slot);

/* One inference: `input` of shape.input_bytes, `scores` one int8 for each label
 * (scale 1/256, zero point -128). False when an op refused, which a prepared
 * model does not do. */
bool wit_model_slot_run(struct wit_model_slot *slot, const int8_t *input, int8_t *scores);
#endif
