/* SPDX-License-Identifier: Apache-2.0 */
/* Verification of the container, and reading of what was verified. What is
 * checked here needs only the file; what needs the kernels (options, ranks,
 * which types go together) is checked in interpreter.c and the ops. */
#include "runtime/src/model.h"

#include <float.h>
#include <string.h>

#include "runtime/src/error.h"
#include "runtime/src/labels.h"
#include "runtime/src/limits.h"
#include "runtime/src/schema.h"

/* ---- reading --------------------------------------------------------- */

struct wit_reader wit_model_reader(const struct wit_model *model) {
  struct wit_reader reader;
  wit_reader_init(&reader, model->flatbuffer, (uint32_t)model->flatbuffer_size);
  return reader;
}

static struct wit_table root_of(struct wit_reader *r) { return wit_read_root(r); }

static struct wit_subgraph read_subgraph(struct wit_reader *r, const struct wit_table *table) {
  return (struct wit_subgraph){
      .tensors = wit_read_vector(r, table, SUBGRAPH_TENSORS, 4),
      .inputs = wit_read_vector(r, table, SUBGRAPH_INPUTS, 4),
      .outputs = wit_read_vector(r, table, SUBGRAPH_OUTPUTS, 4),
      .operators = wit_read_vector(r, table, SUBGRAPH_OPERATORS, 4),
  };
}

struct wit_subgraph wit_model_subgraph(const struct wit_model *model, uint32_t index) {
  struct wit_reader r = wit_model_reader(model);
  struct wit_table root = root_of(&r);
  struct wit_vector subgraphs = wit_read_vector(&r, &root, MODEL_SUBGRAPHS, 4);
  if (index >= subgraphs.count) return (struct wit_subgraph){0};
  struct wit_table table = wit_vector_table(&r, &subgraphs, index);
  return read_subgraph(&r, &table);
}

static struct wit_vector buffer_data(struct wit_reader *r, uint32_t index) {
  struct wit_table root = root_of(r);
  struct wit_vector buffers = wit_read_vector(r, &root, MODEL_BUFFERS, 4);
  if (index >= buffers.count) return (struct wit_vector){0};
  struct wit_table buffer = wit_vector_table(r, &buffers, index);
  return wit_read_vector(r, &buffer, BUFFER_DATA, 1);
}

struct wit_vector wit_model_buffer(const struct wit_model *model, uint32_t index) {
  struct wit_reader r = wit_model_reader(model);
  return buffer_data(&r, index);
}

/* Elements of the shape; UINT64_MAX where they cannot be counted. */
static uint64_t count_elements(const struct wit_shape *shape) {
  uint64_t count = 1;
  bool empty = false;
  for (int32_t i = 0; i < shape->rank; i++) {
    if (shape->dim[i] < 0) return UINT64_MAX;
    if (shape->dim[i] == 0) {
      empty = true;
    } else if (count > WIT_TENSOR_BYTES_MAX) {
      continue; /* too many already, unless a 0 follows */
    } else {
      count *= (uint32_t)shape->dim[i];
    }
  }
  return empty ? 0 : count;
}

static uint64_t size_of_elements(enum wit_type type, uint64_t count) {
  return (count * wit_type_bits(type) + 7) / 8;
}

static void read_quantization(struct wit_reader *r, const struct wit_table *tensor,
                              struct wit_tensor_info *info) {
  struct wit_table table = wit_read_child(r, tensor, TENSOR_QUANTIZATION);
  struct wit_vector scales = wit_read_vector(r, &table, QUANTIZATION_SCALE, 4);
  struct wit_vector zero_points = wit_read_vector(r, &table, QUANTIZATION_ZERO_POINT, 8);
  if (scales.count == 0 || zero_points.count != scales.count) return;
  info->channels = scales.count;
  info->channel_dimension = wit_read_i32(r, &table, QUANTIZATION_DIMENSION, 0);
  info->scales = r->data + scales.position;
  info->zero_points = r->data + zero_points.position;
  info->scale = wit_load_f32(info->scales);
  info->zero_point = (int32_t)wit_load_u32(info->zero_points);
}

