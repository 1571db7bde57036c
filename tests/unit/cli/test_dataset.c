/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <unistd.h>

#include "cli/dataset.h"
#include "cli/dataset_image.h"
#include "cli/dataset_manifest.h"
#include "cli/session.h"
#include "tests/support/test.h"
#include "tests/unit/cli/folder.h"

#define SECOND 16000

static struct cli_session session;
static struct cli_dataset dataset;
static char message[4096]; /* what was said while opening */

static int open_split(const char *name, enum cli_split split) {
  FILE *err = fmemopen(message, sizeof message, "w");
  assert_non_null(err);
  memset(message, 0, sizeof message);
  session = (struct cli_session){.out = err, .err = err};
  int status = cli_dataset_open(&session, folder_path(name), split, &dataset);
  fclose(err);
  return status;
}

static void assert_opens(const char *name, size_t clips) {
  if (open_split(name, CLI_SPLIT_ALL) != CLI_OK) fail_msg("%s", message);
  assert_int_equal(dataset.clip_count, clips);
}

static void assert_refused(const char *name, const char *text) {
  assert_int_equal(open_split(name, CLI_SPLIT_ALL), CLI_FAILED);
  if (strstr(message, text) == NULL) fail_msg("'%s' is not in: %s", text, message);
}

static void assert_clip(size_t index, const char *file, const char *label, const char *device) {
  assert_string_equal(dataset.clip[index].file, file);
  assert_string_equal(dataset.clip[index].label, label);
  assert_string_equal(dataset.clip[index].device, device);
}

static void assert_skipped(size_t count, const char *reason) {
  for (size_t i = 0; i < dataset.skips.count; i++) {
    if (strstr(dataset.skips.entry[i].reason, reason) == NULL) continue;
    assert_int_equal(dataset.skips.entry[i].count, count);
    return;
  }
  fail_msg("nothing was skipped because '%s'", reason);
}

/* --- folders --------------------------------------------------------------------- */

TEST(a_folder_for_each_label_gives_clips_by_speaker) {
  folder_put_wav("d/yes/0a7c2a8d_nohash_0.wav", SECOND, SECOND);
  folder_put_wav("d/no/0a7c2a8d_nohash_1.wav", SECOND, SECOND);
  folder_put_wav("d/no/by_hand.wav", SECOND, SECOND);
  folder_put_text("d/LICENSE", "words");
  assert_opens("d", 3);
  assert_clip(0, "no/0a7c2a8d_nohash_1.wav", "no", "0a7c2a8d");
  assert_clip(1, "no/by_hand.wav", "no", "");
  assert_clip(2, "yes/0a7c2a8d_nohash_0.wav", "yes", "0a7c2a8d");
  assert_int_equal(dataset.skips.count, 0);
  assert_string_equal(dataset.name, "d");
  cli_dataset_close(&dataset);
}

TEST(a_speaker_is_the_same_voice_whatever_word_stands_in_front) {
  folder_put_wav("d/_unknown_/house_0a7c2a8d_nohash_0.wav", SECOND, SECOND);
  folder_put_wav("d/_unknown_/my_kitchen_nohash_0.wav", SECOND, SECOND);
  assert_opens("d", 2);
  assert_clip(0, "_unknown_/house_0a7c2a8d_nohash_0.wav", "_unknown_", "0a7c2a8d");
  assert_clip(1, "_unknown_/my_kitchen_nohash_0.wav", "_unknown_", "my_kitchen");
  cli_dataset_close(&dataset);
}

TEST(background_files_are_cut_into_seconds) {
  folder_put_wav("d/_background_noise_/dishes.wav", SECOND, 3 * SECOND + 100);
  folder_put_wav("d/_background_noise_/short.wav", SECOND, 100);
  assert_opens("d", 4);
  for (size_t i = 0; i < 3; i++) assert_int_equal(dataset.clip[i].first_sample, i * SECOND);
  assert_string_equal(dataset.clip[3].file, "_background_noise_/short.wav");
  cli_dataset_close(&dataset);
}

TEST(a_clip_is_read_as_it_is) {
  struct cli_bytes bytes = {0};
  folder_put_text("d/yes/a.wav", "sixteen bytes ok");
  assert_opens("d", 1);
  assert_null(cli_dataset_read(&dataset, &dataset.clip[0], &bytes));
  assert_int_equal(bytes.size, 16);
  assert_memory_equal(bytes.data, "sixteen bytes ok", 16);
  unlink(folder_path("d/yes/a.wav"));
  assert_non_null(cli_dataset_read(&dataset, &dataset.clip[0], &bytes));
  free(bytes.data);
  cli_dataset_close(&dataset);
}

