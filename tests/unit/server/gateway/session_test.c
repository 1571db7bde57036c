/* SPDX-License-Identifier: Apache-2.0 */
/* The life of sessions, and those who would like to end it. */
#include <malloc.h>
#include <mbedtls/ssl.h>
#include <stdlib.h>

#include "server/gateway/hello.h"
#include "tests/support/fake_core.h"
#include "tests/unit/server/gateway/fixture.h"

static struct answer answer;

static bool is_served(struct fixture *f, struct dtls_client *client) {
  struct ask ask = ask_get(".u/desired");
  client_send(client, &ask);
  gateway_settle(f);
  while (client_poll(client, &answer))
    if (answer.message.message_id == ask.message_id) return answer.message.code == GW_COAP_CONTENT;
  return false;
}

static struct dtls_client *with_cid(struct fixture *f, int device) {
  struct dtls_client_config config = client_config(f, device);
  config.connection_id = true;
  struct dtls_client *client = client_up_with(f, config);
  assert_true(dtls_client_has_connection_id(client));
  return client;
}

/* ---- who may come in ---- */

TEST(each_of_the_four_suites_is_served) {
  struct fixture *f = gateway_up();
  static const int suites[] = {MBEDTLS_TLS_PSK_WITH_AES_128_GCM_SHA256,
                               MBEDTLS_TLS_PSK_WITH_AES_128_CCM_8, MBEDTLS_TLS_PSK_WITH_AES_128_CCM,
                               MBEDTLS_TLS_PSK_WITH_AES_128_CBC_SHA256};
  for (int i = 0; i < 4; i++) {
    struct dtls_client_config config = client_config(f, i);
    config.suite = suites[i];
    struct dtls_client *client = client_up_with(f, config);
    assert_true(is_served(f, client));
    dtls_client_destroy(client);
  }
  assert_int_equal(4, gateway_stats(f).handshakes_ok);
  gateway_down(f);
}

static void expect_refusal(struct fixture *f, struct dtls_client_config config, int alert) {
  uint64_t before_ms = f->now_ms;
  struct dtls_client *client = dtls_client_create(&config);
  assert_true(client_shake(f, client) < 0);
  assert_int_equal(alert, dtls_client_alert(client));
  assert_int_equal(before_ms, f->now_ms); /* at once, not after a time-out */
  assert_int_equal(0, gateway_stats(f).sessions);
  assert_int_equal(0, gateway_stats(f).handshakes);
  assert_int_equal(0, f->fake->online_calls);
  dtls_client_destroy(client);
}

TEST(a_wrong_psk_is_refused_at_once_with_a_fatal_alert) {
  struct fixture *f = gateway_up();
  static const int suites[] = {0, MBEDTLS_TLS_PSK_WITH_AES_128_CCM_8,
                               MBEDTLS_TLS_PSK_WITH_AES_128_CBC_SHA256};
  for (int i = 0; i < 3; i++) {
    struct dtls_client_config config = client_config(f, 0);
    config.psk = "secret-1";
    config.suite = suites[i];
    expect_refusal(f, config, MBEDTLS_SSL_ALERT_MSG_BAD_RECORD_MAC);
  }
  assert_int_equal(3, gateway_stats(f).handshakes_failed);
  gateway_down(f);
}

TEST(an_unknown_identity_is_refused_at_once_with_a_fatal_alert) {
  struct fixture *f = gateway_up();
  static const char *const identities[] = {"x", "d0@q", "d0@pp", "\x01\xff\n", "%s%s%n"};
  for (size_t i = 0; i < sizeof identities / sizeof identities[0]; i++) {
    struct dtls_client_config config = client_config(f, 0);
    config.identity = identities[i];
    expect_refusal(f, config, MBEDTLS_SSL_ALERT_MSG_UNKNOWN_PSK_IDENTITY);
  }
  gateway_down(f);
}

TEST(a_disabled_device_is_denied_access) {
  struct fixture *f = gateway_up();
  f->fake->disabled[0] = true;
  expect_refusal(f, client_config(f, 0), MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED);
  gateway_down(f);
}

