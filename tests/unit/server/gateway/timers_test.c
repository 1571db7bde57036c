/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "server/gateway/timers.h"
#include "tests/support/test.h"

TEST(timers_come_out_in_order_whatever_was_set_moved_and_cleared) {
  enum { COUNT = 500 };
  static struct timer timer[COUNT];
  struct timers timers = {.heap = NULL};
  assert_true(timers_reserve(&timers, COUNT));
  for (int round = 0; round < 5000; round++) {
    struct timer *t = &timer[test_random() % COUNT];
    switch (test_random() % 4) {
      case 0:
        timers_clear(&timers, t);
        break;
      case 1:
        timers_set(&timers, t, TIMER_NEVER);
        break;
      default:
        timers_set(&timers, t, test_random() % 1000);
        break;
    }
  }
  size_t count = timers.count;
  uint64_t last = 0;
  for (struct timer *t; (t = timers_first(&timers)) != NULL; count--) {
    assert_true(t->due_ms >= last);
    last = t->due_ms;
    timers_clear(&timers, t);
    assert_int_equal(0, t->position);
  }
  assert_int_equal(0, count);
  for (int i = 0; i < COUNT; i++) assert_int_equal(0, timer[i].position);
  timers_free(&timers);
}
