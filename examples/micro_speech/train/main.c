/* SPDX-License-Identifier: Apache-2.0 */
/* micro_speech_train: a folder of clips in, a quantised keyword model out. */
#include <errno.h>
#include <math.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "examples/micro_speech/train/corpus.h"
#include "examples/micro_speech/train/dataset.h"
#include "examples/micro_speech/train/evaluate.h"
#include "examples/micro_speech/train/net.h"
#include "examples/micro_speech/train/pool.h"
#include "examples/micro_speech/train/quantize.h"
#ifdef TRAIN_WITH_WIT
#include "examples/micro_speech/train/dequantize.h"
#include "examples/micro_speech/train/model.h"
#endif

#define SOURCES_MAX 8
#define MODEL_SIZE_MAX (1u << 20)

struct options {
  struct dataset_source source[SOURCES_MAX];
  size_t source_count;
  const char *output, *from;
  char words[256];
  const char *label[DATASET_LABELS_MAX];
  size_t label_count;
  uint64_t seed;
  size_t steps, batch, copies, threads;
  float rate, bias, weight_decay, dropout, label_smoothing;
  bool with_held_back;
  unsigned held_back_tenth;
  /* --from: the old model's file. */
  uint8_t *old;
  size_t old_size;
};

static const char usage[] =
    "Usage: micro_speech_train --data FOLDER --words yes,no[,...] --output FILE.tflite\n"
    "       micro_speech_train --from OLD.tflite --data FOLDER [...] --output FILE.tflite\n"
    "\n"
    "Trains a keyword model on a folder of one-second clips and writes it as an int8\n"
    ".tflite file with its labels inside: silence, unknown, and the words.\n"
    "\n"
    "The folder has the layout of Speech Commands: one folder a word with clips named\n"
    "SPEAKER_nohash_N.wav (16 kHz, mono, 16 bit), noise in _background_, assorted\n"
    "other words in _unknown_. Words not asked for count as unknown.\n"
    "\n"
    "One speaker in ten (by a hash of the id) is held back from training, and the\n"
    "accuracy that is printed at the end is on these. With --all they are trained on\n"
    "too, which makes a slightly better model that nothing here can measure.\n"
    "\n"
    "With --from, training continues from the weights of a model that was made here:\n"
    "its words are kept in their order, --words may add others behind them, and few\n"
    "steps at a low rate are enough. Give it the old clips again beside the new ones,\n"
    "or it forgets them.\n"
    "\n"
    "The same folders, words and numbers give the same file, on any machine.\n"
    "\n"
    "  --data FOLDER    clips to learn from; several times: from all these folders\n"
    "  --list FILE      of the --data before it, only the clips that FILE names, one\n"
    "                   WORD/NAME.wav a line, as in Speech Commands' testing_list.txt\n"
    "  --words A,B,...  keywords, in the order of their labels (up to 14); with --from\n"
    "                   those of the old model, where not given\n"
    "  --from FILE      continue from this model's weights\n"
    "  --output FILE    where the model goes\n"
    "  --seed N         another seed, another model (1)\n"
    "  --steps N        training steps; fewer are faster and worse (4500; with --from\n"
    "                   800)\n"
    "  --copies N       augmented copies made of each clip (30)\n"
    "  --rate X         learning rate (0.004; with --from 0.001)\n"
    "  --dropout X      share of features dropped before the last layer (0.1)\n"
    "  --smoothing X    share of each label given to all others (0.1)\n"
    "  --bias X         added to the score of \"unknown\": below 0, fewer words are\n"
    "                   missed and more are heard where none was said (-1); with\n"
    "                   --from, the value that the old model was made with\n"
    "  --hold-back N    which tenth of the speakers is held back, 0 to 9 (0)\n"
    "  --all            train on held-back speakers too\n"
    "  --threads N      threads to use; the result does not depend on it (2)\n"
    "  --help           this text\n"
    "\n"
    "Example:\n"
    "  micro_speech_train --data speech_commands --words yes,no --output yes_no.tflite\n"
    "  micro_speech_train --from yes_no.tflite --data speech_commands --data captures \\\n"
    "                     --output better.tflite\n";

/* ---- options ------------------------------------------------------------------ */

static bool split_words(struct options *options) {
  options->label[0] = "silence";
  options->label[1] = "unknown";
  options->label_count = DATASET_FIRST_WORD;
  char *rest = options->words, *word;
  while ((word = strtok_r(rest, ",", &rest)) != NULL) {
    if (options->label_count == DATASET_LABELS_MAX) {
      fprintf(stderr, "--words takes at most %d words\n", DATASET_LABELS_MAX - DATASET_FIRST_WORD);
      return false;
    }
    options->label[options->label_count++] = word;
  }
  return options->label_count > DATASET_FIRST_WORD;
}

