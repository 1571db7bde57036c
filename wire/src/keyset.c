/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/keyset.h"

#include <string.h>

#include "signed_map.h"

enum { KEY_EPOCH = 2, KEY_KEYS = 3 };
enum { OWN_PAIRS = 2, REQUIRED = 0x0E }; /* keys 1 to 3 */

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
  gw_signed_map_begin(&writer, OWN_PAIRS, keyset->floor, keyset->project);
  gw_cbor_write_uint(&writer, KEY_EPOCH);
  gw_cbor_write_uint(&writer, keyset->epoch);
  gw_cbor_write_uint(&writer, KEY_KEYS);
  gw_cbor_write_array(&writer, keyset->key_count);
  for (unsigned i = 0; i < keyset->key_count; i++) {
    gw_cbor_write_bytes(&writer, keyset->key[i], GW_KEY_SIZE);
  }
  gw_signed_map_end(&writer, keyset->floor, keyset->project);
  return gw_cbor_writer_finish(&writer);
}

static int read_key(struct gw_cbor_reader *reader, unsigned index, void *keyset) {
  return gw_cbor_read_bytes(reader, ((struct gw_keyset *)keyset)->key[index], GW_KEY_SIZE);
}

static int read_value(struct gw_cbor_reader *reader, unsigned key, void *keyset) {
  struct gw_keyset *out = keyset;
  if (key == KEY_EPOCH) return gw_signed_map_number(reader, &out->epoch);
  if (key != KEY_KEYS) return gw_signed_map_common(reader, key, &out->floor, out->project);
  int count = gw_cbor_read_array(reader, GW_KEYSET_KEYS_MAX, read_key, out);
  if (count < 0) return count;
  out->key_count = (uint8_t)count;
  return GW_OK;
}

int gw_keyset_parse(const uint8_t *data, size_t size, struct gw_keyset *out) {
  memset(out, 0, sizeof *out);
  int status = gw_signed_map_parse(data, size, REQUIRED, read_value, out);
  return status == GW_OK ? check(out) : status;
}
