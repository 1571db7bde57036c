/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fake_core.h"

#include <stdarg.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "server/core/log.h"

unsigned fake_core_log_lines;
char fake_core_log_warning[256];

void srv_log(enum srv_log_level level, const char *area, const char *format, ...) {
  va_list arguments;
  (void)area;
  fake_core_log_lines++;
  if (level != SRV_LOG_WARNING) return;
  va_start(arguments, format);
  /* va_start stands one line above; clang 14 loses it after the early return. */
  /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
  vsnprintf(fake_core_log_warning, sizeof fake_core_log_warning, format, arguments);
  va_end(arguments);
}

const char *srv_core_error(const struct srv_core *core) {
  (void)core;
  return "as the test asked";
}

static void fill_manifest(struct gw_manifest *manifest, const char *version, size_t count) {
  manifest->sequence_number++;
  manifest->component_count = count;
  for (size_t i = 0; i < count; i++) {
    struct gw_component *c = &manifest->component[i];
    *c = (struct gw_component){.type = "default", .size_bytes = 26977};
    if (i == 0)
      snprintf(c->package, sizeof c->package, "model");
    else
      snprintf(c->package, sizeof c->package, "asset%u", (unsigned)(i % 100));
    snprintf(c->version, sizeof c->version, "%s", i == 0 ? version : "1.0.0");
    memset(c->digest, (int)manifest->sequence_number, sizeof c->digest);
    gw_component_set_uri(c);
  }
}

void fake_core_init(struct srv_core *core) {
  *core = (struct srv_core){.manifest.sequence_number = 1700000000};
  fill_manifest(&core->manifest, "1.0.0", 1);
}

void fake_core_release(struct srv_core *core, const char *version, size_t component_count) {
  fill_manifest(&core->manifest, version, component_count);
  if (core->listener.observed_changed != NULL)
    core->listener.observed_changed(core->listener.context, "p", NULL);
}

static int index_of(const struct srv_device_ref *device) { return device->device_id[0] - '0'; }

int srv_core_find_psk(struct srv_core *core, const uint8_t *identity, size_t identity_size,
                      struct srv_psk *out) {
  *out = (struct srv_psk){.key_size = 0};
  if (core->revoked_psk || identity_size != 4 || identity[0] != 'd' || identity[1] < '0' ||
      identity[1] > '9' || memcmp(identity + 2, "@p", 2) != 0)
    return SRV_ERR_NOT_FOUND;
  if (core->disabled[identity[1] - '0']) return SRV_ERR_FORBIDDEN;
  snprintf(out->device.project_id, sizeof out->device.project_id, "p");
  snprintf(out->device.device_id, sizeof out->device.device_id, "%c", identity[1]);
  char key[16];
  out->key_size = (size_t)snprintf(key, sizeof key, "secret-%c", identity[1]);
  memcpy(out->key, key, out->key_size);
  return SRV_OK;
}

void srv_core_device_online(struct srv_core *core, const struct srv_device_ref *device) {
  assert(core->batch_depth == 1);
  core->online_calls++;
  core->online[index_of(device)] = 1;
}

void srv_core_device_offline(struct srv_core *core, const struct srv_device_ref *device) {
  assert(core->batch_depth == 1);
  core->offline_calls++;
  core->online[index_of(device)] = 0;
}

int srv_core_manifest(struct srv_core *core, const struct srv_device_ref *device,
                      struct gw_manifest *out) {
  (void)device;
  if (core->manifest_status != SRV_OK) return core->manifest_status;
  *out = core->manifest;
  return SRV_OK;
}

int srv_core_open_blob(struct srv_core *core, const struct srv_device_ref *device,
                       const char *package, const char *version, struct srv_blob_view *out) {
  (void)device;
  if (core->blob == NULL || strcmp(package, "model") != 0 || strcmp(version, "1.0.0") != 0)
    return SRV_ERR_NOT_FOUND;
  *out = (struct srv_blob_view){.data = core->blob, .size = core->blob_size};
  core->blobs_open++;
  return SRV_OK;
}

void srv_core_release_blob(struct srv_core *core, struct srv_blob_view *view) {
  assert(core->blobs_open > 0);
  core->blobs_open--;
  *view = (struct srv_blob_view){.data = NULL};
}

int srv_core_report(struct srv_core *core, const struct srv_device_ref *device,
                    const struct gw_report *report) {
  (void)device;
  assert(core->batch_depth == 1);
  if (core->report_status != SRV_OK) return core->report_status;
  core->report[core->report_count++ % FAKE_REPORTS_MAX] = *report;
  return SRV_OK;
}

void srv_core_batch_begin(struct srv_core *core) {
  assert(core->batch_depth == 0);
  core->batch_depth++;
}

int srv_core_batch_commit(struct srv_core *core) {
  assert(core->batch_depth == 1);
  core->batch_depth--;
  core->commits++;
  return core->commit_status;
}

void srv_core_set_listener(struct srv_core *core, const struct srv_core_listener *listener) {
  core->listener = listener != NULL ? *listener : (struct srv_core_listener){.context = NULL};
}
