/* SPDX-License-Identifier: Apache-2.0 */
/* The device's state, and its log lines on their way to the server. */
#include "godwit/state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "godwit/log.h"
#include "tests/sim/sdk/device.h"
#include "tests/sim/sdk/world.h"
#include "tests/support/test.h"
#include "wire/coap.h"

#define MINUTE_MS 60000u

static struct device device;
static struct godwit_state_change change;
static struct godwit_state_reading reading;
static struct {
  unsigned count;
  int status;
  uint8_t code;
  uint8_t payload[64];
  size_t size;
  int64_t integer;
  int integer_status;
} seen;

static void note(struct godwit_client *client, int status, uint8_t code, void *arg) {
  (void)client, (void)arg;
  seen.count++;
  seen.status = status;
  seen.code = code;
}

static void note_value(struct godwit_client *client, const struct godwit_response *response,
                       void *arg) {
  note(client, response->status, response->code, arg);
  seen.size = response->payload_size;
  assert_true(seen.size <= sizeof seen.payload);
  if (seen.size > 0) memcpy(seen.payload, response->payload, seen.size);
  seen.integer_status = godwit_state_payload_as_int(response, &seen.integer);
}

static void connect(void) {
  world_reset(test_random() * 2654435761u);
  device_prepare(&device);
  memset(&seen, 0, sizeof seen);
  memset(&change, 0, sizeof change);
  memset(&reading, 0, sizeof reading);
  device_boot(&device);
  device_run_until(&device, device_is_connected, MINUTE_MS);
}

static void assert_last_post(const char *path, uint8_t method, int format, const char *text) {
  assert_true(world_server.post_count > 0);
  const struct world_post *post = &world_server.post[world_server.post_count - 1];
  assert_string_equal(post->path, path);
  assert_int_equal(post->method, method);
  assert_int_equal(post->format, format);
  assert_int_equal(post->size, strlen(text));
  assert_memory_equal(post->data, text, post->size);
}

static void run(void) {
  unsigned before = seen.count;
  for (int i = 0; i < 600 && seen.count == before; i++) device_run_for(&device, 100);
  assert_int_equal(seen.count, before + 1);
}

/* State --------------------------------------------------------------------------- */

TEST(values_of_each_type_are_posted_as_published_clients_do) {
  connect();
  struct godwit_client *client = device.client;
  assert_int_equal(godwit_state_set_bool_async(client, &change, "lamp", true, note, NULL), 0);
  run();
  assert_last_post(".d/lamp", GW_COAP_POST, 50, "true");
  assert_int_equal(godwit_state_set_int_async(client, &change, "/a/b", -42, note, NULL), 0);
  run();
  assert_last_post(".d/a/b", GW_COAP_POST, 50, "-42");
  assert_int_equal(godwit_state_set_double_async(client, &change, "t", 21.5, note, NULL), 0);
  run();
  assert_last_post(".d/t", GW_COAP_POST, 50, "21.5");
  assert_int_equal(godwit_state_set_string_async(client, &change, "s", "a \"b\"", note, NULL), 0);
  run();
  assert_last_post(".d/s", GW_COAP_POST, 50, "\"a \\\"b\\\"\"");
  assert_int_equal(godwit_state_set(client, &change, "", 60, "\xa0", 1, note, NULL), 0);
  run();
  assert_last_post(".d", GW_COAP_POST, 60, "\xa0");
  assert_int_equal(godwit_state_delete(client, &change, "s", note, NULL), 0);
  run();
  assert_last_post(".d/s", GW_COAP_DELETE, -1, "");
  assert_int_equal(seen.status, GODWIT_OK);
}

TEST(refused_change_names_the_code_and_an_unconnected_one_is_not_kept) {
  connect();
  world_server.post_code = GW_COAP_REQUEST_TOO_LARGE;
  assert_int_equal(godwit_state_set_int_async(device.client, &change, "x", 1, note, NULL), 0);
  assert_int_equal(godwit_state_set_int_async(device.client, &change, "x", 1, note, NULL),
                   GODWIT_ERR_STATE);
  assert_int_equal(godwit_state_delete(device.client, &change, "x", note, NULL), GODWIT_ERR_STATE);
  run();
  assert_int_equal(seen.status, GODWIT_ERR_RESPONSE);
  assert_int_equal(seen.code, GW_COAP_REQUEST_TOO_LARGE);
  godwit_client_stop(device.client);
  assert_int_equal(godwit_state_set_int_async(device.client, &change, "x", 1, note, NULL),
                   GODWIT_ERR_CONNECTION);
}

