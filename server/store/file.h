/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_STORE_FILE_H
#define SERVER_STORE_FILE_H
/* Small things about files that the folder's parts share. Failures: -1 and
 * errno, as the calls beneath. */
#include <stddef.h>

#include "server/core/status.h"

/* mkdir -p; the last folder is mode 0700. */
int srv_file_make_folder(const char *path);
/* Syncs a folder, so that names made or renamed in it survive a power cut. */
int srv_file_sync_folder(const char *path);
/* All of it, or -1. */
int srv_file_write_all(int fd, const void *data, size_t size);
/* SRV_ERR_NO_SPACE for a full disk, a quota or a file size limit. */
int srv_file_status_of(int system_error);
#endif
