/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/dataset.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/dataset_listing.h"
#include "cli/dataset_manifest.h"
#include "cli/session.h"
#include "wit_audio/wav.h"

#define TEXT_FILE_MAX (512u * 1024 * 1024) /* manifests and lists of a million clips */

/* --- words -------------------------------------------------------------------- */

static bool is_one_of(const char *text, const char *const *list) {
  for (; *list != NULL; list++) {
    if (strcmp(text, *list) == 0) return true;
  }
  return false;
}

bool cli_label_is_silence(const char *label) {
  static const char *const name[] = {"silence",      "_silence_",          "background",
                                     "_background_", "_background_noise_", NULL};
  return is_one_of(label, name);
}

bool cli_label_is_unknown(const char *label) {
  static const char *const name[] = {"unknown", "_unknown_", NULL};
  return is_one_of(label, name);
}

/* --- what is skipped ------------------------------------------------------------ */

void cli_skip(struct cli_skips *skips, const char *reason, const char *file) {
  size_t i = 0;
  while (i < skips->count && strcmp(skips->entry[i].reason, reason) != 0) i++;
  if (i == CLI_SKIP_REASONS_MAX) i--; /* more reasons than anybody reads */
  if (i == skips->count) {
    skips->entry[i].reason = reason;
    skips->entry[i].example = strdup(file);
    skips->count++;
  }
  skips->entry[i].count++;
}

void cli_skips_free(struct cli_skips *skips) {
  for (size_t i = 0; i < skips->count; i++) free(skips->entry[i].example);
  memset(skips, 0, sizeof *skips);
}

/* --- reading ------------------------------------------------------------------ */

static bool read_exactly(int descriptor, uint64_t offset, uint8_t *out, size_t size) {
  while (size > 0) {
    ssize_t got = pread(descriptor, out, size, (off_t)offset);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    out += got;
    offset += (uint64_t)got;
    size -= (size_t)got;
  }
  return true;
}

/* `size` bytes as they were listed, and a NUL behind them. */
static const char *read_listed(const struct cli_dataset *dataset, const char *name, uint64_t offset,
                               size_t size, struct cli_bytes *bytes) {
  if (!cli_bytes_reserve(bytes, size + 1))
    return "there is no memory to read it: close other programs";
  int descriptor = dataset->descriptor;
  if (!dataset->archive) {
    descriptor = openat(dataset->descriptor, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) return "it cannot be opened: check permissions and links";
  }
  bool whole = read_exactly(descriptor, offset, bytes->data, size);
  if (!dataset->archive) close(descriptor);
  if (!whole) return "it cannot be read to its end: it changes, or the disk is broken";
  bytes->size = size;
  bytes->data[size] = 0;
  return NULL;
}

const char *cli_dataset_read(const struct cli_dataset *dataset, const struct cli_clip *clip,
                             struct cli_bytes *bytes) {
  return read_listed(dataset, clip->file, clip->offset, clip->size, bytes);
}

/* --- clips ----------------------------------------------------------------------- */

/* What stands in front of every name: "" or the folder that an archive was made
 * of, with its slash. */
struct opening {
  struct cli_session *session;
  struct cli_dataset *dataset;
  struct cli_listing listing;
  struct cli_bytes bytes;
  size_t capacity;       /* of dataset->clip */
  char root[256];        /* "export/" */
  bool has_lists;        /* testing_list.txt, validation_list.txt */
  enum cli_split *split; /* of each listed file, by the lists */
};

static bool ends_in(const char *name, const char *ending) {
  size_t length = strlen(name), wanted = strlen(ending);
  return length >= wanted && strcasecmp(name + length - wanted, ending) == 0;
}

static bool is_audio(const char *name) { return ends_in(name, ".wav"); }

static const char *check_kind(const char *name, size_t size) {
  if (size > CLI_CLIP_FILE_MAX) return "it has over 64 MiB: cut it into shorter ones";
  static const char *const known[] = {".wav", ".ppm", ".pgm", ".pnm", ".jpg", ".jpeg"};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    if (ends_in(name, known[i])) return NULL;
  }
  if (ends_in(name, ".png")) return "PNG is not read: convert it with 'magick IN OUT.ppm'";
  return "it is neither a WAV file nor a JPEG, PPM or PGM image";
}

static int no_memory(struct opening *o) {
  return cli_fail(o->session, "no memory for the clips of %s; close other programs, or split it",
                  o->dataset->path);
}