static bool number(const char *name, const char *text, double low, double high, double *out) {
  char *end;
  errno = 0;
  *out = strtod(text, &end);
  if (*text && !*end && errno == 0 && *out >= low && *out <= high) return true;
  fprintf(stderr, "--%s takes a number from %g to %g, not \"%s\"\n", name, low, high, text);
  return false;
}

static bool take_number(struct options *options, int which, const char *name, const char *text) {
  double value;
  switch (which) {
    case 's':
      if (!number(name, text, 0, 9007199254740992.0, &value)) return false;
      options->seed = (uint64_t)value;
      return true;
    case 'n':
      if (!number(name, text, 1, 1000000, &value)) return false;
      options->steps = (size_t)value;
      return true;
    case 'c':
      if (!number(name, text, 1, 200, &value)) return false;
      options->copies = (size_t)value;
      return true;
    case 't':
      if (!number(name, text, 1, 64, &value)) return false;
      options->threads = (size_t)value;
      return true;
    case 'r':
      if (!number(name, text, 1e-6, 1, &value)) return false;
      options->rate = (float)value;
      return true;
    case 'p':
      if (!number(name, text, 0, 0.9, &value)) return false;
      options->dropout = (float)value;
      return true;
    case 'k':
      if (!number(name, text, 0, 9, &value)) return false;
      options->held_back_tenth = (unsigned)value;
      return true;
    case 'l':
      if (!number(name, text, 0, 0.5, &value)) return false;
      options->label_smoothing = (float)value;
      return true;
    default:
      if (!number(name, text, -20, 20, &value)) return false;
      options->bias = (float)value;
      return true;
  }
}

static bool add_source(struct options *options, const char *folder) {
  if (options->source_count == SOURCES_MAX) {
    fprintf(stderr, "--data may be given %d times\n", SOURCES_MAX);
    return false;
  }
  options->source[options->source_count++].folder = folder;
  return true;
}

static bool set_list(struct options *options, const char *path) {
  if (options->source_count == 0 || options->source[options->source_count - 1].list) {
    fprintf(stderr, "--list %s: one list follows the --data that it belongs to\n", path);
    return false;
  }
  options->source[options->source_count - 1].list = path;
  return true;
}

/* Who continues needs less of both. */
static void set_defaults(struct options *options) {
  if (options->steps == 0) options->steps = options->from ? 800 : 4500;
  if (options->rate <= 0) options->rate = options->from ? 1e-3f : 4e-3f;
}

static bool parse_options(struct options *options, int argc, char **argv) {
  static const struct option table[] = {{"data", required_argument, NULL, 'd'},
                                        {"list", required_argument, NULL, 'i'},
                                        {"from", required_argument, NULL, 'f'},
                                        {"words", required_argument, NULL, 'w'},
                                        {"output", required_argument, NULL, 'o'},
                                        {"seed", required_argument, NULL, 's'},
                                        {"steps", required_argument, NULL, 'n'},
                                        {"copies", required_argument, NULL, 'c'},
                                        {"threads", required_argument, NULL, 't'},
                                        {"rate", required_argument, NULL, 'r'},
                                        {"dropout", required_argument, NULL, 'p'},
                                        {"smoothing", required_argument, NULL, 'l'},
                                        {"bias", required_argument, NULL, 'b'},
                                        {"hold-back", required_argument, NULL, 'k'},
                                        {"all", no_argument, NULL, 'a'},
                                        {"help", no_argument, NULL, 'h'},
                                        {NULL, 0, NULL, 0}};
  int which, index;
  while ((which = getopt_long(argc, argv, "", table, &index)) != -1) {
    switch (which) {
      case 'd':
        if (!add_source(options, optarg)) return false;
        break;
      case 'i':
        if (!set_list(options, optarg)) return false;
        break;
      case 'f':
        options->from = optarg;
        break;
      case 'o':
        options->output = optarg;
        break;
      case 'w':
        snprintf(options->words, sizeof options->words, "%s", optarg);
        break;
      case 'a':
        options->with_held_back = true;
        break;
      case 'h':
        fputs(usage, stdout);
        exit(EXIT_SUCCESS);
      case '?':
        return false;
      default:
        if (!take_number(options, which, table[index].name, optarg)) return false;
    }
  }
  if (options->source_count == 0 || !options->output || optind < argc ||
      (!*options->words && !options->from)) {
    fprintf(stderr,
            "micro_speech_train needs --data, --output and --words or --from; see --help\n");
    return false;
  }
  set_defaults(options);
  return !*options->words || split_words(options);
}

