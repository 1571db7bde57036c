/* SPDX-License-Identifier: Apache-2.0 */
#include "server/core/log.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LINE_MAX_BYTES 1024 /* longer lines are cut */

static enum srv_log_level log_level = SRV_LOG_WARNING;
static bool log_json;
static const char *const level_names[] = {"error", "warning", "info", "debug"};

void srv_log_configure(enum srv_log_level level, bool json) {
  log_level = level;
  log_json = json;
}

bool srv_log_level_parse(const char *text, enum srv_log_level *out) {
  for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
    if (strcmp(text, level_names[i]) != 0) continue;
    *out = (enum srv_log_level)i;
    return true;
  }
  return false;
}

/* Bytes that a log line must not hold (a device chose them) become '?'. */
static void clean(char *line) {
  for (; *line != 0; line++) {
    unsigned char byte = (unsigned char)*line;
    if (byte < 0x20 || byte == 0x7f || (log_json && (byte == '"' || byte == '\\'))) {
      *line = byte == '"' ? '\'' : '?';
    }
  }
}

void srv_log(enum srv_log_level level, const char *area, const char *format, ...) {
  if (level > log_level) return;
  char line[LINE_MAX_BYTES], stamp[32];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof(line), format, arguments);
  va_end(arguments);
  clean(line);

  struct timespec now;
  struct tm utc;
  clock_gettime(CLOCK_REALTIME, &now);
  gmtime_r(&now.tv_sec, &utc);
  strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);
  int milliseconds = (int)(now.tv_nsec / 1000000);
  if (log_json) {
    fprintf(stderr, "{\"time\":\"%s.%03dZ\",\"level\":\"%s\",\"area\":\"%s\",\"message\":\"%s\"}\n",
            stamp, milliseconds, level_names[level], area, line);
  } else {
    fprintf(stderr, "%s.%03dZ %s %s: %s\n", stamp, milliseconds, level_names[level], area, line);
  }
}
