/* SPDX-License-Identifier: Apache-2.0 */
/* Models as files. The journal is kept twice, and a write overwrites the older
 * copy, so the newer one stays whole whatever happens. */
#include "godwit/folder.h"

#include <string.h>

#include "journal.h"
#include "platform/storage.h"
#include "text.h"

#define SPARE_BYTES 4096u /* free space that is left for the journal and the volume itself */

static struct godwit_folder *folder_of(struct godwit_medium *medium) {
  return (struct godwit_folder *)(void *)medium; /* its first member */
}

/* Names ---------------------------------------------------------------------- */

void godwit_folder_file_name(const struct godwit_folder *folder,
                             const struct godwit_store_entry *entry,
                             char name[GODWIT_FOLDER_NAME_MAX + 1]) {
  _Static_assert(GW_PACKAGE_MAX + 1 + GW_VERSION_MAX + 1 + 2 * 4 <= GODWIT_FOLDER_NAME_MAX,
                 "the longest name fits");
  char *end = godwit_text_add(name, folder->package);
  end = godwit_text_add(end, "_");
  end = godwit_text_add(end, entry->version);
  if (entry->named_by_digest) godwit_text_add_hex(godwit_text_add(end, "~"), entry->digest, 4);
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

/* Would the two share a file? Volumes such as FAT do not tell case apart. None
 * (an empty version) shares with none. */
static bool share_file(const struct godwit_store_entry *a, const struct godwit_store_entry *b) {
  if (a->version[0] == '\0' || a->named_by_digest != b->named_by_digest) return false;
  for (size_t i = 0; lower(a->version[i]) == lower(b->version[i]); i++) {
    if (a->version[i] == '\0') return !a->named_by_digest || memcmp(a->digest, b->digest, 4) == 0;
  }
  return false;
}

/* Journal -------------------------------------------------------------------- */

static void journal_name(const struct godwit_folder *folder, unsigned copy,
                         char name[GODWIT_FOLDER_NAME_MAX + 1]) {
  char *end = godwit_text_add(name, folder->package);
  godwit_text_add(end, copy == 0 ? ".journal0" : ".journal1");
}

static int write_state(struct godwit_medium *medium, const struct godwit_store_state *state) {
  struct godwit_folder *folder = folder_of(medium);
  uint8_t bytes[GODWIT_JOURNAL_SIZE];
  char name[GODWIT_FOLDER_NAME_MAX + 1];
  godwit_journal_encode(state, bytes);
  journal_name(folder, folder->next_copy, name);
  int status = godwit_platform_storage_write(folder->path, name, 0, bytes, sizeof bytes);
  if (status == GODWIT_OK) status = godwit_platform_storage_sync(folder->path, name);
  if (status == GODWIT_OK) folder->next_copy ^= 1u;
  return status;
}

static int read_copy(const struct godwit_folder *folder, unsigned copy,
                     struct godwit_store_state *out) {
  uint8_t bytes[GODWIT_JOURNAL_SIZE];
  char name[GODWIT_FOLDER_NAME_MAX + 1];
  journal_name(folder, copy, name);
  int size = godwit_platform_storage_read(folder->path, name, 0, bytes, sizeof bytes);
  if (size < 0) {
    memset(out, 0, sizeof *out);
    return size;
  }
  return godwit_journal_decode(bytes, (size_t)size, out);
}

static int read_journal(struct godwit_folder *folder, struct godwit_store_state *out) {
  struct godwit_store_state other;
  int status0 = read_copy(folder, 0, out);
  int status1 = read_copy(folder, 1, &other);
  /* A medium that does not answer is not an empty one: starting anew would
   * overwrite what it holds. */
  if (status0 == GODWIT_ERR_IO || status1 == GODWIT_ERR_IO) return GODWIT_ERR_IO;
  bool newer = (int32_t)(other.generation - out->generation) > 0;
  if (status1 == GODWIT_OK && (status0 < 0 || newer)) {
    *out = other;
    folder->next_copy = 0;
    return GODWIT_OK;
  }
  folder->next_copy = status0 == GODWIT_OK ? 1 : 0;
  if (status0 == GODWIT_OK) return GODWIT_OK;
  memset(out, 0, sizeof *out);
  return status1 == GODWIT_ERR_FORMAT ? status1 : status0;
}

static int mount(struct godwit_medium *medium, const char *package,
                 struct godwit_store_state *out) {
  struct godwit_folder *folder = folder_of(medium);
  memcpy(folder->package, package, strlen(package) + 1);
  if (folder->path[0] == '\0') return GODWIT_ERR_ARGUMENT;
  int status = godwit_platform_storage_mount(folder->path);
  return status < 0 ? status : read_journal(folder, out);
}

/* Models --------------------------------------------------------------------- */

static bool name_is_taken(const struct godwit_store_state *state,
                          const struct godwit_store_entry *entry) {
  return share_file(entry, &state->active) || share_file(entry, &state->previous);
}

static int place(struct godwit_medium *medium, const struct godwit_store_state *state,
                 struct godwit_store_entry *entry, bool *takes_previous) {
  const struct godwit_folder *folder = folder_of(medium);
  char name[GODWIT_FOLDER_NAME_MAX + 1];
  entry->named_by_digest = false;
  entry->named_by_digest = name_is_taken(state, entry);
  if (entry->named_by_digest && name_is_taken(state, entry)) return GODWIT_ERR_STATE;
  godwit_folder_file_name(folder, entry, name);
  int64_t there = godwit_platform_storage_size(folder->path, name);
  if (there < 0) there = 0;
  if (there == (int64_t)entry->size_bytes) return 1;
  int64_t needed = (int64_t)entry->size_bytes + SPARE_BYTES - there;
  *takes_previous = godwit_platform_storage_free(folder->path) < needed;
  return GODWIT_OK;
}

static int open_incoming(struct godwit_medium *medium, struct godwit_store_state *state,
                         uint32_t *from) {
  struct godwit_folder *folder = folder_of(medium);
  const struct godwit_store_entry *incoming = &state->incoming;
  char name[GODWIT_FOLDER_NAME_MAX + 1];
  godwit_folder_file_name(folder, incoming, name);
  int64_t size = godwit_platform_storage_size(folder->path, name);
  if (size == GODWIT_ERR_NOT_FOUND) size = 0;
  if (size < 0) return (int)size;
  if (size < (int64_t)*from) *from = 0;
  if (size > (int64_t)incoming->size_bytes) { /* an older, longer file of that name */
    size = incoming->size_bytes;
    int status = godwit_platform_storage_truncate(folder->path, name, incoming->size_bytes);
    if (status < 0) return status;
  }
  folder->incoming_end = (uint32_t)size;
  return GODWIT_OK;
}

static int write_part(struct godwit_folder *folder, const char *name, uint32_t offset,
                      const void *data, size_t size) {
  int status = godwit_platform_storage_write(folder->path, name, offset, data, size);
  if (status < 0) return status;
  if (offset + size > folder->incoming_end) folder->incoming_end = offset + (uint32_t)size;
  return GODWIT_OK;
}

static int write_incoming(struct godwit_medium *medium, const struct godwit_store_state *state,
                          uint32_t offset, const void *data, size_t size) {
  struct godwit_folder *folder = folder_of(medium);
  char name[GODWIT_FOLDER_NAME_MAX + 1];
  int status = GODWIT_OK;
  godwit_folder_file_name(folder, &state->incoming, name);
  /* Volumes need not do files with holes: what is missing before it is filled
   * with anything, here with the bytes at hand, until it comes. */
  while (status == GODWIT_OK && size > 0 && folder->incoming_end < offset) {
    uint32_t gap = offset - folder->incoming_end;
    status = write_part(folder, name, folder->incoming_end, data, gap < size ? gap : size);
  }
  return status < 0 ? status : write_part(folder, name, offset, data, size);
}

static int sync_incoming(struct godwit_medium *medium, const struct godwit_store_state *state) {
  const struct godwit_folder *folder = folder_of(medium);
  char name[GODWIT_FOLDER_NAME_MAX + 1];
  godwit_folder_file_name(folder, &state->incoming, name);
  return godwit_platform_storage_sync(folder->path, name);
}

static int remove_discarded(struct godwit_medium *medium, const struct godwit_store_state *state) {
  const struct godwit_folder *folder = folder_of(medium);
  const struct godwit_store_entry *discarded = &state->discarded;
  char name[GODWIT_FOLDER_NAME_MAX + 1];
  if (name_is_taken(state, discarded) || share_file(discarded, &state->incoming)) {
    return GODWIT_OK;
  }
  godwit_folder_file_name(folder, discarded, name);
  return godwit_platform_storage_remove(folder->path, name);
}

static int read_entry(struct godwit_medium *medium, const struct godwit_store_entry *entry,
                      uint32_t offset, void *data, size_t size) {
  const struct godwit_folder *folder = folder_of(medium);
  char name[GODWIT_FOLDER_NAME_MAX + 1];
  godwit_folder_file_name(folder, entry, name);
  return godwit_platform_storage_read(folder->path, name, offset, data, size);
}

void godwit_folder_init(struct godwit_folder *folder, const char *path) {
  static const struct godwit_medium_ops ops = {
      .mount = mount,
      .write_state = write_state,
      .write_progress = write_state,
      .place = place,
      .open = open_incoming,
      .write = write_incoming,
      .sync = sync_incoming,
      .remove = remove_discarded,
      .read = read_entry,
  };
  memset(folder, 0, sizeof *folder);
  folder->medium.ops = &ops;
  size_t length = strlen(path);
  if (length <= GODWIT_FOLDER_PATH_MAX) memcpy(folder->path, path, length + 1);
}
