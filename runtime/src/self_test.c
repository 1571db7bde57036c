/* SPDX-License-Identifier: Apache-2.0 */
/* Replaying a model's self-test. The bytes are docs/spec/model.md's; everything
 * in them is checked in wit_self_test_info, so that a step only compares. */
#include "wit/self_test.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "runtime/src/checksum.h"
#include "runtime/src/error.h"
#include "runtime/src/flatbuffer.h"
#include "runtime/src/model.h"
#include "runtime/src/planner.h"

#define MAGIC "GST2"
#define HEADER_SIZE 32u
#define EXPECTED_NONE 0xffffu
#define LABEL_SHOWN_MAX 20u
/* Bytes that one step adds to the checksum. */
#define CHECKSUM_STEP 16384u

/* Bytes that are taken from the front. */
struct cursor {
  const uint8_t *at;
  size_t left;
  bool well;
};

static const uint8_t *take(struct cursor *cursor, uint64_t size) {
  const uint8_t *at = cursor->at;
  if (!cursor->well || size > cursor->left) {
    cursor->well = false;
    return NULL;
  }
  cursor->at += size;
  cursor->left -= (size_t)size;
  return at;
}

static uint8_t take_u8(struct cursor *cursor) {
  const uint8_t *at = take(cursor, 1);
  return at ? *at : 0;
}

static uint32_t take_u16(struct cursor *cursor) {
  const uint8_t *at = take(cursor, 2);
  return at ? wit_load_u16(at) : 0;
}

static uint32_t take_u32(struct cursor *cursor) {
  const uint8_t *at = take(cursor, 4);
  return at ? wit_load_u32(at) : 0;
}

static int refuse(struct wit_error *error, const char *what) {
  return wit_error_set(error, WIT_ERR_MALFORMED, -1, -1, "self-test: %s; pack the model again",
                       what);
}

/* ---- one case's parts -------------------------------------------------------- */

struct test_case {
  uint32_t expected; /* element of output 0 with the highest score; EXPECTED_NONE: any */
  const char *label; /* that element's label, as it was when packed */
  size_t label_length;
  struct cursor tensors; /* inputs, then outputs */
};

/* Any next case; cursor->well says whether there was one. */
static struct test_case take_case(struct cursor *cursor) {
  struct test_case one = {0};
  size_t size = take_u32(cursor);
  struct cursor inner = {.at = take(cursor, size), .left = size, .well = cursor->well};
  one.expected = take_u16(&inner);
  one.label_length = take_u8(&inner);
  one.label = (const char *)take(&inner, one.label_length);
  one.tensors = inner;
  cursor->well = inner.well;
  return one;
}

static bool is_one_byte(enum wit_type type) { return type == WIT_INT8 || type == WIT_UINT8; }

/* An input as it is stored: raw, or codes of 1 to 8 bits, which are stored or
 * made by a generator. */
struct stored_input {
  unsigned bits; /* 0: raw */
  bool random;
  uint8_t low, step;
  uint32_t seed;
  const uint8_t *data;
};

#define ENCODING_RANDOM 0x10u

static uint32_t element_size(enum wit_type type) {
  switch (type) {
    case WIT_INT16:
      return 2;
    case WIT_INT32:
    case WIT_FLOAT32:
      return 4;
    case WIT_INT64:
      return 8;
    default:
      return 1;
  }
}

static bool has_codes(enum wit_type type) {
  return is_one_byte(type) || type == WIT_INT16 || type == WIT_FLOAT32;
}

static struct stored_input take_input(struct cursor *cursor, const struct wit_tensor *tensor) {
  unsigned encoding = take_u8(cursor);
  struct stored_input input = {.bits = encoding & ~ENCODING_RANDOM,
                               .random = (encoding & ENCODING_RANDOM) != 0};
  if (encoding == 0) {
    input.data = take(cursor, tensor->size_bytes);
    return input;
  }
  if (input.bits == 0 || input.bits > 8 || !has_codes(tensor->type)) cursor->well = false;
  input.low = take_u8(cursor);
  input.step = take_u8(cursor);
  if (input.random) {
    input.seed = take_u32(cursor);
  } else {
    uint64_t count = tensor->size_bytes / element_size(tensor->type);
    input.data = take(cursor, (count * input.bits + 7) / 8);
  }
  return input;
}

