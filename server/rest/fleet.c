/* SPDX-License-Identifier: Apache-2.0 */
/* All devices at once: the overview, rollouts, previews, changes of many. */
#include "server/rest/fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/core/changes.h"
#include "server/core/offers.h"

#define ROLLOUTS_SHOWN 10
#define FAILURES_SHOWN 20
#define FAILING_REASON 2 /* this and more: wire/report.h, and the index ota_event_failed */
#define DAY_US (INT64_C(86400) * 1000000)

static void set(json_t *object, const char *name, json_t *value) {
  json_object_set_new(object, name, value);
}

static void set_number(json_t *object, const char *name, uint64_t number) {
  set(object, name, json_integer((json_int_t)number));
}

static int64_t now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

const char *srv_presence_name(bool online, bool ever_seen) {
  return online ? "online" : ever_seen ? "offline" : "-";
}

/* --- rollouts ------------------------------------------------------------------------ */

/* Those that said one. */
static json_t *encode_details(const uint32_t counts[SRV_DETAILS]) {
  json_t *list = json_array();
  for (size_t detail = GW_DETAIL_NONE + 1; detail < SRV_DETAILS; detail++) {
    if (counts[detail] == 0) continue;
    json_t *one = json_object();
    set(one, "detail", json_string(gw_ota_detail_name((uint8_t)detail)));
    set_number(one, "detailCode", detail);
    set_number(one, "count", counts[detail]);
    json_array_append_new(list, one);
  }
  return list;
}

static json_t *encode_failures(const struct srv_rollout *rollout) {
  json_t *list = json_array();
  for (size_t reason = 0; reason < SRV_REASONS; reason++) {
    if (rollout->failures[reason] == 0) continue;
    json_t *one = json_object();
    set(one, "reason", json_string(gw_ota_reason_name((uint8_t)reason)));
    set_number(one, "reasonCode", reason);
    set_number(one, "count", rollout->failures[reason]);
    set(one, "details", encode_details(rollout->details[reason]));
    json_array_append_new(list, one);
  }
  return list;
}

json_t *srv_encode_rollout(const struct srv_rollout *rollout, bool is_on) {
  json_t *object = json_object(), *states = json_object();
  for (int state = 0; state < SRV_ROLLOUT_STATES; state++) {
    set_number(states, srv_rollout_state_name((enum srv_rollout_state)state),
               rollout->states[state]);
  }
  set(object, "releaseId", json_string(rollout->release_id));
  set(object, "rollout", json_boolean(is_on));
  set_number(object, "targets", rollout->targets);
  set(object, "states", states);
  set_number(object, "superseded", rollout->superseded);
  set_number(object, "online", rollout->online);
  set(object, "failures", encode_failures(rollout));
  set_number(object, "spreadSeconds", rollout->spread_s);
  set(object, "asOf", srv_encode_time(rollout->as_of_us));
  set(object, "complete", json_boolean(rollout->complete));
  return object;
}

int srv_get_release_rollout(struct srv_request *request) {
  struct srv_release release;
  struct srv_rollout rollout;
  int status = srv_find_of_path(request, SRV_RELEASE, "release", &release);
  if (status != SRV_OK) return status;
  status = srv_core_release_rollout(request->core, &release, &rollout);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  return srv_answer_data(request, srv_encode_rollout(&rollout, release.rollout));
}

/* --- a release's devices ---------------------------------------------------------------- */

struct device_list {
  struct srv_request *request;
  json_t *list;
};

/* Of what is on its way now; null when the device does not load it from here. */
static json_t *encode_percent(struct srv_core *core, const struct srv_rollout_device *device) {
  struct srv_progress progress;
  if (device->state != SRV_ROLLOUT_DOWNLOADING ||
      !srv_core_get_progress(core, device->id, device->package, &progress) ||
      strcmp(progress.version, device->target) != 0 || progress.size == 0) {
    return json_null();
  }
  uint64_t percent = (uint64_t)progress.bytes * 100 / progress.size;
  return json_integer(percent > 100 ? 100 : (json_int_t)percent);
}

static void append_rollout_device(void *context, const struct srv_rollout_device *device) {
  struct device_list *devices = context;
  json_t *object = json_object();
  bool failed = device->state == SRV_ROLLOUT_FAILED;
  set(object, "deviceId", json_string(device->id));
  set(object, "deviceName", srv_encode_text(device->name));
  set(object, "status", json_string(srv_presence_name(device->online, device->ever_seen)));
  set(object, "state", json_string(srv_rollout_state_name(device->state)));
  set(object, "percent", encode_percent(devices->request->core, device));
  set(object, "reason", json_string(failed ? gw_ota_reason_name(device->reason) : ""));
  set(object, "detail", json_string(gw_ota_detail_name(device->detail)));
  set(object, "package", srv_encode_text(device->package));
  set(object, "version", srv_encode_text(device->version));
  set(object, "target", srv_encode_text(device->target));
  set(object, "lastReport", srv_encode_time(device->last_report_us));
  json_array_append_new(devices->list, object);
}

static int read_state(struct srv_request *request, struct srv_rollout_filter *filter) {
  const char *state = srv_query_value(request, "state");
  if (state == NULL || state[0] == 0) return SRV_OK;
  for (int i = 0; i < SRV_ROLLOUT_STATES; i++) {
    if (strcmp(srv_rollout_state_name((enum srv_rollout_state)i), state) != 0) continue;
    filter->by_state = true;
    filter->state = (enum srv_rollout_state)i;
    return SRV_OK;
  }
  return srv_request_fail_field(
      request, "state", "one of waiting, downloading, downloaded, updating, updated, failed");
}

