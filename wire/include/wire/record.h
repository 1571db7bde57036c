/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_RECORD_H
#define WIRE_RECORD_H
/* Framing of DTLS 1.2 records (RFC 6347 4.1, RFC 9146 4), seen from outside:
 * what both ends must know before they hand a datagram to their DTLS library. */
#include <stddef.h>
#include <stdint.h>

#define GW_RECORD_HEADER_SIZE 13u
#define GW_RECORD_TLS12_CID 25u /* content type of a record with a Connection ID */

/* How much of the datagram, from its start, are whole records. cid_size: length
 * of the receiver's own Connection IDs. mbedTLS takes a rest that is too short
 * for a header for an internal error of its own and ends the session; anyone
 * who can write with the peer's address could do that. */
size_t gw_record_whole(const uint8_t *datagram, size_t size, size_t cid_size);
#endif