TEST(values_without_a_text_and_wrong_paths_are_refused) {
  connect();
  struct godwit_client *client = device.client;
  static char long_text[300], long_path[GODWIT_STATE_PATH_MAX + 2];
  memset(long_text, 'x', sizeof long_text - 1);
  memset(long_path, 'p', sizeof long_path - 1);
  assert_int_equal(godwit_state_set_double_async(client, &change, "x", NAN, note, NULL),
                   GODWIT_ERR_ARGUMENT);
  assert_int_equal(godwit_state_set_string_async(client, &change, "x", "\xff", note, NULL),
                   GODWIT_ERR_ARGUMENT);
  assert_int_equal(godwit_state_set_string_async(client, &change, "x", long_text, note, NULL),
                   GODWIT_ERR_ARGUMENT);
  assert_int_equal(godwit_state_set_string_async(client, &change, "x", NULL, note, NULL),
                   GODWIT_ERR_ARGUMENT);
  assert_int_equal(godwit_state_set_int_async(client, &change, long_path, 1, note, NULL),
                   GODWIT_ERR_ARGUMENT);
  assert_int_equal(godwit_state_set_int_async(client, &change, NULL, 1, note, NULL),
                   GODWIT_ERR_ARGUMENT);
  assert_int_equal(godwit_state_set(client, &change, "x", 50, "", 0, note, NULL),
                   GODWIT_ERR_ARGUMENT);
  assert_int_equal(godwit_state_get(client, &reading, "x", 50, NULL, NULL), GODWIT_ERR_ARGUMENT);
  device_run_for(&device, 1000);
  assert_int_equal(world_server.post_count, 0);
}

TEST(value_is_read_once_and_observed_over_a_lost_session) {
  connect();
  world_server_put(".d/level", 50, "7", 1);
  assert_int_equal(godwit_state_get(device.client, &reading, "level", 50, note_value, NULL), 0);
  run();
  assert_int_equal(seen.integer, 7);
  assert_int_equal(godwit_state_observe(device.client, &reading, "level", 50, note_value, NULL), 0);
  run();
  world_server_put(".d/level", 50, "8", 1);
  run();
  assert_int_equal(seen.integer, 8);
  assert_int_equal(godwit_state_observe(device.client, &reading, "level", 50, note_value, NULL),
                   GODWIT_ERR_STATE);
  world_server_restart();
  world_server_put(".d/level", 60, "\x18\x63", 2);
  run();
  assert_int_equal(seen.integer, 99);
  godwit_state_reading_cancel(device.client, &reading);
  world_server_put(".d/level", 50, "9", 1);
  device_run_for(&device, MINUTE_MS);
  assert_int_equal(seen.integer, 99);
}

static struct godwit_response response_of(int32_t format, const char *payload, size_t size) {
  return (struct godwit_response){.content_format = format,
                                  .payload = size > 0 ? (const uint8_t *)payload : NULL,
                                  .payload_size = size};
}

