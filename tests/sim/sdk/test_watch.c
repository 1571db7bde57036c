/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests of any length: what is wanted of one package. */
#include <string.h>

#include "godwit/ota.h"
#include "tests/sim/sdk/world.h"
#include "tests/support/test.h"
#include "wire/cbor.h"
#include "wire/coap.h"

#define MINUTE_MS 60000u

static struct {
  _Alignas(16) uint8_t memory[GODWIT_CLIENT_MEMORY_BYTES];
  struct godwit_client *client;
  struct godwit_ota_watch watch;
  unsigned wishes;
  int status;
  bool has_component;
  struct gw_component component;
} t;

static void note_wish(struct godwit_client *client, int status,
                      const struct gw_component *component, void *arg) {
  assert_ptr_equal(client, t.client);
  assert_ptr_equal(arg, &t);
  t.wishes++;
  t.status = status;
  t.has_component = component != NULL;
  if (component != NULL) t.component = *component;
}

static void run_for(uint64_t duration_ms) {
  uint64_t end_ms = world_now_ms() + duration_ms;
  while (world_now_ms() < end_ms) {
    godwit_client_poll(t.client);
    world_step(end_ms, godwit_client_next_timeout_ms(t.client));
  }
}

static void begin(uint8_t block_szx) {
  world_reset(test_random());
  memset(&t, 0, sizeof t);
  const struct godwit_client_config config = {.host = WORLD_HOST,
                                              .psk_identity = WORLD_IDENTITY,
                                              .psk = WORLD_PSK,
                                              .psk_size = strlen(WORLD_PSK),
                                              .memory = t.memory,
                                              .memory_size = sizeof t.memory,
                                              .block_szx = block_szx};
  assert_int_equal(godwit_client_init(&t.client, &config), GODWIT_OK);
  assert_int_equal(godwit_ota_watch_begin(t.client, &t.watch, "model", note_wish, &t), GODWIT_OK);
  godwit_client_start(t.client);
}

/* So many components of other packages, and ours behind them. */
static void publish(unsigned others, const char *version) {
  uint8_t bytes[8192];
  char digest[GW_DIGEST_HEX_SIZE + 1] = "";
  struct gw_cbor_writer writer;
  memset(digest, 'a', GW_DIGEST_HEX_SIZE);
  gw_cbor_writer_init(&writer, bytes, sizeof bytes);
  gw_cbor_write_map(&writer, 2);
  gw_cbor_write_uint(&writer, 1);
  gw_cbor_write_uint(&writer, 1700000000);
  gw_cbor_write_uint(&writer, 3);
  gw_cbor_write_array(&writer, others + (version != NULL));
  for (unsigned i = 0; i < others + (version != NULL); i++) {
    char package[16];
    snprintf(package, sizeof package, i < others ? "other-%u" : "model", i);
    gw_cbor_write_map(&writer, 5);
    gw_cbor_write_uint(&writer, 1);
    gw_cbor_write_text(&writer, package);
    gw_cbor_write_uint(&writer, 2);
    gw_cbor_write_text(&writer, version != NULL ? version : "1");
    gw_cbor_write_uint(&writer, 3);
    gw_cbor_write_text(&writer, digest);
    gw_cbor_write_uint(&writer, 4);
    gw_cbor_write_uint(&writer, 1000);
    gw_cbor_write_uint(&writer, 5);
    gw_cbor_write_text(&writer, "/.u/c/some@thing");
  }
  int size = gw_cbor_writer_finish(&writer);
  assert_true(size > 0);
  world_server_manifest(bytes, (size_t)size);
}

TEST(a_manifest_of_any_length_names_the_package) {
  for (unsigned others = 0; others <= 45; others += 5) {
    for (uint8_t szx = 4; szx <= 6; szx++) {
      begin(szx);
      publish(others, "1.0.0");
      run_for(5000);
      assert_int_equal(t.wishes, 1);
      assert_int_equal(t.status, GODWIT_OK);
      assert_true(t.has_component);
      assert_string_equal(t.component.version, "1.0.0");
      publish(others, "1.1.0"); /* a notification */
      run_for(5000);
      assert_int_equal(t.wishes, 2);
      assert_string_equal(t.component.version, "1.1.0");
    }
  }
}

TEST(a_long_manifest_without_the_package_is_no_wish_and_no_error) {
  begin(6);
  publish(30, NULL);
  run_for(5000);
  assert_int_equal(t.wishes, 1);
  assert_int_equal(t.status, GODWIT_OK);
  assert_false(t.has_component);
}

TEST(a_manifest_that_changes_while_it_is_fetched_is_fetched_anew) {
  begin(6);
  run_for(1000);
  world_network.travel_ms = 200;
  publish(40, "1.0.0");
  run_for(900); /* some of its blocks */
  publish(40, "2.0.0");
  run_for(MINUTE_MS);
  assert_int_equal(t.status, GODWIT_OK);
  assert_true(t.has_component);
  assert_string_equal(t.component.version, "2.0.0");
}

TEST(a_long_manifest_arrives_over_a_bad_link_and_a_new_session) {
  begin(6);
  publish(40, "1.0.0");
  world_network.loss_percent = 15;
  run_for(100);
  world_server_restart();
  run_for(10 * MINUTE_MS);
  assert_string_equal(t.component.version, "1.0.0"); /* a later try may have failed */
}

TEST(a_long_manifest_that_is_none_is_an_error) {
  static uint8_t bytes[3000];
  begin(6);
  memset(bytes, 0x61, sizeof bytes);
  world_server_manifest(bytes, sizeof bytes);
  run_for(5000);
  assert_int_equal(t.wishes, 1);
  assert_int_equal(world_server.manifest_requests, 2); /* the observation, and one block */
  assert_int_equal(t.status, GODWIT_ERR_FORMAT);
  assert_false(t.has_component);
}

TEST(ended_in_the_middle_it_is_silent) {
  begin(6);
  run_for(1000);
  unsigned before = t.wishes;
  world_network.travel_ms = 200;
  publish(40, "1.0.0");
  run_for(900);
  godwit_ota_watch_end(t.client, &t.watch);
  run_for(MINUTE_MS);
  assert_int_equal(t.wishes, before);
}
