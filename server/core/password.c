/* SPDX-License-Identifier: Apache-2.0 */
#include "server/core/password.h"

#include <argon2.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#define MEMORY_KIB (19u * 1024)
#define PASSES 2
#define LANES 1
#define SALT_SIZE 16
#define HASH_SIZE 32

/* --- which are good enough -------------------------------------------------------------- */

/* Those of ten characters and more that every list of stolen passwords begins
 * with. A longer list would not make the others any better. */
static const char *const commonest[] = {
    "1234567890",   "12345678910", "0123456789",   "0987654321",    "9876543210",  "1111111111",
    "0000000000",   "qwertyuiop",  "1q2w3e4r5t",   "q1w2e3r4t5",    "qwerty1234",  "qwerty12345",
    "qwerty123456", "password12",  "password123",  "password1234",  "passw0rd123", "iloveyou12",
    "abcdefghij",   "abcd123456",  "abc1234567",   "administrator", "adminadmin",  "changeme123",
    "letmein1234",  "welcome123",  "godwitgodwit", "asdfghjkl;",    "zaq12wsxcde", "1qaz2wsx3edc",
};

static bool is_one_character(const char *password) {
  return strspn(password, (const char[]){password[0], 0}) == strlen(password);
}

static size_t count_characters(const char *text) {
  size_t count = 0;
  for (; *text != 0; text++) count += ((unsigned char)*text & 0xc0) != 0x80;
  return count;
}

const char *srv_password_problem(const char *password, const char *email) {
  if (count_characters(password) < SRV_PASSWORD_MIN) return "must have at least 10 characters";
  if (strcasecmp(password, email) == 0) return "must not be the e-mail address";
  bool common = is_one_character(password);
  for (size_t i = 0; i < sizeof(commonest) / sizeof(commonest[0]); i++) {
    common = common || strcasecmp(password, commonest[i]) == 0;
  }
  return common ? "is one of the first that anybody tries: take another one" : NULL;
}

/* --- hashes ------------------------------------------------------------------------------- */

bool srv_password_hash(const char *password, char hash[SRV_PASSWORD_HASH_MAX + 1]) {
  uint8_t salt[SALT_SIZE];
  if (getrandom(salt, sizeof(salt), 0) != sizeof(salt)) return false;
  return argon2id_hash_encoded(PASSES, MEMORY_KIB, LANES, password, strlen(password), salt,
                               sizeof(salt), HASH_SIZE, hash,
                               SRV_PASSWORD_HASH_MAX + 1) == ARGON2_OK;
}

bool srv_password_verify(const char *hash, const char *password) {
  if (hash[0] != 0) return argon2id_verify(hash, password, strlen(password)) == ARGON2_OK;
  uint8_t out[HASH_SIZE];
  static const uint8_t salt[SALT_SIZE];
  argon2id_hash_raw(PASSES, MEMORY_KIB, LANES, password, strlen(password), salt, sizeof(salt), out,
                    sizeof(out));
  return false;
}

void srv_password_work(struct srv_password_job *job) {
  job->is_right = !job->check || srv_password_verify(job->hash, job->password);
  job->new_hash[0] = 0;
  if (job->is_right && job->replacement[0] != 0 &&
      !srv_password_hash(job->replacement, job->new_hash)) {
    job->new_hash[0] = 0;
  }
  explicit_bzero(job->password, sizeof(job->password));
  explicit_bzero(job->replacement, sizeof(job->replacement));
}

/* --- the thread ----------------------------------------------------------------------------- */

/* A ring: from `collected` to `worked` they are done, from there to `submitted`
 * they wait. Only the thread moves `worked`; the lock is held for copies only. */
struct slot {
  unsigned long ticket; /* 0: cancelled */
  struct srv_password_job job;
};
struct srv_passwords {
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t more;
  bool stopping;
  int fd;
  unsigned long next_ticket;
  size_t submitted, worked, collected; /* counts; modulo SRV_PASSWORD_JOBS_MAX an index */
  struct slot slot[SRV_PASSWORD_JOBS_MAX];
};

static struct slot *slot_at(struct srv_passwords *passwords, size_t count) {
  return &passwords->slot[count % SRV_PASSWORD_JOBS_MAX];
}

