/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_TOTP_H
#define SERVER_CORE_TOTP_H
/* One-time codes as authenticator apps show them: RFC 6238 with SHA-1, 30
 * seconds and 6 digits, the one variant that all of them speak. Pure functions. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SRV_TOTP_STEP_S 30
#define SRV_TOTP_DIGITS 6

/* RFC 6238 4: the step that a time is in. */
int64_t srv_totp_step(int64_t time_us);
/* RFC 4226 5.3, cut to SRV_TOTP_DIGITS. */
uint32_t srv_totp_code(const uint8_t *secret, size_t size, int64_t step);
/* The step that the code is of: the one at hand, the one before or the one
 * after, and later than last_step, so that a code is good once. -1: none. */
int64_t srv_totp_match(const uint8_t *secret, size_t size, const char *code, int64_t now_us,
                       int64_t last_step);
/* RFC 4648 6 without padding; out has room for (size * 8 + 4) / 5 + 1. */
void srv_base32_encode(const uint8_t *data, size_t size, char *out);
#endif