/* ---- progress ------------------------------------------------------------------- */

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double stage_began;

static void progress(const char *what, size_t done, size_t of, const char *detail) {
  static double shown;
  double now = seconds_now();
  if (done == 0) stage_began = now;
  if (of == 0) return;
  bool is_terminal = isatty(STDERR_FILENO);
  if (done != 0 && done != of && now - shown < (is_terminal ? 0.2 : 10)) return;
  shown = now;
  char bar[31];
  size_t filled = 30 * done / of;
  for (size_t i = 0; i < 30; i++) bar[i] = i < filled ? '#' : '.';
  bar[30] = 0;
  double left = done > 0 ? (now - stage_began) * (double)(of - done) / (double)done : 0;
  fprintf(stderr, "%s%-10s [%s] %3zu %%  %4.0f s left  %s%s", is_terminal ? "\r" : "", what, bar,
          100 * done / of, left, detail, is_terminal && done < of ? "" : "\n");
}

static void corpus_progress(size_t done, size_t of) { progress("features", done, of, ""); }

/* ---- training -------------------------------------------------------------------- */

struct feeder {
  const struct corpus *corpus;
  struct random random;
  int8_t (*window)[NET_INPUT_BYTES];
  const int8_t **pointer;
  struct net_sample *samples;
  uint8_t *labels;
  size_t batch;
};

static bool feeder_init(struct feeder *feeder, const struct corpus *corpus, size_t batch,
                        uint64_t seed) {
  *feeder = (struct feeder){.corpus = corpus, .random = random_stream(seed, 4), .batch = batch};
  feeder->window = calloc(batch, sizeof *feeder->window);
  feeder->pointer = calloc(batch, sizeof *feeder->pointer);
  feeder->samples = calloc(batch, sizeof *feeder->samples);
  feeder->labels = calloc(batch, 1);
  if (!feeder->window || !feeder->pointer || !feeder->samples || !feeder->labels) return false;
  for (size_t i = 0; i < batch; i++) feeder->pointer[i] = feeder->window[i];
  return true;
}

static void feeder_free(struct feeder *feeder) {
  free(feeder->window);
  free(feeder->pointer);
  free(feeder->samples);
  free(feeder->labels);
}

static void feeder_next(void *context, const int8_t **windows, uint8_t *labels) {
  struct feeder *feeder = context;
  corpus_draw(feeder->corpus, &feeder->random, feeder->window, labels, feeder->batch);
  memcpy(windows, feeder->pointer, feeder->batch * sizeof *windows);
}

/* Warm-up, then half a cosine down to nothing. */
static float rate_at(const struct options *options, size_t step) {
  const size_t warm_up = options->steps < 1000 ? options->steps / 10 : 100;
  if (step < warm_up) return options->rate * (float)(step + 1) / (float)warm_up;
  double at = (double)(step - warm_up) / (double)(options->steps - warm_up);
  return options->rate * (float)(0.5 + 0.5 * portable_cos_pi(at));
}

static void train(struct net *net, struct feeder *feeder, const struct options *options) {
  double smooth_loss = 0;
  char detail[64] = "";
  net->dropout = options->dropout;
  net->label_smoothing = options->label_smoothing;
  net->statistics_fixed = false;
  for (size_t step = 0; step < options->steps; step++) {
    progress("training", step, options->steps, detail);
    feeder_next(feeder, feeder->pointer, feeder->labels);
    for (size_t i = 0; i < feeder->batch; i++) feeder->samples[i].label = feeder->labels[i];
    float loss = net_forward(net, feeder->pointer, feeder->samples);
    net_backward(net, feeder->pointer);
    net_update(net, rate_at(options, step), options->weight_decay);
    smooth_loss = step == 0 ? (double)loss : 0.98 * smooth_loss + 0.02 * (double)loss;
    snprintf(detail, sizeof detail, "step %zu, loss %.3f", step + 1, smooth_loss);
  }
  progress("training", options->steps, options->steps, detail);
  net_fix_statistics(net, 40, feeder_next, feeder);
}

/* ---- continuing --------------------------------------------------------------------- */

#ifdef TRAIN_WITH_WIT
#define STATISTICS_BATCHES 10

