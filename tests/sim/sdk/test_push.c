/* SPDX-License-Identifier: Apache-2.0 */
/* What the server pushes: settings and calls, right, wrong and too often. */
#include <stdlib.h>
#include <string.h>

#include "godwit/rpc.h"
#include "godwit/settings.h"
#include "tests/sim/sdk/device.h"
#include "tests/sim/sdk/world.h"
#include "tests/support/test.h"
#include "wire/cbor.h"
#include "wire/coap.h"

#define MINUTE_MS 60000u
#define BYTES(...) ((const uint8_t[]){__VA_ARGS__}), sizeof((const uint8_t[]){__VA_ARGS__})

static struct device device;
static struct godwit_settings settings;
static struct godwit_rpc rpc;
static struct gw_cbor_writer cbor;
static uint8_t bytes[1024];

static void connect(void) {
  world_reset(test_random() * 2654435761u);
  device_prepare(&device);
  memset(&settings, 0, sizeof settings);
  memset(&rpc, 0, sizeof rpc);
  device_boot(&device);
  device_run_until(&device, device_is_connected, MINUTE_MS);
}

static void start_writing(void) { gw_cbor_writer_init(&cbor, bytes, sizeof bytes); }

static void put_written(const char *path) {
  int size = gw_cbor_writer_finish(&cbor);
  assert_true(size > 0);
  world_server_put(path, GODWIT_FORMAT_CBOR, bytes, (size_t)size);
}

/* The newest request to that path; fails without one. */
static const struct world_post *last_post(const char *path) {
  for (size_t i = world_server.post_count; i > 0; i--) {
    if (strcmp(world_server.post[i - 1].path, path) == 0) return &world_server.post[i - 1];
  }
  fail_msg("nothing came to %s", path);
  return NULL;
}

static void assert_post(const char *path, const void *data, size_t size) {
  const struct world_post *post = last_post(path);
  assert_int_equal(post->method, GW_COAP_POST);
  assert_int_equal(post->format, GODWIT_FORMAT_CBOR);
  assert_int_equal(post->size, size);
  assert_memory_equal(post->data, data, size);
}

/* Settings ---------------------------------------------------------------------- */

static struct {
  unsigned calls;
  bool boolean;
  int64_t integer;
  double number;
  char text[GODWIT_SETTING_TEXT_MAX + 1];
  enum godwit_settings_status answer;
  bool stop;
} seen;

static enum godwit_settings_status on_set(const struct godwit_setting_value *value, void *arg) {
  (void)arg;
  seen.calls++;
  if (value->type == GODWIT_SETTING_BOOL) seen.boolean = value->boolean;
  if (value->type == GODWIT_SETTING_INT) seen.integer = value->integer;
  if (value->type == GODWIT_SETTING_FLOAT) seen.number = value->number;
  if (value->type == GODWIT_SETTING_STRING) strcpy(seen.text, value->text);
  if (seen.stop) godwit_settings_stop(&settings);
  return seen.answer;
}

static const struct godwit_setting table[] = {
    {.key = "LED", .type = GODWIT_SETTING_BOOL, .on_set = on_set},
    {.key = "LEVEL",
     .type = GODWIT_SETTING_INT,
     .integer_min = -5,
     .integer_max = 100,
     .on_set = on_set},
    {.key = "COUNT", .type = GODWIT_SETTING_INT, .on_set = on_set},
    {.key = "GAIN", .type = GODWIT_SETTING_FLOAT, .on_set = on_set},
    {.key = "NAME", .type = GODWIT_SETTING_STRING, .on_set = on_set},
    {.key = "ANY", .type = GODWIT_SETTING_BOOL},
};

static void start_settings(void) {
  connect();
  memset(&seen, 0, sizeof seen);
  assert_int_equal(
      godwit_settings_start(&settings, device.client, table, sizeof table / sizeof table[0]),
      GODWIT_OK);
}

