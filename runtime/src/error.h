/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_SRC_ERROR_H
#define RUNTIME_SRC_ERROR_H
/* Filling struct wit_error without stdio. Formats know %d (int32_t), %u
 * (uint32_t) and %s; texts that come out of a model are cleaned of control
 * characters, so that a message is one line whatever the model says. */
#include <stdarg.h>

#include "wit/wit.h"

/* Sets everything but arena_needed_bytes; returns status. */
int wit_error_set(struct wit_error *error, int status, int op_index, int tensor_index,
                  const char *format, ...);
void wit_error_clear(struct wit_error *error);
/* Appends to the message what fits. */
void wit_error_append(struct wit_error *error, const char *format, ...);
void wit_error_append_list(struct wit_error *error, const char *format, va_list arguments);
#endif
