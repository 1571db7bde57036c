/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/sql.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void srv_sql_init(struct srv_sql *sql, const struct srv_sql_dialect *dialect) {
  sql->length = 0;
  sql->text[0] = 0;
  sql->parameter_count = 0;
  sql->dialect = dialect;
}

__attribute__((format(printf, 2, 3))) static void add(struct srv_sql *sql, const char *format,
                                                      ...) {
  va_list arguments;
  va_start(arguments, format);
  int written =
      vsnprintf(sql->text + sql->length, sizeof(sql->text) - sql->length, format, arguments);
  va_end(arguments);
  if (written < 0 || (size_t)written >= sizeof(sql->text) - sql->length) {
    fprintf(stderr, "store: a statement is longer than SRV_SQL_MAX\n");
    abort();
  }
  sql->length += (size_t)written;
}

/* add for what is written most: a page of devices takes hundreds of these. */
static void put(struct srv_sql *sql, const char *text) {
  size_t length = strlen(text);
  if (length >= sizeof(sql->text) - sql->length) {
    fprintf(stderr, "store: a statement is longer than SRV_SQL_MAX\n");
    abort();
  }
  memcpy(sql->text + sql->length, text, length + 1);
  sql->length += length;
}

static void put_name(struct srv_sql *sql, const char *name) {
  put(sql, "\"");
  put(sql, name);
  put(sql, "\"");
}

static void add_numbered(struct srv_sql *sql, int number) {
  char text[16];
  size_t at = sizeof(text) - 1;
  text[at] = 0;
  for (; number > 0; number /= 10) text[--at] = (char)('0' + number % 10);
  text[--at] = sql->dialect->marker;
  put(sql, text + at);
}

static void add_parameter(struct srv_sql *sql) { add_numbered(sql, ++sql->parameter_count); }

/* Calls visit for each part of a comma-separated text that is not empty. */
static const char *next_part(const char **text, size_t *length) {
  const char *part = *text;
  while (*part == ',') part++;
  if (*part == 0) return NULL;
  *length = strcspn(part, ",");
  *text = part + *length;
  return part;
}

static bool is_list(const struct srv_column *column) { return column->type == SRV_COLUMN_LIST; }

static void add_columns(struct srv_sql *sql, const struct srv_table *table) {
  const char *separator = "";
  for (size_t i = 0; i < table->column_count; i++) {
    if (is_list(&table->column[i])) continue;
    put(sql, separator);
    put_name(sql, table->column[i].name);
    separator = ", ";
  }
}

static void add_assignments(struct srv_sql *sql, const struct srv_table *table, bool excluded) {
  const char *separator = "";
  for (size_t i = table->key_count; i < table->column_count; i++) {
    const struct srv_column *column = &table->column[i];
    if (is_list(column)) continue;
    add(sql, "%s\"%s\" = ", separator, column->name);
    if (excluded) {
      add(sql, "excluded.\"%s\"", column->name);
    } else {
      add_numbered(sql, (int)i + 1);
    }
    separator = ", ";
  }
}

void srv_sql_insert(struct srv_sql *sql, const struct srv_table *table, bool on_conflict_update) {
  add(sql, "INSERT INTO \"%s\" (", table->name);
  add_columns(sql, table);
  add(sql, ") VALUES (");
  for (size_t i = 0; i < table->column_count; i++) {
    if (is_list(&table->column[i])) continue;
    if (sql->parameter_count > 0) add(sql, ", ");
    add_parameter(sql);
  }
  add(sql, ")");
  if (!on_conflict_update) return;
  add(sql, " ON CONFLICT (");
  for (size_t i = 0; i < table->key_count; i++) {
    add(sql, "%s\"%s\"", i == 0 ? "" : ", ", table->column[i].name);
  }
  add(sql, ") DO UPDATE SET ");
  add_assignments(sql, table, true);
}

