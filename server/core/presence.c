/* SPDX-License-Identifier: Apache-2.0 */
/* Who is here and who was when. Kept in memory, written every few seconds and
 * at the end: a reconnecting fleet must not turn into as many syncs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/core/internal.h"
#include "server/core/log.h"

#define FLUSH_INTERVAL_US (5 * 1000000)
#define CAPACITY_MIN 64

static size_t hash_of(const char *text) { /* FNV-1a */
  uint64_t hash = 14695981039346656037u;
  for (; *text != 0; text++) hash = (hash ^ (uint8_t)*text) * 1099511628211u;
  return (size_t)(hash ^ (hash >> 32));
}

/* The device's slot, or the empty one where it would go. */
static struct srv_seen *probe(struct srv_seen *slot, size_t capacity, const char *device_id) {
  size_t index = hash_of(device_id) & (capacity - 1);
  while (slot[index].presence.device_id[0] != 0 &&
         strcmp(slot[index].presence.device_id, device_id) != 0) {
    index = (index + 1) & (capacity - 1);
  }
  return &slot[index];
}

struct srv_seen *srv_seen_find(struct srv_core *core, const char *device_id) {
  if (core->seen.capacity == 0) return NULL;
  struct srv_seen *seen = probe(core->seen.slot, core->seen.capacity, device_id);
  return seen->presence.device_id[0] == 0 ? NULL : seen;
}

static bool must_stay(const struct srv_seen *seen) {
  if (seen->presence.device_id[0] == 0) return false;
  return seen->online || seen->changed || seen->open_bytes > 0;
}

/* A new table with those that must stay: online, not yet written, or sending. */
static bool rebuild(struct srv_seen_map *map, size_t capacity) {
  struct srv_seen *slot = calloc(capacity, sizeof(*slot));
  if (slot == NULL) return false;
  size_t count = 0;
  for (size_t i = 0; i < map->capacity; i++) {
    const struct srv_seen *seen = &map->slot[i];
    if (!must_stay(seen)) continue;
    *probe(slot, capacity, seen->presence.device_id) = *seen;
    count++;
  }
  free(map->slot);
  map->slot = slot;
  map->capacity = capacity;
  map->count = count;
  return true;
}

static bool make_room(struct srv_seen_map *map) {
  if (map->capacity > 0 && map->count * 3 < map->capacity * 2) return true;
  return rebuild(map, map->capacity == 0 ? CAPACITY_MIN : map->capacity * 2);
}

static void load(struct srv_core *core, const char *device_id, struct srv_presence *out) {
  struct srv_query query = {0};
  srv_query_text(&query, "device_id", SRV_EQUALS, device_id);
  if (core->store->ops->get(core->store, SRV_PRESENCE, &query, out) == SRV_OK) return;
  memset(out, 0, sizeof(*out));
  memcpy(out->device_id, device_id, strlen(device_id) + 1);
}

/* NULL when memory ran out: then nothing is noted. */
struct srv_seen *srv_seen_of(struct srv_core *core, const char *device_id) {
  struct srv_seen *seen = srv_seen_find(core, device_id);
  if (seen != NULL) return seen;
  if (!make_room(&core->seen)) return NULL;
  seen = probe(core->seen.slot, core->seen.capacity, device_id);
  load(core, device_id, &seen->presence);
  seen->log_lines = -1;
  core->seen.count++;
  return seen;
}

void srv_core_device_online(struct srv_core *core, const struct srv_device_ref *device) {
  struct srv_seen *seen = srv_seen_of(core, device->device_id);
  if (seen == NULL) return;
  bool came = !seen->online;
  seen->online = true;
  seen->changed = true;
  seen->presence.last_online_us = seen->presence.last_report_us = srv_now_us(core);
  if (came) srv_fleet_presence(core, device, seen);
  if (came) srv_tell_presence(core, device->project_id, device->device_id, true);
}

void srv_core_device_offline(struct srv_core *core, const struct srv_device_ref *device) {
  struct srv_seen *seen = srv_seen_find(core, device->device_id);
  if (seen == NULL || !seen->online) return;
  seen->online = false;
  seen->is_listening = false;
  seen->changed = true;
  seen->presence.last_offline_us = srv_now_us(core);
  srv_fleet_presence(core, device, seen);
  srv_rpc_device_gone(core, device->device_id);
  srv_tell_presence(core, device->project_id, device->device_id, false);
}

void srv_seen_reported(struct srv_core *core, const char *device_id,
                       const struct gw_report *report) {
  struct srv_seen *seen = srv_seen_find(core, device_id);
  if (seen == NULL) return;
  bool is_done = report->state != GW_OTA_DOWNLOADING;
  if (is_done && strcmp(seen->progress.package, report->package) == 0) {
    seen->progress = (struct srv_progress){0};
  }
  seen->changed = true;
  seen->presence.last_report_us = srv_now_us(core);
}

/* Open addressing: removing in place would break chains. The slot stays until
 * the next rebuild, which drops it: nothing to write, not online. */
void srv_seen_forget(struct srv_core *core, const char *device_id) {
  struct srv_seen *seen = srv_seen_find(core, device_id);
  if (seen == NULL) return;
  seen->online = false;
  seen->is_listening = false;
  seen->changed = false;
}

void srv_seen_recount(struct srv_core *core) {
  for (size_t i = 0; i < core->seen.capacity; i++) {
    core->seen.slot[i].usage_day = 0;
    core->seen.slot[i].log_lines = -1;
  }
}

