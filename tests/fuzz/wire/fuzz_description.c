/* SPDX-License-Identifier: Apache-2.0 */
// fuzz-link: wire
/* An artifact's description: refused, or within every limit and the same after
 * a round trip. */
#include <stdlib.h>
#include <string.h>

#include "wire/description.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition) {
  if (!condition) abort();
}

static void check_same(const struct gw_description *a, const struct gw_description *b) {
  check(a->signature_size == b->signature_size && a->offer_count == b->offer_count);
  if (a->signature_size > 0) check(memcmp(a->signature, b->signature, a->signature_size) == 0);
  check(memcmp(&a->policy, &b->policy, sizeof a->policy) == 0 && a->key_epoch == b->key_epoch);
  for (size_t i = 0; i < a->offer_count; i++) {
    const struct gw_offer *x = &a->offer[i], *y = &b->offer[i];
    check(x->encoding == y->encoding && x->size_bytes == y->size_bytes);
    check(memcmp(x->id, y->id, sizeof x->id) == 0);
    if (x->encoding == GW_ENCODING_DELTA) check(memcmp(x->base, y->base, sizeof x->base) == 0);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct gw_description description, again;
  static uint8_t buffer[GW_DESCRIPTION_SIZE_MAX];
  int plain = gw_description_parse_plain(data, size, &again);
  check(plain != GW_OK || again.offer_count == 0);
  if (gw_description_parse(data, size, &description) != GW_OK) return 0;
  check(plain == GW_OK); /* offers are checked less, and nothing more */
  check(description.offer_count <= GW_OFFERS_MAX && description.signature_size <= size);
  int length = gw_description_encode(&description, buffer, sizeof buffer);
  if (length == GW_ERR_NO_SPACE) return 0; /* a signature longer than a datagram */
  check(length > 0 && gw_description_parse(buffer, (size_t)length, &again) == GW_OK);
  check_same(&description, &again);
  return 0;
}
