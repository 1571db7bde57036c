/* SPDX-License-Identifier: Apache-2.0 */
/* Alone in its file: who does not name wit_ops_all links only the ops of a
 * table of its own. */
#include "wit/ops.h"

static const struct wit_op *const ops[] = {
    &wit_op_add,
    &wit_op_average_pool_2d,
    &wit_op_concatenation,
    &wit_op_conv_2d,
    &wit_op_depthwise_conv_2d,
    &wit_op_dequantize,
    &wit_op_fully_connected,
    &wit_op_logistic,
    &wit_op_max_pool_2d,
    &wit_op_mean,
    &wit_op_mul,
    &wit_op_pad,
    &wit_op_quantize,
    &wit_op_relu,
    &wit_op_relu6,
    &wit_op_reshape,
    &wit_op_softmax,
    &wit_op_tanh,
};

const struct wit_op_table wit_ops_all = {ops, sizeof ops / sizeof ops[0]};
