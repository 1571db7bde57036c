/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIT_OPS_H
#define WIT_OPS_H
/* The ops, one symbol each. A firmware that runs known models lists what they
 * need and links nothing else:
 *
 *   static const struct wit_op *const ops[] = {&wit_op_conv_2d, &wit_op_softmax};
 *   static const struct wit_op_table table = {ops, sizeof ops / sizeof ops[0]};
 *
 * wit_ops_all (wit/wit.h) lists all of them. */
#include "wit/wit.h"

/* What a table holds, for a device that tells its server (a device's firmware
 * that does not call them does not link them). The op's number in TensorFlow
 * Lite's BuiltinOperator, -1 for a custom one; and its name there, static. */
int32_t wit_op_builtin(const struct wit_op *op);
const char *wit_op_name(const struct wit_op *op);
/* The name of a BuiltinOperator, "CONV_2D", whether wit has it or not; NULL
 * beyond those it knows of. */
const char *wit_op_builtin_name(int32_t builtin);

extern const struct wit_op wit_op_add;
extern const struct wit_op wit_op_average_pool_2d;
extern const struct wit_op wit_op_concatenation;
extern const struct wit_op wit_op_conv_2d;
extern const struct wit_op wit_op_depthwise_conv_2d;
extern const struct wit_op wit_op_dequantize;
extern const struct wit_op wit_op_fully_connected;
extern const struct wit_op wit_op_logistic;
extern const struct wit_op wit_op_max_pool_2d;
extern const struct wit_op wit_op_mean;
extern const struct wit_op wit_op_mul;
extern const struct wit_op wit_op_pad;
extern const struct wit_op wit_op_quantize;
extern const struct wit_op wit_op_relu;
extern const struct wit_op wit_op_relu6;
extern const struct wit_op wit_op_reshape;
extern const struct wit_op wit_op_softmax;
extern const struct wit_op wit_op_tanh;
#endif
