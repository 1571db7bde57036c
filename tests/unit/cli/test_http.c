/* SPDX-License-Identifier: Apache-2.0 */
/* What a server can do to the CLI: refuse, lie, ramble, hang up. */
#include <stdlib.h>
#include <unistd.h>

#include "tests/support/test.h"
#include "tests/unit/cli/run.h"

#define LIST(elements, total) \
  "{\"list\":[" elements "],\"page\":0,\"perPage\":1000,\"total\":" total "}"

static void forget_environment(void) {
  unsetenv("GODWIT_API_KEY");
  unsetenv("GODWIT_PROJECT");
  unsetenv("XDG_CONFIG_HOME");
}

/* `godwit tag list` against one reply. */
static const struct run *against(const char *raw, struct fake **fake) {
  static const char *replies[2];
  replies[0] = raw;
  forget_environment();
  *fake = fake_start(replies);
  return RUN("tag", "list");
}

TEST(nobody_listening_is_explained) {
  forget_environment();
  setenv("GODWIT_URL", "http://127.0.0.1:1", 1);
  const struct run *run = RUN("tag", "list");
  assert_status(run, CLI_FAILED);
  assert_error(run,
               "tag list: cannot reach http://127.0.0.1:1 (connection refused): is `godwit "
               "server` running?");
}

TEST(a_proxy_of_the_environment_is_not_asked_for_this_machine) {
  struct fake *fake;
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  assert_status(against(reply("200 OK", LIST("", "0")), &fake), CLI_OK);
  unsetenv("http_proxy");
  fake_stop(fake);
}

TEST(a_missing_and_a_wrong_key_are_told_apart) {
  struct fake *fake;
  const char *refusal =
      reply("401 Unauthorized", "{\"code\":16,\"message\":\"no key\",\"details\":[]}");
  const struct run *run = against(refusal, &fake);
  assert_status(run, CLI_FAILED);
  assert_error(run, "wants an API key and none is set; `godwit server` printed one");
  setenv("GODWIT_API_KEY", "gw_wrong", 1);
  run = RUN("tag", "list");
  assert_error(run, "does not know the API key from the environment; set another");
  assert_null(strstr(run->err, "gw_wrong"));
  fake_stop(fake);
}

TEST(the_servers_reason_is_passed_on) {
  static const struct {
    const char *status, *body, *error;
  } refused[] = {
      {"409 Conflict", "{\"code\":6,\"message\":\"artifact already exists\",\"details\":[]}",
       "tag list: artifact already exists"},
      {"403 Forbidden", "{\"code\":7,\"message\":\"another project\",\"details\":[]}",
       "may not do this: another project"},
      {"507 Insufficient Storage", "{\"code\":13,\"message\":\"disk full\",\"details\":[]}",
       "the server failed: disk full; look at its log"},
      {"404 Not Found", "<html>no</html>", "answered HTTP 404 with no Godwit error"},
      {"502 Bad Gateway", "", "answered HTTP 502 with no Godwit error"},
      {"400 Bad Request", "{\"message\":\"a\\u001b[31mb\\nc\"}", "a?[31mb?c"},
  };
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
    struct fake *fake;
    const struct run *run = against(reply(refused[i].status, refused[i].body), &fake);
    assert_status(run, CLI_FAILED);
    assert_error(run, refused[i].error);
    fake_stop(fake);
  }
}

TEST(an_answer_that_is_no_godwits_is_an_error) {
  static const struct {
    const char *body, *error;
  } odd[] = {
      {"<html></html>", "something that is no JSON"},
      {"{\"list\":[", "something that is no JSON"},
      {"{\"list\":[],\"list\":[]}", "something that is no JSON"},
      {"{\"data\":{}}", "answered without a \"list\""},
      {"{\"list\":{}}", "answered without a \"list\""},
      {"[]", "answered without a \"list\""},
      {"", "answered without a \"list\""},
  };
  for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
    struct fake *fake;
    const struct run *run = against(reply("200 OK", odd[i].body), &fake);
    assert_status(run, CLI_FAILED);
    assert_error(run, odd[i].error);
    fake_stop(fake);
  }
}

