/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/store_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/store/file.h"
#include "server/store/migrations.h"
#include "server/store/schema.h"
#include "server/store/sql.h"

#define APPLICATION_ID 0x67647774 /* "gdwt": PRAGMA application_id */
#define STATEMENTS_MAX 96         /* prepared and kept; more than the server has queries */
#define BUSY_TIMEOUT_MS 5000      /* another process reads the file, e.g. sqlite3 */

struct statement {
  char *sql;
  size_t length;
  sqlite3_stmt *handle;
  uint64_t last_use;
  bool busy; /* being stepped: not to be evicted or shared */
};

struct store_sqlite {
  struct srv_store base;
  sqlite3 *db;
  struct statement statement[STATEMENTS_MAX];
  uint64_t use_count;
  unsigned depth;  /* of nested transactions */
  bool is_reading; /* a transaction is open for what is read */
  char *rows;      /* scratch: rows that wait for their lists */
  size_t rows_size;
  int doomed;         /* SQLite rolled the transaction back by itself: why */
  struct srv_sql sql; /* scratch */
};

static const struct srv_sql_dialect dialect = {.marker = '?', .find_function = "instr"};

static struct store_sqlite *self(struct srv_store *store) { return (struct store_sqlite *)store; }

__attribute__((format(printf, 3, 4))) static int fail(struct store_sqlite *store, int status,
                                                      const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(store->base.error, sizeof(store->base.error), format, arguments);
  va_end(arguments);
  return status;
}

/* --- errors ---------------------------------------------------------------- */

/* SQLite says SQLITE_FULL for ENOSPC only; a quota or a file size limit is an
 * I/O error to it, whose errno is still there: run and execute cleared it. */
static bool is_no_space(int code, int system_error) {
  if ((code & 0xff) == SQLITE_FULL) return true;
  if ((code & 0xff) != SQLITE_IOERR) return false;
  return system_error == ENOSPC || system_error == EFBIG || system_error == EDQUOT;
}

static int status_of(int code, int system_error) {
  if (is_no_space(code, system_error)) return SRV_ERR_NO_SPACE;
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return SRV_ERR_EXISTS;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return SRV_ERR_NOT_FOUND;
    default:
      break;
  }
  return (code & 0xff) == SQLITE_BUSY ? SRV_ERR_BUSY : SRV_ERR_IO;
}

