/* SPDX-License-Identifier: Apache-2.0 */
#include <alsa/asoundlib.h>
#include <stdio.h>
#include <stdlib.h>

#include "examples/micro_speech/device/mic.h"
#include "wit_audio/frontend.h"

struct mic {
  snd_pcm_t *pcm;
};

/* What went wrong is said once, by mic_open, and not by ALSA in eight lines. */
__attribute__((format(printf, 5, 6))) static void stay_quiet(const char *file, int line,
                                                             const char *function, int error,
                                                             const char *format, ...) {
  (void)file;
  (void)line;
  (void)function;
  (void)error;
  (void)format;
}

struct mic *mic_open(const char *device, unsigned capture_ms, char *error, size_t error_size) {
  if (!device) device = "default";
  struct mic *mic = calloc(1, sizeof *mic);
  if (!mic) abort();
  snd_lib_error_set_handler(stay_quiet);
  int status = snd_pcm_open(&mic->pcm, device, SND_PCM_STREAM_CAPTURE, SND_PCM_NONBLOCK);
  if (status < 0) {
    snprintf(error, error_size,
             "cannot open microphone %s: %s; `arecord -L` lists those there are, choose with "
             "--mic=NAME",
             device, snd_strerror(status));
    free(mic);
    return NULL;
  }
  status = snd_pcm_set_params(mic->pcm, SND_PCM_FORMAT_S16, SND_PCM_ACCESS_RW_INTERLEAVED, 1,
                              WIT_AUDIO_SAMPLE_RATE, 1, capture_ms * 1000);
  if (status == 0) status = snd_pcm_start(mic->pcm);
  if (status < 0) {
    snprintf(error, error_size,
             "microphone %s does not give 16 kHz mono: %s; try --mic=plughw:0, which converts",
             device, snd_strerror(status));
    mic_close(mic);
    return NULL;
  }
  return mic;
}

void mic_close(struct mic *mic) {
  if (!mic) return;
  snd_pcm_close(mic->pcm);
  free(mic);
}

/* ALSA does not say how much an overrun swallowed: its whole buffer is the
 * least that went. */
static uint64_t restart_after_overrun(struct mic *mic) {
  snd_pcm_uframes_t buffer, period;
  snd_pcm_get_params(mic->pcm, &buffer, &period);
  snd_pcm_prepare(mic->pcm);
  snd_pcm_start(mic->pcm);
  return buffer;
}

int mic_read(struct mic *mic, int16_t *samples, size_t max, uint64_t *lost) {
  snd_pcm_sframes_t ready = snd_pcm_avail(mic->pcm);
  if (ready == -EPIPE) {
    *lost = restart_after_overrun(mic);
    return 0;
  }
  if (ready < 0) return snd_pcm_recover(mic->pcm, (int)ready, 1) == 0 ? 0 : -1;
  if ((size_t)ready < max) return 0;
  snd_pcm_sframes_t count = snd_pcm_readi(mic->pcm, samples, max);
  if (count == -EAGAIN) return 0;
  if (count < 0) return snd_pcm_recover(mic->pcm, (int)count, 1) == 0 ? 0 : -1;
  return (int)count;
}

double mic_behind_ms(const struct mic *mic) {
  snd_pcm_sframes_t ready = snd_pcm_avail_update(mic->pcm);
  return ready > 0 ? (double)ready * 1000 / WIT_AUDIO_SAMPLE_RATE : 0;
}
