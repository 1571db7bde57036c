/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "tests/unit/server/core/core_fixture.h"

static struct core_fixture f;
static struct srv_device_ref ref;

/* What done was told, in order. */
static struct {
  size_t count;
  struct srv_rpc_result result[16];
  char detail[16][64];
} told;

static void on_done(void *context, const struct srv_rpc_result *result) {
  (void)context;
  assert_true(told.count < 16);
  told.result[told.count] = *result;
  snprintf(told.detail[told.count++], sizeof(told.detail[0]), "%s",
           result->detail == NULL ? "-" : result->detail);
}

static void begin(void) {
  memset(&told, 0, sizeof(told));
  core_fixture_begin(&f);
  struct srv_device device = make_device(&f, "d", NULL, NULL);
  ref = ref_of(&device);
  srv_core_device_online(f.core, &ref);
  srv_core_rpc_listening(f.core, &ref, true);
  f.told[0] = 0;
}

static void end(void) { core_fixture_end(&f); }

static char last_id[SRV_ID_LENGTH + 1];

static int call_device(const struct srv_device_ref *device, const char *method, const char *params,
                       uint32_t timeout_ms) {
  return srv_core_rpc_call(f.core, device, method, params, timeout_ms, on_done, NULL, last_id);
}

static const char *call(const char *method) {
  assert_ok(f.core, call_device(&ref, method, "[]", 0));
  return last_id;
}

static const char *current(void) {
  const struct srv_rpc_call *now = srv_core_rpc_current(f.core, &ref);
  return now == NULL ? "" : now->method;
}

static void assert_told(size_t index, enum srv_rpc_outcome outcome) {
  assert_true(index < told.count);
  assert_int_equal(told.result[index].outcome, outcome);
}

TEST(a_device_that_is_away_or_does_not_listen_is_said_at_once) {
  begin();
  srv_core_rpc_listening(f.core, &ref, false);
  call("m");
  assert_told(0, SRV_RPC_NOT_LISTENING);
  srv_core_device_offline(f.core, &ref);
  call("m");
  assert_told(1, SRV_RPC_OFFLINE);
  struct srv_device never = make_device(&f, "never", NULL, NULL);
  struct srv_device_ref never_here = ref_of(&never);
  assert_ok(f.core, call_device(&never_here, "m", NULL, 0));
  assert_told(2, SRV_RPC_OFFLINE);
  assert_string_equal(current(), "");
  srv_core_device_online(f.core, &ref); /* a new session listens when it says so */
  call("m");
  assert_told(3, SRV_RPC_NOT_LISTENING);
  assert_int_equal(srv_core_rpc_timeout_ms(f.core), -1);
  end();
}

TEST(what_is_no_call_is_refused_and_done_is_not_called) {
  begin();
  char method[SRV_RPC_METHOD_MAX + 2], params[2000];
  memset(method, 'm', sizeof(method));
  method[sizeof(method) - 1] = 0;
  const char *const bad_methods[] = {"", method, "a\n", "\xff"};
  for (size_t i = 0; i < 4; i++) {
    assert_int_equal(call_device(&ref, bad_methods[i], "[]", 0), SRV_ERR_INVALID);
  }
  const char *const bad_params[] = {"", "{}", "1", "[", "[]x", "[\"\xff\"]", "[[[[[[[[1]]]]]]]]"};
  for (size_t i = 0; i < sizeof(bad_params) / sizeof(bad_params[0]); i++) {
    assert_int_equal(call_device(&ref, "m", bad_params[i], 0), SRV_ERR_INVALID);
  }
  assert_int_equal(call_device(&ref, "m", "[]", SRV_RPC_TIMEOUT_MS_MAX + 1), SRV_ERR_INVALID);
  /* The heads of an array and a text of that size: 1 + 3 bytes. */
  memset(params, 'x', sizeof(params));
  memcpy(params, "[\"", 2);
  strcpy(params + 2 + SRV_RPC_PARAMS_MAX - 4, "\"]");
  assert_int_equal(call_device(&ref, "m", params, 0), SRV_OK);
  strcpy(params + 2 + SRV_RPC_PARAMS_MAX - 3, "\"]");
  params[2 + SRV_RPC_PARAMS_MAX - 4] = 'x';
  assert_int_equal(call_device(&ref, "m", params, 0), SRV_ERR_TOO_LARGE);
  assert_int_equal(told.count, 0);
  end();
}

/* What published clients decode is a float, and nothing else. */
TEST(numbers_of_a_call_are_floats_unless_digits_would_be_lost) {
  begin();
  const char *const asked =
      "[7,-3,2.5,9007199254740992,9007199254740993,-9223372036854775808,"
      "{\"a\":[1,\"1\",true,null],\"b\":0}]";
  assert_ok(f.core, call_device(&ref, "m", asked, 0));
  assert_string_equal(srv_core_rpc_current(f.core, &ref)->params,
                      "[7.0,-3.0,2.5,9007199254740992.0,9007199254740993,-9223372036854775808,"
                      "{\"a\":[1.0,\"1\",true,null],\"b\":0.0}]");
  end();
}