static bool is_damaged(int code) {
  return (code & 0xff) == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

/* Puts SQLite's last failure into words; notes when it took the whole
 * transaction with it, which a full disk can do. */
static int fail_sqlite(struct store_sqlite *store, const char *what, const char *table) {
  int status = status_of(sqlite3_extended_errcode(store->db), errno);
  if (status == SRV_ERR_NO_SPACE) {
    fail(store, status, "%s %s: the disk is full", what, table);
  } else if (is_damaged(sqlite3_errcode(store->db))) {
    fail(store, status, "%s %s: %s; restore it from a backup", what, table,
         sqlite3_errmsg(store->db));
  } else {
    fail(store, status, "%s %s: %s", what, table, sqlite3_errmsg(store->db));
  }
  if (store->depth > 0 && sqlite3_get_autocommit(store->db)) store->doomed = status;
  return status;
}

static int fail_doomed(struct store_sqlite *store) {
  return fail(store, store->doomed, "the transaction was undone by an earlier failure");
}

/* --- statements ------------------------------------------------------------ */

static struct statement *find_statement(struct store_sqlite *store, const char *sql,
                                        size_t length) {
  struct statement *oldest = NULL;
  for (size_t i = 0; i < STATEMENTS_MAX; i++) {
    struct statement *statement = &store->statement[i];
    if (statement->busy) continue;
    if (statement->length == length && memcmp(statement->sql, sql, length) == 0) return statement;
    if (oldest == NULL || statement->last_use < oldest->last_use) oldest = statement;
  }
  return oldest;
}

static void drop_statement(struct statement *statement) {
  sqlite3_finalize(statement->handle);
  free(statement->sql);
  *statement = (struct statement){0};
}

/* The statement for store->sql, ready to bind; NULL on failure. Give it back
 * with end_statement. */
static struct statement *begin_statement(struct store_sqlite *store, const char *table) {
  struct statement *statement = find_statement(store, store->sql.text, store->sql.length);
  if (statement == NULL) {
    fail(store, SRV_ERR_INTERNAL, "too many statements at once");
    return NULL;
  }
  if (statement->length != store->sql.length ||
      memcmp(statement->sql, store->sql.text, statement->length) != 0) {
    drop_statement(statement);
    if (sqlite3_prepare_v3(store->db, store->sql.text, -1, SQLITE_PREPARE_PERSISTENT,
                           &statement->handle, NULL) != SQLITE_OK) {
      fail_sqlite(store, "cannot prepare a statement for", table);
      return NULL;
    }
    statement->length = store->sql.length;
    statement->sql = strdup(store->sql.text);
    if (statement->sql == NULL) {
      drop_statement(statement);
      fail(store, SRV_ERR_INTERNAL, "out of memory");
      return NULL;
    }
  }
  statement->last_use = ++store->use_count;
  statement->busy = true;
  return statement;
}

static void end_statement(struct statement *statement) {
  sqlite3_reset(statement->handle);
  sqlite3_clear_bindings(statement->handle);
  statement->busy = false;
}

static struct srv_sql *new_sql(struct store_sqlite *store) {
  srv_sql_init(&store->sql, &dialect);
  return &store->sql;
}

/* Runs a statement without rows. */
static int run(struct store_sqlite *store, struct statement *statement, const char *what,
               const char *table) {
  errno = 0;
  int code = sqlite3_step(statement->handle);
  int status = code == SQLITE_DONE ? SRV_OK : fail_sqlite(store, what, table);
  end_statement(statement);
  return status;
}

/* --- rows to parameters and back ------------------------------------------- */

static void bind_column(sqlite3_stmt *handle, int index, const struct srv_column *column,
                        const void *row) {
  const char *field = (const char *)row + column->offset;
  switch (column->type) {
    case SRV_COLUMN_TEXT:
      sqlite3_bind_text(handle, index, field, -1, SQLITE_STATIC);
      break;
    case SRV_COLUMN_REFERENCE:
      if (field[0] == 0) {
        sqlite3_bind_null(handle, index);
      } else {
        sqlite3_bind_text(handle, index, field, -1, SQLITE_STATIC);
      }
      break;
    case SRV_COLUMN_INT64:
      sqlite3_bind_int64(handle, index, *(const int64_t *)(const void *)field);
      break;
    case SRV_COLUMN_SERIAL:
      if (*(const int64_t *)(const void *)field == 0) {
        sqlite3_bind_null(handle, index);
      } else {
        sqlite3_bind_int64(handle, index, *(const int64_t *)(const void *)field);
      }
      break;
    case SRV_COLUMN_UINT32:
      sqlite3_bind_int64(handle, index, *(const uint32_t *)(const void *)field);
      break;
    case SRV_COLUMN_UINT8:
      sqlite3_bind_int64(handle, index, *(const uint8_t *)field);
      break;
    case SRV_COLUMN_BOOL:
      sqlite3_bind_int64(handle, index, *(const bool *)field ? 1 : 0);
      break;
    case SRV_COLUMN_DIGEST:
      sqlite3_bind_blob(handle, index, field, GW_DIGEST_SIZE, SQLITE_STATIC);
      break;
    case SRV_COLUMN_BYTES:
      sqlite3_bind_blob64(handle, index, field,
                          *(const size_t *)(const void *)((const char *)row + column->count_offset),
                          SQLITE_STATIC);
      break;
    case SRV_COLUMN_LIST:
      break;
  }
}

static void bind_row(sqlite3_stmt *handle, const struct srv_table *table, const void *row) {
  for (size_t i = 0; i < table->column_count; i++) {
    if (table->column[i].type == SRV_COLUMN_LIST) continue;
    bind_column(handle, (int)i + 1, &table->column[i], row);
  }
}

/* False when the value does not fit: the file was changed by someone else. */
static bool read_text(sqlite3_stmt *handle, int index, char *field, size_t size) {
  const unsigned char *text = sqlite3_column_text(handle, index);
  size_t length = (size_t)sqlite3_column_bytes(handle, index);
  if (length >= size) return false;
  if (length > 0) memcpy(field, text, length);
  field[length] = 0;
  return true;
}

static bool read_bytes(sqlite3_stmt *handle, int index, char *field, size_t size, size_t *count) {
  const void *bytes = sqlite3_column_blob(handle, index);
  size_t length = (size_t)sqlite3_column_bytes(handle, index);
  if (length > size) return false;
  if (length > 0) memcpy(field, bytes, length);
  *count = length;
  return true;
}

static bool read_column(sqlite3_stmt *handle, int index, const struct srv_column *column,
                        void *row) {
  char *field = (char *)row + column->offset;
  int64_t number = 0;
  size_t count = 0;
  switch (column->type) {
    case SRV_COLUMN_TEXT:
    case SRV_COLUMN_REFERENCE:
      return read_text(handle, index, field, column->size);
    case SRV_COLUMN_DIGEST:
      return read_bytes(handle, index, field, GW_DIGEST_SIZE, &count) && count == GW_DIGEST_SIZE;
    case SRV_COLUMN_BYTES:
      return read_bytes(handle, index, field, column->size,
                        (size_t *)(void *)((char *)row + column->count_offset));
    default:
      break;
  }
  number = sqlite3_column_int64(handle, index);
  switch (column->type) {
    case SRV_COLUMN_INT64:
    case SRV_COLUMN_SERIAL:
      *(int64_t *)(void *)field = number;
      return true;
    case SRV_COLUMN_UINT32:
      if (number < 0 || number > UINT32_MAX) return false;
      *(uint32_t *)(void *)field = (uint32_t)number;
      return true;
    case SRV_COLUMN_UINT8:
      if (number < 0 || number > UINT8_MAX) return false;
      *(uint8_t *)field = (uint8_t)number;
      return true;
    case SRV_COLUMN_BOOL:
      *(bool *)field = number != 0;
      return true;
    default:
      return true;
  }
}

static int read_list(struct store_sqlite *store, const struct srv_column *list, void *row) {
  srv_sql_list_select(new_sql(store), list);
  struct statement *statement = begin_statement(store, list->name);
  if (statement == NULL) return SRV_ERR_IO;
  sqlite3_bind_text(statement->handle, 1, row, -1, SQLITE_STATIC); /* the id comes first */
  size_t *count = (size_t *)(void *)((char *)row + list->count_offset);
  *count = 0;
  int code, status = SRV_OK;
  while ((code = sqlite3_step(statement->handle)) == SQLITE_ROW) {
    char *field = (char *)row + list->offset + *count * list->size;
    if (*count == list->count_max || !read_text(statement->handle, 0, field, list->size)) {
      status = fail(store, SRV_ERR_IO, "%s of %s: more or longer values than allowed", list->name,
                    (const char *)row);
      break;
    }
    (*count)++;
  }
  if (code != SQLITE_DONE && status == SRV_OK)
    status = fail_sqlite(store, "cannot read", list->name);
  end_statement(statement);
  return status;
}

/* --- the lists of many rows ------------------------------------------------- */

#define ROWS_AT_ONCE 100 /* rows that wait in memory for their lists */

/* How many owners the statement has room for: few sizes, so that few statements
 * are prepared. */
static size_t room_for(size_t count) {
  static const size_t rooms[] = {4, 24, ROWS_AT_ONCE};
  size_t i = 0;
  while (i + 1 < sizeof(rooms) / sizeof(rooms[0]) && rooms[i] < count) i++;
  return rooms[i];
}

struct row_block {
  const struct srv_table *table;
  char *rows;
  size_t size, count; /* bytes that there is room for, rows that are there */
};

static char *row_at(const struct row_block *block, size_t index) {
  return block->rows + index * block->table->row_size;
}

/* Values come owner by owner: mostly it is the row of the value before. */
static char *owner_of(const struct row_block *block, const char *id, size_t *last) {
  for (size_t i = 0; i < block->count; i++) {
    size_t index = (*last + i) % block->count;
    char *row = row_at(block, index);
    if (strcmp(row, id) != 0) continue;
    *last = index;
    return row;
  }
  return NULL;
}

static int take_list_value(struct store_sqlite *store, sqlite3_stmt *handle,
                           const struct row_block *block, const struct srv_column *list,
                           size_t *last) {
  const char *id = (const char *)sqlite3_column_text(handle, 0);
  char *row = id == NULL ? NULL : owner_of(block, id, last);
  if (row == NULL) return SRV_OK;
  size_t *count = (size_t *)(void *)(row + list->count_offset);
  char *field = row + list->offset + *count * list->size;
  if (*count == list->count_max || !read_text(handle, 1, field, list->size)) {
    return fail(store, SRV_ERR_IO, "%s of %s: more or longer values than allowed", list->name, row);
  }
  (*count)++;
  return SRV_OK;
}

static int read_list_of_all(struct store_sqlite *store, const struct row_block *block,
                            const struct srv_column *list) {
  srv_sql_list_select_many(new_sql(store), list, room_for(block->count));
  struct statement *statement = begin_statement(store, list->name);
  if (statement == NULL) return SRV_ERR_IO;
  for (size_t i = 0; i < block->count; i++) { /* the rest of the room is NULL */
    sqlite3_bind_text(statement->handle, (int)i + 1, row_at(block, i), -1, SQLITE_STATIC);
  }
  int code, status = SRV_OK;
  size_t last = 0;
  while (status == SRV_OK && (code = sqlite3_step(statement->handle)) == SQLITE_ROW) {
    status = take_list_value(store, statement->handle, block, list, &last);
  }
  if (status == SRV_OK && code != SQLITE_DONE) {
    status = fail_sqlite(store, "cannot read", list->name);
  }
  end_statement(statement);
  return status;
}

static int read_lists_of_all(struct store_sqlite *store, const struct row_block *block) {
  for (size_t i = 0; i < block->table->column_count && block->count > 0; i++) {
    const struct srv_column *column = &block->table->column[i];
    if (column->type != SRV_COLUMN_LIST) continue;
    int status = read_list_of_all(store, block, column);
    if (status != SRV_OK) return status;
  }
  return SRV_OK;
}

/* All columns but lists, which are empty then. */
static int read_columns(struct store_sqlite *store, sqlite3_stmt *handle,
                        const struct srv_table *table, void *row) {
  int index = 0;
  memset(row, 0, table->row_size);
  for (size_t i = 0; i < table->column_count; i++) {
    const struct srv_column *column = &table->column[i];
    if (column->type == SRV_COLUMN_LIST) continue;
    if (!read_column(handle, index++, column, row)) {
      return fail(store, SRV_ERR_IO, "%s: a row whose %s does not fit", table->name, column->name);
    }
  }
  return SRV_OK;
}

static int read_row(struct store_sqlite *store, sqlite3_stmt *handle, const struct srv_table *table,
                    void *row) {
  int status = read_columns(store, handle, table, row);
  for (size_t i = 0; status == SRV_OK && i < table->column_count; i++) {
    if (table->column[i].type == SRV_COLUMN_LIST) status = read_list(store, &table->column[i], row);
  }
  return status;
}

static int bind_value(void *context, int index, const struct srv_sql_value *value) {
  sqlite3_stmt *handle = context;
  int code;
  if (value->text != NULL) {
    code =
        sqlite3_bind_text64(handle, index, value->text, value->length, SQLITE_STATIC, SQLITE_UTF8);
  } else if (value->bytes != NULL) {
    code = sqlite3_bind_blob(handle, index, value->bytes, GW_DIGEST_SIZE, SQLITE_STATIC);
  } else {
    code = sqlite3_bind_int64(handle, index, value->number);
  }
  return code == SQLITE_OK ? SRV_OK : SRV_ERR_INTERNAL;
}

/* --- transactions ------------------------------------------------------------ */

static int execute(struct store_sqlite *store, const char *sql, const char *what) {
  errno = 0;
  if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK) return SRV_OK;
  return fail_sqlite(store, "cannot", what);
}

