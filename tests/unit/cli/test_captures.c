/* SPDX-License-Identifier: Apache-2.0 */
/* Captures: what is no id, no label, no score or no file is refused before the
 * server is asked; what a server says of a capture drives nobody's terminal. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/test.h"
#include "tests/unit/cli/folder.h"
#include "tests/unit/cli/run.h"

#define ONE "6561f3a2c0ffee0000000001"
#define TWO "6561f3a2c0ffee0000000002"
#define THREE "6561f3a2c0ffee0000000003"
#define CAPTURE(id, type, size)                                                                   \
  "{\"id\":\"" id                                                                                 \
  "\",\"deviceId\":\"6561f3a2c0ffee00000000aa\",\"deviceName\":\"kitchen\",\"path\":\"audio\","   \
  "\"contentType\":\"" type "\",\"size\":" size                                                   \
  ",\"digest\":\"ab\",\"model\":{\"package\":\"model\",\"version\":\"1.0.0\"},\"heard\":\"yes\"," \
  "\"score\":0.55,\"label\":\"\",\"time\":\"2026-11-22T09:00:00.5Z\",\"provenance\":{\"gain\":0." \
  "1}}"
#define PAGE(elements) "{\"list\":[" elements "],\"page\":0,\"perPage\":50,\"total\":1}"
#define DATA(object) "{\"data\":" object "}"

static void forget_environment(void) {
  unsetenv("GODWIT_API_KEY");
  unsetenv("GODWIT_PROJECT");
  unsetenv("XDG_CONFIG_HOME");
  setenv("GODWIT_URL", "http://127.0.0.1:1", 1); /* nobody there */
}

static size_t count_of(const char *text, const char *part) {
  size_t count = 0;
  for (; (text = strstr(text, part)) != NULL; text++) count++;
  return count;
}

/* --- before anything is sent --------------------------------------------------------------- */

