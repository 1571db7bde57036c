/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_STORE_SQL_H
#define SERVER_STORE_SQL_H
/* SQL text from table descriptions and queries, shared by the SQL stores.
 * Parameters are numbered from 1 in the order in which their values are named
 * by srv_sql_each_parameter (conditions) or by the columns (insert, update). */
#include "server/store/schema.h"
#include "server/store/store.h"

/* SRV_AMONG_MAX values, whichever filters they are in (SRV_HAS takes some 80
 * bytes for each), the other conditions and the longest column list. */
#define SRV_SQL_MAX 16384

struct srv_sql {
  char text[SRV_SQL_MAX];
  size_t length;
  int parameter_count;
  const struct srv_sql_dialect *dialect;
};

struct srv_sql_dialect {
  char marker;               /* of a parameter's number: '?' SQLite, '$' PostgreSQL */
  const char *find_function; /* "instr" or "strpos": 1-based place of the second in the first */
};

void srv_sql_init(struct srv_sql *sql, const struct srv_sql_dialect *dialect);
/* All columns but lists, in order; on_conflict: update when the key is there. */
void srv_sql_insert(struct srv_sql *sql, const struct srv_table *table, bool on_conflict_update);
/* All columns but lists in order, keys included: the first is the first key. */
void srv_sql_update(struct srv_sql *sql, const struct srv_table *table);
void srv_sql_select(struct srv_sql *sql, const struct srv_table *table,
                    const struct srv_query *query);
void srv_sql_count(struct srv_sql *sql, const struct srv_table *table,
                   const struct srv_query *query);
void srv_sql_delete(struct srv_sql *sql, const struct srv_table *table,
                    const struct srv_query *query);
/* Lists: parameter 1 is the owner; insert: 2 position, 3 value. */
void srv_sql_list_select(struct srv_sql *sql, const struct srv_column *list);
/* Those of several owners, (owner_id, value), each owner's in order. */
void srv_sql_list_select_many(struct srv_sql *sql, const struct srv_column *list,
                              size_t owner_count);
void srv_sql_list_insert(struct srv_sql *sql, const struct srv_column *list);
void srv_sql_list_delete(struct srv_sql *sql, const struct srv_column *list);

/* A parameter's value: exactly one of text, bytes, or (both NULL) number. */
struct srv_sql_value {
  const char *text; /* not NUL-terminated */
  size_t length;
  const uint8_t *bytes; /* GW_DIGEST_SIZE */
  int64_t number;
};
/* Stops at, and returns, the first status of visit that is not SRV_OK. */
int srv_sql_each_parameter(const struct srv_table *table, const struct srv_query *query,
                           int (*visit)(void *context, int index,
                                        const struct srv_sql_value *value),
                           void *context);
#endif
