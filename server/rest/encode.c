/* SPDX-License-Identifier: Apache-2.0 */
/* Rows to JSON, in the shapes that clients of Golioth's API know. 64-bit
 * numbers (size, sequenceNumber) are strings there. */
#include <stdio.h>
#include <string.h>

#include "server/core/json.h"
#include "server/core/profile.h"
#include "server/rest/fleet.h"

static void put_digits(char *out, unsigned number, size_t count) {
  for (size_t i = count; i > 0; i--, number /= 10) out[i - 1] = (char)('0' + number % 10);
}

/* Year, month and day of a day since 1970, Gregorian: years begin in March, so
 * that the leap day is their last, and 400 of them are 146097 days. */
static void put_date(char *out, int64_t day) {
  int64_t shifted = day + 719468; /* since March 1, 0000 */
  int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  unsigned of_era = (unsigned)(shifted - era * 146097);
  unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
  unsigned month = (5 * of_year + 2) / 153;
  put_digits(out + 8, of_year - (153 * month + 2) / 5 + 1, 2);
  put_digits(out + 5, month < 10 ? month + 3 : month - 9, 2);
  put_digits(out, (unsigned)(era * 400 + year + (month < 10 ? 0 : 1)), 4);
}

json_t *srv_encode_time(int64_t time_us) {
  char text[] = "0000-00-00T00:00:00.000000Z";
  const int64_t day_us = INT64_C(86400) * 1000000;
  if (time_us == 0) return json_null();
  int64_t day = time_us / day_us - (time_us % day_us < 0 ? 1 : 0), rest = time_us - day * day_us;
  /* A row that somebody has written to: years of four digits only. */
  if (day < -719528 || day > 2932896) return json_null();
  put_date(text, day);
  put_digits(text + 11, (unsigned)(rest / 3600000000), 2);
  put_digits(text + 14, (unsigned)(rest / 60000000 % 60), 2);
  put_digits(text + 17, (unsigned)(rest / 1000000 % 60), 2);
  put_digits(text + 20, (unsigned)(rest % 1000000), 6);
  return json_stringn_nocheck(text, sizeof(text) - 1);
}

static json_t *encode_number(uint64_t number) {
  char text[24];
  snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
  return json_string(text);
}

/* A text that is not UTF-8 (someone else wrote the database) is shown as "?". */
json_t *srv_encode_text(const char *text) {
  json_t *string = json_string(text);
  return string == NULL ? json_string("?") : string;
}

static json_t *encode_texts(const char *text, size_t size, size_t count) {
  json_t *list = json_array();
  for (size_t i = 0; i < count; i++) json_array_append_new(list, srv_encode_text(text + i * size));
  return list;
}

/* name: of this file, so in UTF-8. */
static void set(json_t *object, const char *name, json_t *value) {
  json_object_set_new_nocheck(object, name, value);
}

static void set_text(json_t *object, const char *name, const char *text) {
  set(object, name, srv_encode_text(text));
}

json_t *srv_encode_project(const void *row) {
  const struct srv_project *project = row;
  json_t *object = json_object();
  set_text(object, "id", project->id);
  set_text(object, "name", project->name);
  set_text(object, "organizationId", project->organization_id);
  set(object, "autoProvision", json_boolean(project->auto_provision));
  set(object, "autoProvisionMax", json_integer(project->auto_provision_max));
  set(object, "autoProvisioned", json_integer(project->auto_provision_count));
  set(object, "certificateDays", json_integer(project->certificate_days));
  set(object, "createdAt", srv_encode_time(project->created_us));
  return object;
}

json_t *srv_encode_blueprint(const void *row) {
  const struct srv_blueprint *blueprint = row;
  json_t *object = json_object();
  set_text(object, "id", blueprint->id);
  set_text(object, "name", blueprint->name);
  set_text(object, "platform", blueprint->platform);
  set_text(object, "boardId", blueprint->board_id);
  set(object, "arenaBytes", json_integer(blueprint->arena_bytes));
  set(object, "modelBytesMax", json_integer(blueprint->model_bytes_max));
  set(object, "createdAt", srv_encode_time(blueprint->created_us));
  set(object, "updatedAt", srv_encode_time(blueprint->updated_us));
  return object;
}

json_t *srv_encode_tag(const void *row) {
  const struct srv_tag *tag = row;
  json_t *object = json_object();
  set_text(object, "id", tag->id);
  set_text(object, "name", tag->name);
  set(object, "createdAt", srv_encode_time(tag->created_us));
  set(object, "updatedAt", srv_encode_time(tag->updated_us));
  return object;
}

