/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H
/* What people read: tables and lists of facts. Text of the server is shown
 * with its control characters made visible, so that nobody's device name can
 * drive a terminal. */
#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

struct cli_session;

#define CLI_COLUMNS_MAX 10

/* Columns a terminal needs for UTF-8 text; a broken byte counts one. */
size_t cli_width(const char *text);
/* Copies text as it may be shown: control characters become '?', broken UTF-8
 * likewise; cut at a character where it is too long. */
void cli_printable(char *out, size_t size, const char *text);

/* A table is filled cell by cell, row after row. */
struct cli_table {
  const char *heading[CLI_COLUMNS_MAX]; /* borrowed */
  size_t columns;
  json_t *cells; /* array of strings, row by row */
};
void cli_table_init(struct cli_table *table, const char *const *heading, size_t columns);
/* NULL is shown as "-". */
void cli_table_add(struct cli_table *table, const char *text);
void cli_table_addf(struct cli_table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Prints ("none" where there is no row) and frees. */
void cli_table_print(struct cli_session *session, struct cli_table *table);

/* One fact of a record: "name      text". */
void cli_fact(struct cli_session *session, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The document of --json, and a line end. */
void cli_print_json(struct cli_session *session, const json_t *document);

/* A JSON value for people to read: indented, as long as it is, and nothing in it
 * drives the terminal. */
void cli_print_value(struct cli_session *session, const json_t *value);
/* The same in one line; the caller's to free, NULL without memory. */
char *cli_json_line(const json_t *value);

/* "2026-11-22 09:00:00Z" of the server's RFC 3339 text; other text as it is.
 * Returns out. */
const char *cli_format_time(char *out, size_t size, const char *text);
/* "24.2 KiB", exact bytes below 1 KiB. Returns out. */
const char *cli_format_bytes(char *out, size_t size, long long bytes);
#endif
