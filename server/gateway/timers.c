/* SPDX-License-Identifier: Apache-2.0 */
#include "server/gateway/timers.h"

#include <stdlib.h>

bool timers_reserve(struct timers *timers, size_t count) {
  if (count + 1 <= timers->capacity) return true;
  size_t capacity = timers->capacity == 0 ? 64 : timers->capacity;
  while (capacity < count + 1) capacity *= 2;
  struct timer **heap = realloc(timers->heap, capacity * sizeof(struct timer *));
  if (heap == NULL) return false;
  timers->heap = heap;
  timers->capacity = capacity;
  return true;
}

void timers_free(struct timers *timers) {
  free(timers->heap);
  *timers = (struct timers){.heap = NULL};
}

static void place(struct timers *timers, struct timer *timer, size_t position) {
  timers->heap[position] = timer;
  timer->position = position;
}

static void sift_up(struct timers *timers, size_t position) {
  struct timer *timer = timers->heap[position];
  while (position > 1 && timers->heap[position / 2]->due_ms > timer->due_ms) {
    place(timers, timers->heap[position / 2], position);
    position /= 2;
  }
  place(timers, timer, position);
}

static void sift_down(struct timers *timers, size_t position) {
  struct timer *timer = timers->heap[position];
  for (;;) {
    size_t child = 2 * position;
    if (child > timers->count) break;
    if (child < timers->count && timers->heap[child + 1]->due_ms < timers->heap[child]->due_ms)
      child++;
    if (timers->heap[child]->due_ms >= timer->due_ms) break;
    place(timers, timers->heap[child], position);
    position = child;
  }
  place(timers, timer, position);
}

void timers_set(struct timers *timers, struct timer *timer, uint64_t due_ms) {
  if (due_ms == TIMER_NEVER) {
    timers_clear(timers, timer);
    return;
  }
  timer->due_ms = due_ms;
  if (timer->position == 0) place(timers, timer, ++timers->count);
  sift_up(timers, timer->position);
  sift_down(timers, timer->position);
}

void timers_clear(struct timers *timers, struct timer *timer) {
  size_t position = timer->position;
  if (position == 0) return;
  struct timer *last = timers->heap[timers->count--];
  timer->position = 0;
  if (last == timer) return;
  place(timers, last, position);
  sift_up(timers, position);
  sift_down(timers, last->position);
}

struct timer *timers_first(const struct timers *timers) {
  return timers->count > 0 ? timers->heap[1] : NULL;
}
