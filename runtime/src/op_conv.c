/* SPDX-License-Identifier: Apache-2.0 */
/* CONV_2D and DEPTHWISE_CONV_2D: int8 (weights int8 or int4), int16 (weights
 * int8) and float32. */
#include "runtime/kernels/conv.h"
#include "runtime/src/limits.h"
#include "runtime/src/op.h"
#include "runtime/src/quantize.h"
#include "runtime/src/schema.h"
#include "runtime/src/weights.h"
#include "runtime/src/window.h"
#include "wit/ops.h"

enum { INPUT = 0, FILTER = 1, BIAS = 2 };

struct conv {
  struct wit_conv kernel;
  uint32_t packed_weights; /* count of int4 weights, 0: they are not packed */
  uint8_t type;            /* of the activations */
  bool bias_is_64;
};

/* The field ids that differ between the two ops' options. */
struct option_ids {
  unsigned activation, dilation_width, dilation_height;
};

struct operands {
  struct wit_operand input, filter, bias, output;
};

static struct operands get_operands(struct wit_prepare *prepare) {
  return (struct operands){
      .input = wit_input(prepare, INPUT, "input"),
      .filter = wit_input(prepare, FILTER, "filter"),
      .bias = wit_input(prepare, BIAS, "bias"),
      .output = wit_output(prepare, 0, "output"),
  };
}

static int check_types(struct wit_prepare *prepare, const struct operands *o) {
  enum wit_type type = o->input.info.type, filter = o->filter.info.type;
  bool int4 = type == WIT_INT8 && filter == WIT_INT4;
  int status = wit_require_usual_type(prepare, &o->input);
  if (!status) status = wit_require_type(prepare, &o->output, type);
  if (!status && !int4) {
    status = wit_require_type(prepare, &o->filter, type == WIT_FLOAT32 ? WIT_FLOAT32 : WIT_INT8);
  }
  if (status || !wit_is_given(&o->bias)) return status;
  if (type == WIT_INT16 && o->bias.info.type == WIT_INT64) return WIT_OK;
  return wit_require_type(prepare, &o->bias, type == WIT_FLOAT32 ? WIT_FLOAT32 : WIT_INT32);
}

static int check_ranks(struct wit_prepare *prepare, const struct operands *o) {
  int status = wit_require_rank(prepare, &o->input, 4);
  if (!status) status = wit_require_rank(prepare, &o->filter, 4);
  if (!status) status = wit_require_rank(prepare, &o->output, 4);
  if (!status && (o->filter.info.count == 0 || o->input.info.count == 0)) {
    status = wit_refuse(prepare, WIT_ERR_GRAPH, "input or filter has no elements");
  }
  return status;
}

static int check_bias(struct wit_prepare *prepare, const struct wit_operand *bias,
                      int32_t channels) {
  if (!wit_is_given(bias) || bias->info.count == (uint32_t)channels) return WIT_OK;
  return wit_refuse(prepare, WIT_ERR_GRAPH, "bias has %u values for %d channels", bias->info.count,
                    channels);
}

/* Strides, padding and the output's shape. */
static int prepare_geometry(struct wit_prepare *prepare, const struct operands *o,
                            const struct option_ids *ids, struct wit_conv *c) {
  const int32_t *in = o->input.info.shape.dim, *filter = o->filter.info.shape.dim;
  struct wit_window rows = {.input = in[1],
                            .filter = filter[1],
                            .stride = wit_option_i32(prepare, 2, 0),
                            .dilation = wit_option_i32(prepare, ids->dilation_height, 1)};
  struct wit_window columns = {.input = in[2],
                               .filter = filter[2],
                               .stride = wit_option_i32(prepare, 1, 0),
                               .dilation = wit_option_i32(prepare, ids->dilation_width, 1)};
  int32_t padding = wit_option_i8(prepare, 0, PADDING_SAME);
  int status = wit_prepare_window(prepare, padding, &rows);
  if (!status) status = wit_prepare_window(prepare, padding, &columns);
  if (status) return status;
  *c = (struct wit_conv){
      .batches = in[0],
      .input_height = in[1],
      .input_width = in[2],
      .input_depth = in[3],
      .filter_height = filter[1],
      .filter_width = filter[2],
      .filter_depth = filter[3],
      .output_height = rows.output,
      .output_width = columns.output,
      .stride_height = rows.stride,
      .stride_width = columns.stride,
      .dilation_height = rows.dilation,
      .dilation_width = columns.dilation,
      .pad_top = rows.pad_before,
      .pad_left = columns.pad_before,
      .depth_multiplier = 1,
  };
  return WIT_OK;
}

