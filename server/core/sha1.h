/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_SHA1_H
#define SERVER_CORE_SHA1_H
/* SHA-1 (FIPS 180-4), where others ask for it: Speech Commands hashes its
 * speakers with it, one-time codes (totp.h) are made of it. */
#include <stddef.h>
#include <stdint.h>

#define SRV_SHA1_SIZE 20
#define SRV_SHA1_TEXT_MAX 247 /* four blocks: ids are short */

/* size at most SRV_SHA1_TEXT_MAX. */
void srv_sha1(const void *data, size_t size, uint8_t digest[SRV_SHA1_SIZE]);
#endif
