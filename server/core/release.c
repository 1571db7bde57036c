/* SPDX-License-Identifier: Apache-2.0 */
/* Releases, and which of them a device gets: of those with rollout on whose
 * blueprint is unset or the device's, and all of whose tags the device has,
 * the one with the highest sequence number. */
#include <mbedtls/sha256.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/core/internal.h"
#include "server/core/log.h"
#include "wire/cbor.h"

/* --- from a release to its manifest --------------------------------------------- */

/* Where the component list begins in an encoded manifest: the value of key 3. */
static int find_components(const uint8_t *data, size_t size, size_t *begin, size_t *end) {
  struct gw_cbor_reader reader;
  struct gw_cbor_item map, key;
  size_t index = 0;
  gw_cbor_reader_init(&reader, data, size);
  int status = gw_cbor_read(&reader, &map);
  while (status == GW_OK && gw_cbor_next(&reader, &map, &index) > 0) {
    status = gw_cbor_read(&reader, &key);
    *begin = reader.offset;
    if (status == GW_OK) status = gw_cbor_skip(&reader);
    *end = reader.offset;
    if (status == GW_OK && key.type == GW_CBOR_UINT && key.uint == 3) return GW_OK;
  }
  return status == GW_OK ? GW_ERR_MISSING : status;
}

/* The manifest's digest is SHA-256 over its encoded component list. */
static int seal_manifest(struct srv_core *core, struct gw_manifest *manifest) {
  uint8_t encoded[GW_MANIFEST_SIZE_MAX];
  size_t begin = 0, end = 0;
  int length = gw_manifest_encode(manifest, encoded, sizeof(encoded));
  if (length < 0) {
    return srv_fail(core, SRV_ERR_INVALID,
                    "the release's manifest does not fit one datagram of %u bytes: "
                    "put fewer artifacts into it",
                    GW_MANIFEST_SIZE_MAX);
  }
  if (find_components(encoded, (size_t)length, &begin, &end) != GW_OK) {
    return srv_fail(core, SRV_ERR_INTERNAL, "the manifest cannot be read back");
  }
  mbedtls_sha256(encoded + begin, end - begin, manifest->digest, 0);
  return SRV_OK;
}

static int check_package_once(struct srv_core *core, const struct gw_manifest *manifest,
                              const char *package) {
  if (gw_manifest_find(manifest, package) == NULL) return SRV_OK;
  return srv_fail(core, SRV_ERR_INVALID, "two artifacts of package \"%s\" in one release", package);
}

/* An artifact made for a blueprint narrows the release to it. */
static int narrow_blueprint(struct srv_core *core, const struct srv_artifact *artifact,
                            char blueprint_id[SRV_ID_LENGTH + 1]) {
  if (artifact->blueprint_id[0] == 0) return SRV_OK;
  if (blueprint_id[0] != 0 && strcmp(blueprint_id, artifact->blueprint_id) != 0) {
    return srv_fail(core, SRV_ERR_INVALID,
                    "artifact %s@%s was made for another blueprint than the rest of the release",
                    artifact->package, artifact->version);
  }
  memcpy(blueprint_id, artifact->blueprint_id, SRV_ID_LENGTH + 1);
  return SRV_OK;
}

static int add_component(struct srv_core *core, const struct srv_release *release,
                         const char *artifact_id, struct srv_compiled_release *out) {
  struct srv_artifact artifact;
  struct gw_manifest *manifest = &out->manifest;
  int status = srv_get_by_id(core, SRV_ARTIFACT, release->project_id, artifact_id, &artifact);
  if (status == SRV_OK) status = check_package_once(core, manifest, artifact.package);
  if (status == SRV_OK) status = narrow_blueprint(core, &artifact, out->blueprint_id);
  if (status != SRV_OK) return status;
  return srv_component_of(core, &artifact, &manifest->component[manifest->component_count++]);
}