static int check_output(struct wit_prepare *prepare, const struct operands *o,
                        const struct wit_conv *c) {
  struct wit_shape expected = {
      .rank = 4, .dim = {c->batches, c->output_height, c->output_width, c->output_depth}};
  return wit_require_shape(prepare, &o->output, &expected);
}

static int prepare_numbers(struct wit_prepare *prepare, const struct operands *o,
                           int32_t activation, int32_t channel_dimension, struct conv *conv) {
  struct wit_conv *c = &conv->kernel;
  if (o->input.info.type == WIT_FLOAT32) {
    return wit_prepare_range_f32(prepare, activation, &c->output_min_f32, &c->output_max_f32);
  }
  bool wide = o->input.info.type == WIT_INT16;
  int32_t shift_max = wide ? WIT_SHIFT_MAX_WIDE : WIT_SHIFT_MAX;
  int status =
      wit_prepare_channels(prepare, &o->input, &o->filter, &o->output, channel_dimension,
                           (uint32_t)c->output_depth, shift_max, &c->multiplier, &c->shift);
  if (!status) {
    status = wit_prepare_range(prepare, activation, &o->output, &c->output_min, &c->output_max);
  }
  if (!status && wide && (o->input.info.zero_point != 0 || o->output.info.zero_point != 0)) {
    status = wit_refuse(prepare, WIT_ERR_QUANTIZATION, "int16 has a zero point other than 0");
  }
  c->input_offset = -o->input.info.zero_point;
  c->output_offset = o->output.info.zero_point;
  if (!status && o->filter.info.type == WIT_INT4) {
    conv->packed_weights = o->filter.info.count;
    status = wit_request_scratch(prepare, conv->packed_weights);
  }
  return status;
}

static int check_depth(struct wit_prepare *prepare, const struct operands *o, uint64_t products) {
  if (o->input.info.type != WIT_INT8 || products <= WIT_INT8_DEPTH_MAX) return WIT_OK;
  return wit_refuse(prepare, WIT_ERR_GRAPH, "more than 65793 products in one sum");
}

static int finish(struct wit_prepare *prepare, const struct operands *o, uint64_t products,
                  struct conv *conv) {
  conv->type = (uint8_t)o->input.info.type;
  conv->bias_is_64 = wit_is_given(&o->bias) && o->bias.info.type == WIT_INT64;
  int status = check_bias(prepare, &o->bias, conv->kernel.output_depth);
  if (!status) status = check_output(prepare, o, &conv->kernel);
  if (!status) status = check_depth(prepare, o, products);
  if (status) return status;
  return wit_add_cost(prepare, (uint64_t)o->output.info.count * products);
}

/* ---- CONV_2D --------------------------------------------------------------- */

static int check_groups(struct wit_prepare *prepare, const struct wit_conv *c) {
  if (c->input_depth % c->filter_depth == 0 &&
      c->output_depth % (c->input_depth / c->filter_depth) == 0) {
    return WIT_OK;
  }
  return wit_refuse(prepare, WIT_ERR_GRAPH,
                    "%d input channels, %d in the filter and %d output channels make no groups",
                    c->input_depth, c->filter_depth, c->output_depth);
}

/* A model without a bias says in quantized_bias_type which sums it was made
 * for; it says nothing where that is 64 bits. */
static bool sums_are_wide(struct wit_prepare *prepare, const struct wit_operand *bias) {
  enum { OPTION_QUANTIZED_BIAS_TYPE = 6 };
  if (wit_is_given(bias)) return bias->info.type == WIT_INT64;
  return wit_option_i8(prepare, OPTION_QUANTIZED_BIAS_TYPE, 0) != WIT_INT32;
}

static int prepare_conv(struct wit_prepare *prepare, void *data) {
  static const struct option_ids ids = {.activation = 3, .dilation_width = 4, .dilation_height = 5};
  struct conv *conv = data;
  struct wit_conv *c = &conv->kernel;
  struct operands o = get_operands(prepare);
  int status = check_types(prepare, &o);
  if (!status) status = check_ranks(prepare, &o);
  if (!status) status = prepare_geometry(prepare, &o, &ids, c);
  if (status) return status;
  c->output_depth = o.filter.info.shape.dim[0];
  c->wide_sum = sums_are_wide(prepare, &o.bias);
  status = check_groups(prepare, c);
  if (!status) {
    status = finish(prepare, &o, o.filter.info.count / (uint32_t)c->output_depth, conv);
  }
  if (status) return status;
  return prepare_numbers(prepare, &o, wit_option_i8(prepare, ids.activation, 0), 0, conv);
}

