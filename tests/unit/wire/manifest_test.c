/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/manifest.h"

#include "tests/unit/wire/bytes.h"
#include "wire/cbor.h"

#define ZEROS "30303030303030303030303030303030"
#define HEX_64_ZEROS ZEROS ZEROS ZEROS ZEROS
#define DIGEST_TEXT "78 40" HEX_64_ZEROS /* 64 times the digit 0 */

static int parse_hex(const char *hex, struct gw_manifest *manifest) {
  struct bytes input = bytes_from_hex(hex);
  int status = gw_manifest_parse(input.data, input.size, manifest);
  bytes_free(input);
  return status;
}

static int status_of(const char *hex) {
  struct gw_manifest manifest;
  return parse_hex(hex, &manifest);
}

static struct gw_component component(const char *package, const char *version, uint32_t size) {
  struct gw_component made = {.size_bytes = size, .type = "default"};
  snprintf(made.package, sizeof made.package, "%s", package);
  snprintf(made.version, sizeof made.version, "%s", version);
  for (size_t i = 0; i < GW_DIGEST_SIZE; i++) made.digest[i] = (uint8_t)(i * 7);
  assert_int_equal(gw_component_set_uri(&made), GW_OK);
  return made;
}

static struct gw_manifest manifest_of(size_t count, const char *package, const char *version,
                                      uint32_t size) {
  struct gw_manifest manifest = {.sequence_number = 1700000000, .component_count = count};
  for (size_t i = 0; i < count; i++) manifest.component[i] = component(package, version, size);
  return manifest;
}

/* ---- Byte-exact ---- */

TEST(encodes_one_component_with_keys_one_to_six_in_order) { /* rule 1 */
  uint8_t buffer[GW_MANIFEST_SIZE_MAX];
  struct gw_manifest manifest = {.sequence_number = 0x65256d16, .component_count = 1};
  manifest.component[0] = component("model", "1.1.0", 18000);
  memset(manifest.component[0].digest, 0xAB, GW_DIGEST_SIZE);
  struct bytes expected =
      bytes_from_hex("a3 01 1a 65256d16 02" DIGEST_TEXT
                     "03 81 a6"
                     "01 65 'model' 02 65 '1.1.0' 03 78 40"
                     "'abababababababababababababababababababababababababababababababab'"
                     "04 19 4650 05 71 '/.u/c/model@1.1.0' 06 67 'default'");
  assert_bytes_equal(buffer, gw_manifest_encode(&manifest, buffer, sizeof buffer), expected);
  bytes_free(expected);
}

TEST(reads_the_beginning_that_a_genuine_server_writes) {
  struct gw_manifest manifest;
  assert_int_equal(parse_hex("a3 01 1a 65256d16 02 78 40"
                             "'00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'"
                             "03 81 a6 01 64 'main' 02 65 '0.0.1' 03" DIGEST_TEXT
                             "04 1a 0004eec0 05 70 '/.u/c/main@0.0.1' 06 67 'mcuboot'",
                             &manifest),
                   GW_OK);
  assert_int_equal(manifest.sequence_number, 0x65256d16);
  assert_int_equal(manifest.digest[1], 0x11);
  assert_int_equal(manifest.component_count, 1);
  assert_string_equal(manifest.component[0].package, "main");
  assert_string_equal(manifest.component[0].version, "0.0.1");
  assert_string_equal(manifest.component[0].uri, "/.u/c/main@0.0.1");
  assert_string_equal(manifest.component[0].type, "mcuboot");
  assert_int_equal(manifest.component[0].size_bytes, 323264);
}

TEST(no_release_is_a_map_with_an_empty_array_and_never_null) { /* rule 2 */
  uint8_t buffer[128];
  struct gw_manifest manifest = {.sequence_number = 5};
  struct bytes expected = bytes_from_hex("a3 01 05 02" DIGEST_TEXT "03 80");
  assert_bytes_equal(buffer, gw_manifest_encode(&manifest, buffer, sizeof buffer), expected);
  assert_int_equal(gw_manifest_parse(buffer, expected.size, &manifest), GW_OK);
  assert_int_equal(manifest.component_count, 0);
  bytes_free(expected);
}

