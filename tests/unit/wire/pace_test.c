/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/pace.h"

#include <string.h>

#include "tests/support/test.h"

#define WINDOW_MAX 16u

static struct gw_pace pace;
static uint32_t now_ms;
static uint16_t next_id;

static void begin(void) {
  now_ms = UINT32_MAX - test_random() % 100000; /* the clock's low bits begin anew */
  next_id = (uint16_t)test_random();
  gw_pace_init(&pace, test_random());
  gw_pace_begin(&pace, WINDOW_MAX, now_ms);
}

/* One round trip: the window is sent, and all of it but the first `lost` answered
 * after rtt_ms. */
static void round_trip(uint32_t rtt_ms, unsigned lost) {
  uint16_t first = next_id;
  unsigned window = pace.window;
  next_id = (uint16_t)(next_id + window);
  now_ms += rtt_ms;
  for (unsigned i = 0; i < lost; i++) gw_pace_lost(&pace);
  for (unsigned i = lost; i < window; i++) {
    gw_pace_answered(&pace, rtt_ms, (uint16_t)(first + i), next_id, now_ms);
    assert_false(gw_pace_may_send(&pace, pace.window, now_ms)); /* it is filled again */
  }
}

static void open_window(void) {
  for (int i = 0; i < 12; i++) round_trip(500, 0);
  assert_int_equal(pace.window, WINDOW_MAX);
}

TEST(two_may_be_sent_before_anything_is_known_and_no_third) {
  begin();
  assert_true(gw_pace_may_send(&pace, 0, now_ms));
  gw_pace_sent(&pace);
  assert_true(gw_pace_may_send(&pace, 1, now_ms));
  gw_pace_sent(&pace);
  assert_false(gw_pace_may_send(&pace, 2, now_ms));
  assert_true(gw_pace_wait_ms(&pace, 2, now_ms) == UINT32_MAX);
  assert_in_range(gw_pace_timeout_ms(&pace), 4000, 6000);
}

TEST(the_window_doubles_with_each_round_trip_until_it_is_as_large_as_wished) {
  begin();
  unsigned expected = 2;
  for (int i = 0; i < 8; i++) {
    round_trip(500, 0);
    unsigned grown = expected * 2 < WINDOW_MAX ? expected * 2 : WINDOW_MAX;
    /* The first answer of all comes before it is known that the window is full. */
    assert_in_range(pace.window, i == 0 ? grown - 1 : grown, grown);
    expected = pace.window;
  }
  assert_int_equal(pace.window, WINDOW_MAX);
}

TEST(a_window_that_is_not_used_does_not_grow) {
  begin();
  for (uint16_t id = 0; id < 100; id++) {
    gw_pace_answered(&pace, 100, id, (uint16_t)(id + 1), now_ms += 100);
  }
  assert_int_equal(pace.window, GW_PACE_WINDOW_FIRST);
}

TEST(losses_without_a_queue_say_nothing) {
  begin();
  open_window();
  for (int i = 0; i < 100; i++) round_trip(500, 6);
  assert_int_equal(pace.window, WINDOW_MAX);
}

TEST(more_than_half_lost_is_too_much_whatever_the_round_trip) {
  begin();
  open_window();
  for (int i = 0; i < 2; i++) round_trip(500, 9); /* rounds overlap by one answer */
  assert_int_equal(pace.window, 12);
}

TEST(a_loss_beside_a_queue_brings_the_window_to_what_the_link_holds) {
  begin();
  open_window();
  for (int i = 0; i < 2; i++) round_trip(1000, 1); /* twice the shortest: half of it waits */
  assert_int_equal(pace.window, 8);
  for (int i = 0; i < 10; i++) round_trip(500, 0);
  assert_int_equal(pace.window, 8); /* and stays a while */
}

TEST(a_queue_that_grows_brings_the_window_down_before_anything_is_lost) {
  begin();
  open_window();
  for (int i = 0; i < 20; i++) round_trip(500 * pace.window / 4, 0); /* the link holds four */
  assert_in_range(pace.window, 4, 7);
}

TEST(short_delays_are_no_queue) {
  begin();
  for (int i = 0; i < 100; i++) round_trip(2 + test_random() % 10, 0);
  assert_int_equal(pace.window, WINDOW_MAX);
}

TEST(a_way_that_becomes_longer_is_found_out) {
  begin();
  open_window();
  for (int i = 0; i < 150; i++) round_trip(2000, 0);
  assert_int_equal(pace.window, WINDOW_MAX);
}

TEST(silence_brings_the_window_to_two_and_time_outs_up) {
  begin();
  open_window();
  uint32_t first_ms = gw_pace_timeout_ms(&pace), before_ms = first_ms;
  assert_in_range(first_ms, 500, 999);
  for (int i = 0; i < 3; i++) {
    gw_pace_silent(&pace);
    assert_int_equal(pace.window, GW_PACE_WINDOW_FIRST);
    uint32_t factor10 = before_ms < 1000 ? 30 : before_ms < 3000 ? 20 : 15;
    assert_int_equal(gw_pace_timeout_ms(&pace), before_ms * factor10 / 10);
    before_ms = gw_pace_timeout_ms(&pace);
  }
  round_trip(500, 0);
  assert_in_range(gw_pace_timeout_ms(&pace), 500, 999);
}

TEST(an_answer_that_comes_after_all_makes_time_outs_longer) {
  begin();
  open_window();
  uint32_t before_ms = gw_pace_timeout_ms(&pace);
  gw_pace_late(&pace);
  assert_int_equal(gw_pace_timeout_ms(&pace), 2 * before_ms);
}

TEST(behind_a_pause_no_more_than_a_burst_is_sent) {
  begin();
  open_window();
  now_ms += 100000;
  unsigned sent = 0;
  while (sent < 100 && gw_pace_may_send(&pace, 0, now_ms)) {
    gw_pace_sent(&pace);
    sent++;
  }
  assert_int_equal(sent, GW_PACE_BURST);
  assert_in_range(gw_pace_wait_ms(&pace, 0, now_ms), 1, 500 / WINDOW_MAX + 1);
}

TEST(when_it_says_that_a_block_may_be_sent_it_may) {
  begin();
  for (int i = 0; i < 20000; i++) {
    unsigned in_flight = test_random() % (WINDOW_MAX + 2);
    uint32_t choice = test_random() % 16;
    if (choice < 6) {
      gw_pace_answered(&pace, test_random() % (1u << (test_random() % 20)), next_id,
                       (uint16_t)(next_id + test_random() % WINDOW_MAX), now_ms);
      next_id++;
    }
    if (choice == 6) gw_pace_lost(&pace);
    if (choice == 7) gw_pace_silent(&pace);
    if (choice == 8) gw_pace_late(&pace);
    now_ms += test_random() % (1u << (test_random() % 18));
    bool may = gw_pace_may_send(&pace, in_flight, now_ms);
    uint32_t wait_ms = gw_pace_wait_ms(&pace, in_flight, now_ms);
    assert_true(may == (wait_ms == 0));
    if (!may && wait_ms != UINT32_MAX) {
      assert_in_range(wait_ms, 1, 1u << 20);
      assert_true(gw_pace_may_send(&pace, in_flight, now_ms += wait_ms));
    }
    if (may && test_random() % 2) gw_pace_sent(&pace);
    assert_in_range(pace.window, 1, WINDOW_MAX);
    assert_in_range(gw_pace_timeout_ms(&pace), 200, 32000);
  }
}
