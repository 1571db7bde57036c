/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdlib.h>

#include "godwit/log.h"
#include "godwit/status.h"
#include "tests/support/test.h"

/* The same as libc's, where both can. */
#define SAME(...)                                                  \
  do {                                                             \
    char ours[200], theirs[200];                                   \
    size_t length = godwit_format(ours, sizeof ours, __VA_ARGS__); \
    int expected = snprintf(theirs, sizeof theirs, __VA_ARGS__);   \
    assert_string_equal(ours, theirs);                             \
    assert_int_equal(length, expected);                            \
  } while (0)

TEST(conversions_match_printf) {
  SAME("plain");
  SAME("%s|%s", "text", "");
  SAME("%d %d %d", 0, -1, 123456);
  SAME("%d %d", INT_MIN, INT_MAX);
  SAME("%lld %lld", LLONG_MIN, LLONG_MAX);
  SAME("%llu", ULLONG_MAX);
  SAME("%lu %ld", ULONG_MAX, LONG_MIN);
  SAME("%zu", (size_t)-1);
  SAME("%u %x %x", UINT_MAX, 0xabcdefu, 0u);
  SAME("%02x%02x", 0xau, 0xffu);
  SAME("%5d|%05d|%5d|%05d|%3u", 42, 42, -42, -42, 12345u);
  SAME("%c%c%%", 'a', 'b');
}

TEST(text_that_does_not_fit_is_cut_and_terminated) {
  char text[8];
  assert_int_equal(godwit_format(text, sizeof text, "%s", "longer than that"), 7);
  assert_string_equal(text, "longer ");
  assert_int_equal(godwit_format(text, 1, "%d", 123), 0);
  assert_string_equal(text, "");
  text[0] = 'x';
  assert_int_equal(godwit_format(text, 0, "%d", 123), 0);
  assert_int_equal(text[0], 'x');
}

TEST(missing_text_is_written_as_null) {
  char text[16];
  const char *volatile nothing = NULL;
  godwit_format(text, sizeof text, "%s", nothing);
  assert_string_equal(text, "(null)");
}

TEST(every_status_has_a_name_of_its_own) {
  for (int a = 0; a >= GODWIT_ERR_UNSUPPORTED; a--) {
    assert_string_not_equal(godwit_status_name(a), "unknown status");
    for (int b = a - 1; b >= GODWIT_ERR_UNSUPPORTED; b--) {
      assert_string_not_equal(godwit_status_name(a), godwit_status_name(b));
    }
  }
  assert_string_equal(godwit_status_name(1), "unknown status");
  assert_string_equal(godwit_status_name(-1000), "unknown status");
}
