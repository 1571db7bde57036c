/* SPDX-License-Identifier: Apache-2.0 */
// fuzz-link: features/src/wav.c
/* Any bytes as a WAV file: refused with a reason, or samples that all lie
 * inside the file and read the same from any place. */
#include <stdlib.h>
#include <string.h>

#include "wit_audio/wav.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition) {
  if (!condition) abort();
}

static void check_samples(const struct wit_audio_wav *wav, const uint8_t *data, size_t size) {
  check(wav->data >= data && wav->data <= data + size);
  check(wav->sample_count <= (size_t)(data + size - wav->data) / 2);
  int16_t *all = malloc(2 * wav->sample_count + 2);
  check(all && wit_audio_wav_read(wav, 0, all, wav->sample_count + 1) == wav->sample_count);
  int16_t one;
  for (size_t i = 0; i < wav->sample_count; i += 1 + i) {
    check(wit_audio_wav_read(wav, i, &one, 1) == 1 && one == all[i]);
  }
  check(wit_audio_wav_read(wav, wav->sample_count, &one, 1) == 0);
  free(all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct wit_audio_wav any, exact;
  int status = wit_audio_wav_parse(&any, data, size, 0);
  check(strlen(wit_audio_wav_status_text(status)) > 0 &&
        strncmp(wit_audio_wav_status_text(status), "unknown", 7) != 0);
  if (status != WIT_AUDIO_WAV_OK) return 0;
  check_samples(&any, data, size);
  check(wit_audio_wav_parse(&exact, data, size, any.sample_rate) == WIT_AUDIO_WAV_OK);
  check(exact.data == any.data && exact.sample_count == any.sample_count);
  check(wit_audio_wav_parse(&exact, data, size, any.sample_rate ^ 1) == WIT_AUDIO_WAV_ERR_RATE ||
        (any.sample_rate ^ 1) == 0);
  return 0;
}