/* What a code's byte is in the tensor: itself, the upper half of an int16, or
 * a float32 from -1 to 1. Exact, and the same on every machine. */
static void put_element(uint8_t *out, enum wit_type type, uint8_t byte) {
  if (type == WIT_FLOAT32) {
    float value = (float)(int8_t)byte / 128;
    memcpy(out, &value, sizeof value);
  } else if (type == WIT_INT16) {
    int16_t value = (int16_t)((int8_t)byte * 256);
    memcpy(out, &value, sizeof value);
  } else {
    *out = byte;
  }
}

static void unpack_input(const struct stored_input *input, const struct wit_tensor *tensor) {
  uint32_t size = element_size(tensor->type), count = (uint32_t)tensor->size_bytes / size;
  uint32_t state = input->seed, window = 0;
  unsigned have = 0;
  const uint8_t *at = input->data;
  uint8_t *out = tensor->data;
  for (uint32_t i = 0; i < count; i++, out += size) {
    uint32_t code;
    if (input->random) {
      state = state * 1664525u + 1013904223u;
      code = state >> (32 - input->bits);
    } else {
      if (have < input->bits) {
        window |= (uint32_t)*at++ << have;
        have += 8;
      }
      code = window & ((1u << input->bits) - 1);
      window >>= input->bits;
      have -= input->bits;
    }
    put_element(out, tensor->type, (uint8_t)(input->low + input->step * code));
  }
}

/* ---- what the file says ---------------------------------------------------- */

static bool find_entry(const struct wit_model *model, struct cursor *cursor) {
  *cursor = (struct cursor){.well = true};
  return wit_model_metadata(model, WIT_SELF_TEST_METADATA, &cursor->at, &cursor->left);
}

static int read_header(struct cursor *cursor, struct wit_self_test_info *out,
                       struct wit_error *error) {
  out->size_bytes = cursor->left;
  const uint8_t *header = take(cursor, HEADER_SIZE);
  if (!header || memcmp(header, MAGIC, 4) != 0) return refuse(error, "not one of structure GST2");
  out->graph_checksum = wit_load_u32(header + 4);
  out->tolerance = wit_load_u32(header + 8);
  out->tolerance_float = wit_load_f32(header + 12);
  out->limit_us = wit_load_u32(header + 16);
  out->cost = wit_load_u64(header + 20);
  out->case_count = wit_load_u16(header + 28);
  if (wit_load_u16(header + 30) != 0) return refuse(error, "a field that must be 0 is not");
  if (!(out->tolerance_float >= 0 && out->tolerance_float <= FLT_MAX)) {
    return refuse(error, "its tolerance is not a number");
  }
  if (out->case_count == 0 || out->case_count > WIT_SELF_TEST_CASES_MAX) {
    return refuse(error, "its count of cases is not 1 to 64");
  }
  return WIT_OK;
}

static size_t score_count(const struct wit_tensor *output) {
  return output->size_bytes / element_size(output->type);
}

static int check_case(const struct wit_model *model, struct test_case *one,
                      struct wit_error *error) {
  struct wit_tensor tensor;
  for (size_t i = 0; wit_model_input(model, i, &tensor); i++) take_input(&one->tensors, &tensor);
  for (size_t i = 0; wit_model_output(model, i, &tensor); i++) {
    take(&one->tensors, tensor.size_bytes);
  }
  if (!one->tensors.well || one->tensors.left != 0) {
    return refuse(error, "a case does not fit the model's inputs and outputs");
  }
  if (one->expected == EXPECTED_NONE) return WIT_OK;
  if (!wit_model_output(model, 0, &tensor) || !has_codes(tensor.type) ||
      one->expected >= score_count(&tensor)) {
    return refuse(error, "a case expects a label that output 0 has no score for");
  }
  return WIT_OK;
}

/* Decimal; 0 where there is none or it is none. */
static size_t stated_arena(const struct wit_model *model) {
  const uint8_t *text;
  size_t size, bytes = 0;
  if (!wit_model_metadata(model, WIT_ARENA_METADATA, &text, &size)) return 0;
  for (size_t i = 0; i < size; i++) {
    if (text[i] < '0' || text[i] > '9' || bytes > UINT32_MAX / 20) return 0;
    bytes = bytes * 10 + (size_t)(text[i] - '0');
  }
  return bytes;
}