static struct wit_tensor_info read_tensor(struct wit_reader *r, const struct wit_table *table) {
  struct wit_tensor_info info = {
      .type = (enum wit_type)wit_read_u8(r, table, TENSOR_TYPE, 0),
      .variable = wit_read_u8(r, table, TENSOR_IS_VARIABLE, 0) != 0,
  };
  struct wit_vector shape = wit_read_vector(r, table, TENSOR_SHAPE, 4);
  info.shape.rank = shape.count > WIT_RANK_MAX ? WIT_RANK_MAX : (int32_t)shape.count;
  for (int32_t i = 0; i < info.shape.rank; i++) {
    info.shape.dim[i] = wit_vector_i32(r, &shape, (uint32_t)i);
  }
  info.count = (uint32_t)count_elements(&info.shape);
  info.size_bytes = (uint32_t)size_of_elements(info.type, info.count);
  struct wit_vector data = buffer_data(r, wit_read_u32(r, table, TENSOR_BUFFER, 0));
  if (data.count > 0) info.constant = r->data + data.position;
  read_quantization(r, table, &info);
  return info;
}

struct wit_tensor_info wit_model_tensor(const struct wit_model *model,
                                        const struct wit_subgraph *graph, uint32_t index) {
  struct wit_reader r = wit_model_reader(model);
  struct wit_table table = wit_vector_table(&r, &graph->tensors, index);
  return read_tensor(&r, &table);
}

static struct wit_operator_info read_operator(struct wit_reader *r, const struct wit_table *table) {
  struct wit_table root = root_of(r);
  struct wit_vector codes = wit_read_vector(r, &root, MODEL_OPERATOR_CODES, 4);
  uint32_t index = wit_read_u32(r, table, OPERATOR_OPCODE, 0);
  if (index >= codes.count) return (struct wit_operator_info){.builtin = -1};
  struct wit_table code = wit_vector_table(r, &codes, index);
  /* Files of before 2020 know only the 8-bit field; newer ones put 127 into it
   * where the code does not fit. */
  int32_t old_code = wit_read_u8(r, &code, OPERATOR_CODE_DEPRECATED, 0);
  if (old_code > INT8_MAX) old_code -= 256;
  int32_t new_code = wit_read_i32(r, &code, OPERATOR_CODE_BUILTIN, 0);
  struct wit_operator_info info = {
      .builtin = new_code > old_code ? new_code : old_code,
      .version = wit_read_i32(r, &code, OPERATOR_CODE_VERSION, 1),
      .inputs = wit_read_vector(r, table, OPERATOR_INPUTS, 4),
      .outputs = wit_read_vector(r, table, OPERATOR_OUTPUTS, 4),
      .options_tag = wit_read_u8(r, table, OPERATOR_OPTIONS_TYPE, 0),
      .options = wit_read_child(r, table, OPERATOR_OPTIONS),
      .custom_options = wit_read_vector(r, table, OPERATOR_CUSTOM_OPTIONS, 1),
  };
  struct wit_vector name = wit_read_string(r, &code, OPERATOR_CODE_CUSTOM);
  if (info.builtin == BUILTIN_CUSTOM) {
    info.custom_name = name.position ? (const char *)r->data + name.position : "";
  }
  return info;
}

struct wit_operator_info wit_model_operator(const struct wit_model *model,
                                            const struct wit_subgraph *graph, uint32_t index) {
  struct wit_reader r = wit_model_reader(model);
  struct wit_table table = wit_vector_table(&r, &graph->operators, index);
  return read_operator(&r, &table);
}

/* ---- verifying ------------------------------------------------------- */

struct verifier {
  struct wit_reader r;
  struct wit_table root;
  struct wit_vector operator_codes;
  struct wit_vector subgraphs;
  struct wit_vector buffers;
  struct wit_vector metadata;
  struct wit_error *error;
};

