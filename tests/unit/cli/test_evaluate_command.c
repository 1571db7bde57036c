/* SPDX-License-Identifier: Apache-2.0 */
/* `godwit model evaluate` over real files: the project's own models and clips,
 * and small ones made here. */
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "examples/common/tflite_writer.h"
#include "examples/micro_speech/train/sha1.h"
#include "tests/support/test.h"
#include "tests/unit/cli/folder.h"
#include "tests/unit/cli/run.h"
#include "wit_audio/wav.h"

#define MODELS GODWIT_SOURCE_DIR "/examples/micro_speech/models/"
static const char yes_no[] = MODELS "yes_no.tflite";
static const char yes_no_stop_go[] = MODELS "yes_no_stop_go.tflite";
static const char committed[] = GODWIT_SOURCE_DIR "/examples/micro_speech/clips";

static json_int_t count_in(const json_t *object, const char *member) {
  assert_true(json_is_integer(json_object_get(object, member)));
  return json_integer_value(json_object_get(object, member));
}

/* "skipped" with this reason. */
static void assert_skipped(const json_t *report, const char *reason, json_int_t count) {
  json_t *one;
  size_t i;
  json_array_foreach(json_object_get(report, "skipped"), i, one) {
    if (strstr(json_string_value(json_object_get(one, "reason")), reason) == NULL) continue;
    assert_int_equal(count_in(one, "count"), count);
    return;
  }
  fail_msg("nothing was skipped because '%s'", reason);
}

static unsigned tenth_of(const char *name) {
  const char *end = strstr(name, "_nohash_");
  uint8_t digest[20];
  unsigned rest = 0;
  sha1(name, end != NULL ? (size_t)(end - name) : strlen(name), digest);
  for (size_t i = 0; i < sizeof digest; i++) rest = (rest * 256 + digest[i]) % 10;
  return rest;
}

/* Voices with sha1 mod 10 = 0, as links in "held". */
static void link_held_back(const char *data) {
  char source[1200], link[1200];
  struct dirent **word, **file;
  int words = scandir(data, &word, NULL, alphasort);
  assert_true(words > 0);
  for (int w = 0; w < words; w++) {
    snprintf(source, sizeof source, "%s/%s", data, word[w]->d_name);
    int files = word[w]->d_name[0] != '.' ? scandir(source, &file, NULL, alphasort) : -1;
    snprintf(link, sizeof link, "held/%s/NOTES", word[w]->d_name);
    if (files > 0) folder_put_text(link, ""); /* makes the folder */
    for (int f = 0; f < files; f++) {
      const char *name = file[f]->d_name;
      snprintf(source, sizeof source, "%s/%s/%s", data, word[w]->d_name, name);
      snprintf(link, sizeof link, "%s/%s/%s", folder_path("held"), word[w]->d_name, name);
      if (name[0] != '.' && tenth_of(name) == 0) assert_int_equal(symlink(source, link), 0);
      free(file[f]);
    }
    if (files >= 0) free(file);
    free(word[w]);
  }
  free(word);
}

/* --- hearing ----------------------------------------------------------------------- */

TEST(the_committed_models_hear_the_committed_clips) {
  json_t *report =
      run_json(RUN("model", "evaluate", yes_no_stop_go, "--dataset", committed, "--json"));
  assert_true(count_in(report, "clips") >= 40);
  assert_true(json_number_value(json_object_get(report, "accuracy")) >= 0.95);
  assert_int_equal(json_array_size(json_object_get(report, "skipped")), 0);
  json_decref(report);
}

TEST(the_result_is_the_same_for_any_number_of_threads) {
  static const char *const threads[] = {"1", "2", "7"};
  char *first = NULL;
  for (size_t i = 0; i < 3; i++) {
    json_t *report = run_json(RUN("model", "evaluate", yes_no_stop_go, "--compare", yes_no,
                                  "--dataset", committed, "--threads", threads[i], "--json"));
    assert_int_equal(json_object_del(report, "speed"), 0);
    char *text = json_dumps(report, 0);
    json_decref(report);
    if (first != NULL) assert_string_equal(text, first);
    if (first != NULL) free(text);
    if (first == NULL) first = text;
  }
  free(first);
}

TEST(a_report_for_people_has_everything_in_it) {
  const struct run *run =
      RUN("model", "evaluate", yes_no_stop_go, "--compare", yes_no, "--dataset", committed);
  assert_status(run, CLI_OK);
  static const char *const part[] = {"accuracy",   "keywords", "is \\ heard", "PRECISION",
                                     "times real", "Against",  "cannot tell", "new word      stop"};
  for (size_t i = 0; i < sizeof part / sizeof part[0]; i++) assert_contains(run->out, part[i]);
}

