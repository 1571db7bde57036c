/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIT_INSPECT_H
#define WIT_INSPECT_H
/* How a model's graph hangs together, for tools that show it: which tensors an
 * operator reads and writes, tensors and metadata by index. Read-only, of
 * models that wit_model_open accepted; what it hands out borrows the model.
 * Nothing here is needed to run one, so firmware that does not call it does not
 * link it (runtime/src/inspect.c).
 *
 * Operators, tensors and graph inputs are those of subgraph 0, by index; each
 * function is false past the end. */
#include "wit/wit.h"

/* Type, shape and quantisation of tensor `index`; data NULL. */
bool wit_inspect_tensor(const struct wit_model *model, size_t index, struct wit_tensor *out);
/* The tensor that is graph input `index`. */
bool wit_inspect_input(const struct wit_model *model, size_t index, size_t *tensor);
/* The tensor that is graph output `index`. */
bool wit_inspect_output(const struct wit_model *model, size_t index, size_t *tensor);
/* The name that tensor `index` has in the file, `length` bytes, not NUL-terminated;
 * none where it has no name. For people: two tensors may have the same one. */
bool wit_inspect_tensor_name(const struct wit_model *model, size_t index, const char **name,
                             size_t *length);
/* The tensor that is input `index` of operator `op`; -1: not given. */
bool wit_inspect_operator_input(const struct wit_model *model, size_t op, size_t index,
                                int32_t *tensor);
/* The tensor that is output `index` of operator `op`. */
bool wit_inspect_operator_output(const struct wit_model *model, size_t op, size_t index,
                                 size_t *tensor);
/* A tensor whose values stand in the file: weights, biases, shapes. */
struct wit_constant {
  const uint8_t *data; /* little-endian, row-major, any alignment */
  size_t size_bytes;
  size_t channel_count;  /* of scales; 0: not quantised, 1: one for the whole tensor */
  const uint8_t *scales; /* private: wit_constant_scale reads it */
};
/* The values of tensor `index`; false also where they are computed at run time. */
bool wit_inspect_constant(const struct wit_model *model, size_t index, struct wit_constant *out);
/* real = value * scale, of channel below channel_count (the verifier lets only
 * symmetric weights have several). */
float wit_constant_scale(const struct wit_constant *constant, size_t channel);
/* Metadata entry `index`; `name` is NUL-terminated, "" where it has none. */
bool wit_inspect_metadata(const struct wit_model *model, size_t index, const char **name,
                          const uint8_t **data, size_t *size);
#endif