/* Reports what the reader found wrong while reading `what` `index`. */
static int refuse_read(struct verifier *v, const char *what, uint32_t index) {
  if (index == UINT32_MAX) {
    return wit_error_set(v->error, v->r.status, -1, -1, "%s: %s", what, v->r.what);
  }
  return wit_error_set(v->error, v->r.status, -1, -1, "%s %u: %s", what, index, v->r.what);
}
#define ONLY_ONE UINT32_MAX

static int refuse_tensor(struct verifier *v, int status, uint32_t index, const char *why) {
  return wit_error_set(v->error, status, -1, (int)index, "tensor %u: %s", index, why);
}

static int verify_counts(struct verifier *v) {
  const struct {
    const char *what;
    uint32_t count, min, max;
  } counts[] = {
      {"subgraphs", v->subgraphs.count, 1, WIT_SUBGRAPHS_MAX},
      {"operator codes", v->operator_codes.count, 0, WIT_OPERATOR_CODES_MAX},
      {"buffers", v->buffers.count, 1, WIT_BUFFERS_MAX},
      {"metadata entries", v->metadata.count, 0, WIT_METADATA_MAX},
  };
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
    if (counts[i].count < counts[i].min) {
      return wit_error_set(v->error, WIT_ERR_MALFORMED, -1, -1, "the model has no %s",
                           counts[i].what);
    }
    if (counts[i].count > counts[i].max) {
      return wit_error_set(v->error, WIT_ERR_MALFORMED, -1, -1, "the model has %u %s, more than %u",
                           counts[i].count, counts[i].what, counts[i].max);
    }
  }
  return WIT_OK;
}

static int verify_root(struct verifier *v) {
  v->root = root_of(&v->r);
  uint32_t version = wit_read_u32(&v->r, &v->root, MODEL_VERSION, 0);
  v->operator_codes = wit_read_vector(&v->r, &v->root, MODEL_OPERATOR_CODES, 4);
  v->subgraphs = wit_read_vector(&v->r, &v->root, MODEL_SUBGRAPHS, 4);
  v->buffers = wit_read_vector(&v->r, &v->root, MODEL_BUFFERS, 4);
  v->metadata = wit_read_vector(&v->r, &v->root, MODEL_METADATA, 4);
  wit_read_string(&v->r, &v->root, MODEL_DESCRIPTION);
  if (v->r.status) return refuse_read(v, "model", ONLY_ONE);
  if (version != WIT_SCHEMA_VERSION) {
    return wit_error_set(v->error, WIT_ERR_MALFORMED, -1, -1, "schema version %u, not %u", version,
                         WIT_SCHEMA_VERSION);
  }
  return verify_counts(v);
}

static int verify_operator_codes(struct verifier *v) {
  for (uint32_t i = 0; i < v->operator_codes.count; i++) {
    struct wit_table code = wit_vector_table(&v->r, &v->operator_codes, i);
    wit_read_u8(&v->r, &code, OPERATOR_CODE_DEPRECATED, 0);
    wit_read_i32(&v->r, &code, OPERATOR_CODE_BUILTIN, 0);
    wit_read_i32(&v->r, &code, OPERATOR_CODE_VERSION, 1);
    wit_read_string(&v->r, &code, OPERATOR_CODE_CUSTOM);
    if (v->r.status) return refuse_read(v, "operator code", i);
  }
  return WIT_OK;
}

static int verify_buffers(struct verifier *v) {
  for (uint32_t i = 0; i < v->buffers.count; i++) {
    struct wit_table buffer = wit_vector_table(&v->r, &v->buffers, i);
    wit_read_vector(&v->r, &buffer, BUFFER_DATA, 1);
    uint64_t offset = wit_read_u64(&v->r, &buffer, BUFFER_OFFSET, 0);
    uint64_t size = wit_read_u64(&v->r, &buffer, BUFFER_SIZE, 0);
    if (v->r.status) return refuse_read(v, "buffer", i);
    if (offset > 1 || size > 1) {
      return wit_error_set(v->error, WIT_ERR_UNSUPPORTED_TYPE, -1, -1,
                           "buffer %u: its data is outside the flatbuffer", i);
    }
  }
  return WIT_OK;
}

