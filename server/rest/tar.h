/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_REST_TAR_H
#define SERVER_REST_TAR_H
/* Headers of a tar archive, POSIX 1003.1 "ustar". An entry is a header block,
 * its bytes, and zeros up to a whole block; two blocks of zeros end an archive. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SRV_TAR_BLOCK_SIZE 512
#define SRV_TAR_NAME_MAX 100             /* longer ones would need the prefix field */
#define SRV_TAR_SIZE_MAX 077777777777ull /* of an entry: 11 octal digits, 8 GiB */

/* A regular file that anyone may read. mtime_s: seconds since 1970. False when
 * name or size do not fit. */
bool srv_tar_header(uint8_t block[SRV_TAR_BLOCK_SIZE], const char *name, uint64_t size,
                    int64_t mtime_s);
/* Zeros after that many bytes. */
size_t srv_tar_padding(uint64_t size);
#endif
