/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <unistd.h>

#include "cli/model_metadata.h"
#include "examples/common/tflite_writer.h"
#include "tests/support/test.h"
#include "tests/unit/cli/folder.h"
#include "tests/unit/cli/run.h"
#include "wit/inspect.h"
#include "wit/self_test.h"

#define EXAMPLE GODWIT_SOURCE_DIR "/examples/micro_speech"
static const char clips[] = EXAMPLE "/clips";

struct file {
  uint8_t *data;
  size_t size;
  struct wit_model model;
};

static struct file open_file(const char *path) {
  struct file file;
  struct wit_error error = {0};
  file.data = test_read_file(path, &file.size);
  if (wit_model_open(&file.model, file.data, file.size, &error) != WIT_OK) {
    fail_msg("%s: %s", path, error.message);
  }
  return file;
}

/* The example's model as the trainer made it. */
static const char *bare_model(void) {
  const char *path = folder_path("bare.tflite");
  assert_status(RUN("model", "unpack", EXAMPLE "/models/yes_no.tflite", "--output", path), 0);
  return path;
}

static size_t metadata_count(const struct wit_model *model) {
  const char *name;
  const uint8_t *data;
  size_t size, count = 0;
  while (wit_inspect_metadata(model, count, &name, &data, &size)) count++;
  return count;
}

static void assert_text(const struct wit_model *model, const char *name, const char *expected) {
  const uint8_t *data;
  size_t size;
  if (!wit_model_metadata(model, name, &data, &size)) fail_msg("no %s", name);
  assert_int_equal(size, strlen(expected));
  assert_memory_equal(data, expected, size);
}

/* What a model says to inputs of a seed. */
static void outputs_of(const struct wit_model *model, uint32_t seed, uint8_t out[64]) {
  static _Alignas(16) uint8_t arena[256 * 1024];
  struct wit_interpreter *interpreter;
  assert_int_equal(
      wit_interpreter_init(&interpreter, model, &wit_ops_all, arena, sizeof arena, NULL), WIT_OK);
  struct wit_tensor *in = wit_interpreter_input(interpreter, 0);
  for (size_t i = 0; i < in->size_bytes; i++) {
    seed = seed * 1664525u + 1013904223u;
    ((uint8_t *)in->data)[i] = (uint8_t)(seed >> 24);
  }
  assert_int_equal(wit_interpreter_invoke(interpreter, NULL), WIT_OK);
  struct wit_tensor *output = wit_interpreter_output(interpreter, 0);
  memset(out, 0, 64);
  memcpy(out, output->data, output->size_bytes < 64 ? output->size_bytes : 64);
}

static void assert_same_network(const struct wit_model *a, const struct wit_model *b) {
  uint32_t x, y;
  uint8_t out[2][64];
  assert_int_equal(wit_graph_checksum(a, &x, NULL), WIT_OK);
  assert_int_equal(wit_graph_checksum(b, &y, NULL), WIT_OK);
  assert_int_equal(x, y);
  for (uint32_t seed = 1; seed <= 5; seed++) {
    outputs_of(a, seed, out[0]);
    outputs_of(b, seed, out[1]);
    assert_memory_equal(out[0], out[1], 64);
  }
}

/* ---- what packing does ------------------------------------------------------------ */

TEST(a_packed_model_has_all_entries_computes_the_same_and_passes_its_test) {
  const char *path = folder_path("packed.tflite"), *bare = bare_model();
  assert_status(RUN("model", "pack", bare, "--labels", "silence,unknown,yes,no", "--self-test",
                    clips, "--threshold", "yes=0.8", "--threshold", "no=0.75", "--time-limit",
                    "20000", "--tolerance", "1", "--output", path),
                0);
  struct file packed = open_file(path), old = open_file(bare);
  assert_text(&packed.model, "godwit.labels", "silence\nunknown\nyes\nno");
  assert_text(&packed.model, "godwit.thresholds", "\n\n0.8\n0.75\n");
  assert_text(&packed.model, "godwit.frontend",
              "name=micro_speech\nrate=16000\nframes=49\nchannels=40\n");
  assert_same_network(&packed.model, &old.model);
  struct wit_self_test_info info;
  assert_int_equal(wit_self_test_info(&packed.model, &info, NULL), WIT_OK);
  assert_int_equal(info.case_count, 12);
  assert_int_equal(info.tolerance, 1);
  assert_int_equal(info.limit_us, 20000000);
  assert_true(info.size_bytes < 2500);
  assert_true(info.arena_bytes > 10000);
  assert_status(RUN("model", "test", path), 0);
  assert_status(RUN("model", "inspect", path), 0);
  free(packed.data);
  free(old.data);
}

