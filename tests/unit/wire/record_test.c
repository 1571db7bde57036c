/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"
#include "wire/record.h"

static const uint8_t two[] = {23,  0xFE, 0xFD, 0,    1, 0, 0, 0, 0, 0, 1, 0, 2, 'a',
                              'b', 21,   0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, 2, 0, 0};

TEST(whole_records_are_all_taken) { assert_int_equal(gw_record_whole(two, sizeof two, 8), 28); }

TEST(what_is_cut_anywhere_ends_at_the_last_whole_record) {
  for (size_t size = 0; size < sizeof two; size++) {
    assert_int_equal(gw_record_whole(two, size, 8), size < 15 ? 0 : 15);
  }
}

TEST(a_connection_id_lengthens_the_header_by_the_receivers_own_length) {
  const uint8_t record[] = {25, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, 1, 7, 7, 7, 7, 0, 1, 'x'};
  assert_int_equal(gw_record_whole(record, sizeof record, 4), sizeof record);
  assert_int_equal(gw_record_whole(record, sizeof record - 1, 4), 0);
  assert_int_equal(gw_record_whole(record, 13, 4), 0);
}

TEST(a_length_beyond_the_datagram_is_no_record) {
  uint8_t record[13] = {23, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, 1, 0xFF, 0xFF};
  assert_int_equal(gw_record_whole(record, sizeof record, 0), 0);
}