/* As execute, for what is said with each request: prepared once. */
static int execute_prepared(struct store_sqlite *store, const char *sql, const char *what) {
  struct srv_sql *scratch = new_sql(store);
  scratch->length = (size_t)snprintf(scratch->text, sizeof(scratch->text), "%s", sql);
  struct statement *statement = begin_statement(store, what);
  return statement == NULL ? SRV_ERR_IO : run(store, statement, "cannot", what);
}

static void store_end_reading(struct srv_store *base) {
  struct store_sqlite *store = self(base);
  if (!store->is_reading) return;
  store->is_reading = false;
  if (!sqlite3_get_autocommit(store->db)) execute_prepared(store, "COMMIT", "end reading");
}

/* On failure each statement reads by itself, as ever. */
static void store_begin_reading(struct srv_store *base) {
  struct store_sqlite *store = self(base);
  if (store->depth > 0 || store->is_reading) return;
  store->is_reading = execute_prepared(store, "BEGIN", "begin to read") == SRV_OK;
}

static int store_begin(struct srv_store *base) {
  struct store_sqlite *store = self(base);
  int status;
  store_end_reading(base);
  if (store->depth == 0) {
    store->doomed = SRV_OK;
    status = execute_prepared(store, "BEGIN IMMEDIATE", "begin a transaction");
  } else if (store->doomed != SRV_OK) {
    status = fail_doomed(store);
  } else {
    char sql[32];
    snprintf(sql, sizeof(sql), "SAVEPOINT s%u", store->depth);
    status = execute(store, sql, "begin a transaction");
  }
  if (status == SRV_OK) store->depth++;
  return status;
}

