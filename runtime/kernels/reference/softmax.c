/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdbool.h>

#include "runtime/kernels/elementwise.h"
#include "runtime/kernels/fixed_point.h"
#include "runtime/kernels/softmax_tables.h"

#define DIFFERENCE_INTEGER_BITS 5
#define SUM_INTEGER_BITS 12

/* Zeros in front of the highest one; x > 0. */
static int leading_zeros(uint32_t x) { return __builtin_clz(x); }

/* ---- int8 in: fixed point ---------------------------------------------------- */

struct row {
  int32_t max;
  int32_t reciprocal; /* Q0, of the sum of exponentials, over 2^units */
  int32_t units;
};

static int32_t exponential(const struct wit_softmax *op, int32_t difference) {
  int32_t shifted = (int32_t)((uint32_t)difference << op->shift);
  return wit_exp_on_negative(wit_multiply_high(shifted, op->multiplier), DIFFERENCE_INTEGER_BITS);
}

static struct row sum_row(const struct wit_softmax *op, const int8_t *input) {
  struct row row = {.max = INT8_MIN};
  for (int32_t i = 0; i < op->depth; i++) row.max = input[i] > row.max ? input[i] : row.max;
  int32_t sum = 0; /* Q12 */
  for (int32_t i = 0; i < op->depth; i++) {
    int32_t difference = input[i] - row.max;
    if (difference < op->difference_min) continue;
    sum = wit_wrap_add(sum, wit_shift_right(exponential(op, difference), SUM_INTEGER_BITS));
  }
  int headroom = leading_zeros((uint32_t)sum);
  row.units = SUM_INTEGER_BITS - headroom;
  row.reciprocal =
      wit_one_over_one_plus((int32_t)(((uint32_t)sum << headroom) - ((uint32_t)1 << 31)));
  return row;
}

/* The probability in `bits` bits, from 0. */
static int32_t probability(const struct wit_softmax *op, const struct row *row, int8_t input,
                           int bits) {
  int32_t difference = input - row->max;
  if (difference < op->difference_min) return 0;
  int32_t product = wit_multiply_high(row->reciprocal, exponential(op, difference));
  int32_t exponent = row->units + 31 - bits;
  return wit_shift_right(product, exponent < 31 ? exponent : 31);
}

void wit_softmax_int8(const struct wit_softmax *op, const int8_t *input, int8_t *output) {
  for (int32_t r = 0; r < op->rows; r++, input += op->depth, output += op->depth) {
    struct row row = sum_row(op, input);
    for (int32_t i = 0; i < op->depth; i++) {
      int32_t p = wit_wrap_add(probability(op, &row, input[i], 8), INT8_MIN);
      output[i] = (int8_t)wit_clamp(p, INT8_MIN, INT8_MAX);
    }
  }
}

void wit_softmax_int8_int16(const struct wit_softmax *op, const int8_t *input, int16_t *output) {
  for (int32_t r = 0; r < op->rows; r++, input += op->depth, output += op->depth) {
    struct row row = sum_row(op, input);
    for (int32_t i = 0; i < op->depth; i++) {
      int32_t p = wit_wrap_add(probability(op, &row, input[i], 16), INT16_MIN);
      output[i] = (int16_t)wit_clamp(p, INT16_MIN, INT16_MAX);
    }
  }
}

/* ---- int16: two tables --------------------------------------------------------- */

/* Interpolated; the table has 512 steps over the whole of int16 and one entry
 * more for the last slope. */
static int16_t look_up(const int16_t *table, int16_t x) {
  int32_t index = 256 + (x >> 7);
  int32_t slope = table[index + 1] - table[index];
  return (int16_t)(table[index] + ((slope * (x & 127) + 64) >> 7));
}

static int16_t saturate_int16(int32_t x) { return (int16_t)wit_clamp(x, INT16_MIN, INT16_MAX); }

/* e^x for x in [-10, 0] as [-65535, 0], Q0.15 */
static int16_t exponential_int16(const struct wit_softmax *op, int32_t difference) {
  int32_t scaled = wit_scale(difference, op->multiplier, op->shift);
  return look_up(wit_softmax_exp_table, saturate_int16(wit_wrap_add(scaled, 32767)));
}

void wit_softmax_int16(const struct wit_softmax *op, const int16_t *input, int16_t *output) {
  for (int32_t r = 0; r < op->rows; r++, input += op->depth, output += op->depth) {
    int32_t max = INT16_MIN;
    for (int32_t i = 0; i < op->depth; i++) max = input[i] > max ? input[i] : max;
    int32_t sum = 0; /* Q16.15; at least e^0 of the maximum itself */
    for (int32_t i = 0; i < op->depth; i++) {
      output[i] = exponential_int16(op, input[i] - max);
      sum = wit_wrap_add(sum, output[i]);
    }
    int headroom = leading_zeros((uint32_t)sum);
    /* sum = (1 + x) * 2^n with x in [0, 1) as int16 */
    int32_t shifted = (int32_t)((((int64_t)sum << (headroom - 1)) + (1 << 13)) >> 14);
    int16_t x = saturate_int16(wit_wrap_add(shifted, -((1 << 15) + (1 << 16))));
    int32_t reciprocal = look_up(wit_softmax_reciprocal_table, x);
    int right = 31 - headroom;
    int64_t half = (int64_t)1 << (right - 1);
    for (int32_t i = 0; i < op->depth; i++) {
      int32_t p = (int32_t)(((int64_t)output[i] * reciprocal + half) >> right);
      output[i] = (int16_t)wit_clamp(p, 0, INT16_MAX);
    }
  }
}

/* ---- float32 --------------------------------------------------------------------- */

void wit_softmax_f32(const struct wit_softmax *op, const float *input, float *output) {
  for (int32_t r = 0; r < op->rows; r++, input += op->depth, output += op->depth) {
    float max = input[0];
    for (int32_t i = 1; i < op->depth; i++) max = input[i] > max ? input[i] : max;
    float sum = 0.0f;
    for (int32_t i = 0; i < op->depth; i++) {
      output[i] = expf((input[i] - max) * op->beta);
      sum += output[i];
    }
    for (int32_t i = 0; i < op->depth; i++) output[i] = output[i] / sum;
  }
}
