/* SPDX-License-Identifier: Apache-2.0 */
#include "godwit/updater.h"

#include <string.h>

#include "client_internal.h"
#include "godwit/log.h"
#include "platform/clock.h"
#include "updater_internal.h"

#define RETRY_MIN_MS 60000u
#define RETRY_MAX_MS 3600000u
#define RETRY_BYTES_HOUR 262144u
#define STEP_BYTES 16384u
#define DECODE_BYTES 512u
#define ROOM_AGAIN_MS 1000u
#define CONFIRM_AFTER_MS 10000u
#define TIMEOUT_MAX_MS 60000u
#define ASK_AGAIN_MS 1000u /* a hook that said no, what runs side by side */
#define TRY_BYTES 1024u    /* what a try costs on the air beside what it downloads */
#define HOUR_MS 3600000u

/* Telling --------------------------------------------------------------------- */

const char *godwit_updater_event_name(enum godwit_updater_event_type type) {
  static const char *const names[GODWIT_EVENT_COUNT] = {
      "CONNECTED",    "DISCONNECTED", "MANIFEST", "DOWNLOAD_STARTED", "DOWNLOAD_PROGRESS",
      "DOWNLOADED",   "SWAPPED",      "FAILED",   "DEFERRED",         "SHADOW_STARTED",
      "SHADOW_ENDED", "CONFIRMED",    "REVERTED",
  };
  return (unsigned)type < GODWIT_EVENT_COUNT ? names[type] : "UNKNOWN";
}

void godwit_updater_tell(struct godwit_updater *updater, const struct godwit_updater_event *event) {
  if (updater->config.on_event != NULL) updater->config.on_event(updater->config.event_arg, event);
}

void godwit_updater_tell_progress(struct godwit_updater *updater,
                                  enum godwit_updater_event_type type, uint64_t bytes_done) {
  godwit_updater_tell(updater, &(struct godwit_updater_event){
                                   .type = type,
                                   .version = updater->wanted.version,
                                   .bytes_done = (uint32_t)bytes_done,
                                   .bytes_total = updater->wanted.size_bytes,
                               });
}

/* Of the model that runs, or of the candidate. */
static void tell_of(struct godwit_updater *updater, enum godwit_updater_event_type type,
                    const char *version, int status) {
  godwit_updater_tell(
      updater, &(struct godwit_updater_event){.type = type, .version = version, .status = status});
}

/* What lies in the active slot, where there is such a thing: from the journal on
 * that says so to the next one. */
static struct godwit_store_entry *active_of(const struct godwit_updater *updater) {
  return &updater->config.store->state.active;
}

static const struct godwit_store_entry *candidate_of(const struct godwit_updater *updater) {
  const struct godwit_store_state *state = &updater->config.store->state;
  return updater->from_previous ? &state->previous : &state->incoming;
}

const char *godwit_updater_version(const struct godwit_updater *updater) {
  return updater->has_active ? active_of(updater)->version : "";
}

static void copy_version(char out[GW_REPORT_VERSION_MAX + 1], const char *version) {
  _Static_assert(GW_VERSION_MAX <= GW_REPORT_VERSION_MAX, "a component's version fits a report");
  memcpy(out, version, strlen(version) + 1);
}

void godwit_updater_report(struct godwit_updater *updater, enum gw_ota_state state,
                           enum gw_ota_reason reason, enum gw_ota_detail detail,
                           const char *target) {
  struct gw_report report = {
      .state = (uint8_t)state, .reason = (uint8_t)reason, .detail = (uint8_t)detail};
  const char *package = updater->config.store->package;
  if (updater->config.client == NULL) return;
  memcpy(report.package, package, strlen(package) + 1);
  copy_version(report.version, godwit_updater_version(updater));
  if (target != NULL) copy_version(report.target, target);
  (void)godwit_ota_report(updater->config.client, &report);
}

static void report_state(struct godwit_updater *updater, enum gw_ota_state state,
                         const char *target) {
  godwit_updater_report(updater, state, GW_OTA_READY, GW_DETAIL_NONE, target);
}

bool godwit_updater_may(struct godwit_updater *updater, bool (*hook)(void *arg),
                        uint32_t bytes_done) {
  if (hook == NULL || hook(updater->config.hooks.arg)) {
    updater->is_deferred = false;
    return true;
  }
  if (!updater->is_deferred) {
    godwit_updater_tell_progress(updater, GODWIT_EVENT_DEFERRED, bytes_done);
  }
  updater->is_deferred = true;
  return false;
}

/* Failing --------------------------------------------------------------------- */

/* By the negated status; 0, which is READY, stands for the statuses that have no
 * reason of their own. */
static const uint8_t reasons[] = {
    [-GODWIT_ERR_NO_MEMORY] = GW_OTA_OUT_OF_RAM,
    [-GODWIT_ERR_CONNECTION] = GW_OTA_CONNECTION_LOST,
    [-GODWIT_ERR_TIMEOUT] = GW_OTA_CONNECTION_LOST,
    [-GODWIT_ERR_FORMAT] = GW_OTA_INTEGRITY_CHECK_FAILED,
    [-GODWIT_ERR_NOT_FOUND] = GW_OTA_INVALID_URI,
    [-GODWIT_ERR_IO] = GW_OTA_IO,
    [-GODWIT_ERR_NO_SPACE] = GW_OTA_NOT_ENOUGH_FLASH,
    [-GODWIT_ERR_INTEGRITY] = GW_OTA_INTEGRITY_CHECK_FAILED,
    [-GODWIT_ERR_UNSUPPORTED] = GW_OTA_UNSUPPORTED_PACKAGE_TYPE,
    [-GODWIT_ERR_UNTRUSTED] = GW_OTA_UPDATE_FAILED,
};

