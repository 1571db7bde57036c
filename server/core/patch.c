/* SPDX-License-Identifier: Apache-2.0 */
#include "server/core/patch.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/sha256.h>

#include "wire/description.h"
#include "server/core/patch_segments.h"
#include "wire/patch.h"

/* ---- output ---------------------------------------------------------------------- */

/* Carries go back into bytes already written: `cache` is the last byte that may
 * still change, followed by `pending` bytes of 0xff. */
struct encoder {
  uint8_t *out;
  size_t size, room;
  uint64_t low;
  uint32_t range;
  uint8_t cache;
  size_t pending;
  bool begun, failed;
};

static void put(struct encoder *encoder, uint8_t byte) {
  if (encoder->size == encoder->room) {
    size_t room = encoder->room * 2 + 1024;
    uint8_t *grown = realloc(encoder->out, room);
    if (!grown) {
      encoder->failed = true;
      return;
    }
    encoder->out = grown;
    encoder->room = room;
  }
  encoder->out[encoder->size++] = byte;
}

static void put_u32(struct encoder *encoder, uint32_t value) {
  for (unsigned i = 0; i < 4; i++) put(encoder, (uint8_t)(value >> (8 * i)));
}

static void put_number(struct encoder *encoder, uint32_t value) {
  for (; value > 127; value >>= 7) put(encoder, (uint8_t)(value | 128));
  put(encoder, (uint8_t)value);
}

/* ---- range encoder, as LZMA's ------------------------------------------------------ */

static void shift_low(struct encoder *encoder) {
  if ((uint32_t)encoder->low < 0xff000000u || encoder->low >> 32) {
    uint8_t carry = (uint8_t)(encoder->low >> 32);
    if (encoder->begun) put(encoder, (uint8_t)(encoder->cache + carry));
    for (; encoder->pending; encoder->pending--) put(encoder, (uint8_t)(0xff + carry));
    encoder->cache = (uint8_t)(encoder->low >> 24);
    encoder->begun = true;
  } else {
    encoder->pending++;
  }
  encoder->low = (encoder->low & 0x00ffffffu) << 8;
}

static void encode_bit(struct encoder *encoder, uint32_t chance, unsigned bit) {
  uint32_t bound = (encoder->range >> 16) * chance;
  if (bit) {
    encoder->range = bound;
  } else {
    encoder->low += bound;
    encoder->range -= bound;
  }
  while (encoder->range < 1u << 24) {
    encoder->range <<= 8;
    shift_low(encoder);
  }
}

static void encode_byte(struct encoder *encoder, struct gw_patch_model *model, int base,
                        uint8_t byte) {
  unsigned bit;
  gw_patch_model_begin(model, base);
  do {
    uint32_t chance = gw_patch_model_chance(model);
    bit = gw_patch_model_bit(model, byte);
    encode_bit(encoder, chance, bit);
  } while (gw_patch_model_learn(model, bit));
}

/* ---- the form ---------------------------------------------------------------------------- */

struct sides {
  const uint8_t *base, *result;
  size_t base_size, result_size;
};

static void put_header(struct encoder *encoder, const struct sides *sides, unsigned segment_count) {
  uint8_t digest[32];
  put(encoder, 'G');
  put(encoder, 'W');
  put(encoder, 'P');
  put(encoder, '1');
  put(encoder, sides->base ? GW_ENCODING_DELTA : GW_ENCODING_COMPRESSED);
  put(encoder, 0);
  put(encoder, (uint8_t)segment_count);
  put(encoder, (uint8_t)(segment_count >> 8));
  put_u32(encoder, (uint32_t)sides->result_size);
  put_u32(encoder, 0); /* the size of all, once it is known */
  mbedtls_sha256(sides->result, sides->result_size, digest, 0);
  for (unsigned i = 0; i < 8; i++) put(encoder, digest[i]);
  put_u32(encoder, (uint32_t)sides->base_size);
  memset(digest, 0, sizeof digest);
  if (sides->base) mbedtls_sha256(sides->base, sides->base_size, digest, 0);
  for (unsigned i = 0; i < 8; i++) put(encoder, digest[i]);
}

