/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_SRC_PLANNER_H
#define RUNTIME_SRC_PLANNER_H
/* Places buffers with known sizes and lifetimes so that no two that live at the
 * same time overlap: the largest first, each at the lowest offset that is free
 * for as long as it lives. Quadratic in the count, no memory of its own. */
#include <stddef.h>
#include <stdint.h>

#define WIT_PLAN_ALIGNMENT 16u

struct wit_plan_entry {
  uint32_t size;   /* bytes; 0: nothing to place */
  uint32_t offset; /* out: multiple of WIT_PLAN_ALIGNMENT */
  uint16_t first;  /* first and last operator of its life, both included */
  uint16_t last;
  uint16_t next; /* the planner's own */
  uint8_t place; /* enum wit_place, the interpreter's: only WIT_PLACE_PLANNED is placed */
  uint8_t flags; /* the interpreter's */
};

enum wit_place {
  WIT_PLACE_NONE,     /* no one has written it yet */
  WIT_PLACE_CONSTANT, /* in the model's bytes */
  WIT_PLACE_ARENA,    /* at a fixed offset: variables, aligned copies of constants */
  WIT_PLACE_PLANNED,  /* in the activations, by the planner */
  WIT_PLACE_SHARED,   /* another entry's memory; `offset` is its index */
};

/* Bytes that hold all placed entries; UINT64_MAX when over WIT_ARENA_BYTES_MAX. */
uint64_t wit_plan(struct wit_plan_entry *entries, uint32_t count);
#endif
