/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/blob_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mbedtls/sha256.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "server/store/file.h"

#define BLOBS_CACHED 64  /* kept in memory: the models of running rollouts, and some */
#define CHECKS_KEPT 1024 /* files whose bytes were compared with their digest */

/* Of blobs that nobody has open: two of the largest, which devices may be
 * downloading block by block in turn. */
#define IDLE_BYTES_MAX ((size_t)128 * 1024 * 1024)
/* Of all: many slow readers of many large ones. */
#define LOADED_BYTES_MAX ((size_t)1024 * 1024 * 1024)

/* A file may change twice within one tick of its time of change: no verdict is
 * kept about one that changed this lately. */
#define SETTLED_S 2

/* A blob's bytes: on the heap, as a mapped file that someone cuts short kills
 * the process that reads it. */
struct loaded {
  uint8_t digest[GW_DIGEST_SIZE];
  uint8_t *data; /* NULL for an empty blob */
  size_t size;
  unsigned views; /* open ones */
  bool in_cache;  /* else it goes with its last view */
  uint64_t last_use;
};

/* What came of hashing a file, true for as long as it is the same file. */
struct check {
  uint8_t digest[GW_DIGEST_SIZE];
  ino_t inode; /* 0: an empty entry */
  struct timespec changed;
  bool good;
};

struct blobs_file {
  struct srv_blobs base;
  char folder[PATH_MAX - 128]; /* room for the names below it */
  struct loaded *cache[BLOBS_CACHED];
  struct check check[CHECKS_KEPT]; /* direct-mapped by the digest's first bytes */
  size_t idle_max, loaded_max;     /* bytes */
  size_t idle_size, loaded_size;   /* of cached ones without a view; of all */
  uint64_t use_count;
  uint64_t temporary_count;
};

struct srv_blob_writer {
  struct blobs_file *blobs;
  int fd;
  char path[PATH_MAX];
  mbedtls_sha256_context hash;
  uint8_t digest[GW_DIGEST_SIZE];
  size_t size;
  uint8_t *data; /* read by seal */
};

static struct blobs_file *self(struct srv_blobs *blobs) { return (struct blobs_file *)blobs; }

__attribute__((format(printf, 3, 4))) static int fail(struct blobs_file *blobs, int status,
                                                      const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(blobs->base.error, sizeof(blobs->base.error), format, arguments);
  va_end(arguments);
  return status;
}

static int fail_memory(struct blobs_file *blobs) {
  fail(blobs, SRV_ERR_INTERNAL, "out of memory");
  return SRV_ERR_INTERNAL;
}

static int fail_errno(struct blobs_file *blobs, const char *what) {
  int system_error = errno;
  int status = srv_file_status_of(system_error);
  if (status == SRV_ERR_NO_SPACE) return fail(blobs, status, "%s: the disk is full", what);
  return fail(blobs, status, "%s: %s", what, strerror(system_error));
}

/* --- bytes of a file --------------------------------------------------------- */

/* Fewer bytes than size: -1 and EIO. */
static int read_all(int fd, uint8_t *data, size_t size) {
  size_t done = 0;
  while (done < size) {
    ssize_t length = pread(fd, data + done, size - done, (off_t)done);
    if (length < 0 && errno == EINTR) continue;
    if (length == 0) errno = EIO;
    if (length <= 0) return -1;
    done += (size_t)length;
  }
  return 0;
}

static int read_file(struct blobs_file *blobs, int fd, const char *path, size_t size,
                     uint8_t **out) {
  *out = NULL;
  if (size == 0) return SRV_OK;
  uint8_t *data = malloc(size);
  if (data == NULL) return fail_memory(blobs);
  if (read_all(fd, data, size) != 0) {
    free(data);
    return fail_errno(blobs, path);
  }
  *out = data;
  return SRV_OK;
}

/* --- names ------------------------------------------------------------------- */

static void folder_of(const struct blobs_file *blobs, const uint8_t *digest, char path[PATH_MAX]) {
  snprintf(path, PATH_MAX, "%s/%02x", blobs->folder, digest[0]);
}

