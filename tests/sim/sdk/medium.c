/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "godwit/status.h"
#include "sdk/platform/storage.h"
#include "tests/sim/sdk/world.h"
#include "tests/sim/sdk/world_internal.h"
#include "tests/support/test.h"

#define FILES_MAX 16
#define FILE_MAX (64u * 1024u)
#define SECTOR 64u /* granularity in which unsynced bytes survive or not */

struct content {
  bool exists;
  size_t size;
  uint8_t data[FILE_MAX];
};

static struct file {
  char name[64];
  struct content now;     /* what a reader sees */
  struct content durable; /* what surely is on the medium */
} files[FILES_MAX];

struct world_medium world_medium;

void world_medium_reset(void) {
  memset(files, 0, sizeof files);
  memset(&world_medium, 0, sizeof world_medium);
}

static struct file *find(const char *name, bool make) {
  for (size_t i = 0; i < FILES_MAX; i++) {
    if (strcmp(files[i].name, name) == 0) return &files[i];
  }
  for (size_t i = 0; make && i < FILES_MAX; i++) {
    if (files[i].name[0] == '\0') {
      snprintf(files[i].name, sizeof files[i].name, "%s", name);
      return &files[i];
    }
  }
  if (make) fail_msg("more than %d files: the store leaks them", FILES_MAX);
  return NULL;
}

static bool present(const struct file *file) { return file != NULL && file->now.exists; }

/* True when power fails during this operation. */
static bool cuts(void) {
  world_medium.operations++;
  return world_medium.cut_at != 0 && world_medium.operations == world_medium.cut_at;
}

static void power_off(void) { longjmp(*world_medium.on_cut, 1); }

void world_medium_power_on(void) {
  for (size_t i = 0; i < FILES_MAX; i++) {
    struct file *file = &files[i];
    struct content *now = &file->now;
    struct content *durable = &file->durable;
    unsigned fate = world_random() % 3;
    if (fate == 0) { /* nothing landed */
      *now = *durable;
    } else if (fate == 1) { /* some sectors did */
      if (now->exists != durable->exists && world_random() % 2) now->exists = durable->exists;
      for (size_t at = 0; at < FILE_MAX; at += SECTOR) {
        if (world_random() % 2) memcpy(now->data + at, durable->data + at, SECTOR);
      }
      if (world_random() % 2) now->size = durable->size;
      if (!now->exists) now->size = 0;
    } /* else everything did */
    *durable = *now;
    if (!now->exists) memset(file, 0, sizeof *file);
  }
}

int godwit_platform_storage_mount(const char *volume) {
  assert_string_equal(volume, WORLD_VOLUME);
  return world_medium.broken ? GODWIT_ERR_IO : 0;
}

int64_t godwit_platform_storage_size(const char *volume, const char *name) {
  (void)volume;
  if (world_medium.broken) return GODWIT_ERR_IO;
  const struct file *file = find(name, false);
  return present(file) ? (int64_t)file->now.size : GODWIT_ERR_NOT_FOUND;
}

int godwit_platform_storage_read(const char *volume, const char *name, uint32_t offset, void *data,
                                 size_t size) {
  (void)volume;
  if (world_medium.broken) return GODWIT_ERR_IO;
  const struct file *file = find(name, false);
  if (!present(file)) return GODWIT_ERR_NOT_FOUND;
  size_t left = offset < file->now.size ? file->now.size - offset : 0;
  if (size > left) size = left;
  memcpy(data, file->now.data + offset, size);
  return (int)size;
}

static size_t used_bytes(void) {
  size_t used = 0;
  for (size_t i = 0; i < FILES_MAX; i++) used += files[i].now.exists ? files[i].now.size : 0;
  return used;
}

int godwit_platform_storage_write(const char *volume, const char *name, uint32_t offset,
                                  const void *data, size_t size) {
  (void)volume;
  assert_true(strlen(name) <= 47);
  if (world_medium.broken) return GODWIT_ERR_IO;
  struct file *file = find(name, true);
  size_t before = file->now.exists ? file->now.size : 0;
  assert_true(offset <= before && offset + size <= FILE_MAX);
  size_t grows = offset + size > before ? offset + size - before : 0;
  if (world_medium.capacity != 0 && used_bytes() + grows > world_medium.capacity) {
    if (!file->now.exists) memset(file, 0, sizeof *file);
    return GODWIT_ERR_NO_SPACE;
  }
  bool cut = cuts();
  if (cut) size = world_random() % (size + 1);
  file->now.exists = true;
  memcpy(file->now.data + offset, data, size);
  if (offset + size > file->now.size) file->now.size = offset + size;
  if (cut) power_off();
  return 0;
}

int godwit_platform_storage_truncate(const char *volume, const char *name, uint32_t size) {
  (void)volume;
  if (world_medium.broken) return GODWIT_ERR_IO;
  struct file *file = find(name, false);
  if (!present(file)) return GODWIT_ERR_NOT_FOUND;
  bool cut = cuts();
  if (size < file->now.size && (!cut || world_random() % 2)) file->now.size = size;
  if (cut) power_off();
  return 0;
}

int godwit_platform_storage_sync(const char *volume, const char *name) {
  (void)volume;
  if (world_medium.broken) return GODWIT_ERR_IO;
  struct file *file = find(name, false);
  if (!present(file)) return GODWIT_ERR_IO;
  if (cuts()) power_off();
  file->durable = file->now;
  for (size_t i = 0; i < FILES_MAX; i++) { /* removals before it are final */
    if (!files[i].now.exists) memset(&files[i], 0, sizeof files[i]);
  }
  return 0;
}

int godwit_platform_storage_remove(const char *volume, const char *name) {
  (void)volume;
  if (world_medium.broken) return GODWIT_ERR_IO;
  struct file *file = find(name, false);
  if (!present(file)) return 0;
  bool cut = cuts();
  /* The durable side stays until a sync: a power cut may undo the removal. */
  file->now.exists = false;
  file->now.size = 0;
  if (cut) power_off();
  return 0;
}

int64_t godwit_platform_storage_free(const char *volume) {
  (void)volume;
  if (world_medium.capacity == 0) return INT64_MAX;
  size_t used = used_bytes();
  return used < world_medium.capacity ? (int64_t)(world_medium.capacity - used) : 0;
}

bool world_medium_has(const char *name) { return present(find(name, false)); }

const uint8_t *world_medium_file(const char *name, size_t *size) {
  const struct file *file = find(name, false);
  if (!present(file)) return NULL;
  *size = file->now.size;
  return file->now.data;
}

void world_medium_put(const char *name, const void *data, size_t size) {
  struct file *file = find(name, true);
  if (data == NULL) {
    memset(file, 0, sizeof *file);
    return;
  }
  memmove(file->now.data, data, size);
  file->now.size = size;
  file->now.exists = true;
  file->durable = file->now;
}

const char *world_medium_names(void) {
  static char text[FILES_MAX * 66];
  size_t length = 0;
  text[0] = '\0';
  for (size_t i = 0; i < FILES_MAX; i++) {
    if (!files[i].now.exists) continue;
    length += (size_t)snprintf(text + length, sizeof text - length, " %s", files[i].name);
  }
  return text;
}

size_t world_medium_file_count(void) {
  size_t count = 0;
  for (size_t i = 0; i < FILES_MAX; i++) count += files[i].now.exists ? 1 : 0;
  return count;
}
