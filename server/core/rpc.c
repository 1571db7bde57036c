/* SPDX-License-Identifier: Apache-2.0 */
/* Remote calls, in memory: whoever asks waits for the answer, so a server that
 * stops has nothing to keep. A device hears them one at a time, oldest first.
 *
 * done may call back into the core: each call is out of the lists before its
 * done is called, and loops start over after it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/core/internal.h"
#include "server/core/json.h"
#include "wire/utf8.h"

struct srv_rpc {
  struct srv_rpc *next;
  struct srv_device_ref device;
  char id[SRV_ID_LENGTH + 1];
  char method[SRV_RPC_METHOD_MAX + 1];
  char *params;
  bool delivered;
  int64_t timeout_us; /* srv_steady_us */
  void (*done)(void *context, const struct srv_rpc_result *result);
  void *context;
};

/* --- lists ------------------------------------------------------------------------- */

static struct srv_rpc **bucket_of(struct srv_core *core, const char *device_id) {
  uint32_t hash = 2166136261u; /* FNV-1a */
  for (const char *c = device_id; *c != 0; c++) hash = (hash ^ (uint8_t)*c) * 16777619u;
  return &core->rpcs.bucket[(hash ^ (hash >> 16)) % SRV_RPC_BUCKETS];
}

/* The link to the device's oldest call, or to the list's end. */
static struct srv_rpc **oldest_of(struct srv_core *core, const char *device_id) {
  struct srv_rpc **link = bucket_of(core, device_id);
  while (*link != NULL && strcmp((*link)->device.device_id, device_id) != 0) link = &(*link)->next;
  return link;
}

static void append_call(struct srv_core *core, struct srv_rpc *call) {
  struct srv_rpc **link = bucket_of(core, call->device.device_id);
  while (*link != NULL) link = &(*link)->next;
  *link = call;
  core->rpcs.count++;
  if (call->timeout_us < core->rpcs.next_timeout_us) core->rpcs.next_timeout_us = call->timeout_us;
}

static struct srv_rpc *unlink_call(struct srv_core *core, struct srv_rpc **link) {
  struct srv_rpc *call = *link;
  *link = call->next;
  call->next = NULL;
  core->rpcs.count--;
  if (core->rpcs.count == 0) core->rpcs.next_timeout_us = INT64_MAX;
  return call;
}

static void free_call(struct srv_rpc *call) {
  if (call == NULL) return;
  free(call->params);
  free(call);
}

/* Takes it out. Another may be the device's turn now. */
static struct srv_rpc *take_call(struct srv_core *core, struct srv_rpc **link) {
  bool was_current = link == oldest_of(core, (*link)->device.device_id);
  struct srv_rpc *call = unlink_call(core, link);
  if (was_current) srv_tell_observed(core, &call->device);
  return call;
}

static void end_call(struct srv_rpc *call, struct srv_rpc_result result) {
  result.delivered = call->delivered;
  call->done(call->context, &result);
  free_call(call);
}

/* --- asking --------------------------------------------------------------------------- */

static int check_method(struct srv_core *core, const char *method) {
  size_t length = strlen(method);
  bool good = length > 0 && length <= SRV_RPC_METHOD_MAX &&
              gw_utf8_is_valid((const uint8_t *)method, length);
  for (size_t i = 0; good && i < length; i++) {
    good = (unsigned char)method[i] >= 0x20 && method[i] != 0x7f;
  }
  if (good) return SRV_OK;
  return srv_fail(core, SRV_ERR_INVALID, "a method's name has 1 to %d bytes of text",
                  SRV_RPC_METHOD_MAX);
}

static int check_shape(struct srv_core *core, const json_t *params) {
  if (!json_is_array(params)) {
    return srv_fail(core, SRV_ERR_INVALID, "a call's params must be a JSON array");
  }
  if (srv_json_depth(params) <= GW_CBOR_DEPTH_MAX - 1) return SRV_OK;
  return srv_fail(core, SRV_ERR_INVALID, "a call's params are at most %u arrays deep",
                  GW_CBOR_DEPTH_MAX - 1);
}

/* The call is one datagram of CBOR. */
static int check_size(struct srv_core *core, const json_t *params) {
  struct gw_cbor_writer writer;
  gw_cbor_writer_init(&writer, NULL, SIZE_MAX);
  srv_json_to_cbor(params, &writer);
  int size = gw_cbor_writer_finish(&writer);
  if (size >= 0 && size <= SRV_RPC_PARAMS_MAX) return SRV_OK;
  return srv_fail(core, SRV_ERR_TOO_LARGE, "a call's params have at most %d bytes as CBOR",
                  SRV_RPC_PARAMS_MAX);
}

