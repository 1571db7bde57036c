/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXAMPLES_COMMON_WIT_MODEL_H
#define EXAMPLES_COMMON_WIT_MODEL_H
/* Two TensorFlow Lite classifiers in memory, one of them at work: what stands
 * behind the updater's load, test, activate and discard (godwit/updater.h) where
 * wit is the runtime.
 *
 *   wit_model_prepare(slot 1) -> wit_model_test(slot 1) until it is through ->
 *   wit_model_activate(slot 1): from the next window on, the new model.
 *
 * Preparing verifies the file, checks that it is the kind of model that this
 * application feeds, plans its memory and runs it once; testing replays what the
 * model carries of inputs and outputs. The active model is untouched all the
 * while, and stays where anything is wrong. Activating is one assignment.
 *
 * Memory: model bytes and arenas are the caller's, nothing is allocated. One
 * thread. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wit/self_test.h"
#include "wit/wit.h"

#define WIT_MODEL_LABELS_MAX 16
#define WIT_MODEL_LABEL_MAX 23 /* bytes of a label; longer ones are cut */
#define WIT_MODEL_VERSION_MAX 16

/* What the application puts in and expects out: one int8 tensor each. */
struct wit_model_contract {
  size_t input_bytes; /* 1960: 49 rows of 40 features */
  size_t labels_min;
  size_t labels_max;    /* at most WIT_MODEL_LABELS_MAX */
  const char *frontend; /* what makes the input, "micro_speech": models that name another one are
                           refused; NULL: any */
};

struct wit_model_slot {
  void *arena; /* aligned to WIT_ARENA_ALIGNMENT */
  size_t arena_size;

  char version[WIT_MODEL_VERSION_MAX + 1];
  struct wit_model model;
  struct wit_interpreter *interpreter; /* NULL: nothing usable in this slot */
  bool is_testing;
  struct wit_self_test test;
  size_t label_count;
  char label[WIT_MODEL_LABELS_MAX][WIT_MODEL_LABEL_MAX + 1];
};

struct wit_model_pair {
  struct wit_model_contract contract;
  struct wit_model_slot slot[2];
  struct wit_model_slot *active; /* NULL on a fresh device */
};

/* Both arenas have arena_size bytes. The same one twice: both models share it,
 * since they run in turns; their inputs, outputs and what is between overlap
 * (wit_interpreter_init_beside). No model is active. */
void wit_model_init(struct wit_model_pair *pair, const struct wit_model_contract *contract,
                    void *arena0, void *arena1, size_t arena_size);

/* Makes slot 0 or 1 ready to run the model in data, which stays the caller's
 * and must not change while the slot is in use. WIT_OK, or error->message says
 * why and the slot is empty. Never the active slot. */
int wit_model_prepare(struct wit_model_pair *pair, unsigned slot, const char *version,
                      const void *data, size_t size, struct wit_error *error);

/* One step of the self-test that the prepared model carries, at most one
 * inference: WIT_SELF_TEST_MORE: call again. WIT_OK: passed. WIT_ERR_NO_TEST: it
 * carries none. Else what wit/self_test.h says; clock may be NULL, and is
 * borrowed until the last step. */
int wit_model_test(struct wit_model_pair *pair, unsigned slot,
                   const struct wit_self_test_clock *clock, struct wit_error *error);

/* What load or test of godwit/updater.h return for an error of this runtime (enum
 * godwit_status): it becomes the detail that the operator reads. */
int wit_model_refusal(const struct wit_error *error);

/* Puts a prepared slot to work. */
void wit_model_activate(struct wit_model_pair *pair, unsigned slot);

/* Empties the slot; where it was the active one, nothing is active. */
void wit_model_discard(struct wit_model_pair *pair, unsigned slot);

/* The numbers of wit's ops in TensorFlow Lite's BuiltinOperator, for the hello
 * that a device says (godwit/hello.h); returns how many, at most max. */
size_t wit_model_op_codes(uint16_t *codes, size_t max);

/* One inference of the active model: input of contract.input_bytes, one int8
 * score a label out (scale 1/256, zero point -128). False without an active
 * model, or when an op refused, which a prepared model does not do. */
bool wit_model_run(struct wit_model_pair *pair, const int8_t *input, int8_t *scores);
/* The same of the model in a slot, at work or not: a candidate beside the active
 * one. */
bool wit_model_run_slot(struct wit_model_pair *pair, unsigned slot, const int8_t *input,
                        int8_t *scores);
#endif