static json_t *list_document(json_t *list, uint64_t page, uint64_t per_page, uint64_t total) {
  return json_pack("{s:o, s:I, s:I, s:I}", "list", list, "page", (json_int_t)page, "perPage",
                   (json_int_t)per_page, "total", (json_int_t)total);
}

int srv_list_release_devices(struct srv_request *request) {
  struct srv_release release;
  struct srv_rollout_filter filter = {.term = srv_query_value(request, "term")};
  uint64_t page = 0, per_page = 0, total = 0;
  if (filter.term == NULL) filter.term = "";
  int status = srv_find_of_path(request, SRV_RELEASE, "release", &release);
  if (status == SRV_OK) status = srv_page_from_parameters(request, &page, &per_page);
  if (status == SRV_OK) status = read_state(request, &filter);
  if (status != SRV_OK) return status;
  struct device_list devices = {.request = request, .list = json_array()};
  status = srv_core_release_devices(request->core, &release, &filter, page * per_page, per_page,
                                    append_rollout_device, &devices, &total);
  if (status != SRV_OK) {
    json_decref(devices.list);
    return srv_request_fail_core(request, status);
  }
  request->answer = list_document(devices.list, page, per_page, total);
  return SRV_OK;
}

/* --- before a release is made --------------------------------------------------------------- */

static void append_preview(void *context, const struct srv_preview_device *device) {
  json_t *list = context, *object = json_object(), *current = json_object();
  for (size_t i = 0; i < device->package_count; i++) {
    if (device->current[i].version[0] == 0) continue;
    set(current, device->current[i].package, srv_encode_text(device->current[i].version));
  }
  set(object, "deviceId", json_string(device->id));
  set(object, "deviceName", srv_encode_text(device->name));
  set(object, "status", json_string(srv_presence_name(device->online, device->ever_seen)));
  set(object, "current", current);
  set(object, "verdict", json_string(srv_verdict_name(device->verdict)));
  set(object, "why", srv_encode_text(device->why));
  json_array_append_new(list, object);
}

static int read_preview(struct srv_request *request, struct srv_release *release, uint64_t *page,
                        uint64_t *per_page) {
  uint32_t page_number = 0, page_size = SRV_PAGE_SIZE_DEFAULT;
  memcpy(release->project_id, request->project.id, sizeof(release->project_id));
  int status = srv_body_reference(request, "releaseId", SRV_RELEASE, release->id);
  if (status == SRV_OK) status = srv_read_release(request, release);
  if (status == SRV_OK) status = srv_body_number(request, "page", &page_number);
  if (status == SRV_OK) status = srv_body_number(request, "perPage", &page_size);
  if (status != SRV_OK) return status;
  if (page_size < 1 || page_size > SRV_PAGE_SIZE_MAX) {
    return srv_request_fail_field(request, "perPage", "1 to 1000");
  }
  *page = page_number;
  *per_page = page_size;
  return SRV_OK;
}

/* As it would be: devices that run it already do not come, but are reckoned with. */
static json_t *encode_spread(const struct srv_core *core, const struct srv_policy *policy,
                             uint64_t devices) {
  uint32_t seconds = policy->spread_fixed ? policy->spread_s : srv_core_spread_s(core, devices);
  return json_pack("{s:I, s:I, s:b}", "seconds", (json_int_t)seconds, "devices",
                   (json_int_t)devices, "automatic", !policy->spread_fixed);
}

int srv_preview_release(struct srv_request *request) {
  struct srv_release release = {0};
  uint64_t page = 0, per_page = 0, counts[SRV_VERDICTS], total = 0;
  int status = read_preview(request, &release, &page, &per_page);
  if (status != SRV_OK) return status;
  json_t *list = json_array(), *counted = json_object();
  status = srv_core_preview_release(request->core, &release, page * per_page, per_page,
                                    append_preview, list, counts);
  for (int i = 0; i < SRV_VERDICTS; i++) {
    total += counts[i];
    set_number(counted, srv_verdict_name((enum srv_preview_verdict)i), counts[i]);
  }
  request->answer = list_document(list, page, per_page, total);
  set(request->answer, "counts", counted);
  set(request->answer, "spread",
      encode_spread(request->core, &release.policy, total - counts[SRV_VERDICT_SUPERSEDED]));
  return srv_request_fail_core(request, status);
}

/* --- the overview ----------------------------------------------------------------------------- */

struct versions {
  json_t *packages;
  uint64_t devices; /* all there are */
};

/* They come by package. */
static json_t *package_of(struct versions *versions, const char *name) {
  size_t count = json_array_size(versions->packages);
  json_t *last = count == 0 ? NULL : json_array_get(versions->packages, count - 1);
  const char *last_name = json_string_value(json_object_get(last, "package"));
  if (last_name != NULL && strcmp(last_name, name) == 0) return last;
  json_t *package = json_object();
  set(package, "package", srv_encode_text(name));
  set(package, "versions", json_array());
  set_number(package, "unknown", versions->devices);
  json_array_append_new(versions->packages, package);
  return package;
}

