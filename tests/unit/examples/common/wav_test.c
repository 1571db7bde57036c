/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include <stdlib.h>

#include "wit_audio/wav.h"

#define RATE 16000
#define SAMPLES 8

static uint8_t file[4096];
static size_t size;

static void put(const void *data, size_t length) {
  assert_true(size + length <= sizeof file);
  memcpy(file + size, data, length);
  size += length;
}

static void put_number(uint32_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) put(&(uint8_t){(uint8_t)(value >> (8 * i))}, 1);
}

static void begin(void) {
  size = 0;
  put("RIFF\0\0\0\0WAVE", 12);
}

static void put_chunk(const char *name, uint32_t claimed, const void *data, size_t length) {
  put(name, 4);
  put_number(claimed, 4);
  put(data, length);
}

static void put_format(uint32_t encoding, uint32_t channels, uint32_t rate, uint32_t bits) {
  put_chunk("fmt ", 16, "", 0);
  put_number(encoding, 2);
  put_number(channels, 2);
  put_number(rate, 4);
  put_number(rate * channels * bits / 8, 4);
  put_number(channels * bits / 8, 2);
  put_number(bits, 2);
}

static const uint8_t samples[2 * SAMPLES] = {1, 0, 0xFF, 0xFF, 0xFF, 0x7F, 0, 0x80, 5, 6, 7, 8};

static void put_samples(uint32_t claimed) { put_chunk("data", claimed, samples, sizeof samples); }

/* From a copy of exactly this size, so that a sanitizer sees a read past it. */
static int parse(struct wit_audio_wav *wav, uint32_t rate) {
  uint8_t *exact = malloc(size > 0 ? size : 1);
  assert_non_null(exact);
  memcpy(exact, file, size);
  int status = wit_audio_wav_parse(wav, exact, size, rate);
  if (status == WIT_AUDIO_WAV_OK) {
    int16_t out[2048];
    assert_true(wav->sample_count <= 2048);
    assert_int_equal(wit_audio_wav_read(wav, 0, out, 2048), wav->sample_count);
    wav->data = file + (wav->data - exact);
  }
  free(exact);
  return status;
}

static void assert_refused(int status) {
  struct wit_audio_wav wav;
  assert_int_equal(parse(&wav, RATE), status);
  assert_int_equal(wav.sample_count, 0);
  assert_true(strlen(wit_audio_wav_status_text(status)) > 10);
}

TEST(empty_file_is_refused) {
  size = 0;
  assert_refused(WIT_AUDIO_WAV_ERR_NOT_WAV);
}

TEST(other_file_types_are_refused) {
  begin();
  memcpy(file + 8, "AVI ", 4);
  assert_refused(WIT_AUDIO_WAV_ERR_NOT_WAV);
}

TEST(file_without_data_is_refused) {
  begin();
  put_format(1, 1, RATE, 16);
  assert_refused(WIT_AUDIO_WAV_ERR_NO_SAMPLES);
}

TEST(data_before_its_format_is_refused) {
  begin();
  put_samples(sizeof samples);
  put_format(1, 1, RATE, 16);
  assert_refused(WIT_AUDIO_WAV_ERR_FORMAT);
}

TEST(format_chunk_that_is_too_short_is_refused) {
  begin();
  put_chunk("fmt ", 4, "\1\0\1\0", 4);
  put_samples(sizeof samples);
  assert_refused(WIT_AUDIO_WAV_ERR_FORMAT);
}

TEST(wrong_sample_rate_is_refused) {
  begin();
  put_format(1, 1, 8000, 16);
  put_samples(sizeof samples);
  assert_refused(WIT_AUDIO_WAV_ERR_RATE);
}

TEST(any_sample_rate_is_taken_when_none_is_asked_for) {
  struct wit_audio_wav wav;
  begin();
  put_format(1, 1, 8000, 16);
  put_samples(sizeof samples);
  assert_int_equal(parse(&wav, 0), WIT_AUDIO_WAV_OK);
  assert_int_equal(wav.sample_rate, 8000);
}

TEST(sample_rate_of_zero_is_refused) {
  begin();
  put_format(1, 1, 0, 16);
  put_samples(sizeof samples);
  assert_refused(WIT_AUDIO_WAV_ERR_FORMAT);
}

TEST(stereo_is_refused) {
  begin();
  put_format(1, 2, RATE, 16);
  put_samples(sizeof samples);
  assert_refused(WIT_AUDIO_WAV_ERR_CHANNELS);
}

TEST(no_channels_at_all_are_refused) {
  begin();
  put_format(1, 0, RATE, 16);
  put_samples(sizeof samples);
  assert_refused(WIT_AUDIO_WAV_ERR_FORMAT);
}

TEST(eight_bit_samples_are_refused) {
  begin();
  put_format(1, 1, RATE, 8);
  put_samples(sizeof samples);
  assert_refused(WIT_AUDIO_WAV_ERR_ENCODING);
}

TEST(float_samples_are_refused) {
  begin();
  put_format(3, 1, RATE, 32);
  put_samples(sizeof samples);
  assert_refused(WIT_AUDIO_WAV_ERR_ENCODING);
}

