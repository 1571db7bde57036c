/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/store/blob_file.h"
#include "tests/support/test.h"

static const char *folder(void) {
  static char path[512];
  snprintf(path, sizeof(path), "%s/blobs", test_temporary_folder());
  return path;
}

static struct srv_blobs *open_or_fail(void) {
  char error[SRV_ERROR_MAX];
  struct srv_blobs *blobs = NULL;
  if (srv_blob_file_open(&blobs, folder(), error) != SRV_OK) fail_msg("%s", error);
  return blobs;
}

static void add(struct srv_blobs *blobs, const char *text, uint8_t digest[GW_DIGEST_SIZE]) {
  struct srv_blob_writer *writer;
  struct srv_blob_view view;
  assert_int_equal(blobs->ops->begin(blobs, &writer), SRV_OK);
  assert_int_equal(blobs->ops->append(writer, text, strlen(text)), SRV_OK);
  assert_int_equal(blobs->ops->seal(writer, digest, &view), SRV_OK);
  assert_int_equal(view.size, strlen(text));
  assert_int_equal(blobs->ops->publish(blobs, &writer, 1), SRV_OK);
}

static size_t count_files(const char *below) {
  char path[600];
  snprintf(path, sizeof(path), "%s/%s", folder(), below);
  DIR *directory = opendir(path);
  if (directory == NULL) return 0;
  size_t count = 0;
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
    count += entry->d_name[0] != '.';
  closedir(directory);
  return count;
}

TEST(a_blob_is_named_by_its_sha256_and_survives_reopening) {
  struct srv_blobs *blobs = open_or_fail();
  uint8_t digest[GW_DIGEST_SIZE], expected[GW_DIGEST_SIZE];
  add(blobs, "abc", digest);
  /* FIPS 180-2, B.1 */
  gw_digest_from_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 64,
                     expected);
  assert_memory_equal(digest, expected, GW_DIGEST_SIZE);
  blobs->ops->close(blobs);
  blobs = open_or_fail();
  struct srv_blob_view view;
  assert_int_equal(blobs->ops->open(blobs, digest, 3, &view), SRV_OK);
  assert_memory_equal(view.data, "abc", 3);
  blobs->ops->release(blobs, &view);
  blobs->ops->close(blobs);
}

TEST(an_unknown_digest_is_not_found_and_a_changed_size_is_an_error) {
  struct srv_blobs *blobs = open_or_fail();
  uint8_t digest[GW_DIGEST_SIZE] = {1};
  struct srv_blob_view view;
  assert_int_equal(blobs->ops->open(blobs, digest, 3, &view), SRV_ERR_NOT_FOUND);
  add(blobs, "abc", digest);
  assert_int_equal(blobs->ops->open(blobs, digest, 4, &view), SRV_ERR_IO);
  assert_non_null(strstr(blobs->error, "3 bytes instead of 4"));
  blobs->ops->close(blobs);
}

