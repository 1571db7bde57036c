/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

char *godwit_text_add(char *end, const char *text) {
  while ((*end = *text++) != '\0') end++;
  return end;
}

char *godwit_text_add_hex(char *end, const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < 2 * count; i++) {
    uint8_t nibble = i % 2 == 0 ? bytes[i / 2] >> 4 : bytes[i / 2] & 15u;
    *end++ = (char)(nibble < 10 ? '0' + nibble : 'a' + nibble - 10);
  }
  *end = '\0';
  return end;
}

char *godwit_text_add_number(char *end, uint32_t number) {
  char digits[11];
  char *first = digits + sizeof digits - 1;
  *first = '\0';
  do {
    *--first = (char)('0' + number % 10u);
    number /= 10u;
  } while (number > 0);
  return godwit_text_add(end, first);
}
