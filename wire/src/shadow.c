/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/shadow.h"

#include <string.h>

/* Labels -------------------------------------------------------------------- */

static size_t name_length(const char *name) {
  size_t length = 0;
  while (length < GW_SHADOW_LABEL_MAX && name[length] != 0) length++;
  /* A cut never leaves half a character: continuation bytes are 10xxxxxx. */
  if (name[length] != 0) {
    while (length > 0 && ((uint8_t)name[length] & 0xC0u) == 0x80u) length--;
  }
  return length;
}

int gw_shadow_label_add(struct gw_shadow_labels *labels, const char *name, uint8_t flags) {
  size_t length = name_length(name);
  for (unsigned i = 0; i < labels->count; i++) {
    struct gw_shadow_label *label = &labels->label[i];
    if (memcmp(label->name, name, length) != 0 || label->name[length] != 0) continue;
    label->flags |= flags;
    return (int)i;
  }
  if (labels->count == GW_SHADOW_LABELS_MAX) return GW_ERR_NO_SPACE;
  struct gw_shadow_label *added = &labels->label[labels->count];
  memset(added, 0, sizeof *added);
  memcpy(added->name, name, length);
  added->flags = flags;
  return labels->count++;
}

static uint8_t flags_of(const struct gw_shadow_labels *labels, uint16_t label) {
  return label < labels->count ? labels->label[label].flags
                               : (uint8_t)(GW_SHADOW_IN_ACTIVE | GW_SHADOW_IN_CANDIDATE);
}

/* Adding -------------------------------------------------------------------- */

static unsigned time_bucket(uint32_t time_us) {
  unsigned bucket = 0;
  while (bucket < GW_SHADOW_TIME_BUCKETS - 1 && time_us >= GW_SHADOW_TIME_FIRST_US << bucket) {
    bucket++;
  }
  return bucket;
}

static void add_time(struct gw_shadow_side *side, uint32_t time_us) {
  side->time_bucket[time_bucket(time_us)]++;
  side->time_us_sum += time_us;
  if (time_us > side->time_us_max) side->time_us_max = time_us;
}

static void add_confidence(struct gw_shadow_side *side, uint16_t confidence) {
  uint32_t permille = confidence < 1000u ? confidence : 1000u;
  uint32_t bucket = permille * GW_SHADOW_CONFIDENCE_BUCKETS / 1000u;
  if (bucket == GW_SHADOW_CONFIDENCE_BUCKETS) bucket--;
  side->confidence_bucket[bucket]++;
  side->confidence_sum += permille;
}

uint32_t gw_shadow_pair_rank(const struct gw_shadow_pair *pair) {
  uint32_t lesser = pair->active < pair->candidate ? pair->active : pair->candidate;
  uint32_t greater = pair->active < pair->candidate ? pair->candidate : pair->active;
  return lesser << 16 | greater << 8 | pair->active;
}

static bool is_same_pair(const struct gw_shadow_pair *a, const struct gw_shadow_pair *b) {
  return a->active == b->active && a->candidate == b->candidate;
}

/* Keeps the order; where there is no room, the last one gives way. */
static void add_pair(struct gw_shadow_summary *summary, const struct gw_shadow_pair *pair) {
  uint32_t rank = gw_shadow_pair_rank(pair);
  unsigned at = 0;
  while (at < summary->pair_count && gw_shadow_pair_rank(&summary->pair[at]) > rank) at++;
  if (at == GW_SHADOW_PAIRS_MAX) return;
  if (at < summary->pair_count && is_same_pair(&summary->pair[at], pair)) {
    summary->pair[at].count += pair->count;
    return;
  }
  if (summary->pair_count < GW_SHADOW_PAIRS_MAX) summary->pair_count++;
  memmove(&summary->pair[at + 1], &summary->pair[at],
          (summary->pair_count - at - 1u) * sizeof summary->pair[0]);
  summary->pair[at] = *pair;
}

static void add_disagreement(struct gw_shadow_summary *summary,
                             const struct gw_shadow_labels *labels, uint16_t active,
                             uint16_t candidate) {
  if (active >= labels->count || candidate >= labels->count) return;
  add_pair(summary, &(struct gw_shadow_pair){
                        .active = (uint8_t)active, .candidate = (uint8_t)candidate, .count = 1});
}

