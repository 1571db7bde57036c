/* SPDX-License-Identifier: Apache-2.0 */
/* Devices, their credentials, provisioning. */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "server/core/profile.h"
#include "server/rest/internal.h"

static int find_device(struct srv_request *request, struct srv_device *device) {
  return srv_find_of_path(request, SRV_DEVICE, "device", device);
}

/* --- devices -------------------------------------------------------------------------- */

static void add_state(struct srv_request *request, json_t *object) {
  struct srv_device_state state;
  const char *id = json_string_value(json_object_get(object, "id"));
  if (srv_core_device_state(request->core, id, &state) != SRV_OK) return;
  srv_encode_device_state(object, &state);
  struct srv_device_profile profile;
  bool has_profile = srv_core_device_profile(request->core, id, &profile) == SRV_OK;
  srv_encode_device_profile(object, has_profile ? &profile : NULL);
}

static int answer_device(struct srv_request *request, const struct srv_device *device) {
  json_t *object = srv_encode_device(device);
  add_state(request, object);
  return srv_answer_data(request, object);
}

static int read_hardware_ids(struct srv_request *request, struct srv_device *device) {
  char *list = device->hardware_id[0];
  size_t size = sizeof(device->hardware_id[0]);
  int status = srv_body_texts(request, "hardwareIds", list, size, SRV_HARDWARE_IDS_MAX,
                              &device->hardware_id_count);
  if (status == SRV_OK) {
    status = srv_body_add(request, "addHardwareId", SRV_KIND_COUNT, list, size,
                          SRV_HARDWARE_IDS_MAX, &device->hardware_id_count);
  }
  if (status == SRV_OK) {
    status = srv_body_remove(request, "removeHardwareId", SRV_KIND_COUNT, list, size,
                             &device->hardware_id_count);
  }
  return status;
}

static int read_tags(struct srv_request *request, struct srv_device *device) {
  char *list = device->tag_id[0];
  size_t size = sizeof(device->tag_id[0]);
  int status = srv_body_references(request, "tagIds", SRV_TAG, list, SRV_DEVICE_TAGS_MAX,
                                   &device->tag_count);
  if (status == SRV_OK) {
    status = srv_body_add(request, "addTagId", SRV_TAG, list, size, SRV_DEVICE_TAGS_MAX,
                          &device->tag_count);
  }
  if (status == SRV_OK) {
    status = srv_body_remove(request, "removeTagId", SRV_TAG, list, size, &device->tag_count);
  }
  return status;
}

static int read_device(struct srv_request *request, struct srv_device *device) {
  int status = srv_body_text(request, "name", device->name, sizeof(device->name));
  if (status == SRV_OK) status = srv_body_bool(request, "enabled", &device->enabled);
  if (status == SRV_OK) {
    status = srv_body_reference(request, "blueprintId", SRV_BLUEPRINT, device->blueprint_id);
  }
  if (status == SRV_OK) status = read_hardware_ids(request, device);
  if (status == SRV_OK) status = read_tags(request, device);
  return status;
}

int srv_list_devices(struct srv_request *request) {
  struct srv_query query = {0};
  srv_query_text(&query, "project_id", SRV_EQUALS, request->project.id);
  return srv_answer_list(request, &query, srv_encode_device, add_state);
}

static int read_new_device(struct srv_request *request, struct srv_device *device) {
  *device = (struct srv_device){.enabled = true};
  memcpy(device->project_id, request->project.id, sizeof(device->project_id));
  return read_device(request, device);
}

int srv_create_device(struct srv_request *request) {
  struct srv_device device;
  int status = read_new_device(request, &device);
  if (status != SRV_OK) return status;
  status = srv_core_create_device(request->core, &device);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  return answer_device(request, &device);
}

int srv_get_device(struct srv_request *request) {
  struct srv_device device;
  int status = find_device(request, &device);
  return status == SRV_OK ? answer_device(request, &device) : status;
}

int srv_update_device(struct srv_request *request) {
  struct srv_device device;
  int status = find_device(request, &device);
  if (status == SRV_OK) status = read_device(request, &device);
  if (status != SRV_OK) return status;
  status = srv_core_update_device(request->core, &device);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  return answer_device(request, &device);
}

int srv_delete_device(struct srv_request *request) {
  int status = srv_core_delete_device(request->core, request->project.id,
                                      srv_path_argument(request, "device"));
  return status == SRV_OK ? srv_answer_empty(request) : srv_request_fail_core(request, status);
}

/* --- credentials ------------------------------------------------------------------------ */

int srv_list_credentials(struct srv_request *request) {
  struct srv_device device;
  struct srv_query query = {0};
  int status = find_device(request, &device);
  if (status != SRV_OK) return status;
  srv_query_text(&query, "device_id", SRV_EQUALS, device.id);
  return srv_answer_list(request, &query, srv_encode_credential, NULL);
}

static int check_type(struct srv_request *request) {
  char type[32] = "";
  int status = srv_body_text(request, "type", type, sizeof(type));
  if (status != SRV_OK || type[0] == 0 || strcmp(type, "PRE_SHARED_KEY") == 0) return status;
  return srv_request_fail(request, SRV_ERR_INVALID,
                          "type: this server knows credentials of type PRE_SHARED_KEY only");
}