TEST(a_file_that_became_shorter_is_not_read_past_its_end) {
  struct cli_bytes bytes = {0};
  folder_put_text("d/yes/a.wav", "sixteen bytes ok");
  assert_opens("d", 1);
  folder_put_text("d/yes/a.wav", "five!");
  assert_non_null(strstr(cli_dataset_read(&dataset, &dataset.clip[0], &bytes), "to its end"));
  free(bytes.data);
  cli_dataset_close(&dataset);
}

TEST(other_files_are_skipped_with_advice) {
  folder_put_wav("d/yes/a.wav", SECOND, SECOND);
  folder_put_text("d/yes/c.PNG", "x");
  folder_put_text("d/yes/notes.txt", "x");
  assert_opens("d", 1);
  assert_skipped(1, "magick");
  assert_skipped(1, "neither a WAV file nor");
  cli_dataset_close(&dataset);
}

TEST(a_missing_and_an_empty_dataset_are_refused) {
  assert_refused("nowhere", "check the path");
  folder_put_text("d/yes/notes.txt", "x");
  assert_refused("d", "neither a WAV file nor");
  folder_put_text("e/LICENSE", "x");
  assert_refused("e", "a folder for each label");
}

TEST(clips_are_thinned_evenly) {
  char name[64];
  for (int i = 0; i < 10; i++) {
    snprintf(name, sizeof name, "d/yes/%d.wav", i);
    folder_put_wav(name, SECOND, 10);
  }
  assert_opens("d", 10);
  cli_dataset_thin(&dataset, 20);
  assert_int_equal(dataset.clip_count, 10);
  cli_dataset_thin(&dataset, 3);
  assert_int_equal(dataset.clip_count, 3);
  assert_string_equal(dataset.clip[0].file, "yes/0.wav");
  assert_string_equal(dataset.clip[1].file, "yes/4.wav");
  assert_string_equal(dataset.clip[2].file, "yes/7.wav");
  cli_dataset_close(&dataset);
}

/* --- splits ------------------------------------------------------------------------ */

TEST(splits_follow_the_lists) {
  folder_put_wav("d/yes/a.wav", SECOND, 10);
  folder_put_wav("d/yes/b.wav", SECOND, 10);
  folder_put_wav("d/yes/c.wav", SECOND, 10);
  folder_put_text("d/testing_list.txt", "yes/b.wav\r\n\nyes/gone.wav\n");
  folder_put_text("d/validation_list.txt", "yes/c.wav");
  static const enum cli_split split[] = {CLI_SPLIT_TRAINING, CLI_SPLIT_TESTING,
                                         CLI_SPLIT_VALIDATION};
  static const char *const file[] = {"yes/a.wav", "yes/b.wav", "yes/c.wav"};
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(open_split("d", split[i]), CLI_OK);
    assert_int_equal(dataset.clip_count, 1);
    assert_string_equal(dataset.clip[0].file, file[i]);
    cli_dataset_close(&dataset);
  }
  assert_opens("d", 3);
  cli_dataset_close(&dataset);
}

TEST(a_split_that_nobody_knows_is_refused) {
  folder_put_wav("d/yes/a.wav", SECOND, 10);
  assert_int_equal(open_split("d", CLI_SPLIT_TESTING), CLI_FAILED);
  assert_non_null(strstr(message, "leave --split out"));
  folder_put_text("d/testing_list.txt", "yes/other.wav\n");
  assert_int_equal(open_split("d", CLI_SPLIT_TESTING), CLI_FAILED);
  assert_non_null(strstr(message, "in this split"));
}

/* --- manifests ------------------------------------------------------------------------ */

TEST(the_manifest_says_label_device_and_split) {
  folder_put_wav("d/yes/0a7c2a8d_nohash_0.wav", SECOND, 10);
  folder_put_wav("d/no/0a7c2a8d_nohash_0.wav", SECOND, 10);
  folder_put_wav("d/no/not_in_it.wav", SECOND, 10);
  folder_put_text(
      "d/manifest.jsonl",
      "{\"file\":\"yes/0a7c2a8d_nohash_0.wav\",\"label\":\"no\",\"device\":\"kitchen\","
      "\"deviceId\":\"d-1\",\"split\":\"testing\",\"score\":0.5}\n"
      "{\"file\":\"no/0a7c2a8d_nohash_0.wav\",\"label\":\"no\",\"split\":\"training\"}\n");
  assert_opens("d", 2);
  assert_clip(0, "no/0a7c2a8d_nohash_0.wav", "no", "0a7c2a8d");
  assert_clip(1, "yes/0a7c2a8d_nohash_0.wav", "no", "d-1");
  assert_string_equal(dataset.clip[1].device_name, "kitchen");
  cli_dataset_close(&dataset);
  assert_int_equal(open_split("d", CLI_SPLIT_TESTING), CLI_OK);
  assert_int_equal(dataset.clip_count, 1);
  assert_clip(0, "yes/0a7c2a8d_nohash_0.wav", "no", "d-1");
  cli_dataset_close(&dataset);
}

