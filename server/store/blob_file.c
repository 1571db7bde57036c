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
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/store/file.h"

#define BLOBS_CACHED 64  /* maps kept open: the models of running rollouts, and some */
#define CHECKS_KEPT 1024 /* files whose bytes were compared with their digest */
#define HASH_PIECE 16384 /* bytes read at once */

struct map {
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
  struct map *cache[BLOBS_CACHED];
  struct check check[CHECKS_KEPT]; /* direct-mapped by the digest's first bytes */
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
  uint8_t *data; /* mapped by seal */
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
  if (fsync(writer->fd) != 0) return fail_errno(writer->blobs, "cannot sync the upload");
  if (writer->size > 0) {
    void *data = mmap(NULL, writer->size, PROT_READ, MAP_SHARED, writer->fd, 0);
    if (data == MAP_FAILED) return fail_errno(writer->blobs, "cannot map the upload");
    writer->data = data;
  }
  mbedtls_sha256_finish(&writer->hash, writer->digest);
  memcpy(digest, writer->digest, GW_DIGEST_SIZE);
  *view = (struct srv_blob_view){.data = writer->data, .size = writer->size};
  return SRV_OK;
}

static void end_writer(struct srv_blob_writer *writer) {
  if (writer->data != NULL) munmap(writer->data, writer->size);
  mbedtls_sha256_free(&writer->hash);
  close(writer->fd);
  free(writer);
}

static void writer_abort(struct srv_blob_writer *writer) {
  unlink(writer->path);
  end_writer(writer);
}

/* The rename is what makes the blob exist; the folder is synced after it so
 * that the name is on the disk before anyone is told. */
static int move_into_place(struct srv_blob_writer *writer) {
  char folder[PATH_MAX], path[PATH_MAX];
  struct blobs_file *blobs = writer->blobs;
  folder_of(blobs, writer->digest, folder);
  path_of(blobs, writer->digest, path);
  if (mkdir(folder, 0700) == 0) {
    if (srv_file_sync_folder(blobs->folder) != 0) return -1;
  } else if (errno != EEXIST) {
    return -1;
  }
  if (rename(writer->path, path) != 0) return -1;
  return srv_file_sync_folder(folder);
}

static int writer_publish(struct srv_blob_writer *writer) {
  int status = SRV_OK;
  if (move_into_place(writer) != 0) {
    status = fail_errno(writer->blobs, "cannot put the upload in place");
    unlink(writer->path);
  }
  end_writer(writer);
  return status;
}

/* --- reading ------------------------------------------------------------------ */

static void free_map(struct map *map) {
  if (map->data != NULL) munmap(map->data, map->size);
  free(map);
}

static void uncache(struct blobs_file *blobs, size_t index) {
  struct map *map = blobs->cache[index];
  blobs->cache[index] = NULL;
  if (map == NULL) return;
  map->in_cache = false;
  if (map->views == 0) free_map(map);
}

static struct map *find_cached(struct blobs_file *blobs, const uint8_t *digest) {
  for (size_t i = 0; i < BLOBS_CACHED; i++) {
    struct map *map = blobs->cache[i];
    if (map != NULL && memcmp(map->digest, digest, GW_DIGEST_SIZE) == 0) return map;
  }
  return NULL;
}

/* Takes the place of the one that was not used for the longest time. */
static void add_to_cache(struct blobs_file *blobs, struct map *map) {
  size_t oldest = 0;
  for (size_t i = 0; i < BLOBS_CACHED; i++) {
    if (blobs->cache[i] == NULL) {
      oldest = i;
      break;
    }
    if (blobs->cache[i]->last_use < blobs->cache[oldest]->last_use) oldest = i;
  }
  uncache(blobs, oldest);
  blobs->cache[oldest] = map;
  map->in_cache = true;
}

/* Read, not mapped: a sector that cannot be read is an error and no SIGBUS. */
static int hash_file(int fd, uint8_t digest[GW_DIGEST_SIZE]) {
  unsigned char piece[HASH_PIECE];
  mbedtls_sha256_context hash;
  ssize_t length;
  mbedtls_sha256_init(&hash);
  mbedtls_sha256_starts(&hash, 0);
  do {
    length = read(fd, piece, sizeof(piece));
    if (length > 0) mbedtls_sha256_update(&hash, piece, (size_t)length);
  } while (length > 0 || (length < 0 && errno == EINTR));
  mbedtls_sha256_finish(&hash, digest);
  mbedtls_sha256_free(&hash);
  return length == 0 ? 0 : -1;
}

