/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cli/output.h"
#include "cli/session.h"
#include "tests/support/test.h"

TEST(width_is_counted_in_columns_not_bytes) {
  assert_int_equal(cli_width(""), 0);
  assert_int_equal(cli_width("model"), 5);
  assert_int_equal(cli_width("Küche"), 5);
  assert_int_equal(cli_width("Ku\xCC\x88"
                             "che"),
                   5); /* u and a combining diaeresis */
  assert_int_equal(cli_width("台所"), 4);
  assert_int_equal(cli_width("🐦"), 2);
}

TEST(broken_utf8_counts_its_bytes_and_ends_where_the_text_ends) {
  assert_int_equal(cli_width("\xFF\xFE"), 2);
  assert_int_equal(cli_width("a\xE5"), 2); /* cut in the middle */
  assert_int_equal(cli_width("\xE5\x8F"), 2);
  assert_int_equal(cli_width("\xF0\x9F\x90"), 3);
  assert_int_equal(cli_width("\xC0\xAF"), 2);         /* overlong */
  assert_int_equal(cli_width("\xED\xA0\x80"), 3);     /* surrogate */
  assert_int_equal(cli_width("\xF4\x90\x80\x80"), 4); /* past U+10FFFF */
}

TEST(text_of_others_cannot_drive_the_terminal) {
  char out[64];
  cli_printable(out, sizeof out, "a\033[31mb\nc\td\x7f");
  assert_string_equal(out, "a?[31mb?c?d?");
  cli_printable(out, sizeof out,
                "\xC2\x9B"
                "31m"); /* the one-character CSI */
  assert_string_equal(out, "?31m");
  cli_printable(out, sizeof out,
                "abc\xE2\x80\xAE"
                "fed"); /* right-to-left override */
  assert_string_equal(out, "abc?fed");
  cli_printable(out, sizeof out, "ok \xFF");
  assert_string_equal(out, "ok ?");
  cli_printable(out, sizeof out, "Küche 台所");
  assert_string_equal(out, "Küche 台所");
}

TEST(long_text_is_cut_between_characters) {
  char out[5];
  cli_printable(out, sizeof out, "ab台所");
  assert_string_equal(out, "ab"); /* 2 + 3 bytes and the NUL do not fit */
  cli_printable(out, sizeof out, "abcdefgh");
  assert_string_equal(out, "abcd");
}

static char *printed(void (*print)(struct cli_session *)) {
  struct cli_session session = {0};
  char *text = NULL;
  size_t size;
  session.out = session.err = open_memstream(&text, &size);
  print(&session);
  fclose(session.out);
  return text;
}

static void print_table(struct cli_session *session) {
  static const char *const heading[] = {"NAME", "STATE"};
  struct cli_table table;
  cli_table_init(&table, heading, 2);
  cli_table_add(&table, "台所");
  cli_table_add(&table, "on");
  cli_table_add(&table, "kitchen");
  cli_table_add(&table, NULL);
  cli_table_print(session, &table);
}

TEST(columns_stand_under_each_other_whatever_the_script) {
  char *text = printed(print_table);
  assert_string_equal(text,
                      "NAME     STATE\n"
                      "台所     on\n"
                      "kitchen  -\n");
  free(text);
}

static void print_empty(struct cli_session *session) {
  static const char *const heading[] = {"NAME"};
  struct cli_table table;
  cli_table_init(&table, heading, 1);
  cli_table_print(session, &table);
}

TEST(an_empty_table_says_none) {
  char *text = printed(print_empty);
  assert_string_equal(text, "none\n");
  free(text);
}

TEST(times_lose_their_fraction_and_nothing_else) {
  char out[32];
  assert_string_equal(cli_format_time(out, sizeof out, "2026-11-22T09:08:07.123456Z"),
                      "2026-11-22 09:08:07Z");
  assert_string_equal(cli_format_time(out, sizeof out, "2026-11-22T09:08:07+02:00"),
                      "2026-11-22 09:08:07+02:00");
  assert_string_equal(cli_format_time(out, sizeof out, ""), "");
  assert_string_equal(cli_format_time(out, sizeof out, "yesterday, at about noon"),
                      "yesterday, at about noon");
}

TEST(sizes_are_exact_below_a_kibibyte) {
  char out[32];
  assert_string_equal(cli_format_bytes(out, sizeof out, 1023), "1023 B");
  assert_string_equal(cli_format_bytes(out, sizeof out, 1024), "1.0 KiB");
  assert_string_equal(cli_format_bytes(out, sizeof out, 18841), "18.4 KiB");
  assert_string_equal(cli_format_bytes(out, sizeof out, 3 * 1024 * 1024 / 2), "1.5 MiB");
}
