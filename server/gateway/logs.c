/* SPDX-License-Identifier: Apache-2.0 */
/* A device's log lines: POST `.s/logs`, or `logs` as clients before 0.15 do.
 * One map a message: "level", "module", "msg"; what else it holds is kept as
 * fields. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "server/gateway/internal.h"

static bool level_of_name(const char *name, enum srv_device_log_level *out) {
  static const struct {
    const char *name;
    enum srv_device_log_level level;
  } levels[] = {
      {"error", SRV_DEVICE_ERROR},  {"err", SRV_DEVICE_ERROR},   {"warn", SRV_DEVICE_WARN},
      {"warning", SRV_DEVICE_WARN}, {"wrn", SRV_DEVICE_WARN},    {"info", SRV_DEVICE_INFO},
      {"inf", SRV_DEVICE_INFO},     {"debug", SRV_DEVICE_DEBUG}, {"dbg", SRV_DEVICE_DEBUG}};
  for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
    if (strcasecmp(levels[i].name, name) != 0) continue;
    *out = levels[i].level;
    return true;
  }
  return false;
}

/* Numbers are Zephyr's: 1 error, 2 warning, 3 information, 4 debug. */
static enum srv_device_log_level level_of_number(json_int_t number) {
  return number <= 1   ? SRV_DEVICE_ERROR
         : number == 2 ? SRV_DEVICE_WARN
         : number == 3 ? SRV_DEVICE_INFO
                       : SRV_DEVICE_DEBUG;
}

static bool take_level(json_t *root, enum srv_device_log_level *out) {
  const json_t *level = json_object_get(root, "level");
  bool good = true;
  *out = SRV_DEVICE_INFO;
  if (json_is_integer(level))
    *out = level_of_number(json_integer_value(level));
  else if (level != NULL)
    good = json_is_string(level) && level_of_name(json_string_value(level), out);
  if (good) json_object_del(root, "level");
  return good;
}

/* *out is the caller's, owned by the value taken out of root. */
static bool take_text(json_t *root, const char *key, json_t **owner, const char **out) {
  *owner = json_incref(json_object_get(root, key));
  *out = *owner == NULL ? "" : json_string_value(*owner);
  json_object_del(root, key);
  return *out != NULL;
}

/* Too many of them: the last ones go, so that what is kept is JSON. */
static void write_fields(json_t *root, char text[SRV_LOG_FIELDS_MAX + 1]) {
  int length = 0;
  while (json_object_size(root) > 0) {
    length = convert_to_json(root, (uint8_t *)text, SRV_LOG_FIELDS_MAX);
    if (length > 0) break;
    length = 0;
    const char *key, *last = NULL;
    json_t *value;
    json_object_foreach(root, key, value) last = key;
    if (last != NULL) json_object_del(root, last);
  }
  text[length] = '\0';
}

static int take_line(const struct request *request, json_t *root) {
  enum srv_device_log_level level;
  json_t *module_owner = NULL, *message_owner = NULL;
  const char *module, *message;
  char fields[SRV_LOG_FIELDS_MAX + 1];
  int status = SRV_ERR_INVALID;
  if (json_is_object(root) && take_level(root, &level) &&
      take_text(root, "module", &module_owner, &module) &&
      take_text(root, "msg", &message_owner, &message)) {
    write_fields(root, fields);
    status = srv_core_device_log(request->gateway->core, &request->session->device->ref, level,
                                 module, message, fields);
  }
  json_decref(module_owner);
  json_decref(message_owner);
  return status;
}

void logs_post(const struct request *request, struct response *response) {
  json_t *root;
  response->code = convert_payload(request->message, &root);
  if (response->code != 0) return;
  respond_written(response, take_line(request, root), GW_COAP_CHANGED);
  json_decref(root);
}
