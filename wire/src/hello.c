/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/hello.h"

#include <stdbool.h>
#include <string.h>

#include "wire/cbor.h"

enum key { KEY_BOARD, KEY_SDK, KEY_RUNTIME, KEY_OPS, KEY_ARENA, KEY_SLOT, KEY_COUNT };
static const char key_names[KEY_COUNT][2] = {"b", "s", "r", "o", "a", "l"};

/* Encoding -------------------------------------------------------------------- */

static bool is_said(const char *text) { return text != NULL && text[0] != 0; }

/* Where it ends or grows too long; device code has no strnlen. */
static bool fits(const char *text, size_t max) {
  return text == NULL || memchr(text, 0, max + 1) != NULL;
}

static bool words_fit(const struct gw_hello_words *words) {
  if (!fits(words->board, GW_HELLO_TEXT_MAX) || !fits(words->sdk, GW_HELLO_TEXT_MAX) ||
      !fits(words->runtime, GW_HELLO_TEXT_MAX) || words->op_code_count > GW_HELLO_OPS_MAX ||
      words->op_name_count > GW_HELLO_OPS_MAX - words->op_code_count) {
    return false;
  }
  for (size_t i = 0; i < words->op_name_count; i++) {
    if (!fits(words->op_name[i], GW_HELLO_OP_NAME_MAX)) return false;
  }
  return true;
}

static void write_text(struct gw_cbor_writer *writer, enum key key, const char *text) {
  if (!is_said(text)) return;
  gw_cbor_write_text(writer, key_names[key]);
  gw_cbor_write_text(writer, text);
}

static void write_number(struct gw_cbor_writer *writer, enum key key, uint32_t number) {
  if (number == 0) return;
  gw_cbor_write_text(writer, key_names[key]);
  gw_cbor_write_uint(writer, number);
}

static void write_ops(struct gw_cbor_writer *writer, const struct gw_hello_words *words) {
  if (words->op_code_count + words->op_name_count == 0) return;
  gw_cbor_write_text(writer, key_names[KEY_OPS]);
  gw_cbor_write_array(writer, words->op_code_count + words->op_name_count);
  for (size_t i = 0; i < words->op_code_count; i++) {
    gw_cbor_write_uint(writer, words->op_code[i]);
  }
  for (size_t i = 0; i < words->op_name_count; i++) gw_cbor_write_text(writer, words->op_name[i]);
}

int gw_hello_encode(const struct gw_hello_words *words, uint8_t *buffer, size_t size) {
  struct gw_cbor_writer writer;
  if (!words_fit(words)) return GW_ERR_TOO_LONG;
  gw_cbor_writer_init(&writer, buffer, size);
  gw_cbor_write_map_indefinite(&writer);
  write_text(&writer, KEY_BOARD, words->board);
  write_text(&writer, KEY_SDK, words->sdk);
  write_text(&writer, KEY_RUNTIME, words->runtime);
  write_ops(&writer, words);
  write_number(&writer, KEY_ARENA, words->arena_bytes);
  write_number(&writer, KEY_SLOT, words->slot_bytes);
  gw_cbor_write_break(&writer);
  return gw_cbor_writer_finish(&writer);
}

/* Parsing --------------------------------------------------------------------- */

static int read_number(struct gw_cbor_reader *reader, uint32_t *out) {
  uint64_t value;
  int status = gw_cbor_read_uint(reader, UINT32_MAX, &value);
  if (status == GW_OK) *out = (uint32_t)value;
  return status;
}

/* Op names stand in lists with commas between them. */
static bool is_op_name(const struct gw_cbor_item *item) {
  for (size_t i = 0; i < item->size; i++) {
    if (item->data[i] <= ' ' || item->data[i] > '~' || item->data[i] == ',') return false;
  }
  return item->size > 0;
}

