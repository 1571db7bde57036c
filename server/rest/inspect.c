/* SPDX-License-Identifier: Apache-2.0 */
/* What a model is, and which devices could run it: before it is stored, and
 * after. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/rest/fleet.h"

static void set(json_t *object, const char *name, json_t *value) {
  json_object_set_new(object, name, value);
}

/* --- what it is -------------------------------------------------------------------------- */

static void set_list(json_t *object, const char *name) {
  if (json_object_get(object, name) == NULL) set(object, name, json_array());
}

/* Models uploaded to an older server have no ops with versions; of very large
 * ones, what was too long to keep is not there. */
static void complete_model(json_t *object) {
  static const char *const lists[] = {"labels", "inputs", "outputs", "ops", "layers"};
  for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) set_list(object, lists[i]);
  if (json_object_get(object, "metadata") == NULL) set(object, "metadata", json_object());
  if (json_object_get(object, "arenaBytes") == NULL) set(object, "arenaBytes", json_integer(0));
}

json_t *srv_encode_model(const struct srv_artifact *artifact, const char *problem) {
  char hex[GW_DIGEST_HEX_SIZE + 1];
  json_t *object = json_loads(artifact->model_info, 0, NULL);
  if (!json_is_object(object)) {
    json_decref(object);
    object = json_object();
  }
  gw_digest_to_hex(artifact->digest, hex);
  set(object, "isModel", json_boolean(artifact->is_model));
  set(object, "problem", problem[0] == 0 ? json_null() : srv_encode_text(problem));
  set(object, "size", json_integer(artifact->size_bytes));
  set(object, "digest", json_string(hex));
  complete_model(object);
  return object;
}

/* --- who could run it --------------------------------------------------------------------- */

static void append_fit(void *context, const struct srv_blueprint_fit *fit) {
  json_t *object = json_object(), *reasons = json_array();
  for (size_t i = 0; i < fit->reason_count; i++) {
    json_array_append_new(
        reasons, json_pack("{s:o, s:I}", "reason", srv_encode_text(fit->reason[i].text), "count",
                           (json_int_t)fit->reason[i].count));
  }
  set(object, "blueprintId", json_string(fit->blueprint_id));
  set(object, "blueprintName", srv_encode_text(fit->blueprint_name));
  set(object, "devices", json_integer((json_int_t)fit->devices));
  set(object, "canRun", json_integer((json_int_t)fit->can));
  set(object, "cannotRun", json_integer((json_int_t)fit->cannot));
  set(object, "unknown", json_integer((json_int_t)fit->unknown));
  set(object, "reasons", reasons);
  json_array_append_new(context, object);
}

static int add_compatibility(struct srv_request *request, const struct srv_artifact *artifact,
                             json_t *object) {
  json_t *list = json_array();
  set(object, "compatibility", list);
  return srv_request_fail_core(request,
                               srv_core_artifact_fit(request->core, artifact, append_fit, list));
}

int srv_get_artifact_compatibility(struct srv_request *request) {
  struct srv_artifact artifact;
  int status = srv_find_of_path(request, SRV_ARTIFACT, "artifact", &artifact);
  if (status != SRV_OK) return status;
  json_t *data = json_object();
  status = add_compatibility(request, &artifact, data);
  if (status == SRV_OK) return srv_answer_data(request, data);
  json_decref(data);
  return status;
}

int srv_inspect_model(struct srv_request *request) {
  struct srv_artifact artifact = {0};
  char problem[SRV_ERROR_MAX];
  struct srv_upload *upload = request->upload;
  if (upload == NULL) {
    return srv_request_fail(request, SRV_ERR_INVALID, "the body is empty: send the model's bytes");
  }
  memcpy(artifact.project_id, request->project.id, sizeof(artifact.project_id));
  request->upload = NULL; /* ended by inspect, whatever comes of it */
  int status = srv_core_upload_inspect(upload, &artifact, problem);
  if (status != SRV_OK) return srv_request_fail_core(request, status);
  json_t *data = srv_encode_model(&artifact, problem);
  status = add_compatibility(request, &artifact, data);
  if (status == SRV_OK) return srv_answer_data(request, data);
  json_decref(data);
  return status;
}

/* --- what they look like --------------------------------------------------------------------- */

static const struct srv_property reason_members[] = {
    {"reason", SRV_VALUE_TEXT, 0, NULL, "why devices cannot run it"},
    {"count", SRV_VALUE_INTEGER, 0, NULL, "devices"},
    {0}};
static const struct srv_shape reason = {"UnableReason", reason_members, false};
static const struct srv_property compatibility_members[] = {
    {"blueprintId", SRV_VALUE_TEXT, 0, NULL, "empty: devices without one"},
    {"blueprintName", SRV_VALUE_TEXT, 0, NULL, "its name"},
    {"devices", SRV_VALUE_INTEGER, 0, NULL, "all of the blueprint"},
    {"canRun", SRV_VALUE_INTEGER, 0, NULL, "devices"},
    {"cannotRun", SRV_VALUE_INTEGER, 0, NULL, "devices that are known to be unable"},
    {"unknown", SRV_VALUE_INTEGER, 0, NULL, "devices that nobody has said enough of"},
    {"reasons", SRV_VALUE_OBJECT, SRV_PROPERTY_LIST, &reason, "of cannotRun, at most 8"},
    {0}};