int wit_self_test_info(const struct wit_model *model, struct wit_self_test_info *out,
                       struct wit_error *error) {
  struct cursor cursor;
  memset(out, 0, sizeof *out);
  wit_error_clear(error);
  out->arena_bytes = stated_arena(model);
  if (!find_entry(model, &cursor)) {
    return wit_error_set(error, WIT_ERR_NO_TEST, -1, -1,
                         "the model carries no self-test; `godwit model pack` adds one");
  }
  int status = read_header(&cursor, out, error);
  for (uint32_t i = 0; status == WIT_OK && i < out->case_count; i++) {
    struct test_case one = take_case(&cursor);
    status = cursor.well ? check_case(model, &one, error) : refuse(error, "it ends inside a case");
  }
  if (status == WIT_OK && cursor.left != 0) status = refuse(error, "bytes behind the last case");
  return status;
}

bool wit_self_test_label(const struct wit_model *model, size_t index, const char **text,
                         size_t *length) {
  struct cursor cursor;
  struct wit_self_test_info info;
  if (wit_self_test_info(model, &info, NULL) != WIT_OK || index >= info.case_count) return false;
  find_entry(model, &cursor);
  take(&cursor, HEADER_SIZE);
  struct test_case one = take_case(&cursor);
  while (index-- > 0) one = take_case(&cursor);
  *text = one.label;
  *length = one.label_length;
  return true;
}

/* ---- the graph ----------------------------------------------------------------- */

struct segment {
  const uint8_t *data;
  uint32_t size;
};

static uint8_t *put_u32(uint8_t *out, uint32_t value) {
  for (int i = 0; i < 4; i++) *out++ = (uint8_t)(value >> 8 * i);
  return out;
}

#define ITEM_HEADER_MAX 48u

/* Segment 0 to 3 of a tensor: what it is, scales, zero points, values. */
static struct segment tensor_segment(const struct wit_tensor_info *info, uint32_t index,
                                     uint8_t header[ITEM_HEADER_MAX]) {
  uint8_t *out = put_u32(put_u32(header, info->type), (uint32_t)info->shape.rank);
  for (int i = 0; i < WIT_RANK_MAX; i++) out = put_u32(out, (uint32_t)info->shape.dim[i]);
  out = put_u32(put_u32(out, info->channels), info->constant ? info->size_bytes : 0);
  switch (index) {
    case 0:
      return (struct segment){header, (uint32_t)(out - header)};
    case 1:
      return (struct segment){info->scales, 4 * info->channels};
    case 2:
      return (struct segment){info->zero_points, 8 * info->channels};
    default:
      return (struct segment){info->constant, info->constant ? info->size_bytes : 0};
  }
}

/* Segment 0 to 2 of an operator: which one, its inputs, its outputs. */
static struct segment operator_segment(const struct wit_model *model,
                                       const struct wit_operator_info *info, uint32_t index,
                                       uint8_t header[ITEM_HEADER_MAX]) {
  uint8_t *out = put_u32(header, (uint32_t)info->builtin);
  out = put_u32(put_u32(out, info->inputs.count), info->outputs.count);
  switch (index) {
    case 0:
      return (struct segment){header, (uint32_t)(out - header)};
    case 1:
      return (struct segment){model->flatbuffer + info->inputs.position, 4 * info->inputs.count};
    case 2:
      return (struct segment){model->flatbuffer + info->outputs.position, 4 * info->outputs.count};
    default:
      return (struct segment){0};
  }
}

#define SEGMENTS 4u

static bool next_segment(const struct wit_self_test *test, uint8_t header[ITEM_HEADER_MAX],
                         struct segment *out) {
  struct wit_subgraph graph = wit_model_subgraph(test->model, 0);
  if (test->item < graph.tensors.count) {
    struct wit_tensor_info info = wit_model_tensor(test->model, &graph, test->item);
    *out = tensor_segment(&info, test->segment, header);
    return true;
  }
  uint32_t op = test->item - graph.tensors.count;
  if (op >= graph.operators.count) return false;
  struct wit_operator_info info = wit_model_operator(test->model, &graph, op);
  *out = operator_segment(test->model, &info, test->segment, header);
  return true;
}

