/* SPDX-License-Identifier: Apache-2.0 */
/* The layer between core and store: sees every write, writes the audit log with
 * it and tells the watchers once it is on the disk. */
#include "server/core/changes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/core/internal.h"
#include "server/store/schema.h"

#define DEPTH_MAX 16                      /* of nested transactions; the core nests four */
#define NEWS_MAX ((size_t)256 * 1024)     /* of one transaction; then "anything may have changed" */
#define REMOVED_MAX 100u                  /* rows of one removal that are named one by one */
#define PROGRESS_INTERVAL_US (500 * 1000) /* of a device */

/* --- which kinds ------------------------------------------------------------- */

enum {
  AUDITED = 1,      /* made and changed by people: stands in the log when one did */
  TOLD = 2,         /* watchers hear of it */
  BOOKKEEPING = 8,  /* the server's and the devices' own, or told as something else: neither */
  QUIET_UPDATE = 4, /* but, without an actor, not of updates: those say when it was last used */
};

static const uint8_t traits[SRV_KIND_COUNT] = {
    [SRV_PROJECT] = AUDITED | TOLD,
    [SRV_BLUEPRINT] = AUDITED | TOLD,
    [SRV_TAG] = AUDITED | TOLD,
    [SRV_DEVICE] = AUDITED | TOLD,
    [SRV_CREDENTIAL] = AUDITED | TOLD | QUIET_UPDATE,
    [SRV_ARTIFACT] = AUDITED | TOLD,
    [SRV_RELEASE] = AUDITED | TOLD,
    [SRV_API_KEY] = AUDITED | TOLD | QUIET_UPDATE,
    [SRV_CAPTURE] = AUDITED | TOLD,
    [SRV_DEVICE_STATE] = AUDITED | TOLD,
    [SRV_SETTING] = AUDITED | TOLD,
    [SRV_SETTINGS_STATUS] = TOLD,
    [SRV_EVALUATION] = AUDITED | TOLD,
    [SRV_CERTIFICATE] = AUDITED | TOLD,
    [SRV_DEVICE_CERTIFICATE] = TOLD | QUIET_UPDATE,
    [SRV_REVOKED_CERTIFICATE] = AUDITED | TOLD,
    [SRV_DEVICE_PROFILE] = TOLD,
    [SRV_VIRTUAL_DEVICE] = AUDITED | TOLD,
    [SRV_ORGANIZATION] = AUDITED | TOLD,
    [SRV_ACCOUNT] = AUDITED | TOLD,
    [SRV_MEMBER] = AUDITED | TOLD,
    [SRV_PRESENCE] = BOOKKEEPING,         /* told as it happens */
    [SRV_OTA_STATUS] = BOOKKEEPING,       /* told by its event */
    [SRV_OTA_EVENT] = BOOKKEEPING,        /* told as such */
    [SRV_DEVICE_LOG] = BOOKKEEPING,       /* likewise */
    [SRV_RETIRED_ARTIFACT] = BOOKKEEPING, /* the artifact's deletion says it */
    [SRV_SETTINGS_VERSION] = BOOKKEEPING,
    [SRV_AUDIT] = BOOKKEEPING,
    [SRV_LOGIN] = BOOKKEEPING, /* sign-ins and new passwords are noted by name */
    [SRV_SESSION] = BOOKKEEPING,
    [SRV_LINK] = BOOKKEEPING,
    [SRV_FLEET_SAMPLE] = BOOKKEEPING,
    [SRV_CAPTURE_TALLY] = BOOKKEEPING,
    [SRV_ARTIFACT_SIGNATURE] = AUDITED | TOLD,
    [SRV_KEYSET] = AUDITED | TOLD,
    [SRV_OFFER] = BOOKKEEPING,  /* the artifact's encodings, made by the server itself */
    [SRV_SHADOW] = BOOKKEEPING, /* a device's word, each minute; asked for where it is shown */
};

/* A kind that nobody has thought of would change unseen: our own mistake. */
static void check_traits(void) {
  for (int kind = 0; kind < SRV_KIND_COUNT; kind++) {
    if (traits[kind] != 0) continue;
    fprintf(stderr, "core: is %s audited, told or bookkeeping? changes.c does not say\n",
            srv_table_of((enum srv_kind)kind)->name);
    abort();
  }
}