TEST(both_spellings_of_no_release_parse_and_the_others_do_not) { /* rule 2 */
  struct gw_manifest manifest;
  assert_int_equal(parse_hex("a0", &manifest), GW_OK);
  assert_int_equal(manifest.component_count, 0);
  assert_int_equal(parse_hex("bf ff", &manifest), GW_OK);
  assert_int_equal(parse_hex("a2 01 05 03 80", &manifest), GW_OK);
  assert_int_equal(manifest.sequence_number, 5);
  assert_int_equal(parse_hex("a1 02" DIGEST_TEXT, &manifest), GW_OK);
  assert_int_equal(status_of("f6"), GW_ERR_MALFORMED);
  assert_int_equal(status_of("62 'OK'"), GW_ERR_MALFORMED);
  assert_int_equal(status_of(""), GW_ERR_TRUNCATED);
  assert_int_equal(status_of("80"), GW_ERR_MALFORMED);
  assert_int_equal(status_of("a2 01 05 03 f6"), GW_ERR_MALFORMED);
}

/* ---- What must be refused ---- */

#define COMPONENT_1_TO_5 "01 61 'p' 02 61 '1' 03" DIGEST_TEXT "04 05 05 62 '/u'"

TEST(component_without_key_six_is_accepted_and_without_any_other_refused) {
  struct gw_manifest manifest;
  assert_int_equal(parse_hex("a2 01 05 03 81 a5" COMPONENT_1_TO_5, &manifest), GW_OK);
  assert_string_equal(manifest.component[0].type, "");
  assert_int_equal(status_of("a2 01 05 03 81 a4 02 61 '1' 03" DIGEST_TEXT "04 05 05 62 '/u'"),
                   GW_ERR_MISSING);
  assert_int_equal(status_of("a2 01 05 03 81 a4 01 61 'p' 03" DIGEST_TEXT "04 05 05 62 '/u'"),
                   GW_ERR_MISSING);
  assert_int_equal(status_of("a2 01 05 03 81 a4 01 61 'p' 02 61 '1' 04 05 05 62 '/u'"),
                   GW_ERR_MISSING);
  assert_int_equal(status_of("a2 01 05 03 81 a4 01 61 'p' 02 61 '1' 03" DIGEST_TEXT "05 62 '/u'"),
                   GW_ERR_MISSING);
  assert_int_equal(status_of("a2 01 05 03 81 a4 01 61 'p' 02 61 '1' 03" DIGEST_TEXT "04 05"),
                   GW_ERR_MISSING);
  assert_int_equal(status_of("a2 01 05 03 81 a0"), GW_ERR_MISSING);
}

TEST(half_a_top_map_is_missing_its_other_half) {
  assert_int_equal(status_of("a1 01 05"), GW_ERR_MISSING);
  assert_int_equal(status_of("a1 03 80"), GW_ERR_MISSING);
}

TEST(empty_package_version_or_uri_counts_as_missing) {
  assert_int_equal(status_of("a2 01 05 03 81 a5 01 60 02 61 '1' 03" DIGEST_TEXT "04 05 05 62 '/u'"),
                   GW_ERR_MISSING);
  assert_int_equal(status_of("a2 01 05 03 81 a5 01 61 'p' 02 60 03" DIGEST_TEXT "04 05 05 62 '/u'"),
                   GW_ERR_MISSING);
  assert_int_equal(status_of("a2 01 05 03 81 a5 01 61 'p' 02 61 '1' 03" DIGEST_TEXT "04 05 05 60"),
                   GW_ERR_MISSING);
}

