/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CONFIG_FILE_H
#define CLI_CONFIG_FILE_H
/* The config file as lines of `name = value`, by profile: what stands before
 * the first `[NAME]` is the profile "default". `profile = NAME` before it says
 * which one is used when nobody names another. Read whole, written whole by
 * rename with mode 0600. Holds secrets: wipe it with cli_config_file_end. */
#include <stdbool.h>
#include <stddef.h>

#include "cli/config.h"

struct cli_session;

#define CLI_CONFIG_ENTRIES_MAX 256
#define CLI_PROFILE_DEFAULT "default"

struct cli_config_entry {
  char profile[CLI_PROFILE_MAX];
  char key[16];
  char value[CLI_URL_MAX];
};
struct cli_config_file {
  char active[CLI_PROFILE_MAX]; /* "" when the file does not say */
  size_t count;
  struct cli_config_entry entry[CLI_CONFIG_ENTRIES_MAX];
};

/* Letters, digits, '.', '_' and '-'. */
bool cli_profile_name_is_good(const char *name);

/* A missing file is an empty one. CLI_FAILED, printed, for one that cannot be
 * read or understood. */
int cli_config_file_read(struct cli_session *session, struct cli_config_file *file);
int cli_config_file_write(struct cli_session *session, const struct cli_config_file *file);
void cli_config_file_end(struct cli_config_file *file);

bool cli_config_file_has(const struct cli_config_file *file, const char *profile);
/* NULL when the profile does not say. */
const char *cli_config_file_get(const struct cli_config_file *file, const char *profile,
                                const char *key);
void cli_config_file_remove(struct cli_config_file *file, const char *profile);
/* false: the file is full. An empty value is left out. */
bool cli_config_file_add(struct cli_config_file *file, const char *profile, const char *key,
                         const char *value);
#endif
