/* SPDX-License-Identifier: Apache-2.0 */
/* Shorter forms of artifacts: which are made, who is offered which, and that
 * none outlives what it was made of. */
#include "server/core/offers.h"

#include <dirent.h>
#include <mbedtls/sha256.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/core/changes.h"
#include "tests/unit/server/core/core_fixture.h"

#define SIZE 1000u

static struct core_fixture f;

/* --- an encoder that does as it is told ---------------------------------------------- */

static unsigned compressed_percent, delta_percent;
static bool encoder_fails;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER; /* held: encoding waits */

/* The bytes follow from what is encoded, so that other bytes have another id. */
static int encode(const uint8_t *base, size_t base_size, const uint8_t *result, size_t result_size,
                  uint8_t **out, size_t *out_size) {
  pthread_mutex_lock(&gate);
  pthread_mutex_unlock(&gate);
  if (encoder_fails) return -2;
  *out_size = result_size * (base == NULL ? compressed_percent : delta_percent) / 100;
  *out = malloc(*out_size);
  for (size_t i = 0; i < *out_size; i++) {
    (*out)[i] = (uint8_t)(result[i] ^ (base == NULL ? 0x55 : base[i % base_size] + 1));
  }
  return 0;
}

static void begin(void) {
  compressed_percent = 50;
  delta_percent = 10;
  core_fixture_encode = encode;
  core_fixture_begin(&f);
}

/* Lets the server run until it makes nothing any more. */
static void settle(void) {
  for (int idle = 0; idle < 20; idle++) {
    srv_core_tick(f.core);
    f.now_us += 1000000;
    struct pollfd wait = {.fd = srv_core_offers_fd(f.core), .events = POLLIN};
    if (!srv_core_offers_busy(f.core)) continue;
    assert_int_equal(poll(&wait, 1, 60000), 1);
    idle = 0;
  }
}

/* --- what there is ------------------------------------------------------------------------ */

static struct srv_artifact make_bytes(const char *version, size_t size) {
  struct srv_artifact artifact = {.project_id = P, .package = "model"};
  uint8_t *content = malloc(size);
  for (size_t i = 0; i < size; i++) content[i] = (uint8_t)(i * 7 + (size_t)version[0] * i / 3);
  for (size_t i = 0; i < strlen(version); i++) content[i] = (uint8_t)version[i];
  snprintf(artifact.version, sizeof(artifact.version), "%s", version);
  assert_ok(f.core, srv_core_create_artifact(f.core, &artifact, content, size, true));
  free(content);
  return artifact;
}

static struct srv_device_ref device_with(const char *name, const char *version) {
  struct srv_device device = make_device(&f, name, NULL, NULL);
  struct srv_device_ref ref = ref_of(&device);
  struct gw_report report = {.package = "model"};
  snprintf(report.version, sizeof(report.version), "%s", version);
  if (version[0] != 0) assert_ok(f.core, srv_core_report(f.core, &ref, &report));
  return ref;
}

static struct gw_description describe(const struct srv_device_ref *ref, const char *version) {
  struct gw_description out;
  assert_ok(f.core, srv_core_describe(f.core, ref, "model", version, &out));
  return out;
}

static const struct gw_offer *offer_in(const struct gw_description *description, uint8_t encoding) {
  for (size_t i = 0; i < description->offer_count; i++) {
    if (description->offer[i].encoding == encoding) return &description->offer[i];
  }
  return NULL;
}

static void wire_id_of(const struct gw_offer *offer, char out[SRV_WIRE_ID_LENGTH + 1]) {
  for (size_t i = 0; i < sizeof(offer->id); i++) snprintf(out + 2 * i, 3, "%02x", offer->id[i]);
}

static uint64_t row_count(void) {
  struct srv_query query = {0};
  uint64_t total;
  assert_ok(f.core, srv_core_list(f.core, SRV_OFFER, &query, NULL, NULL, &total));
  return total;
}

