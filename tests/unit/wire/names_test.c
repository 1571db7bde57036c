/* SPDX-License-Identifier: Apache-2.0 */
/* PKG@VER, hex digests and semantic versions. */
#include "tests/support/test.h"
#include "wire/manifest.h"

static char package[GW_PACKAGE_MAX + 1];
static char version[GW_VERSION_MAX + 1];

static int parse(const char *name) { return gw_component_name_parse(name, package, version); }

TEST(name_without_at_or_with_an_empty_side_is_malformed) {
  assert_int_equal(parse(""), GW_ERR_MALFORMED);
  assert_int_equal(parse("model"), GW_ERR_MALFORMED);
  assert_int_equal(parse("@"), GW_ERR_MALFORMED);
  assert_int_equal(parse("@1.0.0"), GW_ERR_MALFORMED);
  assert_int_equal(parse("model@"), GW_ERR_MALFORMED);
  assert_int_equal(parse("model@1.0.0@"), GW_ERR_MALFORMED);
  assert_int_equal(parse("a/b@1.0.0"), GW_ERR_MALFORMED);
  assert_int_equal(parse("a@1/2"), GW_ERR_MALFORMED);
}

TEST(name_beyond_the_limits_is_too_long) {
  assert_int_equal(parse("a2345678901234567@1"), GW_ERR_TOO_LONG);
  assert_int_equal(parse("a@12345678901234567"), GW_ERR_TOO_LONG);
  assert_int_equal(parse("a234567890123456@1234567890123456"), GW_OK);
  assert_string_equal(package, "a234567890123456");
  assert_string_equal(version, "1234567890123456");
}

TEST(version_is_what_follows_the_last_at) {
  assert_int_equal(parse("model@1.1.0"), GW_OK);
  assert_string_equal(package, "model");
  assert_string_equal(version, "1.1.0");
  assert_int_equal(parse("a@b@2.0.0"), GW_OK);
  assert_string_equal(package, "a@b");
  assert_string_equal(version, "2.0.0");
  assert_int_equal(parse("@@1"), GW_OK);
  assert_string_equal(package, "@");
  assert_int_equal(parse("m@1.0.0-rc.1+b5"), GW_OK);
  assert_string_equal(version, "1.0.0-rc.1+b5");
}

TEST(uri_of_a_component_parses_back) {
  struct gw_component component = {.package = "a@b", .version = "1.0.0+x"};
  assert_int_equal(gw_component_set_uri(&component), GW_OK);
  assert_string_equal(component.uri, "/.u/c/a@b@1.0.0+x");
  assert_int_equal(parse(component.uri + 6), GW_OK);
  assert_string_equal(package, "a@b");
  assert_string_equal(version, "1.0.0+x");
}

TEST(digests_turn_into_hex_and_back_in_either_case) {
  uint8_t digest[GW_DIGEST_SIZE];
  uint8_t again[GW_DIGEST_SIZE];
  char hex[GW_DIGEST_HEX_SIZE + 1];
  for (size_t i = 0; i < GW_DIGEST_SIZE; i++) digest[i] = (uint8_t)(i * 8 + 7);
  gw_digest_to_hex(digest, hex);
  assert_string_equal(hex, "070f171f272f373f474f575f676f777f878f979fa7afb7bfc7cfd7dfe7eff7ff");
  assert_int_equal(gw_digest_from_hex(hex, 64, again), GW_OK);
  assert_memory_equal(digest, again, sizeof digest);
  for (size_t i = 0; i < 64; i++) {
    if (hex[i] >= 'a') hex[i] = (char)(hex[i] - 'a' + 'A');
  }
  memset(again, 0, sizeof again);
  assert_int_equal(gw_digest_from_hex(hex, 64, again), GW_OK);
  assert_memory_equal(digest, again, sizeof digest);
}

TEST(hex_of_the_wrong_length_or_with_another_character_is_malformed) {
  uint8_t digest[GW_DIGEST_SIZE];
  char hex[66];
  memset(hex, '0', sizeof hex);
  assert_int_equal(gw_digest_from_hex(hex, 63, digest), GW_ERR_MALFORMED);
  assert_int_equal(gw_digest_from_hex(hex, 65, digest), GW_ERR_MALFORMED);
  assert_int_equal(gw_digest_from_hex(hex, 0, digest), GW_ERR_MALFORMED);
  static const char bad[] = {'g', 'G', '/', ':', '@', '`', ' ', '\0', '\xff'};
  for (size_t i = 0; i < 64; i++) {
    for (size_t k = 0; k < sizeof bad; k++) {
      hex[i] = bad[k];
      assert_int_equal(gw_digest_from_hex(hex, 64, digest), GW_ERR_MALFORMED);
    }
    hex[i] = '0';
  }
}

/* ---- Semantic versions: the lists that semver.org gives with its grammar ---- */