/* What load and test return, as godwit/updater.h has it. */
static const uint8_t details_of_load[] = {
    [-GODWIT_ERR_ARGUMENT] = GW_DETAIL_INTERFACE_WRONG,
    [-GODWIT_ERR_NO_MEMORY] = GW_DETAIL_ARENA_TOO_SMALL,
    [-GODWIT_ERR_FORMAT] = GW_DETAIL_MODEL_INVALID,
    [-GODWIT_ERR_UNSUPPORTED] = GW_DETAIL_OP_UNSUPPORTED,
};
static const uint8_t details_of_test[] = {
    [-GODWIT_ERR_ARGUMENT] = GW_DETAIL_INTERFACE_WRONG,
    [-GODWIT_ERR_NO_MEMORY] = GW_DETAIL_ARENA_TOO_SMALL,
    [-GODWIT_ERR_TIMEOUT] = GW_DETAIL_TEST_TIME,
    [-GODWIT_ERR_FORMAT] = GW_DETAIL_MODEL_INVALID,
    [-GODWIT_ERR_NOT_FOUND] = GW_DETAIL_TEST_MISSING,
    [-GODWIT_ERR_MODEL] = GW_DETAIL_TEST_OUTPUT,
    [-GODWIT_ERR_UNSUPPORTED] = GW_DETAIL_OP_UNSUPPORTED,
};

/* An application may return any number. */
static uint8_t look_up(const uint8_t *table, size_t count, int status) {
  return status < 0 && status > -(int)count ? table[-status] : 0;
}

static void fail(struct godwit_updater *updater, int status, enum gw_ota_reason reason,
                 enum gw_ota_detail detail, bool is_final) {
  updater->phase = GODWIT_UPDATER_IDLE;
  updater->is_deferred = false;
  /* Going back is tried again too, whatever becomes of the wish. */
  if (!updater->is_revert) updater->wanted_is_open = !is_final;
  updater->fetched_bytes += TRY_BYTES;
  godwit_updater_pay(updater);
  godwit_updater_report(updater, GW_OTA_IDLE, reason, detail, updater->wanted.version);
  /* Numbers of enum gw_ota_reason and gw_ota_detail: their names would be 700
   * bytes that a device has no other use for. */
  godwit_log(GODWIT_LOG_WARN, "updater: %s@%s: reason %u, detail %u (%s), %s keeps running",
             updater->config.store->package, updater->wanted.version, reason, detail,
             godwit_status_name(status), godwit_updater_version(updater));
  godwit_updater_tell(updater, &(struct godwit_updater_event){
                                   .type = GODWIT_EVENT_FAILED,
                                   .version = updater->wanted.version,
                                   .status = status,
                                   .reason = (uint8_t)reason,
                                   .detail = (uint8_t)detail,
                                   .is_final = is_final,
                                   .retry_ms = is_final ? 0 : updater->retry_ms,
                               });
}

void godwit_updater_fail_for_good(struct godwit_updater *updater, int status,
                                  enum gw_ota_reason reason, enum gw_ota_detail detail) {
  (void)godwit_store_reject(updater->config.store, updater->wanted.version, updater->wanted.digest,
                            (uint8_t)reason, (uint8_t)detail);
  fail(updater, status, reason, detail, true);
}

/* What came to nothing is paid off at retry_bytes_hour; *paid_ms* is when all of
 * it will be. */
void godwit_updater_pay(struct godwit_updater *updater) {
  uint64_t now_ms = godwit_platform_now_ms();
  uint32_t bytes_s = updater->config.retry_bytes_hour / 3600u;
  if (updater->paid_ms < now_ms) updater->paid_ms = now_ms;
  updater->paid_ms += (uint64_t)(updater->fetched_bytes / (bytes_s | (bytes_s == 0))) * 1000u;
  updater->fetched_bytes = 0;
}

/* An hour's worth may be open: the first failure costs no time. */
static uint64_t affordable_ms(const struct godwit_updater *updater) {
  return updater->paid_ms > HOUR_MS ? updater->paid_ms - HOUR_MS : 0;
}

void godwit_updater_fail_for_now(struct godwit_updater *updater, int status,
                                 enum gw_ota_reason reason, enum gw_ota_detail detail) {
  uint32_t next_ms = updater->retry_ms ? updater->retry_ms * 2 : updater->config.retry_min_ms;
  if (next_ms > updater->config.retry_max_ms || next_ms < updater->retry_ms) {
    next_ms = updater->config.retry_max_ms;
  }
  updater->retry_ms = next_ms;
  /* Spread over the upper half: a fleet that failed together does not return
   * together. */
  updater->retry_at_ms =
      godwit_platform_now_ms() + next_ms - next_ms / 2 + godwit_client_random() % (next_ms / 2 + 1);
  fail(updater, status, reason, detail, false);
  if (updater->retry_at_ms < affordable_ms(updater)) updater->retry_at_ms = affordable_ms(updater);
}

void godwit_updater_fail_by(struct godwit_updater *updater, int status) {
  uint8_t reason = look_up(reasons, sizeof reasons, status);
  if (reason == GW_OTA_READY) reason = GW_OTA_UPDATE_FAILED;
  godwit_updater_fail_for_now(updater, status, (enum gw_ota_reason)reason,
                              status == GODWIT_ERR_NO_SPACE ? GW_DETAIL_TOO_LARGE : GW_DETAIL_NONE);
}

