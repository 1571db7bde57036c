/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_TYPES_H
#define SERVER_CORE_TYPES_H
/* The objects of the server as plain structs: what the store keeps, the core
 * rules over and rest/ shows. Fixed-size arrays, no pointers: a struct is
 * copied by assignment. Texts are UTF-8 and NUL-terminated; an empty text in a
 * field that names another object means "none"; times are microseconds since
 * 1970, 0 for never. Columns and tables of each: server/store/schema.c. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/core/limits.h"
#include "wire/report.h"
#include "wire/shadow.h"
#include "wire/sign1.h"

enum srv_kind {
  SRV_PROJECT,
  SRV_BLUEPRINT,
  SRV_TAG,
  SRV_DEVICE,
  SRV_CREDENTIAL,
  SRV_ARTIFACT,
  SRV_RELEASE,
  SRV_API_KEY,
  SRV_PRESENCE,
  SRV_OTA_STATUS,
  SRV_OTA_EVENT,
  SRV_RETIRED_ARTIFACT,
  SRV_CAPTURE,
  SRV_DEVICE_STATE,
  SRV_SETTING,
  SRV_SETTINGS_VERSION,
  SRV_SETTINGS_STATUS,
  SRV_DEVICE_LOG,
  SRV_EVALUATION,
  SRV_CERTIFICATE,
  SRV_DEVICE_CERTIFICATE,
  SRV_REVOKED_CERTIFICATE,
  SRV_DEVICE_PROFILE,
  SRV_VIRTUAL_DEVICE,
  SRV_AUDIT,
  SRV_ORGANIZATION,
  SRV_ACCOUNT,
  SRV_LOGIN,
  SRV_SESSION,
  SRV_LINK,
  SRV_MEMBER,
  SRV_FLEET_SAMPLE,
  SRV_CAPTURE_TALLY,
  SRV_OFFER,
  SRV_SHADOW,
  SRV_ARTIFACT_SIGNATURE,
  SRV_KEYSET,
  SRV_KIND_COUNT,
};

/* The id is the slug that stands after '@' in PSK identities and in routes. */
struct srv_project {
  char id[SRV_NAME_MAX + 1];
  char name[SRV_NAME_MAX + 1];
  char organization_id[SRV_NAME_MAX + 1]; /* "" when made: "default" */
  int64_t last_sequence_number;           /* of its releases, deleted ones too */
  bool auto_provision;           /* a right certificate of an unknown device makes the device */
  uint32_t auto_provision_max;   /* so many devices at most */
  uint32_t auto_provision_count; /* made so far; deleted ones count */
  uint32_t certificate_days;     /* validity of what its own CA issues */
  int64_t created_us;
};

struct srv_blueprint {
  char id[SRV_ID_LENGTH + 1];
  char project_id[SRV_NAME_MAX + 1];
  char name[SRV_NAME_MAX + 1]; /* unique in the project */
  char platform[SRV_NAME_MAX + 1];
  char board_id[SRV_NAME_MAX + 1];
  uint32_t arena_bytes, model_bytes_max; /* what its boards have; 0: not said */
  int64_t created_us, updated_us;
};

struct srv_tag {
  char id[SRV_ID_LENGTH + 1];
  char project_id[SRV_NAME_MAX + 1];
  char name[SRV_NAME_MAX + 1]; /* unique in the project */
  int64_t created_us, updated_us;
};

struct srv_device {
  char id[SRV_ID_LENGTH + 1];
  char project_id[SRV_NAME_MAX + 1];
  char name[SRV_NAME_MAX + 1]; /* unique in the project */
  char blueprint_id[SRV_ID_LENGTH + 1];
  bool enabled;
  char certificate_id[SRV_NAME_MAX + 1]; /* CN of its certificates; never changes once set */
  size_t hardware_id_count;
  char hardware_id[SRV_HARDWARE_IDS_MAX][SRV_HARDWARE_ID_MAX + 1];
  size_t tag_count;
  char tag_id[SRV_DEVICE_TAGS_MAX][SRV_ID_LENGTH + 1];
  int64_t created_us, updated_us;
};

