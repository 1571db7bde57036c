/* SPDX-License-Identifier: Apache-2.0 */
/* A thousand model updates of a device that listens, over a network that loses:
 * downloads, models that are still in the store, models that run beside the
 * active one first. The stream is numbered sample by sample, and no window of it
 * is missed. */
#include "tests/sim/examples/listening_device.h"
#include "tests/sim/sdk/world.h"
#include "tests/support/test.h"

#if defined(__SANITIZE_ADDRESS__)
#define SWAPS 100
#else
#define SWAPS 1000
#endif

static void begin(uint32_t shadow_windows) {
  world_reset(test_random() * 2654435761u);
  listening_publish(0, 0);
  listening_publish(1, shadow_windows);
  listening_begin();
  listening_update_to(0);
}

static void run_periods(unsigned count) {
  while (count-- > 0) listening_run_period();
}

TEST(the_labels_of_both_models_are_compared_by_name) {
  begin(300);
  listening_update_to(1);
  const struct gw_shadow_report *report = &listening.comparison;
  assert_string_equal(report->active, "1.0.0");
  assert_string_equal(report->candidate, "1.1.0");
  assert_int_equal(report->summary.compared, 300);
  assert_int_equal(report->summary.skipped, 0);
  assert_int_equal(report->summary.missed, 0);
  assert_int_equal(report->labels.count, 6);
  assert_string_equal(report->labels.label[2].name, "yes");
  assert_int_equal(report->labels.label[2].flags, GW_SHADOW_IN_ACTIVE | GW_SHADOW_IN_CANDIDATE);
  assert_string_equal(report->labels.label[5].name, "go");
  assert_int_equal(report->labels.label[5].flags, GW_SHADOW_IN_CANDIDATE);
  assert_true(report->labels.label[0].flags & GW_SHADOW_QUIET);
  assert_true(report->summary.side[GW_SHADOW_ACTIVE].time_us_sum > 0);
  assert_int_equal(listening.listener.counts.windows_missed, 0);
}

TEST(a_candidate_that_never_has_time_is_not_swapped_to_and_deafens_nobody) {
  begin(40);
  listening.is_late = true;
  listening_release(1);
  run_periods(20 * 1000 / LISTENING_PERIOD_MS);
  assert_int_equal(listening.swaps, 1);
  assert_int_equal(listening.failures, 1);
  assert_int_equal(listening.failure_detail, GW_DETAIL_SHADOW);
  assert_int_equal(listening.comparison.summary.compared, 0);
  assert_int_equal(listening.comparison.summary.skipped, 160); /* four times as many as asked for */
  assert_int_equal(listening.comparison.reason, GW_SHADOW_NO_TIME);
  assert_int_equal(listening.listener.counts.windows_missed, 0);
  assert_int_equal(listening.looked_windows, listening.due_windows);
  assert_string_equal(godwit_updater_version(&listening.updater), "1.0.0");
}

TEST(a_thousand_updates_miss_no_window_of_a_numbered_stream) {
  world_reset(test_random() * 2654435761u);
  world_network.loss_percent = 1;
  for (unsigned n = 0; n < LISTENING_VERSIONS; n++) listening_publish(n, n % 3 == 0 ? 40 : 0);
  listening_begin();
  unsigned at = 0, before = 1;
  for (int i = 0; i < SWAPS; i++) {
    unsigned next = (at + 1 + test_random() % (LISTENING_VERSIONS - 1)) % LISTENING_VERSIONS;
    if (i % 5 == 4) next = before; /* back to the one before: it is still in the store */
    before = at;
    listening_update_to(next);
    at = next;
    for (unsigned period = test_random() % 10; period > 0; period--) listening_run_period();
  }
  const struct listener_counts *counts = &listening.listener.counts;
  assert_int_equal(counts->windows_missed, 0);
  assert_int_equal(counts->windows_evaluated, listening.due_windows);
  assert_int_equal(counts->windows_evaluated + counts->windows_no_model, counts->windows_due);
  assert_int_equal(listening.listener.samples, listening.sample);
  assert_int_equal(listening.swaps, SWAPS);
  assert_int_equal(listening.failures, 0);
  assert_true(listening.from_store > SWAPS / 10 && listening.from_store < SWAPS / 2);
  assert_true(listening.compared > SWAPS / 10);
  assert_int_equal(listening.longest_gap,
                   recognizer_default_config.hop_rows * WIT_AUDIO_STEP_SAMPLES);
  printf(
      "%u swaps (%u downloads, %u from the store, %u after running beside): %llu windows, "
      "0 missed; longest gap between two inferences %llu ms of the stream, %.1f ms of this "
      "machine's time\n",
      listening.swaps, listening.swaps - listening.from_store, listening.from_store,
      listening.compared, (unsigned long long)listening.looked_windows,
      (unsigned long long)(listening.longest_gap * 1000 / WIT_AUDIO_SAMPLE_RATE),
      listening.longest_us / 1000);
}
