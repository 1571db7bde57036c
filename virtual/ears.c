/* SPDX-License-Identifier: Apache-2.0 */
#include "virtual/ears.h"

#include <string.h>
#include <time.h>

#include "wit_audio/frontend.h"

#define NS_PER_S 1000000000u
#define HISS 12   /* amplitude of the quiet room */
#define FAN 1500  /* of the fan */
#define CHUNK 256 /* samples made at a time when they are thrown away */

static uint64_t monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

void virt_ears_init(struct virt_ears *ears, uint64_t (*now_ns)(void), uint32_t seed) {
  memset(ears, 0, sizeof *ears);
  ears->now_ns = now_ns != NULL ? now_ns : monotonic_ns;
  ears->started_ns = ears->now_ns();
  ears->random = seed | 1u;
}

/* xorshift32: noise, nothing secret. */
static int32_t noise(struct virt_ears *ears, int32_t amplitude) {
  ears->random ^= ears->random << 13;
  ears->random ^= ears->random >> 17;
  ears->random ^= ears->random << 5;
  return (int32_t)(ears->random >> 8) % (2 * amplitude + 1) - amplitude;
}

static int16_t clamp(int32_t sample) {
  return (int16_t)(sample > INT16_MAX ? INT16_MAX : sample < INT16_MIN ? INT16_MIN : sample);
}

static void add_noise(struct virt_ears *ears, int16_t *samples, size_t count) {
  for (size_t i = 0; i < count; i++) {
    ears->rumble += (noise(ears, FAN) - ears->rumble) / 8;
    samples[i] = clamp(samples[i] + ears->rumble);
  }
}

static void add_clip(const struct virt_ears *ears, int16_t *samples, size_t count, size_t from) {
  int16_t said[CHUNK];
  size_t got = wit_audio_wav_read(&ears->clip.wav, from, said, count);
  for (size_t i = 0; i < got; i++) samples[i] = clamp(samples[i] + said[i]);
}

/* At most CHUNK. */
static void make(struct virt_ears *ears, int16_t *samples, size_t count) {
  for (size_t i = 0; i < count; i++) samples[i] = (int16_t)noise(ears, HISS);
  uint64_t from = ears->position > ears->begin ? ears->position : ears->begin;
  uint64_t to = ears->position + count < ears->end ? ears->position + count : ears->end;
  if (ears->sounds && from < to) {
    int16_t *out = samples + (from - ears->position);
    if (ears->is_noise) {
      add_noise(ears, out, (size_t)(to - from));
    } else {
      add_clip(ears, out, (size_t)(to - from), (size_t)(from - ears->begin));
    }
  }
  ears->position += count;
}

static void skip(struct virt_ears *ears, uint64_t count) {
  int16_t unheard[CHUNK] = {0};
  while (count > 0) {
    size_t part = count < CHUNK ? (size_t)count : CHUNK;
    make(ears, unheard, part);
    count -= part;
  }
}

static uint64_t recorded(const struct virt_ears *ears) {
  uint64_t ns = ears->now_ns() - ears->started_ns;
  return ns / NS_PER_S * WIT_AUDIO_SAMPLE_RATE + ns % NS_PER_S * WIT_AUDIO_SAMPLE_RATE / NS_PER_S;
}

size_t virt_ears_read(struct virt_ears *ears, int16_t *samples, size_t count, uint64_t *lost) {
  const uint64_t buffered = VIRT_EARS_BUFFER_MS * (uint64_t)WIT_AUDIO_SAMPLE_RATE / 1000;
  uint64_t waiting = recorded(ears) - ears->position;
  *lost = waiting > buffered ? waiting - buffered : 0;
  skip(ears, *lost);
  if (waiting - *lost < count) return 0;
  for (size_t at = 0; at < count; at += CHUNK) {
    make(ears, samples + at, count - at < CHUNK ? count - at : CHUNK);
  }
  return count;
}

unsigned virt_ears_wait_ms(const struct virt_ears *ears, size_t count) {
  uint64_t until = ears->position + count, now = recorded(ears);
  if (until <= now) return 0;
  return (unsigned)((until - now) * 1000 / WIT_AUDIO_SAMPLE_RATE) + 1;
}

static void sound(struct virt_ears *ears, uint64_t duration) {
  ears->sounds = true;
  ears->begin = ears->position;
  ears->end = ears->position + duration;
}

void virt_ears_say(struct virt_ears *ears, const struct virt_clip *clip) {
  ears->clip = *clip;
  ears->is_noise = false;
  sound(ears, clip->wav.sample_count);
}

void virt_ears_make_noise(struct virt_ears *ears, unsigned duration_ms) {
  ears->is_noise = true;
  sound(ears, (uint64_t)duration_ms * WIT_AUDIO_SAMPLE_RATE / 1000);
}

uint64_t virt_ears_sound_end(const struct virt_ears *ears) { return ears->sounds ? ears->end : 0; }
