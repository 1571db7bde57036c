/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/evaluate_statistics.h"

#include <math.h>
#include <stdlib.h>

#define Z_95 1.959963984540054

struct cli_interval cli_wilson(size_t right, size_t count) {
  if (count == 0) return (struct cli_interval){0, 1};
  double n = (double)count, share = (double)right / n, z2 = Z_95 * Z_95;
  double middle = share + z2 / (2 * n);
  double reach = Z_95 * sqrt(share * (1 - share) / n + z2 / (4 * n * n));
  double low = (middle - reach) / (1 + z2 / n), high = (middle + reach) / (1 + z2 / n);
  /* Exact at the ends, where rounding would leave 1e-17. */
  return (struct cli_interval){right == 0 ? 0 : low, right == count ? 1 : high};
}

double cli_mcnemar(size_t became_right, size_t became_wrong) {
  size_t fewer = became_right < became_wrong ? became_right : became_wrong;
  size_t count = became_right + became_wrong;
  double n = (double)count, tail = 0;
  if (fewer == count - fewer) return 1; /* even, or nothing changed */
  for (size_t i = 0; i <= fewer; i++) {
    double k = (double)i;
    tail += exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) - n * log(2));
  }
  return tail < 0.5 ? 2 * tail : 1;
}

/* splitmix64, by Sebastiano Vigna (public domain). */
static uint64_t next_random(uint64_t *state) {
  uint64_t z = *state += 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return z ^ z >> 31;
}

/* Below `count`, which is under 2^32: the bias is under 2^-32. */
static size_t random_below(uint64_t *state, size_t count) {
  return (size_t)((next_random(state) >> 32) * count >> 32);
}

static int compare_doubles(const void *a, const void *b) {
  double left = *(const double *)a, right = *(const double *)b;
  return left < right ? -1 : left > right;
}

bool cli_bootstrap(const struct cli_cluster *cluster, size_t count, size_t resamples, uint64_t seed,
                   struct cli_interval *out) {
  *out = (struct cli_interval){0, 0};
  if (count == 0 || resamples == 0) return true;
  double *difference = malloc(resamples * sizeof *difference);
  if (difference == NULL) return false;
  for (size_t r = 0; r < resamples; r++) {
    int64_t gain = 0;
    size_t clips = 0;
    for (size_t i = 0; i < count; i++) {
      const struct cli_cluster *drawn = &cluster[random_below(&seed, count)];
      gain += drawn->gain;
      clips += drawn->clips;
    }
    difference[r] = clips > 0 ? (double)gain / (double)clips : 0;
  }
  qsort(difference, resamples, sizeof *difference, compare_doubles);
  out->low = difference[(size_t)(0.025 * (double)(resamples - 1))];
  out->high = difference[resamples - 1 - (size_t)(0.025 * (double)(resamples - 1))];
  free(difference);
  return true;
}
