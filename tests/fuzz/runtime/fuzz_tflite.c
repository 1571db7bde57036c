/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz-link: runtime */
/* A model file from anywhere: opened, asked for its labels, metadata and
 * contents, prepared and, where that would not take long, run. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wit/inspect.h"
#include "wit/self_test.h"

#define ARENA_SIZE (256u * 1024)
#define COST_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every operand that is given is a tensor that can be looked at. */
static void walk_graph(const struct wit_model *model, size_t operators, size_t tensors) {
  struct wit_tensor seen;
  size_t tensor;
  int32_t input;
  for (size_t i = 0; wit_inspect_input(model, i, &tensor); i++) {
    if (!wit_inspect_tensor(model, tensor, &seen)) abort();
  }
  for (size_t op = 0; op < operators && op < 64; op++) {
    for (size_t i = 0; wit_inspect_operator_input(model, op, i, &input); i++) {
      if (input >= 0 && !wit_inspect_tensor(model, (size_t)input, &seen)) abort();
    }
    for (size_t i = 0; wit_inspect_operator_output(model, op, i, &tensor); i++) {
      if (!wit_inspect_tensor(model, tensor, &seen)) abort();
    }
  }
  if (wit_inspect_operator_input(model, operators, 0, &input)) abort();
  if (wit_inspect_tensor(model, tensors, &seen)) abort();
}

static void look_inside(const struct wit_model *model) {
  struct wit_model_info info;
  struct wit_tensor tensor;
  struct wit_error error;
  const char *text;
  const uint8_t *bytes;
  size_t length, count = wit_model_label_count(model);
  volatile uint8_t sink = 0; /* so that every borrowed byte is read */
  for (size_t i = 0; i < count && i < 64; i++) {
    if (!wit_model_label(model, i, &text, &length)) abort();
    for (size_t k = 0; k < length; k++) sink ^= (uint8_t)text[k];
  }
  if (wit_model_label(model, count, &text, &length)) abort();
  wit_model_check_labels(model, &error);
  if (wit_model_metadata(model, "min_runtime_version", &bytes, &length)) {
    for (size_t k = 0; k < length; k++) sink ^= bytes[k];
  }
  wit_model_info(model, &info);
  sink ^= (uint8_t)strlen(info.description);
  for (size_t i = 0; wit_model_input(model, i, &tensor); i++) sink ^= (uint8_t)tensor.size_bytes;
  for (size_t i = 0; wit_model_output(model, i, &tensor); i++) sink ^= (uint8_t)tensor.size_bytes;
  int32_t version;
  for (size_t i = 0; (text = wit_model_operator_name(model, i, &version)); i++) {
    sink ^= (uint8_t)strlen(text);
  }
  for (size_t i = 0; wit_inspect_metadata(model, i, &text, &bytes, &length); i++) {
    sink ^= (uint8_t)strlen(text);
    for (size_t k = 0; k < length && k < 64; k++) sink ^= bytes[k];
  }
  walk_graph(model, info.operator_count, info.tensor_count);
  uint32_t checksum;
  struct wit_self_test_info test;
  float score;
  for (size_t i = 0; i < 4; i++) wit_model_threshold(model, i, &score);
  sink ^= wit_model_takes_frontend(model, "micro_speech");
  wit_graph_checksum(model, &checksum, &error);
  wit_self_test_info(model, &test, &error);
}

static void run(const struct wit_model *model, void *arena, size_t arena_size) {
  struct wit_interpreter *interpreter;
  struct wit_error error;
  int status = wit_interpreter_init(&interpreter, model, &wit_ops_all, arena, arena_size, &error);
  if (status) abort(); /* the size was the one that it asked for */
  if (wit_interpreter_arena_used(interpreter) != arena_size) abort();
  if (wit_interpreter_cost(interpreter) > COST_MAX) return;
  struct wit_tensor *tensor;
  for (size_t i = 0; (tensor = wit_interpreter_input(interpreter, i)); i++) {
    memset(tensor->data, 0x5a, tensor->size_bytes);
  }
  for (int step = 0; step < 2; step++) {
    if (wit_interpreter_invoke(interpreter, &error)) break;
  }
  wit_interpreter_reset(interpreter);
}

/* Beside itself, in exactly the room that two need. */
static void run_two(const struct wit_model *model) {
  struct wit_interpreter *first, *second;
  struct wit_two two;
  if (wit_plan_two(model, model, &wit_ops_all, &two, NULL)) return;
  if (two.together_bytes > two.apart_bytes || two.together_bytes > 2 * ARENA_SIZE) abort();
  void *arena = aligned_alloc(WIT_ARENA_ALIGNMENT, two.together_bytes);
  if (!arena) abort();
  if (wit_interpreter_init(&first, model, &wit_ops_all, arena, two.together_bytes, NULL) ||
      wit_interpreter_init_beside(&second, model, &wit_ops_all, arena, two.together_bytes, first,
                                  NULL)) {
    abort();
  }
  if (wit_interpreter_cost(first) <= COST_MAX / 4) {
    wit_interpreter_invoke(first, NULL);
    wit_interpreter_invoke(second, NULL);
    wit_self_test_run(first, model, NULL, NULL, NULL);
    wit_interpreter_invoke(second, NULL);
  }
  free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct wit_model model;
  struct wit_error error;
  struct wit_interpreter *interpreter;
  if (wit_model_open(&model, data, size, &error)) return 0;
  look_inside(&model);
  int status = wit_interpreter_init(&interpreter, &model, &wit_ops_all, NULL, 0, &error);
  if (status == WIT_OK) abort();
  if (status != WIT_ERR_ARENA || error.arena_needed_bytes > ARENA_SIZE) return 0;
  void *arena = aligned_alloc(WIT_ARENA_ALIGNMENT, error.arena_needed_bytes);
  if (!arena) abort();
  run(&model, arena, error.arena_needed_bytes);
  free(arena);
  run_two(&model);
  return 0;
}
