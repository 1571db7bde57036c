/* SPDX-License-Identifier: Apache-2.0 */
#include "pool.h"

#include <stdbool.h>
#include <string.h>

#include "mbedtls/platform.h"

/* Before each block; its size is the alignment of what follows. */
union block {
  struct {
    size_t size; /* payload bytes, a multiple of sizeof(union block) */
    bool used;
  } head;
  max_align_t align;
};

static struct godwit_pool *pools;
static struct godwit_pool *current;
static void *(*outside_calloc_fn)(size_t, size_t);
static void (*outside_free_fn)(void *);

static union block *first_block(const struct godwit_pool *pool) {
  return (union block *)(void *)pool->base;
}

static union block *end_block(const struct godwit_pool *pool) {
  return (union block *)(void *)(pool->base + pool->size);
}

static union block *next_block(union block *block) {
  return block + 1 + block->head.size / sizeof(union block);
}

static void forget(const struct godwit_pool *pool) {
  struct godwit_pool **link = &pools;
  while (*link != NULL && *link != pool) link = &(*link)->next;
  if (*link != NULL) *link = pool->next;
  if (current == pool) current = NULL;
}

void godwit_pool_init(struct godwit_pool *pool, void *memory, size_t size) {
  size_t shift = (size_t)(-(uintptr_t)memory & (sizeof(union block) - 1));
  pool->base = (uint8_t *)memory + shift;
  pool->size = (size - shift) & ~(sizeof(union block) - 1);
  pool->used = 0;
  pool->peak = 0;
  *first_block(pool) = (union block){.head = {.size = pool->size - sizeof(union block)}};
  forget(pool); /* memory may be laid out anew without a deinit */
  pool->next = pools;
  pools = pool;
  mbedtls_platform_set_calloc_free(godwit_pool_calloc, godwit_pool_free);
}

void godwit_pool_deinit(struct godwit_pool *pool) { forget(pool); }

struct godwit_pool *godwit_pool_enter(struct godwit_pool *pool) {
  struct godwit_pool *before = current;
  current = pool;
  return before;
}

void godwit_pool_leave(struct godwit_pool *before) { current = before; }

void godwit_pool_set_outside(void *(*outside_calloc)(size_t, size_t),
                             void (*outside_free)(void *)) {
  outside_calloc_fn = outside_calloc;
  outside_free_fn = outside_free;
}

static void merge_free_neighbours(const struct godwit_pool *pool, union block *block) {
  for (union block *next = next_block(block); next < end_block(pool) && !next->head.used;
       next = next_block(block)) {
    block->head.size += sizeof(union block) + next->head.size;
  }
}

static void split(union block *block, size_t size) {
  if (block->head.size < size + 2 * sizeof(union block)) return;
  size_t rest = block->head.size - size - sizeof(union block);
  block->head.size = size;
  *next_block(block) = (union block){.head = {.size = rest}};
}

static void *take(struct godwit_pool *pool, size_t size) {
  for (union block *block = first_block(pool); block < end_block(pool); block = next_block(block)) {
    if (block->head.used) continue;
    merge_free_neighbours(pool, block);
    if (block->head.size < size) continue;
    split(block, size);
    block->head.used = true;
    pool->used += sizeof(union block) + block->head.size;
    if (pool->used > pool->peak) pool->peak = pool->used;
    return block + 1;
  }
  return NULL;
}

void *godwit_pool_calloc(size_t count, size_t size) {
  if (current == NULL) return outside_calloc_fn != NULL ? outside_calloc_fn(count, size) : NULL;
  if (size != 0 && count > (current->size / size)) return NULL;
  size_t bytes = (count * size + sizeof(union block) - 1) & ~(sizeof(union block) - 1);
  void *memory = take(current, bytes);
  if (memory != NULL) memset(memory, 0, bytes);
  return memory;
}

void godwit_pool_free(void *memory) {
  if (memory == NULL) return;
  for (struct godwit_pool *pool = pools; pool != NULL; pool = pool->next) {
    uintptr_t offset = (uintptr_t)memory - (uintptr_t)pool->base;
    if (offset >= pool->size) continue;
    union block *block = (union block *)memory - 1;
    block->head.used = false;
    pool->used -= sizeof(union block) + block->head.size;
    return;
  }
  if (outside_free_fn != NULL) outside_free_fn(memory);
}