/* Files below blobs/, whatever their names. */
static unsigned blob_count(void) {
  char path[512];
  unsigned count = 0;
  for (unsigned first = 0; first < 256; first++) {
    snprintf(path, sizeof(path), "%s/data/blobs/%02x", test_temporary_folder(), first);
    DIR *folder = opendir(path);
    if (folder == NULL) continue;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) count += entry->d_name[0] != '.';
    closedir(folder);
  }
  return count;
}

/* "compressed ready 500, delta 1.0.0 ready 100" */
static void write_shown(void *context, const struct srv_offer_shown *offer) {
  char *text = context;
  size_t length = strlen(text);
  snprintf(text + length, 512 - length, "%s%s%s%s %s %u", length == 0 ? "" : ", ",
           offer->encoding == GW_ENCODING_DELTA ? "delta" : "compressed",
           offer->base_version[0] == 0 ? "" : " ", offer->base_version,
           srv_offer_stage_name(offer->stage), (unsigned)offer->size_bytes);
}

static void expect_shown(const struct srv_artifact *artifact, const char *expected) {
  char text[512] = "";
  assert_ok(f.core, srv_core_artifact_offers(f.core, artifact, write_shown, text));
  assert_string_equal(text, expected);
}

/* --- which are made ------------------------------------------------------------------------- */

TEST(a_rollout_is_offered_compressed_and_from_the_version_that_devices_run) {
  begin();
  make_bytes("1.0.0", SIZE);
  struct srv_device_ref old = device_with("old", "1.0.0"), bare = device_with("bare", "");
  struct srv_artifact next = make_bytes("1.1.0", SIZE);
  settle();
  assert_int_equal(row_count(), 0); /* nothing is rolled out */
  make_release(&f, next.id, NULL, NULL);
  settle();
  expect_shown(&next, "compressed ready 500, delta 1.0.0 ready 100");
  struct gw_description description = describe(&old, "1.1.0");
  assert_int_equal(description.offer_count, 2);
  assert_int_equal(description.offer[0].encoding, GW_ENCODING_DELTA); /* smallest first */
  assert_int_equal(description.offer[0].size_bytes, 100);
  assert_int_equal(description.offer[1].encoding, GW_ENCODING_COMPRESSED);
  assert_int_equal(describe(&bare, "1.1.0").offer_count, 2); /* it may have kept that one */
  core_fixture_end(&f);
}

TEST(an_offers_bytes_are_what_its_id_says_and_no_others) {
  begin();
  struct srv_artifact base = make_bytes("1.0.0", SIZE);
  struct srv_device_ref ref = device_with("d", "1.0.0");
  struct srv_artifact next = make_bytes("1.1.0", SIZE);
  make_release(&f, next.id, NULL, NULL);
  settle();
  struct gw_description description = describe(&ref, "1.1.0");
  for (size_t i = 0; i < description.offer_count; i++) {
    char wire_id[SRV_WIRE_ID_LENGTH + 1];
    uint8_t digest[32];
    struct srv_blob_view view;
    wire_id_of(&description.offer[i], wire_id);
    assert_ok(f.core, srv_core_open_offer(f.core, &ref, wire_id, &view));
    assert_int_equal(view.size, description.offer[i].size_bytes);
    mbedtls_sha256(view.data, view.size, digest, 0);
    assert_memory_equal(digest, description.offer[i].id, GW_OFFER_ID_SIZE);
    srv_core_release_blob(f.core, &view);
  }
  assert_memory_equal(offer_in(&description, GW_ENCODING_DELTA)->base, base.digest,
                      sizeof(base.digest));
  core_fixture_end(&f);
}

