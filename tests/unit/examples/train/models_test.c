/* SPDX-License-Identifier: Apache-2.0 */
/* The committed models on the committed clips, as a device hears them. */
#include "tests/support/test.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>

#include "wit_audio/wav.h"
#include "examples/micro_speech/device/recognizer.h"
#include "examples/micro_speech/train/model.h"

#define EXAMPLE GODWIT_SOURCE_DIR "/examples/micro_speech"
#define BUDGET_BYTES (30 * 1024)
#define RATE WIT_AUDIO_SAMPLE_RATE
#define LEAD_SAMPLES (3 * RATE / 2)
#define TAIL_SAMPLES (6 * RATE / 5)
#define STREAM_SAMPLES (LEAD_SAMPLES + RATE + TAIL_SAMPLES)
#define ROOM_AMPLITUDE 4

static const char *const folders[] = {"yes", "no", "stop", "go", "_unknown_"};
#define FOLDERS (sizeof folders / sizeof *folders)

struct opened {
  struct model model;
  uint8_t *file;
  size_t size;
};

static void open_model(struct opened *opened, const char *name) {
  char path[1024];
  snprintf(path, sizeof path, EXAMPLE "/models/%s.tflite", name);
  opened->file = test_read_file(path, &opened->size);
  assert_true(model_open(&opened->model, opened->file, opened->size));
}

static void close_model(struct opened *opened) {
  model_close(&opened->model);
  free(opened->file);
}

static void check_budget(const char *name, const char *const *labels, size_t count) {
  struct opened opened;
  open_model(&opened, name);
  assert_true(opened.size <= BUDGET_BYTES);
  assert_true(opened.model.arena_used <= BUDGET_BYTES);
  assert_int_equal(opened.model.label_count, count);
  for (size_t i = 0; i < count; i++) assert_string_equal(opened.model.label[i], labels[i]);
  close_model(&opened);
}

TEST(yes_no_model_is_within_its_budget_and_has_its_labels) {
  check_budget("yes_no", (const char *const[]){"silence", "unknown", "yes", "no"}, 4);
}

TEST(yes_no_stop_go_model_is_within_its_budget_and_has_its_labels) {
  check_budget("yes_no_stop_go",
               (const char *const[]){"silence", "unknown", "yes", "no", "stop", "go"}, 6);
}

/* ---- sounds ---------------------------------------------------------------- */

static size_t read_wav(const char *path, int16_t *out, size_t count) {
  size_t size;
  struct wit_audio_wav wav;
  uint8_t *file = test_read_file(path, &size);
  assert_int_equal(wit_audio_wav_parse(&wav, file, size, RATE), WIT_AUDIO_WAV_OK);
  size_t read = wit_audio_wav_read(&wav, 0, out, count);
  free(file);
  return read;
}

static double power(const int16_t *samples, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += (double)samples[i] * samples[i];
  return sum / (double)count;
}

/* The clip in a quiet room, or with noise of a background clip 20 dB below it. */
static void make_stream(const char *path, const char *noise, int16_t *stream) {
  static int16_t background[4 * RATE];
  uint32_t random = 1;
  memset(stream, 0, STREAM_SAMPLES * sizeof *stream);
  size_t count = read_wav(path, stream + LEAD_SAMPLES, RATE), noise_count = 0;
  double gain = 0;
  if (noise) {
    char noise_path[1024];
    snprintf(noise_path, sizeof noise_path, EXAMPLE "/clips/_background_/%s.wav", noise);
    noise_count = read_wav(noise_path, background, 4 * RATE);
    gain = sqrt(power(stream + LEAD_SAMPLES, count) / 100 / power(background, noise_count));
  }
  for (size_t i = 0; i < STREAM_SAMPLES; i++) {
    random = random * 1664525 + 1013904223;
    double sample = stream[i] + (int)((random >> 16) % (2 * ROOM_AMPLITUDE + 1)) - ROOM_AMPLITUDE;
    if (noise) sample += gain * background[i % noise_count];
    stream[i] = (int16_t)fmax(INT16_MIN, fmin(INT16_MAX, sample));
  }
}

/* The label of the only keyword heard; RECOGNIZER_UNKNOWN for none; 99 where
 * several were. */
