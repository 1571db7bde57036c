/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/micro_speech/train/pool.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct pool {
  pthread_mutex_t lock;
  pthread_cond_t work_ready, work_done;
  void (*work)(void *context, size_t shard);
  void *context;
  size_t shards, next_shard, shards_done;
  bool stopping;
  size_t thread_count;
  pthread_t thread[];
};

/* With the lock held. */
static void work_off(struct pool *pool) {
  while (pool->next_shard < pool->shards) {
    size_t shard = pool->next_shard++;
    pthread_mutex_unlock(&pool->lock);
    pool->work(pool->context, shard);
    pthread_mutex_lock(&pool->lock);
    if (++pool->shards_done == pool->shards) pthread_cond_signal(&pool->work_done);
  }
}

static void *worker(void *argument) {
  struct pool *pool = argument;
  pthread_mutex_lock(&pool->lock);
  while (!pool->stopping) {
    work_off(pool);
    pthread_cond_wait(&pool->work_ready, &pool->lock);
  }
  pthread_mutex_unlock(&pool->lock);
  return NULL;
}

struct pool *pool_create(size_t threads) {
  size_t helpers = threads > 1 ? threads - 1 : 0;
  struct pool *pool = calloc(1, sizeof *pool + helpers * sizeof(pthread_t));
  if (!pool) return NULL;
  pthread_mutex_init(&pool->lock, NULL);
  pthread_cond_init(&pool->work_ready, NULL);
  pthread_cond_init(&pool->work_done, NULL);
  for (; pool->thread_count < helpers; pool->thread_count++) {
    if (pthread_create(&pool->thread[pool->thread_count], NULL, worker, pool) != 0) {
      pool_destroy(pool);
      return NULL;
    }
  }
  return pool;
}

void pool_destroy(struct pool *pool) {
  if (!pool) return;
  pthread_mutex_lock(&pool->lock);
  pool->stopping = true;
  pthread_cond_broadcast(&pool->work_ready);
  pthread_mutex_unlock(&pool->lock);
  for (size_t i = 0; i < pool->thread_count; i++) pthread_join(pool->thread[i], NULL);
  pthread_cond_destroy(&pool->work_done);
  pthread_cond_destroy(&pool->work_ready);
  pthread_mutex_destroy(&pool->lock);
  free(pool);
}

void pool_run(struct pool *pool, void (*work)(void *context, size_t shard), void *context,
              size_t shards) {
  pthread_mutex_lock(&pool->lock);
  pool->work = work;
  pool->context = context;
  pool->shards = shards;
  pool->next_shard = pool->shards_done = 0;
  pthread_cond_broadcast(&pool->work_ready);
  work_off(pool);
  while (pool->shards_done < shards) pthread_cond_wait(&pool->work_done, &pool->lock);
  pool->shards = 0;
  pthread_mutex_unlock(&pool->lock);
}
