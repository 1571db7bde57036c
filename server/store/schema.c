/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/store.h"

#define FIELD(row, member) offsetof(struct row, member), sizeof(((struct row *)0)->member), 0, 0, 0
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
/* With flags: FLAGGED(TEXT, row, member, SRV_COLUMN_SECRET). */
#define FLAGGED(type, row, member, flags)                                                        \
  {                                                                                              \
#member, SRV_COLUMN_##type, offsetof(struct row, member), sizeof(((struct row *)0)->member), \
        0, 0, flags                                                                              \
  }
#define LIST(row, member, count, table, max)                                                    \
  {                                                                                             \
    table, SRV_COLUMN_LIST, offsetof(struct row, member), sizeof(((struct row *)0)->member[0]), \
        offsetof(struct row, count), max, 0                                                     \
  }

/* A member of a release's policy. */
#define POLICY(type, member)                                                 \
  {                                                                          \
#member, SRV_COLUMN_##type, offsetof(struct srv_release, policy.member), \
        sizeof(((struct srv_release *)0)->policy.member), 0, 0, 0            \
  }

static const struct srv_column project_columns[] = {
    TEXT(srv_project, id),
    TEXT(srv_project, name),
    TEXT(srv_project, organization_id),
    FLAGGED(INT64, srv_project, last_sequence_number, SRV_COLUMN_VOLATILE),
    BOOL(srv_project, auto_provision),
    UINT32(srv_project, auto_provision_max),
    FLAGGED(UINT32, srv_project, auto_provision_count, SRV_COLUMN_VOLATILE),
    UINT32(srv_project, certificate_days),
    INT64(srv_project, created_us),
};

static const struct srv_column blueprint_columns[] = {
    TEXT(srv_blueprint, id),
    TEXT(srv_blueprint, project_id),
    TEXT(srv_blueprint, name),
    TEXT(srv_blueprint, platform),
    TEXT(srv_blueprint, board_id),
    UINT32(srv_blueprint, arena_bytes),
    UINT32(srv_blueprint, model_bytes_max),
    INT64(srv_blueprint, created_us),
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
    TEXT(srv_device, certificate_id),
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
     offsetof(struct srv_credential, key_size), 0, SRV_COLUMN_SECRET},
    INT64(srv_credential, created_us),
    FLAGGED(INT64, srv_credential, last_used_us, SRV_COLUMN_VOLATILE),
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
    POLICY(BOOL, spread_fixed),
    POLICY(UINT32, spread_s),
    POLICY(UINT32, shadow_windows),
    POLICY(UINT32, shadow_s),
    POLICY(UINT32, agreement_permille),
    POLICY(UINT32, latency_percent),
    POLICY(UINT32, confirm_s),
    LIST(srv_release, release_tag, release_tag_count, "release_label", SRV_RELEASE_TAGS_MAX),
    LIST(srv_release, device_tag_id, device_tag_count, "release_device_tag",
         SRV_RELEASE_DEVICE_TAGS_MAX),
    LIST(srv_release, artifact_id, artifact_count, "release_artifact", SRV_RELEASE_ARTIFACTS_MAX),
};

static const struct srv_column api_key_columns[] = {
    TEXT(srv_api_key, id),
    REFERENCE(srv_api_key, project_id),
    TEXT(srv_api_key, name),
    BOOL(srv_api_key, enabled),
    FLAGGED(DIGEST, srv_api_key, hash, SRV_COLUMN_SECRET),
    INT64(srv_api_key, created_us),
    INT64(srv_api_key, updated_us),
    UINT8(srv_api_key, role),
    TEXT(srv_api_key, scopes),
    INT64(srv_api_key, expires_us),
    FLAGGED(INT64, srv_api_key, last_used_us, SRV_COLUMN_VOLATILE),
};

static const struct srv_column presence_columns[] = {
    TEXT(srv_presence, device_id),
    INT64(srv_presence, last_report_us),
    INT64(srv_presence, last_online_us),
    INT64(srv_presence, last_offline_us),
};

