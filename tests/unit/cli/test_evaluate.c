/* SPDX-License-Identifier: Apache-2.0 */
/* From verdicts to the report: statistics, counting, comparing. The clips and
 * what was heard are made up, so that every number is known. */
#include "cli/evaluate.h"

#include <math.h>
#include <stdlib.h>

#include "cli/evaluate_groups.h"
#include "cli/evaluate_statistics.h"
#include "cli/session.h"
#include "tests/support/test.h"

#define CLIPS_MAX 400

static void assert_near(double value, double expected) {
  if (fabs(value - expected) > 5e-5) fail_msg("%.6f, not %.6f", value, expected);
}

/* --- statistics ------------------------------------------------------------------- */

TEST(wilson_intervals_are_those_of_the_books) {
  struct cli_interval i = cli_wilson(8, 10);
  assert_near(i.low, 0.49016);
  assert_near(i.high, 0.94331);
  i = cli_wilson(0, 20);
  assert_near(i.low, 0);
  assert_near(i.high, 0.16113);
  i = cli_wilson(20, 20);
  assert_true(i.high == 1);
  i = cli_wilson(0, 0);
  assert_true(i.low == 0 && i.high == 1);
}

TEST(mcnemar_is_the_exact_binomial_test) {
  assert_near(cli_mcnemar(0, 0), 1);
  assert_near(cli_mcnemar(7, 7), 1);
  assert_near(cli_mcnemar(1, 0), 1);
  assert_near(cli_mcnemar(9, 1), 22.0 / 1024);
  assert_near(cli_mcnemar(1, 9), 22.0 / 1024);
  assert_near(cli_mcnemar(6, 0), 2.0 / 64);
  assert_true(cli_mcnemar(100000, 98000) < 1e-4); /* no overflow */
}

TEST(the_bootstrap_draws_whole_devices) {
  /* Two devices, one all better, one all worse: a draw is both, or one twice. */
  static const struct cli_cluster two[] = {{10, 10}, {10, -10}};
  struct cli_interval i;
  assert_true(cli_bootstrap(two, 2, 2000, 1, &i));
  assert_near(i.low, -1);
  assert_near(i.high, 1);
  /* All alike: no doubt left. */
  static const struct cli_cluster alike[] = {{4, 1}, {4, 1}, {4, 1}};
  assert_true(cli_bootstrap(alike, 3, 2000, 1, &i));
  assert_near(i.low, 0.25);
  assert_near(i.high, 0.25);
}

TEST(the_bootstrap_agrees_with_the_normal_approximation) {
  struct cli_cluster cluster[1000];
  for (size_t k = 0; k < 1000; k++) cluster[k] = (struct cli_cluster){1, k < 100};
  struct cli_interval i;
  assert_true(cli_bootstrap(cluster, 1000, 10000, 1, &i));
  /* 0.1 +- 1.96 sqrt(0.1 * 0.9 / 1000) */
  assert_true(fabs(i.low - 0.0814) < 0.002 && fabs(i.high - 0.1186) < 0.002);
  struct cli_interval again;
  assert_true(cli_bootstrap(cluster, 1000, 10000, 1, &again));
  assert_true(again.low == i.low && again.high == i.high);
}

TEST(the_bootstrap_of_nothing_is_nothing) {
  struct cli_interval i = {7, 7};
  assert_true(cli_bootstrap(NULL, 0, 2000, 1, &i));
  assert_true(i.low == 0 && i.high == 0);
}

/* --- a made-up evaluation ------------------------------------------------------------- */

/* The text in memory that may be written, as everything of a dataset is. */
static char *own(const char *text) {
  static char pool[64 * 1024];
  static size_t used;
  size_t size = strlen(text) + 1;
  assert_true(used + size <= sizeof pool);
  used += size;
  return memcpy(pool + used - size, text, size);
}

static char *small_labels[4], *large_labels[5];
static struct cli_judged small = {
    .label = small_labels, .label_count = 4, .has_labels = true, .silence = 0, .unknown = 1};
static struct cli_judged large = {
    .label = large_labels, .label_count = 5, .has_labels = true, .silence = 0, .unknown = 1};

