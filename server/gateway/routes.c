/* SPDX-License-Identifier: Apache-2.0 */
/* Which path does what, in data. A path is what gw_coap_path makes: segments
 * joined by '/', no leading slash; a '*' at the end of a pattern stands for
 * anything, at least one byte. First match wins. Paths under `.gw/` are
 * Godwit's own and unknown until they stand here. */
#include <string.h>

#include "server/gateway/internal.h"
#include "wire/description.h"

/* The published SDK's "am I connected?": DELETE without a path, answered with
 * any code at all. */
static void answer_connection_check(const struct request *request, struct response *response) {
  (void)request;
  response->code = GW_COAP_DELETED;
}

static const struct route {
  const char *pattern;
  unsigned methods;
  route_handler handler;
} routes[] = {
    {"", METHOD_DELETE, answer_connection_check},
    {".u/desired", METHOD_GET, ota_get_manifest},
    {".u/c/*", METHOD_GET, ota_get_artifact},
    {".u/c/*", METHOD_POST | METHOD_PUT, ota_post_report},
    {".s", METHOD_POST | METHOD_PUT, streams_post},
    {".s/logs", METHOD_POST | METHOD_PUT, logs_post},
    {".s/*", METHOD_POST | METHOD_PUT, streams_post},
    {".d", METHOD_GET, state_get},
    {".d/*", METHOD_GET, state_get},
    {".d", METHOD_POST | METHOD_PUT, state_set},
    {".d/*", METHOD_POST | METHOD_PUT, state_set},
    {".d", METHOD_DELETE, state_delete},
    {".d/*", METHOD_DELETE, state_delete},
    {".c", METHOD_GET, settings_get},
    {".c/status", METHOD_POST | METHOD_PUT, settings_post_status},
    {".rpc", METHOD_GET, rpc_get},
    {".rpc/status", METHOD_POST | METHOD_PUT, rpc_post_status},
    {"logs", METHOD_POST | METHOD_PUT, logs_post},
    {".gw/hello", METHOD_POST, profile_post_hello},
    {".gw/shadow", METHOD_POST, shadow_post},
    {GW_DESCRIPTION_PATH "*", METHOD_GET, description_get},
    {GW_ENCODED_PATH "*", METHOD_GET, description_get_encoded},
    {GW_KEYSET_PATH "*", METHOD_GET, keyset_get},
    {"v1/csr", METHOD_POST, csr_post},
};

static bool matches(const char *pattern, const char *path, const char **rest) {
  size_t length = strlen(pattern);
  if (length == 0 || pattern[length - 1] != '*') {
    *rest = "";
    return strcmp(pattern, path) == 0;
  }
  *rest = path + length - 1;
  return strncmp(pattern, path, length - 1) == 0 && path[length - 1] != '\0';
}

static unsigned method_bit(uint8_t coap_method) {
  switch (coap_method) {
    case GW_COAP_GET:
      return METHOD_GET;
    case GW_COAP_POST:
      return METHOD_POST;
    case GW_COAP_PUT:
      return METHOD_PUT;
    case GW_COAP_DELETE:
      return METHOD_DELETE;
    default:
      return 0;
  }
}

route_handler route_find(const char *path, uint8_t coap_method, const char **rest, uint8_t *code) {
  unsigned method = method_bit(coap_method);
  *code = GW_COAP_NOT_FOUND;
  for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
    if (!matches(routes[i].pattern, path, rest)) continue;
    if ((routes[i].methods & method) != 0) return routes[i].handler;
    *code = GW_COAP_METHOD_NOT_ALLOWED;
  }
  return NULL;
}

bool route_is_cheap(route_handler handler, const struct gw_coap_message *message) {
  uint32_t value;
  struct gw_block block;
  if (handler == ota_get_artifact || handler == description_get_encoded) return true;
  return handler == streams_post && gw_coap_option_uint(message, GW_COAP_OPT_BLOCK1, &value) &&
         gw_block_decode(value, &block) == GW_OK && block.num > 0;
}

uint8_t route_code_of_status(int status) {
  switch (status) {
    case SRV_OK:
      return GW_COAP_CHANGED;
    case SRV_ERR_INVALID:
      return GW_COAP_BAD_REQUEST;
    case SRV_ERR_NOT_FOUND:
      return GW_COAP_NOT_FOUND;
    case SRV_ERR_FORBIDDEN:
      return GW_COAP_FORBIDDEN;
    case SRV_ERR_TOO_LARGE:
      return GW_COAP_REQUEST_TOO_LARGE;
    case SRV_ERR_NO_SPACE:
    case SRV_ERR_BUSY:
      return GW_COAP_SERVICE_UNAVAILABLE;
    default:
      return GW_COAP_INTERNAL_ERROR;
  }
}

void respond_with(const struct request *request, struct response *response,
                  const struct observable *observable, uint16_t format) {
  struct srv_gateway *gateway = request->gateway;
  int size = observable->represent(gateway, request->session, request->rest, format,
                                   gateway->representation, sizeof gateway->representation);
  if (size < 0) {
    response->code = route_code_of_status(size);
    return;
  }
  response->code = GW_COAP_CONTENT;
  response->format = format;
  response->payload = gateway->representation;
  response->payload_size = (size_t)size;
  response->observable = observable;
}

void respond_written(struct response *response, int status, uint8_t code) {
  response->wrote = status == SRV_OK;
  response->code = status == SRV_OK ? code : route_code_of_status(status);
}
