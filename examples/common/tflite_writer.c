/* SPDX-License-Identifier: Apache-2.0 */
/* A flatbuffer is written front to back: a table first, with holes where it
 * points to others; those follow, and each fills its hole. All offsets so point
 * forward, as the format wants. */
#include "examples/common/tflite_writer.h"

#include <stdlib.h>
#include <string.h>

/* ---- a buffer that grows --------------------------------------------- */

struct bytes {
  uint8_t *data;
  size_t size, capacity;
  bool failed;
};

static void bytes_reserve(struct bytes *bytes, size_t more) {
  if (bytes->failed || bytes->size + more <= bytes->capacity) return;
  size_t capacity = 2 * (bytes->size + more) + 256;
  uint8_t *grown = realloc(bytes->data, capacity);
  if (!grown) {
    bytes->failed = true;
    return;
  }
  bytes->data = grown;
  bytes->capacity = capacity;
}

static size_t bytes_append(struct bytes *bytes, const void *data, size_t size) {
  bytes_reserve(bytes, size);
  if (bytes->failed) return 0;
  size_t at = bytes->size;
  if (size > 0) memcpy(bytes->data + at, data, size);
  bytes->size += size;
  return at;
}

static void bytes_pad(struct bytes *bytes, size_t alignment, size_t ahead) {
  static const uint8_t zero[16];
  size_t rest = (bytes->size + ahead) % alignment;
  if (rest > 0) bytes_append(bytes, zero, alignment - rest);
}

static void put_little(uint8_t *out, uint64_t value, size_t size) {
  for (size_t i = 0; i < size; i++) out[i] = (uint8_t)(value >> (8 * i));
}

static size_t append_number(struct bytes *bytes, uint64_t value, size_t size) {
  uint8_t raw[8];
  put_little(raw, value, size);
  return bytes_append(bytes, raw, size);
}

/* ---- what was added ---------------------------------------------------- */

struct blob {
  void *data;
  size_t size;
};

struct stored_tensor {
  struct tflite_tensor as; /* its pointers point to our copies */
  uint32_t buffer;
};

struct stored_operator {
  struct tflite_operator as;
  uint32_t code_index;
};

struct operator_code {
  int32_t code, version;
  char *custom;
};

struct metadata {
  char *name;
  uint32_t buffer;
};

struct indices {
  int32_t *value;
  size_t count;
};

struct tflite_writer {
  char *description;
  struct blob *buffer; /* buffer 0 is empty by convention */
  size_t buffer_count;
  struct stored_tensor *tensor;
  size_t tensor_count;
  struct stored_operator *operator;
  size_t operator_count;
  struct operator_code *code;
  size_t code_count;
  struct metadata *metadata;
  size_t metadata_count;
  struct indices inputs, outputs;
  void **owned; /* every copy, for tflite_writer_destroy */
  size_t owned_count;
  bool failed;
};

static void *own(struct tflite_writer *writer, void *memory) {
  void **grown = realloc(writer->owned, (writer->owned_count + 1) * sizeof *grown);
  if (!memory || !grown) {
    free(memory);
    writer->failed = true;
    if (grown) writer->owned = grown;
    return NULL;
  }
  writer->owned = grown;
  writer->owned[writer->owned_count++] = memory;
  return memory;
}

static void *copy(struct tflite_writer *writer, const void *data, size_t size) {
  if (!data) return NULL;
  void *memory = own(writer, malloc(size + 1));
  if (memory) {
    memcpy(memory, data, size);
    ((char *)memory)[size] = 0;
  }
  return memory;
}

static char *copy_text(struct tflite_writer *writer, const char *text) {
  return text ? copy(writer, text, strlen(text)) : NULL;
}

/* Room for one more element at the end of *list, zeroed; NULL without memory. */
static void *grow(struct tflite_writer *writer, void *list, size_t *count, size_t element_size) {
  void **pointer = list;
  void *grown = realloc(*pointer, (*count + 1) * element_size);
  if (!grown) {
    writer->failed = true;
    return NULL;
  }
  *pointer = grown;
  return memset((char *)grown + (*count)++ * element_size, 0, element_size);
}

static uint32_t add_buffer(struct tflite_writer *writer, const void *data, size_t size) {
  struct blob *blob = grow(writer, &writer->buffer, &writer->buffer_count, sizeof *blob);
  if (!blob) return 0;
  blob->data = copy(writer, data, size);
  blob->size = blob->data ? size : 0;
  return (uint32_t)(writer->buffer_count - 1);
}

