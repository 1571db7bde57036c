/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/examples/delta_corpus.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "examples/micro_speech/train/corpus.h"
#include "examples/micro_speech/train/dataset.h"
#include "examples/micro_speech/train/dequantize.h"
#include "examples/micro_speech/train/net.h"
#include "examples/micro_speech/train/pool.h"
#include "examples/micro_speech/train/quantize.h"
#include "wit/inspect.h"

#define BATCH 128
#define COPIES 10
#define FILE_SIZE_MAX (1u << 20)
#define UNKNOWN_BIAS (-1.0f)

static const char *const labels[] = {"silence", "unknown", "yes", "no", "go"};

/* ---- files ------------------------------------------------------------------------ */

static struct delta_file copy_of(const struct delta_file *file) {
  struct delta_file copy = {malloc(file->size + 1), file->size};
  if (copy.data && file->size) memcpy(copy.data, file->data, file->size);
  return copy;
}

static struct delta_file read_file(const char *folder, const char *name) {
  char path[512];
  struct delta_file out = {0};
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "rb");
  out.data = file ? malloc(FILE_SIZE_MAX) : NULL;
  if (out.data) out.size = fread(out.data, 1, FILE_SIZE_MAX, file);
  if (file) fclose(file);
  return out;
}

/* Takes both files. */
static bool add_pair(struct delta_corpus *corpus, const char *name, struct delta_file base,
                     struct delta_file result) {
  if (!base.data || !result.data || !base.size || !result.size ||
      corpus->count == DELTA_CORPUS_MAX) {
    free(base.data);
    free(result.data);
    fprintf(stderr, "cannot make \"%s\"\n", name);
    return false;
  }
  corpus->pair[corpus->count++] = (struct delta_pair){name, base, result};
  return true;
}

/* ---- training ------------------------------------------------------------------------ */

struct studio {
  struct dataset dataset;
  struct corpus clips;
  struct pool *pool;
  struct random random;
  int8_t (*window)[NET_INPUT_BYTES];
};

static void no_progress(size_t done, size_t of) {
  (void)done;
  (void)of;
}

static bool studio_init(struct studio *studio, const char *clips) {
  struct dataset_source source = {.folder = clips};
  struct corpus_options options = {.copies = COPIES, .with_held_back = true, .seed = 1};
  *studio = (struct studio){.random = random_stream(1, 4)};
  studio->pool = pool_create(2);
  studio->window = calloc(BATCH, sizeof *studio->window);
  return studio->pool && studio->window &&
         dataset_load_sources(&studio->dataset, &source, 1, labels, 5, 0) &&
         corpus_build(&studio->clips, &studio->dataset, &options, studio->pool, no_progress);
}

static void studio_free(struct studio *studio) {
  corpus_free(&studio->clips);
  dataset_free(&studio->dataset);
  pool_destroy(studio->pool);
  free(studio->window);
}

/* The fifth word counts as unknown where the net has four. */
static void next_batch(void *context, const int8_t **windows, uint8_t *drawn) {
  struct studio *studio = context;
  corpus_draw(&studio->clips, &studio->random, studio->window, drawn, BATCH);
  for (size_t i = 0; i < BATCH; i++) windows[i] = studio->window[i];
}

struct lesson {
  const struct delta_file *from; /* NULL: from scratch */
  uint64_t seed;
  size_t label_count, steps;
  float rate;
  bool dense_only;
};

struct kept {
  float *filter, *gamma, *beta;
};

static float *kept_values(const struct net_parameters *parameters) {
  float *copy = malloc(parameters->count * sizeof *copy);
  if (copy) memcpy(copy, parameters->value, parameters->count * sizeof *copy);
  return copy;
}

static void restore_values(struct net_parameters *parameters, float *kept) {
  if (kept) memcpy(parameters->value, kept, parameters->count * sizeof *kept);
  free(kept);
}

static void learn(struct net *net, struct studio *studio, const struct lesson *lesson) {
  const int8_t *windows[BATCH];
  struct net_sample samples[BATCH];
  uint8_t drawn[BATCH];
  struct kept kept[NET_LAYERS] = {0};
  for (size_t l = 0; lesson->dense_only && l < NET_LAYERS; l++) {
    kept[l] = (struct kept){kept_values(&net->filter[l]), kept_values(&net->gamma[l]),
                            kept_values(&net->beta[l])};
  }
  /* Frozen layers keep their statistics with their weights. */
  net->statistics_fixed = lesson->dense_only;
  for (size_t step = 0; step < lesson->steps; step++) {
    next_batch(studio, windows, drawn);
    for (size_t i = 0; i < BATCH; i++) {
      samples[i].label = (uint8_t)(drawn[i] < lesson->label_count ? drawn[i] : DATASET_UNKNOWN);
    }
    net_forward(net, windows, samples);
    net_backward(net, windows);
    net_update(net, lesson->rate * (1 - (float)step / (float)lesson->steps), 1e-4f);
  }
  for (size_t l = 0; lesson->dense_only && l < NET_LAYERS; l++) {
    restore_values(&net->filter[l], kept[l].filter);
    restore_values(&net->gamma[l], kept[l].gamma);
    restore_values(&net->beta[l], kept[l].beta);
  }
  if (!lesson->dense_only) net_fix_statistics(net, 40, next_batch, studio);
}

