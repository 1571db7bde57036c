/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MICRO_SPEECH_PLAYLIST_H
#define MICRO_SPEECH_PLAYLIST_H
/* A stream of words, other words, noise and silence, composed from clips: what
 * a room sounds like, repeatable to the sample by its seed, and with the truth
 * known: which word was said when.
 *
 * Clips are 16 kHz mono WAV files in one folder a word (CLIPS/yes/a.wav), the
 * layout of Speech Commands. Two folders are special: _unknown_ holds other
 * words, _background_ holds noise.
 *
 * A playlist file names what a round consists of, one item a line; each round
 * plays all of them in another order, with pauses between:
 *
 *   yes 2          two clips of CLIPS/yes
 *   _unknown_ 3    three other words
 *   noise 2.5      2.5 seconds of a background clip
 *   silence 1      one second of quiet
 *
 * Without a file, a round is each folder once, 2 s of noise and 1 s of silence. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLAYLIST_LABEL_MAX 23
#define PLAYLIST_FILE_MAX 127 /* longer names are cut */
#define PLAYLIST_RECENT_MAX 64

struct playlist_config {
  const char *clips; /* folder, required */
  const char *file;  /* NULL: the round named above */
  uint32_t seed;     /* same seed, same stream */
};

struct playlist_word {
  char label[PLAYLIST_LABEL_MAX + 1]; /* the clip's folder */
  char file[PLAYLIST_FILE_MAX + 1];   /* within the clips: "yes/a.wav" */
  uint64_t start_sample;
  uint64_t end_sample;
};

struct playlist;

/* NULL on failure; `error` (at least 160 bytes) says why. */
struct playlist *playlist_open(const struct playlist_config *config, char *error,
                               size_t error_size);
void playlist_close(struct playlist *playlist);

/* The next `count` samples of the stream, which has no end. */
void playlist_read(struct playlist *playlist, int16_t *samples, size_t count);

/* The next word that has been read to its end; false: none. Words come in the
 * order of the stream; those not asked for are kept, up to 64. */
bool playlist_next_word(struct playlist *playlist, struct playlist_word *word);

/* The word of which most sounds in samples [from, to) of the stream, of the last
 * PLAYLIST_RECENT_MAX that have begun; *count (may be NULL) how many sound there
 * at all. False: none. */
bool playlist_word_at(const struct playlist *playlist, uint64_t from, uint64_t to,
                      struct playlist_word *word, size_t *count);
#endif
