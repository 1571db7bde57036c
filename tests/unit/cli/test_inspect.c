/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <unistd.h>

#include "examples/common/tflite_writer.h"
#include "tests/support/test.h"
#include "tests/unit/cli/run.h"

static const char *path_of(const char *name) {
  static char path[1200];
  snprintf(path, sizeof path, "%s/%s", test_temporary_folder(), name);
  return path;
}

static const char *write_file(const char *name, const void *data, size_t size) {
  const char *path = path_of(name);
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(data, 1, size, file), size);
  fclose(file);
  return path;
}

/* int8 [1,4] -> SOFTMAX -> int8 [1,4], broken on demand. */
struct recipe {
  int32_t code; /* TFLITE_SOFTMAX */
  const char *labels;
  size_t cut; /* bytes missing at the end */
};

static const char *write_model(const char *name, const struct recipe *recipe) {
  static const float in_scale = 0.1f, out_scale = 1.0f / 256;
  static const int64_t in_zero = 0, out_zero = -128;
  struct tflite_writer *writer = tflite_writer_create("a test");
  int32_t in = tflite_writer_add_tensor(writer, &(struct tflite_tensor){.name = "in",
                                                                        .type = TFLITE_INT8,
                                                                        .shape = {1, 4},
                                                                        .rank = 2,
                                                                        .scale = &in_scale,
                                                                        .zero_point = &in_zero,
                                                                        .channels = 1});
  int32_t out = tflite_writer_add_tensor(writer, &(struct tflite_tensor){.name = "out",
                                                                         .type = TFLITE_INT8,
                                                                         .shape = {1, 4},
                                                                         .rank = 2,
                                                                         .scale = &out_scale,
                                                                         .zero_point = &out_zero,
                                                                         .channels = 1});
  tflite_writer_add_operator(
      writer, &(struct tflite_operator){
                  .code = recipe->code,
                  .version = 2,
                  .inputs = &in,
                  .input_count = 1,
                  .outputs = &out,
                  .output_count = 1,
                  .options = {.table = TFLITE_OPTIONS_SOFTMAX,
                              .field = {{.id = 0, .kind = TFLITE_FIELD_FLOAT, .number = 1}},
                              .count = 1}});
  tflite_writer_set_inputs(writer, &in, 1);
  tflite_writer_set_outputs(writer, &out, 1);
  if (recipe->labels != NULL) {
    tflite_writer_add_metadata(writer, "godwit.labels", recipe->labels, strlen(recipe->labels));
  }
  size_t size;
  uint8_t *file = tflite_writer_finish(writer, &size);
  assert_non_null(file);
  const char *path = write_file(name, file, size - recipe->cut);
  free(file);
  tflite_writer_destroy(writer);
  return path;
}

TEST(a_good_model_is_shown_with_everything_in_it) {
  const char *path = write_model(
      "good.tflite",
      &(struct recipe){.code = TFLITE_SOFTMAX, .labels = "silence\nunknown\nyes\nno\n"});
  json_t *model = run_json(RUN("model", "inspect", path, "--json"));
  assert_true(json_is_true(json_object_get(model, "runs")));
  assert_true(json_integer_value(json_object_get(model, "arenaBytes")) > 0);
  assert_string_equal(json_string_value(json_object_get(model, "description")), "a test");
  assert_string_equal(json_string_value(json_object_get(model, "labelSource")),
                      "metadata godwit.labels");
  json_t *labels = json_object_get(model, "labels");
  assert_int_equal(json_array_size(labels), 4);
  assert_string_equal(json_string_value(json_array_get(labels, 2)), "yes");
  json_t *input = json_array_get(json_object_get(model, "inputs"), 0);
  assert_string_equal(json_string_value(json_object_get(input, "type")), "int8");
  assert_int_equal(json_integer_value(json_array_get(json_object_get(input, "shape"), 1)), 4);
  json_t *op = json_array_get(json_object_get(model, "operators"), 0);
  assert_string_equal(json_string_value(json_object_get(op, "op")), "SOFTMAX");
  assert_int_equal(json_integer_value(json_object_get(op, "version")), 2);
  json_decref(model);
  const struct run *run = RUN("model", "inspect", path);
  assert_status(run, CLI_OK);
  assert_contains(run->out, "verdict       runs\n");
  assert_contains(run->out, "4 from metadata godwit.labels: silence, unknown, yes, no");
  assert_contains(run->out, "input 0   1×4 int8        0.1         0\n");
  assert_contains(run->out, "SOFTMAX  2        1\n");
  assert_contains(run->out, "   0 SOFTMAX                     1×4 int8\n");
}

