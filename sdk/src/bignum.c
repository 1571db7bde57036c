/* SPDX-License-Identifier: Apache-2.0 */
#include "bignum.h"

#include <stddef.h>
#include <string.h>

#define WORDS 40
#define FRACTION_BITS 52
#define FRACTION_MASK (((uint64_t)1 << FRACTION_BITS) - 1)
#define EXPONENT_BIAS 1075 /* value = fraction * 2^(biased - 1075) */
#define EXPONENT_MIN (-1074)
#define EXPONENT_MAX 971
#define QUOTIENT_BITS 55 /* 53 and at least one for rounding */

/* Least significant word first. */
struct big {
  uint32_t word[WORDS];
};

static void set(struct big *big, uint64_t value) {
  memset(big, 0, sizeof *big);
  big->word[0] = (uint32_t)value;
  big->word[1] = (uint32_t)(value >> 32);
}

static void times(struct big *big, uint32_t factor) {
  uint64_t carry = 0;
  for (int i = 0; i < WORDS; i++) {
    carry += (uint64_t)big->word[i] * factor;
    big->word[i] = (uint32_t)carry;
    carry >>= 32;
  }
}

static void times_power_of_ten(struct big *big, int power) {
  for (; power >= 9; power -= 9) times(big, 1000000000u);
  for (; power > 0; power--) times(big, 10u);
}

static void shift(struct big *big, int bits) {
  int words = bits / 32, rest = bits % 32;
  for (int i = WORDS - 1; i >= 0; i--) {
    uint64_t high = i >= words ? big->word[i - words] : 0;
    uint64_t low = i > words ? big->word[i - words - 1] : 0;
    big->word[i] = (uint32_t)(((high << 32 | low) << rest) >> 32);
  }
}

static int bit_length(const struct big *big) {
  int i = WORDS - 1;
  while (i > 0 && big->word[i] == 0) i--;
  int bits = 0;
  for (uint32_t word = big->word[i]; word != 0; word >>= 1) bits++;
  return 32 * i + bits;
}

static int compare(const struct big *a, const struct big *b) {
  for (int i = WORDS - 1; i >= 0; i--) {
    if (a->word[i] != b->word[i]) return a->word[i] < b->word[i] ? -1 : 1;
  }
  return 0;
}

static void subtract(struct big *a, const struct big *b) {
  uint64_t borrow = 0;
  for (int i = 0; i < WORDS; i++) {
    uint64_t difference = (uint64_t)a->word[i] - b->word[i] - borrow;
    a->word[i] = (uint32_t)difference;
    borrow = difference >> 63;
  }
}

static struct big sum(const struct big *a, const struct big *b) {
  struct big result;
  uint64_t carry = 0;
  for (int i = 0; i < WORDS; i++) {
    carry += (uint64_t)a->word[i] + b->word[i];
    result.word[i] = (uint32_t)carry;
    carry >>= 32;
  }
  return result;
}

/* value = rest / unit; the doubles half way to its neighbours lie `below` and
 * `above` from it, in the same unit. Ends count as inside when they round to it. */
struct interval {
  struct big rest, unit, below, above;
  bool closed;
};

static void open_interval(double value, struct interval *out) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  int biased = (int)(bits >> FRACTION_BITS & 0x7FF);
  uint64_t fraction = bits & FRACTION_MASK;
  bool is_power = fraction == 0 && biased > 1; /* the neighbour below is half as far */
  if (biased > 0) fraction |= (uint64_t)1 << FRACTION_BITS;
  int exponent = biased > 0 ? biased - EXPONENT_BIAS : EXPONENT_MIN;
  int up = exponent > 0 ? exponent : 0, down = exponent < 0 ? -exponent : 0;
  int extra = is_power ? 2 : 1;
  set(&out->rest, fraction);
  shift(&out->rest, up + extra);
  set(&out->unit, 1);
  shift(&out->unit, down + extra);
  set(&out->below, 1);
  shift(&out->below, up);
  set(&out->above, 1);
  shift(&out->above, up + extra - 1);
  out->closed = fraction % 2 == 0;
}

