/* SPDX-License-Identifier: Apache-2.0 */
/* Complex FFT of half the length (256 = four radix-4 stages, decimation in
 * time) over samples taken in pairs, then one pass that separates the spectra
 * of the even and the odd samples and joins them.
 *
 * Every stage first divides its inputs by its radix, with rounding, so nothing
 * overflows; products are rounded from Q30 to Q15. Intermediate results are cut
 * to 16 bits where the reference cuts them. */
#include "fft.h"

#define HALF (WIT_AUDIO_FFT_LENGTH / 2)
#define QUARTER_TURN (WIT_AUDIO_FFT_LENGTH / 4)

typedef struct wit_audio_complex complex16;

static int16_t round_q30(int32_t x) { return (int16_t)((x + (1 << 14)) >> 15); }

static complex16 divide(complex16 x, int32_t divisor) {
  int32_t factor = INT16_MAX / divisor;
  return (complex16){round_q30(x.re * factor), round_q30(x.im * factor)};
}

static complex16 add(complex16 a, complex16 b) {
  return (complex16){(int16_t)(a.re + b.re), (int16_t)(a.im + b.im)};
}

static complex16 subtract(complex16 a, complex16 b) {
  return (complex16){(int16_t)(a.re - b.re), (int16_t)(a.im - b.im)};
}

static complex16 multiply(complex16 a, complex16 b) {
  return (complex16){round_q30((int32_t)a.re * b.re - (int32_t)a.im * b.im),
                     round_q30((int32_t)a.re * b.im + (int32_t)a.im * b.re)};
}

static complex16 times_minus_i(complex16 x) { return (complex16){x.im, (int16_t)-x.re}; }

/* exp(-2 pi i turn / 512), turn 0..511 */
static complex16 twiddle(uint32_t turn) {
  uint32_t rest = turn % QUARTER_TURN;
  complex16 in_quarter = {wit_audio_quarter_sine[QUARTER_TURN - rest],
                          (int16_t)-wit_audio_quarter_sine[rest]};
  switch (turn / QUARTER_TURN) {
    case 0:
      return in_quarter;
    case 1:
      return times_minus_i(in_quarter);
    case 2:
      return (complex16){(int16_t)-in_quarter.re, (int16_t)-in_quarter.im};
    default:
      return (complex16){(int16_t)-in_quarter.im, in_quarter.re};
  }
}

/* Index with its four base-4 digits in reverse order. */
static uint32_t reverse_digits(uint32_t index) {
  return (index & 3) << 6 | (index & 12) << 2 | (index & 48) >> 2 | index >> 6;
}

static void reorder(complex16 *x) {
  for (uint32_t i = 0; i < HALF; i++) {
    uint32_t j = reverse_digits(i);
    if (j <= i) continue;
    complex16 swapped = x[i];
    x[i] = x[j];
    x[j] = swapped;
  }
}

/* Joins four transforms of length `quarter` that stand one after the other. */
static void join_four(complex16 *x, uint32_t quarter) {
  uint32_t step = WIT_AUDIO_FFT_LENGTH / (4 * quarter); /* of the twiddles */
  for (uint32_t k = 0; k < quarter; k++, x++) {
    complex16 a = divide(x[0], 4);
    complex16 b = multiply(divide(x[quarter], 4), twiddle(k * step));
    complex16 c = multiply(divide(x[2 * quarter], 4), twiddle(2 * k * step));
    complex16 d = multiply(divide(x[3 * quarter], 4), twiddle(3 * k * step));
    complex16 even_sum = add(a, c), even_difference = subtract(a, c);
    complex16 odd_sum = add(b, d), odd_difference = times_minus_i(subtract(b, d));
    x[0] = add(even_sum, odd_sum);
    x[quarter] = add(even_difference, odd_difference);
    x[2 * quarter] = subtract(even_sum, odd_sum);
    x[3 * quarter] = subtract(even_difference, odd_difference);
  }
}

static void complex_fft(complex16 *x) {
  reorder(x);
  for (uint32_t quarter = 1; quarter < HALF; quarter *= 4) {
    for (uint32_t start = 0; start < HALF; start += 4 * quarter) join_four(x + start, quarter);
  }
}

static void split_dc_and_nyquist(complex16 *x) {
  complex16 sums = divide(x[0], 2);
  x[0] = (complex16){(int16_t)(sums.re + sums.im), (int16_t)(sums.re - sums.im)};
}

/* Bins k and 256 - k out of the two elements that hold them mixed. */
static void split_pair(complex16 *x, uint32_t k) {
  complex16 low = divide(x[k], 2);
  complex16 high = divide((complex16){x[HALF - k].re, (int16_t)-x[HALF - k].im}, 2);
  complex16 even = add(low, high);
  complex16 odd = multiply(subtract(low, high), times_minus_i(twiddle(k)));
  x[k] = (complex16){(int16_t)((even.re + odd.re) >> 1), (int16_t)((even.im + odd.im) >> 1)};
  x[HALF - k] = (complex16){(int16_t)((even.re - odd.re) >> 1), (int16_t)((odd.im - even.im) >> 1)};
}

void wit_audio_real_fft(struct wit_audio_complex bin[HALF]) {
  complex_fft(bin);
  split_dc_and_nyquist(bin);
  for (uint32_t k = 1; k <= HALF / 2; k++) split_pair(bin, k);
}
