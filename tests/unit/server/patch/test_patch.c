/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed and delta forms, from the server's encoder to the device's decoder. */
#include <mbedtls/sha256.h>
#include <stdlib.h>

#include "server/core/patch.h"
#include "tests/support/test.h"
#include "tests/unit/server/patch/patch_fixture.h"
#include "wire/description.h"

static void assert_comes_back(const struct side *base, const struct side *result) {
  struct side form = encoded(base, result);
  struct medium medium;
  struct gw_patch patch;
  medium_init(&medium, base, result->size);
  decoder_init(&patch, &medium, result);
  assert_int_equal(feed(&patch, &form, 0, form.size, 1024), GW_OK);
  assert_result(&patch, &medium, result);
  medium_free(&medium);
  side_free(&form);
}

TEST(whatever_is_compressed_comes_back) {
  static const size_t sizes[] = {1, 2, 3, 255, 256, 257, 512, 1000, 30000};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    struct side sides[] = {make_text(sizes[i]), make_weights(sizes[i], 5), make_noise(sizes[i], 5)};
    for (size_t k = 0; k < 3; k++) {
      assert_comes_back(NULL, &sides[k]);
      side_free(&sides[k]);
    }
  }
}

TEST(whatever_is_a_delta_comes_back) {
  static const size_t sizes[] = {1, 2, 255, 256, 257, 1000, 30000};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    struct side base = make_weights(sizes[i], 5), result = tuned(&base, 3, 9);
    struct side longer = make_text(sizes[i] + 100), empty = side_of("", 0);
    assert_comes_back(&base, &result);
    assert_comes_back(&base, &base);
    assert_comes_back(&base, &longer);
    assert_comes_back(&longer, &base);
    assert_comes_back(&empty, &base);
    side_free(&base);
    side_free(&result);
    side_free(&longer);
    side_free(&empty);
  }
}

/* `result` with size bytes of `other` at `at`, and `gone` bytes less behind them. */
static struct side edited(const struct side *from, size_t at, const struct side *other,
                          size_t gone) {
  uint8_t *data = malloc(from->size + other->size + 1);
  assert_non_null(data);
  memcpy(data, from->data, at);
  memcpy(data + at, other->data, other->size);
  memcpy(data + at + other->size, from->data + at + gone, from->size - at - gone);
  struct side side = side_of(data, from->size + other->size - gone);
  free(data);
  return side;
}

static size_t size_of_delta(const struct side *base, const struct side *result) {
  struct side form = encoded(base, result);
  size_t size = form.size;
  side_free(&form);
  return size;
}

TEST(weights_that_moved_and_changed_are_told_from_where_they_were) {
  struct side base = make_weights(12000, 5), insert = make_text(57);
  struct side trained = tuned(&base, 2, 9), result = edited(&trained, 5000, &insert, 0);
  size_t in_place = size_of_delta(&base, &trained), moved = size_of_delta(&base, &result);
  assert_true(in_place < base.size / 2);
  assert_true(moved < in_place + 150);
  assert_comes_back(&base, &result);
  side_free(&base);
  side_free(&insert);
  side_free(&trained);
  side_free(&result);
}

TEST(weights_of_another_quantisation_are_told_by_their_ratio) {
  struct side base = make_weights(12000, 5), result = side_of(base.data, base.size);
  for (size_t i = 0; i < result.size; i++) {
    double ratio = i / 200 % 2 ? 0.83 : 0.55; /* as of channels */
    double value = (int8_t)base.data[i] * ratio;
    result.data[i] = (uint8_t)(int8_t)(value < 0 ? value - 0.5 : value + 0.5);
  }
  struct side again = side_of(result.data, result.size); /* for its digest */
  assert_true(size_of_delta(&base, &again) < base.size / 6);
  assert_comes_back(&base, &again);
  side_free(&base);
  side_free(&result);
  side_free(&again);
}

