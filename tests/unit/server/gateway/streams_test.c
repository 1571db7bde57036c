/* SPDX-License-Identifier: Apache-2.0 */
/* Uploads to `.s/PATH`: what may go wrong between block 0 and the last. */
#include "tests/support/fake_core.h"
#include "tests/unit/server/gateway/fixture.h"

#include "server/core/limits.h"
#include "server/gateway/internal.h"

#define BLOCK 1024u

static struct fixture *f;
static struct dtls_client *client;
static struct answer answer;

static void up(void) {
  f = gateway_up();
  client = client_up(f, 0);
}

static void down(void) {
  dtls_client_destroy(client);
  gateway_down(f);
}

/* The byte of an upload at that offset: no block is like another. */
static uint8_t byte_at(size_t offset) { return (uint8_t)(offset * 31 + offset / 1024 * 7 + 1); }

static uint8_t block_data[BLOCK];

static struct ask ask_block(const char *path, const char *token, uint32_t num, bool more,
                            size_t size) {
  struct ask ask = ask_post(path, GW_COAP_FORMAT_OCTETS, block_data, size);
  for (size_t i = 0; i < size; i++) block_data[i] = byte_at((size_t)num * BLOCK + i);
  ask.token = token;
  ask.block1 = gw_block_encode((struct gw_block){.num = num, .more = more, .szx = 6});
  return ask;
}

static uint8_t code_of(struct dtls_client *from, struct ask ask) {
  client_exchange(f, from, &ask, &answer);
  return answer.message.code;
}

/* Block NUM of an upload to ".s/audio" with more to come. */
static uint8_t more(const char *token, uint32_t num) {
  return code_of(client, ask_block(".s/audio", token, num, true, BLOCK));
}

static uint8_t last(const char *token, uint32_t num, size_t size) {
  return code_of(client, ask_block(".s/audio", token, num, false, size));
}

static void assert_capture(unsigned index, size_t size) {
  const struct fake_capture *capture = &f->fake->capture[index];
  uint32_t sum = 0;
  assert_true(index < f->fake->capture_count);
  assert_int_equal(size, capture->size);
  for (size_t i = 0; i < size; i++) sum += byte_at(i) * (uint32_t)(i + 1);
  assert_int_equal(sum, capture->sum);
}

TEST(an_upload_of_three_blocks_is_one_capture) {
  up();
  assert_int_equal(GW_COAP_CONTINUE, more("a", 0));
  assert_int_equal(GW_COAP_CONTINUE, more("a", 1));
  assert_int_equal(1, gateway_stats(f).uploads_open);
  assert_int_equal(0, f->fake->capture_count);
  assert_int_equal(GW_COAP_CHANGED, last("a", 2, 5));
  assert_capture(0, 2 * BLOCK + 5);
  assert_int_equal(0, gateway_stats(f).uploads_open);
  assert_int_equal(1, gateway_stats(f).uploads_finished);
  assert_int_equal(0, gateway_stats(f).uploads_dropped);
  down();
}

TEST(an_upload_that_starts_in_the_middle_is_incomplete) {
  up();
  assert_int_equal(GW_COAP_REQUEST_INCOMPLETE, more("a", 3));
  assert_int_equal(GW_COAP_REQUEST_INCOMPLETE, last("a", 1, 10));
  assert_int_equal(0, f->fake->capture_count);
  assert_int_equal(0, gateway_stats(f).uploads_open);
  down();
}

TEST(a_skipped_block_is_incomplete_and_the_upload_goes_on_where_it_was) {
  up();
  more("a", 0);
  assert_int_equal(GW_COAP_REQUEST_INCOMPLETE, more("a", 2));
  assert_int_equal(GW_COAP_REQUEST_INCOMPLETE, last("a", 7, 1));
  assert_int_equal(GW_COAP_CONTINUE, more("a", 1));
  assert_int_equal(GW_COAP_CHANGED, last("a", 2, 9));
  assert_capture(0, 2 * BLOCK + 9);
  down();
}

