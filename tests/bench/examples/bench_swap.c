/* SPDX-License-Identifier: Apache-2.0 */
/* For how long an update holds up a device that listens. Its loop hears what has
 * come, gives the updater one turn, and hears again: a window that falls due
 * waits for one turn at most. So each turn is measured by the phase it was made
 * in, beside what a window takes itself, in milliseconds of this processor. The
 * device is that of tests/sim/examples, in a simulated world: front end,
 * inference, CoAP, DTLS, decoding, digest, verifier, planner and self-test are
 * real, network and medium take no time. A window is due each 40 ms. */
#include <stdlib.h>

#include "sdk/src/updater_internal.h"
#include "tests/sim/examples/listening_device.h"
#include "tests/sim/sdk/world.h"
#include "tests/support/test.h"

#define SAMPLES_MAX 400000u
#define UPDATES 200

/* Beyond the updater's phases: */
enum { WINDOW = GODWIT_UPDATER_SWAPPING + 1, WINDOW_OF_TWO, ROWS };

static struct {
  double *us;
  size_t count;
} rows[ROWS];

static void keep(unsigned row, double us) {
  if (rows[row].count < SAMPLES_MAX) rows[row].us[rows[row].count++] = us;
}

/* A turn is of the phase that it began in: the one before it ended there. */
static void on_turn(double us, bool looked) {
  static unsigned phase;
  bool two = listening.updater.phase == GODWIT_UPDATER_SHADOWING;
  if (looked) {
    keep(two ? WINDOW_OF_TWO : WINDOW, us);
  } else if (us > 0) {
    keep(phase, us);
  }
  phase = listening.updater.phase;
}

static int compare(const void *a, const void *b) {
  double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

static void print_row(const char *name, unsigned row) {
  double *us = rows[row].us;
  size_t count = rows[row].count;
  if (count == 0) return;
  qsort(us, count, sizeof *us, compare);
  printf("%-34s %8zu %9.3f %9.3f %9.3f\n", name, count, us[count / 2] / 1e3,
         us[count * 99 / 100] / 1e3, us[count - 1] / 1e3);
}

TEST(an_update_holds_up_a_window_for_one_turn) {
  static const char *const names[ROWS] = {
      [GODWIT_UPDATER_IDLE] = "turn: idle",
      [GODWIT_UPDATER_DESCRIBING] = "turn: asking what there is",
      [GODWIT_UPDATER_CHECKING] = "turn: checking a signature",
      [GODWIT_UPDATER_WAITING] = "turn: waiting",
      [GODWIT_UPDATER_PREPARING] = "turn: preparing",
      [GODWIT_UPDATER_DOWNLOADING] = "turn: downloading",
      [GODWIT_UPDATER_VERIFYING] = "turn: digest of the medium",
      [GODWIT_UPDATER_LOADING] = "turn: loading, verify and plan",
      [GODWIT_UPDATER_TESTING] = "turn: self-test",
      [GODWIT_UPDATER_SHADOWING] = "turn: while two run",
      [GODWIT_UPDATER_SWAPPING] = "turn: swap",
      [WINDOW] = "window: front end and model",
      [WINDOW_OF_TWO] = "window: two models",
  };
  for (unsigned i = 0; i < ROWS; i++) rows[i].us = calloc(SAMPLES_MAX, sizeof(double));
  world_reset(1);
  for (unsigned n = 0; n < LISTENING_VERSIONS; n++) listening_publish(n, n % 3 == 0 ? 40 : 0);
  listening_begin();
  listening_update_to(0);
  listening.on_turn = on_turn;
  for (unsigned i = 1; i <= UPDATES; i++) {
    listening_update_to(i % LISTENING_VERSIONS);
    for (unsigned period = 0; period < 50; period++) listening_run_period();
  }
  printf("%-34s %8s %9s %9s %9s\n", "ms of processor time", "times", "p50", "p99", "max");
  print_row(names[WINDOW], WINDOW);
  print_row(names[WINDOW_OF_TWO], WINDOW_OF_TWO);
  for (unsigned i = 0; i < WINDOW; i++) print_row(names[i], i);
  printf("%u updates, %llu windows, %llu missed\n", listening.swaps,
         (unsigned long long)listening.looked_windows,
         (unsigned long long)listening.listener.counts.windows_missed);
  for (unsigned i = 0; i < ROWS; i++) free(rows[i].us);
}