int srv_compile_release(struct srv_core *core, const struct srv_release *release,
                        uint32_t sequence_number, struct srv_compiled_release *out) {
  memset(out, 0, sizeof(*out));
  memcpy(out->id, release->id, sizeof(out->id));
  memcpy(out->blueprint_id, release->blueprint_id, sizeof(out->blueprint_id));
  out->tag_count = release->device_tag_count;
  memcpy(out->tag_id, release->device_tag_id, sizeof(out->tag_id));
  memcpy(out->artifact_id, release->artifact_id, sizeof(out->artifact_id));
  out->policy = release->policy;
  out->manifest.sequence_number = sequence_number;
  for (size_t i = 0; i < release->artifact_count; i++) {
    int status = add_component(core, release, release->artifact_id[i], out);
    if (status != SRV_OK) return status;
  }
  return seal_manifest(core, &out->manifest);
}

/* --- the compiled releases of a project ------------------------------------------- */

static void free_compiled(struct srv_compiled_project *project) {
  free(project->release);
  free(project);
}

void srv_drop_compiled(struct srv_core *core, const char *project_id) {
  core->compiled_generation++;
  struct srv_compiled_project **link = &core->compiled;
  while (*link != NULL) {
    struct srv_compiled_project *project = *link;
    if (project_id != NULL && strcmp(project->project_id, project_id) != 0) {
      link = &project->next;
      continue;
    }
    *link = project->next;
    free_compiled(project);
  }
}

/* The releases' rows, kept until the store may be used again. */
struct release_list {
  struct srv_release *release;
  size_t count, capacity;
  bool out_of_memory;
};

static void add_release(void *context, const void *row) {
  struct release_list *list = context;
  if (list->count == list->capacity) {
    size_t capacity = list->capacity == 0 ? 8 : list->capacity * 2;
    struct srv_release *grown = realloc(list->release, capacity * sizeof(*grown));
    if (grown == NULL) {
      list->out_of_memory = true;
      return;
    }
    list->release = grown;
    list->capacity = capacity;
  }
  list->release[list->count++] = *(const struct srv_release *)row;
}

/* A row that is gone or does not fit any more, after a restore or by another's
 * hand: no reason to keep all devices from the other releases. A store that
 * fails is one: devices would be sent back to older releases. */
static bool is_broken(int status) {
  return status == SRV_ERR_NOT_FOUND || status == SRV_ERR_INVALID;
}

static int compile_all(struct srv_core *core, const struct release_list *list,
                       struct srv_compiled_project *project) {
  project->release = calloc(list->count == 0 ? 1 : list->count, sizeof(*project->release));
  if (project->release == NULL || list->out_of_memory) {
    return srv_fail_memory(core);
  }
  for (size_t i = 0; i < list->count; i++) {
    const struct srv_release *release = &list->release[i];
    int status = srv_compile_release(core, release, release->sequence_number,
                                     &project->release[project->count]);
    if (is_broken(status)) {
      srv_log(SRV_LOG_ERROR, "core",
              "release %u of project %s is left out, devices get the one before it: %s",
              release->sequence_number, release->project_id, core->error);
      continue;
    }
    if (status != SRV_OK) return status;
    project->count++;
  }
  return SRV_OK;
}

static int load_project(struct srv_core *core, const char *project_id,
                        struct srv_compiled_project **out) {
  struct release_list list = {0};
  struct srv_query query = {.newest_first = true};
  srv_query_text(&query, "project_id", SRV_EQUALS, project_id);
  srv_query_number(&query, "rollout", SRV_EQUALS, 1);
  struct srv_compiled_project *project = calloc(1, sizeof(*project));
  if (project == NULL) return srv_fail_memory(core);
  int status = srv_core_list(core, SRV_RELEASE, &query, add_release, &list, NULL);
  if (status == SRV_OK) status = compile_all(core, &list, project);
  free(list.release);
  if (status != SRV_OK) {
    free_compiled(project);
    return status;
  }
  snprintf(project->project_id, sizeof(project->project_id), "%s", project_id);
  project->next = core->compiled;
  core->compiled = project;
  *out = project;
  return SRV_OK;
}

int srv_compiled_of(struct srv_core *core, const char *project_id,
                    struct srv_compiled_project **out) {
  for (struct srv_compiled_project *each = core->compiled; each != NULL; each = each->next) {
    if (strcmp(each->project_id, project_id) != 0) continue;
    *out = each;
    return SRV_OK;
  }
  return load_project(core, project_id, out);
}