TEST(a_connection_that_breaks_off_is_an_error) {
  static const char *const raw[] = {
      "", "garbage\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"list\":[]",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n20\r\n{\"list\""};
  for (size_t i = 0; i < sizeof raw / sizeof raw[0]; i++) {
    struct fake *fake;
    const struct run *run = against(raw[i], &fake);
    assert_status(run, CLI_FAILED);
    assert_error(run, "broke off");
    fake_stop(fake);
  }
}

TEST(a_redirect_is_not_followed_with_the_key) {
  struct fake *fake;
  setenv("GODWIT_API_KEY", "gw_key", 1);
  const struct run *run = against(
      "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", &fake);
  assert_status(run, CLI_FAILED);
  assert_error(run, "answered HTTP 302");
  fake_stop(fake);
}

TEST(a_reply_without_end_is_cut_off) {
  struct fake *fake;
  size_t size = 17u * 1024 * 1024;
  char *raw = malloc(size);
  assert_non_null(raw);
  memset(raw, ' ', size);
  raw[size - 1] = 0;
  static const char head[] = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
  memcpy(raw, head, sizeof head - 1);
  const struct run *run = against(raw, &fake);
  assert_status(run, CLI_FAILED);
  assert_error(run, "is larger than a Godwit server sends");
  fake_stop(fake);
  free(raw);
}

TEST(a_list_is_read_page_after_page) {
  const char *replies[] = {reply("200 OK", LIST("{\"id\":\"1\",\"name\":\"a\"}", "3")),
                           reply("200 OK", LIST("{\"id\":\"2\",\"name\":\"b\"}", "3")),
                           reply("200 OK", LIST("{\"id\":\"3\",\"name\":\"c\"}", "3")), NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  json_t *list = run_json(RUN("tag", "list", "--json"));
  assert_int_equal(json_array_size(list), 3);
  assert_contains(fake_requests(fake), "/tags?page=2&perPage=1000 ");
  assert_null(strstr(fake_requests(fake), "page=3"));
  json_decref(list);
  fake_stop(fake);
}

/* A total that is never reached must not keep the CLI asking. */
TEST(an_empty_page_ends_the_list) {
  const char *replies[] = {reply("200 OK", LIST("{\"id\":\"1\",\"name\":\"a\"}", "1000000")),
                           reply("200 OK", LIST("", "1000000")), NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  assert_status(RUN("tag", "list"), CLI_OK);
  assert_null(strstr(fake_requests(fake), "page=2"));
  fake_stop(fake);
}

TEST(json_is_the_servers_own_in_order_and_digits) {
  static const char object[] =
      "{\"zulu\": 1.1, \"alpha\": [true, null], \"big\": 9007199254740993, \"name\": \"Küche\"}";
  char body[256];
  snprintf(body, sizeof body, "{\"data\":%s}", object);
  const char *replies[] = {reply("200 OK", body), NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  const struct run *run = RUN("status", "--json");
  assert_status(run, CLI_OK);
  assert_string_equal(run->out,
                      "{\n  \"zulu\": 1.1,\n  \"alpha\": [\n    true,\n    null\n  ],\n"
                      "  \"big\": 9007199254740993,\n  \"name\": \"Küche\"\n}\n");
  fake_stop(fake);
}

TEST(names_are_escaped_in_addresses) {
  const char *replies[] = {reply("200 OK", LIST("", "0")), NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  const struct run *run = RUN("device", "show", "a b/c?d&e=ü", "--project", "p/../q");
  assert_status(run, CLI_FAILED);
  assert_error(run, "there is no device 'a b/c?d&e=ü' in project p/../q; make one with");
  assert_contains(
      fake_requests(fake),
      "GET /v1/projects/p%2F..%2Fq/devices?deviceName=a%20b%2Fc%3Fd%26e%3D%C3%BC&page=0");
  assert_error(RUN("device", "list", "--project", ".."), "cannot be part of an address");
  fake_stop(fake);
}

TEST(only_the_very_name_is_taken_where_the_server_offers_similar_ones) {
  const char *replies[] = {
      reply("200 OK",
            LIST("{\"id\":\"1\",\"name\":\"kitchen-2\"},{\"id\":\"2\",\"name\":\"kitchen\"}", "2")),
      NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  json_t *device = run_json(RUN("device", "show", "kitchen", "--json"));
  assert_string_equal(json_string_value(json_object_get(device, "id")), "2");
  json_decref(device);
  assert_error(RUN("device", "show", "kitch"), "there is no device 'kitch'");
  fake_stop(fake);
}

TEST(deleting_without_a_terminal_needs_yes_and_sends_nothing_before) {
  const char *replies[] = {reply("200 OK", LIST("{\"id\":\"7\",\"name\":\"beta\"}", "1")), NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  const struct run *run = RUN("tag", "delete", "beta");
  assert_status(run, CLI_USAGE);
  assert_error(run, "this deletes tag beta, and there is no terminal to ask on; add --yes");
  assert_null(strstr(fake_requests(fake), "DELETE"));
  assert_status(RUN("tag", "delete", "beta", "--yes"), CLI_OK);
  assert_contains(fake_requests(fake), "DELETE /v1/projects/default/tags/7 ");
  fake_stop(fake);
}

TEST(at_a_terminal_deleting_asks_and_takes_no_for_an_answer) {
  const char *replies[] = {reply("200 OK", LIST("{\"id\":\"7\",\"name\":\"beta\"}", "1")), NULL};
  static const char *const words[] = {"tag", "delete", "beta", NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  const struct run *run = run_cli_at_terminal("n\n", words);
  assert_status(run, CLI_FAILED);
  assert_contains(run->out, "delete tag beta? [y/N]");
  assert_contains(run->out, "left tag beta as it is");
  assert_null(strstr(fake_requests(fake), "DELETE"));
  assert_status(run_cli_at_terminal("y\n", words), CLI_OK);
  assert_contains(fake_requests(fake), "DELETE /v1/projects/default/tags/7 ");
  fake_stop(fake);
}

TEST(colours_are_for_terminals_and_no_color_stops_them) {
  const char *replies[] = {reply("200 OK", LIST("{\"id\":\"7\",\"name\":\"beta\"}", "1")), NULL};
  static const char *const words[] = {"tag", "list", NULL};
  forget_environment();
  setenv("TERM", "xterm", 1);
  struct fake *fake = fake_start(replies);
  assert_contains(run_cli_at_terminal("", words)->out, "\033[1mTAG");
  assert_null(strchr(RUN("tag", "list")->out, '\033'));
  setenv("NO_COLOR", "1", 1);
  assert_null(strchr(run_cli_at_terminal("", words)->out, '\033'));
  unsetenv("NO_COLOR");
  fake_stop(fake);
}

TEST(at_a_terminal_an_upload_shows_how_far_it_is) {
  const char *replies[] = {
      reply("200 OK",
            "{\"data\":{\"id\":\"5\",\"package\":\"app\",\"version\":\"1.0.0\",\"size\":10}}"),
      NULL};
  static const char *const words[] = {"artifact",  "upload", "/etc/passwd", "--package",      "app",
                                      "--version", "1.0.0",  "--json",      "--force-binary", NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  const struct run *run = run_cli_at_terminal("", words);
  assert_status(run, CLI_OK);
  assert_contains(run->out, "100 %");
  assert_contains(
      fake_requests(fake),
      "POST /v1/projects/default/artifacts?package=app&version=1.0.0&forceBinary=true ");
  assert_contains(fake_requests(fake), "content-type: application/octet-stream\r\n");
  run = run_cli(words);
  assert_status(run, CLI_OK);
  assert_string_equal(run->err, "");
  fake_stop(fake);
}

static const char reporting_device[] =
    "{\"data\":{\"id\":\"0123456789abcdef01234567\",\"name\":\"kitchen\",\"enabled\":true,"
    "\"blueprintId\":\"b1\",\"tagIds\":[\"t1\",\"t2\"],\"hardwareIds\":[],\"metadata\":{"
    "\"status\":\"online\",\"lastReport\":\"2026-11-22T09:08:07.123456Z\",\"update\":{"
    "\"model\":{\"state\":\"DOWNLOADING\",\"reason\":\"READY\",\"version\":\"1.0.0\","
    "\"target\":\"1.1.0\"},\"main\":{\"state\":\"IDLE\",\"reason\":\"READY\","
    "\"version\":\"2.0.0\",\"target\":\"\"},\"asset\":{\"state\":\"IDLE\","
    "\"reason\":\"READY\",\"version\":\"\",\"target\":\"\"}}}}}";

TEST(a_device_shows_what_it_runs_and_where_it_is_going) {
  const char *replies[] = {reply("200 OK", reporting_device),
                           reply("200 OK", LIST("{\"id\":\"b1\",\"name\":\"cam\"}", "1")),
                           reply("200 OK", LIST("{\"id\":\"t1\",\"name\":\"beta\"}", "1")), NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  const struct run *run = RUN("device", "show", "0123456789abcdef01234567");
  assert_status(run, CLI_OK);
  assert_contains(run->out, "status        online\n");
  assert_contains(run->out, "blueprint     cam\n");
  assert_contains(run->out, "tags          beta, t2\n"); /* an id that has no name any more */
  assert_contains(run->out, "last report   2026-11-22 09:08:07Z\n");
  assert_contains(run->out, "last online   -\n");
  assert_contains(run->out, "runs          model@1.0.0 (DOWNLOADING 1.1.0), READY\n");
  assert_contains(run->out, "runs          main@2.0.0, READY\n");
  assert_contains(run->out, "runs          no asset, READY\n");
  fake_stop(fake);
}

TEST(history_is_a_table_of_reports_newest_first) {
  const char *replies[] = {
      reply("200 OK", LIST("{\"id\":\"9\",\"name\":\"kitchen\"}", "1")),
      reply("200 OK", LIST("{\"deviceId\":\"9\",\"packageId\":\"model\",\"eventType\":\"IDLE\","
                           "\"status\":8,\"message\":\"FIRMWARE_UPDATE_FAILED\","
                           "\"detail\":\"TEST_OUTPUT\",\"currentVersion\":\"1.1.0\","
                           "\"targetVersion\":\"\",\"timestamp\":\"2026-11-22T09:08:07.1Z\"}",
                           "1")),
      NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  const struct run *run = RUN("device", "history", "kitchen", "--package", "model", "--limit", "5");
  assert_status(run, CLI_OK);
  assert_contains(fake_requests(fake), "/ota-events?deviceId=9&packageId=model&perPage=5 ");
  assert_contains(run->out, "2026-11-22 09:08:07Z  kitchen  model    IDLE");
  assert_contains(run->out, "FIRMWARE_UPDATE_FAILED  TEST_OUTPUT  1.1.0");
  fake_stop(fake);
}

#define DEVICE "{\"id\":\"9\",\"name\":\"k\"}"
#define DEVICE_LIST LIST(DEVICE, "1")

TEST(a_device_and_its_key_are_made_in_one_request) {
  const char *replies[] = {
      reply("200 OK",
            "{\"data\":{\"id\":\"c\",\"deviceId\":\"9\",\"identity\":\"k@default\","
            "\"preSharedKey\":\"secret\"}}"),
      reply("200 OK", "{\"data\":" DEVICE "}"), NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  json_t *device = run_json(RUN("device", "create", "k", "--json"));
  json_t *credential = json_object_get(device, "credential");
  assert_string_equal(json_string_value(json_object_get(device, "id")), "9");
  assert_string_equal(json_string_value(json_object_get(credential, "preSharedKey")), "secret");
  assert_contains(fake_requests(fake), "POST /v1/projects/default/provisioning ");
  assert_contains(fake_requests(fake), "{\"name\":\"k\",\"tagIds\":[]}");
  assert_contains(fake_requests(fake), "GET /v1/projects/default/devices/9 ");
  json_decref(device);
  fake_stop(fake);
}

TEST(a_key_from_standard_input_is_sent_as_it_is) {
  const char *replies[] = {
      reply("200 OK", "{\"data\":{\"id\":\"c\",\"deviceId\":\"9\",\"identity\":\"me\"}}"),
      reply("200 OK", "{\"data\":" DEVICE "}"), NULL};
  static const char *const words[] = {"device", "create", "k", "--psk-id",
                                      "me",     "--psk",  "-", NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  assert_status(run_cli_with_input("se cret\r\n", words), CLI_OK);
  assert_contains(fake_requests(fake), "\"identity\":\"me\",\"preSharedKey\":\"se cret\"}");
  fake_stop(fake);
}

TEST(generated_keys_are_long_and_never_the_same) {
  const char *replies[] = {
      reply("200 OK", DEVICE_LIST), reply("200 OK", "{\"data\":{\"id\":\"c\"}}"),
      reply("200 OK", DEVICE_LIST), reply("200 OK", "{\"data\":{\"id\":\"c\"}}"), NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  const char *at = fake_requests(fake);
  char key[2][33];
  for (int i = 0; i < 2; i++) {
    assert_status(RUN("credential", "add", "k"), CLI_OK);
    assert_contains(at, "\"identity\":\"k-");
    at = strstr(at, "\"preSharedKey\":\"");
    assert_non_null(at);
    at += strlen("\"preSharedKey\":\"");
    assert_int_equal(strspn(at, "0123456789abcdef"), 32);
    snprintf(key[i], sizeof key[i], "%s", at);
  }
  assert_string_not_equal(key[0], key[1]);
  fake_stop(fake);
}

TEST(a_download_that_is_short_leaves_no_file) {
  const char *artifact =
      LIST("{\"id\":\"5\",\"package\":\"model\",\"version\":\"1.0.0\",\"size\":100}", "1");
  const char *replies[] = {reply("200 OK", artifact), reply("200 OK", "0123456789"), NULL};
  char path[1200], part[1208];
  forget_environment();
  struct fake *fake = fake_start(replies);
  snprintf(path, sizeof path, "%s/model", test_temporary_folder());
  snprintf(part, sizeof part, "%s.part", path);
  const struct run *run = RUN("artifact", "download", "model@1.0.0", "--output", path);
  assert_status(run, CLI_FAILED);
  assert_error(run, "the server sent 10 of 100 bytes; try again");
  assert_int_not_equal(access(path, F_OK), 0);
  assert_int_not_equal(access(part, F_OK), 0);
  fake_stop(fake);
}

TEST(a_servers_package_name_cannot_choose_where_a_download_goes) {
  const char *artifact =
      "{\"data\":{\"id\":\"5\",\"package\":\"../../etc/x\",\"version\":\"1\",\"size\":1}}";
  const char *replies[] = {reply("200 OK", artifact), NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  const struct run *run = RUN("artifact", "download", "0123456789abcdef01234567");
  assert_status(run, CLI_USAGE);
  assert_error(run, "is no file name; give one with --output");
  fake_stop(fake);
}

/* An id is the server's text too. */
TEST(an_id_that_is_no_path_segment_is_refused) {
  const char *artifact =
      LIST("{\"id\":\"..\",\"package\":\"model\",\"version\":\"1.0.0\",\"size\":10}", "1");
  const char *replies[] = {reply("200 OK", artifact), NULL};
  char path[1200];
  forget_environment();
  struct fake *fake = fake_start(replies);
  snprintf(path, sizeof path, "%s/model", test_temporary_folder());
  assert_error(RUN("artifact", "download", "model@1.0.0", "--output", path), "correct it");
  assert_error(RUN("artifact", "delete", "model@1.0.0", "--yes"), "correct it");
  fake_stop(fake);
}

TEST(a_full_disk_is_not_success) {
  const char *artifact =
      LIST("{\"id\":\"5\",\"package\":\"model\",\"version\":\"1.0.0\",\"size\":10}", "1");
  const char *replies[] = {reply("200 OK", artifact), reply("200 OK", "0123456789"), NULL};
  forget_environment();
  if (access("/dev/full", W_OK) != 0) test_skip("no /dev/full");
  char path[1200], part[1208];
  snprintf(path, sizeof path, "%s/model", test_temporary_folder());
  snprintf(part, sizeof part, "%s.part", path);
  assert_int_equal(symlink("/dev/full", part), 0);
  struct fake *fake = fake_start(replies);
  const struct run *run = RUN("artifact", "download", "model@1.0.0", "--output", path);
  assert_status(run, CLI_FAILED);
  assert_error(run, "cannot write");
  fake_stop(fake);
}
