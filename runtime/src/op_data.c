/* SPDX-License-Identifier: Apache-2.0 */
/* RESHAPE, CONCATENATION, PAD: elements move, of any type that has a size. */
#include <string.h>

#include "runtime/kernels/data.h"
#include "runtime/src/op.h"
#include "runtime/src/schema.h"
#include "wit/ops.h"

/* ---- RESHAPE ------------------------------------------------------------------ */

struct reshape {
  uint32_t size_bytes;
};

/* The wanted shape: the second input where it is given, else the option; false
 * where neither says anything before run time. */
static bool wanted_shape(struct wit_prepare *prepare, struct wit_shape *shape) {
  enum { OPTION_NEW_SHAPE = 0 };
  struct wit_operand tensor = wit_input(prepare, 1, "shape");
  if (wit_is_given(&tensor)) {
    if (tensor.info.type != WIT_INT32 || tensor.info.count > WIT_RANK_MAX) return false;
    if (tensor.info.count > 0 && !tensor.info.constant) return false;
    shape->rank = (int32_t)tensor.info.count;
    for (int32_t i = 0; i < shape->rank; i++)
      shape->dim[i] = wit_constant_i32(&tensor, (uint32_t)i);
    return true;
  }
  int rank = wit_option_list(prepare, OPTION_NEW_SHAPE, shape->dim, WIT_RANK_MAX);
  shape->rank = rank;
  return rank >= 0;
}

/* Each dimension of the output is the wanted one; one may be wanted as -1. */
static int check_wanted(struct wit_prepare *prepare, const struct wit_shape *wanted,
                        const struct wit_operand *output) {
  int status = wit_require_rank(prepare, output, wanted->rank);
  int32_t unknown = 0;
  for (int32_t i = 0; !status && i < wanted->rank; i++) {
    if (wanted->dim[i] == -1) {
      unknown++;
    } else if (wanted->dim[i] != output->info.shape.dim[i]) {
      status = wit_refuse(prepare, WIT_ERR_GRAPH, "output has %d in dimension %d, not %d",
                          output->info.shape.dim[i], i, wanted->dim[i]);
    }
  }
  if (!status && unknown > 1) {
    status = wit_refuse(prepare, WIT_ERR_GRAPH, "the shape has more than one -1");
  }
  return status;
}

static int prepare_reshape(struct wit_prepare *prepare, void *data) {
  struct reshape *reshape = data;
  struct wit_operand input = wit_input(prepare, 0, "input");
  struct wit_operand output = wit_output(prepare, 0, "output");
  int status = wit_require_type(prepare, &output, input.info.type);
  if (!status && input.info.count != output.info.count) {
    status = wit_refuse(prepare, WIT_ERR_GRAPH, "input has %u elements, output %u",
                        input.info.count, output.info.count);
  }
  struct wit_shape wanted = {0};
  if (!status && wanted_shape(prepare, &wanted)) status = check_wanted(prepare, &wanted, &output);
  if (status) return status;
  reshape->size_bytes = input.info.size_bytes;
  wit_share_memory(prepare);
  return wit_add_cost(prepare, input.info.count);
}

static int invoke_reshape(const struct wit_node *node) {
  const struct reshape *reshape = node->data;
  const void *input = wit_node_input(node, 0);
  void *output = wit_node_output(node, 0);
  if (input != output) memcpy(output, input, reshape->size_bytes);
  return WIT_OK;
}

const struct wit_op wit_op_reshape = {
    .name = "RESHAPE",
    .builtin = BUILTIN_RESHAPE,
    .options = OPTIONS_RESHAPE,
    .input_min = 1,
    .input_max = 2,
    .output_count = 1,
    .data_size = sizeof(struct reshape),
    .prepare = prepare_reshape,
    .invoke = invoke_reshape,
};

/* ---- CONCATENATION --------------------------------------------------------------- */

#define CONCATENATION_INPUTS_MAX 64

static int check_concatenated(struct wit_prepare *prepare, const struct wit_operand *input,
                              const struct wit_operand *output, int32_t axis) {
  int status = wit_require_type(prepare, input, output->info.type);
  if (!status) status = wit_require_rank(prepare, input, output->info.shape.rank);
  for (int32_t d = 0; !status && d < output->info.shape.rank; d++) {
    if (d == axis || input->info.shape.dim[d] == output->info.shape.dim[d]) continue;
    status = wit_refuse(prepare, WIT_ERR_GRAPH, "an input has %d in dimension %d, the output %d",
                        input->info.shape.dim[d], d, output->info.shape.dim[d]);
  }
  bool quantized = output->info.type == WIT_INT8 || output->info.type == WIT_INT16;
  if (!status && quantized && !wit_same_quantization(input, output)) {
    status = wit_refuse(prepare, WIT_ERR_QUANTIZATION, "an input differs from the output in scale");
  }
  return status;
}

