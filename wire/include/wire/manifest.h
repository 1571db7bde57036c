/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_MANIFEST_H
#define WIRE_MANIFEST_H
/* The OTA manifest of `.u/desired`: what a device should run. Byte layout in
 * docs/spec/wire.md. Values are copied, nothing borrows the input. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/status.h"

#define GW_PACKAGE_MAX 16u  /* bytes; published clients reject a longer one with the whole manifest */
#define GW_VERSION_MAX 16u
#define GW_URI_MAX 39u
#define GW_TYPE_MAX 7u
#define GW_DIGEST_SIZE 32u
#define GW_DIGEST_HEX_SIZE 64u
/* More do not fit the one datagram that a notification may use (1024 bytes). */
#define GW_MANIFEST_COMPONENTS_MAX 8u
#define GW_MANIFEST_SIZE_MAX 1024u

struct gw_component {
  char package[GW_PACKAGE_MAX + 1];
  char version[GW_VERSION_MAX + 1];
  char uri[GW_URI_MAX + 1]; /* "/.u/c/model@1.1.0" */
  char type[GW_TYPE_MAX + 1];
  uint8_t digest[GW_DIGEST_SIZE]; /* SHA-256 of the artifact */
  uint32_t size_bytes;            /* at most 2^31 - 1: published clients keep int32 */
};

struct gw_manifest {
  uint32_t sequence_number; /* unix seconds, at most 2^31 - 1 */
  uint8_t digest[GW_DIGEST_SIZE]; /* over the components; not read by published clients */
  size_t component_count;
  struct gw_component component[GW_MANIFEST_COMPONENTS_MAX];
};

/* Encodes with definite lengths, component keys 1 to 6, all of them, in order.
 * Returns bytes written, GW_ERR_NO_SPACE, or GW_ERR_TOO_LONG for a value that
 * published clients would refuse. */
int gw_manifest_encode(const struct gw_manifest *manifest, uint8_t *buffer, size_t size);

/* Parses what gw_manifest_encode or a Golioth server writes: unknown keys are
 * skipped wherever they stand, an empty map is a manifest without components,
 * component key 6 is optional. `a0` and 3:[] are both "no release". */
int gw_manifest_parse(const uint8_t *data, size_t size, struct gw_manifest *out);

/* The component of that package, or NULL. Borrows the manifest. */
const struct gw_component *gw_manifest_find(const struct gw_manifest *manifest,
                                            const char *package);

/* Writes "/.u/c/PKG@VER" into component->uri from its package and version. */
int gw_component_set_uri(struct gw_component *component);
/* Splits the part after ".u/c/" of a request path: "PKG@VER". The version is
 * what follows the last '@'. GW_ERR_MALFORMED without '@' or with an empty
 * side, GW_ERR_TOO_LONG beyond the limits. */
int gw_component_name_parse(const char *name, char package[GW_PACKAGE_MAX + 1],
                            char version[GW_VERSION_MAX + 1]);

/* 64 lower-case hex digits and a NUL; and back (either case). */
void gw_digest_to_hex(const uint8_t digest[GW_DIGEST_SIZE], char hex[GW_DIGEST_HEX_SIZE + 1]);
int gw_digest_from_hex(const char *hex, size_t length, uint8_t digest[GW_DIGEST_SIZE]);

/* Semantic version 2.0.0 (semver.org): is the text one? */
bool gw_semver_is_valid(const char *text);
/* Precedence (semver.org item 11): negative, 0, positive. Both must be valid. */
int gw_semver_compare(const char *a, const char *b);
#endif
