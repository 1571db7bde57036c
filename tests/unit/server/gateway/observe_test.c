/* SPDX-License-Identifier: Apache-2.0 */
/* Observe (RFC 7641) of `.u/desired`: a rollout reaches its devices. */
#include <stdlib.h>

#include "tests/support/fake_core.h"
#include "tests/unit/server/gateway/fixture.h"
#include "wire/manifest.h"
#include "wire/observe.h"

static struct answer answer;

static struct dtls_client *observer_up(struct fixture *f, int device, const char *token) {
  struct dtls_client *client = client_up(f, device);
  struct ask ask = ask_get(".u/desired");
  ask.observe = GW_OBSERVE_REGISTER;
  ask.token = token;
  client_exchange(f, client, &ask, &answer);
  assert_code(GW_COAP_CONTENT, answer);
  assert_true(answer.observe >= 0);
  return client;
}

static void observe_more(struct fixture *f, struct dtls_client *client, const char *token,
                         int observe) {
  struct ask ask = ask_get(".u/desired");
  ask.observe = observe;
  ask.token = token;
  client_exchange(f, client, &ask, &answer);
  assert_code(GW_COAP_CONTENT, answer);
}

static void assert_model_version(const char *version) {
  struct gw_manifest manifest;
  assert_int_equal(
      GW_OK, gw_manifest_parse(answer.message.payload, answer.message.payload_size, &manifest));
  assert_string_equal(version, manifest.component[0].version);
}

static void wait_for_version(struct fixture *f, struct dtls_client *client, const char *version) {
  client_wait(f, client, &answer);
  assert_int_equal(GW_COAP_CON, answer.message.type);
  assert_code(GW_COAP_CONTENT, answer);
  assert_model_version(version);
}

static void acknowledge(struct fixture *f, struct dtls_client *client) {
  client_send_empty(client, GW_COAP_ACK, answer.message.message_id);
  gateway_settle(f);
}

TEST(registering_answers_with_the_current_manifest_and_a_rollout_notifies) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = observer_up(f, 0, "obs");
  assert_model_version("1.0.0");
  int64_t before = answer.observe;
  fake_core_release(f->fake, "1.1.0", 1);
  wait_for_version(f, client, "1.1.0");
  assert_memory_equal("obs", answer.message.token, 3);
  assert_int_equal(GW_COAP_FORMAT_CBOR, answer.format);
  assert_true(gw_observe_is_newer((uint32_t)before, 0, (uint32_t)answer.observe, 1));
  acknowledge(f, client);
  gateway_pass_ms(f, 15000);
  assert_silence(f, client);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(a_change_that_leaves_the_manifest_the_same_notifies_nobody) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = observer_up(f, 0, "obs");
  f->fake->listener.observed_changed(f->fake->listener.context, "p", NULL);
  f->fake->listener.observed_changed(f->fake->listener.context, "p", "0");
  f->fake->listener.observed_changed(f->fake->listener.context, "another project", NULL);
  f->fake->listener.observed_changed(f->fake->listener.context, "p", "9");
  assert_silence(f, client);
  assert_int_equal(0, gateway_stats(f).notifications);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(a_change_for_one_device_notifies_that_device) {
  struct fixture *f = gateway_up();
  struct dtls_client *clients[] = {observer_up(f, 0, "obs"), observer_up(f, 1, "obs")};
  f->fake->manifest.sequence_number++;
  f->fake->listener.observed_changed(f->fake->listener.context, "p", "1");
  assert_silence(f, clients[0]);
  wait_for_version(f, clients[1], "1.0.0");
  for (int i = 0; i < 2; i++) dtls_client_destroy(clients[i]);
  gateway_down(f);
}

