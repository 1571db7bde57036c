/* SPDX-License-Identifier: Apache-2.0 */
#include "wit/inspect.h"

#include "runtime/src/model.h"
#include "runtime/src/schema.h"

/* Element `index` of a list of tensor indices. */
static bool element(const struct wit_model *model, const struct wit_vector *list, size_t index,
                    int32_t *tensor) {
  if (index >= list->count) return false;
  struct wit_reader r = wit_model_reader(model);
  *tensor = wit_vector_i32(&r, list, (uint32_t)index);
  return true;
}

/* The same where the verifier let no -1 pass. */
static bool given_element(const struct wit_model *model, const struct wit_vector *list,
                          size_t index, size_t *tensor) {
  int32_t number;
  if (!element(model, list, index, &number)) return false;
  *tensor = (size_t)number;
  return true;
}

static bool operator_at(const struct wit_model *model, size_t op, struct wit_operator_info *out) {
  struct wit_subgraph graph = wit_model_subgraph(model, 0);
  if (op >= graph.operators.count) return false;
  *out = wit_model_operator(model, &graph, (uint32_t)op);
  return true;
}

bool wit_inspect_tensor(const struct wit_model *model, size_t index, struct wit_tensor *out) {
  struct wit_subgraph graph = wit_model_subgraph(model, 0);
  if (index >= graph.tensors.count) return false;
  struct wit_tensor_info info = wit_model_tensor(model, &graph, (uint32_t)index);
  *out = wit_tensor_of(&info);
  return true;
}

bool wit_inspect_constant(const struct wit_model *model, size_t index, struct wit_constant *out) {
  struct wit_subgraph graph = wit_model_subgraph(model, 0);
  if (index >= graph.tensors.count) return false;
  struct wit_tensor_info info = wit_model_tensor(model, &graph, (uint32_t)index);
  if (!info.constant) return false;
  *out = (struct wit_constant){info.constant, info.size_bytes, info.channels, info.scales};
  return true;
}

float wit_constant_scale(const struct wit_constant *constant, size_t channel) {
  return wit_load_f32(constant->scales + 4 * channel);
}

bool wit_inspect_input(const struct wit_model *model, size_t index, size_t *tensor) {
  struct wit_subgraph graph = wit_model_subgraph(model, 0);
  return given_element(model, &graph.inputs, index, tensor);
}

bool wit_inspect_output(const struct wit_model *model, size_t index, size_t *tensor) {
  struct wit_subgraph graph = wit_model_subgraph(model, 0);
  return given_element(model, &graph.outputs, index, tensor);
}

bool wit_inspect_tensor_name(const struct wit_model *model, size_t index, const char **name,
                             size_t *length) {
  struct wit_reader r = wit_model_reader(model);
  struct wit_subgraph graph = wit_model_subgraph(model, 0);
  if (index >= graph.tensors.count) return false;
  struct wit_table tensor = wit_vector_table(&r, &graph.tensors, (uint32_t)index);
  struct wit_vector text = wit_read_string(&r, &tensor, TENSOR_NAME);
  *name = text.position ? (const char *)r.data + text.position : "";
  *length = text.position ? text.count : 0;
  return true;
}

bool wit_inspect_operator_input(const struct wit_model *model, size_t op, size_t index,
                                int32_t *tensor) {
  struct wit_operator_info info;
  return operator_at(model, op, &info) && element(model, &info.inputs, index, tensor);
}

bool wit_inspect_operator_output(const struct wit_model *model, size_t op, size_t index,
                                 size_t *tensor) {
  struct wit_operator_info info;
  return operator_at(model, op, &info) && given_element(model, &info.outputs, index, tensor);
}

bool wit_inspect_metadata(const struct wit_model *model, size_t index, const char **name,
                          const uint8_t **data, size_t *size) {
  struct wit_reader r = wit_model_reader(model);
  struct wit_table root = wit_read_root(&r);
  struct wit_vector entries = wit_read_vector(&r, &root, MODEL_METADATA, 4);
  if (index >= entries.count) return false;
  struct wit_table entry = wit_vector_table(&r, &entries, (uint32_t)index);
  struct wit_vector text = wit_read_string(&r, &entry, METADATA_NAME);
  struct wit_vector bytes = wit_model_buffer(model, wit_read_u32(&r, &entry, METADATA_BUFFER, 0));
  *name = text.position ? (const char *)r.data + text.position : "";
  *data = bytes.count ? r.data + bytes.position : (const uint8_t *)"";
  *size = bytes.count;
  return true;
}
