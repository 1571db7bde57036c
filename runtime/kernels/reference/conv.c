/* SPDX-License-Identifier: Apache-2.0 */
/* CONV_2D, plain. Which filter elements lie over the input is worked out once a
 * position; where the filter's columns are neighbours in the input, a whole row
 * of it is one run of multiplications. */
#include "runtime/kernels/conv.h"

#include "runtime/kernels/fixed_point.h"

/* Row `y` of the filter over one position: `runs` runs of `length` products. */
struct runs {
  ptrdiff_t input;      /* element of the first run in the batch's image */
  ptrdiff_t filter;     /* likewise in one output channel's filter */
  ptrdiff_t input_step; /* from run to run */
  ptrdiff_t filter_step;
  int32_t count;
  int32_t length;
};

static struct runs row_runs(const struct wit_conv *c, const struct wit_conv_window *w, int32_t y) {
  int32_t columns = w->x_end - w->x_begin;
  if (columns < 0) columns = 0;
  struct runs r = {
      .input = ((ptrdiff_t)(w->y + y * c->dilation_height) * c->input_width +
                (w->x + w->x_begin * c->dilation_width)) *
               c->input_depth,
      .filter = ((ptrdiff_t)y * c->filter_width + w->x_begin) * c->filter_depth,
      .input_step = (ptrdiff_t)c->dilation_width * c->input_depth,
      .filter_step = c->filter_depth,
      .count = columns,
      .length = c->filter_depth,
  };
  if (c->dilation_width == 1 && c->filter_depth == c->input_depth && columns > 0) {
    r.count = 1;
    r.length = columns * c->filter_depth;
  }
  return r;
}

static int32_t sum_int8(const struct wit_conv *c, const struct wit_conv_window *w,
                        const int8_t *image, const int8_t *filter) {
  int32_t sum = 0;
  for (int32_t y = w->y_begin; y < w->y_end; y++) {
    struct runs r = row_runs(c, w, y);
    for (int32_t run = 0; run < r.count; run++) {
      const int8_t *in = image + r.input + run * r.input_step;
      const int8_t *weight = filter + r.filter + run * r.filter_step;
      for (int32_t i = 0; i < r.length; i++) {
        sum += (in[i] + c->input_offset) * weight[i];
      }
    }
  }
  return sum;
}

static int64_t sum_int16(const struct wit_conv *c, const struct wit_conv_window *w,
                         const int16_t *image, const int8_t *filter) {
  int64_t sum = 0;
  for (int32_t y = w->y_begin; y < w->y_end; y++) {
    struct runs r = row_runs(c, w, y);
    for (int32_t run = 0; run < r.count; run++) {
      const int16_t *in = image + r.input + run * r.input_step;
      const int8_t *weight = filter + r.filter + run * r.filter_step;
      for (int32_t i = 0; i < r.length; i++) {
        sum += in[i] * weight[i];
      }
    }
  }
  return sum;
}

static float sum_f32(const struct wit_conv *c, const struct wit_conv_window *w, const float *image,
                     const float *filter) {
  float sum = 0.0f;
  for (int32_t y = w->y_begin; y < w->y_end; y++) {
    struct runs r = row_runs(c, w, y);
    for (int32_t run = 0; run < r.count; run++) {
      const float *in = image + r.input + run * r.input_step;
      const float *weight = filter + r.filter + run * r.filter_step;
      for (int32_t i = 0; i < r.length; i++) {
        sum += in[i] * weight[i];
      }
    }
  }
  return sum;
}

static size_t image_size(const struct wit_conv *c) {
  return (size_t)c->input_height * (size_t)c->input_width * (size_t)c->input_depth;
}

static size_t filter_size(const struct wit_conv *c) {
  return (size_t)c->filter_height * (size_t)c->filter_width * (size_t)c->filter_depth;
}

/* First input channel of output channel `channel`'s group. */
static int32_t group_start(const struct wit_conv *c, int32_t channel) {
  int32_t groups = c->input_depth / c->filter_depth;
  return channel / (c->output_depth / groups) * c->filter_depth;
}