static void store_rollback(struct srv_store *base) {
  struct store_sqlite *store = self(base);
  store->depth--;
  if (sqlite3_get_autocommit(store->db)) return; /* SQLite has done it already */
  if (store->depth == 0) {
    sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return;
  }
  char sql[48];
  snprintf(sql, sizeof(sql), "ROLLBACK TO s%u; RELEASE s%u", store->depth, store->depth);
  sqlite3_exec(store->db, sql, NULL, NULL, NULL);
}

static int store_commit(struct srv_store *base) {
  struct store_sqlite *store = self(base);
  int status;
  if (store->doomed != SRV_OK) {
    status = fail_doomed(store);
  } else if (store->depth == 1) {
    status = execute_prepared(store, "COMMIT", "commit");
  } else {
    char sql[32];
    snprintf(sql, sizeof(sql), "RELEASE s%u", store->depth - 1);
    status = execute(store, sql, "commit");
  }
  if (status != SRV_OK) {
    store_rollback(base);
    return status;
  }
  store->depth--;
  return SRV_OK;
}

/* --- writing ----------------------------------------------------------------- */

static int write_list_values(struct store_sqlite *store, const struct srv_column *list,
                             const void *row) {
  size_t count = *(const size_t *)(const void *)((const char *)row + list->count_offset);
  for (size_t i = 0; i < count; i++) {
    srv_sql_list_insert(new_sql(store), list);
    struct statement *statement = begin_statement(store, list->name);
    if (statement == NULL) return SRV_ERR_IO;
    sqlite3_bind_text(statement->handle, 1, row, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement->handle, 2, (sqlite3_int64)i);
    sqlite3_bind_text(statement->handle, 3, (const char *)row + list->offset + i * list->size, -1,
                      SQLITE_STATIC);
    int status = run(store, statement, "cannot write", list->name);
    if (status != SRV_OK) return status;
  }
  return SRV_OK;
}

