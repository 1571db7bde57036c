/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_PASSWORD_H
#define SERVER_CORE_PASSWORD_H
/* Passwords: which are good enough, their hashes (argon2id, RFC 9106: 19 MiB,
 * two passes, one lane, as OWASP advises), and a thread that makes them.
 *
 * One hash takes some 20 ms, in which the loop would serve no device. So it is
 * the one piece of work in the server that has a thread of its own: the loop
 * submits a job, the thread works it off and makes srv_passwords_fd readable,
 * the loop calls srv_passwords_collect, which calls the job's done there. The
 * thread sees jobs and nothing else of the server. */
#include <stdbool.h>
#include <stddef.h>

#include "server/core/limits.h"

/* What is wrong with it as a password of the account, for a person to read; NULL:
 * nothing. Its length, the commonest ones, the e-mail: no other rules. */
const char *srv_password_problem(const char *password, const char *email);
/* False: no memory or no random numbers. */
bool srv_password_hash(const char *password, char hash[SRV_PASSWORD_HASH_MAX + 1]);
/* Takes as long for hash "" (no such account), which never fits. */
bool srv_password_verify(const char *hash, const char *password);

/* One piece of work: is the password that of the hash, and if so, what is the
 * hash of the new one? */
struct srv_password_job {
  bool check;                               /* false: nothing to check, is_right comes back true */
  char hash[SRV_PASSWORD_HASH_MAX + 1];     /* to check against; "": takes time and never fits */
  char password[SRV_PASSWORD_MAX + 1];      /* wiped when it is done */
  char replacement[SRV_PASSWORD_MAX + 1];   /* "": none; wiped when it is done */
  bool is_right;                            /* comes back */
  char new_hash[SRV_PASSWORD_HASH_MAX + 1]; /* comes back; "": none was wanted, or made */
  void (*done)(void *context, const struct srv_password_job *job);
  void *context;
};
/* Works it off here and now, without calling done. */
void srv_password_work(struct srv_password_job *job);

#define SRV_PASSWORD_JOBS_MAX                                         \
  64 /* more wait for more than a second: they are told to come again \
      */

struct srv_passwords;
/* NULL: out of memory, descriptors or threads. */
struct srv_passwords *srv_passwords_create(void);
/* Jobs that wait are dropped, the one at work is waited for. */
void srv_passwords_destroy(struct srv_passwords *passwords);
int srv_passwords_fd(const struct srv_passwords *passwords);
/* Copies the job. A ticket for cancel; 0: too many wait. */
unsigned long srv_passwords_submit(struct srv_passwords *passwords,
                                   const struct srv_password_job *job);
/* Its done is not called any more. */
void srv_passwords_cancel(struct srv_passwords *passwords, unsigned long ticket);
/* Calls done for each job that is done; done may submit another. */
void srv_passwords_collect(struct srv_passwords *passwords);
#endif
