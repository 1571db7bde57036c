/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/coap.h"

#include <string.h>

#include "wire/utf8.h"

#define VERSION 1u
#define PAYLOAD_MARKER 0xFFu
#define OPTION_NUMBER_MAX 0xFFFFu

/* An option's delta and length are nibbles: below 13 the value itself, 13 and
 * 14 say that one or two bytes follow (RFC 7252 3.1). */
#define NIBBLE_ONE_BYTE 13u
#define NIBBLE_TWO_BYTES 14u
#define ONE_BYTE_BASE 13u
#define TWO_BYTES_BASE 269u

/* ---- Reading ---- */

struct cursor {
  const uint8_t *data;
  size_t size;
  size_t offset;
};

static size_t left(const struct cursor *cursor) { return cursor->size - cursor->offset; }

/* Resolves a nibble with its extension bytes. */
static int read_extended(struct cursor *cursor, uint32_t nibble, uint32_t *value) {
  *value = nibble;
  if (nibble < NIBBLE_ONE_BYTE) return GW_OK;
  if (nibble > NIBBLE_TWO_BYTES) return GW_ERR_MALFORMED; /* 15 is reserved */
  size_t extension = nibble - NIBBLE_ONE_BYTE + 1u;
  if (left(cursor) < extension) return GW_ERR_TRUNCATED;
  const uint8_t *bytes = cursor->data + cursor->offset;
  cursor->offset += extension;
  *value = extension == 1 ? ONE_BYTE_BASE + bytes[0]
                          : TWO_BYTES_BASE + ((uint32_t)bytes[0] << 8 | bytes[1]);
  return GW_OK;
}

static int read_option(struct cursor *cursor, uint16_t *number, struct gw_coap_option *out) {
  uint32_t delta;
  uint32_t length;
  uint8_t head = cursor->data[cursor->offset++];
  int status = read_extended(cursor, head >> 4, &delta);
  if (status == GW_OK) status = read_extended(cursor, head & 15u, &length);
  if (status != GW_OK) return status;
  if (delta > OPTION_NUMBER_MAX - *number || length > UINT16_MAX) return GW_ERR_MALFORMED;
  if (length > left(cursor)) return GW_ERR_TRUNCATED;
  *number = (uint16_t)(*number + delta);
  out->number = *number;
  out->value = cursor->data + cursor->offset;
  out->length = (uint16_t)length;
  cursor->offset += length;
  return GW_OK;
}

/* Checks every option up to the payload marker or the end. */
static int scan_options(struct cursor *cursor) {
  struct gw_coap_option option;
  uint16_t number = 0;
  while (left(cursor) > 0 && cursor->data[cursor->offset] != PAYLOAD_MARKER) {
    int status = read_option(cursor, &number, &option);
    if (status != GW_OK) return status;
  }
  return GW_OK;
}

static int parse_payload(const struct cursor *cursor, struct gw_coap_message *out) {
  if (left(cursor) == 0) return GW_OK;
  if (left(cursor) == 1) return GW_ERR_MALFORMED; /* a marker and nothing behind it */
  out->payload = cursor->data + cursor->offset + 1;
  out->payload_size = left(cursor) - 1;
  return GW_OK;
}

static int parse_body(const uint8_t *datagram, size_t size, struct gw_coap_message *out) {
  struct cursor cursor = {.data = datagram, .size = size, .offset = GW_COAP_HEADER_SIZE};
  if (left(&cursor) < out->token_length) return GW_ERR_TRUNCATED;
  memcpy(out->token, datagram + cursor.offset, out->token_length);
  cursor.offset += out->token_length;
  size_t options_begin = cursor.offset;
  int status = scan_options(&cursor);
  if (status != GW_OK) return status;
  out->options = datagram + options_begin;
  out->options_size = cursor.offset - options_begin;
  return parse_payload(&cursor, out);
}

/* Which codes each type may carry (RFC 7252 4.2, 4.3, table 1), and no code of
 * a reserved class. A non-confirmable empty message breaks the letter of 4.3
 * but is what Zephyr clients send to keep the path open, so it passes. */
static bool code_fits_type(uint8_t code, enum gw_coap_type type) {
  unsigned class_ = code >> 5;
  if (class_ == 1 || class_ > 5) return false;
  if (type == GW_COAP_RST) return code == GW_COAP_EMPTY;
  return type != GW_COAP_ACK || code == GW_COAP_EMPTY || class_ != 0;
}