TEST(bad_lines_of_a_manifest_are_skipped_and_counted) {
  folder_put_wav("d/yes/a.wav", SECOND, 10);
  folder_put_wav("outside.wav", SECOND, 10);
  folder_put_text("d/manifest.jsonl",
                  "{\"file\":\"yes/gone.wav\",\"label\":\"yes\"}\n"
                  "{\"file\":\"../outside.wav\",\"label\":\"yes\"}\n"
                  "{\"file\":\"/etc/passwd\",\"label\":\"yes\"}\n"
                  "{\"file\":\"yes/a.wav\",\"label\":\"\"}\n"
                  "{\"file\":\"yes/a.wav\",\"label\":\"yes\",\"split\":\"exam\"}\n"
                  "[]\nnot json\n"
                  "{\"file\":\"yes/a.wav\",\"label\":\"yes\"}\n");
  assert_opens("d", 1);
  assert_skipped(1, "it is not there");
  assert_skipped(2, "leads elsewhere");
  assert_skipped(1, "no label");
  assert_skipped(1, "its split is none of");
  assert_skipped(2, "no JSON object");
  cli_dataset_close(&dataset);
}

TEST(odd_labels_are_labels_and_nothing_else) {
  folder_put_wav("d/yes/a.wav", SECOND, 10);
  folder_put_text("d/manifest.jsonl",
                  "{\"file\":\"yes/a.wav\",\"label\":\"../../etc \\u001b[2J;\\n\"}\n");
  assert_opens("d", 1);
  assert_string_equal(dataset.clip[0].label, "../../etc \x1b[2J;\n");
  assert_string_equal(dataset.clip[0].file, "yes/a.wav");
  cli_dataset_close(&dataset);
}

TEST(a_line_of_a_manifest_has_an_end) {
  struct cli_manifest_line line;
  char *text = malloc(CLI_MANIFEST_LINE_MAX + 1);
  memset(text, ' ', CLI_MANIFEST_LINE_MAX + 1);
  assert_non_null(strstr(cli_manifest_parse(&line, text, CLI_MANIFEST_LINE_MAX + 1), "shorten"));
  free(text);
}

/* --- archives ---------------------------------------------------------------------------- */

TEST(an_archive_gives_the_same_clips_as_its_folder) {
  struct cli_bytes bytes = {0};
  folder_put_text("d/yes/a_nohash_0.wav", "first");
  folder_put_text("d/yes/b_nohash_0.wav", "second one");
  folder_put_text("d/manifest.jsonl",
                  "{\"file\":\"yes/a_nohash_0.wav\",\"label\":\"yes\",\"deviceId\":\"d-1\"}\n"
                  "{\"file\":\"yes/b_nohash_0.wav\",\"label\":\"yes\",\"deviceId\":\"d-2\"}\n");
  static const char *const packed[][2] = {{"d", "."}, {"d", "yes manifest.jsonl"}, {".", "d"}};
  for (size_t i = 0; i < 3; i++) {
    folder_tar("all.tar", packed[i][0], packed[i][1]);
    assert_opens("all.tar", 2);
    assert_string_equal(dataset.clip[0].device, "d-1");
    assert_string_equal(dataset.clip[1].device, "d-2");
    assert_null(cli_dataset_read(&dataset, &dataset.clip[1], &bytes));
    assert_string_equal((const char *)bytes.data, "second one");
    cli_dataset_close(&dataset);
    unlink(folder_path("all.tar"));
  }
  free(bytes.data);
}

TEST(links_and_paths_that_lead_out_of_an_archive_are_skipped) {
  folder_put_text("d/yes/a.wav", "good");
  folder_put_text("outside.wav", "secret");
  assert_int_equal(symlink("/etc/passwd", folder_path("d/yes/link.wav")), 0);
  folder_tar("all.tar", "d", "-P ../outside.wav yes");
  assert_opens("all.tar", 1);
  assert_string_equal(dataset.clip[0].file, "yes/a.wav");
  assert_skipped(1, "link");
  assert_skipped(1, "leads out");
  cli_dataset_close(&dataset);
}

