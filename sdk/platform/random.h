/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLATFORM_RANDOM_H
#define PLATFORM_RANDOM_H
#include <stddef.h>

/* Fills buffer with bytes fit for cryptographic keys: a hardware generator, or
 * a DRBG seeded by one. 0, or negative when there is no entropy (the client
 * then does not connect). */
int godwit_platform_random(void *buffer, size_t size);
#endif