static void path_of(const struct blobs_file *blobs, const uint8_t *digest, char path[PATH_MAX]) {
  char hex[GW_DIGEST_HEX_SIZE + 1];
  gw_digest_to_hex(digest, hex);
  snprintf(path, PATH_MAX, "%s/%02x/%s", blobs->folder, digest[0], hex);
}

/* --- writing ------------------------------------------------------------------ */

static int blobs_begin(struct srv_blobs *base, struct srv_blob_writer **out) {
  struct blobs_file *blobs = self(base);
  struct srv_blob_writer *writer = calloc(1, sizeof(*writer));
  if (writer == NULL) return fail_memory(blobs);
  writer->blobs = blobs;
  snprintf(writer->path, sizeof(writer->path), "%s/tmp/%ld-%llu", blobs->folder, (long)getpid(),
           (unsigned long long)++blobs->temporary_count);
  writer->fd = open(writer->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (writer->fd < 0) {
    int status = fail_errno(blobs, "cannot make a file for the upload");
    free(writer);
    return status;
  }
  mbedtls_sha256_init(&writer->hash);
  mbedtls_sha256_starts(&writer->hash, 0);
  *out = writer;
  return SRV_OK;
}

static uint64_t blobs_room(struct srv_blobs *base) {
  struct statvfs disk;
  if (statvfs(self(base)->folder, &disk) != 0) return UINT64_MAX;
  return (uint64_t)disk.f_bavail * disk.f_frsize;
}

static int writer_append(struct srv_blob_writer *writer, const void *data, size_t size) {
  if (srv_file_write_all(writer->fd, data, size) != 0) {
    return fail_errno(writer->blobs, "cannot write the upload");
  }
  mbedtls_sha256_update(&writer->hash, data, size);
  writer->size += size;
  return SRV_OK;
}

static int writer_seal(struct srv_blob_writer *writer, uint8_t digest[GW_DIGEST_SIZE],
                       struct srv_blob_view *view) {
  int status =
      read_file(writer->blobs, writer->fd, "cannot read the upload", writer->size, &writer->data);
  if (status != SRV_OK) return status;
  mbedtls_sha256_finish(&writer->hash, writer->digest);
  memcpy(digest, writer->digest, GW_DIGEST_SIZE);
  *view = (struct srv_blob_view){.data = writer->data, .size = writer->size};
  return SRV_OK;
}

static void end_writer(struct srv_blob_writer *writer) {
  free(writer->data);
  mbedtls_sha256_free(&writer->hash);
  close(writer->fd);
  free(writer);
}

static void writer_abort(struct srv_blob_writer *writer) {
  unlink(writer->path);
  end_writer(writer);
}

/* All are on their way to the disk before the first is waited for: a file
 * system then needs one commit of its journal for them, not one each. */
static int sync_all(struct blobs_file *blobs, struct srv_blob_writer *const *writers,
                    size_t count) {
  for (size_t i = 0; count > 1 && i < count; i++) {
    sync_file_range(writers[i]->fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* a hint */
  }
  for (size_t i = 0; i < count; i++) {
    if (fsync(writers[i]->fd) != 0) return fail_errno(blobs, "cannot sync the upload");
  }
  return SRV_OK;
}

/* The rename is what makes the blob exist. */
static int move_into_place(struct srv_blob_writer *writer, bool *new_folder) {
  char folder[PATH_MAX], path[PATH_MAX];
  folder_of(writer->blobs, writer->digest, folder);
  path_of(writer->blobs, writer->digest, path);
  if (mkdir(folder, 0700) == 0) {
    *new_folder = true;
  } else if (errno != EEXIST) {
    return -1;
  }
  return rename(writer->path, path);
}

/* After the renames, so that the names are on the disk before anyone is told. */
static int sync_folders(struct blobs_file *blobs, struct srv_blob_writer *const *writers,
                        size_t count, bool new_folder) {
  bool synced[256] = {false}; /* by the digest's first byte, which names the folder */
  if (new_folder && srv_file_sync_folder(blobs->folder) != 0) return -1;
  for (size_t i = 0; i < count; i++) {
    char folder[PATH_MAX];
    bool *done = &synced[writers[i]->digest[0]];
    if (*done) continue;
    folder_of(blobs, writers[i]->digest, folder);
    if (srv_file_sync_folder(folder) != 0) return -1;
    *done = true;
  }
  return 0;
}

static int place_all(struct blobs_file *blobs, struct srv_blob_writer *const *writers,
                     size_t count) {
  bool new_folder = false;
  int status = sync_all(blobs, writers, count);
  if (status != SRV_OK) return status;
  for (size_t i = 0; i < count; i++) {
    if (move_into_place(writers[i], &new_folder) != 0) {
      return fail_errno(blobs, "cannot put the upload in place");
    }
  }
  if (sync_folders(blobs, writers, count, new_folder) == 0) return SRV_OK;
  return fail_errno(blobs, "cannot put the upload in place");
}

static int blobs_publish(struct srv_blobs *base, struct srv_blob_writer *const *writers,
                         size_t count) {
  int status = place_all(self(base), writers, count);
  for (size_t i = 0; i < count; i++) {
    if (status != SRV_OK) unlink(writers[i]->path); /* those that were not moved */
    end_writer(writers[i]);
  }
  return status;
}

/* --- the cache ---------------------------------------------------------------- */

static void free_loaded(struct blobs_file *blobs, struct loaded *loaded) {
  blobs->loaded_size -= loaded->size;
  free(loaded->data);
  free(loaded);
}

static bool is_idle(const struct loaded *loaded) { return loaded->in_cache && loaded->views == 0; }

static void uncache(struct blobs_file *blobs, size_t index) {
  struct loaded *loaded = blobs->cache[index];
  blobs->cache[index] = NULL;
  if (loaded == NULL) return;
  if (is_idle(loaded)) blobs->idle_size -= loaded->size;
  loaded->in_cache = false;
  if (loaded->views == 0) free_loaded(blobs, loaded);
}

static struct loaded *find_cached(struct blobs_file *blobs, const uint8_t *digest) {
  for (size_t i = 0; i < BLOBS_CACHED; i++) {
    struct loaded *loaded = blobs->cache[i];
    if (loaded != NULL && memcmp(loaded->digest, digest, GW_DIGEST_SIZE) == 0) return loaded;
  }
  return NULL;
}

/* Takes the place of the one that was not used for the longest time. */
static void add_to_cache(struct blobs_file *blobs, struct loaded *loaded) {
  size_t oldest = 0;
  for (size_t i = 0; i < BLOBS_CACHED; i++) {
    if (blobs->cache[i] == NULL) {
      oldest = i;
      break;
    }
    if (blobs->cache[i]->last_use < blobs->cache[oldest]->last_use) oldest = i;
  }
  uncache(blobs, oldest);
  blobs->cache[oldest] = loaded;
  loaded->in_cache = true;
  blobs->idle_size += loaded->size;
}

/* Lets go of what nobody has open, oldest first, down to that many bytes. */
static void shrink_idle(struct blobs_file *blobs, size_t limit) {
  while (blobs->idle_size > limit) {
    size_t oldest = BLOBS_CACHED;
    for (size_t i = 0; i < BLOBS_CACHED; i++) {
      const struct loaded *loaded = blobs->cache[i];
      if (loaded == NULL || !is_idle(loaded)) continue;
      if (oldest == BLOBS_CACHED || loaded->last_use < blobs->cache[oldest]->last_use) oldest = i;
    }
    uncache(blobs, oldest);
  }
}

/* --- reading ------------------------------------------------------------------ */

static bool is_checked(const struct check *check, const uint8_t *digest, const struct stat *info) {
  return check->inode == info->st_ino && check->changed.tv_sec == info->st_ctim.tv_sec &&
         check->changed.tv_nsec == info->st_ctim.tv_nsec &&
         memcmp(check->digest, digest, GW_DIGEST_SIZE) == 0;
}

static void keep_check(struct check *check, const uint8_t *digest, const struct stat *info,
                       bool good) {
  if (time(NULL) - info->st_ctim.tv_sec < SETTLED_S) return;
  memcpy(check->digest, digest, GW_DIGEST_SIZE);
  check->inode = info->st_ino;
  check->changed = info->st_ctim;
  check->good = good;
}

static int fail_damaged(struct blobs_file *blobs, const char *path) {
  return fail(blobs, SRV_ERR_IO, "%s is damaged: restore it from a backup", path);
}

/* Are these the bytes that the digest names? Disks rot and people copy; a
 * device would download wrong bytes again and again. */
static int read_checked(struct blobs_file *blobs, int fd, const struct stat *info, const char *path,
                        struct loaded *loaded) {
  uint8_t found[GW_DIGEST_SIZE];
  const uint8_t *digest = loaded->digest;
  struct check *check = &blobs->check[(digest[0] << 8 | digest[1]) % CHECKS_KEPT];
  bool known = is_checked(check, digest, info);
  if (known && !check->good) return fail_damaged(blobs, path); /* devices ask again and again */
  int status = read_file(blobs, fd, path, loaded->size, &loaded->data);
  if (status != SRV_OK || known) return status;
  mbedtls_sha256(loaded->data, loaded->size, found, 0);
  bool good = memcmp(found, digest, GW_DIGEST_SIZE) == 0;
  keep_check(check, digest, info, good);
  return good ? SRV_OK : fail_damaged(blobs, path);
}

/* Reads the blob of loaded's digest and size. */
static int load_file(struct blobs_file *blobs, struct loaded *loaded) {
  char path[PATH_MAX];
  path_of(blobs, loaded->digest, path);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail_errno(blobs, path);
  struct stat info;
  int status;
  if (fstat(fd, &info) != 0) {
    status = fail_errno(blobs, path);
  } else if ((uint64_t)info.st_size != loaded->size) {
    status = fail(blobs, SRV_ERR_IO, "%s has %lld bytes instead of %zu: restore it from a backup",
                  path, (long long)info.st_size, loaded->size);
  } else {
    status = read_checked(blobs, fd, &info, path, loaded);
  }
  close(fd);
  return status;
}

static int make_room(struct blobs_file *blobs, size_t size) {
  if (size <= blobs->loaded_max - blobs->loaded_size) return SRV_OK;
  shrink_idle(blobs, 0);
  if (size <= blobs->loaded_max - blobs->loaded_size) return SRV_OK;
  return fail(blobs, SRV_ERR_BUSY, "%zu bytes of artifacts are being downloaded: try again later",
              blobs->loaded_size);
}

static int load(struct blobs_file *blobs, const uint8_t *digest, size_t size_bytes,
                struct loaded **out) {
  int status = make_room(blobs, size_bytes);
  if (status != SRV_OK) return status;
  struct loaded *loaded = calloc(1, sizeof(*loaded));
  if (loaded == NULL) return fail_memory(blobs);
  memcpy(loaded->digest, digest, GW_DIGEST_SIZE);
  loaded->size = size_bytes;
  status = load_file(blobs, loaded);
  if (status != SRV_OK) {
    free(loaded->data);
    free(loaded);
    return status;
  }
  blobs->loaded_size += size_bytes;
  add_to_cache(blobs, loaded);
  *out = loaded;
  return SRV_OK;
}

static int blobs_open(struct srv_blobs *base, const uint8_t digest[GW_DIGEST_SIZE],
                      size_t size_bytes, struct srv_blob_view *view) {
  struct blobs_file *blobs = self(base);
  struct loaded *loaded = find_cached(blobs, digest);
  if (loaded == NULL) {
    int status = load(blobs, digest, size_bytes, &loaded);
    if (status != SRV_OK) return status;
  }
  if (loaded->views == 0) blobs->idle_size -= loaded->size;
  loaded->last_use = ++blobs->use_count;
  loaded->views++;
  *view = (struct srv_blob_view){.data = loaded->data, .size = loaded->size, .owner = loaded};
  return SRV_OK;
}

static void blobs_release(struct srv_blobs *base, struct srv_blob_view *view) {
  struct blobs_file *blobs = self(base);
  struct loaded *loaded = view->owner;
  *view = (struct srv_blob_view){0};
  if (loaded == NULL || --loaded->views > 0) return;
  if (!loaded->in_cache) {
    free_loaded(blobs, loaded);
    return;
  }
  blobs->idle_size += loaded->size;
  shrink_idle(blobs, blobs->idle_max);
}

static int blobs_remove(struct srv_blobs *base, const uint8_t digest[GW_DIGEST_SIZE]) {
  struct blobs_file *blobs = self(base);
  for (size_t i = 0; i < BLOBS_CACHED; i++) {
    struct loaded *loaded = blobs->cache[i];
    if (loaded != NULL && memcmp(loaded->digest, digest, GW_DIGEST_SIZE) == 0) uncache(blobs, i);
  }
  char path[PATH_MAX];
  path_of(blobs, digest, path);
  return unlink(path) == 0 ? SRV_OK : fail_errno(blobs, path);
}

/* --- start-up ------------------------------------------------------------------ */

static void remove_temporary_files(struct blobs_file *blobs) {
  char path[PATH_MAX];
  snprintf(path, sizeof(path), "%s/tmp", blobs->folder);
  DIR *folder = opendir(path);
  if (folder == NULL) return;
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    if (entry->d_name[0] != '.') unlinkat(dirfd(folder), entry->d_name, 0);
  }
  closedir(folder);
}

struct sweep {
  struct blobs_file *blobs;
  bool (*keep)(void *context, const uint8_t digest[GW_DIGEST_SIZE]);
  void *context;
};

/* Names that are no digest are not ours and stay. */
static void sweep_folder(const struct sweep *sweep, const char *path) {
  DIR *folder = opendir(path);
  if (folder == NULL) return;
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    uint8_t digest[GW_DIGEST_SIZE];
    size_t length = strlen(entry->d_name);
    if (length != GW_DIGEST_HEX_SIZE) continue;
    if (gw_digest_from_hex(entry->d_name, length, digest) != 0) continue;
    if (!sweep->keep(sweep->context, digest)) blobs_remove(&sweep->blobs->base, digest);
  }
  closedir(folder);
}

