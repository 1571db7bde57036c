/* SPDX-License-Identifier: Apache-2.0 */
// fuzz-link: wire server/gateway/hello.c build/deps/mbedtls/library/md.c
// fuzz-link: build/deps/mbedtls/library/sha256.c build/deps/mbedtls/library/sha512.c
// fuzz-link: build/deps/mbedtls/library/platform.c build/deps/mbedtls/library/platform_util.c
// fuzz-link: build/deps/mbedtls/library/constant_time.c
/* What anybody at all can send to the door: a datagram that may be a
 * ClientHello. What parses lies within the datagram, its answer is well formed,
 * and a cookie made for it is only good for it. */
#include <stdlib.h>
#include <string.h>

#include "server/gateway/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition) {
  if (!condition) abort();
}

static void check_cookie(struct client_hello *hello) {
  static const uint8_t secret[HELLO_SECRET_SIZE] = {9};
  struct udp_path path = {.port = 5684}, other = {.port = 5685};
  uint8_t cookie[HELLO_COOKIE_SIZE], verify[HELLO_VERIFY_SIZE];
  check(!hello_cookie_check(secret, 1000, &path, hello)); /* nobody guesses one */
  hello_cookie_make(secret, 1000, &path, hello, cookie);
  hello_verify_write(hello, cookie, verify);
  check(verify[13] == 3 &&
        memcmp(verify + sizeof verify - sizeof cookie, cookie, sizeof cookie) == 0);
  check(!hello_is_client_hello(verify, sizeof verify));
  hello->cookie = cookie;
  hello->cookie_size = sizeof cookie;
  check(hello_cookie_check(secret, 1001, &path, hello));
  check(!hello_cookie_check(secret, 1001, &other, hello));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct client_hello hello;
  uint8_t *copy = malloc(size);
  if (size > 0) memcpy(copy, data, size);
  if (hello_parse(copy, size, &hello)) {
    check(hello.random >= copy && hello.random + HELLO_RANDOM_SIZE <= copy + size);
    check(hello.cookie >= copy && hello.cookie + hello.cookie_size <= copy + size);
    check_cookie(&hello);
  }
  free(copy);
  return 0;
}