static bool read_old(struct options *options) {
  FILE *file = fopen(options->from, "rb");
  options->old = file ? malloc(MODEL_SIZE_MAX) : NULL;
  options->old_size = options->old ? fread(options->old, 1, MODEL_SIZE_MAX, file) : 0;
  if (options->old_size == 0) {
    fprintf(stderr, "cannot read the model %s: %s\n", options->from,
            file ? "it is empty" : strerror(errno));
  }
  if (file) fclose(file);
  return options->old_size > 0;
}

/* The new model's first labels are the old one's. */
static bool labels_continue(const struct options *options, const struct model *model) {
  for (size_t i = 0; i < model->label_count; i++) {
    if (i < options->label_count && strcmp(options->label[i], model->label[i]) == 0) continue;
    fprintf(stderr,
            "label %zu of %s is \"%s\", not \"%s\": --words begins with the old words in "
            "their order, or is left out\n",
            i, options->from, model->label[i], i < options->label_count ? options->label[i] : "");
    return false;
  }
  return true;
}

/* Without --words, those of the old model. */
static bool take_labels(struct options *options, const struct model *model) {
  if (!*options->words) {
    size_t length = 0;
    for (size_t i = DATASET_FIRST_WORD; i < model->label_count; i++) {
      int added =
          snprintf(options->words + length, sizeof options->words - length, "%s,", model->label[i]);
      length += (size_t)added;
      if (length >= sizeof options->words) {
        fprintf(stderr, "the labels of %s are too long\n", options->from);
        return false;
      }
    }
    if (!split_words(options)) {
      fprintf(stderr, "%s has no words\n", options->from);
      return false;
    }
  }
  return labels_continue(options, model);
}

/* Before minutes of work: can it be continued from at all? */
static bool open_old(struct options *options) {
  struct model model;
  if (!read_old(options) || !model_open(&model, options->old, options->old_size)) return false;
  bool done = take_labels(options, &model);
  model_close(&model);
  return done;
}

static bool take_old_weights(struct net *net, struct feeder *feeder,
                             const struct options *options) {
  struct model model;
  if (!model_open(&model, options->old, options->old_size)) return false;
  bool done =
      dequantize_into_net(net, &model.file, options->bias, STATISTICS_BATCHES, feeder_next, feeder);
  model_close(&model);
  return done;
}
#else
static bool open_old(struct options *options) {
  fprintf(stderr, "--from %s: this program was built without wit, which reads models\n",
          options->from);
  return false;
}

static bool take_old_weights(struct net *net, struct feeder *feeder,
                             const struct options *options) {
  return net && feeder && options->old;
}
#endif

/* ---- measuring --------------------------------------------------------------------- */

static bool float_logits(struct net *net, int8_t (*windows)[NET_INPUT_BYTES], size_t count,
                         float (*logits)[NET_LABELS_MAX]) {
  const int8_t **pointer = calloc(net->batch, sizeof *pointer);
  struct net_sample *samples = calloc(net->batch, sizeof *samples);
  bool done = pointer && samples;
  for (size_t begin = 0; done && begin < count; begin += net->batch) {
    for (size_t i = 0; i < net->batch; i++) {
      pointer[i] = windows[begin + i < count ? begin + i : count - 1];
    }
    net_forward(net, pointer, samples);
    for (size_t i = 0; i < net->batch && begin + i < count; i++) {
      memcpy(logits[begin + i], samples[i].logits, sizeof logits[0]);
    }
  }
  free(pointer);
  free(samples);
  return done;
}

static size_t best_logit(const float *logits, size_t count, float bias) {
  size_t best = 0;
  for (size_t i = 1; i < count; i++) {
    float mine = logits[i] + (i == DATASET_UNKNOWN ? bias : 0);
    float other = logits[best] + (best == DATASET_UNKNOWN ? bias : 0);
    if (mine > other) best = i;
  }
  return best;
}

