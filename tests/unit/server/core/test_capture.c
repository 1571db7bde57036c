/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <mbedtls/sha256.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/core/internal.h"
#include "tests/unit/server/core/core_fixture.h"
#include "wire/cbor.h"

static struct core_fixture f;
static struct srv_device_ref ref;

static void begin(void) {
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  ref = ref_of(&device);
}

static void end(void) { core_fixture_end(&f); }

/* In pieces of that size. The status of the first call that says no. */
static int send_pieces(const char *path, uint16_t format, const void *data, size_t size,
                       size_t piece) {
  struct srv_capture_upload *upload = NULL;
  int status = srv_core_capture_begin(f.core, &ref, path, format, &upload);
  for (size_t done = 0; status == SRV_OK && done < size; done += piece) {
    size_t left = size - done;
    status =
        srv_core_capture_append(upload, (const char *)data + done, left < piece ? left : piece);
  }
  if (upload == NULL) return status;
  if (status == SRV_OK) return srv_core_capture_finish(upload);
  srv_core_capture_abort(upload);
  return status;
}

static int send(const char *path, uint16_t format, const void *data, size_t size) {
  return send_pieces(path, format, data, size, 1024);
}

static int send_text(const char *path, const char *text) {
  return send(path, SRV_FORMAT_NONE, text, strlen(text));
}

static uint64_t captures(void) {
  struct srv_query query = {0};
  uint64_t total = 0;
  assert_ok(f.core, srv_core_list(f.core, SRV_CAPTURE, &query, NULL, NULL, &total));
  return total;
}

static struct srv_capture newest(void) {
  struct srv_capture row;
  struct srv_query query = {.newest_first = true};
  assert_int_equal(f.folder.store->ops->get(f.folder.store, SRV_CAPTURE, &query, &row), SRV_OK);
  return row;
}

static void assert_bytes(const struct srv_capture *capture, const void *data, size_t size) {
  struct srv_blob_view view;
  uint8_t digest[GW_DIGEST_SIZE];
  assert_ok(f.core, srv_core_open_capture(f.core, capture, &view));
  assert_int_equal(view.size, size);
  assert_int_equal(capture->size_bytes, size);
  assert_memory_equal(view.data, data, size);
  srv_core_release_blob(f.core, &view);
  mbedtls_sha256(data, size, digest, 0);
  assert_memory_equal(capture->digest, digest, sizeof(digest));
}

/* Files in blobs/, temporary ones too. */
static size_t count_files(const char *folder) {
  size_t count = 0;
  DIR *handle = opendir(folder);
  assert_non_null(handle);
  for (struct dirent *entry; (entry = readdir(handle)) != NULL;) {
    char path[700];
    if (entry->d_name[0] == '.') continue;
    assert_true(snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) < (int)sizeof(path));
    count += entry->d_type == DT_DIR ? count_files(path) : 1;
  }
  closedir(handle);
  return count;
}

static size_t blob_files(void) {
  char path[600];
  snprintf(path, sizeof(path), "%s/data/blobs", test_temporary_folder());
  return count_files(path);
}

/* Deterministic bytes that are nothing in particular. */
static const uint8_t *noise(size_t size) {
  static uint8_t bytes[300000];
  uint32_t state = 1;
  assert_true(size <= sizeof(bytes));
  for (size_t i = 0; i < size; i++) {
    state = state * 1664525u + 1013904223u;
    bytes[i] = (uint8_t)(state >> 24);
  }
  return bytes;
}

/* --- paths, sizes --------------------------------------------------------------- */

TEST(a_path_that_leads_elsewhere_is_refused) {
  begin();
  char longest[SRV_STREAM_PATH_MAX + 2];
  memset(longest, 'a', sizeof(longest));
  longest[sizeof(longest) - 1] = 0;
  const char *const bad[] = {"..", "a/../b", "../a",  "a/..",     ".",     "a//b", "/a",
                             "a/", "a\nb",   "a\x7f", "\xff\xfe", "a/./b", "/",    longest};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    if (send_text(bad[i], "x") != SRV_ERR_INVALID) fail_msg("taken: %s", bad[i]);
  }
  assert_int_equal(captures(), 0);
  longest[SRV_STREAM_PATH_MAX] = 0;
  const char *const good[] = {"",     "a", "a/b", "..a", "a..", "...", "gr\xc3\xbc\xc3\x9fung/x y",
                              longest};
  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
    assert_ok(f.core, send_text(good[i], "x"));
    assert_string_equal(newest().path, good[i]);
  }
  end();
}

TEST(bytes_come_back_as_they_were_sent_at_every_size_around_the_rows_limit) {
  static const size_t sizes[] = {0, 1, 1023, 1024, 1025, 4095, 4096, 4097, 32044, 300000};
  begin();
  for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
    assert_ok(f.core, send("audio", SRV_FORMAT_NONE, noise(sizes[i]), sizes[i]));
    struct srv_capture row = newest();
    assert_int_equal(row.inline_size, sizes[i] <= SRV_CAPTURE_INLINE_MAX ? sizes[i] : 0);
    assert_bytes(&row, noise(sizes[i]), sizes[i]);
  }
  assert_int_equal(blob_files(), 3);
  core_fixture_restart(&f);
  struct srv_capture row = newest();
  assert_bytes(&row, noise(300000), 300000);
  assert_int_equal(blob_files(), 3);
  end();
}

