/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/micro_speech/device/playlist.h"

#include <stdlib.h>

#include "tests/unit/examples/device/clips.h"

#define LOUD 5000 /* far above the room's noise */

static char why[256];

static struct playlist *open_with(const char *file, uint32_t seed) {
  why[0] = 0;
  return playlist_open(&(struct playlist_config){test_temporary_folder(), file, seed}, why,
                       sizeof why);
}

static const char *write_playlist(const char *text) {
  static char path[1024];
  snprintf(path, sizeof path, "%s/list.txt", test_temporary_folder());
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
  return path;
}

static void make_clips(void) {
  write_clip(test_temporary_folder(), "yes", "a.wav", 8000, LOUD);
  write_clip(test_temporary_folder(), "no", "a.wav", 12000, -LOUD);
  write_clip(test_temporary_folder(), "_background_", "a.wav", 64000, 1000);
}

static void refuses(const char *text, const char *reason) {
  make_clips();
  assert_null(open_with(write_playlist(text), 1));
  if (!strstr(why, reason)) fail_msg("'%s' does not say '%s'", why, reason);
}

TEST(a_folder_that_is_not_there_is_named) {
  assert_null(playlist_open(&(struct playlist_config){.clips = "/nowhere"}, why, sizeof why));
  assert_non_null(strstr(why, "/nowhere"));
}
TEST(a_folder_without_clips_is_refused) {
  assert_null(open_with(NULL, 1));
  assert_non_null(strstr(why, "holds no clips"));
}
TEST(a_clip_that_is_no_wav_is_named) {
  make_clips();
  FILE *file = fopen(write_clip(test_temporary_folder(), "yes", "broken.wav", 1, 1), "w");
  fputs("no wav", file);
  fclose(file);
  assert_null(open_with(NULL, 1));
  assert_non_null(strstr(why, "yes/broken.wav"));
}
TEST(a_clip_of_another_rate_is_refused) {
  make_clips();
  const char *path = write_clip(test_temporary_folder(), "yes", "slow.wav", 1, 1);
  write_wav(path, 8000, 100, 1);
  assert_null(open_with(NULL, 1));
  assert_non_null(strstr(why, "slow.wav"));
}
TEST(a_playlist_that_names_an_unknown_word_tells_the_line) {
  refuses("yes\nmaybe\n", "line 2: maybe: no clips");
}
TEST(a_playlist_line_with_too_much_on_it_is_refused) { refuses("yes 1 2\n", "line 1: expected"); }
TEST(a_playlist_of_nothing_is_refused) { refuses("# nothing\n\n", "names nothing"); }
TEST(a_playlist_with_a_negative_count_is_refused) { refuses("yes -1\n", "above 0"); }
TEST(a_playlist_round_is_bounded) { refuses("yes 3000\n", "at most 256"); }
TEST(a_playlist_file_that_is_not_there_is_named) {
  make_clips();
  assert_null(open_with("/nowhere.txt", 1));
  assert_non_null(strstr(why, "/nowhere.txt"));
}

static int16_t *read_seconds(struct playlist *playlist, size_t seconds) {
  int16_t *samples = malloc(seconds * 16000 * sizeof *samples);
  assert_non_null(samples);
  playlist_read(playlist, samples, seconds * 16000);
  return samples;
}

static bool same_stream(uint32_t seed, uint32_t other_seed) {
  struct playlist *one = open_with(NULL, seed), *other = open_with(NULL, other_seed);
  assert_non_null(one);
  assert_non_null(other);
  int16_t *a = read_seconds(one, 30), *b = read_seconds(other, 30);
  bool same = memcmp(a, b, 30 * 16000 * sizeof *a) == 0;
  free(a);
  free(b);
  playlist_close(one);
  playlist_close(other);
  return same;
}

TEST(the_same_seed_gives_the_same_stream) {
  make_clips();
  assert_true(same_stream(3, 3));
}
TEST(another_seed_gives_another_stream) {
  make_clips();
  assert_false(same_stream(3, 4));
}

