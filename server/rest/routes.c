/* SPDX-License-Identifier: Apache-2.0 */
/* Every route, declared once: the router, the checks of bodies and queries and
 * GET /v1/openapi.json read these tables. */
#include "server/rest/fleet.h"
#include "server/rest/internal.h"

#define TEXT SRV_FIELD_TEXT
#define BOOL SRV_FIELD_BOOL
#define TEXTS SRV_FIELD_TEXTS
#define NUMBER SRV_FIELD_NUMBER
#define ITEMS SRV_FIELD_LIST
#define OBJECT SRV_FIELD_OBJECT
#define ANY SRV_FIELD_ANY
#define NONE SRV_KIND_COUNT

/* --- bodies ------------------------------------------------------------------------ */

static const struct srv_field project_create[] = {
    {"name", TEXT, true, "what people call it"},
    {"id", TEXT, false, "stands in routes and identities; made from the name when absent"},
    {"organizationId", TEXT, false, "the organization that it is in; \"default\" when absent"},
    {0}};
static const struct srv_field project_update[] = {
    {"name", TEXT, false, "what people call it"},
    {"autoProvision", BOOL, false, "a right certificate of an unknown device makes the device"},
    {"autoProvisionMax", NUMBER, false, "so many devices at most are made so"},
    {"certificateDays", NUMBER, false, "how long a certificate holds that answers a CSR"},
    {0}};
#define BLUEPRINT_LIMITS                                                                  \
  {"arenaBytes", NUMBER, false, "memory for models that its boards have; 0: not said"}, { \
    "modelBytesMax", NUMBER, false, "bytes of a model that they can store; 0: not said"   \
  }
static const struct srv_field blueprint_create[] = {{"name", TEXT, true, "unique in the project"},
                                                    {"platform", TEXT, false, "for people"},
                                                    {"boardId", TEXT, false, "for people"},
                                                    BLUEPRINT_LIMITS,
                                                    {0}};
static const struct srv_field blueprint_update[] = {{"name", TEXT, false, "unique in the project"},
                                                    {"platform", TEXT, false, "for people"},
                                                    {"boardId", TEXT, false, "for people"},
                                                    BLUEPRINT_LIMITS,
                                                    {0}};
static const struct srv_field tag_create[] = {{"name", TEXT, true, "unique in the project"}, {0}};
static const struct srv_field tag_update[] = {{"name", TEXT, false, "unique in the project"}, {0}};
static const struct srv_field device_create[] = {
    {"name", TEXT, true, "unique in the project"},
    {"hardwareIds", TEXTS, false, "serial numbers and the like"},
    {"tagIds", TEXTS, false, "tags, by id or name"},
    {"blueprintId", TEXT, false, "its blueprint, by id or name"},
    {"enabled", BOOL, false, "a disabled device is not let in"},
    {0}};
static const struct srv_field device_update[] = {
    {"name", TEXT, false, "unique in the project"},
    {"hardwareIds", TEXTS, false, "all of them"},
    {"addHardwareId", TEXTS, false, "further ones"},
    {"removeHardwareId", TEXTS, false, "these no longer"},
    {"tagIds", TEXTS, false, "all of its tags, by id or name"},
    {"addTagId", TEXTS, false, "further tags"},
    {"removeTagId", TEXTS, false, "these tags no longer"},
    {"blueprintId", TEXT, false, "its blueprint, by id or name; \"\" for none"},
    {"enabled", BOOL, false, "a disabled device is not let in"},
    {0}};
static const struct srv_field credential_create[] = {
    {"type", TEXT, false, "PRE_SHARED_KEY"},
    {"identity", TEXT, true, "what the device calls itself, unique on the server"},
    {"preSharedKey", TEXT, true, "1 to 64 bytes, used as they are written"},
    {"deviceId", TEXT, false, "the device, where the path names none"},
    {0}};
static const struct srv_field provision_create[] = {
    {"name", TEXT, true, "the device's name"},
    {"hardwareIds", TEXTS, false, "serial numbers and the like"},
    {"tagIds", TEXTS, false, "tags, by id or name"},
    {"blueprintId", TEXT, false, "its blueprint, by id or name"},
    {"type", TEXT, false, "PRE_SHARED_KEY"},
    {"identity", TEXT, false, "NAME@PROJECT when absent"},
    {"preSharedKey", TEXT, false, "made at random when absent"},
    {0}};
static const struct srv_field provision_update[] = {
    {"name", TEXT, false, "a new name"},
    {"hardwareIds", TEXTS, false, "serial numbers and the like"},
    {"tagIds", TEXTS, false, "tags, by id or name"},
    {"blueprintId", TEXT, false, "its blueprint, by id or name"},
    {"type", TEXT, false, "PRE_SHARED_KEY"},
    {"identity", TEXT, false, "NAME@PROJECT when absent"},
    {"preSharedKey", TEXT, false, "made at random when absent"},
    {0}};
static const struct srv_field artifact_create[] = {
    {"projectId", TEXT, true, "the project"},
    {"content", TEXT, true, "the bytes in base64, at most 16 MiB of them"},
    {"version", TEXT, true, "semantic version, at most 16 bytes"},
    {"package", TEXT, false, "what it is a version of, at most 16 bytes; \"main\" when absent"},
    {"blueprintId", TEXT, false, "only for devices of this blueprint"},
    {"binary", BOOL, false, "not a model: take it unchecked"},
    {0}};
static const struct srv_field artifact_update[] = {
    {"blueprintId", TEXT, false, "only for devices of this blueprint; \"\" for any"}, {0}};
static const struct srv_field signature_put[] = {
    {"signature", TEXT, true, "base64 of the COSE_Sign1 message that godwit key sign makes"}, {0}};
static const struct srv_field keyset_create[] = {
    {"keyset", TEXT, true, "base64 of the COSE_Sign1 message that godwit key rotate makes"}, {0}};
static const struct srv_field release_create[] = {
    {"artifactIds", TEXTS, true, "at most 8, of different packages"},
    {"releaseTags", TEXTS, false, "labels, each unique in the project"},
    {"deviceTagIds", TEXTS, false, "only for devices that have all of these tags"},
    {"blueprintId", TEXT, false, "only for devices of this blueprint"},
    {"rollout", BOOL, false, "devices get it from now on"},
    {"policy", OBJECT, false, "what it asks of devices: spreadSeconds, shadow, confirmSeconds"},
    {"force", BOOL, false, "also to devices that are known to be unable to run it"},
    {0}};
