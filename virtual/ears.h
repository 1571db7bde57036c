/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIRTUAL_EARS_H
#define VIRTUAL_EARS_H
/* What the virtual device hears: 16 kHz mono samples that come by the clock,
 * whether anybody takes them or not: a quiet room, in which a word is said now
 * and then, by itself or because somebody asked for it.
 *
 * As with a real microphone, a capture buffer of VIRT_EARS_BUFFER_MS stands
 * between the room and the reader: who reads too late finds samples lost.
 *
 * Memory: one plain struct, the caller's. One thread. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virtual/clips.h"

#define VIRT_EARS_BUFFER_MS 1000u

struct virt_ears {
  uint64_t (*now_ns)(void); /* any monotonic clock */
  uint64_t started_ns;
  uint64_t position; /* samples taken or lost */
  uint32_t random;
  bool sounds;    /* a clip or noise is under way, or about to be */
  bool is_noise;  /* of `end - begin` samples, else clip */
  uint64_t begin; /* its first sample in the stream */
  uint64_t end;   /* and the one behind its last */
  int32_t rumble; /* of the noise: its low part */
  struct virt_clip clip;
};

/* now_ns NULL: the system's. The clock starts now. seed: of the noise. */
void virt_ears_init(struct virt_ears *ears, uint64_t (*now_ns)(void), uint32_t seed);

/* `count` samples, all of them or (0) none yet. *lost: so many were lost just
 * before them. */
size_t virt_ears_read(struct virt_ears *ears, int16_t *samples, size_t count, uint64_t *lost);
/* Milliseconds until `count` samples are there. */
unsigned virt_ears_wait_ms(const struct virt_ears *ears, size_t count);

/* Said from the next sample on, in place of what sounds. */
void virt_ears_say(struct virt_ears *ears, const struct virt_clip *clip);
/* The same with noise, as of a fan. */
void virt_ears_make_noise(struct virt_ears *ears, unsigned duration_ms);
/* Position in the stream behind the last sound, 0 where there was none yet. It
 * may lie ahead. */
uint64_t virt_ears_sound_end(const struct virt_ears *ears);
#endif
