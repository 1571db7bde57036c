/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/micro_speech/train/dataset.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "wit_audio/wav.h"
#include "examples/micro_speech/train/sha1.h"

#define FILE_SIZE_MAX (4u << 20)
#define LIST_SIZE_MAX (16u << 20)
#define BACKGROUND "_background_"
#define BACKGROUND_PUBLISHED "_background_noise_" /* Speech Commands as it is published */

unsigned dataset_tenth(const char *file_name) {
  const char *speaker_end = strstr(file_name, "_nohash_");
  uint8_t digest[20];
  sha1(file_name, speaker_end ? (size_t)(speaker_end - file_name) : strlen(file_name), digest);
  unsigned rest = 0;
  for (size_t i = 0; i < sizeof digest; i++) rest = (rest * 256 + digest[i]) % 10;
  return rest;
}

static int by_name(const struct dirent **a, const struct dirent **b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }

static bool is_wav(const char *name) {
  size_t length = strlen(name);
  return length > 4 && strcmp(name + length - 4, ".wav") == 0;
}

static bool is_folder(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static uint8_t label_of(const struct dataset *dataset, const char *word) {
  static const char *const silent[] = {BACKGROUND, BACKGROUND_PUBLISHED, "silence"};
  for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++) {
    if (strcmp(word, silent[i]) == 0) return DATASET_SILENCE;
  }
  for (size_t i = DATASET_FIRST_WORD; i < dataset->label_count; i++) {
    if (strcmp(word, dataset->label[i]) == 0) return (uint8_t)i;
  }
  return DATASET_UNKNOWN;
}

/* The file's bytes, to be freed, which *wav borrows; NULL after a message. */
static uint8_t *read_wav(const char *path, struct wit_audio_wav *wav) {
  FILE *file = fopen(path, "rb");
  uint8_t *bytes = malloc(FILE_SIZE_MAX);
  size_t size = file && bytes ? fread(bytes, 1, FILE_SIZE_MAX, file) : 0;
  int error = errno;
  if (file) fclose(file);
  if (size == 0) {
    fprintf(stderr, "cannot read %s: %s\n", path, strerror(error));
    free(bytes);
    return NULL;
  }
  int status = wit_audio_wav_parse(wav, bytes, size, WIT_AUDIO_SAMPLE_RATE);
  if (status == WIT_AUDIO_WAV_OK) return bytes;
  fprintf(stderr, "cannot use %s: %s\n", path, wit_audio_wav_status_text(status));
  free(bytes);
  return NULL;
}

/* ---- lists of clips ------------------------------------------------------------ */

struct list {
  char *text;   /* the file, its line ends made into ends of strings */
  char **entry; /* sorted; NULL where no list was given */
  bool *found;
  size_t count;
};