TEST(one_byte_more_than_a_capture_may_have_is_refused_and_leaves_nothing) {
  begin();
  struct srv_capture_upload *upload = NULL;
  assert_ok(f.core, srv_core_capture_begin(f.core, &ref, "", SRV_FORMAT_NONE, &upload));
  for (size_t done = 0; done < SRV_CAPTURE_SIZE_MAX; done += 262144) {
    assert_ok(f.core, srv_core_capture_append(upload, noise(262144), 262144));
  }
  assert_int_equal(srv_core_capture_append(upload, "x", 1), SRV_ERR_TOO_LARGE);
  srv_core_capture_abort(upload);
  assert_int_equal(captures(), 0);
  assert_int_equal(blob_files(), 0);
  end();
}

TEST(five_hundred_small_uploads_at_once_need_no_file) {
  begin();
  static struct srv_capture_upload *upload[500];
  for (size_t i = 0; i < 500; i++) {
    assert_ok(f.core, srv_core_capture_begin(f.core, &ref, "", SRV_FORMAT_NONE, &upload[i]));
    assert_ok(f.core, srv_core_capture_append(upload[i], noise(4096), 4096));
  }
  assert_int_equal(blob_files(), 0);
  for (size_t i = 0; i < 500; i++) srv_core_capture_abort(upload[i]);
  assert_int_equal(captures(), 0);
  end();
}

TEST(an_upload_of_a_device_that_was_deleted_meanwhile_leaves_nothing) {
  begin();
  struct srv_capture_upload *small = NULL, *large = NULL;
  assert_ok(f.core, srv_core_capture_begin(f.core, &ref, "", SRV_FORMAT_NONE, &small));
  assert_ok(f.core, srv_core_capture_begin(f.core, &ref, "", SRV_FORMAT_NONE, &large));
  assert_ok(f.core, srv_core_capture_append(small, "x", 1));
  assert_ok(f.core, srv_core_capture_append(large, noise(9000), 9000));
  assert_ok(f.core, srv_core_delete_device(f.core, P, ref.device_id));
  assert_int_equal(srv_core_capture_finish(small), SRV_ERR_NOT_FOUND);
  assert_int_equal(srv_core_capture_finish(large), SRV_ERR_NOT_FOUND);
  assert_int_equal(captures(), 0);
  assert_int_equal(blob_files(), 0);
  end();
}

/* --- provenance ---------------------------------------------------------------------- */

/* A map of what is said, then the head of a byte string of that size. */
static size_t head_of(uint8_t *out, size_t size, size_t content_size) {
  struct gw_cbor_writer writer;
  gw_cbor_writer_init(&writer, out, size);
  gw_cbor_write_map(&writer, 7);
  gw_cbor_write_text(&writer, "model");
  gw_cbor_write_text(&writer, "model@1.0.0");
  gw_cbor_write_text(&writer, "heard");
  gw_cbor_write_text(&writer, "yes");
  gw_cbor_write_text(&writer, "score");
  gw_cbor_write_uint(&writer, 128);
  gw_cbor_write_text(&writer, "time");
  gw_cbor_write_uint(&writer, 1700000000123456u);
  gw_cbor_write_text(&writer, "trigger");
  gw_cbor_write_text(&writer, "band");
  gw_cbor_write_text(&writer, "features");
  gw_cbor_write_bytes(&writer, "\x01\x02\x03\x04\x05\x06\x07\xff", 8);
  gw_cbor_write_text(&writer, "gain");
  gw_cbor_write_double(&writer, 0.1);
  uint8_t string[9 + 2] = {0x5A, (uint8_t)(content_size >> 24), (uint8_t)(content_size >> 16),
                           (uint8_t)(content_size >> 8), (uint8_t)content_size};
  int length = gw_cbor_writer_finish(&writer);
  assert_true(length > 0 && (size_t)length + 5 <= size);
  memcpy(out + length, string, 5);
  return (size_t)length + 5;
}

static void assert_provenance(const struct srv_capture *row) {
  assert_string_equal(row->model_package, "model");
  assert_string_equal(row->model_version, "1.0.0");
  assert_string_equal(row->heard, "yes");
  assert_int_equal(row->score_permille, 502);
  assert_true(row->device_time_us == INT64_C(1700000000123456));
  assert_string_equal(row->provenance,
                      "{\"model\":\"model@1.0.0\",\"heard\":\"yes\",\"score\":128,"
                      "\"time\":1700000000123456,\"trigger\":\"band\","
                      "\"features\":\"01020304050607ff\",\"gain\":0.1}");
}

