/* SPDX-License-Identifier: Apache-2.0 */
/* What every answer looks like; schema.h says how to add one. */
#include "server/rest/schema.h"

#include <string.h>

#include "server/rest/fleet.h"
#include "server/rest/internal.h"

#define TEXT SRV_VALUE_TEXT
#define TIME SRV_VALUE_TIME
#define INTEGER SRV_VALUE_INTEGER
#define NUMBER SRV_VALUE_NUMBER
#define INT64 SRV_VALUE_INT64
#define BOOL SRV_VALUE_BOOL
#define OBJECT SRV_VALUE_OBJECT
#define ANY SRV_VALUE_ANY
#define OR_NULL SRV_PROPERTY_NULL
#define OPTIONAL SRV_PROPERTY_OPTIONAL
#define LIST SRV_PROPERTY_LIST
#define MAP SRV_PROPERTY_MAP

#define ID \
  { "id", TEXT, 0, NULL, "its id" }
#define CREATED \
  { "createdAt", TIME, 0, NULL, "when it was made" }
#define UPDATED \
  { "updatedAt", TIME, 0, NULL, "when it was last changed" }

/* --- rows ----------------------------------------------------------------------------- */

static const struct srv_property project_members[] = {
    {"id", TEXT, 0, NULL, "stands in routes and identities"},
    {"name", TEXT, 0, NULL, "what people call it"},
    {"organizationId", TEXT, 0, NULL, "the organization that it is in"},
    {"autoProvision", BOOL, 0, NULL, "a right certificate of an unknown device makes the device"},
    {"autoProvisionMax", INTEGER, 0, NULL, "so many devices at most are made so"},
    {"autoProvisioned", INTEGER, 0, NULL, "so many were made so, deleted ones too"},
    {"certificateDays", INTEGER, 0, NULL, "how long a certificate holds that answers a CSR"},
    CREATED,
    {0}};

static const struct srv_property blueprint_members[] = {
    ID,
    {"name", TEXT, 0, NULL, "unique in the project"},
    {"platform", TEXT, 0, NULL, "for people"},
    {"boardId", TEXT, 0, NULL, "for people"},
    {"arenaBytes", INTEGER, 0, NULL, "memory for models that its boards have; 0: not said"},
    {"modelBytesMax", INTEGER, 0, NULL, "bytes of a model that they can store; 0: not said"},
    CREATED,
    UPDATED,
    {0}};

static const struct srv_property tag_members[] = {
    ID, {"name", TEXT, 0, NULL, "unique in the project"}, CREATED, UPDATED, {0}};

static const struct srv_property package_update_members[] = {
    {"state", TEXT, 0, NULL, "one of: IDLE, DOWNLOADING, DOWNLOADED, UPDATING, UNKNOWN"},
    {"stateCode", INTEGER, 0, NULL, "its number"},
    {"reason", TEXT, 0, NULL, "why, by name"},
    {"reasonCode", INTEGER, 0, NULL, "its number"},
    {"detail", TEXT, 0, NULL, "why more closely, by name; empty when it did not say"},
    {"version", TEXT, 0, NULL, "what it has"},
    {"target", TEXT, 0, NULL, "what it is going to"},
    {"time", TIME, OR_NULL, NULL, "when it said so"},
    {0}};
static const struct srv_shape package_update = {"PackageUpdate", package_update_members, false};
static const struct srv_property profile_members[] = {
    {"board", TEXT, 0, NULL, "what it is; empty where it did not say, likewise the others"},
    {"sdk", TEXT, 0, NULL, "godwit/0.1.0"},
    {"runtime", TEXT, 0, NULL, "wit/0.1.0"},
    {"ops", TEXT, LIST, NULL, "what its runtime has, by TensorFlow Lite's names"},
    {"arenaBytes", INTEGER, 0, NULL, "the largest arena of a model; 0: not said"},
    {"slotBytes", INTEGER, 0, NULL, "the longest model file; 0: not said"},
    {"time", TIME, 0, NULL, "when it said so"},
    {0}};
static const struct srv_shape device_profile = {"DeviceProfile", profile_members, false};
static const struct srv_property device_metadata_members[] = {
    {"status", TEXT, 0, NULL, "one of: online, offline, -; - is one that was never here"},
    {"lastReport", TIME, OR_NULL, NULL, "when it last said what it runs"},
    {"lastSeenOnline", TIME, OR_NULL, NULL, "when it last came"},
    {"lastSeenOffline", TIME, OR_NULL, NULL, "when it last went"},
    {"update", OBJECT, MAP, &package_update, "what it said of its packages, by package"},
    {"profile", OBJECT, OR_NULL, &device_profile, "what it says of itself; null: nothing"},
    {0}};
