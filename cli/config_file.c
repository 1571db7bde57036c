/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/config_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/session.h"

static const char *const keys[] = {"url", "api-key", "project", "session", "csrf"};
#define KEY_COUNT (sizeof keys / sizeof keys[0])

bool cli_profile_name_is_good(const char *name) {
  static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  size_t length = strlen(name);
  return length > 0 && length < CLI_PROFILE_MAX && strspn(name, good) == length;
}

/* --- reading ---------------------------------------------------------------- */

static char *trimmed(char *text) {
  while (*text == ' ' || *text == '\t') text++;
  size_t length = strlen(text);
  while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL) text[--length] = 0;
  return text;
}

static bool is_key(const char *text) {
  for (size_t i = 0; i < KEY_COUNT; i++) {
    if (strcmp(text, keys[i]) == 0) return true;
  }
  return false;
}

/* "[NAME]" begins a profile. */
static bool take_heading(char *line, char profile[CLI_PROFILE_MAX]) {
  size_t length = strlen(line);
  if (length < 3 || line[0] != '[' || line[length - 1] != ']') return false;
  line[length - 1] = 0;
  if (!cli_profile_name_is_good(line + 1)) return false;
  memcpy(profile, line + 1, length - 1);
  return true;
}

static bool take_line(struct cli_config_file *file, char *text, char profile[CLI_PROFILE_MAX]) {
  char *line = trimmed(text), *equals = strchr(line, '=');
  if (line[0] == 0 || line[0] == '#') return true;
  if (line[0] == '[') return take_heading(line, profile);
  if (equals == NULL) return false;
  *equals = 0;
  char *key = trimmed(line), *value = trimmed(equals + 1);
  if (strcmp(key, "profile") == 0 && strcmp(profile, CLI_PROFILE_DEFAULT) == 0) {
    if (!cli_profile_name_is_good(value)) return false;
    snprintf(file->active, sizeof file->active, "%s", value);
    return true;
  }
  return is_key(key) && cli_config_file_add(file, profile, key, value);
}

static int take_lines(struct cli_session *session, struct cli_config_file *file, FILE *source) {
  char line[1024], profile[CLI_PROFILE_MAX] = CLI_PROFILE_DEFAULT;
  bool good = true;
  unsigned number = 0;
  while (good && fgets(line, sizeof line, source) != NULL) {
    number++;
    good = take_line(file, line, profile);
  }
  explicit_bzero(line, sizeof line);
  if (good) return CLI_OK;
  return cli_fail(
      session,
      "%s line %u is neither 'url', 'api-key', 'project', 'session' or 'csrf' = value nor "
      "[PROFILE]; correct it or run `godwit login` again",
      session->config.file, number);
}

int cli_config_file_read(struct cli_session *session, struct cli_config_file *file) {
  const char *path = session->config.file;
  memset(file, 0, sizeof *file);
  if (path[0] == 0) return CLI_OK;
  FILE *source = fopen(path, "re");
  if (source == NULL) {
    if (errno == ENOENT || errno == ENOTDIR) return CLI_OK;
    return cli_fail(session, "cannot read %s: %s; correct its permissions", path, strerror(errno));
  }
  struct stat info;
  if (fstat(fileno(source), &info) == 0 && (info.st_mode & 077) != 0) {
    cli_warn(session, "%s can be read by other users; run `chmod 600 %s`", path, path);
  }
  int status = take_lines(session, file, source);
  fclose(source);
  return status;
}

/* --- writing ---------------------------------------------------------------- */

static int make_folders(struct cli_session *session) {
  char path[CLI_PATH_MAX];
  strcpy(path, session->config.file);
  for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
      return cli_fail(session, "cannot create the folder %s: %s; create it yourself", path,
                      strerror(errno));
    }
    *slash = '/';
  }
  return CLI_OK;
}

