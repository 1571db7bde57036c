/* SPDX-License-Identifier: Apache-2.0 */
/* An artifact's shorter forms, as JSON. */
#include "server/core/offers.h"

#include "server/rest/fleet.h"

struct encodings {
  json_t *list;
  uint32_t size_bytes; /* of the whole */
};

/* Rounded up, so that only what is whole says 100. */
static json_t *percent(uint32_t part, uint32_t whole) {
  uint64_t number = whole == 0 ? 0 : ((uint64_t)part * 100 + whole - 1) / whole;
  return part == 0 ? json_null() : json_integer((json_int_t)number);
}

static void append(void *context, const struct srv_offer_shown *offer) {
  struct encodings *encodings = context;
  bool is_delta = offer->encoding == GW_ENCODING_DELTA;
  json_t *size = offer->size_bytes == 0 ? json_null() : json_integer((json_int_t)offer->size_bytes);
  json_array_append_new(
      encodings->list,
      json_pack("{s:s, s:o, s:o, s:o, s:s}", "encoding", is_delta ? "delta" : "compressed",
                "baseVersion", is_delta ? srv_encode_text(offer->base_version) : json_null(),
                "size", size, "percent", percent(offer->size_bytes, encodings->size_bytes), "state",
                srv_offer_stage_name(offer->stage)));
}

int srv_add_encodings(struct srv_request *request, const struct srv_artifact *artifact,
                      json_t *object) {
  struct encodings encodings = {.list = json_array(), .size_bytes = artifact->size_bytes};
  int status = srv_core_artifact_offers(request->core, artifact, append, &encodings);
  json_object_set_new(object, "encodings", encodings.list);
  return srv_request_fail_core(request, status);
}

static const struct srv_property members[] = {
    {"encoding", SRV_VALUE_TEXT, 0, NULL, "one of: compressed, delta"},
    {"baseVersion", SRV_VALUE_TEXT, SRV_PROPERTY_NULL, NULL,
     "a delta is for devices that have this version"},
    {"size", SRV_VALUE_INTEGER, SRV_PROPERTY_NULL, NULL, "bytes on the air; null: not known"},
    {"percent", SRV_VALUE_INTEGER, SRV_PROPERTY_NULL, NULL, "of the artifact's size"},
    {"state", SRV_VALUE_TEXT, 0, NULL,
     "one of: ready, notSmaller, failed, pending, tooLarge; devices are offered what is ready"},
    {0}};
const struct srv_shape srv_shape_encoding = {"Encoding", members, false};