TEST(values_of_the_wrong_type_are_malformed) {
  static const char *const bad[] = {
      "a2 01 61 '5' 03 80",
      "a2 01 20 03 80",
      "a2 01 fb 3ff0000000000000 03 80",
      "a3 01 05 02 05 03 80",
      "a2 01 05 03 a0",
      "a2 01 05 03 81 80",
      "a2 01 05 03 81 05",
      "a2 01 05 03 81 a5 01 05 02 61 '1' 03" DIGEST_TEXT "04 05 05 62 '/u'",
      "a2 01 05 03 81 a5 01 41 'p' 02 61 '1' 03" DIGEST_TEXT "04 05 05 62 '/u'",
      "a2 01 05 03 81 a5 01 61 'p' 02 61 '1' 03 58 20" ZEROS ZEROS "04 05 05 62 '/u'",
      "a2 01 05 03 81 a5 01 61 'p' 02 61 '1' 03" DIGEST_TEXT "04 20 05 62 '/u'",
      "a2 01 05 03 81 a5 01 61 'p' 02 61 '1' 03" DIGEST_TEXT "04 05 05 f6",
      "a2 01 05 03 9f ff ff",
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    if (status_of(bad[i]) != GW_ERR_MALFORMED) fail_msg("accepted: %s", bad[i]);
  }
}

TEST(digest_that_is_not_64_hex_digits_is_malformed) {
  assert_int_equal(
      status_of("a3 01 05 02 78 3f" ZEROS ZEROS ZEROS "303030303030303030303030303030 03 80"),
      GW_ERR_MALFORMED);
  assert_int_equal(
      status_of("a3 01 05 02 78 40 67" ZEROS ZEROS ZEROS "303030303030303030303030303030 03 80"),
      GW_ERR_MALFORMED);
}

TEST(text_with_nul_or_bad_utf8_is_malformed) {
  assert_int_equal(
      status_of("a2 01 05 03 81 a5 01 62 7000 02 61 '1' 03" DIGEST_TEXT "04 05 05 62 '/u'"),
      GW_ERR_MALFORMED);
  assert_int_equal(
      status_of("a2 01 05 03 81 a5 01 61 ff 02 61 '1' 03" DIGEST_TEXT "04 05 05 62 '/u'"),
      GW_ERR_MALFORMED);
}

TEST(texts_beyond_the_limits_of_published_clients_are_too_long) { /* rule 3 */
  struct gw_manifest manifest;
#define WITH(package, version, uri) \
  "a2 01 05 03 81 a6 01" package "02" version "03" DIGEST_TEXT "04 05 05" uri "06 67 'default'"
  assert_int_equal(
      parse_hex(WITH("70" ZEROS, "70" ZEROS, "78 27" ZEROS ZEROS "30303030303030"), &manifest),
      GW_OK);
  assert_int_equal(strlen(manifest.component[0].uri), GW_URI_MAX);
  assert_int_equal(status_of(WITH("71" ZEROS "30", "61 '1'", "61 '/'")), GW_ERR_TOO_LONG);
  assert_int_equal(status_of(WITH("61 'p'", "71" ZEROS "30", "61 '/'")), GW_ERR_TOO_LONG);
  assert_int_equal(status_of(WITH("61 'p'", "61 '1'", "78 28" ZEROS ZEROS "3030303030303030")),
                   GW_ERR_TOO_LONG);
  assert_int_equal(status_of("a2 01 05 03 81 a6" COMPONENT_1_TO_5 "06 68 'defaults'"),
                   GW_ERR_TOO_LONG);
}

TEST(numbers_beyond_31_bits_are_too_long_in_both_directions) {
  uint8_t buffer[GW_MANIFEST_SIZE_MAX];
  assert_int_equal(status_of("a2 01 1a 7fffffff 03 80"), GW_OK);
  assert_int_equal(status_of("a2 01 1a 80000000 03 80"), GW_ERR_TOO_LONG);
  assert_int_equal(status_of("a2 01 1b 178d1a2b3c4d5e6f 03 80"), GW_ERR_TOO_LONG); /* nanoseconds */
  struct gw_manifest manifest = manifest_of(1, "model", "1.0.0", 1);
  manifest.sequence_number = 0x80000000u;
  assert_int_equal(gw_manifest_encode(&manifest, buffer, sizeof buffer), GW_ERR_TOO_LONG);
  manifest.sequence_number = INT32_MAX;
  manifest.component[0].size_bytes = INT32_MAX;
  assert_true(gw_manifest_encode(&manifest, buffer, sizeof buffer) > 0);
  manifest.component[0].size_bytes = 0x80000000u;
  assert_int_equal(gw_manifest_encode(&manifest, buffer, sizeof buffer), GW_ERR_TOO_LONG);
  assert_int_equal(gw_manifest_encoded_size(&manifest), 0);
}

