/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_SERVER_GATEWAY_FIXTURE_H
#define TESTS_UNIT_SERVER_GATEWAY_FIXTURE_H
/* A gateway and DTLS clients on loopback, in one thread and with a clock that
 * only moves when the test (or a wait for something that needs time) moves it:
 * no test sleeps. gateway_up stands it on the fake core; gateway_stand on any. */
#include "server/gateway/gateway.h"
#include "tests/support/dtls_client.h"
#include "tests/support/test.h"
#include "wire/block.h"
#include "wire/coap.h"

struct fixture {
  struct srv_gateway *gateway;
  uint64_t now_ms;
  struct srv_core *fake; /* NULL: stands on another core */
};

/* fixture_fake.c */
struct fixture *gateway_up(void);
struct fixture *gateway_up_with(struct srv_gateway_config config);
void gateway_down(struct fixture *f);

/* fixture.c, which knows no core */
void gateway_stand(struct fixture *f, struct srv_gateway_config config, struct srv_core *core);
/* Lets the gateway do all it can do at this moment. */
void gateway_settle(struct fixture *f);
/* Lets time pass in steps of 100 ms, the gateway running. */
void gateway_pass_ms(struct fixture *f, uint64_t duration_ms);
struct srv_gateway_stats gateway_stats(struct fixture *f);

struct dtls_client_config client_config(struct fixture *f, int device);
/* A client of device N, its handshake done. */
struct dtls_client *client_up(struct fixture *f, int device);
struct dtls_client *client_up_with(struct fixture *f, struct dtls_client_config config);
/* Drives the handshake to its end: 1, or mbedTLS's error, or 0 when 60 s were
 * not enough. */
int client_shake(struct fixture *f, struct dtls_client *client);

/* One request's parts; zero means absent (see the has_ flags). */
struct ask {
  uint8_t type, method;
  uint16_t message_id;
  const char *path;
  const char *token;      /* NULL: "tok" */
  int observe;            /* -1 absent */
  int format, accept;     /* -1 absent */
  int64_t block2, block1; /* -1 absent */
  uint16_t odd_option;    /* an extra empty option with this number; 0: none */
  const void *payload;
  size_t payload_size;
};
/* CON GET of that path, a new message id, everything else absent. */
struct ask ask_get(const char *path);
struct ask ask_post(const char *path, int format, const void *payload, size_t payload_size);
void client_send(struct dtls_client *client, const struct ask *ask);

/* An answer with the datagram that it borrows. */
struct answer {
  struct gw_coap_message message;
  int64_t observe, format, block2; /* -1 absent */
  uint8_t datagram[2048];
};
/* What has come by now; false: nothing. */
bool client_poll(struct dtls_client *client, struct answer *out);
/* Waits for the next message, 200 s at most; fails the test when none comes. */
void client_wait(struct fixture *f, struct dtls_client *client, struct answer *out);
/* Sends, retransmits every 2 s, returns the answer with this message id (CON)
 * or the next one (NON). */
void client_exchange(struct fixture *f, struct dtls_client *client, const struct ask *ask,
                     struct answer *out);
void client_send_empty(struct dtls_client *client, enum gw_coap_type type, uint16_t message_id);
/* Fails when anything has come. */
void assert_silence(struct fixture *f, struct dtls_client *client);
#define assert_code(expected, answer) assert_int_equal(expected, (answer).message.code)

/* Block by block from `first_block`; the digest of nothing is checked here.
 * Returns bytes written to `out`. */
size_t client_download(struct fixture *f, struct dtls_client *client, const char *path, uint8_t szx,
                       uint32_t first_block, uint8_t *out, size_t size);
#endif
