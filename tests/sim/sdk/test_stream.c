/* SPDX-License-Identifier: Apache-2.0 */
/* Messages and uploads to `.s/`: bad links, servers that forget, refuse or
 * answer nonsense, and contents that cannot be read. */
#include "godwit/stream.h"

#include <stdlib.h>
#include <string.h>

#include "mbedtls/sha256.h"
#include "tests/sim/sdk/device.h"
#include "tests/sim/sdk/world.h"
#include "tests/support/test.h"
#include "wire/cbor.h"
#include "wire/coap.h"

#define SECOND_MS 1000u
#define MINUTE_MS 60000u
#define HOUR_MS (60u * MINUTE_MS)

static struct device device;
static uint8_t content[1 << 20];
static struct godwit_stream_upload upload;
static struct outcome {
  unsigned count;
  int status;
  uint8_t code;
} outcome;
static int read_status; /* what reading beyond read_limit returns */
static uint64_t read_limit;

static void fill_content(uint32_t seed) {
  for (size_t i = 0; i < sizeof content; i++) {
    seed = seed * 1664525u + 1013904223u;
    content[i] = (uint8_t)(seed >> 24);
  }
}

static int read_content(void *arg, uint64_t offset, void *data, size_t size) {
  (void)arg;
  assert_true(offset + size <= sizeof content);
  if (read_status != 0 && offset + size > read_limit) return read_status;
  memcpy(data, content + offset, size);
  return 0;
}

static void note(struct godwit_client *client, int status, uint8_t code, void *arg) {
  struct outcome *to = arg;
  (void)client;
  to->count++;
  to->status = status;
  to->code = code;
}

static void begin(uint32_t seed) {
  /* Stirred: the world's generator is test_random's, and would repeat its numbers. */
  world_reset(seed * 2654435761u ^ 0x5bd1e995u);
  fill_content(seed);
  device_prepare(&device);
  outcome = (struct outcome){0};
  read_status = 0;
  read_limit = 0;
}

static void connect(void) {
  device_boot(&device);
  device_run_until(&device, device_is_connected, 10 * MINUTE_MS);
}

static void prepare(uint64_t size) {
  upload = (struct godwit_stream_upload){
      .path = "audio/kitchen",
      .content_format = GODWIT_FORMAT_OCTETS,
      .size_bytes = size,
      .read = read_content,
      .done = note,
      .arg = &outcome,
  };
}

static bool is_done(struct device *of) {
  (void)of;
  return outcome.count > 0;
}

/* Virtual time that it took. */
static uint64_t run(uint64_t limit_ms) {
  uint64_t begin_ms = world_now_ms();
  device_run_until(&device, is_done, limit_ms);
  assert_int_equal(outcome.count, 1);
  return world_now_ms() - begin_ms;
}

static uint64_t upload_and_run(uint64_t size, uint64_t limit_ms) {
  prepare(size);
  assert_int_equal(godwit_stream_upload(device.client, &upload), GODWIT_OK);
  return run(limit_ms);
}

static void assert_capture(size_t index, const char *path, int format, const void *data,
                           size_t size) {
  assert_in_range(world_server.capture_count, index + 1, WORLD_CAPTURES_MAX);
  const struct world_capture *capture = &world_server.capture[index];
  assert_string_equal(capture->path, path);
  assert_int_equal(capture->format, format);
  assert_int_equal(capture->size, size);
  uint8_t here[32], there[32];
  mbedtls_sha256(data, size, here, 0);
  mbedtls_sha256(capture->data, capture->size, there, 0);
  assert_memory_equal(here, there, sizeof here);
}

static void assert_stored(size_t size) {
  assert_int_equal(outcome.status, GODWIT_OK);
  assert_int_equal(world_server.capture_count, 1);
  assert_capture(0, "audio/kitchen", GODWIT_FORMAT_OCTETS, content, size);
  assert_int_equal(upload.sent_bytes, size);
}

/* Over a bad link a session may be lost with the very last answer, and then the
 * whole comes again: in each session once at most. */
