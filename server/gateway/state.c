/* SPDX-License-Identifier: Apache-2.0 */
/* A device's state on the wire: `.d` and `.d/PATH` are parts of one JSON
 * document of the core, in CBOR or JSON as the client likes. What is not there
 * reads as null, and can be observed until it is. */
#include <stdlib.h>
#include <string.h>

#include "server/core/json.h"
#include "server/gateway/internal.h"

static int represent_state(struct srv_gateway *gateway, struct session *session, const char *path,
                           uint16_t format, uint8_t *buffer, size_t size) {
  char *json;
  int status = srv_core_state_get(gateway->core, &session->device->ref, path, &json);
  if (status != SRV_OK) return status;
  size_t length = strlen(json);
  int written = GW_ERR_NO_SPACE;
  if (format == GW_COAP_FORMAT_CBOR) {
    json_t *value = json_loadb(json, length, JSON_DECODE_ANY, NULL);
    if (value != NULL) written = convert_to_cbor(value, buffer, size);
    json_decref(value);
  } else if (length <= size) {
    memcpy(buffer, json, length);
    written = (int)length;
  }
  free(json);
  return written < 0 ? SRV_ERR_INTERNAL : written;
}

static const struct observable state_observable = {.represent = represent_state,
                                                   .is_devices_own = true};

void state_get(const struct request *request, struct response *response) {
  respond_with(request, response, &state_observable,
               convert_accept(request->message, GW_COAP_FORMAT_JSON));
}

void state_set(const struct request *request, struct response *response) {
  json_t *value;
  response->code = convert_payload(request->message, &value);
  if (response->code != 0) return;
  char *json = srv_json_text(value);
  json_decref(value);
  int status = json == NULL
                   ? SRV_ERR_INTERNAL
                   : srv_core_state_set(request->gateway->core, &request->session->device->ref,
                                        request->rest, json, strlen(json), false);
  free(json);
  respond_written(response, status, GW_COAP_CHANGED);
}

void state_delete(const struct request *request, struct response *response) {
  int status =
      srv_core_state_delete(request->gateway->core, &request->session->device->ref, request->rest);
  respond_written(response, status, GW_COAP_DELETED);
}
