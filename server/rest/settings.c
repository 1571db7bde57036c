/* SPDX-License-Identifier: Apache-2.0 */
/* Settings on three levels, and what applies to one device. */
#include <stdlib.h>
#include <string.h>

#include "server/rest/internal.h"

/* --- of a project ------------------------------------------------------------------------ */

/* level: the one of these that has neither a device nor a blueprint, and so on. */
static int add_level(struct srv_request *request, struct srv_query *query) {
  const char *level = srv_query_value(request, "level");
  if (level == NULL || level[0] == 0) return SRV_OK;
  if (strcmp(level, "project") == 0) {
    srv_query_text(query, "device_id", SRV_EQUALS, "");
    srv_query_text(query, "blueprint_id", SRV_EQUALS, "");
  } else if (strcmp(level, "blueprint") == 0) {
    srv_query_text(query, "blueprint_id", SRV_AT_LEAST, "0");
  } else if (strcmp(level, "device") == 0) {
    srv_query_text(query, "device_id", SRV_AT_LEAST, "0");
  } else {
    return srv_request_fail_field(request, "level", "must be project, blueprint or device");
  }
  return SRV_OK;
}

int srv_list_settings(struct srv_request *request) {
  struct srv_query query = {0};
  srv_query_text(&query, "project_id", SRV_EQUALS, request->project.id);
  int status = add_level(request, &query);
  return status == SRV_OK ? srv_answer_list(request, &query, srv_encode_setting, NULL) : status;
}

static int find_setting(struct srv_request *request, struct srv_setting *setting) {
  return srv_find_of_path(request, SRV_SETTING, "setting", setting);
}

static int answer_setting(struct srv_request *request, int status,
                          const struct srv_setting *setting) {
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  return srv_answer_data(request, srv_encode_setting(setting));
}

/* What a JSON value is where dataType does not say it. */
static int type_of_value(struct srv_request *request, uint8_t *type) {
  const json_t *value = json_object_get(request->body, "value");
  if (json_is_integer(value)) {
    *type = SRV_SETTING_INTEGER;
  } else if (json_is_real(value)) {
    *type = SRV_SETTING_FLOAT;
  } else if (json_is_boolean(value)) {
    *type = SRV_SETTING_BOOL;
  } else if (json_is_string(value)) {
    *type = SRV_SETTING_STRING;
  } else {
    return srv_request_fail_field(request, "value", "must be a number, true, false or a string");
  }
  return SRV_OK;
}

static int read_type(struct srv_request *request, uint8_t *type) {
  char name[16] = "";
  int status = srv_body_text(request, "dataType", name, sizeof(name));
  if (status != SRV_OK || name[0] == 0) return status;
  for (int i = SRV_SETTING_INTEGER; i <= SRV_SETTING_STRING; i++) {
    if (strcmp(srv_setting_type_name((uint8_t)i), name) != 0) continue;
    *type = (uint8_t)i;
    return SRV_OK;
  }
  return srv_request_fail_field(request, "dataType", "must be integer, float, boolean or string");
}

static int read_value(struct srv_request *request, struct srv_setting *setting) {
  int status = read_type(request, &setting->type);
  if (status != SRV_OK) return status;
  return srv_body_json(request, "value", setting->value, sizeof(setting->value));
}

/* Which level the body means. */
static int read_level(struct srv_request *request, struct srv_setting *setting) {
  int status = srv_body_reference(request, "deviceId", SRV_DEVICE, setting->device_id);
  if (status == SRV_OK) {
    status = srv_body_reference(request, "blueprintId", SRV_BLUEPRINT, setting->blueprint_id);
  }
  if (status != SRV_OK) return status;
  if (setting->device_id[0] != 0 && setting->blueprint_id[0] != 0) {
    return srv_request_fail_field(request, "blueprintId",
                                  "a setting is a device's or a blueprint's, not both");
  }
  return SRV_OK;
}

int srv_create_setting(struct srv_request *request) {
  struct srv_setting setting = {0};
  memcpy(setting.project_id, request->project.id, sizeof(setting.project_id));
  int status = srv_body_text(request, "key", setting.key, sizeof(setting.key));
  if (status == SRV_OK) status = read_level(request, &setting);
  if (status == SRV_OK) status = type_of_value(request, &setting.type);
  if (status == SRV_OK) status = read_value(request, &setting);
  if (status != SRV_OK) return status;
  return answer_setting(request, srv_core_create_setting(request->core, &setting), &setting);
}

int srv_get_setting(struct srv_request *request) {
  struct srv_setting setting;
  int status = find_setting(request, &setting);
  return status == SRV_OK ? answer_setting(request, SRV_OK, &setting) : status;
}

/* Clients repeat key and level; both stay what they are. */
static int check_unchanged(struct srv_request *request, const struct srv_setting *setting) {
  struct srv_setting other = *setting;
  int status = srv_body_text(request, "key", other.key, sizeof(other.key));
  if (status == SRV_OK) status = read_level(request, &other);
  if (status != SRV_OK) return status;
  if (strcmp(other.key, setting->key) != 0) {
    return srv_request_fail_field(request, "key", "cannot change: delete it and create another");
  }
  if (strcmp(other.device_id, setting->device_id) != 0) {
    return srv_request_fail_field(request, "deviceId", "cannot change: create another setting");
  }
  if (strcmp(other.blueprint_id, setting->blueprint_id) != 0) {
    return srv_request_fail_field(request, "blueprintId", "cannot change: create another setting");
  }
  return SRV_OK;
}

