/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SDK_LOG_INTERNAL_H
#define SDK_LOG_INTERNAL_H
/* Between log.c and log_remote.c: a pointer, so that firmware which keeps its
 * lines to itself does not link the rest. */
#include "godwit/log.h"

typedef void (*godwit_log_sink_fn)(enum godwit_log_level level, const char *line, void *arg);
/* Takes each line behind the port; NULL: nobody does. */
void godwit_log_set_sink(godwit_log_sink_fn function, void *arg);
#endif
