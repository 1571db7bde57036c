/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/observe.h"

#define HALF_RANGE (1u << 23)
#define FRESH_FOR_MS 128000u /* no server counts 2^23 notifications in less */

bool gw_observe_is_newer(uint32_t value1, uint64_t time1_ms, uint32_t value2, uint64_t time2_ms) {
  uint32_t ahead = (value2 - value1) & GW_OBSERVE_MASK;
  if (ahead != 0 && ahead < HALF_RANGE) return true;
  return time2_ms > time1_ms && time2_ms - time1_ms > FRESH_FOR_MS;
}
