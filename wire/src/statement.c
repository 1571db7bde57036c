/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/statement.h"

#include <string.h>

#include "wire/cbor.h"

enum {
  KEY_STRUCTURE = 1,
  KEY_SEQUENCE = 2,
  KEY_PACKAGE = 3,
  KEY_VERSION = 4,
  KEY_DIGEST = 5,
  KEY_SIZE = 6,
  KEY_FLOOR = 7,
  KEY_PROJECT = 8,
  KEY_LAST = KEY_PROJECT,
};
enum { STRUCTURE = 1 };
#define REQUIRED                                                                      \
  (1u << KEY_STRUCTURE | 1u << KEY_SEQUENCE | 1u << KEY_PACKAGE | 1u << KEY_VERSION | \
   1u << KEY_DIGEST | 1u << KEY_SIZE)

static int check(const struct gw_statement *statement) {
  bool whole = statement->sequence > 0 && statement->floor <= statement->sequence &&
               statement->package[0] != 0 && statement->version[0] != 0;
  return whole ? GW_OK : GW_ERR_MISSING;
}

static bool is_terminated(const char *field, size_t size) { return memchr(field, 0, size) != NULL; }

int gw_statement_encode(const struct gw_statement *statement, uint8_t *buffer, size_t size) {
  struct gw_cbor_writer writer;
  if (!is_terminated(statement->package, sizeof statement->package) ||
      !is_terminated(statement->version, sizeof statement->version) ||
      !is_terminated(statement->project, sizeof statement->project)) {
    return GW_ERR_TOO_LONG;
  }
  if (check(statement) != GW_OK) return GW_ERR_MISSING;
  gw_cbor_writer_init(&writer, buffer, size);
  gw_cbor_write_map(&writer, 6u + (statement->floor > 0) + (statement->project[0] != 0));
  gw_cbor_write_uint(&writer, KEY_STRUCTURE);
  gw_cbor_write_uint(&writer, STRUCTURE);
  gw_cbor_write_uint(&writer, KEY_SEQUENCE);
  gw_cbor_write_uint(&writer, statement->sequence);
  gw_cbor_write_uint(&writer, KEY_PACKAGE);
  gw_cbor_write_text(&writer, statement->package);
  gw_cbor_write_uint(&writer, KEY_VERSION);
  gw_cbor_write_text(&writer, statement->version);
  gw_cbor_write_uint(&writer, KEY_DIGEST);
  gw_cbor_write_bytes(&writer, statement->digest, sizeof statement->digest);
  gw_cbor_write_uint(&writer, KEY_SIZE);
  gw_cbor_write_uint(&writer, statement->size_bytes);
  if (statement->floor > 0) {
    gw_cbor_write_uint(&writer, KEY_FLOOR);
    gw_cbor_write_uint(&writer, statement->floor);
  }
  if (statement->project[0] != 0) {
    gw_cbor_write_uint(&writer, KEY_PROJECT);
    gw_cbor_write_text(&writer, statement->project);
  }
  return gw_cbor_writer_finish(&writer);
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

static int read_value(struct gw_cbor_reader *reader, unsigned key, void *statement) {
  struct gw_statement *out = statement;
  switch (key) {
    case KEY_STRUCTURE:
      return read_structure(reader);
    case KEY_SEQUENCE:
      return read_number(reader, &out->sequence);
    case KEY_PACKAGE:
      return gw_cbor_read_text(reader, out->package, sizeof out->package);
    case KEY_VERSION:
      return gw_cbor_read_text(reader, out->version, sizeof out->version);
    case KEY_DIGEST:
      return gw_cbor_read_bytes(reader, out->digest, sizeof out->digest);
    case KEY_SIZE:
      return read_number(reader, &out->size_bytes);
    case KEY_FLOOR:
      return read_number(reader, &out->floor);
    default:
      return gw_cbor_read_text(reader, out->project, sizeof out->project);
  }
}

int gw_statement_parse(const uint8_t *data, size_t size, struct gw_statement *out) {
  struct gw_cbor_reader reader;
  uint32_t seen;
  memset(out, 0, sizeof *out);
  gw_cbor_reader_init(&reader, data, size);
  int status = gw_cbor_read_map(&reader, KEY_LAST, read_value, out, &seen);
  if (status != GW_OK) return status;
  if (reader.offset != size) return GW_ERR_MALFORMED;
  return (seen & REQUIRED) == REQUIRED ? check(out) : GW_ERR_MISSING;
}
