/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/statement.h"

#include <string.h>

#include "signed_map.h"

enum { KEY_SEQUENCE = 2, KEY_PACKAGE = 3, KEY_VERSION = 4, KEY_DIGEST = 5, KEY_SIZE = 6 };
enum { OWN_PAIRS = 5, REQUIRED = 0x7E }; /* keys 1 to 6 */

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
  gw_signed_map_begin(&writer, OWN_PAIRS, statement->floor, statement->project);
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
  gw_signed_map_end(&writer, statement->floor, statement->project);
  return gw_cbor_writer_finish(&writer);
}

static int read_value(struct gw_cbor_reader *reader, unsigned key, void *statement) {
  struct gw_statement *out = statement;
  switch (key) {
    case KEY_SEQUENCE:
      return gw_signed_map_number(reader, &out->sequence);
    case KEY_PACKAGE:
      return gw_cbor_read_text(reader, out->package, sizeof out->package);
    case KEY_VERSION:
      return gw_cbor_read_text(reader, out->version, sizeof out->version);
    case KEY_DIGEST:
      return gw_cbor_read_bytes(reader, out->digest, sizeof out->digest);
    case KEY_SIZE:
      return gw_signed_map_number(reader, &out->size_bytes);
    default:
      return gw_signed_map_common(reader, key, &out->floor, out->project);
  }
}

int gw_statement_parse(const uint8_t *data, size_t size, struct gw_statement *out) {
  memset(out, 0, sizeof *out);
  int status = gw_signed_map_parse(data, size, REQUIRED, read_value, out);
  return status == GW_OK ? check(out) : status;
}
