/* SPDX-License-Identifier: Apache-2.0 */
/* ADD and MUL. Where shapes differ, the output is walked in runs along its last
 * dimension, in which each input either advances or stands still. */
#include <stdbool.h>

#include "runtime/kernels/elementwise.h"
#include "runtime/kernels/fixed_point.h"

struct walk {
  int32_t index[WIT_BROADCAST_RANK];
  size_t a, b, output;
  int32_t run; /* elements */
  int32_t step_a, step_b;
};

static struct walk walk_begin(const struct wit_binary *op) {
  struct walk w = {.run = (int32_t)op->count, .step_a = 1, .step_b = 1};
  if (op->broadcast) {
    int32_t last = op->broadcast->rank - 1;
    w.run = op->broadcast->dim[last];
    w.step_a = op->broadcast->stride_a[last];
    w.step_b = op->broadcast->stride_b[last];
  }
  return w;
}

/* To the next run; false behind the last. */
static bool walk_next(const struct wit_binary *op, struct walk *w) {
  const struct wit_broadcast *s = op->broadcast;
  if (!s) return false;
  w->output += (size_t)w->run;
  for (int32_t d = s->rank - 2; d >= 0; d--) {
    w->a += (size_t)s->stride_a[d];
    w->b += (size_t)s->stride_b[d];
    if (++w->index[d] < s->dim[d]) return true;
    w->a -= (size_t)s->stride_a[d] * (size_t)s->dim[d];
    w->b -= (size_t)s->stride_b[d] * (size_t)s->dim[d];
    w->index[d] = 0;
  }
  return false;
}

/* Defines NAME over TYPE: EXPRESSION of a value x and a value y. */
/* NOLINTBEGIN(bugprone-macro-parentheses): TYPE is a type */
#define DEFINE_BINARY(NAME, TYPE, EXPRESSION)                                          \
  void NAME(const struct wit_binary *op, const TYPE *a, const TYPE *b, TYPE *output) { \
    struct walk w = walk_begin(op);                                                    \
    do {                                                                               \
      const TYPE *in_a = a + w.a, *in_b = b + w.b;                                     \
      TYPE *out = output + w.output;                                                   \
      for (int32_t i = 0; i < w.run; i++, in_a += w.step_a, in_b += w.step_b) {        \
        const TYPE x = *in_a, y = *in_b;                                               \
        out[i] = (TYPE)(EXPRESSION);                                                   \
      }                                                                                \
    } while (walk_next(op, &w));                                                       \
  }
/* NOLINTEND(bugprone-macro-parentheses) */

static int32_t scaled_input(int32_t value, int32_t offset, int32_t left_shift, int32_t multiplier,
                            int32_t shift) {
  int32_t fine = (int32_t)((uint32_t)(value + offset) << left_shift);
  return wit_shift_right(wit_multiply_high(fine, multiplier), -shift);
}

static int32_t add_quantized(const struct wit_binary *op, int32_t x, int32_t y) {
  int32_t sum =
      wit_wrap_add(scaled_input(x, op->a_offset, op->left_shift, op->a_multiplier, op->a_shift),
                   scaled_input(y, op->b_offset, op->left_shift, op->b_multiplier, op->b_shift));
  int32_t value = wit_shift_right(wit_multiply_high(sum, op->output_multiplier), -op->output_shift);
  return wit_clamp(wit_wrap_add(value, op->output_offset), op->output_min, op->output_max);
}

static int32_t mul_quantized(const struct wit_binary *op, int32_t x, int32_t y) {
  /* int16 has zero points of 0, so that the product fits */
  int32_t product = (x + op->a_offset) * (y + op->b_offset);
  int32_t value = wit_scale(product, op->output_multiplier, op->output_shift);
  return wit_clamp(wit_wrap_add(value, op->output_offset), op->output_min, op->output_max);
}

static int32_t add_integers(const struct wit_binary *op, int32_t x, int32_t y) {
  return wit_clamp(wit_wrap_add(x, y), op->output_min, op->output_max);
}

static int32_t mul_integers(const struct wit_binary *op, int32_t x, int32_t y) {
  return wit_clamp((int32_t)((uint32_t)x * (uint32_t)y), op->output_min, op->output_max);
}

/* NaN stays NaN. */
static float clamp_f32(const struct wit_binary *op, float value) {
  if (value < op->output_min_f32) return op->output_min_f32;
  return value > op->output_max_f32 ? op->output_max_f32 : value;
}

DEFINE_BINARY(wit_add_int8, int8_t, add_quantized(op, x, y))
DEFINE_BINARY(wit_add_int16, int16_t, add_quantized(op, x, y))
DEFINE_BINARY(wit_add_int32, int32_t, add_integers(op, x, y))
DEFINE_BINARY(wit_add_f32, float, clamp_f32(op, x + y))
DEFINE_BINARY(wit_mul_int8, int8_t, mul_quantized(op, x, y))
DEFINE_BINARY(wit_mul_int16, int16_t, mul_quantized(op, x, y))
DEFINE_BINARY(wit_mul_int32, int32_t, mul_integers(op, x, y))
DEFINE_BINARY(wit_mul_f32, float, clamp_f32(op, x *y))
