/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/words.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ID_LENGTH 24

bool cli_is_id(const char *text) {
  return strlen(text) == ID_LENGTH && strspn(text, "0123456789abcdef") == ID_LENGTH;
}

int cli_check_count(struct cli_session *session, const char *name, const char *text, long low,
                    long high) {
  char *end;
  long count = strtol(text, &end, 10);
  if (isdigit((unsigned char)text[0]) && *end == 0 && count >= low && count <= high) return CLI_OK;
  return cli_misuse(session, "--%s is '%s', %ld to %ld are possible; correct it", name, text, low,
                    high);
}

int cli_read_time(struct cli_session *session, const char *option, char out[CLI_TIME_SIZE]) {
  static const struct {
    char unit;
    long seconds;
  } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
  const char *text = cli_option(session, option);
  char *end;
  out[0] = 0;
  if (text == NULL) return CLI_OK;
  long count = strtol(text, &end, 10);
  for (size_t i = 0; i < sizeof units / sizeof units[0] && isdigit((unsigned char)text[0]); i++) {
    if (end[0] != units[i].unit || end[1] != 0 || count > 100000) continue;
    struct tm utc;
    time_t then = time(NULL) - (time_t)count * units[i].seconds;
    if (gmtime_r(&then, &utc) == NULL ||
        strftime(out, CLI_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0) {
      break;
    }
    return CLI_OK;
  }
  if (strlen(text) >= 20 && strlen(text) < CLI_TIME_SIZE && text[10] == 'T') {
    snprintf(out, CLI_TIME_SIZE, "%s", text);
    return CLI_OK;
  }
  return cli_misuse(session,
                    "--%s is '%s'; give an age as 30m, 12h or 7d, or a time as "
                    "2026-11-22T09:00:00Z",
                    option, text);
}

/* "007", ".5", "99999999999999999999", "0x10": numbers to people, none to JSON. */
static bool looks_like_number(const char *text) {
  const char *digits = text + (*text == '-' || *text == '+');
  char *end;
  if (!isdigit((unsigned char)digits[digits[0] == '.'])) return false;
  (void)strtod(text, &end);
  return *end == 0;
}

int cli_read_value(struct cli_session *session, const char *text, json_t **value) {
  json_error_t error;
  *value = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
  if (*value != NULL) return CLI_OK;
  if (looks_like_number(text)) {
    return cli_misuse(
        session, "'%s' is no number that JSON knows; write it as 7 or 0.5, or a text as '\"%s\"'",
        text, text);
  }
  if (strchr("{[\"", text[0]) != NULL) {
    return cli_misuse(session, "'%s' is no JSON (%s); correct it", text, error.text);
  }
  *value = json_string(text);
  return *value != NULL ? CLI_OK : cli_misuse(session, "a value is no UTF-8; give it as text");
}
