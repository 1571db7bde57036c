/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include <stdlib.h>

#include "stages.h"
#include "wit_audio/frontend.h"

#define SAMPLES 48000
#define ROWS ((SAMPLES - WIT_AUDIO_WINDOW_SAMPLES) / WIT_AUDIO_STEP_SAMPLES + 1)

typedef int8_t rows[ROWS][WIT_AUDIO_CHANNELS];

/* Noise whose loudness swings over the whole range. */
static void make_sound(int16_t *samples, uint32_t state) {
  for (size_t i = 0; i < SAMPLES; i++) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    int32_t loudness = (int32_t)(i % 8000) * 4;
    samples[i] = (int16_t)(((int32_t)(state % 65536) - 32768) * loudness / 32000);
  }
}

/* Pushes in chunks of `chunk` samples (0: of random sizes). */
static size_t push_all(const int16_t *samples, size_t chunk, rows out) {
  struct wit_audio_frontend frontend;
  size_t row = 0, at = 0;
  wit_audio_frontend_init(&frontend);
  while (at < SAMPLES) {
    size_t size = chunk > 0 ? chunk : 1 + test_random() % 1000;
    if (size > SAMPLES - at) size = SAMPLES - at;
    for (size_t done = 0, consumed; done < size; done += consumed) {
      bool complete =
          wit_audio_frontend_push(&frontend, samples + at + done, size - done, &consumed, out[row]);
      if (complete) row++;
      assert_true(row <= ROWS);
      assert_true(complete || done + consumed == size);
    }
    at += size;
  }
  return row;
}

static uint32_t checksum(const void *data, size_t size) { /* FNV-1a */
  const uint8_t *bytes = data;
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < size; i++) hash = (hash ^ bytes[i]) * 16777619u;
  return hash;
}

TEST(no_samples_give_no_row_and_change_nothing) {
  struct wit_audio_frontend frontend, before;
  size_t consumed = 99;
  int8_t row[WIT_AUDIO_CHANNELS];
  wit_audio_frontend_init(&frontend);
  before = frontend;
  assert_false(wit_audio_frontend_push(&frontend, NULL, 0, &consumed, row));
  assert_int_equal(consumed, 0);
  assert_memory_equal(&frontend, &before, sizeof before);
}

TEST(first_row_needs_480_samples_and_each_further_one_320) {
  static const int16_t silence[WIT_AUDIO_WINDOW_SAMPLES];
  struct wit_audio_frontend frontend;
  size_t consumed;
  int8_t row[WIT_AUDIO_CHANNELS];
  wit_audio_frontend_init(&frontend);
  assert_false(wit_audio_frontend_push(&frontend, silence, 479, &consumed, row));
  assert_int_equal(consumed, 479);
  assert_true(wit_audio_frontend_push(&frontend, silence, 480, &consumed, row));
  assert_int_equal(consumed, 1);
  assert_false(wit_audio_frontend_push(&frontend, silence, 319, &consumed, row));
  assert_int_equal(consumed, 319);
  assert_true(wit_audio_frontend_push(&frontend, silence, 1, &consumed, row));
}

TEST(chunks_of_any_size_give_the_same_rows) {
  static int16_t samples[SAMPLES];
  static rows whole, pieces;
  make_sound(samples, test_random());
  assert_int_equal(push_all(samples, SAMPLES, whole), ROWS);
  for (size_t chunk = 1; chunk <= 1000; chunk += 1 + test_random() % 40) {
    assert_int_equal(push_all(samples, chunk, pieces), ROWS);
    assert_memory_equal(pieces, whole, sizeof whole);
  }
  assert_int_equal(push_all(samples, 0, pieces), ROWS);
  assert_memory_equal(pieces, whole, sizeof whole);
}

