/* SPDX-License-Identifier: Apache-2.0 */
/* Settings: a value a key at project, blueprint and device level, of which the
 * nearest wins; and the version that tells a device that something changed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/core/internal.h"
#include "server/core/json.h"
#include "server/core/log.h"

#define DATAGRAM_SIZE 1024 /* what the settings of a device may have as CBOR */
#define HEAD_SIZE 32       /* of it: the map around them, its version */

static int fail_too_large(struct srv_core *core, const char *what) {
  return srv_fail(core, SRV_ERR_TOO_LARGE,
                  "the settings of %s would not fit one datagram of %d bytes and %d keys: use "
                  "shorter or fewer ones",
                  what, DATAGRAM_SIZE, SRV_SETTINGS_MAX);
}

/* --- keys and values ---------------------------------------------------------------- */

static int check_key(struct srv_core *core, const char *key) {
  size_t length = strlen(key);
  size_t good = strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
  if (length > 0 && good == length) return SRV_OK;
  return srv_fail(core, SRV_ERR_INVALID,
                  "setting \"%s\": 1 to %d of the characters A-Z a-z 0-9 _ -", key,
                  SRV_SETTING_KEY_MAX);
}

static const char *type_name(uint8_t type) {
  static const char *const names[] = {"an integer", "a float", "a bool", "a string"};
  return names[type];
}

static bool is_of_type(const json_t *value, uint8_t type) {
  switch ((enum srv_setting_type)type) {
    case SRV_SETTING_INTEGER:
      return json_is_integer(value);
    case SRV_SETTING_FLOAT:
      return json_is_number(value);
    case SRV_SETTING_BOOL:
      return json_is_boolean(value);
    case SRV_SETTING_STRING:
      return json_is_string(value);
  }
  return false;
}

/* Devices refuse an integer where they expect a float: 1 becomes 1.0. */
static int print_value(const json_t *value, struct srv_setting *setting) {
  if (setting->type != SRV_SETTING_FLOAT || json_is_real(value)) {
    return srv_json_print(value, setting->value, sizeof(setting->value));
  }
  json_t *real = json_real((double)json_integer_value(value));
  if (real == NULL) return SRV_ERR_INTERNAL;
  int status = srv_json_print(real, setting->value, sizeof(setting->value));
  json_decref(real);
  return status;
}

static int normalise_value(struct srv_core *core, struct srv_setting *setting) {
  if (setting->type > SRV_SETTING_STRING) {
    return srv_fail(core, SRV_ERR_INVALID, "setting \"%s\" is of no known type", setting->key);
  }
  json_t *value = srv_json_parse(setting->value, strlen(setting->value));
  if (value == NULL || !is_of_type(value, setting->type)) {
    json_decref(value);
    return srv_fail(core, SRV_ERR_INVALID, "setting \"%s\": %.64s is not %s", setting->key,
                    setting->value, type_name(setting->type));
  }
  int status = print_value(value, setting);
  json_decref(value);
  if (status == SRV_OK) return SRV_OK;
  return srv_fail(core, status, "setting \"%s\": its value has at most %d bytes", setting->key,
                  SRV_SETTING_VALUE_MAX);
}

/* Bytes of CBOR that a key and its value take. */
static size_t size_of(const char *key, const char *text) {
  struct gw_cbor_writer writer;
  json_t *value = srv_json_parse(text, strlen(text));
  gw_cbor_writer_init(&writer, NULL, SIZE_MAX);
  gw_cbor_write_text(&writer, key);
  if (value != NULL) srv_json_to_cbor(value, &writer);
  json_decref(value);
  int size = gw_cbor_writer_finish(&writer);
  return size < 0 ? DATAGRAM_SIZE : (size_t)size;
}

/* --- what applies to a device -------------------------------------------------------- */

struct gathering {
  struct srv_device_settings *out;
  bool too_many;
};

