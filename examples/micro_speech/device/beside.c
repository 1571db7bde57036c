/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/micro_speech/device/beside.h"

#include <string.h>

/* A keyword with a lower score is none: in the middle of a word both models
 * waver, and that is no disagreement. In 1/255. */
#define SURE 128u

/* Labels -------------------------------------------------------------------- */

/* For words beyond the table: the same number for the same word. */
static uint16_t number_of(const char *name) {
  uint32_t hash = 2166136261u;
  for (; *name != 0; name++) hash = (hash ^ (uint8_t)*name) * 16777619u;
  return (uint16_t)(GW_SHADOW_LABELS_MAX + hash % 60000u);
}

static void name_model(struct beside *beside, unsigned slot, uint8_t flag,
                       struct gw_shadow_labels *labels) {
  const struct wit_model_slot *model = &beside->config.models->slot[slot];
  for (size_t i = 0; i < model->label_count; i++) {
    uint8_t quiet = i < RECOGNIZER_FIRST_KEYWORD ? GW_SHADOW_QUIET : 0;
    int index = gw_shadow_label_add(labels, model->label[i], flag | quiet);
    beside->label[slot][i] = index >= 0 ? (uint16_t)index : number_of(model->label[i]);
  }
}

static void name_both(void *arg, const struct godwit_model *active,
                      const struct godwit_model *candidate, struct gw_shadow_labels *labels) {
  struct beside *beside = arg;
  name_model(beside, active->slot, GW_SHADOW_IN_ACTIVE, labels);
  name_model(beside, candidate->slot, GW_SHADOW_IN_CANDIDATE, labels);
  beside->missed = beside->config.listener->counts.windows_missed;
}

/* Windows ------------------------------------------------------------------- */

static struct gw_shadow_answer answer_of(const struct beside *beside, unsigned slot,
                                         const int8_t *scores, uint64_t time_us) {
  size_t best = 0;
  for (size_t i = 1; i < beside->config.models->slot[slot].label_count; i++) {
    if (scores[i] > scores[best]) best = i;
  }
  uint32_t score = (uint32_t)(scores[best] + 128);
  if (best >= RECOGNIZER_FIRST_KEYWORD && score < SURE) best = RECOGNIZER_UNKNOWN;
  return (struct gw_shadow_answer){.label = beside->label[slot][best],
                                   .confidence = (uint16_t)(score * 1000u / 255u),
                                   .time_us = (uint32_t)time_us};
}

static void tell_missed(struct beside *beside) {
  uint64_t missed = beside->config.listener->counts.windows_missed;
  godwit_shadow_missed(&beside->shadow, (uint32_t)(missed - beside->missed));
  beside->missed = missed;
}

static void compare(void *context, const struct listener_look *look) {
  struct beside *beside = context;
  const struct beside_config *config = &beside->config;
  struct godwit_model candidate;
  int8_t scores[WIT_MODEL_LABELS_MAX];
  if (!godwit_updater_candidate(config->updater, &candidate)) return;
  tell_missed(beside);
  if (!config->has_time(config->arg)) {
    godwit_shadow_skipped(&beside->shadow);
    return;
  }
  uint64_t began_us = config->now_us();
  if (!wit_model_run_slot(config->models, candidate.slot, look->window, scores)) return;
  uint64_t time_us = config->now_us() - began_us;
  struct gw_shadow_sample sample = {
      .active = answer_of(beside, 1 - candidate.slot, look->scores, look->time_us),
      .candidate = answer_of(beside, candidate.slot, scores, time_us)};
  godwit_updater_compare(config->updater, &sample);
}

void beside_init(struct beside *beside, const struct beside_config *config) {
  memset(beside, 0, sizeof *beside);
  beside->config = *config;
  godwit_shadow_init(
      &beside->shadow,
      &(struct godwit_shadow_config){.client = config->client, .labels = name_both, .arg = beside});
  listener_watch_looks(config->listener, compare, config->now_us, beside);
}
