/* SPDX-License-Identifier: Apache-2.0 */
/* The connection: bad networks, servers that go and come, time. */
#include <stdlib.h>
#include <string.h>

#include "mbedtls/sha256.h"
#include "tests/sim/sdk/device.h"
#include "tests/sim/sdk/world.h"
#include "tests/support/test.h"
#include "wire/cbor.h"
#include "wire/coap.h"

#define MINUTE_MS 60000u
#define HOUR_MS (60u * MINUTE_MS)

static struct device device;

static struct godwit_client_stats stats(void) {
  struct godwit_client_stats result;
  godwit_client_stats(device.client, &result);
  return result;
}

static void begin(void) {
  world_reset(test_random());
  device_prepare(&device);
  device_publish("1.0.0", 20480);
  device_publish("1.1.0", 30000);
}

static void connect(void) {
  begin();
  device_boot(&device);
  device_run_until(&device, device_is_connected, MINUTE_MS);
}

/* Configuration ---------------------------------------------------------------- */

TEST(missing_or_overlong_settings_are_refused) {
  begin();
  struct godwit_client_config good = device.client_config;
  struct godwit_client *client;
  static char long_text[200];
  memset(long_text, 'a', sizeof long_text - 1);
  struct godwit_client_config bad = good;
  bad.host = NULL;
  assert_int_equal(godwit_client_init(&client, &bad), GODWIT_ERR_ARGUMENT);
  bad.host = "";
  assert_int_equal(godwit_client_init(&client, &bad), GODWIT_ERR_ARGUMENT);
  bad.host = long_text;
  assert_int_equal(godwit_client_init(&client, &bad), GODWIT_ERR_ARGUMENT);
  bad = good;
  bad.psk_identity = NULL;
  assert_int_equal(godwit_client_init(&client, &bad), GODWIT_ERR_ARGUMENT);
  bad = good;
  bad.psk_size = 0;
  assert_int_equal(godwit_client_init(&client, &bad), GODWIT_ERR_ARGUMENT);
  bad.psk_size = 65;
  assert_int_equal(godwit_client_init(&client, &bad), GODWIT_ERR_ARGUMENT);
  bad = good;
  bad.block_szx = 7;
  assert_int_equal(godwit_client_init(&client, &bad), GODWIT_ERR_ARGUMENT);
  bad = good;
  bad.memory_size = GODWIT_CLIENT_MEMORY_BYTES - 1;
  assert_int_equal(godwit_client_init(&client, &bad), GODWIT_ERR_NO_MEMORY);
}

TEST(memory_of_any_alignment_is_enough) {
  begin();
  static uint8_t memory[GODWIT_CLIENT_MEMORY_BYTES + 16];
  for (size_t shift = 1; shift < 16; shift += 7) {
    begin();
    device.client_config.memory = memory + shift;
    device.client_config.memory_size = GODWIT_CLIENT_MEMORY_BYTES;
    world_server_release("1.0.0", NULL, 0);
    device_boot(&device);
    device_run_until_version(&device, "1.0.0", MINUTE_MS);
    printf("pool peak %zu bytes\n", stats().pool_peak_bytes);
  }
}

/* Connecting ------------------------------------------------------------------- */

TEST(wrong_key_is_retried_with_growing_pauses) {
  begin();
  world_server.psk = "another key here";
  device_boot(&device);
  device_run_for(&device, HOUR_MS);
  assert_false(device_is_connected(&device));
  assert_in_range(stats().connect_failures, 10, 40);
  assert_int_equal(stats().connects, 0);
  world_server.psk = WORLD_PSK;
  device_run_until(&device, device_is_connected, 10 * MINUTE_MS);
}

TEST(unknown_identity_is_credentials_not_connection) {
  begin();
  device.client_config.psk_identity = "stranger@project";
  device_boot(&device);
  device_run_for(&device, 2 * MINUTE_MS);
  assert_int_equal(godwit_client_last_error(device.client), GODWIT_ERR_CREDENTIALS);
}