static void add_heard(struct gw_shadow_summary *summary, const struct gw_shadow_sample *sample) {
  summary->heard++;
  summary->heard_agreed += sample->active.label == sample->candidate.label;
  add_confidence(&summary->side[GW_SHADOW_ACTIVE], sample->active.confidence);
  add_confidence(&summary->side[GW_SHADOW_CANDIDATE], sample->candidate.confidence);
}

void gw_shadow_add(struct gw_shadow_summary *summary, const struct gw_shadow_labels *labels,
                   const struct gw_shadow_sample *sample) {
  uint8_t active = flags_of(labels, sample->active.label);
  uint8_t candidate = flags_of(labels, sample->candidate.label);
  bool active_hears = (active & GW_SHADOW_QUIET) == 0;
  bool candidate_hears = (candidate & GW_SHADOW_QUIET) == 0;
  if (summary->compared == UINT32_MAX) return;
  summary->compared++;
  add_time(&summary->side[GW_SHADOW_ACTIVE], sample->active.time_us);
  add_time(&summary->side[GW_SHADOW_CANDIDATE], sample->candidate.time_us);
  if (sample->active.label == sample->candidate.label) {
    summary->agreed++;
  } else {
    add_disagreement(summary, labels, sample->active.label, sample->candidate.label);
  }
  if (active_hears && (active & GW_SHADOW_IN_CANDIDATE) == 0) {
    summary->only_active_knows++;
  } else if (!active_hears && candidate_hears && (candidate & GW_SHADOW_IN_ACTIVE) == 0) {
    summary->only_candidate_knows++;
  } else if (active_hears || candidate_hears) {
    add_heard(summary, sample);
  }
}

void gw_shadow_add_skipped(struct gw_shadow_summary *summary) {
  if (summary->skipped < UINT32_MAX) summary->skipped++;
}

void gw_shadow_add_missed(struct gw_shadow_summary *summary, uint32_t count) {
  uint32_t room = UINT32_MAX - summary->missed;
  summary->missed += count < room ? count : room;
}

/* Merging ------------------------------------------------------------------- */

static void merge_side(struct gw_shadow_side *into, const struct gw_shadow_side *from) {
  for (unsigned i = 0; i < GW_SHADOW_TIME_BUCKETS; i++)
    into->time_bucket[i] += from->time_bucket[i];
  for (unsigned i = 0; i < GW_SHADOW_CONFIDENCE_BUCKETS; i++) {
    into->confidence_bucket[i] += from->confidence_bucket[i];
  }
  into->time_us_sum += from->time_us_sum;
  into->confidence_sum += from->confidence_sum;
  if (from->time_us_max > into->time_us_max) into->time_us_max = from->time_us_max;
}

/* The other counters are parts of `compared`, so they fit when it does. */
static bool fits(const struct gw_shadow_summary *into, const struct gw_shadow_summary *from) {
  return from->compared <= UINT32_MAX - into->compared &&
         from->skipped <= UINT32_MAX - into->skipped && from->missed <= UINT32_MAX - into->missed;
}

int gw_shadow_merge(struct gw_shadow_summary *into, const struct gw_shadow_summary *from) {
  if (!fits(into, from)) return GW_ERR_TOO_LONG;
  into->compared += from->compared;
  into->agreed += from->agreed;
  into->only_candidate_knows += from->only_candidate_knows;
  into->only_active_knows += from->only_active_knows;
  into->heard += from->heard;
  into->heard_agreed += from->heard_agreed;
  into->skipped += from->skipped;
  into->missed += from->missed;
  for (unsigned i = 0; i < 2; i++) merge_side(&into->side[i], &from->side[i]);
  for (unsigned i = 0; i < from->pair_count; i++) add_pair(into, &from->pair[i]);
  return GW_OK;
}

/* What the sums say --------------------------------------------------------- */

uint32_t gw_shadow_other_pairs(const struct gw_shadow_summary *summary) {
  uint32_t others = summary->compared - summary->agreed;
  for (unsigned i = 0; i < summary->pair_count; i++) others -= summary->pair[i].count;
  return others;
}

static uint32_t permille(uint32_t part, uint32_t whole) {
  return whole == 0 ? UINT32_MAX : (uint32_t)((uint64_t)part * 1000u / whole);
}

uint32_t gw_shadow_agreement(const struct gw_shadow_summary *summary) {
  return permille(summary->heard_agreed, summary->heard);
}

uint32_t gw_shadow_agreement_all(const struct gw_shadow_summary *summary) {
  return permille(summary->agreed,
                  summary->compared - summary->only_active_knows - summary->only_candidate_knows);
}