static const struct srv_shape device_metadata = {"DeviceMetadata", device_metadata_members, false};
static const struct srv_property device_members[] = {
    ID,
    {"name", TEXT, 0, NULL, "unique in the project"},
    {"hardwareIds", TEXT, LIST, NULL, "serial numbers and the like"},
    {"tagIds", TEXT, LIST, NULL, "its tags"},
    {"blueprintId", TEXT, 0, NULL, "its blueprint; empty for none"},
    {"enabled", BOOL, 0, NULL, "a disabled device is not let in"},
    {"certificateId", TEXT, 0, NULL, "the certificate that it last came with; empty for none"},
    CREATED,
    UPDATED,
    {"status", TEXT, 0, NULL, "one of: online, offline, -; - is one that was never here"},
    {"lastReport", TIME, OR_NULL, NULL, "when it last said what it runs"},
    {"metadata", OBJECT, 0, &device_metadata, "what the server knows of it"},
    {0}};

static const struct srv_property credential_members[] = {
    ID,
    {"type", TEXT, 0, NULL, "one of: PRE_SHARED_KEY"},
    {"identity", TEXT, 0, NULL, "what the device calls itself"},
    {"preSharedKey", TEXT, OR_NULL, NULL,
     "null when it is no text, in the list of the project, and for who is no admin"},
    {"deviceId", TEXT, 0, NULL, "the device"},
    {"name", TEXT, OPTIONAL, NULL, "the device's name, where it was made with the credential"},
    CREATED,
    {"lastUsed", TIME, OR_NULL, NULL, "when a device last came with it"},
    {0}};

static const struct srv_property digest_members[] = {{"digest", TEXT, 0, NULL, "hex"}, {0}};
static const struct srv_shape digest = {"Digest", digest_members, false};
static const struct srv_property digests_members[] = {
    {"sha256", OBJECT, 0, &digest, "SHA-256 of the bytes"}, {0}};
static const struct srv_shape digests = {"Digests", digests_members, false};
static const struct srv_property binary_info_members[] = {
    {"type", TEXT, 0, NULL, "one of: tflite, binary"},
    {"size", INTEGER, 0, NULL, "bytes"},
    {"digests", OBJECT, 0, &digests, "by algorithm"},
    {0}};
static const struct srv_shape binary_info = {"BinaryInfo", binary_info_members, false};

static const struct srv_property evaluation_members[] = {
    ID,
    {"artifactId", TEXT, 0, NULL, "of this artifact"},
    {"dataset", TEXT, 0, NULL, "on which data"},
    {"accuracy", NUMBER, OR_NULL, NULL, "0 to 1; null where the report has none"},
    {"accuracyInterval", ANY, OPTIONAL, NULL, "as in the report"},
    {"clips", ANY, OPTIONAL, NULL, "as in the report"},
    {"report", ANY, OPTIONAL, NULL, "the report, not in lists"},
    CREATED,
    {0}};

#define SIGNATURE_FACTS                                                 \
  {"keyId", TEXT, 0, NULL, "of the key that signed it, 16 hex digits"}, \
      {"sequence", INTEGER, 0, NULL, "newer is larger"},                \
      {"floor", INTEGER, 0, NULL, "devices that run it take nothing below"}, CREATED
static const struct srv_property signature_members[] = {SIGNATURE_FACTS, {0}};
static const struct srv_shape signature_shape = {"SignatureFacts", signature_members, false};
static const struct srv_property whole_signature_members[] = {
    SIGNATURE_FACTS, {"signature", TEXT, OR_NULL, NULL, "the message, base64 of COSE_Sign1"}, {0}};
static const struct srv_property keyset_key_members[] = {
    {"keyId", TEXT, 0, NULL, "16 hex digits"},
    {"publicKey", TEXT, 0, NULL, "x and y on P-256, 128 hex digits"},
    {0}};
static const struct srv_shape keyset_key = {"KeysetKey", keyset_key_members, false};
static const struct srv_property keyset_members[] = {
    ID,
    {"epoch", INTEGER, 0, NULL, "devices take each set in turn"},
    {"floor", INTEGER, 0, NULL, "of sequence numbers, from this set on"},
    {"signedBy", TEXT, 0, NULL, "id of the key that signed it, of the set before"},
    {"keys", OBJECT, LIST, &keyset_key, "that may sign from then on"},
    {"keyset", TEXT, OR_NULL, NULL, "the message, base64 of COSE_Sign1"},
    CREATED,
    {0}};

