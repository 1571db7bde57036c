/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/clock.h"

#include <time.h>

/* CLOCK_BOOTTIME goes on in sleep, which CLOCK_MONOTONIC of Linux does not. */
#ifdef CLOCK_BOOTTIME
#define STEADY_CLOCK CLOCK_BOOTTIME
#else
#define STEADY_CLOCK CLOCK_MONOTONIC
#endif

uint64_t godwit_platform_now_ms(void) {
  struct timespec now;
  clock_gettime(STEADY_CLOCK, &now);
  return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}
