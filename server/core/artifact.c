/* SPDX-License-Identifier: Apache-2.0 */
/* Artifacts: taking uploads in, giving bytes out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/core/internal.h"
#include "server/core/log.h"

#define BLOB_FAILURE_INTERVAL_US (60 * 1000000) /* between two lines of the log */

/* --- rules ------------------------------------------------------------------- */

static int check_package(struct srv_core *core, const char *package) {
  size_t length = strlen(package);
  if (length > 0 && strspn(package, "abcdefghijklmnopqrstuvwxyz0123456789_.+-") == length) {
    return SRV_OK;
  }
  return srv_fail(core, SRV_ERR_INVALID,
                  "package \"%s\": 1 to %u of the characters a-z 0-9 _ . + -", package,
                  GW_PACKAGE_MAX);
}

static int check_version(struct srv_core *core, const char *version) {
  if (gw_semver_is_valid(version)) return SRV_OK;
  return srv_fail(
      core, SRV_ERR_INVALID,
      "version \"%s\" is no semantic version: write it as MAJOR.MINOR.PATCH, e.g. 1.2.0", version);
}

static void query_name(struct srv_query *query, const char *project_id, const char *package,
                       const char *version) {
  srv_query_text(query, "project_id", SRV_EQUALS, project_id);
  srv_query_text(query, "package", SRV_EQUALS, package);
  srv_query_text(query, "version", SRV_EQUALS, version);
}

static int already_exists(struct srv_core *core, const struct srv_artifact *artifact) {
  return srv_fail(core, SRV_ERR_EXISTS,
                  "artifact already exists: %s@%s; what devices may be downloading never changes, "
                  "upload it under another version",
                  artifact->package, artifact->version);
}

static int check_not_taken(struct srv_core *core, const struct srv_artifact *artifact) {
  struct srv_artifact *other = malloc(sizeof(*other));
  if (other == NULL) return srv_fail_memory(core);
  struct srv_query query = {0};
  query_name(&query, artifact->project_id, artifact->package, artifact->version);
  srv_query_text(&query, "blueprint_id", SRV_EQUALS, artifact->blueprint_id);
  int status = core->store->ops->get(core->store, SRV_ARTIFACT, &query, other);
  bool itself = status == SRV_OK && strcmp(other->id, artifact->id) == 0;
  free(other);
  if (status == SRV_ERR_NOT_FOUND || itself) return SRV_OK;
  return status == SRV_OK ? already_exists(core, artifact) : srv_fail_store(core, status);
}

int srv_core_check_artifact(struct srv_core *core, const struct srv_artifact *artifact) {
  struct srv_project project;
  int status = check_package(core, artifact->package);
  if (status == SRV_OK) status = check_version(core, artifact->version);
  if (status == SRV_OK) {
    status = srv_get_by_id(core, SRV_PROJECT, "", artifact->project_id, &project);
  }
  if (status == SRV_OK) {
    status = srv_check_blueprint(core, artifact->project_id, artifact->blueprint_id);
    if (status == SRV_ERR_NOT_FOUND) status = SRV_ERR_INVALID;
  }
  return status == SRV_OK ? check_not_taken(core, artifact) : status;
}

int srv_retire_artifact(struct srv_core *core, const struct srv_artifact *artifact) {
  struct srv_retired_artifact row;
  memcpy(row.id, artifact->id, sizeof(row.id));
  memcpy(row.project_id, artifact->project_id, sizeof(row.project_id));
  memcpy(row.package, artifact->package, sizeof(row.package));
  memcpy(row.version, artifact->version, sizeof(row.version));
  memcpy(row.blueprint_id, artifact->blueprint_id, sizeof(row.blueprint_id));
  memcpy(row.digest, artifact->digest, sizeof(row.digest));
  return srv_fail_store(core, core->store->ops->put(core->store, SRV_RETIRED_ARTIFACT, &row));
}

/* A device may still have half of what was deleted under this name. */
static int check_same_as_retired(struct srv_core *core, const struct srv_artifact *artifact) {
  struct srv_retired_artifact old;
  struct srv_query query = {0};
  query_name(&query, artifact->project_id, artifact->package, artifact->version);
  srv_query_text(&query, "blueprint_id", SRV_EQUALS, artifact->blueprint_id);
  int status = core->store->ops->get(core->store, SRV_RETIRED_ARTIFACT, &query, &old);
  if (status == SRV_ERR_NOT_FOUND) return SRV_OK;
  if (status != SRV_OK) return srv_fail_store(core, status);
  if (memcmp(old.digest, artifact->digest, sizeof(old.digest)) == 0) return SRV_OK;
  return srv_fail(core, SRV_ERR_EXISTS,
                  "%s@%s was deleted, but stood for other bytes, which devices may have: "
                  "upload these under another version",
                  artifact->package, artifact->version);
}

