/* SPDX-License-Identifier: Apache-2.0 */
#include "godwit/settings.h"

#include <string.h>

#include "client_internal.h"
#include "godwit/log.h"
#include "wire/cbor.h"

#define SETTINGS_PATH "/.c"
#define STATUS_PATH "/.c/status"
#define ERRORS_MAX 23u /* their array's head is one byte; more do not fit the payload anyway */
#define REFUSALS_MAX 10u

/* The status ------------------------------------------------------------------ */

/* {"version": v, "errors": [..]}, written while the settings are gone through. */
struct status_writer {
  struct gw_cbor_writer cbor;
  size_t array_at; /* offset of the array's head; 0: no error yet */
  unsigned count;
  bool cut;
};

static void begin_status(struct godwit_settings *settings, struct status_writer *status) {
  *status = (struct status_writer){0};
  gw_cbor_writer_init(&status->cbor, settings->status_payload, sizeof settings->status_payload);
  gw_cbor_write_map(&status->cbor, 1);
  gw_cbor_write_text(&status->cbor, "version");
  gw_cbor_write_int(&status->cbor, settings->version);
}

static void add_error(struct status_writer *status, const char *key, int code) {
  struct status_writer before = *status;
  if (status->array_at == 0) {
    gw_cbor_write_text(&status->cbor, "errors");
    status->array_at = status->cbor.length;
    gw_cbor_write_array(&status->cbor, 0);
  }
  gw_cbor_write_map(&status->cbor, 2);
  gw_cbor_write_text(&status->cbor, "setting_key");
  gw_cbor_write_text(&status->cbor, key);
  gw_cbor_write_text(&status->cbor, "error_code");
  gw_cbor_write_uint(&status->cbor, (uint64_t)code);
  status->count++;
  if (gw_cbor_writer_finish(&status->cbor) >= 0 && status->count <= ERRORS_MAX) return;
  *status = before;
  status->cut = true;
}

static void finish_status(struct godwit_settings *settings, struct status_writer *status) {
  if (status->array_at != 0) {
    settings->status_payload[0] = 0xA2;
    settings->status_payload[status->array_at] = (uint8_t)(0x80u | status->count);
  }
  settings->status_size = status->cbor.length;
  if (status->cut) godwit_log(GODWIT_LOG_WARN, "settings: too many errors to tell all of them");
}

static int on_status_answered(struct godwit_client *client, const struct godwit_response *response,
                              void *arg) {
  struct godwit_settings *settings = arg;
  uint64_t again_ms = godwit_client_again_ms(client, response, &settings->refusals, REFUSALS_MAX);
  settings->service.due_ms = again_ms;
  if (again_ms == UINT64_MAX && response->status != GODWIT_OK) {
    godwit_log(GODWIT_LOG_WARN, "settings: status: %s", godwit_status_name(response->status));
  }
  return 0;
}

static void send_status(struct godwit_client *client, int status, void *arg) {
  struct godwit_settings *settings = arg;
  if (status < 0) { /* the client ends */
    settings->client = NULL;
    return;
  }
  settings->status_request = (struct godwit_request){
      .method = GODWIT_POST,
      .path = STATUS_PATH,
      .content_format = GODWIT_FORMAT_CBOR,
      .accept = GODWIT_FORMAT_NONE,
      .payload = settings->status_payload,
      .payload_size = settings->status_size,
      .on_response = on_status_answered,
      .arg = settings,
  };
  (void)godwit_client_request(client, &settings->status_request); /* connected, nothing amiss */
}

/* Values ---------------------------------------------------------------------- */

static enum godwit_settings_status read_integer(const struct godwit_setting *setting,
                                                const struct gw_cbor_item *item,
                                                struct godwit_setting_value *value) {
  if (item->type != GW_CBOR_UINT && item->type != GW_CBOR_NEGATIVE) {
    return GODWIT_SETTINGS_VALUE_FORMAT_NOT_VALID;
  }
  if (item->uint > INT64_MAX) return GODWIT_SETTINGS_VALUE_OUTSIDE_RANGE;
  value->integer = item->type == GW_CBOR_UINT ? (int64_t)item->uint : -1 - (int64_t)item->uint;
  if (setting->integer_min == 0 && setting->integer_max == 0) return GODWIT_SETTINGS_SUCCESS;
  bool fits = value->integer >= setting->integer_min && value->integer <= setting->integer_max;
  return fits ? GODWIT_SETTINGS_SUCCESS : GODWIT_SETTINGS_VALUE_OUTSIDE_RANGE;
}

