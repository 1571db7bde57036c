/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/micro_speech/device/wav_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wit_audio/wav.h"
#include "wit_audio/frontend.h"

#define HEADER_ALLOWANCE 65536u /* other chunks before the samples */

/* NULL and `error` on failure; at most size_max bytes. */
static uint8_t *read_file(const char *path, size_t size_max, size_t *size, char *error,
                          size_t error_size) {
  FILE *file = fopen(path, "rb");
  if (!file) {
    snprintf(error, error_size, "cannot open %s: %s", path, strerror(errno));
    return NULL;
  }
  uint8_t *data = malloc(size_max + 1);
  *size = data ? fread(data, 1, size_max + 1, file) : 0;
  bool failed = !data || ferror(file);
  fclose(file);
  if (!failed && *size <= size_max) return data;
  snprintf(error, error_size, "%s: %s", path,
           failed ? "cannot be read" : "is longer than this program takes; cut it");
  free(data);
  return NULL;
}

bool wav_file_load(const char *path, unsigned seconds_max, int16_t **samples, size_t *count,
                   char *error, size_t error_size) {
  size_t size_max = (size_t)seconds_max * WIT_AUDIO_SAMPLE_RATE * 2 + HEADER_ALLOWANCE;
  size_t size;
  uint8_t *file = read_file(path, size_max, &size, error, error_size);
  if (!file) return false;
  struct wit_audio_wav wav;
  int status = wit_audio_wav_parse(&wav, file, size, WIT_AUDIO_SAMPLE_RATE);
  if (status != WIT_AUDIO_WAV_OK || wav.sample_count == 0) {
    snprintf(error, error_size, "%s: %s", path,
             status != WIT_AUDIO_WAV_OK ? wit_audio_wav_status_text(status) : "holds no samples");
    free(file);
    return false;
  }
  *samples = malloc(wav.sample_count * sizeof **samples);
  if (!*samples) abort();
  *count = wit_audio_wav_read(&wav, 0, *samples, wav.sample_count);
  free(file);
  return true;
}