TEST(absent_server_is_tried_with_backoff_up_to_the_cap) {
  begin();
  device.client_config.backoff_max_ms = 40000;
  world_network.down = true;
  device_boot(&device);
  device_run_for(&device, 24 * HOUR_MS);
  /* 15 s of handshake and 20 to 40 s of pause: about 1,920 attempts a day */
  assert_in_range(stats().connect_failures, 1400, 2600);
  world_network.down = false;
  device_run_until(&device, device_is_connected, 2 * MINUTE_MS);
}

TEST(refused_port_does_not_wait_for_the_handshake_time_out) {
  begin();
  world_network.refused = true;
  device_boot(&device);
  device_run_for(&device, 1000);
  assert_in_range(stats().connect_failures, 1, 3);
  assert_int_equal(godwit_client_last_error(device.client), GODWIT_ERR_CONNECTION);
}

TEST(name_look_up_that_never_ends_is_an_attempt_that_failed) {
  begin();
  world_network.dumb = true;
  device_boot(&device);
  device_run_for(&device, MINUTE_MS);
  assert_in_range(stats().connect_failures, 2, 4);
  world_network.dumb = false;
  device_run_until(&device, device_is_connected, 5 * MINUTE_MS);
}

TEST(server_name_of_several_reboots_is_never_a_burst) {
  begin();
  device_boot(&device);
  device_run_until(&device, device_is_connected, MINUTE_MS);
  for (int i = 0; i < 20; i++) {
    world_server_restart();
    device_run_for(&device, 40000);
  }
  assert_true(device_is_connected(&device) || stats().connects > 10);
  assert_in_range(world_server.handshakes, 10, 22);
}

/* Sessions --------------------------------------------------------------------- */

TEST(quiet_session_is_kept_alive_by_pings) {
  connect();
  device_run_for(&device, HOUR_MS);
  assert_int_equal(stats().connects, 1);
  assert_in_range(world_server.pings, 170, 181); /* every 20 s */
}

TEST(restarted_server_is_found_by_the_next_ping) {
  begin();
  world_server_release("1.0.0", NULL, 0);
  device_boot(&device);
  device_run_until_version(&device, "1.0.0", MINUTE_MS);
  world_server_restart();
  world_server_release("1.1.0", NULL, 0);
  /* 20 s keepalive, 10 s without an answer, 1 s pause */
  device_run_until_version(&device, "1.1.0", 35000);
  assert_int_equal(stats().sessions_lost, 1);
}

TEST(killed_server_on_a_host_that_says_so_is_noticed_by_the_second_ping) {
  connect();
  device_run_for(&device, 1000);
  world_network.refused = true;
  world_server_restart();
  device_run_for(&device, 23500); /* 20 s keepalive, 2 to 3 s to the second copy */
  assert_false(device_is_connected(&device));
  world_network.refused = false;
  device_run_until(&device, device_is_connected, 40000);
}

TEST(session_outlives_a_new_address_by_its_connection_id) {
  begin();
  world_server_release("1.0.0", NULL, 0);
  device_boot(&device);
  device_run_until_version(&device, "1.0.0", MINUTE_MS);
  assert_true(godwit_client_has_connection_id(device.client));
  godwit_client_network_changed(device.client);
  device_run_for(&device, 2000);
  world_server_release("1.1.0", NULL, 0); /* is pushed to the new address */
  device_run_until_version(&device, "1.1.0", 5000);
  assert_int_equal(stats().connects, 1);
  assert_int_equal(world_network.opened, 2);
}

TEST(address_that_goes_in_mid_download_does_not_end_it) {
  begin();
  world_server_release("1.1.0", NULL, 0);
  device_boot(&device);
  device_run_for(&device, 160);
  assert_in_range(world_server.blocks, 2, 20);
  world_network.useless = true; /* the socket's address is gone */
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  assert_int_equal(stats().connects, 1);
  assert_int_equal(world_network.opened, 2);
  assert_int_equal(world_server.whole_downloads, 1);
}

