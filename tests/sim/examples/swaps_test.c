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