static size_t hear(struct model *model, const int16_t *samples) {
  struct wit_audio_frontend frontend;
  struct recognizer recognizer;
  size_t heard = RECOGNIZER_UNKNOWN, consumed;
  wit_audio_frontend_init(&frontend);
  recognizer_init(&recognizer, NULL);
  assert_true(recognizer_set_labels(&recognizer, model->label_count));
  for (size_t left = STREAM_SAMPLES; left > 0; left -= consumed, samples += consumed) {
    int8_t row[WIT_AUDIO_CHANNELS], window[RECOGNIZER_WINDOW_BYTES], scores[16];
    struct recognizer_detection detection;
    if (!wit_audio_frontend_push(&frontend, samples, left, &consumed, row)) continue;
    if (!recognizer_push_row(&recognizer, row)) continue;
    recognizer_window(&recognizer, window);
    assert_true(model_classify(model, window, scores));
    if (!recognizer_push_scores(&recognizer, scores, &detection)) continue;
    if (detection.label < RECOGNIZER_FIRST_KEYWORD) continue;
    heard = heard == RECOGNIZER_UNKNOWN ? detection.label : 99;
  }
  return heard;
}

static size_t expected_label(const struct model *model, const char *folder) {
  for (size_t i = RECOGNIZER_FIRST_KEYWORD; i < model->label_count; i++) {
    if (strcmp(model->label[i], folder) == 0) return i;
  }
  return RECOGNIZER_UNKNOWN;
}

struct tally {
  size_t clips, right;
};

static const char *const noises[] = {"pink", "brown", "fan"};

/* Each clip in a quiet room, or each in one of the noises by turns. */
static void listen_to_folder(struct model *model, const char *folder, bool noisy,
                             struct tally *tally) {
  static int16_t stream[STREAM_SAMPLES];
  char path[1024];
  snprintf(path, sizeof path, EXAMPLE "/clips/%s", folder);
  DIR *listing = opendir(path);
  assert_non_null(listing);
  size_t expected = expected_label(model, folder);
  for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, EXAMPLE "/clips/%s/%s", folder, entry->d_name);
    const char *noise = noisy ? noises[tally->clips % 3] : NULL;
    make_stream(path, noise, stream);
    size_t heard = hear(model, stream);
    tally->clips++;
    tally->right += heard == expected;
    if (heard == expected) continue;
    printf("%s/%s with %s: heard as %zu\n", folder, entry->d_name, noise ? noise : "no noise",
           heard);
  }
  closedir(listing);
}

static struct tally listen_to_all(const char *name, bool noisy) {
  struct opened opened;
  struct tally tally = {0};
  open_model(&opened, name);
  for (size_t i = 0; i < FOLDERS; i++) {
    listen_to_folder(&opened.model, folders[i], noisy, &tally);
  }
  close_model(&opened);
  assert_true(tally.clips >= 30);
  return tally;
}

static void check_quiet(const char *name) {
  struct tally tally = listen_to_all(name, false);
  assert_int_equal(tally.right, tally.clips);
}

static void check_noisy(const char *name) {
  struct tally tally = listen_to_all(name, true);
  assert_true(100 * tally.right >= 95 * tally.clips);
}

TEST(yes_no_model_hears_every_clip_as_what_it_is) { check_quiet("yes_no"); }
TEST(yes_no_stop_go_model_hears_every_clip_as_what_it_is) { check_quiet("yes_no_stop_go"); }
TEST(yes_no_model_hears_19_of_20_clips_in_noise) { check_noisy("yes_no"); }
TEST(yes_no_stop_go_model_hears_19_of_20_clips_in_noise) { check_noisy("yes_no_stop_go"); }

/* A stream of noise alone is not a word. */
TEST(noise_alone_is_no_word) {
  static int16_t stream[STREAM_SAMPLES];
  static const char *const models[] = {"yes_no", "yes_no_stop_go"};
  for (size_t m = 0; m < 2; m++) {
    struct opened opened;
    open_model(&opened, models[m]);
    for (size_t n = 0; n < 3; n++) {
      char path[1024];
      snprintf(path, sizeof path, EXAMPLE "/clips/_background_/%s.wav", noises[n]);
      make_stream(path, NULL, stream);
      assert_int_equal(hear(&opened.model, stream), RECOGNIZER_UNKNOWN);
    }
    close_model(&opened);
  }
}
