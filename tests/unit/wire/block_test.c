/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/block.h"

#include "tests/support/test.h"

static struct gw_block block(uint32_t num, bool more, uint8_t szx) {
  return (struct gw_block){.num = num, .more = more, .szx = szx};
}

/* ---- The option ---- */

TEST(reserved_szx_seven_and_values_above_24_bits_are_malformed) {
  struct gw_block out;
  assert_int_equal(gw_block_decode(7, &out), GW_ERR_MALFORMED);
  assert_int_equal(gw_block_decode(0x1F, &out), GW_ERR_MALFORMED);
  assert_int_equal(gw_block_decode(0x1000006, &out), GW_ERR_MALFORMED);
  assert_int_equal(gw_block_decode(UINT32_MAX, &out), GW_ERR_MALFORMED);
}

TEST(option_value_holds_num_more_and_szx) {
  struct gw_block out;
  assert_int_equal(gw_block_decode(0, &out), GW_OK);
  assert_int_equal(out.num, 0);
  assert_false(out.more);
  assert_int_equal(gw_block_size(out), 16);
  assert_int_equal(gw_block_decode(0x2E, &out), GW_OK);
  assert_int_equal(out.num, 2);
  assert_true(out.more);
  assert_int_equal(gw_block_size(out), 1024);
  assert_int_equal(gw_block_offset(out), 2048);
  assert_int_equal(gw_block_decode(0xFFFFFE, &out), GW_OK);
  assert_int_equal(out.num, GW_BLOCK_NUM_MAX);
  assert_int_equal(gw_block_offset(out), 1073740800); /* 1 GiB less one block */
}

TEST(every_legal_option_value_survives_a_round_trip) {
  for (uint32_t value = 0; value <= 0xFFFFFF; value++) {
    struct gw_block out;
    int status = gw_block_decode(value, &out);
    if ((value & 7) == 7) assert_int_equal(status, GW_ERR_MALFORMED);
    if ((value & 7) != 7 && gw_block_encode(out) != value) fail_msg("value %06x", (unsigned)value);
  }
}

/* ---- Server, Block2 ---- */

TEST(slice_past_the_end_is_out_of_order) {
  struct gw_block_slice slice;
  assert_int_equal(gw_block2_slice(block(1, false, 6), 1024, &slice), GW_ERR_ORDER);
  assert_int_equal(gw_block2_slice(block(1, false, 6), 0, &slice), GW_ERR_ORDER);
  assert_int_equal(gw_block2_slice(block(GW_BLOCK_NUM_MAX, false, 6), 5000, &slice), GW_ERR_ORDER);
  assert_int_equal(gw_block2_slice(block(0, false, 7), 10, &slice), GW_ERR_MALFORMED);
  assert_int_equal(gw_block2_slice(block(GW_BLOCK_NUM_MAX + 1, false, 0), 10, &slice),
                   GW_ERR_MALFORMED);
}

TEST(slice_of_more_than_the_numbers_reach_is_too_long) {
  struct gw_block_slice slice;
  uint64_t largest = (uint64_t)(GW_BLOCK_NUM_MAX + 1) * 16;
  assert_int_equal(gw_block2_slice(block(0, false, 0), largest, &slice), GW_OK);
  assert_int_equal(gw_block2_slice(block(0, false, 0), largest + 1, &slice), GW_ERR_TOO_LONG);
  assert_int_equal(gw_block2_slice(block(GW_BLOCK_NUM_MAX, false, 6), 1ull << 30, &slice), GW_OK);
  assert_false(slice.block.more);
  assert_int_equal(slice.size, 1024);
  assert_int_equal(gw_block2_slice(block(0, false, 6), (1ull << 30) + 1, &slice), GW_ERR_TOO_LONG);
}

TEST(empty_representation_has_one_empty_block) {
  struct gw_block_slice slice;
  assert_int_equal(gw_block2_slice(block(0, false, 6), 0, &slice), GW_OK);
  assert_int_equal(slice.size, 0);
  assert_false(slice.block.more);
}