/* JSON has one kind of number, and published clients read all of them with
 * zcbor_float_decode, which refuses an integer: 7 goes out as 7.0. What a
 * double cannot hold stays whole. The new value is the caller's. */
static json_t *with_floats(json_t *value) {
  const json_int_t exact_max = (json_int_t)1 << 53;
  size_t index;
  const char *key;
  json_t *child;
  if (json_is_integer(value)) {
    json_int_t number = json_integer_value(value);
    if (number >= -exact_max && number <= exact_max) return json_real((double)number);
  } else if (json_is_array(value)) {
    json_array_foreach(value, index, child) json_array_set_new(value, index, with_floats(child));
  } else if (json_is_object(value)) { /* a key that is there: iterators stay good */
    json_object_foreach(value, key, child) json_object_set_new(value, key, with_floats(child));
  }
  return json_incref(value);
}

static int read_params(struct srv_core *core, const char *text, char **out) {
  if (text == NULL) text = "[]";
  json_t *params = srv_json_parse(text, strlen(text));
  int status = check_shape(core, params);
  if (status == SRV_OK) {
    json_decref(with_floats(params));
    status = check_size(core, params);
  }
  if (status == SRV_OK) {
    *out = srv_json_text(params);
    if (*out == NULL) status = srv_fail_memory(core);
  }
  json_decref(params);
  return status;
}

static int check_waiting(struct srv_core *core, const char *device_id) {
  size_t waiting = 0;
  for (struct srv_rpc *call = *bucket_of(core, device_id); call != NULL; call = call->next) {
    if (strcmp(call->device.device_id, device_id) == 0) waiting++;
  }
  if (waiting < SRV_RPC_PENDING_PER_DEVICE && core->rpcs.count < SRV_RPC_PENDING_MAX) return SRV_OK;
  return srv_fail(core, SRV_ERR_BUSY, "%zu calls wait for the device already: try again later",
                  waiting);
}

static int check_timeout(struct srv_core *core, uint32_t timeout_ms) {
  if (timeout_ms <= SRV_RPC_TIMEOUT_MS_MAX) return SRV_OK;
  return srv_fail(core, SRV_ERR_INVALID, "a call waits for at most %u milliseconds",
                  SRV_RPC_TIMEOUT_MS_MAX);
}

/* NULL: *status says why. */
static struct srv_rpc *make_call(struct srv_core *core, const struct srv_device_ref *device,
                                 const char *method, const char *params, uint32_t timeout_ms,
                                 int *status) {
  char *text = NULL;
  *status = check_timeout(core, timeout_ms);
  if (*status == SRV_OK) *status = check_method(core, method);
  if (*status == SRV_OK) *status = read_params(core, params, &text);
  if (*status != SRV_OK) return NULL;
  struct srv_rpc *call = calloc(1, sizeof(*call));
  if (call == NULL) {
    free(text);
    *status = srv_fail_memory(core);
    return NULL;
  }
  if (timeout_ms == 0) timeout_ms = SRV_RPC_TIMEOUT_MS_DEFAULT;
  call->params = text;
  call->device = *device;
  snprintf(call->method, sizeof(call->method), "%s", method);
  srv_make_id(core, call->id);
  call->timeout_us = srv_steady_us(core) + (int64_t)timeout_ms * 1000;
  return call;
}

int srv_core_rpc_call(struct srv_core *core, const struct srv_device_ref *device,
                      const char *method, const char *params, uint32_t timeout_ms,
                      void (*done)(void *context, const struct srv_rpc_result *result),
                      void *context, char id[SRV_ID_LENGTH + 1]) {
  int status;
  struct srv_rpc *call = make_call(core, device, method, params, timeout_ms, &status);
  if (call == NULL) return status;
  const struct srv_seen *seen = srv_seen_find(core, device->device_id);
  bool is_online = seen != NULL && seen->online;
  bool is_listening = is_online && seen->is_listening;
  if (is_listening) status = check_waiting(core, device->device_id);
  if (status != SRV_OK) {
    free_call(call);
    return status;
  }
  memcpy(id, call->id, sizeof(call->id));
  call->done = done;
  call->context = context;
  if (!is_listening) {
    end_call(call, (struct srv_rpc_result){.outcome = is_online ? SRV_RPC_NOT_LISTENING
                                                                : SRV_RPC_OFFLINE});
    return SRV_OK;
  }
  bool is_current = *oldest_of(core, device->device_id) == NULL;
  append_call(core, call);
  if (is_current) srv_tell_observed(core, device);
  return SRV_OK;
}

void srv_core_rpc_cancel(struct srv_core *core, const char *id) {
  for (size_t i = 0; i < SRV_RPC_BUCKETS; i++) {
    for (struct srv_rpc **link = &core->rpcs.bucket[i]; *link != NULL; link = &(*link)->next) {
      if (strcmp((*link)->id, id) != 0) continue;
      free_call(take_call(core, link));
      return;
    }
  }
}

