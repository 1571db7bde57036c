/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_EXAMPLES_DEVICE_MODELS_H
#define TESTS_UNIT_EXAMPLES_DEVICE_MODELS_H
/* Classifiers that have made up their mind: one fully connected layer of zero
 * weights whose bias favours one label, and a softmax. */
#include <stdlib.h>

#include "examples/common/tflite_writer.h"
#include "tests/support/test.h"

struct decided_model {
  int32_t input_bytes;   /* 1960 for the device */
  int32_t outputs;       /* scores */
  const char *label[16]; /* written in order; NULL ends: may disagree with outputs */
  int32_t says;          /* the label that wins */
};

static inline uint8_t *make_decided_model(const struct decided_model *model, size_t *size) {
  static int8_t weights[16 * 2048];
  int32_t bias[16] = {0};
  float in_scale = 0.1f, weight_scale = 0.01f, bias_scale = in_scale * weight_scale;
  float logit_scale = 0.1f, out_scale = 1.0f / 256;
  int64_t minus_128 = -128, zero = 0;
  struct tflite_writer *writer = tflite_writer_create("made up its mind");
  bias[model->says] = 8000; /* 8.0: softmax near 1 */
  int32_t in =
      tflite_writer_add_tensor(writer, &(struct tflite_tensor){.name = "in",
                                                               .type = TFLITE_INT8,
                                                               .shape = {1, model->input_bytes},
                                                               .rank = 2,
                                                               .scale = &in_scale,
                                                               .zero_point = &minus_128,
                                                               .channels = 1});
  int32_t filter = tflite_writer_add_tensor(
      writer, &(struct tflite_tensor){.name = "filter",
                                      .type = TFLITE_INT8,
                                      .shape = {model->outputs, model->input_bytes},
                                      .rank = 2,
                                      .scale = &weight_scale,
                                      .zero_point = &zero,
                                      .channels = 1,
                                      .data = weights,
                                      .data_size = (size_t)(model->outputs * model->input_bytes)});
  int32_t biases = tflite_writer_add_tensor(
      writer, &(struct tflite_tensor){.name = "bias",
                                      .type = TFLITE_INT32,
                                      .shape = {model->outputs},
                                      .rank = 1,
                                      .scale = &bias_scale,
                                      .zero_point = &zero,
                                      .channels = 1,
                                      .data = bias,
                                      .data_size = (size_t)model->outputs * sizeof bias[0]});
  int32_t logits =
      tflite_writer_add_tensor(writer, &(struct tflite_tensor){.name = "logits",
                                                               .type = TFLITE_INT8,
                                                               .shape = {1, model->outputs},
                                                               .rank = 2,
                                                               .scale = &logit_scale,
                                                               .zero_point = &zero,
                                                               .channels = 1});
  int32_t out =
      tflite_writer_add_tensor(writer, &(struct tflite_tensor){.name = "out",
                                                               .type = TFLITE_INT8,
                                                               .shape = {1, model->outputs},
                                                               .rank = 2,
                                                               .scale = &out_scale,
                                                               .zero_point = &minus_128,
                                                               .channels = 1});
  tflite_writer_add_operator(
      writer, &(struct tflite_operator){.code = TFLITE_FULLY_CONNECTED,
                                        .version = 4,
                                        .inputs = (int32_t[]){in, filter, biases},
                                        .input_count = 3,
                                        .outputs = &logits,
                                        .output_count = 1,
                                        .options = {.table = TFLITE_OPTIONS_FULLY_CONNECTED}});
  tflite_writer_add_operator(
      writer, &(struct tflite_operator){
                  .code = TFLITE_SOFTMAX,
                  .version = 2,
                  .inputs = &logits,
                  .input_count = 1,
                  .outputs = &out,
                  .output_count = 1,
                  .options = {.table = TFLITE_OPTIONS_SOFTMAX,
                              .field = {{.id = 0, .kind = TFLITE_FIELD_FLOAT, .number = 1}},
                              .count = 1}});
  tflite_writer_set_inputs(writer, &in, 1);
  tflite_writer_set_outputs(writer, &out, 1);
  size_t labels = 0;
  while (model->label[labels]) labels++;
  if (labels > 0) tflite_writer_add_labels(writer, model->label, labels);
  uint8_t *file = tflite_writer_finish(writer, size);
  tflite_writer_destroy(writer);
  assert_non_null(file);
  return file;
}
#endif