json_t *srv_encode_device(const void *row) {
  const struct srv_device *device = row;
  json_t *object = json_object();
  set_text(object, "id", device->id);
  set_text(object, "name", device->name);
  set(object, "hardwareIds",
      encode_texts(device->hardware_id[0], sizeof(device->hardware_id[0]),
                   device->hardware_id_count));
  set(object, "tagIds",
      encode_texts(device->tag_id[0], sizeof(device->tag_id[0]), device->tag_count));
  set_text(object, "blueprintId", device->blueprint_id);
  set(object, "enabled", json_boolean(device->enabled));
  set_text(object, "certificateId", device->certificate_id);
  set(object, "createdAt", srv_encode_time(device->created_us));
  set(object, "updatedAt", srv_encode_time(device->updated_us));
  return object;
}

static json_t *encode_update(const struct srv_ota_status *status) {
  json_t *object = json_object();
  set_text(object, "state", gw_ota_state_name(status->state));
  set(object, "stateCode", json_integer(status->state));
  set_text(object, "reason", gw_ota_reason_name(status->reason));
  set(object, "reasonCode", json_integer(status->reason));
  set_text(object, "detail", gw_ota_detail_name(status->detail));
  set_text(object, "version", status->version);
  set_text(object, "target", status->target);
  set(object, "time", srv_encode_time(status->time_us));
  return object;
}

void srv_encode_device_state(json_t *device, const struct srv_device_state *state) {
  const char *status = state->online ? "online" : "offline";
  json_t *metadata = json_object(), *update = json_object();
  if (!state->online && state->last_seen_online_us == 0) status = "-"; /* never here */
  for (size_t i = 0; i < state->status_count; i++) {
    json_object_set_new(update, state->status[i].package, encode_update(&state->status[i]));
  }
  set_text(metadata, "status", status);
  set(metadata, "lastReport", srv_encode_time(state->last_report_us));
  set(metadata, "lastSeenOnline", srv_encode_time(state->last_seen_online_us));
  set(metadata, "lastSeenOffline", srv_encode_time(state->last_seen_offline_us));
  set(metadata, "update", update);
  set_text(device, "status", status);
  set(device, "lastReport", srv_encode_time(state->last_report_us));
  set(device, "metadata", metadata);
}

static json_t *encode_ops(const struct srv_device_profile *profile) {
  json_t *list = json_array();
  const char *cursor = profile->ops, *op;
  size_t length;
  while ((op = srv_profile_next_op(&cursor, &length)) != NULL) {
    json_array_append_new(list, json_stringn(op, length));
  }
  return list;
}

void srv_encode_device_profile(json_t *device, const struct srv_device_profile *profile) {
  json_t *metadata = json_object_get(device, "metadata"), *object;
  if (profile == NULL) {
    set(metadata, "profile", json_null());
    return;
  }
  object = json_object();
  set_text(object, "board", profile->board);
  set_text(object, "sdk", profile->sdk);
  set_text(object, "runtime", profile->runtime);
  set(object, "ops", encode_ops(profile));
  set(object, "arenaBytes", json_integer(profile->arena_bytes));
  set(object, "slotBytes", json_integer(profile->slot_bytes));
  set(object, "time", srv_encode_time(profile->time_us));
  set(metadata, "profile", object);
}

json_t *srv_encode_credential(const void *row) {
  const struct srv_credential *credential = row;
  json_t *object = json_object();
  json_t *key = json_stringn((const char *)credential->key, credential->key_size);
  set_text(object, "id", credential->id);
  set_text(object, "type", "PRE_SHARED_KEY");
  set_text(object, "identity", credential->identity);
  set(object, "preSharedKey", key == NULL ? json_null() : key);
  set_text(object, "deviceId", credential->device_id);
  set(object, "createdAt", srv_encode_time(credential->created_us));
  set(object, "lastUsed", srv_encode_time(credential->last_used_us));
  return object;
}

json_t *srv_encode_artifact(const void *row) {
  const struct srv_artifact *artifact = row;
  char hex[GW_DIGEST_HEX_SIZE + 1];
  json_t *object = json_object();
  gw_digest_to_hex(artifact->digest, hex);
  set_text(object, "id", artifact->id);
  set_text(object, "package", artifact->package);
  set_text(object, "version", artifact->version);
  set_text(object, "blueprintId", artifact->blueprint_id);
  set(object, "size", encode_number(artifact->size_bytes));
  set(object, "binaryInfo",
      json_pack("{s:s, s:I, s:{s:{s:s}}}", "type", artifact->is_model ? "tflite" : "binary", "size",
                (json_int_t)artifact->size_bytes, "digests", "sha256", "digest", hex));
  if (artifact->is_model) set(object, "model", srv_encode_model(artifact, ""));
  set(object, "createdAt", srv_encode_time(artifact->created_us));
  set(object, "updatedAt", srv_encode_time(artifact->updated_us));
  return object;
}