static struct cli_clip clips[CLIPS_MAX];
static struct cli_verdict_of_clip verdicts[CLIPS_MAX];
static char files[CLIPS_MAX][24];
static struct cli_dataset dataset = {.clip = clips};
static struct cli_evaluation evaluation = {.dataset = &dataset,
                                           .model = {&small, &small},
                                           .model_count = 1,
                                           .threads = 1,
                                           .clip = verdicts};

__attribute__((constructor)) static void name_everything(void) {
  static const char *const label[] = {"silence", "unknown", "yes", "no", "stop"};
  for (size_t i = 0; i < 5; i++) large_labels[i] = own(label[i]);
  for (size_t i = 0; i < 4; i++) small_labels[i] = own(label[i]);
  small.name = own("small");
  large.name = own("large");
  dataset.name = own("made up");
}

/* `count` clips of a word and a device: what the models heard. */
static void add(size_t count, const char *word, const char *device, int32_t fresh, int32_t old,
                float score) {
  for (size_t n = 0; n < count; n++) {
    size_t i = dataset.clip_count++;
    assert_true(i < CLIPS_MAX);
    snprintf(files[i], sizeof files[i], "%03zu.wav", i);
    clips[i] = (struct cli_clip){
        .file = files[i], .label = own(word), .device = own(device), .device_name = own(device)};
    const int32_t heard[CLI_MODELS_MAX] = {fresh, old};
    for (size_t m = 0; m < CLI_MODELS_MAX; m++) {
      verdicts[i].of[m].label = cli_judged_label(evaluation.model[m], word);
      verdicts[i].of[m].heard = heard[m];
      verdicts[i].of[m].score = score;
      verdicts[i].of[m].nanoseconds = 1000 * (i + 1);
    }
  }
}

static void compare_with(const struct cli_judged *fresh, const struct cli_judged *old) {
  evaluation.model[0] = fresh;
  evaluation.model[1] = old;
  evaluation.model_count = 2;
}

static json_t *report_of(void) {
  json_t *report = cli_evaluate_report(&evaluation);
  assert_non_null(report);
  return report;
}

static json_int_t count_in(const json_t *object, const char *member) {
  assert_true(json_is_integer(json_object_get(object, member)));
  return json_integer_value(json_object_get(object, member));
}

static double number_in(const json_t *object, const char *member) {
  assert_true(json_is_number(json_object_get(object, member)));
  return json_number_value(json_object_get(object, member));
}

static void assert_text(const json_t *object, const char *member, const char *text) {
  assert_string_equal(json_string_value(json_object_get(object, member)), text);
}

static const json_t *item(const json_t *object, const char *list, size_t index) {
  const json_t *one = json_array_get(json_object_get(object, list), index);
  assert_non_null(one);
  return one;
}

/* --- one model ----------------------------------------------------------------------------- */

TEST(clips_are_counted_by_what_they_are_and_what_was_heard) {
  add(8, "yes", "a", 2, 0, 0.9f);
  add(2, "yes", "a", 3, 0, 0.6f);
  add(5, "dog", "b", 1, 0, 0.9f);
  add(5, "_unknown_", "b", 2, 0, 0.7f);
  add(4, "_background_", "", 0, 0, 0.9f);
  json_t *report = report_of();
  assert_int_equal(count_in(report, "clips"), 24);
  assert_int_equal(count_in(report, "right"), 17);
  assert_near(number_in(report, "accuracy"), 17.0 / 24);
  assert_int_equal(count_in(json_object_get(report, "keywords"), "clips"), 10);
  assert_near(number_in(json_object_get(report, "keywords"), "accuracy"), 0.8);
  const json_t *yes = item(report, "labels", 2);
  assert_text(yes, "label", "yes");
  assert_near(number_in(yes, "recall"), 0.8);
  assert_near(number_in(yes, "precision"), 8.0 / 13);
  assert_int_equal(count_in(yes, "heard"), 13);
  const json_t *no = item(report, "labels", 3);
  assert_true(json_is_null(json_object_get(no, "recall")));
  assert_near(number_in(no, "precision"), 0);
  const json_t *row = item(report, "confusion", 1);
  assert_int_equal(json_integer_value(json_array_get(row, 1)), 5);
  assert_int_equal(json_integer_value(json_array_get(row, 2)), 5);
  json_decref(report);
}