/* Kept in the order of keys; what is there already is of a farther level. */
static void add_setting(void *context, const void *row) {
  struct gathering *gathering = context;
  struct srv_device_settings *out = gathering->out;
  const struct srv_setting *setting = row;
  size_t at = 0;
  int order = 1;
  while (at < out->count && (order = strcmp(out->setting[at].key, setting->key)) < 0) at++;
  bool there = at < out->count && order == 0;
  if (!there && out->count == SRV_SETTINGS_MAX) {
    gathering->too_many = true;
    return;
  }
  struct srv_device_setting *slot = &out->setting[at];
  if (!there) memmove(slot + 1, slot, (out->count++ - at) * sizeof(*slot));
  memcpy(slot->key, setting->key, sizeof(slot->key));
  memcpy(slot->value, setting->value, sizeof(slot->value));
  slot->type = setting->type;
}

static int gather_project(struct srv_core *core, const char *project_id, struct gathering *out) {
  struct srv_query query = {0};
  srv_query_text(&query, "project_id", SRV_EQUALS, project_id);
  srv_query_text(&query, "blueprint_id", SRV_EQUALS, "");
  srv_query_text(&query, "device_id", SRV_EQUALS, "");
  return srv_core_list(core, SRV_SETTING, &query, add_setting, out, NULL);
}

/* Their ids are unique on the server. */
static int gather_owner(struct srv_core *core, const char *column, const char *id,
                        struct gathering *out) {
  struct srv_query query = {0};
  if (id[0] == 0) return SRV_OK;
  srv_query_text(&query, column, SRV_EQUALS, id);
  return srv_core_list(core, SRV_SETTING, &query, add_setting, out, NULL);
}

/* blueprint_id, device_id: "" for none. */
static int gather(struct srv_core *core, const char *project_id, const char *blueprint_id,
                  const char *device_id, struct gathering *gathering) {
  gathering->out->count = 0;
  gathering->too_many = false;
  int status = gather_project(core, project_id, gathering);
  if (status == SRV_OK) status = gather_owner(core, "blueprint_id", blueprint_id, gathering);
  if (status == SRV_OK) status = gather_owner(core, "device_id", device_id, gathering);
  return status;
}

static int newer_version(struct srv_core *core, const char *owner_id, int64_t *version) {
  struct srv_settings_version row;
  struct srv_query query = {0};
  if (owner_id[0] == 0) return SRV_OK;
  srv_query_text(&query, "owner_id", SRV_EQUALS, owner_id);
  int status = core->store->ops->get(core->store, SRV_SETTINGS_VERSION, &query, &row);
  if (status == SRV_ERR_NOT_FOUND) return SRV_OK;
  if (status == SRV_OK && row.version > *version) *version = row.version;
  return srv_fail_store(core, status);
}

void srv_drop_levels(struct srv_core *core) {
  for (size_t i = 0; i < SRV_LEVELS_CACHED; i++) {
    free(core->levels[i]);
    core->levels[i] = NULL;
  }
}

static struct srv_level_settings **level_slot(struct srv_core *core, const char *project_id,
                                              const char *blueprint_id) {
  uint32_t hash = 2166136261u; /* FNV-1a */
  for (const char *c = project_id; *c != 0; c++) hash = (hash ^ (uint8_t)*c) * 16777619u;
  for (const char *c = blueprint_id; *c != 0; c++) hash = (hash ^ (uint8_t)*c) * 16777619u;
  return &core->levels[(hash ^ (hash >> 16)) % SRV_LEVELS_CACHED];
}

static int load_levels(struct srv_core *core, struct srv_level_settings *level) {
  struct gathering gathering = {.out = &level->settings};
  level->settings.version = 0;
  int status = gather(core, level->project_id, level->blueprint_id, "", &gathering);
  if (status == SRV_OK) status = newer_version(core, level->project_id, &level->settings.version);
  if (status == SRV_OK) status = newer_version(core, level->blueprint_id, &level->settings.version);
  return status;
}

/* Each change re-evaluates every device that observes: what they have in common
 * is looked up once. */