/* A pre-shared key. The key is stored as it was given: DTLS-PSK needs it. */
struct srv_credential {
  char id[SRV_ID_LENGTH + 1];
  char project_id[SRV_NAME_MAX + 1];
  char device_id[SRV_ID_LENGTH + 1];
  char identity[SRV_IDENTITY_MAX + 1]; /* unique on the server */
  size_t key_size;
  uint8_t key[SRV_PSK_MAX];
  int64_t created_us;
  int64_t last_used_us; /* a session was opened, or was alive, with it */
};

struct srv_artifact {
  char id[SRV_ID_LENGTH + 1];
  char project_id[SRV_NAME_MAX + 1];
  char package[GW_PACKAGE_MAX + 1];
  char version[GW_VERSION_MAX + 1]; /* semantic version */
  char blueprint_id[SRV_ID_LENGTH + 1];
  bool is_model; /* parsed by wit; false for firmware and assets */
  uint32_t size_bytes;
  uint8_t digest[GW_DIGEST_SIZE];          /* SHA-256, names the blob */
  char model_info[SRV_MODEL_INFO_MAX + 1]; /* a JSON object, "" when not a model */
  int64_t created_us, updated_us;
};

/* Another form of an artifact's bytes that is shorter on the air (wire/patch.h):
 * compressed, or as a difference to another artifact of its package. Kept also
 * where it was found not to be worth it, so that it is not tried again. */
enum srv_offer_state {
  SRV_OFFER_READY = 0,
  SRV_OFFER_NOT_SMALLER = 1, /* SRV_OFFER_PERCENT_MAX */
  SRV_OFFER_FAILED = 2,      /* tried again when the server starts */
};
struct srv_offer {
  char id[SRV_ID_LENGTH + 1];
  char project_id[SRV_NAME_MAX + 1];
  char artifact_id[SRV_ID_LENGTH + 1];
  char base_id[SRV_ID_LENGTH + 1];      /* artifact that the device must have; "": none */
  uint8_t encoding;                     /* enum gw_encoding */
  uint8_t state;                        /* enum srv_offer_state */
  uint32_t size_bytes;                  /* on the air; what it would have been, when not smaller */
  uint8_t digest[GW_DIGEST_SIZE];       /* of what is sent, names the blob; zeros unless ready */
  char wire_id[SRV_WIRE_ID_LENGTH + 1]; /* how devices ask for it; "" unless ready */
  int64_t created_us;
};

/* What is left of a deleted artifact: its name and its digest, so that the name
 * never stands for other bytes. */
struct srv_retired_artifact {
  char id[SRV_ID_LENGTH + 1]; /* the artifact's */
  char project_id[SRV_NAME_MAX + 1];
  char package[GW_PACKAGE_MAX + 1];
  char version[GW_VERSION_MAX + 1];
  char blueprint_id[SRV_ID_LENGTH + 1]; /* "" for none */
  uint8_t digest[GW_DIGEST_SIZE];
};

/* What a release asks of the devices that take it; zeros: nothing, each does as
 * it was built to. */
struct srv_policy {
  bool spread_fixed; /* false: the server reckons the spread from the devices in reach */
  uint32_t spread_s;
  uint32_t shadow_windows, shadow_s; /* either, whichever ends first; both 0: no shadow */
  uint32_t agreement_permille;       /* 0: not asked for */
  uint32_t latency_percent;          /* likewise */
  uint32_t confirm_s;                /* 0: as the device has it */
};

