/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "examples/micro_speech/device/mic.h"

struct mic *mic_open(const char *device, unsigned capture_ms, char *error, size_t error_size) {
  (void)device;
  (void)capture_ms;
  snprintf(error, error_size,
           "--mic: this build has no ALSA; install libasound2-dev and build again");
  return NULL;
}

void mic_close(struct mic *mic) { (void)mic; }

int mic_read(struct mic *mic, int16_t *samples, size_t max, uint64_t *lost) {
  (void)mic;
  (void)samples;
  (void)max;
  (void)lost;
  return -1;
}

double mic_behind_ms(const struct mic *mic) {
  (void)mic;
  return 0;
}
