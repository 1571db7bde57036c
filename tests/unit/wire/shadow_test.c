/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdlib.h>

#include "tests/support/test.h"
#include "wire/cbor.h"
#include "wire/shadow.h"

/* Labels: as an audio model's, the candidate with two words more. */
enum { SILENCE, UNKNOWN, YES, NO, STOP, GO, OLD_WORD };

static struct gw_shadow_labels yes_no_stop_go(void) {
  static const char *const active[] = {"silence", "unknown", "yes", "no"};
  static const char *const candidate[] = {"silence", "unknown", "yes", "no", "stop", "go"};
  struct gw_shadow_labels labels = {0};
  for (int i = 0; i < 4; i++) {
    uint8_t quiet = i < 2 ? GW_SHADOW_QUIET : 0;
    assert_int_equal(gw_shadow_label_add(&labels, active[i], GW_SHADOW_IN_ACTIVE | quiet), i);
  }
  for (int i = 0; i < 6; i++) {
    assert_int_equal(gw_shadow_label_add(&labels, candidate[i], GW_SHADOW_IN_CANDIDATE), i);
  }
  return labels;
}

static void add(struct gw_shadow_summary *summary, const struct gw_shadow_labels *labels,
                uint16_t active, uint16_t candidate) {
  gw_shadow_add(summary, labels,
                &(struct gw_shadow_sample){{active, 900, 2000}, {candidate, 800, 3000}});
}

static void add_times(struct gw_shadow_summary *summary, const struct gw_shadow_labels *labels,
                      uint16_t active, uint16_t candidate, int count) {
  while (count-- > 0) add(summary, labels, active, candidate);
}

TEST(a_label_that_both_models_know_stands_once) {
  struct gw_shadow_labels labels = yes_no_stop_go();
  assert_int_equal(labels.count, 6);
  assert_int_equal(labels.label[YES].flags, GW_SHADOW_IN_ACTIVE | GW_SHADOW_IN_CANDIDATE);
  assert_int_equal(labels.label[STOP].flags, GW_SHADOW_IN_CANDIDATE);
  assert_int_equal(labels.label[SILENCE].flags,
                   GW_SHADOW_IN_ACTIVE | GW_SHADOW_IN_CANDIDATE | GW_SHADOW_QUIET);
}

TEST(a_long_label_is_cut_between_characters) {
  struct gw_shadow_labels labels = {0};
  /* 22 bytes, then a character of two */
  assert_int_equal(gw_shadow_label_add(&labels, "abcdefghijklmnopqrstuv\xC3\xA4rger", 1), 0);
  assert_string_equal(labels.label[0].name, "abcdefghijklmnopqrstuv");
  assert_int_equal(gw_shadow_label_add(&labels, "abcdefghijklmnopqrstuvwxyz", 1), 1);
  assert_string_equal(labels.label[1].name, "abcdefghijklmnopqrstuvw");
}

TEST(a_full_table_of_labels_says_so) {
  struct gw_shadow_labels labels = {0};
  char name[2] = "a";
  for (unsigned i = 0; i < GW_SHADOW_LABELS_MAX; i++, name[0]++) {
    assert_int_equal(gw_shadow_label_add(&labels, name, 1), (int)i);
  }
  assert_int_equal(gw_shadow_label_add(&labels, name, 1), GW_ERR_NO_SPACE);
  assert_int_equal(gw_shadow_label_add(&labels, "b", 2), 1);
}

TEST(agreement_counts_windows_in_which_something_is_heard) {
  struct gw_shadow_labels labels = yes_no_stop_go();
  struct gw_shadow_summary summary = {0};
  assert_int_equal(gw_shadow_agreement(&summary), UINT32_MAX);
  add_times(&summary, &labels, SILENCE, SILENCE, 1000);
  assert_int_equal(gw_shadow_agreement(&summary), UINT32_MAX);
  assert_int_equal(gw_shadow_agreement_all(&summary), 1000);
  add(&summary, &labels, YES, YES);
  add(&summary, &labels, YES, NO);
  add(&summary, &labels, SILENCE, NO);
  add(&summary, &labels, NO, UNKNOWN);
  assert_int_equal(summary.heard, 4);
  assert_int_equal(summary.heard_agreed, 1);
  assert_int_equal(gw_shadow_agreement(&summary), 250);
  assert_int_equal(gw_shadow_agreement_all(&summary), 997);
}

