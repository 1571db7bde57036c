/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/gateway/fixture.h"

#include <stdlib.h>

static uint16_t next_message_id = 1;

static uint64_t read_clock(void *context) { return *(uint64_t *)context; }

void gateway_stand(struct fixture *f, struct srv_gateway_config config, struct srv_core *core) {
  char error[160] = "";
  f->now_ms = 1000000;
  config.now_ms = read_clock;
  config.now_context = &f->now_ms;
  if (srv_gateway_create(&f->gateway, &config, core, error, sizeof error) != SRV_OK)
    fail_msg("%s", error);
}

void gateway_settle(struct fixture *f) {
  do {
    assert_int_equal(SRV_OK, srv_gateway_run(f->gateway));
  } while (srv_gateway_timeout_ms(f->gateway) == 0);
}

void gateway_pass_ms(struct fixture *f, uint64_t duration_ms) {
  for (uint64_t passed = 0; passed < duration_ms; passed += 100) {
    f->now_ms += 100;
    gateway_settle(f);
  }
}

struct srv_gateway_stats gateway_stats(struct fixture *f) {
  struct srv_gateway_stats stats;
  srv_gateway_stats(f->gateway, &stats);
  return stats;
}

/* ---- clients ---- */

struct dtls_client_config client_config(struct fixture *f, int device) {
  static const char *identities[] = {"d0@p", "d1@p", "d2@p", "d3@p", "d4@p",
                                     "d5@p", "d6@p", "d7@p", "d8@p", "d9@p"};
  static const char *keys[] = {"secret-0", "secret-1", "secret-2", "secret-3", "secret-4",
                               "secret-5", "secret-6", "secret-7", "secret-8", "secret-9"};
  return (struct dtls_client_config){.server_port = srv_gateway_port(f->gateway),
                                     .identity = identities[device],
                                     .psk = keys[device],
                                     .now_ms = &f->now_ms};
}

int client_shake(struct fixture *f, struct dtls_client *client) {
  for (uint64_t end_ms = f->now_ms + 60000; f->now_ms < end_ms; f->now_ms += 10) {
    for (int i = 0; i < 6; i++) { /* the flights of a handshake without loss */
      int result = dtls_client_handshake(client);
      gateway_settle(f);
      if (result != 0) return result;
    }
  }
  return 0;
}

struct dtls_client *client_up_with(struct fixture *f, struct dtls_client_config config) {
  struct dtls_client *client = dtls_client_create(&config);
  assert_int_equal(1, client_shake(f, client));
  return client;
}

struct dtls_client *client_up(struct fixture *f, int device) {
  return client_up_with(f, client_config(f, device));
}

/* ---- requests ---- */

struct ask ask_get(const char *path) {
  return (struct ask){.type = GW_COAP_CON,
                      .method = GW_COAP_GET,
                      .message_id = next_message_id++,
                      .path = path,
                      .observe = -1,
                      .format = -1,
                      .accept = -1,
                      .block2 = -1,
                      .block1 = -1};
}

struct ask ask_post(const char *path, int format, const void *payload, size_t payload_size) {
  struct ask ask = ask_get(path);
  ask.method = GW_COAP_POST;
  ask.format = format;
  ask.payload = payload;
  ask.payload_size = payload_size;
  return ask;
}

