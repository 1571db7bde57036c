/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/micro_speech/device/sentence.h"

#include "tests/support/test.h"

static char text[SENTENCE_MAX];

#define say(name, ...) sentence_write(text, name, (const struct event_field[]){__VA_ARGS__, {0}})

static void download(bool started, unsigned bytes, unsigned of) {
  say("downloading", {"version", EVENT_TEXT("1.1.0")}, {"started", EVENT_NUMBER(started)},
      {"bytes", EVENT_NUMBER(bytes)}, {"of", EVENT_NUMBER(of)});
}

static void stats(unsigned missed) {
  say("stats", {"windows_due", EVENT_NUMBER(50)}, {"windows_missed", EVENT_NUMBER(missed)});
}

TEST(a_label_from_a_file_cannot_steer_the_terminal) {
  say("heard", {"label", EVENT_TEXT("\x1b[2J\n\xc2\x9b")}, {"keyword", EVENT_NUMBER(1)},
      {"score", EVENT_NUMBER(0.5)});
  assert_string_equal(text, "heard       ?[2J???  50 %");
}

TEST(a_reason_of_any_length_is_cut_and_not_written_beyond) {
  char reason[2 * SENTENCE_MAX];
  memset(reason, 'x', sizeof reason);
  reason[sizeof reason - 1] = '\0';
  say("rejected", {"version", EVENT_TEXT("2.0.0")}, {"reason", EVENT_TEXT(reason)});
  assert_int_equal(strlen(text), SENTENCE_MAX - 1);
  say("model", {"version", EVENT_TEXT(reason)}, {"resumable_bytes", EVENT_NUMBER(7)});
  assert_int_equal(strlen(text), SENTENCE_MAX - 1);
}

TEST(a_field_that_is_missing_and_an_event_that_is_unknown_do_no_harm) {
  say("heard", {"keyword", EVENT_NUMBER(0)});
  assert_string_equal(text, "heard       ()  0 %");
  say("sneezed", {"keyword", EVENT_NUMBER(0)});
  assert_string_equal(text, "");
}

TEST(a_download_is_told_by_quarters) {
  download(true, 0, 4096);
  assert_string_equal(text, "download    model 1.1.0, 4096 bytes");
  download(false, 1000, 4096);
  assert_string_equal(text, "");
  download(false, 1024, 4096);
  assert_string_equal(text, "download    25 %");
  download(false, 2000, 4096);
  assert_string_equal(text, "");
  download(false, 4096, 4096);
  assert_string_equal(text, "download    100 %");
}

TEST(a_download_that_is_resumed_says_where) {
  download(true, 3072, 4096);
  assert_string_equal(text, "download    model 1.1.0, 4096 bytes, goes on at 3072");
  download(false, 3100, 4096);
  assert_string_equal(text, "");
}

TEST(missed_audio_is_told_once_and_again_when_it_grows) {
  stats(0);
  assert_string_equal(text, "");
  stats(3);
  assert_string_equal(text, "too slow    3 of 50 windows of audio were missed");
  stats(3);
  assert_string_equal(text, "");
  stats(4);
  assert_string_equal(text, "too slow    4 of 50 windows of audio were missed");
}

TEST(a_first_model_comes_after_none) {
  say("model", {"version", EVENT_TEXT("")}, {"resumable_bytes", EVENT_NUMBER(0)});
  assert_string_equal(text, "model       none yet; a release brings it");
  say("swap", {"from", EVENT_TEXT("")}, {"to", EVENT_TEXT("1.0.0")},
      {"windows_missed", EVENT_NUMBER(0)}, {"load_ms", EVENT_NUMBER(4)},
      {"switch_us", EVENT_NUMBER(0.44)});
  assert_string_equal(text,
                      "swap        model none -> 1.0.0, 0 windows missed; loaded in 4 ms, "
                      "switched in 0.4 us");
}

TEST(a_failure_says_whether_it_is_tried_again) {
  say("failed", {"version", EVENT_TEXT("2.0.0")}, {"reason", EVENT_TEXT("IO_ERROR")},
      {"why", EVENT_TEXT("storage full")}, {"final", EVENT_NUMBER(0)},
      {"retry_ms", EVENT_NUMBER(2500)});
  assert_string_equal(text,
                      "failed      model 2.0.0: storage full (IO_ERROR); tries again in 2.5 s");
  say("failed", {"version", EVENT_TEXT("2.0.0")}, {"reason", EVENT_TEXT("IO_ERROR")},
      {"why", EVENT_TEXT("model refused")}, {"final", EVENT_NUMBER(1)});
  assert_string_equal(text,
                      "failed      model 2.0.0: model refused (IO_ERROR); is not tried again");
}

TEST(a_capture_is_told_with_what_it_was_taken_for) {
  say("capture", {"label", EVENT_TEXT("yes")}, {"score", EVENT_NUMBER(0.42)},
      {"trigger", EVENT_TEXT("band")}, {"from_s", EVENT_NUMBER(3)}, {"to_s", EVENT_NUMBER(4)});
  assert_string_equal(text, "capture     1.0 s, taken for yes with 42 % (band)");
  say("capture", {"label", EVENT_TEXT("")}, {"trigger", EVENT_TEXT("command")},
      {"from_s", EVENT_NUMBER(3)}, {"to_s", EVENT_NUMBER(5)});
  assert_string_equal(text, "capture     2.0 s (command)");
  say("captured", {"number", EVENT_NUMBER(7)}, {"bytes", EVENT_NUMBER(32044)});
  assert_string_equal(text, "sent        capture 7, 32044 bytes");
}

TEST(a_capture_that_is_lost_says_why) {
  say("capture_lost", {"number", EVENT_NUMBER(7)}, {"why", EVENT_TEXT("cancelled")},
      {"code", EVENT_NUMBER(0)});
  assert_string_equal(text, "not sent    capture 7: cancelled");
  say("capture_lost", {"number", EVENT_NUMBER(7)}, {"why", EVENT_TEXT("response")},
      {"code", EVENT_NUMBER(4.29)});
  assert_string_equal(text, "not sent    capture 7: the server answered 4.29");
}

TEST(consent_is_told_in_words) {
  say("setting", {"name", EVENT_TEXT("CAPTURE_ENABLED")}, {"value", EVENT_NUMBER(1)});
  assert_non_null(strstr(text, "captures are allowed"));
  say("setting", {"name", EVENT_TEXT("CAPTURE_ENABLED")}, {"value", EVENT_NUMBER(0)});
  assert_non_null(strstr(text, "nothing is kept"));
  say("setting", {"name", EVENT_TEXT("CAPTURE_PER_DAY")}, {"value", EVENT_NUMBER(20)});
  assert_string_equal(text, "setting     CAPTURE_PER_DAY is 20");
}