TEST(a_new_word_heard_in_silence_is_set_apart) {
  struct gw_shadow_labels labels = yes_no_stop_go();
  struct gw_shadow_summary summary = {0};
  add(&summary, &labels, UNKNOWN, STOP);
  add(&summary, &labels, SILENCE, GO);
  assert_int_equal(summary.only_candidate_knows, 2);
  assert_int_equal(summary.heard, 0);
}

TEST(a_new_word_heard_in_place_of_a_known_one_is_a_disagreement) {
  struct gw_shadow_labels labels = yes_no_stop_go();
  struct gw_shadow_summary summary = {0};
  add(&summary, &labels, YES, STOP);
  assert_int_equal(summary.only_candidate_knows, 0);
  assert_int_equal(summary.heard, 1);
  assert_int_equal(gw_shadow_agreement(&summary), 0);
}

TEST(a_word_that_the_candidate_has_given_up_is_set_apart) {
  struct gw_shadow_labels labels = yes_no_stop_go();
  struct gw_shadow_summary summary = {0};
  assert_int_equal(gw_shadow_label_add(&labels, "left", GW_SHADOW_IN_ACTIVE), OLD_WORD);
  add(&summary, &labels, OLD_WORD, UNKNOWN);
  add(&summary, &labels, OLD_WORD, YES);
  assert_int_equal(summary.only_active_knows, 2);
  assert_int_equal(summary.heard, 0);
  assert_int_equal(summary.pair_count, 2);
}

TEST(labels_beyond_the_table_are_compared_and_not_named) {
  struct gw_shadow_labels labels = yes_no_stop_go();
  struct gw_shadow_summary summary = {0};
  add(&summary, &labels, 700, 700);
  add(&summary, &labels, 700, 701);
  add(&summary, &labels, YES, 700);
  assert_int_equal(summary.heard, 3);
  assert_int_equal(summary.heard_agreed, 1);
  assert_int_equal(summary.pair_count, 0);
  assert_int_equal(gw_shadow_other_pairs(&summary), 2);
}

TEST(pairs_of_words_are_kept_before_pairs_with_silence) {
  struct gw_shadow_labels labels = {0};
  struct gw_shadow_summary summary = {0};
  char name[2] = "a";
  for (unsigned i = 0; i < 8; i++, name[0]++) gw_shadow_label_add(&labels, name, 3);
  for (uint16_t candidate = 1; candidate < 8; candidate++) add(&summary, &labels, 0, candidate);
  for (uint16_t active = 1; active < 8; active++) {
    for (uint16_t candidate = 1; candidate < 8; candidate++) {
      if (active != candidate) add(&summary, &labels, active, candidate);
    }
  }
  assert_int_equal(summary.pair_count, GW_SHADOW_PAIRS_MAX);
  assert_int_equal(gw_shadow_other_pairs(&summary), 7 + 42 - GW_SHADOW_PAIRS_MAX);
  for (unsigned i = 0; i < summary.pair_count; i++) assert_true(summary.pair[i].active > 0);
}

TEST(times_fall_into_octaves_and_the_last_takes_the_rest) {
  static const uint32_t times[] = {0, 63, 64, 127, 128, 1u << 20, UINT32_MAX};
  struct gw_shadow_labels labels = yes_no_stop_go();
  struct gw_shadow_summary summary = {0};
  for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
    struct gw_shadow_sample sample = {{YES, 5000, times[i]}, {YES, 0, 1}};
    gw_shadow_add(&summary, &labels, &sample);
  }
  const struct gw_shadow_side *active = &summary.side[GW_SHADOW_ACTIVE];
  assert_int_equal(active->time_bucket[0], 2);
  assert_int_equal(active->time_bucket[1], 2);
  assert_int_equal(active->time_bucket[2], 1);
  assert_int_equal(active->time_bucket[15], 2);
  assert_int_equal(active->time_us_max, UINT32_MAX);
  assert_int_equal(active->confidence_sum, 7000);
  assert_int_equal(active->confidence_bucket[9], 7);
  assert_int_equal(summary.side[GW_SHADOW_CANDIDATE].confidence_bucket[0], 7);
}

