/* SPDX-License-Identifier: Apache-2.0 */
/* SOFTMAX over the last dimension: int8 to int8 or int16, int16, float32. */
#include <float.h>
#include <math.h>

#include "runtime/kernels/elementwise.h"
#include "runtime/src/limits.h"
#include "runtime/src/op.h"
#include "runtime/src/quantize.h"
#include "runtime/src/schema.h"
#include "wit/ops.h"

enum { OPTION_BETA = 0 };

struct softmax {
  struct wit_softmax kernel;
  uint8_t input_type, output_type;
};

#define DIFFERENCE_INTEGER_BITS 5

static int prepare_int8(struct wit_prepare *prepare, const struct wit_operand *input, float beta,
                        struct wit_softmax *s) {
  double real =
      (double)beta * (double)input->info.scale * (double)(1 << (31 - DIFFERENCE_INTEGER_BITS));
  if (real > 2147483647.0) real = 2147483647.0;
  int status = wit_prepare_multiplier(prepare, real, 31, &s->multiplier, &s->shift);
  if (status) return status;
  if (s->shift < 0) {
    return wit_refuse(prepare, WIT_ERR_QUANTIZATION, "input's scale is out of range");
  }
  /* Smallest difference that still fits Q5. */
  double radius = 31.0 * (double)(1 << (31 - DIFFERENCE_INTEGER_BITS)) / ldexp(1.0, s->shift);
  s->difference_min = radius < 512.0 ? -(int32_t)floor(radius) : -512; /* beyond every int8 */
  return WIT_OK;
}

static int prepare_int16(struct wit_prepare *prepare, const struct wit_operand *input, float beta,
                         struct wit_softmax *s) {
  /* [-10, 0] becomes [-65535, 0]. */
  double real = (double)input->info.scale * (double)beta / (10.0 / 65535.0);
  return wit_prepare_multiplier(prepare, real, 14, &s->multiplier, &s->shift);
}

static int check_output(struct wit_prepare *prepare, const struct wit_operand *input,
                        const struct wit_operand *output) {
  bool int8_in = input->info.type == WIT_INT8;
  float scale = 1.0f / 32768.0f;
  int32_t zero_point = 0;
  if (int8_in && output->info.type == WIT_INT8) {
    scale = 1.0f / 256.0f;
    zero_point = INT8_MIN;
  } else if (int8_in) {
    scale = 1.0f / 65536.0f;
    zero_point = INT16_MIN;
  }
  return wit_require_quantization(prepare, output, scale, zero_point);
}

static int prepare_shapes(struct wit_prepare *prepare, const struct wit_operand *input,
                          const struct wit_operand *output, struct wit_softmax *s) {
  const struct wit_shape *shape = &input->info.shape;
  int status = wit_require_shape(prepare, output, shape);
  if (status) return status;
  if (shape->rank < 1) return wit_refuse(prepare, WIT_ERR_GRAPH, "input is a scalar");
  s->depth = shape->dim[shape->rank - 1];
  uint32_t depth_max =
      input->info.type == WIT_INT8 ? WIT_SOFTMAX_DEPTH_INT8_MAX : WIT_SOFTMAX_DEPTH_MAX;
  if (s->depth < 1 || (uint32_t)s->depth > depth_max) {
    return wit_refuse(prepare, WIT_ERR_GRAPH, "%d values in the last dimension, over %u", s->depth,
                      depth_max);
  }
  s->rows = (int32_t)(input->info.count / (uint32_t)s->depth);
  return wit_add_cost(prepare, (uint64_t)input->info.count * 32);
}

static int prepare_softmax(struct wit_prepare *prepare, void *data) {
  struct softmax *softmax = data;
  struct wit_operand input = wit_input(prepare, 0, "input");
  struct wit_operand output = wit_output(prepare, 0, "output");
  enum wit_type type = input.info.type;
  softmax->input_type = (uint8_t)type;
  softmax->output_type = (uint8_t)output.info.type;
  int status = wit_require_usual_type(prepare, &input);
  if (!status && (type != WIT_INT8 || output.info.type != WIT_INT16)) {
    status = wit_require_type(prepare, &output, type);
  }
  float beta = wit_option_f32(prepare, OPTION_BETA, 0.0f);
  if (!status && !(beta > 0.0f && beta <= FLT_MAX)) {
    status = wit_refuse(prepare, WIT_ERR_GRAPH, "beta is not a positive number");
  }
  if (!status) status = prepare_shapes(prepare, &input, &output, &softmax->kernel);
  softmax->kernel.beta = beta;
  if (status || type == WIT_FLOAT32) return status;
  status = wit_require_quantized(prepare, &input);
  if (!status) status = check_output(prepare, &input, &output);
  if (status) return status;
  return type == WIT_INT8 ? prepare_int8(prepare, &input, beta, &softmax->kernel)
                          : prepare_int16(prepare, &input, beta, &softmax->kernel);
}

static int invoke_softmax(const struct wit_node *node) {
  const struct softmax *softmax = node->data;
  const void *input = wit_node_input(node, 0);
  void *output = wit_node_output(node, 0);
  if (softmax->input_type == WIT_FLOAT32) {
    wit_softmax_f32(&softmax->kernel, input, output);
  } else if (softmax->input_type == WIT_INT16) {
    wit_softmax_int16(&softmax->kernel, input, output);
  } else if (softmax->output_type == WIT_INT16) {
    wit_softmax_int8_int16(&softmax->kernel, input, output);
  } else {
    wit_softmax_int8(&softmax->kernel, input, output);
  }
  return WIT_OK;
}

const struct wit_op wit_op_softmax = {
    .name = "SOFTMAX",
    .builtin = BUILTIN_SOFTMAX,
    .options = OPTIONS_SOFTMAX,
    .options_required = true,
    .input_min = 1,
    .input_max = 1,
    .output_count = 1,
    .data_size = sizeof(struct softmax),
    .prepare = prepare_softmax,
    .invoke = invoke_softmax,
};
