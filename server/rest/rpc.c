/* SPDX-License-Identifier: Apache-2.0 */
/* Calls to devices: the request waits, without holding up anyone, until the
 * device has answered or the time is up. */
#include <stdlib.h>
#include <string.h>

#include "server/core/changes.h"
#include "server/core/json.h"
#include "server/rest/internal.h"

/* Half of the connections there are (http.c), so that calls to devices that
 * are asleep do not keep operators out. */
#define WAITING_MAX 256

#define CODE_DEADLINE_EXCEEDED 4 /* gRPC's numbers */
#define CODE_UNAVAILABLE 14

static unsigned waiting_count; /* one thread */

/* --- answers --------------------------------------------------------------------------------- */

/* {data}, as everywhere, and the two members beside it where clients of the
 * original look for them. */
static void answer_call(struct srv_request *request, const struct srv_rpc_result *result) {
  json_t *detail = result->detail == NULL ? json_null() : srv_json_of(result->detail);
  request->answer =
      json_pack("{s:{s:I, s:O}, s:I, s:o}", "data", "statusCode", (json_int_t)result->status_code,
                "detail", detail, "statusCode", (json_int_t)result->status_code, "detail", detail);
  if (request->answer == NULL) srv_request_fail(request, SRV_ERR_INTERNAL, "out of memory");
}

/* For programs; and nothing that the server's log should call an error. */
static void add_reason(struct srv_request *request, const char *reason, bool delivered) {
  request->error_detail = json_pack("{s:s, s:b}", "reason", reason, "delivered", (int)delivered);
}

static void fail_call(struct srv_request *request, const struct srv_rpc_result *result) {
  const char *reason = "gone";
  switch (result->outcome) {
    case SRV_RPC_OFFLINE:
      reason = "offline";
      srv_request_fail_http(request, 503, CODE_UNAVAILABLE,
                            "the device is offline; it was not told anything");
      break;
    case SRV_RPC_NOT_LISTENING:
      reason = "not_listening";
      srv_request_fail_http(request, 503, CODE_UNAVAILABLE,
                            "the device is online, but does not listen to calls: has its program "
                            "registered a method?");
      break;
    case SRV_RPC_TIMED_OUT:
      reason = "timed_out";
      srv_request_fail_http(request, 504, CODE_DEADLINE_EXCEEDED,
                            "the device has not answered in time; %s",
                            result->delivered ? "it had heard the call, and may have acted on it"
                                              : "it had not confirmed that it heard the call");
      break;
    default:
      srv_request_fail_http(request, 503, CODE_UNAVAILABLE,
                            "the device went away while it was asked; %s",
                            result->delivered ? "it had heard the call, and may have acted on it"
                                              : "it had not confirmed that it heard the call");
      break;
  }
  add_reason(request, reason, result->delivered);
}

static void on_done(void *context, const struct srv_rpc_result *result) {
  struct srv_request *request = context;
  bool was_waiting = request->waiting;
  if (result->outcome == SRV_RPC_ANSWERED) {
    answer_call(request, result);
  } else {
    fail_call(request, result);
  }
  if (!was_waiting) return; /* from inside srv_core_rpc_call */
  request->waiting = false;
  waiting_count--;
  if (request->wake != NULL) request->wake(request->wake_context);
}

void srv_request_stop_waiting(struct srv_request *request) {
  if (!request->waiting) return;
  request->waiting = false;
  if (request->password_ticket != 0) {
    srv_passwords_cancel(request->context->passwords, request->password_ticket);
    request->password_ticket = 0;
    return;
  }
  waiting_count--;
  srv_core_rpc_cancel(request->core, request->rpc_id);
}

/* --- the question -------------------------------------------------------------------------------
 */

static int read_timeout(struct srv_request *request, uint32_t *timeout_ms) {
  const json_t *value = json_object_get(request->body, "timeout");
  *timeout_ms = SRV_RPC_TIMEOUT_MS_DEFAULT;
  if (value == NULL || json_is_null(value)) return SRV_OK;
  double seconds = json_number_value(value);
  if (!(seconds >= 0.1 && seconds <= SRV_RPC_TIMEOUT_MS_MAX / 1000.0)) {
    return srv_request_fail_field(request, "timeout", "0.1 to 60 seconds");
  }
  *timeout_ms = (uint32_t)(seconds * 1000);
  return SRV_OK;
}

static int ask(struct srv_request *request, const struct srv_device_ref *ref, const char *method,
               const char *params, uint32_t timeout_ms) {
  int status = srv_core_rpc_call(request->core, ref, method, params, timeout_ms, on_done, request,
                                 request->rpc_id);
  if (status == SRV_ERR_BUSY) add_reason(request, "busy", false);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  if (request->answer != NULL) return SRV_OK;
  if (request->error[0] != 0) return SRV_ERR_BUSY;
  request->waiting = true;
  waiting_count++;
  return SRV_OK;
}

/* Who had a device do what stands in the audit log before the device hears it;
 * not with which parameters, which may be secret. */
static int note_call(struct srv_request *request, const struct srv_device *device,
                     const char *method) {
  json_t *detail = json_pack("{s:s}", "method", method);
  char *text = srv_json_text(detail);
  json_decref(detail);
  if (text == NULL) return srv_request_fail(request, SRV_ERR_INTERNAL, "out of memory");
  int status = srv_core_audit_note_detail(request->core, "call", "device", device->id, device->name,
                                          device->project_id, text);
  free(text);
  return srv_request_fail_core(request, status);
}

int srv_call_device(struct srv_request *request) {
  struct srv_device device;
  struct srv_device_ref ref;
  char method[SRV_RPC_METHOD_MAX + 1] = "";
  uint32_t timeout_ms;
  int status = srv_device_of_path(request, &device, &ref);
  if (status == SRV_OK) status = srv_body_text(request, "method", method, sizeof(method));
  if (status == SRV_OK) status = read_timeout(request, &timeout_ms);
  if (status != SRV_OK) return status;
  if (waiting_count >= WAITING_MAX) {
    add_reason(request, "busy", false);
    return srv_request_fail(request, SRV_ERR_BUSY,
                            "%u calls wait for devices already: try again later", waiting_count);
  }
  status = note_call(request, &device, method);
  if (status != SRV_OK) return status;
  const json_t *value = json_object_get(request->body, "params");
  char *params = json_is_array(value) ? srv_json_text(value) : strdup("[]");
  if (params == NULL) return srv_request_fail(request, SRV_ERR_INTERNAL, "out of memory");
  status = ask(request, &ref, method, params, timeout_ms);
  free(params);
  return status;
}
