/* SPDX-License-Identifier: Apache-2.0 */
/* How far releases have come, and what would become of one that is not made. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/core/compatibility.h"
#include "server/core/fleet_internal.h"
#include "server/core/offers.h"

const char *srv_rollout_state_name(enum srv_rollout_state state) {
  static const char *const names[] = {"waiting",  "downloading", "downloaded",
                                      "updating", "updated",     "failed"};
  return names[state];
}

const char *srv_verdict_name(enum srv_preview_verdict verdict) {
  static const char *const names[] = {"update", "same", "superseded", "incompatible"};
  return names[verdict];
}

/* --- who gets what --------------------------------------------------------------------- */

/* Index of the group's release, + 1; 0 for none. The rule itself is release.c's. */
static uint32_t winner_of(struct srv_core *core, struct srv_fleet *fleet, uint32_t number,
                          const struct srv_compiled_project *releases) {
  struct fleet_group *group = &fleet->group[number];
  if (group->generation == core->compiled_generation + 1) return group->winner;
  struct srv_device device;
  srv_fleet_group_device(fleet, number, &device);
  uint32_t i = 0;
  while (i < releases->count && !srv_release_fits(&releases->release[i], &device)) i++;
  group->winner = i < releases->count ? i + 1 : 0;
  group->generation = core->compiled_generation + 1;
  return group->winner;
}

uint64_t srv_fleet_reach(struct srv_core *core, const char *project_id, size_t release_index) {
  struct srv_fleet *fleet;
  struct srv_compiled_project *releases;
  uint64_t reach = 0;
  if (srv_fleet_of(core, project_id, &fleet) != SRV_OK ||
      srv_compiled_of(core, project_id, &releases) != SRV_OK) {
    return 0;
  }
  for (uint32_t number = 1; number < fleet->groups.count; number++) {
    bool is_used = fleet->groups.slot[number].text != NULL && fleet->group[number].enabled > 0;
    if (is_used && winner_of(core, fleet, number, releases) == release_index + 1) {
      reach += fleet->group[number].enabled;
    }
  }
  return reach;
}

static struct fleet_target target_of(const struct srv_fleet *fleet,
                                     const struct gw_manifest *manifest) {
  struct fleet_target target = {.count = manifest->component_count};
  for (size_t i = 0; i < target.count; i++) {
    const struct gw_component *component = &manifest->component[i];
    target.package[i] = srv_intern_find(&fleet->packages, component->package);
    target.pair[i] = srv_fleet_pair_find(fleet, component->package, component->version);
  }
  return target;
}

/* --- what a device makes of it ------------------------------------------------------------ */

static bool is_failure(uint8_t reason) { return reason > GW_OTA_UPDATED_SUCCESSFULLY; }

/* Of one package. pair SRV_INTERN_NONE: no device says that version. */
static enum srv_rollout_state state_of_package(const struct fleet_status *status, uint32_t pair) {
  if (status == NULL || pair == SRV_INTERN_NONE) return SRV_ROLLOUT_WAITING;
  if (status->version == pair) return SRV_ROLLOUT_UPDATED;
  if (status->target != pair) return SRV_ROLLOUT_WAITING;
  if (is_failure(status->reason)) return SRV_ROLLOUT_FAILED;
  switch (status->state) {
    case GW_OTA_DOWNLOADING:
      return SRV_ROLLOUT_DOWNLOADING;
    case GW_OTA_DOWNLOADED:
      return SRV_ROLLOUT_DOWNLOADED;
    case GW_OTA_UPDATING:
      return SRV_ROLLOUT_UPDATING;
    default:
      return SRV_ROLLOUT_WAITING;
  }
}

/* Of several packages: failed when one has, updated when all are, else what the
 * furthest of the others does. *index: the package that decided. */
