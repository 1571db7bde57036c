/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/runtime/models.h"

#include <stdlib.h>

#include "tests/support/test.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static int32_t add_int8(struct tflite_writer *writer, const char *name, int32_t rows,
                        int32_t columns, float scale, int64_t zero_point, const int8_t *data) {
  struct tflite_tensor tensor = {
      .name = name,
      .type = TFLITE_INT8,
      .shape = {rows, columns},
      .rank = 2,
      .scale = &scale,
      .zero_point = &zero_point,
      .channels = 1,
      .data = data,
      .data_size = data ? (size_t)rows * (size_t)columns : 0,
  };
  return tflite_writer_add_tensor(writer, &tensor);
}

static void add_op(struct tflite_writer *writer, int32_t code, const int32_t *inputs, size_t count,
                   int32_t output, int table, struct tflite_field field) {
  struct tflite_operator operator= {
      .code = code,
      .inputs = inputs,
      .input_count = count,
      .outputs = &output,
      .output_count = 1,
      .options = {.table = table, .field = {field}, .count = table ? 1 : 0},
  };
  tflite_writer_add_operator(writer, &operator);
}

struct tflite_writer *classifier_writer(void) {
  static const int8_t weights[12] = {10, -20, 30, -40, 50, 60, -70, 80, -90, 100, 110, -120};
  static const int32_t biases[3] = {100, -200, 300};
  static const int32_t tall[2] = {4, 1}, wide[2] = {1, -1};
  struct tflite_writer *w = tflite_writer_create("a little classifier");
  int32_t input = add_int8(w, "input", 1, 4, 0.5f, -128, NULL);
  int32_t column = add_int8(w, "column", 4, 1, 0.5f, -128, NULL);
  int32_t row = add_int8(w, "row", 1, 4, 0.5f, -128, NULL);
  int32_t filter = add_int8(w, "filter", 3, 4, 0.01f, 0, weights);
  int32_t bias = tflite_writer_add_tensor(w, &(struct tflite_tensor){.type = TFLITE_INT32,
                                                                     .shape = {3},
                                                                     .rank = 1,
                                                                     .data = biases,
                                                                     .data_size = sizeof biases});
  int32_t logits = add_int8(w, "logits", 1, 3, 0.25f, 3, NULL);
  int32_t output = add_int8(w, "output", 1, 3, 1.0f / 256, -128, NULL);
  const struct tflite_field none = {0};
  add_op(w, TFLITE_RESHAPE, &input, 1, column, TFLITE_OPTIONS_RESHAPE,
         (struct tflite_field){.id = 0, .kind = TFLITE_FIELD_INTS, .values = tall, .count = 2});
  add_op(w, TFLITE_RESHAPE, &column, 1, row, TFLITE_OPTIONS_RESHAPE,
         (struct tflite_field){.id = 0, .kind = TFLITE_FIELD_INTS, .values = wide, .count = 2});
  add_op(w, TFLITE_FULLY_CONNECTED, (int32_t[]){row, filter, bias}, 3, logits, 0, none);
  add_op(w, TFLITE_SOFTMAX, &logits, 1, output, TFLITE_OPTIONS_SOFTMAX,
         (struct tflite_field){.id = 0, .kind = TFLITE_FIELD_FLOAT, .number = 1});
  tflite_writer_set_inputs(w, &input, 1);
  tflite_writer_set_outputs(w, &output, 1);
  return w;
}

uint8_t *finish_model(struct tflite_writer *writer, size_t *size) {
  uint8_t *file = tflite_writer_finish(writer, size);
  assert_non_null(file);
  tflite_writer_destroy(writer);
  return file;
}

uint8_t *classifier_model(size_t *size) { return finish_model(classifier_writer(), size); }

uint8_t *variable_model(size_t *size) {
  struct tflite_writer *w = tflite_writer_create("");
  struct tflite_tensor tensor = {.type = TFLITE_FLOAT32, .shape = {4}, .rank = 1};
  int32_t input = tflite_writer_add_tensor(w, &tensor);
  int32_t output = tflite_writer_add_tensor(w, &tensor);
  tensor.is_variable = true;
  int32_t state = tflite_writer_add_tensor(w, &tensor);
  add_op(w, TFLITE_ADD, (int32_t[]){input, state}, 2, output, 0, (struct tflite_field){0});
  tflite_writer_set_inputs(w, &input, 1);
  tflite_writer_set_outputs(w, &output, 1);
  return finish_model(w, size);
}

uint8_t *place_model(const uint8_t *file, size_t size, size_t offset, void **block) {
  /* A block's end is exact where its size is, whatever its start. */
  uint8_t *memory = NULL;
  assert_int_equal(posix_memalign(block, 16, offset + size), 0);
  memory = *block;
  memcpy(memory + offset, file, size);
  return memory + offset;
}

size_t arena_of(const struct wit_model *model) {
  struct wit_error error;
  struct wit_interpreter *interpreter;
  int status = wit_interpreter_init(&interpreter, model, &wit_ops_all, NULL, 0, &error);
  if (status != WIT_ERR_ARENA) fail_msg("%d %s", status, error.message);
  return error.arena_needed_bytes;
}

struct wit_interpreter *prepare_model(struct wit_model *model, const uint8_t *file, size_t size,
                                      void **arena) {
  struct wit_error error;
  struct wit_interpreter *interpreter = NULL;
  if (wit_model_open(model, file, size, &error)) fail_msg("%s", error.message);
  size_t needed = arena_of(model);
  *arena = aligned_alloc(WIT_ARENA_ALIGNMENT, needed);
  assert_non_null(*arena);
  if (wit_interpreter_init(&interpreter, model, &wit_ops_all, *arena, needed, &error)) {
    fail_msg("%s", error.message);
  }
  return interpreter;
}