/* Nine bytes each, not one: the limit is that of what is sent. */
TEST(the_size_of_a_call_is_that_of_its_floats) {
  begin();
  char params[256] = "[0";
  for (size_t i = 1; i < SRV_RPC_PARAMS_MAX / 9; i++) strcat(params, ",0");
  assert_ok(f.core, call_device(&ref, "m", strcat(params, "]"), 0));
  params[strlen(params) - 1] = 0;
  assert_int_equal(call_device(&ref, "m", strcat(params, ",0]"), 0), SRV_ERR_TOO_LARGE);
  end();
}

TEST(a_device_hears_one_call_at_a_time_oldest_first) {
  begin();
  char first[SRV_ID_LENGTH + 1], expected[64];
  snprintf(expected, sizeof(expected), "manifest default %s;", ref.device_id);
  strcpy(first, call("first"));
  assert_string_equal(f.told, expected);
  f.told[0] = 0;
  call("second");
  assert_string_equal(f.told, ""); /* not its turn yet */
  const struct srv_rpc_call *now = srv_core_rpc_current(f.core, &ref);
  assert_string_equal(now->id, first);
  assert_string_equal(now->params, "[]");
  assert_false(now->delivered);
  srv_core_rpc_delivered(f.core, &ref, last_id); /* the second: it cannot have been */
  srv_core_rpc_delivered(f.core, &ref, first);
  assert_true(srv_core_rpc_current(f.core, &ref)->delivered);
  assert_ok(f.core, srv_core_rpc_answer(f.core, &ref, first, 3, "{\"a\":1}"));
  assert_told(0, SRV_RPC_ANSWERED);
  assert_int_equal(told.result[0].status_code, 3);
  assert_string_equal(told.detail[0], "{\"a\":1}");
  assert_true(told.result[0].delivered);
  assert_string_equal(f.told, expected);
  assert_string_equal(current(), "second");
  assert_false(srv_core_rpc_current(f.core, &ref)->delivered);
  end();
}

TEST(answers_that_nobody_asked_for_are_not_found) {
  begin();
  struct srv_device other = make_device(&f, "other", NULL, NULL);
  struct srv_device_ref other_ref = ref_of(&other);
  char first[SRV_ID_LENGTH + 1], second[SRV_ID_LENGTH + 1];
  assert_int_equal(srv_core_rpc_answer(f.core, &ref, "x", 0, NULL), SRV_ERR_NOT_FOUND);
  strcpy(first, call("first"));
  strcpy(second, call("second"));
  assert_int_equal(srv_core_rpc_answer(f.core, &other_ref, first, 0, NULL), SRV_ERR_NOT_FOUND);
  assert_int_equal(srv_core_rpc_answer(f.core, &ref, "", 0, NULL), SRV_ERR_NOT_FOUND);
  assert_int_equal(srv_core_rpc_answer(f.core, &ref, second, 0, NULL), SRV_ERR_NOT_FOUND);
  assert_int_equal(told.count, 0);
  assert_ok(f.core, srv_core_rpc_answer(f.core, &ref, first, 0, NULL));
  assert_int_equal(srv_core_rpc_answer(f.core, &ref, first, 0, NULL), SRV_ERR_NOT_FOUND);
  assert_int_equal(told.count, 1);
  assert_string_equal(told.detail[0], "-");
  end();
}

TEST(a_call_that_nobody_answers_times_out_and_makes_room_for_the_next) {
  begin();
  char first[SRV_ID_LENGTH + 1];
  assert_ok(f.core, call_device(&ref, "first", "[]", 500));
  strcpy(first, last_id);
  srv_core_rpc_delivered(f.core, &ref, first);
  assert_ok(f.core, call_device(&ref, "second", NULL, 2000));
  assert_int_equal(srv_core_rpc_timeout_ms(f.core), 500);
  f.now_us += 499999;
  srv_core_tick(f.core);
  assert_int_equal(told.count, 0);
  assert_int_equal(srv_core_rpc_timeout_ms(f.core), 1);
  f.now_us += 1;
  f.told[0] = 0;
  srv_core_tick(f.core);
  assert_told(0, SRV_RPC_TIMED_OUT);
  assert_true(told.result[0].delivered);
  assert_non_null(strstr(f.told, ref.device_id));
  assert_string_equal(current(), "second");
  assert_int_equal(srv_core_rpc_answer(f.core, &ref, first, 0, NULL), SRV_ERR_NOT_FOUND);
  assert_int_equal(srv_core_rpc_timeout_ms(f.core), 1500);
  f.now_us += 5000000;
  srv_core_tick(f.core);
  assert_told(1, SRV_RPC_TIMED_OUT);
  assert_false(told.result[1].delivered);
  assert_int_equal(srv_core_rpc_timeout_ms(f.core), -1);
  assert_int_equal(told.count, 2);
  end();
}

