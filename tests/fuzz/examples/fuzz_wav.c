/* SPDX-License-Identifier: Apache-2.0 */
// fuzz-link: examples/common/wav.c
/* Any bytes as a WAV file: refused with a reason, or samples that all lie
 * inside the file and read the same from any place. */
#include <stdlib.h>
#include <string.h>

#include "examples/common/wav.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition) {
  if (!condition) abort();
}

static void check_samples(const struct wav *wav, const uint8_t *data, size_t size) {
  check(wav->data >= data && wav->data <= data + size);
  check(wav->sample_count <= (size_t)(data + size - wav->data) / 2);
  int16_t *all = malloc(2 * wav->sample_count + 2);
  check(all && wav_read(wav, 0, all, wav->sample_count + 1) == wav->sample_count);
  int16_t one;
  for (size_t i = 0; i < wav->sample_count; i += 1 + i) {
    check(wav_read(wav, i, &one, 1) == 1 && one == all[i]);
  }
  check(wav_read(wav, wav->sample_count, &one, 1) == 0);
  free(all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct wav any, exact;
  int status = wav_parse(&any, data, size, 0);
  check(strlen(wav_status_text(status)) > 0 && strncmp(wav_status_text(status), "unknown", 7) != 0);
  if (status != WAV_OK) return 0;
  check_samples(&any, data, size);
  check(wav_parse(&exact, data, size, any.sample_rate) == WAV_OK);
  check(exact.data == any.data && exact.sample_count == any.sample_count);
  check(wav_parse(&exact, data, size, any.sample_rate ^ 1) == WAV_ERR_RATE ||
        (any.sample_rate ^ 1) == 0);
  return 0;
}