/* --- matching ------------------------------------------------------------------------ */

static bool has_tag(const struct srv_device *device, const char *tag_id) {
  for (size_t i = 0; i < device->tag_count; i++) {
    if (strcmp(device->tag_id[i], tag_id) == 0) return true;
  }
  return false;
}

bool srv_release_fits(const struct srv_compiled_release *release, const struct srv_device *device) {
  if (release->blueprint_id[0] != 0 && strcmp(release->blueprint_id, device->blueprint_id) != 0) {
    return false;
  }
  for (size_t i = 0; i < release->tag_count; i++) {
    if (!has_tag(device, release->tag_id[i])) return false;
  }
  return true;
}

int srv_core_manifest(struct srv_core *core, const struct srv_device_ref *ref,
                      struct gw_manifest *out) {
  struct srv_device device;
  struct srv_compiled_project *project = NULL;
  memset(out, 0, sizeof(*out));
  int status = srv_get_by_id(core, SRV_DEVICE, ref->project_id, ref->device_id, &device);
  if (status == SRV_OK) status = srv_compiled_of(core, ref->project_id, &project);
  if (status != SRV_OK) return status;
  for (size_t i = 0; i < project->count; i++) { /* highest sequence number first */
    if (!srv_release_fits(&project->release[i], &device)) continue;
    *out = project->release[i].manifest;
    break;
  }
  return SRV_OK;
}

/* --- making and changing ---------------------------------------------------------------- */

static int check_release_tag(struct srv_core *core, const struct srv_release *release,
                             size_t index) {
  const char *label = release->release_tag[index];
  int status = srv_check_title(core, "release tag", label);
  for (size_t i = 0; status == SRV_OK && i < index; i++) {
    if (strcmp(release->release_tag[i], label) != 0) continue;
    status = srv_fail(core, SRV_ERR_INVALID, "release tag \"%s\" is given twice", label);
  }
  if (status != SRV_OK) return status;
  struct srv_release other;
  struct srv_query query = {0};
  srv_query_text(&query, "project_id", SRV_EQUALS, release->project_id);
  srv_query_text(&query, "release_label", SRV_HAS, label);
  status = core->store->ops->get(core->store, SRV_RELEASE, &query, &other);
  if (status == SRV_ERR_NOT_FOUND) return SRV_OK;
  if (status != SRV_OK) return srv_fail_store(core, status);
  if (strcmp(other.id, release->id) == 0) return SRV_OK;
  return srv_fail(core, SRV_ERR_EXISTS, "release already exists with same release tag \"%s\"",
                  label);
}

static bool same_content(const struct srv_release *a, const struct srv_release *b) {
  if (a->artifact_count != b->artifact_count) return false;
  for (size_t i = 0; i < a->artifact_count; i++) {
    if (strcmp(a->artifact_id[i], b->artifact_id[i]) != 0) return false;
  }
  return strcmp(a->blueprint_id, b->blueprint_id) == 0;
}

int srv_check_release_parts(struct srv_core *core, const struct srv_release *release) {
  if (release->artifact_count == 0) {
    return srv_fail(core, SRV_ERR_INVALID, "a release needs at least one artifact");
  }
  int status = srv_check_blueprint(core, release->project_id, release->blueprint_id);
  if (status == SRV_OK) {
    status = srv_check_tags(core, release->project_id, release->device_tag_id[0],
                            sizeof(release->device_tag_id[0]), release->device_tag_count);
  }
  return status;
}

/* With the longest number: the one that it will get is not known yet. */
static int check_compiles(struct srv_core *core, const struct srv_release *release) {
  struct srv_compiled_release *compiled = malloc(sizeof(*compiled));
  if (compiled == NULL) return srv_fail_memory(core);
  int status = srv_compile_release(core, release, INT32_MAX, compiled);
  free(compiled);
  return status;
}

