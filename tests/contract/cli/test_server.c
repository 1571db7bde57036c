/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's day, command by command, against `godwit server` on an empty
 * folder with ports of its own. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "examples/common/tflite_writer.h"
#include "tests/support/test.h"
#include "tests/unit/cli/run.h"

/* --- the server ------------------------------------------------------------------ */

static pid_t server;

static const char *path_of(const char *name) {
  static char path[4][1200];
  static unsigned next;
  char *out = path[next++ % 4];
  snprintf(out, sizeof path[0], "%s/%s", test_temporary_folder(), name);
  return out;
}

_Noreturn static void be_server(const char *folder, int output) {
  prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves none behind */
  dup2(output, STDOUT_FILENO);
  execl(GODWIT_BINARY_DIR "/bin/godwit", "godwit", "server", "--data", folder, "--coap-bind",
        "127.0.0.1", "--coap-port", "0", "--http-port", "0", (char *)NULL);
  _exit(127);
}

/* Reads what the server prints until it says "ready". */
static void read_until_ready(int output, char *text, size_t size) {
  size_t used = 0;
  while (strstr(text, "ready\n") == NULL) {
    ssize_t got = read(output, text + used, size - 1 - used);
    if (got <= 0) fail_msg("the server did not get ready; it said: %s", text);
    used += (size_t)got;
    text[used] = 0;
  }
}

static void take_word_after(const char *text, const char *before, char *word, size_t size) {
  const char *start = strstr(text, before);
  if (start == NULL) return;
  start += strlen(before);
  start += strspn(start, " ");
  snprintf(word, size, "%.*s", (int)strcspn(start, " \n"), start);
}

/* On the same folder as before, if there was one. Sets GODWIT_URL, and on a
 * fresh folder GODWIT_API_KEY. */
static void start_server(void) {
  char text[4096] = "", address[100] = "", url[128], key[128] = "", folder[1200];
  int output[2];
  snprintf(folder, sizeof folder, "%s", path_of("data"));
  assert_int_equal(pipe2(output, O_CLOEXEC), 0);
  server = fork();
  assert_true(server >= 0);
  if (server == 0) be_server(folder, output[1]);
  close(output[1]);
  read_until_ready(output[0], text, sizeof text);
  const char *listening = strstr(text, "listening:");
  assert_non_null(listening);
  take_word_after(listening, "http://", address, sizeof address);
  snprintf(url, sizeof url, "http://%s", address);
  take_word_after(text, "API key", key, sizeof key);
  setenv("GODWIT_URL", url, 1);
  if (key[0] != 0) setenv("GODWIT_API_KEY", key, 1);
  unsetenv("GODWIT_PROJECT");
  unsetenv("XDG_CONFIG_HOME");
  fcntl(output[0], F_SETFD, 0); /* stays open: the server may go on printing */
}

static void kill_server(void) {
  kill(server, SIGKILL);
  waitpid(server, NULL, 0);
}

static void stop_server(void) {
  int status;
  kill(server, SIGTERM);
  waitpid(server, &status, 0);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
}

/* --- helpers ------------------------------------------------------------------------ */

static const char *text_in(const json_t *object, const char *member) {
  const char *text = json_string_value(json_object_get(object, member));
  return text != NULL ? text : "";
}

