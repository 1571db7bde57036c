/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_UTF8_H
#define WIRE_UTF8_H
/* Is this text UTF-8? Names, versions and paths come from the network and end
 * in logs, JSON and databases, so they are checked once, where they enter. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RFC 3629: no overlong form, no surrogate, nothing above U+10FFFF. NUL is
 * valid UTF-8; callers that make C strings refuse it themselves. */
bool gw_utf8_is_valid(const uint8_t *text, size_t size);
#endif
