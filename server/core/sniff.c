/* SPDX-License-Identifier: Apache-2.0 */
/* What bytes are, by their look: what a device calls them is not believed, as
 * the console shows and plays them. */
#include <string.h>

#include "server/core/internal.h"
#include "server/core/json.h"
#include "wire/utf8.h"

#define FORMAT_CBOR 60
#define PARSED_MAX (64 * 1024) /* of JSON and CBOR: above, nobody reads it as such */

struct magic {
  size_t offset;
  const char *bytes;
  size_t size;
  const char *type;
};

#define MAGIC(offset, bytes, type) \
  { offset, bytes, sizeof(bytes) - 1, type }

static const struct magic magics[] = {
    MAGIC(0, "\xff\xd8\xff", "image/jpeg"), MAGIC(0, "\x89PNG\r\n\x1a\n", "image/png"),
    MAGIC(0, "GIF87a", "image/gif"),        MAGIC(0, "GIF89a", "image/gif"),
    MAGIC(0, "fLaC", "audio/flac"),         MAGIC(0, "OggS", "audio/ogg"),
    MAGIC(0, "ID3", "audio/mpeg"),
};

static bool has(const uint8_t *data, size_t size, size_t offset, const char *bytes, size_t length) {
  return size >= offset + length && memcmp(data + offset, bytes, length) == 0;
}

static bool is_wav(const uint8_t *data, size_t size) {
  return has(data, size, 0, "RIFF", 4) && has(data, size, 8, "WAVE", 4);
}

/* "BM" alone begins many a text: the header's size and planes as well. */
static bool is_bmp(const uint8_t *data, size_t size) {
  if (size < 28 || data[0] != 'B' || data[1] != 'M') return false;
  return (data[14] == 40 || data[14] == 108 || data[14] == 124) && data[15] == 0 && data[26] == 1 &&
         data[27] == 0;
}

static bool is_space(uint8_t character) {
  return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

/* P1 to P6, white space, a width. */
static bool is_pnm(const uint8_t *data, size_t size) {
  if (size < 4 || data[0] != 'P' || data[1] < '1' || data[1] > '6' || !is_space(data[2])) {
    return false;
  }
  return data[3] == '#' || (data[3] >= '0' && data[3] <= '9');
}

static bool is_json(const uint8_t *data, size_t size) {
  size_t first = 0;
  while (first < size && is_space(data[first])) first++;
  if (first == size || (data[first] != '{' && data[first] != '[') || size > PARSED_MAX)
    return false;
  json_t *value = srv_json_parse((const char *)data, size);
  json_decref(value);
  return value != NULL;
}

static bool is_text(const uint8_t *data, size_t size) {
  for (size_t i = 0; i < size; i++) {
    if ((data[i] < 0x20 && !is_space(data[i])) || data[i] == 0x7f) return false;
  }
  return size > 0 && gw_utf8_is_valid(data, size);
}

static bool is_cbor(const uint8_t *data, size_t size) {
  struct gw_cbor_reader reader;
  if (size == 0 || size > PARSED_MAX) return false;
  gw_cbor_reader_init(&reader, data, size);
  return gw_cbor_skip(&reader) == GW_OK && reader.offset == size;
}

const char *srv_sniff(const uint8_t *data, size_t size, uint16_t format) {
  for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
    const struct magic *magic = &magics[i];
    if (has(data, size, magic->offset, magic->bytes, magic->size)) return magic->type;
  }
  if (is_wav(data, size)) return "audio/wav";
  if (is_bmp(data, size)) return "image/bmp";
  if (is_pnm(data, size)) return "image/x-portable-anymap";
  if (format == FORMAT_CBOR && is_cbor(data, size)) return "application/cbor";
  if (is_json(data, size)) return "application/json";
  if (is_text(data, size)) return "text/plain";
  return "application/octet-stream";
}