struct tflite_writer *tflite_writer_create(const char *description) {
  struct tflite_writer *writer = calloc(1, sizeof *writer);
  if (!writer) return NULL;
  writer->description = copy_text(writer, description);
  add_buffer(writer, NULL, 0);
  return writer;
}

void tflite_writer_destroy(struct tflite_writer *writer) {
  if (!writer) return;
  for (size_t i = 0; i < writer->owned_count; i++) free(writer->owned[i]);
  free(writer->owned);
  free(writer->buffer);
  free(writer->tensor);
  free(writer->operator);
  free(writer->code);
  free(writer->metadata);
  free(writer);
}

int32_t tflite_writer_add_tensor(struct tflite_writer *writer, const struct tflite_tensor *tensor) {
  struct stored_tensor *stored =
      grow(writer, &writer->tensor, &writer->tensor_count, sizeof *stored);
  if (!stored) return -1;
  stored->as = *tensor;
  stored->as.name = copy_text(writer, tensor->name);
  if (tensor->channels > 0) {
    stored->as.scale = copy(writer, tensor->scale, tensor->channels * sizeof *tensor->scale);
    stored->as.zero_point =
        copy(writer, tensor->zero_point, tensor->channels * sizeof *tensor->zero_point);
  }
  stored->buffer = tensor->data ? add_buffer(writer, tensor->data, tensor->data_size) : 0;
  return (int32_t)(writer->tensor_count - 1);
}

static bool same_custom(const char *a, const char *b) {
  return a == b || (a && b && strcmp(a, b) == 0);
}

static uint32_t code_index(struct tflite_writer *writer, const struct tflite_operator *operator) {
  int32_t version = operator->version == 0 ? 1 : operator->version;
  for (size_t i = 0; i < writer->code_count; i++) {
    const struct operator_code *code = &writer->code[i];
    if (code->code == operator->code && code->version == version &&
                      same_custom(code->custom, operator->custom_code)) {
      return (uint32_t)i;
    }
  }
  struct operator_code *code = grow(writer, &writer->code, &writer->code_count, sizeof *code);
  if (!code) return 0;
  code->code = operator->code;
  code->version = version;
  code->custom = copy_text(writer, operator->custom_code);
  return (uint32_t)(writer->code_count - 1);
}

void tflite_writer_add_operator(struct tflite_writer *writer,
                                const struct tflite_operator *operator) {
  uint32_t index = code_index(writer, operator);
  struct stored_operator *stored =
      grow(writer, &writer->operator, & writer->operator_count, sizeof *stored);
  if (!stored) return;
  stored->as = *operator;
  stored->code_index = index;
  stored->as.inputs = copy(writer, operator->inputs, operator->input_count * sizeof(int32_t));
  stored->as.outputs = copy(writer, operator->outputs, operator->output_count * sizeof(int32_t));
  stored->as.custom_options = copy(writer, operator->custom_options, operator->custom_options_size);
  for (size_t i = 0; i < operator->options.count; i++) {
    struct tflite_field *field = &stored->as.options.field[i];
    if (field->kind == TFLITE_FIELD_INTS) {
      field->values = copy(writer, field->values, field->count * sizeof *field->values);
    }
  }
}

static void set_indices(struct tflite_writer *writer, struct indices *indices,
                        const int32_t *tensors, size_t count) {
  indices->value = copy(writer, tensors, count * sizeof *tensors);
  indices->count = indices->value ? count : 0;
}

void tflite_writer_set_inputs(struct tflite_writer *writer, const int32_t *tensors, size_t count) {
  set_indices(writer, &writer->inputs, tensors, count);
}

void tflite_writer_set_outputs(struct tflite_writer *writer, const int32_t *tensors, size_t count) {
  set_indices(writer, &writer->outputs, tensors, count);
}

void tflite_writer_add_metadata(struct tflite_writer *writer, const char *name, const void *data,
                                size_t size) {
  struct metadata *metadata =
      grow(writer, &writer->metadata, &writer->metadata_count, sizeof *metadata);
  if (!metadata) return;
  metadata->name = copy_text(writer, name);
  metadata->buffer = add_buffer(writer, data, size);
}

void tflite_writer_add_labels(struct tflite_writer *writer, const char *const *labels,
                              size_t count) {
  struct bytes text = {0};
  for (size_t i = 0; i < count; i++) {
    if (i > 0) bytes_append(&text, "\n", 1);
    bytes_append(&text, labels[i], strlen(labels[i]));
  }
  if (text.failed) writer->failed = true;
  tflite_writer_add_metadata(writer, "godwit.labels", text.data, text.size);
  free(text.data);
}