/* Merging ------------------------------------------------------------------- */

static struct gw_shadow_labels sixteen_labels(void) {
  struct gw_shadow_labels labels = {0};
  char name[2] = "a";
  for (unsigned i = 0; i < GW_SHADOW_LABELS_MAX; i++, name[0]++) {
    uint8_t flags = (uint8_t)(i < 3 ? 7 : i < 13 ? 3 : i == 13 ? 1 : 2);
    gw_shadow_label_add(&labels, name, flags);
  }
  return labels;
}

static struct gw_shadow_sample random_sample(void) {
  uint32_t a = test_random(), b = test_random();
  uint16_t active = a % 15, candidate = a >> 8 & 3 ? active : b % 18;
  return (struct gw_shadow_sample){
      {active, (uint16_t)(a % 1100), a >> (a & 31)},
      {candidate, (uint16_t)(b % 1001), b >> (b & 31)},
  };
}

static struct gw_shadow_summary random_summary(const struct gw_shadow_labels *labels) {
  struct gw_shadow_summary summary = {0};
  unsigned count = test_random() % 60;
  for (unsigned i = 0; i < count; i++) {
    struct gw_shadow_sample sample = random_sample();
    gw_shadow_add(&summary, labels, &sample);
  }
  if (test_random() & 1) gw_shadow_add_skipped(&summary);
  gw_shadow_add_missed(&summary, test_random() % 3);
  return summary;
}

static struct gw_shadow_summary merged(struct gw_shadow_summary a,
                                       const struct gw_shadow_summary *b) {
  assert_int_equal(gw_shadow_merge(&a, b), GW_OK);
  return a;
}

static void assert_same(const struct gw_shadow_summary *a, const struct gw_shadow_summary *b) {
  uint8_t bytes[2][GW_SHADOW_SIZE_MAX];
  int size = gw_shadow_encode(a, bytes[0], sizeof bytes[0]);
  assert_true(size > 0);
  assert_int_equal(gw_shadow_encode(b, bytes[1], sizeof bytes[1]), size);
  assert_memory_equal(bytes[0], bytes[1], (size_t)size);
}

TEST(summaries_merge_to_the_same_in_any_order_and_grouping) {
  struct gw_shadow_labels labels = sixteen_labels();
  for (int round = 0; round < 2000; round++) {
    struct gw_shadow_summary a = random_summary(&labels), b = random_summary(&labels),
                             c = random_summary(&labels);
    struct gw_shadow_summary ab = merged(a, &b), ba = merged(b, &a), bc = merged(b, &c);
    struct gw_shadow_summary left = merged(ab, &c), right = merged(a, &bc);
    assert_same(&ab, &ba);
    assert_same(&left, &right);
  }
}

TEST(merging_is_what_adding_all_samples_to_one_would_have_made) {
  struct gw_shadow_labels labels = sixteen_labels();
  struct gw_shadow_summary whole = {0}, part[5] = {0}, together = {0};
  for (int i = 0; i < 5000; i++) {
    struct gw_shadow_sample sample = random_sample();
    gw_shadow_add(&whole, &labels, &sample);
    gw_shadow_add(&part[test_random() % 5], &labels, &sample);
  }
  for (int i = 0; i < 5; i++) together = merged(together, &part[i]);
  assert_same(&whole, &together);
}

TEST(a_merge_that_would_overflow_is_refused_and_changes_nothing) {
  struct gw_shadow_labels labels = yes_no_stop_go();
  struct gw_shadow_summary one = {0}, much = {0};
  add(&one, &labels, YES, NO);
  much.compared = UINT32_MAX;
  struct gw_shadow_summary before = one;
  assert_int_equal(gw_shadow_merge(&one, &much), GW_ERR_TOO_LONG);
  assert_memory_equal(&one, &before, sizeof one);
  gw_shadow_add(&much, &labels, &(struct gw_shadow_sample){0});
  assert_int_equal(much.agreed, 0);
  much.missed = UINT32_MAX - 1;
  gw_shadow_add_missed(&much, 5);
  assert_int_equal(much.missed, UINT32_MAX);
}