TEST(an_id_of_another_project_or_of_nobody_is_not_found) {
  begin();
  struct srv_artifact artifact = make_bytes("1.0.0", SIZE);
  struct srv_device_ref ref = device_with("d", "");
  make_release(&f, artifact.id, NULL, NULL);
  settle();
  struct gw_description description = describe(&ref, "1.0.0");
  char wire_id[SRV_WIRE_ID_LENGTH + 1];
  struct srv_blob_view view;
  wire_id_of(&description.offer[0], wire_id);
  struct srv_project other = {.id = "other", .name = "other"};
  assert_ok(f.core, srv_core_create_project(f.core, &other));
  struct srv_device_ref stranger = {.project_id = "other", .device_id = "x"};
  assert_int_equal(srv_core_open_offer(f.core, &stranger, wire_id, &view), SRV_ERR_NOT_FOUND);
  const char *const nobodies[] = {"",      "0123456789abcdef",  "0123456789ABCDEF",
                                  "0123g", "0123456789abcdef0", "../../../etc/pass"};
  for (size_t i = 0; i < sizeof(nobodies) / sizeof(nobodies[0]); i++) {
    assert_int_equal(srv_core_open_offer(f.core, &ref, nobodies[i], &view), SRV_ERR_NOT_FOUND);
  }
  struct gw_description out;
  assert_int_equal(srv_core_describe(f.core, &stranger, "model", "1.0.0", &out), SRV_ERR_NOT_FOUND);
  core_fixture_end(&f);
}

TEST(what_saves_less_than_a_twentieth_is_not_offered_nor_tried_again) {
  begin();
  compressed_percent = 96;
  struct srv_artifact artifact = make_bytes("1.0.0", SIZE);
  struct srv_device_ref ref = device_with("d", "");
  make_release(&f, artifact.id, NULL, NULL);
  settle();
  expect_shown(&artifact, "compressed notSmaller 960");
  assert_int_equal(describe(&ref, "1.0.0").offer_count, 0);
  assert_int_equal(blob_count(), 1);
  compressed_percent = 10;
  core_fixture_restart(&f);
  settle();
  expect_shown(&artifact, "compressed notSmaller 960");
  core_fixture_end(&f);
}

TEST(what_could_not_be_made_is_tried_again_when_the_server_starts) {
  begin();
  encoder_fails = true;
  struct srv_artifact artifact = make_bytes("1.0.0", SIZE);
  make_release(&f, artifact.id, NULL, NULL);
  settle();
  expect_shown(&artifact, "compressed failed 0");
  encoder_fails = false;
  core_fixture_restart(&f);
  expect_shown(&artifact, "compressed pending 0");
  settle();
  expect_shown(&artifact, "compressed ready 500");
  core_fixture_end(&f);
}

TEST(a_version_that_is_no_artifact_is_nothing_to_begin_from) {
  begin();
  device_with("a", "9.9.9");
  device_with("b", "0123456789012345678901234567890123456789");
  device_with("c", "not a version");
  struct srv_artifact artifact = make_bytes("1.0.0", SIZE);
  make_release(&f, artifact.id, NULL, NULL);
  settle();
  expect_shown(&artifact, "compressed ready 500");
  core_fixture_end(&f);
}

TEST(of_many_versions_the_newest_eight_are_begun_from) {
  char version[16], name[16];
  begin();
  for (int i = 0; i < 12; i++) {
    snprintf(version, sizeof(version), "1.%d.0", i);
    snprintf(name, sizeof(name), "d%d", i);
    make_bytes(version, SIZE);
    device_with(name, version);
  }
  struct srv_artifact next = make_bytes("2.0.0", SIZE);
  make_release(&f, next.id, NULL, NULL);
  settle();
  assert_int_equal(row_count(), 1 + SRV_OFFER_BASES_MAX);
  struct srv_device device = make_device(&f, "oldest", NULL, NULL);
  struct srv_device_ref ref = ref_of(&device);
  struct gw_report report = {.package = "model", .version = "1.0.0"};
  assert_ok(f.core, srv_core_report(f.core, &ref, &report));
  struct gw_description before = describe(&ref, "2.0.0"); /* wishes for its own */
  assert_int_equal(before.offer_count, GW_OFFERS_MAX);
  settle();
  assert_int_equal(row_count(), 2 + SRV_OFFER_BASES_MAX);
  struct srv_artifact oldest;
  assert_int_equal(row_count(), 10);
  struct srv_query query = {0};
  srv_query_text(&query, "project_id", SRV_EQUALS, P);
  struct gw_description after = describe(&ref, "2.0.0");
  bool own = false;
  (void)oldest;
  for (size_t i = 0; i < after.offer_count; i++) {
    for (size_t j = 0; j < before.offer_count; j++) {
      own |= memcmp(after.offer[i].id, before.offer[j].id, GW_OFFER_ID_SIZE) != 0;
    }
  }
  assert_true(own);
  core_fixture_end(&f);
}