/* int8 [1,count] -> SOFTMAX; the description makes its bytes differ. */
static const char *write_model(const char *name, const char *description, const char *labels) {
  static const float in_scale = 0.1f, out_scale = 1.0f / 256;
  static const int64_t in_zero = 0, out_zero = -128;
  struct tflite_tensor in = {.name = "in",
                             .type = TFLITE_INT8,
                             .shape = {1, 4},
                             .rank = 2,
                             .scale = &in_scale,
                             .zero_point = &in_zero,
                             .channels = 1};
  struct tflite_tensor out = in;
  out.name = "out";
  out.scale = &out_scale;
  out.zero_point = &out_zero;
  struct tflite_writer *writer = tflite_writer_create(description);
  int32_t input = tflite_writer_add_tensor(writer, &in);
  int32_t output = tflite_writer_add_tensor(writer, &out);
  struct tflite_operator softmax = {
      .code = TFLITE_SOFTMAX,
      .version = 2,
      .inputs = &input,
      .input_count = 1,
      .outputs = &output,
      .output_count = 1,
      .options = {.table = TFLITE_OPTIONS_SOFTMAX,
                  .field = {{.id = 0, .kind = TFLITE_FIELD_FLOAT, .number = 1}},
                  .count = 1}};
  tflite_writer_add_operator(writer, &softmax);
  tflite_writer_set_inputs(writer, &input, 1);
  tflite_writer_set_outputs(writer, &output, 1);
  tflite_writer_add_metadata(writer, "godwit.labels", labels, strlen(labels));
  size_t size;
  uint8_t *bytes = tflite_writer_finish(writer, &size);
  const char *path = path_of(name);
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, size, file), size);
  fclose(file);
  free(bytes);
  tflite_writer_destroy(writer);
  return path;
}

static const char good_labels[] = "silence\nunknown\nyes\nno\n";

static void upload(const char *version) {
  const char *path = write_model("model.tflite", version, good_labels);
  assert_status(RUN("artifact", "upload", path, "--package", "model", "--version", version),
                CLI_OK);
}

static void make_objects(void) {
  assert_status(RUN("blueprint", "create", "m5stack-cores3"), CLI_OK);
  assert_status(RUN("tag", "create", "beta"), CLI_OK);
  assert_status(
      RUN("device", "create", "kitchen", "--blueprint", "m5stack-cores3", "--tag", "beta"), CLI_OK);
  upload("1.0.0");
}

/* --- tests --------------------------------------------------------------------------- */

TEST(a_device_gets_name_blueprint_tags_and_a_key_of_its_own) {
  start_server();
  make_objects();
  json_t *device = run_json(RUN("device", "create", "hall", "--tag", "beta", "--json"));
  json_t *credential = json_object_get(device, "credential");
  assert_string_equal(text_in(device, "name"), "hall");
  assert_string_equal(text_in(credential, "identity"), "hall@default");
  assert_int_equal(strlen(text_in(credential, "preSharedKey")), 32);
  assert_int_equal(json_array_size(json_object_get(device, "tagIds")), 1);
  json_t *list = run_json(RUN("device", "list", "--json"));
  assert_int_equal(json_array_size(list), 2);
  json_decref(list);
  list = run_json(RUN("device", "list", "--blueprint", "m5stack-cores3", "--json"));
  assert_int_equal(json_array_size(list), 1);
  json_decref(list);
  /* The table shows names where the server has ids. */
  const struct run *run = RUN("device", "show", text_in(device, "id"));
  assert_status(run, CLI_OK);
  assert_contains(run->out, "tags          beta\n");
  assert_status(RUN("device", "tag", "remove", "hall", "beta"), CLI_OK);
  list = run_json(RUN("device", "list", "--tag", "beta", "--json"));
  assert_int_equal(json_array_size(list), 1);
  json_decref(list);
  json_decref(device);
  stop_server();
}

TEST(a_key_given_by_the_operator_is_the_key_that_is_kept) {
  start_server();
  static const char *const words[] = {"device", "create", "kitchen", "--psk-id", "id-1",
                                      "--psk",  "-",      "--json",  NULL};
  json_t *device = run_json(run_cli_with_input("secret of mine\n", words));
  json_t *credential = json_object_get(device, "credential");
  assert_string_equal(text_in(credential, "identity"), "id-1");
  assert_string_equal(text_in(credential, "preSharedKey"), "secret of mine");
  json_decref(device);
  json_t *added = run_json(RUN("credential", "add", "kitchen", "--json"));
  assert_int_equal(strncmp(text_in(added, "identity"), "kitchen-", 8), 0);
  json_t *list = run_json(RUN("credential", "list", "kitchen", "--json"));
  assert_int_equal(json_array_size(list), 2);
  json_decref(list);
  assert_null(strstr(RUN("credential", "list", "kitchen")->out, "secret of mine"));
  assert_status(RUN("credential", "delete", "kitchen", "id-1", "--yes"), CLI_OK);
  assert_error(RUN("credential", "delete", "kitchen", "id-1", "--yes"), "has no credential 'id-1'");
  /* Another device cannot have an identity that is taken, and is not made. */
  assert_error(RUN("device", "create", "hall", "--psk-id", text_in(added, "identity")),
               "device create: ");
  assert_error(RUN("device", "show", "hall"), "there is no device 'hall'");
  json_decref(added);
  stop_server();
}