static const struct srv_shape compatibility = {"Compatibility", compatibility_members, false};
static const struct srv_property compatibilities_members[] = {
    {"compatibility", SRV_VALUE_OBJECT, SRV_PROPERTY_LIST, &compatibility, "by blueprint"}, {0}};
const struct srv_shape srv_shape_compatibilities = {"Compatibilities", compatibilities_members,
                                                    false};

static const struct srv_property tensor_members[] = {
    {"name", SRV_VALUE_TEXT, SRV_PROPERTY_OPTIONAL, NULL, "in the file; may be empty"},
    {"type", SRV_VALUE_TEXT, 0, NULL, "int8, float32, ..."},
    {"shape", SRV_VALUE_INTEGER, SRV_PROPERTY_LIST, NULL, "dimensions; none: a scalar"},
    {"scale", SRV_VALUE_NUMBER, 0, NULL, "of the quantisation; 0: not quantised"},
    {"zeroPoint", SRV_VALUE_INTEGER, 0, NULL, "likewise"},
    {0}};
static const struct srv_shape tensor = {"Tensor", tensor_members, false};
static const struct srv_property op_members[] = {
    {"name", SRV_VALUE_TEXT, 0, NULL, "as in TensorFlow Lite"},
    {"version", SRV_VALUE_INTEGER, 0, NULL, "of the op"},
    {"count", SRV_VALUE_INTEGER, 0, NULL, "layers that use it"},
    {0}};
static const struct srv_shape op = {"ModelOp", op_members, false};
static const struct srv_property layer_members[] = {
    {"index", SRV_VALUE_INTEGER, 0, NULL, "from 0"},
    {"op", SRV_VALUE_TEXT, 0, NULL, "its op"},
    {"inputs", SRV_VALUE_INTEGER, SRV_PROPERTY_LIST, NULL, "tensors by number; -1: not given"},
    {"outputs", SRV_VALUE_INTEGER, SRV_PROPERTY_LIST, NULL, "tensors by number"},
    {"shape", SRV_VALUE_INTEGER, SRV_PROPERTY_LIST, NULL, "of its first output"},
    {0}};
static const struct srv_shape layer = {"ModelLayer", layer_members, false};

static const struct srv_property self_test_members[] = {
    {"cases", SRV_VALUE_INTEGER, 0, NULL, "inputs with what must come out"},
    {"bytes", SRV_VALUE_INTEGER, 0, NULL, "of the file"},
    {"tolerance", SRV_VALUE_INTEGER, 0, NULL,
     "how far an integer output may be off; 0: bit for bit"},
    {"timeLimitMicroseconds", SRV_VALUE_INTEGER, 0, NULL, "of one inference; 0: any"},
    {0}};
static const struct srv_shape self_test = {"ModelSelfTest", self_test_members, false};

#define MODEL_MEMBERS                                                                         \
  {"isModel", SRV_VALUE_BOOL, 0, NULL, "one that devices can run"},                           \
      {"problem", SRV_VALUE_TEXT, SRV_PROPERTY_NULL, NULL, "why it is none, in wit's words"}, \
      {"size", SRV_VALUE_INTEGER, 0, NULL, "bytes"},                                          \
      {"digest", SRV_VALUE_TEXT, 0, NULL, "SHA-256, 64 hex digits"},                          \
      {"description", SRV_VALUE_TEXT, SRV_PROPERTY_OPTIONAL, NULL, "from the file"},          \
      {"labels", SRV_VALUE_TEXT, SRV_PROPERTY_LIST, NULL, "what its output stands for"},      \
      {"arenaBytes", SRV_VALUE_INTEGER, 0, NULL, "memory that it runs in; 0: not known"},     \
      {"inputs", SRV_VALUE_OBJECT, SRV_PROPERTY_LIST, &tensor, "what goes in"},               \
      {"outputs", SRV_VALUE_OBJECT, SRV_PROPERTY_LIST, &tensor, "what comes out"},            \
      {"operators", SRV_VALUE_TEXT, SRV_PROPERTY_LIST | SRV_PROPERTY_OPTIONAL, NULL,          \
       "names of its ops"},                                                                   \
      {"operatorCount", SRV_VALUE_INTEGER, SRV_PROPERTY_OPTIONAL, NULL, "layers"},            \
      {"ops", SRV_VALUE_OBJECT, SRV_PROPERTY_LIST, &op, "its ops with versions"},             \
      {"layers", SRV_VALUE_OBJECT, SRV_PROPERTY_LIST, &layer,                                 \
       "the first 200; none where the model is too large to keep them"},                      \
      {"metadata", SRV_VALUE_ANY, SRV_PROPERTY_MAP, NULL,                                     \
       "short texts as they are, else {bytes}"},                                              \
  {                                                                                           \
    "selfTest", SRV_VALUE_OBJECT, SRV_PROPERTY_NULL | SRV_PROPERTY_OPTIONAL, &self_test,      \
        "what devices run before they trust it; null: it carries none"                        \
  }
static const struct srv_property model_members[] = {MODEL_MEMBERS, {0}};
const struct srv_shape srv_shape_model = {"Model", model_members, false};
static const struct srv_property inspected_members[] = {
    MODEL_MEMBERS,
    {"compatibility", SRV_VALUE_OBJECT, SRV_PROPERTY_LIST, &compatibility, "by blueprint"},
    {0}};
const struct srv_shape srv_shape_inspected_model = {"InspectedModel", inspected_members, false};
