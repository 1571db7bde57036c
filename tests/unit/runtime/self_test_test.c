/* SPDX-License-Identifier: Apache-2.0 */
#include "wit/self_test.h"

#include <stdlib.h>

#include "tests/support/test.h"
#include "tests/unit/runtime/models.h"

/* ---- a model with a test, byte by byte as docs/spec/model.md has it ------------- */

#define ENTRY_MAX 1024u
#define HEADER_BYTES 32u

struct entry {
  uint8_t bytes[ENTRY_MAX];
  size_t size;
};

static void put(struct entry *entry, const void *data, size_t size) {
  assert_true(entry->size + size <= ENTRY_MAX);
  memcpy(entry->bytes + entry->size, data, size);
  entry->size += size;
}

static void put_number(struct entry *entry, uint64_t value, size_t bytes) {
  uint8_t out[8];
  for (size_t i = 0; i < bytes; i++) out[i] = (uint8_t)(value >> 8 * i);
  put(entry, out, bytes);
}

struct header {
  uint32_t checksum, tolerance, limit_us;
  float tolerance_float;
  uint64_t cost;
  uint16_t cases;
};

static struct entry begin_entry(const struct header *header) {
  struct entry entry = {0};
  uint32_t bits;
  memcpy(&bits, &header->tolerance_float, 4);
  put(&entry, "GST2", 4);
  put_number(&entry, header->checksum, 4);
  put_number(&entry, header->tolerance, 4);
  put_number(&entry, bits, 4);
  put_number(&entry, header->limit_us, 4);
  put_number(&entry, header->cost, 8);
  put_number(&entry, header->cases, 2);
  put_number(&entry, 0, 2);
  return entry;
}

/* `data`: encoded inputs, then outputs. */
static void put_case(struct entry *entry, uint16_t expected, const char *label, const void *data,
                     size_t size) {
  put_number(entry, 3 + strlen(label) + size, 4);
  put_number(entry, expected, 2);
  put_number(entry, strlen(label), 1);
  put(entry, label, strlen(label));
  put(entry, data, size);
}

/* The classifier of models.h with labels and this entry. */
static uint8_t *packed(const struct entry *entry, const char *arena, const char *labels,
                       size_t *size) {
  struct tflite_writer *writer = classifier_writer();
  tflite_writer_add_metadata(writer, "godwit.labels", labels, strlen(labels));
  if (entry != NULL)
    tflite_writer_add_metadata(writer, "godwit.selftest", entry->bytes, entry->size);
  if (arena != NULL) tflite_writer_add_metadata(writer, "godwit.arena", arena, strlen(arena));
  return finish_model(writer, size);
}

static uint32_t checksum_of(const uint8_t *file, size_t size) {
  struct wit_model model;
  uint32_t checksum;
  assert_int_equal(wit_model_open(&model, file, size, NULL), WIT_OK);
  assert_int_equal(wit_graph_checksum(&model, &checksum, NULL), WIT_OK);
  return checksum;
}

#define LABELS "silence\nyes\nno"
static const int8_t inputs[2][4] = {{-128, 20, 127, -100}, {0, 50, -70, 90}};

/* What the classifier really says to an input. */
static void run_classifier(const int8_t input[4], int8_t output[3]) {
  size_t size;
  void *arena;
  struct wit_model model;
  uint8_t *file = packed(NULL, NULL, LABELS, &size);
  struct wit_interpreter *interpreter = prepare_model(&model, file, size, &arena);
  memcpy(wit_interpreter_input(interpreter, 0)->data, input, 4);
  assert_int_equal(wit_interpreter_invoke(interpreter, NULL), WIT_OK);
  memcpy(output, wit_interpreter_output(interpreter, 0)->data, 3);
  free(arena);
  free(file);
}

static uint16_t highest(const int8_t output[3]) {
  uint16_t best = 0;
  for (uint16_t i = 1; i < 3; i++) {
    if (output[i] > output[best]) best = i;
  }
  return best;
}

static const char *const label_text[] = {"silence", "yes", "no"};

