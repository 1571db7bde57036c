/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_DTLS_CLIENT_H
#define TESTS_SUPPORT_DTLS_CLIENT_H
/* A DTLS 1.2 PSK client that never blocks, on a loopback UDP socket of its own,
 * for tests that run client and server in one thread. Its network can lose
 * datagrams, move to another port, and be written to directly. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dtls_client_config {
  uint16_t server_port;
  uint16_t local_port;  /* 0: any */
  const char *identity; /* PSK identity, a string */
  const char *psk;      /* PSK, a string */
  /* Instead of identity and psk: a PEM chain and its key, EC. */
  const char *certificate, *key;
  bool connection_id;     /* offer a zero-length CID, as Zephyr devices do */
  int suite;              /* mbedTLS's number; 0: all PSK suites */
  unsigned drop_every;    /* lose every nth datagram of each direction; 0: none */
  const uint64_t *now_ms; /* the test's clock, for handshake retransmission */
};

struct dtls_client;

/* Fails the test when it cannot be made. */
struct dtls_client *dtls_client_create(const struct dtls_client_config *config);
void dtls_client_destroy(struct dtls_client *client); /* says nothing */
void dtls_client_close_notify(struct dtls_client *client);

/* Goes on with the handshake: 1 done, 0 needs more time, or mbedTLS's error. */
int dtls_client_handshake(struct dtls_client *client);
/* The alert that ended the handshake; -1 none. */
int dtls_client_alert(const struct dtls_client *client);
bool dtls_client_has_connection_id(const struct dtls_client *client);
void dtls_client_send(struct dtls_client *client, const void *data, size_t size);
/* Bytes of one decrypted datagram; 0: none has come; negative: the session is
 * over. */
int dtls_client_receive(struct dtls_client *client, uint8_t *buffer, size_t size);

/* Another socket, hence another source port; the session goes on. */
void dtls_client_move(struct dtls_client *client);
/* The last datagram that was given to the network, sent or lost. */
const uint8_t *dtls_client_last_datagram(const struct dtls_client *client, size_t *size);
/* True: what is sent is kept as last datagram, but not sent. */
void dtls_client_hold(struct dtls_client *client, bool hold);
void dtls_client_set_drop(struct dtls_client *client, unsigned drop_every);
/* Raw bytes from the client's present address. */
void dtls_client_send_raw(struct dtls_client *client, const void *data, size_t size);
uint16_t dtls_client_local_port(const struct dtls_client *client);
unsigned dtls_client_dropped(const struct dtls_client *client);
#endif
