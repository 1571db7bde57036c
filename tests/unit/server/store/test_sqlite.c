/* SPDX-License-Identifier: Apache-2.0 */
/* What is SQLite's own; the rest is in tests/contract/server. */
#include <sqlite3.h>
#include <stdlib.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/store/migrations.h"
#include "server/store/store_sqlite.h"
#include "tests/support/test.h"

static const char *database_path(void) {
  static char path[512];
  snprintf(path, sizeof(path), "%s/test.db", test_temporary_folder());
  return path;
}

static void execute(const char *path, const char *sql) {
  sqlite3 *db;
  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  char *message = NULL;
  if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK) fail_msg("%s", message);
  sqlite3_close(db);
}

static struct srv_store *open_or_fail(const char *path) {
  char error[SRV_ERROR_MAX];
  struct srv_store *store = NULL;
  if (srv_store_sqlite_open(&store, path, error) != SRV_OK) fail_msg("%s", error);
  return store;
}

TEST(a_database_of_a_newer_program_is_refused_with_advice) {
  const char *path = database_path();
  struct srv_store *store = open_or_fail(path);
  store->ops->close(store);
  execute(path, "PRAGMA user_version = 9999");
  char error[SRV_ERROR_MAX];
  assert_int_equal(srv_store_sqlite_open(&store, path, error), SRV_ERR_INVALID);
  assert_non_null(strstr(error, "schema 9999"));
  assert_non_null(strstr(error, "newer godwit"));
}

TEST(a_database_of_another_program_is_refused_and_left_alone) {
  const char *path = database_path();
  execute(path, "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)");
  char error[SRV_ERROR_MAX];
  struct srv_store *store;
  assert_int_equal(srv_store_sqlite_open(&store, path, error), SRV_ERR_INVALID);
  assert_non_null(strstr(error, "another program"));
}

/* As the version of the program before captures left it. */
static void make_version_2(const char *path) {
  for (const struct srv_migration *each = srv_sqlite_migrations; each->version <= 2; each++) {
    execute(path, each->sql);
  }
  execute(path,
          "PRAGMA application_id = 1734637428; PRAGMA user_version = 2;"
          "INSERT INTO project VALUES ('p', 'Mine', 7, 1);"
          "INSERT INTO device VALUES ('d', 'p', 'kitchen', NULL, 1, 2, 3);"
          "INSERT INTO credential VALUES ('c', 'p', 'd', 'me', x'6b', 4);");
}

TEST(a_database_of_schema_2_is_upgraded_and_keeps_what_it_had) {
  const char *path = database_path();
  make_version_2(path);
  for (int again = 0; again < 2; again++) {
    struct srv_store *store = open_or_fail(path);
    struct srv_query all = {0};
    struct srv_device device;
    struct srv_credential credential;
    assert_int_equal(store->ops->get(store, SRV_DEVICE, &all, &device), SRV_OK);
    assert_string_equal(device.name, "kitchen");
    assert_int_equal(store->ops->get(store, SRV_CREDENTIAL, &all, &credential), SRV_OK);
    assert_string_equal(credential.identity, "me");
    struct srv_project project;
    assert_int_equal(store->ops->get(store, SRV_PROJECT, &all, &project), SRV_OK);
    assert_true(project.last_sequence_number == 7);
    struct srv_capture capture = {.project_id = "p", .device_id = "d", .inline_size = 1};
    snprintf(capture.id, sizeof(capture.id), "c%d", again);
    assert_int_equal(store->ops->insert(store, SRV_CAPTURE, &capture), SRV_OK);
    uint64_t total = 0;
    assert_int_equal(store->ops->list(store, SRV_CAPTURE, &all, NULL, NULL, &total), SRV_OK);
    assert_int_equal(total, again + 1);
    store->ops->close(store);
  }
}

