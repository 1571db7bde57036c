/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_SRC_PREPARE_H
#define RUNTIME_SRC_PREPARE_H
/* The state behind op.h's functions for prepare; interpreter.c owns it. */
#include "runtime/src/op.h"
#include "runtime/src/planner.h"

struct wit_prepare {
  const struct wit_model *model;
  struct wit_subgraph graph;
  struct wit_error *error;

  uint8_t *arena; /* NULL while measuring */
  uint64_t used;  /* bytes of the arena's persistent part so far */

  struct wit_plan_entry *entries; /* one a tensor, then one a scratch request */
  uint32_t entry_count;
  uint32_t entry_max;
  bool entries_full;

  uint64_t cost;
  uint32_t channels;

  /* The operator at hand. */
  uint32_t op_index;
  const struct wit_op *op;
  struct wit_operator_info operator;
  uint32_t scratch;         /* its entry, 0: none */
  struct wit_reader reader; /* of its options */
};

/* The entry whose memory tensor `index` has. */
struct wit_plan_entry *wit_prepare_entry(struct wit_prepare *prepare, uint32_t index);
#endif
