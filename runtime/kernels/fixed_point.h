/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_FIXED_POINT_H
#define RUNTIME_KERNELS_FIXED_POINT_H
/* The fixed-point arithmetic that TensorFlow Lite's integer ops are defined by:
 * every rounding here is part of the result. Q(m) is a signed 32-bit number
 * with m integer bits and 31 - m fractional ones; Q0 is in [-1, 1).
 *
 * Sums and shifts that a model could make overflow wrap around. */
#include <stdint.h>

/* C leaves two things to the compiler that kernels rely on; gcc, clang and the
 * ARM compilers agree on them. */
/* cppcheck-suppress shiftNegativeLHS; this is what is asked */
_Static_assert(-5 >> 1 == -3, "right shifts of negative numbers keep the sign");
_Static_assert((int32_t)0xfffffffe == -2, "conversions to signed wrap around");

static inline int32_t wit_wrap_add(int32_t a, int32_t b) {
  return (int32_t)((uint32_t)a + (uint32_t)b);
}

static inline int32_t wit_wrap_subtract(int32_t a, int32_t b) {
  return (int32_t)((uint32_t)a - (uint32_t)b);
}

static inline int32_t wit_clamp(int32_t value, int32_t min, int32_t max) {
  if (value < min) return min;
  return value > max ? max : value;
}

/* a * b / 2^31, rounded to nearest, halves away from zero. */
static inline int32_t wit_multiply_high(int32_t a, int32_t b) {
  if (a == INT32_MIN && b == INT32_MIN) return INT32_MAX;
  int64_t product = (int64_t)a * b;
  int64_t nudged = product + (product >= 0 ? (int64_t)1 << 30 : 1 - ((int64_t)1 << 30));
  /* Division that cuts towards 0, in shifts: it is the innermost loop of all. */
  if (nudged < 0) nudged += INT32_MAX;
  return (int32_t)(nudged >> 31);
}

/* x / 2^exponent, rounded to nearest, halves away from zero; exponent 0 to 31. */
static inline int32_t wit_shift_right(int32_t x, int32_t exponent) {
  int32_t mask = (int32_t)(((int64_t)1 << exponent) - 1);
  int32_t remainder = x & mask;
  int32_t threshold = (mask >> 1) + (x < 0);
  /* cppcheck-suppress [shiftNegativeLHS, shiftTooManyBitsSigned]; see above */
  return (x >> exponent) + (remainder > threshold);
}

/* x * multiplier / 2^31 * 2^shift, rounded twice; shift -31 to 30. */
static inline int32_t wit_scale(int32_t x, int32_t multiplier, int32_t shift) {
  int32_t left = shift > 0 ? shift : 0;
  int32_t right = shift > 0 ? 0 : -shift;
  int32_t shifted = (int32_t)((uint32_t)x << left);
  return wit_shift_right(wit_multiply_high(shifted, multiplier), right);
}

/* The same for 64-bit sums (int16 activations): the multiplier is cut to 16
 * bits and there is one rounding, halves up; shift -31 to 7. */
static inline int32_t wit_scale_wide(int64_t x, int32_t multiplier, int32_t shift) {
  int32_t reduced = multiplier < 0x7fff0000 ? (multiplier + (1 << 15)) >> 16 : 0x7fff;
  int32_t right = 15 - shift;
  uint64_t product = (uint64_t)x * (uint64_t)(int64_t)reduced + ((uint64_t)1 << (right - 1));
  return (int32_t)((int64_t)product >> right);
}

/* e^a for a <= 0; Q(integer_bits) to Q0. */
int32_t wit_exp_on_negative(int32_t a, int integer_bits);
/* 1 / (1 + a) for a in [0, 1); Q0 to Q0. */
int32_t wit_one_over_one_plus(int32_t a);
/* (1 - a) / (1 + a) for a in [0, 1); Q0 to Q0. */
int32_t wit_one_minus_over_one_plus(int32_t a);
#endif