TEST(the_later_of_two_files_of_a_name_counts) {
  struct cli_bytes bytes = {0};
  folder_put_text("d/yes/a.wav", "old");
  folder_tar("all.tar", "d", "yes");
  folder_put_text("d/yes/a.wav", "newer");
  char command[2600];
  snprintf(command, sizeof command, "tar -C '%s' -rf '%s' yes/a.wav", folder_path("d"),
           folder_path("all.tar"));
  assert_int_equal(system(command), 0);
  assert_opens("all.tar", 1);
  assert_null(cli_dataset_read(&dataset, &dataset.clip[0], &bytes));
  assert_string_equal((const char *)bytes.data, "newer");
  free(bytes.data);
  cli_dataset_close(&dataset);
}

TEST(a_damaged_archive_is_refused_with_the_reason) {
  size_t size;
  folder_put_wav("d/yes/a.wav", SECOND, SECOND);
  folder_tar("all.tar", "d", "yes");
  uint8_t *archive = test_read_file(folder_path("all.tar"), &size);
  folder_put("cut.tar", archive, 2048);
  assert_refused("cut.tar", "in the middle of a file");
  archive[100] ^= 1;
  folder_put("damaged.tar", archive, size);
  assert_refused("damaged.tar", "no tar archive");
  free(archive);
  folder_put_text("all.tar.gz", "\x1f\x8b\x08 and so on");
  assert_refused("all.tar.gz", "no tar archive");
  folder_put_text("text.tar", "hello");
  assert_refused("text.tar", "no tar archive");
}

TEST(a_compressed_archive_says_so) {
  uint8_t block[1024] = {0x1f, 0x8b, 8};
  folder_put("all.tar.gz", block, sizeof block);
  assert_refused("all.tar.gz", "it is compressed");
}

/* --- pictures ---------------------------------------------------------------------------- */

static const char *parse(struct cli_image *image, const char *text, size_t size) {
  return cli_image_parse(image, (const uint8_t *)text, size);
}

TEST(a_picture_shrinks_to_means_and_grows_by_nearest) {
  struct cli_image image;
  uint8_t out[8];
  assert_null(parse(&image, "P5\n4 2\n255\n\x00\x0a\x14\x1e\x28\x32\x3c\x46", 19));
  assert_int_equal(image.width, 4);
  assert_int_equal(image.height, 2);
  cli_image_fit(&image, 2, 1, 1, out);
  assert_int_equal(out[0], (0 + 10 + 40 + 50) / 4);
  assert_int_equal(out[1], (20 + 30 + 60 + 70) / 4);
  cli_image_fit(&image, 8, 1, 1, out);
  assert_int_equal(out[0], 20);
  assert_int_equal(out[1], 20);
  assert_int_equal(out[7], 50);
}

TEST(colour_becomes_grey_and_grey_becomes_colour) {
  struct cli_image image;
  uint8_t out[3];
  assert_null(parse(&image, "P6 1 1 255\n\xc8\x64\x32", 14));
  cli_image_fit(&image, 1, 1, 1, out);
  assert_int_equal(out[0], 124); /* 59.8 + 58.7 + 5.7 */
  cli_image_fit(&image, 1, 1, 3, out);
  assert_int_equal(out[0], 0xc8);
  assert_int_equal(out[2], 0x32);
  assert_null(parse(&image, "P5 1 1 255\n\x07", 12));
  cli_image_fit(&image, 1, 1, 3, out);
  assert_int_equal(out[0] + out[1] + out[2], 21);
}

TEST(broken_pictures_are_refused_with_the_reason) {
  struct cli_image image;
  assert_non_null(strstr(parse(&image, "P5\n4 2\n255\n123", 14), "before its last pixel"));
  assert_non_null(strstr(parse(&image, "P5\n0 2\n255\n123", 14), "header is broken"));
  assert_non_null(strstr(parse(&image, "P5\n99999 2\n255\n1", 16), "header is broken"));
  assert_non_null(strstr(parse(&image, "P5\n1 1\n65535\n12", 15), "8 bits"));
  assert_non_null(strstr(parse(&image, "P2\n1 1\n255\n7 ", 13), "no binary PGM"));
  assert_non_null(strstr(parse(&image, "\x89PNG", 4), "PNG"));
  assert_non_null(parse(&image, "", 0));
}
