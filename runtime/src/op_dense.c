/* SPDX-License-Identifier: Apache-2.0 */
/* FULLY_CONNECTED: int8 (weights int8 or int4), int16 (weights int8), float32. */
#include "runtime/kernels/dense.h"
#include "runtime/src/limits.h"
#include "runtime/src/op.h"
#include "runtime/src/quantize.h"
#include "runtime/src/schema.h"
#include "runtime/src/weights.h"
#include "wit/ops.h"

enum { INPUT = 0, FILTER = 1, BIAS = 2 };
enum { OPTION_ACTIVATION = 0, OPTION_WEIGHTS_FORMAT = 1 };

struct dense {
  struct wit_dense kernel;
  uint32_t packed_weights; /* count of int4 weights, 0: they are not packed */
  uint8_t type;
  bool bias_is_64;
};

struct operands {
  struct wit_operand input, filter, bias, output;
};

static int check_types(struct wit_prepare *prepare, const struct operands *o) {
  enum wit_type type = o->input.info.type;
  bool int4 = type == WIT_INT8 && o->filter.info.type == WIT_INT4;
  int status = wit_require_usual_type(prepare, &o->input);
  if (!status) status = wit_require_type(prepare, &o->output, type);
  if (!status && !int4) {
    status = wit_require_type(prepare, &o->filter, type == WIT_FLOAT32 ? WIT_FLOAT32 : WIT_INT8);
  }
  if (!status && int4 && o->filter.info.channels > 1) {
    status = wit_refuse(prepare, WIT_ERR_UNSUPPORTED_TYPE, "int4 weights quantized per channel");
  }
  if (status || !wit_is_given(&o->bias)) return status;
  if (type == WIT_INT16 && o->bias.info.type == WIT_INT64) return WIT_OK;
  return wit_require_type(prepare, &o->bias, type == WIT_FLOAT32 ? WIT_FLOAT32 : WIT_INT32);
}

/* An int8 sum stays in 32 bits, whatever the values are. */
static int check_depth(struct wit_prepare *prepare, const struct operands *o, uint32_t depth) {
  uint32_t most = o->filter.info.zero_point ? WIT_INT8_DEPTH_OFFSET_MAX : WIT_INT8_DEPTH_MAX;
  if (o->input.info.type != WIT_INT8 || depth <= most) return WIT_OK;
  return wit_refuse(prepare, WIT_ERR_GRAPH, "more than %u products in one sum", most);
}

static int prepare_shapes(struct wit_prepare *prepare, const struct operands *o,
                          struct wit_dense *d) {
  int status = wit_require_rank(prepare, &o->filter, 2);
  if (status) return status;
  const struct wit_shape *output = &o->output.info.shape;
  d->output_depth = o->filter.info.shape.dim[0];
  d->input_depth = o->filter.info.shape.dim[1];
  if (d->output_depth < 1 || d->input_depth < 1) {
    return wit_refuse(prepare, WIT_ERR_GRAPH, "filter has no elements");
  }
  if (output->rank < 1 || output->dim[output->rank - 1] != d->output_depth) {
    return wit_refuse(prepare, WIT_ERR_GRAPH, "output's last dimension is not the filter's %d rows",
                      d->output_depth);
  }
  d->batches = (int32_t)(o->output.info.count / (uint32_t)d->output_depth);
  /* An output may declare fewer rows than the input has: the first ones count. */
  if (o->input.info.count % (uint32_t)d->input_depth != 0 ||
      o->input.info.count / (uint32_t)d->input_depth < (uint32_t)d->batches) {
    return wit_refuse(prepare, WIT_ERR_GRAPH, "input of %u values is not %d rows of %d",
                      o->input.info.count, d->batches, d->input_depth);
  }
  if (wit_is_given(&o->bias) && o->bias.info.count != (uint32_t)d->output_depth) {
    return wit_refuse(prepare, WIT_ERR_GRAPH, "bias has %u values for %d outputs",
                      o->bias.info.count, d->output_depth);
  }
  status = check_depth(prepare, o, (uint32_t)d->input_depth);
  if (status) return status;
  return wit_add_cost(prepare, (uint64_t)o->output.info.count * (uint64_t)d->input_depth);
}

