/* SPDX-License-Identifier: Apache-2.0 */
/* How often one may guess, by a clock of the test's. */
#include <stdlib.h>
#include <string.h>

#include "server/core/account.h"
#include "server/core/throttle.h"
#include "tests/unit/server/core/core_fixture.h"

#define S INT64_C(1000000)
static const struct srv_throttle_rule rule = {5, 900 * S};

static struct srv_throttle *begin(void) {
  struct srv_throttle *throttle = calloc(1, sizeof(*throttle));
  assert_non_null(throttle);
  return throttle;
}

TEST(five_tries_are_free_then_the_wait_doubles_up_to_its_longest) {
  struct srv_throttle *throttle = begin();
  int64_t now = 1000 * S, expected = S;
  for (int i = 0; i < 5; i++) {
    assert_int_equal(srv_throttle_wait_us(throttle, "a", now), 0);
    srv_throttle_count(throttle, "a", &rule, now);
  }
  for (int i = 0; i < 20; i++) {
    int64_t wait_us = srv_throttle_wait_us(throttle, "a", now);
    assert_int_equal(wait_us, expected);
    now += wait_us;
    assert_int_equal(srv_throttle_wait_us(throttle, "a", now), 0);
    assert_true(srv_throttle_wait_us(throttle, "a", now - 1) > 0);
    srv_throttle_count(throttle, "a", &rule, now);
    expected = expected * 2 > 900 * S ? 900 * S : expected * 2;
  }
  assert_int_equal(srv_throttle_wait_us(throttle, "b", now), 0); /* nobody else waits */
  free(throttle);
}

TEST(success_takes_a_try_back_or_all_of_them) {
  struct srv_throttle *throttle = begin();
  for (int i = 0; i < 5; i++) srv_throttle_count(throttle, "a", &rule, S);
  srv_throttle_succeeded(throttle, "a", false, S);
  assert_int_equal(srv_throttle_wait_us(throttle, "a", S), 0);
  srv_throttle_count(throttle, "a", &rule, S);
  assert_int_equal(srv_throttle_wait_us(throttle, "a", S), S);
  assert_false(srv_throttle_is_known(throttle, "a"));
  srv_throttle_succeeded(throttle, "a", true, S);
  assert_true(srv_throttle_is_known(throttle, "a"));
  for (int i = 0; i < 4; i++) srv_throttle_count(throttle, "a", &rule, S);
  assert_int_equal(srv_throttle_wait_us(throttle, "a", S), 0);
  free(throttle);
}

TEST(after_an_hour_of_quiet_the_tries_are_forgotten) {
  struct srv_throttle *throttle = begin();
  for (int i = 0; i < 30; i++) srv_throttle_count(throttle, "a", &rule, S);
  int64_t later = 2 * S + SRV_THROTTLE_FORGET_US;
  srv_throttle_count(throttle, "a", &rule, later);
  assert_int_equal(srv_throttle_wait_us(throttle, "a", later), 0);
  free(throttle);
}

TEST(however_many_keys_come_memory_stays_and_the_busiest_is_kept) {
  struct srv_throttle *throttle = begin();
  int64_t now = 100 * S;
  for (int i = 0; i < 100000; i++) {
    char key[16];
    snprintf(key, sizeof(key), "%d", i);
    srv_throttle_count(throttle, key, &rule, now++);
    srv_throttle_count(throttle, "attacker", &rule, now++);
  }
  assert_int_equal(srv_throttle_wait_us(throttle, "attacker", now), 900 * S - 1);
  free(throttle);
}

/* --- of accounts ------------------------------------------------------------------------ */

static struct core_fixture f;
#define MAIL "ada@example.com"

TEST(a_stranger_who_guesses_waits_and_the_owner_elsewhere_does_not) {
  core_fixture_begin(&f);
  for (int i = 0; i < 5; i++) {
    assert_int_equal(srv_core_sign_in_wait_s(f.core, MAIL, "198.51.100.1"), 0);
  }
  assert_int_equal(srv_core_sign_in_wait_s(f.core, MAIL, "198.51.100.1"), 1);
  assert_int_equal(srv_core_sign_in_wait_s(f.core, "ADA@EXAMPLE.COM", "198.51.100.1"), 1);
  assert_int_equal(srv_core_sign_in_wait_s(f.core, MAIL, "192.0.2.7"), 0);
  core_fixture_end(&f);
}

TEST(an_address_that_tries_many_accounts_waits_for_all_of_them) {
  core_fixture_begin(&f);
  char mail[32];
  unsigned waits = 0;
  for (int i = 0; i < 30; i++) {
    snprintf(mail, sizeof(mail), "%d@example.com", i);
    waits += srv_core_sign_in_wait_s(f.core, mail, "198.51.100.1") > 0;
  }
  assert_int_equal(waits, 10);
  assert_int_equal(srv_core_sign_in_wait_s(f.core, MAIL, "192.0.2.7"), 0);
  core_fixture_end(&f);
}

TEST(one_network_of_ipv6_is_one_address) {
  core_fixture_begin(&f);
  char address[64];
  unsigned waits = 0;
  for (int i = 1; i <= 10; i++) {
    snprintf(address, sizeof(address), "2001:db8:1:2:%x::%x", i, i);
    waits += srv_core_sign_in_wait_s(f.core, MAIL, address) > 0;
  }
  assert_int_equal(waits, 5);
  assert_int_equal(srv_core_sign_in_wait_s(f.core, MAIL, "2001:db8:1:3::1"), 0);
  core_fixture_end(&f);
}

TEST(many_addresses_that_try_one_account_do_not_lock_out_where_it_was_let_in_before) {
  core_fixture_begin(&f);
  char address[32];
  unsigned longest = 0;
  assert_int_equal(srv_core_sign_in_wait_s(f.core, MAIL, "192.0.2.7"), 0);
  srv_core_sign_in_good(f.core, MAIL, "192.0.2.7");
  for (int i = 0; i < 1000; i++) {
    snprintf(address, sizeof(address), "198.51.%d.%d", i / 200, i % 200);
    unsigned wait_s = srv_core_sign_in_wait_s(f.core, MAIL, address);
    longest = wait_s > longest ? wait_s : longest;
    if (wait_s > 0) f.now_us += wait_s * S;
  }
  assert_int_equal(longest, 30);
  assert_int_equal(srv_core_sign_in_wait_s(f.core, MAIL, "192.0.2.7"), 0);
  core_fixture_end(&f);
}
