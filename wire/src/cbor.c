/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/cbor.h"

#include <string.h>

#include "wire/utf8.h"

/* The first byte of an item: three bits of major type, five of additional
 * information (RFC 8949 section 3). */
enum {
  MAJOR_UINT,
  MAJOR_NEGATIVE,
  MAJOR_BYTES,
  MAJOR_TEXT,
  MAJOR_ARRAY,
  MAJOR_MAP,
  MAJOR_TAG,
  MAJOR_SIMPLE
};
enum {
  INFO_1_BYTE = 24,
  INFO_2_BYTES = 25,
  INFO_4_BYTES = 26,
  INFO_8_BYTES = 27,
  INFO_INDEFINITE = 31
};
enum { SIMPLE_FALSE = 20, SIMPLE_TRUE = 21, SIMPLE_NULL = 22, SIMPLE_UNDEFINED = 23 };

#define BREAK_BYTE 0xFFu
#define HEAD(major, info) ((uint8_t)((major) << 5 | (info)))

/* ---- Reading ---- */

struct head {
  uint8_t major;
  uint8_t info;
  uint64_t argument;
};

void gw_cbor_reader_init(struct gw_cbor_reader *reader, const void *data, size_t size) {
  *reader = (struct gw_cbor_reader){.data = data, .size = size};
}

static size_t left(const struct gw_cbor_reader *reader) { return reader->size - reader->offset; }

/* info 28 to 30 is reserved; 31 means "indefinite" for strings and containers
 * and "break" for major type 7, nothing for the rest. */
static bool info_fits_major(uint8_t info, uint8_t major) {
  if (info < 28) return true;
  return info == INFO_INDEFINITE && major >= MAJOR_BYTES && major != MAJOR_TAG;
}

static int read_head(struct gw_cbor_reader *reader, struct head *head) {
  if (left(reader) == 0) return GW_ERR_TRUNCATED;
  uint8_t first = reader->data[reader->offset++];
  head->major = first >> 5;
  head->info = first & 31u;
  head->argument = head->info;
  if (!info_fits_major(head->info, head->major)) return GW_ERR_MALFORMED;
  if (head->info < INFO_1_BYTE || head->info == INFO_INDEFINITE) return GW_OK;
  size_t size = (size_t)1 << (head->info - INFO_1_BYTE);
  if (left(reader) < size) return GW_ERR_TRUNCATED;
  head->argument = 0;
  while (size-- > 0) head->argument = head->argument << 8 | reader->data[reader->offset++];
  return GW_OK;
}

static int read_string(struct gw_cbor_reader *reader, const struct head *head,
                       struct gw_cbor_item *out) {
  out->type = head->major == MAJOR_TEXT ? GW_CBOR_TEXT : GW_CBOR_BYTES;
  if (head->info == INFO_INDEFINITE) return GW_ERR_UNSUPPORTED;
  if (head->argument > left(reader)) return GW_ERR_TRUNCATED;
  out->data = reader->data + reader->offset;
  out->size = (size_t)head->argument;
  reader->offset += out->size;
  return GW_OK;
}

/* An element takes a byte at least: a count beyond what is left is refused here,
 * so that no caller loops or allocates for elements that cannot come. */
static int read_container(const struct gw_cbor_reader *reader, const struct head *head,
                          struct gw_cbor_item *out) {
  bool is_map = head->major == MAJOR_MAP;
  out->type = is_map ? GW_CBOR_MAP : GW_CBOR_ARRAY;
  out->indefinite = head->info == INFO_INDEFINITE;
  if (out->indefinite) return GW_OK;
  if (head->argument > left(reader) / (is_map ? 2u : 1u)) return GW_ERR_TRUNCATED;
  out->size = (size_t)head->argument;
  return GW_OK;
}

static int read_simple(const struct head *head, struct gw_cbor_item *out) {
  switch (head->info) {
    case SIMPLE_FALSE:
    case SIMPLE_TRUE:
      out->type = GW_CBOR_BOOL;
      out->uint = head->info == SIMPLE_TRUE;
      return GW_OK;
    case SIMPLE_NULL:
    case SIMPLE_UNDEFINED:
      out->type = GW_CBOR_NULL;
      return GW_OK;
    case INFO_1_BYTE: /* two-byte forms of 0..31 are not well-formed (RFC 8949 3.3) */
      return head->argument < 32 ? GW_ERR_MALFORMED : GW_ERR_UNSUPPORTED;
    case INFO_2_BYTES:
    case INFO_4_BYTES:
    case INFO_8_BYTES:
      out->type = GW_CBOR_FLOAT;
      out->uint = head->argument;
      out->size = (size_t)1 << (head->info - INFO_1_BYTE);
      return GW_OK;
    case INFO_INDEFINITE:
      out->type = GW_CBOR_BREAK;
      return GW_OK;
    default:
      return GW_ERR_UNSUPPORTED; /* unassigned simple values */
  }
}

