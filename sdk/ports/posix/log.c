/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/log.h"

#include <stdio.h>

void godwit_platform_log(enum godwit_log_level level, const char *line) {
  static const char *const names[] = {"error", "warn", "info", "debug"};
  fprintf(stderr, "%s: %s\n", names[level], line);
}
