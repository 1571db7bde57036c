/* SPDX-License-Identifier: Apache-2.0 */
#include "server/gateway/hello.h"

#include <string.h>

#include <mbedtls/constant_time.h>
#include <mbedtls/md.h>

#include "wire/record.h"

/* Record: type 1, version 2, epoch 2, sequence 6, length 2.
 * Handshake: type 1, length 3, message_seq 2, fragment_offset 3, fragment_length 3. */
#define HANDSHAKE_HEADER_SIZE 12u
#define CONTENT_HANDSHAKE 22u
#define HANDSHAKE_CLIENT_HELLO 1u
#define HANDSHAKE_HELLO_VERIFY_REQUEST 3u

static size_t read_u16(const uint8_t *p) { return (size_t)p[0] << 8 | p[1]; }
static size_t read_u24(const uint8_t *p) { return (size_t)p[0] << 16 | (size_t)p[1] << 8 | p[2]; }

bool hello_is_client_hello(const uint8_t *datagram, size_t size) {
  return size > GW_RECORD_HEADER_SIZE && datagram[0] == CONTENT_HANDSHAKE && datagram[1] == 0xFE &&
         read_u16(datagram + 3) == 0 && datagram[GW_RECORD_HEADER_SIZE] == HANDSHAKE_CLIENT_HELLO;
}

bool hello_parse(const uint8_t *datagram, size_t size, struct client_hello *out) {
  if (!hello_is_client_hello(datagram, size)) return false;
  size_t record_size = read_u16(datagram + 11);
  if (record_size > size - GW_RECORD_HEADER_SIZE || record_size < HANDSHAKE_HEADER_SIZE)
    return false;
  const uint8_t *handshake = datagram + GW_RECORD_HEADER_SIZE;
  size_t length = read_u24(handshake + 1);
  if (length != record_size - HANDSHAKE_HEADER_SIZE) return false;
  if (read_u24(handshake + 6) != 0 || read_u24(handshake + 9) != length) return false;

  const uint8_t *body = handshake + HANDSHAKE_HEADER_SIZE;
  const uint8_t *end = body + length;
  const uint8_t *p = body + 2 + HELLO_RANDOM_SIZE;                     /* version, random */
  if (length < 2 + HELLO_RANDOM_SIZE + 2) return false;                /* and two length bytes */
  if (*p > 32 || (size_t)(end - p) < (size_t)1 + *p + 1) return false; /* session id */
  p += 1 + *p;
  if ((size_t)(end - p) < (size_t)1 + *p) return false; /* cookie */
  out->record = datagram;
  out->random = body + 2;
  out->cookie_size = *p;
  out->cookie = p + 1;
  return true;
}

static void cookie_mac(const uint8_t secret[HELLO_SECRET_SIZE], const uint8_t time[4],
                       const struct udp_path *path, const struct client_hello *hello,
                       uint8_t mac[32]) {
  uint8_t message[4 + 16 + 4 + 2 + HELLO_RANDOM_SIZE];
  memcpy(message, time, 4);
  memcpy(message + 4, path->peer, 16);
  memcpy(message + 20, &path->scope, 4);
  memcpy(message + 24, &path->port, 2);
  memcpy(message + 26, hello->random, HELLO_RANDOM_SIZE);
  mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), secret, HELLO_SECRET_SIZE, message,
                  sizeof message, mac);
}

void hello_cookie_make(const uint8_t secret[HELLO_SECRET_SIZE], uint32_t now_s,
                       const struct udp_path *path, const struct client_hello *hello,
                       uint8_t cookie[HELLO_COOKIE_SIZE]) {
  uint8_t mac[32] = {0};
  for (int i = 0; i < 4; i++) cookie[i] = (uint8_t)(now_s >> (24 - 8 * i));
  cookie_mac(secret, cookie, path, hello, mac);
  memcpy(cookie + 4, mac, HELLO_COOKIE_SIZE - 4);
}

bool hello_cookie_check(const uint8_t secret[HELLO_SECRET_SIZE], uint32_t now_s,
                        const struct udp_path *path, const struct client_hello *hello) {
  if (hello->cookie_size != HELLO_COOKIE_SIZE) return false;
  uint8_t mac[32] = {0};
  cookie_mac(secret, hello->cookie, path, hello, mac);
  if (mbedtls_ct_memcmp(mac, hello->cookie + 4, HELLO_COOKIE_SIZE - 4) != 0) return false;
  uint32_t made_s = 0;
  for (int i = 0; i < 4; i++) made_s = made_s << 8 | hello->cookie[i];
  return now_s - made_s <= HELLO_COOKIE_LIFETIME_S;
}

void hello_verify_write(const struct client_hello *hello, const uint8_t cookie[HELLO_COOKIE_SIZE],
                        uint8_t out[HELLO_VERIFY_SIZE]) {
  const size_t body = 3 + HELLO_COOKIE_SIZE;
  /* The record's sequence number and the message_seq are the ClientHello's
   * (RFC 6347 4.2.1), so that we need to remember neither. */
  memcpy(out, hello->record, GW_RECORD_HEADER_SIZE + HANDSHAKE_HEADER_SIZE);
  out[11] = 0;
  out[12] = (uint8_t)(HANDSHAKE_HEADER_SIZE + body);
  uint8_t *handshake = out + GW_RECORD_HEADER_SIZE;
  handshake[0] = HANDSHAKE_HELLO_VERIFY_REQUEST;
  handshake[1] = handshake[2] = 0;
  handshake[3] = (uint8_t)body;
  memset(handshake + 6, 0, 3);
  handshake[9] = handshake[10] = 0;
  handshake[11] = (uint8_t)body;
  uint8_t *p = handshake + HANDSHAKE_HEADER_SIZE;
  *p++ = 0xFE; /* DTLS 1.0 whatever will be negotiated (RFC 6347 4.2.1) */
  *p++ = 0xFF;
  *p++ = HELLO_COOKIE_SIZE;
  memcpy(p, cookie, HELLO_COOKIE_SIZE);
}
