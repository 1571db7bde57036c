/* SPDX-License-Identifier: Apache-2.0 */
#include "server/rest/host.h"
#include "tests/support/test.h"

TEST(what_is_no_host_is_refused) {
  static const char *const wrong[] = {"",        ":80", "a b",      "a:80x", "a:123456",
                                      "[::1",    "[]",  "[::1]x",   "a@b",   "a/b",
                                      "a:80:80", "::1", "\xc3\xa4", "[x]",   "a\"b"};
  char host[SRV_HOST_MAX + 1], large[400];
  for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
    if (srv_host_of(wrong[i], host)) fail_msg("%s: %s", wrong[i], host);
  }
  memset(large, 'a', sizeof(large) - 1);
  large[sizeof(large) - 1] = 0;
  assert_false(srv_host_of(large, host));
  large[SRV_HOST_MAX] = 0;
  assert_true(srv_host_of(large, host));
}

TEST(a_host_is_known_without_its_port_its_case_and_its_last_dot) {
  static const char *const same[][2] = {{"Models.Example", "models.example"},
                                        {"models.example.:8080", "models.example"},
                                        {"10.0.0.1:80", "10.0.0.1"},
                                        {"[::1]:80", "::1"},
                                        {"[2001:DB8::1]", "2001:db8::1"}};
  char host[SRV_HOST_MAX + 1];
  for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
    assert_true(srv_host_of(same[i][0], host));
    assert_string_equal(host, same[i][1]);
  }
  assert_true(srv_host_of_url("https://Models.example:8443/fleet/#/x", host));
  assert_string_equal(host, "models.example");
  assert_false(srv_host_of_url("models.example", host));
  assert_false(srv_host_of_url("https:///x", host));
}

TEST(only_names_of_this_machine_are_loopback) {
  static const char *const ours[] = {"localhost", "godwit.localhost", "127.0.0.1", "127.8.9.1",
                                     "::1"};
  static const char *const others[] = {
      "localhost.example", "notlocalhost", ".localhost2", "128.0.0.1", "127.0.0.1.example", "127.1",
      "0.0.0.0",           "::",           "::2",         ""};
  for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
    if (!srv_host_is_loopback(ours[i])) fail_msg("%s", ours[i]);
  }
  for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
    if (srv_host_is_loopback(others[i])) fail_msg("%s", others[i]);
  }
}

TEST(names_are_known_by_the_header_that_browsers_send) {
  struct srv_host_names names = {0};
  assert_false(srv_host_names_know(&names, "models.example"));
  assert_true(srv_host_names_add(&names, "https://Models.example:8443/fleet"));
  assert_false(srv_host_names_add(&names, "https://"));
  assert_false(srv_host_names_add(&names, "a b"));
  for (int i = 0; i < SRV_HOST_NAMES_MAX; i++) assert_true(srv_host_names_add(&names, "other"));
  assert_false(srv_host_names_add(&names, "one-too-many"));
  assert_true(srv_host_names_know(&names, "models.example:80"));
  assert_true(srv_host_names_know(&names, "OTHER"));
  assert_true(srv_host_names_know(&names, "[::1]:8080"));
  assert_false(srv_host_names_know(&names, "one-too-many"));
  assert_false(srv_host_names_know(&names, "https://models.example"));
}
