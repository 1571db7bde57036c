/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/micro_speech/device/playlist.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "examples/micro_speech/device/wav_file.h"
#include "wit_audio/frontend.h"

#define FOLDERS_MAX 64
#define CLIPS_PER_FOLDER_MAX 512
#define ROUND_ITEMS_MAX 256
#define WORDS_WAITING_MAX 64
#define CLIP_SECONDS_MAX 60
#define PATH_LENGTH_MAX 1024

#define PAUSE_SAMPLES_MIN (WIT_AUDIO_SAMPLE_RATE * 9 / 10) /* a word is judged until then */
#define PAUSE_SAMPLES_MAX (WIT_AUDIO_SAMPLE_RATE * 14 / 10)
#define FADE_SAMPLES (WIT_AUDIO_SAMPLE_RATE / 50)
#define ROOM_AMPLITUDE 4 /* no room and no microphone gives digital zeros */

#define BACKGROUND "_background_"

struct clip {
  int16_t *samples;
  size_t count;
  char *file; /* name within its folder */
};

struct folder {
  char label[PLAYLIST_LABEL_MAX + 1];
  struct clip clip[CLIPS_PER_FOLDER_MAX];
  size_t clip_count;
  size_t next;
};

enum item_kind { ITEM_WORD, ITEM_NOISE, ITEM_SILENCE };
struct item {
  enum item_kind kind;
  struct folder *folder; /* ITEM_SILENCE: NULL */
  size_t samples;        /* noise and silence: how long */
};

/* What sounds now: a stretch of a clip, or nothing. */
struct sound {
  const struct clip *clip; /* NULL: quiet */
  size_t start;            /* in the clip, which goes round */
  size_t count;
  size_t position;
  bool faded;
};

struct playlist {
  struct folder folder[FOLDERS_MAX];
  size_t folder_count;
  struct item round[ROUND_ITEMS_MAX];
  size_t item_count;
  size_t item_next;
  bool pause_next;
  uint32_t random;
  uint32_t room_random;
  uint64_t position; /* samples given out */
  struct sound sound;
  struct playlist_word word[WORDS_WAITING_MAX];
  size_t word_count;
  struct playlist_word recent[PLAYLIST_RECENT_MAX];
  size_t recent_count; /* ever; the next goes to recent[recent_count % PLAYLIST_RECENT_MAX] */
};

static uint32_t next_random(uint32_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return *state;
}

static size_t random_below(struct playlist *playlist, size_t limit) {
  assert(limit > 0);
  return next_random(&playlist->random) % limit;
}

/* Clips. */

static bool is_wav(const char *name) {
  size_t length = strlen(name);
  return length > 4 && name[0] != '.' && strcmp(name + length - 4, ".wav") == 0;
}

static bool load_clip(struct folder *folder, const char *path, const char *name, char *error,
                      size_t error_size) {
  if (folder->clip_count == CLIPS_PER_FOLDER_MAX) return true; /* enough for any stream */
  struct clip *clip = &folder->clip[folder->clip_count];
  if (!wav_file_load(path, CLIP_SECONDS_MAX, &clip->samples, &clip->count, error, error_size)) {
    return false;
  }
  clip->file = strdup(name);
  if (!clip->file) abort();
  folder->clip_count++;
  return true;
}

static bool load_folder(struct playlist *playlist, const char *clips, const char *name, char *error,
                        size_t error_size) {
  char path[PATH_LENGTH_MAX];
  snprintf(path, sizeof path, "%s/%s", clips, name);
  struct stat status;
  if (name[0] == '.' || stat(path, &status) != 0 || !S_ISDIR(status.st_mode)) return true;
  if (playlist->folder_count == FOLDERS_MAX || strlen(name) > PLAYLIST_LABEL_MAX) {
    snprintf(error, error_size, "%s: at most %d folders, names of at most %d bytes", path,
             FOLDERS_MAX, PLAYLIST_LABEL_MAX);
    return false;
  }
  struct dirent **entry;
  int count = scandir(path, &entry, NULL, alphasort);
  if (count < 0) {
    snprintf(error, error_size, "cannot list %s: %s", path, strerror(errno));
    return false;
  }
  struct folder *folder = &playlist->folder[playlist->folder_count];
  snprintf(folder->label, sizeof folder->label, "%s", name);
  bool ok = true;
  for (int i = 0; i < count; i++) {
    char file[PATH_LENGTH_MAX + 256];
    snprintf(file, sizeof file, "%s/%s", path, entry[i]->d_name);
    if (ok && is_wav(entry[i]->d_name))
      ok = load_clip(folder, file, entry[i]->d_name, error, error_size);
    free(entry[i]);
  }
  free(entry);
  if (folder->clip_count > 0) playlist->folder_count++;
  return ok;
}