/* --- news: what is to be told after the commit ---------------------------------- */

enum news_type { NEWS_CHANGE, NEWS_OTA_EVENT, NEWS_DEVICE_LOG };

struct news {
  enum news_type type;
  size_t size; /* of what follows, padded */
  _Alignas(16) char row[];
};

struct srv_layer {
  struct srv_store base;
  struct srv_store *under;
  struct srv_core *core;
  char *news; /* one after the other */
  size_t used, capacity;
  bool overflow;
  size_t mark[DEPTH_MAX]; /* what was used when each transaction began */
  size_t depth;
};

static struct srv_layer *self(struct srv_store *store) { return (struct srv_layer *)store; }

static int keep(struct srv_layer *layer, int status) {
  if (status != SRV_OK) {
    memcpy(layer->base.error, layer->under->error, sizeof(layer->base.error));
  }
  return status;
}

static void append_news(struct srv_layer *layer, enum news_type type, const void *row,
                        size_t size) {
  size_t padded = (size + 15) / 16 * 16;
  size_t needed = layer->used + sizeof(struct news) + padded;
  if (layer->overflow) return;
  if (needed > layer->capacity) {
    size_t capacity = layer->capacity == 0 ? 4096 : layer->capacity * 2;
    while (capacity < needed) capacity *= 2;
    char *grown = capacity > NEWS_MAX ? NULL : realloc(layer->news, capacity);
    if (grown == NULL) {
      layer->overflow = true;
      return;
    }
    layer->news = grown;
    layer->capacity = capacity;
  }
  struct news *news = (struct news *)(void *)(layer->news + layer->used);
  news->type = type;
  news->size = padded;
  memcpy(news->row, row, size);
  layer->used = needed;
}

static void tell_one(const struct srv_core_watcher *watcher, const struct news *news) {
  const void *row = news->row;
  switch (news->type) {
    case NEWS_CHANGE:
      if (watcher->changed != NULL) watcher->changed(watcher->context, row);
      break;
    case NEWS_OTA_EVENT:
      if (watcher->ota_event != NULL) watcher->ota_event(watcher->context, row);
      break;
    case NEWS_DEVICE_LOG:
      if (watcher->device_log != NULL) watcher->device_log(watcher->context, row);
      break;
  }
}

/* Each watcher may remove itself. */
static void tell_watchers(struct srv_layer *layer) {
  struct srv_core_watcher *next;
  for (struct srv_core_watcher *each = layer->core->watchers; each != NULL; each = next) {
    next = each->next;
    if (layer->overflow) {
      if (each->overflow != NULL) each->overflow(each->context);
      continue;
    }
    for (size_t at = 0; at < layer->used;) {
      const struct news *news = (const struct news *)(const void *)(layer->news + at);
      at += sizeof(*news) + news->size;
      tell_one(each, news);
    }
  }
}

/* Outside of a transaction what was written is on the disk. */
static void tell_if_done(struct srv_layer *layer) {
  if (layer->depth > 0 || (layer->used == 0 && !layer->overflow)) return;
  tell_watchers(layer);
  layer->used = 0;
  layer->overflow = false;
}

static bool anyone_hears(const struct srv_core *core, enum news_type type) {
  for (const struct srv_core_watcher *each = core->watchers; each != NULL; each = each->next) {
    if (type == NEWS_CHANGE && each->changed != NULL) return true;
    if (type == NEWS_OTA_EVENT && each->ota_event != NULL) return true;
    if (type == NEWS_DEVICE_LOG && each->device_log != NULL) return true;
  }
  return false;
}

/* --- what a row hangs on -------------------------------------------------------- */

/* NULL: the kind has no such text. */
static const char *text_of(enum srv_kind kind, const void *row, const char *name) {
  const struct srv_table *table = srv_table_of(kind);
  for (size_t i = 0; i < table->column_count; i++) {
    const struct srv_column *column = &table->column[i];
    bool is_text = column->type == SRV_COLUMN_TEXT || column->type == SRV_COLUMN_REFERENCE;
    if (is_text && strcmp(column->name, name) == 0) return (const char *)row + column->offset;
  }
  return NULL;
}

