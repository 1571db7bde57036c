/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/micro_speech/device/audio.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "examples/micro_speech/device/wav_file.h"
#include "examples/micro_speech/device/mic.h"
#include "wit_audio/frontend.h"

#define WAV_SECONDS_MAX 3600

/* One of three. A microphone paces itself; the others are paced by the clock
 * here. */
struct audio {
  struct mic *mic;
  struct playlist *playlist;
  int16_t *wav;
  size_t wav_count;
  bool loop;

  double samples_per_ns;
  uint64_t started_ns; /* 0: not yet, the clock starts with the first read */
  uint64_t position;   /* samples taken or lost */
};

static uint64_t monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t (*audio_clock_ns)(void) = monotonic_ns;

static struct audio *audio_new(double speed) {
  struct audio *audio = calloc(1, sizeof *audio);
  if (!audio) abort();
  audio->samples_per_ns = WIT_AUDIO_SAMPLE_RATE * speed / 1e9;
  return audio;
}

struct audio *audio_open_wav(const char *path, double speed, bool loop, char *error,
                             size_t error_size) {
  struct audio *audio = audio_new(speed);
  audio->loop = loop;
  if (!wav_file_load(path, WAV_SECONDS_MAX, &audio->wav, &audio->wav_count, error, error_size)) {
    free(audio);
    return NULL;
  }
  return audio;
}

struct audio *audio_open_playlist(struct playlist *playlist, double speed) {
  struct audio *audio = audio_new(speed);
  audio->playlist = playlist;
  return audio;
}

struct audio *audio_open_mic(const char *device, char *error, size_t error_size) {
  struct mic *mic = mic_open(device, AUDIO_CAPTURE_MS, error, error_size);
  if (!mic) return NULL;
  struct audio *audio = audio_new(1);
  audio->mic = mic;
  return audio;
}

void audio_close(struct audio *audio) {
  if (!audio) return;
  mic_close(audio->mic);
  playlist_close(audio->playlist);
  free(audio->wav);
  free(audio);
}

static uint64_t recorded(const struct audio *audio) {
  if (audio->started_ns == 0) return 0;
  return (uint64_t)((double)(audio_clock_ns() - audio->started_ns) * audio->samples_per_ns);
}

static uint64_t capture_buffer_samples(const struct audio *audio) {
  return (uint64_t)(AUDIO_CAPTURE_MS * 1e6 * audio->samples_per_ns);
}

/* Reads or (samples NULL) skips. */
static size_t take(struct audio *audio, int16_t *samples, size_t count) {
  int16_t unheard[256] = {0};
  size_t taken = 0;
  while (taken < count) {
    size_t part = count - taken;
    if (!samples && part > 256) part = 256;
    int16_t *out = samples ? samples + taken : unheard;
    if (audio->playlist) {
      playlist_read(audio->playlist, out, part);
    } else {
      uint64_t from = audio->position % audio->wav_count;
      if (!audio->loop && audio->position >= audio->wav_count) break;
      if (part > audio->wav_count - from) part = audio->wav_count - from;
      memcpy(out, audio->wav + from, part * sizeof *out);
    }
    audio->position += part;
    taken += part;
  }
  return taken;
}

int audio_read(struct audio *audio, int16_t *samples, size_t max, uint64_t *lost) {
  *lost = 0;
  if (audio->mic) {
    int count = mic_read(audio->mic, samples, max, lost);
    if (count > 0) audio->position += (uint64_t)count;
    audio->position += *lost;
    return count;
  }
  if (audio->started_ns == 0) audio->started_ns = audio_clock_ns();
  uint64_t behind = recorded(audio) - audio->position;
  if (behind > capture_buffer_samples(audio)) {
    *lost = take(audio, NULL, behind - capture_buffer_samples(audio));
    behind = capture_buffer_samples(audio);
  }
  if (behind < max) return 0; /* as from a microphone: whole periods */
  size_t count = take(audio, samples, max);
  return count > 0 ? (int)count : -1;
}

double audio_behind_ms(const struct audio *audio) {
  if (audio->mic) return mic_behind_ms(audio->mic);
  uint64_t now = recorded(audio);
  if (now <= audio->position) return 0;
  return (double)(now - audio->position) / audio->samples_per_ns / 1e6;
}

int audio_wait_ms(const struct audio *audio, size_t count) {
  double missing = (double)count;
  if (audio->mic) {
    missing -= mic_behind_ms(audio->mic) * WIT_AUDIO_SAMPLE_RATE / 1000;
  } else {
    missing -= (double)recorded(audio) - (double)audio->position;
  }
  if (missing <= 0) return 0;
  return (int)(missing / audio->samples_per_ns / 1e6) + 1;
}

bool audio_next_played(struct audio *audio, struct playlist_word *word) {
  return audio->playlist && playlist_next_word(audio->playlist, word);
}

bool audio_word_at(const struct audio *audio, uint64_t from, uint64_t to,
                   struct playlist_word *word, size_t *count) {
  if (count) *count = 0;
  return audio->playlist && playlist_word_at(audio->playlist, from, to, word, count);
}