static int clear_list(struct store_sqlite *store, const struct srv_column *list, const void *row) {
  srv_sql_list_delete(new_sql(store), list);
  struct statement *statement = begin_statement(store, list->name);
  if (statement == NULL) return SRV_ERR_IO;
  sqlite3_bind_text(statement->handle, 1, row, -1, SQLITE_STATIC);
  return run(store, statement, "cannot clear", list->name);
}

static int write_lists(struct store_sqlite *store, const struct srv_table *table, const void *row,
                       bool fresh) {
  for (size_t i = 0; i < table->column_count; i++) {
    const struct srv_column *column = &table->column[i];
    if (column->type != SRV_COLUMN_LIST) continue;
    int status = fresh ? SRV_OK : clear_list(store, column, row);
    if (status == SRV_OK) status = write_list_values(store, column, row);
    if (status != SRV_OK) return status;
  }
  return SRV_OK;
}

enum write_mode { WRITE_INSERT, WRITE_UPDATE, WRITE_PUT };

static int write_columns(struct store_sqlite *store, const struct srv_table *table, const void *row,
                         enum write_mode mode) {
  struct srv_sql *sql = new_sql(store);
  if (mode == WRITE_UPDATE) {
    srv_sql_update(sql, table);
  } else {
    srv_sql_insert(sql, table, mode == WRITE_PUT);
  }
  struct statement *statement = begin_statement(store, table->name);
  if (statement == NULL) return SRV_ERR_IO;
  bind_row(statement->handle, table, row);
  int status = run(store, statement, "cannot write", table->name);
  if (status == SRV_OK && mode == WRITE_UPDATE && sqlite3_changes(store->db) == 0) {
    return fail(store, SRV_ERR_NOT_FOUND, "%s %s is not there", table->name, (const char *)row);
  }
  return status;
}

