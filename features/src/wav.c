/* SPDX-License-Identifier: Apache-2.0 */
#include "wit_audio/wav.h"

#include <string.h>

#define CHUNK_HEADER 8
#define RIFF_HEADER 12
#define FORMAT_BYTES 16
#define FORMAT_EXTENSIBLE_BYTES 26 /* up to and with the sub-format's number */
#define ENCODING_PCM 1
#define ENCODING_EXTENSIBLE 0xFFFE

const char *wit_audio_wav_status_text(int status) {
  switch (status) {
    case WIT_AUDIO_WAV_OK:
      return "ok";
    case WIT_AUDIO_WAV_ERR_NOT_WAV:
      return "it is not a WAV file (no RIFF/WAVE at its start)";
    case WIT_AUDIO_WAV_ERR_TRUNCATED:
      return "it ends in the middle of a header: copy it again";
    case WIT_AUDIO_WAV_ERR_FORMAT:
      return "its format chunk is missing or broken";
    case WIT_AUDIO_WAV_ERR_ENCODING:
      return "it is not 16-bit PCM: convert it with 'sox IN -b 16 -e signed-integer OUT'";
    case WIT_AUDIO_WAV_ERR_CHANNELS:
      return "it has more than one channel: convert it with 'sox IN -c 1 OUT'";
    case WIT_AUDIO_WAV_ERR_RATE:
      return "its sample rate is not 16000 Hz: convert it with 'sox IN -r 16000 OUT'";
    case WIT_AUDIO_WAV_ERR_NO_SAMPLES:
      return "it has no data chunk";
    default:
      return "unknown WAV error";
  }
}

static uint32_t get16(const uint8_t *p) { return (uint32_t)(p[0] | p[1] << 8); }
static uint32_t get32(const uint8_t *p) { return get16(p) | get16(p + 2) << 16; }

static void put16(uint8_t *p, uint32_t value) {
  p[0] = (uint8_t)value;
  p[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *p, uint32_t value) {
  put16(p, value & 0xFFFF);
  put16(p + 2, value >> 16);
}

static int parse_format(struct wit_audio_wav *wav, const uint8_t *chunk, size_t size) {
  if (size < FORMAT_BYTES) return WIT_AUDIO_WAV_ERR_FORMAT;
  uint32_t encoding = get16(chunk), channels = get16(chunk + 2), bits = get16(chunk + 14);
  if (encoding == ENCODING_EXTENSIBLE && size >= FORMAT_EXTENSIBLE_BYTES) {
    encoding = get16(chunk + 24);
  }
  wav->sample_rate = get32(chunk + 4);
  if (encoding != ENCODING_PCM || bits != 16) return WIT_AUDIO_WAV_ERR_ENCODING;
  if (channels == 0 || wav->sample_rate == 0) return WIT_AUDIO_WAV_ERR_FORMAT;
  return channels == 1 ? WIT_AUDIO_WAV_OK : WIT_AUDIO_WAV_ERR_CHANNELS;
}

int wit_audio_wav_parse(struct wit_audio_wav *wav, const uint8_t *file, size_t size,
                        uint32_t rate_hz) {
  *wav = (struct wit_audio_wav){0};
  if (size < RIFF_HEADER || memcmp(file, "RIFF", 4) != 0 || memcmp(file + 8, "WAVE", 4) != 0) {
    return WIT_AUDIO_WAV_ERR_NOT_WAV;
  }
  bool has_format = false;
  size_t at = RIFF_HEADER;
  while (size - at >= CHUNK_HEADER) {
    const uint8_t *chunk = file + at + CHUNK_HEADER;
    size_t left = size - at - CHUNK_HEADER;
    size_t claimed = get32(file + at + 4);
    if (memcmp(file + at, "data", 4) == 0) {
      if (!has_format) return WIT_AUDIO_WAV_ERR_FORMAT;
      if (rate_hz != 0 && wav->sample_rate != rate_hz) return WIT_AUDIO_WAV_ERR_RATE;
      size_t bytes = claimed < left ? claimed : left;
      if (claimed == 0 && left > 0) bytes = left;
      wav->data = chunk;
      wav->sample_count = bytes / 2;
      return WIT_AUDIO_WAV_OK;
    }
    if (claimed > left) return WIT_AUDIO_WAV_ERR_TRUNCATED;
    if (memcmp(file + at, "fmt ", 4) == 0) {
      int status = parse_format(wav, chunk, claimed);
      if (status != WIT_AUDIO_WAV_OK) return status;
      has_format = true;
    }
    size_t padded = claimed + claimed % 2;
    at += CHUNK_HEADER + (padded < left ? padded : left);
  }
  return size - at > 0 ? WIT_AUDIO_WAV_ERR_TRUNCATED : WIT_AUDIO_WAV_ERR_NO_SAMPLES;
}

size_t wit_audio_wav_read(const struct wit_audio_wav *wav, size_t from, int16_t *out,
                          size_t count) {
  if (from >= wav->sample_count) return 0;
  size_t available = wav->sample_count - from;
  if (count > available) count = available;
  for (size_t i = 0; i < count; i++) out[i] = (int16_t)get16(wav->data + 2 * (from + i));
  return count;
}

void wit_audio_wav_write_header(uint8_t out[WIT_AUDIO_WAV_HEADER_BYTES], uint32_t rate_hz,
                                size_t sample_count) {
  const size_t most = (UINT32_MAX - WIT_AUDIO_WAV_HEADER_BYTES) / 2;
  uint32_t bytes = (uint32_t)(2 * (sample_count < most ? sample_count : most));
  memcpy(out, "RIFF....WAVEfmt ", 16);
  put32(out + 4, bytes + WIT_AUDIO_WAV_HEADER_BYTES - CHUNK_HEADER);
  put32(out + 16, FORMAT_BYTES);
  put16(out + 20, ENCODING_PCM);
  put16(out + 22, 1);
  put32(out + 24, rate_hz);
  put32(out + 28, 2 * rate_hz); /* bytes a second */
  put16(out + 32, 2);           /* bytes a frame */
  put16(out + 34, 16);
  memcpy(out + 36, "data", 4);
  put32(out + 40, bytes);
}

void wit_audio_wav_write_sample(uint8_t out[2], int16_t sample) { put16(out, (uint16_t)sample); }