static void begin_settings(int64_t version, size_t count) {
  start_writing();
  gw_cbor_write_map(&cbor, 2);
  gw_cbor_write_text(&cbor, "version");
  gw_cbor_write_int(&cbor, version);
  gw_cbor_write_text(&cbor, "settings");
  gw_cbor_write_map(&cbor, count);
}

static void push_settings(void) {
  put_written(".c");
  device_run_for(&device, 2000);
}

TEST(settings_are_set_and_their_version_is_told) {
  start_settings();
  begin_settings(1700000001, 5);
  gw_cbor_write_text(&cbor, "LED");
  gw_cbor_write_bool(&cbor, true);
  gw_cbor_write_text(&cbor, "LEVEL");
  gw_cbor_write_int(&cbor, -5);
  gw_cbor_write_text(&cbor, "GAIN");
  gw_cbor_write_double(&cbor, 0.25);
  gw_cbor_write_text(&cbor, "NAME");
  gw_cbor_write_text(&cbor,
                     "k\xc3\xbc"
                     "che");
  gw_cbor_write_text(&cbor, "ANY");
  gw_cbor_write_bool(&cbor, false);
  push_settings();
  device_run_for(&device, MINUTE_MS); /* it was 4.04 before: observed again */
  assert_int_equal(seen.calls, 4);
  assert_true(seen.boolean);
  assert_int_equal(seen.integer, -5);
  assert_true(seen.number == 0.25);
  assert_string_equal(seen.text,
                      "k\xc3\xbc"
                      "che");
  assert_int_equal(settings.version, 1700000001);
  assert_int_equal(world_server_posts(".c/status"), 1);
  assert_post(".c/status", "\xa1\x67version\x1a\x65\x53\xf1\x01", 14);
}

TEST(each_wrong_setting_is_told_with_its_number_and_the_others_are_set) {
  start_settings();
  world_server_put(".c", GODWIT_FORMAT_CBOR, BYTES(0x62, 'O', 'K'));
  device_run_for(&device, MINUTE_MS);
  assert_int_equal(world_server_posts(".c/status"), 0); /* "OK" is nothing */
  begin_settings(2, 6);
  gw_cbor_write_text(&cbor, "UNKNOWN");
  gw_cbor_write_map(&cbor, 1);
  gw_cbor_write_text(&cbor, "a");
  gw_cbor_write_null(&cbor);
  gw_cbor_write_text(&cbor, "GAIN");
  gw_cbor_write_int(&cbor, 1); /* an integer is no float */
  gw_cbor_write_text(&cbor, "LEVEL");
  gw_cbor_write_int(&cbor, 101);
  gw_cbor_write_text(&cbor, "LED");
  gw_cbor_write_array(&cbor, 1);
  gw_cbor_write_bool(&cbor, true);
  gw_cbor_write_text(&cbor, "COUNT");
  gw_cbor_write_uint(&cbor, UINT64_MAX);
  gw_cbor_write_text(&cbor, "NAME");
  gw_cbor_write_text(&cbor, "set");
  push_settings();
  assert_string_equal(seen.text, "set");
  assert_int_equal(seen.calls, 1);
  static const uint8_t expected[] =
      "\xa2\x67version\x02\x66"
      "errors\x85"
      "\xa2\x6bsetting_key\x67UNKNOWN\x6a"
      "error_code\x01"
      "\xa2\x6bsetting_key\x64GAIN\x6a"
      "error_code\x03"
      "\xa2\x6bsetting_key\x65LEVEL\x6a"
      "error_code\x04"
      "\xa2\x6bsetting_key\x63LED\x6a"
      "error_code\x03"
      "\xa2\x6bsetting_key\x65"
      "COUNT\x6a"
      "error_code\x04";
  assert_post(".c/status", expected, sizeof expected - 1);
}

