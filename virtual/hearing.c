/* SPDX-License-Identifier: Apache-2.0 */
#include "virtual/hearing.h"

#include <stdlib.h>
#include <string.h>

#define HOP_AWAKE_ROWS 2u
#define HOP_QUIET_ROWS 10u
#define LOUD 60                                   /* mean amplitude that wakes it */
#define AWAKE_SAMPLES (2 * WIT_AUDIO_SAMPLE_RATE) /* a window's length, and its decision's */

void virt_hearing_init(struct virt_hearing *hearing, struct wit_model_pair *models,
                       uint64_t (*now_ns)(void), uint32_t seed, listener_heard_fn on_heard,
                       void *on_heard_arg) {
  memset(hearing, 0, sizeof *hearing);
  virt_ears_init(&hearing->ears, now_ns, seed);
  listener_init(&hearing->listener, models);
  hearing->on_heard = on_heard;
  hearing->on_heard_arg = on_heard_arg;
}

static bool is_loud(const int16_t *samples) {
  int32_t sum = 0;
  for (size_t i = 0; i < VIRT_PERIOD_SAMPLES; i++) sum += abs(samples[i]);
  return sum > LOUD * VIRT_PERIOD_SAMPLES;
}

static void choose_pace(struct virt_hearing *hearing, const int16_t *samples) {
  if (is_loud(samples)) hearing->awake_until = hearing->ears.position + AWAKE_SAMPLES;
  bool awake = hearing->ears.position < hearing->awake_until;
  recognizer_set_hop(&hearing->listener.recognizer, awake ? HOP_AWAKE_ROWS : HOP_QUIET_ROWS);
}

static void keep_books(struct virt_hearing *hearing, uint64_t evaluated_before) {
  uint64_t now_ns = hearing->ears.now_ns();
  if (hearing->listener.models->active == NULL) {
    hearing->looked_ns = 0;
    return;
  }
  if (hearing->listener.counts.windows_evaluated == evaluated_before) return;
  uint64_t gap_ns = hearing->looked_ns == 0 ? 0 : now_ns - hearing->looked_ns;
  if (gap_ns > hearing->longest_gap_ns) hearing->longest_gap_ns = gap_ns;
  hearing->looked_ns = now_ns;
}

static void ignore(void *arg, const struct listener_heard *heard) {
  (void)arg;
  (void)heard;
}

bool virt_hearing_step(struct virt_hearing *hearing) {
  int16_t samples[VIRT_PERIOD_SAMPLES];
  uint64_t lost, evaluated = hearing->listener.counts.windows_evaluated;
  size_t count = virt_ears_read(&hearing->ears, samples, VIRT_PERIOD_SAMPLES, &lost);
  if (lost > 0) listener_lost(&hearing->listener, lost);
  if (count == 0) return false;
  choose_pace(hearing, samples);
  listener_push(&hearing->listener, samples, count,
                hearing->on_heard != NULL ? hearing->on_heard : ignore, hearing->on_heard_arg);
  keep_books(hearing, evaluated);
  return true;
}

unsigned virt_hearing_wait_ms(const struct virt_hearing *hearing) {
  return virt_ears_wait_ms(&hearing->ears, VIRT_PERIOD_SAMPLES);
}