/* --- the device's side ------------------------------------------------------------------- */

void srv_core_rpc_listening(struct srv_core *core, const struct srv_device_ref *device,
                            bool listening) {
  struct srv_seen *seen =
      listening ? srv_seen_of(core, device->device_id) : srv_seen_find(core, device->device_id);
  if (seen != NULL) seen->is_listening = listening;
}

const struct srv_rpc_call *srv_core_rpc_current(struct srv_core *core,
                                                const struct srv_device_ref *device) {
  if (core->rpcs.count == 0) return NULL; /* asked for each device at each change */
  const struct srv_rpc *call = *oldest_of(core, device->device_id);
  struct srv_rpc_call *current = &core->rpcs.current;
  if (call == NULL) return NULL;
  memcpy(current->id, call->id, sizeof(current->id));
  memcpy(current->method, call->method, sizeof(current->method));
  current->params = call->params;
  current->delivered = call->delivered;
  return current;
}

/* Of the device's current call only: it has not heard of the others. */
static struct srv_rpc **find_current(struct srv_core *core, const struct srv_device_ref *device,
                                     const char *id) {
  struct srv_rpc **link = oldest_of(core, device->device_id);
  return *link != NULL && strcmp((*link)->id, id) == 0 ? link : NULL;
}

void srv_core_rpc_delivered(struct srv_core *core, const struct srv_device_ref *device,
                            const char *id) {
  struct srv_rpc **link = find_current(core, device, id);
  if (link != NULL) (*link)->delivered = true;
}

int srv_core_rpc_answer(struct srv_core *core, const struct srv_device_ref *device, const char *id,
                        uint32_t status_code, const char *detail) {
  struct srv_rpc **link = find_current(core, device, id);
  if (link == NULL) {
    return srv_fail(core, SRV_ERR_NOT_FOUND, "no call \"%.*s\" waits for an answer", SRV_ID_LENGTH,
                    id);
  }
  /* Whoever waits learns the status even when the rest is beyond us. */
  bool fits = detail == NULL || strlen(detail) <= SRV_RPC_DETAIL_MAX;
  struct srv_rpc *call = take_call(core, link);
  call->delivered = true;
  end_call(call, (struct srv_rpc_result){.outcome = SRV_RPC_ANSWERED,
                                         .status_code = status_code,
                                         .detail = fits ? detail : NULL});
  if (fits) return SRV_OK;
  return srv_fail(core, SRV_ERR_TOO_LARGE, "an answer's detail has at most %d bytes as JSON",
                  SRV_RPC_DETAIL_MAX);
}

void srv_rpc_device_gone(struct srv_core *core, const char *device_id) {
  struct srv_rpc **link;
  while (*(link = oldest_of(core, device_id)) != NULL) {
    end_call(unlink_call(core, link), (struct srv_rpc_result){.outcome = SRV_RPC_GONE});
  }
}

/* --- time ----------------------------------------------------------------------------------- */

static struct srv_rpc **find_due(struct srv_core *core, int64_t now) {
  core->rpcs.next_timeout_us = INT64_MAX;
  for (size_t i = 0; i < SRV_RPC_BUCKETS; i++) {
    for (struct srv_rpc **link = &core->rpcs.bucket[i]; *link != NULL; link = &(*link)->next) {
      int64_t timeout = (*link)->timeout_us;
      if (timeout <= now) return link;
      if (timeout < core->rpcs.next_timeout_us) core->rpcs.next_timeout_us = timeout;
    }
  }
  return NULL;
}

void srv_rpc_tick(struct srv_core *core) {
  int64_t now = srv_steady_us(core);
  if (now < core->rpcs.next_timeout_us) return;
  for (struct srv_rpc **link; (link = find_due(core, now)) != NULL;) {
    end_call(take_call(core, link), (struct srv_rpc_result){.outcome = SRV_RPC_TIMED_OUT});
  }
}

int srv_core_rpc_timeout_ms(struct srv_core *core) {
  if (core->rpcs.next_timeout_us == INT64_MAX) return -1;
  int64_t left_us = core->rpcs.next_timeout_us - srv_steady_us(core);
  return left_us <= 0 ? 0 : (int)((left_us + 999) / 1000);
}

/* Whoever asked has gone before the core. */
void srv_rpc_free(struct srv_core *core) {
  for (size_t i = 0; i < SRV_RPC_BUCKETS; i++) {
    while (core->rpcs.bucket[i] != NULL) free_call(unlink_call(core, &core->rpcs.bucket[i]));
  }
}
