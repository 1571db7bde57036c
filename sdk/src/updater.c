/* SPDX-License-Identifier: Apache-2.0 */
#include "godwit/updater.h"

#include <string.h>

#include "client_internal.h"
#include "godwit/log.h"
#include "platform/clock.h"

#define RETRY_MIN_MS 60000u
#define RETRY_MAX_MS 3600000u
#define STEP_BYTES 16384u
#define CONFIRM_AFTER_MS 10000u
#define TIMEOUT_MAX_MS 60000u

/* One step a poll; each arrow is one function below.
 *
 *   IDLE -> decide -> DOWNLOADING -> VERIFYING -> TRYING -> IDLE
 *              \________(stored)________/
 *
 * VERIFYING reads the medium into the free slot and checks the digest of just
 * those bytes: what is checked is what will run. TRYING is the application's
 * load, the journal's commit, and the switch. */
enum phase { PHASE_IDLE, PHASE_DOWNLOADING, PHASE_VERIFYING, PHASE_TRYING };

/* Telling --------------------------------------------------------------------- */

const char *godwit_updater_event_name(enum godwit_updater_event_type type) {
  static const char *const names[] = {
      "CONNECTED",         "DISCONNECTED", "MANIFEST", "DOWNLOAD_STARTED",
      "DOWNLOAD_PROGRESS", "DOWNLOADED",   "SWAPPED",  "FAILED",
  };
  return (unsigned)type < sizeof names / sizeof names[0] ? names[type] : "UNKNOWN";
}

static void tell(struct godwit_updater *updater, const struct godwit_updater_event *event) {
  if (updater->config.on_event != NULL) updater->config.on_event(updater->config.event_arg, event);
}

static void tell_progress(struct godwit_updater *updater, enum godwit_updater_event_type type,
                          uint64_t bytes_done) {
  tell(updater, &(struct godwit_updater_event){
                    .type = type,
                    .version = updater->candidate.version,
                    .bytes_done = (uint32_t)bytes_done,
                    .bytes_total = updater->candidate.size_bytes,
                });
}

const char *godwit_updater_version(const struct godwit_updater *updater) {
  return updater->has_active ? updater->active.version : "";
}

static void report(struct godwit_updater *updater, enum gw_ota_state state,
                   enum gw_ota_reason reason, const char *target) {
  if (updater->config.client == NULL) return;
  (void)godwit_ota_report_state(updater->config.client, state, reason,
                                updater->config.store->package, godwit_updater_version(updater),
                                target);
}

/* Failing --------------------------------------------------------------------- */

static enum gw_ota_reason reason_of(int status) {
  switch (status) {
    case GODWIT_ERR_NO_MEMORY:
      return GW_OTA_OUT_OF_RAM;
    case GODWIT_ERR_NO_SPACE:
      return GW_OTA_NOT_ENOUGH_FLASH;
    case GODWIT_ERR_CONNECTION:
    case GODWIT_ERR_TIMEOUT:
      return GW_OTA_CONNECTION_LOST;
    case GODWIT_ERR_FORMAT:
    case GODWIT_ERR_INTEGRITY:
      return GW_OTA_INTEGRITY_CHECK_FAILED;
    case GODWIT_ERR_UNSUPPORTED:
      return GW_OTA_UNSUPPORTED_PACKAGE_TYPE;
    case GODWIT_ERR_NOT_FOUND:
      return GW_OTA_INVALID_URI;
    case GODWIT_ERR_IO:
      return GW_OTA_IO;
    default:
      return GW_OTA_UPDATE_FAILED;
  }
}

static void fail(struct godwit_updater *updater, int status, enum gw_ota_reason reason,
                 bool is_final) {
  updater->phase = PHASE_IDLE;
  updater->wanted_is_open = !is_final;
  report(updater, GW_OTA_IDLE, reason, updater->wanted.version);
  godwit_log(GODWIT_LOG_WARN, "updater: %s@%s: %s (%s), %s keeps running",
             updater->config.store->package, updater->wanted.version, gw_ota_reason_name(reason),
             godwit_status_name(status), updater->has_active ? updater->active.version : "nothing");
  tell(updater, &(struct godwit_updater_event){
                    .type = GODWIT_EVENT_FAILED,
                    .version = updater->wanted.version,
                    .status = status,
                    .reason = (uint8_t)reason,
                    .is_final = is_final,
                    .retry_ms = is_final ? 0 : updater->retry_ms,
                });
}