TEST(more_than_eight_components_are_too_long_in_both_directions) {
  char hex[16384] = "a2 01 05 03 89"; /* an array of nine */
  for (int i = 0; i < 9; i++) strcat(hex, "a5" COMPONENT_1_TO_5);
  assert_int_equal(status_of(hex), GW_ERR_TOO_LONG);
  hex[12] = '9';
  hex[13] = 'f'; /* of any number */
  strcat(hex, "ff");
  assert_int_equal(status_of(hex), GW_ERR_TOO_LONG);
  uint8_t buffer[GW_MANIFEST_SIZE_MAX];
  struct gw_manifest manifest = manifest_of(8, "m", "1", 1);
  manifest.component_count = 9;
  assert_int_equal(gw_manifest_encode(&manifest, buffer, sizeof buffer), GW_ERR_TOO_LONG);
}

TEST(key_given_twice_is_malformed) {
  assert_int_equal(status_of("a3 01 05 01 06 03 80"), GW_ERR_MALFORMED);
  assert_int_equal(status_of("bf 01 05 01 06 03 80 ff"), GW_ERR_MALFORMED);
  assert_int_equal(status_of("a2 01 05 03 81 a6" COMPONENT_1_TO_5 "01 61 'q'"), GW_ERR_MALFORMED);
}

TEST(key_that_cannot_be_skipped_is_refused) {
  assert_int_equal(status_of("a1 81 7f 61 61 ff 00"), GW_ERR_UNSUPPORTED);
  assert_int_equal(status_of("a1 81 ff 00"), GW_ERR_MALFORMED);
  assert_int_equal(status_of("a1 61 'x' 81 ff"), GW_ERR_MALFORMED);
}

TEST(bytes_behind_the_manifest_are_malformed) {
  assert_int_equal(status_of("a0 00"), GW_ERR_MALFORMED);
  assert_int_equal(status_of("a2 01 05 03 80 ff"), GW_ERR_MALFORMED);
}

TEST(field_without_its_nul_or_without_content_is_not_encoded) {
  uint8_t buffer[GW_MANIFEST_SIZE_MAX];
  struct gw_manifest good = manifest_of(1, "model", "1.0.0", 1);
  struct gw_manifest bad = good;
  memset(bad.component[0].package, 'x', sizeof bad.component[0].package);
  assert_int_equal(gw_manifest_encode(&bad, buffer, sizeof buffer), GW_ERR_TOO_LONG);
  bad = good;
  memset(bad.component[0].uri, 'x', sizeof bad.component[0].uri);
  assert_int_equal(gw_manifest_encode(&bad, buffer, sizeof buffer), GW_ERR_TOO_LONG);
  bad = good;
  memset(bad.component[0].version, 'x', sizeof bad.component[0].version);
  assert_int_equal(gw_component_set_uri(&bad.component[0]), GW_ERR_TOO_LONG);
  assert_int_equal(gw_manifest_encode(&bad, buffer, sizeof buffer), GW_ERR_TOO_LONG);
  bad = good;
  memset(bad.component[0].package, 'x', sizeof bad.component[0].package);
  assert_int_equal(gw_component_set_uri(&bad.component[0]), GW_ERR_TOO_LONG);
  bad = good;
  memset(bad.component[0].type, 'x', sizeof bad.component[0].type);
  assert_int_equal(gw_manifest_encode(&bad, buffer, sizeof buffer), GW_ERR_TOO_LONG);
  bad = good;
  bad.component[0].package[0] = 0;
  assert_int_equal(gw_manifest_encode(&bad, buffer, sizeof buffer), GW_ERR_MISSING);
  bad = good;
  bad.component[0].version[0] = 0;
  assert_int_equal(gw_manifest_encode(&bad, buffer, sizeof buffer), GW_ERR_MISSING);
  bad = good;
  bad.component[0].uri[0] = 0;
  assert_int_equal(gw_manifest_encode(&bad, buffer, sizeof buffer), GW_ERR_MISSING);
}