static const struct srv_field release_preview[] = {
    {"artifactIds", TEXTS, true, "as for a release"},
    {"deviceTagIds", TEXTS, false, "only for devices that have all of these tags"},
    {"blueprintId", TEXT, false, "only for devices of this blueprint"},
    {"releaseId", TEXT, false, "in the place of this release; absent: of a new one"},
    {"policy", OBJECT, false, "as for a release"},
    {"page", NUMBER, false, "page, from 0"},
    {"perPage", NUMBER, false, "rows of a page, 1 to 1000"},
    {0}};
static const struct srv_field device_bulk[] = {
    {"ids", TEXTS, false, "these devices, by id or name, at most 2000"},
    {"filter", OBJECT, false, "or those that fit: term, tags, blueprintId, enabled"},
    {"addTagId", TEXTS, false, "further tags, by id or name"},
    {"removeTagId", TEXTS, false, "these tags no longer"},
    {"blueprintId", TEXT, false, "their blueprint; \"\" for none"},
    {"enabled", BOOL, false, "disabled devices are not let in"},
    {0}};
static const struct srv_field release_update[] = {
    {"rollout", BOOL, false, "off: devices go back to the release before"},
    {"policy", OBJECT, false, "all of it: spreadSeconds, shadow, confirmSeconds; null: none"},
    {"force", BOOL, false, "also to devices that are known to be unable to run it"},
    {"artifactIds", TEXTS, false, "all of them"},
    {"releaseTags", TEXTS, false, "all of its labels"},
    {"addReleaseTag", TEXTS, false, "further labels"},
    {"removeReleaseTag", TEXTS, false, "these labels no longer"},
    {"deviceTagIds", TEXTS, false, "all of its device tags"},
    {"addDeviceTagId", TEXTS, false, "further device tags"},
    {"removeDeviceTagId", TEXTS, false, "these device tags no longer"},
    {"blueprintId", TEXT, false, "only for devices of this blueprint; \"\" for any"},
    {0}};
static const struct srv_field api_key_create[] = {
    {"name", TEXT, true, "what it is for"},
    {"server", BOOL, false, "good for every project of the server"},
    {"role", TEXT, false, "viewer, operator or admin; admin when absent"},
    {"scopes", TEXTS, false, "groups of routes: devices, artifacts:read...; all when absent"},
    {"expiresAt", TEXT, false, "a time; never when absent"},
    {0}};
static const struct srv_field session_create[] = {
    {"email", TEXT, true, "the account's e-mail"},
    {"password", TEXT, true, "its password"},
    {"code", TEXT, false, "of the authenticator app, or a recovery code, where it wants one"},
    {0}};
static const struct srv_field session_link[] = {
    {"token", TEXT, true, "what stands behind #/link/ in the link"}, {0}};
static const struct srv_field account_update[] = {
    {"name", TEXT, false, "what the person is called"},
    {"email", TEXT, false, "by which it signs in"},
    {"password", TEXT, false, "a new one, 10 characters or more"},
    {"currentPassword", TEXT, false, "the old one; needed for a new e-mail or password"},
    {0}};
static const struct srv_field totp_confirm[] = {
    {"code", TEXT, true, "what the authenticator app shows"}, {0}};
static const struct srv_field totp_password[] = {
    {"password", TEXT, false, "the account's password"}, {0}};
static const struct srv_field organization_create[] = {
    {"name", TEXT, true, "what people call it"},
    {"id", TEXT, false, "stands in routes; made from the name when absent"},
    {0}};
static const struct srv_field organization_update[] = {{"name", TEXT, false, "what people call it"},
                                                       {0}};
static const struct srv_field member_create[] = {
    {"email", TEXT, true, "whose account it is; made when there is none"},
    {"name", TEXT, false, "of a new account"},
    {"role", TEXT, true, "viewer, operator or admin"},
    {"projectId", TEXT, false, "of this project only; of all when absent"},
    {"serverAdmin", BOOL, false, "may do everything on this server"},
    {0}};
static const struct srv_field member_update[] = {
    {"role", TEXT, false, "viewer, operator or admin"},
    {"projectId", TEXT, false, "of this project only; \"\" for all"},
    {"serverAdmin", BOOL, false, "may do everything on this server"},
    {0}};
static const struct srv_field certificate_create[] = {
    {"certFile", TEXT, true, "the CA's certificate, base64 of PEM or DER"},
    {"certType", TEXT, false, "root or intermediate; root when absent"},
    {0}};
static const struct srv_field ca_create[] = {
    {"name", TEXT, false, "CN of its subject"},
    {"days", NUMBER, false, "how long it holds; ten years when absent"},
    {0}};
static const struct srv_field revoked_create[] = {
    {"serialNumber", TEXT, false, "hex; of any CA of the project"},
    {"fingerprint", TEXT, false, "SHA-256 of its DER, 64 hex digits"},
    {"certFile", TEXT, false, "the certificate itself, base64 of PEM or DER"},
    {0}};
static const struct srv_field api_key_update[] = {
    {"name", TEXT, false, "what it is for"},
    {"enabled", BOOL, false, "a disabled key opens nothing"},
    {0}};
static const struct srv_field capture_update[] = {
    {"label", TEXT, false, "what it really is; \"\" takes the label away"}, {0}};
static const struct srv_field capture_label[] = {
    {"ids", TEXTS, true, "at most 1000 captures"},
    {"label", TEXT, true, "what they really are; \"\" takes the label away"},
    {0}};
static const struct srv_field setting_create[] = {
    {"key", TEXT, true, "A-Z a-z 0-9 _ -, at most 63"},
    {"value", ANY, true, "a number, true, false or a string"},
    {"dataType", TEXT, false, "integer, float, boolean or string; the value's when absent"},
    {"deviceId", TEXT, false, "for this device only, by id or name"},
    {"blueprintId", TEXT, false, "for devices of this blueprint, by id or name"},
    {0}};
static const struct srv_field setting_update[] = {
    {"value", ANY, false, "a number, true, false or a string"},
    {"dataType", TEXT, false, "integer, float, boolean or string; as it was when absent"},
    {"key", TEXT, false, "as it is"},
    {"deviceId", TEXT, false, "as it is"},
    {"blueprintId", TEXT, false, "as it is"},
    {0}};