static void assert_arrived(size_t size) {
  assert_int_equal(outcome.status, GODWIT_OK);
  assert_in_range(world_server.capture_count, 1, world_server.handshakes);
  for (size_t i = 0; i < world_server.capture_count; i++) {
    assert_capture(i, "audio/kitchen", GODWIT_FORMAT_OCTETS, content, size);
  }
}

/* Uploads ------------------------------------------------------------------------- */

TEST(upload_of_any_size_arrives_whole) {
  static const size_t sizes[] = {0, 1, 15, 16, 17, 1023, 1024, 1025, 2048, 32044, 65536};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    begin(test_random());
    connect();
    upload_and_run(sizes[i], MINUTE_MS);
    assert_stored(sizes[i]);
    assert_int_equal(world_server.stream_begun, 1);
  }
}

static bool by_session;

static void measure(const char *what, size_t size, unsigned times, unsigned travel_ms,
                    unsigned loss_percent) {
  uint64_t sum_ms = 0, worst_ms = 0, handshakes = 0, blocks = 0, copies = 0;
  for (unsigned i = 0; i < times; i++) {
    begin(test_random());
    world_network.travel_ms = travel_ms;
    world_network.loss_percent = loss_percent;
    world_server.stream_by_session = by_session;
    connect();
    uint64_t took_ms = upload_and_run(size, 12 * HOUR_MS);
    assert_arrived(size);
    copies += world_server.capture_count - 1;
    sum_ms += took_ms;
    if (took_ms > worst_ms) worst_ms = took_ms;
    handshakes += world_server.handshakes;
    blocks += world_server.stream_blocks;
  }
  printf(
      "%s: %u of %u whole, mean %.1f s, worst %.1f s, %.2f sessions, %.0f blocks seen, %u twice\n",
      what, times, times, (double)sum_ms / times / 1000, (double)worst_ms / 1000,
      (double)handshakes / times, (double)blocks / times, (unsigned)copies);
}

TEST(megabyte_arrives_a_hundred_of_a_hundred_times_at_200_ms_and_5_percent_loss) {
  measure("1 MB, RTT 200 ms, 5 % loss each way", sizeof content, 100, 100, 5);
}

TEST(megabyte_over_a_good_link_takes_its_round_trips) {
  measure("1 MB, RTT 5 ms, no loss", sizeof content, 3, 3, 0);
  assert_int_equal(world_server.stream_blocks, 1024);
  assert_int_equal(world_server.handshakes, 1);
}

TEST(upload_arrives_when_a_fifth_of_all_datagrams_is_lost) {
  measure("64 KB, RTT 20 ms, 20 % loss each way", 65536, 40, 10, 20);
  measure("64 KB, RTT 200 ms, 20 % loss each way", 65536, 40, 100, 20);
}

TEST(upload_arrives_at_a_server_that_forgets_it_with_each_session) {
  by_session = true;
  measure("64 KB, RTT 200 ms, 20 % loss each way, forgotten with the session", 65536, 40, 100, 20);
}

TEST(upload_goes_on_in_the_next_session_where_it_was) {
  begin(test_random());
  connect();
  prepare(40000);
  assert_int_equal(godwit_stream_upload(device.client, &upload), GODWIT_OK);
  device_run_for(&device, 300);
  size_t blocks = world_server.stream_blocks;
  assert_in_range(blocks, 5, 35);
  world_server.deaf = true;
  device_run_for(&device, 15000);
  world_server.deaf = false;
  run(MINUTE_MS);
  assert_stored(40000);
  assert_int_equal(world_server.stream_begun, 1);
  assert_int_equal(world_server.handshakes, 2);
}

TEST(upload_whose_last_answer_is_lost_with_the_session_is_stored_once) {
  begin(test_random());
  connect();
  world_server.stream_dies_stored = true;
  prepare(4096);
  assert_int_equal(godwit_stream_upload(device.client, &upload), GODWIT_OK);
  device_run_for(&device, 15000);
  assert_int_equal(world_server.capture_count, 1);
  assert_int_equal(outcome.count, 0);
  world_server.deaf = false;
  run(5 * MINUTE_MS);
  assert_stored(4096);
  assert_int_equal(world_server.handshakes, 2);
}

