/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SDK_TEXT_H
#define SDK_TEXT_H
/* Names and paths put together, for a device that formats no log lines. What is
 * added fits: the longest that each buffer has to hold is stated with it. Each
 * adds a NUL too, and returns its place, where the next addition goes. */
#include <stddef.h>
#include <stdint.h>

char *godwit_text_add(char *end, const char *text);
char *godwit_text_add_hex(char *end, const uint8_t *bytes, size_t count);
/* At most ten digits. */
char *godwit_text_add_number(char *end, uint32_t number);
#endif