static struct header good_header(void) {
  size_t size;
  uint8_t *file = packed(NULL, NULL, LABELS, &size);
  struct header header = {.checksum = checksum_of(file, size), .cases = 2};
  free(file);
  return header;
}

/* Both inputs, raw, with what really comes out. */
static struct entry good_entry(const struct header *header) {
  struct entry entry = begin_entry(header);
  for (int i = 0; i < 2; i++) {
    int8_t data[1 + 4 + 3] = {0};
    memcpy(data + 1, inputs[i], 4);
    run_classifier(inputs[i], data + 5);
    put_case(&entry, highest(data + 5), label_text[highest(data + 5)], data, sizeof data);
  }
  return entry;
}

/* Opens, prepares, tests. */
static int test_file(const uint8_t *file, size_t size, const struct wit_self_test_clock *clock,
                     struct wit_self_test_report *report, struct wit_error *error) {
  void *arena;
  struct wit_model model;
  struct wit_interpreter *interpreter = prepare_model(&model, file, size, &arena);
  int status = wit_self_test_run(interpreter, &model, clock, report, error);
  free(arena);
  return status;
}

static int test_entry(const struct entry *entry, const char *arena, const char *labels,
                      struct wit_error *error) {
  size_t size;
  uint8_t *file = packed(entry, arena, labels, &size);
  int status = test_file(file, size, NULL, NULL, error);
  free(file);
  return status;
}

/* RELU of float32 [4]. */
static uint8_t *float_model(const struct entry *entry, size_t *size) {
  struct tflite_writer *writer = tflite_writer_create("relu");
  struct tflite_tensor tensor = {.type = TFLITE_FLOAT32, .shape = {4}, .rank = 1};
  int32_t in = tflite_writer_add_tensor(writer, &tensor);
  int32_t out = tflite_writer_add_tensor(writer, &tensor);
  tflite_writer_add_operator(writer, &(struct tflite_operator){.code = TFLITE_RELU,
                                                               .inputs = &in,
                                                               .input_count = 1,
                                                               .outputs = &out,
                                                               .output_count = 1});
  tflite_writer_set_inputs(writer, &in, 1);
  tflite_writer_set_outputs(writer, &out, 1);
  if (entry != NULL)
    tflite_writer_add_metadata(writer, "godwit.selftest", entry->bytes, entry->size);
  return finish_model(writer, size);
}

/* ---- passing --------------------------------------------------------------------- */

TEST(a_sound_model_passes_and_the_report_says_what_was_done) {
  struct header header = good_header();
  struct entry entry = good_entry(&header);
  struct wit_self_test_report report;
  struct wit_error error;
  size_t size;
  uint8_t *file = packed(&entry, "100000", LABELS, &size);
  assert_int_equal(test_file(file, size, NULL, &report, &error), WIT_OK);
  assert_int_equal(report.case_count, 2);
  assert_int_equal(report.cases_passed, 2);
  assert_int_equal(report.largest_difference, 0);
  assert_int_equal(report.fastest_us, 0);
  assert_int_equal(report.arena_stated, 100000);
  assert_true(report.arena_used > 0 && report.cost > 0);
  free(file);
}

TEST(a_step_is_one_case_or_a_piece_of_the_checksum) {
  struct header header = good_header();
  struct entry entry = good_entry(&header);
  struct wit_self_test test;
  struct wit_model model;
  void *arena;
  size_t size;
  uint8_t *file = packed(&entry, NULL, LABELS, &size);
  struct wit_interpreter *interpreter = prepare_model(&model, file, size, &arena);
  assert_int_equal(wit_self_test_begin(&test, interpreter, &model, NULL, NULL), WIT_OK);
  assert_int_equal(wit_self_test_step(&test, NULL), WIT_SELF_TEST_MORE); /* the checksum */
  assert_int_equal(test.report.cases_passed, 0);
  assert_int_equal(wit_self_test_step(&test, NULL), WIT_SELF_TEST_MORE);
  assert_int_equal(test.report.cases_passed, 1);
  assert_int_equal(wit_self_test_step(&test, NULL), WIT_OK);
  assert_int_equal(test.report.cases_passed, 2);
  free(arena);
  free(file);
}