static const struct srv_shape kinds[SRV_KIND_COUNT]; /* below */
static const struct srv_property artifact_members[] = {
    ID,
    {"package", TEXT, 0, NULL, "what it is a version of"},
    {"version", TEXT, 0, NULL, "semantic version"},
    {"blueprintId", TEXT, 0, NULL, "only for devices of this blueprint; empty for any"},
    {"size", INT64, 0, NULL, "bytes"},
    {"binaryInfo", OBJECT, 0, &binary_info, "what kind of bytes"},
    {"model", OBJECT, OPTIONAL, &srv_shape_model, "what is inside, of a model"},
    {"signature", OBJECT, OPTIONAL | OR_NULL, &signature_shape, "by its publisher; null: unsigned"},
    {"encodings", OBJECT, LIST | OPTIONAL, &srv_shape_encoding,
     "shorter forms of its bytes that devices may load; not in lists"},
    {"latestEvaluation", OBJECT, OPTIONAL, &kinds[SRV_EVALUATION], "how good it was last found"},
    CREATED,
    UPDATED,
    {0}};

static const struct srv_property release_members[] = {
    ID,
    {"releaseTags", TEXT, LIST, NULL, "labels, each unique in the project"},
    {"deviceTagIds", TEXT, LIST, NULL, "only for devices that have all of these tags"},
    {"artifactIds", TEXT, LIST, NULL, "what devices get"},
    {"blueprintId", TEXT, 0, NULL, "only for devices of this blueprint; empty for any"},
    {"rollout", BOOL, 0, NULL, "devices get it"},
    {"sequenceNumber", INT64, 0, NULL, "of the releases that fit a device, the highest counts"},
    {"policy", OBJECT, 0, &srv_shape_policy, "what it asks of devices that take it"},
    {"problem", TEXT, OPTIONAL, NULL, "why no device can get it now"},
    CREATED,
    UPDATED,
    {0}};

static const struct srv_property api_key_members[] = {
    ID,
    {"name", TEXT, 0, NULL, "what it is for"},
    {"type", TEXT, 0, NULL, "one of: API_KEY"},
    {"server", BOOL, 0, NULL, "good for every project of the server"},
    {"enabled", BOOL, 0, NULL, "a disabled key opens nothing"},
    {"projectId", TEXT, 0, NULL, "its project; empty: every project of the server"},
    {"role", TEXT, 0, NULL, "one of: viewer, operator, admin"},
    {"scopes", TEXT, LIST, NULL, "groups of routes, like devices or devices:read; none: all"},
    {"expiresAt", TIME, OR_NULL, NULL, "null: never"},
    {"lastUsed", TIME, OR_NULL, NULL, "to the minute; null: not yet"},
    {"key", TEXT, OPTIONAL, NULL, "the key itself, once, when it is made"},
    {"apiKey", TEXT, OPTIONAL, NULL, "the same, for clients of the original"},
    CREATED,
    UPDATED,
    {0}};

static const struct srv_property ota_event_members[] = {
    ID,
    {"deviceId", TEXT, 0, NULL, "the device"},
    {"packageId", TEXT, 0, NULL, "the package"},
    {"eventType", TEXT, 0, NULL, "the state reported, by name"},
    {"status", INTEGER, 0, NULL, "the reason reported, its number"},
    {"message", TEXT, 0, NULL, "the reason reported, by name"},
    {"detail", TEXT, 0, NULL, "why more closely, by name; empty when it did not say"},
    {"currentVersion", TEXT, 0, NULL, "what it has"},
    {"targetVersion", TEXT, 0, NULL, "what it is going to"},
    {"timestamp", TIME, OR_NULL, NULL, "when"},
    {0}};

static const struct srv_property actor_members[] = {
    {"type", TEXT, 0, NULL, "account, apiKey or server"},
    {"id", TEXT, 0, NULL, "of the account or API key"},
    {"name", TEXT, 0, NULL, "as it was called then"},
    {"address", TEXT, 0, NULL, "where the request came from; empty when not known"},
    {0}};
static const struct srv_shape actor_shape = {"Actor", actor_members, false};