static void copy_id(char *out, size_t size, const char *text) {
  snprintf(out, size, "%s", text == NULL ? "" : text);
}

/* The project that a row is of; of what is a device's only, through the device. */
static void project_of(struct srv_layer *layer, enum srv_kind kind, const void *row,
                       char out[SRV_NAME_MAX + 1]) {
  const char *project_id = kind == SRV_PROJECT ? row : text_of(kind, row, "project_id");
  const char *device_id = text_of(kind, row, "device_id");
  copy_id(out, SRV_NAME_MAX + 1, project_id);
  if (project_id != NULL || device_id == NULL) return;
  struct srv_device device;
  struct srv_query query = {0};
  srv_query_text(&query, "id", SRV_EQUALS, device_id);
  if (layer->under->ops->get(layer->under, SRV_DEVICE, &query, &device) == SRV_OK) {
    copy_id(out, SRV_NAME_MAX + 1, device.project_id);
  }
}

static void note_change(struct srv_layer *layer, enum srv_kind kind, enum srv_action action,
                        const void *row) {
  struct srv_change change = {.kind = kind, .action = action};
  project_of(layer, kind, row, change.project_id);
  copy_id(change.id, sizeof(change.id), row);
  copy_id(change.device_id, sizeof(change.device_id),
          kind == SRV_DEVICE ? row : text_of(kind, row, "device_id"));
  append_news(layer, NEWS_CHANGE, &change, sizeof(change));
}

/* --- reading and transactions: passed on ------------------------------------------ */

static int layer_begin(struct srv_store *store) {
  struct srv_layer *layer = self(store);
  if (layer->depth == DEPTH_MAX) {
    snprintf(layer->base.error, sizeof(layer->base.error), "transactions nest too deep");
    return SRV_ERR_INTERNAL;
  }
  int status = keep(layer, layer->under->ops->begin(layer->under));
  if (status == SRV_OK) layer->mark[layer->depth++] = layer->used;
  return status;
}

static void layer_rollback(struct srv_store *store) {
  struct srv_layer *layer = self(store);
  layer->under->ops->rollback(layer->under);
  layer->used = layer->mark[--layer->depth];
  if (layer->depth == 0) layer->overflow = false;
}

static int layer_commit(struct srv_store *store) {
  struct srv_layer *layer = self(store);
  int status = keep(layer, layer->under->ops->commit(layer->under));
  layer->depth--;
  if (status != SRV_OK) {
    layer->used = layer->mark[layer->depth];
    if (layer->depth == 0) layer->overflow = false;
  }
  tell_if_done(layer);
  return status;
}

static int layer_get(struct srv_store *store, enum srv_kind kind, const struct srv_query *query,
                     void *row) {
  struct srv_layer *layer = self(store);
  return keep(layer, layer->under->ops->get(layer->under, kind, query, row));
}

static int layer_list(struct srv_store *store, enum srv_kind kind, const struct srv_query *query,
                      srv_row_visitor visit, void *context, uint64_t *total) {
  struct srv_layer *layer = self(store);
  return keep(layer, layer->under->ops->list(layer->under, kind, query, visit, context, total));
}

static int64_t layer_last_serial(struct srv_store *store) {
  return self(store)->under->ops->last_serial(self(store)->under);
}

static void layer_close(struct srv_store *store) { (void)store; } /* the caller's to close */

/* --- writing ------------------------------------------------------------------------ */

enum mode { INSERT, UPDATE, PUT };

static int write_under(struct srv_layer *layer, enum srv_kind kind, const void *row,
                       enum mode mode) {
  const struct srv_store_ops *ops = layer->under->ops;
  switch (mode) {
    case INSERT:
      return keep(layer, ops->insert(layer->under, kind, row));
    case UPDATE:
      return keep(layer, ops->update(layer->under, kind, row));
    default:
      return keep(layer, ops->put(layer->under, kind, row));
  }
}

/* Rows whose number the store has just given. */
static void note_event(struct srv_layer *layer, const void *row) {
  struct srv_ota_event event = *(const struct srv_ota_event *)row;
  if (event.id == 0) event.id = layer->under->ops->last_serial(layer->under);
  append_news(layer, NEWS_OTA_EVENT, &event, sizeof(event));
}