static void put_segments(struct encoder *encoder, const struct gw_patch_segment *segments,
                         unsigned count) {
  uint32_t begin = 0;
  int64_t last = 0;
  for (unsigned i = 0; i < count; i++) {
    put_number(encoder, segments[i].end - begin);
    if (segments[i].shift == GW_PATCH_NO_BASE) {
      put_number(encoder, 0);
    } else {
      int64_t way = segments[i].shift - last;
      put_number(encoder, (uint32_t)(1 + (way < 0 ? -way * 2 - 1 : way * 2)));
      last = segments[i].shift;
    }
    begin = segments[i].end;
  }
}

static void put_bytes(struct encoder *encoder, const struct sides *sides,
                      const struct gw_patch_segment *segments) {
  struct gw_patch_model model;
  gw_patch_model_init(&model);
  encoder->range = UINT32_MAX;
  for (uint32_t at = 0; at < sides->result_size; at++) {
    while (segments->end <= at) segments++;
    int base = segments->shift == GW_PATCH_NO_BASE ? GW_PATCH_MODEL_NO_BASE
                                                   : sides->base[(int64_t)at + segments->shift];
    encode_byte(encoder, &model, base, sides->result[at]);
  }
  for (unsigned i = 0; i < 5; i++) shift_low(encoder);
}

/* One form, by these segments. */
static bool encode(struct encoder *encoder, const struct sides *sides,
                   const struct gw_patch_segment *segments, unsigned count) {
  *encoder = (struct encoder){0};
  put_header(encoder, sides, count);
  put_segments(encoder, segments, count);
  put_bytes(encoder, sides, segments);
  if (encoder->failed) {
    free(encoder->out);
    encoder->out = NULL;
    return false;
  }
  for (unsigned i = 0; i < 4; i++) encoder->out[12 + i] = (uint8_t)(encoder->size >> (8 * i));
  return true;
}

/* The base byte by byte, as far as it goes: what the search is to beat. */
static unsigned plain_segments(const struct sides *sides, struct gw_patch_segment *segments) {
  size_t common = sides->base_size < sides->result_size ? sides->base_size : sides->result_size;
  unsigned count = 0;
  if (common) segments[count++] = (struct gw_patch_segment){(uint32_t)common, 0};
  if (sides->result_size > common) {
    segments[count++] = (struct gw_patch_segment){(uint32_t)sides->result_size, GW_PATCH_NO_BASE};
  }
  return count;
}

static bool encode_best(struct encoder *best, const struct sides *sides) {
  struct gw_patch_segment plain[2], found[GW_PATCH_SEGMENTS_MAX];
  unsigned plain_count = plain_segments(sides, plain), found_count;
  if (!encode(best, sides, plain, plain_count)) return false;
  if (sides->base_size == 0) return true;
  found_count = srv_patch_find_segments(sides->base, sides->base_size, sides->result,
                                        sides->result_size, found);
  if (found_count == plain_count && memcmp(found, plain, plain_count * sizeof *plain) == 0) {
    return true;
  }
  struct encoder other;
  if (found_count == 0 || !encode(&other, sides, found, found_count)) {
    free(best->out);
    return false;
  }
  free(other.size < best->size ? best->out : other.out);
  if (other.size < best->size) *best = other;
  return true;
}

int srv_patch_encode(const uint8_t *base, size_t base_size, const uint8_t *result,
                     size_t result_size, uint8_t **out, size_t *out_size) {
  if (result_size == 0 || result_size > SRV_PATCH_SIZE_MAX || base_size > SRV_PATCH_SIZE_MAX) {
    return SRV_PATCH_ERR_SIZE;
  }
  struct sides sides = {base, result, base ? base_size : 0, result_size};
  struct encoder encoder;
  if (!encode_best(&encoder, &sides)) return SRV_PATCH_ERR_NO_MEMORY;
  *out = encoder.out;
  *out_size = encoder.size;
  return SRV_PATCH_OK;
}
