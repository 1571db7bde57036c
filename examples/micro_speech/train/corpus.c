/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/micro_speech/train/corpus.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES DATASET_CLIP_SAMPLES
#define SILENCE_REPEATS 3       /* background clips are few, and every copy is another mixture */
#define FRAGMENT_CHANCE 0.1f    /* that a copy of a word shows only a part of it */
#define SHIFT_SAMPLES 2800      /* 175 ms */
#define FRAGMENT_SHIFT_MIN 7600 /* 475 ms */
#define FRAGMENT_SHIFT_MAX 11000
#define SILENCE_SHARE 0.08f
#define UNKNOWN_SHARE 0.45f

typedef float audio[SAMPLES];

static bool chance(struct random *random, float probability) {
  return random_unit(random) < probability;
}

static float decibels(float db) { return (float)portable_exp(db * 0.11512925464970229); }

/* ---- audio ------------------------------------------------------------------ */

struct backgrounds {
  const struct clip **clip;
  size_t count;
};

static float level(const float *x) { /* root mean square */
  double sum = 0;
  for (size_t i = 0; i < SAMPLES; i++) sum += (double)x[i] * x[i];
  return sqrtf((float)(sum / SAMPLES));
}

/* A background clip begun at a random place. */
static void rolled_background(const struct backgrounds *backgrounds, struct random *random,
                              float *out) {
  const struct clip *clip = backgrounds->clip[random_below(random, (uint32_t)backgrounds->count)];
  size_t begin = random_below(random, SAMPLES);
  for (size_t i = 0; i < SAMPLES; i++) out[i] = clip->samples[(begin + i) % SAMPLES];
}

static void add_scaled(float *out, const float *x, float gain) {
  for (size_t i = 0; i < SAMPLES; i++) out[i] += x[i] * gain;
}

/* The clip at another speed and place; zeros where it does not reach. */
static void warp(const struct clip *clip, float speed, float shift, float *out) {
  for (size_t i = 0; i < SAMPLES; i++) {
    float at = ((float)i - SAMPLES / 2.0f - shift) * speed + SAMPLES / 2.0f;
    out[i] = 0;
    if (at < 0 || at >= SAMPLES - 1) continue;
    size_t left = (size_t)at;
    float fraction = at - (float)left;
    out[i] =
        (float)clip->samples[left] * (1 - fraction) + (float)clip->samples[left + 1] * fraction;
  }
}

/* Zeros up to somewhere, then sound at once: the onset is no word. */
static void cut_start(struct random *random, float *out, float longest_seconds) {
  size_t end = (size_t)(random_between(random, 0, longest_seconds) * SAMPLES);
  memset(out, 0, end * sizeof *out);
}

/* Hiss of a few steps, which every real microphone has. */
static void add_hiss(struct random *random, float *out) {
  float amplitude = random_between(random, 1, 12);
  for (size_t i = 0; i < SAMPLES; i++) out[i] += random_between(random, -amplitude, amplitude);
}

/* A word somewhere in the window, louder or softer, faster or slower. */
static void place_word(const struct clip *clip, float shift, struct random *random, float *out) {
  float speed = chance(random, 0.8f) ? random_between(random, 0.87f, 1.15f) : 1;
  float gain = decibels(random_between(random, -14, 6));
  warp(clip, speed, shift, out);
  for (size_t i = 0; i < SAMPLES; i++) out[i] *= gain;
}

static void add_noise(const struct backgrounds *backgrounds, struct random *random, float *out) {
  if (chance(random, 0.7f)) {
    audio noise;
    rolled_background(backgrounds, random, noise);
    float ratio = decibels(random_between(random, -30, 0));
    add_scaled(out, noise, ratio * level(out) / (level(noise) + 1));
  }
  if (chance(random, 0.3f)) add_hiss(random, out);
}

static void augment_word(const struct clip *clip, const struct backgrounds *backgrounds,
                         struct random *random, float *out) {
  place_word(clip, random_between(random, -SHIFT_SAMPLES, SHIFT_SAMPLES), random, out);
  add_noise(backgrounds, random, out);
  if (chance(random, 0.08f)) cut_start(random, out, 0.15f);
}

/* So far off the middle that less than half of a word is seen; half the time
 * another one comes in, or goes out, at the other end. */
static void make_fragment(const struct clip *clip, const struct clip *other,
                          const struct backgrounds *backgrounds, struct random *random,
                          float *out) {
  float side = chance(random, 0.5f) ? 1 : -1;
  place_word(clip, side * random_between(random, FRAGMENT_SHIFT_MIN, FRAGMENT_SHIFT_MAX), random,
             out);
  if (chance(random, 0.5f)) {
    audio second;
    place_word(other, -side * random_between(random, FRAGMENT_SHIFT_MIN, FRAGMENT_SHIFT_MAX),
               random, second);
    add_scaled(out, second, 1);
  }
  add_noise(backgrounds, random, out);
}