static int read_body(struct gw_cbor_reader *reader, const struct head *head,
                     struct gw_cbor_item *out) {
  switch (head->major) {
    case MAJOR_UINT:
      out->type = GW_CBOR_UINT;
      break;
    case MAJOR_NEGATIVE:
      out->type = GW_CBOR_NEGATIVE;
      break;
    case MAJOR_BYTES:
    case MAJOR_TEXT:
      return read_string(reader, head, out);
    case MAJOR_ARRAY:
    case MAJOR_MAP:
      return read_container(reader, head, out);
    default:
      return read_simple(head, out);
  }
  out->uint = head->argument;
  return GW_OK;
}

int gw_cbor_read(struct gw_cbor_reader *reader, struct gw_cbor_item *out) {
  struct gw_cbor_reader ahead = *reader;
  struct head head;
  bool tagged = false;
  memset(out, 0, sizeof *out);
  int status = read_head(&ahead, &head);
  while (status == GW_OK && head.major == MAJOR_TAG) {
    tagged = true;
    status = read_head(&ahead, &head);
  }
  if (status == GW_OK) status = read_body(&ahead, &head, out);
  if (status != GW_OK) return status;
  if (tagged && out->type == GW_CBOR_BREAK) return GW_ERR_MALFORMED;
  *reader = ahead;
  return GW_OK;
}

int gw_cbor_next(struct gw_cbor_reader *reader, const struct gw_cbor_item *container,
                 size_t *index) {
  if (container->type != GW_CBOR_ARRAY && container->type != GW_CBOR_MAP) return GW_ERR_MALFORMED;
  if (container->indefinite) {
    if (left(reader) == 0) return GW_ERR_TRUNCATED;
    if (reader->data[reader->offset] == BREAK_BYTE) {
      reader->offset++;
      return 0;
    }
  } else if (*index >= container->size) {
    return 0;
  }
  ++*index;
  return 1;
}

static int skip_item(struct gw_cbor_reader *reader, unsigned depth);

static int skip_elements(struct gw_cbor_reader *reader, const struct gw_cbor_item *container,
                         unsigned depth) {
  size_t index = 0;
  int more;
  while ((more = gw_cbor_next(reader, container, &index)) > 0) {
    int status = skip_item(reader, depth);
    if (status == GW_OK && container->type == GW_CBOR_MAP) status = skip_item(reader, depth);
    if (status != GW_OK) return status;
  }
  return more;
}

static int skip_item(struct gw_cbor_reader *reader, unsigned depth) {
  struct gw_cbor_item item;
  int status = gw_cbor_read(reader, &item);
  if (status != GW_OK) return status;
  if (item.type == GW_CBOR_BREAK) return GW_ERR_MALFORMED;
  if (item.type != GW_CBOR_ARRAY && item.type != GW_CBOR_MAP) return GW_OK;
  if (depth == GW_CBOR_DEPTH_MAX) return GW_ERR_UNSUPPORTED;
  return skip_elements(reader, &item, depth + 1);
}

int gw_cbor_skip(struct gw_cbor_reader *reader) {
  struct gw_cbor_reader ahead = *reader;
  int status = skip_item(&ahead, 0);
  if (status == GW_OK) *reader = ahead;
  return status;
}

int gw_cbor_read_uint(struct gw_cbor_reader *reader, uint64_t max, uint64_t *out) {
  struct gw_cbor_item item;
  int status = gw_cbor_read(reader, &item);
  if (status != GW_OK) return status;
  if (item.type != GW_CBOR_UINT) return GW_ERR_MALFORMED;
  if (item.uint > max) return GW_ERR_TOO_LONG;
  *out = item.uint;
  return GW_OK;
}

int gw_cbor_read_uint32(struct gw_cbor_reader *reader, uint32_t max, uint32_t *out) {
  uint64_t value;
  int status = gw_cbor_read_uint(reader, max, &value);
  if (status == GW_OK) *out = (uint32_t)value;
  return status;
}

int gw_cbor_read_text(struct gw_cbor_reader *reader, char *text, size_t size) {
  struct gw_cbor_item item;
  int status = gw_cbor_read(reader, &item);
  return status != GW_OK ? status : gw_cbor_text_copy(&item, text, size);
}

