/* SPDX-License-Identifier: Apache-2.0 */
#include "server/core/json.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MAX 2048 /* of one CBOR byte string: what a datagram or a header may hold */

/* --- reading text ------------------------------------------------------------- */

/* Deeper than that: jansson's parser recurses, and a document of brackets is
 * cheap to send. Brackets inside strings do not count. */
static bool is_too_deep(const char *text, size_t size) {
  size_t depth = 0;
  bool in_text = false;
  for (size_t i = 0; i < size; i++) {
    if (in_text) {
      if (text[i] == '\\') i++;
      if (text[i] == '"') in_text = false;
    } else if (text[i] == '"') {
      in_text = true;
    } else if (text[i] == '[' || text[i] == '{') {
      if (++depth > SRV_JSON_DEPTH_MAX) return true;
    } else if ((text[i] == ']' || text[i] == '}') && depth > 0) {
      depth--;
    }
  }
  return false;
}

json_t *srv_json_parse(const char *text, size_t size) {
  if (is_too_deep(text, size)) return NULL;
  return json_loadb(text, size, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
}

size_t srv_json_depth(const json_t *value) {
  size_t deepest = 0, index;
  json_t *child;
  const char *key;
  if (json_is_array(value)) {
    json_array_foreach(value, index, child) {
      size_t depth = srv_json_depth(child);
      if (depth > deepest) deepest = depth;
    }
    return deepest + 1;
  }
  if (!json_is_object(value)) return 0;
  json_object_foreach((json_t *)value, key, child) {
    size_t depth = srv_json_depth(child);
    if (depth > deepest) deepest = depth;
  }
  return deepest + 1;
}

/* --- writing text ------------------------------------------------------------- */

struct text {
  char *data;
  size_t length, capacity;
  bool failed;
};

static void add(struct text *text, const char *part, size_t length) {
  if (text->failed) return;
  if (text->length + length + 1 > text->capacity) {
    size_t capacity = (text->length + length + 1) * 2 + 1024;
    char *grown = realloc(text->data, capacity);
    if (grown == NULL) {
      text->failed = true;
      return;
    }
    text->data = grown;
    text->capacity = capacity;
  }
  memcpy(text->data + text->length, part, length);
  text->length += length;
  text->data[text->length] = 0;
}

/* The fewest digits that read back as the same number: 0.1 stays 0.1. */
static void add_real(struct text *text, double number) {
  char digits[40];
  for (int precision = 15; precision <= 17; precision++) {
    snprintf(digits, sizeof(digits), "%.*g", precision, number);
    if (strtod(digits, NULL) == number) break;
  }
  add(text, digits, strlen(digits));
  if (strpbrk(digits, ".e") == NULL) add(text, ".0", 2);
}

/* How many bytes from there on stand for themselves. */
static size_t plain_length(const char *string, size_t length) {
  size_t i = 0;
  while (i < length && (unsigned char)string[i] >= 0x20 && string[i] != '"' && string[i] != '\\') {
    i++;
  }
  return i;
}

static void add_escaped(struct text *text, char character) {
  static const char letter[] = "btnfr"; /* of 8, 9, 10, 12, 13 */
  static const char code[] = "\b\t\n\f\r";
  char escape[8] = {'\\', character, 0};
  const char *known = character == 0 ? NULL : strchr(code, character);
  if (known != NULL) {
    escape[1] = letter[known - code];
  } else if ((unsigned char)character < 0x20) {
    snprintf(escape, sizeof(escape), "\\u%04X", (unsigned)(unsigned char)character);
  }
  add(text, escape, strlen(escape));
}

/* UTF-8 already: jansson takes no other. */
static void add_string(struct text *text, const char *string, size_t length) {
  add(text, "\"", 1);
  for (size_t done = 0; done < length;) {
    size_t plain = plain_length(string + done, length - done);
    add(text, string + done, plain);
    done += plain;
    if (done < length) add_escaped(text, string[done++]);
  }
  add(text, "\"", 1);
}

static void add_integer(struct text *text, json_int_t number) {
  char digits[24];
  size_t at = sizeof(digits);
  uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
  do {
    digits[--at] = (char)('0' + left % 10);
    left /= 10;
  } while (left > 0);
  if (number < 0) digits[--at] = '-';
  add(text, digits + at, sizeof(digits) - at);
}

static void add_scalar(struct text *text, const json_t *value) {
  switch (json_typeof(value)) {
    case JSON_STRING:
      add_string(text, json_string_value(value), json_string_length(value));
      break;
    case JSON_INTEGER:
      add_integer(text, json_integer_value(value));
      break;
    case JSON_TRUE:
      add(text, "true", 4);
      break;
    case JSON_FALSE:
      add(text, "false", 5);
      break;
    default:
      add(text, "null", 4);
      break;
  }
}

static void add_key(struct text *text, const char *key) {
  add_string(text, key, strlen(key));
  add(text, ":", 1);
}

static void add_value(struct text *text, const json_t *value) {
  size_t index, count = 0;
  json_t *child;
  const char *key;
  if (json_is_array(value)) {
    add(text, "[", 1);
    json_array_foreach(value, index, child) {
      if (count++ > 0) add(text, ",", 1);
      add_value(text, child);
    }
    add(text, "]", 1);
  } else if (json_is_object(value)) {
    add(text, "{", 1);
    json_object_foreach((json_t *)value, key, child) {
      if (count++ > 0) add(text, ",", 1);
      add_key(text, key);
      add_value(text, child);
    }
    add(text, "}", 1);
  } else if (json_is_real(value)) {
    add_real(text, json_real_value(value));
  } else {
    add_scalar(text, value);
  }
}

char *srv_json_text(const json_t *value) {
  struct text text = {0};
  add_value(&text, value);
  if (!text.failed) return text.data;
  free(text.data);
  return NULL;
}

int srv_json_print(const json_t *value, char *out, size_t size) {
  char *text = srv_json_text(value);
  if (text == NULL) return SRV_ERR_INTERNAL;
  size_t length = strlen(text);
  if (length < size) memcpy(out, text, length + 1);
  free(text);
  return length < size ? SRV_OK : SRV_ERR_TOO_LARGE;
}

/* --- from CBOR ------------------------------------------------------------------ */

static int read_value(struct gw_cbor_reader *reader, unsigned depth, json_t **out);

static json_t *text_value(const struct gw_cbor_item *item) {
  if (memchr(item->data, 0, item->size) != NULL) return NULL;
  return json_stringn((const char *)item->data, item->size); /* NULL: not UTF-8 */
}

static json_t *bytes_value(const struct gw_cbor_item *item) {
  char hex[2 * BYTES_MAX + 1];
  if (item->size > BYTES_MAX) return NULL;
  for (size_t i = 0; i < item->size; i++) snprintf(hex + 2 * i, 3, "%02x", item->data[i]);
  return json_stringn(hex, 2 * item->size);
}

static json_t *number_value(const struct gw_cbor_item *item) {
  if (item->type == GW_CBOR_FLOAT) {
    double number = gw_cbor_number(item);
    return isfinite(number) ? json_real(number) : json_null();
  }
  bool negative = item->type == GW_CBOR_NEGATIVE;
  if (item->uint <= INT64_MAX) {
    return json_integer(negative ? -1 - (json_int_t)item->uint : (json_int_t)item->uint);
  }
  return json_real(negative ? -1.0 - (double)item->uint : (double)item->uint);
}

static int read_array(struct gw_cbor_reader *reader, const struct gw_cbor_item *head,
                      unsigned depth, json_t *array) {
  size_t index = 0;
  int more;
  while ((more = gw_cbor_next(reader, head, &index)) > 0) {
    json_t *element = NULL;
    int status = read_value(reader, depth + 1, &element);
    if (status != SRV_OK) return status;
    if (json_array_append_new(array, element) != 0) return SRV_ERR_INTERNAL;
  }
  return more < 0 ? SRV_ERR_INVALID : SRV_OK;
}

static int read_map(struct gw_cbor_reader *reader, const struct gw_cbor_item *head, unsigned depth,
                    json_t *object) {
  size_t index = 0;
  int more;
  while ((more = gw_cbor_next(reader, head, &index)) > 0) {
    char key[256];
    json_t *member = NULL;
    if (gw_cbor_read_text(reader, key, sizeof(key)) != GW_OK) return SRV_ERR_INVALID;
    if (json_object_get(object, key) != NULL) return SRV_ERR_INVALID;
    int status = read_value(reader, depth + 1, &member);
    if (status != SRV_OK) return status;
    if (json_object_set_new(object, key, member) != 0) return SRV_ERR_INTERNAL;
  }
  return more < 0 ? SRV_ERR_INVALID : SRV_OK;
}

static int read_container(struct gw_cbor_reader *reader, const struct gw_cbor_item *head,
                          unsigned depth, json_t **out) {
  if (depth >= GW_CBOR_DEPTH_MAX) return SRV_ERR_INVALID;
  bool is_map = head->type == GW_CBOR_MAP;
  json_t *value = is_map ? json_object() : json_array();
  if (value == NULL) return SRV_ERR_INTERNAL;
  int status =
      is_map ? read_map(reader, head, depth, value) : read_array(reader, head, depth, value);
  if (status == SRV_OK) {
    *out = value;
  } else {
    json_decref(value);
  }
  return status;
}

static int read_value(struct gw_cbor_reader *reader, unsigned depth, json_t **out) {
  struct gw_cbor_item item;
  if (gw_cbor_read(reader, &item) != GW_OK) return SRV_ERR_INVALID;
  switch (item.type) {
    case GW_CBOR_MAP:
    case GW_CBOR_ARRAY:
      return read_container(reader, &item, depth, out);
    case GW_CBOR_TEXT:
      *out = text_value(&item);
      break;
    case GW_CBOR_BYTES:
      *out = bytes_value(&item);
      break;
    case GW_CBOR_BOOL:
      *out = json_boolean(item.uint != 0);
      break;
    case GW_CBOR_NULL:
      *out = json_null();
      break;
    case GW_CBOR_UINT:
    case GW_CBOR_NEGATIVE:
    case GW_CBOR_FLOAT:
      *out = number_value(&item);
      break;
    case GW_CBOR_BREAK:
      return SRV_ERR_INVALID;
  }
  return *out == NULL ? SRV_ERR_INVALID : SRV_OK;
}

int srv_json_from_cbor(struct gw_cbor_reader *reader, json_t **out) {
  *out = NULL;
  return read_value(reader, 0, out);
}

/* --- to CBOR -------------------------------------------------------------------- */

void srv_json_to_cbor(const json_t *value, struct gw_cbor_writer *writer) {
  size_t index;
  json_t *child;
  const char *key;
  switch (json_typeof(value)) {
    case JSON_OBJECT:
      gw_cbor_write_map(writer, json_object_size(value));
      json_object_foreach((json_t *)value, key, child) {
        gw_cbor_write_text(writer, key);
        srv_json_to_cbor(child, writer);
      }
      break;
    case JSON_ARRAY:
      gw_cbor_write_array(writer, json_array_size(value));
      json_array_foreach(value, index, child) srv_json_to_cbor(child, writer);
      break;
    case JSON_STRING:
      gw_cbor_write_text(writer, json_string_value(value));
      break;
    case JSON_INTEGER:
      gw_cbor_write_int(writer, json_integer_value(value));
      break;
    case JSON_REAL:
      gw_cbor_write_double(writer, json_real_value(value));
      break;
    case JSON_TRUE:
    case JSON_FALSE:
      gw_cbor_write_bool(writer, json_is_true(value));
      break;
    case JSON_NULL:
      gw_cbor_write_null(writer);
      break;
  }
}
