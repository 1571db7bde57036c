/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLATFORM_STORAGE_H
#define PLATFORM_STORAGE_H
/* Small files on a volume that survives power loss. `volume` is what the
 * application gave to godwit_folder_init (POSIX: a folder); names are flat,
 * of A-Z a-z 0-9 . _ + - ~, at most 47 bytes. A firmware whose models lie on raw
 * flash (godwit/flash.h) and which keeps no captures' quota needs none of it.
 *
 * What the store relies on: after _sync has returned, the file's bytes and its
 * name are on the medium, and so are all removals before it; a write that power
 * interrupts may leave any bytes in the range it wrote, and no other byte
 * changes; a removal that power interrupts has happened or has not. */
#include <stddef.h>
#include <stdint.h>

/* Makes the volume usable, creating it where the medium allows. 0 or
 * GODWIT_ERR_IO. */
int godwit_platform_storage_mount(const char *volume);
/* Size of a file; GODWIT_ERR_NOT_FOUND; GODWIT_ERR_IO. */
int64_t godwit_platform_storage_size(const char *volume, const char *name);
/* Reads up to size bytes at offset: how many, less only at the end of file;
 * GODWIT_ERR_NOT_FOUND; GODWIT_ERR_IO. */
int godwit_platform_storage_read(const char *volume, const char *name, uint32_t offset, void *data,
                                 size_t size);
/* Writes all of it at offset, making the file where it is absent. offset is at
 * most the file's size. 0; GODWIT_ERR_NO_SPACE; GODWIT_ERR_IO. */
int godwit_platform_storage_write(const char *volume, const char *name, uint32_t offset,
                                  const void *data, size_t size);
/* Cuts a file to size bytes (never makes it longer). 0; GODWIT_ERR_NOT_FOUND;
 * GODWIT_ERR_IO. */
int godwit_platform_storage_truncate(const char *volume, const char *name, uint32_t size);
/* Makes what was written to the file durable, its name too. 0; GODWIT_ERR_IO;
 * GODWIT_ERR_NO_SPACE. */
int godwit_platform_storage_sync(const char *volume, const char *name);
/* 0, also where there is no such file; GODWIT_ERR_IO. */
int godwit_platform_storage_remove(const char *volume, const char *name);
/* Bytes that can still be written, INT64_MAX where the medium cannot tell. */
int64_t godwit_platform_storage_free(const char *volume);
#endif
