/* SPDX-License-Identifier: Apache-2.0 */
/* A volume is a folder. */
#include "platform/storage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "godwit/status.h"

#define PATH_BYTES 256 /* volume and name as the store bounds them */

/* The volume whose folder holds no name that is not durable yet; "" for none.
 * Syncing a folder is as slow as syncing a file, and seldom needed. One thread,
 * as all of the SDK. */
static char clean_volume[PATH_BYTES];

static bool is_clean(const char *volume) { return strcmp(clean_volume, volume) == 0; }
static void mark_dirty(const char *volume) {
  if (is_clean(volume)) clean_volume[0] = '\0';
}

static int status_of_errno(void) {
  switch (errno) {
    case ENOENT:
      return GODWIT_ERR_NOT_FOUND;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return GODWIT_ERR_NO_SPACE;
    default:
      return GODWIT_ERR_IO;
  }
}

static int open_file(const char *volume, const char *name, int flags) {
  char path[PATH_BYTES];
  int length = snprintf(path, sizeof path, "%s/%s", volume, name);
  if (length < 0 || length >= PATH_BYTES) return GODWIT_ERR_IO;
  int file = open(path, flags | O_CLOEXEC, 0644);
  return file < 0 ? status_of_errno() : file;
}

/* close reports what a network or quota file system found out late. */
static int close_file(int file, int status) {
  if (close(file) < 0 && status >= 0) return status_of_errno();
  return status;
}

static int make_folder(const char *path) {
  struct stat state;
  if (mkdir(path, 0755) == 0) return 0;
  if (errno != EEXIST) return GODWIT_ERR_IO;
  return stat(path, &state) == 0 && S_ISDIR(state.st_mode) ? 0 : GODWIT_ERR_IO;
}

int godwit_platform_storage_mount(const char *volume) { return make_folder(volume); }

int64_t godwit_platform_storage_size(const char *volume, const char *name) {
  struct stat state;
  int file = open_file(volume, name, O_RDONLY);
  if (file < 0) return file;
  int64_t size = fstat(file, &state) == 0 ? (int64_t)state.st_size : GODWIT_ERR_IO;
  close(file);
  return size;
}

int godwit_platform_storage_read(const char *volume, const char *name, uint32_t offset, void *data,
                                 size_t size) {
  int file = open_file(volume, name, O_RDONLY);
  if (file < 0) return file;
  size_t done = 0;
  ssize_t taken = 1;
  while (done < size && taken > 0) {
    taken = pread(file, (char *)data + done, size - done, (off_t)offset + (off_t)done);
    if (taken < 0 && errno == EINTR)
      taken = 1;
    else if (taken > 0)
      done += (size_t)taken;
  }
  close(file);
  return taken < 0 ? GODWIT_ERR_IO : (int)done;
}

int godwit_platform_storage_write(const char *volume, const char *name, uint32_t offset,
                                  const void *data, size_t size) {
  int file = open_file(volume, name, O_WRONLY);
  if (file == GODWIT_ERR_NOT_FOUND) {
    mark_dirty(volume);
    file = open_file(volume, name, O_WRONLY | O_CREAT);
  }
  if (file < 0) return file;
  int status = 0;
  for (size_t done = 0; done < size && status == 0;) {
    ssize_t put = pwrite(file, (const char *)data + done, size - done, (off_t)offset + (off_t)done);
    if (put > 0) {
      done += (size_t)put;
    } else if (put == 0 || errno != EINTR) {
      status = put == 0 ? GODWIT_ERR_NO_SPACE : status_of_errno();
    }
  }
  return close_file(file, status);
}

int godwit_platform_storage_truncate(const char *volume, const char *name, uint32_t size) {
  struct stat state;
  int file = open_file(volume, name, O_WRONLY);
  if (file < 0) return file;
  int status = fstat(file, &state) == 0 ? 0 : GODWIT_ERR_IO;
  if (status == 0 && state.st_size > (off_t)size && ftruncate(file, (off_t)size) < 0) {
    status = GODWIT_ERR_IO;
  }
  return close_file(file, status);
}

static int sync_folder(const char *volume) {
  int folder = open(volume, O_RDONLY | O_CLOEXEC);
  if (folder < 0) return GODWIT_ERR_IO;
  /* Some file systems cannot sync a folder and need not. */
  int status = fsync(folder) < 0 && errno != EINVAL && errno != EROFS ? GODWIT_ERR_IO : 0;
  close(folder);
  if (status == 0) snprintf(clean_volume, sizeof clean_volume, "%s", volume);
  return status;
}

/* The file, then the folder that holds its name. */
int godwit_platform_storage_sync(const char *volume, const char *name) {
  int file = open_file(volume, name, O_WRONLY);
  if (file < 0) return file == GODWIT_ERR_NOT_FOUND ? GODWIT_ERR_IO : file;
  int status = close_file(file, fdatasync(file) == 0 ? 0 : status_of_errno());
  if (status < 0 || is_clean(volume)) return status;
  return sync_folder(volume);
}

int godwit_platform_storage_remove(const char *volume, const char *name) {
  char path[PATH_BYTES];
  int length = snprintf(path, sizeof path, "%s/%s", volume, name);
  if (length < 0 || length >= PATH_BYTES) return GODWIT_ERR_IO;
  mark_dirty(volume);
  return unlink(path) == 0 || errno == ENOENT ? 0 : GODWIT_ERR_IO;
}

int64_t godwit_platform_storage_free(const char *volume) {
  struct statvfs state;
  if (statvfs(volume, &state) < 0) return INT64_MAX;
  return (int64_t)state.f_bavail * (int64_t)state.f_frsize;
}
