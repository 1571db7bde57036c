/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/dtls_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/ssl.h>

#include "tests/support/test.h"

#define DATAGRAM_MAX 2048

struct dtls_client {
  struct dtls_client_config config;
  int fd;
  int suites[5];
  mbedtls_x509_crt certificate;
  mbedtls_pk_context key;
  uint64_t intermediate_ms, final_ms; /* 0: off */
  unsigned sent, received, dropped;
  bool hold;
  int alert;
  size_t last_size;
  uint8_t last[DATAGRAM_MAX];
  mbedtls_entropy_context entropy;
  mbedtls_ctr_drbg_context random;
  mbedtls_ssl_config ssl_config;
  mbedtls_ssl_context ssl;
};

static int open_socket(uint16_t local_port, uint16_t server_port) {
  struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(local_port)};
  struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(server_port)};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int size = 4 << 20; /* as much as the kernel grants: tests answer late */
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  local.sin_addr.s_addr = server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || bind(fd, (struct sockaddr *)&local, sizeof local) != 0 ||
      connect(fd, (struct sockaddr *)&server, sizeof server) != 0)
    fail_msg("cannot open a client socket: %s", strerror(errno));
  return fd;
}

static bool is_lost(struct dtls_client *client, unsigned count) {
  bool lost = client->config.drop_every != 0 && count % client->config.drop_every == 0;
  if (lost) client->dropped++;
  return lost;
}

static int bio_send(void *context, const unsigned char *data, size_t size) {
  struct dtls_client *client = context;
  assert_true(size <= sizeof client->last);
  memcpy(client->last, data, size);
  client->last_size = size;
  if (client->hold || is_lost(client, ++client->sent)) return (int)size;
  dtls_client_send_raw(client, data, size);
  return (int)size;
}

static int bio_receive(void *context, unsigned char *buffer, size_t size) {
  struct dtls_client *client = context;
  for (;;) {
    ssize_t length = recv(client->fd, buffer, size, 0);
    if (length < 0) return MBEDTLS_ERR_SSL_WANT_READ;
    if (length >= 15 && buffer[0] == 21 && buffer[3] == 0 && buffer[4] == 0)
      client->alert = buffer[14]; /* a plaintext alert */
    if (!is_lost(client, ++client->received)) return (int)length;
  }
}

static void set_timer(void *context, uint32_t intermediate_ms, uint32_t final_ms) {
  struct dtls_client *client = context;
  client->intermediate_ms = final_ms == 0 ? 0 : *client->config.now_ms + intermediate_ms;
  client->final_ms = final_ms == 0 ? 0 : *client->config.now_ms + final_ms;
}

static int get_timer(void *context) {
  const struct dtls_client *client = context;
  if (client->final_ms == 0) return -1;
  uint64_t now_ms = *client->config.now_ms;
  return now_ms >= client->final_ms ? 2 : now_ms >= client->intermediate_ms ? 1 : 0;
}

static void set_psk(struct dtls_client *client) {
  const struct dtls_client_config *config = &client->config;
  int all[] = {MBEDTLS_TLS_PSK_WITH_AES_128_GCM_SHA256, MBEDTLS_TLS_PSK_WITH_AES_128_CCM_8,
               MBEDTLS_TLS_PSK_WITH_AES_128_CCM, MBEDTLS_TLS_PSK_WITH_AES_128_CBC_SHA256, 0};
  memcpy(client->suites, all, sizeof all);
  assert_int_equal(0, mbedtls_ssl_conf_psk(&client->ssl_config, (const uint8_t *)config->psk,
                                           strlen(config->psk), (const uint8_t *)config->identity,
                                           strlen(config->identity)));
}

/* Whom it talks to is not the question here. */
static void set_certificate(struct dtls_client *client) {
  const struct dtls_client_config *config = &client->config;
  int all[] = {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
               MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CCM, MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8,
               0};
  memcpy(client->suites, all, sizeof all);
  mbedtls_ssl_conf_authmode(&client->ssl_config, MBEDTLS_SSL_VERIFY_NONE);
  if (config->certificate[0] == '\0') return; /* none, though the server asks for one */
  assert_int_equal(
      0, mbedtls_x509_crt_parse(&client->certificate, (const uint8_t *)config->certificate,
                                strlen(config->certificate) + 1));
  assert_int_equal(
      0, mbedtls_pk_parse_key(&client->key, (const uint8_t *)config->key, strlen(config->key) + 1,
                              NULL, 0, mbedtls_ctr_drbg_random, &client->random));
  assert_int_equal(
      0, mbedtls_ssl_conf_own_cert(&client->ssl_config, &client->certificate, &client->key));
}

