/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_DENSE_H
#define RUNTIME_KERNELS_DENSE_H
/* FULLY_CONNECTED: output[b][o] = sum over i of input[b][i] * filter[o][i]. */
#include <stdint.h>

struct wit_dense {
  int32_t batches;
  int32_t input_depth;
  int32_t output_depth;
  int32_t input_offset;  /* minus the zero point */
  int32_t filter_offset; /* likewise; 0 but for int8 with one scale */
  int32_t output_offset;
  int32_t output_min, output_max;
  /* One for all outputs, or (channel_multiplier not NULL) one each. */
  int32_t multiplier, shift;
  const int32_t *channel_multiplier;
  const int8_t *channel_shift;
  float output_min_f32, output_max_f32;
};

/* filter [output_depth][input_depth]; bias [output_depth] or NULL. */
void wit_dense_int8(const struct wit_dense *dense, const int8_t *input, const int8_t *filter,
                    const int32_t *bias, int8_t *output);
/* One of the biases, or none. Without a 64-bit bias the sum is cut to 32 bits
 * and rounded like int8's. */
void wit_dense_int16(const struct wit_dense *dense, const int16_t *input, const int8_t *filter,
                     const int32_t *bias32, const int64_t *bias64, int16_t *output);
void wit_dense_f32(const struct wit_dense *dense, const float *input, const float *filter,
                   const float *bias, float *output);
#endif
