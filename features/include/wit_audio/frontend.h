/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIT_AUDIO_FRONTEND_H
#define WIT_AUDIO_FRONTEND_H
/* The micro_speech audio front end: 16 kHz mono int16 samples in, one row of
 * 40 int8 features for every 20 ms out, bit-exact with TensorFlow Lite Micro's
 * audio_preprocessor_int8 model. Window 30 ms, step 20 ms, Hann window, 512
 * point FFT, 40 mel channels from 125 to 7500 Hz, noise reduction, PCAN gain
 * control, log. Integer arithmetic, no allocation, about 1.5 KB of stack; the
 * state is a plain struct owned by the caller, one thread at a time. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIT_AUDIO_SAMPLE_RATE 16000
#define WIT_AUDIO_WINDOW_SAMPLES 480
#define WIT_AUDIO_STEP_SAMPLES 320
#define WIT_AUDIO_CHANNELS 40
#define WIT_AUDIO_MODEL_ROWS 49 /* rows in the one second that the models look at */

struct wit_audio_frontend {
  int16_t window[WIT_AUDIO_WINDOW_SAMPLES]; /* samples kept for the next row */
  size_t window_count;
  uint32_t noise_estimate[WIT_AUDIO_CHANNELS];
};

/* Forgets everything heard. */
void wit_audio_frontend_init(struct wit_audio_frontend *frontend);

/* Takes samples until a row is complete or they run out. *consumed says how
 * many were taken. True: `row` holds the next 40 features; call again with the
 * rest. */
bool wit_audio_frontend_push(struct wit_audio_frontend *frontend, const int16_t *samples,
                             size_t count, size_t *consumed, int8_t row[WIT_AUDIO_CHANNELS]);

/* One row from one whole window, for callers that keep the samples themselves:
 * each call steps the noise estimate by 20 ms. Does not touch samples kept by
 * wit_audio_frontend_push. */
void wit_audio_frontend_window(struct wit_audio_frontend *frontend,
                               const int16_t samples[WIT_AUDIO_WINDOW_SAMPLES],
                               int8_t row[WIT_AUDIO_CHANNELS]);
#endif
