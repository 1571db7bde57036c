/* SPDX-License-Identifier: Apache-2.0 */
#include "wit_audio/frontend.h"

#include <string.h>

#include "stages.h"

void wit_audio_frontend_init(struct wit_audio_frontend *frontend) {
  memset(frontend, 0, sizeof *frontend);
}

void wit_audio_frontend_window(struct wit_audio_frontend *frontend,
                               const int16_t samples[WIT_AUDIO_WINDOW_SAMPLES],
                               int8_t row[WIT_AUDIO_CHANNELS]) {
  union {
    int16_t sample[WIT_AUDIO_FFT_LENGTH];
    struct wit_audio_complex bin[WIT_AUDIO_FFT_LENGTH / 2];
  } spectrum;
  uint64_t power[WIT_AUDIO_CHANNELS];

  wit_audio_window(samples, spectrum.sample);
  int shift = wit_audio_auto_scale(spectrum.sample, WIT_AUDIO_WINDOW_SAMPLES);
  wit_audio_real_fft(spectrum.bin);
  wit_audio_filter_bank(spectrum.bin, power);
  for (size_t channel = 0; channel < WIT_AUDIO_CHANNELS; channel++) {
    uint32_t *noise = &frontend->noise_estimate[channel];
    uint32_t signal = wit_audio_square_root(power[channel]) >> shift;
    signal = wit_audio_subtract_noise(signal, channel, noise);
    signal = wit_audio_gain_control(signal, *noise);
    row[channel] = wit_audio_quantize(wit_audio_log(signal));
  }
}

bool wit_audio_frontend_push(struct wit_audio_frontend *frontend, const int16_t *samples,
                             size_t count, size_t *consumed, int8_t row[WIT_AUDIO_CHANNELS]) {
  size_t missing = WIT_AUDIO_WINDOW_SAMPLES - frontend->window_count;
  size_t taken = count < missing ? count : missing;
  if (taken > 0) {
    memcpy(frontend->window + frontend->window_count, samples, taken * sizeof *samples);
  }
  frontend->window_count += taken;
  *consumed = taken;
  if (frontend->window_count < WIT_AUDIO_WINDOW_SAMPLES) return false;

  wit_audio_frontend_window(frontend, frontend->window, row);
  frontend->window_count = WIT_AUDIO_WINDOW_SAMPLES - WIT_AUDIO_STEP_SAMPLES;
  memmove(frontend->window, frontend->window + WIT_AUDIO_STEP_SAMPLES,
          frontend->window_count * sizeof *samples);
  return true;
}
