/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/micro_speech/train/quantize.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "examples/common/tflite_writer.h"

#define CALIBRATION_BATCHES 20
#define HISTOGRAM_BINS 32768
#define HISTOGRAM_BINS_PER_UNIT 1024.0f
#define TAPS_MAX 512 /* of one filter */

/* ---- ranges of activations ----------------------------------------------------- */

struct ranges {
  float activation[NET_LAYERS]; /* 99.99th percentile */
  float logit_low, logit_high;
};

static float percentile(const uint32_t *histogram, double share) {
  uint64_t total = 0, seen = 0;
  for (size_t i = 0; i < HISTOGRAM_BINS; i++) total += histogram[i];
  uint64_t wanted = (uint64_t)((double)total * share);
  for (size_t i = 0; i < HISTOGRAM_BINS; i++) {
    seen += histogram[i];
    if (seen >= wanted) return (float)(i + 1) / HISTOGRAM_BINS_PER_UNIT;
  }
  return HISTOGRAM_BINS / HISTOGRAM_BINS_PER_UNIT;
}

static void count_activations(const struct net *net, size_t l, uint32_t *histogram) {
  const struct net_layer *layer = &net->layer[l];
  for (size_t n = 0; n < net->batch; n++) {
    const float *x = net_activations(net, l, n);
    for (size_t p = 0; p < layer->positions; p++) {
      for (size_t c = 0; c < layer->out_channels; c++) {
        float bin = x[p * layer->lanes + c] * HISTOGRAM_BINS_PER_UNIT;
        histogram[bin < HISTOGRAM_BINS - 1 ? (size_t)bin : HISTOGRAM_BINS - 1]++;
      }
    }
  }
}

static void widen_logits(const struct net *net, const struct net_sample *samples,
                         struct ranges *ranges) {
  for (size_t n = 0; n < net->batch; n++) {
    for (size_t i = 0; i < net->label_count; i++) {
      ranges->logit_low = fminf(ranges->logit_low, samples[n].logits[i]);
      ranges->logit_high = fmaxf(ranges->logit_high, samples[n].logits[i]);
    }
  }
}

static bool measure_ranges(struct net *net, const struct corpus *corpus, uint64_t seed,
                           struct ranges *ranges) {
  struct random random = random_stream(seed, 2);
  uint32_t(*histogram)[HISTOGRAM_BINS] = calloc(NET_LAYERS, sizeof *histogram);
  int8_t(*window)[NET_INPUT_BYTES] = calloc(net->batch, sizeof *window);
  const int8_t **pointers = calloc(net->batch, sizeof *pointers);
  struct net_sample *samples = calloc(net->batch, sizeof *samples);
  uint8_t *labels = calloc(net->batch, 1);
  bool done = histogram && window && pointers && samples && labels;
  *ranges = (struct ranges){0};
  for (size_t b = 0; done && b < CALIBRATION_BATCHES; b++) {
    corpus_draw(corpus, &random, window, labels, net->batch);
    for (size_t n = 0; n < net->batch; n++) pointers[n] = window[n];
    net_forward(net, pointers, samples);
    for (size_t l = 0; l < NET_LAYERS; l++) count_activations(net, l, histogram[l]);
    widen_logits(net, samples, ranges);
  }
  for (size_t l = 0; done && l < NET_LAYERS; l++) {
    ranges->activation[l] = percentile(histogram[l], 0.9999);
  }
  free(histogram);
  free(window);
  free(pointers);
  free(samples);
  free(labels);
  return done;
}

/* ---- constants -------------------------------------------------------------------- */

static float largest(const float *x, size_t count) {
  float most = 0;
  for (size_t i = 0; i < count; i++) most = fmaxf(most, fabsf(x[i]));
  return most;
}

static int32_t rounded(double x, double low, double high) {
  double value = floor(x + 0.5);
  return (int32_t)(value < low ? low : value > high ? high : value);
}

static float weight_scale(const float *weights, size_t count) {
  float most = largest(weights, count);
  return most > 0 ? most / 127 : 1.0f / 127;
}

static void quantize_weights(const float *weights, size_t count, float scale, int8_t *out) {
  for (size_t i = 0; i < count; i++) out[i] = (int8_t)rounded(weights[i] / scale, -127, 127);
}

static int32_t quantize_bias(float bias, float in_scale, float scale) {
  return rounded((double)bias / ((double)in_scale * scale), -2147483647.0, 2147483647.0);
}

/* ---- the graph ----------------------------------------------------------------------- */

struct graph {
  struct tflite_writer *writer;
  int32_t last; /* tensor that the next op reads */
  float last_scale;
};

static const int64_t no_offset[NET_LANES_MAX];

static int32_t add_activation(struct graph *graph, const char *name, const int32_t *shape,
                              size_t rank, float scale, int64_t zero_point) {
  struct tflite_tensor tensor = {.name = name,
                                 .type = TFLITE_INT8,
                                 .rank = rank,
                                 .scale = &scale,
                                 .zero_point = &zero_point,
                                 .channels = 1};
  memcpy(tensor.shape, shape, rank * sizeof *shape);
  return tflite_writer_add_tensor(graph->writer, &tensor);
}