/* As the version of the program before accounts left it. */
static void make_version_5(const char *path) {
  for (const struct srv_migration *each = srv_sqlite_migrations; each->version <= 5; each++) {
    execute(path, each->sql);
  }
  execute(
      path,
      "PRAGMA application_id = 1734637428; PRAGMA user_version = 5;"
      "INSERT INTO project (id, name, last_sequence_number, created_us) VALUES ('p', 'P', 0, 7);"
      "INSERT INTO project (id, name, last_sequence_number, created_us) VALUES ('q', 'Q', 0, 5);"
      "INSERT INTO api_key (id, project_id, name, enabled, hash, created_us, updated_us) "
      "VALUES ('k', NULL, 'first', 1, zeroblob(32), 1, 2);");
}

TEST(projects_of_before_accounts_are_in_the_default_organization_and_keys_are_admins) {
  const char *path = database_path();
  make_version_5(path);
  struct srv_store *store = open_or_fail(path);
  struct srv_query all = {0}, of_default = {0};
  struct srv_organization organization;
  struct srv_api_key key;
  uint64_t projects = 0;
  assert_int_equal(store->ops->get(store, SRV_ORGANIZATION, &all, &organization), SRV_OK);
  assert_string_equal(organization.id, "default");
  assert_int_equal(organization.created_us, 5);
  srv_query_text(&of_default, "organization_id", SRV_EQUALS, "default");
  assert_int_equal(store->ops->list(store, SRV_PROJECT, &of_default, NULL, NULL, &projects),
                   SRV_OK);
  assert_int_equal(projects, 2);
  assert_int_equal(store->ops->get(store, SRV_API_KEY, &all, &key), SRV_OK);
  assert_int_equal(key.role, 3); /* admin, as it was */
  assert_string_equal(key.scopes, "");
  assert_int_equal(key.expires_us, 0);
  store->ops->close(store);
}

TEST(an_upgrade_that_fails_leaves_the_old_database_as_it_was) {
  const char *path = database_path();
  make_version_2(path);
  execute(path, "CREATE TABLE capture (theirs)"); /* in the new one's way */
  char error[SRV_ERROR_MAX];
  struct srv_store *store = NULL;
  assert_int_not_equal(srv_store_sqlite_open(&store, path, error), SRV_OK);
  execute(path, "DROP TABLE capture");
  store = open_or_fail(path);
  store->ops->close(store);
}

TEST(a_file_that_is_no_database_is_refused) {
  const char *path = database_path();
  FILE *file = fopen(path, "w");
  for (int i = 0; i < 200; i++) fputs("this is no database, ", file);
  fclose(file);
  char error[SRV_ERROR_MAX];
  struct srv_store *store;
  assert_int_equal(srv_store_sqlite_open(&store, path, error), SRV_ERR_IO);
  assert_non_null(strstr(error, path));
  assert_non_null(strstr(error, "restore it from a backup"));
}

TEST(the_database_and_its_journals_are_closed_to_others) {
  static const char *const endings[] = {"", "-wal", "-shm"};
  const char *path = database_path();
  umask(0);
  for (int already_there = 0; already_there < 2; already_there++) {
    if (already_there) assert_int_equal(chmod(path, 0666), 0);
    struct srv_store *store = open_or_fail(path);
    for (size_t i = 0; i < 3; i++) {
      char name[600];
      struct stat info;
      snprintf(name, sizeof(name), "%s%s", path, endings[i]);
      assert_int_equal(stat(name, &info), 0);
      assert_int_equal(info.st_mode & S_IRWXO, 0);
    }
    store->ops->close(store);
  }
}