static int read_op(struct gw_cbor_reader *reader, struct gw_hello_op *out) {
  struct gw_cbor_item item;
  int status = gw_cbor_read(reader, &item);
  if (status != GW_OK) return status;
  if (item.type == GW_CBOR_UINT) {
    if (item.uint > UINT16_MAX) return GW_ERR_TOO_LONG;
    *out = (struct gw_hello_op){.code = (uint16_t)item.uint};
    return GW_OK;
  }
  if (item.type != GW_CBOR_TEXT) return GW_ERR_MALFORMED;
  if (item.size > GW_HELLO_OP_NAME_MAX) return GW_ERR_TOO_LONG;
  if (!is_op_name(&item)) return GW_ERR_MALFORMED;
  *out = (struct gw_hello_op){.name = (const char *)item.data, .name_length = (uint16_t)item.size};
  return GW_OK;
}

static int read_ops(struct gw_cbor_reader *reader, struct gw_hello *out) {
  struct gw_cbor_item list;
  size_t index = 0;
  int more;
  int status = gw_cbor_read(reader, &list);
  if (status != GW_OK) return status;
  if (list.type != GW_CBOR_ARRAY) return GW_ERR_MALFORMED;
  while ((more = gw_cbor_next(reader, &list, &index)) > 0) {
    if (out->op_count == GW_HELLO_OPS_MAX) return GW_ERR_TOO_LONG;
    status = read_op(reader, &out->op[out->op_count]);
    if (status != GW_OK) return status;
    out->op_count++;
  }
  return more;
}

static int read_value(struct gw_cbor_reader *reader, enum key key, struct gw_hello *out) {
  switch (key) {
    case KEY_BOARD:
      return gw_cbor_read_text(reader, out->board, sizeof out->board);
    case KEY_SDK:
      return gw_cbor_read_text(reader, out->sdk, sizeof out->sdk);
    case KEY_RUNTIME:
      return gw_cbor_read_text(reader, out->runtime, sizeof out->runtime);
    case KEY_OPS:
      return read_ops(reader, out);
    case KEY_ARENA:
      return read_number(reader, &out->arena_bytes);
    case KEY_SLOT:
      return read_number(reader, &out->slot_bytes);
    default:
      return gw_cbor_skip(reader);
  }
}

static enum key find_key(const struct gw_cbor_item *item) {
  unsigned key = 0;
  while (key < KEY_COUNT && !gw_cbor_text_equals(item, key_names[key])) key++;
  return (enum key)key;
}

/* *seen has a bit for each key that was there. */
static int read_pair(struct gw_cbor_reader *reader, uint32_t *seen, struct gw_hello *out) {
  struct gw_cbor_reader ahead = *reader;
  struct gw_cbor_item item;
  int status = gw_cbor_skip(reader); /* a key may be a container */
  if (status == GW_OK) status = gw_cbor_read(&ahead, &item);
  if (status != GW_OK) return status;
  enum key key = find_key(&item);
  if (key != KEY_COUNT && (*seen & 1u << key)) return GW_ERR_MALFORMED;
  *seen |= 1u << key;
  return read_value(reader, key, out);
}

int gw_hello_parse(const uint8_t *data, size_t size, struct gw_hello *out) {
  struct gw_cbor_reader reader;
  struct gw_cbor_item map;
  size_t index = 0;
  uint32_t seen = 0;
  int more;
  memset(out, 0, sizeof *out);
  if (size > GW_HELLO_SIZE_MAX) return GW_ERR_TOO_LONG;
  gw_cbor_reader_init(&reader, data, size);
  int status = gw_cbor_read(&reader, &map);
  if (status != GW_OK) return status;
  if (map.type != GW_CBOR_MAP) return GW_ERR_MALFORMED;
  while ((more = gw_cbor_next(&reader, &map, &index)) > 0) {
    status = read_pair(&reader, &seen, out);
    if (status != GW_OK) return status;
  }
  if (more < 0) return more;
  return reader.offset == size ? GW_OK : GW_ERR_MALFORMED;
}