/* ---- Unknown keys ---- */

TEST(unknown_keys_are_skipped_wherever_they_stand) {
  static const char *const strangers[] = {
      "00 f6",       "04 82 01 02",    "18 63 a1 01 02", "61 'x' bf 61 'a' 00 ff", "20 40", "f5 f4",
      "82 01 02 03", "a1 01 02 9f ff", "c1 07 c1 08",    "fb 3ff199999999999a 01",
  };
  static const char *const component_strangers[] = {"00 f6", "07 82 01 02", "61 'x' 01"};
  for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
    const char *x = strangers[i];
    for (size_t k = 0; k < sizeof component_strangers / sizeof component_strangers[0]; k++) {
      const char *y = component_strangers[k];
      char hex[4096];
      struct gw_manifest manifest;
      snprintf(hex, sizeof hex,
               "bf %s 01 05 %s 02 %s %s 03 81 bf %s 01 61 'p' %s 02 61 '1' %s 03 %s %s 04 05 %s"
               "05 62 '/u' %s 06 61 'd' %s ff %s ff",
               x, x, DIGEST_TEXT, x, y, y, y, DIGEST_TEXT, y, y, y, y, x);
      assert_int_equal(parse_hex(hex, &manifest), GW_OK);
      assert_int_equal(manifest.sequence_number, 5);
      assert_int_equal(manifest.component_count, 1);
      assert_string_equal(manifest.component[0].uri, "/u");
      assert_string_equal(manifest.component[0].type, "d");
    }
  }
}

TEST(keys_may_come_in_any_order_and_maps_be_indefinite) {
  struct gw_manifest manifest;
  assert_int_equal(parse_hex("bf 03 9f bf 06 61 'd' 05 62 '/u' 04 05 03" DIGEST_TEXT
                             "02 61 '1' 01 61 'p' ff ff 02" DIGEST_TEXT "01 05 ff",
                             &manifest),
                   GW_OK);
  assert_string_equal(manifest.component[0].package, "p");
  assert_int_equal(manifest.sequence_number, 5);
}

/* ---- Size ---- */

static size_t head_size(size_t n) { return n < 24 ? 1 : n < 256 ? 2 : n < 65536 ? 3 : 5; }

static size_t formula(const struct gw_manifest *manifest) {
  size_t size = 71 + head_size(manifest->sequence_number);
  for (size_t i = 0; i < manifest->component_count; i++) {
    const struct gw_component *c = &manifest->component[i];
    size += 76 + head_size(c->size_bytes) + head_size(strlen(c->uri)) + strlen(c->package) +
            strlen(c->version) + strlen(c->uri) + strlen(c->type);
  }
  return size;
}

TEST(eight_components_of_usual_names_fit_one_datagram) { /* rule 10 */
  uint8_t buffer[GW_MANIFEST_SIZE_MAX];
  struct gw_manifest manifest = manifest_of(8, "model", "1.10.0", 30000);
  int size = gw_manifest_encode(&manifest, buffer, sizeof buffer);
  assert_true(size > 0);
  assert_true(size <= 1024);
  print_message("eight usual components: %d bytes\n", size);
}

