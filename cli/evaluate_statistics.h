/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_EVALUATE_STATISTICS_H
#define CLI_EVALUATE_STATISTICS_H
/* How sure a share or a difference of shares is. Pure functions. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cli_interval {
  double low, high;
};

/* Wilson's 95 % score interval of a share; {0, 1} of nothing. E. B. Wilson
 * (1927), JASA 22:209. */
struct cli_interval cli_wilson(size_t right, size_t count);

/* McNemar's test, exact and two-sided: how likely a split at least as uneven is
 * among the clips that changed, if both ways were equally likely. 1 where
 * nothing changed. */
double cli_mcnemar(size_t became_right, size_t became_wrong);

/* What one device, or one clip of nobody, says. */
struct cli_cluster {
  size_t clips;
  int64_t gain; /* clips that became right minus those that became wrong */
};

/* 95 % interval of the sum of gains over the sum of clips: `resamples` draws of
 * `count` clusters with replacement, percentiles. Deterministic by seed.
 * {0, 0} of nothing; false without memory. */
bool cli_bootstrap(const struct cli_cluster *cluster, size_t count, size_t resamples, uint64_t seed,
                   struct cli_interval *out);
#endif
