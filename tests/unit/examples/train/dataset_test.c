/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "examples/micro_speech/train/dataset.h"
#include "examples/micro_speech/train/sha1.h"
#include "tests/unit/examples/device/clips.h"

static const char *const labels[] = {"silence", "unknown", "yes", "no"};

static void check_sha1(const char *text, const char *hex) {
  uint8_t digest[20];
  char printed[41];
  sha1(text, strlen(text), digest);
  for (size_t i = 0; i < 20; i++) snprintf(printed + 2 * i, 3, "%02x", digest[i]);
  assert_string_equal(printed, hex);
}

TEST(sha1_gives_the_digests_of_rfc_3174) {
  check_sha1("", "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  check_sha1("abc", "a9993e364706816aba3e25717850c26c9cd0d89d");
  check_sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
             "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  check_sha1("0123456701234567012345670123456701234567012345670123456701234567",
             "e0c094e867ef46c350ef54a7f59dd60bed92ae83");
}

TEST(clips_of_one_speaker_are_in_the_same_tenth) {
  unsigned tenth = dataset_tenth("0bac8a71_nohash_0.wav");
  assert_int_equal(dataset_tenth("0bac8a71_nohash_1.wav"), tenth);
  assert_int_equal(dataset_tenth("0bac8a71_nohash_17.wav"), tenth);
  unsigned seen = 0;
  for (unsigned i = 0; i < 200; i++) {
    char name[32];
    snprintf(name, sizeof name, "%08x_nohash_0.wav", i);
    seen |= 1u << dataset_tenth(name);
  }
  assert_int_equal(seen, 1023);
}

TEST(folder_that_is_not_there_is_refused) {
  struct dataset dataset;
  assert_false(dataset_load(&dataset, "/no/such/folder", labels, 4, 0));
}

TEST(folder_without_one_of_the_words_is_refused) {
  struct dataset dataset;
  const char *folder = test_temporary_folder();
  write_clip(folder, "yes", "a_nohash_0.wav", 16000, 1);
  write_clip(folder, "_background_", "b.wav", 16000, 1);
  assert_false(dataset_load(&dataset, folder, labels, 4, 11));
}

static const char *make_folder(void) {
  const char *folder = test_temporary_folder();
  write_clip(folder, "yes", "b_nohash_0.wav", 16000, 1);
  write_clip(folder, "yes", "a_nohash_0.wav", 16000, 2);
  write_clip(folder, "no", "a_nohash_0.wav", 100, 3);
  write_clip(folder, "up", "a_nohash_0.wav", 20000, 4);
  write_clip(folder, "_background_", "x.wav", 16000, 5);
  write_clip(folder, "yes", "notes.txt", 1, 0);
  return folder;
}

TEST(words_get_their_labels_and_others_are_unknown) {
  struct dataset dataset;
  assert_true(dataset_load(&dataset, make_folder(), labels, 4, 11));
  static const uint8_t expected[] = {DATASET_SILENCE, 3, DATASET_UNKNOWN, 2, 2};
  assert_int_equal(dataset.clip_count, 5);
  for (size_t i = 0; i < 5; i++) assert_int_equal(dataset.clip[i].label, expected[i]);
  assert_string_equal(dataset.clip[3].file, "a_nohash_0.wav");
  dataset_relabel(&dataset, (const char *const[]){"silence", "unknown", "up"}, 3);
  assert_int_equal(dataset.clip[2].label, 2);
  assert_int_equal(dataset.clip[3].label, DATASET_UNKNOWN);
  dataset_free(&dataset);
}

TEST(noise_as_it_is_published_is_cut_into_seconds) {
  struct dataset dataset;
  const char *folder = make_folder();
  write_clip(folder, "_background_noise_", "rain.wav", 3 * 16000 + 500, 7);
  write_clip(folder, "_background_noise_", "tap.wav", 400, 8);
  assert_true(dataset_load(&dataset, folder, labels, 4, 11));
  size_t rain = 0, tap = 0;
  for (size_t i = 0; i < dataset.clip_count; i++) {
    if (strcmp(dataset.clip[i].file, "rain.wav") == 0) {
      assert_int_equal(dataset.clip[i].label, DATASET_SILENCE);
      assert_int_equal(dataset.clip[i].samples[15999], 7);
      rain++;
    }
    tap += strcmp(dataset.clip[i].file, "tap.wav") == 0;
  }
  assert_int_equal(rain, 3);
  assert_int_equal(tap, 1);
  dataset_free(&dataset);
}