/* Pieces of the base in any order, changed, with other bytes between them. */
TEST(whatever_is_cut_and_pasted_comes_back) {
  for (unsigned round = 0; round < 40; round++) {
    struct side base = make_weights(test_random() % 3000 + 1, test_random());
    size_t size = test_random() % 6000 + 1;
    uint8_t *data = malloc(size);
    assert_non_null(data);
    for (size_t at = 0; at < size;) {
      size_t length = test_random() % 400 + 1, from = test_random() % base.size;
      if (length > size - at) length = size - at;
      if (length > base.size - from) length = base.size - from;
      memcpy(data + at, base.data + from, length);
      if (test_random() % 4 == 0) memset(data + at, (int)(test_random() & 255), length);
      if (test_random() % 4 == 0) data[at] ^= 0x55;
      at += length;
    }
    struct side result = side_of(data, size);
    assert_comes_back(&base, &result);
    free(data);
    side_free(&base);
    side_free(&result);
  }
}

/* More changes of place than a form can say. */
TEST(a_result_in_very_many_pieces_comes_back) {
  struct side base = make_noise(40000, 3), result = side_of(base.data, base.size);
  for (size_t at = 0; at + 200 <= result.size; at += 200) {
    memcpy(result.data + at, base.data + (at * 7919u) % 39000u, 200);
  }
  struct side again = side_of(result.data, result.size);
  assert_comes_back(&base, &again);
  side_free(&base);
  side_free(&result);
  side_free(&again);
}

/* So many pieces that a change of place must save a lot, between two ends that are
 * nearly worth reading before the base's first byte, and behind its last. */
TEST(no_piece_is_told_from_outside_the_base) {
  const size_t size = 400000, pieces = 300, piece = 700, begin = 60000;
  struct side base = make_noise(size, 3), result = make_noise(size, 4);
  size_t behind = begin + pieces * piece;
  memcpy(result.data + 16, base.data, begin - 16);
  for (size_t i = 0; i < pieces; i++) {
    size_t at = begin + i * piece;
    memcpy(result.data + at, base.data + at + (i % 2 ? 916 : 0) + i % 5 * 64, piece);
  }
  memcpy(result.data + behind, base.data + behind + 16, size - behind - 16);
  struct side again = side_of(result.data, result.size);
  assert_comes_back(&base, &again);
  side_free(&base);
  side_free(&result);
  side_free(&again);
}

TEST(the_same_bytes_make_the_same_form) {
  struct side base = make_weights(5000, 5), result = tuned(&base, 3, 9);
  struct side one = encoded(&base, &result), other = encoded(&base, &result);
  assert_int_equal(one.size, other.size);
  assert_memory_equal(one.data, other.data, one.size);
  side_free(&base);
  side_free(&result);
  side_free(&one);
  side_free(&other);
}

/* Forms are kept, by servers and in the middle of a device's download. Who has to
 * change these has made another format: give it another magic. */
TEST(the_format_is_what_it_was) {
  struct side base = make_weights(4000, 5), result = tuned(&base, 3, 9), text = make_text(3000);
  struct side forms[] = {encoded(&base, &result), encoded(NULL, &result), encoded(NULL, &text),
                         encoded(&base, &text)};
  static const char *const digests[] = {"5410a0071976d575", "28102e19a3e97127", "cb65a2dc657d2955",
                                        "1cc0b4997c21be67"};
  for (size_t i = 0; i < 4; i++) {
    uint8_t digest[32];
    char hex[17];
    mbedtls_sha256(forms[i].data, forms[i].size, digest, 0);
    for (size_t k = 0; k < 8; k++) snprintf(hex + 2 * k, 3, "%02x", digest[k]);
    assert_string_equal(hex, digests[i]);
    side_free(&forms[i]);
  }
  side_free(&base);
  side_free(&result);
  side_free(&text);
}

TEST(what_is_empty_or_too_long_is_not_encoded) {
  uint8_t *out;
  size_t size;
  assert_int_equal(srv_patch_encode(NULL, 0, (const uint8_t *)"", 0, &out, &size),
                   SRV_PATCH_ERR_SIZE);
  assert_int_equal(
      srv_patch_encode(NULL, 0, (const uint8_t *)"", SRV_PATCH_SIZE_MAX + 1u, &out, &size),
      SRV_PATCH_ERR_SIZE);
}

TEST(pieces_of_any_size_make_the_same) {
  struct side base = make_weights(4000, 5), result = tuned(&base, 9, 9);
  struct side form = encoded(&base, &result);
  for (size_t piece = 1; piece < 200; piece += 7) {
    struct medium medium;
    struct gw_patch patch;
    medium_init(&medium, &base, result.size);
    decoder_init(&patch, &medium, &result);
    assert_int_equal(feed(&patch, &form, 0, form.size, piece), GW_OK);
    assert_result(&patch, &medium, &result);
    medium_free(&medium);
  }
  side_free(&base);
  side_free(&result);
  side_free(&form);
}

