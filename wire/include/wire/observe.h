/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_OBSERVE_H
#define WIRE_OBSERVE_H
/* Observe (RFC 7641): values of the option and the client's freshness rule. */
#include <stdbool.h>
#include <stdint.h>

#define GW_OBSERVE_REGISTER 0u
#define GW_OBSERVE_CANCEL 1u
#define GW_OBSERVE_MASK 0xFFFFFFu /* the option has 24 bits */

/* RFC 7641 3.4: is (value2, time2) newer than (value1, time1)? Times in
 * milliseconds of one monotonic clock. */
bool gw_observe_is_newer(uint32_t value1, uint64_t time1_ms, uint32_t value2, uint64_t time2_ms);
#endif
