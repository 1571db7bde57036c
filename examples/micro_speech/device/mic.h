/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MICRO_SPEECH_MIC_H
#define MICRO_SPEECH_MIC_H
/* The real microphone: mic_alsa.c where the build found ALSA (Debian package
 * libasound2-dev), mic_none.c, which says so, where it did not. */
#include <stddef.h>
#include <stdint.h>

struct mic;

/* `device` NULL: ALSA's "default". */
struct mic *mic_open(const char *device, unsigned capture_ms, char *error, size_t error_size);
void mic_close(struct mic *mic); /* NULL is fine */
/* `max` samples or none; -1: the device is gone. */
int mic_read(struct mic *mic, int16_t *samples, size_t max, uint64_t *lost);
double mic_behind_ms(const struct mic *mic);
#endif
