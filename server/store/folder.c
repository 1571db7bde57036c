/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "server/store/blob_file.h"
#include "server/store/file.h"
#include "server/store/store_sqlite.h"

static int join(char out[PATH_MAX], const char *folder, const char *name, char *error) {
  int length = snprintf(out, PATH_MAX, "%s/%s", folder, name);
  if (length > 0 && length < PATH_MAX) return SRV_OK;
  snprintf(error, SRV_ERROR_MAX, "the data folder's path is too long");
  return SRV_ERR_INVALID;
}

static long pid_in(int fd) {
  char text[24];
  ssize_t length = pread(fd, text, sizeof(text) - 1, 0);
  if (length <= 0) return 0;
  text[length] = 0;
  return strtol(text, NULL, 10);
}

static int fail_errno(const char *what, const char *path, char *error) {
  int status = srv_file_status_of(errno);
  snprintf(error, SRV_ERROR_MAX, "cannot %s %.180s: %s", what, path, strerror(errno));
  return status;
}

/* The lock goes with the process, however it ends. */
static int lock(struct srv_folder *folder, const char *path, char *error) {
  char name[PATH_MAX];
  int status = join(name, path, "lock", error);
  if (status != SRV_OK) return status;
  folder->lock_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (folder->lock_fd < 0) return fail_errno("open", name, error);
  if (flock(folder->lock_fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fail_errno("lock", name, error);
    snprintf(error, SRV_ERROR_MAX,
             "another godwit server (pid %ld) uses %.120s; stop it or give --data another folder",
             pid_in(folder->lock_fd), path);
    return SRV_ERR_BUSY;
  }
  char text[24];
  int length = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
  /* On a full disk only the pid of the message above is lost. */
  if (ftruncate(folder->lock_fd, 0) == 0) (void)!pwrite(folder->lock_fd, text, (size_t)length, 0);
  return SRV_OK;
}

static int open_parts(struct srv_folder *folder, const char *path, char *error) {
  char name[PATH_MAX];
  int status = lock(folder, path, error);
  if (status == SRV_OK) status = join(name, path, "godwit.db", error);
  if (status == SRV_OK) status = srv_store_sqlite_open(&folder->store, name, error);
  if (status == SRV_OK) status = join(name, path, "blobs", error);
  if (status == SRV_OK) status = srv_blob_file_open(&folder->blobs, name, error);
  return status;
}

int srv_folder_open(struct srv_folder *folder, const char *path, char error[SRV_ERROR_MAX]) {
  *folder = (struct srv_folder){.lock_fd = -1};
  if (srv_file_make_folder(path) != 0) return fail_errno("make the folder", path, error);
  int status = open_parts(folder, path, error);
  if (status != SRV_OK) srv_folder_close(folder);
  return status;
}

void srv_folder_close(struct srv_folder *folder) {
  if (folder->blobs != NULL) folder->blobs->ops->close(folder->blobs);
  if (folder->store != NULL) folder->store->ops->close(folder->store);
  if (folder->lock_fd >= 0) close(folder->lock_fd);
  *folder = (struct srv_folder){.lock_fd = -1};
}