static int levels_of(struct srv_core *core, const struct srv_device *device,
                     const struct srv_device_settings **out) {
  struct srv_level_settings **slot = level_slot(core, device->project_id, device->blueprint_id);
  struct srv_level_settings *level = *slot;
  if (level == NULL || strcmp(level->project_id, device->project_id) != 0 ||
      strcmp(level->blueprint_id, device->blueprint_id) != 0) {
    *slot = NULL;
    if (level == NULL) level = malloc(sizeof(*level));
    if (level == NULL) return srv_fail_memory(core);
    memcpy(level->project_id, device->project_id, sizeof(level->project_id));
    memcpy(level->blueprint_id, device->blueprint_id, sizeof(level->blueprint_id));
    int status = load_levels(core, level);
    if (status != SRV_OK) {
      free(level);
      return status;
    }
    *slot = level;
  }
  *out = &level->settings;
  return SRV_OK;
}

int srv_core_settings(struct srv_core *core, const struct srv_device_ref *ref,
                      struct srv_device_settings *out) {
  struct srv_device device;
  struct gathering gathering = {.out = out};
  const struct srv_device_settings *common = NULL;
  out->count = 0;
  out->version = 0;
  int status = srv_get_by_id(core, SRV_DEVICE, ref->project_id, ref->device_id, &device);
  if (status == SRV_OK) status = levels_of(core, &device, &common);
  if (status != SRV_OK) return status;
  out->version = common->version;
  out->count = common->count;
  memcpy(out->setting, common->setting, common->count * sizeof(*common->setting));
  status = gather_owner(core, "device_id", device.id, &gathering);
  if (status == SRV_OK) status = newer_version(core, device.id, &out->version);
  if (gathering.too_many) { /* someone else wrote into the store */
    srv_log(SRV_LOG_WARNING, "core", "device %s has more than %d settings: some are left out",
            device.id, SRV_SETTINGS_MAX);
  }
  return status;
}

/* --- do they fit? ---------------------------------------------------------------------- */

/* Exactly, for a device of that blueprint. */
static int check_fit(struct srv_core *core, const char *project_id, const char *blueprint_id,
                     const char *device_id) {
  struct srv_device_settings *settings = malloc(sizeof(*settings));
  if (settings == NULL) return srv_fail_memory(core);
  struct gathering gathering = {.out = settings};
  size_t size = HEAD_SIZE;
  int status = gather(core, project_id, blueprint_id, device_id, &gathering);
  for (size_t i = 0; status == SRV_OK && i < settings->count; i++) {
    size += size_of(settings->setting[i].key, settings->setting[i].value);
  }
  free(settings);
  if (status != SRV_OK) return status;
  if (size <= DATAGRAM_SIZE && !gathering.too_many) return SRV_OK;
  return fail_too_large(core, device_id[0] != 0 ? "a device" : "a blueprint's devices");
}

int srv_settings_check_device(struct srv_core *core, const struct srv_device *device) {
  return check_fit(core, device->project_id, device->blueprint_id, device->id);
}

static int check_device_id(struct srv_core *core, const char *project_id, const char *device_id) {
  struct srv_device device;
  int status = srv_get_by_id(core, SRV_DEVICE, project_id, device_id, &device);
  return status == SRV_OK ? srv_settings_check_device(core, &device) : status;
}

/* A level of the project and what its settings take by themselves. */
struct level {
  char blueprint_id[SRV_ID_LENGTH + 1], device_id[SRV_ID_LENGTH + 1];
  size_t size, count;
};
struct levels {
  struct level *level;
  size_t count, capacity;
  bool out_of_memory;
};

static void add_level(void *context, const void *row) {
  struct levels *levels = context;
  const struct srv_setting *setting = row;
  if (levels->count == levels->capacity) {
    size_t capacity = levels->capacity == 0 ? 16 : levels->capacity * 2;
    struct level *grown = realloc(levels->level, capacity * sizeof(*grown));
    if (grown == NULL) {
      levels->out_of_memory = true;
      return;
    }
    levels->level = grown;
    levels->capacity = capacity;
  }
  struct level *level = &levels->level[levels->count++];
  memcpy(level->blueprint_id, setting->blueprint_id, sizeof(level->blueprint_id));
  memcpy(level->device_id, setting->device_id, sizeof(level->device_id));
  level->size = size_of(setting->key, setting->value);
  level->count = 1;
}

