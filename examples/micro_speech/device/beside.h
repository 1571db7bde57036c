/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MICRO_SPEECH_BESIDE_H
#define MICRO_SPEECH_BESIDE_H
/* Runs the updater's candidate beside the active model, on the same windows,
 * and keeps the score (godwit/shadow.h). The active model comes first, always:
 * the candidate looks at a window when that one has answered, and only when the
 * device is not late; a window that it does not get is counted as skipped.
 *
 * Memory: one plain struct, the caller's, as long as updater and listener. One
 * thread. */
#include "examples/micro_speech/device/listener.h"
#include "godwit/shadow.h"

struct beside_config {
  struct godwit_client *client; /* NULL: nobody is told */
  struct godwit_updater *updater;
  struct wit_model_pair *models;
  struct listener *listener;
  uint64_t (*now_us)(void);
  /* Is there time for another inference before the next window is due? */
  bool (*has_time)(void *arg);
  void *arg;
};

struct beside {
  struct beside_config config;
  struct godwit_shadow shadow;
  /* Index in the table of both models' labels, for each label of a slot's model. */
  uint16_t label[2][WIT_MODEL_LABELS_MAX];
  uint64_t missed; /* the listener's count, told so far */
};

/* Behind listener_init, before godwit_updater_start; the updater's config gets
 * .shadow = &godwit_shadow_side_by_side, .shadow_arg = &beside->shadow. Watches
 * the listener's looks. */
void beside_init(struct beside *beside, const struct beside_config *config);
#endif