void srv_sql_update(struct srv_sql *sql, const struct srv_table *table) {
  add(sql, "UPDATE \"%s\" SET ", table->name);
  add_assignments(sql, table, false);
  for (size_t i = 0; i < table->key_count; i++) {
    add(sql, "%s\"%s\" = ", i == 0 ? " WHERE " : " AND ", table->column[i].name);
    add_numbered(sql, (int)i + 1);
  }
}

static bool is_one_part(const char *text) {
  size_t length;
  return next_part(&text, &length) != NULL && next_part(&text, &length) == NULL;
}

/* One value is an equality: an index then also gives the order. */
static void add_among(struct srv_sql *sql, const char *name, const char *text) {
  size_t length, count = 0;
  if (is_one_part(text)) {
    put_name(sql, name);
    put(sql, " = ");
    add_parameter(sql);
    return;
  }
  put_name(sql, name);
  put(sql, " IN (NULL");
  while (next_part(&text, &length) != NULL && count++ < SRV_AMONG_MAX) {
    put(sql, ", ");
    add_parameter(sql);
  }
  add(sql, ")");
}

static void add_has(struct srv_sql *sql, const char *list, const char *text) {
  size_t length, count = 0;
  add(sql, "1 = 1");
  while (next_part(&text, &length) != NULL && count++ < SRV_AMONG_MAX) {
    add(sql, " AND id IN (SELECT owner_id FROM \"%s\" WHERE value = ", list);
    add_parameter(sql);
    add(sql, ")");
  }
}

static bool is_null_test(const struct srv_column *column, const struct srv_condition *condition) {
  return column->type == SRV_COLUMN_REFERENCE && condition->match == SRV_EQUALS &&
         condition->text[0] == 0;
}

static void add_constant(struct srv_sql *sql, const struct srv_column *column,
                         const struct srv_condition *condition) {
  const char *sign = condition->match == SRV_AT_LEAST  ? ">="
                     : condition->match == SRV_AT_MOST ? "<="
                                                       : "=";
  add(sql, "\"%s\" %s %lld", column->name, sign, (long long)condition->number);
}

static void add_condition(struct srv_sql *sql, const struct srv_column *column,
                          const struct srv_condition *condition) {
  if (condition->is_constant) {
    add_constant(sql, column, condition);
    return;
  }
  if (is_null_test(column, condition)) {
    add(sql, "\"%s\" IS NULL", column->name);
    return;
  }
  switch (condition->match) {
    case SRV_EQUALS:
      add(sql, "\"%s\" = ", column->name);
      add_parameter(sql);
      break;
    case SRV_AT_LEAST:
      add(sql, "\"%s\" >= ", column->name);
      add_parameter(sql);
      break;
    case SRV_AT_MOST:
      add(sql, "\"%s\" <= ", column->name);
      add_parameter(sql);
      break;
    case SRV_CONTAINS:
      add(sql, "%s(lower(\"%s\"), lower(", sql->dialect->find_function, column->name);
      add_parameter(sql);
      add(sql, ")) > 0");
      break;
    case SRV_AMONG:
      add_among(sql, column->name, condition->text);
      break;
    case SRV_HAS:
      add_has(sql, column->name, condition->text);
      break;
  }
}

static void add_where(struct srv_sql *sql, const struct srv_table *table,
                      const struct srv_query *query) {
  for (size_t i = 0; i < query->condition_count; i++) {
    const struct srv_condition *condition = &query->condition[i];
    add(sql, i == 0 ? " WHERE " : " AND ");
    add_condition(sql, srv_column_named(table, condition->column), condition);
  }
}

void srv_sql_select(struct srv_sql *sql, const struct srv_table *table,
                    const struct srv_query *query) {
  add(sql, "SELECT ");
  add_columns(sql, table);
  add(sql, " FROM \"%s\"", table->name);
  add_where(sql, table, query);
  if (!query->unordered) {
    add(sql, " ORDER BY \"%s\"%s", table->order, query->newest_first ? " DESC" : "");
  }
  if (query->limit == 0 && query->offset == 0) return;
  /* Both numbers are ours: printed, so that the parameters are the conditions. */
  uint64_t limit = query->limit == 0 ? INT64_MAX : query->limit;
  add(sql, " LIMIT %llu OFFSET %llu", (unsigned long long)limit, (unsigned long long)query->offset);
}

