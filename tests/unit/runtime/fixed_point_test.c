/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/fixed_point.h"

#include <math.h>

#include "tests/support/test.h"

static int32_t edge(void) {
  static const int32_t edges[] = {0, 1, -1, INT32_MAX, INT32_MIN, INT32_MIN + 1, 1 << 30};
  uint32_t which = test_random() % 16;
  return which < 7 ? edges[which] : (int32_t)test_random();
}

TEST(multiply_high_divides_towards_zero_after_the_nudge) {
  assert_int_equal(wit_multiply_high(INT32_MIN, INT32_MIN), INT32_MAX);
  for (int i = 0; i < 100000; i++) {
    int32_t a = edge(), b = edge();
    if (a == INT32_MIN && b == INT32_MIN) continue;
    int64_t product = (int64_t)a * b;
    int64_t nudge = product >= 0 ? (int64_t)1 << 30 : 1 - ((int64_t)1 << 30);
    assert_int_equal(wit_multiply_high(a, b), (int32_t)((product + nudge) / ((int64_t)1 << 31)));
  }
}

TEST(shift_right_rounds_halves_away_from_zero) {
  assert_int_equal(wit_shift_right(5, 1), 3);
  assert_int_equal(wit_shift_right(-5, 1), -3);
  assert_int_equal(wit_shift_right(-4, 2), -1);
  assert_int_equal(wit_shift_right(-6, 2), -2);
  assert_int_equal(wit_shift_right(7, 0), 7);
  assert_int_equal(wit_shift_right(INT32_MAX, 31), 1);
  for (int i = 0; i < 100000; i++) {
    int32_t x = edge();
    int exponent = (int)(test_random() % 31);
    assert_int_equal(wit_shift_right(x, exponent), (int32_t)round(ldexp((double)x, -exponent)));
  }
}

TEST(scale_is_a_product_to_within_its_two_roundings) {
  for (int i = 0; i < 100000; i++) {
    int32_t x = (int32_t)(test_random() % 2000000) - 1000000,
            shift = -(int32_t)(test_random() % 20);
    int32_t multiplier = (1 << 30) + (int32_t)(test_random() >> 2);
    double exact = (double)x * ldexp((double)multiplier, shift - 31);
    assert_true(fabs(wit_scale(x, multiplier, shift) - exact) <= 1.0);
    assert_true(fabs(wit_scale_wide(x, multiplier, shift) - exact) <= 1.0 + fabs(exact) / 32768);
  }
}

TEST(functions_are_near_what_they_approximate) {
  for (int i = 0; i < 20000; i++) {
    int32_t a = (int32_t)(test_random() >> 1); /* Q0, [0, 1) */
    double x = ldexp((double)a, -31);
    assert_true(fabs(ldexp((double)wit_one_over_one_plus(a), -31) - 1 / (1 + x)) < 1e-7);
    assert_true(fabs(ldexp((double)wit_one_minus_over_one_plus(a), -31) - (1 - x) / (1 + x)) <
                1e-7);
    for (int bits = 4; bits <= 5; bits++) {
      double e = exp(ldexp((double)-a, bits - 31));
      assert_true(fabs(ldexp((double)wit_exp_on_negative(-a, bits), -31) - e) < 1e-6);
    }
  }
  assert_int_equal(wit_exp_on_negative(0, 5), INT32_MAX);
}
