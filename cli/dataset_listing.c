/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/dataset_listing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/dataset_tar.h"
#include "cli/session.h"

#define FILES_MAX (2u * CLI_CLIPS_MAX) /* skipped ones included */

static int compare_names(const void *a, const void *b) {
  return strcmp(((const struct cli_listed *)a)->name, ((const struct cli_listed *)b)->name);
}

/* By name, then place: of two with one name, the later one counts, as when the
 * archive is unpacked. */
static int compare_places(const void *a, const void *b) {
  const struct cli_listed *left = a, *right = b;
  int order = strcmp(left->name, right->name);
  if (order != 0) return order;
  return left->offset < right->offset ? -1 : left->offset > right->offset;
}

static bool add(struct cli_listing *listing, const char *name, uint64_t offset, uint64_t size) {
  if (listing->count == listing->capacity) {
    size_t capacity = listing->capacity > 0 ? 2 * listing->capacity : 1024;
    void *grown = realloc(listing->file, capacity * sizeof *listing->file);
    if (grown == NULL) return false;
    listing->file = grown;
    listing->capacity = capacity;
  }
  char *copy = strdup(name);
  if (copy == NULL) return false;
  listing->file[listing->count++] =
      (struct cli_listed){.name = copy, .offset = offset, .size = (size_t)size};
  return true;
}

static int no_room(struct cli_session *session, const struct cli_dataset *dataset,
                   const struct cli_listing *listing) {
  if (listing->count < FILES_MAX) {
    return cli_fail(session, "no memory for the list of files in %s; close other programs",
                    dataset->path);
  }
  return cli_fail(session, "%s has over %u files; split it", dataset->path, FILES_MAX);
}

/* --- a folder ------------------------------------------------------------------- */

struct walk {
  struct cli_session *session;
  struct cli_dataset *dataset;
  struct cli_listing *listing;
};

/* Files of the folder `name` ("" for the top); folders one level down. */
static int walk_folder(struct walk *walk, const char *name);

static int walk_entry(struct walk *walk, const char *folder, const char *entry) {
  struct cli_dataset *dataset = walk->dataset;
  char path[1024];
  struct stat info;
  int length = snprintf(path, sizeof path, "%s%s%s", folder, *folder != 0 ? "/" : "", entry);
  if (length >= (int)sizeof path || !cli_path_is_plain(path)) {
    cli_skip(&dataset->skips, "its name is too long or has control characters: rename it", entry);
    return CLI_OK;
  }
  /* Links are followed: the folder is the caller's own. */
  if (fstatat(dataset->descriptor, path, &info, 0) != 0) {
    cli_skip(&dataset->skips, "it cannot be opened: check permissions and links", path);
    return CLI_OK;
  }
  if (S_ISDIR(info.st_mode)) return *folder == 0 ? walk_folder(walk, path) : CLI_OK;
  if (!S_ISREG(info.st_mode)) return CLI_OK;
  if (walk->listing->count < FILES_MAX && add(walk->listing, path, 0, (uint64_t)info.st_size)) {
    return CLI_OK;
  }
  return no_room(walk->session, dataset, walk->listing);
}

static int walk_folder(struct walk *walk, const char *name) {
  int descriptor = openat(walk->dataset->descriptor, *name != 0 ? name : ".",
                          O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *folder = descriptor >= 0 ? fdopendir(descriptor) : NULL;
  if (folder == NULL) {
    int status = cli_fail(walk->session, "cannot list %s/%s: %s; check its permissions",
                          walk->dataset->path, name, strerror(errno));
    if (descriptor >= 0) close(descriptor);
    return status;
  }
  int status = CLI_OK;
  for (struct dirent *entry; status == CLI_OK && (entry = readdir(folder)) != NULL;) {
    if (entry->d_name[0] != '.') status = walk_entry(walk, name, entry->d_name);
  }
  closedir(folder);
  return status;
}

/* --- an archive ----------------------------------------------------------------- */

static bool read_at(void *context, uint64_t offset, void *out, size_t size) {
  const struct cli_dataset *dataset = context;
  return pread(dataset->descriptor, out, size, (off_t)offset) == (ssize_t)size;
}

static const char *refusal(const struct cli_tar_entry *entry) {
  switch (entry->kind) {
    case CLI_TAR_LINK:
      return "it is a link in an archive: archive the file itself";
    case CLI_TAR_FOREIGN:
      return "it is no plain file of the archive, or its name is too long: unpack it, and name "
             "the folder";
    default:
      return cli_path_is_plain(entry->name)
                 ? NULL
                 : "its path leads out of the archive: make the archive again";
  }
}

static int list_archive(struct cli_session *session, struct cli_dataset *dataset,
                        struct cli_listing *listing, uint64_t size) {
  struct cli_tar tar = {.read = read_at, .context = dataset, .size = size};
  struct cli_tar_entry entry;
  int status;
  while ((status = cli_tar_next(&tar, &entry)) == CLI_TAR_ENTRY) {
    if (entry.kind == CLI_TAR_FOLDER) continue;
    const char *reason = refusal(&entry);
    if (reason != NULL) {
      cli_skip(&dataset->skips, reason, entry.name);
    } else if (listing->count >= FILES_MAX || !add(listing, entry.name, entry.offset, entry.size)) {
      return no_room(session, dataset, listing);
    }
  }
  if (status == CLI_TAR_END) return CLI_OK;
  return cli_fail(session, "cannot read the archive %s: %s", dataset->path,
                  cli_tar_status_text(status));
}

static void drop_repeated(struct cli_listing *listing) {
  size_t kept = 0;
  for (size_t i = 0; i < listing->count; i++) {
    if (i + 1 < listing->count && compare_names(&listing->file[i], &listing->file[i + 1]) == 0) {
      free(listing->file[i].name);
    } else {
      listing->file[kept++] = listing->file[i];
    }
  }
  listing->count = kept;
}

/* --- both ----------------------------------------------------------------------- */

int cli_listing_make(struct cli_session *session, struct cli_dataset *dataset,
                     struct cli_listing *listing) {
  struct stat info;
  int status;
  memset(listing, 0, sizeof *listing);
  if (fstat(dataset->descriptor, &info) != 0) {
    return cli_fail(session, "cannot look at %s: %s; check the path", dataset->path,
                    strerror(errno));
  }
  dataset->archive = !S_ISDIR(info.st_mode);
  if (dataset->archive && !S_ISREG(info.st_mode)) {
    return cli_fail(session, "%s is neither a folder nor a tar archive; name one", dataset->path);
  }
  if (dataset->archive) {
    status = list_archive(session, dataset, listing, (uint64_t)info.st_size);
  } else {
    struct walk walk = {session, dataset, listing};
    status = walk_folder(&walk, "");
  }
  if (listing->count > 0) {
    qsort(listing->file, listing->count, sizeof *listing->file, compare_places);
    drop_repeated(listing);
  }
  return status;
}

void cli_listing_free(struct cli_listing *listing) {
  for (size_t i = 0; i < listing->count; i++) free(listing->file[i].name);
  free(listing->file);
  memset(listing, 0, sizeof *listing);
}

const struct cli_listed *cli_listing_find(const struct cli_listing *listing, const char *name) {
  for (size_t low = 0, high = listing->count; low < high;) {
    size_t middle = low + (high - low) / 2;
    int order = strcmp(name, listing->file[middle].name);
    if (order == 0) return &listing->file[middle];
    if (order < 0) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return NULL;
}