static void overwrite(const uint8_t *digest, const char *text) {
  char path[700], hex[GW_DIGEST_HEX_SIZE + 1];
  gw_digest_to_hex(digest, hex);
  snprintf(path, sizeof(path), "%s/%.2s/%s", folder(), hex, hex);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

TEST(a_damaged_blob_is_never_given_out_and_comes_back_when_restored) {
  struct srv_blobs *blobs = open_or_fail();
  uint8_t digest[GW_DIGEST_SIZE];
  struct srv_blob_view view;
  add(blobs, "abc", digest);
  overwrite(digest, "abd");
  for (int i = 0; i < 2; i++) {
    assert_int_equal(blobs->ops->open(blobs, digest, 3, &view), SRV_ERR_IO);
    assert_non_null(strstr(blobs->error, "damaged: restore it from a backup"));
  }
  overwrite(digest, "abc");
  assert_int_equal(blobs->ops->open(blobs, digest, 3, &view), SRV_OK);
  assert_memory_equal(view.data, "abc", 3);
  blobs->ops->release(blobs, &view);
  blobs->ops->close(blobs);
}

static void expect_view(struct srv_blobs *blobs, const uint8_t *digest, const char *text) {
  struct srv_blob_view view;
  assert_int_equal(blobs->ops->open(blobs, digest, strlen(text), &view), SRV_OK);
  assert_memory_equal(view.data, text, strlen(text));
  blobs->ops->release(blobs, &view);
}

TEST(a_blob_that_is_cut_short_while_it_is_open_stays_right_and_the_next_open_is_told) {
  struct srv_blobs *blobs = open_or_fail();
  srv_blob_file_set_memory(blobs, 0, SIZE_MAX); /* kept while it is open only */
  uint8_t digest[GW_DIGEST_SIZE];
  struct srv_blob_view view, again;
  add(blobs, "abc", digest);
  assert_int_equal(blobs->ops->open(blobs, digest, 3, &view), SRV_OK);
  overwrite(digest, "");
  assert_memory_equal(view.data, "abc", 3);
  expect_view(blobs, digest, "abc"); /* the same bytes, shared */
  blobs->ops->release(blobs, &view);
  assert_int_equal(blobs->ops->open(blobs, digest, 3, &again), SRV_ERR_IO);
  assert_non_null(strstr(blobs->error, "0 bytes instead of 3"));
  blobs->ops->close(blobs);
}

TEST(what_nobody_has_open_is_kept_up_to_a_number_of_bytes_and_the_oldest_goes) {
  struct srv_blobs *blobs = open_or_fail();
  srv_blob_file_set_memory(blobs, 8, SIZE_MAX);
  uint8_t first[GW_DIGEST_SIZE], second[GW_DIGEST_SIZE], third[GW_DIGEST_SIZE];
  struct srv_blob_view view;
  add(blobs, "1111", first);
  add(blobs, "2222", second);
  add(blobs, "3333", third);
  expect_view(blobs, first, "1111");
  expect_view(blobs, second, "2222");
  expect_view(blobs, third, "3333");
  overwrite(first, "");
  overwrite(second, "");
  overwrite(third, "");
  expect_view(blobs, second, "2222");
  expect_view(blobs, third, "3333");
  assert_int_equal(blobs->ops->open(blobs, first, 4, &view), SRV_ERR_IO);
  blobs->ops->close(blobs);
}

TEST(more_bytes_open_at_once_than_memory_allows_are_busy_until_one_is_released) {
  struct srv_blobs *blobs = open_or_fail();
  srv_blob_file_set_memory(blobs, 8, 10);
  uint8_t first[GW_DIGEST_SIZE], second[GW_DIGEST_SIZE], third[GW_DIGEST_SIZE];
  struct srv_blob_view view, other;
  add(blobs, "1111", first);
  add(blobs, "2222", second);
  add(blobs, "3333", third);
  assert_int_equal(blobs->ops->open(blobs, first, 4, &view), SRV_OK);
  expect_view(blobs, second, "2222");
  expect_view(blobs, third, "3333"); /* in the place of the second, which is idle */
  assert_int_equal(blobs->ops->open(blobs, second, 4, &other), SRV_OK);
  assert_int_equal(blobs->ops->open(blobs, third, 4, &(struct srv_blob_view){0}), SRV_ERR_BUSY);
  assert_non_null(strstr(blobs->error, "try again"));
  blobs->ops->release(blobs, &view);
  expect_view(blobs, third, "3333");
  blobs->ops->release(blobs, &other);
  blobs->ops->close(blobs);
}

TEST(an_aborted_upload_leaves_no_file) {
  struct srv_blobs *blobs = open_or_fail();
  struct srv_blob_writer *writer;
  assert_int_equal(blobs->ops->begin(blobs, &writer), SRV_OK);
  assert_int_equal(blobs->ops->append(writer, "half", 4), SRV_OK);
  assert_int_equal(count_files("tmp"), 1);
  blobs->ops->abort(writer);
  assert_int_equal(count_files("tmp"), 0);
  blobs->ops->close(blobs);
}

TEST(what_a_killed_process_left_unfinished_is_removed_at_the_next_start) {
  struct srv_blobs *blobs = open_or_fail();
  blobs->ops->close(blobs);
  char path[600];
  snprintf(path, sizeof(path), "%s/tmp/77-1", folder());
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fclose(file);
  blobs = open_or_fail();
  assert_int_equal(count_files("tmp"), 0);
  blobs->ops->close(blobs);
}

TEST(the_same_bytes_twice_are_one_file) {
  struct srv_blobs *blobs = open_or_fail();
  uint8_t first[GW_DIGEST_SIZE], second[GW_DIGEST_SIZE];
  add(blobs, "twice", first);
  add(blobs, "twice", second);
  assert_memory_equal(first, second, GW_DIGEST_SIZE);
  char name[3];
  snprintf(name, sizeof(name), "%02x", first[0]);
  assert_int_equal(count_files(name), 1);
  blobs->ops->close(blobs);
}

TEST(a_view_stays_valid_after_its_blob_is_removed) {
  struct srv_blobs *blobs = open_or_fail();
  uint8_t digest[GW_DIGEST_SIZE];
  struct srv_blob_view view, again;
  add(blobs, "served", digest);
  assert_int_equal(blobs->ops->open(blobs, digest, 6, &view), SRV_OK);
  assert_int_equal(blobs->ops->remove(blobs, digest), SRV_OK);
  assert_memory_equal(view.data, "served", 6);
  assert_int_equal(blobs->ops->open(blobs, digest, 6, &again), SRV_ERR_NOT_FOUND);
  blobs->ops->release(blobs, &view);
  blobs->ops->close(blobs);
}

TEST(more_blobs_than_are_cached_can_be_open_at_once) {
  struct srv_blobs *blobs = open_or_fail();
  enum { COUNT = 200 };
  static struct srv_blob_view view[COUNT];
  static uint8_t digest[COUNT][GW_DIGEST_SIZE];
  for (int i = 0; i < COUNT; i++) {
    char text[32];
    snprintf(text, sizeof(text), "blob %03d", i);
    add(blobs, text, digest[i]);
    assert_int_equal(blobs->ops->open(blobs, digest[i], 8, &view[i]), SRV_OK);
  }
  for (int i = 0; i < COUNT; i++) {
    char text[32];
    snprintf(text, sizeof(text), "blob %03d", i);
    assert_memory_equal(view[i].data, text, 8);
    blobs->ops->release(blobs, &view[i]);
  }
  blobs->ops->close(blobs);
}

static bool keep_first(void *context, const uint8_t digest[GW_DIGEST_SIZE]) {
  return memcmp(context, digest, GW_DIGEST_SIZE) == 0;
}

TEST(a_sweep_removes_what_nobody_names) {
  struct srv_blobs *blobs = open_or_fail();
  uint8_t kept[GW_DIGEST_SIZE], lost[GW_DIGEST_SIZE];
  struct srv_blob_view view;
  add(blobs, "kept", kept);
  add(blobs, "lost", lost);
  assert_int_equal(blobs->ops->sweep(blobs, keep_first, kept), SRV_OK);
  assert_int_equal(blobs->ops->open(blobs, lost, 4, &view), SRV_ERR_NOT_FOUND);
  assert_int_equal(blobs->ops->open(blobs, kept, 4, &view), SRV_OK);
  blobs->ops->release(blobs, &view);
  blobs->ops->close(blobs);
}

TEST(a_full_disk_refuses_an_upload_and_leaves_nothing_behind) {
  signal(SIGXFSZ, SIG_IGN);
  struct srv_blobs *blobs = open_or_fail();
  uint8_t digest[GW_DIGEST_SIZE];
  add(blobs, "before", digest);
  struct rlimit limit;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
  limit.rlim_cur = 4096;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
  static char big[8192];
  struct srv_blob_writer *writer;
  struct srv_blob_view view;
  assert_int_equal(blobs->ops->begin(blobs, &writer), SRV_OK);
  assert_int_equal(blobs->ops->append(writer, big, sizeof(big)), SRV_ERR_NO_SPACE);
  blobs->ops->abort(writer);
  assert_int_equal(count_files("tmp"), 0);
  assert_int_equal(blobs->ops->open(blobs, digest, 6, &view), SRV_OK);
  blobs->ops->release(blobs, &view);
  blobs->ops->close(blobs);
}
