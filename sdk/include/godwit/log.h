/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GODWIT_LOG_H
#define GODWIT_LOG_H
/* Log lines of the SDK, for applications too. A line is formatted into a
 * buffer on the stack and handed to the port's godwit_platform_log, and to the
 * server where godwit_log_to_server was called. */
#include <stddef.h>

#include "godwit/client.h"

enum godwit_log_level {
  GODWIT_LOG_ERROR = 0,
  GODWIT_LOG_WARN = 1,
  GODWIT_LOG_INFO = 2,
  GODWIT_LOG_DEBUG = 3,
};

#define GODWIT_LOG_LINE_MAX 160u /* longer lines are cut */

/* Lines above this level are dropped before they are formatted. Starts at
 * GODWIT_LOG_INFO. */
void godwit_log_set_level(enum godwit_log_level level);

/* The most detailed level that is compiled in; -1: no line at all, and neither
 * their texts nor what formats them. A device that cannot show its log saves
 * two kilobytes. */
#ifndef GODWIT_LOG_LEVEL_MAX
#define GODWIT_LOG_LEVEL_MAX 3
#endif

/* Conversions: %s %c %d %i %u %x with l, ll or z; %02x style zero padding and
 * width; %%. No floats: firmware needs no printf of its libc for this. */
#define godwit_log(level, ...) \
  ((int)(level) <= GODWIT_LOG_LEVEL_MAX ? godwit_log_line(level, __VA_ARGS__) : (void)0)
__attribute__((format(printf, 2, 3))) void godwit_log_line(enum godwit_log_level level,
                                                           const char *format, ...);

/* Lines for the server (`.s/logs`). They wait in the caller's buffer, also while
 * there is no connection, and go up one by one, oldest first, as CBOR
 * {"level", "module", "msg"}: of "client: connected" the module is "client". A
 * full buffer loses its oldest lines; a line that says how many follows. Nothing
 * blocks, and what goes wrong with the sending is not logged. One a process. */
struct godwit_remote_log {
  void *buffer;       /* the caller's: 1 to 2 KB hold a restart's worth of lines */
  size_t buffer_size; /* at least GODWIT_LOG_LINE_MAX + 8; at most 65,535 are used */
  uint32_t lost;      /* lines, since godwit_log_to_server; for the application */

  struct { /* internal */
    struct godwit_client *client;
    enum godwit_log_level level;
    size_t first, used; /* of the records in the buffer: oldest, and all bytes */
    uint32_t lost_told;
    uint8_t refusals;
    bool telling_lost; /* what is under way is no record but the count */
    uint32_t telling;  /* that count */
    bool evicted;      /* the record under way is not in the buffer any more */
    struct godwit_request request;
    struct godwit_service service;
    uint8_t payload[GODWIT_LOG_LINE_MAX + 64];
  } internal;
};
/* From now on lines up to `level` (and up to godwit_log_set_level's) are kept for
 * the server. Fill in buffer and buffer_size; zero the rest. GODWIT_ERR_ARGUMENT;
 * GODWIT_ERR_STATE while there is one already. */
int godwit_log_to_server(struct godwit_client *client, struct godwit_remote_log *log,
                         enum godwit_log_level level);
/* Harmless when it was not started; before the client's end, or with it. */
void godwit_log_to_server_stop(struct godwit_remote_log *log);

/* The same conversions into text, always NUL-terminated; returns the length
 * that was written. */
__attribute__((format(printf, 3, 4))) size_t godwit_format(char *text, size_t size,
                                                           const char *format, ...);
#endif
