/* SPDX-License-Identifier: Apache-2.0 */
/* LOGISTIC and TANH: int8, int16, float32. The output's scale is fixed by the
 * op: 1/256 and 1/128 for int8, 1/32768 for int16. */
#include <math.h>

#include "runtime/kernels/elementwise.h"
#include "runtime/src/op.h"
#include "runtime/src/quantize.h"
#include "runtime/src/schema.h"
#include "wit/ops.h"

struct sigmoid {
  struct wit_sigmoid kernel;
  uint8_t type;
};

#define INT8_INPUT_INTEGER_BITS 4
/* The table's unit is 1/(3 * 4096); more would overflow 32 bits. */
#define INT16_MULTIPLIER_MAX 65535.0

static int prepare_int8(struct wit_prepare *prepare, const struct wit_operand *input,
                        struct wit_sigmoid *s) {
  int exponent;
  double real = (double)input->info.scale * (double)(1 << (31 - INT8_INPUT_INTEGER_BITS));
  double fraction = frexp(real, &exponent);
  if (exponent < -31 || exponent > WIT_SHIFT_MAX) {
    return wit_refuse(prepare, WIT_ERR_QUANTIZATION, "input's scale is out of range");
  }
  s->multiplier = (int32_t)round(fraction * 2147483648.0);
  s->shift = exponent;
  s->input_zero_point = input->info.zero_point;
  /* Largest input that still fits Q4. */
  double radius = 15.0 * (double)(1 << (31 - INT8_INPUT_INTEGER_BITS)) / ldexp(1.0, exponent);
  s->input_radius = radius < 512.0 ? (int32_t)floor(radius) : 512; /* beyond every int8 */
  return WIT_OK;
}

static int prepare_int16(struct wit_prepare *prepare, const struct wit_operand *input,
                         int32_t power_shift_max, struct wit_sigmoid *s) {
  if (input->info.zero_point != 0) {
    return wit_refuse(prepare, WIT_ERR_QUANTIZATION, "int16 has a zero point other than 0");
  }
  /* Scales that are 2^-12 (or, for TANH, also 2^-11) need no multiplier of
   * their own: 3 << shift is exact. */
  for (int32_t shift = 0; shift <= power_shift_max; shift++) {
    if (input->info.scale == (float)ldexp(1.0, shift - 12)) {
      s->multiplier = (int32_t)3 << shift;
      s->shift = 0;
      return WIT_OK;
    }
  }
  double multiplier = (double)input->info.scale * 4096.0 * 3.0;
  s->shift = 0;
  while (multiplier <= 32767.0 / 2.0 && s->shift <= 30) {
    s->shift++;
    multiplier *= 2.0;
  }
  if (multiplier > INT16_MULTIPLIER_MAX) {
    return wit_refuse(prepare, WIT_ERR_QUANTIZATION, "input's scale is out of range");
  }
  s->multiplier = (int32_t)multiplier;
  return WIT_OK;
}

static int prepare_sigmoid(struct wit_prepare *prepare, struct sigmoid *sigmoid,
                           float int8_output_scale, int32_t int8_output_zero_point,
                           int32_t power_shift_max) {
  struct wit_operand input = wit_input(prepare, 0, "input");
  struct wit_operand output = wit_output(prepare, 0, "output");
  int status = wit_require_type(prepare, &output, input.info.type);
  if (!status) status = wit_require_shape(prepare, &output, &input.info.shape);
  if (!status) status = wit_add_cost(prepare, (uint64_t)input.info.count * 16);
  sigmoid->type = (uint8_t)input.info.type;
  sigmoid->kernel.count = input.info.count;
  if (status || input.info.type == WIT_FLOAT32) return status;
  status = wit_require_quantized(prepare, &input);
  if (status) return status;
  switch (input.info.type) {
    case WIT_INT8:
      status =
          wit_require_quantization(prepare, &output, int8_output_scale, int8_output_zero_point);
      return status ? status : prepare_int8(prepare, &input, &sigmoid->kernel);
    case WIT_INT16:
      status = wit_require_quantization(prepare, &output, 1.0f / 32768.0f, 0);
      return status ? status : prepare_int16(prepare, &input, power_shift_max, &sigmoid->kernel);
    default:
      break;
  }
  return wit_refuse(prepare, WIT_ERR_UNSUPPORTED_TYPE, "input is %s",
                    wit_type_name((int)input.info.type));
}

static int prepare_logistic(struct wit_prepare *prepare, void *data) {
  return prepare_sigmoid(prepare, data, 1.0f / 256.0f, -128, 0);
}

static int prepare_tanh(struct wit_prepare *prepare, void *data) {
  return prepare_sigmoid(prepare, data, 1.0f / 128.0f, 0, 1);
}

static int invoke_logistic(const struct wit_node *node) {
  const struct sigmoid *s = node->data;
  const void *input = wit_node_input(node, 0);
  void *output = wit_node_output(node, 0);
  switch ((enum wit_type)s->type) {
    case WIT_INT8:
      wit_logistic_int8(&s->kernel, input, output);
      break;
    case WIT_INT16:
      wit_logistic_int16(&s->kernel, input, output);
      break;
    default:
      wit_logistic_f32(s->kernel.count, input, output);
      break;
  }
  return WIT_OK;
}

static int invoke_tanh(const struct wit_node *node) {
  const struct sigmoid *s = node->data;
  const void *input = wit_node_input(node, 0);
  void *output = wit_node_output(node, 0);
  switch ((enum wit_type)s->type) {
    case WIT_INT8:
      wit_tanh_int8(&s->kernel, input, output);
      break;
    case WIT_INT16:
      wit_tanh_int16(&s->kernel, input, output);
      break;
    default:
      wit_tanh_f32(s->kernel.count, input, output);
      break;
  }
  return WIT_OK;
}

const struct wit_op wit_op_logistic = {
    .name = "LOGISTIC",
    .builtin = BUILTIN_LOGISTIC,
    .input_min = 1,
    .input_max = 1,
    .output_count = 1,
    .data_size = sizeof(struct sigmoid),
    .prepare = prepare_logistic,
    .invoke = invoke_logistic,
};

const struct wit_op wit_op_tanh = {
    .name = "TANH",
    .builtin = BUILTIN_TANH,
    .input_min = 1,
    .input_max = 1,
    .output_count = 1,
    .data_size = sizeof(struct sigmoid),
    .prepare = prepare_tanh,
    .invoke = invoke_tanh,
};
