/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of devices by what they report and whether they are here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/core/fleet_internal.h"

/* --- does it fit? -------------------------------------------------------------------------- */

struct selection {
  struct srv_core *core;
  struct srv_fleet *fleet;
  const struct srv_device_filter *filter;
  uint32_t package, pair; /* of the version filter */
  uint32_t last_group;    /* neighbours are commonly alike */
  bool last_group_fits;
};

static bool is_given(const char *text) { return text != NULL && text[0] != 0; }

/* Is that one of a comma-separated list? */
static bool is_among(const char *list, const char *text) {
  size_t wanted = strlen(text), length;
  for (; *list != 0; list += length + (list[length] == ',')) {
    length = strcspn(list, ",");
    if (length == wanted && memcmp(list, text, length) == 0) return true;
  }
  return false;
}

static bool has_tags(const struct srv_device *device, const char *tags) {
  size_t length;
  for (; *tags != 0; tags += length + (tags[length] == ',')) {
    length = strcspn(tags, ",");
    size_t i = 0;
    while (i < device->tag_count &&
           (strlen(device->tag_id[i]) != length || memcmp(device->tag_id[i], tags, length) != 0)) {
      i++;
    }
    if (length > 0 && i == device->tag_count) return false;
  }
  return true;
}

static bool group_fits(struct selection *selection, uint32_t group) {
  const struct srv_device_filter *filter = selection->filter;
  struct srv_device device;
  if (!filter->by_blueprint && !is_given(filter->tags)) return true;
  if (group == selection->last_group) return selection->last_group_fits;
  srv_fleet_group_device(selection->fleet, group, &device);
  bool fits = !filter->by_blueprint || strcmp(device.blueprint_id, filter->blueprint_id) == 0;
  if (fits && is_given(filter->tags)) fits = has_tags(&device, filter->tags);
  selection->last_group = group;
  selection->last_group_fits = fits;
  return fits;
}

static bool runs_it(const struct selection *selection, const struct fleet_device *device) {
  if (!is_given(selection->filter->package)) return true;
  const struct fleet_status *status = srv_fleet_status_of(device, selection->package);
  if (status == NULL || selection->package == SRV_INTERN_NONE) return false;
  if (selection->filter->version == NULL) return true;
  return status->version == selection->pair && selection->pair != SRV_INTERN_NONE;
}

static bool fits(struct selection *selection, const struct fleet_device *device) {
  const struct srv_device_filter *filter = selection->filter;
  if (device->gone) return false;
  if (filter->by_enabled && device->enabled != filter->enabled) return false;
  if (filter->online != SRV_ONLINE_ANY && device->online != (filter->online == SRV_ONLINE_YES)) {
    return false;
  }
  if (!group_fits(selection, device->group) || !runs_it(selection, device)) return false;
  if (is_given(filter->name) && strcmp(device->name, filter->name) != 0) return false;
  if (is_given(filter->ids) && !is_among(filter->ids, device->id)) return false;
  return !is_given(filter->term) || srv_fleet_contains(device->name, filter->term);
}

/* --- in which order? ------------------------------------------------------------------------- */

/* key: what comes first by it comes first; equal ones are compared themselves.
 * Of names it is the first bytes behind what all of them begin with: names are
 * all over the memory. */
struct place {
  const struct fleet_device *device;
  int64_t key;
};

/* Ids rise with the time of creation. Equal ones: by id, so that pages do not
 * overlap. */
static int compare(const struct srv_device_filter *filter, const struct place *a,
                   const struct place *b) {
  int order = (a->key > b->key) - (a->key < b->key);
  if (order == 0 && filter->order == SRV_BY_NAME) order = strcmp(a->device->name, b->device->name);
  if (order == 0) order = strcmp(a->device->id, b->device->id);
  return filter->descending ? -order : order;
}

static void swap(struct place *a, struct place *b) {
  struct place keep = *a;
  *a = *b;
  *b = keep;
}

static int compare_places(const void *a, const void *b, void *filter) {
  return compare(filter, a, b);
}

/* Brings what belongs at [begin, end) there, in order; the rest stays anyhow:
 * quickselect, as a page is small and a fleet is not. */
static void sort_page(const struct srv_device_filter *filter, struct place *place, size_t count,
                      size_t begin, size_t end) {
  size_t low = 0, high = count;
  while (high - low > 64 && begin < end) {
    /* Median of three against sorted input. */
    struct place *middle = &place[low + (high - low) / 2], *last = &place[high - 1];
    if (compare(filter, middle, &place[low]) < 0) swap(middle, &place[low]);
    if (compare(filter, last, &place[low]) < 0) swap(last, &place[low]);
    if (compare(filter, middle, last) < 0) swap(middle, last);
    size_t split = low;
    for (size_t i = low; i + 1 < high; i++) {
      if (compare(filter, &place[i], last) < 0) swap(&place[i], &place[split++]);
    }
    swap(&place[split], last);
    if (end <= split) {
      high = split;
    } else if (begin > split) {
      low = split + 1;
    } else {
      break; /* the page lies across: what is left is sorted as a whole */
    }
  }
  qsort_r(place + low, high - low, sizeof(*place), compare_places, (void *)(uintptr_t)filter);
}