static enum godwit_settings_status read_text(const struct gw_cbor_item *item, char *text,
                                             size_t size) {
  int status = gw_cbor_text_copy(item, text, size);
  if (status == GW_ERR_TOO_LONG) return GODWIT_SETTINGS_VALUE_STRING_TOO_LONG;
  return status < 0 ? GODWIT_SETTINGS_VALUE_FORMAT_NOT_VALID : GODWIT_SETTINGS_SUCCESS;
}

static enum godwit_settings_status set(const struct godwit_setting *setting,
                                       const struct gw_cbor_item *item) {
  char text[GODWIT_SETTING_TEXT_MAX + 1];
  struct godwit_setting_value value = {.type = setting->type};
  enum godwit_settings_status status = GODWIT_SETTINGS_SUCCESS;
  switch (setting->type) {
    case GODWIT_SETTING_BOOL:
      if (item->type != GW_CBOR_BOOL) status = GODWIT_SETTINGS_VALUE_FORMAT_NOT_VALID;
      value.boolean = item->uint != 0;
      break;
    case GODWIT_SETTING_INT:
      status = read_integer(setting, item, &value);
      break;
    case GODWIT_SETTING_FLOAT:
      if (item->type != GW_CBOR_FLOAT) status = GODWIT_SETTINGS_VALUE_FORMAT_NOT_VALID;
      value.number = gw_cbor_number(item);
      break;
    case GODWIT_SETTING_STRING:
      status = read_text(item, text, sizeof text);
      value.text = text;
      break;
  }
  if (status != GODWIT_SETTINGS_SUCCESS || setting->on_set == NULL) return status;
  return setting->on_set(&value, setting->arg);
}

static const struct godwit_setting *find_setting(const struct godwit_settings *settings,
                                                 const char *key) {
  for (size_t i = 0; i < settings->count; i++) {
    if (strcmp(settings->table[i].key, key) == 0) return &settings->table[i];
  }
  return NULL;
}

/* One pair of the map. */
static void take_setting(struct godwit_settings *settings, struct gw_cbor_reader *reader,
                         struct status_writer *status) {
  char key[GODWIT_SETTING_KEY_MAX + 1];
  struct gw_cbor_item name, value;
  if (gw_cbor_read(reader, &name) < 0) return;
  struct gw_cbor_reader at_value = *reader;
  (void)gw_cbor_skip(reader);
  if (gw_cbor_text_copy(&name, key, sizeof key) < 0) {
    godwit_log(GODWIT_LOG_WARN, "settings: a key that is no text of 1 to %u bytes is left out",
               GODWIT_SETTING_KEY_MAX);
    return;
  }
  const struct godwit_setting *setting = find_setting(settings, key);
  int result = GODWIT_SETTINGS_KEY_NOT_RECOGNIZED;
  if (setting != NULL) {
    /* Well-formed, so what cannot be read is of a kind that no setting has. */
    result = gw_cbor_read(&at_value, &value) < 0 ? GODWIT_SETTINGS_VALUE_FORMAT_NOT_VALID
                                                 : set(setting, &value);
  }
  if (result != GODWIT_SETTINGS_SUCCESS) add_error(status, key, result);
}

/* The map -------------------------------------------------------------------- */

static bool is_well_formed(const uint8_t *data, size_t size) {
  struct gw_cbor_reader reader;
  gw_cbor_reader_init(&reader, data, size);
  return gw_cbor_skip(&reader) == GW_OK && reader.offset == size;
}

static bool read_version(struct gw_cbor_reader *reader, int64_t *version) {
  struct gw_cbor_item item;
  if (gw_cbor_read(reader, &item) < 0 || item.uint > INT64_MAX) return false;
  if (item.type != GW_CBOR_UINT && item.type != GW_CBOR_NEGATIVE) return false;
  *version = item.type == GW_CBOR_UINT ? (int64_t)item.uint : -1 - (int64_t)item.uint;
  return true;
}

/* The version, and a reader that stands on the map of settings. Both in one go:
 * nothing is set before all of it is known to be right. */
