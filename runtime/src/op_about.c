/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/src/op.h"
#include "runtime/src/schema.h"
#include "wit/ops.h"

int32_t wit_op_builtin(const struct wit_op *op) {
  return op->builtin == BUILTIN_CUSTOM ? -1 : op->builtin;
}

const char *wit_op_name(const struct wit_op *op) { return op->name; }