static int invoke_conv(const struct wit_node *node) {
  const struct conv *conv = node->data;
  const void *input = wit_node_input(node, INPUT), *bias = wit_node_input(node, BIAS);
  void *output = wit_node_output(node, 0);
  switch ((enum wit_type)conv->type) {
    case WIT_INT8:
      wit_conv_int8(&conv->kernel, input, wit_int8_weights(node, FILTER, conv->packed_weights),
                    bias, output);
      break;
    case WIT_INT16:
      wit_conv_int16(&conv->kernel, input, wit_node_input(node, FILTER),
                     conv->bias_is_64 ? NULL : bias, conv->bias_is_64 ? bias : NULL, output);
      break;
    default:
      wit_conv_f32(&conv->kernel, input, wit_node_input(node, FILTER), bias, output);
      break;
  }
  return WIT_OK;
}

const struct wit_op wit_op_conv_2d = {
    .name = "CONV_2D",
    .builtin = BUILTIN_CONV_2D,
    .options = OPTIONS_CONV_2D,
    .options_required = true,
    .input_min = 2,
    .input_max = 3,
    .output_count = 1,
    .data_size = sizeof(struct conv),
    .prepare = prepare_conv,
    .invoke = invoke_conv,
};

/* ---- DEPTHWISE_CONV_2D -------------------------------------------------------- */

static int prepare_depthwise(struct wit_prepare *prepare, void *data) {
  static const struct option_ids ids = {.activation = 4, .dilation_width = 5, .dilation_height = 6};
  struct conv *conv = data;
  struct wit_conv *c = &conv->kernel;
  struct operands o = get_operands(prepare);
  int status = check_types(prepare, &o);
  if (!status) status = check_ranks(prepare, &o);
  if (!status) status = prepare_geometry(prepare, &o, &ids, c);
  if (status) return status;
  c->output_depth = o.filter.info.shape.dim[3];
  c->depth_multiplier = wit_option_i32(prepare, 3, 0);
  if (o.filter.info.shape.dim[0] != 1 || c->depth_multiplier < 1 ||
      (int64_t)c->depth_multiplier * c->input_depth != c->output_depth) {
    return wit_refuse(prepare, WIT_ERR_GRAPH,
                      "%d input channels times multiplier %d are not the filter's %d",
                      c->input_depth, c->depth_multiplier, c->output_depth);
  }
  status = finish(prepare, &o, (uint64_t)c->filter_height * (uint64_t)c->filter_width, conv);
  if (status) return status;
  return prepare_numbers(prepare, &o, wit_option_i8(prepare, ids.activation, 0), 3, conv);
}

static int invoke_depthwise(const struct wit_node *node) {
  const struct conv *conv = node->data;
  const void *input = wit_node_input(node, INPUT), *bias = wit_node_input(node, BIAS);
  void *output = wit_node_output(node, 0);
  switch ((enum wit_type)conv->type) {
    case WIT_INT8:
      wit_depthwise_int8(&conv->kernel, input, wit_int8_weights(node, FILTER, conv->packed_weights),
                         bias, output);
      break;
    case WIT_INT16:
      wit_depthwise_int16(&conv->kernel, input, wit_node_input(node, FILTER),
                          conv->bias_is_64 ? NULL : bias, conv->bias_is_64 ? bias : NULL, output);
      break;
    default:
      wit_depthwise_f32(&conv->kernel, input, wit_node_input(node, FILTER), bias, output);
      break;
  }
  return WIT_OK;
}

const struct wit_op wit_op_depthwise_conv_2d = {
    .name = "DEPTHWISE_CONV_2D",
    .builtin = BUILTIN_DEPTHWISE_CONV_2D,
    .options = OPTIONS_DEPTHWISE_CONV_2D,
    .options_required = true,
    .input_min = 2,
    .input_max = 3,
    .output_count = 1,
    .data_size = sizeof(struct conv),
    .prepare = prepare_depthwise,
    .invoke = invoke_depthwise,
};
