/* SPDX-License-Identifier: Apache-2.0 */
#include "server/core/offer_worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#define NICE 10 /* devices and operators come first where there is one processor */

enum stage { STAGE_FREE, STAGE_SUBMITTED, STAGE_WORKING, STAGE_DONE };

struct srv_offer_worker {
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t more;
  srv_offer_encoder encode;
  int fd;
  bool stopping;
  enum stage stage;
  struct srv_offer_job job; /* the thread's while it is STAGE_WORKING */
};

void srv_offer_job_free(struct srv_offer_job *job) {
  free(job->base);
  free(job->result);
  free(job->out);
  *job = (struct srv_offer_job){0};
}

static void free_worker(struct srv_offer_worker *worker) {
  srv_offer_job_free(&worker->job);
  pthread_cond_destroy(&worker->more);
  pthread_mutex_destroy(&worker->lock);
  if (worker->fd >= 0) close(worker->fd);
  free(worker);
}

static void tell(const struct srv_offer_worker *worker) {
  uint64_t one = 1;
  ssize_t written = write(worker->fd, &one, sizeof(one));
  (void)written; /* full: then it is readable */
}

static void work_off(struct srv_offer_worker *worker) {
  struct srv_offer_job *job = &worker->job;
  worker->stage = STAGE_WORKING;
  pthread_mutex_unlock(&worker->lock);
  job->status = worker->encode(job->base, job->base_size, job->result, job->result_size, &job->out,
                               &job->out_size);
  pthread_mutex_lock(&worker->lock);
  worker->stage = STAGE_DONE;
  tell(worker);
}

/* The last one to leave frees: the loop does not wait for a job of seconds. */
static void *work(void *context) {
  struct srv_offer_worker *worker = context;
  setpriority(PRIO_PROCESS, 0, NICE); /* on Linux: this thread's */
  pthread_mutex_lock(&worker->lock);
  while (!worker->stopping) {
    if (worker->stage == STAGE_SUBMITTED) {
      work_off(worker);
    } else {
      pthread_cond_wait(&worker->more, &worker->lock);
    }
  }
  pthread_mutex_unlock(&worker->lock);
  free_worker(worker);
  return NULL;
}

/* Signals are the loop's. Nobody joins it. */
static int start_thread(struct srv_offer_worker *worker) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int failed = pthread_create(&worker->thread, NULL, work, worker);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (!failed) pthread_detach(worker->thread);
  return failed;
}

struct srv_offer_worker *srv_offer_worker_create(srv_offer_encoder encode) {
  struct srv_offer_worker *worker = calloc(1, sizeof(*worker));
  if (worker == NULL) return NULL;
  pthread_mutex_init(&worker->lock, NULL);
  pthread_cond_init(&worker->more, NULL);
  worker->encode = encode;
  worker->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (worker->fd >= 0 && start_thread(worker) == 0) return worker;
  free_worker(worker);
  return NULL;
}

void srv_offer_worker_destroy(struct srv_offer_worker *worker) {
  if (worker == NULL) return;
  pthread_mutex_lock(&worker->lock);
  worker->stopping = true;
  pthread_cond_signal(&worker->more);
  pthread_mutex_unlock(&worker->lock); /* from here on it may be gone */
}

int srv_offer_worker_fd(const struct srv_offer_worker *worker) { return worker->fd; }

bool srv_offer_worker_submit(struct srv_offer_worker *worker, struct srv_offer_job *job) {
  pthread_mutex_lock(&worker->lock);
  bool is_free = worker->stage == STAGE_FREE;
  if (is_free) {
    worker->job = *job;
    worker->job.out = NULL;
    worker->stage = STAGE_SUBMITTED;
    *job = (struct srv_offer_job){0};
    pthread_cond_signal(&worker->more);
  }
  pthread_mutex_unlock(&worker->lock);
  return is_free;
}

bool srv_offer_worker_collect(struct srv_offer_worker *worker, struct srv_offer_job *job) {
  uint64_t count;
  pthread_mutex_lock(&worker->lock);
  bool is_done = worker->stage == STAGE_DONE;
  if (is_done) {
    ssize_t length = read(worker->fd, &count, sizeof(count));
    (void)length;
    *job = worker->job;
    worker->job = (struct srv_offer_job){0};
    worker->stage = STAGE_FREE;
  }
  pthread_mutex_unlock(&worker->lock);
  return is_done;
}