TEST(each_label_is_tested_with_a_clip_that_is_it) {
  struct file packed = open_file(EXAMPLE "/models/yes_no_stop_go.tflite");
  static const char *const expected[] = {"silence", "unknown", "yes", "no", "stop", "go"};
  for (size_t i = 0; i < 6; i++) {
    const char *text;
    size_t length;
    assert_true(wit_self_test_label(&packed.model, i, &text, &length));
    assert_int_equal(length, strlen(expected[i]));
    assert_memory_equal(text, expected[i], length);
  }
  free(packed.data);
}

TEST(the_old_bytes_stand_unchanged_behind_the_new_ones_at_a_multiple_of_64) {
  struct file packed = open_file(EXAMPLE "/models/yes_no.tflite"), old = open_file(bare_model());
  size_t front = packed.size - old.size;
  assert_int_equal(front % 64, 0);
  assert_memory_equal(packed.data + front, old.data, old.size);
  free(packed.data);
  free(old.data);
}

TEST(packing_again_replaces_and_does_not_grow) {
  const char *first = folder_path("first.tflite"), *again = folder_path("again.tflite");
  assert_status(RUN("model", "pack", bare_model(), "--probes", "3", "--output", first), 0);
  assert_status(RUN("model", "pack", first, "--probes", "3", "--output", again), 0);
  struct file a = open_file(first), b = open_file(again);
  assert_int_equal(a.size, b.size);
  assert_memory_equal(a.data, b.data, a.size);
  free(a.data);
  free(b.data);
}

TEST(what_is_not_given_again_stays) {
  const char *path = folder_path("kept.tflite");
  assert_status(RUN("model", "pack", EXAMPLE "/models/yes_no.tflite", "--threshold", "yes=0.9",
                    "--output", path),
                0);
  assert_status(
      RUN("model", "pack", path, "--frontend", "mine", "--time-limit", "30", "--output", path), 0);
  struct file packed = open_file(path);
  struct wit_self_test_info info;
  assert_int_equal(wit_self_test_info(&packed.model, &info, NULL), WIT_OK);
  assert_int_equal(info.case_count, 12);
  assert_text(&packed.model, "godwit.thresholds", "\n\n0.9\n\n");
  assert_int_equal(info.limit_us, 30000);
  assert_int_equal(info.tolerance, 0);
  assert_text(&packed.model, "godwit.frontend", "name=mine\n");
  assert_status(RUN("model", "test", path), 0);
  free(packed.data);
}

TEST(unpacking_gives_the_very_file_and_a_bare_one_stays_as_it_is) {
  const char *bare = bare_model(), *path = folder_path("p.tflite");
  assert_status(RUN("model", "pack", bare, "--output", path), 0);
  assert_status(RUN("model", "unpack", path, "--output", path), 0);
  struct file a = open_file(bare), b = open_file(path);
  assert_int_equal(a.size, b.size);
  assert_memory_equal(a.data, b.data, a.size);
  assert_status(RUN("model", "unpack", path, "--output", path), 0);
  free(b.data);
  b = open_file(path);
  assert_int_equal(a.size, b.size);
  free(a.data);
  free(b.data);
}

TEST(a_header_line_stays_in_front_and_its_labels_must_agree) {
  static const char header[] = "GLTHBEGIN;silence;unknown;yes;no;GLTHEND\n";
  struct file bare = open_file(bare_model());
  uint8_t *joined = malloc(bare.size + sizeof header);
  memcpy(joined, header, sizeof header - 1);
  memcpy(joined + sizeof header - 1, bare.data, bare.size);
  folder_put("header.bin", joined, bare.size + sizeof header - 1);
  const char *in = folder_path("header.bin"), *out = folder_path("packed.bin");
  assert_status(RUN("model", "pack", in, "--output", out), 0);
  struct file packed = open_file(out);
  assert_memory_equal(packed.data, header, sizeof header - 1);
  assert_same_network(&packed.model, &bare.model);
  assert_status(RUN("model", "test", out), 0);
  assert_status(RUN("model", "unpack", out, "--output", out), 0);
  free(packed.data);
  packed = open_file(out);
  assert_int_equal(packed.size, bare.size + sizeof header - 1);
  assert_memory_equal(packed.data, joined, packed.size);
  free(packed.data);
  free(joined);
  free(bare.data);
}

