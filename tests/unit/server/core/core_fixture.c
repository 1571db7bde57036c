/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/core/core_fixture.h"

srv_offer_encoder core_fixture_encode;

static int64_t fixture_now(void *context) { return ((struct core_fixture *)context)->now_us; }

static void write_down(struct core_fixture *fixture, const char *what, const char *project_id,
                       const char *device_id) {
  size_t length = strlen(fixture->told);
  snprintf(fixture->told + length, sizeof(fixture->told) - length, "%s %s %s;", what, project_id,
           device_id == NULL ? "*" : device_id);
}

static void on_manifest(void *context, const char *project_id, const char *device_id) {
  write_down(context, "manifest", project_id, device_id);
}

static void on_revoked(void *context, const char *project_id, const char *device_id) {
  write_down(context, "revoked", project_id, device_id);
}

static void on_credential_revoked(void *context, const char *project_id, const char *device_id,
                                  const char *credential_id) {
  (void)project_id;
  write_down(context, "revoked-credential", credential_id, device_id);
}

static void open_all(struct core_fixture *fixture) {
  char path[512], error[SRV_ERROR_MAX] = "";
  snprintf(path, sizeof(path), "%s/data", test_temporary_folder());
  if (srv_folder_open(&fixture->folder, path, error) != SRV_OK) fail_msg("%s", error);
  struct srv_core_config config = {.store = fixture->folder.store,
                                   .blobs = fixture->folder.blobs,
                                   .now_us = fixture_now,
                                   .clock_context = fixture,
                                   .events_per_package = 8,
                                   .encode = core_fixture_encode};
  if (srv_core_create(&fixture->core, &config, error) != SRV_OK) fail_msg("%s", error);
  struct srv_core_listener listener = {.context = fixture,
                                       .observed_changed = on_manifest,
                                       .device_revoked = on_revoked,
                                       .credential_revoked = on_credential_revoked};
  srv_core_set_listener(fixture->core, &listener);
}

/* The store's own operations, counted: only the outermost commit can fail. */
static const struct srv_store_ops *real_ops;
static struct srv_store_ops counted_ops;
static unsigned depth;
static bool disk_is_full;

static int begin_counted(struct srv_store *store) {
  int status = real_ops->begin(store);
  if (status == SRV_OK) depth++;
  return status;
}

static void rollback_counted(struct srv_store *store) {
  depth--;
  real_ops->rollback(store);
}

static int commit_counted(struct srv_store *store) {
  depth--;
  if (depth > 0 || !disk_is_full) return real_ops->commit(store);
  real_ops->rollback(store);
  return SRV_ERR_NO_SPACE;
}

void core_fixture_fill_disk(struct core_fixture *fixture, bool full) {
  struct srv_store *store = fixture->folder.store;
  disk_is_full = full;
  if (store->ops == &counted_ops) return;
  real_ops = store->ops;
  counted_ops = *real_ops;
  counted_ops.begin = begin_counted;
  counted_ops.commit = commit_counted;
  counted_ops.rollback = rollback_counted;
  depth = 0;
  store->ops = &counted_ops;
}

void core_fixture_begin(struct core_fixture *fixture) {
  memset(fixture, 0, sizeof(*fixture));
  fixture->now_us = INT64_C(1700000000) * 1000000;
  open_all(fixture);
}

void core_fixture_restart(struct core_fixture *fixture) {
  core_fixture_end(fixture);
  open_all(fixture);
}

void core_fixture_end(struct core_fixture *fixture) {
  srv_core_destroy(fixture->core);
  srv_folder_close(&fixture->folder);
}

struct srv_device make_device(struct core_fixture *fixture, const char *name,
                              const char *blueprint_id, const char *tag_id) {
  struct srv_device device = {.project_id = P, .enabled = true};
  snprintf(device.name, sizeof(device.name), "%s", name);
  if (blueprint_id != NULL) strcpy(device.blueprint_id, blueprint_id);
  if (tag_id != NULL) strcpy(device.tag_id[device.tag_count++], tag_id);
  assert_ok(fixture->core, srv_core_create_device(fixture->core, &device));
  return device;
}

struct srv_tag make_tag(struct core_fixture *fixture, const char *name) {
  struct srv_tag tag = {.project_id = P};
  snprintf(tag.name, sizeof(tag.name), "%s", name);
  assert_ok(fixture->core, srv_core_create_tag(fixture->core, &tag));
  return tag;
}

struct srv_blueprint make_blueprint(struct core_fixture *fixture, const char *name) {
  struct srv_blueprint blueprint = {.project_id = P};
  snprintf(blueprint.name, sizeof(blueprint.name), "%s", name);
  assert_ok(fixture->core, srv_core_create_blueprint(fixture->core, &blueprint));
  return blueprint;
}

struct srv_artifact make_artifact(struct core_fixture *fixture, const char *package,
                                  const char *version) {
  struct srv_artifact artifact = {.project_id = P};
  char content[64];
  int length = snprintf(content, sizeof(content), "bytes of %s %s", package, version);
  snprintf(artifact.package, sizeof(artifact.package), "%s", package);
  snprintf(artifact.version, sizeof(artifact.version), "%s", version);
  assert_ok(fixture->core,
            srv_core_create_artifact(fixture->core, &artifact, content, (size_t)length, true));
  return artifact;
}

struct srv_release make_release(struct core_fixture *fixture, const char *artifact_id,
                                const char *blueprint_id, const char *tag_id) {
  struct srv_release release = {.project_id = P, .rollout = true, .artifact_count = 1};
  strcpy(release.artifact_id[0], artifact_id);
  if (blueprint_id != NULL) strcpy(release.blueprint_id, blueprint_id);
  if (tag_id != NULL) strcpy(release.device_tag_id[release.device_tag_count++], tag_id);
  assert_ok(fixture->core, srv_core_create_release(fixture->core, &release));
  return release;
}

struct srv_device_ref ref_of(const struct srv_device *device) {
  struct srv_device_ref ref = {.project_id = P};
  strcpy(ref.device_id, device->id);
  return ref;
}

const char *version_for(struct core_fixture *fixture, const struct srv_device *device) {
  static struct gw_manifest manifest;
  struct srv_device_ref ref = ref_of(device);
  assert_ok(fixture->core, srv_core_manifest(fixture->core, &ref, &manifest));
  return manifest.component_count == 0 ? "" : manifest.component[0].version;
}
