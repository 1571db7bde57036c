/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_ELEMENTWISE_H
#define RUNTIME_KERNELS_ELEMENTWISE_H
/* Ops that work element by element. */
#include <stddef.h>
#include <stdint.h>

/* ---- two inputs: ADD, MUL ------------------------------------------------- */

#define WIT_BROADCAST_RANK 8

/* How the elements of two inputs meet, row-major over the output's shape; a
 * stride of 0 repeats an element. */
struct wit_broadcast {
  int32_t rank;
  int32_t dim[WIT_BROADCAST_RANK];
  int32_t stride_a[WIT_BROADCAST_RANK];
  int32_t stride_b[WIT_BROADCAST_RANK];
};

struct wit_binary {
  uint32_t count;                        /* elements of the output */
  const struct wit_broadcast *broadcast; /* NULL: both inputs have the output's shape */
  int32_t a_offset, b_offset;            /* minus the zero points */
  int32_t output_offset;
  int32_t output_min, output_max;
  /* ADD: each input is scaled to a common scale, 2^left_shift finer. */
  int32_t left_shift;
  int32_t a_multiplier, a_shift;
  int32_t b_multiplier, b_shift;
  int32_t output_multiplier, output_shift;
  float output_min_f32, output_max_f32;
};

void wit_add_int8(const struct wit_binary *op, const int8_t *a, const int8_t *b, int8_t *output);
void wit_add_int16(const struct wit_binary *op, const int16_t *a, const int16_t *b,
                   int16_t *output);
void wit_add_int32(const struct wit_binary *op, const int32_t *a, const int32_t *b,
                   int32_t *output);
void wit_add_f32(const struct wit_binary *op, const float *a, const float *b, float *output);
void wit_mul_int8(const struct wit_binary *op, const int8_t *a, const int8_t *b, int8_t *output);
void wit_mul_int16(const struct wit_binary *op, const int16_t *a, const int16_t *b,
                   int16_t *output);
void wit_mul_int32(const struct wit_binary *op, const int32_t *a, const int32_t *b,
                   int32_t *output);
void wit_mul_f32(const struct wit_binary *op, const float *a, const float *b, float *output);

/* ---- one input: LOGISTIC, TANH -------------------------------------------- */

struct wit_sigmoid {
  uint32_t count;
  int32_t input_zero_point;
  int32_t input_radius; /* int8: beyond it the output saturates */
  int32_t multiplier, shift;
};

void wit_logistic_int8(const struct wit_sigmoid *op, const int8_t *input, int8_t *output);
void wit_logistic_int16(const struct wit_sigmoid *op, const int16_t *input, int16_t *output);
void wit_logistic_f32(uint32_t count, const float *input, float *output);
void wit_tanh_int8(const struct wit_sigmoid *op, const int8_t *input, int8_t *output);
void wit_tanh_int16(const struct wit_sigmoid *op, const int16_t *input, int16_t *output);
void wit_tanh_f32(uint32_t count, const float *input, float *output);

/* ---- SOFTMAX over the last dimension --------------------------------------- */

struct wit_softmax {
  int32_t rows, depth;
  int32_t multiplier, shift;
  int32_t difference_min; /* int8: what is further below the maximum counts as 0 */
  float beta;
};

void wit_softmax_int8(const struct wit_softmax *op, const int8_t *input, int8_t *output);
void wit_softmax_int8_int16(const struct wit_softmax *op, const int8_t *input, int16_t *output);
void wit_softmax_int16(const struct wit_softmax *op, const int16_t *input, int16_t *output);
void wit_softmax_f32(const struct wit_softmax *op, const float *input, float *output);
#endif