TEST(inputs_of_few_bits_are_unpacked_from_the_lowest_bit_on) {
  struct header header = good_header();
  header.cases = 1;
  struct entry entry = begin_entry(&header);
  /* codes 1, 7, 0, 5 of 3 bits: 001 | 111 | 00, 0 | 101; -100 + 30 * code */
  const int8_t meant[4] = {-70, 110, -100, 50};
  int8_t data[5 + 3] = {3, -100, 30, (int8_t)0x39, 0x0a};
  run_classifier(meant, data + 5);
  put_case(&entry, 0xffff, "", data, sizeof data);
  struct wit_error error;
  assert_int_equal(test_entry(&entry, NULL, LABELS, &error), WIT_OK);
}

TEST(inputs_of_a_seed_are_made_by_the_generator_of_the_specification) {
  struct header header = good_header();
  header.cases = 1;
  struct entry entry = begin_entry(&header);
  uint32_t next = 12345;
  int8_t made[4], output[3];
  for (int i = 0; i < 4; i++) {
    next = next * 1664525u + 1013904223u;
    made[i] = (int8_t)(-128 + 17 * (int)(next >> 28));
  }
  run_classifier(made, output);
  uint8_t data[7 + 3] = {0x14, 0x80, 17, 12345 & 0xff, 12345 >> 8, 0, 0};
  memcpy(data + 7, output, 3);
  put_case(&entry, 0xffff, "", data, sizeof data);
  assert_int_equal(test_entry(&entry, NULL, LABELS, NULL), WIT_OK);
}

TEST(a_file_behind_an_odd_byte_is_not_blamed_for_copies_of_its_constants) {
  struct header header = good_header();
  struct entry entry = good_entry(&header);
  struct wit_model model;
  size_t size;
  void *block;
  char arena[24];
  uint8_t *file = packed(&entry, "1000000", LABELS, &size);
  assert_int_equal(wit_model_open(&model, file, size, NULL), WIT_OK);
  snprintf(arena, sizeof arena, "%zu", arena_of(&model));
  free(file);
  file = packed(&entry, arena, LABELS, &size);
  assert_int_equal(test_file(file, size, NULL, NULL, NULL), WIT_OK);
  uint8_t *moved = place_model(file, size, 1, &block);
  struct wit_self_test_report report;
  assert_int_equal(test_file(moved, size, NULL, &report, NULL), WIT_OK);
  assert_true(report.arena_used >= report.arena_stated);
  free(block);
  free(file);
}

TEST(an_output_within_the_stated_tolerance_passes_and_one_beyond_does_not) {
  struct header header = good_header();
  header.cases = 1;
  header.tolerance = 4;
  struct wit_error error;
  for (int off = 4; off <= 5; off++) {
    int8_t data[1 + 4 + 3] = {0};
    struct entry entry = begin_entry(&header);
    memcpy(data + 1, inputs[0], 4);
    run_classifier(inputs[0], data + 5);
    data[5] = (int8_t)(data[5] > 0 ? data[5] - off : data[5] + off);
    put_case(&entry, 0xffff, "", data, sizeof data);
    assert_int_equal(test_entry(&entry, NULL, LABELS, &error),
                     off == 4 ? WIT_OK : WIT_ERR_TEST_OUTPUT);
  }
  assert_non_null(strstr(error.message, "by 5 at most, allowed 4"));
}

TEST(float_outputs_are_compared_within_their_own_tolerance) {
  static const float shape_in[4] = {0.5f, -1, 2, 0.25f};
  for (int off = 0; off < 2; off++) {
    struct header header = {.tolerance_float = 0.125f, .cases = 1};
    float expected[4];
    size_t size;
    uint8_t *file = float_model(NULL, &size);
    header.checksum = checksum_of(file, size);
    free(file);
    for (int i = 0; i < 4; i++) expected[i] = shape_in[i] > 0 ? shape_in[i] : 0;
    expected[3] += off ? 0.25f : 0.125f;
    struct entry entry = begin_entry(&header);
    uint8_t data[1 + 16 + 16] = {0};
    memcpy(data + 1, shape_in, 16);
    memcpy(data + 17, expected, 16);
    put_case(&entry, 0xffff, "", data, sizeof data);
    file = float_model(&entry, &size);
    assert_int_equal(test_file(file, size, NULL, NULL, NULL), off ? WIT_ERR_TEST_OUTPUT : WIT_OK);
    free(file);
  }
}

