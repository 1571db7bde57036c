/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/src/journal.h"
#include "tests/support/test.h"

static struct godwit_store_state sample(void) {
  struct godwit_store_state state = {
      .generation = 0x01020304,
      .active = {.version = "1.1.0",
                 .size_bytes = 26977,
                 .confirmed = true,
                 .sequence = 7,
                 .floor = 4,
                 .confirm_after_s = 60},
      .previous = {.version = "1.0.0-rc.1+build",
                   .size_bytes = 0x7FFFFFFF,
                   .named_by_digest = true},
      .incoming = {.version = "2.0.0", .size_bytes = 30000, .slot = 3, .sequence = 0xA0B0C0D0},
      .incoming_bytes = 8192,
      .incoming_encoding = 2,
      .incoming_offer = {1, 2, 3, 4, 5, 6, 7, 8},
      .incoming_checkpoint_size = 32,
      .incoming_checkpoint = {0x51, 0x52},
      .scratch_bytes = 512,
      .trust = {.epoch = 3, .floor = 6, .key_count = 2, .key = {{0x61}, {0x62}}},
      .incoming_attempts = 2,
      .active_starts = 1,
      .rejected = {{.version = "3.0.0", .reason = 8, .detail = 4},
                   {.version = "2.9.0", .reason = 5}},
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
  /* all of it, but for the discarded entry's terms, which nobody asks for */
  assert_memory_equal(&read, &written, sizeof read);
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
  assert_memory_equal(bytes + 232, "\0\x20\0\0\x02\x01\x02\x20", 8);
  assert_memory_equal(bytes + 240, "3.0.0\0", 6);
  assert_int_equal(bytes[240 + 48], 8);
  assert_memory_equal(bytes + 8 + 2 * 56 + 52, "\0\x03", 2);
  assert_memory_equal(bytes + 448, "\x07\0\0\0\0\0\0\0\xD0\xC0\xB0\xA0", 12);
  assert_memory_equal(bytes + 460, "\x01\x02\x03\x04\x05\x06\x07\x08", 8);
  assert_memory_equal(bytes + 468, "\x51\x52\0", 3);
  assert_memory_equal(bytes + 500, "\0\x02\0\0", 4);
  assert_memory_equal(bytes + 504, "\x03\0\0\0\x06\0\0\0\x02\0\0\0\x61", 13);
  assert_int_equal(bytes[516 + 64], 0x62);
  assert_memory_equal(bytes + 708, "\x04\0\0\0\x3C\0\0\0\0", 9);
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
  assert_int_equal(decode_patched(239, "\x21", 1), GODWIT_ERR_FORMAT);     /* 33 */
  assert_int_equal(decode_patched(500, "\x01\x20", 2), GODWIT_ERR_FORMAT); /* 8,193 */
  assert_int_equal(decode_patched(512, "\x04", 1), GODWIT_ERR_FORMAT);
  assert_int_equal(decode_patched(512, "\x03", 1), GODWIT_OK);
}

/* As releases before GWJ2 wrote it. */
TEST(journal_of_an_earlier_release_is_read) {
  struct godwit_store_state written = sample(), read;
  uint8_t bytes[GODWIT_JOURNAL_SIZE];
  written.incoming_encoding = 0;
  written.incoming_checkpoint_size = 0;
  godwit_journal_encode(&written, bytes);
  memcpy(bytes, "GWJ1", 4);
  uint32_t crc = godwit_crc32(bytes, GODWIT_JOURNAL_1_SIZE - 4);
  for (unsigned i = 0; i < 4; i++) bytes[GODWIT_JOURNAL_1_SIZE - 4 + i] = (uint8_t)(crc >> 8 * i);
  assert_int_equal(godwit_journal_decode(bytes, GODWIT_JOURNAL_1_SIZE, &read), GODWIT_OK);
  assert_string_equal(read.previous.version, "1.0.0-rc.1+build");
  assert_int_equal(read.incoming_bytes, 8192);
  assert_int_equal(read.active.sequence, 0);
  assert_int_equal(read.trust.epoch + read.trust.floor + read.trust.key_count, 0);
  assert_int_equal(godwit_journal_decode(bytes, GODWIT_JOURNAL_1_SIZE - 1, &read),
                   GODWIT_ERR_FORMAT);
  bytes[300] ^= 1;
  assert_int_equal(godwit_journal_decode(bytes, GODWIT_JOURNAL_1_SIZE, &read), GODWIT_ERR_FORMAT);
}

/* Progress -------------------------------------------------------------------------- */

TEST(progress_brings_its_state_up_to_date_and_no_other) {
  struct godwit_store_state known = sample(), later = sample();
  uint8_t bytes[GODWIT_PROGRESS_SIZE];
  uint32_t since = known.generation;
  later.generation++;
  later.incoming_bytes = 9216;
  later.scratch_bytes = 0;
  later.incoming_checkpoint[0] = 0x77;
  godwit_progress_encode(&later, since, bytes);
  assert_memory_equal(bytes, "GWP2\x05\x03\x02\x01\x04\x03\x02\x01\0\x24\0\0\0\0\0\0\x20\0\0\0\x77",
                      25);
  assert_int_equal(godwit_progress_decode(bytes, since + 1, &known), GODWIT_ERR_FORMAT);
  assert_int_equal(known.incoming_bytes, 8192);
  assert_int_equal(godwit_progress_decode(bytes, since, &known), GODWIT_OK);
  assert_memory_equal(&known, &later, sizeof known);
  known.generation++; /* older than what is known */
  assert_int_equal(godwit_progress_decode(bytes, since, &known), GODWIT_ERR_FORMAT);
}

TEST(progress_that_is_torn_or_beyond_the_model_is_refused) {
  struct godwit_store_state known = sample(), later = sample();
  const struct godwit_store_state before = known;
  uint8_t bytes[GODWIT_PROGRESS_SIZE];
  later.generation++;
  godwit_progress_encode(&later, known.generation, bytes);
  for (size_t bit = 0; bit < 8u * sizeof bytes; bit++) {
    bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    assert_int_equal(godwit_progress_decode(bytes, before.generation, &known), GODWIT_ERR_FORMAT);
    bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
  }
  later.incoming_bytes = 30001;
  godwit_progress_encode(&later, known.generation, bytes);
  assert_int_equal(godwit_progress_decode(bytes, before.generation, &known), GODWIT_ERR_FORMAT);
  assert_memory_equal(&known, &before, sizeof known);
}