static int add_clip(struct opening *o, const struct cli_clip *like) {
  struct cli_dataset *dataset = o->dataset;
  if (dataset->clip_count == CLI_CLIPS_MAX) {
    return cli_fail(o->session, "%s has over %u clips; split it", dataset->path, CLI_CLIPS_MAX);
  }
  if (dataset->clip_count == o->capacity) {
    size_t capacity = o->capacity > 0 ? 2 * o->capacity : 1024;
    void *grown = realloc(dataset->clip, capacity * sizeof *dataset->clip);
    if (grown == NULL) return no_memory(o);
    dataset->clip = grown;
    o->capacity = capacity;
  }
  struct cli_clip *clip = &dataset->clip[dataset->clip_count++];
  *clip = *like;
  clip->file = strdup(like->file);
  clip->label = strdup(like->label);
  clip->device = strdup(like->device);
  clip->device_name = strdup(like->device_name);
  bool whole = clip->file != NULL && clip->label != NULL && clip->device != NULL &&
               clip->device_name != NULL;
  return whole ? CLI_OK : no_memory(o);
}

/* Long background files count as one clip a second; the last part of one is
 * left out, unless it is all. */
static int add_background(struct opening *o, struct cli_clip *clip) {
  struct wit_audio_wav wav;
  const char *problem = cli_dataset_read(o->dataset, clip, &o->bytes);
  size_t seconds = 1;
  if (problem == NULL &&
      wit_audio_wav_parse(&wav, o->bytes.data, o->bytes.size, 0) == WIT_AUDIO_WAV_OK) {
    seconds = wav.sample_count / CLI_CLIP_SAMPLES;
  }
  int status = CLI_OK;
  for (size_t i = 0; status == CLI_OK && i < (seconds > 1 ? seconds : 1); i++) {
    clip->first_sample = i * CLI_CLIP_SAMPLES;
    status = add_clip(o, clip);
  }
  return status;
}

static int add_file(struct opening *o, const struct cli_listed *listed, struct cli_clip *clip) {
  const char *reason = check_kind(listed->name, listed->size);
  if (reason != NULL) {
    cli_skip(&o->dataset->skips, reason, listed->name);
    return CLI_OK;
  }
  clip->file = listed->name;
  clip->offset = listed->offset;
  clip->size = listed->size;
  bool background = cli_label_is_silence(clip->label) && is_audio(listed->name);
  return background ? add_background(o, clip) : add_clip(o, clip);
}

static bool is_wanted(const struct opening *o, enum cli_split split) {
  return o->dataset->split == CLI_SPLIT_ALL || o->dataset->split == split;
}

/* Eight hex digits after an underscore: "house_0a7c2a8d" is the same voice as
 * "0a7c2a8d" (assorted words in one folder carry their word in front). */
static const char *without_word(const char *speaker) {
  const char *underscore = strrchr(speaker, '_');
  if (underscore == NULL || strlen(underscore + 1) != 8) return speaker;
  return strspn(underscore + 1, "0123456789abcdef") == 8 ? underscore + 1 : speaker;
}

/* "0a7c2a8d" of "yes/0a7c2a8d_nohash_0.wav"; "" without. */
static void speaker_of(const char *file, char *out, size_t size) {
  const char *slash = strrchr(file, '/'), *name = slash != NULL ? slash + 1 : file;
  const char *end = strstr(name, "_nohash_");
  size_t length = end != NULL ? (size_t)(end - name) : 0;
  snprintf(out, size, "%.*s", (int)(length < size ? length : size - 1), name);
  const char *speaker = without_word(out);
  memmove(out, speaker, strlen(speaker) + 1);
}

/* --- by folders -------------------------------------------------------------------- */

/* The folder that the file is in, below the root; false for files that are in
 * none. */
static bool folder_of(const struct opening *o, const char *file, char *out, size_t size) {
  size_t skipped = strlen(o->root);
  if (strncmp(file, o->root, skipped) != 0) return false;
  const char *slash = strrchr(file + skipped, '/');
  if (slash == NULL) return false;
  const char *first = slash;
  while (first > file + skipped && first[-1] != '/') first--;
  int length = (int)(slash - first);
  return snprintf(out, size, "%.*s", length, first) < (int)size;
}

static int add_from_folders(struct opening *o) {
  int status = CLI_OK;
  for (size_t i = 0; status == CLI_OK && i < o->listing.count; i++) {
    const struct cli_listed *listed = &o->listing.file[i];
    char label[CLI_MANIFEST_TEXT_MAX + 1], speaker[CLI_MANIFEST_TEXT_MAX + 1];
    if (!is_wanted(o, o->split[i])) continue;
    if (!folder_of(o, listed->name, label, sizeof label)) continue;
    speaker_of(listed->name, speaker, sizeof speaker);
    struct cli_clip clip = {.label = label, .device = speaker, .device_name = speaker};
    status = add_file(o, listed, &clip);
  }
  return status;
}

/* --- by the manifest ------------------------------------------------------------------- */