TEST(a_repeated_block_is_acknowledged_again_and_not_appended) {
  up();
  more("a", 0);
  more("a", 1);
  for (int i = 0; i < 3; i++) assert_int_equal(GW_COAP_CONTINUE, more("a", 1));
  assert_int_equal(GW_COAP_CHANGED, last("a", 2, 100));
  for (int i = 0; i < 3; i++) assert_int_equal(GW_COAP_CHANGED, last("a", 2, 100));
  assert_int_equal(1, f->fake->capture_count);
  assert_capture(0, 2 * BLOCK + 100);
  down();
}

TEST(a_copy_of_block_0_with_its_message_id_does_not_begin_anew) {
  up();
  struct ask first = ask_block(".s/audio", "a", 0, true, BLOCK);
  assert_int_equal(GW_COAP_CONTINUE, code_of(client, first));
  assert_int_equal(GW_COAP_CONTINUE, more("a", 1));
  uint32_t block1;
  assert_int_equal(GW_COAP_CONTINUE, code_of(client, first));
  assert_true(gw_coap_option_uint(&answer.message, GW_COAP_OPT_BLOCK1, &block1));
  assert_int_equal(first.block1, block1);
  assert_int_equal(GW_COAP_CHANGED, last("a", 2, 1));
  assert_capture(0, 2 * BLOCK + 1);
  down();
}

TEST(block_0_begins_anew_and_what_was_there_is_dropped) {
  up();
  more("a", 0);
  more("a", 1);
  assert_int_equal(GW_COAP_CONTINUE, more("a", 0));
  assert_int_equal(GW_COAP_REQUEST_INCOMPLETE, last("a", 2, 1));
  assert_int_equal(GW_COAP_CHANGED, last("a", 1, 1));
  assert_capture(0, BLOCK + 1);
  assert_int_equal(1, gateway_stats(f).uploads_dropped);
  down();
}

TEST(the_last_block_twice_in_one_batch_is_stored_once) {
  up();
  more("a", 0);
  struct ask one = ask_block(".s/audio", "a", 1, false, 7);
  struct ask two = ask_block(".s/audio", "a", 1, false, 7);
  client_send(client, &one);
  client_send(client, &two);
  gateway_settle(f);
  for (int i = 0; i < 2; i++) {
    assert_true(client_poll(client, &answer));
    assert_code(GW_COAP_CHANGED, answer);
  }
  assert_silence(f, client);
  assert_int_equal(1, f->fake->capture_count);
  down();
}

TEST(a_repeat_of_the_last_block_in_a_batch_that_is_lost_is_lost_too) {
  up();
  more("a", 0);
  f->fake->commit_status = SRV_ERR_IO;
  struct ask one = ask_block(".s/audio", "a", 1, false, 7);
  struct ask two = ask_block(".s/audio", "a", 1, false, 7);
  client_send(client, &one);
  client_send(client, &two);
  gateway_settle(f);
  for (int i = 0; i < 2; i++) {
    assert_true(client_poll(client, &answer));
    assert_code(GW_COAP_INTERNAL_ERROR, answer);
  }
  down();
}

TEST(a_change_of_the_block_size_is_bad_and_the_upload_stands) {
  up();
  more("a", 0);
  struct ask smaller = ask_block(".s/audio", "a", 2, true, 512);
  smaller.block1 = gw_block_encode((struct gw_block){.num = 2, .more = true, .szx = 5});
  assert_int_equal(GW_COAP_BAD_REQUEST, code_of(client, smaller));
  struct ask wrong_length = ask_block(".s/audio", "a", 1, true, 1000);
  assert_int_equal(GW_COAP_BAD_REQUEST, code_of(client, wrong_length));
  struct ask reserved = ask_block(".s/audio", "a", 1, true, BLOCK);
  reserved.block1 = 1 << 4 | 8 | 7;
  assert_int_equal(GW_COAP_BAD_REQUEST, code_of(client, reserved));
  assert_int_equal(GW_COAP_CHANGED, last("a", 1, 3));
  assert_capture(0, BLOCK + 3);
  down();
}

TEST(a_bad_block_0_does_not_end_the_upload_that_it_would_replace) {
  up();
  more("a", 0);
  assert_int_equal(GW_COAP_BAD_REQUEST, code_of(client, ask_block(".s/audio", "a", 0, true, 9)));
  assert_int_equal(GW_COAP_CHANGED, last("a", 1, 3));
  down();
}

