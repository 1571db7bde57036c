/* SPDX-License-Identifier: Apache-2.0 */
// fuzz-link: wire
/* A report of two models side by side: refused, or the same after a round trip;
 * what is accepted merges with itself, and no sum in it can overflow what is
 * computed of it. */
#include <stdlib.h>
#include <string.h>

#include "wire/shadow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition) {
  if (!condition) abort();
}

static void judge(const struct gw_shadow_summary *summary) {
  const struct gw_policy policy = {
      .shadow_windows = 100, .agreement_permille = 900, .latency_percent = 150};
  uint32_t agreement = gw_shadow_agreement(summary), all = gw_shadow_agreement_all(summary);
  uint8_t reason;
  check(agreement <= 1000 || agreement == UINT32_MAX);
  check(all <= 1000 || all == UINT32_MAX);
  check(gw_shadow_other_pairs(summary) <= summary->compared - summary->agreed);
  check((unsigned)gw_shadow_judge(summary, &policy, 60, &reason) <= GW_SHADOW_FAIL);
  (void)gw_shadow_latency(summary);
}

static void merge_twice(const struct gw_shadow_summary *summary) {
  struct gw_shadow_summary both = *summary, again;
  uint8_t bytes[GW_SHADOW_SIZE_MAX];
  if (gw_shadow_merge(&both, summary) != GW_OK) return;
  check(both.compared == 2 * summary->compared && both.pair_count == summary->pair_count);
  int size = gw_shadow_encode(&both, bytes, sizeof bytes);
  check(size > 0 && gw_shadow_parse(bytes, (size_t)size, &again) == GW_OK);
  judge(&both);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct gw_shadow_report report, again;
  uint8_t bytes[GW_SHADOW_REPORT_SIZE_MAX], more[GW_SHADOW_REPORT_SIZE_MAX];
  if (gw_shadow_report_parse(data, size, &report) != GW_OK) return 0;
  int length = gw_shadow_report_encode(&report, bytes, sizeof bytes);
  check(length > 0); /* every report that is accepted fits */
  check(gw_shadow_report_parse(bytes, (size_t)length, &again) == GW_OK);
  check(gw_shadow_report_encode(&again, more, sizeof more) == length);
  check(memcmp(bytes, more, (size_t)length) == 0);
  judge(&report.summary);
  merge_twice(&report.summary);
  return 0;
}
