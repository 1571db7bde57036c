/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_STATEMENT_H
#define WIRE_STATEMENT_H
/* What a publisher signs of one artifact: the payload of a COSE_Sign1
 * (wire/sign1.h), made where the key is, without a server. A device takes the
 * artifact only where every word of it holds. docs/spec/wire.md has the bytes,
 * and which elements of SUIT's information model (RFC 9124) they are. */
#include "wire/manifest.h"
#include "wire/sign1.h"

#define GW_PROJECT_MAX 64u /* bytes of a project's id */

struct gw_statement {
  uint32_t sequence; /* from 1 on, rising with each release of a package: newer is larger */
  uint32_t floor;    /* once in service, a device takes nothing signed with less; at most
                        sequence; 0: as it was */
  char package[GW_PACKAGE_MAX + 1];
  char version[GW_VERSION_MAX + 1];
  uint8_t digest[GW_DIGEST_SIZE];
  uint32_t size_bytes;
  char project[GW_PROJECT_MAX + 1]; /* "": any */
};

/* Bytes written, GW_ERR_NO_SPACE, GW_ERR_TOO_LONG for a text without its NUL,
 * GW_ERR_MISSING for an empty package or version, sequence 0, or a floor above
 * the sequence. */
int gw_statement_encode(const struct gw_statement *statement, uint8_t *buffer, size_t size);
/* GW_ERR_UNSUPPORTED for another structure than 1: what a device must obey to be
 * safe raises that number; keys it does not know are skipped. GW_ERR_MISSING as
 * above. Else as gw_manifest_parse. */
int gw_statement_parse(const uint8_t *data, size_t size, struct gw_statement *out);
#endif
