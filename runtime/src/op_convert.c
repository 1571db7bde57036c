/* SPDX-License-Identifier: Apache-2.0 */
/* QUANTIZE, DEQUANTIZE, RELU and RELU6. */
#include <math.h>

#include "runtime/kernels/convert.h"
#include "runtime/src/op.h"
#include "runtime/src/quantize.h"
#include "runtime/src/schema.h"
#include "wit/ops.h"

static int check_shapes(struct wit_prepare *prepare, const struct wit_operand *input,
                        const struct wit_operand *output, struct wit_convert *op) {
  op->count = input->info.count;
  op->input_type = input->info.type;
  op->output_type = output->info.type;
  op->input_zero_point = input->info.zero_point;
  op->output_zero_point = output->info.zero_point;
  int status = wit_require_shape(prepare, output, &input->info.shape);
  if (!status) status = wit_add_cost(prepare, input->info.count);
  return status;
}

static int refuse_types(struct wit_prepare *prepare, const struct wit_operand *input,
                        const struct wit_operand *output) {
  return wit_refuse(prepare, WIT_ERR_UNSUPPORTED_TYPE, "%s to %s is not supported",
                    wit_type_name((int)input->info.type), wit_type_name((int)output->info.type));
}

/* ---- QUANTIZE -------------------------------------------------------------------- */

static int prepare_quantize(struct wit_prepare *prepare, void *data) {
  struct wit_convert *op = data;
  struct wit_operand input = wit_input(prepare, 0, "input");
  struct wit_operand output = wit_output(prepare, 0, "output");
  int status = check_shapes(prepare, &input, &output, op);
  if (!status) status = wit_require_quantized(prepare, &output);
  if (status) return status;
  enum wit_type in = input.info.type, out = output.info.type;
  bool known_out = out == WIT_INT8 || out == WIT_INT16 || out == WIT_INT32 || out == WIT_UINT8;
  bool known_in = in == WIT_INT8 || in == WIT_INT16 || in == WIT_INT32 || in == WIT_UINT8;
  wit_type_range(out, &op->output_min, &op->output_max);
  if (in == WIT_FLOAT32 && known_out && out != WIT_INT32) {
    op->scale = output.info.scale;
    return WIT_OK;
  }
  if (!known_in || !known_out) return refuse_types(prepare, &input, &output);
  status = wit_require_quantized(prepare, &input);
  if (status) return status;
  return wit_prepare_multiplier(prepare, (double)input.info.scale / (double)output.info.scale,
                                WIT_SHIFT_MAX, &op->multiplier, &op->shift);
}

static int invoke_quantize(const struct wit_node *node) {
  const struct wit_convert *op = node->data;
  if (op->input_type == WIT_FLOAT32) {
    wit_quantize_f32(op, wit_node_input(node, 0), wit_node_output(node, 0));
  } else {
    wit_requantize(op, wit_node_input(node, 0), wit_node_output(node, 0));
  }
  return WIT_OK;
}

const struct wit_op wit_op_quantize = {
    .name = "QUANTIZE",
    .builtin = BUILTIN_QUANTIZE,
    .options = OPTIONS_QUANTIZE,
    .input_min = 1,
    .input_max = 1,
    .output_count = 1,
    .data_size = sizeof(struct wit_convert),
    .prepare = prepare_quantize,
    .invoke = invoke_quantize,
};

/* ---- DEQUANTIZE ------------------------------------------------------------------- */

static int prepare_dequantize(struct wit_prepare *prepare, void *data) {
  struct wit_convert *op = data;
  struct wit_operand input = wit_input(prepare, 0, "input");
  struct wit_operand output = wit_output(prepare, 0, "output");
  enum wit_type in = input.info.type;
  if (output.info.type != WIT_FLOAT32 || (in != WIT_INT8 && in != WIT_INT16 && in != WIT_UINT8)) {
    return refuse_types(prepare, &input, &output);
  }
  int status = wit_require_quantized(prepare, &input);
  op->scale = input.info.scale;
  return status ? status : check_shapes(prepare, &input, &output, op);
}

