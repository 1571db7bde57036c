/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLATFORM_CLOCK_H
#define PLATFORM_CLOCK_H
#include <stdint.h>

/* Milliseconds since any moment; never steps back, never wraps in 64 bits, goes
 * on in sleep. */
uint64_t godwit_platform_now_ms(void);
#endif