TEST(a_terminal_gets_colour_and_a_bar) {
  const struct run *run = run_cli_at_terminal(
      "", (const char *const[]){"model", "evaluate", yes_no, "--dataset", committed, NULL});
  assert_status(run, CLI_OK);
  assert_contains(run->out, " clips");
  assert_contains(run->out, "\033[32m");
}

/* The tenth of the voices that the measured twins of the committed models never
 * heard, with the numbers of the trainer's own measure: docs/guide/training.md. */
TEST(held_back_voices_give_the_numbers_of_the_trainers_own_measure) {
  static const char *const model[] = {"yes_no", "yes_no_stop_go"};
  static const json_int_t right[] = {577, 563}, keywords[] = {104, 200};
  link_held_back(test_shared_data("speech_commands"));
  for (size_t i = 0; i < 2; i++) {
    char path[1200];
    snprintf(path, sizeof path, "%s/tests/bench/examples/held_back/%s.tflite", GODWIT_SOURCE_DIR,
             model[i]);
    json_t *report =
        run_json(RUN("model", "evaluate", path, "--dataset", folder_path("held"), "--json"));
    assert_int_equal(count_in(report, "clips"), 631);
    assert_int_equal(count_in(report, "right"), right[i]);
    assert_int_equal(count_in(json_object_get(report, "keywords"), "right"), keywords[i]);
    json_decref(report);
  }
}

TEST(a_limit_takes_so_many_clips) {
  json_t *report =
      run_json(RUN("model", "evaluate", yes_no, "--dataset", committed, "--limit", "7", "--json"));
  assert_int_equal(count_in(report, "clips"), 7);
  json_decref(report);
}

/* --- clips of the wrong kind --------------------------------------------------------- */

static void put_wav_with(const char *name, uint8_t offset, uint8_t value) {
  uint8_t file[WIT_AUDIO_WAV_HEADER_BYTES + 3200] = {0};
  wit_audio_wav_write_header(file, 16000, 1600);
  file[offset] = value;
  folder_put(name, file, sizeof file);
}

TEST(clips_that_cannot_be_heard_are_skipped_and_counted) {
  folder_put_wav("d/yes/good.wav", 16000, 16000);
  folder_put_wav("d/yes/rate.wav", 8000, 8000);
  folder_put_wav("d/no/rate.wav", 44100, 8000);
  put_wav_with("d/yes/stereo.wav", 22, 2);
  put_wav_with("d/yes/bits.wav", 34, 24);
  folder_put_wav("d/yes/empty.wav", 16000, 0);
  folder_put_text("d/yes/text.wav", "not a WAV file at all");
  folder_put("d/yes/short.wav", "RIFF\x24\x7d\0\0WAVEfmt \x10\0\0\0\1", 21);
  json_t *report =
      run_json(RUN("model", "evaluate", yes_no, "--dataset", folder_path("d"), "--json"));
  assert_int_equal(count_in(report, "clips"), 1);
  assert_skipped(report, "not 16000 Hz", 2);
  assert_skipped(report, "more than one channel", 1);
  assert_skipped(report, "not 16-bit PCM", 1);
  assert_skipped(report, "no samples", 1);
  assert_skipped(report, "not a WAV file", 1);
  assert_skipped(report, "middle of a header", 1);
  json_decref(report);
}

TEST(a_truncated_recording_counts_to_its_end) {
  uint8_t file[WIT_AUDIO_WAV_HEADER_BYTES + 3200] = {0};
  wit_audio_wav_write_header(file, 16000, 16000);
  folder_put("d/yes/cut.wav", file, sizeof file);
  json_t *report =
      run_json(RUN("model", "evaluate", yes_no, "--dataset", folder_path("d"), "--json"));
  assert_int_equal(count_in(report, "clips"), 1);
  json_decref(report);
}

TEST(when_no_clip_can_be_heard_the_first_reason_is_the_error) {
  folder_put_wav("d/yes/rate.wav", 8000, 8000);
  const struct run *run = RUN("model", "evaluate", yes_no, "--dataset", folder_path("d"));
  assert_status(run, CLI_FAILED);
  assert_error(run, "none of the 1 clips could be used; for example yes/rate.wav: its sample rate");
}

