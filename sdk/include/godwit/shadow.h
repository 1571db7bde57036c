/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GODWIT_SHADOW_H
#define GODWIT_SHADOW_H
/* Two models side by side: the candidate runs on the same live input as the
 * active model before it takes over. Keeps the sums of what both made of it,
 * sends them to the server now and then and at the end (`.gw/shadow`), and
 * judges by the release's policy, by the application's own, or by a function of
 * the application. A candidate that does not do well enough is not swapped to:
 * the release then ends with reason UPDATE_FAILED, detail SHADOW.
 *
 *   godwit_shadow_init(&shadow, &(struct godwit_shadow_config){.client = client, .labels = ...});
 *   updater: .shadow = &godwit_shadow_side_by_side, .shadow_arg = &shadow
 *   for each inference, while godwit_updater_candidate(&updater, &candidate):
 *     run the candidate too, when there is time, and
 *     godwit_updater_compare(&updater, &sample) - or godwit_shadow_skipped(&shadow)
 *
 * Memory and threads: as godwit/client.h. The object is the caller's and lives
 * as long as the updater and the client. */
#include "godwit/updater.h"
#include "wire/shadow.h"

struct godwit_shadow_config {
  struct godwit_client *client;   /* NULL: judged, and the server is not told */
  const struct gw_policy *policy; /* the application's own, where the release asks for none;
                                     borrowed; NULL: the release alone decides whether to compare */
  /* Names the labels of both models, once when they begin (gw_shadow_label_add,
   * the active model's and the quiet ones first), so that equal words have equal
   * indices in the samples. NULL: indices mean the same in both, nothing is quiet. */
  void (*labels)(void *arg, const struct godwit_model *active, const struct godwit_model *candidate,
                 struct gw_shadow_labels *labels);
  /* At each poll: what the policy says of the sums, and what is to be done. MORE
   * goes on for GW_SHADOW_LONGEST_S at most. NULL: as the policy says. */
  enum gw_shadow_verdict (*decide)(void *arg, const struct gw_shadow_summary *summary,
                                   enum gw_shadow_verdict by_policy);
  void *arg;
  uint32_t report_every_ms; /* 0: 60,000. A report takes 200 to 500 bytes; none while nothing is
                               compared */
};

/* Internal, but for reading `report`: the sums so far. */
struct godwit_shadow {
  struct godwit_shadow_config config;
  struct gw_policy policy;
  struct gw_shadow_report report;
  uint64_t begun_ms;
  uint64_t told_ms;      /* when the last report was sent */
  uint32_t told_windows; /* that it counted */
  bool is_running;
  struct godwit_request request;
  struct godwit_service service;
  uint8_t refusals; /* by a busy server, in a row */
  uint8_t payload[GW_SHADOW_REPORT_SIZE_MAX];
};

/* Config is copied. Nothing runs yet. */
void godwit_shadow_init(struct godwit_shadow *shadow, const struct godwit_shadow_config *config);
/* For the updater's config; its shadow_arg is the object. */
extern const struct godwit_shadow_ops godwit_shadow_side_by_side;

/* A window for which the candidate had no time: the active model's answer must
 * not wait for it. Harmless when none runs. */
void godwit_shadow_skipped(struct godwit_shadow *shadow);
/* Windows that no model looked at, while both run: goal 0. */
void godwit_shadow_missed(struct godwit_shadow *shadow, uint32_t count);
#endif