/* A file below the root. */
static const struct cli_listed *find(const struct opening *o, const char *name) {
  char path[2 * CLI_MANIFEST_TEXT_MAX + 2];
  int length = snprintf(path, sizeof path, "%s%s", o->root, name);
  return length < (int)sizeof path ? cli_listing_find(&o->listing, path) : NULL;
}

static int add_line(struct opening *o, const char *text, size_t length) {
  struct cli_manifest_line line;
  const char *reason = cli_manifest_parse(&line, text, length);
  const struct cli_listed *listed = NULL;
  if (reason == NULL) {
    listed = find(o, line.file);
    if (listed == NULL) reason = "the manifest names it, but it is not there: export again";
  }
  if (reason != NULL) {
    cli_skip(&o->dataset->skips, reason, line.file[0] != 0 ? line.file : "manifest.jsonl");
    return CLI_OK;
  }
  enum cli_split split = line.split;
  if (split == CLI_SPLIT_ALL) split = o->split[listed - o->listing.file];
  if (!is_wanted(o, split)) return CLI_OK;
  if (line.device[0] == 0) {
    speaker_of(line.file, line.device, sizeof line.device);
    speaker_of(line.file, line.device_name, sizeof line.device_name);
  }
  struct cli_clip clip = {
      .label = line.label, .device = line.device, .device_name = line.device_name};
  return add_file(o, listed, &clip);
}

/* Calls `take` for each line that is not empty. Its text is the caller's. */
static int for_lines(struct opening *o, const struct cli_bytes *text,
                     int (*take)(struct opening *, const char *, size_t)) {
  const char *at = (const char *)text->data, *end = at + text->size;
  int status = CLI_OK;
  while (status == CLI_OK && at < end) {
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    if (stop == NULL) stop = end;
    size_t length = (size_t)(stop - at);
    if (length > 0 && at[length - 1] == '\r') length--;
    if (length > 0) status = take(o, at, length);
    at = stop + 1;
  }
  return status;
}

static int read_text(struct opening *o, const struct cli_listed *listed, struct cli_bytes *text) {
  const char *reason =
      listed->size > TEXT_FILE_MAX
          ? "it has over 512 MiB: split the dataset"
          : read_listed(o->dataset, listed->name, listed->offset, listed->size, text);
  if (reason == NULL) return CLI_OK;
  return cli_fail(o->session, "cannot use %s of %s: %s", listed->name, o->dataset->path, reason);
}

static int add_from_manifest(struct opening *o, const struct cli_listed *manifest) {
  struct cli_bytes text = {0};
  int status = read_text(o, manifest, &text);
  if (status == CLI_OK) status = for_lines(o, &text, add_line);
  free(text.data);
  return status;
}

/* --- splits ---------------------------------------------------------------------------- */

static int put_into_split(struct opening *o, const char *line, size_t length,
                          enum cli_split split) {
  char name[CLI_MANIFEST_TEXT_MAX + 1];
  if (length >= sizeof name) return CLI_OK;
  memcpy(name, line, length);
  name[length] = 0;
  const struct cli_listed *listed = find(o, name);
  if (listed != NULL) o->split[listed - o->listing.file] = split;
  return CLI_OK;
}

static int take_testing(struct opening *o, const char *line, size_t length) {
  return put_into_split(o, line, length, CLI_SPLIT_TESTING);
}

static int take_validation(struct opening *o, const char *line, size_t length) {
  return put_into_split(o, line, length, CLI_SPLIT_VALIDATION);
}

static int read_list(struct opening *o, const char *name,
                     int (*take)(struct opening *, const char *, size_t)) {
  const struct cli_listed *listed = find(o, name);
  struct cli_bytes text = {0};
  if (listed == NULL) return CLI_OK;
  o->has_lists = true;
  int status = read_text(o, listed, &text);
  if (status == CLI_OK) status = for_lines(o, &text, take);
  free(text.data);
  return status;
}

/* As Speech Commands has it: what is in neither list is for training. */
static int read_lists(struct opening *o) {
  o->split = malloc((o->listing.count + 1) * sizeof *o->split);
  if (o->split == NULL) return no_memory(o);
  for (size_t i = 0; i < o->listing.count; i++) o->split[i] = CLI_SPLIT_TRAINING;
  int status = read_list(o, "validation_list.txt", take_validation);
  return status == CLI_OK ? read_list(o, "testing_list.txt", take_testing) : status;
}

/* --- opening --------------------------------------------------------------------------- */

/* An archive may have been made of a folder: then all names begin with it. */
static void find_root(struct opening *o) {
  const struct cli_listing *listing = &o->listing;
  if (!o->dataset->archive || listing->count == 0) return;
  const char *first = listing->file[0].name, *slash = strchr(first, '/');
  size_t length = slash != NULL ? (size_t)(slash - first) + 1 : 0;
  if (length == 0 || length >= sizeof o->root) return;
  const char *last = listing->file[listing->count - 1].name; /* sorted: all between share it */
  if (strncmp(first, last, length) != 0) return;
  bool deeper = false;
  for (size_t i = 0; i < listing->count; i++) {
    deeper = deeper || strchr(listing->file[i].name + length, '/') != NULL;
  }
  if (!deeper) return; /* one label alone */
  memcpy(o->root, first, length);
  o->root[length] = 0;
}

