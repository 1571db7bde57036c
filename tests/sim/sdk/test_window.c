/* SPDX-License-Identifier: Apache-2.0 */
/* Downloads with several blocks under way: over links that are long, narrow or
 * bad, and from servers that would have it otherwise. */
#include <stdlib.h>
#include <string.h>

#include "godwit/ota.h"
#include "tests/sim/sdk/world.h"
#include "tests/support/test.h"
#include "wire/coap.h"

#define MINUTE_MS 60000u
#define HOUR_MS (60u * MINUTE_MS)
#define SIZE_MAX_BYTES (512u * 1024u)
#define BLOCK 1024u

static struct {
  _Alignas(16) uint8_t memory[GODWIT_CLIENT_MEMORY_BYTES];
  uint8_t reorder[GODWIT_OTA_WINDOW_MAX * BLOCK];
  struct godwit_client *client;
  struct godwit_client_config client_config;
  struct godwit_ota_download download;
  struct godwit_ota_download_config config;
  uint8_t model[SIZE_MAX_BYTES];
  uint8_t times[SIZE_MAX_BYTES]; /* each byte was handed over */
  uint32_t handed, expected_offset, refuse_at;
  unsigned early;        /* blocks that came before one in front of them */
  uint64_t most_at_once; /* datagrams sent in one poll */
  unsigned done;         /* calls of on_done */
  unsigned resumed;      /* by fetch_all */
  unsigned hold_polls;   /* each block is worked on for so many polls, and no other comes */
  unsigned held;         /* that are left of it */
  int status;
} t;

/* The device ------------------------------------------------------------------- */

static int take(struct godwit_ota_download *download, uint32_t offset, const uint8_t *data,
                size_t size, void *arg) {
  assert_ptr_equal(download, &t.download);
  assert_ptr_equal(arg, &t);
  assert_true(offset + size <= t.config.size_bytes);
  if (t.refuse_at != 0 && offset >= t.refuse_at) return GODWIT_ERR_IO;
  if (size > 0) assert_memory_equal(data, t.model + offset, size);
  for (size_t i = 0; i < size; i++) t.times[offset + i]++;
  if (t.config.in_order) assert_int_equal(offset, t.expected_offset);
  if (offset > t.expected_offset) t.early++;
  t.expected_offset = offset + (uint32_t)size;
  t.handed += (uint32_t)size;
  assert_int_equal(t.held, 0);
  t.held = t.hold_polls;
  return t.held > 0 ? GODWIT_DOWNLOAD_HOLD : GODWIT_OK;
}

static void note_end(struct godwit_ota_download *download, int status, void *arg) {
  assert_ptr_equal(download, &t.download);
  assert_ptr_equal(arg, &t);
  assert_false(godwit_ota_download_is_active(download));
  t.done++;
  t.status = status;
}

static void publish(uint32_t size) {
  t.config.size_bytes = size;
  for (uint32_t i = 0; i < size; i++) t.model[i] = (uint8_t)world_random();
  world_server_add("model@1.0.0", t.model, size);
}

static uint64_t datagrams_out(void) {
  struct godwit_client_stats stats;
  godwit_client_stats(t.client, &stats);
  return stats.datagrams_out;
}

static void work(void) {
  if (t.held > 0 && --t.held == 0) godwit_ota_download_release(t.client, &t.download);
}

static void poll(void) {
  uint64_t before = datagrams_out();
  godwit_client_poll(t.client);
  work();
  if (datagrams_out() - before > t.most_at_once) t.most_at_once = datagrams_out() - before;
}

static void poll_until(bool (*condition)(void), uint64_t limit_ms) {
  uint64_t end_ms = world_now_ms() + limit_ms;
  for (;;) {
    poll();
    if (condition() || world_now_ms() >= end_ms) return;
    world_step(end_ms, godwit_client_next_timeout_ms(t.client));
  }
}

static bool is_done(void) { return t.done > 0; }
static bool is_connected(void) { return godwit_client_state(t.client) == GODWIT_CLIENT_CONNECTED; }

