/* SPDX-License-Identifier: Apache-2.0 */
/* The extract of each project's devices: reading it in, keeping it right. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/core/fleet_internal.h"
#include "server/core/log.h"
#include "server/core/profile.h"

#define MARK '\x1f' /* between a package and a version, a blueprint and its tags */
#define PAIR_SIZE (GW_PACKAGE_MAX + GW_REPORT_VERSION_MAX + 2)
#define GROUP_SIZE ((SRV_DEVICE_TAGS_MAX + 1) * (SRV_ID_LENGTH + 1) + 1)
#define PROFILE_SIZE (sizeof(struct srv_device_profile) + 32)
#define DIRTY_MAX 65536u    /* devices to be read again; beyond it all of them are */
#define CHUNK SRV_AMONG_MAX /* devices read by one statement a table */

/* --- texts ------------------------------------------------------------------------- */

uint32_t srv_fleet_pair_hold(struct srv_fleet *fleet, const char *package, const char *version) {
  char text[PAIR_SIZE];
  snprintf(text, sizeof(text), "%s%c%s", package, MARK, version);
  uint32_t number = srv_intern_hold(&fleet->pairs, text);
  if (number < fleet->pair_room) return number;
  size_t room = fleet->pairs.capacity;
  struct fleet_pair *grown = realloc(fleet->pair, room * sizeof(*grown));
  if (grown == NULL) {
    srv_intern_let_go(&fleet->pairs, number);
    return SRV_INTERN_NONE;
  }
  memset(grown + fleet->pair_room, 0, (room - fleet->pair_room) * sizeof(*grown));
  fleet->pair = grown;
  fleet->pair_room = room;
  return number;
}

uint32_t srv_fleet_pair_find(const struct srv_fleet *fleet, const char *package,
                             const char *version) {
  char text[PAIR_SIZE];
  snprintf(text, sizeof(text), "%s%c%s", package, MARK, version);
  return srv_intern_find(&fleet->pairs, text);
}

const char *srv_fleet_version_text(const struct srv_fleet *fleet, uint32_t pair) {
  const char *mark = strchr(srv_intern_text(&fleet->pairs, pair), MARK);
  return mark == NULL ? "" : mark + 1;
}

static int compare_ids(const void *a, const void *b) { return strcmp(a, b); }

/* Its blueprint and its tags in order, so that equal sets are one group. */
static uint32_t hold_group(struct srv_fleet *fleet, const struct srv_device *device) {
  char tags[SRV_DEVICE_TAGS_MAX][SRV_ID_LENGTH + 1], text[GROUP_SIZE];
  memcpy(tags, device->tag_id, sizeof(tags));
  qsort(tags, device->tag_count, sizeof(tags[0]), compare_ids);
  int length = snprintf(text, sizeof(text), "%s", device->blueprint_id);
  for (size_t i = 0; i < device->tag_count; i++) {
    length += snprintf(text + length, sizeof(text) - (size_t)length, "%c%s", MARK, tags[i]);
  }
  uint32_t number = srv_intern_hold(&fleet->groups, text);
  if (number < fleet->group_room) return number;
  size_t room = fleet->groups.capacity;
  struct fleet_group *grown = realloc(fleet->group, room * sizeof(*grown));
  if (grown == NULL) {
    srv_intern_let_go(&fleet->groups, number);
    return SRV_INTERN_NONE;
  }
  memset(grown + fleet->group_room, 0, (room - fleet->group_room) * sizeof(*grown));
  fleet->group = grown;
  fleet->group_room = room;
  return number;
}

void srv_fleet_group_device(const struct srv_fleet *fleet, uint32_t group, struct srv_device *out) {
  const char *text = srv_intern_text(&fleet->groups, group);
  size_t length = strcspn(text, "\x1f");
  memset(out, 0, sizeof(*out));
  memcpy(out->project_id, fleet->project_id, sizeof(out->project_id));
  memcpy(out->blueprint_id, text, length);
  for (text += length; *text == MARK; text += length) {
    length = strcspn(++text, "\x1f");
    memcpy(out->tag_id[out->tag_count++], text, length);
  }
}