TEST(every_fed_byte_is_taken_however_little_work_is_allowed) {
  struct side result = make_weights(3000, 5), form = encoded(NULL, &result);
  for (uint32_t work_max = 1; work_max < 90; work_max += 11) {
    struct medium medium;
    struct gw_patch patch;
    medium_init(&medium, NULL, result.size);
    decoder_init(&patch, &medium, &result);
    patch.work_max = work_max;
    for (size_t at = 0; at < form.size; at += 512) {
      size_t size = form.size - at < 512 ? form.size - at : 512;
      assert_int_equal(feed(&patch, &form, at, at + size, 512), GW_OK);
      assert_int_equal(gw_patch_wanted(&patch), at + size);
    }
    assert_result(&patch, &medium, &result);
    medium_free(&medium);
  }
  side_free(&result);
  side_free(&form);
}

TEST(a_block_that_comes_twice_is_passed_over) {
  struct side result = make_weights(4000, 5), form = encoded(NULL, &result);
  struct medium medium;
  struct gw_patch patch;
  medium_init(&medium, NULL, result.size);
  decoder_init(&patch, &medium, &result);
  assert_int_equal(feed(&patch, &form, 0, 1024, 1024), GW_OK);
  assert_int_equal(feed(&patch, &form, 0, 1024, 1024), GW_OK);
  assert_int_equal(feed(&patch, &form, 512, form.size, 1024), GW_OK);
  assert_result(&patch, &medium, &result);
  medium_free(&medium);
  side_free(&result);
  side_free(&form);
}

TEST(a_block_that_is_missing_is_said_and_can_still_come) {
  struct side result = make_weights(4000, 5), form = encoded(NULL, &result);
  struct medium medium;
  struct gw_patch patch;
  medium_init(&medium, NULL, result.size);
  decoder_init(&patch, &medium, &result);
  assert_int_equal(feed(&patch, &form, 0, 512, 512), GW_OK);
  assert_int_equal(feed(&patch, &form, 1024, 1536, 512), GW_ERR_ORDER);
  assert_int_equal(gw_patch_wanted(&patch), 512);
  assert_int_equal(feed(&patch, &form, 512, form.size, 512), GW_OK);
  assert_result(&patch, &medium, &result);
  medium_free(&medium);
  side_free(&result);
  side_free(&form);
}

TEST(another_base_is_refused_before_a_byte_is_written) {
  struct side base = make_weights(4000, 5), other = make_weights(4000, 6);
  struct side shorter = make_weights(3999, 5), result = tuned(&base, 3, 9);
  struct side form = encoded(&base, &result);
  const struct side *wrong[] = {&other, &shorter, NULL};
  for (size_t i = 0; i < 3; i++) {
    struct medium medium;
    struct gw_patch patch;
    medium_init(&medium, wrong[i], result.size);
    decoder_init(&patch, &medium, &result);
    assert_int_equal(feed(&patch, &form, 0, form.size, 1024), GW_ERR_MISSING);
    assert_int_equal(feed(&patch, &form, 0, form.size, 1024), GW_ERR_MISSING); /* it stays */
    assert_int_equal(medium.calls, 0);
    assert_false(gw_patch_done(&patch));
    medium_free(&medium);
  }
  side_free(&base);
  side_free(&other);
  side_free(&shorter);
  side_free(&result);
  side_free(&form);
}

TEST(a_form_of_another_result_is_refused_before_a_byte_is_written) {
  struct side result = make_weights(4000, 5), other = make_weights(4000, 6);
  struct side shorter = make_weights(3999, 5), form = encoded(NULL, &result);
  const struct side *wrong[] = {&other, &shorter};
  for (size_t i = 0; i < 2; i++) {
    struct medium medium;
    struct gw_patch patch;
    medium_init(&medium, NULL, wrong[i]->size);
    decoder_init(&patch, &medium, wrong[i]);
    assert_int_equal(feed(&patch, &form, 0, form.size, 1024), GW_ERR_MISSING);
    assert_int_equal(medium.calls, 0);
    medium_free(&medium);
  }
  side_free(&result);
  side_free(&other);
  side_free(&shorter);
  side_free(&form);
}

