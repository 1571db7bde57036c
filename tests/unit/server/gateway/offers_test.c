/* SPDX-License-Identifier: Apache-2.0 */
/* The whole way of a shorter form: made by the real encoder, described, loaded
 * over DTLS, decoded as a device does, and the same bytes in the end. */
#include <mbedtls/sha256.h>
#include <poll.h>
#include <stdlib.h>

#include "server/core/offers.h"
#include "server/core/patch.h"
#include "tests/unit/server/core/core_fixture.h"
#include "tests/unit/server/gateway/fixture.h"
#include "wire/description.h"
#include "wire/patch.h"

#define SIZE 40000u

static struct core_fixture server;
static struct fixture fixture, *f = &fixture;
static uint8_t base[SIZE], result[SIZE], written[SIZE];

static int write_out(void *arg, uint32_t offset, const void *data, size_t size) {
  (void)arg;
  memcpy(written + offset, data, size);
  return 0;
}

static int read_base(void *arg, uint32_t offset, void *data, size_t size) {
  (void)arg;
  memcpy(data, base + offset, size);
  return 0;
}

static int read_result(void *arg, uint32_t offset, void *data, size_t size) {
  (void)arg;
  memcpy(data, written + offset, size);
  return 0;
}

static struct srv_artifact upload(const char *version, const uint8_t *bytes) {
  struct srv_artifact artifact = {.project_id = P, .package = "model"};
  snprintf(artifact.version, sizeof artifact.version, "%s", version);
  assert_ok(server.core, srv_core_create_artifact(server.core, &artifact, bytes, SIZE, true));
  return artifact;
}

/* Weights as they are: small numbers around zero; and the same after some training. */
static void fill(void) {
  for (size_t i = 0; i < SIZE; i++) {
    base[i] = (uint8_t)(int8_t)((int)(test_random() % 16) + (int)(test_random() % 16) - 15);
    result[i] = (uint8_t)(base[i] + (test_random() % 8 == 0));
  }
}

static void settle(void) {
  for (int idle = 0; idle < 20; idle++) {
    srv_core_tick(server.core);
    server.now_us += 1000000;
    struct pollfd wait = {.fd = srv_core_offers_fd(server.core), .events = POLLIN};
    if (!srv_core_offers_busy(server.core)) continue;
    assert_int_equal(poll(&wait, 1, 60000), 1);
    idle = 0;
  }
}

static struct dtls_client *begin(void) {
  core_fixture_encode = srv_patch_encode;
  core_fixture_begin(&server);
  gateway_stand(f, (struct srv_gateway_config){.port = 0}, server.core);
  struct srv_device device = make_device(&server, "d", NULL, NULL);
  struct srv_credential credential = {.project_id = P, .key_size = 6, .identity = "d"};
  strcpy(credential.device_id, device.id);
  memcpy(credential.key, "secret", 6);
  assert_ok(server.core, srv_core_create_credential(server.core, &credential));
  struct srv_device_ref ref = ref_of(&device);
  struct gw_report report = {.package = "model", .version = "1.0.0"};
  assert_ok(server.core, srv_core_report(server.core, &ref, &report));
  fill();
  upload("1.0.0", base);
  make_release(&server, upload("1.1.0", result).id, NULL, NULL);
  settle();
  struct dtls_client_config config = {.server_port = srv_gateway_port(f->gateway),
                                      .identity = "d",
                                      .psk = "secret",
                                      .now_ms = &f->now_ms};
  return client_up_with(f, config);
}

static void end(struct dtls_client *client) {
  dtls_client_destroy(client);
  srv_gateway_destroy(f->gateway);
  core_fixture_end(&server);
}

static void load_and_decode(struct dtls_client *client, const struct gw_offer *offer) {
  static struct gw_patch patch;
  static uint8_t encoded[SIZE];
  uint8_t digest[32], base_digest[32];
  char path[40] = GW_ENCODED_PATH;
  for (size_t i = 0; i < sizeof offer->id; i++)
    snprintf(path + strlen(path), sizeof path - strlen(path), "%02x", offer->id[i]);
  bool is_delta = offer->encoding == GW_ENCODING_DELTA;
  const struct gw_patch_io io = {
      .write = write_out, .read_base = read_base, .read_result = read_result};
  mbedtls_sha256(result, SIZE, digest, 0);
  mbedtls_sha256(base, SIZE, base_digest, 0);
  size_t size = client_download(f, client, path, 6, 0, encoded, sizeof encoded);
  assert_int_equal(offer->size_bytes, size);
  memset(written, 0, sizeof written);
  gw_patch_init(&patch, &io, SIZE, digest, is_delta ? base_digest : NULL, is_delta ? SIZE : 0);
  for (uint32_t at = 0; at < size;) {
    uint32_t piece = size - at < 1024 ? (uint32_t)size - at : 1024;
    int status = gw_patch_feed(&patch, at, encoded + at, piece);
    assert_true(status >= 0);
    if (status != GW_PATCH_MORE) at += piece;
  }
  assert_true(gw_patch_done(&patch));
  assert_memory_equal(written, result, SIZE);
}

TEST(what_is_offered_decodes_to_the_artifact_compressed_and_from_what_the_device_runs) {
  static struct answer answer;
  struct dtls_client *client = begin();
  struct gw_description description;
  struct ask ask = ask_get(".gw/a/model@1.1.0");
  client_exchange(f, client, &ask, &answer);
  assert_code(GW_COAP_CONTENT, answer);
  assert_int_equal(GW_OK, gw_description_parse(answer.message.payload, answer.message.payload_size,
                                               &description));
  assert_int_equal(2, description.offer_count);
  assert_int_equal(GW_ENCODING_DELTA, description.offer[0].encoding);
  assert_true(description.offer[0].size_bytes < description.offer[1].size_bytes);
  for (size_t i = 0; i < 2; i++) load_and_decode(client, &description.offer[i]);
  end(client);
}