TEST(each_word_stands_where_the_playlist_says) {
  make_clips();
  struct playlist *playlist = open_with(NULL, 5);
  int16_t *samples = read_seconds(playlist, 60);
  struct playlist_word word;
  uint64_t last_end = 0;
  size_t words = 0;
  while (playlist_next_word(playlist, &word)) {
    bool yes = strcmp(word.label, "yes") == 0;
    assert_int_equal(word.end_sample - word.start_sample, yes ? 8000 : 12000);
    assert_true(word.start_sample > last_end);
    for (uint64_t i = word.start_sample; i < word.end_sample; i++) {
      if (yes ? samples[i] < LOUD - 10 : samples[i] > 10 - LOUD) fail_msg("not %s", word.label);
    }
    if (abs(samples[word.end_sample]) > 10) fail_msg("no pause after %s", word.label);
    last_end = word.end_sample;
    words++;
  }
  assert_true(words > 10);
  free(samples);
  playlist_close(playlist);
}

TEST(a_word_is_told_only_when_it_was_played_to_its_end) {
  make_clips();
  struct playlist *playlist = open_with(write_playlist("yes\n"), 1);
  struct playlist_word word;
  int16_t sample;
  uint64_t position = 0;
  while (!playlist_next_word(playlist, &word)) {
    playlist_read(playlist, &sample, 1);
    position++;
  }
  assert_int_equal(word.end_sample, position);
  playlist_close(playlist);
}

TEST(a_round_plays_what_the_file_says) {
  make_clips();
  struct playlist *playlist = open_with(write_playlist("yes 3\nno 1  # few\nnoise 1\n"), 9);
  struct playlist_word word;
  int16_t sample[16];
  size_t yes = 0, no = 0;
  while (yes + no < 8) { /* two rounds */
    playlist_read(playlist, sample, 16);
    if (!playlist_next_word(playlist, &word)) continue;
    if (strcmp(word.label, "yes") == 0) yes++;
    if (strcmp(word.label, "no") == 0) no++;
  }
  assert_int_equal(yes, 6);
  assert_int_equal(no, 2);
  playlist_close(playlist);
}

TEST(pauses_are_a_quiet_room_and_not_digital_zeros) {
  make_clips();
  struct playlist *playlist = open_with(write_playlist("silence 2\n"), 1);
  int16_t *samples = read_seconds(playlist, 10);
  int zeros = 0;
  for (size_t i = 0; i < 10 * 16000; i++) {
    zeros += samples[i] == 0;
    assert_in_range(samples[i] + 4, 0, 8);
  }
  assert_in_range(zeros, 1, 160000 / 4);
  free(samples);
  playlist_close(playlist);
}

TEST(what_sounds_in_a_stretch_of_the_stream_is_known_by_its_file) {
  make_clips();
  struct playlist *playlist = open_with(write_playlist("yes 1\n"), 1);
  struct playlist_word word, at;
  size_t count;
  int16_t samples[1000];
  assert_false(playlist_word_at(playlist, 0, 1000, &at, &count));
  assert_int_equal(count, 0);
  do playlist_read(playlist, samples, 1000);
  while (!playlist_next_word(playlist, &word));
  assert_string_equal(word.file, "yes/a.wav");
  assert_true(playlist_word_at(playlist, word.start_sample, word.start_sample + 1, &at, &count));
  assert_string_equal(at.file, "yes/a.wav");
  assert_int_equal(at.start_sample, word.start_sample);
  assert_int_equal(count, 1);
  assert_false(playlist_word_at(playlist, word.end_sample, word.end_sample + 10, &at, &count));
  assert_false(playlist_word_at(playlist, 0, word.start_sample, &at, NULL));
  assert_int_equal(count, 0);
  playlist_close(playlist);
}

TEST(a_word_that_still_sounds_is_known_and_of_two_the_one_that_sounds_longer) {
  make_clips();
  struct playlist *playlist = open_with(write_playlist("yes 1\nno 1\n"), 1);
  struct playlist_word first = {0}, second = {0}, at;
  size_t count;
  int16_t samples[100];
  while (!playlist_next_word(playlist, &first)) playlist_read(playlist, samples, 100);
  uint64_t position = first.end_sample;
  while (!playlist_word_at(playlist, position + 1600, position + 60000, &second, NULL)) {
    playlist_read(playlist, samples, 100);
  }
  assert_string_not_equal(first.file, second.file);
  uint64_t a_little = second.start_sample + 50;
  assert_true(playlist_word_at(playlist, first.start_sample, a_little, &at, &count));
  assert_int_equal(count, 2);
  assert_string_equal(at.file, first.file);
  playlist_close(playlist);
}