TEST(slices_have_the_size_that_was_asked_for_at_every_szx) { /* rule 4: never shrink */
  for (uint8_t szx = 0; szx <= GW_BLOCK_SZX_MAX; szx++) {
    uint32_t size = 16u << szx;
    for (uint64_t total = 1; total < 5000; total += 7) {
      uint32_t count = (uint32_t)((total + size - 1) / size);
      for (uint32_t num = 0; num < count; num++) {
        struct gw_block_slice slice;
        assert_int_equal(gw_block2_slice(block(num, false, szx), total, &slice), GW_OK);
        bool last = num + 1 == count;
        if (slice.block.szx != szx || slice.block.num != num || slice.block.more == last ||
            slice.offset != (uint64_t)num * size ||
            slice.size != (last ? total - (uint64_t)num * size : size)) {
          fail_msg("szx %u, total %u, num %u", szx, (unsigned)total, num);
        }
      }
    }
  }
}

TEST(more_flag_of_a_request_is_not_read) {
  struct gw_block_slice slice;
  assert_int_equal(gw_block2_slice(block(0, true, 6), 10, &slice), GW_OK);
  assert_false(slice.block.more);
}

/* ---- Client, Block2 ---- */

TEST(download_starts_only_at_a_block_boundary_that_a_number_reaches) {
  struct gw_block2_receiver receiver;
  assert_int_equal(gw_block2_receiver_init(&receiver, 1000, 6), GW_ERR_ORDER);
  assert_int_equal(gw_block2_receiver_init(&receiver, 1ull << 30, 6), GW_ERR_TOO_LONG);
  assert_int_equal(gw_block2_receiver_init(&receiver, 0, 7), GW_ERR_MALFORMED);
  assert_int_equal(gw_block2_receiver_init(&receiver, (1ull << 30) - 1024, 6), GW_OK);
  assert_int_equal(gw_block2_receiver_next(&receiver).num, GW_BLOCK_NUM_MAX);
}

static struct gw_block2_receiver receiver_at(uint64_t offset, uint8_t szx) {
  struct gw_block2_receiver receiver;
  assert_int_equal(gw_block2_receiver_init(&receiver, offset, szx), GW_OK);
  return receiver;
}

static int accept2(struct gw_block2_receiver *receiver, struct gw_block block_, size_t size) {
  return gw_block2_receiver_accept(receiver, &block_, size);
}

TEST(download_of_three_blocks_ends_with_the_short_one) {
  struct gw_block2_receiver receiver = receiver_at(0, 6);
  assert_int_equal(accept2(&receiver, block(0, true, 6), 1024), 1024);
  assert_int_equal(gw_block2_receiver_next(&receiver).num, 1);
  assert_int_equal(accept2(&receiver, block(1, true, 6), 1024), 1024);
  assert_false(receiver.done);
  assert_int_equal(accept2(&receiver, block(2, false, 6), 7), 7);
  assert_true(receiver.done);
  assert_int_equal(receiver.offset, 2055);
  assert_int_equal(accept2(&receiver, block(2, false, 6), 7), GW_ERR_ORDER);
}

TEST(block_that_was_not_asked_for_changes_nothing) {
  struct gw_block2_receiver receiver = receiver_at(2048, 6);
  assert_int_equal(accept2(&receiver, block(1, true, 6), 1024), GW_ERR_ORDER);
  assert_int_equal(accept2(&receiver, block(3, true, 6), 1024), GW_ERR_ORDER);
  assert_int_equal(receiver.offset, 2048);
  assert_int_equal(accept2(&receiver, block(2, true, 6), 1024), 1024);
}

TEST(block_of_the_wrong_length_is_malformed_and_changes_nothing) {
  struct gw_block2_receiver receiver = receiver_at(0, 6);
  assert_int_equal(accept2(&receiver, block(0, true, 6), 1023), GW_ERR_MALFORMED);
  assert_int_equal(accept2(&receiver, block(0, true, 6), 1025), GW_ERR_MALFORMED);
  assert_int_equal(accept2(&receiver, block(0, true, 6), 0), GW_ERR_MALFORMED);
  assert_int_equal(accept2(&receiver, block(0, false, 6), 1025), GW_ERR_MALFORMED);
  assert_int_equal(accept2(&receiver, block(0, true, 7), 2048), GW_ERR_MALFORMED);
  assert_int_equal(receiver.offset, 0);
  assert_int_equal(accept2(&receiver, block(0, false, 6), 1024), 1024);
}

TEST(answer_without_the_option_is_the_whole_but_not_to_the_middle) {
  struct gw_block2_receiver receiver = receiver_at(0, 6);
  assert_int_equal(gw_block2_receiver_accept(&receiver, NULL, 300), 300);
  assert_true(receiver.done);
  receiver = receiver_at(1024, 6);
  assert_int_equal(gw_block2_receiver_accept(&receiver, NULL, 300), GW_ERR_MALFORMED);
  assert_int_equal(receiver.offset, 1024);
}

