/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/reduce.h"

#include <stddef.h>

#include "runtime/kernels/fixed_point.h"

/* Steps an index over `rank` dimensions and the element it stands for. */
static void step(const int32_t *dim, const int32_t *stride, int32_t rank, int32_t *index,
                 size_t *element) {
  for (int32_t d = rank - 1; d >= 0; d--) {
    *element += (size_t)stride[d];
    if (++index[d] < dim[d]) return;
    *element -= (size_t)stride[d] * (size_t)dim[d];
    index[d] = 0;
  }
}

static int64_t sum_integers(const struct wit_reduce *op, const void *input, int size,
                            size_t element) {
  const int32_t *dim = op->dim + op->kept_rank, *stride = op->stride + op->kept_rank;
  int32_t index[WIT_REDUCE_RANK] = {0};
  int64_t sum = 0;
  for (int32_t i = 0; i < op->summed_count; i++) {
    sum += size == 1 ? ((const int8_t *)input)[element] : ((const int16_t *)input)[element];
    step(dim, stride, op->summed_rank, index, &element);
  }
  return sum;
}

static int32_t mean_of(const struct wit_reduce *op, int64_t sum, int32_t min, int32_t max) {
  int32_t centred = (int32_t)(sum - (int64_t)op->input_zero_point * op->summed_count);
  int32_t value = wit_scale(centred, op->multiplier, op->shift);
  return wit_clamp(wit_wrap_add(value, op->output_zero_point), min, max);
}

void wit_mean_int8(const struct wit_reduce *op, const int8_t *input, int8_t *output) {
  int32_t index[WIT_REDUCE_RANK] = {0};
  size_t element = 0;
  for (int32_t o = 0; o < op->output_count; o++) {
    int64_t sum = sum_integers(op, input, 1, element);
    output[o] = (int8_t)mean_of(op, sum, INT8_MIN, INT8_MAX);
    step(op->dim, op->stride, op->kept_rank, index, &element);
  }
}

void wit_mean_int16(const struct wit_reduce *op, const int16_t *input, int16_t *output) {
  int32_t index[WIT_REDUCE_RANK] = {0};
  size_t element = 0;
  for (int32_t o = 0; o < op->output_count; o++) {
    int64_t sum = sum_integers(op, input, 2, element);
    output[o] = (int16_t)mean_of(op, sum, INT16_MIN, INT16_MAX);
    step(op->dim, op->stride, op->kept_rank, index, &element);
  }
}

static float sum_f32(const struct wit_reduce *op, const float *input, size_t element) {
  const int32_t *dim = op->dim + op->kept_rank, *stride = op->stride + op->kept_rank;
  int32_t index[WIT_REDUCE_RANK] = {0};
  float sum = 0.0f;
  for (int32_t i = 0; i < op->summed_count; i++) {
    sum += input[element];
    step(dim, stride, op->summed_rank, index, &element);
  }
  return sum;
}

void wit_mean_f32(const struct wit_reduce *op, const float *input, float *output) {
  int32_t index[WIT_REDUCE_RANK] = {0};
  size_t element = 0;
  for (int32_t o = 0; o < op->output_count; o++) {
    output[o] = sum_f32(op, input, element) / (float)op->summed_count;
    step(op->dim, op->stride, op->kept_rank, index, &element);
  }
}