TEST(two_gigabytes_are_refused_at_the_first_block_that_shows_them) {
  up();
  assert_int_equal(GW_COAP_REQUEST_TOO_LARGE, more("a", GW_BLOCK_NUM_MAX));
  assert_int_equal(GW_COAP_REQUEST_TOO_LARGE, more("a", SRV_CAPTURE_SIZE_MAX / BLOCK + 2));
  static const uint8_t announced[] = {0x80, 0, 0, 0}; /* Size1: 2 GiB */
  uint8_t message[64];
  struct gw_coap_writer w;
  gw_coap_writer_begin(&w, message, sizeof message, GW_COAP_CON, GW_COAP_POST, 999, NULL, 0);
  gw_coap_writer_path(&w, ".s/video");
  gw_coap_writer_option_uint(&w, GW_COAP_OPT_BLOCK1, 8);
  gw_coap_writer_option(&w, GW_COAP_OPT_SIZE1, announced, sizeof announced);
  gw_coap_writer_payload(&w, "0123456789abcdef", 16);
  dtls_client_send(client, message, (size_t)gw_coap_writer_finish(&w));
  client_wait(f, client, &answer);
  assert_code(GW_COAP_REQUEST_TOO_LARGE, answer);
  assert_int_equal(0, f->fake->captures_open);
  down();
}

TEST(an_upload_ends_where_it_passes_the_limit) {
  up();
  const uint32_t count = SRV_CAPTURE_SIZE_MAX / BLOCK;
  for (uint32_t i = 0; i < count; i++) {
    struct ask ask = ask_block(".s/audio", "a", i, true, BLOCK);
    client_send(client, &ask);
    gateway_settle(f);
    assert_true(client_poll(client, &answer));
    assert_code(GW_COAP_CONTINUE, answer);
  }
  assert_int_equal(GW_COAP_REQUEST_TOO_LARGE, more("a", count));
  assert_int_equal(0, f->fake->captures_open);
  assert_int_equal(GW_COAP_REQUEST_INCOMPLETE, last("a", 1, 1));
  assert_int_equal(0, gateway_stats(f).rate_limited); /* at one instant of the clock */
  down();
}

TEST(block_0_is_a_request_like_any_other_for_the_rate_limit) {
  f = gateway_up_with((struct srv_gateway_config){.requests_per_second = 5});
  client = client_up(f, 0);
  int refused = 0;
  for (int i = 0; i < 30; i++) refused += more("a", 0) == GW_COAP_TOO_MANY_REQUESTS;
  assert_int_equal(20, refused); /* two seconds' worth pass */
  down();
}

TEST(four_uploads_at_once_and_a_fifth_waits_for_a_silent_one) {
  static const char *const tokens[] = {"a", "b", "c", "d"};
  up();
  for (int i = 0; i < 4; i++) assert_int_equal(GW_COAP_CONTINUE, more(tokens[i], 0));
  assert_int_equal(GW_COAP_TOO_MANY_REQUESTS, more("e", 0));
  f->now_ms += 9000;
  for (int i = 1; i < 4; i++) assert_int_equal(GW_COAP_CONTINUE, more(tokens[i], 1));
  f->now_ms += 2000;
  assert_int_equal(GW_COAP_CONTINUE, more("e", 0)); /* "a" has been silent */
  assert_int_equal(GW_COAP_REQUEST_INCOMPLETE, last("a", 2, 1));
  assert_int_equal(GW_COAP_CHANGED, last("b", 2, 1));
  assert_int_equal(3, gateway_stats(f).uploads_open);
  down();
}

TEST(a_block_of_nothing_pushes_out_no_silent_upload) {
  static const char *const tokens[] = {"a", "b", "c", "d"};
  up();
  for (int i = 0; i < 4; i++) assert_int_equal(GW_COAP_CONTINUE, more(tokens[i], 0));
  f->now_ms += 11000;
  assert_int_equal(GW_COAP_REQUEST_INCOMPLETE, more("e", 7));
  for (int i = 0; i < 4; i++) assert_int_equal(GW_COAP_CHANGED, last(tokens[i], 1, 1));
  down();
}