static const struct srv_property audit_members[] = {
    ID,
    {"time", TIME, OR_NULL, NULL, "when"},
    {"actor", OBJECT, 0, &actor_shape, "who"},
    {"action", TEXT, 0, NULL, "create, update, delete, signIn and the like"},
    {"kind", TEXT, 0, NULL, "of what: device, release, apiKey..."},
    {"objectId", TEXT, 0, NULL, "its id; it may be gone"},
    {"objectName", TEXT, 0, NULL, "as it was called then"},
    {"projectId", TEXT, 0, NULL, "its project; empty: the server's"},
    {"before", ANY, OR_NULL | MAP, NULL, "members that changed, as they were; secrets are ***"},
    {"after", ANY, OR_NULL | MAP, NULL, "members that changed, as they are"},
    {0}};

static const struct srv_property capture_model_members[] = {
    {"package", TEXT, 0, NULL, "its package; empty when the device did not say"},
    {"version", TEXT, 0, NULL, "its version"},
    {0}};
static const struct srv_shape capture_model = {"CaptureModel", capture_model_members, false};
static const struct srv_property capture_members[] = {
    ID,
    {"deviceId", TEXT, 0, NULL, "of this device"},
    {"deviceName", TEXT, 0, NULL, "its name; empty when it is gone"},
    {"path", TEXT, 0, NULL, "the stream path that it came on"},
    {"contentType", TEXT, 0, NULL, "what kind of bytes"},
    {"size", INTEGER, 0, NULL, "bytes"},
    {"digest", TEXT, 0, NULL, "SHA-256, hex"},
    {"model", OBJECT, 0, &capture_model, "what ran when it was taken"},
    {"heard", TEXT, 0, NULL, "what the model took it for"},
    {"score", NUMBER, OR_NULL, NULL, "how sure it was, 0 to 1"},
    {"label", TEXT, 0, NULL, "what it really is; empty when nobody has said"},
    {"labelledAt", TIME, OR_NULL, NULL, "when somebody said"},
    {"time", TIME, 0, NULL, "when it came"},
    {"deviceTime", TIME, OR_NULL, NULL, "when it was taken, by the device's clock"},
    {"provenance", ANY, OPTIONAL, NULL, "all that the device said of it"},
    {0}};

static const struct srv_property setting_members[] = {
    ID,
    {"key", TEXT, 0, NULL, "what it is called"},
    {"dataType", TEXT, 0, NULL, "one of: integer, float, boolean, string"},
    {"value", ANY, 0, NULL, "a number, true, false or a string"},
    {"level", TEXT, 0, NULL, "one of: project, blueprint, device"},
    {"deviceId", TEXT, OPTIONAL, NULL, "for this device only"},
    {"blueprintId", TEXT, OPTIONAL, NULL, "for devices of this blueprint"},
    CREATED,
    UPDATED,
    {0}};

static const struct srv_property device_log_members[] = {
    ID,
    {"timestamp", TIME, OR_NULL, NULL, "when"},
    {"deviceId", TEXT, 0, NULL, "the device"},
    {"device_id", TEXT, 0, NULL, "the same, for clients of the original"},
    {"level", TEXT, 0, NULL, "one of: ERROR, WARN, INFO, DEBUG, NONE"},
    {"module", TEXT, 0, NULL, "the part of the device's program"},
    {"message", TEXT, 0, NULL, "what it said"},
    {"type", TEXT, 0, NULL, "always empty"},
    {"metadata", ANY, 0, NULL, "what it said besides"},
    {0}};

#define CERTIFICATE_DATES                                        \
  {"notBefore", TIME, OR_NULL, NULL, "it holds from then on"}, { \
    "notAfter", TIME, OR_NULL, NULL, "and until then"            \
  }
static const struct srv_property certificate_members[] = {
    ID,
    {"certType", TEXT, 0, NULL, "one of: root, intermediate"},
    {"subject", TEXT, 0, NULL, "its subject"},
    {"serialNumber", TEXT, 0, NULL, "hex"},
    {"fingerprint", TEXT, 0, NULL, "SHA-256 of its DER, hex"},
    CERTIFICATE_DATES,
    {"enabled", BOOL, 0, NULL, "always true, for clients of the original"},
    {"canSign", BOOL, 0, NULL, "the server has its key"},
    {"certFile", TEXT, OR_NULL, NULL, "base64 of PEM"},
    {"warning", TEXT, OPTIONAL, NULL, "why it lets nobody in"},
    CREATED,
    {0}};
