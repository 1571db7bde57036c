/* SPDX-License-Identifier: Apache-2.0 */
/* MEAN over constant axes: int8, int16, float32. */
#include "runtime/kernels/reduce.h"
#include "runtime/src/limits.h"
#include "runtime/src/op.h"
#include "runtime/src/quantize.h"
#include "runtime/src/schema.h"
#include "wit/ops.h"

struct reduce {
  struct wit_reduce kernel;
  uint8_t type;
};

/* Bit d: dimension d is summed. An axis may be listed twice. */
static int read_axes(struct wit_prepare *prepare, const struct wit_operand *axes, int32_t rank,
                     uint32_t *summed) {
  if (axes->info.type != WIT_INT32) {
    return wit_refuse(prepare, WIT_ERR_UNSUPPORTED_TYPE, "axes are %s",
                      wit_type_name((int)axes->info.type));
  }
  if (axes->info.count > WIT_REDUCE_RANK || (axes->info.count > 0 && !axes->info.constant)) {
    return wit_refuse(prepare, WIT_ERR_GRAPH, "axes are not a constant of up to 8 values");
  }
  *summed = 0;
  for (uint32_t i = 0; i < axes->info.count; i++) {
    int32_t axis = wit_constant_i32(axes, i);
    if (axis < -rank || axis >= rank) {
      return wit_refuse(prepare, WIT_ERR_GRAPH, "axis %d of %d dimensions", axis, rank);
    }
    *summed |= 1u << (axis < 0 ? axis + rank : axis);
  }
  return WIT_OK;
}

/* Sorts the dimensions into the kernel's two lists; the output's shape follows. */
static void split_dimensions(const struct wit_shape *shape, uint32_t summed, bool keep,
                             struct wit_reduce *op, struct wit_shape *output) {
  int32_t stride[WIT_RANK_MAX], step = 1, count = 0;
  for (int32_t d = shape->rank - 1; d >= 0; d--) {
    stride[d] = step;
    step *= shape->dim[d];
  }
  op->summed_count = 1;
  for (int pass = 0; pass < 2; pass++) {
    for (int32_t d = 0; d < shape->rank; d++) {
      bool is_summed = summed >> d & 1;
      if (pass == 0 && (!is_summed || keep)) {
        output->dim[output->rank++] = is_summed ? 1 : shape->dim[d];
      }
      if (is_summed != (pass == 1)) continue;
      op->dim[count] = shape->dim[d];
      op->stride[count++] = stride[d];
      if (is_summed) {
        op->summed_count *= shape->dim[d];
        op->summed_rank++;
      } else {
        op->kept_rank++;
      }
    }
  }
}

/* The factor input scale / output scale / count: the count's reciprocal is cut,
 * not rounded, in as many bits as there is room for. */
static int prepare_scales(struct wit_prepare *prepare, const struct wit_operand *input,
                          const struct wit_operand *output, struct wit_reduce *op) {
  int status = wit_require_quantized(prepare, input);
  if (!status) status = wit_require_quantized(prepare, output);
  if (status) return status;
  double real = (double)input->info.scale / (double)output->info.scale;
  status = wit_prepare_multiplier(prepare, real, WIT_SHIFT_MAX, &op->multiplier, &op->shift);
  if (status) return status;
  int32_t extra = 0;
  while (op->summed_count >> extra > 1) extra++;
  if (extra > 31 + op->shift) extra = 31 + op->shift;
  op->multiplier = (int32_t)(((int64_t)op->multiplier << extra) / op->summed_count);
  op->shift -= extra;
  op->input_zero_point = input->info.zero_point;
  op->output_zero_point = output->info.zero_point;
  return WIT_OK;
}

static int prepare_mean(struct wit_prepare *prepare, void *data) {
  enum { OPTION_KEEP_DIMS = 0 };
  struct reduce *reduce = data;
  struct wit_reduce *op = &reduce->kernel;
  struct wit_operand input = wit_input(prepare, 0, "input");
  struct wit_operand axes = wit_input(prepare, 1, "axes");
  struct wit_operand output = wit_output(prepare, 0, "output");
  enum wit_type type = input.info.type;
  reduce->type = (uint8_t)type;
  uint32_t summed = 0;
  int status = wit_require_usual_type(prepare, &input);
  if (!status) status = wit_require_type(prepare, &output, type);
  if (!status) status = read_axes(prepare, &axes, input.info.shape.rank, &summed);
  if (status) return status;
  if (input.info.count == 0) return wit_refuse(prepare, WIT_ERR_GRAPH, "input has no elements");
  struct wit_shape expected = {0};
  split_dimensions(&input.info.shape, summed, wit_option_bool(prepare, OPTION_KEEP_DIMS), op,
                   &expected);
  op->output_count = (int32_t)output.info.count;
  status = wit_require_shape(prepare, &output, &expected);
  if (!status && type != WIT_FLOAT32) status = prepare_scales(prepare, &input, &output, op);
  if (!status) status = wit_add_cost(prepare, (uint64_t)input.info.count * 4);
  return status;
}

static int invoke_mean(const struct wit_node *node) {
  const struct reduce *reduce = node->data;
  const void *input = wit_node_input(node, 0);
  void *output = wit_node_output(node, 0);
  switch ((enum wit_type)reduce->type) {
    case WIT_INT8:
      wit_mean_int8(&reduce->kernel, input, output);
      break;
    case WIT_INT16:
      wit_mean_int16(&reduce->kernel, input, output);
      break;
    default:
      wit_mean_f32(&reduce->kernel, input, output);
      break;
  }
  return WIT_OK;
}

const struct wit_op wit_op_mean = {
    .name = "MEAN",
    .builtin = BUILTIN_MEAN,
    .options = OPTIONS_REDUCER,
    .input_min = 2,
    .input_max = 2,
    .output_count = 1,
    .data_size = sizeof(struct reduce),
    .prepare = prepare_mean,
    .invoke = invoke_mean,
};