/* Slots ----------------------------------------------------------------------- */

static bool has_slots(const struct godwit_updater *updater) {
  return updater->config.slot[0].memory != NULL;
}

static bool replaces_in_place(const struct godwit_updater *updater) {
  return updater->has_active && has_slots(updater) && updater->config.slot[1].memory == NULL;
}

static unsigned free_slot(const struct godwit_updater *updater) {
  return updater->has_active && !replaces_in_place(updater) ? 1u - updater->active_slot : 0u;
}

uint8_t *godwit_updater_work(const struct godwit_updater *updater, size_t *size) {
  const struct godwit_model_slot *slot = &updater->config.slot[free_slot(updater)];
  bool own = updater->config.work_memory != NULL;
  uint8_t *memory = own ? updater->config.work_memory : slot->memory;
  *size = own ? updater->config.work_bytes : slot->size_bytes;
  bool fits = *size >= GODWIT_UPDATER_WORK_BYTES && (own || !replaces_in_place(updater));
  return fits ? memory : NULL;
}

int godwit_model_read(const struct godwit_model *model, uint32_t offset, void *data, size_t size) {
  return godwit_store_read_at(model->store, model->entry, offset, data, size);
}

/* entry must live as long as the model. */
static struct godwit_model model_in_slot(const struct godwit_updater *updater,
                                         const struct godwit_store_entry *entry, unsigned slot) {
  const struct godwit_store *store = updater->config.store;
  return (struct godwit_model){
      .package = store->package,
      .version = entry->version,
      .digest = entry->digest,
      .data =
          has_slots(updater) ? updater->config.slot[slot].memory : godwit_store_map(store, entry),
      .size = entry->size_bytes,
      .slot = slot,
      .store = store,
      .entry = entry,
  };
}

static void discard(struct godwit_updater *updater, const struct godwit_store_entry *entry,
                    unsigned slot) {
  const struct godwit_model model = model_in_slot(updater, entry, slot);
  if (updater->config.ops.discard != NULL) {
    updater->config.ops.discard(updater->config.ops.arg, &model);
  }
}

static int load(struct godwit_updater *updater, const struct godwit_store_entry *entry,
                unsigned slot) {
  const struct godwit_model model = model_in_slot(updater, entry, slot);
  uint64_t began_ms = godwit_platform_now_ms();
  int status = updater->config.ops.load(updater->config.ops.arg, &model);
  updater->load_ms = (uint32_t)(godwit_platform_now_ms() - began_ms);
  return status;
}

/* The journal's active model, that lies in the slot. */
static void activate(struct godwit_updater *updater, unsigned slot) {
  updater->active_slot = (uint8_t)slot;
  updater->has_active = true;
  const struct godwit_model model = model_in_slot(updater, active_of(updater), slot);
  uint64_t began_ms = godwit_platform_now_ms();
  updater->config.ops.activate(updater->config.ops.arg, &model);
  updater->activated_ms = godwit_platform_now_ms();
  updater->load_ms += (uint32_t)(updater->activated_ms - began_ms);
}

static void tell_swapped(struct godwit_updater *updater, bool from_store) {
  uint64_t now_ms = godwit_platform_now_ms();
  godwit_updater_tell(
      updater,
      &(struct godwit_updater_event){
          .type = GODWIT_EVENT_SWAPPED,
          .version = active_of(updater)->version,
          .bytes_total = active_of(updater)->size_bytes,
          .bytes_done = active_of(updater)->size_bytes,
          .manifest_to_swap_ms =
              updater->wanted.package[0] != '\0' ? (uint32_t)(now_ms - updater->manifest_ms) : 0,
          .load_ms = updater->load_ms,
          .from_store = from_store,
      });
}

static void tell_reverted(struct godwit_updater *updater) {
  godwit_updater_tell(updater,
                      &(struct godwit_updater_event){.type = GODWIT_EVENT_REVERTED,
                                                     .version = active_of(updater)->version,
                                                     .reason = updater->revert_reason,
                                                     .detail = updater->revert_detail});
}

/* Start ----------------------------------------------------------------------- */

/* Reads, loads and activates the store's active model into slot 0. */
static int bring_up_active(struct godwit_updater *updater) {
  struct godwit_store *store = updater->config.store;
  const struct godwit_model_slot *slot = &updater->config.slot[0];
  int status = godwit_store_read(store, &store->state.active, slot->memory, slot->size_bytes);
  if (status == GODWIT_OK) status = godwit_store_start(store);
  if (status < 0) return status;
  status = load(updater, &store->state.active, 0);
  if (status < 0) return status == GODWIT_ERR_IO ? GODWIT_ERR_IO : GODWIT_ERR_MODEL;
  activate(updater, 0);
  tell_swapped(updater, true);
  return GODWIT_OK;
}

/* The stored model cannot run: forget it, so that the previous one is next.
 * Only where it is known to be bad: a medium or a slot that fails says nothing
 * about the model. */
