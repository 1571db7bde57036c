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

/* Op names stand in lists with commas between them. */
static bool is_op_name(const struct gw_cbor_item *item) {
  for (size_t i = 0; i < item->size; i++) {
    if (item->data[i] <= ' ' || item->data[i] > '~' || item->data[i] == ',') return false;
  }
  return item->size > 0;
}

static int read_op(struct gw_cbor_reader *reader, unsigned index, void *hello) {
  struct gw_hello_op *out = &((struct gw_hello *)hello)->op[index];
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

static int read_value(struct gw_cbor_reader *reader, unsigned key, void *hello) {
  struct gw_hello *out = hello;
  int count;
  switch ((enum key)(key - 1)) {
    case KEY_BOARD:
      return gw_cbor_read_text(reader, out->board, sizeof out->board);
    case KEY_SDK:
      return gw_cbor_read_text(reader, out->sdk, sizeof out->sdk);
    case KEY_RUNTIME:
      return gw_cbor_read_text(reader, out->runtime, sizeof out->runtime);
    case KEY_OPS:
      count = gw_cbor_read_array(reader, GW_HELLO_OPS_MAX, read_op, out);
      out->op_count = count > 0 ? (size_t)count : 0;
      return count < 0 ? count : GW_OK;
    case KEY_ARENA:
      return gw_cbor_read_uint32(reader, UINT32_MAX, &out->arena_bytes);
    default:
      return gw_cbor_read_uint32(reader, UINT32_MAX, &out->slot_bytes);
  }
}

static unsigned key_of(const struct gw_cbor_item *item) {
  for (unsigned key = 0; key < KEY_COUNT; key++) {
    if (gw_cbor_text_equals(item, key_names[key])) return key + 1;
  }
  return 0;
}

int gw_hello_parse(const uint8_t *data, size_t size, struct gw_hello *out) {
  struct gw_cbor_reader reader;
  uint32_t seen;
  memset(out, 0, sizeof *out);
  if (size > GW_HELLO_SIZE_MAX) return GW_ERR_TOO_LONG;
  gw_cbor_reader_init(&reader, data, size);
  int status = gw_cbor_read_named_map(&reader, key_of, read_value, out, &seen);
  if (status != GW_OK) return status;
  return reader.offset == size ? GW_OK : GW_ERR_MALFORMED;
}