static enum srv_rollout_state state_of(const struct fleet_device *device,
                                       const struct fleet_target *target, size_t *index) {
  enum srv_rollout_state furthest = SRV_ROLLOUT_WAITING;
  bool all = true;
  *index = 0;
  for (size_t i = 0; i < target->count; i++) {
    const struct fleet_status *status = srv_fleet_status_of(device, target->package[i]);
    enum srv_rollout_state state = state_of_package(status, target->pair[i]);
    if (state == SRV_ROLLOUT_UPDATED) continue;
    if (all || state > furthest) {
      furthest = state;
      *index = i;
    }
    all = false;
  }
  return all ? SRV_ROLLOUT_UPDATED : furthest;
}

static void count_failure(const struct fleet_status *status, struct srv_rollout *rollout) {
  uint8_t reason = status == NULL ? GW_OTA_READY : status->reason;
  uint8_t detail = status == NULL ? GW_DETAIL_NONE : status->detail;
  if (reason >= SRV_REASONS) reason = SRV_REASONS - 1;
  if (detail >= SRV_DETAILS) detail = SRV_DETAILS - 1;
  rollout->failures[reason]++;
  rollout->details[reason][detail]++;
}

/* --- counting ------------------------------------------------------------------------------- */

void srv_fleet_tally_free(struct fleet_tally *tally) {
  free(tally->rollout);
  free(tally->target);
  *tally = (struct fleet_tally){0};
}

/* A release's filters may fit devices that get a newer one: known by group. */
static void count_superseded(struct srv_core *core, struct srv_fleet *fleet,
                             const struct srv_compiled_project *releases,
                             struct srv_rollout *rollout) {
  for (uint32_t number = 1; number < fleet->groups.count; number++) {
    struct srv_device device;
    uint32_t enabled = fleet->groups.slot[number].text == NULL ? 0 : fleet->group[number].enabled;
    if (enabled == 0) continue;
    uint32_t winner = winner_of(core, fleet, number, releases);
    srv_fleet_group_device(fleet, number, &device);
    for (uint32_t i = winner; winner > 0 && i < releases->count; i++) {
      if (srv_release_fits(&releases->release[i], &device)) rollout[i].superseded += enabled;
    }
  }
}

static int begin_tally(struct srv_core *core, struct srv_fleet *fleet) {
  struct srv_compiled_project *releases;
  struct fleet_tally *tally = &fleet->running;
  srv_fleet_tally_free(tally);
  int status = srv_compiled_of(core, fleet->project_id, &releases);
  if (status != SRV_OK) return status;
  tally->count = releases->count;
  tally->rollout = calloc(tally->count + 1, sizeof(*tally->rollout));
  tally->target = calloc(tally->count + 1, sizeof(*tally->target));
  if (tally->rollout == NULL || tally->target == NULL) {
    srv_fleet_tally_free(tally);
    return srv_fail_memory(core);
  }
  for (size_t i = 0; i < tally->count; i++) {
    memcpy(tally->rollout[i].release_id, releases->release[i].id, sizeof(releases->release[i].id));
    tally->rollout[i].spread_fixed = releases->release[i].policy.spread_fixed;
    tally->rollout[i].spread_s = releases->release[i].policy.spread_s;
    tally->target[i] = target_of(fleet, &releases->release[i].manifest);
  }
  count_superseded(core, fleet, releases, tally->rollout);
  tally->change = fleet->change;
  tally->generation = core->compiled_generation;
  tally->valid = true;
  return SRV_OK;
}

static void count_device(const struct fleet_device *device, const struct fleet_target *target,
                         struct srv_rollout *rollout) {
  size_t index;
  enum srv_rollout_state state = state_of(device, target, &index);
  rollout->targets++;
  rollout->states[state]++;
  if (device->online) rollout->online++;
  if (state != SRV_ROLLOUT_FAILED) return;
  count_failure(srv_fleet_status_of(device, target->package[index]), rollout);
}

static void finish_tally(struct srv_core *core, struct srv_fleet *fleet) {
  srv_fleet_tally_free(&fleet->done);
  fleet->done = fleet->running;
  fleet->running = (struct fleet_tally){0};
  fleet->done.as_of_us = srv_now_us(core);
}