static void tell(const struct srv_passwords *passwords) {
  uint64_t one = 1;
  ssize_t written = write(passwords->fd, &one, sizeof(one));
  (void)written; /* full: then it is readable */
}

static void work_off(struct srv_passwords *passwords) {
  struct slot *slot = slot_at(passwords, passwords->worked);
  struct srv_password_job job = slot->job;
  bool wanted = slot->ticket != 0;
  pthread_mutex_unlock(&passwords->lock);
  if (wanted) srv_password_work(&job);
  pthread_mutex_lock(&passwords->lock);
  slot->job = job;
  passwords->worked++;
  explicit_bzero(&job, sizeof(job));
  tell(passwords);
}

static void *work(void *context) {
  struct srv_passwords *passwords = context;
  pthread_mutex_lock(&passwords->lock);
  while (!passwords->stopping) {
    if (passwords->worked < passwords->submitted) {
      work_off(passwords);
    } else {
      pthread_cond_wait(&passwords->more, &passwords->lock);
    }
  }
  pthread_mutex_unlock(&passwords->lock);
  return NULL;
}

/* Signals are the loop's. */
static int start_thread(struct srv_passwords *passwords) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int failed = pthread_create(&passwords->thread, NULL, work, passwords);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return failed;
}

struct srv_passwords *srv_passwords_create(void) {
  struct srv_passwords *passwords = calloc(1, sizeof(*passwords));
  if (passwords == NULL) return NULL;
  pthread_mutex_init(&passwords->lock, NULL);
  pthread_cond_init(&passwords->more, NULL);
  passwords->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (passwords->fd >= 0 && start_thread(passwords) == 0) return passwords;
  if (passwords->fd >= 0) close(passwords->fd);
  free(passwords);
  return NULL;
}

void srv_passwords_destroy(struct srv_passwords *passwords) {
  if (passwords == NULL) return;
  pthread_mutex_lock(&passwords->lock);
  passwords->stopping = true;
  pthread_cond_signal(&passwords->more);
  pthread_mutex_unlock(&passwords->lock);
  pthread_join(passwords->thread, NULL);
  pthread_cond_destroy(&passwords->more);
  pthread_mutex_destroy(&passwords->lock);
  close(passwords->fd);
  explicit_bzero(passwords, sizeof(*passwords));
  free(passwords);
}

int srv_passwords_fd(const struct srv_passwords *passwords) { return passwords->fd; }

unsigned long srv_passwords_submit(struct srv_passwords *passwords,
                                   const struct srv_password_job *job) {
  unsigned long ticket = 0;
  pthread_mutex_lock(&passwords->lock);
  if (passwords->submitted - passwords->collected < SRV_PASSWORD_JOBS_MAX) {
    ticket = ++passwords->next_ticket;
    *slot_at(passwords, passwords->submitted++) = (struct slot){.ticket = ticket, .job = *job};
    pthread_cond_signal(&passwords->more);
  }
  pthread_mutex_unlock(&passwords->lock);
  return ticket;
}

void srv_passwords_cancel(struct srv_passwords *passwords, unsigned long ticket) {
  pthread_mutex_lock(&passwords->lock);
  for (size_t i = passwords->collected; ticket != 0 && i < passwords->submitted; i++) {
    if (slot_at(passwords, i)->ticket == ticket) slot_at(passwords, i)->ticket = 0;
  }
  pthread_mutex_unlock(&passwords->lock);
}

/* The next job that is done. False: none is. */
static bool take_done(struct srv_passwords *passwords, struct slot *out) {
  pthread_mutex_lock(&passwords->lock);
  bool any = passwords->collected < passwords->worked;
  if (any) {
    struct slot *slot = slot_at(passwords, passwords->collected++);
    *out = *slot;
    explicit_bzero(slot, sizeof(*slot));
  }
  pthread_mutex_unlock(&passwords->lock);
  return any;
}

void srv_passwords_collect(struct srv_passwords *passwords) {
  uint64_t count;
  struct slot slot;
  if (read(passwords->fd, &count, sizeof(count)) < 0) return; /* nothing is done */
  while (take_done(passwords, &slot)) {
    if (slot.ticket != 0) slot.job.done(slot.job.context, &slot.job);
    explicit_bzero(&slot, sizeof(slot));
  }
}