static void append_version(void *context, const struct srv_fleet_version *version) {
  struct versions *versions = context;
  json_t *package = package_of(versions, version->package), *object = json_object();
  json_t *unknown = json_object_get(package, "unknown");
  set(object, "version", srv_encode_text(version->version));
  set_number(object, "count", version->count);
  set_number(object, "online", version->online);
  json_array_append_new(json_object_get(package, "versions"), object);
  json_integer_set(unknown, json_integer_value(unknown) - (json_int_t)version->count);
}

static void append_rollout(void *context, const struct srv_rollout *rollout) {
  json_array_append_new(context, srv_encode_rollout(rollout, true));
}

struct events {
  size_t count;
  struct srv_ota_event event[FAILURES_SHOWN];
};

static void keep_event(void *context, const void *row) {
  struct events *events = context;
  events->event[events->count++] = *(const struct srv_ota_event *)row;
}

static int add_failures(struct srv_request *request, json_t *data) {
  struct events events = {0};
  struct srv_query query = {.newest_first = true, .limit = FAILURES_SHOWN};
  struct srv_device device;
  srv_query_text(&query, "project_id", SRV_EQUALS, request->project.id);
  srv_query_constant(&query, "reason", SRV_AT_LEAST, FAILING_REASON);
  int status = srv_core_list(request->core, SRV_OTA_EVENT, &query, keep_event, &events, NULL);
  json_t *list = json_array();
  for (size_t i = 0; status == SRV_OK && i < events.count; i++) {
    json_t *object = srv_encode_event(&events.event[i]);
    bool known = srv_core_find(request->core, SRV_DEVICE, request->project.id,
                               events.event[i].device_id, &device) == SRV_OK;
    set(object, "deviceName", srv_encode_text(known ? device.name : ""));
    json_array_append_new(list, object);
  }
  set(data, "failures", list);
  return status;
}

static void keep_tally(void *context, const void *row) {
  *(struct srv_capture_tally *)context = *(const struct srv_capture_tally *)row;
}

/* Ids of captures begin with the second in which they came. */
static int add_captures(struct srv_request *request, json_t *data) {
  struct srv_capture_tally tally = {0};
  struct srv_query counted = {0}, recent = {0};
  char yesterday[SRV_ID_LENGTH + 1];
  uint64_t last_day = 0;
  snprintf(yesterday, sizeof(yesterday), "%08x", (unsigned)((now_us() - DAY_US) / 1000000));
  srv_query_text(&counted, "project_id", SRV_EQUALS, request->project.id);
  srv_query_text(&recent, "project_id", SRV_EQUALS, request->project.id);
  srv_query_text(&recent, "id", SRV_AT_LEAST, yesterday);
  int status = srv_core_list(request->core, SRV_CAPTURE_TALLY, &counted, keep_tally, &tally, NULL);
  if (status == SRV_OK) {
    status = srv_core_list(request->core, SRV_CAPTURE, &recent, NULL, NULL, &last_day);
  }
  json_t *object = json_object();
  set_number(object, "total", (uint64_t)tally.total);
  set_number(object, "unlabelled", (uint64_t)tally.unlabelled);
  set_number(object, "lastDay", last_day);
  set(data, "captures", object);
  return status;
}

static int add_devices(struct srv_request *request, json_t *data) {
  struct srv_fleet_totals totals;
  const char *project_id = request->project.id;
  json_t *rollouts = json_array(), *devices = json_object();
  struct versions versions = {.packages = json_array()};
  int status = srv_core_fleet_totals(request->core, project_id, &totals);
  if (status == SRV_OK) {
    versions.devices = totals.total;
    set_number(devices, "total", totals.total);
    set_number(devices, "online", totals.online);
    set_number(devices, "enabled", totals.enabled);
    set_number(devices, "neverSeen", totals.never_seen);
    set(data, "asOf", srv_encode_time(totals.as_of_us));
    set(data, "complete", json_boolean(totals.complete));
    status = srv_core_fleet_versions(request->core, project_id, append_version, &versions);
  }
  if (status == SRV_OK) {
    status = srv_core_rollouts(request->core, project_id, ROLLOUTS_SHOWN, append_rollout, rollouts);
  }
  set(data, "devices", devices);
  set(data, "packages", versions.packages);
  set(data, "rollouts", rollouts);
  return status;
}

int srv_get_overview(struct srv_request *request) {
  json_t *data = json_object();
  int status = add_devices(request, data);
  if (status == SRV_OK) status = add_failures(request, data);
  if (status == SRV_OK) status = add_captures(request, data);
  if (status == SRV_OK) return srv_answer_data(request, data);
  json_decref(data);
  return srv_request_fail_core(request, status);
}

/* --- versions over time
 * --------------------------------------------------------------------------- */

#define POINTS_MAX 500
#define POINTS_DEFAULT 200
#define MONTH_US (30 * DAY_US)

struct history {
  int64_t start_us, step_us, next_us;
  size_t points, done;
  json_t *counts;   /* by version, as of now */
  json_t *versions; /* all that came up, as members */
  json_t *list;
};

/* A version that is gone is said to be so once: of a fleet that names each build
 * there are many in the end. */
static void drop_gone(json_t *counts) {
  const char *version;
  json_t *value;
  void *next;
  json_object_foreach_safe(counts, next, version, value) {
    if (json_integer_value(value) == 0) json_object_del(counts, version);
  }
}

