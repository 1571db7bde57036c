/* SPDX-License-Identifier: Apache-2.0 */
#include "server/core/intern.h"
#include "tests/support/test.h"

TEST(equal_texts_have_one_number_until_the_last_holder_lets_go) {
  struct srv_intern intern = {0};
  uint32_t a = srv_intern_hold(&intern, "a"), b = srv_intern_hold(&intern, "b");
  assert_int_not_equal(a, SRV_INTERN_NONE);
  assert_int_not_equal(a, b);
  assert_int_equal(srv_intern_hold(&intern, "a"), a);
  assert_false(srv_intern_let_go(&intern, a));
  assert_int_equal(srv_intern_find(&intern, "a"), a);
  assert_true(srv_intern_let_go(&intern, a));
  assert_int_equal(srv_intern_find(&intern, "a"), SRV_INTERN_NONE);
  assert_int_equal(srv_intern_find(&intern, "b"), b);
  assert_string_equal(srv_intern_text(&intern, b), "b");
  assert_string_equal(srv_intern_text(&intern, SRV_INTERN_NONE), "");
  assert_false(srv_intern_let_go(&intern, SRV_INTERN_NONE));
  srv_intern_free(&intern);
}

TEST(nothing_is_found_in_an_empty_table) {
  struct srv_intern intern = {0};
  assert_int_equal(srv_intern_find(&intern, "a"), SRV_INTERN_NONE);
  srv_intern_free(&intern);
}

TEST(a_thousand_texts_that_come_and_go_keep_their_numbers) {
  struct srv_intern intern = {0};
  uint32_t number[1000], holders[1000] = {0};
  char text[16];
  for (int round = 0; round < 20000; round++) {
    uint32_t i = test_random() % 1000;
    snprintf(text, sizeof(text), "text %u", (unsigned)i);
    if (holders[i] == 0 || test_random() % 2 == 0) {
      uint32_t held = srv_intern_hold(&intern, text);
      if (holders[i]++ > 0) assert_int_equal(held, number[i]);
      number[i] = held;
    } else {
      assert_int_equal(srv_intern_let_go(&intern, number[i]), --holders[i] == 0);
    }
    assert_int_equal(srv_intern_find(&intern, text), holders[i] > 0 ? number[i] : SRV_INTERN_NONE);
  }
  for (uint32_t i = 0; i < 1000; i++) {
    snprintf(text, sizeof(text), "text %u", (unsigned)i);
    assert_int_equal(srv_intern_find(&intern, text), holders[i] > 0 ? number[i] : SRV_INTERN_NONE);
  }
  assert_true(intern.count <= 1001 + 1); /* free slots are used again */
  srv_intern_free(&intern);
}