TEST(a_database_that_cannot_be_written_is_refused_at_once) {
  const char *path = database_path();
  struct srv_store *store = open_or_fail(path);
  store->ops->close(store);
  assert_int_equal(chmod(path, 0400), 0);
  pid_t child = fork(); /* root writes everything: try as somebody else */
  if (child == 0) {
    char error[SRV_ERROR_MAX];
    if (geteuid() == 0 && (chmod(test_temporary_folder(), 0777) != 0 ||
                           chown(path, 65534, 0) != 0 || setuid(65534) != 0)) {
      _exit(1);
    }
    bool refused = srv_store_sqlite_open(&store, path, error) == SRV_ERR_IO &&
                   strstr(error, "for writing: Permission denied") != NULL;
    _exit(refused ? 0 : 1);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
}

TEST(a_row_that_someone_made_too_long_is_an_error_and_no_overflow) {
  const char *path = database_path();
  struct srv_store *store = open_or_fail(path);
  struct srv_project project = {.id = "p", .name = "p"};
  assert_int_equal(store->ops->insert(store, SRV_PROJECT, &project), SRV_OK);
  store->ops->close(store);
  execute(path, "UPDATE project SET name = printf('%.500c', 'x')");
  store = open_or_fail(path);
  struct srv_query query = {0};
  assert_int_equal(store->ops->get(store, SRV_PROJECT, &query, &project), SRV_ERR_IO);
  assert_non_null(strstr(srv_store_error(store), "name"));
  store->ops->close(store);
}

TEST(each_commit_is_synced_and_the_journal_is_a_wal) {
  struct srv_store *store = open_or_fail(database_path());
  store->ops->close(store);
  sqlite3 *db;
  sqlite3_stmt *statement;
  assert_int_equal(sqlite3_open(database_path(), &db), SQLITE_OK);
  assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA journal_mode", -1, &statement, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
  assert_string_equal((const char *)sqlite3_column_text(statement, 0), "wal");
  sqlite3_finalize(statement);
  sqlite3_close(db);
}

static void limit_file_size(rlim_t bytes) {
  struct rlimit limit;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
  limit.rlim_cur = bytes;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

TEST(a_full_disk_refuses_writes_keeps_what_was_there_and_recovers) {
  signal(SIGXFSZ, SIG_IGN);
  struct srv_store *store = open_or_fail(database_path());
  struct srv_project project = {.id = "p", .name = "p"};
  assert_int_equal(store->ops->insert(store, SRV_PROJECT, &project), SRV_OK);
  limit_file_size(256 * 1024);
  struct srv_tag tag = {.project_id = "p"};
  int status = SRV_OK;
  int inserted = 0;
  for (; status == SRV_OK && inserted < 10000; inserted++) {
    snprintf(tag.id, sizeof(tag.id), "%d", inserted);
    snprintf(tag.name, sizeof(tag.name), "%d", inserted);
    status = store->ops->insert(store, SRV_TAG, &tag);
  }
  if (status != SRV_ERR_NO_SPACE) fail_msg("%d %s", status, srv_store_error(store));
  assert_non_null(strstr(srv_store_error(store), "disk is full"));
  uint64_t total = 0;
  struct srv_query all = {0};
  assert_int_equal(store->ops->list(store, SRV_TAG, &all, NULL, NULL, &total), SRV_OK);
  assert_int_equal(total, inserted - 1);

  /* In a transaction: all of it or nothing. */
  assert_int_equal(store->ops->begin(store), SRV_OK);
  status = SRV_OK;
  for (int i = 0; status == SRV_OK && i < 1000; i++) {
    snprintf(tag.id, sizeof(tag.id), "x%d", i);
    snprintf(tag.name, sizeof(tag.name), "x%d", i);
    status = store->ops->insert(store, SRV_TAG, &tag);
  }
  if (status == SRV_OK) {
    assert_int_equal(store->ops->commit(store), SRV_ERR_NO_SPACE);
  } else {
    store->ops->rollback(store);
  }
  assert_int_equal(store->ops->list(store, SRV_TAG, &all, NULL, NULL, &total), SRV_OK);
  assert_int_equal(total, inserted - 1);

  limit_file_size(RLIM_INFINITY);
  snprintf(tag.id, sizeof(tag.id), "last");
  snprintf(tag.name, sizeof(tag.name), "last");
  assert_int_equal(store->ops->insert(store, SRV_TAG, &tag), SRV_OK);
  store->ops->close(store);
}
