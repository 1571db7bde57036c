/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_SRC_INTERPRETER_H
#define RUNTIME_SRC_INTERPRETER_H
/* What stands at the start of the arena.
 *
 *   interpreter | nodes | their tensor pointers | inputs, outputs | variables |
 *   what ops persist, copies of unaligned constants, variable tensors |
 *   activations and scratch, placed by the planner
 *
 * While preparing, the planner's entries lie where the activations will be. */
#include "runtime/src/op.h"
#include "wit/wit.h"

struct wit_variable {
  void *data;
  uint32_t size_bytes;
  uint8_t fill;
};

struct wit_interpreter {
  struct wit_node *node;
  struct wit_tensor *input;
  struct wit_tensor *output;
  struct wit_variable *variable;
  uint32_t node_count;
  uint16_t input_count;
  uint16_t output_count;
  uint32_t variable_count;
  uint32_t arena_used;
  uint64_t cost; /* multiply-accumulates of one invoke, as the ops declare them */
};
#endif