TEST(without_connection_id_a_new_address_means_a_new_session) {
  begin();
  world_server.skip_cid = true;
  device_boot(&device);
  device_run_until(&device, device_is_connected, MINUTE_MS);
  assert_false(godwit_client_has_connection_id(device.client));
  godwit_client_network_changed(device.client);
  device_run_for(&device, 2000);
  assert_true(device_is_connected(&device));
  assert_int_equal(stats().connects, 2);
}

TEST(link_that_is_down_for_a_night_comes_back_by_itself) {
  begin();
  world_server_release("1.0.0", NULL, 0);
  device_boot(&device);
  device_run_until_version(&device, "1.0.0", MINUTE_MS);
  world_network.down = true;
  device_run_for(&device, 8 * HOUR_MS);
  world_network.down = false;
  world_server_release("1.1.0", NULL, 0);
  device_run_until_version(&device, "1.1.0", 10 * MINUTE_MS);
}

/* Messages --------------------------------------------------------------------- */

TEST(lossy_network_delivers_every_byte_once) {
  for (unsigned loss = 5; loss <= 25; loss += 10) {
    begin();
    world_network.loss_percent = loss;
    world_network.duplicate_percent = 10;
    world_network.reorder_percent = 10;
    world_server_release("1.0.0", NULL, 0);
    device_boot(&device);
    device_run_until_version(&device, "1.0.0", 6 * HOUR_MS);
    device_assert_runs(&device, "1.0.0", 20480);
    world_server_release("1.1.0", NULL, 0);
    device_run_until_version(&device, "1.1.0", 12 * HOUR_MS);
    device_assert_runs(&device, "1.1.0", 30000);
    assert_int_equal(world_server.report[world_server.report_count - 1].state, GW_OTA_IDLE);
    printf("loss %u %%: %u retransmissions, %u sessions, %zu block requests\n", loss,
           stats().retransmissions, stats().connects, world_server.blocks);
  }
}

TEST(separate_responses_are_taken_and_acknowledged) {
  begin();
  world_server.separate = true;
  world_server_release("1.0.0", NULL, 0);
  device_boot(&device);
  device_run_until_version(&device, "1.0.0", MINUTE_MS);
  assert_int_equal(stats().retransmissions, 0);
}

TEST(server_that_answers_all_but_one_request_keeps_its_session) {
  begin();
  world_server.deaf_to_observe = true;
  device_boot(&device);
  device_run_for(&device, 10 * MINUTE_MS);
  assert_int_equal(stats().connects, 1);
  world_server.deaf_to_observe = false;
  world_server_release("1.0.0", NULL, 0);
  device_run_until_version(&device, "1.0.0", 3 * MINUTE_MS);
}

TEST(an_observation_answered_with_a_reset_is_asked_for_again) {
  begin();
  world_server.resets_observe = true;
  device_boot(&device);
  device_run_for(&device, 10 * MINUTE_MS);
  world_server.resets_observe = false;
  world_server_release("1.0.0", NULL, 0);
  device_run_until_version(&device, "1.0.0", 3 * MINUTE_MS);
}

TEST(server_that_answers_nothing_loses_its_session) {
  connect();
  world_server.deaf = true;
  device_run_for(&device, 10 * MINUTE_MS);
  assert_true(stats().sessions_lost >= 2);
}

TEST(malformed_messages_change_nothing) {
  connect();
  device_run_for(&device, 1000);
  static const char *const messages[] = {"\x00",
                                         "\x40",
                                         "\xff\xff\xff\xff",
                                         "\x4f\x45\x00\x01",
                                         "\x60\x45\x12\x34\xff",
                                         "\x40\x45\x00\x01\xdd"};
  for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
    world_server_send_raw(messages[i], strlen(messages[i]) + 1);
    device_run_for(&device, 100);
  }
  assert_true(stats().malformed >= 4);
  uint8_t noise[64];
  for (int round = 0; round < 2000; round++) {
    size_t size = 1 + world_random() % sizeof noise;
    for (size_t i = 0; i < size; i++) noise[i] = (uint8_t)world_random();
    noise[0] = (uint8_t)((noise[0] & 0x3F) | 0x40); /* version 1 */
    world_server_send_raw(noise, size);
    device_run_for(&device, 20);
  }
  assert_true(device_is_connected(&device));
  assert_int_equal(stats().connects, 1);
  world_server_release("1.0.0", NULL, 0);
  device_run_until_version(&device, "1.0.0", MINUTE_MS);
}

