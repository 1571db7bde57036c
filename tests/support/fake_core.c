/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fake_core.h"

#include <stdarg.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/core/changes.h"
#include "server/core/log.h"
#include "server/core/pki.h"
#include "server/core/signing.h"

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
  memset(core, 0, sizeof *core);
  core->manifest.sequence_number = 1700000000;
  core->listening = -1;
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

void srv_core_credential_used(struct srv_core *core, const struct srv_device_ref *device,
                              const char *credential_id, bool is_certificate) {
  (void)core, (void)device, (void)credential_id, (void)is_certificate;
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

int srv_core_describe(struct srv_core *core, const struct srv_device_ref *device,
                      const char *package, const char *version, struct gw_description *out) {
  (void)device;
  if (core->describe_status != SRV_OK) return core->describe_status;
  if (strcmp(package, "model") != 0 || strcmp(version, "1.0.0") != 0) return SRV_ERR_NOT_FOUND;
  *out = core->description;
  return SRV_OK;
}

int srv_core_open_offer(struct srv_core *core, const struct srv_device_ref *device,
                        const char *wire_id, struct srv_blob_view *out) {
  if (strcmp(wire_id, FAKE_OFFER) != 0) return SRV_ERR_NOT_FOUND;
  return srv_core_open_blob(core, device, "model", "1.0.0", out);
}

void srv_core_offer_progress(struct srv_core *core, const struct srv_device_ref *device,
                             const char *wire_id, uint32_t offset_end, uint32_t size) {
  (void)device;
  if (strcmp(wire_id, FAKE_OFFER) != 0 || offset_end > size) abort();
  core->offer_progress = offset_end;
}

void srv_core_release_blob(struct srv_core *core, struct srv_blob_view *view) {
  assert(core->blobs_open > 0);
  core->blobs_open--;
  *view = (struct srv_blob_view){.data = NULL};
}

void srv_core_download_progress(struct srv_core *core, const struct srv_device_ref *device,
                                const char *package, const char *version, uint32_t offset_end,
                                uint32_t size) {
  (void)core;
  (void)device;
  (void)package;
  (void)version;
  if (offset_end > size) abort();
}

int srv_core_report(struct srv_core *core, const struct srv_device_ref *device,
                    const struct gw_report *report) {
  (void)device;
  assert(core->batch_depth == 1);
  if (core->report_status != SRV_OK) return core->report_status;
  core->report[core->report_count++ % FAKE_REPORTS_MAX] = *report;
  return SRV_OK;
}

/* ---- captures ---- */

struct srv_capture_upload {
  struct srv_core *core;
  struct fake_capture capture;
};

int srv_core_capture_begin(struct srv_core *core, const struct srv_device_ref *device,
                           const char *path, uint16_t format, struct srv_capture_upload **out) {
  if (core->capture_begin_status != SRV_OK) return core->capture_begin_status;
  struct srv_capture_upload *upload = calloc(1, sizeof *upload);
  assert(upload != NULL && strlen(path) <= SRV_STREAM_PATH_MAX);
  upload->core = core;
  upload->capture.device = device->device_id[0];
  upload->capture.format = format;
  memcpy(upload->capture.path, path, strlen(path) + 1);
  core->captures_open++;
  *out = upload;
  return SRV_OK;
}

int srv_core_capture_append(struct srv_capture_upload *upload, const void *data, size_t size) {
  struct fake_capture *capture = &upload->capture;
  if (upload->core->capture_append_status != SRV_OK) return upload->core->capture_append_status;
  if (size > SRV_CAPTURE_SIZE_MAX - capture->size) return SRV_ERR_TOO_LARGE;
  for (size_t i = 0; i < size; i++, capture->size++) {
    uint8_t byte = ((const uint8_t *)data)[i];
    if (capture->size < sizeof capture->first) capture->first[capture->size] = byte;
    capture->sum += byte * (uint32_t)(capture->size + 1);
  }
  return SRV_OK;
}

int srv_core_capture_finish(struct srv_capture_upload *upload) {
  struct srv_core *core = upload->core;
  int status = core->capture_finish_status;
  assert(core->batch_depth == 1);
  if (status == SRV_OK) core->capture[core->capture_count++ % FAKE_CAPTURES_MAX] = upload->capture;
  core->captures_open--;
  free(upload);
  return status;
}

void srv_core_capture_abort(struct srv_capture_upload *upload) {
  upload->core->captures_open--;
  free(upload);
}

/* ---- state: no tree, a text for each path ---- */

static void tell(struct srv_core *core, const char *device_id) {
  if (core->listener.observed_changed != NULL)
    core->listener.observed_changed(core->listener.context, "p", device_id);
}

int srv_core_state_get(struct srv_core *core, const struct srv_device_ref *device, const char *path,
                       char **json) {
  const char *found = "null";
  (void)device;
  if (core->state_status != SRV_OK) return core->state_status;
  for (size_t i = 0; i < FAKE_STATES_MAX; i++)
    if (core->state[i].json != NULL && strcmp(core->state[i].path, path) == 0)
      found = core->state[i].json;
  *json = strdup(found);
  return *json == NULL ? SRV_ERR_INTERNAL : SRV_OK;
}

int srv_core_state_delete(struct srv_core *core, const struct srv_device_ref *device,
                          const char *path) {
  (void)device;
  assert(core->batch_depth <= 1);
  if (core->state_status != SRV_OK) return core->state_status;
  for (size_t i = 0; i < FAKE_STATES_MAX; i++) {
    if (core->state[i].json == NULL || strcmp(core->state[i].path, path) != 0) continue;
    free(core->state[i].json);
    core->state[i].json = NULL;
  }
  tell(core, device->device_id);
  return SRV_OK;
}

int srv_core_state_set(struct srv_core *core, const struct srv_device_ref *device, const char *path,
                       const char *json, size_t size, bool merge) {
  (void)merge;
  int status = srv_core_state_delete(core, device, path);
  if (status != SRV_OK) return status;
  for (size_t i = 0; i < FAKE_STATES_MAX; i++) {
    if (core->state[i].json != NULL) continue;
    snprintf(core->state[i].path, sizeof core->state[i].path, "%s", path);
    core->state[i].json = strndup(json, size);
    tell(core, device->device_id);
    return SRV_OK;
  }
  return SRV_ERR_TOO_LARGE;
}

/* ---- settings ---- */

int srv_core_settings(struct srv_core *core, const struct srv_device_ref *device,
                      struct srv_device_settings *out) {
  (void)device;
  *out = core->settings;
  return SRV_OK;
}

int srv_core_settings_status(struct srv_core *core, const struct srv_device_ref *device,
                             int64_t version, const char *errors) {
  (void)device;
  assert(core->batch_depth == 1);
  core->settings_status_version = version;
  snprintf(core->settings_errors, sizeof core->settings_errors, "%s", errors);
  return SRV_OK;
}

/* ---- calls ---- */

const struct srv_rpc_call *srv_core_rpc_current(struct srv_core *core,
                                                const struct srv_device_ref *device) {
  (void)device;
  return core->call.id[0] != '\0' ? &core->call : NULL;
}

void srv_core_rpc_delivered(struct srv_core *core, const struct srv_device_ref *device,
                            const char *id) {
  (void)device;
  if (strcmp(core->call.id, id) == 0) core->call.delivered = true;
}

void srv_core_rpc_listening(struct srv_core *core, const struct srv_device_ref *device,
                            bool listening) {
  (void)device;
  core->listening = listening;
}

int srv_core_rpc_answer(struct srv_core *core, const struct srv_device_ref *device, const char *id,
                        uint32_t status_code, const char *detail) {
  (void)device;
  if (id[0] == '\0' || strcmp(core->call.id, id) != 0) return SRV_ERR_NOT_FOUND;
  core->call.id[0] = '\0';
  core->answers++;
  core->answer_status = status_code;
  snprintf(core->answer_detail, sizeof core->answer_detail, "%s", detail != NULL ? detail : "");
  return SRV_OK;
}

void fake_core_call(struct srv_core *core, const char *id, const char *method, const char *params) {
  core->call = (struct srv_rpc_call){.params = params};
  snprintf(core->call.id, sizeof core->call.id, "%s", id != NULL ? id : "");
  snprintf(core->call.method, sizeof core->call.method, "%s", id != NULL ? method : "");
  tell(core, "0");
}

/* ---- logs ---- */

int srv_core_device_log(struct srv_core *core, const struct srv_device_ref *device,
                        enum srv_device_log_level level, const char *module, const char *message,
                        const char *fields) {
  (void)device;
  assert(core->batch_depth == 1);
  core->log_count++;
  core->log_level = level;
  snprintf(core->log_module, sizeof core->log_module, "%s", module);
  snprintf(core->log_message, sizeof core->log_message, "%s", message);
  snprintf(core->log_fields, sizeof core->log_fields, "%s", fields);
  return SRV_OK;
}

/* ---- what devices say of themselves ---- */

int srv_core_device_hello(struct srv_core *core, const struct srv_device_ref *device,
                          const struct gw_hello *hello) {
  (void)device;
  assert(core->batch_depth == 1);
  if (core->report_status != SRV_OK) return core->report_status;
  core->hello_count++;
  core->hello = *hello;
  return SRV_OK;
}

int srv_core_shadow_report(struct srv_core *core, const struct srv_device_ref *device,
                           const struct gw_shadow_report *report) {
  (void)device;
  assert(core->batch_depth == 1);
  if (core->report_status != SRV_OK) return core->report_status;
  core->shadow_count++;
  core->shadow = *report;
  return SRV_OK;
}

void fake_core_deinit(struct srv_core *core) {
  for (size_t i = 0; i < FAKE_STATES_MAX; i++) free(core->state[i].json);
}

int srv_core_keyset(struct srv_core *core, const char *project_id, uint32_t epoch,
                    struct srv_keyset *out) {
  if (project_id[0] == 0) return SRV_ERR_INVALID;
  if (core->keyset_status != SRV_OK) return core->keyset_status;
  core->keyset_asked = epoch;
  if (core->keyset.epoch == 0 || epoch != core->keyset.epoch) return SRV_ERR_NOT_FOUND;
  *out = core->keyset;
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

/* --- certificates: nobody has one here ----------------------------------------- */

int64_t srv_core_now_us(const struct srv_core *core) {
  (void)core;
  return INT64_C(1700000000) * 1000000;
}

void srv_core_each_ca(struct srv_core *core, const char *project_id,
                      void (*visit)(void *context, const uint8_t *der, size_t size),
                      void *context) {
  (void)core, (void)project_id, (void)visit, (void)context;
}

int srv_core_check_certificate(struct srv_core *core, const struct srv_peer_certificate *peer) {
  (void)core, (void)peer;
  return SRV_ERR_NOT_FOUND;
}

int srv_core_admit_certificate(struct srv_core *core, const struct srv_peer_certificate *peer,
                               struct srv_device_ref *device,
                               char credential_id[SRV_ID_LENGTH + 1]) {
  (void)core, (void)peer, (void)device, (void)credential_id;
  return SRV_ERR_NOT_FOUND;
}

int srv_core_check_csr(struct srv_core *core, const struct srv_device_ref *device,
                       const uint8_t *csr, size_t size) {
  (void)core, (void)device, (void)csr, (void)size;
  return SRV_ERR_INVALID;
}

int srv_core_find_issued(struct srv_core *core, const struct srv_device_ref *device,
                         const uint8_t *csr, size_t size, uint8_t *out) {
  (void)core, (void)device, (void)csr, (void)size, (void)out;
  return SRV_ERR_NOT_FOUND;
}

int srv_core_sign_csr(struct srv_core *core, const struct srv_device_ref *device,
                      const uint8_t *csr, size_t size, uint8_t *out) {
  (void)core, (void)device, (void)csr, (void)size, (void)out;
  return SRV_ERR_NOT_FOUND;
}

int srv_core_take_issued(struct srv_core *core, const struct srv_device_ref *device,
                         const uint8_t *csr, size_t size, const uint8_t *certificate,
                         size_t certificate_size, uint8_t *out) {
  (void)core, (void)device, (void)csr, (void)size, (void)certificate, (void)certificate_size;
  (void)out;
  return SRV_ERR_INVALID;
}