int srv_update_setting(struct srv_request *request) {
  struct srv_setting setting;
  int status = find_setting(request, &setting);
  if (status == SRV_OK) status = check_unchanged(request, &setting);
  if (status == SRV_OK) status = read_value(request, &setting);
  if (status != SRV_OK) return status;
  return answer_setting(request, srv_core_update_setting(request->core, &setting), &setting);
}

int srv_delete_setting(struct srv_request *request) {
  struct srv_setting setting;
  int status = find_setting(request, &setting);
  if (status != SRV_OK) return status;
  status = srv_core_delete_setting(request->core, request->project.id, setting.id);
  return status == SRV_OK ? srv_answer_empty(request) : srv_request_fail_core(request, status);
}

/* --- of a device ---------------------------------------------------------------------------- */

/* The rows of one level, by key; a nearer level is added later and wins. */
static void add_row(void *context, const void *row) {
  const struct srv_setting *setting = row;
  json_object_set_new(context, setting->key, srv_encode_setting(row));
}

static int add_rows(struct srv_request *request, const char *device_id, const char *blueprint_id,
                    json_t *by_key) {
  struct srv_query query = {0};
  srv_query_text(&query, "project_id", SRV_EQUALS, request->project.id);
  srv_query_text(&query, "device_id", SRV_EQUALS, device_id);
  srv_query_text(&query, "blueprint_id", SRV_EQUALS, blueprint_id);
  return srv_request_fail_core(
      request, srv_core_list(request->core, SRV_SETTING, &query, add_row, by_key, NULL));
}

static int find_rows(struct srv_request *request, const struct srv_device *device, json_t *by_key) {
  int status = add_rows(request, "", "", by_key);
  if (status == SRV_OK && device->blueprint_id[0] != 0) {
    status = add_rows(request, "", device->blueprint_id, by_key);
  }
  return status == SRV_OK ? add_rows(request, device->id, "", by_key) : status;
}

/* [{"key", "code", "name"}] of what the device said. */
static json_t *encode_errors(const char *text) {
  json_t *said = srv_json_of(text), *errors = json_array(), *each;
  size_t i;
  json_array_foreach(said, i, each) {
    json_int_t code = json_integer_value(json_object_get(each, "error_code"));
    const char *key = json_string_value(json_object_get(each, "setting_key"));
    json_array_append_new(errors, json_pack("{s:s, s:I, s:s}", "key", key == NULL ? "" : key,
                                            "code", code, "name", srv_settings_error_name(code)));
  }
  json_decref(said);
  return errors;
}

/* The device's last answer, beside what it should have. */
static int encode_sync(struct srv_request *request, const struct srv_device *device,
                       int64_t version, json_t **out) {
  struct srv_settings_status *status = malloc(sizeof(*status));
  if (status == NULL) return srv_request_fail(request, SRV_ERR_INTERNAL, "out of memory");
  int result = srv_core_get_settings_status(request->core, device->id, status);
  if (result != SRV_OK && result != SRV_ERR_NOT_FOUND) {
    free(status);
    return srv_request_fail_core(request, result);
  }
  json_t *reported = json_null();
  bool in_sync = false;
  if (result == SRV_OK) {
    json_t *errors = encode_errors(status->errors);
    in_sync = status->version == version && json_array_size(errors) == 0;
    reported = json_pack("{s:I, s:o, s:o}", "version", (json_int_t)status->version, "errors",
                         errors, "time", srv_encode_time(status->time_us));
  }
  free(status);
  *out = json_pack("{s:I, s:b, s:o}", "version", (json_int_t)version, "inSync", in_sync, "reported",
                   reported);
  return SRV_OK;
}

static int answer_settings(struct srv_request *request, const struct srv_device *device,
                           const struct srv_device_settings *settings) {
  json_t *by_key = json_object(), *sync = NULL;
  int status = find_rows(request, device, by_key);
  if (status == SRV_OK) status = encode_sync(request, device, settings->version, &sync);
  if (status == SRV_OK) {
    json_t *list = json_array();
    for (size_t i = 0; i < settings->count; i++) {
      json_t *row = json_object_get(by_key, settings->setting[i].key);
      if (row != NULL) json_array_append(list, row);
    }
    json_int_t count = (json_int_t)json_array_size(list);
    request->answer = json_pack("{s:o, s:i, s:I, s:I, s:o}", "list", list, "page", 0, "perPage",
                                (json_int_t)SRV_SETTINGS_MAX, "total", count, "data", sync);
  }
  json_decref(by_key);
  return status;
}

int srv_list_device_settings(struct srv_request *request) {
  struct srv_device device;
  struct srv_device_ref ref;
  int status = srv_device_of_path(request, &device, &ref);
  if (status != SRV_OK) return status;
  struct srv_device_settings *settings = malloc(sizeof(*settings));
  if (settings == NULL) return srv_request_fail(request, SRV_ERR_INTERNAL, "out of memory");
  status = srv_core_settings(request->core, &ref, settings);
  status = status == SRV_OK ? answer_settings(request, &device, settings)
                            : srv_request_fail_core(request, status);
  free(settings);
  return status;
}
