/* SPDX-License-Identifier: Apache-2.0 */
/* The trainer as a user runs it, on a folder of made-up sounds. */
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "examples/micro_speech/train/model.h"
#include "tests/unit/examples/device/clips.h"

/* A second of a tone, a few speakers to a word. */
static void write_tone(const char *folder, const char *word, unsigned speaker, double hertz) {
  char name[64], path[1024];
  snprintf(name, sizeof name, "%08x_nohash_0.wav", speaker);
  write_clip(folder, word, name, 0, 0);
  snprintf(path, sizeof path, "%s/%s/%s", folder, word, name);
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  uint8_t header[WIT_AUDIO_WAV_HEADER_BYTES], sample[2];
  wit_audio_wav_write_header(header, 16000, 16000);
  fwrite(header, sizeof header, 1, file);
  for (int i = 0; i < 16000; i++) {
    bool sounds = i > 5000 && i < 11000;
    wit_audio_wav_write_sample(
        sample, (int16_t)(sounds ? 9000 * sin(hertz * i / 16000 * 6.2831853) : i % 7));
    fwrite(sample, sizeof sample, 1, file);
  }
  fclose(file);
}

static void write_folder(const char *folder) {
  for (unsigned speaker = 0; speaker < 12; speaker++) {
    write_tone(folder, "high", speaker, 2500 + 10 * speaker);
    write_tone(folder, "low", speaker, 300 + 5 * speaker);
    write_tone(folder, "_background_", speaker, 0);
  }
}

/* Exit status of the trainer with these arguments. */
static int run(const char *arguments) {
  char command[4096];
  snprintf(command, sizeof command, "'%s' %s > /dev/null 2>&1", TRAINER, arguments);
  int status = system(command);
  assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

static int train(const char *folder, const char *output, const char *more) {
  char arguments[3000];
  snprintf(arguments, sizeof arguments,
           "--data '%s' --words high --output '%s/%s' --copies 1 --steps 3 %s", folder, folder,
           output, more);
  return run(arguments);
}

static uint8_t *read_output(const char *folder, const char *name, size_t *size) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return test_read_file(path, size);
}

TEST(missing_arguments_are_an_error) {
  assert_int_equal(run("--data /tmp"), 2);
  assert_int_equal(run("--data /tmp --words yes --output x.tflite --steps none"), 2);
  assert_int_equal(run("--no-such-option"), 2);
}

TEST(help_is_given) { assert_int_equal(run("--help"), 0); }

TEST(folder_without_clips_fails) {
  const char *folder = test_temporary_folder();
  assert_int_equal(train(folder, "a.tflite", ""), 1);
}

TEST(output_that_cannot_be_written_fails) {
  const char *folder = test_temporary_folder();
  write_folder(folder);
  assert_int_equal(train(folder, "no/such/folder/a.tflite", ""), 1);
}

TEST(same_seed_gives_the_same_file_on_any_number_of_threads) {
  const char *folder = test_temporary_folder();
  size_t first_size, second_size, other_size;
  write_folder(folder);
  assert_int_equal(train(folder, "first.tflite", "--threads 1"), 0);
  assert_int_equal(train(folder, "second.tflite", "--threads 2"), 0);
  assert_int_equal(train(folder, "other.tflite", "--seed 2"), 0);
  uint8_t *first = read_output(folder, "first.tflite", &first_size);
  uint8_t *second = read_output(folder, "second.tflite", &second_size);
  uint8_t *other = read_output(folder, "other.tflite", &other_size);
  assert_int_equal(first_size, second_size);
  assert_memory_equal(first, second, first_size);
  assert_true(other_size != first_size || memcmp(first, other, first_size) != 0);
  free(first);
  free(second);
  free(other);
}

TEST(trained_model_runs_and_has_its_labels) {
  const char *folder = test_temporary_folder();
  static const int8_t silence[NET_INPUT_BYTES];
  int8_t scores[DATASET_LABELS_MAX];
  struct model model;
  size_t size;
  write_folder(folder);
  assert_int_equal(train(folder, "a.tflite", ""), 0);
  uint8_t *file = read_output(folder, "a.tflite", &size);
  assert_true(model_open(&model, file, size));
  assert_int_equal(model.label_count, 3);
  assert_string_equal(model.label[0], "silence");
  assert_string_equal(model.label[1], "unknown");
  assert_string_equal(model.label[2], "high");
  assert_true(model_classify(&model, silence, scores));
  int sum = 0;
  for (size_t i = 0; i < 3; i++) sum += scores[i] + 128;
  assert_true(sum > 245 && sum < 266); /* probabilities in 1/256 */
  model_close(&model);
  free(file);
}
