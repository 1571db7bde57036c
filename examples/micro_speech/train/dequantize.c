/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/micro_speech/train/dequantize.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "examples/micro_speech/train/dataset.h"
#include "wit/inspect.h"

#define TAPS_MAX 512 /* of one filter */

/* What quantize_to_tflite writes, in its order. */
static const char *const operators[] = {"CONV_2D",         "CONV_2D", "CONV_2D",         "CONV_2D",
                                        "AVERAGE_POOL_2D", "RESHAPE", "FULLY_CONNECTED", "SOFTMAX"};
#define OPERATORS (sizeof operators / sizeof *operators)
#define DENSE_OPERATOR 6

static bool refuse(const char *what, size_t op) {
  fprintf(stderr,
          "cannot continue from that model: %s of operator %zu (%s) is not what this trainer "
          "makes; train a new one without --from\n",
          what, op, operators[op]);
  return false;
}

static bool has_these_operators(const struct wit_model *model) {
  struct wit_model_info info;
  wit_model_info(model, &info);
  for (size_t i = 0; i < OPERATORS; i++) {
    int32_t version;
    const char *name = wit_model_operator_name(model, i, &version);
    if (!name || strcmp(name, operators[i]) != 0) return refuse("the kind", i);
  }
  return info.operator_count == OPERATORS || refuse("the end", OPERATORS - 1);
}

/* The input's quantisation is the net's own (NET_INPUT_SCALE). */
static bool has_this_input(const struct wit_model *model) {
  size_t index;
  struct wit_tensor tensor;
  if (wit_inspect_input(model, 0, &index) && wit_inspect_tensor(model, index, &tensor) &&
      tensor.type == WIT_INT8 && tensor.size_bytes == NET_INPUT_BYTES &&
      tensor.scale == NET_INPUT_SCALE && tensor.zero_point == NET_INPUT_ZERO_POINT) {
    return true;
  }
  return refuse("the input", 0);
}

struct weights {
  struct wit_constant filter, bias;
};

/* Both constants of an operator: int8 filter of out * taps values, int32 bias. */
static bool take_weights(const struct wit_model *model, size_t op, size_t out, size_t taps,
                         struct weights *weights) {
  int32_t filter, bias;
  struct wit_tensor filter_tensor, bias_tensor;
  if (!wit_inspect_operator_input(model, op, 1, &filter) || filter < 0 ||
      !wit_inspect_operator_input(model, op, 2, &bias) || bias < 0 ||
      !wit_inspect_constant(model, (size_t)filter, &weights->filter) ||
      !wit_inspect_constant(model, (size_t)bias, &weights->bias)) {
    return refuse("a constant", op);
  }
  wit_inspect_tensor(model, (size_t)filter, &filter_tensor);
  wit_inspect_tensor(model, (size_t)bias, &bias_tensor);
  if (filter_tensor.type != WIT_INT8 || bias_tensor.type != WIT_INT32) {
    return refuse("a constant's type", op);
  }
  if (weights->filter.size_bytes != out * taps || weights->bias.size_bytes != 4 * out ||
      filter_tensor.zero_point != 0) {
    return refuse("a constant's shape", op);
  }
  size_t scales = weights->filter.channel_count;
  if ((scales != 1 && scales != out) || weights->bias.channel_count != scales) {
    return refuse("the quantisation", op);
  }
  return true;
}

static float scale_of(const struct wit_constant *constant, size_t channel) {
  return wit_constant_scale(constant, constant->channel_count == 1 ? 0 : channel);
}

static int32_t int32_at(const uint8_t *p) {
  return (int32_t)((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
                   (uint32_t)p[3] << 24);
}

static void dequantize(const struct weights *weights, size_t out, size_t taps, float *filter,
                       float *bias) {
  for (size_t c = 0; c < out; c++) {
    float scale = scale_of(&weights->filter, c);
    for (size_t k = 0; k < taps; k++) {
      filter[c * taps + k] = (float)(int8_t)weights->filter.data[c * taps + k] * scale;
    }
    bias[c] = (float)int32_at(weights->bias.data + 4 * c) * scale_of(&weights->bias, c);
  }
}

static bool take_convolution(struct net *net, const struct wit_model *model, size_t l,
                             float bias[NET_LANES_MAX]) {
  const struct net_layer *layer = &net->layer[l];
  struct weights weights;
  if (!take_weights(model, l, layer->out_channels, layer->taps, &weights)) return false;
  float *filter = malloc(layer->out_channels * layer->taps * sizeof *filter);
  if (!filter) return false;
  dequantize(&weights, layer->out_channels, layer->taps, filter, bias);
  net_set_filter(net, l, filter);
  free(filter);
  return true;
}

/* New labels keep a tenth of their random weights and the lowest bias. */
static bool take_dense(struct net *net, const struct wit_model *model, size_t old_count,
                       float unknown_bias) {
  size_t lanes = net->layer[NET_LAYERS - 1].lanes;
  size_t channels = net->layer[NET_LAYERS - 1].out_channels;
  float rows[NET_LABELS_MAX * NET_LANES_MAX], bias[NET_LABELS_MAX];
  struct weights weights;
  if (!take_weights(model, DENSE_OPERATOR, old_count, channels, &weights)) return false;
  dequantize(&weights, old_count, channels, rows, bias);
  bias[DATASET_UNKNOWN] -= unknown_bias;
  float lowest = bias[0];
  for (size_t label = 1; label < old_count; label++) {
    lowest = bias[label] < lowest ? bias[label] : lowest;
  }
  for (size_t label = 0; label < net->label_count; label++) {
    float *row = net->dense.value + label * lanes;
    if (label < old_count) memcpy(row, rows + label * channels, channels * sizeof *row);
    for (size_t c = 0; label >= old_count && c < channels; c++) row[c] *= 0.1f;
    net->dense_bias.value[label] = label < old_count ? bias[label] : lowest;
  }
  return true;
}

bool dequantize_into_net(struct net *net, const struct wit_model *model, float unknown_bias,
                         size_t batches,
                         void (*next)(void *context, const int8_t **windows, uint8_t *labels),
                         void *context) {
  float bias[NET_LAYERS][NET_LANES_MAX];
  size_t old_count = wit_model_label_count(model);
  if (old_count <= DATASET_FIRST_WORD || old_count > net->label_count) {
    fprintf(stderr, "cannot continue from that model: it has %zu labels, the new one %zu\n",
            old_count, net->label_count);
    return false;
  }
  if (!has_these_operators(model) || !has_this_input(model)) return false;
  for (size_t l = 0; l < NET_LAYERS; l++) {
    if (!take_convolution(net, model, l, bias[l])) return false;
  }
  if (!take_dense(net, model, old_count, unknown_bias)) return false;
  for (size_t l = 0; l < NET_LAYERS; l++) {
    net_fix_statistics(net, batches, next, context);
    net_pass_through_norm(net, l, bias[l]);
  }
  return true;
}