/* --- uploads ------------------------------------------------------------------ */

struct srv_upload {
  struct srv_core *core;
  struct srv_blob_writer *writer;
  size_t size_bytes;
};

int srv_core_upload_begin(struct srv_core *core, struct srv_upload **out) {
  struct srv_upload *upload = calloc(1, sizeof(*upload));
  if (upload == NULL) return srv_fail_memory(core);
  upload->core = core;
  int status = core->blobs->ops->begin(core->blobs, &upload->writer);
  if (status != SRV_OK) {
    free(upload);
    srv_fail_blobs(core, status);
    return status;
  }
  *out = upload;
  return SRV_OK;
}

int srv_core_upload_append(struct srv_upload *upload, const void *data, size_t size) {
  struct srv_core *core = upload->core;
  if (size > SRV_ARTIFACT_SIZE_MAX - upload->size_bytes) {
    return srv_fail(core, SRV_ERR_TOO_LARGE, "an artifact has at most %u bytes",
                    SRV_ARTIFACT_SIZE_MAX);
  }
  upload->size_bytes += size;
  return srv_fail_blobs(core, core->blobs->ops->append(upload->writer, data, size));
}

void srv_core_upload_abort(struct srv_upload *upload) {
  if (upload == NULL) return;
  upload->core->blobs->ops->abort(upload->writer);
  free(upload);
}

static int insert_artifact(struct srv_core *core, const struct srv_artifact *artifact) {
  int status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  status = core->store->ops->insert(core->store, SRV_ARTIFACT, artifact);
  if (status == SRV_ERR_EXISTS) {
    already_exists(core, artifact);
  } else {
    srv_fail_store(core, status);
  }
  srv_drop_variants(core);
  return srv_transaction_end(core, status);
}

/* Everything that can say no, before anything is kept. */
static int seal_and_check(struct srv_upload *upload, struct srv_artifact *artifact, bool binary) {
  struct srv_core *core = upload->core;
  struct srv_blob_view view;
  int status = srv_core_check_artifact(core, artifact);
  if (status != SRV_OK) return status;
  if (upload->size_bytes == 0) {
    return srv_fail(core, SRV_ERR_INVALID, "the artifact %s@%s has no bytes", artifact->package,
                    artifact->version);
  }
  status = core->blobs->ops->seal(upload->writer, artifact->digest, &view);
  if (status != SRV_OK) return srv_fail_blobs(core, status);
  status = check_same_as_retired(core, artifact);
  if (status != SRV_OK) return status;
  artifact->size_bytes = (uint32_t)view.size;
  artifact->is_model = !binary;
  return binary ? SRV_OK : srv_check_model(core, view.data, view.size, artifact->model_info);
}

int srv_core_upload_finish(struct srv_upload *upload, struct srv_artifact *artifact, bool binary) {
  struct srv_core *core = upload->core;
  artifact->id[0] = 0;
  artifact->model_info[0] = 0;
  int status = seal_and_check(upload, artifact, binary);
  if (status != SRV_OK) {
    srv_core_upload_abort(upload);
    return status;
  }
  /* First the bytes, then the row that names them: a crash in between leaves a
   * blob that the next start sweeps away, never a row without bytes. */
  status = core->blobs->ops->publish(core->blobs, &upload->writer, 1);
  free(upload);
  if (status != SRV_OK) return srv_fail_blobs(core, status);
  srv_make_id(core, artifact->id);
  artifact->created_us = artifact->updated_us = srv_now_us(core);
  status = insert_artifact(core, artifact);
  if (status != SRV_OK) srv_discard_blob(core, artifact->digest);
  return status;
}

int srv_core_upload_inspect(struct srv_upload *upload, struct srv_artifact *artifact,
                            char problem[SRV_ERROR_MAX]) {
  struct srv_core *core = upload->core;
  struct srv_blob_view view;
  problem[0] = 0;
  artifact->model_info[0] = 0;
  int status =
      srv_fail_blobs(core, core->blobs->ops->seal(upload->writer, artifact->digest, &view));
  if (status == SRV_OK) {
    artifact->size_bytes = (uint32_t)view.size;
    status = srv_check_model(core, view.data, view.size, artifact->model_info);
    artifact->is_model = status == SRV_OK;
  }
  if (status == SRV_ERR_MODEL) {
    snprintf(problem, SRV_ERROR_MAX, "%s", core->error);
    status = SRV_OK;
  }
  srv_core_upload_abort(upload);
  return status;
}

