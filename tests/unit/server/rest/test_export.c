/* SPDX-License-Identifier: Apache-2.0 */
/* Exports, as the system's tar unpacks them. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/core/sha1.h"
#include "server/rest/tar.h"
#include "tests/unit/server/rest/http_fixture.h"

static struct rest_fixture f;
static char folder[512]; /* where the last export was unpacked */

#define EXPORT PP "/captures/export"
#define BYTES(text) text, strlen(text)

static void label(const char *id, const char *text) {
  struct srv_capture capture;
  assert_ok(f.core.core, srv_core_find(f.core.core, SRV_CAPTURE, P, id, &capture));
  assert_ok(f.core.core, srv_core_label_capture(f.core.core, &capture, text));
}

static const char *labelled(const struct srv_device *device, const void *data, size_t size,
                            const char *text) {
  const char *id = rest_capture(&f, device, "audio", data, size, "yes", 128);
  label(id, text);
  return id;
}

/* --- reading what came ----------------------------------------------------------------- */

static void run(const char *format, const char *a, const char *b) {
  char command[1200];
  snprintf(command, sizeof(command), "%s '%s' -C '%s'", format, a, b);
  if (system(command) != 0) fail_msg("%s", command);
}

static void unpack_bytes(const uint8_t *bytes, size_t size) {
  static int count;
  char path[600];
  snprintf(folder, sizeof(folder), "%s/export%d", test_temporary_folder(), count++);
  assert_int_equal(mkdir(folder, 0700), 0);
  snprintf(path, sizeof(path), "%s.tar", folder);
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, size, file), size);
  fclose(file);
  assert_int_equal(size % SRV_TAR_BLOCK_SIZE, 0);
  run("tar xf", path, folder);
}

static void unpack(const char *url) {
  const struct rest_answer *answer = rest_call(&f, "GET", url, NULL);
  rest_expect(answer, 200);
  assert_string_equal(answer->bytes_type, "application/x-tar");
  assert_string_equal(answer->bytes_name, "captures-default.tar");
  unpack_bytes(answer->bytes, answer->size);
}

static bool has_file(const char *name) {
  char path[700];
  snprintf(path, sizeof(path), "%s/%s", folder, name);
  return access(path, R_OK) == 0;
}

/* A text that the caller frees. */
static char *read_text(const char *name) {
  char path[700];
  size_t size;
  snprintf(path, sizeof(path), "%s/%s", folder, name);
  return (char *)test_read_file(path, &size);
}

/* The manifest's lines as a list that the caller gives back. */
static json_t *read_manifest(void) {
  char *text = read_text("manifest.jsonl"), *rest = text;
  json_t *list = json_array();
  for (char *line; (line = strtok_r(rest, "\n", &rest)) != NULL;) {
    json_t *object = json_loads(line, 0, NULL);
    assert_non_null(object);
    json_array_append_new(list, object);
  }
  free(text);
  return list;
}

static const char *text_of(const json_t *list, size_t index, const char *name) {
  const char *text = json_string_value(json_object_get(json_array_get(list, index), name));
  return text == NULL ? "" : text;
}

static size_t lines_of(const char *name) {
  char *text = read_text(name);
  size_t count = 0;
  for (const char *c = text; *c != 0; c++) count += *c == '\n';
  free(text);
  return count;
}

static void speaker_of(const struct srv_device *device, char out[9]) {
  uint8_t digest[SRV_SHA1_SIZE];
  srv_sha1(device->id, strlen(device->id), digest);
  snprintf(out, 9, "%02x%02x%02x%02x", digest[0], digest[1], digest[2], digest[3]);
}

/* --- parts ------------------------------------------------------------------------------- */

