/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/keyset.h"

#include <string.h>

#include "wire/cbor.h"

/* Those that a statement has too keep its numbers. */
enum {
  KEY_STRUCTURE = 1,
  KEY_EPOCH = 2,
  KEY_KEYS = 3,
  KEY_FLOOR = 7,
  KEY_PROJECT = 8,
  KEY_LAST = KEY_PROJECT,
};
enum { STRUCTURE = 1 };
#define REQUIRED (1u << KEY_STRUCTURE | 1u << KEY_EPOCH | 1u << KEY_KEYS)

static int check(const struct gw_keyset *keyset) {
  if (keyset->epoch == 0 || keyset->key_count == 0) return GW_ERR_MISSING;
  for (unsigned i = 1; i < keyset->key_count; i++) {
    for (unsigned j = 0; j < i; j++) {
      if (memcmp(keyset->key[i], keyset->key[j], GW_KEY_SIZE) == 0) return GW_ERR_MALFORMED;
    }
  }
  return GW_OK;
}

int gw_keyset_encode(const struct gw_keyset *keyset, uint8_t *buffer, size_t size) {
  struct gw_cbor_writer writer;
  if (keyset->key_count > GW_KEYSET_KEYS_MAX) return GW_ERR_TOO_LONG;
  if (memchr(keyset->project, 0, sizeof keyset->project) == NULL) return GW_ERR_TOO_LONG;
  int status = check(keyset);
  if (status != GW_OK) return status;
  gw_cbor_writer_init(&writer, buffer, size);
  gw_cbor_write_map(&writer, 3u + (keyset->floor > 0) + (keyset->project[0] != 0));
  gw_cbor_write_uint(&writer, KEY_STRUCTURE);
  gw_cbor_write_uint(&writer, STRUCTURE);
  gw_cbor_write_uint(&writer, KEY_EPOCH);
  gw_cbor_write_uint(&writer, keyset->epoch);
  gw_cbor_write_uint(&writer, KEY_KEYS);
  gw_cbor_write_array(&writer, keyset->key_count);
  for (unsigned i = 0; i < keyset->key_count; i++) {
    gw_cbor_write_bytes(&writer, keyset->key[i], GW_KEY_SIZE);
  }
  if (keyset->floor > 0) {
    gw_cbor_write_uint(&writer, KEY_FLOOR);
    gw_cbor_write_uint(&writer, keyset->floor);
  }
  if (keyset->project[0] != 0) {
    gw_cbor_write_uint(&writer, KEY_PROJECT);
    gw_cbor_write_text(&writer, keyset->project);
  }
  return gw_cbor_writer_finish(&writer);
}

static int read_key(struct gw_cbor_reader *reader, unsigned index, void *keyset) {
  return gw_cbor_read_bytes(reader, ((struct gw_keyset *)keyset)->key[index], GW_KEY_SIZE);
}

static int read_number(struct gw_cbor_reader *reader, uint32_t *out) {
  uint64_t value;
  int status = gw_cbor_read_uint(reader, UINT32_MAX, &value);
  if (status == GW_OK) *out = (uint32_t)value;
  return status;
}

static int read_structure(struct gw_cbor_reader *reader) {
  uint32_t structure;
  int status = read_number(reader, &structure);
  if (status != GW_OK) return status;
  return structure == STRUCTURE ? GW_OK : GW_ERR_UNSUPPORTED;
}

static int read_value(struct gw_cbor_reader *reader, unsigned key, void *keyset) {
  struct gw_keyset *out = keyset;
  int count;
  switch (key) {
    case KEY_STRUCTURE:
      return read_structure(reader);
    case KEY_EPOCH:
      return read_number(reader, &out->epoch);
    case KEY_KEYS:
      count = gw_cbor_read_array(reader, GW_KEYSET_KEYS_MAX, read_key, out);
      out->key_count = count > 0 ? (uint8_t)count : 0;
      return count < 0 ? count : GW_OK;
    case KEY_FLOOR:
      return read_number(reader, &out->floor);
    case KEY_PROJECT:
      return gw_cbor_read_text(reader, out->project, sizeof out->project);
    default:
      return gw_cbor_skip(reader);
  }
}

int gw_keyset_parse(const uint8_t *data, size_t size, struct gw_keyset *out) {
  struct gw_cbor_reader reader;
  uint32_t seen;
  memset(out, 0, sizeof *out);
  gw_cbor_reader_init(&reader, data, size);
  int status = gw_cbor_read_map(&reader, KEY_LAST, read_value, out, &seen);
  if (status != GW_OK) return status;
  if (reader.offset != size) return GW_ERR_MALFORMED;
  return (seen & REQUIRED) == REQUIRED ? check(out) : GW_ERR_MISSING;
}
