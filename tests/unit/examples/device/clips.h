/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_EXAMPLES_DEVICE_CLIPS_H
#define TESTS_UNIT_EXAMPLES_DEVICE_CLIPS_H
/* Clips that can be told apart: every sample of one has the same value. */
#include <sys/stat.h>

#include "wit_audio/wav.h"
#include "tests/support/test.h"

static inline void write_wav(const char *path, uint32_t rate, size_t count, int16_t value) {
  uint8_t header[WIT_AUDIO_WAV_HEADER_BYTES], sample[2];
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  wit_audio_wav_write_header(header, rate, count);
  wit_audio_wav_write_sample(sample, value);
  fwrite(header, sizeof header, 1, file);
  for (size_t i = 0; i < count; i++) fwrite(sample, sizeof sample, 1, file);
  fclose(file);
}

/* FOLDER/LABEL/NAME, the folder made where absent; returns the path. */
static inline const char *write_clip(const char *folder, const char *label, const char *name,
                                     size_t count, int16_t value) {
  static char path[1024];
  snprintf(path, sizeof path, "%s/%s", folder, label);
  mkdir(path, 0700);
  snprintf(path, sizeof path, "%s/%s/%s", folder, label, name);
  write_wav(path, 16000, count, value);
  return path;
}
#endif
