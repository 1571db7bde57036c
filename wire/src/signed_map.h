/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_SIGNED_MAP_H
#define WIRE_SIGNED_MAP_H
/* What statements and keysets have in common: small numbers as keys, the
 * structure's number under 1, floor under 7, project under 8. */
#include "wire/cbor.h"
#include "wire/statement.h"

enum { GW_SIGNED_STRUCTURE = 1, GW_SIGNED_FLOOR = 7, GW_SIGNED_PROJECT = 8 };

/* The whole payload; bit n of required: key n must be there. */
int gw_signed_map_parse(const uint8_t *data, size_t size, uint32_t required,
                        gw_cbor_value_fn read_value, void *out);
int gw_signed_map_number(struct gw_cbor_reader *reader, uint32_t *out);
/* The three above; any other key is skipped. */
int gw_signed_map_common(struct gw_cbor_reader *reader, unsigned key, uint32_t *floor,
                         char project[GW_PROJECT_MAX + 1]);
/* head: with the number of the pairs beside structure, floor and project. */
void gw_signed_map_begin(struct gw_cbor_writer *writer, size_t own_pairs, uint32_t floor,
                         const char *project);
void gw_signed_map_end(struct gw_cbor_writer *writer, uint32_t floor, const char *project);
#endif