static const struct srv_property device_certificate_members[] = {
    ID,
    {"deviceId", TEXT, 0, NULL, "the device"},
    {"serialNumber", TEXT, 0, NULL, "hex"},
    {"fingerprint", TEXT, 0, NULL, "SHA-256 of its DER, hex"},
    {"caFingerprint", TEXT, 0, NULL, "of the CA that signed it"},
    {"issued", BOOL, 0, NULL, "by this server, in answer to a CSR"},
    CERTIFICATE_DATES,
    CREATED,
    {"lastUsed", TIME, OR_NULL, NULL, "when the device last came with it"},
    {0}};
static const struct srv_property revoked_members[] = {
    ID,
    {"serialNumber", TEXT, 0, NULL, "hex; empty when the fingerprint says which"},
    {"fingerprint", TEXT, 0, NULL, "SHA-256 of its DER, hex; or empty"},
    CREATED,
    {0}};

static const struct srv_property organization_members[] = {
    {"id", TEXT, 0, NULL, "stands in routes"},
    {"name", TEXT, 0, NULL, "what people call it"},
    CREATED,
    UPDATED,
    {0}};
static const struct srv_property member_members[] = {
    ID,
    {"accountId", TEXT, 0, NULL, "who"},
    {"email", TEXT, 0, NULL, "by which the account signs in"},
    {"name", TEXT, 0, NULL, "what the person is called; may be empty"},
    {"role", TEXT, 0, NULL, "one of: viewer, operator, admin"},
    {"projectId", TEXT, 0, NULL, "of this project only; empty: of all"},
    {"serverAdmin", BOOL, 0, NULL, "may do everything on this server"},
    {"totpEnabled", BOOL, 0, NULL, "signs in with a code, too"},
    {"lastUsed", TIME, OR_NULL, NULL, "when the account was last here"},
    {"invited", BOOL, 0, NULL, "has set no password yet"},
    {"link", TEXT, OR_NULL | OPTIONAL, NULL, "signs a new account in, once; shown this once"},
    {"expiresAt", TIME, OR_NULL | OPTIONAL, NULL, "until then the link works"},
    CREATED,
    {0}};

static const struct srv_shape kinds[SRV_KIND_COUNT] = {
    [SRV_PROJECT] = {"Project", project_members, false},
    [SRV_BLUEPRINT] = {"Blueprint", blueprint_members, false},
    [SRV_TAG] = {"Tag", tag_members, false},
    [SRV_DEVICE] = {"Device", device_members, false},
    [SRV_CREDENTIAL] = {"Credential", credential_members, false},
    [SRV_ARTIFACT] = {"Artifact", artifact_members, false},
    [SRV_RELEASE] = {"Release", release_members, false},
    [SRV_API_KEY] = {"ApiKey", api_key_members, false},
    [SRV_ORGANIZATION] = {"Organization", organization_members, false},
    [SRV_MEMBER] = {"Member", member_members, false},
    [SRV_OTA_EVENT] = {"OtaEvent", ota_event_members, false},
    [SRV_AUDIT] = {"AuditEntry", audit_members, false},
    [SRV_CAPTURE] = {"Capture", capture_members, false},
    [SRV_SETTING] = {"Setting", setting_members, false},
    [SRV_DEVICE_LOG] = {"LogLine", device_log_members, false},
    [SRV_EVALUATION] = {"Evaluation", evaluation_members, false},
    [SRV_CERTIFICATE] = {"Certificate", certificate_members, false},
    [SRV_DEVICE_CERTIFICATE] = {"DeviceCertificate", device_certificate_members, false},
    [SRV_REVOKED_CERTIFICATE] = {"RevokedCertificate", revoked_members, false},
    [SRV_ARTIFACT_SIGNATURE] = {"Signature", whole_signature_members, false},
    [SRV_KEYSET] = {"Keyset", keyset_members, false},
};

/* --- other answers ---------------------------------------------------------------------- */

static const struct srv_property no_members[] = {{0}};
const struct srv_shape srv_shape_empty = {"Empty", no_members, true};
const struct srv_shape srv_shape_any = {"Value", NULL, false};

static const struct srv_property health_members[] = {{"status", TEXT, 0, NULL, "one of: ok"}, {0}};
static const struct srv_shape health = {"Health", health_members, true};
static const struct srv_shape document = {"Document", NULL, true};

static const struct srv_property count_members[] = {
    {"devices", INTEGER, 0, NULL, "of all projects, or of the key's"},
    {"artifacts", INTEGER, 0, NULL, "likewise"},
    {"releases", INTEGER, 0, NULL, "likewise"},
    {0}};
