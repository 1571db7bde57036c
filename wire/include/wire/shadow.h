/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_SHADOW_H
#define WIRE_SHADOW_H
/* Two models side by side on the same input: what they agree on, how sure and
 * how fast each is. A device adds up one sample an inference and POSTs the sums
 * to `.gw/shadow` (docs/spec/wire.md); sums of many devices are merged into one.
 *
 * Merging is addition: in any order, in any grouping, the result is the same
 * bit by bit. So nothing here is an average, and the pairs that are kept when
 * there are too many are chosen by their labels and not by their counts.
 *
 * Pure functions over the caller's memory; any thread. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/description.h"
#include "wire/manifest.h"
#include "wire/status.h"

#define GW_SHADOW_PATH ".gw/shadow"
#define GW_SHADOW_SIZE_MAX 512u         /* bytes of an encoded summary */
#define GW_SHADOW_REPORT_SIZE_MAX 1024u /* of a report: one datagram's payload */
#define GW_SHADOW_LABELS_MAX 16u
#define GW_SHADOW_LABEL_MAX 23u /* bytes of a name; longer ones are cut */
#define GW_SHADOW_PAIRS_MAX 12u
#define GW_SHADOW_TIME_BUCKETS 16u /* n: below 64 us << n; the last takes the rest */
#define GW_SHADOW_TIME_FIRST_US 64u
#define GW_SHADOW_CONFIDENCE_BUCKETS 10u /* of 100 permille each */

/* Labels --------------------------------------------------------------------
 * The labels of both models in one table: one that both know stands once, so
 * that equal indices mean equal words whatever either model numbers them. */
enum gw_shadow_label_flag {
  GW_SHADOW_IN_ACTIVE = 1,
  GW_SHADOW_IN_CANDIDATE = 2,
  GW_SHADOW_QUIET = 4, /* silence, unknown, background: nothing that anybody waits for */
};

struct gw_shadow_label {
  char name[GW_SHADOW_LABEL_MAX + 1];
  uint8_t flags; /* enum gw_shadow_label_flag */
};

struct gw_shadow_labels {
  uint8_t count;
  struct gw_shadow_label label[GW_SHADOW_LABELS_MAX];
};

/* Index of the name, which is added where it is new; the flags are added to
 * what it has. GW_ERR_NO_SPACE when the table is full: use any index from
 * GW_SHADOW_LABELS_MAX on, the same for the same word. Such labels are compared
 * and not named, and taken to be known to both models and not quiet. Add the
 * active model's labels first, quiet ones before the others. */
int gw_shadow_label_add(struct gw_shadow_labels *labels, const char *name, uint8_t flags);

/* Sums ----------------------------------------------------------------------- */

struct gw_shadow_answer {
  uint16_t label;      /* index in the table above */
  uint16_t confidence; /* permille; more counts as 1,000 */
  uint32_t time_us;    /* of the inference */
};

/* What both models made of one window (frame, reading) of input. */
struct gw_shadow_sample {
  struct gw_shadow_answer active;
  struct gw_shadow_answer candidate;
};

/* The two gave different labels so often. */
struct gw_shadow_pair {
  uint8_t active, candidate; /* indices in the table of labels */
  uint32_t count;
};

struct gw_shadow_side {
  uint32_t time_bucket[GW_SHADOW_TIME_BUCKETS]; /* all windows compared */
  uint64_t time_us_sum;
  uint32_t time_us_max;
  uint32_t confidence_bucket[GW_SHADOW_CONFIDENCE_BUCKETS]; /* windows in `heard` */
  uint64_t confidence_sum;
};

enum { GW_SHADOW_ACTIVE = 0, GW_SHADOW_CANDIDATE = 1 };

struct gw_shadow_summary {
  uint32_t compared; /* windows that both looked at */
  uint32_t agreed;   /* of these: the same label. Mostly silence, so it says little */
  /* Of these set apart, because they cannot agree: the candidate hears what the
   * active model has no label for, where that one hears nothing; and the active
   * model hears what the candidate has no label for. A new word heard in place
   * of a known one is a disagreement. */
  uint32_t only_candidate_knows;
  uint32_t only_active_knows;
  uint32_t heard;        /* of the rest: at least one of them hears something */
  uint32_t heard_agreed; /* and the same: agreement is heard_agreed of heard */
  uint32_t skipped;      /* there was no time for the candidate */
  uint32_t missed;       /* no model looked, while the two ran side by side */
  struct gw_shadow_side side[2];
  /* What disagrees, in descending order of gw_shadow_pair_rank. The first
   * GW_SHADOW_PAIRS_MAX are kept with their exact counts; gw_shadow_other_pairs
   * counts the rest. */
  uint8_t pair_count;
  struct gw_shadow_pair pair[GW_SHADOW_PAIRS_MAX];
};

/* Zero-initialise the summary first. Counters stop before they overflow: after
 * 2^32 - 1 windows nothing more is added. */