TEST(a_refused_device_that_tries_again_rightly_comes_in) {
  struct fixture *f = gateway_up();
  struct dtls_client_config config = client_config(f, 0);
  config.local_port = 0;
  config.psk = "wrong";
  struct dtls_client *client = dtls_client_create(&config);
  config.local_port = dtls_client_local_port(client);
  client_shake(f, client);
  dtls_client_destroy(client);
  config.psk = "secret-0";
  client = client_up_with(f, config); /* from the same port */
  assert_true(is_served(f, client));
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(online_and_offline_are_told_to_the_core) {
  struct fixture *f = gateway_up();
  struct dtls_client *first = client_up(f, 3), *second = client_up(f, 3);
  assert_int_equal(1, f->fake->online[3]);
  dtls_client_close_notify(first);
  gateway_settle(f);
  assert_int_equal(1, gateway_stats(f).sessions);
  assert_int_equal(1, f->fake->online[3]); /* the other one is still there */
  dtls_client_close_notify(second);
  gateway_settle(f);
  assert_int_equal(0, gateway_stats(f).sessions);
  assert_int_equal(0, f->fake->online[3]);
  dtls_client_destroy(first);
  dtls_client_destroy(second);
  gateway_down(f);
}

TEST(the_core_hears_once_a_minute_that_a_device_still_speaks) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  assert_int_equal(1, f->fake->online_calls);
  for (int i = 0; i < 30; i++) { /* 5 minutes */
    f->now_ms += 10000;
    assert_true(is_served(f, client));
  }
  assert_int_equal(1 + 5, f->fake->online_calls);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(a_revoked_device_is_cut_off_and_not_let_in_again) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0), *other = client_up(f, 1);
  f->fake->revoked_psk = true;
  f->fake->listener.device_revoked(f->fake->listener.context, "p", "0");
  f->fake->listener.device_revoked(f->fake->listener.context, "p", "7"); /* not connected */
  gateway_settle(f);
  assert_int_equal(1, gateway_stats(f).sessions);
  assert_int_equal(MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY,
                   dtls_client_receive(client, answer.datagram, sizeof answer.datagram));
  assert_true(is_served(f, other));
  struct dtls_client_config config = client_config(f, 0);
  struct dtls_client *again = dtls_client_create(&config);
  assert_true(client_shake(f, again) < 0);
  dtls_client_destroy(again);
  dtls_client_destroy(client);
  dtls_client_destroy(other);
  gateway_down(f);
}

TEST(a_gateway_that_goes_says_goodbye) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  gateway_down(f);
  assert_int_equal(MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY,
                   dtls_client_receive(client, answer.datagram, sizeof answer.datagram));
  dtls_client_destroy(client);
}

TEST(a_second_gateway_on_the_port_is_told_what_to_do) {
  struct fixture *f = gateway_up();
  struct srv_gateway *second;
  struct srv_core core;
  char error[160] = "";
  fake_core_init(&core);
  struct srv_gateway_config config = {.port = srv_gateway_port(f->gateway)};
  assert_int_equal(SRV_ERR_BUSY, srv_gateway_create(&second, &config, &core, error, sizeof error));
  assert_non_null(strstr(error, "another program has it"));
  assert_null(second);
  config = (struct srv_gateway_config){.bind_address = "not an address"};
  assert_int_equal(SRV_ERR_INVALID,
                   srv_gateway_create(&second, &config, &core, error, sizeof error));
  assert_non_null(strstr(error, "not an address"));
  gateway_down(f);
}

TEST(a_gateway_bound_to_ipv4_only_serves) {
  struct fixture *f = gateway_up_with((struct srv_gateway_config){.bind_address = "127.0.0.1"});
  struct dtls_client *client = client_up(f, 0);
  assert_true(is_served(f, client));
  dtls_client_destroy(client);
  gateway_down(f);
}

/* ---- silence ---- */

