/* SPDX-License-Identifier: Apache-2.0 */
/* Two interpreters in one arena: what the project's own models say alone, they
 * say beside one another, in every order of coming and going. */
#include <stdlib.h>

#include "tests/support/test.h"
#include "tests/unit/runtime/models.h"

struct loaded {
  uint8_t *file;
  size_t size;
  struct wit_model model;
};

static struct loaded load(const char *name) {
  struct loaded loaded;
  char path[512];
  snprintf(path, sizeof path, "%s/%s", MODELS, name);
  loaded.file = test_read_file(path, &loaded.size);
  assert_int_equal(wit_model_open(&loaded.model, loaded.file, loaded.size, NULL), WIT_OK);
  return loaded;
}

static uint32_t persistent_of(const struct wit_model *model) {
  size_t size = arena_of(model);
  void *arena = aligned_alloc(16, size);
  struct wit_interpreter *interpreter;
  assert_int_equal(wit_interpreter_init(&interpreter, model, &wit_ops_all, arena, size, NULL),
                   WIT_OK);
  size_t persistent = wit_interpreter_persistent_bytes(interpreter);
  free(arena);
  return (uint32_t)persistent;
}

/* Fills the input from a seed, runs, and gives the output. */
static void run(struct wit_interpreter *interpreter, uint32_t seed, int8_t output[16]) {
  struct wit_tensor *in = wit_interpreter_input(interpreter, 0);
  struct wit_tensor *out = wit_interpreter_output(interpreter, 0);
  for (size_t i = 0; i < in->size_bytes; i++) {
    seed = seed * 1664525u + 1013904223u;
    ((uint8_t *)in->data)[i] = (uint8_t)(seed >> 24);
  }
  assert_int_equal(wit_interpreter_invoke(interpreter, NULL), WIT_OK);
  assert_true(out->size_bytes <= 16);
  memset(output, 0, 16);
  memcpy(output, out->data, out->size_bytes);
}

static void run_alone(const struct wit_model *model, uint32_t seed, int8_t output[16]) {
  size_t size = arena_of(model);
  void *arena = aligned_alloc(16, size);
  struct wit_interpreter *interpreter;
  assert_int_equal(wit_interpreter_init(&interpreter, model, &wit_ops_all, arena, size, NULL),
                   WIT_OK);
  run(interpreter, seed, output);
  free(arena);
}

static void check(struct wit_interpreter *interpreter, const struct wit_model *model,
                  uint32_t seed) {
  int8_t expected[16], actual[16];
  run_alone(model, seed, expected);
  run(interpreter, seed, actual);
  assert_memory_equal(actual, expected, 16);
}

TEST(two_models_in_turns_say_what_each_says_alone) {
  struct loaded a = load("yes_no.tflite"), b = load("yes_no_stop_go.tflite");
  struct wit_interpreter *first, *second;
  struct wit_two two;
  assert_int_equal(wit_plan_two(&a.model, &b.model, &wit_ops_all, &two, NULL), WIT_OK);
  void *arena = aligned_alloc(16, two.together_bytes);
  assert_int_equal(wit_interpreter_init_beside(&first, &a.model, &wit_ops_all, arena,
                                               two.together_bytes, NULL, NULL),
                   WIT_OK);
  assert_int_equal(wit_interpreter_init_beside(&second, &b.model, &wit_ops_all, arena,
                                               two.together_bytes, first, NULL),
                   WIT_OK);
  for (uint32_t seed = 1; seed < 9; seed++) {
    check(first, &a.model, seed);
    check(second, &b.model, seed);
  }
  printf("yes_no beside yes_no_stop_go: together %zu, apart %zu, alone %zu and %zu bytes\n",
         two.together_bytes, two.apart_bytes, two.alone_bytes[0], two.alone_bytes[1]);
  assert_true(two.together_bytes < two.apart_bytes);
  free(arena);
  free(a.file);
  free(b.file);
}

TEST(the_ends_are_taken_in_turns_update_after_update) {
  struct loaded model[2] = {load("yes_no.tflite"), load("yes_no_stop_go.tflite")};
  struct wit_interpreter *active, *candidate;
  struct wit_two two;
  assert_int_equal(wit_plan_two(&model[0].model, &model[1].model, &wit_ops_all, &two, NULL),
                   WIT_OK);
  /* Room to spare, of which not one byte may be used by accident. */
  size_t size = two.together_bytes + 4096 + 7;
  void *arena = aligned_alloc(16, size + 9);
  assert_int_equal(wit_interpreter_init(&active, &model[0].model, &wit_ops_all, arena, size, NULL),
                   WIT_OK);
  for (uint32_t update = 1; update < 12; update++) {
    const struct wit_model *next = &model[update % 2].model, *now = &model[(update + 1) % 2].model;
    check(active, now, update);
    assert_int_equal(
        wit_interpreter_init_beside(&candidate, next, &wit_ops_all, arena, size, active, NULL),
        WIT_OK);
    check(active, now, update + 100);
    check(candidate, next, update + 200);
    check(active, now, update + 300);
    active = candidate;
  }
  free(arena);
  free(model[0].file);
  free(model[1].file);
}

