/* SPDX-License-Identifier: Apache-2.0 */
/* `godwit capture export`: the labelled captures as one tar, or unpacked into a
 * folder, as training tools read them (docs/spec/export.md). The archive is
 * the server's, so its names are checked before anything is written. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/capture.h"
#include "cli/dataset_tar.h"
#include "cli/output.h"
#include "cli/verbs.h"

#define PATH_SIZE 4096

struct unpacking {
  struct cli_session *session;
  FILE *tar;
  const char *folder;
  size_t files, bytes;
};

static bool read_tar(void *context, uint64_t offset, void *out, size_t size) {
  FILE *tar = context;
  return fseeko(tar, (off_t)offset, SEEK_SET) == 0 && fread(out, 1, size, tar) == size;
}

/* Makes the folders of a name, one after the other; none may be a link. */
static int make_folders(struct unpacking *unpacking, const char *name, char path[PATH_SIZE]) {
  size_t base = strlen(unpacking->folder) + 1;
  if ((size_t)snprintf(path, PATH_SIZE, "%s/%s", unpacking->folder, name) >= PATH_SIZE) {
    return cli_misuse(unpacking->session, "the path of --output is too long; shorten it");
  }
  for (char *slash = path + base; (slash = strchr(slash, '/')) != NULL; slash++) {
    struct stat is;
    *slash = 0;
    bool made =
        mkdir(path, 0777) == 0 || (errno == EEXIST && lstat(path, &is) == 0 && S_ISDIR(is.st_mode));
    if (!made) {
      return cli_fail(unpacking->session, "cannot make %s: %s; choose another --output", path,
                      errno == EEXIST ? "it is no folder" : strerror(errno));
    }
    *slash = '/';
  }
  return CLI_OK;
}

static int copy_file(struct unpacking *unpacking, const struct cli_tar_entry *entry,
                     const char *path) {
  char buffer[65536];
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (fd < 0) {
    return cli_fail(unpacking->session, "cannot create %s: %s; choose another --output", path,
                    strerror(errno));
  }
  bool good = true;
  for (uint64_t done = 0; good && done < entry->size;) {
    uint64_t left = entry->size - done;
    size_t part = left < sizeof buffer ? (size_t)left : sizeof buffer;
    errno = EIO; /* the archive was whole a moment ago */
    good = read_tar(unpacking->tar, entry->offset + done, buffer, part) &&
           write(fd, buffer, part) == (ssize_t)part;
    done += part;
  }
  if (close(fd) != 0) good = false;
  if (!good) {
    return cli_fail(unpacking->session, "cannot write %s: %s; free some space", path,
                    strerror(errno));
  }
  unpacking->files++;
  unpacking->bytes += (size_t)entry->size;
  return CLI_OK;
}

static int unpack_entry(struct unpacking *unpacking, const struct cli_tar_entry *entry) {
  char path[PATH_SIZE];
  if (entry->kind == CLI_TAR_FOLDER) return CLI_OK; /* made for its files */
  if (entry->kind != CLI_TAR_FILE || !cli_path_is_plain(entry->name)) {
    char name[CLI_TAR_NAME_MAX + 1];
    cli_printable(name, sizeof name, entry->name);
    return cli_fail(unpacking->session,
                    "the server's archive holds '%s', which is no plain file; nothing more is "
                    "unpacked: ask who runs the server",
                    name);
  }
  int status = make_folders(unpacking, entry->name, path);
  return status == CLI_OK ? copy_file(unpacking, entry, path) : status;
}

static int unpack(struct unpacking *unpacking, uint64_t size) {
  struct cli_tar tar = {.read = read_tar, .context = unpacking->tar, .size = size};
  struct cli_tar_entry entry;
  int found, status = CLI_OK;
  while ((found = cli_tar_next(&tar, &entry)) == CLI_TAR_ENTRY) {
    status = unpack_entry(unpacking, &entry);
    if (status != CLI_OK) return status;
  }
  if (found == CLI_TAR_END) return CLI_OK;
  return cli_fail(unpacking->session, "the server's archive: %s", cli_tar_status_text(found));
}

