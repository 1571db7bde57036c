/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/src/error.h"

#include <string.h>

struct text {
  char *at;
  size_t room; /* without the NUL */
};

static void put(struct text *text, char c) {
  if (text->room == 0) return;
  if ((unsigned char)c < 0x20 || c == 0x7f) c = '?';
  *text->at++ = c;
  text->room--;
}

static void put_string(struct text *text, const char *string) {
  while (*string) put(text, *string++);
}

static void put_number(struct text *text, uint32_t number) {
  char digits[10];
  unsigned count = 0;
  do {
    digits[count++] = (char)('0' + number % 10);
    number /= 10;
  } while (number);
  while (count) put(text, digits[--count]);
}

static void put_signed(struct text *text, int32_t number) {
  if (number < 0) put(text, '-');
  put_number(text, number < 0 ? 0u - (uint32_t)number : (uint32_t)number);
}

static void put_format(struct text *text, const char *format, va_list arguments) {
  for (; *format; format++) {
    if (*format != '%') {
      put(text, *format);
      continue;
    }
    switch (*++format) {
      case 'd':
        put_signed(text, va_arg(arguments, int32_t));
        break;
      case 'u':
        put_number(text, va_arg(arguments, uint32_t));
        break;
      case 's':
        put_string(text, va_arg(arguments, const char *));
        break;
      default:
        return; /* our own mistake; the message ends here */
    }
  }
}

void wit_error_append_list(struct wit_error *error, const char *format, va_list arguments) {
  if (!error) return;
  size_t length = strlen(error->message);
  struct text text = {error->message + length, sizeof error->message - 1 - length};
  put_format(&text, format, arguments);
  *text.at = 0;
}

void wit_error_append(struct wit_error *error, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  wit_error_append_list(error, format, arguments);
  va_end(arguments);
}

int wit_error_set(struct wit_error *error, int status, int op_index, int tensor_index,
                  const char *format, ...) {
  if (!error) return status;
  error->status = status;
  error->op_index = op_index;
  error->tensor_index = tensor_index;
  error->message[0] = 0;
  va_list arguments;
  va_start(arguments, format);
  wit_error_append_list(error, format, arguments);
  va_end(arguments);
  return status;
}

void wit_error_clear(struct wit_error *error) {
  if (error) *error = (struct wit_error){.op_index = -1, .tensor_index = -1};
}