static int give_up_active(struct godwit_updater *updater, int status) {
  struct godwit_store *store = updater->config.store;
  bool is_lost = status == GODWIT_ERR_INTEGRITY || status == GODWIT_ERR_NOT_FOUND;
  updater->revert_reason = is_lost ? GW_OTA_INTEGRITY_CHECK_FAILED : GW_OTA_UPDATE_FAILED;
  updater->revert_detail = is_lost ? GW_DETAIL_DIGEST_WRONG : GW_DETAIL_CRASHED;
  godwit_log(GODWIT_LOG_ERROR, "updater: stored %s@%s cannot be used: %s", store->package,
             store->state.active.version, godwit_status_name(status));
  const struct godwit_store_entry bad = store->state.active;
  if (status == GODWIT_ERR_MODEL) {
    int rejected = godwit_store_reject(store, bad.version, bad.digest, updater->revert_reason,
                                       updater->revert_detail);
    if (rejected < 0) return rejected;
  } else if (!is_lost) {
    return status;
  }
  return godwit_store_drop_active(store);
}

/* Was on its way back when the power went. */
static const struct godwit_store_rejection *was_given_up(const struct godwit_store *store) {
  if (store->state.previous.version[0] == '\0') return NULL; /* better than nothing */
  return godwit_store_find_rejection(store, store->state.active.digest);
}

static int bring_up(struct godwit_updater *updater) {
  struct godwit_store *store = updater->config.store;
  for (bool reverted = false;; reverted = true) {
    if (store->state.active.version[0] == '\0') return GODWIT_ERR_NOT_FOUND;
    const struct godwit_store_rejection *rejection = was_given_up(store);
    int status = GODWIT_OK;
    if (rejection != NULL) {
      updater->revert_reason = rejection->reason;
      updater->revert_detail = rejection->detail;
      status = godwit_store_drop_active(store);
    } else if ((status = bring_up_active(updater)) == GODWIT_OK) {
      if (reverted) tell_reverted(updater);
      return GODWIT_OK;
    } else {
      status = give_up_active(updater, status);
    }
    if (status < 0) return status;
  }
}

/* Wishes ------------------------------------------------------------------------ */

bool godwit_updater_is_entry(const struct gw_component *component,
                             const struct godwit_store_entry *entry) {
  return strcmp(entry->version, component->version) == 0 &&
         entry->size_bytes == component->size_bytes &&
         memcmp(entry->digest, component->digest, GW_DIGEST_SIZE) == 0;
}

static bool is_same_wish(const struct gw_component *a, const struct gw_component *b) {
  return strcmp(a->version, b->version) == 0 && strcmp(a->uri, b->uri) == 0 &&
         a->size_bytes == b->size_bytes && memcmp(a->digest, b->digest, GW_DIGEST_SIZE) == 0;
}

static void drop_candidate(struct godwit_updater *updater);

static void cancel(struct godwit_updater *updater) {
  if (updater->phase == GODWIT_UPDATER_VERIFYING) {
    godwit_store_reader_close(&updater->reader);
  } else {
    godwit_updater_fetch_cancel(updater);
  }
}

/* Ends what is under way; what is already on the medium stays for a later
 * resume. */
static void drop_job(struct godwit_updater *updater) {
  bool was_busy = updater->phase != GODWIT_UPDATER_IDLE;
  cancel(updater);
  if (updater->phase >= GODWIT_UPDATER_TESTING) drop_candidate(updater);
  updater->phase = GODWIT_UPDATER_IDLE;
  updater->is_deferred = false;
  godwit_updater_pay(updater);
  updater->retry_ms = 0;
  updater->retry_at_ms = affordable_ms(updater);
  if (was_busy) report_state(updater, GW_OTA_IDLE, NULL);
}

void godwit_updater_take_wish(struct godwit_updater *updater,
                              const struct gw_component *component) {
  bool is_known = component != NULL && updater->wanted.package[0] != '\0' &&
                  is_same_wish(component, &updater->wanted);
  if (is_known && !updater->is_revert) return;
  if (!updater->is_revert) drop_job(updater); /* going back comes first, whatever is wanted */
  updater->wanted_is_open = component != NULL;
  if (component == NULL) { /* no release for this device: what runs goes on */
    memset(&updater->wanted, 0, sizeof updater->wanted);
    return;
  }
  updater->wanted = *component;
  updater->manifest_ms = godwit_platform_now_ms();
  updater->is_spread = false;
  updater->keys_are_stuck = false;
  updater->takes_whole = false;
}

/* Deciding -------------------------------------------------------------------- */

static bool fits_slot(const struct godwit_updater *updater, uint32_t size_bytes) {
  return !has_slots(updater) || size_bytes <= updater->config.slot[free_slot(updater)].size_bytes;
}

static bool is_way_back(const struct godwit_updater *updater) {
  const struct godwit_store_state *state = &updater->config.store->state;
  return state->previous.version[0] != '\0' &&
         godwit_updater_is_entry(&updater->wanted, &state->previous) &&
         state->previous.sequence >= state->trust.floor;
}

static void begin_way_back(struct godwit_updater *updater) {
  updater->from_previous = true;
  godwit_updater_begin_verifying(updater);
}

static void decide(struct godwit_updater *updater) {
  const struct godwit_store *store = updater->config.store;
  const struct gw_component *wanted = &updater->wanted;
  const struct godwit_store_rejection *rejection;
  updater->is_reported = false;
  updater->keys_are_stuck = false; /* what could not be had may be there now */
  if (updater->is_revert) {
    begin_way_back(updater);
    return;
  }
  if (updater->has_active && godwit_updater_is_entry(wanted, active_of(updater))) {
    updater->wanted_is_open = false;
  } else if ((rejection = godwit_store_find_rejection(store, wanted->digest)) != NULL) {
    fail(updater, GODWIT_ERR_MODEL, (enum gw_ota_reason)rejection->reason,
         (enum gw_ota_detail)rejection->detail, true);
  } else if (!godwit_store_version_is_safe(wanted->version)) { /* neither file name nor path */
    fail(updater, GODWIT_ERR_UNSUPPORTED, GW_OTA_UNSUPPORTED_PACKAGE_TYPE, GW_DETAIL_NONE, true);
  } else if (!fits_slot(updater, wanted->size_bytes)) {
    fail(updater, GODWIT_ERR_NO_MEMORY, GW_OTA_OUT_OF_RAM, GW_DETAIL_TOO_LARGE, true);
  } else if (is_way_back(updater)) {
    begin_way_back(updater);
  } else if (!godwit_store_may_begin(store, wanted)) { /* until the active one is confirmed */
    updater->retry_at_ms = godwit_platform_now_ms() + ROOM_AGAIN_MS;
  } else {
    godwit_updater_describe(updater);
  }
}