static int step(struct srv_core *core, struct srv_fleet *fleet, size_t slice) {
  struct srv_compiled_project *releases;
  struct fleet_tally *tally = &fleet->running;
  int status = SRV_OK;
  /* Other releases, or numbers that stand for other versions by now: anew. A
   * large fleet changes all the time; a pass that saw some of it is good. */
  bool begun =
      tally->valid && tally->generation == core->compiled_generation && tally->next <= fleet->count;
  if (!begun) status = begin_tally(core, fleet);
  if (status == SRV_OK) status = srv_compiled_of(core, fleet->project_id, &releases);
  if (status != SRV_OK) return status;
  if (tally->generation != core->compiled_generation) return SRV_OK;
  for (size_t i = 0; i < tally->count; i++) {
    tally->target[i] = target_of(fleet, &releases->release[i].manifest);
  }
  size_t end = fleet->count - tally->next < slice ? fleet->count : tally->next + slice;
  for (; tally->next < end; tally->next++) {
    const struct fleet_device *device = &fleet->device[tally->next];
    if (device->gone || !device->enabled) continue;
    uint32_t winner = winner_of(core, fleet, device->group, releases);
    if (winner == 0) continue;
    count_device(device, &tally->target[winner - 1], &tally->rollout[winner - 1]);
  }
  if (tally->next == fleet->count) finish_tally(core, fleet);
  return SRV_OK;
}

bool srv_fleet_tally_step(struct srv_core *core, struct srv_fleet *fleet) {
  if (step(core, fleet, core->fleets.count_slice) != SRV_OK) srv_fleet_tally_free(&fleet->running);
  return fleet->running.valid;
}

/* What is known, as fresh as may be had at once. *complete: all of it is. */
static int count_rollouts(struct srv_core *core, struct srv_fleet *fleet, bool *complete) {
  struct fleet_tally *done = &fleet->done;
  int status = SRV_OK;
  if (!done->valid || done->change != fleet->change ||
      done->generation != core->compiled_generation) {
    bool at_once = fleet->count <= core->fleets.count_now;
    if (at_once) srv_fleet_tally_free(&fleet->running);
    status = step(core, fleet, at_once ? fleet->count : core->fleets.count_slice);
  }
  if (done->valid && done->change == fleet->change) done->as_of_us = srv_now_us(core);
  /* Counts of other releases say nothing of today's. */
  *complete = done->valid && done->generation == core->compiled_generation;
  return status;
}

static int fleet_counted(struct srv_core *core, const char *project_id, struct srv_fleet **fleet,
                         bool *complete) {
  int status = srv_fleet_of(core, project_id, fleet);
  if (status == SRV_OK) status = count_rollouts(core, *fleet, complete);
  *complete = *complete && (*fleet)->loaded && (*fleet)->dirty_count == 0;
  return status;
}

int srv_core_release_rollout(struct srv_core *core, const struct srv_release *release,
                             struct srv_rollout *out) {
  struct srv_fleet *fleet;
  bool complete = false;
  memset(out, 0, sizeof(*out));
  int status = fleet_counted(core, release->project_id, &fleet, &complete);
  if (status != SRV_OK) return status;
  const struct fleet_tally *tally = &fleet->done;
  for (size_t i = 0; i < tally->count; i++) {
    if (strcmp(tally->rollout[i].release_id, release->id) == 0) *out = tally->rollout[i];
  }
  memcpy(out->release_id, release->id, sizeof(out->release_id));
  out->spread_fixed = release->policy.spread_fixed;
  out->spread_s = release->policy.spread_s;
  if (!out->spread_fixed) out->spread_s = srv_core_spread_s(core, out->targets);
  out->as_of_us = tally->as_of_us;
  out->complete = complete;
  return SRV_OK;
}

int srv_core_rollouts(struct srv_core *core, const char *project_id, size_t max,
                      void (*visit)(void *context, const struct srv_rollout *rollout),
                      void *context) {
  struct srv_fleet *fleet;
  bool complete = false;
  int status = fleet_counted(core, project_id, &fleet, &complete);
  if (status != SRV_OK) return status;
  const struct fleet_tally *tally = &fleet->done;
  for (size_t i = 0; i < tally->count && max > 0; i++) {
    struct srv_rollout rollout = tally->rollout[i];
    if (rollout.targets == 0) continue;
    rollout.as_of_us = tally->as_of_us;
    rollout.complete = complete;
    if (!rollout.spread_fixed) rollout.spread_s = srv_core_spread_s(core, rollout.targets);
    visit(context, &rollout);
    max--;
  }
  return SRV_OK;
}