TEST(together_is_exact_and_one_byte_less_is_refused_with_the_other_as_it_was) {
  struct loaded a = load("yes_no.tflite"), b = load("yes_no_stop_go.tflite");
  struct wit_interpreter *first, *second;
  struct wit_error error;
  struct wit_two two;
  assert_int_equal(wit_plan_two(&a.model, &b.model, &wit_ops_all, &two, NULL), WIT_OK);
  size_t size = two.together_bytes - 1;
  void *arena = aligned_alloc(16, two.together_bytes);
  assert_int_equal(wit_interpreter_init(&first, &a.model, &wit_ops_all, arena, size, NULL), WIT_OK);
  assert_int_equal(
      wit_interpreter_init_beside(&second, &b.model, &wit_ops_all, arena, size, first, &error),
      WIT_ERR_ARENA);
  assert_null(second);
  assert_int_equal(error.arena_needed_bytes, two.together_bytes);
  assert_non_null(strstr(error.message, "both models together need"));
  check(first, &a.model, 5);
  /* In place of the other: there is room for one. */
  assert_int_equal(
      wit_interpreter_init_beside(&second, &b.model, &wit_ops_all, arena, size, NULL, NULL),
      WIT_OK);
  check(second, &b.model, 6);
  free(arena);
  free(a.file);
  free(b.file);
}

TEST(what_two_need_is_what_each_keeps_and_the_larger_of_what_they_share) {
  struct loaded a = load("yes_no.tflite"), b = load("yes_no_stop_go.tflite");
  struct wit_two two;
  assert_int_equal(wit_plan_two(&a.model, &b.model, &wit_ops_all, &two, NULL), WIT_OK);
  size_t kept[2] = {persistent_of(&a.model), persistent_of(&b.model)};
  assert_int_equal(two.alone_bytes[0], arena_of(&a.model));
  assert_int_equal(two.alone_bytes[1], arena_of(&b.model));
  assert_int_equal(two.apart_bytes, two.alone_bytes[0] + two.alone_bytes[1]);
  size_t shared[2] = {two.alone_bytes[0] - kept[0], two.alone_bytes[1] - kept[1]};
  assert_int_equal(two.together_bytes,
                   kept[0] + kept[1] + (shared[0] > shared[1] ? shared[0] : shared[1]));
  free(a.file);
  free(b.file);
}

TEST(variable_tensors_keep_their_state_while_the_other_runs) {
  size_t size, small_size;
  uint8_t *file = variable_model(&size), *small_file = classifier_model(&small_size);
  struct wit_model counter, other;
  struct wit_interpreter *first, *second;
  struct wit_two two;
  assert_int_equal(wit_model_open(&counter, file, size, NULL), WIT_OK);
  assert_int_equal(wit_model_open(&other, small_file, small_size, NULL), WIT_OK);
  assert_int_equal(wit_plan_two(&counter, &other, &wit_ops_all, &two, NULL), WIT_OK);
  for (int order = 0; order < 2; order++) {
    void *arena = aligned_alloc(16, two.together_bytes);
    const struct wit_model *a = order ? &other : &counter, *b = order ? &counter : &other;
    assert_int_equal(wit_interpreter_init(&first, a, &wit_ops_all, arena, two.together_bytes, NULL),
                     WIT_OK);
    assert_int_equal(wit_interpreter_init_beside(&second, b, &wit_ops_all, arena,
                                                 two.together_bytes, first, NULL),
                     WIT_OK);
    struct wit_interpreter *kept = order ? second : first, *busy = order ? first : second;
    struct wit_tensor *in = wit_interpreter_input(kept, 0);
    const float one[4] = {1, 1, 1, 1};
    for (int step = 0; step < 3; step++) {
      float before[4], after[4];
      memcpy(in->data, one, sizeof one);
      assert_int_equal(wit_interpreter_invoke(kept, NULL), WIT_OK);
      memcpy(before, wit_interpreter_output(kept, 0)->data, sizeof before);
      memset(wit_interpreter_input(busy, 0)->data, 0x55, 4);
      assert_int_equal(wit_interpreter_invoke(busy, NULL), WIT_OK);
      memcpy(in->data, one, sizeof one);
      assert_int_equal(wit_interpreter_invoke(kept, NULL), WIT_OK);
      memcpy(after, wit_interpreter_output(kept, 0)->data, sizeof after);
      assert_memory_equal(before, after, sizeof after);
    }
    free(arena);
  }
  free(file);
  free(small_file);
}

TEST(an_interpreter_of_another_arena_is_refused) {
  struct loaded a = load("yes_no.tflite");
  struct wit_interpreter *first, *second;
  struct wit_error error;
  size_t size = 2 * arena_of(&a.model);
  void *here = aligned_alloc(16, size), *there = aligned_alloc(16, size);
  assert_int_equal(wit_interpreter_init(&first, &a.model, &wit_ops_all, there, size, NULL), WIT_OK);
  assert_int_equal(
      wit_interpreter_init_beside(&second, &a.model, &wit_ops_all, here, size, first, &error),
      WIT_ERR_ARGUMENT);
  assert_int_equal(
      wit_interpreter_init_beside(&second, &a.model, &wit_ops_all, here, 16, first, &error),
      WIT_ERR_ARGUMENT);
  free(here);
  free(there);
  free(a.file);
}

TEST(a_model_that_cannot_run_cannot_be_planned_for_two) {
  size_t size;
  struct loaded a = load("yes_no.tflite");
  struct wit_model broken;
  struct wit_two two;
  struct wit_error error;
  struct tflite_writer *writer = classifier_writer();
  int32_t tensor = 0;
  tflite_writer_add_operator(writer, &(struct tflite_operator){.code = TFLITE_CUSTOM,
                                                               .custom_code = "Nobody",
                                                               .inputs = &tensor,
                                                               .input_count = 1,
                                                               .outputs = &tensor,
                                                               .output_count = 1});
  uint8_t *file = finish_model(writer, &size);
  assert_int_equal(wit_model_open(&broken, file, size, NULL), WIT_OK);
  assert_int_equal(wit_plan_two(&a.model, &broken, &wit_ops_all, &two, &error),
                   WIT_ERR_UNSUPPORTED_OP);
  assert_int_equal(two.together_bytes, 0);
  free(file);
  free(a.file);
}