static const struct srv_field virtual_create[] = {
    {"name", SRV_FIELD_TEXT, false, "the device's; virtual-1, virtual-2... when absent"}, {0}};
static const struct srv_field rpc_call[] = {
    {"method", TEXT, true, "what the device calls it"},
    {"params", ITEMS, false, "any values, at most 767 bytes of them as CBOR"},
    {"timeout", NUMBER, false, "seconds to wait for the answer, 0.1 to 60; 10 when absent"},
    {0}};
static const struct srv_field evaluation_create[] = {
    {"dataset", TEXT, true, "on which data"},
    {"report", OBJECT, true, "what was found, at most 65535 bytes"},
    {0}};

/* --- queries ----------------------------------------------------------------------- */

#define PARAMETER_TEXT SRV_PARAMETER_TEXT
#define PAGE                                                                             \
  {"page", SRV_PARAMETER_NUMBER, "page, from 0", NULL, SRV_EQUALS, NONE}, {              \
    "perPage", SRV_PARAMETER_NUMBER, "rows of a page, 1 to 1000", NULL, SRV_EQUALS, NONE \
  }
#define IDS \
  { "ids", PARAMETER_TEXT, "any of these ids", "id", SRV_AMONG, NONE }

static const struct srv_parameter paged[] = {PAGE, {0}};
static const struct srv_parameter tag_list[] = {
    PAGE, IDS, {"tagName", PARAMETER_TEXT, "exact name", "name", SRV_EQUALS, NONE}, {0}};
static const struct srv_parameter blueprint_list[] = {
    PAGE,
    IDS,
    {"blueprintName", PARAMETER_TEXT, "exact name", "name", SRV_EQUALS, NONE},
    {"boardId", PARAMETER_TEXT, "exact board", "board_id", SRV_EQUALS, NONE},
    {"platform", PARAMETER_TEXT, "exact platform", "platform", SRV_EQUALS, NONE},
    {0}};
static const struct srv_parameter device_list[] = {
    PAGE,
    IDS,
    {"deviceName", PARAMETER_TEXT, "exact name", "name", SRV_EQUALS, NONE},
    {"term", PARAMETER_TEXT, "part of the name", "name", SRV_CONTAINS, NONE},
    {"hardwareId", PARAMETER_TEXT, "has this hardware id", "device_hardware_id", SRV_HAS, NONE},
    {"tags", PARAMETER_TEXT, "has all of these tags", "device_tag", SRV_HAS, SRV_TAG},
    {"blueprintId", PARAMETER_TEXT, "of this blueprint", "blueprint_id", SRV_EQUALS, SRV_BLUEPRINT},
    {"enabled", SRV_PARAMETER_BOOL, "enabled or not", "enabled", SRV_EQUALS, NONE},
    {"status", PARAMETER_TEXT, "online or offline", NULL, SRV_EQUALS, NONE},
    {"version", PARAMETER_TEXT, "reports to run PACKAGE@VERSION", NULL, SRV_EQUALS, NONE},
    {"sort", PARAMETER_TEXT, "name, lastReport or createdAt", NULL, SRV_EQUALS, NONE},
    {"order", PARAMETER_TEXT, "asc or desc", NULL, SRV_EQUALS, NONE},
    {0}};
static const struct srv_parameter overview_history[] = {
    {"package", PARAMETER_TEXT, "of this package", NULL, SRV_EQUALS, NONE},
    {"start", SRV_PARAMETER_TIME, "from then on; 30 days before the end when absent", NULL,
     SRV_EQUALS, NONE},
    {"end", SRV_PARAMETER_TIME, "until then; now when absent", NULL, SRV_EQUALS, NONE},
    {"points", SRV_PARAMETER_NUMBER, "how many, 1 to 500; 200 when absent", NULL, SRV_EQUALS, NONE},
    {0}};
static const struct srv_parameter rollout_devices[] = {
    PAGE,
    {"state", PARAMETER_TEXT, "waiting, downloading, downloaded, updating, updated or failed", NULL,
     SRV_EQUALS, NONE},
    {"term", PARAMETER_TEXT, "part of the name", NULL, SRV_EQUALS, NONE},
    {0}};
static const struct srv_parameter credential_list[] = {
    PAGE,
    {"deviceId", PARAMETER_TEXT, "of these devices", "device_id", SRV_AMONG, SRV_DEVICE},
    {"lastUsedBefore", SRV_PARAMETER_TIME, "not used since, or never", "last_used_us", SRV_AT_MOST,
     NONE},
    {0}};
static const struct srv_parameter artifact_list[] = {
    PAGE,
    IDS,
    {"package", PARAMETER_TEXT, "of this package", "package", SRV_EQUALS, NONE},
    {"version", PARAMETER_TEXT, "of this version", "version", SRV_EQUALS, NONE},
    {"blueprintId", PARAMETER_TEXT, "for this blueprint", "blueprint_id", SRV_EQUALS,
     SRV_BLUEPRINT},
    {0}};
static const struct srv_parameter artifact_upload[] = {
    {"package", PARAMETER_TEXT, "what it is a version of; \"main\" when absent", NULL, SRV_EQUALS,
     NONE},
    {"version", PARAMETER_TEXT, "semantic version, at most 16 bytes", NULL, SRV_EQUALS, NONE},
    {"blueprintId", PARAMETER_TEXT, "only for devices of this blueprint", NULL, SRV_EQUALS, NONE},
    {"forceBinary", SRV_PARAMETER_BOOL, "not a model: take it unchecked", NULL, SRV_EQUALS, NONE},
    {0}};
static const struct srv_parameter release_list[] = {
    PAGE,
    IDS,
    {"releaseTags", PARAMETER_TEXT, "has all of these labels", "release_label", SRV_HAS, NONE},
    {"deviceTags", PARAMETER_TEXT, "has all of these device tags", "release_device_tag", SRV_HAS,
     SRV_TAG},
    {"rollout", SRV_PARAMETER_BOOL, "rolled out or not", "rollout", SRV_EQUALS, NONE},
    {"blueprintId", PARAMETER_TEXT, "for this blueprint", "blueprint_id", SRV_EQUALS,
     SRV_BLUEPRINT},
    {0}};