static void prepare(uint32_t size) {
  world_reset(test_random());
  memset(&t, 0, sizeof t);
  t.client_config = (struct godwit_client_config){.host = WORLD_HOST,
                                                  .psk_identity = WORLD_IDENTITY,
                                                  .psk = WORLD_PSK,
                                                  .psk_size = strlen(WORLD_PSK),
                                                  .memory = t.memory,
                                                  .memory_size = sizeof t.memory};
  t.config = (struct godwit_ota_download_config){
      .path = "/.u/c/model@1.0.0", .on_block = take, .on_done = note_end, .arg = &t};
  publish(size);
}

static void connect(void) {
  assert_int_equal(godwit_client_init(&t.client, &t.client_config), GODWIT_OK);
  godwit_client_start(t.client);
  poll_until(is_connected, HOUR_MS);
  assert_true(is_connected());
}

static void begin(void) {
  t.done = 0;
  t.expected_offset = t.config.offset;
  assert_int_equal(godwit_ota_download_begin(t.client, &t.download, &t.config), GODWIT_OK);
}

/* Milliseconds that it took. */
static uint64_t fetch(uint64_t limit_ms) {
  uint64_t began_ms = world_now_ms();
  begin();
  poll_until(is_done, limit_ms);
  assert_int_equal(t.done, 1);
  return world_now_ms() - began_ms;
}

/* The same, and on where it was as often as a bad link cuts it off. */
static uint64_t fetch_all(void) {
  uint64_t began_ms = world_now_ms();
  for (;;) {
    fetch(24 * HOUR_MS);
    if (t.status != GODWIT_ERR_CONNECTION && t.status != GODWIT_ERR_TIMEOUT) break;
    t.resumed++;
    t.config.offset = t.download.bytes_whole / BLOCK * BLOCK;
    memset(t.times + t.config.offset, 0, sizeof t.times - t.config.offset); /* written again */
    poll_until(is_connected, HOUR_MS);
  }
  return world_now_ms() - began_ms;
}

static void assert_whole(void) {
  assert_int_equal(t.status, GODWIT_OK);
  assert_int_equal(t.download.bytes_whole, t.config.size_bytes);
  for (uint32_t i = 0; i < t.config.size_bytes; i++) assert_int_equal(t.times[i], 1);
}

/* Speed ------------------------------------------------------------------------ */

struct link {
  const char *name;
  unsigned travel_ms, loss_percent, rate, queue;
};

static uint64_t fetch_over(const struct link *link, unsigned window_blocks, uint32_t size) {
  prepare(size);
  t.client_config.response_timeout_ms = 30000;
  connect();
  world_network.travel_ms = link->travel_ms;
  world_network.loss_percent = link->loss_percent;
  world_network.rate = link->rate;
  world_network.queue = link->queue;
  t.config.window_blocks = window_blocks;
  world_server.blocks = 0;
  uint64_t took_ms = fetch_all();
  assert_whole();
  printf("%-30s window %2u: %7.1f s, %3zu requests, %llu dropped in the queue\n", link->name,
         window_blocks, (double)took_ms / 1000.0, world_server.blocks,
         (unsigned long long)world_network.queue_drops);
  return took_ms;
}

static double gain_over(const struct link *link) {
  double one = (double)fetch_over(link, 1, 300 * 1024);
  return one / (double)fetch_over(link, 0, 300 * 1024);
}

TEST(a_long_round_trip_is_no_limit_to_a_download) {
  assert_true(gain_over(&(struct link){"500 ms", 250, 0, 0, 0}) >= 8.0);
  assert_true(gain_over(&(struct link){"500 ms, 1 % lost", 250, 1, 0, 0}) >= 8.0);
}

TEST(a_fifth_of_all_datagrams_lost_does_not_bring_the_window_down) {
  assert_true(gain_over(&(struct link){"500 ms, 20 % lost", 250, 20, 0, 0}) >= 3.0);
}

TEST(a_short_round_trip_is_not_made_slower) {
  assert_true(gain_over(&(struct link){"4 ms", 2, 0, 0, 0}) >= 1.0);
  assert_true(gain_over(&(struct link){"4 ms, 1 % lost", 2, 1, 0, 0}) >= 1.0);
}

/* What the link takes for the blocks alone: 40 bytes of DTLS and CoAP, 28 of UDP
 * and IP with each. */
static uint64_t least_ms(const struct link *link, uint32_t blocks) {
  return blocks * (BLOCK + 68u) * UINT64_C(1000) / link->rate;
}