static int prepare_concatenation(struct wit_prepare *prepare, void *data) {
  enum { OPTION_AXIS = 0, OPTION_ACTIVATION = 1 };
  struct wit_concatenation *op = data;
  struct wit_operand output = wit_output(prepare, 0, "output");
  const struct wit_shape *shape = &output.info.shape;
  unsigned bits = wit_type_bits((int)output.info.type);
  int32_t axis = wit_option_i32(prepare, OPTION_AXIS, 0);
  if (bits < 8) {
    return wit_refuse(prepare, WIT_ERR_UNSUPPORTED_TYPE, "output is %s",
                      wit_type_name((int)output.info.type));
  }
  if (axis < -shape->rank || axis >= shape->rank) {
    return wit_refuse(prepare, WIT_ERR_GRAPH, "axis %d of %d dimensions", axis, shape->rank);
  }
  if (wit_option_i8(prepare, OPTION_ACTIVATION, 0) != 0) {
    return wit_refuse(prepare, WIT_ERR_UNSUPPORTED_TYPE, "a fused activation is not supported");
  }
  if (axis < 0) axis += shape->rank;
  op->input_count = wit_input_count(prepare);
  op->outer = 1;
  for (int32_t d = 0; d < axis; d++) op->outer *= (uint32_t)shape->dim[d];
  uint32_t *block = wit_persist(prepare, op->input_count * sizeof *block, sizeof *block);
  op->block = block;
  int64_t extent = 0;
  for (uint32_t i = 0; i < op->input_count; i++) {
    struct wit_operand input = wit_input(prepare, i, "an input");
    int status = check_concatenated(prepare, &input, &output, axis);
    if (status) return status;
    extent += input.info.shape.dim[axis];
    if (block) block[i] = input.info.size_bytes / op->outer;
  }
  if (extent != shape->dim[axis]) {
    return wit_refuse(prepare, WIT_ERR_GRAPH, "output has %d along the axis, the inputs do not",
                      shape->dim[axis]);
  }
  return wit_add_cost(prepare, output.info.count);
}

static int invoke_concatenation(const struct wit_node *node) {
  wit_concatenate(node->data, node->tensor, wit_node_output(node, 0));
  return WIT_OK;
}

const struct wit_op wit_op_concatenation = {
    .name = "CONCATENATION",
    .builtin = BUILTIN_CONCATENATION,
    .options = OPTIONS_CONCATENATION,
    .options_required = true,
    .input_min = 1,
    .input_max = CONCATENATION_INPUTS_MAX,
    .output_count = 1,
    .data_size = sizeof(struct wit_concatenation),
    .prepare = prepare_concatenation,
    .invoke = invoke_concatenation,
};

/* ---- PAD ---------------------------------------------------------------------------- */

static int prepare_padded(struct wit_prepare *prepare, const struct wit_operand *input,
                          const struct wit_operand *paddings, const struct wit_operand *output,
                          struct wit_pad *pad) {
  pad->rank = input->info.shape.rank;
  for (int32_t d = 0; d < pad->rank; d++) {
    int32_t before = wit_constant_i32(paddings, (uint32_t)(2 * d));
    int32_t after = wit_constant_i32(paddings, (uint32_t)(2 * d + 1));
    int32_t extent = input->info.shape.dim[d];
    if (before < 0 || after < 0) {
      return wit_refuse(prepare, WIT_ERR_GRAPH, "a padding of dimension %d is negative", d);
    }
    if ((int64_t)extent + before + after != output->info.shape.dim[d]) {
      return wit_refuse(prepare, WIT_ERR_GRAPH, "output has %d in dimension %d: %d + %d + %d",
                        output->info.shape.dim[d], d, before, extent, after);
    }
    pad->input_dim[d] = extent;
    pad->output_dim[d] = output->info.shape.dim[d];
    pad->before[d] = before;
  }
  return WIT_OK;
}

static int prepare_pad(struct wit_prepare *prepare, void *data) {
  struct wit_pad *pad = data;
  struct wit_operand input = wit_input(prepare, 0, "input");
  struct wit_operand paddings = wit_input(prepare, 1, "paddings");
  struct wit_operand output = wit_output(prepare, 0, "output");
  unsigned bits = wit_type_bits((int)input.info.type);
  int32_t rank = input.info.shape.rank;
  if (bits < 8) {
    return wit_refuse(prepare, WIT_ERR_UNSUPPORTED_TYPE, "input is %s",
                      wit_type_name((int)input.info.type));
  }
  int status = wit_require_type(prepare, &output, input.info.type);
  if (!status) status = wit_require_rank(prepare, &output, rank);
  if (status) return status;
  if (paddings.info.type != WIT_INT32 && paddings.info.type != WIT_INT64) {
    return wit_refuse(prepare, WIT_ERR_UNSUPPORTED_TYPE, "paddings are %s",
                      wit_type_name((int)paddings.info.type));
  }
  if (rank < 1 || !paddings.info.constant || paddings.info.count != 2 * (uint32_t)rank ||
      input.info.count == 0) {
    return wit_refuse(prepare, WIT_ERR_GRAPH, "paddings are not a constant of %d pairs", rank);
  }
  status = prepare_padded(prepare, &input, &paddings, &output, pad);
  if (status) return status;
  pad->element_size = bits / 8;
  pad->output_count = output.info.count;
  if (input.info.channels > 0) {
    if (!wit_same_quantization(&input, &output)) {
      return wit_refuse(prepare, WIT_ERR_QUANTIZATION, "input and output differ in scale");
    }
    /* Wider types are not quantised, whatever the file says of them. */
    if (bits <= 16) pad->value = output.info.zero_point;
  }
  return wit_add_cost(prepare, output.info.count);
}

static int invoke_pad(const struct wit_node *node) {
  wit_pad(node->data, wit_node_input(node, 0), wit_node_output(node, 0));
  return WIT_OK;
}

const struct wit_op wit_op_pad = {
    .name = "PAD",
    .builtin = BUILTIN_PAD,
    .options = OPTIONS_PAD,
    .input_min = 2,
    .input_max = 2,
    .output_count = 1,
    .data_size = sizeof(struct wit_pad),
    .prepare = prepare_pad,
    .invoke = invoke_pad,
};
