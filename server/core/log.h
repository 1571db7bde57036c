/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_LOG_H
#define SERVER_CORE_LOG_H
/* One line a call, to standard error: text for people or JSON for machines.
 * Never log keys, PSKs or the bodies of requests. */
#include <stdbool.h>

enum srv_log_level { SRV_LOG_ERROR, SRV_LOG_WARNING, SRV_LOG_INFO, SRV_LOG_DEBUG };

/* The default is SRV_LOG_WARNING as text. */
void srv_log_configure(enum srv_log_level level, bool json);
/* "error", "warning", "info", "debug"; false for anything else. */
bool srv_log_level_parse(const char *text, enum srv_log_level *out);

/* area: "gateway", "rest", ...; format without a line end. */
void srv_log(enum srv_log_level level, const char *area, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#endif
