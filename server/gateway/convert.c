/* SPDX-License-Identifier: Apache-2.0 */
/* CBOR and JSON into each other. Devices speak either, the core keeps JSON; a
 * number keeps its kind both ways, since published clients refuse an integer
 * where they expect a float. Everything read here comes from a device. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "server/core/json.h"
#include "server/gateway/internal.h"
#include "wire/cbor.h"
#include "wire/utf8.h"

#define DEPTH_MAX SRV_DEVICE_STATE_DEPTH_MAX

/* ---- CBOR to JSON ---- */

static json_t *read_value(struct gw_cbor_reader *reader, unsigned depth);

static json_t *from_bytes(const struct gw_cbor_item *item) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  size_t length = (item->size + 2) / 3 * 4;
  char *text = malloc(length + 1);
  if (text == NULL) return NULL;
  for (size_t i = 0, o = 0; i < item->size; i += 3, o += 4) {
    size_t left = item->size - i;
    uint32_t three = (uint32_t)item->data[i] << 16 |
                     (left > 1 ? (uint32_t)item->data[i + 1] << 8 : 0) |
                     (left > 2 ? item->data[i + 2] : 0u);
    text[o] = digits[three >> 18];
    text[o + 1] = digits[three >> 12 & 63];
    text[o + 2] = left > 1 ? digits[three >> 6 & 63] : '=';
    text[o + 3] = left > 2 ? digits[three & 63] : '=';
  }
  json_t *value = json_stringn(text, length);
  free(text);
  return value;
}

/* A NUL in text would end it early wherever it becomes a C string. */
static bool is_clean_text(const struct gw_cbor_item *item) {
  return memchr(item->data, 0, item->size) == NULL && gw_utf8_is_valid(item->data, item->size);
}

static json_t *from_text(const struct gw_cbor_item *item) {
  return is_clean_text(item) ? json_stringn((const char *)item->data, item->size) : NULL;
}

static json_t *read_array(struct gw_cbor_reader *reader, const struct gw_cbor_item *head,
                          unsigned depth) {
  json_t *array = json_array();
  size_t index = 0;
  int more;
  while ((more = gw_cbor_next(reader, head, &index)) > 0)
    if (json_array_append_new(array, read_value(reader, depth)) != 0) break;
  if (more == 0) return array;
  json_decref(array);
  return NULL;
}

static bool read_member(struct gw_cbor_reader *reader, json_t *object, unsigned depth) {
  struct gw_cbor_item key;
  if (gw_cbor_read(reader, &key) != GW_OK || key.type != GW_CBOR_TEXT || !is_clean_text(&key))
    return false;
  char *name = malloc(key.size + 1);
  if (name == NULL) return false;
  memcpy(name, key.data, key.size);
  name[key.size] = '\0';
  bool good = json_object_get(object, name) == NULL &&
              json_object_set_new(object, name, read_value(reader, depth)) == 0;
  free(name);
  return good;
}

static json_t *read_map(struct gw_cbor_reader *reader, const struct gw_cbor_item *head,
                        unsigned depth) {
  json_t *object = json_object();
  size_t index = 0;
  int more;
  while ((more = gw_cbor_next(reader, head, &index)) > 0)
    if (!read_member(reader, object, depth)) break;
  if (more == 0) return object;
  json_decref(object);
  return NULL;
}

static json_t *read_value(struct gw_cbor_reader *reader, unsigned depth) {
  struct gw_cbor_item item;
  if (gw_cbor_read(reader, &item) != GW_OK) return NULL;
  switch (item.type) {
    case GW_CBOR_UINT:
      return item.uint <= INT64_MAX ? json_integer((json_int_t)item.uint) : NULL;
    case GW_CBOR_NEGATIVE:
      return item.uint <= INT64_MAX ? json_integer(-1 - (json_int_t)item.uint) : NULL;
    case GW_CBOR_FLOAT:
      return isfinite(gw_cbor_number(&item)) ? json_real(gw_cbor_number(&item)) : json_null();
    case GW_CBOR_BOOL:
      return json_boolean(item.uint != 0);
    case GW_CBOR_NULL:
      return json_null();
    case GW_CBOR_BYTES:
      return from_bytes(&item);
    case GW_CBOR_TEXT:
      return from_text(&item);
    case GW_CBOR_ARRAY:
      return depth > 0 ? read_array(reader, &item, depth - 1) : NULL;
    case GW_CBOR_MAP:
      return depth > 0 ? read_map(reader, &item, depth - 1) : NULL;
    case GW_CBOR_BREAK:
      break;
  }
  return NULL;
}

json_t *convert_from_cbor(const uint8_t *data, size_t size) {
  struct gw_cbor_reader reader;
  gw_cbor_reader_init(&reader, data, size);
  json_t *value = read_value(&reader, DEPTH_MAX);
  if (value == NULL || reader.offset == size) return value;
  json_decref(value);
  return NULL;
}

/* ---- the rest is the core's ---- */

_Static_assert(SRV_JSON_DEPTH_MAX == DEPTH_MAX, "JSON may be as deep as CBOR");

json_t *convert_from_json(const uint8_t *data, size_t size) {
  return srv_json_parse((const char *)data, size);
}

int convert_to_cbor(const json_t *value, uint8_t *buffer, size_t size) {
  struct gw_cbor_writer writer;
  gw_cbor_writer_init(&writer, buffer, size);
  srv_json_to_cbor(value, &writer);
  return gw_cbor_writer_finish(&writer);
}

int convert_to_json(const json_t *value, uint8_t *buffer, size_t size) {
  char *text = srv_json_text(value);
  size_t length = text == NULL ? 0 : strlen(text);
  bool fits = text != NULL && length <= size;
  if (fits) memcpy(buffer, text, length);
  free(text);
  return fits ? (int)length : GW_ERR_NO_SPACE;
}

/* ---- requests ---- */

static bool is_whole(const struct gw_coap_message *message) {
  uint32_t value;
  struct gw_block block;
  if (!gw_coap_option_uint(message, GW_COAP_OPT_BLOCK1, &value)) return true;
  return gw_block_decode(value, &block) == GW_OK && block.num == 0 && !block.more;
}

uint8_t convert_payload(const struct gw_coap_message *message, json_t **out) {
  uint32_t format;
  *out = NULL;
  if (!is_whole(message)) return GW_COAP_REQUEST_TOO_LARGE;
  if (!gw_coap_option_uint(message, GW_COAP_OPT_CONTENT_FORMAT, &format))
    return GW_COAP_UNSUPPORTED_FORMAT;
  if (format == GW_COAP_FORMAT_CBOR)
    *out = convert_from_cbor(message->payload, message->payload_size);
  else if (format == GW_COAP_FORMAT_JSON)
    *out = convert_from_json(message->payload, message->payload_size);
  else
    return GW_COAP_UNSUPPORTED_FORMAT;
  return *out != NULL ? 0 : GW_COAP_BAD_REQUEST;
}

/* Accept is never a reason to refuse: clients put nonsense into it. */
uint16_t convert_accept(const struct gw_coap_message *message, uint16_t otherwise) {
  uint32_t accept;
  if (!gw_coap_option_uint(message, GW_COAP_OPT_ACCEPT, &accept)) return otherwise;
  return accept == GW_COAP_FORMAT_JSON || accept == GW_COAP_FORMAT_CBOR ? (uint16_t)accept
                                                                        : otherwise;
}