static void append_point(struct history *history) {
  json_t *point = json_object();
  set(point, "time", srv_encode_time(history->next_us));
  set(point, "counts", json_copy(history->counts));
  drop_gone(history->counts);
  json_array_append_new(history->list, point);
  history->done++;
  history->next_us = history->start_us + history->step_us * (int64_t)history->done;
}

/* A point shows what was last known at its time. */
static void take_change(void *context, const struct srv_fleet_change *change) {
  struct history *history = context;
  while (history->done < history->points && history->next_us < change->time_us) {
    append_point(history);
  }
  json_object_set_new(history->counts, change->version, json_integer((json_int_t)change->count));
  json_object_set_new(history->versions, change->version, json_true());
}

static int read_time(struct srv_request *request, const char *name, int64_t *out_us) {
  const char *text = srv_query_value(request, name);
  if (text == NULL || text[0] == 0 || srv_time_parse(text, out_us)) return SRV_OK;
  return srv_request_fail_field(request, name, "must be a time like 2026-11-22T09:00:00Z");
}

static int read_history(struct srv_request *request, struct history *history, int64_t *end_us) {
  const char *points = srv_query_value(request, "points");
  const char *package = srv_query_value(request, "package");
  *end_us = now_us();
  int status = read_time(request, "end", end_us);
  history->start_us = *end_us - MONTH_US;
  if (status == SRV_OK) status = read_time(request, "start", &history->start_us);
  if (status != SRV_OK) return status;
  if (package == NULL || package[0] == 0) {
    return srv_request_fail_field(request, "package", "is missing");
  }
  long count = points == NULL ? POINTS_DEFAULT : strtol(points, NULL, 10);
  if (count < 1 || count > POINTS_MAX) return srv_request_fail_field(request, "points", "1 to 500");
  if (history->start_us > *end_us) {
    return srv_request_fail_field(request, "start", "is after the end");
  }
  history->points = (size_t)count;
  history->step_us = count == 1 ? 0 : (*end_us - history->start_us) / (count - 1);
  history->next_us = count == 1 ? *end_us : history->start_us;
  return SRV_OK;
}

static json_t *names_of(json_t *versions) {
  const char *version;
  json_t *value, *list = json_array();
  json_object_foreach(versions, version, value) {
    json_array_append_new(list, json_string(version));
  }
  return list;
}

struct present {
  const char *package;
  json_t *counts;
};

static void take_version(void *context, const struct srv_fleet_version *version) {
  struct present *present = context;
  if (strcmp(version->package, present->package) != 0) return;
  json_object_set_new(present->counts, version->version, json_integer((json_int_t)version->count));
}

/* The last point is of now, whatever was last written down. */
static int take_present(struct srv_request *request, const char *package, json_t *counts) {
  struct srv_fleet_totals totals;
  const char *version;
  json_t *value;
  int status = srv_core_fleet_totals(request->core, request->project.id, &totals);
  if (status != SRV_OK || !totals.complete) return status;
  json_object_foreach(counts, version, value) {
    (void)value;
    json_object_set_new(counts, version, json_integer(0));
  }
  return srv_core_fleet_versions(request->core, request->project.id, take_version,
                                 &(struct present){.package = package, .counts = counts});
}

int srv_get_overview_history(struct srv_request *request) {
  struct history history = {0};
  int64_t end_us;
  int status = read_history(request, &history, &end_us);
  if (status != SRV_OK) return status;
  const char *package = srv_query_value(request, "package");
  history.counts = json_object();
  history.versions = json_object();
  history.list = json_array();
  status = srv_core_fleet_history(request->core, request->project.id, package, end_us, take_change,
                                  &history);
  while (history.done + 1 < history.points) append_point(&history);
  const char *end = srv_query_value(request, "end");
  if (status == SRV_OK && (end == NULL || end[0] == 0)) {
    status = take_present(request, package, history.counts);
  }
  while (history.done < history.points) append_point(&history);
  json_t *data = json_object();
  set(data, "package", srv_encode_text(package));
  set(data, "versions", names_of(history.versions));
  set(data, "points", history.list);
  json_decref(history.counts);
  json_decref(history.versions);
  if (status == SRV_OK) return srv_answer_data(request, data);
  json_decref(data);
  return srv_request_fail_core(request, status);
}

/* --- many devices at once
 * ------------------------------------------------------------------------------ */

struct change {
  size_t add_count, remove_count;
  char add[SRV_DEVICE_TAGS_MAX][SRV_ID_LENGTH + 1];
  char remove[SRV_DEVICE_TAGS_MAX][SRV_ID_LENGTH + 1];
  bool sets_blueprint, sets_enabled, enabled;
  char blueprint_id[SRV_ID_LENGTH + 1];
};

static int read_change(struct srv_request *request, struct change *change) {
  int status = srv_body_references(request, "addTagId", SRV_TAG, change->add[0],
                                   SRV_DEVICE_TAGS_MAX, &change->add_count);
  if (status == SRV_OK) {
    status = srv_body_references(request, "removeTagId", SRV_TAG, change->remove[0],
                                 SRV_DEVICE_TAGS_MAX, &change->remove_count);
  }
  if (status == SRV_OK) {
    status = srv_body_reference(request, "blueprintId", SRV_BLUEPRINT, change->blueprint_id);
  }
  change->sets_blueprint = srv_body_has(request, "blueprintId");
  change->sets_enabled = srv_body_has(request, "enabled");
  srv_body_bool(request, "enabled", &change->enabled);
  if (status != SRV_OK) return status;
  if (change->add_count + change->remove_count == 0 && !change->sets_blueprint &&
      !change->sets_enabled) {
    return srv_request_fail(
        request, SRV_ERR_INVALID,
        "nothing to change: give addTagId, removeTagId, blueprintId or enabled");
  }
  return SRV_OK;
}