static int invoke_dequantize(const struct wit_node *node) {
  wit_dequantize_f32(node->data, wit_node_input(node, 0), wit_node_output(node, 0));
  return WIT_OK;
}

const struct wit_op wit_op_dequantize = {
    .name = "DEQUANTIZE",
    .builtin = BUILTIN_DEQUANTIZE,
    .options = OPTIONS_DEQUANTIZE,
    .input_min = 1,
    .input_max = 1,
    .output_count = 1,
    .data_size = sizeof(struct wit_convert),
    .prepare = prepare_dequantize,
    .invoke = invoke_dequantize,
};

/* ---- RELU, RELU6 -------------------------------------------------------------------- */

static int prepare_relu_types(struct wit_prepare *prepare, const struct wit_operand *input,
                              const struct wit_operand *output, struct wit_convert *op) {
  enum wit_type type = input->info.type;
  if (output->info.type != type || (type != WIT_INT8 && type != WIT_INT16 && type != WIT_FLOAT32)) {
    return refuse_types(prepare, input, output);
  }
  int status = check_shapes(prepare, input, output, op);
  if (status || type == WIT_FLOAT32) return status;
  status = wit_require_quantized(prepare, input);
  return status ? status : wit_require_quantized(prepare, output);
}

static int prepare_relu(struct wit_prepare *prepare, void *data) {
  struct wit_convert *op = data;
  struct wit_operand input = wit_input(prepare, 0, "input");
  struct wit_operand output = wit_output(prepare, 0, "output");
  int status = prepare_relu_types(prepare, &input, &output, op);
  op->output_max_f32 = INFINITY;
  if (status || input.info.type == WIT_FLOAT32) return status;
  wit_type_range(output.info.type, &op->output_min, &op->output_max);
  if (op->output_zero_point > op->output_min) op->output_min = op->output_zero_point;
  /* The quotient is one of floats: its rounding is part of the result. */
  float factor = input.info.scale / output.info.scale;
  return wit_prepare_multiplier(prepare, (double)factor, WIT_SHIFT_MAX, &op->multiplier,
                                &op->shift);
}

static int invoke_relu(const struct wit_node *node) {
  const struct wit_convert *op = node->data;
  if (op->input_type == WIT_FLOAT32) {
    wit_clamp_f32(op, wit_node_input(node, 0), wit_node_output(node, 0));
  } else {
    wit_requantize(op, wit_node_input(node, 0), wit_node_output(node, 0));
  }
  return WIT_OK;
}

/* Stays in the input's scale, whatever the output declares. */
static int prepare_relu6(struct wit_prepare *prepare, void *data) {
  struct wit_convert *op = data;
  struct wit_operand input = wit_input(prepare, 0, "input");
  struct wit_operand output = wit_output(prepare, 0, "output");
  int status = prepare_relu_types(prepare, &input, &output, op);
  op->output_max_f32 = 6.0f;
  if (status || input.info.type == WIT_FLOAT32) return status;
  return wit_prepare_range(prepare, ACTIVATION_RELU6, &input, &op->output_min, &op->output_max);
}

static int invoke_relu6(const struct wit_node *node) {
  const struct wit_convert *op = node->data;
  if (op->input_type == WIT_FLOAT32) {
    wit_clamp_f32(op, wit_node_input(node, 0), wit_node_output(node, 0));
  } else {
    wit_clamp_integers(op, wit_node_input(node, 0), wit_node_output(node, 0));
  }
  return WIT_OK;
}

const struct wit_op wit_op_relu = {
    .name = "RELU",
    .builtin = BUILTIN_RELU,
    .input_min = 1,
    .input_max = 1,
    .output_count = 1,
    .data_size = sizeof(struct wit_convert),
    .prepare = prepare_relu,
    .invoke = invoke_relu,
};

const struct wit_op wit_op_relu6 = {
    .name = "RELU6",
    .builtin = BUILTIN_RELU6,
    .input_min = 1,
    .input_max = 1,
    .output_count = 1,
    .data_size = sizeof(struct wit_convert),
    .prepare = prepare_relu6,
    .invoke = invoke_relu6,
};
