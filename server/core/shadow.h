/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_SHADOW_H
#define SERVER_CORE_SHADOW_H
/* Two models side by side on devices (`.gw/shadow`, docs/spec/wire.md): each
 * device's newest sums for each pair of models are kept, and brought together
 * when somebody asks. Merging is addition, so nothing else need be kept. */
#include "server/core/core.h"
#include "server/core/types.h"

/* Keeps it in place of what the device said of that pair before; the pair that
 * it has not spoken of for longest gives way to a new one
 * (SRV_SHADOWS_PER_DEVICE). SRV_ERR_INVALID: names that no artifact can have. */
int srv_core_shadow_report(struct srv_core *core, const struct srv_device_ref *device,
                           const struct gw_shadow_report *report);

/* One pair of models: of one device, or of all that have compared it. */
struct srv_shadow_pair {
  struct gw_shadow_report sums; /* labels as the device that spoke last has them. Pairs of labels
                                   of a device with other labels are among the others; verdict,
                                   reason and elapsed_s are those of the device that spoke last */
  uint64_t devices;             /* whose sums these are */
  uint64_t verdicts[GW_SHADOW_FAIL + 1];
  uint64_t failures[GW_SHADOW_APPLICATION + 1]; /* of those that failed, why */
  int64_t time_us;                              /* of the newest */
};
struct srv_shadow_pairs {
  size_t count;
  struct srv_shadow_pair pair[SRV_SHADOW_PAIRS_MAX]; /* the one most recently spoken of first */
  uint64_t device_rows;                              /* that there are */
  uint64_t merged_rows; /* that are in it: SRV_SHADOWS_MERGED at most */
};
/* How that candidate did, beside whichever version was in service. */
int srv_core_shadow_of_candidate(struct srv_core *core, const char *project_id, const char *package,
                                 const char *candidate, struct srv_shadow_pairs *out);
/* What that device has compared. */
int srv_core_shadow_of_device(struct srv_core *core, const char *device_id,
                              struct srv_shadow_pairs *out);
#endif
