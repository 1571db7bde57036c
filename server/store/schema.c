/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/store.h"

#define FIELD(row, member) offsetof(struct row, member), sizeof(((struct row *)0)->member), 0, 0
#define TEXT(row, member) \
  { #member, SRV_COLUMN_TEXT, FIELD(row, member) }
#define REFERENCE(row, member) \
  { #member, SRV_COLUMN_REFERENCE, FIELD(row, member) }
#define INT64(row, member) \
  { #member, SRV_COLUMN_INT64, FIELD(row, member) }
#define UINT32(row, member) \
  { #member, SRV_COLUMN_UINT32, FIELD(row, member) }
#define UINT8(row, member) \
  { #member, SRV_COLUMN_UINT8, FIELD(row, member) }
#define BOOL(row, member) \
  { #member, SRV_COLUMN_BOOL, FIELD(row, member) }
#define DIGEST(row, member) \
  { #member, SRV_COLUMN_DIGEST, FIELD(row, member) }
#define LIST(row, member, count, table, max)                                                    \
  {                                                                                             \
    table, SRV_COLUMN_LIST, offsetof(struct row, member), sizeof(((struct row *)0)->member[0]), \
        offsetof(struct row, count), max                                                        \
  }

static const struct srv_column project_columns[] = {
    TEXT(srv_project, id),
    TEXT(srv_project, name),
    INT64(srv_project, last_sequence_number),
    INT64(srv_project, created_us),
};

static const struct srv_column blueprint_columns[] = {
    TEXT(srv_blueprint, id),          TEXT(srv_blueprint, project_id),
    TEXT(srv_blueprint, name),        TEXT(srv_blueprint, platform),
    TEXT(srv_blueprint, board_id),    INT64(srv_blueprint, created_us),
    INT64(srv_blueprint, updated_us),
};

static const struct srv_column tag_columns[] = {
    TEXT(srv_tag, id),          TEXT(srv_tag, project_id),  TEXT(srv_tag, name),
    INT64(srv_tag, created_us), INT64(srv_tag, updated_us),
};

static const struct srv_column device_columns[] = {
    TEXT(srv_device, id),
    TEXT(srv_device, project_id),
    TEXT(srv_device, name),
    REFERENCE(srv_device, blueprint_id),
    BOOL(srv_device, enabled),
    INT64(srv_device, created_us),
    INT64(srv_device, updated_us),
    LIST(srv_device, hardware_id, hardware_id_count, "device_hardware_id", SRV_HARDWARE_IDS_MAX),
    LIST(srv_device, tag_id, tag_count, "device_tag", SRV_DEVICE_TAGS_MAX),
};

static const struct srv_column credential_columns[] = {
    TEXT(srv_credential, id),
    TEXT(srv_credential, project_id),
    TEXT(srv_credential, device_id),
    TEXT(srv_credential, identity),
    {"key", SRV_COLUMN_BYTES, offsetof(struct srv_credential, key), SRV_PSK_MAX,
     offsetof(struct srv_credential, key_size), 0},
    INT64(srv_credential, created_us),
};

static const struct srv_column artifact_columns[] = {
    TEXT(srv_artifact, id),
    TEXT(srv_artifact, project_id),
    TEXT(srv_artifact, package),
    TEXT(srv_artifact, version),
    REFERENCE(srv_artifact, blueprint_id),
    BOOL(srv_artifact, is_model),
    UINT32(srv_artifact, size_bytes),
    DIGEST(srv_artifact, digest),
    TEXT(srv_artifact, model_info),
    INT64(srv_artifact, created_us),
    INT64(srv_artifact, updated_us),
};

static const struct srv_column release_columns[] = {
    TEXT(srv_release, id),
    TEXT(srv_release, project_id),
    REFERENCE(srv_release, blueprint_id),
    BOOL(srv_release, rollout),
    UINT32(srv_release, sequence_number),
    INT64(srv_release, created_us),
    INT64(srv_release, updated_us),
    LIST(srv_release, release_tag, release_tag_count, "release_label", SRV_RELEASE_TAGS_MAX),
    LIST(srv_release, device_tag_id, device_tag_count, "release_device_tag",
         SRV_RELEASE_DEVICE_TAGS_MAX),
    LIST(srv_release, artifact_id, artifact_count, "release_artifact", SRV_RELEASE_ARTIFACTS_MAX),
};

static const struct srv_column api_key_columns[] = {
    TEXT(srv_api_key, id),          REFERENCE(srv_api_key, project_id),
    TEXT(srv_api_key, name),        BOOL(srv_api_key, enabled),
    DIGEST(srv_api_key, hash),      INT64(srv_api_key, created_us),
    INT64(srv_api_key, updated_us),
};

static const struct srv_column presence_columns[] = {
    TEXT(srv_presence, device_id),
    INT64(srv_presence, last_report_us),
    INT64(srv_presence, last_online_us),
    INT64(srv_presence, last_offline_us),
};

static const struct srv_column ota_status_columns[] = {
    TEXT(srv_ota_status, device_id),     TEXT(srv_ota_status, package),
    UINT8(srv_ota_status, state),        UINT8(srv_ota_status, reason),
    TEXT(srv_ota_status, version),       TEXT(srv_ota_status, target),
    UINT32(srv_ota_status, event_count), INT64(srv_ota_status, time_us),
};

static const struct srv_column ota_event_columns[] = {
    {"id", SRV_COLUMN_SERIAL, FIELD(srv_ota_event, id)},
    TEXT(srv_ota_event, project_id),
    TEXT(srv_ota_event, device_id),
    TEXT(srv_ota_event, package),
    UINT8(srv_ota_event, state),
    UINT8(srv_ota_event, reason),
    TEXT(srv_ota_event, version),
    TEXT(srv_ota_event, target),
    INT64(srv_ota_event, time_us),
};

static const struct srv_column retired_artifact_columns[] = {
    TEXT(srv_retired_artifact, id),           TEXT(srv_retired_artifact, project_id),
    TEXT(srv_retired_artifact, package),      TEXT(srv_retired_artifact, version),
    TEXT(srv_retired_artifact, blueprint_id), DIGEST(srv_retired_artifact, digest),
};

#define TABLE(name, keys, order)                                        \
  {                                                                     \
#name, sizeof(struct srv_##name), name##_columns,                   \
        sizeof(name##_columns) / sizeof(name##_columns[0]), keys, order \
  }

static const struct srv_table tables[SRV_KIND_COUNT] = {
    [SRV_PROJECT] = TABLE(project, 1, "id"),
    [SRV_BLUEPRINT] = TABLE(blueprint, 1, "id"),
    [SRV_TAG] = TABLE(tag, 1, "id"),
    [SRV_DEVICE] = TABLE(device, 1, "id"),
    [SRV_CREDENTIAL] = TABLE(credential, 1, "id"),
    [SRV_ARTIFACT] = TABLE(artifact, 1, "id"),
    [SRV_RELEASE] = TABLE(release, 1, "sequence_number"),
    [SRV_API_KEY] = TABLE(api_key, 1, "id"),
    [SRV_PRESENCE] = TABLE(presence, 1, "device_id"),
    [SRV_OTA_STATUS] = TABLE(ota_status, 2, "package"),
    [SRV_OTA_EVENT] = TABLE(ota_event, 1, "id"),
    [SRV_RETIRED_ARTIFACT] = TABLE(retired_artifact, 1, "id"),
};

const struct srv_table *srv_table_of(enum srv_kind kind) { return &tables[kind]; }

const struct srv_column *srv_column_named(const struct srv_table *table, const char *name) {
  for (size_t i = 0; i < table->column_count; i++) {
    if (strcmp(table->column[i].name, name) == 0) return &table->column[i];
  }
  fprintf(stderr, "store: table %s has no column %s\n", table->name, name);
  abort();
}

static struct srv_condition *next_condition(struct srv_query *query, const char *column,
                                            enum srv_match match) {
  if (query->condition_count == SRV_CONDITIONS_MAX) {
    fprintf(stderr, "store: more than %d conditions\n", SRV_CONDITIONS_MAX);
    abort();
  }
  struct srv_condition *condition = &query->condition[query->condition_count++];
  *condition = (struct srv_condition){.column = column, .match = match};
  return condition;
}

void srv_query_text(struct srv_query *query, const char *column, enum srv_match match,
                    const char *text) {
  next_condition(query, column, match)->text = text;
}

void srv_query_number(struct srv_query *query, const char *column, enum srv_match match,
                      int64_t number) {
  next_condition(query, column, match)->number = number;
}

void srv_query_digest(struct srv_query *query, const char *column, const uint8_t *digest) {
  next_condition(query, column, SRV_EQUALS)->bytes = digest;
}
