/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_COMPATIBILITY_H
#define SERVER_CORE_COMPATIBILITY_H
/* Can that device run that model? What a model needs was found out when it was
 * uploaded (its model_info); what a device has, it says itself (core/profile.h),
 * else its blueprint states it. Of what nobody said, nothing is concluded: a
 * device is refused only where it is known to be unable. */
#include "server/core/objects.h"

enum srv_fit { SRV_FIT_UNKNOWN, SRV_FIT_CAN, SRV_FIT_CANNOT };

#define SRV_REASON_MAX 127 /* "needs 13,008 bytes of arena, it has 8,192" */

/* Counted over the devices of one blueprint. */
#define SRV_FIT_REASONS_MAX 8 /* the rest is counted, not told */
struct srv_blueprint_fit {
  char blueprint_id[SRV_ID_LENGTH + 1]; /* "": devices without one */
  char blueprint_name[SRV_NAME_MAX + 1];
  uint64_t devices, can, cannot, unknown;
  size_t reason_count;
  struct {
    char text[SRV_REASON_MAX + 1];
    uint64_t count;
  } reason[SRV_FIT_REASONS_MAX];
};

/* Of an artifact (its is_model, model_info and size_bytes are enough: it need
 * not be stored), for each blueprint by name, those without devices too; last,
 * when there are any, the devices without blueprint. Of a large fleet that is
 * still being read, the devices read so far. */
int srv_core_artifact_fit(struct srv_core *core, const struct srv_artifact *artifact,
                          void (*visit)(void *context, const struct srv_blueprint_fit *fit),
                          void *context);

/* Refuses a release that devices among those which it fits are known to be
 * unable to run: SRV_ERR_IN_USE, and the message names some of them and why.
 * SRV_ERR_BUSY while a large fleet is still being read. */
int srv_core_check_release_fit(struct srv_core *core, const struct srv_release *release);

/* --- for fleet_rollout.c ----------------------------------------------------- */

struct srv_compatibility;
struct srv_fleet;
struct fleet_device;
int srv_compatibility_begin(struct srv_core *core, const struct srv_release *release,
                            struct srv_compatibility **out);
/* Why the device cannot run the release, good until the next call; NULL: no
 * reason is known. */
const char *srv_compatibility_why(struct srv_compatibility *compatibility,
                                  const struct srv_fleet *fleet, const struct fleet_device *device);
void srv_compatibility_end(struct srv_compatibility *compatibility);
#endif