/* --- its devices
 * ---------------------------------------------------------------------------------- */

static struct srv_rollout_device describe(struct srv_core *core, const struct srv_fleet *fleet,
                                          const struct fleet_device *device,
                                          const struct fleet_target *target,
                                          const struct gw_manifest *manifest) {
  size_t index;
  enum srv_rollout_state state = state_of(device, target, &index);
  const struct fleet_status *status = srv_fleet_status_of(device, target->package[index]);
  return (struct srv_rollout_device){
      .id = device->id,
      .name = device->name,
      .online = device->online,
      .ever_seen = device->ever_seen,
      .last_report_us = srv_fleet_last_report(core, device),
      .state = state,
      .reason = state == SRV_ROLLOUT_FAILED ? status->reason : GW_OTA_READY,
      .detail = state == SRV_ROLLOUT_FAILED ? status->detail : GW_DETAIL_NONE,
      .package = manifest->component[index].package,
      .version = status == NULL ? "" : srv_fleet_version_text(fleet, status->version),
      .target = manifest->component[index].version};
}

int srv_core_release_devices(struct srv_core *core, const struct srv_release *release,
                             const struct srv_rollout_filter *filter, uint64_t offset,
                             uint64_t limit,
                             void (*visit)(void *context, const struct srv_rollout_device *device),
                             void *context, uint64_t *total) {
  struct srv_fleet *fleet;
  struct srv_compiled_project *releases;
  *total = 0;
  int status = srv_fleet_whole(core, release->project_id, &fleet);
  if (status == SRV_OK) status = srv_compiled_of(core, release->project_id, &releases);
  if (status != SRV_OK) return status;
  uint32_t own = 0;
  while (own < releases->count && strcmp(releases->release[own].id, release->id) != 0) own++;
  if (own == releases->count) return SRV_OK; /* not rolled out */
  const struct gw_manifest *manifest = &releases->release[own].manifest;
  struct fleet_target target = target_of(fleet, manifest);
  for (size_t i = 0; i < fleet->count; i++) {
    const struct fleet_device *device = &fleet->device[i];
    size_t index;
    if (device->gone || !device->enabled) continue;
    if (winner_of(core, fleet, device->group, releases) != own + 1) continue;
    if (!srv_fleet_contains(device->name, filter->term)) continue;
    if (filter->by_state && state_of(device, &target, &index) != filter->state) continue;
    uint64_t place = (*total)++;
    if (place < offset || place - offset >= limit) continue;
    struct srv_rollout_device seen = describe(core, fleet, device, &target, manifest);
    visit(context, &seen);
  }
  return SRV_OK;
}

/* --- before it is made
 * -------------------------------------------------------------------------------- */

struct preview {
  struct srv_core *core;
  struct srv_fleet *fleet;
  struct srv_compiled_project *releases;
  const struct srv_compiled_release *release;
  struct fleet_target target;
  uint32_t sequence_number;
  struct srv_compatibility *compatibility;
};

/* Devices of a group have the newer of both. */
static bool is_superseded(struct preview *preview, uint32_t group) {
  uint32_t winner = winner_of(preview->core, preview->fleet, group, preview->releases);
  if (winner == 0) return false;
  const struct srv_compiled_release *other = &preview->releases->release[winner - 1];
  return other->manifest.sequence_number > preview->sequence_number;
}

