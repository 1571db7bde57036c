/* SPDX-License-Identifier: Apache-2.0 */
#include "signed_map.h"

enum { STRUCTURE = 1 };

int gw_signed_map_parse(const uint8_t *data, size_t size, uint32_t required,
                        gw_cbor_value_fn read_value, void *out) {
  struct gw_cbor_reader reader;
  uint32_t seen;
  gw_cbor_reader_init(&reader, data, size);
  int status = gw_cbor_read_map(&reader, GW_SIGNED_PROJECT, read_value, out, &seen);
  if (status != GW_OK) return status;
  if (reader.offset != size) return GW_ERR_MALFORMED;
  return (seen & required) == required ? GW_OK : GW_ERR_MISSING;
}

int gw_signed_map_number(struct gw_cbor_reader *reader, uint32_t *out) {
  return gw_cbor_read_uint32(reader, UINT32_MAX, out);
}

int gw_signed_map_common(struct gw_cbor_reader *reader, unsigned key, uint32_t *floor,
                         char project[GW_PROJECT_MAX + 1]) {
  uint32_t structure = STRUCTURE;
  int status;
  switch (key) {
    case GW_SIGNED_STRUCTURE:
      status = gw_signed_map_number(reader, &structure);
      return structure == STRUCTURE ? status : GW_ERR_UNSUPPORTED;
    case GW_SIGNED_FLOOR:
      return gw_signed_map_number(reader, floor);
    case GW_SIGNED_PROJECT:
      return gw_cbor_read_text(reader, project, GW_PROJECT_MAX + 1);
    default:
      return gw_cbor_skip(reader);
  }
}

void gw_signed_map_begin(struct gw_cbor_writer *writer, size_t own_pairs, uint32_t floor,
                         const char *project) {
  gw_cbor_write_map(writer, own_pairs + 1u + (floor > 0) + (project[0] != 0));
  gw_cbor_write_uint(writer, GW_SIGNED_STRUCTURE);
  gw_cbor_write_uint(writer, STRUCTURE);
}

void gw_signed_map_end(struct gw_cbor_writer *writer, uint32_t floor, const char *project) {
  if (floor > 0) {
    gw_cbor_write_uint(writer, GW_SIGNED_FLOOR);
    gw_cbor_write_uint(writer, floor);
  }
  if (project[0] == 0) return;
  gw_cbor_write_uint(writer, GW_SIGNED_PROJECT);
  gw_cbor_write_text(writer, project);
}