TEST(provenance_is_read_whatever_the_pieces_and_the_content_stands_alone) {
  static const size_t pieces[] = {1, 2, 3, 7, 64, 1024, 100000};
  static uint8_t sequence[70000];
  begin();
  for (size_t content = 0; content <= 5000; content += 2500) {
    size_t head = head_of(sequence, sizeof(sequence), content);
    memcpy(sequence + head, noise(content), content);
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
      assert_ok(f.core, send_pieces("audio", 63, sequence, head + content, pieces[i]));
      struct srv_capture row = newest();
      assert_provenance(&row);
      assert_bytes(&row, noise(content), content);
    }
  }
  end();
}

TEST(a_sequence_that_is_cut_anywhere_is_refused_and_leaves_nothing) {
  static uint8_t sequence[6000];
  begin();
  size_t head = head_of(sequence, sizeof(sequence), 5000);
  memcpy(sequence + head, noise(5000), 5000);
  for (size_t size = 0; size < head + 5000; size += size < head + 10 ? 1 : 997) {
    if (send_pieces("a", 63, sequence, size, 100) != SRV_ERR_INVALID) fail_msg("%zu bytes", size);
  }
  sequence[head + 5000] = 0;
  assert_int_equal(send("a", 63, sequence, head + 5001), SRV_ERR_INVALID);
  assert_int_equal(captures(), 0);
  assert_int_equal(blob_files(), 0);
  assert_ok(f.core, send("a", 63, sequence, head + 5000));
  end();
}

struct bad_sequence {
  const char *what, *bytes;
  size_t size;
};
#define BAD(what, bytes) \
  { what, bytes, sizeof(bytes) - 1 }

TEST(what_is_no_provenance_is_refused) {
  static const struct bad_sequence bad[] = {
      BAD("an array", "\x80\x41x"),
      BAD("a string alone", "\x41x"),
      BAD("text for bytes", "\xA0\x61x"),
      BAD("bytes in chunks", "\xA0\x5F\x41x\xFF"),
      BAD("a key that is a number", "\xA1\x01\x02\x41x"),
      BAD("a key twice", "\xA2\x61k\x01\x61k\x02\x41x"),
      BAD("a key with a zero", "\xA1\x61\x00\x02\x41x"),
      BAD("text that is not UTF-8", "\xA1\x61k\x61\xFF\x41x"),
      BAD("a model without a version", "\xA1\x65model\x63xyz\x41x"),
      BAD("a model that is a number", "\xA1\x65model\x01\x41x"),
      BAD("a score of 256", "\xA1\x65score\x19\x01\x00\x41x"),
      BAD("a score below zero", "\xA1\x65score\x20\x41x"),
      BAD("a score that is text",
          "\xA1\x65score\x61"
          "1\x41x"),
      BAD("a time below zero", "\xA1\x64time\x20\x41x"),
      BAD("heard: a control character", "\xA1\x65heard\x61\x07\x41x"),
      BAD("a tag first", "\xC0\xA0\x41x"),
      BAD("nine maps inside each other",
          "\xA1\x61k\xA1\x61k\xA1\x61k\xA1\x61k\xA1\x61k\xA1\x61k\xA1\x61k\xA1\x61k\xA0\x41x"),
      BAD("a stray break", "\xFF\x41x"),
  };
  begin();
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    for (size_t piece = 1; piece < 100; piece += 98) {
      int status = send_pieces("a", 63, bad[i].bytes, bad[i].size, piece);
      if (status != SRV_ERR_INVALID) fail_msg("%s: %d", bad[i].what, status);
    }
  }
  assert_ok(f.core, send("a", 63, "\xBF\xFF\x41x", 4)); /* indefinite, and empty */
  assert_string_equal(newest().provenance, "{}");
  end();
}