static void note_log(struct srv_layer *layer, const void *row) {
  struct srv_device_log line = *(const struct srv_device_log *)row;
  if (line.id == 0) line.id = layer->under->ops->last_serial(layer->under);
  append_news(layer, NEWS_DEVICE_LOG, &line, sizeof(line));
}

/* Nobody is behind it: a device, or the server's own bookkeeping. */
static int write_unsigned(struct srv_layer *layer, enum srv_kind kind, const void *row,
                          enum mode mode) {
  int status = write_under(layer, kind, row, mode);
  if (status != SRV_OK || layer->core->watchers == NULL) return status;
  if (kind == SRV_OTA_EVENT) {
    if (anyone_hears(layer->core, NEWS_OTA_EVENT)) note_event(layer, row);
  } else if (kind == SRV_DEVICE_LOG) {
    if (anyone_hears(layer->core, NEWS_DEVICE_LOG)) note_log(layer, row);
  } else if ((traits[kind] & TOLD) != 0 && (mode == INSERT || (traits[kind] & QUIET_UPDATE) == 0) &&
             anyone_hears(layer->core, NEWS_CHANGE)) {
    note_change(layer, kind, mode == INSERT ? SRV_CREATED : SRV_UPDATED, row);
  }
  tell_if_done(layer);
  return SRV_OK;
}

/* The row of that key as it is now. */
static int read_before(struct srv_layer *layer, enum srv_kind kind, const void *row, void *before) {
  struct srv_query query = {0};
  srv_query_text(&query, srv_table_of(kind)->column[0].name, SRV_EQUALS, row);
  return layer->under->ops->get(layer->under, kind, &query, before);
}

static int write_and_append(struct srv_layer *layer, enum srv_kind kind, const void *before,
                            const void *row, enum mode mode) {
  char project_id[SRV_NAME_MAX + 1];
  int status = write_under(layer, kind, row, mode);
  if (status != SRV_OK) return status;
  if (before != NULL && !srv_rows_differ(kind, before, row)) return SRV_OK;
  project_of(layer, kind, row, project_id);
  status = srv_audit_append(layer->core, layer->under, kind, before, row, project_id);
  if (status != SRV_OK) return keep(layer, status);
  if ((traits[kind] & TOLD) != 0 && anyone_hears(layer->core, NEWS_CHANGE)) {
    note_change(layer, kind, before == NULL ? SRV_CREATED : SRV_UPDATED, row);
  }
  return SRV_OK;
}

static int end(struct srv_layer *layer, int status) {
  if (status == SRV_OK) return layer_commit(&layer->base);
  layer_rollback(&layer->base);
  return status;
}

static void wipe_and_free(enum srv_kind kind, void *row) {
  if (row != NULL) explicit_bzero(row, srv_table_of(kind)->row_size); /* it may hold a key */
  free(row);
}

static int write_signed(struct srv_layer *layer, enum srv_kind kind, const void *row,
                        enum mode mode) {
  void *before = NULL;
  int status = layer_begin(&layer->base);
  if (status != SRV_OK) return status;
  if (mode != INSERT) {
    before = malloc(srv_table_of(kind)->row_size);
    status = before == NULL ? SRV_ERR_INTERNAL : read_before(layer, kind, row, before);
  }
  bool is_new = status == SRV_ERR_NOT_FOUND; /* an update then fails by itself */
  if (status == SRV_OK || is_new) {
    status = write_and_append(layer, kind, is_new ? NULL : before, row, mode);
  } else {
    keep(layer, status);
  }
  status = end(layer, status);
  wipe_and_free(kind, before);
  return status;
}

static int write_row(struct srv_store *store, enum srv_kind kind, const void *row, enum mode mode) {
  struct srv_layer *layer = self(store);
  if (layer->core->has_actor && (traits[kind] & AUDITED) != 0) {
    return write_signed(layer, kind, row, mode);
  }
  return write_unsigned(layer, kind, row, mode);
}

static int layer_insert(struct srv_store *store, enum srv_kind kind, const void *row) {
  return write_row(store, kind, row, INSERT);
}

static int layer_update(struct srv_store *store, enum srv_kind kind, const void *row) {
  return write_row(store, kind, row, UPDATE);
}

