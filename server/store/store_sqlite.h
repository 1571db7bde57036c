/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_STORE_STORE_SQLITE_H
#define SERVER_STORE_STORE_SQLITE_H
/* The store in one SQLite file: WAL, every commit synced, foreign keys
 * enforced, one writer. Others may read the file with sqlite3 meanwhile. */
#include "server/store/store.h"

/* Opens or makes the file and brings it to the newest schema. Refused: a file
 * that is no database of ours, or one that a newer program has changed. */
int srv_store_sqlite_open(struct srv_store **out, const char *path, char error[SRV_ERROR_MAX]);
#endif
