/* SPDX-License-Identifier: Apache-2.0 */
/* Ears, front end, models and books together, by a clock of the test's own. */
#include "virtual/hearing.h"

#include <string.h>

#include "tests/support/test.h"
#include "virtual/virtual.h"

#define SECOND_NS UINT64_C(1000000000)
#define PERIOD_NS (SECOND_NS / 25)

static _Alignas(16) uint8_t arena[2][32768];
static struct wit_model_pair models;
static struct virt_hearing hearing;
static uint64_t clock_ns;
static char heard[256]; /* "yes unknown " */

static const struct wit_model_contract contract = {.input_bytes = RECOGNIZER_WINDOW_BYTES,
                                                   .labels_min = RECOGNIZER_FIRST_KEYWORD,
                                                   .labels_max = WIT_MODEL_LABELS_MAX};

static uint64_t fake_clock(void) { return clock_ns; }

static void on_heard(void *arg, const struct listener_heard *word) {
  assert_ptr_equal(arg, &hearing);
  strncat(heard, word->label, sizeof heard - strlen(heard) - 1);
  strncat(heard, " ", sizeof heard - strlen(heard) - 1);
}

static void begin(void) {
  clock_ns = SECOND_NS;
  heard[0] = 0;
  wit_model_init(&models, &contract, arena[0], arena[1], sizeof arena[0]);
  virt_hearing_init(&hearing, &models, fake_clock, 3, on_heard, &hearing);
}

static void run_model(unsigned slot, const char *name) {
  struct virt_example example;
  struct wit_error error;
  for (size_t i = 0; virt_example(i, &example); i++) {
    if (strcmp(example.name, name) != 0) continue;
    assert_int_equal(wit_model_prepare(&models, slot, name[7] == 's' ? "2" : "1", example.data,
                                       example.size, &error),
                     WIT_OK);
    wit_model_activate(&models, slot);
    listener_model_changed(&hearing.listener);
    return;
  }
  fail_msg("no example %s", name);
}

static void pass_periods(unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    clock_ns += PERIOD_NS;
    assert_true(virt_hearing_step(&hearing));
    assert_false(virt_hearing_step(&hearing));
  }
}

static const char *hear(const char *word, unsigned speaker) {
  struct virt_clip clip;
  assert_true(virt_clip_of(word, speaker, &clip));
  heard[0] = 0;
  virt_ears_say(&hearing.ears, &clip);
  pass_periods(75);
  return heard;
}

static const struct listener_counts *counts(void) { return &hearing.listener.counts; }

TEST(each_speaker_of_each_word_is_understood_by_the_model_that_knows_it) {
  begin();
  run_model(0, "yes_no_stop_go.tflite");
  pass_periods(50);
  for (unsigned speaker = 0; speaker < VIRT_CLIPS_OF_A_WORD; speaker++) {
    for (size_t i = 0; i < virt_clip_word_count(); i++) {
      char wanted[32];
      snprintf(wanted, sizeof wanted, "%s ", virt_clip_word(i));
      assert_string_equal(hear(virt_clip_word(i), speaker), wanted);
    }
  }
  assert_int_equal(counts()->windows_missed, 0);
}

TEST(the_first_model_knows_yes_and_no_only) {
  begin();
  run_model(0, "yes_no.tflite");
  pass_periods(50);
  for (unsigned speaker = 0; speaker < VIRT_CLIPS_OF_A_WORD; speaker++) {
    assert_string_equal(hear("yes", speaker), "yes ");
    assert_string_equal(hear("no", speaker), "no ");
    assert_null(strstr(hear("stop", speaker), "stop"));
    assert_null(strstr(hear("go", speaker), "yes"));
    assert_null(strstr(heard, "no "));
  }
}

TEST(a_model_that_comes_while_a_word_sounds_misses_no_window) {
  struct virt_clip clip;
  begin();
  run_model(0, "yes_no.tflite");
  pass_periods(50);
  assert_true(virt_clip_of("yes", 0, &clip));
  virt_ears_say(&hearing.ears, &clip);
  pass_periods(5);
  uint64_t before = counts()->windows_evaluated;
  run_model(1, "yes_no_stop_go.tflite");
  pass_periods(40);
  assert_int_equal(counts()->windows_missed, 0);
  assert_int_equal(counts()->windows_evaluated - before, 40);
  assert_string_equal(heard, "yes ");
}

TEST(without_a_model_windows_are_due_and_nobody_looks) {
  begin();
  pass_periods(100);
  assert_true(counts()->windows_due > 0);
  assert_int_equal(counts()->windows_no_model, counts()->windows_due);
  assert_int_equal(counts()->windows_evaluated, 0);
  assert_int_equal(counts()->windows_missed, 0);
  assert_int_equal(hearing.longest_gap_ns, 0);
}

TEST(a_quiet_room_is_looked_at_five_times_a_second_and_noise_25_times) {
  begin();
  run_model(0, "yes_no.tflite");
  pass_periods(100);
  uint64_t before = counts()->windows_evaluated;
  pass_periods(250);
  assert_int_equal(counts()->windows_evaluated - before, 50);
  virt_ears_make_noise(&hearing.ears, 60000);
  pass_periods(10);
  before = counts()->windows_evaluated;
  pass_periods(250);
  assert_int_equal(counts()->windows_evaluated - before, 250);
  assert_int_equal(hearing.longest_gap_ns, SECOND_NS / 5);
}

TEST(a_process_that_was_held_up_says_so) {
  begin();
  run_model(0, "yes_no.tflite");
  pass_periods(50);
  clock_ns += 3 * SECOND_NS;
  while (virt_hearing_step(&hearing)) continue;
  assert_in_range(counts()->windows_missed, 9, 11); /* two seconds of a quiet room */
  assert_in_range(hearing.longest_gap_ns, 3 * SECOND_NS, 3 * SECOND_NS + SECOND_NS / 5);
}

TEST(the_examples_end) {
  struct virt_example example;
  assert_true(virt_example(0, &example) && virt_example(1, &example));
  assert_false(virt_example(2, &example));
  assert_false(virt_example((size_t)-1, &example));
}