TEST(provenance_without_end_and_a_content_too_large_are_refused_at_once) {
  begin();
  static uint8_t endless[100000];
  struct srv_capture_upload *upload = NULL;
  memset(endless, 0x61, sizeof(endless));
  memcpy(endless, "\xBF\x61k\x5A\x00\x01\x00\x00", 8); /* one value of 65,536 bytes */
  assert_ok(f.core, srv_core_capture_begin(f.core, &ref, "", 63, &upload));
  assert_int_equal(srv_core_capture_append(upload, endless, sizeof(endless)), SRV_ERR_INVALID);
  srv_core_capture_abort(upload);
  assert_ok(f.core, srv_core_capture_begin(f.core, &ref, "", 63, &upload));
  assert_int_equal(srv_core_capture_append(upload, "\xA0\x5B\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 10),
                   SRV_ERR_TOO_LARGE);
  srv_core_capture_abort(upload);
  end();
}

TEST(numbers_that_json_has_not_become_null_or_a_float) {
  begin();
  static const char bytes[] =
      "\xA5\x61"
      "a\xF9\x7E\x00\x61"
      "b\xF9\x7C\x00\x61"
      "c\x1B\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x61"
      "d\xF7\x61"
      "e\xF9\x3C\x00\x40";
  assert_ok(f.core, send("a", 63, bytes, sizeof(bytes) - 1));
  assert_string_equal(newest().provenance,
                      "{\"a\":null,\"b\":null,\"c\":1.8446744073709552e+19,\"d\":null,\"e\":1.0}");
  assert_int_equal(newest().score_permille, -1);
  end();
}

/* --- what ran then ----------------------------------------------------------------------- */

static void report(const char *package, const char *version) {
  struct gw_report row = {.state = 0};
  snprintf(row.package, sizeof(row.package), "%s", package);
  snprintf(row.version, sizeof(row.version), "%s", version);
  f.now_us += 1000000;
  assert_ok(f.core, srv_core_report(f.core, &ref, &row));
}

TEST(without_a_word_of_the_device_its_last_report_says_which_model_ran) {
  begin();
  assert_ok(f.core, send_text("a", "before any report"));
  assert_string_equal(newest().model_package, "");
  report("model", "1.0.0");
  report("main", "9.9.9");
  assert_ok(f.core, send_text("a", "no artifact is known"));
  assert_string_equal(newest().model_package, "main");
  assert_string_equal(newest().model_version, "9.9.9");
  struct srv_artifact model = make_artifact(&f, "model", "1.0.0");
  model.is_model = true;
  assert_int_equal(f.folder.store->ops->update(f.folder.store, SRV_ARTIFACT, &model), SRV_OK);
  assert_ok(f.core, send_text("a", "a model before firmware"));
  assert_string_equal(newest().model_package, "model");
  assert_string_equal(newest().model_version, "1.0.0");
  end();
}

/* --- what it is --------------------------------------------------------------------------- */

struct sample {
  const char *type, *bytes;
  size_t size;
  uint16_t format;
};
#define SAMPLE(type, bytes, format) \
  { type, bytes, sizeof(bytes) - 1, format }

TEST(what_bytes_are_is_seen_and_not_believed) {
  static const struct sample samples[] = {
      SAMPLE("audio/wav", "RIFF\x24\x00\x00\x00WAVEfmt ", 42),
      SAMPLE("application/octet-stream", "RIFF\x24\x00\x00\x00WEBP", 42),
      SAMPLE("image/jpeg", "\xff\xd8\xff\xe0\x00\x10JFIF", 50),
      SAMPLE("image/png", "\x89PNG\r\n\x1a\n\x00\x00", 60),
      SAMPLE("image/gif", "GIF89a\x01\x00\x01\x00", 0),
      SAMPLE("image/bmp",
             "BM\x3a\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00\x01"
             "\x00\x00\x00\x01\x00\x00\x00\x01\x00\x18\x00",
             42),
      SAMPLE("text/plain", "BMW is no picture, it is a text", 42),
      SAMPLE("image/x-portable-anymap", "P5\n2 2\n255\n\x00\x01\x02\x03", 42),
      SAMPLE("audio/flac", "fLaC\x00\x00\x00\x22", 42),
      SAMPLE("audio/ogg", "OggS\x00\x02", 42),
      SAMPLE("audio/mpeg", "ID3\x04\x00", 42),
      SAMPLE("application/json", " {\"a\": [1, 2.5, null]}\n", 50),
      SAMPLE("application/json", "[]", 60),
      SAMPLE("text/plain", "{\"a\": ", 50),
      SAMPLE("text/plain", "{\"a\": 1} and more", 50),
      SAMPLE("text/plain", "temp\xc3\xa9rature: 21\r\n", 0),
      SAMPLE("application/octet-stream", "temp\xc3", 0),
      SAMPLE("application/octet-stream",
             "a\x00"
             "b",
             0),
      SAMPLE("application/cbor", "\xa1\x61t\x15", 60),
      SAMPLE("application/octet-stream", "\xa1\x61t\x15", 42),
      SAMPLE("application/octet-stream", "\xa1\x61t\x15\xff", 60),
      SAMPLE("application/octet-stream", "", 60),
  };
  begin();
  for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
    const struct sample *sample = &samples[i];
    assert_ok(f.core, send("a", sample->format, sample->bytes, sample->size));
    assert_string_equal(newest().content_type, sample->type);
  }
  end();
}

TEST(brackets_without_end_are_text_and_do_not_exhaust_the_stack) {
  begin();
  static char brackets[60000];
  memset(brackets, '[', sizeof(brackets));
  assert_ok(f.core, send("a", 50, brackets, sizeof(brackets)));
  assert_string_equal(newest().content_type, "text/plain");
  end();
}

/* --- blobs that are shared -------------------------------------------------------------- */

static void delete_newest(void) {
  struct srv_capture row = newest();
  assert_ok(f.core, srv_core_delete_capture(f.core, P, row.id));
}

TEST(the_same_bytes_twice_are_one_blob_that_stays_until_the_last_goes) {
  begin();
  assert_ok(f.core, send("a", 42, noise(10000), 10000));
  assert_ok(f.core, send("b", 42, noise(10000), 10000));
  assert_int_equal(blob_files(), 1);
  delete_newest();
  assert_int_equal(blob_files(), 1);
  struct srv_capture row = newest();
  assert_bytes(&row, noise(10000), 10000);
  delete_newest();
  assert_int_equal(blob_files(), 0);
  end();
}