TEST(what_the_application_answers_is_told) {
  start_settings();
  seen.answer = GODWIT_SETTINGS_GENERAL_ERROR;
  begin_settings(-7, 1);
  gw_cbor_write_text(&cbor, "COUNT");
  gw_cbor_write_int(&cbor, INT64_MIN);
  push_settings();
  device_run_for(&device, MINUTE_MS);
  assert_int_equal(seen.integer, INT64_MIN);
  static const uint8_t expected[] =
      "\xa2\x67version\x26\x66"
      "errors\x81\xa2\x6bsetting_key\x65"
      "COUNT\x6a"
      "error_code\x06";
  assert_post(".c/status", expected, sizeof expected - 1);
}

TEST(string_that_is_too_long_or_no_text_is_refused) {
  start_settings();
  static char longest[GODWIT_SETTING_TEXT_MAX + 2];
  memset(longest, 'x', GODWIT_SETTING_TEXT_MAX);
  begin_settings(1, 1);
  gw_cbor_write_text(&cbor, "NAME");
  gw_cbor_write_text(&cbor, longest);
  push_settings();
  device_run_for(&device, MINUTE_MS);
  assert_int_equal(strlen(seen.text), GODWIT_SETTING_TEXT_MAX);
  longest[GODWIT_SETTING_TEXT_MAX] = 'x';
  begin_settings(2, 1);
  gw_cbor_write_text(&cbor, "NAME");
  gw_cbor_write_text(&cbor, longest);
  push_settings();
  const struct world_post *post = last_post(".c/status");
  assert_int_equal(post->data[post->size - 1], GODWIT_SETTINGS_VALUE_STRING_TOO_LONG);
  begin_settings(3, 1);
  gw_cbor_write_text(&cbor, "NAME");
  gw_cbor_write_bytes(&cbor, "raw", 3);
  push_settings();
  post = last_post(".c/status");
  assert_int_equal(post->data[post->size - 1], GODWIT_SETTINGS_VALUE_FORMAT_NOT_VALID);
  assert_int_equal(seen.calls, 1);
}

TEST(more_errors_than_fit_are_cut_and_what_is_told_is_well_formed) {
  start_settings();
  char key[GODWIT_SETTING_KEY_MAX + 1];
  static const unsigned lengths[] = {3, 15, 60};
  for (size_t i = 0; i < 3; i++) {
    size_t count = i == 0 ? 60 : i == 1 ? 45 : 14;
    begin_settings((int64_t)i + 1, count);
    for (size_t k = 0; k < count; k++) {
      snprintf(key, sizeof key, "%0*zu", (int)lengths[i], k);
      gw_cbor_write_text(&cbor, key);
      gw_cbor_write_null(&cbor);
    }
    push_settings();
    if (i == 0) device_run_for(&device, MINUTE_MS);
    const struct world_post *post = last_post(".c/status");
    assert_in_range(post->size, 400, sizeof settings.status_payload);
    struct gw_cbor_reader reader;
    gw_cbor_reader_init(&reader, post->data, post->size);
    assert_int_equal(gw_cbor_skip(&reader), GW_OK);
    assert_int_equal(reader.offset, post->size);
  }
}

TEST(null_settings_are_a_version_and_no_settings) {
  start_settings();
  start_writing();
  gw_cbor_write_map_indefinite(&cbor);
  gw_cbor_write_text(&cbor, "settings");
  gw_cbor_write_null(&cbor);
  gw_cbor_write_text(&cbor, "version");
  gw_cbor_write_int(&cbor, 9);
  gw_cbor_write_break(&cbor);
  push_settings();
  device_run_for(&device, MINUTE_MS);
  assert_post(".c/status", "\xa1\x67version\x09", 10);
}