TEST(the_gateways_uploads_are_bounded_and_a_place_comes_free) {
  f = gateway_up_with((struct srv_gateway_config){.uploads_max = 2});
  struct dtls_client *clients[] = {client_up(f, 0), client_up(f, 1), client_up(f, 2)};
  client = clients[2];
  for (int i = 0; i < 2; i++)
    assert_int_equal(GW_COAP_CONTINUE, code_of(clients[i], ask_block(".s/x", "a", 0, true, BLOCK)));
  assert_int_equal(GW_COAP_SERVICE_UNAVAILABLE, more("a", 0));
  assert_int_equal(GW_COAP_CHANGED, code_of(clients[0], ask_block(".s/x", "a", 1, false, 1)));
  assert_int_equal(GW_COAP_CONTINUE, more("a", 0));
  for (int i = 0; i < 2; i++) dtls_client_destroy(clients[i]);
  down();
}

/* Lets time pass while the peer answers pings. */
static void pass_alive_ms(uint64_t duration_ms) {
  for (uint64_t passed = 0; passed < duration_ms; passed += 1000) {
    f->now_ms += 1000;
    gateway_settle(f);
    while (client_poll(client, &answer))
      if (answer.message.type == GW_COAP_CON)
        client_send_empty(client, GW_COAP_RST, answer.message.message_id);
    gateway_settle(f);
  }
}

TEST(an_upload_without_a_block_for_a_minute_is_dropped) {
  up();
  more("a", 0);
  pass_alive_ms(59000);
  assert_int_equal(1, f->fake->captures_open);
  pass_alive_ms(2000);
  assert_int_equal(0, f->fake->captures_open);
  assert_int_equal(1, gateway_stats(f).uploads_dropped);
  assert_int_equal(1, gateway_stats(f).sessions);
  assert_int_equal(GW_COAP_REQUEST_INCOMPLETE, last("a", 1, 1));
  down();
}

TEST(an_upload_that_never_ends_is_dropped_after_an_hour) {
  up();
  uint32_t num = 0;
  for (; num < 80; num++) {
    if (more("a", num) != GW_COAP_CONTINUE) break;
    pass_alive_ms(50000);
  }
  assert_int_equal(3600 / 50, num);
  assert_int_equal(0, f->fake->captures_open);
  down();
}

/* ---- when the session ends in the middle ---- */

static void reconnect(bool politely) {
  if (politely) dtls_client_close_notify(client);
  gateway_settle(f);
  dtls_client_destroy(client);
  client = client_up(f, 0);
}

TEST(the_devices_next_session_goes_on_with_the_block_that_is_due) {
  up();
  more("a", 0);
  more("a", 1);
  reconnect(true);
  assert_int_equal(GW_COAP_CONTINUE, more("a", 2));
  reconnect(true);
  assert_int_equal(GW_COAP_CONTINUE, more("a", 2)); /* its answer was lost with the session */
  assert_int_equal(GW_COAP_CHANGED, last("a", 3, 9));
  assert_capture(0, 3 * BLOCK + 9);
  down();
}

TEST(the_last_block_again_in_the_next_session_is_stored_once) {
  up();
  more("a", 0);
  assert_int_equal(GW_COAP_CHANGED, last("a", 1, 9));
  reconnect(true);
  assert_int_equal(GW_COAP_CHANGED, last("a", 1, 9));
  assert_int_equal(1, f->fake->capture_count);
  down();
}

TEST(a_session_that_was_left_without_a_word_gives_its_upload_to_the_next) {
  up();
  more("a", 0);
  reconnect(false);
  assert_int_equal(GW_COAP_REQUEST_INCOMPLETE, more("a", 1)); /* it may be alive */
  f->now_ms += 10000;
  assert_int_equal(GW_COAP_CONTINUE, more("a", 1));
  assert_int_equal(GW_COAP_CHANGED, last("a", 2, 1));
  assert_capture(0, 2 * BLOCK + 1);
  down();
}

