/* SPDX-License-Identifier: Apache-2.0 */
/* Devices that this server runs itself, and the example models for them. */
#include "server/core/virtual_device.h"

#include <string.h>

#include "server/rest/internal.h"
#include "server/rest/schema.h"

const struct srv_property srv_virtual_device_members[] = {
    {"deviceId", SRV_VALUE_TEXT, 0, NULL, "the device"},
    {"deviceName", SRV_VALUE_TEXT, 0, NULL, "its name"},
    {"running", SRV_VALUE_BOOL, 0, NULL, "its process runs"},
    {"startedAt", SRV_VALUE_TIME, SRV_PROPERTY_NULL, NULL, "when that process was started"},
    {"restarts", SRV_VALUE_INTEGER, 0, NULL, "so often since the server was started"},
    {"lastError", SRV_VALUE_TEXT, SRV_PROPERTY_NULL, NULL,
     "why its process does not run, or how the one before ended"},
    {0}};
const struct srv_shape srv_shape_virtual_device = {"VirtualDevice", srv_virtual_device_members,
                                                   false};

/* --- answers ------------------------------------------------------------------------ */

static const struct srv_rest_virtual_devices *runner(const struct srv_request *request) {
  return &request->context->virtual_devices;
}

static struct srv_rest_virtual_status status_of(const struct srv_request *request,
                                                const char *device_id) {
  struct srv_rest_virtual_status status = {.running = false};
  bool known = runner(request)->status != NULL &&
               runner(request)->status(runner(request)->context, device_id, &status);
  if (!known && runner(request)->status == NULL) {
    snprintf(status.last_error, sizeof(status.last_error),
             "this server runs no virtual devices: it was started or built without them");
  }
  return status;
}

static json_t *encode(const struct srv_request *request, const struct srv_device *device) {
  struct srv_rest_virtual_status status = status_of(request, device->id);
  json_t *error = status.last_error[0] == 0 ? json_null() : json_string(status.last_error);
  return json_pack("{s:s, s:s, s:b, s:o, s:I, s:o}", "deviceId", device->id, "deviceName",
                   device->name, "running", (int)status.running, "startedAt",
                   srv_encode_time(status.started_us), "restarts", (json_int_t)status.restarts,
                   "lastError", error);
}

static void look_now(const struct srv_request *request) {
  if (runner(request)->look_now != NULL) runner(request)->look_now(runner(request)->context);
}

/* --- routes ------------------------------------------------------------------------- */

static json_t *encode_row(const void *row) {
  const struct srv_virtual_device *device = row;
  return json_pack("{s:s}", "deviceId", device->device_id);
}

static void complete_row(struct srv_request *request, json_t *object) {
  struct srv_device device;
  const char *id = json_string_value(json_object_get(object, "deviceId"));
  if (srv_core_find(request->core, SRV_DEVICE, request->project.id, id, &device) != SRV_OK) return;
  json_t *whole = encode(request, &device);
  json_object_update(object, whole);
  json_decref(whole);
}

int srv_list_virtual_devices(struct srv_request *request) {
  struct srv_query query = {0};
  srv_query_text(&query, "project_id", SRV_EQUALS, request->project.id);
  return srv_answer_list(request, &query, encode_row, complete_row);
}

int srv_create_virtual_device(struct srv_request *request) {
  struct srv_device device;
  char name[SRV_NAME_MAX + 1] = "";
  int status = srv_body_text(request, "name", name, sizeof(name));
  if (status != SRV_OK) return status;
  if (runner(request)->status == NULL) {
    return srv_request_fail(request, SRV_ERR_FORBIDDEN,
                            "this server runs no virtual devices: start it without "
                            "--no-virtual-devices, or build it with all parts");
  }
  status = srv_core_create_virtual_device(request->core, request->project.id, name, &device);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  look_now(request);
  return srv_answer_data(request, encode(request, &device));
}

int srv_delete_virtual_device(struct srv_request *request) {
  struct srv_device device;
  int status = srv_core_find_virtual_device(request->core, request->project.id,
                                            srv_path_argument(request, "device"), &device);
  if (status == SRV_OK) {
    status = srv_core_delete_device(request->core, request->project.id, device.id);
  }
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  look_now(request);
  return srv_answer_empty(request);
}

int srv_get_example(struct srv_request *request) {
  const char *name = srv_path_argument(request, "name");
  struct srv_rest_example example;
  for (size_t i = 0; request->context->example != NULL && request->context->example(i, &example);
       i++) {
    if (strcmp(example.name, name) != 0) continue;
    request->blob = (struct srv_blob_view){.data = example.data, .size = example.size};
    request->has_blob = true;
    snprintf(request->bytes_name, sizeof(request->bytes_name), "%s", name);
    return SRV_OK;
  }
  return srv_request_fail(request, SRV_ERR_NOT_FOUND, "there is no example \"%s\"", name);
}