/* Which keys a map's owner knows: by name, or numbers up to last. */
struct known_keys {
  gw_cbor_key_fn key_of;
  unsigned last;
};

static unsigned number_of(const struct known_keys *known, const struct gw_cbor_item *key) {
  if (known->key_of != NULL) return known->key_of(key);
  return key->type == GW_CBOR_UINT && key->uint <= known->last ? (unsigned)key->uint : 0;
}

/* Reads one key. One that is known comes back as its number, each once; 0 for
 * any other, which is skipped with its value. */
static int read_key(struct gw_cbor_reader *reader, const struct known_keys *known, uint32_t *seen) {
  struct gw_cbor_reader ahead = *reader;
  struct gw_cbor_item item;
  int status = gw_cbor_skip(reader); /* a key may be a container */
  if (status == GW_OK) status = gw_cbor_read(&ahead, &item);
  if (status != GW_OK) return status;
  unsigned key = number_of(known, &item);
  if (key == 0) return gw_cbor_skip(reader);
  if (*seen & 1u << key) return GW_ERR_MALFORMED;
  *seen |= 1u << key;
  return (int)key;
}

static int read_map(struct gw_cbor_reader *reader, const struct known_keys *known,
                    gw_cbor_value_fn read_value, void *out, uint32_t *seen) {
  struct gw_cbor_item map;
  size_t index = 0;
  int more;
  *seen = 0;
  int status = gw_cbor_read(reader, &map);
  if (status != GW_OK) return status;
  if (map.type != GW_CBOR_MAP) return GW_ERR_MALFORMED;
  while ((more = gw_cbor_next(reader, &map, &index)) > 0) {
    int key = read_key(reader, known, seen);
    status = key > 0 ? read_value(reader, (unsigned)key, out) : key;
    if (status != GW_OK) return status;
  }
  return more;
}

int gw_cbor_read_map(struct gw_cbor_reader *reader, unsigned last, gw_cbor_value_fn read_value,
                     void *out, uint32_t *seen) {
  return read_map(reader, &(struct known_keys){.last = last}, read_value, out, seen);
}

int gw_cbor_read_named_map(struct gw_cbor_reader *reader, gw_cbor_key_fn key_of,
                           gw_cbor_value_fn read_value, void *out, uint32_t *seen) {
  return read_map(reader, &(struct known_keys){.key_of = key_of}, read_value, out, seen);
}

int gw_cbor_read_array(struct gw_cbor_reader *reader, unsigned max, gw_cbor_value_fn read_element,
                       void *out) {
  struct gw_cbor_item array;
  size_t index = 0;
  unsigned count = 0;
  int more;
  int status = gw_cbor_read(reader, &array);
  if (status != GW_OK) return status;
  if (array.type != GW_CBOR_ARRAY) return GW_ERR_MALFORMED;
  while ((more = gw_cbor_next(reader, &array, &index)) > 0) {
    if (count == max) return GW_ERR_TOO_LONG;
    status = read_element(reader, count, out);
    if (status != GW_OK) return status;
    count++;
  }
  return more < 0 ? more : (int)count;
}

int gw_cbor_read_bytes(struct gw_cbor_reader *reader, void *bytes, size_t size) {
  struct gw_cbor_item item;
  int status = gw_cbor_read(reader, &item);
  if (status != GW_OK) return status;
  if (item.type != GW_CBOR_BYTES || item.size != size) return GW_ERR_MALFORMED;
  memcpy(bytes, item.data, size);
  return GW_OK;
}

static double single_from_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return (double)value;
}

