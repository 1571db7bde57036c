/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/bad_models.h"

#include <stdlib.h>
#include <string.h>

#include "examples/common/tflite_writer.h"
#include "tests/support/test.h"
#include "wit/inspect.h"
#include "wit/wit.h"

const char *bad_model_name(enum bad_model kind) {
  static const char *const names[BAD_MODEL_KINDS] = {
      "flipped weights", "swapped labels", "wrong scale", "wrong shape", "truncated",
      "too big",         "unknown op",     "no test",     "broken test", "arena"};
  return names[kind];
}

struct bad {
  uint8_t *file;
  size_t size;
  struct wit_model model; /* of file */
  uint32_t random;
};

static uint32_t next_random(struct bad *bad) {
  bad->random = bad->random * 1664525u + 1013904223u;
  return bad->random >> 8;
}

/* What the model only lends, to write to. */
static uint8_t *writable(struct bad *bad, const void *inside) {
  return bad->file + ((const uint8_t *)inside - bad->file);
}

/* Weights: constants of 8 bits. Byte `at` of all of them together; NULL past the end. */
static uint8_t *weight_at(struct bad *bad, size_t at) {
  struct wit_constant constant;
  struct wit_tensor tensor;
  for (size_t i = 0; wit_inspect_tensor(&bad->model, i, &tensor); i++) {
    if (tensor.type != WIT_INT8 || !wit_inspect_constant(&bad->model, i, &constant)) continue;
    if (at < constant.size_bytes) return writable(bad, constant.data + at);
    at -= constant.size_bytes;
  }
  return NULL;
}

static size_t weight_count(struct bad *bad) {
  size_t count = 0;
  struct wit_constant constant;
  struct wit_tensor tensor;
  for (size_t i = 0; wit_inspect_tensor(&bad->model, i, &tensor); i++) {
    if (tensor.type == WIT_INT8 && wit_inspect_constant(&bad->model, i, &constant)) {
      count += constant.size_bytes;
    }
  }
  return count;
}

static void flip_weights(struct bad *bad, size_t amount) {
  size_t count = weight_count(bad);
  assert_true(count > 0);
  for (size_t i = 0; count > 0 && i < amount; i++) {
    uint8_t *weight = weight_at(bad, next_random(bad) % count);
    *weight ^= (uint8_t)(1 + next_random(bad) % 255);
  }
}

/* The last two: "yes\nno" becomes "no\nyes". */
static void swap_labels(struct bad *bad) {
  const char *a, *b;
  size_t a_length, b_length, count = wit_model_label_count(&bad->model);
  char text[128];
  assert_int_equal(wit_model_label_source(&bad->model), WIT_LABELS_GODWIT);
  assert_true(count >= 2);
  wit_model_label(&bad->model, count - 2, &a, &a_length);
  wit_model_label(&bad->model, count - 1, &b, &b_length);
  int size = snprintf(text, sizeof text, "%.*s\n%.*s", (int)b_length, b, (int)a_length, a);
  assert_int_equal(size, (int)(a_length + 1 + b_length));
  memcpy(writable(bad, a), text, (size_t)size);
}

static void double_scale(struct bad *bad) {
  struct wit_constant constant;
  struct wit_tensor tensor;
  for (size_t i = 0; wit_inspect_tensor(&bad->model, i, &tensor); i++) {
    if (tensor.type != WIT_INT8 || !wit_inspect_constant(&bad->model, i, &constant)) continue;
    for (size_t channel = 0; channel < constant.channel_count; channel++) {
      float scale = 2 * wit_constant_scale(&constant, channel);
      memcpy(writable(bad, constant.scales + 4 * channel), &scale, 4);
    }
    return;
  }
  fail_msg("no quantised weights");
}

/* The entry gets another name of the same length. */
static void hide_entry(struct bad *bad, const char *name) {
  const char *found;
  const uint8_t *data;
  size_t size;
  for (size_t i = 0; wit_inspect_metadata(&bad->model, i, &found, &data, &size); i++) {
    if (strcmp(found, name) == 0) {
      writable(bad, found)[0] = 'G';
      return;
    }
  }
  fail_msg("the good model has no %s", name);
}

static uint8_t *entry_bytes(struct bad *bad, const char *name, size_t *size) {
  const uint8_t *data;
  if (!wit_model_metadata(&bad->model, name, &data, size)) {
    fail_msg("the good model has no %s", name);
  }
  return writable(bad, data);
}

static void break_test(struct bad *bad) {
  size_t size;
  uint8_t *test = entry_bytes(bad, "godwit.selftest", &size);
  test[28] = (uint8_t)(test[28] + 1); /* one case more than there is */
}