/* ---- flatbuffer --------------------------------------------------------- */

#define TABLE_FIELDS_MAX 16
#define VTABLES_MAX 64

struct vtable {
  size_t at, size;
};

struct output {
  struct bytes bytes;
  struct vtable vtable[VTABLES_MAX]; /* written so far: tables share them */
  size_t vtable_count;
};

/* A table in the making: fields by id; size 0 is absent. */
struct table {
  struct {
    uint64_t value;
    uint8_t size;
    bool is_reference;
  } field[TABLE_FIELDS_MAX];
  size_t hole[TABLE_FIELDS_MAX]; /* after table_end: where a reference goes */
};

static void field_number(struct table *table, size_t id, uint64_t value, size_t size) {
  table->field[id].value = value;
  table->field[id].size = (uint8_t)size;
}

static void field_reference(struct table *table, size_t id) {
  table->field[id].size = 4;
  table->field[id].is_reference = true;
}

/* Makes the hole at `hole` point to what comes next. */
static void fill_hole(struct output *out, size_t hole, size_t target) {
  if (!out->bytes.failed) put_little(out->bytes.data + hole, target - hole, 4);
}

static size_t find_or_write_vtable(struct output *out, const uint8_t *vtable, size_t size) {
  for (size_t i = 0; i < out->vtable_count; i++) {
    const struct vtable *known = &out->vtable[i];
    if (known->size == size && !out->bytes.failed &&
        memcmp(out->bytes.data + known->at, vtable, size) == 0) {
      return known->at;
    }
  }
  bytes_pad(&out->bytes, 2, 0);
  size_t at = bytes_append(&out->bytes, vtable, size);
  if (out->vtable_count < VTABLES_MAX) {
    out->vtable[out->vtable_count++] = (struct vtable){at, size};
  }
  return at;
}

/* Places fields after the table's soffset, widest first so that none needs
 * padding but for the first; returns the inline size. */
static size_t place_fields(const struct table *table, uint16_t offset[TABLE_FIELDS_MAX]) {
  size_t at = 4;
  memset(offset, 0, TABLE_FIELDS_MAX * sizeof *offset);
  for (size_t size = 8; size > 0; size /= 2) {
    for (size_t id = 0; id < TABLE_FIELDS_MAX; id++) {
      if (table->field[id].size != size) continue;
      at += (size - at % size) % size;
      offset[id] = (uint16_t)at;
      at += size;
    }
  }
  return at;
}

/* Writes the table; its holes are to be filled by what follows. */
static size_t write_table(struct output *out, struct table *table) {
  uint16_t offset[TABLE_FIELDS_MAX];
  uint8_t vtable[4 + 2 * TABLE_FIELDS_MAX];
  size_t inline_size = place_fields(table, offset), count = 0;
  for (size_t id = 0; id < TABLE_FIELDS_MAX; id++) {
    if (offset[id] != 0) count = id + 1;
    put_little(vtable + 4 + 2 * id, offset[id], 2);
  }
  put_little(vtable, 4 + 2 * count, 2);
  put_little(vtable + 2, inline_size, 2);
  size_t vtable_at = find_or_write_vtable(out, vtable, 4 + 2 * count);

  bytes_pad(&out->bytes, 8, 0);
  size_t at = append_number(&out->bytes, out->bytes.size - vtable_at, 4);
  bytes_reserve(&out->bytes, inline_size);
  if (out->bytes.failed) return 0;
  memset(out->bytes.data + out->bytes.size, 0, inline_size - 4);
  out->bytes.size += inline_size - 4;
  for (size_t id = 0; id < count; id++) {
    if (offset[id] == 0) continue;
    table->hole[id] = at + offset[id];
    if (!table->field[id].is_reference) {
      put_little(out->bytes.data + at + offset[id], table->field[id].value, table->field[id].size);
    }
  }
  return at;
}

static void write_vector(struct output *out, size_t hole, const void *data, size_t count,
                         size_t element_size, size_t alignment) {
  bytes_pad(&out->bytes, alignment < 4 ? 4 : alignment, 4);
  fill_hole(out, hole, append_number(&out->bytes, count, 4));
  bytes_append(&out->bytes, data, count * element_size);
}

static void write_text(struct output *out, size_t hole, const char *text) {
  write_vector(out, hole, text, strlen(text), 1, 1);
  bytes_append(&out->bytes, "", 1);
}