/* Refused until the manifest names another digest. */
static void fail_for_good(struct godwit_updater *updater, int status, enum gw_ota_reason reason) {
  (void)godwit_store_reject(updater->config.store, updater->wanted.version, updater->wanted.digest,
                            (uint8_t)reason);
  fail(updater, status, reason, true);
}

/* May pass: tried again after a wait that doubles. */
static void fail_for_now(struct godwit_updater *updater, int status, enum gw_ota_reason reason) {
  uint32_t next_ms = updater->retry_ms ? updater->retry_ms * 2 : updater->config.retry_min_ms;
  if (next_ms > updater->config.retry_max_ms || next_ms < updater->retry_ms) {
    next_ms = updater->config.retry_max_ms;
  }
  updater->retry_ms = next_ms;
  /* Spread over the upper half: a fleet that failed together does not return
   * together. */
  updater->retry_at_ms =
      godwit_platform_now_ms() + next_ms - next_ms / 2 + godwit_client_random() % (next_ms / 2 + 1);
  fail(updater, status, reason, false);
}

/* Slots ----------------------------------------------------------------------- */

static bool has_two_slots(const struct godwit_updater *updater) {
  return updater->config.slot[1].memory != NULL;
}

static unsigned free_slot(const struct godwit_updater *updater) {
  return updater->has_active && has_two_slots(updater) ? 1u - updater->active_slot : 0u;
}

static bool replaces_in_place(const struct godwit_updater *updater) {
  return updater->has_active && !has_two_slots(updater);
}

