/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIT_WIT_H
#define WIT_WIT_H
/* wit: a TensorFlow Lite runtime in C11. A model is input, not trusted code:
 * wit_model_open verifies the whole flatbuffer, wit_interpreter_init verifies
 * the graph against the kernels and plans memory; wit_interpreter_invoke then
 * runs without checks and cannot fail on a verified model, except where an
 * op's own contract says so.
 *
 * Memory: nothing is allocated. The model's bytes stay the caller's, must
 * outlive the interpreter, and are never written. The arena is the caller's,
 * 16-byte aligned; it holds everything that the interpreter needs.
 * Threads: none inside; an interpreter is used by one thread at a time, models
 * may be shared by any number of interpreters. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIT_VERSION "0.1.0"

enum wit_status {
  WIT_OK = 0,
  WIT_ERR_ARGUMENT = -1,         /* the caller broke the contract */
  WIT_ERR_TRUNCATED = -2,        /* the file ends before what it points to */
  WIT_ERR_MALFORMED = -3,        /* not a TensorFlow Lite flatbuffer, or a broken one */
  WIT_ERR_UNSUPPORTED_OP = -4,   /* an op that is not in the caller's table */
  WIT_ERR_UNSUPPORTED_TYPE = -5, /* an op that exists, in a type or option that does not */
  WIT_ERR_GRAPH = -6,            /* shapes, types or indices that do not fit together */
  WIT_ERR_QUANTIZATION = -7,     /* scale or zero point missing or out of range */
  WIT_ERR_ARENA = -8,        /* the arena is too small; error->arena_needed_bytes says how much */
  WIT_ERR_LABELS = -9,       /* label count disagrees with the output tensor */
  WIT_ERR_RUNTIME = -10,     /* an op refused its input at run time */
  WIT_ERR_TEST_OUTPUT = -11, /* wit/self_test.h: other weights, outputs or labels than packed */
  WIT_ERR_TEST_TIME = -12,   /* wit/self_test.h: slower than its limit */
  WIT_ERR_TEST_ARENA = -13,  /* wit/self_test.h: uses more than the model says */
  WIT_ERR_NO_TEST = -14,     /* wit/self_test.h: the model carries no self-test */
};
const char *wit_status_name(int status);

/* Why and where; filled by every function that takes one (may be NULL), but by
 * wit_interpreter_invoke only where it fails. */
struct wit_error {
  int status;
  int op_index;     /* index in subgraph 0, -1 where it is not about an op */
  int tensor_index; /* likewise */
  size_t arena_needed_bytes;
  char message[112]; /* one line, e.g. "op 2 CONV_2D: filter has 3 dimensions, not 4" */
};

enum wit_type { /* numbers of TensorType in the schema */
                WIT_FLOAT32 = 0,
                WIT_FLOAT16 = 1,
                WIT_INT32 = 2,
                WIT_UINT8 = 3,
                WIT_INT64 = 4,
                WIT_STRING = 5,
                WIT_BOOL = 6,
                WIT_INT16 = 7,
                WIT_INT8 = 9,
                WIT_FLOAT64 = 10,
                WIT_UINT64 = 12,
                WIT_RESOURCE = 13,
                WIT_UINT32 = 15,
                WIT_UINT16 = 16,
                WIT_INT4 = 17,
};
const char *wit_type_name(int type);

#define WIT_RANK_MAX 8

struct wit_shape {
  int32_t rank; /* 0: a scalar */
  int32_t dim[WIT_RANK_MAX];
};

/* A tensor as applications see it. */
struct wit_tensor {
  void *data; /* valid until the interpreter's arena is reused */
  size_t size_bytes;
  enum wit_type type;
  struct wit_shape shape;
  float scale; /* first channel; 0 where not quantised */
  int32_t zero_point;
};

/* A verified flatbuffer, borrowed. Treat the fields as private. */
struct wit_model {
  const uint8_t *file; /* what the caller gave, header line included */
  size_t file_size;
  const uint8_t *flatbuffer;
  size_t flatbuffer_size;
  uint32_t root;
};

/* Verifies the container: header line, offsets, vtables, vectors, indices,
 * buffer sizes against shapes. Any alignment of `data` is accepted. */
int wit_model_open(struct wit_model *model, const void *data, size_t size, struct wit_error *error);

/* Labels come from, in this order: metadata "godwit.labels", the packed label
 * file of TFLite Metadata, the header line "GLTHBEGIN;a;b;GLTHEND\n". */
enum wit_label_source { WIT_LABELS_NONE, WIT_LABELS_GODWIT, WIT_LABELS_TFLITE, WIT_LABELS_HEADER };
enum wit_label_source wit_model_label_source(const struct wit_model *model);
/* Count of labels, 0 where the model carries none. */
size_t wit_model_label_count(const struct wit_model *model);
/* Label `index`, borrowed, not NUL-terminated; false past the end. */
bool wit_model_label(const struct wit_model *model, size_t index, const char **text,
                     size_t *length);
/* WIT_ERR_LABELS when labels exist and their count is not the last dimension
 * of output 0. */
int wit_model_check_labels(const struct wit_model *model, struct wit_error *error);
/* Bytes of a metadata entry, borrowed; false when absent. */
bool wit_model_metadata(const struct wit_model *model, const char *name, const uint8_t **data,
                        size_t *size);