static int verify_metadata(struct verifier *v) {
  for (uint32_t i = 0; i < v->metadata.count; i++) {
    struct wit_table entry = wit_vector_table(&v->r, &v->metadata, i);
    wit_read_string(&v->r, &entry, METADATA_NAME);
    uint32_t buffer = wit_read_u32(&v->r, &entry, METADATA_BUFFER, 0);
    if (v->r.status) return refuse_read(v, "metadata", i);
    if (buffer >= v->buffers.count) {
      return wit_error_set(v->error, WIT_ERR_MALFORMED, -1, -1,
                           "metadata %u: there is no buffer %u", i, buffer);
    }
  }
  return WIT_OK;
}

static int verify_shape(struct verifier *v, const struct wit_table *table, uint32_t index,
                        struct wit_tensor_info *info) {
  struct wit_vector shape = wit_read_vector(&v->r, table, TENSOR_SHAPE, 4);
  if (shape.count > WIT_RANK_MAX) {
    return refuse_tensor(v, WIT_ERR_GRAPH, index, "more than 8 dimensions");
  }
  uint64_t count = count_elements(&info->shape);
  if (count == UINT64_MAX) return refuse_tensor(v, WIT_ERR_GRAPH, index, "a negative dimension");
  if (count > WIT_TENSOR_BYTES_MAX || size_of_elements(info->type, count) > WIT_TENSOR_BYTES_MAX) {
    return refuse_tensor(v, WIT_ERR_GRAPH, index, "larger than 2 GiB");
  }
  return WIT_OK;
}

static int verify_constant(struct verifier *v, const struct wit_table *table, uint32_t index,
                           const struct wit_tensor_info *info) {
  uint32_t buffer = wit_read_u32(&v->r, table, TENSOR_BUFFER, 0);
  if (buffer >= v->buffers.count) {
    return refuse_tensor(v, WIT_ERR_MALFORMED, index, "its buffer does not exist");
  }
  if (wit_read_u32(&v->r, table, TENSOR_EXTERNAL_BUFFER, 0) != 0) {
    return refuse_tensor(v, WIT_ERR_UNSUPPORTED_TYPE, index, "its data is in another file");
  }
  if (wit_table_has(&v->r, table, TENSOR_SPARSITY)) {
    return refuse_tensor(v, WIT_ERR_UNSUPPORTED_TYPE, index, "sparse tensors are not supported");
  }
  if (!info->constant || info->type == WIT_STRING) return WIT_OK;
  uint32_t size = buffer_data(&v->r, buffer).count;
  if (size == info->size_bytes) return WIT_OK;
  return wit_error_set(v->error, WIT_ERR_GRAPH, -1, (int)index,
                       "tensor %u: its shape needs %u bytes, its buffer has %u", index,
                       info->size_bytes, size);
}

static bool zero_point_fits(enum wit_type type, int64_t zero_point) {
  switch (type) {
    case WIT_INT8:
      return zero_point >= INT8_MIN && zero_point <= INT8_MAX;
    case WIT_UINT8:
      return zero_point >= 0 && zero_point <= UINT8_MAX;
    case WIT_INT16:
      return zero_point >= INT16_MIN && zero_point <= INT16_MAX;
    case WIT_INT4:
      return zero_point >= -8 && zero_point <= 7;
    default:
      return zero_point >= INT32_MIN && zero_point <= INT32_MAX;
  }
}

/* The first channel is checked here, the others where an op uses them: tensors
 * may share one vector of any length, and checking it once for each would take
 * time that the file chooses. So is the dimension: converters write any number
 * into biases. */
