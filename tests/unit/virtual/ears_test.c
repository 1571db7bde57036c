/* SPDX-License-Identifier: Apache-2.0 */
#include "virtual/ears.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"
#include "wit_audio/frontend.h"

#define PERIOD 640u
#define NS_PER_MS 1000000u

static struct virt_ears ears;
static int16_t samples[PERIOD];
static uint64_t lost;
static uint64_t clock_ns;

static uint64_t fake_clock(void) { return clock_ns; }

static void begin(void) {
  clock_ns = UINT64_C(1) << 60; /* years of uptime lose no precision */
  virt_ears_init(&ears, fake_clock, 7);
}

static void pass_ms(unsigned ms) { clock_ns += (uint64_t)ms * NS_PER_MS; }

static long loudness(const int16_t *of, size_t count) {
  long sum = 0;
  for (size_t i = 0; i < count; i++) sum += abs(of[i]);
  return sum / (long)count;
}

TEST(samples_come_by_the_clock_and_in_whole_periods) {
  begin();
  assert_int_equal(virt_ears_read(&ears, samples, PERIOD, &lost), 0);
  assert_int_equal(virt_ears_wait_ms(&ears, PERIOD), 41);
  pass_ms(39);
  assert_int_equal(virt_ears_read(&ears, samples, PERIOD, &lost), 0);
  assert_int_equal(virt_ears_wait_ms(&ears, PERIOD), 2);
  pass_ms(1);
  assert_int_equal(virt_ears_wait_ms(&ears, PERIOD), 0);
  assert_int_equal(virt_ears_read(&ears, samples, PERIOD, &lost), PERIOD);
  assert_int_equal(virt_ears_read(&ears, samples, PERIOD, &lost), 0);
  assert_int_equal(lost, 0);
}

TEST(who_comes_too_late_finds_samples_lost_and_is_told_how_many) {
  begin();
  pass_ms(VIRT_EARS_BUFFER_MS);
  assert_int_equal(virt_ears_read(&ears, samples, PERIOD, &lost), PERIOD);
  assert_int_equal(lost, 0);
  pass_ms(2500);
  assert_int_equal(virt_ears_read(&ears, samples, PERIOD, &lost), PERIOD);
  /* 1000 ms of buffer less the 40 that were read, and 2500 more, hold 1000 */
  assert_int_equal(lost, (1000 - 40 + 2500 - 1000) * 16);
  assert_int_equal(ears.position, 2 * PERIOD + lost);
}

TEST(a_quiet_room_hisses_softly_and_by_its_seed) {
  int16_t first[PERIOD];
  begin();
  pass_ms(40);
  virt_ears_read(&ears, first, PERIOD, &lost);
  assert_in_range(loudness(first, PERIOD), 1, 12);
  begin();
  pass_ms(40);
  virt_ears_read(&ears, samples, PERIOD, &lost);
  assert_memory_equal(first, samples, sizeof first);
}

TEST(a_word_is_heard_from_the_next_sample_to_its_last) {
  struct virt_clip clip;
  static int16_t heard[2 * WIT_AUDIO_SAMPLE_RATE];
  size_t count = 0;
  begin();
  assert_int_equal(virt_ears_sound_end(&ears), 0);
  pass_ms(40);
  virt_ears_read(&ears, samples, PERIOD, &lost);
  assert_true(virt_clip_of("stop", 0, &clip));
  virt_ears_say(&ears, &clip);
  assert_int_equal(virt_ears_sound_end(&ears), PERIOD + clip.wav.sample_count);
  while (count + PERIOD <= sizeof heard / sizeof heard[0]) {
    pass_ms(40);
    count += virt_ears_read(&ears, heard + count, PERIOD, &lost);
  }
  for (size_t i = 0; i < clip.wav.sample_count; i++) {
    int16_t said;
    assert_int_equal(wit_audio_wav_read(&clip.wav, i, &said, 1), 1);
    assert_in_range(abs(heard[i] - said), 0, 12);
  }
  assert_in_range(loudness(heard + clip.wav.sample_count, count - clip.wav.sample_count), 1, 12);
}

TEST(a_word_goes_on_behind_samples_that_were_lost) {
  struct virt_clip clip;
  begin();
  pass_ms(40);
  virt_ears_read(&ears, samples, PERIOD, &lost);
  assert_true(virt_clip_of("yes", 0, &clip));
  virt_ears_say(&ears, &clip);
  pass_ms(5000);
  virt_ears_read(&ears, samples, PERIOD, &lost);
  assert_true(ears.position > virt_ears_sound_end(&ears));
  assert_in_range(loudness(samples, PERIOD), 1, 12);
}

TEST(noise_is_loud_and_ends) {
  begin();
  virt_ears_make_noise(&ears, 80);
  pass_ms(120);
  virt_ears_read(&ears, samples, PERIOD, &lost);
  assert_in_range(loudness(samples, PERIOD), 100, 2000);
  virt_ears_read(&ears, samples, PERIOD, &lost);
  virt_ears_read(&ears, samples, PERIOD, &lost);
  assert_in_range(loudness(samples, PERIOD), 1, 12);
}

TEST(every_word_has_its_speakers_and_no_other_is_known) {
  struct virt_clip clip;
  assert_int_equal(virt_clip_word_count(), 4);
  assert_null(virt_clip_word(4));
  for (size_t i = 0; i < virt_clip_word_count(); i++) {
    for (unsigned speaker = 0; speaker < 5; speaker++) {
      assert_true(virt_clip_of(virt_clip_word(i), speaker, &clip));
      assert_string_equal(clip.word, virt_clip_word(i));
      assert_in_range(clip.wav.sample_count, 2000, WIT_AUDIO_SAMPLE_RATE);
    }
  }
  assert_false(virt_clip_of("", 0, &clip));
  assert_false(virt_clip_of("yess", 0, &clip));
}