TEST(a_blob_that_an_artifact_and_a_capture_share_outlives_either) {
  begin();
  for (int artifact_first = 0; artifact_first < 2; artifact_first++) {
    struct srv_artifact artifact = {.project_id = P, .package = "asset"};
    snprintf(artifact.version, sizeof(artifact.version), "1.0.%d", artifact_first);
    assert_ok(f.core, srv_core_create_artifact(f.core, &artifact, noise(10000), 10000, true));
    assert_ok(f.core, send("a", 42, noise(10000), 10000));
    assert_int_equal(blob_files(), 1);
    struct srv_capture row = newest();
    struct srv_blob_view view;
    if (artifact_first) {
      assert_ok(f.core, srv_core_delete_artifact(f.core, P, artifact.id));
      core_fixture_restart(&f); /* the sweep knows of captures */
      assert_bytes(&row, noise(10000), 10000);
      assert_ok(f.core, srv_core_delete_capture(f.core, P, row.id));
    } else {
      assert_ok(f.core, srv_core_delete_capture(f.core, P, row.id));
      core_fixture_restart(&f);
      assert_ok(f.core, srv_core_open_artifact(f.core, &artifact, &view));
      srv_core_release_blob(f.core, &view);
      assert_ok(f.core, srv_core_delete_artifact(f.core, P, artifact.id));
    }
    assert_int_equal(blob_files(), 0);
  }
  end();
}

TEST(a_small_capture_of_an_artifacts_bytes_holds_no_blob) {
  begin();
  struct srv_artifact artifact = {.project_id = P, .package = "asset", .version = "1.0.0"};
  assert_ok(f.core, srv_core_create_artifact(f.core, &artifact, "small", 5, true));
  assert_ok(f.core, send_text("a", "small"));
  assert_ok(f.core, srv_core_delete_artifact(f.core, P, artifact.id));
  assert_int_equal(blob_files(), 0);
  struct srv_capture row = newest();
  assert_bytes(&row, "small", 5);
  end();
}

TEST(a_deleted_device_takes_its_blobs_along_but_not_those_of_others) {
  begin();
  struct srv_device_ref first = ref;
  assert_ok(f.core, send("a", 42, noise(10000), 10000));
  assert_ok(f.core, send("a", 42, noise(20000), 20000));
  assert_ok(f.core, send("a", 42, noise(10), 10));
  struct srv_device other = make_device(&f, "other", NULL, NULL);
  ref = ref_of(&other);
  assert_ok(f.core, send("a", 42, noise(10000), 10000));
  assert_int_equal(blob_files(), 2);
  assert_ok(f.core, srv_core_delete_device(f.core, P, first.device_id));
  assert_int_equal(captures(), 1);
  assert_int_equal(blob_files(), 1);
  struct srv_capture row = newest();
  assert_bytes(&row, noise(10000), 10000);
  end();
}

/* --- crashes and full disks ---------------------------------------------------------------- */

TEST(a_crash_between_bytes_and_commit_leaves_no_orphan_after_the_next_start) {
  begin();
  srv_core_batch_begin(f.core);
  assert_ok(f.core, send("a", 42, noise(10000), 10000));
  struct srv_blobs *blobs = f.folder.blobs;
  assert_int_equal(blobs->ops->publish(blobs, f.core->pending, f.core->pending_count), SRV_OK);
  f.core->pending_count = 0;
  assert_int_equal(blob_files(), 1);
  f.folder.store->ops->rollback(f.folder.store); /* as if power had failed now */
  f.core->batch_open = false;
  f.core->batch_depth = 0;
  core_fixture_restart(&f);
  assert_int_equal(captures(), 0);
  assert_int_equal(blob_files(), 0);
  end();
}

