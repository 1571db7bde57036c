/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/description.h"

#include <string.h>

#include "wire/cbor.h"

enum { KEY_SIGNATURE = 1, KEY_OFFERS = 2, KEY_POLICY = 3, KEY_EPOCH = 4, KEY_LAST = KEY_EPOCH };
enum {
  OFFER_ENCODING = 1,
  OFFER_SIZE = 2,
  OFFER_ID = 3,
  OFFER_BASE = 4,
  OFFER_LAST = OFFER_BASE,
};
enum { POLICY_LAST = 6 };

/* The policy's members in the order of their keys, from 1. */
static const size_t policy_offset[POLICY_LAST] = {
    offsetof(struct gw_policy, spread_s),        offsetof(struct gw_policy, shadow_windows),
    offsetof(struct gw_policy, shadow_s),        offsetof(struct gw_policy, agreement_permille),
    offsetof(struct gw_policy, latency_percent), offsetof(struct gw_policy, confirm_after_s),
};

/* Encoding -------------------------------------------------------------------- */

static uint32_t policy_value(const struct gw_policy *policy, unsigned key) {
  uint32_t value;
  memcpy(&value, (const uint8_t *)policy + policy_offset[key - 1], sizeof value);
  return value;
}

static unsigned policy_count(const struct gw_policy *policy) {
  unsigned count = 0;
  for (unsigned key = 1; key <= POLICY_LAST; key++) count += policy_value(policy, key) != 0;
  return count;
}

static void write_policy(struct gw_cbor_writer *writer, const struct gw_policy *policy) {
  gw_cbor_write_uint(writer, KEY_POLICY);
  gw_cbor_write_map(writer, policy_count(policy));
  for (unsigned key = 1; key <= POLICY_LAST; key++) {
    uint32_t value = policy_value(policy, key);
    if (value == 0) continue;
    gw_cbor_write_uint(writer, key);
    gw_cbor_write_uint(writer, value);
  }
}

static void write_offer(struct gw_cbor_writer *writer, const struct gw_offer *offer) {
  bool is_delta = offer->encoding == GW_ENCODING_DELTA;
  gw_cbor_write_map(writer, is_delta ? 4 : 3);
  gw_cbor_write_uint(writer, OFFER_ENCODING);
  gw_cbor_write_uint(writer, offer->encoding);
  gw_cbor_write_uint(writer, OFFER_SIZE);
  gw_cbor_write_uint(writer, offer->size_bytes);
  gw_cbor_write_uint(writer, OFFER_ID);
  gw_cbor_write_bytes(writer, offer->id, sizeof offer->id);
  if (!is_delta) return;
  gw_cbor_write_uint(writer, OFFER_BASE);
  gw_cbor_write_bytes(writer, offer->base, sizeof offer->base);
}

int gw_description_encode(const struct gw_description *description, uint8_t *buffer, size_t size) {
  struct gw_cbor_writer writer;
  if (description->offer_count > GW_OFFERS_MAX) return GW_ERR_TOO_LONG;
  bool has_signature = description->signature_size > 0;
  bool has_policy = policy_count(&description->policy) > 0;
  gw_cbor_writer_init(&writer, buffer,
                      size < GW_DESCRIPTION_SIZE_MAX ? size : GW_DESCRIPTION_SIZE_MAX);
  gw_cbor_write_map(&writer, (size_t)has_signature + (description->offer_count > 0) + has_policy +
                                 (description->key_epoch > 0));
  if (has_signature) {
    gw_cbor_write_uint(&writer, KEY_SIGNATURE);
    gw_cbor_write_bytes(&writer, description->signature, description->signature_size);
  }
  if (description->offer_count > 0) {
    gw_cbor_write_uint(&writer, KEY_OFFERS);
    gw_cbor_write_array(&writer, description->offer_count);
    for (size_t i = 0; i < description->offer_count; i++) {
      write_offer(&writer, &description->offer[i]);
    }
  }
  if (has_policy) write_policy(&writer, &description->policy);
  if (description->key_epoch > 0) {
    gw_cbor_write_uint(&writer, KEY_EPOCH);
    gw_cbor_write_uint(&writer, description->key_epoch);
  }
  return gw_cbor_writer_finish(&writer);
}

