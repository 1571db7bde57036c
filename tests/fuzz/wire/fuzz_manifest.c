/* SPDX-License-Identifier: Apache-2.0 */
// fuzz-link: wire
/* Manifests and state reports, both on the same input: refused, or within every
 * limit and the same after a round trip. Names and versions as well. */
#include <stdlib.h>
#include <string.h>

#include "wire/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition) {
  if (!condition) abort();
}

static void check_components_equal(const struct gw_component *a, const struct gw_component *b) {
  check(strcmp(a->package, b->package) == 0 && strcmp(a->version, b->version) == 0);
  check(strcmp(a->uri, b->uri) == 0 && strcmp(a->type, b->type) == 0);
  check(a->size_bytes == b->size_bytes);
  check(memcmp(a->digest, b->digest, GW_DIGEST_SIZE) == 0);
}

static void fuzz_manifest(const uint8_t *data, size_t size) {
  struct gw_manifest manifest;
  struct gw_manifest again;
  uint8_t buffer[GW_MANIFEST_SIZE_MAX];
  if (gw_manifest_parse(data, size, &manifest) != GW_OK) return;
  size_t needed = gw_manifest_encoded_size(&manifest);
  check(needed > 0);
  int length = gw_manifest_encode(&manifest, buffer, sizeof buffer);
  check(needed <= sizeof buffer ? length == (int)needed : length == GW_ERR_NO_SPACE);
  if (length < 0) return;
  check(gw_manifest_parse(buffer, needed, &again) == GW_OK);
  check(again.sequence_number == manifest.sequence_number);
  check(again.component_count == manifest.component_count);
  for (size_t i = 0; i < manifest.component_count; i++) {
    check_components_equal(&manifest.component[i], &again.component[i]);
    check(gw_manifest_find(&manifest, manifest.component[i].package) != NULL);
  }
}

/* In pieces of any size it is the same, but for values that are too long for it. */
static void fuzz_scan(const uint8_t *data, size_t size) {
  struct gw_manifest manifest;
  struct gw_manifest_scan scan;
  bool is_good = gw_manifest_parse(data, size, &manifest) == GW_OK;
  const char *package = is_good && manifest.component_count > 0
                            ? manifest.component[manifest.component_count - 1].package
                            : "model";
  size_t piece = size > 0 ? 1 + data[size - 1] % 64u : 1;
  gw_manifest_scan_begin(&scan, package);
  for (size_t at = 0; at < size; at += piece) {
    (void)gw_manifest_scan_feed(&scan, data + at, size - at < piece ? size - at : piece);
  }
  int found = gw_manifest_scan_end(&scan);
  if (!is_good || found == GW_ERR_TOO_LONG) return;
  const struct gw_component *expected = gw_manifest_find(&manifest, package);
  check(found == (expected != NULL));
  if (expected != NULL) check_components_equal(expected, &scan.component);
}

static void fuzz_report(const uint8_t *data, size_t size) {
  struct gw_report report;
  struct gw_report again;
  uint8_t buffer[GW_REPORT_SIZE_MAX];
  if (gw_report_parse(data, size, &report) != GW_OK) return;
  int length = gw_report_encode(&report, buffer, sizeof buffer);
  check(length > 0);
  check(gw_report_parse(buffer, (size_t)length, &again) == GW_OK);
  check(again.state == report.state && again.reason == report.reason);
  check(strcmp(again.package, report.package) == 0);
  check(strcmp(again.version, report.version) == 0 && strcmp(again.target, report.target) == 0);
}

static void fuzz_names(const uint8_t *data, size_t size) {
  struct gw_component component = {0};
  char *text = malloc(size + 1);
  if (size > 0) memcpy(text, data, size);
  text[size] = '\0';
  if (gw_component_name_parse(text, component.package, component.version) == GW_OK) {
    check(gw_component_set_uri(&component) == GW_OK);
    check(strcmp(component.uri + strlen("/.u/c/"), text) == 0);
  }
  if (gw_semver_is_valid(text)) {
    check(gw_semver_compare(text, text) == 0);
    int order = gw_semver_compare(text, "1.0.0-rc.1");
    int reverse = gw_semver_compare("1.0.0-rc.1", text);
    check((order > 0) == (reverse < 0) && (order < 0) == (reverse > 0));
  }
  free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_manifest(data, size);
  fuzz_scan(data, size);
  fuzz_report(data, size);
  fuzz_names(data, size);
  return 0;
}
