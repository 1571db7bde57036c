/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIT_AUDIO_STAGES_H
#define WIT_AUDIO_STAGES_H
/* The stages of the front end one by one, in their order, for frontend.c and
 * for tests. Semantics, rounding and wrap-around are those of TensorFlow Lite
 * Micro's signal library. */
#include <stddef.h>
#include <stdint.h>

#include "fft.h"

/* Hann window in Q12 over 480 samples, padded with zeros to 512. */
void wit_audio_window(const int16_t samples[WIT_AUDIO_WINDOW_SAMPLES],
                      int16_t out[WIT_AUDIO_FFT_LENGTH]);
/* Shifts left as far as the loudest sample allows; returns the shift, 0..15. */
int wit_audio_auto_scale(int16_t *samples, size_t count);
/* Power spectrum through the mel triangles. */
void wit_audio_filter_bank(const struct wit_audio_complex bin[WIT_AUDIO_FFT_LENGTH / 2],
                           uint64_t out[WIT_AUDIO_CHANNELS]);
/* Square root, rounded. Below 2^32 it saturates at 65535. */
uint32_t wit_audio_square_root(uint64_t x);
/* Updates the noise estimate (x 2^10) of a channel and subtracts it; 5 % of
 * the signal always remain. */
uint32_t wit_audio_subtract_noise(uint32_t signal, size_t channel, uint32_t *noise_estimate);
/* Per-channel automatic gain control. */
uint32_t wit_audio_gain_control(uint32_t signal, uint32_t noise_estimate);
/* 64 ln(8 x), 0 for x = 0. */
uint32_t wit_audio_log(uint32_t signal);
/* To the quantisation of the models' input: 0..665 -> -128..127. */
int8_t wit_audio_quantize(uint32_t feature);
#endif
