/* SPDX-License-Identifier: Apache-2.0 */
/* Remote calls on the wire. A device observes `.rpc`: the first answer is the
 * text "OK", each call after that a notification, one at a time; it answers by
 * a POST to `.rpc/status`. A call whose notification was acknowledged is not
 * sent again, in no session; one that was not is sent anew to whoever observes
 * next. When there is no call, nothing is said: a published client would take
 * an "OK" for a call without a method. */
#include <string.h>

#include "server/gateway/internal.h"
#include "wire/cbor.h"

static int represent_call(struct srv_gateway *gateway, struct session *session, const char *path,
                          uint16_t format, uint8_t *buffer, size_t size) {
  (void)path, (void)format;
  const struct srv_rpc_call *call = srv_core_rpc_current(gateway->core, &session->device->ref);
  if (call == NULL || call->delivered) return 0;
  json_t *params = json_loads(call->params, 0, NULL);
  json_t *root = params == NULL ? NULL
                                : json_pack("{s:s, s:s, s:o}", "id", call->id, "method",
                                            call->method, "params", params);
  if (root == NULL) return SRV_ERR_INTERNAL;
  int length = convert_to_cbor(root, buffer, size);
  json_decref(root);
  return length < 0 ? SRV_ERR_INTERNAL : length;
}

static void call_acknowledged(struct session *session) {
  struct srv_gateway *gateway = session->gateway;
  char id[SRV_ID_LENGTH + 1];
  const struct srv_rpc_call *call = srv_core_rpc_current(gateway->core, &session->device->ref);
  if (call == NULL) return;
  memcpy(id, call->id, sizeof id);
  srv_core_rpc_delivered(gateway->core, &session->device->ref, id);
}

static void listener_came(struct session *session);
static void listener_went(struct session *session);

static const struct observable calls = {.represent = represent_call,
                                        .registered = listener_came,
                                        .acknowledged = call_acknowledged,
                                        .cancelled = listener_went,
                                        .is_devices_own = true};

static bool device_listens(const struct device *device) {
  for (const struct session *s = device->sessions; s != NULL; s = s->device_next)
    for (const struct observation *o = s->observations; o != NULL; o = o->next)
      if (o->observable == &calls) return true;
  return false;
}

/* A call may wait for it already: it follows the "OK". */
static void listener_came(struct session *session) {
  srv_core_rpc_listening(session->gateway->core, &session->device->ref, true);
  observe_mark(session, false);
}

static void listener_went(struct session *session) {
  if (!device_listens(session->device))
    srv_core_rpc_listening(session->gateway->core, &session->device->ref, false);
}

void rpc_get(const struct request *request, struct response *response) {
  static const uint8_t ok[] = {0x62, 'O', 'K'};
  (void)request;
  response->code = GW_COAP_CONTENT;
  response->format = GW_COAP_FORMAT_CBOR;
  response->payload = ok;
  response->payload_size = sizeof ok;
  response->observable = &calls;
}

/* ---- answers ---- */

/* The published SDK says "statusCode", its documentation "status". */
static bool status_of(const json_t *root, uint32_t *out) {
  const json_t *status = json_object_get(root, "statusCode");
  if (status == NULL) status = json_object_get(root, "status");
  if (!json_is_integer(status) || json_integer_value(status) < 0 ||
      json_integer_value(status) > UINT32_MAX)
    return false;
  *out = (uint32_t)json_integer_value(status);
  return true;
}

static int take_answer(const struct request *request, const json_t *root) {
  char text[SRV_RPC_DETAIL_MAX + 1];
  uint32_t status;
  const char *id = json_string_value(json_object_get(root, "id"));
  const json_t *detail = json_object_get(root, "detail");
  if (id == NULL || !status_of(root, &status)) return SRV_ERR_INVALID;
  if (strlen(id) > SRV_ID_LENGTH) return SRV_ERR_NOT_FOUND; /* no call of ours */
  int length = detail == NULL ? 0 : convert_to_json(detail, (uint8_t *)text, sizeof text - 1);
  bool fits = length >= 0; /* else whoever waits learns the status at least */
  if (fits) text[length] = '\0';
  int result = srv_core_rpc_answer(request->gateway->core, &request->session->device->ref, id,
                                   status, detail == NULL || !fits ? NULL : text);
  return result == SRV_OK && !fits ? SRV_ERR_TOO_LARGE : result;
}

void rpc_post_status(const struct request *request, struct response *response) {
  json_t *root;
  response->code = convert_payload(request->message, &root);
  if (response->code != 0) return;
  /* "Wrote" only so that a copy of it gets the same answer. */
  respond_written(response, take_answer(request, root), GW_COAP_CHANGED);
  json_decref(root);
}
