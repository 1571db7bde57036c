/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_OFFERS_H
#define SERVER_CORE_OFFERS_H
/* Shorter forms of artifacts (wire/patch.h) that devices may take instead of
 * the whole: compressed, and as differences to the versions that devices of the
 * project report. Made in the background by a thread (offer_worker.h), one at a
 * time: for devices that are about to download first, then for rollouts, the
 * newest release first. Each is a row and a blob; what does not come out at most
 * SRV_OFFER_PERCENT_MAX of the whole is noted and not offered. Nothing waits for
 * them: a device that asks before they are ready downloads the whole.
 *
 * No queue is kept: what is missing follows from releases, fleet and rows, so a
 * restart or a kill loses nothing but the job at work.
 *
 * For operators' side and the loop; what devices ask is in core.h. */
#include "server/core/objects.h"

enum srv_offer_stage { /* srv_offer.state, and what has no row yet */
                       SRV_STAGE_READY,
                       SRV_STAGE_NOT_SMALLER,
                       SRV_STAGE_FAILED,
                       SRV_STAGE_PENDING,   /* will be made, or is being made */
                       SRV_STAGE_TOO_LARGE, /* SRV_OFFER_SIZE_MAX */
};
const char *srv_offer_stage_name(enum srv_offer_stage stage); /* "ready" */

struct srv_offer_shown {
  uint8_t encoding; /* enum gw_encoding */
  enum srv_offer_stage stage;
  char base_version[GW_VERSION_MAX + 1]; /* of a delta; "" */
  uint32_t size_bytes;                   /* on the air; 0 where not known */
};
/* The artifact's other forms, made or to be made, compressed first. */
int srv_core_artifact_offers(struct srv_core *core, const struct srv_artifact *artifact,
                             void (*visit)(void *context, const struct srv_offer_shown *offer),
                             void *context);

/* Readable when srv_core_tick has something to collect; -1: none are made. */
int srv_core_offers_fd(const struct srv_core *core);
/* Is one being made? */
bool srv_core_offers_busy(const struct srv_core *core);

/* Over how many seconds so many devices begin, when the release does not say. */
uint32_t srv_core_spread_s(const struct srv_core *core, uint64_t devices);
#endif