TEST(a_peer_that_answers_no_ping_is_dropped) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  gateway_pass_ms(f, 20000 + 100000);
  assert_int_equal(0, gateway_stats(f).sessions);
  assert_int_equal(0, f->fake->online[0]);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(a_peer_that_speaks_is_not_pinged) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  for (int i = 0; i < 10; i++) {
    gateway_pass_ms(f, 9000);
    assert_true(is_served(f, client));
    assert_silence(f, client);
  }
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(a_session_with_connection_id_outlives_its_silence_until_the_idle_time) {
  struct fixture *f = gateway_up_with((struct srv_gateway_config){.idle_timeout_s = 300});
  struct dtls_client *client = with_cid(f, 0);
  gateway_pass_ms(f, 290000);
  assert_int_equal(1, gateway_stats(f).sessions);
  gateway_pass_ms(f, 20000);
  assert_int_equal(0, gateway_stats(f).sessions);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(a_handshake_that_stops_half_way_is_forgotten) {
  struct fixture *f = gateway_up_with((struct srv_gateway_config){.handshake_timeout_s = 10});
  struct dtls_client_config config = client_config(f, 0);
  struct dtls_client *client = dtls_client_create(&config);
  dtls_client_handshake(client);
  gateway_settle(f);
  dtls_client_handshake(client);
  gateway_settle(f); /* the second ClientHello was answered */
  assert_int_equal(1, gateway_stats(f).handshakes);
  uint64_t sent = gateway_stats(f).datagrams_out;
  gateway_pass_ms(f, 9000);
  assert_true(gateway_stats(f).datagrams_out >= sent + 2); /* its flight was repeated */
  gateway_pass_ms(f, 2000);
  assert_int_equal(0, gateway_stats(f).handshakes);
  assert_int_equal(1, gateway_stats(f).handshakes_failed);
  dtls_client_destroy(client);
  gateway_down(f);
}

/* ---- the network ---- */

TEST(handshake_and_download_get_through_when_every_nth_datagram_is_lost) {
  static uint8_t model[26977], got[26977];
  for (size_t i = 0; i < sizeof model; i++) model[i] = (uint8_t)test_random();
  for (unsigned nth = 2; nth <= 7; nth++) {
    struct fixture *f = gateway_up();
    struct dtls_client_config config = client_config(f, 0);
    f->fake->blob = model;
    f->fake->blob_size = sizeof model;
    config.drop_every = nth;
    struct dtls_client *client = client_up_with(f, config);
    if (nth == 2) dtls_client_set_drop(client, 3); /* each exchange would need luck */
    assert_int_equal(sizeof model,
                     client_download(f, client, ".u/c/model@1.0.0", 6, 0, got, sizeof got));
    assert_memory_equal(model, got, sizeof got);
    assert_true(dtls_client_dropped(client) > 5);
    dtls_client_destroy(client);
    gateway_down(f);
  }
}

TEST(a_device_that_reboots_comes_back_on_the_same_port) {
  struct fixture *f = gateway_up();
  struct dtls_client *before = client_up(f, 0);
  struct dtls_client_config config = client_config(f, 0);
  config.local_port = dtls_client_local_port(before);
  dtls_client_destroy(before); /* no close_notify: the power was cut */
  struct dtls_client *after = client_up_with(f, config);
  assert_true(is_served(f, after));
  assert_int_equal(1, gateway_stats(f).sessions);
  assert_int_equal(1, f->fake->online[0]);
  dtls_client_destroy(after);
  gateway_down(f);
}

/* What `config` sends first, and what it sends with the cookie, once the
 * HelloVerifyRequest is there. */
static struct dtls_client *hello_with_cookie(struct fixture *f, struct dtls_client_config config,
                                             uint8_t *datagram, size_t *size) {
  struct dtls_client *client = dtls_client_create(&config);
  dtls_client_handshake(client);
  gateway_settle(f);
  dtls_client_hold(client, true);
  dtls_client_handshake(client);
  const uint8_t *last = dtls_client_last_datagram(client, size);
  memcpy(datagram, last, *size);
  return client;
}

TEST(a_handshake_that_proves_nothing_does_not_end_the_session_of_its_address) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  uint8_t hello[1024];
  size_t size;
  /* A ClientHello of another device, from this one's address (as if behind the
   * same translator): first without, then with a right cookie. */
  struct client_hello parsed;
  struct dtls_client *other = hello_with_cookie(f, client_config(f, 1), hello, &size);
  assert_true(hello_parse(hello, size, &parsed));
  assert_int_equal(HELLO_COOKIE_SIZE, parsed.cookie_size);
  dtls_client_send_raw(client, hello, size); /* a cookie for another address */
  gateway_settle(f);
  assert_int_equal(0, gateway_stats(f).handshakes);
  assert_true(is_served(f, client));
  dtls_client_destroy(other);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(an_old_session_lives_until_the_new_handshake_on_its_port_is_done) {
  struct fixture *f = gateway_up();
  struct dtls_client *old = with_cid(f, 0);
  struct dtls_client_config config = client_config(f, 1);
  config.local_port = dtls_client_local_port(old);
  dtls_client_move(old); /* frees the port; its session still stands there */
  struct dtls_client *new = dtls_client_create(&config);
  for (int i = 0; i < 2; i++) {
    dtls_client_handshake(new);
    gateway_settle(f);
  }
  assert_int_equal(1, gateway_stats(f).handshakes);
  assert_int_equal(1, gateway_stats(f).sessions);
  assert_int_equal(1, client_shake(f, new));
  assert_int_equal(2, gateway_stats(f).sessions); /* found by its CID, the old one goes on */
  assert_true(is_served(f, new));
  assert_true(is_served(f, old));
  dtls_client_destroy(old);
  dtls_client_destroy(new);
  gateway_down(f);
}

TEST(a_late_copy_of_the_client_hello_does_not_start_another_handshake) {
  struct fixture *f = gateway_up();
  uint8_t hello[1024];
  size_t size;
  struct dtls_client *client = hello_with_cookie(f, client_config(f, 0), hello, &size);
  dtls_client_hold(client, false);
  dtls_client_send_raw(client, hello, size);
  assert_int_equal(1, client_shake(f, client));
  dtls_client_send_raw(client, hello, size);
  gateway_settle(f);
  assert_int_equal(0, gateway_stats(f).handshakes);
  assert_true(is_served(f, client));
  dtls_client_destroy(client);
  gateway_down(f);
}

/* ---- Connection ID ---- */

TEST(a_connection_id_carries_a_session_to_another_address) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = with_cid(f, 0);
  for (int i = 0; i < 3; i++) {
    dtls_client_move(client);
    assert_true(is_served(f, client));
  }
  assert_int_equal(3, gateway_stats(f).address_changes);
  assert_int_equal(1, gateway_stats(f).handshakes_ok);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(without_connection_id_a_record_from_another_address_is_nobodys) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  dtls_client_move(client);
  assert_false(is_served(f, client));
  assert_true(gateway_stats(f).datagrams_dropped > 0);
  dtls_client_destroy(client);
  gateway_down(f);
}