struct srv_release {
  char id[SRV_ID_LENGTH + 1];
  char project_id[SRV_NAME_MAX + 1];
  char blueprint_id[SRV_ID_LENGTH + 1]; /* "": any */
  bool rollout;
  uint32_t sequence_number; /* unix seconds, strictly rising in a project, fits int32 */
  size_t release_tag_count;
  char release_tag[SRV_RELEASE_TAGS_MAX][SRV_RELEASE_LABEL_MAX + 1]; /* unique in the project */
  size_t device_tag_count;
  char device_tag_id[SRV_RELEASE_DEVICE_TAGS_MAX][SRV_ID_LENGTH + 1];
  size_t artifact_count;
  char artifact_id[SRV_RELEASE_ARTIFACTS_MAX][SRV_ID_LENGTH + 1];
  struct srv_policy policy;
  int64_t created_us, updated_us;
};

/* An API key is known by its hash only. */
struct srv_api_key {
  char id[SRV_ID_LENGTH + 1];
  char project_id[SRV_NAME_MAX + 1]; /* "": the whole server */
  char name[SRV_NAME_MAX + 1];
  bool enabled;
  uint8_t hash[GW_DIGEST_SIZE];    /* SHA-256 of the key's text */
  uint8_t role;                    /* enum srv_role; 0 when made: admin */
  char scopes[SRV_SCOPES_MAX + 1]; /* "devices,artifacts:read"; "": all */
  int64_t expires_us;              /* 0: never */
  int64_t last_used_us;            /* written about once a minute */
  int64_t created_us, updated_us;
};

/* Projects of one owner, and the people who may see them. */
struct srv_organization {
  char id[SRV_NAME_MAX + 1]; /* stands in routes */
  char name[SRV_NAME_MAX + 1];
  int64_t created_us, updated_us;
};

/* A person. */
struct srv_account {
  char id[SRV_ID_LENGTH + 1];
  char email[SRV_EMAIL_MAX + 1]; /* lower case, unique on the server */
  char name[SRV_NAME_MAX + 1];   /* "" none */
  bool server_admin;
  int64_t created_us, updated_us;
};

/* How an account signs in; apart from it, so that what is shown holds no secret. */
struct srv_login {
  char account_id[SRV_ID_LENGTH + 1];
  char password[SRV_PASSWORD_HASH_MAX + 1]; /* argon2id in PHC's form; "": none yet */
  size_t totp_secret_size;                  /* 0: none */
  uint8_t totp_secret[SRV_TOTP_SECRET_SIZE];
  bool totp_on;      /* confirmed by a first code */
  int64_t totp_step; /* of the last code that was good: each is good once */
  size_t recovery_code_count;
  char recovery_code[SRV_RECOVERY_CODES][GW_DIGEST_HEX_SIZE + 1]; /* their SHA-256 */
  int64_t last_used_us;
};

/* Somebody's browser. */
struct srv_session {
  char id[SRV_ID_LENGTH + 1];
  char account_id[SRV_ID_LENGTH + 1];
  uint8_t hash[GW_DIGEST_SIZE]; /* SHA-256 of the cookie's text */
  bool by_link;                 /* may set a password without knowing the old one */
  char address[SRV_ADDRESS_MAX + 1];
  char user_agent[SRV_USER_AGENT_MAX + 1];
  int64_t created_us;
  int64_t last_used_us; /* written about once a minute */
};

/* A link that signs in once; an account has one at most. */
struct srv_link {
  char id[SRV_ID_LENGTH + 1];
  char account_id[SRV_ID_LENGTH + 1];
  uint8_t hash[GW_DIGEST_SIZE];
  int64_t expires_us; /* 0: never */
  int64_t created_us;
};

struct srv_member {
  char id[SRV_ID_LENGTH + 1];
  char organization_id[SRV_NAME_MAX + 1];
  char account_id[SRV_ID_LENGTH + 1];
  char project_id[SRV_NAME_MAX + 1]; /* "": every project of the organisation */
  uint8_t role;                      /* enum srv_role */
  int64_t created_us, updated_us;
};

