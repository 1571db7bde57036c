/* SPDX-License-Identifier: Apache-2.0 */
/* LOGISTIC and TANH. int8 computes in fixed point, Q4 to Q0; int16 looks up the
 * logistic function at multiples of 1/24 and interpolates, TANH by
 * tanh(x) = 2 logistic(2x) - 1. */
#include <math.h>

#include "runtime/kernels/elementwise.h"
#include "runtime/kernels/fixed_point.h"

#define INPUT_INTEGER_BITS 4

/* 65536 / (1 + e^(-i/24)), less half the error that interpolating has in the
 * middle of the step, rounded. */
/* clang-format off */
static const uint16_t logistic_table[256] = {
    32768, 33451, 34133, 34813, 35493, 36169, 36843, 37513, 38180, 38841, 39498, 40149, 40794, 41432,
    42064, 42688, 43304, 43912, 44511, 45102, 45683, 46255, 46817, 47369, 47911, 48443, 48964, 49475,
    49975, 50464, 50942, 51409, 51865, 52311, 52745, 53169, 53581, 53983, 54374, 54755, 55125, 55485,
    55834, 56174, 56503, 56823, 57133, 57433, 57724, 58007, 58280, 58544, 58800, 59048, 59288, 59519,
    59743, 59959, 60168, 60370, 60565, 60753, 60935, 61110, 61279, 61441, 61599, 61750, 61896, 62036,
    62172, 62302, 62428, 62549, 62666, 62778, 62886, 62990, 63090, 63186, 63279, 63368, 63454, 63536,
    63615, 63691, 63765, 63835, 63903, 63968, 64030, 64090, 64148, 64204, 64257, 64308, 64357, 64405,
    64450, 64494, 64536, 64576, 64614, 64652, 64687, 64721, 64754, 64786, 64816, 64845, 64873, 64900,
    64926, 64950, 64974, 64997, 65019, 65039, 65060, 65079, 65097, 65115, 65132, 65149, 65164, 65179,
    65194, 65208, 65221, 65234, 65246, 65258, 65269, 65280, 65291, 65301, 65310, 65319, 65328, 65337,
    65345, 65352, 65360, 65367, 65374, 65381, 65387, 65393, 65399, 65404, 65410, 65415, 65420, 65425,
    65429, 65433, 65438, 65442, 65445, 65449, 65453, 65456, 65459, 65462, 65465, 65468, 65471, 65474,
    65476, 65479, 65481, 65483, 65485, 65488, 65489, 65491, 65493, 65495, 65497, 65498, 65500, 65501,
    65503, 65504, 65505, 65507, 65508, 65509, 65510, 65511, 65512, 65513, 65514, 65515, 65516, 65517,
    65517, 65518, 65519, 65520, 65520, 65521, 65522, 65522, 65523, 65523, 65524, 65524, 65525, 65525,
    65526, 65526, 65526, 65527, 65527, 65528, 65528, 65528, 65529, 65529, 65529, 65529, 65530, 65530,
    65530, 65530, 65531, 65531, 65531, 65531, 65531, 65532, 65532, 65532, 65532, 65532, 65532, 65533,
    65533, 65533, 65533, 65533, 65533, 65533, 65533, 65534, 65534, 65534, 65534, 65534, 65534, 65534,
    65534, 65534, 65534, 65534,
};
/* clang-format on */

/* Q4 to Q0 */
static int32_t logistic_fixed(int32_t x) {
  if (x == 0) return (int32_t)1 << 30;
  int32_t negative = x > 0 ? -x : x; /* -INT32_MIN does not occur: see input_radius */
  int32_t positive = wit_one_over_one_plus(wit_exp_on_negative(negative, INPUT_INTEGER_BITS));
  return x > 0 ? positive : INT32_MAX - positive;
}

static int32_t tanh_fixed(int32_t x) {
  if (x == 0) return 0;
  int32_t negative = x > 0 ? -x : x;
  /* e^(2x): the same bits, with one integer bit more */
  int32_t magnitude =
      wit_one_minus_over_one_plus(wit_exp_on_negative(negative, INPUT_INTEGER_BITS + 1));
  return x > 0 ? magnitude : -magnitude;
}