static const struct srv_shape counts = {"StatusObjects", count_members, false};
static const struct srv_property gateway_members[] = {
    {"sessions", INTEGER, 0, NULL, "open now"},
    {"observers", INTEGER, 0, NULL, "that wait for changes now"},
    {"handshakesOk", INTEGER, 0, NULL, "since the start"},
    {"handshakesFailed", INTEGER, 0, NULL, "since the start"},
    {"datagramsIn", INTEGER, 0, NULL, "since the start"},
    {"datagramsOut", INTEGER, 0, NULL, "since the start"},
    {"bytesIn", INTEGER, 0, NULL, "since the start"},
    {"bytesOut", INTEGER, 0, NULL, "since the start"},
    {"malformed", INTEGER, 0, NULL, "since the start"},
    {"duplicates", INTEGER, 0, NULL, "since the start"},
    {"notifications", INTEGER, 0, NULL, "since the start"},
    {"retransmissions", INTEGER, 0, NULL, "since the start"},
    {"rateLimited", INTEGER, 0, NULL, "since the start"},
    {"uploadsOpen", INTEGER, 0, NULL, "now"},
    {"uploadsFinished", INTEGER, 0, NULL, "since the start"},
    {"uploadsDropped", INTEGER, 0, NULL, "since the start"},
    {0}};
static const struct srv_shape gateway = {"StatusGateway", gateway_members, false};
static const struct srv_property status_tls_members[] = {
    {"subject", TEXT, 0, NULL, "of the server's certificate"},
    {"notBefore", TIME, OR_NULL, NULL, "it holds from then on"},
    {"notAfter", TIME, OR_NULL, NULL, "until then: the sooner end in its chain"},
    {"daysLeft", INTEGER, 0, NULL, "whole days until then; below 0 when it is over"},
    {0}};
static const struct srv_shape status_tls = {"StatusTls", status_tls_members, false};
static const struct srv_property status_members[] = {
    {"version", TEXT, 0, NULL, "of the program"},
    {"startedAt", TIME, 0, NULL, "when it was started"},
    {"uptimeSeconds", INTEGER, 0, NULL, "since then"},
    {"objects", OBJECT, 0, &counts, "how many there are"},
    {"tls", OBJECT, OR_NULL, &status_tls, "of HTTPS; null without it"},
    {"gateway", OBJECT, OPTIONAL, &gateway, "what it counts; for keys of the whole server"},
    {0}};
static const struct srv_shape status = {"Status", status_members, false};

static const struct srv_property labelled_members[] = {
    {"count", INTEGER, 0, NULL, "captures"}, {"label", TEXT, 0, NULL, "what they have now"}, {0}};
static const struct srv_shape labelled = {"Labelled", labelled_members, false};

static const struct srv_property stream_entry_members[] = {
    ID,
    {"timestamp", TIME, OR_NULL, NULL, "when it came"},
    {"deviceId", TEXT, 0, NULL, "the device"},
    {"path", TEXT, 0, NULL, "the stream path that it came on"},
    {"contentType", TEXT, 0, NULL, "what kind of bytes"},
    {"size", INTEGER, 0, NULL, "bytes"},
    {"data", ANY, 0, NULL, "what JSON, CBOR or text says; null for other bytes"},
    {0}};
static const struct srv_shape stream_entry = {"StreamEntry", stream_entry_members, false};

static const struct srv_property setting_error_members[] = {
    {"key", TEXT, 0, NULL, "the setting"},
    {"code", INTEGER, 0, NULL, "what the device said of it"},
    {"name", TEXT, 0, NULL, "the code's name"},
    {0}};
static const struct srv_shape setting_error = {"SettingError", setting_error_members, false};
static const struct srv_property reported_members[] = {
    {"version", INTEGER, 0, NULL, "of the settings that it has"},
    {"errors", OBJECT, LIST, &setting_error, "what it could not take"},
    {"time", TIME, OR_NULL, NULL, "when it said so"},
    {0}};
static const struct srv_shape reported = {"SettingsReport", reported_members, false};
static const struct srv_property sync_members[] = {
    {"version", INTEGER, 0, NULL, "of the settings that apply"},
    {"inSync", BOOL, 0, NULL, "the device has taken them all"},
    {"reported", OBJECT, OR_NULL, &reported, "what it said; null when it said nothing"},
    {0}};
