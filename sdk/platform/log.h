/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLATFORM_LOG_H
#define PLATFORM_LOG_H
#include "godwit/log.h"

/* Takes one line without a newline: to a console, a UART, nowhere. */
void godwit_platform_log(enum godwit_log_level level, const char *line);
#endif