TEST(a_narrow_link_is_filled_and_not_flooded) {
  static const struct link links[] = {
      {"20 kbit/s, 1 s, queue 4 KB", 500, 0, 2500, 4096},
      {"20 kbit/s, 3 s, queue 8 KB", 1500, 0, 2500, 8192},
      {"5 kbit/s, 1 s, queue 2 KB", 500, 0, 625, 2048},
      {"5 kbit/s, 1 s, queue 4 KB", 500, 0, 625, 4096},
  };
  const uint32_t blocks = 100;
  for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
    uint64_t took_ms = fetch_over(&links[i], 0, blocks * BLOCK);
    assert_in_range(took_ms, least_ms(&links[i], blocks), least_ms(&links[i], blocks) * 125 / 100);
    assert_in_range(world_server.blocks, blocks, blocks * 112 / 100);
  }
}

TEST(losses_on_a_narrow_link_are_asked_for_again_and_little_else) {
  static const struct link link = {"5 kbit/s, 1 s, queue 2 KB, 5 %", 500, 5, 625, 2048};
  const uint32_t blocks = 100;
  uint64_t took_ms = fetch_over(&link, 0, blocks * BLOCK);
  assert_in_range(took_ms, least_ms(&link, blocks), least_ms(&link, blocks) * 140 / 100);
  assert_in_range(world_server.blocks, blocks, blocks * 130 / 100);
}

/* Bursts ----------------------------------------------------------------------- */

TEST(requests_are_spread_also_behind_a_pause_of_the_application) {
  prepare(200 * BLOCK);
  connect();
  world_network.travel_ms = 100;
  t.most_at_once = 0;
  begin();
  for (int i = 0; i < 5; i++) {
    poll_until(is_done, 1000);
    world_advance_ms(2500); /* flash is erased, say, and a window of answers waits */
  }
  poll_until(is_done, HOUR_MS);
  assert_whole();
  assert_in_range(t.most_at_once, 1, 2);
}

/* Bad networks ------------------------------------------------------------------ */

TEST(blocks_come_as_they_come_and_each_byte_once) {
  for (unsigned loss = 0; loss <= 30; loss += 10) {
    prepare(100 * BLOCK + 77);
    connect();
    world_network.loss_percent = loss;
    world_network.duplicate_percent = 10;
    world_network.reorder_percent = 10;
    fetch_all();
    assert_whole();
    assert_true(t.early > 0);
    assert_in_range(t.resumed, 0, loss / 3); /* sessions that a ping could not save */
  }
}

TEST(blocks_come_in_order_where_that_is_wished) {
  for (unsigned room = 0; room <= GODWIT_OTA_WINDOW_MAX; room += 5) {
    prepare(100 * BLOCK + 77);
    connect();
    world_network.loss_percent = 5;
    world_network.duplicate_percent = 10;
    world_network.reorder_percent = 10;
    t.config.in_order = true;
    t.config.reorder_memory = room > 0 ? t.reorder : NULL;
    t.config.reorder_size = room * BLOCK;
    uint64_t took_ms = fetch_all();
    assert_whole();
    printf("room for %2u blocks: %.1f s\n", room, (double)took_ms / 1000.0);
  }
}

/* Time passes while a block is worked on, so others come in the meantime. */
static void fetch_while_working(unsigned room, uint8_t szx) {
  prepare(40 * BLOCK + 77);
  connect();
  world_network.loss_percent = 5;
  world_network.duplicate_percent = 10;
  world_network.reorder_percent = 10;
  world_server.szx_max = szx;
  t.config.in_order = true;
  t.config.reorder_memory = room > 0 ? t.reorder : NULL;
  t.config.reorder_size = room * BLOCK;
  t.hold_polls = 1 + test_random() % 4;
  begin();
  for (unsigned step = 0; !is_done() && step < 100000; step++) {
    poll();
    world_step(world_now_ms() + (t.held > 0 ? 5 : HOUR_MS),
               t.held > 0 ? 5 : godwit_client_next_timeout_ms(t.client));
  }
  assert_whole();
  assert_int_equal(t.held, 0);
}

TEST(an_application_that_holds_a_block_gets_the_next_when_it_is_ready) {
  for (unsigned room = 0; room <= GODWIT_OTA_WINDOW_MAX; room++) {
    fetch_while_working(room, 6);
    fetch_while_working(room, 3);
  }
}

