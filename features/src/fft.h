/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIT_AUDIO_FFT_H
#define WIT_AUDIO_FFT_H
#include <stdint.h>

#include "tables.h"

struct wit_audio_complex {
  int16_t re, im;
};

/* Real FFT of 512 int16 samples, in place, scaled by 1/512; bit-exact with
 * kissfft's fixed-point kiss_fftr as TensorFlow Lite Micro builds it. In: the
 * samples, two to an element. Out: bins 0..255; bin 256, which is real, stands
 * in bin[0].im (bin 0 is real, too). */
void wit_audio_real_fft(struct wit_audio_complex bin[WIT_AUDIO_FFT_LENGTH / 2]);
#endif
