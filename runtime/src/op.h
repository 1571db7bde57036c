/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_SRC_OP_H
#define RUNTIME_SRC_OP_H
/* How to write an op.
 *
 * An op is one `const struct wit_op`, named wit_op_NAME, in a file of its
 * family (op_conv.c, ...), and declared in wit/ops.h. Its two functions:
 *
 * prepare  sees the operator as the file declares it: operands with type,
 *          shape, quantisation and constant bytes, and options. It must check
 *          everything that invoke relies on: types, ranks, that the declared
 *          output shape is the one that invoke will write, ranges of every
 *          option, scales (wit_require_quantized), constants that are read as
 *          indices or sizes. What it does not check, a hostile model will
 *          break. All results that invoke needs go into `data` (data_size
 *          bytes, zeroed, in the arena). Doubles, divisions and libm belong
 *          here.
 * invoke   runs without checks on the tensors' bytes. It returns WIT_OK, or
 *          WIT_ERR_RUNTIME where the op's own definition lets an input's value
 *          be wrong.
 *
 * prepare runs twice: first to measure (nothing is in the arena, wit_persist
 * returns NULL, `data` is a stand-in of the same size), then for good. It must
 * ask for the same memory both times; so it must not keep pointers into
 * operands or the stand-in, nor decide by what wit_persist returned.
 *
 * Shapes and constants are read from the file through operands while preparing
 * and exist nowhere at run time: an op stores what it needs. Constant operands
 * are also bound at run time (wit_node_input); those of int16 and wider are
 * copied to the arena where the file leaves them unaligned, so that kernels
 * may always load them as what they are. */
#include "runtime/src/flatbuffer.h"
#include "runtime/src/model.h"
#include "wit/wit.h"

struct wit_prepare; /* the state of one operator's preparation */

/* One operator at run time. */
struct wit_node {
  const struct wit_op *op;
  void *data;    /* what prepare left */
  void **tensor; /* inputs, then outputs; NULL for inputs not given */
  void *scratch; /* wit_request_scratch, else NULL; undefined between invokes */
  uint16_t input_count;
  uint16_t output_count;
};

static inline const void *wit_node_input(const struct wit_node *node, unsigned index) {
  return index < node->input_count ? node->tensor[index] : NULL;
}
/* An input that the op changes: state kept in a variable tensor. */
static inline void *wit_node_state(const struct wit_node *node, unsigned index) {
  return node->tensor[index];
}
static inline void *wit_node_output(const struct wit_node *node, unsigned index) {
  return node->tensor[node->input_count + index];
}

struct wit_op {
  const char *name; /* as in the schema; a custom op's custom_code */
  int32_t builtin;  /* BuiltinOperator, or BUILTIN_CUSTOM */
  uint8_t options;  /* tag in BuiltinOptions, OPTIONS_NONE: takes none */
  bool options_required;
  uint8_t input_min, input_max; /* checked before prepare; trailing inputs may be -1 */
  uint8_t output_count;
  uint16_t data_size; /* at most WIT_OP_DATA_MAX; aligned as a pointer is */
  int (*prepare)(struct wit_prepare *prepare, void *data);
  int (*invoke)(const struct wit_node *node);
};

/* ---- for prepare --------------------------------------------------------- */

/* An operand, by its place in the operator. */
struct wit_operand {
  struct wit_tensor_info info;
  int32_t tensor;   /* index in the subgraph, -1: not given */
  const char *role; /* "filter", for messages */
};
struct wit_operand wit_input(struct wit_prepare *prepare, unsigned index, const char *role);
struct wit_operand wit_output(struct wit_prepare *prepare, unsigned index, const char *role);
unsigned wit_input_count(const struct wit_prepare *prepare);
static inline bool wit_is_given(const struct wit_operand *operand) { return operand->tensor >= 0; }

/* Options by field id; the default where the table or the field is absent. */
int32_t wit_option_i32(struct wit_prepare *prepare, unsigned id, int32_t absent);
int32_t wit_option_i8(struct wit_prepare *prepare, unsigned id, int32_t absent);
bool wit_option_bool(struct wit_prepare *prepare, unsigned id);
float wit_option_f32(struct wit_prepare *prepare, unsigned id, float absent);
/* A vector of int32, copied; the count, at most `max`; -1 when longer or absent. */
int wit_option_list(struct wit_prepare *prepare, unsigned id, int32_t *list, int max);

/* Element `index` of a constant of type int32 or int64 (cut to 32 bits by
 * saturation). */
int32_t wit_constant_i32(const struct wit_operand *operand, uint32_t index);

/* Reports "op 2 CONV_2D: " and the rest; returns status. */
int wit_refuse(struct wit_prepare *prepare, int status, const char *format, ...);

/* WIT_OK, or the refusal in words. */
int wit_require_type(struct wit_prepare *prepare, const struct wit_operand *operand,
                     enum wit_type type);
/* One of int8, int16 and float32, which most ops come in. */
int wit_require_usual_type(struct wit_prepare *prepare, const struct wit_operand *operand);
int wit_require_rank(struct wit_prepare *prepare, const struct wit_operand *operand, int32_t rank);
int wit_require_shape(struct wit_prepare *prepare, const struct wit_operand *operand,
                      const struct wit_shape *shape);
/* Finite, normal and positive. */
bool wit_scale_is_sound(float scale);
/* Per tensor: one scale, a sound one. */
int wit_require_quantized(struct wit_prepare *prepare, const struct wit_operand *operand);
/* The same, and it is the one that the op's definition fixes, within TensorFlow
 * Lite's tolerance. */
int wit_require_quantization(struct wit_prepare *prepare, const struct wit_operand *operand,
                             float scale, int32_t zero_point);
bool wit_same_shape(const struct wit_shape *a, const struct wit_shape *b);
bool wit_same_quantization(const struct wit_operand *a, const struct wit_operand *b);

/* Bytes in the arena for as long as the interpreter lives; NULL while
 * measuring. Aligned to `alignment` (a power of two, at most 16). */
void *wit_persist(struct wit_prepare *prepare, size_t size, size_t alignment);
/* Bytes that this node may use during its invoke, aligned to 16. Once an op. */
int wit_request_scratch(struct wit_prepare *prepare, size_t size);
/* Output 0 has input 0's bytes: where nothing forbids it, they share memory
 * and invoke finds both pointers equal. */
void wit_share_memory(struct wit_prepare *prepare);
/* Multiply-accumulates, or what costs as much, of one invoke. */
int wit_add_cost(struct wit_prepare *prepare, uint64_t steps);
/* Before looking at `count` scales of one operand (WIT_CHANNELS_TOTAL_MAX). */
int wit_add_channels(struct wit_prepare *prepare, uint32_t count);
#endif
