/* SPDX-License-Identifier: Apache-2.0 */
/* `.u/…` and what is wrong with a request: one code for each mistake. */
#include <jansson.h>
#include <mbedtls/sha256.h>
#include <stdlib.h>

#include "tests/support/fake_core.h"
#include "tests/unit/server/gateway/fixture.h"
#include "wire/block.h"
#include "wire/manifest.h"
#include "wire/report.h"

#define MODEL_SIZE 26977u /* 26 blocks of 1024 and a part */

static uint8_t model[MODEL_SIZE];
static struct answer answer;

static void give_model(struct fixture *f, size_t size) {
  for (size_t i = 0; i < size; i++) model[i] = (uint8_t)test_random();
  f->fake->blob = model;
  f->fake->blob_size = size;
}

static void expect(struct fixture *f, struct dtls_client *client, struct ask ask, uint8_t code) {
  client_exchange(f, client, &ask, &answer);
  assert_code(code, answer);
  if (code >= GW_COAP_BAD_REQUEST) assert_int_equal(0, answer.message.payload_size);
}

TEST(a_manifest_can_be_had_as_json) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  struct ask ask = ask_get(".u/desired");
  ask.accept = GW_COAP_FORMAT_JSON;
  expect(f, client, ask, GW_COAP_CONTENT);
  assert_int_equal(GW_COAP_FORMAT_JSON, answer.format);
  json_t *root =
      json_loadb((const char *)answer.message.payload, answer.message.payload_size, 0, NULL);
  const json_t *component = json_array_get(json_object_get(root, "components"), 0);
  assert_int_equal(f->fake->manifest.sequence_number,
                   json_integer_value(json_object_get(root, "sequenceNumber")));
  assert_string_equal("/.u/c/model@1.0.0", json_string_value(json_object_get(component, "uri")));
  assert_int_equal(64, json_string_length(json_object_get(component, "hash")));
  json_decref(root);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(a_manifest_is_served_block_by_block_when_asked) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  static uint8_t whole[GW_MANIFEST_SIZE_MAX], parts[GW_MANIFEST_SIZE_MAX];
  fake_core_release(f->fake, "1.0.0", 5);
  int size = gw_manifest_encode(&f->fake->manifest, whole, sizeof whole);
  assert_int_equal(size, client_download(f, client, ".u/desired", 2, 0, parts, sizeof parts));
  assert_memory_equal(whole, parts, (size_t)size);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(a_download_has_the_digest_of_what_was_uploaded) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  static uint8_t got[MODEL_SIZE];
  uint8_t digests[2][32];
  give_model(f, MODEL_SIZE);
  assert_int_equal(MODEL_SIZE,
                   client_download(f, client, ".u/c/model@1.0.0", 6, 0, got, sizeof got));
  mbedtls_sha256(model, MODEL_SIZE, digests[0], 0);
  mbedtls_sha256(got, MODEL_SIZE, digests[1], 0);
  assert_memory_equal(digests[0], digests[1], 32);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(a_download_resumes_at_any_block_in_another_session) {
  struct fixture *f = gateway_up();
  static uint8_t got[MODEL_SIZE];
  give_model(f, MODEL_SIZE);
  struct dtls_client *client = client_up(f, 0);
  assert_int_equal(MODEL_SIZE - 20 * 1024,
                   client_download(f, client, ".u/c/model@1.0.0", 6, 20, got, sizeof got));
  assert_memory_equal(model + 20 * 1024, got, MODEL_SIZE - 20 * 1024);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(the_last_block_of_a_round_size_says_so) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  struct gw_block block;
  give_model(f, 2048);
  struct ask ask = ask_get(".u/c/model@1.0.0");
  ask.block2 = gw_block_encode((struct gw_block){.num = 1, .szx = 6});
  expect(f, client, ask, GW_COAP_CONTENT);
  gw_block_decode((uint32_t)answer.block2, &block);
  assert_false(block.more);
  assert_int_equal(1024, answer.message.payload_size);
  ask.message_id += 1000;
  ask.block2 = gw_block_encode((struct gw_block){.num = 2, .szx = 6});
  expect(f, client, ask, GW_COAP_BAD_REQUEST);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(a_get_without_block2_of_something_long_gets_block_0) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  struct gw_block block;
  give_model(f, MODEL_SIZE);
  expect(f, client, ask_get(".u/c/model@1.0.0"), GW_COAP_CONTENT);
  assert_int_equal(GW_OK, gw_block_decode((uint32_t)answer.block2, &block));
  assert_true(block.num == 0 && block.more && block.szx == 6);
  assert_memory_equal(model, answer.message.payload, 1024);
  give_model(f, 100);
  expect(f, client, ask_get(".u/c/model@1.0.0"), GW_COAP_CONTENT);
  assert_int_equal(-1, answer.block2);
  assert_int_equal(100, answer.message.payload_size);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(an_empty_artifact_is_an_empty_answer) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  give_model(f, 0);
  expect(f, client, ask_get(".u/c/model@1.0.0"), GW_COAP_CONTENT);
  assert_int_equal(0, answer.message.payload_size);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(each_mistake_has_its_code) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  static const uint8_t junk[600] = {0xFF};
  static const struct {
    const char *path;
    size_t size;
    int format, block1, block2;
    uint8_t method, code;
  } cases[] = {
      {".u/c/model@9.9.9", 0, -1, -1, -1, GW_COAP_GET, GW_COAP_NOT_FOUND},
      {".u/c/other@1.0.0", 0, -1, -1, -1, GW_COAP_GET, GW_COAP_NOT_FOUND},
      {".u/c/model", 0, -1, -1, -1, GW_COAP_GET, GW_COAP_NOT_FOUND},
      {".u/c/@", 0, -1, -1, -1, GW_COAP_GET, GW_COAP_NOT_FOUND},
      {".u/c", 0, -1, -1, -1, GW_COAP_GET, GW_COAP_NOT_FOUND},
      {".u/c/a_package_of_forty_bytes_which_is_too_long@1.0.0", 0, -1, -1, -1, GW_COAP_GET,
       GW_COAP_NOT_FOUND},
      {".u", 0, -1, -1, -1, GW_COAP_GET, GW_COAP_NOT_FOUND},
      {"", 0, -1, -1, -1, GW_COAP_GET, GW_COAP_METHOD_NOT_ALLOWED},
      {".gw/anything", 0, -1, -1, -1, GW_COAP_GET, GW_COAP_NOT_FOUND},
      {".gw/nothing", 0, 60, -1, -1, GW_COAP_POST, GW_COAP_NOT_FOUND},
      {".u/desired", 5, 60, -1, -1, GW_COAP_POST, GW_COAP_METHOD_NOT_ALLOWED},
      {".u/desired", 0, -1, -1, -1, GW_COAP_DELETE, GW_COAP_METHOD_NOT_ALLOWED},
      {".u/desired", 5, 60, -1, -1, GW_COAP_FETCH, GW_COAP_METHOD_NOT_ALLOWED},
      {".u/desired", 0, -1, -1, -1, 31, GW_COAP_METHOD_NOT_ALLOWED},
      {".u/desired", 0, -1, -1, 7, GW_COAP_GET, GW_COAP_BAD_REQUEST},        /* SZX 7 */
      {".u/desired", 0, -1, -1, 0x7FFFF6, GW_COAP_GET, GW_COAP_BAD_REQUEST}, /* far beyond */
      {".u/c/model", 5, 42, -1, -1, GW_COAP_POST, GW_COAP_UNSUPPORTED_FORMAT},
      {".u/c/model", 5, -1, -1, -1, GW_COAP_POST, GW_COAP_UNSUPPORTED_FORMAT},
      {".u/c/model", 5, 60, -1, -1, GW_COAP_POST, GW_COAP_BAD_REQUEST},
      {".u/c/model", 0, 60, -1, -1, GW_COAP_POST, GW_COAP_BAD_REQUEST},
      {".u/c/model", 5, 50, -1, -1, GW_COAP_PUT, GW_COAP_BAD_REQUEST},
      {".u/c/model", 600, 60, -1, -1, GW_COAP_POST, GW_COAP_REQUEST_TOO_LARGE},
      {".u/c/model", 16, 60, 0x0E, -1, GW_COAP_POST, GW_COAP_REQUEST_TOO_LARGE}, /* more */
      {".u/c/model@1.0.0", 5, 60, -1, -1, GW_COAP_POST, GW_COAP_METHOD_NOT_ALLOWED},
      {".u/c/model", 0, -1, -1, -1, GW_COAP_DELETE, GW_COAP_METHOD_NOT_ALLOWED},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct ask ask = ask_get(cases[i].path);
    ask.method = cases[i].method;
    ask.format = cases[i].format;
    ask.block1 = cases[i].block1;
    ask.block2 = cases[i].block2;
    ask.payload = junk;
    ask.payload_size = cases[i].size;
    expect(f, client, ask, cases[i].code);
  }
  assert_int_equal(0, f->fake->report_count);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(an_unknown_critical_option_is_refused_and_an_elective_one_is_not) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  struct ask ask = ask_get(".u/desired");
  ask.odd_option = 2049;
  expect(f, client, ask, GW_COAP_BAD_OPTION);
  ask = ask_get(".u/desired");
  ask.odd_option = 2048;
  expect(f, client, ask, GW_COAP_CONTENT);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(a_path_longer_than_any_of_ours_is_not_found) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  char path[800];
  memset(path, 'a', sizeof path);
  for (size_t i = 200; i < sizeof path; i += 200) path[i] = '/';
  path[sizeof path - 1] = '\0';
  expect(f, client, ask_get(path), GW_COAP_NOT_FOUND);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(errors_of_the_core_become_codes) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  static const uint8_t report[] = {0xA1, 0x61, 's', 0x01};
  static const struct {
    int status;
    uint8_t code;
  } cases[] = {{SRV_ERR_INVALID, GW_COAP_BAD_REQUEST},
               {SRV_ERR_NOT_FOUND, GW_COAP_NOT_FOUND},
               {SRV_ERR_FORBIDDEN, GW_COAP_FORBIDDEN},
               {SRV_ERR_TOO_LARGE, GW_COAP_REQUEST_TOO_LARGE},
               {SRV_ERR_NO_SPACE, GW_COAP_SERVICE_UNAVAILABLE},
               {SRV_ERR_IO, GW_COAP_INTERNAL_ERROR}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    f->fake->report_status = f->fake->manifest_status = cases[i].status;
    expect(f, client, ask_post(".u/c/model", GW_COAP_FORMAT_CBOR, report, sizeof report),
           cases[i].code);
    expect(f, client, ask_get(".u/desired"), cases[i].code);
  }
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(a_report_is_taken_as_cbor_and_as_json_with_short_and_long_names) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  static const char short_json[] = "{\"s\":1,\"r\":2,\"v\":\"1.0.0\",\"t\":\"1.1.0\"}";
  static const char long_json[] =
      "{\"state\":1,\"reason\":2,\"package\":\"model\",\"version\":\"1.0.0\",\"target\":\"1.1.0\"}";
  struct gw_report report = {
      .state = 1, .reason = 2, .package = "model", .version = "1.0.0", .target = "1.1.0"};
  uint8_t cbor[GW_REPORT_SIZE_MAX];
  int size = gw_report_encode(&report, cbor, sizeof cbor);
  expect(f, client, ask_post(".u/c/model", GW_COAP_FORMAT_CBOR, cbor, (size_t)size),
         GW_COAP_CHANGED);
  struct ask put = ask_post(".u/c/model", GW_COAP_FORMAT_JSON, short_json, strlen(short_json));
  put.method = GW_COAP_PUT;
  expect(f, client, put, GW_COAP_CHANGED);
  expect(f, client, ask_post(".u/c/model", GW_COAP_FORMAT_JSON, long_json, strlen(long_json)),
         GW_COAP_CHANGED);
  assert_int_equal(3, f->fake->report_count);
  for (int i = 0; i < 3; i++) {
    const struct gw_report *got = &f->fake->report[i];
    assert_int_equal(1, got->state);
    assert_int_equal(2, got->reason);
    assert_string_equal("model", got->package);
    assert_string_equal("1.0.0", got->version);
    assert_string_equal("1.1.0", got->target);
  }
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(json_reports_that_are_none_are_refused) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  static const char *const bad[] = {"[]",
                                    "\"s\"",
                                    "{\"s\":256}",
                                    "{\"s\":-1}",
                                    "{\"s\":\"1\"}",
                                    "{\"s\":1",
                                    "{\"v\":\"12345678901234567890123456789012345678901234567\"}",
                                    "{\"s\":1}x"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    expect(f, client, ask_post(".u/c/model", GW_COAP_FORMAT_JSON, bad[i], strlen(bad[i])),
           GW_COAP_BAD_REQUEST);
  assert_int_equal(0, f->fake->report_count);
  dtls_client_destroy(client);
  gateway_down(f);
}

static const uint8_t small_report[] = {0xA1, 0x61, 's', 0x01};

TEST(a_repeated_report_is_one_event_and_answered_each_time) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  struct ask ask = ask_post(".u/c/model", GW_COAP_FORMAT_CBOR, small_report, sizeof small_report);
  for (int i = 0; i < 3; i++) {
    expect(f, client, ask, GW_COAP_CHANGED);
    assert_memory_equal("tok", answer.message.token, 3);
    assert_silence(f, client);
  }
  assert_int_equal(1, f->fake->report_count);
  assert_int_equal(2, gateway_stats(f).duplicates);
  ask.message_id++;
  expect(f, client, ask, GW_COAP_CHANGED);
  assert_int_equal(2, f->fake->report_count);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(a_report_repeated_within_one_batch_is_one_event_and_one_answer) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  struct ask ask = ask_post(".u/c/model", GW_COAP_FORMAT_CBOR, small_report, sizeof small_report);
  client_send(client, &ask);
  client_send(client, &ask);
  client_wait(f, client, &answer);
  assert_code(GW_COAP_CHANGED, answer);
  assert_silence(f, client);
  assert_int_equal(1, f->fake->report_count);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(a_repeated_refusal_is_refused_again) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  struct ask ask = ask_post(".u/c/model", GW_COAP_FORMAT_OCTETS, "x", 1);
  expect(f, client, ask, GW_COAP_UNSUPPORTED_FORMAT);
  expect(f, client, ask, GW_COAP_UNSUPPORTED_FORMAT);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(a_report_that_could_not_be_saved_is_not_acknowledged_as_saved) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  struct ask ask = ask_post(".u/c/model", GW_COAP_FORMAT_CBOR, small_report, sizeof small_report);
  f->fake->commit_status = SRV_ERR_NO_SPACE;
  expect(f, client, ask, GW_COAP_INTERNAL_ERROR);
  expect(f, client, ask_get(".u/desired"), GW_COAP_CONTENT); /* reading goes on */
  f->fake->commit_status = SRV_OK;
  expect(f, client, ask, GW_COAP_CHANGED); /* the same message id: tried again */
  dtls_client_destroy(client);
  gateway_down(f);
}