TEST(five_components_of_the_longest_names_fit_and_six_have_no_space) {
  uint8_t buffer[2048];
  for (size_t count = 1; count <= 8; count++) {
    struct gw_manifest manifest =
        manifest_of(count, "a234567890123456", "1.0.0-rc.1+b4567", INT32_MAX);
    int size = gw_manifest_encode(&manifest, buffer, sizeof buffer);
    if (count <= 5) assert_int_equal(size, 76 + 161 * (int)count);
    if (count > 5) assert_int_equal(size, GW_ERR_NO_SPACE);
    assert_int_equal(gw_manifest_encoded_size(&manifest), 76 + 161 * count);
    assert_int_equal(strlen(manifest.component[0].uri), GW_URI_MAX);
  }
}

TEST(encode_never_passes_the_end_of_its_buffer) {
  struct gw_manifest manifest = manifest_of(2, "model", "1.0.0", 30000);
  size_t needed = gw_manifest_encoded_size(&manifest);
  for (size_t size = 0; size <= needed; size++) {
    struct bytes buffer = bytes_room(size);
    assert_int_equal(gw_manifest_encode(&manifest, buffer.data, size),
                     size == needed ? (int)needed : GW_ERR_NO_SPACE);
    bytes_free(buffer);
  }
}

/* ---- By seed ---- */

static void random_text(char *text, size_t max) {
  size_t length = 1 + test_random() % max;
  for (size_t i = 0; i < length; i++) text[i] = (char)('a' + test_random() % 26);
  text[length] = '\0';
}

static struct gw_manifest random_manifest(void) {
  struct gw_manifest manifest = {.sequence_number = test_random() >> (1 + test_random() % 31)};
  manifest.component_count = test_random() % 6;
  for (size_t i = 0; i < GW_DIGEST_SIZE; i++) manifest.digest[i] = (uint8_t)test_random();
  for (size_t i = 0; i < manifest.component_count; i++) {
    struct gw_component *c = &manifest.component[i];
    random_text(c->package, GW_PACKAGE_MAX);
    random_text(c->version, GW_VERSION_MAX);
    random_text(c->type, GW_TYPE_MAX);
    assert_int_equal(gw_component_set_uri(c), GW_OK);
    c->size_bytes = test_random() >> (1 + test_random() % 31);
    for (size_t k = 0; k < GW_DIGEST_SIZE; k++) c->digest[k] = (uint8_t)test_random();
  }
  return manifest;
}

static void assert_manifests_equal(const struct gw_manifest *a, const struct gw_manifest *b) {
  assert_int_equal(a->sequence_number, b->sequence_number);
  assert_memory_equal(a->digest, b->digest, GW_DIGEST_SIZE);
  assert_int_equal(a->component_count, b->component_count);
  for (size_t i = 0; i < a->component_count; i++) {
    assert_string_equal(a->component[i].package, b->component[i].package);
    assert_string_equal(a->component[i].version, b->component[i].version);
    assert_string_equal(a->component[i].uri, b->component[i].uri);
    assert_string_equal(a->component[i].type, b->component[i].type);
    assert_int_equal(a->component[i].size_bytes, b->component[i].size_bytes);
    assert_memory_equal(a->component[i].digest, b->component[i].digest, GW_DIGEST_SIZE);
  }
}

TEST(random_manifests_come_back_and_have_the_size_of_the_formula) {
  for (int round = 0; round < 5000; round++) {
    uint8_t buffer[GW_MANIFEST_SIZE_MAX];
    struct gw_manifest manifest = random_manifest();
    struct gw_manifest again;
    int size = gw_manifest_encode(&manifest, buffer, sizeof buffer);
    assert_int_equal(size, formula(&manifest));
    assert_int_equal(size, gw_manifest_encoded_size(&manifest));
    struct bytes input = bytes_copy(buffer, (size_t)size);
    assert_int_equal(gw_manifest_parse(input.data, input.size, &again), GW_OK);
    assert_manifests_equal(&manifest, &again);
    bytes_free(input);
  }
}