static size_t tag_index(const struct srv_device *device, const char *tag_id) {
  size_t i = 0;
  while (i < device->tag_count && strcmp(device->tag_id[i], tag_id) != 0) i++;
  return i;
}

/* True when the device is another then; *room: false when it has too many tags. */
static bool apply_tags(const struct change *change, struct srv_device *device, bool *room) {
  bool changed = false;
  for (size_t i = 0; i < change->remove_count; i++) {
    size_t at = tag_index(device, change->remove[i]);
    if (at == device->tag_count) continue;
    device->tag_count--;
    memmove(device->tag_id[at], device->tag_id[at + 1],
            (device->tag_count - at) * sizeof(device->tag_id[0]));
    changed = true;
  }
  for (size_t i = 0; i < change->add_count; i++) {
    if (tag_index(device, change->add[i]) < device->tag_count) continue;
    *room = device->tag_count < SRV_DEVICE_TAGS_MAX;
    if (!*room) return changed;
    memcpy(device->tag_id[device->tag_count++], change->add[i], sizeof(device->tag_id[0]));
    changed = true;
  }
  return changed;
}

static bool apply(const struct change *change, struct srv_device *device, bool *room) {
  *room = true;
  bool changed = apply_tags(change, device, room);
  if (change->sets_blueprint && strcmp(device->blueprint_id, change->blueprint_id) != 0) {
    memcpy(device->blueprint_id, change->blueprint_id, sizeof(device->blueprint_id));
    changed = true;
  }
  if (change->sets_enabled && device->enabled != change->enabled) {
    device->enabled = change->enabled;
    changed = true;
  }
  return changed;
}

struct bulk {
  uint64_t matched, updated, remaining;
};

static int update_one(struct srv_request *request, const struct change *change,
                      struct srv_device *device, struct bulk *bulk) {
  bool room;
  bool changed = apply(change, device, &room);
  if (!room) {
    return srv_request_fail(request, SRV_ERR_INVALID, "device \"%s\" would have more than %d tags",
                            device->name, SRV_DEVICE_TAGS_MAX);
  }
  if (!changed) return SRV_OK;
  if (bulk->updated == SRV_BULK_MAX) { /* the caller asks again */
    bulk->remaining++;
    return SRV_OK;
  }
  bulk->updated++;
  return srv_request_fail_core(request, srv_core_update_device(request->core, device));
}

static int update_chunk(struct srv_request *request, const struct change *change,
                        char (*ids)[SRV_ID_LENGTH + 1], size_t count, struct srv_device *devices,
                        struct bulk *bulk) {
  int status = srv_core_get_devices(request->core, request->project.id, ids, count, devices);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  for (size_t i = 0; status == SRV_OK && i < count; i++) {
    if (devices[i].id[0] != 0) status = update_one(request, change, &devices[i], bulk);
  }
  return status;
}

/* One transaction: all that one call changes, or nothing. */
static int update_all(struct srv_request *request, const struct change *change,
                      char (*ids)[SRV_ID_LENGTH + 1], size_t count, struct bulk *bulk) {
  struct srv_device *devices = malloc(SRV_AMONG_MAX * sizeof(*devices));
  if (devices == NULL) return srv_request_fail(request, SRV_ERR_INTERNAL, "out of memory");
  int status = srv_request_fail_core(request, srv_core_transaction_begin(request->core));
  if (status == SRV_OK) {
    for (size_t i = 0; status == SRV_OK && i < count; i += SRV_AMONG_MAX) {
      size_t size = count - i < SRV_AMONG_MAX ? count - i : SRV_AMONG_MAX;
      status = update_chunk(request, change, ids + i, size, devices, bulk);
    }
    int ended = srv_core_transaction_end(request->core, status);
    if (status == SRV_OK) status = srv_request_fail_core(request, ended);
  }
  free(devices);
  return status;
}

/* --- which? --- */

struct id_list {
  char (*ids)[SRV_ID_LENGTH + 1];
  size_t count;
};

static int fail_memory(struct srv_request *request) {
  return srv_request_fail(request, SRV_ERR_INTERNAL, "out of memory");
}

static int read_ids(struct srv_request *request, struct id_list *list) {
  list->ids = calloc(SRV_BULK_MAX, sizeof(*list->ids));
  if (list->ids == NULL) return fail_memory(request);
  return srv_body_references(request, "ids", SRV_DEVICE, list->ids[0], SRV_BULK_MAX, &list->count);
}

struct filter_texts {
  char tags[SRV_DEVICE_TAGS_MAX * (SRV_ID_LENGTH + 1) + 1];
  char blueprint_id[SRV_ID_LENGTH + 1];
};

