/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SDK_POOL_H
#define SDK_POOL_H
/* A fixed pool for mbedTLS, which has one calloc and one free a process and no
 * word for "whose". So each client enters its pool before it calls mbedTLS and
 * leaves it afterwards: what is allocated between comes from there. Freed
 * memory goes back to the pool it lies in. First fit over an implicit list of
 * blocks, neighbours merged; mbedTLS holds a few dozen blocks at most. */
#include <stddef.h>
#include <stdint.h>

struct godwit_pool {
  struct godwit_pool *next; /* all pools in use */
  uint8_t *base;
  size_t size;
  size_t used; /* headers included */
  size_t peak;
};

/* memory may have any alignment; it belongs to the pool until deinit. */
void godwit_pool_init(struct godwit_pool *pool, void *memory, size_t size);
void godwit_pool_deinit(struct godwit_pool *pool);

/* Allocations of mbedTLS come from this pool until leave. Calls nest. Returns
 * the pool that was entered before, for leave. */
struct godwit_pool *godwit_pool_enter(struct godwit_pool *pool);
void godwit_pool_leave(struct godwit_pool *before);

/* What mbedTLS calls. Outside of any pool: see set_outside. */
void *godwit_pool_calloc(size_t count, size_t size);
void godwit_pool_free(void *memory);

/* Where another user of mbedTLS shares the process (a test's server), its
 * allocations outside of all pools go here. Without: they fail. */
void godwit_pool_set_outside(void *(*outside_calloc)(size_t, size_t), void (*outside_free)(void *));
#endif
