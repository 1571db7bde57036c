/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/convert.h"

#include <math.h>

#include "runtime/kernels/fixed_point.h"

static int32_t load(enum wit_type type, const void *data, uint32_t i) {
  switch (type) {
    case WIT_UINT8:
      return ((const uint8_t *)data)[i];
    case WIT_INT16:
      return ((const int16_t *)data)[i];
    case WIT_INT32:
      return ((const int32_t *)data)[i];
    default:
      return ((const int8_t *)data)[i];
  }
}

static void store(enum wit_type type, void *data, uint32_t i, int32_t value) {
  switch (type) {
    case WIT_UINT8:
      ((uint8_t *)data)[i] = (uint8_t)value;
      break;
    case WIT_INT16:
      ((int16_t *)data)[i] = (int16_t)value;
      break;
    case WIT_INT32:
      ((int32_t *)data)[i] = value;
      break;
    default:
      ((int8_t *)data)[i] = (int8_t)value;
      break;
  }
}

void wit_requantize(const struct wit_convert *op, const void *input, void *output) {
  for (uint32_t i = 0; i < op->count; i++) {
    int32_t x = wit_wrap_subtract(load(op->input_type, input, i), op->input_zero_point);
    int32_t y = wit_wrap_add(wit_scale(x, op->multiplier, op->shift), op->output_zero_point);
    store(op->output_type, output, i, wit_clamp(y, op->output_min, op->output_max));
  }
}

void wit_quantize_f32(const struct wit_convert *op, const float *input, void *output) {
  const float bound = 1.0e6f; /* beyond every supported type and zero point */
  for (uint32_t i = 0; i < op->count; i++) {
    float rounded = roundf(input[i] / op->scale);
    /* Written so that NaN becomes the lowest value. */
    if (!(rounded > -bound)) rounded = -bound;
    if (rounded > bound) rounded = bound;
    int32_t y = (int32_t)rounded + op->output_zero_point;
    store(op->output_type, output, i, wit_clamp(y, op->output_min, op->output_max));
  }
}

void wit_dequantize_f32(const struct wit_convert *op, const void *input, float *output) {
  for (uint32_t i = 0; i < op->count; i++) {
    int32_t x = load(op->input_type, input, i) - op->input_zero_point;
    output[i] = op->scale * (float)x;
  }
}

void wit_clamp_integers(const struct wit_convert *op, const void *input, void *output) {
  for (uint32_t i = 0; i < op->count; i++) {
    int32_t x = load(op->input_type, input, i);
    store(op->output_type, output, i, wit_clamp(x, op->output_min, op->output_max));
  }
}

void wit_clamp_f32(const struct wit_convert *op, const float *input, float *output) {
  for (uint32_t i = 0; i < op->count; i++) {
    float x = input[i];
    if (x < op->output_min_f32) x = op->output_min_f32;
    if (x > op->output_max_f32) x = op->output_max_f32;
    output[i] = x;
  }
}
