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
  SRV_KIND_COUNT,
};

/* The id is the slug that stands after '@' in PSK identities and in routes. */
struct srv_project {
  char id[SRV_NAME_MAX + 1];
  char name[SRV_NAME_MAX + 1];
  int64_t last_sequence_number; /* of its releases, deleted ones too */
  int64_t created_us;
};

struct srv_blueprint {
  char id[SRV_ID_LENGTH + 1];
  char project_id[SRV_NAME_MAX + 1];
  char name[SRV_NAME_MAX + 1]; /* unique in the project */
  char platform[SRV_NAME_MAX + 1];
  char board_id[SRV_NAME_MAX + 1];
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
  int64_t created_us, updated_us;
};

/* An API key is known by its hash only. */
struct srv_api_key {
  char id[SRV_ID_LENGTH + 1];
  char project_id[SRV_NAME_MAX + 1]; /* "": the whole server */
  char name[SRV_NAME_MAX + 1];
  bool enabled;
  uint8_t hash[GW_DIGEST_SIZE]; /* SHA-256 of the key's text */
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
  uint8_t state, reason;
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
  uint8_t state, reason;
  char version[GW_REPORT_VERSION_MAX + 1];
  char target[GW_REPORT_VERSION_MAX + 1];
  int64_t time_us;
};
#endif
