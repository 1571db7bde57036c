/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/micro_speech/train/random.h"

#include <string.h>

/* splitmix64: any state is a good state. */
static uint64_t next(struct random *random) {
  uint64_t z = random->state += 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return z ^ z >> 31;
}

struct random random_stream(uint64_t seed, uint64_t number) {
  struct random random = {seed * 0xD1342543DE82EF95u + 1};
  random.state = next(&random) ^ (number + 1) * 0xA0761D6478BD642Fu;
  next(&random);
  return random;
}

uint32_t random_u32(struct random *random) { return (uint32_t)(next(random) >> 32); }

uint32_t random_below(struct random *random, uint32_t limit) {
  return (uint32_t)(((uint64_t)random_u32(random) * limit) >> 32);
}

float random_unit(struct random *random) {
  return (float)(random_u32(random) >> 8) * (1.0f / 16777216.0f);
}

float random_between(struct random *random, float low, float high) {
  return low + (high - low) * random_unit(random);
}

static double power_of_two(int exponent) {
  uint64_t bits = (uint64_t)(exponent + 1023) << 52;
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

double portable_exp(double x) {
  if (x < -700) return 0;
  if (x > 700) x = 700;
  double turns = x * 1.4426950408889634;
  int exponent = (int)(turns < 0 ? turns - 0.5 : turns + 0.5);
  double rest = x - exponent * 0.6931471805599453, sum = 1, term = 1;
  for (int i = 1; i <= 14; i++) {
    term *= rest / i;
    sum += term;
  }
  return sum * power_of_two(exponent);
}

double portable_cos_pi(double x) {
  double angle = (x - 0.5) * 3.141592653589793, square = angle * angle; /* cos = -sin of this */
  double sum = angle, term = angle;
  for (int i = 1; i <= 10; i++) {
    term *= -square / ((2 * i) * (2 * i + 1));
    sum += term;
  }
  return -sum;
}
