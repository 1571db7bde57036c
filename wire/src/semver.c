/* SPDX-License-Identifier: Apache-2.0 */
/* Semantic versions 2.0.0. Numbers of any size: they are compared as digit
 * strings, never converted. */
#include <string.h>

#include "wire/manifest.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_identifier_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

static size_t count_while(const char *text, bool (*matches)(char)) {
  size_t count = 0;
  while (matches(text[count])) count++;
  return count;
}

static bool has_leading_zero(const char *digits, size_t length) {
  return length > 1 && digits[0] == '0';
}

/* "1.2.3" at the front; returns what follows, NULL when it is not there. */
static const char *skip_core(const char *text) {
  for (int part = 0; part < 3; part++) {
    if (part > 0 && *text++ != '.') return NULL;
    size_t length = count_while(text, is_digit);
    if (length == 0 || has_leading_zero(text, length)) return NULL;
    text += length;
  }
  return text;
}

/* Dot-separated identifiers; returns what follows, NULL when one is bad. */
static const char *skip_identifiers(const char *text, bool zeros_allowed) {
  for (;;) {
    size_t length = count_while(text, is_identifier_character);
    bool numeric = count_while(text, is_digit) == length;
    if (length == 0) return NULL;
    if (numeric && !zeros_allowed && has_leading_zero(text, length)) return NULL;
    text += length;
    if (*text != '.') return text;
    text++;
  }
}

bool gw_semver_is_valid(const char *text) {
  text = skip_core(text);
  if (text && *text == '-') text = skip_identifiers(text + 1, false);
  if (text && *text == '+') text = skip_identifiers(text + 1, true);
  return text && *text == '\0';
}

/* One identifier, without the dot; moves *text behind both. */
struct identifier {
  const char *text;
  size_t length;
  bool numeric;
};

static struct identifier take_identifier(const char **text) {
  struct identifier taken = {.text = *text, .length = count_while(*text, is_identifier_character)};
  taken.numeric = count_while(*text, is_digit) == taken.length;
  *text += taken.length;
  if (**text == '.') ++*text;
  return taken;
}

static int sign(int value) { return (value > 0) - (value < 0); }

static int compare_lengths(size_t a, size_t b) { return (a > b) - (a < b); }

static int compare_identifiers(struct identifier a, struct identifier b) {
  if (a.numeric != b.numeric) return a.numeric ? -1 : 1;
  if (a.numeric && a.length != b.length) return compare_lengths(a.length, b.length);
  int order = memcmp(a.text, b.text, a.length < b.length ? a.length : b.length);
  return order != 0 ? sign(order) : compare_lengths(a.length, b.length);
}

static struct identifier take_number(const char **text) {
  struct identifier taken = {
      .text = *text, .length = count_while(*text, is_digit), .numeric = true};
  *text += taken.length;
  if (**text == '.') ++*text;
  return taken;
}

static int compare_cores(const char **a, const char **b) {
  int order = 0;
  for (int part = 0; part < 3; part++) {
    int part_order = compare_identifiers(take_number(a), take_number(b));
    if (order == 0) order = part_order;
  }
  return order;
}

/* Both stand behind the '-'. More identifiers win when all before are equal. */
static int compare_pre_releases(const char *a, const char *b) {
  while (is_identifier_character(*a) && is_identifier_character(*b)) {
    int order = compare_identifiers(take_identifier(&a), take_identifier(&b));
    if (order != 0) return order;
  }
  return (int)is_identifier_character(*a) - (int)is_identifier_character(*b);
}

int gw_semver_compare(const char *a, const char *b) {
  int order = compare_cores(&a, &b);
  if (order != 0) return order;
  if (*a == '-' && *b == '-') return compare_pre_releases(a + 1, b + 1);
  return (int)(*b == '-') - (int)(*a == '-'); /* a pre-release precedes its release */
}
