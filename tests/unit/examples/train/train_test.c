/* SPDX-License-Identifier: Apache-2.0 */
/* The trainer as a user runs it, on a folder of made-up sounds. */
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "examples/micro_speech/train/evaluate.h"
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

/* ---- --from ------------------------------------------------------------------- */

/* Continues from FOLDER/old.tflite. */
static int continue_training(const char *folder, const char *output, const char *more) {
  char arguments[3000];
  snprintf(arguments, sizeof arguments,
           "--from '%s/old.tflite' --data '%s' --output '%s/%s' --copies 1 --steps 1 "
           "--rate 0.000001 %s",
           folder, folder, folder, output, more);
  return run(arguments);
}

static void write_text(const char *folder, const char *name, const char *text) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

TEST(model_that_cannot_be_read_is_not_continued_from) {
  const char *folder = test_temporary_folder();
  write_folder(folder);
  assert_int_equal(continue_training(folder, "a.tflite", ""), 1);
  write_text(folder, "old.tflite", "");
  assert_int_equal(continue_training(folder, "a.tflite", ""), 1);
  write_text(folder, "old.tflite", "no model at all, but long enough to look into it");
  assert_int_equal(continue_training(folder, "a.tflite", ""), 1);
}

TEST(model_of_another_shape_is_not_continued_from) {
  char arguments[3000];
  const char *folder = test_temporary_folder();
  if (!test_shared_data("golden/models/golioth_yn.bin")) return;
  write_folder(folder);
  write_tone(folder, "yes", 1, 300);
  write_tone(folder, "no", 1, 300);
  snprintf(arguments, sizeof arguments,
           "--from '%s' --data '%s' --output '%s/a.tflite' --copies 1 --steps 1",
           test_shared_data("golden/models/golioth_yn.bin"), folder, folder);
  assert_int_equal(run(arguments), 1);
}

TEST(words_that_are_not_the_old_models_are_refused) {
  const char *folder = test_temporary_folder();
  write_folder(folder);
  assert_int_equal(train(folder, "old.tflite", ""), 0);
  assert_int_equal(continue_training(folder, "a.tflite", "--words low,high"), 1);
  assert_int_equal(continue_training(folder, "a.tflite", "--words low"), 1);
}

TEST(list_without_a_folder_before_it_is_an_error) {
  assert_int_equal(run("--list a.txt --data /tmp --words yes --output x.tflite"), 2);
  assert_int_equal(run("--data /tmp --list a.txt --list b.txt --words yes --output x.tflite"), 2);
}

/* Scores of a model on a clip, in 1/256. */
static void score(const char *folder, const char *name, const char *word, int8_t *scores,
                  size_t labels) {
  static const char *const names[] = {"silence", "unknown", "high"};
  struct dataset dataset;
  struct playlist playlist;
  struct model model;
  size_t size;
  uint8_t *file = read_output(folder, name, &size);
  assert_true(model_open(&model, file, size));
  assert_int_equal(model.label_count, labels);
  assert_true(dataset_load(&dataset, folder, names, 3, 11));
  assert_true(playlist_make(&playlist, &dataset, false, 1));
  int8_t(*windows)[NET_INPUT_BYTES] = calloc(playlist.count, sizeof *windows);
  assert_non_null(windows);
  playlist_windows(&playlist, false, windows);
  size_t i = 0;
  while (strcmp(dataset.word[playlist.clip[i]->word], word) != 0) i++;
  assert_true(model_classify(&model, windows[i], scores));
  free(windows);
  playlist_free(&playlist);
  dataset_free(&dataset);
  model_close(&model);
  free(file);
}

/* One step at next to no rate: what differs is what dequantising, batch norm
 * set anew and quantising again did. */
TEST(training_continues_where_the_old_model_ended) {
  const char *folder = test_temporary_folder();
  static const char *const words[] = {"high", "low", "_background_"};
  write_folder(folder);
  assert_int_equal(train(folder, "old.tflite", "--steps 25 --all"), 0);
  assert_int_equal(continue_training(folder, "new.tflite", "--all"), 0);
  for (size_t w = 0; w < 3; w++) {
    int8_t before[3], after[3];
    score(folder, "old.tflite", words[w], before, 3);
    score(folder, "new.tflite", words[w], after, 3);
    for (size_t i = 0; i < 3; i++) assert_true(abs(before[i] - after[i]) <= 12);
  }
}

TEST(words_behind_the_old_ones_are_added_and_begin_unheard) {
  const char *folder = test_temporary_folder();
  write_folder(folder);
  write_tone(folder, "_unknown_", 1, 1000);
  assert_int_equal(train(folder, "old.tflite", "--steps 25 --all"), 0);
  assert_int_equal(continue_training(folder, "new.tflite", "--all --words high,low"), 0);
  int8_t before[3], after[4];
  score(folder, "old.tflite", "high", before, 3);
  score(folder, "new.tflite", "high", after, 4);
  assert_int_equal(best_score(before, 3), best_score(after, 4));
}

TEST(same_old_model_and_seed_give_the_same_file) {
  const char *folder = test_temporary_folder();
  size_t first_size, second_size;
  write_folder(folder);
  write_text(folder, "list.txt",
             "high/00000001_nohash_0.wav\nlow/00000001_nohash_0.wav\n"
             "_background_/00000001_nohash_0.wav\n");
  char more[1024];
  snprintf(more, sizeof more, "--all --data '%s' --list '%s/list.txt' --threads 1", folder, folder);
  assert_int_equal(train(folder, "old.tflite", "--all"), 0);
  assert_int_equal(continue_training(folder, "first.tflite", more), 0);
  more[strlen(more) - 1] = '2';
  assert_int_equal(continue_training(folder, "second.tflite", more), 0);
  uint8_t *first = read_output(folder, "first.tflite", &first_size);
  uint8_t *second = read_output(folder, "second.tflite", &second_size);
  assert_int_equal(first_size, second_size);
  assert_memory_equal(first, second, first_size);
  free(first);
  free(second);
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