TEST(chunk_longer_than_the_file_is_refused) {
  static const uint32_t claims[] = {5, 1000, 0x7FFFFFFF, 0xFFFFFFF8, 0xFFFFFFFF};
  for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
    begin();
    put_chunk("LIST", claims[i], "abcd", 4);
    assert_refused(WIT_AUDIO_WAV_ERR_TRUNCATED);
  }
}

TEST(every_truncation_is_refused_or_gives_fewer_samples) {
  struct wit_audio_wav wav;
  begin();
  put_format(1, 1, RATE, 16);
  put_samples(sizeof samples);
  for (size_t whole = size--; size > 0; size--) {
    int status = parse(&wav, RATE);
    assert_true(size < 44 ? status != WIT_AUDIO_WAV_OK : status == WIT_AUDIO_WAV_OK);
    if (status == WIT_AUDIO_WAV_OK) assert_int_equal(wav.sample_count, (size - 44) / 2);
    assert_true(size < whole);
  }
}

TEST(data_chunk_that_claims_too_much_counts_to_the_end) {
  static const uint32_t claims[] = {0xFFFFFFFF, 0x7FFFFFFF, 100, 0};
  for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
    struct wit_audio_wav wav;
    begin();
    put_format(1, 1, RATE, 16);
    put_samples(claims[i]);
    assert_int_equal(parse(&wav, RATE), WIT_AUDIO_WAV_OK);
    assert_int_equal(wav.sample_count, SAMPLES);
  }
}

TEST(odd_byte_at_the_end_is_left) {
  struct wit_audio_wav wav;
  begin();
  put_format(1, 1, RATE, 16);
  put_chunk("data", 5, samples, 5);
  assert_int_equal(parse(&wav, RATE), WIT_AUDIO_WAV_OK);
  assert_int_equal(wav.sample_count, 2);
}

TEST(unknown_chunks_of_odd_length_are_skipped) {
  struct wit_audio_wav wav;
  int16_t out[SAMPLES];
  begin();
  put_chunk("LIST", 3, "abc\0", 4);
  put_format(1, 1, RATE, 16);
  put_chunk("fact", 0, "", 0);
  put_samples(sizeof samples);
  put_chunk("tail", 2, "xy", 2);
  assert_int_equal(parse(&wav, RATE), WIT_AUDIO_WAV_OK);
  assert_int_equal(wav.sample_count, SAMPLES);
  assert_int_equal(wit_audio_wav_read(&wav, 0, out, SAMPLES), SAMPLES);
  assert_int_equal(out[1], -1);
  assert_int_equal(out[3], INT16_MIN);
}

TEST(extensible_format_with_pcm_inside_is_taken) {
  struct wit_audio_wav wav;
  begin();
  put_chunk("fmt ", 40, "", 0);
  put_number(0xFFFE, 2);
  put_number(1, 2);
  put_number(RATE, 4);
  put_number(2 * RATE, 4);
  put_number(2, 2);
  put_number(16, 2);
  put_number(22, 2);
  put_number(16, 2);
  put_number(4, 4);
  put_number(1, 2); /* sub-format PCM */
  put("\0\0\0\0\x10\0\x80\0\0\xAA\0\x38\x9B\x71", 14);
  put_samples(sizeof samples);
  assert_int_equal(parse(&wav, RATE), WIT_AUDIO_WAV_OK);
  assert_int_equal(wav.sample_count, SAMPLES);
}

TEST(reading_past_the_end_gives_what_is_there) {
  struct wit_audio_wav wav;
  int16_t out[SAMPLES];
  begin();
  put_format(1, 1, RATE, 16);
  put_samples(sizeof samples);
  assert_int_equal(parse(&wav, RATE), WIT_AUDIO_WAV_OK);
  assert_int_equal(wit_audio_wav_read(&wav, 6, out, SAMPLES), 2);
  assert_int_equal(wit_audio_wav_read(&wav, SAMPLES, out, SAMPLES), 0);
  assert_int_equal(wit_audio_wav_read(&wav, SIZE_MAX, out, SAMPLES), 0);
}

TEST(what_is_written_reads_back) {
  struct wit_audio_wav wav;
  int16_t out[SAMPLES];
  uint8_t header[WIT_AUDIO_WAV_HEADER_BYTES];
  static const int16_t in[SAMPLES] = {0, 1, -1, 300, -300, INT16_MAX, INT16_MIN, 7};
  size = 0;
  wit_audio_wav_write_header(header, RATE, SAMPLES);
  put(header, sizeof header);
  for (size_t i = 0; i < SAMPLES; i++) {
    uint8_t bytes[2];
    wit_audio_wav_write_sample(bytes, in[i]);
    put(bytes, 2);
  }
  assert_int_equal(parse(&wav, RATE), WIT_AUDIO_WAV_OK);
  assert_int_equal(wav.sample_count, SAMPLES);
  wit_audio_wav_read(&wav, 0, out, SAMPLES);
  assert_memory_equal(out, in, sizeof in);
}

TEST(header_of_too_many_samples_says_the_most_it_can) {
  struct wit_audio_wav wav;
  uint8_t header[WIT_AUDIO_WAV_HEADER_BYTES];
  wit_audio_wav_write_header(header, RATE, SIZE_MAX);
  size = 0;
  put(header, sizeof header);
  put_number(0, 4);
  assert_int_equal(parse(&wav, RATE), WIT_AUDIO_WAV_OK);
  assert_int_equal(wav.sample_count, 2);
}
