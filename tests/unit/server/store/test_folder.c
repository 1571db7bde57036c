/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/store/folder.h"
#include "tests/support/test.h"

static const char *path_of(const char *name) {
  static char path[512];
  snprintf(path, sizeof(path), "%s/%s", test_temporary_folder(), name);
  return path;
}

TEST(a_folder_and_its_parents_are_made_and_closed_to_others) {
  struct srv_folder folder;
  char error[SRV_ERROR_MAX] = "";
  const char *path = path_of("new/data");
  assert_int_equal(srv_folder_open(&folder, path, error), SRV_OK);
  struct stat info;
  assert_int_equal(stat(path, &info), 0);
  assert_int_equal(info.st_mode & 0777, 0700);
  srv_folder_close(&folder);
}

TEST(a_second_server_on_a_folder_is_told_who_has_it_and_what_to_do) {
  struct srv_folder first, second;
  char error[SRV_ERROR_MAX] = "", expected[64];
  const char *path = path_of("data");
  assert_int_equal(srv_folder_open(&first, path, error), SRV_OK);
  assert_int_equal(srv_folder_open(&second, path, error), SRV_ERR_BUSY);
  snprintf(expected, sizeof(expected), "another godwit server (pid %ld) uses ", (long)getpid());
  assert_non_null(strstr(error, expected));
  assert_non_null(strstr(error, "give --data another folder"));
  srv_folder_close(&first);
  assert_int_equal(srv_folder_open(&second, path, error), SRV_OK);
  srv_folder_close(&second);
}

TEST(a_killed_server_does_not_keep_its_folder) {
  struct srv_folder folder;
  char error[SRV_ERROR_MAX] = "";
  const char *path = path_of("data");
  pid_t child = fork();
  if (child == 0) _exit(srv_folder_open(&folder, path, error) == SRV_OK ? 0 : 1);
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(WEXITSTATUS(status), 0);
  assert_int_equal(srv_folder_open(&folder, path, error), SRV_OK);
  srv_folder_close(&folder);
}

TEST(a_file_where_the_folder_should_be_is_an_error_that_names_it) {
  struct srv_folder folder;
  char error[SRV_ERROR_MAX] = "";
  const char *path = path_of("file");
  FILE *file = fopen(path, "w");
  fclose(file);
  assert_int_not_equal(srv_folder_open(&folder, path, error), SRV_OK);
  assert_non_null(strstr(error, path));
  assert_int_not_equal(srv_folder_open(&folder, "", error), SRV_OK);
}