TEST(valid_semantic_versions_are_valid) {
  static const char *const valid[] = {
      "0.0.4",
      "1.2.3",
      "10.20.30",
      "1.1.2-prerelease+meta",
      "1.1.2+meta",
      "1.1.2+meta-valid",
      "1.0.0-alpha",
      "1.0.0-beta",
      "1.0.0-alpha.beta",
      "1.0.0-alpha.beta.1",
      "1.0.0-alpha.1",
      "1.0.0-alpha0.valid",
      "1.0.0-alpha.0valid",
      "1.0.0-alpha-a.b-c-somethinglong+build.1-aef.1-its-okay",
      "1.0.0-rc.1+build.1",
      "2.0.0-rc.1+build.123",
      "1.2.3-beta",
      "10.2.3-DEV-SNAPSHOT",
      "1.2.3-SNAPSHOT-123",
      "1.0.0",
      "2.0.0",
      "1.1.7",
      "2.0.0+build.1848",
      "2.0.1-alpha.1227",
      "1.0.0-alpha+beta",
      "1.2.3----RC-SNAPSHOT.12.9.1--.12+788",
      "1.2.3----R-S.12.9.1--.12+meta",
      "1.2.3----RC-SNAPSHOT.12.9.1--.12",
      "1.0.0+0.build.1-rc.10000aaa-kk-0.1",
      "99999999999999999999999.999999999999999999.99999999999999999",
      "1.0.0-0A.is.legal",
      "0.0.0",
      "1.0.0+001",
      "1.0.0-0",
      "1.0.0--",
      "1.0.0-00a",
      "1.0.0-azAZ09-+azAZ09-",
  };
  for (size_t i = 0; i < sizeof valid / sizeof valid[0]; i++) {
    if (!gw_semver_is_valid(valid[i])) fail_msg("refused %s", valid[i]);
  }
}

TEST(invalid_semantic_versions_are_refused) {
  static const char *const invalid[] = {
      "",
      "1",
      "1.2",
      "1.2.3-0123",
      "1.2.3-0123.0123",
      "1.1.2+.123",
      "+invalid",
      "-invalid",
      "-invalid+invalid",
      "-invalid.01",
      "alpha",
      "alpha.beta",
      "alpha.beta.1",
      "alpha.1",
      "alpha+beta",
      "alpha_beta",
      "alpha.",
      "alpha..",
      "beta",
      "1.0.0-alpha_beta",
      "-alpha.",
      "1.0.0-alpha..",
      "1.0.0-alpha..1",
      "1.0.0-alpha...1",
      "1.0.0-alpha....1",
      "01.1.1",
      "1.01.1",
      "1.1.01",
      "1.2.3.DEV",
      "1.2-SNAPSHOT",
      "1.2.31.2.3----RC-SNAPSHOT.12.09.1--..12+788",
      "1.2-RC-SNAPSHOT",
      "-1.0.3-gamma+b7718",
      "+justmeta",
      "9.8.7+meta+meta",
      "9.8.7-whatever+meta+meta",
      "1.0.0-",
      "1.0.0+",
      "1.0.0-+b",
      "v1.0.0",
      " 1.0.0",
      "1.0.0 ",
      "1.0.0\n",
      "1..0",
      ".1.0.0",
      "1.0.0.",
      "1.0.-1",
      "00.0.0",
      "1.0.0-a.00",
      "1.0.0-\xc3\xa4",
      "1.0.0-a{",
      "1.0.0-a`",
      "1.0.0-a@",
      "1.0.0-a[",
      "1.0.0-a/",
      "1.0.0-a:",
      "99999999999999999999999.999999999999999999.9999----RC-SNAPSHOT.12.09.1----..12",
  };
  for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++) {
    if (gw_semver_is_valid(invalid[i])) fail_msg("accepted \"%s\"", invalid[i]);
  }
}

TEST(versions_order_as_semver_item_11_says) {
  static const char *const ascending[] = {
      "0.0.0-0",
      "0.0.0",
      "0.0.1",
      "0.1.0",
      "0.9.9",
      "0.10.0",
      "1.0.0--",
      "1.0.0-alpha",
      "1.0.0-alpha.1",
      "1.0.0-alpha.beta",
      "1.0.0-beta",
      "1.0.0-beta.2",
      "1.0.0-beta.11",
      "1.0.0-beta.11.0",
      "1.0.0-rc.1",
      "1.0.0",
      "1.0.1-0",
      "1.0.1-9",
      "1.0.1-10",
      "1.0.1-A",
      "1.0.1-a",
      "1.0.1-aa",
      "1.0.1",
      "2.0.0",
      "2.1.0",
      "2.1.1",
      "9.0.0",
      "10.0.0",
      "4294967296.0.0",
      "18446744073709551616.0.0",
      "18446744073709551617.0.0",
  };
  size_t count = sizeof ascending / sizeof ascending[0];
  for (size_t i = 0; i < count; i++) {
    assert_true(gw_semver_is_valid(ascending[i]));
    for (size_t k = 0; k < count; k++) {
      int order = gw_semver_compare(ascending[i], ascending[k]);
      int expected = (i > k) - (i < k);
      if ((order > 0) - (order < 0) != expected) fail_msg("%s, %s", ascending[i], ascending[k]);
    }
  }
}

TEST(build_metadata_does_not_order) {
  assert_int_equal(gw_semver_compare("1.0.0+a", "1.0.0+b"), 0);
  assert_int_equal(gw_semver_compare("1.0.0+a", "1.0.0"), 0);
  assert_int_equal(gw_semver_compare("1.0.0-rc.1+a", "1.0.0-rc.1"), 0);
  assert_true(gw_semver_compare("1.0.0-rc.1+zzz", "1.0.0+a") < 0);
  assert_true(gw_semver_compare("1.0.0-rc.1+9", "1.0.0-rc.1.0") < 0);
}