TEST(what_nobody_would_be_sent_is_not_made_for_whoever_asks) {
  begin();
  make_bytes("1.0.0", SIZE);
  struct srv_device_ref ref = device_with("d", "");
  describe(&ref, "1.0.0"); /* no release has it */
  settle();
  assert_int_equal(row_count(), 0);
  core_fixture_end(&f);
}

/* --- what goes ------------------------------------------------------------------------------- */

TEST(a_deleted_artifact_takes_along_what_was_made_of_it_and_from_it) {
  begin();
  struct srv_artifact base = make_bytes("1.0.0", SIZE);
  device_with("d", "1.0.0");
  struct srv_artifact next = make_bytes("1.1.0", SIZE);
  struct srv_release release = make_release(&f, next.id, NULL, NULL);
  settle();
  assert_int_equal(blob_count(), 4);
  assert_ok(f.core, srv_core_delete_artifact(f.core, P, base.id));
  expect_shown(&next, "compressed ready 500");
  assert_int_equal(blob_count(), 2);
  assert_ok(f.core, srv_core_delete_release(f.core, P, release.id));
  assert_ok(f.core, srv_core_delete_artifact(f.core, P, next.id));
  assert_int_equal(row_count(), 0);
  assert_int_equal(blob_count(), 0);
  core_fixture_end(&f);
}

TEST(an_offer_is_not_served_once_its_artifact_is_deleted) {
  begin();
  struct srv_artifact artifact = make_bytes("1.0.0", SIZE);
  struct srv_device_ref ref = device_with("d", "");
  struct srv_release release = make_release(&f, artifact.id, NULL, NULL);
  struct srv_blob_view view;
  char wire_id[SRV_WIRE_ID_LENGTH + 1];
  settle();
  struct gw_description description = describe(&ref, "1.0.0");
  wire_id_of(&description.offer[0], wire_id);
  assert_ok(f.core, srv_core_open_offer(f.core, &ref, wire_id, &view));
  srv_core_release_blob(f.core, &view);
  assert_ok(f.core, srv_core_delete_release(f.core, P, release.id));
  assert_ok(f.core, srv_core_delete_artifact(f.core, P, artifact.id));
  assert_int_equal(srv_core_open_offer(f.core, &ref, wire_id, &view), SRV_ERR_NOT_FOUND);
  core_fixture_end(&f);
}

TEST(an_artifact_deleted_while_it_is_encoded_leaves_nothing) {
  begin();
  struct srv_artifact artifact = make_bytes("1.0.0", SIZE);
  struct srv_release release = make_release(&f, artifact.id, NULL, NULL);
  pthread_mutex_lock(&gate);
  for (int i = 0; i < 20 && !srv_core_offers_busy(f.core); i++) {
    srv_core_tick(f.core);
    f.now_us += 1000000;
  }
  assert_true(srv_core_offers_busy(f.core));
  assert_ok(f.core, srv_core_delete_release(f.core, P, release.id));
  assert_ok(f.core, srv_core_delete_artifact(f.core, P, artifact.id));
  pthread_mutex_unlock(&gate);
  settle();
  assert_int_equal(row_count(), 0);
  assert_int_equal(blob_count(), 0);
  core_fixture_end(&f);
}

