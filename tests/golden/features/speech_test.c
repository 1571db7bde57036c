/* SPDX-License-Identifier: Apache-2.0 */
/* The whole front end against features that TensorFlow Lite Micro's
 * audio_preprocessor_int8 made of the same sound. */
#include "tests/support/test.h"

#include <stdlib.h>

#include "wit_audio/wav.h"
#include "wit_audio/frontend.h"

#define FEATURES (WIT_AUDIO_MODEL_ROWS * WIT_AUDIO_CHANNELS)

/* Rows of a clip through a fresh front end, at most 49; returns how many. */
static size_t rows_of(const int16_t *samples, size_t count, int8_t rows[FEATURES]) {
  struct wit_audio_frontend frontend;
  size_t row = 0, consumed;
  wit_audio_frontend_init(&frontend);
  for (; row < WIT_AUDIO_MODEL_ROWS; row++, samples += consumed, count -= consumed) {
    if (!wit_audio_frontend_push(&frontend, samples, count, &consumed,
                                 rows + row * WIT_AUDIO_CHANNELS)) {
      break;
    }
  }
  return row;
}

static void check_clip(const char *name, size_t expected_rows) {
  char path[256];
  size_t size;
  struct wit_audio_wav wav;
  int8_t rows[FEATURES] = {0};
  snprintf(path, sizeof path, "golden/speech/%s.wav", name);
  uint8_t *file = test_read_file(test_shared_data(path), &size);
  assert_int_equal(wit_audio_wav_parse(&wav, file, size, WIT_AUDIO_SAMPLE_RATE), WIT_AUDIO_WAV_OK);
  int16_t *samples = malloc(2 * wav.sample_count);
  assert_non_null(samples);
  wit_audio_wav_read(&wav, 0, samples, wav.sample_count);
  assert_int_equal(rows_of(samples, wav.sample_count, rows), expected_rows);
  free(samples);
  free(file);

  snprintf(path, sizeof path, "golden/speech/%s.features_49x40_int8.bin", name);
  uint8_t *expected = test_read_file(test_shared_data(path), &size);
  assert_int_equal(size, FEATURES);
  assert_memory_equal(rows, expected, FEATURES);
  free(expected);
}

TEST(features_of_yes_are_bit_exact) { check_clip("yes_1000ms", 49); }
TEST(features_of_no_are_bit_exact) { check_clip("no_1000ms", 49); }
TEST(features_of_noise_are_bit_exact) { check_clip("noise_1000ms", 49); }
TEST(features_of_silence_are_bit_exact) { check_clip("silence_1000ms", 49); }
TEST(one_window_of_yes_gives_one_row) { check_clip("yes_30ms", 1); }
TEST(one_window_of_no_gives_one_row) { check_clip("no_30ms", 1); }

/* Full-scale noise, three windows with state between them. */
static void check_preprocessor(const char *seed) {
  struct wit_audio_frontend frontend;
  wit_audio_frontend_init(&frontend);
  for (int step = 0; step < 3; step++) {
    char path[256];
    size_t size;
    int8_t row[WIT_AUDIO_CHANNELS];
    int16_t samples[WIT_AUDIO_WINDOW_SAMPLES];
    snprintf(path, sizeof path, "golden/golden/audio_preprocessor_int8/%s/s%d_in0.bin", seed, step);
    uint8_t *in = test_read_file(test_shared_data(path), &size);
    assert_int_equal(size, sizeof samples);
    memcpy(samples, in, sizeof samples);
    wit_audio_frontend_window(&frontend, samples, row);
    snprintf(path, sizeof path, "golden/golden/audio_preprocessor_int8/%s/s%d_out0.bin", seed,
             step);
    uint8_t *expected = test_read_file(test_shared_data(path), &size);
    assert_int_equal(size, sizeof row);
    assert_memory_equal(row, expected, sizeof row);
    free(in);
    free(expected);
  }
}

TEST(noise_of_seed_1_is_bit_exact) { check_preprocessor("seed1"); }
TEST(noise_of_seed_305419896_is_bit_exact) { check_preprocessor("seed305419896"); }