TEST(a_held_download_asks_for_nothing_and_ends_when_it_is_released) {
  prepare(BLOCK - 5);
  connect();
  t.config.in_order = true;
  t.hold_polls = 1000;
  begin();
  while (t.handed == 0) poll_until(is_done, 10);
  size_t blocks = world_server.blocks;
  poll_until(is_done, 500);
  assert_int_equal(t.done, 0);
  assert_int_equal(world_server.blocks, blocks);
  t.held = 0;
  godwit_ota_download_release(t.client, &t.download);
  assert_whole();
  godwit_ota_download_release(t.client, &t.download); /* once more: nothing */
  assert_int_equal(t.done, 1);
}

TEST(no_room_to_wait_in_means_one_block_at_a_time) {
  prepare(20 * BLOCK);
  connect();
  t.config.in_order = true;
  fetch(HOUR_MS);
  assert_whole();
  assert_true(t.download.one_at_a_time);
}

/* Servers ------------------------------------------------------------------------ */

TEST(smaller_blocks_of_the_server_are_taken_in_any_order) {
  for (uint8_t szx = 0; szx < 6; szx++) {
    prepare(10 * BLOCK + 333);
    connect();
    world_server.szx_max = szx;
    world_network.loss_percent = 5;
    world_network.reorder_percent = 5;
    fetch(HOUR_MS);
    assert_whole();
  }
}

TEST(smaller_blocks_in_the_middle_are_taken_in_order) {
  prepare(60 * BLOCK + 333);
  connect();
  t.config.in_order = true;
  t.config.reorder_memory = t.reorder;
  t.config.reorder_size = sizeof t.reorder;
  begin();
  while (t.handed < 20 * BLOCK) poll_until(is_done, 1);
  world_server.szx_max = 4;
  world_network.reorder_percent = 10;
  poll_until(is_done, HOUR_MS);
  assert_whole();
}

TEST(separate_answers_are_taken_in_any_number) {
  prepare(60 * BLOCK);
  connect();
  world_server.separate = true;
  world_network.loss_percent = 3;
  fetch_all();
  assert_whole();
}

TEST(a_server_that_has_enough_is_asked_later_and_one_at_a_time) {
  static const uint8_t codes[] = {GW_COAP_TOO_MANY_REQUESTS, GW_COAP_SERVICE_UNAVAILABLE};
  for (size_t i = 0; i < sizeof codes; i++) {
    prepare(40 * BLOCK);
    connect();
    begin();
    while (t.handed < 10 * BLOCK) poll_until(is_done, 1);
    world_server.download_code = codes[i];
    world_server.download_times = 3;
    world_server.max_age_s = 7;
    uint64_t began_ms = world_now_ms();
    poll_until(is_done, HOUR_MS);
    assert_whole();
    assert_true(t.download.one_at_a_time);
    assert_in_range(world_now_ms() - began_ms, 7000, 10000);
  }
}

TEST(a_server_that_always_has_enough_ends_it) {
  prepare(40 * BLOCK);
  connect();
  world_server.download_code = GW_COAP_TOO_MANY_REQUESTS;
  uint64_t took_ms = fetch(HOUR_MS);
  assert_int_equal(t.status, GODWIT_ERR_RESPONSE);
  assert_int_equal(t.download.code, GW_COAP_TOO_MANY_REQUESTS);
  assert_in_range(took_ms, 1000, 5000);
  assert_in_range(world_server.blocks, 2, 4);
}

TEST(a_server_with_one_place_for_requests_is_asked_for_one_at_a_time) {
  prepare(60 * BLOCK);
  connect();
  world_server.one_place_ms = 100;
  fetch(HOUR_MS);
  assert_whole();
  assert_true(t.download.one_at_a_time);
}

TEST(what_is_not_there_is_an_error_at_once) {
  prepare(40 * BLOCK);
  connect();
  t.config.path = "/.u/c/model@9.9.9";
  uint64_t took_ms = fetch(HOUR_MS);
  assert_int_equal(t.status, GODWIT_ERR_RESPONSE);
  assert_int_equal(t.download.code, GW_COAP_NOT_FOUND);
  assert_in_range(took_ms, 1, 500);
  assert_int_equal(t.handed, 0);
}