TEST(repeated_and_late_datagrams_change_nothing) {
  for (int i = 0; i < 20; i++) {
    begin(test_random());
    world_network.duplicate_percent = 30;
    world_network.reorder_percent = 20;
    world_network.loss_percent = 5;
    connect();
    upload_and_run(50000, HOUR_MS);
    assert_arrived(50000);
  }
}

TEST(all_blocks_of_an_upload_carry_one_token_and_another_upload_another) {
  begin(test_random());
  connect();
  upload_and_run(5000, MINUTE_MS);
  outcome = (struct outcome){0};
  upload_and_run(5000, MINUTE_MS);
  assert_int_equal(world_server.capture_count, 2); /* the server keys on the token */
  assert_int_equal(world_server.stream_begun, 2);
}

TEST(upload_handed_in_before_the_connection_waits_for_it) {
  begin(test_random());
  world_network.down = true;
  device_boot(&device);
  prepare(3000);
  assert_int_equal(godwit_stream_upload(device.client, &upload), GODWIT_OK);
  device_run_for(&device, MINUTE_MS);
  assert_int_equal(outcome.count, 0);
  world_network.down = false;
  run(10 * MINUTE_MS);
  assert_stored(3000);
}

TEST(server_that_restarts_in_the_middle_gets_the_whole_again) {
  begin(test_random());
  connect();
  world_server.restart_at_block = 20;
  upload_and_run(40000, 5 * MINUTE_MS);
  assert_stored(40000);
  assert_int_equal(world_server.stream_begun, 2);
  assert_int_equal(world_server.handshakes, 2);
}

static struct outcome *cut_to;

static int restart_again_and_again(void *arg, uint64_t offset, void *data, size_t size) {
  if (cut_to != NULL && offset == 0) world_server.restart_at_block = 3;
  return read_content(arg, offset, data, size);
}

TEST(sessions_that_are_always_lost_end_the_upload_after_its_attempts) {
  begin(test_random());
  connect();
  prepare(40000);
  cut_to = &outcome;
  upload.read = restart_again_and_again;
  upload.attempts_max = 3;
  assert_int_equal(godwit_stream_upload(device.client, &upload), GODWIT_OK);
  run(30 * MINUTE_MS);
  cut_to = NULL;
  assert_true(outcome.status == GODWIT_ERR_TIMEOUT || outcome.status == GODWIT_ERR_CONNECTION);
  assert_int_equal(world_server.stream_begun, 3);
  assert_int_equal(world_server.capture_count, 0);
}

TEST(block_that_is_not_answered_is_sent_again_in_the_same_session) {
  begin(test_random());
  connect();
  world_server.stream_deaf_times = 6; /* two to three rounds of one block */
  upload_and_run(4000, 5 * MINUTE_MS);
  assert_stored(4000);
  assert_int_equal(world_server.stream_begun, 1);
  assert_int_equal(world_server.handshakes, 1);
}

TEST(server_that_never_answers_blocks_but_pings_ends_the_upload) {
  begin(test_random());
  connect();
  world_server.stream_deaf_times = 1000000;
  upload_and_run(4000, HOUR_MS);
  assert_int_equal(outcome.status, GODWIT_ERR_TIMEOUT);
  assert_int_equal(world_server.handshakes, 1);
}

TEST(change_of_address_in_the_middle_is_not_noticed) {
  begin(test_random());
  connect();
  prepare(30000);
  assert_int_equal(godwit_stream_upload(device.client, &upload), GODWIT_OK);
  device_run_for(&device, 150);
  assert_in_range(world_server.stream_blocks, 3, 20);
  godwit_client_network_changed(device.client);
  run(MINUTE_MS);
  assert_stored(30000);
  assert_int_equal(world_server.stream_begun, 1);
}