TEST(an_upload_without_a_session_takes_no_block_but_the_one_that_is_due) {
  up();
  more("a", 0);
  more("a", 1);
  reconnect(true);
  assert_int_equal(GW_COAP_REQUEST_INCOMPLETE, more("a", 3));
  assert_int_equal(GW_COAP_REQUEST_INCOMPLETE, more("b", 2));
  assert_int_equal(GW_COAP_REQUEST_INCOMPLETE,
                   code_of(client, ask_block(".s/image", "a", 2, true, BLOCK)));
  struct dtls_client *other = client_up(f, 1);
  assert_int_equal(GW_COAP_REQUEST_INCOMPLETE,
                   code_of(other, ask_block(".s/audio", "a", 2, true, BLOCK)));
  assert_int_equal(GW_COAP_CONTINUE, more("a", 2));
  dtls_client_destroy(other);
  down();
}

/* As release 0.14 does: a block without an answer is repeated, in a new session
 * after ten seconds, until there is a 2.xx. */
static uint8_t insist(struct ask ask, bool lose_the_answer) {
  static uint16_t message_id = 30000;
  if (lose_the_answer) {
    client_send(client, &ask);
    f->now_ms += 10000;
    reconnect(false);
  }
  for (int i = 0; i < 30; i++) {
    ask.message_id = message_id++;
    uint8_t code = code_of(client, ask);
    if (code >> 5 == 2) return code;
    assert_int_equal(GW_COAP_REQUEST_INCOMPLETE, code);
    f->now_ms += 1000;
  }
  return answer.message.code;
}

TEST(a_client_that_loses_its_session_every_few_blocks_gets_its_upload_through) {
  enum { LAST = 30 };
  up();
  assert_int_equal(GW_COAP_CONTINUE, more("a", 0));
  for (uint32_t num = 1; num < LAST; num++)
    assert_int_equal(GW_COAP_CONTINUE,
                     insist(ask_block(".s/audio", "a", num, true, BLOCK), num % 7 == 3));
  assert_int_equal(GW_COAP_CHANGED, insist(ask_block(".s/audio", "a", LAST, false, 500), true));
  assert_int_equal(1, f->fake->capture_count);
  assert_capture(0, LAST * BLOCK + 500);
  assert_int_equal(0, gateway_stats(f).uploads_dropped);
  down();
}

TEST(a_wrong_block_does_not_take_an_upload_away_from_a_silent_session) {
  up();
  more("a", 0);
  f->now_ms += 10000;
  struct dtls_client *silent = client;
  client = client_up(f, 0);
  assert_int_equal(GW_COAP_REQUEST_INCOMPLETE, more("a", 2));
  struct ask next = ask_block(".s/audio", "a", 1, false, 3);
  assert_int_equal(GW_COAP_CHANGED, code_of(silent, next));
  assert_capture(0, BLOCK + 3);
  dtls_client_destroy(silent);
  down();
}

TEST(a_restarted_device_begins_with_block_0_and_what_waited_is_not_mixed_in) {
  up();
  more("a", 0);
  more("a", 1);
  reconnect(true);
  assert_int_equal(GW_COAP_CONTINUE, more("a", 0));
  assert_int_equal(GW_COAP_REQUEST_INCOMPLETE, more("a", 2));
  assert_int_equal(GW_COAP_CHANGED, last("a", 1, 4));
  assert_capture(0, BLOCK + 4);
  down();
}

/* The token is that of before the restart: the older one would get the bytes of
 * the newer. */
TEST(of_two_uploads_with_one_token_that_wait_only_the_last_begun_goes_on) {
  up();
  more("a", 0);
  more("a", 1);
  reconnect(true);
  more("a", 0);
  reconnect(true);
  assert_int_equal(2, f->gateway->orphan_count);
  assert_int_equal(GW_COAP_REQUEST_INCOMPLETE, more("a", 2));
  assert_int_equal(GW_COAP_CONTINUE, more("a", 1));
  assert_int_equal(GW_COAP_CHANGED, last("a", 2, 4));
  assert_int_equal(1, f->fake->capture_count);
  assert_capture(0, 2 * BLOCK + 4);
  down();
}

