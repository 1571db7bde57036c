/* SPDX-License-Identifier: Apache-2.0 */
/* `godwit capture export`: the labelled captures as one tar, or unpacked into a
 * folder, as training tools read them (docs/spec/export.md).
 *
 * The archive is the server's, so it is not trusted: it comes whole into a file
 * of its own beside the output, every header of it is looked at, and only if
 * all are as the specification says does anything get its name or is unpacked. */
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
#define SUFFIX ".XXXXXX" /* of the archive while it comes */

struct export {
  struct cli_session *session;
  char output[PATH_SIZE]; /* without slashes at its end */
  bool as_tar, force;
  char partial[PATH_SIZE + sizeof SUFFIX]; /* "": there is none, or it has no name */
  FILE *archive;
  uint64_t archive_size;
  struct cli_tar watched; /* how far the headers were counted while it came */
  long long watched_files;
  size_t captures, files, skipped;
  uint64_t bytes;
  bool has_manifest;
};

static bool read_archive(void *context, uint64_t offset, void *out, size_t size) {
  uint8_t *to = out;
  while (size > 0) {
    ssize_t got = pread(fileno(context), to, size, (off_t)offset);
    if (got <= 0) return false;
    to += got;
    offset += (uint64_t)got;
    size -= (size_t)got;
  }
  return true;
}

static struct cli_tar tar_of(const struct export *export) {
  return (struct cli_tar){
      .read = read_archive, .context = export->archive, .size = export->archive_size};
}

/* --- what is asked for ---------------------------------------------------------------------- */

static bool ends_in_tar(const char *path) {
  size_t length = strlen(path);
  return length > 4 && strcmp(path + length - 4, ".tar") == 0;
}

static bool is_empty(const char *path) {
  DIR *folder = opendir(path);
  const struct dirent *entry;
  bool empty = folder != NULL;
  while (folder != NULL && (entry = readdir(folder)) != NULL) {
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) empty = false;
  }
  if (folder != NULL) closedir(folder);
  return empty;
}

/* Before anything is fetched: can it go there? */
static int check_output(const struct export *export) {
  struct stat is;
  const char *output = export->output;
  if (stat(output, &is) != 0) {
    if (errno == ENOENT) return CLI_OK;
    return cli_fail(export->session, "cannot look at %s: %s; choose another --output", output,
                    strerror(errno));
  }
  if (export->as_tar) {
    if (!S_ISDIR(is.st_mode)) return CLI_OK; /* a newer export in the place of an older one */
    return cli_misuse(export->session, "%s is a folder; a tar needs another name", output);
  }
  if (!S_ISDIR(is.st_mode)) {
    return cli_misuse(export->session,
                      "%s is no folder; choose another --output, or end it in .tar", output);
  }
  if (export->force || is_empty(output)) return CLI_OK;
  return cli_misuse(export->session,
                    "%s holds something already; choose another folder, or --force", output);
}

static int read_output(struct export *export) {
  const char *output = cli_option(export->session, "output");
  size_t length = strlen(output);
  while (length > 1 && output[length - 1] == '/') length--;
  if (length >= sizeof export->output) {
    return cli_misuse(export->session, "the path of --output is too long; shorten it");
  }
  memcpy(export->output, output, length);
  export->as_tar = length == strlen(output) && ends_in_tar(export->output);
  export->force = cli_switch(export->session, "force");
  return check_output(export);
}

/* --- fetching --------------------------------------------------------------------------------- */

/* Beside the output, so that a tar can get its name in one step. For a folder
 * it loses its name at once: whatever happens, it leaves no trace. */
static int open_archive(struct export *export) {
  snprintf(export->partial, sizeof export->partial, "%s" SUFFIX, export->output);
  int fd = mkostemp(export->partial, O_CLOEXEC);
  if (fd >= 0) export->archive = fdopen(fd, "w+b");
  if (export->archive == NULL) {
    int status = cli_fail(export->session, "cannot create %s: %s; choose another --output",
                          export->partial, strerror(errno));
    if (fd >= 0) close(fd);
    export->partial[0] = 0;
    return status;
  }
  if (export->as_tar) return CLI_OK;
  (void)unlink(export->partial);
  export->partial[0] = 0;
  return CLI_OK;
}