/* What the choice of --bias would do, in float. */
static void print_bias_table(struct net *net, const struct playlist *playlist) {
  static const float biases[] = {0, -0.5f, -0.75f, -1, -1.25f, -1.5f};
  int8_t(*windows)[NET_INPUT_BYTES] = calloc(playlist->count + 1, sizeof *windows);
  float(*logits)[NET_LABELS_MAX] = calloc(playlist->count + 1, sizeof *logits);
  printf("\nKeywords right / all clips right on held-back speakers, in float, by --bias:\n ");
  for (size_t b = 0; b < sizeof biases / sizeof *biases; b++) printf(" %13g", (double)biases[b]);
  for (int streaming = 0; streaming < 2; streaming++) {
    printf("\n ");
    if (!windows || !logits) break;
    playlist_windows(playlist, streaming, windows);
    if (!float_logits(net, windows, playlist->count, logits)) break;
    for (size_t b = 0; b < sizeof biases / sizeof *biases; b++) {
      struct confusion confusion = {.label_count = net->label_count};
      for (size_t i = 0; i < playlist->count; i++) {
        confusion_add(&confusion, playlist->clip[i]->label,
                      best_logit(logits[i], net->label_count, biases[b]));
      }
      printf("  %5.1f/%5.1f", (double)confusion_keywords_right(&confusion),
             (double)confusion_all_right(&confusion));
    }
    printf("  %s", streaming ? "front end carried over" : "front end fresh for each clip");
  }
  printf("\n");
  free(windows);
  free(logits);
}

static bool write_file(const char *path, const uint8_t *data, size_t size) {
  FILE *file = fopen(path, "wb");
  bool done = file && fwrite(data, 1, size, file) == size;
  if (file && fclose(file) != 0) done = false;
  if (!done) fprintf(stderr, "cannot write %s: %s\n", path, strerror(errno));
  return done;
}

#ifdef TRAIN_WITH_WIT
static bool print_accuracy(const uint8_t *file, size_t size, const struct playlist *playlist,
                           const struct options *options) {
  struct model model;
  struct confusion confusion;
  if (!model_open(&model, file, size)) return false;
  bool done = true;
  for (int streaming = 0; done && streaming < 2; streaming++) {
    printf("\n%s:\n", streaming ? "The same clips one after the other, front end carried over"
                                : "Held-back speakers, int8, front end fresh for each clip");
    done = evaluate_clips(playlist, options->label_count, streaming, model_classify, &model,
                          &confusion);
    if (done) confusion_print(&confusion, options->label, stdout);
  }
  printf("\nThe arena takes %zu bytes.\n", model.arena_used);
  model_close(&model);
  return done;
}
#endif

static bool make_model(struct net *net, struct feeder *feeder, const struct playlist *playlist,
                       const struct options *options) {
  train(net, feeder, options);
  if (!options->with_held_back) print_bias_table(net, playlist);
  net->dense_bias.value[DATASET_UNKNOWN] += options->bias;
  size_t size;
  uint8_t *file = quantize_to_tflite(net, feeder->corpus, options->seed, options->label, &size);
  bool done = file && write_file(options->output, file, size);
#ifdef TRAIN_WITH_WIT
  if (done && !options->with_held_back) done = print_accuracy(file, size, playlist, options);
#endif
  if (done) printf("Wrote %s: %zu bytes.\n", options->output, size);
  free(file);
  return done;
}

static bool run(const struct options *options) {
  struct dataset dataset;
  struct corpus corpus = {0};
  struct feeder feeder = {0};
  struct playlist playlist = {0};
  struct pool *pool = pool_create(options->threads);
  struct net *net = NULL;
  if (!pool ||
      !dataset_load_sources(&dataset, options->source, options->source_count, options->label,
                            options->label_count, options->held_back_tenth)) {
    pool_destroy(pool);
    return false;
  }
  struct corpus_options corpus_options = {options->copies, options->with_held_back, options->seed};
  bool done = corpus_build(&corpus, &dataset, &corpus_options, pool, corpus_progress) &&
              feeder_init(&feeder, &corpus, options->batch, options->seed) &&
              playlist_make(&playlist, &dataset, true, 1) &&
              (net = net_create(options->label_count, options->batch, options->seed, pool)) != NULL;
  if (!done) {
    fprintf(stderr, "out of memory: try fewer --copies\n");
  } else {
    printf("%zu clips, %zu of them of held-back speakers; %zu windows to learn from.\n",
           dataset.clip_count, playlist.count, corpus.window_count);
    done = (!options->from || take_old_weights(net, &feeder, options)) &&
           make_model(net, &feeder, &playlist, options);
  }
  net_destroy(net);
  playlist_free(&playlist);
  feeder_free(&feeder);
  corpus_free(&corpus);
  dataset_free(&dataset);
  pool_destroy(pool);
  return done;
}

int main(int argc, char **argv) {
  struct options options = {.seed = 1,
                            .batch = 128,
                            .copies = 30,
                            .threads = 2,
                            .bias = -1,
                            .weight_decay = 1e-4f,
                            .dropout = 0.1f,
                            .label_smoothing = 0.1f};
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (!parse_options(&options, argc, argv)) return 2;
  bool done = (!options.from || open_old(&options)) && run(&options);
  free(options.old);
  return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
