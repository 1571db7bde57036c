/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_DATASET_TAR_H
#define CLI_DATASET_TAR_H
/* What is in a tar archive (ustar), header after header, without unpacking it:
 * nothing is ever written, so a name can do no harm but be wrong. The archive
 * is untrusted: checksums, sizes and names are checked; links and devices are
 * told apart from files, names that lead elsewhere are refused.
 *
 * Nothing is allocated; the caller says how bytes are read. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLI_TAR_BLOCK 512
#define CLI_TAR_NAME_MAX 256 /* prefix of 155, slash, name of 100 */

/* Copies `size` bytes from `offset` on; false where the archive ends before. */
typedef bool cli_tar_read(void *context, uint64_t offset, void *out, size_t size);

struct cli_tar {
  cli_tar_read *read;
  void *context;
  uint64_t size; /* of the archive */
  uint64_t at;   /* of the next header; starts as 0 */
};

enum cli_tar_kind {
  CLI_TAR_FILE,
  CLI_TAR_FOLDER,
  CLI_TAR_LINK,    /* symbolic or hard */
  CLI_TAR_FOREIGN, /* devices, and files whose name or size is in an extended header */
};

struct cli_tar_entry {
  char name[CLI_TAR_NAME_MAX + 1]; /* "./" in front is taken off */
  enum cli_tar_kind kind;
  uint64_t offset; /* of the file's bytes */
  uint64_t size;
};

enum cli_tar_status {
  CLI_TAR_ENTRY = 1,
  CLI_TAR_END = 0,
  CLI_TAR_ERR_TRUNCATED = -1,  /* ends inside a header or a file */
  CLI_TAR_ERR_MALFORMED = -2,  /* no tar, or damaged: a checksum or number is wrong */
  CLI_TAR_ERR_COMPRESSED = -3, /* gzip, xz, zstd or bzip2 around it */
};
/* The next entry, whatever its name; extended headers are passed over. */
int cli_tar_next(struct cli_tar *tar, struct cli_tar_entry *entry);
/* For people, with what to do. */
const char *cli_tar_status_text(int status);

/* Relative, without empty, "." or ".." steps, control characters and
 * backslashes: safe to show and to open below a folder. */
bool cli_path_is_plain(const char *name);
#endif