/* Verifying ------------------------------------------------------------------- */

void godwit_updater_begin_verifying(struct godwit_updater *updater) {
  updater->reader.open = false;
  updater->phase = GODWIT_UPDATER_VERIFYING;
}

/* In place, the medium is checked first, and the slot is overwritten only when
 * the candidate is whole. */
static int open_reader(struct godwit_updater *updater) {
  const struct godwit_model_slot *slot = &updater->config.slot[free_slot(updater)];
  return godwit_store_reader_open(&updater->reader, updater->config.store, candidate_of(updater),
                                  replaces_in_place(updater) ? NULL : slot->memory,
                                  slot->size_bytes);
}

/* From the start, or in another form. */
static void fetch_again(struct godwit_updater *updater) {
  if (godwit_store_abandon(updater->config.store) < 0) {
    godwit_updater_fail_by(updater, GODWIT_ERR_IO);
  } else {
    godwit_updater_pay(updater);
    updater->retry_at_ms = affordable_ms(updater);
    updater->phase = GODWIT_UPDATER_IDLE;
  }
}

static void log_lost(const struct godwit_updater *updater, const struct godwit_store_entry *entry,
                     int status) {
  godwit_log(GODWIT_LOG_ERROR, "updater: %s@%s cannot be brought back: %s",
             updater->config.store->package, entry->version, godwit_status_name(status));
}

/* What runs goes on, after the next start too: a previous model that is still
 * there would take its place then. */
static void give_up_revert(struct godwit_updater *updater, int status) {
  updater->is_revert = false;
  updater->phase = GODWIT_UPDATER_IDLE;
  log_lost(updater, candidate_of(updater), status);
  (void)godwit_store_drop_previous(updater->config.store);
}

/* Digest or file wrong. */
static void refuse_stored(struct godwit_updater *updater, int status) {
  struct godwit_store *store = updater->config.store;
  if (updater->is_revert) {
    give_up_revert(updater, status);
  } else if (updater->from_previous) { /* then it has to be downloaded */
    updater->phase = GODWIT_UPDATER_IDLE;
    if (godwit_store_drop_previous(store) < 0) godwit_updater_fail_by(updater, GODWIT_ERR_IO);
  } else if (updater->offer.encoding != GW_ENCODING_NONE) {
    updater->takes_whole = true;
    godwit_updater_report(updater, GW_OTA_DOWNLOADING, GW_OTA_READY, GW_DETAIL_DELTA_WRONG,
                          updater->wanted.version);
    fetch_again(updater);
  } else if (updater->is_resumed || status == GODWIT_ERR_NOT_FOUND) {
    fetch_again(updater); /* perhaps the part from before is to blame: once more */
  } else {
    godwit_updater_fail_for_good(updater, status, GW_OTA_INTEGRITY_CHECK_FAILED,
                                 GW_DETAIL_DIGEST_WRONG);
  }
}

static void run_verifying(struct godwit_updater *updater) {
  int status = updater->reader.open ? GODWIT_OK : open_reader(updater);
  if (status == GODWIT_OK) {
    status = godwit_store_reader_step(&updater->reader, updater->config.step_bytes);
  }
  if (status == 1) return;
  godwit_store_reader_close(&updater->reader);
  if (status == GODWIT_ERR_INTEGRITY || status == GODWIT_ERR_NOT_FOUND) {
    refuse_stored(updater, status);
  } else if (status < 0) {
    godwit_updater_fail_by(updater, status);
  } else {
    if (!updater->is_revert) {
      report_state(updater, GW_OTA_DOWNLOADED, candidate_of(updater)->version);
      report_state(updater, GW_OTA_UPDATING, candidate_of(updater)->version);
      godwit_updater_tell_progress(updater, GODWIT_EVENT_DOWNLOADED,
                                   candidate_of(updater)->size_bytes);
    }
    updater->needs_room = false;
    updater->phase = GODWIT_UPDATER_LOADING;
  }
}

/* Trying ---------------------------------------------------------------------- */

/* The new one has failed, and the old one was taken down for it: it comes back,
 * from the medium where there is just one slot. */
static void restore(struct godwit_updater *updater) {
  const struct godwit_store_entry *old = active_of(updater);
  const struct godwit_model_slot *slot = &updater->config.slot[0];
  int status = GODWIT_OK;
  if (!updater->is_down) return;
  updater->is_down = false;
  if (replaces_in_place(updater)) {
    status = godwit_store_read(updater->config.store, old, slot->memory, slot->size_bytes);
  }
  if (status == GODWIT_OK) status = load(updater, old, updater->active_slot);
  if (status == GODWIT_OK) {
    activate(updater, updater->active_slot);
  } else {
    updater->has_active = false;
    log_lost(updater, old, status);
  }
}