/* Identity and key of the body into credential. */
static int read_credential(struct srv_request *request, struct srv_credential *credential) {
  char key[SRV_PSK_MAX + 1] = "";
  int status = check_type(request);
  if (status == SRV_OK) {
    status = srv_body_text(request, "identity", credential->identity, sizeof(credential->identity));
  }
  if (status == SRV_OK) status = srv_body_text(request, "preSharedKey", key, sizeof(key));
  if (status == SRV_OK) {
    credential->key_size = strlen(key);
    memcpy(credential->key, key, credential->key_size);
  }
  explicit_bzero(key, sizeof(key));
  return status;
}

/* The device of the path, or of the body's deviceId. */
static int find_owner(struct srv_request *request, struct srv_device *device) {
  char text[SRV_SEGMENT_MAX + 1] = "";
  if (srv_path_argument(request, "device") != NULL) return find_device(request, device);
  int status = srv_body_text(request, "deviceId", text, sizeof(text));
  if (status != SRV_OK) return status;
  if (text[0] == 0) return srv_request_fail(request, SRV_ERR_INVALID, "deviceId: is missing");
  return srv_request_fail_core(
      request, srv_core_find(request->core, SRV_DEVICE, request->project.id, text, device));
}

static void begin_credential(const struct srv_device *device, struct srv_credential *credential) {
  memset(credential, 0, sizeof(*credential));
  memcpy(credential->project_id, device->project_id, sizeof(credential->project_id));
  memcpy(credential->device_id, device->id, sizeof(credential->device_id));
}

int srv_create_credential(struct srv_request *request) {
  struct srv_device device;
  struct srv_credential credential;
  int status = find_owner(request, &device);
  if (status != SRV_OK) return status;
  begin_credential(&device, &credential);
  status = read_credential(request, &credential);
  if (status == SRV_OK) {
    status = srv_request_fail_core(request, srv_core_create_credential(request->core, &credential));
  }
  if (status == SRV_OK) status = srv_answer_data(request, srv_encode_credential(&credential));
  explicit_bzero(&credential, sizeof(credential));
  return status;
}

int srv_delete_credential(struct srv_request *request) {
  const char *id = srv_path_argument(request, "credential");
  struct srv_device device;
  struct srv_credential credential;
  const char *device_id = device.id;
  int status;
  if (srv_path_argument(request, "device") != NULL) {
    status = find_device(request, &device);
  } else {
    status = srv_core_find(request->core, SRV_CREDENTIAL, request->project.id, id, &credential);
    explicit_bzero(credential.key, sizeof(credential.key));
    device_id = credential.device_id;
    status = srv_request_fail_core(request, status);
  }
  if (status != SRV_OK) return status;
  status = srv_core_delete_credential(request->core, request->project.id, device_id, id);
  return status == SRV_OK ? srv_answer_empty(request) : srv_request_fail_core(request, status);
}

/* --- provisioning: a device and its key in one step --------------------------------------- */

/* NAME@PROJECT and 128 random bits in hex, where the body gives none. */
static int complete_credential(struct srv_request *request, const struct srv_device *device,
                               struct srv_credential *credential) {
  uint8_t random[16];
  if (credential->identity[0] == 0) {
    int length = snprintf(credential->identity, sizeof(credential->identity), "%s@%s", device->name,
                          device->project_id);
    if (length > SRV_IDENTITY_MAX) {
      return srv_request_fail(request, SRV_ERR_INVALID,
                              "identity: NAME@PROJECT is too long here, give a shorter one");
    }
  }
  if (credential->key_size > 0) return SRV_OK;
  if (getrandom(random, sizeof(random), 0) != sizeof(random)) {
    return srv_request_fail(request, SRV_ERR_INTERNAL, "the system gives no random numbers");
  }
  for (size_t i = 0; i < sizeof(random); i++) {
    static const char digit[] = "0123456789abcdef";
    credential->key[credential->key_size++] = (uint8_t)digit[random[i] >> 4];
    credential->key[credential->key_size++] = (uint8_t)digit[random[i] & 15];
  }
  explicit_bzero(random, sizeof(random));
  return SRV_OK;
}

static int provision(struct srv_request *request, struct srv_device *device,
                     struct srv_credential *credential) {
  int status = read_credential(request, credential);
  if (status == SRV_OK) status = complete_credential(request, device, credential);
  if (status != SRV_OK) return status;
  status = srv_core_provision(request->core, device, credential);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  json_t *data = srv_encode_credential(credential);
  json_object_set_new(data, "deviceId", json_string(device->id));
  json_object_set_new(data, "name", json_string(device->name));
  return srv_answer_data(request, data);
}

int srv_provision_device(struct srv_request *request) {
  struct srv_device device;
  struct srv_credential credential = {0};
  int status;
  if (srv_path_argument(request, "device") != NULL) {
    status = find_device(request, &device);
    if (status == SRV_OK) status = read_device(request, &device);
  } else {
    status = read_new_device(request, &device);
  }
  if (status == SRV_OK) status = provision(request, &device, &credential);
  explicit_bzero(&credential, sizeof(credential));
  return status;
}