TEST(sha1_is_that_of_fips_180) {
  static const struct {
    const char *text, *digest;
  } cases[] = {
      {"", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
      {"abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
      {"0123456789012345678901234567890123456789012345678901234567890123",
       "cf0800f7644ace3cb4c3fa33388d3ba0ea3c8b6e"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    uint8_t digest[SRV_SHA1_SIZE];
    char hex[2 * SRV_SHA1_SIZE + 1];
    srv_sha1(cases[i].text, strlen(cases[i].text), digest);
    for (size_t k = 0; k < SRV_SHA1_SIZE; k++) snprintf(hex + 2 * k, 3, "%02x", digest[k]);
    assert_string_equal(hex, cases[i].digest);
  }
}

TEST(tar_headers_refuse_what_they_cannot_hold) {
  uint8_t block[SRV_TAR_BLOCK_SIZE];
  char name[102];
  memset(name, 'a', sizeof(name));
  name[101] = 0;
  assert_false(srv_tar_header(block, name, 1, 0));
  name[100] = 0;
  assert_true(srv_tar_header(block, name, 1, 0));
  assert_true(srv_tar_header(block, "a", SRV_TAR_SIZE_MAX, -5));
  assert_false(srv_tar_header(block, "a", SRV_TAR_SIZE_MAX + 1, 0));
  assert_int_equal(srv_tar_padding(0), 0);
  assert_int_equal(srv_tar_padding(1), 511);
  assert_int_equal(srv_tar_padding(512), 0);
}

/* --- whole ones ----------------------------------------------------------------------------- */

TEST(an_export_has_a_folder_a_label_and_says_where_each_file_is_from) {
  uint8_t wav[REST_WAV_SIZE], speaker_wav[REST_WAV_SIZE];
  char speaker[9], name[64];
  rest_begin(&f);
  struct srv_device kitchen = make_device(&f.core, "kitchen", NULL, NULL);
  rest_make_wav(wav, 1);
  rest_make_wav(speaker_wav, 2);
  const char *id = labelled(&kitchen, wav, sizeof(wav), "yes");
  labelled(&kitchen, speaker_wav, sizeof(speaker_wav), "yes");
  labelled(&kitchen, wav, sizeof(wav), "turn left");
  rest_capture(&f, &kitchen, "audio", wav, sizeof(wav), "yes", 1); /* has no label */
  unpack(EXPORT);

  speaker_of(&kitchen, speaker);
  snprintf(name, sizeof(name), "yes/%s_nohash_0.wav", speaker);
  char *bytes = read_text(name);
  assert_memory_equal(bytes, wav, sizeof(wav));
  free(bytes);
  json_t *manifest = read_manifest();
  assert_int_equal(json_array_size(manifest), 3);
  assert_string_equal(text_of(manifest, 0, "file"), name);
  assert_string_equal(text_of(manifest, 0, "label"), "yes");
  assert_string_equal(text_of(manifest, 0, "device"), "kitchen");
  assert_string_equal(text_of(manifest, 0, "deviceId"), kitchen.id);
  assert_string_equal(text_of(manifest, 0, "speaker"), speaker);
  assert_string_equal(text_of(manifest, 0, "captureId"), id);
  assert_string_equal(text_of(manifest, 0, "model"), "model@1.0.0");
  assert_string_equal(text_of(manifest, 0, "heard"), "yes");
  assert_string_equal(text_of(manifest, 0, "contentType"), "audio/wav");
  assert_string_equal(text_of(manifest, 0, "time"), "2023-11-14T22:13:20.000000Z");
  assert_int_equal(strlen(text_of(manifest, 0, "digest")), 64);
  const json_t *first = json_array_get(manifest, 0);
  assert_int_equal(json_integer_value(json_object_get(first, "size")), sizeof(wav));
  assert_true(json_real_value(json_object_get(first, "score")) == 0.502);
  assert_true(json_is_object(json_object_get(first, "provenance")));
  snprintf(name, sizeof(name), "yes/%s_nohash_1.wav", speaker);
  assert_string_equal(text_of(manifest, 1, "file"), name);
  snprintf(name, sizeof(name), "turn left/%s_nohash_0.wav", speaker);
  assert_string_equal(text_of(manifest, 2, "file"), name);
  for (size_t i = 0; i < 3; i++) assert_true(has_file(text_of(manifest, i, "file")));
  json_decref(manifest);
  size_t listed = lines_of("training_list.txt") + lines_of("validation_list.txt") +
                  lines_of("testing_list.txt");
  assert_int_equal(listed, 3);
  assert_false(has_file("skipped.jsonl"));
  rest_end(&f);
}

TEST(an_export_of_nothing_is_an_archive_with_empty_lists) {
  rest_begin(&f);
  unpack(EXPORT);
  assert_int_equal(lines_of("manifest.jsonl"), 0);
  assert_int_equal(lines_of("training_list.txt"), 0);
  rest_end(&f);
}

TEST(a_device_is_on_one_side_only_and_always_on_the_same) {
  rest_begin(&f);
  char name[32];
  for (int i = 0; i < 60; i++) {
    snprintf(name, sizeof(name), "device%d", i);
    struct srv_device device = make_device(&f.core, name, NULL, NULL);
    labelled(&device, BYTES("one"), "a");
    labelled(&device, BYTES("two"), "b");
  }
  unpack(EXPORT "?split=60,20,20");
  json_t *manifest = read_manifest();
  assert_int_equal(json_array_size(manifest), 120);
  for (size_t i = 0; i < 120; i++) {
    uint32_t head = (uint32_t)strtoul(text_of(manifest, i, "speaker"), NULL, 16);
    double percent = head / 4294967296.0 * 100;
    const char *wanted = percent < 20 ? "validation" : percent < 40 ? "testing" : "training";
    assert_string_equal(text_of(manifest, i, "split"), wanted);
  }
  size_t training = lines_of("training_list.txt"), validation = lines_of("validation_list.txt"),
         testing = lines_of("testing_list.txt");
  assert_int_equal(training + validation + testing, 120);
  assert_true(training > 0 && validation > 0 && testing > 0);
  char *list = read_text("testing_list.txt");
  for (size_t i = 0; i < 120; i++) {
    bool is_testing = strcmp(text_of(manifest, i, "split"), "testing") == 0;
    assert_int_equal(strstr(list, text_of(manifest, i, "file")) != NULL, is_testing);
  }
  free(list);
  json_decref(manifest);
  unpack(EXPORT "?split=100,0,0");
  assert_int_equal(lines_of("training_list.txt"), 120);
  rest_end(&f);
}

TEST(pages_of_captures_join_without_a_gap_or_a_repetition) {
  rest_begin(&f);
  struct srv_device device = make_device(&f.core, "d", NULL, NULL);
  static const size_t counts[] = {15, 16, 17, 18, 33, 34, 50}; /* a page has 16 or 17 */
  size_t made = 0;
  for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
    for (; made < counts[i]; made++) {
      char text[32];
      snprintf(text, sizeof(text), "number %zu", made);
      labelled(&device, BYTES(text), "a");
    }
    unpack(EXPORT);
    json_t *manifest = read_manifest();
    assert_int_equal(json_array_size(manifest), made);
    for (size_t k = 0; k < made; k++) {
      char wanted[32];
      char *text = read_text(text_of(manifest, k, "file"));
      snprintf(wanted, sizeof(wanted), "number %zu", k);
      assert_string_equal(text, wanted);
      free(text);
    }
    json_decref(manifest);
  }
  rest_end(&f);
}

TEST(each_kind_of_content_has_its_extension_and_keeps_its_bytes) {
  static const struct {
    const char *bytes, *extension;
    size_t size;
  } cases[] = {
      {"\xff\xd8\xff\xe0", ".jpg", 4},  {"\x89PNG\r\n\x1a\n", ".png", 8},
      {"P5 1 1 255\n\x01", ".pgm", 12}, {"P6 1 1 255\n\x01\x02\x03", ".ppm", 14},
      {"{\"a\":1}", ".json", 7},        {"hello", ".txt", 5},
      {"\x01\x02\x03", ".bin", 3},      {"", ".bin", 0},
  };
  uint8_t large[100000];
  rest_begin(&f);
  struct srv_device device = make_device(&f.core, "d", NULL, NULL);
  size_t count = sizeof(cases) / sizeof(cases[0]);
  for (size_t i = 0; i < count; i++) labelled(&device, cases[i].bytes, cases[i].size, "a");
  for (size_t i = 0; i < sizeof(large); i++) large[i] = (uint8_t)(i * i >> 3);
  label(rest_capture(&f, &device, "a", large, sizeof(large), NULL, 0), "a");
  unpack(EXPORT);
  json_t *manifest = read_manifest();
  for (size_t i = 0; i < count; i++) {
    const char *file = text_of(manifest, i, "file");
    assert_string_equal(strrchr(file, '.'), cases[i].extension);
    char path[700];
    size_t size;
    snprintf(path, sizeof(path), "%s/%s", folder, file);
    uint8_t *bytes = test_read_file(path, &size);
    assert_int_equal(size, cases[i].size);
    assert_memory_equal(bytes, cases[i].bytes, size);
    free(bytes);
  }
  char *bytes = read_text(text_of(manifest, count, "file"));
  assert_memory_equal(bytes, large, sizeof(large));
  free(bytes);
  json_decref(manifest);
  rest_end(&f);
}

TEST(filters_choose_what_is_exported) {
  rest_begin(&f);
  struct srv_device one = make_device(&f.core, "one", NULL, NULL);
  struct srv_device two = make_device(&f.core, "two", NULL, NULL);
  labelled(&one, BYTES("1"), "a");
  labelled(&one, BYTES("2"), "b");
  labelled(&two, BYTES("3"), "a");
  rest_make_others(&f);
  unpack(EXPORT "?label=a");
  assert_int_equal(lines_of("manifest.jsonl"), 2);
  unpack(EXPORT "?label=a&deviceId=two");
  assert_int_equal(lines_of("manifest.jsonl"), 1);
  unpack(EXPORT "?labelled=true&start=2023-11-14T22:13:21Z");
  assert_int_equal(lines_of("manifest.jsonl"), 2);
  rest_end(&f);
}

TEST(exports_that_make_no_sense_are_refused) {
  static const char *const bad[][2] = {
      {"split=50,50", "split"},       {"split=90,10,10", "split"},
      {"split=80,10,10,0", "split"},  {"split=-10,100,10", "split"},
      {"split=a", "split"},           {"split=4294967376,10,10", "split"},
      {"layout=coco", "layout"},      {"label=", "label"},
      {"labelled=false", "labelled"}, {"deviceId=nobody", "deviceId"},
      {"scoreMin=x", "scoreMin"},
  };
  rest_begin(&f);
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    char url[128];
    snprintf(url, sizeof(url), EXPORT "?%s", bad[i][0]);
    rest_expect_error(rest_call(&f, "GET", url, NULL), 400, 3, bad[i][1]);
  }
  for (int i = 0; i < 5; i++) unpack(EXPORT); /* none of them holds a place */
  rest_end(&f);
}

/* --- while the world goes on ------------------------------------------------------------------ */

static struct srv_request open_request;

static void open_export(void) {
  srv_request_begin(&open_request, &f.context, "GET", EXPORT);
  assert_int_equal(srv_request_authorize(&open_request, f.key), SRV_OK);
  assert_int_equal(srv_request_run(&open_request), SRV_OK);
}

static void read_rest(uint8_t *bytes, size_t capacity, size_t *size) {
  long length;
  while ((length = open_request.stream.read(open_request.stream.context, (char *)bytes + *size,
                                            capacity - *size)) > 0) {
    *size += (size_t)length;
  }
  assert_int_equal(length, 0);
  srv_request_end(&open_request);
}

TEST(captures_that_arrive_during_an_export_wait_for_the_next_and_deleted_ones_are_left_out) {
  static uint8_t bytes[1 << 20];
  size_t size = 600; /* the first header and some of its bytes */
  char ids[40][SRV_ID_LENGTH + 1];
  rest_begin(&f);
  struct srv_device device = make_device(&f.core, "d", NULL, NULL);
  struct srv_device leaving = make_device(&f.core, "leaving", NULL, NULL);
  for (int i = 0; i < 40; i++) {
    strcpy(ids[i], labelled(i == 39 ? &leaving : &device, BYTES("old"), "a"));
  }
  open_export();
  assert_int_equal(open_request.stream.count, 40);
  assert_int_equal(open_request.stream.read(open_request.stream.context, (char *)bytes, size),
                   size);
  for (int i = 0; i < 30; i++) labelled(&device, BYTES("new"), "a");
  assert_ok(f.core.core, srv_core_delete_capture(f.core.core, P, ids[20]));
  assert_ok(f.core.core, srv_core_delete_capture(f.core.core, P, ids[16])); /* a page's last */
  assert_ok(f.core.core, srv_core_delete_device(f.core.core, P, leaving.id));
  read_rest(bytes, sizeof(bytes), &size);
  unpack_bytes(bytes, size);
  json_t *manifest = read_manifest();
  size_t count = json_array_size(manifest);
  for (size_t i = 0; i < count; i++) {
    char *text = read_text(text_of(manifest, i, "file"));
    assert_string_equal(text, "old");
    free(text);
    assert_string_not_equal(text_of(manifest, i, "captureId"), ids[20]);
  }
  /* The 17th was read with the first page already; it may be in it. */
  assert_in_range(count, 37, 38);
  json_decref(manifest);
  assert_false(has_file("skipped.jsonl"));
  rest_end(&f);
}

TEST(a_capture_whose_file_is_damaged_is_left_out_by_name) {
  uint8_t large[20000];
  char command[700];
  rest_begin(&f);
  struct srv_device device = make_device(&f.core, "d", NULL, NULL);
  memset(large, 0xfe, sizeof(large));
  char id[SRV_ID_LENGTH + 1];
  strcpy(id, labelled(&device, large, sizeof(large), "a"));
  labelled(&device, BYTES("good"), "a");
  core_fixture_restart(&f.core); /* nothing is in memory any more */
  f.context.core = f.core.core;
  snprintf(command, sizeof(command),
           "find '%s' -path '*blobs*' -type f -exec truncate -s 5 '{}' ';'",
           test_temporary_folder());
  assert_int_equal(system(command), 0);
  unpack(EXPORT);
  assert_int_equal(lines_of("manifest.jsonl"), 1);
  char *skipped = read_text("skipped.jsonl");
  assert_non_null(strstr(skipped, id));
  assert_non_null(strstr(skipped, "bytes instead of"));
  free(skipped);
  rest_end(&f);
}

TEST(a_label_that_someone_else_wrote_into_the_database_leads_nowhere) {
  static const char *const bad[] = {"../up", "/root", "a/b", "..", "."};
  rest_begin(&f);
  struct srv_device device = make_device(&f.core, "d", NULL, NULL);
  struct srv_capture capture;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    const char *id = labelled(&device, BYTES("x"), "a");
    assert_ok(f.core.core, srv_core_find(f.core.core, SRV_CAPTURE, P, id, &capture));
    strcpy(capture.label, bad[i]);
    struct srv_store *store = f.core.folder.store;
    assert_int_equal(store->ops->update(store, SRV_CAPTURE, &capture), SRV_OK);
  }
  labelled(&device, BYTES("good"), "a");
  unpack(EXPORT);
  assert_int_equal(lines_of("manifest.jsonl"), 1);
  assert_int_equal(lines_of("skipped.jsonl"), 5);
  rest_end(&f);
}

