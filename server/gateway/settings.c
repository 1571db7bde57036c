/* SPDX-License-Identifier: Apache-2.0 */
/* Settings on the wire: `.c` is what the operator wants of this device,
 * `.c/status` what the device makes of it. */
#include <string.h>

#include "server/core/types.h"
#include "server/gateway/internal.h"

/* A float is one on the wire too, whatever its value: published clients refuse
 * an integer there. */
static json_t *value_of(const struct srv_device_setting *setting) {
  json_t *value = json_loads(setting->value, JSON_DECODE_ANY, NULL);
  if (setting->type != SRV_SETTING_FLOAT || !json_is_integer(value)) return value;
  json_t *real = json_real((double)json_integer_value(value));
  json_decref(value);
  return real;
}

static json_t *to_json(const struct srv_device_settings *settings) {
  json_t *values = json_object();
  for (size_t i = 0; i < settings->count; i++)
    json_object_set_new(values, settings->setting[i].key, value_of(&settings->setting[i]));
  return json_pack("{s:I, s:o}", "version", (json_int_t)settings->version, "settings", values);
}

static int represent_settings(struct srv_gateway *gateway, struct session *session,
                              const char *path, uint16_t format, uint8_t *buffer, size_t size) {
  static struct srv_device_settings settings; /* 37 kB: too much for the stack of one loop */
  (void)path;
  int status = srv_core_settings(gateway->core, &session->device->ref, &settings);
  if (status != SRV_OK) return status;
  json_t *root = to_json(&settings);
  if (root == NULL) return SRV_ERR_INTERNAL;
  int length = format == GW_COAP_FORMAT_JSON ? convert_to_json(root, buffer, size)
                                             : convert_to_cbor(root, buffer, size);
  json_decref(root);
  return length < 0 ? SRV_ERR_INTERNAL : length;
}

static const struct observable settings_observable = {.represent = represent_settings};

void settings_get(const struct request *request, struct response *response) {
  respond_with(request, response, &settings_observable,
               convert_accept(request->message, GW_COAP_FORMAT_CBOR));
}

/* ---- what the device says of them ---- */

static bool is_error(const json_t *error) {
  return json_is_string(json_object_get(error, "setting_key")) &&
         json_is_integer(json_object_get(error, "error_code"));
}

/* {"version", ["errors": [{"setting_key", "error_code"}]]}: the errors as JSON
 * without anything else, or NULL. */
static json_t *take_errors(const json_t *root) {
  json_t *errors = json_object_get(root, "errors"), *error, *taken = json_array();
  size_t index;
  bool good = errors == NULL || json_is_null(errors) || json_is_array(errors);
  json_array_foreach(errors, index, error) {
    good = good && is_error(error);
    if (good)
      json_array_append_new(
          taken, json_pack("{s:O, s:O}", "setting_key", json_object_get(error, "setting_key"),
                           "error_code", json_object_get(error, "error_code")));
  }
  if (good) return taken;
  json_decref(taken);
  return NULL;
}

static int take_status(const struct request *request, const json_t *root) {
  char text[SRV_SETTINGS_ERRORS_MAX + 1];
  const json_t *version = json_object_get(root, "version");
  if (!json_is_integer(version)) return SRV_ERR_INVALID;
  json_t *errors = take_errors(root);
  if (errors == NULL) return SRV_ERR_INVALID;
  int length = convert_to_json(errors, (uint8_t *)text, sizeof text - 1);
  json_decref(errors);
  if (length < 0) return SRV_ERR_TOO_LARGE;
  text[length] = '\0';
  return srv_core_settings_status(request->gateway->core, &request->session->device->ref,
                                  json_integer_value(version), text);
}

void settings_post_status(const struct request *request, struct response *response) {
  json_t *root;
  response->code = convert_payload(request->message, &root);
  if (response->code != 0) return;
  respond_written(response, take_status(request, root), GW_COAP_CHANGED);
  json_decref(root);
}
