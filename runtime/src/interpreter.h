/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_SRC_INTERPRETER_H
#define RUNTIME_SRC_INTERPRETER_H
/* What stands at the start of the arena.
 *
 *   interpreter | nodes | their tensor pointers | inputs, outputs | variables |
 *   what ops persist, copies of unaligned constants, variable tensors |
 *   activations and scratch, placed by the planner
 *
 * While preparing, the planner's entries lie where the activations will be.
 *
 * The second of two in one arena (wit_interpreter_init_beside) has its
 * persistent part, everything but the last line, at the arena's end, and its
 * activations below it. So where each stands does not depend on the other, and
 * only activations can overlap:
 *
 *   first's persistent | first's activations ...
 *                 ... second's activations | second's persistent */
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
  uint32_t arena_used;       /* persistent part and activations */
  uint32_t persistent_bytes; /* of them; a multiple of WIT_PLAN_ALIGNMENT */
  uint32_t copied_bytes;     /* of them: constants that are unaligned where the file stands */
  uint8_t *persistent;
  uint64_t cost; /* multiply-accumulates of one invoke, as the ops declare them */
};
#endif