TEST(what_is_shorter_or_longer_than_promised_is_refused) {
  for (int longer = 0; longer < 2; longer++) {
    prepare(40 * BLOCK + 100);
    connect();
    t.config.size_bytes += longer ? 100 : UINT32_MAX - 99;
    fetch(HOUR_MS);
    assert_int_equal(t.status, GODWIT_ERR_FORMAT);
    assert_true(t.download.bytes_whole <= 40 * BLOCK);
  }
}

/* Ends --------------------------------------------------------------------------- */

TEST(a_lost_session_is_told_and_at_most_a_window_is_fetched_twice) {
  for (unsigned at = 1; at < 100; at += 7) {
    prepare(100 * BLOCK + 5);
    connect();
    world_network.loss_percent = 5;
    world_server.deaf_after_blocks = at;
    fetch(HOUR_MS);
    if (t.status != GODWIT_ERR_CONNECTION) assert_int_equal(t.status, GODWIT_ERR_TIMEOUT);
    world_server.deaf = false;
    poll_until(is_connected, HOUR_MS);
    uint32_t before = t.handed;
    t.config.offset = t.download.bytes_whole / BLOCK * BLOCK;
    assert_true(before - t.config.offset <= (GODWIT_OTA_WINDOW_MAX - 1) * BLOCK);
    memset(t.times + t.config.offset, 0, sizeof t.times - t.config.offset); /* written again */
    fetch(HOUR_MS);
    assert_whole();
  }
}

TEST(a_server_that_answers_all_but_blocks_is_told_from_one_that_is_gone) {
  prepare(100 * BLOCK);
  connect();
  begin();
  while (t.handed < 20 * BLOCK) poll_until(is_done, 1);
  world_server.mute = true;
  uint64_t began_ms = world_now_ms();
  poll_until(is_done, HOUR_MS);
  assert_int_equal(t.done, 1);
  assert_int_equal(t.status, GODWIT_ERR_TIMEOUT);
  assert_true(is_connected());
  assert_in_range(world_now_ms() - began_ms, 10000, 90000);
  world_server.mute = false;
  t.config.offset = t.download.bytes_whole;
  memset(t.times + t.config.offset, 0, sizeof t.times - t.config.offset);
  fetch(HOUR_MS);
  assert_whole();
}

TEST(one_block_that_is_never_answered_does_not_hang_the_rest) {
  prepare(100 * BLOCK);
  connect();
  world_server.mute_block = 30;
  uint64_t took_ms = fetch(HOUR_MS);
  assert_int_equal(t.status, GODWIT_ERR_TIMEOUT);
  assert_int_equal(t.download.bytes_whole, 30 * BLOCK);
  assert_true(took_ms < 2 * MINUTE_MS);
  assert_true(world_server.blocks < 100);
}

TEST(a_refusing_application_ends_it_and_hears_no_more) {
  prepare(100 * BLOCK);
  connect();
  t.refuse_at = 30 * BLOCK;
  fetch(HOUR_MS);
  assert_int_equal(t.status, GODWIT_ERR_IO);
  assert_true(t.handed >= 15 * BLOCK && t.handed <= 30 * BLOCK);
  uint32_t handed = t.handed;
  poll_until(is_done, 1000);
  assert_int_equal(t.handed, handed);
  assert_int_equal(t.done, 1);
}

static int cancel_at_once(struct godwit_ota_download *download, uint32_t offset,
                          const uint8_t *data, size_t size, void *arg) {
  (void)offset, (void)data, (void)size, (void)arg;
  t.handed++;
  godwit_ota_download_cancel(t.client, download);
  return GODWIT_OK;
}

TEST(cancelled_in_its_own_callback_it_is_silent) {
  prepare(100 * BLOCK);
  connect();
  t.config.on_block = cancel_at_once;
  begin();
  poll_until(is_done, MINUTE_MS);
  assert_int_equal(t.done, 0);
  assert_int_equal(t.handed, 1);
  assert_false(godwit_ota_download_is_active(&t.download));
}