TEST(malformed_settings_set_nothing_and_are_not_answered) {
  start_settings();
  begin_settings(1, 1);
  gw_cbor_write_text(&cbor, "COUNT");
  gw_cbor_write_int(&cbor, 300);
  int whole = gw_cbor_writer_finish(&cbor);
  for (int size = 0; size < whole; size++) { /* each cut */
    world_server_put(".c", GODWIT_FORMAT_CBOR, bytes, (size_t)size);
    device_run_for(&device, size == 0 ? 2 * MINUTE_MS : 50);
  }
  bytes[whole] = 0; /* something behind it */
  world_server_put(".c", GODWIT_FORMAT_CBOR, bytes, (size_t)whole + 1);
  device_run_for(&device, 1000);
  world_server_put(".c", GODWIT_FORMAT_CBOR, BYTES(0x80)); /* no map */
  device_run_for(&device, 1000);
  world_server_put(".c", GODWIT_FORMAT_CBOR, BYTES(0xa0)); /* nothing in it */
  device_run_for(&device, 1000);
  assert_int_equal(seen.calls, 0);
  assert_int_equal(settings.version, 0);
  assert_int_equal(world_server_posts(".c/status"), 0);
  world_server_put(".c", GODWIT_FORMAT_CBOR, bytes, (size_t)whole);
  device_run_for(&device, 1000);
  assert_int_equal(seen.integer, 300);
}

TEST(status_that_a_busy_server_refused_is_told_again_and_the_newest_wins) {
  start_settings();
  begin_settings(1, 0);
  put_written(".c");
  world_server.post_code = GW_COAP_SERVICE_UNAVAILABLE;
  world_server.post_code_times = 3;
  device_run_for(&device, 2 * MINUTE_MS);
  assert_post(".c/status", "\xa1\x67version\x01", 10);
  world_server.post_code = GW_COAP_SERVICE_UNAVAILABLE;
  world_server.post_code_times = 4;
  begin_settings(2, 0);
  push_settings();
  begin_settings(3, 0);
  push_settings();
  device_run_for(&device, MINUTE_MS);
  assert_post(".c/status", "\xa1\x67version\x03", 10);
  assert_int_equal(world_server_posts(".c/status"), 2);
}

TEST(status_outlives_a_lost_session) {
  start_settings();
  begin_settings(1, 0);
  world_server.post_code = GW_COAP_SERVICE_UNAVAILABLE;
  put_written(".c");
  device_run_for(&device, MINUTE_MS + 2000);
  world_server_restart();
  world_server.post_code = 0;
  device_run_for(&device, 3 * MINUTE_MS);
  assert_post(".c/status", "\xa1\x67version\x01", 10);
}

TEST(stop_inside_on_set_ends_it_there) {
  start_settings();
  seen.stop = true;
  begin_settings(1, 2);
  gw_cbor_write_text(&cbor, "COUNT");
  gw_cbor_write_int(&cbor, 1);
  gw_cbor_write_text(&cbor, "LED");
  gw_cbor_write_bool(&cbor, true);
  put_written(".c");
  device_run_for(&device, 2 * MINUTE_MS);
  assert_int_equal(seen.calls, 1);
  assert_int_equal(world_server_posts(".c/status"), 0);
  godwit_settings_stop(&settings); /* once more is harmless */
}

TEST(server_without_settings_and_calls_is_asked_each_minute_and_spoken_of_once) {
  start_settings();
  assert_int_equal(godwit_rpc_start(&rpc, device.client, NULL, 0), GODWIT_OK);
  device_run_for(&device, 10 * MINUTE_MS);
  assert_int_equal(world_log_lines("settings: the server refused them with 4.04"), 1);
  assert_int_equal(world_log_lines("rpc: refused by the server (4.04)"), 1);
  begin_settings(5, 0);
  push_settings();
  device_run_for(&device, 2 * MINUTE_MS);
  assert_int_equal(settings.version, 5);
}