static int verify_quantization(struct verifier *v, const struct wit_table *tensor, uint32_t index,
                               const struct wit_tensor_info *info) {
  struct wit_table table = wit_read_child(&v->r, tensor, TENSOR_QUANTIZATION);
  struct wit_vector scales = wit_read_vector(&v->r, &table, QUANTIZATION_SCALE, 4);
  struct wit_vector zero_points = wit_read_vector(&v->r, &table, QUANTIZATION_ZERO_POINT, 8);
  uint8_t details = wit_read_u8(&v->r, &table, QUANTIZATION_DETAILS_TYPE, 0);
  wit_read_i32(&v->r, &table, QUANTIZATION_DIMENSION, 0);
  if (v->r.status) return refuse_read(v, "quantization of tensor", index);
  if (details != 0) {
    return refuse_tensor(v, WIT_ERR_UNSUPPORTED_TYPE, index, "its quantization scheme is unknown");
  }
  if (scales.count == 0) return WIT_OK;
  if (scales.count > WIT_QUANTIZED_CHANNELS_MAX) {
    return refuse_tensor(v, WIT_ERR_QUANTIZATION, index, "more than 65536 scales");
  }
  if (zero_points.count != scales.count) {
    return wit_error_set(v->error, WIT_ERR_QUANTIZATION, -1, (int)index,
                         "tensor %u: %u scales, but %u zero points", index, scales.count,
                         zero_points.count);
  }
  int64_t zero_point = (int64_t)wit_load_u64(info->zero_points);
  if (!zero_point_fits(info->type, zero_point)) {
    return refuse_tensor(v, WIT_ERR_QUANTIZATION, index, "its zero point is outside its type");
  }
  return WIT_OK;
}

static int verify_tensor(struct verifier *v, const struct wit_vector *tensors, uint32_t index) {
  struct wit_table table = wit_vector_table(&v->r, tensors, index);
  struct wit_tensor_info info = read_tensor(&v->r, &table);
  wit_read_string(&v->r, &table, TENSOR_NAME);
  if (v->r.status) return refuse_read(v, "tensor", index);
  if (wit_type_bits(info.type) == 0 && info.type != WIT_STRING && info.type != WIT_RESOURCE) {
    return wit_error_set(v->error, WIT_ERR_UNSUPPORTED_TYPE, -1, (int)index,
                         "tensor %u: type %d is not supported", index, (int32_t)info.type);
  }
  int status = verify_shape(v, &table, index, &info);
  if (!status) status = verify_constant(v, &table, index, &info);
  if (!status) status = verify_quantization(v, &table, index, &info);
  if (!status && v->r.status) status = refuse_read(v, "tensor", index);
  return status;
}

/* Every index names a tensor; -1 only where `optional`. */
static bool indices_fit(const struct verifier *v, const struct wit_vector *indices,
                        uint32_t tensor_count, bool optional) {
  for (uint32_t i = 0; i < indices->count; i++) {
    int32_t index = wit_vector_i32(&v->r, indices, i);
    if (index == -1 && optional) continue;
    if (index < 0 || (uint32_t)index >= tensor_count) return false;
  }
  return true;
}

static int verify_operator(struct verifier *v, const struct wit_subgraph *graph, uint32_t index) {
  struct wit_table table = wit_vector_table(&v->r, &graph->operators, index);
  struct wit_operator_info info = read_operator(&v->r, &table);
  uint64_t large_options = wit_read_u64(&v->r, &table, OPERATOR_LARGE_OPTIONS_OFFSET, 0);
  uint8_t options_2 = wit_read_u8(&v->r, &table, OPERATOR_OPTIONS_2_TYPE, 0);
  if (v->r.status) return refuse_read(v, "op", index);
  const char *wrong = NULL;
  if (wit_read_u32(&v->r, &table, OPERATOR_OPCODE, 0) >= v->operator_codes.count) {
    wrong = "its operator code does not exist";
  } else if (large_options > 1 || options_2 != 0) {
    wrong = "its options are of a kind that is not supported";
  } else if (info.options_tag != 0 && info.options.position == 0) {
    wrong = "its options are missing";
  } else if (info.inputs.count > WIT_OPERANDS_MAX || info.outputs.count > WIT_OPERANDS_MAX) {
    wrong = "more than 128 inputs or outputs";
  } else if (!indices_fit(v, &info.inputs, graph->tensors.count, true)) {
    wrong = "an input is a tensor that does not exist";
  } else if (!indices_fit(v, &info.outputs, graph->tensors.count, false)) {
    wrong = "an output is a tensor that does not exist";
  }
  if (!wrong) return WIT_OK;
  return wit_error_set(v->error, WIT_ERR_MALFORMED, (int)index, -1, "op %u: %s", index, wrong);
}

