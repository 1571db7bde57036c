/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_REDUCE_H
#define RUNTIME_KERNELS_REDUCE_H
/* MEAN: the input's dimensions in two lists, those that stay (in the output's
 * order) and those that are summed (in the input's order). */
#include <stdint.h>

#define WIT_REDUCE_RANK 8

struct wit_reduce {
  int32_t kept_rank, summed_rank;
  int32_t dim[WIT_REDUCE_RANK];    /* kept ones first */
  int32_t stride[WIT_REDUCE_RANK]; /* in elements of the input */
  int32_t output_count;
  int32_t summed_count; /* elements in each sum */
  /* integers */
  int32_t input_zero_point, output_zero_point;
  int32_t multiplier, shift; /* input scale / output scale / summed_count */
};

void wit_mean_int8(const struct wit_reduce *op, const int8_t *input, int8_t *output);
void wit_mean_int16(const struct wit_reduce *op, const int16_t *input, int16_t *output);
void wit_mean_f32(const struct wit_reduce *op, const float *input, float *output);
#endif