static struct godwit_model model_in_slot(const struct godwit_updater *updater,
                                         const struct godwit_store_entry *entry, unsigned slot) {
  return (struct godwit_model){
      .package = updater->config.store->package,
      .version = entry->version,
      .digest = entry->digest,
      .data = updater->config.slot[slot].memory,
      .size = entry->size_bytes,
      .slot = slot,
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
  return updater->config.ops.load(updater->config.ops.arg, &model);
}

static void activate(struct godwit_updater *updater, const struct godwit_store_entry *entry,
                     unsigned slot) {
  struct godwit_store_entry next = *entry; /* may be a part of the store's state */
  const struct godwit_model model = model_in_slot(updater, &next, slot);
  updater->config.ops.activate(updater->config.ops.arg, &model);
  updater->active = next;
  updater->active_slot = (uint8_t)slot;
  updater->activated_ms = godwit_platform_now_ms();
  updater->has_active = true;
}

static void tell_swapped(struct godwit_updater *updater, uint64_t load_began_ms, bool from_store) {
  uint64_t now_ms = godwit_platform_now_ms();
  tell(updater,
       &(struct godwit_updater_event){
           .type = GODWIT_EVENT_SWAPPED,
           .version = updater->active.version,
           .bytes_total = updater->active.size_bytes,
           .bytes_done = updater->active.size_bytes,
           .manifest_to_swap_ms =
               updater->wanted.package[0] != '\0' ? (uint32_t)(now_ms - updater->manifest_ms) : 0,
           .load_ms = (uint32_t)(now_ms - load_began_ms),
           .from_store = from_store,
       });
}

/* Start ----------------------------------------------------------------------- */

/* Reads, loads and activates the store's active model into slot 0. */
static int bring_up_active(struct godwit_updater *updater) {
  struct godwit_store *store = updater->config.store;
  const struct godwit_model_slot *slot = &updater->config.slot[0];
  uint64_t began_ms = godwit_platform_now_ms();
  int status = godwit_store_read(store, &store->state.active, slot->memory, slot->size_bytes);
  if (status == GODWIT_OK) status = godwit_store_start(store);
  if (status < 0) return status;
  if (load(updater, &store->state.active, 0) < 0) return GODWIT_ERR_MODEL;
  activate(updater, &store->state.active, 0);
  tell_swapped(updater, began_ms, true);
  return GODWIT_OK;
}

/* The stored model cannot run: forget it, so that the previous one is next.
 * Only where it is known to be bad: a medium or a slot that fails says nothing
 * about the model. */
static int give_up_active(struct godwit_updater *updater, int status) {
  struct godwit_store *store = updater->config.store;
  godwit_log(GODWIT_LOG_ERROR, "updater: stored %s@%s cannot be used: %s", store->package,
             store->state.active.version, godwit_status_name(status));
  const struct godwit_store_entry bad = store->state.active;
  if (status == GODWIT_ERR_MODEL) {
    int rejected = godwit_store_reject(store, bad.version, bad.digest, GW_OTA_UPDATE_FAILED);
    if (rejected < 0) return rejected;
  } else if (status != GODWIT_ERR_INTEGRITY && status != GODWIT_ERR_NOT_FOUND) {
    return status;
  }
  return godwit_store_drop_active(store);
}

static int bring_up(struct godwit_updater *updater) {
  const struct godwit_store *store = updater->config.store;
  for (;;) {
    if (store->state.active.version[0] == '\0') return GODWIT_ERR_NOT_FOUND;
    int status = bring_up_active(updater);
    if (status == GODWIT_OK) return GODWIT_OK;
    status = give_up_active(updater, status);
    if (status < 0) return status;
  }
}

/* Manifest -------------------------------------------------------------------- */

static bool is_entry(const struct gw_component *component, const struct godwit_store_entry *entry) {
  return strcmp(entry->version, component->version) == 0 &&
         entry->size_bytes == component->size_bytes &&
         memcmp(entry->digest, component->digest, GW_DIGEST_SIZE) == 0;
}

static bool is_same_wish(const struct gw_component *a, const struct gw_component *b) {
  return strcmp(a->version, b->version) == 0 && strcmp(a->uri, b->uri) == 0 &&
         a->size_bytes == b->size_bytes && memcmp(a->digest, b->digest, GW_DIGEST_SIZE) == 0;
}

/* Ends what is under way; what is already on the medium stays for a later
 * resume. */
static void drop_job(struct godwit_updater *updater) {
  if (updater->config.client != NULL) {
    godwit_ota_download_cancel(updater->config.client, &updater->download);
  }
  godwit_store_reader_close(&updater->reader);
  bool was_busy = updater->phase != PHASE_IDLE;
  updater->phase = PHASE_IDLE;
  updater->retry_ms = 0;
  updater->retry_at_ms = 0;
  if (was_busy) report(updater, GW_OTA_IDLE, GW_OTA_READY, NULL);
}

static void take_wish(struct godwit_updater *updater, const struct gw_component *component) {
  if (component == NULL) { /* no release for this device: what runs goes on */
    drop_job(updater);
    memset(&updater->wanted, 0, sizeof updater->wanted);
    updater->wanted_is_open = false;
    return;
  }
  if (updater->wanted.package[0] != '\0' && is_same_wish(component, &updater->wanted)) return;
  drop_job(updater);
  updater->wanted = *component;
  updater->wanted_is_open = true;
  updater->manifest_ms = godwit_platform_now_ms();
}

static int on_manifest(struct godwit_client *client, const struct godwit_response *response,
                       void *arg) {
  struct godwit_updater *updater = arg;
  struct gw_manifest manifest;
  struct godwit_updater_event event = {.type = GODWIT_EVENT_MANIFEST, .version = ""};
  (void)client;
  event.status = response->status;
  if (event.status == GODWIT_OK) {
    event.status =
        godwit_ota_payload_as_manifest(response->payload, response->payload_size, &manifest);
  }
  if (event.status != GODWIT_OK) {
    godwit_log(GODWIT_LOG_WARN, "updater: manifest not taken: %s",
               godwit_status_name(event.status));
    tell(updater, &event);
    return 0;
  }
  const struct gw_component *component =
      godwit_ota_find_component(&manifest, updater->config.store->package);
  if (component != NULL) event.version = component->version;
  tell(updater, &event);
  take_wish(updater, component);
  return 0;
}

/* Deciding -------------------------------------------------------------------- */

static void begin_verifying(struct godwit_updater *updater);

static bool fits_slot(const struct godwit_updater *updater, uint32_t size_bytes) {
  return size_bytes <= updater->config.slot[free_slot(updater)].size_bytes;
}

static void begin_download(struct godwit_updater *updater) {
  struct godwit_store *store = updater->config.store;
  uint32_t offset;
  int status = godwit_store_begin(store, &updater->wanted, GW_ENCODING_NONE, NULL, &offset);
  if (status == GODWIT_ERR_UNSUPPORTED) {
    fail(updater, status, GW_OTA_UNSUPPORTED_PACKAGE_TYPE, true); /* no safe file name */
    return;
  }
  if (status < 0) {
    fail_for_now(updater, status, reason_of(status));
    return;
  }
  updater->candidate = store->state.incoming;
  updater->from_previous = false;
  updater->is_resumed = offset > 0;
  updater->is_reported = false;
  if (offset == updater->candidate.size_bytes && offset > 0) {
    begin_verifying(updater);
  } else {
    updater->phase = PHASE_DOWNLOADING;
  }
}

static void decide(struct godwit_updater *updater) {
  const struct godwit_store *store = updater->config.store;
  const struct gw_component *wanted = &updater->wanted;
  const struct godwit_store_rejection *rejection;
  if (updater->has_active && is_entry(wanted, &updater->active)) {
    updater->wanted_is_open = false;
  } else if ((rejection = godwit_store_find_rejection(store, wanted->digest)) != NULL) {
    fail(updater, GODWIT_ERR_MODEL, (enum gw_ota_reason)rejection->reason, true);
  } else if (!fits_slot(updater, wanted->size_bytes)) {
    fail(updater, GODWIT_ERR_NO_MEMORY, GW_OTA_OUT_OF_RAM, true);
  } else if (store->state.previous.version[0] != '\0' && is_entry(wanted, &store->state.previous)) {
    updater->candidate = store->state.previous;
    updater->from_previous = true;
    begin_verifying(updater);
  } else {
    begin_download(updater);
  }
}

/* Downloading ----------------------------------------------------------------- */

static int on_block(const struct gw_component *component, uint32_t block_idx, const uint8_t *block,
                    size_t size, bool is_last, void *arg) {
  struct godwit_updater *updater = arg;
  (void)component;
  (void)block_idx;
  (void)is_last;
  struct godwit_store *store = updater->config.store;
  uint32_t offset = store->state.incoming_bytes; /* blocks come in order */
  int status = godwit_store_write(store, offset, block, size);
  if (status == GODWIT_OK) {
    status = godwit_store_progress(store, offset + (uint32_t)size, NULL, 0);
  }
  if (status == GODWIT_OK) {
    tell_progress(updater, GODWIT_EVENT_DOWNLOAD_PROGRESS, store->state.incoming_bytes);
  }
  return status;
}

static void on_downloaded(struct godwit_client *client, int status, uint32_t next_block_idx,
                          void *arg) {
  struct godwit_updater *updater = arg;
  (void)client;
  (void)next_block_idx;
  if (status == GODWIT_OK) status = godwit_store_finish(updater->config.store);
  if (status == GODWIT_OK) {
    begin_verifying(updater);
    return;
  }
  if (status == GODWIT_ERR_CONNECTION || status == GODWIT_ERR_TIMEOUT) {
    updater->network_status = status; /* goes on where it was when there is a link again */
    return;
  }
  if (status == GODWIT_ERR_RESPONSE) {
    bool by_request =
        (updater->download.code >> 5) == 4 && updater->download.code != GW_COAP_TOO_MANY_REQUESTS;
    fail_for_now(updater, status, by_request ? GW_OTA_INVALID_URI : GW_OTA_AWAIT_RETRY);
    return;
  }
  /* What is on the medium cannot be trusted to go on from, or takes space. */
  (void)godwit_store_abandon(updater->config.store);
  fail_for_now(updater, status, reason_of(status));
}

static bool can_start_download(const struct godwit_updater *updater) {
  const struct godwit_client *client = updater->config.client;
  return client != NULL && godwit_client_state(client) == GODWIT_CLIENT_CONNECTED &&
         !godwit_ota_download_is_active(&updater->download);
}

/* The byte to go on from. A server with smaller blocks than asked for may have
 * been cut off in the middle of one of ours; then it is one before. */
static int next_offset(struct godwit_updater *updater, uint32_t block_size, uint32_t *offset) {
  struct godwit_store *store = updater->config.store;
  *offset = store->state.incoming_bytes;
  if (*offset % block_size == 0) return GODWIT_OK;
  return godwit_store_begin(store, &updater->wanted, GW_ENCODING_NONE, NULL, offset);
}

/* Starts the download, or restarts it where a lost link cut it. */
static void run_download(struct godwit_updater *updater) {
  struct godwit_client *client = updater->config.client;
  if (!can_start_download(updater)) return;
  uint32_t offset, block_size = 16u << client->config.block_szx;
  int status = next_offset(updater, block_size, &offset);
  if (status < 0) {
    fail_for_now(updater, status, reason_of(status));
    return;
  }
  if (!updater->is_reported) {
    report(updater, GW_OTA_DOWNLOADING, GW_OTA_READY, updater->candidate.version);
    updater->is_reported = true;
  }
  tell_progress(updater, GODWIT_EVENT_DOWNLOAD_STARTED, offset);
  status =
      godwit_ota_download_component_async(client, &updater->download, &updater->wanted,
                                          offset / block_size, on_block, on_downloaded, updater);
  if (status < 0 && status != GODWIT_ERR_CONNECTION) {
    fail_for_now(updater, status, GW_OTA_INVALID_URI);
  }
}

/* Verifying ------------------------------------------------------------------- */

static void begin_verifying(struct godwit_updater *updater) {
  updater->reader.open = false;
  updater->phase = PHASE_VERIFYING;
}

/* In place, the medium is checked first, and the slot is overwritten only when
 * the candidate is whole. */
static int open_reader(struct godwit_updater *updater) {
  const struct godwit_model_slot *slot = &updater->config.slot[free_slot(updater)];
  return godwit_store_reader_open(&updater->reader, updater->config.store, &updater->candidate,
                                  replaces_in_place(updater) ? NULL : slot->memory,
                                  slot->size_bytes);
}

/* Digest or file wrong. */
static void refuse_stored(struct godwit_updater *updater, int status) {
  struct godwit_store *store = updater->config.store;
  if (updater->from_previous) { /* then it has to be downloaded */
    if (godwit_store_drop_previous(store) < 0) {
      fail_for_now(updater, GODWIT_ERR_IO, GW_OTA_IO);
    } else {
      updater->phase = PHASE_IDLE;
    }
  } else if (updater->is_resumed || status == GODWIT_ERR_NOT_FOUND) {
    /* Perhaps the part from before is to blame: once more, from the start. */
    if (godwit_store_abandon(store) < 0) {
      fail_for_now(updater, GODWIT_ERR_IO, GW_OTA_IO);
    } else {
      updater->phase = PHASE_IDLE;
    }
  } else {
    fail_for_good(updater, status, GW_OTA_INTEGRITY_CHECK_FAILED);
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
    fail_for_now(updater, status, reason_of(status));
  } else {
    report(updater, GW_OTA_DOWNLOADED, GW_OTA_READY, updater->candidate.version);
    report(updater, GW_OTA_UPDATING, GW_OTA_READY, updater->candidate.version);
    tell_progress(updater, GODWIT_EVENT_DOWNLOADED, updater->candidate.size_bytes);
    updater->phase = PHASE_TRYING;
  }
}

/* Trying ---------------------------------------------------------------------- */

/* One slot: the new one has failed in the only slot; the old one comes back
 * from the medium. */
static void restore_in_place(struct godwit_updater *updater) {
  const struct godwit_store_entry old = updater->active;
  const struct godwit_model_slot *slot = &updater->config.slot[0];
  updater->has_active = false;
  int status = godwit_store_read(updater->config.store, &old, slot->memory, slot->size_bytes);
  if (status == GODWIT_OK) status = load(updater, &old, 0);
  if (status == GODWIT_OK) {
    activate(updater, &old, 0);
  } else {
    godwit_log(GODWIT_LOG_ERROR, "updater: %s@%s could not be brought back: %s",
               updater->config.store->package, old.version, godwit_status_name(status));
  }
}

static int load_candidate(struct godwit_updater *updater, unsigned slot) {
  if (replaces_in_place(updater)) {
    discard(updater, &updater->active, 0);
    int status =
        godwit_store_read(updater->config.store, &updater->candidate,
                          updater->config.slot[0].memory, updater->config.slot[0].size_bytes);
    if (status < 0) return status;
  }
  return load(updater, &updater->candidate, slot);
}

static void refuse_candidate(struct godwit_updater *updater, int status) {
  if (replaces_in_place(updater)) restore_in_place(updater);
  if (status == GODWIT_ERR_IO) {
    fail_for_now(updater, status, GW_OTA_IO);
  } else {
    fail_for_good(updater, status,
                  status == GODWIT_ERR_NO_MEMORY ? GW_OTA_OUT_OF_RAM : GW_OTA_UPDATE_FAILED);
  }
}

static void run_trying(struct godwit_updater *updater) {
  struct godwit_store *store = updater->config.store;
  unsigned slot = free_slot(updater);
  uint64_t began_ms = godwit_platform_now_ms();
  int status = updater->from_previous ? GODWIT_OK : godwit_store_try(store);
  if (status < 0) { /* nothing has been touched yet */
    if (status == GODWIT_ERR_MODEL) {
      fail_for_good(updater, status, GW_OTA_UPDATE_FAILED);
    } else {
      fail_for_now(updater, status, reason_of(status));
    }
    return;
  }
  status = load_candidate(updater, slot);
  if (status < 0) {
    refuse_candidate(updater, status);
    return;
  }
  status = updater->from_previous ? godwit_store_swap_back(store) : godwit_store_commit(store);
  if (status < 0) {
    discard(updater, &updater->candidate, slot);
    if (replaces_in_place(updater)) restore_in_place(updater);
    fail_for_now(updater, status, reason_of(status));
    return;
  }
  activate(updater, &updater->candidate, slot);
  updater->phase = PHASE_IDLE;
  updater->wanted_is_open = false;
  report(updater, GW_OTA_UPDATING, GW_OTA_UPDATED_SUCCESSFULLY, NULL);
  report(updater, GW_OTA_IDLE, GW_OTA_READY, NULL);
  tell_swapped(updater, began_ms, updater->from_previous);
}

/* Life ------------------------------------------------------------------------ */

int godwit_updater_init(struct godwit_updater *updater,
                        const struct godwit_updater_config *config) {
  if (config->store == NULL || config->slot[0].memory == NULL || config->ops.load == NULL ||
      config->ops.activate == NULL) {
    return GODWIT_ERR_ARGUMENT;
  }
  bool in_place = config->slot[1].memory == NULL;
  if (in_place && config->ops.discard == NULL) return GODWIT_ERR_ARGUMENT;
  memset(updater, 0, sizeof *updater);
  updater->config = *config;
  if (updater->config.retry_min_ms == 0) updater->config.retry_min_ms = RETRY_MIN_MS;
  if (updater->config.retry_max_ms == 0) updater->config.retry_max_ms = RETRY_MAX_MS;
  if (updater->config.step_bytes == 0) updater->config.step_bytes = STEP_BYTES;
  if (updater->config.confirm_after_ms == 0) updater->config.confirm_after_ms = CONFIRM_AFTER_MS;
  return GODWIT_OK;
}

void godwit_updater_deinit(struct godwit_updater *updater) {
  if (updater->config.client != NULL) {
    godwit_ota_download_cancel(updater->config.client, &updater->download);
    godwit_client_cancel(updater->config.client, &updater->manifest_request);
  }
  godwit_store_reader_close(&updater->reader);
  if (updater->has_active) discard(updater, &updater->active, updater->active_slot);
  updater->has_active = false;
  updater->phase = PHASE_IDLE;
}

static int observe_manifest(struct godwit_updater *updater) {
  godwit_client_cancel(updater->config.client, &updater->manifest_request);
  updater->manifest_request = (struct godwit_request){
      .method = GODWIT_GET,
      .path = "/.u/desired",
      .content_format = GODWIT_FORMAT_NONE,
      .accept = GODWIT_FORMAT_CBOR,
      .observe = true,
      .on_response = on_manifest,
      .arg = updater,
  };
  return godwit_client_request(updater->config.client, &updater->manifest_request);
}

int godwit_updater_start(struct godwit_updater *updater) {
  int status = bring_up(updater);
  if (updater->config.client == NULL) return status;
  report(updater, GW_OTA_IDLE, GW_OTA_READY, NULL);
  int observed = observe_manifest(updater);
  godwit_client_start(updater->config.client);
  return observed < 0 ? observed : status;
}

static void follow_connection(struct godwit_updater *updater) {
  const struct godwit_client *client = updater->config.client;
  bool connected = godwit_client_state(client) == GODWIT_CLIENT_CONNECTED;
  if (connected == updater->connected) return;
  updater->connected = connected;
  tell(updater, &(struct godwit_updater_event){
                    .type = connected ? GODWIT_EVENT_CONNECTED : GODWIT_EVENT_DISCONNECTED,
                    .version = godwit_updater_version(updater),
                    .status = godwit_client_last_error(client),
                });
}

int godwit_updater_confirm(struct godwit_updater *updater) {
  if (!updater->has_active) return GODWIT_ERR_STATE;
  int status = godwit_store_confirm(updater->config.store, 0);
  if (status == GODWIT_OK) updater->active.confirmed = true;
  return status;
}

static bool waits_for_confirmation(const struct godwit_updater *updater) {
  return updater->has_active && !updater->active.confirmed &&
         updater->config.confirm_after_ms != UINT32_MAX;
}

static void confirm_when_due(struct godwit_updater *updater) {
  uint64_t now_ms = godwit_platform_now_ms();
  if (!waits_for_confirmation(updater)) return;
  if (now_ms - updater->activated_ms < updater->config.confirm_after_ms) return;
  /* A medium that fails is asked again after as long. */
  if (godwit_updater_confirm(updater) < 0) updater->activated_ms = now_ms;
}

void godwit_updater_poll(struct godwit_updater *updater) {
  if (updater->config.client != NULL) {
    godwit_client_poll(updater->config.client);
    follow_connection(updater);
  }
  confirm_when_due(updater);
  switch (updater->phase) {
    case PHASE_IDLE:
      if (updater->wanted_is_open && godwit_platform_now_ms() >= updater->retry_at_ms) {
        decide(updater);
      }
      break;
    case PHASE_DOWNLOADING:
      run_download(updater);
      break;
    case PHASE_VERIFYING:
      run_verifying(updater);
      break;
    case PHASE_TRYING:
      run_trying(updater);
      break;
    default:
      break;
  }
}

uint32_t godwit_updater_next_timeout_ms(const struct godwit_updater *updater) {
  uint32_t due_ms = updater->config.client != NULL
                        ? godwit_client_next_timeout_ms(updater->config.client)
                        : TIMEOUT_MAX_MS;
  uint64_t now_ms = godwit_platform_now_ms();
  if (updater->phase == PHASE_VERIFYING || updater->phase == PHASE_TRYING) return 0;
  if (updater->phase == PHASE_DOWNLOADING && can_start_download(updater)) return 0;
  if (updater->phase == PHASE_IDLE && updater->wanted_is_open) {
    uint64_t left_ms = updater->retry_at_ms > now_ms ? updater->retry_at_ms - now_ms : 0;
    if (left_ms < due_ms) due_ms = (uint32_t)left_ms;
  }
  if (waits_for_confirmation(updater)) {
    uint64_t at_ms = updater->activated_ms + updater->config.confirm_after_ms;
    uint64_t left_ms = at_ms > now_ms ? at_ms - now_ms : 0;
    if (left_ms < due_ms) due_ms = (uint32_t)left_ms;
  }
  return due_ms;
}

bool godwit_updater_is_busy(const struct godwit_updater *updater) {
  return updater->phase != PHASE_IDLE;
}