/* On the wire --------------------------------------------------------------- */

/* As many bytes as one can take. */
static struct gw_shadow_report largest_report(void) {
  struct gw_shadow_report report = {.package = "sixteen-letters-",
                                    .active = "10.20.30-rc.4567",
                                    .candidate = "10.20.30-rc.4568",
                                    .verdict = 255,
                                    .reason = 255,
                                    .elapsed_s = UINT32_MAX};
  struct gw_shadow_summary *summary = &report.summary;
  char name[] = "a23-letters-long-label.";
  for (unsigned i = 0; i < GW_SHADOW_LABELS_MAX; i++, name[0]++) {
    gw_shadow_label_add(&report.labels, name, 7);
  }
  summary->compared = UINT32_MAX;
  summary->agreed = summary->heard = summary->heard_agreed = 0x80000000u;
  summary->only_active_knows = summary->only_candidate_knows = 0x10000u;
  summary->skipped = summary->missed = UINT32_MAX;
  for (unsigned s = 0; s < 2; s++) {
    struct gw_shadow_side *side = &summary->side[s];
    side->time_us_max = UINT32_MAX;
    side->time_us_sum = (uint64_t)UINT32_MAX * UINT32_MAX;
    for (unsigned i = 0; i < GW_SHADOW_TIME_BUCKETS; i++) side->time_bucket[i] = 0x10000000u;
    side->time_bucket[15]--;
    for (unsigned i = 0; i < GW_SHADOW_CONFIDENCE_BUCKETS; i++) {
      side->confidence_bucket[i] = 0x80000000u / 10;
    }
    side->confidence_bucket[9] += 0x80000000u % 10;
    side->confidence_sum = 0x80000000u * (uint64_t)1000;
  }
  summary->pair_count = GW_SHADOW_PAIRS_MAX;
  for (unsigned i = 0; i < GW_SHADOW_PAIRS_MAX; i++) {
    summary->pair[i] = (struct gw_shadow_pair){(uint8_t)(14 - i), 15, 0x10000u};
  }
  return report;
}

TEST(the_largest_report_fits_one_datagram_and_comes_back_the_same) {
  struct gw_shadow_report report = largest_report(), again;
  uint8_t bytes[GW_SHADOW_REPORT_SIZE_MAX], more[GW_SHADOW_REPORT_SIZE_MAX];
  int size = gw_shadow_report_encode(&report, bytes, sizeof bytes);
  assert_in_range(size, 900, GW_SHADOW_REPORT_SIZE_MAX);
  assert_int_equal(gw_shadow_report_parse(bytes, (size_t)size, &again), GW_OK);
  assert_int_equal(gw_shadow_report_encode(&again, more, sizeof more), size);
  assert_memory_equal(bytes, more, (size_t)size);
  int summary_size = gw_shadow_encode(&report.summary, bytes, sizeof bytes);
  assert_in_range(summary_size, 400, GW_SHADOW_SIZE_MAX);
  assert_int_equal(gw_shadow_encode(&report.summary, bytes, (size_t)summary_size - 1),
                   GW_ERR_NO_SPACE);
}

TEST(a_report_without_names_is_incomplete) {
  struct gw_shadow_report report = {.package = "model", .active = "1.0.0"}, again;
  uint8_t bytes[GW_SHADOW_REPORT_SIZE_MAX];
  int size = gw_shadow_report_encode(&report, bytes, sizeof bytes);
  assert_true(size > 0);
  assert_int_equal(gw_shadow_report_parse(bytes, (size_t)size, &again), GW_ERR_MISSING);
}

TEST(a_report_cut_short_anywhere_is_refused) {
  struct gw_shadow_report report = largest_report(), again;
  uint8_t bytes[GW_SHADOW_REPORT_SIZE_MAX];
  int size = gw_shadow_report_encode(&report, bytes, sizeof bytes);
  for (int cut = 0; cut < size; cut++) {
    assert_true(gw_shadow_report_parse(bytes, (size_t)cut, &again) < 0);
  }
}

