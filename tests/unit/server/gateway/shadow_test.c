/* SPDX-License-Identifier: Apache-2.0 */
/* `.gw/shadow`. */
#include "tests/support/fake_core.h"
#include "tests/unit/server/gateway/fixture.h"

static struct fixture *f;
static struct dtls_client *client;
static uint8_t payload[GW_SHADOW_REPORT_SIZE_MAX + 1];
static size_t size;

static void up(void) {
  struct gw_shadow_report report = {
      .package = "model", .active = "1.0.0", .candidate = "1.1.0", .elapsed_s = 7};
  f = gateway_up();
  client = client_up(f, 0);
  gw_shadow_label_add(&report.labels, "yes", 3);
  gw_shadow_add(&report.summary, &report.labels, &(struct gw_shadow_sample){{0, 900, 10}, {0}});
  size = (size_t)gw_shadow_report_encode(&report, payload, sizeof payload);
}

static void down(void) {
  dtls_client_destroy(client);
  gateway_down(f);
}

static uint8_t ask(struct ask question) {
  struct answer answer;
  client_exchange(f, client, &question, &answer);
  return answer.message.code;
}

static uint8_t post(int format, size_t length) {
  return ask(ask_post(".gw/shadow", format, payload, length));
}

TEST(a_comparison_is_kept_and_answered_when_it_is) {
  up();
  assert_int_equal(GW_COAP_CHANGED, post(GW_COAP_FORMAT_CBOR, size));
  assert_int_equal(1, f->fake->shadow_count);
  assert_string_equal("1.1.0", f->fake->shadow.candidate);
  assert_int_equal(1, f->fake->shadow.summary.heard_agreed);
  f->fake->report_status = SRV_ERR_INVALID;
  assert_int_equal(GW_COAP_BAD_REQUEST, post(GW_COAP_FORMAT_CBOR, size));
  down();
}

TEST(what_is_not_a_comparison_is_refused) {
  up();
  assert_int_equal(GW_COAP_UNSUPPORTED_FORMAT, post(GW_COAP_FORMAT_JSON, size));
  assert_int_equal(GW_COAP_UNSUPPORTED_FORMAT, post(-1, size));
  assert_int_equal(GW_COAP_BAD_REQUEST, post(GW_COAP_FORMAT_CBOR, 0));
  assert_int_equal(GW_COAP_BAD_REQUEST, post(GW_COAP_FORMAT_CBOR, size - 1));
  assert_int_equal(GW_COAP_REQUEST_TOO_LARGE, post(GW_COAP_FORMAT_CBOR, sizeof payload));
  assert_int_equal(GW_COAP_METHOD_NOT_ALLOWED, ask(ask_get(".gw/shadow")));
  assert_int_equal(0, f->fake->shadow_count);
  down();
}

TEST(a_comparison_in_blocks_is_too_long) {
  up();
  struct ask question = ask_post(".gw/shadow", GW_COAP_FORMAT_CBOR, payload, size);
  question.block1 = 0x0E; /* the first, more follow */
  assert_int_equal(GW_COAP_REQUEST_TOO_LARGE, ask(question));
  assert_int_equal(0, f->fake->shadow_count);
  down();
}