static int verify_graph_io(struct verifier *v, const struct wit_subgraph *graph, uint32_t index) {
  const char *wrong = NULL;
  if (graph->tensors.count > WIT_TENSORS_MAX) {
    wrong = "more than 4096 tensors";
  } else if (graph->operators.count > WIT_OPERATORS_MAX) {
    wrong = "more than 4096 operators";
  } else if (graph->inputs.count > WIT_GRAPH_IO_MAX || graph->outputs.count > WIT_GRAPH_IO_MAX) {
    wrong = "more than 256 inputs or outputs";
  } else if (!indices_fit(v, &graph->inputs, graph->tensors.count, false)) {
    wrong = "an input is a tensor that does not exist";
  } else if (!indices_fit(v, &graph->outputs, graph->tensors.count, false)) {
    wrong = "an output is a tensor that does not exist";
  }
  if (!wrong) return WIT_OK;
  return wit_error_set(v->error, WIT_ERR_MALFORMED, -1, -1, "subgraph %u: %s", index, wrong);
}

static int verify_subgraph(struct verifier *v, uint32_t index) {
  struct wit_table table = wit_vector_table(&v->r, &v->subgraphs, index);
  struct wit_subgraph graph = read_subgraph(&v->r, &table);
  wit_read_string(&v->r, &table, SUBGRAPH_NAME);
  if (v->r.status) return refuse_read(v, "subgraph", index);
  int status = verify_graph_io(v, &graph, index);
  for (uint32_t i = 0; !status && i < graph.tensors.count; i++) {
    status = verify_tensor(v, &graph.tensors, i);
  }
  for (uint32_t i = 0; !status && i < graph.operators.count; i++) {
    status = verify_operator(v, &graph, i);
  }
  return status;
}

static int verify(const struct wit_model *model, struct wit_error *error) {
  struct verifier v = {.r = wit_model_reader(model), .error = error};
  int status = verify_root(&v);
  if (!status) status = verify_operator_codes(&v);
  if (!status) status = verify_buffers(&v);
  if (!status) status = verify_metadata(&v);
  for (uint32_t i = 0; !status && i < v.subgraphs.count; i++) {
    status = verify_subgraph(&v, i);
  }
  return status;
}

int wit_model_open(struct wit_model *model, const void *data, size_t size,
                   struct wit_error *error) {
  wit_error_clear(error);
  if (!model || (!data && size > 0)) {
    return wit_error_set(error, WIT_ERR_ARGUMENT, -1, -1, "wit_model_open: no model or no data");
  }
  if (!data) data = ""; /* an empty file */
  *model = (struct wit_model){.file = data, .file_size = size};
  if (size > WIT_FILE_SIZE_MAX) {
    return wit_error_set(error, WIT_ERR_MALFORMED, -1, -1, "the file is larger than 2 GiB");
  }
  size_t header;
  if (!wit_labels_header_size(data, size, &header)) {
    return wit_error_set(error, WIT_ERR_MALFORMED, -1, -1,
                         "the header line GLTHBEGIN has no ;GLTHEND and line end");
  }
  model->flatbuffer = (const uint8_t *)data + header;
  model->flatbuffer_size = size - header;
  if (model->flatbuffer_size < 8) {
    return wit_error_set(error, WIT_ERR_TRUNCATED, -1, -1,
                         "the file has %u bytes: too short to be a model", (uint32_t)size);
  }
  if (memcmp(model->flatbuffer + 4, WIT_FILE_IDENTIFIER, 4) != 0) {
    return wit_error_set(error, WIT_ERR_MALFORMED, -1, -1,
                         "not a TensorFlow Lite model: the identifier TFL3 is missing");
  }
  model->root = wit_load_u32(model->flatbuffer);
  return verify(model, error);
}