static const struct srv_column ota_status_columns[] = {
    TEXT(srv_ota_status, device_id), TEXT(srv_ota_status, package),
    UINT8(srv_ota_status, state),    UINT8(srv_ota_status, reason),
    UINT8(srv_ota_status, detail),   TEXT(srv_ota_status, version),
    TEXT(srv_ota_status, target),    UINT32(srv_ota_status, event_count),
    INT64(srv_ota_status, time_us),
};

static const struct srv_column ota_event_columns[] = {
    {"id", SRV_COLUMN_SERIAL, FIELD(srv_ota_event, id)},
    TEXT(srv_ota_event, project_id),
    TEXT(srv_ota_event, device_id),
    TEXT(srv_ota_event, package),
    UINT8(srv_ota_event, state),
    UINT8(srv_ota_event, reason),
    UINT8(srv_ota_event, detail),
    TEXT(srv_ota_event, version),
    TEXT(srv_ota_event, target),
    INT64(srv_ota_event, time_us),
};

static const struct srv_column retired_artifact_columns[] = {
    TEXT(srv_retired_artifact, id),           TEXT(srv_retired_artifact, project_id),
    TEXT(srv_retired_artifact, package),      TEXT(srv_retired_artifact, version),
    TEXT(srv_retired_artifact, blueprint_id), DIGEST(srv_retired_artifact, digest),
};

static const struct srv_column capture_columns[] = {
    TEXT(srv_capture, id),
    TEXT(srv_capture, project_id),
    TEXT(srv_capture, device_id),
    TEXT(srv_capture, path),
    TEXT(srv_capture, content_type),
    TEXT(srv_capture, model_package),
    TEXT(srv_capture, model_version),
    TEXT(srv_capture, heard),
    INT64(srv_capture, score_permille),
    TEXT(srv_capture, label),
    UINT32(srv_capture, size_bytes),
    DIGEST(srv_capture, digest),
    {"inline_bytes", SRV_COLUMN_BYTES, offsetof(struct srv_capture, inline_bytes),
     SRV_CAPTURE_INLINE_MAX, offsetof(struct srv_capture, inline_size), 0, 0},
    FLAGGED(TEXT, srv_capture, provenance, SRV_COLUMN_JSON),
    INT64(srv_capture, device_time_us),
    INT64(srv_capture, time_us),
    INT64(srv_capture, labelled_us),
};

static const struct srv_column device_state_columns[] = {
    TEXT(srv_device_document, device_id),
    FLAGGED(TEXT, srv_device_document, document, SRV_COLUMN_JSON),
    INT64(srv_device_document, updated_us),
};

static const struct srv_column setting_columns[] = {
    TEXT(srv_setting, id),
    TEXT(srv_setting, project_id),
    REFERENCE(srv_setting, blueprint_id),
    REFERENCE(srv_setting, device_id),
    TEXT(srv_setting, key),
    UINT8(srv_setting, type),
    FLAGGED(TEXT, srv_setting, value, SRV_COLUMN_JSON),
    INT64(srv_setting, created_us),
    INT64(srv_setting, updated_us),
};

static const struct srv_column settings_version_columns[] = {
    TEXT(srv_settings_version, owner_id),
    TEXT(srv_settings_version, project_id),
    INT64(srv_settings_version, version),
};

static const struct srv_column settings_status_columns[] = {
    TEXT(srv_settings_status, device_id),
    INT64(srv_settings_status, version),
    TEXT(srv_settings_status, errors),
    INT64(srv_settings_status, time_us),
};

static const struct srv_column device_log_columns[] = {
    {"id", SRV_COLUMN_SERIAL, FIELD(srv_device_log, id)},
    TEXT(srv_device_log, project_id),
    TEXT(srv_device_log, device_id),
    UINT8(srv_device_log, level),
    TEXT(srv_device_log, module),
    TEXT(srv_device_log, message),
    TEXT(srv_device_log, fields),
    INT64(srv_device_log, time_us),
};

