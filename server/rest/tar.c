/* SPDX-License-Identifier: Apache-2.0 */
#include "server/rest/tar.h"

#include <stdio.h>
#include <string.h>

/* Offsets and sizes of the fields that are not zero. */
enum {
  NAME = 0,
  MODE = 100,
  UID = 108,
  GID = 116,
  SIZE = 124,
  MTIME = 136,
  CHECKSUM = 148,
  CHECKSUM_SIZE = 8,
  TYPE = 156,
  MAGIC = 257,
};

/* digits octal digits and the NUL that snprintf leaves. */
static void put_octal(uint8_t *out, unsigned digits, uint64_t value) {
  char text[24];
  snprintf(text, sizeof(text), "%0*llo", (int)digits, (unsigned long long)value);
  memcpy(out, text, digits + 1);
}

bool srv_tar_header(uint8_t block[SRV_TAR_BLOCK_SIZE], const char *name, uint64_t size,
                    int64_t mtime_s) {
  size_t length = strlen(name);
  unsigned sum = 0;
  if (length > SRV_TAR_NAME_MAX || size > SRV_TAR_SIZE_MAX) return false;
  if (mtime_s < 0 || (uint64_t)mtime_s > SRV_TAR_SIZE_MAX) mtime_s = 0;
  memset(block, 0, SRV_TAR_BLOCK_SIZE);
  memcpy(block + NAME, name, length);
  put_octal(block + MODE, 7, 0644);
  put_octal(block + UID, 7, 0);
  put_octal(block + GID, 7, 0);
  put_octal(block + SIZE, 11, size);
  put_octal(block + MTIME, 11, (uint64_t)mtime_s);
  block[TYPE] = '0';
  memcpy(block + MAGIC, "ustar\00000", 8);
  memset(block + CHECKSUM, ' ', CHECKSUM_SIZE); /* counts as spaces in its own sum */
  for (size_t i = 0; i < SRV_TAR_BLOCK_SIZE; i++) sum += block[i];
  put_octal(block + CHECKSUM, 6, sum); /* six digits, NUL, and the space that is there */
  return true;
}

size_t srv_tar_padding(uint64_t size) {
  return (size_t)((SRV_TAR_BLOCK_SIZE - size % SRV_TAR_BLOCK_SIZE) % SRV_TAR_BLOCK_SIZE);
}