/* --- when a credential was of use -------------------------------------------------- */

static int write_certificate_use(struct srv_core *core, const struct srv_query *query,
                                 int64_t used_us) {
  struct srv_device_certificate row;
  int status = core->store->ops->get(core->store, SRV_DEVICE_CERTIFICATE, query, &row);
  if (status != SRV_OK) return status;
  row.last_used_us = used_us;
  return core->store->ops->update(core->store, SRV_DEVICE_CERTIFICATE, &row);
}

static int write_psk_use(struct srv_core *core, const struct srv_query *query, int64_t used_us) {
  struct srv_credential row;
  int status = core->store->ops->get(core->store, SRV_CREDENTIAL, query, &row);
  if (status == SRV_OK) {
    row.last_used_us = used_us;
    status = core->store->ops->update(core->store, SRV_CREDENTIAL, &row);
  }
  explicit_bzero(&row, sizeof(row));
  return status;
}

/* NOT_FOUND: it was deleted meanwhile. */
static int write_use(struct srv_core *core, const struct srv_seen *seen) {
  struct srv_query query = {0};
  if (seen->credential_used_us == 0) return SRV_OK;
  srv_query_text(&query, "id", SRV_EQUALS, seen->credential_id);
  int status = seen->is_certificate ? write_certificate_use(core, &query, seen->credential_used_us)
                                    : write_psk_use(core, &query, seen->credential_used_us);
  return status == SRV_ERR_NOT_FOUND ? SRV_OK : status;
}

/* A device that changes its credential loses no lastUsed of the one before. */
static void flush_use(struct srv_core *core, struct srv_seen *seen) {
  if (seen->credential_used_us == 0) return;
  int status = srv_transaction_begin(core);
  if (status == SRV_OK) status = srv_transaction_end(core, write_use(core, seen));
  if (status != SRV_OK) {
    srv_log(SRV_LOG_WARNING, "core", "when a credential was used is not stored: %s", core->error);
  }
  seen->credential_used_us = 0;
}

void srv_core_credential_used(struct srv_core *core, const struct srv_device_ref *device,
                              const char *credential_id, bool is_certificate) {
  struct srv_seen *seen = srv_seen_find(core, device->device_id);
  if (seen == NULL) return;
  if (strcmp(seen->credential_id, credential_id) != 0) flush_use(core, seen);
  snprintf(seen->credential_id, sizeof(seen->credential_id), "%s", credential_id);
  seen->is_certificate = is_certificate;
  seen->credential_used_us = srv_now_us(core);
  seen->changed = true;
}

static int write_changed(struct srv_core *core) {
  for (size_t i = 0; i < core->seen.capacity; i++) {
    struct srv_seen *seen = &core->seen.slot[i];
    if (!seen->changed) continue;
    int status = core->store->ops->put(core->store, SRV_PRESENCE, &seen->presence);
    /* NOT_FOUND: the device was deleted meanwhile. */
    if (status == SRV_OK) status = write_use(core, seen);
    if (status != SRV_OK && status != SRV_ERR_NOT_FOUND) return srv_fail_store(core, status);
  }
  return SRV_OK;
}

static bool anything_changed(const struct srv_seen_map *map) {
  for (size_t i = 0; i < map->capacity; i++) {
    if (map->slot[i].changed) return true;
  }
  return false;
}

int srv_seen_flush(struct srv_core *core) {
  if (!anything_changed(&core->seen)) return SRV_OK;
  int status = srv_transaction_begin(core);
  if (status == SRV_OK) status = srv_transaction_end(core, write_changed(core));
  if (status != SRV_OK) {
    srv_log(SRV_LOG_WARNING, "core", "when devices were seen is not stored yet: %s", core->error);
    return status;
  }
  for (size_t i = 0; i < core->seen.capacity; i++) {
    core->seen.slot[i].changed = false;
    core->seen.slot[i].credential_used_us = 0;
  }
  return SRV_OK;
}

void srv_core_tick(struct srv_core *core) {
  srv_rpc_tick(core);
  srv_fleet_tick(core);
  srv_offers_tick(core);
  int64_t now = srv_now_us(core);
  if (now - core->seen.flushed_us < FLUSH_INTERVAL_US && now >= core->seen.flushed_us) return;
  core->seen.flushed_us = now;
  srv_seen_flush(core);
  srv_auth_tick(core);
}

/* --- a device's state, for those who look ------------------------------------------ */

static void add_status(void *context, const void *row) {
  struct srv_device_state *state = context;
  if (state->status_count == SRV_DEVICE_PACKAGES_MAX) return;
  state->status[state->status_count++] = *(const struct srv_ota_status *)row;
}

int srv_core_device_state(struct srv_core *core, const char *device_id,
                          struct srv_device_state *out) {
  memset(out, 0, sizeof(*out));
  struct srv_presence presence;
  const struct srv_seen *seen = srv_seen_find(core, device_id);
  if (seen != NULL) {
    presence = seen->presence;
    out->online = seen->online;
  } else {
    load(core, device_id, &presence);
  }
  out->last_report_us = presence.last_report_us;
  out->last_seen_online_us = presence.last_online_us;
  out->last_seen_offline_us = presence.last_offline_us;
  struct srv_query query = {0};
  srv_query_text(&query, "device_id", SRV_EQUALS, device_id);
  return srv_core_list(core, SRV_OTA_STATUS, &query, add_status, out, NULL);
}
