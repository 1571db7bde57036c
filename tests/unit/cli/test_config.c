/* SPDX-License-Identifier: Apache-2.0 */
/* Where server, key and project come from, and how `godwit login` keeps them. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/test.h"
#include "tests/unit/cli/run.h"

static const char empty_list[] = "{\"list\":[],\"page\":0,\"perPage\":1000,\"total\":0}";

static const char *config_path(void) {
  static char path[1200];
  snprintf(path, sizeof path, "%s/.config/godwit/config", test_temporary_folder());
  return path;
}

static void forget_environment(void) {
  unsetenv("GODWIT_URL");
  unsetenv("GODWIT_API_KEY");
  unsetenv("GODWIT_PROJECT");
  unsetenv("XDG_CONFIG_HOME");
}

static void write_config(const char *text, mode_t mode) {
  char folder[1200];
  snprintf(folder, sizeof folder, "%s/.config", test_temporary_folder());
  mkdir(folder, 0700);
  snprintf(folder, sizeof folder, "%s/.config/godwit", test_temporary_folder());
  mkdir(folder, 0700);
  FILE *file = fopen(config_path(), "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
  chmod(config_path(), mode);
}

/* A server that answers everything, and the login file pointing at it. */
static struct fake *start(void) {
  static const char *replies[2];
  replies[0] = reply("200 OK", empty_list);
  forget_environment();
  return fake_start(replies);
}

TEST(login_keeps_the_key_where_only_its_owner_can_read_it) {
  struct fake *fake = start();
  struct stat status;
  static const char *const words[] = {"login", "--project", "greenhouse", NULL};
  umask(0);
  const struct run *run = run_cli_with_input("gw_secret\n", words);
  assert_status(run, CLI_OK);
  assert_contains(run->out, "greenhouse");
  assert_null(strstr(run->out, "gw_secret"));
  assert_null(strstr(run->err, "gw_secret"));
  assert_int_equal(stat(config_path(), &status), 0);
  assert_int_equal(status.st_mode & 0777, 0600);
  assert_contains(fake_requests(fake), "x-api-key: gw_secret\r\n");
  assert_contains(fake_requests(fake), "GET /v1/projects/greenhouse/tags?");
  /* And it is used from then on, without any environment. */
  unsetenv("GODWIT_URL");
  assert_status(RUN("device", "list"), CLI_OK);
  assert_contains(fake_requests(fake), "GET /v1/projects/greenhouse/devices?");
  fake_stop(fake);
}

TEST(login_replaces_a_file_that_others_could_read) {
  struct fake *fake = start();
  struct stat status;
  write_config("url = http://127.0.0.1:1\n", 0644);
  setenv("GODWIT_API_KEY", "gw_new", 1);
  const struct run *run = RUN("login");
  assert_status(run, CLI_OK);
  assert_contains(run->err, "can be read by other users; run `chmod 600");
  assert_int_equal(stat(config_path(), &status), 0);
  assert_int_equal(status.st_mode & 0777, 0600);
  fake_stop(fake);
}

TEST(login_that_the_server_refuses_changes_nothing) {
  static const char *replies[2];
  size_t size;
  forget_environment();
  replies[0] =
      reply("401 Unauthorized", "{\"code\":16,\"message\":\"unknown API key\",\"details\":[]}");
  struct fake *fake = fake_start(replies);
  write_config("api-key = gw_old\n", 0600);
  static const char *const words[] = {"login", NULL};
  const struct run *run = run_cli_with_input("gw_wrong\n", words);
  assert_status(run, CLI_FAILED);
  assert_error(run, "does not know the API key");
  assert_null(strstr(run->err, "gw_wrong"));
  char *kept = (char *)test_read_file(config_path(), &size);
  assert_string_equal(kept, "api-key = gw_old\n");
  free(kept);
  fake_stop(fake);
}

TEST(login_without_a_line_to_read_says_so) {
  struct fake *fake = start();
  assert_error(RUN("login"), "no API key on standard input");
  static const char *const words[] = {"login", NULL};
  char long_line[2000];
  memset(long_line, 'k', sizeof long_line);
  long_line[sizeof long_line - 2] = '\n';
  long_line[sizeof long_line - 1] = 0;
  assert_error(run_cli_with_input(long_line, words), "over 254 characters");
  fake_stop(fake);
}

TEST(login_with_a_key_that_no_header_could_carry_keeps_nothing) {
  struct fake *fake = start();
  struct stat status;
  static const char *const words[] = {"login", "--no-check", NULL};
  const struct run *run = run_cli_with_input("gw_secret and more\n", words);
  assert_status(run, CLI_USAGE);
  assert_error(run, "api-key from standard input has a space");
  assert_null(strstr(run->err, "gw_secret"));
  assert_int_equal(stat(config_path(), &status), -1);
  fake_stop(fake);
}