TEST(the_worst_devices_come_first_and_nobody_is_not_among_them) {
  add(4, "yes", "good", 2, 0, 0.9f);
  add(1, "yes", "half", 2, 0, 0.9f);
  add(1, "yes", "half", 3, 0, 0.9f);
  add(1, "yes", "bad", 3, 0, 0.9f);
  add(3, "yes", "worse", 3, 0, 0.9f);
  add(2, "yes", "", 3, 0, 0.9f);
  json_t *report = report_of();
  static const char *const order[] = {"worse", "bad", "half", "good"};
  assert_int_equal(json_array_size(json_object_get(report, "devices")), 4);
  for (size_t i = 0; i < 4; i++) assert_text(item(report, "devices", i), "device", order[i]);
  assert_int_equal(count_in(json_object_get(report, "dataset"), "devices"), 4);
  json_decref(report);
}

TEST(the_most_confident_mistakes_come_first) {
  add(1, "yes", "a", 3, 0, 0.5f);
  add(1, "yes", "a", 2, 0, 0.99f);
  add(1, "no", "b", 2, 0, 0.8f);
  add(1, "no", "b", 1, 0, 0.8f);
  json_t *report = report_of();
  assert_int_equal(json_array_size(json_object_get(report, "worst")), 3);
  assert_text(item(report, "worst", 0), "file", "002.wav");
  assert_text(item(report, "worst", 0), "heard", "yes");
  assert_text(item(report, "worst", 1), "file", "003.wav");
  assert_text(item(report, "worst", 2), "label", "yes");
  json_decref(report);
}

TEST(clips_that_do_not_count_are_listed_by_reason) {
  static struct cli_judged words_only;
  words_only = small;
  words_only.unknown = -1;
  evaluation.model[0] = &words_only;
  add(1, "yes", "a", 2, 0, 0.9f);
  add(2, "dog", "a", 0, 0, 0.9f);
  add(3, "yes", "a", 2, 0, 0.9f);
  for (size_t i = 3; i < 6; i++) verdicts[i].skipped = "it is broken";
  json_t *report = report_of();
  assert_int_equal(count_in(report, "clips"), 1);
  assert_int_equal(count_in(item(report, "skipped", 0), "count"), 2);
  assert_non_null(strstr(json_string_value(json_object_get(item(report, "skipped", 0), "reason")),
                         "neither its label nor 'unknown'"));
  assert_int_equal(count_in(item(report, "skipped", 1), "count"), 3);
  assert_text(item(report, "skipped", 1), "example", "003.wav");
  json_decref(report);
}

TEST(speed_is_the_median) {
  add(101, "yes", "a", 2, 0, 0.9f);
  json_t *report = report_of();
  assert_near(number_in(json_object_get(report, "speed"), "inferenceMicroseconds"), 51);
  json_decref(report);
}

/* --- two models ------------------------------------------------------------------------------ */

/* `devices` devices, each with 10 clips right to both and `won`, `lost`. */
static json_t *compare_of(size_t devices, size_t won, size_t lost) {
  static char name[64][24];
  compare_with(&small, &small);
  for (size_t d = 0; d < devices; d++) {
    snprintf(name[d], sizeof name[d], "d%zu", d);
    add(10, "yes", name[d], 2, 2, 0.9f);
    add(won, "yes", name[d], 2, 3, 0.9f);
    add(lost, "no", name[d], 2, 3, 0.9f);
  }
  return report_of();
}

TEST(a_gain_on_every_device_is_better) {
  json_t *report = compare_of(10, 2, 0);
  const json_t *compare = json_object_get(report, "compare");
  assert_text(compare, "verdict", "better");
  assert_text(compare, "reason", "better on what both know, with 120 clips of 10 devices");
  assert_int_equal(count_in(compare, "becameRight"), 20);
  assert_int_equal(count_in(compare, "becameWrong"), 0);
  assert_near(number_in(compare, "difference"), 20.0 / 120);
  assert_near(number_in(compare, "oldAccuracy"), 100.0 / 120);
  assert_true(number_in(compare, "mcnemarP") < 1e-4);
  json_decref(report);
}

