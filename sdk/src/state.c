/* SPDX-License-Identifier: Apache-2.0 */
#include "godwit/state.h"

#include "client_internal.h"
#include "json.h"
#include "wire/cbor.h"

#define PREFIX "/.d/"

/* Changing -------------------------------------------------------------------- */

static int on_changed(struct godwit_client *client, const struct godwit_response *response,
                      void *arg) {
  const struct godwit_state_change *change = arg;
  if (change->done != NULL) change->done(client, response->status, response->code, change->arg);
  return 0;
}

static int send_change(struct godwit_client *client, struct godwit_state_change *change,
                       enum godwit_method method, const char *path, int32_t content_format,
                       const void *payload, size_t payload_size, godwit_state_done_fn done,
                       void *arg) {
  int status = godwit_client_join_path(change->path, sizeof change->path, PREFIX, path);
  if (status < 0) return status;
  change->done = done;
  change->arg = arg;
  change->request = (struct godwit_request){
      .method = method,
      .path = change->path,
      .content_format = content_format,
      .accept = GODWIT_FORMAT_NONE,
      .payload = payload,
      .payload_size = payload_size,
      .on_response = on_changed,
      .arg = change,
  };
  return godwit_client_request(client, &change->request);
}

static int check_change(const struct godwit_client *client,
                        const struct godwit_state_change *change) {
  if (change == NULL) return GODWIT_ERR_ARGUMENT;
  return godwit_exchange_has_request(client, &change->request) ? GODWIT_ERR_STATE : GODWIT_OK;
}

/* size: of the JSON text in the object, or why there is none. */
static int send_json(struct godwit_client *client, struct godwit_state_change *change,
                     const char *path, int size, godwit_state_done_fn done, void *arg) {
  if (size < 0) return GODWIT_ERR_ARGUMENT;
  return send_change(client, change, GODWIT_POST, path, GODWIT_FORMAT_JSON, change->json,
                     (size_t)size, done, arg);
}

int godwit_state_set_bool_async(struct godwit_client *client, struct godwit_state_change *change,
                                const char *path, bool value, godwit_state_done_fn done,
                                void *arg) {
  int status = check_change(client, change);
  if (status < 0) return status;
  int size = godwit_json_write_bool(change->json, sizeof change->json, value);
  return send_json(client, change, path, size, done, arg);
}

int godwit_state_set_int_async(struct godwit_client *client, struct godwit_state_change *change,
                               const char *path, int64_t value, godwit_state_done_fn done,
                               void *arg) {
  int status = check_change(client, change);
  if (status < 0) return status;
  int size = godwit_json_write_int(change->json, sizeof change->json, value);
  return send_json(client, change, path, size, done, arg);
}

int godwit_state_set_double_async(struct godwit_client *client, struct godwit_state_change *change,
                                  const char *path, double value, godwit_state_done_fn done,
                                  void *arg) {
  int status = check_change(client, change);
  if (status < 0) return status;
  int size = godwit_json_write_double(change->json, sizeof change->json, value);
  return send_json(client, change, path, size, done, arg);
}

int godwit_state_set_string_async(struct godwit_client *client, struct godwit_state_change *change,
                                  const char *path, const char *value, godwit_state_done_fn done,
                                  void *arg) {
  int status = check_change(client, change);
  if (status < 0) return status;
  if (value == NULL) return GODWIT_ERR_ARGUMENT;
  int size = godwit_json_write_string(change->json, sizeof change->json, value);
  return send_json(client, change, path, size, done, arg);
}

int godwit_state_set(struct godwit_client *client, struct godwit_state_change *change,
                     const char *path, int32_t content_format, const void *payload,
                     size_t payload_size, godwit_state_done_fn done, void *arg) {
  int status = check_change(client, change);
  if (status < 0) return status;
  if (payload_size == 0) return GODWIT_ERR_ARGUMENT;
  return send_change(client, change, GODWIT_POST, path, content_format, payload, payload_size, done,
                     arg);
}

int godwit_state_delete(struct godwit_client *client, struct godwit_state_change *change,
                        const char *path, godwit_state_done_fn done, void *arg) {
  int status = check_change(client, change);
  if (status < 0) return status;
  return send_change(client, change, GODWIT_DELETE, path, GODWIT_FORMAT_NONE, NULL, 0, done, arg);
}

/* Reading --------------------------------------------------------------------- */

static int on_value(struct godwit_client *client, const struct godwit_response *response,
                    void *arg) {
  const struct godwit_state_reading *reading = arg;
  reading->on_value(client, response, reading->arg);
  return 0;
}