TEST(a_form_that_is_cut_off_is_never_done) {
  struct side base = make_weights(2000, 5), result = tuned(&base, 9, 9);
  struct side form = encoded(&base, &result);
  for (size_t size = 0; size < form.size; size++) {
    struct medium medium;
    struct gw_patch patch;
    medium_init(&medium, &base, result.size);
    decoder_init(&patch, &medium, &result);
    assert_int_equal(feed(&patch, &form, 0, size, 1024), GW_OK);
    assert_false(gw_patch_done(&patch));
    assert_int_equal(gw_patch_wanted(&patch), size);
    medium_free(&medium);
  }
  side_free(&base);
  side_free(&result);
  side_free(&form);
}

TEST(bytes_behind_the_end_change_nothing) {
  struct side result = make_text(3000), form = encoded(NULL, &result);
  struct medium medium;
  struct gw_patch patch;
  struct side longer = side_of(form.data, form.size);
  longer.data = realloc(longer.data, form.size + 2000);
  assert_non_null(longer.data);
  memset(longer.data + form.size, 0x5a, 2000);
  medium_init(&medium, NULL, result.size);
  decoder_init(&patch, &medium, &result);
  assert_int_equal(feed(&patch, &longer, 0, form.size + 2000, 700), GW_OK);
  assert_result(&patch, &medium, &result);
  medium_free(&medium);
  side_free(&longer);
  side_free(&result);
  side_free(&form);
}

/* Whatever bit is wrong, the decoder stays inside the result (the medium checks),
 * ends, and says so or makes something that has another digest. */
TEST(any_single_wrong_bit_is_survived) {
  struct side base = make_weights(700, 5), result = tuned(&base, 9, 9);
  struct side form = encoded(&base, &result);
  for (size_t bit = 0; bit < form.size * 8; bit++) {
    struct medium medium;
    struct gw_patch patch;
    struct side wrong = side_of(form.data, form.size);
    wrong.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    medium_init(&medium, &base, result.size);
    decoder_init(&patch, &medium, &result);
    int status = feed(&patch, &wrong, 0, wrong.size, 1024);
    assert_true(status == GW_OK || status == GW_ERR_MALFORMED || status == GW_ERR_MISSING ||
                status == GW_ERR_UNSUPPORTED);
    if (bit < 36 * 8 && bit / 8 != 6 && bit / 8 != 7 && (bit / 8 < 12 || bit / 8 > 15)) {
      assert_true(status < 0);
      assert_int_equal(medium.calls, 0);
    }
    medium_free(&medium);
    side_free(&wrong);
  }
  side_free(&base);
  side_free(&result);
  side_free(&form);
}

TEST(a_later_version_of_the_form_is_unsupported) {
  struct side result = make_text(300), form = encoded(NULL, &result);
  static const size_t places[] = {3, 5};
  for (size_t i = 0; i < 2; i++) {
    struct medium medium;
    struct gw_patch patch;
    struct side later = side_of(form.data, form.size);
    later.data[places[i]]++;
    medium_init(&medium, NULL, result.size);
    decoder_init(&patch, &medium, &result);
    assert_int_equal(feed(&patch, &later, 0, later.size, 1024), GW_ERR_UNSUPPORTED);
    medium_free(&medium);
    side_free(&later);
  }
  side_free(&result);
  side_free(&form);
}

TEST(a_medium_that_fails_ends_it_with_its_own_status) {
  struct side base = make_weights(3000, 5), result = tuned(&base, 9, 9);
  struct side form = encoded(&base, &result);
  for (unsigned call = 1; call < 20; call++) {
    struct medium medium;
    struct gw_patch patch;
    medium_init(&medium, &base, result.size);
    medium.fail_from = call;
    decoder_init(&patch, &medium, &result);
    assert_int_equal(feed(&patch, &form, 0, form.size, 1024), -77);
    assert_int_equal(medium.calls, call); /* and is not asked again */
    medium_free(&medium);
  }
  side_free(&base);
  side_free(&result);
  side_free(&form);
}

