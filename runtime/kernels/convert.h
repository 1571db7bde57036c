/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_CONVERT_H
#define RUNTIME_KERNELS_CONVERT_H
/* From one scale to another: QUANTIZE, DEQUANTIZE, RELU, RELU6. Integers of
 * any width, by their type's number (wit/wit.h). */
#include <stdint.h>

#include "wit/wit.h"

struct wit_convert {
  uint32_t count;
  enum wit_type input_type, output_type;
  int32_t input_zero_point, output_zero_point;
  int32_t multiplier, shift;
  int32_t output_min, output_max;
  float scale; /* to and from float32 */
  float output_min_f32, output_max_f32;
};

/* Integer to integer: round((x - zero) * factor) + zero, between the bounds. */
void wit_requantize(const struct wit_convert *op, const void *input, void *output);
void wit_quantize_f32(const struct wit_convert *op, const float *input, void *output);
void wit_dequantize_f32(const struct wit_convert *op, const void *input, float *output);
/* Between the bounds, in the input's own scale. */
void wit_clamp_integers(const struct wit_convert *op, const void *input, void *output);
void wit_clamp_f32(const struct wit_convert *op, const float *input, float *output);
#endif