static double double_from_bits(uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* IEEE 754 half precision by way of single, which holds every half exactly. */
static double half_from_bits(uint32_t bits) {
  uint32_t sign = (bits & 0x8000u) << 16;
  uint32_t exponent = bits >> 10 & 31u;
  uint32_t fraction = bits & 0x3FFu;
  if (exponent == 0) {
    double magnitude = (double)fraction * 0x1p-24;
    return sign ? -magnitude : magnitude;
  }
  exponent = exponent == 31 ? 255 : exponent + 112;
  return single_from_bits(sign | exponent << 23 | fraction << 13);
}

double gw_cbor_number(const struct gw_cbor_item *item) {
  if (item->size == 2) return half_from_bits((uint32_t)item->uint);
  return item->size == 4 ? single_from_bits((uint32_t)item->uint) : double_from_bits(item->uint);
}

bool gw_cbor_text_equals(const struct gw_cbor_item *item, const char *text) {
  size_t length = strlen(text);
  return item->type == GW_CBOR_TEXT && item->size == length &&
         memcmp(item->data, text, length) == 0;
}

int gw_cbor_text_copy(const struct gw_cbor_item *item, char *text, size_t size) {
  if (item->type != GW_CBOR_TEXT) return GW_ERR_MALFORMED;
  if (item->size >= size) return GW_ERR_TOO_LONG;
  if (memchr(item->data, 0, item->size)) return GW_ERR_MALFORMED;
  if (!gw_utf8_is_valid(item->data, item->size)) return GW_ERR_MALFORMED;
  memcpy(text, item->data, item->size);
  text[item->size] = '\0';
  return GW_OK;
}

/* ---- Writing ---- */

void gw_cbor_writer_init(struct gw_cbor_writer *writer, void *buffer, size_t size) {
  *writer = (struct gw_cbor_writer){.buffer = buffer, .size = size};
}

static void append(struct gw_cbor_writer *writer, const void *data, size_t size) {
  if (writer->error != GW_OK || size == 0) return;
  if (size > writer->size - writer->length) {
    writer->error = GW_ERR_NO_SPACE;
    return;
  }
  if (writer->buffer) memcpy(writer->buffer + writer->length, data, size);
  writer->length += size;
}

static void append_byte(struct gw_cbor_writer *writer, uint8_t byte) { append(writer, &byte, 1); }

static void append_big_endian(struct gw_cbor_writer *writer, uint64_t value, unsigned size) {
  while (size-- > 0) append_byte(writer, (uint8_t)(value >> 8 * size));
}

/* The shortest form, as RFC 8949 4.1 prefers. */
static void append_head(struct gw_cbor_writer *writer, unsigned major, uint64_t argument) {
  if (argument < INFO_1_BYTE) {
    append_byte(writer, HEAD(major, argument));
    return;
  }
  unsigned info = INFO_1_BYTE;
  while (info < INFO_8_BYTES && argument >> (8u << (info - INFO_1_BYTE)) != 0) info++;
  append_byte(writer, HEAD(major, info));
  append_big_endian(writer, argument, 1u << (info - INFO_1_BYTE));
}

void gw_cbor_write_uint(struct gw_cbor_writer *writer, uint64_t value) {
  append_head(writer, MAJOR_UINT, value);
}

void gw_cbor_write_int(struct gw_cbor_writer *writer, int64_t value) {
  if (value >= 0) {
    append_head(writer, MAJOR_UINT, (uint64_t)value);
  } else {
    append_head(writer, MAJOR_NEGATIVE, ~(uint64_t)value); /* -1 - value */
  }
}

void gw_cbor_write_bytes(struct gw_cbor_writer *writer, const void *data, size_t size) {
  append_head(writer, MAJOR_BYTES, size);
  append(writer, data, size);
}

void gw_cbor_write_text(struct gw_cbor_writer *writer, const char *text) {
  size_t length = strlen(text);
  append_head(writer, MAJOR_TEXT, length);
  append(writer, text, length);
}

void gw_cbor_write_array(struct gw_cbor_writer *writer, size_t count) {
  append_head(writer, MAJOR_ARRAY, count);
}

void gw_cbor_write_map(struct gw_cbor_writer *writer, size_t pair_count) {
  append_head(writer, MAJOR_MAP, pair_count);
}

void gw_cbor_write_map_indefinite(struct gw_cbor_writer *writer) {
  append_byte(writer, HEAD(MAJOR_MAP, INFO_INDEFINITE));
}

void gw_cbor_write_break(struct gw_cbor_writer *writer) { append_byte(writer, BREAK_BYTE); }

void gw_cbor_write_bool(struct gw_cbor_writer *writer, bool value) {
  append_byte(writer, HEAD(MAJOR_SIMPLE, value ? SIMPLE_TRUE : SIMPLE_FALSE));
}

void gw_cbor_write_null(struct gw_cbor_writer *writer) {
  append_byte(writer, HEAD(MAJOR_SIMPLE, SIMPLE_NULL));
}

void gw_cbor_write_double(struct gw_cbor_writer *writer, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  append_byte(writer, HEAD(MAJOR_SIMPLE, INFO_8_BYTES));
  append_big_endian(writer, bits, sizeof bits);
}

int gw_cbor_writer_finish(const struct gw_cbor_writer *writer) {
  return writer->error != GW_OK ? writer->error : (int)writer->length;
}
