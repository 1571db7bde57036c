/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/session.h"

/* One setting: its names in the three places, and where it is kept. */
struct setting {
  const char *option;
  const char *environment;
  const char *key;
  char *value;
  size_t size;
  enum cli_source *source;
};
#define SETTING_COUNT 3

static void settings_of(struct cli_config *config, struct setting setting[SETTING_COUNT]) {
  setting[0] = (struct setting){"url",       "GODWIT_URL",       "url",
                                config->url, sizeof config->url, &config->url_source};
  setting[1] = (struct setting){"api-key",       "GODWIT_API_KEY",       "api-key",
                                config->api_key, sizeof config->api_key, &config->api_key_source};
  setting[2] = (struct setting){"project",       "GODWIT_PROJECT",       "project",
                                config->project, sizeof config->project, &config->project_source};
}

const char *cli_source_name(enum cli_source source) {
  static const char *const name[] = {"the default", "the config file", "the environment",
                                     "the command line", "standard input"};
  return name[source];
}

static int check(struct cli_session *session, const struct setting *setting, const char *value,
                 enum cli_source source) {
  size_t length = strlen(value);
  if (length == 0 || length >= setting->size) {
    return cli_misuse(session, "%s from %s has %zu characters, 1 to %zu are possible; correct it",
                      setting->key, cli_source_name(source), length, setting->size - 1);
  }
  for (size_t i = 0; i < length; i++) {
    /* A line break in a key would end its HTTP header and start another. */
    if ((unsigned char)value[i] <= ' ' || value[i] == 0x7f) {
      return cli_misuse(session, "%s from %s has a space or control character in it; correct it",
                        setting->key, cli_source_name(source));
    }
  }
  return CLI_OK;
}

static int set(struct cli_session *session, struct setting *setting, const char *value,
               enum cli_source source) {
  int status = check(session, setting, value, source);
  if (status != CLI_OK) return status;
  memcpy(setting->value, value, strlen(value) + 1);
  *setting->source = source;
  return CLI_OK;
}

int cli_config_ask_api_key(struct cli_session *session) {
  struct cli_config *config = &session->config;
  struct setting setting[SETTING_COUNT];
  settings_of(config, setting);
  int status = cli_read_secret(session, "API key", config->api_key, sizeof config->api_key);
  config->api_key_source = CLI_FROM_INPUT;
  return status == CLI_OK ? check(session, &setting[1], config->api_key, CLI_FROM_INPUT) : status;
}

static char *trimmed(char *text) {
  while (*text == ' ' || *text == '\t') text++;
  size_t length = strlen(text);
  while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL) text[--length] = 0;
  return text;
}

static int take_line(struct cli_session *session, struct setting *setting, char *line,
                     unsigned number) {
  char *key = trimmed(line);
  if (*key == 0 || *key == '#') return CLI_OK;
  char *equals = strchr(key, '=');
  if (equals != NULL) {
    *equals = 0;
    key = trimmed(key);
    for (size_t i = 0; i < SETTING_COUNT; i++) {
      if (strcmp(key, setting[i].key) == 0) {
        return set(session, &setting[i], trimmed(equals + 1), CLI_FROM_FILE);
      }
    }
  }
  return cli_fail(session,
                  "%s line %u is not 'url', 'api-key' or 'project' = value; correct it or run "
                  "`godwit login` again",
                  session->config.file, number);
}

static int load_file(struct cli_session *session, struct setting *setting) {
  if (session->config.file[0] == 0) return CLI_OK;
  FILE *file = fopen(session->config.file, "re");
  if (file == NULL) {
    if (errno == ENOENT || errno == ENOTDIR) return CLI_OK;
    return cli_fail(session, "cannot read %s: %s; correct its permissions", session->config.file,
                    strerror(errno));
  }
  struct stat info;
  if (fstat(fileno(file), &info) == 0 && (info.st_mode & 077) != 0) {
    cli_warn(session, "%s can be read by other users; run `chmod 600 %s`", session->config.file,
             session->config.file);
  }
  char line[1024];
  int status = CLI_OK;
  for (unsigned number = 1; status == CLI_OK && fgets(line, sizeof line, file) != NULL; number++) {
    status = take_line(session, setting, line, number);
  }
  explicit_bzero(line, sizeof line);
  fclose(file);
  return status;
}