static void limit_file_size(rlim_t bytes) {
  struct rlimit limit;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
  limit.rlim_cur = bytes;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

TEST(a_full_disk_says_no_space_and_takes_captures_again_when_there_is_room) {
  signal(SIGXFSZ, SIG_IGN);
  begin();
  limit_file_size(8192);
  assert_int_equal(send("a", 42, noise(30000), 30000), SRV_ERR_NO_SPACE);
  assert_int_equal(send("a", 42, noise(4000), 4000), SRV_ERR_NO_SPACE); /* the row */
  limit_file_size(RLIM_INFINITY);
  assert_int_equal(blob_files(), 0);
  assert_int_equal(captures(), 0);
  assert_ok(f.core, send("a", 42, noise(30000), 30000));
  end();
}

/* On a disk without any room SQLite cannot even delete. */
TEST(devices_leave_the_last_of_the_disk_to_the_operator) {
  begin();
  assert_ok(f.core, send("a", 42, noise(9000), 9000));
  struct srv_capture_upload *upload = NULL;
  assert_ok(f.core, srv_core_capture_begin(f.core, &ref, "a", 42, &upload));
  assert_ok(f.core, srv_core_capture_append(upload, noise(9000), 9000));
  f.core->disk_reserve = UINT64_MAX;
  assert_int_equal(srv_core_capture_append(upload, noise(1024), 1024), SRV_ERR_NO_SPACE);
  srv_core_capture_abort(upload);
  assert_int_equal(send_text("a", "small"), SRV_ERR_NO_SPACE);
  assert_int_equal(srv_core_device_log(f.core, &ref, SRV_DEVICE_INFO, "m", "t", ""),
                   SRV_ERR_NO_SPACE);
  assert_non_null(strstr(srv_core_error(f.core), "32 MiB"));
  struct srv_capture row = newest();
  assert_ok(f.core, srv_core_label_capture(f.core, &row, "yes"));
  delete_newest();
  assert_int_equal(captures(), 0);
  assert_int_equal(blob_files(), 0);
  end();
}

static size_t lines_of(FILE *file) {
  size_t lines = 0;
  rewind(file);
  for (int c; (c = fgetc(file)) != EOF;) lines += c == '\n';
  return lines;
}

/* Else devices alone would know. */
TEST(a_full_disk_stands_in_the_log_once_a_minute) {
  int errors = dup(STDERR_FILENO);
  FILE *log = tmpfile();
  assert_non_null(log);
  begin();
  f.core->disk_reserve = UINT64_MAX;
  dup2(fileno(log), STDERR_FILENO);
  for (int i = 0; i < 100; i++) assert_int_equal(send_text("a", "x"), SRV_ERR_NO_SPACE);
  size_t first = lines_of(log);
  f.now_us += INT64_C(61) * 1000000;
  for (int i = 0; i < 100; i++) assert_int_equal(send_text("a", "x"), SRV_ERR_NO_SPACE);
  size_t second = lines_of(log);
  dup2(errors, STDERR_FILENO);
  close(errors);
  assert_int_equal(first, 1);
  assert_int_equal(second, 2);
  fclose(log);
  end();
}

TEST(a_batch_that_is_not_stored_takes_its_blobs_back_but_for_those_that_others_name) {
  signal(SIGXFSZ, SIG_IGN);
  begin();
  assert_ok(f.core, send("a", 42, noise(5000), 5000));
  assert_int_equal(blob_files(), 1);
  srv_core_batch_begin(f.core);
  assert_ok(f.core, send("a", 42, noise(5000), 5000));
  assert_ok(f.core, send("a", 42, noise(6000), 6000));
  assert_int_equal(blob_files(), 3); /* two are under way */
  limit_file_size(4096);
  assert_int_equal(srv_core_batch_commit(f.core), SRV_ERR_NO_SPACE);
  limit_file_size(RLIM_INFINITY);
  assert_int_equal(captures(), 1);
  assert_int_equal(blob_files(), 1);
  struct srv_capture row = newest();
  assert_bytes(&row, noise(5000), 5000);
  end();
}

/* Files in the place of blobs, whose folders then cannot be made. */
static void block_folders(void) {
  for (unsigned first = 0; first < 256; first++) {
    char path[700];
    snprintf(path, sizeof(path), "%s/data/blobs/%02x", test_temporary_folder(), first);
    FILE *file = fopen(path, "wx");
    if (file != NULL) fclose(file);
  }
}

TEST(a_batch_whose_blobs_cannot_be_placed_is_not_stored_and_says_so) {
  begin();
  srv_core_batch_begin(f.core);
  assert_ok(f.core, send_text("a", "small"));
  assert_ok(f.core, send("a", 42, noise(5000), 5000));
  block_folders();
  assert_int_equal(srv_core_batch_commit(f.core), SRV_ERR_IO);
  assert_non_null(strstr(srv_core_error(f.core), "in place"));
  assert_int_equal(captures(), 0);
  assert_int_equal(blob_files(), 256); /* those in the way, and no temporary one */
  assert_ok(f.core, send_text("a", "small"));
  end();
}

TEST(a_batch_of_more_blobs_than_are_held_back_keeps_them_all) {
  begin();
  srv_core_batch_begin(f.core);
  for (unsigned i = 0; i < SRV_PENDING_BLOBS_MAX * 2 + 5; i++) {
    assert_ok(f.core, send("a", 42, noise(5000 + i), 5000 + i));
    assert_true(f.core->pending_count < SRV_PENDING_BLOBS_MAX);
  }
  assert_ok(f.core, srv_core_batch_commit(f.core));
  assert_int_equal(captures(), SRV_PENDING_BLOBS_MAX * 2 + 5);
  assert_int_equal(blob_files(), SRV_PENDING_BLOBS_MAX * 2 + 5);
  struct srv_capture row = newest();
  assert_bytes(&row, noise(row.size_bytes), row.size_bytes);
  end();
}

TEST(a_batch_that_failed_while_it_was_filled_is_not_stored) {
  begin();
  int failures = 0;
  srv_core_batch_begin(f.core);
  block_folders();
  for (unsigned i = 0; i < SRV_PENDING_BLOBS_MAX + 5; i++) {
    if (send("a", 42, noise(5000 + i), 5000 + i) != SRV_OK) failures++;
  }
  assert_int_equal(failures, 1);
  assert_int_equal(srv_core_batch_commit(f.core), SRV_ERR_IO);
  assert_int_equal(captures(), 0);
  assert_int_equal(blob_files(), 256);
  end();
}

TEST(an_upload_under_way_when_the_core_ends_leaves_nothing) {
  begin();
  srv_core_batch_begin(f.core);
  assert_ok(f.core, send("a", 42, noise(5000), 5000));
  core_fixture_restart(&f);
  assert_int_equal(captures(), 0);
  assert_int_equal(blob_files(), 0);
  end();
}

/* --- a day --------------------------------------------------------------------------------- */

/* Rows as if the device had sent them. */
static void add_rows(uint32_t count, uint32_t size_bytes) {
  struct srv_store *store = f.folder.store;
  assert_int_equal(store->ops->begin(store), SRV_OK);
  for (uint32_t i = 0; i < count; i++) {
    struct srv_capture row = {.size_bytes = size_bytes, .time_us = f.now_us};
    strcpy(row.project_id, P);
    strcpy(row.device_id, ref.device_id);
    srv_make_id(f.core, row.id);
    assert_int_equal(store->ops->insert(store, SRV_CAPTURE, &row), SRV_OK);
  }
  assert_int_equal(store->ops->commit(store), SRV_OK);
}

TEST(a_device_that_has_sent_its_captures_of_today_is_told_to_wait_over_a_restart_too) {
  begin();
  add_rows(SRV_CAPTURES_PER_DEVICE_DAY - 1, 0);
  assert_ok(f.core, send_text("a", "the last"));
  assert_int_equal(send_text("a", "one more"), SRV_ERR_BUSY);
  core_fixture_restart(&f);
  assert_int_equal(send_text("a", "one more"), SRV_ERR_BUSY);
  struct srv_device other = make_device(&f, "other", NULL, NULL);
  struct srv_device_ref mine = ref;
  ref = ref_of(&other);
  assert_ok(f.core, send_text("a", "another's day"));
  ref = mine;
  f.now_us += INT64_C(86400) * 1000000;
  assert_ok(f.core, send_text("a", "tomorrow"));
  end();
}

TEST(a_device_that_has_sent_its_bytes_of_today_is_told_to_wait) {
  begin();
  add_rows(1, SRV_CAPTURE_BYTES_PER_DEVICE_DAY - 5);
  struct srv_capture_upload *upload = NULL;
  assert_ok(f.core, srv_core_capture_begin(f.core, &ref, "", SRV_FORMAT_NONE, &upload));
  assert_ok(f.core, srv_core_capture_append(upload, "12345", 5));
  assert_int_equal(srv_core_capture_append(upload, "6", 1), SRV_ERR_BUSY);
  srv_core_capture_abort(upload);
  assert_ok(f.core, send_text("a", "12345"));
  assert_int_equal(send_text("a", ""), SRV_ERR_BUSY);
  end();
}

/* Else a full disk would leave devices without a day when there is room again. */
TEST(captures_of_a_batch_that_is_not_stored_do_not_count) {
  signal(SIGXFSZ, SIG_IGN);
  begin();
  add_rows(SRV_CAPTURES_PER_DEVICE_DAY - 1, 0);
  srv_core_batch_begin(f.core);
  assert_ok(f.core, send_text("a", "lost"));
  limit_file_size(4096);
  assert_int_equal(srv_core_batch_commit(f.core), SRV_ERR_NO_SPACE);
  limit_file_size(RLIM_INFINITY);
  assert_ok(f.core, send_text("a", "the last"));
  assert_int_equal(send_text("a", "one more"), SRV_ERR_BUSY);
  end();
}

TEST(uploads_open_at_once_do_not_pass_the_day_together) {
  begin();
  add_rows(SRV_CAPTURES_PER_DEVICE_DAY - 1, 0);
  struct srv_capture_upload *upload[2];
  for (int i = 0; i < 2; i++) {
    assert_ok(f.core, srv_core_capture_begin(f.core, &ref, "", SRV_FORMAT_NONE, &upload[i]));
    assert_ok(f.core, srv_core_capture_append(upload[i], noise(9000), 9000));
  }
  assert_ok(f.core, srv_core_capture_finish(upload[0]));
  assert_int_equal(srv_core_capture_finish(upload[1]), SRV_ERR_BUSY);
  assert_int_equal(blob_files(), 1);
  end();
}

static struct srv_capture_upload *open_upload(size_t size) {
  struct srv_capture_upload *upload = NULL;
  assert_ok(f.core, srv_core_capture_begin(f.core, &ref, "", SRV_FORMAT_NONE, &upload));
  assert_ok(f.core, srv_core_capture_append(upload, noise(size), size));
  return upload;
}

/* Else hundreds of them would fill the disk, and begin again a minute later. */
TEST(bytes_of_uploads_that_never_end_count_to_the_day_while_they_are_open) {
  begin();
  add_rows(1, SRV_CAPTURE_BYTES_PER_DEVICE_DAY - 20000);
  struct srv_capture_upload *first = open_upload(9000), *second = open_upload(9000);
  assert_int_equal(srv_core_capture_append(second, noise(3000), 3000), SRV_ERR_BUSY);
  assert_int_equal(send("a", 42, noise(3000), 3000), SRV_ERR_BUSY);
  srv_core_capture_abort(first);
  assert_ok(f.core, srv_core_capture_append(second, noise(3000), 3000));
  assert_ok(f.core, srv_core_capture_finish(second));
  assert_ok(f.core, send("a", 42, noise(8000), 8000));
  assert_int_equal(send_text("a", "x"), SRV_ERR_BUSY);
  end();
}

TEST(bytes_of_an_open_upload_are_remembered_of_a_device_that_has_gone) {
  begin();
  srv_core_device_online(f.core, &ref);
  add_rows(1, SRV_CAPTURE_BYTES_PER_DEVICE_DAY - 20000);
  struct srv_capture_upload *upload = open_upload(15000);
  srv_core_device_offline(f.core, &ref);
  assert_int_equal(srv_seen_flush(f.core), SRV_OK);
  for (unsigned i = 0; i < 1000; i++) { /* the table grows, and drops who is not needed */
    char id[SRV_ID_LENGTH + 1];
    snprintf(id, sizeof(id), "%024x", i);
    assert_non_null(srv_seen_of(f.core, id));
  }
  assert_int_equal(send("a", 42, noise(9000), 9000), SRV_ERR_BUSY);
  srv_core_capture_abort(upload);
  assert_ok(f.core, send("a", 42, noise(9000), 9000));
  end();
}

/* --- labels ---------------------------------------------------------------------------------- */

TEST(a_label_is_a_folders_name_and_nothing_else) {
  begin();
  assert_ok(f.core, send_text("a", "x"));
  struct srv_capture row = newest();
  char too_long[SRV_LABEL_MAX + 2];
  memset(too_long, 'a', sizeof(too_long));
  too_long[sizeof(too_long) - 1] = 0;
  const char *const bad[] = {"../x",
                             "a/b",
                             ".hidden",
                             "..",
                             ".",
                             too_long,
                             "a\nb",
                             "a\x7f",
                             "a\\b",
                             " a",
                             "a ",
                             "a.b",
                             "\xff",
                             "a:b",
                             "\xe2\x80\xaex",
                             "\xf0\x9f\x98\x80",
                             "\xc2\xa0",
                             "a\xef\xbc\x8fx",
                             "\xe2\x80\xa4\xe2\x80\xa4",
                             "a*"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    if (srv_core_label_capture(f.core, &row, bad[i]) != SRV_ERR_INVALID) fail_msg("%s", bad[i]);
  }
  assert_string_equal(newest().label, "");
  too_long[SRV_LABEL_MAX] = 0;
  const char *const good[] = {"yes",
                              "_background_",
                              "_unknown_",
                              "turn left",
                              "a-b+c_d",
                              "7",
                              "gr\xc3\xbc\xc3\x9f",
                              "\xe6\x98\xaf",
                              "\xd0\xb4\xd0\xb0",
                              "\xe0\xa4\xb9\xe0\xa4\xbe\xe0\xa4\x81",
                              too_long};
  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
    f.now_us += 1000;
    assert_ok(f.core, srv_core_label_capture(f.core, &row, good[i]));
    assert_string_equal(row.label, good[i]);
    assert_string_equal(newest().label, good[i]);
    assert_true(newest().labelled_us == f.now_us);
  }
  assert_ok(f.core, srv_core_label_capture(f.core, &row, ""));
  assert_string_equal(newest().label, "");
  assert_true(newest().labelled_us == 0);
  struct srv_capture got = newest();
  assert_bytes(&got, "x", 1);
  end();
}