TEST(a_loss_on_every_device_is_worse) {
  json_t *report = compare_of(10, 0, 2);
  const json_t *compare = json_object_get(report, "compare");
  assert_text(compare, "verdict", "worse");
  assert_text(item(compare, "lost", 0), "old", "no");
  assert_text(item(compare, "lost", 0), "new", "yes");
  assert_int_equal(json_array_size(json_object_get(compare, "lost")), 10);
  assert_int_equal(json_array_size(json_object_get(compare, "won")), 0);
  json_decref(report);
}

TEST(as_much_won_as_lost_cannot_tell) {
  json_t *report = compare_of(10, 2, 2);
  assert_text(json_object_get(report, "compare"), "verdict", "cannot tell");
  json_decref(report);
}

TEST(five_devices_cannot_tell_however_good) {
  json_t *report = compare_of(5, 20, 0);
  assert_text(json_object_get(report, "compare"), "reason",
              "cannot tell, with 150 clips of 5 devices: fewer than six devices");
  json_decref(report);
}

TEST(one_device_that_gains_much_cannot_tell) {
  compare_with(&small, &small);
  add(60, "yes", "loud", 2, 3, 0.9f);
  static char name[20][24];
  for (size_t d = 0; d < 20; d++) {
    snprintf(name[d], sizeof name[d], "d%zu", d);
    add(10, "yes", name[d], 2, 2, 0.9f);
  }
  json_t *report = report_of();
  const json_t *compare = json_object_get(report, "compare");
  assert_true(number_in(compare, "mcnemarP") < 1e-9); /* clip by clip it would be clear */
  assert_text(compare, "verdict", "cannot tell");
  json_decref(report);
}

TEST(words_that_one_model_has_are_listed_apart) {
  compare_with(&large, &small);
  add(10, "yes", "a", 2, 2, 0.9f);
  add(8, "stop", "a", 4, 1, 0.9f);
  add(2, "stop", "a", 1, 2, 0.9f);
  json_t *report = report_of();
  const json_t *compare = json_object_get(report, "compare");
  assert_int_equal(count_in(compare, "clips"), 10);
  const json_t *stop = item(compare, "newWords", 0);
  assert_text(stop, "label", "stop");
  assert_int_equal(count_in(stop, "clips"), 10);
  assert_int_equal(count_in(stop, "right"), 8);
  assert_int_equal(count_in(stop, "otherUnknown"), 8);
  assert_int_equal(json_array_size(json_object_get(compare, "lostWords")), 0);
  json_decref(report);

  dataset.clip_count = 0;
  compare_with(&small, &large);
  add(10, "stop", "a", 1, 4, 0.9f);
  report = report_of();
  compare = json_object_get(report, "compare");
  assert_int_equal(count_in(compare, "clips"), 0);
  assert_text(compare, "verdict", "cannot tell");
  assert_true(json_is_null(json_object_get(compare, "oldAccuracy")));
  assert_int_equal(count_in(item(compare, "lostWords", 0), "right"), 10);
  json_decref(report);
}

TEST(unknown_is_unknown_under_either_spelling) {
  static char *spelled[4];
  static const char *const name[] = {"_silence_", "_unknown_", "yes", "no"};
  for (size_t i = 0; i < 4; i++) spelled[i] = own(name[i]);
  static struct cli_judged other;
  other = small;
  other.label = spelled;
  compare_with(&small, &other);
  add(3, "dog", "a", 1, 1, 0.9f);
  add(3, "_background_", "", 0, 0, 0.9f);
  json_t *report = report_of();
  assert_int_equal(count_in(json_object_get(report, "compare"), "clips"), 6);
  assert_int_equal(count_in(json_object_get(report, "compare"), "oldRight"), 6);
  json_decref(report);
}

/* --- keeping within the server's limit ------------------------------------------------------- */