/* Both means are over the same windows, so the sums may be compared. Halved
 * together until the hundredfold fits. */
uint32_t gw_shadow_latency(const struct gw_shadow_summary *summary) {
  uint64_t active = summary->side[GW_SHADOW_ACTIVE].time_us_sum;
  uint64_t candidate = summary->side[GW_SHADOW_CANDIDATE].time_us_sum;
  while (candidate > UINT64_MAX / 100) {
    candidate /= 2;
    active /= 2;
  }
  if (active == 0) return UINT32_MAX;
  uint64_t percent = candidate * 100u / active;
  return percent < UINT32_MAX ? (uint32_t)percent : UINT32_MAX - 1;
}

/* Judgement ----------------------------------------------------------------- */

bool gw_shadow_is_asked(const struct gw_policy *policy) {
  return policy->shadow_windows > 0 || policy->shadow_s > 0;
}

static bool is_over(const struct gw_shadow_summary *summary, const struct gw_policy *policy,
                    uint32_t elapsed_s) {
  uint32_t longest_s = policy->shadow_s > 0 ? policy->shadow_s : GW_SHADOW_LONGEST_S;
  uint64_t windows = policy->shadow_windows;
  uint64_t due = (uint64_t)summary->compared + summary->skipped;
  if (elapsed_s >= longest_s) return true;
  return windows > 0 && (summary->compared >= windows || due >= 4 * windows);
}

/* Even if all that is left were heard and agreed? */
static bool is_lost(const struct gw_shadow_summary *summary, const struct gw_policy *policy) {
  bool too_little_heard = summary->heard < GW_SHADOW_HEARD_MIN; /* may be judged by all windows */
  if (too_little_heard || policy->shadow_windows <= summary->compared) return false;
  uint64_t left = policy->shadow_windows - summary->compared;
  return (summary->heard_agreed + left) * 1000u <
         (summary->heard + left) * (uint64_t)policy->agreement_permille;
}

/* Nothing compared fails only where something was due: a device whose sensor is
 * silent is not told that its model is slow. */
static enum gw_shadow_verdict judge_whole(const struct gw_shadow_summary *summary,
                                          const struct gw_policy *policy, uint8_t *reason) {
  uint32_t latency = gw_shadow_latency(summary);
  bool enough_heard = summary->heard >= GW_SHADOW_HEARD_MIN;
  uint32_t agreement =
      enough_heard ? gw_shadow_agreement(summary) : gw_shadow_agreement_all(summary);
  *reason = GW_SHADOW_NO_TIME;
  if (summary->compared < summary->skipped / 4) return GW_SHADOW_FAIL;
  *reason = GW_SHADOW_AGREEMENT;
  if (agreement < policy->agreement_permille) return GW_SHADOW_FAIL;
  *reason = GW_SHADOW_LATENCY;
  if (policy->latency_percent > 0 && latency != UINT32_MAX && latency > policy->latency_percent) {
    return GW_SHADOW_FAIL;
  }
  *reason = enough_heard ? GW_SHADOW_AS_ASKED : GW_SHADOW_NOTHING_HEARD;
  return GW_SHADOW_PASS;
}

enum gw_shadow_verdict gw_shadow_judge(const struct gw_shadow_summary *summary,
                                       const struct gw_policy *policy, uint32_t elapsed_s,
                                       uint8_t *reason) {
  uint8_t unread;
  if (reason == NULL) reason = &unread;
  if (is_over(summary, policy, elapsed_s)) return judge_whole(summary, policy, reason);
  bool lost = is_lost(summary, policy);
  *reason = lost ? GW_SHADOW_AGREEMENT : GW_SHADOW_AS_ASKED;
  return lost ? GW_SHADOW_FAIL : GW_SHADOW_MORE;
}

static const char *name_of(const char *const *names, size_t count, uint8_t value) {
  return value < count ? names[value] : "UNKNOWN";
}

const char *gw_shadow_verdict_name(uint8_t verdict) {
  static const char *const names[] = {"MORE", "PASS", "FAIL"};
  return name_of(names, sizeof names / sizeof names[0], verdict);
}

const char *gw_shadow_reason_name(uint8_t reason) {
  static const char *const names[] = {"AS_ASKED", "AGREEMENT",     "LATENCY",
                                      "NO_TIME",  "NOTHING_HEARD", "APPLICATION"};
  return name_of(names, sizeof names / sizeof names[0], reason);
}
