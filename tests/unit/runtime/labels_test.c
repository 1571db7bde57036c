/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "tests/support/test.h"
#include "tests/unit/runtime/models.h"

static void assert_label(const struct wit_model *model, size_t index, const char *expected) {
  const char *text;
  size_t length;
  assert_true(wit_model_label(model, index, &text, &length));
  assert_int_equal(length, strlen(expected));
  assert_memory_equal(text, expected, length);
}

/* `file` with bytes in front and behind, malloc'd. */
static uint8_t *wrap(const char *before, const uint8_t *file, size_t size, const void *behind,
                     size_t behind_size, size_t *total) {
  size_t before_size = strlen(before);
  *total = before_size + size + behind_size;
  uint8_t *all = malloc(*total);
  memcpy(all, before, before_size);
  memcpy(all + before_size, file, size);
  if (behind_size) memcpy(all + before_size + size, behind, behind_size);
  return all;
}

TEST(labels_of_the_header_line_are_read) {
  size_t size, total;
  uint8_t *file = classifier_model(&size);
  uint8_t *all = wrap("GLTHBEGIN;silence;unknown;yes;GLTHEND\n", file, size, NULL, 0, &total);
  struct wit_model model;
  struct wit_error error;
  assert_int_equal(wit_model_open(&model, all, total, &error), WIT_OK);
  assert_int_equal(wit_model_label_source(&model), WIT_LABELS_HEADER);
  assert_int_equal(wit_model_label_count(&model), 3);
  assert_label(&model, 0, "silence");
  assert_label(&model, 2, "yes");
  const char *text;
  size_t length;
  assert_false(wit_model_label(&model, 3, &text, &length));
  assert_int_equal(wit_model_check_labels(&model, &error), WIT_OK);
  assert_int_equal(model.flatbuffer_size, size);
  free(all);
  free(file);
}

TEST(a_header_line_without_labels_carries_none) {
  size_t size, total;
  uint8_t *file = classifier_model(&size);
  uint8_t *all = wrap("GLTHBEGIN;GLTHEND\n", file, size, NULL, 0, &total);
  struct wit_model model;
  assert_int_equal(wit_model_open(&model, all, total, NULL), WIT_OK);
  assert_int_equal(wit_model_label_source(&model), WIT_LABELS_NONE);
  assert_int_equal(wit_model_label_count(&model), 0);
  assert_int_equal(wit_model_check_labels(&model, NULL), WIT_OK);
  free(all);
  free(file);
}

TEST(labels_of_the_metadata_go_before_the_header_line) {
  static const char *const labels[] = {"a", "b c", "d"};
  size_t size, total;
  struct tflite_writer *writer = classifier_writer();
  tflite_writer_add_labels(writer, labels, 3);
  uint8_t *file = finish_model(writer, &size);
  uint8_t *all = wrap("GLTHBEGIN;x;y;GLTHEND\n", file, size, NULL, 0, &total);
  struct wit_model model;
  assert_int_equal(wit_model_open(&model, all, total, NULL), WIT_OK);
  assert_int_equal(wit_model_label_source(&model), WIT_LABELS_GODWIT);
  assert_int_equal(wit_model_label_count(&model), 3);
  assert_label(&model, 1, "b c");
  assert_label(&model, 2, "d");
  free(all);
  free(file);
}

TEST(a_count_of_labels_that_is_not_the_outputs_is_an_error) {
  static const char *const labels[] = {"yes", "no", "stop", "go"};
  size_t size;
  struct tflite_writer *writer = classifier_writer();
  tflite_writer_add_labels(writer, labels, 4);
  uint8_t *file = finish_model(writer, &size);
  struct wit_model model;
  struct wit_error error;
  assert_int_equal(wit_model_open(&model, file, size, NULL), WIT_OK);
  assert_int_equal(wit_model_check_labels(&model, &error), WIT_ERR_LABELS);
  assert_string_equal(error.message, "4 labels, but output 0 has 3 values in its last dimension");
  free(file);
}

TEST(windows_line_ends_are_not_part_of_labels) {
  size_t size;
  struct tflite_writer *writer = classifier_writer();
  tflite_writer_add_metadata(writer, "godwit.labels", "yes\r\nno\r\n", 9);
  uint8_t *file = finish_model(writer, &size);
  struct wit_model model;
  assert_int_equal(wit_model_open(&model, file, size, NULL), WIT_OK);
  assert_int_equal(wit_model_label_count(&model), 2);
  assert_label(&model, 0, "yes");
  assert_label(&model, 1, "no");
  free(file);
}

/* ---- TFLite Metadata ------------------------------------------------------ */

/* ModelMetadata { subgraph_metadata: [{ output_tensor_metadata: [{
 * associated_files: [{ name: "labels.txt", type: TENSOR_AXIS_LABELS }] }] }] },
 * each table behind its vtable. */