static int layer_put(struct srv_store *store, enum srv_kind kind, const void *row) {
  return write_row(store, kind, row, PUT);
}

/* --- removing --------------------------------------------------------------------------- */

/* Copies of what a removal is about to take. */
struct removed {
  enum srv_kind kind;
  void *row[REMOVED_MAX];
  size_t count;
  uint64_t total;
  bool failed;
};

static void copy_removed(void *context, const void *row) {
  struct removed *removed = context;
  size_t size = srv_table_of(removed->kind)->row_size;
  void *copy = malloc(size);
  if (copy == NULL) {
    removed->failed = true;
    return;
  }
  memcpy(copy, row, size);
  removed->row[removed->count++] = copy;
}

static int read_removed(struct srv_layer *layer, const struct srv_query *query,
                        struct removed *removed) {
  struct srv_query first = *query;
  first.offset = 0;
  first.limit = REMOVED_MAX;
  int status = layer->under->ops->list(layer->under, removed->kind, &first, copy_removed, removed,
                                       &removed->total);
  if (status == SRV_OK && removed->failed) {
    snprintf(layer->under->error, sizeof(layer->under->error), "out of memory");
    status = SRV_ERR_INTERNAL;
  }
  return keep(layer, status);
}

static int append_removed(struct srv_layer *layer, const struct removed *removed) {
  char project_id[SRV_NAME_MAX + 1] = "";
  int status = SRV_OK;
  if (!layer->core->has_actor || (traits[removed->kind] & AUDITED) == 0) return SRV_OK;
  for (size_t i = 0; i < removed->count && status == SRV_OK; i++) {
    project_of(layer, removed->kind, removed->row[i], project_id);
    status = srv_audit_append(layer->core, layer->under, removed->kind, removed->row[i], NULL,
                              project_id);
  }
  if (status == SRV_OK && removed->total > removed->count) {
    status = srv_audit_append_more(layer->core, layer->under, removed->kind,
                                   removed->total - removed->count, project_id);
  }
  return keep(layer, status);
}

static void note_removed(struct srv_layer *layer, const struct removed *removed) {
  if (!anyone_hears(layer->core, NEWS_CHANGE)) return;
  for (size_t i = 0; i < removed->count; i++) {
    note_change(layer, removed->kind, SRV_DELETED, removed->row[i]);
  }
  if (removed->total > removed->count) layer->overflow = true;
}

static int remove_and_say(struct srv_layer *layer, const struct srv_query *query,
                          struct removed *removed) {
  int status = read_removed(layer, query, removed);
  if (status == SRV_OK) {
    status = keep(layer, layer->under->ops->remove(layer->under, removed->kind, query));
  }
  if (status == SRV_OK) status = append_removed(layer, removed);
  if (status == SRV_OK) note_removed(layer, removed);
  return status;
}

static int layer_remove(struct srv_store *store, enum srv_kind kind,
                        const struct srv_query *query) {
  struct srv_layer *layer = self(store);
  bool is_signed = layer->core->has_actor && (traits[kind] & AUDITED) != 0;
  bool is_told = (traits[kind] & TOLD) != 0 && anyone_hears(layer->core, NEWS_CHANGE);
  if (!is_signed && !is_told) {
    return keep(layer, layer->under->ops->remove(layer->under, kind, query));
  }
  struct removed removed = {.kind = kind};
  int status = layer_begin(&layer->base);
  if (status != SRV_OK) return status;
  status = end(layer, remove_and_say(layer, query, &removed));
  for (size_t i = 0; i < removed.count; i++) wipe_and_free(kind, removed.row[i]);
  return status;
}

static void layer_begin_reading(struct srv_store *store) {
  struct srv_store *under = self(store)->under;
  if (under->ops->begin_reading != NULL) under->ops->begin_reading(under);
}

static void layer_end_reading(struct srv_store *store) {
  struct srv_store *under = self(store)->under;
  if (under->ops->end_reading != NULL) under->ops->end_reading(under);
}

static const struct srv_store_ops layer_ops = {
    .begin = layer_begin,
    .commit = layer_commit,
    .rollback = layer_rollback,
    .begin_reading = layer_begin_reading,
    .end_reading = layer_end_reading,
    .insert = layer_insert,
    .update = layer_update,
    .put = layer_put,
    .get = layer_get,
    .list = layer_list,
    .remove = layer_remove,
    .last_serial = layer_last_serial,
    .close = layer_close,
};