static void write_profile(const struct cli_config_file *file, const char *profile, FILE *out) {
  for (size_t i = 0; i < file->count; i++) {
    const struct cli_config_entry *entry = &file->entry[i];
    if (strcmp(entry->profile, profile) == 0) fprintf(out, "%s = %s\n", entry->key, entry->value);
  }
}

/* Profiles in the order of their first line. */
static void write_lines(const struct cli_config_file *file, FILE *out) {
  fputs("# Written by `godwit login`.\n", out);
  if (file->active[0] != 0) fprintf(out, "profile = %s\n", file->active);
  write_profile(file, CLI_PROFILE_DEFAULT, out);
  for (size_t i = 0; i < file->count; i++) {
    const char *profile = file->entry[i].profile;
    bool written = strcmp(profile, CLI_PROFILE_DEFAULT) == 0;
    for (size_t k = 0; k < i && !written; k++) {
      written = strcmp(file->entry[k].profile, profile) == 0;
    }
    if (written) continue;
    fprintf(out, "\n[%s]\n", profile);
    write_profile(file, profile, out);
  }
}

static bool write_to(const struct cli_config_file *file, const char *path, const char *final) {
  (void)unlink(path);
  int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return false;
  FILE *out = fdopen(descriptor, "w");
  if (out == NULL) {
    close(descriptor);
    return false;
  }
  write_lines(file, out);
  bool good = fflush(out) == 0 && fsync(descriptor) == 0;
  return fclose(out) == 0 && good && rename(path, final) == 0;
}

int cli_config_file_write(struct cli_session *session, const struct cli_config_file *file) {
  const char *final = session->config.file;
  char path[CLI_PATH_MAX + 8];
  if (final[0] == 0) {
    return cli_fail(session,
                    "there is no home folder to keep the login in; set HOME, or use "
                    "GODWIT_URL, GODWIT_API_KEY and GODWIT_PROJECT");
  }
  int status = make_folders(session);
  if (status != CLI_OK) return status;
  snprintf(path, sizeof path, "%s.new", final);
  if (!write_to(file, path, final)) {
    int reason = errno;
    (void)unlink(path);
    return cli_fail(session, "cannot write %s: %s; the old one is unchanged", final,
                    strerror(reason));
  }
  return CLI_OK;
}

void cli_config_file_end(struct cli_config_file *file) { explicit_bzero(file, sizeof *file); }

/* --- entries ---------------------------------------------------------------- */

bool cli_config_file_has(const struct cli_config_file *file, const char *profile) {
  for (size_t i = 0; i < file->count; i++) {
    if (strcmp(file->entry[i].profile, profile) == 0) return true;
  }
  return false;
}

const char *cli_config_file_get(const struct cli_config_file *file, const char *profile,
                                const char *key) {
  for (size_t i = 0; i < file->count; i++) {
    const struct cli_config_entry *entry = &file->entry[i];
    if (strcmp(entry->profile, profile) == 0 && strcmp(entry->key, key) == 0) return entry->value;
  }
  return NULL;
}

void cli_config_file_remove(struct cli_config_file *file, const char *profile) {
  size_t kept = 0;
  for (size_t i = 0; i < file->count; i++) {
    if (strcmp(file->entry[i].profile, profile) != 0) file->entry[kept++] = file->entry[i];
  }
  file->count = kept;
  if (strcmp(file->active, profile) == 0) file->active[0] = 0;
}

bool cli_config_file_add(struct cli_config_file *file, const char *profile, const char *key,
                         const char *value) {
  if (value[0] == 0) return true;
  if (file->count == CLI_CONFIG_ENTRIES_MAX || strlen(value) >= CLI_URL_MAX) return false;
  struct cli_config_entry *entry = &file->entry[file->count++];
  snprintf(entry->profile, sizeof entry->profile, "%s", profile);
  snprintf(entry->key, sizeof entry->key, "%s", key);
  snprintf(entry->value, sizeof entry->value, "%s", value);
  return true;
}