/* The second in the middle is the clip. */
TEST(of_a_long_clip_the_middle_is_heard) {
  size_t size;
  char path[1200];
  snprintf(path, sizeof path, "%s/yes/en-us_f3_150.wav", committed);
  uint8_t *clip = test_read_file(path, &size);
  struct wit_audio_wav wav;
  assert_int_equal(wit_audio_wav_parse(&wav, clip, size, 16000), WIT_AUDIO_WAV_OK);
  uint8_t *longer = calloc(1, WIT_AUDIO_WAV_HEADER_BYTES + 3 * 32000);
  wit_audio_wav_write_header(longer, 16000, 3 * 16000);
  memcpy(longer + WIT_AUDIO_WAV_HEADER_BYTES + 32000, wav.data, 2 * wav.sample_count);
  folder_put("d/yes/long.wav", longer, WIT_AUDIO_WAV_HEADER_BYTES + 3 * 32000);
  json_t *report =
      run_json(RUN("model", "evaluate", yes_no, "--dataset", folder_path("d"), "--json"));
  assert_int_equal(count_in(report, "right"), 1);
  json_decref(report);
  free(longer);
  free(clip);
}

/* --- pictures, and models made here ----------------------------------------------------- */

/* int8 [1,1,2,channels...] -> FULLY_CONNECTED with weights -> [1,2]: says which
 * half of a picture of two pixels is brighter. */
static const char *write_model(const char *name, enum tflite_type type, const int32_t *shape,
                               size_t rank, const char *const *labels) {
  static const float one = 1, weight_scale = 0.5f, out_scale = 1;
  static const int64_t zero = 0;
  static const int8_t weights[] = {2, -2, -2, 2};
  struct tflite_tensor in = {
      .name = "in", .type = type, .rank = rank, .scale = &one, .zero_point = &zero, .channels = 1};
  memcpy(in.shape, shape, rank * sizeof *shape);
  struct tflite_writer *writer = tflite_writer_create("the brighter half");
  int32_t inputs[2], out;
  inputs[0] = tflite_writer_add_tensor(writer, &in);
  inputs[1] = tflite_writer_add_tensor(writer, &(struct tflite_tensor){.name = "weights",
                                                                       .type = TFLITE_INT8,
                                                                       .shape = {2, 2},
                                                                       .rank = 2,
                                                                       .scale = &weight_scale,
                                                                       .zero_point = &zero,
                                                                       .channels = 1,
                                                                       .data = weights,
                                                                       .data_size = 4});
  out = tflite_writer_add_tensor(writer, &(struct tflite_tensor){.name = "out",
                                                                 .type = type,
                                                                 .shape = {1, 2},
                                                                 .rank = 2,
                                                                 .scale = &out_scale,
                                                                 .zero_point = &zero,
                                                                 .channels = 1});
  tflite_writer_add_operator(
      writer, &(struct tflite_operator){.code = TFLITE_FULLY_CONNECTED,
                                        .version = 4,
                                        .inputs = inputs,
                                        .input_count = 2,
                                        .outputs = &out,
                                        .output_count = 1,
                                        .options = {.table = TFLITE_OPTIONS_FULLY_CONNECTED}});
  tflite_writer_set_inputs(writer, inputs, 1);
  tflite_writer_set_outputs(writer, &out, 1);
  if (labels != NULL) tflite_writer_add_labels(writer, labels, 2);
  size_t size;
  uint8_t *file = tflite_writer_finish(writer, &size);
  assert_non_null(file);
  folder_put(name, file, size);
  free(file);
  tflite_writer_destroy(writer);
  return folder_path(name);
}

static const int32_t picture_shape[] = {1, 1, 2, 1};
static const char *const sides[] = {"left", "right"};

TEST(a_model_that_sees_is_shown_pictures) {
  const char *model = write_model("m.tflite", TFLITE_INT8, picture_shape, 4, sides);
  folder_put_grey("d/left/a.pgm", 2, 1, (const uint8_t[]){200, 10});
  folder_put_grey("d/left/b.pgm", 4, 1, (const uint8_t[]){200, 190, 10, 20});
  folder_put_grey("d/right/c.pgm", 2, 1, (const uint8_t[]){0, 255});
  folder_put_grey("d/right/wrong.pgm", 2, 1, (const uint8_t[]){255, 0});
  folder_put_text("d/right/broken.ppm", "P6 9 9 255\n");
  folder_put_text("d/up/no_such_label.ppm", "P6 1 1 255\nabc");
  json_t *report =
      run_json(RUN("model", "evaluate", model, "--dataset", folder_path("d"), "--json"));
  assert_int_equal(count_in(report, "clips"), 4);
  assert_int_equal(count_in(report, "right"), 3);
  assert_skipped(report, "before its last pixel", 1);
  assert_skipped(report, "neither its label nor 'unknown'", 1);
  assert_null(json_object_get(json_object_get(report, "speed"), "timesRealTime"));
  json_decref(report);
}

static void put_jpeg(const char *name, const char *corpus_file) {
  char path[1200];
  size_t size;
  snprintf(path, sizeof path, "%s/tests/fuzz/corpus/dataset_jpeg/%s", GODWIT_SOURCE_DIR,
           corpus_file);
  uint8_t *file = test_read_file(path, &size);
  folder_put(name, file, size);
  free(file);
}

