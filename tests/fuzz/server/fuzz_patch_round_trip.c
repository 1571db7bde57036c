/* SPDX-License-Identifier: Apache-2.0 */
// fuzz-link: wire server/core/patch.c server/core/patch_segments.c mbedtls
/* Whatever is encoded is decoded to the same bytes, against any base. The first
 * two bytes say where the base ends and the result begins. */
#include <mbedtls/sha256.h>
#include <stdlib.h>
#include <string.h>

#include "server/core/patch.h"
#include "wire/patch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sides {
  const uint8_t *base;
  size_t base_size, result_size;
  uint8_t *made;
};

static void check(int condition) {
  if (!condition) abort();
}

static int write_result(void *arg, uint32_t offset, const void *data, size_t size) {
  struct sides *sides = arg;
  check(offset + size <= sides->result_size);
  memcpy(sides->made + offset, data, size);
  return 0;
}

static int read_base(void *arg, uint32_t offset, void *data, size_t size) {
  struct sides *sides = arg;
  check(offset + size <= sides->base_size);
  memcpy(data, sides->base + offset, size);
  return 0;
}

static void round_trip(const uint8_t *base, size_t base_size, const uint8_t *result,
                       size_t result_size) {
  struct sides sides = {base, base_size, result_size, malloc(result_size)};
  struct gw_patch_io io = {&sides, write_result, read_base, NULL};
  uint8_t result_digest[32], base_digest[32], *form;
  size_t size;
  struct gw_patch patch;
  check(sides.made != NULL);
  check(srv_patch_encode(base, base_size, result, result_size, &form, &size) == SRV_PATCH_OK);
  mbedtls_sha256(result, result_size, result_digest, 0);
  if (base) mbedtls_sha256(base, base_size, base_digest, 0);
  gw_patch_init(&patch, &io, (uint32_t)result_size, result_digest, base ? base_digest : NULL,
                (uint32_t)base_size);
  check(gw_patch_feed(&patch, 0, form, size) == GW_OK);
  check(gw_patch_done(&patch) && memcmp(sides.made, result, result_size) == 0);
  free(form);
  free(sides.made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 3) return 0;
  size_t rest = size - 2, base_size = (data[0] | (size_t)data[1] << 8) % rest;
  const uint8_t *base = data + 2, *result = base + base_size;
  round_trip(NULL, 0, result, rest - base_size);
  round_trip(base, base_size, result, rest - base_size);
  round_trip(result, rest - base_size, result, rest - base_size);
  return 0;
}