static int parse_after(void (*spoil)(struct gw_shadow_report *)) {
  struct gw_shadow_labels labels = yes_no_stop_go();
  struct gw_shadow_report report = {
      .package = "model", .active = "1.0.0", .candidate = "1.1.0", .labels = labels};
  struct gw_shadow_report again;
  uint8_t bytes[GW_SHADOW_REPORT_SIZE_MAX];
  add_times(&report.summary, &labels, SILENCE, SILENCE, 4);
  add_times(&report.summary, &labels, YES, YES, 3);
  add_times(&report.summary, &labels, YES, NO, 2);
  add_times(&report.summary, &labels, SILENCE, STOP, 2);
  if (spoil != NULL) spoil(&report);
  int size = gw_shadow_report_encode(&report, bytes, sizeof bytes);
  assert_true(size > 0);
  return gw_shadow_report_parse(bytes, (size_t)size, &again);
}

#define SPOIL(name, statement)                            \
  static void name(struct gw_shadow_report *report) {     \
    struct gw_shadow_summary *summary = &report->summary; \
    statement;                                            \
    (void)summary;                                        \
  }
SPOIL(more_agreed_than_compared, summary->agreed = summary->compared + 1)
SPOIL(more_heard_than_compared, summary->heard = summary->compared + 1)
SPOIL(more_heard_agreed_than_heard, summary->heard_agreed = summary->heard + 1)
SPOIL(set_apart_wraps, summary->only_active_knows = UINT32_MAX)
SPOIL(a_time_more, summary->side[0].time_bucket[3]++)
SPOIL(times_wrap, (summary->side[0].time_bucket[0] = UINT32_MAX, summary->side[0].time_bucket[1]++))
SPOIL(a_confidence_less, summary->side[1].confidence_bucket[8]--)
SPOIL(too_confident, summary->side[1].confidence_sum = 1000u * summary->heard + 1)
SPOIL(slower_than_the_slowest, summary->side[1].time_us_sum = 3000u * summary->compared + 1)
SPOIL(a_maximum_above_the_sum, summary->side[1].time_us_max = 1000000)
SPOIL(a_pair_too_often, summary->pair[0].count = 100)
SPOIL(a_pair_never, summary->pair[0].count = 0)
SPOIL(a_pair_of_one_label, summary->pair[0].candidate = summary->pair[0].active)
SPOIL(a_pair_without_name, summary->pair[0].candidate = 9)
SPOIL(a_pair_beyond_all, summary->pair[0].candidate = 200)
SPOIL(pairs_out_of_order, {
  struct gw_shadow_pair first = summary->pair[0];
  summary->pair[0] = summary->pair[1];
  summary->pair[1] = first;
})
SPOIL(a_pair_twice, summary->pair[1] = (summary->pair[0].count = 1, summary->pair[0]))
SPOIL(a_label_twice, memcpy(report->labels.label[4].name, "yes", 4))

TEST(sums_that_do_not_add_up_are_refused) {
  static void (*const spoils[])(struct gw_shadow_report *) = {more_agreed_than_compared,
                                                              more_heard_than_compared,
                                                              more_heard_agreed_than_heard,
                                                              set_apart_wraps,
                                                              a_time_more,
                                                              times_wrap,
                                                              a_confidence_less,
                                                              too_confident,
                                                              slower_than_the_slowest,
                                                              a_maximum_above_the_sum,
                                                              a_pair_too_often,
                                                              a_pair_never,
                                                              a_pair_of_one_label,
                                                              a_pair_without_name,
                                                              a_pair_beyond_all,
                                                              pairs_out_of_order,
                                                              a_pair_twice,
                                                              a_label_twice};
  assert_int_equal(parse_after(NULL), GW_OK);
  for (size_t i = 0; i < sizeof spoils / sizeof spoils[0]; i++) {
    if (parse_after(spoils[i]) != GW_ERR_MALFORMED) fail_msg("number %zu was taken", i);
  }
}

