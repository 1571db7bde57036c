/* SPDX-License-Identifier: Apache-2.0 */
/* What a device says of itself: `.gw/hello`. */
#include "server/core/profile.h"
#include "server/gateway/internal.h"
#include "wire/block.h"
#include "wire/hello.h"

/* One datagram: a device that cannot say it in one has too much to say. */
static uint8_t check_size(const struct gw_coap_message *message, size_t max) {
  uint32_t value;
  struct gw_block block = {.num = 0};
  if (gw_coap_option_uint(message, GW_COAP_OPT_BLOCK1, &value) &&
      gw_block_decode(value, &block) != GW_OK) {
    return GW_COAP_BAD_REQUEST;
  }
  if (block.num > 0 || block.more || message->payload_size > max) {
    return GW_COAP_REQUEST_TOO_LARGE;
  }
  return 0;
}

uint8_t profile_check_cbor(const struct gw_coap_message *message, size_t max) {
  uint32_t format;
  uint8_t code = check_size(message, max);
  if (code != 0) return code;
  bool is_cbor = gw_coap_option_uint(message, GW_COAP_OPT_CONTENT_FORMAT, &format) &&
                 format == GW_COAP_FORMAT_CBOR;
  return is_cbor ? 0 : GW_COAP_UNSUPPORTED_FORMAT;
}

static uint8_t parse(const struct gw_coap_message *message, struct gw_hello *hello) {
  uint8_t code = profile_check_cbor(message, GW_HELLO_SIZE_MAX);
  if (code != 0) return code;
  int status = gw_hello_parse(message->payload, message->payload_size, hello);
  if (status == GW_ERR_TOO_LONG) return GW_COAP_REQUEST_TOO_LARGE;
  return status == GW_OK ? 0 : GW_COAP_BAD_REQUEST;
}

void profile_post_hello(const struct request *request, struct response *response) {
  struct gw_hello hello;
  response->code = parse(request->message, &hello);
  if (response->code != 0) return;
  int status =
      srv_core_device_hello(request->gateway->core, &request->session->device->ref, &hello);
  respond_written(response, status, GW_COAP_CHANGED);
}
