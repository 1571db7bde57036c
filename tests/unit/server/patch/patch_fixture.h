/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_PATCH_FIXTURE_H
#define TESTS_PATCH_FIXTURE_H
/* A device's side of compressed and delta forms: a medium in memory that checks
 * what the decoder may do to it. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/patch.h"

struct side {
  uint8_t *data; /* NULL: none */
  size_t size;
  uint8_t digest[32];
};

struct medium {
  struct gw_patch_io io;
  const struct side *base;
  uint8_t *written; /* room for `room` bytes */
  size_t room;
  uint32_t high;      /* everything below was written */
  unsigned calls;     /* of any of the three */
  unsigned fail_from; /* this call and all later ones fail; 0: none */
  size_t base_read;
};

/* malloc'd; free with side_free. */
struct side side_of(const void *data, size_t size);
void side_free(struct side *side);

struct side encoded(const struct side *base, const struct side *result); /* base NULL: compressed */

void medium_init(struct medium *medium, const struct side *base, size_t room);
void medium_free(struct medium *medium);

void decoder_init(struct gw_patch *patch, struct medium *medium, const struct side *result);
/* Feeds form[begin..end) in pieces of `piece` bytes. */
int feed(struct gw_patch *patch, const struct side *form, size_t begin, size_t end, size_t piece);
/* Fails the test unless the whole result came. */
void assert_result(const struct gw_patch *patch, const struct medium *medium,
                   const struct side *result);

/* Deterministic bytes of the kinds that artifacts consist of. */
struct side make_text(size_t size);
struct side make_weights(size_t size, uint32_t seed);
struct side make_noise(size_t size, uint32_t seed);
/* The same weights after some training. */
struct side tuned(const struct side *from, unsigned amount, uint32_t seed);
#endif