TEST(scalars_are_read_from_both_formats) {
  bool boolean;
  int64_t integer;
  double number;
  char text[8];
  struct godwit_response response = response_of(60, "\xf5", 1);
  assert_int_equal(godwit_state_payload_as_bool(&response, &boolean), GODWIT_OK);
  assert_true(boolean);
  assert_int_equal(godwit_state_payload_as_int(&response, &integer), GODWIT_ERR_FORMAT);
  response = response_of(60, "\x38\x63", 2);
  assert_int_equal(godwit_state_payload_as_int(&response, &integer), GODWIT_OK);
  assert_int_equal(integer, -100);
  assert_int_equal(godwit_state_payload_as_double(&response, &number), GODWIT_OK);
  assert_true(number == -100);
  assert_int_equal(godwit_state_payload_as_string(&response, text, sizeof text), GODWIT_ERR_FORMAT);
  response = response_of(60, "\xf9\x3e\x00", 3);
  assert_int_equal(godwit_state_payload_as_double(&response, &number), GODWIT_OK);
  assert_true(number == 1.5);
  assert_int_equal(godwit_state_payload_as_int(&response, &integer), GODWIT_ERR_FORMAT);
  response = response_of(60, "\x67seventh", 8);
  assert_int_equal(godwit_state_payload_as_string(&response, text, sizeof text), GODWIT_OK);
  assert_string_equal(text, "seventh");
  assert_int_equal(godwit_state_payload_as_string(&response, text, 7), GODWIT_ERR_NO_MEMORY);
  response = response_of(60, "\xf6", 1);
  assert_int_equal(godwit_state_payload_as_int(&response, &integer), GODWIT_ERR_NOT_FOUND);
  response = response_of(60, "", 0);
  assert_int_equal(godwit_state_payload_as_bool(&response, &boolean), GODWIT_ERR_NOT_FOUND);
  response = response_of(60, "\x01\x02", 2); /* something behind it */
  assert_int_equal(godwit_state_payload_as_int(&response, &integer), GODWIT_ERR_FORMAT);
  response = response_of(60, "\x1b\xff\xff\xff\xff\xff\xff\xff\xff", 9);
  assert_int_equal(godwit_state_payload_as_int(&response, &integer), GODWIT_ERR_FORMAT);
  response = response_of(50, "false", 5);
  assert_int_equal(godwit_state_payload_as_bool(&response, &boolean), GODWIT_OK);
  assert_false(boolean);
  response = response_of(GODWIT_FORMAT_NONE, "\"abc\"", 5);
  assert_int_equal(godwit_state_payload_as_string(&response, text, sizeof text), GODWIT_OK);
  assert_string_equal(text, "abc");
  response = response_of(50, "2.5", 3);
  assert_int_equal(godwit_state_payload_as_double(&response, &number), GODWIT_OK);
  assert_true(number == 2.5);
}

/* Logs ---------------------------------------------------------------------------- */

static struct godwit_remote_log remote;
static uint8_t ring[GODWIT_LOG_LINE_MAX + 40];

static void start_log(void *buffer, size_t size) {
  memset(&remote, 0, sizeof remote);
  remote.buffer = buffer;
  remote.buffer_size = size;
  assert_int_equal(godwit_log_to_server(device.client, &remote, GODWIT_LOG_INFO), GODWIT_OK);
}

TEST(lines_arrive_in_order_with_level_and_module) {
  connect();
  start_log(ring, sizeof ring);
  godwit_log(GODWIT_LOG_INFO, "app: %d cups", 3);
  godwit_log(GODWIT_LOG_ERROR, "no module here");
  godwit_log(GODWIT_LOG_WARN, "not a module: here, \xff");
  godwit_log(GODWIT_LOG_DEBUG, "app: not that");
  device_run_for(&device, 1000);
  assert_int_equal(world_server_posts(".s/logs"), 3);
  const struct world_post *post = world_server.post;
  static const char first[] =
      "\xa3\x65level\x64info\x66module\x63"
      "app\x63msg\x66"
      "3 cups";
  assert_int_equal(post[0].format, GODWIT_FORMAT_CBOR);
  assert_int_equal(post[0].size, sizeof first - 1);
  assert_memory_equal(post[0].data, first, sizeof first - 1);
  static const char second[] =
      "\xa3\x65level\x65"
      "error\x66module\x60\x63msg\x6eno module here";
  assert_int_equal(post[1].size, sizeof second - 1);
  assert_memory_equal(post[1].data, second, sizeof second - 1);
  static const char third[] = "\xa3\x65level\x64warn\x66module\x60\x63msg\x75not a module: here, ?";
  assert_int_equal(post[2].size, sizeof third - 1);
  assert_memory_equal(post[2].data, third, sizeof third - 1);
  godwit_log_to_server_stop(&remote);
  godwit_log(GODWIT_LOG_INFO, "app: nobody hears it");
  device_run_for(&device, 1000);
  assert_int_equal(world_server_posts(".s/logs"), 3);
}

