/* SPDX-License-Identifier: Apache-2.0 */
/* One-time codes, with the vectors of RFC 6238, appendix B (their last six digits). */
#include <string.h>

#include "server/core/totp.h"
#include "tests/support/test.h"

static const uint8_t secret[] = "12345678901234567890";
#define SECRET secret, 20

TEST(codes_are_those_of_rfc_6238) {
  static const struct {
    int64_t seconds;
    uint32_t code;
  } vectors[] = {{59, 287082},       {1111111109, 81804},  {1111111111, 50471},
                 {1234567890, 5924}, {2000000000, 279037}, {20000000000, 353130}};
  for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
    int64_t step = srv_totp_step(vectors[i].seconds * 1000000);
    assert_int_equal(srv_totp_code(SECRET, step), vectors[i].code);
  }
}

static int64_t match_at(const char *code, int64_t seconds, int64_t last) {
  return srv_totp_match(SECRET, code, seconds * 1000000, last);
}

TEST(a_code_holds_one_step_before_and_after_and_no_longer) {
  assert_int_equal(match_at("287082", 59, -1), 1);
  assert_int_equal(match_at("287082", 60, -1), 1);
  assert_int_equal(match_at("287082", 89, -1), 1);
  assert_int_equal(match_at("287082", 90, -1), -1);
  assert_int_equal(match_at("287082", 29, -1), 1);
  assert_int_equal(match_at("287082", 0, -1), 1);
}

TEST(a_code_is_good_once) {
  assert_int_equal(match_at("287082", 59, 0), 1);
  assert_int_equal(match_at("287082", 59, 1), -1);
  assert_int_equal(match_at("287082", 59, 2), -1);
}

TEST(what_is_no_code_is_none) {
  static const char *const wrong[] = {"",       "28708",  "2870820", "287081",   "28708a",
                                      "-87082", "+87082", "0x7082",  "287082\n", "２８７０８２"};
  for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
    assert_int_equal(match_at(wrong[i], 59, -1), -1);
  }
  assert_int_equal(match_at("287 082", 59, -1), 1); /* as apps show it */
  assert_int_equal(srv_totp_match(secret, 0, "287082", 59000000, -1), -1);
}

TEST(base32_is_that_of_rfc_4648) {
  static const char *const cases[][2] = {{"", ""},
                                         {"f", "MY"},
                                         {"fo", "MZXQ"},
                                         {"foo", "MZXW6"},
                                         {"foob", "MZXW6YQ"},
                                         {"fooba", "MZXW6YTB"},
                                         {"foobar", "MZXW6YTBOI"}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char out[16];
    srv_base32_encode((const uint8_t *)cases[i][0], strlen(cases[i][0]), out);
    assert_string_equal(out, cases[i][1]);
  }
}
