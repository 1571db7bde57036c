/* SPDX-License-Identifier: Apache-2.0 */
/* What a device says of itself: once in each session, whatever the server makes
 * of it. */
#include <string.h>

#include "godwit/hello.h"
#include "tests/sim/sdk/device.h"
#include "tests/sim/sdk/world.h"
#include "tests/support/test.h"
#include "wire/coap.h"

#define MINUTE_MS 60000u
#define PATH ".gw/hello"

static struct device device;
static struct godwit_hello hello;
static unsigned connections;

static const uint16_t codes[] = {3, 25};
static const struct gw_hello_words words = {.board = "bench",
                                            .runtime = "wit/0",
                                            .op_code = codes,
                                            .op_code_count = 2,
                                            .arena_bytes = 1000,
                                            .slot_bytes = 2000};

static void on_state(struct godwit_client *client, enum godwit_client_state state, int status,
                     void *arg) {
  (void)client;
  (void)status;
  assert_ptr_equal(arg, &connections);
  if (state == GODWIT_CLIENT_CONNECTED) connections++;
}

static void boot(void) {
  world_reset(test_random() * 2654435761u);
  device_prepare(&device);
  device.client_config.on_state = on_state;
  device.client_config.arg = &connections;
  memset(&hello, 0, sizeof hello);
  connections = 0;
  device_boot(&device);
}

static void reconnect(void) {
  unsigned before = connections;
  world_server_restart();
  device_run_for(&device, 2 * MINUTE_MS);
  assert_true(connections > before);
}

TEST(it_is_said_once_in_a_session_and_again_in_the_next) {
  struct gw_hello heard;
  boot();
  assert_int_equal(godwit_hello_start(&hello, device.client, &words), GODWIT_OK);
  device_run_until(&device, device_is_connected, MINUTE_MS);
  device_run_for(&device, 60 * MINUTE_MS);
  assert_int_equal(world_server_posts(PATH), 1);
  const struct world_post *post = &world_server.post[0];
  assert_int_equal(post->method, GW_COAP_POST);
  assert_int_equal(post->format, GODWIT_FORMAT_CBOR);
  assert_int_equal(gw_hello_parse(post->data, post->size, &heard), GW_OK);
  assert_string_equal(heard.board, "bench");
  assert_string_equal(heard.sdk, "godwit/" GODWIT_SDK_VERSION);
  assert_string_equal(heard.runtime, "wit/0");
  assert_int_equal(heard.op_count, 2);
  assert_int_equal(heard.arena_bytes, 1000);
  reconnect();
  assert_int_equal(world_server_posts(PATH), connections);
}

TEST(it_is_said_at_once_where_there_is_a_session) {
  boot();
  device_run_until(&device, device_is_connected, MINUTE_MS);
  assert_int_equal(godwit_hello_start(&hello, device.client, &words), GODWIT_OK);
  device_run_for(&device, 1000);
  assert_int_equal(world_server_posts(PATH), 1);
}

TEST(a_server_that_does_not_know_it_is_not_asked_again_in_the_session) {
  boot();
  world_server.post_code = GW_COAP_NOT_FOUND;
  world_server.post_code_times = 100;
  assert_int_equal(godwit_hello_start(&hello, device.client, &words), GODWIT_OK);
  device_run_for(&device, 60 * MINUTE_MS);
  assert_int_equal(world_server.post_code_times, 99);
  reconnect();
  assert_int_equal(world_server.post_code_times, 100 - connections);
}

TEST(a_busy_server_is_told_later) {
  boot();
  world_server.post_code = GW_COAP_SERVICE_UNAVAILABLE;
  world_server.post_code_times = 3;
  assert_int_equal(godwit_hello_start(&hello, device.client, &words), GODWIT_OK);
  device_run_for(&device, 10 * MINUTE_MS);
  assert_int_equal(world_server.post_code_times, 0);
  assert_int_equal(world_server_posts(PATH), 1);
}

TEST(a_server_that_stays_busy_is_left_alone) {
  boot();
  world_server.post_code = GW_COAP_SERVICE_UNAVAILABLE;
  world_server.post_code_times = 100;
  assert_int_equal(godwit_hello_start(&hello, device.client, &words), GODWIT_OK);
  device_run_for(&device, 60 * MINUTE_MS);
  assert_int_equal(world_server.post_code_times, 94);
}

TEST(words_that_are_too_long_are_refused_and_nothing_is_started) {
  char longer[GW_HELLO_TEXT_MAX + 2];
  struct gw_hello_words bad = words;
  memset(longer, 'x', sizeof longer - 1);
  longer[sizeof longer - 1] = 0;
  bad.board = longer;
  boot();
  assert_int_equal(godwit_hello_start(&hello, device.client, &bad), GODWIT_ERR_ARGUMENT);
  assert_int_equal(godwit_hello_start(&hello, NULL, &words), GODWIT_ERR_ARGUMENT);
  assert_int_equal(godwit_hello_start(&hello, device.client, NULL), GODWIT_ERR_ARGUMENT);
  device_run_for(&device, MINUTE_MS);
  assert_int_equal(world_server_posts(PATH), 0);
}

TEST(started_twice_is_refused_and_stopped_it_says_nothing_more) {
  boot();
  assert_int_equal(godwit_hello_start(&hello, device.client, &words), GODWIT_OK);
  assert_int_equal(godwit_hello_start(&hello, device.client, &words), GODWIT_ERR_STATE);
  device_run_for(&device, MINUTE_MS);
  assert_int_equal(world_server_posts(PATH), 1);
  godwit_hello_stop(&hello);
  godwit_hello_stop(&hello);
  reconnect();
  assert_int_equal(world_server_posts(PATH), 1);
}

TEST(the_client_may_end_before_it) {
  boot();
  assert_int_equal(godwit_hello_start(&hello, device.client, &words), GODWIT_OK);
  device_run_until(&device, device_is_connected, MINUTE_MS);
  godwit_client_deinit(device.client);
  assert_null(hello.client);
  godwit_hello_stop(&hello);
}