/* Files that have begun to come; for the progress bar. */
static long long count_files(void *context) {
  struct export *export = context;
  struct cli_tar_entry entry;
  struct stat is;
  if (fstat(fileno(export->archive), &is) != 0) return 0;
  export->watched.size = (uint64_t)is.st_size;
  while (cli_tar_next(&export->watched, &entry) == CLI_TAR_ENTRY) {
    export->watched_files += strchr(entry.name, '/') != NULL;
  }
  return export->watched_files;
}

static int fetch(struct export *export, const struct cli_address *address) {
  struct stat is;
  export->watched = tar_of(export);
  int status = cli_api_download_counted(export->session, address, export->archive, count_files,
                                        export, "captures");
  if (status != CLI_OK) return status;
  if (fflush(export->archive) != 0 || fstat(fileno(export->archive), &is) != 0) {
    return cli_fail(export->session, "cannot keep the archive beside %s: %s; free some space",
                    export->output, strerror(errno));
  }
  export->archive_size = (uint64_t)is.st_size;
  return CLI_OK;
}

/* --- checking --------------------------------------------------------------------------------- */

/* LABEL/FILE or FILE; nothing is hidden, and nothing leads elsewhere. */
static bool is_expected(const struct cli_tar_entry *entry) {
  const char *slash = strchr(entry->name, '/');
  if (entry->kind != CLI_TAR_FILE || !cli_path_is_plain(entry->name)) return false;
  if (entry->name[0] == '.' || (slash != NULL && slash[1] == '.')) return false;
  return slash == NULL || strchr(slash + 1, '/') == NULL;
}

/* Lines of skipped.jsonl: captures that the server could not read. */
static size_t count_lines(const struct export *export, const struct cli_tar_entry *entry) {
  char buffer[4096];
  size_t lines = 0;
  for (uint64_t done = 0; done < entry->size;) {
    uint64_t left = entry->size - done;
    size_t part = left < sizeof buffer ? (size_t)left : sizeof buffer;
    if (!read_archive(export->archive, entry->offset + done, buffer, part)) break;
    for (size_t i = 0; i < part; i++) lines += buffer[i] == '\n';
    done += part;
  }
  return lines;
}

static void take_note(struct export *export, const struct cli_tar_entry *entry) {
  export->files++;
  export->bytes += entry->size;
  export->captures += strchr(entry->name, '/') != NULL;
  if (strcmp(entry->name, "manifest.jsonl") == 0) export->has_manifest = true;
  if (strcmp(entry->name, "skipped.jsonl") == 0) export->skipped = count_lines(export, entry);
}

static int check_archive(struct export *export) {
  struct cli_tar tar = tar_of(export);
  struct cli_tar_entry entry;
  int found;
  while ((found = cli_tar_next(&tar, &entry)) == CLI_TAR_ENTRY) {
    if (!is_expected(&entry)) {
      return cli_fail(export->session,
                      "the server's archive holds '%s', which has no place in an export; nothing "
                      "was written: ask who runs the server",
                      entry.name);
    }
    take_note(export, &entry);
  }
  if (found != CLI_TAR_END) {
    return cli_fail(export->session, "the server's archive: %s; nothing was written",
                    cli_tar_status_text(found));
  }
  if (export->has_manifest) return CLI_OK;
  return cli_fail(export->session,
                  "the server's archive ends before its manifest.jsonl; nothing was written: try "
                  "again");
}

/* --- unpacking -------------------------------------------------------------------------------- */

/* The folder of a name, which is none of somebody else's choosing: no link. */
static int make_folder(const struct export *export, char *path) {
  char *slash = strrchr(path, '/');
  struct stat is;
  *slash = 0;
  bool made =
      mkdir(path, 0777) == 0 || (errno == EEXIST && lstat(path, &is) == 0 && S_ISDIR(is.st_mode));
  int status = CLI_OK;
  if (!made) {
    status = cli_fail(export->session, "cannot make the folder %s: %s; choose another --output",
                      path, errno == EEXIST ? "something else is there" : strerror(errno));
  }
  *slash = '/';
  return status;
}