static void begin_again(struct godwit_ota_download *download, int status, void *arg) {
  assert_ptr_equal(arg, &t);
  if (++t.done >= 3) return;
  assert_int_equal(status, GODWIT_ERR_RESPONSE);
  struct godwit_ota_download_config config = t.config;
  if (t.done == 2) {
    config.path = "/.u/c/model@1.0.0";
    config.on_done = note_end;
  }
  assert_int_equal(godwit_ota_download_begin(t.client, download, &config), GODWIT_OK);
}

static bool is_done_thrice(void) { return t.done >= 3; }

TEST(another_one_may_begin_where_one_ends) {
  prepare(10 * BLOCK);
  connect();
  t.config.path = "/.u/c/model@9.9.9";
  t.config.on_done = begin_again;
  begin();
  poll_until(is_done_thrice, MINUTE_MS);
  assert_int_equal(t.done, 3);
  assert_whole();
}

TEST(nothing_is_downloaded_as_one_empty_block) {
  prepare(0);
  connect();
  fetch(MINUTE_MS);
  assert_whole();
}

TEST(the_end_of_the_client_is_told) {
  prepare(100 * BLOCK);
  connect();
  begin();
  poll_until(is_done, 50);
  godwit_client_deinit(t.client);
  assert_int_equal(t.done, 1);
  assert_int_equal(t.status, GODWIT_ERR_CONNECTION);
}

TEST(what_makes_no_sense_is_refused) {
  prepare(100 * BLOCK);
  connect();
  const struct godwit_ota_download_config good = t.config;
  t.config.path = NULL;
  assert_int_equal(godwit_ota_download_begin(t.client, &t.download, &t.config),
                   GODWIT_ERR_ARGUMENT);
  t.config = good;
  t.config.on_block = NULL;
  assert_int_equal(godwit_ota_download_begin(t.client, &t.download, &t.config),
                   GODWIT_ERR_ARGUMENT);
  t.config = good;
  t.config.offset = 100;
  assert_int_equal(godwit_ota_download_begin(t.client, &t.download, &t.config),
                   GODWIT_ERR_ARGUMENT);
  t.config.offset = 100 * BLOCK;
  assert_int_equal(godwit_ota_download_begin(t.client, &t.download, &t.config),
                   GODWIT_ERR_ARGUMENT);
  t.config = good;
  godwit_client_stop(t.client);
  assert_int_equal(godwit_ota_download_begin(t.client, &t.download, &t.config),
                   GODWIT_ERR_CONNECTION);
  assert_int_equal(godwit_ota_download_begin(t.client, &t.download, NULL), GODWIT_ERR_ARGUMENT);
}

/* Others ------------------------------------------------------------------------- */

static bool has_reported(void) { return world_server.report_count > 0; }

TEST(a_report_does_not_wait_for_a_long_download) {
  prepare(400 * BLOCK);
  connect();
  world_network.travel_ms = 250;
  begin();
  poll_until(is_done, 5000);
  assert_int_equal(t.done, 0);
  uint64_t began_ms = world_now_ms();
  assert_int_equal(
      godwit_ota_report_state(t.client, GW_OTA_DOWNLOADING, GW_OTA_READY, "model", NULL, "1.0.0"),
      GODWIT_OK);
  poll_until(has_reported, MINUTE_MS);
  assert_true(has_reported());
  assert_in_range(world_now_ms() - began_ms, 250, 500); /* one way is enough to be there */
}

static int count_second(struct godwit_ota_download *download, uint32_t offset, const uint8_t *data,
                        size_t size, void *arg) {
  (void)download, (void)offset, (void)data;
  *(uint32_t *)arg += (uint32_t)size;
  return GODWIT_OK;
}

TEST(two_downloads_share_the_link) {
  static struct godwit_ota_download second;
  uint32_t second_bytes = 0;
  prepare(100 * BLOCK);
  connect();
  world_network.travel_ms = 100;
  begin();
  const struct godwit_ota_download_config config = {.path = t.config.path,
                                                    .size_bytes = t.config.size_bytes,
                                                    .on_block = count_second,
                                                    .arg = &second_bytes};
  assert_int_equal(godwit_ota_download_begin(t.client, &second, &config), GODWIT_OK);
  poll_until(is_done, HOUR_MS);
  assert_whole();
  assert_in_range(second_bytes, 70 * BLOCK, 100 * BLOCK);
  godwit_ota_download_cancel(t.client, &second);
}
