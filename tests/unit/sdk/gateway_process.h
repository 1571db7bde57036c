/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_SDK_GATEWAY_PROCESS_H
#define TESTS_UNIT_SDK_GATEWAY_PROCESS_H
/* The real gateway over a core in memory, in a process of its own on loopback:
 * model@1.0.0 for the devices "d0@p" to "d9@p" with keys "secret-0" to
 * "secret-9". It ends with the test. */
#include <stdint.h>

#define GATEWAY_MODEL_BYTES 20000u
const uint8_t *gateway_model(void);

/* port 0: any free one. Returns the port. */
uint16_t gateway_start(uint16_t port);
/* kill -9 */
void gateway_stop(void);
#endif