TEST(a_base_deleted_while_it_is_encoded_from_leaves_nothing) {
  begin();
  struct srv_artifact base = make_bytes("1.0.0", SIZE);
  device_with("d", "1.0.0");
  struct srv_artifact next = make_bytes("1.1.0", SIZE);
  make_release(&f, next.id, NULL, NULL);
  pthread_mutex_lock(&gate);
  for (int i = 0; i < 20 && !srv_core_offers_busy(f.core); i++) {
    srv_core_tick(f.core);
    f.now_us += 1000000;
  }
  pthread_mutex_unlock(&gate); /* the compressed one */
  struct pollfd wait = {.fd = srv_core_offers_fd(f.core), .events = POLLIN};
  assert_int_equal(poll(&wait, 1, 60000), 1);
  pthread_mutex_lock(&gate);
  srv_core_tick(f.core); /* collects it, and begins the delta */
  assert_true(srv_core_offers_busy(f.core));
  assert_ok(f.core, srv_core_delete_artifact(f.core, P, base.id));
  pthread_mutex_unlock(&gate);
  settle();
  expect_shown(&next, "compressed ready 500");
  assert_int_equal(blob_count(), 2);
  core_fixture_end(&f);
}

TEST(a_server_that_stops_does_not_wait_for_what_it_makes) {
  begin();
  struct srv_artifact artifact = make_bytes("1.0.0", SIZE);
  make_release(&f, artifact.id, NULL, NULL);
  pthread_mutex_lock(&gate);
  for (int i = 0; i < 20 && !srv_core_offers_busy(f.core); i++) {
    srv_core_tick(f.core);
    f.now_us += 1000000;
  }
  assert_true(srv_core_offers_busy(f.core));
  core_fixture_restart(&f); /* with the gate still shut */
  expect_shown(&artifact, "compressed pending 0");
  pthread_mutex_unlock(&gate);
  settle();
  expect_shown(&artifact, "compressed ready 500");
  core_fixture_end(&f);
}

TEST(on_a_full_disk_nothing_is_kept_and_it_is_tried_again_later) {
  begin();
  struct srv_artifact artifact = make_bytes("1.0.0", SIZE);
  make_release(&f, artifact.id, NULL, NULL);
  core_fixture_fill_disk(&f, true);
  settle();
  assert_int_equal(row_count(), 0);
  assert_int_equal(blob_count(), 1);
  core_fixture_fill_disk(&f, false);
  f.now_us += INT64_C(120) * 1000000;
  settle();
  expect_shown(&artifact, "compressed ready 500");
  core_fixture_end(&f);
}

TEST(offers_survive_a_restart_and_are_not_made_again) {
  begin();
  struct srv_artifact artifact = make_bytes("1.0.0", SIZE);
  struct srv_device_ref ref = device_with("d", "");
  make_release(&f, artifact.id, NULL, NULL);
  settle();
  struct gw_description before = describe(&ref, "1.0.0");
  compressed_percent = 20;
  core_fixture_restart(&f);
  settle();
  struct gw_description after = describe(&ref, "1.0.0");
  assert_int_equal(after.offer_count, 1);
  assert_memory_equal(after.offer[0].id, before.offer[0].id, GW_OFFER_ID_SIZE);
  assert_int_equal(blob_count(), 2); /* the sweep at the start knows it */
  core_fixture_end(&f);
}

TEST(an_offer_whose_file_is_lost_is_made_again_and_not_found_meanwhile) {
  begin();
  struct srv_artifact artifact = make_bytes("1.0.0", SIZE);
  struct srv_device_ref ref = device_with("d", "");
  struct srv_blob_view view;
  struct srv_offer row;
  char wire_id[SRV_WIRE_ID_LENGTH + 1], hex[GW_DIGEST_HEX_SIZE + 1], path[512];
  make_release(&f, artifact.id, NULL, NULL);
  settle();
  struct gw_description description = describe(&ref, "1.0.0");
  wire_id_of(&description.offer[0], wire_id);
  struct srv_query query = {0};
  srv_query_text(&query, "wire_id", SRV_EQUALS, wire_id);
  assert_int_equal(f.folder.store->ops->get(f.folder.store, SRV_OFFER, &query, &row), SRV_OK);
  gw_digest_to_hex(row.digest, hex);
  snprintf(path, sizeof(path), "%s/data/blobs/%.2s/%s", test_temporary_folder(), hex, hex);
  core_fixture_restart(&f); /* nothing is in memory */
  assert_int_equal(unlink(path), 0);
  assert_int_equal(srv_core_open_offer(f.core, &ref, wire_id, &view), SRV_ERR_NOT_FOUND);
  settle();
  assert_ok(f.core, srv_core_open_offer(f.core, &ref, wire_id, &view)); /* the same bytes */
  srv_core_release_blob(f.core, &view);
  core_fixture_end(&f);
}