/* The device has survived this candidate so far: a restart from here on is not its
 * doing. */
static void forgive_tries(struct godwit_updater *updater) {
  if (!updater->from_previous) (void)godwit_store_clear_tries(updater->config.store);
}

/* That is loaded, and will not be activated. */
static void drop_candidate(struct godwit_updater *updater) {
  if (updater->phase == GODWIT_UPDATER_SHADOWING) {
    updater->config.shadow->end(updater->config.shadow_arg);
  }
  discard(updater, candidate_of(updater), free_slot(updater));
  restore(updater);
  forgive_tries(updater);
}

/* Refused by the application, in load or test. */
static void refuse_candidate(struct godwit_updater *updater, int status, uint8_t detail) {
  if (status == GODWIT_ERR_IO) {
    forgive_tries(updater);
    godwit_updater_fail_by(updater, status);
  } else if (updater->is_revert) {
    give_up_revert(updater, status);
  } else {
    enum gw_ota_reason reason = GW_OTA_UPDATE_FAILED;
    if (detail == GW_DETAIL_ARENA_TOO_SMALL) reason = GW_OTA_OUT_OF_RAM;
    if (detail == GW_DETAIL_OP_UNSUPPORTED) reason = GW_OTA_UNSUPPORTED_PACKAGE_TYPE;
    godwit_updater_fail_for_good(updater, status, reason, (enum gw_ota_detail)detail);
  }
}

/* Going back from a bad model asks nobody. */
static bool may_swap(struct godwit_updater *updater) {
  return updater->is_revert || godwit_updater_may(updater, updater->config.hooks.may_swap,
                                                  candidate_of(updater)->size_bytes);
}

static int load_candidate(struct godwit_updater *updater) {
  if (replaces_in_place(updater)) {
    int status =
        godwit_store_read(updater->config.store, candidate_of(updater),
                          updater->config.slot[0].memory, updater->config.slot[0].size_bytes);
    if (status < 0) return GODWIT_ERR_IO; /* it was whole just now */
  }
  return load(updater, candidate_of(updater), free_slot(updater));
}

/* In place, or where there is no memory for two, the old model goes first. */
static bool takes_down(const struct godwit_updater *updater) {
  return replaces_in_place(updater) || updater->needs_room;
}

static void take_down(struct godwit_updater *updater) {
  discard(updater, active_of(updater), updater->active_slot);
  updater->is_down = true;
}

static bool begin_try(struct godwit_updater *updater) {
  if (updater->from_previous || updater->needs_room) return true;
  int status = godwit_store_try(updater->config.store);
  if (status == GODWIT_ERR_MODEL) {
    godwit_updater_fail_for_good(updater, status, GW_OTA_UPDATE_FAILED, GW_DETAIL_CRASHED);
  } else if (status < 0) {
    godwit_updater_fail_by(updater, status);
  }
  return status == GODWIT_OK;
}

static void run_loading(struct godwit_updater *updater) {
  if (takes_down(updater) && !may_swap(updater)) return;
  if (!begin_try(updater)) return; /* nothing has been touched yet */
  if (takes_down(updater)) take_down(updater);
  int status = load_candidate(updater);
  if (status == GODWIT_OK) {
    updater->phase = GODWIT_UPDATER_TESTING;
    updater->loaded_ms = godwit_platform_now_ms();
  } else if (status == GODWIT_ERR_NO_MEMORY && updater->has_active && !updater->is_down &&
             updater->config.ops.discard != NULL) {
    updater->needs_room = true;
  } else {
    restore(updater);
    refuse_candidate(updater, status, look_up(details_of_load, sizeof details_of_load, status));
  }
}

static void begin_shadow(struct godwit_updater *updater);

/* One that has been in service here has passed it already. */
static int test_candidate(struct godwit_updater *updater) {
  const struct godwit_model_ops *ops = &updater->config.ops;
  const struct godwit_model model =
      model_in_slot(updater, candidate_of(updater), free_slot(updater));
  if (updater->from_previous) return GODWIT_OK;
  int status = ops->test != NULL ? ops->test(ops->arg, &model) : GODWIT_ERR_NOT_FOUND;
  return status == GODWIT_ERR_NOT_FOUND && !updater->config.require_test ? GODWIT_OK : status;
}

static void run_testing(struct godwit_updater *updater) {
  int status = test_candidate(updater);
  if (status == GODWIT_OK) {
    begin_shadow(updater);
  } else if (status < 0) {
    drop_candidate(updater);
    refuse_candidate(updater, status, look_up(details_of_test, sizeof details_of_test, status));
  }
}

/* Side by side -------------------------------------------------------------------- */

static void begin_shadow(struct godwit_updater *updater) {
  const struct godwit_shadow_ops *shadow = updater->config.shadow;
  updater->phase = GODWIT_UPDATER_SWAPPING;
  if (shadow == NULL || !updater->has_active || updater->is_down || updater->from_previous) return;
  const struct godwit_model active =
      model_in_slot(updater, active_of(updater), updater->active_slot);
  const struct godwit_model candidate =
      model_in_slot(updater, candidate_of(updater), free_slot(updater));
  if (shadow->begin(updater->config.shadow_arg, &active, &candidate, &updater->policy) < 0) return;
  updater->phase = GODWIT_UPDATER_SHADOWING;
  tell_of(updater, GODWIT_EVENT_SHADOW_STARTED, candidate_of(updater)->version, GODWIT_OK);
}

/* Loaded for as long as a model in service needs to be confirmed: a restart is
 * not its doing any more. */
