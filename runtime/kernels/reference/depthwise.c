/* SPDX-License-Identifier: Apache-2.0 */
/* DEPTHWISE_CONV_2D, plain, but for one thing: the sums of a block of channels
 * grow side by side, since neighbouring channels are neighbours in memory. */
#include "runtime/kernels/conv.h"
#include "runtime/kernels/fixed_point.h"

#define BLOCK 16

static size_t image_size(const struct wit_conv *c) {
  return (size_t)c->input_height * (size_t)c->input_width * (size_t)c->input_depth;
}

static ptrdiff_t input_at(const struct wit_conv *c, const struct wit_conv_window *w, int32_t y,
                          int32_t x) {
  return ((ptrdiff_t)(w->y + y * c->dilation_height) * c->input_width +
          (w->x + x * c->dilation_width)) *
         c->input_depth;
}

static ptrdiff_t filter_at(const struct wit_conv *c, int32_t y, int32_t x) {
  return ((ptrdiff_t)y * c->filter_width + x) * c->output_depth;
}

/* Adds one filter element's products to the sums of `count` output channels
 * from `channel` on; an input channel serves depth_multiplier neighbours. */
static void add_int8(const struct wit_conv *c, const int8_t *in, const int8_t *weight,
                     int32_t channel, int32_t count, int32_t *sum) {
  if (c->depth_multiplier == 1) {
    in += channel;
    for (int32_t i = 0; i < count; i++) sum[i] += (in[i] + c->input_offset) * weight[i];
    return;
  }
  in += channel / c->depth_multiplier;
  int32_t end = c->depth_multiplier - channel % c->depth_multiplier;
  for (int32_t i = 0; i < count; end += c->depth_multiplier) {
    const int32_t x = *in++ + c->input_offset;
    for (const int32_t stop = end < count ? end : count; i < stop; i++) sum[i] += x * weight[i];
  }
}

static void position_int8(const struct wit_conv *c, const struct wit_conv_window *w,
                          const int8_t *image, const int8_t *filter, const int32_t *bias,
                          int8_t *output) {
  for (int32_t channel = 0; channel < c->output_depth; channel += BLOCK) {
    int32_t count = c->output_depth - channel < BLOCK ? c->output_depth - channel : BLOCK;
    int32_t sum[BLOCK] = {0};
    for (int32_t y = w->y_begin; y < w->y_end; y++) {
      for (int32_t x = w->x_begin; x < w->x_end; x++) {
        add_int8(c, image + input_at(c, w, y, x), filter + filter_at(c, y, x) + channel, channel,
                 count, sum);
      }
    }
    for (int32_t i = 0; i < count; i++) {
      int32_t value = bias ? wit_wrap_add(sum[i], bias[channel + i]) : sum[i];
      value = wit_scale(value, c->multiplier[channel + i], c->shift[channel + i]);
      value = wit_wrap_add(value, c->output_offset);
      output[channel + i] = (int8_t)wit_clamp(value, c->output_min, c->output_max);
    }
  }
}

static void position_int16(const struct wit_conv *c, const struct wit_conv_window *w,
                           const int16_t *image, const int8_t *filter, const int32_t *bias32,
                           const int64_t *bias64, int16_t *output) {
  for (int32_t channel = 0; channel < c->output_depth; channel++) {
    int64_t sum = 0;
    for (int32_t y = w->y_begin; y < w->y_end; y++) {
      for (int32_t x = w->x_begin; x < w->x_end; x++) {
        sum += image[input_at(c, w, y, x) + channel / c->depth_multiplier] *
               filter[filter_at(c, y, x) + channel];
      }
    }
    if (bias32) sum += bias32[channel];
    if (bias64) sum = (int64_t)((uint64_t)sum + (uint64_t)bias64[channel]);
    int32_t value = wit_scale_wide(sum, c->multiplier[channel], c->shift[channel]);
    value = wit_wrap_add(value, c->output_offset);
    output[channel] = (int16_t)wit_clamp(value, c->output_min, c->output_max);
  }
}

static void position_f32(const struct wit_conv *c, const struct wit_conv_window *w,
                         const float *image, const float *filter, const float *bias,
                         float *output) {
  for (int32_t channel = 0; channel < c->output_depth; channel++) {
    float sum = 0.0f;
    for (int32_t y = w->y_begin; y < w->y_end; y++) {
      for (int32_t x = w->x_begin; x < w->x_end; x++) {
        sum += image[input_at(c, w, y, x) + channel / c->depth_multiplier] *
               filter[filter_at(c, y, x) + channel];
      }
    }
    if (bias) sum += bias[channel];
    if (sum < c->output_min_f32) sum = c->output_min_f32;
    if (sum > c->output_max_f32) sum = c->output_max_f32;
    output[channel] = sum;
  }
}

void wit_depthwise_int8(const struct wit_conv *c, const int8_t *input, const int8_t *filter,
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

void wit_depthwise_int16(const struct wit_conv *c, const int16_t *input, const int8_t *filter,
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

void wit_depthwise_f32(const struct wit_conv *c, const float *input, const float *filter,
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
