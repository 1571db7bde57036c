/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sign1.h"

#include <string.h>

#include "wire/cbor.h"

enum { ELEMENT_PROTECTED, ELEMENT_UNPROTECTED, ELEMENT_PAYLOAD, ELEMENT_SIGNATURE, ELEMENT_COUNT };
enum { HEADER_KEY_ID = 4 };
enum { TAG_SIGN1 = 0xD2, MAJOR_TAG = 6 };

/* {1: -7}: the algorithm is ES256, and nothing else that must be understood. */
static const uint8_t protected_header[] = {0xA1, 0x01, 0x26};

static int read_key_id(struct gw_cbor_reader *reader, unsigned key, void *out) {
  struct gw_cbor_item item;
  if (key != HEADER_KEY_ID) return gw_cbor_skip(reader);
  int status = gw_cbor_read(reader, &item);
  if (status != GW_OK) return status;
  if (item.type != GW_CBOR_BYTES || item.size != GW_KEY_ID_SIZE) return GW_ERR_MALFORMED;
  ((struct gw_sign1 *)out)->key_id = item.data;
  return GW_OK;
}

static int take_bytes(const struct gw_cbor_item *item, unsigned element, struct gw_sign1 *out) {
  if (item->type != GW_CBOR_BYTES) return GW_ERR_MALFORMED;
  switch (element) {
    case ELEMENT_PROTECTED:
      if (item->size != sizeof protected_header) return GW_ERR_UNSUPPORTED;
      return memcmp(item->data, protected_header, item->size) == 0 ? GW_OK : GW_ERR_UNSUPPORTED;
    case ELEMENT_PAYLOAD:
      if (item->size > GW_SIGN1_PAYLOAD_MAX) return GW_ERR_TOO_LONG;
      out->payload = item->data;
      out->payload_size = item->size;
      return item->size > 0 ? GW_OK : GW_ERR_MALFORMED;
    default:
      out->signature = item->data;
      return item->size == GW_SIGNATURE_SIZE ? GW_OK : GW_ERR_MALFORMED;
  }
}

static int read_element(struct gw_cbor_reader *reader, unsigned element, void *out) {
  struct gw_cbor_item item;
  uint32_t seen;
  if (element == ELEMENT_UNPROTECTED) {
    return gw_cbor_read_map(reader, HEADER_KEY_ID, read_key_id, out, &seen);
  }
  int status = gw_cbor_read(reader, &item);
  return status == GW_OK ? take_bytes(&item, element, out) : status;
}

int gw_sign1_parse(const uint8_t *data, size_t size, struct gw_sign1 *out) {
  struct gw_cbor_reader reader;
  memset(out, 0, sizeof *out);
  if (size == 0) return GW_ERR_TRUNCATED;
  size_t start = data[0] == TAG_SIGN1;
  if (size > start && data[start] >> 5 == MAJOR_TAG) return GW_ERR_UNSUPPORTED;
  gw_cbor_reader_init(&reader, data + start, size - start);
  int count = gw_cbor_read_array(&reader, ELEMENT_COUNT, read_element, out);
  if (count < 0) return count;
  if (count != ELEMENT_COUNT || reader.offset != size - start) return GW_ERR_MALFORMED;
  return out->key_id != NULL ? GW_OK : GW_ERR_MISSING;
}

int gw_sign1_encode(const struct gw_sign1 *message, uint8_t *buffer, size_t size) {
  struct gw_cbor_writer writer;
  if (message->payload_size > GW_SIGN1_PAYLOAD_MAX) return GW_ERR_TOO_LONG;
  gw_cbor_writer_init(&writer, buffer, size);
  gw_cbor_write_array(&writer, ELEMENT_COUNT);
  gw_cbor_write_bytes(&writer, protected_header, sizeof protected_header);
  gw_cbor_write_map(&writer, 1);
  gw_cbor_write_uint(&writer, HEADER_KEY_ID);
  gw_cbor_write_bytes(&writer, message->key_id, GW_KEY_ID_SIZE);
  gw_cbor_write_bytes(&writer, message->payload, message->payload_size);
  gw_cbor_write_bytes(&writer, message->signature, GW_SIGNATURE_SIZE);
  return gw_cbor_writer_finish(&writer);
}

/* The shortest head of a byte string. */
static size_t bytes_head(size_t size, uint8_t *out) {
  if (size < 24) {
    out[0] = (uint8_t)(0x40u | size);
    return 1;
  }
  if (size < 256) {
    out[0] = 0x58;
    out[1] = (uint8_t)size;
    return 2;
  }
  out[0] = 0x59;
  out[1] = (uint8_t)(size >> 8);
  out[2] = (uint8_t)size;
  return 3;
}

size_t gw_sign1_prefix(const char *context, size_t payload_size,
                       uint8_t prefix[GW_SIGN1_PREFIX_MAX]) {
  struct gw_cbor_writer writer;
  gw_cbor_writer_init(&writer, prefix, GW_SIGN1_PREFIX_MAX - 3);
  gw_cbor_write_array(&writer, ELEMENT_COUNT);
  gw_cbor_write_text(&writer, "Signature1");
  gw_cbor_write_bytes(&writer, protected_header, sizeof protected_header);
  gw_cbor_write_bytes(&writer, context, strlen(context));
  int size = gw_cbor_writer_finish(&writer);
  return (size_t)size + bytes_head(payload_size, prefix + size);
}
