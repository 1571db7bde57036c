/* SPDX-License-Identifier: Apache-2.0 */
/* Prints features/src/tables.c (a test compares): the constants of the
 * micro_speech front end from their formulas. Host only. float, not double,
 * where the reference rounds to float on the way. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define CHANNELS 40
#define BANDS (CHANNELS + 1)
#define WINDOW 480
#define FFT_LENGTH 512
#define HZ_PER_BIN 31.25f
#define LOW_HZ 125.0f
#define HIGH_HZ 7500.0f

static const double pi = 3.14159265358979323846;

static void print_values(const char *declaration, const long *values, int count) {
  printf("\nconst %s[%d] = {\n", declaration, count);
  for (int i = 0; i < count; i++) {
    printf("%s%ld,%s", i % 12 == 0 ? "    " : " ", values[i],
           i % 12 == 11 || i == count - 1 ? "\n" : "");
  }
  printf("};\n");
}

static void print_hann(void) {
  long values[WINDOW / 2];
  for (int i = 0; i < WINDOW / 2; i++) {
    values[i] = lrint((0.5 - 0.5 * cos(2 * pi / WINDOW * (i + 0.5))) * 4096);
  }
  print_values("int16_t wit_audio_hann", values, WINDOW / 2);
}

static void print_quarter_sine(void) {
  long values[FFT_LENGTH / 4 + 1];
  for (int i = 0; i <= FFT_LENGTH / 4; i++) {
    values[i] = (long)floor(0.5 + 32767 * sin(2 * pi * i / FFT_LENGTH));
  }
  print_values("int16_t wit_audio_quarter_sine", values, FFT_LENGTH / 4 + 1);
}

static float mel(float hz) { return 1127.0f * log1pf(hz / 700.0f); }

/* The bin at HIGH_HZ would have weight 0. */
static void print_filter_bank(void) {
  long widths[BANDS], weights[FFT_LENGTH];
  float low = mel(LOW_HZ), spacing = (mel(HIGH_HZ) - low) / (float)BANDS;
  int first = (int)(1.5f + LOW_HZ / HZ_PER_BIN), bin = first;
  for (int band = 0; band < BANDS; band++) {
    float begin = band == 0 ? low : low + spacing * (float)band;
    float end = low + spacing * (float)(band + 1);
    int start = bin;
    for (; (float)bin * HZ_PER_BIN < HIGH_HZ && mel((float)bin * HZ_PER_BIN) <= end; bin++) {
      float weight = (end - mel((float)bin * HZ_PER_BIN)) / (end - begin);
      weights[bin - first] = (long)(weight * 4096);
      /* Both shares are cut to integers, so they make 4095 together. */
      if ((long)((1 - weight) * 4096) != 4095 - weights[bin - first]) abort();
    }
    widths[band] = bin - start;
  }
  print_values("uint8_t wit_audio_band_width", widths, BANDS);
  print_values("int16_t wit_audio_bin_weight", weights, bin - first);
}

/* Gain 2^21 (x / 2^7 + 80)^-0.95 for a noise estimate x. */
static int16_t pcan_gain(uint32_t x) {
  float gain = 2097152.0f * powf((float)x / 128.0f + 80.0f, -0.95f);
  /* NOLINTNEXTLINE(bugprone-incorrect-roundings): the tables are defined so */
  return gain > 32767 ? 32767 : (int16_t)(gain + 0.5f);
}

static void print_pcan(void) {
  long values[2 + 31 * 4 - 1] = {pcan_gain(0), pcan_gain(1)};
  for (int bits = 2; bits <= 32; bits++) {
    long *entry = &values[4 * bits - 6];
    uint32_t x0 = 1u << (bits - 1), x1 = x0 + (x0 >> 1), x2 = bits == 32 ? UINT32_MAX : 2 * x0;
    int y0 = pcan_gain(x0), half = pcan_gain(x1) - y0, whole = pcan_gain(x2) - y0;
    entry[0] = y0;
    entry[1] = 4 * half - whole;
    entry[2] = 2 * whole - 4 * half;
    if (bits < 32) entry[3] = 0;
  }
  print_values("int16_t wit_audio_pcan_gain", values, 2 + 31 * 4 - 1);
}

static void print_log(void) {
  long values[129];
  for (int i = 0; i <= 128; i++) values[i] = lrint((log2(1 + i / 128.0) - i / 128.0) * 65536);
  print_values("uint16_t wit_audio_log_correction", values, 129);
}

int main(void) {
  printf(
      "/* SPDX-License-Identifier: Apache-2.0 */\n"
      "/* Printed by features/tools/make_tables.c. */\n"
      "/* clang-format off */\n"
      "#include \"tables.h\"\n");
  print_hann();
  print_quarter_sine();
  print_filter_bank();
  print_pcan();
  print_log();
  return 0;
}
