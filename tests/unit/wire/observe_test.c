/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/observe.h"

#include "tests/support/test.h"

TEST(next_value_is_newer_and_the_same_or_an_earlier_one_is_not) {
  assert_true(gw_observe_is_newer(5, 0, 6, 0));
  assert_false(gw_observe_is_newer(5, 0, 5, 0));
  assert_false(gw_observe_is_newer(6, 0, 5, 0));
}

TEST(values_wrap_around_at_24_bits) {
  assert_true(gw_observe_is_newer(GW_OBSERVE_MASK, 0, 0, 0));
  assert_false(gw_observe_is_newer(0, 0, GW_OBSERVE_MASK, 0));
  assert_true(gw_observe_is_newer(0xFFFFF0, 0, 0x10, 0));
}

TEST(half_the_range_decides_and_its_middle_is_not_newer) { /* RFC 7641 3.4 */
  assert_true(gw_observe_is_newer(0, 0, (1u << 23) - 1, 0));
  assert_false(gw_observe_is_newer(0, 0, 1u << 23, 0));
  assert_false(gw_observe_is_newer(0, 0, (1u << 23) + 1, 0));
  assert_false(gw_observe_is_newer(1u << 23, 0, 0, 0));
  assert_true(gw_observe_is_newer((1u << 23) + 1, 0, 0, 0));
}

TEST(anything_is_newer_after_128_seconds) {
  assert_false(gw_observe_is_newer(9, 1000, 3, 129000));
  assert_true(gw_observe_is_newer(9, 1000, 3, 129001));
  assert_true(gw_observe_is_newer(9, 1000, 9, 1u << 30));
  assert_false(gw_observe_is_newer(9, 1u << 30, 3, 1000)); /* time runs forward only */
}

TEST(rule_agrees_with_the_two_conditions_of_the_rfc) {
  for (int round = 0; round < 100000; round++) {
    uint32_t a = test_random() & GW_OBSERVE_MASK;
    uint32_t b = test_random() & GW_OBSERVE_MASK;
    bool newer = (a < b && b - a < (1u << 23)) || (a > b && a - b > (1u << 23));
    assert_int_equal(gw_observe_is_newer(a, 0, b, 0), newer);
  }
}
