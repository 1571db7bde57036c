/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_PATCH_MODEL_H
#define WIRE_PATCH_MODEL_H
/* What a compressed or delta form expects of its next bit: the half of the
 * format (docs/spec/patch.md) that encoder and decoder share. It sees nothing but
 * the bytes made so far and the base's, so that it can be brought to any place by
 * being shown these again. Integers only: the same everywhere.
 *
 *   gw_patch_model_begin(model, base byte or GW_PATCH_MODEL_NO_BASE);
 *   do {
 *     chance = gw_patch_model_chance(model);        // of a 1, of 65536
 *     bit = coded with it; or gw_patch_model_bit(model, byte), where the byte is known
 *   } while (gw_patch_model_learn(model, bit));
 *   // model->byte is complete
 *
 * A byte takes one decision where it was expected with some confidence, and was
 * right; nine at most. */
#include <stdbool.h>
#include <stdint.h>

#define GW_PATCH_MODEL_NO_BASE (-1)
#define GW_PATCH_MODEL_INPUTS 4u /* opinions that are weighed for each bit */
#define GW_PATCH_MODEL_RECENT 512u
#define GW_PATCH_MODEL_SEEN 256u
#define GW_PATCH_MODEL_WIDTHS 8u
#define GW_PATCH_MODEL_LEVELS 33u

/* How the result follows from the base: a ratio, as of two quantisation scales,
 * and how far it is off. One that forgets soon, one that forgets late. */
struct gw_patch_model_ratio {
  int32_t base_base, base_result; /* decaying sums of products */
  int32_t deviation;              /* decaying mean, in 1/256 */
};

/* What a byte is expected to be, in a form that is quick to ask. */
struct gw_patch_model_view {
  int32_t expected, origin, unit;
  uint8_t width;
};

/* All of it is private but `byte` and `recent`. A slot is a chance: 12 bits of
 * it, and below them 4 of how often it was seen. */
struct gw_patch_model {
  uint8_t byte; /* the last complete one */

  /* The byte in work. What is asked for each bit comes first: it is reached fastest. */
  uint8_t base;
  uint8_t guess; /* what it will be as a whole, if has_guess */
  uint8_t depth; /* bits so far */
  bool has_base, has_guess, guess_is_match, in_run;
  bool guess_holds; /* its bits have been right so far */
  uint16_t node;    /* 1, and the bits so far */
  uint16_t guess_length;
  uint16_t follower_hash;
  struct gw_patch_model_view view[2];

  /* The bit in work. */
  bool sure; /* the first opinion alone was asked */
  uint32_t chance;
  uint32_t *weights;
  int32_t opinion[GW_PATCH_MODEL_INPUTS];
  uint16_t *slot[GW_PATCH_MODEL_INPUTS];

  /* What was made. */
  uint32_t made;
  uint32_t last4; /* the last byte in the low eight bits */
  struct gw_patch_model_ratio ratio[2];
  int32_t magnitude; /* decaying mean of |byte|, in 1/256 */
  uint16_t run;      /* bytes up to here that were the base's */
  uint16_t match_length;
  uint32_t match_at; /* what stands there is expected next */

  /* Opinions. */
  uint16_t shape[2][GW_PATCH_MODEL_WIDTHS][GW_PATCH_MODEL_LEVELS];
  uint16_t follower[512]; /* by the byte before, hashed */
  uint16_t match[128];
  uint16_t tree[4][256]; /* by the place modulo 4 */
  uint16_t same[16];     /* by the length of the run; 16 bits of chance */
  /* Signed numbers in 1/65536, kept as unsigned: a hostile form may drive them round. */
  uint32_t weight[48][GW_PATCH_MODEL_INPUTS];

  uint16_t seen[GW_PATCH_MODEL_SEEN];    /* where four bytes ended, by their hash */
  uint8_t recent[GW_PATCH_MODEL_RECENT]; /* byte i at i modulo the size */
};

void gw_patch_model_init(struct gw_patch_model *model);
void gw_patch_model_begin(struct gw_patch_model *model, int base);
uint32_t gw_patch_model_chance(struct gw_patch_model *model); /* 1..65535 */
unsigned gw_patch_model_bit(const struct gw_patch_model *model, uint8_t byte);
bool gw_patch_model_learn(struct gw_patch_model *model, unsigned bit); /* more bits to come */
#endif