static bool is_in_order(const struct srv_device_filter *filter) {
  bool by_id = filter->order == SRV_BY_ID || filter->order == SRV_BY_CREATED;
  return by_id && !filter->descending;
}

static int select_in_order(struct selection *selection, uint64_t offset, uint64_t limit,
                           char (*ids)[SRV_ID_LENGTH + 1], size_t *count, uint64_t *total) {
  const struct srv_fleet *fleet = selection->fleet;
  for (size_t i = 0; i < fleet->count; i++) {
    if (!fits(selection, &fleet->device[i])) continue;
    uint64_t place = (*total)++;
    if (place < offset || place - offset >= limit) continue;
    memcpy(ids[(*count)++], fleet->device[i].id, SRV_ID_LENGTH + 1);
  }
  return SRV_OK;
}

static size_t common_length(const char *a, const char *b, size_t at_most) {
  size_t length = 0;
  while (length < at_most && a[length] != 0 && a[length] == b[length]) length++;
  return length;
}

/* The next seven bytes as a number, so that it is none below 0. */
static int64_t key_of_text(const char *text) {
  int64_t key = 0;
  for (size_t i = 0; i < 7; i++) {
    key = key * 256 + (unsigned char)*text;
    if (*text != 0) text++;
  }
  return key;
}

static void set_name_keys(struct place *place, size_t count) {
  size_t common = SRV_NAME_MAX;
  for (size_t i = 1; i < count && common > 0; i++) {
    common = common_length(place[0].device->name, place[i].device->name, common);
  }
  if (count < 2) common = 0;
  for (size_t i = 0; i < count; i++) place[i].key = key_of_text(place[i].device->name + common);
}

static int select_sorted(struct selection *selection, uint64_t offset, uint64_t limit,
                         char (*ids)[SRV_ID_LENGTH + 1], size_t *count, uint64_t *total) {
  const struct srv_device_filter *filter = selection->filter;
  const struct srv_fleet *fleet = selection->fleet;
  struct place *place = malloc((fleet->count + 1) * sizeof(*place));
  if (place == NULL) return srv_fail_memory(selection->core);
  size_t found = 0;
  for (size_t i = 0; i < fleet->count; i++) {
    const struct fleet_device *device = &fleet->device[i];
    if (!fits(selection, device)) continue;
    place[found].device = device;
    place[found++].key =
        filter->order == SRV_BY_LAST_REPORT ? srv_fleet_last_report(selection->core, device) : 0;
  }
  *total = found;
  if (filter->order == SRV_BY_NAME) set_name_keys(place, found);
  size_t begin = offset < found ? (size_t)offset : found;
  size_t end = limit < found - begin ? begin + (size_t)limit : found;
  sort_page(filter, place, found, begin, end);
  for (size_t i = begin; i < end; i++) memcpy(ids[(*count)++], place[i].device->id, sizeof(*ids));
  free(place);
  return SRV_OK;
}

static bool is_everything(const struct srv_device_filter *filter) {
  return !is_given(filter->ids) && !is_given(filter->name) && !is_given(filter->term) &&
         !is_given(filter->tags) && !filter->by_blueprint && !filter->by_enabled &&
         filter->online == SRV_ONLINE_ANY && !is_given(filter->package);
}

/* Without a filter a page is where it is, but for those that are gone. */
static bool select_by_place(const struct selection *selection, uint64_t offset, uint64_t limit,
                            char (*ids)[SRV_ID_LENGTH + 1], size_t *count, uint64_t *total) {
  const struct srv_fleet *fleet = selection->fleet;
  if (!is_everything(selection->filter) || !is_in_order(selection->filter) || fleet->gone > 0) {
    return false;
  }
  *total = fleet->count;
  for (uint64_t i = offset; i < fleet->count && i - offset < limit; i++) {
    memcpy(ids[(*count)++], fleet->device[i].id, SRV_ID_LENGTH + 1);
  }
  return true;
}

