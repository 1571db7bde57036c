/* SPDX-License-Identifier: Apache-2.0 */
/* One loop over the output for all types; what differs is how a window of one
 * channel becomes one value. */
#include "runtime/kernels/pool.h"

#include <float.h>
#include <stddef.h>

#include "runtime/kernels/fixed_point.h"

/* The part of a window that lies in the input. */
struct window {
  size_t first; /* element of its first column, channel 0 */
  size_t row;   /* elements from row to row */
  int32_t rows, columns;
};

typedef void (*pool_function)(const struct wit_pool *p, const struct window *w, const void *input,
                              size_t channel, void *output, size_t at);

static int32_t low(int32_t origin) { return origin < 0 ? 0 : origin; }
static int32_t high(int32_t end, int32_t extent) { return end < extent ? end : extent; }

static void pool(const struct wit_pool *p, const void *input, void *output, pool_function reduce) {
  size_t depth = (size_t)p->depth, at = 0;
  for (int32_t batch = 0; batch < p->batches; batch++) {
    for (int32_t out_y = 0; out_y < p->output_height; out_y++) {
      int32_t y = out_y * p->stride_height - p->pad_top;
      int32_t y_begin = low(y), y_end = high(y + p->filter_height, p->input_height);
      for (int32_t out_x = 0; out_x < p->output_width; out_x++) {
        int32_t x = out_x * p->stride_width - p->pad_left;
        int32_t x_begin = low(x), x_end = high(x + p->filter_width, p->input_width);
        size_t image_row = (size_t)batch * (size_t)p->input_height + (size_t)y_begin;
        struct window w = {
            .first = (image_row * (size_t)p->input_width + (size_t)x_begin) * depth,
            .row = (size_t)p->input_width * depth,
            .rows = y_end - y_begin,
            .columns = x_end - x_begin,
        };
        for (size_t channel = 0; channel < depth; channel++) {
          reduce(p, &w, input, channel, output, at++);
        }
      }
    }
  }
}

static int32_t round_average(int32_t sum, int32_t count) {
  return sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
}

static float clamp_f32(const struct wit_pool *p, float value) {
  if (value < p->output_min_f32) return p->output_min_f32;
  return value > p->output_max_f32 ? p->output_max_f32 : value;
}

/* Element of row `row`, column 0 of a window. */
static size_t row_start(const struct window *w, int32_t row, size_t channel) {
  return w->first + (size_t)row * w->row + channel;
}

static void average_int8(const struct wit_pool *p, const struct window *w, const void *input,
                         size_t channel, void *output, size_t at) {
  int32_t sum = 0;
  for (int32_t row = 0; row < w->rows; row++) {
    const int8_t *in = (const int8_t *)input + row_start(w, row, channel);
    for (int32_t column = 0; column < w->columns; column++, in += p->depth) sum += *in;
  }
  int32_t average = round_average(sum, w->rows * w->columns);
  ((int8_t *)output)[at] = (int8_t)wit_clamp(average, p->output_min, p->output_max);
}

static void average_int16(const struct wit_pool *p, const struct window *w, const void *input,
                          size_t channel, void *output, size_t at) {
  int32_t sum = 0;
  for (int32_t row = 0; row < w->rows; row++) {
    const int16_t *in = (const int16_t *)input + row_start(w, row, channel);
    for (int32_t column = 0; column < w->columns; column++, in += p->depth) sum += *in;
  }
  int32_t average = round_average(sum, w->rows * w->columns);
  ((int16_t *)output)[at] = (int16_t)wit_clamp(average, p->output_min, p->output_max);
}

static void average_f32(const struct wit_pool *p, const struct window *w, const void *input,
                        size_t channel, void *output, size_t at) {
  float sum = 0.0f;
  for (int32_t row = 0; row < w->rows; row++) {
    const float *in = (const float *)input + row_start(w, row, channel);
    for (int32_t column = 0; column < w->columns; column++, in += p->depth) sum += *in;
  }
  ((float *)output)[at] = clamp_f32(p, sum / (float)(w->rows * w->columns));
}

static void max_int8(const struct wit_pool *p, const struct window *w, const void *input,
                     size_t channel, void *output, size_t at) {
  int8_t max = INT8_MIN;
  for (int32_t row = 0; row < w->rows; row++) {
    const int8_t *in = (const int8_t *)input + row_start(w, row, channel);
    for (int32_t column = 0; column < w->columns; column++, in += p->depth) {
      if (*in > max) max = *in;
    }
  }
  ((int8_t *)output)[at] = (int8_t)wit_clamp(max, p->output_min, p->output_max);
}

static void max_int16(const struct wit_pool *p, const struct window *w, const void *input,
                      size_t channel, void *output, size_t at) {
  int16_t max = INT16_MIN;
  for (int32_t row = 0; row < w->rows; row++) {
    const int16_t *in = (const int16_t *)input + row_start(w, row, channel);
    for (int32_t column = 0; column < w->columns; column++, in += p->depth) {
      if (*in > max) max = *in;
    }
  }
  ((int16_t *)output)[at] = (int16_t)wit_clamp(max, p->output_min, p->output_max);
}

static void max_f32(const struct wit_pool *p, const struct window *w, const void *input,
                    size_t channel, void *output, size_t at) {
  float max = -FLT_MAX;
  for (int32_t row = 0; row < w->rows; row++) {
    const float *in = (const float *)input + row_start(w, row, channel);
    for (int32_t column = 0; column < w->columns; column++, in += p->depth) {
      if (*in > max) max = *in;
    }
  }
  ((float *)output)[at] = clamp_f32(p, max);
}

void wit_average_pool_int8(const struct wit_pool *p, const int8_t *input, int8_t *output) {
  pool(p, input, output, average_int8);
}
void wit_average_pool_int16(const struct wit_pool *p, const int16_t *input, int16_t *output) {
  pool(p, input, output, average_int16);
}
void wit_average_pool_f32(const struct wit_pool *p, const float *input, float *output) {
  pool(p, input, output, average_f32);
}
void wit_max_pool_int8(const struct wit_pool *p, const int8_t *input, int8_t *output) {
  pool(p, input, output, max_int8);
}
void wit_max_pool_int16(const struct wit_pool *p, const int16_t *input, int16_t *output) {
  pool(p, input, output, max_int16);
}
void wit_max_pool_f32(const struct wit_pool *p, const float *input, float *output) {
  pool(p, input, output, max_f32);
}