static const struct srv_parameter event_list[] = {
    PAGE,
    {"limit", SRV_PARAMETER_NUMBER, "rows of a page", NULL, SRV_EQUALS, NONE},
    {"pageToken", PARAMETER_TEXT, "nextPageToken of the page before", NULL, SRV_EQUALS, NONE},
    {"deviceId", PARAMETER_TEXT, "of these devices", "device_id", SRV_AMONG, SRV_DEVICE},
    {"packageId", PARAMETER_TEXT, "about this package", "package", SRV_EQUALS, NONE},
    {"eventType", SRV_PARAMETER_STATE, "the state reported", "state", SRV_EQUALS, NONE},
    {"status", SRV_PARAMETER_REASON, "the reason reported", "reason", SRV_EQUALS, NONE},
    {"startTime", SRV_PARAMETER_TIME, "not before", "time_us", SRV_AT_LEAST, NONE},
    {"endTime", SRV_PARAMETER_TIME, "not after", "time_us", SRV_AT_MOST, NONE},
    {0}};
static const struct srv_parameter audit_list[] = {
    PAGE,
    {"limit", SRV_PARAMETER_NUMBER, "rows of a page", NULL, SRV_EQUALS, NONE},
    {"pageToken", PARAMETER_TEXT, "nextPageToken of the page before", NULL, SRV_EQUALS, NONE},
    {"kind", PARAMETER_TEXT, "of these kinds: device, release, apiKey...", "kind", SRV_AMONG, NONE},
    {"objectId", PARAMETER_TEXT, "of this object", "object_id", SRV_EQUALS, NONE},
    {"actorId", PARAMETER_TEXT, "by this account or API key", "actor_id", SRV_EQUALS, NONE},
    {"action", PARAMETER_TEXT, "these: create, update, delete, signIn...", "action", SRV_AMONG,
     NONE},
    {"start", SRV_PARAMETER_TIME, "not before", "time_us", SRV_AT_LEAST, NONE},
    {"end", SRV_PARAMETER_TIME, "not after", "time_us", SRV_AT_MOST, NONE},
    {0}};
static const struct srv_parameter live_events[] = {
    {"topics", PARAMETER_TEXT,
     "of devices, ota, progress, releases, artifacts, captures, logs, settings, state; all but "
     "logs when absent",
     NULL, SRV_EQUALS, NONE},
    {"deviceId", PARAMETER_TEXT, "only of this device, by id or name", NULL, SRV_EQUALS, NONE},
    {0}};
static const struct srv_parameter log_list[] = {
    PAGE,
    {"deviceId", PARAMETER_TEXT, "of these devices", "device_id", SRV_AMONG, SRV_DEVICE},
    {"version", PARAMETER_TEXT, "running this version", "version", SRV_EQUALS, NONE},
    {"target", PARAMETER_TEXT, "going to this version", "target", SRV_EQUALS, NONE},
    {"state", SRV_PARAMETER_STATE, "the state reported", "state", SRV_EQUALS, NONE},
    {"reason", SRV_PARAMETER_REASON, "the reason reported", "reason", SRV_EQUALS, NONE},
    {"start", SRV_PARAMETER_TIME, "not before", "time_us", SRV_AT_LEAST, NONE},
    {"end", SRV_PARAMETER_TIME, "not after", "time_us", SRV_AT_MOST, NONE},
    {0}};
/* Filters of captures, the same in the list and the export. */
#define CAPTURE_FILTERS                                                                             \
  IDS, {"deviceId", PARAMETER_TEXT, "of these devices", "device_id", SRV_AMONG, SRV_DEVICE},        \
      {"path", PARAMETER_TEXT, "sent on this path", "path", SRV_EQUALS, NONE},                      \
      {"contentType", PARAMETER_TEXT, "of this type", "content_type", SRV_EQUALS, NONE},            \
      {"modelPackage",  PARAMETER_TEXT, "heard by this package's model",                            \
       "model_package", SRV_EQUALS,     NONE},                                                      \
      {"modelVersion", PARAMETER_TEXT, "heard by this version", "model_version", SRV_EQUALS, NONE}, \
      {"heard", PARAMETER_TEXT, "taken for one of these", "heard", SRV_AMONG, NONE},                \
      {"label", PARAMETER_TEXT, "has one of these labels; empty: has none",                         \
       "label", SRV_AMONG,      NONE},                                                              \
      {"labelled", SRV_PARAMETER_BOOL, "has a label or not", NULL, SRV_EQUALS, NONE},               \
      {"scoreMin",       SRV_PARAMETER_SHARE, "scored this or more, 0 to 1",                        \
       "score_permille", SRV_AT_LEAST,        NONE},                                                \
      {"scoreMax",       SRV_PARAMETER_SHARE, "scored this or less, 0 to 1",                        \
       "score_permille", SRV_AT_MOST,         NONE},                                                \
      {"start", SRV_PARAMETER_TIME, "not before", "time_us", SRV_AT_LEAST, NONE}, {                 \
    "end", SRV_PARAMETER_TIME, "not after", "time_us", SRV_AT_MOST, NONE                            \
  }
static const struct srv_parameter capture_list[] = {
    PAGE,
    CAPTURE_FILTERS,
    {"pageToken", PARAMETER_TEXT, "nextPageToken of the page before", NULL, SRV_EQUALS, NONE},
    {0}};
static const struct srv_parameter capture_export[] = {
    CAPTURE_FILTERS,
    {"layout", PARAMETER_TEXT, "speech_commands, the only one", NULL, SRV_EQUALS, NONE},
    {"split", PARAMETER_TEXT, "percent of the devices for training, validation, testing; 80,10,10",
     NULL, SRV_EQUALS, NONE},
    {0}};
static const struct srv_parameter stream_list[] = {
    PAGE,
    {"path", PARAMETER_TEXT, "sent on this path", "path", SRV_EQUALS, NONE},
    {"start", SRV_PARAMETER_TIME, "not before", "time_us", SRV_AT_LEAST, NONE},
    {"end", SRV_PARAMETER_TIME, "not after", "time_us", SRV_AT_MOST, NONE},
    {0}};