TEST(option_beats_environment_beats_file_beats_default) {
  struct fake *fake = start();
  char url[64];
  snprintf(url, sizeof url, "%s", getenv("GODWIT_URL"));
  char file[200];
  snprintf(file, sizeof file, "# mine\nurl = %s\nproject = from-file\napi-key=key-file\n", url);
  write_config(file, 0600);
  assert_status(RUN("tag", "list"), CLI_OK);
  assert_contains(fake_requests(fake), "GET /v1/projects/from-file/tags?");
  assert_contains(fake_requests(fake), "x-api-key: key-file\r\n");
  setenv("GODWIT_PROJECT", "from-environment", 1);
  setenv("GODWIT_API_KEY", "key-environment", 1);
  assert_status(RUN("tag", "list"), CLI_OK);
  assert_contains(fake_requests(fake), "GET /v1/projects/from-environment/tags?");
  assert_contains(fake_requests(fake), "x-api-key: key-environment\r\n");
  setenv("GODWIT_URL", "http://127.0.0.1:1", 1);
  assert_status(
      RUN("tag", "list", "--project", "from-option", "--api-key", "key-option", "--url", url),
      CLI_OK);
  assert_contains(fake_requests(fake), "GET /v1/projects/from-option/tags?");
  assert_contains(fake_requests(fake), "x-api-key: key-option\r\n");
  unlink(config_path());
  setenv("GODWIT_URL", url, 1);
  unsetenv("GODWIT_PROJECT");
  assert_status(RUN("tag", "list"), CLI_OK);
  assert_contains(fake_requests(fake), "GET /v1/projects/default/tags?");
  fake_stop(fake);
}

TEST(a_session_goes_to_the_server_that_gave_it_only) {
  struct fake *fake = start();
  char url[64], file[256];
  snprintf(url, sizeof url, "%s", getenv("GODWIT_URL"));
  unsetenv("GODWIT_API_KEY");
  unsetenv("GODWIT_URL");
  write_config("url = http://127.0.0.1:1\nsession = tok3n\ncsrf = cs3f\n", 0600);
  assert_status(RUN("tag", "list", "--url", url), CLI_OK);
  assert_null(strstr(fake_requests(fake), "tok3n"));
  setenv("GODWIT_URL", url, 1);
  assert_status(RUN("tag", "list"), CLI_OK);
  assert_null(strstr(fake_requests(fake), "tok3n"));
  snprintf(file, sizeof file, "url = %s\nsession = tok3n\ncsrf = cs3f\n", url);
  write_config(file, 0600);
  snprintf(file, sizeof file, "%s/", url);
  assert_status(RUN("tag", "list", "--url", file), CLI_OK);
  assert_contains(fake_requests(fake), "cookie: godwit_session=tok3n\r\n");
  fake_stop(fake);
}

TEST(a_line_of_the_file_that_makes_no_sense_is_named) {
  forget_environment();
  write_config("url = http://127.0.0.1:1\napikey = x\n", 0600);
  assert_error(
      RUN("tag", "list"),
      "config line 2 is neither 'url', 'api-key', 'project', 'session' or 'csrf' = value nor "
      "[PROFILE]");
  write_config("url\n", 0600);
  assert_error(RUN("tag", "list"), "config line 1 is neither");
  write_config("[../x]\n", 0600);
  assert_error(RUN("tag", "list"), "config line 1 is neither");
  write_config("[work]\nprofile = home\n", 0600);
  assert_error(RUN("tag", "list"), "config line 2 is neither");
  write_config("url = gopher://x\n", 0600);
  assert_error(RUN("tag", "list"), "url 'gopher://x' from the config file is no server's address");
}