TEST(a_report_is_cut_from_the_least_bad_end_until_it_fits) {
  static char name[CLIPS_MAX][40];
  for (size_t i = 0; i < CLIPS_MAX; i++) {
    snprintf(name[i], sizeof name[i], "device-with-a-long-name-%03zu", i);
    add(1, "yes", name[i], i < 200 ? 3 : 2, 0, 0.9f);
  }
  json_t *report = report_of();
  cli_evaluate_cut(report, 1u << 30);
  assert_null(json_object_get(report, "cut"));
  cli_evaluate_cut(report, 8000);
  assert_true(json_is_true(json_object_get(report, "cut")));
  assert_true(json_dumpb(report, NULL, 0, JSON_COMPACT) <= 8000);
  assert_near(number_in(item(report, "devices", 0), "accuracy"), 0);
  assert_int_equal(count_in(report, "clips"), CLIPS_MAX);
  cli_evaluate_cut(report, 10); /* cannot be: ends all the same */
  json_decref(report);
}

TEST(of_a_thousand_labels_the_matrix_goes_and_the_devices_stay) {
  static char *label[1000];
  static char name[1000][8], device[60][16];
  static struct cli_judged many;
  many = (struct cli_judged){.name = own("many"),
                             .label = label,
                             .label_count = 1000,
                             .has_labels = true,
                             .silence = -1,
                             .unknown = -1};
  for (size_t i = 0; i < 1000; i++) {
    snprintf(name[i], sizeof name[i], "w%zu", i);
    label[i] = name[i];
  }
  evaluation.model[0] = &many;
  for (size_t i = 0; i < 60; i++) {
    snprintf(device[i], sizeof device[i], "device-%zu", i);
    add(1, name[i], device[i], 999, 0, 0.9f);
  }
  json_t *report = report_of();
  cli_evaluate_cut(report, CLI_REPORT_MAX);
  assert_true(json_dumpb(report, NULL, 0, JSON_COMPACT) <= CLI_REPORT_MAX);
  assert_int_equal(json_array_size(json_object_get(report, "devices")), 60);
  assert_int_equal(json_array_size(json_object_get(report, "worst")), 20);
  assert_int_equal(json_array_size(json_object_get(report, "confusion")), 0);
  assert_true(json_array_size(json_object_get(report, "labels")) > 500);
  json_decref(report);
}

/* --- for people --------------------------------------------------------------------------------
 */

TEST(what_is_printed_holds_no_control_characters_of_files) {
  char *text = NULL;
  size_t size;
  struct cli_session session = {.out = open_memstream(&text, &size)};
  session.err = session.out;
  compare_with(&small, &small);
  add(3, "yes", "kit\x1b[2Jchen", 3, 2, 0.9f);
  clips[0].file = own("a\xff\x07.wav");
  dataset.name = own("\x1b]0;x\x07");
  json_t *report = report_of();
  cli_evaluate_print(&session, report);
  fclose(session.out);
  assert_null(strchr(text, '\x1b'));
  assert_null(strchr(text, '\x07'));
  assert_non_null(strstr(text, "kit?[2Jchen"));
  free(text);
  json_decref(report);
}

TEST(of_many_labels_the_frequent_mistakes_are_shown) {
  static char *label[20];
  static char name[20][24];
  static struct cli_judged many;
  many = (struct cli_judged){.name = own("many"),
                             .label = label,
                             .label_count = 20,
                             .has_labels = true,
                             .silence = -1,
                             .unknown = -1};
  for (size_t i = 0; i < 20; i++) {
    snprintf(name[i], sizeof name[i], "w%zu", i);
    label[i] = name[i];
  }
  evaluation.model[0] = &many;
  add(3, "w1", "a", 2, 0, 0.9f);
  add(5, "w4", "a", 7, 0, 0.9f);
  add(9, "w5", "a", 5, 0, 0.9f);
  char *text = NULL;
  size_t size;
  struct cli_session session = {.out = open_memstream(&text, &size)};
  json_t *report = report_of();
  cli_evaluate_print(&session, report);
  fclose(session.out);
  assert_null(strstr(text, "is \\ heard"));
  const char *first = strstr(text, "w4  w7        5"), *second = strstr(text, "w1  w2        3");
  assert_true(first != NULL && second != NULL && first < second);
  free(text);
  json_decref(report);
}