TEST(forged_datagrams_do_not_end_the_session) {
  connect();
  device_run_for(&device, 1000);
  /* A record of another epoch, which is skipped, and a rest too short for a header. */
  uint8_t forged[13 + 4 + 12] = {23, 0xFE, 0xFD, 0, 9, 0, 0, 0, 0, 0, 1, 0, 4};
  for (size_t size = 1; size <= sizeof forged; size++) {
    world_network_forge(forged, size);
    device_run_for(&device, 100);
  }
  assert_true(device_is_connected(&device));
  assert_int_equal(stats().connects, 1);
}

TEST(answers_with_a_foreign_token_are_reset_and_ignored) {
  connect();
  uint8_t message[64];
  struct gw_coap_writer writer;
  gw_coap_writer_begin(&writer, message, sizeof message, GW_COAP_CON, GW_COAP_CONTENT, 77,
                       (const uint8_t *)"none", 4);
  gw_coap_writer_option_uint(&writer, GW_COAP_OPT_OBSERVE, 9);
  gw_coap_writer_payload(&writer, "\xa0", 1);
  device_run_for(&device, 1000);
  unsigned manifests = device.events[GODWIT_EVENT_MANIFEST];
  world_server_send_raw(message, (size_t)gw_coap_writer_finish(&writer));
  device_run_for(&device, 1000);
  assert_int_equal(device.events[GODWIT_EVENT_MANIFEST], manifests);
}

/* Requests --------------------------------------------------------------------- */

static struct godwit_response last_response;
static unsigned responses;
static uint8_t taken[4096];
static size_t taken_size;

static int note(struct godwit_client *client, const struct godwit_response *response, void *arg) {
  (void)client;
  (void)arg;
  responses++;
  last_response = *response;
  return 0;
}

TEST(requests_while_offline_are_refused_at_once) {
  begin();
  device_boot(&device);
  struct godwit_request request = {.method = GODWIT_GET, .path = "/x", .on_response = note};
  assert_int_equal(godwit_client_request(device.client, &request), GODWIT_ERR_CONNECTION);
}

TEST(error_codes_reach_the_application) {
  connect();
  responses = 0;
  struct godwit_request request = {.method = GODWIT_GET,
                                   .path = "/nowhere",
                                   .content_format = GODWIT_FORMAT_NONE,
                                   .accept = GODWIT_FORMAT_NONE,
                                   .on_response = note};
  assert_int_equal(godwit_client_request(device.client, &request), GODWIT_OK);
  assert_int_equal(godwit_client_request(device.client, &request), GODWIT_ERR_STATE);
  device_run_for(&device, 1000);
  assert_int_equal(responses, 1);
  assert_int_equal(last_response.status, GODWIT_ERR_RESPONSE);
  assert_int_equal(last_response.code, GW_COAP_NOT_FOUND);
  assert_true(last_response.is_last);
}

TEST(cancelled_request_is_never_called_back) {
  connect();
  responses = 0;
  struct godwit_request request = {.method = GODWIT_GET, .path = "/x", .on_response = note};
  assert_int_equal(godwit_client_request(device.client, &request), GODWIT_OK);
  device_run_for(&device, 5);
  godwit_client_cancel(device.client, &request);
  device_run_for(&device, MINUTE_MS);
  assert_int_equal(responses, 0);
  assert_int_equal(stats().connects, 1);
}