TEST(an_uploaded_model_comes_back_byte_for_byte) {
  size_t sent_size, got_size;
  start_server();
  const char *path = write_model("model.tflite", "round trip", good_labels);
  json_t *artifact = run_json(
      RUN("artifact", "upload", path, "--package", "model", "--version", "1.0.0", "--json"));
  json_t *labels = json_object_get(json_object_get(artifact, "model"), "labels");
  assert_int_equal(json_array_size(labels), 4);
  json_decref(artifact);
  assert_status(RUN("artifact", "download", "model@1.0.0", "--output", path_of("back")), CLI_OK);
  uint8_t *sent = test_read_file(path, &sent_size),
          *got = test_read_file(path_of("back"), &got_size);
  assert_int_equal(sent_size, got_size);
  assert_memory_equal(sent, got, sent_size);
  free(sent);
  free(got);
  assert_contains(RUN("artifact", "show", "model@1.0.0")->out, "silence, unknown, yes, no");
  assert_contains(RUN("artifact", "list")->out, "model@1.0.0");
  stop_server();
}

TEST(an_artifact_of_several_megabytes_goes_up_and_comes_back) {
  size_t size = 5 * 1024 * 1024 + 7, back_size;
  start_server();
  uint8_t *bytes = malloc(size);
  assert_non_null(bytes);
  for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)test_random();
  FILE *file = fopen(path_of("big"), "wb");
  assert_int_equal(fwrite(bytes, 1, size, file), size);
  fclose(file);
  assert_status(RUN("artifact", "upload", path_of("big"), "--package", "main", "--version", "2.0.0",
                    "--force-binary"),
                CLI_OK);
  assert_status(RUN("artifact", "download", "main@2.0.0", "--output", path_of("back")), CLI_OK);
  uint8_t *back = test_read_file(path_of("back"), &back_size);
  assert_int_equal(size, back_size);
  assert_memory_equal(bytes, back, size);
  free(back);
  free(bytes);
  stop_server();
}

TEST(a_release_is_made_rolled_out_taken_back_and_deleted) {
  start_server();
  make_objects();
  json_t *release = run_json(RUN("release", "create", "--artifact", "model@1.0.0", "--blueprint",
                                 "m5stack-cores3", "--tag", "beta", "--name", "first", "--json"));
  assert_true(json_is_false(json_object_get(release, "rollout")));
  assert_int_equal(json_array_size(json_object_get(release, "artifactIds")), 1);
  const struct run *run = RUN("release", "rollout", "on", "first");
  assert_status(run, CLI_OK);
  assert_contains(run->out, "rollout       on\n");
  assert_contains(run->out, "artifacts     model@1.0.0\n");
  assert_contains(run->out, "for           blueprint m5stack-cores3\n");
  assert_contains(run->out, "and           tag beta\n");
  json_t *list = run_json(RUN("release", "list", "--rollout", "--json"));
  assert_int_equal(json_array_size(list), 1);
  json_decref(list);
  assert_status(RUN("release", "rollout", "off", text_in(release, "id")), CLI_OK);
  list = run_json(RUN("release", "list", "--rollout", "--json"));
  assert_int_equal(json_array_size(list), 0);
  json_decref(list);
  assert_status(RUN("release", "show", text_in(release, "sequenceNumber")), CLI_OK);
  assert_status(RUN("release", "delete", "first", "--yes"), CLI_OK);
  assert_error(RUN("release", "show", "first"), "there is no release 'first'");
  json_decref(release);
  stop_server();
}

