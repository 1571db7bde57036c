/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/session.h"

#define CELL_MAX 1024

/* Takes one character; a broken one is one byte, code 0xFFFD. */
static size_t decode_utf8(const char *text, uint32_t *code) {
  static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
  const uint8_t *byte = (const uint8_t *)text;
  size_t length = byte[0] < 0x80 ? 1 : byte[0] >> 5 == 6 ? 2 : byte[0] >> 4 == 14 ? 3 : 0;
  if (byte[0] >> 3 == 30) length = 4;
  *code = 0xFFFD;
  if (length == 0) return 1;
  uint32_t value = length == 1 ? byte[0] : byte[0] & (0x7Fu >> length);
  for (size_t i = 1; i < length; i++) {
    if (byte[i] >> 6 != 2) return 1; /* the NUL ends here too */
    value = value << 6 | (byte[i] & 0x3Fu);
  }
  if (value < least[length] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return 1;
  *code = value;
  return length;
}

struct range {
  uint32_t first, last;
};

static int within(const struct range *range, size_t count, uint32_t code) {
  for (size_t i = 0; i < count; i++) {
    if (code >= range[i].first && code <= range[i].last) return 1;
  }
  return 0;
}

/* Control characters, and those that turn the direction of writing: a name
 * with U+202E could show one thing and mean another. */
static int is_control(uint32_t code) {
  static const struct range control[] = {{0, 0x1F},        {0x7F, 0x9F},     {0x200E, 0x200F},
                                         {0x2028, 0x202E}, {0x2066, 0x2069}, {0xFEFF, 0xFEFF}};
  return within(control, sizeof control / sizeof control[0], code);
}

/* The blocks that matter of Unicode's East Asian Width and combining marks. */
static size_t code_width(uint32_t code) {
  static const struct range none[] = {{0x300, 0x36F},   {0x483, 0x489},   {0x591, 0x5BD},
                                      {0x610, 0x61A},   {0x64B, 0x65F},   {0x1AB0, 0x1AFF},
                                      {0x1DC0, 0x1DFF}, {0x200B, 0x200D}, {0x20D0, 0x20FF},
                                      {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};
  static const struct range wide[] = {{0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0x33FF},
                                      {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},
                                      {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE4F},
                                      {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F},
                                      {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
  if (within(none, sizeof none / sizeof none[0], code)) return 0;
  return within(wide, sizeof wide / sizeof wide[0], code) ? 2 : 1;
}

size_t cli_width(const char *text) {
  size_t width = 0;
  while (*text != 0) {
    uint32_t code;
    text += decode_utf8(text, &code);
    width += code_width(code);
  }
  return width;
}

void cli_printable(char *out, size_t size, const char *text) {
  size_t used = 0;
  while (*text != 0) {
    uint32_t code;
    size_t length = decode_utf8(text, &code);
    int bad = is_control(code) || (code == 0xFFFD && length == 1);
    size_t needed = bad ? 1 : length;
    if (used + needed >= size) break;
    if (bad) {
      out[used] = '?';
    } else {
      memcpy(out + used, text, length);
    }
    used += needed;
    text += length;
  }
  out[used] = 0;
}

/* In place: it never gets longer. */
static void make_printable(char *text) {
  size_t size = strlen(text) + 1;
  char *clean = malloc(size);
  if (clean == NULL) {
    text[0] = 0; /* rather nothing than what drives the terminal */
    return;
  }
  cli_printable(clean, size, text);
  memcpy(text, clean, strlen(clean) + 1);
  free(clean);
}

void cli_table_init(struct cli_table *table, const char *const *heading, size_t columns) {
  memset(table, 0, sizeof *table);
  for (size_t i = 0; i < columns; i++) table->heading[i] = heading[i];
  table->columns = columns;
  table->cells = json_array();
}

void cli_table_add(struct cli_table *table, const char *text) {
  char clean[CELL_MAX];
  cli_printable(clean, sizeof clean, text != NULL && *text != 0 ? text : "-");
  json_array_append_new(table->cells, json_string(clean));
}

void cli_table_addf(struct cli_table *table, const char *format, ...) {
  char text[CELL_MAX];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  cli_table_add(table, text);
}

static const char *cell(const struct cli_table *table, size_t index) {
  const char *text = json_string_value(json_array_get(table->cells, index));
  return text != NULL ? text : "-";
}

static void print_padded(FILE *out, const char *text, size_t width, int last) {
  fputs(text, out);
  size_t used = cli_width(text);
  for (size_t i = used; !last && i < width + 2; i++) fputc(' ', out);
}

void cli_table_print(struct cli_session *session, struct cli_table *table) {
  size_t count = json_array_size(table->cells), columns = table->columns;
  size_t width[CLI_COLUMNS_MAX] = {0};
  FILE *out = session->out;
  assert(columns > 0 && columns <= CLI_COLUMNS_MAX);
  for (size_t i = 0; i < columns; i++) width[i] = cli_width(table->heading[i]);
  for (size_t i = 0; i < count; i++) {
    size_t needed = cli_width(cell(table, i));
    if (needed > width[i % columns]) width[i % columns] = needed;
  }
  if (count == 0) {
    fputs("none\n", out);
  } else {
    if (session->out_colour) fputs("\033[1m", out);
    for (size_t i = 0; i < columns; i++) {
      print_padded(out, table->heading[i], width[i], i + 1 == columns);
    }
    fputs(session->out_colour ? "\033[0m\n" : "\n", out);
  }
  for (size_t i = 0; i < count; i++) {
    int last = i % columns + 1 == columns;
    print_padded(out, cell(table, i), width[i % columns], last);
    if (last) fputc('\n', out);
  }
  json_decref(table->cells);
  table->cells = NULL;
}

void cli_fact(struct cli_session *session, const char *name, const char *format, ...) {
  char *text = NULL;
  va_list arguments;
  va_start(arguments, format);
  int length = vasprintf(&text, format, arguments);
  va_end(arguments);
  if (length < 0) return; /* no memory for a line */
  make_printable(text);
  fprintf(session->out, "%s%-12s%s  %s\n", session->out_colour ? "\033[1m" : "", name,
          session->out_colour ? "\033[0m" : "", text[0] != 0 ? text : "-");
  free(text);
}

/* 15 digits: a decimal number of the server comes out as it came in. */
#define JSON_OUT (JSON_ENCODE_ANY | JSON_REAL_PRECISION(15))

char *cli_json_line(const json_t *value) {
  char *text = json_dumps(value, JSON_OUT);
  if (text != NULL) make_printable(text);
  return text;
}

void cli_print_value(struct cli_session *session, const json_t *value) {
  char *text = json_dumps(value, JSON_OUT | JSON_INDENT(2)), *rest = text, *line;
  while (rest != NULL && (line = strsep(&rest, "\n")) != NULL) {
    make_printable(line);
    fprintf(session->out, "%s\n", line);
  }
  free(text);
}

void cli_print_json(struct cli_session *session, const json_t *document) {
  json_dumpf(document, session->out, JSON_OUT | JSON_INDENT(2));
  fputc('\n', session->out);
}

const char *cli_format_time(char *out, size_t size, const char *text) {
  snprintf(out, size, "%s", text);
  /* 2026-11-22T09:00:00.123456Z */
  if (strlen(text) < 20 || size < 21 || text[10] != 'T' || text[13] != ':') return out;
  size_t fraction = text[19] == '.' ? 1 + strspn(text + 20, "0123456789") : 0;
  out[10] = ' ';
  snprintf(out + 19, size - 19, "%s", text + 19 + fraction);
  return out;
}

const char *cli_format_bytes(char *out, size_t size, long long bytes) {
  if (bytes < 1024) {
    snprintf(out, size, "%lld B", bytes);
  } else if (bytes < 1024 * 1024) {
    snprintf(out, size, "%.1f KiB", (double)bytes / 1024);
  } else {
    snprintf(out, size, "%.1f MiB", (double)bytes / (1024 * 1024));
  }
  return out;
}