int gw_coap_parse(const uint8_t *datagram, size_t size, struct gw_coap_message *out) {
  memset(out, 0, sizeof *out);
  if (size < GW_COAP_HEADER_SIZE) return GW_ERR_TRUNCATED;
  if (datagram[0] >> 6 != VERSION) return GW_ERR_MALFORMED;
  out->type = (enum gw_coap_type)(datagram[0] >> 4 & 3u);
  out->message_id = (uint16_t)(datagram[2] << 8 | datagram[3]);
  out->code = datagram[1];
  out->token_length = datagram[0] & 15u;
  if (out->token_length > GW_COAP_TOKEN_MAX) return GW_ERR_MALFORMED;
  if (!code_fits_type(out->code, out->type)) return GW_ERR_MALFORMED;
  if (out->code == GW_COAP_EMPTY && (out->token_length > 0 || size > GW_COAP_HEADER_SIZE)) {
    return GW_ERR_MALFORMED; /* RFC 7252 4.1 */
  }
  return parse_body(datagram, size, out);
}

bool gw_coap_option_next(const struct gw_coap_message *message,
                         struct gw_coap_option_iterator *iterator, struct gw_coap_option *out) {
  struct cursor cursor = {message->options, message->options_size, iterator->offset};
  if (left(&cursor) == 0) return false;
  if (read_option(&cursor, &iterator->number, out) != GW_OK) return false;
  iterator->offset = cursor.offset;
  return true;
}

bool gw_coap_option_find(const struct gw_coap_message *message, uint16_t number,
                         struct gw_coap_option *out) {
  struct gw_coap_option_iterator iterator = {0};
  while (gw_coap_option_next(message, &iterator, out)) {
    if (out->number == number) return true;
    if (out->number > number) return false;
  }
  return false;
}

bool gw_coap_option_uint(const struct gw_coap_message *message, uint16_t number, uint32_t *out) {
  struct gw_coap_option option;
  if (!gw_coap_option_find(message, number, &option) || option.length > 4) return false;
  *out = 0;
  for (size_t i = 0; i < option.length; i++) *out = *out << 8 | option.value[i];
  return true;
}

/* The critical options that are understood: longest value and whether they may
 * repeat (RFC 7252 5.10, RFC 7959 2.1). If-Match and If-None-Match are missing
 * on purpose: nobody here honours them, so nobody may pretend to. */
static const struct {
  uint8_t number;
  uint8_t length_max;
  bool repeatable;
} known_critical[] = {
    {GW_COAP_OPT_URI_HOST, 255, false}, {GW_COAP_OPT_URI_PORT, 2, false},
    {GW_COAP_OPT_URI_PATH, 255, true},  {GW_COAP_OPT_URI_QUERY, 255, true},
    {GW_COAP_OPT_ACCEPT, 2, false},     {GW_COAP_OPT_BLOCK2, 3, false},
    {GW_COAP_OPT_BLOCK1, 3, false},
};

static bool is_understood(const struct gw_coap_option *option, bool repeated) {
  for (size_t i = 0; i < sizeof known_critical / sizeof known_critical[0]; i++) {
    if (known_critical[i].number != option->number) continue;
    return option->length <= known_critical[i].length_max &&
           (!repeated || known_critical[i].repeatable);
  }
  return false;
}

uint16_t gw_coap_unknown_critical_option(const struct gw_coap_message *message) {
  struct gw_coap_option_iterator iterator = {0};
  struct gw_coap_option option;
  uint16_t last = 0;
  while (gw_coap_option_next(message, &iterator, &option)) {
    bool critical = (option.number & 1u) != 0;
    if (critical && !is_understood(&option, option.number == last)) return option.number;
    last = option.number;
  }
  return 0;
}

/* A segment that would change meaning once joined or used as a C string. */
static bool is_bad_segment(const struct gw_coap_option *segment) {
  const uint8_t *text = segment->value;
  size_t length = segment->length;
  if (memchr(text, '/', length) || memchr(text, 0, length)) return true;
  if (length == 1 && text[0] == '.') return true;
  if (length == 2 && text[0] == '.' && text[1] == '.') return true;
  return !gw_utf8_is_valid(text, length);
}

int gw_coap_path(const struct gw_coap_message *message, char *text, size_t size) {
  struct gw_coap_option_iterator iterator = {0};
  struct gw_coap_option option;
  size_t length = 0;
  bool first = true;
  while (gw_coap_option_next(message, &iterator, &option)) {
    if (option.number != GW_COAP_OPT_URI_PATH) continue;
    if (is_bad_segment(&option)) return GW_ERR_MALFORMED;
    size_t needed = option.length + (first ? 0u : 1u);
    if (needed >= size - length) return GW_ERR_NO_SPACE;
    if (!first) text[length++] = '/';
    memcpy(text + length, option.value, option.length);
    length += option.length;
    first = false;
  }
  if (size == 0) return GW_ERR_NO_SPACE;
  text[length] = '\0';
  return (int)length;
}