static bool load_clips(struct playlist *playlist, const char *clips, char *error,
                       size_t error_size) {
  struct dirent **entry;
  int count = scandir(clips, &entry, NULL, alphasort);
  if (count < 0) {
    snprintf(error, error_size, "cannot list the clips in %s: %s", clips, strerror(errno));
    return false;
  }
  bool ok = true;
  for (int i = 0; i < count; i++) {
    if (ok) ok = load_folder(playlist, clips, entry[i]->d_name, error, error_size);
    free(entry[i]);
  }
  free(entry);
  if (ok && playlist->folder_count == 0) {
    snprintf(error, error_size, "%s holds no clips: it should hold a folder of WAV files per word",
             clips);
    return false;
  }
  return ok;
}

static struct folder *find_folder(struct playlist *playlist, const char *label) {
  for (size_t i = 0; i < playlist->folder_count; i++) {
    if (strcmp(playlist->folder[i].label, label) == 0) return &playlist->folder[i];
  }
  return NULL;
}

/* The round: what is played, before it is shuffled. */

static bool add_item(struct playlist *playlist, enum item_kind kind, struct folder *folder,
                     double seconds) {
  if (playlist->item_count == ROUND_ITEMS_MAX) return false;
  playlist->round[playlist->item_count++] =
      (struct item){kind, folder, (size_t)(seconds * WIT_AUDIO_SAMPLE_RATE)};
  return true;
}

static bool add_line(struct playlist *playlist, const char *name, double amount, char *error,
                     size_t error_size) {
  if (amount <= 0 || amount > 3600) {
    snprintf(error, error_size, "%s %g: the number must be above 0 and at most 3600", name, amount);
    return false;
  }
  if (strcmp(name, "silence") == 0) return add_item(playlist, ITEM_SILENCE, NULL, amount);
  bool noise = strcmp(name, "noise") == 0;
  struct folder *folder = find_folder(playlist, noise ? BACKGROUND : name);
  if (!folder) {
    snprintf(error, error_size, "%s: no clips in a folder %s", name, noise ? BACKGROUND : name);
    return false;
  }
  if (noise) return add_item(playlist, ITEM_NOISE, folder, amount);
  for (int i = 0; i < (int)amount; i++) {
    if (!add_item(playlist, ITEM_WORD, folder, 0)) {
      snprintf(error, error_size, "%s: a round has at most %d items", name, ROUND_ITEMS_MAX);
      return false;
    }
  }
  return true;
}

static bool read_round(struct playlist *playlist, const char *path, char *error,
                       size_t error_size) {
  FILE *file = fopen(path, "r");
  if (!file) {
    snprintf(error, error_size, "cannot open playlist %s: %s", path, strerror(errno));
    return false;
  }
  char line[256];
  bool ok = true;
  for (int number = 1; ok && fgets(line, sizeof line, file); number++) {
    char name[64] = "", reason[160], surplus[2];
    double amount = 1;
    line[strcspn(line, "#\n")] = 0;
    int fields = sscanf(line, "%63s %lf %1s", name, &amount, surplus);
    if (fields <= 0) continue;
    if (fields == 3) {
      snprintf(error, error_size, "%s line %d: expected NAME [NUMBER]", path, number);
      ok = false;
    } else if (!add_line(playlist, name, amount, reason, sizeof reason)) {
      snprintf(error, error_size, "%s line %d: %s", path, number, reason);
      ok = false;
    }
  }
  fclose(file);
  if (ok && playlist->item_count == 0) {
    snprintf(error, error_size, "playlist %s names nothing to play", path);
    return false;
  }
  return ok;
}

static void default_round(struct playlist *playlist) {
  for (size_t i = 0; i < playlist->folder_count; i++) {
    struct folder *folder = &playlist->folder[i];
    if (strcmp(folder->label, BACKGROUND) == 0) {
      add_item(playlist, ITEM_NOISE, folder, 2);
    } else {
      add_item(playlist, ITEM_WORD, folder, 0);
    }
  }
  add_item(playlist, ITEM_SILENCE, NULL, 1);
}

static void shuffle_round(struct playlist *playlist) {
  for (size_t i = playlist->item_count - 1; i > 0; i--) {
    size_t j = random_below(playlist, i + 1);
    struct item other = playlist->round[i];
    playlist->round[i] = playlist->round[j];
    playlist->round[j] = other;
  }
  playlist->item_next = 0;
}

struct playlist *playlist_open(const struct playlist_config *config, char *error,
                               size_t error_size) {
  struct playlist *playlist = calloc(1, sizeof *playlist);
  if (!playlist) {
    snprintf(error, error_size, "no memory for a playlist");
    return NULL;
  }
  playlist->random = (config->seed + 1) * 2654435761u;
  if (playlist->random == 0) playlist->random = 1;
  playlist->room_random = playlist->random;
  if (!load_clips(playlist, config->clips, error, error_size) ||
      (config->file && !read_round(playlist, config->file, error, error_size))) {
    playlist_close(playlist);
    return NULL;
  }
  if (!config->file) default_round(playlist);
  for (size_t i = 0; i < playlist->folder_count; i++) {
    playlist->folder[i].next = random_below(playlist, playlist->folder[i].clip_count);
  }
  shuffle_round(playlist);
  playlist->pause_next = true;
  return playlist;
}