int srv_core_create_artifact(struct srv_core *core, struct srv_artifact *artifact, const void *data,
                             size_t size, bool binary) {
  struct srv_upload *upload = NULL;
  int status = srv_core_upload_begin(core, &upload);
  if (status != SRV_OK) return status;
  status = srv_core_upload_append(upload, data, size);
  if (status == SRV_OK) return srv_core_upload_finish(upload, artifact, binary);
  srv_core_upload_abort(upload);
  return status;
}

int srv_core_update_artifact(struct srv_core *core, struct srv_artifact *artifact) {
  struct srv_artifact old;
  uint64_t releases = 0;
  int status = srv_get_by_id(core, SRV_ARTIFACT, artifact->project_id, artifact->id, &old);
  if (status != SRV_OK || strcmp(old.blueprint_id, artifact->blueprint_id) == 0) return status;
  status = srv_count(core, SRV_RELEASE, "release_artifact", SRV_HAS, old.id, &releases);
  if (status == SRV_OK && releases > 0) {
    status = srv_fail(core, SRV_ERR_IN_USE,
                      "artifact in use: its blueprint stays while %llu release%s it",
                      (unsigned long long)releases, releases == 1 ? " has" : "s have");
  }
  snprintf(old.blueprint_id, sizeof(old.blueprint_id), "%s", artifact->blueprint_id);
  if (status == SRV_OK) status = srv_core_check_artifact(core, &old);
  if (status == SRV_OK) status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  old.updated_us = srv_now_us(core);
  *artifact = old;
  srv_drop_variants(core);
  status = srv_fail_store(core, core->store->ops->update(core->store, SRV_ARTIFACT, artifact));
  return srv_transaction_end(core, status);
}

/* --- giving bytes out ------------------------------------------------------------ */

static void clear_variants(struct srv_variants *variants) {
  for (size_t i = 0; i < variants->count; i++) free(variants->variant[i].offer);
  free(variants->variant);
  memset(variants, 0, sizeof(*variants));
}

void srv_drop_variants(struct srv_core *core) {
  for (size_t i = 0; i < SRV_VARIANTS_CACHED; i++) clear_variants(&core->variants[i]);
}

static struct srv_variants *cache_slot(struct srv_core *core, const char *project_id,
                                       const char *package, const char *version) {
  const char *const parts[] = {project_id, package, version};
  uint32_t hash = 2166136261u; /* FNV-1a */
  for (size_t i = 0; i < 3; i++) {
    for (const char *c = parts[i]; *c != 0; c++) hash = (hash ^ (uint8_t)*c) * 16777619u;
  }
  return &core->variants[(hash ^ (hash >> 16)) % SRV_VARIANTS_CACHED];
}

static void add_variant(void *context, const void *row) {
  struct srv_variants *variants = context;
  const struct srv_artifact *artifact = row;
  if (variants->count == variants->capacity) {
    size_t capacity = variants->capacity == 0 ? 2 : variants->capacity * 2;
    struct srv_variant *grown = realloc(variants->variant, capacity * sizeof(*grown));
    if (grown == NULL) return; /* as if it were not there; asked for again later */
    variants->variant = grown;
    variants->capacity = capacity;
  }
  struct srv_variant *variant = &variants->variant[variants->count++];
  *variant = (struct srv_variant){0};
  memcpy(variant->artifact_id, artifact->id, sizeof(variant->artifact_id));
  memcpy(variant->blueprint_id, artifact->blueprint_id, sizeof(variant->blueprint_id));
  memcpy(variant->digest, artifact->digest, sizeof(variant->digest));
  variant->size_bytes = artifact->size_bytes;
}

static int load_variants(struct srv_core *core, const char *project_id, const char *package,
                         const char *version, struct srv_variants *variants) {
  struct srv_query query = {0};
  query_name(&query, project_id, package, version);
  clear_variants(variants);
  int status = srv_core_list(core, SRV_ARTIFACT, &query, add_variant, variants, NULL);
  if (status != SRV_OK || variants->count == 0) {
    clear_variants(variants);
    if (status != SRV_OK) return status;
    return srv_fail(core, SRV_ERR_NOT_FOUND, "there is no artifact %s@%s", package, version);
  }
  snprintf(variants->project_id, sizeof(variants->project_id), "%s", project_id);
  snprintf(variants->package, sizeof(variants->package), "%s", package);
  snprintf(variants->version, sizeof(variants->version), "%s", version);
  return SRV_OK;
}

/* The one made for the device's blueprint, else the one for any, else the
 * first: whoever asks for a name of the project gets bytes. */