void client_send(struct dtls_client *client, const struct ask *ask) {
  uint8_t buffer[2048];
  struct gw_coap_writer w;
  const char *token = ask->token != NULL ? ask->token : "tok";
  gw_coap_writer_begin(&w, buffer, sizeof buffer, ask->type, ask->method, ask->message_id,
                       (const uint8_t *)token, strlen(token));
  if (ask->observe >= 0)
    gw_coap_writer_option_uint(&w, GW_COAP_OPT_OBSERVE, (uint32_t)ask->observe);
  gw_coap_writer_path(&w, ask->path);
  if (ask->format >= 0)
    gw_coap_writer_option_uint(&w, GW_COAP_OPT_CONTENT_FORMAT, (uint32_t)ask->format);
  if (ask->accept >= 0) gw_coap_writer_option_uint(&w, GW_COAP_OPT_ACCEPT, (uint32_t)ask->accept);
  if (ask->block2 >= 0) gw_coap_writer_option_uint(&w, GW_COAP_OPT_BLOCK2, (uint32_t)ask->block2);
  if (ask->block1 >= 0) gw_coap_writer_option_uint(&w, GW_COAP_OPT_BLOCK1, (uint32_t)ask->block1);
  if (ask->odd_option != 0) gw_coap_writer_option(&w, ask->odd_option, "", 0);
  if (ask->payload_size > 0) gw_coap_writer_payload(&w, ask->payload, ask->payload_size);
  int size = gw_coap_writer_finish(&w);
  assert_true(size > 0);
  dtls_client_send(client, buffer, (size_t)size);
}

void client_send_empty(struct dtls_client *client, enum gw_coap_type type, uint16_t message_id) {
  uint8_t message[4] = {(uint8_t)(0x40 | type << 4), 0, (uint8_t)(message_id >> 8),
                        (uint8_t)message_id};
  dtls_client_send(client, message, sizeof message);
}

static int64_t option(const struct gw_coap_message *message, uint16_t number) {
  uint32_t value;
  return gw_coap_option_uint(message, number, &value) ? (int64_t)value : -1;
}

bool client_poll(struct dtls_client *client, struct answer *out) {
  int size = dtls_client_receive(client, out->datagram, sizeof out->datagram);
  if (size <= 0) return false;
  assert_int_equal(GW_OK, gw_coap_parse(out->datagram, (size_t)size, &out->message));
  out->observe = option(&out->message, GW_COAP_OPT_OBSERVE);
  out->format = option(&out->message, GW_COAP_OPT_CONTENT_FORMAT);
  out->block2 = option(&out->message, GW_COAP_OPT_BLOCK2);
  return true;
}

void client_wait(struct fixture *f, struct dtls_client *client, struct answer *out) {
  for (int i = 0; i < 2000; i++) {
    gateway_settle(f);
    if (client_poll(client, out)) return;
    f->now_ms += 100;
  }
  fail_msg("no message came in 200 s");
}

void client_exchange(struct fixture *f, struct dtls_client *client, const struct ask *ask,
                     struct answer *out) {
  for (int i = 0; i < 400; i++) {
    if (i % 20 == 0) client_send(client, ask);
    gateway_settle(f);
    while (client_poll(client, out))
      if (ask->type == GW_COAP_NON || out->message.message_id == ask->message_id) return;
    f->now_ms += 100;
  }
  fail_msg("no answer in 40 s");
}

void assert_silence(struct fixture *f, struct dtls_client *client) {
  struct answer answer;
  gateway_settle(f);
  if (client_poll(client, &answer))
    fail_msg("a message of code %u came, where there should be none", answer.message.code);
}

size_t client_download(struct fixture *f, struct dtls_client *client, const char *path, uint8_t szx,
                       uint32_t first_block, uint8_t *out, size_t size) {
  static struct answer answer;
  size_t length = 0;
  for (struct gw_block block = {.num = first_block, .szx = szx, .more = true}; block.more;) {
    struct ask ask = ask_get(path);
    ask.block2 = gw_block_encode((struct gw_block){.num = block.num, .szx = szx});
    ask.accept = GW_COAP_FORMAT_OCTETS;
    client_exchange(f, client, &ask, &answer);
    assert_code(GW_COAP_CONTENT, answer);
    uint32_t asked = block.num;
    assert_int_equal(GW_OK, gw_block_decode((uint32_t)answer.block2, &block));
    assert_int_equal(asked, block.num);
    assert_int_equal(szx, block.szx);
    assert_true(length + answer.message.payload_size <= size);
    memcpy(out + length, answer.message.payload, answer.message.payload_size);
    length += answer.message.payload_size;
    block.num++;
  }
  return length;
}