static void understate_arena(struct bad *bad) {
  size_t size;
  uint8_t *text = entry_bytes(bad, "godwit.arena", &size);
  memset(text, '0', size - 1);
}

static int32_t add_tensor(struct tflite_writer *writer, int32_t count, float scale, int64_t zero) {
  return tflite_writer_add_tensor(writer, &(struct tflite_tensor){.type = TFLITE_INT8,
                                                                  .shape = {1, count},
                                                                  .rank = 2,
                                                                  .scale = &scale,
                                                                  .zero_point = &zero,
                                                                  .channels = 1});
}

/* 10 in, 4 scores out: a sound network that no application of the good one feeds. */
static uint8_t *other_network(int32_t code, size_t *size) {
  static const char *const labels[] = {"silence", "unknown", "yes", "no"};
  static const int32_t wide[2] = {1, 10};
  static const int8_t weights[40] = {1, 2, 3};
  static const float scale = 0.01f;
  static const int64_t zero = 0;
  struct tflite_writer *writer = tflite_writer_create("another network");
  int32_t in = add_tensor(writer, 10, 0.5f, -128), mid = add_tensor(writer, 4, 0.25f, 0);
  int32_t out = add_tensor(writer, 4, 1.0f / 256, -128);
  int32_t filter = tflite_writer_add_tensor(writer, &(struct tflite_tensor){.type = TFLITE_INT8,
                                                                            .shape = {4, wide[1]},
                                                                            .rank = 2,
                                                                            .scale = &scale,
                                                                            .zero_point = &zero,
                                                                            .channels = 1,
                                                                            .data = weights,
                                                                            .data_size = 40});
  int32_t operands[3] = {in, filter, -1};
  struct tflite_operator dense = {.code = code,
                                  .custom_code = code == TFLITE_CUSTOM ? "Nobody" : NULL,
                                  .inputs = operands,
                                  .input_count = 3,
                                  .outputs = &mid,
                                  .output_count = 1,
                                  .options = {.table = TFLITE_OPTIONS_FULLY_CONNECTED}};
  if (code == TFLITE_CUSTOM) dense.options.table = TFLITE_OPTIONS_NONE;
  tflite_writer_add_operator(writer, &dense);
  tflite_writer_add_operator(
      writer, &(struct tflite_operator){
                  .code = TFLITE_SOFTMAX,
                  .inputs = &mid,
                  .input_count = 1,
                  .outputs = &out,
                  .output_count = 1,
                  .options = {.table = TFLITE_OPTIONS_SOFTMAX,
                              .field = {{.id = 0, .kind = TFLITE_FIELD_FLOAT, .number = 1}},
                              .count = 1}});
  tflite_writer_set_inputs(writer, &in, 1);
  tflite_writer_set_outputs(writer, &out, 1);
  tflite_writer_add_labels(writer, labels, 4);
  uint8_t *file = tflite_writer_finish(writer, size);
  tflite_writer_destroy(writer);
  assert_non_null(file);
  return file;
}

uint8_t *bad_model_make(enum bad_model kind, const uint8_t *good, size_t size, size_t amount,
                        uint32_t seed, size_t *out_size) {
  if (kind == BAD_MODEL_WRONG_SHAPE) return other_network(TFLITE_FULLY_CONNECTED, out_size);
  if (kind == BAD_MODEL_UNKNOWN_OP) return other_network(TFLITE_CUSTOM, out_size);
  size_t room = kind == BAD_MODEL_TOO_BIG ? (amount ? amount : 1u << 20) : 0;
  uint8_t *file = calloc(1, size + room);
  struct bad bad = {.file = file, .size = size, .random = seed};
  assert_non_null(file);
  memcpy(file, good, size);
  assert_int_equal(wit_model_open(&bad.model, bad.file, size, NULL), WIT_OK);
  if (kind == BAD_MODEL_FLIPPED_WEIGHTS) flip_weights(&bad, amount ? amount : 16);
  if (kind == BAD_MODEL_SWAPPED_LABELS) swap_labels(&bad);
  if (kind == BAD_MODEL_WRONG_SCALE) double_scale(&bad);
  if (kind == BAD_MODEL_NO_TEST) hide_entry(&bad, "godwit.selftest");
  if (kind == BAD_MODEL_BROKEN_TEST) break_test(&bad);
  if (kind == BAD_MODEL_ARENA) understate_arena(&bad);
  *out_size = kind == BAD_MODEL_TRUNCATED ? size / 2 : size + room;
  return file;
}