TEST(stop_and_start_in_the_middle_begins_anew_where_the_server_forgot) {
  begin(test_random());
  world_server.stream_by_session = true;
  connect();
  prepare(30000);
  assert_int_equal(godwit_stream_upload(device.client, &upload), GODWIT_OK);
  device_run_for(&device, 150);
  godwit_client_stop(device.client);
  device_run_for(&device, MINUTE_MS);
  assert_int_equal(outcome.count, 0);
  godwit_client_start(device.client);
  run(MINUTE_MS);
  assert_stored(30000);
  assert_int_equal(world_server.stream_begun, 2);
}

/* Refusals ------------------------------------------------------------------------ */

TEST(quota_pauses_and_then_ends_the_upload_with_its_code) {
  begin(test_random());
  connect();
  world_server.stream_code = GW_COAP_TOO_MANY_REQUESTS;
  uint64_t took_ms = upload_and_run(20000, HOUR_MS);
  assert_int_equal(outcome.status, GODWIT_ERR_RESPONSE);
  assert_int_equal(outcome.code, GW_COAP_TOO_MANY_REQUESTS);
  assert_int_equal(world_server.stream_blocks, 6);
  assert_in_range(took_ms, 15 * SECOND_MS, 32 * SECOND_MS);
}

TEST(quota_that_passes_lets_the_upload_go_on_where_it_was) {
  begin(test_random());
  connect();
  world_server.stream_code = GW_COAP_TOO_MANY_REQUESTS;
  world_server.stream_code_after = 7;
  world_server.stream_code_times = 3;
  upload_and_run(20000, HOUR_MS);
  assert_stored(20000);
  assert_int_equal(world_server.stream_begun, 1);
}

TEST(busy_server_is_asked_again_for_minutes) {
  begin(test_random());
  connect();
  world_server.stream_code = GW_COAP_SERVICE_UNAVAILABLE;
  world_server.stream_code_after = 3;
  world_server.stream_code_times = 8;
  uint64_t took_ms = upload_and_run(20000, HOUR_MS);
  assert_stored(20000);
  assert_in_range(took_ms, MINUTE_MS, 4 * MINUTE_MS);
}

TEST(server_that_stays_busy_ends_it) {
  begin(test_random());
  connect();
  world_server.stream_code = GW_COAP_INTERNAL_ERROR;
  upload_and_run(20000, HOUR_MS);
  assert_int_equal(outcome.status, GODWIT_ERR_RESPONSE);
  assert_int_equal(outcome.code, GW_COAP_INTERNAL_ERROR);
  assert_int_equal(world_server.stream_blocks, 10);
}

TEST(session_lost_in_a_pause_begins_anew_where_the_server_forgot) {
  begin(test_random());
  world_server.stream_by_session = true;
  connect();
  world_server.stream_code = GW_COAP_SERVICE_UNAVAILABLE;
  world_server.stream_code_after = 5;
  world_server.stream_code_times = 5;
  prepare(20000);
  assert_int_equal(godwit_stream_upload(device.client, &upload), GODWIT_OK);
  while (world_server.stream_code_times > 1) device_run_for(&device, 100);
  godwit_client_stop(device.client);
  world_server.stream_code = 0;
  godwit_client_start(device.client);
  run(HOUR_MS);
  assert_stored(20000);
  assert_int_equal(world_server.stream_begun, 2);
}

TEST(too_large_for_the_server_is_the_end) {
  begin(test_random());
  connect();
  world_server.stream_limit = 10000;
  upload_and_run(20000, HOUR_MS);
  assert_int_equal(outcome.status, GODWIT_ERR_RESPONSE);
  assert_int_equal(outcome.code, GW_COAP_REQUEST_TOO_LARGE);
  assert_int_equal(world_server.stream_blocks, 1); /* its size is said with the first */
  assert_int_equal(world_server.capture_count, 0);
}