TEST(lost_session_ends_requests_and_stop_ends_them_too) {
  connect();
  device_run_for(&device, 1000);
  responses = 0;
  struct godwit_request a = {.method = GODWIT_GET, .path = "/a", .on_response = note};
  struct godwit_request b = {.method = GODWIT_GET, .path = "/b", .on_response = note};
  world_server.deaf = true;
  assert_int_equal(godwit_client_request(device.client, &a), GODWIT_OK);
  assert_int_equal(godwit_client_request(device.client, &b), GODWIT_OK);
  device_run_for(&device, 12000);
  assert_int_equal(responses, 2);
  world_server.deaf = false;
  device_run_until(&device, device_is_connected, MINUTE_MS);
  assert_int_equal(godwit_client_request(device.client, &a), GODWIT_OK);
  godwit_client_stop(device.client);
  assert_int_equal(responses, 3);
  assert_int_equal(last_response.status, GODWIT_ERR_CONNECTION);
}

TEST(request_that_fits_no_datagram_is_refused) {
  connect();
  static char path[2000];
  memset(path, 'p', sizeof path - 1);
  struct godwit_request request = {.method = GODWIT_GET, .path = path, .on_response = note};
  assert_int_equal(godwit_client_request(device.client, &request), GODWIT_ERR_ARGUMENT);
  static uint8_t payload[GODWIT_PAYLOAD_MAX + 1];
  request.path = "/x";
  request.method = GODWIT_POST;
  request.payload = payload;
  request.payload_size = sizeof payload;
  assert_int_equal(godwit_client_request(device.client, &request), GODWIT_ERR_ARGUMENT);
}

/* The classic calls ------------------------------------------------------------ */

static int append_block(const struct gw_component *component, uint32_t block_idx,
                        const uint8_t *block, size_t size, bool is_last, void *arg) {
  (void)component;
  (void)is_last;
  assert_int_equal(block_idx * 1024u, taken_size);
  memcpy(taken + taken_size, block, size);
  taken_size += size;
  unsigned *stop_after = arg;
  return stop_after != NULL && --*stop_after == 0 ? GODWIT_ERR_IO : GODWIT_OK;
}

static struct gw_component component_of(const char *version, uint32_t size) {
  struct gw_component component = {.package = "model", .size_bytes = size};
  snprintf(component.version, sizeof component.version, "%s", version);
  assert_int_equal(gw_component_set_uri(&component), GW_OK);
  return component;
}

TEST(blocking_download_resumes_from_the_next_block) {
  connect();
  device_publish("2.0.0", 3500);
  struct gw_component component = component_of("2.0.0", 3500);
  uint32_t next = 0;
  unsigned stop_after = 3; /* refuses the third block */
  taken_size = 0;
  assert_int_equal(
      godwit_ota_download_component(device.client, &component, &next, append_block, &stop_after),
      GODWIT_ERR_IO);
  assert_int_equal(next, 2);
  taken_size = next * 1024u;
  assert_int_equal(
      godwit_ota_download_component(device.client, &component, &next, append_block, NULL),
      GODWIT_OK);
  assert_int_equal(taken_size, 3500);
  assert_memory_equal(taken, device_model_bytes("2.0.0", 3500), 3500);
}

TEST(blocking_download_of_a_missing_component_fails) {
  connect();
  struct gw_component component = component_of("9.9.9", 100);
  assert_int_equal(
      godwit_ota_download_component(device.client, &component, NULL, append_block, NULL),
      GODWIT_ERR_RESPONSE);
}

static int download_in_callback_status;

static int download_in_callback(struct godwit_client *client,
                                const struct godwit_response *response, void *arg) {
  (void)response;
  (void)arg;
  struct gw_component component = component_of("1.0.0", 20480);
  download_in_callback_status =
      godwit_ota_download_component(client, &component, NULL, append_block, NULL);
  return 0;
}