json_t *srv_encode_release(const void *row) {
  const struct srv_release *release = row;
  json_t *object = json_object();
  set_text(object, "id", release->id);
  set(object, "releaseTags",
      encode_texts(release->release_tag[0], sizeof(release->release_tag[0]),
                   release->release_tag_count));
  set(object, "deviceTagIds",
      encode_texts(release->device_tag_id[0], sizeof(release->device_tag_id[0]),
                   release->device_tag_count));
  set(object, "artifactIds",
      encode_texts(release->artifact_id[0], sizeof(release->artifact_id[0]),
                   release->artifact_count));
  set_text(object, "blueprintId", release->blueprint_id);
  set(object, "rollout", json_boolean(release->rollout));
  set(object, "sequenceNumber", encode_number(release->sequence_number));
  set(object, "policy", srv_encode_policy(&release->policy));
  set(object, "createdAt", srv_encode_time(release->created_us));
  set(object, "updatedAt", srv_encode_time(release->updated_us));
  return object;
}

json_t *srv_encode_api_key(const void *row) {
  const struct srv_api_key *key = row;
  json_t *object = json_object();
  set_text(object, "id", key->id);
  set_text(object, "name", key->name);
  set_text(object, "type", "API_KEY");
  set(object, "server", json_boolean(key->project_id[0] == 0));
  set(object, "enabled", json_boolean(key->enabled));
  set_text(object, "projectId", key->project_id);
  set_text(object, "role", srv_role_name((enum srv_role)key->role));
  set(object, "scopes", srv_encode_scopes(key->scopes));
  set(object, "expiresAt", srv_encode_time(key->expires_us));
  set(object, "lastUsed", srv_encode_time(key->last_used_us));
  set(object, "createdAt", srv_encode_time(key->created_us));
  set(object, "updatedAt", srv_encode_time(key->updated_us));
  return object;
}

json_t *srv_encode_scopes(const char *scopes) {
  json_t *list = json_array();
  while (*scopes != 0) {
    size_t length = strcspn(scopes, ",");
    json_array_append_new(list, json_stringn(scopes, length));
    scopes += length + (scopes[length] == ',');
  }
  return list;
}

json_t *srv_encode_organization(const void *row) {
  const struct srv_organization *organization = row;
  json_t *object = json_object();
  set_text(object, "id", organization->id);
  set_text(object, "name", organization->name);
  set(object, "createdAt", srv_encode_time(organization->created_us));
  set(object, "updatedAt", srv_encode_time(organization->updated_us));
  return object;
}

json_t *srv_encode_member(const void *row) {
  const struct srv_member *member = row;
  json_t *object = json_object();
  set_text(object, "id", member->id);
  set_text(object, "accountId", member->account_id);
  set_text(object, "role", srv_role_name((enum srv_role)member->role));
  set_text(object, "projectId", member->project_id);
  set(object, "createdAt", srv_encode_time(member->created_us));
  return object;
}

json_t *srv_encode_event(const void *row) {
  const struct srv_ota_event *event = row;
  char id[24];
  json_t *object = json_object();
  snprintf(id, sizeof(id), "%lld", (long long)event->id);
  set_text(object, "id", id);
  set_text(object, "deviceId", event->device_id);
  set_text(object, "packageId", event->package);
  set_text(object, "eventType", gw_ota_state_name(event->state));
  set(object, "status", json_integer(event->reason));
  set_text(object, "message", gw_ota_reason_name(event->reason));
  set_text(object, "detail", gw_ota_detail_name(event->detail));
  set_text(object, "currentVersion", event->version);
  set_text(object, "targetVersion", event->target);
  set(object, "timestamp", srv_encode_time(event->time_us));
  return object;
}

json_t *srv_encode_firmware_log(const void *row) {
  const struct srv_ota_event *event = row;
  char code[8];
  json_t *object = json_object();
  set_text(object, "deviceId", event->device_id);
  set_text(object, "package", event->package);
  set_text(object, "state", gw_ota_state_name(event->state));
  snprintf(code, sizeof(code), "%u", event->state);
  set_text(object, "stateCode", code);
  set_text(object, "reason", gw_ota_reason_name(event->reason));
  snprintf(code, sizeof(code), "%u", event->reason);
  set_text(object, "reasonCode", code);
  set_text(object, "version", event->version);
  set_text(object, "target", event->target);
  set(object, "time", srv_encode_time(event->time_us));
  return object;
}

