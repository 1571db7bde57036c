/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/src/journal.h"
#include "tests/support/test.h"

static struct godwit_store_state sample(void) {
  struct godwit_store_state state = {
      .generation = 0x01020304,
      .active = {.version = "1.1.0", .size_bytes = 26977, .confirmed = true},
      .previous = {.version = "1.0.0-rc.1+build",
                   .size_bytes = 0x7FFFFFFF,
                   .named_by_digest = true},
      .incoming = {.version = "2.0.0", .size_bytes = 30000},
      .incoming_bytes = 8192,
      .incoming_attempts = 2,
      .active_starts = 1,
      .rejected = {{.version = "3.0.0", .reason = 8}, {.version = "2.9.0", .reason = 5}},
  };
  memset(state.active.digest, 0xA1, 32);
  memset(state.rejected[1].digest, 0xB2, 32);
  return state;
}

TEST(what_is_written_is_read) {
  struct godwit_store_state written = sample(), read;
  uint8_t bytes[GODWIT_JOURNAL_SIZE];
  godwit_journal_encode(&written, bytes);
  assert_int_equal(godwit_journal_decode(bytes, sizeof bytes, &read), GODWIT_OK);
  assert_int_equal(read.generation, written.generation);
  assert_string_equal(read.active.version, "1.1.0");
  assert_memory_equal(read.active.digest, written.active.digest, 32);
  assert_int_equal(read.active.size_bytes, 26977);
  assert_string_equal(read.previous.version, "1.0.0-rc.1+build");
  assert_true(read.previous.named_by_digest);
  assert_false(read.active.named_by_digest);
  assert_true(read.active.confirmed);
  assert_false(read.previous.confirmed);
  assert_int_equal(read.active_starts, 1);
  assert_int_equal(read.incoming_bytes, 8192);
  assert_int_equal(read.incoming_attempts, 2);
  assert_string_equal(read.discarded.version, "");
  assert_string_equal(read.rejected[1].version, "2.9.0");
  assert_int_equal(read.rejected[1].reason, 5);
}

TEST(bytes_are_as_the_specification_says) {
  struct godwit_store_state written = sample();
  uint8_t bytes[GODWIT_JOURNAL_SIZE];
  godwit_journal_encode(&written, bytes);
  assert_memory_equal(bytes, "GWJ2\x04\x03\x02\x01", 8);
  assert_memory_equal(bytes + 8, "1.1.0\0\0\0\0\0\0\0\0\0\0\0\xA1", 17);
  assert_memory_equal(bytes + 8 + 48, "\x61\x69\0\0\x02\0\0\0", 8);
  assert_memory_equal(bytes + 64, "1.0.0-rc.1+build", 16);
  assert_int_equal(bytes[64 + 52], 1);
  assert_memory_equal(bytes + 232, "\0\x20\0\0\x02\x01\0\0", 8);
  assert_memory_equal(bytes + 240, "3.0.0\0", 6);
  assert_int_equal(bytes[240 + 48], 8);
  assert_int_equal(godwit_crc32((const uint8_t *)"123456789", 9), 0xCBF43926);
}

TEST(any_flipped_bit_is_noticed) {
  struct godwit_store_state written = sample(), read;
  uint8_t bytes[GODWIT_JOURNAL_SIZE];
  godwit_journal_encode(&written, bytes);
  for (size_t bit = 0; bit < 8u * sizeof bytes; bit++) {
    bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    assert_int_equal(godwit_journal_decode(bytes, sizeof bytes, &read), GODWIT_ERR_FORMAT);
    bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
  }
}

TEST(any_missing_tail_is_noticed) {
  struct godwit_store_state written = sample(), read;
  uint8_t bytes[GODWIT_JOURNAL_SIZE];
  godwit_journal_encode(&written, bytes);
  for (size_t size = 0; size < sizeof bytes; size++) {
    assert_int_equal(godwit_journal_decode(bytes, size, &read), GODWIT_ERR_FORMAT);
  }
}

/* With the right checksum, so that the fields themselves are what is refused. */
static int decode_patched(size_t at, const void *patch, size_t size) {
  struct godwit_store_state written = sample(), read;
  uint8_t bytes[GODWIT_JOURNAL_SIZE];
  godwit_journal_encode(&written, bytes);
  memcpy(bytes + at, patch, size);
  uint32_t crc = godwit_crc32(bytes, sizeof bytes - 4);
  for (unsigned i = 0; i < 4; i++) bytes[sizeof bytes - 4 + i] = (uint8_t)(crc >> (8 * i));
  return godwit_journal_decode(bytes, sizeof bytes, &read);
}

TEST(fields_that_could_do_harm_are_refused) {
  assert_int_equal(decode_patched(8, "1.2.0", 5), GODWIT_OK);
  assert_int_equal(decode_patched(8, "../..", 5), GODWIT_ERR_FORMAT);
  assert_int_equal(decode_patched(8, "a/b", 3), GODWIT_ERR_FORMAT);
  assert_int_equal(decode_patched(8, "1.1.0\0x", 7), GODWIT_ERR_FORMAT);
  assert_int_equal(decode_patched(8 + 48, "\xff\xff\xff\xff", 4), GODWIT_ERR_FORMAT);
  assert_int_equal(decode_patched(8 + 52, "\x04", 1), GODWIT_ERR_FORMAT);
  assert_int_equal(decode_patched(232, "\x31\x75\0\0", 4), GODWIT_ERR_FORMAT); /* 30,001 */
  assert_int_equal(decode_patched(232, "\x30\x75\0\0", 4), GODWIT_OK);
  assert_int_equal(decode_patched(240, "\x01", 1), GODWIT_ERR_FORMAT);
}