static bool open_settings(const uint8_t *data, size_t size, int64_t *version,
                          struct gw_cbor_reader *map) {
  struct gw_cbor_reader reader;
  struct gw_cbor_item top, key;
  size_t index = 0;
  bool has_version = false, has_settings = false;
  if (!is_well_formed(data, size)) return false;
  gw_cbor_reader_init(&reader, data, size);
  if (gw_cbor_read(&reader, &top) < 0 || top.type != GW_CBOR_MAP) return false;
  while (gw_cbor_next(&reader, &top, &index) > 0) {
    if (gw_cbor_read(&reader, &key) < 0) return false;
    struct gw_cbor_reader value = reader;
    if (gw_cbor_skip(&reader) < 0) return false;
    if (gw_cbor_text_equals(&key, "version")) {
      has_version = read_version(&value, version);
      if (!has_version) return false;
    } else if (gw_cbor_text_equals(&key, "settings")) {
      *map = value;
      has_settings = true;
    }
  }
  return has_version && has_settings;
}

/* The server's word that there is nothing to say. */
static bool is_ok_text(const uint8_t *data, size_t size) {
  return size == 3 && memcmp(data, "\x62OK", 3) == 0;
}

static bool take_settings(struct godwit_settings *settings, const uint8_t *data, size_t size) {
  struct gw_cbor_reader map;
  struct gw_cbor_item head;
  struct status_writer status;
  size_t index = 0;
  int64_t version = 0;
  if (!open_settings(data, size, &version, &map) || gw_cbor_read(&map, &head) < 0) return false;
  if (head.type != GW_CBOR_MAP && head.type != GW_CBOR_NULL) return false;
  /* The status of an older version is no longer of interest. */
  godwit_client_cancel(settings->client, &settings->status_request);
  settings->version = version;
  settings->refusals = 0;
  begin_status(settings, &status);
  while (head.type == GW_CBOR_MAP && gw_cbor_next(&map, &head, &index) > 0) {
    take_setting(settings, &map, &status);
    if (settings->client == NULL) return true; /* on_set has stopped us */
  }
  finish_status(settings, &status);
  settings->service.due_ms = 0;
  return true;
}

static int on_settings(struct godwit_client *client, const struct godwit_response *response,
                       void *arg) {
  struct godwit_settings *settings = arg;
  (void)client;
  if (response->code == 0) return 0; /* no answer came */
  if (response->status == GODWIT_ERR_RESPONSE) {
    char code[5];
    if (settings->refusal != response->code) {
      godwit_log(GODWIT_LOG_WARN, "settings: the server refused them with %s",
                 gw_coap_code_text(response->code, code));
    }
    settings->refusal = response->code; /* asked again each minute, said once */
    return 0;
  }
  settings->refusal = 0;
  const uint8_t *data = response->payload;
  size_t size = response->payload_size;
  if (response->status == GODWIT_OK && is_ok_text(data, size)) return 0;
  if (response->status != GODWIT_OK || !take_settings(settings, data, size)) {
    godwit_log(GODWIT_LOG_WARN, "settings: %u bytes that are no settings", (unsigned)size);
  }
  return 0;
}

/* For the application --------------------------------------------------------- */

static bool is_table(const struct godwit_setting *table, size_t count) {
  if (table == NULL) return count == 0;
  for (size_t i = 0; i < count; i++) {
    const char *key = table[i].key;
    if (key == NULL || key[0] == '\0' || strlen(key) > GODWIT_SETTING_KEY_MAX) return false;
  }
  return true;
}

int godwit_settings_start(struct godwit_settings *settings, struct godwit_client *client,
                          const struct godwit_setting *table, size_t count) {
  if (settings == NULL || client == NULL || !is_table(table, count)) return GODWIT_ERR_ARGUMENT;
  if (godwit_client_has_service(client, &settings->service)) return GODWIT_ERR_STATE;
  *settings = (struct godwit_settings){
      .client = client,
      .table = table,
      .count = count,
      .observation = {.method = GODWIT_GET,
                      .path = SETTINGS_PATH,
                      .content_format = GODWIT_FORMAT_NONE,
                      .accept = GODWIT_FORMAT_CBOR,
                      .observe = true,
                      .on_response = on_settings,
                      .arg = settings},
      .service = {.run = send_status, .arg = settings, .due_ms = UINT64_MAX},
  };
  int status = godwit_client_add_service(client, &settings->service);
  return status < 0 ? status : godwit_client_request(client, &settings->observation);
}

void godwit_settings_stop(struct godwit_settings *settings) {
  struct godwit_client *client = settings->client;
  if (client == NULL) return;
  settings->client = NULL;
  godwit_client_cancel(client, &settings->observation);
  godwit_client_cancel(client, &settings->status_request);
  godwit_client_remove_service(client, &settings->service);
}