/* Parsing --------------------------------------------------------------------- */

static int read_policy_value(struct gw_cbor_reader *reader, unsigned key, void *policy) {
  uint32_t value;
  int status = gw_cbor_read_uint32(reader, UINT32_MAX, &value);
  if (status == GW_OK) memcpy((uint8_t *)policy + policy_offset[key - 1], &value, sizeof value);
  return status;
}

static int read_offer_value(struct gw_cbor_reader *reader, unsigned key, void *offer) {
  struct gw_offer *out = offer;
  uint64_t encoding;
  int status;
  switch (key) {
    case OFFER_ENCODING:
      status = gw_cbor_read_uint(reader, UINT8_MAX, &encoding);
      if (status == GW_OK) out->encoding = (uint8_t)encoding;
      return status;
    case OFFER_SIZE:
      return gw_cbor_read_uint32(reader, UINT32_MAX, &out->size_bytes);
    case OFFER_ID:
      return gw_cbor_read_bytes(reader, out->id, sizeof out->id);
    default:
      return gw_cbor_read_bytes(reader, out->base, sizeof out->base);
  }
}

static int read_offer(struct gw_cbor_reader *reader, unsigned index, void *description) {
  const uint32_t required = 1u << OFFER_ENCODING | 1u << OFFER_SIZE | 1u << OFFER_ID;
  struct gw_offer *offer = &((struct gw_description *)description)->offer[index];
  uint32_t seen;
  int status = gw_cbor_read_map(reader, OFFER_LAST, read_offer_value, offer, &seen);
  if (status != GW_OK) return status;
  bool whole = (seen & required) == required &&
               (offer->encoding != GW_ENCODING_DELTA || (seen & 1u << OFFER_BASE));
  return whole ? GW_OK : GW_ERR_MISSING;
}

static int read_signature(struct gw_cbor_reader *reader, struct gw_description *out) {
  struct gw_cbor_item item;
  int status = gw_cbor_read(reader, &item);
  if (status != GW_OK) return status;
  if (item.type != GW_CBOR_BYTES || item.size == 0) return GW_ERR_MALFORMED;
  out->signature = item.data;
  out->signature_size = item.size;
  return GW_OK;
}

static int read_plain_value(struct gw_cbor_reader *reader, unsigned key, void *description) {
  struct gw_description *out = description;
  uint32_t seen;
  switch (key) {
    case KEY_SIGNATURE:
      return read_signature(reader, out);
    case KEY_OFFERS:
      return gw_cbor_skip(reader);
    case KEY_POLICY:
      return gw_cbor_read_map(reader, POLICY_LAST, read_policy_value, &out->policy, &seen);
    default:
      return gw_cbor_read_uint32(reader, UINT32_MAX, &out->key_epoch);
  }
}

static int read_value(struct gw_cbor_reader *reader, unsigned key, void *description) {
  struct gw_description *out = description;
  if (key != KEY_OFFERS) return read_plain_value(reader, key, description);
  int count = gw_cbor_read_array(reader, GW_OFFERS_MAX, read_offer, out);
  out->offer_count = count > 0 ? (size_t)count : 0;
  return count < 0 ? count : GW_OK;
}

static int parse(const uint8_t *data, size_t size, gw_cbor_value_fn read,
                 struct gw_description *out) {
  struct gw_cbor_reader reader;
  uint32_t seen;
  memset(out, 0, sizeof *out);
  gw_cbor_reader_init(&reader, data, size);
  int status = gw_cbor_read_map(&reader, KEY_LAST, read, out, &seen);
  if (status != GW_OK) return status;
  return reader.offset == size ? GW_OK : GW_ERR_MALFORMED;
}

int gw_description_parse(const uint8_t *data, size_t size, struct gw_description *out) {
  return parse(data, size, read_value, out);
}

int gw_description_parse_plain(const uint8_t *data, size_t size, struct gw_description *out) {
  return parse(data, size, read_plain_value, out);
}