/* float32 [1, 4] -> RELU. */
static const char *float_model(const char *metadata) {
  struct tflite_writer *writer = tflite_writer_create("no classifier");
  struct tflite_tensor tensor = {.type = TFLITE_FLOAT32, .shape = {1, 4}, .rank = 2};
  int32_t in = tflite_writer_add_tensor(writer, &tensor);
  int32_t out = tflite_writer_add_tensor(writer, &tensor);
  tflite_writer_add_operator(writer, &(struct tflite_operator){.code = TFLITE_RELU,
                                                               .inputs = &in,
                                                               .input_count = 1,
                                                               .outputs = &out,
                                                               .output_count = 1});
  tflite_writer_set_inputs(writer, &in, 1);
  tflite_writer_set_outputs(writer, &out, 1);
  if (metadata != NULL) tflite_writer_add_metadata(writer, metadata, "old", 3);
  tflite_writer_add_metadata(writer, "somebody's", "own", 3);
  size_t size;
  uint8_t *file = tflite_writer_finish(writer, &size);
  folder_put("float.tflite", file, size);
  free(file);
  tflite_writer_destroy(writer);
  return folder_path("float.tflite");
}

TEST(any_model_can_be_tested_with_probes_alone) {
  const char *path = folder_path("probes.tflite");
  assert_status(RUN("model", "pack", float_model(NULL), "--probes", "5", "--output", path), 0);
  struct file packed = open_file(path);
  struct wit_self_test_info info;
  assert_int_equal(wit_self_test_info(&packed.model, &info, NULL), WIT_OK);
  assert_int_equal(info.case_count, 5);
  assert_text(&packed.model, "somebody's", "own");
  const uint8_t *data;
  size_t size;
  assert_false(wit_model_metadata(&packed.model, "godwit.frontend", &data, &size));
  free(packed.data);
}

TEST(without_clips_and_probes_there_is_no_test) {
  const char *path = folder_path("untested.tflite");
  assert_status(RUN("model", "pack", float_model(NULL), "--probes", "0", "--output", path), 0);
  assert_contains(RUN("model", "test", path)->out, "carries no self-test");
  assert_status(RUN("model", "test", path), 1);
}

TEST(entries_of_the_same_name_are_replaced_once) {
  const char *path = folder_path("replaced.tflite");
  assert_status(RUN("model", "pack", float_model("godwit.arena"), "--output", path), 0);
  struct file packed = open_file(path);
  size_t seen = 0;
  const char *name;
  const uint8_t *data;
  size_t size;
  for (size_t i = 0; wit_inspect_metadata(&packed.model, i, &name, &data, &size); i++) {
    seen += strcmp(name, "godwit.arena") == 0;
  }
  assert_int_equal(seen, 1);
  free(packed.data);
}

TEST(the_json_of_packing_says_what_was_put_in) {
  const char *path = folder_path("json.tflite");
  json_t *document = run_json(
      RUN("model", "pack", bare_model(), "--self-test", clips, "--output", path, "--json"));
  json_t *test = json_object_get(document, "selfTest");
  assert_int_equal(json_integer_value(json_object_get(test, "cases")), 12);
  assert_int_equal(json_array_size(json_object_get(test, "clips")), 4);
  assert_true(json_integer_value(json_object_get(document, "added")) < 3000);
  json_decref(document);
}

/* ---- what it refuses ----------------------------------------------------------------- */

TEST(labels_in_the_wrong_order_are_refused_by_the_clips) {
  const char *path = folder_path("wrong.tflite");
  const struct run *run = RUN("model", "pack", bare_model(), "--labels", "silence,unknown,no,yes",
                              "--self-test", clips, "--output", path);
  assert_status(run, 1);
  assert_error(run, "is heard as that, most as");
  assert_int_not_equal(access(path, F_OK), 0); /* nothing was written */
}

TEST(other_labels_than_the_kept_test_names_are_refused) {
  const char *path = folder_path("relabel.tflite");
  const struct run *run = RUN("model", "pack", EXAMPLE "/models/yes_no.tflite", "--labels",
                              "a,b,c,d", "--output", path);
  assert_status(run, 1);
  assert_error(run, "make a new one with --self-test");
}

TEST(labels_that_do_not_fit_the_output_are_refused) {
  const struct run *run = RUN("model", "pack", bare_model(), "--labels", "yes,no", "--output",
                              folder_path("count.tflite"));
  assert_status(run, 1);
  assert_error(run, "2 labels");
}

TEST(clips_of_a_model_without_labels_are_refused) {
  const struct run *run = RUN("model", "pack", float_model(NULL), "--self-test", clips, "--output",
                              folder_path("no_labels.tflite"));
  assert_status(run, 1);
}

