/* SPDX-License-Identifier: Apache-2.0 */
/* Logs are the devices' words: newest last, harmless, and with --follow none is
 * left out and none comes twice. */
#include <stdlib.h>

#include "tests/support/test.h"
#include "tests/unit/cli/run.h"

#define DEVICE "6561f3a2c0ffee00000000aa"
#define DEVICES "{\"list\":[{\"id\":\"" DEVICE "\",\"name\":\"kitchen\"}],\"total\":1}"
#define LINE(id, level, message)                                                            \
  "{\"id\":\"" id "\",\"timestamp\":\"2026-11-22T09:00:0" id ".5Z\",\"deviceId\":\"" DEVICE \
  "\",\"level\":\"" level "\",\"module\":\"app\",\"message\":\"" message "\",\"metadata\":{}}"
#define PAGE(elements, token) \
  "{\"list\":[" elements "],\"total\":9,\"nextPageToken\":\"" token "\"}"
#define BROKEN "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"

static void forget_environment(void) {
  unsetenv("GODWIT_API_KEY");
  unsetenv("GODWIT_PROJECT");
  unsetenv("XDG_CONFIG_HOME");
  setenv("GODWIT_URL", "http://127.0.0.1:1", 1); /* nobody there */
}

TEST(limits_and_times_that_are_wrong_are_refused_here) {
  forget_environment();
  assert_error(RUN("log", "--limit", "1001"), "--limit is '1001', 1 to 1000 are possible");
  assert_error(RUN("log", "--limit", "-1"), "1 to 1000");
  assert_error(RUN("log", "--since", "soon"), "give an age as 30m, 12h or 7d");
}

TEST(lines_are_shown_newest_last_and_drive_no_terminal) {
  const char *replies[] = {
      reply("200 OK",
            PAGE("{\"id\":\"3\",\"timestamp\":\"2026-11-22T09:00:03Z\",\"deviceId\":\"gone\","
                 "\"level\":\"\\u001b[2J\",\"message\":\"\\u001b]0;x\\u0007\\nline\",\"metadata\":"
                 "{\"pin\":0.1,\"\\u001b\":1}}," LINE("2", "ERROR", "second"),
                 "")),
      reply("200 OK", DEVICES), NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  const struct run *run = RUN("log", "--level", "warn", "--since", "2026-11-22T09:00:00Z", "--term",
                              "a&b", "--limit", "7");
  assert_status(run, CLI_OK);
  assert_string_equal(run->out,
                      "2026-11-22 09:00:02Z  kitchen  ERROR  app: second\n"
                      "2026-11-22 09:00:03Z  gone  ?[2J   ?]0;x??line  {\"pin\": 0.1, "
                      "\"\\u001B\": 1}\n");
  assert_contains(fake_requests(fake),
                  "/logs?level=warn&term=a%26b&start=2026-11-22T09%3A00%3A00Z&"
                  "perPage=7 ");
  fake_stop(fake);
}

TEST(follow_goes_back_until_it_meets_what_it_has_shown) {
  const char *replies[] = {
      reply("200 OK", PAGE(LINE("1", "INFO", "one"), "1")),
      reply("200 OK", DEVICES),
      reply("200 OK", PAGE(LINE("5", "INFO", "five") "," LINE("4", "INFO", "four"), "4")),
      reply("200 OK", PAGE(LINE("3", "INFO", "three") "," LINE("2", "INFO", "two") "," LINE(
                               "1", "INFO", "one"),
                           "1")),
      BROKEN,
      NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  const struct run *run = RUN("log", "--follow");
  assert_status(run, CLI_FAILED); /* the server went away */
  assert_string_equal(run->out,
                      "2026-11-22 09:00:01Z  kitchen  INFO   app: one\n"
                      "2026-11-22 09:00:02Z  kitchen  INFO   app: two\n"
                      "2026-11-22 09:00:03Z  kitchen  INFO   app: three\n"
                      "2026-11-22 09:00:04Z  kitchen  INFO   app: four\n"
                      "2026-11-22 09:00:05Z  kitchen  INFO   app: five\n");
  assert_contains(fake_requests(fake), "/logs?perPage=20 ");
  assert_contains(fake_requests(fake), "/logs?perPage=1000&pageToken=4 ");
  fake_stop(fake);
}

TEST(follow_with_json_prints_a_document_a_line) {
  const char *replies[] = {
      reply("200 OK", PAGE(LINE("2", "INFO", "a\\nb") "," LINE("1", "INFO", "x"), "")), BROKEN,
      NULL};
  forget_environment();
  struct fake *fake = fake_start(replies);
  const struct run *run = RUN("log", "--follow", "--json");
  const char *second = strchr(run->out, '\n');
  assert_non_null(second);
  json_t *first_line = json_loads(run->out, JSON_DISABLE_EOF_CHECK, NULL);
  json_t *second_line = json_loads(second, JSON_DISABLE_EOF_CHECK, NULL);
  assert_string_equal(json_string_value(json_object_get(first_line, "message")), "x");
  assert_string_equal(json_string_value(json_object_get(second_line, "message")), "a\nb");
  assert_null(strstr(fake_requests(fake), "/devices"));
  json_decref(first_line);
  json_decref(second_line);
  fake_stop(fake);
}
