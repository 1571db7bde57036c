/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_STORE_MIGRATIONS_H
#define SERVER_STORE_MIGRATIONS_H
/* The SQL files of migrations/, embedded by the build. The last has name 0. */
struct srv_migration {
  int version; /* of the schema after it: 1, 2, 3, ... without a gap */
  const char *name;
  const char *sql;
};
extern const struct srv_migration srv_sqlite_migrations[];
#endif