/* Members of "filter" are read as those of the body are. */
static int read_filter_members(struct srv_request *request, struct srv_device_filter *filter,
                               struct filter_texts *room, char term[SRV_NAME_MAX + 1]) {
  char tags[SRV_DEVICE_TAGS_MAX][SRV_ID_LENGTH + 1];
  size_t tag_count = 0, length = 0;
  int status = srv_body_text(request, "term", term, SRV_NAME_MAX + 1);
  if (status == SRV_OK) {
    status =
        srv_body_references(request, "tags", SRV_TAG, tags[0], SRV_DEVICE_TAGS_MAX, &tag_count);
  }
  if (status == SRV_OK) {
    status = srv_body_reference(request, "blueprintId", SRV_BLUEPRINT, room->blueprint_id);
  }
  for (size_t i = 0; i < tag_count; i++) {
    length += (size_t)snprintf(room->tags + length, sizeof(room->tags) - length, "%s%s",
                               i == 0 ? "" : ",", tags[i]);
  }
  filter->term = term;
  filter->tags = room->tags;
  filter->by_blueprint = srv_body_has(request, "blueprintId");
  filter->blueprint_id = room->blueprint_id;
  filter->by_enabled = srv_body_has(request, "enabled");
  srv_body_bool(request, "enabled", &filter->enabled);
  return status;
}

static int check_filter(struct srv_request *request, const json_t *filter) {
  static const struct {
    const char *name;
    bool is_text, is_list, is_bool;
  } known[] = {{"term", true, false, false},
               {"tags", true, true, false},
               {"blueprintId", true, false, false},
               {"enabled", false, false, true}};
  const char *name;
  json_t *value;
  json_object_foreach((json_t *)(uintptr_t)filter, name, value) {
    size_t i = 0;
    while (i < sizeof(known) / sizeof(known[0]) && strcmp(known[i].name, name) != 0) i++;
    /* One that is not known would be left out, and more devices changed. */
    if (i == sizeof(known) / sizeof(known[0])) {
      return srv_request_fail_field(request, "filter",
                                    "knows term, tags, blueprintId and enabled only");
    }
    bool fits = (known[i].is_text && json_is_string(value)) ||
                (known[i].is_list && json_is_array(value)) ||
                (known[i].is_bool && json_is_boolean(value));
    size_t k;
    json_t *element;
    json_array_foreach(value, k, element) { fits = fits && json_is_string(element); }
    if (!fits) return srv_request_fail_field(request, "filter", "a member is of a wrong type");
  }
  return SRV_OK;
}

static int select_ids(struct srv_request *request, struct id_list *list) {
  struct srv_device_filter filter = {0};
  struct filter_texts room = {0};
  char term[SRV_NAME_MAX + 1] = "";
  uint64_t total = 0;
  json_t *body = request->body, *members = json_object_get(body, "filter");
  int status = check_filter(request, members);
  if (status != SRV_OK) return status;
  request->body = members;
  status = read_filter_members(request, &filter, &room, term);
  request->body = body;
  if (status != SRV_OK) return status;
  status = srv_core_select_devices(request->core, request->project.id, &filter, 0, 0, NULL,
                                   &list->count, &total);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  list->ids = calloc((size_t)total + 1, sizeof(*list->ids));
  if (list->ids == NULL) return fail_memory(request);
  status = srv_core_select_devices(request->core, request->project.id, &filter, 0, total, list->ids,
                                   &list->count, &total);
  return srv_request_fail_core(request, status);
}

int srv_update_devices(struct srv_request *request) {
  struct change change = {0};
  struct id_list list = {0};
  struct bulk bulk = {0};
  bool by_ids = srv_body_has(request, "ids"), by_filter = srv_body_has(request, "filter");
  if (by_ids == by_filter) {
    return srv_request_fail(request, SRV_ERR_INVALID, "give either ids or a filter");
  }
  int status = read_change(request, &change);
  if (status == SRV_OK) status = by_ids ? read_ids(request, &list) : select_ids(request, &list);
  bulk.matched = list.count;
  if (status == SRV_OK) status = update_all(request, &change, list.ids, list.count, &bulk);
  free(list.ids);
  if (status != SRV_OK) return status;
  return srv_answer_data(
      request, json_pack("{s:I, s:I, s:I}", "matched", (json_int_t)bulk.matched, "updated",
                         (json_int_t)bulk.updated, "remaining", (json_int_t)bulk.remaining));
}

/* --- what they look like
 * ------------------------------------------------------------------------------------ */

static const struct srv_property state_members[] = {
    {"waiting", SRV_VALUE_INTEGER, 0, NULL, "devices that have said nothing of it"},
    {"downloading", SRV_VALUE_INTEGER, 0, NULL, "devices"},
    {"downloaded", SRV_VALUE_INTEGER, 0, NULL, "devices"},
    {"updating", SRV_VALUE_INTEGER, 0, NULL, "devices"},
    {"updated", SRV_VALUE_INTEGER, 0, NULL, "devices that run it"},
    {"failed", SRV_VALUE_INTEGER, 0, NULL, "devices whose newest report says why they could not"},
    {0}};
static const struct srv_shape states = {"RolloutStates", state_members, false};
static const struct srv_property failure_detail_members[] = {
    {"detail", SRV_VALUE_TEXT, 0, NULL, "by name"},
    {"detailCode", SRV_VALUE_INTEGER, 0, NULL, "its number"},
    {"count", SRV_VALUE_INTEGER, 0, NULL, "devices"},
    {0}};