TEST(server_that_forgot_the_upload_gets_it_from_the_start) {
  begin(test_random());
  connect();
  world_server.stream_code = GW_COAP_REQUEST_INCOMPLETE;
  world_server.stream_code_after = 9;
  world_server.stream_code_times = 1;
  upload_and_run(20000, HOUR_MS);
  assert_stored(20000);
  assert_int_equal(world_server.stream_begun, 2);
}

TEST(server_that_always_forgets_ends_it_after_eight_attempts) {
  begin(test_random());
  connect();
  world_server.stream_code = GW_COAP_REQUEST_INCOMPLETE;
  upload_and_run(20000, HOUR_MS);
  assert_int_equal(outcome.status, GODWIT_ERR_RESPONSE);
  assert_int_equal(outcome.code, GW_COAP_REQUEST_INCOMPLETE);
  assert_int_equal(world_server.stream_begun, 8);
}

TEST(smaller_blocks_are_sent_when_the_server_asks_for_them) {
  for (uint8_t szx = 0; szx < 6; szx++) {
    begin(test_random());
    world_server.stream_szx_max = szx;
    connect();
    upload_and_run(5000, MINUTE_MS);
    assert_stored(5000);
    assert_int_equal(world_server.stream_blocks,
                     1 + (5000 - 1024 + (16u << szx) - 1) / (16u << szx));
  }
}

TEST(answers_without_the_option_are_taken_as_published_servers_give_them) {
  begin(test_random());
  world_server.stream_no_option = true;
  connect();
  upload_and_run(5000, MINUTE_MS);
  assert_stored(5000);
}

TEST(answers_to_blocks_that_were_not_sent_end_it_and_do_not_loop) {
  begin(test_random());
  world_server.stream_wrong_block = true;
  connect();
  upload_and_run(5000, MINUTE_MS);
  assert_int_equal(outcome.status, GODWIT_ERR_FORMAT);
  assert_in_range(world_server.stream_blocks, 2, 16);
}

TEST(continue_behind_the_last_block_is_not_stored) {
  begin(test_random());
  connect();
  world_server.stream_code = GW_COAP_CONTINUE; /* the server takes nothing */
  upload_and_run(700, MINUTE_MS);
  assert_int_equal(outcome.status, GODWIT_ERR_FORMAT);
}

/* The caller's side ---------------------------------------------------------------- */

TEST(content_that_cannot_be_read_ends_it_with_the_readers_status) {
  begin(test_random());
  connect();
  read_status = GODWIT_ERR_IO;
  read_limit = 9000;
  upload_and_run(20000, MINUTE_MS);
  assert_int_equal(outcome.status, GODWIT_ERR_IO);
  assert_int_equal(outcome.code, 0);
  assert_int_equal(world_server.stream_blocks, 8);
}

TEST(missing_and_overlong_fields_are_refused) {
  begin(test_random());
  connect();
  static const uint8_t no_map[] = {0x83, 1, 2, 3}, rest[] = {0xa0, 0x00}, cut_map[] = {0xa1, 0x61};
  static uint8_t too_much[GODWIT_PROVENANCE_MAX + 1];
  prepare(10);
  upload.path = "a path that is longer than forty-eight bytes, by one";
  assert_int_equal(godwit_stream_upload(device.client, &upload), GODWIT_ERR_ARGUMENT);
  upload.path = NULL;
  assert_int_equal(godwit_stream_upload(device.client, &upload), GODWIT_ERR_ARGUMENT);
  prepare(10);
  upload.read = NULL;
  assert_int_equal(godwit_stream_upload(device.client, &upload), GODWIT_ERR_ARGUMENT);
  prepare(10);
  upload.content_format = 0x10000;
  assert_int_equal(godwit_stream_upload(device.client, &upload), GODWIT_ERR_ARGUMENT);
  prepare(((uint64_t)1 << 30) + 1);
  assert_int_equal(godwit_stream_upload(device.client, &upload), GODWIT_ERR_ARGUMENT);
  prepare(UINT64_MAX);
  assert_int_equal(godwit_stream_upload(device.client, &upload), GODWIT_ERR_ARGUMENT);
  prepare(10);
  upload.provenance = no_map;
  upload.provenance_size = sizeof no_map;
  assert_int_equal(godwit_stream_upload(device.client, &upload), GODWIT_ERR_ARGUMENT);
  upload.provenance = rest;
  upload.provenance_size = sizeof rest;
  assert_int_equal(godwit_stream_upload(device.client, &upload), GODWIT_ERR_ARGUMENT);
  upload.provenance = cut_map;
  upload.provenance_size = sizeof cut_map;
  assert_int_equal(godwit_stream_upload(device.client, &upload), GODWIT_ERR_ARGUMENT);
  upload.provenance = too_much;
  upload.provenance_size = sizeof too_much;
  assert_int_equal(godwit_stream_upload(device.client, &upload), GODWIT_ERR_ARGUMENT);
  upload.provenance = NULL;
  upload.provenance_size = 1;
  assert_int_equal(godwit_stream_upload(device.client, &upload), GODWIT_ERR_ARGUMENT);
  device_run_for(&device, 1000);
  assert_int_equal(outcome.count, 0);
  assert_int_equal(world_server.stream_blocks, 0);
}

