/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_DESCRIPTION_H
#define WIRE_DESCRIPTION_H
/* What Godwit knows of an artifact beyond the manifest: GET `.gw/a/PKG@VER`
 * (docs/spec/wire.md). A device asks for it once, before it downloads; a server
 * without it (4.04) is one whose artifacts are whole and unsigned. The
 * manifest itself stays as published clients know it.
 *
 * A parsed description borrows the message. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/manifest.h"
#include "wire/status.h"

#define GW_DESCRIPTION_SIZE_MAX 1024u /* one datagram's payload */
#define GW_DESCRIPTION_PATH ".gw/a/"  /* PKG@VER follows */
#define GW_ENCODED_PATH ".gw/e/"      /* the offer's id as 16 hex digits follows */
#define GW_KEYSET_PATH ".gw/k/"       /* the epoch in decimal follows (wire/keyset.h) */
#define GW_OFFERS_MAX 4u
#define GW_OFFER_ID_SIZE 8u

/* Other forms of the same bytes (wire/patch.h). Numbers are kept for ever. */
enum gw_encoding {
  GW_ENCODING_NONE = 0,
  GW_ENCODING_COMPRESSED = 1,
  GW_ENCODING_DELTA = 2, /* needs the model whose digest is `base` */
};

struct gw_offer {
  uint8_t encoding;             /* enum gw_encoding; unknown ones are to be passed over */
  uint32_t size_bytes;          /* on the air */
  uint8_t id[GW_OFFER_ID_SIZE]; /* first bytes of the SHA-256 of what is sent */
  uint8_t base[GW_DIGEST_SIZE]; /* of a delta; zeros otherwise */
};

/* What the release asks of devices; 0 leaves it to the device. */
struct gw_policy {
  uint32_t spread_s;           /* begin the download at a random moment within so long */
  uint32_t shadow_windows;     /* run beside the active model for so many inferences, */
  uint32_t shadow_s;           /* or for so long, whichever ends first */
  uint32_t agreement_permille; /* shadow: same answer at least so often */
  uint32_t latency_percent;    /* shadow: mean time at most so much of the active model's */
  uint32_t confirm_after_s;    /* in service before it is confirmed */
};

struct gw_description {
  const uint8_t *signature; /* COSE_Sign1 (wire/sign1.h), borrowed; NULL: unsigned */
  size_t signature_size;
  size_t offer_count; /* smallest first */
  struct gw_offer offer[GW_OFFERS_MAX];
  struct gw_policy policy;
  uint32_t key_epoch; /* of the newest keyset the server has; 0: none */
};

/* Bytes written, GW_ERR_NO_SPACE, or GW_ERR_TOO_LONG beyond the limits above. */
int gw_description_encode(const struct gw_description *description, uint8_t *buffer, size_t size);
/* Unknown keys are skipped; errors as gw_manifest_parse. */
int gw_description_parse(const uint8_t *data, size_t size, struct gw_description *out);
/* The same but for the offers, which are skipped: for a device that decodes none,
 * and links nothing that would read them. */
int gw_description_parse_plain(const uint8_t *data, size_t size, struct gw_description *out);
#endif
