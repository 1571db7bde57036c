/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/common/wit_model.h"

#include <stdio.h>
#include <string.h>

#include "godwit/status.h"
#include "wit/ops.h"

void wit_model_init(struct wit_model_pair *pair, const struct wit_model_contract *contract,
                    void *arena0, void *arena1, size_t arena_size) {
  memset(pair, 0, sizeof *pair);
  pair->contract = *contract;
  pair->slot[0].arena = arena0;
  pair->slot[1].arena = arena1;
  pair->slot[0].arena_size = pair->slot[1].arena_size = arena_size;
}

static int refuse(struct wit_error *error, int status, const char *message) {
  *error = (struct wit_error){.status = status, .op_index = -1, .tensor_index = -1};
  snprintf(error->message, sizeof error->message, "%s", message);
  return status;
}

/* Softmax as TensorFlow Lite quantises it. */
static bool is_softmax(const struct wit_tensor *tensor) {
  return tensor->type == WIT_INT8 && tensor->zero_point == -128 && tensor->scale == 1.0f / 256;
}

static int check_contract(const struct wit_model *model, const struct wit_model_contract *contract,
                          struct wit_error *error) {
  struct wit_tensor input, output, surplus;
  char message[sizeof error->message];
  if (!wit_model_input(model, 0, &input) || wit_model_input(model, 1, &surplus) ||
      !wit_model_output(model, 0, &output) || wit_model_output(model, 1, &surplus)) {
    return refuse(error, WIT_ERR_ARGUMENT,
                  "this application runs models of one input and one output");
  }
  if (input.type != WIT_INT8 || input.size_bytes != contract->input_bytes) {
    snprintf(message, sizeof message,
             "input is %zu bytes of %s, this application gives %zu of int8", input.size_bytes,
             wit_type_name(input.type), contract->input_bytes);
    return refuse(error, WIT_ERR_ARGUMENT, message);
  }
  if (!is_softmax(&output) || output.size_bytes < contract->labels_min ||
      output.size_bytes > contract->labels_max) {
    snprintf(message, sizeof message,
             "output is %zu bytes of %s, this application takes %zu to %zu int8 scores",
             output.size_bytes, wit_type_name(output.type), contract->labels_min,
             contract->labels_max);
    return refuse(error, WIT_ERR_ARGUMENT, message);
  }
  if (contract->frontend != NULL && !wit_model_takes_frontend(model, contract->frontend)) {
    snprintf(message, sizeof message, "its input is made by another front end than %s",
             contract->frontend);
    return refuse(error, WIT_ERR_ARGUMENT, message);
  }
  return WIT_OK;
}

static int take_labels(struct wit_model_slot *slot, struct wit_error *error) {
  int status = wit_model_check_labels(&slot->model, error);
  if (status != WIT_OK) return status;
  slot->label_count = wit_model_label_count(&slot->model);
  if (slot->label_count == 0) {
    return refuse(error, WIT_ERR_LABELS, "the model carries no labels");
  }
  for (size_t i = 0; i < slot->label_count; i++) {
    const char *text = "";
    size_t length = 0;
    wit_model_label(&slot->model, i, &text, &length);
    if (length > WIT_MODEL_LABEL_MAX) length = WIT_MODEL_LABEL_MAX;
    memcpy(slot->label[i], text, length);
    slot->label[i][length] = 0;
  }
  return WIT_OK;
}

/* A first inference on silence, before anything depends on it. */
static int run_once(struct wit_interpreter *interpreter, struct wit_error *error) {
  struct wit_tensor *input = wit_interpreter_input(interpreter, 0);
  memset(input->data, -128, input->size_bytes);
  return wit_interpreter_invoke(interpreter, error);
}

/* Beside the other slot's model, where both share an arena. */
static const struct wit_interpreter *neighbour(const struct wit_model_pair *pair,
                                               unsigned slot_index) {
  const struct wit_model_slot *other = &pair->slot[1 - slot_index];
  return other->arena == pair->slot[slot_index].arena ? other->interpreter : NULL;
}