TEST(upload_that_is_under_way_is_not_begun_twice) {
  begin(test_random());
  connect();
  prepare(20000);
  assert_int_equal(godwit_stream_upload(device.client, &upload), GODWIT_OK);
  device_run_for(&device, 50);
  assert_int_equal(godwit_stream_upload(device.client, &upload), GODWIT_ERR_STATE);
  run(MINUTE_MS);
  assert_stored(20000);
}

TEST(cancelled_upload_is_silent_and_its_object_free) {
  begin(test_random());
  connect();
  prepare(20000);
  assert_int_equal(godwit_stream_upload(device.client, &upload), GODWIT_OK);
  device_run_for(&device, 100);
  godwit_stream_upload_cancel(device.client, &upload);
  memset(&upload, 0xEE, sizeof upload);
  device_run_for(&device, MINUTE_MS);
  assert_int_equal(outcome.count, 0);
  assert_int_equal(world_server.capture_count, 0);
  upload_and_run(3000, MINUTE_MS);
  assert_stored(3000);
}

/* Any eight bytes of the content in the client's memory, or in the object. */
static bool is_left(void) {
  for (size_t at = 0; at + 8 <= 20000; at += 8) {
    if (memmem(device.memory, sizeof device.memory, content + at, 8) != NULL) return true;
    if (memmem(&upload, sizeof upload, content + at, 8) != NULL) return true;
  }
  return false;
}

TEST(nothing_of_the_content_is_left_when_an_upload_has_ended_or_was_cancelled) {
  begin(test_random());
  connect();
  upload_and_run(20000, MINUTE_MS);
  assert_stored(20000);
  assert_false(is_left());
  outcome = (struct outcome){0};
  prepare(20000);
  assert_int_equal(godwit_stream_upload(device.client, &upload), GODWIT_OK);
  device_run_for(&device, 100);
  assert_true(is_left());
  godwit_stream_upload_cancel(device.client, &upload);
  assert_false(is_left());
}

TEST(client_that_ends_says_so_to_each_upload_once) {
  begin(test_random());
  connect();
  static struct godwit_stream_upload other;
  prepare(20000);
  other = upload;
  static struct outcome other_outcome;
  other_outcome = (struct outcome){0};
  other.arg = &other_outcome;
  assert_int_equal(godwit_stream_upload(device.client, &upload), GODWIT_OK);
  device_run_for(&device, 50);
  assert_int_equal(godwit_stream_upload(device.client, &other), GODWIT_OK);
  godwit_client_deinit(device.client);
  assert_int_equal(outcome.count, 1);
  assert_int_equal(outcome.status, GODWIT_ERR_CANCELLED);
  assert_int_equal(other_outcome.count, 1);
  assert_int_equal(other_outcome.status, GODWIT_ERR_CANCELLED);
}

static unsigned repeats;

