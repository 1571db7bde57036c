/* SPDX-License-Identifier: Apache-2.0 */
#include "server/core/profile.h"

#include <string.h>

#include "server/core/internal.h"

#define SAME_AGAIN_US (INT64_C(86400) * 1000000)

/* --- ops ---------------------------------------------------------------------- */

const char *srv_profile_next_op(const char **cursor, size_t *length) {
  const char *op = *cursor;
  if (op[0] == 0) return NULL;
  *length = strcspn(op, ",");
  *cursor = op + *length + (op[*length] == ',');
  return op;
}

bool srv_profile_has_op(const char *ops, const char *name) {
  const char *cursor = ops, *op;
  size_t length, wanted = strlen(name);
  while ((op = srv_profile_next_op(&cursor, &length)) != NULL) {
    if (length == wanted && memcmp(op, name, length) == 0) return true;
  }
  return false;
}

/* False when it does not fit. */
static bool append_op(char ops[SRV_PROFILE_OPS_MAX + 1], size_t *used, const char *name,
                      size_t length) {
  size_t comma = *used > 0;
  if (*used + comma + length > SRV_PROFILE_OPS_MAX) return false;
  if (comma) ops[(*used)++] = ',';
  memcpy(ops + *used, name, length);
  *used += length;
  ops[*used] = 0;
  return true;
}

static int name_ops(struct srv_core *core, const struct gw_hello *hello, char *ops) {
  size_t used = 0;
  for (size_t i = 0; i < hello->op_count; i++) {
    const struct gw_hello_op *op = &hello->op[i];
    char number[SRV_BUILTIN_NAME_MAX + 1];
    const char *name = op->name != NULL ? op->name : srv_builtin_name(op->code, number);
    size_t length = op->name != NULL ? op->name_length : strlen(name);
    if (append_op(ops, &used, name, length)) continue;
    return srv_fail(core, SRV_ERR_TOO_LARGE, "the names of a device's ops take more than %d bytes",
                    SRV_PROFILE_OPS_MAX);
  }
  return SRV_OK;
}

/* --- keeping it ---------------------------------------------------------------- */

int srv_core_device_profile(struct srv_core *core, const char *device_id,
                            struct srv_device_profile *out) {
  struct srv_query query = {0};
  srv_query_text(&query, "device_id", SRV_EQUALS, device_id);
  return srv_fail_store(core, core->store->ops->get(core->store, SRV_DEVICE_PROFILE, &query, out));
}

static bool says_the_same(const struct srv_device_profile *a, const struct srv_device_profile *b) {
  return strcmp(a->board, b->board) == 0 && strcmp(a->sdk, b->sdk) == 0 &&
         strcmp(a->runtime, b->runtime) == 0 && strcmp(a->ops, b->ops) == 0 &&
         a->arena_bytes == b->arena_bytes && a->slot_bytes == b->slot_bytes;
}

static int keep(struct srv_core *core, const struct srv_device_profile *row) {
  int status = srv_transaction_begin(core);
  if (status != SRV_OK) return status;
  status = srv_fail_store(core, core->store->ops->put(core->store, SRV_DEVICE_PROFILE, row));
  srv_fleet_mark(core, row->project_id, row->device_id);
  return srv_transaction_end(core, status);
}

int srv_core_device_hello(struct srv_core *core, const struct srv_device_ref *device,
                          const struct gw_hello *hello) {
  struct srv_device_profile row = {.arena_bytes = hello->arena_bytes,
                                   .slot_bytes = hello->slot_bytes,
                                   .time_us = srv_now_us(core)};
  struct srv_device_profile old;
  memcpy(row.device_id, device->device_id, sizeof(row.device_id));
  memcpy(row.project_id, device->project_id, sizeof(row.project_id));
  memcpy(row.board, hello->board, sizeof(row.board));
  memcpy(row.sdk, hello->sdk, sizeof(row.sdk));
  memcpy(row.runtime, hello->runtime, sizeof(row.runtime));
  int status = name_ops(core, hello, row.ops);
  if (status != SRV_OK) return status;
  status = srv_core_device_profile(core, device->device_id, &old);
  if (status == SRV_OK && says_the_same(&old, &row) && row.time_us - old.time_us < SAME_AGAIN_US &&
      row.time_us >= old.time_us) {
    return SRV_OK;
  }
  return status == SRV_OK || status == SRV_ERR_NOT_FOUND ? keep(core, &row) : status;
}