bool srv_fleet_contains(const char *text, const char *part) {
  size_t length = strlen(part);
  return length == 0 || strcasestr(text, part) != NULL;
}

/* --- devices -------------------------------------------------------------------------- */

/* Where the device is, or would have to be. */
static size_t place_of(const struct srv_fleet *fleet, const char *device_id) {
  size_t low = 0, high = fleet->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (memcmp(fleet->device[middle].id, device_id, SRV_ID_LENGTH + 1) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

struct fleet_device *srv_fleet_find(struct srv_fleet *fleet, const char *device_id) {
  char id[SRV_ID_LENGTH + 1] = "";
  snprintf(id, sizeof(id), "%s", device_id);
  size_t place = place_of(fleet, id);
  if (place == fleet->count) return NULL;
  struct fleet_device *device = &fleet->device[place];
  return memcmp(device->id, id, sizeof(id)) == 0 && !device->gone ? device : NULL;
}

const struct fleet_status *srv_fleet_status_of(const struct fleet_device *device,
                                               uint32_t package) {
  for (size_t i = 0; i < device->status_count; i++) {
    if (device->status[i].package == package) return &device->status[i];
  }
  return NULL;
}

/* Of one that is not here, nothing has come since. */
int64_t srv_fleet_last_report(struct srv_core *core, const struct fleet_device *device) {
  const struct srv_seen *seen = device->online ? srv_seen_find(core, device->id) : NULL;
  return seen == NULL ? device->last_report_us : seen->presence.last_report_us;
}

static void count_pair(struct srv_fleet *fleet, const struct fleet_device *device, uint32_t pair,
                       int step) {
  if (pair == SRV_INTERN_NONE) return;
  fleet->pair[pair].devices += (uint32_t)step;
  if (device->online) fleet->pair[pair].online += (uint32_t)step;
}

/* Adds what a device counts for (step 1), or takes it away (-1). */
static void count_device(struct srv_fleet *fleet, const struct fleet_device *device, int step) {
  uint64_t by = (uint64_t)(int64_t)step;
  fleet->total += by;
  if (device->online) fleet->online += by;
  if (device->enabled) fleet->enabled += by;
  if (!device->ever_seen) fleet->never_seen += by;
  if (device->enabled) fleet->group[device->group].enabled += (uint32_t)step;
  for (size_t i = 0; i < device->status_count; i++) {
    count_pair(fleet, device, device->status[i].version, step);
  }
}

static void let_status_go(struct srv_fleet *fleet, const struct fleet_status *status) {
  srv_intern_let_go(&fleet->packages, status->package);
  srv_intern_let_go(&fleet->pairs, status->version);
  srv_intern_let_go(&fleet->pairs, status->target);
}

static void clear_statuses(struct srv_fleet *fleet, struct fleet_device *device) {
  for (size_t i = 0; i < device->status_count; i++) let_status_go(fleet, &device->status[i]);
  free(device->status);
  device->status = NULL;
  device->status_count = 0;
}

/* Not counted any more when this is called. (A pair that was written down is
 * held for that, so that its number stays.) */
static void clear_device(struct srv_fleet *fleet, struct fleet_device *device) {
  clear_statuses(fleet, device);
  if (srv_intern_let_go(&fleet->groups, device->group)) fleet->group[device->group].generation = 0;
  srv_intern_let_go(&fleet->profiles, device->profile);
  free(device->name);
  device->name = NULL;
  device->group = device->profile = SRV_INTERN_NONE;
}

static bool set_status(struct srv_fleet *fleet, struct fleet_device *device,
                       const struct srv_ota_status *row) {
  struct fleet_status status = {.state = row->state, .reason = row->reason, .detail = row->detail};
  status.package = srv_intern_hold(&fleet->packages, row->package);
  if (row->version[0] != 0) status.version = srv_fleet_pair_hold(fleet, row->package, row->version);
  if (row->target[0] != 0) status.target = srv_fleet_pair_hold(fleet, row->package, row->target);
  size_t i = 0;
  while (i < device->status_count && device->status[i].package != status.package) i++;
  if (i == device->status_count) {
    struct fleet_status *grown = realloc(device->status, (i + 1) * sizeof(*grown));
    if (grown == NULL || status.package == SRV_INTERN_NONE) {
      if (grown != NULL) device->status = grown;
      let_status_go(fleet, &status);
      return false;
    }
    device->status = grown;
    device->status_count++;
  } else {
    count_pair(fleet, device, device->status[i].version, -1);
    let_status_go(fleet, &device->status[i]);
  }
  device->status[i] = status;
  count_pair(fleet, device, status.version, 1);
  return true;
}

static struct fleet_device *insert_device(struct srv_fleet *fleet, const char *device_id) {
  size_t place = place_of(fleet, device_id);
  if (place < fleet->count && strcmp(fleet->device[place].id, device_id) == 0) {
    struct fleet_device *old = &fleet->device[place];
    if (old->gone) fleet->gone--;
    old->gone = false;
    return old;
  }
  if (fleet->count == fleet->capacity) {
    size_t capacity = fleet->capacity == 0 ? 64 : fleet->capacity * 2;
    struct fleet_device *grown = realloc(fleet->device, capacity * sizeof(*grown));
    if (grown == NULL) return NULL;
    fleet->device = grown;
    fleet->capacity = capacity;
  }
  struct fleet_device *device = &fleet->device[place];
  memmove(device + 1, device, (fleet->count - place) * sizeof(*device));
  fleet->count++;
  memset(device, 0, sizeof(*device));
  memcpy(device->id, device_id, sizeof(device->id));
  return device;
}

static void remove_device(struct srv_fleet *fleet, const char *device_id) {
  struct fleet_device *device = srv_fleet_find(fleet, device_id);
  if (device == NULL) return;
  count_device(fleet, device, -1);
  clear_device(fleet, device);
  device->gone = true;
  fleet->gone++;
}

/* Moving everything for each that goes would make deleting many slow. */
static void sweep_gone(struct srv_fleet *fleet) {
  size_t kept = 0;
  if (fleet->gone < 64 || fleet->gone < fleet->count / 4) return;
  for (size_t i = 0; i < fleet->count; i++) {
    if (!fleet->device[i].gone) fleet->device[kept++] = fleet->device[i];
  }
  fleet->count = kept;
  fleet->gone = 0;
  fleet->change++;
  srv_fleet_tally_free(&fleet->running); /* a pass that is under way counts places */
}

/* --- from rows ----------------------------------------------------------------------------- */

struct reading {
  struct srv_core *core;
  struct srv_fleet *fleet;
  char ids[CHUNK * (SRV_ID_LENGTH + 1) + 1]; /* of the devices that were there */
  size_t length, count;
  char last[SRV_ID_LENGTH + 1];
  bool failed; /* out of memory */
};

/* Without statuses: those follow. */
static bool fill_device(struct srv_fleet *fleet, struct fleet_device *device,
                        const struct srv_device *row) {
  device->name = strdup(row->name);
  device->group = hold_group(fleet, row);
  device->enabled = row->enabled;
  return device->name != NULL && device->group != SRV_INTERN_NONE;
}

static void take_device(void *context, const void *row) {
  struct reading *reading = context;
  const struct srv_device *read = row;
  struct srv_fleet *fleet = reading->fleet;
  if (reading->count == CHUNK) return; /* more than was asked for */
  struct fleet_device *device = srv_fleet_find(fleet, read->id);
  if (device != NULL) {
    count_device(fleet, device, -1);
    clear_device(fleet, device);
  } else {
    device = insert_device(fleet, read->id);
  }
  if (device == NULL || !fill_device(fleet, device, read)) {
    reading->failed = true;
    if (device == NULL) return;
    clear_device(fleet, device);
    device->gone = true;
    fleet->gone++;
    return;
  }
  const struct srv_seen *seen = srv_seen_find(reading->core, read->id);
  device->online = seen != NULL && seen->online;
  if (seen != NULL) { /* newer than what is written */
    device->ever_seen = seen->presence.last_online_us != 0;
    device->last_report_us = seen->presence.last_report_us;
  }
  count_device(fleet, device, 1);
  reading->length +=
      (size_t)snprintf(reading->ids + reading->length, sizeof(reading->ids) - reading->length,
                       "%s%s", reading->length == 0 ? "" : ",", read->id);
  memcpy(reading->last, read->id, sizeof(reading->last));
  reading->count++;
}

static void take_presence(void *context, const void *row) {
  struct reading *reading = context;
  const struct srv_presence *presence = row;
  struct fleet_device *device = srv_fleet_find(reading->fleet, presence->device_id);
  if (device == NULL || srv_seen_find(reading->core, presence->device_id) != NULL) return;
  device->last_report_us = presence->last_report_us;
  if (device->ever_seen || presence->last_online_us == 0) return;
  device->ever_seen = true;
  reading->fleet->never_seen--;
}

static void take_status(void *context, const void *row) {
  struct reading *reading = context;
  const struct srv_ota_status *status = row;
  struct fleet_device *device = srv_fleet_find(reading->fleet, status->device_id);
  if (device != NULL && !set_status(reading->fleet, device, status)) reading->failed = true;
}

/* What decides whether it can run a model. */
static void take_profile(void *context, const void *row) {
  struct reading *reading = context;
  const struct srv_device_profile *profile = row;
  struct fleet_device *device = srv_fleet_find(reading->fleet, profile->device_id);
  char text[PROFILE_SIZE];
  if (device == NULL) return;
  snprintf(text, sizeof(text), "%u %u %s", (unsigned)profile->arena_bytes,
           (unsigned)profile->slot_bytes, profile->ops);
  srv_intern_let_go(&reading->fleet->profiles, device->profile);
  device->profile = srv_intern_hold(&reading->fleet->profiles, text);
}

static int read_details(struct reading *reading) {
  static const struct {
    enum srv_kind kind;
    srv_row_visitor take;
  } detail[] = {{SRV_PRESENCE, take_presence},
                {SRV_OTA_STATUS, take_status},
                {SRV_DEVICE_PROFILE, take_profile}};
  int status = SRV_OK;
  for (size_t i = 0; status == SRV_OK && i < sizeof(detail) / sizeof(detail[0]); i++) {
    struct srv_query query = {.unordered = true};
    srv_query_text(&query, "device_id", SRV_AMONG, reading->ids);
    status = srv_core_list(reading->core, detail[i].kind, &query, detail[i].take, reading, NULL);
  }
  return status;
}

/* Reads the devices that query finds (at most CHUNK). */
static int read_devices(struct reading *reading, const struct srv_query *query) {
  int status = srv_core_list(reading->core, SRV_DEVICE, query, take_device, reading, NULL);
  if (status == SRV_OK && reading->count > 0) status = read_details(reading);
  reading->fleet->change++;
  if (status == SRV_OK && reading->failed) status = srv_fail_memory(reading->core);
  return status;
}

/* --- slices ------------------------------------------------------------------------------------
 */

/* The next devices in the order of their ids. */
static int load_slice(struct srv_core *core, struct srv_fleet *fleet) {
  struct reading reading = {.core = core, .fleet = fleet};
  struct srv_query query = {.limit = CHUNK};
  srv_query_text(&query, "project_id", SRV_EQUALS, fleet->project_id);
  srv_query_text(&query, "id", SRV_AT_LEAST, fleet->cursor);
  int status = read_devices(&reading, &query);
  if (status != SRV_OK) return status;
  if (reading.count < CHUNK) {
    fleet->loaded = true;
    return SRV_OK;
  }
  /* The id's successor in the order of texts. */
  snprintf(fleet->cursor, sizeof(fleet->cursor), "%s!", reading.last);
  return SRV_OK;
}

/* Devices that were noted: those that are not there any more go. */
static int refresh_slice(struct srv_core *core, struct srv_fleet *fleet) {
  struct reading reading = {.core = core, .fleet = fleet};
  struct srv_query query = {.unordered = true};
  char ids[sizeof(reading.ids)];
  size_t count = fleet->dirty_count < CHUNK ? fleet->dirty_count : CHUNK, length = 0;
  char(*first)[SRV_ID_LENGTH + 1] = fleet->dirty + (fleet->dirty_count - count);
  for (size_t i = 0; i < count; i++) {
    length +=
        (size_t)snprintf(ids + length, sizeof(ids) - length, "%s%s", i == 0 ? "" : ",", first[i]);
  }
  srv_query_text(&query, "project_id", SRV_EQUALS, fleet->project_id);
  srv_query_text(&query, "id", SRV_AMONG, ids);
  int status = read_devices(&reading, &query);
  if (status != SRV_OK) return status;
  for (size_t i = 0; i < count; i++) {
    if (strstr(reading.ids, first[i]) == NULL) remove_device(fleet, first[i]);
  }
  fleet->dirty_count -= count;
  return SRV_OK;
}

static bool is_whole(const struct srv_fleet *fleet) {
  return fleet->loaded && fleet->dirty_count == 0;
}

/* Up to count devices. */
static int read_some(struct srv_core *core, struct srv_fleet *fleet, size_t count) {
  int status = SRV_OK;
  for (size_t done = 0; status == SRV_OK && done < count && !is_whole(fleet); done += CHUNK) {
    status = fleet->loaded ? refresh_slice(core, fleet) : load_slice(core, fleet);
  }
  if (is_whole(fleet)) sweep_gone(fleet);
  return status;
}

static struct srv_fleet *known_fleet(const struct srv_core *core, const char *project_id) {
  struct srv_fleet *fleet = core->fleets.first;
  while (fleet != NULL && strcmp(fleet->project_id, project_id) != 0) fleet = fleet->next;
  return fleet;
}

const char *srv_fleet_project(const struct srv_core *core, size_t index) {
  const struct srv_fleet *fleet = core->fleets.first;
  while (fleet != NULL && index-- > 0) fleet = fleet->next;
  return fleet == NULL ? NULL : fleet->project_id;
}

static struct srv_fleet *make_fleet(struct srv_core *core, const char *project_id) {
  struct srv_fleet *fleet = calloc(1, sizeof(*fleet));
  if (fleet == NULL) return NULL;
  snprintf(fleet->project_id, sizeof(fleet->project_id), "%s", project_id);
  fleet->change = 1;
  fleet->next = core->fleets.first;
  core->fleets.first = fleet;
  return fleet;
}

int srv_fleet_of(struct srv_core *core, const char *project_id, struct srv_fleet **out) {
  struct srv_fleet *fleet = known_fleet(core, project_id);
  if (fleet == NULL) fleet = make_fleet(core, project_id);
  if (fleet == NULL) return srv_fail_memory(core);
  *out = fleet;
  /* A small fleet is done with that, a large one goes on with the next turn. */
  size_t at_once = fleet->count <= core->fleets.read_now ? core->fleets.read_now : 0;
  return read_some(core, fleet, at_once > core->fleets.slice ? at_once : core->fleets.slice);
}

int srv_fleet_whole(struct srv_core *core, const char *project_id, struct srv_fleet **out) {
  int status = srv_fleet_of(core, project_id, out);
  /* A change of many devices is waited for. */
  if (status == SRV_OK && !is_whole(*out)) status = read_some(core, *out, core->fleets.read_now);
  if (status != SRV_OK || is_whole(*out)) return status;
  return srv_fail(core, SRV_ERR_BUSY,
                  "the project's devices are still being read (%zu so far): ask again in a moment",
                  (*out)->count);
}

bool srv_core_has_work(const struct srv_core *core) {
  if (core->fleets.failed) return false; /* tried again each second, before all else */
  for (const struct srv_fleet *fleet = core->fleets.first; fleet != NULL; fleet = fleet->next) {
    if (!is_whole(fleet) || fleet->running.valid) return true;
  }
  return false;
}

/* --- what the rest of the core says --------------------------------------------------------------
 */

static void forget_all_of(struct srv_fleet *fleet) {
  for (size_t i = 0; i < fleet->count; i++) {
    struct fleet_device *device = &fleet->device[i];
    if (!device->gone) clear_device(fleet, device);
  }
  for (size_t i = 0; i < fleet->pair_room; i++) fleet->pair[i].devices = fleet->pair[i].online = 0;
  for (size_t i = 0; i < fleet->group_room; i++) fleet->group[i] = (struct fleet_group){0};
  fleet->count = fleet->gone = fleet->dirty_count = 0;
  fleet->total = fleet->online = fleet->enabled = fleet->never_seen = 0;
  fleet->loaded = false;
  fleet->cursor[0] = 0;
  fleet->change++;
  srv_fleet_tally_free(&fleet->running);
}

static void mark(struct srv_fleet *fleet, const char *device_id) {
  if (fleet->dirty_count == fleet->dirty_capacity) {
    size_t capacity = fleet->dirty_capacity == 0 ? 64 : fleet->dirty_capacity * 2;
    void *grown = fleet->dirty_count < DIRTY_MAX
                      ? realloc(fleet->dirty, capacity * sizeof(fleet->dirty[0]))
                      : NULL;
    if (grown == NULL) {
      forget_all_of(fleet);
      return;
    }
    fleet->dirty = grown;
    fleet->dirty_capacity = capacity;
  }
  char *id = fleet->dirty[fleet->dirty_count++];
  snprintf(id, SRV_ID_LENGTH + 1, "%s", device_id);
}

void srv_fleet_mark(struct srv_core *core, const char *project_id, const char *device_id) {
  struct srv_fleet *fleet = known_fleet(core, project_id);
  if (fleet == NULL) return;
  /* Said again and again of one device in a row. */
  bool again =
      fleet->dirty_count > 0 && strcmp(fleet->dirty[fleet->dirty_count - 1], device_id) == 0;
  if (!again) mark(fleet, device_id);
}

void srv_fleet_presence(struct srv_core *core, const struct srv_device_ref *ref,
                        const struct srv_seen *seen) {
  struct srv_fleet *fleet = known_fleet(core, ref->project_id);
  struct fleet_device *device = fleet == NULL ? NULL : srv_fleet_find(fleet, ref->device_id);
  if (device == NULL) return;
  count_device(fleet, device, -1);
  device->online = seen->online;
  device->ever_seen = true;
  device->last_report_us = seen->presence.last_report_us;
  count_device(fleet, device, 1);
  fleet->change++;
}

/* Applied at once, as reports are many; what is undone is read again. */
void srv_fleet_reported(struct srv_core *core, const struct srv_device_ref *ref,
                        const struct srv_ota_status *row) {
  struct srv_fleet *fleet = known_fleet(core, ref->project_id);
  struct fleet_device *device = fleet == NULL ? NULL : srv_fleet_find(fleet, ref->device_id);
  if (device == NULL) return;
  if (!set_status(fleet, device, row)) mark(fleet, ref->device_id);
  device->last_report_us = row->time_us;
  fleet->change++;
  struct srv_fleets *fleets = &core->fleets;
  if (!core->batch_open && core->transaction_depth == 0) return;
  if (fleets->uncommitted_count < SRV_FLEET_UNCOMMITTED_MAX) {
    fleets->uncommitted[fleets->uncommitted_count++] = *ref;
  } else {
    fleets->uncommitted_lost = true;
  }
}

void srv_fleet_committed(struct srv_core *core) {
  core->fleets.uncommitted_count = 0;
  core->fleets.uncommitted_lost = false;
}

void srv_fleet_undone(struct srv_core *core) {
  struct srv_fleets *fleets = &core->fleets;
  for (size_t i = 0; i < fleets->uncommitted_count; i++) {
    srv_fleet_mark(core, fleets->uncommitted[i].project_id, fleets->uncommitted[i].device_id);
  }
  for (struct srv_fleet *fleet = fleets->first; fleets->uncommitted_lost && fleet != NULL;
       fleet = fleet->next) {
    forget_all_of(fleet);
  }
  srv_fleet_committed(core);
}

/* --- in the background
 * ------------------------------------------------------------------------------ */

static void add_project(void *context, const void *row) {
  struct srv_core *core = context;
  const struct srv_project *project = row;
  if (known_fleet(core, project->id) == NULL) make_fleet(core, project->id);
}

/* Every project has a fleet, for its history; the first time is at the start.
 * True: something was written down, which is enough for a while. */
static bool sample_all(struct srv_core *core) {
  struct srv_query query = {0};
  bool wrote = false;
  srv_core_list(core, SRV_PROJECT, &query, add_project, core, NULL);
  for (struct srv_fleet *fleet = core->fleets.first; fleet != NULL; fleet = fleet->next) {
    if (!is_whole(fleet) || fleet->sampled_change == fleet->change) continue;
    wrote = srv_fleet_sample(core, fleet) || wrote;
  }
  return wrote;
}

/* One slice of one fleet a turn. */
static void do_some_work(struct srv_core *core) {
  for (struct srv_fleet *fleet = core->fleets.first; fleet != NULL; fleet = fleet->next) {
    if (!is_whole(fleet)) {
      int status = read_some(core, fleet, core->fleets.slice);
      core->fleets.failed = status != SRV_OK; /* the store's trouble: each second is enough */
      if (status != SRV_OK) {
        srv_log(SRV_LOG_WARNING, "core", "the devices of project %s cannot be read now: %s",
                fleet->project_id, core->error);
      }
      return;
    }
    if (fleet->running.valid) {
      srv_fleet_tally_step(core, fleet);
      return;
    }
  }
}

void srv_fleet_tick(struct srv_core *core) {
  struct srv_fleets *fleets = &core->fleets;
  int64_t now_us = srv_steady_us(core);
  if (!fleets->failed || now_us >= fleets->retry_us) {
    fleets->retry_us = now_us + 1000000;
    do_some_work(core);
  }
  if (fleets->next_sample_us != 0 && now_us < fleets->next_sample_us) return;
  bool wrote = sample_all(core);
  fleets->next_sample_us = now_us + (wrote ? SRV_FLEET_SAMPLE_US : SRV_FLEET_SAMPLE_SOON_US);
}

void srv_fleet_init(struct srv_core *core) {
  core->fleets.read_now = SRV_FLEET_READ_NOW;
  core->fleets.count_now = SRV_FLEET_COUNT_NOW;
  core->fleets.slice = SRV_FLEET_SLICE;
  core->fleets.count_slice = SRV_FLEET_COUNT_NOW;
}

static void free_fleet(struct srv_fleet *fleet) {
  for (size_t i = 0; i < fleet->count; i++) {
    free(fleet->device[i].name);
    free(fleet->device[i].status);
  }
  free(fleet->device);
  free(fleet->dirty);
  free(fleet->pair);
  free(fleet->group);
  srv_intern_free(&fleet->packages);
  srv_intern_free(&fleet->pairs);
  srv_intern_free(&fleet->groups);
  srv_intern_free(&fleet->profiles);
  srv_fleet_tally_free(&fleet->done);
  srv_fleet_tally_free(&fleet->running);
  free(fleet);
}

void srv_fleet_forget(struct srv_core *core, const char *project_id) {
  struct srv_fleet **link = &core->fleets.first;
  while (*link != NULL && strcmp((*link)->project_id, project_id) != 0) link = &(*link)->next;
  struct srv_fleet *fleet = *link;
  if (fleet == NULL) return;
  *link = fleet->next;
  free_fleet(fleet);
}

void srv_fleet_free(struct srv_core *core) {
  while (core->fleets.first != NULL) srv_fleet_forget(core, core->fleets.first->project_id);
}

/* --- the whole
 * ------------------------------------------------------------------------------------------ */

int srv_core_fleet_totals(struct srv_core *core, const char *project_id,
                          struct srv_fleet_totals *out) {
  struct srv_fleet *fleet;
  int status = srv_fleet_of(core, project_id, &fleet);
  if (status != SRV_OK) return status;
  *out = (struct srv_fleet_totals){.total = fleet->total,
                                   .online = fleet->online,
                                   .enabled = fleet->enabled,
                                   .never_seen = fleet->never_seen,
                                   .as_of_us = srv_now_us(core),
                                   .complete = is_whole(fleet)};
  return SRV_OK;
}

bool srv_core_device_total(struct srv_core *core, const char *project_id, uint64_t *total) {
  struct srv_fleet *fleet = known_fleet(core, project_id);
  if (fleet == NULL || !fleet->loaded || read_some(core, fleet, core->fleets.slice) != SRV_OK ||
      !is_whole(fleet)) {
    return false;
  }
  *total = fleet->total;
  return true;
}

/* By package; a version that is none comes after those that are. */
static int compare_versions(const void *a, const void *b) {
  const struct srv_fleet_version *left = a, *right = b;
  int order = strcmp(left->package, right->package);
  if (order != 0) return order;
  bool left_is = gw_semver_is_valid(left->version), right_is = gw_semver_is_valid(right->version);
  if (left_is != right_is) return left_is ? -1 : 1;
  if (left_is) order = gw_semver_compare(right->version, left->version);
  return order != 0 ? order : strcmp(right->version, left->version);
}

/* The package of a pair, cut off behind it into text. */
static struct srv_fleet_version version_of(const struct srv_fleet *fleet, uint32_t pair,
                                           char text[PAIR_SIZE]) {
  snprintf(text, PAIR_SIZE, "%s", srv_intern_text(&fleet->pairs, pair));
  char *mark = strchr(text, MARK);
  *mark = 0;
  return (struct srv_fleet_version){.package = text,
                                    .version = mark + 1,
                                    .count = fleet->pair[pair].devices,
                                    .online = fleet->pair[pair].online};
}

int srv_core_fleet_versions(struct srv_core *core, const char *project_id,
                            void (*visit)(void *context, const struct srv_fleet_version *version),
                            void *context) {
  struct srv_fleet *fleet;
  int status = srv_fleet_of(core, project_id, &fleet);
  if (status != SRV_OK) return status;
  size_t count = 0, room = fleet->pairs.count + 1;
  struct srv_fleet_version *list = calloc(room, sizeof(*list));
  char(*text)[PAIR_SIZE] = calloc(room, sizeof(*text));
  for (uint32_t i = 1; list != NULL && text != NULL && i < fleet->pairs.count; i++) {
    if (fleet->pairs.slot[i].text == NULL || fleet->pair[i].devices == 0) continue;
    list[count] = version_of(fleet, i, text[count]);
    count++;
  }
  if (list == NULL || text == NULL) status = srv_fail_memory(core);
  if (count > 1) qsort(list, count, sizeof(*list), compare_versions);
  for (size_t i = 0; i < count; i++) visit(context, &list[i]);
  free(list);
  free(text);
  return status;
}
