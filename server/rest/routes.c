/* SPDX-License-Identifier: Apache-2.0 */
/* Every route, declared once: the router, the checks of bodies and queries and
 * GET /v1/openapi.json read these tables. */
#include "server/rest/internal.h"

#define TEXT SRV_FIELD_TEXT
#define BOOL SRV_FIELD_BOOL
#define TEXTS SRV_FIELD_TEXTS
#define NONE SRV_KIND_COUNT

/* --- bodies ------------------------------------------------------------------------ */

static const struct srv_field project_create[] = {
    {"name", TEXT, true, "what people call it"},
    {"id", TEXT, false, "stands in routes and identities; made from the name when absent"},
    {0}};
static const struct srv_field project_update[] = {{"name", TEXT, false, "what people call it"},
                                                  {0}};
static const struct srv_field blueprint_create[] = {{"name", TEXT, true, "unique in the project"},
                                                    {"platform", TEXT, false, "for people"},
                                                    {"boardId", TEXT, false, "for people"},
                                                    {0}};
static const struct srv_field blueprint_update[] = {{"name", TEXT, false, "unique in the project"},
                                                    {"platform", TEXT, false, "for people"},
                                                    {"boardId", TEXT, false, "for people"},
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
static const struct srv_field release_create[] = {
    {"artifactIds", TEXTS, true, "at most 8, of different packages"},
    {"releaseTags", TEXTS, false, "labels, each unique in the project"},
    {"deviceTagIds", TEXTS, false, "only for devices that have all of these tags"},
    {"blueprintId", TEXT, false, "only for devices of this blueprint"},
    {"rollout", BOOL, false, "devices get it from now on"},
    {0}};
static const struct srv_field release_update[] = {
    {"rollout", BOOL, false, "off: devices go back to the release before"},
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
    {0}};
static const struct srv_field api_key_update[] = {
    {"name", TEXT, false, "what it is for"},
    {"enabled", BOOL, false, "a disabled key opens nothing"},
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

/* --- routes -------------------------------------------------------------------------- */

#define P "/v1/projects/{project}"
#define OP "/v1/organizations/{organization}/projects/{project}"

#define LIST(path, handle, group, summary, parameters, kind) \
  { "GET", path, handle, group, summary, NULL, parameters, kind, true, 0 }
#define GET(path, handle, group, summary, kind) \
  { "GET", path, handle, group, summary, NULL, NULL, kind, false, 0 }
#define POST(path, handle, group, summary, body, kind) \
  { "POST", path, handle, group, summary, body, NULL, kind, false, 0 }
/* Members that are absent stay as they are, with PUT as with PATCH: clients of
 * the original rely on it. */
#define UPDATE(path, handle, group, summary, body, kind)               \
  {"PUT", path, handle, group, summary, body, NULL, kind, false, 0}, { \
    "PATCH", path, handle, group, summary, body, NULL, kind, false, 0  \
  }
#define DELETE(path, handle, group, summary) \
  { "DELETE", path, handle, group, summary, NULL, NULL, NONE, false, 0 }

const struct srv_route srv_routes[] = {
    {"GET", "/healthz", srv_get_health, "server", "Is the server up?", NULL, NULL, NONE, false,
     SRV_ROUTE_OPEN},
    {"GET", "/v1/openapi.json", srv_get_openapi, "server", "This description.", NULL, NULL, NONE,
     false, SRV_ROUTE_OPEN},
    GET("/v1/status", srv_get_status, "server", "Version, uptime, counts, gateway.", NONE),

    LIST("/v1/projects", srv_list_projects, "projects", "List projects.", paged, SRV_PROJECT),
    {"POST", "/v1/projects", srv_create_project, "projects", "Create a project.", project_create,
     NULL, SRV_PROJECT, false, SRV_ROUTE_SERVER},
    GET(P, srv_get_project, "projects", "Show a project.", SRV_PROJECT),
    UPDATE(P, srv_update_project, "projects", "Change a project.", project_update, SRV_PROJECT),
    {"DELETE", P, srv_delete_project, "projects", "Delete an empty project.", NULL, NULL, NONE,
     false, SRV_ROUTE_SERVER},

    LIST(P "/devices", srv_list_devices, "devices", "List devices.", device_list, SRV_DEVICE),
    POST(P "/devices", srv_create_device, "devices", "Create a device.", device_create, SRV_DEVICE),
    GET(P "/devices/{device}", srv_get_device, "devices", "Show a device.", SRV_DEVICE),
    UPDATE(P "/devices/{device}", srv_update_device, "devices", "Change a device.", device_update,
           SRV_DEVICE),
    DELETE(P "/devices/{device}", srv_delete_device, "devices",
           "Delete a device with its credentials and history."),
    LIST(P "/devices/{device}/credentials", srv_list_credentials, "credentials",
         "List a device's credentials.", paged, SRV_CREDENTIAL),
    POST(P "/devices/{device}/credentials", srv_create_credential, "credentials",
         "Add a credential to a device.", credential_create, SRV_CREDENTIAL),
    DELETE(P "/devices/{device}/credentials/{credential}", srv_delete_credential, "credentials",
           "Delete a credential; the device's session ends."),
    POST(P "/credentials", srv_create_credential, "credentials", "Add a credential.",
         credential_create, SRV_CREDENTIAL),
    DELETE(P "/credentials/{credential}", srv_delete_credential, "credentials",
           "Delete a credential; the device's session ends."),
    POST(P "/provisioning", srv_provision_device, "devices",
         "Create a device and its credential in one step.", provision_create, SRV_CREDENTIAL),
    POST(P "/devices/{device}/provisioning", srv_provision_device, "devices",
         "Change a device and add a credential in one step.", provision_update, SRV_CREDENTIAL),

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
     artifact_create, NULL, SRV_ARTIFACT, false, SRV_ROUTE_BIG},
    {"POST", P "/artifacts", srv_upload_artifact, "artifacts",
     "Upload an artifact, the body is its bytes.", NULL, artifact_upload, SRV_ARTIFACT, false,
     SRV_ROUTE_UPLOAD},
    LIST(P "/artifacts", srv_list_artifacts, "artifacts", "List artifacts.", artifact_list,
         SRV_ARTIFACT),
    GET(P "/artifacts/{artifact}", srv_get_artifact, "artifacts", "Show an artifact.",
        SRV_ARTIFACT),
    GET(P "/artifacts/{artifact}/content", srv_get_artifact_content, "artifacts",
        "Download an artifact's bytes.", NONE),
    UPDATE(P "/artifacts/{artifact}", srv_update_artifact, "artifacts",
           "Change an artifact's blueprint.", artifact_update, SRV_ARTIFACT),
    DELETE(P "/artifacts/{artifact}", srv_delete_artifact, "artifacts",
           "Delete an artifact that no release has."),

    LIST(P "/releases", srv_list_releases, "releases", "List releases, newest first.", release_list,
         SRV_RELEASE),
    POST(P "/releases", srv_create_release, "releases", "Create a release.", release_create,
         SRV_RELEASE),
    GET(P "/releases/{release}", srv_get_release, "releases", "Show a release.", SRV_RELEASE),
    UPDATE(P "/releases/{release}", srv_update_release, "releases",
           "Change a release, switch its rollout on or off.", release_update, SRV_RELEASE),
    DELETE(P "/releases/{release}", srv_delete_release, "releases", "Delete a release."),

    LIST(P "/apikeys", srv_list_api_keys, "apikeys", "List API keys.", paged, SRV_API_KEY),
    POST(P "/apikeys", srv_create_api_key, "apikeys", "Create an API key; shown this once.",
         api_key_create, SRV_API_KEY),
    UPDATE(P "/apikeys/{apikey}", srv_update_api_key, "apikeys", "Rename or disable an API key.",
           api_key_update, SRV_API_KEY),
    DELETE(P "/apikeys/{apikey}", srv_delete_api_key, "apikeys", "Delete an API key."),

    LIST(P "/ota-events", srv_list_ota_events, "events", "List OTA events, newest first.",
         event_list, SRV_OTA_EVENT),
    LIST(OP "/ota-events", srv_list_ota_events, "events", "List OTA events, newest first.",
         event_list, SRV_OTA_EVENT),
    LIST(P "/firmware/logs", srv_list_firmware_logs, "events",
         "List OTA events in the older shape.", log_list, SRV_OTA_EVENT),
};
const size_t srv_route_count = sizeof(srv_routes) / sizeof(srv_routes[0]);