/* --- what devices send up ----------------------------------------------------------- */

json_t *srv_json_of(const char *text) {
  json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
  return value == NULL ? json_null() : value;
}

static json_t *encode_score(int64_t permille) {
  return permille < 0 ? json_null() : json_real((double)permille / 1000);
}

json_t *srv_encode_capture(const void *row) {
  const struct srv_capture *capture = row;
  char hex[GW_DIGEST_HEX_SIZE + 1];
  json_t *object = json_object(), *model = json_object();
  gw_digest_to_hex(capture->digest, hex);
  set_text(model, "package", capture->model_package);
  set_text(model, "version", capture->model_version);
  set_text(object, "id", capture->id);
  set_text(object, "deviceId", capture->device_id);
  set_text(object, "path", capture->path);
  set_text(object, "contentType", capture->content_type);
  set(object, "size", json_integer(capture->size_bytes));
  set_text(object, "digest", hex);
  set(object, "model", model);
  set_text(object, "heard", capture->heard);
  set(object, "score", encode_score(capture->score_permille));
  set_text(object, "label", capture->label);
  set(object, "labelledAt", srv_encode_time(capture->labelled_us));
  set(object, "time", srv_encode_time(capture->time_us));
  set(object, "deviceTime", srv_encode_time(capture->device_time_us));
  if (capture->provenance[0] != 0) set(object, "provenance", srv_json_of(capture->provenance));
  return object;
}

static bool type_begins(const char *type, const char *start) {
  return strncmp(type, start, strlen(start)) == 0;
}

static json_t *json_of_cbor(const struct srv_capture *capture) {
  struct gw_cbor_reader reader;
  json_t *value = NULL;
  gw_cbor_reader_init(&reader, capture->inline_bytes, capture->inline_size);
  return srv_json_from_cbor(&reader, &value) == SRV_OK ? value : NULL;
}

/* JSON and CBOR as JSON, other text as a string; what else there is has its own
 * route. */
static json_t *encode_stream_data(const struct srv_capture *capture) {
  json_t *data = NULL;
  const char *bytes = (const char *)capture->inline_bytes;
  if (capture->inline_size != capture->size_bytes) return json_null();
  if (strcmp(capture->content_type, "application/cbor") == 0) {
    data = json_of_cbor(capture);
  } else if (strcmp(capture->content_type, "application/json") == 0) {
    data = srv_json_parse(bytes, capture->inline_size);
  } else if (type_begins(capture->content_type, "text/")) {
    data = srv_json_parse(bytes, capture->inline_size); /* a number, say, is both */
    if (data == NULL) data = json_stringn(bytes, capture->inline_size);
  }
  return data == NULL ? json_null() : data;
}

json_t *srv_encode_stream_entry(const void *row) {
  const struct srv_capture *capture = row;
  json_t *object = json_object();
  set_text(object, "id", capture->id);
  set(object, "timestamp", srv_encode_time(capture->time_us));
  set_text(object, "deviceId", capture->device_id);
  set_text(object, "path", capture->path);
  set_text(object, "contentType", capture->content_type);
  set(object, "size", json_integer(capture->size_bytes));
  set(object, "data", encode_stream_data(capture));
  return object;
}

const char *srv_safe_content_type(const char *sniffed) {
  static const char *const safe[] = {"application/json", "application/cbor", "text/plain"};
  bool is_media = type_begins(sniffed, "audio/") || type_begins(sniffed, "image/");
  if (is_media && strstr(sniffed, "xml") == NULL) return sniffed;
  for (size_t i = 0; i < sizeof(safe) / sizeof(safe[0]); i++) {
    if (strcmp(sniffed, safe[i]) == 0) return safe[i];
  }
  return "application/octet-stream";
}

/* Names that clients of the original know; they read device_id too. */
json_t *srv_encode_device_log(const void *row) {
  const struct srv_device_log *line = row;
  char id[24];
  json_t *object = json_object();
  snprintf(id, sizeof(id), "%lld", (long long)line->id);
  set_text(object, "id", id);
  set(object, "timestamp", srv_encode_time(line->time_us));
  set_text(object, "deviceId", line->device_id);
  set_text(object, "device_id", line->device_id);
  set_text(object, "level", srv_device_log_level_name(line->level));
  set_text(object, "module", line->module);
  set_text(object, "message", line->message);
  set_text(object, "type", "");
  set(object, "metadata", line->fields[0] == 0 ? json_object() : srv_json_of(line->fields));
  return object;
}