TEST(full_buffer_loses_its_oldest_lines_and_tells_how_many) {
  connect();
  start_log(ring, sizeof ring);
  for (int i = 0; i < 100; i++) godwit_log(GODWIT_LOG_INFO, "app: line %02d", i); /* 14 bytes */
  assert_int_equal(remote.lost, 100 - sizeof ring / 14);
  device_run_for(&device, 5000);
  assert_int_equal(world_server_posts(".s/logs"), 1 + sizeof ring / 14);
  static const char told[] =
      "log\x63msg\x6d"
      "86 lines lost";
  assert_memory_equal(world_server.post[0].data + world_server.post[0].size - (sizeof told - 1),
                      told, sizeof told - 1);
  const struct world_post *last = &world_server.post[world_server.post_count - 1];
  assert_memory_equal(last->data + last->size - 2, "99", 2);
  godwit_log_to_server_stop(&remote);
}

TEST(line_that_gives_way_while_it_is_sent_is_not_sent_twice_and_counts_once) {
  connect();
  start_log(ring, sizeof ring);
  godwit_log(GODWIT_LOG_INFO, "app: first");
  godwit_client_poll(device.client); /* on its way */
  for (int i = 0; i < 50; i++) godwit_log(GODWIT_LOG_INFO, "app: line %02d", i);
  device_run_for(&device, 5000);
  /* the first, "n lines lost", and what was left */
  assert_int_equal(world_server_posts(".s/logs"), 2 + sizeof ring / 14);
  assert_int_equal(remote.lost, 50 - sizeof ring / 14);
  godwit_log_to_server_stop(&remote);
}

TEST(lines_wait_for_the_connection_and_failures_make_no_lines) {
  world_reset(test_random());
  device_prepare(&device);
  world_network.down = true;
  static uint8_t large[4096];
  device_boot(&device);
  start_log(large, sizeof large);
  godwit_log(GODWIT_LOG_WARN, "app: alone");
  device_run_for(&device, 30000);
  world_network.down = false;
  world_server.post_code = GW_COAP_SERVICE_UNAVAILABLE;
  world_server.post_code_times = 3;
  device_run_for(&device, 5 * MINUTE_MS);
  size_t arrived = world_server_posts(".s/logs");
  assert_in_range(arrived, 3, 20); /* the client's own about attempts are among them */
  device_run_for(&device, 10 * MINUTE_MS);
  assert_int_equal(world_server_posts(".s/logs"), arrived); /* silence stays silence */
  world_server.post_code = GW_COAP_NOT_FOUND;               /* a server without logs */
  godwit_log(GODWIT_LOG_WARN, "app: for nobody");
  device_run_for(&device, MINUTE_MS);
  assert_int_equal(remote.internal.used, 0);
  assert_int_equal(remote.lost, 0);
  godwit_log_to_server_stop(&remote);
}

TEST(longest_line_with_the_longest_module_fits) {
  connect();
  start_log(ring, GODWIT_LOG_LINE_MAX + 8);
  static char line[200];
  memset(line, 'm', sizeof line - 1);
  memcpy(line + 100, ": ", 2);
  godwit_log(GODWIT_LOG_INFO, "%s", line);
  device_run_for(&device, 1000);
  assert_int_equal(world_server_posts(".s/logs"), 1);
  assert_true(world_server.post[0].size > GODWIT_LOG_LINE_MAX);
  godwit_log_to_server_stop(&remote);
}

TEST(second_log_a_small_buffer_and_none_are_refused) {
  connect();
  start_log(ring, sizeof ring);
  struct godwit_remote_log other = {.buffer = ring, .buffer_size = sizeof ring};
  assert_int_equal(godwit_log_to_server(device.client, &other, GODWIT_LOG_INFO), GODWIT_ERR_STATE);
  godwit_log_to_server_stop(&other); /* not the one: changes nothing */
  godwit_client_deinit(device.client);
  godwit_log(GODWIT_LOG_INFO, "the client took it along");
  device_boot(&device);
  other.buffer_size = GODWIT_LOG_LINE_MAX;
  assert_int_equal(godwit_log_to_server(device.client, &other, GODWIT_LOG_INFO),
                   GODWIT_ERR_ARGUMENT);
  other.buffer = NULL;
  assert_int_equal(godwit_log_to_server(device.client, &other, GODWIT_LOG_INFO),
                   GODWIT_ERR_ARGUMENT);
}
