/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/patch/patch_fixture.h"

#include <mbedtls/sha256.h>
#include <stdlib.h>

#include "server/core/patch.h"
#include "tests/support/test.h"

enum { MEDIUM_BROKEN = -77 };

struct side side_of(const void *data, size_t size) {
  struct side side = {.data = malloc(size + 1), .size = size};
  assert_non_null(side.data);
  memcpy(side.data, data, size);
  mbedtls_sha256(side.data, size, side.digest, 0);
  return side; /* NOLINT(clang-analyzer-unix.Malloc): side_free, by the caller */
}

void side_free(struct side *side) {
  free(side->data);
  side->data = NULL;
}

struct side encoded(const struct side *base, const struct side *result) {
  struct side form = {0};
  assert_int_equal(srv_patch_encode(base ? base->data : NULL, base ? base->size : 0, result->data,
                                    result->size, &form.data, &form.size),
                   SRV_PATCH_OK);
  return form;
}

/* ---- medium ------------------------------------------------------------------------ */

static bool fails(struct medium *medium) {
  medium->calls++;
  return medium->fail_from && medium->calls >= medium->fail_from;
}

static int medium_write(void *arg, uint32_t offset, const void *data, size_t size) {
  struct medium *medium = arg;
  if (fails(medium)) return MEDIUM_BROKEN;
  assert_int_equal(offset, medium->high);
  assert_true(size > 0 && offset + size <= medium->room);
  assert_true(size % GW_PATCH_WRITE_SIZE == 0 || offset + size == medium->room);
  memcpy(medium->written + offset, data, size);
  medium->high = offset + (uint32_t)size;
  return 0;
}

static int medium_read_base(void *arg, uint32_t offset, void *data, size_t size) {
  struct medium *medium = arg;
  if (fails(medium)) return MEDIUM_BROKEN;
  assert_non_null(medium->base);
  assert_true(size > 0 && offset + size <= medium->base->size);
  memcpy(data, medium->base->data + offset, size);
  medium->base_read += size;
  return 0;
}

static int medium_read_result(void *arg, uint32_t offset, void *data, size_t size) {
  struct medium *medium = arg;
  if (fails(medium)) return MEDIUM_BROKEN;
  assert_true(size > 0 && offset + size <= medium->high);
  memcpy(data, medium->written + offset, size);
  return 0;
}

void medium_init(struct medium *medium, const struct side *base, size_t room) {
  *medium = (struct medium){.io = {medium, medium_write, medium_read_base, medium_read_result},
                            .base = base,
                            .written = malloc(room + 1),
                            .room = room};
  assert_non_null(medium->written);
}

void medium_free(struct medium *medium) { free(medium->written); }

/* ---- decoder --------------------------------------------------------------------------- */

void decoder_init(struct gw_patch *patch, struct medium *medium, const struct side *result) {
  gw_patch_init(patch, &medium->io, (uint32_t)result->size, result->digest,
                medium->base ? medium->base->digest : NULL,
                medium->base ? (uint32_t)medium->base->size : 0);
}

int feed(struct gw_patch *patch, const struct side *form, size_t begin, size_t end, size_t piece) {
  int status = GW_OK;
  for (size_t at = begin; at < end && status >= 0; at += piece) {
    size_t size = end - at < piece ? end - at : piece;
    uint8_t *exact = malloc(size); /* so that the sanitizer sees one byte too many */
    assert_non_null(exact);
    memcpy(exact, form->data + at, size);
    do {
      status = gw_patch_feed(patch, (uint32_t)at, exact, size);
    } while (status == GW_PATCH_MORE);
    free(exact);
  }
  return status;
}

void assert_result(const struct gw_patch *patch, const struct medium *medium,
                   const struct side *result) {
  assert_true(gw_patch_done(patch));
  assert_int_equal(medium->high, result->size);
  assert_memory_equal(medium->written, result->data, result->size);
}

/* ---- bytes -------------------------------------------------------------------------------- */

static uint32_t next(uint32_t *seed) {
  *seed = *seed * 1664525u + 1013904223u;
  return *seed >> 8;
}

struct side make_text(size_t size) {
  static const char *const words[] = {"conv2d", "bias", "kernel", "serving_default",
                                      "model/", "min",  "max",    "StatefulPartitionedCall"};
  uint32_t seed = 7;
  uint8_t *data = malloc(size + 32);
  assert_non_null(data);
  for (size_t at = 0; at < size;) {
    const char *word = words[next(&seed) % 8];
    size_t length = strlen(word);
    memcpy(data + at, word, length);
    data[at + length] = (uint8_t)(next(&seed) % 3);
    at += length + 1;
  }
  struct side side = side_of(data, size);
  free(data);
  return side;
}

/* About normal: the sum of four uniform numbers. */
static int bell(uint32_t *seed, int width) {
  int sum = 0;
  for (int i = 0; i < 4; i++) sum += (int)(next(seed) % (uint32_t)(width + 1));
  return (sum - 2 * width) / 2;
}

struct side make_weights(size_t size, uint32_t seed) {
  uint8_t *data = malloc(size + 1);
  assert_non_null(data);
  for (size_t i = 0; i < size; i++) data[i] = (uint8_t)bell(&seed, i / 300 % 2 ? 60 : 25);
  struct side side = side_of(data, size);
  free(data);
  return side;
}

struct side make_noise(size_t size, uint32_t seed) {
  uint8_t *data = malloc(size + 1);
  assert_non_null(data);
  for (size_t i = 0; i < size; i++) data[i] = (uint8_t)next(&seed);
  struct side side = side_of(data, size);
  free(data);
  return side;
}

struct side tuned(const struct side *from, unsigned amount, uint32_t seed) {
  uint8_t *data = malloc(from->size + 1);
  assert_non_null(data);
  for (size_t i = 0; i < from->size; i++) {
    data[i] = (uint8_t)(from->data[i] + bell(&seed, (int)amount));
  }
  struct side side = side_of(data, from->size);
  free(data);
  return side;
}