static void begin_checksum(struct wit_self_test *test) {
  test->item = test->segment = test->offset = 0;
  test->checksum = WIT_CHECKSUM_BEGIN;
  /* Tensors may share buffers: a hostile file of a few kilobytes could ask for
   * hours of reading. The headers are not counted: there are 4,096 at most. */
  test->budget = 4 * (uint64_t)test->model->flatbuffer_size;
}

/* Adds some bytes. WIT_SELF_TEST_MORE, or WIT_OK when test->checksum is whole. */
static int step_checksum(struct wit_self_test *test, struct wit_error *error) {
  uint8_t header[ITEM_HEADER_MAX];
  struct segment segment;
  uint32_t room = CHECKSUM_STEP;
  while (room > 0) {
    if (!next_segment(test, header, &segment)) return WIT_OK;
    uint32_t left = segment.size - test->offset;
    uint32_t size = left < room ? left : room;
    if (size > test->budget) return refuse(error, "its tensors share their bytes too often");
    if (test->segment > 0) test->budget -= size;
    if (size > 0) {
      test->checksum = wit_checksum_add(test->checksum, segment.data + test->offset, size);
    }
    test->offset += size;
    room -= size;
    if (size < left) break;
    test->offset = 0;
    if (++test->segment == SEGMENTS) {
      test->segment = 0;
      test->item++;
    }
  }
  return WIT_SELF_TEST_MORE;
}

int wit_graph_checksum(const struct wit_model *model, uint32_t *checksum, struct wit_error *error) {
  struct wit_self_test test = {.model = model};
  int status = WIT_SELF_TEST_MORE;
  begin_checksum(&test);
  while (status == WIT_SELF_TEST_MORE) status = step_checksum(&test, error);
  *checksum = wit_checksum_end(test.checksum);
  return status;
}

static int check_graph(struct wit_self_test *test, struct wit_error *error) {
  int status = step_checksum(test, error);
  if (status != WIT_OK) return status;
  test->item = UINT32_MAX;
  if (wit_checksum_end(test->checksum) == test->info.graph_checksum) return WIT_SELF_TEST_MORE;
  return wit_error_set(error, WIT_ERR_TEST_OUTPUT, -1, -1,
                       "self-test: weights, shapes or scales are not those that were packed");
}

/* An output after invoke. */
struct output {
  enum wit_type type;
  size_t size_bytes;
  const uint8_t *data;
};

/* ---- comparing ---------------------------------------------------------------- */

static int64_t load_integer(const uint8_t *at, enum wit_type type) {
  switch (type) {
    case WIT_INT8:
      return (int8_t)*at;
    case WIT_INT16:
      return (int16_t)wit_load_u16(at);
    case WIT_INT32:
      return (int32_t)wit_load_u32(at);
    case WIT_INT64:
      return (int64_t)wit_load_u64(at);
    default:
      return *at; /* uint8 and what else is a byte */
  }
}

static uint32_t integer_distance(const uint8_t *a, const uint8_t *b, enum wit_type type) {
  int64_t x = load_integer(a, type), y = load_integer(b, type);
  uint64_t distance = x > y ? (uint64_t)x - (uint64_t)y : (uint64_t)y - (uint64_t)x;
  return distance > UINT32_MAX ? UINT32_MAX : (uint32_t)distance;
}

/* NaN is as good as NaN, and like nothing else. */
static bool floats_agree(float a, float b, float tolerance) {
  if (a == b) return true;
  return fabsf(a - b) <= tolerance || (a != a && b != b);
}

/* Other types (int4, bool, 64 bits) are compared byte by byte and exactly. */
static uint32_t tolerance_of(const struct wit_self_test *test, enum wit_type type) {
  bool takes = is_one_byte(type) || type == WIT_INT16 || type == WIT_INT32 || type == WIT_INT64;
  return takes ? test->info.tolerance : 0;
}