static const struct srv_parameter setting_list[] = {
    PAGE,
    IDS,
    {"key", PARAMETER_TEXT, "of this key", "key", SRV_EQUALS, NONE},
    {"level", PARAMETER_TEXT, "project, blueprint or device", NULL, SRV_EQUALS, NONE},
    {"deviceId", PARAMETER_TEXT, "of these devices", "device_id", SRV_AMONG, SRV_DEVICE},
    {"blueprintId", PARAMETER_TEXT, "of this blueprint", "blueprint_id", SRV_EQUALS, SRV_BLUEPRINT},
    {0}};
#define LOG_FILTERS                                                                              \
  PAGE, {"limit", SRV_PARAMETER_NUMBER, "rows of a page", NULL, SRV_EQUALS, NONE},               \
      {"pageToken", PARAMETER_TEXT, "nextPageToken of the page before", NULL, SRV_EQUALS, NONE}, \
      {"level", SRV_PARAMETER_LEVEL, "error, warn, info or debug: this or worse",                \
       "level", SRV_AT_MOST,         NONE},                                                      \
      {"module", PARAMETER_TEXT, "of this module", "module", SRV_EQUALS, NONE},                  \
      {"term", PARAMETER_TEXT, "part of the message", "message", SRV_CONTAINS, NONE},            \
      {"start", SRV_PARAMETER_TIME, "not before", "time_us", SRV_AT_LEAST, NONE}, {              \
    "end", SRV_PARAMETER_TIME, "not after", "time_us", SRV_AT_MOST, NONE                         \
  }
static const struct srv_parameter project_logs[] = {
    LOG_FILTERS,
    {"deviceId", PARAMETER_TEXT, "of these devices", "device_id", SRV_AMONG, SRV_DEVICE},
    {0}};
static const struct srv_parameter device_logs[] = {LOG_FILTERS, {0}};

/* --- routes -------------------------------------------------------------------------- */

#define P "/v1/projects/{project}"
#define O "/v1/organizations/{organization}"

/* Who may call a route stands at its end: what reads is for whoever may look,
 * what changes for operators; the ADMIN_ rows and those that are written out
 * say otherwise. docs/spec/rights.md lists them all. */
#define ROW(method, path, handle, group, summary, body, parameters, kind, is_list, flags, right) \
  {                                                                                              \
    method, path, handle, group, summary, body, parameters, kind, is_list, flags,                \
        SRV_RIGHT_##right                                                                        \
  }
#define LIST(path, handle, group, summary, parameters, kind) \
  ROW("GET", path, handle, group, summary, NULL, parameters, kind, true, 0, VIEW)
#define GET(path, handle, group, summary, kind) \
  ROW("GET", path, handle, group, summary, NULL, NULL, kind, false, 0, VIEW)
#define POST(path, handle, group, summary, body, kind) \
  ROW("POST", path, handle, group, summary, body, NULL, kind, false, 0, OPERATE)
/* Members that are absent stay as they are, with PUT as with PATCH: clients of
 * the original rely on it. */
#define UPDATE(path, handle, group, summary, body, kind)                         \
  ROW("PUT", path, handle, group, summary, body, NULL, kind, false, 0, OPERATE), \
      ROW("PATCH", path, handle, group, summary, body, NULL, kind, false, 0, OPERATE)
#define DELETE(path, handle, group, summary) \
  ROW("DELETE", path, handle, group, summary, NULL, NULL, NONE, false, 0, OPERATE)
#define ADMIN_LIST(path, handle, group, summary, parameters, kind) \
  ROW("GET", path, handle, group, summary, NULL, parameters, kind, true, 0, ADMIN)
#define ADMIN_POST(path, handle, group, summary, body, kind) \
  ROW("POST", path, handle, group, summary, body, NULL, kind, false, 0, ADMIN)
#define ADMIN_UPDATE(path, handle, group, summary, body, kind)                 \
  ROW("PUT", path, handle, group, summary, body, NULL, kind, false, 0, ADMIN), \
      ROW("PATCH", path, handle, group, summary, body, NULL, kind, false, 0, ADMIN)
#define ADMIN_DELETE(path, handle, group, summary) \
  ROW("DELETE", path, handle, group, summary, NULL, NULL, NONE, false, 0, ADMIN)
/* A device's state, all of it or what is at a path. */
#define STATE(path)                                                                             \
  GET(path, srv_get_state, "state", "Show a device's state.", NONE),                            \
      ROW("POST", path, srv_set_state, "state", "Replace a device's state.", NULL, NULL, NONE,  \
          false, SRV_ROUTE_VALUE, OPERATE),                                                     \
      ROW("PUT", path, srv_set_state, "state", "Replace a device's state.", NULL, NULL, NONE,   \
          false, SRV_ROUTE_VALUE, OPERATE),                                                     \
      ROW("PATCH", path, srv_merge_state, "state", "Change members of a device's state.", NULL, \
          NULL, NONE, false, SRV_ROUTE_VALUE, OPERATE),                                         \
      DELETE(path, srv_delete_state, "state", "Delete a device's state.")