TEST(pictures_from_cameras_are_seen_where_libjpeg_is_there) {
  const char *model = write_model("m.tflite", TFLITE_INT8, picture_shape, 4, sides);
  folder_put_grey("d/left/a.pgm", 2, 1, (const uint8_t[]){200, 10});
  put_jpeg("d/left/grey.jpg", "grey");
  put_jpeg("d/right/colour.jpeg", "colour");
  put_jpeg("d/right/progressive.jpg", "progressive");
  put_jpeg("d/right/truncated.jpg", "truncated");
  put_jpeg("d/right/huge.jpg", "huge");
  json_t *report =
      run_json(RUN("model", "evaluate", model, "--dataset", folder_path("d"), "--json"));
  if (WITH_JPEG) {
    assert_int_equal(count_in(report, "right"), 4);
    assert_skipped(report, "damaged JPEG", 1);
    assert_skipped(report, "64 megapixels", 1);
  } else {
    assert_int_equal(count_in(report, "right"), 1);
    assert_skipped(report, "built without libjpeg", 5);
  }
  json_decref(report);
}

TEST(a_model_without_labels_counts_its_outputs) {
  const char *model = write_model("m.tflite", TFLITE_INT8, picture_shape, 4, NULL);
  folder_put_grey("d/0/a.pgm", 2, 1, (const uint8_t[]){200, 10});
  folder_put_grey("d/1/b.pgm", 2, 1, (const uint8_t[]){10, 200});
  const struct run *run = RUN("model", "evaluate", model, "--dataset", folder_path("d"));
  assert_status(run, CLI_OK);
  assert_contains(run->out, "100.0 % (34.2 to 100.0), 2 of 2");
  assert_contains(run->out, "GLTHBEGIN;first;second;GLTHEND");
}

TEST(models_that_are_no_classifiers_of_sound_or_pictures_are_refused) {
  static const int32_t flat[] = {1, 2};
  const char *model = write_model("m.tflite", TFLITE_INT8, flat, 2, sides);
  const struct run *run = RUN("model", "evaluate", model, "--dataset", committed);
  assert_status(run, CLI_FAILED);
  assert_error(run, "takes neither 49x40 audio features nor pictures");
}

TEST(a_model_that_hears_is_not_compared_with_one_that_sees) {
  const char *model = write_model("m.tflite", TFLITE_INT8, picture_shape, 4, sides);
  const struct run *run =
      RUN("model", "evaluate", model, "--compare", yes_no, "--dataset", committed);
  assert_status(run, CLI_FAILED);
  assert_error(run, "compare like with like");
}

TEST(a_model_that_no_device_could_run_is_refused) {
  folder_put_text("m.tflite", "this is no model");
  const struct run *run = RUN("model", "evaluate", folder_path("m.tflite"), "--dataset", committed);
  assert_status(run, CLI_FAILED);
  assert_error(run, "no device can run");
}

/* --- the command line -------------------------------------------------------------------- */

TEST(options_that_are_wrong_are_refused_before_any_work) {
  static const char *const wrong[][4] = {
      {"--threads", "0", "--threads 0 is no number from 1 to 256", NULL},
      {"--threads", "many", "is no number", NULL},
      {"--limit", "-1", "is no number", NULL},
      {"--limit", "99999999999999999999", "is no number", NULL},
      {"--split", "exam", "is none of training, validation, testing and all", NULL},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    const struct run *run =
        RUN("model", "evaluate", yes_no, "--dataset", committed, wrong[i][0], wrong[i][1]);
    assert_status(run, CLI_USAGE);
    assert_error(run, wrong[i][2]);
  }
  const struct run *run = RUN("model", "evaluate", yes_no, "--dataset", committed, "--store");
  assert_status(run, CLI_USAGE);
  assert_error(run, "upload it, and name it as PACKAGE@VERSION");
  run = RUN("model", "evaluate", yes_no);
  assert_status(run, CLI_USAGE);
}

TEST(a_split_needs_to_be_known) {
  const struct run *run =
      RUN("model", "evaluate", yes_no, "--dataset", committed, "--split", "testing");
  assert_status(run, CLI_FAILED);
  assert_error(run, "leave --split out");
}

TEST(a_missing_artifact_is_the_servers_word) {
  struct fake *fake = fake_start((const char *const[]){
      reply("200 OK", "{\"list\":[],\"page\":0,\"perPage\":100,\"total\":0}"), NULL});
  const struct run *run = RUN("model", "evaluate", "model@9.9.9", "--dataset", committed);
  assert_status(run, CLI_FAILED);
  assert_contains(run->err, "model@9.9.9");
  fake_stop(fake);
}