/* Takes the client's next request off the wire. */
static size_t capture(struct dtls_client *client, uint8_t *datagram) {
  size_t size;
  struct ask ask = ask_get(".u/desired");
  dtls_client_hold(client, true);
  client_send(client, &ask);
  dtls_client_hold(client, false);
  const uint8_t *last = dtls_client_last_datagram(client, &size);
  memcpy(datagram, last, size);
  return size;
}

TEST(a_record_with_a_wrong_mac_does_not_move_a_session) {
  struct fixture *f = gateway_up();
  struct dtls_client *victim = with_cid(f, 0), *attacker = client_up(f, 1);
  uint8_t record[2048];
  size_t size = capture(victim, record);
  record[size - 1] ^= 1;
  dtls_client_send_raw(attacker, record, size);
  record[size - 1] ^= 1;
  record[5] ^= 0x40; /* a far newer sequence number */
  dtls_client_send_raw(attacker, record, size);
  gateway_settle(f);
  assert_int_equal(0, gateway_stats(f).address_changes);
  assert_true(is_served(f, victim));
  assert_true(is_served(f, attacker));
  dtls_client_destroy(victim);
  dtls_client_destroy(attacker);
  gateway_down(f);
}

TEST(a_replayed_or_delayed_record_does_not_move_a_session) {
  struct fixture *f = gateway_up();
  struct dtls_client *victim = with_cid(f, 0), *attacker = client_up(f, 1);
  uint8_t delayed[2048];
  size_t delayed_size = capture(victim, delayed), size;
  assert_true(is_served(f, victim));
  uint8_t replayed[2048];
  const uint8_t *last = dtls_client_last_datagram(victim, &size);
  memcpy(replayed, last, size);
  dtls_client_send_raw(attacker, replayed, size);        /* seen */
  dtls_client_send_raw(attacker, delayed, delayed_size); /* unseen, but older */
  gateway_settle(f);
  assert_int_equal(0, gateway_stats(f).address_changes);
  while (client_poll(victim, &answer)) continue; /* the delayed one's answer went home */
  assert_true(is_served(f, victim));
  assert_true(is_served(f, attacker));
  dtls_client_destroy(victim);
  dtls_client_destroy(attacker);
  gateway_down(f);
}