static void add_op(struct graph *graph, const struct tflite_operator *operator, int32_t out,
                   float out_scale) {
  struct tflite_operator complete = *operator;
  complete.outputs = &out;
  complete.output_count = 1;
  tflite_writer_add_operator(graph->writer, &complete);
  graph->last = out;
  graph->last_scale = out_scale;
}

/* A filter or dense matrix with its bias: [out][taps], quantised along out, per
 * channel or all alike. */
static void add_weights(struct graph *graph, const char *name, const struct tflite_tensor *shape,
                        const float *weights, const float *bias, size_t out, size_t taps,
                        bool per_channel, int32_t tensors[2]) {
  static int8_t quantized[NET_LANES_MAX * TAPS_MAX];
  int32_t quantized_bias[NET_LANES_MAX];
  float scale[NET_LANES_MAX], bias_scale[NET_LANES_MAX];
  char bias_name[64];
  for (size_t c = 0; c < out; c++) {
    scale[c] =
        per_channel ? weight_scale(weights + c * taps, taps) : weight_scale(weights, out * taps);
    bias_scale[c] = graph->last_scale * scale[c];
    quantize_weights(weights + c * taps, taps, scale[c], quantized + c * taps);
    quantized_bias[c] = quantize_bias(bias[c], graph->last_scale, scale[c]);
  }
  struct tflite_tensor tensor = *shape;
  tensor.name = name;
  tensor.type = TFLITE_INT8;
  tensor.scale = scale;
  tensor.zero_point = no_offset;
  tensor.channels = per_channel ? out : 1;
  tensor.data = quantized;
  tensor.data_size = out * taps;
  tensors[0] = tflite_writer_add_tensor(graph->writer, &tensor);
  snprintf(bias_name, sizeof bias_name, "%s_bias", name);
  tensors[1] = tflite_writer_add_tensor(
      graph->writer, &(struct tflite_tensor){.name = bias_name,
                                             .type = TFLITE_INT32,
                                             .shape = {(int32_t)out},
                                             .rank = 1,
                                             .scale = bias_scale,
                                             .zero_point = no_offset,
                                             .channels = tensor.channels,
                                             .data = quantized_bias,
                                             .data_size = out * sizeof *quantized_bias});
}

static void add_convolution(struct graph *graph, const struct net *net, size_t l, float range) {
  static float filter[NET_LANES_MAX * TAPS_MAX];
  const struct net_layer *layer = &net->layer[l];
  float bias[NET_LANES_MAX];
  char name[16];
  int32_t inputs[3] = {graph->last};
  net_fold(net, l, filter, bias);
  snprintf(name, sizeof name, "conv%zu", l + 1);
  struct tflite_tensor shape = {.shape = {(int32_t)layer->out_channels, (int32_t)layer->kernel_h,
                                          (int32_t)layer->kernel_w, (int32_t)layer->in_channels},
                                .rank = 4};
  add_weights(graph, name, &shape, filter, bias, layer->out_channels, layer->taps, true,
              inputs + 1);
  snprintf(name, sizeof name, "relu%zu", l + 1);
  int32_t out_shape[] = {1, (int32_t)layer->out_h, (int32_t)layer->out_w,
                         (int32_t)layer->out_channels};
  int32_t out = add_activation(graph, name, out_shape, 4, range / 255, -128);
  add_op(graph,
         &(struct tflite_operator){
             .code = TFLITE_CONV_2D,
             .version = 3,
             .inputs = inputs,
             .input_count = 3,
             .options = {.table = TFLITE_OPTIONS_CONV_2D,
                         .field = {{0, TFLITE_FIELD_BYTE, TFLITE_PADDING_SAME, NULL, 0},
                                   {1, TFLITE_FIELD_INT, (double)layer->stride, NULL, 0},
                                   {2, TFLITE_FIELD_INT, (double)layer->stride, NULL, 0},
                                   {3, TFLITE_FIELD_BYTE, TFLITE_ACTIVATION_RELU, NULL, 0}},
                         .count = 4}},
         out, range / 255);
}

static void add_pool(struct graph *graph, const struct net_layer *layer) {
  int32_t shape[] = {1, 1, 1, (int32_t)layer->out_channels}, in = graph->last;
  int32_t out = add_activation(graph, "pool", shape, 4, graph->last_scale, -128);
  add_op(graph,
         &(struct tflite_operator){
             .code = TFLITE_AVERAGE_POOL_2D,
             .version = 2,
             .inputs = &in,
             .input_count = 1,
             .options = {.table = TFLITE_OPTIONS_POOL_2D,
                         .field = {{0, TFLITE_FIELD_BYTE, TFLITE_PADDING_VALID, NULL, 0},
                                   {1, TFLITE_FIELD_INT, 1, NULL, 0},
                                   {2, TFLITE_FIELD_INT, 1, NULL, 0},
                                   {3, TFLITE_FIELD_INT, (double)layer->out_w, NULL, 0},
                                   {4, TFLITE_FIELD_INT, (double)layer->out_h, NULL, 0}},
                         .count = 5}},
         out, graph->last_scale);
}