const char *srv_device_log_level_name(uint8_t level) {
  static const char *const names[] = {"ERROR", "WARN", "INFO", "DEBUG"};
  return level < sizeof(names) / sizeof(names[0]) ? names[level] : "NONE";
}

/* --- settings, evaluations ------------------------------------------------------------ */

const char *srv_setting_type_name(uint8_t type) {
  static const char *const names[] = {"integer", "float", "boolean", "string"};
  return type < sizeof(names) / sizeof(names[0]) ? names[type] : "?";
}

const char *srv_settings_error_name(json_int_t code) {
  static const char *const names[] = {"SUCCESS",
                                      "KEY_NOT_RECOGNIZED",
                                      "KEY_NOT_VALID",
                                      "VALUE_FORMAT_NOT_VALID",
                                      "VALUE_OUT_OF_RANGE",
                                      "VALUE_STRING_TOO_LONG",
                                      "GENERAL_ERROR"};
  bool known = code >= 0 && (size_t)code < sizeof(names) / sizeof(names[0]);
  return known ? names[code] : "UNKNOWN";
}

/* deviceId and blueprintId only at their levels: clients of the original ask
 * whether they are there. */
json_t *srv_encode_setting(const void *row) {
  const struct srv_setting *setting = row;
  const char *level = setting->device_id[0] != 0      ? "device"
                      : setting->blueprint_id[0] != 0 ? "blueprint"
                                                      : "project";
  json_t *object = json_object();
  set_text(object, "id", setting->id);
  set_text(object, "key", setting->key);
  set_text(object, "dataType", srv_setting_type_name(setting->type));
  set(object, "value", srv_json_of(setting->value));
  set_text(object, "level", level);
  if (setting->device_id[0] != 0) set_text(object, "deviceId", setting->device_id);
  if (setting->blueprint_id[0] != 0) set_text(object, "blueprintId", setting->blueprint_id);
  set(object, "createdAt", srv_encode_time(setting->created_us));
  set(object, "updatedAt", srv_encode_time(setting->updated_us));
  return object;
}

/* docs/spec/evaluation.md; a report of another kind may say nothing of it. */
static json_t *accuracy_of(const json_t *report) {
  json_t *accuracy = json_object_get(report, "accuracy");
  return json_is_number(accuracy) ? json_incref(accuracy) : json_null();
}

json_t *srv_encode_evaluation(const void *row) {
  const struct srv_evaluation *evaluation = row;
  static const char *const shown[] = {"accuracyInterval", "clips"}; /* of the report */
  json_t *report = srv_json_of(evaluation->report), *object = json_object();
  set_text(object, "id", evaluation->id);
  set_text(object, "artifactId", evaluation->artifact_id);
  set_text(object, "dataset", evaluation->dataset);
  set(object, "accuracy", accuracy_of(report));
  for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
    json_t *value = json_object_get(report, shown[i]);
    if (value != NULL) json_object_set(object, shown[i], value);
  }
  set(object, "createdAt", srv_encode_time(evaluation->created_us));
  json_decref(report);
  return object;
}

json_t *(*srv_encoder_of(enum srv_kind kind))(const void *row) {
  switch (kind) {
    case SRV_PROJECT:
      return srv_encode_project;
    case SRV_BLUEPRINT:
      return srv_encode_blueprint;
    case SRV_TAG:
      return srv_encode_tag;
    case SRV_DEVICE:
      return srv_encode_device;
    case SRV_CREDENTIAL:
      return srv_encode_credential;
    case SRV_ARTIFACT:
      return srv_encode_artifact;
    case SRV_RELEASE:
      return srv_encode_release;
    case SRV_API_KEY:
      return srv_encode_api_key;
    case SRV_ORGANIZATION:
      return srv_encode_organization;
    case SRV_MEMBER:
      return srv_encode_member;
    case SRV_OTA_EVENT:
      return srv_encode_event;
    case SRV_AUDIT:
      return srv_encode_audit;
    case SRV_CAPTURE:
      return srv_encode_capture;
    case SRV_SETTING:
      return srv_encode_setting;
    case SRV_DEVICE_LOG:
      return srv_encode_device_log;
    case SRV_EVALUATION:
      return srv_encode_evaluation;
    case SRV_CERTIFICATE:
      return srv_encode_certificate;
    case SRV_DEVICE_CERTIFICATE:
      return srv_encode_device_certificate;
    case SRV_REVOKED_CERTIFICATE:
      return srv_encode_revoked_certificate;
    case SRV_ARTIFACT_SIGNATURE:
      return srv_encode_artifact_signature;
    case SRV_KEYSET:
      return srv_encode_keyset;
    default:
      return NULL;
  }
}
