/* SPDX-License-Identifier: Apache-2.0 */
#include "server/core/compatibility.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/core/fleet_internal.h"
#include "server/core/profile.h"

/* --- what is needed, what is there ----------------------------------------------------- */

struct needs {
  char name[GW_PACKAGE_MAX + GW_VERSION_MAX + 2]; /* "model@1.2.0" */
  bool is_model;
  uint32_t size_bytes, arena_bytes; /* arena 0: not known */
  json_t *info;
  const json_t *ops; /* names, or objects with a name; in info */
};

struct limits { /* 0 and NULL: not said */
  uint32_t arena_bytes, slot_bytes;
  const char *ops; /* "ADD,CONV_2D" */
};

static void read_needs(const struct srv_artifact *artifact, struct needs *needs) {
  memset(needs, 0, sizeof(*needs));
  snprintf(needs->name, sizeof(needs->name), "%s@%s", artifact->package, artifact->version);
  needs->is_model = artifact->is_model;
  needs->size_bytes = artifact->size_bytes;
  needs->info = json_loads(artifact->model_info, 0, NULL);
  json_int_t arena = json_integer_value(json_object_get(needs->info, "arenaBytes"));
  if (arena > 0 && arena <= UINT32_MAX) needs->arena_bytes = (uint32_t)arena;
  needs->ops = json_object_get(needs->info, "ops");
  /* Uploaded to an older server. */
  if (needs->ops == NULL) needs->ops = json_object_get(needs->info, "operators");
}

static const char *op_name(const json_t *op) {
  const char *name = json_string_value(op);
  return name != NULL ? name : json_string_value(json_object_get(op, "name"));
}

/* The first op that is not there; NULL for none. */
static const char *missing_op(const struct needs *needs, const char *ops) {
  size_t i;
  const json_t *op;
  json_array_foreach((json_t *)(uintptr_t)needs->ops, i, op) {
    const char *name = op_name(op);
    if (name != NULL && !srv_profile_has_op(ops, name)) return name;
  }
  return NULL;
}

/* 13008: "13,008" */
static const char *grouped(uint32_t number, char out[16]) {
  char digits[12];
  int length = snprintf(digits, sizeof(digits), "%u", (unsigned)number), used = 0;
  for (int i = 0; i < length; i++) {
    if (i > 0 && (length - i) % 3 == 0) out[used++] = ',';
    out[used++] = digits[i];
  }
  out[used] = 0;
  return out;
}

/* reason: filled for SRV_FIT_CANNOT. A binary needs its place only. */
static enum srv_fit judge(const struct needs *needs, const struct limits *limits,
                          char reason[SRV_REASON_MAX + 1]) {
  char needed[16], there[16];
  const char *op;
  if (limits->slot_bytes > 0 && needs->size_bytes > limits->slot_bytes) {
    snprintf(reason, SRV_REASON_MAX + 1, "%s bytes, its slot holds %s",
             grouped(needs->size_bytes, needed), grouped(limits->slot_bytes, there));
    return SRV_FIT_CANNOT;
  }
  if (!needs->is_model) return limits->slot_bytes > 0 ? SRV_FIT_CAN : SRV_FIT_UNKNOWN;
  if (limits->ops != NULL && (op = missing_op(needs, limits->ops)) != NULL) {
    snprintf(reason, SRV_REASON_MAX + 1, "needs op %.64s, not in its runtime", op);
    return SRV_FIT_CANNOT;
  }
  if (limits->arena_bytes > 0 && needs->arena_bytes > limits->arena_bytes) {
    snprintf(reason, SRV_REASON_MAX + 1, "needs %s bytes of arena, it has %s",
             grouped(needs->arena_bytes, needed), grouped(limits->arena_bytes, there));
    return SRV_FIT_CANNOT;
  }
  return limits->arena_bytes > 0 && needs->arena_bytes > 0 ? SRV_FIT_CAN : SRV_FIT_UNKNOWN;
}

/* --- blueprints --------------------------------------------------------------------------- */

struct blueprints {
  struct srv_blueprint *row;
  size_t count, capacity;
  bool out_of_memory;
};

static void add_blueprint(void *context, const void *row) {
  struct blueprints *list = context;
  if (list->count == list->capacity) {
    size_t capacity = list->capacity == 0 ? 8 : list->capacity * 2;
    struct srv_blueprint *grown = realloc(list->row, capacity * sizeof(*grown));
    if (grown == NULL) {
      list->out_of_memory = true;
      return;
    }
    list->row = grown;
    list->capacity = capacity;
  }
  list->row[list->count++] = *(const struct srv_blueprint *)row;
}

static int load_blueprints(struct srv_core *core, const char *project_id, struct blueprints *list) {
  struct srv_query query = {0};
  srv_query_text(&query, "project_id", SRV_EQUALS, project_id);
  int status = srv_core_list(core, SRV_BLUEPRINT, &query, add_blueprint, list, NULL);
  return status == SRV_OK && list->out_of_memory ? srv_fail_memory(core) : status;
}