static enum srv_preview_verdict judge(struct preview *preview, const struct fleet_device *device,
                                      const char **why) {
  size_t index;
  *why = srv_compatibility_why(preview->compatibility, preview->fleet, device);
  if (*why != NULL) return SRV_VERDICT_INCOMPATIBLE;
  *why = "";
  if (is_superseded(preview, device->group)) {
    *why = "it gets a newer release";
    return SRV_VERDICT_SUPERSEDED;
  }
  if (state_of(device, &preview->target, &index) != SRV_ROLLOUT_UPDATED) return SRV_VERDICT_UPDATE;
  *why = preview->target.count == 1 ? "it runs this version already"
                                    : "it runs these versions already";
  return SRV_VERDICT_SAME;
}

static struct srv_preview_device show(const struct preview *preview,
                                      const struct fleet_device *device) {
  const struct gw_manifest *manifest = &preview->release->manifest;
  struct srv_preview_device shown = {.id = device->id,
                                     .name = device->name,
                                     .online = device->online,
                                     .ever_seen = device->ever_seen,
                                     .package_count = manifest->component_count};
  for (size_t i = 0; i < shown.package_count; i++) {
    const struct fleet_status *status = srv_fleet_status_of(device, preview->target.package[i]);
    shown.current[i].package = manifest->component[i].package;
    shown.current[i].version =
        status == NULL ? "" : srv_fleet_version_text(preview->fleet, status->version);
  }
  return shown;
}

static void preview_devices(struct preview *preview, uint64_t offset, uint64_t limit,
                            void (*visit)(void *context, const struct srv_preview_device *device),
                            void *context, uint64_t counts[SRV_VERDICTS]) {
  struct srv_fleet *fleet = preview->fleet;
  struct srv_device group_device;
  uint64_t place = 0;
  uint32_t last_group = SRV_INTERN_NONE;
  bool fits = false;
  for (size_t i = 0; i < fleet->count; i++) {
    const struct fleet_device *device = &fleet->device[i];
    if (device->gone || !device->enabled) continue;
    if (device->group != last_group) { /* neighbours are commonly alike */
      srv_fleet_group_device(fleet, device->group, &group_device);
      fits = srv_release_fits(preview->release, &group_device);
      last_group = device->group;
    }
    if (!fits) continue;
    const char *why;
    enum srv_preview_verdict verdict = judge(preview, device, &why);
    counts[verdict]++;
    if (place >= offset && place - offset < limit && visit != NULL) {
      struct srv_preview_device shown = show(preview, device);
      shown.verdict = verdict;
      shown.why = why;
      visit(context, &shown);
    }
    place++;
  }
}

static int compile_preview(struct srv_core *core, const struct srv_release *release,
                           struct srv_compiled_release *compiled, uint32_t *sequence_number) {
  struct srv_release known;
  *sequence_number = UINT32_MAX;
  if (release->id[0] != 0) {
    int status = srv_get_by_id(core, SRV_RELEASE, release->project_id, release->id, &known);
    if (status != SRV_OK) return status;
    *sequence_number = known.sequence_number;
  }
  int status = srv_check_release_parts(core, release);
  return status == SRV_OK ? srv_compile_release(core, release, INT32_MAX, compiled) : status;
}

int srv_core_preview_release(struct srv_core *core, const struct srv_release *release,
                             uint64_t offset, uint64_t limit,
                             void (*visit)(void *context, const struct srv_preview_device *device),
                             void *context, uint64_t counts[SRV_VERDICTS]) {
  struct preview preview = {.core = core};
  memset(counts, 0, SRV_VERDICTS * sizeof(counts[0]));
  struct srv_compiled_release *compiled = malloc(sizeof(*compiled));
  if (compiled == NULL) return srv_fail_memory(core);
  int status = compile_preview(core, release, compiled, &preview.sequence_number);
  if (status == SRV_OK) status = srv_fleet_whole(core, release->project_id, &preview.fleet);
  if (status == SRV_OK) status = srv_compatibility_begin(core, release, &preview.compatibility);
  if (status == SRV_OK) status = srv_compiled_of(core, release->project_id, &preview.releases);
  if (status == SRV_OK) {
    preview.release = compiled;
    preview.target = target_of(preview.fleet, &compiled->manifest);
    preview_devices(&preview, offset, limit, visit, context, counts);
  }
  srv_compatibility_end(preview.compatibility);
  free(compiled);
  return status;
}