static int by_text(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list_free(struct list *list) {
  free(list->text);
  free(list->entry);
  free(list->found);
}

static bool read_text(const char *path, char **text) {
  FILE *file = fopen(path, "rb");
  char *bytes = file ? malloc(LIST_SIZE_MAX + 1) : NULL;
  size_t size = bytes ? fread(bytes, 1, LIST_SIZE_MAX + 1, file) : 0;
  bool done = bytes && !ferror(file) && size <= LIST_SIZE_MAX;
  if (!done) {
    fprintf(stderr, "cannot read the list of clips %s: %s\n", path,
            size > LIST_SIZE_MAX ? "it is larger than 16 MiB" : strerror(errno));
    free(bytes);
  } else {
    bytes[size] = 0;
    *text = bytes;
  }
  if (file) fclose(file);
  return done;
}

static bool list_read(struct list *list, const char *path) {
  if (!path) return true;
  if (!read_text(path, &list->text)) return false;
  size_t lines = 1;
  for (const char *p = list->text; *p; p++) lines += *p == '\n';
  list->entry = calloc(lines, sizeof *list->entry);
  list->found = calloc(lines, sizeof *list->found);
  if (!list->entry || !list->found) {
    fprintf(stderr, "out of memory for the list of clips %s\n", path);
    return false;
  }
  char *rest = list->text, *line;
  while ((line = strtok_r(rest, "\r\n", &rest)) != NULL) list->entry[list->count++] = line;
  qsort(list->entry, list->count, sizeof *list->entry, by_text);
  return true;
}

static bool list_takes(struct list *list, const char *word, const char *name) {
  if (!list->entry) return true;
  char text[2 * DATASET_NAME_MAX + 2 + NAME_MAX], *key = text;
  snprintf(text, sizeof text, "%s/%s", word, name);
  char **entry = bsearch(&key, list->entry, list->count, sizeof *list->entry, by_text);
  if (!entry) return false;
  list->found[entry - list->entry] = true;
  return true;
}

/* A list that names what is not there was made for another folder. */
static bool list_was_found(const struct list *list, const struct dataset_source *source) {
  for (size_t i = 0; i < list->count; i++) {
    if (list->found[i] || (i > 0 && strcmp(list->entry[i], list->entry[i - 1]) == 0)) continue;
    if (i + 1 < list->count && strcmp(list->entry[i], list->entry[i + 1]) == 0) continue;
    fprintf(stderr, "%s names %s, which is not in %s: was it made for another folder?\n",
            source->list, list->entry[i], source->folder);
    return false;
  }
  return true;
}

/* ---- folders ------------------------------------------------------------------- */

static bool add_clip(struct dataset *dataset, size_t word, const char *name,
                     const struct wit_audio_wav *wav, size_t from) {
  struct clip *grown = dataset->clip;
  if ((dataset->clip_count & (dataset->clip_count - 1)) == 0) { /* a power of two: full */
    size_t capacity = dataset->clip_count == 0 ? 1 : 2 * dataset->clip_count;
    grown = realloc(dataset->clip, capacity * sizeof *grown);
  }
  if (!grown) {
    fprintf(stderr, "out of memory after %zu clips\n", dataset->clip_count);
    return false;
  }
  dataset->clip = grown;
  struct clip *clip = &grown[dataset->clip_count];
  memset(clip, 0, sizeof *clip);
  snprintf(clip->file, sizeof clip->file, "%s", name);
  clip->word = (uint16_t)word;
  clip->label = dataset->word_label[word];
  clip->held_back = dataset_tenth(name) == dataset->held_back_tenth;
  wit_audio_wav_read(wav, from, clip->samples, DATASET_CLIP_SAMPLES);
  dataset->clip_count++;
  return true;
}

/* Of a word the first second, of noise every whole one. */
static bool add_file(struct dataset *dataset, const char *folder, size_t word, const char *name) {
  char path[4096];
  struct wit_audio_wav wav;
  snprintf(path, sizeof path, "%s/%s/%s", folder, dataset->word[word], name);
  uint8_t *bytes = read_wav(path, &wav);
  if (!bytes) return false;
  bool noise = dataset->word_label[word] == DATASET_SILENCE;
  size_t seconds = noise ? wav.sample_count / DATASET_CLIP_SAMPLES : 1;
  bool done = true;
  for (size_t i = 0; done && i < (seconds > 0 ? seconds : 1); i++) {
    done = add_clip(dataset, word, name, &wav, i * DATASET_CLIP_SAMPLES);
  }
  free(bytes);
  return done;
}

/* Its index; a word that an earlier folder had keeps its own. */
static bool word_index(struct dataset *dataset, const char *word, const char *path, size_t *index) {
  for (size_t i = 0; i < dataset->word_count; i++) {
    *index = i;
    if (strcmp(dataset->word[i], word) == 0) return true;
  }
  if (dataset->word_count == DATASET_WORDS_MAX || strlen(word) > DATASET_NAME_MAX) {
    fprintf(stderr, "cannot use %s: more than %d words, or the name is longer than %d\n", path,
            DATASET_WORDS_MAX, DATASET_NAME_MAX);
    return false;
  }
  *index = dataset->word_count++;
  strcpy(dataset->word[*index], word);
  dataset->word_label[*index] = label_of(dataset, word);
  return true;
}

static bool add_word(struct dataset *dataset, const char *folder, const char *word,
                     struct list *list) {
  char path[4096];
  size_t index;
  snprintf(path, sizeof path, "%s/%s", folder, word);
  if (!is_folder(path)) return true;
  if (!word_index(dataset, word, path, &index)) return false;

  struct dirent **entries;
  int count = scandir(path, &entries, is_visible, by_name);
  bool done = count >= 0;
  for (int i = 0; i < count; i++) {
    const char *name = entries[i]->d_name;
    if (done && is_wav(name) && list_takes(list, word, name)) {
      done = add_file(dataset, folder, index, name);
    }
    free(entries[i]);
  }
  if (count >= 0) free(entries);
  return done;
}

static bool every_label_has_clips(const struct dataset *dataset, const char *folder) {
  for (size_t label = 0; label < dataset->label_count; label++) {
    size_t count = 0;
    for (size_t i = 0; i < dataset->clip_count; i++) {
      count += dataset->clip[i].label == label && !dataset->clip[i].held_back;
    }
    if (count > 0) continue;
    fprintf(stderr, "no clips for \"%s\" in %s: it needs a folder %s/ with WAV files\n",
            dataset->label[label], folder,
            label == DATASET_SILENCE   ? BACKGROUND
            : label == DATASET_UNKNOWN ? "_unknown_"
                                       : dataset->label[label]);
    return false;
  }
  return true;
}

static bool add_folder(struct dataset *dataset, const char *folder, struct list *list) {
  struct dirent **entries;
  int count = scandir(folder, &entries, is_visible, by_name);
  if (count < 0) {
    fprintf(stderr, "cannot open the folder of clips %s: %s\n", folder, strerror(errno));
    return false;
  }
  bool done = true;
  for (int i = 0; i < count; i++) {
    if (done) done = add_word(dataset, folder, entries[i]->d_name, list);
    free(entries[i]);
  }
  free(entries);
  return done;
}

static bool add_source(struct dataset *dataset, const struct dataset_source *source) {
  struct list list = {0};
  bool done = list_read(&list, source->list) && add_folder(dataset, source->folder, &list) &&
              list_was_found(&list, source);
  list_free(&list);
  return done;
}

bool dataset_load_sources(struct dataset *dataset, const struct dataset_source *sources,
                          size_t source_count, const char *const *labels, size_t label_count,
                          unsigned held_back_tenth) {
  memset(dataset, 0, sizeof *dataset);
  dataset->held_back_tenth = held_back_tenth;
  dataset_relabel(dataset, labels, label_count);
  bool done = source_count > 0;
  for (size_t i = 0; done && i < source_count; i++) done = add_source(dataset, &sources[i]);
  done = done && every_label_has_clips(dataset, sources[0].folder);
  if (!done) dataset_free(dataset);
  return done;
}

bool dataset_load(struct dataset *dataset, const char *folder, const char *const *labels,
                  size_t label_count, unsigned held_back_tenth) {
  struct dataset_source source = {folder, NULL};
  return dataset_load_sources(dataset, &source, 1, labels, label_count, held_back_tenth);
}

void dataset_relabel(struct dataset *dataset, const char *const *labels, size_t label_count) {
  dataset->label_count = label_count;
  for (size_t i = 0; i < label_count; i++) dataset->label[i] = labels[i];
  for (size_t w = 0; w < dataset->word_count; w++) {
    dataset->word_label[w] = label_of(dataset, dataset->word[w]);
  }
  for (size_t i = 0; i < dataset->clip_count; i++) {
    dataset->clip[i].label = dataset->word_label[dataset->clip[i].word];
  }
}

void dataset_free(struct dataset *dataset) {
  free(dataset->clip);
  memset(dataset, 0, sizeof *dataset);
}