TEST(an_upload_that_waits_is_not_gone_on_with_while_a_newer_one_of_its_token_is_alive) {
  up();
  more("a", 0);
  reconnect(true);
  more("a", 0);
  more("a", 1);
  struct dtls_client *alive = client;
  client = client_up(f, 0);
  assert_int_equal(GW_COAP_REQUEST_INCOMPLETE, more("a", 1));
  assert_int_equal(GW_COAP_CHANGED, code_of(alive, ask_block(".s/audio", "a", 2, false, 7)));
  assert_capture(0, 2 * BLOCK + 7);
  dtls_client_destroy(alive);
  down();
}

TEST(an_upload_waits_a_minute_for_the_next_session) {
  up();
  more("a", 0);
  dtls_client_close_notify(client);
  gateway_pass_ms(f, 59000);
  assert_int_equal(1, f->fake->captures_open);
  assert_int_equal(1, gateway_stats(f).uploads_open);
  gateway_pass_ms(f, 2000);
  assert_int_equal(0, f->fake->captures_open);
  assert_int_equal(0, gateway_stats(f).uploads_open);
  assert_int_equal(1, gateway_stats(f).uploads_dropped);
  down();
}

TEST(a_revoked_devices_uploads_do_not_wait) {
  up();
  more("a", 0);
  f->fake->listener.device_revoked(f->fake->listener.context, "p", "0");
  gateway_settle(f);
  assert_int_equal(0, f->fake->captures_open);
  down();
}

TEST(an_upload_that_waits_gives_its_place_to_one_that_has_a_session) {
  f = gateway_up_with((struct srv_gateway_config){.uploads_max = 1});
  client = client_up(f, 0);
  more("a", 0);
  reconnect(true);
  assert_int_equal(GW_COAP_CONTINUE, more("b", 0));
  assert_int_equal(GW_COAP_CONTINUE, more("b", 1));
  assert_int_equal(GW_COAP_REQUEST_INCOMPLETE, more("a", 1));
  assert_int_equal(1, f->fake->captures_open);
  down();
}

TEST(more_uploads_than_may_wait_push_out_the_oldest) {
  up();
  struct srv_gateway *gateway = f->gateway;
  assert_true(gateway->orphan_count == 0);
  for (int i = 0; i < 260; i++) {
    static const char *const tokens[] = {"a", "b", "c", "d"};
    for (int t = 0; t < 4; t++) last(tokens[t], 0, 1);
    reconnect(true);
  }
  assert_int_equal(ORPHANS_MAX, gateway->orphan_count);
  down();
}

TEST(the_gateway_goes_down_in_the_middle_of_an_upload) {
  up();
  more("a", 0);
  down(); /* which looks for open captures */
}

TEST(two_sessions_with_the_same_token_and_path_do_not_mix) {
  up();
  struct dtls_client *other = client_up(f, 1), *again = client_up(f, 0);
  struct dtls_client *all[] = {client, other, again};
  for (uint32_t num = 0; num < 3; num++)
    for (int i = 0; i < 3; i++)
      assert_int_equal(GW_COAP_CONTINUE,
                       code_of(all[i], ask_block(".s/audio", "same", num, true, BLOCK)));
  for (size_t i = 0; i < 3; i++)
    assert_int_equal(GW_COAP_CHANGED,
                     code_of(all[i], ask_block(".s/audio", "same", 3, false, i + 1)));
  for (unsigned i = 0; i < 3; i++) assert_capture(i, 3 * BLOCK + i + 1);
  assert_int_equal('1', f->fake->capture[1].device);
  dtls_client_destroy(other);
  dtls_client_destroy(again);
  down();
}

TEST(interleaved_uploads_of_one_session_are_told_apart_by_path_and_token) {
  up();
  const char *paths[] = {".s/audio", ".s/audio", ".s/image"}, *tokens[] = {"a", "b", "a"};
  for (uint32_t num = 0; num < 3; num++)
    for (int i = 0; i < 3; i++)
      assert_int_equal(GW_COAP_CONTINUE,
                       code_of(client, ask_block(paths[i], tokens[i], num, true, BLOCK)));
  for (size_t i = 0; i < 3; i++)
    assert_int_equal(GW_COAP_CHANGED,
                     code_of(client, ask_block(paths[i], tokens[i], 3, false, i + 1)));
  for (unsigned i = 0; i < 3; i++) assert_capture(i, 3 * BLOCK + i + 1);
  assert_string_equal("image", f->fake->capture[2].path);
  down();
}

