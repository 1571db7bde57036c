/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_GATEWAY_TIMERS_H
#define SERVER_GATEWAY_TIMERS_H
/* A binary heap of deadlines, embedded in the objects that wait. A session
 * moves its deadline away at every datagram; to keep that free, a timer may
 * fire early: its owner then asks itself when it is really due and sets it
 * again. So timers_set is called only for a deadline that comes nearer. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIMER_NEVER UINT64_MAX

struct timer {
  uint64_t due_ms;
  size_t position; /* in the heap, from 1; 0: not set */
};
struct timers {
  struct timer **heap; /* heap[0] unused */
  size_t count, capacity;
};

/* Room for one timer more; false when memory is out. Called once per object at
 * its birth, so that timers_set cannot fail. */
bool timers_reserve(struct timers *timers, size_t count);
void timers_free(struct timers *timers);
/* Sets or moves. TIMER_NEVER clears. */
void timers_set(struct timers *timers, struct timer *timer, uint64_t due_ms);
void timers_clear(struct timers *timers, struct timer *timer);
/* The earliest, or NULL. */
struct timer *timers_first(const struct timers *timers);
#endif
