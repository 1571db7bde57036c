/* SPDX-License-Identifier: Apache-2.0 */
/* `.gw/k/EPOCH`: the set of keys that follows the one a device has, as the
 * publisher signed it. */
#include <string.h>

#include "server/core/signing.h"
#include "server/gateway/internal.h"

/* Decimal, no sign, no leading zero. */
static bool parse_epoch(const char *text, uint32_t *out) {
  uint64_t value = 0;
  if (text[0] < '1' || text[0] > '9') return false;
  for (; *text != '\0'; text++) {
    if (*text < '0' || *text > '9') return false;
    value = value * 10 + (uint64_t)(*text - '0');
    if (value > UINT32_MAX) return false;
  }
  *out = (uint32_t)value;
  return true;
}

void keyset_get(const struct request *request, struct response *response) {
  struct srv_gateway *gateway = request->gateway;
  struct srv_keyset keyset;
  uint32_t epoch;
  if (!parse_epoch(request->rest, &epoch)) {
    response->code = GW_COAP_NOT_FOUND;
    return;
  }
  int status =
      srv_core_keyset(gateway->core, request->session->device->ref.project_id, epoch, &keyset);
  if (status != SRV_OK) {
    response->code = route_code_of_status(status);
    return;
  }
  memcpy(gateway->representation, keyset.message, keyset.message_size);
  response->code = GW_COAP_CONTENT;
  response->format = GW_COAP_FORMAT_OCTETS;
  response->payload = gateway->representation;
  response->payload_size = keyset.message_size;
}
