/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords and the thread that hashes them. */
#include <poll.h>
#include <string.h>

#include "server/core/password.h"
#include "tests/support/test.h"

TEST(a_hash_is_argon2id_as_owasp_advises_and_never_the_same_twice) {
  char one[SRV_PASSWORD_HASH_MAX + 1], two[SRV_PASSWORD_HASH_MAX + 1];
  assert_true(srv_password_hash("correct horse", one));
  assert_true(srv_password_hash("correct horse", two));
  assert_memory_equal(one, "$argon2id$v=19$m=19456,t=2,p=1$", 31);
  assert_string_not_equal(one, two);
  assert_true(srv_password_verify(one, "correct horse"));
  assert_true(srv_password_verify(two, "correct horse"));
  assert_false(srv_password_verify(one, "correct horsf"));
  assert_false(srv_password_verify(one, ""));
  assert_false(srv_password_verify("", "correct horse"));
  assert_false(srv_password_verify("$argon2id$v=19$m=19456,t=2,p=1$x$y", "correct horse"));
  assert_false(srv_password_verify("nonsense", "correct horse"));
}

TEST(what_everybody_tries_first_is_no_password) {
  assert_non_null(srv_password_problem("", "a@example.com"));
  assert_non_null(srv_password_problem("short", "a@example.com"));
  assert_non_null(srv_password_problem("123456789", "a@example.com"));
  assert_non_null(srv_password_problem("1234567890", "a@example.com"));
  assert_non_null(srv_password_problem("Password123", "a@example.com"));
  assert_non_null(srv_password_problem("zzzzzzzzzzzz", "a@example.com"));
  assert_non_null(srv_password_problem("Ada.Lovelace@example.com", "ada.lovelace@example.com"));
  assert_non_null(srv_password_problem("äöüäöüäöü", "a@example.com")); /* nine, of two bytes each */
  assert_null(srv_password_problem("äöüäöüäöüx", "a@example.com"));
  assert_null(srv_password_problem("godwit flies far", "a@example.com"));
}

struct heard {
  int count;
  bool is_right;
  char new_hash[SRV_PASSWORD_HASH_MAX + 1];
};

static void on_done(void *context, const struct srv_password_job *job) {
  struct heard *heard = context;
  heard->count++;
  heard->is_right = job->is_right;
  memcpy(heard->new_hash, job->new_hash, sizeof(heard->new_hash));
  assert_int_equal(job->password[0], 0); /* wiped */
  assert_int_equal(job->replacement[0], 0);
}

static void collect_until(struct srv_passwords *passwords, const int *count, int wanted) {
  struct pollfd readable = {.fd = srv_passwords_fd(passwords), .events = POLLIN};
  while (*count < wanted) {
    assert_int_equal(poll(&readable, 1, 20000), 1);
    srv_passwords_collect(passwords);
  }
}

TEST(the_thread_checks_and_replaces_and_tells_the_loop) {
  struct srv_passwords *passwords = srv_passwords_create();
  struct heard heard = {0};
  struct srv_password_job job = {.replacement = "first one", .done = on_done, .context = &heard};
  assert_true(srv_passwords_submit(passwords, &job) > 0);
  assert_int_equal(heard.count, 0); /* never from inside of submit */
  collect_until(passwords, &heard.count, 1);
  assert_true(heard.is_right);
  job = (struct srv_password_job){.check = true,
                                  .password = "first one",
                                  .replacement = "second one",
                                  .done = on_done,
                                  .context = &heard};
  memcpy(job.hash, heard.new_hash, sizeof(job.hash));
  assert_true(srv_passwords_submit(passwords, &job) > 0);
  collect_until(passwords, &heard.count, 2);
  assert_true(heard.is_right);
  assert_true(srv_password_verify(heard.new_hash, "second one"));
  strcpy(job.password, "wrong one");
  assert_true(srv_passwords_submit(passwords, &job) > 0);
  collect_until(passwords, &heard.count, 3);
  assert_false(heard.is_right);
  assert_string_equal(heard.new_hash, ""); /* a wrong password replaces nothing */
  srv_passwords_destroy(passwords);
}

TEST(more_jobs_than_fit_are_refused_and_cancelled_ones_are_silent) {
  struct srv_passwords *passwords = srv_passwords_create();
  struct heard heard = {0}, silent = {0};
  struct srv_password_job job = {.done = on_done, .context = &silent}; /* nothing to hash: quick */
  unsigned long tickets[SRV_PASSWORD_JOBS_MAX];
  for (int i = 0; i < SRV_PASSWORD_JOBS_MAX; i++) {
    job.context = i % 2 == 0 ? &silent : &heard;
    tickets[i] = srv_passwords_submit(passwords, &job);
    assert_true(tickets[i] > 0);
  }
  assert_int_equal(srv_passwords_submit(passwords, &job), 0); /* none is collected yet */
  for (int i = 0; i < SRV_PASSWORD_JOBS_MAX; i += 2) srv_passwords_cancel(passwords, tickets[i]);
  collect_until(passwords, &heard.count, SRV_PASSWORD_JOBS_MAX / 2);
  assert_int_equal(silent.count, 0);
  assert_true(srv_passwords_submit(passwords, &job) > 0);
  srv_passwords_destroy(passwords);
}

TEST(a_thread_that_ends_with_jobs_waiting_leaves_nothing) {
  struct srv_passwords *passwords = srv_passwords_create();
  struct heard heard = {0};
  struct srv_password_job job = {.replacement = "never kept", .done = on_done, .context = &heard};
  for (int i = 0; i < 5; i++) assert_true(srv_passwords_submit(passwords, &job) > 0);
  srv_passwords_destroy(passwords);
  assert_int_equal(heard.count, 0);
}