static const struct srv_shape sync_shape = {"SettingsSync", sync_members, false};
static const struct srv_property device_settings_members[] = {
    {"list", OBJECT, LIST, &kinds[SRV_SETTING], "what applies"},
    {"page", INTEGER, 0, NULL, "0"},
    {"perPage", INTEGER, 0, NULL, "the most there can be"},
    {"total", INTEGER, 0, NULL, "how many"},
    {"data", OBJECT, 0, &sync_shape, "what the device said of them"},
    {0}};
static const struct srv_shape device_settings = {"DeviceSettings", device_settings_members, true};

static const struct srv_property rpc_result_members[] = {
    {"statusCode", INTEGER, 0, NULL, "0: it went well; else as in gRPC, or the device's own"},
    {"detail", ANY, 0, NULL, "what the method returned"},
    {0}};
static const struct srv_shape rpc_result = {"RpcResult", rpc_result_members, false};
static const struct srv_property rpc_members[] = {
    {"data", OBJECT, 0, &rpc_result, "the device's answer"},
    {"statusCode", INTEGER, 0, NULL, "the same, for clients of the original"},
    {"detail", ANY, 0, NULL, "likewise"},
    {0}};
static const struct srv_shape rpc_answer = {"RpcAnswer", rpc_members, true};

static const struct srv_property revoked_count_members[] = {
    {"revoked", INTEGER, 0, NULL, "certificates"}, {0}};
static const struct srv_shape revoked_count = {"RevokedCount", revoked_count_members, false};

static const struct srv_property firmware_log_members[] = {
    {"deviceId", TEXT, 0, NULL, "the device"},
    {"package", TEXT, 0, NULL, "the package"},
    {"state", TEXT, 0, NULL, "the state reported, by name"},
    {"stateCode", INT64, 0, NULL, "its number"},
    {"reason", TEXT, 0, NULL, "the reason reported, by name"},
    {"reasonCode", INT64, 0, NULL, "its number"},
    {"version", TEXT, 0, NULL, "what it has"},
    {"target", TEXT, 0, NULL, "what it is going to"},
    {"time", TIME, OR_NULL, NULL, "when"},
    {0}};
static const struct srv_shape firmware_log = {"FirmwareLog", firmware_log_members, false};

/* --- accounts and sessions --- */

/* What a session says of the account, and the account itself begins with. */
#define ACCOUNT_IN_SHORT                                                                         \
  ID, {"email", TEXT, 0, NULL, "by which it signs in"}, {"name", TEXT, 0, NULL, "may be empty"}, \
      {"serverAdmin", BOOL, 0, NULL, "may do everything on this server"},                        \
      {"totpEnabled", BOOL, 0, NULL, "signs in with a code, too"}, {                             \
    "hasPassword", BOOL, 0, NULL, "false: came by a link and has set none yet"                   \
  }
static const struct srv_property session_account_members[] = {ACCOUNT_IN_SHORT, {0}};
static const struct srv_shape session_account = {"SessionAccount", session_account_members, false};
static const struct srv_property account_members[] = {
    ACCOUNT_IN_SHORT, {"recoveryCodes", INTEGER, 0, NULL, "so many are left"}, CREATED, {0}};
static const struct srv_shape account_shape = {"Account", account_members, false};
static const struct srv_property membership_members[] = {
    {"organizationId", TEXT, 0, NULL, "the organization"},
    {"organizationName", TEXT, 0, NULL, "its name"},
    {"projectId", TEXT, 0, NULL, "of this project only; empty: of all"},
    {"role", TEXT, 0, NULL, "one of: viewer, operator, admin"},
    {0}};
static const struct srv_shape membership = {"Membership", membership_members, false};
static const struct srv_property session_key_members[] = {
    ID,
    {"name", TEXT, 0, NULL, "what it is for"},
    {"role", TEXT, 0, NULL, "one of: viewer, operator, admin"},
    {"scopes", TEXT, LIST, NULL, "groups of routes; none: all"},
    {"projectId", TEXT, 0, NULL, "its project; empty: every project of the server"},
    {"expiresAt", TIME, OR_NULL, NULL, "null: never"},
    {0}};
static const struct srv_shape session_key = {"SessionApiKey", session_key_members, false};
static const struct srv_property session_members[] = {
    {"signedIn", BOOL, 0, NULL, "by a session or an API key"},
    {"csrfToken", TEXT, OR_NULL, NULL, "to be sent as x-csrf-token with each change by a browser"},
    {"account", OBJECT, OR_NULL, &session_account, "whose session it is"},
    {"memberships", OBJECT, LIST, &membership, "where the account has which role"},
    {"apiKey", OBJECT, OR_NULL, &session_key, "the key that was sent"},
    {"version", TEXT, 0, NULL, "of the program"},
    {"needsSetup", BOOL, 0, NULL, "nobody has set a password yet"},
    {0}};