TEST(unknown_keys_are_skipped) {
  uint8_t bytes[256];
  struct gw_cbor_writer writer;
  struct gw_shadow_report report;
  gw_cbor_writer_init(&writer, bytes, sizeof bytes);
  gw_cbor_write_map(&writer, 5);
  for (unsigned key = 1; key <= 3; key++) {
    gw_cbor_write_uint(&writer, key);
    gw_cbor_write_text(&writer, "x");
  }
  gw_cbor_write_uint(&writer, 99);
  gw_cbor_write_text(&writer, "later");
  gw_cbor_write_uint(&writer, 8);
  gw_cbor_write_map(&writer, 1);
  gw_cbor_write_uint(&writer, 77);
  gw_cbor_write_map(&writer, 0);
  int size = gw_cbor_writer_finish(&writer);
  assert_int_equal(gw_shadow_report_parse(bytes, (size_t)size, &report), GW_OK);
  assert_string_equal(report.candidate, "x");
}

/* Judgement ----------------------------------------------------------------- */

static const struct gw_policy policy = {
    .shadow_windows = 100, .agreement_permille = 900, .latency_percent = 200};

static void assert_judged(const struct gw_shadow_summary *summary, const struct gw_policy *asked,
                          uint32_t elapsed_s, enum gw_shadow_verdict verdict, uint8_t reason) {
  uint8_t why;
  assert_string_equal(
      gw_shadow_verdict_name((uint8_t)gw_shadow_judge(summary, asked, elapsed_s, &why)),
      gw_shadow_verdict_name((uint8_t)verdict));
  assert_string_equal(gw_shadow_reason_name(why), gw_shadow_reason_name(reason));
}

TEST(two_models_that_agree_pass_when_enough_was_heard) {
  struct gw_shadow_labels labels = yes_no_stop_go();
  struct gw_shadow_summary summary = {0};
  add_times(&summary, &labels, YES, YES, 18);
  add_times(&summary, &labels, YES, NO, 2);
  add_times(&summary, &labels, SILENCE, SILENCE, 79);
  assert_judged(&summary, &policy, 3600, GW_SHADOW_MORE, GW_SHADOW_AS_ASKED);
  add(&summary, &labels, SILENCE, SILENCE);
  assert_judged(&summary, &policy, 0, GW_SHADOW_PASS, GW_SHADOW_AS_ASKED);
}

TEST(silence_does_not_make_up_for_words_that_differ) {
  struct gw_shadow_labels labels = yes_no_stop_go();
  struct gw_shadow_summary summary = {0};
  add_times(&summary, &labels, SILENCE, SILENCE, 85);
  add_times(&summary, &labels, YES, YES, 12);
  add_times(&summary, &labels, YES, NO, 3);
  assert_judged(&summary, &policy, 0, GW_SHADOW_FAIL, GW_SHADOW_AGREEMENT);
}

TEST(a_hopeless_candidate_fails_before_its_time) {
  struct gw_shadow_labels labels = yes_no_stop_go();
  struct gw_shadow_summary summary = {0};
  add_times(&summary, &labels, YES, NO, 10); /* 90 of 100 can still be right */
  assert_judged(&summary, &policy, 0, GW_SHADOW_MORE, GW_SHADOW_AS_ASKED);
  add(&summary, &labels, YES, NO);
  assert_judged(&summary, &policy, 0, GW_SHADOW_FAIL, GW_SHADOW_AGREEMENT);
}

TEST(too_little_heard_is_judged_by_all_windows_and_says_so) {
  struct gw_shadow_labels labels = yes_no_stop_go();
  struct gw_shadow_summary summary = {0};
  add_times(&summary, &labels, YES, NO, GW_SHADOW_HEARD_MIN - 1);
  add_times(&summary, &labels, SILENCE, SILENCE, 91);
  assert_judged(&summary, &policy, 0, GW_SHADOW_PASS, GW_SHADOW_NOTHING_HEARD);
}

TEST(nothing_is_hopeless_while_too_little_was_heard) {
  struct gw_shadow_labels labels = yes_no_stop_go();
  struct gw_shadow_summary summary = {0};
  add_times(&summary, &labels, SILENCE, SILENCE, 98);
  add(&summary, &labels, YES, NO);
  assert_judged(&summary, &policy, 0, GW_SHADOW_MORE, GW_SHADOW_AS_ASKED);
  add(&summary, &labels, SILENCE, SILENCE);
  assert_judged(&summary, &policy, 0, GW_SHADOW_PASS, GW_SHADOW_NOTHING_HEARD);
}