static int write_row(struct srv_store *base, enum srv_kind kind, const void *row,
                     enum write_mode mode) {
  const struct srv_table *table = srv_table_of(kind);
  int status = store_begin(base);
  if (status != SRV_OK) return status;
  status = write_columns(self(base), table, row, mode);
  if (status == SRV_OK) status = write_lists(self(base), table, row, mode == WRITE_INSERT);
  if (status == SRV_OK) return store_commit(base);
  store_rollback(base);
  return status;
}

static int store_insert(struct srv_store *base, enum srv_kind kind, const void *row) {
  return write_row(base, kind, row, WRITE_INSERT);
}

static int store_update(struct srv_store *base, enum srv_kind kind, const void *row) {
  return write_row(base, kind, row, WRITE_UPDATE);
}

static int store_put(struct srv_store *base, enum srv_kind kind, const void *row) {
  return write_row(base, kind, row, WRITE_PUT);
}

static int store_remove(struct srv_store *base, enum srv_kind kind, const struct srv_query *query) {
  struct store_sqlite *store = self(base);
  const struct srv_table *table = srv_table_of(kind);
  if (store->depth > 0 && store->doomed != SRV_OK) return fail_doomed(store);
  store_end_reading(base);
  srv_sql_delete(new_sql(store), table, query);
  struct statement *statement = begin_statement(store, table->name);
  if (statement == NULL) return SRV_ERR_IO;
  int status = srv_sql_each_parameter(table, query, bind_value, statement->handle);
  if (status != SRV_OK) {
    end_statement(statement);
    return fail(store, status, "cannot bind a value for %s", table->name);
  }
  status = run(store, statement, "cannot remove", table->name);
  if (status == SRV_ERR_NOT_FOUND) { /* a foreign key, seen from its other end */
    return fail(store, SRV_ERR_IN_USE, "%s is in use", table->name);
  }
  if (status == SRV_OK && sqlite3_changes(store->db) == 0) {
    return fail(store, SRV_ERR_NOT_FOUND, "no such %s", table->name);
  }
  return status;
}

/* --- reading ----------------------------------------------------------------- */

static struct statement *begin_query(struct store_sqlite *store, const struct srv_table *table,
                                     const struct srv_query *query) {
  struct statement *statement = begin_statement(store, table->name);
  if (statement == NULL) return NULL;
  if (srv_sql_each_parameter(table, query, bind_value, statement->handle) == SRV_OK) {
    return statement;
  }
  end_statement(statement);
  fail(store, SRV_ERR_INTERNAL, "cannot bind a value for %s", table->name);
  return NULL;
}

static int store_get(struct srv_store *base, enum srv_kind kind, const struct srv_query *query,
                     void *row) {
  struct store_sqlite *store = self(base);
  const struct srv_table *table = srv_table_of(kind);
  struct srv_query one = *query;
  one.limit = 1;
  srv_sql_select(new_sql(store), table, &one);
  struct statement *statement = begin_query(store, table, &one);
  if (statement == NULL) return SRV_ERR_IO;
  int code = sqlite3_step(statement->handle);
  int status;
  if (code == SQLITE_ROW) {
    status = read_row(store, statement->handle, table, row);
  } else if (code == SQLITE_DONE) {
    status = fail(store, SRV_ERR_NOT_FOUND, "no such %s", table->name);
  } else {
    status = fail_sqlite(store, "cannot read", table->name);
  }
  end_statement(statement);
  return status;
}

static int count_rows(struct store_sqlite *store, const struct srv_table *table,
                      const struct srv_query *query, uint64_t *total) {
  srv_sql_count(new_sql(store), table, query);
  struct statement *statement = begin_query(store, table, query);
  if (statement == NULL) return SRV_ERR_IO;
  int status = SRV_OK;
  if (sqlite3_step(statement->handle) == SQLITE_ROW) {
    *total = (uint64_t)sqlite3_column_int64(statement->handle, 0);
  } else {
    status = fail_sqlite(store, "cannot count", table->name);
  }
  end_statement(statement);
  return status;
}