static int choose_variant(struct srv_core *core, const struct srv_device_ref *ref,
                          const struct srv_variants *variants, struct srv_variant **out) {
  struct srv_device device;
  *out = &variants->variant[0];
  if (variants->count == 1) return SRV_OK;
  int status = srv_get_by_id(core, SRV_DEVICE, ref->project_id, ref->device_id, &device);
  if (status != SRV_OK) return status;
  for (size_t i = 0; i < variants->count; i++) {
    struct srv_variant *variant = &variants->variant[i];
    if (variant->blueprint_id[0] == 0) *out = variant;
  }
  for (size_t i = 0; i < variants->count; i++) {
    struct srv_variant *variant = &variants->variant[i];
    if (variant->blueprint_id[0] == 0) continue;
    if (strcmp(variant->blueprint_id, device.blueprint_id) == 0) *out = variant;
  }
  return SRV_OK;
}

/* A row without its bytes is our loss, not the asker's mistake. */
int srv_open_bytes(struct srv_core *core, const uint8_t digest[GW_DIGEST_SIZE], size_t size_bytes,
                   const char *what, struct srv_blob_view *out) {
  int status = core->blobs->ops->open(core->blobs, digest, size_bytes, out);
  if (status == SRV_OK) return SRV_OK;
  const char *reason = status == SRV_ERR_NOT_FOUND
                           ? "its file is gone from blobs/: restore it from a backup"
                           : core->blobs->error;
  if (status == SRV_ERR_NOT_FOUND) status = SRV_ERR_IO;
  srv_fail(core, status, "cannot read %s: %s", what, reason);
  int64_t now = srv_now_us(core);
  if (core->blob_failure_us == 0 || now - core->blob_failure_us >= BLOB_FAILURE_INTERVAL_US) {
    core->blob_failure_us = now; /* devices ask again and again; one line a minute will do */
    srv_log(SRV_LOG_ERROR, "core", "%s", core->error);
  }
  return status;
}

static int open_artifact(struct srv_core *core, const uint8_t digest[GW_DIGEST_SIZE],
                         size_t size_bytes, const char *package, const char *version,
                         struct srv_blob_view *out) {
  char what[GW_PACKAGE_MAX + GW_VERSION_MAX + 2];
  snprintf(what, sizeof(what), "%s@%s", package, version);
  return srv_open_bytes(core, digest, size_bytes, what, out);
}

int srv_variants_of(struct srv_core *core, const char *project_id, const char *package,
                    const char *version, struct srv_variants **out) {
  struct srv_variants *variants = *out = cache_slot(core, project_id, package, version);
  bool is_cached = strcmp(variants->project_id, project_id) == 0 &&
                   strcmp(variants->package, package) == 0 &&
                   strcmp(variants->version, version) == 0;
  return is_cached ? SRV_OK : load_variants(core, project_id, package, version, variants);
}

int srv_variant_for(struct srv_core *core, const struct srv_device_ref *ref, const char *package,
                    const char *version, struct srv_variant **out) {
  struct srv_variants *variants;
  int status = srv_variants_of(core, ref->project_id, package, version, &variants);
  return status == SRV_OK ? choose_variant(core, ref, variants, out) : status;
}

int srv_core_open_blob(struct srv_core *core, const struct srv_device_ref *device,
                       const char *package, const char *version, struct srv_blob_view *out) {
  struct srv_variant *variant;
  int status = srv_variant_for(core, device, package, version, &variant);
  if (status != SRV_OK) return status;
  return open_artifact(core, variant->digest, variant->size_bytes, package, version, out);
}

int srv_core_open_artifact(struct srv_core *core, const struct srv_artifact *artifact,
                           struct srv_blob_view *view) {
  return open_artifact(core, artifact->digest, artifact->size_bytes, artifact->package,
                       artifact->version, view);
}

void srv_core_release_blob(struct srv_core *core, struct srv_blob_view *view) {
  if (view->owner == core) { /* a capture's own copy, not a blob */
    free((void *)(uintptr_t)view->data);
    *view = (struct srv_blob_view){0};
    return;
  }
  core->blobs->ops->release(core->blobs, view);
}

int srv_component_of(struct srv_core *core, const struct srv_artifact *artifact,
                     struct gw_component *out) {
  memset(out, 0, sizeof(*out));
  memcpy(out->package, artifact->package, sizeof(out->package));
  memcpy(out->version, artifact->version, sizeof(out->version));
  memcpy(out->digest, artifact->digest, sizeof(out->digest));
  snprintf(out->type, sizeof(out->type), "default");
  out->size_bytes = artifact->size_bytes;
  if (gw_component_set_uri(out) == GW_OK) return SRV_OK;
  return srv_fail(core, SRV_ERR_INVALID, "the path of %s@%s is longer than devices take",
                  artifact->package, artifact->version);
}