TEST(smaller_blocks_than_asked_for_are_followed_in_bytes_and_larger_refused) {
  struct gw_block2_receiver receiver = receiver_at(0, 6);
  assert_int_equal(accept2(&receiver, block(0, true, 4), 256), 256);
  assert_int_equal(gw_block2_receiver_next(&receiver).num, 1);
  assert_int_equal(gw_block2_receiver_next(&receiver).szx, 4);
  assert_int_equal(accept2(&receiver, block(1, true, 5), 512), GW_ERR_MALFORMED);
  receiver = receiver_at(1024, 6);
  assert_int_equal(accept2(&receiver, block(1, true, 5), 512), GW_ERR_ORDER); /* bytes 512.. */
  assert_int_equal(accept2(&receiver, block(2, true, 5), 512), 512);
  assert_int_equal(gw_block2_receiver_next(&receiver).num, 3);
}

TEST(download_beyond_the_last_number_is_given_up) {
  struct gw_block2_receiver receiver = receiver_at((1ull << 30) - 1024, 6);
  assert_int_equal(accept2(&receiver, block(GW_BLOCK_NUM_MAX, true, 6), 1024), GW_ERR_TOO_LONG);
  assert_int_equal(accept2(&receiver, block(GW_BLOCK_NUM_MAX, false, 6), 1024), 1024);
}

/* ---- Server, Block1 ---- */

static struct gw_block1_receiver upload(uint64_t limit) {
  struct gw_block1_receiver receiver;
  gw_block1_receiver_init(&receiver, limit);
  return receiver;
}

TEST(upload_with_a_gap_is_out_of_order_and_can_go_on_where_it_was) {
  struct gw_block1_receiver receiver = upload(1 << 20);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(1, true, 6), 1024), GW_ERR_ORDER);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(0, true, 6), 1024), 1024);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(2, true, 6), 1024), GW_ERR_ORDER);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(1, false, 6), 9), 9);
  assert_true(receiver.done);
  assert_int_equal(receiver.offset, 1033);
}

TEST(repeated_block_is_taken_once) {
  struct gw_block1_receiver receiver = upload(1 << 20);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(0, true, 6), 1024), 1024);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(1, true, 6), 1024), 1024);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(1, true, 6), 1024), 0);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(2, false, 6), 5), 5);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(2, false, 6), 5), 0);
  assert_int_equal(receiver.offset, 2053);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(1, true, 6), 1024), GW_ERR_ORDER);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(3, true, 6), 1024), GW_ERR_ORDER);
}

TEST(block_behind_a_full_last_one_is_no_repeat_of_it) {
  struct gw_block1_receiver receiver = upload(1 << 20);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(0, true, 6), 1024), 1024);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(1, false, 6), 1024), 1024);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(1, true, 6), 1024), GW_ERR_ORDER);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(1, false, 6), 1024), 0);
}

TEST(block_zero_starts_an_upload_anew) {
  struct gw_block1_receiver receiver = upload(1 << 20);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(0, true, 6), 1024), 1024);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(1, true, 6), 1024), 1024);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(0, true, 6), 1024), 1024);
  assert_int_equal(receiver.offset, 1024);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(0, false, 6), 3), 3);
  assert_true(receiver.done);
  assert_int_equal(receiver.offset, 3);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(0, false, 6), 0), 0); /* empty */
  assert_true(receiver.done);
}

TEST(upload_beyond_the_limit_is_too_long_and_over) {
  struct gw_block1_receiver receiver = upload(2048);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(0, true, 6), 1024), 1024);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(1, true, 6), 1024), 1024);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(2, false, 6), 1), GW_ERR_TOO_LONG);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(2, false, 6), 0), GW_ERR_ORDER);
  receiver = upload(2048);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(0, true, 6), 1024), 1024);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(1, false, 6), 1024), 1024);
  receiver = upload(10);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(0, false, 0), 11), GW_ERR_TOO_LONG);
  receiver = upload(UINT64_MAX);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(0, false, 0), 11), 11);
}

TEST(uploaded_block_of_the_wrong_length_is_malformed) {
  struct gw_block1_receiver receiver = upload(1 << 20);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(0, true, 6), 1000), GW_ERR_MALFORMED);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(0, false, 5), 513), GW_ERR_MALFORMED);
  assert_int_equal(gw_block1_receiver_accept(&receiver, block(0, false, 7), 5), GW_ERR_MALFORMED);
  assert_false(receiver.started);
}

