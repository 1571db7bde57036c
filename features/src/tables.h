/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIT_AUDIO_TABLES_H
#define WIT_AUDIO_TABLES_H
/* Constants of the front end, in flash. tables.c is printed by
 * features/tools/make_tables.c, which has the formulas. */
#include <stdint.h>

#include "wit_audio/frontend.h"

#define WIT_AUDIO_FFT_LENGTH 512
#define WIT_AUDIO_FIRST_BIN 5 /* 125 Hz is 4 bins above DC, and DC is left out */
#define WIT_AUDIO_BIN_COUNT 235
#define WIT_AUDIO_BANDS \
  (WIT_AUDIO_CHANNELS + 1) /* gaps between the 42 corners of the mel filters */
#define WIT_AUDIO_PCAN_TABLE_SIZE 125
#define WIT_AUDIO_LOG_SEGMENTS 128

/* First half of the Hann window, Q12; the second half mirrors it. */
extern const int16_t wit_audio_hann[WIT_AUDIO_WINDOW_SAMPLES / 2];

/* sin(2 pi k / 512), k = 0..128, Q15 with 1.0 as 32767. */
extern const int16_t wit_audio_quarter_sine[WIT_AUDIO_FFT_LENGTH / 4 + 1];

/* The mel filters are triangles; band i is the gap between corners i and i + 1.
 * Its bins feed channel i with WIT_AUDIO_WEIGHT_ONE - weight (rising) and
 * channel i - 1 with weight (falling). One weight a bin, Q12, bands one after
 * the other. */
#define WIT_AUDIO_WEIGHT_ONE 4095
extern const uint8_t wit_audio_band_width[WIT_AUDIO_BANDS];
extern const int16_t wit_audio_bin_weight[WIT_AUDIO_BIN_COUNT];

/* PCAN gain over the noise estimate: two values, then for each power of two
 * value, linear and quadratic coefficient and a pad. */
extern const int16_t wit_audio_pcan_gain[WIT_AUDIO_PCAN_TABLE_SIZE];

/* (log2(1 + i/128) - i/128) * 65536. */
extern const uint16_t wit_audio_log_correction[WIT_AUDIO_LOG_SEGMENTS + 1];
#endif