TEST(manifest_cut_at_any_byte_is_truncated) {
  uint8_t buffer[GW_MANIFEST_SIZE_MAX];
  struct gw_manifest manifest = manifest_of(3, "model", "1.0.0", 30000);
  struct gw_manifest again;
  size_t whole = (size_t)gw_manifest_encode(&manifest, buffer, sizeof buffer);
  for (size_t size = 0; size < whole; size++) {
    struct bytes part = bytes_copy(buffer, size);
    assert_int_equal(gw_manifest_parse(part.data, part.size, &again), GW_ERR_TRUNCATED);
    bytes_free(part);
  }
}

TEST(indefinite_manifest_cut_at_any_byte_is_truncated) {
  struct gw_manifest manifest;
  struct bytes whole = bytes_from_hex("bf 01 05 03 9f bf" COMPONENT_1_TO_5
                                      "06 61 'd' ff ff 18 63 bf 00 9f ff ff ff");
  assert_int_equal(gw_manifest_parse(whole.data, whole.size, &manifest), GW_OK);
  for (size_t size = 0; size < whole.size; size++) {
    struct bytes part = bytes_copy(whole.data, size);
    assert_int_equal(gw_manifest_parse(part.data, part.size, &manifest), GW_ERR_TRUNCATED);
    bytes_free(part);
  }
  bytes_free(whole);
}

TEST(mutated_manifests_are_refused_or_keep_every_limit) {
  int refused = 0;
  for (int round = 0; round < 30000; round++) {
    uint8_t buffer[GW_MANIFEST_SIZE_MAX];
    struct gw_manifest manifest = random_manifest();
    size_t size = (size_t)gw_manifest_encode(&manifest, buffer, sizeof buffer);
    for (uint32_t hits = 1 + test_random() % 3; hits > 0; hits--) {
      buffer[test_random() % size] = (uint8_t)test_random();
    }
    struct bytes input = bytes_copy(buffer, size);
    if (gw_manifest_parse(input.data, input.size, &manifest) != GW_OK)
      refused++;
    else
      assert_true(gw_manifest_encoded_size(&manifest) > 0);
    bytes_free(input);
  }
  assert_true(refused > 1000);
}

TEST(find_returns_the_component_of_a_package_or_null) {
  struct gw_manifest manifest = manifest_of(2, "model", "1.0.0", 1);
  manifest.component[1] = component("main", "2.0.0", 1);
  assert_ptr_equal(gw_manifest_find(&manifest, "main"), &manifest.component[1]);
  assert_ptr_equal(gw_manifest_find(&manifest, "model"), &manifest.component[0]);
  assert_null(gw_manifest_find(&manifest, "mode"));
  assert_null(gw_manifest_find(&manifest, "models"));
  manifest.component_count = 1;
  assert_null(gw_manifest_find(&manifest, "main"));
}

/* ---- Scanning ---- */

#define MANY 40u

/* A manifest of any number of components, package-0 to package-39. */
static size_t encode_many(uint8_t *buffer, size_t size, size_t count, bool indefinite) {
  struct gw_cbor_writer writer;
  char digest[GW_DIGEST_HEX_SIZE + 1], package[32];
  gw_cbor_writer_init(&writer, buffer, size);
  gw_cbor_write_map(&writer, 3);
  gw_cbor_write_uint(&writer, 1);
  gw_cbor_write_uint(&writer, 1700000000);
  gw_cbor_write_uint(&writer, 3);
  if (indefinite) writer.buffer[writer.length++] = 0x9f;
  if (!indefinite) gw_cbor_write_array(&writer, count);
  for (size_t i = 0; i < count; i++) {
    snprintf(package, sizeof package, "package-%u", (unsigned)i);
    struct gw_component made = component(package, "1.2.3", (uint32_t)i);
    gw_digest_to_hex(made.digest, digest);
    gw_cbor_write_map(&writer, 6);
    const char *texts[] = {made.package, made.version, digest, NULL, made.uri, made.type};
    for (unsigned key = 1; key <= 6; key++) {
      gw_cbor_write_uint(&writer, key);
      if (key == 4) gw_cbor_write_uint(&writer, made.size_bytes);
      if (key != 4) gw_cbor_write_text(&writer, texts[key - 1]);
    }
  }
  if (indefinite) writer.buffer[writer.length++] = 0xff;
  gw_cbor_write_uint(&writer, 2);
  gw_cbor_write_text(&writer, digest);
  int length = gw_cbor_writer_finish(&writer);
  assert_true(length > 0);
  return (size_t)length;
}