TEST(a_server_without_an_encoder_serves_what_was_made_before) {
  begin();
  struct srv_artifact artifact = make_bytes("1.0.0", SIZE);
  struct srv_device_ref ref = device_with("d", "");
  make_release(&f, artifact.id, NULL, NULL);
  settle();
  core_fixture_encode = NULL;
  core_fixture_restart(&f);
  assert_int_equal(srv_core_offers_fd(f.core), -1);
  srv_core_tick(f.core);
  assert_int_equal(describe(&ref, "1.0.0").offer_count, 1);
  core_fixture_end(&f);
}

TEST(an_empty_or_huge_artifact_goes_as_it_is) {
  begin();
  struct srv_artifact huge = make_bytes("1.0.0", SRV_OFFER_SIZE_MAX + 1);
  make_release(&f, huge.id, NULL, NULL);
  settle();
  assert_int_equal(row_count(), 0);
  expect_shown(&huge, "compressed tooLarge 0");
  core_fixture_end(&f);
}

/* --- what the release asks ---------------------------------------------------------------------
 */

TEST(a_device_is_told_the_policy_of_the_release_that_it_gets) {
  begin();
  struct srv_artifact artifact = make_bytes("1.0.0", SIZE), other = make_bytes("0.9.0", SIZE);
  struct srv_device_ref ref = device_with("d", "");
  struct srv_release release = {.project_id = P, .rollout = true, .artifact_count = 1};
  strcpy(release.artifact_id[0], artifact.id);
  release.policy = (struct srv_policy){.spread_fixed = true,
                                       .spread_s = 600,
                                       .shadow_windows = 500,
                                       .shadow_s = 60,
                                       .agreement_permille = 900,
                                       .latency_percent = 150,
                                       .confirm_s = 3600};
  assert_ok(f.core, srv_core_create_release(f.core, &release));
  core_fixture_restart(&f);
  struct gw_policy policy = describe(&ref, "1.0.0").policy;
  assert_int_equal(policy.spread_s, 600);
  assert_int_equal(policy.shadow_windows, 500);
  assert_int_equal(policy.shadow_s, 60);
  assert_int_equal(policy.agreement_permille, 900);
  assert_int_equal(policy.latency_percent, 150);
  assert_int_equal(policy.confirm_after_s, 3600);
  policy = describe(&ref, "0.9.0").policy; /* not of its release */
  assert_int_equal(policy.spread_s + policy.confirm_after_s + policy.shadow_windows, 0);
  release.policy.confirm_s = 60;
  assert_ok(f.core, srv_core_update_release(f.core, &release));
  assert_int_equal(describe(&ref, "1.0.0").policy.confirm_after_s, 60);
  (void)other;
  core_fixture_end(&f);
}

TEST(a_fleet_is_spread_by_its_size_and_a_handful_is_not) {
  char name[16];
  begin();
  struct srv_artifact artifact = make_bytes("1.0.0", SIZE);
  struct srv_device_ref ref = device_with("first", "");
  make_release(&f, artifact.id, NULL, NULL);
  assert_int_equal(describe(&ref, "1.0.0").policy.spread_s, 0);
  for (int i = 1; i < 101; i++) {
    snprintf(name, sizeof(name), "d%d", i);
    make_device(&f, name, NULL, NULL);
  }
  f.now_us += INT64_C(10) * 1000000;
  assert_int_equal(describe(&ref, "1.0.0").policy.spread_s, 3); /* 101 at 50 in a second */
  assert_int_equal(srv_core_spread_s(f.core, 49), 0);
  assert_int_equal(srv_core_spread_s(f.core, 10000), 200);
  assert_int_equal(srv_core_spread_s(f.core, UINT64_MAX / 2), SRV_POLICY_SECONDS_MAX);
  core_fixture_end(&f);
}
