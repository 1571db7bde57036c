/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/src/planner.h"

#include <stdbool.h>

#include "tests/support/test.h"

static struct wit_plan_entry buffer(uint32_t size, uint16_t first, uint16_t last) {
  return (struct wit_plan_entry){
      .size = size, .first = first, .last = last, .place = WIT_PLACE_PLANNED};
}

static bool collide(const struct wit_plan_entry *a, const struct wit_plan_entry *b) {
  bool in_time = a->first <= b->last && b->first <= a->last;
  bool in_space = a->offset < b->offset + b->size && b->offset < a->offset + a->size;
  return in_time && in_space;
}

TEST(a_chain_takes_its_largest_neighbours) {
  struct wit_plan_entry e[] = {buffer(160, 0, 0), buffer(320, 0, 1), buffer(400, 1, 2),
                               buffer(80, 2, 3)};
  assert_int_equal(wit_plan(e, 4), 720);
}

TEST(no_two_buffers_that_live_together_overlap) {
  for (int round = 0; round < 300; round++) {
    struct wit_plan_entry e[60];
    uint32_t count = test_random() % 60 + 1, largest = 0;
    for (uint32_t i = 0; i < count; i++) {
      uint16_t first = (uint16_t)(test_random() % 20);
      e[i] = buffer(test_random() % 500 + 1, first, (uint16_t)(first + test_random() % 8));
      if (e[i].size > largest) largest = e[i].size;
    }
    uint64_t total = wit_plan(e, count);
    assert_true(total >= largest);
    for (uint32_t i = 0; i < count; i++) {
      assert_int_equal(e[i].offset % WIT_PLAN_ALIGNMENT, 0);
      assert_true(e[i].offset + e[i].size <= total);
      for (uint32_t k = 0; k < i; k++) assert_false(collide(&e[i], &e[k]));
    }
  }
}

TEST(what_is_not_planned_takes_no_room) {
  struct wit_plan_entry e[] = {buffer(100, 0, 5), buffer(7000, 0, 5), buffer(0, 0, 5)};
  e[1].place = WIT_PLACE_CONSTANT;
  assert_int_equal(wit_plan(e, 3), 112);
}

TEST(a_plan_over_two_gigabytes_is_refused) {
  struct wit_plan_entry e[] = {buffer(0x7fffffff, 0, 1), buffer(0x7fffffff, 0, 1)};
  assert_true(wit_plan(e, 2) == UINT64_MAX);
}