static bool is_checked(const struct check *check, const uint8_t *digest, const struct stat *info) {
  return check->inode == info->st_ino && check->changed.tv_sec == info->st_ctim.tv_sec &&
         check->changed.tv_nsec == info->st_ctim.tv_nsec &&
         memcmp(check->digest, digest, GW_DIGEST_SIZE) == 0;
}

/* Are these the bytes that the digest names? Disks rot and people copy; a
 * device would download wrong bytes again and again. */
static int check_bytes(struct blobs_file *blobs, int fd, const struct stat *info,
                       const uint8_t *digest, const char *path) {
  struct check *check = &blobs->check[(digest[0] << 8 | digest[1]) % CHECKS_KEPT];
  if (!is_checked(check, digest, info)) {
    uint8_t found[GW_DIGEST_SIZE];
    if (hash_file(fd, found) != 0) return fail_errno(blobs, path);
    memcpy(check->digest, digest, GW_DIGEST_SIZE);
    check->inode = info->st_ino;
    check->changed = info->st_ctim;
    check->good = memcmp(found, digest, GW_DIGEST_SIZE) == 0;
  }
  if (check->good) return SRV_OK;
  return fail(blobs, SRV_ERR_IO, "%s is damaged: restore it from a backup", path);
}

static int map_bytes(struct blobs_file *blobs, int fd, const char *path, struct map *map) {
  if (map->size == 0) return SRV_OK;
  void *data = mmap(NULL, map->size, PROT_READ, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED) return fail_errno(blobs, path);
  map->data = data;
  return SRV_OK;
}

/* Maps the blob of map's digest and size. */
static int map_file(struct blobs_file *blobs, struct map *map) {
  char path[PATH_MAX];
  path_of(blobs, map->digest, path);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail_errno(blobs, path);
  struct stat info;
  int status;
  if (fstat(fd, &info) != 0) {
    status = fail_errno(blobs, path);
  } else if ((uint64_t)info.st_size != map->size) {
    status = fail(blobs, SRV_ERR_IO, "%s has %lld bytes instead of %zu: restore it from a backup",
                  path, (long long)info.st_size, map->size);
  } else {
    status = check_bytes(blobs, fd, &info, map->digest, path);
  }
  if (status == SRV_OK) status = map_bytes(blobs, fd, path, map);
  close(fd);
  return status;
}

static int open_map(struct blobs_file *blobs, const uint8_t *digest, size_t size_bytes,
                    struct map **out) {
  struct map *map = calloc(1, sizeof(*map));
  if (map == NULL) return fail_memory(blobs);
  memcpy(map->digest, digest, GW_DIGEST_SIZE);
  map->size = size_bytes;
  int status = map_file(blobs, map);
  if (status != SRV_OK) {
    free(map);
    return status;
  }
  add_to_cache(blobs, map);
  *out = map;
  return SRV_OK;
}

static int blobs_open(struct srv_blobs *base, const uint8_t digest[GW_DIGEST_SIZE],
                      size_t size_bytes, struct srv_blob_view *view) {
  struct blobs_file *blobs = self(base);
  struct map *map = find_cached(blobs, digest);
  if (map == NULL) {
    int status = open_map(blobs, digest, size_bytes, &map);
    if (status != SRV_OK) return status;
  }
  map->last_use = ++blobs->use_count;
  map->views++;
  *view = (struct srv_blob_view){.data = map->data, .size = map->size, .owner = map};
  return SRV_OK;
}

static void blobs_release(struct srv_blobs *base, struct srv_blob_view *view) {
  (void)base;
  struct map *map = view->owner;
  *view = (struct srv_blob_view){0};
  if (map == NULL) return;
  map->views--;
  if (map->views == 0 && !map->in_cache) free_map(map);
}

static int blobs_remove(struct srv_blobs *base, const uint8_t digest[GW_DIGEST_SIZE]) {
  struct blobs_file *blobs = self(base);
  for (size_t i = 0; i < BLOBS_CACHED; i++) {
    struct map *map = blobs->cache[i];
    if (map != NULL && memcmp(map->digest, digest, GW_DIGEST_SIZE) == 0) uncache(blobs, i);
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
    .append = writer_append,
    .seal = writer_seal,
    .publish = writer_publish,
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