/* ---- what is inside --------------------------------------------------- */

bool wit_model_metadata(const struct wit_model *model, const char *name, const uint8_t **data,
                        size_t *size) {
  struct wit_reader r = wit_model_reader(model);
  struct wit_table root = root_of(&r);
  struct wit_vector entries = wit_read_vector(&r, &root, MODEL_METADATA, 4);
  size_t length = strlen(name);
  for (uint32_t i = 0; i < entries.count; i++) {
    struct wit_table entry = wit_vector_table(&r, &entries, i);
    struct wit_vector found = wit_read_string(&r, &entry, METADATA_NAME);
    if (found.count != length || memcmp(r.data + found.position, name, length) != 0) continue;
    struct wit_vector bytes = buffer_data(&r, wit_read_u32(&r, &entry, METADATA_BUFFER, 0));
    *data = bytes.count ? r.data + bytes.position : (const uint8_t *)"";
    *size = bytes.count;
    return true;
  }
  return false;
}

void wit_model_info(const struct wit_model *model, struct wit_model_info *out) {
  struct wit_reader r = wit_model_reader(model);
  struct wit_table root = root_of(&r);
  struct wit_vector description = wit_read_string(&r, &root, MODEL_DESCRIPTION);
  struct wit_subgraph graph = wit_model_subgraph(model, 0);
  *out = (struct wit_model_info){
      .schema_version = wit_read_u32(&r, &root, MODEL_VERSION, 0),
      .subgraph_count = wit_read_vector(&r, &root, MODEL_SUBGRAPHS, 4).count,
      .operator_count = graph.operators.count,
      .tensor_count = graph.tensors.count,
      .input_count = graph.inputs.count,
      .output_count = graph.outputs.count,
      .description = description.position ? (const char *)r.data + description.position : "",
  };
}

struct wit_tensor wit_tensor_of(const struct wit_tensor_info *info) {
  return (struct wit_tensor){.size_bytes = info->size_bytes,
                             .type = info->type,
                             .shape = info->shape,
                             .scale = info->scale,
                             .zero_point = info->zero_point};
}

static bool io_tensor(const struct wit_model *model, const struct wit_subgraph *graph,
                      const struct wit_vector *io, size_t index, struct wit_tensor *out) {
  if (index >= io->count) return false;
  struct wit_reader r = wit_model_reader(model);
  int32_t tensor = wit_vector_i32(&r, io, (uint32_t)index);
  struct wit_tensor_info info = wit_model_tensor(model, graph, (uint32_t)tensor);
  *out = wit_tensor_of(&info);
  return true;
}

bool wit_model_input(const struct wit_model *model, size_t index, struct wit_tensor *out) {
  struct wit_subgraph graph = wit_model_subgraph(model, 0);
  return io_tensor(model, &graph, &graph.inputs, index, out);
}

bool wit_model_output(const struct wit_model *model, size_t index, struct wit_tensor *out) {
  struct wit_subgraph graph = wit_model_subgraph(model, 0);
  return io_tensor(model, &graph, &graph.outputs, index, out);
}

const char *wit_model_operator_name(const struct wit_model *model, size_t index, int32_t *version) {
  struct wit_subgraph graph = wit_model_subgraph(model, 0);
  if (index >= graph.operators.count) return NULL;
  struct wit_operator_info info = wit_model_operator(model, &graph, (uint32_t)index);
  if (version) *version = info.version;
  return info.custom_name ? info.custom_name : wit_builtin_name(info.builtin);
}
