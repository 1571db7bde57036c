/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/micro_speech/device/audio.h"

#include "tests/unit/examples/device/clips.h"

#define PERIOD 320
#define MS 1000000u

static uint64_t now;
static uint64_t test_clock(void) { return now; }
static char why[256];

/* `count` samples of value 7; the clock stands at a second. */
static struct audio *open_wav(size_t count, double speed, bool loop) {
  char path[1024];
  snprintf(path, sizeof path, "%s/a.wav", test_temporary_folder());
  write_wav(path, 16000, count, 7);
  audio_clock_ns = test_clock;
  now = 1000 * MS;
  struct audio *audio = audio_open_wav(path, speed, loop, why, sizeof why);
  assert_non_null(audio);
  return audio;
}

static int read_period(struct audio *audio, uint64_t *lost) {
  int16_t samples[PERIOD];
  int count = audio_read(audio, samples, PERIOD, lost);
  for (int i = 0; i < count; i++) assert_int_equal(samples[i], 7);
  return count;
}

TEST(a_recording_that_is_not_there_is_named) {
  assert_null(audio_open_wav("/nowhere.wav", 1, false, why, sizeof why));
  assert_non_null(strstr(why, "/nowhere.wav"));
}

TEST(samples_come_by_the_clock_and_not_before) {
  struct audio *audio = open_wav(16000, 1, false);
  uint64_t lost;
  assert_int_equal(read_period(audio, &lost), 0);
  now += 19 * MS;
  assert_int_equal(read_period(audio, &lost), 0);
  assert_int_equal(audio_wait_ms(audio, PERIOD), 2);
  now += 1 * MS;
  assert_int_equal(audio_wait_ms(audio, PERIOD), 0);
  assert_int_equal(read_period(audio, &lost), PERIOD);
  assert_int_equal(read_period(audio, &lost), 0);
  audio_close(audio);
}

TEST(four_times_faster_than_real_time_is_four_times_as_many_samples) {
  struct audio *audio = open_wav(160000, 4, false);
  uint64_t lost, samples = 0;
  int count;
  read_period(audio, &lost);
  now += 500 * MS;
  while ((count = read_period(audio, &lost)) > 0) samples += (uint64_t)count;
  assert_int_equal(samples, 4 * 8000);
  audio_close(audio);
}

TEST(a_reader_that_comes_too_late_is_told_how_much_it_lost) {
  struct audio *audio = open_wav(160000, 1, false);
  uint64_t lost;
  read_period(audio, &lost);
  now += AUDIO_CAPTURE_MS * MS;
  assert_int_equal(read_period(audio, &lost), PERIOD);
  assert_int_equal(lost, 0);
  now += (AUDIO_CAPTURE_MS + 20 + 100) * (uint64_t)MS; /* 100 ms more than the buffer holds... */
  assert_int_equal(read_period(audio, &lost), PERIOD);
  /* ... and what was still in it: a second less one period */
  assert_int_equal(lost, (AUDIO_CAPTURE_MS + 20 + 100 - 20) * 16u);
  assert_int_equal(read_period(audio, &lost), PERIOD);
  assert_int_equal(lost, 0);
  audio_close(audio);
}

TEST(how_far_the_reader_is_behind_is_known) {
  struct audio *audio = open_wav(160000, 2, false);
  uint64_t lost;
  read_period(audio, &lost);
  now += 50 * MS;
  assert_true(audio_behind_ms(audio) > 49.9 && audio_behind_ms(audio) < 50.1);
  audio_close(audio);
}

TEST(a_recording_ends) {
  struct audio *audio = open_wav(PERIOD * 2, 1, false);
  uint64_t lost;
  read_period(audio, &lost);
  now += 500 * MS;
  assert_int_equal(read_period(audio, &lost), PERIOD);
  assert_int_equal(read_period(audio, &lost), PERIOD);
  assert_int_equal(read_period(audio, &lost), -1);
  audio_close(audio);
}

TEST(a_looped_recording_does_not_end) {
  struct audio *audio = open_wav(100, 1, true);
  uint64_t lost;
  read_period(audio, &lost);
  for (int i = 0; i < 100; i++) {
    now += 20 * MS;
    assert_int_equal(read_period(audio, &lost), PERIOD);
  }
  audio_close(audio);
}
