/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/common/wit_model.h"

#include <stdio.h>
#include <string.h>

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
    return refuse(error, WIT_ERR_GRAPH, "this application runs models of one input and one output");
  }
  if (input.type != WIT_INT8 || input.size_bytes != contract->input_bytes) {
    snprintf(message, sizeof message,
             "input is %zu bytes of %s, this application gives %zu of int8", input.size_bytes,
             wit_type_name(input.type), contract->input_bytes);
    return refuse(error, WIT_ERR_GRAPH, message);
  }
  if (!is_softmax(&output) || output.size_bytes < contract->labels_min ||
      output.size_bytes > contract->labels_max) {
    snprintf(message, sizeof message,
             "output is %zu bytes of %s, this application takes %zu to %zu int8 scores",
             output.size_bytes, wit_type_name(output.type), contract->labels_min,
             contract->labels_max);
    return refuse(error, WIT_ERR_GRAPH, message);
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

int wit_model_prepare(struct wit_model_pair *pair, unsigned slot_index, const char *version,
                      const void *data, size_t size, struct wit_error *error) {
  struct wit_model_slot *slot = &pair->slot[slot_index];
  struct wit_interpreter *interpreter = NULL;
  slot->interpreter = NULL;
  snprintf(slot->version, sizeof slot->version, "%s", version);
  int status = wit_model_open(&slot->model, data, size, error);
  if (status == WIT_OK) status = check_contract(&slot->model, &pair->contract, error);
  if (status == WIT_OK) status = take_labels(slot, error);
  if (status == WIT_OK) {
    status = wit_interpreter_init(&interpreter, &slot->model, &wit_ops_all, slot->arena,
                                  slot->arena_size, error);
  }
  if (status == WIT_OK) status = run_once(interpreter, error);
  if (status == WIT_OK) slot->interpreter = interpreter;
  return status;
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

bool wit_model_run(struct wit_model_pair *pair, const int8_t *input, int8_t *scores) {
  struct wit_error error;
  if (!pair->active) return false;
  struct wit_interpreter *interpreter = pair->active->interpreter;
  struct wit_tensor *in = wit_interpreter_input(interpreter, 0);
  memcpy(in->data, input, in->size_bytes);
  if (wit_interpreter_invoke(interpreter, &error) != WIT_OK) return false;
  memcpy(scores, wit_interpreter_output(interpreter, 0)->data, pair->active->label_count);
  return true;
}