TEST(what_is_plainly_wrong_never_reaches_the_server) {
  static const struct {
    const char *words[8];
    const char *error;
  } wrong[] = {
      {{"capture", "show", "7"}, "'7' is no capture's id; see `godwit capture list`"},
      {{"capture", "show", "6561F3A2C0FFEE0000000001"}, "is no capture's id"},
      {{"capture", "download", "../../etc/passwd"}, "is no capture's id"},
      {{"capture", "play", ".."}, "is no capture's id"},
      {{"capture", "delete", ONE, "all", "--yes"}, "'all' is no capture's id"},
      {{"capture", "delete", ONE}, "this deletes capture " ONE ", and there is no terminal"},
      {{"capture", "delete", ONE, TWO}, "this deletes captures: 2, and there is no terminal"},
      {{"capture", "label"}, "write a label and the captures it is for"},
      {{"capture", "label", "yes"}, "write a label and the captures it is for"},
      {{"capture", "label", ONE, TWO}, "'" ONE "' is a capture; write the label before it"},
      {{"capture", "label", "yes", ONE, "no"}, "'no' is no capture's id"},
      {{"capture", "label", "yes", "\xff"}, "is no capture's id"},
      {{"capture", "label", "\xff", ONE}, "no UTF-8"},
      {{"capture", "label", "--clear"}, "name the captures whose label to take away"},
      {{"capture", "label", "--clear", "yes", ONE}, "'yes' is no capture's id"},
      {{"capture", "label", "yes", ONE, "--from", "-"}, "give nothing else"},
      {{"capture", "label", "--clear", "--from", "-"}, "give nothing else"},
      {{"capture", "list", "--limit", "0"}, "--limit is '0', 1 to 1000 are possible"},
      {{"capture", "list", "--limit", "1001"}, "1 to 1000"},
      {{"capture", "list", "--limit", "5x"}, "1 to 1000"},
      {{"capture", "list", "--limit", " 5"}, "1 to 1000"},
      {{"capture", "list", "--limit", "99999999999999999999"}, "1 to 1000"},
      {{"capture", "list", "--limit", "5", "--all"}, "--limit and --all contradict"},
      {{"capture", "list", "--label", "yes", "--unlabelled"}, "contradict; drop one"},
      {{"capture", "list", "--since", "yesterday"}, "give an age as 30m, 12h or 7d"},
      {{"capture", "list", "--since", "-1d"}, "give an age"},
      {{"capture", "list", "--since", "5"}, "give an age"},
      {{"capture", "list", "--since", "5dd"}, "give an age"},
      {{"capture", "list", "--since", "999999999999w"}, "give an age"},
      {{"capture", "list", "--since", "2026-11-22"}, "give an age"},
      {{"capture", "list", "--until", "soon"}, "--until is 'soon'; give an age"},
      {{"capture", "list", "--model", "model"}, "write PACKAGE@VERSION"},
      {{"capture", "list", "--model", "@1.0.0"}, "write PACKAGE@VERSION"},
      {{"capture", "list", "--model", "model@"}, "write PACKAGE@VERSION"},
      {{"capture", "export"}, "--output is missing"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    forget_environment();
    const struct run *run = run_cli(wrong[i].words);
    print_message("%s", run->err);
    assert_status(run, CLI_USAGE);
    assert_error(run, wrong[i].error);
    assert_string_equal(run->out, "");
  }
}

TEST(files_of_labels_that_are_wrong_label_nothing) {
  static const struct {
    const char *text, *error;
  } wrong[] = {
      {"", "it names no capture; write lines CAPTURE,LABEL"},
      {"# nothing\n\n", "it names no capture"},
      {ONE ",yes\n" TWO "\n", "line 2 is '" TWO "'; write CAPTURE,LABEL"},
      {ONE ",\n", "write CAPTURE,LABEL"},
      {",yes\n", "line 1: '' is no capture's id"},
      {"capture,label\n" ONE ",yes\n", "line 1: 'capture' is no capture's id"},
      {ONE ",yes\n" ONE "0,no\n", "line 2: '" ONE "0' is no capture's id"},
      {ONE ",\xff\n", "line 1: the label is no UTF-8"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    forget_environment();
    static const char *const words[] = {"capture", "label", "--from", "-", NULL};
    const struct run *run = run_cli_with_input(wrong[i].text, words);
    assert_status(run, CLI_FAILED);
    assert_error(run, wrong[i].error);
  }
  forget_environment();
  folder_put("zero.csv", ONE ",yes\n\0" TWO ",no\n", sizeof ONE ",yes\n\0" TWO ",no\n" - 1);
  assert_error(RUN("capture", "label", "--from", folder_path("zero.csv")), "holds a zero byte");
  assert_error(RUN("capture", "label", "--from", folder_path("none.csv")), "cannot open");
}

TEST(an_export_that_has_nowhere_to_go_is_not_fetched) {
  forget_environment();
  folder_put_text("full/note", "mine");
  folder_put_text("file", "mine");
  assert_int_equal(mkdir(folder_path("folder.tar"), 0700), 0);
  assert_error(RUN("capture", "export", "--output", folder_path("full")),
               "holds something already; choose another folder, or --force");
  assert_error(RUN("capture", "export", "--output", folder_path("full/")),
               "holds something already");
  assert_error(RUN("capture", "export", "--output", folder_path("file")), "is no folder");
  assert_error(RUN("capture", "export", "--force", "--output", folder_path("file")),
               "is no folder");
  assert_error(RUN("capture", "export", "--output", folder_path("folder.tar")), "is a folder");
  assert_error(RUN("capture", "export", "--output", folder_path("file/x")), "Not a directory");
  assert_error(RUN("capture", "export", "--output", folder_path("none/x")),
               "No such file or directory; choose another --output");
  assert_error(RUN("capture", "export", "--output", folder_path("new")), "cannot reach");
  assert_int_not_equal(access(folder_path("new"), F_OK), 0);
}

/* --- what the server says -------------------------------------------------------------------- */

TEST(a_list_shows_names_and_nothing_that_drives_a_terminal) {
  const char *replies[] = {
      reply("200 OK",
            PAGE(CAPTURE(ONE, "audio/wav", "32044") ",{\"id\":\"\\u001b[31mx\",\"heard\":7,"
                                                    "\"deviceName\":\"\",\"deviceId\":\"abc\"}")),
      NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  const struct run *run = RUN("capture", "list");
  assert_status(run, CLI_OK);
  assert_contains(run->out, ONE
                  "  2026-11-22 09:00:00Z  kitchen  audio/wav  31.3 KiB  "
                  "model@1.0.0  yes    0.55   -\n");
  assert_contains(run->out, "?[31mx ");
  assert_contains(run->out, "  abc ");
  assert_null(strchr(run->out, '\033'));
  fake_stop(fake);
}

TEST(filters_go_out_as_the_server_knows_them) {
  const char *replies[] = {
      reply("200 OK", PAGE("{\"id\":\"6561f3a2c0ffee00000000aa\",\"name\":\"kit chen\"}")),
      reply("200 OK", PAGE("")), NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  const struct run *run =
      RUN("capture", "list", "--device", "kit chen", "--since", "2026-11-22T09:00:00Z", "--until",
          "2026-11-23T09:00:00Z", "--model", "my model@1.0.0", "--heard", "yes&no", "--path", "a/b",
          "--min-score", "0.2", "--max-score", "0.8", "--unlabelled", "--limit", "7");
  assert_status(run, CLI_OK);
  assert_string_equal(run->out, "none\n");
  assert_contains(fake_requests(fake),
                  "/captures?deviceId=6561f3a2c0ffee00000000aa&start=2026-11-22T09%3A00%3A00Z&"
                  "end=2026-11-23T09%3A00%3A00Z&"
                  "modelPackage=my%20model&modelVersion=1.0.0&labelled=false&heard=yes%26no&"
                  "path=a%2Fb&scoreMin=0.2&scoreMax=0.8&perPage=7 HTTP");
  fake_stop(fake);
}

TEST(all_captures_are_read_by_token_and_none_comes_twice) {
  const char *replies[] = {
      reply("200 OK", "{\"list\":[" CAPTURE(THREE, "audio/wav", "1") "," CAPTURE(
                          TWO, "audio/wav", "1") "],\"total\":2,\"nextPageToken\":\"" TWO "\"}"),
      reply("200 OK", "{\"list\":[" CAPTURE(ONE, "audio/wav", "1") "],\"total\":1,"
                                                                   "\"nextPageToken\":\"\"}"),
      NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  json_t *list = run_json(RUN("capture", "list", "--all", "--json"));
  assert_int_equal(json_array_size(list), 3);
  assert_contains(fake_requests(fake), "/captures?page=0&perPage=1000 ");
  assert_contains(fake_requests(fake), "/captures?pageToken=" TWO "&perPage=1000 ");
  assert_int_equal(count_of(fake_requests(fake), "GET "), 2);
  json_decref(list);
  fake_stop(fake);
}

TEST(a_capture_is_shown_with_what_the_device_said) {
  const char *replies[] = {reply("200 OK", DATA(CAPTURE(ONE, "audio/wav", "1"))), NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  const struct run *run = RUN("capture", "show", ONE);
  assert_status(run, CLI_OK);
  assert_contains(run->out, "path          .s/audio\n");
  assert_contains(run->out, "provenance    {\"gain\": 0.1}\n");
  fake_stop(fake);
}

TEST(a_download_has_an_ending_of_ours_and_no_path_of_the_servers) {
  const char *replies[] = {reply("200 OK", DATA(CAPTURE(ONE, "../../x", "10"))),
                           reply("200 OK", "0123456789"), NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  assert_int_equal(chdir(test_temporary_folder()), 0);
  const struct run *run = RUN("capture", "download", ONE);
  assert_status(run, CLI_OK);
  assert_contains(run->out, "written       " ONE ".bin\n");
  assert_int_equal(access(folder_path(ONE ".bin"), F_OK), 0);
  fake_stop(fake);
}

TEST(a_download_that_is_shorter_than_the_capture_leaves_no_file) {
  const char *replies[] = {reply("200 OK", DATA(CAPTURE(ONE, "audio/wav", "11"))),
                           reply("200 OK", "0123456789"), NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  const struct run *run = RUN("capture", "download", ONE, "--output", folder_path("clip.wav"));
  assert_status(run, CLI_FAILED);
  assert_error(run, "the server sent 10 of 11 bytes; try again");
  assert_int_not_equal(access(folder_path("clip.wav"), F_OK), 0);
  assert_int_not_equal(access(folder_path("clip.wav.part"), F_OK), 0);
  fake_stop(fake);
}

/* --- playing ---------------------------------------------------------------------------------- */

/* A player that is not one: it says what it got, and ends as it is told. */
static void put_player(const char *name, int status) {
  char text[256];
  snprintf(text, sizeof text, "#!/bin/sh\nfor last; do :; done\necho %s %s ${last##*/}\nexit %d\n",
           name, name, status);
  folder_put_text(name, text);
  assert_int_equal(chmod(folder_path(name), 0700), 0);
}

static const struct run *play(const char *type, const char *bytes, struct fake **fake) {
  static char capture[1024];
  static const char *replies[3];
  char size[24];
  forget_environment();
  snprintf(size, sizeof size, "%zu", strlen(bytes));
  snprintf(capture, sizeof capture,
           "{\"data\":{\"id\":\"" ONE "\",\"contentType\":\"%s\",\"size\":%s,\"heard\":\"yes\"}}",
           type, size);
  replies[0] = reply("200 OK", capture);
  replies[1] = reply("200 OK", bytes);
  *fake = fake_start(replies);
  setenv("PATH", test_temporary_folder(), 1);
  setenv("TMPDIR", test_temporary_folder(), 1);
  return RUN("capture", "play", ONE);
}

TEST(what_is_no_sound_is_not_played_nor_fetched) {
  struct fake *fake;
  const struct run *run = play("image/jpeg", "x", &fake);
  assert_status(run, CLI_FAILED);
  assert_error(run, "it is image/jpeg, no sound; save it with `godwit capture download`");
  assert_int_equal(count_of(fake_requests(fake), "GET "), 1);
  fake_stop(fake);
}

TEST(without_a_player_it_says_which_would_do) {
  struct fake *fake;
  const struct run *run = play("audio/wav", "no WAV at all", &fake);
  assert_status(run, CLI_FAILED);
  assert_error(run, "no player is installed (aplay, paplay, pw-play, play, ffplay)");
  assert_contains(run->out, "sound         not drawn");
  fake_stop(fake);
}

TEST(a_player_that_does_not_work_leaves_it_to_the_next) {
  struct fake *fake;
  put_player("paplay", 1);
  put_player("play", 0);
  const struct run *run = play("audio/wav", "no WAV at all", &fake);
  assert_status(run, CLI_OK);
  assert_contains(run->out, "play play capture.wav\n");
  fake_stop(fake);
  put_player("play", 3);
  run = play("audio/wav", "no WAV at all", &fake);
  assert_status(run, CLI_FAILED);
  assert_error(run, "play could not play it");
  fake_stop(fake);
}

TEST(nothing_that_was_played_is_left_behind) {
  char pattern[1300];
  struct fake *fake;
  put_player("aplay", 0);
  const struct run *run = play("audio/wav", "no WAV at all", &fake);
  assert_status(run, CLI_OK);
  fake_stop(fake);
  snprintf(pattern, sizeof pattern, "! /bin/ls -d %s/godwit-play-* > /dev/null 2>&1",
           test_temporary_folder());
  assert_int_equal(system(pattern), 0);
}

/* --- labels ------------------------------------------------------------------------------------
 */

TEST(labels_go_out_together_and_are_taken_away_with_an_empty_one) {
  const char *replies[] = {reply("200 OK", DATA("{\"count\":2}")), NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  const struct run *run = RUN("capture", "label", "yes", ONE, TWO);
  assert_status(run, CLI_OK);
  assert_string_equal(run->out, "labelled      2\n");
  assert_contains(fake_requests(fake), "POST /v1/projects/default/captures/label ");
  assert_contains(fake_requests(fake), "{\"label\":\"yes\",\"ids\":[\"" ONE "\",\"" TWO "\"]}");
  json_t *answer = run_json(RUN("capture", "label", "--clear", ONE, "--json"));
  assert_int_equal(json_integer_value(json_object_get(answer, "count")), 1);
  assert_contains(fake_requests(fake), "{\"label\":\"\",\"ids\":[\"" ONE "\"]}");
  json_decref(answer);
  fake_stop(fake);
}

TEST(a_file_of_labels_is_sent_label_by_label) {
  static const char *const words[] = {"capture", "label", "--from", "-", NULL};
  const char *replies[] = {reply("200 OK", DATA("{}")), NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  const struct run *run = run_cli_with_input(
      "\xEF\xBB\xBF" ONE ",yes\r\n# heard twice\n\n" TWO ",no\n" THREE ",yes", words);
  assert_status(run, CLI_OK);
  assert_string_equal(run->out, "labelled      3\n");
  assert_contains(fake_requests(fake), "{\"label\":\"yes\",\"ids\":[\"" ONE "\",\"" THREE "\"]}");
  assert_contains(fake_requests(fake), "{\"label\":\"no\",\"ids\":[\"" TWO "\"]}");
  fake_stop(fake);
}

TEST(what_was_labelled_before_a_refusal_is_counted) {
  static const char *const words[] = {"capture", "label", "--from", "-", NULL};
  const char *replies[] = {reply("200 OK", DATA("{}")),
                           reply("404 Not Found", "{\"message\":\"there is no such capture\"}"),
                           NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  const struct run *run = run_cli_with_input(ONE ",yes\n" TWO ",no\n", words);
  assert_status(run, CLI_FAILED);
  assert_contains(run->err, "there is no such capture\n");
  assert_contains(run->err, "warning: 1 were labelled before that\n");
  fake_stop(fake);
}

TEST(a_thousand_captures_fit_in_one_request_and_one_more_makes_two) {
  static char text[1001 * 32];
  static const char *const words[] = {"capture", "label", "--from", "-", NULL};
  const char *replies[] = {reply("200 OK", DATA("{}")), NULL};
  size_t used = 0;
  forget_environment();
  for (unsigned i = 0; i < 1001; i++) {
    used += (size_t)snprintf(text + used, sizeof text - used, "6561f3a2c0ffee00%08x,yes\n", i);
  }
  struct fake *fake = fake_start(replies);
  const struct run *run = run_cli_with_input(text, words);
  assert_status(run, CLI_OK);
  assert_string_equal(run->out, "labelled      1001\n");
  assert_contains(fake_requests(fake), "\"6561f3a2c0ffee00000003e7\"]}");
  assert_contains(fake_requests(fake), "\"ids\":[\"6561f3a2c0ffee00000003e8\"]}");
  assert_int_equal(count_of(fake_requests(fake), "POST "), 2);
  fake_stop(fake);
}

TEST(several_are_deleted_and_a_refusal_says_how_far_it_went) {
  const char *replies[] = {reply("200 OK", ""),
                           reply("404 Not Found", "{\"message\":\"there is no such capture\"}"),
                           NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  const struct run *run = RUN("capture", "delete", ONE, TWO, THREE, "--yes");
  assert_status(run, CLI_FAILED);
  assert_contains(run->err, "warning: 1 were deleted before that");
  assert_contains(fake_requests(fake), "DELETE /v1/projects/default/captures/" ONE " ");
  assert_null(strstr(fake_requests(fake), THREE));
  fake_stop(fake);
  replies[1] = NULL;
  fake = fake_start(replies);
  assert_string_equal(RUN("capture", "delete", ONE, TWO, "--yes")->out, "deleted       2\n");
  assert_string_equal(RUN("capture", "delete", ONE, "--yes", "--json")->out, "{}\n");
  fake_stop(fake);
}