TEST(profiles_keep_logins_apart) {
  struct fake *fake = start();
  unsetenv("GODWIT_PROFILE");
  assert_status(run_cli_with_input("gw_home\n", (const char *const[]){"login", NULL}), CLI_OK);
  static const char *const work[] = {"login", "--profile", "work", "--project", "greenhouse", NULL};
  assert_status(run_cli_with_input("gw_work\n", work), CLI_OK);
  assert_contains(fake_requests(fake), "x-api-key: gw_work\r\n");
  unsetenv("GODWIT_URL");
  /* The first stays the one in use. */
  assert_status(RUN("device", "list"), CLI_OK);
  assert_contains(fake_requests(fake), "GET /v1/projects/default/devices?");
  assert_status(RUN("device", "list", "--profile", "work"), CLI_OK);
  assert_contains(fake_requests(fake), "GET /v1/projects/greenhouse/devices?");
  setenv("GODWIT_PROFILE", "work", 1);
  assert_status(RUN("tag", "list"), CLI_OK);
  assert_contains(fake_requests(fake), "GET /v1/projects/greenhouse/tags?page=0&perPage=1000 ");
  unsetenv("GODWIT_PROFILE");
  assert_status(RUN("profile", "use", "work"), CLI_OK);
  assert_status(RUN("blueprint", "list"), CLI_OK);
  assert_contains(fake_requests(fake), "GET /v1/projects/greenhouse/blueprints?");
  const struct run *run = RUN("profile", "list");
  assert_status(run, CLI_OK);
  assert_contains(run->out, "greenhouse");
  assert_null(strstr(run->out, "gw_"));
  assert_status(RUN("profile", "delete", "work", "--yes"), CLI_OK);
  assert_status(RUN("profile", "delete", "work", "--yes"), CLI_USAGE);
  assert_status(RUN("device", "list"), CLI_OK); /* the default one again */
  fake_stop(fake);
}

TEST(a_key_of_the_file_goes_to_the_files_server_only) {
  struct fake *fake = start();
  write_config("url = http://127.0.0.1:1\napi-key = gw_file\n", 0600);
  assert_status(RUN("device", "list"), CLI_OK); /* GODWIT_URL names the fake one */
  assert_null(strstr(fake_requests(fake), "gw_file"));
  fake_stop(fake);
}

TEST(a_profile_that_is_not_there_is_named_before_anything_is_sent) {
  forget_environment();
  unsetenv("GODWIT_PROFILE");
  assert_error(RUN("tag", "list", "--profile", "wrok"), "there is no profile 'wrok'");
  assert_error(RUN("tag", "list", "--profile", "a b"), "not 'a b'");
  assert_error(RUN("login", "--profile", "../x"), "not '../x'");
}

/* A server that signs in and then takes the cookie and the token. */
TEST(an_account_signs_in_with_a_password_and_a_code) {
  static const char signed_in[] =
      "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nset-cookie: godwit_session=tok3n; "
      "HttpOnly\r\nconnection: close\r\ncontent-length: "
      "29\r\n\r\n{\"data\":{\"csrfToken\":\"c5rf\"}}";
  const char *replies[5];
  forget_environment();
  replies[0] =
      reply("401 Unauthorized",
            "{\"code\":16,\"message\":\"a code is needed\",\"details\":[{\"reason\":\"code\"}]}");
  replies[1] = signed_in;
  replies[2] = reply("200 OK", "{\"data\":{\"name\":\"beta\",\"id\":\"1\"}}");
  replies[3] = reply("401 Unauthorized", "{\"code\":16,\"message\":\"no session\",\"details\":[]}");
  replies[4] = NULL;
  struct fake *fake = fake_start(replies);
  static const char *const words[] = {"login", "--email", "ada@example.org", NULL};
  assert_status(run_cli_with_input("correct horse\n123456\n", words), CLI_OK);
  assert_contains(fake_requests(fake), "\"code\":\"123456\"");
  assert_null(strstr(fake_requests(fake), "x-api-key"));
  assert_status(RUN("tag", "create", "beta"), CLI_OK);
  assert_contains(fake_requests(fake), "cookie: godwit_session=tok3n\r\n");
  assert_contains(fake_requests(fake), "x-csrf-token: c5rf\r\n");
  assert_error(RUN("tag", "list"), "has ended; sign in again");
  fake_stop(fake);
}

TEST(a_wrong_password_is_told_in_the_servers_words_and_nothing_is_kept) {
  const char *replies[2];
  forget_environment();
  replies[0] = reply("401 Unauthorized",
                     "{\"code\":16,\"message\":\"e-mail or password is wrong\",\"details\":[]}");
  replies[1] = NULL;
  struct fake *fake = fake_start(replies);
  static const char *const words[] = {"login", "--email", "ada@example.org", NULL};
  assert_error(run_cli_with_input("wrong\n", words), "e-mail or password is wrong");
  assert_int_equal(access(config_path(), F_OK), -1);
  fake_stop(fake);
}

TEST(a_home_that_cannot_be_written_is_an_error_not_a_lost_key) {
  struct fake *fake = start();
  char file[1200];
  snprintf(file, sizeof file, "%s/plain", test_temporary_folder());
  fclose(fopen(file, "w"));
  setenv("XDG_CONFIG_HOME", file, 1);
  setenv("GODWIT_API_KEY", "gw_key", 1);
  const struct run *run = RUN("login");
  assert_status(run, CLI_FAILED);
  assert_error(run, "cannot");
  fake_stop(fake);
}