/* Index of the blueprint of a group; count for none. */
static size_t blueprint_of(const struct srv_fleet *fleet, uint32_t group,
                           const struct blueprints *list) {
  const char *text = srv_intern_text(&fleet->groups, group); /* begins with its id */
  for (size_t i = 0; text[0] != 0 && i < list->count; i++) {
    if (strncmp(text, list->row[i].id, SRV_ID_LENGTH) == 0) return i;
  }
  return list->count;
}

/* The device's own word counts more than its blueprint's, each for itself. */
static struct limits limits_of(const struct srv_fleet *fleet, const struct fleet_device *device,
                               const struct blueprints *list, size_t index) {
  struct limits limits = {0};
  unsigned arena = 0, slot = 0;
  int length = 0;
  const char *said = srv_intern_text(&fleet->profiles, device->profile);
  if (sscanf(said, "%u %u %n", &arena, &slot, &length) == 2 && said[length] != 0) {
    limits.ops = said + length;
  }
  limits.arena_bytes = arena;
  limits.slot_bytes = slot;
  if (index == list->count) return limits;
  if (limits.arena_bytes == 0) limits.arena_bytes = list->row[index].arena_bytes;
  if (limits.slot_bytes == 0) limits.slot_bytes = list->row[index].model_bytes_max;
  return limits;
}

/* --- a whole release ------------------------------------------------------------------------- */

/* Devices with one firmware and one blueprint are judged once. */
#define MEMORY 1024u /* direct-mapped */
struct verdict {
  uint32_t group, profile; /* group SRV_INTERN_NONE: empty */
  size_t blueprint;        /* index; count for none */
  enum srv_fit fit;
  char reason[GW_PACKAGE_MAX + GW_VERSION_MAX + SRV_REASON_MAX + 4];
};

struct srv_compatibility {
  struct blueprints blueprints;
  size_t count;
  struct needs needs[SRV_RELEASE_ARTIFACTS_MAX];
  struct verdict memory[MEMORY];
};

static int read_artifact(struct srv_core *core, const struct srv_release *release, size_t index,
                         struct srv_compatibility *out) {
  struct srv_artifact *artifact = malloc(sizeof(*artifact));
  if (artifact == NULL) return srv_fail_memory(core);
  int status =
      srv_get_by_id(core, SRV_ARTIFACT, release->project_id, release->artifact_id[index], artifact);
  if (status == SRV_OK) read_needs(artifact, &out->needs[out->count++]);
  free(artifact);
  return status;
}

int srv_compatibility_begin(struct srv_core *core, const struct srv_release *release,
                            struct srv_compatibility **out) {
  struct srv_compatibility *compatibility = calloc(1, sizeof(*compatibility));
  if (compatibility == NULL) return srv_fail_memory(core);
  int status = load_blueprints(core, release->project_id, &compatibility->blueprints);
  for (size_t i = 0; status == SRV_OK && i < release->artifact_count; i++) {
    status = read_artifact(core, release, i, compatibility);
  }
  if (status != SRV_OK) {
    srv_compatibility_end(compatibility);
    compatibility = NULL;
  }
  *out = compatibility;
  return status;
}

void srv_compatibility_end(struct srv_compatibility *compatibility) {
  if (compatibility == NULL) return;
  for (size_t i = 0; i < compatibility->count; i++) json_decref(compatibility->needs[i].info);
  free(compatibility->blueprints.row);
  free(compatibility);
}

static void judge_all(const struct srv_compatibility *compatibility, const struct limits *limits,
                      struct verdict *verdict) {
  char reason[SRV_REASON_MAX + 1];
  verdict->fit = SRV_FIT_CAN;
  for (size_t i = 0; i < compatibility->count; i++) {
    const struct needs *needs = &compatibility->needs[i];
    enum srv_fit fit = judge(needs, limits, reason);
    if (fit == SRV_FIT_CANNOT) {
      bool several = compatibility->count > 1;
      snprintf(verdict->reason, sizeof(verdict->reason), "%s%s%s", several ? needs->name : "",
               several ? ": " : "", reason);
      verdict->fit = fit;
      return;
    }
    if (fit == SRV_FIT_UNKNOWN) verdict->fit = fit;
  }
}

static const struct verdict *verdict_of(struct srv_compatibility *compatibility,
                                        const struct srv_fleet *fleet,
                                        const struct fleet_device *device) {
  uint32_t hash = device->group * 2654435761u ^ device->profile * 40503u;
  struct verdict *verdict = &compatibility->memory[(hash ^ (hash >> 16)) % MEMORY];
  if (verdict->group == device->group && verdict->profile == device->profile) return verdict;
  verdict->blueprint = blueprint_of(fleet, device->group, &compatibility->blueprints);
  struct limits limits = limits_of(fleet, device, &compatibility->blueprints, verdict->blueprint);
  judge_all(compatibility, &limits, verdict);
  verdict->group = device->group;
  verdict->profile = device->profile;
  return verdict;
}