/* When a device was last here. Whether it is here now is not stored. */
struct srv_presence {
  char device_id[SRV_ID_LENGTH + 1];
  int64_t last_report_us, last_online_us, last_offline_us;
};

/* The last OTA report of a device about a package. */
struct srv_ota_status {
  char device_id[SRV_ID_LENGTH + 1];
  char package[GW_PACKAGE_MAX + 1];
  uint8_t state, reason, detail; /* wire/report.h */
  char version[GW_REPORT_VERSION_MAX + 1];
  char target[GW_REPORT_VERSION_MAX + 1];
  uint32_t event_count; /* events kept for this device and package */
  int64_t time_us;
};

struct srv_ota_event {
  int64_t id; /* rising, given by the store */
  char project_id[SRV_NAME_MAX + 1];
  char device_id[SRV_ID_LENGTH + 1];
  char package[GW_PACKAGE_MAX + 1];
  uint8_t state, reason, detail; /* wire/report.h */
  char version[GW_REPORT_VERSION_MAX + 1];
  char target[GW_REPORT_VERSION_MAX + 1];
  int64_t time_us;
};

/* One message or upload of a device on a stream path (`.s/...`). Small bytes
 * stand in the row, larger ones in a blob. */
struct srv_capture {
  char id[SRV_ID_LENGTH + 1];
  char project_id[SRV_NAME_MAX + 1];
  char device_id[SRV_ID_LENGTH + 1];
  char path[SRV_STREAM_PATH_MAX + 1];            /* without ".s/"; "" for ".s" itself */
  char content_type[SRV_CONTENT_TYPE_MAX + 1];   /* sniffed: "audio/wav", "image/jpeg", ... */
  char model_package[GW_PACKAGE_MAX + 1];        /* what ran then: as the device says in its */
  char model_version[GW_REPORT_VERSION_MAX + 1]; /* provenance, else its last OTA report */
  char heard[SRV_LABEL_MAX + 1];                 /* provenance: what the model took it for */
  int64_t score_permille;                        /* provenance: 0..1000; -1 when not said */
  char label[SRV_LABEL_MAX + 1];                 /* the truth by a person; "" none yet */
  uint32_t size_bytes;
  uint8_t digest[GW_DIGEST_SIZE]; /* SHA-256 of the bytes */
  size_t inline_size;             /* size_bytes or 0: then the digest names a blob */
  uint8_t inline_bytes[SRV_CAPTURE_INLINE_MAX];
  char provenance[SRV_PROVENANCE_MAX + 1]; /* a JSON object, "" when none was sent */
  int64_t device_time_us;                  /* provenance; 0 when not said */
  int64_t time_us;                         /* when the last byte came */
  int64_t labelled_us;
};

/* A device's state (`.d/...`): one JSON document. */
struct srv_device_document {
  char device_id[SRV_ID_LENGTH + 1];
  char document[SRV_DEVICE_STATE_MAX + 1]; /* JSON; never "" */
  int64_t updated_us;
};

enum srv_setting_type {
  SRV_SETTING_INTEGER,
  SRV_SETTING_FLOAT,
  SRV_SETTING_BOOL,
  SRV_SETTING_STRING
};

/* Level: the device's when device_id is set, the blueprint's when blueprint_id
 * is, else the project's. One value a key and level. */
struct srv_setting {
  char id[SRV_ID_LENGTH + 1];
  char project_id[SRV_NAME_MAX + 1];
  char blueprint_id[SRV_ID_LENGTH + 1];
  char device_id[SRV_ID_LENGTH + 1];
  char key[SRV_SETTING_KEY_MAX + 1];
  uint8_t type;                          /* enum srv_setting_type */
  char value[SRV_SETTING_VALUE_MAX + 1]; /* JSON of that type */
  int64_t created_us, updated_us;
};

/* When a level last changed, removals too: devices are told the newest of
 * their three. owner_id: a project's, blueprint's or device's id. */