static void augment_silence(const struct backgrounds *backgrounds, struct random *random,
                            float *out) {
  audio noise;
  memset(out, 0, sizeof noise);
  if (chance(random, 0.05f)) return; /* a microphone that is off */
  if (chance(random, 0.2f)) add_hiss(random, out);
  if (chance(random, 0.05f)) return; /* a quiet room */
  rolled_background(backgrounds, random, noise);
  add_scaled(out, noise, decibels(random_between(random, -25, 6)));
  if (chance(random, 0.5f)) {
    rolled_background(backgrounds, random, noise);
    add_scaled(out, noise, decibels(random_between(random, -25, 6)));
  }
  if (chance(random, 0.2f)) cut_start(random, out, 0.7f);
}

static void to_int16(const float *x, int16_t *out) {
  for (size_t i = 0; i < SAMPLES; i++) {
    float value = floorf(x[i] + 0.5f);
    out[i] = (int16_t)(value > 32767 ? 32767 : value < -32768 ? -32768 : value);
  }
}

/* ---- features ----------------------------------------------------------------- */

static void extract(struct wit_audio_frontend *frontend, const int16_t *samples,
                    int8_t window[NET_INPUT_BYTES]) {
  for (size_t row = 0; row < NET_INPUT_ROWS; row++) {
    wit_audio_frontend_window(frontend, samples + row * WIT_AUDIO_STEP_SAMPLES,
                              (int8_t *)window + row * NET_INPUT_COLUMNS);
  }
}

/* What came before the clip: nothing, the clip before, or that and a pause. */
static void set_context(struct wit_audio_frontend *frontend, const struct backgrounds *backgrounds,
                        struct random *random) {
  float kind = random_unit(random);
  if (kind < 0.4f) wit_audio_frontend_init(frontend);
  if (kind < 0.7f) return;
  audio x;
  int16_t samples[SAMPLES];
  int8_t ignored[NET_INPUT_BYTES];
  augment_silence(backgrounds, random, x);
  to_int16(x, samples);
  extract(frontend, samples, ignored);
}

/* ---- building -------------------------------------------------------------------- */

struct build {
  struct corpus *corpus;
  bool *is_fragment;        /* per window */
  const struct clip **clip; /* of one round, background clips repeated */
  size_t clip_count;
  struct backgrounds backgrounds;
  const struct corpus_options *options;
  size_t round_begin;
};

static void shuffle(size_t *order, size_t count, struct random *random) {
  for (size_t i = 0; i < count; i++) order[i] = i;
  for (size_t i = count; i > 1; i--) {
    size_t j = random_below(random, (uint32_t)i), swapped = order[i - 1];
    order[i - 1] = order[j];
    order[j] = swapped;
  }
}

/* The sound of one window; true when it is a fragment. */
static bool make_sound(const struct build *build, const struct clip *clip, struct random *random,
                       int16_t *out) {
  audio x;
  bool is_fragment = false;
  if (clip->label == DATASET_SILENCE) {
    augment_silence(&build->backgrounds, random, x);
  } else if (chance(random, FRAGMENT_CHANCE)) {
    const struct clip *other = build->clip[random_below(random, (uint32_t)build->clip_count)];
    make_fragment(clip, other, &build->backgrounds, random, x);
    is_fragment = true;
  } else {
    augment_word(clip, &build->backgrounds, random, x);
  }
  to_int16(x, out);
  return is_fragment;
}

static void build_round(void *context, size_t shard) {
  const struct build *build = context;
  size_t round = build->round_begin + shard;
  struct random random = random_stream(build->options->seed, 1000 + round);
  struct wit_audio_frontend frontend;
  int16_t samples[SAMPLES];
  size_t *order = malloc(build->clip_count * sizeof *order);
  if (!order) abort();
  shuffle(order, build->clip_count, &random);
  wit_audio_frontend_init(&frontend);
  for (size_t i = 0; i < build->clip_count; i++) {
    set_context(&frontend, &build->backgrounds, &random);
    size_t window = round * build->clip_count + order[i];
    build->is_fragment[window] = make_sound(build, build->clip[order[i]], &random, samples);
    extract(&frontend, samples, build->corpus->window[window]);
  }
  free(order);
}

static bool choose_clips(struct build *build, const struct dataset *dataset) {
  build->clip = calloc(SILENCE_REPEATS * dataset->clip_count, sizeof *build->clip);
  build->backgrounds.clip = calloc(dataset->clip_count, sizeof *build->backgrounds.clip);
  if (!build->clip || !build->backgrounds.clip) return false;
  for (size_t i = 0; i < dataset->clip_count; i++) {
    const struct clip *clip = &dataset->clip[i];
    if (clip->held_back && !build->options->with_held_back) continue;
    size_t repeats = 1;
    if (clip->label == DATASET_SILENCE) {
      build->backgrounds.clip[build->backgrounds.count++] = clip;
      repeats = SILENCE_REPEATS;
    }
    for (size_t r = 0; r < repeats; r++) build->clip[build->clip_count++] = clip;
  }
  return true;
}

