/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GODWIT_LOG_H
#define GODWIT_LOG_H
/* Log lines of the SDK, for applications too. A line is formatted into a
 * buffer on the stack and handed to the port's godwit_platform_log. */
#include <stddef.h>

enum godwit_log_level {
  GODWIT_LOG_ERROR = 0,
  GODWIT_LOG_WARN = 1,
  GODWIT_LOG_INFO = 2,
  GODWIT_LOG_DEBUG = 3,
};

#define GODWIT_LOG_LINE_MAX 160u /* longer lines are cut */

/* Lines above this level are dropped before they are formatted. Starts at
 * GODWIT_LOG_INFO. */
void godwit_log_set_level(enum godwit_log_level level);

/* Conversions: %s %c %d %i %u %x with l, ll or z; %02x style zero padding and
 * width; %%. No floats: firmware needs no printf of its libc for this. */
__attribute__((format(printf, 2, 3))) void godwit_log(enum godwit_log_level level,
                                                      const char *format, ...);

/* The same conversions into text, always NUL-terminated; returns the length
 * that was written. */
__attribute__((format(printf, 3, 4))) size_t godwit_format(char *text, size_t size,
                                                           const char *format, ...);
#endif