void wit_logistic_int8(const struct wit_sigmoid *op, const int8_t *input, int8_t *output) {
  for (uint32_t i = 0; i < op->count; i++) {
    int32_t x = input[i] - op->input_zero_point;
    int32_t y;
    if (x <= -op->input_radius) {
      y = INT8_MIN;
    } else if (x >= op->input_radius) {
      y = INT8_MAX;
    } else {
      int32_t q0 = logistic_fixed(wit_scale(x, op->multiplier, op->shift));
      y = wit_clamp(wit_shift_right(q0, 31 - 8) + INT8_MIN, INT8_MIN, INT8_MAX);
    }
    output[i] = (int8_t)y;
  }
}

void wit_tanh_int8(const struct wit_sigmoid *op, const int8_t *input, int8_t *output) {
  for (uint32_t i = 0; i < op->count; i++) {
    int32_t x = input[i] - op->input_zero_point;
    int32_t y;
    if (x <= -op->input_radius) {
      y = INT8_MIN;
    } else if (x >= op->input_radius) {
      y = INT8_MAX;
    } else {
      int32_t q0 = tanh_fixed(wit_scale(x, op->multiplier, op->shift));
      y = wit_clamp(wit_shift_right(q0, 31 - 7), INT8_MIN, INT8_MAX);
    }
    output[i] = (int8_t)y;
  }
}

/* The input in units of 1/(3 * 4096), so that 2^17 is 10.67. */
static int32_t table_units(const struct wit_sigmoid *op, int16_t value) {
  int32_t round = op->shift > 0 ? 1 << (op->shift - 1) : 0;
  return (int32_t)(((int64_t)value * op->multiplier + round) >> op->shift);
}

/* Of |x|, in 16 + fraction_bits bits; x in units of 1 / (24 << fraction_bits). */
static uint32_t interpolate(uint32_t x, unsigned fraction_bits, uint32_t saturated) {
  uint32_t index = x >> fraction_bits;
  if (index >= 255) return saturated;
  uint32_t low = logistic_table[index], high = logistic_table[index + 1];
  uint32_t fraction = x & ((1u << fraction_bits) - 1);
  return (low << fraction_bits) + fraction * (high - low);
}

void wit_logistic_int16(const struct wit_sigmoid *op, const int16_t *input, int16_t *output) {
  for (uint32_t i = 0; i < op->count; i++) {
    int32_t x = table_units(op, input[i]);
    uint32_t y = interpolate(x < 0 ? 0u - (uint32_t)x : (uint32_t)x, 9, 0x7fffu << 10);
    y = x >= 0 ? y + (1u << 9) : (1u << 25) - y + (1u << 9) - 1;
    output[i] = (int16_t)(y >> 10);
  }
}

void wit_tanh_int16(const struct wit_sigmoid *op, const int16_t *input, int16_t *output) {
  for (uint32_t i = 0; i < op->count; i++) {
    int32_t x = table_units(op, input[i]);
    int32_t y = (int32_t)interpolate(x < 0 ? 0u - (uint32_t)x : (uint32_t)x, 8, 0xffffu << 8);
    y = x >= 0 ? y - (1 << 23) + (1 << 7) : -y + (1 << 23) + (1 << 7) - 1;
    output[i] = (int16_t)(y >> 8);
  }
}

void wit_logistic_f32(uint32_t count, const float *input, float *output) {
  /* Beyond these the formula would be 1, or lose digits. */
  const float upper = 16.619047164916992188f, lower = -9.0f;
  for (uint32_t i = 0; i < count; i++) {
    float x = input[i];
    if (x > upper) {
      output[i] = 1.0f;
    } else if (x < lower) {
      output[i] = expf(x);
    } else {
      output[i] = 1.0f / (1.0f + expf(-x));
    }
  }
}

void wit_tanh_f32(uint32_t count, const float *input, float *output) {
  for (uint32_t i = 0; i < count; i++) output[i] = tanhf(input[i]);
}
