/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/micro_speech/train/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool refuse(struct model *model, const char *why) {
  fprintf(stderr, "cannot use the model: %s\n", why);
  model_close(model);
  return false;
}

static bool take_labels(struct model *model) {
  model->label_count = wit_model_label_count(&model->file);
  if (model->label_count < DATASET_FIRST_WORD || model->label_count > DATASET_LABELS_MAX) {
    return false;
  }
  for (size_t i = 0; i < model->label_count; i++) {
    const char *text;
    size_t length;
    if (!wit_model_label(&model->file, i, &text, &length)) return false;
    if (length > DATASET_NAME_MAX) length = DATASET_NAME_MAX;
    memcpy(model->label[i], text, length);
    model->label[i][length] = 0;
  }
  return true;
}

static bool plan(struct model *model, struct wit_error *error) {
  wit_interpreter_init(&model->interpreter, &model->file, &wit_ops_all, NULL, 0, error);
  if (error->status != WIT_ERR_ARENA) return false;
  size_t size =
      (error->arena_needed_bytes + WIT_ARENA_ALIGNMENT - 1) & ~(size_t)(WIT_ARENA_ALIGNMENT - 1);
  model->arena = aligned_alloc(WIT_ARENA_ALIGNMENT, size);
  if (!model->arena) return false;
  return wit_interpreter_init(&model->interpreter, &model->file, &wit_ops_all, model->arena, size,
                              error) == WIT_OK;
}

bool model_open(struct model *model, const void *data, size_t size) {
  struct wit_error error = {0};
  memset(model, 0, sizeof *model);
  if (wit_model_open(&model->file, data, size, &error) != WIT_OK) {
    return refuse(model, error.message);
  }
  if (!take_labels(model)) return refuse(model, "it has no labels, or too many");
  if (wit_model_check_labels(&model->file, &error) != WIT_OK || !plan(model, &error)) {
    return refuse(model, error.message);
  }
  const struct wit_tensor *in = wit_interpreter_input(model->interpreter, 0);
  const struct wit_tensor *out = wit_interpreter_output(model->interpreter, 0);
  if (!in || !out || in->type != WIT_INT8 || in->size_bytes != NET_INPUT_BYTES ||
      out->type != WIT_INT8 || out->size_bytes != model->label_count) {
    return refuse(model, "it does not take 49 rows of 40 int8 features and give int8 scores");
  }
  model->arena_used = wit_interpreter_arena_used(model->interpreter);
  return true;
}

void model_close(struct model *model) {
  free(model->arena);
  model->arena = NULL;
  model->interpreter = NULL;
}

bool model_classify(void *context, const int8_t window[NET_INPUT_BYTES], int8_t *scores) {
  struct model *model = context;
  struct wit_error error;
  memcpy(wit_interpreter_input(model->interpreter, 0)->data, window, NET_INPUT_BYTES);
  if (wit_interpreter_invoke(model->interpreter, &error) != WIT_OK) {
    fprintf(stderr, "cannot run the model: %s\n", error.message);
    return false;
  }
  memcpy(scores, wit_interpreter_output(model->interpreter, 0)->data, model->label_count);
  return true;
}