/* ---- failing --------------------------------------------------------------------- */

TEST(a_model_without_a_test_says_so) {
  struct wit_error error;
  assert_int_equal(test_entry(NULL, NULL, LABELS, &error), WIT_ERR_NO_TEST);
  assert_non_null(strstr(error.message, "godwit model pack"));
}

TEST(another_output_than_stored_fails_and_names_the_case) {
  struct header header = good_header();
  struct entry entry = good_entry(&header);
  struct wit_error error;
  entry.bytes[entry.size - 1] ^= 1;
  assert_int_equal(test_entry(&entry, NULL, LABELS, &error), WIT_ERR_TEST_OUTPUT);
  assert_non_null(strstr(error.message, "case 1: output 0 differs at element 2"));
}

TEST(labels_in_another_order_than_packed_fail) {
  struct header header = good_header();
  struct entry entry = good_entry(&header);
  struct wit_error error;
  assert_int_equal(test_entry(&entry, NULL, "yes\nno\nsilence", &error), WIT_ERR_TEST_OUTPUT);
  assert_non_null(strstr(error.message, "when packed"));
}

TEST(a_case_whose_label_has_not_the_highest_score_fails) {
  struct header header = good_header();
  header.cases = 1;
  struct entry entry = begin_entry(&header);
  int8_t data[1 + 4 + 3] = {0};
  struct wit_error error;
  memcpy(data + 1, inputs[0], 4);
  run_classifier(inputs[0], data + 5);
  uint16_t other = (uint16_t)((highest(data + 5) + 1) % 3);
  put_case(&entry, other, label_text[other], data, sizeof data);
  assert_int_equal(test_entry(&entry, NULL, LABELS, &error), WIT_ERR_TEST_OUTPUT);
  assert_non_null(strstr(error.message, "has not the highest score"));
}

TEST(any_changed_weight_fails_before_an_inference_is_run) {
  struct header header = good_header();
  struct entry entry = good_entry(&header);
  size_t size;
  uint8_t *file = packed(&entry, NULL, LABELS, &size);
  static const uint8_t weights[] = {10, 236, 30, 216};
  uint8_t *found = memmem(file, size, weights, sizeof weights);
  assert_non_null(found);
  for (int bit = 0; bit < 8; bit++) {
    struct wit_self_test_report report;
    struct wit_error error;
    found[1] ^= (uint8_t)(1 << bit);
    assert_int_equal(test_file(file, size, NULL, &report, &error), WIT_ERR_TEST_OUTPUT);
    assert_int_equal(report.cases_passed, 0);
    assert_non_null(strstr(error.message, "weights"));
    found[1] ^= (uint8_t)(1 << bit);
  }
  assert_int_equal(test_file(file, size, NULL, NULL, NULL), WIT_OK);
  free(file);
}

TEST(an_arena_larger_than_stated_fails) {
  struct header header = good_header();
  struct entry entry = good_entry(&header);
  struct wit_error error;
  assert_int_equal(test_entry(&entry, "16", LABELS, &error), WIT_ERR_TEST_ARENA);
  assert_non_null(strstr(error.message, "the model says 16"));
  assert_int_equal(test_entry(&entry, "sixteen", LABELS, &error), WIT_OK); /* not said */
}

/* A clock that each look moves on by the next of its steps. */
struct clock_steps {
  uint64_t now;
  unsigned looks;
  const uint32_t *step;
};

static uint64_t look(void *arg) {
  struct clock_steps *clock = arg;
  clock->now += clock->looks % 2 == 0 ? 7 : clock->step[clock->looks / 2];
  clock->looks++;
  return clock->now;
}

