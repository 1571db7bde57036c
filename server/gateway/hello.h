/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_GATEWAY_HELLO_H
#define SERVER_GATEWAY_HELLO_H
/* The stateless door in front of DTLS (RFC 6347 4.2.1): recognises a
 * ClientHello in a datagram, and makes and checks the cookie that proves that
 * the peer receives at the address it writes from. Nothing is kept per peer,
 * so a flood of ClientHellos costs an HMAC each and no memory. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/gateway/udp.h"

#define HELLO_RANDOM_SIZE 32u
#define HELLO_COOKIE_SIZE 20u /* 4 bytes of time, 16 of HMAC-SHA256 */
#define HELLO_COOKIE_LIFETIME_S 60u
#define HELLO_VERIFY_SIZE (13u + 12u + 3u + HELLO_COOKIE_SIZE)
#define HELLO_SECRET_SIZE 32u

struct client_hello {
  const uint8_t *record; /* the whole datagram */
  const uint8_t *random; /* HELLO_RANDOM_SIZE bytes */
  const uint8_t *cookie;
  size_t cookie_size;
};

/* Does the datagram begin with a plaintext handshake record of a ClientHello? */
bool hello_is_client_hello(const uint8_t *datagram, size_t size);
/* Bounds-checked down to the cookie; false for anything truncated or
 * fragmented (clients send ClientHellos whole). Borrows the datagram. */
bool hello_parse(const uint8_t *datagram, size_t size, struct client_hello *out);

/* now_s: seconds of any clock that only this process reads. */
void hello_cookie_make(const uint8_t secret[HELLO_SECRET_SIZE], uint32_t now_s,
                       const struct udp_path *path, const struct client_hello *hello,
                       uint8_t cookie[HELLO_COOKIE_SIZE]);
bool hello_cookie_check(const uint8_t secret[HELLO_SECRET_SIZE], uint32_t now_s,
                        const struct udp_path *path, const struct client_hello *hello);
/* Writes the HelloVerifyRequest that answers this ClientHello. */
void hello_verify_write(const struct client_hello *hello, const uint8_t cookie[HELLO_COOKIE_SIZE],
                        uint8_t out[HELLO_VERIFY_SIZE]);
#endif