static int make_clips(struct opening *o) {
  int status = cli_listing_make(o->session, o->dataset, &o->listing);
  if (status != CLI_OK) return status;
  find_root(o);
  status = read_lists(o);
  if (status != CLI_OK) return status;
  const struct cli_listed *manifest = find(o, "manifest.jsonl");
  if (manifest == NULL && !o->has_lists && o->dataset->split != CLI_SPLIT_ALL) {
    return cli_fail(o->session,
                    "%s has neither manifest.jsonl nor testing_list.txt, so nobody knows its %s "
                    "split; leave --split out, or add the lists",
                    o->dataset->path, cli_split_name(o->dataset->split));
  }
  return manifest != NULL ? add_from_manifest(o, manifest) : add_from_folders(o);
}

static int compare_clips(const void *a, const void *b) {
  const struct cli_clip *left = a, *right = b;
  int order = strcmp(left->file, right->file);
  if (order != 0) return order;
  return left->first_sample < right->first_sample ? -1 : left->first_sample > right->first_sample;
}

static char *last_part(const char *path) {
  size_t end = strlen(path);
  while (end > 1 && path[end - 1] == '/') end--;
  size_t begin = end;
  while (begin > 0 && path[begin - 1] != '/') begin--;
  return strndup(path + begin, end - begin);
}

static int explain_empty(struct opening *o) {
  const struct cli_skips *skips = &o->dataset->skips;
  const char *split = o->dataset->split == CLI_SPLIT_ALL ? "" : " in this split";
  if (skips->count == 0 && o->dataset->split != CLI_SPLIT_ALL) {
    return cli_fail(o->session,
                    "no clip of %s is in this split; devices are divided as a whole, so a few of "
                    "them may all be in another: leave --split out, or take another",
                    o->dataset->path);
  }
  if (skips->count == 0) {
    return cli_fail(o->session,
                    "no clip in %s%s; it should have a folder for each label with WAV files or "
                    "images in it",
                    o->dataset->path, split);
  }
  return cli_fail(o->session, "no clip in %s%s can be used; for example %s: %s", o->dataset->path,
                  split, skips->entry[0].example, skips->entry[0].reason);
}

int cli_dataset_open(struct cli_session *session, const char *path, enum cli_split split,
                     struct cli_dataset *dataset) {
  struct opening o = {.session = session, .dataset = dataset};
  memset(dataset, 0, sizeof *dataset);
  dataset->split = split;
  dataset->path = strdup(path);
  dataset->name = last_part(path);
  dataset->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  int status;
  if (dataset->path == NULL || dataset->name == NULL) {
    status = no_memory(&o);
  } else if (dataset->descriptor < 0) {
    status =
        cli_fail(session, "cannot open the dataset %s: %s; check the path", path, strerror(errno));
  } else {
    status = make_clips(&o);
  }
  if (status == CLI_OK && dataset->clip_count == 0) status = explain_empty(&o);
  cli_listing_free(&o.listing);
  free(o.split);
  free(o.bytes.data);
  if (status != CLI_OK) {
    cli_dataset_close(dataset);
  } else {
    qsort(dataset->clip, dataset->clip_count, sizeof *dataset->clip, compare_clips);
  }
  return status;
}

static void free_clip(struct cli_clip *clip) {
  free(clip->file);
  free(clip->label);
  free(clip->device);
  free(clip->device_name);
}

void cli_dataset_close(struct cli_dataset *dataset) {
  if (dataset->path != NULL && dataset->descriptor >= 0) close(dataset->descriptor);
  for (size_t i = 0; i < dataset->clip_count; i++) free_clip(&dataset->clip[i]);
  free(dataset->clip);
  cli_skips_free(&dataset->skips);
  free(dataset->path);
  free(dataset->name);
  memset(dataset, 0, sizeof *dataset);
}

void cli_dataset_thin(struct cli_dataset *dataset, size_t limit) {
  size_t count = dataset->clip_count;
  if (limit >= count) return;
  size_t kept = 0;
  for (size_t i = 0; i < count; i++) {
    /* Clip i is kept where i * limit / count steps up: `limit` times. */
    bool steps = i == 0 || (uint64_t)i * limit / count != (uint64_t)(i - 1) * limit / count;
    if (steps && kept < limit) {
      dataset->clip[kept++] = dataset->clip[i];
    } else {
      free_clip(&dataset->clip[i]);
    }
  }
  dataset->clip_count = kept;
}
