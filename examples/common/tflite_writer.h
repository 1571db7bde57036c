/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXAMPLES_COMMON_TFLITE_WRITER_H
#define EXAMPLES_COMMON_TFLITE_WRITER_H
/* Writes TensorFlow Lite models (.tflite flatbuffers, schema 3) with one
 * subgraph: the trainer's models, and the little ones that tests need. Not a
 * converter: what is added is what is written, right or wrong, so that tests
 * can also write broken graphs.
 *
 *   struct tflite_writer *writer = tflite_writer_create("what this model is");
 *   int32_t in = tflite_writer_add_tensor(writer, &(struct tflite_tensor){
 *       .name = "in", .type = TFLITE_INT8, .shape = {1, 4}, .rank = 2,
 *       .scale = &scale, .zero_point = &zero, .channels = 1});
 *   ...
 *   tflite_writer_add_operator(writer, &(struct tflite_operator){
 *       .code = TFLITE_SOFTMAX, .version = 2, .inputs = &in, .input_count = 1,
 *       .outputs = &out, .output_count = 1,
 *       .options = {.table = TFLITE_OPTIONS_SOFTMAX,
 *                   .field = {{.id = 0, .kind = TFLITE_FIELD_FLOAT, .number = 1}}, .count = 1}});
 *   tflite_writer_set_inputs(writer, &in, 1);
 *   tflite_writer_set_outputs(writer, &out, 1);
 *   uint8_t *file = tflite_writer_finish(writer, &size);
 *
 * Memory: host code, uses malloc; everything added is copied. Running out of
 * memory is remembered and shows as NULL from tflite_writer_finish. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tflite_type { /* TensorType */
                   TFLITE_FLOAT32 = 0,
                   TFLITE_INT32 = 2,
                   TFLITE_UINT8 = 3,
                   TFLITE_INT64 = 4,
                   TFLITE_BOOL = 6,
                   TFLITE_INT16 = 7,
                   TFLITE_INT8 = 9
};

enum tflite_operator_code { /* BuiltinOperator, the common ones; others by number */
                            TFLITE_ADD = 0,
                            TFLITE_AVERAGE_POOL_2D = 1,
                            TFLITE_CONCATENATION = 2,
                            TFLITE_CONV_2D = 3,
                            TFLITE_DEPTHWISE_CONV_2D = 4,
                            TFLITE_DEQUANTIZE = 6,
                            TFLITE_FULLY_CONNECTED = 9,
                            TFLITE_LOGISTIC = 14,
                            TFLITE_MAX_POOL_2D = 17,
                            TFLITE_MUL = 18,
                            TFLITE_RELU = 19,
                            TFLITE_RELU6 = 21,
                            TFLITE_RESHAPE = 22,
                            TFLITE_SOFTMAX = 25,
                            TFLITE_TANH = 28,
                            TFLITE_CUSTOM = 32,
                            TFLITE_PAD = 34,
                            TFLITE_MEAN = 40,
                            TFLITE_QUANTIZE = 114
};

enum tflite_options { /* BuiltinOptions union tags */
                      TFLITE_OPTIONS_NONE = 0,
                      TFLITE_OPTIONS_CONV_2D = 1,
                      TFLITE_OPTIONS_DEPTHWISE_CONV_2D = 2,
                      TFLITE_OPTIONS_POOL_2D = 5,
                      TFLITE_OPTIONS_FULLY_CONNECTED = 8,
                      TFLITE_OPTIONS_SOFTMAX = 9,
                      TFLITE_OPTIONS_CONCATENATION = 10,
                      TFLITE_OPTIONS_ADD = 11,
                      TFLITE_OPTIONS_RESHAPE = 17,
                      TFLITE_OPTIONS_MUL = 21,
                      TFLITE_OPTIONS_PAD = 22,
                      TFLITE_OPTIONS_REDUCER = 27
};

enum { TFLITE_PADDING_SAME = 0, TFLITE_PADDING_VALID = 1 };
enum { TFLITE_ACTIVATION_NONE = 0, TFLITE_ACTIVATION_RELU = 1, TFLITE_ACTIVATION_RELU6 = 3 };

#define TFLITE_RANK_MAX 8
#define TFLITE_FIELDS_MAX 8

struct tflite_tensor {
  const char *name; /* NULL: none */
  enum tflite_type type;
  int32_t shape[TFLITE_RANK_MAX];
  size_t rank;
  const float *scale; /* `channels` of them; channels 0: not quantised */
  const int64_t *zero_point;
  size_t channels;
  int32_t channel_dimension;
  const void *data; /* constant: its bytes, little-endian; NULL otherwise */
  size_t data_size;
  bool is_variable;
};

/* A field of an options table, by the field ids of the schema. */
struct tflite_field {
  uint16_t id;
  enum { TFLITE_FIELD_BYTE, TFLITE_FIELD_INT, TFLITE_FIELD_FLOAT, TFLITE_FIELD_INTS } kind;
  double number;         /* BYTE (also bool), INT, FLOAT */
  const int32_t *values; /* INTS */
  size_t count;
};

struct tflite_operator {
  int32_t code;            /* enum tflite_operator_code */
  int32_t version;         /* 0 is written as 1 */
  const char *custom_code; /* for TFLITE_CUSTOM */
  const int32_t *inputs;   /* tensor indices, -1: not given */
  size_t input_count;
  const int32_t *outputs;
  size_t output_count;
  struct {
    int table; /* enum tflite_options */
    struct tflite_field field[TFLITE_FIELDS_MAX];
    size_t count;
  } options;
  const void *custom_options;
  size_t custom_options_size;
};

struct tflite_writer;

struct tflite_writer *tflite_writer_create(const char *description);
void tflite_writer_destroy(struct tflite_writer *writer);

/* Index of the new tensor. */
int32_t tflite_writer_add_tensor(struct tflite_writer *writer, const struct tflite_tensor *tensor);
/* In order of execution. */
void tflite_writer_add_operator(struct tflite_writer *writer,
                                const struct tflite_operator *operator);
void tflite_writer_set_inputs(struct tflite_writer *writer, const int32_t *tensors, size_t count);
void tflite_writer_set_outputs(struct tflite_writer *writer, const int32_t *tensors, size_t count);
void tflite_writer_add_metadata(struct tflite_writer *writer, const char *name, const void *data,
                                size_t size);
/* Metadata "godwit.labels": one a line. */
void tflite_writer_add_labels(struct tflite_writer *writer, const char *const *labels,
                              size_t count);

/* The whole file, malloc'd, the caller's; NULL when memory ran out. The writer
 * stays as it was. */
uint8_t *tflite_writer_finish(const struct tflite_writer *writer, size_t *size);
#endif
