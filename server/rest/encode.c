/* SPDX-License-Identifier: Apache-2.0 */
/* Rows to JSON, in the shapes that clients of Golioth's API know. 64-bit
 * numbers (size, sequenceNumber) are strings there. */
#include <stdio.h>
#include <time.h>

#include "server/rest/internal.h"

json_t *srv_encode_time(int64_t time_us) {
  char text[64], whole[32];
  struct tm utc;
  time_t seconds = (time_t)(time_us / 1000000);
  if (time_us == 0) return json_null();
  gmtime_r(&seconds, &utc);
  strftime(whole, sizeof(whole), "%Y-%m-%dT%H:%M:%S", &utc);
  snprintf(text, sizeof(text), "%s.%06dZ", whole, (int)(time_us % 1000000));
  return json_string(text);
}

static json_t *encode_number(uint64_t number) {
  char text[24];
  snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
  return json_string(text);
}

/* A text that is not UTF-8 (someone else wrote the database) is shown as "?". */
static json_t *encode_text(const char *text) {
  json_t *string = json_string(text);
  return string == NULL ? json_string("?") : string;
}

static json_t *encode_texts(const char *text, size_t size, size_t count) {
  json_t *list = json_array();
  for (size_t i = 0; i < count; i++) json_array_append_new(list, encode_text(text + i * size));
  return list;
}

static void set(json_t *object, const char *name, json_t *value) {
  json_object_set_new(object, name, value);
}

static void set_text(json_t *object, const char *name, const char *text) {
  set(object, name, encode_text(text));
}

json_t *srv_encode_project(const void *row) {
  const struct srv_project *project = row;
  json_t *object = json_object();
  set_text(object, "id", project->id);
  set_text(object, "name", project->name);
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
  json_t *model = json_loads(artifact->model_info, 0, NULL);
  if (model != NULL) set(object, "model", model);
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
  set(object, "createdAt", srv_encode_time(key->created_us));
  set(object, "updatedAt", srv_encode_time(key->updated_us));
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
    case SRV_OTA_EVENT:
      return srv_encode_event;
    default:
      return NULL;
  }
}
