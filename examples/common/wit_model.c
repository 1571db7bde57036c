/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/common/wit_model.h"

#include <stdio.h>
#include <string.h>

void wit_model_pair_init(struct wit_model_pair *pair, const struct wit_model_shape *shape,
                         uint8_t *file[2], size_t file_max, void *arena[2], size_t arena_max) {
  memset(pair, 0, sizeof *pair);
  pair->shape = *shape;
  for (size_t i = 0; i < 2; i++) {
    pair->slot[i].file = file[i];
    pair->slot[i].file_max = file_max;
    pair->slot[i].arena = arena[i];
    pair->slot[i].arena_max = arena_max;
  }
}

struct wit_model_slot *wit_model_pair_active(struct wit_model_pair *pair) { return pair->active; }

struct wit_model_slot *wit_model_pair_spare(struct wit_model_pair *pair) {
  struct wit_model_slot *spare =
      pair->active == &pair->slot[0] ? &pair->slot[1] : &pair->slot[0];
  spare->interpreter = NULL;
  return spare;
}

void wit_model_pair_activate(struct wit_model_pair *pair, struct wit_model_slot *slot) {
  pair->active = slot;
}

static int refuse(struct wit_error *error, int status, const char *message) {
  *error = (struct wit_error){.status = status, .op_index = -1, .tensor_index = -1};
  snprintf(error->message, sizeof error->message, "%s", message);
  return status;
}

/* Softmax as every TensorFlow Lite classifier quantises it. */
static bool is_softmax_output(const struct wit_tensor *tensor) {
  return tensor->type == WIT_INT8 && tensor->zero_point == -128 && tensor->scale == 1.0f / 256;
}

static int check_shape(const struct wit_model_slot *slot, const struct wit_model_shape *shape,
                       struct wit_error *error) {
  struct wit_tensor input, output, surplus;
  char message[sizeof error->message];
  if (!wit_model_input(&slot->model, 0, &input) || wit_model_input(&slot->model, 1, &surplus) ||
      !wit_model_output(&slot->model, 0, &output) || wit_model_output(&slot->model, 1, &surplus)) {
    return refuse(error, WIT_ERR_GRAPH, "this application feeds models of one input and one output");
  }
  if (input.type != WIT_INT8 || input.size_bytes != shape->input_bytes) {
    snprintf(message, sizeof message, "input is %zu bytes of %s, this application gives %zu of INT8",
             input.size_bytes, wit_type_name(input.type), shape->input_bytes);
    return refuse(error, WIT_ERR_GRAPH, message);
  }
  if (!is_softmax_output(&output) || output.size_bytes < shape->labels_min ||
      output.size_bytes > shape->labels_max) {
    snprintf(message, sizeof message,
             "output is %zu bytes of %s, this application takes %zu to %zu int8 scores",
             output.size_bytes, wit_type_name(output.type), shape->labels_min, shape->labels_max);
    return refuse(error, WIT_ERR_GRAPH, message);
  }
  return WIT_OK;
}

static int take_labels(struct wit_model_slot *slot, struct wit_error *error) {
  int status = wit_model_check_labels(&slot->model, error);
  if (status != WIT_OK) return status;
  slot->label_count = wit_model_label_count(&slot->model);
  if (slot->label_count == 0) {
    return refuse(error, WIT_ERR_LABELS, "the model carries no labels: add them with its metadata");
  }
  for (size_t i = 0; i < slot->label_count; i++) {
    const char *text;
    size_t length;
    if (!wit_model_label(&slot->model, i, &text, &length)) {
      return refuse(error, WIT_ERR_LABELS, "a label is missing");
    }
    if (length > WIT_MODEL_LABEL_MAX) length = WIT_MODEL_LABEL_MAX;
    memcpy(slot->label[i], text, length);
    slot->label[i][length] = 0;
  }
  return WIT_OK;
}

static int run_once(struct wit_model_slot *slot, struct wit_error *error) {
  struct wit_tensor *input = wit_interpreter_input(slot->interpreter, 0);
  memset(input->data, -128, input->size_bytes); /* silence */
  return wit_interpreter_invoke(slot->interpreter, error);
}

int wit_model_slot_prepare(struct wit_model_slot *slot, const struct wit_model_shape *shape,
                           const char *version, size_t size, struct wit_error *error) {
  struct wit_interpreter *interpreter = NULL;
  slot->interpreter = NULL;
  slot->file_size = size;
  snprintf(slot->version, sizeof slot->version, "%s", version);
  int status = wit_model_open(&slot->model, slot->file, size, error);
  if (status == WIT_OK) status = check_shape(slot, shape, error);
  if (status == WIT_OK) status = take_labels(slot, error);
  if (status == WIT_OK) {
    status = wit_interpreter_init(&interpreter, &slot->model, &wit_ops_all, slot->arena,
                                  slot->arena_max, error);
  }
  if (status != WIT_OK) return status;
  slot->interpreter = interpreter;
  slot->arena_used = wit_interpreter_arena_used(interpreter);
  status = run_once(slot, error);
  if (status != WIT_OK) slot->interpreter = NULL;
  return status;
}

bool wit_model_slot_run(struct wit_model_slot *slot, const int8_t *input, int8_t *scores) {
  struct wit_error error;
  struct wit_tensor *in = wit_interpreter_input(slot->interpreter, 0);
  memcpy(in->data, input, in->size_bytes);
  if (wit_interpreter_invoke(slot->interpreter, &error) != WIT_OK) return false;
  memcpy(scores, wit_interpreter_output(slot->interpreter, 0)->data, slot->label_count);
  return true;
}