static struct delta_file teach(struct studio *studio, const struct lesson *lesson) {
  struct delta_file out = {0};
  struct wit_model old;
  struct wit_error error;
  struct net *net = net_create(lesson->label_count, BATCH, lesson->seed, studio->pool);
  studio->random = random_stream(lesson->seed, 4);
  bool done = net != NULL;
  if (done && lesson->from) {
    done = wit_model_open(&old, lesson->from->data, lesson->from->size, &error) == WIT_OK &&
           dequantize_into_net(net, &old, UNKNOWN_BIAS, 10, next_batch, studio);
  }
  if (done) {
    learn(net, studio, lesson);
    net->dense_bias.value[DATASET_UNKNOWN] += UNKNOWN_BIAS;
    out.data = quantize_to_tflite(net, &studio->clips, lesson->seed, labels, &out.size);
  }
  net_destroy(net);
  return out;
}

/* ---- what is done to a finished model ----------------------------------------------------- */

typedef void edit_function(struct delta_file *copy, const struct wit_model *original, size_t tensor,
                           const struct wit_constant *constant, struct random *random);

/* `edit` for the last `last` int8 constants of 64 bytes or more; 0: for all. */
static struct delta_file edited(const struct delta_file *file, edit_function *edit, size_t last) {
  struct delta_file copy = copy_of(file);
  struct wit_model model;
  struct wit_error error;
  struct wit_model_info info;
  struct random random = random_stream(1, 1);
  if (!copy.data || wit_model_open(&model, file->data, file->size, &error) != WIT_OK) return copy;
  wit_model_info(&model, &info);
  size_t found[1024], count = 0;
  for (size_t i = 0; i < info.tensor_count && count < 1024; i++) {
    struct wit_constant constant;
    struct wit_tensor tensor;
    if (wit_inspect_constant(&model, i, &constant) && wit_inspect_tensor(&model, i, &tensor) &&
        tensor.type == WIT_INT8 && constant.size_bytes >= 64) {
      found[count++] = i;
    }
  }
  for (size_t i = last && last < count ? count - last : 0; i < count; i++) {
    struct wit_constant constant;
    if (wit_inspect_constant(&model, found[i], &constant)) {
      edit(&copy, &model, found[i], &constant, &random);
    }
  }
  return copy;
}

static float bell(struct random *random) {
  float sum = 0;
  for (int i = 0; i < 12; i++) sum += random_unit(random);
  return sum - 6;
}

/* As fine-tuning moves weights: by a twentieth of their own spread. */
static void nudge(struct delta_file *copy, const struct wit_model *original, size_t tensor,
                  const struct wit_constant *constant, struct random *random) {
  (void)tensor;
  uint8_t *to = copy->data + (constant->data - original->file);
  double squares = 0;
  for (size_t i = 0; i < constant->size_bytes; i++) {
    squares += (double)(int8_t)constant->data[i] * (int8_t)constant->data[i];
  }
  float spread = (float)sqrt(squares / (double)constant->size_bytes);
  for (size_t i = 0; i < constant->size_bytes; i++) {
    float value = roundf((float)(int8_t)constant->data[i] + 0.05f * spread * bell(random));
    to[i] = (uint8_t)(int8_t)fmaxf(-127, fminf(127, value));
  }
}

static void put_float(uint8_t *at, float value) { memcpy(at, &value, sizeof value); }

/* One scale for all channels, as converters without per-channel quantisation. */
static void one_scale(struct delta_file *copy, const struct wit_model *original, size_t tensor,
                      const struct wit_constant *constant, struct random *random) {
  (void)tensor;
  (void)random;
  size_t channels = constant->channel_count;
  if (channels < 2) return;
  float most = 0;
  for (size_t c = 0; c < channels; c++) most = fmaxf(most, wit_constant_scale(constant, c));
  uint8_t *values = copy->data + (constant->data - original->file);
  uint8_t *scales = copy->data + (constant->scales - original->file);
  size_t each = constant->size_bytes / channels;
  for (size_t c = 0; c < channels; c++) {
    float ratio = wit_constant_scale(constant, c) / most;
    put_float(scales + 4 * c, most);
    for (size_t i = c * each; i < (c + 1) * each; i++) {
      values[i] = (uint8_t)(int8_t)roundf((float)(int8_t)constant->data[i] * ratio);
    }
  }
}