static void add_reshape(struct graph *graph, size_t channels) {
  int32_t shape[] = {1, (int32_t)channels}, in = graph->last;
  int32_t shape_tensor =
      tflite_writer_add_tensor(graph->writer, &(struct tflite_tensor){.name = "shape",
                                                                      .type = TFLITE_INT32,
                                                                      .shape = {2},
                                                                      .rank = 1,
                                                                      .data = shape,
                                                                      .data_size = sizeof shape});
  int32_t out = add_activation(graph, "flat", shape, 2, graph->last_scale, -128);
  add_op(graph,
         &(struct tflite_operator){.code = TFLITE_RESHAPE,
                                   .inputs = (int32_t[]){in, shape_tensor},
                                   .input_count = 2,
                                   .options = {.table = TFLITE_OPTIONS_RESHAPE,
                                               .field = {{0, TFLITE_FIELD_INTS, 0, shape, 2}},
                                               .count = 1}},
         out, graph->last_scale);
}

static void add_dense(struct graph *graph, const struct net *net, const struct ranges *ranges) {
  size_t channels = net->layer[NET_LAYERS - 1].out_channels;
  float weights[NET_LABELS_MAX * NET_LANES_MAX];
  for (size_t label = 0; label < net->label_count; label++) {
    memcpy(weights + label * channels, net->dense.value + label * net->layer[NET_LAYERS - 1].lanes,
           channels * sizeof(float));
  }
  int32_t inputs[3] = {graph->last};
  struct tflite_tensor shape = {.shape = {(int32_t)net->label_count, (int32_t)channels}, .rank = 2};
  add_weights(graph, "dense", &shape, weights, net->dense_bias.value, net->label_count, channels,
              false, inputs + 1);
  float scale = (ranges->logit_high - ranges->logit_low) / 255;
  int32_t zero_point = rounded(-128 - ranges->logit_low / scale, -128, 127);
  int32_t out_shape[] = {1, (int32_t)net->label_count};
  int32_t out = add_activation(graph, "logits", out_shape, 2, scale, zero_point);
  add_op(graph,
         &(struct tflite_operator){.code = TFLITE_FULLY_CONNECTED,
                                   .version = 4,
                                   .inputs = inputs,
                                   .input_count = 3,
                                   .options = {.table = TFLITE_OPTIONS_FULLY_CONNECTED}},
         out, scale);
}

static void add_softmax(struct graph *graph, size_t labels) {
  int32_t shape[] = {1, (int32_t)labels}, in = graph->last;
  int32_t out = add_activation(graph, "scores", shape, 2, 1.0f / 256, -128);
  add_op(graph,
         &(struct tflite_operator){.code = TFLITE_SOFTMAX,
                                   .version = 2,
                                   .inputs = &in,
                                   .input_count = 1,
                                   .options = {.table = TFLITE_OPTIONS_SOFTMAX,
                                               .field = {{0, TFLITE_FIELD_FLOAT, 1, NULL, 0}},
                                               .count = 1}},
         out, 1.0f / 256);
}

uint8_t *quantize_to_tflite(struct net *net, const struct corpus *corpus, uint64_t seed,
                            const char *const *labels, size_t *size) {
  static const char runtime_version[16] = "1.14.0"; /* first with these op versions */
  struct ranges ranges;
  struct graph graph = {.writer = tflite_writer_create("micro_speech keywords, int8")};
  if (!graph.writer || !measure_ranges(net, corpus, seed, &ranges)) {
    tflite_writer_destroy(graph.writer);
    return NULL;
  }
  int32_t in_shape[] = {1, NET_INPUT_ROWS, NET_INPUT_COLUMNS, 1};
  int32_t in =
      add_activation(&graph, "features", in_shape, 4, NET_INPUT_SCALE, NET_INPUT_ZERO_POINT);
  graph.last = in;
  graph.last_scale = NET_INPUT_SCALE;
  for (size_t l = 0; l < NET_LAYERS; l++) add_convolution(&graph, net, l, ranges.activation[l]);
  add_pool(&graph, &net->layer[NET_LAYERS - 1]);
  add_reshape(&graph, net->layer[NET_LAYERS - 1].out_channels);
  add_dense(&graph, net, &ranges);
  add_softmax(&graph, net->label_count);
  tflite_writer_set_inputs(graph.writer, &in, 1);
  tflite_writer_set_outputs(graph.writer, &graph.last, 1);
  tflite_writer_add_labels(graph.writer, labels, net->label_count);
  tflite_writer_add_metadata(graph.writer, "min_runtime_version", runtime_version,
                             sizeof runtime_version);
  uint8_t *file = tflite_writer_finish(graph.writer, size);
  tflite_writer_destroy(graph.writer);
  return file;
}