static const struct srv_column evaluation_columns[] = {
    TEXT(srv_evaluation, id),          TEXT(srv_evaluation, project_id),
    TEXT(srv_evaluation, artifact_id), TEXT(srv_evaluation, dataset),
    TEXT(srv_evaluation, report),      INT64(srv_evaluation, created_us),
};

static const struct srv_column certificate_columns[] = {
    TEXT(srv_certificate, id),
    TEXT(srv_certificate, project_id),
    UINT8(srv_certificate, type),
    {"der", SRV_COLUMN_BYTES, offsetof(struct srv_certificate, der), SRV_CERTIFICATE_MAX,
     offsetof(struct srv_certificate, der_size), 0, 0},
    DIGEST(srv_certificate, fingerprint),
    TEXT(srv_certificate, subject),
    TEXT(srv_certificate, serial_number),
    {"key", SRV_COLUMN_BYTES, offsetof(struct srv_certificate, key), SRV_CA_KEY_MAX,
     offsetof(struct srv_certificate, key_size), 0, SRV_COLUMN_SECRET},
    INT64(srv_certificate, not_before_us),
    INT64(srv_certificate, not_after_us),
    INT64(srv_certificate, created_us),
};

static const struct srv_column device_certificate_columns[] = {
    TEXT(srv_device_certificate, id),
    TEXT(srv_device_certificate, project_id),
    TEXT(srv_device_certificate, device_id),
    {"der", SRV_COLUMN_BYTES, offsetof(struct srv_device_certificate, der), SRV_CERTIFICATE_MAX,
     offsetof(struct srv_device_certificate, der_size), 0, 0},
    DIGEST(srv_device_certificate, fingerprint),
    DIGEST(srv_device_certificate, signed_digest),
    DIGEST(srv_device_certificate, ca_fingerprint),
    DIGEST(srv_device_certificate, request_digest),
    TEXT(srv_device_certificate, serial_number),
    BOOL(srv_device_certificate, issued),
    INT64(srv_device_certificate, not_before_us),
    INT64(srv_device_certificate, not_after_us),
    INT64(srv_device_certificate, created_us),
    FLAGGED(INT64, srv_device_certificate, last_used_us, SRV_COLUMN_VOLATILE),
};

static const struct srv_column revoked_certificate_columns[] = {
    TEXT(srv_revoked_certificate, id),
    TEXT(srv_revoked_certificate, project_id),
    TEXT(srv_revoked_certificate, serial_number),
    TEXT(srv_revoked_certificate, fingerprint),
    DIGEST(srv_revoked_certificate, signed_digest),
    INT64(srv_revoked_certificate, created_us),
};

static const struct srv_column device_profile_columns[] = {
    TEXT(srv_device_profile, device_id),     TEXT(srv_device_profile, project_id),
    TEXT(srv_device_profile, board),         TEXT(srv_device_profile, sdk),
    TEXT(srv_device_profile, runtime),       TEXT(srv_device_profile, ops),
    UINT32(srv_device_profile, arena_bytes), UINT32(srv_device_profile, slot_bytes),
    INT64(srv_device_profile, time_us),
};

static const struct srv_column virtual_device_columns[] = {
    TEXT(srv_virtual_device, device_id),
    TEXT(srv_virtual_device, project_id),
    INT64(srv_virtual_device, created_us),
};

static const struct srv_column audit_columns[] = {
    {"id", SRV_COLUMN_SERIAL, FIELD(srv_audit, id)},
    INT64(srv_audit, time_us),
    TEXT(srv_audit, project_id),
    TEXT(srv_audit, actor_type),
    TEXT(srv_audit, actor_id),
    TEXT(srv_audit, actor_name),
    TEXT(srv_audit, actor_address),
    TEXT(srv_audit, action),
    TEXT(srv_audit, kind),
    TEXT(srv_audit, object_id),
    TEXT(srv_audit, object_name),
    TEXT(srv_audit, before),
    TEXT(srv_audit, after),
};

static const struct srv_column organization_columns[] = {
    TEXT(srv_organization, id),
    TEXT(srv_organization, name),
    INT64(srv_organization, created_us),
    INT64(srv_organization, updated_us),
};

