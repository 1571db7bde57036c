/* SPDX-License-Identifier: Apache-2.0 */
/* Devices, their credentials, provisioning. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "server/core/profile.h"
#include "server/rest/fleet.h"

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

/* --- lists of devices ------------------------------------------------------------------- */

struct profiles {
  char (*ids)[SRV_ID_LENGTH + 1];
  size_t count;
  json_t **object;
};

static void append_profile(void *context, const void *row) {
  const struct profiles *profiles = context;
  const struct srv_device_profile *profile = row;
  size_t i = 0;
  while (i < profiles->count && strcmp(profiles->ids[i], profile->device_id) != 0) i++;
  if (i < profiles->count) srv_encode_device_profile(profiles->object[i], profile);
}

static int add_profiles(struct srv_request *request, char (*ids)[SRV_ID_LENGTH + 1], size_t count,
                        json_t **object) {
  struct profiles profiles = {.ids = ids, .count = count, .object = object};
  char text[SRV_AMONG_MAX * (SRV_ID_LENGTH + 1) + 1];
  struct srv_query query = {.unordered = true};
  size_t length = 0;
  for (size_t i = 0; i < count; i++) {
    srv_encode_device_profile(object[i], NULL);
    length +=
        (size_t)snprintf(text + length, sizeof(text) - length, "%s%s", i == 0 ? "" : ",", ids[i]);
  }
  if (count == 0) return SRV_OK;
  srv_query_text(&query, "device_id", SRV_AMONG, text);
  return srv_core_list(request->core, SRV_DEVICE_PROFILE, &query, append_profile, &profiles, NULL);
}

/* At most SRV_AMONG_MAX: a few statements for all of them. */
static int append_devices(struct srv_request *request, char (*ids)[SRV_ID_LENGTH + 1], size_t count,
                          json_t *list) {
  /* One thread, one request at a time; to allocate half a megabyte costs more
   * than to fill it. */
  static struct srv_device device[SRV_AMONG_MAX];
  static struct srv_device_state state[SRV_AMONG_MAX];
  json_t *object[SRV_AMONG_MAX];
  int status = srv_core_get_devices(request->core, request->project.id, ids, count, device);
  if (status == SRV_OK) status = srv_core_device_states(request->core, ids, count, state);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  for (size_t i = 0; i < count; i++) {
    object[i] = srv_encode_device(&device[i]);
    srv_encode_device_state(object[i], &state[i]);
  }
  status = add_profiles(request, ids, count, object);
  for (size_t i = 0; i < count; i++) {
    if (device[i].id[0] == 0) { /* deleted meanwhile, by another process */
      json_decref(object[i]);
    } else {
      json_array_append_new(list, object[i]);
    }
  }
  return srv_request_fail_core(request, status);
}

int srv_answer_devices(struct srv_request *request, char (*ids)[SRV_ID_LENGTH + 1], size_t count,
                       uint64_t page, uint64_t per_page, uint64_t total) {
  json_t *list = json_array();
  int status = SRV_OK;
  for (size_t i = 0; status == SRV_OK && i < count; i += SRV_AMONG_MAX) {
    size_t size = count - i < SRV_AMONG_MAX ? count - i : SRV_AMONG_MAX;
    status = append_devices(request, ids + i, size, list);
  }
  request->answer = json_pack("{s:o, s:I, s:I, s:I}", "list", list, "page", (json_int_t)page,
                              "perPage", (json_int_t)per_page, "total", (json_int_t)total);
  return status;
}

/* What the database can be asked; false: there is more. */
static bool take_conditions(const struct srv_query *query, struct srv_device_filter *filter) {
  bool all = true;
  for (size_t i = 0; i < query->condition_count; i++) {
    const struct srv_condition *condition = &query->condition[i];
    const char *column = condition->column;
    if (strcmp(column, "id") == 0) filter->ids = condition->text;
    if (strcmp(column, "name") == 0 && condition->match == SRV_EQUALS) {
      filter->name = condition->text;
    }
    if (strcmp(column, "name") == 0 && condition->match == SRV_CONTAINS) {
      filter->term = condition->text;
    }
    if (strcmp(column, "device_tag") == 0) filter->tags = condition->text;
    if (strcmp(column, "device_hardware_id") == 0) all = false;
    if (strcmp(column, "blueprint_id") == 0) {
      filter->by_blueprint = true;
      filter->blueprint_id = condition->text;
    }
    if (strcmp(column, "enabled") == 0) {
      filter->by_enabled = true;
      filter->enabled = condition->number != 0;
    }
  }
  return all;
}

/* Index of a parameter's value among the words, 0 when it is absent. */
static int read_word(struct srv_request *request, const char *name, const char *const *words,
                     const char *what, size_t *index) {
  const char *value = srv_query_value(request, name);
  *index = 0;
  if (value == NULL || value[0] == 0) return SRV_OK;
  for (size_t i = 1; words[i] != NULL; i++) {
    if (strcmp(words[i], value) == 0) *index = i;
  }
  return *index > 0 ? SRV_OK : srv_request_fail_field(request, name, what);
}