struct srv_settings_version {
  char owner_id[SRV_NAME_MAX + 1];
  char project_id[SRV_NAME_MAX + 1];
  int64_t version; /* microseconds since 1970, strictly rising */
};

/* What the device said of the settings it was given. */
struct srv_settings_status {
  char device_id[SRV_ID_LENGTH + 1];
  int64_t version;
  char errors[SRV_SETTINGS_ERRORS_MAX + 1]; /* JSON array of {setting_key, error_code}; "[]" */
  int64_t time_us;
};

struct srv_device_log {
  int64_t id; /* rising, given by the store */
  char project_id[SRV_NAME_MAX + 1];
  char device_id[SRV_ID_LENGTH + 1];
  uint8_t level; /* enum srv_device_log_level */
  char module[SRV_LOG_MODULE_MAX + 1];
  char message[SRV_LOG_MESSAGE_MAX + 1];
  char fields[SRV_LOG_FIELDS_MAX + 1]; /* what else was in the map, a JSON object; "" none */
  int64_t time_us;
};

enum srv_certificate_type { SRV_CERTIFICATE_ROOT, SRV_CERTIFICATE_INTERMEDIATE };

/* A CA that a project trusts. With a key: one that the server signs CSRs with. */
struct srv_certificate {
  char id[SRV_ID_LENGTH + 1];
  char project_id[SRV_NAME_MAX + 1];
  uint8_t type; /* enum srv_certificate_type */
  size_t der_size;
  uint8_t der[SRV_CERTIFICATE_MAX];
  uint8_t fingerprint[GW_DIGEST_SIZE]; /* SHA-256 of der; unique in the project */
  char subject[SRV_SUBJECT_MAX + 1];
  char serial_number[SRV_SERIAL_MAX + 1]; /* lower-case hex without leading zeros */
  size_t key_size;                        /* 0: the key is elsewhere */
  uint8_t key[SRV_CA_KEY_MAX];            /* DER; wiped by who reads it */
  int64_t not_before_us, not_after_us;
  int64_t created_us;
};

/* A certificate that a device came with, or that answers its CSR. */
struct srv_device_certificate {
  char id[SRV_ID_LENGTH + 1];
  char project_id[SRV_NAME_MAX + 1];
  char device_id[SRV_ID_LENGTH + 1];
  size_t der_size; /* 0: not issued here */
  uint8_t der[SRV_CERTIFICATE_MAX];
  uint8_t fingerprint[GW_DIGEST_SIZE];
  uint8_t signed_digest[GW_DIGEST_SIZE];  /* see srv_x509_signed_digest; zeros: not known */
  uint8_t ca_fingerprint[GW_DIGEST_SIZE]; /* of the project's CA that its chain ends at */
  uint8_t request_digest[GW_DIGEST_SIZE]; /* SHA-256 of the CSR, zeros without */
  char serial_number[SRV_SERIAL_MAX + 1];
  bool issued;
  int64_t not_before_us, not_after_us;
  int64_t created_us;
  int64_t last_used_us; /* 0: never */
};

/* At least one of both is set; a serial number stands for every CA of the
 * project. */
struct srv_revoked_certificate {
  char id[SRV_ID_LENGTH + 1];
  char project_id[SRV_NAME_MAX + 1];
  char serial_number[SRV_SERIAL_MAX + 1];
  char fingerprint[GW_DIGEST_HEX_SIZE + 1];
  uint8_t signed_digest[GW_DIGEST_SIZE]; /* of the one with that fingerprint; zeros: not known */
  int64_t created_us;
};

/* How good an artifact was found on a dataset. */
struct srv_evaluation {
  char id[SRV_ID_LENGTH + 1];
  char project_id[SRV_NAME_MAX + 1];
  char artifact_id[SRV_ID_LENGTH + 1];
  char dataset[SRV_NAME_MAX + 1];
  char report[SRV_EVALUATION_MAX + 1]; /* a JSON object, see docs/spec/evaluation.md */
  int64_t created_us;
};