const struct srv_route srv_routes[] = {
    {"GET", "/healthz", srv_get_health, "server", "Is the server up?", NULL, NULL, NONE, false, 0,
     SRV_RIGHT_OPEN},
    {"GET", "/examples/{name}", srv_get_example, "server", "Download an example model.", NULL, NULL,
     NONE, false, SRV_ROUTE_BYTES, SRV_RIGHT_OPEN},
    {"GET", "/v1/openapi.json", srv_get_openapi, "server", "This description.", NULL, NULL, NONE,
     false, 0, SRV_RIGHT_OPEN},
    ROW("GET", "/v1/status", srv_get_status, "server", "Version, uptime, counts, gateway.", NULL,
        NULL, NONE, false, 0, SELF),

    ROW("GET", "/v1/session", srv_get_session, "session", "Who am I, and what may I do?", NULL,
        NULL, NONE, false, 0, OPEN),
    ROW("POST", "/v1/session", srv_sign_in, "session", "Sign in with a password.", session_create,
        NULL, NONE, false, 0, OPEN),
    ROW("DELETE", "/v1/session", srv_sign_out, "session", "Sign out.", NULL, NULL, NONE, false, 0,
        SELF),
    ROW("POST", "/v1/session/link", srv_sign_in_by_link, "session",
        "Sign in with a link that works once.", session_link, NULL, NONE, false, 0, OPEN),
    ROW("GET", "/v1/account", srv_get_account, "account", "Show one's own account.", NULL, NULL,
        NONE, false, 0, SELF),
    ROW("PATCH", "/v1/account", srv_update_account, "account",
        "Change one's name, e-mail or password; a new password ends other sessions.",
        account_update, NULL, NONE, false, 0, SELF),
    ROW("POST", "/v1/account/totp", srv_begin_totp, "account",
        "Begin to sign in with one-time codes, too.", totp_password, NULL, NONE, false, 0, SELF),
    ROW("POST", "/v1/account/totp/confirm", srv_confirm_totp, "account",
        "Switch one-time codes on by a first one.", totp_confirm, NULL, NONE, false, 0, SELF),
    ROW("DELETE", "/v1/account/totp", srv_end_totp, "account", "Switch one-time codes off.",
        totp_password, NULL, NONE, false, 0, SELF),
    ROW("GET", "/v1/account/sessions", srv_list_sessions, "account",
        "List the browsers that are signed in, newest first.", NULL, paged, SRV_SESSION, true, 0,
        SELF),
    ROW("DELETE", "/v1/account/sessions/{session}", srv_delete_session, "account",
        "Sign a browser out.", NULL, NULL, NONE, false, 0, SELF),

    ROW("GET", "/v1/organizations", srv_list_organizations, "organizations",
        "List one's organizations.", NULL, paged, SRV_ORGANIZATION, true, 0, SELF),
    ROW("POST", "/v1/organizations", srv_create_organization, "organizations",
        "Create an organization.", organization_create, NULL, SRV_ORGANIZATION, false, 0, SERVER),
    ROW("GET", O, srv_get_organization, "organizations", "Show an organization.", NULL, NULL,
        SRV_ORGANIZATION, false, 0, SELF),
    ROW("PATCH", O, srv_update_organization, "organizations", "Rename an organization.",
        organization_update, NULL, SRV_ORGANIZATION, false, 0, ADMIN),
    ROW("DELETE", O, srv_delete_organization, "organizations",
        "Delete an organization that has no projects.", NULL, NULL, NONE, false, 0, SERVER),
    LIST(O "/members", srv_list_members, "members", "List members.", paged, SRV_MEMBER),
    ADMIN_POST(O "/members", srv_create_member, "members",
               "Make somebody a member; a new account gets a link to sign in, shown this once.",
               member_create, SRV_MEMBER),
    ROW("PATCH", O "/members/{member}", srv_update_member, "members",
        "Give a member another role; it ends the account's sessions.", member_update, NULL,
        SRV_MEMBER, false, 0, ADMIN),
    ADMIN_DELETE(O "/members/{member}", srv_delete_member, "members",
                 "Take a member out; an account that is a member nowhere goes."),
    ADMIN_POST(O "/members/{member}/link", srv_create_member_link, "members",
               "Make a link that signs a member in once, for a lost password.", NULL, NONE),

    ROW("GET", "/v1/projects", srv_list_projects, "projects", "List projects.", NULL, paged,
        SRV_PROJECT, true, 0, SELF),
    {"POST", "/v1/projects", srv_create_project, "projects", "Create a project.", project_create,
     NULL, SRV_PROJECT, false, 0, SRV_RIGHT_SELF},
    GET(P, srv_get_project, "projects", "Show a project.", SRV_PROJECT),
    ADMIN_UPDATE(P, srv_update_project, "projects", "Change a project.", project_update,
                 SRV_PROJECT),
    {"DELETE", P, srv_delete_project, "projects", "Delete an empty project.", NULL, NULL, NONE,
     false, 0, SRV_RIGHT_OWN},

    LIST(P "/devices", srv_list_devices, "devices", "List devices.", device_list, SRV_DEVICE),
    POST(P "/devices", srv_create_device, "devices", "Create a device.", device_create, SRV_DEVICE),
    GET(P "/devices/{device}", srv_get_device, "devices", "Show a device.", SRV_DEVICE),
    GET(P "/devices/{device}/shadow", srv_get_device_shadow, "devices",
        "Show which models a device has compared, and how they did.", NONE),
    UPDATE(P "/devices/{device}", srv_update_device, "devices", "Change a device.", device_update,
           SRV_DEVICE),
    DELETE(P "/devices/{device}", srv_delete_device, "devices",
           "Delete a device with its credentials and history."),
    LIST(P "/devices/{device}/credentials", srv_list_credentials, "credentials",
         "List a device's credentials.", paged, SRV_CREDENTIAL),
    ADMIN_POST(P "/devices/{device}/credentials", srv_create_credential, "credentials",
               "Add a credential to a device.", credential_create, SRV_CREDENTIAL),
    ADMIN_DELETE(P "/devices/{device}/credentials/{credential}", srv_delete_credential,
                 "credentials", "Delete a credential; a session that it opened ends."),
    LIST(P "/credentials", srv_list_project_credentials, "credentials",
         "List the credentials of all devices, without their keys.", credential_list,
         SRV_CREDENTIAL),
    ADMIN_POST(P "/credentials", srv_create_credential, "credentials", "Add a credential.",
               credential_create, SRV_CREDENTIAL),
    ADMIN_DELETE(P "/credentials/{credential}", srv_delete_credential, "credentials",
                 "Delete a credential; a session that it opened ends."),
    ADMIN_POST(P "/provisioning", srv_provision_device, "devices",
               "Create a device and its credential in one step.", provision_create, SRV_CREDENTIAL),
    ADMIN_POST(P "/devices/{device}/provisioning", srv_provision_device, "devices",
               "Change a device and add a credential in one step.", provision_update,
               SRV_CREDENTIAL),

    LIST(P "/blueprints", srv_list_blueprints, "blueprints", "List blueprints.", blueprint_list,
         SRV_BLUEPRINT),
    POST(P "/blueprints", srv_create_blueprint, "blueprints", "Create a blueprint.",
         blueprint_create, SRV_BLUEPRINT),
    GET(P "/blueprints/{blueprint}", srv_get_blueprint, "blueprints", "Show a blueprint.",
        SRV_BLUEPRINT),
    UPDATE(P "/blueprints/{blueprint}", srv_update_blueprint, "blueprints", "Change a blueprint.",
           blueprint_update, SRV_BLUEPRINT),
    DELETE(P "/blueprints/{blueprint}", srv_delete_blueprint, "blueprints",
           "Delete a blueprint that nothing names."),

    LIST(P "/tags", srv_list_tags, "tags", "List tags.", tag_list, SRV_TAG),
    POST(P "/tags", srv_create_tag, "tags", "Create a tag.", tag_create, SRV_TAG),
    GET(P "/tags/{tag}", srv_get_tag, "tags", "Show a tag.", SRV_TAG),
    UPDATE(P "/tags/{tag}", srv_update_tag, "tags", "Rename a tag.", tag_update, SRV_TAG),
    DELETE(P "/tags/{tag}", srv_delete_tag, "tags", "Delete a tag that nothing has."),

    {"POST", "/v1/artifacts", srv_create_artifact, "artifacts", "Upload an artifact as base64.",
     artifact_create, NULL, SRV_ARTIFACT, false, SRV_ROUTE_BIG, SRV_RIGHT_SELF},
    {"POST", P "/artifacts", srv_upload_artifact, "artifacts",
     "Upload an artifact, the body is its bytes.", NULL, artifact_upload, SRV_ARTIFACT, false,
     SRV_ROUTE_UPLOAD, SRV_RIGHT_OPERATE},
    LIST(P "/artifacts", srv_list_artifacts, "artifacts", "List artifacts.", artifact_list,
         SRV_ARTIFACT),
    GET(P "/artifacts/{artifact}", srv_get_artifact, "artifacts", "Show an artifact.",
        SRV_ARTIFACT),
    {"GET", P "/artifacts/{artifact}/content", srv_get_artifact_content, "artifacts",
     "Download an artifact's bytes.", NULL, NULL, NONE, false, SRV_ROUTE_BYTES, SRV_RIGHT_VIEW},
    LIST(P "/artifacts/{artifact}/evaluations", srv_list_evaluations, "evaluations",
         "List an artifact's evaluations, newest first, without their reports.", paged,
         SRV_EVALUATION),
    POST(P "/artifacts/{artifact}/evaluations", srv_create_evaluation, "evaluations",
         "Keep how good an artifact was found.", evaluation_create, SRV_EVALUATION),
    GET(P "/artifacts/{artifact}/evaluations/{evaluation}", srv_get_evaluation, "evaluations",
        "Show an evaluation with its report.", SRV_EVALUATION),
    DELETE(P "/artifacts/{artifact}/evaluations/{evaluation}", srv_delete_evaluation, "evaluations",
           "Delete an evaluation."),
    UPDATE(P "/artifacts/{artifact}", srv_update_artifact, "artifacts",
           "Change an artifact's blueprint.", artifact_update, SRV_ARTIFACT),
    DELETE(P "/artifacts/{artifact}", srv_delete_artifact, "artifacts",
           "Delete an artifact that no release has."),

    GET(P "/artifacts/{artifact}/signature", srv_get_signature, "artifacts",
        "Show what a publisher has signed of an artifact.", SRV_ARTIFACT_SIGNATURE),
    ROW("PUT", P "/artifacts/{artifact}/signature", srv_put_signature, "artifacts",
        "Add a publisher's signature to an artifact, instead of the one before.", signature_put,
        NULL, SRV_ARTIFACT_SIGNATURE, false, SRV_ROUTE_COSE, OPERATE),
    DELETE(P "/artifacts/{artifact}/signature", srv_delete_signature, "artifacts",
           "Take an artifact's signature away."),
    LIST(P "/keysets", srv_list_keysets, "keysets",
         "List the sets of keys that devices believe, newest first.", paged, SRV_KEYSET),
    ADMIN_POST(P "/keysets", srv_create_keyset, "keysets",
               "Hand out the next set of keys, which a key of the set before has signed.",
               keyset_create, SRV_KEYSET),

    LIST(P "/releases", srv_list_releases, "releases", "List releases, newest first.", release_list,
         SRV_RELEASE),
    POST(P "/releases", srv_create_release, "releases", "Create a release.", release_create,
         SRV_RELEASE),
    GET(P "/releases/{release}", srv_get_release, "releases", "Show a release.", SRV_RELEASE),
    UPDATE(P "/releases/{release}", srv_update_release, "releases",
           "Change a release, switch its rollout on or off.", release_update, SRV_RELEASE),
    DELETE(P "/releases/{release}", srv_delete_release, "releases", "Delete a release."),

    ROW("POST", P "/releases/preview", srv_preview_release, "releases",
        "Which devices would get a release, before it is made.", release_preview, NULL, NONE, false,
        0, VIEW),
    GET(P "/releases/{release}/rollout", srv_get_release_rollout, "releases",
        "How far a release has come.", NONE),
    GET(P "/releases/{release}/shadow", srv_get_release_shadow, "releases",
        "Show how its models did beside those in service, before they took over.", NONE),
    LIST(P "/releases/{release}/devices", srv_list_release_devices, "releases",
         "List the devices that get a release, and how far each is.", rollout_devices, NONE),

    GET(P "/overview", srv_get_overview, "overview", "All devices at once.", NONE),
    ROW("GET", P "/overview/history", srv_get_overview_history, "overview",
        "Which versions were in the field when.", NULL, overview_history, NONE, false, 0, VIEW),
    POST(P "/devices/bulk", srv_update_devices, "devices", "Change many devices at once.",
         device_bulk, NONE),
    ROW("POST", P "/models/inspect", srv_inspect_model, "artifacts",
        "What a model is and who could run it; the body is its bytes, nothing is stored.", NULL,
        NULL, NONE, false, SRV_ROUTE_UPLOAD, OPERATE),
    GET(P "/artifacts/{artifact}/compatibility", srv_get_artifact_compatibility, "artifacts",
        "Which devices could run an artifact.", NONE),

    LIST(P "/captures", srv_list_captures, "captures", "List captures, newest first.", capture_list,
         SRV_CAPTURE),
    {"GET", P "/captures/export", srv_export_captures, "captures",
     "Labelled captures as a tar in the layout of Speech Commands.", NULL, capture_export, NONE,
     false, SRV_ROUTE_BYTES, SRV_RIGHT_VIEW},
    POST(P "/captures/label", srv_label_captures, "captures",
         "Give captures a label, all of them or none.", capture_label, NONE),
    GET(P "/captures/{capture}", srv_get_capture, "captures", "Show a capture.", SRV_CAPTURE),
    {"GET", P "/captures/{capture}/content", srv_get_capture_content, "captures",
     "Download a capture's bytes.", NULL, NULL, NONE, false, SRV_ROUTE_BYTES, SRV_RIGHT_VIEW},
    UPDATE(P "/captures/{capture}", srv_update_capture, "captures", "Give a capture a label.",
           capture_update, SRV_CAPTURE),
    DELETE(P "/captures/{capture}", srv_delete_capture, "captures", "Delete a capture."),
    LIST(P "/devices/{device}/stream", srv_list_stream, "captures",
         "List what a device sent on its streams, newest first.", stream_list, SRV_CAPTURE),
    {"POST", P "/devices/{device}/stream", srv_post_stream, "captures",
     "Keep a JSON value as if the device had sent it.", NULL, NULL, NONE, false, SRV_ROUTE_VALUE,
     SRV_RIGHT_OPERATE},
    GET(P "/devices/{device}/stream/{path...}", srv_get_stream_path, "captures",
        "The newest value that a device sent on a path.", NONE),
    {"POST", P "/devices/{device}/stream/{path...}", srv_post_stream, "captures",
     "Keep a JSON value as if the device had sent it on a path.", NULL, NULL, NONE, false,
     SRV_ROUTE_VALUE, SRV_RIGHT_OPERATE},

    STATE(P "/devices/{device}/data"),
    STATE(P "/devices/{device}/data/{path...}"),

    LIST(P "/settings", srv_list_settings, "settings", "List settings of every level.",
         setting_list, SRV_SETTING),
    POST(P "/settings", srv_create_setting, "settings", "Create a setting.", setting_create,
         SRV_SETTING),
    GET(P "/settings/{setting}", srv_get_setting, "settings", "Show a setting.", SRV_SETTING),
    UPDATE(P "/settings/{setting}", srv_update_setting, "settings", "Change a setting's value.",
           setting_update, SRV_SETTING),
    DELETE(P "/settings/{setting}", srv_delete_setting, "settings", "Delete a setting."),
    LIST(P "/devices/{device}/settings", srv_list_device_settings, "settings",
         "What applies to a device, and what it said of it.", NULL, SRV_SETTING),

    POST(P "/devices/{device}/rpc", srv_call_device, "rpc",
         "Call a method of a device and wait for its answer.", rpc_call, NONE),

    LIST(P "/virtual-devices", srv_list_virtual_devices, "devices",
         "List the virtual devices that this server runs.", paged, SRV_VIRTUAL_DEVICE),
    POST(P "/virtual-devices", srv_create_virtual_device, "devices",
         "Make a virtual device: a process that connects and runs models as any device does.",
         virtual_create, NONE),
    DELETE(P "/virtual-devices/{device}", srv_delete_virtual_device, "devices",
           "Stop a virtual device and delete it."),

    LIST(P "/logs", srv_list_device_logs, "logs", "List what devices logged, newest first.",
         project_logs, SRV_DEVICE_LOG),
    LIST(P "/devices/{device}/logs", srv_list_device_logs, "logs",
         "List what a device logged, newest first.", device_logs, SRV_DEVICE_LOG),

    LIST(P "/certificates", srv_list_certificates, "certificates",
         "List the CAs whose devices are let in.", paged, SRV_CERTIFICATE),
    ADMIN_POST(P "/certificates", srv_create_certificate, "certificates",
               "Trust a CA: devices with its certificates are let in.", certificate_create,
               SRV_CERTIFICATE),
    GET(P "/certificates/{certificate}", srv_get_certificate, "certificates", "Show a CA.",
        SRV_CERTIFICATE),
    ADMIN_DELETE(P "/certificates/{certificate}", srv_delete_certificate, "certificates",
                 "Trust a CA no more; the sessions that hang on it end."),
    ADMIN_POST(P "/ca", srv_create_ca, "certificates",
               "Make a CA whose key the server keeps, to answer CSRs with.", ca_create,
               SRV_CERTIFICATE),
    LIST(P "/revoked-certificates", srv_list_revoked_certificates, "certificates",
         "List revoked certificates.", paged, SRV_REVOKED_CERTIFICATE),
    ADMIN_POST(P "/revoked-certificates", srv_create_revoked_certificate, "certificates",
               "Revoke a certificate; a session of its own ends.", revoked_create,
               SRV_REVOKED_CERTIFICATE),
    ADMIN_DELETE(P "/revoked-certificates/{certificate}", srv_delete_revoked_certificate,
                 "certificates", "Let a revoked certificate in again."),
    LIST(P "/devices/{device}/certificates", srv_list_device_certificates, "certificates",
         "List the certificates that a device has come with or was issued.", paged,
         SRV_DEVICE_CERTIFICATE),
    ADMIN_POST(P "/devices/{device}/revoke-certificates", srv_revoke_device_certificates,
               "certificates", "Revoke all certificates of a device.", NULL, NONE),

    ADMIN_LIST(P "/apikeys", srv_list_api_keys, "apikeys", "List API keys.", paged, SRV_API_KEY),
    ADMIN_POST(P "/apikeys", srv_create_api_key, "apikeys", "Create an API key; shown this once.",
               api_key_create, SRV_API_KEY),
    ADMIN_UPDATE(P "/apikeys/{apikey}", srv_update_api_key, "apikeys",
                 "Rename or disable an API key.", api_key_update, SRV_API_KEY),
    ADMIN_DELETE(P "/apikeys/{apikey}", srv_delete_api_key, "apikeys", "Delete an API key."),

    ADMIN_LIST(P "/audit", srv_list_audit, "audit", "Who changed what, newest first.", audit_list,
               SRV_AUDIT),
    ROW("GET", "/v1/audit", srv_list_audit, "audit",
        "Who changed what on the whole server, newest first.", NULL, audit_list, SRV_AUDIT, true, 0,
        SERVER),
    ROW("GET", P "/live", srv_get_live, "live", "What happens, as server-sent events.", NULL,
        live_events, NONE, false, SRV_ROUTE_BYTES, VIEW),

    LIST(P "/ota-events", srv_list_ota_events, "events", "List OTA events, newest first.",
         event_list, SRV_OTA_EVENT),
    LIST(P "/firmware/logs", srv_list_firmware_logs, "events",
         "List OTA events in the older shape.", log_list, SRV_OTA_EVENT),
};
const size_t srv_route_count = sizeof(srv_routes) / sizeof(srv_routes[0]);
