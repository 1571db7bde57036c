/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include <stdlib.h>

#include "examples/common/tflite_writer.h"
#include "wit/wit.h"

static const float one = 1, half = 0.5f, softmax_scale = 1.0f / 256;
static const int64_t zero = 0, low = -128;

static int32_t add_int8(struct tflite_writer *writer, const char *name, int32_t count, float scale,
                        int64_t zero_point, const void *data) {
  return tflite_writer_add_tensor(writer, &(struct tflite_tensor){.name = name,
                                                                  .type = TFLITE_INT8,
                                                                  .shape = {1, count},
                                                                  .rank = 2,
                                                                  .scale = &scale,
                                                                  .zero_point = &zero_point,
                                                                  .channels = 1,
                                                                  .data = data,
                                                                  .data_size = (size_t)count});
}

/* in[4] + constant[4] -> out[4], all with scale 1. */
static uint8_t *make_adder(size_t *size) {
  static const int8_t constant[4] = {10, 20, 30, -40};
  static const char *const labels[] = {"a", "bee", "", "d"};
  struct tflite_writer *writer = tflite_writer_create("adder");
  int32_t inputs[2] = {add_int8(writer, "in", 4, one, zero, NULL),
                       add_int8(writer, "constant", 4, one, zero, constant)};
  int32_t out = add_int8(writer, "out", 4, one, zero, NULL);
  tflite_writer_add_operator(writer,
                             &(struct tflite_operator){.code = TFLITE_ADD,
                                                       .version = 2,
                                                       .inputs = inputs,
                                                       .input_count = 2,
                                                       .outputs = &out,
                                                       .output_count = 1,
                                                       .options = {.table = TFLITE_OPTIONS_ADD}});
  tflite_writer_set_inputs(writer, inputs, 1);
  tflite_writer_set_outputs(writer, &out, 1);
  tflite_writer_add_labels(writer, labels, 4);
  tflite_writer_add_metadata(writer, "blob", "\0\1\2", 3);
  uint8_t *file = tflite_writer_finish(writer, size);
  tflite_writer_destroy(writer);
  assert_non_null(file);
  return file;
}