TEST(only_so_many_exports_run_at_once_and_an_end_makes_room) {
  static struct srv_request requests[5];
  rest_begin(&f);
  for (int i = 0; i < 5; i++) {
    srv_request_begin(&requests[i], &f.context, "GET", EXPORT);
    assert_int_equal(srv_request_authorize(&requests[i], f.key), SRV_OK);
    assert_int_equal(srv_request_run(&requests[i]), i < 4 ? SRV_OK : SRV_ERR_BUSY);
  }
  assert_int_equal(requests[4].http_status, 503);
  for (int i = 0; i < 5; i++) srv_request_end(&requests[i]);
  unpack(EXPORT);
  rest_end(&f);
}

/* --- over a socket --------------------------------------------------------------------------- */

TEST(an_export_goes_in_chunks_and_others_are_served_meanwhile) {
  static struct http_fixture http;
  static uint8_t large[300000];
  http_begin(&http);
  f = http.base;
  f.context.core = http.base.core.core;
  struct srv_device device = make_device(&http.base.core, "d", NULL, NULL);
  for (size_t i = 0; i < sizeof(large); i++) large[i] = (uint8_t)(i * 31 >> 2);
  for (int i = 0; i < 20; i++) {
    large[0] = (uint8_t)i;
    char id[SRV_ID_LENGTH + 1];
    strcpy(id, rest_capture(&http.base, &device, "a", large, sizeof(large), NULL, 0));
    label(id, "a");
  }
  int export_fd = http_connect(&http);
  http_send(&http, export_fd, "GET", EXPORT, NULL);
  for (int i = 0; i < 10; i++) http_turn(&http, 5); /* its reader is slow */
  int other_fd = http_connect(&http);
  http_send(&http, other_fd, "GET", PP "/devices", NULL);
  struct http_answer other = http_read(&http, other_fd);
  assert_int_equal(other.status, 200);
  http_free(&other);
  struct http_answer answer = http_read(&http, export_fd);
  assert_int_equal(answer.status, 200);
  assert_true(answer.complete);
  assert_non_null(strcasestr(answer.head, "application/x-tar"));
  assert_non_null(strcasestr(answer.head, "x-total-count: 20"));
  assert_non_null(strcasestr(answer.head, "attachment; filename=\"captures-default.tar\""));
  unpack_bytes(answer.body, answer.size);
  assert_int_equal(lines_of("manifest.jsonl"), 20);
  http_free(&answer);
  http_end(&http);
}

