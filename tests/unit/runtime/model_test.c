/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "tests/support/test.h"
#include "tests/unit/runtime/models.h"
#include "wit/inspect.h"

/* Opens a copy in a block of exactly its size and, where it opens, prepares it
 * and runs it. */
static int try_bytes(const uint8_t *bytes, size_t size) {
  void *block;
  struct wit_model model;
  struct wit_error error;
  struct wit_interpreter *interpreter;
  const uint8_t *file = place_model(bytes, size, 0, &block);
  int status = wit_model_open(&model, file, size, &error);
  if (!status) {
    wit_model_label_count(&model);
    status = wit_interpreter_init(&interpreter, &model, &wit_ops_all, NULL, 0, &error);
    if (status == WIT_ERR_ARENA && error.arena_needed_bytes < 1 << 20) {
      size_t needed = error.arena_needed_bytes;
      void *arena = aligned_alloc(WIT_ARENA_ALIGNMENT, needed);
      status = wit_interpreter_init(&interpreter, &model, &wit_ops_all, arena, needed, &error);
      assert_int_equal(status, WIT_OK);
      wit_interpreter_invoke(interpreter, &error);
      free(arena);
    }
  }
  if (status) assert_true(error.message[0] != 0 && error.status == status);
  free(block);
  return status;
}

TEST(every_truncation_of_a_model_is_refused) {
  size_t size;
  uint8_t *file = classifier_model(&size);
  assert_int_equal(try_bytes(file, size), WIT_OK);
  size_t last = size; /* of what the file says; zeros behind it only fill up */
  while (file[last - 1] == 0 && size - last < 8) last--;
  for (size_t length = 0; length < last; length++) {
    if (try_bytes(file, length) == WIT_OK) fail_msg("%zu of %zu bytes are accepted", length, size);
  }
  free(file);
}

TEST(every_flipped_bit_is_refused_or_harmless) {
  size_t size, refused = 0;
  uint8_t *file = classifier_model(&size);
  for (size_t bit = 0; bit < 8 * size; bit++) {
    file[bit / 8] ^= (uint8_t)(1u << bit % 8);
    refused += try_bytes(file, size) != WIT_OK;
    file[bit / 8] ^= (uint8_t)(1u << bit % 8);
  }
  assert_true(refused > size); /* most of this file is structure */
  free(file);
}

TEST(random_mutations_are_refused_or_harmless) {
  static const uint32_t words[] = {0,          1,          0xffffffff, 0x7fffffff, 0x80000000,
                                   0x3fffffff, 0x40000001, 0xfffffffc, 0x10000,    0xffff};
  size_t size;
  uint8_t *file = classifier_model(&size), *changed = malloc(size);
  for (int round = 0; round < 20000; round++) {
    memcpy(changed, file, size);
    for (uint32_t n = test_random() % 4 + 1; n > 0; n--) {
      size_t at = test_random() % (size - 4);
      uint32_t word = words[test_random() % (sizeof words / sizeof words[0])];
      if (test_random() % 2) {
        changed[at] = (uint8_t)test_random();
      } else {
        memcpy(changed + at / 4 * 4, &word, 4);
      }
    }
    try_bytes(changed, size);
  }
  free(file);
  free(changed);
}

TEST(a_model_runs_from_any_address_with_the_same_result) {
  size_t size;
  uint8_t *file = classifier_model(&size), expected[3] = {0};
  for (size_t offset = 0; offset < 16; offset++) {
    void *block, *arena;
    struct wit_model model;
    const uint8_t *placed = place_model(file, size, offset, &block);
    struct wit_interpreter *interpreter = prepare_model(&model, placed, size, &arena);
    memcpy(wit_interpreter_input(interpreter, 0)->data, "\x10\x90\x7f\x80", 4);
    assert_int_equal(wit_interpreter_invoke(interpreter, NULL), WIT_OK);
    const void *output = wit_interpreter_output(interpreter, 0)->data;
    if (offset == 0) memcpy(expected, output, 3);
    assert_memory_equal(output, expected, 3);
    assert_memory_equal(placed, file, size); /* never written */
    free(arena);
    free(block);
  }
  free(file);
}

TEST(info_tells_what_is_inside) {
  size_t size;
  uint8_t *file = classifier_model(&size);
  struct wit_model model;
  struct wit_model_info info;
  struct wit_tensor tensor;
  int32_t version = 0;
  assert_int_equal(wit_model_open(&model, file, size, NULL), WIT_OK);
  wit_model_info(&model, &info);
  assert_int_equal(info.schema_version, 3);
  assert_int_equal(info.subgraph_count, 1);
  assert_int_equal(info.operator_count, 4);
  assert_int_equal(info.tensor_count, 7);
  assert_string_equal(info.description, "a little classifier");
  assert_true(wit_model_input(&model, 0, &tensor));
  assert_int_equal(tensor.type, WIT_INT8);
  assert_int_equal(tensor.shape.rank, 2);
  assert_int_equal(tensor.shape.dim[1], 4);
  assert_int_equal(tensor.zero_point, -128);
  assert_true(tensor.scale == 0.5f);
  assert_null(tensor.data);
  assert_false(wit_model_input(&model, 1, &tensor));
  assert_true(wit_model_output(&model, 0, &tensor));
  assert_int_equal(tensor.size_bytes, 3);
  assert_string_equal(wit_model_operator_name(&model, 2, &version), "FULLY_CONNECTED");
  assert_int_equal(version, 1);
  assert_null(wit_model_operator_name(&model, 4, &version));
  free(file);
}