static int test_time(uint32_t own_limit, uint32_t limit, const uint32_t step[2],
                     struct wit_self_test_report *report) {
  struct header header = good_header();
  header.limit_us = limit;
  struct entry entry = good_entry(&header);
  struct clock_steps steps = {.step = step};
  struct wit_self_test_clock clock = {look, &steps, own_limit};
  struct wit_error error;
  size_t size;
  uint8_t *file = packed(&entry, NULL, LABELS, &size);
  int status = test_file(file, size, &clock, report, &error);
  free(file);
  return status;
}

TEST(an_inference_over_the_models_limit_fails_unless_another_kept_it) {
  struct wit_self_test_report report;
  assert_int_equal(test_time(0, 100, (uint32_t[]){101, 102}, &report), WIT_ERR_TEST_TIME);
  assert_int_equal(test_time(0, 100, (uint32_t[]){5000, 100}, &report), WIT_OK);
  assert_int_equal(report.fastest_us, 100);
  assert_int_equal(report.slowest_us, 5000);
}

TEST(the_lower_of_the_models_and_the_applications_limit_counts) {
  struct wit_self_test_report report;
  assert_int_equal(test_time(50, 100, (uint32_t[]){60, 60}, &report), WIT_ERR_TEST_TIME);
  assert_int_equal(test_time(50, 0, (uint32_t[]){60, 60}, &report), WIT_ERR_TEST_TIME);
  assert_int_equal(test_time(100, 50, (uint32_t[]){60, 60}, &report), WIT_ERR_TEST_TIME);
  assert_int_equal(test_time(0, 0, (uint32_t[]){60, 60}, &report), WIT_OK);
}

/* ---- another runtime --------------------------------------------------------------- */

/* One that has learnt the answers by heart, and may forget them. */
struct parrot {
  int8_t input[4], output[3];
  int refuses;
};

static void *parrot_input(void *arg, size_t index) {
  assert_int_equal(index, 0);
  return ((struct parrot *)arg)->input;
}

static const void *parrot_output(void *arg, size_t index) {
  assert_int_equal(index, 0);
  return ((struct parrot *)arg)->output;
}

static int parrot_invoke(void *arg) {
  struct parrot *parrot = arg;
  run_classifier(parrot->input, parrot->output);
  return parrot->refuses;
}

static int test_parrot(int refuses, const char *arena, size_t arena_used,
                       struct wit_self_test_report *report) {
  struct header header = good_header();
  struct entry entry = good_entry(&header);
  struct parrot parrot = {.refuses = refuses};
  const struct wit_self_test_runner runner = {.input = parrot_input,
                                              .output = parrot_output,
                                              .invoke = parrot_invoke,
                                              .arg = &parrot,
                                              .arena_used = arena_used};
  struct wit_model model;
  struct wit_self_test test;
  size_t size;
  uint8_t *file = packed(&entry, arena, LABELS, &size);
  assert_int_equal(wit_model_open(&model, file, size, NULL), WIT_OK);
  int status = wit_self_test_begin_with(&test, &runner, &model, NULL, NULL);
  if (status == WIT_OK) status = WIT_SELF_TEST_MORE;
  while (status == WIT_SELF_TEST_MORE) status = wit_self_test_step(&test, NULL);
  *report = test.report;
  free(file);
  return status;
}

TEST(another_runtime_is_held_to_the_same_test) {
  struct wit_self_test_report report;
  assert_int_equal(test_parrot(0, NULL, 0, &report), WIT_OK);
  assert_int_equal(report.cases_passed, 2);
  assert_int_equal(test_parrot(0, "1000", 5000, &report), WIT_ERR_TEST_ARENA);
  assert_int_equal(test_parrot(0, "1000", 0, &report), WIT_OK); /* it does not know */
  assert_int_equal(test_parrot(-1, NULL, 0, &report), WIT_ERR_RUNTIME);
  assert_int_equal(report.cases_passed, 0);
}

/* ---- hostile metadata ------------------------------------------------------------- */