static void position_int8(const struct wit_conv *c, const struct wit_conv_window *w,
                          const int8_t *image, const int8_t *filter, const int32_t *bias,
                          int8_t *output) {
  const size_t weights = filter_size(c);
  for (int32_t channel = 0; channel < c->output_depth; channel++, filter += weights) {
    int32_t sum = sum_int8(c, w, image + group_start(c, channel), filter);
    if (bias) sum = wit_wrap_add(sum, bias[channel]);
    sum = wit_scale(sum, c->multiplier[channel], c->shift[channel]);
    sum = wit_wrap_add(sum, c->output_offset);
    output[channel] = (int8_t)wit_clamp(sum, c->output_min, c->output_max);
  }
}

static void position_int16(const struct wit_conv *c, const struct wit_conv_window *w,
                           const int16_t *image, const int8_t *filter, const int32_t *bias32,
                           const int64_t *bias64, int16_t *output) {
  const size_t weights = filter_size(c);
  for (int32_t channel = 0; channel < c->output_depth; channel++, filter += weights) {
    int64_t wide = sum_int16(c, w, image + group_start(c, channel), filter);
    if (bias32) wide += bias32[channel];
    if (bias64) wide = (int64_t)((uint64_t)wide + (uint64_t)bias64[channel]);
    int32_t sum = c->wide_sum ? wit_scale_wide(wide, c->multiplier[channel], c->shift[channel])
                              : wit_scale((int32_t)wide, c->multiplier[channel], c->shift[channel]);
    sum = wit_wrap_add(sum, c->output_offset);
    output[channel] = (int16_t)wit_clamp(sum, c->output_min, c->output_max);
  }
}

static void position_f32(const struct wit_conv *c, const struct wit_conv_window *w,
                         const float *image, const float *filter, const float *bias,
                         float *output) {
  const size_t weights = filter_size(c);
  for (int32_t channel = 0; channel < c->output_depth; channel++, filter += weights) {
    float sum = sum_f32(c, w, image + group_start(c, channel), filter);
    if (bias) sum += bias[channel];
    if (sum < c->output_min_f32) sum = c->output_min_f32;
    if (sum > c->output_max_f32) sum = c->output_max_f32;
    output[channel] = sum;
  }
}

void wit_conv_int8(const struct wit_conv *c, const int8_t *input, const int8_t *filter,
                   const int32_t *bias, int8_t *output) {
  for (int32_t batch = 0; batch < c->batches; batch++, input += image_size(c)) {
    for (int32_t y = 0; y < c->output_height; y++) {
      for (int32_t x = 0; x < c->output_width; x++, output += c->output_depth) {
        struct wit_conv_window window = wit_conv_window(c, y, x);
        position_int8(c, &window, input, filter, bias, output);
      }
    }
  }
}

void wit_conv_int16(const struct wit_conv *c, const int16_t *input, const int8_t *filter,
                    const int32_t *bias32, const int64_t *bias64, int16_t *output) {
  for (int32_t batch = 0; batch < c->batches; batch++, input += image_size(c)) {
    for (int32_t y = 0; y < c->output_height; y++) {
      for (int32_t x = 0; x < c->output_width; x++, output += c->output_depth) {
        struct wit_conv_window window = wit_conv_window(c, y, x);
        position_int16(c, &window, input, filter, bias32, bias64, output);
      }
    }
  }
}

void wit_conv_f32(const struct wit_conv *c, const float *input, const float *filter,
                  const float *bias, float *output) {
  for (int32_t batch = 0; batch < c->batches; batch++, input += image_size(c)) {
    for (int32_t y = 0; y < c->output_height; y++) {
      for (int32_t x = 0; x < c->output_width; x++, output += c->output_depth) {
        struct wit_conv_window window = wit_conv_window(c, y, x);
        position_f32(c, &window, input, filter, bias, output);
      }
    }
  }
}

void wit_unpack_int4(const uint8_t *packed, size_t count, int8_t *out) {
  for (size_t i = 0; i < count; i++) {
    int nibble = i % 2 == 0 ? packed[i / 2] & 15 : packed[i / 2] >> 4;
    out[i] = (int8_t)(nibble >= 8 ? nibble - 16 : nibble);
  }
}
