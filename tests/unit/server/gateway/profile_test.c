/* SPDX-License-Identifier: Apache-2.0 */
/* `.gw/hello`. */
#include "tests/support/fake_core.h"
#include "tests/unit/server/gateway/fixture.h"

static struct fixture *f;
static struct dtls_client *client;
static struct answer answer;

#define HELLO   \
  "\xA2\x61"    \
  "b\x62pi\x61" \
  "a\x05"

static void up(void) {
  f = gateway_up();
  client = client_up(f, 0);
}

static void down(void) {
  dtls_client_destroy(client);
  gateway_down(f);
}

static uint8_t ask(struct ask question) {
  client_exchange(f, client, &question, &answer);
  return answer.message.code;
}

static uint8_t post(int format, const void *data, size_t size) {
  return ask(ask_post(".gw/hello", format, data, size));
}

TEST(a_hello_is_kept_and_answered_when_it_is) {
  up();
  assert_int_equal(GW_COAP_CHANGED, post(GW_COAP_FORMAT_CBOR, HELLO, sizeof HELLO - 1));
  assert_int_equal(1, f->fake->hello_count);
  assert_string_equal("pi", f->fake->hello.board);
  assert_int_equal(5, f->fake->hello.arena_bytes);
  f->fake->report_status = SRV_ERR_NO_SPACE;
  assert_int_equal(GW_COAP_SERVICE_UNAVAILABLE, post(GW_COAP_FORMAT_CBOR, HELLO, sizeof HELLO - 1));
  down();
}

TEST(another_format_or_none_is_refused) {
  up();
  assert_int_equal(GW_COAP_UNSUPPORTED_FORMAT, post(GW_COAP_FORMAT_JSON, "{}", 2));
  assert_int_equal(GW_COAP_UNSUPPORTED_FORMAT, post(-1, HELLO, sizeof HELLO - 1));
  assert_int_equal(0, f->fake->hello_count);
  down();
}

TEST(what_is_malformed_or_too_long_is_refused) {
  static uint8_t long_one[GW_HELLO_SIZE_MAX + 1] = "\xA1\x61x\x59\x03\xFB";
  static const uint8_t long_text[70] =
      "\xA1\x61"
      "b\x78\x40";
  up();
  assert_int_equal(GW_COAP_BAD_REQUEST, post(GW_COAP_FORMAT_CBOR, "", 0));
  assert_int_equal(GW_COAP_BAD_REQUEST, post(GW_COAP_FORMAT_CBOR, "\x80", 1));
  assert_int_equal(GW_COAP_BAD_REQUEST, post(GW_COAP_FORMAT_CBOR, HELLO, sizeof HELLO - 2));
  assert_int_equal(GW_COAP_REQUEST_TOO_LARGE,
                   post(GW_COAP_FORMAT_CBOR, long_text, sizeof long_text - 1));
  assert_int_equal(GW_COAP_REQUEST_TOO_LARGE, post(GW_COAP_FORMAT_CBOR, long_one, sizeof long_one));
  assert_int_equal(0, f->fake->hello_count);
  down();
}

static uint8_t post_block(uint32_t block1) {
  struct ask question = ask_post(".gw/hello", GW_COAP_FORMAT_CBOR, HELLO, sizeof HELLO - 1);
  question.block1 = block1;
  return ask(question);
}

TEST(block_by_block_it_is_too_long) {
  up();
  assert_int_equal(GW_COAP_REQUEST_TOO_LARGE, post_block(0x0E)); /* the first, more follow */
  assert_int_equal(GW_COAP_REQUEST_TOO_LARGE, post_block(0x16)); /* the second, the last */
  assert_int_equal(0, f->fake->hello_count);
  assert_int_equal(GW_COAP_CHANGED, post_block(0x06)); /* the only one */
  assert_int_equal(1, f->fake->hello_count);
  down();
}

TEST(it_is_only_said_never_asked) {
  up();
  assert_int_equal(GW_COAP_METHOD_NOT_ALLOWED, ask(ask_get(".gw/hello")));
  assert_int_equal(GW_COAP_NOT_FOUND, ask(ask_get(".gw")));
  assert_int_equal(GW_COAP_NOT_FOUND, ask(ask_get(".gw/hello/x")));
  down();
}