static void upload_again(struct godwit_client *client, int status, uint8_t code, void *arg) {
  (void)code, (void)arg;
  if (status != GODWIT_ERR_CANCELLED) assert_int_equal(status, GODWIT_OK);
  int next = godwit_stream_upload(client, &upload);
  if (next == GODWIT_OK) repeats++;
  if (status == GODWIT_ERR_CANCELLED) assert_int_equal(next, GODWIT_ERR_STATE);
}

TEST(upload_that_begins_the_next_in_its_callback_ends_with_the_client) {
  begin(test_random());
  connect();
  prepare(3000);
  upload.done = upload_again;
  repeats = 0;
  assert_int_equal(godwit_stream_upload(device.client, &upload), GODWIT_OK);
  device_run_for(&device, 3000);
  assert_in_range(repeats, 5, 1000);
  godwit_client_deinit(device.client);
}

TEST(two_uploads_a_download_and_a_message_take_turns) {
  begin(test_random());
  device_publish("1.0.0", 20480);
  connect();
  static struct godwit_stream_upload other;
  static struct outcome other_outcome, message_outcome;
  static struct godwit_stream_message message;
  other_outcome = message_outcome = (struct outcome){0};
  prepare(30000);
  other = upload;
  other.path = "image";
  other.arg = &other_outcome;
  assert_int_equal(godwit_stream_upload(device.client, &upload), GODWIT_OK);
  assert_int_equal(godwit_stream_upload(device.client, &other), GODWIT_OK);
  world_server_release("1.0.0", NULL, 0);
  device_run_for(&device, 300);
  size_t before = world_server.stream_blocks;
  assert_int_equal(godwit_stream_send(device.client, &message, "temperature", GODWIT_FORMAT_JSON,
                                      "21.5", 4, note, &message_outcome),
                   GODWIT_OK);
  while (message_outcome.count == 0) device_run_for(&device, 1);
  assert_in_range(world_server.stream_blocks - before, 1, 6); /* no waiting for the uploads' ends */
  assert_int_equal(outcome.count + other_outcome.count, 0);
  device_run_until_version(&device, "1.0.0", MINUTE_MS);
  run(MINUTE_MS);
  while (other_outcome.count == 0) device_run_for(&device, 10);
  assert_int_equal(world_server.capture_count, 3);
  assert_capture(0, "temperature", GODWIT_FORMAT_JSON, "21.5", 4);
}

/* Provenance ----------------------------------------------------------------------- */

TEST(provenance_stands_in_front_of_the_content_as_a_cbor_sequence) {
  static const size_t sizes[] = {0, 5, 23, 24, 255, 256, 1000, 65535, 65536, 100000};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    begin(test_random());
    connect();
    uint8_t map[64];
    struct gw_cbor_writer writer;
    gw_cbor_writer_init(&writer, map, sizeof map);
    gw_cbor_write_map(&writer, 2);
    gw_cbor_write_text(&writer, "model");
    gw_cbor_write_text(&writer, "model@1.0.0");
    gw_cbor_write_text(&writer, "score");
    gw_cbor_write_uint(&writer, 128);
    prepare(sizes[i]);
    upload.provenance = map;
    upload.provenance_size = (size_t)gw_cbor_writer_finish(&writer);
    assert_int_equal(godwit_stream_upload(device.client, &upload), GODWIT_OK);
    run(MINUTE_MS);
    assert_int_equal(outcome.status, GODWIT_OK);
    assert_int_equal(upload.sent_bytes, sizes[i]);
    const struct world_capture *capture = &world_server.capture[0];
    assert_int_equal(capture->format, GODWIT_FORMAT_CBOR_SEQUENCE);
    struct gw_cbor_reader reader;
    struct gw_cbor_item item;
    gw_cbor_reader_init(&reader, capture->data, capture->size);
    assert_int_equal(gw_cbor_skip(&reader), GW_OK);
    assert_int_equal(reader.offset, upload.provenance_size);
    assert_memory_equal(capture->data, map, upload.provenance_size);
    assert_int_equal(gw_cbor_read(&reader, &item), GW_OK);
    assert_int_equal(item.type, GW_CBOR_BYTES);
    assert_int_equal(item.size, sizes[i]);
    if (sizes[i] > 0) assert_memory_equal(item.data, content, sizes[i]);
    assert_int_equal(reader.offset, capture->size);
  }
}

