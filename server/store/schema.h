/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_STORE_SCHEMA_H
#define SERVER_STORE_SCHEMA_H
/* How the structs of core/types.h lie in tables: the one description from
 * which every SQL store builds its statements. Table and column names are the
 * same in all of them; the DDL is in migrations/. */
#include <stddef.h>

#include "server/core/types.h"

enum srv_column_type {
  SRV_COLUMN_TEXT,      /* char[size] */
  SRV_COLUMN_REFERENCE, /* char[size], "" is NULL */
  SRV_COLUMN_INT64,
  SRV_COLUMN_UINT32,
  SRV_COLUMN_UINT8,
  SRV_COLUMN_BOOL,
  SRV_COLUMN_DIGEST, /* uint8_t[GW_DIGEST_SIZE] */
  SRV_COLUMN_BYTES,  /* uint8_t[size], size_t at count_offset */
  SRV_COLUMN_SERIAL, /* int64_t key given by the store when 0 */
  SRV_COLUMN_LIST,   /* char[max][size], size_t at count_offset; a table of its
                      * own: (owner_id, position, value) */
};

enum srv_column_flags {
  SRV_COLUMN_SECRET = 1,   /* never shown in the audit log: "***" */
  SRV_COLUMN_VOLATILE = 2, /* kept by the server itself: no change that a person made */
  SRV_COLUMN_JSON = 4,     /* a text that holds JSON */
};

struct srv_column {
  const char *name; /* of a list: its table's name */
  enum srv_column_type type;
  size_t offset; /* in the struct */
  size_t size;   /* bytes of the array (of one element), NUL included */
  size_t count_offset;
  size_t count_max;
  unsigned flags; /* enum srv_column_flags */
};

struct srv_table {
  const char *name;
  size_t row_size;
  const struct srv_column *column;
  size_t column_count;
  size_t key_count;  /* the first columns are the key */
  const char *order; /* column that lists are ordered by */
};

const struct srv_table *srv_table_of(enum srv_kind kind);
/* Aborts on a name that the table has not: our own mistake. */
const struct srv_column *srv_column_named(const struct srv_table *table, const char *name);
#endif