static void note_harmless(struct godwit_updater *updater) {
  if (godwit_platform_now_ms() - updater->loaded_ms < updater->config.confirm_after_ms) return;
  forgive_tries(updater);
}

static void run_shadowing(struct godwit_updater *updater) {
  int status = updater->config.shadow->step(updater->config.shadow_arg);
  if (status == 1) {
    note_harmless(updater);
    return;
  }
  tell_of(updater, GODWIT_EVENT_SHADOW_ENDED, candidate_of(updater)->version, status);
  if (status == GODWIT_OK) {
    updater->config.shadow->end(updater->config.shadow_arg);
    updater->phase = GODWIT_UPDATER_SWAPPING;
  } else {
    drop_candidate(updater);
    refuse_candidate(updater, GODWIT_ERR_MODEL, GW_DETAIL_SHADOW);
  }
}

bool godwit_updater_candidate(const struct godwit_updater *updater,
                              struct godwit_model *candidate) {
  if (updater->phase != GODWIT_UPDATER_SHADOWING) return false;
  *candidate = model_in_slot(updater, candidate_of(updater), free_slot(updater));
  return true;
}

void godwit_updater_compare(struct godwit_updater *updater, const struct gw_shadow_sample *sample) {
  if (updater->phase != GODWIT_UPDATER_SHADOWING) return;
  updater->config.shadow->compare(updater->config.shadow_arg, sample);
}

/* Switching ------------------------------------------------------------------------ */

static void end_revert(struct godwit_updater *updater) {
  const struct godwit_store_entry *bad = &updater->config.store->state.previous;
  updater->is_revert = false;
  godwit_updater_report(updater, GW_OTA_IDLE, (enum gw_ota_reason)updater->revert_reason,
                        (enum gw_ota_detail)updater->revert_detail, bad->version);
  tell_reverted(updater);
}

static void run_swapping(struct godwit_updater *updater) {
  struct godwit_store *store = updater->config.store;
  if (!updater->is_down && !may_swap(updater)) {
    note_harmless(updater);
    return;
  }
  int status = updater->from_previous ? godwit_store_swap_back(store) : godwit_store_commit(store);
  if (status < 0) {
    drop_candidate(updater);
    godwit_updater_fail_by(updater, status);
    return;
  }
  updater->is_down = false;
  activate(updater, free_slot(updater));
  updater->phase = GODWIT_UPDATER_IDLE;
  updater->fetched_bytes = 0;
  if (updater->is_revert) {
    tell_swapped(updater, true);
    end_revert(updater);
    return;
  }
  updater->wanted_is_open = false;
  godwit_updater_report(updater, GW_OTA_UPDATING, GW_OTA_UPDATED_SUCCESSFULLY, GW_DETAIL_NONE,
                        NULL);
  report_state(updater, GW_OTA_IDLE, NULL);
  tell_swapped(updater, updater->from_previous);
}

int godwit_updater_revert(struct godwit_updater *updater) {
  struct godwit_store *store = updater->config.store;
  const struct godwit_store_state *state = &store->state;
  if (!updater->has_active || state->previous.version[0] == '\0') return GODWIT_ERR_NOT_FOUND;
  if (updater->is_revert) return GODWIT_OK;
  drop_job(updater);
  int status = godwit_store_reject(store, state->active.version, state->active.digest,
                                   GW_OTA_UPDATE_FAILED, GW_DETAIL_REVERTED);
  if (status < 0) return status;
  updater->is_revert = true;
  updater->revert_reason = GW_OTA_UPDATE_FAILED;
  updater->revert_detail = GW_DETAIL_REVERTED;
  begin_way_back(updater);
  return GODWIT_OK;
}

/* Confirming ------------------------------------------------------------------------ */

int godwit_updater_confirm(struct godwit_updater *updater) {
  if (!updater->has_active) return GODWIT_ERR_STATE;
  bool was_confirmed = active_of(updater)->confirmed;
  int status = godwit_store_confirm(updater->config.store, active_of(updater)->floor);
  if (status < 0) return status;
  if (!was_confirmed) {
    tell_of(updater, GODWIT_EVENT_CONFIRMED, active_of(updater)->version, GODWIT_OK);
  }
  return GODWIT_OK;
}

static bool waits_for_confirmation(const struct godwit_updater *updater) {
  return updater->has_active && !active_of(updater)->confirmed && !updater->is_revert &&
         updater->config.confirm_after_ms != UINT32_MAX;
}

static uint64_t confirm_at_ms(const struct godwit_updater *updater) {
  uint64_t after_ms = (uint64_t)active_of(updater)->confirm_after_s * 1000u;
  if (after_ms < updater->config.confirm_after_ms) after_ms = updater->config.confirm_after_ms;
  return updater->activated_ms + after_ms;
}

static void confirm_when_due(struct godwit_updater *updater) {
  uint64_t now_ms = godwit_platform_now_ms();
  if (!waits_for_confirmation(updater) || now_ms < confirm_at_ms(updater)) return;
  /* A medium that fails is asked again after as long. */
  if (godwit_updater_confirm(updater) < 0) updater->activated_ms = now_ms;
}

/* Life ------------------------------------------------------------------------ */

static void default_to(uint32_t *value, uint32_t usual) {
  if (*value == 0) *value = usual;
}

