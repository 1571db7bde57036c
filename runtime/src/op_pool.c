/* SPDX-License-Identifier: Apache-2.0 */
/* AVERAGE_POOL_2D and MAX_POOL_2D: int8, int16, float32. */
#include "runtime/kernels/pool.h"
#include "runtime/src/limits.h"
#include "runtime/src/op.h"
#include "runtime/src/quantize.h"
#include "runtime/src/schema.h"
#include "runtime/src/window.h"
#include "wit/ops.h"

enum {
  OPTION_PADDING,
  OPTION_STRIDE_W,
  OPTION_STRIDE_H,
  OPTION_FILTER_W,
  OPTION_FILTER_H,
  OPTION_ACTIVATION
};

struct pool {
  struct wit_pool kernel;
  uint8_t type;
};

static int prepare_range(struct wit_prepare *prepare, const struct wit_operand *input,
                         const struct wit_operand *output, struct wit_pool *p) {
  int32_t activation = wit_option_i8(prepare, OPTION_ACTIVATION, 0);
  if (input->info.type == WIT_FLOAT32) {
    return wit_prepare_range_f32(prepare, activation, &p->output_min_f32, &p->output_max_f32);
  }
  int status = wit_require_quantized(prepare, input);
  if (!status) status = wit_require_quantized(prepare, output);
  if (!status && !wit_same_quantization(input, output)) {
    status = wit_refuse(prepare, WIT_ERR_QUANTIZATION, "input and output differ in scale");
  }
  if (!status) {
    status = wit_prepare_range(prepare, activation, output, &p->output_min, &p->output_max);
  }
  return status;
}

static int prepare_geometry(struct wit_prepare *prepare, const struct wit_operand *input,
                            const struct wit_operand *output, struct wit_pool *p) {
  int status = wit_require_rank(prepare, input, 4);
  if (status) return status;
  const int32_t *in = input->info.shape.dim;
  struct wit_window rows = {.input = in[1],
                            .filter = wit_option_i32(prepare, OPTION_FILTER_H, 0),
                            .stride = wit_option_i32(prepare, OPTION_STRIDE_H, 0),
                            .dilation = 1};
  struct wit_window columns = {.input = in[2],
                               .filter = wit_option_i32(prepare, OPTION_FILTER_W, 0),
                               .stride = wit_option_i32(prepare, OPTION_STRIDE_W, 0),
                               .dilation = 1};
  int32_t padding = wit_option_i8(prepare, OPTION_PADDING, PADDING_SAME);
  status = wit_prepare_window(prepare, padding, &rows);
  if (!status) status = wit_prepare_window(prepare, padding, &columns);
  if (status) return status;
  *p = (struct wit_pool){
      .batches = in[0],
      .depth = in[3],
      .input_height = in[1],
      .input_width = in[2],
      .output_height = rows.output,
      .output_width = columns.output,
      .filter_height = rows.filter,
      .filter_width = columns.filter,
      .stride_height = rows.stride,
      .stride_width = columns.stride,
      .pad_top = rows.pad_before,
      .pad_left = columns.pad_before,
  };
  struct wit_shape expected = {.rank = 4, .dim = {in[0], rows.output, columns.output, in[3]}};
  return wit_require_shape(prepare, output, &expected);
}

/* The part of the filter that can lie over the input. */
static uint64_t products(const struct wit_pool *p) {
  int32_t rows = p->filter_height < p->input_height ? p->filter_height : p->input_height;
  int32_t columns = p->filter_width < p->input_width ? p->filter_width : p->input_width;
  return (uint64_t)rows * (uint64_t)columns;
}

static int prepare_pool(struct wit_prepare *prepare, void *data) {
  struct pool *pool = data;
  struct wit_operand input = wit_input(prepare, 0, "input");
  struct wit_operand output = wit_output(prepare, 0, "output");
  enum wit_type type = input.info.type;
  pool->type = (uint8_t)type;
  int status = wit_require_usual_type(prepare, &input);
  if (!status) status = wit_require_type(prepare, &output, type);
  if (!status) status = prepare_geometry(prepare, &input, &output, &pool->kernel);
  if (!status) status = prepare_range(prepare, &input, &output, &pool->kernel);
  if (!status && products(&pool->kernel) > WIT_POOL_WINDOW_MAX) {
    status = wit_refuse(prepare, WIT_ERR_GRAPH, "more than 65535 values in one window");
  }
  if (!status) {
    status = wit_add_cost(prepare, (uint64_t)output.info.count * products(&pool->kernel));
  }
  return status;
}

static int invoke_average(const struct wit_node *node) {
  const struct pool *pool = node->data;
  const void *input = wit_node_input(node, 0);
  void *output = wit_node_output(node, 0);
  switch ((enum wit_type)pool->type) {
    case WIT_INT8:
      wit_average_pool_int8(&pool->kernel, input, output);
      break;
    case WIT_INT16:
      wit_average_pool_int16(&pool->kernel, input, output);
      break;
    default:
      wit_average_pool_f32(&pool->kernel, input, output);
      break;
  }
  return WIT_OK;
}

static int invoke_max(const struct wit_node *node) {
  const struct pool *pool = node->data;
  const void *input = wit_node_input(node, 0);
  void *output = wit_node_output(node, 0);
  switch ((enum wit_type)pool->type) {
    case WIT_INT8:
      wit_max_pool_int8(&pool->kernel, input, output);
      break;
    case WIT_INT16:
      wit_max_pool_int16(&pool->kernel, input, output);
      break;
    default:
      wit_max_pool_f32(&pool->kernel, input, output);
      break;
  }
  return WIT_OK;
}

const struct wit_op wit_op_average_pool_2d = {
    .name = "AVERAGE_POOL_2D",
    .builtin = BUILTIN_AVERAGE_POOL_2D,
    .options = OPTIONS_POOL_2D,
    .options_required = true,
    .input_min = 1,
    .input_max = 1,
    .output_count = 1,
    .data_size = sizeof(struct pool),
    .prepare = prepare_pool,
    .invoke = invoke_average,
};

const struct wit_op wit_op_max_pool_2d = {
    .name = "MAX_POOL_2D",
    .builtin = BUILTIN_MAX_POOL_2D,
    .options = OPTIONS_POOL_2D,
    .options_required = true,
    .input_min = 1,
    .input_max = 1,
    .output_count = 1,
    .data_size = sizeof(struct pool),
    .prepare = prepare_pool,
    .invoke = invoke_max,
};