/* ---- Writing ---- */

static void fail(struct gw_coap_writer *writer, int error) {
  if (writer->error == GW_OK) writer->error = error;
}

static void append(struct gw_coap_writer *writer, const void *data, size_t size) {
  if (writer->error != GW_OK || size == 0) return;
  if (size > writer->size - writer->length) {
    fail(writer, GW_ERR_NO_SPACE);
    return;
  }
  memcpy(writer->buffer + writer->length, data, size);
  writer->length += size;
}

void gw_coap_writer_begin(struct gw_coap_writer *writer, uint8_t *buffer, size_t size,
                          enum gw_coap_type type, uint8_t code, uint16_t message_id,
                          const uint8_t *token, size_t token_length) {
  *writer = (struct gw_coap_writer){.buffer = buffer, .size = size};
  if (token_length > GW_COAP_TOKEN_MAX) {
    fail(writer, GW_ERR_TOO_LONG);
    return;
  }
  uint8_t header[GW_COAP_HEADER_SIZE] = {
      (uint8_t)(VERSION << 6 | (unsigned)type << 4 | token_length),
      code,
      (uint8_t)(message_id >> 8),
      (uint8_t)message_id,
  };
  append(writer, header, sizeof header);
  append(writer, token, token_length);
}

/* Writes the extension bytes and returns the nibble. */
static uint8_t encode_extended(uint32_t value, uint8_t *bytes, size_t *count) {
  if (value < ONE_BYTE_BASE) return (uint8_t)value;
  if (value < TWO_BYTES_BASE) {
    bytes[(*count)++] = (uint8_t)(value - ONE_BYTE_BASE);
    return NIBBLE_ONE_BYTE;
  }
  bytes[(*count)++] = (uint8_t)((value - TWO_BYTES_BASE) >> 8);
  bytes[(*count)++] = (uint8_t)(value - TWO_BYTES_BASE);
  return NIBBLE_TWO_BYTES;
}

void gw_coap_writer_option(struct gw_coap_writer *writer, uint16_t number, const void *value,
                           size_t length) {
  if (writer->has_payload || number < writer->last_option) {
    fail(writer, GW_ERR_ORDER);
    return;
  }
  if (length > UINT16_MAX) {
    fail(writer, GW_ERR_TOO_LONG);
    return;
  }
  uint8_t head[5];
  size_t head_size = 1;
  uint32_t delta = (uint32_t)number - writer->last_option;
  uint8_t delta_nibble = encode_extended(delta, head, &head_size);
  uint8_t length_nibble = encode_extended((uint32_t)length, head, &head_size);
  head[0] = (uint8_t)(delta_nibble << 4 | length_nibble);
  append(writer, head, head_size);
  append(writer, value, length);
  writer->last_option = number;
}

void gw_coap_writer_option_uint(struct gw_coap_writer *writer, uint16_t number, uint32_t value) {
  uint8_t bytes[4];
  size_t length = 0;
  for (int shift = 24; shift >= 0; shift -= 8) {
    uint8_t byte = (uint8_t)(value >> shift);
    if (length > 0 || byte != 0) bytes[length++] = byte;
  }
  gw_coap_writer_option(writer, number, bytes, length);
}

void gw_coap_writer_path(struct gw_coap_writer *writer, const char *path) {
  while (*path) {
    size_t length = strcspn(path, "/");
    if (length > 0) gw_coap_writer_option(writer, GW_COAP_OPT_URI_PATH, path, length);
    path += length;
    if (*path == '/') path++;
  }
}

void gw_coap_writer_payload(struct gw_coap_writer *writer, const void *payload, size_t size) {
  static const uint8_t marker = PAYLOAD_MARKER;
  if (size == 0) return; /* RFC 7252 3: no marker without a payload */
  if (writer->has_payload) {
    fail(writer, GW_ERR_ORDER);
    return;
  }
  writer->has_payload = true;
  append(writer, &marker, 1);
  append(writer, payload, size);
}

int gw_coap_writer_finish(struct gw_coap_writer *writer) {
  return writer->error != GW_OK ? writer->error : (int)writer->length;
}

char *gw_coap_code_text(uint8_t code, char text[5]) {
  unsigned detail = code & 31u;
  text[0] = (char)('0' + (code >> 5));
  text[1] = '.';
  text[2] = (char)('0' + detail / 10);
  text[3] = (char)('0' + detail % 10);
  text[4] = '\0';
  return text;
}
