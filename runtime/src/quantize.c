/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/src/quantize.h"

#include <float.h>
#include <math.h>

#include "runtime/src/schema.h"

int wit_prepare_multiplier(struct wit_prepare *prepare, double real, int32_t shift_max,
                           int32_t *multiplier, int32_t *shift) {
  if (!(real > 0.0) || !(real <= DBL_MAX)) {
    return wit_refuse(prepare, WIT_ERR_QUANTIZATION, "its scales have no finite quotient");
  }
  int exponent;
  int64_t fraction = (int64_t)round(frexp(real, &exponent) * 2147483648.0);
  if (fraction == INT64_C(2147483648)) {
    fraction /= 2;
    exponent++;
  }
  if (exponent < -31) {
    exponent = 0;
    fraction = 0;
  }
  if (exponent > shift_max) {
    return wit_refuse(prepare, WIT_ERR_QUANTIZATION, "its scales differ by more than 2^%d",
                      shift_max);
  }
  *multiplier = (int32_t)fraction;
  *shift = exponent;
  return WIT_OK;
}

static int require_filter_scales(struct wit_prepare *prepare, const struct wit_operand *filter,
                                 int32_t dimension, uint32_t channels) {
  const struct wit_tensor_info *info = &filter->info;
  if (info->channels != 1 && (info->channels != channels || info->channel_dimension != dimension)) {
    return wit_refuse(prepare, WIT_ERR_QUANTIZATION,
                      "filter has %u scales in dimension %d, not %u in dimension %d",
                      info->channels, info->channel_dimension, channels, dimension);
  }
  int status = wit_add_channels(prepare, channels);
  for (uint32_t i = 0; !status && i < info->channels; i++) {
    if (!wit_scale_is_sound(wit_load_f32(info->scales + 4 * (size_t)i))) {
      status =
          wit_refuse(prepare, WIT_ERR_QUANTIZATION, "filter scale %u is not a positive number", i);
    } else if (wit_load_u64(info->zero_points + 8 * (size_t)i) != 0) {
      status = wit_refuse(prepare, WIT_ERR_QUANTIZATION, "filter zero point %u is not 0", i);
    }
  }
  return status;
}

int wit_prepare_channels(struct wit_prepare *prepare, const struct wit_operand *input,
                         const struct wit_operand *filter, const struct wit_operand *output,
                         int32_t dimension, uint32_t channels, int32_t shift_max,
                         const int32_t **multipliers, const int8_t **shifts) {
  int status = wit_require_quantized(prepare, input);
  if (!status) status = wit_require_quantized(prepare, output);
  if (!status) status = require_filter_scales(prepare, filter, dimension, channels);
  if (status) return status;
  int32_t *multiplier = wit_persist(prepare, channels * sizeof *multiplier, sizeof *multiplier);
  int8_t *shift = wit_persist(prepare, channels, 1);
  *multipliers = multiplier;
  *shifts = shift;
  for (uint32_t i = 0; !status && i < channels; i++) {
    float scale = wit_load_f32(filter->info.scales + (filter->info.channels == 1 ? 0 : 4 * i));
    double real = (double)input->info.scale * (double)scale / (double)output->info.scale;
    int32_t value = 0, exponent = 0;
    status = wit_prepare_multiplier(prepare, real, shift_max, &value, &exponent);
    if (multiplier) multiplier[i] = value;
    if (shift) shift[i] = (int8_t)exponent;
  }
  return status;
}

void wit_type_range(enum wit_type type, int32_t *min, int32_t *max) {
  switch (type) {
    case WIT_UINT8:
      *min = 0, *max = UINT8_MAX;
      break;
    case WIT_INT16:
      *min = INT16_MIN, *max = INT16_MAX;
      break;
    case WIT_INT32:
      *min = INT32_MIN, *max = INT32_MAX;
      break;
    default:
      *min = INT8_MIN, *max = INT8_MAX;
      break;
  }
}

int32_t wit_quantize(float value, float scale, int32_t zero_point) {
  float rounded = roundf(value / scale);
  /* Bounds that leave room for the zero point. */
  if (rounded > 1.0e9f) rounded = 1.0e9f;
  if (rounded < -1.0e9f) rounded = -1.0e9f;
  return (int32_t)((int64_t)rounded + zero_point > INT32_MAX ? INT32_MAX
                                                             : (int64_t)rounded + zero_point);
}

/* Bounds of an activation in real numbers; false for what is not one. TANH is
 * accepted and ignored where it is fused: that is what the reference does. */
static bool activation_bounds(int32_t activation, bool *has_min, float *min, bool *has_max,
                              float *max) {
  *has_min = *has_max = false;
  switch (activation) {
    case ACTIVATION_NONE:
    case ACTIVATION_TANH:
      return true;
    case ACTIVATION_RELU:
      *has_min = true, *min = 0.0f;
      return true;
    case ACTIVATION_RELU6:
      *has_min = *has_max = true, *min = 0.0f, *max = 6.0f;
      return true;
    case ACTIVATION_RELU_N1_TO_1:
      *has_min = *has_max = true, *min = -1.0f, *max = 1.0f;
      return true;
    default:
      return false;
  }
}

static int refuse_activation(struct wit_prepare *prepare, int32_t activation) {
  return wit_refuse(prepare, WIT_ERR_UNSUPPORTED_TYPE, "fused activation %d is not supported",
                    activation);
}

int wit_prepare_range(struct wit_prepare *prepare, int32_t activation,
                      const struct wit_operand *output, int32_t *min, int32_t *max) {
  bool has_min, has_max;
  float low = 0, high = 0;
  if (!activation_bounds(activation, &has_min, &low, &has_max, &high)) {
    return refuse_activation(prepare, activation);
  }
  wit_type_range(output->info.type, min, max);
  if (has_min) {
    int32_t bound = wit_quantize(low, output->info.scale, output->info.zero_point);
    if (bound > *min) *min = bound;
  }
  if (has_max) {
    int32_t bound = wit_quantize(high, output->info.scale, output->info.zero_point);
    if (bound < *max) *max = bound;
  }
  return WIT_OK;
}

int wit_prepare_range_f32(struct wit_prepare *prepare, int32_t activation, float *min, float *max) {
  bool has_min, has_max;
  if (!activation_bounds(activation, &has_min, min, &has_max, max)) {
    return refuse_activation(prepare, activation);
  }
  if (!has_min) *min = -FLT_MAX;
  if (!has_max) *max = FLT_MAX;
  return WIT_OK;
}

int wit_prepare_range_i32(struct wit_prepare *prepare, int32_t activation, int32_t *min,
                          int32_t *max) {
  bool has_min, has_max;
  float low = 0, high = 0;
  if (!activation_bounds(activation, &has_min, &low, &has_max, &high)) {
    return refuse_activation(prepare, activation);
  }
  *min = has_min ? (int32_t)low : INT32_MIN;
  *max = has_max ? (int32_t)high : INT32_MAX;
  return WIT_OK;
}
