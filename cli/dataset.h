/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_DATASET_H
#define CLI_DATASET_H
/* Labelled clips or pictures to judge models by: a folder a label (the layout
 * of Speech Commands), or what `godwit capture export` gives, as a tar archive
 * or unpacked. docs/guide/evaluation.md says what is taken from where.
 *
 * Everything in it is untrusted: names that lead out of it are not followed,
 * what cannot be used is skipped and counted by reason. Read-only.
 *
 * After opening, any number of threads may read clips. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct cli_session;

#define CLI_CLIPS_MAX 1000000u
#define CLI_CLIP_FILE_MAX (64u * 1024 * 1024) /* half an hour of background noise */
#define CLI_CLIP_SAMPLES 16000                /* one second: what the audio models look at */

enum cli_split { CLI_SPLIT_ALL, CLI_SPLIT_TRAINING, CLI_SPLIT_VALIDATION, CLI_SPLIT_TESTING };
/* False for other words. */
bool cli_split_parse(enum cli_split *split, const char *text);
const char *cli_split_name(enum cli_split split);

struct cli_clip {
  char *file;   /* path inside the dataset */
  char *label;  /* the folder's or the manifest's word, as it is */
  char *device; /* id of the device or speaker; "" where nobody knows */
  char *device_name;
  uint64_t offset; /* of the file's bytes in the archive; 0 in folders */
  size_t size;
  size_t first_sample; /* of background files, which are cut into seconds */
};

/* Why clips do not count, and how many. */
#define CLI_SKIP_REASONS_MAX 24
struct cli_skips {
  struct {
    const char *reason; /* static */
    size_t count;
    char *example;
  } entry[CLI_SKIP_REASONS_MAX];
  size_t count;
};
void cli_skip(struct cli_skips *skips, const char *reason, const char *file);
void cli_skips_free(struct cli_skips *skips);

struct cli_dataset {
  char *path;
  char *name; /* its last part */
  enum cli_split split;
  int descriptor; /* of the archive or the folder */
  bool archive;
  struct cli_clip *clip; /* sorted by file, then first_sample */
  size_t clip_count;
  struct cli_skips skips;
};

/* CLI_OK, or what is wrong is printed. At least one clip is there. A dataset of
 * zeros may be closed. */
int cli_dataset_open(struct cli_session *session, const char *path, enum cli_split split,
                     struct cli_dataset *dataset);
void cli_dataset_close(struct cli_dataset *dataset);
/* Keeps `limit` clips, evenly spread. */
void cli_dataset_thin(struct cli_dataset *dataset, size_t limit);

/* A buffer that grows; free() data. */
struct cli_bytes {
  uint8_t *data;
  size_t size, capacity;
};
/* Room for size bytes; false when memory is out, and nothing changed. */
static inline bool cli_bytes_reserve(struct cli_bytes *bytes, size_t size) {
  if (size <= bytes->capacity) return true;
  void *grown = realloc(bytes->data, size);
  if (grown == NULL) return false;
  bytes->data = (uint8_t *)grown;
  bytes->capacity = size;
  return true;
}
/* The clip's file. NULL, or why not (static). */
const char *cli_dataset_read(const struct cli_dataset *dataset, const struct cli_clip *clip,
                             struct cli_bytes *bytes);

/* Whether a label is another spelling of silence or of unknown. */
bool cli_label_is_silence(const char *label);
bool cli_label_is_unknown(const char *label);
#endif