static void write_int32s(struct output *out, size_t hole, const int32_t *values, size_t count) {
  write_vector(out, hole, NULL, 0, 4, 4);
  if (!out->bytes.failed) put_little(out->bytes.data + out->bytes.size - 4, count, 4);
  for (size_t i = 0; i < count; i++) append_number(&out->bytes, (uint32_t)values[i], 4);
}

/* A vector of references: writes `count` holes and returns the first. */
static size_t write_reference_vector(struct output *out, size_t hole, size_t count) {
  write_vector(out, hole, NULL, 0, 4, 4);
  if (!out->bytes.failed) put_little(out->bytes.data + out->bytes.size - 4, count, 4);
  size_t first = out->bytes.size;
  for (size_t i = 0; i < count; i++) append_number(&out->bytes, 0, 4);
  return first;
}

static uint32_t float_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

/* ---- the schema's tables ------------------------------------------------- */

static void write_operator_code(struct output *out, size_t hole, const struct operator_code *code) {
  struct table table = {0};
  int32_t old_code = code->code < 127 ? code->code : 127;
  field_number(&table, 0, (uint8_t)old_code, 1);
  if (code->custom) field_reference(&table, 1);
  field_number(&table, 2, (uint32_t)code->version, 4);
  field_number(&table, 3, (uint32_t)code->code, 4);
  fill_hole(out, hole, write_table(out, &table));
  if (code->custom) write_text(out, table.hole[1], code->custom);
}

static void write_quantization(struct output *out, size_t hole,
                               const struct tflite_tensor *tensor) {
  struct table table = {0};
  field_reference(&table, 2);
  field_reference(&table, 3);
  if (tensor->channel_dimension != 0) {
    field_number(&table, 6, (uint32_t)tensor->channel_dimension, 4);
  }
  fill_hole(out, hole, write_table(out, &table));
  size_t count = tensor->channels;
  write_vector(out, table.hole[2], NULL, 0, 4, 4);
  if (!out->bytes.failed) put_little(out->bytes.data + out->bytes.size - 4, count, 4);
  for (size_t i = 0; i < count; i++) append_number(&out->bytes, float_bits(tensor->scale[i]), 4);
  write_vector(out, table.hole[3], NULL, 0, 8, 8);
  if (!out->bytes.failed) put_little(out->bytes.data + out->bytes.size - 4, count, 4);
  for (size_t i = 0; i < count; i++) {
    append_number(&out->bytes, (uint64_t)tensor->zero_point[i], 8);
  }
}

static void write_tensor(struct output *out, size_t hole, const struct stored_tensor *stored) {
  const struct tflite_tensor *tensor = &stored->as;
  struct table table = {0};
  field_reference(&table, 0);
  if (tensor->type != TFLITE_FLOAT32) field_number(&table, 1, (uint8_t)tensor->type, 1);
  if (stored->buffer != 0) field_number(&table, 2, stored->buffer, 4);
  if (tensor->name) field_reference(&table, 3);
  if (tensor->channels > 0) field_reference(&table, 4);
  if (tensor->is_variable) field_number(&table, 5, 1, 1);
  fill_hole(out, hole, write_table(out, &table));
  write_int32s(out, table.hole[0], tensor->shape, tensor->rank);
  if (tensor->name) write_text(out, table.hole[3], tensor->name);
  if (tensor->channels > 0) write_quantization(out, table.hole[4], tensor);
}

static void write_options(struct output *out, size_t hole, const struct tflite_operator *operator) {
  struct table table = {0};
  for (size_t i = 0; i < operator->options.count; i++) {
    const struct tflite_field *field = &operator->options.field[i];
    switch (field->kind) {
      case TFLITE_FIELD_BYTE:
        field_number(&table, field->id, (uint8_t)(int8_t)field->number, 1);
        break;
      case TFLITE_FIELD_INT:
        field_number(&table, field->id, (uint32_t)(int32_t)field->number, 4);
        break;
      case TFLITE_FIELD_FLOAT:
        field_number(&table, field->id, float_bits((float)field->number), 4);
        break;
      case TFLITE_FIELD_INTS:
        field_reference(&table, field->id);
        break;
    }
  }
  fill_hole(out, hole, write_table(out, &table));
  for (size_t i = 0; i < operator->options.count; i++) {
    const struct tflite_field *field = &operator->options.field[i];
    if (field->kind == TFLITE_FIELD_INTS) {
      write_int32s(out, table.hole[field->id], field->values, field->count);
    }
  }
}