static bool is_empty(const char *path) {
  DIR *folder = opendir(path);
  const struct dirent *entry;
  bool empty = true;
  if (folder == NULL) return errno == ENOENT;
  while ((entry = readdir(folder)) != NULL) {
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) empty = false;
  }
  closedir(folder);
  return empty;
}

/* Counts what is in a tar, for the last line. */
static int count(struct unpacking *unpacking, uint64_t size) {
  struct cli_tar tar = {.read = read_tar, .context = unpacking->tar, .size = size};
  struct cli_tar_entry entry;
  int found;
  while ((found = cli_tar_next(&tar, &entry)) == CLI_TAR_ENTRY) {
    unpacking->files += entry.kind == CLI_TAR_FILE;
    unpacking->bytes += (size_t)entry.size;
  }
  if (found == CLI_TAR_END) return CLI_OK;
  return cli_fail(unpacking->session, "the server's archive: %s; try again",
                  cli_tar_status_text(found));
}

static bool is_tar_name(const char *path) {
  size_t length = strlen(path);
  return length > 4 && strcmp(path + length - 4, ".tar") == 0;
}

#define FILES_WITHOUT_CAPTURES 4 /* the manifest and the three lists */

static int finish(struct cli_session *session, const struct unpacking *unpacking,
                  const char *output) {
  char bytes[32];
  if (unpacking->files <= FILES_WITHOUT_CAPTURES) {
    cli_warn(session,
             "no capture that fits has a label; give them labels with "
             "`godwit capture label`");
  }
  if (session->json) {
    json_t *answer = json_pack("{s:s, s:I, s:I}", "output", output, "files",
                               (json_int_t)unpacking->files, "bytes", (json_int_t)unpacking->bytes);
    cli_print_json(session, answer);
    json_decref(answer);
  } else {
    cli_fact(session, "written", "%s", output);
    cli_fact(session, "files", "%zu, %s", unpacking->files,
             cli_format_bytes(bytes, sizeof bytes, (long long)unpacking->bytes));
  }
  return CLI_OK;
}

static int open_and_work(struct cli_session *session, const char *tar_path, const char *output,
                         bool unpacked) {
  struct stat is;
  struct unpacking unpacking = {.session = session, .folder = output};
  unpacking.tar = fopen(tar_path, "rb");
  if (unpacking.tar == NULL || fstat(fileno(unpacking.tar), &is) != 0) {
    if (unpacking.tar != NULL) fclose(unpacking.tar);
    return cli_fail(session, "cannot read %s: %s; try again", tar_path, strerror(errno));
  }
  int status =
      unpacked ? unpack(&unpacking, (uint64_t)is.st_size) : count(&unpacking, (uint64_t)is.st_size);
  fclose(unpacking.tar);
  return status == CLI_OK ? finish(session, &unpacking, output) : status;
}

int cli_capture_export(struct cli_session *session) {
  struct cli_address address;
  char partial[PATH_SIZE];
  const char *output = cli_option(session, "output");
  bool as_tar = is_tar_name(output);
  if (!as_tar && !cli_switch(session, "force") && !is_empty(output)) {
    return cli_misuse(session, "%s holds something already; choose another folder, or --force",
                      output);
  }
  cli_address_init(&address, session, "/captures/export");
  int status = cli_capture_filters(session, &address);
  cli_address_query(&address, "split", cli_option(session, "split"));
  if (status != CLI_OK) return status;
  if (as_tar) {
    status = cli_api_download_file(session, &address, output, -1);
    return status == CLI_OK ? open_and_work(session, output, output, false) : status;
  }
  if ((size_t)snprintf(partial, sizeof partial, "%s.export-%ld", output, (long)getpid()) >=
      sizeof partial) {
    return cli_misuse(session, "the path of --output is too long; shorten it");
  }
  /* Whole before anything is unpacked: a lost connection leaves no half folder. */
  status = cli_api_download_file(session, &address, partial, -1);
  if (status != CLI_OK) return status;
  if (mkdir(output, 0777) != 0 && errno != EEXIST) {
    status =
        cli_fail(session, "cannot make %s: %s; choose another --output", output, strerror(errno));
  } else {
    status = open_and_work(session, partial, output, true);
  }
  (void)unlink(partial);
  return status;
}
