/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli/evaluate.h"
#include "cli/inspect.h"
#include "cli/session.h"
#include "wit_audio/frontend.h"

#define FEATURES (WIT_AUDIO_MODEL_ROWS * WIT_AUDIO_CHANNELS)

/* 1x1960, 1x49x40 or 1x49x40x1: the same bytes. */
static bool is_audio(const struct wit_tensor *in) {
  const struct wit_shape *s = &in->shape;
  if (s->rank < 2 || s->dim[0] != 1) return false;
  if (s->rank == 2) return s->dim[1] == FEATURES;
  return s->dim[1] == WIT_AUDIO_MODEL_ROWS && s->dim[2] == WIT_AUDIO_CHANNELS &&
         (s->rank == 3 || (s->rank == 4 && s->dim[3] == 1));
}

static bool is_image(const struct wit_tensor *in) {
  const struct wit_shape *s = &in->shape;
  return s->rank == 4 && s->dim[0] == 1 && (s->dim[3] == 1 || s->dim[3] == 3);
}

static int check_input(struct cli_session *session, struct cli_judged *judged) {
  const struct wit_tensor *in = &judged->input_tensor;
  if (is_audio(in)) {
    judged->input = CLI_INPUT_AUDIO;
    if (in->type == WIT_INT8) return CLI_OK;
    return cli_fail(session,
                    "%s takes audio features as %s, the front end makes int8; quantise the model",
                    judged->name, wit_type_name((int)in->type));
  }
  if (is_image(in)) {
    judged->input = CLI_INPUT_IMAGE;
    if (in->type == WIT_INT8 || in->type == WIT_UINT8 || in->type == WIT_FLOAT32) return CLI_OK;
    return cli_fail(session, "%s takes pictures as %s; int8, uint8 and float32 can be evaluated",
                    judged->name, wit_type_name((int)in->type));
  }
  return cli_fail(session,
                  "%s takes neither 49x40 audio features nor pictures of 1 or 3 channels; "
                  "`godwit model inspect` shows its input",
                  judged->name);
}

/* One score a label, in the last dimension. */
static int check_output(struct cli_session *session, struct cli_judged *judged) {
  const struct wit_tensor *out = &judged->output_tensor;
  size_t last = out->shape.rank > 0 ? (size_t)out->shape.dim[out->shape.rank - 1] : 0, count = 1;
  for (int32_t i = 0; i < out->shape.rank; i++) count *= (size_t)out->shape.dim[i];
  bool type = out->type == WIT_INT8 || out->type == WIT_UINT8 || out->type == WIT_FLOAT32;
  if (!type || last != count || count < 2 || count > CLI_JUDGED_LABELS_MAX) {
    return cli_fail(session,
                    "the output of %s is no list of 2 to %d scores in int8, uint8 or float32; "
                    "only classifiers can be evaluated",
                    judged->name, CLI_JUDGED_LABELS_MAX);
  }
  judged->label_count = count;
  return CLI_OK;
}

static int take_labels(struct cli_session *session, struct cli_judged *judged) {
  judged->has_labels = wit_model_label_count(&judged->model) > 0;
  judged->silence = judged->unknown = -1;
  judged->label = calloc(judged->label_count, sizeof *judged->label);
  for (size_t i = 0; judged->label != NULL && i < judged->label_count; i++) {
    char number[32];
    const char *text = number;
    size_t length = (size_t)snprintf(number, sizeof number, "%zu", i);
    if (judged->has_labels) wit_model_label(&judged->model, i, &text, &length);
    judged->label[i] = strndup(text, length);
    if (judged->label[i] == NULL) break;
    if (cli_label_is_silence(judged->label[i])) judged->silence = (int32_t)i;
    if (cli_label_is_unknown(judged->label[i])) judged->unknown = (int32_t)i;
  }
  if (judged->label != NULL && judged->label[judged->label_count - 1] != NULL) return CLI_OK;
  return cli_fail(session, "no memory for the labels of %s; close other programs", judged->name);
}

static int examine(struct cli_session *session, struct cli_judged *judged) {
  struct cli_verdict verdict;
  struct wit_tensor surplus;
  cli_model_check(judged->data, judged->size, &judged->model, &verdict);
  if (!verdict.runs) {
    return cli_fail(session, "no device can run %s: %s; `godwit model inspect` shows it",
                    judged->name, verdict.error.message);
  }
  judged->arena_bytes = verdict.arena_bytes;
  if (!wit_model_input(&judged->model, 0, &judged->input_tensor) ||
      !wit_model_output(&judged->model, 0, &judged->output_tensor) ||
      wit_model_input(&judged->model, 1, &surplus)) {
    return cli_fail(session, "%s has not one input; only classifiers of one can be evaluated",
                    judged->name);
  }
  int status = check_input(session, judged);
  if (status == CLI_OK) status = check_output(session, judged);
  return status == CLI_OK ? take_labels(session, judged) : status;
}

int cli_judged_open(struct cli_session *session, const char *name, void *data, size_t size,
                    struct cli_judged *judged) {
  memset(judged, 0, sizeof *judged);
  judged->data = data;
  judged->size = size;
  judged->name = strdup(name);
  int status = judged->name != NULL ? examine(session, judged)
                                    : cli_fail(session, "no memory; close other programs");
  if (status != CLI_OK) cli_judged_close(judged);
  return status;
}

void cli_judged_close(struct cli_judged *judged) {
  for (size_t i = 0; judged->label != NULL && i < judged->label_count; i++) free(judged->label[i]);
  free(judged->label);
  free(judged->name);
  free(judged->data);
  memset(judged, 0, sizeof *judged);
}

int32_t cli_judged_label(const struct cli_judged *judged, const char *word) {
  for (size_t i = 0; i < judged->label_count; i++) {
    if (strcmp(judged->label[i], word) == 0) return (int32_t)i;
  }
  if (cli_label_is_silence(word) && judged->silence >= 0) return judged->silence;
  return judged->unknown;
}