TEST(calls_end_when_the_device_goes_or_is_deleted) {
  begin();
  call("first");
  call("second");
  srv_core_device_offline(f.core, &ref);
  assert_int_equal(told.count, 2);
  assert_told(0, SRV_RPC_GONE);
  assert_told(1, SRV_RPC_GONE);
  assert_string_equal(current(), "");
  srv_core_device_online(f.core, &ref);
  srv_core_rpc_listening(f.core, &ref, true);
  call("third");
  assert_ok(f.core, srv_core_delete_device(f.core, P, ref.device_id));
  assert_int_equal(told.count, 3);
  assert_told(2, SRV_RPC_GONE);
  end();
}

TEST(a_cancelled_call_is_heard_of_no_more) {
  begin();
  char first[SRV_ID_LENGTH + 1];
  strcpy(first, call("first"));
  call("second");
  srv_core_rpc_cancel(f.core, "nobody");
  srv_core_rpc_cancel(f.core, first);
  assert_string_equal(current(), "second");
  srv_core_rpc_cancel(f.core, last_id);
  assert_string_equal(current(), "");
  f.now_us += INT64_C(3600) * 1000000;
  srv_core_tick(f.core);
  assert_int_equal(told.count, 0);
  assert_int_equal(srv_core_rpc_timeout_ms(f.core), -1);
  end();
}

TEST(too_many_calls_for_one_device_are_refused_and_another_still_hears_its_own) {
  begin();
  for (unsigned i = 0; i < SRV_RPC_PENDING_PER_DEVICE; i++) call("m");
  assert_int_equal(call_device(&ref, "m", "[]", 0), SRV_ERR_BUSY);
  struct srv_device other = make_device(&f, "other", NULL, NULL);
  struct srv_device_ref other_ref = ref_of(&other);
  srv_core_device_online(f.core, &other_ref);
  srv_core_rpc_listening(f.core, &other_ref, true);
  assert_ok(f.core, call_device(&other_ref, "theirs", "[]", 0));
  assert_string_equal(srv_core_rpc_current(f.core, &other_ref)->method, "theirs");
  assert_string_equal(current(), "m");
  end(); /* pending ones are freed, done is not called */
  assert_int_equal(told.count, 0);
}

TEST(a_detail_too_long_is_left_out_and_the_call_ends) {
  begin();
  static char detail[SRV_RPC_DETAIL_MAX + 2];
  memset(detail, ' ', sizeof(detail) - 1);
  call("m");
  assert_int_equal(srv_core_rpc_answer(f.core, &ref, last_id, 13, detail), SRV_ERR_TOO_LARGE);
  assert_told(0, SRV_RPC_ANSWERED);
  assert_int_equal(told.result[0].status_code, 13);
  assert_string_equal(told.detail[0], "-");
  end();
}

/* Asks again from inside done, as a REST client may. */
static void ask_again(void *context, const struct srv_rpc_result *result) {
  on_done(context, result);
  char id[SRV_ID_LENGTH + 1];
  assert_ok(f.core, srv_core_rpc_call(f.core, &ref, "again", NULL, 0, on_done, NULL, id));
}

TEST(done_may_ask_again) {
  begin();
  char id[SRV_ID_LENGTH + 1];
  assert_ok(f.core, srv_core_rpc_call(f.core, &ref, "m", NULL, 100, ask_again, NULL, id));
  f.now_us += 100000;
  srv_core_tick(f.core);
  assert_int_equal(told.count, 1);
  assert_string_equal(current(), "again");
  assert_ok(f.core, srv_core_rpc_call(f.core, &ref, "m", NULL, 0, ask_again, NULL, id));
  srv_core_device_offline(f.core, &ref); /* both end, and the third at once */
  assert_int_equal(told.count, 4);
  assert_told(1, SRV_RPC_GONE);
  assert_told(2, SRV_RPC_GONE);
  assert_told(3, SRV_RPC_OFFLINE);
  assert_string_equal(current(), "");
  end();
}

TEST(inside_a_batch_the_gateway_is_told_at_its_end) {
  begin();
  char first[SRV_ID_LENGTH + 1];
  strcpy(first, call("first"));
  call("second");
  f.told[0] = 0;
  srv_core_batch_begin(f.core);
  assert_ok(f.core, srv_core_rpc_answer(f.core, &ref, first, 0, NULL));
  assert_string_equal(f.told, "");
  assert_ok(f.core, srv_core_batch_commit(f.core)); /* nothing was written */
  assert_non_null(strstr(f.told, ref.device_id));
  end();
}
