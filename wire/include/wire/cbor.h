/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_CBOR_H
#define WIRE_CBOR_H
/* A subset of CBOR (RFC 8949): integers that fit 64 bits, byte and text
 * strings of definite length, arrays and maps of definite or indefinite
 * length, bool, null, half/single/double floats. Tags are skipped. The reader
 * is a cursor over a caller's buffer and never recurses deeper than
 * GW_CBOR_DEPTH_MAX; the writer fills a caller's buffer and keeps its first
 * error. Strings borrow the input. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/status.h"

#define GW_CBOR_DEPTH_MAX 8u

enum gw_cbor_type {
  GW_CBOR_UINT,
  GW_CBOR_NEGATIVE, /* value is -1 - uint */
  GW_CBOR_BYTES,
  GW_CBOR_TEXT,
  GW_CBOR_ARRAY,
  GW_CBOR_MAP,
  GW_CBOR_BOOL,
  GW_CBOR_NULL, /* null and undefined */
  GW_CBOR_FLOAT,
  GW_CBOR_BREAK, /* end of an indefinite array or map */
};

struct gw_cbor_item {
  enum gw_cbor_type type;
  bool indefinite;     /* ARRAY, MAP: size unknown, ends with BREAK */
  uint64_t uint;       /* UINT; NEGATIVE: -1 - value; BOOL: 0 or 1; FLOAT: its bits */
  const uint8_t *data; /* BYTES, TEXT: borrowed, not NUL-terminated */
  size_t size;         /* BYTES, TEXT: bytes; ARRAY: elements; MAP: pairs; FLOAT: 2, 4 or 8 */
};

struct gw_cbor_reader {
  const uint8_t *data;
  size_t size;
  size_t offset;
};
void gw_cbor_reader_init(struct gw_cbor_reader *reader, const void *data, size_t size);
/* Next item head (and the body of a string). Containers are entered: their
 * elements follow. Tags before the item are passed over. Errors, after which
 * the reader stands where it was:
 *  GW_ERR_TRUNCATED    the input ends inside the item, or a container promises
 *                      more elements than bytes are left
 *  GW_ERR_MALFORMED    not well-formed (RFC 8949 appendix F)
 *  GW_ERR_UNSUPPORTED  a string in chunks, or an unassigned simple value
 * A stray BREAK is returned as an item: nothing that a caller accepts. */
int gw_cbor_read(struct gw_cbor_reader *reader, struct gw_cbor_item *out);
/* Skips one whole item with all it contains; errors as gw_cbor_read, and
 * GW_ERR_UNSUPPORTED for more than GW_CBOR_DEPTH_MAX containers inside each
 * other. */
int gw_cbor_skip(struct gw_cbor_reader *reader);
/* True while another element follows in a container whose head was `container`
 * and of which *index elements (pairs) were read; counts *index up and eats
 * the BREAK. Negative status on bad input, or when it is no container. Start
 * with *index 0; do not call again after 0 was returned. */
int gw_cbor_next(struct gw_cbor_reader *reader, const struct gw_cbor_item *container,
                 size_t *index);
/* Reads an unsigned integer: GW_ERR_MALFORMED for another type, GW_ERR_TOO_LONG
 * above max. */
int gw_cbor_read_uint(struct gw_cbor_reader *reader, uint64_t max, uint64_t *out);
int gw_cbor_read_uint32(struct gw_cbor_reader *reader, uint32_t max, uint32_t *out);
/* Reads text as gw_cbor_text_copy copies it. */
int gw_cbor_read_text(struct gw_cbor_reader *reader, char *text, size_t size);
/* Reads a whole map whose keys are small numbers: for each of 1 to `last` (at
 * most 31) that is there, read_value reads its value into `out`, which is the
 * caller's; other keys are skipped with their values. *seen gets bit n for key
 * n. GW_ERR_MALFORMED for no map or a key that comes twice; else the first error
 * of read_value. */
typedef int (*gw_cbor_value_fn)(struct gw_cbor_reader *reader, unsigned key, void *out);
int gw_cbor_read_map(struct gw_cbor_reader *reader, unsigned last, gw_cbor_value_fn read_value,
                     void *out, uint32_t *seen);
/* The same with keys of any other kind: key_of says which of 1 to 31 a key is, 0
 * for one to skip. */
typedef unsigned (*gw_cbor_key_fn)(const struct gw_cbor_item *key);
int gw_cbor_read_named_map(struct gw_cbor_reader *reader, gw_cbor_key_fn key_of,
                           gw_cbor_value_fn read_value, void *out, uint32_t *seen);
/* Reads an array: read_element for each, with its index. At most `max`, or
 * GW_ERR_TOO_LONG; returns how many. */
int gw_cbor_read_array(struct gw_cbor_reader *reader, unsigned max, gw_cbor_value_fn read_element,
                       void *out);
/* Reads a byte string of exactly `size` bytes; GW_ERR_MALFORMED for another. */
int gw_cbor_read_bytes(struct gw_cbor_reader *reader, void *bytes, size_t size);
/* Value of a FLOAT. Apart from reading, so that a device that reads none links no
 * arithmetic of doubles. */
double gw_cbor_number(const struct gw_cbor_item *item);
/* Item is text equal to the C string. */
bool gw_cbor_text_equals(const struct gw_cbor_item *item, const char *text);
/* Copies text with a NUL; GW_ERR_TOO_LONG when it does not fit, GW_ERR_MALFORMED
 * when it is no text, holds a NUL or is not UTF-8. */
int gw_cbor_text_copy(const struct gw_cbor_item *item, char *text, size_t size);

struct gw_cbor_writer {
  uint8_t *buffer;
  size_t size;
  size_t length;
  int error;
};
/* buffer NULL counts without writing: the length that finish returns is what
 * the same calls need. Heads take their shortest form. The counts given to
 * write_array and write_map are trusted. */
void gw_cbor_writer_init(struct gw_cbor_writer *writer, void *buffer, size_t size);
void gw_cbor_write_uint(struct gw_cbor_writer *writer, uint64_t value);
void gw_cbor_write_int(struct gw_cbor_writer *writer, int64_t value);
void gw_cbor_write_bytes(struct gw_cbor_writer *writer, const void *data, size_t size);
/* text must be UTF-8 */
void gw_cbor_write_text(struct gw_cbor_writer *writer, const char *text);
void gw_cbor_write_array(struct gw_cbor_writer *writer, size_t count);
void gw_cbor_write_map(struct gw_cbor_writer *writer, size_t pair_count);
void gw_cbor_write_map_indefinite(struct gw_cbor_writer *writer);
void gw_cbor_write_break(struct gw_cbor_writer *writer);
void gw_cbor_write_bool(struct gw_cbor_writer *writer, bool value);
void gw_cbor_write_null(struct gw_cbor_writer *writer);
/* Always eight bytes: published clients refuse an integer where they expect a
 * float, so the type must not depend on the value. */
void gw_cbor_write_double(struct gw_cbor_writer *writer, double value);
/* Bytes written, or the first error. */
int gw_cbor_writer_finish(const struct gw_cbor_writer *writer);
#endif