TEST(a_release_for_everybody_says_so) {
  start_server();
  make_objects();
  assert_contains(RUN("release", "create", "--artifact", "model@1.0.0", "--rollout")->out,
                  "for           every device of the project\n");
  stop_server();
}

TEST(what_is_in_use_cannot_be_deleted) {
  start_server();
  make_objects();
  assert_status(
      RUN("release", "create", "--artifact", "model@1.0.0", "--tag", "beta", "--name", "r"),
      CLI_OK);
  assert_error(RUN("artifact", "delete", "model@1.0.0", "--yes"),
               "artifact delete: artifact in use");
  assert_error(RUN("tag", "delete", "beta", "--yes"), "tag delete: tag in use");
  assert_error(RUN("blueprint", "delete", "m5stack-cores3", "--yes"), "blueprint in use");
  assert_status(RUN("artifact", "show", "model@1.0.0"), CLI_OK);
  assert_status(RUN("release", "delete", "r", "--yes"), CLI_OK);
  assert_status(RUN("device", "delete", "kitchen", "--yes"), CLI_OK);
  assert_status(RUN("artifact", "delete", "model@1.0.0", "--yes"), CLI_OK);
  assert_status(RUN("tag", "delete", "beta", "--yes"), CLI_OK);
  assert_status(RUN("blueprint", "delete", "m5stack-cores3", "--yes"), CLI_OK);
  stop_server();
}

TEST(what_the_server_refuses_is_one_clear_line) {
  start_server();
  make_objects();
  const char *path = write_model("model.tflite", "again", good_labels);
  const struct {
    const char *words[10];
    const char *error;
  } refused[] = {
      {{"artifact", "upload", path, "--package", "model", "--version", "1.0.0"}, "already exists"},
      {{"artifact", "upload", path, "--package", "model", "--version", "one"}, "semantic version"},
      {{"artifact", "upload", path, "--package", "model", "--version", "1.0"}, "semantic version"},
      {{"artifact", "upload", path, "--package", "model", "--version", "01.0.0"},
       "semantic version"},
      {{"artifact", "upload", path, "--package", "a/b", "--version", "1.0.1"}, "package"},
      {{"artifact", "upload", path, "--package", "much-too-long-for-a-package", "--version",
        "1.0.1"},
       "package"},
      {{"artifact", "upload", path, "--package", "m", "--version", "1.0.1", "--blueprint", "cam"},
       "there is no blueprint 'cam'"},
      {{"device", "create", "kitchen"}, "already exists"},
      {{"device", "create", "hall", "--tag", "gamma"}, "there is no tag 'gamma'"},
      {{"device", "create", "hall", "--blueprint", "cam"}, "there is no blueprint 'cam'"},
      {{"device", "create", "bad/name"}, "device create: "},
      {{"device", "create", "hall", "--psk-id", "kitchen@default"}, "device create: "},
      {{"blueprint", "create", "m5stack-cores3"}, "already exists"},
      {{"tag", "create", "beta"}, "already exists"},
      {{"tag", "create", "a b"}, "tag create: "},
      {{"release", "create", "--artifact", "model@9.9.9"}, "there is no artifact 'model@9.9.9'"},
      {{"release", "create", "--artifact", "model@1.0.0", "--tag", "gamma"},
       "there is no tag 'gamma'"},
      {{"release", "rollout", "on", "nope"}, "there is no release 'nope'"},
      {{"device", "show", "0123456789abcdef01234567"}, "device show: "},
      {{"device", "list", "--project", "nowhere"}, "there is no project"},
      {{"project", "delete", "default", "--yes"}, "not empty"},
      {{"apikey", "delete", "first", "--yes"}, "a key cannot delete itself"},
  };
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
    const struct run *run = run_cli(refused[i].words);
    print_message("%s", run->err);
    assert_status(run, CLI_FAILED);
    assert_error(run, refused[i].error);
    assert_string_equal(run->out, "");
  }
  stop_server();
}