static bool has_lists(const struct srv_table *table) {
  for (size_t i = 0; i < table->column_count; i++) {
    if (table->column[i].type == SRV_COLUMN_LIST) return true;
  }
  return false;
}

static int visit_block(struct store_sqlite *store, struct row_block *block, srv_row_visitor visit,
                       void *context) {
  int status = read_lists_of_all(store, block);
  for (size_t i = 0; status == SRV_OK && i < block->count; i++) visit(context, row_at(block, i));
  block->count = 0;
  return status;
}

/* Room for rows: the scratch, or memory of their own for a list that is read
 * while another is. */
static bool take_rows(struct store_sqlite *store, struct row_block *block, size_t size) {
  block->rows = store->rows;
  block->size = store->rows_size;
  store->rows = NULL;
  store->rows_size = 0;
  if (block->size >= size) return true;
  free(block->rows);
  block->size = size;
  block->rows = malloc(size);
  return block->rows != NULL;
}

static void give_rows(struct store_sqlite *store, const struct row_block *block) {
  free(store->rows);
  store->rows = block->rows;
  store->rows_size = block->size;
}

/* Rows go on as they come, or in blocks where they have lists. */
static int visit_rows(struct store_sqlite *store, const struct srv_table *table,
                      const struct srv_query *query, srv_row_visitor visit, void *context) {
  size_t room = !has_lists(table)                                 ? 1
                : query->limit > 0 && query->limit < ROWS_AT_ONCE ? (size_t)query->limit
                                                                  : ROWS_AT_ONCE;
  struct row_block block = {.table = table};
  if (!take_rows(store, &block, room * table->row_size)) {
    return fail(store, SRV_ERR_INTERNAL, "out of memory");
  }
  srv_sql_select(new_sql(store), table, query);
  struct statement *statement = begin_query(store, table, query);
  if (statement == NULL) {
    give_rows(store, &block);
    return SRV_ERR_IO;
  }
  int code, status = SRV_OK;
  while (status == SRV_OK && (code = sqlite3_step(statement->handle)) == SQLITE_ROW) {
    status = read_columns(store, statement->handle, table, row_at(&block, block.count++));
    if (status == SRV_OK && block.count == room) {
      status = visit_block(store, &block, visit, context);
    }
  }
  if (status == SRV_OK && code != SQLITE_DONE) {
    status = fail_sqlite(store, "cannot read", table->name);
  }
  if (status == SRV_OK) status = visit_block(store, &block, visit, context);
  end_statement(statement);
  give_rows(store, &block);
  return status;
}

static int store_list(struct srv_store *base, enum srv_kind kind, const struct srv_query *query,
                      srv_row_visitor visit, void *context, uint64_t *total) {
  const struct srv_table *table = srv_table_of(kind);
  int status = SRV_OK;
  if (total != NULL) status = count_rows(self(base), table, query, total);
  if (status == SRV_OK && visit != NULL) {
    status = visit_rows(self(base), table, query, visit, context);
  }
  return status;
}

static int64_t store_last_serial(struct srv_store *base) {
  return sqlite3_last_insert_rowid(self(base)->db);
}

/* --- opening and closing ------------------------------------------------------ */

static void store_close(struct srv_store *base) {
  struct store_sqlite *store = self(base);
  for (size_t i = 0; i < STATEMENTS_MAX; i++) drop_statement(&store->statement[i]);
  sqlite3_close(store->db);
  free(store->rows);
  free(store);
}

static const struct srv_store_ops sqlite_ops = {
    .begin = store_begin,
    .commit = store_commit,
    .rollback = store_rollback,
    .begin_reading = store_begin_reading,
    .end_reading = store_end_reading,
    .insert = store_insert,
    .update = store_update,
    .put = store_put,
    .get = store_get,
    .list = store_list,
    .remove = store_remove,
    .last_serial = store_last_serial,
    .close = store_close,
};

static int64_t pragma_number(struct store_sqlite *store, const char *pragma) {
  sqlite3_stmt *handle = NULL;
  int64_t number = -1;
  if (sqlite3_prepare_v2(store->db, pragma, -1, &handle, NULL) == SQLITE_OK &&
      sqlite3_step(handle) == SQLITE_ROW) {
    number = sqlite3_column_int64(handle, 0);
  }
  sqlite3_finalize(handle);
  return number;
}

