/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_SRC_MODEL_H
#define RUNTIME_SRC_MODEL_H
/* A verified model, read by the interpreter and by op preparation. The readers
 * below go through the checked flatbuffer reader once more: on a model that
 * wit_model_open accepted they cannot fail. */
#include "runtime/src/flatbuffer.h"
#include "wit/wit.h"

/* Subgraph `index` and what it lists. */
struct wit_subgraph {
  struct wit_vector tensors;   /* tables */
  struct wit_vector inputs;    /* int32 tensor indices */
  struct wit_vector outputs;   /* likewise */
  struct wit_vector operators; /* tables */
};

/* A tensor as the file declares it. */
struct wit_tensor_info {
  enum wit_type type;
  struct wit_shape shape;
  uint32_t count;          /* elements; 0 when a dimension is 0 */
  uint32_t size_bytes;     /* int4: two a byte, rounded up */
  const uint8_t *constant; /* its bytes in the file, any alignment; NULL: computed at run time */
  bool variable;
  float scale; /* of the first channel; 0: not quantised */
  int32_t zero_point;
  uint32_t channels; /* count of scales */
  int32_t channel_dimension;
  const uint8_t *scales;      /* float32 each, any alignment */
  const uint8_t *zero_points; /* int64 each */
};

struct wit_operator_info {
  int32_t builtin;         /* BuiltinOperator, BUILTIN_CUSTOM for a custom op */
  const char *custom_name; /* NUL-terminated, NULL for a builtin */
  int32_t version;
  struct wit_vector inputs;  /* int32 tensor indices, -1: not given */
  struct wit_vector outputs; /* int32 tensor indices */
  uint8_t options_tag;
  struct wit_table options;
  struct wit_vector custom_options; /* bytes */
};

struct wit_reader wit_model_reader(const struct wit_model *model);
struct wit_subgraph wit_model_subgraph(const struct wit_model *model, uint32_t index);
struct wit_tensor_info wit_model_tensor(const struct wit_model *model,
                                        const struct wit_subgraph *graph, uint32_t index);
struct wit_operator_info wit_model_operator(const struct wit_model *model,
                                            const struct wit_subgraph *graph, uint32_t index);
/* Bytes of buffer `index`. */
struct wit_vector wit_model_buffer(const struct wit_model *model, uint32_t index);

/* What applications see of it; data NULL. */
struct wit_tensor wit_tensor_of(const struct wit_tensor_info *info);

/* The builtin's name in the schema, "BUILTIN" for numbers without one. */
const char *wit_builtin_name(int32_t builtin);

/* Bits of an element; 0 for types that have no fixed size. */
unsigned wit_type_bits(int type);
#endif
