/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "client_internal.h"
#include "log_internal.h"
#include "wire/cbor.h"
#include "wire/utf8.h"

#define LOGS_PATH "/.s/logs"
#define REFUSALS_MAX 6u
#define HEAD_SIZE 2u /* of a record: level, length of the line that follows */
#define BUFFER_USED_MAX 65535u

static const struct godwit_remote_log *active; /* one a process: godwit_log_line has no client */

/* The ring -------------------------------------------------------------------- */

static uint8_t byte_at(const struct godwit_remote_log *log, size_t offset) {
  const uint8_t *bytes = log->buffer;
  return bytes[(log->internal.first + offset) % log->buffer_size];
}

static size_t oldest_size(const struct godwit_remote_log *log) {
  return HEAD_SIZE + (size_t)byte_at(log, 1);
}

static void drop_oldest(struct godwit_remote_log *log) {
  size_t size = oldest_size(log);
  log->internal.first = (log->internal.first + size) % log->buffer_size;
  log->internal.used -= size;
}

static void append_byte(struct godwit_remote_log *log, uint8_t byte) {
  uint8_t *bytes = log->buffer;
  bytes[(log->internal.first + log->internal.used) % log->buffer_size] = byte;
  log->internal.used++;
}

static bool is_under_way(const struct godwit_remote_log *log) {
  return godwit_exchange_has_request(log->internal.client, &log->internal.request);
}

static void lose_oldest(struct godwit_remote_log *log) {
  /* The one that is under way was copied, and arrives perhaps: not lost. */
  bool sent = is_under_way(log) && !log->internal.telling_lost && !log->internal.evicted;
  if (sent) {
    log->internal.evicted = true;
  } else {
    log->lost++;
  }
  drop_oldest(log);
}

static void keep_line(enum godwit_log_level level, const char *line, void *arg) {
  struct godwit_remote_log *log = arg;
  if ((int)level > (int)log->internal.level) return;
  size_t length = strlen(line); /* below GODWIT_LOG_LINE_MAX */
  while (log->buffer_size - log->internal.used < HEAD_SIZE + length) lose_oldest(log);
  append_byte(log, (uint8_t)level);
  append_byte(log, (uint8_t)length);
  for (size_t i = 0; i < length; i++) append_byte(log, (uint8_t)line[i]);
  if (log->internal.service.due_ms == UINT64_MAX && !is_under_way(log)) {
    log->internal.service.due_ms = 0;
  }
}

/* Sending --------------------------------------------------------------------- */

static const char *level_name(unsigned level) {
  static const char *const names[] = {"error", "warn", "info", "debug"};
  return names[level <= GODWIT_LOG_DEBUG ? level : GODWIT_LOG_DEBUG];
}

/* "client: connected" has a module: one word of letters, digits, - and _ in
 * front of a colon and a space. Cuts there; NULL without. */
static char *split_module(char *line) {
  char *at = line;
  while ((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') ||
         *at == '_' || *at == '-') {
    at++;
  }
  if (at == line || at[0] != ':' || at[1] != ' ') return NULL;
  *at = '\0';
  return at + 2;
}

/* A line is cut by bytes, and applications log what they like. */
static void make_utf8(char *text) {
  if (gw_utf8_is_valid((const uint8_t *)text, strlen(text))) return;
  for (; *text != '\0'; text++) {
    if ((uint8_t)*text >= 0x80) *text = '?';
  }
}

static size_t write_payload(struct godwit_remote_log *log, unsigned level, char *line) {
  struct gw_cbor_writer writer;
  make_utf8(line);
  const char *message = split_module(line);
  gw_cbor_writer_init(&writer, log->internal.payload, sizeof log->internal.payload);
  gw_cbor_write_map(&writer, 3);
  gw_cbor_write_text(&writer, "level");
  gw_cbor_write_text(&writer, level_name(level));
  gw_cbor_write_text(&writer, "module");
  gw_cbor_write_text(&writer, message != NULL ? line : "");
  gw_cbor_write_text(&writer, "msg");
  gw_cbor_write_text(&writer, message != NULL ? message : line);
  return (size_t)gw_cbor_writer_finish(&writer); /* a line always fits */
}

static int on_line_taken(struct godwit_client *client, const struct godwit_response *response,
                         void *arg) {
  struct godwit_remote_log *log = arg;
  uint64_t again_ms =
      godwit_client_again_ms(client, response, &log->internal.refusals, REFUSALS_MAX);
  if (again_ms == UINT64_MAX) { /* taken, or refused for good: the next one */
    if (log->internal.telling_lost) {
      log->internal.lost_told = log->internal.telling;
    } else if (!log->internal.evicted && log->internal.used > 0) {
      drop_oldest(log);
    }
    again_ms = 0;
  } else if (log->internal.evicted) {
    log->lost++; /* it cannot be sent again */
  }
  log->internal.evicted = false;
  log->internal.service.due_ms = again_ms;
  return 0;
}

static void send_line(struct godwit_client *client, int status, void *arg) {
  struct godwit_remote_log *log = arg;
  char line[GODWIT_LOG_LINE_MAX];
  unsigned level = GODWIT_LOG_WARN;
  if (status < 0) { /* the client ends */
    godwit_log_to_server_stop(log);
    return;
  }
  log->internal.telling_lost = log->lost != log->internal.lost_told;
  if (log->internal.telling_lost) {
    log->internal.telling = log->lost;
    godwit_format(line, sizeof line, "log: %u lines lost",
                  (unsigned)(log->lost - log->internal.lost_told));
  } else if (log->internal.used > 0) {
    size_t length = byte_at(log, 1);
    level = byte_at(log, 0);
    for (size_t i = 0; i < length; i++) line[i] = (char)byte_at(log, HEAD_SIZE + i);
    line[length] = '\0';
  } else {
    return;
  }
  log->internal.request = (struct godwit_request){
      .method = GODWIT_POST,
      .path = LOGS_PATH,
      .content_format = GODWIT_FORMAT_CBOR,
      .accept = GODWIT_FORMAT_NONE,
      .payload = log->internal.payload,
      .payload_size = write_payload(log, level, line),
      .on_response = on_line_taken,
      .arg = log,
  };
  (void)godwit_client_request(client, &log->internal.request); /* connected, nothing amiss */
}

/* For the application ---------------------------------------------------------- */

int godwit_log_to_server(struct godwit_client *client, struct godwit_remote_log *log,
                         enum godwit_log_level level) {
  if (client == NULL || log == NULL || log->buffer == NULL) return GODWIT_ERR_ARGUMENT;
  if (log->buffer_size < GODWIT_LOG_LINE_MAX + 8) return GODWIT_ERR_ARGUMENT;
  if (active != NULL) return GODWIT_ERR_STATE;
  if (log->buffer_size > BUFFER_USED_MAX) log->buffer_size = BUFFER_USED_MAX;
  memset(&log->internal, 0, sizeof log->internal);
  log->lost = 0;
  log->internal.client = client;
  log->internal.level = level;
  log->internal.service =
      (struct godwit_service){.run = send_line, .arg = log, .due_ms = UINT64_MAX};
  int status = godwit_client_add_service(client, &log->internal.service);
  if (status < 0) return status;
  active = log;
  godwit_log_set_sink(keep_line, log);
  return GODWIT_OK;
}

void godwit_log_to_server_stop(struct godwit_remote_log *log) {
  if (active == NULL || active != log) return;
  active = NULL;
  godwit_log_set_sink(NULL, NULL);
  godwit_client_cancel(log->internal.client, &log->internal.request);
  godwit_client_remove_service(log->internal.client, &log->internal.service);
}