TEST(settings_that_are_started_twice_or_wrongly_are_refused) {
  start_settings();
  static const struct godwit_setting no_key[] = {{.key = NULL}};
  static const struct godwit_setting long_key[] = {
      {.key = "a key that is longer than sixty-three bytes is no key of any setting"}};
  assert_int_equal(godwit_settings_start(&settings, device.client, table, 1), GODWIT_ERR_STATE);
  godwit_settings_stop(&settings);
  assert_int_equal(godwit_settings_start(&settings, device.client, no_key, 1), GODWIT_ERR_ARGUMENT);
  assert_int_equal(godwit_settings_start(&settings, device.client, long_key, 1),
                   GODWIT_ERR_ARGUMENT);
  assert_int_equal(godwit_settings_start(&settings, device.client, NULL, 1), GODWIT_ERR_ARGUMENT);
  assert_int_equal(godwit_settings_start(&settings, NULL, table, 1), GODWIT_ERR_ARGUMENT);
  assert_int_equal(godwit_settings_start(&settings, device.client, table, 1), GODWIT_OK);
  godwit_client_deinit(device.client);
  godwit_settings_stop(&settings); /* the client is gone: harmless */
}

/* Calls ------------------------------------------------------------------------- */

static unsigned runs;
static bool stop_in_call;

static enum godwit_rpc_status add(struct gw_cbor_reader *params, size_t param_count,
                                  struct gw_cbor_writer *detail, void *arg) {
  struct gw_cbor_item item;
  uint64_t sum = 0;
  (void)arg;
  runs++;
  for (size_t i = 0; i < param_count; i++) {
    if (gw_cbor_read(params, &item) < 0 || item.type != GW_CBOR_UINT) {
      return GODWIT_RPC_INVALID_ARGUMENT;
    }
    sum += item.uint;
  }
  assert_int_equal(params->offset, params->size);
  gw_cbor_write_text(detail, "sum");
  gw_cbor_write_uint(detail, sum);
  if (stop_in_call) godwit_rpc_stop(&rpc);
  return GODWIT_RPC_OK;
}

static enum godwit_rpc_status talk(struct gw_cbor_reader *params, size_t param_count,
                                   struct gw_cbor_writer *detail, void *arg) {
  (void)params, (void)param_count, (void)arg;
  runs++;
  for (int i = 0; i < 100; i++) {
    gw_cbor_write_text(detail, "more");
    gw_cbor_write_text(detail, "and more");
  }
  return GODWIT_RPC_OK;
}

static enum godwit_rpc_status nothing(struct gw_cbor_reader *params, size_t param_count,
                                      struct gw_cbor_writer *detail, void *arg) {
  (void)params, (void)param_count, (void)detail, (void)arg;
  runs++;
  return GODWIT_RPC_UNAVAILABLE;
}

static const struct godwit_rpc_method methods[] = {{.name = "add", .call = add},
                                                   {.name = "talk", .call = talk},
                                                   {.name = "nothing", .call = nothing}};

static void start_rpc(void) {
  connect();
  runs = 0;
  stop_in_call = false;
  world_server_put(".rpc", GODWIT_FORMAT_CBOR, BYTES(0x62, 'O', 'K'));
  assert_int_equal(godwit_rpc_start(&rpc, device.client, methods, 3), GODWIT_OK);
  device_run_for(&device, 1000);
}

static void write_call(const char *id, const char *method) {
  start_writing();
  gw_cbor_write_map(&cbor, 3);
  gw_cbor_write_text(&cbor, "id");
  gw_cbor_write_text(&cbor, id);
  gw_cbor_write_text(&cbor, "method");
  gw_cbor_write_text(&cbor, method);
  gw_cbor_write_text(&cbor, "params");
}

static void call(const char *id, const char *method) {
  write_call(id, method);
  gw_cbor_write_array(&cbor, 2);
  gw_cbor_write_uint(&cbor, 40);
  gw_cbor_write_uint(&cbor, 2);
  put_written(".rpc");
}

#define SUM_42 \
  "\x66"       \
  "detail\xbf\x63sum\x18\x2a\xff"

TEST(call_is_run_and_answered_with_its_details) {
  start_rpc();
  call("c1", "add");
  device_run_for(&device, 1000);
  assert_int_equal(runs, 1);
  assert_int_equal(world_server_posts(".rpc/status"), 1);
  static const uint8_t expected[] =
      "\xa3\x62id\x62"
      "c1\x6astatusCode\x00" SUM_42;
  assert_post(".rpc/status", expected, sizeof expected - 1);
}