static const struct srv_column account_columns[] = {
    TEXT(srv_account, id),           TEXT(srv_account, email),       TEXT(srv_account, name),
    BOOL(srv_account, server_admin), INT64(srv_account, created_us), INT64(srv_account, updated_us),
};

static const struct srv_column login_columns[] = {
    TEXT(srv_login, account_id),
    FLAGGED(TEXT, srv_login, password, SRV_COLUMN_SECRET),
    {"totp_secret", SRV_COLUMN_BYTES, offsetof(struct srv_login, totp_secret), SRV_TOTP_SECRET_SIZE,
     offsetof(struct srv_login, totp_secret_size), 0, SRV_COLUMN_SECRET},
    BOOL(srv_login, totp_on),
    FLAGGED(INT64, srv_login, totp_step, SRV_COLUMN_VOLATILE),
    FLAGGED(INT64, srv_login, last_used_us, SRV_COLUMN_VOLATILE),
    {"recovery_code", SRV_COLUMN_LIST, offsetof(struct srv_login, recovery_code),
     sizeof(((struct srv_login *)0)->recovery_code[0]),
     offsetof(struct srv_login, recovery_code_count), SRV_RECOVERY_CODES, SRV_COLUMN_SECRET},
};

static const struct srv_column session_columns[] = {
    TEXT(srv_session, id),
    TEXT(srv_session, account_id),
    FLAGGED(DIGEST, srv_session, hash, SRV_COLUMN_SECRET),
    BOOL(srv_session, by_link),
    TEXT(srv_session, address),
    TEXT(srv_session, user_agent),
    INT64(srv_session, created_us),
    FLAGGED(INT64, srv_session, last_used_us, SRV_COLUMN_VOLATILE),
};

static const struct srv_column sign_in_link_columns[] = {
    TEXT(srv_link, id),
    TEXT(srv_link, account_id),
    FLAGGED(DIGEST, srv_link, hash, SRV_COLUMN_SECRET),
    INT64(srv_link, expires_us),
    INT64(srv_link, created_us),
};

static const struct srv_column member_columns[] = {
    TEXT(srv_member, id),          TEXT(srv_member, organization_id),
    TEXT(srv_member, account_id),  REFERENCE(srv_member, project_id),
    UINT8(srv_member, role),       INT64(srv_member, created_us),
    INT64(srv_member, updated_us),
};

static const struct srv_column fleet_sample_columns[] = {
    {"id", SRV_COLUMN_SERIAL, FIELD(srv_fleet_sample, id)},
    TEXT(srv_fleet_sample, project_id),
    TEXT(srv_fleet_sample, package),
    TEXT(srv_fleet_sample, version),
    INT64(srv_fleet_sample, count),
    INT64(srv_fleet_sample, time_us),
};

static const struct srv_column capture_tally_columns[] = {
    TEXT(srv_capture_tally, project_id),
    INT64(srv_capture_tally, total),
    INT64(srv_capture_tally, unlabelled),
};

static const struct srv_column offer_columns[] = {
    TEXT(srv_offer, id),           TEXT(srv_offer, project_id), TEXT(srv_offer, artifact_id),
    REFERENCE(srv_offer, base_id), UINT8(srv_offer, encoding),  UINT8(srv_offer, state),
    UINT32(srv_offer, size_bytes), DIGEST(srv_offer, digest),   TEXT(srv_offer, wire_id),
    INT64(srv_offer, created_us),
};

static const struct srv_column shadow_columns[] = {
    TEXT(srv_shadow, device_id),
    TEXT(srv_shadow, package),
    TEXT(srv_shadow, active),
    TEXT(srv_shadow, candidate),
    TEXT(srv_shadow, project_id),
    {"report", SRV_COLUMN_BYTES, offsetof(struct srv_shadow, report), GW_SHADOW_REPORT_SIZE_MAX,
     offsetof(struct srv_shadow, report_size), 0, 0},
    INT64(srv_shadow, time_us),
};