/* Project first, then blueprints, then devices. */
static int compare_levels(const void *a, const void *b) {
  const struct level *left = a, *right = b;
  int order = strcmp(left->device_id, right->device_id);
  return order != 0 ? order : strcmp(left->blueprint_id, right->blueprint_id);
}

/* One for each level, in that order. */
static void sum_up(struct levels *levels) {
  size_t kept = 0;
  if (levels->count > 0) {
    qsort(levels->level, levels->count, sizeof(*levels->level), compare_levels);
  }
  for (size_t i = 0; i < levels->count; i++) {
    struct level *last = kept == 0 ? NULL : &levels->level[kept - 1];
    if (last == NULL || compare_levels(last, &levels->level[i]) != 0) {
      levels->level[kept++] = levels->level[i];
      continue;
    }
    last->size += levels->level[i].size;
    last->count += levels->level[i].count;
  }
  levels->count = kept;
}

static void add_up(struct level *sum, const struct level *level) {
  sum->size += level->size;
  sum->count += level->count;
}

static bool surely_fits(const struct level *sum) {
  return sum->size <= DATAGRAM_SIZE && sum->count <= SRV_SETTINGS_MAX;
}

/* Sums that count a key at each of its levels say yes for nearly all; the
 * others are looked at closely. */
static int check_levels(struct srv_core *core, const char *project_id,
                        const struct levels *levels) {
  struct level project = {.size = HEAD_SIZE}, largest = {0};
  for (size_t i = 0; i < levels->count; i++) {
    const struct level *level = &levels->level[i];
    bool is_device = level->device_id[0] != 0, is_blueprint = level->blueprint_id[0] != 0;
    struct level sum = project;
    add_up(&sum, level);
    if (!is_device && !is_blueprint) {
      project = sum;
    } else if (is_device) {
      add_up(&sum, &largest);
    } else {
      if (level->size > largest.size) largest.size = level->size;
      if (level->count > largest.count) largest.count = level->count;
    }
    if (surely_fits(&sum)) continue;
    int status = is_device ? check_device_id(core, project_id, level->device_id)
                           : check_fit(core, project_id, level->blueprint_id, "");
    if (status != SRV_OK) return status;
  }
  return SRV_OK;
}

static int check_project(struct srv_core *core, const char *project_id) {
  struct levels levels = {0};
  struct srv_query query = {0};
  srv_query_text(&query, "project_id", SRV_EQUALS, project_id);
  int status = srv_core_list(core, SRV_SETTING, &query, add_level, &levels, NULL);
  if (levels.out_of_memory) status = srv_fail_memory(core);
  sum_up(&levels);
  if (status == SRV_OK) status = check_levels(core, project_id, &levels);
  free(levels.level);
  return status;
}

/* With the new row in place; the transaction is undone when it says no. */
static int check_all_fit(struct srv_core *core, const struct srv_setting *setting) {
  if (setting->device_id[0] != 0) {
    return check_device_id(core, setting->project_id, setting->device_id);
  }
  return check_project(core, setting->project_id);
}

/* --- versions ---------------------------------------------------------------------------- */

static void keep_newest(void *context, const void *row) {
  int64_t *newest = context;
  const struct srv_settings_version *version = row;
  if (version->version > *newest) *newest = version->version;
}

/* Above every version of the project, not only the level's own: a device is
 * told the newest of three, which must rise even when the clock was set back. */