int srv_core_select_devices(struct srv_core *core, const char *project_id,
                            const struct srv_device_filter *filter, uint64_t offset, uint64_t limit,
                            char (*ids)[SRV_ID_LENGTH + 1], size_t *count, uint64_t *total) {
  struct selection selection = {.core = core, .filter = filter};
  *count = 0;
  *total = 0;
  int status = srv_fleet_whole(core, project_id, &selection.fleet);
  if (status != SRV_OK) return status;
  if (is_given(filter->package)) {
    selection.package = srv_intern_find(&selection.fleet->packages, filter->package);
    selection.pair = filter->version == NULL
                         ? SRV_INTERN_NONE
                         : srv_fleet_pair_find(selection.fleet, filter->package, filter->version);
  }
  if (select_by_place(&selection, offset, limit, ids, count, total)) return SRV_OK;
  return is_in_order(filter) ? select_in_order(&selection, offset, limit, ids, count, total)
                             : select_sorted(&selection, offset, limit, ids, count, total);
}

/* --- their rows
 * ----------------------------------------------------------------------------------- */

struct gathering {
  char (*ids)[SRV_ID_LENGTH + 1];
  size_t count;
  size_t next; /* rows come in the order of ids, and mostly so do we */
  struct srv_device *device;
  struct srv_device_state *state;
};

/* count: it is not among them. */
static size_t index_of(struct gathering *gathering, const char *id) {
  for (size_t i = 0; i < gathering->count; i++) {
    size_t index = (gathering->next + i) % gathering->count;
    if (strcmp(gathering->ids[index], id) != 0) continue;
    gathering->next = index;
    return index;
  }
  return gathering->count;
}

static void join_ids(const struct gathering *gathering, char *text, size_t size) {
  size_t length = 0;
  text[0] = 0;
  for (size_t i = 0; i < gathering->count; i++) {
    length += (size_t)snprintf(text + length, size - length, "%s%s", i == 0 ? "" : ",",
                               gathering->ids[i]);
  }
}

static void gather_device(void *context, const void *row) {
  struct gathering *gathering = context;
  size_t index = index_of(gathering, ((const struct srv_device *)row)->id);
  if (index < gathering->count) gathering->device[index] = *(const struct srv_device *)row;
}

int srv_core_get_devices(struct srv_core *core, const char *project_id,
                         char (*ids)[SRV_ID_LENGTH + 1], size_t count, struct srv_device *out) {
  struct gathering gathering = {.ids = ids, .count = count, .device = out};
  char text[SRV_AMONG_MAX * (SRV_ID_LENGTH + 1) + 1];
  struct srv_query query = {.unordered = true};
  for (size_t i = 0; i < count; i++) out[i].id[0] = 0;
  join_ids(&gathering, text, sizeof(text));
  srv_query_text(&query, "project_id", SRV_EQUALS, project_id);
  srv_query_text(&query, "id", SRV_AMONG, text);
  return srv_core_list(core, SRV_DEVICE, &query, gather_device, &gathering, NULL);
}

static void set_presence(struct srv_device_state *state, const struct srv_presence *presence) {
  state->last_report_us = presence->last_report_us;
  state->last_seen_online_us = presence->last_online_us;
  state->last_seen_offline_us = presence->last_offline_us;
}

static void gather_presence(void *context, const void *row) {
  struct gathering *gathering = context;
  const struct srv_presence *presence = row;
  size_t index = index_of(gathering, presence->device_id);
  if (index < gathering->count) set_presence(&gathering->state[index], presence);
}

static void gather_status(void *context, const void *row) {
  struct gathering *gathering = context;
  const struct srv_ota_status *status = row;
  size_t index = index_of(gathering, status->device_id);
  if (index == gathering->count) return;
  struct srv_device_state *state = &gathering->state[index];
  if (state->status_count < SRV_DEVICE_PACKAGES_MAX) state->status[state->status_count++] = *status;
}

int srv_core_device_states(struct srv_core *core, char (*ids)[SRV_ID_LENGTH + 1], size_t count,
                           struct srv_device_state *out) {
  struct gathering gathering = {.ids = ids, .count = count, .state = out};
  char text[SRV_AMONG_MAX * (SRV_ID_LENGTH + 1) + 1];
  struct srv_query presences = {.unordered = true}, statuses = {0};
  for (size_t i = 0; i < count; i++) {
    out[i].online = false;
    out[i].status_count = 0;
    set_presence(&out[i], &(struct srv_presence){.last_report_us = 0});
  }
  if (count == 0) return SRV_OK;
  join_ids(&gathering, text, sizeof(text));
  srv_query_text(&presences, "device_id", SRV_AMONG, text);
  int status = srv_core_list(core, SRV_PRESENCE, &presences, gather_presence, &gathering, NULL);
  srv_query_text(&statuses, "device_id", SRV_AMONG, text);
  if (status == SRV_OK) {
    status = srv_core_list(core, SRV_OTA_STATUS, &statuses, gather_status, &gathering, NULL);
  }
  for (size_t i = 0; i < count; i++) { /* what is newer than the store */
    const struct srv_seen *seen = srv_seen_find(core, ids[i]);
    if (seen == NULL) continue;
    set_presence(&out[i], &seen->presence);
    out[i].online = seen->online;
  }
  return status;
}