/* Same model under other words, of the same length. */
static struct delta_file relabelled(const struct delta_file *file) {
  struct delta_file copy = copy_of(file);
  for (size_t i = 0; copy.data && i + 3 <= copy.size; i++) {
    if (memcmp(copy.data + i, "yes", 3) == 0) memcpy(copy.data + i, "oui", 3);
  }
  return copy;
}

/* ---- the corpus ---------------------------------------------------------------------------------
 */

static bool add_trained(struct delta_corpus *corpus, struct studio *studio,
                        const struct delta_file *base) {
  static const struct {
    const char *name;
    size_t labels, steps;
    uint64_t seed;
    float rate;
    bool from_base, dense_only;
  } lessons[] = {
      {"retrained from scratch", 4, 700, 2, 4e-3f, false, false},
      {"fine-tuned, 60 steps", 4, 60, 3, 3e-4f, true, false},
      {"fine-tuned, 400 steps", 4, 400, 3, 1e-3f, true, false},
      {"last layer only", 4, 200, 3, 1e-3f, true, true},
      {"one class added", 5, 100, 3, 3e-4f, true, false},
      {"calibrated anew", 4, 0, 4, 1e-3f, true, true},
  };
  for (size_t i = 0; i < sizeof lessons / sizeof *lessons; i++) {
    struct lesson lesson = {.from = lessons[i].from_base ? base : NULL,
                            .seed = lessons[i].seed,
                            .label_count = lessons[i].labels,
                            .steps = lessons[i].steps,
                            .rate = lessons[i].rate,
                            .dense_only = lessons[i].dense_only};
    fprintf(stderr, "  %s\n", lessons[i].name);
    if (!add_pair(corpus, lessons[i].name, copy_of(base), teach(studio, &lesson))) return false;
  }
  return true;
}

static bool add_large(struct delta_corpus *corpus, const char *folder) {
  static const struct {
    const char *file, *tuned, *last;
  } models[] = {
      {"mlperf_kws_ref_model_int8.tflite", "54 KB, fine-tuned *", NULL},
      {"mlperf_ad01_int8.tflite", "277 KB, fine-tuned *", "277 KB, last layer *"},
      {"person_detect.tflite", "301 KB, fine-tuned *", "301 KB, last layer *"},
  };
  for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
    struct delta_file file = read_file(folder, models[i].file);
    bool done = true;
    if (!file.size) {
      fprintf(stderr, "  left out: %s/%s is not there\n", folder, models[i].file);
    } else {
      done = add_pair(corpus, models[i].tuned, copy_of(&file), edited(&file, nudge, 0)) &&
             (!models[i].last ||
              add_pair(corpus, models[i].last, copy_of(&file), edited(&file, nudge, 1)));
    }
    free(file.data);
    if (!done) return false;
  }
  return true;
}

static bool add_all(struct delta_corpus *corpus, struct studio *studio, const char *own_models,
                    const char *models) {
  struct lesson first = {.seed = 1, .label_count = 4, .steps = 700, .rate = 4e-3f};
  fprintf(stderr, "training:\n  the base\n");
  struct delta_file base = teach(studio, &first);
  struct delta_file flat = edited(&base, one_scale, 0);
  bool done = base.data && flat.data && add_trained(corpus, studio, &base) &&
              add_pair(corpus, "yes_no to yes_no_stop_go", read_file(own_models, "yes_no.tflite"),
                       read_file(own_models, "yes_no_stop_go.tflite")) &&
              add_pair(corpus, "one scale a tensor", copy_of(&base), copy_of(&flat)) &&
              add_pair(corpus, "one scale a channel", copy_of(&flat), copy_of(&base)) &&
              add_pair(corpus, "labels only", copy_of(&base), relabelled(&base)) &&
              add_large(corpus, models);
  free(base.data);
  free(flat.data);
  return done;
}

bool delta_corpus_make(struct delta_corpus *corpus, const char *clips, const char *own_models,
                       const char *models) {
  struct studio studio;
  *corpus = (struct delta_corpus){0};
  bool done = studio_init(&studio, clips) && add_all(corpus, &studio, own_models, models);
  studio_free(&studio);
  return done;
}

void delta_corpus_free(struct delta_corpus *corpus) {
  for (size_t i = 0; i < corpus->count; i++) {
    free(corpus->pair[i].base.data);
    free(corpus->pair[i].result.data);
  }
}