TEST(a_lost_notification_is_sent_again_with_the_same_message_id) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = observer_up(f, 0, "obs");
  fake_core_release(f->fake, "1.1.0", 1);
  wait_for_version(f, client, "1.1.0");
  uint16_t first = answer.message.message_id;
  int64_t sequence = answer.observe;
  for (int i = 0; i < 3; i++) { /* not acknowledged */
    wait_for_version(f, client, "1.1.0");
    assert_int_equal(first, answer.message.message_id);
    assert_int_equal(sequence, answer.observe);
  }
  acknowledge(f, client);
  gateway_pass_ms(f, 15000);
  assert_silence(f, client);
  assert_int_equal(1, gateway_stats(f).notifications);
  assert_int_equal(3, gateway_stats(f).retransmissions);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(one_notification_is_under_way_and_its_repetition_carries_the_newest) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = observer_up(f, 0, "obs");
  fake_core_release(f->fake, "1.1.0", 1);
  wait_for_version(f, client, "1.1.0");
  uint16_t first = answer.message.message_id;
  int64_t sequence = answer.observe;
  fake_core_release(f->fake, "1.2.0", 1);
  fake_core_release(f->fake, "1.3.0", 1);
  assert_silence(f, client);
  wait_for_version(f, client, "1.3.0");
  assert_true(answer.message.message_id != first);
  assert_true(answer.observe > sequence);
  acknowledge(f, client);
  assert_silence(f, client);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(what_changed_while_one_was_under_way_follows_its_acknowledgement) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = observer_up(f, 0, "obs");
  fake_core_release(f->fake, "1.1.0", 1);
  wait_for_version(f, client, "1.1.0");
  fake_core_release(f->fake, "1.2.0", 1);
  assert_silence(f, client);
  acknowledge(f, client);
  assert_true(client_poll(client, &answer));
  assert_model_version("1.2.0");
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(a_reset_cancels_the_observation) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = observer_up(f, 0, "obs");
  fake_core_release(f->fake, "1.1.0", 1);
  wait_for_version(f, client, "1.1.0");
  client_send_empty(client, GW_COAP_RST, answer.message.message_id);
  gateway_settle(f);
  assert_int_equal(0, gateway_stats(f).observers);
  fake_core_release(f->fake, "1.2.0", 1);
  assert_silence(f, client);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(observe_1_with_the_token_cancels_and_with_another_does_not) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = observer_up(f, 0, "obs");
  observe_more(f, client, "xyz", GW_OBSERVE_CANCEL);
  assert_int_equal(-1, answer.observe);
  assert_int_equal(1, gateway_stats(f).observers);
  observe_more(f, client, "obs", GW_OBSERVE_CANCEL);
  assert_int_equal(0, gateway_stats(f).observers);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(the_same_token_again_renews_the_observation) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = observer_up(f, 0, "obs");
  observe_more(f, client, "obs", GW_OBSERVE_REGISTER);
  assert_int_equal(1, gateway_stats(f).observers);
  fake_core_release(f->fake, "1.1.0", 1);
  wait_for_version(f, client, "1.1.0");
  acknowledge(f, client);
  assert_silence(f, client);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(a_session_has_sixteen_observations_and_one_more_is_a_plain_get) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = observer_up(f, 0, "t0");
  char token[16];
  for (int i = 1; i < 16; i++) {
    snprintf(token, sizeof token, "t%d", i);
    observe_more(f, client, token, GW_OBSERVE_REGISTER);
  }
  observe_more(f, client, "more", GW_OBSERVE_REGISTER);
  assert_int_equal(-1, answer.observe);
  assert_int_equal(16, gateway_stats(f).observers);
  fake_core_release(f->fake, "1.1.0", 1);
  gateway_settle(f);
  int notified = 0;
  while (client_poll(client, &answer)) notified++;
  assert_int_equal(16, notified);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(an_observer_of_json_is_notified_in_json) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  struct ask ask = ask_get(".u/desired");
  ask.observe = GW_OBSERVE_REGISTER;
  ask.accept = GW_COAP_FORMAT_JSON;
  client_exchange(f, client, &ask, &answer);
  fake_core_release(f->fake, "1.1.0", 1);
  client_wait(f, client, &answer);
  assert_int_equal(GW_COAP_FORMAT_JSON, answer.format);
  assert_int_equal('{', answer.message.payload[0]);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(an_observer_that_never_acknowledges_loses_its_session) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = observer_up(f, 0, "obs");
  fake_core_release(f->fake, "1.1.0", 1);
  gateway_pass_ms(f, 100000); /* MAX_TRANSMIT_WAIT is 93 s */
  assert_int_equal(0, gateway_stats(f).sessions);
  assert_int_equal(0, gateway_stats(f).observers);
  assert_int_equal(0, f->fake->online[0]);
  assert_true(gateway_stats(f).retransmissions >= 4); /* and some of a ping */
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(a_sleeping_device_with_a_connection_id_is_told_when_it_wakes) {
  struct fixture *f = gateway_up();
  struct dtls_client_config config = client_config(f, 0);
  config.connection_id = true;
  struct dtls_client *client = client_up_with(f, config);
  observe_more(f, client, "obs", GW_OBSERVE_REGISTER);
  fake_core_release(f->fake, "1.1.0", 1);
  gateway_pass_ms(f, 200000);
  while (client_poll(client, &answer)) continue; /* slept through all of it */
  assert_int_equal(1, gateway_stats(f).sessions);
  gateway_pass_ms(f, 200000);
  assert_silence(f, client); /* left in peace */
  dtls_client_move(client);
  client_send_empty(client, GW_COAP_NON, 1);
  gateway_settle(f);
  bool told = false;
  while (client_poll(client, &answer))
    if (answer.message.code == GW_COAP_CONTENT) {
      assert_model_version("1.1.0");
      told = true;
    }
  assert_true(told);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(a_core_that_cannot_answer_now_does_not_lose_the_change) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = observer_up(f, 0, "obs");
  f->fake->manifest_status = SRV_ERR_IO;
  fake_core_release(f->fake, "1.1.0", 1);
  assert_silence(f, client);
  f->fake->manifest_status = SRV_OK;
  client_send_empty(client, GW_COAP_NON, 1); /* any sign of life */
  client_wait(f, client, &answer);
  assert_int_equal(GW_COAP_RST, answer.message.type);
  wait_for_version(f, client, "1.1.0");
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(a_rollout_reaches_two_hundred_sessions) {
  struct fixture *f = gateway_up_with((struct srv_gateway_config){.sessions_per_device = 100});
  enum { COUNT = 200 };
  struct dtls_client *clients[COUNT];
  for (int i = 0; i < COUNT; i++) clients[i] = observer_up(f, i % 10, "obs");
  fake_core_release(f->fake, "1.1.0", 2);
  for (int i = 0; i < COUNT; i++) {
    wait_for_version(f, clients[i], "1.1.0");
    acknowledge(f, clients[i]);
  }
  assert_int_equal(COUNT, gateway_stats(f).notifications);
  assert_int_equal(0, gateway_stats(f).retransmissions);
  for (int i = 0; i < COUNT; i++) dtls_client_destroy(clients[i]);
  gateway_down(f);
}