static const struct srv_shape session_shape = {"Session", session_members, false};
static const struct srv_property browser_members[] = {
    ID,
    CREATED,
    {"lastUsed", TIME, OR_NULL, NULL, "to the minute"},
    {"address", TEXT, 0, NULL, "from where"},
    {"userAgent", TEXT, 0, NULL, "what the browser calls itself"},
    {"current", BOOL, 0, NULL, "it is the one that asks"},
    {0}};
static const struct srv_shape browser = {"AccountSession", browser_members, false};
static const struct srv_property totp_members[] = {
    {"secret", TEXT, 0, NULL, "base32, to be typed"},
    {"uri", TEXT, 0, NULL, "otpauth://, to be shown as a QR code"},
    {0}};
static const struct srv_shape totp_shape = {"Totp", totp_members, false};
static const struct srv_property recovery_members[] = {
    {"recoveryCodes", TEXT, LIST, NULL, "each signs in once instead of a code; shown this once"},
    {0}};
static const struct srv_shape recovery = {"RecoveryCodes", recovery_members, false};
static const struct srv_property link_members[] = {
    {"link", TEXT, 0, NULL, "signs the account in, once; shown this once"},
    {"expiresAt", TIME, OR_NULL, NULL, "until then it works"},
    {0}};
static const struct srv_shape link_shape = {"SignInLink", link_members, false};

/* --- which route answers what ----------------------------------------------------------- */

static const struct {
  int (*handle)(struct srv_request *request);
  const struct srv_shape *shape;
} answers[] = {
    {srv_get_health, &health},
    {srv_get_session, &session_shape},
    {srv_sign_in, &session_shape},
    {srv_sign_in_by_link, &session_shape},
    {srv_sign_out, &srv_shape_empty},
    {srv_get_account, &account_shape},
    {srv_update_account, &account_shape},
    {srv_begin_totp, &totp_shape},
    {srv_confirm_totp, &recovery},
    {srv_end_totp, &srv_shape_empty},
    {srv_list_sessions, &browser},
    {srv_delete_session, &srv_shape_empty},
    {srv_create_member_link, &link_shape},
    {srv_get_openapi, &document},
    {srv_get_status, &status},
    {srv_label_captures, &labelled},
    {srv_list_stream, &stream_entry},
    {srv_get_stream_path, &srv_shape_any},
    {srv_post_stream, &srv_shape_empty},
    {srv_get_state, &srv_shape_any},
    {srv_set_state, &srv_shape_any},
    {srv_merge_state, &srv_shape_any},
    {srv_list_device_settings, &device_settings},
    {srv_call_device, &rpc_answer},
    {srv_revoke_device_certificates, &revoked_count},
    {srv_list_firmware_logs, &firmware_log},
    {srv_get_overview, &srv_shape_overview},
    {srv_get_overview_history, &srv_shape_overview_history},
    {srv_get_release_rollout, &srv_shape_rollout},
    {srv_list_release_devices, &srv_shape_rollout_device},
    {srv_preview_release, &srv_shape_preview},
    {srv_get_release_shadow, &srv_shape_shadow},
    {srv_get_device_shadow, &srv_shape_shadow},
    {srv_update_devices, &srv_shape_bulk},
    {srv_inspect_model, &srv_shape_inspected_model},
    {srv_get_artifact_compatibility, &srv_shape_compatibilities},
    {srv_list_virtual_devices, &srv_shape_virtual_device},
    {srv_create_virtual_device, &srv_shape_virtual_device},
};

const struct srv_shape *srv_shape_of_kind(enum srv_kind kind) {
  return kind >= SRV_KIND_COUNT || kinds[kind].name == NULL ? NULL : &kinds[kind];
}

const struct srv_shape *srv_shape_of_route(const struct srv_route *route) {
  for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
    if (answers[i].handle == route->handle) return answers[i].shape;
  }
  if ((route->flags & SRV_ROUTE_BYTES) != 0) return NULL;
  if (route->kind != SRV_KIND_COUNT) return srv_shape_of_kind(route->kind);
  return strcmp(route->method, "DELETE") == 0 ? &srv_shape_empty : NULL;
}
