/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_JSON_H
#define SERVER_CORE_JSON_H
/* JSON as the core keeps it, and its way from and to CBOR. Values are
 * jansson's; text is malloc'd. What comes in was written by others: depth and
 * size are bounded here, and every failure is a status. */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "server/core/status.h"
#include "wire/cbor.h"

#define SRV_JSON_DEPTH_MAX 16 /* arrays and objects inside each other */

/* Any JSON value; NULL when it is none, a member comes twice, a text holds
 * U+0000, or it is deeper than SRV_JSON_DEPTH_MAX. Whose text it was is not
 * needed any more. */
json_t *srv_json_parse(const char *text, size_t size);
/* Compact; numbers as short as they can be without changing, floats with a
 * point or an exponent so that they stay floats. NULL: out of memory. */
char *srv_json_text(const json_t *value);
/* The same into the caller's buffer: SRV_ERR_TOO_LARGE when it does not fit. */
int srv_json_print(const json_t *value, char *text, size_t size);
size_t srv_json_depth(const json_t *value); /* 0 for a scalar */

/* One item: bytes become hex text, NaN and infinities null, integers beyond 64
 * bits signed a float. SRV_ERR_INVALID: not well-formed, a key that is no text
 * or comes twice, text that is not UTF-8 or holds U+0000, too deep. */
int srv_json_from_cbor(struct gw_cbor_reader *reader, json_t **out);
/* The writer keeps its own error. */
void srv_json_to_cbor(const json_t *value, struct gw_cbor_writer *writer);
#endif