static void find_file(struct cli_config *config) {
  const char *folder = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
  int length = -1;
  if (folder != NULL && folder[0] == '/') {
    length = snprintf(config->file, sizeof config->file, "%s/godwit/config", folder);
  } else if (home != NULL && home[0] != 0) {
    length = snprintf(config->file, sizeof config->file, "%s/.config/godwit/config", home);
  }
  if (length < 0 || (size_t)length >= sizeof config->file) config->file[0] = 0;
}

static int check_url(struct cli_session *session) {
  char *url = session->config.url;
  size_t length = strlen(url);
  while (length > 0 && url[length - 1] == '/') url[--length] = 0;
  const char *host = NULL;
  if (strncasecmp(url, "http://", 7) == 0) host = url + 7;
  if (strncasecmp(url, "https://", 8) == 0) host = url + 8;
  if (host != NULL && *host != 0 && *host != '/' && strpbrk(host, "?#@") == NULL) return CLI_OK;
  return cli_misuse(session,
                    "url '%s' from %s is no server's address; it looks like " CLI_URL_DEFAULT, url,
                    cli_source_name(session->config.url_source));
}

int cli_config_load(struct cli_session *session) {
  struct cli_config *config = &session->config;
  struct setting setting[SETTING_COUNT];
  memset(config, 0, sizeof *config);
  strcpy(config->url, CLI_URL_DEFAULT);
  strcpy(config->project, CLI_PROJECT_DEFAULT);
  settings_of(config, setting);
  find_file(config);
  int status = load_file(session, setting);
  for (size_t i = 0; i < SETTING_COUNT && status == CLI_OK; i++) {
    const char *option = cli_option(session, setting[i].option);
    const char *environment = getenv(setting[i].environment);
    if (option != NULL && strcmp(option, "-") != 0) {
      status = set(session, &setting[i], option, CLI_FROM_OPTION);
    } else if (environment != NULL && environment[0] != 0) {
      status = set(session, &setting[i], environment, CLI_FROM_ENVIRONMENT);
    }
  }
  return status == CLI_OK ? check_url(session) : status;
}

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

static bool write_file(const struct cli_config *config, const char *path) {
  (void)unlink(path);
  int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return false;
  FILE *file = fdopen(descriptor, "w");
  if (file == NULL) {
    close(descriptor);
    return false;
  }
  fprintf(file, "# Written by `godwit login`.\nurl = %s\nproject = %s\n", config->url,
          config->project);
  if (config->api_key[0] != 0) fprintf(file, "api-key = %s\n", config->api_key);
  bool good = fflush(file) == 0 && fsync(descriptor) == 0;
  return fclose(file) == 0 && good && rename(path, config->file) == 0;
}

int cli_config_save(struct cli_session *session) {
  const struct cli_config *config = &session->config;
  char path[CLI_PATH_MAX + 8];
  if (config->file[0] == 0) {
    return cli_fail(session,
                    "there is no home folder to keep the login in; set HOME, or use "
                    "GODWIT_URL, GODWIT_API_KEY and GODWIT_PROJECT");
  }
  int status = make_folders(session);
  if (status != CLI_OK) return status;
  snprintf(path, sizeof path, "%s.new", config->file);
  if (!write_file(config, path)) {
    int reason = errno;
    (void)unlink(path);
    return cli_fail(session, "cannot write %s: %s; the old one is unchanged", config->file,
                    strerror(reason));
  }
  return CLI_OK;
}