static int scan_in_pieces(const uint8_t *data, size_t size, size_t piece, const char *package,
                          struct gw_manifest_scan *scan) {
  gw_manifest_scan_begin(scan, package);
  for (size_t at = 0; at < size; at += piece) {
    size_t length = size - at < piece ? size - at : piece;
    int status = gw_manifest_scan_feed(scan, data + at, length);
    if (status != GW_OK) assert_int_equal(gw_manifest_scan_end(scan), status);
    if (status != GW_OK) return status;
  }
  return gw_manifest_scan_end(scan);
}

TEST(finds_each_of_many_components_in_pieces_of_any_size) {
  uint8_t buffer[8192];
  for (int indefinite = 0; indefinite < 2; indefinite++) {
    size_t size = encode_many(buffer, sizeof buffer, MANY, indefinite);
    for (size_t piece = 1; piece <= size; piece = piece * 2 + 1) {
      for (uint32_t i = 0; i < MANY; i += 13) {
        struct gw_manifest_scan scan;
        char package[32];
        snprintf(package, sizeof package, "package-%u", i);
        assert_int_equal(scan_in_pieces(buffer, size, piece, package, &scan), 1);
        assert_string_equal(scan.component.package, package);
        assert_string_equal(scan.component.type, "default");
        assert_int_equal(scan.component.size_bytes, i);
      }
    }
  }
}

TEST(a_package_that_is_not_named_among_many_is_not_found) {
  uint8_t buffer[8192];
  struct gw_manifest_scan scan;
  size_t size = encode_many(buffer, sizeof buffer, MANY, false);
  assert_int_equal(scan_in_pieces(buffer, size, 100, "package-40", &scan), 0);
  assert_int_equal(scan_in_pieces((const uint8_t *)"\xa0", 1, 1, "package-0", &scan), 0);
}

TEST(a_scan_that_ends_early_or_late_is_an_error) {
  uint8_t buffer[8192];
  struct gw_manifest_scan scan;
  size_t size = encode_many(buffer, sizeof buffer, 3, false);
  for (size_t length = 0; length < size; length++) {
    assert_int_equal(scan_in_pieces(buffer, length, 64, "package-0", &scan), GW_ERR_TRUNCATED);
  }
  buffer[size] = 0;
  assert_int_equal(scan_in_pieces(buffer, size + 1, 64, "package-0", &scan), GW_ERR_MALFORMED);
}

TEST(a_scan_refuses_what_the_parser_refuses) {
  static const char *const bad[] = {"80",
                                    "a2 01 01 01 02",
                                    "a2 01 01 03 a0",
                                    "a1 01 01",
                                    "a1 03 80",
                                    "a2 01 01 03 81 a0",
                                    "a2 01 01 03 81 a1 01 61 'm'",
                                    "a1 1b ffffffffffffffff 00 01"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct gw_manifest manifest;
    struct gw_manifest_scan scan;
    struct bytes input = bytes_from_hex(bad[i]);
    int status = gw_manifest_parse(input.data, input.size, &manifest);
    assert_true(status < 0);
    assert_int_equal(scan_in_pieces(input.data, input.size, 7, "m", &scan), status);
    bytes_free(input);
  }
}

TEST(a_value_that_is_too_long_for_the_scan_is_an_error_and_not_a_wrong_answer) {
  uint8_t buffer[1024] = {0xa1, 0x09, 0x59, 0x02, 0x00};
  struct gw_manifest_scan scan;
  assert_int_equal(scan_in_pieces(buffer, 5 + 512, 100, "m", &scan), GW_ERR_TOO_LONG);
}