TEST(blocking_call_from_a_callback_is_refused_not_a_deadlock) {
  connect();
  struct godwit_request request = {
      .method = GODWIT_GET, .path = "/x", .on_response = download_in_callback};
  assert_int_equal(godwit_client_request(device.client, &request), GODWIT_OK);
  device_run_for(&device, 1000);
  assert_int_equal(download_in_callback_status, GODWIT_ERR_STATE);
}

TEST(reports_wait_for_a_connection_and_the_oldest_gives_way) {
  begin();
  device_boot(&device); /* queues one itself */
  char target[12];
  for (int i = 0; i < 20; i++) {
    snprintf(target, sizeof target, "%d", i);
    assert_int_equal(godwit_ota_report_state(device.client, GW_OTA_DOWNLOADING, GW_OTA_READY,
                                             "model", NULL, target),
                     GODWIT_OK);
  }
  assert_int_equal(godwit_ota_reports_pending(device.client), GODWIT_OTA_REPORTS_MAX);
  device_run_for(&device, MINUTE_MS);
  assert_int_equal(world_server.report_count, GODWIT_OTA_REPORTS_MAX);
  assert_string_equal(world_server.report[0].target, "12");
  assert_string_equal(world_server.report[7].target, "19");
}

TEST(reports_that_a_busy_server_refuses_come_later) {
  begin();
  world_server.report_code = GW_COAP_TOO_MANY_REQUESTS;
  world_server_release("1.0.0", NULL, 0);
  device_boot(&device);
  device_run_for(&device, MINUTE_MS);
  assert_string_equal(device.running, "1.0.0"); /* which does not wait for them */
  uint64_t datagrams = world_network.datagrams;
  device_run_for(&device, MINUTE_MS);
  assert_in_range(world_network.datagrams - datagrams, 8, 30); /* every 10 s */
  world_server.report_code = 0;
  device_run_for(&device, MINUTE_MS);
  assert_int_equal(godwit_ota_reports_pending(device.client), 0);
  assert_int_equal(world_server.report[world_server.report_count - 1].state, GW_OTA_IDLE);
}

TEST(reports_that_the_server_will_never_take_are_dropped) {
  begin();
  world_server.report_code = GW_COAP_BAD_REQUEST;
  device_boot(&device);
  device_run_for(&device, MINUTE_MS);
  assert_int_equal(godwit_ota_reports_pending(device.client), 0);
}

TEST(reports_with_impossible_names_are_refused) {
  connect();
  struct godwit_client *client = device.client;
  assert_int_equal(godwit_ota_report_state(client, GW_OTA_IDLE, GW_OTA_READY, "", NULL, NULL),
                   GODWIT_ERR_ARGUMENT);
  assert_int_equal(
      godwit_ota_report_state(client, GW_OTA_IDLE, GW_OTA_READY, "seventeen-letters", NULL, NULL),
      GODWIT_ERR_ARGUMENT);
}

/* Forty packages of others, and model@version behind them: five messages' worth. */
static void release_among_many(const char *version, uint32_t size_bytes) {
  static uint8_t bytes[8192];
  struct gw_cbor_writer writer;
  gw_cbor_writer_init(&writer, bytes, sizeof bytes);
  gw_cbor_write_map(&writer, 2);
  gw_cbor_write_uint(&writer, 1);
  gw_cbor_write_uint(&writer, 1700000000);
  gw_cbor_write_uint(&writer, 3);
  gw_cbor_write_array(&writer, 41);
  for (unsigned i = 0; i < 41; i++) {
    struct gw_component component = {.size_bytes = size_bytes};
    char digest[GW_DIGEST_HEX_SIZE + 1];
    snprintf(component.package, sizeof component.package, i < 40 ? "other-%u" : "model", i);
    snprintf(component.version, sizeof component.version, "%s", version);
    assert_int_equal(gw_component_set_uri(&component), GW_OK);
    mbedtls_sha256(device_model_bytes(version, size_bytes), size_bytes, component.digest, 0);
    gw_digest_to_hex(component.digest, digest);
    const char *const texts[] = {component.package, component.version, digest, NULL, component.uri};
    gw_cbor_write_map(&writer, 5);
    for (unsigned key = 1; key <= 5; key++) {
      gw_cbor_write_uint(&writer, key);
      if (key == 4) gw_cbor_write_uint(&writer, size_bytes);
      if (key != 4) gw_cbor_write_text(&writer, texts[key - 1]);
    }
  }
  int size = gw_cbor_writer_finish(&writer);
  assert_true(size > 4096);
  world_server_manifest(bytes, (size_t)size);
}