/* ---- Client, Block1 ---- */

TEST(upload_is_cut_into_blocks_and_ends_when_all_are_acknowledged) {
  struct gw_block1_sender sender;
  struct gw_block_slice slice;
  uint64_t sent = 0;
  gw_block1_sender_init(&sender, 2500, 6);
  while (gw_block1_sender_next(&sender, &slice)) {
    assert_int_equal(slice.offset, sent);
    assert_int_equal(gw_block_offset(slice.block), sent);
    sent += slice.size;
    assert_int_equal(slice.block.more, sent < 2500);
    assert_int_equal(gw_block1_sender_acked(&sender, NULL), GW_OK);
  }
  assert_int_equal(sent, 2500);
  assert_int_equal(gw_block1_sender_acked(&sender, NULL), GW_ERR_ORDER);
}

TEST(upload_of_whole_blocks_has_no_empty_one_at_the_end) {
  struct gw_block1_sender sender;
  struct gw_block_slice slice;
  gw_block1_sender_init(&sender, 1024, 6);
  assert_true(gw_block1_sender_next(&sender, &slice));
  assert_false(slice.block.more);
  assert_int_equal(slice.size, 1024);
}

TEST(empty_upload_is_one_empty_block) {
  struct gw_block1_sender sender;
  struct gw_block_slice slice;
  gw_block1_sender_init(&sender, 0, 6);
  assert_true(gw_block1_sender_next(&sender, &slice));
  assert_int_equal(slice.size, 0);
  assert_int_equal(gw_block1_sender_acked(&sender, NULL), GW_OK);
  assert_false(gw_block1_sender_next(&sender, &slice));
}

TEST(smaller_size_in_the_answer_is_adopted_and_a_larger_one_ignored) { /* RFC 7959 2.3 */
  struct gw_block1_sender sender;
  struct gw_block_slice slice;
  gw_block1_sender_init(&sender, 4096, 6);
  struct gw_block answer = block(0, true, 5);
  assert_int_equal(gw_block1_sender_acked(&sender, &answer), GW_OK);
  assert_true(gw_block1_sender_next(&sender, &slice));
  assert_int_equal(slice.block.szx, 5);
  assert_int_equal(slice.block.num, 2);
  assert_int_equal(slice.offset, 1024);
  assert_int_equal(slice.size, 512);
  answer = block(2, true, 6);
  assert_int_equal(gw_block1_sender_acked(&sender, &answer), GW_OK);
  assert_true(gw_block1_sender_next(&sender, &slice));
  assert_int_equal(slice.block.szx, 5);
  assert_int_equal(slice.offset, 1536);
}

TEST(answer_to_another_block_is_out_of_order_and_changes_nothing) {
  struct gw_block1_sender sender;
  struct gw_block_slice slice;
  gw_block1_sender_init(&sender, 4096, 6);
  assert_int_equal(gw_block1_sender_acked(&sender, NULL), GW_OK);
  struct gw_block answer = block(0, true, 6);
  assert_int_equal(gw_block1_sender_acked(&sender, &answer), GW_ERR_ORDER);
  answer = block(1, true, 7);
  assert_int_equal(gw_block1_sender_acked(&sender, &answer), GW_ERR_MALFORMED);
  assert_true(gw_block1_sender_next(&sender, &slice));
  assert_int_equal(slice.block.num, 1);
  answer = block(2, true, 5); /* the same byte in the server's size */
  assert_int_equal(gw_block1_sender_acked(&sender, &answer), GW_OK);
  assert_int_equal(sender.offset, 2048);
}

TEST(upload_that_the_numbers_cannot_reach_is_too_long) {
  struct gw_block1_sender sender;
  gw_block1_sender_init(&sender, (1ull << 30) + 1, 6);
  assert_int_equal(gw_block1_sender_acked(&sender, NULL), GW_ERR_TOO_LONG);
  gw_block1_sender_init(&sender, 1ull << 30, 6);
  struct gw_block answer = block(0, true, 5);
  assert_int_equal(gw_block1_sender_acked(&sender, &answer), GW_ERR_TOO_LONG);
  assert_int_equal(gw_block1_sender_acked(&sender, NULL), GW_OK);
}

TEST(sender_takes_a_size_beyond_the_largest_as_the_largest) {
  struct gw_block1_sender sender;
  gw_block1_sender_init(&sender, 5000, 9);
  assert_int_equal(sender.szx, GW_BLOCK_SZX_MAX);
}