static const struct srv_shape failure_detail = {"RolloutFailureDetail", failure_detail_members,
                                                false};
static const struct srv_property failure_members[] = {
    {"reason", SRV_VALUE_TEXT, 0, NULL, "by name"},
    {"reasonCode", SRV_VALUE_INTEGER, 0, NULL, "its number"},
    {"count", SRV_VALUE_INTEGER, 0, NULL, "devices"},
    {"details", SRV_VALUE_OBJECT, SRV_PROPERTY_LIST, &failure_detail,
     "why more closely, of those that said so"},
    {0}};
static const struct srv_shape failure = {"RolloutFailure", failure_members, false};
static const struct srv_property rollout_members[] = {
    {"releaseId", SRV_VALUE_TEXT, 0, NULL, "the release"},
    {"rollout", SRV_VALUE_BOOL, 0, NULL, "is it on?"},
    {"targets", SRV_VALUE_INTEGER, 0, NULL, "devices that get this release"},
    {"states", SRV_VALUE_OBJECT, 0, &states, "how far they are"},
    {"superseded", SRV_VALUE_INTEGER, 0, NULL, "devices that fit, but get a newer release"},
    {"online", SRV_VALUE_INTEGER, 0, NULL, "of the targets"},
    {"failures", SRV_VALUE_OBJECT, SRV_PROPERTY_LIST, &failure, "why they failed"},
    {"spreadSeconds", SRV_VALUE_INTEGER, 0, NULL,
     "each device begins at a random moment within so long"},
    {"asOf", SRV_VALUE_TIME, SRV_PROPERTY_NULL, NULL, "when it was counted"},
    {"complete", SRV_VALUE_BOOL, 0, NULL, "false while a large fleet is being counted"},
    {0}};
const struct srv_shape srv_shape_rollout = {"Rollout", rollout_members, false};

static const struct srv_property rollout_device_members[] = {
    {"deviceId", SRV_VALUE_TEXT, 0, NULL, "the device"},
    {"deviceName", SRV_VALUE_TEXT, 0, NULL, "its name"},
    {"status", SRV_VALUE_TEXT, 0, NULL, "one of: online, offline, -; - was never here"},
    {"state", SRV_VALUE_TEXT, 0, NULL,
     "one of: waiting, downloading, downloaded, updating, updated, failed"},
    {"percent", SRV_VALUE_INTEGER, SRV_PROPERTY_NULL, NULL, "of the download under way"},
    {"reason", SRV_VALUE_TEXT, 0, NULL, "why it failed, else empty"},
    {"detail", SRV_VALUE_TEXT, 0, NULL, "why more closely; empty when it did not say"},
    {"package", SRV_VALUE_TEXT, 0, NULL, "what state, version and target are of"},
    {"version", SRV_VALUE_TEXT, 0, NULL, "what it runs; empty when it has not said"},
    {"target", SRV_VALUE_TEXT, 0, NULL, "what it shall run"},
    {"lastReport", SRV_VALUE_TIME, SRV_PROPERTY_NULL, NULL, "its last sign of life"},
    {0}};
const struct srv_shape srv_shape_rollout_device = {"RolloutDevice", rollout_device_members, false};

static const struct srv_property preview_device_members[] = {
    {"deviceId", SRV_VALUE_TEXT, 0, NULL, "the device"},
    {"deviceName", SRV_VALUE_TEXT, 0, NULL, "its name"},
    {"status", SRV_VALUE_TEXT, 0, NULL, "one of: online, offline, -; - was never here"},
    {"current", SRV_VALUE_TEXT, SRV_PROPERTY_MAP, NULL, "what it runs, by package"},
    {"verdict", SRV_VALUE_TEXT, 0, NULL, "one of: update, same, superseded, incompatible"},
    {"why", SRV_VALUE_TEXT, 0, NULL, "empty for update"},
    {0}};
static const struct srv_shape preview_device = {"PreviewDevice", preview_device_members, false};
static const struct srv_property verdict_members[] = {
    {"update", SRV_VALUE_INTEGER, 0, NULL, "devices that would get it"},
    {"same", SRV_VALUE_INTEGER, 0, NULL, "devices that run it already"},
    {"superseded", SRV_VALUE_INTEGER, 0, NULL, "devices that get a newer release"},
    {"incompatible", SRV_VALUE_INTEGER, 0, NULL, "devices that cannot run it"},
    {0}};
static const struct srv_shape verdicts = {"PreviewCounts", verdict_members, false};
static const struct srv_property spread_members[] = {
    {"seconds", SRV_VALUE_INTEGER, 0, NULL, "each begins at a random moment within so long"},
    {"devices", SRV_VALUE_INTEGER, 0, NULL, "reckoned with"},
    {"automatic", SRV_VALUE_BOOL, 0, NULL, "the release does not say: by the devices"},
    {0}};
static const struct srv_shape spread = {"PreviewSpread", spread_members, false};
static const struct srv_property preview_members[] = {
    {"list", SRV_VALUE_OBJECT, SRV_PROPERTY_LIST, &preview_device, "devices that it fits"},
    {"page", SRV_VALUE_INTEGER, 0, NULL, "from 0"},
    {"perPage", SRV_VALUE_INTEGER, 0, NULL, "rows of a page"},
    {"total", SRV_VALUE_INTEGER, 0, NULL, "rows of all pages"},
    {"counts", SRV_VALUE_OBJECT, 0, &verdicts, "devices of all pages"},
    {"spread", SRV_VALUE_OBJECT, 0, &spread, "over how long they would begin"},
    {0}};
