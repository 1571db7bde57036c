/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRAIN_POOL_H
#define TRAIN_POOL_H
/* Worker threads for work that is cut into shards. Results must not depend on
 * the number of threads: a shard writes only its own memory, and whoever adds
 * shards up does so in their order. */
#include <stddef.h>

struct pool;

/* NULL when threads cannot be made. threads 1 makes none and works in place. */
struct pool *pool_create(size_t threads);
void pool_destroy(struct pool *pool);
/* Calls work(context, shard) for every shard; returns when all are done. */
void pool_run(struct pool *pool, void (*work)(void *context, size_t shard), void *context,
              size_t shards);
#endif