TEST(a_slow_candidate_fails) {
  struct gw_shadow_labels labels = yes_no_stop_go();
  struct gw_shadow_summary summary = {0};
  struct gw_policy strict = policy;
  add_times(&summary, &labels, YES, YES, 100); /* 3 ms beside 2 ms */
  assert_int_equal(gw_shadow_latency(&summary), 150);
  assert_judged(&summary, &strict, 0, GW_SHADOW_PASS, GW_SHADOW_AS_ASKED);
  strict.latency_percent = 149;
  assert_judged(&summary, &strict, 0, GW_SHADOW_FAIL, GW_SHADOW_LATENCY);
}

TEST(a_candidate_that_hardly_ever_has_time_ends_and_fails) {
  struct gw_shadow_labels labels = yes_no_stop_go();
  struct gw_shadow_summary summary = {0};
  add_times(&summary, &labels, YES, YES, 20);
  for (int i = 0; i < 379; i++) gw_shadow_add_skipped(&summary);
  assert_judged(&summary, &policy, 0, GW_SHADOW_MORE, GW_SHADOW_AS_ASKED);
  gw_shadow_add_skipped(&summary);
  assert_judged(&summary, &policy, 0, GW_SHADOW_FAIL, GW_SHADOW_NO_TIME);
}

TEST(time_ends_it_with_whatever_was_heard) {
  struct gw_shadow_labels labels = yes_no_stop_go();
  struct gw_shadow_summary summary = {0};
  struct gw_policy timed = {.shadow_s = 60, .agreement_permille = 900};
  assert_judged(&summary, &timed, 59, GW_SHADOW_MORE, GW_SHADOW_AS_ASKED);
  assert_judged(&summary, &timed, 60, GW_SHADOW_PASS, GW_SHADOW_NOTHING_HEARD);
  add_times(&summary, &labels, YES, NO, 10);
  assert_judged(&summary, &timed, 60, GW_SHADOW_FAIL, GW_SHADOW_AGREEMENT);
}

TEST(no_candidate_waits_for_ever) {
  struct gw_shadow_summary summary = {0};
  assert_judged(&summary, &policy, GW_SHADOW_LONGEST_S - 1, GW_SHADOW_MORE, GW_SHADOW_AS_ASKED);
  assert_judged(&summary, &policy, GW_SHADOW_LONGEST_S, GW_SHADOW_PASS, GW_SHADOW_NOTHING_HEARD);
  assert_int_equal(gw_shadow_judge(&summary, &policy, GW_SHADOW_LONGEST_S, NULL), GW_SHADOW_PASS);
}

TEST(the_longest_sums_do_not_overflow_a_judgement) {
  struct gw_shadow_report report = largest_report();
  assert_int_equal(gw_shadow_latency(&report.summary), 100);
  assert_int_equal(gw_shadow_agreement(&report.summary), 1000);
  report.summary.side[GW_SHADOW_ACTIVE].time_us_sum = 1;
  assert_int_equal(gw_shadow_latency(&report.summary), UINT32_MAX);
  report.summary.side[GW_SHADOW_ACTIVE].time_us_sum = 1u << 20;
  assert_int_equal(gw_shadow_latency(&report.summary), UINT32_MAX - 1);
}

TEST(no_policy_asks_for_nothing) {
  assert_false(gw_shadow_is_asked(&(struct gw_policy){.agreement_permille = 900}));
  assert_true(gw_shadow_is_asked(&(struct gw_policy){.shadow_s = 1}));
  assert_true(gw_shadow_is_asked(&(struct gw_policy){.shadow_windows = 1}));
}

TEST(numbers_without_a_name_are_unknown) {
  assert_string_equal(gw_shadow_verdict_name(GW_SHADOW_FAIL), "FAIL");
  assert_string_equal(gw_shadow_verdict_name(3), "UNKNOWN");
  assert_string_equal(gw_shadow_reason_name(GW_SHADOW_APPLICATION), "APPLICATION");
  assert_string_equal(gw_shadow_reason_name(6), "UNKNOWN");
}