TEST(a_replayed_report_is_not_executed) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  static const uint8_t report[] = {0xA1, 0x61, 's', 0x01};
  struct ask ask = ask_post(".u/c/model", GW_COAP_FORMAT_CBOR, report, sizeof report);
  client_exchange(f, client, &ask, &answer);
  size_t size;
  const uint8_t *record = dtls_client_last_datagram(client, &size);
  for (int i = 0; i < 5; i++) dtls_client_send_raw(client, record, size);
  assert_silence(f, client);
  assert_int_equal(1, f->fake->report_count);
  dtls_client_destroy(client);
  gateway_down(f);
}

/* ---- floods and noise ---- */

static size_t random_datagram(uint8_t *datagram) {
  static const uint8_t types[] = {20, 21, 22, 23, 25, 26};
  size_t size = test_random() % 300;
  for (size_t i = 0; i < size; i++) datagram[i] = (uint8_t)test_random();
  if (size > 13 && test_random() % 4 != 0) { /* mostly something like a record */
    datagram[0] = types[test_random() % sizeof types];
    datagram[1] = 0xFE;
    datagram[2] = test_random() % 2 ? 0xFD : 0xFF;
    datagram[3] = 0;
    datagram[4] = test_random() % 3;
    datagram[11] = 0;
    datagram[12] = (uint8_t)(size - 13);
    if (datagram[0] == 22) datagram[13] = test_random() % 2 ? 1 : 16;
  }
  return size;
}

TEST(noise_neither_hurts_a_session_on_its_own_address_nor_makes_one) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  struct dtls_client_config config = client_config(f, 1);
  struct dtls_client *stranger = dtls_client_create(&config);
  uint8_t datagram[300];
  for (int i = 0; i < 3000; i++) {
    dtls_client_send_raw(client, datagram, random_datagram(datagram));
    dtls_client_send_raw(stranger, datagram, random_datagram(datagram));
    if (i % 16 == 0) gateway_settle(f);
  }
  gateway_settle(f);
  assert_int_equal(1, gateway_stats(f).sessions);
  assert_int_equal(0, gateway_stats(f).handshakes);
  assert_true(is_served(f, client));
  dtls_client_destroy(stranger);
  dtls_client_destroy(client);
  gateway_down(f);
}

/* A record that is skipped (seen before, or of another epoch), then a rest that
 * is no record: to mbedTLS a broken stream, to us somebody else's datagram. */
TEST(what_is_left_behind_a_record_does_not_end_a_session) {
  struct fixture *f = gateway_up();
  for (int connection_id = 0; connection_id < 2; connection_id++) {
    struct dtls_client_config config = client_config(f, connection_id);
    config.connection_id = connection_id;
    struct dtls_client *client = client_up_with(f, config);
    assert_true(is_served(f, client));
    uint8_t spoofed[2048];
    size_t size, header = connection_id ? 21 : 13;
    const uint8_t *record = dtls_client_last_datagram(client, &size);
    assert_true(size > header + 24);
    memcpy(spoofed, record, size);
    for (uint8_t epoch = 1; epoch < 3; epoch++) {
      for (uint8_t rest = 0; rest < 24; rest++) {
        spoofed[4] = epoch;
        spoofed[header - 1] = (uint8_t)(size - header - rest);
        dtls_client_send_raw(client, spoofed, size);
        gateway_settle(f);
      }
    }
    assert_true(is_served(f, client));
    dtls_client_destroy(client);
  }
  assert_int_equal(0, gateway_stats(f).handshakes_failed);
  gateway_down(f);
}