static int send_reading(struct godwit_client *client, struct godwit_state_reading *reading,
                        const char *path, int32_t accept, bool observe,
                        godwit_state_value_fn callback, void *arg) {
  if (reading == NULL || callback == NULL) return GODWIT_ERR_ARGUMENT;
  if (godwit_exchange_has_request(client, &reading->request)) return GODWIT_ERR_STATE;
  int status = godwit_client_join_path(reading->path, sizeof reading->path, PREFIX, path);
  if (status < 0) return status;
  reading->on_value = callback;
  reading->arg = arg;
  reading->request = (struct godwit_request){
      .method = GODWIT_GET,
      .path = reading->path,
      .content_format = GODWIT_FORMAT_NONE,
      .accept = accept,
      .observe = observe,
      .on_response = on_value,
      .arg = reading,
  };
  return godwit_client_request(client, &reading->request);
}

int godwit_state_get(struct godwit_client *client, struct godwit_state_reading *reading,
                     const char *path, int32_t accept, godwit_state_value_fn callback, void *arg) {
  return send_reading(client, reading, path, accept, false, callback, arg);
}

int godwit_state_observe(struct godwit_client *client, struct godwit_state_reading *reading,
                         const char *path, int32_t accept, godwit_state_value_fn callback,
                         void *arg) {
  return send_reading(client, reading, path, accept, true, callback, arg);
}

void godwit_state_reading_cancel(struct godwit_client *client,
                                 struct godwit_state_reading *reading) {
  godwit_client_cancel(client, &reading->request);
}

/* Values ---------------------------------------------------------------------- */

static bool is_cbor(const struct godwit_response *response) {
  return response->content_format == GODWIT_FORMAT_CBOR;
}

/* The one item that the payload is. */
static int read_item(const struct godwit_response *response, struct gw_cbor_item *item) {
  struct gw_cbor_reader reader;
  if (response->payload_size == 0) return GODWIT_ERR_NOT_FOUND;
  gw_cbor_reader_init(&reader, response->payload, response->payload_size);
  if (gw_cbor_read(&reader, item) < 0 || reader.offset != response->payload_size) {
    return GODWIT_ERR_FORMAT;
  }
  return item->type == GW_CBOR_NULL ? GODWIT_ERR_NOT_FOUND : GODWIT_OK;
}

int godwit_state_payload_as_bool(const struct godwit_response *response, bool *value) {
  struct gw_cbor_item item;
  if (!is_cbor(response)) {
    return godwit_json_read_bool(response->payload, response->payload_size, value);
  }
  int status = read_item(response, &item);
  if (status < 0) return status;
  if (item.type != GW_CBOR_BOOL) return GODWIT_ERR_FORMAT;
  *value = item.uint != 0;
  return GODWIT_OK;
}

int godwit_state_payload_as_int(const struct godwit_response *response, int64_t *value) {
  struct gw_cbor_item item;
  if (!is_cbor(response)) {
    return godwit_json_read_int(response->payload, response->payload_size, value);
  }
  int status = read_item(response, &item);
  if (status < 0) return status;
  bool is_int = item.type == GW_CBOR_UINT || item.type == GW_CBOR_NEGATIVE;
  if (!is_int || item.uint > INT64_MAX) return GODWIT_ERR_FORMAT;
  *value = item.type == GW_CBOR_UINT ? (int64_t)item.uint : -1 - (int64_t)item.uint;
  return GODWIT_OK;
}

int godwit_state_payload_as_double(const struct godwit_response *response, double *value) {
  struct gw_cbor_item item;
  if (!is_cbor(response)) {
    return godwit_json_read_double(response->payload, response->payload_size, value);
  }
  int status = read_item(response, &item);
  if (status < 0) return status;
  if (item.type == GW_CBOR_FLOAT) {
    *value = gw_cbor_number(&item);
  } else if (item.type == GW_CBOR_UINT) {
    *value = (double)item.uint;
  } else if (item.type == GW_CBOR_NEGATIVE) {
    *value = -1.0 - (double)item.uint;
  } else {
    return GODWIT_ERR_FORMAT;
  }
  return GODWIT_OK;
}

int godwit_state_payload_as_string(const struct godwit_response *response, char *text,
                                   size_t size) {
  struct gw_cbor_item item;
  if (!is_cbor(response)) {
    return godwit_json_read_string(response->payload, response->payload_size, text, size);
  }
  int status = read_item(response, &item);
  if (status < 0) return status;
  status = gw_cbor_text_copy(&item, text, size);
  if (status == GW_ERR_TOO_LONG) return GODWIT_ERR_NO_MEMORY;
  return status < 0 ? GODWIT_ERR_FORMAT : GODWIT_OK;
}