static bool add_to_word(struct corpus_word *word, size_t window) {
  if ((word->count & (word->count - 1)) == 0) { /* a power of two: full */
    size_t capacity = word->count == 0 ? 1 : 2 * word->count;
    size_t *grown = realloc(word->window, capacity * sizeof *grown);
    if (!grown) return false;
    word->window = grown;
  }
  word->window[word->count++] = window;
  return true;
}

static bool index_words(struct corpus *corpus, const struct dataset *dataset,
                        const struct build *build) {
  corpus->word_count = dataset->word_count + 1;
  struct corpus_word *fragments = &corpus->word[dataset->word_count];
  fragments->label = DATASET_UNKNOWN;
  for (size_t w = 0; w < dataset->word_count; w++) corpus->word[w].label = dataset->word_label[w];
  for (size_t i = 0; i < corpus->window_count; i++) {
    size_t word = build->clip[i % build->clip_count]->word;
    if (!add_to_word(build->is_fragment[i] ? fragments : &corpus->word[word], i)) return false;
  }
  for (size_t w = 0; w < corpus->word_count; w++) {
    bool assorted = w < dataset->word_count && strcmp(dataset->word[w], "_unknown_") == 0;
    corpus->word[w].weight = corpus->word[w].count == 0 ? 0 : assorted ? 2 : 1;
  }
  return true;
}

bool corpus_build(struct corpus *corpus, const struct dataset *dataset,
                  const struct corpus_options *options, struct pool *pool,
                  void (*progress)(size_t done, size_t of)) {
  struct build build = {.corpus = corpus, .options = options};
  memset(corpus, 0, sizeof *corpus);
  corpus->label_count = dataset->label_count;
  bool done = choose_clips(&build, dataset);
  corpus->window_count = build.clip_count * options->copies;
  corpus->window = done ? malloc((corpus->window_count + 1) * sizeof *corpus->window) : NULL;
  build.is_fragment = calloc(corpus->window_count + 1, sizeof *build.is_fragment);
  done = corpus->window && build.is_fragment;
  const size_t at_once = 4;
  for (size_t round = 0; done && round < options->copies; round += at_once) {
    size_t left = options->copies - round;
    build.round_begin = round;
    progress(round, options->copies);
    pool_run(pool, build_round, &build, left < at_once ? left : at_once);
  }
  progress(options->copies, options->copies);
  done = done && index_words(corpus, dataset, &build);
  free(build.is_fragment);
  free(build.clip);
  free(build.backgrounds.clip);
  if (!done) corpus_free(corpus);
  return done;
}

void corpus_free(struct corpus *corpus) {
  for (size_t i = 0; i < corpus->word_count; i++) free(corpus->word[i].window);
  free(corpus->window);
  memset(corpus, 0, sizeof *corpus);
}

/* ---- drawing ------------------------------------------------------------------------ */

static uint8_t draw_label(const struct corpus *corpus, struct random *random) {
  float at = random_unit(random);
  if (at < SILENCE_SHARE) return DATASET_SILENCE;
  if (at < SILENCE_SHARE + UNKNOWN_SHARE) return DATASET_UNKNOWN;
  uint32_t words = (uint32_t)(corpus->label_count - DATASET_FIRST_WORD);
  return (uint8_t)(DATASET_FIRST_WORD + random_below(random, words));
}

static const struct corpus_word *draw_word(const struct corpus *corpus, uint8_t label,
                                           struct random *random) {
  uint32_t total = 0;
  for (size_t i = 0; i < corpus->word_count; i++) {
    if (corpus->word[i].label == label) total += corpus->word[i].weight;
  }
  uint32_t left = random_below(random, total);
  const struct corpus_word *word = corpus->word;
  for (;; word++) {
    if (word->label != label) continue;
    if (left < word->weight) return word;
    left -= word->weight;
  }
}

static void copy_shifted(const int8_t *window, int shift, int8_t *out) {
  for (int row = 0; row < NET_INPUT_ROWS; row++) {
    int from = row + shift;
    if (from < 0) from = 0;
    if (from >= NET_INPUT_ROWS) from = NET_INPUT_ROWS - 1;
    memcpy(out + row * NET_INPUT_COLUMNS, window + from * NET_INPUT_COLUMNS, NET_INPUT_COLUMNS);
  }
}

void corpus_draw(const struct corpus *corpus, struct random *random, int8_t (*out)[NET_INPUT_BYTES],
                 uint8_t *labels, size_t count) {
  for (size_t i = 0; i < count; i++) {
    labels[i] = draw_label(corpus, random);
    const struct corpus_word *word = draw_word(corpus, labels[i], random);
    size_t window = word->window[random_below(random, (uint32_t)word->count)];
    copy_shifted(corpus->window[window], (int)random_below(random, 5) - 2, out[i]);
  }
}