void playlist_close(struct playlist *playlist) {
  if (!playlist) return;
  for (size_t i = 0; i < FOLDERS_MAX; i++) {
    for (size_t j = 0; j < playlist->folder[i].clip_count; j++) {
      free(playlist->folder[i].clip[j].samples);
      free(playlist->folder[i].clip[j].file);
    }
  }
  free(playlist);
}

/* The stream. */

static void expect_word(struct playlist *playlist, const struct folder *folder,
                        const struct clip *clip) {
  if (playlist->word_count == WORDS_WAITING_MAX) {
    memmove(playlist->word, playlist->word + 1, sizeof playlist->word - sizeof playlist->word[0]);
    playlist->word_count--;
  }
  struct playlist_word *word = &playlist->word[playlist->word_count++];
  memcpy(word->label, folder->label, sizeof word->label);
  word->start_sample = playlist->position;
  word->end_sample = playlist->position + clip->count;
  snprintf(word->file, sizeof word->file, "%s/%s", folder->label, clip->file);
  playlist->recent[playlist->recent_count++ % PLAYLIST_RECENT_MAX] = *word;
}

static void begin_word(struct playlist *playlist, struct folder *folder) {
  const struct clip *clip = &folder->clip[folder->next];
  folder->next = (folder->next + 1) % folder->clip_count;
  playlist->sound = (struct sound){.clip = clip, .count = clip->count};
  expect_word(playlist, folder, clip);
}

static void begin_noise(struct playlist *playlist, struct folder *folder, size_t samples) {
  const struct clip *clip = &folder->clip[folder->next];
  folder->next = (folder->next + 1) % folder->clip_count;
  playlist->sound = (struct sound){
      .clip = clip, .start = random_below(playlist, clip->count), .count = samples, .faded = true};
}

static void begin_next_sound(struct playlist *playlist) {
  bool pause = playlist->pause_next;
  playlist->pause_next = !pause;
  if (pause) {
    size_t samples =
        PAUSE_SAMPLES_MIN + random_below(playlist, PAUSE_SAMPLES_MAX - PAUSE_SAMPLES_MIN);
    playlist->sound = (struct sound){.count = samples};
    return;
  }
  if (playlist->item_next == playlist->item_count) shuffle_round(playlist);
  const struct item *item = &playlist->round[playlist->item_next++];
  switch (item->kind) {
    case ITEM_WORD:
      begin_word(playlist, item->folder);
      break;
    case ITEM_NOISE:
      begin_noise(playlist, item->folder, item->samples);
      break;
    case ITEM_SILENCE:
      playlist->sound = (struct sound){.count = item->samples};
      break;
  }
}

static int32_t sound_sample(const struct sound *sound) {
  const struct clip *clip = sound->clip;
  if (!clip) return 0;
  int32_t sample = clip->samples[(sound->start + sound->position) % clip->count];
  size_t edge = sound->position < sound->count - sound->position ? sound->position
                                                                 : sound->count - sound->position;
  if (sound->faded && edge < FADE_SAMPLES) sample = sample * (int32_t)edge / FADE_SAMPLES;
  return sample;
}

static int16_t next_sample(struct playlist *playlist) {
  while (playlist->sound.position == playlist->sound.count) begin_next_sound(playlist);
  int32_t room = (int32_t)(next_random(&playlist->room_random) % (2 * ROOM_AMPLITUDE + 1));
  int32_t sample = sound_sample(&playlist->sound) + room - ROOM_AMPLITUDE;
  playlist->sound.position++;
  playlist->position++;
  if (sample > INT16_MAX) return INT16_MAX;
  if (sample < INT16_MIN) return INT16_MIN;
  return (int16_t)sample;
}

void playlist_read(struct playlist *playlist, int16_t *samples, size_t count) {
  for (size_t i = 0; i < count; i++) samples[i] = next_sample(playlist);
}

bool playlist_next_word(struct playlist *playlist, struct playlist_word *word) {
  if (playlist->word_count == 0 || playlist->word[0].end_sample > playlist->position) return false;
  *word = playlist->word[0];
  playlist->word_count--;
  memmove(playlist->word, playlist->word + 1, playlist->word_count * sizeof playlist->word[0]);
  return true;
}

static uint64_t overlap(const struct playlist_word *word, uint64_t from, uint64_t to) {
  if (from < word->start_sample) from = word->start_sample;
  if (to > word->end_sample) to = word->end_sample;
  return to > from ? to - from : 0;
}

bool playlist_word_at(const struct playlist *playlist, uint64_t from, uint64_t to,
                      struct playlist_word *word, size_t *count) {
  size_t known =
      playlist->recent_count < PLAYLIST_RECENT_MAX ? playlist->recent_count : PLAYLIST_RECENT_MAX;
  uint64_t most = 0;
  size_t sounding = 0;
  for (size_t i = 0; i < known; i++) {
    uint64_t share = overlap(&playlist->recent[i], from, to);
    sounding += share > 0;
    if (share <= most) continue;
    most = share;
    *word = playlist->recent[i];
  }
  if (count) *count = sounding;
  return most > 0;
}