void srv_sql_count(struct srv_sql *sql, const struct srv_table *table,
                   const struct srv_query *query) {
  add(sql, "SELECT count(*) FROM \"%s\"", table->name);
  add_where(sql, table, query);
}

void srv_sql_delete(struct srv_sql *sql, const struct srv_table *table,
                    const struct srv_query *query) {
  add(sql, "DELETE FROM \"%s\"", table->name);
  add_where(sql, table, query);
}

void srv_sql_list_select(struct srv_sql *sql, const struct srv_column *list) {
  add(sql, "SELECT value FROM \"%s\" WHERE owner_id = ", list->name);
  add_parameter(sql);
  add(sql, " ORDER BY position");
}

void srv_sql_list_select_many(struct srv_sql *sql, const struct srv_column *list,
                              size_t owner_count) {
  add(sql, "SELECT owner_id, value FROM \"%s\" WHERE owner_id IN (", list->name);
  for (size_t i = 0; i < owner_count; i++) {
    if (i > 0) put(sql, ", ");
    add_parameter(sql);
  }
  put(sql, ") ORDER BY owner_id, position");
}

void srv_sql_list_insert(struct srv_sql *sql, const struct srv_column *list) {
  add(sql, "INSERT INTO \"%s\" (owner_id, position, value) VALUES (", list->name);
  for (int i = 0; i < 3; i++) {
    if (i > 0) add(sql, ", ");
    add_parameter(sql);
  }
  add(sql, ")");
}

void srv_sql_list_delete(struct srv_sql *sql, const struct srv_column *list) {
  add(sql, "DELETE FROM \"%s\" WHERE owner_id = ", list->name);
  add_parameter(sql);
}

struct parameters {
  int (*visit)(void *context, int index, const struct srv_sql_value *value);
  void *context;
  int index;
};

static int emit(struct parameters *parameters, struct srv_sql_value value) {
  return parameters->visit(parameters->context, ++parameters->index, &value);
}

static int emit_parts(struct parameters *parameters, const char *text) {
  size_t length, count = 0;
  const char *part;
  while ((part = next_part(&text, &length)) != NULL && count++ < SRV_AMONG_MAX) {
    int status = emit(parameters, (struct srv_sql_value){.text = part, .length = length});
    if (status != SRV_OK) return status;
  }
  return SRV_OK;
}

static int emit_condition(struct parameters *parameters, const struct srv_column *column,
                          const struct srv_condition *condition) {
  if (is_null_test(column, condition) || condition->is_constant) return SRV_OK;
  if (condition->match == SRV_AMONG || condition->match == SRV_HAS) {
    return emit_parts(parameters, condition->text);
  }
  switch (column->type) {
    case SRV_COLUMN_TEXT:
    case SRV_COLUMN_REFERENCE:
      return emit(parameters, (struct srv_sql_value){.text = condition->text,
                                                     .length = strlen(condition->text)});
    case SRV_COLUMN_DIGEST:
      return emit(parameters, (struct srv_sql_value){.bytes = condition->bytes});
    default:
      return emit(parameters, (struct srv_sql_value){.number = condition->number});
  }
}

int srv_sql_each_parameter(const struct srv_table *table, const struct srv_query *query,
                           int (*visit)(void *context, int index,
                                        const struct srv_sql_value *value),
                           void *context) {
  struct parameters parameters = {.visit = visit, .context = context};
  for (size_t i = 0; i < query->condition_count; i++) {
    const struct srv_condition *condition = &query->condition[i];
    int status = emit_condition(&parameters, srv_column_named(table, condition->column), condition);
    if (status != SRV_OK) return status;
  }
  return SRV_OK;
}
