/* SPDX-License-Identifier: Apache-2.0 */
/* Lines that devices log: a history of bounded length for each. */
#include <string.h>

#include "server/core/internal.h"
#include "server/core/json.h"
#include "wire/utf8.h"

/* Copies what fits, not into the middle of a character; what is no UTF-8
 * becomes '?', as databases and JSON take nothing else. */
static void copy_cut(char *out, size_t size, const char *text) {
  size_t length = strnlen(text, size);
  if (length == size) {
    length = size - 1;
    while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80) length--;
  }
  memcpy(out, text, length);
  out[length] = 0;
  if (gw_utf8_is_valid((const uint8_t *)out, length)) return;
  for (size_t i = 0; i < length; i++) {
    if ((unsigned char)out[i] >= 0x80) out[i] = '?';
  }
}

/* A cut object would be none: one that is too long is left out. */
static int copy_fields(struct srv_core *core, struct srv_device_log *row, const char *fields) {
  size_t length = strlen(fields);
  if (length == 0 || length >= sizeof(row->fields)) return SRV_OK;
  json_t *value = srv_json_parse(fields, length);
  bool good = json_is_object(value);
  json_decref(value);
  if (!good) return srv_fail(core, SRV_ERR_INVALID, "a log line's fields must be a JSON object");
  memcpy(row->fields, fields, length + 1);
  return SRV_OK;
}

static int count_lines(struct srv_core *core, struct srv_seen *seen) {
  uint64_t count = 0;
  if (seen->log_lines >= 0) return SRV_OK;
  int status =
      srv_count(core, SRV_DEVICE_LOG, "device_id", SRV_EQUALS, seen->presence.device_id, &count);
  if (status == SRV_OK) seen->log_lines = (int64_t)count;
  return status;
}

/* Keeps the newest lines; done when a quarter more have come, so that most
 * lines do not pay for it. */
static int prune(struct srv_core *core, struct srv_seen *seen) {
  if (seen->log_lines < SRV_LOG_LINES_PER_DEVICE + SRV_LOG_LINES_PER_DEVICE / 4) return SRV_OK;
  struct srv_device_log first_too_old;
  struct srv_query query = {.newest_first = true, .offset = SRV_LOG_LINES_PER_DEVICE};
  srv_query_text(&query, "device_id", SRV_EQUALS, seen->presence.device_id);
  int status = core->store->ops->get(core->store, SRV_DEVICE_LOG, &query, &first_too_old);
  if (status == SRV_OK) {
    srv_query_number(&query, "id", SRV_AT_MOST, first_too_old.id);
    status = core->store->ops->remove(core->store, SRV_DEVICE_LOG, &query);
  }
  if (status != SRV_OK && status != SRV_ERR_NOT_FOUND) return srv_fail_store(core, status);
  seen->log_lines = -1; /* counted anew: this may yet be undone */
  return SRV_OK;
}

static int write_line(struct srv_core *core, const struct srv_device_log *row,
                      struct srv_seen *seen) {
  int status = srv_fail_store(core, core->store->ops->insert(core->store, SRV_DEVICE_LOG, row));
  if (status != SRV_OK) return status;
  seen->log_lines++;
  return prune(core, seen);
}

int srv_core_device_log(struct srv_core *core, const struct srv_device_ref *device,
                        enum srv_device_log_level level, const char *module, const char *message,
                        const char *fields) {
  struct srv_device_log row = {.level = (uint8_t)level, .time_us = srv_now_us(core)};
  memcpy(row.project_id, device->project_id, sizeof(row.project_id));
  memcpy(row.device_id, device->device_id, sizeof(row.device_id));
  copy_cut(row.module, sizeof(row.module), module);
  copy_cut(row.message, sizeof(row.message), message);
  int status = copy_fields(core, &row, fields);
  if (status == SRV_OK) status = srv_check_room(core);
  if (status != SRV_OK) return status;
  struct srv_seen *seen = srv_seen_of(core, device->device_id);
  if (seen == NULL) return srv_fail_memory(core);
  status = count_lines(core, seen);
  if (status == SRV_OK) status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  return srv_transaction_end(core, write_line(core, &row, seen));
}
