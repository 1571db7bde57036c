/* SPDX-License-Identifier: Apache-2.0 */
/* bench_accuracy: how often keyword models are right on speakers that training
 * never saw, all of them on the same clips. Three ways of listening:
 *   clips   each clip by itself, front end fresh
 *   carried the same windows, but the front end is never reset
 *   stream  as the device program: sliding window, smoothing, detections */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "examples/micro_speech/train/dataset.h"
#include "examples/micro_speech/train/evaluate.h"
#include "examples/micro_speech/train/model.h"

#define MODEL_SIZE_MAX (1u << 20)
#define MODELS_MAX 16
#define HELD_BACK GODWIT_SOURCE_DIR "/tests/bench/examples/held_back/"

static const char usage[] =
    "Usage: bench_accuracy [--data FOLDER] [--verbose] [MODEL.tflite...]\n"
    "\n"
    "Measures models on the held-back speakers of a folder of clips. Without models,\n"
    "the two of the original example, where they are, and the two of this project:\n"
    "twins of the committed ones, made by the same commands from the other speakers\n"
    "only, because the committed ones were trained on everybody.\n"
    "--verbose also prints what was heard as what.\n";

struct bench {
  struct dataset dataset;
  bool verbose;
};

static uint8_t *read_model(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  uint8_t *data = file ? malloc(MODEL_SIZE_MAX) : NULL;
  *size = data ? fread(data, 1, MODEL_SIZE_MAX, file) : 0;
  if (file) fclose(file);
  return data;
}

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static void print_row(const char *name, const char *way, const struct confusion *confusion,
                      char (*label)[DATASET_NAME_MAX + 1]) {
  printf("%-22.22s %-8s %8.1f %9.1f  ", name, way, (double)confusion_keywords_right(confusion),
         (double)confusion_all_right(confusion));
  for (size_t i = DATASET_FIRST_WORD; i < confusion->label_count; i++) {
    printf(" %s %.1f", label[i], (double)confusion_label_right(confusion, i));
  }
  printf("   silence %.1f unknown %.1f\n", (double)confusion_label_right(confusion, 0),
         (double)confusion_label_right(confusion, 1));
}

static bool measure_model(struct bench *bench, const char *path, struct model *model) {
  const char *labels[DATASET_LABELS_MAX];
  struct playlist playlist;
  struct confusion confusion[3];
  static const char *const way[3] = {"clips", "carried", "stream"};
  for (size_t i = 0; i < model->label_count; i++) labels[i] = model->label[i];
  dataset_relabel(&bench->dataset, labels, model->label_count);
  if (!playlist_make(&playlist, &bench->dataset, true, 1)) return false;
  bool done =
      evaluate_clips(&playlist, model->label_count, false, model_classify, model, &confusion[0]) &&
      evaluate_clips(&playlist, model->label_count, true, model_classify, model, &confusion[1]) &&
      evaluate_stream(&playlist, model->label_count, model_classify, model, &confusion[2]);
  for (size_t i = 0; done && i < 3; i++) {
    print_row(base_name(path), way[i], &confusion[i], model->label);
    if (bench->verbose) confusion_print(&confusion[i], labels, stdout);
  }
  playlist_free(&playlist);
  return done;
}

static bool measure(struct bench *bench, const char *path) {
  size_t size;
  struct model model;
  uint8_t *data = read_model(path, &size);
  if (!data) {
    printf("%-22.22s is not there: %s\n", base_name(path), path);
    return true;
  }
  bool done = model_open(&model, data, size) && measure_model(bench, path, &model);
  if (done) printf("%-22s %zu bytes, arena %zu bytes\n\n", "", size, model.arena_used);
  model_close(&model);
  free(data);
  return done;
}

int main(int argc, char **argv) {
  static const char *const silence_only[] = {"silence", "unknown"};
  const char *models[MODELS_MAX] = {GODWIT_SHARED_DATA "/golden/models/golioth_yn.bin",
                                    GODWIT_SHARED_DATA "/golden/models/golioth_ynsg.bin",
                                    HELD_BACK "yes_no.tflite", HELD_BACK "yes_no_stop_go.tflite"};
  const char *data = GODWIT_SHARED_DATA "/speech_commands";
  size_t model_count = 4, given = 0;
  struct bench bench = {.verbose = false};
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--help") == 0) return fputs(usage, stdout) < 0;
    if (strcmp(argv[i], "--verbose") == 0) {
      bench.verbose = true;
    } else if (strcmp(argv[i], "--data") == 0 && i + 1 < argc) {
      data = argv[++i];
    } else if (argv[i][0] != '-' && given < MODELS_MAX) {
      models[given++] = argv[i];
      model_count = given;
    } else {
      fprintf(stderr, "bench_accuracy does not know %s\n\n%s", argv[i], usage);
      return 2;
    }
  }
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (!dataset_load(&bench.dataset, data, silence_only, 2, 0)) return EXIT_FAILURE;
  printf("%-22s %-8s %8s %9s   per cent\n", "model", "listens", "keywords", "all clips");
  bool done = true;
  for (size_t i = 0; i < model_count; i++) done = measure(&bench, models[i]) && done;
  dataset_free(&bench.dataset);
  return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
