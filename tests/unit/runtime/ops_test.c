/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers at the edge of what integer kernels can add up, in models that only a
 * hostile or broken converter would write. (The sanitizers watch as well.) */
#include <stdlib.h>

#include "tests/support/test.h"
#include "tests/unit/runtime/models.h"

static void finish_op(struct tflite_writer *writer, int32_t code, const int32_t *inputs,
                      size_t count, int32_t output) {
  tflite_writer_add_operator(writer, &(struct tflite_operator){.code = code,
                                                               .inputs = inputs,
                                                               .input_count = count,
                                                               .outputs = &output,
                                                               .output_count = 1});
  tflite_writer_set_inputs(writer, inputs, 1);
  tflite_writer_set_outputs(writer, &output, 1);
}

/* int8 [1, depth] times one row of -128s whose zero point is 127. */
static uint8_t *offset_weights_model(int32_t depth, size_t *size) {
  static const float scale = 1, output_scale = 1.0e8f;
  static const int64_t input_zero = -128, filter_zero = 127, output_zero = 0;
  struct tflite_writer *w = tflite_writer_create("");
  int8_t *weights = malloc((size_t)depth);
  memset(weights, -128, (size_t)depth);
  struct tflite_tensor tensor = {.type = TFLITE_INT8,
                                 .shape = {1, depth},
                                 .rank = 2,
                                 .scale = &scale,
                                 .zero_point = &input_zero,
                                 .channels = 1};
  int32_t input = tflite_writer_add_tensor(w, &tensor);
  tensor.zero_point = &filter_zero;
  tensor.data = weights;
  tensor.data_size = (size_t)depth;
  int32_t filter = tflite_writer_add_tensor(w, &tensor);
  int32_t output = tflite_writer_add_tensor(w, &(struct tflite_tensor){.type = TFLITE_INT8,
                                                                       .shape = {1, 1},
                                                                       .rank = 2,
                                                                       .scale = &output_scale,
                                                                       .zero_point = &output_zero,
                                                                       .channels = 1});
  finish_op(w, TFLITE_FULLY_CONNECTED, (int32_t[]){input, filter}, 2, output);
  free(weights);
  return finish_model(w, size);
}

TEST(the_longest_sum_with_offset_weights_does_not_overflow) {
  size_t size;
  uint8_t *file = offset_weights_model(33025, &size);
  struct wit_model model;
  void *arena;
  struct wit_interpreter *interpreter = prepare_model(&model, file, size, &arena);
  memset(wit_interpreter_input(interpreter, 0)->data, 127, 33025);
  assert_int_equal(wit_interpreter_invoke(interpreter, NULL), WIT_OK);
  /* 255 * -255 * 33025 / 1e8 */
  assert_int_equal(*(const int8_t *)wit_interpreter_output(interpreter, 0)->data, -21);
  free(arena);
  free(file);
}

TEST(a_longer_sum_with_offset_weights_is_refused) {
  size_t size;
  uint8_t *file = offset_weights_model(33026, &size);
  struct wit_model model;
  struct wit_error error;
  struct wit_interpreter *interpreter;
  assert_int_equal(wit_model_open(&model, file, size, &error), WIT_OK);
  assert_int_equal(wit_interpreter_init(&interpreter, &model, &wit_ops_all, NULL, 0, &error),
                   WIT_ERR_GRAPH);
  assert_string_equal(error.message, "op 0 FULLY_CONNECTED: more than 33025 products in one sum");
  free(file);
}

TEST(integers_are_requantized_from_the_lowest_zero_point) {
  static const float scale = 1;
  static const int64_t lowest = INT32_MIN, zero = 0;
  size_t size;
  struct tflite_writer *w = tflite_writer_create("");
  struct tflite_tensor tensor = {.type = TFLITE_INT32,
                                 .shape = {3},
                                 .rank = 1,
                                 .scale = &scale,
                                 .zero_point = &lowest,
                                 .channels = 1};
  int32_t input = tflite_writer_add_tensor(w, &tensor);
  tensor.type = TFLITE_INT8;
  tensor.zero_point = &zero;
  int32_t output = tflite_writer_add_tensor(w, &tensor);
  finish_op(w, TFLITE_QUANTIZE, &input, 1, output);
  uint8_t *file = finish_model(w, &size);
  struct wit_model model;
  void *arena;
  struct wit_interpreter *interpreter = prepare_model(&model, file, size, &arena);
  memcpy(wit_interpreter_input(interpreter, 0)->data,
         (int32_t[]){INT32_MIN, INT32_MIN + 5, INT32_MIN + 500}, 12);
  assert_int_equal(wit_interpreter_invoke(interpreter, NULL), WIT_OK);
  assert_memory_equal(wit_interpreter_output(interpreter, 0)->data, ((int8_t[]){0, 5, 127}), 3);
  free(arena);
  free(file);
}

TEST(wide_integers_are_padded_with_zeros_whatever_their_zero_point) {
  static const float scale = 1;
  static const int64_t seven = 7;
  static const int32_t paddings[2] = {1, 2};
  size_t size;
  struct tflite_writer *w = tflite_writer_create("");
  struct tflite_tensor tensor = {.type = TFLITE_INT64,
                                 .shape = {1},
                                 .rank = 1,
                                 .scale = &scale,
                                 .zero_point = &seven,
                                 .channels = 1};
  int32_t input = tflite_writer_add_tensor(w, &tensor);
  tensor.shape[0] = 4;
  int32_t output = tflite_writer_add_tensor(w, &tensor);
  int32_t pairs = tflite_writer_add_tensor(
      w, &(struct tflite_tensor){
             .type = TFLITE_INT32, .shape = {1, 2}, .rank = 2, .data = paddings, .data_size = 8});
  finish_op(w, TFLITE_PAD, (int32_t[]){input, pairs}, 2, output);
  uint8_t *file = finish_model(w, &size);
  struct wit_model model;
  void *arena;
  struct wit_interpreter *interpreter = prepare_model(&model, file, size, &arena);
  memcpy(wit_interpreter_input(interpreter, 0)->data, (int64_t[]){-5}, 8);
  assert_int_equal(wit_interpreter_invoke(interpreter, NULL), WIT_OK);
  assert_memory_equal(wit_interpreter_output(interpreter, 0)->data, ((int64_t[]){0, -5, 0, 0}), 32);
  free(arena);
  free(file);
}