static int blobs_sweep(struct srv_blobs *base,
                       bool (*keep)(void *context, const uint8_t digest[GW_DIGEST_SIZE]),
                       void *context) {
  struct sweep sweep = {.blobs = self(base), .keep = keep, .context = context};
  for (unsigned first = 0; first < 256; first++) {
    uint8_t digest[GW_DIGEST_SIZE] = {(uint8_t)first};
    char path[PATH_MAX];
    folder_of(sweep.blobs, digest, path);
    sweep_folder(&sweep, path);
  }
  return SRV_OK;
}

static void blobs_close(struct srv_blobs *base) {
  struct blobs_file *blobs = self(base);
  for (size_t i = 0; i < BLOBS_CACHED; i++) uncache(blobs, i);
  free(blobs);
}

static const struct srv_blobs_ops file_ops = {
    .begin = blobs_begin,
    .room = blobs_room,
    .append = writer_append,
    .seal = writer_seal,
    .publish = blobs_publish,
    .abort = writer_abort,
    .open = blobs_open,
    .release = blobs_release,
    .remove = blobs_remove,
    .sweep = blobs_sweep,
    .close = blobs_close,
};

int srv_blob_file_open(struct srv_blobs **out, const char *folder, char error[SRV_ERROR_MAX]) {
  struct blobs_file *blobs = calloc(1, sizeof(*blobs));
  if (blobs == NULL) {
    snprintf(error, SRV_ERROR_MAX, "out of memory");
    return SRV_ERR_INTERNAL;
  }
  blobs->base.ops = &file_ops;
  blobs->idle_max = IDLE_BYTES_MAX;
  blobs->loaded_max = LOADED_BYTES_MAX;
  char temporary[PATH_MAX];
  int length = snprintf(blobs->folder, sizeof(blobs->folder), "%s", folder);
  snprintf(temporary, sizeof(temporary), "%s/tmp", blobs->folder);
  if (length < 0 || (size_t)length >= sizeof(blobs->folder)) errno = ENAMETOOLONG;
  if (length < 0 || (size_t)length >= sizeof(blobs->folder) ||
      srv_file_make_folder(temporary) != 0) {
    int status = srv_file_status_of(errno);
    snprintf(error, SRV_ERROR_MAX, "cannot make the folder %.180s: %s", temporary, strerror(errno));
    free(blobs);
    return status;
  }
  remove_temporary_files(blobs);
  *out = &blobs->base;
  return SRV_OK;
}

void srv_blob_file_set_memory(struct srv_blobs *base, size_t idle_max, size_t loaded_max) {
  self(base)->idle_max = idle_max;
  self(base)->loaded_max = loaded_max;
}