int godwit_updater_init(struct godwit_updater *updater,
                        const struct godwit_updater_config *config) {
  if (config->store == NULL || config->ops.load == NULL || config->ops.activate == NULL ||
      (config->trust_ops != NULL && config->trust == NULL)) {
    return GODWIT_ERR_ARGUMENT;
  }
  bool in_place = config->slot[0].memory != NULL && config->slot[1].memory == NULL;
  if (in_place && config->ops.discard == NULL) return GODWIT_ERR_ARGUMENT;
  memset(updater, 0, sizeof *updater);
  updater->config = *config;
  default_to(&updater->config.retry_min_ms, RETRY_MIN_MS);
  default_to(&updater->config.retry_max_ms, RETRY_MAX_MS);
  default_to(&updater->config.retry_bytes_hour, RETRY_BYTES_HOUR);
  default_to(&updater->config.step_bytes, STEP_BYTES);
  default_to(&updater->config.decode_bytes, DECODE_BYTES);
  default_to(&updater->config.confirm_after_ms, CONFIRM_AFTER_MS);
  return GODWIT_OK;
}

void godwit_updater_deinit(struct godwit_updater *updater) {
  cancel(updater);
  if (updater->config.client != NULL) {
    godwit_ota_watch_end(updater->config.client, &updater->watch);
  }
  if (updater->phase == GODWIT_UPDATER_SHADOWING) {
    updater->config.shadow->end(updater->config.shadow_arg);
  }
  if (updater->phase >= GODWIT_UPDATER_TESTING) {
    discard(updater, candidate_of(updater), free_slot(updater));
  }
  if (updater->has_active && !updater->is_down) {
    discard(updater, active_of(updater), updater->active_slot);
  }
  updater->has_active = false;
  updater->phase = GODWIT_UPDATER_IDLE;
}

int godwit_updater_start(struct godwit_updater *updater) {
  int status = bring_up(updater);
  if (updater->config.client == NULL) return status;
  report_state(updater, GW_OTA_IDLE, NULL);
  int observed = godwit_updater_observe(updater);
  godwit_client_start(updater->config.client);
  return observed < 0 ? observed : status;
}

static void follow_connection(struct godwit_updater *updater) {
  const struct godwit_client *client = updater->config.client;
  bool connected = godwit_client_state(client) == GODWIT_CLIENT_CONNECTED;
  if (connected == updater->connected) return;
  updater->connected = connected;
  tell_of(updater, connected ? GODWIT_EVENT_CONNECTED : GODWIT_EVENT_DISCONNECTED,
          godwit_updater_version(updater), godwit_client_last_error(client));
}

static bool has_to_decide(const struct godwit_updater *updater) {
  return updater->wanted_is_open || updater->is_revert;
}

static void take_step(struct godwit_updater *updater) {
  switch (updater->phase) {
    case GODWIT_UPDATER_IDLE:
      if (has_to_decide(updater) && godwit_platform_now_ms() >= updater->retry_at_ms) {
        decide(updater);
      }
      break;
    case GODWIT_UPDATER_VERIFYING:
      run_verifying(updater);
      break;
    case GODWIT_UPDATER_LOADING:
      run_loading(updater);
      break;
    case GODWIT_UPDATER_TESTING:
      run_testing(updater);
      break;
    case GODWIT_UPDATER_SHADOWING:
      run_shadowing(updater);
      break;
    case GODWIT_UPDATER_SWAPPING:
      run_swapping(updater);
      break;
    default:
      godwit_updater_fetch(updater);
      break;
  }
}

void godwit_updater_poll(struct godwit_updater *updater) {
  if (updater->config.client != NULL) {
    godwit_client_poll(updater->config.client);
    follow_connection(updater);
  }
  confirm_when_due(updater);
  take_step(updater);
}

static uint32_t until(uint64_t at_ms, uint64_t now_ms) {
  uint64_t left_ms = at_ms > now_ms ? at_ms - now_ms : 0;
  return left_ms < TIMEOUT_MAX_MS ? (uint32_t)left_ms : TIMEOUT_MAX_MS;
}

static uint32_t step_due_ms(const struct godwit_updater *updater, uint64_t now_ms) {
  switch (updater->phase) {
    case GODWIT_UPDATER_IDLE:
      return has_to_decide(updater) ? until(updater->retry_at_ms, now_ms) : TIMEOUT_MAX_MS;
    case GODWIT_UPDATER_SHADOWING:
      return ASK_AGAIN_MS;
    case GODWIT_UPDATER_VERIFYING:
    case GODWIT_UPDATER_TESTING:
      return 0;
    case GODWIT_UPDATER_LOADING:
    case GODWIT_UPDATER_SWAPPING:
      return updater->is_deferred ? ASK_AGAIN_MS : 0;
    default:
      return godwit_updater_fetch_due_ms(updater, now_ms);
  }
}

static uint32_t confirm_due_ms(const struct godwit_updater *updater, uint64_t now_ms) {
  if (!waits_for_confirmation(updater)) return TIMEOUT_MAX_MS;
  return until(confirm_at_ms(updater), now_ms);
}

static uint32_t lesser(uint32_t a, uint32_t b) { return a < b ? a : b; }

uint32_t godwit_updater_next_timeout_ms(const struct godwit_updater *updater) {
  uint64_t now_ms = godwit_platform_now_ms();
  uint32_t due_ms = lesser(step_due_ms(updater, now_ms), confirm_due_ms(updater, now_ms));
  const struct godwit_client *client = updater->config.client;
  return client == NULL ? due_ms : lesser(due_ms, godwit_client_next_timeout_ms(client));
}

bool godwit_updater_is_busy(const struct godwit_updater *updater) {
  return updater->phase != GODWIT_UPDATER_IDLE;
}