TEST(options_that_make_no_sense_are_named) {
  static const struct {
    const char *option, *value, *says;
  } wrong[] = {
      {"--threshold", "yes", "give yes=0.8"},
      {"--threshold", "yes=1.5", "give yes=0.8"},
      {"--threshold", "yes=nan", "give yes=0.8"},
      {"--threshold", "maybe=0.5", "no label 'maybe'"},
      {"--tolerance", "-1", "--tolerance"},
      {"--max-cases", "65", "--max-cases"},
      {"--probes", "many", "--probes"},
      {"--arena", "12", "leave it to 'auto'"},
      {"--frontend", "a=b", "a name is one word"},
      {"--labels", "", "--labels"},
  };
  const char *bare = bare_model(), *path = folder_path("never.tflite");
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    const struct run *run = run_cli((const char *const[]){"model", "pack", bare, wrong[i].option,
                                                          wrong[i].value, "--output", path, NULL});
    assert_int_not_equal(run->status, 0);
    assert_error(run, wrong[i].says);
  }
  assert_int_not_equal(access(path, F_OK), 0);
}

TEST(a_file_that_is_no_model_is_refused) {
  folder_put_text("text.tflite", "not a model at all");
  const struct run *run =
      RUN("model", "pack", folder_path("text.tflite"), "--output", folder_path("never.tflite"));
  assert_status(run, 1);
  assert_error(run, "cannot be packed");
}

TEST(an_output_that_cannot_be_written_is_an_error) {
  const struct run *run =
      RUN("model", "pack", bare_model(), "--output", folder_path("no/such/folder/m.tflite"));
  assert_status(run, 1);
  assert_error(run, "choose another --output");
}

TEST(a_changed_weight_fails_the_test_with_the_reason) {
  const char *path = folder_path("changed.tflite");
  struct file packed = open_file(EXAMPLE "/models/yes_no.tflite");
  struct wit_constant constant;
  size_t tensor = 0;
  while (!wit_inspect_constant(&packed.model, tensor, &constant) || constant.size_bytes < 1000) {
    tensor++;
  }
  packed.data[constant.data - packed.data + 500] ^= 4;
  folder_put("changed.tflite", packed.data, packed.size);
  const struct run *run = RUN("model", "test", path, "--json");
  assert_status(run, 1);
  assert_contains(run->out, "\"passes\": false");
  assert_contains(run->out, "\"status\": \"test output\"");
  assert_status(RUN("model", "test", path), 1);
  free(packed.data);
}

/* ---- the rewriting alone ---------------------------------------------------------------- */

TEST(a_file_that_only_claims_to_have_a_front_is_taken_as_it_is) {
  const char *path = float_model(NULL);
  struct file bare = open_file(path);
  static const char *const claims[] = {"0000000064", "0000000000", "9999999968", "00000000x4",
                                       "64"};
  for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
    struct tflite_writer *writer = tflite_writer_create("claims");
    tflite_writer_add_metadata(writer, CLI_BODY_METADATA, claims[i], strlen(claims[i]));
    size_t size, out_size;
    uint8_t *file = tflite_writer_finish(writer, &size), *out;
    struct wit_model model;
    tflite_writer_destroy(writer);
    assert_int_equal(wit_model_open(&model, file, size, NULL), WIT_OK);
    assert_true(cli_model_body(&model, &out, &out_size));
    assert_int_equal(out_size, size);
    assert_memory_equal(out, file, size);
    free(out);
    free(file);
  }
  free(bare.data);
}

TEST(entries_of_every_size_are_read_back_and_the_rest_is_kept) {
  struct file bare = open_file(float_model("kept"));
  size_t before = metadata_count(&bare.model);
  for (size_t size = 0; size < 40; size++) {
    uint8_t data[40], *out;
    const uint8_t *found;
    size_t out_size, found_size;
    struct wit_model model;
    memset(data, (int)size, sizeof data);
    struct cli_metadata_entry entries[2] = {{"one", data, size}, {"two", data, 40 - size}};
    assert_null(cli_model_add_metadata(&bare.model, entries, 2, &out, &out_size));
    assert_int_equal(wit_model_open(&model, out, out_size, NULL), WIT_OK);
    assert_int_equal(metadata_count(&model), before + 3);
    assert_true(wit_model_metadata(&model, "one", &found, &found_size));
    assert_int_equal(found_size, size);
    assert_memory_equal(found, data, size);
    assert_int_equal(size == 0 ? 0 : (found - model.flatbuffer) % 16, 0);
    assert_true(wit_model_metadata(&model, "two", &found, &found_size));
    assert_int_equal(found_size, 40 - size);
    assert_true(wit_model_metadata(&model, "kept", &found, &found_size));
    assert_same_network(&model, &bare.model);
    free(out);
  }
  free(bare.data);
}
