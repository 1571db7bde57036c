/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/src/interpreter.h"

#include <stdlib.h>

#include "tests/support/test.h"
#include "tests/unit/runtime/models.h"
#include "wit/ops.h"

TEST(the_reported_arena_is_enough_and_one_byte_less_is_not) {
  size_t size;
  uint8_t *file = classifier_model(&size);
  struct wit_model model;
  struct wit_error error;
  struct wit_interpreter *interpreter;
  assert_int_equal(wit_model_open(&model, file, size, &error), WIT_OK);
  size_t needed = arena_of(&model);
  for (size_t less = 0; less <= needed; less++) {
    uint8_t *arena = NULL; /* ends where its block does */
    assert_int_equal(posix_memalign((void **)&arena, 16, needed - less + (less == needed)), 0);
    int status =
        wit_interpreter_init(&interpreter, &model, &wit_ops_all, arena, needed - less, &error);
    if (less == 0) {
      assert_int_equal(status, WIT_OK);
      assert_int_equal(wit_interpreter_arena_used(interpreter), needed);
      assert_int_equal(wit_interpreter_invoke(interpreter, &error), WIT_OK);
    } else {
      assert_int_equal(status, WIT_ERR_ARENA);
      assert_int_equal(error.arena_needed_bytes, needed);
      assert_null(interpreter);
    }
    free(arena);
  }
  free(file);
}

TEST(a_larger_arena_is_used_no_further_than_needed) {
  size_t size;
  uint8_t *file = classifier_model(&size);
  struct wit_model model;
  struct wit_interpreter *interpreter;
  assert_int_equal(wit_model_open(&model, file, size, NULL), WIT_OK);
  size_t needed = arena_of(&model), larger = 200000;
  uint8_t *arena = aligned_alloc(16, larger);
  assert_int_equal(wit_interpreter_init(&interpreter, &model, &wit_ops_all, arena, larger, NULL),
                   WIT_OK);
  assert_int_equal(wit_interpreter_arena_used(interpreter), needed);
  memset(arena + needed, 0xee, larger - needed);
  assert_int_equal(wit_interpreter_invoke(interpreter, NULL), WIT_OK);
  for (size_t i = needed; i < larger; i++) assert_int_equal(arena[i], 0xee);
  free(arena);
  free(file);
}

TEST(an_unaligned_arena_is_an_argument_error) {
  size_t size;
  uint8_t *file = classifier_model(&size), *arena = aligned_alloc(16, 4096);
  struct wit_model model;
  struct wit_error error;
  struct wit_interpreter *interpreter;
  assert_int_equal(wit_model_open(&model, file, size, &error), WIT_OK);
  assert_int_equal(
      wit_interpreter_init(&interpreter, &model, &wit_ops_all, arena + 8, 4000, &error),
      WIT_ERR_ARGUMENT);
  assert_string_equal(error.message, "the arena is not aligned to 16 bytes");
  free(arena);
  free(file);
}

TEST(an_op_that_the_table_lacks_is_named) {
  static const struct wit_op *const few[] = {&wit_op_reshape, &wit_op_fully_connected};
  static const struct wit_op_table table = {few, 2};
  size_t size;
  uint8_t *file = classifier_model(&size);
  struct wit_model model;
  struct wit_error error;
  struct wit_interpreter *interpreter;
  assert_int_equal(wit_model_open(&model, file, size, &error), WIT_OK);
  assert_int_equal(wit_interpreter_init(&interpreter, &model, &table, NULL, 0, &error),
                   WIT_ERR_UNSUPPORTED_OP);
  assert_int_equal(error.op_index, 3);
  assert_string_equal(error.message, "op 3 SOFTMAX: this build has no such op");
  free(file);
}

TEST(two_interpreters_share_a_model_and_nothing_else) {
  size_t size;
  uint8_t *file = classifier_model(&size);
  struct wit_model model;
  void *arena_a, *arena_b;
  struct wit_interpreter *a = prepare_model(&model, file, size, &arena_a);
  struct wit_interpreter *b = prepare_model(&model, file, size, &arena_b);
  uint8_t alone[3];
  memcpy(wit_interpreter_input(a, 0)->data, "\x01\x20\x30\x7f", 4);
  assert_int_equal(wit_interpreter_invoke(a, NULL), WIT_OK);
  memcpy(alone, wit_interpreter_output(a, 0)->data, 3);
  memcpy(wit_interpreter_input(a, 0)->data, "\x01\x20\x30\x7f", 4);
  memcpy(wit_interpreter_input(b, 0)->data, "\x80\x00\x11\x99", 4);
  assert_int_equal(wit_interpreter_invoke(b, NULL), WIT_OK);
  assert_int_equal(wit_interpreter_invoke(a, NULL), WIT_OK);
  assert_memory_equal(wit_interpreter_output(a, 0)->data, alone, 3);
  assert_memory_not_equal(wit_interpreter_output(b, 0)->data, alone, 3);
  free(arena_a);
  free(arena_b);
  free(file);
}

