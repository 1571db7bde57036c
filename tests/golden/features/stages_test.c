/* SPDX-License-Identifier: Apache-2.0 */
/* Single stages against outputs of TensorFlow Lite Micro's kernels, in data/:
 * little-endian "OPG1", seeds, steps, inputs, outputs, the byte length of each
 * input and output, a status for each step, then the tensors. */
#include "tests/support/test.h"

#include <stdlib.h>

#include "stages.h"

#define TENSORS_MAX 2

struct golden {
  uint8_t *file;
  size_t at, size;
  uint32_t seeds, inputs, outputs;
  uint32_t length[2 * TENSORS_MAX]; /* inputs, then outputs */
};

static uint32_t take_u32(struct golden *golden) {
  uint32_t value;
  assert_true(golden->at + 4 <= golden->size);
  memcpy(&value, golden->file + golden->at, 4);
  golden->at += 4;
  return value;
}

static void open_golden(struct golden *golden, const char *name) {
  char path[1024];
  snprintf(path, sizeof path, GODWIT_SOURCE_DIR "/tests/golden/features/data/%s.golden", name);
  golden->file = test_read_file(path, &golden->size);
  assert_memory_equal(golden->file, "OPG1", 4);
  golden->at = 4;
  golden->seeds = take_u32(golden);
  assert_int_equal(take_u32(golden), 1);
  golden->inputs = take_u32(golden);
  golden->outputs = take_u32(golden);
  assert_true(golden->inputs <= TENSORS_MAX && golden->outputs <= TENSORS_MAX);
  for (uint32_t i = 0; i < golden->inputs + golden->outputs; i++) {
    golden->length[i] = take_u32(golden);
  }
  for (uint32_t i = 0; i < golden->seeds; i++) assert_int_equal(take_u32(golden), 0);
}

/* Tensor `index` (inputs, then outputs) of the seed that is being read. */
static void take_tensor(struct golden *golden, uint32_t index, void *out) {
  assert_true(golden->at + golden->length[index] <= golden->size);
  memcpy(out, golden->file + golden->at, golden->length[index]);
  golden->at += golden->length[index];
}

TEST(real_fft_is_bit_exact) {
  struct golden golden;
  open_golden(&golden, "rfft_512");
  for (uint32_t seed = 0; seed < golden.seeds; seed++) {
    struct wit_audio_complex bin[WIT_AUDIO_FFT_LENGTH / 2], expected[WIT_AUDIO_FFT_LENGTH / 2 + 1];
    take_tensor(&golden, 0, bin);
    take_tensor(&golden, 1, expected);
    wit_audio_real_fft(bin);
    assert_int_equal(expected[0].im, 0);
    assert_int_equal(bin[0].im, expected[WIT_AUDIO_FFT_LENGTH / 2].re);
    expected[0].im = bin[0].im;
    assert_memory_equal(bin, expected, sizeof bin);
  }
  free(golden.file);
}

static void check_auto_scale(const char *name) {
  struct golden golden;
  open_golden(&golden, name);
  for (uint32_t seed = 0; seed < golden.seeds; seed++) {
    int16_t samples[WIT_AUDIO_WINDOW_SAMPLES], expected[WIT_AUDIO_WINDOW_SAMPLES];
    int32_t shift;
    take_tensor(&golden, 0, samples);
    take_tensor(&golden, 1, expected);
    take_tensor(&golden, 2, &shift);
    assert_int_equal(wit_audio_auto_scale(samples, WIT_AUDIO_WINDOW_SAMPLES), shift);
    assert_memory_equal(samples, expected, sizeof samples);
  }
  free(golden.file);
}

TEST(auto_scale_of_loud_samples_is_bit_exact) { check_auto_scale("auto_scale_loud"); }
TEST(auto_scale_of_quiet_samples_is_bit_exact) { check_auto_scale("auto_scale_quiet"); }

TEST(logarithm_is_bit_exact) {
  struct golden golden;
  open_golden(&golden, "log");
  for (uint32_t seed = 0; seed < golden.seeds; seed++) {
    uint32_t signal[10];
    int16_t expected[10];
    assert_int_equal(golden.length[0], sizeof signal);
    take_tensor(&golden, 0, signal);
    take_tensor(&golden, 1, expected);
    for (size_t i = 0; i < 10; i++) assert_int_equal(wit_audio_log(signal[i]), expected[i]);
  }
  free(golden.file);
}

static void check_square_root(const char *name, uint32_t given_shift) {
  struct golden golden;
  open_golden(&golden, name);
  for (uint32_t seed = 0; seed < golden.seeds; seed++) {
    uint64_t x[40];
    uint32_t expected[40], shift = given_shift;
    size_t count = golden.length[0] / sizeof *x;
    assert_true(count <= 40);
    take_tensor(&golden, 0, x);
    if (golden.inputs == 2) take_tensor(&golden, 1, &shift);
    take_tensor(&golden, golden.inputs, expected);
    for (size_t i = 0; i < count; i++) {
      assert_int_equal(wit_audio_square_root(x[i]) >> shift, expected[i]);
    }
  }
  free(golden.file);
}

TEST(square_root_is_bit_exact) { check_square_root("square_root", 0); }
TEST(square_root_of_edge_values_is_bit_exact) { check_square_root("square_root_edges", 0); }