TEST(short_clips_are_padded_and_long_ones_cut) {
  struct dataset dataset;
  assert_true(dataset_load(&dataset, make_folder(), labels, 4, 11));
  assert_int_equal(dataset.clip[1].samples[99], 3);
  assert_int_equal(dataset.clip[1].samples[100], 0);
  assert_int_equal(dataset.clip[2].samples[DATASET_CLIP_SAMPLES - 1], 4);
  dataset_free(&dataset);
}

static const char *write_list(const char *text) {
  static char path[1024];
  snprintf(path, sizeof path, "%s/list.txt", test_temporary_folder());
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
  return path;
}

TEST(list_that_cannot_be_read_is_refused) {
  struct dataset dataset;
  struct dataset_source source = {make_folder(), "/no/such/list.txt"};
  assert_false(dataset_load_sources(&dataset, &source, 1, labels, 4, 11));
}

TEST(list_that_names_what_is_not_there_is_refused) {
  struct dataset dataset;
  const char *folder = make_folder();
  struct dataset_source source = {
      folder, write_list("_background_/x.wav\nno/a_nohash_0.wav\nup/a_nohash_0.wav\n"
                         "yes/a_nohash_0.wav\nyes/z_nohash_0.wav\n")};
  assert_false(dataset_load_sources(&dataset, &source, 1, labels, 4, 11));
  source.list = write_list("../yes/a_nohash_0.wav\n");
  assert_false(dataset_load_sources(&dataset, &source, 1, labels, 4, 11));
}

TEST(list_says_which_clips_are_read) {
  struct dataset dataset;
  const char *folder = make_folder();
  struct dataset_source source = {
      folder, write_list("yes/a_nohash_0.wav\r\nno/a_nohash_0.wav\nup/a_nohash_0.wav\n"
                         "_background_/x.wav\n\nyes/a_nohash_0.wav\n")};
  assert_true(dataset_load_sources(&dataset, &source, 1, labels, 4, 11));
  assert_int_equal(dataset.clip_count, 4); /* and not yes/b_nohash_0.wav */
  assert_string_equal(dataset.clip[3].file, "a_nohash_0.wav");
  dataset_free(&dataset);
}

TEST(word_of_several_folders_is_one_word) {
  struct dataset dataset;
  const char *first = make_folder();
  char second[512];
  snprintf(second, sizeof second, "%s/exported", test_temporary_folder());
  mkdir(second, 0700);
  write_clip(second, "yes", "c0ffee00_nohash_0.wav", 16000, 7);
  write_clip(second, "silence", "c0ffee00_nohash_0.wav", 16000, 8);
  write_clip(second, "down", "c0ffee00_nohash_0.wav", 16000, 9);
  struct dataset_source sources[] = {{first, NULL}, {second, NULL}};
  assert_true(dataset_load_sources(&dataset, sources, 2, labels, 4, 11));
  assert_int_equal(dataset.clip_count, 8);
  assert_int_equal(dataset.clip[7].word, dataset.clip[3].word);
  assert_int_equal(dataset.clip[7].label, 2);
  assert_int_equal(dataset.clip[6].label, DATASET_SILENCE);
  assert_int_equal(dataset.clip[5].label, DATASET_UNKNOWN);
  dataset_free(&dataset);
}

TEST(word_that_only_the_second_folder_has_will_do) {
  struct dataset dataset;
  const char *first = test_temporary_folder();
  char second[512];
  write_clip(first, "_background_", "x.wav", 16000, 5);
  write_clip(first, "up", "a_nohash_0.wav", 16000, 1);
  write_clip(first, "no", "a_nohash_0.wav", 16000, 1);
  snprintf(second, sizeof second, "%s/exported", test_temporary_folder());
  mkdir(second, 0700);
  write_clip(second, "yes", "a_nohash_0.wav", 16000, 1);
  struct dataset_source sources[] = {{first, NULL}, {second, NULL}};
  assert_false(dataset_load_sources(&dataset, sources, 1, labels, 4, 11));
  assert_true(dataset_load_sources(&dataset, sources, 2, labels, 4, 11));
  dataset_free(&dataset);
}

TEST(recording_at_another_rate_is_refused) {
  struct dataset dataset;
  char path[1024];
  const char *folder = make_folder();
  snprintf(path, sizeof path, "%s/yes/c_nohash_0.wav", folder);
  write_wav(path, 8000, 8000, 1);
  assert_false(dataset_load(&dataset, folder, labels, 4, 11));
}
