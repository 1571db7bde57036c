/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_BAD_MODELS_H
#define TESTS_SUPPORT_BAD_MODELS_H
/* Planted bad models, made of a packed good one: what a device must notice by
 * itself, however correctly the file was signed and however sound its digest.
 * Files are malloc'd. Links wit and examples/common/tflite_writer.c. */
#include <stddef.h>
#include <stdint.h>

enum bad_model {
  BAD_MODEL_FLIPPED_WEIGHTS, /* bytes of weights are others; still runs */
  BAD_MODEL_SWAPPED_LABELS,  /* the last two labels changed places */
  BAD_MODEL_WRONG_SCALE,     /* a weight tensor's scale is doubled */
  BAD_MODEL_WRONG_SHAPE,     /* another network: 10 values in, 4 scores out, labels, no test */
  BAD_MODEL_TRUNCATED,       /* cut in the middle */
  BAD_MODEL_TOO_BIG,         /* sound, but for `amount` bytes of archive behind it */
  BAD_MODEL_UNKNOWN_OP,      /* an operator of an op that nobody has */
  BAD_MODEL_NO_TEST,         /* the self-test is taken out */
  BAD_MODEL_BROKEN_TEST,     /* the self-test is cut in the middle: counts lie */
  BAD_MODEL_ARENA,           /* "godwit.arena" says less than it uses */
  BAD_MODEL_KINDS
};
const char *bad_model_name(enum bad_model kind);

/* `amount`: bytes flipped, bytes behind the end; 0: a sensible one. The same seed
 * gives the same file. Fails the test where the good model has not what it takes. */
uint8_t *bad_model_make(enum bad_model kind, const uint8_t *good, size_t size, size_t amount,
                        uint32_t seed, size_t *out_size);
#endif