const struct srv_shape srv_shape_preview = {"ReleasePreview", preview_members, true};

static const struct srv_property device_count_members[] = {
    {"total", SRV_VALUE_INTEGER, 0, NULL, "devices"},
    {"online", SRV_VALUE_INTEGER, 0, NULL, "with a session now"},
    {"enabled", SRV_VALUE_INTEGER, 0, NULL, "that are let in"},
    {"neverSeen", SRV_VALUE_INTEGER, 0, NULL, "that never came"},
    {0}};
static const struct srv_shape device_counts = {"DeviceCounts", device_count_members, false};
static const struct srv_property version_members[] = {
    {"version", SRV_VALUE_TEXT, 0, NULL, "as devices report it"},
    {"count", SRV_VALUE_INTEGER, 0, NULL, "devices that run it"},
    {"online", SRV_VALUE_INTEGER, 0, NULL, "of these"},
    {0}};
static const struct srv_shape version = {"VersionCount", version_members, false};
static const struct srv_property package_members[] = {
    {"package", SRV_VALUE_TEXT, 0, NULL, "its name"},
    {"versions", SRV_VALUE_OBJECT, SRV_PROPERTY_LIST, &version, "newest first"},
    {"unknown", SRV_VALUE_INTEGER, 0, NULL, "devices that report none"},
    {0}};
static const struct srv_shape package = {"PackageCount", package_members, false};
static const struct srv_property failed_event_members[] = {
    {"id", SRV_VALUE_TEXT, 0, NULL, "rises"},
    {"deviceId", SRV_VALUE_TEXT, 0, NULL, "the device"},
    {"deviceName", SRV_VALUE_TEXT, 0, NULL, "its name"},
    {"packageId", SRV_VALUE_TEXT, 0, NULL, "the package"},
    {"eventType", SRV_VALUE_TEXT, 0, NULL, "the state reported"},
    {"status", SRV_VALUE_INTEGER, 0, NULL, "the reason's number"},
    {"message", SRV_VALUE_TEXT, 0, NULL, "the reason"},
    {"detail", SRV_VALUE_TEXT, 0, NULL, "why more closely; empty when it did not say"},
    {"currentVersion", SRV_VALUE_TEXT, 0, NULL, "what it runs"},
    {"targetVersion", SRV_VALUE_TEXT, 0, NULL, "what it was going to"},
    {"timestamp", SRV_VALUE_TIME, 0, NULL, "when it said so"},
    {0}};
static const struct srv_shape failed_event = {"FailedUpdate", failed_event_members, false};
static const struct srv_property capture_count_members[] = {
    {"total", SRV_VALUE_INTEGER, 0, NULL, "captures"},
    {"unlabelled", SRV_VALUE_INTEGER, 0, NULL, "without a label"},
    {"lastDay", SRV_VALUE_INTEGER, 0, NULL, "of the last 24 hours"},
    {0}};
static const struct srv_shape capture_counts = {"CaptureCounts", capture_count_members, false};
static const struct srv_property overview_members[] = {
    {"devices", SRV_VALUE_OBJECT, 0, &device_counts, "how many there are"},
    {"packages", SRV_VALUE_OBJECT, SRV_PROPERTY_LIST, &package, "what they run"},
    {"rollouts", SRV_VALUE_OBJECT, SRV_PROPERTY_LIST, &srv_shape_rollout,
     "releases that devices get, newest first, at most 10"},
    {"failures", SRV_VALUE_OBJECT, SRV_PROPERTY_LIST, &failed_event, "the newest 20"},
    {"captures", SRV_VALUE_OBJECT, 0, &capture_counts, "what came back"},
    {"asOf", SRV_VALUE_TIME, 0, NULL, "when it was counted"},
    {"complete", SRV_VALUE_BOOL, 0, NULL, "false while a large fleet is being read"},
    {0}};
const struct srv_shape srv_shape_overview = {"Overview", overview_members, false};

static const struct srv_property point_members[] = {
    {"time", SRV_VALUE_TIME, 0, NULL, "then"},
    {"counts", SRV_VALUE_INTEGER, SRV_PROPERTY_MAP, NULL, "devices, by version"},
    {0}};
static const struct srv_shape point = {"VersionPoint", point_members, false};
static const struct srv_property history_members[] = {
    {"package", SRV_VALUE_TEXT, 0, NULL, "its name"},
    {"versions", SRV_VALUE_TEXT, SRV_PROPERTY_LIST, NULL, "all that come up"},
    {"points", SRV_VALUE_OBJECT, SRV_PROPERTY_LIST, &point, "oldest first"},
    {0}};
const struct srv_shape srv_shape_overview_history = {"VersionHistory", history_members, false};

static const struct srv_property bulk_members[] = {
    {"matched", SRV_VALUE_INTEGER, 0, NULL, "devices that were meant"},
    {"updated", SRV_VALUE_INTEGER, 0, NULL, "devices that are another now"},
    {"remaining", SRV_VALUE_INTEGER, 0, NULL,
     "devices still to be changed: one call changes 2,000; send the same again"},
    {0}};
const struct srv_shape srv_shape_bulk = {"BulkResult", bulk_members, false};
