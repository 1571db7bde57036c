/* SPDX-License-Identifier: Apache-2.0 */
#include "log_internal.h"

#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "platform/log.h"

/* Kept as a distance, so that it starts as zero: no initialised data in flash. */
static int above_info;
static godwit_log_sink_fn sink; /* NULL: none */
static void *sink_arg;

struct text {
  char *data;
  size_t size; /* the NUL's place included */
  size_t length;
};

static void put(struct text *text, char c) {
  if (text->length + 1 < text->size) text->data[text->length++] = c;
}

static void put_string(struct text *text, const char *string) {
  if (string == NULL) string = "(null)";
  while (*string != '\0') put(text, *string++);
}

struct conversion {
  unsigned width;
  char pad;
  unsigned longs; /* 'l' counted; 'z' counts as size_t's */
};

static void put_number(struct text *text, const struct conversion *conversion, uint64_t value,
                       unsigned base, bool negative) {
  char digits[24];
  unsigned count = 0;
  do {
    digits[count++] = "0123456789abcdef"[value % base];
    value /= base;
  } while (value != 0);
  unsigned shown = count + (negative ? 1u : 0u);
  if (negative && conversion->pad == '0') put(text, '-');
  for (; shown < conversion->width; shown++) put(text, conversion->pad);
  if (negative && conversion->pad != '0') put(text, '-');
  while (count > 0) put(text, digits[--count]);
}

static const char *read_conversion(const char *format, struct conversion *out) {
  *out = (struct conversion){.pad = ' '};
  if (*format == '0') {
    out->pad = '0';
    format++;
  }
  for (; *format >= '0' && *format <= '9'; format++) {
    out->width = out->width * 10u + (unsigned)(*format - '0');
  }
  for (; *format == 'l' || *format == 'z'; format++) {
    out->longs += *format == 'l' ? 1u : (sizeof(size_t) > sizeof(int) ? 1u : 0u);
  }
  return format;
}

/* The analyzer takes a va_list that is a parameter for one that was never started. */
/* NOLINTBEGIN(clang-analyzer-valist.Uninitialized) */
static size_t format_arguments(char *data, size_t size, const char *format, va_list arguments) {
  struct text text = {data, size, 0};
  for (; *format != '\0'; format++) {
    if (*format != '%') {
      put(&text, *format);
      continue;
    }
    struct conversion conversion;
    format = read_conversion(format + 1, &conversion);
    switch (*format) {
      case '\0':
        format--;
        break;
      case 'd':
      case 'i': {
        int64_t value = conversion.longs == 0   ? va_arg(arguments, int)
                        : conversion.longs == 1 ? va_arg(arguments, long)
                                                : va_arg(arguments, long long);
        uint64_t magnitude = value < 0 ? 0u - (uint64_t)value : (uint64_t)value;
        put_number(&text, &conversion, magnitude, 10, value < 0);
        break;
      }
      case 'u':
      case 'x': {
        uint64_t value = conversion.longs == 0   ? va_arg(arguments, unsigned)
                         : conversion.longs == 1 ? va_arg(arguments, unsigned long)
                                                 : va_arg(arguments, unsigned long long);
        put_number(&text, &conversion, value, *format == 'x' ? 16 : 10, false);
        break;
      }
      case 'c':
        put(&text, (char)va_arg(arguments, int));
        break;
      case 's':
        put_string(&text, va_arg(arguments, const char *));
        break;
      default:
        put(&text, *format);
        break;
    }
  }
  if (size > 0) data[text.length] = '\0';
  return text.length;
}
/* NOLINTEND(clang-analyzer-valist.Uninitialized) */

void godwit_log_set_level(enum godwit_log_level level) {
  above_info = (int)level - (int)GODWIT_LOG_INFO;
}

void godwit_log_line(enum godwit_log_level level, const char *format, ...) {
  if ((int)level > (int)GODWIT_LOG_INFO + above_info) return;
  char line[GODWIT_LOG_LINE_MAX];
  va_list arguments;
  va_start(arguments, format);
  format_arguments(line, sizeof line, format, arguments);
  va_end(arguments);
  godwit_platform_log(level, line);
  if (sink != NULL) sink(level, line, sink_arg);
}

void godwit_log_set_sink(godwit_log_sink_fn function, void *arg) {
  sink = function;
  sink_arg = arg;
}

size_t godwit_format(char *text, size_t size, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  size_t length = format_arguments(text, size, format, arguments);
  va_end(arguments);
  return length;
}