static bool write_all(int fd, const char *data, size_t size) {
  while (size > 0) {
    ssize_t written = write(fd, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    data += written;
    size -= (size_t)written;
  }
  return true;
}

static bool copy_bytes(const struct export *export, const struct cli_tar_entry *entry, int fd) {
  char buffer[65536];
  for (uint64_t done = 0; done < entry->size;) {
    uint64_t left = entry->size - done;
    size_t part = left < sizeof buffer ? (size_t)left : sizeof buffer;
    errno = EIO; /* the archive was whole a moment ago */
    if (!read_archive(export->archive, entry->offset + done, buffer, part)) return false;
    if (!write_all(fd, buffer, part)) return false;
    done += part;
  }
  return true;
}

/* Always a new file: what was there is replaced, never written into, so that a
 * link or a pipe of that name leads nowhere. */
static int unpack_entry(const struct export *export, const struct cli_tar_entry *entry) {
  char path[PATH_SIZE + CLI_TAR_NAME_MAX + 2];
  snprintf(path, sizeof path, "%s/%s", export->output, entry->name);
  int status = strchr(entry->name, '/') != NULL ? make_folder(export, path) : CLI_OK;
  if (status != CLI_OK) return status;
  if (export->force) (void)unlink(path);
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (fd < 0) {
    return cli_fail(export->session, "cannot create %s: %s; choose another --output", path,
                    strerror(errno));
  }
  bool good = copy_bytes(export, entry, fd);
  if (close(fd) != 0) good = false;
  if (good) return CLI_OK;
  return cli_fail(export->session, "cannot write %s: %s; free some space", path, strerror(errno));
}

static int unpack(const struct export *export) {
  struct cli_tar tar = tar_of(export);
  struct cli_tar_entry entry;
  if (mkdir(export->output, 0777) != 0 && errno != EEXIST) {
    return cli_fail(export->session, "cannot make the folder %s: %s; choose another --output",
                    export->output, strerror(errno));
  }
  while (cli_tar_next(&tar, &entry) == CLI_TAR_ENTRY) {
    int status = unpack_entry(export, &entry);
    if (status != CLI_OK) return status;
  }
  return CLI_OK;
}

/* With the rights that any new file would have, not mkstemp's. */
static int name_archive(struct export *export) {
  mode_t mask = umask(0);
  (void)umask(mask);
  (void)fchmod(fileno(export->archive), 0666 & ~mask);
  if (rename(export->partial, export->output) != 0) {
    return cli_fail(export->session, "cannot name the archive %s: %s; choose another --output",
                    export->output, strerror(errno));
  }
  export->partial[0] = 0;
  return CLI_OK;
}

/* --- the command ------------------------------------------------------------------------------ */

static void tell(const struct export *export) {
  char bytes[32];
  struct cli_session *session = export->session;
  if (export->captures == 0) {
    cli_warn(session,
             "no capture that fits has a label; give them labels with `godwit capture label`");
  }
  if (export->skipped > 0) {
    cli_warn(session, "%zu captures are left out, the server cannot read them: see skipped.jsonl",
             export->skipped);
  }
  if (session->json) {
    json_t *answer =
        json_pack("{s:s, s:I, s:I, s:I, s:I}", "output", export->output, "captures",
                  (json_int_t) export->captures, "skipped", (json_int_t) export->skipped, "files",
                  (json_int_t) export->files, "bytes", (json_int_t) export->bytes);
    cli_print_json(session, answer);
    json_decref(answer);
    return;
  }
  cli_fact(session, "written", "%s", export->output);
  cli_fact(session, "captures", "%zu", export->captures);
  cli_fact(session, "files", "%zu, %s", export->files,
           cli_format_bytes(bytes, sizeof bytes, (long long)export->bytes));
}

static int run(struct export *export) {
  struct cli_address address;
  cli_address_init(&address, export->session, "/captures/export");
  int status = read_output(export);
  if (status == CLI_OK) status = cli_capture_filters(export->session, &address);
  cli_address_query(&address, "split", cli_option(export->session, "split"));
  if (status == CLI_OK) status = open_archive(export);
  if (status == CLI_OK) status = fetch(export, &address);
  if (status == CLI_OK) status = check_archive(export);
  if (status == CLI_OK) status = export->as_tar ? name_archive(export) : unpack(export);
  if (status == CLI_OK) tell(export);
  if (export->archive != NULL) fclose(export->archive);
  if (export->partial[0] != 0) (void)unlink(export->partial);
  return status;
}

int cli_capture_export(struct cli_session *session) {
  struct export *export = calloc(1, sizeof *export);
  if (export == NULL) return cli_fail(session, "no memory for an export; free some");
  export->session = session;
  int status = run(export);
  free(export);
  return status;
}