int srv_settings_touch(struct srv_core *core, const char *project_id, const char *owner_id) {
  struct srv_settings_version row = {.version = srv_now_us(core)};
  struct srv_query query = {0};
  srv_drop_levels(core);
  int64_t newest = row.version - 1;
  srv_query_text(&query, "project_id", SRV_EQUALS, project_id);
  srv_query_number(&query, "version", SRV_AT_LEAST, row.version);
  int status = srv_core_list(core, SRV_SETTINGS_VERSION, &query, keep_newest, &newest, NULL);
  if (status != SRV_OK) return status;
  row.version = newest + 1;
  snprintf(row.project_id, sizeof(row.project_id), "%s", project_id);
  snprintf(row.owner_id, sizeof(row.owner_id), "%s", owner_id);
  return srv_fail_store(core, core->store->ops->put(core->store, SRV_SETTINGS_VERSION, &row));
}

int srv_settings_forget(struct srv_core *core, const char *owner_id) {
  struct srv_query query = {0};
  srv_query_text(&query, "owner_id", SRV_EQUALS, owner_id);
  srv_drop_levels(core);
  int status = core->store->ops->remove(core->store, SRV_SETTINGS_VERSION, &query);
  return status == SRV_ERR_NOT_FOUND ? SRV_OK : srv_fail_store(core, status);
}

static const char *owner_of(const struct srv_setting *setting) {
  if (setting->device_id[0] != 0) return setting->device_id;
  return setting->blueprint_id[0] != 0 ? setting->blueprint_id : setting->project_id;
}

/* Whom a blueprint's change concerns is found by re-evaluating. */
static int changed(struct srv_core *core, const struct srv_setting *setting) {
  int status = srv_settings_touch(core, setting->project_id, owner_of(setting));
  if (status != SRV_OK) return status;
  const char *device_id = setting->device_id[0] == 0 ? NULL : setting->device_id;
  return srv_note_observed(core, setting->project_id, device_id);
}

/* --- making and changing -------------------------------------------------------------------- */

static int check_level(struct srv_core *core, const struct srv_setting *setting) {
  struct srv_device device;
  if (setting->blueprint_id[0] != 0 && setting->device_id[0] != 0) {
    return srv_fail(core, SRV_ERR_INVALID, "a setting is a blueprint's or a device's, not both");
  }
  int status = srv_check_project(core, setting->project_id);
  if (status == SRV_OK)
    status = srv_check_blueprint(core, setting->project_id, setting->blueprint_id);
  if (status == SRV_OK && setting->device_id[0] != 0) {
    status = srv_get_by_id(core, SRV_DEVICE, setting->project_id, setting->device_id, &device);
  }
  return status;
}

struct other_type {
  const struct srv_setting *setting;
  bool found;
};

static void compare_type(void *context, const void *row) {
  struct other_type *other = context;
  const struct srv_setting *setting = row;
  if (setting->type == other->setting->type) return;
  if (strcmp(setting->id, other->setting->id) != 0) other->found = true;
}

/* A device expects one type a key, whatever level the value comes from. */
static int check_same_type(struct srv_core *core, const struct srv_setting *setting) {
  struct other_type other = {.setting = setting};
  struct srv_query query = {0};
  srv_query_text(&query, "project_id", SRV_EQUALS, setting->project_id);
  srv_query_text(&query, "key", SRV_EQUALS, setting->key);
  int status = srv_core_list(core, SRV_SETTING, &query, compare_type, &other, NULL);
  if (status != SRV_OK || !other.found) return status;
  return srv_fail(core, SRV_ERR_INVALID, "setting \"%s\" is not %s at another level", setting->key,
                  type_name(setting->type));
}

static int insert_setting(struct srv_core *core, const struct srv_setting *setting) {
  int status = core->store->ops->insert(core->store, SRV_SETTING, setting);
  if (status == SRV_ERR_EXISTS) {
    return srv_fail(core, status, "setting \"%s\" already exists at this level", setting->key);
  }
  if (status != SRV_OK) return srv_fail_store(core, status);
  status = check_all_fit(core, setting);
  return status == SRV_OK ? changed(core, setting) : status;
}

