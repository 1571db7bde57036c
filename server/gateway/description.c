/* SPDX-License-Identifier: Apache-2.0 */
/* What Godwit's own devices ask before they download: `.gw/a/PKG@VER` (what is
 * there besides the bytes) and `.gw/e/ID` (the bytes in a shorter form). */
#include "wire/description.h"

#include "server/gateway/internal.h"

static bool fails(int status, struct response *response) {
  if (status != SRV_OK) response->code = route_code_of_status(status);
  return status != SRV_OK;
}

void description_get(const struct request *request, struct response *response) {
  struct srv_gateway *gateway = request->gateway;
  struct gw_description description;
  char package[GW_PACKAGE_MAX + 1], version[GW_VERSION_MAX + 1];
  if (gw_component_name_parse(request->rest, package, version) != GW_OK) {
    response->code = GW_COAP_NOT_FOUND;
    return;
  }
  int status = srv_core_describe(gateway->core, &request->session->device->ref, package, version,
                                 &description);
  if (fails(status, response)) return;
  int size =
      gw_description_encode(&description, gateway->representation, sizeof gateway->representation);
  if (fails(size < 0 ? SRV_ERR_INTERNAL : SRV_OK, response)) return;
  response->code = GW_COAP_CONTENT;
  response->format = GW_COAP_FORMAT_CBOR;
  response->payload = gateway->representation;
  response->payload_size = (size_t)size;
}

static void block_sent(const struct request *request, size_t offset_end, size_t size) {
  srv_core_offer_progress(request->gateway->core, &request->session->device->ref, request->rest,
                          (uint32_t)offset_end, (uint32_t)size);
}

void description_get_encoded(const struct request *request, struct response *response) {
  int status = srv_core_open_offer(request->gateway->core, &request->session->device->ref,
                                   request->rest, &response->blob);
  if (status != SRV_OK) response->blob = (struct srv_blob_view){.data = NULL};
  if (fails(status, response)) return;
  response->code = GW_COAP_CONTENT;
  response->format = GW_COAP_FORMAT_OCTETS;
  response->payload = response->blob.data;
  response->payload_size = response->blob.size;
  response->block_sent = block_sent;
}
