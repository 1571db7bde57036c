/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIM_EXAMPLES_LISTENING_DEVICE_H
#define TESTS_SIM_EXAMPLES_LISTENING_DEVICE_H
/* A device that listens in the world of tests/sim/sdk: the micro_speech
 * example's listener, wit, the updater, client and DTLS are real; clock, network
 * and medium are the world's. What it hears is numbered sample by sample, and a
 * second front end that knows nothing of updates hears it, too: each window that
 * it finds due must have been looked at by a model, at that sample, and be the
 * same byte for byte, or the test fails. One at a time. */
#include <stdbool.h>
#include <stdint.h>

#include "examples/micro_speech/device/beside.h"

#define LISTENING_PERIOD_MS 20u
#define LISTENING_VERSIONS 6u /* 1.0.0 to 1.5.0, both example models in turns */

struct listening_device {
  struct listener listener;
  struct godwit_updater updater;
  uint64_t sample;         /* number of the next one */
  uint64_t due_windows;    /* that the second front end found, with a model at work */
  uint64_t looked_windows; /* that a model looked at */
  uint64_t longest_gap;    /* between two of them, in samples */
  double longest_us;       /* likewise, of this machine's clock: test and server included */
  unsigned swaps, from_store, compared, failures;
  uint8_t failure_detail;             /* enum gw_ota_detail of the last */
  struct gw_shadow_report comparison; /* the last that ended */
  bool is_late;                       /* there is never time for a second inference */
  /* Told how long each turn of the device took, of this processor's time: hearing
   * a period (looked: a model looked at a window in it) or polling the updater.
   * May be NULL. */
  void (*on_turn)(double us, bool looked);
};
extern struct listening_device listening;

/* Forgets everything; world_reset has been called. No model is there yet. */
void listening_begin(void);
/* Puts 1.n.0 on the server; its release asks for so many windows side by side. */
void listening_publish(unsigned n, uint32_t shadow_windows);
/* 20 ms of the world's clock, and of audio. */
void listening_run_period(void);
/* Rolls 1.n.0 out. */
void listening_release(unsigned n);
/* The same, and runs until it is at work; fails after a minute. */
void listening_update_to(unsigned n);
#endif
