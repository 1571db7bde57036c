/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/exchange.h"

#include "tests/support/test.h"
#include "wire/coap.h"

TEST(first_timeout_lies_between_two_and_three_seconds) {
  struct gw_retransmit sent;
  gw_retransmit_start(&sent, 1000, 0);
  assert_int_equal(sent.timeout_ms, 2000);
  gw_retransmit_start(&sent, 1000, UINT32_MAX);
  assert_int_equal(sent.timeout_ms, 3000);
  for (int i = 0; i < 1000; i++) {
    gw_retransmit_start(&sent, 1000, test_random());
    assert_in_range(sent.timeout_ms, 2000, 3000);
    assert_int_equal(sent.next_ms, 1000 + sent.timeout_ms);
  }
}

TEST(message_is_repeated_four_times_with_doubling_gaps_then_given_up_once) {
  static const uint64_t due_ms[] = {2000, 6000, 14000, 30000};
  struct gw_retransmit sent;
  gw_retransmit_start(&sent, 0, 0);
  for (size_t i = 0; i < 4; i++) {
    assert_int_equal(gw_retransmit_poll(&sent, due_ms[i] - 1), GW_RETRANSMIT_WAIT);
    assert_int_equal(gw_retransmit_poll(&sent, due_ms[i]), GW_RETRANSMIT_SEND);
    assert_int_equal(gw_retransmit_poll(&sent, due_ms[i]), GW_RETRANSMIT_WAIT);
  }
  assert_int_equal(sent.sent_count, 5);
  assert_int_equal(gw_retransmit_poll(&sent, 61999), GW_RETRANSMIT_WAIT);
  assert_int_equal(gw_retransmit_poll(&sent, 62000), GW_RETRANSMIT_GIVE_UP);
  assert_false(sent.active);
  assert_int_equal(gw_retransmit_poll(&sent, 1u << 30), GW_RETRANSMIT_WAIT);
}

TEST(late_poll_sends_one_copy_and_not_those_it_missed) {
  struct gw_retransmit sent;
  gw_retransmit_start(&sent, 0, 0);
  assert_int_equal(gw_retransmit_poll(&sent, 25000), GW_RETRANSMIT_SEND);
  assert_int_equal(gw_retransmit_poll(&sent, 25001), GW_RETRANSMIT_WAIT);
  assert_int_equal(gw_retransmit_poll(&sent, 28999), GW_RETRANSMIT_WAIT);
  assert_int_equal(gw_retransmit_poll(&sent, 29000), GW_RETRANSMIT_SEND);
}

TEST(stopped_message_is_never_sent_again) {
  struct gw_retransmit sent;
  gw_retransmit_start(&sent, 0, 7);
  gw_retransmit_stop(&sent);
  assert_int_equal(gw_retransmit_poll(&sent, 1u << 30), GW_RETRANSMIT_WAIT);
  struct gw_retransmit never = {0};
  assert_int_equal(gw_retransmit_poll(&never, 1u << 30), GW_RETRANSMIT_WAIT);
}

TEST(unknown_message_id_is_new_and_zero_is_an_id_like_any_other) {
  struct gw_dedup dedup = {0};
  assert_int_equal(gw_dedup_find(&dedup, 0, 0), 0);
  assert_int_equal(gw_dedup_find(&dedup, 77, 5000), 0);
  gw_dedup_remember(&dedup, 0, GW_COAP_CHANGED, 0);
  assert_int_equal(gw_dedup_find(&dedup, 0, 0), GW_COAP_CHANGED);
  assert_int_equal(gw_dedup_find(&dedup, 77, 0), 0);
}

TEST(message_id_is_remembered_for_the_exchange_lifetime_and_may_then_return) {
  static const uint64_t starts_ms[] = {0, 1, 999, 123456, 0xFFFFFFFFull * 1000 - 5000};
  for (size_t i = 0; i < sizeof starts_ms / sizeof starts_ms[0]; i++) {
    struct gw_dedup dedup = {0};
    uint64_t start_ms = starts_ms[i];
    gw_dedup_remember(&dedup, 9, GW_COAP_CHANGED, start_ms);
    /* The last copy of a message is at most MAX_TRANSMIT_SPAN + MAX_LATENCY late. */
    assert_int_equal(gw_dedup_find(&dedup, 9, start_ms + 145000), GW_COAP_CHANGED);
    assert_int_equal(gw_dedup_find(&dedup, 9, start_ms + 245999), GW_COAP_CHANGED);
    assert_int_equal(gw_dedup_find(&dedup, 9, start_ms + GW_EXCHANGE_LIFETIME_MS), 0);
    gw_dedup_remember(&dedup, 9, GW_COAP_CREATED, start_ms + GW_EXCHANGE_LIFETIME_MS);
    assert_int_equal(gw_dedup_find(&dedup, 9, start_ms + GW_EXCHANGE_LIFETIME_MS + 1000),
                     GW_COAP_CREATED);
  }
}

TEST(remembering_an_id_again_takes_no_second_place) {
  struct gw_dedup dedup = {0};
  gw_dedup_remember(&dedup, 1, GW_COAP_CHANGED, 0);
  for (int i = 0; i < 100; i++) gw_dedup_remember(&dedup, 2, GW_COAP_CHANGED, 0);
  assert_int_equal(gw_dedup_find(&dedup, 1, 0), GW_COAP_CHANGED);
}

TEST(oldest_of_more_ids_than_fit_gives_way) {
  struct gw_dedup dedup = {0};
  for (uint16_t id = 0; id <= GW_DEDUP_ENTRIES; id++) {
    gw_dedup_remember(&dedup, id, (uint8_t)(64 + id), 1000);
  }
  assert_int_equal(gw_dedup_find(&dedup, 0, 1000), 0);
  for (uint16_t id = 1; id <= GW_DEDUP_ENTRIES; id++) {
    assert_int_equal(gw_dedup_find(&dedup, id, 1000), 64 + id);
  }
}
