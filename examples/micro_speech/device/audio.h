/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MICRO_SPEECH_AUDIO_H
#define MICRO_SPEECH_AUDIO_H
/* What the device hears: 16 kHz mono samples that come by a clock, whether
 * anybody takes them or not. A real microphone (ALSA), a recording, or a stream
 * composed of clips, all behind one read.
 *
 * Between clock and reader stands a capture buffer of AUDIO_CAPTURE_MS. Who
 * reads too late finds samples lost, as with a real microphone: that is what
 * makes "no audio was missed" a measurement. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "examples/micro_speech/device/playlist.h"

#define AUDIO_CAPTURE_MS 1000 /* of wall clock; ALSA's buffers are of that order */

struct audio;

/* On failure these return NULL and `error` (at least 160 bytes) says what to
 * do. `speed`: 1 is real time. */
struct audio *audio_open_wav(const char *path, double speed, bool loop, char *error,
                             size_t error_size);
/* Owns the playlist from here on. */
struct audio *audio_open_playlist(struct playlist *playlist, double speed);
struct audio *audio_open_mic(const char *device, char *error, size_t error_size);
void audio_close(struct audio *audio);

/* Takes up to `max` samples that have been recorded by now; 0: none yet. *lost
 * says how many were lost just before them. -1: the source has ended or failed. */
int audio_read(struct audio *audio, int16_t *samples, size_t max, uint64_t *lost);

/* Milliseconds of wall clock until the next `count` samples will be there. */
int audio_wait_ms(const struct audio *audio, size_t count);

/* How far the reader is behind the clock now, in milliseconds of wall clock. */
double audio_behind_ms(const struct audio *audio);

/* Nanoseconds since any moment. Tests put a clock of their own here before they
 * open anything. */
extern uint64_t (*audio_clock_ns)(void);

/* The next word whose last sample has been read; false: none. */
bool audio_next_played(struct audio *audio, struct playlist_word *word);

/* What played in samples [from, to), where that is known (playlist.h). */
bool audio_word_at(const struct audio *audio, uint64_t from, uint64_t to,
                   struct playlist_word *word, size_t *count);
#endif