const char *srv_compatibility_why(struct srv_compatibility *compatibility,
                                  const struct srv_fleet *fleet,
                                  const struct fleet_device *device) {
  const struct verdict *verdict = verdict_of(compatibility, fleet, device);
  return verdict->fit == SRV_FIT_CANNOT ? verdict->reason : NULL;
}

/* --- refusing -----------------------------------------------------------------------------------
 */

struct refusal {
  uint64_t shown;
  char text[SRV_ERROR_MAX];
};

#define NAMED_MAX 2 /* an error is one line */

static void name_unable(void *context, const struct srv_preview_device *device) {
  struct refusal *refusal = context;
  if (device->verdict != SRV_VERDICT_INCOMPATIBLE || refusal->shown == NAMED_MAX) return;
  size_t used = strlen(refusal->text);
  snprintf(refusal->text + used, sizeof(refusal->text) - used, "%s\"%.32s\" (%.64s)",
           refusal->shown == 0 ? "" : ", ", device->name, device->why);
  refusal->shown++;
}

int srv_core_check_release_fit(struct srv_core *core, const struct srv_release *release) {
  struct refusal refusal = {0};
  uint64_t counts[SRV_VERDICTS];
  int status =
      srv_core_preview_release(core, release, 0, UINT64_MAX, name_unable, &refusal, counts);
  uint64_t unable = counts[SRV_VERDICT_INCOMPATIBLE];
  if (status != SRV_OK || unable == 0) return status;
  return srv_fail(core, SRV_ERR_IN_USE,
                  "%llu device%s cannot run this: %.170s%s; narrow the release or send \"force\"",
                  (unsigned long long)unable, unable == 1 ? "" : "s", refusal.text,
                  unable > refusal.shown ? ", ..." : "");
}

/* --- one artifact, by blueprint
 * --------------------------------------------------------------------- */

static void count_reason(struct srv_blueprint_fit *fit, const char *reason) {
  size_t i = 0;
  while (i < fit->reason_count && strcmp(fit->reason[i].text, reason) != 0) i++;
  if (i == SRV_FIT_REASONS_MAX) return;
  if (i == fit->reason_count) {
    snprintf(fit->reason[i].text, sizeof(fit->reason[i].text), "%.127s", reason);
    fit->reason_count++;
  }
  fit->reason[i].count++;
}

static void count_device(struct srv_compatibility *compatibility, const struct srv_fleet *fleet,
                         const struct fleet_device *device, struct srv_blueprint_fit *fits) {
  const struct verdict *verdict = verdict_of(compatibility, fleet, device);
  struct srv_blueprint_fit *fit = &fits[verdict->blueprint];
  fit->devices++;
  if (verdict->fit == SRV_FIT_CAN) fit->can++;
  if (verdict->fit == SRV_FIT_UNKNOWN) fit->unknown++;
  if (verdict->fit != SRV_FIT_CANNOT) return;
  fit->cannot++;
  count_reason(fit, verdict->reason);
}

static int compare_names(const void *a, const void *b) {
  const struct srv_blueprint_fit *left = a, *right = b;
  return strcmp(left->blueprint_name, right->blueprint_name);
}

int srv_core_artifact_fit(struct srv_core *core, const struct srv_artifact *artifact,
                          void (*visit)(void *context, const struct srv_blueprint_fit *fit),
                          void *context) {
  struct srv_release nothing = {0};
  struct srv_compatibility *compatibility = NULL;
  struct srv_blueprint_fit *fits = NULL;
  struct srv_fleet *fleet;
  memcpy(nothing.project_id, artifact->project_id, sizeof(nothing.project_id));
  int status = srv_compatibility_begin(core, &nothing, &compatibility);
  if (status == SRV_OK) status = srv_fleet_of(core, artifact->project_id, &fleet);
  size_t count = status == SRV_OK ? compatibility->blueprints.count : 0;
  if (status == SRV_OK) {
    fits = calloc(count + 1, sizeof(*fits));
    if (fits == NULL) status = srv_fail_memory(core);
  }
  if (status == SRV_OK) {
    read_needs(artifact, &compatibility->needs[compatibility->count++]);
    for (size_t i = 0; i < count; i++) {
      const struct srv_blueprint *blueprint = &compatibility->blueprints.row[i];
      memcpy(fits[i].blueprint_id, blueprint->id, sizeof(blueprint->id));
      memcpy(fits[i].blueprint_name, blueprint->name, sizeof(blueprint->name));
    }
    for (size_t i = 0; i < fleet->count; i++) {
      if (!fleet->device[i].gone) count_device(compatibility, fleet, &fleet->device[i], fits);
    }
    if (count > 1) qsort(fits, count, sizeof(*fits), compare_names);
    for (size_t i = 0; i < count; i++) visit(context, &fits[i]);
    if (fits[count].devices > 0) visit(context, &fits[count]);
  }
  free(fits);
  srv_compatibility_end(compatibility);
  return status;
}
