/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/dense.h"

#include <stddef.h>

#include "runtime/kernels/fixed_point.h"

static int32_t multiplier_of(const struct wit_dense *d, int32_t o) {
  return d->channel_multiplier ? d->channel_multiplier[o] : d->multiplier;
}

static int32_t shift_of(const struct wit_dense *d, int32_t o) {
  return d->channel_shift ? d->channel_shift[o] : d->shift;
}

static int32_t finish(const struct wit_dense *d, int32_t scaled) {
  return wit_clamp(wit_wrap_add(scaled, d->output_offset), d->output_min, d->output_max);
}

static int32_t sum_int8(const struct wit_dense *d, const int8_t *input, const int8_t *filter) {
  int32_t sum = 0;
  if (d->filter_offset == 0) {
    for (int32_t i = 0; i < d->input_depth; i++) sum += (input[i] + d->input_offset) * filter[i];
  } else {
    for (int32_t i = 0; i < d->input_depth; i++) {
      sum += (input[i] + d->input_offset) * (filter[i] + d->filter_offset);
    }
  }
  return sum;
}

void wit_dense_int8(const struct wit_dense *d, const int8_t *input, const int8_t *filter,
                    const int32_t *bias, int8_t *output) {
  for (int32_t b = 0; b < d->batches; b++, input += d->input_depth) {
    const int8_t *row = filter;
    for (int32_t o = 0; o < d->output_depth; o++, row += d->input_depth) {
      int32_t sum = sum_int8(d, input, row);
      if (bias) sum = wit_wrap_add(sum, bias[o]);
      *output++ = (int8_t)finish(d, wit_scale(sum, multiplier_of(d, o), shift_of(d, o)));
    }
  }
}

static int64_t sum_int16(const struct wit_dense *d, const int16_t *input, const int8_t *filter) {
  int64_t sum = 0;
  for (int32_t i = 0; i < d->input_depth; i++) sum += input[i] * (filter[i] + d->filter_offset);
  return sum;
}

void wit_dense_int16(const struct wit_dense *d, const int16_t *input, const int8_t *filter,
                     const int32_t *bias32, const int64_t *bias64, int16_t *output) {
  for (int32_t b = 0; b < d->batches; b++, input += d->input_depth) {
    const int8_t *row = filter;
    for (int32_t o = 0; o < d->output_depth; o++, row += d->input_depth) {
      int64_t wide = sum_int16(d, input, row);
      int32_t scaled;
      if (bias64) {
        wide = (int64_t)((uint64_t)wide + (uint64_t)bias64[o]);
        scaled = wit_scale_wide(wide, multiplier_of(d, o), shift_of(d, o));
      } else {
        if (bias32) wide += bias32[o];
        scaled = wit_scale((int32_t)wide, multiplier_of(d, o), shift_of(d, o));
      }
      *output++ = (int16_t)finish(d, scaled);
    }
  }
}

void wit_dense_f32(const struct wit_dense *d, const float *input, const float *filter,
                   const float *bias, float *output) {
  for (int32_t b = 0; b < d->batches; b++, input += d->input_depth) {
    const float *row = filter;
    for (int32_t o = 0; o < d->output_depth; o++, row += d->input_depth) {
      float sum = 0.0f;
      for (int32_t i = 0; i < d->input_depth; i++) sum += input[i] * row[i];
      if (bias) sum += bias[o];
      if (sum < d->output_min_f32) sum = d->output_min_f32;
      if (sum > d->output_max_f32) sum = d->output_max_f32;
      *output++ = sum;
    }
  }
}