static int prepare_scales(struct wit_prepare *prepare, const struct operands *o, int32_t shift_max,
                          struct wit_dense *d) {
  if (o->filter.info.channels > 1) {
    return wit_prepare_channels(prepare, &o->input, &o->filter, &o->output, 0,
                                (uint32_t)d->output_depth, shift_max, &d->channel_multiplier,
                                &d->channel_shift);
  }
  int status = wit_require_quantized(prepare, &o->input);
  if (!status) status = wit_require_quantized(prepare, &o->filter);
  if (!status) status = wit_require_quantized(prepare, &o->output);
  if (status) return status;
  d->filter_offset = -o->filter.info.zero_point;
  /* The product is one of floats: its rounding is part of the result. */
  float product = o->input.info.scale * o->filter.info.scale;
  return wit_prepare_multiplier(prepare, (double)product / (double)o->output.info.scale, shift_max,
                                &d->multiplier, &d->shift);
}

static int prepare_numbers(struct wit_prepare *prepare, const struct operands *o,
                           struct dense *dense) {
  struct wit_dense *d = &dense->kernel;
  int32_t activation = wit_option_i8(prepare, OPTION_ACTIVATION, 0);
  if (o->input.info.type == WIT_FLOAT32) {
    return wit_prepare_range_f32(prepare, activation, &d->output_min_f32, &d->output_max_f32);
  }
  bool wide = o->input.info.type == WIT_INT16;
  int status = prepare_scales(prepare, o, wide ? WIT_SHIFT_MAX_WIDE : WIT_SHIFT_MAX, d);
  if (!status) {
    status = wit_prepare_range(prepare, activation, &o->output, &d->output_min, &d->output_max);
  }
  if (!status && wide && (o->input.info.zero_point != 0 || o->output.info.zero_point != 0)) {
    status = wit_refuse(prepare, WIT_ERR_QUANTIZATION, "int16 has a zero point other than 0");
  }
  d->input_offset = -o->input.info.zero_point;
  d->output_offset = o->output.info.zero_point;
  if (!status && o->filter.info.type == WIT_INT4) {
    dense->packed_weights = o->filter.info.count;
    status = wit_request_scratch(prepare, dense->packed_weights);
  }
  return status;
}

static int prepare_dense(struct wit_prepare *prepare, void *data) {
  struct dense *dense = data;
  struct operands o = {
      .input = wit_input(prepare, INPUT, "input"),
      .filter = wit_input(prepare, FILTER, "filter"),
      .bias = wit_input(prepare, BIAS, "bias"),
      .output = wit_output(prepare, 0, "output"),
  };
  if (wit_option_i8(prepare, OPTION_WEIGHTS_FORMAT, 0) != 0) {
    return wit_refuse(prepare, WIT_ERR_UNSUPPORTED_TYPE, "shuffled weights are not supported");
  }
  dense->type = (uint8_t)o.input.info.type;
  dense->bias_is_64 = wit_is_given(&o.bias) && o.bias.info.type == WIT_INT64;
  int status = check_types(prepare, &o);
  if (!status) status = prepare_shapes(prepare, &o, &dense->kernel);
  if (!status) status = prepare_numbers(prepare, &o, dense);
  return status;
}

static int invoke_dense(const struct wit_node *node) {
  const struct dense *dense = node->data;
  const void *input = wit_node_input(node, INPUT), *bias = wit_node_input(node, BIAS);
  void *output = wit_node_output(node, 0);
  switch ((enum wit_type)dense->type) {
    case WIT_INT8:
      wit_dense_int8(&dense->kernel, input, wit_int8_weights(node, FILTER, dense->packed_weights),
                     bias, output);
      break;
    case WIT_INT16:
      wit_dense_int16(&dense->kernel, input, wit_node_input(node, FILTER),
                      dense->bias_is_64 ? NULL : bias, dense->bias_is_64 ? bias : NULL, output);
      break;
    default:
      wit_dense_f32(&dense->kernel, input, wit_node_input(node, FILTER), bias, output);
      break;
  }
  return WIT_OK;
}

const struct wit_op wit_op_fully_connected = {
    .name = "FULLY_CONNECTED",
    .builtin = BUILTIN_FULLY_CONNECTED,
    .options = OPTIONS_FULLY_CONNECTED,
    .input_min = 2,
    .input_max = 3,
    .output_count = 1,
    .data_size = sizeof(struct dense),
    .prepare = prepare_dense,
    .invoke = invoke_dense,
};
