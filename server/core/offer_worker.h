/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_OFFER_WORKER_H
#define SERVER_CORE_OFFER_WORKER_H
/* The thread that makes shorter forms of artifacts. Encoding a megabyte takes
 * seconds, in which the loop would serve no device. One job at a time: the loop
 * submits it, the thread works it off and makes srv_offer_worker_fd readable,
 * the loop collects it. The thread owns copies of the bytes and sees nothing
 * else of the server. What waits is no queue here: core/offers.c finds the next
 * job when there is room for it. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As srv_patch_encode (core/patch.h): *out is malloc'd, 0 is ok. base NULL: no
 * difference, compressed. Called on the thread. */
typedef int (*srv_offer_encoder)(const uint8_t *base, size_t base_size, const uint8_t *result,
                                 size_t result_size, uint8_t **out, size_t *out_size);

struct srv_offer_job {
  uint8_t *base, *result; /* malloc'd; base NULL: none */
  size_t base_size, result_size;
  uint8_t *out; /* comes back, malloc'd; NULL unless status is 0 */
  size_t out_size;
  int status; /* comes back: the encoder's */
};
/* What the job holds. */
void srv_offer_job_free(struct srv_offer_job *job);

struct srv_offer_worker;
/* NULL: out of memory, descriptors or threads. */
struct srv_offer_worker *srv_offer_worker_create(srv_offer_encoder encode);
/* Does not wait: a job at work is finished by the thread and thrown away. */
void srv_offer_worker_destroy(struct srv_offer_worker *worker);
int srv_offer_worker_fd(const struct srv_offer_worker *worker);
/* Takes the job's bytes. False: one is at work or not collected; nothing taken. */
bool srv_offer_worker_submit(struct srv_offer_worker *worker, struct srv_offer_job *job);
/* True: *job is done, and what it holds the caller's. */
bool srv_offer_worker_collect(struct srv_offer_worker *worker, struct srv_offer_job *job);
#endif