void gw_shadow_add(struct gw_shadow_summary *summary, const struct gw_shadow_labels *labels,
                   const struct gw_shadow_sample *sample);
void gw_shadow_add_skipped(struct gw_shadow_summary *summary);
void gw_shadow_add_missed(struct gw_shadow_summary *summary, uint32_t count);
/* Adds `from` to `into`, both over the same table of labels. GW_ERR_TOO_LONG,
 * and nothing done, where a counter would overflow. */
int gw_shadow_merge(struct gw_shadow_summary *into, const struct gw_shadow_summary *from);
/* By the lesser of the two indices, then by the greater, then by `active`: pairs
 * of quiet labels, which stand first in the table, come last. Knows nothing of
 * counts, so the first twelve of all are the same however they were brought
 * together. */
uint32_t gw_shadow_pair_rank(const struct gw_shadow_pair *pair);
/* Windows with different labels beyond the pairs that are kept. */
uint32_t gw_shadow_other_pairs(const struct gw_shadow_summary *summary);
/* So often they agree where something is heard, in permille; UINT32_MAX when
 * nothing is. */
uint32_t gw_shadow_agreement(const struct gw_shadow_summary *summary);
/* As above over all windows that can be compared, silence included. */
uint32_t gw_shadow_agreement_all(const struct gw_shadow_summary *summary);
/* The candidate's mean time in percent of the active model's; UINT32_MAX: unknown. */
uint32_t gw_shadow_latency(const struct gw_shadow_summary *summary);

/* Bytes written, at most GW_SHADOW_SIZE_MAX, or GW_ERR_NO_SPACE. */
int gw_shadow_encode(const struct gw_shadow_summary *summary, uint8_t *buffer, size_t size);
/* Only what gw_shadow_add and gw_shadow_merge can make is accepted:
 * GW_ERR_MALFORMED for sums that do not add up. Unknown keys are skipped; other
 * errors as gw_manifest_parse. */
int gw_shadow_parse(const uint8_t *data, size_t size, struct gw_shadow_summary *out);

/* Judgement ------------------------------------------------------------------ */

enum gw_shadow_verdict {
  GW_SHADOW_MORE = 0, /* goes on */
  GW_SHADOW_PASS = 1,
  GW_SHADOW_FAIL = 2,
};
/* Why; numbers are kept for ever. */
enum gw_shadow_reason {
  GW_SHADOW_AS_ASKED = 0,
  GW_SHADOW_AGREEMENT = 1,     /* they agree too seldom */
  GW_SHADOW_LATENCY = 2,       /* the candidate is too slow beside the active model */
  GW_SHADOW_NO_TIME = 3,       /* there was time for the candidate in too few windows */
  GW_SHADOW_NOTHING_HEARD = 4, /* too little to judge by: all windows were, silence included */
  GW_SHADOW_APPLICATION = 5,   /* the application decided */
};
#define GW_SHADOW_HEARD_MIN 10u    /* windows with something heard, before agreement is judged */
#define GW_SHADOW_LONGEST_S 86400u /* ends then in any case: no model waits for ever */

/* Does the policy ask for two models side by side? */
bool gw_shadow_is_asked(const struct gw_policy *policy);
/* After so many seconds. MORE until policy->shadow_windows were compared (or
 * four times as many were due) or policy->shadow_s have gone by (without it:
 * GW_SHADOW_LONGEST_S); FAIL earlier where what is left of the windows cannot
 * bring the agreement back. *reason may be NULL. */
enum gw_shadow_verdict gw_shadow_judge(const struct gw_shadow_summary *summary,
                                       const struct gw_policy *policy, uint32_t elapsed_s,
                                       uint8_t *reason);
/* "MORE", ... and "AS_ASKED", ...; "UNKNOWN" beyond the enum. */
const char *gw_shadow_verdict_name(uint8_t verdict);
const char *gw_shadow_reason_name(uint8_t reason);

/* Report --------------------------------------------------------------------- */

struct gw_shadow_report {
  char package[GW_PACKAGE_MAX + 1];
  char active[GW_VERSION_MAX + 1];    /* version of the model in service */
  char candidate[GW_VERSION_MAX + 1]; /* and of the one beside it */
  uint8_t verdict;                    /* enum gw_shadow_verdict; unknown values pass through */
  uint8_t reason;                     /* enum gw_shadow_reason */
  uint32_t elapsed_s;
  struct gw_shadow_labels labels;
  struct gw_shadow_summary summary; /* since this run began: a later report replaces it */
};

/* Bytes written, GW_ERR_NO_SPACE, or GW_ERR_TOO_LONG for a field without its
 * NUL. */
int gw_shadow_report_encode(const struct gw_shadow_report *report, uint8_t *buffer, size_t size);
/* GW_ERR_MISSING without package or one of the versions; GW_ERR_MALFORMED for a
 * pair that the table of labels does not name, or a label twice; else as
 * gw_shadow_parse. */
int gw_shadow_report_parse(const uint8_t *data, size_t size, struct gw_shadow_report *out);
#endif