int wit_model_prepare(struct wit_model_pair *pair, unsigned slot_index, const char *version,
                      const void *data, size_t size, struct wit_error *error) {
  struct wit_model_slot *slot = &pair->slot[slot_index];
  struct wit_interpreter *interpreter = NULL;
  slot->interpreter = NULL;
  slot->is_testing = false;
  snprintf(slot->version, sizeof slot->version, "%s", version);
  int status = wit_model_open(&slot->model, data, size, error);
  if (status == WIT_OK) {
    status = wit_interpreter_init_beside(&interpreter, &slot->model, &wit_ops_all, slot->arena,
                                         slot->arena_size, neighbour(pair, slot_index), error);
  }
  if (status == WIT_OK) status = check_contract(&slot->model, &pair->contract, error);
  if (status == WIT_OK) status = take_labels(slot, error);
  if (status == WIT_OK) status = run_once(interpreter, error);
  if (status == WIT_OK) slot->interpreter = interpreter;
  return status;
}

int wit_model_test(struct wit_model_pair *pair, unsigned slot_index,
                   const struct wit_self_test_clock *clock, struct wit_error *error) {
  struct wit_model_slot *slot = &pair->slot[slot_index];
  if (slot->interpreter == NULL) {
    return refuse(error, WIT_ERR_ARGUMENT, "there is no prepared model to test");
  }
  if (!slot->is_testing) {
    int status = wit_self_test_begin(&slot->test, slot->interpreter, &slot->model, clock, error);
    slot->is_testing = status == WIT_OK;
    return slot->is_testing ? WIT_SELF_TEST_MORE : status;
  }
  int status = wit_self_test_step(&slot->test, error);
  if (status != WIT_SELF_TEST_MORE) slot->is_testing = false;
  return status;
}

int wit_model_refusal(const struct wit_error *error) {
  switch (error->status) {
    case WIT_ERR_ARENA:
    case WIT_ERR_TEST_ARENA:
      return GODWIT_ERR_NO_MEMORY;
    case WIT_ERR_UNSUPPORTED_OP:
    case WIT_ERR_UNSUPPORTED_TYPE:
      return GODWIT_ERR_UNSUPPORTED;
    case WIT_ERR_ARGUMENT:
    case WIT_ERR_LABELS:
      return GODWIT_ERR_ARGUMENT;
    case WIT_ERR_TEST_OUTPUT:
    case WIT_ERR_RUNTIME:
      return GODWIT_ERR_MODEL;
    case WIT_ERR_TEST_TIME:
      return GODWIT_ERR_TIMEOUT;
    case WIT_ERR_NO_TEST:
      return GODWIT_ERR_NOT_FOUND;
    default:
      return GODWIT_ERR_FORMAT;
  }
}

void wit_model_activate(struct wit_model_pair *pair, unsigned slot) {
  pair->active = &pair->slot[slot];
}

void wit_model_discard(struct wit_model_pair *pair, unsigned slot) {
  if (pair->active == &pair->slot[slot]) pair->active = NULL;
  pair->slot[slot].interpreter = NULL;
}

size_t wit_model_op_codes(uint16_t *codes, size_t max) {
  size_t count = 0;
  for (size_t i = 0; i < wit_ops_all.count && count < max; i++) {
    int32_t code = wit_op_builtin(wit_ops_all.op[i]);
    if (code >= 0) codes[count++] = (uint16_t)code;
  }
  return count;
}

bool wit_model_run_slot(struct wit_model_pair *pair, unsigned slot, const int8_t *input,
                        int8_t *scores) {
  struct wit_error error;
  struct wit_interpreter *interpreter = pair->slot[slot].interpreter;
  if (!interpreter) return false;
  struct wit_tensor *in = wit_interpreter_input(interpreter, 0);
  memcpy(in->data, input, in->size_bytes);
  if (wit_interpreter_invoke(interpreter, &error) != WIT_OK) return false;
  memcpy(scores, wit_interpreter_output(interpreter, 0)->data, pair->slot[slot].label_count);
  return true;
}

bool wit_model_run(struct wit_model_pair *pair, const int8_t *input, int8_t *scores) {
  return pair->active &&
         wit_model_run_slot(pair, (unsigned)(pair->active - pair->slot), input, scores);
}