/* Does rest + above reach the unit? */
static bool reaches(const struct interval *interval, const struct big *end) {
  int order = compare(end, &interval->unit);
  return interval->closed ? order >= 0 : order > 0;
}

static void times_ten(struct interval *interval) {
  times(&interval->rest, 10);
  times(&interval->below, 10);
  times(&interval->above, 10);
}

/* Until the first digit is behind the point: value = 0.d... * 10^exponent. */
static int scale(struct interval *interval) {
  int exponent = 0;
  struct big end = sum(&interval->rest, &interval->above);
  for (; reaches(interval, &end); exponent++) times(&interval->unit, 10);
  for (;; exponent--) {
    end = sum(&interval->rest, &interval->above);
    times(&end, 10);
    if (reaches(interval, &end)) return exponent;
    times_ten(interval);
  }
}

int godwit_digits_of_double(double value, char digits[GODWIT_DIGITS_MAX], int *exponent) {
  struct interval interval;
  open_interval(value, &interval);
  *exponent = scale(&interval);
  for (int count = 0;;) {
    times_ten(&interval);
    char digit = '0';
    for (; compare(&interval.rest, &interval.unit) >= 0; digit++) {
      subtract(&interval.rest, &interval.unit);
    }
    int low = compare(&interval.rest, &interval.below);
    bool enough = interval.closed ? low <= 0 : low < 0;
    struct big end = sum(&interval.rest, &interval.above);
    bool enough_above = reaches(&interval, &end);
    if (enough && enough_above) { /* the nearer of the two */
      end = sum(&interval.rest, &interval.rest);
      enough_above = compare(&end, &interval.unit) >= 0;
    }
    digits[count++] = (char)(digit + (enough_above ? 1 : 0));
    if (enough || enough_above) return count;
  }
}

/* quotient * 2^exponent, and something more when `sticky`. */
static bool assemble(uint64_t quotient, int exponent, bool sticky, double *value) {
  int drop = 1;
  while (quotient >> drop > ((uint64_t)1 << (FRACTION_BITS + 1)) - 1) drop++;
  if (exponent + drop < EXPONENT_MIN) drop = EXPONENT_MIN - exponent;
  if (drop > QUOTIENT_BITS + 1) drop = QUOTIENT_BITS + 2; /* nothing is left of it */
  exponent += drop;
  uint64_t half = (uint64_t)1 << (drop - 1);
  uint64_t dropped = quotient & (2 * half - 1);
  uint64_t fraction = quotient >> drop;
  bool above_half = dropped > half || (dropped == half && sticky);
  if (above_half || (dropped == half && fraction % 2 == 1)) fraction++;
  if (fraction >> (FRACTION_BITS + 1) != 0) {
    fraction >>= 1;
    exponent++;
  }
  if (exponent > EXPONENT_MAX) return false;
  uint64_t bits = fraction; /* below the smallest normal, as it is */
  if (fraction >> FRACTION_BITS != 0) {
    bits = (uint64_t)(exponent + EXPONENT_BIAS) << FRACTION_BITS | (fraction & FRACTION_MASK);
  }
  memcpy(value, &bits, sizeof bits);
  return true;
}

bool godwit_double_of_digits(uint64_t mantissa, int exponent, double *value) {
  *value = 0;
  if (mantissa == 0 || exponent < -343) return true; /* 2^64 * 10^-344 rounds to 0 */
  if (exponent > 308) return false;
  struct big rest, unit;
  set(&rest, mantissa);
  set(&unit, 1);
  times_power_of_ten(exponent > 0 ? &rest : &unit, exponent > 0 ? exponent : -exponent);
  /* Such that 2^54 <= rest / unit < 2^56. */
  int up = QUOTIENT_BITS - (bit_length(&rest) - bit_length(&unit));
  shift(up > 0 ? &rest : &unit, up > 0 ? up : -up);
  shift(&unit, QUOTIENT_BITS);
  uint64_t quotient = 0;
  for (int i = 0; i <= QUOTIENT_BITS; i++) {
    quotient <<= 1;
    if (compare(&rest, &unit) >= 0) {
      subtract(&rest, &unit);
      quotient |= 1;
    }
    shift(&rest, 1);
  }
  return assemble(quotient, -up, bit_length(&rest) > 0, value);
}
