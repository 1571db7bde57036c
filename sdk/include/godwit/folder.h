/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GODWIT_FOLDER_H
#define GODWIT_FOLDER_H
/* Models as files that any tool can read, model_1.1.0, on a volume such as an
 * SD card or a folder, and the journal twice beside them. The port's storage
 * duty (platform/storage.h) does the I/O. Several packages may share a volume.
 * Bytes: docs/spec/store.md. */
#include "godwit/medium.h"
#include "godwit/store.h"

#define GODWIT_FOLDER_PATH_MAX 127u
#define GODWIT_FOLDER_NAME_MAX 47u /* longest file name */

struct godwit_folder {
  struct godwit_medium medium; /* for godwit_store_config */
  char path[GODWIT_FOLDER_PATH_MAX + 1];
  char package[GW_PACKAGE_MAX + 1];
  uint32_t incoming_end; /* size of the incoming file */
  uint8_t next_copy;     /* journal copy that the next write goes to */
};

/* path: what the port calls the volume (POSIX: a folder, made when absent);
 * copied. One that is empty or too long is refused by godwit_store_init. The
 * object is the caller's, and lives as long as the store. */
void godwit_folder_init(struct godwit_folder *folder, const char *path);

/* Name of an entry's file on the volume: "model_1.1.0". */
void godwit_folder_file_name(const struct godwit_folder *folder,
                             const struct godwit_store_entry *entry,
                             char name[GODWIT_FOLDER_NAME_MAX + 1]);
#endif
