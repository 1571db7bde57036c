/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SDK_UPDATER_INTERNAL_H
#define SDK_UPDATER_INTERNAL_H
/* Between the files of the updater: updater.c (what to do, trying, switching),
 * updater_fetch.c (from the manifest to bytes on the medium), updater_patch.c
 * (compressed and delta forms; linked where it is named). */
#include "godwit/updater.h"

/* One step a poll. Nothing of the application's is touched before LOADING; from
 * TESTING to SWAPPING a candidate is loaded, and must be activated or
 * discarded.
 *
 *   IDLE -> DESCRIBING <-> CHECKING -> WAITING -> PREPARING -> DOWNLOADING
 *     \______________________(stored)______________________       |
 *                                                           \     v
 *   IDLE <- SWAPPING <- (SHADOWING) <- TESTING <- LOADING <- VERIFYING       */
enum godwit_updater_phase {
  GODWIT_UPDATER_IDLE,
  GODWIT_UPDATER_DESCRIBING, /* what does the server know of it? */
  GODWIT_UPDATER_CHECKING,   /* the signature, or a set of keys */
  GODWIT_UPDATER_WAITING,    /* a random time, then for may_download */
  GODWIT_UPDATER_PREPARING,  /* is the base of the delta what it should be? */
  GODWIT_UPDATER_DOWNLOADING,
  GODWIT_UPDATER_VERIFYING, /* reads the medium into the free slot, and checks the digest of just
                               those bytes: what is checked is what will run */
  GODWIT_UPDATER_LOADING,
  GODWIT_UPDATER_TESTING,
  GODWIT_UPDATER_SHADOWING,
  GODWIT_UPDATER_SWAPPING,
};

/* updater.c ------------------------------------------------------------------- */

void godwit_updater_tell(struct godwit_updater *updater, const struct godwit_updater_event *event);
void godwit_updater_tell_progress(struct godwit_updater *updater,
                                  enum godwit_updater_event_type type, uint64_t bytes_done);
void godwit_updater_report(struct godwit_updater *updater, enum gw_ota_state state,
                           enum gw_ota_reason reason, enum gw_ota_detail detail,
                           const char *target);
/* Refused until the manifest names another digest. */
void godwit_updater_fail_for_good(struct godwit_updater *updater, int status,
                                  enum gw_ota_reason reason, enum gw_ota_detail detail);
/* May pass: tried again after a wait that doubles. */
void godwit_updater_fail_for_now(struct godwit_updater *updater, int status,
                                 enum gw_ota_reason reason, enum gw_ota_detail detail);
/* The same, with the reason that the status stands for. */
void godwit_updater_fail_by(struct godwit_updater *updater, int status);
/* Asks a hook of the application; the first no is told. */
bool godwit_updater_may(struct godwit_updater *updater, bool (*hook)(void *arg),
                        uint32_t bytes_done);
/* The component asked for is just that entry. */
bool godwit_updater_is_entry(const struct gw_component *component,
                             const struct godwit_store_entry *entry);
void godwit_updater_begin_verifying(struct godwit_updater *updater);
/* The manifest names this component of the package, or none. */
void godwit_updater_take_wish(struct godwit_updater *updater, const struct gw_component *component);
/* Where the decoder works (GODWIT_UPDATER_WORK_BYTES), and behind it early blocks
 * wait; NULL where there is no room. */
uint8_t *godwit_updater_work(const struct godwit_updater *updater, size_t *size);
/* Bytes of the update under way that came to nothing. */
void godwit_updater_pay(struct godwit_updater *updater);

/* updater_fetch.c --------------------------------------------------------------- */

int godwit_updater_observe(struct godwit_updater *updater);
void godwit_updater_describe(struct godwit_updater *updater);
/* What DESCRIBING to DOWNLOADING have to do now. */
void godwit_updater_fetch(struct godwit_updater *updater);
/* How long they need not be called; UINT32_MAX: until something arrives. */
uint32_t godwit_updater_fetch_due_ms(const struct godwit_updater *updater, uint64_t now_ms);
/* Ends what is under way; what is already on the medium stays for a later
 * resume. */
void godwit_updater_fetch_cancel(struct godwit_updater *updater);

/* updater_patch.c ------------------------------------------------------------- */

struct godwit_updater_patch_ops {
  /* gw_description_parse; without these functions its offers are skipped. */
  int (*parse)(const uint8_t *data, size_t size, struct gw_description *out);
  /* Sets updater->offer to the smallest form that this device can use, if any. */
  void (*choose)(struct godwit_updater *updater, const struct gw_description *description);
  /* Is the base what it should be? 1: call again; GODWIT_OK; negative: take the
   * whole. */
  int (*prepare)(struct godwit_updater *updater);
  /* Sets the decoder up after godwit_store_begin has said offset; *wanted is where to
   * fetch from. Negative: take the whole. */
  int (*begin)(struct godwit_updater *updater, uint32_t offset, uint32_t *wanted);
  /* Takes a block, in order, and does one step (config.decode_bytes) of decoding it.
   * 1: to be fetched on elsewhere, at *wanted; GODWIT_UPDATER_MORE: call step until
   * it says otherwise, before the next block. */
  int (*feed)(struct godwit_updater *updater, uint32_t offset, const void *data, size_t size,
              uint32_t *wanted);
  int (*step)(struct godwit_updater *updater, uint32_t *wanted);
};
#define GODWIT_UPDATER_MORE 2
#endif