/* Several records may share a datagram (RFC 6347 4.1.1), so one batch can hold
 * more reports than may wait for its commit. */
TEST(more_reports_in_one_batch_than_may_wait_are_all_answered) {
  struct fixture *f = gateway_up_with((struct srv_gateway_config){.requests_per_second = 1000});
  struct dtls_client *client = client_up(f, 0);
  enum { DATAGRAMS = 40, RECORDS = 8 };
  for (int i = 0; i < DATAGRAMS; i++) {
    uint8_t datagram[2048];
    size_t length = 0, size;
    dtls_client_hold(client, true);
    for (int n = 0; n < RECORDS; n++) {
      struct ask ask =
          ask_post(".u/c/model", GW_COAP_FORMAT_CBOR, small_report, sizeof small_report);
      client_send(client, &ask);
      const uint8_t *record = dtls_client_last_datagram(client, &size);
      memcpy(datagram + length, record, size);
      length += size;
    }
    dtls_client_hold(client, false);
    dtls_client_send_raw(client, datagram, length);
  }
  unsigned answered = 0, commits = f->fake->commits;
  assert_int_equal(SRV_OK, srv_gateway_run(f->gateway));
  while (client_poll(client, &answer)) {
    assert_code(GW_COAP_CHANGED, answer);
    answered++;
  }
  assert_int_equal(DATAGRAMS * RECORDS, answered);
  assert_int_equal(DATAGRAMS * RECORDS, f->fake->report_count);
  assert_int_equal(commits + 3, f->fake->commits); /* 320 reports, 128 at a time */
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(a_non_request_is_answered_with_a_non) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  struct ask get = ask_get(".u/desired");
  struct ask post = ask_post(".u/c/model", GW_COAP_FORMAT_CBOR, small_report, sizeof small_report);
  get.type = post.type = GW_COAP_NON;
  expect(f, client, get, GW_COAP_CONTENT);
  assert_int_equal(GW_COAP_NON, answer.message.type);
  expect(f, client, post, GW_COAP_CHANGED);
  assert_int_equal(GW_COAP_NON, answer.message.type);
  client_send(client, &post); /* its duplicate: no answer is owed */
  assert_silence(f, client);
  assert_int_equal(1, f->fake->report_count);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(what_is_no_coap_is_reset_when_confirmable_and_else_ignored) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  static const uint8_t token_of_9[] = {0x49, 1, 0x12, 0x34, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  static const uint8_t no_payload_after_marker[] = {0x40, 1, 0x12, 0x34, 0xFF};
  static const uint8_t non[] = {0x59, 1, 0x12, 0x34};
  static const uint8_t version_2[] = {0x80, 1, 0x12, 0x34};
  static const uint8_t tiny[] = {0x40};
  dtls_client_send(client, token_of_9, sizeof token_of_9);
  client_wait(f, client, &answer);
  assert_true(answer.message.type == GW_COAP_RST && answer.message.message_id == 0x1234);
  dtls_client_send(client, no_payload_after_marker, sizeof no_payload_after_marker);
  client_wait(f, client, &answer);
  assert_int_equal(GW_COAP_RST, answer.message.type);
  dtls_client_send(client, non, sizeof non);
  dtls_client_send(client, version_2, sizeof version_2);
  dtls_client_send(client, tiny, sizeof tiny);
  assert_silence(f, client);
  assert_int_equal(5, gateway_stats(f).malformed);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(a_response_that_nobody_asked_for_is_reset_and_acks_are_ignored) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  static const uint8_t con_205[] = {0x40, 0x45, 0x12, 0x34};
  static const uint8_t ack_205[] = {0x60, 0x45, 0x12, 0x34};
  static const uint8_t get_as_ack[] = {0x60, 0x01, 0x12, 0x34};
  dtls_client_send(client, con_205, sizeof con_205);
  client_wait(f, client, &answer);
  assert_int_equal(GW_COAP_RST, answer.message.type);
  dtls_client_send(client, ack_205, sizeof ack_205);
  dtls_client_send(client, get_as_ack, sizeof get_as_ack);
  client_send_empty(client, GW_COAP_ACK, 77);
  client_send_empty(client, GW_COAP_RST, 78);
  assert_silence(f, client);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(a_ping_is_answered_with_a_reset) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  client_send_empty(client, GW_COAP_CON, 4711);
  client_wait(f, client, &answer);
  assert_true(answer.message.type == GW_COAP_RST && answer.message.message_id == 4711);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(a_device_beyond_its_rate_gets_429_and_later_is_served_again) {
  struct fixture *f = gateway_up_with((struct srv_gateway_config){.requests_per_second = 5});
  struct dtls_client *client = client_up(f, 0), *other = client_up(f, 1);
  for (int i = 0; i < 10; i++) expect(f, client, ask_get(".u/desired"), GW_COAP_CONTENT);
  expect(f, client, ask_get(".u/desired"), GW_COAP_TOO_MANY_REQUESTS);
  expect(f, other, ask_get(".u/desired"), GW_COAP_CONTENT);
  f->now_ms += 1000;
  for (int i = 0; i < 5; i++) expect(f, client, ask_get(".u/desired"), GW_COAP_CONTENT);
  expect(f, client, ask_get(".u/desired"), GW_COAP_TOO_MANY_REQUESTS);
  assert_int_equal(2, gateway_stats(f).rate_limited);
  dtls_client_destroy(client);
  dtls_client_destroy(other);
  gateway_down(f);
}

TEST(asking_for_what_is_not_there_is_rate_limited_like_any_request) {
  struct fixture *f = gateway_up_with((struct srv_gateway_config){.requests_per_second = 5});
  struct dtls_client *client = client_up(f, 0);
  for (int i = 0; i < 10; i++) expect(f, client, ask_get(".u/c/none@1.0.0"), GW_COAP_NOT_FOUND);
  expect(f, client, ask_get(".u/c/none@1.0.0"), GW_COAP_TOO_MANY_REQUESTS);
  dtls_client_destroy(client);
  gateway_down(f);
}

TEST(a_download_at_full_speed_is_not_rate_limited) {
  struct fixture *f = gateway_up();
  struct dtls_client *client = client_up(f, 0);
  static uint8_t got[MODEL_SIZE];
  give_model(f, MODEL_SIZE); /* 1,687 requests in no time: the clock stands */
  assert_int_equal(MODEL_SIZE,
                   client_download(f, client, ".u/c/model@1.0.0", 0, 0, got, sizeof got));
  dtls_client_destroy(client);
  gateway_down(f);
}

/* Two devices, each with all of its blocks asked for before the first answer is
 * read: each block is answered by itself, and both have theirs in the order
 * of asking. */
TEST(blocks_asked_for_together_are_all_answered_in_turn) {
  struct fixture *f = gateway_up();
  struct dtls_client *clients[] = {client_up(f, 0), client_up(f, 1)};
  enum { BLOCKS = (MODEL_SIZE + 1023) / 1024 };
  struct ask asks[2][BLOCKS];
  give_model(f, MODEL_SIZE);
  for (uint32_t block = 0; block < BLOCKS; block++) {
    for (size_t i = 0; i < 2; i++) {
      struct ask *ask = &asks[i][block];
      *ask = ask_get(".u/c/model@1.0.0");
      ask->block2 = gw_block_encode((struct gw_block){.num = block, .szx = 6});
      client_send(clients[i], ask);
    }
  }
  for (uint32_t block = 0; block < BLOCKS; block++) {
    for (size_t i = 0; i < 2; i++) {
      client_wait(f, clients[i], &answer);
      assert_code(GW_COAP_CONTENT, answer);
      assert_int_equal(answer.block2 >> 4, block);
      assert_int_equal(answer.message.message_id, asks[i][block].message_id);
      assert_memory_equal(answer.message.payload, model + block * 1024u,
                          answer.message.payload_size);
    }
  }
  assert_int_equal(0, gateway_stats(f).rate_limited);
  dtls_client_destroy(clients[0]);
  dtls_client_destroy(clients[1]);
  gateway_down(f);
}
