/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SDK_DTLS_H
#define SDK_DTLS_H
/* One DTLS 1.2 client session over the port's datagram socket, with a
 * pre-shared key or by another method. All of mbedTLS that the SDK uses for the network is in
 * dtls.c; its memory comes from `pool`. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mbedtls/ssl.h"
#include "pool.h"

struct godwit_dtls;
struct godwit_certificate;

/* How credentials other than a pre-shared key are used: a table, so that who
 * does not name it does not link it. Results are mbedTLS's unless said. All but
 * check run with the session's pool entered. */
struct godwit_credential_method {
  size_t memory_size; /* of a client that uses it */
  /* enum godwit_status */
  int (*check)(struct godwit_pool *pool, const struct godwit_certificate *certificate);
  int (*configure)(struct godwit_dtls *dtls, const struct godwit_certificate *certificate);
  /* What the server must be called; NULL: anything. */
  const char *(*expected_name)(const struct godwit_certificate *certificate, const char *host);
  void (*release)(struct godwit_dtls *dtls);
};

struct godwit_dtls_config {
  const char *server_name; /* for SNI; NULL for an address literal */
  const char *identity;
  const uint8_t *psk;
  size_t psk_size;
  const char *host;                              /* as it was given */
  const struct godwit_certificate *certificate;  /* NULL: identity and psk */
  const struct godwit_credential_method *method; /* of the certificate */
  bool offer_connection_id;
  uint32_t handshake_timeout_ms;
};

struct godwit_dtls {
  bool open;
  bool connection_id;
  int socket;       /* -1: none */
  int socket_error; /* what the socket said last: sticks until taken */
  struct godwit_pool *pool;
  const struct godwit_credential_method *method; /* NULL: a pre-shared key */
  void *credentials;                             /* the method's, in the pool */
  struct {
    uint64_t start_ms;
    uint32_t intermediate_ms;
    uint32_t final_ms; /* 0: off */
  } timer;
  uint64_t datagrams_in, datagrams_out, bytes_in, bytes_out;
  mbedtls_ssl_context ssl;
  mbedtls_ssl_config config;
};

/* The port's random numbers, as mbedTLS asks for them. */
int godwit_dtls_random(void *context, unsigned char *data, size_t size);

/* Begins a session over an open socket, which the session then owns. */
int godwit_dtls_begin(struct godwit_dtls *dtls, int socket,
                      const struct godwit_dtls_config *config);
/* 1: under way; GODWIT_OK: established; GODWIT_ERR_CREDENTIALS,
 * GODWIT_ERR_UNTRUSTED, GODWIT_ERR_TIMEOUT, GODWIT_ERR_NO_MEMORY,
 * GODWIT_ERR_CONNECTION otherwise. */
int godwit_dtls_handshake(struct godwit_dtls *dtls);
/* Milliseconds until handshake wants to be called though nothing arrived. */
uint32_t godwit_dtls_timeout_ms(const struct godwit_dtls *dtls, uint64_t now_ms);
/* 0 or GODWIT_ERR_CONNECTION: the session is over. */
int godwit_dtls_send(struct godwit_dtls *dtls, const void *data, size_t size);
/* Bytes of one message; 0: none; GODWIT_ERR_CONNECTION: the session is over. */
int godwit_dtls_receive(struct godwit_dtls *dtls, void *data, size_t size);
/* What the socket said since the last call: GODWIT_OK, GODWIT_ERR_CONNECTION
 * (nobody listens there) or GODWIT_ERR_IO (the socket is of no use). */
int godwit_dtls_take_socket_error(struct godwit_dtls *dtls);
/* Goes on over another socket; the old one is closed. */
void godwit_dtls_move(struct godwit_dtls *dtls, int socket);
/* True when records carry the server's Connection ID. */
bool godwit_dtls_has_connection_id(const struct godwit_dtls *dtls);
/* Ends the session, telling the peer when `notify`, and closes the socket. */
void godwit_dtls_end(struct godwit_dtls *dtls, bool notify);
#endif