int srv_core_create_setting(struct srv_core *core, struct srv_setting *setting) {
  setting->id[0] = 0;
  int status = check_key(core, setting->key);
  if (status == SRV_OK) status = normalise_value(core, setting);
  if (status == SRV_OK) status = check_level(core, setting);
  if (status == SRV_OK) status = check_same_type(core, setting);
  if (status == SRV_OK) status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  srv_make_id(core, setting->id);
  setting->created_us = setting->updated_us = srv_now_us(core);
  return srv_transaction_end(core, insert_setting(core, setting));
}

static bool same_place(const struct srv_setting *a, const struct srv_setting *b) {
  return strcmp(a->key, b->key) == 0 && strcmp(a->blueprint_id, b->blueprint_id) == 0 &&
         strcmp(a->device_id, b->device_id) == 0;
}

static int write_update(struct srv_core *core, const struct srv_setting *setting) {
  int status = srv_fail_store(core, core->store->ops->update(core->store, SRV_SETTING, setting));
  if (status == SRV_OK) status = check_all_fit(core, setting);
  return status == SRV_OK ? changed(core, setting) : status;
}

int srv_core_update_setting(struct srv_core *core, struct srv_setting *setting) {
  struct srv_setting old;
  int status = srv_get_by_id(core, SRV_SETTING, setting->project_id, setting->id, &old);
  if (status == SRV_OK && !same_place(&old, setting)) {
    status = srv_fail(core, SRV_ERR_INVALID,
                      "setting \"%s\": its key and level never change; delete it and make another",
                      old.key);
  }
  if (status == SRV_OK) status = normalise_value(core, setting);
  if (status == SRV_OK) status = check_same_type(core, setting);
  if (status != SRV_OK) return status;
  setting->created_us = old.created_us;
  setting->updated_us = old.updated_us;
  if (old.type == setting->type && strcmp(old.value, setting->value) == 0) return SRV_OK;
  setting->updated_us = srv_now_us(core);
  status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  return srv_transaction_end(core, write_update(core, setting));
}

int srv_core_delete_setting(struct srv_core *core, const char *project_id, const char *id) {
  struct srv_setting setting;
  int status = srv_get_by_id(core, SRV_SETTING, project_id, id, &setting);
  if (status == SRV_OK) status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  status = srv_remove_by_id(core, SRV_SETTING, id);
  if (status == SRV_OK) status = changed(core, &setting);
  return srv_transaction_end(core, status);
}

/* --- what devices say of them ------------------------------------------------------------------
 */

static int copy_errors(struct srv_core *core, struct srv_settings_status *row, const char *errors) {
  size_t length = strlen(errors);
  if (length >= sizeof(row->errors)) {
    return srv_fail(core, SRV_ERR_TOO_LARGE, "a settings status has at most %d bytes of errors",
                    SRV_SETTINGS_ERRORS_MAX);
  }
  json_t *value = srv_json_parse(errors, length);
  bool good = json_is_array(value);
  json_decref(value);
  if (!good) return srv_fail(core, SRV_ERR_INVALID, "a settings status must be a list of errors");
  memcpy(row->errors, errors, length + 1);
  return SRV_OK;
}

int srv_core_settings_status(struct srv_core *core, const struct srv_device_ref *device,
                             int64_t version, const char *errors) {
  struct srv_settings_status row = {.version = version, .time_us = srv_now_us(core)};
  memcpy(row.device_id, device->device_id, sizeof(row.device_id));
  int status = copy_errors(core, &row, errors);
  if (status == SRV_OK) status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  status = srv_fail_store(core, core->store->ops->put(core->store, SRV_SETTINGS_STATUS, &row));
  return srv_transaction_end(core, status);
}

int srv_core_get_settings_status(struct srv_core *core, const char *device_id,
                                 struct srv_settings_status *out) {
  struct srv_query query = {0};
  srv_query_text(&query, "device_id", SRV_EQUALS, device_id);
  int status = core->store->ops->get(core->store, SRV_SETTINGS_STATUS, &query, out);
  if (status == SRV_ERR_NOT_FOUND) {
    return srv_fail(core, status, "the device has said nothing about its settings yet");
  }
  return srv_fail_store(core, status);
}
