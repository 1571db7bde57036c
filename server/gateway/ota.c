/* SPDX-License-Identifier: Apache-2.0 */
/* Over-the-air updates on the wire: `.u/desired` (what should I run),
 * `.u/c/PKG@VER` (its bytes) and `.u/c/PKG` (what the device says of it). */
#include <jansson.h>
#include <string.h>

#include "server/core/changes.h"
#include "server/gateway/internal.h"
#include "wire/block.h"
#include "wire/manifest.h"
#include "wire/report.h"

/* ---- manifest ---- */

static json_t *component_to_json(const struct gw_component *component) {
  char digest[GW_DIGEST_HEX_SIZE + 1];
  gw_digest_to_hex(component->digest, digest);
  return json_pack("{s:s, s:s, s:s, s:I, s:s, s:s}", "package", component->package, "version",
                   component->version, "hash", digest, "size", (json_int_t)component->size_bytes,
                   "uri", component->uri, "type", component->type);
}

static int manifest_to_json(const struct gw_manifest *manifest, uint8_t *buffer, size_t size) {
  char digest[GW_DIGEST_HEX_SIZE + 1];
  json_t *components = json_array();
  gw_digest_to_hex(manifest->digest, digest);
  for (size_t i = 0; i < manifest->component_count; i++)
    json_array_append_new(components, component_to_json(&manifest->component[i]));
  json_t *root =
      json_pack("{s:I, s:s, s:o}", "sequenceNumber", (json_int_t)manifest->sequence_number, "hash",
                digest, "components", components);
  size_t length = root == NULL ? 0 : json_dumpb(root, (char *)buffer, size, JSON_COMPACT);
  json_decref(root);
  return length == 0 || length > size ? SRV_ERR_INTERNAL : (int)length;
}

static int represent_manifest(struct srv_gateway *gateway, struct session *session,
                              const char *path, uint16_t format, uint8_t *buffer, size_t size) {
  struct gw_manifest manifest;
  (void)path;
  int status = srv_core_manifest(gateway->core, &session->device->ref, &manifest);
  if (status != SRV_OK) return status;
  if (format == GW_COAP_FORMAT_JSON) return manifest_to_json(&manifest, buffer, size);
  int length = gw_manifest_encode(&manifest, buffer, size);
  return length < 0 ? SRV_ERR_INTERNAL : length;
}

static const struct observable manifest_observable = {.represent = represent_manifest};

void ota_get_manifest(const struct request *request, struct response *response) {
  respond_with(request, response, &manifest_observable,
               convert_accept(request->message, GW_COAP_FORMAT_CBOR));
}

/* ---- artifact ---- */

static void block_sent(const struct request *request, size_t offset_end, size_t size) {
  char package[GW_PACKAGE_MAX + 1], version[GW_VERSION_MAX + 1];
  if (gw_component_name_parse(request->rest, package, version) != GW_OK) return;
  srv_core_download_progress(request->gateway->core, &request->session->device->ref, package,
                             version, (uint32_t)offset_end, (uint32_t)size);
}

void ota_get_artifact(const struct request *request, struct response *response) {
  static const uint8_t nothing[1];
  char package[GW_PACKAGE_MAX + 1], version[GW_VERSION_MAX + 1];
  if (gw_component_name_parse(request->rest, package, version) != GW_OK) {
    response->code = GW_COAP_NOT_FOUND;
    return;
  }
  int status = srv_core_open_blob(request->gateway->core, &request->session->device->ref, package,
                                  version, &response->blob);
  if (status != SRV_OK) {
    response->blob = (struct srv_blob_view){.data = NULL};
    response->code = route_code_of_status(status);
    return;
  }
  response->code = GW_COAP_CONTENT;
  response->format = GW_COAP_FORMAT_OCTETS;
  response->payload = response->blob.data != NULL ? response->blob.data : nothing;
  response->payload_size = response->blob.size;
  response->block_sent = block_sent;
}

/* ---- state report ---- */

static const char *either(const json_t *object, const char *short_name, const char *long_name) {
  const char *value = json_string_value(json_object_get(object, short_name));
  return value != NULL ? value : json_string_value(json_object_get(object, long_name));
}

static bool copy_text(char *to, size_t size, const char *from) {
  if (from == NULL) return true;
  if (strlen(from) >= size) return false;
  memcpy(to, from, strlen(from) + 1);
  return true;
}

static bool copy_number(uint8_t *to, const json_t *object, const char *short_name,
                        const char *long_name) {
  const json_t *value = json_object_get(object, short_name);
  if (value == NULL) value = json_object_get(object, long_name);
  if (value == NULL) return true;
  if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > 255)
    return false;
  *to = (uint8_t)json_integer_value(value);
  return true;
}

static uint8_t report_from_json(const uint8_t *data, size_t size, struct gw_report *report) {
  json_t *root = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
  *report = (struct gw_report){.state = 0};
  bool good = json_is_object(root) && copy_number(&report->state, root, "s", "state") &&
              copy_number(&report->reason, root, "r", "reason") &&
              copy_number(&report->detail, root, "d", "detail") &&
              copy_text(report->version, sizeof report->version, either(root, "v", "version")) &&
              copy_text(report->target, sizeof report->target, either(root, "t", "target"));
  json_decref(root);
  return good ? 0 : GW_COAP_BAD_REQUEST;
}

static uint8_t report_from_cbor(const uint8_t *data, size_t size, struct gw_report *report) {
  return gw_report_parse(data, size, report) == GW_OK ? 0 : GW_COAP_BAD_REQUEST;
}

/* Our longest sensible report as JSON with long names is some 150 bytes. */
#define REPORT_PAYLOAD_MAX 512u

static uint8_t parse_report(const struct gw_coap_message *message, struct gw_report *report) {
  uint32_t format, value;
  struct gw_block block = {.num = 0};
  if (gw_coap_option_uint(message, GW_COAP_OPT_BLOCK1, &value) &&
      gw_block_decode(value, &block) != GW_OK)
    return GW_COAP_BAD_REQUEST;
  if (block.num > 0 || block.more || message->payload_size > REPORT_PAYLOAD_MAX)
    return GW_COAP_REQUEST_TOO_LARGE;
  if (!gw_coap_option_uint(message, GW_COAP_OPT_CONTENT_FORMAT, &format))
    return GW_COAP_UNSUPPORTED_FORMAT;
  if (format == GW_COAP_FORMAT_CBOR)
    return report_from_cbor(message->payload, message->payload_size, report);
  if (format == GW_COAP_FORMAT_JSON)
    return report_from_json(message->payload, message->payload_size, report);
  return GW_COAP_UNSUPPORTED_FORMAT;
}

/* The package is the path's; a "pkg" inside that says otherwise is ignored. */
void ota_post_report(const struct request *request, struct response *response) {
  struct gw_report report;
  if (strchr(request->rest, '@') != NULL) { /* bytes of an artifact are only read */
    response->code = GW_COAP_METHOD_NOT_ALLOWED;
    return;
  }
  response->code = parse_report(request->message, &report);
  if (response->code != 0) return;
  if (strchr(request->rest, '/') != NULL ||
      !copy_text(report.package, sizeof report.package, request->rest)) {
    response->code = GW_COAP_BAD_REQUEST;
    return;
  }
  int status = srv_core_report(request->gateway->core, &request->session->device->ref, &report);
  response->code = route_code_of_status(status);
  response->wrote = status == SRV_OK;
}