TEST(a_token_for_each_block_is_followed_by_path) {
  static const char *const tokens[] = {"0", "1", "2", "3"};
  up();
  for (uint32_t num = 0; num < 3; num++) assert_int_equal(GW_COAP_CONTINUE, more(tokens[num], num));
  assert_int_equal(GW_COAP_CONTINUE, more("2b", 2)); /* its answer was lost */
  assert_int_equal(GW_COAP_CHANGED, last("3", 3, 8));
  assert_int_equal(GW_COAP_CHANGED, last("3b", 3, 8));
  assert_int_equal(1, f->fake->capture_count);
  assert_capture(0, 3 * BLOCK + 8);
  down();
}

TEST(a_strange_token_does_not_enter_one_of_two_uploads_that_have_begun) {
  up();
  more("a", 0);
  more("b", 0);
  assert_int_equal(GW_COAP_REQUEST_INCOMPLETE, more("c", 1));
  assert_int_equal(GW_COAP_CHANGED, last("a", 1, 1));
  assert_int_equal(GW_COAP_REQUEST_INCOMPLETE, more("c", 1)); /* tokens stay, as "a" shows */
  assert_int_equal(GW_COAP_CHANGED, last("b", 1, 2));
  more("d", 0);
  assert_int_equal(GW_COAP_REQUEST_INCOMPLETE, more("e", 1));
  down();
}

TEST(a_block_of_a_dropped_upload_does_not_enter_the_next_of_its_path) {
  up();
  more("a", 0);
  pass_alive_ms(61000);
  more("b", 0);
  assert_int_equal(GW_COAP_REQUEST_INCOMPLETE, more("a", 1));
  assert_int_equal(GW_COAP_CHANGED, last("b", 1, 2));
  assert_capture(0, BLOCK + 2);
  down();
}

TEST(a_strange_token_does_not_enter_an_upload_that_keeps_its_own) {
  up();
  more("a", 0);
  more("a", 1);
  assert_int_equal(GW_COAP_REQUEST_INCOMPLETE, more("b", 2));
  assert_int_equal(GW_COAP_CHANGED, last("a", 2, 1));
  down();
}

TEST(the_token_of_an_upload_in_another_session_does_not_enter_one_of_its_path) {
  up();
  more("a", 0);
  struct dtls_client *silent = client;
  client = client_up(f, 0);
  more("b", 0);
  assert_int_equal(GW_COAP_REQUEST_INCOMPLETE, more("a", 1)); /* that session may be alive */
  assert_int_equal(GW_COAP_CHANGED, last("b", 1, 5));
  assert_capture(0, BLOCK + 5);
  dtls_client_destroy(silent);
  down();
}

TEST(a_capture_that_the_core_refuses_is_an_error_and_leaves_nothing) {
  static const struct {
    int status;
    uint8_t code;
  } cases[] = {{SRV_ERR_BUSY, GW_COAP_TOO_MANY_REQUESTS}, /* over its quota */
               {SRV_ERR_INVALID, GW_COAP_BAD_REQUEST},
               {SRV_ERR_TOO_LARGE, GW_COAP_REQUEST_TOO_LARGE},
               {SRV_ERR_NO_SPACE, GW_COAP_SERVICE_UNAVAILABLE},
               {SRV_ERR_IO, GW_COAP_INTERNAL_ERROR}};
  up();
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    int *steps[] = {&f->fake->capture_begin_status, &f->fake->capture_append_status,
                    &f->fake->capture_finish_status};
    for (size_t s = 0; s < 3; s++) {
      *steps[s] = cases[i].status;
      assert_int_equal(cases[i].code, code_of(client, ask_post(".s/x", 50, "1", 1)));
      assert_int_equal(cases[i].code, last("a", 0, 5));
      *steps[s] = SRV_OK;
      assert_int_equal(0, f->fake->captures_open);
    }
  }
  assert_int_equal(0, f->fake->capture_count);
  assert_int_equal(0, gateway_stats(f).uploads_open);
  down();
}