static int info_of(const struct entry *entry, struct wit_self_test_info *info) {
  struct wit_model model;
  size_t size;
  uint8_t *file = packed(entry, NULL, LABELS, &size);
  assert_int_equal(wit_model_open(&model, file, size, NULL), WIT_OK);
  int status = wit_self_test_info(&model, info, NULL);
  free(file);
  return status;
}

TEST(a_test_cut_anywhere_is_malformed) {
  struct header header = good_header();
  struct entry entry = good_entry(&header);
  struct wit_self_test_info info;
  assert_int_equal(info_of(&entry, &info), WIT_OK);
  assert_int_equal(info.case_count, 2);
  assert_int_equal(info.size_bytes, entry.size);
  for (size_t whole = entry.size; entry.size > 0;) {
    entry.size--;
    assert_int_equal(info_of(&entry, &info), WIT_ERR_MALFORMED);
    assert_true(entry.size < whole);
  }
}

TEST(a_test_with_bytes_behind_its_end_is_malformed) {
  struct header header = good_header();
  struct entry entry = good_entry(&header);
  struct wit_self_test_info info;
  put(&entry, "x", 1);
  assert_int_equal(info_of(&entry, &info), WIT_ERR_MALFORMED);
}

TEST(counts_and_fields_out_of_range_are_malformed) {
  static const struct {
    size_t at;
    uint8_t value;
  } wrong[] = {
      {0, 'X'},               /* magic */
      {28, 0},                /* no case */
      {28, 3},                /* one more than there is */
      {29, 1},                /* 258 */
      {30, 1},                /* must be 0 */
      {15, 0x80},             /* tolerance -0.0 is 0, so with ... */
      {HEADER_BYTES, 99},     /* a case larger than the rest */
      {HEADER_BYTES + 4, 3},  /* expects output 3 of 3 */
      {HEADER_BYTES + 6, 77}, /* a label longer than the case */
  };
  struct header header = good_header();
  struct wit_self_test_info info;
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    struct entry entry = good_entry(&header);
    entry.bytes[wrong[i].at] = wrong[i].value;
    if (wrong[i].at == 15) entry.bytes[14] = 1; /* ... a negative subnormal it is refused */
    assert_int_equal(info_of(&entry, &info), WIT_ERR_MALFORMED);
  }
}

TEST(an_input_of_no_known_encoding_is_malformed) {
  struct header header = good_header();
  struct entry entry = good_entry(&header);
  struct wit_self_test_info info;
  size_t label = entry.bytes[HEADER_BYTES + 6];
  static const uint8_t wrong[] = {9, 0x10, 0x19, 0x21, 0xff};
  for (size_t i = 0; i < sizeof wrong; i++) {
    entry.bytes[HEADER_BYTES + 7 + label] = wrong[i];
    assert_int_equal(info_of(&entry, &info), WIT_ERR_MALFORMED);
  }
}

TEST(the_label_of_each_case_can_be_asked_for) {
  struct header header = good_header();
  struct entry entry = good_entry(&header);
  struct wit_model model;
  const char *text;
  size_t size, length;
  uint8_t *file = packed(&entry, NULL, LABELS, &size);
  assert_int_equal(wit_model_open(&model, file, size, NULL), WIT_OK);
  for (size_t i = 0; i < 2; i++) {
    int8_t output[3];
    run_classifier(inputs[i], output);
    assert_true(wit_self_test_label(&model, i, &text, &length));
    assert_int_equal(length, strlen(label_text[highest(output)]));
    assert_memory_equal(text, label_text[highest(output)], length);
  }
  assert_false(wit_self_test_label(&model, 2, &text, &length));
  free(file);
}

TEST(the_checksum_does_not_depend_on_metadata_or_on_where_the_file_stands) {
  struct header header = good_header();
  struct entry entry = good_entry(&header);
  size_t size;
  void *block;
  uint8_t *file = packed(&entry, "4096", "a\nb\nc", &size);
  uint8_t *moved = place_model(file, size, 3, &block);
  assert_int_equal(checksum_of(file, size), header.checksum);
  assert_int_equal(checksum_of(moved, size), header.checksum);
  free(block);
  free(file);
}