TEST(a_capture_of_another_project_is_not_found) {
  begin();
  assert_ok(f.core, send_text("a", "x"));
  struct srv_capture row = newest();
  assert_int_equal(srv_core_delete_capture(f.core, "elsewhere", row.id), SRV_ERR_NOT_FOUND);
  strcpy(row.project_id, "elsewhere");
  assert_int_equal(srv_core_label_capture(f.core, &row, "yes"), SRV_ERR_NOT_FOUND);
  assert_int_equal(captures(), 1);
  end();
}

TEST(a_view_of_a_capture_outlives_its_row_and_the_capture) {
  begin();
  assert_ok(f.core, send_text("a", "small"));
  struct srv_capture *row = malloc(sizeof(*row));
  struct srv_blob_view view;
  *row = newest();
  assert_ok(f.core, srv_core_open_capture(f.core, row, &view));
  free(row);
  delete_newest();
  assert_memory_equal(view.data, "small", 5);
  srv_core_release_blob(f.core, &view);
  assert_null(view.data);
  end();
}

TEST(a_capture_that_is_deleted_after_it_was_listed_is_not_found_and_one_without_its_file_lost) {
  begin();
  struct srv_blob_view view;
  assert_ok(f.core, send("a", 42, noise(9000), 9000));
  struct srv_capture row = newest();
  delete_newest();
  assert_int_equal(srv_core_open_capture(f.core, &row, &view), SRV_ERR_NOT_FOUND);
  assert_ok(f.core, send("a", 42, noise(9000), 9000));
  row = newest();
  core_fixture_restart(&f);
  assert_ok(f.core, f.folder.blobs->ops->remove(f.folder.blobs, row.digest));
  assert_int_equal(srv_core_open_capture(f.core, &row, &view), SRV_ERR_IO);
  end();
}