static const uint8_t metadata_flatbuffer[] = {
    20,
    0,
    0,
    0,
    'M',
    '0',
    '0',
    '1',
    /* 8: vtable of ModelMetadata, 4 fields; 20: table */
    12,
    0,
    8,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    4,
    0,
    12,
    0,
    0,
    0,
    4,
    0,
    0,
    0,
    /* 28: subgraphs */
    1,
    0,
    0,
    0,
    16,
    0,
    0,
    0,
    /* 36: vtable of SubGraphMetadata, 4 fields; 48: table */
    12,
    0,
    8,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    4,
    0,
    12,
    0,
    0,
    0,
    4,
    0,
    0,
    0,
    /* 56: outputs */
    1,
    0,
    0,
    0,
    24,
    0,
    0,
    0,
    /* 64: vtable of TensorMetadata, 7 fields, and 2 bytes; 84: table */
    18,
    0,
    8,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    4,
    0,
    0,
    0,
    20,
    0,
    0,
    0,
    4,
    0,
    0,
    0,
    /* 92: files */
    1,
    0,
    0,
    0,
    16,
    0,
    0,
    0,
    /* 100: vtable of AssociatedFile, 3 fields, and 2 bytes; 112: table */
    10,
    0,
    12,
    0,
    8,
    0,
    0,
    0,
    4,
    0,
    0,
    0,
    12,
    0,
    0,
    0,
    2,
    0,
    0,
    0,
    4,
    0,
    0,
    0,
    /* 124: the name */
    10,
    0,
    0,
    0,
    'l',
    'a',
    'b',
    'e',
    'l',
    's',
    '.',
    't',
    'x',
    't',
    0,
    0,
};

static void put16(uint8_t **at, unsigned value) {
  *(*at)++ = (uint8_t)value;
  *(*at)++ = (uint8_t)(value >> 8);
}

static void put32(uint8_t **at, size_t value) {
  put16(at, value & 0xffff);
  put16(at, (unsigned)(value >> 16));
}

static void put_text(uint8_t **at, const char *text) {
  memcpy(*at, text, strlen(text));
  *at += strlen(text);
}

/* An archive of one file, as it is appended to a model; `start` is what its
 * offsets count from. */
static size_t make_zip(uint8_t *out, const char *name, const char *content, unsigned method,
                       size_t start) {
  uint8_t *at = out;
  put32(&at, 0x04034b50);
  put16(&at, 20), put16(&at, 0), put16(&at, method), put16(&at, 0), put16(&at, 0);
  put32(&at, 0), put32(&at, strlen(content)), put32(&at, strlen(content));
  put16(&at, (unsigned)strlen(name)), put16(&at, 0);
  put_text(&at, name);
  put_text(&at, content);
  size_t directory = (size_t)(at - out);
  put32(&at, 0x02014b50);
  put16(&at, 20), put16(&at, 20), put16(&at, 0), put16(&at, method), put16(&at, 0), put16(&at, 0);
  put32(&at, 0), put32(&at, strlen(content)), put32(&at, strlen(content));
  put16(&at, (unsigned)strlen(name)), put16(&at, 0), put16(&at, 0), put16(&at, 0), put16(&at, 0);
  put32(&at, 0), put32(&at, start);
  put_text(&at, name);
  size_t directory_size = (size_t)(at - out) - directory;
  put32(&at, 0x06054b50);
  put16(&at, 0), put16(&at, 0), put16(&at, 1), put16(&at, 1);
  put32(&at, directory_size), put32(&at, start + directory), put16(&at, 0);
  return (size_t)(at - out);
}

static uint8_t *packed_model(const char *name, const char *content, unsigned method,
                             bool absolute_offsets, size_t *total) {
  size_t size;
  uint8_t zip[512];
  struct tflite_writer *writer = classifier_writer();
  tflite_writer_add_metadata(writer, "TFLITE_METADATA", metadata_flatbuffer,
                             sizeof metadata_flatbuffer);
  uint8_t *file = finish_model(writer, &size);
  size_t zip_size = make_zip(zip, name, content, method, absolute_offsets ? size : 0);
  uint8_t *all = wrap("", file, size, zip, zip_size, total);
  free(file);
  return all;
}

TEST(labels_of_a_packed_label_file_are_read) {
  for (int absolute = 0; absolute < 2; absolute++) {
    size_t total;
    uint8_t *all = packed_model("labels.txt", "one\ntwo\nthree\n", 0, absolute, &total);
    struct wit_model model;
    assert_int_equal(wit_model_open(&model, all, total, NULL), WIT_OK);
    assert_int_equal(wit_model_label_source(&model), WIT_LABELS_TFLITE);
    assert_int_equal(wit_model_label_count(&model), 3);
    assert_label(&model, 0, "one");
    assert_label(&model, 2, "three");
    free(all);
  }
}

TEST(a_packed_label_file_that_is_compressed_or_missing_gives_no_labels) {
  static const struct {
    const char *name;
    unsigned method;
  } cases[] = {{"labels.txt", 8}, {"other.txt", 0}};
  for (size_t i = 0; i < 2; i++) {
    size_t total;
    uint8_t *all = packed_model(cases[i].name, "one\ntwo\n", cases[i].method, true, &total);
    struct wit_model model;
    assert_int_equal(wit_model_open(&model, all, total, NULL), WIT_OK);
    assert_int_equal(wit_model_label_source(&model), WIT_LABELS_NONE);
    free(all);
  }
}

TEST(a_broken_archive_never_reads_outside_the_file) {
  size_t total, size;
  uint8_t *all = packed_model("labels.txt", "one\ntwo\nthree\n", 0, true, &total);
  free(classifier_model(&size));
  for (int round = 0; round < 20000; round++) {
    void *block;
    uint8_t *file = place_model(all, total, 0, &block);
    struct wit_model model;
    size_t at = size + test_random() % (total - size);
    file[at] = (uint8_t)test_random();
    if (test_random() % 2) memset(file + at, 0xff, total - at < 4 ? total - at : 4);
    if (wit_model_open(&model, file, total, NULL) == WIT_OK) {
      size_t count = wit_model_label_count(&model), sum = 0, length;
      const char *text;
      for (size_t i = 0; i < count; i++) {
        assert_true(wit_model_label(&model, i, &text, &length));
        for (size_t k = 0; k < length; k++) sum += (size_t)text[k];
      }
      assert_true(sum != 1);
    }
    free(block);
  }
  free(all);
}
