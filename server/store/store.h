/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_STORE_STORE_H
#define SERVER_STORE_STORE_H
/* Where the objects of core/types.h are kept. One interface, several
 * implementations (store_sqlite.h); core/ knows this header only. It keeps
 * rows and their references, it does not rule: what may be changed when is
 * the core's.
 *
 * An implementation maps each kind by its description in schema.h, so that a
 * new field is one line there and one migration. One thread uses a store.
 * Rows are the caller's; nothing returned is borrowed except srv_store_error. */
#include <stdint.h>

#include "server/core/status.h"
#include "server/core/types.h"

/* How a column is compared. */
enum srv_match {
  SRV_EQUALS,   /* text ("" in a reference: none), number or digest */
  SRV_CONTAINS, /* text: a part of it, ASCII case ignored, no wildcards */
  SRV_AMONG,    /* text: one of a comma-separated list of at most SRV_AMONG_MAX */
  SRV_HAS,      /* list column: has all of these elements, listed as for SRV_AMONG */
  SRV_AT_LEAST, /* number, or text in the order of its bytes */
  SRV_AT_MOST,  /* likewise */
};
#define SRV_AMONG_MAX 100 /* values of SRV_AMONG and SRV_HAS in one query, all together */

/* Which of text, number and bytes counts follows from the column's type. */
struct srv_condition {
  const char *column; /* a name of schema.c; an unknown one is our own mistake */
  enum srv_match match;
  const char *text;
  int64_t number;
  const uint8_t *bytes; /* GW_DIGEST_SIZE of them */
  bool is_constant;     /* the number stands in the statement itself */
};
#define SRV_CONDITIONS_MAX 20

struct srv_query {
  struct srv_condition condition[SRV_CONDITIONS_MAX]; /* all must hold */
  size_t condition_count;
  bool newest_first; /* default: oldest first */
  bool unordered;    /* in whatever order is cheapest */
  uint64_t offset;
  uint64_t limit; /* 0: all */
};

/* Called for each row of a list, in order; row dies with the call. The store
 * must not be used from inside. */
typedef void (*srv_row_visitor)(void *context, const void *row);

struct srv_store;
struct srv_store_ops {
  /* Transactions nest: an inner rollback undoes what was done since its begin,
   * only the outermost commit reaches the disk, and when it returns SRV_OK it
   * has. A failed commit has rolled back. A write outside of a transaction is
   * one of its own. */
  int (*begin)(struct srv_store *store);
  int (*commit)(struct srv_store *store);
  void (*rollback)(struct srv_store *store);

  /* What is read in between is of one moment, and cheaper. Does not nest; ended
   * by the first write as well. */
  void (*begin_reading)(struct srv_store *store);
  void (*end_reading)(struct srv_store *store);

  /* SRV_ERR_EXISTS: a unique text or the id is taken. SRV_ERR_NOT_FOUND: it
   * refers to an object that is not there. SRV_ERR_NO_SPACE: disk full. A
   * number id of 0 is given by the store and not written back. */
  int (*insert)(struct srv_store *store, enum srv_kind kind, const void *row);
  /* By key. SRV_ERR_NOT_FOUND when absent, else as insert. */
  int (*update)(struct srv_store *store, enum srv_kind kind, const void *row);
  /* Insert or, when the key is there, update. */
  int (*put)(struct srv_store *store, enum srv_kind kind, const void *row);
  /* The first row that fits, in the kind's order. SRV_ERR_NOT_FOUND: none. */
  int (*get)(struct srv_store *store, enum srv_kind kind, const struct srv_query *query, void *row);
  /* visit may be NULL to count only, total NULL not to count; total is of all
   * that fit, whatever offset and limit. */
  int (*list)(struct srv_store *store, enum srv_kind kind, const struct srv_query *query,
              srv_row_visitor visit, void *context, uint64_t *total);
  /* All rows that fit the conditions (offset and limit are ignored); what hangs
   * on them (a device's credentials, events) goes too. SRV_ERR_IN_USE: something
   * refers to one and nothing is removed. SRV_ERR_NOT_FOUND: none fits. */
  int (*remove)(struct srv_store *store, enum srv_kind kind, const struct srv_query *query);

  /* The number that the last insert of a row with a number id gave it. */
  int64_t (*last_serial)(struct srv_store *store);

  void (*close)(struct srv_store *store);
};

struct srv_store {
  const struct srv_store_ops *ops;
  char error[SRV_ERROR_MAX]; /* one line about the last failure */
};

static inline const char *srv_store_error(const struct srv_store *store) { return store->error; }

/* Adds conditions; past SRV_CONDITIONS_MAX is our own mistake. */
void srv_query_text(struct srv_query *query, const char *column, enum srv_match match,
                    const char *text);
void srv_query_number(struct srv_query *query, const char *column, enum srv_match match,
                      int64_t number);
/* A number of the program's, always the same there: an index of the rows that
 * fit it can be used. */
void srv_query_constant(struct srv_query *query, const char *column, enum srv_match match,
                        int64_t number);
void srv_query_digest(struct srv_query *query, const char *column, const uint8_t *digest);
#endif