TEST(a_last_block_whose_commit_failed_is_refused_when_repeated) {
  up();
  more("a", 0);
  f->fake->commit_status = SRV_ERR_IO;
  assert_int_equal(GW_COAP_INTERNAL_ERROR, last("a", 1, 5));
  f->fake->commit_status = SRV_OK;
  assert_int_equal(GW_COAP_REQUEST_INCOMPLETE, last("a", 1, 5));
  assert_int_equal(1, gateway_stats(f).uploads_dropped);
  assert_int_equal(0, gateway_stats(f).uploads_finished);
  assert_int_equal(GW_COAP_CONTINUE, more("a", 0)); /* and may begin anew */
  down();
}

TEST(without_content_format_it_is_accepted_and_an_absurd_one_ignored) {
  up();
  assert_int_equal(GW_COAP_CHANGED, code_of(client, ask_post(".s/x", -1, "1", 1)));
  assert_int_equal(SRV_FORMAT_NONE, f->fake->capture[0].format);
  assert_int_equal(GW_COAP_CHANGED, code_of(client, ask_post(".s/x", 0x12345, "1", 1)));
  assert_int_equal(SRV_FORMAT_NONE, f->fake->capture[1].format);
  down();
}

TEST(an_empty_message_is_bad_and_an_empty_upload_is_a_capture_of_nothing) {
  up();
  assert_int_equal(GW_COAP_BAD_REQUEST, code_of(client, ask_post(".s/x", 42, "", 0)));
  assert_int_equal(GW_COAP_CHANGED, last("a", 0, 0));
  assert_int_equal(1, f->fake->capture_count);
  down();
}

TEST(an_upload_may_end_with_an_empty_block) {
  up();
  more("a", 0);
  assert_int_equal(GW_COAP_CHANGED, last("a", 1, 0));
  assert_int_equal(GW_COAP_CHANGED, last("a", 1, 0));
  assert_capture(0, BLOCK);
  assert_int_equal(1, f->fake->capture_count);
  down();
}

TEST(a_path_beyond_the_limit_is_bad) {
  char path[220] = ".s/";
  for (int i = 0; i < 129; i++) strcat(path, i % 40 == 39 ? "/" : "x");
  up();
  assert_int_equal(GW_COAP_BAD_REQUEST, code_of(client, ask_post(path, 42, "1", 1)));
  struct ask block = ask_block(path, "a", 0, true, BLOCK);
  assert_int_equal(GW_COAP_BAD_REQUEST, code_of(client, block));
  assert_int_equal(0, f->fake->captures_open);
  down();
}

TEST(streams_are_not_read) {
  up();
  assert_int_equal(GW_COAP_METHOD_NOT_ALLOWED, code_of(client, ask_get(".s/audio")));
  struct ask put = ask_post(".s/audio", 42, "1", 1);
  put.method = GW_COAP_PUT;
  assert_int_equal(GW_COAP_CHANGED, code_of(client, put));
  down();
}

/* More answers than wait_for_commit holds, in one batch. */
TEST(each_of_many_messages_in_one_batch_is_answered_by_its_own_commit) {
  f = gateway_up_with((struct srv_gateway_config){.requests_per_second = 1000});
  client = client_up(f, 0);
  struct ask ask[200];
  f->fake->commit_status = SRV_ERR_IO;
  for (int i = 0; i < 200; i++) {
    ask[i] = ask_post(".s/x", 42, "1", 1);
    client_send(client, &ask[i]);
  }
  gateway_settle(f);
  int answers = 0;
  while (client_poll(client, &answer)) {
    assert_code(GW_COAP_INTERNAL_ERROR, answer);
    answers++;
  }
  assert_int_equal(200, answers);
  down();
}

TEST(an_upload_survives_the_loss_of_every_fifth_datagram_in_both_directions) {
  up();
  dtls_client_set_drop(client, 5);
  for (uint32_t num = 0; num < 40; num++) assert_int_equal(GW_COAP_CONTINUE, more("a", num));
  assert_int_equal(GW_COAP_CHANGED, last("a", 40, 77));
  assert_int_equal(1, f->fake->capture_count);
  assert_capture(0, 40 * BLOCK + 77);
  assert_true(dtls_client_dropped(client) > 10);
  down();
}
