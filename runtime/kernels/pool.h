/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_POOL_H
#define RUNTIME_KERNELS_POOL_H
/* AVERAGE_POOL_2D and MAX_POOL_2D over NHWC. The average is over the elements
 * that lie inside the input; integers round halves away from zero. */
#include <stdint.h>

struct wit_pool {
  int32_t batches, depth;
  int32_t input_height, input_width;
  int32_t output_height, output_width;
  int32_t filter_height, filter_width;
  int32_t stride_height, stride_width;
  int32_t pad_top, pad_left;
  int32_t output_min, output_max;
  float output_min_f32, output_max_f32;
};

void wit_average_pool_int8(const struct wit_pool *pool, const int8_t *input, int8_t *output);
void wit_average_pool_int16(const struct wit_pool *pool, const int16_t *input, int16_t *output);
void wit_average_pool_f32(const struct wit_pool *pool, const float *input, float *output);
void wit_max_pool_int8(const struct wit_pool *pool, const int8_t *input, int8_t *output);
void wit_max_pool_int16(const struct wit_pool *pool, const int16_t *input, int16_t *output);
void wit_max_pool_f32(const struct wit_pool *pool, const float *input, float *output);
#endif
