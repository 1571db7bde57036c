/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_STORE_BLOB_FILE_H
#define SERVER_STORE_BLOB_FILE_H
/* Blobs as files of a folder: FOLDER/ab/abcdef....  (the SHA-256 in hex),
 * unfinished ones in FOLDER/tmp/. Served from the heap, where those used last
 * are kept: whoever cuts a file short breaks no download under way, and the
 * next one is told. */
#include "server/store/blob.h"

/* Makes the folder when absent; removes what an earlier process left
 * unfinished. */
int srv_blob_file_open(struct srv_blobs **out, const char *folder, char error[SRV_ERROR_MAX]);

/* Bytes that may be in memory: of blobs that nobody has open, and of all. Past
 * the second, open answers SRV_ERR_BUSY. Before the first open; for tests, the
 * defaults do for others. */
void srv_blob_file_set_memory(struct srv_blobs *blobs, size_t idle_max, size_t loaded_max);
#endif