TEST(reset_sets_variable_tensors_back) {
  size_t size;
  uint8_t *file = variable_model(&size);
  struct wit_model model;
  void *arena;
  struct wit_interpreter *interpreter = prepare_model(&model, file, size, &arena);
  static const float ones[4] = {1, 1, 1, 1};
  const float *output = wit_interpreter_output(interpreter, 0)->data;
  assert_int_equal(interpreter->variable_count, 1);
  memcpy(wit_interpreter_input(interpreter, 0)->data, ones, sizeof ones);
  assert_int_equal(wit_interpreter_invoke(interpreter, NULL), WIT_OK);
  assert_true(output[0] == 1 && output[3] == 1); /* starts at 0 */
  memcpy(interpreter->variable[0].data, ones, sizeof ones);
  memcpy(wit_interpreter_input(interpreter, 0)->data, ones, sizeof ones);
  assert_int_equal(wit_interpreter_invoke(interpreter, NULL), WIT_OK);
  assert_true(output[0] == 2 && output[3] == 2); /* kept between invokes */
  wit_interpreter_reset(interpreter);
  memcpy(wit_interpreter_input(interpreter, 0)->data, ones, sizeof ones);
  assert_int_equal(wit_interpreter_invoke(interpreter, NULL), WIT_OK);
  assert_true(output[0] == 1 && output[3] == 1);
  free(arena);
  free(file);
}

TEST(reshape_costs_neither_memory_nor_a_copy) {
  size_t size;
  uint8_t *file = classifier_model(&size);
  struct wit_model model;
  void *arena;
  struct wit_interpreter *interpreter = prepare_model(&model, file, size, &arena);
  for (unsigned i = 0; i < 2; i++) {
    const struct wit_node *node = &interpreter->node[i];
    assert_ptr_equal(wit_node_input(node, 0), wit_node_output(node, 0));
  }
  free(arena);
  free(file);
}

TEST(cost_counts_the_products) {
  size_t size;
  uint8_t *file = classifier_model(&size);
  struct wit_model model;
  void *arena;
  struct wit_interpreter *interpreter = prepare_model(&model, file, size, &arena);
  /* 2 reshapes of 4, 12 products, 3 exponentials of 32 */
  assert_int_equal(wit_interpreter_cost(interpreter), 8 + 12 + 96);
  free(arena);
  free(file);
}

TEST(tensors_past_the_end_do_not_exist) {
  size_t size;
  uint8_t *file = classifier_model(&size);
  struct wit_model model;
  void *arena;
  struct wit_interpreter *interpreter = prepare_model(&model, file, size, &arena);
  assert_non_null(wit_interpreter_input(interpreter, 0));
  assert_null(wit_interpreter_input(interpreter, 1));
  assert_null(wit_interpreter_output(interpreter, 1));
  free(arena);
  free(file);
}

/* float32 [n] -> a chain of `length` RELUs, each with a tensor of its own. */
static uint8_t *chain_model(int length, size_t *size) {
  struct tflite_writer *w = tflite_writer_create("");
  struct tflite_tensor tensor = {.type = TFLITE_FLOAT32, .shape = {100}, .rank = 1};
  int32_t first = tflite_writer_add_tensor(w, &tensor), last = first;
  for (int i = 0; i < length; i++) {
    int32_t next = tflite_writer_add_tensor(w, &tensor);
    tflite_writer_add_operator(w, &(struct tflite_operator){.code = TFLITE_RELU,
                                                            .inputs = &last,
                                                            .input_count = 1,
                                                            .outputs = &next,
                                                            .output_count = 1});
    last = next;
  }
  tflite_writer_set_inputs(w, &first, 1);
  tflite_writer_set_outputs(w, &last, 1);
  return finish_model(w, size);
}

TEST(a_long_chain_needs_two_activations) {
  size_t size;
  uint8_t *file = chain_model(300, &size);
  struct wit_model model;
  void *arena;
  struct wit_interpreter *interpreter = prepare_model(&model, file, size, &arena);
  const uint8_t *previous = wit_interpreter_input(interpreter, 0)->data;
  const uint8_t *other = wit_node_output(&interpreter->node[0], 0);
  for (uint32_t i = 0; i < interpreter->node_count; i++) {
    const uint8_t *next = wit_node_output(&interpreter->node[i], 0);
    assert_true(next != previous);
    assert_true(next == (i % 2 == 0 ? other : wit_interpreter_input(interpreter, 0)->data));
    previous = next;
  }
  free(arena);
  free(file);
}

TEST(a_tensor_read_before_it_is_written_is_refused) {
  size_t size;
  struct tflite_writer *w = tflite_writer_create("");
  struct tflite_tensor tensor = {.type = TFLITE_FLOAT32, .shape = {4}, .rank = 1};
  int32_t t[3];
  for (int i = 0; i < 3; i++) t[i] = tflite_writer_add_tensor(w, &tensor);
  struct tflite_operator relu = {
      .code = TFLITE_RELU, .inputs = &t[1], .input_count = 1, .outputs = &t[2], .output_count = 1};
  tflite_writer_add_operator(w, &relu);
  relu.inputs = &t[0];
  relu.outputs = &t[1];
  tflite_writer_add_operator(w, &relu);
  tflite_writer_set_inputs(w, &t[0], 1);
  tflite_writer_set_outputs(w, &t[2], 1);
  uint8_t *file = finish_model(w, &size);
  struct wit_model model;
  struct wit_error error;
  struct wit_interpreter *interpreter;
  assert_int_equal(wit_model_open(&model, file, size, &error), WIT_OK);
  assert_int_equal(wit_interpreter_init(&interpreter, &model, &wit_ops_all, NULL, 0, &error),
                   WIT_ERR_GRAPH);
  assert_string_equal(error.message, "op 0 RELU: reads tensor 1 before anything writes it");
  free(file);
}