static const struct srv_column artifact_signature_columns[] = {
    TEXT(srv_artifact_signature, artifact_id),
    TEXT(srv_artifact_signature, project_id),
    TEXT(srv_artifact_signature, signer),
    UINT32(srv_artifact_signature, sequence),
    UINT32(srv_artifact_signature, floor),
    {"message", SRV_COLUMN_BYTES, offsetof(struct srv_artifact_signature, message),
     GW_SIGN1_SIZE_MAX, offsetof(struct srv_artifact_signature, message_size), 0, 0},
    INT64(srv_artifact_signature, created_us),
};

static const struct srv_column keyset_columns[] = {
    TEXT(srv_keyset, id),
    TEXT(srv_keyset, project_id),
    UINT32(srv_keyset, epoch),
    UINT32(srv_keyset, floor),
    TEXT(srv_keyset, signer),
    {"message", SRV_COLUMN_BYTES, offsetof(struct srv_keyset, message), GW_SIGN1_SIZE_MAX,
     offsetof(struct srv_keyset, message_size), 0, 0},
    INT64(srv_keyset, created_us),
};

#define TABLE_OF(name, row, keys, order)                                                           \
  {                                                                                                \
#name, sizeof(struct row), name##_columns, sizeof(name##_columns) / sizeof(name##_columns[0]), \
        keys, order                                                                                \
  }
#define TABLE(name, keys, order) TABLE_OF(name, srv_##name, keys, order)

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
    [SRV_CAPTURE] = TABLE(capture, 1, "id"),
    [SRV_DEVICE_STATE] = TABLE_OF(device_state, srv_device_document, 1, "device_id"),
    [SRV_SETTING] = TABLE(setting, 1, "id"),
    [SRV_SETTINGS_VERSION] = TABLE(settings_version, 1, "owner_id"),
    [SRV_SETTINGS_STATUS] = TABLE(settings_status, 1, "device_id"),
    [SRV_DEVICE_LOG] = TABLE(device_log, 1, "id"),
    [SRV_EVALUATION] = TABLE(evaluation, 1, "id"),
    [SRV_CERTIFICATE] = TABLE(certificate, 1, "id"),
    [SRV_DEVICE_CERTIFICATE] = TABLE(device_certificate, 1, "id"),
    [SRV_REVOKED_CERTIFICATE] = TABLE(revoked_certificate, 1, "id"),
    [SRV_DEVICE_PROFILE] = TABLE(device_profile, 1, "device_id"),
    [SRV_VIRTUAL_DEVICE] = TABLE(virtual_device, 1, "device_id"),
    [SRV_AUDIT] = TABLE(audit, 1, "id"),
    [SRV_ORGANIZATION] = TABLE(organization, 1, "id"),
    [SRV_ACCOUNT] = TABLE(account, 1, "id"),
    [SRV_LOGIN] = TABLE(login, 1, "account_id"),
    [SRV_SESSION] = TABLE(session, 1, "id"),
    [SRV_LINK] = TABLE_OF(sign_in_link, srv_link, 1, "id"),
    [SRV_MEMBER] = TABLE(member, 1, "id"),
    [SRV_FLEET_SAMPLE] = TABLE(fleet_sample, 1, "id"),
    [SRV_CAPTURE_TALLY] = TABLE(capture_tally, 1, "project_id"),
    [SRV_OFFER] = TABLE(offer, 1, "id"),
    [SRV_ARTIFACT_SIGNATURE] = TABLE(artifact_signature, 1, "artifact_id"),
    [SRV_KEYSET] = TABLE(keyset, 1, "epoch"),
    [SRV_SHADOW] = TABLE(shadow, 4, "time_us"),
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

void srv_query_constant(struct srv_query *query, const char *column, enum srv_match match,
                        int64_t number) {
  struct srv_condition *condition = next_condition(query, column, match);
  condition->number = number;
  condition->is_constant = true;
}

void srv_query_digest(struct srv_query *query, const char *column, const uint8_t *digest) {
  next_condition(query, column, SRV_EQUALS)->bytes = digest;
}