/* A form made by hand: a right header, and these segments behind it. */
static int feed_segments(const void *segments, size_t size, uint16_t count, uint32_t form_size) {
  struct side base = make_weights(1000, 5), result = make_weights(1000, 6);
  struct side form = encoded(&base, &result);
  uint8_t hostile[1400] = {0};
  struct medium medium;
  struct gw_patch patch;
  memcpy(hostile, form.data, 36);
  hostile[6] = (uint8_t)count;
  hostile[7] = (uint8_t)(count >> 8);
  for (unsigned i = 0; i < 4; i++) hostile[12 + i] = (uint8_t)(form_size >> (8 * i));
  memcpy(hostile + 36, segments, size);
  medium_init(&medium, &base, result.size);
  decoder_init(&patch, &medium, &result);
  struct side side = {.data = hostile, .size = sizeof hostile};
  int status = feed(&patch, &side, 0, sizeof hostile, 1024);
  if (status < 0 && medium.calls)
    fail_msg("status %d after %u calls, form of %u", status, medium.calls, form_size);
  medium_free(&medium);
  side_free(&base);
  side_free(&result);
  side_free(&form);
  return status;
}

TEST(segments_that_leave_base_or_result_are_malformed) {
  static const struct {
    const char *what;
    uint8_t bytes[12];
    uint8_t size;
    uint16_t count;
  } cases[] = {
      {"none", {0}, 0, 0},
      {"of no length", {0, 1, 0xe8, 7, 1}, 5, 2},
      {"shorter than the result", {0xe7, 7, 1}, 3, 1},
      {"longer than the result", {0xe9, 7, 1}, 3, 1},
      {"longer than any number", {0xff, 0xff, 0xff, 0xff, 0x7f, 1}, 6, 1},
      {"a number without end", {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 10, 1},
      {"behind the base's end", {0xe8, 7, 3}, 3, 1},
      {"before the base's begin", {0xe8, 7, 2}, 3, 1},
      {"far behind the base's end", {0xe8, 7, 0xff, 0xff, 0xff, 0xff, 0xf}, 7, 1},
      {"far before the base's begin", {0xe8, 7, 0xfe, 0xff, 0xff, 0xff, 0xf}, 7, 1},
      {"more than there may be", {0xe8, 7, 1}, 3, GW_PATCH_SEGMENTS_MAX + 1},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int status = feed_segments(cases[i].bytes, cases[i].size, cases[i].count, 1400);
    if (status != GW_ERR_MALFORMED) fail_msg("segments %s: %d", cases[i].what, status);
  }
  static const uint8_t right[] = {0xe8, 7, 1};
  assert_int_equal(feed_segments(right, sizeof right, 1, 1400), GW_OK);
  assert_int_equal(feed_segments(right, sizeof right, 1, 43), GW_OK); /* zeros from there on */
  assert_int_equal(feed_segments(right, sizeof right, 1, 42), GW_ERR_MALFORMED);
  assert_int_equal(feed_segments(right, sizeof right, 1, 3), GW_ERR_MALFORMED);
}

/* ---- going on ----------------------------------------------------------------------------- */

/* A device that is switched off after `before` encoded bytes. */
static void go_on_after(const struct side *base, const struct side *result, const struct side *form,
                        size_t before, uint32_t work_max) {
  struct medium medium;
  struct gw_patch patch;
  uint8_t checkpoint[GW_PATCH_CHECKPOINT_SIZE];
  medium_init(&medium, base, result->size);
  decoder_init(&patch, &medium, result);
  assert_int_equal(feed(&patch, form, 0, before, 100), GW_OK);
  uint32_t whole = gw_patch_checkpoint(&patch, checkpoint);
  assert_int_equal(whole, medium.high);
  memset(&patch, 0xee, sizeof patch);

  decoder_init(&patch, &medium, result);
  patch.work_max = work_max;
  assert_int_equal(gw_patch_resume(&patch, checkpoint, sizeof checkpoint), GW_OK);
  size_t head = form->size < 1024 ? form->size : 1024;
  assert_int_equal(gw_patch_wanted(&patch), 0);
  assert_int_equal(feed(&patch, form, 0, head, 1024), GW_OK);
  uint32_t from = gw_patch_wanted(&patch);
  /* No more is fetched again than what a chunk was made of, and what was staged. */
  assert_true(from + GW_PATCH_WRITE_SIZE * 5 / 4 + 64 >= before);
  if (from < form->size) {
    assert_int_equal(feed(&patch, form, from - from % 64, form->size, 100), GW_OK);
  }
  assert_result(&patch, &medium, result);
  medium_free(&medium);
}

TEST(decoding_goes_on_from_any_checkpoint) {
  struct side base = make_weights(5000, 5), result = tuned(&base, 9, 9);
  struct side delta = encoded(&base, &result), compressed = encoded(NULL, &result);
  for (size_t before = 0; before <= delta.size; before += 37) {
    go_on_after(&base, &result, &delta, before, 0);
  }
  for (size_t before = 0; before <= compressed.size; before += 53) {
    go_on_after(NULL, &result, &compressed, before, 100);
  }
  go_on_after(&base, &result, &delta, delta.size, 0);
  side_free(&base);
  side_free(&result);
  side_free(&delta);
  side_free(&compressed);
}

TEST(a_checkpoint_made_while_going_on_is_as_good_as_the_first) {
  struct side result = make_weights(5000, 5), form = encoded(NULL, &result);
  struct medium medium;
  struct gw_patch patch;
  uint8_t first[GW_PATCH_CHECKPOINT_SIZE], again[GW_PATCH_CHECKPOINT_SIZE];
  medium_init(&medium, NULL, result.size);
  decoder_init(&patch, &medium, &result);
  assert_int_equal(feed(&patch, &form, 0, 2000, 1000), GW_OK);
  assert_true(gw_patch_checkpoint(&patch, first) > 500);
  decoder_init(&patch, &medium, &result);
  patch.work_max = 100;
  assert_int_equal(gw_patch_resume(&patch, first, sizeof first), GW_OK);
  (void)gw_patch_checkpoint(&patch, again);
  assert_memory_equal(first, again, sizeof first);
  assert_int_equal(gw_patch_feed(&patch, 0, form.data, 1000), GW_PATCH_MORE);
  (void)gw_patch_checkpoint(&patch, again);
  assert_memory_equal(first, again, sizeof first);
  assert_int_equal(feed(&patch, &form, 0, 1000, 1000), GW_OK);
  (void)gw_patch_checkpoint(&patch, again);
  assert_memory_equal(first, again, sizeof first);
  medium_free(&medium);
  side_free(&result);
  side_free(&form);
}

TEST(a_checkpoint_of_another_form_is_refused) {
  struct side result = make_weights(5000, 5), other = make_weights(5000, 6);
  struct side form = encoded(NULL, &result);
  struct medium medium;
  struct gw_patch patch;
  uint8_t checkpoint[GW_PATCH_CHECKPOINT_SIZE];
  medium_init(&medium, NULL, result.size);
  decoder_init(&patch, &medium, &result);
  assert_int_equal(feed(&patch, &form, 0, 2000, 1000), GW_OK);
  (void)gw_patch_checkpoint(&patch, checkpoint);
  decoder_init(&patch, &medium, &other);
  assert_int_equal(gw_patch_resume(&patch, checkpoint, sizeof checkpoint), GW_ERR_MALFORMED);
  decoder_init(&patch, &medium, &result);
  assert_int_equal(gw_patch_resume(&patch, checkpoint, sizeof checkpoint - 1), GW_ERR_MALFORMED);
  memset(checkpoint + 8, 0, 4); /* a range decoder with this range would never end */
  assert_int_equal(gw_patch_resume(&patch, checkpoint, sizeof checkpoint), GW_ERR_MALFORMED);
  medium_free(&medium);
  side_free(&result);
  side_free(&other);
  side_free(&form);
}

TEST(one_feed_makes_no_more_than_it_was_told) {
  struct side base = make_weights(20000, 5), form = encoded(&base, &base);
  struct medium medium;
  struct gw_patch patch;
  medium_init(&medium, &base, base.size);
  decoder_init(&patch, &medium, &base);
  patch.work_max = 1000;
  unsigned feeds = 1;
  uint32_t last = 0;
  while (gw_patch_feed(&patch, 0, form.data, form.size) == GW_PATCH_MORE) {
    assert_true(medium.high - last <= 1000 + GW_PATCH_WRITE_SIZE);
    last = medium.high;
    feeds++;
  }
  assert_int_equal(feeds, 20);
  assert_result(&patch, &medium, &base);
  medium_free(&medium);
  side_free(&base);
  side_free(&form);
}
