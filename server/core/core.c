/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "server/core/internal.h"
#include "server/core/log.h"

#define NO_ROOM_AGAIN_US (INT64_C(60) * 1000000) /* a line in the log */

/* --- errors and time -------------------------------------------------------- */

const char *srv_core_error(const struct srv_core *core) { return core->error; }

int srv_fail(struct srv_core *core, int status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(core->error, sizeof(core->error), format, arguments);
  va_end(arguments);
  return status;
}

int srv_fail_store(struct srv_core *core, int status) {
  if (status == SRV_OK) return SRV_OK;
  return srv_fail(core, status, "%s", srv_store_error(core->store));
}

int srv_fail_blobs(struct srv_core *core, int status) {
  if (status == SRV_OK) return SRV_OK;
  return srv_fail(core, status, "%s", core->blobs->error);
}

static int64_t system_now_us(void *context) {
  (void)context;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t srv_now_us(const struct srv_core *core) { return core->now_us(core->clock_context); }

int64_t srv_steady_us(const struct srv_core *core) {
  if (core->now_us != system_now_us) return srv_now_us(core); /* a test moves it */
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* --- changes: told after the commit ------------------------------------------- */

void srv_core_set_listener(struct srv_core *core, const struct srv_core_listener *listener) {
  static const struct srv_core_listener nobody;
  core->listener = listener == NULL ? nobody : *listener;
}

/* True when a change that is noted already says as much. */
static bool is_covered(const struct srv_notices *changes, const struct srv_notice *change) {
  if (change->type != SRV_CHANGE_OBSERVED) return false;
  for (size_t i = 0; i < changes->count; i++) {
    const struct srv_notice *noted = &changes->change[i];
    if (noted->type != SRV_CHANGE_OBSERVED) continue;
    if (strcmp(noted->project_id, change->project_id) != 0) continue;
    if (noted->device_id[0] == 0 || strcmp(noted->device_id, change->device_id) == 0) return true;
  }
  return false;
}

static int append_change(struct srv_core *core, const struct srv_notice *change) {
  struct srv_notices *changes = &core->changes;
  if (changes->count == changes->capacity) {
    size_t capacity = changes->capacity == 0 ? 16 : changes->capacity * 2;
    struct srv_notice *grown = realloc(changes->change, capacity * sizeof(*grown));
    if (grown == NULL) return srv_fail_memory(core);
    changes->change = grown;
    changes->capacity = capacity;
  }
  changes->change[changes->count++] = *change;
  return SRV_OK;
}

static struct srv_notice make_change(enum srv_change_type type, const char *project_id,
                                     const char *device_id) {
  struct srv_notice change = {.type = type};
  snprintf(change.project_id, sizeof(change.project_id), "%s", project_id);
  snprintf(change.device_id, sizeof(change.device_id), "%s", device_id == NULL ? "" : device_id);
  return change;
}

int srv_note(struct srv_core *core, enum srv_change_type type, const char *project_id,
             const char *device_id, const uint8_t *digest) {
  struct srv_notice change = make_change(type, project_id, device_id);
  if (digest != NULL) memcpy(change.digest, digest, GW_DIGEST_SIZE);
  if (is_covered(&core->changes, &change)) return SRV_OK;
  return append_change(core, &change);
}

int srv_note_credential(struct srv_core *core, const char *project_id, const char *device_id,
                        const char *credential_id) {
  uint8_t text[GW_DIGEST_SIZE] = {0};
  memcpy(text, credential_id, strnlen(credential_id, SRV_ID_LENGTH));
  return srv_note(core, SRV_CHANGE_CREDENTIAL, project_id, device_id, text);
}

int srv_note_observed(struct srv_core *core, const char *project_id, const char *device_id) {
  return srv_note(core, SRV_CHANGE_OBSERVED, project_id, device_id, NULL);
}

/* --- blobs: the same bytes may stand behind several rows --------------------- */

static bool has_rows(struct srv_core *core, enum srv_kind kind, const struct srv_query *query) {
  uint64_t count = 0;
  int status = core->store->ops->list(core->store, kind, query, NULL, NULL, &count);
  return status != SRV_OK || count > 0;
}

/* Captures first: they are the many, and a start asks about every blob. Those
 * smaller have their bytes in the row. */
bool srv_is_blob_used(struct srv_core *core, const uint8_t digest[GW_DIGEST_SIZE]) {
  struct srv_query captures = {0}, artifacts = {0}, offers = {0};
  srv_query_digest(&captures, "digest", digest);
  srv_query_number(&captures, "size_bytes", SRV_AT_LEAST, SRV_CAPTURE_INLINE_MAX + 1);
  srv_query_digest(&artifacts, "digest", digest);
  srv_query_digest(&offers, "digest", digest);
  return has_rows(core, SRV_CAPTURE, &captures) || has_rows(core, SRV_ARTIFACT, &artifacts) ||
         has_rows(core, SRV_OFFER, &offers);
}

static void remove_unused_blob(struct srv_core *core, const uint8_t *digest) {
  if (!srv_is_blob_used(core, digest)) core->blobs->ops->remove(core->blobs, digest);
}

void srv_discard_blob(struct srv_core *core, const uint8_t digest[GW_DIGEST_SIZE]) {
  if (core->transaction_depth > 0 || core->batch_open) {
    srv_note(core, SRV_CHANGE_BLOB_UNUSED, "", NULL, digest); /* no memory: swept at a start */
  } else {
    remove_unused_blob(core, digest);
  }
}

/* Devices are told one by one; whoever can make room reads the log. */
static void tell_no_room(struct srv_core *core) {
  int64_t now_us = srv_steady_us(core);
  if (core->no_room_told_us != 0 && now_us - core->no_room_told_us < NO_ROOM_AGAIN_US) return;
  core->no_room_told_us = now_us;
  srv_log(SRV_LOG_ERROR, "core", "captures and logs of devices are refused: %s", core->error);
}

int srv_check_room(struct srv_core *core) {
  if (core->blobs->ops->room(core->blobs) > core->disk_reserve) return SRV_OK;
  srv_fail(core, SRV_ERR_NO_SPACE,
           "the disk is full, but for %u MiB that are kept for the operator's changes",
           SRV_DISK_RESERVE / (1024 * 1024));
  tell_no_room(core);
  return SRV_ERR_NO_SPACE;
}

static int place_pending(struct srv_core *core) {
  int status = core->pending_failure;
  if (core->pending_count > 0) {
    int placed = core->blobs->ops->publish(core->blobs, core->pending, core->pending_count);
    if (status == SRV_OK) status = srv_fail_blobs(core, placed);
  }
  core->pending_count = core->pending_size = 0;
  core->pending_failure = SRV_OK;
  return status;
}

int srv_place_later(struct srv_core *core, struct srv_blob_writer *writer, size_t size) {
  core->pending[core->pending_count++] = writer;
  core->pending_size += size;
  if (core->pending_count < SRV_PENDING_BLOBS_MAX && core->pending_size < SRV_PENDING_BYTES_MAX) {
    return SRV_OK;
  }
  int status = place_pending(core);
  core->pending_failure = status;
  return status;
}

static void abort_pending(struct srv_core *core) {
  for (size_t i = 0; i < core->pending_count; i++) core->blobs->ops->abort(core->pending[i]);
  core->pending_count = core->pending_size = 0;
}

/* --- telling ------------------------------------------------------------------- */

static void tell(struct srv_core *core, const struct srv_notice *change) {
  const struct srv_core_listener *listener = &core->listener;
  const char *device_id = change->device_id[0] == 0 ? NULL : change->device_id;
  switch (change->type) {
    case SRV_CHANGE_OBSERVED:
      if (listener->observed_changed != NULL) {
        listener->observed_changed(listener->context, change->project_id, device_id);
      }
      break;
    case SRV_CHANGE_REVOKED:
      if (listener->device_revoked != NULL) {
        listener->device_revoked(listener->context, change->project_id, device_id);
      }
      break;
    case SRV_CHANGE_CREDENTIAL:
      if (listener->credential_revoked != NULL) {
        listener->credential_revoked(listener->context, change->project_id, device_id,
                                     (const char *)change->digest);
      }
      break;
    case SRV_CHANGE_BLOB_UNUSED:
      remove_unused_blob(core, change->digest);
      break;
    case SRV_CHANGE_BLOB_ADDED:
      break;
  }
}

static void tell_all(struct srv_core *core) {
  struct srv_notices changes = core->changes;
  core->changes = (struct srv_notices){0};
  for (size_t i = 0; i < changes.count; i++) tell(core, &changes.change[i]);
  free(changes.change);
}

/* What was noted is undone: rows that named blobs are not there, or are there
 * again. */
static void forget_all(struct srv_core *core) {
  struct srv_notices changes = core->changes;
  core->changes = (struct srv_notices){0};
  for (size_t i = 0; i < changes.count; i++) {
    const struct srv_notice *change = &changes.change[i];
    if (change->in_memory) tell(core, change);
    bool names_blob =
        change->type == SRV_CHANGE_BLOB_ADDED || change->type == SRV_CHANGE_BLOB_UNUSED;
    if (names_blob) remove_unused_blob(core, change->digest);
  }
  free(changes.change);
}

void srv_tell_observed(struct srv_core *core, const struct srv_device_ref *device) {
  struct srv_notice change =
      make_change(SRV_CHANGE_OBSERVED, device->project_id, device->device_id);
  change.in_memory = true;
  bool later = core->batch_depth > 0 || core->transaction_depth > 0;
  if (!later || append_change(core, &change) != SRV_OK) tell(core, &change);
}

void srv_drop_caches(struct srv_core *core) {
  srv_drop_compiled(core, NULL);
  srv_drop_variants(core);
  srv_drop_levels(core);
}

/* --- transactions ---------------------------------------------------------------- */

static int open_batch(struct srv_core *core) {
  if (core->batch_depth == 0 || core->batch_open) return SRV_OK;
  int status = core->store->ops->begin(core->store);
  if (status != SRV_OK) return srv_fail_store(core, status);
  core->batch_open = true;
  return SRV_OK;
}

int srv_transaction_begin(struct srv_core *core) {
  int status = open_batch(core);
  if (status != SRV_OK) return status;
  status = core->store->ops->begin(core->store);
  if (status != SRV_OK) return srv_fail_store(core, status);
  core->transaction_depth++;
  return SRV_OK;
}

int srv_transaction_end(struct srv_core *core, int status) {
  core->transaction_depth--;
  if (status == SRV_OK) {
    status = core->store->ops->commit(core->store);
    if (status != SRV_OK) srv_fail_store(core, status);
  } else {
    core->store->ops->rollback(core->store);
  }
  bool outermost = core->transaction_depth == 0 && !core->batch_open;
  if (status == SRV_OK && outermost) srv_fleet_committed(core);
  if (status != SRV_OK) {
    srv_drop_caches(core); /* they may have seen what is undone now */
    srv_fleet_undone(core);
    if (outermost) forget_all(core);
  } else if (outermost) {
    tell_all(core);
  }
  return status;
}

void srv_core_begin_reading(struct srv_core *core) {
  if (!core->batch_open) core->store->ops->begin_reading(core->store);
}

void srv_core_end_reading(struct srv_core *core) { core->store->ops->end_reading(core->store); }

int srv_core_transaction_begin(struct srv_core *core) { return srv_transaction_begin(core); }

int srv_core_transaction_end(struct srv_core *core, int status) {
  return srv_transaction_end(core, status);
}

void srv_core_batch_begin(struct srv_core *core) { core->batch_depth++; }

/* First the bytes, then the rows that name them: a crash in between leaves
 * blobs that the next start sweeps away, never a row without bytes. */
static int commit_batch(struct srv_core *core) {
  int status = place_pending(core);
  if (status == SRV_OK) return srv_fail_store(core, core->store->ops->commit(core->store));
  core->store->ops->rollback(core->store);
  return status;
}

int srv_core_batch_commit(struct srv_core *core) {
  core->batch_depth--;
  if (core->batch_depth > 0) return SRV_OK;
  if (!core->batch_open) {
    tell_all(core); /* what is not in the store */
    return SRV_OK;
  }
  core->batch_open = false;
  int status = commit_batch(core);
  if (status == SRV_OK) {
    srv_fleet_committed(core);
    tell_all(core);
    return SRV_OK;
  }
  forget_all(core);
  srv_drop_caches(core);
  srv_fleet_undone(core);
  srv_seen_recount(core);
  srv_log(SRV_LOG_ERROR, "core", "a batch of reports was not stored: %s", core->error);
  return status;
}

/* --- life ------------------------------------------------------------------------- */

static bool keep_blob(void *context, const uint8_t digest[GW_DIGEST_SIZE]) {
  return srv_is_blob_used(context, digest);
}

static int make_default_project(struct srv_core *core) {
  struct srv_query query = {0};
  uint64_t count = 0;
  int status = core->store->ops->list(core->store, SRV_PROJECT, &query, NULL, NULL, &count);
  if (status != SRV_OK || count > 0) return srv_fail_store(core, status);
  struct srv_project project = {.id = SRV_DEFAULT_PROJECT, .name = SRV_DEFAULT_PROJECT};
  return srv_core_create_project(core, &project);
}

static int start(struct srv_core *core) {
  if (getrandom(core->id_random, sizeof(core->id_random), 0) != sizeof(core->id_random)) {
    return srv_fail(core, SRV_ERR_INTERNAL, "the system gives no random numbers");
  }
  int status = srv_begin_organization(core);
  if (status == SRV_OK) status = make_default_project(core);
  if (status != SRV_OK) return status;
  core->blobs->ops->sweep(core->blobs, keep_blob, core);
  return SRV_OK;
}

int srv_core_create(struct srv_core **out, const struct srv_core_config *config,
                    char error[SRV_ERROR_MAX]) {
  struct srv_core *core = calloc(1, sizeof(*core));
  if (core == NULL) {
    snprintf(error, SRV_ERROR_MAX, "out of memory");
    return SRV_ERR_INTERNAL;
  }
  core->blobs = config->blobs;
  core->now_us = config->now_us == NULL ? system_now_us : config->now_us;
  core->clock_context = config->clock_context;
  core->events_per_package =
      config->events_per_package == 0 ? SRV_EVENTS_PER_PACKAGE_DEFAULT : config->events_per_package;
  core->seen.flushed_us = srv_now_us(core);
  core->rpcs.next_timeout_us = INT64_MAX;
  core->disk_reserve = SRV_DISK_RESERVE;
  core->download_rate =
      config->download_rate == 0 ? SRV_DOWNLOAD_RATE_DEFAULT : config->download_rate;
  srv_fleet_init(core);
  int status = srv_layer_create(core, config->store);
  if (status == SRV_OK) status = srv_offers_init(core, config->encode);
  if (status == SRV_OK) status = start(core);
  if (status != SRV_OK) {
    snprintf(error, SRV_ERROR_MAX, "%s", core->error);
    srv_core_destroy(core);
    return status;
  }
  *out = core;
  return SRV_OK;
}

static void leave(struct srv_core *core) {
  int64_t now = srv_now_us(core);
  for (size_t i = 0; i < core->seen.capacity; i++) {
    struct srv_seen *seen = &core->seen.slot[i];
    if (!seen->online) continue;
    seen->online = false;
    seen->changed = true;
    seen->presence.last_offline_us = now;
  }
  srv_seen_flush(core);
}

void srv_core_destroy(struct srv_core *core) {
  if (core == NULL) return;
  if (core->store != NULL) leave(core);
  abort_pending(core);
  srv_offers_free(core);
  srv_rpc_free(core);
  srv_auth_free(core);
  srv_fleet_free(core);
  srv_drop_caches(core);
  free(core->changes.change);
  free(core->seen.slot);
  srv_layer_destroy(core);
  free(core);
}