static uint32_t get32(const uint8_t *p) {
  return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

TEST(written_model_opens_and_runs) {
  static _Alignas(WIT_ARENA_ALIGNMENT) uint8_t arena[8192];
  struct wit_model model;
  struct wit_interpreter *interpreter;
  struct wit_error error;
  size_t size;
  uint8_t *file = make_adder(&size);
  assert_int_equal(wit_model_open(&model, file, size, &error), WIT_OK);
  assert_int_equal(
      wit_interpreter_init(&interpreter, &model, &wit_ops_all, arena, sizeof arena, &error),
      WIT_OK);
  memcpy(wit_interpreter_input(interpreter, 0)->data, "\1\2\3\4", 4);
  assert_int_equal(wit_interpreter_invoke(interpreter, &error), WIT_OK);
  static const int8_t expected[4] = {11, 22, 33, -36};
  assert_memory_equal(wit_interpreter_output(interpreter, 0)->data, expected, 4);
  free(file);
}

TEST(description_and_metadata_are_found) {
  struct wit_model model;
  struct wit_model_info info;
  const uint8_t *data;
  size_t size, blob_size;
  uint8_t *file = make_adder(&size);
  assert_int_equal(wit_model_open(&model, file, size, NULL), WIT_OK);
  wit_model_info(&model, &info);
  assert_string_equal(info.description, "adder");
  assert_int_equal(info.operator_count, 1);
  assert_int_equal(info.tensor_count, 3);
  assert_true(wit_model_metadata(&model, "blob", &data, &blob_size));
  assert_int_equal(blob_size, 3);
  assert_memory_equal(data, "\0\1\2", 3);
  assert_false(wit_model_metadata(&model, "bloc", &data, &blob_size));
  free(file);
}

TEST(labels_are_read_back_in_order_even_an_empty_one) {
  struct wit_model model;
  const char *text;
  size_t size, length;
  uint8_t *file = make_adder(&size);
  assert_int_equal(wit_model_open(&model, file, size, NULL), WIT_OK);
  assert_int_equal(wit_model_label_source(&model), WIT_LABELS_GODWIT);
  assert_int_equal(wit_model_label_count(&model), 4);
  assert_true(wit_model_label(&model, 1, &text, &length));
  assert_int_equal(length, 3);
  assert_memory_equal(text, "bee", 3);
  assert_true(wit_model_label(&model, 2, &text, &length));
  assert_int_equal(length, 0);
  assert_int_equal(wit_model_check_labels(&model, NULL), WIT_OK);
  free(file);
}

TEST(file_starts_as_a_flatbuffer_with_identifier_should) {
  size_t size;
  uint8_t *file = make_adder(&size);
  assert_memory_equal(file + 4, "TFL3", 4);
  assert_true(get32(file) < size);
  free(file);
}

/* Buffers must be usable in place: 16-byte aligned from the file's start. */
TEST(constants_stand_at_multiples_of_16) {
  size_t size;
  uint8_t *file = make_adder(&size);
  bool found = false;
  for (size_t at = 0; at + 4 <= size; at++) {
    if (memcmp(file + at, "\x0A\x14\x1E\xD8", 4) == 0) {
      assert_int_equal(at % 16, 0);
      assert_int_equal(get32(file + at - 4), 4);
      found = true;
    }
  }
  assert_true(found);
  free(file);
}

TEST(finishing_twice_gives_the_same_file) {
  size_t first_size, second_size;
  uint8_t *first = make_adder(&first_size), *second = make_adder(&second_size);
  assert_int_equal(first_size, second_size);
  assert_memory_equal(first, second, first_size);
  free(first);
  free(second);
}

/* What is wrong is written as it is: tests of a loader want that. */
TEST(broken_graph_is_written_and_refused_by_the_runtime) {
  struct tflite_writer *writer = tflite_writer_create(NULL);
  int32_t in = add_int8(writer, NULL, 4, half, zero, NULL);
  int32_t out = add_int8(writer, NULL, 5, softmax_scale, low, NULL); /* one too many */
  struct wit_model model;
  struct wit_error error;
  struct wit_interpreter *interpreter;
  size_t size;
  tflite_writer_add_operator(
      writer, &(struct tflite_operator){.code = TFLITE_SOFTMAX,
                                        .version = 2,
                                        .inputs = &in,
                                        .input_count = 1,
                                        .outputs = &out,
                                        .output_count = 1,
                                        .options = {.table = TFLITE_OPTIONS_SOFTMAX,
                                                    .field = {{0, TFLITE_FIELD_FLOAT, 1, NULL, 0}},
                                                    .count = 1}});
  tflite_writer_set_inputs(writer, &in, 1);
  tflite_writer_set_outputs(writer, &out, 1);
  uint8_t *file = tflite_writer_finish(writer, &size);
  tflite_writer_destroy(writer);
  assert_non_null(file);
  assert_int_equal(wit_model_open(&model, file, size, &error), WIT_OK);
  int status = wit_interpreter_init(&interpreter, &model, &wit_ops_all, NULL, 0, &error);
  assert_int_equal(status, WIT_ERR_GRAPH);
  free(file);
}

TEST(custom_operator_keeps_its_name) {
  struct tflite_writer *writer = tflite_writer_create(NULL);
  int32_t in = add_int8(writer, "in", 4, half, zero, NULL);
  int32_t out = add_int8(writer, "out", 4, half, zero, NULL), version;
  struct wit_model model;
  struct wit_error error;
  struct wit_interpreter *interpreter;
  size_t size;
  tflite_writer_add_operator(writer, &(struct tflite_operator){.code = TFLITE_CUSTOM,
                                                               .custom_code = "NoSuchOp",
                                                               .inputs = &in,
                                                               .input_count = 1,
                                                               .outputs = &out,
                                                               .output_count = 1,
                                                               .custom_options = "xy",
                                                               .custom_options_size = 2});
  tflite_writer_set_inputs(writer, &in, 1);
  tflite_writer_set_outputs(writer, &out, 1);
  uint8_t *file = tflite_writer_finish(writer, &size);
  tflite_writer_destroy(writer);
  assert_non_null(file);
  assert_int_equal(wit_model_open(&model, file, size, &error), WIT_OK);
  assert_string_equal(wit_model_operator_name(&model, 0, &version), "NoSuchOp");
  assert_int_equal(version, 1);
  int status = wit_interpreter_init(&interpreter, &model, &wit_ops_all, NULL, 0, &error);
  assert_int_equal(status, WIT_ERR_UNSUPPORTED_OP);
  free(file);
}