struct dtls_client *dtls_client_create(const struct dtls_client_config *config) {
  struct dtls_client *client = calloc(1, sizeof *client);
  assert_non_null(client);
  client->config = *config;
  client->alert = -1;
  client->fd = open_socket(config->local_port, config->server_port);
  mbedtls_entropy_init(&client->entropy);
  mbedtls_ctr_drbg_init(&client->random);
  mbedtls_ssl_config_init(&client->ssl_config);
  mbedtls_ssl_init(&client->ssl);
  assert_int_equal(
      0, mbedtls_ctr_drbg_seed(&client->random, mbedtls_entropy_func, &client->entropy, NULL, 0));
  assert_int_equal(
      0, mbedtls_ssl_config_defaults(&client->ssl_config, MBEDTLS_SSL_IS_CLIENT,
                                     MBEDTLS_SSL_TRANSPORT_DATAGRAM, MBEDTLS_SSL_PRESET_DEFAULT));
  mbedtls_ssl_conf_rng(&client->ssl_config, mbedtls_ctr_drbg_random, &client->random);
  mbedtls_x509_crt_init(&client->certificate);
  mbedtls_pk_init(&client->key);
  if (config->certificate != NULL)
    set_certificate(client);
  else
    set_psk(client);
  if (config->suite != 0) {
    client->suites[0] = config->suite;
    client->suites[1] = 0;
  }
  mbedtls_ssl_conf_ciphersuites(&client->ssl_config, client->suites);
  mbedtls_ssl_conf_handshake_timeout(&client->ssl_config, 1000, 60000);
  assert_int_equal(0, mbedtls_ssl_setup(&client->ssl, &client->ssl_config));
  if (config->connection_id)
    assert_int_equal(
        0, mbedtls_ssl_set_cid(&client->ssl, MBEDTLS_SSL_CID_ENABLED, (const uint8_t *)"", 0));
  mbedtls_ssl_set_bio(&client->ssl, client, bio_send, bio_receive, NULL);
  mbedtls_ssl_set_timer_cb(&client->ssl, client, set_timer, get_timer);
  return client;
}

void dtls_client_destroy(struct dtls_client *client) {
  close(client->fd);
  mbedtls_ssl_free(&client->ssl);
  mbedtls_ssl_config_free(&client->ssl_config);
  mbedtls_x509_crt_free(&client->certificate);
  mbedtls_pk_free(&client->key);
  mbedtls_ctr_drbg_free(&client->random);
  mbedtls_entropy_free(&client->entropy);
  free(client);
}

void dtls_client_close_notify(struct dtls_client *client) {
  mbedtls_ssl_close_notify(&client->ssl);
}

int dtls_client_handshake(struct dtls_client *client) {
  int result = mbedtls_ssl_handshake(&client->ssl);
  return result == 0 ? 1 : result == MBEDTLS_ERR_SSL_WANT_READ ? 0 : result;
}

int dtls_client_alert(const struct dtls_client *client) { return client->alert; }

bool dtls_client_has_connection_id(const struct dtls_client *client) {
  int enabled = 0;
  unsigned char cid[MBEDTLS_SSL_CID_OUT_LEN_MAX];
  size_t size = 0;
  mbedtls_ssl_get_peer_cid((mbedtls_ssl_context *)(uintptr_t)&client->ssl, &enabled, cid, &size);
  return enabled == MBEDTLS_SSL_CID_ENABLED && size > 0;
}

void dtls_client_send(struct dtls_client *client, const void *data, size_t size) {
  assert_int_equal((int)size, mbedtls_ssl_write(&client->ssl, data, size));
}

int dtls_client_receive(struct dtls_client *client, uint8_t *buffer, size_t size) {
  int result = mbedtls_ssl_read(&client->ssl, buffer, size);
  if (result > 0) return result;
  return result == MBEDTLS_ERR_SSL_WANT_READ ? 0 : result == 0 ? -1 : result;
}

void dtls_client_move(struct dtls_client *client) {
  int fd = open_socket(0, client->config.server_port);
  close(client->fd);
  client->fd = fd;
}

const uint8_t *dtls_client_last_datagram(const struct dtls_client *client, size_t *size) {
  *size = client->last_size;
  return client->last;
}

void dtls_client_hold(struct dtls_client *client, bool hold) { client->hold = hold; }
void dtls_client_set_drop(struct dtls_client *client, unsigned drop_every) {
  client->config.drop_every = drop_every;
}

void dtls_client_send_raw(struct dtls_client *client, const void *data, size_t size) {
  if (send(client->fd, data, size, 0) != (ssize_t)size)
    fail_msg("cannot send a datagram: %s", strerror(errno));
}

uint16_t dtls_client_local_port(const struct dtls_client *client) {
  struct sockaddr_in local;
  socklen_t size = sizeof local;
  getsockname(client->fd, (struct sockaddr *)&local, &size);
  return ntohs(local.sin_port);
}

unsigned dtls_client_dropped(const struct dtls_client *client) { return client->dropped; }