/* The first element that differs by more than the tolerance; -1: none does. */
static int32_t find_difference(struct wit_self_test *test, const struct output *output,
                               const uint8_t *expected, uint32_t *distance) {
  const uint8_t *actual = output->data;
  bool is_float = output->type == WIT_FLOAT32;
  uint32_t size = element_size(output->type);
  uint32_t count = (uint32_t)output->size_bytes / size;
  int32_t first = -1;
  for (uint32_t i = 0; i < count; i++, actual += size, expected += size) {
    bool agrees;
    *distance = 0;
    if (is_float) {
      agrees =
          floats_agree(wit_load_f32(actual), wit_load_f32(expected), test->info.tolerance_float);
    } else {
      *distance = integer_distance(actual, expected, output->type);
      agrees = *distance <= tolerance_of(test, output->type);
    }
    if (*distance > test->report.largest_difference) test->report.largest_difference = *distance;
    if (!agrees && first < 0) first = (int32_t)i;
  }
  return first;
}

static int compare_output(struct wit_self_test *test, uint32_t index, const struct output *output,
                          const uint8_t *expected, struct wit_error *error) {
  uint32_t distance;
  int32_t element = find_difference(test, output, expected, &distance);
  if (element < 0) return WIT_OK;
  return wit_error_set(error, WIT_ERR_TEST_OUTPUT, -1, -1,
                       "self-test: case %u: output %u differs at element %d (by %u at most, "
                       "allowed %u)",
                       test->report.cases_passed, index, element, test->report.largest_difference,
                       test->info.tolerance);
}

static float score_at(const struct output *output, uint32_t index) {
  const uint8_t *data = output->data;
  data += (size_t)element_size(output->type) * index;
  if (output->type == WIT_FLOAT32) return wit_load_f32(data);
  return (float)load_integer(data, output->type);
}

/* As high as any other, but for what the tolerance lets both be off. */
static bool is_highest(const struct wit_self_test *test, const struct output *output,
                       uint32_t index) {
  float slack =
      output->type == WIT_FLOAT32 ? test->info.tolerance_float : (float)test->info.tolerance;
  float score = score_at(output, index) + 2 * slack;
  for (uint32_t i = 0; i < output->size_bytes / element_size(output->type); i++) {
    if (score_at(output, i) > score) return false;
  }
  return true;
}

static void shorten(char out[LABEL_SHOWN_MAX + 1], const char *text, size_t length) {
  if (length > LABEL_SHOWN_MAX) length = LABEL_SHOWN_MAX;
  memcpy(out, text, length);
  out[length] = 0;
}

static int check_label(struct wit_self_test *test, const struct test_case *one,
                       const struct output *output, struct wit_error *error) {
  char is[LABEL_SHOWN_MAX + 1], expected[LABEL_SHOWN_MAX + 1];
  const char *text = "";
  size_t length = 0;
  if (one->expected == EXPECTED_NONE) return WIT_OK;
  shorten(expected, one->label, one->label_length);
  if (one->label_length > 0) wit_model_label(test->model, one->expected, &text, &length);
  if (length != one->label_length || memcmp(text, one->label, length) != 0) {
    shorten(is, text, length);
    return wit_error_set(error, WIT_ERR_TEST_OUTPUT, -1, -1,
                         "self-test: label %u is \"%s\", it was \"%s\" when packed", one->expected,
                         is, expected);
  }
  if (is_highest(test, output, one->expected)) return WIT_OK;
  return wit_error_set(error, WIT_ERR_TEST_OUTPUT, -1, -1,
                       "self-test: case %u: \"%s\" (output %u) has not the highest score",
                       test->report.cases_passed, expected, one->expected);
}

/* ---- running ------------------------------------------------------------------- */

static void note_time(struct wit_self_test_report *report, uint64_t us) {
  uint32_t capped = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
  if (report->cases_passed == 0 || capped < report->fastest_us) report->fastest_us = capped;
  if (capped > report->slowest_us) report->slowest_us = capped;
}

static int invoke(struct wit_self_test *test, struct wit_error *error) {
  const struct wit_self_test_clock *clock = test->clock;
  uint64_t begin = clock ? clock->now_us(clock->arg) : 0;
  int status = test->runner.invoke(test->runner.arg);
  if (clock) note_time(&test->report, clock->now_us(clock->arg) - begin);
  if (status == 0) return WIT_OK;
  return wit_error_set(error, WIT_ERR_RUNTIME, -1, -1,
                       "self-test: case %u: an op refused its input", test->report.cases_passed);
}

static void reset(struct wit_self_test *test) {
  if (test->runner.reset) test->runner.reset(test->runner.arg);
}