static int read_version(struct srv_request *request, struct srv_device_filter *filter,
                        char package[GW_PACKAGE_MAX + 1]) {
  const char *value = srv_query_value(request, "version");
  if (value == NULL || value[0] == 0) return SRV_OK;
  size_t length = strcspn(value, "@");
  if (length == 0 || length > GW_PACKAGE_MAX) {
    return srv_request_fail_field(request, "version", "must be like model@1.2.0");
  }
  memcpy(package, value, length);
  package[length] = 0;
  filter->package = package;
  if (value[length] == '@') filter->version = value + length + 1;
  return SRV_OK;
}

/* What it cannot; *special: something was asked of that. */
static int read_special(struct srv_request *request, struct srv_device_filter *filter,
                        char package[GW_PACKAGE_MAX + 1], bool *special) {
  static const char *const presences[] = {"", "online", "offline", NULL};
  static const char *const sorts[] = {"", "name", "lastReport", "createdAt", NULL};
  static const char *const orders[] = {"", "asc", "desc", NULL};
  size_t presence, sort, order;
  int status = read_word(request, "status", presences, "must be online or offline", &presence);
  if (status == SRV_OK) {
    status = read_word(request, "sort", sorts, "must be name, lastReport or createdAt", &sort);
  }
  if (status == SRV_OK) status = read_word(request, "order", orders, "must be asc or desc", &order);
  if (status == SRV_OK) status = read_version(request, filter, package);
  if (status != SRV_OK) return status;
  filter->online = (enum srv_online_filter)presence;
  filter->order = (enum srv_device_order)sort;
  filter->descending = order == 2;
  *special = presence > 0 || sort > 0 || order == 2 || filter->package != NULL;
  return SRV_OK;
}

struct id_page {
  char (*ids)[SRV_ID_LENGTH + 1];
  size_t count;
};

static void append_id(void *context, const void *row) {
  struct id_page *page = context;
  memcpy(page->ids[page->count++], ((const struct srv_device *)row)->id, SRV_ID_LENGTH + 1);
}

static int select_ids(struct srv_request *request, struct srv_query *query, uint64_t page,
                      uint64_t per_page, struct id_page *out, uint64_t *total) {
  struct srv_device_filter filter = {0};
  char package[GW_PACKAGE_MAX + 1];
  bool special;
  int status = read_special(request, &filter, package, &special);
  if (status != SRV_OK) return status;
  bool in_memory = take_conditions(query, &filter);
  if (!in_memory && special) {
    return srv_request_fail(request, SRV_ERR_INVALID,
                            "hardwareId does not go together with status, version and sort");
  }
  if (in_memory) {
    status = srv_core_select_devices(request->core, request->project.id, &filter, page * per_page,
                                     per_page, out->ids, &out->count, total);
    if (status != SRV_ERR_BUSY || special) return srv_request_fail_core(request, status);
  }
  query->offset = page * per_page;
  query->limit = per_page;
  out->count = 0;
  return srv_request_fail_core(
      request, srv_core_list(request->core, SRV_DEVICE, query, append_id, out, total));
}

int srv_list_devices(struct srv_request *request) {
  struct srv_query query = {0};
  uint64_t page = 0, per_page = 0, total = 0;
  int status = srv_page_from_parameters(request, &page, &per_page);
  if (status == SRV_OK) status = srv_query_from_parameters(request, &query);
  if (status != SRV_OK) return status;
  srv_query_text(&query, "project_id", SRV_EQUALS, request->project.id);
  struct id_page ids = {.ids = malloc(per_page * sizeof(*ids.ids))};
  if (ids.ids == NULL) return srv_request_fail(request, SRV_ERR_INTERNAL, "out of memory");
  status = select_ids(request, &query, page, per_page, &ids, &total);
  if (status == SRV_OK) {
    status = srv_answer_devices(request, ids.ids, ids.count, page, per_page, total);
  }
  free(ids.ids);
  return status;
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

/* Of all devices: who may connect, and never the keys themselves. */
static json_t *encode_without_key(const void *row) {
  json_t *object = srv_encode_credential(row);
  json_object_set_new(object, "preSharedKey", json_null());
  return object;
}

int srv_list_project_credentials(struct srv_request *request) {
  struct srv_query query = {0};
  srv_query_text(&query, "project_id", SRV_EQUALS, request->project.id);
  return srv_answer_list(request, &query, encode_without_key, NULL);
}

/* Whoever has a device's key can be the device: admins, and clients of the
 * original with an admin's API key, who read it here. */
static void hide_key(struct srv_request *request, json_t *object) {
  const struct srv_project *project = &request->project;
  enum srv_role role = srv_rights_role(&request->principal, project->id, project->organization_id);
  if (role != SRV_ROLE_ADMIN) json_object_set_new(object, "preSharedKey", json_null());
}

int srv_list_credentials(struct srv_request *request) {
  struct srv_device device;
  struct srv_query query = {0};
  int status = find_device(request, &device);
  if (status != SRV_OK) return status;
  srv_query_text(&query, "device_id", SRV_EQUALS, device.id);
  return srv_answer_list(request, &query, srv_encode_credential, hide_key);
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
