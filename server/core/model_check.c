/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the device's own runtime over an upload: what no device could run is
 * refused, and what is inside is told to whoever looks at the artifact. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/core/internal.h"
#include "wit/inspect.h"
#include "wit/self_test.h"
#include "wit/wit.h"

static int refuse(struct srv_core *core, const char *what, const struct wit_error *error) {
  return srv_fail(core, SRV_ERR_MODEL, "%s: %s", what, error->message);
}

/* A planned interpreter is the proof that every op is there with the types,
 * shapes and options that it is used with. */
static int check_graph(struct srv_core *core, const struct wit_model *model,
                       size_t *arena_needed_bytes) {
  struct wit_interpreter *interpreter;
  struct wit_error error = {0};
  int status = wit_interpreter_init(&interpreter, model, &wit_ops_all, NULL, 0, &error);
  if (status != WIT_ERR_ARENA) {
    return refuse(core, "the runtime cannot run this model", &error);
  }
  size_t size = error.arena_needed_bytes;
  if (size > SRV_ARTIFACT_SIZE_MAX) {
    return srv_fail(core, SRV_ERR_MODEL, "the model needs an arena of %zu bytes: no device has it",
                    size);
  }
  void *arena = aligned_alloc(WIT_ARENA_ALIGNMENT, (size + WIT_ARENA_ALIGNMENT - 1) /
                                                       WIT_ARENA_ALIGNMENT * WIT_ARENA_ALIGNMENT);
  if (arena == NULL) return srv_fail_memory(core);
  status = wit_interpreter_init(&interpreter, model, &wit_ops_all, arena, size, &error);
  free(arena);
  if (status != WIT_OK) return refuse(core, "the runtime cannot run this model", &error);
  *arena_needed_bytes = size;
  return SRV_OK;
}

/* --- what is inside, as JSON --------------------------------------------------- */

static json_t *shape_of(const struct wit_tensor *tensor) {
  json_t *shape = json_array();
  for (int32_t i = 0; i < tensor->shape.rank; i++) {
    json_array_append_new(shape, json_integer(tensor->shape.dim[i]));
  }
  return shape;
}

/* Text of a file that may be no UTF-8. */
static json_t *text_of(const char *text, size_t length) {
  json_t *string = json_stringn(text, length);
  return string == NULL ? json_string("?") : string;
}

#define TENSOR_NAME_SHOWN_MAX 64

static json_t *name_of(const struct wit_model *model, size_t index) {
  const char *name = "";
  size_t length = 0;
  wit_inspect_tensor_name(model, index, &name, &length);
  return text_of(name, length < TENSOR_NAME_SHOWN_MAX ? length : TENSOR_NAME_SHOWN_MAX);
}

static json_t *describe_tensor(const struct wit_model *model, size_t index) {
  struct wit_tensor tensor = {0};
  wit_inspect_tensor(model, index, &tensor);
  return json_pack("{s:o, s:s, s:o, s:f, s:i}", "name", name_of(model, index), "type",
                   wit_type_name((int)tensor.type), "shape", shape_of(&tensor), "scale",
                   (double)tensor.scale, "zeroPoint", (int)tensor.zero_point);
}

static json_t *describe_tensors(const struct wit_model *model,
                                bool (*get)(const struct wit_model *, size_t, size_t *)) {
  size_t tensor;
  json_t *list = json_array();
  for (size_t i = 0; get(model, i, &tensor); i++) {
    json_array_append_new(list, describe_tensor(model, tensor));
  }
  return list;
}

/* So many fill SRV_MODEL_INFO_MAX, even empty ones: with one more the list is
 * left out. Each look-up searches from the first label on. */
#define LABELS_SHOWN_MAX (SRV_MODEL_INFO_MAX / sizeof("\"\""))

static json_t *describe_labels(const struct wit_model *model) {
  const char *text;
  size_t length;
  json_t *list = json_array();
  for (size_t i = 0; i <= LABELS_SHOWN_MAX && wit_model_label(model, i, &text, &length); i++) {
    json_t *label = json_stringn(text, length); /* NULL when it is not UTF-8 */
    json_array_append_new(list, label == NULL ? json_string("?") : label);
  }
  return list;
}

/* Each op once, in order of first use. */
static json_t *describe_operators(const struct wit_model *model) {
  const char *name;
  json_t *seen = json_object();
  json_t *list = json_array();
  for (size_t i = 0; (name = wit_model_operator_name(model, i, NULL)) != NULL; i++) {
    json_t *text = json_string(name);
    if (text == NULL || json_object_get(seen, name) != NULL) {
      json_decref(text);
      continue;
    }
    json_object_set_new(seen, name, json_true());
    json_array_append_new(list, text);
  }
  json_decref(seen);
  return list;
}

/* The same with their versions, and how often each stands in the graph. */
static json_t *describe_ops(const struct wit_model *model) {
  const char *name;
  int32_t version;
  json_t *seen = json_object();
  json_t *list = json_array();
  for (size_t i = 0; (name = wit_model_operator_name(model, i, &version)) != NULL; i++) {
    char key[160];
    snprintf(key, sizeof(key), "%.120s %d", name, (int)version);
    json_t *op = json_object_get(seen, key);
    if (op != NULL) {
      json_t *count = json_object_get(op, "count");
      json_integer_set(count, json_integer_value(count) + 1);
      continue;
    }
    op = json_pack("{s:o, s:i, s:i}", "name", text_of(name, strlen(name)), "version", (int)version,
                   "count", 1);
    if (json_object_set(seen, key, op) == 0) json_array_append(list, op); /* a name in UTF-8 */
    json_decref(op);
  }
  json_decref(seen);
  return list;
}