/* The bytes were checked before; false where they changed meanwhile. */
static bool put_inputs(struct wit_self_test *test, struct cursor *cursor) {
  struct wit_tensor tensor;
  for (size_t i = 0; wit_model_input(test->model, i, &tensor); i++) {
    struct stored_input input = take_input(cursor, &tensor);
    if (!cursor->well) return false;
    tensor.data = test->runner.input(test->runner.arg, i);
    if (input.bits == 0) { /* raw */
      memcpy(tensor.data, input.data, tensor.size_bytes);
    } else {
      unpack_input(&input, &tensor);
    }
  }
  return true;
}

static int check_output(struct wit_self_test *test, uint32_t index, const struct test_case *one,
                        const struct wit_tensor *declared, const uint8_t *expected,
                        struct wit_error *error) {
  struct output output = {declared->type, declared->size_bytes,
                          test->runner.output(test->runner.arg, index)};
  int status = compare_output(test, index, &output, expected, error);
  return status || index > 0 ? status : check_label(test, one, &output, error);
}

static int run_case(struct wit_self_test *test, struct wit_error *error) {
  static const char changed[] = "it changed while it was run";
  struct cursor cursor = {.at = test->next_case, .left = SIZE_MAX, .well = true};
  struct test_case one = take_case(&cursor);
  struct wit_tensor output;
  if (!cursor.well) return refuse(error, changed);
  reset(test);
  if (!put_inputs(test, &one.tensors)) return refuse(error, changed);
  int status = invoke(test, error);
  for (size_t i = 0; !status && wit_model_output(test->model, i, &output); i++) {
    const uint8_t *expected = take(&one.tensors, output.size_bytes);
    if (!expected) return refuse(error, changed);
    status = check_output(test, (uint32_t)i, &one, &output, expected, error);
  }
  test->next_case = cursor.at;
  return status;
}

/* An interrupt or another task may slow any one inference: the fastest counts. */
static int check_time(const struct wit_self_test *test, struct wit_error *error) {
  if (!test->clock) return WIT_OK;
  uint32_t limit = test->info.limit_us, own = test->clock->limit_us;
  if (own > 0 && (limit == 0 || own < limit)) limit = own;
  if (limit == 0 || test->report.fastest_us <= limit) return WIT_OK;
  return wit_error_set(error, WIT_ERR_TEST_TIME, -1, -1,
                       "self-test: an inference takes %u us, the limit is %u",
                       test->report.fastest_us, limit);
}

static int end(struct wit_self_test *test, int status) {
  reset(test);
  return status;
}

static int check_arena(const struct wit_self_test *test, struct wit_error *error) {
  const struct wit_self_test_report *report = &test->report;
  /* Without the copies less is rounded up. */
  size_t own = report->arena_used - test->runner.arena_copies;
  if (report->arena_stated == 0 || own <= report->arena_stated + WIT_PLAN_ALIGNMENT) return WIT_OK;
  return wit_error_set(error, WIT_ERR_TEST_ARENA, -1, -1,
                       "self-test: the arena in use is %u bytes, the model says %u", (uint32_t)own,
                       (uint32_t)report->arena_stated);
}

int wit_self_test_begin_with(struct wit_self_test *test, const struct wit_self_test_runner *runner,
                             const struct wit_model *model, const struct wit_self_test_clock *clock,
                             struct wit_error *error) {
  struct cursor cursor;
  memset(test, 0, sizeof *test);
  test->runner = *runner;
  test->model = model;
  test->clock = clock;
  int status = wit_self_test_info(model, &test->info, error);
  test->report.case_count = test->info.case_count;
  test->report.cost = runner->cost;
  test->report.arena_used = runner->arena_used;
  test->report.arena_stated = test->info.arena_bytes;
  if (status == WIT_OK) status = check_arena(test, error);
  if (status != WIT_OK) return status;
  find_entry(model, &cursor);
  take(&cursor, HEADER_SIZE);
  test->next_case = cursor.at;
  begin_checksum(test);
  return WIT_OK;
}

int wit_self_test_step(struct wit_self_test *test, struct wit_error *error) {
  if (test->item != UINT32_MAX) return check_graph(test, error);
  int status = run_case(test, error);
  if (status != WIT_OK) return end(test, status);
  if (++test->report.cases_passed < test->report.case_count) return WIT_SELF_TEST_MORE;
  return end(test, check_time(test, error));
}