TEST(call_with_keys_in_any_order_and_an_indefinite_array_is_run) {
  start_rpc();
  world_server_put(".rpc", GODWIT_FORMAT_CBOR,
                   BYTES(0xbf, 0x66, 'p', 'a', 'r', 'a', 'm', 's', 0x9f, 0x18, 0x28, 0x02, 0xff,
                         0x61, 'x', 0xa1, 0x01, 0x80, 0x66, 'm', 'e', 't', 'h', 'o', 'd', 0x63, 'a',
                         'd', 'd', 0x62, 'i', 'd', 0x61, '7', 0xff));
  device_run_for(&device, 1000);
  static const uint8_t expected[] =
      "\xa3\x62id\x61"
      "7\x6astatusCode\x00" SUM_42;
  assert_post(".rpc/status", expected, sizeof expected - 1);
}

TEST(call_without_details_has_none_in_its_answer) {
  start_rpc();
  call("c2", "nothing");
  device_run_for(&device, 1000);
  static const uint8_t expected[] =
      "\xa2\x62id\x62"
      "c2\x6astatusCode\x0e";
  assert_post(".rpc/status", expected, sizeof expected - 1);
}

TEST(unknown_method_is_answered_with_5_and_missing_parts_with_3) {
  start_rpc();
  call("c3", "fly");
  device_run_for(&device, 1000);
  static const uint8_t not_found[] =
      "\xa2\x62id\x62"
      "c3\x6astatusCode\x05";
  assert_post(".rpc/status", not_found, sizeof not_found - 1);
  write_call("c4", "add");
  gw_cbor_write_text(&cbor, "no array");
  put_written(".rpc");
  device_run_for(&device, 1000);
  static const uint8_t invalid[] =
      "\xa2\x62id\x62"
      "c4\x6astatusCode\x03";
  assert_post(".rpc/status", invalid, sizeof invalid - 1);
  world_server_put(".rpc", GODWIT_FORMAT_CBOR, BYTES(0xa1, 0x62, 'i', 'd', 0x62, 'c', '5'));
  device_run_for(&device, 1000);
  static const uint8_t bare[] =
      "\xa2\x62id\x62"
      "c5\x6astatusCode\x03";
  assert_post(".rpc/status", bare, sizeof bare - 1);
  assert_int_equal(runs, 0);
}

TEST(longest_id_with_the_longest_details_fits_and_longer_details_are_left_out) {
  start_rpc();
  static const char id[] = "0123456789012345678901234567890123456789";
  call(id, "add");
  device_run_for(&device, 1000);
  assert_int_equal(world_server_posts(".rpc/status"), 1);
  call("c6", "talk");
  device_run_for(&device, 1000);
  static const uint8_t expected[] =
      "\xa2\x62id\x62"
      "c6\x6astatusCode\x08";
  assert_post(".rpc/status", expected, sizeof expected - 1);
}

TEST(what_is_no_call_is_not_answered) {
  start_rpc();
  write_call("c7", "add");
  gw_cbor_write_array(&cbor, 1);
  gw_cbor_write_uint(&cbor, 1);
  int whole = gw_cbor_writer_finish(&cbor);
  for (int size = 0; size < whole; size++) {
    world_server_put(".rpc", GODWIT_FORMAT_CBOR, bytes, (size_t)size);
    device_run_for(&device, 50);
  }
  world_server_put(".rpc", GODWIT_FORMAT_CBOR, BYTES(0xa1, 0x62, 'i', 'd', 0x60)); /* no id */
  device_run_for(&device, 1000);
  write_call("01234567890123456789012345678901234567890", "add"); /* an id too long */
  gw_cbor_write_array(&cbor, 0);
  put_written(".rpc");
  device_run_for(&device, 1000);
  assert_int_equal(runs, 0);
  assert_int_equal(world_server_posts(".rpc/status"), 0);
}

