/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIT_AUDIO_WAV_H
#define WIT_AUDIO_WAV_H
/* WAV (RIFF) in memory: the 16-bit mono PCM that this project's programs
 * listen to and write. A file is untrusted: every size is checked against what
 * is there, unknown chunks are skipped, other encodings are refused by name.
 * Nothing is allocated or copied; `struct wit_audio_wav` borrows the caller's bytes. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wit_audio_wav_status {
  WIT_AUDIO_WAV_OK = 0,
  WIT_AUDIO_WAV_ERR_NOT_WAV = -1, /* no RIFF/WAVE at its start */
  WIT_AUDIO_WAV_ERR_TRUNCATED =
      -2, /* a chunk before the samples says that it is longer than the file */
  WIT_AUDIO_WAV_ERR_FORMAT = -3,    /* no format chunk before the samples, or a broken one */
  WIT_AUDIO_WAV_ERR_ENCODING = -4,  /* not PCM with 16 bits a sample */
  WIT_AUDIO_WAV_ERR_CHANNELS = -5,  /* not mono */
  WIT_AUDIO_WAV_ERR_RATE = -6,      /* not the rate asked for */
  WIT_AUDIO_WAV_ERR_NO_SAMPLES = -7 /* no data chunk */
};
/* One line for people, with what to do, e.g. for WIT_AUDIO_WAV_ERR_CHANNELS
 * "it has more than one channel: convert it with 'sox IN -c 1 OUT'". */
const char *wit_audio_wav_status_text(int status);

struct wit_audio_wav {
  const uint8_t *data; /* little-endian int16, any alignment */
  size_t sample_count;
  uint32_t sample_rate;
};

/* Finds the samples. rate_hz 0 takes any rate. A data chunk that claims more
 * than the file holds (recorders that were killed leave 0 or 0xFFFFFFFF) counts
 * to the end of the file. */
int wit_audio_wav_parse(struct wit_audio_wav *wav, const uint8_t *file, size_t size,
                        uint32_t rate_hz);

/* Copies up to `count` samples from sample `from` on; returns how many. */
size_t wit_audio_wav_read(const struct wit_audio_wav *wav, size_t from, int16_t *out, size_t count);

#define WIT_AUDIO_WAV_HEADER_BYTES 44
/* The header of a mono 16-bit file of sample_count samples, which follow it.
 * sample_count beyond what the format can say is written as its largest. */
void wit_audio_wav_write_header(uint8_t out[WIT_AUDIO_WAV_HEADER_BYTES], uint32_t rate_hz,
                                size_t sample_count);
/* One sample as it stands in the file. */
void wit_audio_wav_write_sample(uint8_t out[2], int16_t sample);
#endif
