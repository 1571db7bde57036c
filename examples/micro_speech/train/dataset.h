/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRAIN_DATASET_H
#define TRAIN_DATASET_H
/* A folder in the layout of Speech Commands: one folder a word with its clips
 * (16 kHz mono 16-bit WAV, SPEAKER_nohash_N.wav), `_background_` (also
 * `_background_noise_`) with noise, `_unknown_` with assorted other words. Clips
 * are padded with zeros to one second; of longer ones the first second counts,
 * of longer noise every whole second. Other files are passed over,
 * so that an exported folder of captures is one as well.
 *
 * Label 0 is silence (noise, and `silence`), 1 unknown (every word that is not asked
 * for), from 2 on the words asked for, in their order. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wit_audio/frontend.h"

#define DATASET_CLIP_SAMPLES WIT_AUDIO_SAMPLE_RATE
#define DATASET_NAME_MAX 63
#define DATASET_WORDS_MAX 64
#define DATASET_LABELS_MAX 16

enum { DATASET_SILENCE = 0, DATASET_UNKNOWN = 1, DATASET_FIRST_WORD = 2 };

struct clip {
  char file[DATASET_NAME_MAX + 1];
  uint16_t word; /* index in dataset.word */
  uint8_t label;
  bool held_back;
  int16_t samples[DATASET_CLIP_SAMPLES];
};

struct dataset {
  char word[DATASET_WORDS_MAX][DATASET_NAME_MAX + 1]; /* folder names, each source's sorted */
  uint8_t word_label[DATASET_WORDS_MAX];
  size_t word_count;
  const char *label[DATASET_LABELS_MAX];
  size_t label_count;
  unsigned held_back_tenth;
  struct clip *clip; /* by source, word, file name */
  size_t clip_count;
};

/* One folder to read. */
struct dataset_source {
  const char *folder;
  const char *list; /* file that names the clips to take, WORD/FILE a line; NULL: all */
};

/* labels: "silence", "unknown" and the words; borrowed. Speakers of the given
 * tenth are held back. Folders are read in their order, and a word that stands
 * in several is one word. On failure prints what is wrong and returns false. */
bool dataset_load_sources(struct dataset *dataset, const struct dataset_source *sources,
                          size_t source_count, const char *const *labels, size_t label_count,
                          unsigned held_back_tenth);
/* The same of one folder, all of it. */
bool dataset_load(struct dataset *dataset, const char *folder, const char *const *labels,
                  size_t label_count, unsigned held_back_tenth);
void dataset_free(struct dataset *dataset);

/* The same clips for a model with other words. labels: borrowed. */
void dataset_relabel(struct dataset *dataset, const char *const *labels, size_t label_count);

/* Which of ten groups a clip's speaker belongs to: sha1(speaker) mod 10. Files
 * without a speaker's id count by their name. */
unsigned dataset_tenth(const char *file_name);
#endif