static void write_operator(struct output *out, size_t hole, const struct stored_operator *stored) {
  const struct tflite_operator *operator= & stored->as;
  struct table table = {0};
  if (stored->code_index != 0) field_number(&table, 0, stored->code_index, 4);
  field_reference(&table, 1);
  field_reference(&table, 2);
  if (operator->options.table != TFLITE_OPTIONS_NONE) {
    field_number(&table, 3, (uint8_t) operator->options.table, 1);
    field_reference(&table, 4);
  }
  if (operator->custom_options) field_reference(&table, 5);
  fill_hole(out, hole, write_table(out, &table));
  write_int32s(out, table.hole[1], operator->inputs, operator->input_count);
  write_int32s(out, table.hole[2], operator->outputs, operator->output_count);
  if (operator->options.table != TFLITE_OPTIONS_NONE) write_options(out, table.hole[4], operator);
  if (operator->custom_options) {
    write_vector(out, table.hole[5], operator->custom_options, operator->custom_options_size, 1, 1);
  }
}

static void write_subgraph(struct output *out, size_t hole, const struct tflite_writer *writer) {
  struct table table = {0};
  for (size_t id = 0; id <= 4; id++) field_reference(&table, id);
  fill_hole(out, hole, write_table(out, &table));
  size_t tensors = write_reference_vector(out, table.hole[0], writer->tensor_count);
  write_int32s(out, table.hole[1], writer->inputs.value, writer->inputs.count);
  write_int32s(out, table.hole[2], writer->outputs.value, writer->outputs.count);
  size_t operators = write_reference_vector(out, table.hole[3], writer->operator_count);
  write_text(out, table.hole[4], "main");
  for (size_t i = 0; i < writer->tensor_count; i++) {
    write_tensor(out, tensors + 4 * i, &writer->tensor[i]);
  }
  for (size_t i = 0; i < writer->operator_count; i++) {
    write_operator(out, operators + 4 * i, &writer->operator[i]);
  }
}

static void write_metadata(struct output *out, size_t hole, const struct metadata *metadata) {
  struct table table = {0};
  field_reference(&table, 0);
  field_number(&table, 1, metadata->buffer, 4);
  fill_hole(out, hole, write_table(out, &table));
  write_text(out, table.hole[0], metadata->name);
}

static void write_buffer(struct output *out, size_t hole, const struct blob *blob) {
  struct table table = {0};
  if (blob->data) field_reference(&table, 0);
  fill_hole(out, hole, write_table(out, &table));
  if (blob->data) write_vector(out, table.hole[0], blob->data, blob->size, 1, 16);
}

static void write_model(struct output *out, const struct tflite_writer *writer) {
  enum { VERSION, CODES, SUBGRAPHS, DESCRIPTION, BUFFERS, METADATA = 6 };
  struct table table = {0};
  field_number(&table, VERSION, 3, 4);
  field_reference(&table, CODES);
  field_reference(&table, SUBGRAPHS);
  field_reference(&table, BUFFERS);
  if (writer->description) field_reference(&table, DESCRIPTION);
  if (writer->metadata_count > 0) field_reference(&table, METADATA);

  size_t root_hole = append_number(&out->bytes, 0, 4);
  bytes_append(&out->bytes, "TFL3", 4);
  fill_hole(out, root_hole, write_table(out, &table));
  if (writer->description) write_text(out, table.hole[DESCRIPTION], writer->description);
  size_t codes = write_reference_vector(out, table.hole[CODES], writer->code_count);
  for (size_t i = 0; i < writer->code_count; i++) {
    write_operator_code(out, codes + 4 * i, &writer->code[i]);
  }
  write_subgraph(out, write_reference_vector(out, table.hole[SUBGRAPHS], 1), writer);
  if (writer->metadata_count > 0) {
    size_t metadata = write_reference_vector(out, table.hole[METADATA], writer->metadata_count);
    for (size_t i = 0; i < writer->metadata_count; i++) {
      write_metadata(out, metadata + 4 * i, &writer->metadata[i]);
    }
  }
  size_t buffers = write_reference_vector(out, table.hole[BUFFERS], writer->buffer_count);
  for (size_t i = 0; i < writer->buffer_count; i++) {
    write_buffer(out, buffers + 4 * i, &writer->buffer[i]);
  }
  bytes_pad(&out->bytes, 16, 0);
}

uint8_t *tflite_writer_finish(const struct tflite_writer *writer, size_t *size) {
  struct output out = {0};
  if (writer->failed) return NULL;
  write_model(&out, writer);
  if (out.bytes.failed) {
    free(out.bytes.data);
    return NULL;
  }
  *size = out.bytes.size;
  return out.bytes.data;
}