TEST(call_that_comes_again_is_answered_again_and_not_run_again) {
  start_rpc();
  call("c8", "add");
  device_run_for(&device, 1000);
  call("c9", "nothing");
  device_run_for(&device, 1000);
  call("c8", "add");
  device_run_for(&device, 1000);
  assert_int_equal(runs, 2);
  assert_int_equal(world_server_posts(".rpc/status"), 3);
  static const uint8_t expected[] =
      "\xa3\x62id\x62"
      "c8\x6astatusCode\x00" SUM_42;
  assert_post(".rpc/status", expected, sizeof expected - 1);
}

TEST(calls_that_come_while_answers_wait_are_answered_in_order) {
  start_rpc();
  world_server.post_code = GW_COAP_SERVICE_UNAVAILABLE;
  world_server.post_code_times = 2;
  call("d1", "add");
  device_run_for(&device, 100);
  call("d2", "nothing");
  device_run_for(&device, 100);
  call("d3", "nothing"); /* no room: not run, the server hears nothing */
  device_run_for(&device, MINUTE_MS);
  assert_int_equal(runs, 2);
  assert_int_equal(world_server_posts(".rpc/status"), 2);
  assert_memory_equal(world_server.post[world_server.post_count - 2].data + 5, "d1", 2);
  assert_memory_equal(world_server.post[world_server.post_count - 1].data + 5, "d2", 2);
  call("d4", "nothing");
  device_run_for(&device, 1000);
  assert_int_equal(runs, 3);
}

TEST(answer_that_nobody_waits_for_is_dropped) {
  start_rpc();
  world_server.post_code = GW_COAP_NOT_FOUND;
  world_server.post_code_times = 1;
  call("e1", "add");
  device_run_for(&device, MINUTE_MS);
  assert_int_equal(world_server_posts(".rpc/status"), 0);
  call("e2", "add");
  device_run_for(&device, 1000);
  assert_int_equal(world_server_posts(".rpc/status"), 1);
}

TEST(answer_outlives_a_lost_session_and_the_call_is_run_once) {
  start_rpc();
  world_server.post_code = GW_COAP_SERVICE_UNAVAILABLE;
  call("f1", "add");
  device_run_for(&device, 1000);
  world_server_restart(); /* the call is still what `.rpc` says: it comes again */
  world_server.post_code = 0;
  device_run_for(&device, 3 * MINUTE_MS);
  assert_int_equal(runs, 1);
  static const uint8_t expected[] =
      "\xa3\x62id\x62"
      "f1\x6astatusCode\x00" SUM_42;
  assert_post(".rpc/status", expected, sizeof expected - 1);
}

TEST(stop_inside_a_method_ends_it_there) {
  start_rpc();
  stop_in_call = true;
  call("g1", "add");
  device_run_for(&device, 1000);
  call("g2", "add");
  device_run_for(&device, MINUTE_MS);
  assert_int_equal(runs, 1);
  assert_int_equal(world_server_posts(".rpc/status"), 0);
  godwit_rpc_stop(&rpc);
  assert_int_equal(godwit_rpc_start(&rpc, device.client, methods, 3), GODWIT_OK);
  assert_int_equal(godwit_rpc_start(&rpc, device.client, methods, 3), GODWIT_ERR_STATE);
}

TEST(methods_without_a_name_or_a_function_are_refused) {
  connect();
  static const struct godwit_rpc_method no_name[] = {{.call = add}}, no_call[] = {{.name = "x"}};
  assert_int_equal(godwit_rpc_start(&rpc, device.client, no_name, 1), GODWIT_ERR_ARGUMENT);
  assert_int_equal(godwit_rpc_start(&rpc, device.client, no_call, 1), GODWIT_ERR_ARGUMENT);
  assert_int_equal(godwit_rpc_start(&rpc, device.client, NULL, 1), GODWIT_ERR_ARGUMENT);
  assert_int_equal(godwit_rpc_start(&rpc, NULL, methods, 1), GODWIT_ERR_ARGUMENT);
}
