/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_CONV_H
#define RUNTIME_KERNELS_CONV_H
/* Convolutions: activations are NHWC, row-major. Entry points that each kernels
 * folder defines; op_conv.c has checked everything before. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wit_conv {
  int32_t batches;
  int32_t input_height, input_width, input_depth;
  int32_t filter_height, filter_width;
  int32_t filter_depth; /* CONV_2D: input channels a group; DEPTHWISE: unused */
  int32_t output_height, output_width, output_depth;
  int32_t stride_height, stride_width;
  int32_t dilation_height, dilation_width;
  int32_t pad_top, pad_left;
  int32_t depth_multiplier; /* DEPTHWISE: output channels of each input channel */
  /* integers */
  bool wide_sum;        /* int16: the sum stays in 64 bits and rounds once; else it is
                           cut to 32 and rounds like int8's */
  int32_t input_offset; /* minus the zero point */
  int32_t output_offset;
  int32_t output_min, output_max;
  const int32_t *multiplier; /* one an output channel */
  const int8_t *shift;
  /* float32 */
  float output_min_f32, output_max_f32;
};

/* The part of the filter that lies over the input, for one output position:
 * rows [y_begin, y_end) and columns [x_begin, x_end) of the filter; its
 * (0, 0) lies at input (y, x), which may be outside. */
struct wit_conv_window {
  int32_t y, x;
  int32_t y_begin, y_end;
  int32_t x_begin, x_end;
};

/* First filter row or column whose input coordinate is not negative. */
static inline int32_t wit_conv_begin(int32_t origin, int32_t dilation) {
  return origin >= 0 ? 0 : (-origin + dilation - 1) / dilation;
}

/* One past the last whose input coordinate is below `extent`. */
static inline int32_t wit_conv_end(int32_t origin, int32_t dilation, int32_t extent,
                                   int32_t filter) {
  int32_t end = extent > origin ? (extent - origin + dilation - 1) / dilation : 0;
  return end < filter ? end : filter;
}

static inline struct wit_conv_window wit_conv_window(const struct wit_conv *conv, int32_t output_y,
                                                     int32_t output_x) {
  struct wit_conv_window w;
  w.y = output_y * conv->stride_height - conv->pad_top;
  w.x = output_x * conv->stride_width - conv->pad_left;
  w.y_begin = wit_conv_begin(w.y, conv->dilation_height);
  w.y_end = wit_conv_end(w.y, conv->dilation_height, conv->input_height, conv->filter_height);
  w.x_begin = wit_conv_begin(w.x, conv->dilation_width);
  w.x_end = wit_conv_end(w.x, conv->dilation_width, conv->input_width, conv->filter_width);
  return w;
}

/* CONV_2D. filter OHWI: [output_depth][filter_height][filter_width][filter_depth];
 * bias [output_depth] or NULL. Input channels are in input_depth / filter_depth
 * groups, output channels likewise. */
void wit_conv_int8(const struct wit_conv *conv, const int8_t *input, const int8_t *filter,
                   const int32_t *bias, int8_t *output);
/* One of the biases, or none. */
void wit_conv_int16(const struct wit_conv *conv, const int16_t *input, const int8_t *filter,
                    const int32_t *bias32, const int64_t *bias64, int16_t *output);
void wit_conv_f32(const struct wit_conv *conv, const float *input, const float *filter,
                  const float *bias, float *output);

/* DEPTHWISE_CONV_2D. filter [filter_height][filter_width][output_depth]; output
 * channel c takes input channel c / depth_multiplier. */
void wit_depthwise_int8(const struct wit_conv *conv, const int8_t *input, const int8_t *filter,
                        const int32_t *bias, int8_t *output);
/* One of the biases, or none. */
void wit_depthwise_int16(const struct wit_conv *conv, const int16_t *input, const int8_t *filter,
                         const int32_t *bias32, const int64_t *bias64, int16_t *output);
void wit_depthwise_f32(const struct wit_conv *conv, const float *input, const float *filter,
                       const float *bias, float *output);

/* Signed 4-bit weights, two a byte, the lower half first, to one a byte. */
void wit_unpack_int4(const uint8_t *packed, size_t count, int8_t *out);
#endif
