/* SPDX-License-Identifier: Apache-2.0 */
/* What two models side by side make of the same input: `.gw/shadow`. */
#include "server/core/shadow.h"
#include "server/gateway/internal.h"
#include "wire/shadow.h"

static uint8_t parse(const struct gw_coap_message *message, struct gw_shadow_report *report) {
  uint8_t code = profile_check_cbor(message, GW_SHADOW_REPORT_SIZE_MAX);
  if (code != 0) return code;
  int status = gw_shadow_report_parse(message->payload, message->payload_size, report);
  if (status == GW_ERR_TOO_LONG) return GW_COAP_REQUEST_TOO_LARGE;
  return status == GW_OK ? 0 : GW_COAP_BAD_REQUEST;
}

void shadow_post(const struct request *request, struct response *response) {
  struct gw_shadow_report report;
  response->code = parse(request->message, &report);
  if (response->code != 0) return;
  int status =
      srv_core_shadow_report(request->gateway->core, &request->session->device->ref, &report);
  respond_written(response, status, GW_COAP_CHANGED);
}