TEST(a_release_whose_manifest_takes_several_messages_runs) {
  begin();
  release_among_many("1.0.0", 20480);
  device_boot(&device);
  device_run_until_version(&device, "1.0.0", MINUTE_MS);
  release_among_many("1.1.0", 30000); /* a notification of several blocks */
  device_run_until_version(&device, "1.1.0", MINUTE_MS);
  device_assert_runs(&device, "1.1.0", 30000);
}

static unsigned manifests_seen;
static void count_manifest(struct godwit_client *client, const struct godwit_response *response,
                           void *arg) {
  (void)client;
  (void)arg;
  struct gw_manifest manifest;
  assert_int_equal(response->status, GODWIT_OK);
  assert_int_equal(
      godwit_ota_payload_as_manifest(response->payload, response->payload_size, &manifest),
      GODWIT_OK);
  manifests_seen++;
}

TEST(classic_observation_lives_over_reconnects) {
  connect();
  manifests_seen = 0;
  assert_int_equal(godwit_ota_observe_manifest_async(device.client, count_manifest, NULL),
                   GODWIT_OK);
  device_run_for(&device, 1000);
  assert_int_equal(manifests_seen, 1);
  world_server_release("1.0.0", NULL, 0);
  device_run_for(&device, 3000);
  assert_int_equal(manifests_seen, 2);
  world_server_restart();
  device_run_for(&device, MINUTE_MS);
  assert_int_equal(manifests_seen, 3);
}

TEST(renewing_an_observation_does_not_make_another_one) {
  begin();
  device.client_config.observe_refresh_ms = 10 * MINUTE_MS;
  device_boot(&device);
  device_run_for(&device, 3 * HOUR_MS);
  assert_in_range(world_server.manifest_requests, 17, 19);
  assert_int_equal(world_server.observations, 1);
  world_server_release("1.0.0", NULL, 0);
  device_run_until_version(&device, "1.0.0", 5000); /* told, not found out by asking */
  world_server_restart();
  device_run_for(&device, MINUTE_MS);
  assert_int_equal(world_server.observations, 2); /* a new session's own */
}

static int count_block(const struct gw_component *component, uint32_t block_idx,
                       const uint8_t *block_buffer, size_t block_size, bool is_last, void *arg) {
  (void)component, (void)block_idx, (void)block_buffer, (void)is_last;
  *(size_t *)arg += block_size;
  return GODWIT_OK;
}

TEST(a_second_download_in_one_object_ends_the_first_and_nothing_else) {
  static struct godwit_ota_download download;
  struct gw_component component = {
      .package = "model", .version = "1.1.0", .uri = "/.u/c/model@1.1.0", .size_bytes = 30000};
  size_t first = 0, second = 0;
  connect();
  assert_int_equal(godwit_ota_download_component_async(device.client, &download, &component, 0,
                                                       count_block, NULL, &first),
                   GODWIT_OK);
  /* Queued behind it; the list must not end at the object that is reused. */
  assert_int_equal(
      godwit_ota_report_state(device.client, GW_OTA_IDLE, GW_OTA_READY, "other", "1.0.0", NULL),
      GODWIT_OK);
  assert_int_equal(godwit_ota_download_component_async(device.client, &download, &component, 0,
                                                       count_block, NULL, &second),
                   GODWIT_OK);
  device_run_for(&device, MINUTE_MS);
  assert_int_equal(first, 0);
  assert_int_equal(second, 30000);
  assert_int_equal(godwit_ota_reports_pending(device.client), 0);
}
