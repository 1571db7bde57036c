/* SPDX-License-Identifier: Apache-2.0 */
/* ADD and MUL: int8, int16, int32, float32, with broadcasting. */
#include "runtime/kernels/elementwise.h"
#include "runtime/src/op.h"
#include "runtime/src/quantize.h"
#include "runtime/src/schema.h"
#include "wit/ops.h"

enum { OPTION_ACTIVATION = 0 };

struct binary {
  struct wit_binary kernel;
  uint8_t type;
};

struct operands {
  struct wit_operand a, b, output;
};

/* Dimension `d` of the output's rank, counted as if 1s stood in front. */
static int32_t dimension(const struct wit_shape *shape, int32_t rank, int32_t d) {
  int32_t own = d - (rank - shape->rank);
  return own < 0 ? 1 : shape->dim[own];
}

static void strides_of(const struct wit_shape *shape, int32_t rank, int32_t *stride) {
  int32_t step = 1;
  for (int32_t d = rank - 1; d >= 0; d--) {
    int32_t dim = dimension(shape, rank, d);
    stride[d] = dim == 1 ? 0 : step;
    step *= dim;
  }
}

static int prepare_broadcast(struct wit_prepare *prepare, const struct operands *o,
                             struct wit_binary *op) {
  const struct wit_shape *a = &o->a.info.shape, *b = &o->b.info.shape;
  struct wit_shape expected = {.rank = a->rank > b->rank ? a->rank : b->rank};
  for (int32_t d = 0; d < expected.rank; d++) {
    int32_t x = dimension(a, expected.rank, d), y = dimension(b, expected.rank, d);
    if (x != y && x != 1 && y != 1) {
      return wit_refuse(prepare, WIT_ERR_GRAPH, "dimensions %d and %d do not broadcast", x, y);
    }
    expected.dim[d] = x == 1 ? y : x;
  }
  int status = wit_require_shape(prepare, &o->output, &expected);
  if (status) return status;
  op->count = o->output.info.count;
  if (wit_same_shape(a, b) || (o->a.info.count == 1 && o->b.info.count == 1)) return WIT_OK;
  struct wit_broadcast broadcast = {.rank = expected.rank};
  for (int32_t d = 0; d < expected.rank; d++) broadcast.dim[d] = expected.dim[d];
  strides_of(a, expected.rank, broadcast.stride_a);
  strides_of(b, expected.rank, broadcast.stride_b);
  struct wit_broadcast *kept = wit_persist(prepare, sizeof *kept, _Alignof(struct wit_broadcast));
  if (kept) *kept = broadcast;
  op->broadcast = kept;
  return WIT_OK;
}

static int get_operands(struct wit_prepare *prepare, struct operands *o) {
  *o = (struct operands){
      .a = wit_input(prepare, 0, "input 0"),
      .b = wit_input(prepare, 1, "input 1"),
      .output = wit_output(prepare, 0, "output"),
  };
  enum wit_type type = o->a.info.type;
  if (type != WIT_INT8 && type != WIT_INT16 && type != WIT_INT32 && type != WIT_FLOAT32) {
    return wit_refuse(prepare, WIT_ERR_UNSUPPORTED_TYPE, "input 0 is %s", wit_type_name((int)type));
  }
  int status = wit_require_type(prepare, &o->b, type);
  if (!status) status = wit_require_type(prepare, &o->output, type);
  return status;
}

static int prepare_quantized(struct wit_prepare *prepare, const struct operands *o,
                             int32_t activation, struct wit_binary *op) {
  int status = wit_require_quantized(prepare, &o->a);
  if (!status) status = wit_require_quantized(prepare, &o->b);
  if (!status) status = wit_require_quantized(prepare, &o->output);
  if (!status && o->a.info.type == WIT_INT16 &&
      (o->a.info.zero_point || o->b.info.zero_point || o->output.info.zero_point)) {
    status = wit_refuse(prepare, WIT_ERR_QUANTIZATION, "int16 has a zero point other than 0");
  }
  op->a_offset = -o->a.info.zero_point;
  op->b_offset = -o->b.info.zero_point;
  op->output_offset = o->output.info.zero_point;
  if (status) return status;
  return wit_prepare_range(prepare, activation, &o->output, &op->output_min, &op->output_max);
}

/* Both inputs are brought to twice the larger scale, so that neither factor
 * exceeds 1/2 and the sum fits. */