int srv_layer_create(struct srv_core *core, struct srv_store *under) {
  check_traits();
  struct srv_layer *layer = calloc(1, sizeof(*layer));
  if (layer == NULL) return srv_fail_memory(core);
  layer->base.ops = &layer_ops;
  layer->under = under;
  layer->core = core;
  core->layer = layer;
  core->store = &layer->base;
  return SRV_OK;
}

void srv_layer_destroy(struct srv_core *core) {
  if (core->layer == NULL) return;
  free(core->layer->news);
  free(core->layer);
  core->layer = NULL;
  core->store = NULL;
}

/* --- actor and watchers -------------------------------------------------------------------- */

void srv_core_set_actor(struct srv_core *core, const struct srv_actor *actor) {
  core->has_actor = actor != NULL;
  if (actor != NULL) core->actor = *actor;
}

void srv_core_add_watcher(struct srv_core *core, struct srv_core_watcher *watcher) {
  watcher->next = core->watchers;
  core->watchers = watcher;
}

void srv_core_remove_watcher(struct srv_core *core, struct srv_core_watcher *watcher) {
  struct srv_core_watcher **at = &core->watchers;
  while (*at != NULL && *at != watcher) at = &(*at)->next;
  if (*at != NULL) *at = watcher->next;
}

void srv_tell_presence(struct srv_core *core, const char *project_id, const char *device_id,
                       bool online) {
  for (struct srv_core_watcher *each = core->watchers; each != NULL; each = each->next) {
    if (each->presence != NULL) each->presence(each->context, project_id, device_id, online);
  }
}

/* --- downloads -------------------------------------------------------------------------------- */

#define STRAGGLER_BYTES (48u * 1024) /* the widest window of the SDK */
#define STRAGGLER_US (INT64_C(5) * 1000000)

static void tell_progress(struct srv_core *core, const struct srv_device_ref *device,
                          struct srv_seen *seen) {
  const struct srv_progress *progress = &seen->progress;
  bool is_last = progress->bytes == progress->size;
  if (!is_last && progress->time_us - seen->progress_told_us < PROGRESS_INTERVAL_US &&
      progress->time_us >= seen->progress_told_us) {
    return;
  }
  seen->progress_told_us = progress->time_us;
  for (struct srv_core_watcher *each = core->watchers; each != NULL; each = each->next) {
    if (each->progress != NULL) each->progress(each->context, device, progress);
  }
}

/* A device that has several blocks under way asks for lost ones again, behind later
 * ones. One that begins anew is far behind, or was silent for a while. */
static bool is_straggler(const struct srv_progress *progress, uint32_t offset_end, int64_t now_us) {
  return offset_end <= progress->bytes && progress->bytes - offset_end < STRAGGLER_BYTES &&
         now_us - progress->time_us < STRAGGLER_US;
}

void srv_core_download_progress(struct srv_core *core, const struct srv_device_ref *device,
                                const char *package, const char *version, uint32_t offset_end,
                                uint32_t size) {
  struct srv_seen *seen = srv_seen_find(core, device->device_id);
  if (seen == NULL || offset_end > size) return;
  struct srv_progress *progress = &seen->progress;
  if (strcmp(progress->package, package) != 0 || strcmp(progress->version, version) != 0) {
    copy_id(progress->package, sizeof(progress->package), package);
    copy_id(progress->version, sizeof(progress->version), version);
    seen->progress_told_us = 0;
  } else if (progress->size == size && (progress->bytes == offset_end ||
                                        is_straggler(progress, offset_end, srv_now_us(core)))) {
    return;
  }
  progress->bytes = offset_end;
  progress->size = size;
  progress->time_us = srv_now_us(core);
  if (core->watchers != NULL) tell_progress(core, device, seen);
}

bool srv_core_get_progress(struct srv_core *core, const char *device_id, const char *package,
                           struct srv_progress *out) {
  const struct srv_seen *seen = srv_seen_find(core, device_id);
  if (seen == NULL || package[0] == 0 || strcmp(seen->progress.package, package) != 0) return false;
  *out = seen->progress;
  return true;
}