static int newest_version(void) {
  int version = 0;
  for (const struct srv_migration *each = srv_sqlite_migrations; each->name != NULL; each++) {
    version = each->version;
  }
  return version;
}

static int apply_migration(struct store_sqlite *store, const struct srv_migration *migration) {
  int status = store_begin(&store->base);
  if (status != SRV_OK) return status;
  char stamp[96];
  snprintf(stamp, sizeof(stamp), "PRAGMA user_version = %d; PRAGMA application_id = %d",
           migration->version, APPLICATION_ID);
  status = execute(store, migration->sql, migration->name);
  if (status == SRV_OK) status = execute(store, stamp, "stamp the schema's version");
  if (status == SRV_OK) return store_commit(&store->base);
  store_rollback(&store->base);
  return status;
}

static int check_ours(struct store_sqlite *store, const char *path, int64_t version) {
  int64_t application_id = pragma_number(store, "PRAGMA application_id");
  int64_t tables = pragma_number(store, "SELECT count(*) FROM sqlite_schema");
  if (tables < 0 || version < 0) return fail_sqlite(store, "cannot read", path);
  if (tables > 0 && application_id != APPLICATION_ID) {
    return fail(store, SRV_ERR_INVALID, "%s is a database of another program", path);
  }
  if (version > newest_version()) {
    return fail(store, SRV_ERR_INVALID,
                "%s has schema %d, this godwit knows up to %d: run the newer godwit that made it",
                path, (int)version, newest_version());
  }
  return SRV_OK;
}

static int migrate(struct store_sqlite *store, const char *path) {
  int64_t version = pragma_number(store, "PRAGMA user_version");
  int status = check_ours(store, path, version);
  for (const struct srv_migration *each = srv_sqlite_migrations;
       status == SRV_OK && each->name != NULL; each++) {
    if (each->version > version) status = apply_migration(store, each);
  }
  return status;
}

/* The file holds the devices' keys: nobody else may read it, whatever the
 * folder's mode. SQLite gives its journals the same mode. It would also open a
 * file that can only be read, and fail at the first write. */
static int make_private(struct store_sqlite *store, const char *path) {
  struct stat info;
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  bool good = fd >= 0 && fstat(fd, &info) == 0 &&
              ((info.st_mode & S_IRWXO) == 0 || fchmod(fd, info.st_mode & 0770) == 0);
  int system_error = errno;
  if (fd >= 0) close(fd);
  if (good) return SRV_OK;
  return fail(store, srv_file_status_of(system_error), "cannot open %s for writing: %s", path,
              strerror(system_error));
}

static int configure(struct store_sqlite *store, const char *path) {
  char what[SRV_ERROR_MAX];
  snprintf(what, sizeof(what), "use %.180s", path);
  sqlite3_busy_timeout(store->db, BUSY_TIMEOUT_MS);
  sqlite3_extended_result_codes(store->db, 1);
  return execute(store,
                 "PRAGMA journal_mode = WAL;"
                 "PRAGMA synchronous = FULL;" /* each commit is on the disk when it returns */
                 "PRAGMA foreign_keys = ON;"
                 "PRAGMA trusted_schema = OFF;"
                 "PRAGMA journal_size_limit = 16777216",
                 what);
}

int srv_store_sqlite_open(struct srv_store **out, const char *path, char error[SRV_ERROR_MAX]) {
  struct store_sqlite *store = calloc(1, sizeof(*store));
  if (store == NULL) {
    snprintf(error, SRV_ERROR_MAX, "out of memory");
    return SRV_ERR_INTERNAL;
  }
  store->base.ops = &sqlite_ops;
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  int status = make_private(store, path);
  if (status == SRV_OK && sqlite3_open_v2(path, &store->db, flags, NULL) != SQLITE_OK) {
    status = fail_sqlite(store, "cannot open", path);
  }
  if (status == SRV_OK) status = configure(store, path);
  if (status == SRV_OK) status = migrate(store, path);
  if (status != SRV_OK) {
    snprintf(error, SRV_ERROR_MAX, "%s", store->base.error);
    store_close(&store->base);
    return status;
  }
  *out = &store->base;
  return SRV_OK;
}
