/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_STORE_FOLDER_H
#define SERVER_STORE_FOLDER_H
/* A data folder: godwit.db (SQLite), blobs/, lock. One server at a time. */
#include "server/store/blob.h"
#include "server/store/store.h"

struct srv_folder {
  struct srv_store *store;
  struct srv_blobs *blobs;
  int lock_fd;
};

/* Makes the folder when absent, locks it, brings the database to this
 * program's schema. On failure error (SRV_ERROR_MAX) says what to do and
 * nothing is left open. SRV_ERR_BUSY: another server has it. */
int srv_folder_open(struct srv_folder *folder, const char *path, char error[SRV_ERROR_MAX]);
void srv_folder_close(struct srv_folder *folder);
#endif
