/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SDK_BIGNUM_H
#define SDK_BIGNUM_H
/* Decimal digits of doubles and back, exactly, by integers of 1,280 bits: as
 * wide as the smallest double and 53 bits below it need. */
#include <stdbool.h>
#include <stdint.h>

#define GODWIT_DIGITS_MAX 17

/* Shortest digits that read back as the finite value > 0: 0.DIGITS * 10^exponent.
 * Returns how many; digits are '0' to '9'. (Burger and Dybvig 1996, free format.) */
int godwit_digits_of_double(double value, char digits[GODWIT_DIGITS_MAX], int *exponent);

/* mantissa * 10^exponent to the nearest double, ties to even. False beyond the
 * largest; below half of the smallest it is 0. */
bool godwit_double_of_digits(uint64_t mantissa, int exponent, double *value);
#endif