TEST(a_reader_that_leaves_ends_its_export) {
  static struct http_fixture http;
  static uint8_t large[1000000];
  http_begin(&http);
  f = http.base;
  struct srv_device device = make_device(&http.base.core, "d", NULL, NULL);
  char id[SRV_ID_LENGTH + 1];
  for (int i = 0; i < 10; i++) {
    large[0] = (uint8_t)i;
    strcpy(id, rest_capture(&http.base, &device, "a", large, sizeof(large), NULL, 0));
    label(id, "a");
  }
  for (int i = 0; i < 6; i++) { /* more than may run at once */
    int fd = http_connect(&http);
    http_send(&http, fd, "GET", EXPORT, NULL);
    for (int turn = 0; turn < 5; turn++) http_turn(&http, 5);
    close(fd);
    for (int turn = 0; turn < 20; turn++) http_turn(&http, 5);
  }
  int fd = http_connect(&http);
  http_send(&http, fd, "GET", EXPORT, NULL);
  struct http_answer answer = http_read(&http, fd);
  assert_int_equal(answer.status, 200);
  assert_true(answer.complete);
  http_free(&answer);
  http_end(&http);
}

TEST(a_captures_content_is_sent_so_that_no_browser_runs_it) {
  static struct http_fixture http;
  static const char html[] = "<script>alert(1)</script>";
  char url[128];
  http_begin(&http);
  struct srv_device device = make_device(&http.base.core, "d", NULL, NULL);
  snprintf(url, sizeof(url), PP "/captures/%s/content",
           rest_capture(&http.base, &device, "a", BYTES(html), NULL, 0));
  int fd = http_connect(&http);
  http_send(&http, fd, "GET", url, NULL);
  struct http_answer answer = http_read(&http, fd);
  assert_int_equal(answer.status, 200);
  assert_string_equal((char *)answer.body, html);
  assert_non_null(strcasestr(answer.head, "content-type: text/plain\r\n"));
  assert_non_null(strcasestr(answer.head, "content-disposition: attachment"));
  assert_non_null(strcasestr(answer.head, "x-content-type-options: nosniff"));
  assert_non_null(strcasestr(answer.head, "content-security-policy: default-src 'none'"));
  http_free(&answer);
  http_end(&http);
}