/* The CLI's own check would stop it; the server must not rely on that. */
TEST(the_server_refuses_a_broken_model_that_gets_past_the_cli) {
  start_server();
  const char *path = write_model("bad.tflite", "two labels", "yes\nno\n");
  assert_error(RUN("artifact", "upload", path, "--package", "model", "--version", "1.0.0"),
               "no device can run");
  assert_status(
      RUN("artifact", "upload", path, "--package", "model", "--version", "1.0.0", "--force-binary"),
      CLI_OK);
  assert_contains(RUN("artifact", "show", "model@1.0.0")->out, "kind          binary");
  stop_server();
}

TEST(keys_open_what_they_are_for_and_nothing_after_they_are_deleted) {
  start_server();
  char first[128];
  snprintf(first, sizeof first, "%s", getenv("GODWIT_API_KEY"));
  assert_status(RUN("project", "create", "Green house"), CLI_OK);
  json_t *key = run_json(RUN("apikey", "create", "ci", "--project", "green-house", "--json"));
  setenv("GODWIT_API_KEY", text_in(key, "apiKey"), 1);
  assert_status(RUN("device", "list", "--project", "green-house"), CLI_OK);
  const struct run *run = RUN("device", "list");
  assert_status(run, CLI_FAILED); /* another project */
  setenv("GODWIT_API_KEY", first, 1);
  assert_status(RUN("apikey", "delete", "ci", "--project", "green-house", "--yes"), CLI_OK);
  setenv("GODWIT_API_KEY", text_in(key, "apiKey"), 1);
  assert_error(RUN("device", "list", "--project", "green-house"),
               "does not know the API key from the environment");
  unsetenv("GODWIT_API_KEY");
  assert_error(RUN("status"), "wants an API key and none is set");
  json_decref(key);
  stop_server();
}

TEST(login_with_the_printed_key_is_all_that_is_needed) {
  start_server();
  char input[160];
  snprintf(input, sizeof input, "%s\n", getenv("GODWIT_API_KEY"));
  unsetenv("GODWIT_API_KEY");
  static const char *const words[] = {"login", NULL};
  assert_status(run_cli_with_input(input, words), CLI_OK);
  char url[128];
  snprintf(url, sizeof url, "%s", getenv("GODWIT_URL"));
  unsetenv("GODWIT_URL");
  json_t *status = run_json(RUN("status", "--json"));
  assert_non_null(json_object_get(status, "version"));
  assert_contains(RUN("status")->out, url);
  json_decref(status);
  stop_server();
}

TEST(everything_is_there_after_the_server_was_killed) {
  start_server();
  make_objects();
  assert_status(RUN("release", "create", "--artifact", "model@1.0.0", "--rollout", "--name", "r"),
                CLI_OK);
  json_t *before = run_json(RUN("release", "show", "r", "--json"));
  kill_server();
  assert_error(RUN("device", "list"), "is `godwit server` running?");
  start_server();
  json_t *after = run_json(RUN("release", "show", "r", "--json"));
  assert_true(json_equal(before, after));
  assert_status(RUN("device", "show", "kitchen"), CLI_OK);
  assert_status(RUN("artifact", "download", "model@1.0.0", "--output", path_of("back")), CLI_OK);
  json_decref(before);
  json_decref(after);
  stop_server();
}

TEST(a_list_longer_than_a_page_is_complete) {
  start_server();
  for (int i = 0; i < 130; i++) {
    char name[16];
    snprintf(name, sizeof name, "tag-%d", i);
    assert_status(RUN("tag", "create", name), CLI_OK);
  }
  json_t *list = run_json(RUN("tag", "list", "--json"));
  assert_int_equal(json_array_size(list), 130);
  json_decref(list);
  assert_status(RUN("tag", "delete", "tag-129", "--yes"), CLI_OK);
  stop_server();
}

TEST(history_is_empty_before_a_device_has_reported) {
  start_server();
  make_objects();
  const struct run *run = RUN("device", "history", "kitchen");
  assert_status(run, CLI_OK);
  assert_string_equal(run->out, "none\n");
  json_t *list = run_json(RUN("ota", "events", "--package", "model", "--json"));
  assert_int_equal(json_array_size(list), 0);
  json_decref(list);
  stop_server();
}
