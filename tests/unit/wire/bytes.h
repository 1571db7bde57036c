/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_WIRE_BYTES_H
#define TESTS_UNIT_WIRE_BYTES_H
/* Byte vectors as hex text, and copies that end where their allocation ends, so
 * that AddressSanitizer sees a read of one byte too many. */
#include <ctype.h>
#include <stdlib.h>

#include "tests/support/test.h"

struct bytes {
  uint8_t *data; /* malloc'd, exactly size bytes */
  size_t size;
};

/* Undefined contents. Of 0 bytes: an address that nobody may read or write. */
static inline struct bytes bytes_room(size_t size) {
  /* NOLINTNEXTLINE(clang-analyzer-optin.portability.UnixAPI): that is what is wanted */
  struct bytes room = {.data = malloc(size), .size = size};
  assert_non_null(room.data);
  return room;
}

static inline struct bytes bytes_copy(const void *data, size_t size) {
  struct bytes copy = bytes_room(size);
  /* cppcheck-suppress uninitvar; a buffer of which 0 bytes are used */
  if (size > 0) memcpy(copy.data, data, size);
  return copy;
}

static inline void bytes_free(struct bytes bytes) { free(bytes.data); }

static inline unsigned bytes_digit(char digit) {
  return (unsigned)(isdigit((unsigned char)digit) ? digit - '0'
                                                  : tolower((unsigned char)digit) - 'a' + 10);
}

/* "bf 6173 01": blanks anywhere between bytes; 'text' in single quotes stands
 * for its characters. */
static inline struct bytes bytes_from_hex(const char *hex) {
  uint8_t buffer[4096];
  size_t size = 0;
  while (*hex) {
    assert_true(size < sizeof buffer);
    if (*hex == '\'') {
      for (hex++; *hex != '\''; hex++) buffer[size++] = (uint8_t)*hex;
      hex++;
    } else if (isspace((unsigned char)*hex)) {
      hex++;
    } else {
      if (!isxdigit((unsigned char)hex[0]) || !isxdigit((unsigned char)hex[1])) {
        fail_msg("not hex: \"%s\"", hex);
      }
      buffer[size++] = (uint8_t)(bytes_digit(hex[0]) << 4 | bytes_digit(hex[1]));
      hex += 2;
    }
  }
  return bytes_copy(buffer, size);
}

#define assert_bytes_equal(actual, actual_size, expected)            \
  do {                                                               \
    assert_int_equal((actual_size), (expected).size);                \
    assert_memory_equal((actual), (expected).data, (expected).size); \
  } while (0)
#endif
