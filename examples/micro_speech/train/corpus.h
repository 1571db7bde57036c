/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRAIN_CORPUS_H
#define TRAIN_CORPUS_H
/* What the network learns from: feature windows of augmented clips, made once
 * before training, and batches drawn from them.
 *
 * Each copy of a clip has its own speed, place in the window, gain, and noise.
 * A device never resets its front end, whose noise estimate therefore carries
 * what was heard before; a program that looks at single clips starts it afresh.
 * The copies of one round are a stream in random order in which both happen.
 *
 * A device also sees every word slide through its window. Some copies therefore
 * show only the beginning or the end of a word, or the end of one and the
 * beginning of another, and count as unknown. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "examples/micro_speech/train/dataset.h"
#include "examples/micro_speech/train/net.h"
#include "examples/micro_speech/train/pool.h"
#include "examples/micro_speech/train/random.h"

struct corpus {
  int8_t (*window)[NET_INPUT_BYTES];
  size_t window_count;
  size_t label_count;
  /* Windows of one word of the dataset (or of silence), by index. */
  struct corpus_word {
    uint8_t label;
    uint32_t weight; /* share among the words of its label */
    size_t *window;
    size_t count;
  } word[DATASET_WORDS_MAX + 1]; /* the last: fragments of words, label unknown */
  size_t word_count;
};

struct corpus_options {
  size_t copies;       /* of each clip */
  bool with_held_back; /* also clips of held-back speakers */
  uint64_t seed;
};

/* Builds all copies on the pool's threads; progress(done, of) now and then.
 * False without memory. */
bool corpus_build(struct corpus *corpus, const struct dataset *dataset,
                  const struct corpus_options *options, struct pool *pool,
                  void (*progress)(size_t done, size_t of));
void corpus_free(struct corpus *corpus);

/* Draws `count` windows into `out` with their labels: 8 % silence, 45 % unknown
 * (words and fragments even, `_unknown_` double), the rest keywords, even; each
 * shifted by up to two rows. */
void corpus_draw(const struct corpus *corpus, struct random *random, int8_t (*out)[NET_INPUT_BYTES],
                 uint8_t *labels, size_t count);
#endif
