/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/fixed_point.h"

#include <stdbool.h>

/* x * 2^exponent, saturated. */
static int32_t shift_left_saturated(int32_t x, int exponent) {
  int32_t threshold = (int32_t)(((int64_t)1 << (31 - exponent)) - 1);
  if (x > threshold) return INT32_MAX;
  if (x < -threshold) return INT32_MIN;
  return (int32_t)((uint32_t)x << exponent);
}

/* e^a for a in [-1/4, 0), Q0: Taylor's series around -1/8. */
static int32_t exp_on_last_quarter(int32_t a) {
  const int32_t exp_minus_eighth = 1895147668;
  const int32_t one_third = 715827883;
  int32_t x = wit_wrap_add(a, 1 << 28);
  int32_t x2 = wit_multiply_high(x, x);
  int32_t x3 = wit_multiply_high(x2, x);
  int32_t x4 = wit_multiply_high(x2, x2);
  int32_t x4_over_4 = wit_shift_right(x4, 2);
  int32_t rest = wit_shift_right(
      wit_wrap_add(wit_multiply_high(wit_wrap_add(x4_over_4, x3), one_third), x2), 1);
  return wit_wrap_add(exp_minus_eighth, wit_multiply_high(exp_minus_eighth, wit_wrap_add(x, rest)));
}

int32_t wit_exp_on_negative(int32_t a, int integer_bits) {
  /* e^-(2^exponent) for exponent -2 to 4, Q0 */
  static const int32_t factor[] = {1672461947, 1302514674, 790015084, 290630308,
                                   39332535,   720401,     242};
  if (a == 0) return INT32_MAX;
  int fractional_bits = 31 - integer_bits;
  int32_t quarter = (int32_t)1 << (fractional_bits - 2);
  int32_t in_last_quarter = (a & (quarter - 1)) - quarter;
  int32_t result = exp_on_last_quarter(shift_left_saturated(in_last_quarter, integer_bits));
  uint32_t remainder = (uint32_t)in_last_quarter - (uint32_t)a;
  for (int exponent = -2; exponent < integer_bits && exponent <= 4; exponent++) {
    if (remainder & (uint32_t)1 << (fractional_bits + exponent)) {
      result = wit_multiply_high(result, factor[exponent + 2]);
    }
  }
  return result;
}

/* 2 / (1 + a), Q2: three Newton-Raphson steps of 1 / ((1 + a) / 2). */
static int32_t reciprocal_of_half(int32_t a) {
  const int32_t forty_eight_seventeenths = 1515870810;       /* Q2 */
  const int32_t minus_thirty_two_seventeenths = -1010580540; /* Q2 */
  const int32_t one = (int32_t)1 << 29;                      /* Q2 */
  int64_t sum = (int64_t)a + INT32_MAX;
  int32_t half_denominator = (int32_t)((sum + (sum >= 0 ? 1 : -1)) / 2);
  int32_t x = wit_wrap_add(forty_eight_seventeenths,
                           wit_multiply_high(half_denominator, minus_thirty_two_seventeenths));
  for (int i = 0; i < 3; i++) {
    int32_t error = wit_wrap_add(one, -wit_multiply_high(half_denominator, x));
    x = wit_wrap_add(x, shift_left_saturated(wit_multiply_high(x, error), 2));
  }
  return x;
}

int32_t wit_one_over_one_plus(int32_t a) {
  /* halved, that is Q1 read in Q2's bits, to Q0 */
  return shift_left_saturated(reciprocal_of_half(a), 1);
}

int32_t wit_one_minus_over_one_plus(int32_t a) {
  return shift_left_saturated(wit_wrap_add(reciprocal_of_half(a), -((int32_t)1 << 29)), 2);
}
