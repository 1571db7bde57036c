/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "sdk/src/pool.h"
#include "tests/support/test.h"

#define POOL_BYTES 4096u

static _Alignas(16) uint8_t memory[POOL_BYTES];
static struct godwit_pool pool;

TEST(nothing_is_given_outside_of_a_pool) {
  godwit_pool_init(&pool, memory, sizeof memory);
  assert_null(godwit_pool_calloc(1, 16));
  godwit_pool_enter(&pool);
  assert_non_null(godwit_pool_calloc(1, 16));
  godwit_pool_leave(NULL);
  assert_null(godwit_pool_calloc(1, 16));
}

TEST(memory_comes_zeroed_and_aligned) {
  memset(memory, 0xEE, sizeof memory);
  godwit_pool_init(&pool, memory + 3, sizeof memory - 3);
  godwit_pool_enter(&pool);
  for (size_t size = 1; size < 100; size += 13) {
    uint8_t *block = godwit_pool_calloc(size, 1);
    assert_non_null(block);
    assert_int_equal((uintptr_t)block % _Alignof(max_align_t), 0);
    for (size_t i = 0; i < size; i++) assert_int_equal(block[i], 0);
    memset(block, 0xEE, size);
  }
}

TEST(a_product_that_overflows_is_refused) {
  godwit_pool_init(&pool, memory, sizeof memory);
  godwit_pool_enter(&pool);
  assert_null(godwit_pool_calloc((size_t)-1, 16));
  assert_null(godwit_pool_calloc((size_t)-1 / 16 + 2, 16));
  assert_null(godwit_pool_calloc(1, POOL_BYTES));
  assert_non_null(godwit_pool_calloc(1, POOL_BYTES / 2));
}

TEST(neighbours_that_were_freed_in_any_order_are_one_block_again) {
  godwit_pool_init(&pool, memory, sizeof memory);
  godwit_pool_enter(&pool);
  for (int round = 0; round < 6; round++) {
    void *a = godwit_pool_calloc(1, 1000);
    void *b = godwit_pool_calloc(1, 1000);
    void *c = godwit_pool_calloc(1, 1000);
    assert_non_null(a);
    assert_non_null(b);
    assert_non_null(c);
    void *order[6][3] = {{a, b, c}, {a, c, b}, {b, a, c}, {b, c, a}, {c, a, b}, {c, b, a}};
    for (int i = 0; i < 3; i++) godwit_pool_free(order[round][i]);
    assert_int_equal(pool.used, 0);
    void *whole = godwit_pool_calloc(1, 3800);
    assert_non_null(whole);
    godwit_pool_free(whole);
  }
}

TEST(blocks_never_overlap_whatever_the_order) {
  godwit_pool_init(&pool, memory, sizeof memory);
  godwit_pool_enter(&pool);
  struct {
    uint8_t *data;
    size_t size;
    uint8_t mark;
  } held[16] = {{0}};
  for (int step = 0; step < 20000; step++) {
    size_t i = test_random() % 16;
    for (size_t at = 0; at < held[i].size; at++) assert_int_equal(held[i].data[at], held[i].mark);
    godwit_pool_free(held[i].data);
    held[i].size = test_random() % 500;
    held[i].data = godwit_pool_calloc(1, held[i].size);
    if (held[i].data == NULL) held[i].size = 0;
    held[i].mark = (uint8_t)test_random();
    if (held[i].size > 0) memset(held[i].data, held[i].mark, held[i].size);
  }
  for (size_t i = 0; i < 16; i++) godwit_pool_free(held[i].data);
  assert_int_equal(pool.used, 0);
  assert_true(pool.peak > POOL_BYTES / 2 && pool.peak <= POOL_BYTES);
}

TEST(memory_goes_back_to_the_pool_it_came_from) {
  static _Alignas(16) uint8_t other_memory[POOL_BYTES];
  struct godwit_pool other;
  godwit_pool_init(&pool, memory, sizeof memory);
  godwit_pool_init(&other, other_memory, sizeof other_memory);
  godwit_pool_enter(&other);
  void *block = godwit_pool_calloc(1, 100);
  godwit_pool_enter(&pool);
  godwit_pool_free(block);
  godwit_pool_leave(NULL);
  assert_int_equal(other.used, 0);
  assert_int_equal(pool.used, 0);
  godwit_pool_deinit(&other);
  godwit_pool_deinit(&pool);
}