/* One that fits no more can still be switched off. old: NULL for a new one. */
static int check_release(struct srv_core *core, const struct srv_release *release,
                         const struct srv_release *old) {
  int status = srv_check_release_parts(core, release);
  for (size_t i = 0; status == SRV_OK && i < release->release_tag_count; i++) {
    status = check_release_tag(core, release, i);
  }
  bool known = old != NULL && !release->rollout && same_content(release, old);
  if (status == SRV_OK && !known) status = check_compiles(core, release);
  return status == SRV_ERR_NOT_FOUND ? SRV_ERR_INVALID : status;
}

int srv_core_release_problem(struct srv_core *core, const struct srv_release *release,
                             char problem[SRV_ERROR_MAX]) {
  struct srv_compiled_release *compiled = malloc(sizeof(*compiled));
  problem[0] = 0;
  if (compiled == NULL) return srv_fail_memory(core);
  int status = srv_compile_release(core, release, release->sequence_number, compiled);
  free(compiled);
  if (!is_broken(status)) return status;
  snprintf(problem, SRV_ERROR_MAX, "%s", core->error);
  return SRV_OK;
}

/* Unix seconds; two releases in one second, or a clock that was set back, take
 * the next number. */
static int take_sequence_number(struct srv_core *core, struct srv_project *project, uint32_t *out) {
  int64_t number = srv_now_us(core) / 1000000;
  if (number <= project->last_sequence_number) number = project->last_sequence_number + 1;
  if (number > INT32_MAX) {
    return srv_fail(core, SRV_ERR_INTERNAL,
                    "sequence numbers are used up: devices keep 31 bits; check the clock");
  }
  project->last_sequence_number = number;
  *out = (uint32_t)number;
  return srv_fail_store(core, core->store->ops->update(core->store, SRV_PROJECT, project));
}

/* Whom a change concerns is found by re-evaluating: releases are few. */
static int changed(struct srv_core *core, const char *project_id, bool rolled_out) {
  if (!rolled_out) return SRV_OK;
  srv_drop_compiled(core, project_id);
  return srv_note_observed(core, project_id, NULL);
}

static int insert_release(struct srv_core *core, struct srv_project *project,
                          struct srv_release *release) {
  int status = take_sequence_number(core, project, &release->sequence_number);
  if (status != SRV_OK) return status;
  status = core->store->ops->insert(core->store, SRV_RELEASE, release);
  if (status != SRV_OK) return srv_fail_store(core, status);
  return changed(core, release->project_id, release->rollout);
}

int srv_core_create_release(struct srv_core *core, struct srv_release *release) {
  struct srv_project project;
  release->id[0] = 0;
  int status = srv_get_by_id(core, SRV_PROJECT, "", release->project_id, &project);
  if (status == SRV_OK) status = check_release(core, release, NULL);
  if (status == SRV_OK) status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  srv_make_id(core, release->id);
  release->created_us = release->updated_us = srv_now_us(core);
  return srv_transaction_end(core, insert_release(core, &project, release));
}

int srv_core_update_release(struct srv_core *core, struct srv_release *release) {
  struct srv_release old;
  int status = srv_get_by_id(core, SRV_RELEASE, release->project_id, release->id, &old);
  if (status == SRV_OK) status = check_release(core, release, &old);
  if (status == SRV_OK) status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  release->sequence_number = old.sequence_number;
  release->created_us = old.created_us;
  release->updated_us = srv_now_us(core);
  status = srv_fail_store(core, core->store->ops->update(core->store, SRV_RELEASE, release));
  if (status == SRV_OK) {
    status = changed(core, release->project_id, old.rollout || release->rollout);
  }
  return srv_transaction_end(core, status);
}

int srv_core_delete_release(struct srv_core *core, const char *project_id, const char *id) {
  struct srv_release release;
  int status = srv_get_by_id(core, SRV_RELEASE, project_id, id, &release);
  if (status == SRV_OK) status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  struct srv_query query = {0};
  srv_query_text(&query, "id", SRV_EQUALS, id);
  status = srv_fail_store(core, core->store->ops->remove(core->store, SRV_RELEASE, &query));
  if (status == SRV_OK) status = changed(core, project_id, release.rollout);
  return srv_transaction_end(core, status);
}