TEST(noise_amid_a_handshake_is_survived) {
  struct fixture *f = gateway_up();
  uint8_t datagram[300];
  for (int i = 0; i < 50; i++) {
    struct dtls_client_config config = client_config(f, i % 10);
    struct dtls_client *client = dtls_client_create(&config);
    for (int step = 0; step < 3; step++) {
      dtls_client_handshake(client);
      for (int n = 0; n < 4; n++) dtls_client_send_raw(client, datagram, random_datagram(datagram));
      gateway_settle(f);
    }
    dtls_client_destroy(client); /* how it ended does not matter: spoofed plaintext may win */
  }
  gateway_pass_ms(f, 130000);
  assert_int_equal(0, gateway_stats(f).handshakes);
  struct dtls_client *client = client_up(f, 0);
  assert_true(is_served(f, client));
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(a_truncated_or_flipped_client_hello_is_dropped_or_answered_but_never_kept) {
  struct fixture *f = gateway_up();
  uint8_t hello[1024], bad[1024];
  size_t size;
  struct dtls_client_config config = client_config(f, 0);
  struct dtls_client *client = hello_with_cookie(f, config, hello, &size);
  for (size_t length = 0; length < size; length++) {
    dtls_client_send_raw(client, hello, length);
    gateway_settle(f);
    assert_int_equal(0, gateway_stats(f).handshakes);
  }
  /* In the part that the cookie covers or that must parse, every bit counts. */
  size_t covered = 13 + 12 + 2 + 32;
  for (size_t bit = 8 * 27; bit < 8 * covered; bit++) {
    memcpy(bad, hello, size);
    bad[bit / 8] ^= (uint8_t)(1u << bit % 8);
    dtls_client_send_raw(client, bad, size);
    gateway_settle(f);
    assert_int_equal(0, gateway_stats(f).handshakes);
  }
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(a_flood_of_client_hellos_without_cookie_takes_no_memory) {
  struct fixture *f = gateway_up();
  struct dtls_client_config config = client_config(f, 0);
  struct dtls_client *client = dtls_client_create(&config);
  uint8_t hello[1024];
  size_t size;
  dtls_client_hold(client, true);
  dtls_client_handshake(client);
  const uint8_t *first = dtls_client_last_datagram(client, &size);
  memcpy(hello, first, size);
  for (int i = 0; i < 64; i++) dtls_client_send_raw(client, hello, size);
  gateway_settle(f); /* the C library's caches are full now */
  size_t before = mallinfo2().uordblks;
  for (int i = 0; i < 20000; i++) {
    hello[30] = (uint8_t)i; /* in the random */
    hello[31] = (uint8_t)(i >> 8);
    dtls_client_send_raw(client, hello, size);
    if (i % 64 == 63) gateway_settle(f);
  }
  gateway_settle(f);
  assert_int_equal(before, mallinfo2().uordblks);
  assert_int_equal(20064, gateway_stats(f).hellos);
  assert_int_equal(0, gateway_stats(f).handshakes);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(a_cookie_is_bound_to_address_random_and_time) {
  static const uint8_t secret[HELLO_SECRET_SIZE] = {1, 2, 3};
  uint8_t random[HELLO_RANDOM_SIZE] = {4}, cookie[HELLO_COOKIE_SIZE];
  struct udp_path path = {.peer = {1}, .port = 5000}, other = path;
  struct client_hello hello = {.random = random, .cookie = cookie, .cookie_size = sizeof cookie};
  hello_cookie_make(secret, 100, &path, &hello, cookie);
  assert_true(hello_cookie_check(secret, 100, &path, &hello));
  assert_true(hello_cookie_check(secret, 160, &path, &hello));
  assert_false(hello_cookie_check(secret, 161, &path, &hello));
  assert_false(hello_cookie_check(secret, 99, &path, &hello));
  other.port++;
  assert_false(hello_cookie_check(secret, 100, &other, &hello));
  other = path;
  other.peer[15] = 9;
  assert_false(hello_cookie_check(secret, 100, &other, &hello));
  random[31] ^= 1;
  assert_false(hello_cookie_check(secret, 100, &path, &hello));
  random[31] ^= 1;
  cookie[19] ^= 1;
  assert_false(hello_cookie_check(secret, 100, &path, &hello));
  hello.cookie_size--;
  assert_false(hello_cookie_check(secret, 100, &path, &hello));
}

TEST(half_open_handshakes_are_bounded_and_the_oldest_gives_way) {
  struct fixture *f = gateway_up_with((struct srv_gateway_config){.handshakes_max = 8});
  struct dtls_client *clients[20];
  for (int i = 0; i < 20; i++) {
    struct dtls_client_config config = client_config(f, i % 10);
    clients[i] = dtls_client_create(&config);
    for (int step = 0; step < 2; step++) {
      dtls_client_handshake(clients[i]);
      gateway_settle(f);
    }
  }
  assert_int_equal(8, gateway_stats(f).handshakes);
  assert_int_equal(12, gateway_stats(f).handshakes_failed);
  assert_int_equal(1, client_shake(f, clients[19])); /* the youngest is still there */
  for (int i = 0; i < 20; i++) dtls_client_destroy(clients[i]);
  gateway_down(f);
}

TEST(a_full_gateway_lets_nobody_in_until_somebody_goes) {
  struct fixture *f = gateway_up_with((struct srv_gateway_config){.sessions_max = 2});
  struct dtls_client *first = client_up(f, 0), *second = client_up(f, 1);
  struct dtls_client_config config = client_config(f, 2);
  struct dtls_client *third = dtls_client_create(&config);
  for (int i = 0; i < 3; i++) {
    dtls_client_handshake(third);
    gateway_settle(f);
  }
  assert_int_equal(0, gateway_stats(f).handshakes);
  dtls_client_close_notify(first);
  gateway_settle(f);
  assert_int_equal(1, client_shake(f, third));
  assert_true(is_served(f, second) && is_served(f, third));
  dtls_client_destroy(first);
  dtls_client_destroy(second);
  dtls_client_destroy(third);
  gateway_down(f);
}

TEST(a_device_with_too_many_sessions_loses_its_most_silent_one) {
  struct fixture *f = gateway_up_with((struct srv_gateway_config){.sessions_per_device = 3});
  struct dtls_client *other = client_up(f, 1), *clients[5];
  for (int i = 0; i < 3; i++) {
    clients[i] = client_up(f, 0);
    gateway_pass_ms(f, 1000);
  }
  assert_true(is_served(f, clients[0])); /* now clients[1] was silent for the longest time */
  for (int i = 3; i < 5; i++) clients[i] = client_up(f, 0);
  assert_int_equal(4, gateway_stats(f).sessions);
  uint8_t buffer[64];
  for (int i = 1; i < 3; i++)
    assert_true(dtls_client_receive(clients[i], buffer, sizeof buffer) < 0); /* close_notify */
  assert_true(is_served(f, clients[0]) && is_served(f, clients[3]) && is_served(f, clients[4]));
  assert_true(is_served(f, other));
  for (int i = 0; i < 5; i++) dtls_client_destroy(clients[i]);
  dtls_client_destroy(other);
  gateway_down(f);
}

TEST(a_flood_of_refused_handshakes_does_not_flood_the_log) {
  struct fixture *f = gateway_up();
  for (int i = 0; i < 201; i++) {
    struct dtls_client_config config = client_config(f, 0);
    config.psk = "wrong";
    if (i == 200) gateway_pass_ms(f, 10000);
    struct dtls_client *client = dtls_client_create(&config);
    client_shake(f, client);
    dtls_client_destroy(client);
  }
  assert_int_equal(201, gateway_stats(f).handshakes_failed);
  assert_int_equal(50 + 1 + 1, fake_core_log_lines);
  assert_non_null(strstr(fake_core_log_warning, "150 more lines"));
  gateway_down(f);
}

TEST(thousands_of_sessions_find_themselves_in_a_growing_table) {
  struct fixture *f = gateway_up_with((struct srv_gateway_config){.sessions_per_device = 1500});
  enum { COUNT = 1500 }; /* the table starts with 1,024 buckets */
  static struct dtls_client *clients[COUNT];
  for (int i = 0; i < COUNT; i++) {
    clients[i] = client_up(f, i % 10);
    if (i % 3 == 0) { /* some go, so that chains change */
      dtls_client_close_notify(clients[i]);
      gateway_settle(f);
    }
  }
  assert_int_equal(COUNT - COUNT / 3, gateway_stats(f).sessions);
  for (int i = 0; i < COUNT; i++) {
    if (i % 3 != 0) assert_true(is_served(f, clients[i]));
    dtls_client_destroy(clients[i]);
  }
  gateway_down(f);
}