/* Messages ------------------------------------------------------------------------- */

TEST(message_arrives_with_its_format_and_says_so) {
  begin(test_random());
  connect();
  static struct godwit_stream_message message;
  assert_int_equal(godwit_stream_send(device.client, &message, "/room/1", GODWIT_FORMAT_CBOR,
                                      "\xf5", 1, note, &outcome),
                   GODWIT_OK);
  assert_int_equal(godwit_stream_send(device.client, &message, "room/2", GODWIT_FORMAT_CBOR, "\xf5",
                                      1, note, &outcome),
                   GODWIT_ERR_STATE);
  run(MINUTE_MS);
  assert_int_equal(outcome.status, GODWIT_OK);
  assert_capture(0, "room/1", GODWIT_FORMAT_CBOR, "\xf5", 1);
}

TEST(message_that_is_refused_names_the_code) {
  begin(test_random());
  connect();
  static struct godwit_stream_message message;
  world_server.stream_code = GW_COAP_TOO_MANY_REQUESTS;
  assert_int_equal(godwit_stream_send(device.client, &message, "room", GODWIT_FORMAT_JSON, "1", 1,
                                      note, &outcome),
                   GODWIT_OK);
  run(MINUTE_MS);
  assert_int_equal(outcome.status, GODWIT_ERR_RESPONSE);
  assert_int_equal(outcome.code, GW_COAP_TOO_MANY_REQUESTS);
  assert_int_equal(world_server.stream_blocks, 1);
}

TEST(message_without_a_connection_is_not_kept) {
  begin(test_random());
  world_network.down = true;
  device_boot(&device);
  static struct godwit_stream_message message;
  static uint8_t large[GODWIT_PAYLOAD_MAX + 1];
  assert_int_equal(godwit_stream_send(device.client, &message, "room", GODWIT_FORMAT_JSON, "1", 1,
                                      note, &outcome),
                   GODWIT_ERR_CONNECTION);
  world_network.down = false;
  device_run_until(&device, device_is_connected, 5 * MINUTE_MS);
  assert_int_equal(godwit_stream_send(device.client, &message, "room", GODWIT_FORMAT_JSON, large,
                                      sizeof large, note, &outcome),
                   GODWIT_ERR_ARGUMENT);
  device_run_for(&device, MINUTE_MS);
  assert_int_equal(outcome.count, 0);
}

/* The classic call ------------------------------------------------------------------ */

static void call_from_a_callback(struct godwit_client *client, int status, uint8_t code,
                                 void *arg) {
  note(client, godwit_stream_set_blockwise_sync(client, "x", 42, 5, read_content, NULL), code, arg);
  (void)status;
}

TEST(classic_call_blocks_until_it_is_done_and_not_in_a_callback) {
  begin(test_random());
  connect();
  assert_int_equal(
      godwit_stream_set_blockwise_sync(device.client, "audio/kitchen", GODWIT_FORMAT_OCTETS, 50000,
                                       read_content, NULL),
      GODWIT_OK);
  assert_capture(0, "audio/kitchen", GODWIT_FORMAT_OCTETS, content, 50000);
  world_server.stream_limit = 100;
  assert_int_equal(godwit_stream_set_blockwise_sync(device.client, "audio", GODWIT_FORMAT_OCTETS,
                                                    50000, read_content, NULL),
                   GODWIT_ERR_RESPONSE);
  static struct godwit_stream_message message;
  assert_int_equal(godwit_stream_send(device.client, &message, "room", GODWIT_FORMAT_JSON, "1", 1,
                                      call_from_a_callback, &outcome),
                   GODWIT_OK);
  run(MINUTE_MS);
  assert_int_equal(outcome.status, GODWIT_ERR_STATE);
}