/* The score, above 0 to 1, from which the model's maker takes label `label` for
 * recognised (metadata "godwit.thresholds"); false, and *score as it was, where
 * that is left to the application. */
bool wit_model_threshold(const struct wit_model *model, size_t label, float *score);
/* Whether front end `name` makes this model's input (metadata "godwit.frontend"):
 * true also where the model does not say. */
bool wit_model_takes_frontend(const struct wit_model *model, const char *name);

/* What is inside, for tools. */
struct wit_model_info {
  uint32_t schema_version;
  size_t subgraph_count;
  size_t operator_count; /* of subgraph 0 */
  size_t tensor_count;   /* of subgraph 0 */
  size_t input_count;
  size_t output_count;
  const char *description; /* borrowed, "" when absent; NUL-terminated */
};
void wit_model_info(const struct wit_model *model, struct wit_model_info *out);
/* Type and shape of input or output `index`, data NULL. */
bool wit_model_input(const struct wit_model *model, size_t index, struct wit_tensor *out);
bool wit_model_output(const struct wit_model *model, size_t index, struct wit_tensor *out);
/* Name and version of operator `index` of subgraph 0; NULL past the end.
 * Builtin names are static; custom names borrow the model. */
const char *wit_model_operator_name(const struct wit_model *model, size_t index, int32_t *version);

/* Ops are linked one by one: a firmware lists those it wants (wit/ops.h), the
 * linker drops the rest. wit_ops_all names them all. */
struct wit_op; /* runtime/src/op.h: how to write one */
struct wit_op_table {
  const struct wit_op *const *op;
  size_t count;
};
extern const struct wit_op_table wit_ops_all;

struct wit_interpreter; /* lives at the start of the arena */

#define WIT_ARENA_ALIGNMENT 16u

/* Verifies the graph, plans memory, prepares every op. On success *interpreter
 * points into the arena. WIT_ERR_ARENA reports the exact size that would do; an
 * arena of NULL and 0 is thus the size query. (On a device, whose stack is
 * small, the answer for a graph of more than 128 tensors may be less than what
 * is needed: ask again with an arena of that size. runtime/src/limits.h.)
 * A model that stands elsewhere in memory may need another size: constants
 * that are not aligned there are copied. */
int wit_interpreter_init(struct wit_interpreter **interpreter, const struct wit_model *model,
                         const struct wit_op_table *ops, void *arena, size_t arena_size,
                         struct wit_error *error);
/* Two interpreters in one arena, which run in turns: a candidate beside the
 * model that works. What each keeps (operators, variable tensors) is its own, at
 * one end of the arena; inputs, activations and outputs of both overlap in the
 * middle. So:
 *
 *   - between filling an interpreter's inputs and reading its outputs the other
 *     one must neither run nor be prepared nor be tested;
 *   - outputs are gone once the other one has run.
 *
 * `other` is one that was prepared in this same arena, of this same size, or
 * NULL: then this is wit_interpreter_init. The new one takes the other end. When
 * one of the two is no longer needed, it is forgotten, and its end is free for
 * the next: the ends are taken in turns, nothing moves. Neither's results depend
 * on where it stands.
 *
 * Returns what wit_interpreter_init does. After WIT_ERR_ARENA the other one is as
 * it was, and error->arena_needed_bytes is what both together need: where that is
 * not to be had, the new one can only take the other's place. WIT_ERR_ARGUMENT
 * where `other` stands in another arena. */
int wit_interpreter_init_beside(struct wit_interpreter **interpreter, const struct wit_model *model,
                                const struct wit_op_table *ops, void *arena, size_t arena_size,
                                const struct wit_interpreter *other, struct wit_error *error);

/* Bytes of arena that two models need. */
struct wit_two {
  size_t alone_bytes[2]; /* each in an arena of its own: the most that an update in place needs */
  size_t apart_bytes;    /* both, each in an arena of its own */
  size_t together_bytes; /* both in one arena, in turns */
};
/* The answer before anything is prepared, e.g. whether a candidate can be tried
 * beside the active model. WIT_OK, or why one of them cannot be run. WIT_ERR_ARENA
 * on a device where a graph has more than 128 tensors (see above). */
int wit_plan_two(const struct wit_model *a, const struct wit_model *b,
                 const struct wit_op_table *ops, struct wit_two *out, struct wit_error *error);

/* Runs the graph once. WIT_ERR_RUNTIME where an op's definition lets an input's
 * value be wrong; none of today's ops do. */
int wit_interpreter_invoke(struct wit_interpreter *interpreter, struct wit_error *error);
/* Sets state kept between invokes (variable tensors) to its start. */
void wit_interpreter_reset(struct wit_interpreter *interpreter);

/* Borrowed from the arena; NULL past the end. Inputs keep their data across
 * invokes only when no op reuses their memory: write them before each. */
struct wit_tensor *wit_interpreter_input(struct wit_interpreter *interpreter, size_t index);
struct wit_tensor *wit_interpreter_output(struct wit_interpreter *interpreter, size_t index);
/* Bytes of the arena in use, all in all. */
size_t wit_interpreter_arena_used(const struct wit_interpreter *interpreter);
/* Of them those that are kept between two invokes; the others hold inputs,
 * outputs and what is between them. */
size_t wit_interpreter_persistent_bytes(const struct wit_interpreter *interpreter);
/* Multiply-accumulates (or what costs about as much) of one invoke. */
uint64_t wit_interpreter_cost(const struct wit_interpreter *interpreter);
#endif