#define LAYERS_SHOWN_MAX 200

/* Tensors by number; -1 for an input that is not given. */
static json_t *describe_layer(const struct wit_model *model, size_t op, const char *name) {
  json_t *inputs = json_array(), *outputs = json_array();
  struct wit_tensor first = {0};
  int32_t input;
  size_t output;
  for (size_t i = 0; wit_inspect_operator_input(model, op, i, &input); i++) {
    json_array_append_new(inputs, json_integer(input));
  }
  for (size_t i = 0; wit_inspect_operator_output(model, op, i, &output); i++) {
    if (i == 0) wit_inspect_tensor(model, output, &first);
    json_array_append_new(outputs, json_integer((json_int_t)output));
  }
  return json_pack("{s:i, s:o, s:o, s:o, s:o}", "index", (int)op, "op", text_of(name, strlen(name)),
                   "inputs", inputs, "outputs", outputs, "shape", shape_of(&first));
}

static json_t *describe_layers(const struct wit_model *model) {
  const char *name;
  json_t *list = json_array();
  for (size_t i = 0;
       i < LAYERS_SHOWN_MAX && (name = wit_model_operator_name(model, i, NULL)) != NULL; i++) {
    json_array_append_new(list, describe_layer(model, i, name));
  }
  return list;
}

#define METADATA_SHOWN_MAX 32
#define METADATA_TEXT_MAX 256

/* Short text as it is, of anything else how long it is. */
static json_t *describe_metadata(const struct wit_model *model) {
  json_t *object = json_object();
  const char *name;
  const uint8_t *data;
  size_t size;
  for (size_t i = 0; i < METADATA_SHOWN_MAX && wit_inspect_metadata(model, i, &name, &data, &size);
       i++) {
    bool is_short = size <= METADATA_TEXT_MAX && memchr(data, 0, size) == NULL;
    json_t *value = is_short ? json_stringn((const char *)data, size) : NULL;
    if (value == NULL) value = json_pack("{s:I}", "bytes", (json_int_t)size);
    if (json_object_set_new(object, name, value) != 0) continue; /* a name that is no UTF-8 */
  }
  return object;
}

/* What devices run before they trust the model; null where it carries nothing. */
static json_t *describe_self_test(const struct wit_model *model) {
  struct wit_self_test_info info;
  if (wit_self_test_info(model, &info, NULL) != WIT_OK) return json_null();
  return json_pack("{s:I, s:I, s:I, s:I}", "cases", (json_int_t)info.case_count, "bytes",
                   (json_int_t)info.size_bytes, "tolerance", (json_int_t)info.tolerance,
                   "timeLimitMicroseconds", (json_int_t)info.limit_us);
}

static json_t *describe(const struct wit_model *model, size_t arena_needed_bytes) {
  struct wit_model_info info;
  wit_model_info(model, &info);
  json_t *object = json_object();
  json_t *description = json_string(info.description);
  json_object_set_new(object, "description", description == NULL ? json_string("") : description);
  json_object_set_new(object, "labels", describe_labels(model));
  json_object_set_new(object, "inputs", describe_tensors(model, wit_inspect_input));
  json_object_set_new(object, "outputs", describe_tensors(model, wit_inspect_output));
  json_object_set_new(object, "arenaBytes", json_integer((json_int_t)arena_needed_bytes));
  json_object_set_new(object, "operators", describe_operators(model));
  json_object_set_new(object, "operatorCount", json_integer((json_int_t)info.operator_count));
  json_object_set_new(object, "ops", describe_ops(model));
  json_object_set_new(object, "layers", describe_layers(model));
  json_object_set_new(object, "metadata", describe_metadata(model));
  json_object_set_new(object, "selfTest", describe_self_test(model));
  return object;
}

/* Writes it when it fits; drops what is longest until it does. */
static void write_info(json_t *object, char info[SRV_MODEL_INFO_MAX + 1]) {
  static const char *const longest_first[] = {"layers",      "metadata", "labels",  "operators",
                                              "description", "inputs",   "outputs", "ops"};
  info[0] = 0;
  for (size_t i = 0;; i++) {
    size_t size = json_dumpb(object, info, SRV_MODEL_INFO_MAX, JSON_COMPACT);
    if (size > 0 && size <= SRV_MODEL_INFO_MAX) {
      info[size] = 0;
      return;
    }
    if (i == sizeof(longest_first) / sizeof(longest_first[0])) break;
    json_object_del(object, longest_first[i]);
  }
  info[0] = 0;
}

int srv_check_model(struct srv_core *core, const void *data, size_t size,
                    char info[SRV_MODEL_INFO_MAX + 1]) {
  struct wit_model model;
  struct wit_error error = {0};
  size_t arena_needed_bytes = 0;
  if (wit_model_open(&model, data, size, &error) != WIT_OK) {
    return refuse(core, "not a TensorFlow Lite model (upload other files as binary)", &error);
  }
  if (wit_model_check_labels(&model, &error) != WIT_OK) {
    return refuse(core, "the model's labels do not fit its output", &error);
  }
  int status = check_graph(core, &model, &arena_needed_bytes);
  if (status != SRV_OK) return status;
  json_t *object = describe(&model, arena_needed_bytes);
  write_info(object, info);
  json_decref(object);
  return SRV_OK;
}
