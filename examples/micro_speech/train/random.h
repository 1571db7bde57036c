/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRAIN_RANDOM_H
#define TRAIN_RANDOM_H
/* Random numbers and the few functions of libm that training needs, the same to
 * the last bit on every machine: integer state, and arithmetic that IEEE 754
 * fixes. */
#include <stddef.h>
#include <stdint.h>

struct random {
  uint64_t state;
};

/* Streams of different seeds or different numbers do not meet in practice. */
struct random random_stream(uint64_t seed, uint64_t number);
uint32_t random_u32(struct random *random);
uint32_t random_below(struct random *random, uint32_t limit); /* 0..limit-1, limit > 0 */
float random_unit(struct random *random);                     /* [0, 1) */
float random_between(struct random *random, float low, float high);

double portable_exp(double x);    /* relative error below 1e-13 */
double portable_cos_pi(double x); /* cos(pi x), 0 <= x <= 1, error below 1e-12 */
#endif
