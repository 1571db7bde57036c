/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SDK_JSON_H
#define SDK_JSON_H
/* JSON texts of one scalar (RFC 8259), without printf or strtod: written exactly
 * as short as they read back, read correctly rounded. For state.c. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each writes without a NUL and returns the length. GODWIT_ERR_NO_MEMORY when it
 * does not fit; GODWIT_ERR_ARGUMENT for what JSON has no text for: an infinity,
 * no number, a string that is not UTF-8. */
int godwit_json_write_bool(char *out, size_t size, bool value);
int godwit_json_write_int(char *out, size_t size, int64_t value);
/* Fewest digits that read back as the same double; needs 800 bytes of stack. */
int godwit_json_write_double(char *out, size_t size, double value);
int godwit_json_write_string(char *out, size_t size, const char *value);

/* Each takes the whole text, with white space around it. GODWIT_OK,
 * GODWIT_ERR_NOT_FOUND for null and for nothing, GODWIT_ERR_FORMAT for anything
 * else that is not of the type, or beyond its range. */
int godwit_json_read_bool(const uint8_t *text, size_t size, bool *value);
int godwit_json_read_int(const uint8_t *text, size_t size, int64_t *value);
/* Integers too. Digits beyond the nineteenth are not looked at. */
int godwit_json_read_double(const uint8_t *text, size_t size, double *value);
/* NUL-terminated; GODWIT_ERR_NO_MEMORY when it does not fit, GODWIT_ERR_FORMAT
 * for one that holds a NUL. */
int godwit_json_read_string(const uint8_t *text, size_t size, char *value, size_t value_size);
#endif
