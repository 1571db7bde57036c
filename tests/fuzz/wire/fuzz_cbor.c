/* SPDX-License-Identifier: Apache-2.0 */
// fuzz-link: wire
/* Whatever is skipped can be walked item by item to the same place; whatever is
 * walked can be written again and then reads the same. */
#include <stdlib.h>
#include <string.h>

#include "wire/cbor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition) {
  if (!condition) abort();
}

static void copy_head(struct gw_cbor_writer *writer, const struct gw_cbor_item *item) {
  switch (item->type) {
    case GW_CBOR_UINT:
      gw_cbor_write_uint(writer, item->uint);
      break;
    case GW_CBOR_NEGATIVE:
      gw_cbor_write_int(writer, item->uint > INT64_MAX ? -1 : -1 - (int64_t)item->uint);
      break;
    case GW_CBOR_BYTES:
    case GW_CBOR_TEXT:
      gw_cbor_write_bytes(writer, item->data, item->size);
      break;
    case GW_CBOR_ARRAY:
      gw_cbor_write_array(writer, item->size);
      break;
    case GW_CBOR_MAP:
      if (item->indefinite) gw_cbor_write_map_indefinite(writer);
      if (!item->indefinite) gw_cbor_write_map(writer, item->size);
      break;
    case GW_CBOR_BOOL:
      gw_cbor_write_bool(writer, item->uint != 0);
      break;
    case GW_CBOR_NULL:
      gw_cbor_write_null(writer);
      break;
    case GW_CBOR_FLOAT:
      gw_cbor_write_double(writer, gw_cbor_number(item));
      break;
    case GW_CBOR_BREAK:
      check(0);
      break;
  }
}

/* Walks what skip has accepted, so nothing here may fail. */
static void walk(struct gw_cbor_reader *reader, struct gw_cbor_writer *writer) {
  struct gw_cbor_item item;
  char text[16];
  check(gw_cbor_read(reader, &item) == GW_OK);
  (void)gw_cbor_text_copy(&item, text, sizeof text);
  if (item.type == GW_CBOR_ARRAY && item.indefinite) {
    item.type = GW_CBOR_MAP; /* there is no writer of indefinite arrays; the head differs only */
    copy_head(writer, &item);
    item.type = GW_CBOR_ARRAY;
  } else {
    copy_head(writer, &item);
  }
  if (item.type != GW_CBOR_ARRAY && item.type != GW_CBOR_MAP) return;
  size_t index = 0;
  int more;
  while ((more = gw_cbor_next(reader, &item, &index)) > 0) {
    walk(reader, writer);
    if (item.type == GW_CBOR_MAP) walk(reader, writer);
    if (item.type == GW_CBOR_ARRAY && item.indefinite) gw_cbor_write_null(writer); /* a pair */
  }
  check(more == 0);
  if (item.indefinite) gw_cbor_write_break(writer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct gw_cbor_reader reader;
  gw_cbor_reader_init(&reader, data, size);
  while (reader.offset < size) {
    struct gw_cbor_reader walker = reader;
    struct gw_cbor_writer writer;
    if (gw_cbor_skip(&reader) != GW_OK) {
      check(reader.offset == walker.offset);
      break;
    }
    check(reader.offset > walker.offset && reader.offset <= size);
    size_t room = (reader.offset - walker.offset) * 10 + 16; /* floats grow to nine bytes */
    uint8_t *copy = malloc(room);
    gw_cbor_writer_init(&writer, copy, room);
    walk(&walker, &writer);
    check(walker.offset == reader.offset);
    int length = gw_cbor_writer_finish(&writer);
    check(length > 0);
    struct gw_cbor_reader again;
    gw_cbor_reader_init(&again, copy, (size_t)length);
    check(gw_cbor_skip(&again) == GW_OK && again.offset == (size_t)length);
    free(copy);
  }
  return 0;
}
