/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIRTUAL_HEARING_H
#define VIRTUAL_HEARING_H
/* Ears, front end, model and recogniser, as in the micro_speech example; and
 * the books that prove that it was never deaf. In a quiet room the model looks
 * five times a second, and 25 times as soon as there is a sound, as firmware
 * on a battery does: a device that listens all day must cost little.
 *
 * Memory: one plain struct, the caller's; the models are borrowed. One thread. */
#include "examples/micro_speech/device/listener.h"
#include "virtual/ears.h"

#define VIRT_PERIOD_SAMPLES (2 * WIT_AUDIO_STEP_SAMPLES) /* 40 ms: a window, when awake */

struct virt_hearing {
  struct virt_ears ears;
  struct listener listener;
  uint64_t awake_until;    /* position in the stream */
  uint64_t looked_ns;      /* when the model looked last; 0: there is none */
  uint64_t longest_gap_ns; /* between two looks */
  listener_heard_fn on_heard;
  void *on_heard_arg;
};

/* now_ns, seed: as virt_ears_init. on_heard may be NULL. */
void virt_hearing_init(struct virt_hearing *hearing, struct wit_model_pair *models,
                       uint64_t (*now_ns)(void), uint32_t seed, listener_heard_fn on_heard,
                       void *on_heard_arg);
/* Hears the next period, when it is there. False: not yet. */
bool virt_hearing_step(struct virt_hearing *hearing);
/* Milliseconds until it is. */
unsigned virt_hearing_wait_ms(const struct virt_hearing *hearing);
/* Position in the stream. */
static inline uint64_t virt_hearing_position(const struct virt_hearing *hearing) {
  return hearing->ears.position;
}
#endif
