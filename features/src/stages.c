/* SPDX-License-Identifier: Apache-2.0 */
#include "stages.h"

#include <limits.h>
#include <string.h>

/* Count of significant bits, 0 for 0. */
static unsigned bit_width(uint32_t x) {
  unsigned width = 0;
  for (unsigned step = 16; step > 0; step /= 2) {
    if (x >> step) {
      x >>= step;
      width += step;
    }
  }
  return width + (x != 0);
}

void wit_audio_window(const int16_t samples[WIT_AUDIO_WINDOW_SAMPLES],
                      int16_t out[WIT_AUDIO_FFT_LENGTH]) {
  for (size_t i = 0; i < WIT_AUDIO_WINDOW_SAMPLES; i++) {
    size_t mirrored = WIT_AUDIO_WINDOW_SAMPLES - 1 - i;
    int32_t weight = wit_audio_hann[i < mirrored ? i : mirrored];
    out[i] = (int16_t)((samples[i] * weight) >> 12); /* weights are at most 1: no overflow */
  }
  memset(out + WIT_AUDIO_WINDOW_SAMPLES, 0,
         (WIT_AUDIO_FFT_LENGTH - WIT_AUDIO_WINDOW_SAMPLES) * sizeof *out);
}

int wit_audio_auto_scale(int16_t *samples, size_t count) {
  int32_t loudest = 0;
  for (size_t i = 0; i < count; i++) {
    int32_t level = samples[i] < 0 ? -samples[i] : samples[i];
    if (level > loudest) loudest = level;
  }
  int shift = 15 - (int)bit_width((uint32_t)loudest);
  if (shift <= 0 || loudest == 0) return 0;
  for (size_t i = 0; i < count; i++) samples[i] = (int16_t)(samples[i] * (1 << shift));
  return shift;
}

static uint32_t energy(struct wit_audio_complex bin) {
  return (uint32_t)(bin.re * bin.re) + (uint32_t)(bin.im * bin.im);
}

void wit_audio_filter_bank(const struct wit_audio_complex bin[WIT_AUDIO_FFT_LENGTH / 2],
                           uint64_t out[WIT_AUDIO_CHANNELS]) {
  const int16_t *weight = wit_audio_bin_weight;
  uint64_t rising = 0;
  bin += WIT_AUDIO_FIRST_BIN;
  for (size_t band = 0; band < WIT_AUDIO_BANDS; band++) {
    uint64_t falling = rising; /* channel band - 1: its rising half is done */
    rising = 0;
    for (size_t i = 0; i < wit_audio_band_width[band]; i++, weight++, bin++) {
      uint64_t power = energy(*bin);
      falling += power * (uint64_t)*weight;
      rising += power * (uint64_t)(WIT_AUDIO_WEIGHT_ONE - *weight);
    }
    if (band > 0) out[band - 1] = falling;
  }
}

/* Digit by digit; *remainder is x - root^2. */
static uint32_t root32(uint32_t x, uint32_t *remainder) {
  uint32_t root = 0;
  for (uint32_t bit = 1u << 30; bit > 0; bit >>= 2) {
    uint32_t trial = root + bit;
    root >>= 1;
    if (x >= trial) {
      x -= trial;
      root += bit;
    }
  }
  *remainder = x;
  return root;
}

static uint32_t root64(uint64_t x, uint64_t *remainder) {
  uint64_t root = 0;
  for (uint64_t bit = (uint64_t)1 << 62; bit > 0; bit >>= 2) {
    uint64_t trial = root + bit;
    root >>= 1;
    if (x >= trial) {
      x -= trial;
      root += bit;
    }
  }
  *remainder = x;
  return (uint32_t)root;
}

uint32_t wit_audio_square_root(uint64_t x) {
  if (x >> 32 == 0) {
    uint32_t remainder, root = root32((uint32_t)x, &remainder);
    return remainder > root && root != UINT16_MAX ? root + 1 : root;
  }
  uint64_t remainder;
  uint32_t root = root64(x, &remainder);
  return remainder > root && root != UINT32_MAX ? root + 1 : root;
}

#define SMOOTHING_BITS 10
#define Q14(x) ((uint32_t)((x) * (1 << 14)))

uint32_t wit_audio_subtract_noise(uint32_t signal, size_t channel, uint32_t *noise_estimate) {
  uint64_t smoothing = channel % 2 == 0 ? Q14(0.025) : Q14(0.06);
  uint32_t scaled = signal << SMOOTHING_BITS; /* wraps, as the reference does */
  *noise_estimate = (uint32_t)((scaled * smoothing + *noise_estimate * (Q14(1) - smoothing)) >> 14);
  uint32_t noise = *noise_estimate < scaled ? *noise_estimate : scaled;
  uint32_t left = (scaled - noise) >> SMOOTHING_BITS;
  uint32_t least = (uint32_t)(((uint64_t)signal * Q14(0.05)) >> 14);
  return left > least ? left : least;
}

/* Gain curve by quadratic interpolation between powers of two. */
static uint32_t pcan_gain(uint32_t noise_estimate) {
  if (noise_estimate <= 2) return (uint32_t)wit_audio_pcan_gain[noise_estimate];
  unsigned width = bit_width(noise_estimate);
  const int16_t *entry = &wit_audio_pcan_gain[4 * width - 6];
  int32_t fraction =
      (int32_t)((width < 11 ? noise_estimate << (11 - width) : noise_estimate >> (width - 11)) &
                0x3FF);
  int32_t rise = ((entry[2] * fraction) >> 5) + entry[1] * 32;
  return (uint32_t)(int16_t)(((rise * fraction + (1 << 14)) >> 15) + entry[0]);
}

uint32_t wit_audio_gain_control(uint32_t signal, uint32_t noise_estimate) {
  uint32_t snr = (uint32_t)(((uint64_t)signal * pcan_gain(noise_estimate)) >> 6); /* Q12 */
  if (snr < 2u << 12) return (snr * snr) >> 20; /* x^2 / 4 in Q6 */
  return (snr >> 6) - (1u << 6);                /* x - 1 in Q6 */
}

/* log2 of x > 0 in Q16, linear between 128 segments of an octave. */
static uint32_t log2_q16(uint32_t x) {
  uint32_t octave = bit_width(x) - 1;
  uint32_t rest = x - (1u << octave);
  uint32_t fraction = octave < 16 ? rest << (16 - octave) : rest >> (octave - 16);
  uint32_t segment = fraction >> 9;
  int32_t from = wit_audio_log_correction[segment], to = wit_audio_log_correction[segment + 1];
  int32_t between = ((to - from) * (int32_t)(fraction & 0x1FF)) >> 16;
  return (octave << 16) + fraction + (uint32_t)(from + between);
}

uint32_t wit_audio_log(uint32_t signal) {
  uint32_t scaled = signal << 3;
  if (scaled <= 1) return 0;
  const uint64_t ln2_q16 = 45426, half = 1 << 15;
  uint32_t natural = (uint32_t)((ln2_q16 * log2_q16(scaled) + half) >> 16);
  uint32_t feature = (64 * natural + (uint32_t)half) >> 16;
  return feature < INT16_MAX ? feature : INT16_MAX;
}

int8_t wit_audio_quantize(uint32_t feature) {
  uint32_t value = (feature * 256 + 333) / 666;
  return (int8_t)((value < 255 ? (int)value : 255) - 128);
}