/* What a device says of itself, its newest word (core/profile.h). */
struct srv_device_profile {
  char device_id[SRV_ID_LENGTH + 1];
  char project_id[SRV_NAME_MAX + 1];
  char board[SRV_PROFILE_TEXT_MAX + 1]; /* texts "" and numbers 0 where it did not say */
  char sdk[SRV_PROFILE_TEXT_MAX + 1];
  char runtime[SRV_PROFILE_TEXT_MAX + 1];
  char ops[SRV_PROFILE_OPS_MAX + 1]; /* "ADD,CONV_2D" */
  uint32_t arena_bytes, slot_bytes;
  int64_t time_us;
};

/* What two models side by side made of the same input on a device: its newest
 * word of that pair (core/shadow.h). */
struct srv_shadow {
  char device_id[SRV_ID_LENGTH + 1];
  char package[GW_PACKAGE_MAX + 1];
  char active[GW_VERSION_MAX + 1];
  char candidate[GW_VERSION_MAX + 1];
  char project_id[SRV_NAME_MAX + 1];
  uint8_t report[GW_SHADOW_REPORT_SIZE_MAX]; /* as the device sent it (wire/shadow.h) */
  size_t report_size;
  int64_t time_us;
};

/* A device that this server runs itself, as a process of its own. */
struct srv_virtual_device {
  char device_id[SRV_ID_LENGTH + 1];
  char project_id[SRV_NAME_MAX + 1];
  int64_t created_us;
};

/* Who changed what: written once, never changed. It outlives what it is about. */
struct srv_audit {
  int64_t id; /* rising, given by the store */
  int64_t time_us;
  char project_id[SRV_NAME_MAX + 1]; /* "": the server's */
  char actor_type[12];               /* struct srv_actor */
  char actor_id[SRV_ID_LENGTH + 1];
  char actor_name[SRV_EMAIL_MAX + 1];
  char actor_address[SRV_ADDRESS_MAX + 1];
  char action[16];
  char kind[32];
  char object_id[SRV_NAME_MAX + 1];
  char object_name[SRV_AUDIT_NAME_MAX + 1];
  char before[SRV_AUDIT_VALUES_MAX + 1]; /* JSON objects of what differs; "" none */
  char after[SRV_AUDIT_VALUES_MAX + 1];
};

/* From then on, so many devices reported to run that version. */
struct srv_fleet_sample {
  int64_t id; /* rising, given by the store */
  char project_id[SRV_NAME_MAX + 1];
  char package[GW_PACKAGE_MAX + 1];
  char version[GW_REPORT_VERSION_MAX + 1];
  int64_t count;
  int64_t time_us;
};

/* How many captures there are. Kept by the store itself. */
struct srv_capture_tally {
  char project_id[SRV_NAME_MAX + 1];
  int64_t total, unlabelled;
};
/* What a publisher has signed of an artifact (server/core/signing.h). */
struct srv_artifact_signature {
  char artifact_id[SRV_ID_LENGTH + 1]; /* the key */
  char project_id[SRV_NAME_MAX + 1];
  char signer[2 * GW_KEY_ID_SIZE + 1]; /* hex */
  uint32_t sequence, floor;
  size_t message_size;
  uint8_t message[GW_SIGN1_SIZE_MAX]; /* COSE_Sign1, as it came */
  int64_t created_us;
};

/* A set of keys that devices believe, signed by a key of the set before. */
struct srv_keyset {
  char id[SRV_ID_LENGTH + 1];
  char project_id[SRV_NAME_MAX + 1];
  uint32_t epoch, floor;
  char signer[2 * GW_KEY_ID_SIZE + 1]; /* hex, of the key that signed it */
  size_t message_size;
  uint8_t message[GW_SIGN1_SIZE_MAX]; /* COSE_Sign1, as it came */
  int64_t created_us;
};
#endif