TEST(a_model_with_too_few_labels_does_not_run) {
  const char *path =
      write_model("labels.tflite", &(struct recipe){.code = TFLITE_SOFTMAX, .labels = "yes\nno\n"});
  const struct run *run = RUN("model", "inspect", path);
  assert_status(run, CLI_FAILED);
  assert_contains(run->out, "does not run: ");
  assert_contains(run->out, "2 from metadata godwit.labels: yes, no"); /* shown all the same */
}

TEST(a_model_with_an_op_that_wit_lacks_does_not_run_and_says_which) {
  const char *path = write_model("op.tflite", &(struct recipe){.code = 46 /* DELEGATE-like */});
  const struct run *run = RUN("model", "inspect", path);
  assert_status(run, CLI_FAILED);
  assert_contains(run->out, "does not run: op 0");
}

TEST(no_cut_of_a_model_crashes_or_runs) {
  for (size_t cut = 1; cut < 400; cut += 7) {
    const char *path =
        write_model("cut.tflite", &(struct recipe){.code = TFLITE_SOFTMAX, .cut = cut});
    const struct run *run = RUN("model", "inspect", path, "--json");
    if (run->status == CLI_OK) continue; /* padding at the end may be missing */
    assert_status(run, CLI_FAILED);
    assert_contains(run->out, "\"runs\": false");
  }
}

TEST(what_is_no_model_is_refused_without_a_guess) {
  assert_error(RUN("model", "inspect", path_of("absent")), "cannot open");
  assert_error(RUN("model", "inspect", test_temporary_folder()), "is not a file; name one");
  const struct run *run = RUN("model", "inspect", write_file("empty", "", 0));
  assert_status(run, CLI_FAILED);
  assert_contains(run->out, "does not run: ");
  run = RUN("model", "inspect", write_file("text", "hello, world, I am a text", 25));
  assert_status(run, CLI_FAILED);
  assert_contains(run->out, "does not run: ");
}

/* No server is needed to be told: the check comes before the connection. */
TEST(an_upload_of_a_bad_model_fails_before_anything_is_sent) {
  const char *path =
      write_model("bad.tflite", &(struct recipe){.code = TFLITE_SOFTMAX, .labels = "one\n"});
  setenv("GODWIT_URL", "http://127.0.0.1:1", 1);
  const struct run *run =
      RUN("artifact", "upload", path, "--package", "model", "--version", "1.0.0");
  assert_status(run, CLI_FAILED);
  assert_error(run, "no device can run ");
  assert_contains(run->err, "or send it with --force-binary if it is no model");
  run = RUN("artifact", "upload", "/etc/passwd", "--package", "model", "--version", "1.0.0");
  assert_error(run, "no device can run /etc/passwd: not a TensorFlow Lite model");
  run =
      RUN("artifact", "upload", path, "--package", "model", "--version", "1.0.0", "--force-binary");
  assert_error(run, "cannot reach");
}

TEST(the_models_of_the_original_example_are_shown_with_their_header_labels) {
  const char *path = test_shared_data("golden/models/golioth_ynsg.bin");
  json_t *model = run_json(RUN("model", "inspect", path, "--json"));
  assert_string_equal(json_string_value(json_object_get(model, "labelSource")),
                      "header line GLTHBEGIN");
  assert_int_equal(json_array_size(json_object_get(model, "labels")), 6);
  json_decref(model);
}
