/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_STORE_BLOB_FILE_H
#define SERVER_STORE_BLOB_FILE_H
/* Blobs as files of a folder: FOLDER/ab/abcdef....  (the SHA-256 in hex),
 * unfinished ones in FOLDER/tmp/. Served from memory maps, of which the last
 * BLOBS_CACHED are kept. */
#include "server/store/blob.h"

/* Makes the folder when absent; removes what an earlier process left
 * unfinished. */
int srv_blob_file_open(struct srv_blobs **out, const char *folder, char error[SRV_ERROR_MAX]);
#endif
