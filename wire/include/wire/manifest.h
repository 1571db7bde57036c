/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_MANIFEST_H
#define WIRE_MANIFEST_H
/* The OTA manifest of `.u/desired`: what a device should run. Byte layout in
 * docs/spec/wire.md. Values are copied, nothing borrows the input. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/status.h"

#define GW_PACKAGE_MAX \
  16u /* bytes; published clients reject a longer one with the whole manifest */
#define GW_VERSION_MAX 16u
#define GW_URI_MAX 39u
#define GW_TYPE_MAX 7u
#define GW_DIGEST_SIZE 32u
#define GW_DIGEST_HEX_SIZE 64u
/* A notification must fit one datagram without Block2, so a manifest has 1024
 * bytes: eight components with names of usual length, five with the longest.
 * gw_manifest_encoded_size tells beforehand. */
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
  uint32_t sequence_number;       /* unix seconds, at most 2^31 - 1 */
  uint8_t digest[GW_DIGEST_SIZE]; /* over the components; not read by published clients */
  size_t component_count;
  struct gw_component component[GW_MANIFEST_COMPONENTS_MAX];
};

/* Encodes with definite lengths, component keys 1 to 6, all of them, in order.
 * Returns bytes written, or:
 *  GW_ERR_NO_SPACE  more than size or than GW_MANIFEST_SIZE_MAX bytes
 *  GW_ERR_TOO_LONG  a value that published clients would refuse
 *  GW_ERR_MISSING   a component without package, version or uri */
int gw_manifest_encode(const struct gw_manifest *manifest, uint8_t *buffer, size_t size);
/* Bytes the manifest would take, also beyond GW_MANIFEST_SIZE_MAX: with b(n) 1
 * below 24, 2 below 256, 3 below 65536 and 5 above, it is
 *   71 + b(sequence_number) + for each component
 *   76 + b(size_bytes) + b(|uri|) + |package| + |version| + |uri| + |type|.
 * 0 when gw_manifest_encode would refuse a value. */
size_t gw_manifest_encoded_size(const struct gw_manifest *manifest);

/* Parses what gw_manifest_encode or a Golioth server writes: unknown keys are
 * skipped wherever they stand, an empty map is a manifest without components,
 * component key 6 is optional. `a0` and 3:[] are both "no release". *out is
 * unset after an error:
 *  GW_ERR_TRUNCATED    the input ends early
 *  GW_ERR_MALFORMED    not CBOR, a value of the wrong type, a key twice, a
 *                      digest that is not 64 hex digits, bytes behind the end
 *  GW_ERR_MISSING      a required key absent or its text empty
 *  GW_ERR_TOO_LONG     a value or the number of components beyond the limits
 *  GW_ERR_UNSUPPORTED  CBOR outside the subset of wire/cbor.h */
int gw_manifest_parse(const uint8_t *data, size_t size, struct gw_manifest *out);

/* The component of that package, or NULL. Borrows the manifest. */
const struct gw_component *gw_manifest_find(const struct gw_manifest *manifest,
                                            const char *package);

/* Looks for one package's component in a manifest of any length, and with any
 * number of components, that comes in pieces: what a device wants which the
 * server sends more than GW_MANIFEST_SIZE_MAX bytes (RFC 7959 2.6). Needs room for
 * one component, not for all. */
#define GW_MANIFEST_SCAN_BYTES 192u /* the longest component, and what stands before it */
struct gw_manifest_scan {
  const char *package;      /* borrowed */
  uint32_t pairs, elements; /* that follow; UINT32_MAX: until a BREAK */
  uint32_t seen;
  int status; /* first error */
  uint16_t kept_size;
  uint8_t state;
  bool is_found;
  struct gw_component component;        /* once is_found */
  uint8_t kept[GW_MANIFEST_SCAN_BYTES]; /* begins a component, or another value */
};
void gw_manifest_scan_begin(struct gw_manifest_scan *scan, const char *package);
/* The next bytes. GW_OK, or the first error: as gw_manifest_parse, but that
 * GW_ERR_TOO_LONG is a component, or a value beside the components, of more than
 * GW_MANIFEST_SCAN_BYTES. */
int gw_manifest_scan_feed(struct gw_manifest_scan *scan, const uint8_t *data, size_t size);
/* That was all. 1: *component is the package's, the first where there are several;
 * 0: it is not named; else the first error, GW_ERR_TRUNCATED where more was
 * promised. */
int gw_manifest_scan_end(struct gw_manifest_scan *scan);

/* Writes "/.u/c/PKG@VER" into component->uri from its package and version;
 * GW_ERR_TOO_LONG when one of them is not NUL-terminated in its field. */
int gw_component_set_uri(struct gw_component *component);
/* Splits the part after ".u/c/" of a request path: "PKG@VER". The version is
 * what follows the last '@' (semantic versions have none, packages may).
 * GW_ERR_MALFORMED without '@', with an empty side or with a '/',
 * GW_ERR_TOO_LONG beyond the limits. */
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