static int prepare_add_scales(struct wit_prepare *prepare, const struct operands *o,
                              struct wit_binary *op) {
  op->left_shift = o->a.info.type == WIT_INT16 ? 15 : 20;
  double a = (double)o->a.info.scale, b = (double)o->b.info.scale;
  double common = 2.0 * (a > b ? a : b);
  double output = (double)((int32_t)1 << op->left_shift) * (double)o->output.info.scale;
  int status = wit_prepare_multiplier(prepare, a / common, 0, &op->a_multiplier, &op->a_shift);
  if (!status) {
    status = wit_prepare_multiplier(prepare, b / common, 0, &op->b_multiplier, &op->b_shift);
  }
  if (!status) {
    status = wit_prepare_multiplier(prepare, common / output, 0, &op->output_multiplier,
                                    &op->output_shift);
  }
  return status;
}

static int prepare_mul_scales(struct wit_prepare *prepare, const struct operands *o,
                              struct wit_binary *op) {
  double real = (double)o->a.info.scale * (double)o->b.info.scale / (double)o->output.info.scale;
  return wit_prepare_multiplier(prepare, real, WIT_SHIFT_MAX, &op->output_multiplier,
                                &op->output_shift);
}

static int prepare_binary(struct wit_prepare *prepare, struct binary *binary,
                          int (*prepare_scales)(struct wit_prepare *, const struct operands *,
                                                struct wit_binary *)) {
  struct wit_binary *op = &binary->kernel;
  struct operands o;
  int status = get_operands(prepare, &o);
  if (!status) status = prepare_broadcast(prepare, &o, op);
  if (!status) status = wit_add_cost(prepare, o.output.info.count);
  if (status) return status;
  binary->type = (uint8_t)o.a.info.type;
  int32_t activation = wit_option_i8(prepare, OPTION_ACTIVATION, 0);
  if (o.a.info.type == WIT_FLOAT32) {
    return wit_prepare_range_f32(prepare, activation, &op->output_min_f32, &op->output_max_f32);
  }
  if (o.a.info.type == WIT_INT32) {
    /* The reference's int32 ADD ignores its activation, MUL does not. */
    if (prepare_scales == prepare_add_scales) activation = ACTIVATION_NONE;
    return wit_prepare_range_i32(prepare, activation, &op->output_min, &op->output_max);
  }
  status = prepare_quantized(prepare, &o, activation, op);
  if (!status) status = prepare_scales(prepare, &o, op);
  return status;
}

static int prepare_add(struct wit_prepare *prepare, void *data) {
  return prepare_binary(prepare, data, prepare_add_scales);
}

static int prepare_mul(struct wit_prepare *prepare, void *data) {
  return prepare_binary(prepare, data, prepare_mul_scales);
}

static int invoke_add(const struct wit_node *node) {
  const struct binary *binary = node->data;
  const struct wit_binary *op = &binary->kernel;
  const void *a = wit_node_input(node, 0), *b = wit_node_input(node, 1);
  void *output = wit_node_output(node, 0);
  switch ((enum wit_type)binary->type) {
    case WIT_INT8:
      wit_add_int8(op, a, b, output);
      break;
    case WIT_INT16:
      wit_add_int16(op, a, b, output);
      break;
    case WIT_INT32:
      wit_add_int32(op, a, b, output);
      break;
    default:
      wit_add_f32(op, a, b, output);
      break;
  }
  return WIT_OK;
}

static int invoke_mul(const struct wit_node *node) {
  const struct binary *binary = node->data;
  const struct wit_binary *op = &binary->kernel;
  const void *a = wit_node_input(node, 0), *b = wit_node_input(node, 1);
  void *output = wit_node_output(node, 0);
  switch ((enum wit_type)binary->type) {
    case WIT_INT8:
      wit_mul_int8(op, a, b, output);
      break;
    case WIT_INT16:
      wit_mul_int16(op, a, b, output);
      break;
    case WIT_INT32:
      wit_mul_int32(op, a, b, output);
      break;
    default:
      wit_mul_f32(op, a, b, output);
      break;
  }
  return WIT_OK;
}

const struct wit_op wit_op_add = {
    .name = "ADD",
    .builtin = BUILTIN_ADD,
    .options = OPTIONS_ADD,
    .input_min = 2,
    .input_max = 2,
    .output_count = 1,
    .data_size = sizeof(struct binary),
    .prepare = prepare_add,
    .invoke = invoke_add,
};

const struct wit_op wit_op_mul = {
    .name = "MUL",
    .builtin = BUILTIN_MUL,
    .options = OPTIONS_MUL,
    .input_min = 2,
    .input_max = 2,
    .output_count = 1,
    .data_size = sizeof(struct binary),
    .prepare = prepare_mul,
    .invoke = invoke_mul,
};
