/* SPDX-License-Identifier: Apache-2.0 */
/* bench_evaluate: how fast `godwit model evaluate` is, as times real time (clips
 * of one second a second), by model and number of threads. The engine alone:
 * what is measured is reading, front end and inference, not printing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/evaluate.h"
#include "cli/session.h"

#define ROUNDS 3 /* the best one counts: other programs only make it slower */
#define LIMIT 1000

static const char usage[] =
    "Usage: bench_evaluate [--data FOLDER] [MODEL.tflite...]\n"
    "\n"
    "Evaluates models on up to 1000 clips with one thread and with all processors.\n"
    "Without a folder: ../shared/data/speech_commands, or the clips of the example;\n"
    "without models: the two of the example.\n";

#define MODELS GODWIT_SOURCE_DIR "/examples/micro_speech/models/"
#define SPOKEN GODWIT_SHARED_DATA "/speech_commands"
#define SYNTHETIC GODWIT_SOURCE_DIR "/examples/micro_speech/clips"

struct timing {
  double seconds;   /* on the clock */
  double processor; /* of all threads */
};

static double seconds_of(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int measure(struct cli_session *session, const struct cli_dataset *dataset,
                   const struct cli_judged *judged, size_t threads, struct timing *best) {
  best->seconds = best->processor = 1e9;
  for (int i = 0; i < ROUNDS; i++) {
    struct cli_evaluation evaluation;
    double before = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    int status = cli_evaluate_run(session, dataset, &judged, 1, threads, &evaluation);
    double processor = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - before;
    if (evaluation.seconds < best->seconds) best->seconds = evaluation.seconds;
    if (processor < best->processor) best->processor = processor;
    cli_evaluation_free(&evaluation);
    if (status != CLI_OK) return status;
  }
  return CLI_OK;
}

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash != NULL ? slash + 1 : path;
}

static int measure_model(struct cli_session *session, const struct cli_dataset *dataset,
                         const char *path) {
  struct cli_judged judged;
  void *data;
  size_t size, cores = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
  int status = cli_read_file(session, path, 64u << 20, &data, &size);
  if (status != CLI_OK) return status;
  status = cli_judged_open(session, path, data, size, &judged);
  for (size_t threads = 1; status == CLI_OK; threads = cores) {
    struct timing timing;
    status = measure(session, dataset, &judged, threads, &timing);
    double clips = (double)dataset->clip_count;
    printf("| %s | %zu | %zu | %.2f | %.0f | %.0f |\n", base_name(path), threads,
           dataset->clip_count, timing.seconds, clips / timing.seconds,
           timing.processor / clips * 1e6);
    if (threads == cores) break;
  }
  if (status == CLI_OK) cli_judged_close(&judged);
  return status;
}

int main(int argc, char **argv) {
  struct cli_session session = {.out = stdout, .err = stderr};
  struct cli_dataset dataset;
  const char *models[16] = {MODELS "yes_no.tflite", MODELS "yes_no_stop_go.tflite"};
  const char *data = access(SPOKEN, R_OK) == 0 ? SPOKEN : SYNTHETIC;
  size_t model_count = 2, given = 0;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--data") == 0 && i + 1 < argc) {
      data = argv[++i];
    } else if (argv[i][0] != '-' && given < 16) {
      models[given++] = argv[i];
      model_count = given;
    } else {
      fputs(usage, strcmp(argv[i], "--help") == 0 ? stdout : stderr);
      return strcmp(argv[i], "--help") == 0 ? 0 : 2;
    }
  }
  int status = cli_dataset_open(&session, data, CLI_SPLIT_ALL, &dataset);
  if (status != CLI_OK) return EXIT_FAILURE;
  cli_dataset_thin(&dataset, LIMIT);
  setvbuf(stdout, NULL, _IOLBF, 0);
  puts("| model | threads | clips | seconds | times real time | processor us a clip |");
  puts("|---|---|---|---|---|---|");
  for (size_t i = 0; status == CLI_OK && i < model_count; i++) {
    status = measure_model(&session, &dataset, models[i]);
  }
  cli_dataset_close(&dataset);
  return status == CLI_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