TEST(windows_and_pushed_samples_give_the_same_rows) {
  static int16_t samples[SAMPLES];
  static rows pushed, windows;
  struct wit_audio_frontend frontend;
  make_sound(samples, test_random());
  push_all(samples, SAMPLES, pushed);
  wit_audio_frontend_init(&frontend);
  for (size_t row = 0; row < ROWS; row++) {
    wit_audio_frontend_window(&frontend, samples + row * WIT_AUDIO_STEP_SAMPLES, windows[row]);
  }
  assert_memory_equal(windows, pushed, sizeof pushed);
}

/* The number was taken when the golden features of real speech matched. */
TEST(rows_of_a_known_sound_have_not_changed) {
  static int16_t samples[SAMPLES];
  static rows out;
  make_sound(samples, 20240229);
  push_all(samples, SAMPLES, out);
  assert_int_equal(checksum(out, sizeof out), 0x1759383f);
}

TEST(digital_silence_is_the_lowest_value_everywhere) {
  static const int16_t silence[SAMPLES];
  static rows out;
  push_all(silence, SAMPLES, out);
  for (size_t row = 0; row < ROWS; row++) {
    for (size_t c = 0; c < WIT_AUDIO_CHANNELS; c++) assert_int_equal(out[row][c], -128);
  }
}

TEST(full_scale_square_wave_neither_overflows_nor_sticks) {
  static int16_t samples[SAMPLES];
  static rows out;
  for (size_t i = 0; i < SAMPLES; i++) samples[i] = i / 8 % 2 ? INT16_MIN : INT16_MAX;
  push_all(samples, SAMPLES, out); /* UBSan looks on */
  assert_true(out[0][10] > 100);   /* 1 kHz */
}

TEST(init_forgets_what_was_heard) {
  static int16_t samples[SAMPLES];
  int8_t first[WIT_AUDIO_CHANNELS], again[WIT_AUDIO_CHANNELS], later[WIT_AUDIO_CHANNELS];
  struct wit_audio_frontend frontend;
  make_sound(samples, 7);
  const int16_t *loud = samples + 6000;
  wit_audio_frontend_init(&frontend);
  wit_audio_frontend_window(&frontend, loud, first);
  for (int i = 0; i < 20; i++) wit_audio_frontend_window(&frontend, loud, later);
  assert_memory_not_equal(later, first, sizeof first);
  wit_audio_frontend_init(&frontend);
  wit_audio_frontend_window(&frontend, loud, again);
  assert_memory_equal(again, first, sizeof first);
}

TEST(square_root_is_rounded_to_nearest) {
  for (uint64_t root = 1; root < 4000000000u; root += root / 3 + 1) {
    assert_int_equal(wit_audio_square_root(root * root), root);
    assert_int_equal(wit_audio_square_root(root * root - 1), root == 1 ? 0 : root);
    uint32_t up = root == 65535 ? 65535 : (uint32_t)root + 1; /* 32-bit results end there */
    assert_int_equal(wit_audio_square_root(root * root + root + 1), up);
  }
  assert_int_equal(wit_audio_square_root(0), 0);
  assert_int_equal(wit_audio_square_root(UINT64_MAX), UINT32_MAX);
}

TEST(noise_estimate_of_a_steady_signal_takes_it_away_but_for_a_twentieth) {
  uint32_t noise = 0, left = 0;
  for (int i = 0; i < 1000; i++) left = wit_audio_subtract_noise(1000, 0, &noise);
  assert_int_equal(left, 49); /* 5 % in Q14, cut */
  assert_true(noise / 1024 > 990 && noise / 1024 <= 1000);
}

TEST(quantisation_clamps_at_both_ends) {
  assert_int_equal(wit_audio_quantize(0), -128);
  assert_int_equal(wit_audio_quantize(1), -128);
  assert_int_equal(wit_audio_quantize(2), -127);
  assert_int_equal(wit_audio_quantize(664), 127);
  assert_int_equal(wit_audio_quantize(INT16_MAX), 127);
}