TEST(metadata_is_found_by_its_whole_name) {
  size_t size, length;
  const uint8_t *data;
  struct tflite_writer *writer = classifier_writer();
  tflite_writer_add_metadata(writer, "godwit.selftest.longer", "no", 2);
  tflite_writer_add_metadata(writer, "godwit.selftest", "yes", 3);
  uint8_t *file = finish_model(writer, &size);
  struct wit_model model;
  assert_int_equal(wit_model_open(&model, file, size, NULL), WIT_OK);
  assert_true(wit_model_metadata(&model, "godwit.selftest", &data, &length));
  assert_int_equal(length, 3);
  assert_memory_equal(data, "yes", 3);
  assert_false(wit_model_metadata(&model, "godwit.self", &data, &length));
  free(file);
}

TEST(the_graph_can_be_walked_from_outside) {
  size_t size, tensor;
  int32_t input;
  uint8_t *file = classifier_model(&size);
  struct wit_model model;
  struct wit_tensor seen;
  assert_int_equal(wit_model_open(&model, file, size, NULL), WIT_OK);
  assert_true(wit_inspect_input(&model, 0, &tensor));
  assert_int_equal(tensor, 0);
  assert_false(wit_inspect_input(&model, 1, &tensor));
  assert_true(wit_inspect_operator_input(&model, 2, 2, &input)); /* FULLY_CONNECTED's bias */
  assert_true(wit_inspect_tensor(&model, (size_t)input, &seen));
  assert_int_equal(seen.type, WIT_INT32);
  assert_int_equal(seen.size_bytes, 12);
  assert_null(seen.data);
  assert_true(wit_inspect_operator_output(&model, 3, 0, &tensor));
  assert_int_equal(tensor, 6);
  assert_false(wit_inspect_operator_input(&model, 2, 3, &input));
  assert_false(wit_inspect_operator_output(&model, 3, 1, &tensor));
  assert_false(wit_inspect_operator_output(&model, 4, 0, &tensor));
  assert_false(wit_inspect_tensor(&model, 7, &seen));
  free(file);
}

TEST(constants_can_be_read_and_what_is_computed_cannot) {
  size_t size, computed;
  int32_t filter, bias;
  uint8_t *file = classifier_model(&size);
  struct wit_model model;
  struct wit_constant constant;
  struct wit_tensor tensor;
  assert_int_equal(wit_model_open(&model, file, size, NULL), WIT_OK);
  assert_true(wit_inspect_operator_input(&model, 2, 1, &filter)); /* FULLY_CONNECTED's */
  assert_true(wit_inspect_operator_input(&model, 2, 2, &bias));
  assert_true(wit_inspect_constant(&model, (size_t)filter, &constant));
  assert_true(wit_inspect_tensor(&model, (size_t)filter, &tensor));
  assert_int_equal(constant.size_bytes, tensor.size_bytes);
  assert_true(constant.data >= file && constant.data + constant.size_bytes <= file + size);
  assert_int_equal(constant.channel_count, 1);
  assert_true(wit_constant_scale(&constant, 0) == tensor.scale); /* a copy, no sum */
  assert_true(wit_inspect_constant(&model, (size_t)bias, &constant));
  assert_int_equal(constant.size_bytes, 12);
  assert_true(wit_inspect_operator_output(&model, 3, 0, &computed));
  assert_false(wit_inspect_constant(&model, computed, &constant));
  assert_false(wit_inspect_constant(&model, 7, &constant));
  free(file);
}

TEST(metadata_of_one_name_is_listed_entry_by_entry) {
  size_t size, length;
  const uint8_t *data;
  const char *name;
  struct tflite_writer *writer = classifier_writer();
  tflite_writer_add_metadata(writer, "note", "one", 3);
  tflite_writer_add_metadata(writer, "note", "second", 6);
  uint8_t *file = finish_model(writer, &size);
  struct wit_model model;
  assert_int_equal(wit_model_open(&model, file, size, NULL), WIT_OK);
  assert_true(wit_inspect_metadata(&model, 1, &name, &data, &length));
  assert_string_equal(name, "note");
  assert_int_equal(length, 6);
  assert_memory_equal(data, "second", 6);
  assert_false(wit_inspect_metadata(&model, 2, &name, &data, &length));
  free(file);
}

TEST(what_is_not_a_model_is_refused_in_words) {
  static const struct {
    const char *bytes;
    size_t size;
    int status;
    const char *message;
  } files[] = {
      {"", 0, WIT_ERR_TRUNCATED, "the file has 0 bytes: too short to be a model"},
      {"GIF89a..........", 16, WIT_ERR_MALFORMED,
       "not a TensorFlow Lite model: the identifier TFL3 is missing"},
      {"\0\0\0\0TFL3", 8, WIT_ERR_MALFORMED, "model: the root offset is 0"},
      {"\x10\0\0\0TFL3", 8, WIT_ERR_TRUNCATED, "model: a table lies behind the end of the file"},
      {"GLTHBEGIN;yes;no;", 17, WIT_ERR_MALFORMED,
       "the header line GLTHBEGIN has no ;GLTHEND and line end"},
  };
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    struct wit_model model;
    struct wit_error error;
    void *block;
    const uint8_t *file = place_model((const uint8_t *)files[i].bytes, files[i].size, 0, &block);
    assert_int_equal(wit_model_open(&model, file, files[i].size, &error), files[i].status);
    assert_string_equal(error.message, files[i].message);
    assert_int_equal(error.op_index, -1);
    free(block);
  }
}

TEST(opening_nothing_is_an_argument_error) {
  struct wit_model model;
  assert_int_equal(wit_model_open(NULL, "", 0, NULL), WIT_ERR_ARGUMENT);
  assert_int_equal(wit_model_open(&model, NULL, 5, NULL), WIT_ERR_ARGUMENT);
}
